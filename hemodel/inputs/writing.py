"""Writing an input workbook that a person can read and edit.

What stands beside the rows of an input workbook: comments, sheets of data, and the choices of long drop-downs.

Writing the sheet of scenarios of a workbook.
"""

from __future__ import annotations

import io
import math
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hemodel import interrupts
from hemodel.errors import OutputError, UsageError
from hemodel.inputs import cell_formats as look
from hemodel.inputs.cell_formats import Choices, choices_in, validation
from hemodel.inputs.cover import Cover, print_setup, write_cover, write_sources
from hemodel.inputs.dictionary import LISTS, SCENARIOS, Kind, columns, match, scenario_columns, sheets, sheets_for
from hemodel.inputs.scenario_files import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.inputs.cells import DataTable, Scalar


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


PURPOSE = (
    "Changes to the base case, one row each; rows with the same name are one scenario. hemodel scenarios runs them."
)
CHOICES = {"group": list(GROUPS), "grid": ["yes", "no"]}
"""Rows below those that are filled in for which there are drop-downs."""
_BLANK_ROWS = 10
"""Rows below those that are filled in that look like rows."""
_INPUTS = ("from", "to", "multiply")
"""Columns in the colour of values to be entered."""


def write_scenarios(book: Workbook, formats: look.Formats, rows: Sequence[Sequence[Scalar]]) -> None:
    """Add the sheet of scenarios, with drop-downs and hints for further rows below.

    Parameters
    ----------
    formats : Formats
        The formats of that workbook.
    rows : sequence of sequences
        What stands in each row, in the order of the columns; none for an empty sheet.
    """
    page = book.add_worksheet(SCENARIOS)
    _write_scenario_head(page, formats)
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


def _write_scenario_head(page: Worksheet, formats: look.Formats) -> None:
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


__all__ = ["Cover", "write_input_sheets", "write_workbook"]

_HEADER = 3
_FIRST = _HEADER + 1
_FROZEN_COLUMNS = 2
_SPARE_ROWS = 200
_LONGEST_TEXT = 32_767


def write_workbook(
    path: Path,
    rows: Sequence[dict[str, Scalar]],
    sources: Sequence[Sequence[str]],
    cover: Cover,
    tables: Iterable[DataTable] = (),
    scenarios: Sequence[Sequence[Scalar]] | None = None,
) -> None:
    """Write an input workbook, whole or not at all.

    The same arguments always give the same bytes. Numbers keep 16 significant digits.

    Parameters
    ----------
    path : Path
        The file to write; one that exists is replaced.
    rows : sequence of dict
        The rows as in a listing: `sheet` and the columns by machine name.
    sources : sequence of sequences of str
        The list of sources (source, citation, link, status); the first row
        holds the headers.
    cover : Cover
        What the cover says about the analysis.
    tables : iterable of DataTable, optional
        Sheets of data, written as they stand.
    scenarios : sequence of sequences, optional
        The rows of the sheet of scenarios (none: an empty one); without them there is no such sheet.

    Raises
    ------
    UsageError
        Where a row would not come back when the workbook is read again.
    OutputError
        Where the file cannot be written.
    """
    _refuse_what_would_be_lost(rows, sources)
    replace_file(path, _workbook_bytes(path.name, rows, sources, cover, tuple(tables), scenarios))


def _workbook_bytes(
    name: str,
    rows: Sequence[dict[str, Scalar]],
    sources: Sequence[Sequence[str]],
    cover: Cover,
    tables: Sequence[DataTable],
    scenarios: Sequence[Sequence[Scalar]] | None,
) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_format_properties": dict(look.FONT)})
    book.set_properties({"title": cover.title, "subject": cover.subtitle, "created": datetime(2000, 1, 1, tzinfo=UTC)})
    book.set_size(28_000, 17_000)
    formats = look.Formats(book)
    others = [*([] if scenarios is None else [SCENARIOS]), *(table.sheet for table in tables)]
    write_cover(book, formats, cover, rows, name, others)
    write_input_sheets(book, formats, rows)
    if scenarios is not None:
        write_scenarios(book, formats, scenarios)
    for table in tables:
        write_table(book, formats, table)
    write_sources(book, formats, sources)
    book.close()
    return buffer.getvalue()


def write_input_sheets(
    book: Workbook, formats: look.Formats, rows: Sequence[dict[str, Scalar]]
) -> dict[str, tuple[str, int]]:
    """Add every input sheet to an open workbook, without cover, sources and optional sheets without rows.

    A drop-down whose choices are too many for a cell gets them from the sheet
    `LISTS`, which is added last and only then.

    Parameters
    ----------
    book : xlsxwriter.Workbook
        The workbook to add to.
    formats : Formats
        The formats of that workbook.
    rows : sequence of dict
        The rows as in a listing.

    Returns
    -------
    dict
        By id: the sheet, and the row on it from 0. The value stands in column C.
    """
    choices = choices_in(rows)
    places: dict[str, tuple[str, int]] = {}
    for sheet in sheets_for(rows):
        own = [row for row in rows if row["sheet"] == sheet]
        _write_sheet(book.add_worksheet(sheet), formats, sheet, own, choices)
        places |= {str(row["id"]): (sheet, _FIRST + number) for number, row in enumerate(own)}
    write_lists(book, formats, choices)
    return places


