"""Reported statistics as targets of a fit: scale, standard error, and the model's value.

Scales and standard errors (DESIGN, "Fitting to reported statistics"):

===================  ==========================  ========================================
kind                 value on the scale          standard error, first that is available
===================  ==========================  ========================================
median               ln median                   ln(high / low) / 3.919928
survival             ln(-ln S(t))                interval on that scale / 3.919928;
                                                 binomial,
                                                 sqrt(S (1 - S) / n) / (S |ln S|)
restricted_mean      mean up to a horizon        (high - low) / 3.919928
hazard_ratio         average log hazard ratio,   ln(high / low) / 3.919928; P value,
                     or that of a period         |ln HR| / z(1 - P/2); 2 / sqrt(events)
acceleration_factor  log acceleration factor     as for a hazard ratio, without events
odds_ratio           log odds ratio of the       as for a hazard ratio, without events
                     event
===================  ==========================  ========================================

Before these, and after an interval with both ends, come a standard error as given (in the unit of the value, divided
by the value or, of a survival, by S |ln S|) and an interval with one end not reached: the distance of the other end
from the value on the scale, over 1.959964. A median with a number of patients alone has the binomial error at S = 0.5.

The standard error of a weighted statistic is divided by sqrt(weight): the power prior
(Ibrahim JG, Chen M-H (2000), Statistical Science 15: 46-60) raises its likelihood to
the power of the weight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy

from hemodel.survival.errors import SurvivalError

MEDIAN = "median"
SURVIVAL = "survival"
RESTRICTED_MEAN = "restricted_mean"
HAZARD_RATIO = "hazard_ratio"
ACCELERATION_FACTOR = "acceleration_factor"
ODDS_RATIO = "odds_ratio"
KINDS = (MEDIAN, SURVIVAL, RESTRICTED_MEAN, HAZARD_RATIO, ACCELERATION_FACTOR, ODDS_RATIO)
RATIOS = {HAZARD_RATIO: "a hazard ratio", ACCELERATION_FACTOR: "an acceleration factor", ODDS_RATIO: "an odds ratio"}
AT_LEAST = "at_least"
AT_MOST = "at_most"
BOUNDS = (AT_LEAST, AT_MOST)
HALF_WIDTH_95 = 1.959964
FULL_WIDTH_95 = 3.919928
EXACT_SE = 1e-4
REMEDIES = {
    MEDIAN: "Give low or high or both, or an SE, or n.",
    SURVIVAL: "Give low or high or both, or an SE, or n.",
    RESTRICTED_MEAN: "Give low or high or both, or an SE.",
    HAZARD_RATIO: "Give low or high or both, or an SE, or a P value, or events.",
    ACCELERATION_FACTOR: "Give low or high or both, or an SE, or a P value.",
    ODDS_RATIO: "Give low or high or both, or an SE, or a P value.",
}
REMEDY_OF_A_MEDIAN_NOT_REACHED = "Give n, or low or high or both, or an SE."


@dataclass(frozen=True)
class Statistic:
    """One statistic as it was reported.

    Attributes
    ----------
    id, endpoint, strategy : str
        What it is called, and whose it is. For a ratio the strategy is the one in the
        numerator.
    kind : str
        One of `KINDS`.
    value : float
        The value. [months], [probability] or [ratio]
    time : float or None
        When the survival was reported; the horizon of a restricted mean; where the
        period of a hazard ratio begins, None for that of the whole follow-up. [months]
    low, high : float or None
        Reported 95% confidence interval; one of them is None where it was not reached.
    se : float or None
        Reported standard error, in the unit of the value.
    p_value, events : float or None
        Two-sided P value of a ratio, and number of events of a hazard ratio.
    patients : float or None
        Number of patients in the arm, for the binomial SE of a survival.
    versus : str or None
        The strategy in the denominator of a ratio.
    fixed : bool
        Used in the fit, but its uncertainty is not carried into the covariance. If it
        has no standard error of its own it is matched as exact (`EXACT_SE`).
    used : bool
        Whether it is used in the fit, or only compared with it.
    bound : str or None
        ``at_least`` or ``at_most`` where only that is known: a median not reached by 20
        months is a median of at least 20.
    weight : float or None
        Power-prior weight of external evidence, above 0 and at most 1.
    external : bool
        Whether it comes from other patients than the trial's. Its time is on the model's
        clock all the same.
    study : str
        Of external evidence: landmarks of one study are of the same patients. Empty where it stands for itself.
    """

    id: str
    endpoint: str
    strategy: str
    kind: str
    value: float
    time: float | None = None
    low: float | None = None
    high: float | None = None
    se: float | None = None
    p_value: float | None = None
    events: float | None = None
    patients: float | None = None
    versus: str | None = None
    fixed: bool = False
    used: bool = True
    bound: str | None = None
    weight: float | None = None
    external: bool = False
    study: str = ""


@dataclass(frozen=True)
class Target:
    """A statistic on the scale on which it is matched: value y and standard error se."""

    statistic: Statistic
    y: float
    se: float


def to_scale(kind: str, value: float) -> float:
    """Return ln of a median or ratio, ln(-ln S) of a survival, a restricted mean as it is."""
    if kind == SURVIVAL:
        return float(np.log(-np.log(value)))
    return float(value if kind == RESTRICTED_MEAN else np.log(value))


def from_scale(kind: str, y: float) -> float:
    """Undo `to_scale`; a value too large to represent becomes ``inf`` (or 0 for survival)."""
    if kind == RESTRICTED_MEAN:
        return float(y)
    with np.errstate(over="ignore"):
        value = np.exp(y)
        return float(np.exp(-value)) if kind == SURVIVAL else float(value)


def matched(statistic: Statistic) -> Statistic:
    """Return the statement that is matched: a bound on a median is one on survival.

    The median is at least m where S(m) is at least 0.5. Other statistics are
    returned as they are.
    """
    if statistic.bound is None or statistic.kind != MEDIAN:
        return statistic
    return replace(statistic, kind=SURVIVAL, value=0.5, time=statistic.value, low=None, high=None)


def side(statistic: Statistic) -> float:
    """Return the sign of (g - y) where a bound holds, on the scale on which it is matched; 0 for no bound.

    The scale ln(-ln S) falls as survival, and with it the median, rises.
    """
    if statistic.bound is None:
        return 0.0
    rising = 1.0 if statistic.bound == AT_LEAST else -1.0
    return -rising if matched(statistic).kind == SURVIVAL else rising


def target(statistic: Statistic) -> Target:
    """Return the target that a statistic sets.

    Raises
    ------
    SurvivalError
        If a value is out of range or no standard error can be derived; the message
        names the statistic and the columns that would give one.
    """
    check(statistic)
    se = _standard_error(statistic)
    if se is None and statistic.fixed:
        se = EXACT_SE
    if se is None:
        not_reached = statistic.kind == MEDIAN and statistic.bound is not None
        remedy = REMEDY_OF_A_MEDIAN_NOT_REACHED if not_reached else REMEDIES[statistic.kind]
        raise _error(statistic, f"no standard error. {remedy}")
    stated = matched(statistic)
    return Target(statistic, to_scale(stated.kind, stated.value), float(se / np.sqrt(statistic.weight or 1.0)))


def has_error(statistic: Statistic) -> bool:
    """Return whether a standard error can be derived from what was reported."""
    return _standard_error(statistic) is not None


def bounds(statistic: Statistic) -> tuple[float, float]:
    """Return the reported 95% interval, else the one implied by the standard error; a reported end stays.

    Both bounds are on the reported scale, the lower first. A weight does not widen the
    interval.

    Raises
    ------
    SurvivalError
        As for `target`, and for a statistic that is itself only a bound.
    """
    if statistic.bound is not None:
        text = f"it is known only to be {statistic.bound.replace('_', ' ')} {statistic.value:g}; it has no interval."
        raise _error(statistic, text)
    aim = target(replace(statistic, weight=None))
    ends = [aim.y - HALF_WIDTH_95 * aim.se, aim.y + HALF_WIDTH_95 * aim.se]
    low, high = sorted(from_scale(statistic.kind, end) for end in ends)
    return low if statistic.low is None else statistic.low, high if statistic.high is None else statistic.high


def check(statistic: Statistic) -> None:
    """Raise `SurvivalError` for the first thing that is wrong with a statistic's numbers."""
    if statistic.kind not in KINDS:
        raise _error(statistic, f"kind {statistic.kind!r} is unknown. Known: {', '.join(KINDS)}.")
    values = {"value": statistic.value, "low": statistic.low, "high": statistic.high}
    for name, value in values.items():
        if value is not None and not (0.0 < value < (1.0 if statistic.kind == SURVIVAL else np.inf)):
            limits = "above 0 and below 1" if statistic.kind == SURVIVAL else "above 0 and finite"
            article = "an" if statistic.kind in {ACCELERATION_FACTOR, ODDS_RATIO} else "a"
            raise _error(statistic, f"{name} is {value:g}; {article} {statistic.kind} must be {limits}.")
    _check_interval(statistic)
    _check_time(statistic)
    _check_versus(statistic)
    _check_extras(statistic)


