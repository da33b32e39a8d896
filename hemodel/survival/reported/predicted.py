"""What a set of curves says about each reported statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, PROPORTIONAL_ODDS
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.hazard_ratios import (
    is_proportional,
    is_related,
    log_effect,
    log_hazard_ratio,
    log_period_ratio,
    period_starts,
)
from hemodel.survival.reported.statistics import (
    ACCELERATION_FACTOR,
    HAZARD_RATIO,
    MEDIAN,
    ODDS_RATIO,
    RATIOS,
    RESTRICTED_MEAN,
    SURVIVAL,
    matched,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.reported.statistics import Statistic, Target

EFFECTS = {ACCELERATION_FACTOR: ACCELERATED_FAILURE_TIME, ODDS_RATIO: PROPORTIONAL_ODDS}


def model_values(
    curves: EndpointCurves,
    targets: Sequence[Target],
    coefficients: Array,
    follow_up: float | None,
    patients: Mapping[str, float],
) -> Array:
    """Compute the model's value of each of J targets of curves, on the target's scale.

    Parameters
    ----------
    coefficients : array (p,) or (draws, p)
        Joint coefficients.
    follow_up : float or None
        Median follow-up of the trial. [months]
    patients : mapping of str to float
        Patients by strategy, the weights of a hazard ratio's two arms.

    Returns
    -------
    array (J,) or (draws, J)
        ``inf`` for a median that is never reached.

    Raises
    ------
    SurvivalError
        Where the curves have no such value; see `obstacle`.
    """
    draws = np.atleast_2d(coefficients)
    result = np.empty((draws.shape[0], len(targets)))
    statistics = [matched(each.statistic) for each in targets]
    _fill_survivals(curves, statistics, draws, result)
    for j, statistic in enumerate(statistics):
        if statistic.kind == MEDIAN:
            result[:, j] = _log_median(curves, statistic.strategy, draws)
        elif statistic.kind == RESTRICTED_MEAN:
            result[:, j] = curves.restricted_mean(statistic.strategy, statistic.time or np.nan, draws)
        elif statistic.kind in RATIOS:
            check_possible(curves, statistic, follow_up)
            result[:, j] = _log_ratio(curves, statistic, draws, follow_up, patients)
    return result if np.ndim(coefficients) > 1 else result[0]


def obstacle(curves: EndpointCurves, statistic: Statistic, follow_up: float | None) -> str | None:
    """Return why the curves have no value of a ratio, and what would give one; None where they have."""
    pair = statistic.strategy, statistic.versus or ""
    if statistic.kind in EFFECTS and not is_related(curves, EFFECTS[statistic.kind], *pair):
        return (
            f"{RATIOS[statistic.kind]} of {pair[0]} versus {pair[1]} says something only about curves with "
            f"relation {EFFECTS[statistic.kind]}. Give that relation to {pair[0]}, with {pair[1]} as its "
            "reference, or do not use the statistic in the fit."
        )
    if statistic.kind != HAZARD_RATIO:
        return None
    if statistic.time is not None:
        return _period_obstacle(curves, statistic)
    if is_proportional(curves, *pair) or (follow_up is not None and follow_up > 0.0):
        return None
    return (
        f"the curves of {pair[0]} and {pair[1]} are not proportional, so their hazard ratio is an average over "
        "the trial's median follow-up, which is needed. Give it in months, or choose relation proportional_hazards."
    )


def _period_obstacle(curves: EndpointCurves, statistic: Statistic) -> str | None:
    starts = period_starts(curves, statistic.strategy, statistic.versus or "")
    if statistic.time in starts:
        return None
    if starts:
        listed = ", ".join(f"{start:g}" for start in starts)
        return f"no period of the hazard ratio begins at {statistic.time:g}. Periods begin at {listed}."
    return (
        f"the hazard ratio of a period, from {statistic.time:g}, needs a curve with relation "
        f"hazard_ratio_by_period. Give that relation to {statistic.strategy}, with {statistic.versus} as its "
        "reference, or leave time empty for the hazard ratio of the whole follow-up."
    )


def check_possible(curves: EndpointCurves, statistic: Statistic, follow_up: float | None) -> None:
    """Raise if the curves have no value of a statistic."""
    text = obstacle(curves, statistic, follow_up)
    if text is not None:
        raise SurvivalError(f"{statistic.id}: {text}", [statistic.id])


def _log_ratio(
    curves: EndpointCurves,
    statistic: Statistic,
    coefficients: Array,
    follow_up: float | None,
    patients: Mapping[str, float],
) -> Array:
    pair = statistic.strategy, statistic.versus or ""
    if statistic.kind in EFFECTS:
        return log_effect(curves, EFFECTS[statistic.kind], *pair, coefficients)
    if statistic.time is not None:
        return log_period_ratio(curves, *pair, statistic.time, coefficients)
    return log_hazard_ratio(curves, *pair, coefficients, follow_up, patients)


def _log_median(curves: EndpointCurves, strategy: str, coefficients: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(curves.quantile(strategy, 0.5, coefficients)))


def _fill_survivals(
    curves: EndpointCurves, statistics: Sequence[Statistic], coefficients: Array, result: Array
) -> None:
    """Fill the columns of all survivals, one call of each strategy's curve."""
    wanted = [(j, each) for j, each in enumerate(statistics) if each.kind == SURVIVAL]
    for strategy in dict.fromkeys(each.strategy for _, each in wanted):
        mine = [(j, each.time) for j, each in wanted if each.strategy == strategy]
        times = np.array([time for _, time in mine], dtype=np.float64)
        with np.errstate(divide="ignore"):
            values = np.log(curves.cumulative_hazard(strategy, times, coefficients))
        result[:, [j for j, _ in mine]] = values
