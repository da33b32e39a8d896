"""Digitised Kaplan-Meier curves and risk tables from CSV files.

Digitised Kaplan-Meier curves and tables of numbers at risk, and what they must be.

A curve is two columns, ``time`` and ``survival``; a risk table is ``time`` and
``at_risk``. All problems are reported together. Nothing is repaired in silence: what
is changed is in ``notes``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.dictionary import nearest
from hemodel.survival.tables import RowProblems, read_table

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.survival.family import Array
    from hemodel.survival.tables import Columns, Locate


READING_TOLERANCE = 0.005


@dataclass(frozen=True, eq=False)
class DigitisedCurve:
    """A Kaplan-Meier curve read off a figure.

    Attributes
    ----------
    time : array (points,)
        Times, in any one unit; they start at 0 and never go back.
    survival : array (points,)
        Survival just after each time; it starts at 1 and never rises. [probability]
    notes : tuple of str
        What was changed on reading, in words.
    """

    time: Array
    survival: Array
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class RiskTable:
    """Numbers at risk printed under a Kaplan-Meier curve.

    Attributes
    ----------
    time : array (rows,)
        Times in the unit of the curve, from 0, increasing.
    at_risk : array (rows,)
        Patients at risk just before each time. [patients]
    """

    time: Array
    at_risk: Array


def check_curve(columns: Columns, locate: Locate, whole: Location) -> tuple[DigitisedCurve | None, list[Problem]]:
    """Check the rows of a digitised curve.

    A rise above the lowest survival so far of at most `READING_TOLERANCE` is an error
    of reading: it is flattened to that lowest value, counted and noted; so is a survival
    that much below 1 at time 0. A first point (0, 1) that is missing is added and noted.

    Parameters
    ----------
    columns : mapping of str to sequence
        Raw cells of ``time`` and ``survival``, one per row.
    locate : callable (row index, column name) -> Location
        Where a cell stands; the index counts rows of data from 0.
    whole : Location
        Of the file or sheet, for problems of no one row.

    Returns
    -------
    curve : DigitisedCurve or None
        None if there are problems.
    problems : list of Problem
        Every cell that is not a number, negative time, survival outside 0 to 1, time
        that goes back, and rise beyond the tolerance; at most 20 of one kind by row.
    """
    rows = RowProblems(columns, locate, whole)
    time, survival = _numbers(rows, "time"), _numbers(rows, "survival")
    lowest = np.fmin.accumulate(np.concatenate([[1.0], survival]))[:-1]
    possible = (survival >= 0.0) & (survival <= 1.0)
    _check_times(rows, time)
    rows.add(
        "survival",
        (survival < 0.0) | (survival > 1.0),
        lambda k: f"survival is {survival[k]:g}; it must lie between 0 and 1",
        "Was it a percentage?",
    )
    rows.add(
        "time",
        _step(time) < 0.0,
        lambda k: f"the time goes back from {time[k - 1]:g} to {time[k]:g}",
        "Sort the points",
    )
    rows.add(
        "survival",
        possible & (survival > lowest + READING_TOLERANCE),
        lambda k: (
            f"survival rises from {lowest[k]:g} to {survival[k]:g}, more than an error of reading ({READING_TOLERANCE})"
        ),
        "Read the point again",
    )
    rows.add(
        "survival",
        possible & (time == 0.0) & (survival < 1.0 - READING_TOLERANCE),
        lambda k: f"survival at time 0 is {survival[k]:g}; a curve starts at 1",
        "Check the axes of the figure",
    )
    if not rows.problems and not np.any(time > 0.0):
        rows.problems.append(Problem(whole, "the curve has no point after time 0", todo="Give its points"))
    return (None if rows.problems else _flattened(time, survival)), rows.problems


def check_risk_table(columns: Columns, locate: Locate, whole: Location) -> tuple[RiskTable | None, list[Problem]]:
    """Check the rows of a risk table; arguments as for `check_curve`, with ``at_risk``.

    Returns
    -------
    risk : RiskTable or None
        None if there are problems.
    problems : list of Problem
        Every cell that is not a number, number at risk that is negative or not whole,
        time that does not increase, number that rises, and a first time that is not 0.
    """
    rows = RowProblems(columns, locate, whole)
    time, at_risk = _numbers(rows, "time"), _numbers(rows, "at_risk")
    _check_times(rows, time)
    broken = np.isfinite(at_risk) & ((at_risk != np.round(at_risk)) | (at_risk < 0.0))
    rows.add("at_risk", broken, lambda k: f"the number at risk is {at_risk[k]:g}", "Give a whole number, 0 or more")
    rows.add(
        "time",
        _step(time) <= 0.0,
        lambda k: f"the time does not increase, from {time[k - 1]:g} to {time[k]:g}",
        "Give each time once, in order",
    )
    rows.add(
        "at_risk",
        _step(at_risk) > 0.0,
        lambda k: f"the number at risk rises from {at_risk[k - 1]:g} to {at_risk[k]:g}",
        "Numbers at risk only fall; read the row again",
    )
    first = np.arange(time.size) == 0
    rows.add("time", first & (time > 0.0), lambda k: f"the first time is {time[k]:g}, not 0", "Add the row of time 0")
    rows.add(
        "at_risk",
        first & (at_risk == 0.0),
        lambda k: f"{at_risk[k]:g} patients are at risk at the first time",
        "Read it again",
    )
    if not time.size:
        rows.problems.append(Problem(whole, "the risk table has no rows", todo="Give at least time 0 and the patients"))
    return (None if rows.problems else RiskTable(time, at_risk)), rows.problems


def mismatches(curve: DigitisedCurve, risk: RiskTable, events: int | None) -> list[tuple[str, str]]:
    """Return what makes a curve, its risk table and its total of events impossible together.

    Each is what is wrong and what to do: a risk table longer than the curve, or a
    total of events that is negative or above the number of patients.
    """
    found = []
    if risk.time[-1] > curve.time[-1]:
        what = f"risk table longer than the curve: it runs to {risk.time[-1]:g} and the curve to {curve.time[-1]:g}"
        found.append((what, "Read the curve to its end, or leave out the columns beyond it."))
    if events is not None and events > risk.at_risk[0]:
        what = f"{events} events are more than the {risk.at_risk[0]:g} patients at risk at time 0"
        found.append((what, "Check the total of events and the first number at risk."))
    if events is not None and events < 0:
        found.append((f"the total of events is {events}", "Give 0 or more, or leave it out."))
    return found


def _numbers(rows: RowProblems, column: str) -> Array:
    """Return a column as finite numbers (n,), nan for others, and add what is no number."""
    values = rows.numbers(column)
    rows.add(column, np.isinf(values), lambda k: f"{values[k]} is not a finite number", "Give a number in every row")
    return np.where(np.isfinite(values), values, np.nan)


def _check_times(rows: RowProblems, time: Array) -> None:
    rows.add("time", time < 0.0, lambda k: f"the time is {time[k]:g}", "Times start at 0")


def _flattened(time: Array, survival: Array) -> DigitisedCurve:
    notes = []
    falling = np.minimum.accumulate(np.where(time == 0.0, 1.0, survival))
    change = np.abs(falling - survival)
    count = int(np.count_nonzero(change))
    if count:
        notes.append(
            f"{count} of {survival.size} readings rose, or were below 1 at time 0, by at most {change.max():.4f}; "
            "they were set to the lowest survival before them (1 at time 0)."
        )
    if time[0] > 0.0:
        time, falling = np.concatenate([[0.0], time]), np.concatenate([[1.0], falling])
        notes.append("The point (0, 1) was added before the first reading.")
    return DigitisedCurve(time, falling, tuple(notes))


def _step(values: Array) -> Array:
    """Return each value less the one before it, nan for the first."""
    return np.diff(values, prepend=np.nan)


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
