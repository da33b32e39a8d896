"""Trials simulated from fitted curves, and the statistics that each would have reported.

Every function works on many trials at once: the first axis is the trial, the second
the patient, ordered by time. Event times are continuous, so there are no ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array

MOST_STEPS = 30
LAST_STEP = 1e-10
LONGEST_STEP = 1.0
LARGEST_LOG_RATIO = 10.0
ROUNDING = 1e-12


@dataclass(frozen=True)
class Arm:
    """One arm of many simulated trials.

    Attributes
    ----------
    time : array (trials, patients)
        Time of the event or of censoring, in increasing order. [months]
    event : bool array (trials, patients)
        Whether it is an event.
    survival : array (trials, patients)
        Kaplan-Meier estimate just after each time.
    """

    time: Array
    event: NDArray[np.bool_]
    survival: Array


def simulate_arm(curves: EndpointCurves, strategy: str, coefficients: Array, follow_up: float, uniforms: Array) -> Arm:
    """Simulate one arm of many trials from its fitted curve.

    Events by inverse transform, T = S^-1(U). Patients enter evenly over ``follow_up``
    months and are censored at the analysis, so that their potential follow-up is
    uniform on [follow_up / 2, 3 follow_up / 2], with median ``follow_up``.

    Parameters
    ----------
    coefficients : array (p,)
        Joint coefficients.
    follow_up : float
        Median follow-up. [months]
    uniforms : array (trials, 2 patients)
        Uniform numbers: first those of the events, then those of the entry.
    """
    trials, columns = uniforms.shape
    share, entry = uniforms[:, : columns // 2], uniforms[:, columns // 2 :]
    repeated = np.broadcast_to(coefficients, (share.size, coefficients.size))
    event_time = curves.quantile(strategy, share.ravel(), repeated).reshape(trials, -1)
    return observed_arm(event_time, follow_up * (0.5 + entry))


def observed_arm(event_time: Array, censoring: Array) -> Arm:
    """Order what is observed of each trial and compute its Kaplan-Meier curve."""
    time = np.minimum(event_time, censoring)
    order = np.argsort(time, axis=1)
    time = np.take_along_axis(time, order, axis=1)
    event = np.take_along_axis(event_time <= censoring, order, axis=1)
    at_risk = np.arange(time.shape[1], 0.0, -1.0)
    return Arm(time, event, np.asarray(np.cumprod(1.0 - event / at_risk, axis=1), dtype=np.float64))


def median(arm: Arm) -> Array:
    """Return the first time (trials,) at which survival is at most 0.5; nan where it is never reached."""
    reached = arm.survival <= 0.5 + ROUNDING
    first = np.take_along_axis(arm.time, reached.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(reached[:, -1], first, np.nan)


def survival_at(arm: Arm, time: float) -> Array:
    """Return the survival (trials,) at a time; nan where that lies beyond the last patient still followed."""
    before = (arm.time <= time).sum(axis=1)
    steps = np.hstack([np.ones((len(before), 1)), arm.survival])
    found = np.take_along_axis(steps, before[:, None], axis=1)[:, 0]
    unknown = (before == arm.time.shape[1]) & ~arm.event[:, -1]
    return np.where(unknown, np.nan, found)


def restricted_mean(arm: Arm, horizon: float) -> Array:
    """Return the area (trials,) under the curve up to a horizon; nan where the curve ends before it."""
    trials = arm.time.shape[0]
    ends = np.hstack([np.zeros((trials, 1)), np.minimum(arm.time, horizon), np.full((trials, 1), horizon)])
    steps = np.hstack([np.ones((trials, 1)), arm.survival])
    area = (np.diff(ends, axis=1) * steps).sum(axis=1)
    unknown = (arm.time[:, -1] < horizon) & ~arm.event[:, -1]
    return np.where(unknown, np.nan, area)


def log_hazard_ratio(arm: Arm, versus: Arm, start: float, end: float) -> Array:
    """Return the log hazard ratio (trials,) of a Cox model with the arm as its only covariate.

    Events after ``start`` and up to ``end`` count, with all patients at risk then: the
    partial likelihood of one period (Cox DR (1972), Journal of the Royal Statistical
    Society B 34: 187-202). Solved by Newton's method; nan where no finite ratio has the
    largest likelihood.
    """
    in_arm = np.broadcast_to(np.repeat([1.0, 0.0], [arm.time.shape[1], versus.time.shape[1]]), _pooled(arm, versus))
    time = np.hstack([arm.time, versus.time])
    order = np.argsort(time, axis=1)
    time, own = (np.take_along_axis(each, order, axis=1) for each in (time, in_arm))
    event = np.take_along_axis(np.hstack([arm.event, versus.event]), order, axis=1)
    counts = event & (time > start) & (time <= end)
    at_risk = arm.time.shape[1] - np.cumsum(own, axis=1) + own
    others = np.arange(time.shape[1], 0.0, -1.0) - at_risk
    return _newton(
        np.where(counts, own, 0.0).sum(axis=1), np.where(counts, at_risk, 0.0), np.where(counts, others, 0.0)
    )


def _pooled(arm: Arm, versus: Arm) -> tuple[int, int]:
    return arm.time.shape[0], arm.time.shape[1] + versus.time.shape[1]


def _newton(events: Array, at_risk: Array, others: Array) -> Array:
    """Solve events = sum of at_risk e^b / (at_risk e^b + others) for b, in every trial."""
    total = at_risk + others
    total[total == 0.0] = np.inf
    log_ratio = np.zeros(events.size)
    for _ in range(MOST_STEPS):
        ratio = np.exp(log_ratio)[:, None]
        share = at_risk * ratio / (total + at_risk * (ratio - 1.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            step = (events - share.sum(axis=1)) / (share * (1.0 - share)).sum(axis=1)
        step = np.clip(np.nan_to_num(step, posinf=LONGEST_STEP, neginf=-LONGEST_STEP), -LONGEST_STEP, LONGEST_STEP)
        log_ratio = log_ratio + np.where(np.abs(log_ratio) < LARGEST_LOG_RATIO, step, 0.0)
        if np.all((np.abs(step) < LAST_STEP) | (np.abs(log_ratio) >= LARGEST_LOG_RATIO)):
            break
    found = (np.abs(step) < LAST_STEP) & (np.abs(log_ratio) < LARGEST_LOG_RATIO) & (total < np.inf).any(axis=1)
    return np.where(found, log_ratio, np.nan)
