"""The results workbook: a summary with the answer and four charts, and a sheet for each kind of table."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from hemodel.errors import OutputError
from hemodel.inputs import cell_formats as look
from hemodel.inputs.cover import print_setup
from hemodel.publish.workbook_charts import NATIVE, Drawing
from hemodel.publish.workbook_sheets import SUMMARY, Page, add_page, manifest_table, write_table, write_tables
from hemodel.views.budget import budget_method, budget_results
from hemodel.views.headline import headline, key_numbers
from hemodel.views.prose import decision_problem, not_run
from hemodel.views.registry import BEHIND_CHARTS, TABLES, names_of, tables
from hemodel.views.shared.words import PARTS, Names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.publish.manifest import Manifest
    from hemodel.publish.workbook_charts import Drawn
    from hemodel.views.headline import KeyNumber
    from hemodel.views.shared.table import Table


ON_SUMMARY = 4
"""Charts of the first sheet, two beside each other."""
_WIDTHS = (34.0, *(14.0,) * 7)
_LAST = len(_WIDTHS) - 1
_NUMBERS = ((0, 0), (1, 2), (3, 4), (5, 7))
"""First and last column of each of the four numbers."""
_CHART_WIDTH, _CHART_HEIGHT, _GAP = 478, 360, 8
_ROW = 20
_PAPER_WIDTH, _PAPER_HEIGHT = 1046, 680
"""Of an A4 page on its side within its margins. [pixels]"""
_SPARE = 0.8
"""Share of the paper that is counted on: columns, and charts with them, are wider where a program lacks the font."""


@dataclass(frozen=True)
class Summary:
    """What the first sheet says.

    Attributes
    ----------
    said : sequence of str
        The answer, in sentences.
    facts : sequence of (str, str)
        What was run, as pairs of label and text.
    table : Table or None
        Shown below the numbers.
    """

    title: str
    said: Sequence[str]
    facts: Sequence[tuple[str, str]]
    numbers: Sequence[KeyNumber] = ()
    table: Table | None = None


def write_summary(
    sheet: Worksheet,
    formats: look.Formats,
    summary: Summary,
    drawn: Sequence[Drawn],
    pages: Sequence[Page],
    alone: Sequence[str],
) -> None:
    """Write the answer and its charts, which fit on a printed page, then what was run and a link to every table.

    Parameters
    ----------
    pages : sequence of Page
        The tables of the other sheets.
    alone : sequence of str
        Titles of the tables that are CSV files alone.
    """
    for index, width in enumerate(_WIDTHS):
        sheet.set_column(index, index, width)
    sheet.hide_gridlines(2)
    sheet.set_tab_color(look.INK)
    print_setup(sheet)
    sheet.set_portrait()
    row = _text(sheet, formats, 0, summary.title, {"font_size": 16, "bold": True, "font_color": look.INK})
    for sentence in summary.said:
        row = _text(sheet, formats, row, sentence, {"font_size": 11})
    row = _write_numbers(sheet, formats, row + 1, summary.numbers)
    if summary.table is not None:
        row = write_table(sheet, formats, summary.table, row, _WIDTHS, notes=False).last + 2
    row = _place(sheet, row, drawn)
    row = _heading(sheet, formats, row, "What was run")
    for label, text in summary.facts:
        row = _line(sheet, formats, row, label, text)
    row = _write_links(sheet, formats, row + 1, pages)
    if alone:
        _line(sheet, formats, row, "Only in tables/, as CSV", "; ".join(alone))


def _write_numbers(sheet: Worksheet, formats: look.Formats, row: int, numbers: Sequence[KeyNumber]) -> int:
    """Write each number in a box of three rows: what it is, the number, and what stands under it."""
    if not numbers:
        return row
    looks: tuple[tuple[dict[str, object], dict[str, object]], ...] = (
        ({"font_color": look.GREY, "font_size": 9}, {"top": 1}),
        ({"bold": True, "font_size": 16, "font_color": look.INK}, {}),
        ({"font_color": look.GREY, "font_size": 9, "valign": "top"}, {"bottom": 1}),
    )
    for (first, last), number in zip(_NUMBERS, numbers, strict=False):
        texts = (number.label, number.value, number.under)
        for down, (text, (own, edge)) in enumerate(zip(texts, looks, strict=True)):
            style = formats.get(
                text_wrap=True, align="left", indent=1, left=1, right=1, border_color=look.LINE, **own, **edge
            )
            if last > first:
                sheet.merge_range(row + down, first, row + down, last, "", style)
            sheet.write_string(row + down, first, text, style)
    room = [sum(_WIDTHS[first : last + 1]) for first, last in _NUMBERS]
    for down, said in ((0, [each.label for each in numbers]), (2, [each.under for each in numbers])):
        lines = max(look.line_count(text, width, "note") for text, width in zip(said, room, strict=False))
        sheet.set_row(row + down, look.height_of(lines) + 2)
    sheet.set_row(row + 1, 26)
    return row + 4


def _place(sheet: Worksheet, row: int, drawn: Sequence[Drawn]) -> int:
    """Place charts two beside each other at one size, on rows of their own, and return the row after them."""
    for i, each in enumerate(drawn):
        down, right = divmod(i, 2)
        each.chart.set_size({"width": _CHART_WIDTH, "height": _CHART_HEIGHT})
        place = {"x_offset": right * (_CHART_WIDTH + _GAP), "y_offset": down * (_CHART_HEIGHT + _GAP)}
        sheet.insert_chart(row, 0, each.chart, {"object_position": 3, **place})
    rows = (len(drawn) + 1) // 2 * (_CHART_HEIGHT + _GAP) // _ROW + 1
    for i in range(row, row + rows):
        sheet.set_row_pixels(i, _ROW)
    return row + rows if drawn else row


def place_charts(sheet: Worksheet, drawn: Sequence[Drawn]) -> None:
    """Place charts two beside each other, each at its own size; none is cut between printed pages."""
    pairs = [drawn[i : i + 2] for i in range(0, len(drawn), 2)]
    scale = _SPARE * _PAPER_WIDTH / max(sum(each.width + _GAP for each in pair) for pair in pairs)
    row, used, breaks = 3, 3 * _ROW, []
    for pair in pairs:
        height = max(each.height for each in pair) + _ROW
        if used + height > _PAPER_HEIGHT / scale and used > 3 * _ROW:
            breaks.append(row)
            used = 0
        right = 0
        for each in pair:
            each.chart.set_size({"width": each.width, "height": each.height})
            sheet.insert_chart(row, 0, each.chart, {"object_position": 3, "x_offset": right})
            right += each.width + _GAP
        row += height // _ROW + 1
        used += height + _ROW
    sheet.set_print_scale(int(100 * scale))
    sheet.set_h_pagebreaks(breaks)


def _write_links(sheet: Worksheet, formats: look.Formats, row: int, pages: Sequence[Page]) -> int:
    """Write a link to every table, by sheet, with the number of its rows."""
    row = _heading(sheet, formats, row, "Sheets and tables", "Rows")
    link = formats.get(font_color="#0563C1", underline=1, indent=1, bottom=1, bottom_color=look.LINE)
    line = formats.get(bottom=1, bottom_color=look.LINE, num_format="#,##0")
    for name, group in groupby(pages, lambda page: page.name):
        for i, page in enumerate(group):
            if i == 0:
                sheet.write_url(row, 0, f"internal:'{name}'!A1", link, name)
            else:
                sheet.write_blank(row, 0, None, line)
            sheet.merge_range(row, 1, row, _LAST - 1, "", link)
            sheet.write_url(row, 1, f"internal:'{name}'!A{page.top + 1}", link, page.table.title)
            sheet.write_number(row, _LAST, len(page.table.rows), line)
            row += 1
    return row


def _text(sheet: Worksheet, formats: look.Formats, row: int, text: str, style: dict[str, object]) -> int:
    made = formats.get(text_wrap=True, valign="top", **style)
    sheet.merge_range(row, 0, row, _LAST, "", made)
    sheet.write_string(row, 0, text, made)
    size = float(str(style["font_size"]))
    sheet.set_row(row, look.line_count(text, sum(_WIDTHS) * 10 / size) * size * 1.35 + 4)
    return row + 1


def _heading(sheet: Worksheet, formats: look.Formats, row: int, text: str, last: str = "") -> int:
    style = {"bold": True, "font_color": "#FFFFFF", "bg_color": look.INK}
    sheet.set_row(row, 20)
    sheet.write_string(row, 0, text, formats.get(indent=1, **style))
    for column in range(1, _LAST):
        sheet.write_blank(row, column, None, formats.get(**style))
    sheet.write_string(row, _LAST, last, formats.get(align="right", **style))
    return row + 1


def _line(sheet: Worksheet, formats: look.Formats, row: int, label: str, text: str) -> int:
    line = {"bottom": 1, "bottom_color": look.LINE, "valign": "top", "align": "left"}
    sheet.write_string(row, 0, label, formats.get(bold=True, indent=1, **line))
    style = formats.get(text_wrap=True, indent=1, **line)
    sheet.merge_range(row, 1, row, _LAST, "", style)
    sheet.write_string(row, 1, text, style)
    sheet.set_row(row, look.height_of(look.line_count(text, sum(_WIDTHS[1:]))) + 1)
    return row + 1


@dataclass(frozen=True)
class BookSheet:
    """A sheet of tables.

    Attributes
    ----------
    name : str
        On its tab.
    tables : tuple of str
        Those on it, in order, as far as a run has them. A table that no sheet names is a CSV file alone.
    """

    name: str
    title: str
    tables: tuple[str, ...]


CHARTS = "Charts"
AUDIT = BookSheet(
    "Audit",
    "Audit: what repeats the run, and what was checked",
    ("warnings", "changes", "psa_checks", "fit_quality", "settings", "manifest"),
)
SHEETS = (
    BookSheet(
        "Results",
        "Results by strategy",
        ("base_case", "disaggregated_costs", "disaggregated_life_years", "disaggregated_qalys", "drug_use"),
    ),
    BookSheet(
        "Incremental",
        "Incremental analysis, prices and the payer's reference case",
        (
            *("fully_incremental", "net_benefit", "beside", "price_threshold", "frontier_price"),
            *("severity", "severity_net_benefit", "evlyg", "reference_case"),
        ),
    ),
    BookSheet(
        "Survival",
        "Survival: as modelled, as reported, and the curves",
        ("modelled_survival", "survival_fit", "external", "fit_warnings", "curves", "adjustments", "families"),
    ),
    BookSheet("One-way", "One-way sensitivity analysis", ("dsa_curves", "dsa", "threshold_values")),
    BookSheet("Scenarios", "Scenarios", ("scenarios", "scenario_changes")),
    BookSheet(
        "PSA",
        "Probabilistic sensitivity analysis and value of information",
        (
            *("psa_summary", "probability_cost_effective", "psa_net_benefit", "psa_quadrants", "psa_against_base"),
            *("evpi", "study_values", "evppi"),
        ),
    ),
    BookSheet(
        "Budget",
        "Budget impact",
        (
            *("budget_impact", "budget_by_category", "budget_population", "budget_uptake", "budget_cost_per_patient"),
            "budget_one_way",
        ),
    ),
    BookSheet("Inputs", "Inputs", ("inputs",)),
    AUDIT,
    BookSheet(
        "Chart data",
        "What the charts show",
        (
            *("ceac", "threshold_line", "tornado_data", "scenario_data", "occupancy", "survival_by_month"),
            "psa_draws",
        ),
    ),
)
"""Which tables stand on which sheet of the results workbook, behind its summary and its charts."""


def write_results_workbook(path: Path, results: Results, run: Run, manifest: Manifest | None = None) -> None:
    """Write the results workbook; the same results and manifest give the same bytes, wherever they are written.

    Parameters
    ----------
    run : Run
        The run that the results are of.
    manifest : Manifest, optional
        What repeats the run, for the sheet Audit.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    names, made = names_of(results, run), tables(results, run, (*TABLES, *BEHIND_CHARTS))
    summary = Summary(
        results.title,
        headline(results, names),
        [*decision_problem(results, run, names), *_made_with(results, run)],
        key_numbers(results, names),
        next(table for table in made if table.name == "base_case"),
    )
    content = _content(results, names, summary, _with_manifest(made, manifest))
    try:
        path.write_bytes(content)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise OutputError(
            f"{path}: the workbook cannot be written ({reason}). Close it where it is open, or choose another folder."
        ) from error


