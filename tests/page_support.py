"""The report of a run in tests, without a command line: as one page, with or without figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.publish.document.writing import report_page

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hemodel.analyses.run import Run
    from hemodel.records.results import Results

MANIFEST = {
    "hemodel": "0",
    "python": "3",
    "libraries": {"numpy": "2"},
    "workbook": {"name": "small.xlsx", "sha256": "ab"},
    "command": "hemodel report small.xlsx --out there",
}


def report_of(
    found: Results,
    run: Run,
    pictures: Mapping[str, tuple[Path, Path]] | None = None,
    command: str = "hemodel run small.xlsx",
) -> str:
    """Return the report of a run, without the evidence for its curves."""
    return report_page(found, run, None, MANIFEST | {"command": command}, pictures or {})
