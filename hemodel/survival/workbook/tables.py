"""Tables of data that the rows of a workbook name: sheets of it, or CSV files.

One rule for life tables, utility norms, patients, digitised curves and risk tables. What a row names is
(1) the sheet of that name, which begins with Data; else (2) the sheet that carries the
file (`data_sheet`); else (3) the file, beside the workbook, in the folders above it or in
the current folder.

What the modules of this package need to know of a workbook.

Patients, digitised curves and risk tables from the tables that the rows of a workbook name.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.cells import DataTable
from hemodel.inputs.checks import select
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import DATA_SHEET, data_sheet, find_beside
from hemodel.survival.digitised.comparison import require_agreement
from hemodel.survival.digitised.reading import CURVE_COLUMNS, RISK_COLUMNS, check_curve, check_risk_table, mismatches
from hemodel.survival.digitised.reconstruction import reconstruct
from hemodel.survival.endpoint_fit import DIGITISED, PATIENTS, Source
from hemodel.survival.patients.data import ALL_PATIENTS, PatientData, check_rows, patients
from hemodel.survival.tables import RawTable, as_number, read_table
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from hemodel.inputs.cells import RawWorkbook, Scalar
    from hemodel.inputs.rows import Row
    from hemodel.survival.digitised.reading import DigitisedCurve, RiskTable


_KINDS = (
    "background.life_table",
    "utility.norms",
    "curve.{endpoint}.{strategy}.data",
    "curve.{endpoint}.{strategy}.at_risk",
)
_NAMES = ("strategy",)
"""Columns that hold names, even where a name looks like a number."""


def table_of(row: Row, inputs: Inputs) -> RawTable:
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
def _file(path: Path, _changed: int) -> RawTable:
    return read_table(path)


@lru_cache(maxsize=64)
def _sheet(table: DataTable) -> RawTable:
    return _sheet_with(table.file, table.sheet, table.rows, repr(table.rows))


@lru_cache(maxsize=64)
def _sheet_with(file: str, sheet: str, rows: tuple[tuple[Scalar, ...], ...], _as_written: str) -> RawTable:
    """Return one table for the same cells, however often a workbook is read; `_as_written` tells 1 from TRUE."""
    table = DataTable(file, sheet, rows)
    filled = [(i, row) for i, row in enumerate(rows) if any(value is not None for value in row)]
    if not filled:
        raise InputError((Problem(Location(file, sheet), "the sheet is empty"),))
    (_, header), *body = filled
    names = ["" if value is None else str(value).strip() for value in header]
    columns = {name: [row[j] for _, row in body] for j, name in enumerate(names) if name}
    places = {name: j for j, name in enumerate(names)}
    return RawTable(
        columns,
        lambda i, name: table.where(body[i][0], places[name]),
        Location(file, sheet),
        repeated=tuple(name for name in dict.fromkeys(names) if name and names.count(name) > 1),
    )


def _cells(table: RawTable) -> tuple[tuple[Scalar, ...], ...]:
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


class Inputs(Protocol):
    """A workbook that was read: its rows, where it is, and its sheets of data."""

    @property
    def rows(self) -> Mapping[str, Row]:
        """Checked rows by id."""
        ...

    @property
    def path(self) -> Path:
        """The file."""
        ...

    @property
    def raw(self) -> RawWorkbook:
        """Its cells as they stand."""
        ...


RATIOS = {
    "days": (1.0, DAYS_PER_MONTH),
    "weeks": (7.0, DAYS_PER_MONTH),
    "months": (1.0, 1.0),
    "years": (MONTHS_PER_YEAR, 1.0),
}
"""By what to multiply and then divide the times of each unit to have months."""
MONTHS = {unit: units / per_month for unit, (units, per_month) in RATIOS.items()}
"""Months in one of each unit."""
PATIENT_COLUMNS = ("time", "event")
OPTIONAL_COLUMNS = ("strategy", "entry", "weight")


@lru_cache(maxsize=256)
def patient_source(table: RawTable, strategy: str, unit: str) -> Source:
    """Return the patients of one strategy, with times in months.

    A table without a column of strategies is all of that strategy.

    Raises
    ------
    InputError
        With every problem of the table.
    """
    columns = table.need(PATIENT_COLUMNS, OPTIONAL_COLUMNS)
    data, problems = check_rows(columns, table.where, table.whole)
    raise_if_any(problems)
    name = strategy if "strategy" in columns else ALL_PATIENTS
    if name not in data:
        known = ", ".join(data)
        raise InputError(
            (Problem(table.whole, f"there are no patients of strategy {strategy}", f"There are: {known}"),)
        )
    return Source(PATIENTS, _in_months(data[name], unit))


def _in_months(data: PatientData, unit: str) -> PatientData:
    """Return patients with times in months, divided as the days of the model are: a day is the same number in both."""
    units, per_month = RATIOS[unit]
    return patients(units * data.time / per_month, data.event, units * data.entry / per_month, data.weight)


@lru_cache(maxsize=256)
def digitised_source(table: RawTable, risk_table: RawTable, events: int | None, unit: str) -> Source:
    """Return the patients rebuilt from a digitised curve, with times in months.

    Raises
    ------
    InputError
        With every problem of the two tables, alone and together.
    SurvivalError
        Where the rebuilt data disagree with what was published.
    """
    curve, problems = check_curve(table.need(CURVE_COLUMNS, ()), table.where, table.whole)
    risk, others = check_risk_table(risk_table.need(RISK_COLUMNS, ()), risk_table.where, risk_table.whole)
    raise_if_any([*problems, *others])
    return _rebuilt(curve, risk, events, unit, risk_table)


def _rebuilt(
    curve: DigitisedCurve | None, risk: RiskTable | None, events: int | None, unit: str, table: RawTable
) -> Source:
    if curve is None or risk is None:
        message = "a table without problems has its columns"
        raise AssertionError(message)
    raise_if_any(Problem(table.whole, what, todo=todo) for what, todo in mismatches(curve, risk, events))
    rebuilt = reconstruct(curve, risk, events)
    require_agreement(rebuilt.comparison)
    return Source(DIGITISED, _in_months(rebuilt.data, unit), rebuilt)
