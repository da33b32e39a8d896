"""Cells of a workbook as they stand: text and numbers with their addresses.

Nothing is interpreted here. The file is opened for reading only and never
written to.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hemodel.errors import InputError, Location, Problem
from hemodel.inputs.dictionary import UNREAD_SHEETS, columns, nearest, sheets

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
        return str(self.cells["id"].value or "").strip()

    def where(self, column: str = "id") -> Location:
        """Address of one cell of the row."""
        return self.cells[column].where


@dataclass
class RawWorkbook:
    """All rows of a workbook and the problems met while reading them."""

    file: str
    rows: list[RawRow]
    problems: list[Problem]
    sources: tuple[tuple[str, ...], ...] = ()
    tables: dict[str, DataTable] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class DataTable:
    """A sheet of data (its name begins with `DATA_SHEET`): all its rows of values, as they stand."""

    file: str
    sheet: str
    rows: tuple[tuple[Scalar, ...], ...]

    def where(self, row: int, column: int) -> Location:
        """Address of a cell, rows and columns from 0."""
        return Location(self.file, self.sheet, _address(row, column))


DATA_SHEET = "Data"


def read_cells(path: Path) -> RawWorkbook:
    """Read every input sheet of a workbook.

    Raises
    ------
    InputError
        Where the file is missing or is not an Excel workbook.
    """
    values, formulas = _open(path)
    raw = RawWorkbook(file=path.name, rows=[], problems=[])
    _compare_sheet_names(raw, list(values.sheetnames))
    for name in sheets():
        if name in values.sheetnames:
            _read_sheet(raw, values[name], formulas[name])
    for name in values.sheetnames:
        if name.startswith(DATA_SHEET):
            grid = tuple(tuple(_scalar(v) for v in row) for row in values[name].iter_rows(values_only=True))
            raw.tables[name] = DataTable(path.name, name, grid)
    if "Sources" in values.sheetnames:
        raw.sources = _read_sources(values["Sources"])
    return raw


def _open(path: Path) -> tuple[Any, Any]:
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    where = Location(str(path))
    if not path.is_file():
        raise InputError((Problem(where, "there is no such file", todo="Check the path."),))
    try:
        return (
            openpyxl.load_workbook(path, data_only=True),
            openpyxl.load_workbook(path, data_only=False),
        )
    except PermissionError as error:
        raise InputError(
            (Problem(where, "the file cannot be read", todo="Close it elsewhere or change its permissions."),)
        ) from error
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError) as error:
        raise InputError(
            (
                Problem(
                    where,
                    "this is not an Excel workbook (.xlsx)",
                    "It cannot be opened as one",
                    "Save it from Excel or LibreOffice as .xlsx.",
                ),
            )
        ) from error


def _compare_sheet_names(raw: RawWorkbook, found: list[str]) -> None:
    known = [*sheets(), *UNREAD_SHEETS]
    for name in found:
        if name not in known and not name.startswith(DATA_SHEET):
            raw.problems.append(
                Problem(
                    Location(raw.file, name),
                    f"unknown sheet {name}",
                    "A sheet that nothing reads is often a misspelt one",
                    nearest(name, known) or "Remove it, or keep notes on the sheet Sources.",
                )
            )
    for name in sheets():
        if name not in found:
            raw.problems.append(
                Problem(
                    Location(raw.file, name),
                    f"the sheet {name} is missing",
                    f"It holds: {sheets()[name].purpose[0].lower()}{sheets()[name].purpose[1:]}",
                    "Add the sheet; it may have no rows below its headers.",
                )
            )


def _read_sheet(raw: RawWorkbook, values: Any, formulas: Any) -> None:
    grid = list(values.iter_rows(values_only=True))
    header = next((i for i, row in enumerate(grid) if _text(row[0] if row else None) == "id"), None)
    name = values.title
    if header is None:
        raw.problems.append(
            Problem(
                Location(raw.file, name, "A1"),
                "no header row was found",
                "Column A must hold the word id above the rows",
                "Restore the header row.",
            )
        )
        return
    positions = _columns(raw, name, header, [_text(value) for value in grid[header]])
    formula_grid = list(formulas.iter_rows(values_only=True))
    for number in range(header + 1, len(grid)):
        _read_row(raw, name, number, positions, grid[number], formula_grid[number])


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


def _read_row(
    raw: RawWorkbook,
    sheet: str,
    number: int,
    positions: dict[str, int],
    values: tuple[Any, ...],
    formulas: tuple[Any, ...],
) -> None:
    row = RawRow(sheet)
    for name in sheets()[sheet].columns:
        index = positions.get(name)
        where = Location(raw.file, sheet, None if index is None else _address(number, index))
        value = None if index is None or index >= len(values) else values[index]
        formula = None if index is None or index >= len(formulas) else formulas[index]
        if value is None and isinstance(formula, str) and formula.startswith("="):
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
    if row.id:
        raw.rows.append(row)
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


def _read_sources(sheet: Any) -> tuple[tuple[str, ...], ...]:
    rows = [tuple(_text(v) for v in row) for row in sheet.iter_rows(values_only=True)]
    start = next((i for i, row in enumerate(rows) if row and row[0] == "source"), len(rows))
    return tuple(row for row in rows[start:] if any(row))


def _scalar(value: Any) -> Scalar:
    if isinstance(value, str):
        return value.strip() or None
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _address(row: int, column: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(column + 1)}{row + 1}"
