"""What `hemodel scenarios` prints: every scenario by group, and where the outputs are."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from hemodel.economics import is_cost_effective
from hemodel.reporting.console_tables import NO_BREAK_SPACE, plain_table
from hemodel.reporting.format import display
from hemodel.reporting.schema import threshold_key
from hemodel.reporting.tables_scenarios import by_group, decision_word
from hemodel.reporting.tables_words import SCENARIO_GROUPS, Names

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.reporting.schema import Results, ScenarioEntry

CHANGED = "*"
"""Stands behind a decision that is not that of the base case."""


def scenario_summary(results: Results, target: Path) -> str:
    """Return a table for each intervention: what every scenario changes and what is decided under it."""
    lines = [results.title, ""]
    lines += [f"Changed: {c.id}: {c.old} -> {c.new} ({c.origin})" for c in results.changes]
    entries = by_group(results.scenarios or [])
    names = Names(results)
    for base in results.incremental:
        own = [entry for entry in entries if entry.intervention == base.intervention]
        lines += [names.comparison(base.intervention, base.comparator), "", _table(results, base.intervention, own), ""]
    if any(any(entry.changes_decision.values()) for entry in entries):
        lines.append(f"{CHANGED} another decision than in the base case")
    lines += [f"Warning: {warning}" for warning in results.warnings]
    count = len({entry.name for entry in entries})
    lines.append(f"{count} scenario{'' if count == 1 else 's'}. Written to {target}")
    return "\n".join(lines).replace(NO_BREAK_SPACE, " ")


def _table(results: Results, intervention: str, entries: list[ScenarioEntry]) -> str:
    base = next(each for each in results.incremental if each.intervention == intervention)
    keys = [threshold_key(t) for t in results.thresholds]
    headers = (
        *("Scenario", "Change in QALYs", f"Change in costs ({results.currency})"),
        *("ICER", *(f"At {display(t, 'icer')}" for t in results.thresholds)),
    )
    icer = base.verdict if base.icer is None else display(base.icer, "icer")
    rows: list[tuple[str, ...]] = [
        ("Base case", "", "", icer, *("yes" if is_cost_effective(base.nmb[key]) else "no" for key in keys))
    ]
    for group, own in groupby(entries, key=lambda entry: entry.group):
        rows += [("",) * len(headers), (SCENARIO_GROUPS[group], *("",) * (len(headers) - 1))]
        rows += [_row(entry, keys) for entry in own]
    return plain_table(headers, rows)


def _row(entry: ScenarioEntry, keys: list[str]) -> tuple[str, ...]:
    if entry.stopped:
        return (f"  {entry.name}", "", "", "not run", *("" for _ in keys))
    words = ((decision_word(entry, key) or "").lower().replace(" (changed)", CHANGED) for key in keys)
    return (
        f"  {entry.name}",
        display(entry.change_in_qalys, "qaly"),
        display(entry.change_in_costs, "money"),
        entry.verdict if entry.icer is None else display(entry.icer, "icer"),
        *words,
    )
