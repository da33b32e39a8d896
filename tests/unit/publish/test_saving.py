"""Figures saved by another process: the same bytes, what goes wrong is said, and no process stays."""

from __future__ import annotations

from multiprocessing import active_children
from typing import TYPE_CHECKING

import pytest
from matplotlib.ticker import FuncFormatter

from hemodel.errors import OutputError
from hemodel.publish import saving
from hemodel.publish.saving import Saver, Worker, saver
from hemodel.views.shared.page import log_axis, number_axis, page, settle
from hemodel.views.shared.style import DOTS_PER_INCH, house_style

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure


def drawn(title: str) -> Figure:
    with house_style():
        figure = page(title, "What is shown", 2.0)
        axes = figure.add_subplot()
        axes.plot([1.0, 10.0, 20_000.0], [0.0, 0.5, 1.0])
        axes.set_xscale("log")
        log_axis(axes.xaxis, "Time", 10.0)
        number_axis(axes.yaxis, "Share", 0.01)
        return settle(figure)


@pytest.fixture
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "available_cores", lambda: 2)


@pytest.mark.usefixtures("two_cores")
def test_the_bytes_are_those_of_this_process_and_the_worker_ends(tmp_path: Path) -> None:
    expected = {}
    for title in ("first", "second"):
        files = Saver().save(drawn(title), tmp_path / title, DOTS_PER_INCH)
        expected[title] = [file.read_bytes() for file in files]
        for file in files:
            file.unlink()

    with saver(many=True) as found:
        assert isinstance(found, Worker)
        saved = {title: found.save(drawn(title), tmp_path / title, DOTS_PER_INCH) for title in expected}
        found.finish()
        assert {title: [file.read_bytes() for file in files] for title, files in saved.items()} == expected
    assert found.process not in active_children()
    assert found.process.exitcode is not None


@pytest.mark.usefixtures("two_cores")
def test_a_figure_that_cannot_be_handed_over_is_saved_here(tmp_path: Path) -> None:
    figure = drawn("with a function of its own")
    figure.axes[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    with saver(many=True) as found:
        files = found.save(figure, tmp_path / "own", DOTS_PER_INCH)
        assert [file.is_file() for file in files] == [True, True]
        found.finish()


@pytest.mark.usefixtures("two_cores")
def test_what_the_worker_cannot_write_is_said(tmp_path: Path) -> None:
    with saver(many=True) as found:
        found.save(drawn("lost"), tmp_path / "missing" / "lost", DOTS_PER_INCH)
        with pytest.raises(OutputError, match="lost: the chart cannot be written"):
            found.finish()


@pytest.mark.usefixtures("two_cores")
def test_a_worker_that_is_killed_is_said(tmp_path: Path) -> None:
    def hand_over_and_finish() -> None:
        found.save(drawn("late"), tmp_path / "late", DOTS_PER_INCH)
        found.finish()

    with saver(many=True) as found:
        assert isinstance(found, Worker)
        found.process.kill()
        found.process.join()
        with pytest.raises(OutputError, match="ended before its time"):
            hand_over_and_finish()


@pytest.mark.parametrize(("many", "cores"), [(False, 2), (True, 1)])
def test_few_figures_or_one_core_need_no_worker(many: bool, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "available_cores", lambda: cores)
    before = active_children()
    with saver(many=many) as found:
        assert type(found) is Saver
        assert active_children() == before
