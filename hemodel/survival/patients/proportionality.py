"""Two strategies compared without a shape for the hazard, and whether hazards are proportional.

The Cox model with one covariate, 1 for the strategy and 0 for its reference, with
Efron's way of ties. At an event time with d events, patients at risk weigh n1 (strategy)
and n0; events there weigh e1 and e0. For l = 0..d-1 the share of the strategy in the
hazard is p = a HR / (a HR + b), with a = n1 - e1 l/d and b = n0 - e0 l/d. Therneau TM,
Grambsch PM (2000), Modeling Survival Data, sections 3.1-3.3. Numbers are as in R's
``coxph``, ``survdiff`` and ``cox.zph``.

With weights, standard errors and tests are robust: the variance of a score is the sum over
patients of (weight x score residual)^2, as with ``coxph(..., weights, robust = TRUE)``. Lin
DY, Wei LJ (1989), Journal of the American Statistical Association 84: 1074-1078; Binder DA
(1992), Biometrika 79: 139-147.

Whether one strategy stretches the time scale of another by a constant factor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from hemodel.distributions import Z975
from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, INDEPENDENT, CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.data import pooled
from hemodel.survival.patients.fitting import maximum_likelihood
from hemodel.survival.patients.kaplan_meier import Estimate, added, kaplan_meier, numbers_at_risk

if TYPE_CHECKING:
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.newton import Indices


MOST_STEPS = 50
SETTLED = 1e-12
SHARE_NEAR = 0.6
"""Share of the events that each point of a smooth rests on."""
REACH = 1.05
"""The weights of a smooth end this much farther out than the last point that has one."""


@dataclass(frozen=True)
class ChiSquaredTest:
    """A test statistic, its degrees of freedom and P value."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


@dataclass(frozen=True)
class CoxFit:
    """A hazard ratio from the Cox model.

    Attributes
    ----------
    log_hazard_ratio : Estimate
        Strategy against reference.
    log_likelihood, log_likelihood_at_1 : float
        Partial log-likelihood at the estimate and at a hazard ratio of 1.
    """

    log_hazard_ratio: Estimate
    log_likelihood: float
    log_likelihood_at_1: float


@dataclass(frozen=True, eq=False)
class SchoenfeldResiduals:
    """Scaled Schoenfeld residuals, one an event in order of time.

    Attributes
    ----------
    time : array (d,)
    transformed : array (d,)
        1 less the Kaplan-Meier estimate of all patients just before each time.
    value : array (d,)
        Log hazard ratio + sum of the events' weights x variance x residual; its smooth is the log hazard ratio
        over time.
    """

    time: Array
    transformed: Array
    value: Array


@dataclass(frozen=True, eq=False)
class _Events:
    """What the partial likelihood adds up: one row for each l of each event time.

    `place` is the row's event time, `done` l/d, `strategy` and `reference` are a and b,
    `weight` the mean weight of the events there. The others are by event time: (k,).
    """

    time: Array
    place: Indices
    done: Array
    strategy: Array
    reference: Array
    weight: Array
    strategy_events: Array
    events: Array
    strategy_at_risk: Array
    at_risk: Array


def cox(reference: PatientData, strategy: PatientData) -> CoxFit:
    """Estimate the hazard ratio of a strategy against its reference.

    Raises
    ------
    SurvivalError
        If all events are of one of the two while both are at risk, so that the ratio is
        0 or infinite.
    """
    rows = _events(reference, strategy)
    informative = (rows.strategy > 0.0) & (rows.reference > 0.0)
    total = rows.strategy_events.sum()
    forced = float(rows.weight[(rows.strategy > 0.0) & ~informative].sum())
    free = float(rows.weight[informative].sum())
    if not 0.0 < total - forced < free:
        raise SurvivalError(
            "The hazard ratio cannot be estimated: while patients of both strategies are at risk, all events are of "
            "one of them. Check the coding of events and strategies."
        )
    value = 0.0
    for _ in range(MOST_STEPS):
        share = _shares(rows, value)
        information = float((rows.weight * share * (1.0 - share)).sum())
        step = (total - float((rows.weight * share).sum())) / information
        value += float(np.clip(step, -1.0, 1.0))
        if abs(step) < SETTLED:
            break
    share = _shares(rows, value)
    information = float((rows.weight * share * (1.0 - share)).sum())
    se = information**-0.5
    if reference.has_weights or strategy.has_weights:
        residuals = _weighted_residuals(reference, strategy, rows, value, np.ones(rows.time.size))
        se = float(np.sqrt((residuals**2).sum())) / information
    estimate = Estimate(value, se, value - Z975 * se, value + Z975 * se)
    return CoxFit(estimate, _log_likelihood(rows, value), _log_likelihood(rows, 0.0))


