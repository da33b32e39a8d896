"""Rows of a table at which curves are evaluated, cycle boundaries or days within cycles, treated alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.live_model.formula import Formula, larger, when

if TYPE_CHECKING:
    from hemodel.live_model.places import Boundaries, Within
    from hemodel.live_model.sheet import Column, Table

STYLE = "number"


@dataclass(frozen=True)
class Points:
    """Rows at which curves are evaluated.

    Attributes
    ----------
    table : Table
    months : Formula
    population : Formula or None
        Cumulative hazard of the population.
    group : str
        Heading over the columns that are added.
    boundary : Formula or None
        Row, from 1, of the cycle boundary before, for days within cycles; None where the
        rows are the boundaries.
    """

    table: Table
    months: Formula
    population: Formula | None
    group: str
    boundary: Formula | None = None

    def keep(self, header: str, formula: Formula) -> Formula:
        """Put a result in a column of its own."""
        return self.table.add(header, formula, STYLE, self.group)

    def add(self, header: str, formula: Formula, style: str = STYLE) -> Column:
        """Add a column."""
        return self.table.add(header, formula, style, self.group)

    def before(self, column: Column) -> Formula:
        """Return the value of a column at the boundary before; of no use in the first row of the boundaries."""
        return column.above() if self.boundary is None else column.at(self.boundary)

    def months_before(self, boundaries: Column) -> Formula:
        """Return the month of the boundary before, 0 in the first row."""
        return when(self.months <= 0.0, 0.0, self.before(boundaries))


def at_boundaries(bounds: Boundaries, group: str) -> Points:
    """Return the cycle boundaries."""
    return Points(bounds.table, bounds.months, bounds.population, group)


def at_days(place: Within, group: str) -> Points:
    """Return days within cycles."""
    return Points(place.table, place.months, place.population, group, place.boundary)


def accumulated(points: Points, header: str, step: Formula, whole: Column | None) -> Column:
    """Return the sum of steps from boundary to boundary; a day within a cycle adds its own to that of the boundary.

    Parameters
    ----------
    points : Points
    header : str
    step : Formula
        Growth since the boundary before.
    whole : Column or None
        The sum at the boundaries, for days within cycles.
    """
    if points.boundary is None:
        return points.table.running_sum(header, 0.0, step, STYLE, points.group)
    return points.add(header, _known(whole).at(points.boundary) + step)


def largest_so_far(points: Points, header: str, candidate: Formula, whole: Column | None) -> Column:
    """Return the larger of a formula and of the largest at any boundary before; arguments as for `accumulated`."""
    if points.boundary is None:
        return points.table.running_maximum(header, 0.0, candidate, STYLE, points.group)
    return points.add(header, larger(_known(whole).at(points.boundary), candidate))


def _known(whole: Column | None) -> Column:
    if whole is None:
        message = "days within cycles need the column of the boundaries"
        raise ValueError(message)
    return whole
