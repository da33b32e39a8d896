"""Sheets of an Excel file as grids of values, opened for reading only.

Only the sheets asked for are parsed: large sheets of calculations cost nothing.
"""

from __future__ import annotations

import warnings
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.errors import InputError, Location, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Grid:
    """Stored values and formulas of a sheet, row by row from row 1; rows may differ in length."""

    values: tuple[tuple[Any, ...], ...]
    formulas: tuple[tuple[Any, ...], ...]

    def value(self, row: int, column: int) -> Any:
        """Return the stored value of a cell, rows and columns from 0; None where it is empty."""
        return _at(self.values, row, column)

    def formula(self, row: int, column: int) -> Any:
        """Return the formula of a cell, or the value of one that has no formula."""
        formula = _at(self.formulas, row, column)
        return getattr(formula, "text", formula)


def read_grids(path: Path, wanted: Callable[[str], bool]) -> tuple[list[str], dict[str, Grid]]:
    """Return the names of all worksheets of a file, and the grids of those that are wanted, in its order.

    Raises
    ------
    InputError
        Where the file is missing or is not an Excel workbook.
    """
    where = Location(str(path))
    if not path.is_file():
        raise InputError((Problem(where, "there is no such file", todo="Check the path."),))
    try:
        names, values = _read(path, wanted, stored=True)
        formulas = _read(path, wanted, stored=False)[1]
    except PermissionError as error:
        raise InputError(
            (Problem(where, "the file cannot be read", todo="Close it elsewhere or change its permissions."),)
        ) from error
    except _NOT_EXCEL as error:
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
    return names, {name: Grid(values[name], formulas[name]) for name in values}


_NOT_EXCEL = (zipfile.BadZipFile, KeyError, ValueError, OSError, SyntaxError, TypeError)
"""What a broken file raises, InvalidFileException and EOFError among them."""


def _read(
    path: Path, wanted: Callable[[str], bool], *, stored: bool
) -> tuple[list[str], dict[str, tuple[tuple[Any, ...], ...]]]:
    from openpyxl.utils.exceptions import InvalidFileException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            book = _open(path, stored=stored)
        except InvalidFileException as error:
            raise ValueError(str(error)) from error
        try:
            return [sheet.title for sheet in book.worksheets], {
                sheet.title: _rows(sheet) for sheet in book.worksheets if wanted(sheet.title)
            }
        finally:
            book.close()


def _open(path: Path, *, stored: bool) -> Any:
    """Open a workbook without its charts and its links to other files, which may be beyond what openpyxl reads."""
    from openpyxl.reader.excel import ExcelReader

    reader: Any = ExcelReader(path, read_only=True, data_only=stored, keep_links=False)
    reader.read_chartsheet = lambda _sheet, _link: None
    reader.read()
    return reader.wb


def _rows(sheet: Any) -> tuple[tuple[Any, ...], ...]:
    """Return the rows of a sheet, whatever size the file says it has, without empty rows at the end."""
    sheet.reset_dimensions()
    rows = list(sheet.iter_rows(values_only=True))
    while rows and all(value is None for value in rows[-1]):
        rows.pop()
    return tuple(rows)


def _at(rows: tuple[tuple[Any, ...], ...], row: int, column: int) -> Any:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else None
