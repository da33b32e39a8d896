"""Chart of costs by category: a waterfall of the increment.

Chart of state occupancy.

Chart of the efficiency frontier: costs across, effects up, as IQWiG draws it.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.economics import OFF_FRONTIER, change, extended
from hemodel.formats import display
from hemodel.model.evaluate import base_draws, occupancy_at
from hemodel.units import MONTHS_PER_YEAR
from hemodel.views.curves import last_month
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry
from hemodel.views.shared.page import (
    LABEL_WIDTH,
    WIDTH,
    legend_below,
    make_room,
    money_axis,
    number_axis,
    page,
    percent_axis,
    plain_rows,
    settle,
)
from hemodel.views.shared.text import about, brief, fold, lines_height
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.base_case import Incremental
    from hemodel.analyses.payer import PayerResult
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run


ROW_HEIGHT = 0.3
RISE, FALL, WHOLE = style.HIGH_COLOUR, style.LOW_COLOUR, style.GREY


@style.house_style()
def cost_breakdown(results: Results, _run: Run, intervention: str | None = None) -> Figure:
    """Draw the way from the costs of the comparator to those of an intervention, category by category.

    Parameters
    ----------
    intervention : str, optional
        The first one by default.
    """
    entry = next(e for e in results.incremental if intervention in (None, e.intervention))
    before, after = (results.base_case[s].costs.discounted for s in (entry.comparator, entry.intervention))
    steps = {name: change(before[name], after[name]) or 0.0 for name in before if name != "total"}
    steps = {name: step for name, step in steps.items() if display(step, "money") != "0"}
    names = Names(results)
    told = f"Discounted costs per patient over {brief(results.time_horizon_years)} years, {results.price_year} prices"
    figure = page(
        _extra(results, entry, steps), f"{told}; what each category adds", ROW_HEIGHT * (len(steps) + 2) + 0.6
    )
    axes = figure.subplots()
    rows = [(before["total"], WHOLE, 0.0), *((step, RISE if step > 0 else FALL, None) for step in steps.values())]
    _draw_steps(axes, [*rows, (after["total"], WHOLE, 0.0)])
    texts = [names.strategy(entry.comparator), *(names.component(c) for c in steps), names.strategy(entry.intervention)]
    axes.set_yticks(range(len(texts)), [fold(text, LABEL_WIDTH) for text in texts], linespacing=1.05)
    for label in (axes.get_yticklabels()[0], axes.get_yticklabels()[-1]):
        label.set_fontweight("bold")
    axes.set_ylim(len(texts) - 0.4, -0.6)
    plain_rows(axes)
    make_room(axes)
    money_axis(axes.xaxis, "Costs", results.currency, "per patient")
    return settle(figure)


def _extra(results: Results, entry: Incremental, steps: dict[str, float]) -> str:
    """Return what an intervention costs more or less, and the category that makes most of it."""
    names, more = Names(results), entry.costs >= 0
    who, much = names.strategy(entry.intervention), about(abs(entry.costs), results.currency)
    said = f"{who} costs {much} {'more' if more else 'less'} per patient"
    same = {name: abs(step) for name, step in steps.items() if (step >= 0) == more}
    if not same:
        return said
    most = max(same, key=lambda name: same[name])
    part = names.component(most)
    verb = "adds" if more else "saves"
    return f"{said}; {part[:1].lower()}{part[1:]} {verb} {about(same[most], results.currency)}"


def _draw_steps(axes: Axes, rows: Sequence[tuple[float, str, float | None]]) -> None:
    """Draw bars one below another, each from the end of the one before it or from a start of its own."""
    end = 0.0
    for place, (width, colour, start) in enumerate(rows):
        begin = end if start is None else start
        axes.barh(place, width, left=begin, height=0.62, color=colour)
        end = begin + width
        if place < len(rows) - 1:
            axes.plot([end, end], [place, place + 1], color=style.INK, linewidth=0.6, zorder=3)
        text = display(width, "money")
        axes.annotate(
            f"+{text}" if start is None and width > 0 else text,
            (max(begin, end), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            weight="normal" if start is None else "bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5},
        )


FEW_ALIVE = 0.02
"""The axis ends where no more than this share are alive in any strategy."""
MOST_COLUMNS = 2
PANEL_HEIGHT = 2.0
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
        _longest(results),
        "Patients by health state over time, base case; above each panel mean years in the state, undiscounted, within"
        f" {brief(results.time_horizon_years)} years",
        (PANEL_HEIGHT + tallest) * rows,
    )
    cells = list(figure.subplots(rows, columns, squeeze=False).flat)
    last = last_month(run, FEW_ALIVE, math.inf, MONTHS_PER_YEAR) / MONTHS_PER_YEAR
    for axes, strategy in zip(cells, results.strategies, strict=False):
        _draw_states(axes, run, strategy, last)
        axes.set_title(titles[strategy], size=style.SIZE)
        axes.set_xlim(0, last)
        number_axis(axes.xaxis, "Time (years)")
        percent_axis(axes, "Patients (%)")
    for axes in cells[count:]:
        axes.set_axis_off()
    legend_below(figure, [Patch(color=colour, label=label) for label, colour in _STATES.values()])
    return settle(figure)


def _longest(results: Results) -> str:
    """Return how long patients are progression-free with each strategy."""
    names = Names(results)
    years = {s: results.base_case[s].life_years.undiscounted["progression_free"] for s in results.strategies}
    best, first = max(years, key=lambda s: years[s]), results.strategies[0]
    told = f"Patients are progression-free for {display(years[best], 'years')} years with {names.strategy(best)}"
    if best == first:
        return told
    return f"{told} and {display(years[first], 'years')} with {names.strategy(first)}"


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
    names = Names(results)
    figure = page(_efficient(results), _subtitle(results), 3.3)
    axes = figure.subplots()
    for entry in results.frontier:
        place = results.strategies.index(entry.strategy)
        out = entry.status in OFF_FRONTIER
        look: dict[str, Any] = {"marker": style.marker(place), "markersize": 7, "linestyle": "none"}
        look |= {"markeredgecolor": style.colour(place), "markeredgewidth": 1.4}
        look |= {"markerfacecolor": "white" if out else style.colour(place)}
        label = names.strategy(entry.strategy) + (f" ({entry.status})" if out else "")
        axes.plot(*_point(results, entry.strategy), **look, zorder=5, clip_on=False, label=label)
    _limits(axes, results)
    handles = axes.get_lines()
    _draw_line(axes, results)
    money_axis(axes.xaxis, "Costs", results.currency, "per patient")
    number_axis(axes.yaxis, "Effects (QALYs per patient)")
    axes.grid()
    legend_below(figure, handles)
    return settle(figure)


def _efficient(results: Results) -> str:
    """Return which strategies are on the frontier, or which are not where these are fewer."""
    names = Names(results)
    out = [names.strategy(e.strategy) for e in results.frontier if e.status in OFF_FRONTIER]
    if not out:
        return "Every strategy is on the efficiency frontier"
    on = [names.strategy(e.strategy) for e in results.frontier if e.status not in OFF_FRONTIER]
    if len(on) == 1:
        return f"{on[0]} costs least and has the most QALYs"
    return f"{' and '.join(out)} {'is' if len(out) == 1 else 'are'} not on the efficiency frontier"


def _subtitle(results: Results) -> str:
    last = [entry for entry in results.frontier if entry.icer is not None]
    told = "Discounted totals per patient"
    if not last:
        return told
    slope = about(last[-1].icer or 0.0, results.currency)
    return f"{told}; line: the frontier, dashed where its last segment, {slope} per QALY, is extended"


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


def _draw_line(axes: Axes, results: Results) -> None:
    """Draw the frontier and its extension to the edge."""
    kept = [e.strategy for e in results.frontier if e.status not in OFF_FRONTIER]
    points = [_point(results, strategy) for strategy in kept]
    if len(points) == 1:
        return
    costs, effects = zip(*points, strict=True)
    axes.plot(costs, effects, color=style.INK, linewidth=1.3, zorder=3)
    edge = axes.get_xlim()[1]
    beyond = extended(costs, effects, edge)
    axes.set_ylim(top=max(axes.get_ylim()[1], beyond))
    axes.plot([costs[-1], edge], [effects[-1], beyond], color=style.INK, linewidth=1.1, linestyle=(0, (4, 2)), zorder=3)


def _costs(intervention: str | None = None) -> ChartEntry:
    return ChartEntry(
        "cost_breakdown",
        partial(cost_breakdown, intervention=intervention),
        "Costs by category, from the comparator to the intervention",
        each=None if intervention else _costs,
        of_base_case=True,
    )


CHARTS = (
    ChartEntry("occupancy", occupancy, "Patients by state over time", same_for_payers=True, of_base_case=True),
    _costs(),
    ChartEntry(
        "efficiency_frontier",
        efficiency_frontier,
        "Efficiency frontier",
        lambda results, _: len(results.strategies) > 2 or asks_for_frontier(results.payer),
    ),
)
