"""The results as a recalculated live model shows them, found by the words of their headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from live.recalculation import number_or_text

from hemodel.views.shared.words import COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from live.engine import Amount, Key
    from live.recalculation import Recalculated

SHEET, ENGINE_SHEET = "Model results", "Model engine"
HEADERS = ("Outcome", "Component", "Strategy", "Undiscounted", "Discounted")
ENGINE_HEADERS = ("Outcome", "Component", "Strategy", "Live", "Engine", "Comparison")


@dataclass(frozen=True)
class Shown:
    """One line of the results: the model's amounts, the stored one of the engine, and what is said of the two."""

    undiscounted: float
    discounted: float
    engine: float
    comparison: float | str


def shown(book: Recalculated, strategies: Mapping[str, str], bands: Mapping[str, str]) -> dict[Key, Shown]:
    """Return the lines of the results by outcome, component and strategy.

    `strategies` gives the id of each strategy by its name, `bands` that of each band of the time to death by its label.
    """
    beside = {tuple(cells[:3]): cells for cells in _lines(book, ENGINE_SHEET, ENGINE_HEADERS)}
    found: dict[Key, Shown] = {}
    for cells in _lines(book, SHEET, HEADERS):
        live, engine, said = map(number_or_text, beside.pop(tuple(cells[:3]))[3:])
        undiscounted, discounted = (_number(number_or_text(text), cells) for text in cells[3:])
        assert live == discounted, cells
        line = Shown(undiscounted, discounted, _number(engine, cells), said)
        found[_outcome(cells[0]), _component(cells[1], bands), strategies[cells[2]]] = line
    assert not beside
    return found


def _lines(book: Recalculated, sheet: str, headers: tuple[str, ...]) -> Iterator[list[str]]:
    """Return the cells below some headers, wherever on a sheet these stand."""
    columns: list[int] = []
    for row in book.sheet(sheet):
        if set(headers) <= set(row):
            columns = [row.index(name) for name in headers]
            continue
        cells = [row[column] if column < len(row) else "" for column in columns]
        if any(cells):
            yield cells
        else:
            columns = []


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
