"""Tables on a sheet, under one another: title, notes, headings with units, numbers as numbers, print setup.

The manifest of a run as a table: what repeats it.
"""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.formats import Value, display, number_format
from hemodel.inputs import cell_formats as look
from hemodel.inputs.cover import print_setup
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.publish.manifest import Manifest


SUMMARY = "Summary"
"""The first sheet; every other has a link to it."""
_NARROWEST, _USUAL_WIDEST, _WIDEST_TEXTS, _WIDEST_SHARED = 9.0, 46.0, 36.0, 22.0
_WIDEST = {"Id": 34.0, "Value": 30.0, "Question": 60.0, "Citation": 70.0, "In words": 80.0, "Content": 72.0}
_PADDING, _HEADER_PADDING = 34.0, 22.0
_NOTE_WIDTH, _PORTRAIT_WIDTH, _PAGE_WIDTH = 120.0, 110.0, 230.0
"""Widths of columns that notes, an upright and a lying A4 page have room for at a size that can be read."""
_MOST_ACROSS = 3
_LONG = 20
"""Rows from which a table has filters."""
_TOP, _BETWEEN = 3, 2
"""Row of the first table of a sheet, and empty rows between two."""


@dataclass(frozen=True)
class Page:
    """A written table and where it stands: its sheet, the row of its title, and its rows. All count from 0."""

    sheet: Worksheet
    name: str
    table: Table
    top: int
    first: int
    last: int

    def column(self, name: str) -> int:
        """Return the place of a column by its name."""
        return [column.name for column in self.table.columns].index(name)

    def range(self, column: int) -> list[str | int]:
        """Return the cells of a column of the table, as a chart wants them."""
        return [self.name, self.first, column, self.last, column]


def add_page(book: Workbook, formats: look.Formats, name: str, title: str) -> Worksheet:
    """Add a sheet with a title, a link back and the print setup."""
    sheet = book.add_worksheet(name)
    sheet.hide_gridlines(2)
    print_setup(sheet)
    sheet.set_row(0, 24)
    sheet.write_string(0, 0, title, formats.get(font_size=14, bold=True, font_color=look.INK))
    link = formats.get(font_color="#0563C1", underline=1, font_size=9)
    sheet.write_url(1, 0, f"internal:'{SUMMARY}'!A1", link, "Back to the summary")
    return sheet


def write_tables(sheet: Worksheet, formats: look.Formats, tables: Sequence[Table]) -> list[Page]:
    """Write tables under one another on a sheet, in columns as wide as they need together.

    A sheet of one table keeps its headings in view; the longest table of a sheet has filters.
    """
    widths = column_widths(tables)
    for i, width in enumerate(widths):
        sheet.set_column(i, i, width)
    found: list[Page] = []
    row = _TOP
    for table in tables:
        found.append(write_table(sheet, formats, table, row, widths))
        row = found[-1].last + 1 + _BETWEEN
    longest = max(found, key=lambda page: page.last - page.first)
    if len(longest.table.rows) > _LONG:
        sheet.autofilter(longest.first - 1, 0, longest.last, len(longest.table.columns) - 1)
    if len(found) == 1:
        sheet.freeze_panes(longest.first, 1)
        sheet.repeat_rows(longest.first - (2 if _grouped(longest.table) else 1), longest.first - 1)
    if sum(widths) < _PORTRAIT_WIDTH:
        sheet.set_portrait()
    elif sum(widths) > _PAGE_WIDTH and len(found) == 1:
        _print_across(sheet, widths)
    return found


def write_table(
    sheet: Worksheet, formats: look.Formats, table: Table, top: int, widths: Sequence[float], *, notes: bool = True
) -> Page:
    """Write a table from a row on: its title, its notes, its headings and its rows."""
    sheet.set_row(top, 20)
    sheet.write_string(top, 0, table.title, formats.get(font_size=12, bold=True, font_color=look.INK))
    header = _write_notes(sheet, formats, table, top + 1, widths) if notes else top + 1
    if _grouped(table):
        _write_groups(sheet, formats, header, table.columns, widths)
        header += 1
    _write_headers(sheet, formats, header, table.columns, widths)
    first = header + 1
    for number, values in enumerate(table.rows):
        _write_row(sheet, formats, first + number, values, table.columns, widths)
    last = first + max(len(table.rows), 1) - 1
    return Page(sheet, sheet.get_name(), table, top, first, last)


