"""Tables that only a dossier shows: steps from the trial to the economic evaluation, checks, and what matters most.

What matters most of a long table: the largest bars, the scenarios that move the result, the assumptions behind it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hemodel.analyses.base_case import threshold_key
from hemodel.analyses.input_rows import is_used
from hemodel.formats import display
from hemodel.views.inputs import judgement
from hemodel.views.outcomes import per_qaly
from hemodel.views.scenarios import by_group, decision_word
from hemodel.views.shared import notes
from hemodel.views.shared.declared import CommandTable
from hemodel.views.shared.printed import CHOICES
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.words import SCENARIO_GROUPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.dsa.one_way import Dsa
    from hemodel.analyses.input_rows import InputEntry
    from hemodel.analyses.report import ReportResults
    from hemodel.analyses.scenarios import ScenarioEntry
    from hemodel.views.shared.words import Names


_STEPS = {
    "trial": ("Trial", "To the median follow-up", "life-years"),
    "extrapolated": ("Extrapolated", "To the time horizon", "life-years"),
    "utilities": ("Valued", "With utilities", "QALYs"),
    "costs": ("Costed", "With costs", "QALYs"),
}


def checks(results: ReportResults, _names: Names) -> Table:
    """Return the arithmetic checks, each with what it measured and whether it passed."""
    rows = [(c.question, c.measured, c.value, c.limit, "pass" if c.passed else "fail") for c in results.checks]
    note = "Each check compares numbers of this run that were computed in different ways, or that must have an order."
    return Table(
        "checks",
        "Arithmetic checks of the run",
        (note,),
        (
            Column("Check"),
            Column("Measured"),
            Column("Found", "number"),
            Column("Limit", "number"),
            Column("Result"),
        ),
        tuple(rows),
    )


def stepped(results: ReportResults, names: Names) -> Table:
    """Return the increments step by step: in the trial, extrapolated, with utilities, with costs."""
    rows = [
        (
            names.comparison(entry.intervention, results.strategies[0]),
            *_STEPS[entry.step][:2],
            entry.effect,
            _STEPS[entry.step][2],
            *(entry.costs, entry.cost_per_life_year, entry.ratio),
        )
        for entry in results.steps
    ]
    return Table(
        "stepped",
        "Steps from the trial to the economic evaluation",
        ("Discounted.", notes.INCREMENT, notes.RATIO),
        (
            Column("Comparison"),
            Column("Step"),
            Column("What it adds"),
            Column("Incremental effect", "years"),
            Column("Unit"),
            Column("Incremental costs", "money", results.currency),
            Column("Per life-year gained", "icer", results.currency),
            Column("ICER", "icer", per_qaly(results)),
        ),
        tuple(rows),
        banded=True,
    )


LARGEST, MOST_SCENARIOS = 10, 15
"""Bars of the one-way analysis, and scenarios, that a dossier shows of each intervention."""


def one_way_largest(results: ReportResults, names: Names) -> Table:
    """Return the largest bars of the one-way analysis: what was moved, and what comes of it."""
    per = f"{results.currency} per QALY"
    return Table(
        "one_way_largest",
        "One-way sensitivity analysis: the largest bars",
        (
            (
                f"The {LARGEST} inputs that move the net monetary benefit at the decision threshold most, in that"
                " order; all are in the results of the run."
            ),
            notes.RATIO,
        ),
        (
            Column("Intervention"),
            Column("Input"),
            Column("Unit"),
            *(Column(header, "number", "", "Value") for header in ("Base case", "Low", "High")),
            *(Column(header, "icer", per, "ICER") for header in ("At low", "At high")),
            *(Column(header, "money", results.currency, "Net monetary benefit") for header in ("At low", "At high")),
        ),
        tuple(
            (
                *(names.strategy(e.intervention), e.label, e.unit, e.base, e.low, e.high),
                *(e.verdict_low if e.icer_low is None else e.icer_low,),
                *(e.verdict_high if e.icer_high is None else e.icer_high,),
                *(e.nmb_low, e.nmb_high),
            )
            for e in _largest_bars(results)
        ),
        banded=True,
    )


def _largest_bars(results: ReportResults) -> list[Dsa]:
    """Return the largest bars of each intervention; the bars of a run stand in their order."""
    bars = results.dsa or []
    each = [[bar for bar in bars if bar.intervention == e.intervention][:LARGEST] for e in results.incremental]
    return [bar for own in each for bar in own]


def scenarios_moving(results: ReportResults, names: Names) -> Table:
    """Return the scenarios that move the result: of a sweep the points at its ends."""
    found = [e for entry in results.incremental for e in _most_moving(results, entry.intervention)]
    key = threshold_key(results.decision_threshold)
    return Table(
        "scenarios_moving",
        "Scenarios that move the result",
        (
            (
                "Scenarios that move the ICER by 10% or more, leave none, or change the decision; of values that were"
                " varied in steps, those at the ends. At most"
                f" {MOST_SCENARIOS}, those that move it most."
            ),
            notes.INCREMENT,
            notes.RATIO,
        ),
        (
            Column("Group"),
            Column("Question"),
            Column("Intervention"),
            Column("QALYs", "qaly", "QALY", "Increment"),
            Column("Costs", "money", results.currency, "Increment"),
            Column("ICER", "icer", per_qaly(results)),
            Column("Change", "icer", per_qaly(results)),
            Column("Cost-effective"),
        ),
        tuple(
            (
                *(SCENARIO_GROUPS[e.group], e.question or e.name, names.strategy(e.intervention), e.qalys, e.costs),
                *(e.verdict if e.icer is None else e.icer, e.change_in_icer, decision_word(e, key)),
            )
            for e in by_group(found)
        ),
        banded=True,
    )


def _most_moving(results: ReportResults, intervention: str) -> list[ScenarioEntry]:
    """Return the scenarios that move the result of an intervention most, in their order; of a sweep its ends."""
    mine = [e for e in results.scenarios or () if e.intervention == intervention and e.name in results.moving]
    swept: dict[str, list[str]] = {}
    for entry in mine:
        swept.setdefault(entry.sweep, []).append(entry.name)
    ends = {name for sweep, points in swept.items() for name in ((points[0], points[-1]) if sweep else points)}
    kept = [e for e in mine if e.name in ends and e.change_in_icer != 0]
    most = sorted(kept, key=lambda e: -math.inf if e.change_in_icer is None else -abs(e.change_in_icer))
    shown = {e.name for e in most[:MOST_SCENARIOS]}
    return [e for e in kept if e.name in shown]


def key_assumptions(results: ReportResults, _names: Names) -> Table:
    """Return the choices of the model and the most influential values that rest on a judgement, each reason once."""
    values = {entry.id: entry.value for entry in results.inputs}
    influential = {bar.id for bar in _largest_bars(results)}
    merged: dict[tuple[str, str, str], list[InputEntry]] = {}
    for entry in results.inputs:
        why = judgement(entry.source) or judgement(entry.range_basis)
        choice = isinstance(entry.value, str) and entry.id not in _OF_THE_RUN
        if why and is_used(entry.id, values) and (choice or entry.id in influential):
            merged.setdefault((entry.subject, why, entry.label.partition(",")[0]), []).append(entry)
    rows = [(subject, _several(own), _values(own), why) for (subject, why, _), own in merged.items()]
    note = (
        "Choices of the model, and values that are assumed and move the result most. The workbook has the reason of"
        " every other assumption."
    )
    columns = (Column("Subject"), Column("Assumption"), Column("Value"), Column("Reason"))
    return Table("key_assumptions", "Assumptions and their reasons", (note,), columns, tuple(rows), banded=True)


_OF_THE_RUN = {"settings.scenarios", "settings.beside", "settings.title", "settings.sampling"}
"""Rows that say how a run is made rather than what is assumed."""


def _several(entries: Sequence[InputEntry]) -> str:
    first, *others = entries
    return f"{first.label}, and {len(others)} more like it" if others else first.label


def _values(entries: Sequence[InputEntry]) -> str:
    found = dict.fromkeys(display(entry.value, "value") for entry in entries)
    return "; ".join(CHOICES.get(value, value) for value in found)


REPORT_TABLES = (
    CommandTable("checks", checks),
    CommandTable("stepped", stepped),
    CommandTable("one_way_largest", one_way_largest),
    CommandTable("scenarios_moving", scenarios_moving),
    CommandTable("key_assumptions", key_assumptions),
)
"""Of results with what a report adds, and names."""
