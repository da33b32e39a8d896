"""What a set of curves says about each reported statistic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.hazard_ratios import is_proportional, log_hazard_ratio
from hemodel.survival.reported.statistics import HAZARD_RATIO, MEDIAN, SURVIVAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.reported.statistics import Statistic, Target


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
        For a hazard ratio of curves that are not proportional without a follow-up.
    """
    draws = np.atleast_2d(coefficients)
    result = np.empty((draws.shape[0], len(targets)))
    statistics = [each.statistic for each in targets]
    _fill_survivals(curves, statistics, draws, result)
    for j, statistic in enumerate(statistics):
        if statistic.kind == MEDIAN:
            result[:, j] = _log_median(curves, statistic.strategy, draws)
        elif statistic.kind == HAZARD_RATIO:
            check_follow_up(curves, statistic, follow_up)
            pair = statistic.strategy, statistic.versus or ""
            result[:, j] = log_hazard_ratio(curves, *pair, draws, follow_up, patients)
    return result if np.ndim(coefficients) > 1 else result[0]


def lacks_follow_up(curves: EndpointCurves, statistic: Statistic, follow_up: float | None) -> bool:
    """Return whether a statistic is an average hazard ratio without a span to average over."""
    if statistic.kind != HAZARD_RATIO:
        return False
    if is_proportional(curves, statistic.strategy, statistic.versus or ""):
        return False
    return follow_up is None or not follow_up > 0.0


def check_follow_up(curves: EndpointCurves, statistic: Statistic, follow_up: float | None) -> None:
    """Raise if a hazard ratio needs a follow-up over which to average and has none."""
    if lacks_follow_up(curves, statistic, follow_up):
        raise SurvivalError(
            f"{statistic.id}: the curves of {statistic.strategy} and {statistic.versus} are not "
            "proportional, so their hazard ratio is an average over the trial's median follow-up, "
            "which is needed. Give it in months, or choose relation proportional_hazards.",
            [statistic.id],
        )


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
