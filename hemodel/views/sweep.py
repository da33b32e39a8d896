"""The table of a sweep: a row for each workbook, scenario and intervention.

Chart of a sweep: net benefit of every intervention under each scenario of a workbook.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.analyses.base_case import threshold_key
from hemodel.formats import display
from hemodel.views.shared import style
from hemodel.views.shared.declared import CommandTable
from hemodel.views.shared.page import LABEL_WIDTH, legend_below, make_room, number_axis, page, plain_rows, settle
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.sweep import SweepDocument, SweepEntry, SweepWorkbook
    from hemodel.formats import Kind, Value


BASE = "Base case"
"""What a workbook as it stands is called."""


def sweep_table(document: SweepDocument) -> Table:
    """Return increments, net benefit at the decision threshold, acceptability and Monte Carlo error of every model."""
    workbooks = {workbook.name: workbook for workbook in document.workbooks}
    currencies = {workbook.currency for workbook in document.workbooks}
    money = next(iter(currencies)) if len(currencies) == 1 else ""
    return Table(
        "sweep",
        "Probabilistic analysis by workbook and scenario",
        (
            "Intervention minus comparator: means over the draws with their 2.5% and 97.5% points.",
            "Net monetary benefit, acceptability and EVPI are at the decision threshold.",
            "The Monte Carlo standard error is that of the mean net monetary benefit.",
        ),
        (
            *(Column(header) for header in ("Workbook", "Scenario", "Intervention", "Comparator", "Currency")),
            Column("Draws", "count"),
            *_with_interval("Incremental QALYs", "qaly", "QALY"),
            *_with_interval("Incremental costs", "money", money),
            Column("ICER of the means", "icer", f"{money} per QALY" if money else ""),
            Column("Decision threshold", "icer", f"{money} per QALY" if money else ""),
            *_with_interval("Net monetary benefit", "money", money),
            Column("Monte Carlo standard error", "money", money),
            Column("Probability of being cost-effective", "share"),
            Column("Optimal strategy"),
            Column("EVPI per person", "money", money),
        ),
        tuple(row for entry in document.results for row in _rows(entry, workbooks[entry.workbook])),
        banded=True,
    )


def _with_interval(group: str, kind: Kind, unit: str) -> tuple[Column, ...]:
    return tuple(Column(header, kind, unit, group) for header in ("Mean", "2.5%", "97.5%"))


def _rows(entry: SweepEntry, workbook: SweepWorkbook) -> Iterator[tuple[Value, ...]]:
    key, names = threshold_key(entry.decision_threshold), workbook.strategy_names
    for one in entry.increments:
        yield (
            *(entry.workbook, entry.scenario or BASE, names[one.intervention], names[one.comparator]),
            *(workbook.currency, entry.draws),
            *(one.mean["qalys"], *one.interval["qalys"]),
            *(one.mean["costs"], *one.interval["costs"]),
            one.verdict_of_means if one.icer_of_means is None else one.icer_of_means,
            entry.decision_threshold,
            *(one.nmb_mean[key], *one.nmb_interval[key]),
            one.nmb_mcse[key],
            entry.probability_cost_effective[key][one.intervention],
            names[entry.optimal[key]],
            entry.evpi[key],
        )


MOST_ROWS = 17
"""Bars on a page."""
BAR = 0.2
"""Height of a bar. [inches]"""
GAP = 0.12
"""Space between the bars of two scenarios. [inches]"""


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


SWEEP_TABLES = (CommandTable("sweep", sweep_table),)
"""Of the record of `hemodel sweep`."""
