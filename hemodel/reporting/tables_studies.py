"""Tables of the studies that could be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.studies_text import KINDS, METHODS, per
from hemodel.reporting.tables_shape import Column, Table

if TYPE_CHECKING:
    from hemodel.reporting.format import Value
    from hemodel.reporting.schema_studies import ResearchResult, StudyAt, StudyEntry


EVSI_NOTE = (
    "EVSI: expected value of sample information; EVPPI: of perfect information on what the study is about."
    " SE: standard error of the estimate."
)


def study_tables(research: ResearchResult | None) -> list[Table]:
    """Return every table of the studies; none where there are no studies."""
    return [] if research is None else [study_designs(research), study_values(research)]


def study_designs(research: ResearchResult) -> Table:
    """Return what each study is: design, costs, when it reports."""
    currency = research.currency
    return Table(
        "study_designs",
        "Studies that could be done",
        (
            f"For {research.patients_per_year:,.0f} patients a year and {research.horizon:g} years from now.",
            "Reports: after so many years from now or, with a recruited share, from the last patient in.",
        ),
        (
            *(Column("Study"), Column("Measures"), Column("Informs")),
            Column("Arms", "count"),
            *(Column("From", "number", "months", "Follow-up"), Column("To", "number", "months", "Follow-up")),
            Column("Dropout", "share", "per year"),
            Column("SD", "number"),
            *(Column("Fixed", "money", currency, "Costs"), Column("Per patient", "money", currency, "Costs")),
            *(Column("Reports", "number", "years"), Column("Recruited share", "share", "proportion")),
            *(Column("Method"), Column("Draws", "count")),
        ),
        tuple(_design(study) for study in research.studies),
    )


def _design(study: StudyEntry) -> tuple[Value, ...]:
    return (
        study.label,
        KINDS[study.kind] if study.endpoint is None else f"{KINDS[study.kind]} ({study.endpoint.upper()})",
        ", ".join(study.informs),
        study.arms,
        *(study.follow_up_from, study.follow_up, study.yearly_dropout, study.standard_deviation),
        *(study.fixed_cost, study.cost_per_patient, study.reports_after, study.recruited_share),
        *(METHODS[study.method], study.draws),
    )


def study_values(research: ResearchResult) -> Table:
    """Return what each study is worth by threshold and size."""
    currency = research.currency
    rows: list[tuple[Value, ...]] = []
    for study in research.studies:
        for at in study.at:
            rows += _values(study, at)
    return Table(
        "study_values",
        "What the studies are worth, by threshold and size",
        (
            EVSI_NOTE,
            "ENBS: expected net benefit of sampling, EVSI of the patients who profit less the costs of the study.",
            *(f"{study.label}: {note}" for study in research.studies for note in study.notes),
        ),
        (
            Column("Study"),
            Column("Threshold", "icer", per(research, research.effect)),
            Column("Patients per arm", "count"),
            *(Column(header, "money", currency, "Per person") for header in ("EVSI", "SE", "EVPPI", "SE of EVPPI")),
            Column("Results after", "number", "years"),
            Column("Who profit", "count", "patients"),
            *(Column(header, "money", currency, "All patients") for header in ("EVSI", "SE", "Costs", "ENBS")),
            Column("Remark"),
        ),
        tuple(rows),
        banded=True,
    )


def _values(study: StudyEntry, at: StudyAt) -> list[tuple[Value, ...]]:
    rows: list[tuple[Value, ...]] = []
    for i, size in enumerate(study.sizes):
        best = at.optimal_size == size
        rows.append(
            (
                *(study.label, at.threshold, size),
                *(at.evsi[i], at.evsi_standard_error[i], at.evppi, at.evppi_standard_error),
                *(study.reports[i], study.patients[i]),
                *(at.population_evsi[i], at.population_standard_error[i], study.costs[i], at.enbs[i]),
                "best size" if best else "",
            )
        )
    return rows
