"""Every table and chart, in the order of a submission, as the view modules declare them."""

from __future__ import annotations

import pkgutil
from functools import cache, partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from hemodel import views
from hemodel.inputs.checks import select
from hemodel.views.evidence.tables import evidence_tables, report_tables
from hemodel.views.shared.declared import ChartEntry, CommandTable, OnPage, TableEntry
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from matplotlib.figure import Figure

    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.report import ReportResults
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.views.shared.table import Table

ORDER = (
    *(
        "structure",
        "outcomes",
        "payer",
        "curves",
        "fit_warnings",
        "base_case",
        "one_way",
        "uncertainty",
        "grids",
        "psa",
    ),
    *("scenarios", "information", "prices", "studies", "budget", "inputs"),
)
"""Of the modules in a submission; one that is not named comes after these."""
COMMANDS = ("dsa", "voi", "sweep", "report")
"""That have tables which no run has."""
EVIDENCE = ("ranking", "observed", "tests_of_effects", "concerns", "beyond_follow_up", "death_after_progression")
"""Tables of the evidence pack that a dossier can hold; the ranking for PFS and OS alone."""


def _declared(name: str) -> tuple[Any, ...]:
    """Return what the view modules declare under a name."""
    found = [each.name for each in pkgutil.iter_modules(views.__path__) if f"{views.__name__}.{each.name}" != __name__]
    modules = sorted(found, key=lambda each: ORDER.index(each) if each in ORDER else len(ORDER))
    return tuple(e for each in modules for e in getattr(import_module(f"{views.__name__}.{each}"), name, ()))


TABLES: tuple[TableEntry, ...] = _declared("TABLES")
CHARTS: tuple[ChartEntry, ...] = _declared("CHARTS")
BEHIND_CHARTS: tuple[TableEntry, ...] = _declared("BEHIND_CHARTS")
"""Tables that only charts of the results workbook show; they are no files."""
COMMAND_TABLES: dict[str, tuple[CommandTable, ...]] = {name: _declared(f"{name.upper()}_TABLES") for name in COMMANDS}


@cache
def _pages() -> dict[str, OnPage]:
    return {entry.name: entry.page for entry in TABLES}


def on_page(table: str) -> OnPage:
    """Return what a page shows of a table; all of one that is not declared."""
    return _pages().get(table, OnPage())


def tables(results: Results, run: Run, among: Iterable[TableEntry] = TABLES) -> tuple[Table, ...]:
    """Return every table of a run, in the order of a submission.

    Parameters
    ----------
    run : Run
        The run that the results are of; its inputs and curves stand beside them.
    among : iterable of TableEntry
        Those wanted.

    Returns
    -------
    tuple of Table
        Those of parts that were not run, and of changes or warnings where there
        are none, are left out.
    """
    names = names_of(results, run)
    made = ((entry, entry.make(results, run, names)) for entry in among)
    return tuple(table for entry, table in made if table is not None and (table.rows or not entry.needs_rows))


def command_tables(command: str, *found: Any) -> list[Table]:
    """Return the tables of a command that no run has, from what it found."""
    made = (entry.make(*found) for entry in COMMAND_TABLES[command])
    return [table for table in made if table is not None]


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
    made = [*tables(results, run), *command_tables("report", results, names)]
    if pack is not None:
        made += [table for table in evidence_tables(run.model, pack) if table.name in EVIDENCE]
        made += report_tables(run.model, pack)
    return {table.name: table for table in made if table.rows}


def figures(results: Results, run: Run, among: Iterable[ChartEntry] = CHARTS) -> dict[str, Callable[[], Figure]]:
    """Return every chart that applies to a run, by name; each is drawn when it is called.

    Parameters
    ----------
    results : Results
        Of the same run.
    among : iterable of ChartEntry
        Those wanted.
    """
    every = [one for entry in among for one in entry.of_run(results)]
    return {entry.name: partial(entry.draw, results, run) for entry in every if entry.applies(results, run)}


def captions(results: Results) -> dict[str, str]:
    """Return the caption of every chart of a run, by name."""
    return {one.name: one.caption for entry in CHARTS for one in entry.of_run(results)}


def names_of(results: Results, run: Run) -> Names:
    """Return the printed names of everything in a run."""
    rows = select(run.model.inputs.rows, "utility.time_to_death.{band}")
    return Names(results, {row.names["band"]: row.label for row in rows})
