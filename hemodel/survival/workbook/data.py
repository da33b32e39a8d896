"""Patients, digitised curves and risk tables that the rows of a workbook point to: sheets or CSV files."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.cells import DATA_SHEET, DataTable
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import find_beside
from hemodel.survival.digitised.checking import check_curve, check_risk_table, mismatches
from hemodel.survival.digitised.comparison import require_agreement
from hemodel.survival.digitised.reading import CURVE_COLUMNS, RISK_COLUMNS
from hemodel.survival.digitised.reconstruction import reconstruct
from hemodel.survival.endpoint_fit import DIGITISED, PATIENTS, Source
from hemodel.survival.patients.data import ALL_PATIENTS, PatientData, check_rows, patients
from hemodel.survival.tables import Table, read_table
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hemodel.inputs.rows import Row
    from hemodel.survival.digitised.checking import DigitisedCurve, RiskTable

MONTHS = {
    "days": 1.0 / DAYS_PER_MONTH,
    "weeks": 7.0 / DAYS_PER_MONTH,
    "months": 1.0,
    "years": MONTHS_PER_YEAR,
}
PATIENT_COLUMNS = ("time", "event")
OPTIONAL_COLUMNS = ("strategy", "entry", "weight")


def table_of(row: Row, path: Path, tables: Mapping[str, DataTable]) -> Table:
    """Return the table that a row names: a sheet of the workbook, or a CSV file beside it.

    Raises
    ------
    InputError
        Where there is no such sheet or file.
    """
    name, where = row.text, row.where["value"]
    if name in tables:
        return _sheet(tables[name])
    file = find_beside(path, name)
    if file is not None and file.is_file():
        return _file(file, file.stat().st_mtime_ns)
    options = [*tables, *(each.name for each in sorted(path.resolve().parent.glob("*.csv")))]
    why = f"It must be a sheet whose name begins with {DATA_SHEET}, or a CSV file beside the workbook or above it"
    raise InputError((Problem(where, f"there is no sheet and no file {name!r}", why, nearest(name, options)),))


@lru_cache(maxsize=64)
def _file(path: Path, _changed: int) -> Table:
    return read_table(path)


@lru_cache(maxsize=64)
def _sheet(table: DataTable) -> Table:
    filled = [(i, row) for i, row in enumerate(table.rows) if any(value is not None for value in row)]
    if not filled:
        raise InputError((Problem(Location(table.file, table.sheet), "the sheet is empty"),))
    (_, header), *body = filled
    names = ["" if value is None else str(value).strip() for value in header]
    columns = {name: [row[j] for _, row in body] for j, name in enumerate(names) if name}
    places = {name: j for j, name in enumerate(names)}
    return Table(
        columns,
        lambda i, name: table.where(body[i][0], places[name]),
        Location(table.file, table.sheet),
        repeated=tuple(name for name in dict.fromkeys(names) if name and names.count(name) > 1),
    )


@lru_cache(maxsize=256)
def patient_source(table: Table, strategy: str, unit: str) -> Source:
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
    factor = MONTHS[unit]
    return patients(factor * data.time, data.event, factor * data.entry, data.weight)


@lru_cache(maxsize=256)
def digitised_source(table: Table, risk_table: Table, events: int | None, unit: str) -> Source:
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
    curve: DigitisedCurve | None, risk: RiskTable | None, events: int | None, unit: str, table: Table
) -> Source:
    if curve is None or risk is None:
        message = "a table without problems has its columns"
        raise AssertionError(message)
    raise_if_any(Problem(table.whole, what, todo=todo) for what, todo in mismatches(curve, risk, events))
    rebuilt = reconstruct(curve, risk, events)
    require_agreement(rebuilt.comparison)
    return Source(DIGITISED, _in_months(rebuilt.data, unit), rebuilt)
