"""Heat maps of the two-way sensitivity analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.economics import is_cost_effective, net_monetary_benefit
from hemodel.errors import UsageError
from hemodel.reporting import style
from hemodel.reporting.charts_page import legend_below, number_axis, page, settle
from hemodel.reporting.charts_text import brief, fold, minus, threshold_text
from hemodel.reporting.charts_tornado import input_names
from hemodel.reporting.format import display

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

    from hemodel.analysis.run import Run
    from hemodel.parameters import FloatArray
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_grids import GridInput, TwoWayResult

MOST_PANELS = 3
HEIGHTS = (4.0, 3.4, 2.55)
"""Height of a panel where there are one, two or three. [inches]"""
MOST_LINES = 4
"""Thresholds whose boundaries are drawn, that of the decision among them."""
X_LABEL, Y_LABELS = 4.6, (3.2, 2.6, 1.8)
"""Room for the labels of the axes. [inches]"""
_TITLES = {
    "nmb": "Incremental net monetary benefit by two inputs",
    "icer": "Incremental cost-effectiveness ratio by two inputs",
    "qalys": "Incremental QALYs by two inputs",
    "costs": "Incremental costs by two inputs",
}
_SIGNED, _PLAIN = "PuOr", "cividis"
"""Colour maps: around a middle (orange below, purple above), and from low to high. Both suit the colour-blind."""


@style.house_style()
def two_way(results: Results, _run: Run) -> Figure:
    """Draw the grid of a run: net benefit by the two inputs with the largest bars, for each intervention.

    Parameters
    ----------
    results : Results
    _run : Run
        Not needed; every chart takes both.

    Raises
    ------
    UsageError
        Without a two-way analysis.
    """
    if not results.two_way:
        raise UsageError("There is no two-way analysis to draw. Run the part dsa.")
    return heat_maps(results, results.two_way, "nmb")


@style.house_style()
def heat_maps(results: Results, grids: Sequence[TwoWayResult], measure: str) -> Figure:
    """Draw one result over grids of two inputs, a panel for each, with the boundary at each threshold.

    Parameters
    ----------
    results : Results
    grids : sequence of TwoWayResult
        The first three are drawn.
    measure : {"nmb", "icer", "qalys", "costs"}
        Net monetary benefit is at the decision threshold.
    """
    shown = list(grids)[:MOST_PANELS]
    figure = page(_TITLES[measure], _subtitle(results, shown, measure), HEIGHTS[len(shown) - 1] * len(shown))
    handles: dict[str, Artist] = {}
    for axes, grid in zip(figure.subplots(len(shown), squeeze=False)[:, 0], shown, strict=True):
        handles |= _panel(figure, axes, results, (grid, measure, len(shown)))
    legend_below(figure, handles.values())
    return settle(figure)


def _subtitle(results: Results, shown: Sequence[TwoWayResult], measure: str) -> str:
    at = f" At {threshold_text(results)}." if measure == "nmb" else ""
    said = []
    for grid in shown:
        known = [value for row in grid.nmb for value in row if value is not None]
        good = sum(is_cost_effective(value) for value in known)
        if good in {0, len(known)}:
            said.append(f"{'every' if good else 'no'} point is cost-effective at the decision threshold")
        else:
            said.append(f"{good} of {len(known)} points are cost-effective at the decision threshold")
    start = f"{minus(results, shown[0].intervention)}." if len(shown) == 1 else ""
    found = "; ".join(dict.fromkeys(said)) if len(shown) == 1 else ""
    lost = sum(len(grid.failed) for grid in shown)
    more = f" Points without a result: {lost}." if lost else ""
    sentence = f" {found[:1].upper()}{found[1:]}." if found else ""
    return f"{start}{at}{sentence} All other inputs as in the base case; discounted.{more}".strip()


def _panel(figure: Figure, axes: Axes, results: Results, about: tuple[TwoWayResult, str, int]) -> dict[str, Artist]:
    """Draw one grid; return what the legend shows, by label."""
    grid, measure, panels = about
    x, y = np.array(grid.x.values), np.array(grid.y.values)
    values = _array(getattr(grid, measure))
    mesh = _mesh(axes, results, (x, y, values), measure)
    handles = _missing(axes, grid, values)
    handles |= _boundaries(axes, results, grid)
    handles |= _marks(axes, grid)
    names = input_names(results, [grid.x, grid.y])
    number_axis(axes.xaxis, _label(results, grid.x, names[0], X_LABEL))
    number_axis(axes.yaxis, _label(results, grid.y, names[1], Y_LABELS[panels - 1]))
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
    if panels > 1:
        axes.set_title(fold(minus(results, grid.intervention), 4.6, size=style.SIZE + 0.5, lines=1))
    bar = figure.colorbar(mesh, ax=axes, pad=0.02, aspect=24)
    bar.outline.set_visible(False)
    unit = {"icer": f"ICER ({results.currency} per QALY)", "qalys": "Incremental QALYs (per patient)"}
    money = "Net monetary benefit" if measure == "nmb" else "Incremental costs"
    known = values[~np.isnan(values)]
    if measure in {"nmb", "icer"} and known.size:
        middle = 0.0 if measure == "nmb" else results.decision_threshold
        bar.ax.set_ylim(min(float(known.min()), middle), max(float(known.max()), middle))
    number_axis(bar.ax.yaxis, unit.get(measure, f"{money} ({results.currency})"))
    return handles


def _array(rows: Sequence[Sequence[float | None]]) -> FloatArray:
    return np.array([[np.nan if value is None else value for value in row] for row in rows], dtype=np.float64)


def _mesh(axes: Axes, results: Results, drawn: tuple[FloatArray, FloatArray, FloatArray], measure: str) -> QuadMesh:
    """Colour the cells: around 0 for net benefit, around the decision threshold for the ICER, else from low to high."""
    x, y, values = drawn
    middle = {"nmb": 0.0, "icer": results.decision_threshold}.get(measure)
    known = values[~np.isnan(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    name = _PLAIN
    if middle is not None:
        reach = max(abs(low - middle), abs(high - middle)) or 1.0
        low, high, name = middle - reach, middle + reach, _SIGNED if measure == "nmb" else f"{_SIGNED}_r"
    elif low == high:
        high = low + 1.0
    return axes.pcolormesh(
        x, y, np.ma.masked_invalid(values), shading="nearest", cmap=name, vmin=low, vmax=high, rasterized=True
    )


def _missing(axes: Axes, grid: TwoWayResult, values: FloatArray) -> dict[str, Artist]:
    """Hatch what has no value."""
    from matplotlib.patches import Patch

    absent = np.isnan(values)
    if not absent.any():
        return {}
    axes.patch.set(hatch="////", facecolor="white", edgecolor=style.LIGHT)
    text = "No result" if len(grid.failed) == absent.sum() else "No result, or no ratio (dominant or dominated)"
    return {text: Patch(facecolor="white", edgecolor=style.LIGHT, hatch="////", label=text)}


def _boundaries(axes: Axes, results: Results, grid: TwoWayResult) -> dict[str, Artist]:
    """Draw where net benefit is 0 at each threshold, that of the decision as a full line."""
    from matplotlib.lines import Line2D

    x, y = np.array(grid.x.values), np.array(grid.y.values)
    qalys, costs = _array(grid.qalys), _array(grid.costs)
    handles: dict[str, Artist] = {}
    order = sorted((b.threshold for b in grid.boundaries), key=lambda t: (t != results.decision_threshold, t))
    for k, threshold in enumerate(order[:MOST_LINES]):
        benefit = net_monetary_benefit(qalys, costs, threshold)
        known = benefit[~np.isnan(benefit)]
        if not known.size or known.min() > 0 or known.max() < 0:
            continue
        look: dict[str, Any] = {"linestyle": style.dashes(k), "linewidth": 1.8 if k == 0 else 1.2, "color": style.INK}
        axes.contour(
            x,
            y,
            np.ma.masked_invalid(benefit),
            levels=[0.0],
            colors=[look["color"]],
            linestyles=[look["linestyle"]],
            linewidths=[look["linewidth"]],
        )
        text = f"Net benefit 0 at {display(threshold, 'icer')}"
        handles[text] = Line2D([], [], **look, label=text)
    return handles


def _marks(axes: Axes, grid: TwoWayResult) -> dict[str, Artist]:
    """Mark the base case, and the bounds that lie within the grid."""
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"marker": "o", "markersize": 8, "linestyle": "none"}
    look |= {"markerfacecolor": "white", "markeredgecolor": style.INK, "markeredgewidth": 1.2}
    handles: dict[str, Artist] = {}
    inside = all(one.values[0] <= one.base <= one.values[-1] for one in (grid.x, grid.y))
    if inside:
        axes.plot(grid.x.base, grid.y.base, **look, zorder=5, clip_on=False)
        handles["Base case"] = Line2D([], [], **look, label="Base case")
    thin: dict[str, Any] = {"color": style.GREY, "linewidth": 0.8}
    for one, draw in ((grid.x, axes.axvline), (grid.y, axes.axhline)):
        for end in (one.low, one.high):
            if end is not None and one.values[0] < end < one.values[-1]:
                draw(end, **thin)
                handles["Bounds"] = Line2D([], [], **thin, label="Bounds of the input")
    return handles


def _label(results: Results, one: GridInput, name: str, room: float) -> str:
    """Return name and unit, and below them base value and bounds."""
    unit = (one.unit or "value").replace("currency", results.currency)
    bounds = "" if one.low is None or one.high is None else f", bounds {brief(one.low)} to {brief(one.high)}"
    return f"{fold(f'{name} ({unit})', room)}\nbase case {brief(one.base)}{bounds}"