def log_rank(reference: PatientData, strategy: PatientData) -> ChiSquaredTest:
    """Test whether two survival curves are the same.

    Mantel N (1966), Cancer Chemotherapy Reports 50: 163-170. With weights the robust score test of the Cox model at a
    hazard ratio of 1.
    """
    rows = _events(reference, strategy)
    if reference.has_weights or strategy.has_weights:
        residuals = _weighted_residuals(reference, strategy, rows, 0.0, np.ones(rows.time.size))
        return _robust(residuals)
    share = rows.strategy_at_risk / rows.at_risk
    others = np.maximum(rows.at_risk - 1.0, np.finfo(np.float64).tiny)
    finite = np.where(rows.at_risk > 1.0, (rows.at_risk - rows.events) / others, 0.0)
    variance = float((rows.events * share * (1.0 - share) * finite).sum())
    if variance == 0.0:
        raise SurvivalError("The log-rank test needs an event while patients of both strategies are at risk.")
    excess = float((rows.strategy_events - rows.events * share).sum())
    return _chi_squared(excess**2 / variance, 1)


def schoenfeld(reference: PatientData, strategy: PatientData) -> SchoenfeldResiduals:
    """Compute scaled Schoenfeld residuals.

    Grambsch PM, Therneau TM (1994), Biometrika 81: 515-526.
    """
    fit = cox(reference, strategy).log_hazard_ratio
    rows = _events(reference, strategy)
    share = _shares(rows, fit.value)
    mean_variance = float(rows.weight.sum()) / float((rows.weight * share * (1.0 - share)).sum())
    expected = _mean_shares(rows, fit.value)
    data = pooled([reference, strategy])
    covariate = np.concatenate([np.zeros(reference.time.size), np.ones(strategy.time.size)])
    order = np.lexsort((covariate, data.time))
    dead = order[data.event[order] == 1.0]
    residual = covariate[dead] - expected[np.searchsorted(rows.time, data.time[dead])]
    value = fit.value + mean_variance * residual
    return SchoenfeldResiduals(data.time[dead], _transformed(data, data.time[dead]), value)


def proportionality(reference: PatientData, strategy: PatientData) -> ChiSquaredTest:
    """Test whether the hazard ratio is constant over the Kaplan-Meier transform of time.

    The score test of a coefficient on covariate x transformed time, as ``cox.zph`` of the
    R package survival from version 3; Grambsch PM, Therneau TM (1994), Biometrika 81:
    515-526.
    """
    value = cox(reference, strategy).log_hazard_ratio.value
    rows = _events(reference, strategy)
    share = _shares(rows, value)
    time = _transformed(pooled([reference, strategy]), rows.time)
    spread = rows.weight * share * (1.0 - share)
    expected = added(rows.weight * share, rows.place, rows.time.size)
    score = float((time * (rows.strategy_events - expected)).sum())
    by_row = time[rows.place]
    information = float((spread * by_row**2).sum() - (spread * by_row).sum() ** 2 / spread.sum())
    if information > 0.0 and (reference.has_weights or strategy.has_weights):
        slope = float((spread * by_row).sum() / spread.sum())
        return _robust(_weighted_residuals(reference, strategy, rows, value, time - slope))
    if information <= 0.0:
        raise SurvivalError("Proportional hazards cannot be tested: events at two or more different times are needed.")
    return _chi_squared(score**2 / information, 1)


