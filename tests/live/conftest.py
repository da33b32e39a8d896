"""The live models, made once for all tests, whichever process runs them."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import pytest
from live.batch import Cases, cases
from live.chosen import edits, jobs
from once import once

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cases:
    """Return the live models that the tests to be run ask for: those of each run, those of every, or both."""
    every = {item.get_closest_marker("every") is not None for item in request.session.items}

    def make(folder: Path) -> None:
        found = cases(jobs(folder, every), edits(every), folder)
        (folder / "cases.pickle").write_bytes(pickle.dumps((dict(found), found.failures)))

    made = once(tmp_path_factory, "live", make) / "cases.pickle"
    return Cases(*pickle.loads(made.read_bytes()))  # noqa: S301 - written by this test run
