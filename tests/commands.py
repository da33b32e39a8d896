"""Running the command line, in this process or in one of its own, and reading what it wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from once import once
from support import small_rows
from typer.testing import CliRunner

from hemodel.cli import app
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    import pytest
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


def whole_run(temporary: pytest.TempPathFactory) -> Path:
    """Return the outputs of the first command of the README, run in a process of its own; tests only read them."""

    def make(folder: Path) -> None:
        done = hemodel("run", WORKBOOK, "--out", folder / "out")
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""

    return once(temporary, "whole", make) / "out"


def small_workbook(folder: Path) -> Path:
    """Write the small model as a workbook."""
    write_workbook(folder / "small.xlsx", to_listing(small_rows()), (("source",),), Cover("Small"))
    return folder / "small.xlsx"
