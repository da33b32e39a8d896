"""The studies that could be done in the shape of results.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.records.studies import ResearchResult, StudyAt, StudyCurve, StudyEntry

if TYPE_CHECKING:
    from hemodel.analyses.information import Proposal, Research


def research_result(research: Research | None, currency: str, effect: str) -> ResearchResult | None:
    """Return what studies are worth, None where none were described or there were no draws to appraise them by."""
    if research is None:
        return None
    people = research.population
    return ResearchResult(
        currency=currency,
        effect=effect,
        decision_threshold=research.decision_threshold,
        patients_per_year=people.patients_per_year,
        horizon=people.horizon,
        rates=list(people.rates),
        studies=[_entry(proposal, research.thresholds) for proposal in research.proposals],
    )


def _entry(proposal: Proposal, thresholds: tuple[float, ...]) -> StudyEntry:
    value, net = proposal.value, proposal.net
    study = value.study
    follow_up = study.follow_up
    return StudyEntry(
        id=study.id,
        label=study.label,
        kind=study.kind,
        informs=list(study.informs),
        arms=study.arms,
        endpoint=(follow_up.endpoint or None) if follow_up is not None else None,
        strategies=[] if follow_up is None else list(follow_up.arms),
        follow_up_from=None if follow_up is None else float(follow_up.months[0]),
        follow_up=None if follow_up is None else float(follow_up.months[-1]),
        yearly_dropout=None if follow_up is None else follow_up.yearly_dropout,
        standard_deviation=study.standard_deviation,
        fixed_cost=study.fixed_cost,
        cost_per_patient=study.cost_per_patient,
        reports_after=study.reports_after,
        recruited_share=study.recruited_share,
        method=study.method,
        draws=value.draws,
        sizes=list(study.sizes),
        effective_draws=None if value.behind is None else value.behind.tolist(),
        reports=net.reports.tolist(),
        patients=net.patients.tolist(),
        costs=net.costs.tolist(),
        at=[_at(proposal, threshold) for threshold in thresholds],
        curve=StudyCurve(wtp=value.thresholds.tolist(), evppi=value.evppi.tolist(), evsi=value.value.tolist()),
        notes=list(value.notes),
    )


def _at(proposal: Proposal, threshold: float) -> StudyAt:
    value, net = proposal.value, proposal.net
    k = int(np.searchsorted(value.thresholds, threshold))
    best = int(net.optimal[k])
    return StudyAt(
        threshold=threshold,
        evppi=float(value.evppi[k]),
        evppi_standard_error=float(value.evppi_standard_error[k]),
        evsi=value.value[:, k].tolist(),
        evsi_standard_error=value.standard_error[:, k].tolist(),
        population_evsi=net.value[:, k].tolist(),
        population_standard_error=net.standard_error[:, k].tolist(),
        enbs=net.net[:, k].tolist(),
        optimal_size=None if best < 0 else value.study.sizes[best],
        notes=list(net.notes[k]),
    )
