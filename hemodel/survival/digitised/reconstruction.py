"""Patient data rebuilt from a digitised Kaplan-Meier curve and its risk table.

Guyot P, Ades AE, Ouwens MJNM, Welton NJ (2012), BMC Medical Research Methodology 12: 9.
As in the paper, the number censored in an interval is the one with which the events that
follow the curve leave the printed number at risk. It differs in four ways:

* Every possible number censored is tried, instead of stepping from a first guess, which
  may go round without end. The search is finite and numbers at risk are met exactly.
* An interval never has more events than patients lost, and only where the curve drops.
* A reported total of events is met exactly: first by the number censored in the last
  interval, as in the paper, but only while the curve is followed; then by exchanging
  single events and censorings within an interval, where that fits the curve best.
* A Kaplan-Meier curve is a step function: a drop about a row of the table is placed after
  it, before it or along a line, whichever follows the readings best.

The arithmetic of rebuilding patients: events at the drops of a curve, censorings between.

The curve is cut into the intervals of the risk table. Interval i holds the readings from
time r_i up to, but not at, r_{i+1}; the last one ends with the curve. Patients who are
censored in an interval leave at evenly spaced times in it, (j - 1/2) / c of the way
through for the j-th of c.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.digitised.comparison import LARGEST_GAP, Comparison, compare, last_readings
from hemodel.survival.digitised.reading import mismatches
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.patients.data import PatientData, patients
from hemodel.survival.patients.kaplan_meier import kaplan_meier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.survival.digitised.reading import DigitisedCurve, RiskTable
    from hemodel.survival.family import Array


SAME_TIME = 1e-12
"""Times closer than this share of the last are the same."""


@dataclass(frozen=True, eq=False)
class IntervalLayout:
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


STEPS, LINE, SEEN = "steps", "line", "seen"
READINGS = (STEPS, LINE, SEEN)


def layout(curve: DigitisedCurve, risk: RiskTable, readings: Sequence[str]) -> IntervalLayout:
    """Cut a curve into the intervals of its risk table.

    Where the curve drops from one reading to the next about a row of the table, part of the drop may have come
    before that row. This part is a point of its own, halfway between the first reading and the row.

    Parameters
    ----------
    readings : sequence of str
        For each row, which part came before it: ``steps`` none, since a step stands at the time at which it is read;
        ``line`` what a straight line between the two readings has; ``seen`` all of it, since a drop is older than
        the first reading that shows it.
    """
    at_row = _survival_at_rows(curve, risk.time)
    rows, time, survival = risk.time, *last_readings(curve)
    inside = np.array([at_row[name][i] for i, name in enumerate(readings)])
    before = np.searchsorted(time, rows, side="left") - 1
    split = (before >= 0) & (inside < survival[before])
    halfway = 0.5 * (time[before] + rows)
    time, survival = np.append(time, halfway[split]), np.append(survival, inside[split])
    order = np.argsort(time, kind="stable")
    time, survival = time[order], survival[order]
    interval = np.searchsorted(rows, time, side="right") - 1
    end = np.append(rows[1:], time[-1])
    length = end - rows
    through = (time - rows[interval]) / np.where(length > 0.0, length, 1.0)[interval]
    drops = np.diff(survival, prepend=survival[0]) < 0.0
    return IntervalLayout(time, survival, drops, interval, through, rows, end, risk.at_risk)


def _survival_at_rows(curve: DigitisedCurve, rows: Array) -> dict[str, Array]:
    """Return survival just before each row of the table by each way to read the drop about it.

    Of two readings at one time the first is the corner above the drop, so that nothing fell before it.
    """
    before = np.maximum(np.searchsorted(curve.time, rows, side="left") - 1, 0)
    after = np.minimum(before + 1, curve.time.size - 1)
    upper, lower = curve.survival[before], curve.survival[after]
    at_reading = curve.time[after] == rows
    length = np.where(curve.time[after] > curve.time[before], curve.time[after] - curve.time[before], 1.0)
    line = upper + (lower - upper) * np.clip((rows - curve.time[before]) / length, 0.0, 1.0)
    return {STEPS: upper, LINE: np.where(at_reading, upper, line), SEEN: lower}


def at_readings(curve: DigitisedCurve, risk: RiskTable) -> RiskTable:
    """Return the risk table with times that are those of a reading but for rounding set to that reading."""
    nearest = curve.time[np.abs(curve.time[:, None] - risk.time).argmin(axis=0)]
    same = np.abs(nearest - risk.time) <= SAME_TIME * curve.time[-1]
    return replace(risk, time=np.where(same, nearest, risk.time))


def censored_before(censored: Array, fraction: Array) -> Array:
    """Count the patients censored before a point, of ``censored`` spread over its interval."""
    return np.maximum(np.ceil(censored * fraction - 0.5), 0.0)


def follow(cut: IntervalLayout, i: int, level: float, censored: Array, most_events: float) -> tuple[Array, Array]:
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


def rebuilt_survival(cut: IntervalLayout, events: Array, censored: Array) -> Array:
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


def patient_times(cut: IntervalLayout, events: Array, censored: Array) -> tuple[Array, Array]:
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


LARGEST_FORCED_GAP = 0.05
SQUARES_DIGITS = 12
"""Sums of squares that agree to so many decimals are equal: steps go first."""


@dataclass(frozen=True)
class Interval:
    """One interval of the risk table as rebuilt.

    Attributes
    ----------
    at_risk, events, censored : int
        Patients at risk at the start, and those who left in the interval. In the last
        interval the patients still at risk are censored at its end and not counted here.
    tried : int
        How many numbers censored were tried.
    """

    start: float
    end: float
    at_risk: int
    events: int
    censored: int
    tried: int


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Patients rebuilt by `reconstruct`.

    Attributes
    ----------
    data : PatientData
        Times in the unit of the curve, in order.
    tried : int
        How many numbers censored were tried in all.
    exchanged : int
        Events added (above 0) or taken away (below 0) to meet the reported total.
    notes : tuple of str
        What was assumed or adjusted, in words.
    comparison : Comparison
        With the curve, the risk table and the total of events.
    """

    data: PatientData
    intervals: tuple[Interval, ...]
    tried: int
    exchanged: int
    notes: tuple[str, ...]
    comparison: Comparison


