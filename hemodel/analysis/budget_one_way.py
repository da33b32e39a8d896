"""One-way analysis of the budget impact: every uncertain input to its bounds, one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.budget import BudgetImpact, accumulated, all_years, base_values, population
from hemodel.analysis.budget_costs import patient_years
from hemodel.analysis.sensitivity import Item
from hemodel.inputs.checks_budget import SIDES
from hemodel.parameters import rescale_shares

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analysis.budget_inputs import BudgetInputs
    from hemodel.analysis.sensitivity import Moves
    from hemodel.model import Model
    from hemodel.parameters import FloatArray, Parameter

Ends = tuple[dict[str, float], dict[str, float]]
"""What an item changes at its lower and at its upper bound: values by id."""


@dataclass(frozen=True)
class Impact:
    """Net budget impact of all years together, and in the year where it is largest [currency]."""

    total: float
    peak: float


@dataclass(frozen=True)
class BudgetOneWay:
    """Net budget impact with one input at its bounds: array (2 x items, years), low at 2 i and high at 2 i + 1.

    `unfitted` says of which statistics a bound leaves no stable fit; they are not among the items.
    """

    items: tuple[Item, ...]
    impact: FloatArray
    unfitted: tuple[str, ...]

    @property
    def moved(self) -> list[tuple[Item, Impact, Impact]]:
        """The inputs that move the budget impact, each with that at its lower and at its upper bound."""
        pairs = zip(self.items, self.impact[::2], self.impact[1::2], strict=True)
        return [
            (item, Impact(all_years(low), float(low.max())), Impact(all_years(high), float(high.max())))
            for item, low, high in pairs
            if not np.array_equal(low, high)
        ]


def budget_one_way(model: Model, base: BudgetImpact, moved: Moves) -> BudgetOneWay:
    """Move every input of the model and of the sheet Budget impact to its bounds.

    Parameters
    ----------
    model : Model
    base : BudgetImpact
    moved : Moves
        The model's own inputs at their bounds (`sensitivity.moves`).
    """
    inputs = base.inputs
    own = [*_single(inputs), *_together(inputs)]
    parts = []
    if moved.items:
        costs = patient_years(model, moved.draws, inputs.years, inputs.entry).costs
        parts.append(_net(base.population.without, base.population.with_new, costs))
    if own:
        rows = [values for _, ends in own for values in ends]
        values = {id_: np.repeat(array, len(rows)) for id_, array in base_values(inputs).items()}
        for row, changed in enumerate(rows):
            for id_, value in changed.items():
                values[id_][row] = value
        people = population(inputs, values)
        parts.append(_net(people.without, people.with_new, base.per_patient.costs))
    impact = np.concatenate(parts) if parts else np.zeros((0, inputs.years))
    return BudgetOneWay((*moved.items, *(item for item, _ in own)), impact, moved.unfitted)


def _net(without: FloatArray, with_new: FloatArray, costs: FloatArray) -> FloatArray:
    """Net budget impact, (draws, years)."""
    total = costs.sum(axis=3, keepdims=True)
    return np.asarray(accumulated(with_new - without, total).sum(axis=(2, 3)))


def _varies(parameter: Parameter) -> bool:
    return parameter.low is not None and parameter.high is not None and parameter.low != parameter.high


def _single(inputs: BudgetInputs) -> Iterable[tuple[Item, Ends]]:
    """Yield every row with a range; when a share moves the others of its year keep their proportions.

    A single other strategy takes the rest, whatever it had.
    """
    for p in inputs.parameters:
        if _varies(p):
            low, high = p.low or 0.0, p.high or 0.0
            yield Item(p.id, p.label, p.unit, p.value, low, high), (_moved(inputs, p, low), _moved(inputs, p, high))


def _moved(inputs: BudgetInputs, parameter: Parameter, value: float) -> dict[str, float]:
    if not parameter.group:
        return {parameter.id: value}
    members = [p for p in inputs.parameters if p.group == parameter.group]
    if len(members) == 2:
        return {p.id: value if p is parameter else 1.0 - value for p in members}
    return rescale_shares(members, parameter.id, value)


def _together(inputs: BudgetInputs) -> Iterable[tuple[Item, Ends]]:
    """Yield the shares of one strategy with all years at their lower, or all at their upper bounds.

    The values shown are means over the years that vary; with fewer than two of them there is no such item.
    """
    for side, words in SIDES.items():
        for strategy, name in inputs.strategies.items():
            prefix = f"budget.{side}.{strategy}"
            members = [p for p in inputs.parameters if p.id.startswith(f"{prefix}.year_") and _varies(p)]
            if len(members) < 2:
                continue
            label = f"All years: mean share {words}, {name}"
            low: dict[str, float] = {}
            high: dict[str, float] = {}
            for p in members:
                low |= _moved(inputs, p, p.low or 0.0)
                high |= _moved(inputs, p, p.high or 0.0)
            means = (float(np.mean([getattr(p, end) or 0.0 for p in members])) for end in ("value", "low", "high"))
            yield Item(prefix, label, members[0].unit, *means), (low, high)
