"""What stands beside the rows of an input workbook: comments, sheets of data, and the choices of long drop-downs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.inputs import writing_formats as look
from hemodel.inputs.dictionary import LISTS

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.inputs.cells import DataTable
    from hemodel.inputs.dictionary import Kind
    from hemodel.inputs.writing_checks import Choices

_WIDTH = 44.0
_PIXELS_PER_UNIT = 7.0
_LINE = 15.0
_FRAME = 14.0


def note(kind: Kind) -> str:
    """Return what the dictionary says about a kind of input, one line for each thing."""
    lines = (
        ("", kind.definition.rstrip(".")),
        ("Unit: ", kind.unit),
        ("Allowed: ", kind.allowed),
        ("Distributions: ", ", ".join(kind.distributions)),
        ("Guideline: ", kind.guideline.rstrip(".")),
    )
    return "\n".join(f"{head}{text}." for head, text in lines if text)


def write_note(page: Worksheet, at: tuple[int, int], kind: Kind) -> None:
    """Put the comment on a cell; it shows when the pointer rests there and is not printed."""
    text = note(kind)
    options = {
        "author": "",
        "width": _WIDTH * _PIXELS_PER_UNIT,
        "height": _LINE * look.line_count(text, _WIDTH) + _FRAME,
        "font_name": look.FONT["font_name"],
        "font_size": 9,
        "color": "#FFFFFF",
    }
    page.write_comment(*at, text, options)


def write_lists(book: Workbook, formats: look.Formats, choices: Choices) -> None:
    """Write the lists that are too long for a cell; without any there is no sheet."""
    if not choices.long:
        return
    page = book.add_worksheet(LISTS)
    page.set_tab_color(look.GREY)
    heads = {choices.names.strategy: "strategies", choices.names.endpoint: "endpoints"}
    for index, names in enumerate(choices.long):
        page.set_column(index, index, look.column_width("id", names))
        page.write_string(0, index, heads.get(names, "kinds of administration"), formats.get(bold=True))
        for number, name in enumerate(names, start=1):
            page.write_string(number, index, name, formats.get())


def write_table(book: Workbook, formats: look.Formats, table: DataTable) -> None:
    """Write a sheet of data as it stands: numbers as numbers, any text as text."""
    page = book.add_worksheet(table.sheet)
    page.set_tab_color(look.GREY)
    for number, row in enumerate(table.rows):
        for index, value in enumerate(row):
            look.write_value(page, (number, index), value, formats.get(bold=number == 0))
