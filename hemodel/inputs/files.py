"""Files and folders that a workbook names."""

from __future__ import annotations

import re
from pathlib import Path

from hemodel.inputs.cells import DATA_SHEET

ANCESTORS_SEARCHED = 3
LONGEST_SHEET_NAME = 31
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?]")


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


def data_sheet(text: str) -> str:
    """Return the name of the sheet that carries a file: Data and the file's name without folder and ending.

    It is cut to the 31 characters that Excel allows; signs that it does not allow become
    an underscore.
    """
    name = text.replace("\\", "/").rpartition("/")[2]
    stem = _NOT_IN_SHEET_NAMES.sub("_", name.rpartition(".")[0] or name)
    return f"{DATA_SHEET} {stem}"[:LONGEST_SHEET_NAME].rstrip(" '")
