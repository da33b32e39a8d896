"""Tables of the budget impact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.economics import swing
from hemodel.reporting.budget_text import CONVENTIONS, entry_sentence
from hemodel.reporting.tables_shape import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.reporting.format import Value
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_budget import BudgetItem, BudgetMix, BudgetResult, Series
    from hemodel.reporting.tables_words import Names

ALL_YEARS = "All years"
WITHOUT, WITH, NET = "Without the new treatment", "With the new treatment", "Net budget impact"
NET_NOTE = "Net: with the new treatment minus without it."
FUNNEL_NOTE = (
    "Each step is a share of the one before; the last leaves the patients who become eligible in the year."
    " Alive and dead are at the end of the year, of all who have begun since the first year."
)
PEAK_NOTE = "The largest year is that of the bound, which need not be that of the base case."


def budget_tables(results: Results, names: Names) -> list[Table]:
    """Return every table of the budget impact; none where there is no such analysis."""
    budget = results.budget
    if budget is None:
        return []
    made = [
        impact(results, budget, names),
        by_category(results, budget, names),
        population(budget, names),
        uptake(budget, names),
        cost_per_patient(results, budget, names),
    ]
    return made if budget.one_way is None else [*made, one_way(results, budget, budget.one_way)]


def impact(results: Results, budget: BudgetResult, names: Names) -> Table:
    """Return costs with and without by year, net impact and its parts by strategy."""
    currency, net = results.currency, budget.net
    shown = [budget.eligible, budget.without_new.total, budget.with_new.total]
    shown += [*(net.by_strategy[strategy] for strategy in results.strategies), net.total]
    rows: list[tuple[Value, ...]] = [
        (str(year), *(series.by_year[i] for series in shown), net.cumulative[i]) for i, year in enumerate(budget.years)
    ]
    rows.append((names.component("total"), *(series.all_years for series in shown), None))
    return Table(
        "budget_impact",
        "Net budget impact by year",
        (*CONVENTIONS, NET_NOTE),
        (
            Column("Year"),
            Column("Eligible patients", "count", "patients"),
            Column("Without", "money", currency, "Costs"),
            Column("With", "money", currency, "Costs"),
            *(Column(names.strategy(s), "money", currency, "Net, by strategy") for s in results.strategies),
            Column("Total", "money", currency, NET),
            Column("Cumulative", "money", currency, NET),
        ),
        tuple(rows),
    )


def by_category(results: Results, budget: BudgetResult, names: Names) -> Table:
    """Return costs by category and year without, with and net, and net acquisition by drug."""
    rows: list[tuple[Value, ...]] = []
    for band, amounts in ((WITHOUT, budget.without_new), (WITH, budget.with_new), (NET, budget.net)):
        rows += [(band, names.component(name), *_cells(series)) for name, series in amounts.by_category.items()]
        rows.append((band, names.component("total"), *_cells(amounts.total)))
    drugs = budget.net.by_drug.items()
    rows += [(f"{NET}, acquisition by drug", names.drug(drug), *_cells(series)) for drug, series in drugs]
    return Table(
        "budget_by_category",
        "Budget impact by category of costs",
        (*CONVENTIONS, NET_NOTE),
        (Column("Mix of treatments"), Column("Category"), *_years(budget, results.currency)),
        tuple(rows),
        banded=True,
    )


def _years(budget: BudgetResult, currency: str) -> list[Column]:
    return [Column(header, "money", currency) for header in (*(str(year) for year in budget.years), ALL_YEARS)]


def _cells(series: Series) -> tuple[float, ...]:
    return (*series.by_year, series.all_years)


def population(budget: BudgetResult, names: Names) -> Table:
    """Return the funnel step by step, and patients who begin, are alive and have died, by year."""
    rows: list[tuple[Value, ...]] = [
        ("Funnel of eligible patients", step.label, step.share, *step.patients) for step in budget.funnel
    ]
    for words, mix in ((WITHOUT, budget.without_new), (WITH, budget.with_new)):
        rows += _patients(words, mix, names)
    return Table(
        "budget_population",
        "Patients by year",
        (
            FUNNEL_NOTE,
            entry_sentence(budget),
        ),
        (
            Column("Group"),
            Column("Patients"),
            Column("Share", "share", "proportion"),
            *(Column(str(year), "count", "patients") for year in budget.years),
        ),
        tuple(rows),
        banded=True,
    )


def _patients(words: str, mix: BudgetMix, names: Names) -> Iterable[tuple[Value, ...]]:
    for what, by in (("begin", mix.starting), ("alive", mix.alive), ("dead", mix.died)):
        for strategy, values in by.items():
            yield (words, f"{names.strategy(strategy)}, {what}", None, *values)


def uptake(budget: BudgetResult, names: Names) -> Table:
    """Return the shares of the eligible patients who begin each strategy."""
    rows: list[tuple[Value, ...]] = []
    for words, mix in ((WITHOUT, budget.without_new), (WITH, budget.with_new)):
        rows += [(words, names.strategy(strategy), *values) for strategy, values in mix.shares.items()]
    return Table(
        "budget_uptake",
        "Mix of treatments by year",
        ("Shares of the patients who become eligible in the year.",),
        (Column("Mix"), Column("Strategy"), *(Column(str(year), "share", "proportion") for year in budget.years)),
        tuple(rows),
        banded=True,
    )


def cost_per_patient(results: Results, budget: BudgetResult, names: Names) -> Table:
    """Return what one patient costs in the calendar year of entry and in each year after it."""
    rows: list[tuple[Value, ...]] = []
    for strategy in results.strategies:
        parts = budget.cost_per_patient[strategy]
        ordered = [*(name for name in parts if name != "total"), "total"]
        rows += [(names.strategy(strategy), names.component(name), *parts[name]) for name in ordered]
    ordinals = ("Year of entry", *(f"Year {i}" for i in range(2, len(budget.years) + 1)))
    return Table(
        "budget_cost_per_patient",
        "Cost of a patient by year since entry",
        (*CONVENTIONS, entry_sentence(budget)),
        (Column("Strategy"), Column("Category"), *(Column(h, "money", results.currency) for h in ordinals)),
        tuple(rows),
        banded=True,
    )


def one_way(results: Results, budget: BudgetResult, items: list[BudgetItem]) -> Table:
    """Return net budget impact with each input at its bounds, widest range first."""
    currency, count = results.currency, len(budget.years)
    notes = ["One input at a time at its lower and its upper bound. " + PEAK_NOTE]
    notes.append("When one share moves the others of its year keep their proportions.")
    if budget.unmoved:
        notes.append(f"{budget.unmoved} further inputs leave the budget impact as it is.")
    return Table(
        "budget_one_way",
        "One-way analysis of the net budget impact",
        tuple(notes),
        (
            Column("Input"),
            Column("Id"),
            Column("Unit"),
            *(Column(header, "number", "", "Value") for header in ("Base case", "Low", "High")),
            *(
                Column(header, "money", currency, f"Net budget impact over {count} years")
                for header in ("At low", "At high", "Range")
            ),
            *(Column(header, "money", currency, "Net budget impact, largest year") for header in ("At low", "At high")),
        ),
        tuple(
            (
                *(item.label, item.id, item.unit, item.base, item.low, item.high),
                *(item.total_low, item.total_high, swing(item.total_low, item.total_high)),
                *(item.peak_low, item.peak_high),
            )
            for item in items
        ),
    )
