"""Changes to inputs by id: the one way in for --set, scenarios and sensitivity runs.

A change names a cell by the id of its row (its value) or by the id and a
column (`utility.progressed.low`). It is applied to the cells as read, before
any check, so that a changed workbook is checked as an edited one would be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.errors import Location, Problem
from hemodel.inputs.cells import Cell, RawRow, RawWorkbook, Scalar
from hemodel.inputs.dictionary import columns, match, nearest, sheets

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMAND_LINE = "--set"


@dataclass(frozen=True)
class Change:
    """A new value for one cell.

    `expected` is the value the change was written for (a scenario's `from`);
    where it no longer holds the change is refused. `factor` multiplies the
    value that stands there instead of replacing it.
    """

    id: str
    value: Scalar
    origin: str
    expected: Scalar = None
    factor: float | None = None


def apply_changes(raw: RawWorkbook, changes: Iterable[Change]) -> tuple[RawWorkbook, list[Change]]:
    """Return the workbook with the changes made, and each change as it was made.

    The changes returned carry the old value in `expected` and the new one in
    `value`. A value set in a row without a source has the change as its source.
    Problems (unknown id, a `from` that no longer holds) are added to
    the workbook's own.
    """
    result = RawWorkbook(raw.file, [RawRow(r.sheet, dict(r.cells)) for r in raw.rows], list(raw.problems), raw.sources)
    rows = {row.id: row for row in result.rows}
    changes = list(changes)
    named = {change.id for change in changes}
    made = []
    for change in changes:
        target = _find(rows, change.id)
        if target is None:
            result.problems.append(_unknown(change, rows))
            continue
        row, column = target
        problem = _refusal(change, row, column)
        if problem is not None:
            result.problems.append(problem)
            continue
        old = row.cells[column].value
        new = _new_value(change, old, row, column)
        where = Location(f"{change.origin} ({change.id})")
        row.cells[column] = Cell(new, where)
        made.append(Change(change.id, new, change.origin, expected=old, factor=change.factor))
        if column == "value":
            if row.cells["source"].value is None:
                row.cells["source"] = Cell(change.origin, where)
            made += _move_range(row, change, old, named)
    return result, made


def _move_range(row: RawRow, change: Change, old: Scalar, named: set[str]) -> list[Change]:
    """Move the range of a row in proportion where the new value lies outside it.

    A range that the user changes too is left alone. What is moved is returned, to
    be shown with the other changes.
    """
    new = row.cells["value"].value
    low, high = row.cells["low"].value, row.cells["high"].value
    numbers = [x for x in (new, old, low, high) if isinstance(x, (int, float)) and not isinstance(x, bool)]
    ends = {f"{row.id}.{name}" for name in ("low", "high", "se")}
    if len(numbers) != len(ends) + 1 or ends & named or numbers[2] <= numbers[0] <= numbers[3]:
        return []
    found = match(row.id)
    bounds = (found[0].minimum, found[0].maximum) if found else (None, None)
    moved = []
    for name in ("low", "high", "se"):
        value = row.cells[name].value
        if not isinstance(value, (int, float)):
            continue
        scaled = value * numbers[0] / numbers[1] if numbers[1] else numbers[0]
        least = numbers[0] if name == "high" else bounds[0]
        most = numbers[0] if name == "low" else bounds[1]
        scaled = min(max(scaled, scaled if least is None else least), scaled if most is None else most)
        origin = f"{change.origin}, range moved with the value"
        row.cells[name] = Cell(scaled, Location(f"{origin} ({row.id}.{name})"))
        moved.append(Change(f"{row.id}.{name}", scaled, origin, expected=value))
    return moved


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


def _refusal(change: Change, row: RawRow, column: str) -> Problem | None:
    old = row.cells[column].value
    if change.factor is not None and not isinstance(old, (int, float)):
        return Problem(Location(change.origin), f"{change.id} is {old!r}; only a number can be multiplied")
    if change.expected is not None and not same(old, change.expected):
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
        return text
