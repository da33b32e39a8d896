"""The first and the last sheet of an input workbook: the cover and the sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.inputs import cell_formats as look
from hemodel.inputs.cell_formats import choices_in
from hemodel.inputs.dictionary import LISTS, SCENARIOS, sheets, sheets_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.inputs.cells import Scalar


_WIDTHS = (3, 26, 84, 9)
_TEXT_WIDTH = 84.0
_MERGED_WIDTH = 26 + 84 + 9.0


@dataclass(frozen=True)
class Cover:
    """What the cover of a workbook says about the analysis in it."""

    title: str
    subtitle: str = ""
    paragraphs: tuple[str, ...] = ()


_STEPS = (
    (
        "Change the yellow cells. A drop-down or a tip shows what a cell accepts, and the comment on a row's label "
        "says what belongs there and which guideline speaks of it. Press Ctrl+Z to take a change back."
    ),
    "Where you change a value, change its source too. A judgement begins with the word assumption: and says why.",
    "Save the file as .xlsx and close it. In the folder that holds it, run: hemodel run {file}",
    (
        "To add a drug, an adverse event or another item, copy rows of the same kind, insert them and change the name "
        "in their ids. The first two columns name and describe each row; charts and messages use the same names."
    ),
    "To test a few changes without touching this file, write them down as a scenario; each names the ids it changes.",
    "Every source is listed once, with its citation, on the last sheet.",
)

_LEGEND = (
    (look.INPUT, "Input", "Edit these cells. Every value needs a unit and a source."),
    (look.INFORMATION, "For the record", "Reported and kept, or compared with the results; the model does not use it."),
    (look.UNUSED, "Does not apply", "This column says nothing about this kind of row; leave it empty."),
    (look.ASSUMPTION, "Assumption", "The source, or the basis of the range, is a judgement rather than a publication."),
    (look.MISSING, "No source", "A value without a source; the model does not run until it has one."),
)

_CONVENTIONS = (
    "Survival is in months of 30.4375 days, regimens and adverse events in days, the time horizon in years of 365.25 "
    "days. Proportions and utilities are plain numbers (0.25, not 25). Costs are in the currency and price year of the "
    "sheet Settings. Low and high are the ends of a 95% interval where one was reported, otherwise of the range that "
    "the row describes. A blank cell means that nothing is known or needed, never zero."
)

SCENARIO_SHEET = "What if: changes to the base case, each with its question, reason and source"
_ANALYSIS = (
    ("settings.title", "Title"),
    ("settings.population", "Population"),
    ("settings.perspective", "Perspective"),
    ("settings.clock_start", "Start of the clock"),
)


def write_cover(
    book: Workbook,
    formats: look.Formats,
    cover: Cover,
    rows: Sequence[dict[str, Scalar]],
    file: str,
    tables: Sequence[str] = (),
) -> None:
    """Write the cover: what the workbook is, how to use it, its colours and its contents."""
    sheet = book.add_worksheet("Cover")
    for index, width in enumerate(_WIDTHS):
        sheet.set_column(index, index, width)
    sheet.hide_gridlines(2)
    sheet.set_tab_color(look.INK)
    print_setup(sheet)
    sheet.set_portrait()
    sheet.fit_to_pages(1, 1)
    sheet.set_row(0, 34)
    sheet.write_string(0, 1, cover.title, formats.get(font_size=22, bold=True, font_color=look.INK))
    _merged(sheet, formats, 1, cover.subtitle, 12)
    row = _analysis(sheet, formats, 3, rows)
    row = _steps(sheet, formats, row + 1, file)
    row = _legend(sheet, formats, row + 1)
    row = _contents(sheet, formats, row + 1, rows, tables)
    row = _heading(sheet, formats, row + 1, "Units and conventions")
    _merged(sheet, formats, row, _CONVENTIONS)
    if cover.paragraphs:
        row = _heading(sheet, formats, row + 2, "About this analysis")
    for number, paragraph in enumerate(cover.paragraphs):
        _merged(sheet, formats, row + number, paragraph)


def _heading(sheet: Worksheet, formats: look.Formats, row: int, text: str, last: str = "") -> int:
    style = {"bold": True, "font_color": "#FFFFFF", "bg_color": look.INK, "indent": 1}
    sheet.set_row(row, 20)
    sheet.write_string(row, 1, text, formats.get(**style))
    sheet.write_blank(row, 2, None, formats.get(**style))
    sheet.write_string(row, 3, last, formats.get(**{**style, "align": "right", "indent": 0}))
    return row + 1


def _merged(sheet: Worksheet, formats: look.Formats, row: int, text: str, size: int = 10) -> None:
    color = look.GREY if size > 10 else "#262626"
    style = formats.get(font_size=size, text_wrap=True, font_color=color, indent=0 if size > 10 else 1)
    sheet.merge_range(row, 1, row, 3, "", style)
    sheet.write_string(row, 1, text, style)
    sheet.set_row(row, _height(text, _MERGED_WIDTH * 10 / size))


def _height(text: str, width: float) -> float:
    return look.height_of(look.line_count(text, width)) + 1


def _analysis(sheet: Worksheet, formats: look.Formats, row: int, rows: Sequence[dict[str, Scalar]]) -> int:
    """Show the decision problem by formula, so that it follows the sheet Settings."""
    row = _heading(sheet, formats, row, "The analysis")
    values = {str(item["id"]): item.get("value") for item in rows}
    line = {"bottom": 1, "bottom_color": look.LINE}
    for id_, label in _ANALYSIS:
        if id_ not in values:
            continue
        text = str(values[id_] or "")
        formula = f'=INDEX(Settings!$C:$C,MATCH("{id_}",Settings!$A:$A,0))&""'
        sheet.write_string(row, 1, label, formats.get(bold=True, indent=1, **line))
        sheet.write_formula(row, 2, formula, formats.get(text_wrap=True, indent=1, **line), text)
        sheet.write_blank(row, 3, None, formats.get(**line))
        sheet.set_row(row, _height(text or "\n", _TEXT_WIDTH))
        row += 1
    return row


def _steps(sheet: Worksheet, formats: look.Formats, row: int, file: str) -> int:
    row = _heading(sheet, formats, row, "How to use this workbook")
    for number, step in enumerate(_STEPS, start=1):
        _merged(sheet, formats, row, f"{number}.  {step.format(file=file)}")
        row += 1
    return row


def _legend(sheet: Worksheet, formats: look.Formats, row: int) -> int:
    row = _heading(sheet, formats, row, "Colours")
    for color, name, meaning in _LEGEND:
        sheet.write_string(row, 1, name, formats.get(bg_color=color, border=1, border_color=look.LINE, indent=1))
        sheet.write_string(row, 2, meaning, formats.get(indent=1))
        sheet.set_row(row, look.height_of(1))
        row += 1
    return row


def _contents(
    sheet: Worksheet, formats: look.Formats, row: int, rows: Sequence[dict[str, Scalar]], tables: Sequence[str]
) -> int:
    """List the sheets, each with a link, its purpose and its number of rows (by formula)."""
    row = _heading(sheet, formats, row, "Contents", "Rows")
    line = {"bottom": 1, "bottom_color": look.LINE}
    link = formats.get(font_color="#0563C1", underline=1, indent=1, **line)
    for name in sheets_for(rows):
        entry = sheets()[name]
        count = sum(item["sheet"] == name for item in rows)
        quoted = f"'{name}'" if " " in name else name
        sheet.write_url(row, 1, f"internal:'{name}'!A1", link, name)
        sheet.write_string(row, 2, entry.purpose, formats.get(text_wrap=True, indent=1, **line))
        sheet.write_formula(row, 3, f"=COUNTA({quoted}!$A$5:$A$5000)", formats.get(**line), count)
        sheet.set_row(row, _height(entry.purpose, _TEXT_WIDTH))
        row += 1
    others = dict.fromkeys(tables, "Data of patients, of a digitised curve or of a risk table")
    if SCENARIOS in others:
        others[SCENARIOS] = SCENARIO_SHEET
    if choices_in(rows).long:
        others[LISTS] = "The choices of drop-downs that are too long for a cell; written with the workbook, not read"
    others["Sources"] = "The publications and files behind the values"
    for name, purpose in others.items():
        sheet.write_url(row, 1, f"internal:'{name}'!A1", link, name)
        sheet.write_string(row, 2, purpose, formats.get(indent=1, **line))
        sheet.write_blank(row, 3, None, formats.get(**line))
        sheet.set_row(row, _height(name, _TEXT_WIDTH))
        row += 1
    return row


def print_setup(sheet: Worksheet) -> None:
    """Print on landscape A4, one page wide, with the sheet's name and the page below."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.set_footer("&L&A&R&P / &N")


