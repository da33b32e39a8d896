"""Places on a sheet for what is needed beside a table: constants in a row of cells each, and single results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.formula import Formula, quoted
from hemodel.live_model.sheet import letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.live_model.sheet import Sheet


class Workings:
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
