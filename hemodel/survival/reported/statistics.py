"""Reported statistics as targets of a fit: scale, standard error, and the model's value.

Scales and standard errors (DESIGN, "Fitting to reported statistics"):

=============  ==========================  ==============================================
kind           value on the scale          standard error, first that is available
=============  ==========================  ==============================================
median         ln median                   ln(high / low) / 3.919928
survival       ln(-ln S(t))                interval on that scale / 3.919928; binomial,
                                           sqrt(S (1 - S) / n) / (S |ln S|)
hazard_ratio   average log hazard ratio    ln(high / low) / 3.919928; P value,
                                           |ln HR| / z(1 - P/2); 2 / sqrt(events)
=============  ==========================  ==============================================
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from hemodel.survival.errors import SurvivalError

MEDIAN = "median"
SURVIVAL = "survival"
HAZARD_RATIO = "hazard_ratio"
KINDS = (MEDIAN, SURVIVAL, HAZARD_RATIO)
HALF_WIDTH_95 = 1.959964
FULL_WIDTH_95 = 3.919928
EXACT_SE = 1e-4
REMEDIES = {
    MEDIAN: "Give low and high.",
    SURVIVAL: "Give low and high, or n.",
    HAZARD_RATIO: "Give low and high, or a P value, or events.",
}


@dataclass(frozen=True)
class Statistic:
    """One statistic as it was reported.

    Attributes
    ----------
    id, endpoint, strategy : str
        What it is called, and whose it is. For a hazard ratio the strategy is the
        one in the numerator.
    kind : str
        ``median``, ``survival`` or ``hazard_ratio``.
    value : float
        The value. [months], [probability] or [ratio]
    time : float or None
        When the survival was reported. [months]
    low, high : float or None
        Reported 95% confidence interval.
    p_value, events : float or None
        Two-sided P value and number of events of a hazard ratio.
    patients : float or None
        Number of patients in the arm, for the binomial SE of a survival.
    versus : str or None
        The strategy in the denominator of a hazard ratio.
    fixed : bool
        Used in the fit, but its uncertainty is not carried into the covariance. If it
        has no standard error of its own it is matched as exact (`EXACT_SE`).
    used : bool
        Whether it is used in the fit, or only compared with it.
    """

    id: str
    endpoint: str
    strategy: str
    kind: str
    value: float
    time: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    events: float | None = None
    patients: float | None = None
    versus: str | None = None
    fixed: bool = False
    used: bool = True


@dataclass(frozen=True)
class Target:
    """A statistic on the scale on which it is matched: value y and standard error se."""

    statistic: Statistic
    y: float
    se: float


def to_scale(kind: str, value: float) -> float:
    """Return ln of a median or hazard ratio, ln(-ln S) of a survival."""
    if kind == SURVIVAL:
        return float(np.log(-np.log(value)))
    return float(np.log(value))


def from_scale(kind: str, y: float) -> float:
    """Undo `to_scale`; a value too large to represent becomes ``inf`` (or 0 for survival)."""
    with np.errstate(over="ignore"):
        value = np.exp(y)
        return float(np.exp(-value)) if kind == SURVIVAL else float(value)


def target(statistic: Statistic) -> Target:
    """Return the target that a statistic sets.

    Raises
    ------
    SurvivalError
        If a value is out of range or no standard error can be derived; the message
        names the statistic and the columns that would give one.
    """
    check(statistic)
    y = to_scale(statistic.kind, statistic.value)
    se = _standard_error(statistic, y)
    if se is None and statistic.fixed:
        se = EXACT_SE
    if se is None:
        raise _error(statistic, f"no standard error. {REMEDIES[statistic.kind]}")
    return Target(statistic, y, se)


def has_error(statistic: Statistic) -> bool:
    """Return whether a standard error can be derived from what was reported."""
    return _standard_error(statistic, to_scale(statistic.kind, statistic.value)) is not None


def bounds(statistic: Statistic) -> tuple[float, float]:
    """Return the reported 95% interval, else the one implied by the standard error.

    Both bounds are on the reported scale, the lower first.

    Raises
    ------
    SurvivalError
        As for `target`.
    """
    aim = target(statistic)
    if statistic.low is not None and statistic.high is not None:
        return statistic.low, statistic.high
    ends = [aim.y - HALF_WIDTH_95 * aim.se, aim.y + HALF_WIDTH_95 * aim.se]
    low, high = sorted(from_scale(statistic.kind, end) for end in ends)
    return low, high


def check(statistic: Statistic) -> None:
    """Raise `SurvivalError` for the first thing that is wrong with a statistic's numbers."""
    if statistic.kind not in KINDS:
        raise _error(statistic, f"kind {statistic.kind!r} is unknown. Known: {', '.join(KINDS)}.")
    values = {"value": statistic.value, "low": statistic.low, "high": statistic.high}
    for name, value in values.items():
        if value is not None and not _in_range(statistic.kind, value):
            limits = "above 0 and below 1" if statistic.kind == SURVIVAL else "above 0 and finite"
            raise _error(statistic, f"{name} is {value:g}; a {statistic.kind} must be {limits}.")
    _check_interval(statistic)
    _check_extras(statistic)


