"""Which points of a grid are cycle boundaries: what accumulates over time does so from one to the next.

A day within a cycle counts from the boundary before it. So it changes nothing on any
other day, and results do not depend on which days happen to be on the grid.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.survival.family import Array

    Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Cycles:
    """The boundaries among the points of a grid, and the points within cycles.

    Where every point is a boundary there is none: the functions here take None for that.

    Attributes
    ----------
    boundaries : array (boundaries,) of int
        Their places on the grid; the first is 0.
    inner : array (inner,) of int
        Places of the points within a cycle.
    before : array (inner,) of int
        The boundary before each of them, by its place among the boundaries.
    unweighted : array of int
        Places on the grid of boundaries that stand for nothing themselves: beyond the last
        cycle they carry what accumulates on to a later point.
    """

    boundaries: Places
    inner: Places
    before: Places
    unweighted: Places

    @cached_property
    def previous(self) -> Places:
        """Place (points,) of the boundary before each point; of the first point itself."""
        places = np.empty(self.boundaries.size + self.inner.size, dtype=np.intp)
        places[self.boundaries[1:]] = self.boundaries[:-1]
        places[self.inner] = self.boundaries[self.before]
        places[0] = 0
        return places


def at_boundary_before(values: Array, at_start: Array, cycles: Cycles | None) -> Array:
    """Return values (draws, points) at the boundary before each point, `at_start` (draws or 1, 1) for the first."""
    found = np.empty_like(values)
    found[:, :1] = at_start
    found[:, 1:] = values[:, :-1] if cycles is None else values[:, cycles.previous[1:]]
    return found


def growth(cumulative: Array, at_start: Array, cycles: Cycles | None = None) -> Array:
    """Return how much a cumulative hazard (draws, points) grows up to each point from the boundary before."""
    grown = np.empty_like(cumulative)
    before = cumulative[:, :-1] if cycles is None else cumulative[:, cycles.previous[1:]]
    np.subtract(cumulative[:, :1], at_start, out=grown[:, :1])
    np.subtract(cumulative[:, 1:], before, out=grown[:, 1:])
    return grown


def accumulated(steps: Array, cycles: Cycles | None, *, out: Array | None = None) -> Array:
    """Return the sum of the steps (draws, points) of all cycles up to each point.

    The step of a boundary is that of its cycle; the step of a point within a cycle counts
    from the boundary before, and for this point only. ``out`` may be ``steps``.
    """
    if cycles is None:
        return np.cumsum(steps, axis=1, out=out)
    total = np.empty_like(steps) if out is None else out
    whole = np.cumsum(steps[:, cycles.boundaries], axis=1)
    total[:, cycles.inner] = whole[:, cycles.before] + steps[:, cycles.inner]
    total[:, cycles.boundaries] = whole
    return total


def largest_so_far(values: Array, cycles: Cycles | None) -> Array:
    """Return the larger of each value (draws, points) and the largest at any boundary before it."""
    if cycles is None:
        return np.maximum.accumulate(values, axis=1)
    largest = np.empty_like(values)
    whole = np.maximum.accumulate(values[:, cycles.boundaries], axis=1)
    largest[:, cycles.inner] = np.maximum(whole[:, cycles.before], values[:, cycles.inner])
    largest[:, cycles.boundaries] = whole
    return largest
