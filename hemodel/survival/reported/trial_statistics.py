"""The statistics of a fit, recomputed in trials simulated from its curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.parameters import BLOCK, block_uniforms
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.reported.hazard_ratios import period_starts
from hemodel.survival.reported.simulated_trials import (
    log_hazard_ratio,
    median,
    restricted_mean,
    simulate_arm,
    survival_at,
)
from hemodel.survival.reported.statistics import HAZARD_RATIO, MEDIAN, RESTRICTED_MEAN, SURVIVAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.reported.problem import FitProblem
    from hemodel.survival.reported.simulated_trials import Arm
    from hemodel.survival.reported.statistics import Statistic

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
    statistics = [each.statistic for each in problem.targets]
    arms, follow_up = _arms(problem), _follow_up(problem)
    result = np.full((trials, len(statistics)), np.nan)
    for block, start in enumerate(range(0, trials, BLOCK)):
        rows = slice(start, min(start + BLOCK, trials))
        simulated = {}
        for strategy, patients in arms.items():
            name = f"trial.{problem.curves.endpoint}.{strategy}"
            uniforms = block_uniforms(seed, name, block, rows.stop - start, columns=2 * patients)
            simulated[strategy] = simulate_arm(problem.curves, strategy, coefficients, follow_up, uniforms)
        for j, statistic in enumerate(statistics):
            if is_simulated(statistic):
                result[rows, j] = _estimate(problem.curves, statistic, simulated)
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


def _estimate(curves: EndpointCurves, statistic: Statistic, arms: Mapping[str, Arm]) -> Array:
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