def reconstruct(curve: DigitisedCurve, risk: RiskTable, events: int | None = None) -> Reconstruction:
    """Rebuild the times of patients from a Kaplan-Meier curve.

    Events are placed at the times at which the curve drops and nowhere else. Patients
    censored in an interval of the risk table are spread evenly over it. Those at risk at
    the end of the curve are censored there.

    Parameters
    ----------
    risk : RiskTable
        One row (time 0) is enough. Without a total of events nobody is then taken to be
        censored before the end of the curve.
    events : int, optional
        The reported total of events, met exactly.

    Raises
    ------
    SurvivalError
        If curve, table and total are impossible together (`mismatches`), or the total
        cannot be met without leaving the curve; it says by how much and why.
    """
    raise_together(SurvivalError(f"{what}. {todo}") for what, todo in mismatches(curve, risk, events))
    risk = at_readings(curve, risk)
    return _best_reading(curve, risk, events)


def _best_reading(curve: DigitisedCurve, risk: RiskTable, events: int | None) -> Reconstruction:
    """Rebuild with each way to read the drops about the rows of the table, and return what follows the curve best.

    All rows are read in one way first; then the rows about which the curve drops are read in each other way, one
    after another, while that brings the rebuilt data nearer.

    Raises
    ------
    SurvivalError
        Where no way can meet the total of events.
    """
    at_row = _survival_at_rows(curve, risk.time)
    open_rows = [i for i in range(risk.time.size) if at_row[SEEN][i] < at_row[STEPS][i]]
    tried: dict[tuple[str, ...], Reconstruction | SurvivalError] = {}

    def misfit(readings: tuple[str, ...]) -> float:
        if readings not in tried:
            tried[readings] = _attempt(curve, risk, events, readings)
        return _misfit(tried[readings], curve)

    best = min(((name,) * risk.time.size for name in (READINGS if open_rows else READINGS[:1])), key=misfit)
    for i in open_rows:
        best = min((best, *((*best[:i], name, *best[i + 1 :]) for name in READINGS)), key=misfit)
    found = tried.get(best) or _attempt(curve, risk, events, best)
    if isinstance(found, SurvivalError):
        raise found
    return found


def _attempt(
    curve: DigitisedCurve, risk: RiskTable, events: int | None, readings: Sequence[str]
) -> Reconstruction | SurvivalError:
    try:
        return _rebuilt(curve, risk, events, layout(curve, risk, readings))
    except SurvivalError as error:
        return error


