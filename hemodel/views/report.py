"""Tables that only a dossier shows: checks of the run, steps from the trial to the economic evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.views.evidence.tables import evidence_tables, report_tables
from hemodel.views.outcomes import per_qaly
from hemodel.views.registry import names_of, tables
from hemodel.views.shared import notes
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.report import ReportResults
    from hemodel.analyses.run import Run
    from hemodel.views.shared.words import Names


EVIDENCE = ("ranking", "observed", "tests_of_effects", "concerns", "beyond_follow_up", "death_after_progression")
"""Tables of the evidence pack that a dossier can hold; the ranking for PFS and OS alone."""
_STEPS = {
    "trial": ("Trial", "To the median follow-up", "life-years"),
    "extrapolated": ("Extrapolated", "To the time horizon", "life-years"),
    "utilities": ("Valued", "With utilities", "QALYs"),
    "costs": ("Costed", "With costs", "QALYs"),
}


def dossier_tables(results: ReportResults, run: Run, pack: EvidencePack | None) -> dict[str, Table]:
    """Return every table that a dossier can hold and that has rows, by name.

    Parameters
    ----------
    run : Run
        That the results are of.
    pack : EvidencePack or None
        On the curves of the run.
    """
    names = names_of(results, run)
    made = [*tables(results, run), *(make(results, names) for make in REPORT_TABLES.values())]
    if pack is not None:
        made += [table for table in evidence_tables(run.model, pack) if table.name in EVIDENCE]
        made += report_tables(run.model, pack)
    return {table.name: table for table in made if table.rows}


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


REPORT_TABLES = {"checks": checks, "stepped": stepped}
"""What makes each, by name."""
