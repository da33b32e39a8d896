"""What each command writes, as a description for the one writer (`hemodel.publish.bundle`)."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from hemodel.documents.budget import budget_document
from hemodel.documents.differences import differences_document
from hemodel.documents.evidence import evidence_document
from hemodel.documents.patient_files import fit_tables
from hemodel.publish.bundle import Bundle
from hemodel.publish.charts_shared import SAME_FOR_PAYERS, drawing_once
from hemodel.publish.document.building import build
from hemodel.publish.document.evidence import evidence_content
from hemodel.publish.document.layout import shipped_layout
from hemodel.publish.document.writing import PRINT, dossier, report_page, write_documents
from hemodel.publish.draws import write_psa
from hemodel.publish.dsa import asked_for, dsa_figures
from hemodel.publish.html import page
from hemodel.publish.manifest import manifest, repeats
from hemodel.publish.patient_files import json_text
from hemodel.publish.workbook import write_budget_workbook, write_results_workbook
from hemodel.views import budget
from hemodel.views.charts import drawing, figures
from hemodel.views.differences import differences_table
from hemodel.views.evidence.charts import evidence_figures
from hemodel.views.evidence.tables import evidence_tables
from hemodel.views.grids import dsa_tables
from hemodel.views.scenarios import group_charts, scenario_changes, scenario_chart, scenarios
from hemodel.views.sweep import sweep_figures, sweep_table
from hemodel.views.tables import csv_text, names_of, tables
from hemodel.views.uncertainty import dsa
from hemodel.views.voi import voi_figures, voi_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pydantic import BaseModel

    from hemodel.analyses.deterministic import Deterministic
    from hemodel.analyses.differences import Differences
    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.run import Run
    from hemodel.analyses.shared import Shared
    from hemodel.publish.bundle import Saved
    from hemodel.publish.document.writing import DossierRequest
    from hemodel.records.dsa import DsaDocument
    from hemodel.records.results import Results
    from hemodel.records.scenarios import ScenarioResults
    from hemodel.records.sweep import SweepDocument
    from hemodel.records.voi import VoiResults
    from hemodel.views.tables import Table
    from hemodel.voi.sample import Sample


def run_bundle(run: Run, results: Results, command: str, evidence: EvidencePack | None, shared: Shared) -> Bundle:
    """Return every output of a run.

    Parameters
    ----------
    run, results
        The run and its results.
    command : str
        The command that repeats the run, for the manifest and the report.
    evidence : EvidencePack or None
        On the curves of the run, for a section of the report.
    shared : Shared
        Where runs for several payers keep the figures that they have in common.
    """
    drawn, made = figures(results, run), manifest(run, command)
    same = {name: drawn.pop(name) for name in SAME_FOR_PAYERS if name in drawn}
    every = {} if evidence is None else evidence_figures(run.model, evidence)
    of_evidence = {name: every[name] for name in shipped_layout("report").figures if name in every}

    def write(folder: Path, saved: Saved) -> None:
        write_results_workbook(folder / "results.xlsx", results, run, _pictures(saved), made)
        report = report_page(results, run, evidence, made, saved)
        (folder / "report.html").write_text(report, encoding="utf-8")
        if run.options.export_psa:
            write_psa(folder, run)

    return Bundle(
        _json(results),
        _csv(tables(results, run)),
        made,
        drawing_once(same, shared) | drawing(drawn) | drawing_once(of_evidence, shared),
        (write,),
    )


def evidence_bundle(run: Run, pack: EvidencePack, seed: int, command: str) -> Bundle:
    """Return an evidence pack on the curves of a base case, made with a seed."""
    made = manifest(run, command) | {"parts": ["evidence"], "seed": seed}

    def write(folder: Path, saved: Saved) -> None:
        document = build(evidence_content(run.model, pack, made), shipped_layout("evidence"), saved)
        (folder / "evidence.html").write_text(page(document), encoding="utf-8")

    return Bundle(
        _json(evidence_document(run.model, pack, seed)),
        _csv(evidence_tables(run.model, pack)),
        made,
        drawing(evidence_figures(run.model, pack)),
        (write,),
    )


def report_bundle(run: Run, request: DossierRequest, command: str) -> Bundle:
    """Return a dossier."""
    made = manifest(run, command) | {"layout": request.layout, "formats": list(request.formats)}
    if request.template is not None:
        template = request.template
        made["template"] = {"name": template.name, "sha256": sha256(template.content).hexdigest()}
    context, drawn = dossier(run, request, made)
    write = partial(write_documents, context, request)
    return Bundle(_json(context.results), _csv(context.tables.values()), made, drawing(drawn, PRINT), (write,))


def scenarios_bundle(run: Run, results: Results, document: ScenarioResults, command: str) -> Bundle:
    """Return what comes of the scenarios."""
    names, entries = names_of(results, run), document.scenarios
    drawn = group_charts(results, run) | {"scenarios": partial(scenario_chart, results, run)}
    return Bundle(
        _json(document),
        _csv([scenarios(results, entries, names), scenario_changes(entries)]),
        manifest(run, command) | {"groups": list(run.options.groups), "only": list(run.options.only)},
        drawing(drawn) if entries else None,
    )


def budget_bundle(run: Run, results: Results, command: str) -> Bundle:
    """Return a budget impact."""
    made = manifest(run, command) | {"parts": ["budget"]}
    own = tables(results, run, budget.TABLES)

    def write(folder: Path, saved: Saved) -> None:
        write_budget_workbook(folder / "budget.xlsx", results, own, _pictures(saved), made)

    return Bundle(
        _json(budget_document(results)), _csv(own), made, drawing(figures(results, run, budget.CHARTS)), (write,)
    )


def dsa_bundle(found: Deterministic, results: Results, document: DsaDocument, command: str) -> Bundle:
    """Return the deterministic analyses of a run with these results."""
    names = names_of(results, found.run)
    return Bundle(
        _json(document),
        _csv([dsa(results, document.one_way, names), *dsa_tables(document, results, names)]),
        manifest(found.run, command) | {"parts": ["dsa"], "asked": asked_for(found)},
        drawing(dsa_figures(document, found, results)),
    )


def fit_bundle(document: Mapping[str, Any], command: str) -> Bundle:
    """Return a fit to a file of patients."""
    return Bundle(json_text(document), fit_tables(document), repeats(command, {"file": document["file"]}))


def differences_bundle(found: Differences, command: str) -> Bundle:
    """Return a comparison of two workbooks."""
    sides = (found.first, found.second)
    said = {
        "workbooks": [{"name": side.path.name, "sha256": side.sha256} for side in sides],
        "scenarios": [{each.name: each.sha256 for each in side.scenarios} for side in sides],
    }
    return Bundle(json_text(differences_document(found)), _csv([differences_table(found)]), repeats(command, said))


def voi_bundle(results: VoiResults, sample: Sample, command: str) -> Bundle:
    """Return the value of information."""
    said = {
        "files": {name: file.model_dump() for name, file in results.files.items()},
        "thresholds": results.thresholds,
        "draws": results.draws,
    }
    return Bundle(
        _json(results), _csv(voi_tables(results)), repeats(command, said), drawing(voi_figures(results, sample))
    )


def sweep_bundle(document: SweepDocument, command: str) -> Bundle:
    """Return a sweep."""
    shown = {"workbook", "scenario", "sha256", "changes", "draws", "seed", "sampling"}
    said = {
        "workbooks": [{"name": workbook.name, "sha256": workbook.sha256} for workbook in document.workbooks],
        "results": [entry.model_dump(include=shown) for entry in document.results],
    }
    return Bundle(
        _json(document), _csv([sweep_table(document)]), repeats(command, said), drawing(sweep_figures(document))
    )


def _json(document: BaseModel) -> str:
    return document.model_dump_json(indent=1) + "\n"


def _csv(made: Iterable[Table]) -> dict[str, str]:
    return {table.name: csv_text(table) for table in made}


def _pictures(saved: Saved) -> dict[str, Path]:
    return {name: png for name, (png, _) in saved.items()}
