"""The correlation of statistics that were taken from the same patients.

A fit to reported statistics takes them as independent. Statistics of one trial are
not: a longer median comes with a higher survival at 12 months and a lower hazard ratio.
The trial is simulated many times from the fitted curves (parametric bootstrap: Efron B,
Tibshirani RJ (1993), An Introduction to the Bootstrap, section 6.5), every simulated
trial reports the same statistics, and their correlation is used with the reported
standard errors.

Trials simulated from fitted curves, and the statistics that each would have reported.

Every function works on many trials at once: the first axis is the trial, the second
the patient, ordered by time. Event times are continuous, so there are no ties.

The statistics of a fit, recomputed in trials simulated from its curves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from hemodel.parameters import BLOCK, block_uniforms
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.reported.fitting import Residuals, fit, sandwich
from hemodel.survival.reported.predicted import period_starts
from hemodel.survival.reported.statistics import HAZARD_RATIO, MEDIAN, RESTRICTED_MEAN, SURVIVAL, has_error

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.reported.fitting import ReportedFit
    from hemodel.survival.reported.problem import FitProblem
    from hemodel.survival.reported.statistics import Statistic


LATEST = 1.5
"""Patients are followed for at most so many times the median follow-up."""
CURVE_POINTS = 4001
FIRST_SHARE, LAST_SHARE = 1e-9, 1e-12
"""Shares of patients with an event before the first and without one at the last time of a curve that is inverted."""
MOST_STEPS = 30
LAST_STEP = 1e-6
"""Of Newton's method, which takes the number of digits twice in a step: the next would be of 1e-12."""
TRIALS_AT_ONCE = 128
"""So many that the arrays stay in the cache of a processor."""
LONGEST_STEP = 1.0
LARGEST_LOG_RATIO = 10.0
ROUNDING = 1e-12


@dataclass(frozen=True)
class TrialArm:
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


def simulate_arm(inverse: Callable[[Array], Array], follow_up: float, uniforms: Array) -> TrialArm:
    """Simulate one arm of many trials from its fitted curve.

    Events by inverse transform, T = S^-1(U). Patients enter evenly over ``follow_up``
    months and are censored at the analysis, so that their potential follow-up is
    uniform on [follow_up / 2, 3 follow_up / 2], with median ``follow_up``.

    Parameters
    ----------
    inverse : callable
        From shares of patients to times, as `inverse_of` makes it.
    follow_up : float
        Median follow-up. [months]
    uniforms : array (trials, 2 patients)
        Uniform numbers: first those of the events, then those of the entry.
    """
    share, entry = np.split(uniforms, 2, axis=1)
    return observed_arm(inverse(share), follow_up * (0.5 + entry))


def inverse_of(curves: EndpointCurves, strategy: str, coefficients: Array, latest: float) -> Callable[[Array], Array]:
    """Return the function from shares of patients, of any shape, to the times at which they have had their event.

    Times after ``latest`` are infinite. The one curve is evaluated once at `CURVE_POINTS` times, which makes every
    family as quick as a closed form, and inverted by a monotone cubic of ln time in ln cumulative hazard: to 1e-6 of
    the time where the hazard is smooth.

    Parameters
    ----------
    latest : float
        Later events are not seen, whatever their time. [months]
    """
    from scipy.interpolate import PchipInterpolator

    ends = np.array([FIRST_SHARE, 1.0 - LAST_SHARE])
    first, last = curves.quantile(strategy, ends, np.broadcast_to(coefficients, (2, coefficients.size)))
    last = min(float(last), latest)
    times = np.geomspace(max(float(first), FIRST_SHARE * last), last, CURVE_POINTS)
    hazard = curves.cumulative_hazard(strategy, times, coefficients[None, :])[0]
    rises = (hazard > 0.0) & (np.diff(np.maximum.accumulate(hazard), prepend=0.0) > 0.0)
    known = np.log(hazard[rises])
    inverse = PchipInterpolator(known, np.log(times[rises]))

    def event_times(share: Array) -> Array:
        wanted = np.log(-np.log1p(-share)).ravel()
        # In order, as neighbours lie in the same piece, which is found much faster.
        order = np.argsort(wanted)
        found = np.empty(wanted.size)
        found[order] = np.exp(inverse(np.clip(wanted[order], known[0], known[-1])))
        return np.asarray(np.where(wanted > known[-1], np.inf, found).reshape(share.shape))

    return event_times


