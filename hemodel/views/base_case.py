"""Chart of costs by category.

Chart of state occupancy.

Chart of the efficiency frontier: costs across, effects up, as IQWiG draws it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.economics import OFF_FRONTIER, extended
from hemodel.formats import display
from hemodel.model.evaluate import base_draws, occupancy_at
from hemodel.units import MONTHS_PER_YEAR
from hemodel.views.curves import last_month
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry
from hemodel.views.shared.page import WIDTH, legend_below, make_room, number_axis, page, percent_axis, settle
from hemodel.views.shared.text import brief, fold, lines_height, text_width
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.payer import PayerResult
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run


@style.house_style()
def cost_breakdown(results: Results, _run: Run) -> Figure:
    """Draw discounted costs per patient by category, one bar a strategy."""
    from matplotlib.patches import Patch

    costs = {strategy: results.base_case[strategy].costs.discounted for strategy in results.strategies}
    categories = [name for name in next(iter(costs.values())) if name != "total"]
    figure = page(
        "Costs by category",
        f"Base case, discounted, per patient over {brief(results.time_horizon_years)} years",
        0.5 * len(costs) + 0.75,
    )
    axes = figure.subplots()
    for place, strategy in enumerate(results.strategies):
        _draw_bar(axes, costs[strategy], categories, place)
    names = Names(results)
    axes.set_yticks(range(len(costs)), [fold(names.strategy(s), 1.5, lines=3) for s in costs])
    axes.set_ylim(len(costs) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    number_axis(axes.xaxis, f"Costs per patient ({results.currency}, {results.price_year} prices)")
    handles = [Patch(**_look(i), label=names.component(c)) for i, c in enumerate(categories)]
    legend_below(figure, handles)
    make_room(axes)
    _label_parts(figure, axes)
    return settle(figure)


def _draw_bar(axes: Axes, parts: dict[str, float], categories: list[str], place: int) -> None:
    """One strategy: its parts side by side (those below 0 to the left), and the total."""
    ends = {1: 0.0, -1: 0.0}
    for i, category in enumerate(categories):
        value = parts[category]
        sign = -1 if value < 0 else 1
        axes.barh(place, value, left=ends[sign], height=0.62, **_look(i))
        ends[sign] += value
    axes.annotate(
        display(parts["total"], "money"),
        (ends[1], place),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        weight="bold",
    )


def _label_parts(figure: Figure, axes: Axes) -> None:
    """Write the amount on every part that is wide enough for it."""
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    low, high = axes.get_xlim()
    inches = axes.bbox.width / figure.dpi / (high - low)
    for part in [patch for patch in axes.patches if isinstance(patch, Rectangle)]:
        text = display(part.get_width(), "money")
        if text_width(text) + 0.08 > abs(part.get_width()) * inches:
            continue
        middle = (part.get_x() + part.get_width() / 2, part.get_y() + part.get_height() / 2)
        colour = to_rgba(part.get_facecolor())
        ground = {"facecolor": colour, "edgecolor": "none", "pad": 1.0}
        axes.text(*middle, text, ha="center", va="center", color=_on(colour), bbox=ground)


def _look(i: int) -> dict[str, Any]:
    place = i % len(style.PARTS)
    return {"facecolor": style.PARTS[place], "hatch": style.HATCHES[place], "edgecolor": "white", "linewidth": 0.6}


def _on(colour: tuple[float, float, float, float]) -> str:
    """Return the ink that can be read on a colour."""
    red, green, blue, _ = colour
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else style.INK


FEW_ALIVE = 0.02
"""The axis ends where no more than this share are alive in any strategy."""
MOST_COLUMNS = 3
PANEL_HEIGHT = 2.5
_STATES = {
    "progression_free": ("Progression-free", "#0072B2"),
    "progressed": ("Progressed", "#E69F00"),
    "dead": ("Dead", "#E6E6E6"),
}


@style.house_style()
def occupancy(results: Results, run: Run) -> Figure:
    """Draw who is progression-free, progressed and dead over time, strategy by strategy."""
    from matplotlib.patches import Patch

    count = len(results.strategies)
    columns = min(count, MOST_COLUMNS)
    rows = math.ceil(count / columns)
    titles = _titles(results, WIDTH / columns - 0.75)
    tallest = max(lines_height(title) for title in titles.values())
    figure = page(
        "Patients by health state over time",
        "Base case, undiscounted. Above each panel: mean years in the state within the time horizon of "
        f"{brief(results.time_horizon_years)} years",
        (PANEL_HEIGHT + tallest) * rows,
    )
    cells = list(figure.subplots(rows, columns, squeeze=False).flat)
    last = last_month(run, FEW_ALIVE, math.inf, MONTHS_PER_YEAR) / MONTHS_PER_YEAR
    for axes, strategy in zip(cells, results.strategies, strict=False):
        _draw_states(axes, run, strategy, last)
        axes.set_title(titles[strategy], size=style.SIZE)
        axes.set_xlim(0, last)
        number_axis(axes.xaxis, "Time (years)" if columns == MOST_COLUMNS else "Time from model start (years)")
        percent_axis(axes, "Patients (%)")
    for axes in cells[count:]:
        axes.set_axis_off()
    legend_below(figure, [Patch(color=colour, label=label) for label, colour in _STATES.values()])
    return settle(figure)


def _draw_states(axes: Axes, run: Run, strategy: str, last: float) -> None:
    years = np.linspace(0.0, last, 301)
    areas = occupancy_at(run.model, base_draws(run.model), strategy, years * MONTHS_PER_YEAR)
    axes.stackplot(
        years,
        [areas[state][0] for state in _STATES],
        colors=[colour for _, colour in _STATES.values()],
        edgecolor="white",
        linewidth=0.5,
    )


def _titles(results: Results, width: float) -> dict[str, str]:
    """Return the name of each strategy with its mean years by state."""
    names, found = Names(results), {}
    for strategy in results.strategies:
        years = results.base_case[strategy].life_years.undiscounted
        told = [f"{names.component(state)} {display(years[state], 'years')}" for state in _STATES if state in years]
        lines = [fold(names.strategy(strategy), width, lines=3), *(fold(text, width) for text in told)]
        found[strategy] = "\n".join(lines)
    return found


MARGIN = 0.12
"""Room beyond the last strategy, as a share of the range of costs."""


def asks_for_frontier(payer: PayerResult | None) -> bool:
    """Return whether a payer asks for the efficiency frontier, also of two strategies."""
    rows = () if payer is None else payer.reference_case
    return any(row.field == "reports" and row.asked == "efficiency frontier" for row in rows)


@style.house_style()
def efficiency_frontier(results: Results, _run: Run) -> Figure:
    """Draw costs and QALYs of every strategy, the frontier, and its last segment extended to the right."""
    from matplotlib.lines import Line2D

    names = Names(results)
    figure = page("Efficiency frontier", _subtitle(results), 3.6)
    axes = figure.subplots()
    handles: list[Artist] = []
    for entry in results.frontier:
        place = results.strategies.index(entry.strategy)
        out = entry.status in OFF_FRONTIER
        look: dict[str, Any] = {"marker": style.marker(place), "markersize": 7, "linestyle": "none"}
        look |= {"markeredgecolor": style.colour(place), "markeredgewidth": 1.4}
        look |= {"markerfacecolor": "white" if out else style.colour(place)}
        axes.plot(*_point(results, entry.strategy), **look, zorder=5, clip_on=False)
        label = names.strategy(entry.strategy) + (f" ({entry.status})" if out else "")
        handles.append(Line2D([], [], **look, label=label))
    _limits(axes, results)
    handles += _draw_line(axes, results)
    number_axis(axes.xaxis, f"Costs ({results.currency} per patient)")
    number_axis(axes.yaxis, "Effects (QALYs per patient)")
    axes.grid()
    legend_below(figure, handles)
    return settle(figure)


def _subtitle(results: Results) -> str:
    last = [entry for entry in results.frontier if entry.icer is not None]
    if not last:
        return "One strategy has the most QALYs at the least cost, so that the frontier has no segment; discounted"
    slope = display(last[-1].icer, "icer", results.currency)
    return f"The last segment, {slope} per QALY, is extended to the right; discounted totals for each patient"


def _point(results: Results, strategy: str) -> tuple[float, float]:
    found = results.base_case[strategy]
    return found.costs.discounted["total"], found.qalys.discounted["total"]


def _limits(axes: Axes, results: Results) -> None:
    """Show every strategy, with a margin."""
    costs, effects = zip(*(_point(results, strategy) for strategy in results.strategies), strict=True)
    axes.set_xlim(*_range(costs))
    axes.set_ylim(*_range(effects))


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = MARGIN * ((high - low) or abs(high) or 1.0)
    return low - room, high + room


def _draw_line(axes: Axes, results: Results) -> list[Artist]:
    """Draw the frontier and its extension to the edge; return what the legend shows."""
    kept = [e.strategy for e in results.frontier if e.status not in OFF_FRONTIER]
    points = [_point(results, strategy) for strategy in kept]
    if len(points) == 1:
        return []
    costs, effects = zip(*points, strict=True)
    line = axes.plot(costs, effects, color=style.INK, linewidth=1.3, zorder=3, label="Efficiency frontier")
    edge = axes.get_xlim()[1]
    beyond = extended(costs, effects, edge)
    axes.set_ylim(top=max(axes.get_ylim()[1], beyond))
    last = axes.plot(
        [costs[-1], edge],
        [effects[-1], beyond],
        color=style.INK,
        linewidth=1.1,
        linestyle=(0, (4, 2)),
        zorder=3,
        label="Last segment, extended",
    )
    return [*line, *last]


CHARTS = (
    ChartEntry("occupancy", occupancy, "Patients by state over time", same_for_payers=True),
    ChartEntry("cost_breakdown", cost_breakdown, "Discounted costs by category"),
    ChartEntry(
        "efficiency_frontier",
        efficiency_frontier,
        "Efficiency frontier",
        lambda results, _: len(results.strategies) > 2 or asks_for_frontier(results.payer),
    ),
)
