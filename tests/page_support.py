"""The report of a run in tests, without a command line: as one page, with or without figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.entries import FileEntry
from hemodel.publish.document.writing import report_page
from hemodel.publish.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run

MANIFEST = Manifest(
    hemodel="0",
    python="3",
    libraries={"numpy": "2"},
    workbook=FileEntry(name="small.xlsx", sha256="ab"),
    command="hemodel report small.xlsx --out there",
)


def report_of(
    found: Results,
    run: Run,
    pictures: Mapping[str, tuple[Path, Path]] | None = None,
    command: str = "hemodel run small.xlsx",
) -> str:
    """Return the report of a run, without the evidence for its curves."""
    return report_page(found, run, None, MANIFEST.model_copy(update={"command": command}), pictures or {})
