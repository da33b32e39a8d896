"""The charts of the evidence pack by name, and those of whether the effect of a strategy is constant."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.patients.proportionality import smooth
from hemodel.views.evidence.charts_fit import FitChart, extrapolation_chart, fit_chart
from hemodel.views.evidence.charts_hazard import (
    hazard_chart,
    log_cumulative_hazard_chart,
    mean_chart,
    post_progression_chart,
)
from hemodel.views.evidence.page import panel_title, panels, panels_height
from hemodel.views.evidence.tables import REPORT_ENDPOINTS
from hemodel.views.evidence.words import EvidenceNames, family_groups, interval_words, test_words
from hemodel.views.shared import style
from hemodel.views.shared.page import legend_below, number_axis, page, settle
from hemodel.views.shared.text import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.evidence.records import Comparison, EvidencePack
    from hemodel.model.evaluate import Model


PANEL_HEIGHT = 2.4
SMOOTH_POINTS = 60


def with_residuals(pack: EvidencePack, endpoint: str) -> list[Comparison]:
    """Return the comparisons of an endpoint that have Schoenfeld residuals."""
    return [each for each in pack.evidence.endpoints[endpoint].comparisons if each.schoenfeld is not None]


def with_quantiles(pack: EvidencePack, endpoint: str) -> list[Comparison]:
    """Return the comparisons of an endpoint that have quantiles of both strategies."""
    return [each for each in pack.evidence.endpoints[endpoint].comparisons if each.quantiles is not None]


@style.house_style()
def schoenfeld_chart(model: Model, pack: EvidencePack, endpoint: str) -> Figure:
    """Draw scaled Schoenfeld residuals over time with a smooth, one panel a comparison."""
    from matplotlib.lines import Line2D

    found, names = with_residuals(pack, endpoint), EvidenceNames(model)
    lines = [f"{_against(each, names)}: {_proportionality(each)}" for each in found]
    title = f"{names.endpoint(endpoint)}: is the hazard ratio constant?"
    figure = page(title, ". ".join(lines), panels_height(len(found), PANEL_HEIGHT))
    for each, axes in zip(found, panels(figure, len(found)), strict=True):
        _draw_residuals(axes, each)
        _title(axes, _against(each, names), len(found))
    handles: list[Artist] = [
        Line2D([], [], marker="o", linestyle="none", color=style.GREY, markersize=3.5, label="Residual, one an event"),
        Line2D([], [], color=style.STRATEGY_COLOURS[0], linewidth=2.0, label="Smooth (local line, 60% of the events)"),
        Line2D([], [], color=style.STRATEGY_COLOURS[1], linewidth=1.2, linestyle=(0, (6, 2)), label="Cox model"),
    ]
    legend_below(figure, handles)
    return settle(figure)


def _title(axes: Axes, text: str, count: int) -> None:
    if count > 1:
        panel_title(axes, text, count)


def _against(found: Comparison, names: EvidenceNames) -> str:
    return f"{names.strategy(found.strategy)} versus {names.strategy(found.reference)}"


def _proportionality(found: Comparison) -> str:
    parts = []
    if found.hazard_ratio is not None:
        ratio = found.hazard_ratio
        parts.append(f"hazard ratio {interval_words(ratio.value, ratio.low, ratio.high)}")
    if found.proportional_hazards is not None:
        parts.append(f"test of proportional hazards {test_words(found.proportional_hazards)}")
    return "; ".join(parts)


def _draw_residuals(axes: Axes, found: Comparison) -> None:
    residuals = found.schoenfeld
    if residuals is None:
        return
    axes.plot(residuals.time, residuals.value, "o", color=style.GREY, markersize=3.0, alpha=0.6, markeredgewidth=0)
    at = np.linspace(float(residuals.time.min()), float(residuals.time.max()), SMOOTH_POINTS)
    axes.plot(at, smooth(residuals.time, residuals.value, at), color=style.STRATEGY_COLOURS[0], linewidth=2.0)
    if found.hazard_ratio is not None:
        level = float(np.log(found.hazard_ratio.value))
        axes.axhline(level, color=style.STRATEGY_COLOURS[1], linewidth=1.2, linestyle=(0, (6, 2)))
    axes.axhline(0, color=style.GREY, linewidth=0.7)
    axes.set_xlim(left=0)
    number_axis(axes.xaxis, "Time from model start (months)")
    number_axis(axes.yaxis, "Log hazard ratio\n(scaled Schoenfeld residual)")
    axes.grid(axis="y")


@style.house_style()
def quantile_chart(model: Model, pack: EvidencePack, endpoint: str) -> Figure:
    """Draw the times by which equal shares had the event, one strategy against another."""
    from matplotlib.lines import Line2D

    found, names = with_quantiles(pack, endpoint), EvidenceNames(model)
    lines = [f"{_against(each, names)}: {_acceleration(each)}" for each in found]
    figure = page(
        f"{names.endpoint(endpoint)}: is the acceleration factor constant?",
        ". ".join(lines),
        panels_height(len(found), PANEL_HEIGHT),
    )
    for each, axes in zip(found, panels(figure, len(found)), strict=True):
        _draw_quantiles(axes, each, names)
        _title(axes, _against(each, names), len(found))
    handles: list[Artist] = [
        Line2D(
            [], [], marker="o", linestyle="none", color=style.STRATEGY_COLOURS[0], label="Equal shares with the event"
        ),
        Line2D([], [], color=style.STRATEGY_COLOURS[1], linewidth=1.2, label="Line through the origin"),
    ]
    legend_below(figure, handles)
    return settle(figure)


def _acceleration(found: Comparison) -> str:
    parts = []
    if found.quantiles is not None:
        parts.append(f"slope through the origin {found.quantiles.slope:.2f}")
    if found.constant_acceleration is not None:
        parts.append(f"test of a constant acceleration factor {test_words(found.constant_acceleration)}")
    return "; ".join(parts)


def _draw_quantiles(axes: Axes, found: Comparison, names: EvidenceNames) -> None:
    points = found.quantiles
    if points is None:
        return
    axes.plot(points.reference, points.strategy, "o", color=style.STRATEGY_COLOURS[0], markersize=4.5, zorder=4)
    reach = 1.08 * max(float(points.reference.max()), float(points.strategy.max()) / points.slope)
    axes.plot([0, reach], [0, points.slope * reach], color=style.STRATEGY_COLOURS[1], linewidth=1.2)
    axes.set_xlim(0, reach)
    axes.set_ylim(0, max(points.slope * reach, 1.08 * float(points.strategy.max())))
    room = 2.8
    number_axis(axes.xaxis, fold(f"{names.strategy(found.reference)} (months)", room))
    number_axis(axes.yaxis, fold(f"{names.strategy(found.strategy)} (months)", PANEL_HEIGHT - 0.8))
    axes.grid()


Charts = dict[str, "Callable[[], Figure]"]

FIT, EXTRAPOLATION, HAZARDS, LONG_HAZARDS = "fit", "extrapolation", "hazards", "hazards_to_horizon"
LOG_CUMULATIVE, SCHOENFELD, QUANTILES = "log_cumulative_hazard", "schoenfeld", "quantiles"
MEANS, POST_PROGRESSION = "restricted_means", "death_after_progression"
BY_FAMILY = (FIT, EXTRAPOLATION, HAZARDS, LONG_HAZARDS)
"""Those that flexible families have of their own."""
FLEXIBLE = "flexible"
CAPTIONS = {
    FIT: "observed and fitted survival",
    EXTRAPOLATION: "extrapolation",
    HAZARDS: "hazards",
    LONG_HAZARDS: "hazards to the time horizon",
    LOG_CUMULATIVE: "log cumulative hazard against log time",
    SCHOENFELD: "hazard ratio over time",
    QUANTILES: "quantiles of one strategy against another",
    MEANS: "mean within the time horizon by family",
}


def evidence_figures(model: Model, pack: EvidencePack) -> Charts:
    """Return every chart that applies to an evidence pack, by name; each is drawn when it is called.

    Names are `<chart>_<endpoint>`, with `_flexible` after it for formulas such as splines,
    which have charts of their own.
    """
    found: Charts = {}
    for endpoint in pack.evidence.endpoints:
        found |= endpoint_figures(model, pack, endpoint)
    if pack.evidence.death_after_progression:
        found[POST_PROGRESSION] = partial(post_progression_chart, model, pack)
    return found


def endpoint_figures(model: Model, pack: EvidencePack, endpoint: str) -> Charts:
    """Return the charts of one endpoint."""
    found: Charts = {}
    for group, families in family_groups(pack.evidence.endpoints[endpoint]).items():
        near, far = (FitChart(model, pack, endpoint, families, to_horizon=long) for long in (False, True))
        named = {
            FIT: partial(fit_chart, near),
            EXTRAPOLATION: partial(extrapolation_chart, replace(far, landmark=True)),
            HAZARDS: partial(hazard_chart, near),
            LONG_HAZARDS: partial(hazard_chart, far),
        }
        evidence = pack.evidence.endpoints[endpoint]
        if not (evidence.observed or evidence.points or evidence.external):
            del named[FIT]
        found |= {_name(chart, endpoint, group): draw for chart, draw in named.items()}
    if pack.evidence.endpoints[endpoint].log_cumulative_hazard:
        found[_name(LOG_CUMULATIVE, endpoint)] = partial(log_cumulative_hazard_chart, model, pack, endpoint)
    if with_residuals(pack, endpoint):
        found[_name(SCHOENFELD, endpoint)] = partial(schoenfeld_chart, model, pack, endpoint)
    if with_quantiles(pack, endpoint):
        found[_name(QUANTILES, endpoint)] = partial(quantile_chart, model, pack, endpoint)
    found[_name(MEANS, endpoint)] = partial(mean_chart, model, pack, endpoint)
    return found


def _name(chart: str, endpoint: str, group: str = "") -> str:
    return "_".join(part for part in (chart, endpoint, group) if part)


def evidence_captions(model: Model, pack: EvidencePack) -> dict[str, str]:
    """Return the captions of all charts, by name."""
    names = EvidenceNames(model)
    found = {POST_PROGRESSION: "Hazard of death after progression that the modelled curves imply"}
    for endpoint in pack.evidence.endpoints:
        for chart, words in CAPTIONS.items():
            found[_name(chart, endpoint)] = f"{names.endpoint(endpoint)}: {words}"
            found[_name(chart, endpoint, FLEXIBLE)] = f"{names.endpoint(endpoint)}: {words}, flexible families"
    return found


def evidence_chart_names(endpoints: Sequence[str] = REPORT_ENDPOINTS) -> list[str]:
    """Return the name of every chart that a pack on these endpoints may have."""
    found = [_name(chart, endpoint) for endpoint in endpoints for chart in CAPTIONS]
    flexible = [_name(chart, endpoint, FLEXIBLE) for endpoint in endpoints for chart in BY_FAMILY]
    return [*found, *flexible, POST_PROGRESSION]