def _grouped(table: Table) -> bool:
    return any(column.group for column in table.columns)


def column_widths(tables: Sequence[Table]) -> tuple[float, ...]:
    """Return the widths of the columns of a sheet: what any of its tables needs there.

    Where several tables share the columns a long text wraps, most of all beside numbers, which it would spread.
    """
    count = max(len(table.columns) for table in tables)
    widths = []
    for i in range(count):
        sharing = [table for table in tables if i < len(table.columns)]
        limit = _WIDEST_SHARED if any(table.columns[i].numeric for table in sharing) else _WIDEST_TEXTS
        widths.append(min(max(_width(table, i) for table in sharing), math.inf if len(tables) == 1 else limit))
    return tuple(widths)


def _print_across(sheet: Worksheet, widths: Sequence[float]) -> None:
    """Print a wide table on several pages side by side, the first two columns on each."""
    own = sum(widths[:2])
    across = min(math.ceil((sum(widths) - own) / (_PAGE_WIDTH - own)), _MOST_ACROSS)
    sheet.fit_to_pages(across, 0)
    sheet.print_across()
    sheet.repeat_columns(0, 1)


def _width(table: Table, index: int) -> float:
    """Return the width of a column: as wide as its longest cell, within limits, and its longest header word."""
    column = table.columns[index]
    texts = [display(row[index], column.kind) for row in table.rows if row[index] is not None]
    longest = max((look.text_width(text) for text in texts), default=0.0)
    words = [word for text in (column.header, f"[{column.unit}]") for word in text.split()]
    headers = max(look.text_width(word) for word in words) * 1.1
    needed = max(longest + _PADDING, headers + _HEADER_PADDING)
    return round(min(max(needed / 7.0, _NARROWEST), _WIDEST.get(column.header, _USUAL_WIDEST)), 2)


def _write_notes(sheet: Worksheet, formats: look.Formats, table: Table, row: int, widths: Sequence[float]) -> int:
    """Write the notes over the width of the table (or of a page), and return the row of the headers."""
    text = " ".join(table.notes)
    if not text:
        return row
    totals = [sum(widths[: i + 1]) for i in range(len(widths))]
    last = next((i for i, total in enumerate(totals) if total >= _NOTE_WIDTH), len(widths) - 1)
    style = formats.get(text_wrap=True, font_size=9, font_color="#595959", valign="top")
    if last > 0:
        sheet.merge_range(row, 0, row, last, "", style)
    sheet.write_string(row, 0, text, style)
    sheet.set_row(row, look.height_of(look.line_count(text, totals[last], "note")) + 4)
    return row + 1


def _header_style(align: str) -> dict[str, object]:
    return {
        "bold": True,
        "font_color": "#FFFFFF",
        "bg_color": look.INK,
        "text_wrap": True,
        "border": 1,
        "border_color": look.BAND,
        "align": align,
        "indent": 0 if align == "center" else 1,
    }


def _write_groups(
    sheet: Worksheet, formats: look.Formats, row: int, columns: Sequence[Column], widths: Sequence[float]
) -> None:
    style = formats.get(**_header_style("center"))
    start = 0
    widest = 1
    for i in range(1, len(columns) + 1):
        if i < len(columns) and columns[i].group == columns[start].group:
            continue
        text = columns[start].group
        if i - start > 1 and text:
            sheet.merge_range(row, start, row, i - 1, "", style)
        for place in range(start, i):
            if place == start and text:
                sheet.write_string(row, place, text, style)
            elif not text:
                sheet.write_blank(row, place, None, style)
        widest = max(widest, look.line_count(text, sum(widths[start:i]) / 1.1))
        start = i
    sheet.set_row(row, look.height_of(widest) + 3)


