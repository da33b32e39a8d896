"""Files and folders that a workbook names, and what its last run left."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from hemodel.folders import MANIFEST, put_back
from hemodel.inputs.cells import DATA_SHEET

OUTPUTS = "outputs"
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


def last_values(workbook: Path) -> dict[str, float]:
    """Return the numbers that a workbook held in its last run, by id.

    They are those of ``outputs/<workbook>/manifest.json`` in the current folder, before any
    change that was made for the run. Empty where there was no run of a workbook of this
    name, or its manifest cannot be read.
    """
    folder = Path(OUTPUTS) / workbook.stem
    put_back(folder)
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return _numbers(manifest) if manifest["workbook"]["name"] == workbook.name else {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _numbers(manifest: dict[str, Any]) -> dict[str, float]:
    values = dict(manifest["inputs"])
    values |= {change["id"]: change["from"] for change in reversed(manifest["changes"]) if change["id"] in values}
    return {id_: float(value) for id_, value in values.items() if type(value) in {int, float}}
