"""Charts of the studies that could be done: value by size, net benefit by size, value by willingness to pay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.errors import UsageError
from hemodel.reporting import style
from hemodel.reporting.charts_page import legend_below, number_axis, page, settle
from hemodel.reporting.charts_text import fold
from hemodel.reporting.format import display
from hemodel.reporting.studies_text import decided, per
from hemodel.survival.reported.statistics import HALF_WIDTH_95

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_studies import ResearchResult, StudyEntry

MOST_PANELS = 3
PANEL = 2.3
"""Height of a row of panels. [inches]"""
MOST_LINES = 4
"""Sizes drawn over willingness to pay."""
NOTHING = "At this threshold no result\nwould change the choice"
_EVSI, _LIMIT, _NET = style.STRATEGY_COLOURS[0], style.INK, style.STRATEGY_COLOURS[2]
_SCALES = ((1e9, "billion "), (1e6, "million "), (1e3, "thousand "))


def _research(results: Results) -> ResearchResult:
    if results.research is None:
        raise UsageError("There are no studies to draw. Fill in the sheet Research and run the part psa.")
    return results.research


def study_sizes(results: Results, _run: Run) -> Figure:
    """Draw EVSI and ENBS of each study against its size.

    Parameters
    ----------
    results : Results
    _run : Run
        Not needed; every chart takes both.

    Raises
    ------
    UsageError
        Without studies.
    """
    return draw_sizes(_research(results))


def study_wtp(results: Results, _run: Run) -> Figure:
    """Draw EVSI of each study against willingness to pay.

    Parameters
    ----------
    results : Results
    _run : Run
        Not needed; every chart takes both.

    Raises
    ------
    UsageError
        Without studies.
    """
    return draw_wtp(_research(results))


@style.house_style()
def draw_sizes(research: ResearchResult) -> Figure:
    """Draw EVSI with its error and EVPPI (left), and ENBS with the best size (right), against patients per arm."""
    shown = research.studies[:MOST_PANELS]
    at = display(research.decision_threshold, "money", research.currency)
    subtitle = (
        f"At {at} per {research.effect}. Left: value to one patient; bands are ± 1.96 standard errors of the estimate."
        f" Right: value to all patients of {research.horizon:g} years, less the costs of the study{_more(research)}"
    )
    figure = page("What the studies are worth by size", subtitle, PANEL * len(shown) + 0.1)
    handles: dict[str, Artist] = {}
    for (left, right), study in zip(figure.subplots(len(shown), 2, squeeze=False), shown, strict=True):
        left.set_title(fold(study.label, 2.9, size=style.SIZE + 0.5, lines=2))
        for handle in (*_draw_value(left, research, study), *_draw_net(right, research, study)):
            handles.setdefault(str(handle.get_label()), handle)
    legend_below(figure, handles.values())
    return settle(figure)


def _more(research: ResearchResult) -> str:
    left_out = len(research.studies) - MOST_PANELS
    return f". {left_out} more in the table" if left_out > 0 else ""


def _draw_value(axes: Axes, research: ResearchResult, study: StudyEntry) -> list[Artist]:
    at = decided(study, research.decision_threshold)
    sizes, value, error = np.array(study.sizes), np.array(at.evsi), HALF_WIDTH_95 * np.array(at.evsi_standard_error)
    limit, own = at.evppi, HALF_WIDTH_95 * at.evppi_standard_error
    low, high = np.maximum(value - error, 0.0), value + error
    band = axes.fill_between(sizes, low, high, color=_EVSI, alpha=0.2, linewidth=0)
    axes.axhspan(max(limit - own, 0.0), limit + own, color=_LIMIT, alpha=0.08, linewidth=0)
    band.set_label("± 1.96 standard errors")
    lines = axes.plot(sizes, value, color=_EVSI, marker="o", markersize=4, label="EVSI")
    limits = axes.axhline(limit, color=_LIMIT, linewidth=1.1, linestyle=(0, (5, 2)), label="EVPPI, the limit")
    top = 1.08 * max(float(high.max()), limit + own)
    axes.set_ylim(0, top or 1.0)
    if top == 0:
        axes.set_yticks([0])
        axes.text(0.5, 0.5, NOTHING, transform=axes.transAxes, ha="center", va="center", color=style.GREY)
    _size_axis(axes, study)
    if top > 0:
        number_axis(axes.yaxis, f"Value\n({per(research, 'patient')})")
    axes.set_ylabel(f"Value\n({per(research, 'patient')})")
    axes.grid(axis="y")
    return [*lines, band, limits]


def _draw_net(axes: Axes, research: ResearchResult, study: StudyEntry) -> list[Artist]:
    at = decided(study, research.decision_threshold)
    error = HALF_WIDTH_95 * np.array(at.population_standard_error)
    largest = float(np.abs([*at.enbs, *(np.array(at.enbs) + error)]).max())
    by, words = next(((by, words) for by, words in _SCALES if largest >= by), (1.0, ""))
    net = np.array(at.enbs) / by
    axes.fill_between(study.sizes, net - error / by, net + error / by, color=_NET, alpha=0.2, linewidth=0)
    lines: list[Artist] = [*axes.plot(study.sizes, net, color=_NET, marker="s", markersize=4, label="ENBS")]
    axes.axhline(0, color=style.GREY, linewidth=0.8)
    if at.optimal_size is not None:
        star: dict[str, Any] = {"marker": "*", "markersize": 12, "linestyle": "none", "markerfacecolor": "white"}
        star |= {"markeredgecolor": style.INK, "label": "Best size", "zorder": 5}
        lines += axes.plot(at.optimal_size, net[study.sizes.index(at.optimal_size)], **star)
    _size_axis(axes, study)
    number_axis(axes.yaxis, _amount(words, research.currency))
    axes.grid(axis="y")
    return lines


def _amount(words: str, currency: str) -> str:
    unit = f"{words}{currency}".strip()
    return f"Net benefit\n({unit})" if unit else "Net benefit"


def _size_axis(axes: Axes, study: StudyEntry) -> None:
    axes.set_xlim(0, 1.04 * study.sizes[-1])
    number_axis(axes.xaxis, "Patients (number per arm)" if study.arms > 1 else "Patients (number)")


@style.house_style()
def draw_wtp(research: ResearchResult) -> Figure:
    """Draw EVSI of some sizes, and EVPPI, against willingness to pay."""
    shown = research.studies[:MOST_PANELS]
    subtitle = (
        "Value to one patient, by size (patients per arm). It is largest where the choice of strategy is least certain;"
        f" a study that cannot change the choice is worth nothing{_more(research)}"
    )
    figure = page("What the studies are worth by willingness to pay", subtitle, (PANEL + 0.3) * len(shown) + 0.1)
    handles: list[Artist] = []
    for axes, study in zip(figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown, strict=True):
        axes.set_title(fold(study.label, 5.1, size=style.SIZE + 0.5, lines=2))
        handles = _draw_curves(axes, research, study)
    legend_below(figure, handles)
    return settle(figure)


def _draw_curves(axes: Axes, research: ResearchResult, study: StudyEntry) -> list[Artist]:
    """Draw the curves of a study with the thresholds behind them; return what the legend shows of all studies."""
    from matplotlib.lines import Line2D

    curve = study.curve
    for at in study.at:
        main = at.threshold == research.decision_threshold
        axes.axvline(at.threshold, color=style.GREY if main else style.LIGHT, linewidth=1.1 if main else 0.9)
    axes.plot(curve.wtp, curve.evppi, color=_LIMIT, linewidth=1.1, linestyle=(0, (5, 2)))
    places = np.unique(np.linspace(0, len(study.sizes) - 1, MOST_LINES).round().astype(int))
    for k, i in enumerate(places):
        look: dict[str, Any] = {"color": style.colour(k), "linestyle": style.dashes(k)}
        axes.plot(curve.wtp, curve.evsi[i], label=f"{study.sizes[i]:,} patients", **look)
    axes.set_xlim(curve.wtp[0], curve.wtp[-1])
    axes.set_ylim(0, 1.08 * max(curve.evppi) or 1.0)
    box: dict[str, Any] = {"frameon": True, "facecolor": "white", "edgecolor": "none", "framealpha": 1.0}
    axes.legend(loc="best", title="EVSI with", title_fontsize=style.SIZE, alignment="left", **box)
    number_axis(axes.xaxis, f"Willingness to pay ({per(research, research.effect)})")
    number_axis(axes.yaxis, f"Value\n({per(research, 'patient')})")
    axes.grid(axis="y")
    return [
        Line2D([], [], color=_LIMIT, linewidth=1.1, linestyle=(0, (5, 2)), label="EVPPI, the limit"),
        Line2D([], [], color=style.LIGHT, linewidth=0.9, label="Thresholds"),
        Line2D([], [], color=style.GREY, linewidth=1.1, label="Decision threshold"),
    ]
