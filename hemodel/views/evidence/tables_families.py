"""Tables of the evidence pack: every family tried, ranked, with what it implies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.entries import finite
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.words import RELATIONS, family_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.analyses.evidence.records import EvidencePack, FamilyEvidence, FittedCurve, Interval
    from hemodel.formats import Value
    from hemodel.views.evidence.words import EvidenceNames


MONTHS = "months"
IN_WORKBOOK = "base case"
"""What marks the family that the workbook uses; a page prints its row in bold."""
RANKING = (
    "Families within 4 of the lowest criterion, which the data hardly tell apart, come first, those with fewer"
    " concerns before others; then the rest by criterion. Lower is better. Criterion: for reported statistics the"
    " sum of squared differences in standard errors + 2 x coefficients; for patients and digitised curves the AIC. It"
    " compares families on the same evidence only. Weight: exp(-criterion / 2) as a share of all fitted families;"
    " it is the evidence for a family within the data, not beyond them."
)
STATISTICS = (
    "Of patients and digitised curves AIC = 2p - 2 log likelihood, AICc with the correction for few patients, BIC with"
    " the patients and, apart, with the events in place of the number of observations. Condition: how well the evidence"
    " tells the coefficients apart; 1 is best."
)
INTERVALS = (
    "Before any cap or floor. Intervals: 2.5% and 97.5% points of multivariate normal draws of the coefficients."
    " Beyond follow-up: share of the mean within the horizon. A mean without a limit is left out where it is infinite."
)
CONCERNS = "Rules of plausibility that a family breaks; a concern is a reason to look, not to rule a family out."
COEFFICIENTS = "On the scale on which they are estimated, for times in months."


def _each(pack: EvidencePack) -> Iterator[tuple[str, FamilyEvidence]]:
    for endpoint, evidence in pack.evidence.endpoints.items():
        for family in evidence.families:
            yield endpoint, family


def _in_use(family: FamilyEvidence) -> str:
    return IN_WORKBOOK if family.in_use else ""


def concerns_of(family: FamilyEvidence, names: EvidenceNames) -> list[str]:
    """Return what speaks against a family, with strategies by their names."""
    if not family.fitted:
        return [f"Could not be fitted: {family.reason}"]
    return [names.coefficient(sentence) for sentence in family.concerns]


def ranking(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return all families of all endpoints in their order, with what speaks against each."""
    rows: list[tuple[Value, ...]] = []
    for endpoint, family in _each(pack):
        rows.append(
            (
                names.endpoint(endpoint),
                family.place,
                family_name(family.family),
                _in_use(family),
                len(family.concerns) if family.fitted else None,
                finite(family.criterion),
                finite(pack.evidence.endpoints[endpoint].above_lowest(family)),
                finite(family.weight),
                "" if family.fitted else "could not be fitted",
            )
        )
    columns = (
        Column("Endpoint"),
        Column("Place", "count"),
        Column("Family"),
        Column("In the workbook"),
        Column("Concerns", "count"),
        Column("Criterion", "score"),
        Column("Above the lowest", "score"),
        Column("Weight", "share", "proportion"),
        Column("Note"),
    )
    return Table("ranking", "Families ranked", (RANKING,), columns, tuple(rows), banded=True)


