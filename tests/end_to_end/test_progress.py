"""What a terminal shows while a command runs; nothing of it where nobody watches."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from budget_support import budget_values
from commands import ROOT, invoke
from live.models import small_file

from hemodel.cli import common

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ROOT / "inputs" / "teaching_three_strategies.xlsx"
COMMAND = (sys.executable, "-c", "from hemodel.cli import main; main()", "run", str(SMALL), "--draws", "64")
SCENARIO = """group = "structure"
purpose = "p"
question = "What if the horizon were shorter?"
why = "why"
source = "source"
[[change]]
id = "settings.time_horizon"
from = 6
to = 3
"""
STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_a_terminal(*arguments: str) -> tuple[int, str]:
    """Run a command whose output and errors go to one terminal; return its exit code and what that was sent."""
    watched, terminal = pty.openpty()
    with subprocess.Popen(arguments, stdout=terminal, stderr=terminal, stdin=subprocess.DEVNULL) as process:
        os.close(terminal)
        sent = b""
        while True:
            try:
                part = os.read(watched, 65536)
            except OSError:
                break
            if not part:
                break
            sent += part
    os.close(watched)
    return process.returncode, sent.decode("utf-8")


def test_a_bar_for_each_part_and_the_base_case_before_the_rest(tmp_path: Path) -> None:
    code, sent = on_a_terminal(*COMMAND, "--out", str(tmp_path / "out"))
    assert code == 0
    text = STEERING.sub("", sent)
    begun = ("reading and fitting", "one-way", "draws", "information", "families", "evidence")
    parts = (*begun, "tables", "figures", "writing")
    assert {part for part in parts if f"{part} " not in text} == set()
    assert text.index("Base case of ") < text.index("draws ") < text.rindex("report.html")
    assert text.rstrip().endswith("first.")
    before = text[: text.index("Share of 64 draws")]
    assert before.count("Discounted") == 2, "the base case as soon as it is known, and in the summary"


PARTS = {
    "check": {"reading and fitting"},
    "inputs": {"reading"},
    "run": {"reading and fitting", "grids", "tables", "figures", "writing"},
    "fit": {"reading and fitting", "grids", "families", "tables", "figures", "writing"},
    "scenarios": {"reading and fitting", "scenarios", "grids", "tables", "figures", "writing"},
    "dsa": {"one-way and grids", "tables", "figures", "writing"},
    "excel": {"reading and fitting", "one-way", "grids", "model of formulas"},
    "diff": {"both workbooks", "tables", "writing"},
    "budget": {"reading and fitting", "one-way", "grids", "tables", "figures", "writing"},
    "voi": {"reading", "information", "tables", "figures", "writing"},
    "sweep": {"reading and fitting", "draws", "tables", "figures", "writing"},
    "fit-ipd": {"fitting", "tables", "writing"},
    "reconstruct": {"rebuilding patients"},
    "template": {"writing"},
    "payers": set(),
    "schema": set(),
}
"""What each command shows on a terminal; what is read off a list takes no time."""


def given(command: str, folder: Path) -> list[object]:
    """Return arguments of a command, and write the files that they name."""
    out: list[object] = ["--out", folder / "out"]
    few = ["--params", "P.csv", "--costs", "C.csv", "--effects", "E.csv"]
    for name in few[1::2]:
        (folder / name).write_text("a,b\n" + "".join(f"{k % 7},{k % 5}\n" for k in range(120)), encoding="utf-8")
    (folder / "km.csv").write_text(
        "time,survival\n0,1\n" + "".join(f"{k / 5},{1 - k / 25}\n" for k in range(1, 21)), encoding="utf-8"
    )
    (folder / "risk.csv").write_text("time,at_risk\n0,50\n2,30\n", encoding="utf-8")
    (folder / "patients.csv").write_text("time,event\n" + "".join(f"{k},1\n" for k in range(1, 30)), encoding="utf-8")
    columns = ["--time", "time", "--event", "event", "--families", "exp"]
    (folder / "more").mkdir()
    (folder / "more" / "shorter.toml").write_text(SCENARIO, encoding="utf-8")
    book = small_file(folder / "small.xlsx", {**budget_values(), "settings.scenarios": "more"})
    others: dict[str, list[object]] = {
        "check": [book],
        "inputs": [book],
        "run": [book, "--only", "base", *out],
        "excel": [book, "--draws", 2, "--out", folder / "live.xlsx"],
        "diff": [book, book, *out],
        "sweep": [book, "--draws", 64, *out],
        "voi": [*(folder / each if each.endswith("csv") else each for each in few), "--wtp", 1, *out],
        "fit-ipd": [folder / "patients.csv", *columns, *out],
        "reconstruct": [folder / "km.csv", "--at-risk", folder / "risk.csv", "--out", folder / "ipd.csv"],
        "template": [folder / "new.xlsx"],
        "payers": [],
        "schema": ["results"],
    }
    return [command, *others.get(command, [book, *out])]


@pytest.mark.parametrize("command", PARTS)
def test_every_command_says_how_far_it_is(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: set[str] = set()
    monkeypatch.setattr(common, "watched", lambda: True)
    monkeypatch.setattr(common.Stages, "__call__", lambda _, part, *__: shown.add(part))
    done = invoke(*given(command, tmp_path))
    assert done.exit_code == 0, done.output
    assert shown == PARTS[command]


def test_no_command_is_left_out() -> None:
    """But the dossier, which begins as a run does and ends as the evidence for the curves does."""
    assert {*PARTS, "report"} == set(common.IN_ORDER)


@pytest.mark.every
def test_the_summary_begins_on_a_line_of_its_own(tmp_path: Path) -> None:
    _, sent = on_a_terminal(*COMMAND, "--only", "base", "--out", str(tmp_path / "out"))
    shown = subprocess.run(
        [*COMMAND, "--only", "base", "--out", str(tmp_path / "out")], capture_output=True, check=True
    )
    summary = shown.stdout.decode("utf-8").replace("\n", "\r\n")
    assert sent.endswith(summary)
    before = sent.removesuffix(summary)
    assert before.endswith(("\n", "\x1b[2K")), "the bars are taken away, or end their line"
    assert "\x1b[?25h" in before, "the cursor is shown again"
    assert shown.stderr == b""


@pytest.mark.every
def test_nothing_where_nobody_watches(tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, "--out", str(tmp_path / "out")], capture_output=True, check=True, text=True)
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "Base case of" not in done.stdout
