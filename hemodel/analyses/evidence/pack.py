"""The evidence pack: everything that helps to judge the curves of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.evidence.data import (
    beyond_follow_up,
    comparisons,
    follow_up,
    interval,
    label,
    log_cumulative_hazards,
    observed_curves,
    post_progression,
    reported_points,
    smoothed_hazards,
    statistics_evidence,
)
from hemodel.analyses.evidence.families import PROGRESSION_FREE, Setting, tried_families
from hemodel.analyses.evidence.records import (
    SCHEMA_VERSION,
    EndpointEvidence,
    Evidence,
    EvidencePack,
    ExternalLandmark,
    interval_of,
)
from hemodel.inputs.changes import change_entry
from hemodel.survival.reported.statistics import SURVIVAL
from hemodel.survival.workbook.background import FLOOR, OVERALL_SURVIVAL, population
from hemodel.survival.workbook.curves import statistics
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.inputs.rows import Row
    from hemodel.model.evaluate import Model
    from hemodel.survival.effects.life_tables import Background
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array
    from hemodel.survival.reported.statistics import Statistic


FINE_MONTHS, STEPS_PER_MONTH = 60.0, 4
OTHER = {PROGRESSION_FREE: OVERALL_SURVIVAL, OVERALL_SURVIVAL: PROGRESSION_FREE}


def evidence_pack(model: Model, *, seed: int) -> EvidencePack:
    """Gather the evidence on all curves of a model.

    Parameters
    ----------
    model : Model
        Loaded, with its curves fitted.
    seed : int
        Of the draws of coefficients and the simulated trials; the same seed gives the same
        pack.

    Returns
    -------
    EvidencePack
        See there; the order of families is explained in `tried_families`.
    """
    inputs = model.inputs
    horizon = inputs.settings.time_horizon * MONTHS_PER_YEAR
    people = population(inputs)
    endpoints = sorted(model.fits, key=lambda endpoint: [*OTHER, endpoint].index(endpoint))
    overall_first = [model.fits[each] for each in dict.fromkeys((OVERALL_SURVIVAL, *endpoints))]
    followed = follow_up(overall_first, inputs.rows).months
    found = {endpoint: endpoint_evidence(model, endpoint, people, seed=seed) for endpoint in endpoints}
    evidence = Evidence(
        schema_version=SCHEMA_VERSION,
        title=inputs.settings.title,
        seed=seed,
        strategies={strategy.id: strategy.name for strategy in inputs.strategies},
        follow_up=followed,
        horizon=horizon,
        changes=[change_entry(change) for change in inputs.changes],
        endpoints={endpoint: own for endpoint, (own, _) in found.items()},
        death_after_progression={s: post_progression(model, s, people) for s in model.strategies},
        beyond_follow_up=None if followed is None else beyond_follow_up(model, followed),
    )
    return EvidencePack(evidence, {endpoint: fits for endpoint, (_, fits) in found.items()})


def endpoint_evidence(
    model: Model, endpoint: str, people: Background | None, *, seed: int
) -> tuple[EndpointEvidence, dict[str, EndpointFit]]:
    """Gather the evidence on the curves of one endpoint, and the fits by family.

    `people` is the population's mortality, where it is set.
    """
    fit, rows = model.fits[endpoint], model.inputs.rows
    horizon = model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    months = grid(horizon)
    reported = statistics(rows, endpoint)
    points = reported_points(reported, rows)
    external = tuple(each for each in reported if each.external and each.strategy in fit.sources)
    followed = follow_up([fit], rows)
    setting = Setting(
        endpoint=endpoint,
        horizon=horizon,
        months=months,
        background=None if people is None else people.hazard(months),
        floor=rows["background.method"].text == FLOOR,
        external=external,
        cycles=cycles_within(model, horizon),
        other=_other(model, endpoint, cycles_within(model, horizon)),
    )
    families, fits = tried_families(model, setting, seed, followed.months)
    tests, note = comparisons(fit, model.strategies[0])
    simulated, why_not = statistics_evidence(model, endpoint, horizon)
    return EndpointEvidence(
        sources={strategy: source.kind for strategy, source in fit.sources.items()},
        observed=observed_curves(fit),
        points=points,
        external=external_landmarks(external, rows, fits),
        follow_up=followed,
        smoothed=smoothed_hazards(fit),
        months=months,
        background_hazard=setting.background,
        log_cumulative_hazard=log_cumulative_hazards(fit, points),
        comparisons=tests,
        comparisons_note=note,
        families=families,
        statistics=simulated,
        statistics_note=why_not,
    ), fits


def grid(horizon: float) -> Array:
    """Return the months for fitted curves: quarters up to 5 years, then whole months, and the horizon."""
    fine = np.arange(1.0, STEPS_PER_MONTH * min(horizon, FINE_MONTHS) + 1.0) / STEPS_PER_MONTH
    whole = np.arange(FINE_MONTHS + 1.0, horizon + 1.0)
    months = np.concatenate([fine, whole])
    return np.append(months[months < horizon], horizon)


def cycles_within(model: Model, horizon: float) -> Array:
    """Return the cycle boundaries up to a horizon, in months."""
    boundaries = model.time_grid.timeline.boundaries / DAYS_PER_MONTH
    return np.asarray(boundaries[boundaries <= horizon])


def _other(model: Model, endpoint: str, cycles: Array) -> dict[str, Array]:
    """Survival of OS for PFS, and of PFS for OS, by strategy, as in use; empty for other endpoints."""
    if endpoint not in OTHER:
        return {}
    fit = model.fits[OTHER[endpoint]]
    return {
        spec.strategy: fit.curves.survival(spec.strategy, cycles, fit.coefficients[None, :])[0]
        for spec in fit.curves.specs
    }


def external_landmarks(
    statistics: Iterable[Statistic], rows: Mapping[str, Row], fits: Mapping[str, EndpointFit]
) -> list[ExternalLandmark]:
    """Return every external landmark survival with the curve of every fitted family there."""
    found = []
    for each in statistics:
        if each.kind != SURVIVAL or each.time is None:
            continue
        origin = rows[each.id].time_origin or 0.0
        at = np.array([each.time])
        found.append(
            ExternalLandmark(
                id=each.id,
                label=label(rows, each.id),
                strategy=each.strategy,
                time=each.time,
                reported_time=each.time + origin,
                origin=origin,
                survival=interval_of(each.value, *interval(each)),
                used=each.used,
                weight=each.weight,
                by_family={
                    name: float(fit.curves.survival(each.strategy, at, fit.coefficients[None, :])[0, 0])
                    for name, fit in fits.items()
                },
            )
        )
    return found