def _weighted_residuals(
    reference: PatientData, strategy: PatientData, rows: _Events, log_ratio: float, by_time: Array
) -> Array:
    """Return weight x score residual (n,) of every patient, reference first; they add up to the score.

    Of a patient with covariate x: at the event by_time (x - mean share), less at each event time at risk by_time x the
    increment of the hazard x (x - share). One with the event is at risk for the part of Efron's rows that is left.

    Parameters
    ----------
    by_time : array (k,)
        Factor of each event time: 1 for the score of the log hazard ratio.
    """
    increment = by_time[rows.place] * rows.weight / (rows.strategy * np.exp(log_ratio) + rows.reference)
    share, mean_share = _shares(rows, log_ratio), _mean_shares(rows, log_ratio)
    found = []
    for data, x in ((reference, 0.0), (strategy, 1.0)):
        each = increment * np.exp(log_ratio * x) * (x - share)
        at, part = (added(values, rows.place, rows.time.size) for values in (each, each * rows.done))
        so_far = np.concatenate([[0.0], np.cumsum(at)])
        last, first = (np.searchsorted(rows.time, times, side="right") for times in (data.time, data.entry))
        residual = so_far[first] - so_far[last]
        dead = data.event == 1.0
        own = last[dead] - 1
        residual[dead] += by_time[own] * (x - mean_share[own]) + part[own]
        found.append(data.weight * residual)
    return np.concatenate(found)


def _robust(residuals: Array) -> ChiSquaredTest:
    """Return the score test with the variance of the residuals."""
    variance = float((residuals**2).sum())
    if variance == 0.0:
        raise SurvivalError("The log-rank test needs an event while patients of both strategies are at risk.")
    return _chi_squared(float(residuals.sum()) ** 2 / variance, 1)


def _chi_squared(statistic: float, degrees: int) -> ChiSquaredTest:
    return ChiSquaredTest(statistic, degrees, float(scipy.special.chdtrc(degrees, statistic)))


def _transformed(data: PatientData, times: Array) -> Array:
    """Return 1 less the Kaplan-Meier estimate just before each time."""
    curve = kaplan_meier(data)
    before = np.concatenate([[1.0], curve.survival])
    return np.asarray(1.0 - before[np.searchsorted(curve.times, times, side="left")])


def _shares(rows: _Events, log_ratio: float) -> Array:
    """Return the share of the strategy in the hazard for each row."""
    hazard = rows.strategy * np.exp(log_ratio)
    return np.asarray(hazard / (hazard + rows.reference))


def _mean_shares(rows: _Events, log_ratio: float) -> Array:
    """Return the share of the strategy at each event time, the mean over its rows."""
    total = added(_shares(rows, log_ratio), rows.place, rows.time.size)
    return np.asarray(total / np.bincount(rows.place, minlength=rows.time.size))


def _log_likelihood(rows: _Events, log_ratio: float) -> float:
    total = np.log(rows.strategy * np.exp(log_ratio) + rows.reference)
    return float(rows.strategy_events.sum() * log_ratio - (rows.weight * total).sum())


def _events(reference: PatientData, strategy: PatientData) -> _Events:
    both = (reference, strategy)
    time = np.unique(np.concatenate([data.time[data.event == 1.0] for data in both]))
    events: list[Array] = []
    at_risk: list[Array] = []
    number = np.zeros(time.size)
    for data in both:
        dead = data.event == 1.0
        place = np.searchsorted(time, data.time[dead])
        events.append(added(data.weight[dead], place, time.size))
        number += np.bincount(place, minlength=time.size)
        at_risk.append(numbers_at_risk(data, time))
    rows = np.repeat(np.arange(time.size), number.astype(np.intp))
    first = np.cumsum(number) - number
    done = (np.arange(rows.size) - first[rows]) / number[rows]
    total = events[0] + events[1]
    return _Events(
        time=time,
        place=rows,
        done=done,
        strategy=at_risk[1][rows] - done * events[1][rows],
        reference=at_risk[0][rows] - done * events[0][rows],
        weight=(total / number)[rows],
        strategy_events=events[1],
        events=total,
        strategy_at_risk=at_risk[1],
        at_risk=at_risk[0] + at_risk[1],
    )


