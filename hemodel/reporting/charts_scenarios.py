"""Chart of the scenario analysis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import net_monetary_benefit
from hemodel.errors import UsageError
from hemodel.reporting import style
from hemodel.reporting.charts_page import make_room, number_axis, page, plain_rows, settle
from hemodel.reporting.charts_text import fold, lines_height, minus, threshold_text
from hemodel.reporting.format import display

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Incremental, Results, ScenarioEntry

    _Row = tuple[float | None, ScenarioEntry]

LABEL_WIDTH = 3.1
GAP = 0.05
"""Space between the labels of two rows. [inches]"""
MOST_HEIGHT = 8.1
"""Height of the rows of a page; where there are more, those that change the result most. [inches]"""


@style.house_style()
def scenario_chart(results: Results, _run: Run) -> Figure:
    """Draw the first intervention's ICER by scenario, or its net benefit where the base case has no ICER.

    Parameters
    ----------
    results : Results
    _run : Run
        Not needed; every chart takes both.

    Raises
    ------
    UsageError
        Where no scenario was run.
    """
    base = results.incremental[0]
    entries = [e for e in results.scenarios or () if e.intervention == base.intervention]
    if not entries:
        raise UsageError("There are no scenarios to draw. Run the part scenarios.")
    by_icer = base.icer is not None
    at = _benefit(results, base.qalys, base.costs) if base.icer is None else base.icer
    rows = _rows([(_value(results, entry, by_icer), entry) for entry in entries], at)
    labels = [_label(entry) for _, entry in rows]
    heights = np.array([lines_height(label) + GAP for label in labels])
    name = "ICER" if by_icer else "Incremental net monetary benefit"
    figure = page(
        f"{name} under each scenario", _subtitle(results, base, (len(rows), len(entries))), heights.sum() + 0.75
    )
    axes = figure.subplots()
    axes.axvline(at, color=style.INK, linewidth=0.9)
    places = np.cumsum(heights) - heights / 2
    for place, row in zip(places.tolist(), rows, strict=True):
        _draw_row(axes, at, place, row)
    axes.set_yticks(places, labels, linespacing=1.05)
    axes.set_ylim(heights.sum(), 0)
    plain_rows(axes)
    unit = f"{results.currency} per QALY" if by_icer else results.currency
    number_axis(axes.xaxis, f"{name} ({unit})\nBase case {display(at, 'money')}")
    make_room(axes)
    return settle(figure)


def _benefit(results: Results, qalys: float, costs: float) -> float:
    return float(net_monetary_benefit(np.array(qalys), np.array(costs), results.decision_threshold))


def _value(results: Results, entry: ScenarioEntry, by_icer: bool) -> float | None:
    if by_icer or entry.qalys is None or entry.costs is None:
        return entry.icer
    return _benefit(results, entry.qalys, entry.costs)


def _rows(rows: list[_Row], base: float) -> list[_Row]:
    """Return the rows that have room, the largest first, those without a value last."""

    def change(row: _Row) -> tuple[bool, float]:
        value, entry = row
        return bool(entry.stopped), -math.inf if value is None else -abs(value - base)

    def rank(row: _Row) -> tuple[bool, bool, float]:
        value, entry = row
        return value is None, bool(entry.stopped), 0.0 if value is None else -value

    ordered = sorted(rows, key=change)
    heights = np.cumsum([lines_height(_label(entry)) + GAP for _, entry in ordered])
    return sorted(ordered[: int(np.searchsorted(heights, MOST_HEIGHT))], key=rank)


def _label(entry: ScenarioEntry) -> str:
    """Return what the question asks, in lines: of What if a price falls? that A price falls."""
    text = entry.question.strip().removeprefix("What if ").removesuffix("?").strip() or entry.name
    return fold(text[:1].upper() + text[1:], LABEL_WIDTH)


def _subtitle(results: Results, base: Incremental, counts: tuple[int, int]) -> str:
    shown, run = counts
    text = f"{minus(results, base.intervention)}; each scenario changes the base case on its own"
    if base.icer is None:
        text += f". At {threshold_text(results)}; the base case has no ICER ({base.verdict})"
    return text if shown == run else f"{text}. The {shown} of {run} scenarios that change it most"


def _draw_row(axes: Axes, base: float, place: float, row: _Row) -> None:
    """Draw a dot with its value on a stem from the base line, or the verdict where there is no value."""
    value, entry = row
    to_right = value is None or value >= base
    if value is not None:
        colour = style.HIGH_COLOUR
        axes.plot([base, value], [place, place], color=colour, linewidth=1.2, alpha=0.6)
        axes.plot(value, place, marker="o", markersize=5.5, color=colour, linestyle="none")
    text = ("not run" if entry.stopped else entry.verdict) if value is None else display(value, "money")
    axes.annotate(
        text,
        (base if value is None else value, place),
        xytext=(6 if to_right else -6, 0),
        textcoords="offset points",
        ha="left" if to_right else "right",
        va="center",
        style="italic" if value is None else "normal",
    )
