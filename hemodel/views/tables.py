"""Every table of a run: content and order, once, for the files, the workbook and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.inputs.checks import select
from hemodel.views.registry import TABLES
from hemodel.views.shared.table import Column, Table, csv_text, frame
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.views.shared.declared import TableEntry


__all__ = ["Column", "Table", "csv_text", "frame", "names_of", "tables"]


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
    return Names(results, {row.names["band"]: row.label or row.names["band"] for row in rows})
