"""Value of information of a model: its probabilistic analysis, and groups of inputs that go together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.probabilistic import CURVE, sample
from hemodel.inputs.dictionary import match
from hemodel.voi.groups import Group, constant, without
from hemodel.voi.information import Information, curve_grid, information

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analysis.probabilistic import Psa
    from hemodel.model import Model
    from hemodel.voi.sample import Sample

UTILITY, ADVERSE_EVENT = "utility", "adverse_event"
MONEY = ("price", "cost")
"""What the last part of the id of a price or cost holds."""


def model_information(model: Model, psa: Psa) -> Information:
    """Return the value of information at the thresholds of a model and over those of its acceptability curves.

    Inputs that have one value in all draws are no inputs here.
    """
    drawn = model_sample(model, psa)
    settings = model.inputs.settings
    thresholds = [*settings.thresholds, settings.decision_threshold]
    return information(drawn, natural_groups(model, drawn), np.array(thresholds), curve_grid(drawn, thresholds))


def model_sample(model: Model, psa: Psa) -> Sample:
    """Return the draws that are kept, of the inputs that have more than one value in them."""
    found = sample(psa, model)
    return without(found, constant(found))


def natural_groups(model: Model, drawn: Sample) -> tuple[Group, ...]:
    """Return the groups of at least two inputs that go together.

    All curves, all utilities, all adverse events, all prices and costs, and the shares that add up to 1 together.
    """
    firsts = {CURVE: "All curves", UTILITY: "All utilities", ADVERSE_EVENT: "All inputs of adverse events"}
    groups = [
        Group(f"all_{first}", label, tuple(id_ for id_ in drawn.inputs if id_.partition(".")[0] == first))
        for first, label in firsts.items()
    ]
    groups.append(Group("all_costs", "All prices and costs", tuple(id_ for id_ in drawn.inputs if _is_money(id_))))
    shares: dict[str, list[str]] = {}
    for parameter in model.inputs.parameters:
        if parameter.group and parameter.id in drawn.inputs:
            shares.setdefault(parameter.group, []).append(parameter.id)
    groups += [Group(f"shares_{name}", _shares(model, ids), tuple(ids)) for name, ids in shares.items()]
    return tuple(group for group in groups if len(group.inputs) > 1)


def _is_money(id_: str) -> bool:
    return any(word in id_.rpartition(".")[2] for word in MONEY)


def _shares(model: Model, ids: Iterable[str]) -> str:
    """Say what shares are of: the kind of input, and the strategy where they are of one."""
    kind, names = match(next(iter(ids))) or (None, {})
    strategies = {strategy.id: strategy.name for strategy in model.inputs.strategies}
    of = strategies.get(names.get("strategy", ""), "")
    said = "Shares" if kind is None else f"Shares, {kind.sheet.lower()}"
    return f"{said}, {of}" if of else said
