"""Writing the outputs of a run: whole, or not at all.

Everything is written to a folder beside the target first and put in place at
the end. Files in the target that hemodel did not write are never touched.
"""

from __future__ import annotations

import json
import platform
import shutil
import tempfile
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hemodel.errors import OutputError
from hemodel.inputs.previous import MANIFEST, OUTPUTS
from hemodel.reporting.charts import figures, save
from hemodel.reporting.charts_scenarios import group_charts, scenario_chart
from hemodel.reporting.differences_document import differences_document, differences_table
from hemodel.reporting.evidence_charts import evidence_figures, report_figures
from hemodel.reporting.evidence_document import evidence_document
from hemodel.reporting.evidence_html import evidence_html
from hemodel.reporting.evidence_tables import evidence_tables
from hemodel.reporting.html import report_html
from hemodel.reporting.loose_writing import json_text
from hemodel.reporting.results_workbook import write_results_workbook
from hemodel.reporting.scenarios_document import scenario_results
from hemodel.reporting.tables import csv_text, names_of, tables
from hemodel.reporting.tables_scenarios import scenario_changes, scenarios

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from matplotlib.figure import Figure

    from hemodel.analysis.differences import Differences
    from hemodel.analysis.evidence import EvidencePack
    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Results
    from hemodel.reporting.tables import Table

ENTRIES = ("results.json", "tables", "figures", "results.xlsx", "report.html", MANIFEST)
"""What a run writes."""
EVIDENCE_ENTRIES = ("evidence.json", "tables", "figures", "evidence.html", MANIFEST)
"""What the evidence pack consists of."""
FIT_ENTRIES = ("fit.json", "tables", MANIFEST)
"""What curves fitted to a file of patients consist of."""
SCENARIO_ENTRIES = ("scenarios.json", "tables", "figures", MANIFEST)
"""What `hemodel scenarios` writes."""
SCENARIO_SUFFIX = "_scenarios"
DIFFERENCES_ENTRIES = ("differences.json", "tables", MANIFEST)
"""What a comparison of two workbooks consists of."""
EVIDENCE_SUFFIX = "_evidence"
LIBRARIES = ("numpy", "scipy", "pandas", "openpyxl", "XlsxWriter", "matplotlib", "pydantic", "jinja2")


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
    others = {*ENTRIES, *EVIDENCE_ENTRIES, *FIT_ENTRIES, *SCENARIO_ENTRIES, *DIFFERENCES_ENTRIES} - set(entries)
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


def write_outputs(folder: Path, run: Run, results: Results, command: str, evidence: EvidencePack | None = None) -> None:
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
    """
    (folder / "results.json").write_text(results.model_dump_json(indent=1) + "\n", encoding="utf-8")
    _write_tables(folder, tables(results, run))
    saved = _write_figures(folder, figures(results, run))
    made = manifest(run, command)
    pictures = {name: png for name, (png, _) in saved.items()}
    write_results_workbook(folder / "results.xlsx", results, run, pictures, made)
    if evidence is not None:
        saved |= _write_figures(folder, report_figures(run.model, evidence))
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


def write_differences(folder: Path, found: Differences, command: str) -> None:
    """Write a comparison of two workbooks to an existing, empty folder."""
    (folder / "differences.json").write_text(json_text(differences_document(found)), encoding="utf-8")
    _write_tables(folder, [differences_table(found)])
    made = {
        "hemodel": metadata.version("hemodel"),
        "command": command,
        "workbooks": [{"name": s.path.name, "sha256": s.sha256} for s in (found.first, found.second)],
        "scenarios": [{s.name: s.sha256 for s in side.scenarios} for side in (found.first, found.second)],
        **_made_with(),
    }
    (folder / MANIFEST).write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


def _write_tables(folder: Path, made: Iterable[Table]) -> None:
    (folder / "tables").mkdir()
    for table in made:
        (folder / "tables" / f"{table.name}.csv").write_text(csv_text(table), encoding="utf-8", newline="")


def _write_figures(folder: Path, made: Mapping[str, Callable[[], Figure]]) -> dict[str, tuple[Path, Path]]:
    """Draw and write figures; return the paths of the PNG and the SVG by name."""
    (folder / "figures").mkdir(exist_ok=True)
    return {name: save(draw(), folder / "figures" / name) for name, draw in made.items()}


def _texts(saved: Mapping[str, tuple[Path, Path]]) -> dict[str, str]:
    return {name: svg.read_text(encoding="utf-8") for name, (_, svg) in saved.items()}


def manifest(run: Run, command: str) -> dict[str, Any]:
    """Return what is needed to repeat a run: versions, hashes, seed, settings, changes and the inputs used."""
    inputs = run.model.inputs
    return {
        "hemodel": metadata.version("hemodel"),
        "command": command,
        "workbook": {"name": inputs.path.name, "sha256": sha256(inputs.path.read_bytes()).hexdigest()},
        "parts": list(run.options.parts),
        "draws": None if run.psa is None else run.psa.draws,
        "seed": None if run.psa is None else run.psa.seed,
        "settings": inputs.settings.model_dump(),
        "inputs": {row.id: row.value for row in inputs.rows.values() if row.value is not None},
        "changes": [
            {"id": change.id, "from": change.expected, "to": change.value, "origin": change.origin}
            for change in inputs.changes
        ],
        "scenarios": {scenario.name: scenario.sha256 for scenario in run.available},
        **_made_with(),
    }


def _made_with() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
    }
