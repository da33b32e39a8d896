"""Sheets of a live model while they are put together: cells, and tables with a column of formulas each.

Places on a sheet for what is needed beside a table: constants in a row of cells each, and single results.

Checks of the live model, by formula: what must hold whatever is entered, and what to know after an edit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.live_model.formula import Formula, as_formula, call, item, quoted, when

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


LONGEST_SHEET_NAME = 31


@dataclass(frozen=True)
class SheetCell:
    """What one cell holds: a constant or a formula (texts of which may refer to rows), and its style."""

    content: Formula | float | str | bool | None
    style: str

    @property
    def value(self) -> Any:
        """What the cell shows."""
        return self.content.value if isinstance(self.content, Formula) else self.content


@dataclass
class Sheet:
    """One sheet.

    Rows and columns count from 0 here; in formulas rows count from 1. `columns` holds
    formulas for many rows: first row, column, formula, number of rows, style. A formula
    without text stands for stored numbers.
    """

    name: str
    title: str
    purpose: str = ""
    cells: dict[tuple[int, int], SheetCell] = field(default_factory=dict)
    columns: list[tuple[int, int, Formula, int, str]] = field(default_factory=list)
    widths: dict[int, float] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    frozen: tuple[int, int] | None = None

    def write(self, row: int, column: int, content: Formula | float | str | bool | None, style: str) -> Formula:
        """Put a constant or a formula in a cell, and return the reference to it with its value."""
        self.cells[row, column] = SheetCell(content, style)
        value = content.value if isinstance(content, Formula) else content
        return self.reference(row, column, value)

    def reference(self, row: int, column: int, value: Any) -> Formula:
        """Return an absolute reference to a cell, with the value it has."""
        return Formula(f"{quoted(self.name)}!${letter(column)}${row + 1}", value)

    def area(self, first: tuple[int, int], last: tuple[int, int], value: Any) -> Formula:
        """Return an absolute reference to a rectangle of cells, with the values it has."""
        top, bottom = (f"${letter(column)}${row + 1}" for row, column in (first, last))
        return Formula(f"{quoted(self.name)}!{top}:{bottom}", value)


@dataclass(frozen=True, eq=False)
class SheetColumn(Formula):
    """A column of a table: as a formula it is the cell of the same row."""

    sheet: Sheet = field(default_factory=lambda: Sheet("", ""))
    first: int = 0
    index: int = 0
    rows: int = 0

    @property
    def range(self) -> Formula:
        """All cells of the column."""
        return self.part(0, self.rows)

    def part(self, start: int, stop: int) -> Formula:
        """Return the cells of the rows from one to before another; rows of the table count from 0."""
        first, last = ((self.first + row, self.index) for row in (start, stop - 1))
        return self.sheet.area(first, last, np.asarray(self.value)[start:stop])

    def at(self, position: Formula | float) -> Formula:
        """Return the cell in the row with this number, from 1 for the first row of the table."""
        return item(self.range, position)

    def cell(self, row: int) -> Formula:
        """Return one cell; rows of the table count from 0."""
        return self.sheet.reference(self.first + row, self.index, _plain(np.asarray(self.value)[row]))

    def above(self) -> Formula:
        """Return the cell in the row above; in the first row of a table it is of no use."""
        shifted = np.concatenate([self.value[:1], self.value[:-1]])
        return Formula(f"{quoted(self.sheet.name)}!${letter(self.index)}[-1]", shifted)


@dataclass
class SheetTable:
    """A table on a sheet: one row an item, columns added from left to right under two lines of headers.

    Attributes
    ----------
    first : int
        First row of values; the headers are in the rows above.
    next : int
        Column that is added next.
    """

    sheet: Sheet
    first: int
    rows: int
    next: int = 0

    def add(self, header: str, content: Formula | Sequence[Any], style: str, group: str = "") -> SheetColumn:
        """Add a column: one formula for all rows, or constants."""
        if isinstance(content, Formula):
            value = np.broadcast_to(np.asarray(content.value), (self.rows,))
            self.sheet.columns.append((self.first, self.next, content, self.rows, style))
        else:
            mixed = any(isinstance(constant, str) for constant in content)
            value = np.asarray(content, dtype=object if mixed else None)
            for i, constant in enumerate(content):
                self.sheet.cells[self.first + i, self.next] = SheetCell(_plain(constant), style)
        return self._placed(header, value, group)

    def add_stored(self, header: str, values: NDArray[Any], style: str, group: str = "") -> SheetColumn:
        """Add a column of numbers that the engine found, for a table of many rows."""
        self.sheet.columns.append((self.first, self.next, Formula("", values), self.rows, style))
        return self._placed(header, values, group)

    def add_each(self, header: str, contents: Sequence[Formula], style: str, group: str = "") -> SheetColumn:
        """Add a column with a formula of its own in each row."""
        for i, content in enumerate(contents):
            self.sheet.cells[self.first + i, self.next] = SheetCell(content, style)
        value = np.empty(self.rows, dtype=object)
        value[:] = [_plain(content.value) for content in contents]
        return self._placed(header, value, group)

    def add_after_first(self, header: str, start: float, content: Formula, style: str, group: str = "") -> SheetColumn:
        """Add a column whose first row is a number and the others a formula, which may refer to the row above."""
        values = np.broadcast_to(np.asarray(content.value, dtype=float), (self.rows,))
        value = np.concatenate([[start], values[1:]])
        return self._recursive(header, start, lambda _: content, value, style, group)

    def running_sum(
        self, header: str, start: Formula | float, step: Formula, style: str, group: str = ""
    ) -> SheetColumn:
        """Add a column that begins with a number and grows by a step from each row to the next."""
        steps = np.broadcast_to(np.asarray(step.value, dtype=float), (self.rows,))
        value = as_formula(start).value + np.concatenate([[0.0], np.cumsum(steps[1:])])
        return self._recursive(header, start, lambda before: before + step, value, style, group)

    def running_maximum(
        self, header: str, start: float, candidate: Formula, style: str, group: str = ""
    ) -> SheetColumn:
        """Add a column that begins with a number and is never below the row above."""
        candidates = np.broadcast_to(np.asarray(candidate.value, dtype=float), (self.rows,))
        value = np.maximum.accumulate(np.concatenate([[start], candidates[1:]]))

        def grown(before: Formula) -> Formula:
            return Formula(f"MAX({before.text},{candidate.text})", value)

        return self._recursive(header, start, grown, value, style, group)

    def running_minimum_upwards(self, header: str, candidate: Formula, style: str, group: str = "") -> SheetColumn:
        """Add a column that holds the least of a formula in this row and all rows below."""
        candidates = np.broadcast_to(np.asarray(candidate.value, dtype=float), (self.rows,))
        value = np.minimum.accumulate(candidates[::-1])[::-1]
        below = f"{quoted(self.sheet.name)}!${letter(self.next)}[+1]"
        self.sheet.columns.append(
            (self.first, self.next, Formula(f"MIN({candidate.text},{below})", value[:-1]), self.rows - 1, style)
        )
        last = self.first + self.rows - 1
        self.sheet.columns.append((last, self.next, Formula(candidate.text, value[-1:]), 1, style))
        return self._placed(header, value, group)

    def _recursive(
        self, header: str, start: Formula | float, grown: Any, value: Any, style: str, group: str
    ) -> SheetColumn:
        before = Formula(f"{quoted(self.sheet.name)}!${letter(self.next)}[-1]", 0.0)
        self.sheet.cells[self.first, self.next] = SheetCell(start, style)
        formula = Formula(grown(before).text, value[1:])
        if self.rows > 1:
            self.sheet.columns.append((self.first + 1, self.next, formula, self.rows - 1, style))
        return self._placed(header, value, group)

    def _placed(self, header: str, value: Any, group: str) -> SheetColumn:
        index = self.next
        self.sheet.cells[self.first - 2, index] = SheetCell(group or None, "group")
        self.sheet.cells[self.first - 1, index] = SheetCell(header, "header")
        self.next += 1
        text = f"{quoted(self.sheet.name)}!${letter(index)}[0]"
        return SheetColumn(text, value, sheet=self.sheet, first=self.first, index=index, rows=self.rows)


def letter(column: int) -> str:
    """Return the letters of a column that counts from 0."""
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(column))


def sheet_name(text: str, taken: set[str]) -> str:
    """Return a name that a sheet can have, at most 31 characters and unlike the others, whatever their case."""
    plain = "".join("_" if sign in "[]:*?/\\'" else sign for sign in text).strip()
    name, number = plain[:LONGEST_SHEET_NAME], 2
    while name.lower() in taken:
        end = f" {number}"
        name, number = plain[: LONGEST_SHEET_NAME - len(end)] + end, number + 1
    taken.add(name.lower())
    return name


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


class WorkingCells:
    """A part of a sheet that fills from the top: a label in one column, values to the right of it.

    The same constants and the same formulas are placed once.
    """

    def __init__(self, sheet: Sheet, row: int, column: int) -> None:
        """Begin at a row and column that count from 0."""
        self._sheet, self._row, self._labels, self._values = sheet, row, column, column + 1
        self._placed: dict[tuple[float, ...], Formula] = {}
        self._singles: dict[tuple[str, str], Formula] = {}
        self._heading = ""

    def title(self, text: str) -> None:
        """Put a heading over what comes next, if anything does."""
        self._heading = text

    def constants(self, label: str, values: Sequence[float]) -> Formula:
        """Return a range of cells in one row that hold these numbers; its value is an array (n,)."""
        key = tuple(float(value) for value in values)
        if key not in self._placed:
            self._label(label)
            for j, value in enumerate(key):
                self._sheet.write(self._row, self._values + j, value, "stored number")
            ends = [f"${letter(column)}${self._row + 1}" for column in (self._values, self._values + len(key) - 1)]
            text = f"{quoted(self._sheet.name)}!{ends[0]}:{ends[1]}"
            self._placed[key] = Formula(text, np.array(key))
            self._row += 1
        return self._placed[key]

    def single(self, label: str, formula: Formula, style: str = "number") -> Formula:
        """Put a formula with one value in a cell of its own and return the reference to it."""
        key = (label, formula.text)
        if key not in self._singles:
            self._label(label)
            self._singles[key] = self._sheet.write(self._row, self._values, formula, style)
            self._row += 1
        return self._singles[key]

    def _label(self, text: str) -> None:
        if self._heading:
            self._sheet.write(self._row + 1, self._labels, self._heading, "header")
            self._row, self._heading = self._row + 2, ""
        self._sheet.write(self._row, self._labels, text, "text")


SHEET = "Model checks"
FIRST_ROW = 8
PASSES, FAILS, CHANGED = "ok", "look", "edited"
"""What a check says; the last is no failure: inputs are there to be edited."""
EQUAL, EDITED = "equal", "edited: engine value no longer applies"
"""What a comparison with the engine says, unless there is a difference that no edit explains."""


@dataclass(frozen=True)
class LiveCheck:
    """One check: what is looked at, the number found, whether it is as it should be, and what to do if not.

    `edited` says where a check that does not pass is none to look at: inputs were edited.
    """

    subject: str
    found: Formula
    passes: Formula
    meaning: str
    edited: Formula | None = None


@dataclass(frozen=True)
class CheckSheet:
    """The sheet of checks, and how many of them do not pass."""

    sheet: Sheet
    failing: Formula
    message: Formula


def at_most(subject: str, found: Formula, limit: float, meaning: str) -> LiveCheck:
    """Return a check that a number is no larger than a limit, up or down."""
    return LiveCheck(subject, found, call("ABS", np.abs, found) <= limit, meaning)


def _status(check: LiveCheck) -> Formula:
    fails = as_formula(FAILS) if check.edited is None else when(check.edited, CHANGED, FAILS)
    return when(check.passes, PASSES, fails)


def add_checks(checks: Sequence[LiveCheck]) -> CheckSheet:
    """Return the sheet with one row a check, and a line that sums them up."""
    purpose = (
        "Each line is a formula over the model as it stands. A line that says look tells what to do. One that says "
        "edited is no failure: inputs have changed since hemodel wrote the file, and the model follows them."
    )
    sheet = Sheet(SHEET, "Checks", purpose, frozen=(FIRST_ROW, 0))
    table = SheetTable(sheet, FIRST_ROW, len(checks))
    table.add("What is checked", [check.subject for check in checks], "text")
    table.add_each("Found", [check.found for check in checks], "number")
    status = table.add_each("Status", [_status(check) for check in checks], "check")
    table.add("What to do", [check.meaning for check in checks], "note")
    failing = Formula(f'COUNTIF({status.range.text},"{FAILS}")', int(np.sum(status.value == FAILS)))
    count = sheet.write(3, 1, failing, "count")
    sheet.write(3, 0, "Checks that do not pass", "label")
    some = as_formula("Look at the sheet Model checks: some of the checks do not pass.")
    edited = Formula(f'COUNTIF({status.range.text},"{CHANGED}")', int(np.sum(status.value == CHANGED)))
    follows = "All checks pass. Inputs were edited: the engine's values no longer apply."
    message = when(count.equals(0), when(edited.equals(0), "All checks pass.", follows), some)
    sheet.write(4, 0, message, "verdict")
    return CheckSheet(sheet, count, sheet.reference(4, 0, message.value))
