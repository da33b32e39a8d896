"""Writing the outputs of a run: whole, or not at all.

Everything is written to a folder beside the target first and put in place at
the end. Files in the target that hemodel did not write are never touched.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.analysis.sharing import Shared
from hemodel.dossier.writing import DOCX, HTML, write_dossier
from hemodel.errors import OutputError
from hemodel.inputs.previous import MANIFEST, OUTPUTS
from hemodel.reporting.budget_document import budget_document
from hemodel.reporting.budget_workbook import write_budget_workbook
from hemodel.reporting.charts import budget_figures, figures
from hemodel.reporting.charts_scenarios import group_charts, scenario_chart
from hemodel.reporting.charts_shared import SAME_FOR_PAYERS, write_shared
from hemodel.reporting.contents import write_figures as _write_figures
from hemodel.reporting.contents import write_tables as _write_tables
from hemodel.reporting.dsa_writing import DSA_ENTRIES
from hemodel.reporting.evidence_charts import evidence_figures, report_figures
from hemodel.reporting.evidence_document import evidence_document
from hemodel.reporting.evidence_html import evidence_html
from hemodel.reporting.evidence_tables import evidence_tables
from hemodel.reporting.html import report_html
from hemodel.reporting.manifest import manifest
from hemodel.reporting.psa_export import write_psa
from hemodel.reporting.results_workbook import write_results_workbook
from hemodel.reporting.scenarios_document import scenario_results
from hemodel.reporting.sweep_writing import SWEEP_ENTRIES
from hemodel.reporting.tables import names_of, tables
from hemodel.reporting.tables_budget import budget_tables
from hemodel.reporting.tables_scenarios import scenario_changes, scenarios
from hemodel.reporting.voi_writing import VOI_ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hemodel.analysis.evidence import EvidencePack
    from hemodel.analysis.run import Run
    from hemodel.dossier.writing import Request
    from hemodel.reporting.schema import Results

DRAWS = "draws.parquet"
ENTRIES = ("results.json", "tables", "figures", "results.xlsx", "report.html", "psa", DRAWS, MANIFEST)
"""What a run writes; the draws only where they are asked for."""
EVIDENCE_ENTRIES = ("evidence.json", "tables", "figures", "evidence.html", MANIFEST)
"""What the evidence pack consists of."""
FIT_ENTRIES = ("fit.json", "tables", MANIFEST)
"""What curves fitted to a file of patients consist of."""
REPORT_ENTRIES = (DOCX, HTML, "results.json", "tables", "figures", MANIFEST)
"""What a dossier consists of; which of the two documents is said with the command."""
REPORT_SUFFIX = "_report"
SCENARIO_ENTRIES = ("scenarios.json", "tables", "figures", MANIFEST)
"""What `hemodel scenarios` writes."""
SCENARIO_SUFFIX = "_scenarios"
DIFFERENCES_ENTRIES = ("differences.json", "tables", MANIFEST)
"""What a comparison of two workbooks consists of."""
BUDGET_ENTRIES = ("budget.json", "tables", "figures", "budget.xlsx", MANIFEST)
"""What a budget impact consists of."""
BUDGET_SUFFIX = "_budget"
EVERY = (
    *(ENTRIES, EVIDENCE_ENTRIES, FIT_ENTRIES, SCENARIO_ENTRIES, DIFFERENCES_ENTRIES, REPORT_ENTRIES),
    *(BUDGET_ENTRIES, VOI_ENTRIES, DSA_ENTRIES, SWEEP_ENTRIES),
)
EVIDENCE_SUFFIX = "_evidence"


def default_folder(workbook: Path, suffix: str = "") -> Path:
    """Return outputs/<workbook><suffix> in the current folder, and make outputs where it is missing.

    Raises
    ------
    OutputError
        Where it cannot be made.
    """
    parent = Path(OUTPUTS)
    try:
        parent.mkdir(exist_ok=True)
    except OSError as error:
        raise _refusal(parent, error) from error
    return parent / f"{workbook.stem}{suffix}"


def parent_folder(folder: Path) -> Path:
    """Return a folder for the folders of several runs, made where it is missing and its parent exists.

    Raises
    ------
    OutputError
        Where it cannot be made.
    """
    if not folder.parent.is_dir():
        raise OutputError(f"{folder}: the folder {folder.parent} does not exist. Create it, or choose another --out.")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise _refusal(folder, error) from error
    return folder


@contextmanager
def staged(target: Path, entries: tuple[str, ...] = ENTRIES) -> Iterator[Path]:
    """Give a folder to write to; put its contents in `target` when all went well.

    Parameters
    ----------
    target : Path
    entries : tuple of str
        Names of the files and folders that are put in place.

    Raises
    ------
    OutputError
        Where the target cannot be written, or holds files of these names that
        another program wrote, or outputs of another kind. The previous outputs then
        stay as they were.
    """
    _check(target, entries)
    try:
        stage = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise _refusal(target, error) from error
    try:
        yield stage
        _put_in_place(stage, target, entries)
    except OSError as error:
        raise _refusal(target, error) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _check(target: Path, entries: tuple[str, ...]) -> None:
    if not target.parent.is_dir():
        raise OutputError(f"{target}: the folder {target.parent} does not exist. Create it, or choose another --out.")
    if target.exists() and not target.is_dir():
        raise OutputError(f"{target}: this is a file, not a folder. Choose another --out.")
    others = {name for each in EVERY for name in each} - set(entries)
    kept = sorted(name for name in others if (target / name).exists())
    if kept:
        raise OutputError(
            f"{target}: this folder holds other outputs ({', '.join(kept)}), whose tables and figures would be"
            " replaced. Choose another --out."
        )
    foreign = [name for name in entries if (target / name).exists()]
    if foreign and not _is_ours(target / MANIFEST):
        raise OutputError(
            f"{target}: {', '.join(foreign)} would be replaced, and hemodel did not write them. Choose another --out."
        )


def _is_ours(manifest: Path) -> bool:
    try:
        return "hemodel" in json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _refusal(target: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError(
        f"{target}: the outputs could not be written ({reason}). Nothing was changed."
        " Close files that are open elsewhere, check the permissions, or choose another --out."
    )


def _put_in_place(stage: Path, target: Path, entries: tuple[str, ...]) -> None:
    """Move the new entries in and the old ones out; move them back if a step fails."""
    created = not target.exists()
    target.mkdir(exist_ok=True)
    old = stage / ".old"
    old.mkdir()
    moved: list[tuple[Path, Path]] = []
    try:
        for name in entries:
            for source, place in ((target / name, old / name), (stage / name, target / name)):
                if source.exists():
                    source.rename(place)
                    moved.append((source, place))
    except OSError:
        for source, place in reversed(moved):
            place.rename(source)
        if created:
            target.rmdir()
        raise


def write_outputs(
    folder: Path,
    run: Run,
    results: Results,
    command: str,
    evidence: EvidencePack | None = None,
    shared: Shared | None = None,
) -> None:
    """Write every output of a run to a folder.

    Parameters
    ----------
    folder : Path
        An existing, empty folder.
    run, results
        The run and its results.
    command : str
        The command that repeats the run, for the manifest and the report.
    evidence : EvidencePack, optional
        On the curves of the run, for a section of the report.
    shared : Shared, optional
        Where runs for several payers keep the figures that they have in common.
    """
    shared = shared or Shared()
    (folder / "results.json").write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")
    _write_tables(folder, tables(results, run))
    drawn = figures(results, run)
    saved = write_shared(folder, {name: drawn.pop(name) for name in SAME_FOR_PAYERS if name in drawn}, shared)
    saved |= _write_figures(folder, drawn)
    made = manifest(run, command)
    pictures = {name: png for name, (png, _) in saved.items()}
    write_results_workbook(folder / "results.xlsx", results, run, pictures, made)
    if evidence is not None:
        saved |= write_shared(folder, report_figures(run.model, evidence), shared)
    if run.options.export_psa:
        write_psa(folder, run)
    (folder / "report.html").write_text(report_html(results, run, _texts(saved), command, evidence), encoding="utf-8")
    (folder / MANIFEST).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def write_evidence(folder: Path, run: Run, pack: EvidencePack, seed: int, command: str) -> None:
    """Write an evidence pack to a folder.

    Parameters
    ----------
    folder : Path
        An existing, empty folder.
    run : Run
        The base case, whose curves the pack is on.
    pack : EvidencePack
    seed : int
        With which the pack was made.
    command : str
        The command that repeats it, for the manifest and the page.
    """
    document = evidence_document(run.model, pack, seed)
    (folder / "evidence.json").write_text(document.model_dump_json(indent=1) + "\n", encoding="utf-8")
    _write_tables(folder, evidence_tables(run.model, pack))
    svgs = _texts(_write_figures(folder, evidence_figures(run.model, pack)))
    (folder / "evidence.html").write_text(evidence_html(run.model, pack, svgs, command), encoding="utf-8")
    made = manifest(run, command) | {"parts": ["evidence"], "seed": seed}
    (folder / MANIFEST).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def write_report(folder: Path, run: Run, request: Request, command: str) -> None:
    """Write a dossier to an existing, empty folder.

    Parameters
    ----------
    folder : Path
    run : Run
    request : Request
        Results, evidence, layout and formats.
    command : str
        The command that repeats it, for the manifest and the dossier.
    """
    made = manifest(run, command) | {"layout": request.layout, "formats": list(request.formats)}
    (folder / "figures").mkdir()
    document = write_dossier(folder, run, request, made)
    _write_tables(folder, document.tables.values())
    (folder / MANIFEST).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def write_scenarios(folder: Path, run: Run, results: Results, command: str) -> str:
    """Write what comes of the scenarios to an existing, empty folder; return the text of scenarios.json."""
    found = scenario_results(results, run.options.payer)
    text = found.model_dump_json(indent=1) + "\n"
    (folder / "scenarios.json").write_text(text, encoding="utf-8")
    names, entries = names_of(results, run), found.scenarios
    _write_tables(folder, [scenarios(results, entries, names), scenario_changes(entries)])
    if entries:
        _write_figures(folder, {"scenarios": partial(scenario_chart, results, run), **group_charts(results, run)})
    made = manifest(run, command) | {"groups": list(run.options.groups), "only": list(run.options.only)}
    (folder / MANIFEST).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return text


def write_budget(folder: Path, run: Run, results: Results, command: str) -> None:
    """Write a budget impact to an existing, empty folder: budget.json, tables, figures, budget.xlsx, manifest.json."""
    document = budget_document(results)
    (folder / "budget.json").write_text(document.model_dump_json(indent=1) + "\n", encoding="utf-8")
    made = budget_tables(results, names_of(results, run))
    _write_tables(folder, made)
    saved = _write_figures(folder, budget_figures(results, run))
    repeats = manifest(run, command) | {"parts": ["budget"]}
    write_budget_workbook(folder / "budget.xlsx", results, made, {n: png for n, (png, _) in saved.items()}, repeats)
    (folder / MANIFEST).write_text(json.dumps(repeats, indent=1) + "\n", encoding="utf-8")


def _texts(saved: Mapping[str, tuple[Path, Path]]) -> dict[str, str]:
    return {name: svg.read_text(encoding="utf-8") for name, (_, svg) in saved.items()}
