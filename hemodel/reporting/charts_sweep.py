"""Chart of a sweep: net benefit of every intervention under each scenario of a workbook."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.reporting import style
from hemodel.reporting.charts_page import legend_below, make_room, number_axis, page, plain_rows, settle
from hemodel.reporting.charts_text import fold
from hemodel.reporting.format import display
from hemodel.reporting.schema import threshold_key
from hemodel.reporting.tables_sweep import BASE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.reporting.schema_sweep import SweepDocument, SweepEntry, SweepWorkbook

MOST_ROWS = 24
"""Bars on a page."""
BAR = 0.2
"""Height of a bar. [inches]"""
GAP = 0.12
"""Space between the bars of two scenarios. [inches]"""
LABEL_WIDTH = 2.2


def sweep_figures(document: SweepDocument) -> dict[str, Callable[[], Figure]]:
    """Return the charts of every workbook, on as many pages as they need, by name; each is drawn when called."""
    found: dict[str, Callable[[], Figure]] = {}
    for number, workbook in enumerate(document.workbooks, start=1):
        own = [entry for entry in document.results if entry.workbook == workbook.name]
        base, others = own[0], own[1:]
        room = max(1, MOST_ROWS // len(base.increments) - 1)
        stem = Path(workbook.name).stem
        same = sum(Path(each.name).stem == stem for each in document.workbooks) > 1
        pages = [others[k : k + room] for k in range(0, max(len(others), 1), room)]
        for i, some in enumerate(pages, start=1):
            name = f"net_benefit_{stem}{f'_{number}' if same else ''}{f'_page_{i}' if len(pages) > 1 else ''}"
            found[name] = partial(net_benefit_chart, workbook, [base, *some], (i, len(pages)))
    return found


@style.house_style()
def net_benefit_chart(workbook: SweepWorkbook, entries: Sequence[SweepEntry], number: tuple[int, int]) -> Figure:
    """Draw mean and 95% interval of the incremental net benefit of each intervention under each scenario.

    Parameters
    ----------
    workbook : SweepWorkbook
    entries : sequence of SweepEntry
        The base case first.
    number : (int, int)
        Number of the page, and of all pages.
    """
    each = len(entries[0].increments)
    height = each * BAR + GAP
    title = f"Net monetary benefit under each scenario{f', page {number[0]} of {number[1]}' if number[1] > 1 else ''}"
    figure = page(title, _subtitle(workbook, entries), max(len(entries), 2) * height + 0.7)
    axes = figure.subplots()
    for row, entry in enumerate(entries):
        for place in range(each):
            _bar(axes, row * height + GAP / 2 + (place + 0.5) * BAR, entry, place)
    axes.axvline(0.0, color=style.INK, linewidth=0.9)
    middle = [(row + 0.5) * height for row in range(len(entries))]
    axes.set_yticks(middle, [fold(entry.scenario.replace("_", " ") or BASE, LABEL_WIDTH) for entry in entries])
    axes.set_ylim(len(entries) * height, 0)
    plain_rows(axes)
    unit = f"{workbook.currency} per person"
    number_axis(axes.xaxis, f"Incremental net monetary benefit over {_comparator(workbook)} ({unit})")
    make_room(axes)
    if each > 1:
        names = [workbook.strategy_names[one.intervention] for one in entries[0].increments]
        legend_below(figure, [_sample(place, name) for place, name in enumerate(names)])
    return settle(figure)


def _subtitle(workbook: SweepWorkbook, entries: Sequence[SweepEntry]) -> str:
    names = workbook.strategy_names
    of = names[entries[0].increments[0].intervention] + " over " if len(entries[0].increments) == 1 else ""
    thresholds = {entry.decision_threshold for entry in entries}
    at = f" of {display(min(thresholds), 'icer', workbook.currency)} per QALY" if len(thresholds) == 1 else ""
    draws = {entry.draws for entry in entries}
    many = f"{min(draws):,}" if len(draws) == 1 else f"{min(draws):,} to {max(draws):,}"
    return (
        f"{workbook.title}. {of}{_comparator(workbook) if of else 'Each intervention'} at the decision threshold{at}: "
        f"mean and 2.5% to 97.5% points of {many} draws, and the probability of being cost-effective"
    )


def _comparator(workbook: SweepWorkbook) -> str:
    return workbook.strategy_names[workbook.strategies[0]]


def _bar(axes: Axes, y: float, entry: SweepEntry, place: int) -> None:
    one, key = entry.increments[place], threshold_key(entry.decision_threshold)
    low, high = one.nmb_interval[key]
    colour = style.colour(place + 1)
    axes.plot([low, high], [y, y], color=colour, linewidth=1.6, solid_capstyle="butt")
    axes.plot([one.nmb_mean[key]], [y], color=colour, marker=style.marker(place), markersize=4.5, linestyle="none")
    share = display(entry.probability_cost_effective[key][one.intervention], "share")
    clear = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    axes.annotate(share, (high, y), xytext=(5, 0), textcoords="offset points", ha="left", va="center", bbox=clear)


def _sample(place: int, name: str) -> Artist:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.colour(place + 1), marker=style.marker(place), markersize=4.5, label=name)
