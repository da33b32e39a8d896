"""Figures drawn by another process: the same bytes, what goes wrong is said, and no process stays."""

from __future__ import annotations

import time
from functools import partial
from multiprocessing import active_children
from typing import TYPE_CHECKING

import pytest

from hemodel.errors import OutputError
from hemodel.publish import saving
from hemodel.publish.saving import Drawing, Worker, drawing_beside
from hemodel.views.shared.files import drawing
from hemodel.views.shared.page import log_axis, number_axis, page, settle
from hemodel.views.shared.style import house_style

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from hemodel.publish.saving import Saved
    from hemodel.views.shared.files import Draw

TITLES = ("first", "second", "third", "fourth")


def drawn(title: str) -> Figure:
    with house_style():
        figure = page(title, "What is shown", 2.0)
        axes = figure.add_subplot()
        axes.plot([1.0, 10.0, 20_000.0], [0.0, 0.5, 1.0])
        axes.set_xscale("log")
        log_axis(axes.xaxis, "Time", 10.0)
        number_axis(axes.yaxis, "Share", 0.01)
        return settle(figure)


FIGURES = drawing({title: partial(drawn, title) for title in TITLES})


def some(*titles: str) -> dict[str, Draw]:
    return {title: FIGURES[title] for title in titles}


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "available_cores", lambda: 2)


def contents(saved: Saved) -> dict[str, list[bytes]]:
    return {title: [file.read_bytes() for file in files] for title, files in saved.items()}


@pytest.mark.usefixtures("two_cores")
def test_the_bytes_are_those_of_this_process_and_the_worker_ends(tmp_path: Path) -> None:
    here = Drawing()
    (tmp_path / "here").mkdir()
    here.begin(FIGURES, tmp_path / "here")
    expected = contents(here.finish())
    assert list(expected) == list(TITLES)

    with drawing_beside() as found:
        assert isinstance(found, Worker)
        found.begin(some("second"), tmp_path)
        wait_for(tmp_path / "second.svg")
        found.begin(FIGURES, tmp_path)
        assert contents(found.finish()) == {title: expected[title] for title in ("second", "first", "third", "fourth")}
    assert found.process not in active_children()
    assert found.process.exitcode is not None


def wait_for(file: Path) -> None:
    """Wait until another process has made a file, a minute at most."""
    for _ in range(600):
        if file.is_file():
            return
        time.sleep(0.1)
    pytest.fail(f"{file} was not made")


@pytest.mark.usefixtures("two_cores")
def test_each_figure_is_drawn_once_by_one_process_or_the_other(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    figures = {str(k): partial(noted, log) for k in range(40)}
    shown: list[tuple[int, int]] = []
    with drawing_beside() as found:
        found.begin(figures, tmp_path)
        found.finish(lambda _, done, total: shown.append((done, total)))
    assert sorted(log.read_text().split(), key=int) == [str(k) for k in range(40)]
    assert {total for _, total in shown} <= {40}
    assert shown == sorted(shown)


def noted(log: Path, path: Path) -> tuple[Path, Path]:
    """Note in a file that a figure was drawn; a line is appended whole."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"{path.name}\n")
    return path, path


@pytest.mark.usefixtures("two_cores")
def test_figures_that_cannot_be_handed_over_are_drawn_here(tmp_path: Path) -> None:
    own = drawing({"own": lambda: drawn("own")})
    with drawing_beside() as found:
        found.begin(some("first"), tmp_path)
        found.begin(own, tmp_path)
        found.begin(some("second"), tmp_path)
        saved = found.finish()
    assert [file.is_file() for files in saved.values() for file in files] == [True] * 6


@pytest.mark.usefixtures("two_cores")
def test_what_cannot_be_written_is_said_whoever_draws_it(tmp_path: Path) -> None:
    with drawing_beside() as found:
        found.begin(some("first"), tmp_path / "missing")
        with pytest.raises(OutputError, match="first: the chart cannot be written"):
            found.finish()


@pytest.mark.usefixtures("two_cores")
def test_a_worker_that_is_killed_is_said(tmp_path: Path) -> None:
    with drawing_beside() as found:
        assert isinstance(found, Worker)
        found.process.kill()
        found.process.join()
        found.begin(some("first"), tmp_path)
        with pytest.raises(OutputError, match="ended before its time"):
            found.finish()


@pytest.mark.parametrize(("wanted", "cores"), [(False, 2), (True, 1)])
def test_one_core_needs_no_worker(wanted: bool, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "available_cores", lambda: cores)
    before = active_children()
    with drawing_beside(wanted=wanted) as found:
        assert type(found) is Drawing
        assert active_children() == before