def _misfit(found: Reconstruction | SurvivalError, curve: DigitisedCurve) -> float:
    """Return the sum of squared differences of the rebuilt survival from the readings."""
    if isinstance(found, SurvivalError):
        return np.inf
    time, survival = last_readings(curve)
    return round(float(np.sum((kaplan_meier(found.data).at(time) - survival) ** 2)), SQUARES_DIGITS)


def _rebuilt(curve: DigitisedCurve, risk: RiskTable, events: int | None, cut: IntervalLayout) -> Reconstruction:
    placed, censored, tried, notes = _earlier_intervals(cut)
    last, assumed = _last_interval(cut, placed, censored, events)
    placed, censored, tried = last[0], last[1], [*tried, last[2]]
    exchanged = 0 if events is None else events - int(placed.sum())
    if events is not None and exchanged:
        placed, censored = _exchange(cut, placed, censored, events)
        notes.append(_exchange_note(exchanged, events))
    data = patients(*patient_times(cut, placed, censored))
    return Reconstruction(
        data=data,
        intervals=_table(cut, placed, censored, tried),
        tried=sum(tried),
        exchanged=exchanged,
        notes=(*curve.notes, *notes, *assumed),
        comparison=compare(curve, risk, events, data),
    )


def _earlier_intervals(cut: IntervalLayout) -> tuple[Array, Array, list[int], list[str]]:
    """Rebuild all intervals but the last: events (K,), censored (I,), numbers tried and notes."""
    events, censored = np.zeros_like(cut.time), np.zeros_like(cut.start)
    tried, notes = [], []
    for i in range(cut.start.size - 1):
        lost = float(cut.at_risk[i] - cut.at_risk[i + 1])
        level, points = _level(cut, events, censored, i), cut.points(i)
        options = np.arange(lost + 1.0)
        found, estimate = follow(cut, i, level, options, lost)
        missed = np.abs(lost - found.sum(axis=1) - options)
        best = int(np.lexsort((np.abs(options - _first_guess(cut, i)), missed))[0])
        events[points] = found[best]
        censored[i] = lost - found[best].sum()
        tried.append(options.size)
        where = f"From {cut.start[i]:g} to {cut.end[i]:g}"
        if missed[best]:
            notes.append(
                f"{where} no number censored meets the number at risk exactly by following the curve; the nearest was "
                f"taken and {missed[best]:g} of those censored changed to meet it."
            )
        behind = float(estimate[best, -1] - cut.survival[points][-1]) if estimate.shape[1] else 0.0
        if behind > LARGEST_GAP:
            notes.append(
                f"{where} the curve falls further than the risk table allows: only {lost:g} patients leave, and the "
                f"rebuilt survival stays {behind:.3f} above the curve."
            )
    return events, censored, tried, notes


def _level(cut: IntervalLayout, events: Array, censored: Array, i: int) -> float:
    """Return the Kaplan-Meier estimate at the start of interval i."""
    first = cut.points(i).start
    return float(rebuilt_survival(cut, events, censored)[first - 1]) if first else 1.0


def _first_guess(cut: IntervalLayout, i: int) -> float:
    """Guess the number censored from the fall of the curve over the interval (the paper's step 1)."""
    points = cut.points(i)
    before, after = cut.survival[max(points.start - 1, 0)], cut.survival[max(points.stop - 1, 0)]
    share = after / before if before > 0.0 else 0.0
    return float(cut.at_risk[i] * share - cut.at_risk[i + 1])


