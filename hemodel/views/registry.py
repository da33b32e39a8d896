"""Every table and chart of a run, in the order of a submission, as the view modules declare them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from hemodel.inputs.checks import select
from hemodel.views import (
    base_case,
    budget,
    curves,
    fit_warnings,
    grids,
    information,
    inputs,
    one_way,
    outcomes,
    payer,
    prices,
    psa,
    scenarios,
    structure,
    studies,
    uncertainty,
)
from hemodel.views.shared.declared import ChartEntry, OnPage, TableEntry
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.views.shared.table import Table

TABLES: tuple[TableEntry, ...] = (
    *outcomes.TABLES,
    *scenarios.BESIDE_TABLES,
    *payer.TABLES,
    *curves.TABLES,
    *fit_warnings.TABLES,
    *outcomes.JUDGING_TABLES,
    *uncertainty.ONE_WAY_TABLES,
    *grids.TABLES,
    *uncertainty.PROBABILISTIC_TABLES,
    *psa.TABLES,
    *uncertainty.ACCEPTABILITY_TABLES,
    *scenarios.TABLES,
    *information.TABLES,
    *prices.TABLES,
    *studies.TABLES,
    *budget.TABLES,
    *inputs.TABLES,
)
CHARTS: tuple[ChartEntry, ...] = (
    *structure.CHARTS,
    *curves.CHARTS,
    *base_case.CHARTS,
    *one_way.CHARTS,
    *grids.CHARTS,
    *psa.CHARTS,
    *information.CHARTS,
    *prices.CHARTS,
    *scenarios.CHARTS,
    *studies.CHARTS,
    *budget.CHARTS,
)


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


def names_of(results: Results, run: Run) -> Names:
    """Return the printed names of everything in a run."""
    rows = select(run.model.inputs.rows, "utility.time_to_death.{band}")
    return Names(results, {row.names["band"]: row.label for row in rows})
