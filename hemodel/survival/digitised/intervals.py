"""The arithmetic of rebuilding patients: events at the drops of a curve, censorings between.

The curve is cut into the intervals of the risk table. Interval i holds the readings from
time r_i up to, but not at, r_{i+1}; the last one ends with the curve. Patients who are
censored in an interval leave at evenly spaced times in it, (j - 1/2) / c of the way
through for the j-th of c.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hemodel.survival.digitised.checking import DigitisedCurve, RiskTable
    from hemodel.survival.family import Array


SAME_TIME = 1e-12
"""Times closer than this share of the last are the same."""


@dataclass(frozen=True, eq=False)
class Layout:
    """A curve of K points cut into I intervals.

    Attributes
    ----------
    time, survival : array (K,)
        Different times, and the last survival read at each.
    drops : bool array (K,)
        Where survival is below the point before: the only places for events.
    interval : int array (K,)
        The interval of each point.
    fraction : array (K,)
        How far through its interval each point is, 0 to 1.
    start, end, at_risk : array (I,)
        The intervals and the patients at risk at their start.
    """

    time: Array
    survival: Array
    drops: np.ndarray
    interval: np.ndarray
    fraction: Array
    start: Array
    end: Array
    at_risk: Array

    def points(self, i: int) -> slice:
        """Return where the points of interval i are."""
        low, high = np.searchsorted(self.interval, [i, i + 1])
        return slice(int(low), int(high))


def layout(curve: DigitisedCurve, risk: RiskTable) -> Layout:
    """Cut a curve into the intervals of its risk table.

    Where the curve drops between two readings with a row of the table between them, part
    of the drop came before that row. Survival there is interpolated, and this part is a
    point of its own, halfway between the first reading and the row.
    """
    last = np.append(np.diff(curve.time) > 0.0, True)
    time, survival = curve.time[last], curve.survival[last]
    rows = risk.time
    inside = np.interp(rows, time, survival)
    before = np.searchsorted(time, rows, side="right") - 1
    split = (time[before] < rows) & (inside < survival[before])
    halfway = 0.5 * (time[before] + rows)
    time, survival = np.append(time, halfway[split]), np.append(survival, inside[split])
    order = np.argsort(time, kind="stable")
    time, survival = time[order], survival[order]
    interval = np.searchsorted(rows, time, side="right") - 1
    end = np.append(rows[1:], time[-1])
    length = end - rows
    through = (time - rows[interval]) / np.where(length > 0.0, length, 1.0)[interval]
    drops = np.diff(survival, prepend=survival[0]) < 0.0
    return Layout(time, survival, drops, interval, through, rows, end, risk.at_risk)


def at_readings(curve: DigitisedCurve, risk: RiskTable) -> RiskTable:
    """Return the risk table with times that are those of a reading but for rounding set to that reading."""
    nearest = curve.time[np.abs(curve.time[:, None] - risk.time).argmin(axis=0)]
    same = np.abs(nearest - risk.time) <= SAME_TIME * curve.time[-1]
    return replace(risk, time=np.where(same, nearest, risk.time))


def censored_before(censored: Array, fraction: Array) -> Array:
    """Count the patients censored before a point, of ``censored`` spread over its interval."""
    return np.maximum(np.ceil(censored * fraction - 0.5), 0.0)


def follow(cut: Layout, i: int, level: float, censored: Array, most_events: float) -> tuple[Array, Array]:
    """Place events in one interval so that the Kaplan-Meier estimate follows the curve.

    At a drop to S with n at risk and the estimate at E so far, the events are
    n (1 - S / E), rounded, as in Guyot (2012): what rounding leaves is made
    up for at later drops, so that the estimate stays within half a patient of the curve.

    Parameters
    ----------
    level : float
        The estimate at the start of the interval.
    censored : array (c,)
        Numbers censored in the interval, each tried by itself.
    most_events : float
        No more events than this are placed.

    Returns
    -------
    events : array (c, points)
        Events at each point.
    estimate : array (c, points)
        Kaplan-Meier estimate after each point.
    """
    points = cut.points(i)
    before = censored_before(censored[:, None], cut.fraction[points])
    events, estimate = np.zeros_like(before), np.zeros_like(before)
    now, dead = np.full(censored.size, level), np.zeros(censored.size)
    for k in range(before.shape[1]):
        at_risk = np.maximum(cut.at_risk[i] - dead - before[:, k], 0.0)
        if cut.drops[points][k]:
            wanted = np.floor(at_risk * (1.0 - cut.survival[points][k] / np.where(now > 0.0, now, 1.0)) + 0.5)
            events[:, k] = np.clip(wanted, 0.0, np.minimum(at_risk, most_events - dead))
            now = now * (1.0 - events[:, k] / np.maximum(at_risk, 1.0))
            dead = dead + events[:, k]
        estimate[:, k] = now
    return events, estimate


def rebuilt_survival(cut: Layout, events: Array, censored: Array) -> Array:
    """Compute the Kaplan-Meier estimate of rebuilt patients at the points of the curve.

    Parameters
    ----------
    events : array (..., K)
        Events at each point.
    censored : array (..., I)
        Patients censored in each interval.

    Returns
    -------
    array (..., K)
    """
    dead = np.cumsum(events, axis=-1) - events
    first = np.searchsorted(cut.interval, cut.interval)
    left = dead - dead[..., first] + censored_before(censored[..., cut.interval], cut.fraction)
    at_risk = np.maximum(cut.at_risk[cut.interval] - left, 1.0)
    return np.cumprod(1.0 - events / at_risk, axis=-1)


def patient_times(cut: Layout, events: Array, censored: Array) -> tuple[Array, Array]:
    """Return the times and events (n,) of the rebuilt patients; those left are censored at the end."""
    died = np.repeat(cut.time, events.astype(int))
    spread = [
        start + (np.arange(count) + 0.5) / max(count, 1) * (end - start)
        for start, end, count in zip(cut.start, cut.end, censored.astype(int), strict=True)
    ]
    left = int(cut.at_risk[0] - died.size - censored.sum())
    times = np.concatenate([died, *spread, np.full(left, cut.time[-1])])
    event = np.arange(times.size) < died.size
    order = np.argsort(times, kind="stable")
    return times[order], event[order].astype(np.float64)