def concerns(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return what speaks against each family, one concern a row, in the order of the ranking."""
    rows = [
        (names.endpoint(endpoint), family_name(family.family), concern)
        for endpoint, family in _each(pack)
        for concern in concerns_of(family, names)
    ]
    columns = (Column("Endpoint"), Column("Family"), Column("Concern"))
    return Table("concerns", "What speaks against each family", (CONCERNS,), columns, tuple(rows), banded=True)


def fit_statistics(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return how well every fitted family fits."""
    rows = [
        (
            names.endpoint(endpoint),
            family_name(family.family),
            _in_use(family),
            family.criterion_name,
            fit.n_parameters,
            *(finite(value) for value in (family.criterion, family.aic, family.aicc, family.bic, family.bic_events)),
            finite(family.largest_z),
            finite(fit.condition),
        )
        for endpoint, family in _each(pack)
        for fit in [pack.fits[endpoint].get(family.family)]
        if fit is not None
    ]
    columns = (
        Column("Endpoint"),
        Column("Family"),
        Column("In the workbook"),
        Column("Kind of criterion"),
        Column("Coefficients", "count"),
        Column("Criterion", "score"),
        Column("AIC", "score"),
        Column("AICc", "score"),
        Column("BIC", "score"),
        Column("BIC by events", "score"),
        Column("Largest difference", "z", "SE"),
        Column("Condition", "number"),
    )
    return Table("fit_statistics", "Fit of every family", (STATISTICS,), columns, tuple(rows), banded=True)


def _curves(pack: EvidencePack, names: EvidenceNames) -> Iterator[tuple[tuple[Value, ...], FittedCurve]]:
    """Yield every fitted curve with the first cells of its row."""
    for endpoint, family in _each(pack):
        for strategy, curve in family.curves.items():
            first = (names.endpoint(endpoint), family_name(family.family), _in_use(family), names.strategy(strategy))
            yield first, curve


def cells(found: Interval | None) -> tuple[Value, ...]:
    """Return the cells of an estimate and its interval."""
    if found is None:
        return None, None, None
    return finite(found.value), finite(found.low), finite(found.high)


FIRST = (Column("Endpoint"), Column("Family"), Column("In the workbook"), Column("Strategy"))


def _interval_columns(group: str, kind: str) -> tuple[Column, ...]:
    if kind == "share":
        return tuple(Column(header, "share", "proportion", group) for header in ("Value", "Low", "High"))
    return tuple(Column(header, "months", MONTHS, group) for header in ("Value", "Low", "High"))


def means(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return median and means of every fitted curve, and what of them lies beyond follow-up."""
    rows = [
        (
            *first,
            RELATIONS.get(curve.relation, curve.relation.replace("_", " ").capitalize()),
            *cells(curve.median),
            *cells(curve.restricted_mean),
            finite(curve.mean),
            finite(curve.beyond_follow_up),
            finite(curve.at_horizon),
        )
        for first, curve in _curves(pack, names)
    ]
    columns = (
        *FIRST,
        Column("Relation"),
        *_interval_columns("Median", "months"),
        *_interval_columns("Mean within the horizon", "months"),
        Column("Mean without a limit", "months", MONTHS),
        Column("Beyond follow-up", "share", "proportion"),
        Column("Survival at the horizon", "share", "proportion"),
    )
    return Table("means_by_family", "Medians and means by family", (INTERVALS,), columns, tuple(rows), banded=True)


def survival(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return survival by year of every fitted curve."""
    found = list(_curves(pack, names))
    years = sorted({year for _, curve in found for year in curve.survival_by_year})
    rows = [
        (*first, *(cell for year in years for cell in cells(own.survival_by_year.get(year)))) for first, own in found
    ]
    groups = [f"Survival at {year} year{'' if year == 1 else 's'}" for year in years]
    columns = (*FIRST, *(column for group in groups for column in _interval_columns(group, "share")))
    return Table("survival_by_family", "Survival by family", (INTERVALS,), columns, tuple(rows), banded=True)


def coefficients(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return the coefficients of every fitted family with their standard errors."""
    rows = [
        (names.endpoint(endpoint), family_name(family.family), _in_use(family), names.coefficient(name), value, error)
        for endpoint, family in _each(pack)
        for name, value, error in zip(family.names, family.coefficients.tolist(), family.errors.tolist(), strict=True)
    ]
    columns = (
        Column("Endpoint"),
        Column("Family"),
        Column("In the workbook"),
        Column("Coefficient"),
        Column("Estimate", "number"),
        Column("SE", "number"),
    )
    title = "Coefficients of every family"
    return Table("coefficients_by_family", title, (COEFFICIENTS,), columns, tuple(rows), banded=True)


def covariance(pack: EvidencePack, names: EvidenceNames) -> Table:
    """Return the covariance of the coefficients of every fitted family, one pair a row."""
    rows = [
        (
            names.endpoint(endpoint),
            family_name(family.family),
            names.coefficient(one),
            names.coefficient(other),
            float(family.covariance[i, j]),
        )
        for endpoint, family in _each(pack)
        for i, one in enumerate(family.names)
        for j, other in enumerate(family.names)
        if j <= i
    ]
    columns = (
        Column("Endpoint"),
        Column("Family"),
        Column("Coefficient"),
        Column("And coefficient"),
        Column("Covariance", "number"),
    )
    title = "Covariance of the coefficients of every family"
    return Table("covariance_by_family", title, (COEFFICIENTS,), columns, tuple(rows), banded=True)
