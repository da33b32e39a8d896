"""Incremental analysis: increments, verdicts, net benefit, frontier, acceptability.

Increments are intervention minus comparator. A ratio is given only where both
increments are positive; elsewhere a word replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from hemodel.parameters import Amount, FloatArray


MORE_EFFECTIVE_AND_COSTLY = "more effective and more costly"
DOMINANT = "dominant"
DOMINATED = "dominated"
LESS_EFFECTIVE_AND_COSTLY = "less costly and less effective"
NO_DIFFERENCE = "no difference"
EXTENDEDLY_DOMINATED = "extendedly dominated"
EQUIVALENT = "equivalent"
REFERENCE = "reference"
ON_FRONTIER = "on the frontier"
OFF_FRONTIER = frozenset({DOMINATED, EXTENDEDLY_DOMINATED, EQUIVALENT})
"""What a strategy is that adds no point to the frontier; one that is equivalent may lie on a point of it."""

EFFECT_TOLERANCE = 1e-12
"""Smallest difference in QALYs that is a difference."""
COST_TOLERANCE = 1e-9
"""Smallest difference in costs that is a difference."""
BENEFIT_TOLERANCE = 1e-12
"""Smallest share of a net benefit that is a difference between two."""


@dataclass(frozen=True)
class Verdict:
    """The word for a pair of increments, and the ratio where it means something."""

    word: str
    icer: float | None


def verdict(costs: float, qalys: float) -> Verdict:
    """Return the verdict on incremental costs and QALYs.

    Parameters
    ----------
    costs : float
        Incremental cost. [currency]
    qalys : float
        Incremental QALYs.

    Returns
    -------
    Verdict
        With an ICER [currency per QALY] only where both increments are positive.
        Equal effects at a higher cost are dominated, at a lower cost dominant;
        more effect at equal cost is dominant, less is dominated.
    """
    dearer, better = _sign(costs, COST_TOLERANCE), _sign(qalys, EFFECT_TOLERANCE)
    if dearer == better == 0:
        return Verdict(NO_DIFFERENCE, None)
    if dearer > 0 and better > 0:
        return Verdict(MORE_EFFECTIVE_AND_COSTLY, icer(costs, qalys))
    if dearer < 0 and better < 0:
        return Verdict(LESS_EFFECTIVE_AND_COSTLY, None)
    return Verdict(DOMINANT if dearer <= 0 <= better else DOMINATED, None)


def _sign(value: float, tolerance: float) -> int:
    return 0 if abs(value) <= tolerance else (1 if value > 0 else -1)


def increment(totals: FloatArray, place: int) -> FloatArray:
    """Return the strategy at a place minus the comparator.

    Parameters
    ----------
    totals : array (..., strategies)
        Costs or effects, comparator first.
    place : int
        Of the intervention, from 1.

    Returns
    -------
    array (...)
        In the unit of the totals.
    """
    return np.asarray(totals[..., place] - totals[..., 0])


def increments(totals: FloatArray) -> FloatArray:
    """Return every intervention minus the comparator.

    Parameters
    ----------
    totals : array (..., strategies)
        Costs or effects, comparator first.

    Returns
    -------
    array (..., strategies - 1)
        In the unit of the totals.
    """
    return np.asarray(totals[..., 1:] - totals[..., :1])


def differences(intervention: Mapping[str, Amount], comparator: Mapping[str, Amount]) -> dict[str, Amount]:
    """Return intervention minus comparator, component by component, in the unit of the amounts."""
    return {name: amount - comparator[name] for name, amount in intervention.items()}


def change(before: float | None, after: float | None) -> float | None:
    """Return how far a result moves from one analysis to another, after - before; None where either has none."""
    return None if before is None or after is None else after - before


def swing(low: float | None, high: float | None) -> float:
    """Return how far a result moves between the two bounds of an input, abs(high - low); none counts as 0."""
    return abs((high or 0.0) - (low or 0.0))


def icer(costs: Amount, qalys: Amount) -> Amount:
    """Return incremental costs over incremental QALYs [currency per QALY].

    The ratio alone, of increments that are both positive; `verdict` says what holds elsewhere.
    """
    return costs / qalys


def net_monetary_benefit(qalys: Amount, costs: Amount, threshold: float | Amount) -> Amount:
    """Return threshold x QALYs - costs [currency].

    Of increments it is the incremental net monetary benefit. In floating point that of increments and the
    increment of that of totals can differ in the last digit; a result is one or the other throughout.

    Parameters
    ----------
    qalys, costs : float or array
        Of one shape. [QALY], [currency]
    threshold : float or array
        Willingness to pay, one or of a shape that broadcasts. [currency per QALY]
    """
    return threshold * qalys - costs


def net_health_benefit(qalys: Amount, costs: Amount, threshold: float) -> Amount:
    """Return QALYs - costs / threshold [QALY]; NaN at a threshold of 0.

    Parameters
    ----------
    qalys, costs : float or array
        Of one shape. [QALY], [currency]
    threshold : float
        Willingness to pay. [currency per QALY]
    """
    return qalys - costs / threshold if threshold > 0 else qalys * np.nan


def break_even_costs(qalys: Amount, threshold: float | Amount) -> Amount:
    """Return threshold x QALYs [currency]: the costs at which net monetary benefit is 0, a line on the plane."""
    return threshold * qalys


def is_cost_effective(benefit: float) -> bool:
    """Return whether an incremental net monetary benefit is 0 or more."""
    return benefit >= 0


class Frontier(Entry):
    """One strategy in the fully incremental analysis, in order of cost."""

    strategy: str = Field(description="id of the strategy")
    status: str = Field(description="reference, on the frontier, dominated, extendedly dominated or equivalent")
    against: str | None = Field(
        description="next cheaper strategy on the frontier, or the equivalent one; null where none is"
    )
    costs: float | None = Field(description="increment against it. [currency]")
    qalys: float | None = Field(description="increment against it. [QALY]")
    icer: float | None = Field(description="against it. [currency per QALY]")


def frontier(strategies: Sequence[str], costs: Sequence[float], qalys: Sequence[float]) -> list[Frontier]:
    """Return the fully incremental analysis with strong and extended dominance.

    Strategies are ordered by cost (then by effect, best first). One that costs at
    least as much as another without more QALYs is dominated; one whose ICER
    exceeds that of the next more effective strategy is extendedly dominated. One with
    the costs and the QALYs of the strategy before it is equivalent to that one.

    Parameters
    ----------
    costs, qalys : sequence of float
        Mean totals. [currency], [QALY]
    """
    order = sorted(range(len(strategies)), key=lambda i: (costs[i], -qalys[i]))
    twins = {i: before for before, i in pairwise(order) if _are_equal(costs, qalys, before, i)}
    status: dict[int, str] = {}
    kept: list[int] = []
    for i in order:
        if kept and qalys[i] <= max(qalys[j] for j in kept) + EFFECT_TOLERANCE:
            status[i] = DOMINATED
        else:
            kept.append(i)
    while True:
        ratios = [icer(costs[b] - costs[a], qalys[b] - qalys[a]) for a, b in pairwise(kept)]
        rising = next((k for k in range(len(ratios) - 1) if ratios[k] > ratios[k + 1]), None)
        if rising is None:
            break
        status[kept.pop(rising + 1)] = EXTENDEDLY_DOMINATED
    previous = dict(zip(kept[1:], kept, strict=False))
    found = []
    for i in order:
        against, cost, gain, ratio = None, None, None, None
        if (before := previous.get(i)) is not None:
            status[i], against = ON_FRONTIER, strategies[before]
            cost, gain = costs[i] - costs[before], qalys[i] - qalys[before]
            ratio = icer(cost, gain)
        elif i in twins:
            status[i], against = EQUIVALENT, strategies[twins[i]]
        word = status.get(i, REFERENCE)
        found.append(Frontier(strategy=strategies[i], status=word, against=against, costs=cost, qalys=gain, icer=ratio))
    return found


def _are_equal(costs: Sequence[float], qalys: Sequence[float], i: int, j: int) -> bool:
    return abs(costs[i] - costs[j]) <= COST_TOLERANCE and abs(qalys[i] - qalys[j]) <= EFFECT_TOLERANCE


def acceptability(qalys: FloatArray, costs: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Return the cost-effectiveness acceptability curves.

    Returns
    -------
    array (thresholds, strategies)
        Share of draws in which each strategy has the highest net monetary benefit;
        a tie is shared equally. Rows add up to 1.
    """
    shares = np.empty((thresholds.size, qalys.shape[1]))
    for k, threshold in enumerate(thresholds):
        shares[k] = best_shares(net_monetary_benefit(qalys, costs, float(threshold))).mean(axis=0)
    return shares