_SOURCE_WIDTHS = (30.0, 80.0, 62.0, 44.0)


def write_sources(book: Workbook, formats: look.Formats, sources: Sequence[Sequence[str]]) -> None:
    """Write the sheet of sources; links stay plain text, so that nothing in them is run."""
    sheet = book.add_worksheet("Sources")
    sheet.set_tab_color(look.GREY)
    print_setup(sheet)
    sheet.write_string(0, 0, "Sources", formats.get(font_size=14, bold=True, font_color=look.INK))
    purpose = "The publications and files behind the values; the column source of each row names one."
    sheet.write_string(1, 0, purpose, formats.get(italic=True, font_color=look.GREY))
    for index, width in enumerate(_SOURCE_WIDTHS):
        sheet.set_column(index, index, width)
    header = formats.get(indent=1, bold=True, font_color="#FFFFFF", bg_color=look.INK, border=1, border_color=look.BAND)
    cell = formats.get(indent=1, font_size=9, text_wrap=True, border=1, border_color=look.LINE)
    strong = formats.get(indent=1, bold=True, text_wrap=True, border=1, border_color=look.LINE)
    for number, source in enumerate(sources):
        for index, text in enumerate(source):
            style = header if number == 0 else strong if index == 0 else cell
            sheet.write_string(3 + number, index, text, style)
        pairs = list(zip(source, _SOURCE_WIDTHS, strict=False))
        lines = max((look.line_count(text, width, "note") for text, width in pairs), default=1)
        sheet.set_row(3 + number, 22 if number == 0 else look.height_of(lines))
    sheet.freeze_panes(4, 1)
    sheet.repeat_rows(3)
    if len(sources) > 1:
        sheet.autofilter(3, 0, 2 + len(sources), len(sources[0]) - 1)