def smooth(x: Array, y: Array, at: Array) -> Array:
    """Return local lines through points, with tricube weights over the nearest 60% of them.

    Cleveland WS (1979), Journal of the American Statistical Association 74: 829-836,
    without the robust steps.

    Parameters
    ----------
    x, y : array (n,)
        The points.
    at : array (k,)
        Where the smooth is wanted.

    Returns
    -------
    array (k,)
        The mean of the nearest points where they share one x.
    """
    near = max(2, int(np.ceil(SHARE_NEAR * x.size)))
    found = np.empty(at.shape)
    for i, point in enumerate(at):
        distance = np.abs(x - point)
        reach = float(np.sort(distance)[near - 1]) * REACH
        weight = np.clip(1.0 - (distance / reach) ** 3, 0.0, None) ** 3 if reach > 0.0 else (distance == 0.0) * 1.0
        total = weight.sum()
        mean_x, mean_y = (weight @ x) / total, (weight @ y) / total
        spread = weight @ (x - mean_x) ** 2
        slope = (weight @ ((x - mean_x) * y)) / spread if spread > 0.0 else 0.0
        found[i] = mean_y + slope * (point - mean_x)
    return found


SHARES = np.arange(1, 20) / 20.0
"""Shares of patients with the event at which quantiles are compared: 5%, 10%, ... 95%."""
SHAPE = "gengamma"


@dataclass(frozen=True, eq=False)
class QuantilePoints:
    """Times by which equal shares of two groups had the event.

    Attributes
    ----------
    share : array (k,)
        Share with the event, those of 5%, 10%, ... that both Kaplan-Meier curves reach.
    reference, strategy : array (k,)
        Times of the two. On a line through the origin acceleration is constant.
    slope : float
        Least-squares slope through the origin, a rough acceleration factor.
    """

    share: Array
    reference: Array
    strategy: Array
    slope: float


@dataclass(frozen=True)
class AccelerationTest:
    """Whether the acceleration factor is constant.

    Attributes
    ----------
    log_acceleration_factor : Estimate
        Under a constant factor.
    test : ChiSquaredTest
        Likelihood ratio of shapes of their own against a shared shape, 2 degrees of freedom.
    """

    log_acceleration_factor: Estimate
    test: ChiSquaredTest


def quantile_points(reference: PatientData, strategy: PatientData) -> QuantilePoints:
    """Compare the quantiles of two Kaplan-Meier curves.

    Raises
    ------
    SurvivalError
        If no share of 5% or more is reached by both.
    """
    curves = kaplan_meier(reference), kaplan_meier(strategy)
    times = np.array([[curve.quantile(float(share))[0] for share in SHARES] for curve in curves])
    both = np.isfinite(times).all(axis=0)
    if not both.any():
        raise SurvivalError("No quantiles can be compared: fewer than 5% of one strategy's patients had the event.")
    x, y = times[:, both]
    return QuantilePoints(SHARES[both], x, y, float((x * y).sum() / (x * x).sum()))


def constant_acceleration(reference: PatientData, strategy: PatientData) -> AccelerationTest:
    """Test whether the acceleration factor is constant, within the generalised gamma.

    Two fits by maximum likelihood: one with shared sigma and Q and a constant factor (4
    coefficients), one with all three coefficients of each strategy its own (6). Cox C et
    al. (2007), Statistics in Medicine 26: 4352-4374, section 3.

    Raises
    ------
    SurvivalError
        If one of the fits is not possible.
    """
    data = {"reference": reference, "strategy": strategy}
    base = CurveSpec("reference", SHAPE, INDEPENDENT)
    shared = CurveSpec("strategy", SHAPE, ACCELERATED_FAILURE_TIME, "reference")
    own = CurveSpec("strategy", SHAPE, INDEPENDENT)
    constant = maximum_likelihood(EndpointCurves("acceleration", (base, shared)), data)
    free = maximum_likelihood(EndpointCurves("acceleration", (base, own)), data)
    degrees = free.n_parameters - constant.n_parameters
    ratio = max(2.0 * (free.effective_log_likelihood - constant.effective_log_likelihood), 0.0)
    value, se = float(constant.coefficients[-1]), float(np.sqrt(constant.covariance[-1, -1]))
    return AccelerationTest(
        Estimate(value, se, value - Z975 * se, value + Z975 * se),
        ChiSquaredTest(ratio, degrees, float(scipy.special.chdtrc(degrees, ratio))),
    )
