"""The Kaplan-Meier estimate, with weights and delayed entry.

Kaplan EL, Meier P (1958), Journal of the American Statistical Association 53:
457-481. Intervals are on the log-log scale, Kalbfleisch JD, Prentice RL (2002),
The Statistical Analysis of Failure Time Data, 2nd edition, section 1.4, as in R's
``survfit(..., conf.type = "log-log")``. With weights the variance is that of
the infinitesimal jackknife, as with ``robust = TRUE`` there: the sum over patients of the
squared weight times the squared derivative by it. Without weights it is Greenwood's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.distributions import Z975
from hemodel.survival.errors import SurvivalError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from hemodel.survival.family import Array, CurveData
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.newton import Indices


SAME_LEVEL = 1e-12


@dataclass(frozen=True)
class Estimate:
    """A value, its standard error and 95% interval; nan where one does not exist."""

    value: float
    se: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """A Kaplan-Meier curve, from `kaplan_meier`.

    Attributes
    ----------
    data : PatientData
        What it was estimated from.
    times : array (k,)
        The different times at which follow-up ended, rising.
    at_risk, events, censored : array (k,)
        Patients at risk just before each time, and those who left at it.
    survival : array (k,)
        Survival from each time on. [probability]
    variance : array (k,)
        Of log survival: Greenwood's sum of d / (n (n - d)); with weights the infinitesimal jackknife.
    low, high : array (k,)
        95% interval of survival on the log-log scale: 1 where survival is 1, nan where
        it is 0.
    """

    data: PatientData
    times: Array
    at_risk: Array
    events: Array
    censored: Array
    survival: Array
    variance: Array
    low: Array
    high: Array

    def at(self, t: ArrayLike) -> Array:
        """Return survival at times t, the last value held after the last time."""
        return self._step(self.survival, 1.0, t)

    def interval_at(self, t: ArrayLike) -> tuple[Array, Array]:
        """Return the 95% interval of survival at times t."""
        return self._step(self.low, 1.0, t), self._step(self.high, 1.0, t)

    def numbers_at_risk(self, t: ArrayLike) -> Array:
        """Return how many patients are under observation just before times t; at 0, those who start."""
        times = np.asarray(t, dtype=np.float64)
        data = self.data
        present = (data.time >= times[..., None]) & ((data.entry < times[..., None]) | (data.entry == 0.0))
        return np.asarray(present @ data.weight)

    def quantile(self, p: float) -> tuple[float, float, float]:
        """Return the time by which a share p had the event, and its 95% interval.

        The time at which survival first is at or below 1 - p, or the middle of the step
        where it is equal to it; ``inf`` where it is never reached. The interval holds the
        times that are in keeping with 1 - p by the interval of survival: Brookmeyer R,
        Crowley J (1982), Biometrics 38: 29-41, with the log-log scale.
        """
        return (
            self._crossing(self.survival, 1.0 - p),
            self._crossing(self.low, 1.0 - p),
            self._crossing(self.high, 1.0 - p),
        )

    def median(self) -> tuple[float, float, float]:
        """Return the median and its 95% interval; see `quantile`."""
        return self.quantile(0.5)

    def restricted_mean(self, horizon: float) -> Estimate:
        """Return the mean time up to a horizon, the area under the curve.

        Its variance is the sum over events of A^2 d / (n (n - d)), A the area from the
        event to the horizon: Klein JP, Moeschberger ML (2003), Survival Analysis, 2nd
        edition, equation 4.5.2. With weights it is the infinitesimal jackknife.

        Raises
        ------
        SurvivalError
            If the horizon is beyond the last time and survival is still above 0 there.
        """
        last = float(self.times[-1])
        if horizon > last and self.survival[-1] > 0.0:
            raise SurvivalError(
                f"The mean up to {horizon:g} cannot be read off this Kaplan-Meier curve, because follow-up ends at "
                f"{last:g} with survival at {self.survival[-1]:.3f}. Choose a horizon of at most {last:g}."
            )
        inside = self.times < horizon
        edges = np.concatenate([[0.0], self.times[inside], [horizon]])
        levels = np.concatenate([[1.0], self.survival[inside]])
        areas = np.diff(edges) * levels
        beyond = areas[::-1].cumsum()[::-1][1:]
        events, at_risk = self.events[inside], self.at_risk[inside]
        left = at_risk - events
        terms = np.where(left > SAME_LEVEL, beyond**2 * events / (at_risk * np.where(left > 0.0, left, 1.0)), 0.0)
        value, se = float(areas.sum()), float(np.sqrt(terms.sum()))
        if self.data.has_weights:
            whole = np.concatenate([beyond, np.zeros(self.times.size - beyond.size)])
            slopes = influence(self.data, self.times, self.at_risk, self.events, whole)
            se = float(np.sqrt(((self.data.weight * slopes) ** 2).sum()))
        return Estimate(value, se, value - Z975 * se, value + Z975 * se)

    def _step(self, values: Array, before: float, t: ArrayLike) -> Array:
        place = np.searchsorted(self.times, np.asarray(t, dtype=np.float64), side="right")
        return np.asarray(np.concatenate([[before], values])[place])

    def _crossing(self, values: Array, level: float) -> float:
        """Return the first time at which a falling step function is at or below a level."""
        reached = np.flatnonzero(values <= level + SAME_LEVEL)
        if reached.size == 0:
            return float("inf")
        first = int(reached[0])
        below = np.flatnonzero(values < level - SAME_LEVEL)
        if abs(values[first] - level) > SAME_LEVEL or below.size == 0:
            return float(self.times[first])
        return float(0.5 * (self.times[first] + self.times[int(below[0])]))


def kaplan_meier(data: PatientData) -> KaplanMeier:
    """Estimate the Kaplan-Meier curve of patients.

    A patient is at risk at time t if entry < t <= time, so events come before censorings
    at the same time.

    Raises
    ------
    SurvivalError
        If with delayed entry all patients at risk have the event before others enter, so
        that the curve would be 0 from then on although patients are still followed.
    """
    times, place = np.unique(data.time, return_inverse=True)
    events = added(data.weight * data.event, place, times.size)
    censored = added(data.weight * (1.0 - data.event), place, times.size)
    at_risk = numbers_at_risk(data, times)
    emptied = (at_risk - events <= SAME_LEVEL * at_risk) & (times < times[-1])
    if emptied.any():
        first = float(times[emptied][0])
        raise SurvivalError(
            f"All patients at risk at time {first:g} have the event then, and others are observed only later, so the "
            f"Kaplan-Meier curve would stay at 0. Leave out follow-up up to {first:g}, or check the times of entry."
        )
    share = events / at_risk
    share = np.where(at_risk - events <= SAME_LEVEL * at_risk, 1.0, share)
    survival = np.asarray(np.cumprod(1.0 - share), dtype=np.float64)
    with np.errstate(divide="ignore"):
        variance = np.cumsum(share / (at_risk * (1.0 - share)))
    if data.has_weights:
        variance = np.where(survival > 0.0, _jackknife(data, times, at_risk, events), np.inf)
    low, high = _log_log_interval(survival, variance)
    return KaplanMeier(data, times, at_risk, events, censored, survival, variance, low, high)


def influence(data: PatientData, times: Array, at_risk: Array, events: Array, factor: Array) -> Array:
    """Return the derivative (n,) of sum over times of factor x log(1 - d / n) by the weight of each patient.

    A patient at risk at a time adds factor (d / n) / (n - d), and one with the event there takes away factor / (n - d).

    Parameters
    ----------
    times, at_risk, events, factor : array (k,)
        Of the curve, and how much each step counts.
    """
    gain, loss = _steps(at_risk, events)
    so_far = np.concatenate([[0.0], np.cumsum(factor * gain)])
    leaving, entering = np.searchsorted(times, data.time), np.searchsorted(times, data.entry, side="right")
    return np.asarray(so_far[leaving + 1] - so_far[entering] - data.event * (factor * loss)[leaving])


def _steps(at_risk: Array, events: Array) -> tuple[Array, Array]:
    """Return (d / n) / (n - d) and 1 / (n - d) at each time, 0 where nobody is left."""
    left = at_risk - events
    some = left > SAME_LEVEL * at_risk
    loss = np.divide(1.0, left, out=np.zeros_like(left), where=some)
    return events / at_risk * loss, loss


def _jackknife(data: PatientData, times: Array, at_risk: Array, events: Array) -> Array:
    """Return the variance (k,) of log survival, the sum of (weight x derivative)^2 over patients.

    Those who have left keep their derivative; that of those under observation is A(t) - A(entry), A the running sum of
    what one at risk adds.
    """
    slopes = influence(data, times, at_risk, events, np.ones(times.size))
    place = np.searchsorted(times, data.time)
    gone = np.cumsum(added((data.weight * slopes) ** 2, place, times.size))
    so_far = np.cumsum(_steps(at_risk, events)[0])
    at_entry = np.concatenate([[0.0], so_far])[np.searchsorted(times, data.entry, side="right")]
    staying = [
        numbers_at_risk(replace(data, weight=values), times) - added(values, place, times.size)
        for values in (data.weight**2, data.weight**2 * at_entry, data.weight**2 * at_entry**2)
    ]
    return np.asarray(gone + staying[0] * so_far**2 - 2.0 * staying[1] * so_far + staying[2])


def numbers_at_risk(data: PatientData, times: Array) -> Array:
    """Return the weight of patients with entry < t <= time, for rising times (k,)."""
    leaving = added(data.weight, np.searchsorted(times, data.time, side="right"), times.size + 1)
    entering = added(data.weight, np.searchsorted(times, data.entry, side="right"), times.size + 1)
    return np.asarray(np.cumsum(entering - leaving)[:-1])


def added(values: Array, place: Indices, size: int) -> Array:
    """Add up values (n,) that have the same place, from 0, into an array (size,)."""
    return np.asarray(np.bincount(place, values, size), dtype=np.float64)


def reverse(data: PatientData) -> PatientData:
    """Return the same patients with censoring as the event, for the median follow-up.

    Schemper M, Smith TL (1996), Controlled Clinical Trials 17: 343-346.
    """
    return replace(data, event=1.0 - data.event)


def curve_data(data: PatientData) -> CurveData:
    """Return what families of curves need to know of patients: event times and Kaplan-Meier steps."""
    from hemodel.survival.family import CurveData

    curve = kaplan_meier(data)
    steps = (curve.events > 0.0) & (curve.survival > 0.0)
    log_se = np.sqrt(curve.variance[steps]) / -np.log(curve.survival[steps])
    return CurveData(
        event_times=tuple(np.sort(data.time[data.event == 1.0]).tolist()),
        km_times=tuple(curve.times[steps].tolist()),
        km_survival=tuple(curve.survival[steps].tolist()),
        km_log_se=tuple(log_se.tolist()),
    )


def _log_log_interval(survival: Array, variance: Array) -> tuple[Array, Array]:
    """Return survival^exp(+-1.96 se), with se that of log(-log survival)."""
    inside = (survival > 0.0) & (survival < 1.0)
    log_survival = np.log(np.where(inside, survival, 0.5))
    se = np.sqrt(np.where(inside, variance, 0.0)) / -log_survival
    ends = np.where(survival == 0.0, np.nan, 1.0)
    low = np.where(inside, np.exp(log_survival * np.exp(Z975 * se)), ends)
    high = np.where(inside, np.exp(log_survival * np.exp(-Z975 * se)), ends)
    return low, high
