"""What a terminal shows while a command runs; nothing of it where nobody watches."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from commands import ROOT

if TYPE_CHECKING:
    from pathlib import Path

SMALL = ROOT / "inputs" / "teaching_three_strategies.xlsx"
COMMAND = (sys.executable, "-c", "from hemodel.cli import main; main()", "run", str(SMALL), "--draws", "64")
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
    parts = ("reading and fitting", "one-way", "draws", "information", "families", "evidence", "figures", "writing")
    assert {part for part in parts if f"{part} " not in text} == set()
    assert text.index("Base case of ") < text.index("draws ") < text.rindex("report.html")
    assert text.rstrip().endswith("first.")
    before = text[: text.index("Share of 64 draws")]
    assert before.count("Discounted") == 2, "the base case as soon as it is known, and in the summary"


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
