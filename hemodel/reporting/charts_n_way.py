"""Chart of the n-way analysis: each combination beside the base case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.economics import net_monetary_benefit
from hemodel.reporting import style
from hemodel.reporting.charts_page import legend_below, make_room, number_axis, page, plain_rows, settle
from hemodel.reporting.charts_text import fold, minus, threshold_text
from hemodel.reporting.charts_tornado import LABEL_WIDTH, axis_label, base_value
from hemodel.reporting.format import display

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_dsa import CombinationResult, NWayResult

MOST_ROWS = 22
ROW_HEIGHT = 0.34
_TITLES = {
    "nmb": "Incremental net monetary benefit of each combination",
    "icer": "Incremental cost-effectiveness ratio of each combination",
    "qalys": "Incremental QALYs of each combination",
    "costs": "Incremental costs of each combination",
}
SAME, OTHER = style.HIGH_COLOUR, style.STRATEGY_COLOURS[1]
"""Colours of combinations with the decision of the base case, and with another."""


@style.house_style()
def n_way_chart(results: Results, found: NWayResult, measure: str, intervention: str) -> Figure:
    """Draw one result of each combination as a bar from the base case, in the order of the file.

    Parameters
    ----------
    results : Results
    found : NWayResult
    measure : {"nmb", "icer", "qalys", "costs"}
        Net monetary benefit is at the decision threshold.
    intervention : str
        The first 22 combinations are drawn.

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
    shown = f"The first {len(rows)} of {len(every)}" if len(rows) < len(every) else f"All {len(rows)}"
    subtitle = f"{minus(results, intervention)}{at}. {shown} combinations of {found.file}; bars begin at the base case"
    figure = page(_TITLES[measure], subtitle, ROW_HEIGHT * max(len(rows), 3) + 0.7)
    axes = figure.subplots()
    for place, one in enumerate(rows):
        _row(axes, results, (place, base), one, measure)
    axes.axvline(base, color=style.INK, linewidth=0.9)
    axes.set_yticks(range(len(rows)), [fold(one.name, LABEL_WIDTH) for one in rows], linespacing=1.05)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    plain_rows(axes)
    number_axis(axes.xaxis, axis_label(results, measure, base))
    if any(one.changes_decision for one in rows):
        _legend(figure)
    make_room(axes)
    return settle(figure)


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
