"""Every table of the evidence pack, in the order of its page, and those of what was observed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hemodel.entries import finite
from hemodel.views.evidence import tables_families as families
from hemodel.views.evidence.words import EvidenceNames
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.words import family_name

if TYPE_CHECKING:
    from hemodel.analyses.evidence.records import Comparison, EndpointEvidence, EvidencePack, ExternalLandmark
    from hemodel.formats import Value
    from hemodel.model.evaluate import Model


MONTHS = "months"
PROPORTIONAL, ACCELERATION = "Proportional hazards", "Constant acceleration"
SOURCES = {
    "reported": "Reported statistics",
    "digitised": "Digitised curve",
    "patients": "Patients",
    "coefficients": "Published coefficients",
}
OBSERVED = (
    "Follow-up: median of the reverse Kaplan-Meier curve, and last time observed; that of the trial where reported."
)
WEIGHTED = (
    "Patients, events and censored are sums of weights. Effective size: (sum of weights)^2 / sum of their squares;"
    " standard errors are robust (sandwich)."
)
EXTERNAL = (
    "Time: on the model's clock, which starts at the time origin on the other study's. Outside: the curve lies outside"
    " the reported 95% interval."
)
EFFECTS = (
    "Proportional hazards: the test of Grambsch and Therneau. Constant acceleration: likelihood ratio of shapes of"
    " their own against a shared shape of a generalised gamma. Slope: of the quantiles, a rough acceleration factor."
)
STATISTICS = (
    "By simulating the trial from the curves in use. Effective size: the number of patients with whom the simulated"
    " standard error would be the reported one; far from the trial's number, the reported interval and the curve do"
    " not agree. Missing: share of the simulated trials that could not report it."
)
CORRELATION = "Of the statistics on the scales of the fit, over the simulated trials."
SPREAD = (
    "Standard errors of the means within the horizon with the reported statistics taken as independent, and with their"
    " correlation in simulated trials; ratio: correlated over independent, which is what the spread of the"
    " probabilistic analysis would change by."
)
BEYOND = "Discounted, of the model as in the base case. The share of an increment can be below 0 or above 100%."
PROGRESSION = "Reported, not repaired: the modelled curves are used as they are."


def observed(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return what each curve was fitted to, and how long patients were observed."""
    rows: list[tuple[Value, ...]] = []
    every = [curve for evidence in pack.evidence.endpoints.values() for curve in evidence.observed.values()]
    sizes = any(curve.effective_size is not None for curve in every)
    for endpoint, evidence in pack.evidence.endpoints.items():
        for strategy, source in evidence.sources.items():
            curve, followed = evidence.observed.get(strategy), evidence.follow_up
            counts: tuple[Value, ...] = (None,) * (6 + sizes)
            if curve is not None:
                size = (curve.effective_size,) if sizes else ()
                counts = (curve.patients, *size, curve.events, curve.censored, *families.cells(curve.median))
            rows.append(
                (
                    names.endpoint(endpoint),
                    names.strategy(strategy),
                    SOURCES.get(source, source),
                    *counts,
                    followed.reported,
                    finite(followed.reverse_median.get(strategy)),
                    finite(followed.last.get(strategy)),
                )
            )
    columns = (
        Column("Endpoint"),
        Column("Strategy"),
        Column("Source"),
        Column("Patients", "count"),
        *([Column("Effective size", "number", "patients")] if sizes else []),
        *(Column(header, "count") for header in ("Events", "Censored")),
        *(Column(header, "months", MONTHS, "Kaplan-Meier median") for header in ("Value", "Low", "High")),
        *(Column(header, "months", MONTHS, "Follow-up") for header in ("Reported median", "Median", "Last")),
    )
    notes = (OBSERVED, WEIGHTED) if sizes else (OBSERVED,)
    return Table("observed", "What the curves rest on", notes, columns, tuple(rows), banded=True)


