"""Charts of the value of information, for a run and for the analysis of another tool alike."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.reporting import style
from hemodel.reporting.charts_page import legend_below, number_axis, page, plain_rows, settle
from hemodel.reporting.charts_text import brief, fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.reporting.schema_information import EvppiEntry, InformationResult
    from hemodel.reporting.tables_information import Shown

MOST_BARS = 15
LABEL_WIDTH = 2.55
ROW_HEIGHT = 0.3
INPUT_LINES = tuple(style.PARTS[k] for k in (0, 4, 2, 7))
INPUT_COLOUR, GROUP_COLOUR = "#0B5C8F", "#F0A83C"


def information_figures(found: InformationResult | None, shown: Shown) -> dict[str, Callable[[], Figure]]:
    """Return the charts of the value of information by name; none where no threshold gives it a value."""
    if found is None or found.most_uncertain is None:
        return {}
    made: dict[str, Callable[[], Figure]] = {}
    if ranked(found.evppi, found.thresholds.index(found.ranked_at)):
        made["evppi"] = partial(evppi_ranking, found, shown, found.ranked_at)
    if len(found.curves.wtp) == 1:
        return made
    return made | {
        "voi_curves": partial(voi_curves, found, shown),
        "expected_loss": partial(expected_loss, found, shown),
    }


@style.house_style()
def evppi_ranking(found: InformationResult, shown: Shown, threshold: float) -> Figure:
    """Draw the inputs and groups that it is worth most to know at a threshold.

    Parameters
    ----------
    found : InformationResult
    shown : Shown
    threshold : float
        One of `found`.
    """
    place = found.thresholds.index(threshold)
    entries = ranked(found.evppi, place)
    whole = found.evpi[place]
    at = f"At {shown.threshold(threshold)}" + (
        ", where the EVPI is highest" if threshold == found.most_uncertain else ""
    )
    subtitle = (
        f"{at}: EVPPI of the {len(entries)} inputs and groups, of {len(found.evppi)}, with the highest;"
        f" {found.draws:,} draws. Whiskers: one standard error to either side"
    )
    figure = page("Inputs that it is worth most to know", subtitle, ROW_HEIGHT * len(entries) + 0.6)
    axes = figure.subplots()
    _draw_bars(axes, entries, place, whole.value)
    number_axis(axes.xaxis, f"Expected value of partial perfect information ({_currency(shown)} per person)")
    plain_rows(axes)
    legend_below(figure, _ranking_samples(whole.value))
    return settle(figure)


def ranked(entries: Sequence[EvppiEntry], place: int) -> list[EvppiEntry]:
    """Return the entries with the highest EVPPI at the threshold of this place, none of which is 0."""
    worth = [entry for entry in entries if entry.at[place].value > 0]
    return sorted(worth, key=lambda entry: -entry.at[place].value)[:MOST_BARS]


def _currency(shown: Shown) -> str:
    return shown.currency or "units of cost"


def _draw_bars(axes: Axes, entries: Sequence[EvppiEntry], place: int, whole: float) -> None:
    values = np.array([entry.at[place].value for entry in entries])
    errors = np.array([entry.at[place].standard_error for entry in entries])
    rows = np.arange(len(entries))
    colours = [GROUP_COLOUR if entry.group else INPUT_COLOUR for entry in entries]
    bars = axes.barh(rows, values, height=0.62, color=colours, edgecolor=style.INK, linewidth=0.5)
    for bar, entry in zip(bars, entries, strict=True):
        bar.set_hatch("////" if entry.group else "")
    low = np.minimum(errors, values)
    axes.errorbar(values, rows, xerr=[low, errors], fmt="none", ecolor=style.INK, elinewidth=1.0, capsize=2.5)
    axes.axvline(whole, color=style.GREY, linestyle=(0, (5, 2)), linewidth=1.1)
    reach = max(float(np.max(values + errors, initial=0.0)), whole) or 1.0
    for row, value, error in zip(rows, values, errors, strict=True):
        axes.annotate(
            brief(value),
            (value + error, row),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
        )
    axes.set_xlim(0, 1.15 * reach)
    axes.set_ylim(len(entries) - 0.4, -0.6)
    axes.set_yticks(rows, [fold(entry.label, LABEL_WIDTH) for entry in entries])


def _ranking_samples(whole: float) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    edge: dict[str, Any] = {"edgecolor": style.INK, "linewidth": 0.5}
    return [
        Patch(facecolor=INPUT_COLOUR, **edge, label="One input"),
        Patch(facecolor=GROUP_COLOUR, hatch="////", **edge, label="A group of inputs, known together"),
        Line2D([], [], color=style.GREY, linestyle=(0, (5, 2)), linewidth=1.1, label=f"EVPI, {brief(whole)}"),
    ]


@style.house_style()
def voi_curves(found: InformationResult, shown: Shown) -> Figure:
    """Draw EVPI and the highest EVPPI over willingness to pay."""
    curves = found.curves
    subtitle = (
        f"Expected value of perfect information on everything (EVPI) and on some inputs and groups (EVPPI), per person;"
        f" {found.draws:,} draws"
    )
    figure = page("Value of information by willingness to pay", subtitle, 3.2)
    axes = figure.subplots()
    _draw_thresholds(axes, found)
    handles: list[Artist] = []
    handles += axes.plot(curves.wtp, curves.evpi, color=style.INK, linewidth=2.2, label="EVPI")
    for place, each in enumerate(curves.evppi):
        handles += axes.plot(
            curves.wtp,
            each.value,
            color=style.GREY if each.group else INPUT_LINES[place % len(INPUT_LINES)],
            linestyle=style.dashes(1 + place % (len(style.DASHES) - 1)),
            label=f"{each.label} (group)" if each.group else each.label,
        )
    _wtp_axis(axes, found, shown)
    number_axis(axes.yaxis, f"Value of information ({_currency(shown)} per person)")
    axes.set_ylim(bottom=0)
    handles.append(_threshold_sample())
    legend_below(figure, handles)
    return settle(figure)


@style.house_style()
def expected_loss(found: InformationResult, shown: Shown) -> Figure:
    """Draw the expected loss of each strategy, and the frontier that is the EVPI, over willingness to pay."""
    from matplotlib.patches import Patch

    curves = found.curves
    subtitle = (
        f"Mean shortfall of each strategy from the best strategy of each of {found.draws:,} draws, per person. The"
        " lowest is the expected loss of deciding now: the EVPI"
    )
    figure = page("Expected loss of each strategy", subtitle, 3.2)
    axes = figure.subplots()
    _draw_thresholds(axes, found)
    for _, group in groupby(zip(curves.optimal, curves.wtp, curves.evpi, strict=True), key=lambda point: point[0]):
        _, wtp, loss = zip(*group, strict=True)
        for colour, width in ((style.GREY, 8.0), ("#E3E3E3", 6.6)):
            axes.plot(wtp, loss, color=colour, linewidth=width, solid_capstyle="round", zorder=3)
    handles: list[Artist] = []
    for place, (strategy, name) in enumerate(shown.strategies.items()):
        line: dict[str, Any] = {"color": style.colour(place), "linestyle": style.dashes(place)}
        handles += axes.plot(curves.wtp, curves.expected_loss[strategy], **line, label=name, zorder=4)
    handles.append(Patch(facecolor="#E3E3E3", edgecolor=style.GREY, linewidth=0.7, label="EVPI"))
    handles.append(_threshold_sample())
    _wtp_axis(axes, found, shown)
    number_axis(axes.yaxis, f"Expected loss ({_currency(shown)} per person)")
    axes.set_ylim(bottom=-0.03 * axes.get_ylim()[1])
    legend_below(figure, handles)
    return settle(figure)


def _draw_thresholds(axes: Axes, found: InformationResult) -> None:
    for threshold in found.thresholds:
        if threshold != found.most_uncertain:
            axes.axvline(threshold, color=style.LIGHT, linewidth=0.9)


def _threshold_sample() -> Artist:
    from matplotlib.lines import Line2D

    return Line2D([], [], color=style.LIGHT, linewidth=0.9, label="Thresholds")


def _wtp_axis(axes: Axes, found: InformationResult, shown: Shown) -> None:
    axes.set_xlim(found.curves.wtp[0], found.curves.wtp[-1])
    number_axis(axes.xaxis, f"Willingness to pay ({shown.unit})")
    axes.grid(axis="y")
