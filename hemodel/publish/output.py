"""What each command writes, as a description for the one writer (`hemodel.publish.bundle`)."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from itertools import groupby
from typing import TYPE_CHECKING, Any

from hemodel.analyses.budget import BudgetDocument
from hemodel.analyses.scenarios import SCHEMA_VERSION, ScenarioResults
from hemodel.entries import FileEntry
from hemodel.publish.bundle import Bundle
from hemodel.publish.document.building import build
from hemodel.publish.document.evidence import evidence_content
from hemodel.publish.document.layout import shipped_layout
from hemodel.publish.document.writing import PRINT, dossier, report_page, write_documents
from hemodel.publish.draws import write_psa
from hemodel.publish.html import page
from hemodel.publish.manifest import manifest, repeats
from hemodel.publish.patient_files import fit_tables, json_text
from hemodel.publish.saving import SAME_FOR_PAYERS, drawing_once
from hemodel.publish.workbook import write_budget_workbook, write_results_workbook
from hemodel.views import budget
from hemodel.views.budget import budget_of
from hemodel.views.differences import differences_table
from hemodel.views.evidence.charts import evidence_figures
from hemodel.views.evidence.tables import evidence_tables
from hemodel.views.grids import MOST_PANELS, heat_maps, n_way_chart
from hemodel.views.one_way import tornado
from hemodel.views.registry import CHARTS, command_tables, figures, names_of, tables
from hemodel.views.scenarios import group_charts, scenario_changes, scenario_chart, scenarios
from hemodel.views.shared.files import drawing
from hemodel.views.shared.table import csv_text
from hemodel.views.sweep import sweep_figures
from hemodel.views.threshold_search import threshold_chart
from hemodel.views.uncertainty import ONE_WAY
from hemodel.views.voi import voi_figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from matplotlib.figure import Figure
    from pydantic import BaseModel

    from hemodel.analyses.differences import ComparedWorkbooks
    from hemodel.analyses.dsa.run import AskedInput, Deterministic
    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.information import VoiResults
    from hemodel.analyses.patient_files import FileFit
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.analyses.shared import Shared
    from hemodel.analyses.sweep import SweepDocument
    from hemodel.publish.document.writing import DossierRequest
    from hemodel.publish.saving import Saved
    from hemodel.views.shared.files import Draw
    from hemodel.views.shared.table import Table
    from hemodel.voi.sample import Sample


def dsa_figures(found: Deterministic) -> dict[str, Callable[[], Figure]]:
    """Return every chart of the deterministic analyses by name; each is drawn when it is called."""
    document, results = found.document, found.results
    every = figures(results, found.run)
    drawn = {name: draw for name, draw in every.items() if name.startswith("tornado_")}
    if document.measure not in {"nmb", "icer"}:
        for entry in results.incremental:
            name = f"tornado_{document.measure}" + ("" if len(results.incremental) == 1 else f"_{entry.intervention}")
            drawn[name] = partial(tornado, results, found.run, document.measure, entry.intervention)
    pairs = groupby(document.two_way, key=lambda grid: (grid.x.id, grid.y.id, grid.x.values, grid.y.values))
    pages = [
        own[i : i + MOST_PANELS] for _, some in pairs for own in [list(some)] for i in range(0, len(own), MOST_PANELS)
    ]
    for number, grids in enumerate(pages, start=1):
        drawn[f"two_way_{number}"] = partial(heat_maps, results, grids, document.measure)
    for one in document.searches:
        drawn[f"threshold_{one.id.replace('.', '_')}"] = partial(threshold_chart, results, one)
    if document.n_way is not None:
        for entry in results.incremental:
            measure = "nmb" if document.measure == "icer" and entry.icer is None else document.measure
            name = "n_way" if len(results.incremental) == 1 else f"n_way_{entry.intervention}"
            drawn[name] = partial(n_way_chart, results, document.n_way, measure, entry.intervention)
    return drawn


def asked_for(found: Deterministic) -> dict[str, Any]:
    """Return the request as the manifest has it."""
    request, listed = found.request, found.document.n_way
    return {
        "two_way": [[_one(one) for one in pair] for pair in request.two_way],
        "n_way": None if listed is None else {"file": listed.file, "sha256": listed.sha256},
        "thresholds": [_one(one) for one in request.thresholds],
        "wtp": found.document.thresholds,
        "measure": request.measure,
    }


def _one(asked: AskedInput) -> dict[str, Any]:
    return dict(vars(asked))


def run_bundle(
    run: Run, results: Results, command: str, evidence: EvidencePack | None, shared: Shared | None
) -> Bundle:
    """Return every output of a run.

    Parameters
    ----------
    run, results
        The run and its results.
    command : str
        The command that repeats the run, for the manifest and the report.
    evidence : EvidencePack or None
        On the curves of the run, for a section of the report.
    shared : Shared or None
        Where runs for several payers keep the figures that they have in common.
    """
    drawn, made = figures(results, run), manifest(run, command)
    same = {name: drawn.pop(name) for name in SAME_FOR_PAYERS if name in drawn}
    every = {} if evidence is None else evidence_figures(run.model, evidence)
    of_evidence = {name: every[name] for name in shipped_layout("report").figures if name in every}
    alike = drawing(same | of_evidence)

    def beside(folder: Path) -> None:
        write_results_workbook(folder / "results.xlsx", results, run, made)
        if run.options.export_psa:
            write_psa(folder, run)

    def write(folder: Path, saved: Saved) -> None:
        report = report_page(results, run, evidence, made, saved)
        (folder / "report.html").write_text(report, encoding="utf-8")

    return Bundle(
        _json(results),
        _csv(tables(results, run)),
        made,
        drawing(drawn) | (alike if shared is None else drawing_once(alike, shared)),
        (beside,),
        (write,),
    )


def known_figures(run: Run, results: Results) -> dict[str, Draw]:
    """Return the figures of a run that are the same whatever is worked out after its base case."""
    return drawing(figures(results, run, [entry for entry in CHARTS if entry.of_base_case]))


def evidence_bundle(run: Run, pack: EvidencePack, command: str) -> Bundle:
    """Return an evidence pack on the curves of a base case."""
    made = manifest(run, command).model_copy(update={"parts": ["evidence"], "seed": pack.evidence.seed})

    def write(folder: Path, saved: Saved) -> None:
        document = build(evidence_content(run.model, pack, made), shipped_layout("evidence"), saved)
        (folder / "evidence.html").write_text(page(document), encoding="utf-8")

    return Bundle(
        _json(pack.evidence),
        _csv(evidence_tables(run.model, pack)),
        made,
        drawing(evidence_figures(run.model, pack)),
        further=(write,),
    )


def report_bundle(run: Run, request: DossierRequest, command: str) -> Bundle:
    """Return a dossier."""
    told: dict[str, object] = {"layout": request.layout, "formats": list(request.formats)}
    if request.template is not None:
        told["template"] = FileEntry(name=request.template.name, sha256=sha256(request.template.content).hexdigest())
    made = manifest(run, command).model_copy(update=told)
    context, drawn = dossier(run, request, made)
    write = partial(write_documents, context, request)
    return Bundle(_json(context.results), _csv(context.tables.values()), made, drawing(drawn, PRINT), further=(write,))


def scenario_results(run: Run, results: Results) -> ScenarioResults:
    """Return the contents of scenarios.json."""
    return ScenarioResults(
        schema_version=SCHEMA_VERSION,
        title=results.title,
        payer=run.options.payer,
        currency=results.currency,
        price_year=results.price_year,
        thresholds=results.thresholds,
        decision_threshold=results.decision_threshold,
        strategy_names=results.strategy_names,
        changes=results.changes,
        base_case=results.incremental,
        scenarios=results.scenarios or [],
        warnings=results.warnings,
    )


def scenarios_bundle(run: Run, results: Results, command: str) -> Bundle:
    """Return what comes of the scenarios."""
    names, document = names_of(results, run), scenario_results(run, results)
    entries = document.scenarios
    drawn = group_charts(results, run) | {"scenarios": partial(scenario_chart, results, run)}
    return Bundle(
        _json(document),
        _csv([scenarios(results, entries, names), scenario_changes(entries)]),
        manifest(run, command).model_copy(update={"groups": list(run.options.groups), "only": list(run.options.only)}),
        drawing(drawn) if entries else None,
    )


def budget_document(results: Results) -> BudgetDocument:
    """Return the contents of budget.json; results without a budget impact are refused."""
    budget_of(results)
    return BudgetDocument.model_validate(results, from_attributes=True)


def budget_bundle(run: Run, results: Results, command: str) -> Bundle:
    """Return a budget impact."""
    made = manifest(run, command).model_copy(update={"parts": ["budget"]})
    own = tables(results, run, budget.TABLES)

    def write(folder: Path) -> None:
        write_budget_workbook(folder / "budget.xlsx", results, own, made)

    return Bundle(
        _json(budget_document(results)), _csv(own), made, drawing(figures(results, run, budget.CHARTS)), (write,)
    )


def dsa_bundle(found: Deterministic, command: str) -> Bundle:
    """Return the deterministic analyses of a run."""
    document, results = found.document, found.results
    names = names_of(results, found.run)
    return Bundle(
        _json(document),
        _csv([*tables(results, found.run, ONE_WAY), *command_tables("dsa", document, results, names)]),
        manifest(found.run, command).model_copy(update={"parts": ["dsa"], "asked": asked_for(found)}),
        drawing(dsa_figures(found)),
    )


def fit_bundle(found: FileFit, command: str) -> Bundle:
    """Return a fit to a file of patients."""
    return Bundle(json_text(found), fit_tables(found), repeats(command, file=found.file))


def differences_bundle(found: ComparedWorkbooks, command: str) -> Bundle:
    """Return a comparison of two workbooks."""
    sides = (found.first, found.second)
    made = repeats(
        command,
        workbooks=[FileEntry(name=side.path.name, sha256=side.sha256) for side in sides],
        scenarios=[{each.name: each.sha256 for each in side.scenarios} for side in sides],
    )
    return Bundle(json_text(found.found), _csv([differences_table(found)]), made)


def voi_bundle(results: VoiResults, sample: Sample, command: str) -> Bundle:
    """Return the value of information."""
    files = {name: file.model_dump() for name, file in results.files.items()}
    made = repeats(command, files=files, thresholds=results.thresholds, draws=results.draws)
    return Bundle(_json(results), _csv(command_tables("voi", results)), made, drawing(voi_figures(results, sample)))


def sweep_bundle(document: SweepDocument, command: str) -> Bundle:
    """Return a sweep."""
    shown = {"workbook", "scenario", "sha256", "changes", "draws", "seed", "sampling"}
    made = repeats(
        command,
        workbooks=[FileEntry(name=workbook.name, sha256=workbook.sha256) for workbook in document.workbooks],
        results=[entry.model_dump(include=shown) for entry in document.results],
    )
    return Bundle(_json(document), _csv(command_tables("sweep", document)), made, drawing(sweep_figures(document)))


def _json(document: BaseModel) -> str:
    return document.model_dump_json(indent=1) + "\n"


def _csv(made: Iterable[Table]) -> dict[str, str]:
    return {table.name: csv_text(table) for table in made}
