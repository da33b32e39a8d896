"""Digitised Kaplan-Meier curves and risk tables from CSV files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.dictionary import nearest
from hemodel.survival.digitised.checking import (
    DigitisedCurve,
    RiskTable,
    check_curve,
    check_risk_table,
    mismatches,
)
from hemodel.survival.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.survival.tables import Columns, Locate

CURVE_COLUMNS = ("time", "survival")
RISK_COLUMNS = ("time", "at_risk")


def read_curve(path: Path) -> DigitisedCurve:
    """Read a curve from a CSV file with the header ``time,survival``.

    Raises
    ------
    InputError
        With every problem of `check_curve`, by row (the header is row 1) and column.
    """
    curve, problems = check_curve(*_read_columns(path, CURVE_COLUMNS))
    if curve is None:
        raise InputError(tuple(problems))
    return curve


def read_risk_table(path: Path) -> RiskTable:
    """Read a risk table from a CSV file with the header ``time,at_risk``.

    Raises
    ------
    InputError
        With every problem of `check_risk_table`, by row (the header is row 1) and column.
    """
    risk, problems = check_risk_table(*_read_columns(path, RISK_COLUMNS))
    if risk is None:
        raise InputError(tuple(problems))
    return risk


def read_digitised(curve: Path, risk: Path, events: int | None) -> tuple[DigitisedCurve, RiskTable]:
    """Read a curve and its risk table, with the problems of both files and of the pair together.

    Raises
    ------
    InputError
        As `read_curve` and `read_risk_table`, and with every one of `mismatches`.
    """
    problems: list[Problem] = []
    try:
        read = read_curve(curve)
    except InputError as error:
        problems += error.problems
    try:
        table = read_risk_table(risk)
    except InputError as error:
        problems += error.problems
    raise_if_any(problems)
    raise_if_any(Problem(Location(str(risk)), what, todo=todo) for what, todo in mismatches(read, table, events))
    return read, table


def _read_columns(path: Path, names: tuple[str, ...]) -> tuple[Columns, Locate, Location]:
    """Return the columns of a CSV file that has these and no others, where their cells stand, and the file."""
    header = f"The first row is {','.join(names)}."
    table = read_table(path, todo=header)
    others = [name for name in table.columns if name not in names]
    problems = [
        Problem(table.whole, f"there is no column {name!r}", nearest(name, others), header)
        for name in names
        if name not in table.columns
    ]
    extra = dict.fromkeys([*others, *table.repeated])
    if extra and not problems:
        what = f"the columns {', '.join(extra)} are unknown or there twice"
        problems.append(Problem(table.whole, what, todo=header))
    raise_if_any([*problems, *table.broken])
    return table.columns, table.where, table.whole
