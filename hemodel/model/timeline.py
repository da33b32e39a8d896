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
        Cycle boundaries 0, c, 2c, ..., the last at the time horizon. [days]
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

    @property
    def last_cycle(self) -> float:
        """Length of the last cycle, which may be a part of one [days]."""
        return float(self.boundaries[-1] - self.boundaries[-2])

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

    t_k = k c for k < N, and t_N is the horizon itself: where it is no multiple of the cycle
    the last cycle is a part of one.

    Parameters
    ----------
    time_horizon : float
        [years]
    cycle_length : float
        c [days]
    """
    end = time_horizon * DAYS_PER_YEAR
    cycles = math.ceil(end / cycle_length - DAY_TOLERANCE)
    return np.append(cycle_length * np.arange(float(cycles)), end)


def timeline(boundaries: FloatArray, other_days: Iterable[FloatArray], cycle_length: float) -> Timeline:
    """Return the grid of all boundaries and other days, each day once.

    Where days lie beyond the last boundary, boundaries go on every cycle length from it, up
    to the last of these days.
    """
    needed = np.sort(np.concatenate([boundaries, *other_days]))
    beyond = np.floor((needed[-1] - boundaries[-1] + DAY_TOLERANCE) / cycle_length)
    further = boundaries[-1] + cycle_length * np.arange(1.0, beyond + 1.0)
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
    years : array, any shape
        t. [years]
    rates : sequence of (from year, rate)
        Effective annual rates, the first from year 0; factors multiply through
        the steps. [1/year]
    method : {"per_cycle", "annual"}
        annual: t is replaced by the whole years elapsed.

    Returns
    -------
    array, the shape of years; 1 at t = 0
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
    """Return the middle of each cycle, of the last one the middle of what there is of it [years]."""
    return (boundaries[:-1] + boundaries[1:]) / 2 / DAYS_PER_YEAR


def discount_times(boundaries: FloatArray, timing: str) -> FloatArray:
    """Return when each cycle is discounted: what counts from its start, and what counts from its end.

    Parameters
    ----------
    boundaries : array (cycles + 1,)
        [days]
    timing : {"middle", "start", "end", "boundaries"}
        All of a cycle at its middle, its start or its end; or each boundary at its own time.

    Returns
    -------
    array (2, cycles)
        [years]
    """
    first, last = boundaries[:-1] / DAYS_PER_YEAR, boundaries[1:] / DAYS_PER_YEAR
    middle = midpoints(boundaries)
    ends = {"middle": (middle, middle), "start": (first, first), "end": (last, last), "boundaries": (first, last)}
    return np.stack(ends[timing])


def state_time_weights(boundaries: FloatArray, factors: FloatArray, half_cycle_correction: str) -> FloatArray:
    """Return the weight of each boundary in the years spent in a state.

    Parameters
    ----------
    boundaries : array (cycles + 1,)
        [days]
    factors : array (2, cycles) or (cycles,)
        Discount factors of what counts from the start and from the end of each cycle, or
        of both (ones: undiscounted).
    half_cycle_correction : {"life_table", "start", "end"}
        life_table: the time in cycle k is the mean of the two boundaries;
        start or end: the occupancy at that boundary.

    Returns
    -------
    array (cycles + 1,). [years]
    """
    at_start = {"life_table": 0.5, "start": 1.0, "end": 0.0}[half_cycle_correction]
    first, last = np.diff(boundaries) / DAYS_PER_YEAR * np.broadcast_to(factors, (2, boundaries.size - 1))
    weights = np.zeros(boundaries.size)
    weights[:-1] += at_start * first
    weights[1:] += (1.0 - at_start) * last
    return weights


def flow_weights(factors: FloatArray) -> FloatArray:
    """Return the weight of each boundary in the flow out of a curve.

    The flow in cycle k is x_(k-1) - x_k, discounted with the mean of the factors of its two ends.

    Parameters
    ----------
    factors : array (2, cycles)
        Discount factors of what counts from the start and from the end of each cycle.

    Returns
    -------
    array (cycles + 1,)
    """
    mean = (factors[0] + factors[1]) / 2
    weights = np.zeros(mean.size + 1)
    weights[:-1] += mean
    weights[1:] -= mean
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
