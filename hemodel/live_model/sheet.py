"""Sheets of a live model while they are put together: cells, and tables with a column of formulas each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.live_model.formula import Formula, as_formula, item, quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_SHEET_NAME = 31


@dataclass(frozen=True)
class Cell:
    """What one cell holds: a constant or a formula (texts of which may refer to rows), and its style."""

    content: Formula | float | str | bool | None
    style: str


@dataclass
class Sheet:
    """One sheet.

    Rows and columns count from 0 here; in formulas rows count from 1. `columns` holds
    formulas for many rows: first row, column, formula, number of rows, style.
    """

    name: str
    title: str
    purpose: str = ""
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    columns: list[tuple[int, int, Formula, int, str]] = field(default_factory=list)
    widths: dict[int, float] = field(default_factory=dict)
    heights: dict[int, float] = field(default_factory=dict)
    frozen: tuple[int, int] | None = None

    def write(self, row: int, column: int, content: Formula | float | str | bool | None, style: str) -> Formula:
        """Put a constant or a formula in a cell, and return the reference to it with its value."""
        self.cells[row, column] = Cell(content, style)
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
class Column(Formula):
    """A column of a table: as a formula it is the cell of the same row."""

    sheet: Sheet = field(default_factory=lambda: Sheet("", ""))
    first: int = 0
    index: int = 0
    rows: int = 0

    @property
    def range(self) -> Formula:
        """All cells of the column."""
        return self.sheet.area((self.first, self.index), (self.first + self.rows - 1, self.index), self.value)

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

    def below(self) -> Formula:
        """Return the cell in the row below; in the last row of a table it is of no use."""
        shifted = np.concatenate([self.value[1:], self.value[-1:]])
        return Formula(f"{quoted(self.sheet.name)}!${letter(self.index)}[+1]", shifted)


@dataclass
class Table:
    """A table on a sheet: one row an item, columns added from left to right under two lines of headers.

    Attributes
    ----------
    sheet : Sheet
    first : int
        First row of values; the headers are in the rows above.
    rows : int
    next : int
        Column that is added next.
    """

    sheet: Sheet
    first: int
    rows: int
    next: int = 0

    def add(self, header: str, content: Formula | Sequence[Any], style: str, group: str = "") -> Column:
        """Add a column: one formula for all rows, or constants."""
        if isinstance(content, Formula):
            value = np.broadcast_to(np.asarray(content.value), (self.rows,))
            self.sheet.columns.append((self.first, self.next, content, self.rows, style))
        else:
            mixed = any(isinstance(constant, str) for constant in content)
            value = np.asarray(content, dtype=object if mixed else None)
            for i, constant in enumerate(content):
                self.sheet.cells[self.first + i, self.next] = Cell(_plain(constant), style)
        return self._placed(header, value, group)

    def add_each(self, header: str, contents: Sequence[Formula], style: str, group: str = "") -> Column:
        """Add a column with a formula of its own in each row."""
        for i, content in enumerate(contents):
            self.sheet.cells[self.first + i, self.next] = Cell(content, style)
        value = np.empty(self.rows, dtype=object)
        value[:] = [_plain(content.value) for content in contents]
        return self._placed(header, value, group)

    def add_after_first(self, header: str, start: float, content: Formula, style: str, group: str = "") -> Column:
        """Add a column whose first row is a number and the others a formula, which may refer to the row above."""
        values = np.broadcast_to(np.asarray(content.value, dtype=float), (self.rows,))
        value = np.concatenate([[start], values[1:]])
        return self._recursive(header, start, lambda _: content, value, style, group)

    def running_sum(self, header: str, start: Formula | float, step: Formula, style: str, group: str = "") -> Column:
        """Add a column that begins with a number and grows by a step from each row to the next."""
        steps = np.broadcast_to(np.asarray(step.value, dtype=float), (self.rows,))
        value = as_formula(start).value + np.concatenate([[0.0], np.cumsum(steps[1:])])
        return self._recursive(header, start, lambda before: before + step, value, style, group)

    def running_maximum(self, header: str, start: float, candidate: Formula, style: str, group: str = "") -> Column:
        """Add a column that begins with a number and is never below the row above."""
        candidates = np.broadcast_to(np.asarray(candidate.value, dtype=float), (self.rows,))
        value = np.maximum.accumulate(np.concatenate([[start], candidates[1:]]))

        def grown(before: Formula) -> Formula:
            return Formula(f"MAX({before.text},{candidate.text})", value)

        return self._recursive(header, start, grown, value, style, group)

    def running_minimum_upwards(self, header: str, candidate: Formula, style: str, group: str = "") -> Column:
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

    def _recursive(self, header: str, start: Formula | float, grown: Any, value: Any, style: str, group: str) -> Column:
        before = Formula(f"{quoted(self.sheet.name)}!${letter(self.next)}[-1]", 0.0)
        self.sheet.cells[self.first, self.next] = Cell(start, style)
        formula = Formula(grown(before).text, value[1:])
        if self.rows > 1:
            self.sheet.columns.append((self.first + 1, self.next, formula, self.rows - 1, style))
        return self._placed(header, value, group)

    def _placed(self, header: str, value: Any, group: str) -> Column:
        index = self.next
        self.sheet.cells[self.first - 2, index] = Cell(group or None, "group")
        self.sheet.cells[self.first - 1, index] = Cell(header, "header")
        self.next += 1
        text = f"{quoted(self.sheet.name)}!${letter(index)}[0]"
        return Column(text, value, sheet=self.sheet, first=self.first, index=index, rows=self.rows)


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
