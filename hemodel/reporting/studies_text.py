"""Sentences on the studies that could be done, for report and console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.format import display

if TYPE_CHECKING:
    from hemodel.reporting.schema_studies import ResearchResult, StudyAt, StudyEntry

METHODS = {
    "regression": "regression on simulated data",
    "moment_matching": "moment matching",
    "importance_sampling": "importance sampling",
}
KINDS = {"binary": "share with an event", "continuous": "mean of a number", "time_to_event": "time to an event"}


def per(research: ResearchResult, what: str) -> str:
    """Return the unit of an amount by something, which is all there is where the currency has no name."""
    return f"{research.currency} per {what}".strip()


def decided(study: StudyEntry, threshold: float) -> StudyAt:
    """Return what a study is worth at a threshold."""
    return next(at for at in study.at if at.threshold == threshold)


def research_results(research: ResearchResult | None) -> list[str]:
    """Return one sentence a study: the best size at the decision threshold, or that none is worth its costs."""
    return [] if research is None else [_sentence(research, study) for study in research.studies]


def _sentence(research: ResearchResult, study: StudyEntry) -> str:
    at, currency = decided(study, research.decision_threshold), research.currency
    where = f"at {display(at.threshold, 'money', currency)} per {research.effect}"
    limit = display(at.evppi, "money", currency)
    if at.optimal_size is None:
        largest = display(max(at.population_evsi), "money", currency)
        least = display(min(study.costs), "money", currency)
        return (
            f"{study.label}: {where} no size is worth its costs. To know for certain what it is about would be worth"
            f" {limit} per patient; the study is worth at most {largest} to all patients, and costs {least} or more."
        )
    place = study.sizes.index(at.optimal_size)
    net, value = (display(each[place], "money", currency) for each in (at.enbs, at.evsi))
    return (
        f"{study.label}: {where} the best size is {at.optimal_size:,} patients per arm, with a net benefit of {net};"
        f" it is worth {value} per patient, of at most {limit}.{''.join(f' {note}' for note in at.notes)}"
    )


def research_method(research: ResearchResult | None) -> list[str]:
    """Return how the value of studies is estimated; nothing without studies."""
    if research is None:
        return []
    used = sorted({METHODS[study.method] for study in research.studies})
    rates = [display(rate, "share") + (f" from year {start:g}" if start else "") for start, rate in research.rates]
    sentence = (
        "The value of a study (EVSI) is what its results are expected to add by changing the choice of strategy. "
        "It cannot exceed what it would be worth to know for certain what the study is about (EVPPI). "
        f"Estimated by {' and '.join(used)}. "
        f"The net benefit (ENBS) counts {research.patients_per_year:,.0f} patients a year for {research.horizon:g} "
        f"years without those before the results, discounted at {', '.join(rates)} a year, and takes off the costs."
    )
    return [sentence]
