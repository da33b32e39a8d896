"""How the sheets of a live model look on the screen and on paper.

Room for the cells of a live model: widths of columns, heights of rows, and where groups of columns begin and end.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.inputs import cell_formats as writing_formats
from hemodel.inputs.cover import print_setup
from hemodel.live_model.formula import Formula, rendered
from hemodel.live_model.sheet import CHANGED, EDITED, EQUAL, FAILS, PASSES, letter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from hemodel.live_model.sheet import Sheet, SheetCell


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
class SheetLayout:
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


def layout(sheet: Sheet) -> SheetLayout:
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
    return SheetLayout(widths, heights, last_row, last_column, purpose_column)


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


def is_text(cell: SheetCell) -> bool:
    """Whether a cell in a style of numbers holds a text."""
    return isinstance(cell.value, str) and cell.value != "" and cell.style.removeprefix("stored ") in NUMBERS


def _contents(sheet: Sheet) -> dict[int, list[tuple[str, str]]]:
    """Return (style, text) of what widens each column; of a long column its lowest and highest value."""
    found: dict[int, list[tuple[str, str]]] = {}
    for (_, column), cell in sheet.cells.items():
        style = "number" if is_text(cell) else cell.style.removeprefix("stored ")
        if style not in _NO_ROOM and cell.content is not None:
            found.setdefault(column, []).append((style, shown(style, cell.value)))
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


COVER = "Cover"
STORED = "stored "
"""Begins the name of a style of constants that came from the engine."""
AS_TEXT = ", a text"
"""Ends the name of the style of a text that stands where numbers do."""
STORED_FILL, GOOD, BAD, NEUTRAL = "#EDEDED", "#DDEFD5", writing_formats.MISSING, writing_formats.INFORMATION
LINK = "#0563C1"
CALCULATION_TAB, STORED_TAB, FRONT_TAB = "#5B9BD5", "#A6A6A6", writing_formats.INK
ZOOM = 90
MOST_ON_ONE = 1.25
"""A sheet that is so much wider than a page is still printed on one, rather than a little of it on a second."""
MOST_PIXELS = (1750.0, 1100.0)
"""What goes on one page of landscape A4 across and down, at 60% of its size."""

_VERDICT_COLUMNS = 2
"""Columns to the right over which a verdict runs."""
_CELL: Mapping[str, Any] = {"border": 1, "border_color": writing_formats.LINE, "valign": "top"}
_HEADER: Mapping[str, Any] = {
    "bold": True,
    "font_color": "#FFFFFF",
    "bg_color": writing_formats.INK,
    "text_wrap": True,
    "border": 1,
    "border_color": writing_formats.BAND,
}
_OTHERS: Mapping[str, Mapping[str, Any]] = {
    "text": {**_CELL, "align": "left", "indent": 1, "text_wrap": True},
    "note": {**_CELL, "align": "left", "indent": 1, "text_wrap": True, "font_size": 9, "font_color": "#595959"},
    "check": {**_CELL, "bold": True, "align": "center"},
    "compared": {**_CELL, "align": "center", "num_format": "0.00E+00"},
    "label": {"bold": True},
    "total": {**_CELL, "bold": True, "align": "right", "num_format": NUMBERS["total"], "bg_color": "#E3EAF3"},
    "verdict": {"bold": True},
    "title": {"font_size": 14, "bold": True, "font_color": writing_formats.INK},
    "purpose": {"italic": True, "font_color": "#595959", "text_wrap": True, "valign": "top"},
    "link": {"font_size": 9, "font_color": LINK, "underline": 1},
    "header": {**_HEADER, "align": "center"},
    "group": {**_HEADER, "align": "center"},
    "selector": {
        "bg_color": writing_formats.INPUT,
        "border": 2,
        "border_color": writing_formats.INK,
        "bold": True,
        "align": "center",
        "num_format": NUMBERS["selector"],
    },
}


@dataclass
class Look:
    """The styles of one workbook, by name, and the setting up of its sheets.

    Formula cells are white. Constants that came from the engine are grey: their style is that of
    a formula with ``stored`` before its name. Cells to edit are yellow, as on the input sheets.
    """

    formats: writing_formats.Formats
    made: dict[object, Format] = field(default_factory=dict)

    def style(self, name: str) -> Format:
        """Return a format by the name of its style.

        Raises
        ------
        KeyError
            For a name that is no style.
        """
        if name not in self.made:
            self.made[name] = self.formats.get(**properties(name))
        return self.made[name]

    def cell_style(self, cell: SheetCell) -> Format:
        """Return the format of a cell; a text in a style of numbers wraps and begins at the left."""
        if is_text(cell):
            return self.style(cell.style + AS_TEXT)
        return self.column_style(cell.style, cell.value)

    def column_style(self, name: str, values: Any) -> Format:
        """Return the format of a column of numbers, with digits that suit them where the style leaves that open."""
        plain = name.removeprefix(STORED)
        if NUMBERS.get(plain) != "General" or values is None:
            return self.style(name)
        number_format = general_format(values)
        if (name, number_format) not in self.made:
            self.made[name, number_format] = self.formats.get(**(properties(name) | {"num_format": number_format}))
        return self.made[name, number_format]

    def set_up(self, page: Worksheet, sheet: Sheet) -> None:
        """Give a written sheet its title, purpose, link to the cover, widths, heights, colours and print settings."""
        placed = layout(sheet)
        for column, width in placed.widths.items():
            page.set_column(column, column, width)
        for row, height in placed.heights.items():
            page.set_row(row, height)
        self._head(page, sheet, placed)
        self._groups(page, sheet)
        self._judge(page, sheet, placed)
        page.hide_gridlines(2)
        page.set_zoom(ZOOM)
        page.set_tab_color(tab_colour(sheet))
        if sheet.frozen is not None:
            page.freeze_panes(*sheet.frozen)
        set_print(page, sheet, placed)

    def _head(self, page: Worksheet, sheet: Sheet, placed: SheetLayout) -> None:
        page.set_row(0, 24)
        page.write_string(0, 0, sheet.title, self.style("title"))
        style = self.style("purpose")
        if placed.purpose_column > 0:
            page.merge_range(1, 0, 1, placed.purpose_column, "", style)
        page.write_string(1, 0, sheet.purpose, style)
        page.write_url(2, 0, f"internal:'{COVER}'!A1", self.style("link"), "Back to the cover")

    def _groups(self, page: Worksheet, sheet: Sheet) -> None:
        """Join neighbouring columns under the name of their group; where no column has one, show no band."""
        for row, first, last, content in group_runs(sheet):
            if content is None:
                for column in range(first, last + 1):
                    page.write_blank(row, column, None, self.formats.get())
                continue
            style = self.style("group")
            if last > first:
                page.merge_range(row, first, row, last, "", style)
            if isinstance(content, Formula):
                text = rendered(content, range(row + 1, row + 2), sheet.name)[0]
                page.write_formula(row, first, text, style, content.value)
            else:
                page.write_string(row, first, str(content), style)

    def _judge(self, page: Worksheet, sheet: Sheet, placed: SheetLayout) -> None:
        """Colour checks by what they say; the colours follow what is recalculated."""
        colours = {
            "check": {PASSES: GOOD, FAILS: BAD, CHANGED: NEUTRAL},
            "compared": {EQUAL: GOOD, EDITED: NEUTRAL},
        }
        for (row, column), cell in sheet.cells.items():
            for word, colour in colours.get(cell.style, {}).items():
                rule = {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": self.fill(colour)}
                page.conditional_format(row, column, row, column, rule)
            if cell.style == "compared":
                rule = {"type": "formula", "criteria": f"=ISNUMBER(${letter(column)}${row + 1})"}
                page.conditional_format(row, column, row, column, {**rule, "format": self.fill(BAD)})
            if cell.style == "verdict":
                criteria = f'=LEFT(${letter(column)}${row + 1},4)="Look"'
                last = min(column + _VERDICT_COLUMNS, placed.last_column)
                rule = {"type": "formula", "criteria": criteria, "format": self.fill(BAD)}
                page.conditional_format(row, column, row, last, rule)

    def fill(self, colour: str) -> Format:
        """Return the format of a condition that holds: a colour behind what is there."""
        name = f"fill {colour}"
        if name not in self.made:
            self.made[name] = self.formats.book.add_format({"bg_color": colour})
        return self.made[name]


def properties(name: str) -> dict[str, Any]:
    """Return the properties of a style.

    Raises
    ------
    KeyError
        For a name that is no style.
    """
    plain = name.removeprefix(STORED).removesuffix(AS_TEXT)
    if plain in _OTHERS:
        found = dict(_OTHERS[plain])
    elif plain in NUMBERS:
        found = {**_CELL, "align": "right", "indent": 1, "num_format": NUMBERS[plain]}
    else:
        message = f"there is no style {name}"
        raise KeyError(message)
    found |= {"align": "left", "text_wrap": True} if name.endswith(AS_TEXT) else {}
    return found | ({"bg_color": STORED_FILL} if name.startswith(STORED) else {})


def tab_colour(sheet: Sheet) -> str:
    """Return the colour of a sheet's tab: blue where it calculates, grey where all of it is stored."""
    formulas = [formula for _, _, formula, _, _ in sheet.columns if formula.text]
    formulas += [cell.content for cell in sheet.cells.values() if isinstance(cell.content, Formula)]
    return CALCULATION_TAB if formulas else STORED_TAB


