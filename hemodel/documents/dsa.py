"""Everything that `hemodel dsa` found, in the shape of dsa.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.documents.grids import some, two_way_results, words
from hemodel.economics import change, is_cost_effective, net_monetary_benefit, verdict
from hemodel.records.dsa import (
    DSA_SCHEMA_VERSION,
    CombinationResult,
    DsaDocument,
    NWayResult,
    ThresholdAt,
    ThresholdLine,
    ThresholdSearch,
)
from hemodel.records.results import threshold_key

if TYPE_CHECKING:
    from hemodel.analyses.deterministic import Deterministic
    from hemodel.analyses.grids import NWay
    from hemodel.analyses.threshold_search import Search
    from hemodel.records.results import Results


def dsa_document(found: Deterministic, results: Results) -> DsaDocument:
    """Return the contents of dsa.json.

    Parameters
    ----------
    found : Deterministic
    results : Results
        Of its run.
    """
    return DsaDocument(
        schema_version=DSA_SCHEMA_VERSION,
        title=results.title,
        currency=results.currency,
        measure=found.request.measure,
        decision_threshold=results.decision_threshold,
        thresholds=list(found.wtp),
        strategies=results.strategies,
        strategy_names=results.strategy_names,
        changes=results.changes,
        base_case=results.incremental,
        one_way=results.dsa or [],
        threshold_values=results.threshold_values or [],
        two_way=two_way_results(found.run, found.two_way, found.wtp),
        n_way=None if found.n_way is None else _n_way(found, found.n_way, results),
        searches=[_search(found, one) for one in found.searches],
        warnings=results.warnings,
    )


def _n_way(found: Deterministic, listed: NWay, results: Results) -> NWayResult:
    qalys, costs = listed.found.increments
    decision = results.decision_threshold
    base = {e.intervention: net_monetary_benefit(e.qalys, e.costs, decision) for e in results.incremental}
    made = []
    for k, intervention in enumerate(listed.interventions):
        was_good = is_cost_effective(base[intervention])
        for i, one in enumerate(listed.combinations):
            why = listed.found.failed.get(i, "")
            q, c = float(qalys[i, k]), float(costs[i, k])
            said, benefit = verdict(c, q), net_monetary_benefit(q, c, decision)
            made.append(
                CombinationResult(
                    name=one.name,
                    values=dict(one.values),
                    intervention=intervention,
                    comparator=results.strategies[0],
                    qalys=some(q),
                    costs=some(c),
                    icer=None if why else said.icer,
                    verdict="" if why else said.word,
                    nmb={} if why else {threshold_key(t): net_monetary_benefit(q, c, t) for t in found.wtp},
                    change_in_nmb=None if why else change(base[intervention], benefit),
                    changes_decision=None if why else is_cost_effective(benefit) != was_good,
                    failed=why,
                )
            )
    return NWayResult(
        file=listed.file,
        sha256=listed.sha256,
        labels={each.id: each.label for each in listed.inputs},
        units={each.id: each.unit for each in listed.inputs},
        combinations=made,
    )


def _search(found: Deterministic, one: Search) -> ThresholdSearch:
    movable, (qalys, costs) = one.range.input, one.found.increments
    comparator, *interventions = found.run.model.strategies
    return ThresholdSearch(
        id=movable.id,
        label=movable.label,
        unit=movable.unit,
        base=movable.base,
        low=one.range.low,
        high=one.range.high,
        x=one.x.tolist(),
        lines=[
            ThresholdLine(
                intervention=name,
                qalys=[some(value) for value in qalys[:, k].tolist()],
                costs=[some(value) for value in costs[:, k].tolist()],
            )
            for k, name in enumerate(interventions)
        ],
        failed=len(one.found.failed),
        at=[
            ThresholdAt(
                intervention=at.intervention,
                comparator=comparator,
                threshold=at.threshold,
                values=list(at.values),
                nmb_low=some(at.nmb_low),
                nmb_high=some(at.nmb_high),
                cost_effective=at.cost_effective(one.range.low, one.range.high),
                established=at.established,
                words=words(one, at),
            )
            for at in one.thresholds
        ],
    )
