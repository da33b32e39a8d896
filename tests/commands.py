"""Running the command line, in this process or in one of its own, and reading what it wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from typer.testing import CliRunner

from hemodel.cli import app

if TYPE_CHECKING:
    from typer.testing import Result

ROOT = Path(__file__).parents[1]
WORKBOOK = ROOT / "inputs" / "imforte_us.xlsx"
PRICE = "drug.lurbinectedin.price_per_vial"
NEW = "lurbinectedin_atezolizumab"
SAME = 1e-12
"""Relative: the same sums in another order."""


def invoke(*arguments: object) -> Result:
    """Run a command in this process: what it does, writes and prints, without the start of a process."""
    given = [str(argument) for argument in arguments]
    with patch.object(sys, "argv", ["hemodel", *given]):
        done = CliRunner().invoke(app, given)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def hemodel(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command as a user does, in a process of its own."""
    command = [sys.executable, "-c", "from hemodel.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def results(folder: Path) -> Any:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))