def _write_headers(
    sheet: Worksheet, formats: look.Formats, row: int, columns: Sequence[Column], widths: Sequence[float]
) -> None:
    lines = 1
    for i, (column, width) in enumerate(zip(columns, widths, strict=False)):
        text = f"{column.header}\n[{column.unit}]" if column.unit else column.header
        sheet.write_string(row, i, text, formats.get(**_header_style("right" if column.numeric else "left")))
        lines = max(lines, look.line_count(text, width / 1.1))
    sheet.set_row(row, look.height_of(lines) + 4)


def _write_row(
    sheet: Worksheet,
    formats: look.Formats,
    row: int,
    values: Sequence[Value],
    columns: Sequence[Column],
    widths: Sequence[float],
) -> None:
    strong = values[0] in {"Total", "Base case"} or "base case" in values
    lines = 1
    for i, (value, column) in enumerate(zip(values, columns, strict=True)):
        style: dict[str, object] = {
            "border": 1,
            "indent": 1,
            "border_color": look.LINE,
            "valign": "top",
            "bold": strong,
        }
        if strong:
            style["bg_color"] = look.INFORMATION
        if value is None:
            sheet.write_blank(row, i, None, formats.get(**style))
        elif isinstance(value, str):
            align = "right" if column.numeric else "left"
            sheet.write_string(row, i, value, formats.get(text_wrap=True, align=align, **style))
            lines = max(lines, look.line_count(value, widths[i] - 1))
        else:
            style["num_format"] = number_format(value, column.kind)
            sheet.write_number(row, i, value, formats.get(align="right", **style))
    sheet.set_row(row, look.height_of(lines))


_OUT = "--out"
_ELSEWHERE = "inputs"
"""Stands on a sheet of its own."""
_SUBJECTS = {
    "hemodel": ("Program", "hemodel"),
    "python": ("Program", "Python"),
    "command": ("Run", "Command"),
    "parts": ("Run", "Parts"),
    "draws": ("Run", "Draws"),
    "seed": ("Run", "Seed"),
}


def manifest_table(manifest: Manifest) -> Table:
    """Return the manifest as a table of subject, item and value.

    The command is given without its output folder, so that the same run to another
    folder gives the same workbook.
    """
    rows: list[tuple[Value, ...]] = []
    for key, value in manifest.said().items():
        if key in _SUBJECTS:
            text = without_folder(str(value)) if key == "command" else value
            rows.append((*_SUBJECTS[key], _cell(text)))
        elif key != _ELSEWHERE:
            rows += [(key.capitalize(), item, _cell(each)) for item, each in _items(value)]
    note = (
        "Versions, hashes (sha256), seed, settings and changes: with the workbook and the scenarios of these hashes the"
    )
    note += " command repeats every number. The same as in manifest.json."
    return Table(
        "manifest",
        "Manifest",
        (note,),
        (Column("Subject"), Column("Item"), Column("Content", "value")),
        tuple(rows),
        banded=True,
    )


def without_folder(command: str) -> str:
    """Return a command without its output folder."""
    parts = shlex.split(command)
    kept = []
    skip = False
    for part in parts:
        if not skip and part != _OUT and not part.startswith(f"{_OUT}="):
            kept.append(part)
        skip = part == _OUT and not skip
    return shlex.join(kept)


def _items(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, list):
        return [(str(each.get("id", i)), _change(each)) for i, each in enumerate(value, start=1)]
    return [("", value)]


def _change(entry: Mapping[str, Any]) -> str:
    return f"{_cell(entry['from'])} -> {_cell(entry['to'])} ({entry['origin']})"


def _cell(value: Any) -> Value:
    if isinstance(value, bool) or value is None or isinstance(value, (str, int, float)):
        return str(value).lower() if isinstance(value, bool) else value
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(each) for each in value)
    return str(value)


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " from year ".join(f"{each:g}" for each in reversed(value))
    return f"{value:g}" if isinstance(value, float) else str(value)