def _check_interval(statistic: Statistic) -> None:
    low, high, value = statistic.low, statistic.high, statistic.value
    if low is not None and high is not None:
        if not low <= value <= high:
            raise _error(statistic, f"value {value:g} is not between low {low:g} and high {high:g}.")
        if low == high:
            raise _error(statistic, f"low and high are both {low:g}, which leaves no uncertainty.")
    elif low is not None and low >= value:
        raise _error(statistic, f"low is {low:g}, and without high it must be below the value {value:g}.")
    elif high is not None and high <= value:
        raise _error(statistic, f"high is {high:g}, and without low it must be above the value {value:g}.")


def _check_time(statistic: Statistic) -> None:
    time, kind = statistic.time, statistic.kind
    if kind == SURVIVAL and not (time is not None and time > 0.0):
        raise _error(statistic, "a survival needs the time at which it was reported, above 0.")
    if kind == RESTRICTED_MEAN and not (time is not None and 0.0 < time < np.inf):
        raise _error(statistic, "a restricted mean needs time, the horizon up to which it was taken, above 0.")
    if kind == RESTRICTED_MEAN and time is not None and not statistic.value < time:
        text = f"value is {statistic.value:g}; a restricted mean must be below its horizon, {time:g}."
        raise _error(statistic, text)
    if kind == HAZARD_RATIO and time is not None and not 0.0 <= time < np.inf:
        raise _error(statistic, f"time is {time:g}; the period of a hazard ratio begins at 0 or later.")