def replace_file(path: Path, content: bytes) -> None:
    """Write beside the target, then put the new file in its place."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with interrupts.held():
            beside.write_bytes(content)
            beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        reason = error.strerror or "unknown reason"
        raise OutputError(
            f"{path}: the workbook cannot be written ({reason}). Close it where it is open, or choose another folder."
        ) from error


def _write_sheet(
    page: Worksheet, formats: look.Formats, name: str, rows: list[dict[str, Scalar]], choices: Choices
) -> None:
    hits = [match(str(row["id"])) for row in rows]
    kinds = [hit[0] if hit else None for hit in hits]
    widths = _widths(name, rows, kinds)
    _write_head(page, formats, name, widths)
    for number, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
        band = number > 0 and _starts_band(rows[number - 1], kinds[number - 1], row, kind)
        texts = {column: look.shown_text(row.get(column), kind, column) for column in widths}
        page.set_row(_FIRST + number, look.row_height(texts, widths))
        for index, (column, width) in enumerate(widths.items()):
            value, at = row.get(column), (_FIRST + number, index)
            use = look.role(kind, column, value)
            look.write_value(page, at, value, look.cell_format(formats, column, kind, use, width, band))
            if kind is not None and use in {"input", "information"}:
                page.data_validation(*at, *at, validation(kind, column, choices))
        if kind is not None:
            write_note(page, (_FIRST + number, list(widths).index("label")), kind)
    last = _FIRST + max(len(rows), 1) - 1
    page.autofilter(_HEADER, 0, last, len(widths) - 1)
    _mark_sources(page, formats, list(widths), last + _SPARE_ROWS)


def _widths(name: str, rows: list[dict[str, Scalar]], kinds: list[Kind | None]) -> dict[str, float]:
    pairs = list(zip(rows, kinds, strict=True))
    return {
        column: look.column_width(column, [look.expected_text(row.get(column), kind, column) for row, kind in pairs])
        for column in sheets()[name].columns
    }


def _write_head(page: Worksheet, formats: look.Formats, name: str, widths: dict[str, float]) -> None:
    """Write title, purpose and column headers, and set what holds for the whole sheet."""
    page.set_tab_color("#F2C94C")
    page.set_row(0, 24)
    page.write_string(0, 0, look.sheet_titles()[name], formats.get(font_size=16, bold=True, font_color=look.INK))
    page.write_string(1, 0, sheets()[name].purpose, formats.get(italic=True, font_color=look.GREY))
    back = formats.get(font_color="#0563C1", underline=1, font_size=9)
    page.write_url(0, _FROZEN_COLUMNS, "internal:'Cover'!A1", back, "Cover")
    page.set_row(_HEADER, 32)
    for index, (column, width) in enumerate(widths.items()):
        page.set_column(index, index, width)
        page.write_string(_HEADER, index, columns()[column].header, look.header_format(formats, column, width))
        tip = {
            "validate": "any",
            "input_title": columns()[column].header,
            "input_message": columns()[column].definition,
        }
        page.data_validation(_HEADER, index, _HEADER, index, tip)
    page.freeze_panes(_FIRST, _FROZEN_COLUMNS)
    page.repeat_rows(_HEADER)
    page.set_zoom(90)
    print_setup(page)


def _mark_sources(page: Worksheet, formats: look.Formats, names: list[str], last: int) -> None:
    """Colour assumptions, and values that have no source; the colours follow what is typed."""
    value = f"$C{_FIRST + 1}"
    for column in ("source", "range_basis"):
        index = names.index(column)
        first = f"${_letter(index)}{_FIRST + 1}"
        colors = {f'=LEFT(TRIM({first}),11)="assumption:"': look.ASSUMPTION}
        if column == "source":
            colors[f'=AND({value}<>"",TRIM({first})="")'] = look.MISSING
        for formula, color in colors.items():
            options = {"type": "formula", "criteria": formula, "format": formats.book.add_format({"bg_color": color})}
            page.conditional_format(_FIRST, index, last, index, options)


def _letter(index: int) -> str:
    from xlsxwriter.utility import xl_col_to_name

    return str(xl_col_to_name(index))


def _starts_band(
    before: dict[str, Scalar], kind_before: Kind | None, row: dict[str, Scalar], kind: Kind | None
) -> bool:
    """Whether a row begins another drug, strategy, event or the like.

    Rows that list the same item of one thing after another (the cost of each
    kind of administration, say) stay together.
    """
    entity, item = _entity(str(row["id"]), kind)
    entity_before, item_before = _entity(str(before["id"]), kind_before)
    return entity != entity_before and item != item_before


def _entity(id_: str, kind: Kind | None) -> tuple[list[str], list[str]]:
    """Split an id into what the row is about and which of its items it holds."""
    parts = id_.split(".")
    pattern = kind.pattern.split(".") if kind else []
    count = 1
    while count < len(pattern) and pattern[count].startswith("{"):
        count += 1
    count = max(count, 2 if len(parts) > 2 else 1)
    return parts[:count], parts[count:]


def _refuse_what_would_be_lost(rows: Sequence[dict[str, Scalar]], sources: Sequence[Sequence[str]]) -> None:
    found = [f"row {row.get('id')}: {what}" for row in rows for what in _losses(row)]
    if not sources or not sources[0] or sources[0][0] != "source":
        found.append("the list of sources must begin with its headers, the first of which is source")
    if found:
        raise UsageError("The workbook was not written.\n" + "\n".join(found))


def _losses(row: dict[str, Scalar]) -> list[str]:
    """Return what would be missing if the row were written and read again."""
    sheet = sheets().get(str(row.get("sheet")))
    if sheet is None:
        return [f"there is no sheet {row.get('sheet')}"]
    found = [] if row.get("id") else ["a row needs an id"]
    for column, value in row.items():
        if value is None or column == "sheet":
            continue
        if column not in sheet.columns:
            found.append(f"the sheet {sheet.name} has no column {column}")
        if isinstance(value, float) and not math.isfinite(value):
            found.append(f"{column} is {value}, which a cell cannot hold")
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            found.append(f"{column} is longer than the {_LONGEST_TEXT:,} characters that a cell can hold")
    return found
