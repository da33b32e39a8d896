"""The live models, made once for all tests, whichever process runs them."""

from __future__ import annotations

import os
import pickle
import time
from typing import TYPE_CHECKING

import pytest
from live.batch import Cases, cases
from live.chosen import edits, jobs

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_WAIT = 900.0
"""Seconds that a process waits for another to make the live models."""


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return _made(tmp_path_factory.mktemp("live"))
    folder = tmp_path_factory.getbasetemp().parent / "live"
    ready = folder / "cases.pickle"
    try:
        folder.mkdir()
    except FileExistsError:
        return _waited_for(ready)
    found = _made(folder)
    unfinished = folder / "cases.unfinished"
    unfinished.write_bytes(pickle.dumps((dict(found), found.failures)))
    unfinished.rename(ready)
    return found


def _made(folder: Path) -> Cases:
    return cases(jobs(folder), edits(), folder)


def _waited_for(ready: Path) -> Cases:
    end = time.monotonic() + LONGEST_WAIT
    while not ready.exists():
        assert time.monotonic() < end, "the process that makes the live models did not finish"
        time.sleep(0.5)
    return Cases(*pickle.loads(ready.read_bytes()))  # noqa: S301 - written by this test run
