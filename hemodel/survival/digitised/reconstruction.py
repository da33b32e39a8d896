"""Patient data rebuilt from a digitised Kaplan-Meier curve and its risk table.

Guyot P, Ades AE, Ouwens MJNM, Welton NJ (2012), BMC Medical Research Methodology 12: 9.
As in the paper, the number censored in an interval is the one with which the events that
follow the curve leave the printed number at risk. It differs in three ways:

* Every possible number censored is tried, instead of stepping from a first guess, which
  may go round without end. The search is finite and numbers at risk are met exactly.
* An interval never has more events than patients lost, and only where the curve drops.
* A reported total of events is met exactly: first by the number censored in the last
  interval, as in the paper, but only while the curve is followed; then by exchanging
  single events and censorings within an interval, where that fits the curve best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.digitised.checking import mismatches
from hemodel.survival.digitised.comparison import LARGEST_GAP, Comparison, compare
from hemodel.survival.digitised.intervals import Layout, at_readings, follow, layout, patient_times, rebuilt_survival
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.patients.data import PatientData, patients

if TYPE_CHECKING:
    from hemodel.survival.digitised.checking import DigitisedCurve, RiskTable
    from hemodel.survival.family import Array

LARGEST_FORCED_GAP = 0.05


@dataclass(frozen=True)
class Interval:
    """One interval of the risk table as rebuilt.

    Attributes
    ----------
    start, end : float
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
    intervals : tuple of Interval
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
    curve : DigitisedCurve
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
    cut = layout(curve, risk)
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


def _earlier_intervals(cut: Layout) -> tuple[Array, Array, list[int], list[str]]:
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


def _level(cut: Layout, events: Array, censored: Array, i: int) -> float:
    """Return the Kaplan-Meier estimate at the start of interval i."""
    first = cut.points(i).start
    return float(rebuilt_survival(cut, events, censored)[first - 1]) if first else 1.0


def _first_guess(cut: Layout, i: int) -> float:
    """Guess the number censored from the fall of the curve over the interval (the paper's step 1)."""
    points = cut.points(i)
    before, after = cut.survival[max(points.start - 1, 0)], cut.survival[max(points.stop - 1, 0)]
    share = after / before if before > 0.0 else 0.0
    return float(cut.at_risk[i] * share - cut.at_risk[i + 1])


def _last_interval(
    cut: Layout, events: Array, censored: Array, total: int | None
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


def _assumed(cut: Layout, total: int | None, censored: int) -> list[str]:
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


def _exchange(cut: Layout, events: Array, censored: Array, total: int) -> tuple[Array, Array]:
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


def _remaining(cut: Layout, events: Array, censored: Array) -> float:
    """Return the patients still at risk at the end of the curve."""
    return float(cut.at_risk[0] - events.sum() - censored.sum())


def _spare(cut: Layout, events: Array, censored: Array) -> Array:
    """Return for each point how many patients of its interval leave without the event."""
    spare = censored.copy()
    spare[-1] += _remaining(cut, events, censored)
    return np.asarray(spare[cut.interval])


def _after(cut: Layout, events: Array, censored: Array, i: int, sign: float) -> Array:
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


def _table(cut: Layout, events: Array, censored: Array, tried: list[int]) -> tuple[Interval, ...]:
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
