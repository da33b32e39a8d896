"""Where a curve comes from, by the rows of a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.errors import InputError, Problem, raise_if_any
from hemodel.survival.endpoint_fit import COEFFICIENTS, DIGITISED, PATIENTS, REPORTED, Source
from hemodel.survival.errors import SurvivalError
from hemodel.survival.workbook.coefficients import published_source
from hemodel.survival.workbook.data import digitised_source, patient_source
from hemodel.survival.workbook.tables import table_of

if TYPE_CHECKING:
    from hemodel.inputs.rows import Row
    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.tables import Table
    from hemodel.survival.workbook.inputs import Inputs

FROM_REPORTED = Source(REPORTED)
_NEEDED = {
    REPORTED: (),
    DIGITISED: ("data", "at_risk", "time_unit"),
    PATIENTS: ("data", "time_unit"),
    COEFFICIENTS: ("parameterisation", "time_unit"),
}


def source(inputs: Inputs, endpoint: str, spec: CurveSpec) -> Source:
    """Return the source of one curve, with its data read, rebuilt or converted.

    Raises
    ------
    InputError
        Where a row, file or sheet is missing or has problems.
    SurvivalError
        Where rebuilt data disagree with what was published, or coefficients cannot be used.
    """
    prefix = f"curve.{endpoint}.{spec.strategy}."
    kind = inputs.rows[prefix + "source"].text
    rows = _needed(inputs, prefix, kind)
    if kind == REPORTED:
        return FROM_REPORTED
    unit = rows["time_unit"].text
    if kind == COEFFICIENTS:
        return published_source(inputs.rows, endpoint, spec, rows["parameterisation"].text, unit)
    tables = _tables(inputs, [row for name, row in rows.items() if name in {"data", "at_risk"}])
    if kind == PATIENTS:
        return patient_source(tables[0], spec.strategy, unit)
    total = inputs.rows.get(prefix + "total_events")
    events = int(total.number) if total is not None and total.value is not None else None
    curve, at_risk = tables
    try:
        return digitised_source(curve, at_risk, events, unit)
    except SurvivalError as error:
        raise SurvivalError(f"{endpoint}, {spec.strategy}: {error}", [prefix + "data"]) from None


def _tables(inputs: Inputs, rows: list[Row]) -> list[Table]:
    """Return the tables that rows name; one error for all that are not there."""
    found: list[Table] = []
    problems: list[Problem] = []
    for row in rows:
        try:
            found.append(table_of(row, inputs))
        except InputError as error:
            problems += error.problems
    raise_if_any(problems)
    return found


def _needed(inputs: Inputs, prefix: str, kind: str) -> dict[str, Row]:
    """Return the rows that a kind of source needs, by the last part of their id."""
    found, problems = {}, []
    for name in _NEEDED[kind]:
        row = inputs.rows.get(prefix + name)
        if row is None or row.value is None:
            where = row.where["value"] if row is not None else inputs.rows[prefix + "source"].where["value"]
            what = f"the source {kind} needs {prefix}{name}"
            problems.append(Problem(where, what, todo=f"Fill in {prefix}{name} on the sheet Curves."))
        else:
            found[name] = row
    if problems:
        raise InputError(tuple(problems))
    return found
