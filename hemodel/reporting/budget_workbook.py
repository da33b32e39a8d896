"""The workbook of a budget impact: its key results, tables and charts, and the manifest."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hemodel.inputs import writing_formats as look
from hemodel.reporting.budget_text import budget_method, budget_results
from hemodel.reporting.results_workbook import write_contents
from hemodel.reporting.results_workbook_charts import CHART_SHEETS, CHART_TITLES
from hemodel.reporting.results_workbook_manifest import manifest_table
from hemodel.reporting.results_workbook_pictures import BELOW, chosen, place_pictures
from hemodel.reporting.results_workbook_sheets import CONTENTS, add_page, write_table
from hemodel.reporting.tables_words import Names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from hemodel.reporting.results_workbook import Listed
    from hemodel.reporting.schema import Results
    from hemodel.reporting.tables import Table


def write_budget_workbook(
    path: Path, results: Results, tables: Sequence[Table], figures: Mapping[str, Path], manifest: Mapping[str, Any]
) -> None:
    """Write the workbook of a budget impact; the same results, figures and manifest give the same bytes.

    Parameters
    ----------
    path : Path
    results : Results
        With a budget impact.
    tables : sequence of Table
    figures : mapping from name to Path
        PNG files.
    manifest : mapping
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
    for table in [*tables, manifest_table(manifest)]:
        pictures = chosen(table.name, figures)
        if pictures:
            name, words = CHART_SHEETS[table.name], CHART_TITLES[table.name]
            sheet = add_page(book, formats, name, words)
            sheet.fit_to_pages(1, 1)
            place_pictures(sheet, 3, pictures)
            listed.append((name, words, None))
        page = write_table(book, formats, table)
        listed.append((page.name, table.title, len(table.rows)))
        if BELOW.get(table.name) in figures:
            place_pictures(page.sheet, page.last + 2, [figures[BELOW[table.name]]])
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
