"""Ctrl-C and requests to end, sent to a command at a moment: one line, the exit code, and nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from commands import ROOT

from hemodel.publish.bundle import RUN, Bundle, opened
from hemodel.publish.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL = ROOT / "inputs" / "teaching_three_strategies.xlsx"
FOR_PAYERS = ROOT / "inputs" / "imforte_england.xlsx"
COMMAND = "from hemodel.cli import main; main()"
STOPPED = "Stopped.\n"
UNFINISHED = "Stopped: what was not finished is removed, and earlier outputs stay.\n"
SECONDS = 60
NEW = ".out.hemodel/new"


def started(script: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end of a process and of those that it started; return its exit code and what it said of errors."""
    said = process.communicate(timeout=SECONDS)[1]
    wait_for(lambda: living(process) == 0)
    return process.returncode, said


def living(process: subprocess.Popen[str]) -> int:
    """Return how many processes live that a command consists of."""
    found = subprocess.run(["ps", "-o", "stat=", "-g", str(process.pid)], capture_output=True, text=True).stdout.split()
    return sum(not state.startswith("Z") for state in found)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("module", ["typer", "hemodel.cli.commands", "numpy"])
def test_while_modules_are_loaded(module: str, tmp_path: Path) -> None:
    script = f"""
import os, signal, sys
class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
{COMMAND}"""
    assert ended(started(script, "run", SMALL, "--out", tmp_path / "out")) == (130, STOPPED)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("made", [NEW, f"{NEW}/figures/survival_curves.svg"])
def test_while_outputs_are_made(made: str, tmp_path: Path) -> None:
    process = started(COMMAND, "run", SMALL, "--only", "base", "--out", tmp_path / "out")
    wait_for((tmp_path / made).exists)
    os.killpg(process.pid, signal.SIGINT)

    assert ended(process) == (130, UNFINISHED)
    assert list(tmp_path.iterdir()) == []


def test_while_another_process_saves_figures(tmp_path: Path) -> None:
    process = started(COMMAND, "run", SMALL, "--draws", "16", "--out", tmp_path / "out")
    wait_for((tmp_path / NEW / "figures").exists)
    os.killpg(process.pid, signal.SIGINT)

    assert ended(process) == (130, UNFINISHED)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_is_killed_takes_the_one_that_saves_figures_with_it(tmp_path: Path) -> None:
    process = started(COMMAND, "run", SMALL, "--draws", "16", "--out", tmp_path / "out")
    wait_for(lambda: (tmp_path / NEW / "figures").exists() and living(process) >= 2)
    process.kill()

    assert ended(process)[0] == -signal.SIGKILL


def test_on_request_of_the_system_earlier_outputs_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with opened(out, RUN) as place:
        place.write(Bundle("{}", {"base_case": "earlier"}, Manifest(hemodel="0", command="", python="3", libraries={})))
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    process = started(COMMAND, "run", SMALL, "--only", "base", "--out", out)
    wait_for((tmp_path / NEW / "tables").exists)
    process.terminate()

    assert ended(process) == (143, UNFINISHED)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert list(tmp_path.iterdir()) == [out]


def test_while_processes_run_for_payers(tmp_path: Path) -> None:
    payers = ("--payer", "GB-ENG", "--payer", "IE", "--jobs", "2")
    process = started(COMMAND, "run", FOR_PAYERS, "--only", "base", *payers, "--out", tmp_path / "out")
    wait_for(lambda: len(list(tmp_path.glob("out/.*.hemodel/new"))) == 2)
    os.killpg(process.pid, signal.SIGINT)

    assert ended(process) == (130, UNFINISHED)
    assert list(tmp_path.iterdir()) == []


def test_while_workers_draw(tmp_path: Path) -> None:
    workers = ("--only", "psa", "--draws", "100000", "--workers", "2")
    process = started(COMMAND, "run", SMALL, *workers, "--out", tmp_path / "out")
    wait_for(lambda: (tmp_path / NEW).exists() and living(process) >= 3)
    os.killpg(process.pid, signal.SIGINT)

    assert ended(process) == (130, UNFINISHED)
    assert list(tmp_path.iterdir()) == []
