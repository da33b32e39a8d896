"""Tables of the scenarios: what comes of them, and what they change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.economics import is_cost_effective
from hemodel.inputs.scenarios import GROUPS
from hemodel.reporting import tables_notes as notes
from hemodel.reporting.format import Value, display
from hemodel.reporting.schema import threshold_key
from hemodel.reporting.tables_outcomes import per_qaly
from hemodel.reporting.tables_shape import Column, Table
from hemodel.reporting.tables_words import SCENARIO_GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.reporting.schema import Incremental, Results, ScenarioEntry
    from hemodel.reporting.tables_words import Names


def by_group(entries: Iterable[ScenarioEntry]) -> list[ScenarioEntry]:
    """Return the scenarios by group; as they were within a group."""
    return sorted(entries, key=lambda entry: GROUPS.index(entry.group))


def scenarios(results: Results, entries: list[ScenarioEntry], names: Names) -> Table:
    """Return increments, net benefit and decisions under every scenario by group, the base case first."""
    rows = [_base_row(results, entry, names) for entry in results.incremental]
    rows += [_scenario_row(results, entry, names) for entry in by_group(entries)]
    heads = [f"{results.currency} {display(t, 'icer')}" for t in results.thresholds]
    currency = results.currency
    return Table(
        "scenarios",
        "Scenarios",
        (notes.INCREMENT, notes.RATIO, notes.DECISION),
        (
            Column("Scenario"),
            Column("Group"),
            Column("Question"),
            Column("Purpose"),
            Column("Intervention"),
            Column("Life-years", "years", "years", "Increment"),
            Column("QALYs", "qaly", "QALY", "Increment"),
            Column("Costs", "money", currency, "Increment"),
            Column("QALYs", "qaly", "QALY", "Change"),
            Column("Costs", "money", currency, "Change"),
            Column("ICER", "icer", per_qaly(results)),
            Column("Change in ICER", "icer", per_qaly(results)),
            *(Column(head, "money", currency, "Net monetary benefit at") for head in heads),
            *(Column(head, group="Cost-effective at") for head in heads),
            Column("Why it was stopped"),
        ),
        tuple(rows),
        banded=True,
    )


def _base_row(results: Results, entry: Incremental, names: Names) -> tuple[Value, ...]:
    keys = [threshold_key(t) for t in results.thresholds]
    return (
        *("Base case", "Base case", None, None, names.strategy(entry.intervention)),
        *(entry.life_years, entry.qalys, entry.costs, None, None),
        *(entry.verdict if entry.icer is None else entry.icer, None),
        *(entry.nmb[key] for key in keys),
        *(_yes(is_cost_effective(entry.nmb[key])) for key in keys),
        None,
    )


def _scenario_row(results: Results, entry: ScenarioEntry, names: Names) -> tuple[Value, ...]:
    keys = [threshold_key(t) for t in results.thresholds]
    return (
        *(entry.name, SCENARIO_GROUPS[entry.group], entry.question, entry.purpose, names.strategy(entry.intervention)),
        *(entry.life_years, entry.qalys, entry.costs, entry.change_in_qalys, entry.change_in_costs),
        *(entry.verdict if entry.icer is None else entry.icer, entry.change_in_icer),
        *(entry.nmb.get(key) for key in keys),
        *(decision_word(entry, key) for key in keys),
        entry.stopped or None,
    )


def decision_word(entry: ScenarioEntry, key: str) -> str | None:
    """Return whether an intervention is cost-effective at a threshold, and whether that is another decision."""
    if key not in entry.cost_effective:
        return None
    return _yes(entry.cost_effective[key]) + (" (changed)" if entry.changes_decision[key] else "")


def _yes(value: bool) -> str:
    return "Yes" if value else "No"


def scenario_changes(entries: list[ScenarioEntry]) -> Table:
    """Return what each scenario changes, why, and on whose word."""
    seen: Mapping[str, ScenarioEntry] = {entry.name: entry for entry in by_group(entries)}
    rows = [
        (name, change.id, change.old, change.new, entry.why, entry.source)
        for name, entry in seen.items()
        for change in entry.changes
    ]
    return Table(
        "scenario_changes",
        "What the scenarios change",
        (),
        (
            Column("Scenario"),
            Column("Id"),
            Column("From", "value"),
            Column("To", "value"),
            Column("Why"),
            Column("Source"),
        ),
        tuple(rows),
        banded=True,
    )
