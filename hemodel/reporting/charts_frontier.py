"""Chart of the efficiency frontier: costs across, effects up, as IQWiG draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hemodel.economics import DOMINATED, EXTENDEDLY_DOMINATED, extended
from hemodel.reporting import style
from hemodel.reporting.charts_page import legend_below, number_axis, page, settle
from hemodel.reporting.format import display
from hemodel.reporting.tables_words import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_payer import PayerResult

MARGIN = 0.12
"""Room beyond the last strategy, as a share of the range of costs."""


def asks_for_frontier(payer: PayerResult | None) -> bool:
    """Return whether a payer asks for the efficiency frontier, also of two strategies."""
    rows = () if payer is None else payer.reference_case
    return any(row.field == "reports" and row.asked == "efficiency frontier" for row in rows)


@style.house_style()
def efficiency_frontier(results: Results, _run: Run) -> Figure:
    """Draw costs and QALYs of every strategy, the frontier, and its last segment extended to the right.

    Parameters
    ----------
    results : Results
    _run : Run
        Not needed; every chart takes both.
    """
    from matplotlib.lines import Line2D

    names = Names(results)
    figure = page("Efficiency frontier", _subtitle(results), 3.6)
    axes = figure.subplots()
    handles: list[Artist] = []
    for entry in results.frontier:
        place = results.strategies.index(entry.strategy)
        out = entry.status in {DOMINATED, EXTENDEDLY_DOMINATED}
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
    kept = [e.strategy for e in results.frontier if e.status not in {DOMINATED, EXTENDEDLY_DOMINATED}]
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
