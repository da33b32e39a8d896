"""Tables of two-way, n-way and threshold analyses.

Heat maps of the two-way sensitivity analysis.

Chart of the n-way analysis: each combination beside the base case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.base_case import threshold_key
from hemodel.economics import is_cost_effective, net_monetary_benefit
from hemodel.errors import UsageError
from hemodel.formats import display
from hemodel.views.one_way import base_value, input_names, result_axis
from hemodel.views.outcomes import per_qaly
from hemodel.views.shared import notes, style
from hemodel.views.shared.declared import ROWS_ON_PAGE, ChartEntry, CommandTable, OnPage, TableEntry
from hemodel.views.shared.page import (
    LABEL_WIDTH,
    label_across,
    legend_below,
    make_room,
    money_axis,
    number_axis,
    page,
    plain_rows,
    settle,
)
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import brief, fold, minus, threshold_text
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.collections import QuadMesh
    from matplotlib.figure import Figure

    from hemodel.analyses.dsa.grids import CombinationResult, GridInput, NWayResult, TwoWayResult
    from hemodel.analyses.dsa.threshold_search import ThresholdSearch, ThresholdValue
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.formats import Value
    from hemodel.parameters import FloatArray


MOST_CROSSINGS = 3
"""Columns of the table of boundaries; a row of a grid rarely crosses more than once."""
MOVED = {
    "parameter": "",
    "statistic": "with a refit of its curves",
    "curve": "along the joint uncertainty of the curves",
    "price": "all sizes in proportion",
}


def _is_crossed(grids: Sequence[TwoWayResult]) -> bool:
    """Whether a threshold lies within a grid."""
    return any(any(boundary.x) for grid in grids for boundary in grid.boundaries)


def threshold_values(results: Results, entries: Sequence[ThresholdValue], names: Names) -> Table:
    """Return for each input of the one-way analysis the value at which the decision changes."""
    at = display(results.decision_threshold, "icer", results.currency)
    most = max((len(entry.values) for entry in entries), default=0)
    headers = ["Decision changes at", *("also at" + " again" * k for k in range(most - 1))]
    benefit = f"Net monetary benefit at {at} per QALY"
    return Table(
        "threshold_values",
        "Values at which the decision changes",
        (
            "Each input alone between its bounds, at the decision threshold; those that change the decision first.",
            "Linear: net benefit is a straight line in the input, so that there is no other value.",
            "Monotone: it only rises or only falls from point to point, so that there is none unless it turns between.",
        ),
        (
            *(Column(header) for header in ("Intervention", "Input", "Id", "Unit")),
            *(Column(header, "number", "", "Value") for header in ("Base case", "Low", "High")),
            *(Column(header, "number") for header in headers),
            *(Column(header, "money", results.currency, benefit) for header in ("At low", "Base case", "At high")),
            Column("How it is known"),
        ),
        tuple(
            (
                *(names.strategy(e.intervention), e.label, e.id, e.unit, e.base, e.low, e.high),
                *(e.values[k] if k < len(e.values) else None for k in range(max(most, 1))),
                *(e.nmb_low, e.nmb_base, e.nmb_high, e.words),
            )
            for e in entries
        ),
        banded=True,
    )


def two_way(results: Results, grids: Sequence[TwoWayResult], names: Names) -> Table:
    """Return every point of every grid."""
    return Table(
        "two_way",
        "Two-way sensitivity analysis",
        (
            *_moved(grids),
            f"Net monetary benefit at {display(results.decision_threshold, 'icer', results.currency)} per QALY.",
            notes.INCREMENT,
            notes.RATIO,
        ),
        (
            *(Column(header) for header in ("Intervention", "First input", "Second input")),
            *(Column(header, "number", "", "Value") for header in ("First", "Second")),
            Column("QALYs", "qaly", "QALY", "Increment"),
            Column("Costs", "money", results.currency, "Increment"),
            Column("ICER", "icer", per_qaly(results)),
            Column("Net monetary benefit", "money", results.currency),
            Column("Why there is no result"),
        ),
        tuple(row for grid in grids for row in _points(grid, names)),
    )


def _points(grid: TwoWayResult, names: Names) -> Iterator[tuple[Value, ...]]:
    failed = {(point.x, point.y): point.why for point in grid.failed}
    for i, y in enumerate(grid.y.values):
        for j, x in enumerate(grid.x.values):
            why = failed.get((x, y), "")
            ratio = None if why else (grid.icer[i][j] if grid.icer[i][j] is not None else grid.verdict[i][j])
            yield (
                *(names.strategy(grid.intervention), grid.x.id, grid.y.id, x, y),
                *(grid.qalys[i][j], grid.costs[i][j], ratio, grid.nmb[i][j], why),
            )


def _moved(grids: Sequence[TwoWayResult]) -> list[str]:
    """Say how inputs that are no plain values are moved."""
    how = {one.id: MOVED[one.moved] for grid in grids for one in (grid.x, grid.y) if MOVED[one.moved]}
    return [f"{id_}: {text}." for id_, text in how.items()]


def two_way_boundary(results: Results, grids: Sequence[TwoWayResult], names: Names) -> Table:
    """Return for each value of the second input the values of the first at which net benefit is 0."""
    rows: list[tuple[Value, ...]] = [
        (
            *(names.strategy(grid.intervention), grid.x.label, grid.y.label, boundary.threshold, y),
            *(crossed[k] if k < len(crossed) else None for k in range(MOST_CROSSINGS)),
            *_at_ends(grid, boundary.threshold, i),
        )
        for grid in grids
        for boundary in grid.boundaries
        if any(boundary.x)
        for i, (y, crossed) in enumerate(zip(grid.y.values, boundary.x, strict=True))
    ]
    used = max((len(crossed) for grid in grids for b in grid.boundaries for crossed in b.x), default=0)
    kept = max(1, min(used, MOST_CROSSINGS))
    headers = ["First input at the boundary", "also at", "also at again"][:kept]
    ends = ("First input at its lower end", "at its upper end")
    group = "Net monetary benefit"
    return Table(
        "two_way_boundary",
        "Where the decision changes on the two-way grid",
        (
            "For each value of the second input, the value of the first at which net monetary benefit is 0.",
            "Between points by a straight line. Thresholds that no point of the grid meets are left out.",
            *_moved(grids),
        ),
        (
            *(Column(header) for header in ("Intervention", "First input", "Second input")),
            Column("Threshold", "icer", per_qaly(results)),
            Column("Second input", "number", "", "Value"),
            *(Column(header, "number") for header in headers),
            *(Column(header, "money", results.currency, group) for header in ends),
        ),
        tuple((*row[:5], *row[5 : 5 + kept], *row[5 + MOST_CROSSINGS :]) for row in rows),
    )


def _at_ends(grid: TwoWayResult, threshold: float, i: int) -> Iterator[float | None]:
    for j in (0, -1):
        qalys, costs = grid.qalys[i][j], grid.costs[i][j]
        yield None if qalys is None or costs is None else net_monetary_benefit(qalys, costs, threshold)


def n_way(results: Results, found: NWayResult, thresholds: Sequence[float], names: Names) -> Table:
    """Return every combination: its values, the increments and net benefit."""
    ids = list(found.labels)
    return Table(
        "n_way",
        "N-way sensitivity analysis",
        (
            f"Combinations of {found.file}. Inputs without a value stay as in the base case.",
            notes.INCREMENT,
            notes.RATIO,
        ),
        (
            *(Column(header) for header in ("Intervention", "Combination")),
            *(Column(id_, "number", found.units[id_], "Value") for id_ in ids),
            Column("QALYs", "qaly", "QALY", "Increment"),
            Column("Costs", "money", results.currency, "Increment"),
            Column("ICER", "icer", per_qaly(results)),
            *(Column(display(t, "icer"), "money", results.currency, "Net monetary benefit at") for t in thresholds),
            Column("Change from the base case", "money", results.currency),
            Column("Changes the decision"),
            Column("Why there is no result"),
        ),
        tuple(
            (
                *(names.strategy(one.intervention), one.name, *(one.values.get(id_) for id_ in ids)),
                *(one.qalys, one.costs, (one.verdict or None) if one.icer is None else one.icer),
                *(one.nmb.get(threshold_key(t)) for t in thresholds),
                one.change_in_nmb,
                None if one.changes_decision is None else ("yes" if one.changes_decision else "no"),
                one.failed,
            )
            for one in found.combinations
        ),
        banded=True,
    )


def threshold_search(results: Results, searches: Sequence[ThresholdSearch], names: Names) -> Table:
    """Return every value of each input that was searched at which net benefit is 0."""
    rows: list[tuple[Value, ...]] = []
    for one in searches:
        for at in one.at:
            start = (names.strategy(at.intervention), one.label, one.id, one.unit, one.base, one.low, one.high)
            ranges = "; ".join(f"{display(a, 'number')} to {display(b, 'number')}" for a, b in at.cost_effective)
            end = (at.nmb_low, at.nmb_high, ranges or "nowhere", at.words)
            found: list[float | None] = [*at.values]
            rows += [(*start, at.threshold, value, *end) for value in found or [None]]
    benefit = "Net monetary benefit"
    return Table(
        "threshold_search",
        "Threshold search",
        ("Each input alone over its range; a row for each value at which net monetary benefit is 0.",),
        (
            *(Column(header) for header in ("Intervention", "Input", "Id", "Unit")),
            *(Column(header, "number", "", "Value") for header in ("Base case", "Low", "High")),
            Column("Threshold", "icer", per_qaly(results)),
            Column("Met at", "number"),
            *(Column(header, "money", results.currency, benefit) for header in ("At low", "At high")),
            Column("Net benefit is 0 or more"),
            Column("How it is known"),
        ),
        tuple(rows),
        banded=True,
    )


MOST_PANELS = 3
HEIGHTS = (3.3, 2.5, 1.75)
"""Height of a panel where there are one, two or three. [inches]"""
MOST_LINES = 4
"""Thresholds whose boundaries are drawn, that of the decision among them."""
X_LABEL, Y_LABELS = 2.9, (2.6, 1.9, 1.2)
"""Room for the labels of the axes. [inches]"""
_SIGNED, _PLAIN = "PuOr", "cividis"
"""Colour maps: around a middle (orange below, purple above), and from low to high. Both suit the colour-blind."""


@style.house_style()
def two_way_chart(results: Results, _run: Run) -> Figure:
    """Draw the grid of a run: net benefit by price and effect, or the largest bars, for each intervention.

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
    grids : sequence of TwoWayResult
        The first three are drawn.
    measure : {"nmb", "icer", "qalys", "costs"}
        Net monetary benefit is at the decision threshold.
    """
    shown = list(grids)[:MOST_PANELS]
    figure = page(_finding(results, shown), _subtitle(results, shown, measure), HEIGHTS[len(shown) - 1] * len(shown))
    handles: dict[str, Artist] = {}
    for axes, grid in zip(figure.subplots(len(shown), squeeze=False)[:, 0], shown, strict=True):
        handles |= _panel(figure, axes, results, (grid, measure, len(shown)))
    legend_below(figure, handles.values())
    return settle(figure)


def _finding(results: Results, shown: Sequence[TwoWayResult]) -> str:
    """Return in how many combinations an intervention is cost-effective; of several, of all their panels."""
    known = [value for grid in shown for row in grid.nmb for value in row if value is not None]
    good, at = sum(is_cost_effective(value) for value in known), threshold_text(results)
    who = Names(results).strategy(shown[0].intervention)
    if good in {0, len(known)}:
        return f"{'Every' if good else 'No'} combination of the two inputs is cost-effective at {at}"
    if len({grid.intervention for grid in shown}) > 1:
        return f"{good} of {len(known)} combinations of the two inputs are cost-effective at {at}"
    return f"{who} is cost-effective at {at} in {good} of {len(known)} combinations"


def _subtitle(results: Results, shown: Sequence[TwoWayResult], measure: str) -> str:
    what = {"nmb": f"Incremental net monetary benefit at {threshold_text(results)}", "icer": "ICER"}
    start = what.get(measure) or f"Incremental {'QALYs' if measure == 'qalys' else 'costs'}"
    who = f", {minus(results, shown[0].intervention)}" if len(shown) == 1 else ""
    lost = sum(len(grid.failed) for grid in shown)
    more = f"; points without a result: {lost}" if lost else ""
    return f"{start}{who}; all other inputs as in the base case{more}"


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
        axes.set_title(fold(minus(results, grid.intervention), 3.2, size=style.SIZE + 0.5, lines=1))
    bar = figure.colorbar(mesh, ax=axes, pad=0.02, aspect=24)
    bar.outline.set_visible(False)
    known = values[~np.isnan(values)]
    if measure in {"nmb", "icer"} and known.size:
        middle = 0.0 if measure == "nmb" else results.decision_threshold
        bar.ax.set_ylim(min(float(known.min()), middle), max(float(known.max()), middle))
    if measure == "qalys":
        number_axis(bar.ax.yaxis, "Incremental QALYs (per patient)")
    else:
        what = {"nmb": "Net monetary benefit", "icer": "ICER"}.get(measure, "Incremental costs")
        money_axis(bar.ax.yaxis, what, results.currency, "per QALY" if measure == "icer" else "")
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


MOST_ROWS = 14
ROW_HEIGHT = 0.34
SAME, OTHER = style.HIGH_COLOUR, style.STRATEGY_COLOURS[1]
"""Colours of combinations with the decision of the base case, and with another."""


@style.house_style()
def n_way_chart(results: Results, found: NWayResult, measure: str, intervention: str) -> Figure:
    """Draw one result of each combination as a bar from the base case, in the order of the file.

    Parameters
    ----------
    measure : {"nmb", "icer", "qalys", "costs"}
        Net monetary benefit is at the decision threshold.
    intervention : str
        The first 14 combinations are drawn.

    Raises
    ------
    UsageError
        For the ICER where the base case has none.
    """
    increment = next(entry for entry in results.incremental if entry.intervention == intervention)
    base = base_value(results, increment, measure)
    every = [one for one in found.combinations if one.intervention == intervention]
    rows = every[:MOST_ROWS]
    at = f", at {threshold_text(results)}" if measure == "nmb" else ""
    shown = f"the first {len(rows)} of {len(every)}" if len(rows) < len(every) else f"all {len(rows)}"
    what = {"nmb": "Net monetary benefit", "icer": "ICER", "qalys": "Incremental QALYs"}.get(
        measure, "Incremental costs"
    )
    subtitle = f"{what}{at}, {minus(results, intervention)}: {shown} combinations of {found.file}, from the base case"
    figure = page(_turning(results, every), subtitle, ROW_HEIGHT * max(len(rows), 3) + 0.7)
    axes = figure.subplots()
    for place, one in enumerate(rows):
        _row(axes, results, (place, base), one, measure)
    axes.axvline(base, color=style.INK, linewidth=0.9)
    axes.set_yticks(range(len(rows)), [fold(one.name, LABEL_WIDTH) for one in rows], linespacing=1.05)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    plain_rows(axes)
    if any(one.changes_decision for one in rows):
        _legend(figure)
    make_room(axes)
    result_axis(axes, results, measure)
    label_across(axes, base, "Base case")
    return settle(figure)


def _turning(results: Results, every: Sequence[CombinationResult]) -> str:
    """Return how many combinations change the decision."""
    turning = sum(bool(one.changes_decision) for one in every)
    few = f"{turning} of {len(every)}" if turning else "No"
    verb = "changes" if turning < 2 else "change"
    return f"{few} combination{'s' * (turning > 0)} {verb} the decision at {threshold_text(results)}"


def _row(axes: Axes, results: Results, at: tuple[int, float], one: CombinationResult, measure: str) -> None:
    place, base = at
    values = {"icer": one.icer, "qalys": one.qalys, "costs": one.costs}
    benefit = (
        None
        if one.qalys is None or one.costs is None
        else net_monetary_benefit(one.qalys, one.costs, results.decision_threshold)
    )
    value = benefit if measure == "nmb" else values[measure]
    shift = 0.0 if value is None else value - base
    if value is not None:
        colour = OTHER if one.changes_decision else SAME
        axes.barh(place, shift, left=base, height=0.62, color=colour, edgecolor="white", linewidth=0.5)
    text = (
        display(value, "qaly" if measure == "qalys" else "money") if value is not None else one.verdict or "no result"
    )
    right = shift >= 0
    axes.annotate(
        text,
        (base + shift, place),
        xytext=(3 if right else -3, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="center",
        color=style.INK,
    )


def _legend(figure: Figure) -> None:
    from matplotlib.patches import Patch

    texts = ((SAME, "Same decision as in the base case"), (OTHER, "Another decision at the decision threshold"))
    legend_below(figure, [Patch(color=colour, label=text) for colour, text in texts])


TABLES = (
    TableEntry(
        "threshold_values",
        lambda results, _, names: (
            None if results.threshold_values is None else threshold_values(results, results.threshold_values, names)
        ),
        OnPage(("Id",), most_rows=ROWS_ON_PAGE),
    ),
    TableEntry(
        "two_way_boundary",
        lambda results, _, names: (
            two_way_boundary(results, results.two_way, names)
            if results.two_way and _is_crossed(results.two_way)
            else None
        ),
    ),
    TableEntry(
        "two_way",
        lambda results, _, names: two_way(results, results.two_way, names) if results.two_way else None,
    ),
)
CHARTS = (
    ChartEntry(
        "two_way",
        two_way_chart,
        "Two-way analysis",
        lambda results, _: bool(results.two_way),
    ),
)
DSA_TABLES = (
    CommandTable(
        "threshold_values",
        lambda found, results, names: (
            threshold_values(results, found.threshold_values, names) if found.threshold_values else None
        ),
    ),
    CommandTable(
        "two_way_boundary",
        lambda found, results, names: (
            two_way_boundary(results, found.two_way, names) if _is_crossed(found.two_way) else None
        ),
    ),
    CommandTable(
        "two_way", lambda found, results, names: two_way(results, found.two_way, names) if found.two_way else None
    ),
    CommandTable(
        "n_way",
        lambda found, results, names: (
            None if found.n_way is None else n_way(results, found.n_way, found.thresholds, names)
        ),
    ),
    CommandTable(
        "threshold_search",
        lambda found, results, names: threshold_search(results, found.searches, names) if found.searches else None,
    ),
)
"""Of the record of `hemodel dsa`, the results and names."""
