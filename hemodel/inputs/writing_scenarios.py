"""Writing the sheet of scenarios of a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hemodel.inputs import writing_formats as look
from hemodel.inputs.cover import print_setup
from hemodel.inputs.dictionary import SCENARIOS, scenario_columns
from hemodel.inputs.scenario_entries import GROUPS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.inputs.cells import Scalar

PURPOSE = (
    "Changes to the base case, one row each; rows with the same name are one scenario. hemodel scenarios runs them."
)
CHOICES = {"group": list(GROUPS), "grid": ["yes", "no"]}
_HEADER = 3
_FIRST = _HEADER + 1
_SPARE_ROWS = 200
"""Rows below those that are filled in for which there are drop-downs."""
_BLANK_ROWS = 10
"""Rows below those that are filled in that look like rows."""
_INPUTS = ("from", "to", "multiply")
"""Columns in the colour of values to be entered."""


def write_scenarios(book: Workbook, formats: look.Formats, rows: Sequence[Sequence[Scalar]]) -> None:
    """Add the sheet of scenarios, with drop-downs and hints for further rows below.

    Parameters
    ----------
    book : xlsxwriter.Workbook
    formats : Formats
        The formats of that workbook.
    rows : sequence of sequences
        What stands in each row, in the order of the columns; none for an empty sheet.
    """
    page = book.add_worksheet(SCENARIOS)
    _write_head(page, formats)
    columns = list(scenario_columns().values())
    styles = [_style(formats, column.name) for column in columns]
    for number, row in enumerate(rows, start=_FIRST):
        lines = [1]
        for index, (value, style, column) in enumerate(zip(row, styles, columns, strict=True)):
            look.write_value(page, (number, index), value, style)
            lines.append(look.line_count("" if value is None else str(value), column.width, "note"))
        page.set_row(number, look.height_of(max(lines)))
    last = _FIRST + len(rows) + _SPARE_ROWS - 1
    for number in range(_FIRST + len(rows), _FIRST + len(rows) + _BLANK_ROWS):
        for index, style in enumerate(styles):
            page.write_blank(number, index, None, style)
    for index, column in enumerate(columns):
        page.data_validation(_FIRST, index, last, index, _rule(column.name, column.definition))
    page.autofilter(_HEADER, 0, _FIRST + max(len(rows), 1) - 1, len(columns) - 1)


def _write_head(page: Worksheet, formats: look.Formats) -> None:
    page.set_tab_color("#F2C94C")
    page.set_row(0, 24)
    page.write_string(0, 0, SCENARIOS, formats.get(font_size=16, bold=True, font_color=look.INK))
    page.write_string(1, 0, PURPOSE, formats.get(italic=True, font_color=look.GREY))
    back = formats.get(font_color="#0563C1", underline=1, font_size=9)
    page.write_url(0, 2, "internal:'Cover'!A1", back, "Cover")
    page.set_row(_HEADER, 32)
    for index, column in enumerate(scenario_columns().values()):
        page.set_column(index, index, column.width)
        page.write_string(_HEADER, index, column.name, look.header_format(formats, column.name, column.width))
        page.data_validation(_HEADER, index, _HEADER, index, _rule("", column.definition, column.name))
    page.freeze_panes(_FIRST, 1)
    page.repeat_rows(_HEADER)
    page.set_zoom(90)
    print_setup(page)


def _style(formats: look.Formats, column: str) -> Any:
    properties: dict[str, Any] = {"border": 1, "border_color": look.LINE, "text_wrap": True, "font_size": 9}
    if column == "id":
        properties |= {"font_name": "Courier New", "font_size": 8, "font_color": look.GREY}
    else:
        properties |= {"align": "left", "indent": 1}
    if column in _INPUTS:
        properties["bg_color"] = look.INPUT
    return formats.get(**properties)


def _rule(column: str, definition: str, title: str = "") -> dict[str, Any]:
    """Return the hint of a cell, and its drop-down where there is one."""
    rule: dict[str, Any] = {"validate": "any"}
    if column in CHOICES:
        choices = CHOICES[column]
        rule = {"validate": "list", "source": choices}
        rule |= {"error_title": "This cannot be used", "error_message": f"Choose one of: {', '.join(choices)}."}
    return rule | {"input_title": title or column, "input_message": definition}
