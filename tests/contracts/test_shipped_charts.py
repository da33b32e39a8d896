"""Every chart of the workbooks that come with the package: no text clipped, none on another, each with its finding."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from chart_text import clipped, overlapping, texts_of

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import run
from hemodel.publish.output import known_figures
from hemodel.views.registry import figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hemodel.analyses.run import Run

INPUTS = Path(__file__).parents[2] / "inputs"
WORKBOOKS = (
    *("imforte_us", "imforte_england", "teaching_three_strategies"),
    pytest.param("imforte_china", marks=pytest.mark.every),
)
DRAWS = 200


@pytest.fixture(scope="module", params=WORKBOOKS)
def shipped(request: pytest.FixtureRequest) -> tuple[Run, Run]:
    """Return the base case of a workbook as it is known before the rest, and the whole run."""
    early: list[Run] = []
    done = run(INPUTS / f"{request.param}.xlsx", Options(draws=DRAWS, families=False), known=early.append)
    assert len(early) == 1
    return early[0], done


@pytest.fixture(scope="module")
def drawn(shipped: tuple[Run, Run]) -> dict[str, Figure]:
    _, done = shipped
    made = {name: draw() for name, draw in figures(results(done), done).items()}
    for figure in made.values():
        figure.draw_without_rendering()
    return made


def test_no_text_is_clipped(drawn: dict[str, Figure]) -> None:
    assert {name: found for name, figure in drawn.items() if (found := clipped(figure))} == {}


def test_no_two_texts_overlap(drawn: dict[str, Figure]) -> None:
    assert {name: found for name, figure in drawn.items() if (found := overlapping(figure))} == {}


def test_every_chart_can_be_handed_to_another_process_before_it_is_drawn(shipped: tuple[Run, Run]) -> None:
    _, done = shipped
    made = figures(results(done), done)
    handed = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert list(handed) == list(made)
    np.testing.assert_array_equal(
        handed["survival_curves"].args[1].model.fits["os"].covariance, done.model.fits["os"].covariance
    )


def test_charts_of_the_base_case_are_the_same_before_the_rest_is_known(
    shipped: tuple[Run, Run], tmp_path: Path
) -> None:
    early, done = (
        {
            name: [file.read_bytes() for file in draw(tmp_path / name)]
            for name, draw in known_figures(each, results(each)).items()
        }
        for each in shipped
    )
    assert set(early) >= {"model_structure", "occupancy", "cost_breakdown"}
    assert early == done


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
