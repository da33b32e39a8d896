"""Cells of a workbook as they stand: text and numbers with their addresses.

Nothing is interpreted here. The file is opened for reading only and never
written to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hemodel.errors import Location, Problem
from hemodel.inputs.dictionary import MODEL_SHEET, SCENARIOS, UNREAD_SHEETS, columns, nearest, sheets
from hemodel.inputs.grids import Grid, read_grids
from hemodel.inputs.numbers import trimmed
from hemodel.inputs.tolerance import is_note, mend_numbers

if TYPE_CHECKING:
    from pathlib import Path

Scalar = str | float | int | bool | None


@dataclass(frozen=True)
class Cell:
    """A value and where it stands."""

    value: Scalar
    where: Location


@dataclass
class RawRow:
    """One row of an input sheet, by column name, before any interpretation."""

    sheet: str
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Id of the row, stripped of spaces."""
        return trimmed(str(self.cells["id"].value or ""))

    def where(self, column: str = "id") -> Location:
        """Address of one cell of the row."""
        return self.cells[column].where


@dataclass
class RawWorkbook:
    """All rows of a workbook, and the problems and warnings met while reading them.

    `scenarios` is the sheet of scenarios as it stands. `before` holds the values, by id, that a payer's
    reference case has replaced.
    """

    file: str
    rows: list[RawRow]
    problems: list[Problem]
    sources: tuple[tuple[str, ...], ...] = ()
    tables: dict[str, DataTable] = field(default_factory=dict)
    scenarios: DataTable | None = None
    warnings: list[Problem] = field(default_factory=list)
    before: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class DataTable:
    """A sheet of data (its name begins with `DATA_SHEET`) or of scenarios: all its rows of values, as they stand."""

    file: str
    sheet: str
    rows: tuple[tuple[Scalar, ...], ...]

    def where(self, row: int, column: int) -> Location:
        """Address of a cell, rows and columns from 0."""
        return Location(self.file, self.sheet, _address(row, column))

    def cell(self, row: int, column: int) -> Cell:
        """Return a cell, rows and columns from 0."""
        return Cell(self.rows[row][column], self.where(row, column))


DATA_SHEET = "Data"
SOURCES = "Sources"


def read_cells(path: Path) -> RawWorkbook:
    """Read every input sheet of a workbook.

    Calculations (sheets whose names begin with `MODEL_SHEET`) and charts are left out.

    Raises
    ------
    InputError
        Where the file is missing or is not an Excel workbook.
    """
    names, grids = read_grids(path, _is_read)
    raw = RawWorkbook(file=path.name, rows=[], problems=[])
    _compare_sheet_names(raw, names)
    for name in sheets():
        if name in grids:
            _read_sheet(raw, name, grids[name])
    for name, grid in grids.items():
        if name.startswith(DATA_SHEET):
            raw.tables[name] = _data_table(path.name, name, grid)
    if SCENARIOS in grids:
        raw.scenarios = _data_table(path.name, SCENARIOS, grids[SCENARIOS], formulas=True)
    if SOURCES in grids:
        raw.sources = _read_sources(grids[SOURCES])
    return raw


def _data_table(file: str, name: str, grid: Grid, *, formulas: bool = False) -> DataTable:
    """Return a sheet as it stands; with `formulas`, one without a stored value is told from an empty cell."""
    width = max((len(row) for row in grid.values), default=0)
    rows = [list(map(_scalar, row)) + [None] * (width - len(row)) for row in grid.values]
    for number, row in enumerate(rows if formulas else ()):
        for index, value in enumerate(row):
            if value is None and grid.formula(number, index) is not None:
                row[index] = _UNKNOWN
    return DataTable(file, name, tuple(map(tuple, rows)))


def _is_read(name: str) -> bool:
    return name in {*sheets(), SOURCES, SCENARIOS} or name.startswith(DATA_SHEET)


