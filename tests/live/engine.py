"""What the engine says of a workbook: every component of every outcome, for the base case or one draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.analyses.load import load
from hemodel.analyses.psa.blocks import block_draws
from hemodel.model.evaluate import base_draws, evaluate
from hemodel.parameters import BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from hemodel.inputs.changes import Change
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes

OUTCOMES = ("life_years", "qalys", "costs")
Key = tuple[str, str, str]
"""Outcome, component (or ``total``) and strategy."""
Amount = tuple[float, float]
"""Undiscounted and discounted."""


def engine_totals(path: Path, changes: Iterable[Change] = (), draw: int = 0) -> dict[Key, Amount]:
    """Return what the engine finds for a workbook with some changes; draw 0 is the base case."""
    return model_totals(load(path, changes), [draw])[draw]


def model_totals(model: Model, draws: Iterable[int]) -> dict[int, dict[Key, Amount]]:
    """Return what the engine finds for the base case, as draw 0, and some draws of a model with its own seed."""
    found = {0: _totals(evaluate(model, base_draws(model)), 0)}
    blocks: dict[int, list[int]] = {}
    for draw in draws:
        if draw:
            blocks.setdefault((draw - 1) // BLOCK, []).append(draw)
    for block, members in blocks.items():
        first = block * BLOCK + 1
        outcomes = evaluate(model, block_draws(model, model.inputs.settings.seed, block, max(members) - first + 1))
        found |= {draw: _totals(outcomes, min(draw - first, outcomes.draws - 1)) for draw in members}
    return found


def _totals(outcomes: Outcomes, row: int) -> dict[Key, Amount]:
    found: dict[Key, Amount] = {}
    for name in OUTCOMES:
        table = getattr(outcomes, name)
        for i, strategy in enumerate(outcomes.strategies):
            for j, component in enumerate(table.components):
                both = table.undiscounted[row, i, j], table.discounted[row, i, j]
                found[name, component, strategy] = (float(both[0]), float(both[1]))
            found[name, "total", strategy] = (
                float(table.undiscounted_total[row, i]),
                float(table.total[row, i]),
            )
    return found


def differing(
    found: Mapping[Key, Amount], expected: Mapping[Key, Amount], relative: float, least: Mapping[str, float]
) -> list[str]:
    """Return the amounts that differ, in words.

    `least` is, by outcome, the smallest amount that relative differences refer to: a component of 1e-12 life-years that
    is the difference of numbers near 1 cannot have nine digits.
    """
    wrong = [f"{key}: not in the model" for key in expected if key not in found]
    wrong += [f"{key}: not in the engine" for key in found if key not in expected]
    for key in expected.keys() & found.keys():
        for kind, ours, engine in zip(("undiscounted", "discounted"), found[key], expected[key], strict=True):
            if not abs(ours - engine) <= relative * max(abs(engine), least[key[0]]):
                wrong.append(f"{kind} {key}: {ours!r}, engine {engine!r}")
    return sorted(wrong)
