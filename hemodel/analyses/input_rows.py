"""The rows of a workbook that hold a value: which they are, what they are about, and where the value is from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.entries import Entry
from hemodel.inputs.cell_formats import sheet_titles

if TYPE_CHECKING:
    from hemodel.analyses.run import Run
    from hemodel.inputs.rows import Row


class InputEntry(Entry):
    """An input of the workbook that holds a value, as the run used it."""

    id: str = Field(description="of the row")
    subject: str = Field(description="title of the sheet that it stands on")
    label: str = Field(description="of the row")
    value: str | float | None = Field(description="in the unit of the row")
    unit: str = Field(description="of value, low, high and se")
    low: float | None = Field(description="lower end of the 95% interval, or lower bound")
    high: float | None = Field(description="upper end of the 95% interval, or upper bound")
    se: float | None = Field(description="standard error")
    n: float | None = Field(description="patients that it was measured in")
    distribution: str = Field(description="name of the distribution, or fixed")
    parameters: list[float] = Field(description="of the distribution, as it is drawn")
    range_basis: str = Field(description="what low and high are")
    source: str = Field(description="of the value; of one changed for the run, what changed it")
    note: str = Field(description="of the row")


def input_entries(run: Run) -> list[InputEntry]:
    """Return every row that holds a value, in workbook order."""
    parameters = run.model.inputs.parameters
    drawn = {each.id: list(each.distribution.parameters) for each in parameters if each.distribution is not None}
    same = ("id", "value", "unit", "low", "high", "se", "n", "distribution", "range_basis", "note")
    return [
        InputEntry(
            **{name: getattr(row, name) for name in same},
            subject=subject(row),
            label=row.label,
            parameters=drawn.get(row.id, []),
            source=source_text(row),
        )
        for row in filled_rows(run)
    ]


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
