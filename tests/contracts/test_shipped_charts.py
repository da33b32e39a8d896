"""Every chart of the workbooks that come with the package: no text clipped, none on another, each with its finding."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from chart_text import clipped, overlapping, texts_of

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import run
from hemodel.views.registry import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INPUTS = Path(__file__).parents[2] / "inputs"
WORKBOOKS = (
    *("imforte_us", "imforte_england", "teaching_three_strategies"),
    pytest.param("imforte_china", marks=pytest.mark.every),
)
DRAWS = 200


@pytest.fixture(scope="module", params=WORKBOOKS)
def drawn(request: pytest.FixtureRequest) -> dict[str, Figure]:
    done = run(INPUTS / f"{request.param}.xlsx", Options(draws=DRAWS, families=False))
    made = {name: draw() for name, draw in figures(results(done), done).items()}
    for figure in made.values():
        figure.draw_without_rendering()
    return made


def test_no_text_is_clipped(drawn: dict[str, Figure]) -> None:
    assert {name: found for name, figure in drawn.items() if (found := clipped(figure))} == {}


def test_no_two_texts_overlap(drawn: dict[str, Figure]) -> None:
    assert {name: found for name, figure in drawn.items() if (found := overlapping(figure))} == {}


def test_every_chart_can_be_handed_to_another_process(drawn: dict[str, Figure]) -> None:
    handed = {name: pickle.loads(pickle.dumps(figure)) for name, figure in drawn.items()}  # noqa: S301
    assert {name for name, figure in handed.items() if len(texts_of(figure)) != len(texts_of(drawn[name]))} == set()


def test_what_is_looked_at_is_there(drawn: dict[str, Figure]) -> None:
    """Nine charts or more, each with a title, a subtitle and labels of its axes or boxes."""
    assert len(drawn) >= 9
    assert min(len(texts_of(figure)) for figure in drawn.values()) >= 8


def test_a_text_beyond_the_edge_and_one_on_another_are_found(drawn: dict[str, Figure]) -> None:
    """Planted on a chart, so that the comparison of boxes is seen to fail."""
    figure = drawn["occupancy"]
    planted = [figure.text(0.95, 0.5, "too long to fit in here"), figure.text(0.95, 0.505, "lies on it")]
    try:
        assert clipped(figure) == [text.get_text() for text in planted]
        assert ("too long to fit in here", "lies on it") in overlapping(figure)
    finally:
        for text in planted:
            text.remove()