def _check_interval(statistic: Statistic) -> None:
    low, high = statistic.low, statistic.high
    if (low is None) != (high is None):
        given, missing = ("low", "high") if high is None else ("high", "low")
        raise _error(statistic, f"{given} is given without {missing}. Give both, or neither.")
    if low is not None and high is not None and not low <= statistic.value <= high:
        text = f"value {statistic.value:g} is not between low {low:g} and high {high:g}."
        raise _error(statistic, text)
    if low is not None and low == high:
        raise _error(statistic, f"low and high are both {low:g}, which leaves no uncertainty.")


def _check_extras(statistic: Statistic) -> None:
    if statistic.kind == SURVIVAL and not (statistic.time is not None and statistic.time > 0.0):
        raise _error(statistic, "a survival needs the time at which it was reported, above 0.")
    if statistic.kind == HAZARD_RATIO and not statistic.versus:
        raise _error(statistic, "a hazard ratio needs versus, the strategy it compares with.")
    if statistic.kind == HAZARD_RATIO and statistic.versus == statistic.strategy:
        raise _error(statistic, "a hazard ratio cannot compare a strategy with itself.")
    if statistic.p_value is not None and not 0.0 < statistic.p_value < 1.0:
        raise _error(statistic, f"p_value is {statistic.p_value:g}; it must be between 0 and 1.")
    for name, count in (("events", statistic.events), ("patients", statistic.patients)):
        if count is not None and not count > 0.0:
            raise _error(statistic, f"{name} is {count:g}; it must be above 0.")


def _in_range(kind: str, value: float) -> bool:
    return 0.0 < value < (1.0 if kind == SURVIVAL else np.inf)


def _standard_error(statistic: Statistic, y: float) -> float | None:
    if statistic.low is not None and statistic.high is not None:
        ends = [to_scale(statistic.kind, end) for end in (statistic.low, statistic.high)]
        return abs(ends[1] - ends[0]) / FULL_WIDTH_95
    if statistic.kind == SURVIVAL and statistic.patients is not None:
        survival = statistic.value
        binomial = np.sqrt(survival * (1.0 - survival) / statistic.patients)
        return float(binomial / (survival * -np.log(survival)))
    if statistic.kind == HAZARD_RATIO:
        return _hazard_ratio_error(statistic, y)
    return None


def _hazard_ratio_error(statistic: Statistic, y: float) -> float | None:
    """From the P value (which says nothing where the ratio is 1), else from the events."""
    if statistic.p_value is not None and y != 0.0:
        return float(abs(y) / -special.ndtri(0.5 * statistic.p_value))
    if statistic.events is not None:
        return float(2.0 / np.sqrt(statistic.events))
    return None


def _error(statistic: Statistic, text: str) -> SurvivalError:
    return SurvivalError(f"{statistic.id}: {text}", [statistic.id])