def _last_interval(
    cut: IntervalLayout, events: Array, censored: Array, total: int | None
) -> tuple[tuple[Array, Array, int], list[str]]:
    """Rebuild the last interval: events (K,), censored (I,) and numbers tried; and what was assumed."""
    i, points = cut.start.size - 1, cut.points(cut.start.size - 1)
    at_risk, length = float(cut.at_risk[i]), float(cut.end[i] - cut.start[i])
    rate = censored.sum() / cut.start[i] if i else 0.0
    usual = min(np.floor(rate * length + 0.5), at_risk) if length > 0.0 else 0.0
    options = np.arange(1.0 + (usual if total is None or length == 0.0 else at_risk))
    found, estimate = follow(cut, i, _level(cut, events, censored, i), options, at_risk)
    possible = options + found.sum(axis=1) <= at_risk
    gaps = np.abs(estimate - cut.survival[points]).max(axis=1, initial=0.0)
    followed = np.flatnonzero(possible & (gaps <= max(LARGEST_GAP, float(gaps[possible].min()))))
    best = int(followed[-1])
    if total is not None:
        missed = np.abs(events.sum() + found[followed].sum(axis=1) - total)
        fits = followed[missed == missed.min()]
        best = int(fits[np.argmin(np.abs(options[fits] - usual))] if i else fits[fits.size // 2])
    events, censored = events.copy(), censored.copy()
    events[points] = found[best]
    censored[i] = options[best]
    return (events, censored, options.size), _assumed(cut, total, int(censored[i]))


def _assumed(cut: IntervalLayout, total: int | None, censored: int) -> list[str]:
    if total is not None:
        return []
    if cut.start.size == 1:
        return [
            (
                "There is one number at risk and no total of events, so nobody was taken to be censored before the end "
                "of the curve. The number of events is then as large as it can be."
            )
        ]
    return [
        (
            f"There is no total of events, so {censored} patients were taken to be censored between {cut.start[-1]:g} "
            f"and {cut.end[-1]:g}: the mean rate before, or fewer if the curve could not be followed otherwise."
        )
    ]


def _exchange(cut: IntervalLayout, events: Array, censored: Array, total: int) -> tuple[Array, Array]:
    """Turn single censorings into events, or events into censorings, until the total is met.

    Each time the drop is chosen at which the exchange leaves the smallest sum of squared
    differences from the curve. Both leave in the same interval, so numbers at risk stay.

    Raises
    ------
    SurvivalError
        If there is nothing left to exchange, or the curve would be left.
    """
    start = int(events.sum())
    sign = 1.0 if total > start else -1.0
    before = np.abs(rebuilt_survival(cut, events, censored) - cut.survival).max()
    for _ in range(abs(total - start)):
        places = np.flatnonzero(cut.drops & ((_spare(cut, events, censored) > 0.0) if sign > 0 else (events > 0.0)))
        if not places.size:
            raise SurvivalError(_unmet(total, int(events.sum()), "no drop of the curve is left at which to change one"))
        tried_events = np.repeat(events[None, :], places.size, axis=0)
        tried_events[np.arange(places.size), places] += sign
        tried_censored = np.stack([_after(cut, events, censored, int(cut.interval[k]), sign) for k in places])
        differences = rebuilt_survival(cut, tried_events, tried_censored) - cut.survival
        best = int(np.argmin(np.sum(differences**2, axis=1)))
        events, censored = tried_events[best], tried_censored[best]
    after = np.abs(rebuilt_survival(cut, events, censored) - cut.survival).max()
    if after > max(LARGEST_FORCED_GAP, before + 2.0 / cut.at_risk[0]):
        why = f"with {total} the rebuilt survival would be up to {after:.3f} away from the curve"
        raise SurvivalError(_unmet(total, start, why))
    return events, censored


def _remaining(cut: IntervalLayout, events: Array, censored: Array) -> float:
    """Return the patients still at risk at the end of the curve."""
    return float(cut.at_risk[0] - events.sum() - censored.sum())


def _spare(cut: IntervalLayout, events: Array, censored: Array) -> Array:
    """Return for each point how many patients of its interval leave without the event."""
    spare = censored.copy()
    spare[-1] += _remaining(cut, events, censored)
    return np.asarray(spare[cut.interval])


def _after(cut: IntervalLayout, events: Array, censored: Array, i: int, sign: float) -> Array:
    """Return the numbers censored once an event is added to interval i (sign 1) or taken away (-1).

    In the last interval it is first a patient at risk at the end of the curve who has it.
    """
    changed = censored.copy()
    if i < censored.size - 1 or (sign > 0.0 and _remaining(cut, events, censored) == 0.0):
        changed[i] -= sign
    return changed


def _unmet(total: int, found: int, why: str) -> str:
    return (
        f"{total} events were reported, and the curve with its numbers at risk gives {found}: {abs(total - found)} "
        f"{'too few' if total > found else 'too many'}, because {why}. Check the total, the first number at risk and "
        "that they belong to this curve."
    )


def _exchange_note(exchanged: int, total: int) -> str:
    what = "censored patients were given an event" if exchanged > 0 else "events were made censorings"
    return f"{abs(exchanged)} {what} where that fits the curve best, to meet the {total} events reported."


def _table(cut: IntervalLayout, events: Array, censored: Array, tried: list[int]) -> tuple[Interval, ...]:
    return tuple(
        Interval(
            float(cut.start[i]),
            float(cut.end[i]),
            int(cut.at_risk[i]),
            int(events[cut.points(i)].sum()),
            int(censored[i]),
            tried[i],
        )
        for i in range(cut.start.size)
    )
