"""From a run to the contents of results.json: every number that any output shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hemodel.analyses.fitted_curves import compare_external, state_medians, summarise_curves
from hemodel.analyses.scenarios import Increment, increments
from hemodel.documents.budget import budget_result
from hemodel.documents.grids import threshold_values, two_way_results
from hemodel.documents.information import run_information
from hemodel.documents.payer import payer_result
from hemodel.documents.prices import price_entries
from hemodel.documents.psa import psa_result
from hemodel.documents.scenarios import scenario_entries
from hemodel.documents.studies import research_result
from hemodel.economics import frontier, increment, net_monetary_benefit, swing, verdict
from hemodel.entries import finite
from hemodel.inputs.changes import change_entry
from hemodel.model.outcomes import mean_years
from hemodel.records.curves import Curve, External, FamilyFit, FitQuality, FitStatistic
from hemodel.records.results import (
    SCHEMA_VERSION,
    AdjustmentEntry,
    Both,
    Dsa,
    Frontier,
    Incremental,
    ModelledSurvival,
    Results,
    StrategyResult,
    threshold_key,
)
from hemodel.survival.reported.statistics import bounds
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.analyses.one_way import OneWay
    from hemodel.analyses.run import Run
    from hemodel.model.outcomes import Outcomes, OutcomeTable
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.reported.fitting import TargetFit


def results(run: Run) -> Results:
    """Return everything a run found, in the shape of results.json."""
    inputs = run.model.inputs
    settings = inputs.settings
    return Results(
        schema_version=SCHEMA_VERSION,
        title=settings.title,
        population=settings.population,
        perspective=settings.perspective,
        clock_start=settings.clock_start,
        currency=settings.currency,
        price_year=settings.price_year,
        time_horizon_years=settings.time_horizon,
        thresholds=list(settings.thresholds),
        decision_threshold=settings.decision_threshold,
        strategies=list(run.model.strategies),
        strategy_names={strategy.id: strategy.name for strategy in inputs.strategies},
        drug_names={drug.id: drug.name for drug in inputs.drugs},
        under_scenarios=[scenario.name for scenario in run.under],
        changes=[change_entry(change) for change in inputs.changes],
        base_case=_base_case(run),
        incremental=[_incremental(run, found) for found in increments(run.base)],
        frontier=_frontier(run.base),
        fit={endpoint: [_statistic(t) for t in fit.targets] for endpoint, fit in run.model.fits.items()},
        fit_quality={endpoint: _quality(fit) for endpoint, fit in run.model.fits.items()},
        curves=_curves(run),
        external=[External(**vars(comparison)) for comparison in compare_external(run.model)],
        families=_families(run),
        adjustments=_adjustments(run),
        dsa=None if run.one_way is None else _one_way(run, run.one_way),
        two_way=None if run.two_way is None else two_way_results(run, run.two_way),
        threshold_values=None if run.threshold_values is None else threshold_values(run, run.threshold_values),
        psa=None if run.psa is None or run.explained is None else psa_result(run.psa, run.model, run.explained),
        information=run_information(run),
        scenarios=None if run.scenarios is None else scenario_entries(run),
        payer=payer_result(run.payer),
        prices=price_entries(run),
        budget=budget_result(run.budget, run.budget_one_way),
        research=research_result(run.research, settings.currency, "QALY"),
        warnings=list(run.warnings),
    )


def _base_case(run: Run) -> dict[str, StrategyResult]:
    medians = state_medians(run.model)
    found = {}
    for i, strategy in enumerate(run.model.strategies):
        means = mean_years(run.base, i)
        found[strategy] = StrategyResult(
            life_years=_both(run.base.life_years, i),
            qalys=_both(run.base.qalys, i),
            costs=_both(run.base.costs, i),
            drug_costs=_both(run.base.drug_costs, i),
            administrations=_both(run.base.administrations, i),
            survival={
                endpoint: ModelledSurvival(
                    median_months=finite(medians[strategy][endpoint]),
                    mean_months=float(means[endpoint]) * MONTHS_PER_YEAR,
                )
                for endpoint in ("pfs", "os")
            },
        )
    return found


def _both(table: OutcomeTable, strategy: int) -> Both:
    return Both(**table.amounts(strategy))


def _incremental(run: Run, found: Increment) -> Incremental:
    thresholds = run.model.inputs.settings.thresholds
    return Incremental(
        intervention=found.intervention,
        comparator=found.comparator,
        life_years=found.life_years,
        qalys=found.qalys,
        costs=found.costs,
        icer=found.verdict.icer,
        verdict=found.verdict.word,
        nmb={threshold_key(t): found.benefit(t) for t in thresholds},
        nhb={threshold_key(t): finite(found.health_benefit(t)) for t in thresholds},
    )


def _frontier(base: Outcomes) -> list[Frontier]:
    entries = frontier(base.strategies, base.costs.total[0].tolist(), base.qalys.total[0].tolist())
    return [Frontier(**vars(entry)) for entry in entries]


def _statistic(target: TargetFit) -> FitStatistic:
    statistic = target.statistic
    low, high = bounds(statistic) if statistic.used else (statistic.low, statistic.high)
    return FitStatistic(
        id=statistic.id,
        strategy=statistic.strategy,
        statistic=statistic.kind,
        time=statistic.time,
        versus=statistic.versus,
        reported=target.reported,
        low=low,
        high=high,
        fitted=finite(target.fitted),
        z=finite(target.z),
        used=statistic.used,
    )


def _quality(fit: EndpointFit) -> FitQuality:
    return FitQuality(
        targets=fit.n_targets,
        parameters=fit.n_parameters,
        sources={strategy: source.kind for strategy, source in fit.sources.items()},
        objective=finite(fit.objective),
        criterion=finite(fit.criterion),
        gradient_norm=fit.gradient_norm,
        condition=fit.condition,
    )


def _curves(run: Run) -> list[Curve]:
    return [
        Curve(
            endpoint=summary.endpoint,
            strategy=summary.strategy,
            family=summary.family,
            relation=summary.relation,
            coefficients=dict(summary.parameters),
            median_months=finite(summary.median_months),
            mean_months=finite(summary.mean_months),
            restricted_mean_months=summary.restricted_mean_months,
            survival_by_year={str(year): rate for year, rate in summary.survival.items()},
        )
        for summary in summarise_curves(run.model)
    ]


def _families(run: Run) -> list[FamilyFit]:
    return [
        FamilyFit(
            endpoint=trial.endpoint,
            family=trial.family,
            base_case=trial.base_case,
            identified=trial.fit is not None,
            objective=None if trial.fit is None else finite(trial.fit.objective),
            criterion=None if trial.fit is None else finite(trial.fit.criterion),
            largest_z=None
            if trial.fit is None
            else max((abs(target.z) for target in trial.fit.targets if target.statistic.used), default=0.0),
            restricted_mean_months=dict(trial.restricted_mean_months),
            survival_by_year={s: {str(y): rate for y, rate in by.items()} for s, by in trial.survival.items()},
        )
        for trial in run.families
    ]


def _adjustments(run: Run) -> list[AdjustmentEntry]:
    found = []
    for strategy, exposed in run.base.exposures.items():
        for rule, done in exposed.adjustments.items():
            in_draws = 0 if run.psa is None else run.psa.adjusted.get((strategy, rule), 0)
            day = float(done.first_day[0])
            if math.isnan(day) and in_draws == 0:
                continue
            found.append(
                AdjustmentEntry(
                    strategy=strategy,
                    rule=rule,
                    first_month=None if math.isnan(day) else day / DAYS_PER_MONTH,
                    max_gap=float(done.max_gap[0]),
                    life_years_moved=float(done.years_moved[0]),
                    share_of_draws=None if run.psa is None else in_draws / run.psa.draws,
                )
            )
    return found


def _one_way(run: Run, one_way: OneWay) -> list[Dsa]:
    threshold = run.model.inputs.settings.decision_threshold
    qalys, costs = one_way.outcomes.qalys.total, one_way.outcomes.costs.total
    benefit = net_monetary_benefit(qalys, costs, threshold)
    comparator, *interventions = run.model.strategies
    found = []
    for k, intervention in enumerate(interventions, start=1):
        q, c, b = (increment(values, k) for values in (qalys, costs, benefit))
        verdicts = [verdict(float(cost), float(qaly)) for cost, qaly in zip(c, q, strict=True)]
        for i, item in enumerate(one_way.items):
            lower, upper = 2 * i, 2 * i + 1
            found.append(
                Dsa(
                    **vars(item),
                    intervention=intervention,
                    comparator=comparator,
                    nmb_low=float(b[lower]),
                    nmb_high=float(b[upper]),
                    icer_low=verdicts[lower].icer,
                    icer_high=verdicts[upper].icer,
                    verdict_low=verdicts[lower].word,
                    verdict_high=verdicts[upper].word,
                    qalys_low=float(q[lower]),
                    qalys_high=float(q[upper]),
                    costs_low=float(c[lower]),
                    costs_high=float(c[upper]),
                )
            )
    return sorted(found, key=lambda entry: -swing(entry.nmb_low, entry.nmb_high))
