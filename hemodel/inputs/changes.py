"""Changes to inputs by id: the one way in for --set, scenarios and sensitivity runs.

A change names a cell by the id of its row (its value) or by the id and a
column (`utility.progressed.low`). It is applied to the cells as read, before
any check, so that a changed workbook is checked as an edited one would be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.entries import Entry
from hemodel.errors import Location, Problem
from hemodel.inputs.cells import Cell, RawRow, RawWorkbook, Scalar, other_reading, read_number
from hemodel.inputs.dictionary import columns, match, nearest, sheets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


COMMAND_LINE = "--set"


@dataclass(frozen=True)
class Change:
    """A new value for one cell.

    `expected` is the value the change was written for (a scenario's `from`);
    where it no longer holds the change is refused. `factor` multiplies the
    value that stands there instead of replacing it. `reference_case` marks what a payer's
    reference case sets: a later change of the same cell may be written for the value before it.
    """

    id: str
    value: Scalar
    origin: str
    expected: Scalar = None
    factor: float | None = None
    reference_case: bool = False


class ChangeEntry(Entry):
    """A changed input, as it is written down."""

    id: str = Field(description="of the cell: the id of its row, with the column where that is not the value")
    old: str | float | None = Field(description="value before the change, in the unit of the input")
    new: str | float | None = Field(description="value after the change, in the unit of the input")
    origin: str = Field(description="what changed it: --set, or the name of a scenario or payer")


def change_entry(change: Change) -> ChangeEntry:
    """Return a change as it is written down; a value that is neither text nor a number as text."""
    old, new = (
        None if v is None else v if isinstance(v, (int, float)) else str(v) for v in (change.expected, change.value)
    )
    return ChangeEntry(id=change.id, old=old, new=new, origin=change.origin)


def apply_changes(raw: RawWorkbook, changes: Iterable[Change]) -> tuple[RawWorkbook, list[Change]]:
    """Return the workbook with the changes made, and each change as it was made.

    The changes returned carry the old value in `expected` and the new one in
    `value`. A value set in a row without a source, or set by a payer's reference case, has the
    change as its source. A change of the value of an optional row (or a payer's, of a row of
    which some are needed) that the workbook does not have adds the row.
    Problems (unknown id, a `from` that no longer holds) are added to
    the workbook's own.
    """
    result = RawWorkbook(raw.file, [RawRow(r.sheet, dict(r.cells)) for r in raw.rows], list(raw.problems), raw.sources)
    result.tables, result.scenarios = raw.tables, raw.scenarios
    result.warnings, result.before = list(raw.warnings), dict(raw.before)
    rows = {row.id: row for row in result.rows}
    changes = list(changes)
    named = {change.id for change in changes}
    made = []
    for change in changes:
        target = _find(rows, change.id) or _added(result, rows, change)
        if target is None:
            result.problems.append(_unknown(change, rows))
            continue
        row, column = target
        problem = _refusal(change, row, column, result.before)
        if problem is not None:
            result.problems.append(problem)
            continue
        old = row.cells[column].value
        new = _new_value(change, old, row, column)
        result.warnings += _two_readings(change, new)
        where = Location(f"{change.origin} ({change.id})")
        row.cells[column] = Cell(new, where)
        made.append(replace(change, value=new, expected=old))
        if change.reference_case:
            result.before.setdefault(change.id, old)
        if column == "value":
            if row.cells["source"].value is None or change.reference_case:
                row.cells["source"] = Cell(change.origin, where)
            made += _move_range(row, change, old, named)
    return result, made


def _move_range(row: RawRow, change: Change, old: Scalar, named: set[str]) -> list[Change]:
    """Move the range of a row in proportion where the value was multiplied or lies outside it.

    A range that the user changes too is left alone. What is moved is returned, to
    be shown with the other changes.
    """
    before, value, low, high = (
        _plain_number(cell) for cell in (old, *(row.cells[name].value for name in ("value", "low", "high")))
    )
    outside = value is not None and low is not None and high is not None and not low <= value <= high
    if before is None or value is None or not (outside or change.factor is not None):
        return []
    if named & {f"{row.id}.{name}" for name in ("low", "high", "se")}:
        return []
    moved = []
    for name in ("low", "high", "se"):
        end = _plain_number(row.cells[name].value)
        if end is not None:
            new = _within(row, name, end * value / before if before else value, value)
            origin = f"{change.origin}, range moved with the value"
            row.cells[name] = Cell(new, Location(f"{origin} ({row.id}.{name})"))
            moved.append(Change(f"{row.id}.{name}", new, origin, expected=end))
    return moved


def _plain_number(value: Scalar) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _within(row: RawRow, name: str, end: float, value: float) -> float:
    """Keep a moved end of a range within what its kind allows and on its side of the value."""
    found = match(row.id)
    if name != "se" and found is not None:
        least, most = found[0].minimum, found[0].maximum
        end = end if least is None else max(end, least)
        end = end if most is None else min(end, most)
    return {"low": min(end, value), "high": max(end, value)}.get(name, end)


def _added(raw: RawWorkbook, rows: dict[str, RawRow], change: Change) -> tuple[RawRow, str] | None:
    """Add the optional row that a change is about, with id, label and unit; None where there is no such kind."""
    found = match(change.id)
    addable = {"optional", "some"} if change.reference_case else {"optional"}
    if found is None or found[0].required not in addable:
        return None
    kind = found[0]
    texts: dict[str, Scalar] = {"id": change.id, "label": kind.label, "unit": kind.unit or None}
    where = Location(f"{change.origin} ({change.id})")
    row = RawRow(kind.sheet, {name: Cell(texts.get(name), where) for name in sheets()[kind.sheet].columns})
    raw.rows.append(row)
    rows[change.id] = row
    return row, "value"


def _find(rows: dict[str, RawRow], id_: str) -> tuple[RawRow, str] | None:
    if id_ in rows:
        return rows[id_], "value"
    row_id, _, column = id_.rpartition(".")
    if row_id in rows and column in sheets()[rows[row_id].sheet].columns and column != "id":
        return rows[row_id], column
    return None


def _unknown(change: Change, rows: dict[str, RawRow]) -> Problem:
    row_id = change.id.rpartition(".")[0]
    options = list(rows)
    if row_id in rows:
        options += [f"{row_id}.{name}" for name in sheets()[rows[row_id].sheet].columns]
    return Problem(
        Location(change.origin),
        f"there is no input {change.id}",
        "A change can only name a row of the workbook, or a row and one of its columns",
        nearest(change.id, options) or "See hemodel inputs WORKBOOK for all ids.",
    )


def _refusal(change: Change, row: RawRow, column: str, before: Mapping[str, Scalar]) -> Problem | None:
    old = row.cells[column].value
    if change.factor is not None and not isinstance(old, (int, float)):
        return Problem(Location(change.origin), f"{change.id} is {old!r}; only a number can be multiplied")
    written_for = (old, before.get(change.id, old))
    if change.expected is not None and not any(same(value, change.expected) for value in written_for):
        return Problem(
            Location(change.origin),
            f"{change.id} is {old!r}, but the scenario was written for {change.expected!r}",
            f"The value stands at {row.where(column)} and has changed since",
            "Check that the scenario still makes sense and correct its `from`.",
        )
    return None


def same(left: Scalar, right: Scalar) -> bool:
    """Whether two cell values are the same: numbers to 12 digits, text by its letters, empty is ""."""
    left, right = ("" if value is None else value for value in (left, right))
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return abs(left - right) <= 1e-12 * max(abs(left), abs(right))
    return str(left) == str(right)


def _new_value(change: Change, old: Scalar, row: RawRow, column: str) -> Scalar:
    if change.factor is not None and isinstance(old, (int, float)):
        return change.factor * old
    if isinstance(change.value, str) and _wants_number(row, column):
        return _as_number(change.value)
    return change.value


def _two_readings(change: Change, new: Scalar) -> list[Problem]:
    """Return the warning that a text was read as one of the two numbers that it may mean.

    A point is the decimal sign; it is asked about where zeros follow that no decimals need, as in 2.000.
    """
    text = change.value
    if not isinstance(text, str) or isinstance(new, (str, bool)) or new is None:
        return []
    other = other_reading(text)
    if not other or ("." in text and not text.rstrip().endswith("0")):
        return []
    where = Location(f"{change.origin} ({change.id})")
    what = f"{change.id}: {text} is read as {new:.15g}"
    return [Problem(where, what, "It can be read in two ways", f"Give {new:.15g}, or {other}.")]


def _wants_number(row: RawRow, column: str) -> bool:
    if column != "value":
        return columns()[column].type == "number"
    found = match(row.id)
    return found is not None and found[0].numeric


def _as_number(text: str) -> Scalar:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        number = read_number(text)
        return text if number is None else number