def _compare_sheet_names(raw: RawWorkbook, found: list[str]) -> None:
    known = [*sheets(), SCENARIOS, *UNREAD_SHEETS]
    for name in found:
        if name not in known and not name.startswith((DATA_SHEET, MODEL_SHEET)):
            raw.problems.append(
                Problem(
                    Location(raw.file, name),
                    f"unknown sheet {name}",
                    "A sheet that nothing reads is often a misspelt one",
                    nearest(name, known) or "Remove it, or keep notes on the sheet Sources.",
                )
            )
    for name, sheet in sheets().items():
        if name not in found and not sheet.optional:
            raw.problems.append(
                Problem(
                    Location(raw.file, name),
                    f"the sheet {name} is missing",
                    f"It holds: {sheet.purpose[0].lower()}{sheet.purpose[1:]}",
                    "Add the sheet; it may have no rows below its headers.",
                )
            )


def _read_sheet(raw: RawWorkbook, name: str, grid: Grid) -> None:
    texts = [[_text(value) for value in row] for row in grid.values]
    header = next((i for i, row in enumerate(texts) if "id" in row), None)
    if header is None:
        raw.problems.append(
            Problem(
                Location(raw.file, name, "A1"),
                "no header row was found",
                "One column must hold the word id above the rows",
                "Restore the header row.",
            )
        )
        return
    positions = _columns(raw, name, header, [" ".join(text.split()) for text in texts[header]])
    for number in range(header + 1, len(grid.values)):
        _read_row(raw, name, number, positions, grid)


def _columns(raw: RawWorkbook, sheet: str, header: int, texts: list[str]) -> dict[str, int]:
    by_header = {columns()[name].header: name for name in sheets()[sheet].columns}
    positions: dict[str, int] = {}
    for index, text in enumerate(texts):
        where = Location(raw.file, sheet, _address(header, index))
        if not text:
            continue
        if text not in by_header:
            todo = nearest(text, by_header) or "Remove it, or use the column note."
            raw.problems.append(Problem(where, f"unknown column {text}", "Nothing reads it", todo))
        elif by_header[text] in positions:
            raw.problems.append(Problem(where, f"the column {text} stands twice", todo="Remove one."))
        else:
            positions[by_header[text]] = index
    for text, name in by_header.items():
        if name not in positions:
            raw.problems.append(
                Problem(
                    Location(raw.file, sheet, f"{header + 1}:{header + 1}"),
                    f"the column {text} is missing",
                    f"It holds: {columns()[name].definition[0].lower()}{columns()[name].definition[1:]}",
                    "Add the column; its cells may be empty.",
                )
            )
    return positions


def _read_row(raw: RawWorkbook, sheet: str, number: int, positions: dict[str, int], grid: Grid) -> None:
    row = RawRow(sheet)
    for name in sheets()[sheet].columns:
        index = positions.get(name)
        where = Location(raw.file, sheet, None if index is None else _address(number, index))
        value = None if index is None else grid.value(number, index)
        formula = None if index is None else grid.formula(number, index)
        if value is None and formula is not None:
            raw.problems.append(
                Problem(
                    where,
                    f"the formula {formula} has no stored value",
                    "The file was written by a program that does not calculate",
                    "Open it in Excel or LibreOffice, save it and run again.",
                )
            )
            value = _UNKNOWN
        row.cells[name] = Cell(_scalar(value), where)
    if is_note(row):
        return
    if row.id:
        raw.rows.append(row)
        raw.warnings += mend_numbers(row)
    elif isinstance(row.cells["value"].value, (int, float)):
        raw.problems.append(
            Problem(
                row.where("value"),
                "a value stands in a row without an id",
                "Nothing would read it",
                "Give the row its id, or move the note to another column.",
            )
        )


_UNKNOWN = "#no stored value"


def has_no_stored_value(cell: Cell) -> bool:
    """Whether a cell's formula has no stored value (already reported)."""
    return cell.value == _UNKNOWN


def _read_sources(grid: Grid) -> tuple[tuple[str, ...], ...]:
    width = max((len(row) for row in grid.values), default=0)
    rows = [tuple(_text(v) for v in row) + ("",) * (width - len(row)) for row in grid.values]
    start = next((i for i, row in enumerate(rows) if row and row[0] == "source"), len(rows))
    return tuple(row for row in rows[start:] if any(row))


def _scalar(value: Any) -> Scalar:
    if isinstance(value, str):
        return trimmed(value) or None
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _text(value: Any) -> str:
    return "" if value is None else trimmed(str(value))


def _address(row: int, column: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(column + 1)}{row + 1}"