def observed_arm(event_time: Array, censoring: Array) -> TrialArm:
    """Order what is observed of each trial and compute its Kaplan-Meier curve."""
    time = np.minimum(event_time, censoring)
    order = np.argsort(time, axis=1)
    time = np.take_along_axis(time, order, axis=1)
    event = np.take_along_axis(event_time <= censoring, order, axis=1)
    at_risk = np.arange(time.shape[1], 0.0, -1.0)
    return TrialArm(time, event, np.asarray(np.cumprod(1.0 - event / at_risk, axis=1), dtype=np.float64))


def median(arm: TrialArm) -> Array:
    """Return the first time (trials,) at which survival is at most 0.5; nan where it is never reached."""
    reached = arm.survival <= 0.5 + ROUNDING
    first = np.take_along_axis(arm.time, reached.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(reached[:, -1], first, np.nan)


def survival_at(arm: TrialArm, time: float) -> Array:
    """Return the survival (trials,) at a time; nan where that lies beyond the last patient still followed."""
    before = (arm.time <= time).sum(axis=1)
    steps = np.hstack([np.ones((len(before), 1)), arm.survival])
    found = np.take_along_axis(steps, before[:, None], axis=1)[:, 0]
    unknown = (before == arm.time.shape[1]) & ~arm.event[:, -1]
    return np.where(unknown, np.nan, found)


def restricted_mean(arm: TrialArm, horizon: float) -> Array:
    """Return the area (trials,) under the curve up to a horizon; nan where the curve ends before it."""
    trials = arm.time.shape[0]
    ends = np.hstack([np.zeros((trials, 1)), np.minimum(arm.time, horizon), np.full((trials, 1), horizon)])
    steps = np.hstack([np.ones((trials, 1)), arm.survival])
    area = (np.diff(ends, axis=1) * steps).sum(axis=1)
    unknown = (arm.time[:, -1] < horizon) & ~arm.event[:, -1]
    return np.where(unknown, np.nan, area)


def log_hazard_ratio(arm: TrialArm, versus: TrialArm, start: float, end: float) -> Array:
    """Return the log hazard ratio (trials,) of a Cox model with the arm as its only covariate.

    Events after ``start`` and up to ``end`` count, with all patients at risk then: the
    partial likelihood of one period (Cox DR (1972), Journal of the Royal Statistical
    Society B 34: 187-202). Solved by Newton's method; nan where no finite ratio has the
    largest likelihood.
    """
    times = np.hstack([arm.time, versus.time])
    order = np.argsort(times, axis=1, kind="stable")
    time = np.take_along_axis(times, order, axis=1)
    event = np.take_along_axis(np.hstack([arm.event, versus.event]), order, axis=1)
    own = (order < arm.time.shape[1]).astype(np.float64)
    at_risk = arm.time.shape[1] - np.cumsum(own, axis=1) + own
    others = np.arange(time.shape[1], 0.0, -1.0) - at_risk
    counts = event & (time > start) & (time <= end)
    return _newton((own * counts).sum(axis=1), at_risk * counts, np.where(counts, others, 1.0))


def _newton(events: Array, at_risk: Array, others: Array) -> Array:
    """Solve events = sum of at_risk e^b / (at_risk e^b + others) for b, in every trial."""
    log_ratio = np.zeros(events.size)
    for _ in range(MOST_STEPS):
        weighted = at_risk * np.exp(log_ratio)[:, None]
        share = weighted / (weighted + others)
        expected = share.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            step = (events - expected) / (expected - np.einsum("ij,ij->i", share, share))
        step = np.clip(np.nan_to_num(step, posinf=LONGEST_STEP, neginf=-LONGEST_STEP), -LONGEST_STEP, LONGEST_STEP)
        log_ratio = log_ratio + np.where(np.abs(log_ratio) < LARGEST_LOG_RATIO, step, 0.0)
        if np.all((np.abs(step) < LAST_STEP) | (np.abs(log_ratio) >= LARGEST_LOG_RATIO)):
            break
    found = (np.abs(step) < LAST_STEP) & (np.abs(log_ratio) < LARGEST_LOG_RATIO) & at_risk.any(axis=1)
    return np.where(found, log_ratio, np.nan)


SIMULATED_KINDS = (MEDIAN, SURVIVAL, RESTRICTED_MEAN, HAZARD_RATIO)


def is_simulated(statistic: Statistic) -> bool:
    """Return whether simulated trials report a statistic: not external evidence, bounds, or effects of a model."""
    return statistic.kind in SIMULATED_KINDS and statistic.bound is None and not statistic.external


def arms_of(statistic: Statistic) -> tuple[str, ...]:
    """Return the arms whose patients a statistic was taken from."""
    return (statistic.strategy, statistic.versus) if statistic.versus else (statistic.strategy,)


def simulated_statistics(problem: FitProblem, coefficients: Array, trials: int, seed: int) -> Array:
    """Recompute the targets of a problem in simulated trials.

    Kaplan-Meier medians, survivals and restricted means; hazard ratios of a Cox model,
    over the whole follow-up or a period.

    Parameters
    ----------
    coefficients : array (p,)
        Joint coefficients of the curves from which the trials are simulated.
    trials : int
        Number of trials.
    seed : int
        Each arm has its own stream.

    Returns
    -------
    array (trials, J)
        On the targets' scales; nan where a trial cannot report one, and throughout for
        those that are not simulated.

    Raises
    ------
    SurvivalError
        Listing what is missing: the follow-up, the patients of each arm.
    """
    arms, follow_up = _arms(problem), _follow_up(problem)
    inverses = {arm: inverse_of(problem.curves, arm, coefficients, LATEST * follow_up) for arm in arms}
    result = np.full((trials, len(problem.targets)), np.nan)
    for block, first in enumerate(range(0, trials, BLOCK)):
        part = result[first : first + BLOCK]
        uniforms = {
            arm: block_uniforms(seed, f"trial.{problem.curves.endpoint}.{arm}", block, len(part), columns=2 * patients)
            for arm, patients in arms.items()
        }
        for start in range(0, len(part), TRIALS_AT_ONCE):
            rows = slice(start, start + TRIALS_AT_ONCE)
            simulated = {arm: simulate_arm(inverses[arm], follow_up, uniforms[arm][rows]) for arm in arms}
            for j, each in enumerate(problem.targets):
                if is_simulated(each.statistic):
                    part[rows, j] = _estimate(problem.curves, each.statistic, simulated)
    return np.where(np.isfinite(result), result, np.nan)


def _arms(problem: FitProblem) -> dict[str, int]:
    """Return the patients of each arm to simulate; raise for everything that is missing."""
    wanted = [each.statistic for each in problem.targets if is_simulated(each.statistic)]
    arms = dict.fromkeys(arm for each in wanted for arm in arms_of(each))
    endpoint, found = problem.curves.endpoint, []
    if arms and not (problem.follow_up is not None and problem.follow_up > 0.0):
        text = "simulating the trial needs its median follow-up. Give it in months."
        found.append(SurvivalError(f"{endpoint}: {text}", ["trial.median_follow_up"]))
    for arm in arms:
        if not problem.patients.get(arm, 0.0) >= 1.0:
            text = f"simulating the trial needs the number of patients of {arm}. Give it."
            found.append(SurvivalError(f"{endpoint}: {text}", [f"trial.patients.{arm}"]))
    raise_together(found)
    return {arm: round(problem.patients[arm]) for arm in arms}


def _follow_up(problem: FitProblem) -> float:
    return float("nan") if problem.follow_up is None else problem.follow_up


def _estimate(curves: EndpointCurves, statistic: Statistic, arms: Mapping[str, TrialArm]) -> Array:
    """Return a statistic (trials,) of the simulated arms on its scale."""
    arm, time = arms[statistic.strategy], statistic.time
    with np.errstate(divide="ignore"):
        if statistic.kind == MEDIAN:
            return np.asarray(np.log(median(arm)))
        if statistic.kind == RESTRICTED_MEAN:
            return restricted_mean(arm, np.inf if time is None else time)
        if statistic.kind == SURVIVAL:
            return np.asarray(np.log(-np.log(survival_at(arm, np.inf if time is None else time))))
    versus = statistic.versus or ""
    start, end = 0.0, np.inf
    if time is not None:
        starts = period_starts(curves, statistic.strategy, versus)
        start, end = time, (*starts, np.inf)[starts.index(time) + 1]
    return log_hazard_ratio(arm, arms[versus], start, end)


LARGEST_SHARE_MISSING = 0.5
FEWEST_TRIALS = 20
SLOPE_STEP = 1e-4


@dataclass(frozen=True)
class TrialBootstrap:
    """How the statistics of a fit vary together over simulated trials.

    Attributes
    ----------
    ids : tuple of str
        The J statistics used in the fit, in the order of the problem's targets.
    correlation : array (J, J)
        Correlation of the statistics on their scales, over the complete trials. Landmarks
        of an external study are correlated with one another (`same_study`). Any other
        statistic that is not simulated is independent: bounds, acceleration factors and
        odds ratios, and what fewer than half of the simulated trials could report.
    simulated : bool array (J,)
        Which statistics are.
    errors : array (J,)
        Standard deviation of each over the simulated trials, on its scale; nan where
        it is not simulated.
    effective_sizes : array (J,)
        The number of patients with whom the simulated standard error would be the
        reported one, (simulated SE / reported SE)^2 x patients (of both arms for a
        hazard ratio). Far from the trial's number, the reported interval and the fitted
        curve do not agree. nan where it is not simulated or no SE was reported.
    missing : array (J,)
        Share of the simulated trials that could not report it, for example because the
        median was not reached; nan where simulation was not tried.
    trials, complete : int
        Trials simulated, and those that could report every simulated statistic.
    """

    ids: tuple[str, ...]
    correlation: Array
    simulated: NDArray[np.bool_]
    errors: Array
    effective_sizes: Array
    missing: Array
    trials: int
    complete: int
    seed: int


@dataclass(frozen=True)
class TrialRefits:
    """Curves refitted to the statistics of simulated trials.

    Attributes
    ----------
    coefficients : array (B, p)
        Of the refits that settled.
    failures : int
        Refits that did not settle.
    incomplete : int
        Simulated trials that could not report every statistic, which were not refitted.
    """

    coefficients: Array
    failures: int
    incomplete: int
    trials: int
    seed: int


@dataclass(frozen=True)
class RestrictedMeanSpread:
    """Restricted means of an endpoint and how uncertain they are.

    Attributes
    ----------
    strategies : tuple of str
        S of them.
    means, errors : array (S,)
        Restricted mean and its standard error. [months]
    errors_of_differences : array (S, S)
        Standard error of the difference between each two strategies. [months]
    """

    strategies: tuple[str, ...]
    means: Array
    errors: Array
    errors_of_differences: Array


def bootstrap_trial(problem: FitProblem, coefficients: Array, trials: int, seed: int) -> TrialBootstrap:
    """Simulate the trial from fitted curves and correlate the statistics it reports.

    Every trial has the reported number of patients an arm, and potential follow-up that
    is uniform on [F/2, 3F/2], F being the median follow-up (see `simulate_arm`).

    Parameters
    ----------
    problem : FitProblem
        Its targets are the statistics; it must hold the follow-up and the patients of
        every arm that reports one.
    coefficients : array (p,)
        Joint coefficients of the fitted curves.
    trials : int
        Number of simulated trials.
    seed : int
        The same seed gives the same trials; more trials begin with the same ones.

    Raises
    ------
    SurvivalError
        If the follow-up or a number of patients is missing, or fewer than
        `FEWEST_TRIALS` simulated trials could report every statistic.
    """
    values = simulated_statistics(problem, coefficients, trials, seed)
    tried, simulated = _simulated(problem, values)
    complete = _complete(problem, values, simulated)
    correlation = same_study(problem)
    if simulated.any():
        correlation[np.ix_(simulated, simulated)] = correlation_of(complete)
    np.fill_diagonal(correlation, 1.0)
    errors = np.full(len(tried), np.nan)
    errors[simulated] = np.nanstd(values[:, simulated], axis=0, ddof=1)
    return TrialBootstrap(
        ids=tuple(each.statistic.id for each in problem.targets),
        correlation=correlation,
        simulated=simulated,
        errors=errors,
        effective_sizes=(errors / problem.errors) ** 2 * _sizes(problem),
        missing=np.where(tried, np.isnan(values).mean(axis=0), np.nan),
        trials=trials,
        complete=len(complete),
        seed=seed,
    )


def same_study(problem: FitProblem) -> Array:
    """Correlate the landmarks that one external study reports of one arm (J, J); all else is independent.

    Of a Kaplan-Meier curve ln S has independent increments (Greenwood 1926), so that with V the variance of ln S, which
    is (H s)^2 at H = -ln S with the standard error s of ln H, the correlation is sqrt(V1 / V2) of the earlier with the
    later. A weight divides both variances alike.
    """
    found = np.eye(len(problem.targets))
    stated = [(each.statistic, np.exp(each.y) * each.se) for each in problem.targets]
    for i, (one, first) in enumerate(stated):
        for j, (other, second) in enumerate(stated):
            same = one.study and (one.study, one.strategy) == (other.study, other.strategy)
            if i != j and same and one.kind == other.kind == SURVIVAL and min(first, second) > 0.0:
                found[i, j] = min(first, second) / max(first, second)
    return found


def correlation_of(values: Array) -> Array:
    """Return the correlation (J, J) of columns (trials, J), summed in the same order by any number of threads."""
    centred = values - values.mean(axis=0)
    products = np.asarray((centred[:, :, None] * centred[:, None, :]).sum(axis=0))
    scale = np.sqrt(np.diag(products))
    return np.asarray(products / np.outer(scale, scale))


def share_patients(problem: FitProblem) -> bool:
    """Return whether two statistics come from the same patients, so that their correlation matters."""
    mine = [set(arms_of(each.statistic)) for each in problem.targets if is_simulated(each.statistic)]
    pairs = any(one & other for k, one in enumerate(mine) for other in mine[:k])
    return pairs or bool((same_study(problem) != np.eye(len(problem.targets))).any())


def correlated_covariance(problem: FitProblem, coefficients: Array, bootstrap: TrialBootstrap) -> Array:
    """Compute the covariance (p, p) of the coefficients with the statistics correlated.

    A J'W (D R D) W J A with A = (J'WJ)^-1, W the inverse squared standard errors, D the
    standard errors (0 for fixed statistics) and R the correlation. The coefficients are
    those of the fit that takes the statistics as independent; only the spread changes.
    """
    residuals = Residuals(problem, problem.reported, problem.steps(coefficients))
    return sandwich(problem, residuals.slopes(coefficients), bootstrap.correlation)


def bootstrap_refits(problem: FitProblem, fitted: ReportedFit, trials: int, seed: int) -> TrialRefits:
    """Refit the curves to the statistics of simulated trials.

    Each refit has the reported values plus the deviation of one simulated trial from
    the mean of all, scaled to the reported standard errors. Statistics that are not
    simulated deviate independently (normal); fixed ones stay.

    Parameters
    ----------
    fitted : ReportedFit
        The fit from whose curves the trials are simulated, where each refit begins.
    """
    values = simulated_statistics(problem, fitted.coefficients, trials, seed)
    simulated = _simulated(problem, values)[1]
    complete = _complete(problem, values, simulated)
    deviations = _independent_normals(problem, len(complete), seed)
    deviations[:, simulated] = (complete - complete.mean(axis=0)) / complete.std(axis=0, ddof=1)
    free = np.array([not each.statistic.fixed for each in problem.targets])
    aims = problem.reported + np.where(free, deviations * problem.errors, 0.0)
    refits = [_refit(problem, y, fitted.coefficients) for y in aims]
    settled = [each for each in refits if each is not None]
    return TrialRefits(
        coefficients=np.array(settled).reshape(-1, fitted.coefficients.size),
        failures=len(refits) - len(settled),
        incomplete=trials - len(complete),
        trials=trials,
        seed=seed,
    )


def _simulated(problem: FitProblem, values: Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which statistics (J,) simulation was tried for, and which enough trials could report."""
    tried = np.array([is_simulated(each.statistic) for each in problem.targets])
    return tried, tried & (np.isnan(values).mean(axis=0) <= LARGEST_SHARE_MISSING)


def _complete(problem: FitProblem, values: Array, simulated: NDArray[np.bool_]) -> Array:
    """Return the rows of the trials that could report every simulated statistic, those columns only."""
    chosen = values[:, simulated]
    complete = chosen[~np.isnan(chosen).any(axis=1)]
    if len(complete) < FEWEST_TRIALS:
        share = np.where(simulated, np.isnan(values).mean(axis=0), 0.0)
        rarest = problem.targets[int(np.argmax(share))].statistic.id
        remedy = f", or do not use {rarest} in the fit, which is missing most often" if share.max() > 0.0 else ""
        raise SurvivalError(
            f"{problem.curves.endpoint}: only {len(complete)} of {len(values)} simulated trials could report every "
            f"statistic; at least {FEWEST_TRIALS} must. Simulate more trials{remedy}.",
            [rarest] if remedy else [],
        )
    return complete


def _sizes(problem: FitProblem) -> Array:
    """Return the patients (J,) of the arms that each statistic is about; nan where it has no SE of its own."""
    known = [has_error(each.statistic) for each in problem.targets]
    sizes = [sum(problem.patients.get(arm, np.nan) for arm in arms_of(each.statistic)) for each in problem.targets]
    return np.where(known, sizes, np.nan)


def _independent_normals(problem: FitProblem, trials: int, seed: int) -> Array:
    """Return standard normals (trials, J), a stream for each statistic."""
    normals = np.empty((trials, len(problem.targets)))
    for j, each in enumerate(problem.targets):
        for start in range(0, trials, BLOCK):
            count = min(BLOCK, trials - start)
            name = f"trial.{problem.curves.endpoint}.{each.statistic.id}"
            normals[start : start + count, j] = scipy.special.ndtri(
                block_uniforms(seed, name, start // BLOCK, count)[:, 0]
            )
    return normals


def _refit(problem: FitProblem, y: Array, start: Array) -> Array | None:
    """Return the coefficients fitted to y, or None where the fit does not settle."""
    try:
        return fit(problem, y=y, start=start).coefficients
    except (SurvivalError, np.linalg.LinAlgError):
        return None


def rmst_spread(curves: EndpointCurves, coefficients: Array, covariance: Array, horizon: float) -> RestrictedMeanSpread:
    """Compute the restricted means up to a horizon and their standard errors by the delta method.

    Called with either covariance of the coefficients it shows what the correlation of
    the statistics does to the quantity that the model uses.

    Parameters
    ----------
    horizon : float
        [months]
    """
    strategies = tuple(spec.strategy for spec in curves.specs)
    moves = SLOPE_STEP * np.eye(coefficients.size)
    points = np.concatenate([coefficients[None, :], coefficients + moves, coefficients - moves])
    means = np.array([curves.restricted_mean(each, horizon, points) for each in strategies])
    up, down = np.split(means[:, 1:], 2, axis=1)
    slopes = (up - down) / (2.0 * SLOPE_STEP)
    joint = slopes @ covariance @ slopes.T
    variance = np.diag(joint)
    differences = variance[:, None] + variance[None, :] - joint - joint.T
    return RestrictedMeanSpread(
        strategies=strategies,
        means=means[:, 0],
        errors=np.sqrt(np.maximum(variance, 0.0)),
        errors_of_differences=np.sqrt(np.maximum(differences, 0.0)),
    )
