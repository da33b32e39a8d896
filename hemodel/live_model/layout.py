"""Room for the cells of a live model: widths of columns, heights of rows, and where groups of columns begin and end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.inputs import writing_formats
from hemodel.live_model.formula import Formula

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.live_model.sheet import Cell, Sheet

NUMBERS: Mapping[str, str] = {
    "number": "General",
    "date": "General",
    "count": "#,##0",
    "proportion": "0.0000",
    "time": "0.00",
    "money": "#,##0.00",
    "qaly": "0.0000",
    "factor": "0.000000",
    "coefficient": "0.000000",
    "total": "#,##0.0000",
    "selector": "0",
}
"""Number formats of the styles of numbers."""
_SHORT, _LARGE, _TINY = 9, 1000.0, 0.001
_WIDEST = {"text": 46.0, "note": 62.0, "number": 26.0, "label": 46.0}
_WRAPPED = ("text", "note")
_NO_ROOM = frozenset(("title", "purpose", "verdict", "group", "header", "link"))
"""Styles whose texts do not widen a column: they wrap, or run over the cells beside them."""
_NARROWEST, _EMPTY = 9.0, 3.0
_PADDING = 22.0
_BOLD = 1.1
_MOST_HEADER_LINES = 4
_PURPOSE_WIDTH = 125.0
_USUAL_HEIGHT = 15.0
_POINTS_PER_PIXEL = 0.75


@dataclass(frozen=True)
class Layout:
    """Room on one sheet.

    Attributes
    ----------
    widths : mapping from column to width
        Of every column up to the last one used. [Excel's units]
    heights : mapping from row to height
        Of rows that need more than one line. [points]
    last_row, last_column : int
        The last ones used, from 0.
    purpose_column : int
        Last column over which the line of purpose runs.
    """

    widths: Mapping[int, float]
    heights: Mapping[int, float]
    last_row: int
    last_column: int
    purpose_column: int

    @property
    def pixels_down(self) -> float:
        """Height of all rows at full size."""
        usual = (self.last_row + 1 - len(self.heights)) * _USUAL_HEIGHT
        return (usual + sum(self.heights.values())) / _POINTS_PER_PIXEL


def layout(sheet: Sheet) -> Layout:
    """Return the room that the cells of a sheet need; what the sheet itself says about a width or height goes first."""
    last_row = max([2, *(row for row, _ in sheet.cells), *(first + n - 1 for first, _, _, n, _ in sheet.columns)])
    last_column = max([0, *(column for _, column in sheet.cells), *(column for _, column, *_ in sheet.columns)])
    found = _contents(sheet)
    headers = _headers(sheet)
    widths = {
        column: sheet.widths.get(column, _width(found.get(column, []), headers.get(column, [])))
        for column in range(max([last_column, *sheet.widths]) + 1)
    }
    totals = np.cumsum(list(widths.values()))
    over = int(np.searchsorted(totals, _PURPOSE_WIDTH))
    purpose_column = min(over, last_column)
    heights = {1: _height(sheet.purpose, float(totals[purpose_column])), **_heights(sheet, widths), **sheet.heights}
    return Layout(widths, heights, last_row, last_column, purpose_column)


def pixels(width: float) -> float:
    """Return the width of a column in pixels at full size."""
    return 7.0 * width + 5.0


def shown(style: str, value: Any) -> str:
    """Return about what a cell of a style shows."""
    number_format = NUMBERS.get(style.removeprefix("stored "))
    number_format = general_format(value) if number_format == "General" else number_format
    if isinstance(value, (bool, np.bool_)):
        return str(value).upper()
    if number_format is None or not isinstance(value, (int, float, np.number)):
        return "" if value is None else str(value)
    if number_format in {"General", "0.00E+00"}:
        return format(float(value), ".9g" if number_format == "General" else ".2E")
    whole, _, places = number_format.partition(".")
    return f"{float(value):{',' if ',' in whole else ''}.{len(places)}f}"


def general_format(values: Any) -> str:
    """Return the number format of cells that may hold any number: as many digits as are of use.

    Programs show a number that is as long as its cell where the format is General, so that is
    for numbers that are short themselves. Others have six decimals, or fewer or a power of ten
    where the largest of them is large or tiny.
    """
    numbers = [float(v) for v in np.atleast_1d(np.asarray(values, dtype=object)) if not isinstance(v, str)]
    if all(len(f"{number:.15g}") <= _SHORT for number in numbers):
        return "General"
    largest = max(abs(number) for number in numbers)
    return "#,##0.00" if largest >= _LARGE else "0.000000" if largest >= _TINY else "0.00E+00"


def is_text(cell: Cell) -> bool:
    """Whether a cell in a style of numbers holds a text."""
    value = cell.content.value if isinstance(cell.content, Formula) else cell.content
    return isinstance(value, str) and value != "" and cell.style.removeprefix("stored ") in NUMBERS


def _contents(sheet: Sheet) -> dict[int, list[tuple[str, str]]]:
    """Return (style, text) of what widens each column; of a long column its lowest and highest value."""
    found: dict[int, list[tuple[str, str]]] = {}
    for (_, column), cell in sheet.cells.items():
        style = "number" if is_text(cell) else cell.style.removeprefix("stored ")
        if style not in _NO_ROOM and cell.content is not None:
            value = cell.content.value if isinstance(cell.content, Formula) else cell.content
            found.setdefault(column, []).append((style, shown(style, value)))
    for _, column, formula, _, name in sheet.columns:
        style = name.removeprefix("stored ")
        found.setdefault(column, []).extend((style, shown(style, value)) for value in _extremes(formula.value))
    return found


def _extremes(values: Any) -> Iterable[Any]:
    array = np.atleast_1d(np.asarray(values))
    if array.dtype == object or array.dtype.kind in "US":
        return set(array.tolist())
    return (array.min(), array.max()) if array.size else ()


def _headers(sheet: Sheet) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for (_, column), cell in sheet.cells.items():
        if cell.style == "header":
            found.setdefault(column, []).append(_text(cell.content))
    return found


def _text(content: Any) -> str:
    value = content.value if isinstance(content, Formula) else content
    return "" if value is None else str(value)


def _width(contents: list[tuple[str, str]], headers: list[str]) -> float:
    """Return a width for the longest content, within the limit of its style, and for headers of a few lines."""
    if not contents and not headers:
        return _EMPTY
    needed = _NARROWEST
    for style, text in contents:
        room = (writing_formats.text_width(text, style if style == "note" else "label") + _PADDING) / 7.0
        needed = max(needed, min(room, _WIDEST.get(style, room)))
    for text in headers:
        words = max((writing_formats.text_width(word) for word in text.split()), default=0.0)
        needed = max(needed, (_BOLD * words + _PADDING) / 7.0)
        while writing_formats.line_count(text, needed / _BOLD) > _MOST_HEADER_LINES:
            needed += 1.0
    return round(needed, 2)


def _heights(sheet: Sheet, widths: Mapping[int, float]) -> dict[int, float]:
    """Return the heights of rows with headers, and of rows whose texts wrap."""
    lines: dict[int, int] = {}
    for (row, column), cell in sheet.cells.items():
        style, text = cell.style.removeprefix("stored "), _text(cell.content)
        if style == "header":
            count = writing_formats.line_count(text, widths[column] / _BOLD)
        elif style in _WRAPPED or is_text(cell):
            count = writing_formats.line_count(text, widths[column], style)
        else:
            continue
        lines[row] = max(lines.get(row, 1), count)
    for row, first, last, content in group_runs(sheet):
        if content is not None:
            room = sum(widths[column] for column in range(first, last + 1)) / _BOLD
            lines[row] = max(lines.get(row, 1), writing_formats.line_count(_text(content), room))
    return {row: writing_formats.height_of(count) for row, count in lines.items() if count > 1}


def _height(text: str, width: float) -> float:
    return writing_formats.height_of(writing_formats.line_count(text, width)) + 2.0


def group_runs(sheet: Sheet) -> list[tuple[int, int, int, Any]]:
    """Return runs of neighbouring columns of one group: row, first and last column, and the group.

    A run without a group has the empty text, or None where no column of the row has a group.
    """
    rows: dict[int, dict[int, Any]] = {}
    for (row, column), cell in sorted(sheet.cells.items()):
        if cell.style == "group":
            rows.setdefault(row, {})[column] = cell.content
    runs: list[tuple[int, int, int, Any]] = []
    for row, contents in rows.items():
        some = any(content is not None for content in contents.values())
        for column, content in contents.items():
            shown_content = content if content is not None else ("" if some else None)
            if runs and _continues(runs[-1], row, column, shown_content):
                runs[-1] = (row, runs[-1][1], column, runs[-1][3])
            else:
                runs.append((row, column, column, shown_content))
    return runs


def _continues(run: tuple[int, int, int, Any], row: int, column: int, content: Any) -> bool:
    """Whether a cell belongs to the run of columns before it."""
    same = _text(run[3]) == _text(content) and (run[3] is None) == (content is None)
    return run[0] == row and run[2] == column - 1 and same
