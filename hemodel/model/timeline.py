"""Time: cycles, the grid of days on which curves are needed, discount factors.

Everything the model adds up is linear in the curves at the points of one grid
of days. The functions here give the weight of each point, so that a sum over
cycles becomes a product with a vector.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.effects.cycles import Cycles
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hemodel.parameters import Amount, FloatArray


DAY_TOLERANCE = 1e-9
"""Days closer together than this are the same day."""


@dataclass(frozen=True)
class Timeline:
    """Cycle boundaries and every other day on which a curve is needed.

    Attributes
    ----------
    days : array (points,)
        Increasing days from the start of the model. [days]
    boundaries : array (cycles + 1,)
        Cycle boundaries 0, c, 2c, ..., N c. [days]
    cycles : Cycles or None
        Which of the days are boundaries, those beyond the last cycle too; None: all are.
    """

    days: FloatArray
    boundaries: FloatArray
    cycles: Cycles | None = None

    @property
    def months(self) -> FloatArray:
        """The grid in months, the unit of the curves."""
        return self.days / DAYS_PER_MONTH

    def positions(self, days: FloatArray) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        """Return the places of the given days (all of which are on the grid) in the grid."""
        return np.searchsorted(self.days, days - DAY_TOLERANCE)

    def spread(self, days: FloatArray, weights: FloatArray) -> FloatArray:
        """Return weights given for some days as weights on the whole grid, 0 elsewhere."""
        full = np.zeros(self.days.size)
        np.add.at(full, self.positions(days), weights)
        return full


def cycle_boundaries(time_horizon: float, cycle_length: float) -> FloatArray:
    """Return the boundaries of the N = ceil(horizon x 365.25 / c) cycles [days].

    Parameters
    ----------
    time_horizon : float
        [years]
    cycle_length : float
        c [days]
    """
    cycles = math.ceil(time_horizon * DAYS_PER_YEAR / cycle_length - DAY_TOLERANCE)
    return cycle_length * np.arange(cycles + 1.0)


def timeline(boundaries: FloatArray, other_days: Iterable[FloatArray]) -> Timeline:
    """Return the grid of all boundaries and other days, each day once.

    Where days lie beyond the last cycle, boundaries go on every cycle length up to the
    last of them.
    """
    needed = np.sort(np.concatenate([boundaries, *other_days]))
    length = boundaries[1]
    last = np.floor((needed[-1] + DAY_TOLERANCE) / length)
    further = length * np.arange(boundaries.size, last + 1.0)
    days = np.sort(np.concatenate([needed, further]))
    keep = np.concatenate([[True], np.diff(days) > DAY_TOLERANCE])
    grid = Timeline(days=days[keep], boundaries=boundaries)
    places = grid.positions(np.concatenate([boundaries, further]))
    inner = np.setdiff1d(np.arange(grid.days.size), places)
    if inner.size == 0:
        return grid
    nearest = needed[np.minimum(np.searchsorted(needed, further - DAY_TOLERANCE), needed.size - 1)]
    unweighted = grid.positions(further[np.abs(nearest - further) > DAY_TOLERANCE])
    return replace(grid, cycles=Cycles(places, inner, np.searchsorted(places, inner) - 1, unweighted))


def discount_factors(years: FloatArray, rates: Sequence[tuple[float, float]], method: str) -> FloatArray:
    """Return (1 + r)^-t, or its stepped form, for times in years.

    Parameters
    ----------
    years : array (times,)
        t. [years]
    rates : sequence of (from year, rate)
        Effective annual rates, the first from year 0; factors multiply through
        the steps. [1/year]
    method : {"per_cycle", "annual"}
        annual: t is replaced by the whole years elapsed.

    Returns
    -------
    array (times,), 1 at t = 0
    """
    elapsed = np.floor(years + DAY_TOLERANCE) if method == "annual" else years
    ends = [start for start, _ in rates[1:]] + [math.inf]
    factors = np.ones_like(elapsed)
    for (start, rate), end in zip(rates, ends, strict=True):
        spent = np.clip(elapsed, start, end) - start
        factors *= discount_factor(rate, spent)
    return factors


def discount_factor(rate: float | Amount, years: Amount) -> Amount:
    """Return (1 + r)^-t at one effective annual rate [1/year] after some years."""
    return (1.0 + rate) ** -years


def midpoints(boundaries: FloatArray) -> FloatArray:
    """Return the middle of each cycle, when flows and state time are discounted [years]."""
    return (boundaries[:-1] + boundaries[1:]) / 2 / DAYS_PER_YEAR


def state_time_weights(boundaries: FloatArray, factors: FloatArray, half_cycle_correction: str) -> FloatArray:
    """Return the weight of each boundary in the years spent in a state.

    Parameters
    ----------
    boundaries : array (cycles + 1,)
        [days]
    factors : array (cycles,)
        Discount factor of each cycle (ones: undiscounted).
    half_cycle_correction : {"life_table", "start", "end"}
        life_table: the time in cycle k is the mean of the two boundaries;
        start or end: the occupancy at that boundary.

    Returns
    -------
    array (cycles + 1,). [years]
    """
    at_start = {"life_table": 0.5, "start": 1.0, "end": 0.0}[half_cycle_correction]
    years = np.diff(boundaries) / DAYS_PER_YEAR * factors
    weights = np.zeros(boundaries.size)
    weights[:-1] += at_start * years
    weights[1:] += (1.0 - at_start) * years
    return weights


def flow_weights(factors: FloatArray) -> FloatArray:
    """Return the weight of each boundary in the flow out of a curve.

    The flow in cycle k is x_(k-1) - x_k, discounted with the factor of the cycle.

    Returns
    -------
    array (cycles + 1,)
    """
    weights = np.zeros(factors.size + 1)
    weights[:-1] += factors
    weights[1:] -= factors
    return weights


def administration_days(
    start_day: float,
    interval: float,
    horizon_days: float,
    stop_day: float | None = None,
    max_administrations: int | None = None,
) -> FloatArray:
    """Return the days on which a drug is given.

    Days start, start + interval, ... before the horizon and before the stop day,
    at most `max_administrations` of them. [days]
    """
    end = horizon_days if stop_day is None else min(horizon_days, stop_day)
    count = max(0, math.ceil((end - start_day) / interval - DAY_TOLERANCE))
    if max_administrations is not None:
        count = min(count, max_administrations)
    return start_day + interval * np.arange(float(count))
