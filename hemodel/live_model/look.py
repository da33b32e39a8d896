"""How the sheets of a live model look on the screen and on paper."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hemodel.inputs import writing_formats
from hemodel.inputs.cover import print_setup
from hemodel.live_model.formula import Formula
from hemodel.live_model.layout import NUMBERS, Layout, general_format, group_runs, is_text, layout, pixels
from hemodel.live_model.rendering import rendered
from hemodel.live_model.sheet import letter
from hemodel.live_model.status import FAILS, PASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from hemodel.live_model.sheet import Cell, Sheet

COVER = "Cover"
STORED = "stored "
"""Begins the name of a style of constants that came from the engine."""
AS_TEXT = ", a text"
"""Ends the name of the style of a text that stands where numbers do."""
STORED_FILL, GOOD, BAD = "#EDEDED", "#DDEFD5", writing_formats.MISSING
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

    def cell_style(self, cell: Cell) -> Format:
        """Return the format of a cell; a text in a style of numbers wraps and begins at the left."""
        if is_text(cell):
            return self.style(cell.style + AS_TEXT)
        return self.column_style(cell.style, cell.content.value if isinstance(cell.content, Formula) else cell.content)

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

    def _head(self, page: Worksheet, sheet: Sheet, placed: Layout) -> None:
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

    def _judge(self, page: Worksheet, sheet: Sheet, placed: Layout) -> None:
        """Colour checks by what they say; the colours follow what is recalculated."""
        colours = {PASSES: GOOD, FAILS: BAD}
        for (row, column), cell in sheet.cells.items():
            if cell.style == "check":
                for word, colour in colours.items():
                    page.conditional_format(
                        *(row, column, row, column),
                        {"type": "cell", "criteria": "==", "value": f'"{word}"', "format": self.fill(colour)},
                    )
            elif cell.style == "verdict":
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
    formulas = bool(sheet.columns) or any(isinstance(cell.content, Formula) for cell in sheet.cells.values())
    return CALCULATION_TAB if formulas else STORED_TAB


def set_print(page: Worksheet, sheet: Sheet, placed: Layout) -> None:
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
