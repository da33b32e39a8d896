"""From a run to the contents of the results.json of a dossier: every number that the dossier shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.economics import differences, icer, net_monetary_benefit, swing
from hemodel.reporting.checks import checks
from hemodel.reporting.evidence_document import evidence_document
from hemodel.reporting.input_rows import filled_rows, source_text, subject
from hemodel.reporting.schema import Both, Results
from hemodel.reporting.schema_report import (
    CheckEntry,
    CoefficientEntry,
    Counts,
    Difference,
    InputEntry,
    OneWayRange,
    RankingEntry,
    ReportResults,
    Step,
)

if TYPE_CHECKING:
    from hemodel.analysis.evidence import EvidencePack
    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Incremental

OUTCOMES = ("life_years", "qalys", "costs")


def report_results(results: Results, run: Run, pack: EvidencePack | None, seed: int) -> ReportResults:
    """Return the results of a run with everything else that a dossier shows.

    Parameters
    ----------
    results : Results
    run : Run
        That the results are of.
    pack : EvidencePack or None
        On the curves of the run.
    seed : int
        With which the pack was made.
    """
    found = checks(results, run)
    inputs = _inputs(run)
    return ReportResults(
        **dict(results),
        inputs=inputs,
        coefficients=_coefficients(run),
        differences=[_difference(results, entry) for entry in results.incremental],
        one_way_ranges=[
            OneWayRange(id=e.id, intervention=e.intervention, range=swing(e.nmb_low, e.nmb_high))
            for e in results.dsa or ()
        ],
        budget_ranges={
            each.id: swing(each.total_low, each.total_high)
            for each in (results.budget.one_way if results.budget is not None else None) or ()
        },
        external_model_months={e.id: e.time_months - e.origin_months for e in results.external},
        sources=[list(row) for row in run.model.inputs.raw.sources],
        ranking=[] if pack is None else [row for endpoint in pack.endpoints for row in _ranking(pack, endpoint)],
        steps=[step for entry in results.incremental for step in _steps(entry, pack)],
        checks=found,
        counts=_counts(results, run, found),
        evidence=None if pack is None else evidence_document(run.model, pack, seed),
    )


def _inputs(run: Run) -> list[InputEntry]:
    drawn = {parameter.id: parameter.distribution for parameter in run.model.inputs.parameters}
    found = []
    for row in filled_rows(run):
        distribution = drawn.get(row.id)
        found.append(
            InputEntry(
                id=row.id,
                subject=subject(row),
                label=row.label or row.kind.label,
                value=row.value,
                unit=row.unit,
                low=row.low,
                high=row.high,
                se=row.se,
                n=row.n,
                distribution=row.distribution,
                parameters=[] if distribution is None else list(distribution.parameters),
                range_basis=row.range_basis,
                source=source_text(row),
                note=row.note,
            )
        )
    return found


def _coefficients(run: Run) -> list[CoefficientEntry]:
    return [
        CoefficientEntry(
            endpoint=endpoint,
            strategy=each.strategy,
            name=each.coefficient,
            estimate=each.value,
            standard_error=each.standard_error,
        )
        for endpoint, fit in run.model.fits.items()
        for each in fit.estimates
    ]


def _difference(results: Results, entry: Incremental) -> Difference:
    mine, other = results.base_case[entry.intervention], results.base_case[entry.comparator]
    by = {}
    for outcome in OUTCOMES:
        parts = {
            how: differences(amounts, getattr(getattr(other, outcome), how))
            for how, amounts in dict(getattr(mine, outcome)).items()
        }
        by[outcome] = Both(**parts)
    return Difference(
        intervention=entry.intervention,
        comparator=entry.comparator,
        nmb_at_decision_threshold=net_monetary_benefit(entry.qalys, entry.costs, results.decision_threshold),
        **by,
    )


def _ranking(pack: EvidencePack, endpoint: str) -> list[RankingEntry]:
    evidence = pack.endpoints[endpoint]
    return [
        RankingEntry(
            endpoint=endpoint,
            family=family.family,
            place=family.place,
            concerns=None if family.fit is None else len(family.concerns),
            criterion=family.criterion,
            above_lowest=evidence.above_lowest(family),
            weight=family.weight,
        )
        for family in evidence.families
    ]


def _steps(entry: Incremental, pack: EvidencePack | None) -> list[Step]:
    """Return the steps from the trial to the economic evaluation, as far as the run holds them; all discounted."""
    found = []
    beyond = None if pack is None else pack.beyond_follow_up
    within = None if beyond is None else beyond.life_years_within(entry.intervention, entry.life_years)
    if within is not None:
        found.append(_step(entry, "trial", within))
    both = entry.costs > 0 and entry.life_years > 0
    return [
        *found,
        _step(entry, "extrapolated", entry.life_years),
        _step(entry, "utilities", entry.qalys),
        Step(
            intervention=entry.intervention,
            step="costs",
            effect=entry.qalys,
            costs=entry.costs,
            ratio=entry.icer,
            cost_per_life_year=icer(entry.costs, entry.life_years) if both else None,
        ),
    ]


def _step(entry: Incremental, name: str, effect: float) -> Step:
    return Step(
        intervention=entry.intervention, step=name, effect=effect, costs=None, ratio=None, cost_per_life_year=None
    )


def _counts(results: Results, run: Run, found: list[CheckEntry]) -> Counts:
    rows = filled_rows(run)
    stopped = {entry.name: bool(entry.stopped) for entry in results.scenarios or ()}
    given = [regimen.strategy for regimen in run.model.inputs.regimens]
    return Counts(
        inputs=len(rows),
        assumptions=sum(row.is_assumption for row in rows),
        sources=max(len(run.model.inputs.raw.sources) - 1, 0),
        cycles=run.model.plan.timeline.boundaries.size - 1,
        scenarios=len(stopped),
        scenarios_stopped=sum(stopped.values()),
        one_way_inputs=len({entry.id for entry in results.dsa or ()}),
        checks=len(found),
        checks_passed=sum(check.passed for check in found),
        drugs={strategy: given.count(strategy) for strategy in results.strategies},
    )
