"""Writing a comparison of two workbooks."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from hemodel.inputs.previous import MANIFEST
from hemodel.reporting.differences_document import differences_document
from hemodel.reporting.loose_writing import json_text
from hemodel.reporting.manifest import made_with
from hemodel.reporting.tables_differences import differences_table
from hemodel.reporting.tables_shape import csv_text

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.analysis.differences import Differences


def write_differences(folder: Path, found: Differences, command: str) -> None:
    """Write a comparison of two workbooks to an existing, empty folder: differences.json, a table, manifest.json."""
    (folder / "differences.json").write_text(json_text(differences_document(found)), encoding="utf-8")
    table = differences_table(found)
    (folder / "tables").mkdir()
    (folder / "tables" / f"{table.name}.csv").write_text(csv_text(table), encoding="utf-8", newline="")
    made = {
        "hemodel": metadata.version("hemodel"),
        "command": command,
        "workbooks": [{"name": s.path.name, "sha256": s.sha256} for s in (found.first, found.second)],
        "scenarios": [{s.name: s.sha256 for s in side.scenarios} for side in (found.first, found.second)],
        **made_with(),
    }
    (folder / MANIFEST).write_text(json_text(made), encoding="utf-8")