def set_print(page: Worksheet, sheet: Sheet, placed: SheetLayout) -> None:
    """Print on landscape A4 what is used, no smaller than 60% of its size.

    A sheet that is little longer than a page goes on one. A sheet that is too wide goes on two or
    more pages side by side, printed from left to right, each with the headers above and the frozen
    columns at its left.
    """
    print_setup(page)
    page.set_footer("&L&F: &A&R&P / &N")
    page.print_area(0, 0, placed.last_row, placed.last_column)
    across = sum(pixels(width) for width in placed.widths.values())
    wide = 1 if across <= MOST_ON_ONE * MOST_PIXELS[0] else math.ceil(across / MOST_PIXELS[0])
    long = placed.pixels_down / MOST_PIXELS[1]
    page.fit_to_pages(max(wide, 1), 1 if wide <= 1 and long <= 1 else 0)
    if sheet.frozen is not None and _has_headers(sheet, sheet.frozen[0] - 1):
        page.repeat_rows(sheet.frozen[0] - 2, sheet.frozen[0] - 1)
    if wide > 1:
        page.print_across()
        if sheet.frozen is not None and sheet.frozen[1] > 0:
            page.repeat_columns(0, sheet.frozen[1] - 1)


def _has_headers(sheet: Sheet, row: int) -> bool:
    return any(at == row and cell.style == "header" for (at, _), cell in sheet.cells.items())
