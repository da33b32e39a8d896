"""The values of a workbook's last run, from the manifest that the run wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hemodel.folders import MANIFEST, put_back

OUTPUTS = "outputs"


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
