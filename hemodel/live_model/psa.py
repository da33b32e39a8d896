"""The stored draws: the inputs of every draw of the probabilistic analysis, and what the engine found with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.psa.blocks import block_draws
from hemodel.live_model.sheet import Sheet, SheetTable
from hemodel.model.evaluate import base_draws, evaluate
from hemodel.parameters import BLOCK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.live_model.formula import Formula
    from hemodel.live_model.sheet import SheetColumn
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import FloatArray


SHEET = "Model PSA"
OUTCOMES = {"life_years": ("Life-years", "qaly"), "qalys": ("QALYs", "qaly"), "costs": ("Costs", "money")}
"""Title and style of each outcome."""
FIRST_ROW = 6


@dataclass(frozen=True)
class Stored:
    """What the engine found: the base case as draw 0, then the draws.

    Attributes
    ----------
    inputs : mapping from name to array (draws + 1, columns)
        Of every parameter that varies and of every curve (``curve.<endpoint>``).
    base : Outcomes
        Of the base case.
    discounted : mapping from (outcome, strategy, component) to array (draws + 1,)
        A component ``total`` is the sum.
    """

    inputs: Mapping[str, FloatArray]
    base: Outcomes
    discounted: Mapping[tuple[str, str, str], FloatArray]


def stored_draws(model: Model, draws: int, seed: int) -> Stored:
    """Evaluate the base case and the first draws of the probabilistic analysis."""
    base_inputs = base_draws(model)
    base = evaluate(model, base_inputs)
    parts, found = [base_inputs], [base]
    for block, start in enumerate(range(0, draws, BLOCK)):
        some = block_draws(model, seed, block, min(BLOCK, draws - start))
        parts.append(some)
        found.append(evaluate(model, some))
    varying = {name for some in parts[1:] for name, array in some.items() if array.shape[0] > 1}
    inputs = {
        name: np.concatenate([_two_dimensional(part[name]) for part in parts])
        for name in base_inputs
        if name in varying
    }
    keys = [(o, s, c) for o in OUTCOMES for s in model.strategies for c in ("total", *getattr(base, o).components)]
    return Stored(inputs, base, {key: np.concatenate([_discounted(each, key) for each in found]) for key in keys})


def _two_dimensional(array: FloatArray) -> FloatArray:
    return array[:, None] if array.ndim == 1 else array


def _discounted(outcomes: Outcomes, key: tuple[str, str, str]) -> FloatArray:
    outcome, strategy, component = key
    table, i = getattr(outcomes, outcome), outcomes.strategies.index(strategy)
    values = table.total if component == "total" else table.discounted[:, :, table.components.index(component)]
    return np.asarray(values[:, i])


class PsaSheet:
    """The sheet of stored draws: a row for the base case, as draw 0, and one for each draw."""

    def __init__(self, model: Model, stored: Stored) -> None:
        """Lay the sheet out: results first, then the inputs that vary."""
        rows = next(iter(stored.discounted.values())).size
        purpose = (
            "The inputs of every draw, drawn by hemodel, and the discounted results it found; draw 0 is the base case. "
            "These are stored values: choose a draw on the sheet Model results to calculate it anew by formula."
        )
        self.sheet = Sheet(SHEET, "Probabilistic analysis: stored draws", purpose, frozen=(FIRST_ROW, 1))
        self.stored = stored
        self.rows = rows
        table = SheetTable(self.sheet, FIRST_ROW, rows)
        self.number = table.add_stored("Draw", np.arange(rows), "stored count")
        names = {strategy.id: strategy.name for strategy in model.inputs.strategies}
        self.results: dict[tuple[str, str, str], SheetColumn] = {}
        for key, values in stored.discounted.items():
            outcome, strategy, component = key
            title, style = OUTCOMES[outcome]
            header = "Total" if component == "total" else component.replace("_", " ")
            group = f"{title}: {names[strategy]}"
            self.results[key] = table.add_stored(header, values, f"stored {style}", group)
        self.inputs: dict[tuple[str, int], SheetColumn] = {}
        for name, array in stored.inputs.items():
            for j in range(array.shape[1]):
                header = model.fits[name.removeprefix("curve.")].curves.names[j] if name.startswith("curve.") else name
                group = name if name.startswith("curve.") else "Inputs"
                self.inputs[name, j] = table.add_stored(header, array[:, j], "stored number", group)

    def totals(self, strategy: str) -> dict[str, Formula]:
        """Return the total of each outcome of a strategy, a row a draw."""
        return {outcome: self.results[outcome, strategy, "total"] for outcome in OUTCOMES}

    def varies(self, name: str) -> bool:
        """Whether a parameter, or the curves of an endpoint, differ between draws."""
        return (name, 0) in self.inputs

    def drawn(self, name: str, column: int, draw: Formula) -> Formula:
        """Return an input in the selected draw."""
        return self.inputs[name, column].at(draw + 1)

    def engine(self, outcome: str, strategy: str, component: str, draw: Formula) -> Formula:
        """Return what the engine found for the selected draw, discounted; the component may be ``total``."""
        return self.results[outcome, strategy, component].at(draw + 1)
