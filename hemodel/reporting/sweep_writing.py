"""What `hemodel sweep` writes and prints."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Any

from hemodel.inputs.previous import MANIFEST
from hemodel.reporting.charts_sweep import sweep_figures
from hemodel.reporting.console_tables import NO_BREAK_SPACE, WIDTH, text_table
from hemodel.reporting.contents import write_figures, write_tables
from hemodel.reporting.format import display
from hemodel.reporting.loose_writing import json_text
from hemodel.reporting.manifest import made_with
from hemodel.reporting.schema import threshold_key
from hemodel.reporting.tables_sweep import BASE, sweep_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hemodel.reporting.schema_sweep import SweepDocument, SweepEntry, SweepWorkbook

SWEEP_ENTRIES = ("sweep.json", "tables", "figures", MANIFEST)
"""What `hemodel sweep` writes."""
SWEEP = "sweep"


def write_sweep(folder: Path, document: SweepDocument, command: str) -> None:
    """Write a sweep to an existing, empty folder: sweep.json, tables, figures, manifest.json."""
    (folder / "sweep.json").write_text(document.model_dump_json(indent=1) + "\n", encoding="utf-8")
    write_tables(folder, [sweep_table(document)])
    write_figures(folder, sweep_figures(document))
    (folder / MANIFEST).write_text(json_text(_manifest(document, command)), encoding="utf-8")


def _manifest(document: SweepDocument, command: str) -> dict[str, Any]:
    return {
        "hemodel": metadata.version("hemodel"),
        "command": command,
        "workbooks": [{"name": workbook.name, "sha256": workbook.sha256} for workbook in document.workbooks],
        "results": [
            entry.model_dump(include={"workbook", "scenario", "sha256", "changes", "draws", "seed", "sampling"})
            for entry in document.results
        ],
        **made_with(),
    }


def sweep_text(document: SweepDocument, target: Path | None) -> str:
    """Return a sweep as the command line prints it, and where it was written."""
    lines: list[str] = []
    for workbook in document.workbooks:
        lines += [f"{workbook.name}: {workbook.title}", _of(document, workbook), ""]
    total = sum(entry.draws for entry in document.results)
    lines.append(f"{len(document.results)} probabilistic analyses, {total:,} draws")
    lines += [f"Written to {target}"] if target is not None else []
    return "\n".join(lines).replace(NO_BREAK_SPACE, " ")


def _of(document: SweepDocument, workbook: SweepWorkbook) -> str:
    own = [entry for entry in document.results if entry.workbook == workbook.name]
    rows = [row for entry in own for row in _rows(entry, workbook)]
    intervention = ["Intervention"] if len(workbook.strategies) > 2 else []
    money = f"Net monetary benefit ({workbook.currency})"
    headers = ("Scenario", *intervention, "Threshold", money, "2.5%", "97.5%", "SE", "Cost-effective")
    return text_table(headers, rows, WIDTH)


def _rows(entry: SweepEntry, workbook: SweepWorkbook) -> Iterator[tuple[str, ...]]:
    key = threshold_key(entry.decision_threshold)
    for one in entry.increments:
        yield (
            entry.scenario or BASE,
            *([workbook.strategy_names[one.intervention]] if len(entry.increments) > 1 else []),
            display(entry.decision_threshold, "icer"),
            display(one.nmb_mean[key], "money"),
            *(display(end, "money") for end in one.nmb_interval[key]),
            display(one.nmb_mcse[key], "money"),
            display(entry.probability_cost_effective[key][one.intervention], "share"),
        )
