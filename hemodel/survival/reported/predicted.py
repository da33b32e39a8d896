"""What a set of curves says about each reported statistic.

Ratios between two curves: an effect of the model itself, or an average hazard ratio.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    HAZARD_RATIO_BY_PERIOD,
    INDEPENDENT,
    PROPORTIONAL_HAZARDS,
    PROPORTIONAL_ODDS,
)
from hemodel.survival.errors import SurvivalError
from hemodel.survival.family import unit_interval
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


QUADRATURE_STEP = 1.0 / 32.0


def is_proportional(curves: EndpointCurves, strategy: str, versus: str) -> bool:
    """Return whether the curves of two strategies are proportional by construction."""
    return is_related(curves, PROPORTIONAL_HAZARDS, strategy, versus)


def is_related(curves: EndpointCurves, relation: str, strategy: str, versus: str) -> bool:
    """Return whether two curves are one curve and its effect, or two effects of a relation on one curve."""
    return _base(curves, relation, strategy) == _base(curves, relation, versus)


def _base(curves: EndpointCurves, relation: str, strategy: str) -> tuple[str, str | None]:
    """Return the curve on which an effect of this relation acts; a curve without one is its own."""
    spec = curves.spec(strategy)
    if spec.relation == relation:
        return INDEPENDENT, spec.reference
    return spec.relation, strategy


def log_effect(curves: EndpointCurves, relation: str, strategy: str, versus: str, coefficients: Array) -> Array:
    """Return the log effect (draws,) between two curves that are related, from the coefficients (draws, p)."""
    return _own_effect(curves, relation, strategy, coefficients) - _own_effect(curves, relation, versus, coefficients)


def _own_effect(curves: EndpointCurves, relation: str, strategy: str, coefficients: Array) -> Array:
    if curves.spec(strategy).relation == relation:
        return coefficients[:, curves.columns[strategy]][:, 0]
    return np.zeros(coefficients.shape[0])


def period_starts(curves: EndpointCurves, strategy: str, versus: str) -> tuple[float, ...]:
    """Return where the periods of the hazard ratio of two strategies begin, in months.

    Empty where the curve of the one does not act on that of the other by period.
    """
    for own, reference in ((strategy, versus), (versus, strategy)):
        spec = curves.spec(own)
        if spec.relation == HAZARD_RATIO_BY_PERIOD and spec.reference == reference:
            return (0.0, *spec.cuts)
    return ()


def log_period_ratio(curves: EndpointCurves, strategy: str, versus: str, start: float, coefficients: Array) -> Array:
    """Return the log hazard ratio (draws,) of the period that begins at ``start``."""
    period = period_starts(curves, strategy, versus).index(start)
    if curves.spec(strategy).relation == HAZARD_RATIO_BY_PERIOD:
        return coefficients[:, curves.columns[strategy]][:, period]
    return -coefficients[:, curves.columns[versus]][:, period]


def log_hazard_ratio(
    curves: EndpointCurves,
    strategy: str,
    versus: str,
    coefficients: Array,
    follow_up: float | None,
    patients: Mapping[str, float],
) -> Array:
    """Compute the average log hazard ratio of two strategies over the follow-up.

    Proportional curves give the coefficient itself. Otherwise log(h1 / h0) is averaged
    over [0, follow_up] with weight n1 f1 + n0 f0, the expected events of both arms
    (equal arms unless the number of patients is known for both), by double-exponential
    quadrature (error below 1e-9) between the kinks of the curves.

    Parameters
    ----------
    coefficients : array (draws, p)
        Joint coefficients.
    follow_up : float or None
        Median follow-up; may be None for proportional curves only. [months]
    """
    if is_proportional(curves, strategy, versus):
        return log_effect(curves, PROPORTIONAL_HAZARDS, strategy, versus, coefficients)
    known = strategy in patients and versus in patients
    sizes = {arm: patients[arm] if known else 1.0 for arm in (strategy, versus)}
    return _average(curves, sizes, coefficients, np.float64(follow_up or np.nan))


def _average(curves: EndpointCurves, sizes: Mapping[str, float], coefficients: Array, follow_up: np.float64) -> Array:
    """Average log(h1 / h0) over the follow-up; ``sizes`` holds arm 1, then arm 0."""
    log_t, weights = _nodes(curves, sizes, follow_up)
    t = np.exp(log_t)
    logs, density = [], np.zeros((coefficients.shape[0], t.size))
    for arm, patients in sizes.items():
        cumulative = curves.cumulative_hazard(arm, t, coefficients, log_t=log_t)
        log_hazard = curves.log_hazard(arm, t, coefficients, log_t=log_t, cumulative=cumulative)
        density += patients * np.exp(log_hazard - cumulative)
        logs.append(log_hazard)
    density *= weights
    return np.asarray((density * (logs[0] - logs[1])).sum(axis=1) / density.sum(axis=1))


def _nodes(curves: EndpointCurves, arms: Mapping[str, float], follow_up: np.float64) -> tuple[Array, Array]:
    """Return log times and weights, up to a factor, of an integral over the follow-up in pieces."""
    log_nodes, weights = unit_interval(QUADRATURE_STEP)
    kinks = {kink for arm in arms for kink in curves.kinks(arm) if 0.0 < kink < follow_up}
    ends = [*sorted(kinks), follow_up]
    log_t, scaled = [log_nodes + np.log(ends[0])], [weights * (ends[0] / follow_up)]
    for start, end in pairwise(ends):
        log_t.append(np.log(start + (end - start) * np.exp(log_nodes)))
        scaled.append(weights * ((end - start) / follow_up))
    return np.concatenate(log_t), np.concatenate(scaled)


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
