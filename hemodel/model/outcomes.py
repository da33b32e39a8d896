"""Outcomes: life-years, QALYs and costs by component, for each draw and strategy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.model.person_time import PersonTime
    from hemodel.parameters import FloatArray


@dataclass(frozen=True)
class OutcomeTable:
    """One outcome by component.

    Attributes
    ----------
    undiscounted, discounted : array (draws, strategies, components)
    """

    components: tuple[str, ...]
    undiscounted: FloatArray
    discounted: FloatArray

    @property
    def total(self) -> FloatArray:
        """Discounted total, (draws, strategies)."""
        return np.asarray(self.discounted.sum(axis=2))

    @property
    def undiscounted_total(self) -> FloatArray:
        """Undiscounted total, (draws, strategies)."""
        return np.asarray(self.undiscounted.sum(axis=2))

    def amounts(self, strategy: int, draw: int = 0) -> dict[str, dict[str, float]]:
        """Return "discounted" and "undiscounted": the total and each component of one strategy in one draw."""
        found = {}
        for name, values in (("discounted", self.discounted), ("undiscounted", self.undiscounted)):
            parts = dict(zip(self.components, values[draw, strategy].tolist(), strict=True))
            found[name] = {"total": float(values[draw, strategy].sum())} | parts
        return found


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of an evaluation; the draw is the first axis.

    Attributes
    ----------
    strategies : tuple of str
        Comparator first.
    life_years, qalys, costs : OutcomeTable
        [years], [QALY], [currency]
    drug_costs, administrations : OutcomeTable
        Acquisition cost and number of administrations by drug (a breakdown, not
        part of the totals); a drug that a strategy does not give has 0.
    """

    strategies: tuple[str, ...]
    life_years: OutcomeTable
    qalys: OutcomeTable
    costs: OutcomeTable
    drug_costs: OutcomeTable
    administrations: OutcomeTable
    exposures: Mapping[str, PersonTime]

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.costs.discounted.shape[0])


def mean_years(outcomes: Outcomes, strategy: int, draw: int = 0) -> dict[str, float]:
    """Return mean progression-free ("pfs") and overall survival ("os") within the time horizon [years].

    They are the undiscounted life-years progression-free, and those in all states, of one strategy in one draw.
    """
    years = dict(zip(outcomes.life_years.components, outcomes.life_years.undiscounted[draw, strategy], strict=True))
    return {"pfs": years["progression_free"], "os": sum(years.values())}


Component = tuple["FloatArray", "FloatArray"]
"""Undiscounted and discounted amount of one component, each (draws,) or (1,)."""


def table(draws: int, by_strategy: Sequence[Mapping[str, Component]]) -> OutcomeTable:
    """Return a table from the components of each strategy; one that is absent is 0.

    Parameters
    ----------
    by_strategy : sequence of mapping from component to (undiscounted, discounted)
    """
    components = tuple(dict.fromkeys(name for parts in by_strategy for name in parts))
    values = np.zeros((2, draws, len(by_strategy), len(components)))
    for i, parts in enumerate(by_strategy):
        for j, name in enumerate(components):
            if name in parts:
                values[0, :, i, j], values[1, :, i, j] = parts[name]
    return OutcomeTable(components, values[0], values[1])