def write_budget_workbook(path: Path, results: Results, made: Sequence[Table], manifest: Manifest) -> None:
    """Write the workbook of a budget impact; the same results and manifest give the same bytes.

    Parameters
    ----------
    results : Results
        With a budget impact.
    made : sequence of Table
        The tables of the budget impact.
    manifest : Manifest
        What repeats the run, for the sheet Audit.
    """
    names = Names(results)
    facts = [
        ("Population", results.population),
        ("Perspective", results.perspective),
        ("Currency and price year", f"{results.currency}, {results.price_year}"),
        ("Method", " ".join(budget_method(results))),
    ]
    summary = Summary(f"{results.title}: budget impact", budget_results(results, names), facts)
    path.write_bytes(_content(results, names, summary, _with_manifest(made, manifest)))


def _with_manifest(made: Sequence[Table], manifest: Manifest | None) -> dict[str, Table]:
    more = () if manifest is None else (manifest_table(manifest),)
    return {table.name: table for table in (*made, *more)}


def _content(results: Results, names: Names, summary: Summary, made: Mapping[str, Table]) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_format_properties": dict(look.FONT)})
    book.set_properties({"title": summary.title, "subject": "Results", "created": datetime(2000, 1, 1, tzinfo=UTC)})
    book.set_size(28_000, 17_000)
    formats = look.Formats(book)
    first = book.add_worksheet(SUMMARY)
    own = [sheet for sheet in SHEETS if any(name in made for name in sheet.tables)]
    many = sum(native.over in made for native in NATIVE) >= ON_SUMMARY
    further = add_page(book, formats, CHARTS, "Further charts") if many else None
    pages = {page.table.name: page for sheet in own for page in _write_sheet(book, formats, sheet, made)}
    on = Drawing(book, pages, results, names)
    drawn = [chart for native in NATIVE if native.over in pages for chart in native.draw(on)]
    alone = [table.title for name, table in made.items() if name not in pages]
    write_summary(first, formats, summary, drawn[:ON_SUMMARY], list(pages.values()), alone)
    if further is not None:
        place_charts(further, drawn[ON_SUMMARY:])
    first.activate()
    book.close()
    return buffer.getvalue()


def _write_sheet(book: Workbook, formats: look.Formats, sheet: BookSheet, made: Mapping[str, Table]) -> list[Page]:
    page = add_page(book, formats, sheet.name, sheet.title)
    return write_tables(page, formats, [made[name] for name in sheet.tables if name in made])


def _made_with(results: Results, run: Run) -> list[tuple[str, str]]:
    parts = ("base", *(part for part in run.options.parts if part != "base"))
    found = [
        ("Workbook", run.model.inputs.path.name),
        ("Parts", ", ".join(PARTS.get(part, part) for part in parts)),
    ]
    if not_run(results):
        found.append(("Not run", "; ".join(not_run(results))))
    if results.psa is not None:
        found.append(("Draws and seed", f"{results.psa.draws:,}; {results.psa.seed}"))
    if results.under_scenarios:
        found.append(("Under the scenarios", ", ".join(results.under_scenarios)))
    if results.changes:
        found.append(("Changed inputs", f"{len(results.changes)}, on the sheet {AUDIT.name}"))
    if results.warnings:
        found.append(("Warnings", f"{len(results.warnings)}, on the sheet {AUDIT.name}"))
    return found
