"""The results as a recalculated live model shows them, found by the words of their headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from live.recalculation import number_or_text

from hemodel.views.shared.words import COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from live.engine import Amount, Key
    from live.recalculation import Recalculated

SHEET = "Model results"
HEADERS = ("Outcome", "Component", "Strategy", "Undiscounted", "Discounted", "Engine", "Difference")


@dataclass(frozen=True)
class Shown:
    """One line of the results: the model's amounts, the stored one of the engine, and the difference of the two."""

    undiscounted: float
    discounted: float
    engine: float
    difference: float


def shown(book: Recalculated, strategies: Mapping[str, str], bands: Mapping[str, str]) -> dict[Key, Shown]:
    """Return the lines of the results by outcome, component and strategy.

    `strategies` gives the id of each strategy by its name, `bands` that of each band of the time to death by its label.
    """
    found: dict[Key, Shown] = {}
    columns: list[int] = []
    for row in book.sheet(SHEET):
        if set(HEADERS) <= set(row):
            columns = [row.index(name) for name in HEADERS]
            continue
        cells = [row[column] if column < len(row) else "" for column in columns]
        if not any(cells):
            columns = []
            continue
        numbers = [_number(number_or_text(text), cells) for text in cells[3:]]
        found[_outcome(cells[0]), _component(cells[1], bands), strategies[cells[2]]] = Shown(*numbers)
    return found


def difference_column(book: Recalculated) -> tuple[str, int]:
    """Return the sheet and the column, from 0, of the differences from the engine."""
    header = next(row for row in book.sheet(SHEET) if set(HEADERS) <= set(row))
    return SHEET, header.index("Difference")


def amounts(found: Mapping[Key, Shown]) -> dict[Key, Amount]:
    """Return the undiscounted and discounted amounts of the lines."""
    return {key: (line.undiscounted, line.discounted) for key, line in found.items()}


def _outcome(title: str) -> str:
    return {"Life-years": "life_years", "QALYs": "qalys", "Costs": "costs"}[title]


def _component(words: str, bands: Mapping[str, str]) -> str:
    return bands.get(words) or {text: id_ for id_, text in COMPONENTS.items()}[words]


def _number(value: float | str, cells: list[str]) -> float:
    if isinstance(value, str):
        message = f"{cells[:3]}: {value!r} is no number"
        raise TypeError(message)
    return value
