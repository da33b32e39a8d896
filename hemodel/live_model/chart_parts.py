"""What the charts of the live model have in common: their sheet, sizes, lines, and ranges of cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.reporting import style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.live_model.formula import Formula
    from hemodel.live_model.sheet import Column, Sheet
    from hemodel.reporting.schema import Results

SHEET = "Model charts"
SIZE, TALL = (700, 440), (700, 900)
GRID = {"visible": True, "line": {"color": "#E4E4E4", "width": 0.75}}
NO_GRID = {"visible": False}
FONT = {"name": "Arial", "size": 9}
DASHES = ("solid", "dash", "round_dot", "dash_dot", "long_dash", "square_dot", "long_dash_dot")


@dataclass(frozen=True)
class ChartSheet:
    """The sheet of charts before they are on it: it holds the costs by category.

    Attributes
    ----------
    sheet : Sheet
    names : mapping from strategy to Formula
    components : Column
    costs : mapping from strategy to Column
        Discounted costs, one row a category.
    found : Results
        Currency, decision threshold and printed names when the file was written.
    """

    sheet: Sheet
    names: Mapping[str, Formula]
    components: Column
    costs: Mapping[str, Column]
    found: Results


def cells(column: Column, first: int, last: int) -> list[str | int]:
    """Return some rows of a column of a table, as a chart wants them; rows of the table count from 0."""
    return [column.sheet.name, column.first + first, column.index, column.first + last, column.index]


def all_cells(column: Column) -> list[str | int]:
    """Return all rows of a column of a table."""
    return cells(column, 0, column.rows - 1)


def strategy_line(place: int) -> dict[str, Any]:
    """Return the line of a strategy: colour and dashes."""
    return {"color": style.colour(place), "width": 2.0, "dash_type": DASHES[place % len(DASHES)]}
