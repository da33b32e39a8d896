"""From scenarios that were run to their entries in results.json and scenarios.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.analyses.scenarios import increments
from hemodel.economics import change, is_cost_effective
from hemodel.inputs.changes import change_entry
from hemodel.records.results import ScenarioEntry, threshold_key
from hemodel.records.scenarios import SCHEMA_VERSION, ScenarioResults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.run import Run
    from hemodel.analyses.scenarios import Increment, ScenarioResult
    from hemodel.records.results import Results


def scenario_entries(run: Run) -> list[ScenarioEntry]:
    """Return an entry for every scenario and intervention of a run, in the order in which they were run."""
    base = {increment.intervention: increment for increment in increments(run.base)}
    thresholds = run.model.inputs.settings.thresholds
    entries = []
    for result in run.scenarios or ():
        by = {increment.intervention: increment for increment in result.increments}
        entries += [_entry(result, before, by.get(name), thresholds) for name, before in base.items()]
    return entries


def _entry(
    result: ScenarioResult, base: Increment, found: Increment | None, thresholds: Sequence[float]
) -> ScenarioEntry:
    scenario = result.scenario
    icer = None if found is None else found.verdict.icer
    before, nmb = _benefits(base, thresholds), {} if found is None else _benefits(found, thresholds)
    return ScenarioEntry(
        name=scenario.name,
        group=scenario.group,
        purpose=scenario.purpose,
        question=scenario.question,
        why=scenario.why,
        source=scenario.source,
        sweep=scenario.sweep,
        label=scenario.label,
        changes=[change_entry(change) for change in result.changes],
        intervention=base.intervention,
        comparator=base.comparator,
        life_years=None if found is None else found.life_years,
        qalys=None if found is None else found.qalys,
        costs=None if found is None else found.costs,
        icer=icer,
        verdict="stopped" if found is None else found.verdict.word,
        change_in_qalys=None if found is None else change(base.qalys, found.qalys),
        change_in_costs=None if found is None else change(base.costs, found.costs),
        change_in_icer=change(base.verdict.icer, icer),
        nmb=nmb,
        cost_effective={key: is_cost_effective(value) for key, value in nmb.items()},
        changes_decision={
            key: is_cost_effective(value) != is_cost_effective(before[key]) for key, value in nmb.items()
        },
        stopped=result.stopped,
    )


def _benefits(found: Increment, thresholds: Sequence[float]) -> dict[str, float]:
    return {threshold_key(t): found.benefit(t) for t in thresholds}


def scenario_results(results: Results, payer: str) -> ScenarioResults:
    """Return what `hemodel scenarios` found, in the shape of scenarios.json."""
    return ScenarioResults(
        schema_version=SCHEMA_VERSION,
        title=results.title,
        payer=payer,
        currency=results.currency,
        price_year=results.price_year,
        thresholds=results.thresholds,
        decision_threshold=results.decision_threshold,
        strategy_names=results.strategy_names,
        changes=results.changes,
        base_case=results.incremental,
        scenarios=results.scenarios or [],
        warnings=results.warnings,
    )
