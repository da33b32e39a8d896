"""The results workbook: a summary with the answer and four charts, and a sheet for each kind of table.

The workbook of a budget impact: its key results, tables and charts, and the manifest.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hemodel.errors import OutputError
from hemodel.inputs import cell_formats as look
from hemodel.publish.workbook_charts import NATIVE, Drawing
from hemodel.publish.workbook_sheets import SUMMARY, Page, add_page, manifest_table, write_tables
from hemodel.publish.workbook_summary import ON_SUMMARY, Summary, place_charts, write_summary
from hemodel.views.budget import budget_method, budget_results
from hemodel.views.headline import headline, key_numbers
from hemodel.views.prose import decision_problem, not_run
from hemodel.views.registry import BEHIND_CHARTS, TABLES, names_of, tables
from hemodel.views.shared.words import PARTS, Names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from xlsxwriter.workbook import Workbook

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.publish.manifest import Manifest
    from hemodel.views.shared.table import Table


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