def _check_versus(statistic: Statistic) -> None:
    if statistic.kind not in RATIOS:
        return
    noun = RATIOS[statistic.kind]
    if not statistic.versus:
        raise _error(statistic, f"{noun} needs versus, the strategy it compares with.")
    if statistic.versus == statistic.strategy:
        raise _error(statistic, f"{noun} cannot compare a strategy with itself.")


def _check_extras(statistic: Statistic) -> None:
    if statistic.p_value is not None and not 0.0 < statistic.p_value < 1.0:
        raise _error(statistic, f"p_value is {statistic.p_value:g}; it must be between 0 and 1.")
    for name, count in (("events", statistic.events), ("patients", statistic.patients), ("se", statistic.se)):
        if count is not None and not count > 0.0:
            raise _error(statistic, f"{name} is {count:g}; it must be above 0.")
    if statistic.bound is not None and statistic.bound not in BOUNDS:
        raise _error(statistic, f"bound {statistic.bound!r} is unknown. Known: {', '.join(BOUNDS)}.")
    if statistic.weight is not None and not 0.0 < statistic.weight <= 1.0:
        raise _error(statistic, f"weight is {statistic.weight:g}; it must be above 0 and at most 1.")


def _standard_error(statistic: Statistic) -> float | None:
    """Return the standard error on the scale on which a statistic is matched.

    That of a bound on a median is binomial at S = 0.5; from an interval of the median
    it is the one of ln median, since d ln(-ln S) / d ln t is 1 for a constant hazard.
    """
    if statistic.kind == MEDIAN and statistic.bound is not None and statistic.patients is not None:
        return _binomial_error(0.5, statistic.patients)
    if statistic.low is not None and statistic.high is not None:
        return _distance(statistic.kind, statistic.low, statistic.high) / FULL_WIDTH_95
    if statistic.se is not None:
        return statistic.se / _slope(statistic)
    one_end = statistic.low if statistic.high is None else statistic.high
    if one_end is not None:
        return _distance(statistic.kind, statistic.value, one_end) / HALF_WIDTH_95
    if statistic.kind in {MEDIAN, SURVIVAL} and statistic.patients is not None:
        return _binomial_error(0.5 if statistic.kind == MEDIAN else statistic.value, statistic.patients)
    return _ratio_error(statistic) if statistic.kind in RATIOS else None


def _distance(kind: str, one: float, other: float) -> float:
    return abs(to_scale(kind, other) - to_scale(kind, one))


def _slope(statistic: Statistic) -> float:
    """Return by what a small error in the unit of the value is divided to be one on the scale."""
    if statistic.kind == SURVIVAL:
        return float(statistic.value * -np.log(statistic.value))
    return 1.0 if statistic.kind == RESTRICTED_MEAN else statistic.value


def _binomial_error(survival: float, patients: float) -> float:
    binomial = np.sqrt(survival * (1.0 - survival) / patients)
    return float(binomial / (survival * -np.log(survival)))


def _ratio_error(statistic: Statistic) -> float | None:
    """From the P value (which says nothing where the ratio is 1), else from the events."""
    y = to_scale(statistic.kind, statistic.value)
    if statistic.p_value is not None and y != 0.0:
        return float(abs(y) / -scipy.special.ndtri(0.5 * statistic.p_value))
    if statistic.kind == HAZARD_RATIO and statistic.events is not None:
        return float(2.0 / np.sqrt(statistic.events))
    return None


def _error(statistic: Statistic, text: str) -> SurvivalError:
    return SurvivalError(f"{statistic.id}: {text}", [statistic.id])
