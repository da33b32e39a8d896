"""The correlation of statistics that were taken from the same patients.

A fit to reported statistics takes them as independent. Statistics of one trial are
not: a longer median comes with a higher survival at 12 months and a lower hazard ratio.
The trial is simulated many times from the fitted curves (parametric bootstrap: Efron B,
Tibshirani RJ (1993), An Introduction to the Bootstrap, section 6.5), every simulated
trial reports the same statistics, and their correlation is used with the reported
standard errors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from hemodel.parameters import BLOCK, block_uniforms
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.fitting import fit, sandwich
from hemodel.survival.reported.residuals import Residuals
from hemodel.survival.reported.statistics import has_error
from hemodel.survival.reported.trial_statistics import arms_of, is_simulated, simulated_statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.reported.fitting import ReportedFit
    from hemodel.survival.reported.problem import FitProblem

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
        Correlation of the statistics on their scales, over the complete trials. A
        statistic that is not simulated is independent of the others: external evidence,
        bounds, acceleration factors and odds ratios, and what fewer than half of the
        simulated trials could report.
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
    seed : int
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
    trials, seed : int
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
    correlation = np.eye(len(tried))
    if simulated.any():
        correlation[np.ix_(simulated, simulated)] = np.corrcoef(complete, rowvar=False)
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
            normals[start : start + count, j] = ndtri(block_uniforms(seed, name, start // BLOCK, count)[:, 0])
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
    coefficients : array (p,)
    covariance : array (p, p)
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
