"""The value of information of a sample: of everything, of each input and of groups of inputs, over thresholds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import verdict
from hemodel.voi.evpi import Perfect, evpi
from hemodel.voi.evppi import Partial, evppi_of_each
from hemodel.voi.regression import FEWEST_DRAWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.parameters import FloatArray
    from hemodel.voi.groups import Group
    from hemodel.voi.sample import Sample

DRAWN_INPUTS, DRAWN_GROUPS = 4, 3
"""How many inputs and groups, those of the highest EVPPI, are followed over all thresholds."""
CURVE_POINTS = 81
"""Thresholds of the even grid of curves."""
CURVE_REACH = 1.5
"""The grid runs to this multiple of the highest threshold or ICER."""


@dataclass(frozen=True)
class Of:
    """An EVPPI and what it is the EVPPI of."""

    id: str
    label: str
    group: bool
    partial: Partial


@dataclass(frozen=True)
class Over:
    """An EVPPI over many thresholds (thresholds,)."""

    of: Of
    value: FloatArray


@dataclass(frozen=True)
class Information:
    """The value of information of a sample.

    Attributes
    ----------
    draws : int
    strategies : tuple of str
    most_uncertain : float or None
        The threshold of `over` with the highest EVPI; None where the EVPI is 0 at every one.
    perfect : Perfect
        At the thresholds asked for and, in its place among them, at `most_uncertain`.
    partial : tuple of Of
        Inputs, then groups, each by its EVPPI, at the thresholds of `perfect`. Empty with too few draws.
    over : Perfect
        At many thresholds, for curves.
    curves : tuple of Over
        EVPPI of the few inputs and groups with the highest, at the thresholds of `over`.
    """

    draws: int
    strategies: tuple[str, ...]
    most_uncertain: float | None
    perfect: Perfect
    partial: tuple[Of, ...]
    over: Perfect
    curves: tuple[Over, ...]


def information(sample: Sample, groups: Sequence[Group], thresholds: FloatArray, grid: FloatArray) -> Information:
    """Return EVPI, expected losses and EVPPI.

    Parameters
    ----------
    sample : Sample
        Of inputs that vary.
    groups : sequence of Group
    thresholds : array (thresholds,)
        At which everything is wanted. [currency per unit of effect]
    grid : array (many,)
        For curves.
    """
    over = evpi(sample, grid)
    peak = float(grid[np.argmax(over.value)]) if np.any(over.value > 0) else None
    at = np.unique(thresholds if peak is None else np.append(thresholds, peak))
    partial = _partial(sample, groups, at) if sample.draws >= FEWEST_DRAWS else ()
    return Information(
        draws=sample.draws,
        strategies=sample.strategies,
        most_uncertain=peak,
        perfect=evpi(sample, at),
        partial=partial,
        over=over,
        curves=tuple(Over(of, over_thresholds(sample, of.partial, over)) for of in _drawn(partial)),
    )


def over_thresholds(sample: Sample, partial: Partial, over: Perfect) -> FloatArray:
    """Return an EVPPI at other thresholds, from the same regression."""
    given = replace(sample, effects=partial.fitted_effects, costs=partial.fitted_costs, inputs={}, labels={})
    return np.minimum(evpi(given, over.thresholds).value, over.value)


def share_of_evpi(evppi: float, evpi: float) -> float:
    """Return the part of the expected value of perfect information that some inputs make up [proportion]."""
    return evppi / evpi


def _partial(sample: Sample, groups: Sequence[Group], at: FloatArray) -> tuple[Of, ...]:
    asked: list[tuple[str, str, bool, tuple[str, ...]]] = [
        (id_, sample.labels[id_], False, (id_,)) for id_ in sample.inputs
    ]
    asked += [(group.id, group.label, True, group.inputs) for group in groups if not group.whole]
    found = evppi_of_each(sample, [ids for *_, ids in asked], at)
    of = [Of(id_, label, group, each) for (id_, label, group, _), each in zip(asked, found, strict=True)]
    return tuple(sorted(of, key=lambda one: (one.group, -one.partial.value.max())))


def _drawn(partial: Sequence[Of]) -> list[Of]:
    """Return the inputs and groups that are followed over all thresholds: those that have any value."""
    worth = [of for of in partial if of.partial.value.max() > 0]
    return [of for of in worth if not of.group][:DRAWN_INPUTS] + [of for of in worth if of.group][:DRAWN_GROUPS]


def curve_grid(sample: Sample, thresholds: Sequence[float]) -> FloatArray:
    """Return the thresholds of curves: an even grid beyond those given and the ICERs, and these, where curves turn.

    The ICERs are of the means of each strategy against the first. Without a threshold or an ICER above 0 it is 0 alone.
    """
    costs, effects = ([float(np.mean(column.copy())) for column in each.T] for each in (sample.costs, sample.effects))
    ratios = [verdict(c - costs[0], e - effects[0]).icer for c, e in zip(costs, effects, strict=True)]
    turns = [*thresholds, *(ratio for ratio in ratios if ratio is not None)]
    return np.unique(np.concatenate([np.linspace(0.0, CURVE_REACH * max(turns), CURVE_POINTS), turns]))
