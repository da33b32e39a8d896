"""Evidence pack: what was observed and reported of an endpoint, without any family of curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.evidence import (
    FollowUp,
    Interval,
    LogCumulativeHazard,
    ObservedCurve,
    ReportedPoint,
)
from hemodel.survival.endpoint_fit import DIGITISED
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.data import pooled
from hemodel.survival.patients.hazards import log_cumulative_hazard_points, smoothed_hazard
from hemodel.survival.patients.kaplan_meier import kaplan_meier, reverse
from hemodel.survival.reported.statistics import MEDIAN, SURVIVAL, Statistic, bounds, has_error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.inputs.rows import Row
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.hazards import SmoothedHazard

ROUND_STEPS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 60.0, 84.0, 120.0)
MOST_ROUND_TIMES = 8
SMOOTHED_POINTS = 101
FOLLOW_UP = "trial.median_follow_up"


def patients_of(fit: EndpointFit) -> dict[str, PatientData]:
    """Return the patients of every strategy that has them, rebuilt ones among them."""
    return {strategy: source.data for strategy, source in fit.sources.items() if source.data is not None}


def observed_curves(fit: EndpointFit) -> dict[str, ObservedCurve]:
    """Return the Kaplan-Meier curve of every strategy with patients or a digitised curve."""
    return {
        strategy: _observed(strategy, data, digitised=fit.sources[strategy].kind == DIGITISED)
        for strategy, data in patients_of(fit).items()
    }


def _observed(strategy: str, data: PatientData, *, digitised: bool) -> ObservedCurve:
    curve = kaplan_meier(data)
    round_ = round_times(float(curve.times[-1]))
    return ObservedCurve(
        strategy=strategy,
        digitised=digitised,
        times=np.concatenate([[0.0], curve.times]),
        survival=np.concatenate([[1.0], curve.survival]),
        low=np.concatenate([[1.0], curve.low]),
        high=np.concatenate([[1.0], curve.high]),
        at_risk_times=round_,
        at_risk=curve.numbers_at_risk(round_),
        patients=float(data.weight.sum()),
        events=float(curve.events.sum()),
        censored=float(curve.censored.sum()),
        median=Interval(*curve.median()),
    )


def round_times(last: float) -> Array:
    """Return at most 8 round times in months from 0 to a last time, the finest of `ROUND_STEPS` that gives so few."""
    step = next((step for step in ROUND_STEPS if last < MOST_ROUND_TIMES * step), last / (MOST_ROUND_TIMES - 1))
    return step * np.arange(np.floor(last / step) + 1.0)


def smoothed_hazards(fit: EndpointFit) -> dict[str, SmoothedHazard]:
    """Return the kernel-smoothed hazard of every strategy with patients, from time 0 to its last time."""
    return {
        strategy: smoothed_hazard(data, np.linspace(0.0, data.time.max(), SMOOTHED_POINTS))
        for strategy, data in patients_of(fit).items()
    }


def reported_points(statistics: Iterable[Statistic], rows: Mapping[str, Row]) -> tuple[ReportedPoint, ...]:
    """Return the trial's medians and landmark survivals as points of the curves, bounds among them."""
    found = []
    for each in statistics:
        if each.external or each.kind not in {MEDIAN, SURVIVAL}:
            continue
        low, high = interval(each)
        is_median = each.kind == MEDIAN
        found.append(
            ReportedPoint(
                id=each.id,
                label=label(rows, each.id),
                strategy=each.strategy,
                kind=each.kind,
                time=each.value if is_median else each.time or float("nan"),
                survival=0.5 if is_median else each.value,
                low=low,
                high=high,
                bound=each.bound,
                used=each.used,
            )
        )
    return tuple(found)


def interval(statistic: Statistic) -> tuple[float, float] | tuple[None, None]:
    """Return the 95% interval of a statistic, reported or from its standard error, else None twice."""
    if statistic.bound is not None or not has_error(statistic):
        return None, None
    try:
        return bounds(statistic)
    except SurvivalError:
        return None, None


def label(rows: Mapping[str, Row], id_: str) -> str:
    """Return the label of a row, or that of its kind."""
    return rows[id_].label or rows[id_].kind.label


def follow_up(fits: Iterable[EndpointFit], rows: Mapping[str, Row]) -> FollowUp:
    """Return how long the patients of some endpoints were observed.

    It is the reported median follow-up; else the reverse Kaplan-Meier median of all
    patients of the first endpoint that has some (Schemper M, Smith TL (1996), Controlled
    Clinical Trials 17: 343-346), or their last time where that median is not reached.
    """
    row = rows.get(FOLLOW_UP)
    reported = row.number if row is not None and row.value is not None else None
    data = next((found for fit in fits if (found := patients_of(fit))), {})
    medians = {strategy: reverse_median(some) for strategy, some in data.items()}
    last = {strategy: float(some.time.max()) for strategy, some in data.items()}
    if reported is not None:
        return FollowUp(reported, "Reported median follow-up of the trial.", reported, medians, last)
    if not data:
        return FollowUp(None, "The follow-up is not known: it is not reported and there are no patients.", None, {}, {})
    median = reverse_median(pooled(list(data.values())))
    if np.isfinite(median):
        return FollowUp(median, "Median of the reverse Kaplan-Meier curve of all patients.", None, medians, last)
    basis = "Last time observed; the reverse Kaplan-Meier curve does not reach its median."
    return FollowUp(max(last.values()), basis, None, medians, last)


def reverse_median(data: PatientData) -> float:
    """Return the median of the reverse Kaplan-Meier curve; ``inf`` where it is not reached or there is no curve."""
    try:
        return kaplan_meier(reverse(data)).median()[0]
    except SurvivalError:
        return float("inf")


def log_cumulative_hazards(fit: EndpointFit, points: Iterable[ReportedPoint]) -> dict[str, LogCumulativeHazard]:
    """Return log cumulative hazard against log time: of patients, else of the reported points that are no bounds."""
    found = {}
    reported = [each for each in points if each.bound is None]
    for strategy in fit.sources:
        data = fit.sources[strategy].data
        if data is not None:
            found[strategy] = LogCumulativeHazard(strategy, *log_cumulative_hazard_points(data))
            continue
        mine = sorted((each.time, each.survival) for each in reported if each.strategy == strategy)
        if mine:
            time, survival = np.array(mine).T
            found[strategy] = LogCumulativeHazard(strategy, np.log(time), np.log(-np.log(survival)))
    return found
