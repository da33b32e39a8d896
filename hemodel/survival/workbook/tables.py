"""Tables of data that the rows of a workbook name: sheets of it, or CSV files.

One rule for life tables, utility norms, patients, digitised curves and risk tables. What a row names is
(1) the sheet of that name, which begins with Data; else (2) the sheet that carries the
file (`data_sheet`); else (3) the file, beside the workbook, in the folders above it or in
the current folder.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.cells import DATA_SHEET, DataTable
from hemodel.inputs.checks import select
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import data_sheet, find_beside
from hemodel.survival.tables import Table, as_number, read_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.rows import Row
    from hemodel.survival.workbook.inputs import Inputs

_KINDS = (
    "background.life_table",
    "utility.norms",
    "curve.{endpoint}.{strategy}.data",
    "curve.{endpoint}.{strategy}.at_risk",
)
_NAMES = ("strategy",)
"""Columns that hold names, even where a name looks like a number."""


def table_of(row: Row, inputs: Inputs) -> Table:
    """Return the table that a row names: a sheet of the workbook, or a CSV file.

    Raises
    ------
    InputError
        Where there is no such sheet or file, it cannot be read, or its sheet could carry
        another file as well.
    """
    sheet = _sheet_of(row, inputs)
    if sheet is not None:
        return _sheet(sheet)
    file = _file_of(row, inputs)
    if file is not None:
        return _file(file, file.stat().st_mtime_ns)
    options = [*inputs.raw.tables, *(each.name for each in sorted(inputs.path.resolve().parent.glob("*.csv")))]
    why = (
        f"It must be a sheet whose name begins with {DATA_SHEET}, or a CSV file, "
        "which is looked for beside the workbook, in the folders above it and in the current folder"
    )
    what = f"there is no sheet and no file {row.text!r}"
    raise InputError((Problem(row.where["value"], what, why, nearest(row.text, options)),))


def tables_named(inputs: Inputs) -> dict[str, DataTable]:
    """Return every table that the rows of a workbook name, by the sheet that holds or would carry it.

    With these sheets a workbook needs no file beside it. Of a file the sheet has the header
    in its first row, then the rows, with numbers as numbers; its `file` is what the row
    names. What a row names and is not there is left out.

    Raises
    ------
    InputError
        Where a file cannot be read as a table, or two files would have the same sheet.
    """
    found: dict[str, DataTable] = {}
    problems: list[Problem] = []
    for row in _naming(inputs.rows):
        try:
            sheet, file = _sheet_of(row, inputs), _file_of(row, inputs)
            if sheet is not None:
                found[sheet.sheet] = sheet
            elif file is not None:
                _refuse_clash(row, inputs)
                name = data_sheet(row.text)
                found[name] = DataTable(row.text, name, _cells(_file(file, file.stat().st_mtime_ns)))
        except InputError as error:
            problems += error.problems
    raise_if_any(problems)
    return found


def table_warnings(inputs: Inputs) -> list[Problem]:
    """Return a warning for every file that is there and differs from the sheet that carries it, which is used."""
    found: dict[str, Problem] = {}
    for row in _naming(inputs.rows):
        name, file = data_sheet(row.text), _file_of(row, inputs)
        if row.text in inputs.raw.tables or name not in inputs.raw.tables or file is None:
            continue
        if not _same(inputs.raw.tables[name], file):
            found.setdefault(
                name,
                Problem(
                    row.where["value"],
                    f"the sheet {name} is used, and the file {row.text} differs from it",
                    "A sheet that carries a file goes before the file",
                    "Remove the sheet to use the file, or bring the two together.",
                ),
            )
    return list(found.values())


def _naming(rows: Mapping[str, Row]) -> Iterator[Row]:
    """Return the rows that name a table."""
    return (row for kind in _KINDS for row in select(rows, kind) if row.value is not None)


def _sheet_of(row: Row, inputs: Inputs) -> DataTable | None:
    tables, carrying = inputs.raw.tables, data_sheet(row.text)
    if row.text in tables:
        return tables[row.text]
    if carrying not in tables:
        return None
    _refuse_clash(row, inputs)
    return tables[carrying]


def _file_of(row: Row, inputs: Inputs) -> Path | None:
    file = find_beside(inputs.path, row.text)
    return file if file is not None and file.is_file() else None


def _refuse_clash(row: Row, inputs: Inputs) -> None:
    """Refuse a file whose sheet another file would have, too; Excel sees no difference between A and a."""
    name = data_sheet(row.text)
    for other in _naming(inputs.rows):
        alike = data_sheet(other.text).casefold() == name.casefold()
        if alike and other.text not in inputs.raw.tables and _plain_path(other.text) != _plain_path(row.text):
            raise InputError(
                (
                    Problem(
                        row.where["value"],
                        f"the sheet {name} would carry two files, {row.text} and {other.text}",
                        "A sheet that carries a file is named by the file without its folder, cut to 31 characters",
                        "Rename one of the files.",
                    ),
                )
            )


def _plain_path(text: str) -> str:
    return text.replace("\\", "/").removeprefix("./")


@lru_cache(maxsize=64)
def _file(path: Path, _changed: int) -> Table:
    return read_table(path)


@lru_cache(maxsize=64)
def _sheet(table: DataTable) -> Table:
    return _sheet_with(table.file, table.sheet, table.rows, repr(table.rows))


@lru_cache(maxsize=64)
def _sheet_with(file: str, sheet: str, rows: tuple[tuple[Scalar, ...], ...], _as_written: str) -> Table:
    """Return one table for the same cells, however often a workbook is read; `_as_written` tells 1 from TRUE."""
    table = DataTable(file, sheet, rows)
    filled = [(i, row) for i, row in enumerate(rows) if any(value is not None for value in row)]
    if not filled:
        raise InputError((Problem(Location(file, sheet), "the sheet is empty"),))
    (_, header), *body = filled
    names = ["" if value is None else str(value).strip() for value in header]
    columns = {name: [row[j] for _, row in body] for j, name in enumerate(names) if name}
    places = {name: j for j, name in enumerate(names)}
    return Table(
        columns,
        lambda i, name: table.where(body[i][0], places[name]),
        Location(file, sheet),
        repeated=tuple(name for name in dict.fromkeys(names) if name and names.count(name) > 1),
    )


def _cells(table: Table) -> tuple[tuple[Scalar, ...], ...]:
    """Return a table as the rows of a sheet: the header, then its rows."""
    raise_if_any(table.broken)
    columns = [[_cell(name, value) for value in values] for name, values in table.columns.items()]
    return tuple(table.columns), *zip(*columns, strict=True)


def _cell(column: str, value: object) -> Scalar:
    text = "" if value is None else str(value).strip()
    number = as_number(text)
    return number if column not in _NAMES and math.isfinite(number) else text or None


def _same(sheet: DataTable, file: Path) -> bool:
    """Whether sheet and file hold the same columns, numbers to the 15 digits that Excel keeps."""
    try:
        tables = _sheet(sheet), _file(file, file.stat().st_mtime_ns)
        first, second = (sorted(zip(*_cells(table), strict=True), key=str) for table in tables)
    except InputError:
        return False
    return [_digits(cells) for cells in first] == [_digits(cells) for cells in second]


def _digits(cells: tuple[Scalar, ...]) -> list[Scalar]:
    return [f"{cell:.15g}" if isinstance(cell, float) else cell for cell in cells]
