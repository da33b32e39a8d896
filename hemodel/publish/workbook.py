"""The results workbook: every table on a sheet of its own, with charts and a list of contents.

The workbook of a budget impact: its key results, tables and charts, and the manifest.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.errors import OutputError
from hemodel.inputs import cell_formats as look
from hemodel.inputs.cover import print_setup
from hemodel.publish.workbook_charts import NATIVE, add_costs
from hemodel.publish.workbook_sheets import (
    CONTENTS,
    Page,
    add_page,
    manifest_table,
    picture_sheets,
    pictures_below,
    place_pictures,
    sheet_name,
    write_table,
)
from hemodel.views.budget import budget_method, budget_results
from hemodel.views.headline import headline
from hemodel.views.prose import decision_problem, not_run
from hemodel.views.registry import names_of, tables
from hemodel.views.shared.words import PARTS, Names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.publish.manifest import Manifest
    from hemodel.views.shared.table import Table


_WIDTHS = (3.0, 34.0, 88.0, 10.0)


def write_results_workbook(
    path: str | Path,
    results: Results,
    run: Run,
    figures: Mapping[str, Path] | None = None,
    manifest: Manifest | None = None,
) -> None:
    """Write the results workbook.

    The same results, figures and manifest give the same bytes, wherever they are written.

    Parameters
    ----------
    run : Run
        The run that the results are of.
    figures : mapping from name to Path, optional
        PNG files, by the names of `charts.figures`; those that are missing are left
        out.
    manifest : Manifest, optional
        What repeats the run, for a sheet of its own.

    Raises
    ------
    OutputError
        Where the file cannot be written.
    """
    path = Path(path)
    content = _content(results, run, {} if figures is None else figures, manifest)
    try:
        path.write_bytes(content)
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise OutputError(
            f"{path}: the workbook cannot be written ({reason}). Close it where it is open, or choose another folder."
        ) from error


def _content(results: Results, run: Run, figures: Mapping[str, Path], manifest: Manifest | None = None) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_format_properties": dict(look.FONT)})
    book.set_properties({"title": results.title, "subject": "Results", "created": datetime(2000, 1, 1, tzinfo=UTC)})
    book.set_size(28_000, 17_000)
    formats, names = look.Formats(book), names_of(results, run)
    contents = book.add_worksheet(CONTENTS)
    pages: dict[str, Page] = {}
    chart_pages: dict[str, Worksheet] = {}
    listed: list[Listed] = []
    made = _all_tables(results, run, names, manifest)
    native = {chart.sheet.table: chart for chart in NATIVE if any(table.name == chart.over for table in made)}
    pictured = picture_sheets(figures)
    for table in made:
        if table.name in native or table.name in pictured:
            sheet = native[table.name].sheet if table.name in native else pictured[table.name][0]
            chart_pages[table.name] = add_page(book, formats, sheet.name, sheet.title)
            listed.append((sheet.name, sheet.title, None))
        page = pages[table.name] = write_table(book, formats, table)
        listed.append((page.name, table.title, len(table.rows)))
    for name, chart_page in chart_pages.items():
        chart_page.fit_to_pages(1, 1)
        if name in native:
            native[name].add(book, chart_page, pages, results, names)
        else:
            place_pictures(chart_page, 3, pictured[name][1])
    _add_below(book, pages, results, names, figures)
    facts = [*decision_problem(results, run, names), *_made_with(results, run)]
    write_contents(contents, formats, (results.title, headline(results, names)), facts, listed)
    contents.activate()
    book.close()
    return buffer.getvalue()


Listed = tuple[str, str, int | None]
"""A sheet in the contents: its name, its title, and the rows of its table."""


def _add_below(
    book: Workbook, pages: Mapping[str, Page], results: Results, names: Names, figures: Mapping[str, Path]
) -> None:
    """Put charts below the short tables they belong to, and print both on one page."""
    add_costs(book, pages["disaggregated_costs"], results, names)
    below = ["disaggregated_costs"]
    for table, pictures in pictures_below(figures).items():
        if table in pages:
            place_pictures(pages[table].sheet, pages[table].last + 2, pictures)
            below.append(table)
    for name in below:
        pages[name].sheet.set_portrait()
        pages[name].sheet.fit_to_pages(1, 1)


def _all_tables(results: Results, run: Run, names: Names, manifest: Manifest | None) -> list[Table]:
    """Return the tables of the run with those behind charts, each after the table it belongs to, and the manifest."""
    made = tables(results, run)
    by_name = {table.name: table for table in made}
    found = []
    for table in made:
        behind = (c.data(by_name, results, run, names) for c in NATIVE if c.data is not None and c.after == table.name)
        found += [table, *(more for more in behind if more is not None)]
    return found if manifest is None else [*found, manifest_table(manifest)]


def write_contents(
    sheet: Worksheet,
    formats: look.Formats,
    head: tuple[str, Sequence[str]],
    facts: Sequence[tuple[str, str]],
    listed: Sequence[Listed],
) -> None:
    """Write the title and the key results, what was run, and a link to every sheet."""
    for index, width in enumerate(_WIDTHS):
        sheet.set_column(index, index, width)
    sheet.hide_gridlines(2)
    sheet.set_tab_color(look.INK)
    print_setup(sheet)
    sheet.set_portrait()
    title, said = head
    row = _text(sheet, formats, 0, title, {"font_size": 18, "bold": True, "font_color": look.INK})
    for sentence in said:
        row = _text(sheet, formats, row, sentence, {"font_size": 11})
    row = _heading(sheet, formats, row + 1, "What was run")
    for label, text in facts:
        row = _line(sheet, formats, row, label, text)
    row = _heading(sheet, formats, row + 1, "Contents", "Rows")
    link = formats.get(font_color="#0563C1", underline=1, indent=1, bottom=1, bottom_color=look.LINE)
    line = formats.get(text_wrap=True, indent=1, bottom=1, bottom_color=look.LINE)

    right = formats.get(align="right", bottom=1, bottom_color=look.LINE, num_format="#,##0")
    for name, title, rows in listed:
        sheet.write_url(row, 1, f"internal:'{name}'!A1", link, name)
        sheet.write_string(row, 2, title, line)
        if rows is None:
            sheet.write_string(row, 3, "chart", right)
        else:
            sheet.write_number(row, 3, rows, right)
        row += 1


def _made_with(results: Results, run: Run) -> list[tuple[str, str]]:
    found = [
        ("Workbook", run.model.inputs.path.name),
        (
            "Parts",
            ", ".join(PARTS.get(part, part) for part in ("base", *(p for p in run.options.parts if p != "base"))),
        ),
    ]
    if not_run(results):
        found.append(("Not run", "; ".join(not_run(results))))
    if results.psa is not None:
        found.append(("Draws and seed", f"{results.psa.draws:,}; {results.psa.seed}"))
    if results.under_scenarios:
        found.append(("Under the scenarios", ", ".join(results.under_scenarios)))
    if results.changes:
        found.append(("Changed inputs", f"{len(results.changes)}, on the sheet {sheet_name('changes')}"))
    if results.warnings:
        found.append(("Warnings", f"{len(results.warnings)}, on the sheet {sheet_name('warnings')}"))
    return found


def _text(sheet: Worksheet, formats: look.Formats, row: int, text: str, style: dict[str, object]) -> int:
    made = formats.get(text_wrap=True, **style)
    sheet.merge_range(row, 1, row, 3, "", made)
    sheet.write_string(row, 1, text, made)
    size = float(str(style["font_size"]))
    lines = look.line_count(text, sum(_WIDTHS[1:]) * 10 / size)
    sheet.set_row(row, lines * size * 1.35 + 6)
    return row + 1


def _heading(sheet: Worksheet, formats: look.Formats, row: int, text: str, last: str = "") -> int:
    style = {"bold": True, "font_color": "#FFFFFF", "bg_color": look.INK}
    sheet.set_row(row, 20)
    sheet.write_string(row, 1, text, formats.get(indent=1, **style))
    sheet.write_blank(row, 2, None, formats.get(indent=1, **style))
    sheet.write_string(row, 3, last, formats.get(align="right", **style))
    return row + 1


def _line(sheet: Worksheet, formats: look.Formats, row: int, label: str, text: str) -> int:
    line = {"bottom": 1, "bottom_color": look.LINE, "valign": "top"}
    sheet.write_string(row, 1, label, formats.get(bold=True, indent=1, **line))
    sheet.write_string(row, 2, text, formats.get(text_wrap=True, indent=1, **line))
    sheet.write_blank(row, 3, None, formats.get(**line))
    sheet.set_row(row, look.height_of(look.line_count(text, _WIDTHS[2])) + 1)
    return row + 1


def write_budget_workbook(
    path: Path, results: Results, tables: Sequence[Table], figures: Mapping[str, Path], manifest: Manifest
) -> None:
    """Write the workbook of a budget impact; the same results, figures and manifest give the same bytes.

    Parameters
    ----------
    results : Results
        With a budget impact.
    figures : mapping from name to Path
        PNG files.
    manifest : Manifest
        What repeats the run, for a sheet of its own.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "default_format_properties": dict(look.FONT)})
    title = f"{results.title}: budget impact"
    book.set_properties({"title": title, "subject": "Budget impact", "created": datetime(2000, 1, 1, tzinfo=UTC)})
    formats = look.Formats(book)
    contents = book.add_worksheet(CONTENTS)
    listed: list[Listed] = []
    on_sheets, below = picture_sheets(figures), pictures_below(figures)
    for table in [*tables, manifest_table(manifest)]:
        if table.name in on_sheets:
            chart_sheet, pictures = on_sheets[table.name]
            sheet = add_page(book, formats, chart_sheet.name, chart_sheet.title)
            sheet.fit_to_pages(1, 1)
            place_pictures(sheet, 3, pictures)
            listed.append((chart_sheet.name, chart_sheet.title, None))
        page = write_table(book, formats, table)
        listed.append((page.name, table.title, len(table.rows)))
        if table.name in below:
            place_pictures(page.sheet, page.last + 2, below[table.name])
            page.sheet.set_portrait()
            page.sheet.fit_to_pages(1, 1)
    facts = [
        ("Population", results.population),
        ("Perspective", results.perspective),
        ("Currency and price year", f"{results.currency}, {results.price_year}"),
        ("Method", " ".join(budget_method(results))),
    ]
    write_contents(contents, formats, (title, budget_results(results, Names(results))), facts, listed)
    contents.activate()
    book.close()
    path.write_bytes(buffer.getvalue())
