"""Where curves are needed: at the boundaries of cycles, and on days within them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.live_model.formula import Formula

if TYPE_CHECKING:
    from hemodel.live_model.sheet import Column, Table

Keep = Callable[[str, Formula], Formula]
"""Puts an intermediate result in a column of its own, under a header, and returns the reference to it."""


@dataclass(frozen=True)
class Boundaries:
    """The boundaries of the cycles k = 0, 1, ..., one a row, as far as any day needs them.

    Attributes
    ----------
    table : Table
        Where columns are added.
    number, day, months : Column
        k, its day and its month.
    population : Column or None
        Cumulative hazard of the population, where background mortality is in the model.
    """

    table: Table
    number: Column
    day: Column
    months: Column
    population: Column | None


@dataclass(frozen=True)
class Within:
    """Days within cycles, one a row; what accumulates counts from the boundary before.

    Attributes
    ----------
    table : Table
    months : Formula
    boundary : Formula
        Row, from 1, of the last boundary at or before the day among the boundaries.
    population : Formula or None
        Cumulative hazard of the population on the day.
    """

    table: Table
    months: Formula
    boundary: Formula
    population: Formula | None
