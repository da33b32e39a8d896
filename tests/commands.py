"""Running the command line in a process of its own, and reading what it wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
WORKBOOK = ROOT / "inputs" / "imforte_us.xlsx"
PRICE = "drug.lurbinectedin.price_per_vial"
NEW = "lurbinectedin_atezolizumab"
SAME = 1e-12
"""Relative: the same sums in another order."""


def hemodel(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from hemodel.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def results(folder: Path) -> Any:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))
