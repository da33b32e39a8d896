"""Chart of a threshold search: net benefit along one input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.economics import net_monetary_benefit
from hemodel.formats import display
from hemodel.views.one_way import input_names
from hemodel.views.shared import style
from hemodel.views.shared.page import legend_below, number_axis, page, settle
from hemodel.views.shared.text import brief, fold, minus
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.dsa.threshold_search import ThresholdLine, ThresholdSearch
    from hemodel.analyses.results import Results


MOST_PANELS = 3
MOST_LINES = 5
HEIGHTS = (2.8, 2.2, 1.75)
"""Height of a panel where there are one, two or three. [inches]"""
MOST_VALUES = 3
"""Values that the legend names."""


@style.house_style()
def threshold_chart(results: Results, search: ThresholdSearch) -> Figure:
    """Draw net benefit along an input, a line for each threshold, and the values at which it is 0.

    Parameters
    ----------
    search : ThresholdSearch
        The first three interventions are drawn, with the first five thresholds, that of the decision among them.
    """
    shown = search.lines[:MOST_PANELS]
    several = len(shown) > 1
    (name,) = input_names(results, [search])
    figure = page(f"Net benefit by {name[:1].lower()}{name[1:]}", _subtitle(results, search), _height(len(shown)))
    handles: list[Artist] = []
    for axes, line in zip(figure.subplots(len(shown), squeeze=False)[:, 0], shown, strict=True):
        handles += _panel(axes, results, search, line, several=several)
    legend_below(figure, [*handles, *_common(search)])
    return settle(figure)


def _height(panels: int) -> float:
    return HEIGHTS[panels - 1] * panels


def _subtitle(results: Results, search: ThresholdSearch) -> str:
    said = list(dict.fromkeys(at.words for at in search.at if at.threshold == results.decision_threshold))
    at = f"At the decision threshold of {display(results.decision_threshold, 'icer', results.currency)} per QALY"
    lost = f" Points without a result: {search.failed}." if search.failed else ""
    start = f"{minus(results, search.lines[0].intervention)}. " if len(search.lines) == 1 else ""
    return f"{start}{at}: {said[0]}.{lost}" if len(said) == 1 else f"{start}All else as in the base case.{lost}"


def _panel(
    axes: Axes, results: Results, search: ThresholdSearch, line: ThresholdLine, *, several: bool
) -> list[Artist]:
    from matplotlib.lines import Line2D

    x = np.array(search.x)
    qalys, costs = (np.array([np.nan if v is None else v for v in values]) for values in (line.qalys, line.costs))
    own = [at for at in search.at if at.intervention == line.intervention]
    handles: list[Artist] = []
    axes.axhline(0.0, color=style.INK, linewidth=0.9)
    for k, at in enumerate(own[:MOST_LINES]):
        look: dict[str, Any] = {"color": style.colour(k), "linestyle": style.dashes(k)}
        axes.plot(x, net_monetary_benefit(qalys, costs, at.threshold), **look, zorder=3)
        dots: dict[str, Any] = {"marker": style.marker(k), "markersize": 6, "color": style.colour(k)}
        if at.values:
            axes.plot(at.values, np.zeros(len(at.values)), **dots, linestyle="none", zorder=5, clip_on=False)
        who = f"{Names(results).strategy(line.intervention)}, " if several else ""
        text = f"{who}{display(at.threshold, 'icer')}: {_met(at.values)}"
        handles.append(Line2D([], [], **look | (dots if at.values else {}), label=text))
    if search.low <= search.base <= search.high:
        axes.axvline(search.base, color=style.GREY, linestyle=(0, (4, 2)), linewidth=1.0)
    axes.set_xlim(search.low, search.high)
    (name,) = input_names(results, [search])
    unit = (search.unit or "value").replace("currency", results.currency)
    number_axis(axes.xaxis, fold(f"{name} ({unit})", 3.2))
    number_axis(axes.yaxis, f"Net monetary benefit ({results.currency})")
    if several:
        axes.set_title(fold(minus(results, line.intervention), 3.3, size=style.SIZE + 0.5, lines=1))
    axes.grid()
    return handles


def _met(values: list[float]) -> str:
    if not values:
        return "not met"
    more = f" and {len(values) - MOST_VALUES} more" if len(values) > MOST_VALUES else ""
    return f"met at {' and '.join(display(value, 'number') for value in values[:MOST_VALUES])}{more}"


def _common(search: ThresholdSearch) -> list[Artist]:
    from matplotlib.lines import Line2D

    if not search.low <= search.base <= search.high:
        return []
    text = f"Base case, {brief(search.base)}"
    return [Line2D([], [], color=style.GREY, linestyle=(0, (4, 2)), linewidth=1.0, label=text)]
