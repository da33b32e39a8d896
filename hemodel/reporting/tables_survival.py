"""Tables of survival: reported beside fitted, curves, coefficients, families."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting import tables_notes as notes
from hemodel.reporting.format import Value, display
from hemodel.reporting.tables_shape import Column, Table
from hemodel.reporting.tables_words import RELATIONS, Names, family_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_curves import FamilyFit, FitStatistic

MONTHS = "months"


def survival_fit(results: Results, names: Names) -> Table:
    """Return every reported statistic beside the fitted curve."""
    units = {"median": MONTHS, "survival": "proportion", "hazard_ratio": "ratio"}
    rows = [
        (
            names.endpoint(endpoint),
            names.strategy(entry.strategy),
            _statistic(entry, names),
            units.get(entry.statistic, ""),
            entry.reported,
            entry.low,
            entry.high,
            entry.fitted,
            entry.z,
            "yes" if entry.used else "no",
        )
        for endpoint, entries in results.fit.items()
        for entry in entries
    ]
    return Table(
        "survival_fit",
        "Reported and fitted survival",
        (notes.FIT,),
        (
            Column("Endpoint"),
            Column("Strategy"),
            Column("Statistic"),
            Column("Unit"),
            Column("Reported", "number"),
            Column("Low", "number", "", "95% interval"),
            Column("High", "number", "", "95% interval"),
            Column("Fitted", "number"),
            Column("Difference", "z", "SE"),
            Column("In the fit"),
        ),
        tuple(rows),
        banded=True,
    )


def _statistic(entry: FitStatistic, names: Names) -> str:
    if entry.statistic == "survival":
        return f"Survival at {display(entry.time, 'value')} months"
    if entry.statistic == "hazard_ratio":
        return f"Hazard ratio versus {names.strategy(entry.versus or '')}"
    return entry.statistic.replace("_", " ").capitalize()


def modelled_survival(results: Results, names: Names) -> Table:
    """Return medians and means as modelled, after caps and within the time horizon."""
    rows = []
    for strategy in results.strategies:
        found = results.base_case[strategy].survival
        cells = [value for e in ("pfs", "os") for value in (found[e].median_months, found[e].mean_months)]
        rows.append((names.strategy(strategy), *cells))
    return Table(
        "modelled_survival",
        "Survival as modelled",
        ("After progression-free survival is capped at overall survival; means within the time horizon.",),
        (
            Column("Strategy"),
            *(Column(h, "months", MONTHS, names.endpoint(e)) for e in ("pfs", "os") for h in ("Median", "Mean")),
        ),
        tuple(rows),
    )


def curves(results: Results, names: Names) -> Table:
    """Return every fitted curve: family, relation, median, means, survival by year."""
    years = _years(entry.survival_by_year for entry in results.curves)
    rows = [
        (
            names.endpoint(entry.endpoint),
            names.strategy(entry.strategy),
            family_name(entry.family),
            RELATIONS.get(entry.relation, entry.relation),
            entry.median_months,
            entry.mean_months,
            entry.restricted_mean_months,
            *(entry.survival_by_year.get(year) for year in years),
        )
        for entry in results.curves
    ]
    return Table(
        "curves",
        "Fitted curves",
        ("Before any cap. A mean without a limit is left out where it is infinite.",),
        (
            Column("Curve"),
            Column("Strategy"),
            Column("Family"),
            Column("Relation"),
            Column("Median", "months", MONTHS),
            Column("Mean without a limit", "months", MONTHS),
            Column("Mean within the horizon", "months", MONTHS),
            *_survival_columns(years),
        ),
        tuple(rows),
        banded=True,
    )


def _years(by_year: Iterable[dict[str, float]]) -> list[str]:
    return sorted({year for rates in by_year for year in rates}, key=float)


def _survival_columns(years: list[str]) -> list[Column]:
    return [Column(f"{year} year{'' if year == '1' else 's'}", "share", "proportion", "Survival at") for year in years]


def coefficients(run: Run, names: Names) -> Table:
    """Return the coefficients of every curve with their standard errors."""
    rows = [
        (names.endpoint(endpoint), names.strategy(each.strategy), each.coefficient, each.value, each.standard_error)
        for endpoint, fit in run.model.fits.items()
        for each in fit.estimates
    ]
    return Table(
        "coefficients",
        "Coefficients of the curves",
        (notes.COEFFICIENTS,),
        (
            Column("Curve"),
            Column("Strategy"),
            Column("Coefficient"),
            Column("Estimate", "number"),
            Column("SE", "number"),
        ),
        tuple(rows),
        banded=True,
    )


def fit_quality(results: Results, names: Names) -> Table:
    """Return how well each endpoint was fitted."""
    rows = [
        (
            names.endpoint(endpoint),
            quality.targets,
            quality.parameters,
            quality.objective,
            quality.criterion,
            quality.gradient_norm,
            quality.condition,
        )
        for endpoint, quality in results.fit_quality.items()
    ]
    return Table(
        "fit_quality",
        "Quality of the fits",
        (notes.QUALITY,),
        (
            Column("Endpoint"),
            Column("Statistics", "count"),
            Column("Coefficients", "count"),
            Column("Objective", "score"),
            Column("Criterion", "score"),
            Column("Gradient", "number"),
            Column("Condition", "number"),
        ),
        tuple(rows),
    )


def families(results: Results, names: Names) -> Table:
    """Return every family tried on each endpoint."""
    years = _years(rates for trial in results.families for rates in trial.survival_by_year.values())
    rows: list[tuple[Value, ...]] = []
    for trial in results.families:
        for strategy in trial.restricted_mean_months or results.strategies:
            rates = trial.survival_by_year.get(strategy, {})
            rows.append(
                (
                    names.endpoint(trial.endpoint),
                    family_name(trial.family),
                    names.strategy(strategy),
                    _state(trial),
                    trial.criterion,
                    trial.largest_z,
                    trial.restricted_mean_months.get(strategy),
                    *(rates.get(year) for year in years),
                )
            )
    return Table(
        "families",
        "Families of curves compared",
        (notes.FAMILIES,),
        (
            Column("Endpoint"),
            Column("Family"),
            Column("Strategy"),
            Column("Status"),
            Column("Criterion", "score"),
            Column("Largest difference", "z", "SE"),
            Column("Mean within the horizon", "months", MONTHS),
            *_survival_columns(years),
        ),
        tuple(rows),
        banded=True,
    )


def _state(trial: FamilyFit) -> str:
    if not trial.identified:
        return "not identified"
    return "base case" if trial.base_case else "alternative"
