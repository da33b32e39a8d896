"""Files and folders that a workbook names."""

from __future__ import annotations

from pathlib import Path

ANCESTORS_SEARCHED = 3


def find_beside(workbook: Path, name: str) -> Path | None:
    """Return the file or folder that a workbook names, or None where there is none.

    It is looked for beside the workbook, in the folders above it, and in the
    current folder.
    """
    if not name:
        return None
    home = workbook.resolve().parent
    places = [home, *list(home.parents)[:ANCESTORS_SEARCHED], Path.cwd()]
    return next((place / name for place in places if (place / name).exists()), None)
