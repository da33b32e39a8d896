"""From an evidence pack to the contents of evidence.json."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hemodel.inputs.changes import ChangeEntry
from hemodel.records.evidence import (
    SCHEMA_VERSION,
    BeyondEntry,
    ComparisonEntry,
    CurveEntry,
    EndpointEntry,
    Evidence,
    ExternalEntry,
    FamilyEntry,
    FollowUpEntry,
    IntervalEntry,
    LogCumulativeEntry,
    Numbers,
    ObservedEntry,
    PointEntry,
    PostProgressionEntry,
    QuantilesEntry,
    ResidualsEntry,
    SmoothedEntry,
    SpreadEntry,
    StatisticsEntry,
    TestEntry,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.evidence import records as pack_of
    from hemodel.inputs.changes import Change
    from hemodel.model.evaluate import Model
    from hemodel.survival.family import Array
    from hemodel.survival.patients.proportionality import ChiSquaredTest


def evidence_document(model: Model, pack: pack_of.EvidencePack, seed: int) -> Evidence:
    """Return an evidence pack in the shape of evidence.json.

    Parameters
    ----------
    model : Model
        Whose curves the pack is on.
    pack : EvidencePack
    seed : int
        With which the pack was made.
    """
    return Evidence(
        schema_version=SCHEMA_VERSION,
        title=pack.title,
        seed=seed,
        strategies=dict(pack.strategies),
        follow_up=_finite(pack.follow_up),
        horizon=pack.horizon,
        changes=[_change(change) for change in model.inputs.changes],
        endpoints={name: _endpoint(found) for name, found in pack.endpoints.items()},
        death_after_progression={s: _post_progression(found) for s, found in pack.post_progression.items()},
        beyond_follow_up=None if pack.beyond_follow_up is None else _beyond(pack.beyond_follow_up),
    )


def _finite(value: float | None) -> float | None:
    return float(value) if value is not None and math.isfinite(value) else None


def _numbers(values: Array) -> Numbers:
    return [_finite(value) for value in np.asarray(values, dtype=np.float64).tolist()]


def _interval(found: pack_of.Interval) -> IntervalEntry:
    return IntervalEntry(value=_finite(found.value), low=_finite(found.low), high=_finite(found.high))


def _change(change: Change) -> ChangeEntry:
    old, new = (
        None if v is None else v if isinstance(v, (int, float)) else str(v) for v in (change.expected, change.value)
    )
    return ChangeEntry(id=change.id, old=old, new=new, origin=change.origin)


def _endpoint(found: pack_of.EndpointEvidence) -> EndpointEntry:
    return EndpointEntry(
        sources=dict(found.sources),
        observed={s: _observed(curve) for s, curve in found.observed.items()},
        points=[PointEntry(**vars(point)) for point in found.points],
        external=[_external(landmark) for landmark in found.external],
        follow_up=_follow_up(found.follow_up),
        smoothed={
            s: SmoothedEntry(
                times=_numbers(smooth.times),
                hazard=_numbers(smooth.hazard),
                low=_numbers(smooth.low),
                high=_numbers(smooth.high),
                bandwidth=smooth.bandwidth,
            )
            for s, smooth in found.smoothed.items()
        },
        months=_numbers(found.months),
        background_hazard=None if found.background_hazard is None else _numbers(found.background_hazard),
        log_cumulative_hazard={
            s: LogCumulativeEntry(log_time=_numbers(each.log_time), log_hazard=_numbers(each.log_hazard))
            for s, each in found.log_cumulative_hazard.items()
        },
        comparisons=[_comparison(each) for each in found.comparisons],
        comparisons_note=found.comparisons_note,
        families=[_family(each) for each in found.families],
        statistics=None if found.statistics is None else _statistics(found.statistics),
        statistics_note=found.statistics_note,
    )


def _observed(found: pack_of.ObservedCurve) -> ObservedEntry:
    return ObservedEntry(
        digitised=found.digitised,
        times=_numbers(found.times),
        survival=_numbers(found.survival),
        low=_numbers(found.low),
        high=_numbers(found.high),
        at_risk_times=_numbers(found.at_risk_times),
        at_risk=_numbers(found.at_risk),
        patients=found.patients,
        events=found.events,
        censored=found.censored,
        median=_interval(found.median),
    )


def _external(found: pack_of.ExternalLandmark) -> ExternalEntry:
    given = {**vars(found), "survival": _interval(found.survival), "by_family": dict(found.by_family)}
    return ExternalEntry(**given)


def _follow_up(found: pack_of.FollowUp) -> FollowUpEntry:
    return FollowUpEntry(
        months=_finite(found.months),
        basis=found.basis,
        reported=_finite(found.reported),
        reverse_median={s: _finite(value) for s, value in found.reverse_median.items()},
        last=dict(found.last),
    )


def _test(found: ChiSquaredTest) -> TestEntry:
    return TestEntry(statistic=found.statistic, degrees_of_freedom=found.degrees_of_freedom, p_value=found.p_value)


def _comparison(found: pack_of.Comparison) -> ComparisonEntry:
    residuals, quantiles, shared = found.schoenfeld, found.quantiles, found.acceleration
    factor = None
    if shared is not None:
        log = shared.log_acceleration_factor
        factor = IntervalEntry(value=math.exp(log.value), low=math.exp(log.low), high=math.exp(log.high))
    return ComparisonEntry(
        reference=found.reference,
        strategy=found.strategy,
        hazard_ratio=None if found.hazard_ratio is None else _interval(found.hazard_ratio),
        proportional_hazards=None if found.proportionality is None else _test(found.proportionality),
        schoenfeld=None
        if residuals is None
        else ResidualsEntry(time=_numbers(residuals.time), value=_numbers(residuals.value)),
        quantiles=None
        if quantiles is None
        else QuantilesEntry(
            share=_numbers(quantiles.share),
            reference=_numbers(quantiles.reference),
            strategy=_numbers(quantiles.strategy),
            slope=quantiles.slope,
        ),
        acceleration_factor=factor,
        constant_acceleration=None if shared is None else _test(shared.test),
        notes=list(found.notes),
    )


def _family(found: pack_of.FamilyEvidence) -> FamilyEntry:
    return FamilyEntry(
        family=found.family,
        in_use=found.in_use,
        fitted=found.fit is not None,
        reason=found.reason,
        place=found.place,
        criterion_rank=found.criterion_rank,
        criterion_name=found.criterion_name,
        criterion=_finite(found.criterion),
        weight=_finite(found.weight),
        aic=_finite(found.aic),
        aicc=_finite(found.aicc),
        bic=_finite(found.bic),
        bic_events=_finite(found.bic_events),
        largest_z=_finite(found.largest_z),
        names=list(found.names),
        coefficients=_numbers(found.coefficients),
        errors=_numbers(found.errors),
        covariance=[_numbers(row) for row in found.covariance],
        curves={s: _curve(curve) for s, curve in found.curves.items()},
        concerns=list(found.concerns),
        notes=list(found.notes),
    )


def _curve(found: pack_of.FittedCurve) -> CurveEntry:
    return CurveEntry(
        family=found.family,
        relation=found.relation,
        median=_interval(found.median),
        restricted_mean=_interval(found.restricted_mean),
        mean=_finite(found.mean),
        survival_by_year={str(year): _interval(value) for year, value in found.survival.items()},
        at_horizon=found.at_horizon,
        beyond_follow_up=_finite(found.beyond_follow_up),
        survival=_numbers(found.on_grid),
        hazard=_numbers(found.hazard),
    )


def _statistics(found: pack_of.StatisticsEvidence) -> StatisticsEntry:
    spread = found.spread
    columns = [_numbers(v) for v in (spread.means, spread.independent, spread.correlated, spread.ratio)]
    return StatisticsEntry(
        ids=list(found.ids),
        labels=list(found.labels),
        correlation=[_numbers(row) for row in found.correlation],
        simulated=[bool(each) for each in found.simulated],
        effective_sizes=_numbers(found.effective_sizes),
        patients=_numbers(found.patients),
        missing=_numbers(found.missing),
        trials=found.trials,
        complete=found.complete,
        spread=[
            SpreadEntry(label=label, mean=mean, independent=alone, correlated=together, ratio=ratio)
            for label, mean, alone, together, ratio in zip(spread.labels, *columns, strict=True)
        ],
        used=found.used,
    )


def _post_progression(found: pack_of.PostProgression) -> PostProgressionEntry:
    return PostProgressionEntry(
        share_deaths=found.share_deaths,
        months=_numbers(found.months),
        hazard=_numbers(found.hazard),
        background=None if found.background is None else _numbers(found.background),
        months_below=list(found.months_below),
        months_negative=list(found.months_negative),
        finding=found.finding,
    )


def _beyond(found: pack_of.BeyondFollowUp) -> BeyondEntry:
    def all_finite(values: Mapping[str, float]) -> dict[str, float | None]:
        return {s: _finite(value) for s, value in values.items()}

    return BeyondEntry(
        follow_up=found.follow_up,
        life_years=dict(found.life_years),
        qalys=dict(found.qalys),
        incremental_life_years=all_finite(found.incremental_life_years),
        incremental_qalys=all_finite(found.incremental_qalys),
    )
