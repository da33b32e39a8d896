"""Charts of two-way grids, threshold searches and combinations: what they show, from made-up results."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from support import small_model, small_run

from hemodel.analyses.dsa.grids import Boundary, CombinationResult, FailedPoint, GridInput, NWayResult, TwoWayResult
from hemodel.analyses.dsa.threshold_search import ThresholdAt, ThresholdLine, ThresholdSearch
from hemodel.analyses.results import results
from hemodel.views.grids import heat_maps, n_way_chart
from hemodel.views.shared import style
from hemodel.views.threshold_search import threshold_chart

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from hemodel.analyses.results import Results

PAGE = 4.5


@cache
def found() -> Results:
    return results(small_run(small_model(uncertain=True), 2))


def texts(figure: Figure) -> list[str]:
    return [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in figure.legends[0].get_texts()]


def grid(lost: bool = False) -> TwoWayResult:
    """QALYs x + y and no costs: net benefit is 0 on the line through (-1, 1) and (1, -1)."""
    values = [-2.0, 0.0, 2.0]
    qalys: list[list[float | None]] = [[x + y for x in values] for y in values]
    if lost:
        qalys[0][0] = None
    costs: list[list[float | None]] = [[None if q is None else 0.0 for q in row] for row in qalys]
    one: dict[str, Any] = {"moved": "parameter", "base": 0.5, "low": -1.0, "high": 1.0, "values": values}
    return TwoWayResult(
        intervention="active",
        comparator="standard",
        decision_threshold=50_000,
        x=GridInput(id="a.x", label="First", unit="months", **one),
        y=GridInput(id="b.y", label="Second", unit="currency per vial", **one),
        qalys=qalys,
        costs=costs,
        icer=[[None] * 3] * 3,
        verdict=[["dominant"] * 3] * 3,
        nmb=[[None if q is None else 50_000 * q for q in row] for row in qalys],
        boundaries=[Boundary(threshold=50_000, x=[[2.0], [0.0], [-2.0]])],
        failed=[],
    )


def test_the_contour_is_where_net_benefit_is_0_and_base_and_bounds_are_marked() -> None:
    figure = heat_maps(found(), [grid()], "nmb")
    axes, bar = figure.axes
    assert figure.get_figwidth() == PAGE
    assert axes.get_xlabel() == "First (months)\nbase case 0.5, bounds −1 to 1"
    assert axes.get_ylabel() == "Second (EUR per vial)\nbase case 0.5, bounds −1 to 1"
    assert bar.get_ylabel() == "Net monetary benefit (thousand EUR)"
    contour = np.asarray(axes.collections[1].get_paths()[0].vertices)
    assert contour.sum(axis=1) == pytest.approx(np.zeros(len(contour)), abs=1e-12)
    assert texts(figure) == ["Net benefit 0 at 50,000", "Base case", "Bounds of the input"]
    marked = next(line for line in axes.lines if line.get_marker() == "o")
    assert np.asarray(marked.get_data()).tolist() == [[0.5], [0.5]]
    said = figure.texts[0].get_text().replace("\n", " ").replace("\N{NO-BREAK SPACE}", " ")
    assert said == "Active is cost-effective at EUR 50,000 per QALY in 6 of 9 combinations"


def test_what_has_no_value_is_hatched_and_said() -> None:
    lost = grid(lost=True).model_copy(update={"failed": [FailedPoint(x=-2, y=-2, why="no fit")]})
    figure = heat_maps(found(), [lost], "qalys")
    assert "No result" in texts(figure)
    assert figure.texts[1].get_text().endswith("points without a result: 1")
    assert "No result, or no ratio (dominant or dominated)" in texts(heat_maps(found(), [grid()], "icer"))


def test_three_grids_fit_on_a_page() -> None:
    figure = heat_maps(found(), [grid(), grid(), grid()], "costs")
    assert figure.get_figheight() / figure.get_figwidth() < 24.7 / 16


def test_values_that_meet_a_threshold_are_marked_and_named() -> None:
    x = np.linspace(0, 10, 11)
    search = ThresholdSearch(
        id="utility.progressed",
        label="Progressed",
        unit="utility",
        base=2.0,
        low=0.0,
        high=10.0,
        x=x.tolist(),
        lines=[ThresholdLine(intervention="active", qalys=[0.0] * 11, costs=((x - 1) * (x - 3)).tolist())],
        failed=0,
        at=[
            ThresholdAt(
                intervention="active",
                comparator="standard",
                threshold=t,
                values=values,
                nmb_low=-3.0,
                nmb_high=-63.0,
                cost_effective=[(1.0, 3.0)],
                established="grid",
                words="met at 1 and 3: found on a grid of 11 points; net benefit is not monotone",
            )
            for t, values in ((50_000.0, [1.0, 3.0]), (100_000.0, []))
        ],
    )
    figure = threshold_chart(found(), search)
    assert texts(figure) == ["50,000: met at 1 and 3", "100,000: not met", "Base case, 2"]
    dots = [line for line in figure.axes[0].lines if isinstance(line, Line2D) and line.get_linestyle() == "None"]
    assert [np.asarray(line.get_xdata()).tolist() for line in dots] == [[1.0, 3.0]]
    assert figure.axes[0].get_xlabel() == "Utility, progressed (utility)"


def test_combinations_are_bars_from_the_base_case() -> None:
    base = found().incremental[0]

    def one(name: str, **values: Any) -> CombinationResult:
        common = {"name": name, "values": {}, "intervention": "active", "comparator": "standard", "nmb": {}}
        return CombinationResult.model_validate({**common, "icer": None, "failed": "", **values})

    rows = [
        one("Better", qalys=base.qalys + 1, costs=base.costs, verdict="", change_in_nmb=5e4, changes_decision=True),
        one("Dearer", qalys=base.qalys, costs=base.costs + 9, verdict="", change_in_nmb=-9, changes_decision=False),
        one("Lost", qalys=None, costs=None, verdict="", change_in_nmb=None, changes_decision=None, failed="why"),
    ]
    listed = NWayResult(file="some.csv", sha256="", labels={}, units={}, combinations=rows)
    figure = n_way_chart(found(), listed, "nmb", "active")
    (axes,) = figure.axes
    bars = [bar for bar in axes.patches if isinstance(bar, Rectangle)]
    assert [bar.get_width() for bar in bars] == pytest.approx([50_000, -9])
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [
        style.STRATEGY_COLOURS[1].lower(),
        style.HIGH_COLOUR.lower(),
    ]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["Better", "Dearer", "Lost"]
    assert axes.texts[2].get_text() == "no result"
