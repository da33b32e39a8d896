"""The rows of a workbook that hold a value: which they are, what they are about, and where the value is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.inputs.cell_formats import sheet_titles

if TYPE_CHECKING:
    from hemodel.analyses.run import Run
    from hemodel.inputs.rows import Row


def filled_rows(run: Run) -> list[Row]:
    """Return the rows that hold a value, in workbook order."""
    return [row for row in run.model.inputs.rows.values() if row.value is not None]


def subject(row: Row) -> str:
    """Return the title of the sheet that a row stands on."""
    return sheet_titles().get(row.sheet, row.sheet)


def source_text(row: Row) -> str:
    """Return the source; of a value changed for the run, what changed it, since the source is of the old value."""
    where = row.where["value"]
    if where.sheet is not None or row.source == where.file.partition(" (")[0]:
        return row.source
    return f"changed for this run: {where.file}; the workbook's own value is from {row.source}"
