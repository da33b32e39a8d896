"""Tables of the base case: totals, increments, components, drug use, net benefit, occupancy.

Tables that judge the curves: survival in other studies, and what caps did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import differences
from hemodel.formats import Kind, Value, display
from hemodel.model.evaluate import base_draws, occupancy_at
from hemodel.model.occupancy import UTILITY_CAPPED, alive, rule_parts
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR
from hemodel.views.curves import MONTHS
from hemodel.views.shared import notes
from hemodel.views.shared.declared import TableEntry
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.words import Names, adjustment_sentence, rule_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.base_case import StrategyResult
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run


def per_qaly(results: Results) -> str:
    """Return the unit of an ICER."""
    return f"{results.currency} per QALY"


def base_case(results: Results, names: Names) -> Table:
    """Return totals and increments of every strategy."""
    comparator = results.strategies[0]
    group = f"Increment over {names.strategy(comparator)}"
    gains = {entry.intervention: entry for entry in results.incremental}
    rows: list[tuple[Value, ...]] = []
    for strategy in results.strategies:
        found, gain = results.base_case[strategy], gains.get(strategy)
        totals = [table.discounted["total"] for table in (found.life_years, found.qalys, found.costs)]
        more: list[Value] = [None] * 4
        if gain is not None:
            ratio = gain.verdict if gain.icer is None else gain.icer
            more = [gain.life_years, gain.qalys, gain.costs, ratio]
        rows.append((names.strategy(strategy), *totals, *more))
    return Table(
        "base_case",
        "Base-case results",
        ("Discounted totals for each patient.", notes.INCREMENT, notes.RATIO),
        (
            Column("Strategy"),
            Column("Life-years", "years", "years", "Total"),
            Column("QALYs", "qaly", "QALY", "Total"),
            Column("Costs", "money", results.currency, "Total"),
            Column("Life-years", "years", "years", group),
            Column("QALYs", "qaly", "QALY", group),
            Column("Costs", "money", results.currency, group),
            Column("ICER", "icer", per_qaly(results), group),
        ),
        tuple(rows),
    )


def fully_incremental(results: Results, names: Names) -> Table:
    """Return the strategies in order of cost, each against the next cheaper one on the frontier."""
    rows = []
    for entry in results.frontier:
        total = results.base_case[entry.strategy]
        rows.append(
            (
                names.strategy(entry.strategy),
                total.costs.discounted["total"],
                total.qalys.discounted["total"],
                entry.status,
                None if entry.against is None else names.strategy(entry.against),
                entry.costs,
                entry.qalys,
                entry.icer,
            )
        )
    return Table(
        "fully_incremental",
        "Fully incremental analysis",
        (notes.FULLY_INCREMENTAL,),
        (
            Column("Strategy"),
            Column("Costs", "money", results.currency),
            Column("QALYs", "qaly", "QALY"),
            Column("Status"),
            Column("Against"),
            Column("Incremental costs", "money", results.currency),
            Column("Incremental QALYs", "qaly", "QALY"),
            Column("ICER", "icer", per_qaly(results)),
        ),
        tuple(rows),
    )


def _by_component(
    results: Results, names: Names, outcome: str, text: tuple[str, str, tuple[str, ...]], kind: Kind, unit: str
) -> Table:
    """Return one outcome by component: each strategy and each increment, discounted and undiscounted."""
    name, title, remarks = text
    comparator, *interventions = results.strategies
    groups = [names.strategy(s) for s in results.strategies]
    groups += [f"Increment, {names.comparison(s, comparator)}" for s in interventions]
    columns = [Column("Component")]
    columns += [Column(h, kind, unit, group) for group in groups for h in ("Discounted", "Undiscounted")]
    parts = [key for key in _amounts(results.base_case[comparator], outcome, "discounted") if key != "total"]
    rows = []
    for part in [*parts, "total"]:
        cells: list[Value] = [names.component(part)]
        pairs = [
            {how: _amounts(results.base_case[s], outcome, how)[part] for how in ("discounted", "undiscounted")}
            for s in results.strategies
        ]
        pairs += [differences(pair, pairs[0]) for pair in pairs[1:]]
        cells += [value for pair in pairs for value in pair.values()]
        rows.append(tuple(cells))
    return Table(name, title, remarks, tuple(columns), tuple(rows))


def _amounts(found: StrategyResult, outcome: str, how: str) -> dict[str, float]:
    amounts: dict[str, float] = getattr(getattr(found, outcome), how)
    return amounts


def disaggregated_costs(results: Results, names: Names) -> Table:
    """Return costs by category."""
    text = ("disaggregated_costs", "Costs by category", ("Per patient.", notes.INCREMENT))
    return _by_component(results, names, "costs", text, "money", results.currency)


def disaggregated_qalys(results: Results, names: Names) -> Table:
    """Return QALYs by state and the loss from adverse events."""
    text = ("disaggregated_qalys", "QALYs by state", ("Per patient; adverse events are a loss.", notes.INCREMENT))
    return _by_component(results, names, "qalys", text, "qaly", "QALY")


def disaggregated_life_years(results: Results, names: Names) -> Table:
    """Return life-years by state."""
    text = ("disaggregated_life_years", "Life-years by state", ("Per patient.", notes.INCREMENT))
    return _by_component(results, names, "life_years", text, "years", "years")


def drug_use(results: Results, names: Names) -> Table:
    """Return administrations and acquisition cost by drug and strategy."""
    columns = [Column("Drug")]
    for strategy in results.strategies:
        group = names.strategy(strategy)
        columns += [
            Column("Administrations", "number", "per patient", group),
            Column("Acquisition cost", "money", results.currency, group),
            Column("Acquisition cost, undiscounted", "money", results.currency, group),
        ]
    rows = []
    for drug in [*results.drug_names, "total"]:
        cells: list[Value] = [names.drug(drug)]
        for strategy in results.strategies:
            found = results.base_case[strategy]
            cells += [
                found.administrations.undiscounted.get(drug, 0.0),
                found.drug_costs.discounted.get(drug, 0.0),
                found.drug_costs.undiscounted.get(drug, 0.0),
            ]
        rows.append(tuple(cells))
    return Table(
        "drug_use",
        "Drug use and acquisition cost",
        (notes.DRUG_USE,),
        tuple(columns),
        tuple(rows),
    )


def net_benefit(results: Results, names: Names) -> Table:
    """Return incremental net monetary and net health benefit at every threshold."""
    rows = [
        (names.strategy(entry.intervention), float(threshold), benefit, entry.nhb[threshold])
        for entry in results.incremental
        for threshold, benefit in entry.nmb.items()
    ]
    return Table(
        "net_benefit",
        "Incremental net benefit",
        (f"Against {names.strategy(results.strategies[0])}. {notes.NET_BENEFIT}",),
        (
            Column("Strategy"),
            Column("Threshold", "icer", per_qaly(results)),
            Column("Net monetary benefit", "money", results.currency),
            Column("Net health benefit", "qaly", "QALY"),
        ),
        tuple(rows),
    )


def occupancy(run: Run, names: Names) -> Table:
    """Return the share of patients in each state by month, as modelled."""
    model = run.model
    settings = model.inputs.settings
    months = np.arange(settings.time_horizon * MONTHS_PER_YEAR + 1.0)
    columns = [Column("Month", "count", "months")]
    values: list[Sequence[float]] = [months.tolist()]
    for strategy in model.strategies:
        for state, share in occupancy_at(model, base_draws(model), strategy, months).items():
            header = "Dead" if state == "dead" else names.component(state)
            columns.append(Column(header, "share", "proportion", names.strategy(strategy)))
            values.append(share[0].tolist())
    return Table(
        "occupancy",
        "Patients by state over time",
        (f"At the end of each month of {display(DAYS_PER_MONTH, 'value')} days; the model itself runs in cycles.",),
        tuple(columns),
        tuple(zip(*values, strict=True)),
    )


def external(results: Results, names: Names) -> Table:
    """Return survival in other studies beside the curves."""
    rows = [
        (
            entry.label,
            names.endpoint(entry.endpoint),
            names.strategy(entry.strategy),
            entry.time_months,
            entry.time_months - entry.origin_months,
            entry.reported,
            entry.low,
            entry.high,
            entry.fitted,
            _inside(entry.fitted, entry.low, entry.high),
        )
        for entry in results.external
    ]
    return Table(
        "external",
        "Survival in other studies",
        ("Compared with the curves; part of the fit only where the workbook says so.",),
        (
            Column("Study"),
            Column("Endpoint"),
            Column("Strategy"),
            Column("In the study", "months", MONTHS, "Time"),
            Column("In the model", "months", MONTHS, "Time"),
            Column("Reported", "share", "proportion"),
            Column("Low", "share", "proportion", "95% interval"),
            Column("High", "share", "proportion", "95% interval"),
            Column("Modelled", "share", "proportion"),
            Column("Modelled, against the interval"),
        ),
        tuple(rows),
    )


def _inside(value: float, low: float | None, high: float | None) -> str | None:
    if low is None or high is None:
        return None
    return "inside" if low <= value <= high else "below" if value < low else "above"


def adjustments(results: Results, names: Names) -> Table:
    """Return what each cap did, in numbers and in words."""
    rows = [
        (
            names.strategy(entry.strategy),
            rule_words(entry.rule, names),
            entry.first_month,
            entry.max_gap,
            entry.life_years_moved,
            entry.share_of_draws,
            adjustment_sentence(entry, names),
        )
        for entry in results.adjustments
    ]
    note = "Nothing was adjusted: no cap bound and nothing acted on the curves."
    if rows:
        note = "Caps and lifts, the floor at the population's mortality and waning: when they act, and what they move."
    if any(rule_parts(entry.rule)[0] == UTILITY_CAPPED for entry in results.adjustments):
        note += " Of a utility the gap is one of utility, and what is moved is in QALYs."
    return Table(
        "adjustments",
        "Adjustments of the curves",
        (note,),
        (
            Column("Strategy"),
            Column("Cap"),
            Column("From month", "months", MONTHS),
            Column("Largest gap", "share", "proportion"),
            Column("Time moved", "years", "years per patient"),
            Column("Draws in which it bound", "share", "proportion"),
            Column("In words"),
        ),
        tuple(rows),
    )


TABLES = (
    TableEntry("base_case", lambda results, _, names: base_case(results, names)),
    TableEntry("fully_incremental", lambda results, _, names: fully_incremental(results, names)),
    TableEntry("net_benefit", lambda results, _, names: net_benefit(results, names)),
    TableEntry("disaggregated_costs", lambda results, _, names: disaggregated_costs(results, names)),
    TableEntry("drug_use", lambda results, _, names: drug_use(results, names)),
    TableEntry("disaggregated_life_years", lambda results, _, names: disaggregated_life_years(results, names)),
    TableEntry("disaggregated_qalys", lambda results, _, names: disaggregated_qalys(results, names)),
    TableEntry("occupancy", lambda _, run, names: occupancy(run, names)),
    TableEntry("external", lambda results, _, names: external(results, names), needs_rows=True),
    TableEntry("adjustments", lambda results, _, names: adjustments(results, names)),
)


def survival_by_month(results: Results, run: Run, names: Names) -> Table:
    """Return progression-free and overall survival by month, from the table of occupancy."""
    by_state = occupancy(run, names)
    places = [column.name for column in by_state.columns]
    columns = [by_state.columns[0]]
    picked: list[tuple[int, bool]] = []
    for title, state in (("Progression-free survival", "Progression-free"), ("Overall survival", "Dead")):
        for strategy in results.strategies:
            columns.append(Column(names.strategy(strategy), "share", "proportion", title))
            picked.append((places.index(f"{names.strategy(strategy)}: {state}"), state == "Dead"))
    rows = tuple(
        (row[0], *(alive(float(row[k] or 0.0)) if dead else row[k] for k, dead in picked)) for row in by_state.rows
    )
    note = "After every cap and adjustment: progression-free, and not dead, at the end of each month."
    return Table("survival_by_month", "Survival by month", (note,), tuple(columns), rows)


BEHIND_CHARTS = (TableEntry("survival_by_month", survival_by_month),)
