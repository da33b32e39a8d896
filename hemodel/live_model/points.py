"""Rows of a table at which curves are evaluated, cycle boundaries or days within cycles, treated alike.

Where curves are needed: at the boundaries of cycles, and on days within them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hemodel.live_model.formula import Formula, larger, when

if TYPE_CHECKING:
    from hemodel.live_model.sheet import SheetColumn, SheetTable


STYLE = "number"
F = TypeVar("F")


@dataclass(frozen=True)
class Points:
    """Rows at which curves are evaluated.

    Attributes
    ----------
    population : Formula or None
        Cumulative hazard of the population.
    group : str
        Heading over the columns that are added.
    boundary : Formula or None
        Row, from 1, of the cycle boundary before, for days within cycles; None where the
        rows are the boundaries.
    """

    table: SheetTable
    months: Formula
    population: Formula | None
    group: str = ""
    boundary: Formula | None = None

    def keep(self, header: str, formula: Formula) -> Formula:
        """Put a result in a column of its own."""
        return self.table.add(header, formula, STYLE, self.group)

    def add(self, header: str, formula: Formula, style: str = STYLE) -> SheetColumn:
        """Add a column."""
        return self.table.add(header, formula, style, self.group)

    def before(self, column: SheetColumn) -> Formula:
        """Return the value of a column at the boundary before; of no use in the first row of the boundaries."""
        return column.above() if self.boundary is None else column.at(self.boundary)

    def months_before(self, boundaries: SheetColumn) -> Formula:
        """Return the month of the boundary before, 0 in the first row."""
        return when(self.months <= 0.0, 0.0, self.before(boundaries))


def at_boundaries(bounds: Boundaries, group: str) -> Points:
    """Return the cycle boundaries."""
    return Points(bounds.table, bounds.months, bounds.population, group)


def accumulated(points: Points, header: str, step: Formula, whole: SheetColumn | None) -> SheetColumn:
    """Return the sum of steps from boundary to boundary; a day within a cycle adds its own to that of the boundary.

    Parameters
    ----------
    step : Formula
        Growth since the boundary before.
    whole : SheetColumn or None
        The sum at the boundaries, for days within cycles.
    """
    if points.boundary is None:
        return points.table.running_sum(header, 0.0, step, STYLE, points.group)
    return points.add(header, given(whole).at(points.boundary) + step)


def largest_so_far(points: Points, header: str, candidate: Formula, whole: SheetColumn | None) -> SheetColumn:
    """Return the larger of a formula and of the largest at any boundary before; arguments as for `accumulated`."""
    if points.boundary is None:
        return points.table.running_maximum(header, 0.0, candidate, STYLE, points.group)
    return points.add(header, larger(given(whole).at(points.boundary), candidate))


def given(value: F | None) -> F:
    """Return what a curve cannot do without, such as a time or the column of the boundaries."""
    if value is None:
        message = "a curve needs a time, a hazard or a column that is missing"
        raise ValueError(message)
    return value


Keep = Callable[[str, Formula], Formula]
"""Puts an intermediate result in a column of its own, under a header, and returns the reference to it."""


@dataclass(frozen=True)
class Boundaries:
    """The boundaries of the cycles k = 0, 1, ..., one a row, as far as any day needs them.

    Attributes
    ----------
    table : SheetTable
        Where columns are added.
    number, day, months : SheetColumn
        k, its day and its month.
    population : SheetColumn or None
        Cumulative hazard of the population, where background mortality is in the model.
    """

    table: SheetTable
    number: SheetColumn
    day: SheetColumn
    months: SheetColumn
    population: SheetColumn | None