def best_shares(benefit: FloatArray) -> FloatArray:
    """Return 1 for the strategy with the highest net benefit (last axis) and 0 for others; a tie is shared."""
    best = benefit == benefit.max(axis=-1, keepdims=True)
    return np.asarray(best / best.sum(axis=-1, keepdims=True))


def optimal(qalys: FloatArray, costs: FloatArray, thresholds: FloatArray) -> NDArray[np.intp]:
    """Return, for each threshold, the place of the strategy with the highest mean net benefit, the first of equals.

    The acceptability frontier (CEAF) is the acceptability of that strategy, which
    need not be the strategy that is best most often.
    """
    return first_of_best(net_monetary_benefit(qalys.mean(axis=0), costs.mean(axis=0), thresholds[:, None]))


def first_of_best(benefit: FloatArray) -> NDArray[np.intp]:
    """Return the place (along the last axis) of the highest mean net benefit, the first of equals.

    At a threshold that is an ICER two strategies are equal, and rounding must not decide which of them stands there.
    """
    highest, scale = (values.max(axis=-1, keepdims=True) for values in (benefit, np.abs(benefit)))
    rounding = np.maximum(COST_TOLERANCE, BENEFIT_TOLERANCE * scale)
    return np.asarray(np.argmax(benefit >= highest - rounding, axis=-1))


def extended(costs: Sequence[float], qalys: Sequence[float], to: float) -> float:
    """Return the QALYs that the last segment of a frontier reaches where it is extended to some costs [QALY].

    Parameters
    ----------
    costs, qalys : sequence of float
        Totals of the strategies on the frontier, two or more, rising. [currency], [QALY]
    to : float
        [currency]
    """
    slope = (qalys[-1] - qalys[-2]) / (costs[-1] - costs[-2])
    return qalys[-1] + slope * (to - costs[-1])