def external(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return every external landmark beside every fitted family."""
    rows = [
        (*_external(endpoint, found, names), *cells)
        for endpoint, evidence in pack.evidence.endpoints.items()
        for found in evidence.external
        for cells in _by_family(evidence, found)
    ]
    columns = (
        Column("Endpoint"),
        Column("Study"),
        Column("Strategy"),
        Column("Time", "months", MONTHS),
        Column("Time origin", "months", MONTHS),
        *(Column(h, "share", "proportion", "Reported survival") for h in ("Value", "Low", "High")),
        Column("In the fit"),
        Column("Weight", "number"),
        Column("Family"),
        Column("In the workbook"),
        Column("Fitted survival", "share", "proportion"),
        Column("Outside"),
    )
    return Table(
        "external_by_family", "Other studies beside every family", (EXTERNAL,), columns, tuple(rows), banded=True
    )


def _external(endpoint: str, found: ExternalLandmark, names: EvidenceNames) -> tuple[Value, ...]:
    return (
        names.endpoint(endpoint),
        found.label or found.id,
        names.strategy(found.strategy),
        found.time,
        found.origin,
        *families.cells(found.survival),
        "yes" if found.used else "no",
        found.weight,
    )


def _by_family(evidence: EndpointEvidence, found: ExternalLandmark) -> list[tuple[Value, ...]]:
    low, high = found.survival.low, found.survival.high
    in_use = evidence.in_use.family
    return [
        (
            family_name(family),
            "base case" if family == in_use else "",
            value,
            "" if low is None or high is None else "no" if low <= value <= high else "yes",
        )
        for family, value in found.by_family.items()
    ]


def effects(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return the tests of constant hazard ratios and constant acceleration factors, where there are patients."""
    rows: list[tuple[Value, ...]] = []
    for endpoint, evidence in pack.evidence.endpoints.items():
        rows += [(names.endpoint(endpoint), *_effect(found, names)) for found in evidence.comparisons]
    columns = (
        Column("Endpoint"),
        Column("Comparison"),
        *(Column(header, "ratio", "", "Hazard ratio (Cox)") for header in ("Value", "Low", "High")),
        *_test_columns(PROPORTIONAL),
        Column("Slope", "ratio", "", "Quantiles"),
        *(Column(header, "ratio", "", "Acceleration factor") for header in ("Value", "Low", "High")),
        *_test_columns(ACCELERATION),
        Column("Note"),
    )
    return Table("tests_of_effects", "Is the effect constant over time?", (EFFECTS,), columns, tuple(rows), banded=True)


def _test_columns(group: str) -> tuple[Column, ...]:
    return (
        Column("Chi-squared", "score", "", group),
        Column("df", "count", "", group),
        Column("P value", "number", "", group),
    )


def _effect(found: Comparison, names: EvidenceNames) -> tuple[Value, ...]:
    nothing: tuple[Value, ...] = (None, None, None)
    hazards, shared = found.proportional_hazards, found.constant_acceleration
    return (
        f"{names.strategy(found.strategy)} versus {names.strategy(found.reference)}",
        *families.cells(found.hazard_ratio),
        *(nothing if hazards is None else (hazards.statistic, hazards.degrees_of_freedom, hazards.p_value)),
        None if found.quantiles is None else finite(found.quantiles.slope),
        *families.cells(found.acceleration_factor),
        *(nothing if shared is None else (shared.statistic, shared.degrees_of_freedom, shared.p_value)),
        " ".join(found.notes),
    )


def statistics(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return the statistics that were simulated and their effective sizes."""
    rows = [
        (
            names.endpoint(endpoint),
            found.labels[j] or id_,
            "yes" if found.simulated[j] else "no",
            finite(float(found.effective_sizes[j])),
            finite(float(found.patients[j])),
            finite(float(found.missing[j])),
        )
        for endpoint, evidence in pack.evidence.endpoints.items()
        if (found := evidence.statistics) is not None
        for j, id_ in enumerate(found.ids)
    ]
    columns = (
        Column("Endpoint"),
        Column("Statistic"),
        Column("Simulated"),
        Column("Effective size", "count", "patients"),
        Column("Patients", "count"),
        Column("Missing", "share", "proportion"),
    )
    return Table(
        "statistics", "Reported statistics in simulated trials", (STATISTICS,), columns, tuple(rows), banded=True
    )


def correlation(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return the correlation of the statistics, one pair a row."""
    rows = [
        (names.endpoint(endpoint), found.labels[i] or found.ids[i], found.labels[j] or found.ids[j], value)
        for endpoint, evidence in pack.evidence.endpoints.items()
        if (found := evidence.statistics) is not None
        for i in range(len(found.ids))
        for j in range(i)
        if (value := float(found.correlation[i, j])) or (found.simulated[i] and found.simulated[j])
    ]
    columns = (Column("Endpoint"), Column("Statistic"), Column("And statistic"), Column("Correlation", "z"))
    title = "Correlation of the reported statistics"
    return Table("statistics_correlation", title, (CORRELATION,), columns, tuple(rows), banded=True)


def spread(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return the spread of means under independent and under correlated statistics."""
    rows = [
        (
            names.endpoint(endpoint),
            names.strategy(own.label),
            *(finite(value) for value in (own.mean, own.independent, own.correlated, own.ratio)),
            found.used,
        )
        for endpoint, evidence in pack.evidence.endpoints.items()
        if (found := evidence.statistics) is not None
        for own in found.spread
    ]
    columns = (
        Column("Endpoint"),
        Column("Mean"),
        Column("Within the horizon", "months", MONTHS),
        Column("Independent", "ratio", MONTHS, "Standard error"),
        Column("Correlated", "ratio", MONTHS, "Standard error"),
        Column("Ratio", "ratio"),
        Column("In the workbook"),
    )
    title = "Spread of means with independent and with correlated statistics"
    return Table("spread", title, (SPREAD,), columns, tuple(rows), banded=True)


def beyond_follow_up(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return the shares of life-years and QALYs that lie beyond follow-up."""
    found = pack.evidence.beyond_follow_up
    rows: list[tuple[Value, ...]] = []
    comparator = next(iter(pack.evidence.strategies))
    if found is not None:
        rows = [(names.strategy(s), found.life_years[s], found.qalys[s]) for s in found.life_years]
        rows += [
            (
                names.strategy(f"{s} - {comparator}"),
                finite(years),
                finite(found.incremental_qalys[s]),
            )
            for s, years in found.incremental_life_years.items()
        ]
    columns = (
        Column("Strategy or increment"),
        Column("Life-years", "share", "proportion"),
        Column("QALYs", "share", "proportion"),
    )
    months = "" if found is None else f" of {found.follow_up:.1f} months"
    return Table("beyond_follow_up", f"What lies beyond the follow-up{months}", (BEYOND,), columns, tuple(rows))


def death_after_progression(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return what the modelled curves imply of death after progression."""
    rows = [
        (
            names.strategy(strategy),
            found.share_deaths,
            len(found.months_below),
            len(found.months_negative),
            names.coefficient(found.finding),
        )
        for strategy, found in pack.evidence.death_after_progression.items()
    ]
    columns = (
        Column("Strategy"),
        Column("Deaths among PFS events", "share", "proportion"),
        Column("Below the population", "count", "months"),
        Column("Below 0", "count", "months"),
        Column("Finding"),
    )
    title = "Hazard of death after progression"
    return Table("death_after_progression", title, (PROGRESSION,), columns, tuple(rows))


RANKING = "ranking"
REPORT_ENDPOINTS = ("pfs", "os")
"""Endpoints whose evidence the report of a run shows."""
NOT_ON_A_PAGE = "covariance_by_family"
EVIDENCE_TABLES = {
    "observed": observed,
    RANKING: families.ranking,
    "concerns": families.concerns,
    "fit_statistics": families.fit_statistics,
    "means_by_family": families.means,
    "survival_by_family": families.survival,
    "coefficients_by_family": families.coefficients,
    NOT_ON_A_PAGE: families.covariance,
    "external_by_family": external,
    "tests_of_effects": effects,
    "statistics": statistics,
    "statistics_correlation": correlation,
    "spread": spread,
    "beyond_follow_up": beyond_follow_up,
    "death_after_progression": death_after_progression,
}
"""What makes each, by name, in order."""
ENDPOINT = "Endpoint"
STILL_BANDED = {"external_by_family", "concerns"}
"""Tables that on a page stand in bands of what follows the endpoint."""


def evidence_tables(model: Model, pack: EvidencePack) -> tuple[Table, ...]:
    """Return every table of an evidence pack that has rows.

    Parameters
    ----------
    model : Model
        Whose curves the pack is on; it has the printed names.
    """
    names = EvidenceNames(model)
    found = [make(pack, names) for make in EVIDENCE_TABLES.values()]
    return tuple(table for table in found if table.rows)


def report_tables(model: Model, pack: EvidencePack) -> tuple[Table, ...]:
    """Return the tables of the evidence that the report of a run shows: the ranking, for PFS and OS."""
    names = EvidenceNames(model)
    whole = families.ranking(pack, names)
    shown = {names.endpoint(endpoint) for endpoint in REPORT_ENDPOINTS}
    return (replace(whole, rows=tuple(row for row in whole.rows if row[0] in shown)),)


def by_endpoint(model: Model, pack: EvidencePack) -> tuple[Table, ...]:
    """Return the tables of a page: those with a column for the endpoint once an endpoint, without that column.

    Names are `<table>_<endpoint>`. The covariances are left to the files.
    """
    names = EvidenceNames(model)
    found: list[Table] = []
    for table in evidence_tables(model, pack):
        if table.columns[0].header != ENDPOINT or table.name == "observed":
            found.append(table)
        elif table.name != NOT_ON_A_PAGE:
            found += [_of_endpoint(table, endpoint, names.endpoint(endpoint)) for endpoint in pack.evidence.endpoints]
    return tuple(table for table in found if table.rows)


def _of_endpoint(table: Table, endpoint: str, name: str) -> Table:
    rows = tuple(row[1:] for row in table.rows if row[0] == name)
    title = f"{name}: {table.title[:1].lower()}{table.title[1:]}"
    name_here, banded = f"{table.name}_{endpoint}", table.name in STILL_BANDED
    return replace(table, name=name_here, title=title, columns=table.columns[1:], rows=rows, banded=banded)
