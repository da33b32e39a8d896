"""Chart of state occupancy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hemodel.model import base_draws, occupancy_at
from hemodel.reporting import style
from hemodel.reporting.charts_curves import last_month
from hemodel.reporting.charts_page import WIDTH, legend_below, number_axis, page, percent_axis, settle
from hemodel.reporting.charts_text import brief, fold, lines_height
from hemodel.reporting.format import display
from hemodel.reporting.tables_words import Names
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Results

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
    """Draw who is progression-free, progressed and dead over time, strategy by strategy.

    Parameters
    ----------
    results : Results
    run : Run
    """
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
