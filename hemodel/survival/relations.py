"""What a treatment effect does to the curve it acts on.

The cumulative hazard H0 of the reference becomes (own coefficients are logarithms)

=========================  ======================================================
proportional_hazards       H0 x HR
accelerated_failure_time   H0(t / AF)
proportional_odds          log(1 + OR (exp(H0) - 1)), the odds of the event x OR
hazard_ratio_by_period     the increments of H0 x the HR of their period
=========================  ======================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    HAZARD_RATIO_BY_PERIOD,
    PROPORTIONAL_HAZARDS,
    PROPORTIONAL_ODDS,
)
from hemodel.survival.family import log_time

if TYPE_CHECKING:
    from hemodel.survival.family import Array, Family


def slowed(t: Array, log_t: Array | None, log_factor: Array) -> tuple[Array, Array]:
    """Return times, and their logarithms, on the clock of a reference that runs 1 / AF as fast."""
    log_t = log_time(t) if log_t is None else log_t
    return t * np.exp(-log_factor), log_t - log_factor


def related_hazard(relation: str, hazard: Array, own: Array) -> Array:
    """Turn cumulative hazards (draws, points) into those under a ratio of hazards or odds, in place."""
    with np.errstate(over="ignore", divide="ignore"):
        if relation == PROPORTIONAL_HAZARDS:
            hazard *= np.exp(own)
        elif relation == PROPORTIONAL_ODDS:
            hazard[...] = np.logaddexp(0.0, own + hazard + np.log(-np.expm1(-hazard)))
    return hazard


def related_log_hazard(relation: str, log_hazard: Array, hazard: Array | None, own: Array) -> Array:
    """Turn log hazards (draws, points) into those under a ratio of hazards, a slower clock or a ratio of odds.

    ``hazard`` is the reference's cumulative hazard, which only the odds need.
    """
    if relation == PROPORTIONAL_HAZARDS:
        return log_hazard + own
    if relation == ACCELERATED_FAILURE_TIME:
        return log_hazard - own
    if relation == PROPORTIONAL_ODDS and hazard is not None:
        return log_hazard + own + hazard - related_hazard(relation, hazard.copy(), own)
    return log_hazard


def reference_level(relation: str, level: Array, own: Array) -> Array:
    """Return the cumulative hazards (draws,) of the reference at which the curve has reached ``level``."""
    with np.errstate(over="ignore", divide="ignore"):
        if relation == PROPORTIONAL_HAZARDS:
            return np.asarray(level * np.exp(-own[:, 0]))
        if relation == PROPORTIONAL_ODDS:
            return np.asarray(np.logaddexp(0.0, level + np.log(-np.expm1(-level)) - own[:, 0]))
    return level


def tail_index(relation: str, index: Array, own: Array) -> Array:
    """Return how fast survival falls far out under the effect, from that of the reference (draws,)."""
    if relation == PROPORTIONAL_HAZARDS:
        return np.asarray(index * np.exp(own[:, 0]))
    if relation == HAZARD_RATIO_BY_PERIOD:
        return np.asarray(index * np.exp(own[:, -1]))
    return index


def period_hazard(family: Family, cuts: tuple[float, ...], base: Array, own: Array, t: Array, hazard: Array) -> Array:
    """Turn cumulative hazards of the reference into those with a hazard ratio a period, in place.

    Within period k, which begins at c_k, H = sum over earlier periods + HR_k (H0(t) - H0(c_k)).
    """
    offsets, ratios = _periods(family, cuts, base, own)
    k = period(cuts, t)
    hazard *= ratios[:, k] if k.ndim == 1 else np.take_along_axis(ratios, k, axis=1)
    hazard += offsets[:, k] if k.ndim == 1 else np.take_along_axis(offsets, k, axis=1)
    return hazard


def period(cuts: tuple[float, ...], t: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Return the number of the period in which each time lies, from 0; a cut belongs to the period before it."""
    return np.searchsorted(np.array(cuts), t, side="left")


def period_log_ratio(cuts: tuple[float, ...], own: Array, t: Array) -> Array:
    """Return the log hazard ratio (draws, points) of the period in which each time lies."""
    k = period(cuts, t)
    return np.asarray(own[:, k] if k.ndim == 1 else np.take_along_axis(own, k, axis=1))


def period_level(family: Family, cuts: tuple[float, ...], base: Array, own: Array, level: Array) -> Array:
    """Return the cumulative hazards (draws,) of the reference at which a curve with periods reaches ``level``."""
    offsets, ratios = _periods(family, cuts, base, own)
    starts = family.cumulative_hazard(np.array(cuts), base)
    reached = offsets[:, :-1] + ratios[:, :-1] * starts
    k = (level[:, None] > reached).sum(axis=1)[:, None]
    return np.asarray(
        (level - np.take_along_axis(offsets, k, axis=1)[:, 0]) / np.take_along_axis(ratios, k, axis=1)[:, 0]
    )


def _periods(family: Family, cuts: tuple[float, ...], base: Array, own: Array) -> tuple[Array, Array]:
    """Return a_k and HR_k (draws, periods) such that H = a_k + HR_k H0 in period k."""
    ratios = np.exp(own)
    at_cuts = family.cumulative_hazard(np.array(cuts), base)
    steps = (ratios[:, :-1] - ratios[:, 1:]) * at_cuts
    offsets = np.concatenate([np.zeros((steps.shape[0], 1)), np.cumsum(steps, axis=1)], axis=1)
    return offsets, ratios
