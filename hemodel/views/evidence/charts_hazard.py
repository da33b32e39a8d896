"""Charts of the evidence: hazards, log cumulative hazards and the hazard of death after progression.

Chart of the evidence: restricted means of every family.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.views.evidence.charts_fit import FitChart, follow_up_handles
from hemodel.views.evidence.page import (
    BAND,
    IN_USE,
    POPULATION,
    POPULATION_LABEL,
    draw_follow_up,
    families_in_words,
    family_handles,
    look,
    panel_title,
    panels,
    panels_height,
    time_axis,
    to_horizon,
)
from hemodel.views.evidence.words import EvidenceNames
from hemodel.views.shared import style
from hemodel.views.shared.page import MARGIN, WIDTH, legend_below, log_axis, number_axis, page, plain_rows, settle
from hemodel.views.shared.text import brief, fold, listed, text_width
from hemodel.views.shared.words import family_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.evidence.records import EvidencePack, FamilyEvidence, LogCumulativeHazard, PostProgression
    from hemodel.model.evaluate import Model
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array


PANEL_HEIGHT = 2.3
MARGIN_OF_SCALE = 1.25
"""What a hazard scale reaches beyond the hazards that set it, as a factor."""
MOST_BEYOND = 8.0
"""What families not in use may widen it by, as a factor."""
MOST_DECADES = 4.0
BESIDE_POINTS, BESIDE_FEW, FEW_POINTS = 1.15, 2.0, 10
"""What the axis of log time reaches beyond the points and beyond few of them, as a factor, and how many are few."""
HAZARD = "Hazard (per month, log scale)"


@style.house_style()
def hazard_chart(chart: FitChart) -> Figure:
    """Draw fitted hazards beside the smoothed hazard of the data and the population's, one panel a strategy."""
    strategies, names = chart.strategies, EvidenceNames(chart.model)
    smoothed = "Smoothed hazards with 95% intervals and the" if chart.evidence.smoothed else "The"
    until = f"{brief(chart.horizon / 12)} years" if chart.to_horizon else f"month {brief(chart.span.last)}"
    subtitle = f"{smoothed} hazards of {families_in_words(chart.families)} before any cap or floor, to {until}"
    figure = page(_hazards_at_end(chart, names), subtitle, panels_height(len(strategies), PANEL_HEIGHT))
    limits = _limits(chart)
    for strategy, axes in zip(strategies, panels(figure, len(strategies)), strict=True):
        _draw_hazards(axes, chart, strategy)
        panel_title(axes, names.strategy(strategy), len(strategies))
        axes.set_yscale("log")
        axes.set_ylim(*limits)
        log_axis(axes.yaxis, HAZARD)
    legend_below(figure, _hazard_handles(chart))
    return settle(figure)


def _hazards_at_end(chart: FitChart, names: EvidenceNames) -> str:
    """Return the hazard of the last strategy in use where the chart ends, and between what the families lie."""
    strategy, month = chart.strategies[-1], np.array([chart.span.last])
    ends = [float(hazard_of(chart.fit(family), strategy, month)[0]) for family in chart.families]
    used = float(hazard_of(chart.fit(chart.evidence.in_use), strategy, month)[0])
    return (
        f"{names.endpoint(chart.endpoint)}: the hazard with {names.strategy(strategy)} at month"
        f" {brief(chart.span.last)} is {used:.2g} a month with {family_name(chart.evidence.in_use.family)}, in use;"
        f" families give {np.nanmin(ends):.2g} to {np.nanmax(ends):.2g}"
    )


def _draw_hazards(axes: Axes, chart: FitChart, strategy: str) -> None:
    span, evidence = chart.span, chart.evidence
    months = span.grid()
    for place, family in enumerate(chart.families):
        axes.plot(span.shown(months), hazard_of(chart.fit(family), strategy, months), **look(family, place))
    smooth = evidence.smoothed.get(strategy)
    if smooth is not None:
        inside = (smooth.times <= span.last) & (smooth.hazard > 0.0)
        shown = span.shown(smooth.times[inside])
        axes.fill_between(shown, smooth.low[inside], smooth.high[inside], zorder=1.5, **BAND)
        axes.plot(shown, smooth.hazard[inside], color=style.INK, linewidth=1.5, zorder=3.8)
    if evidence.background_hazard is not None:
        within = evidence.months <= span.last
        axes.plot(span.shown(evidence.months[within]), evidence.background_hazard[within], **POPULATION)
    draw_follow_up(axes, evidence, span)
    time_axis(axes, span)
    axes.grid(axis="y")


def hazard_of(fit: EndpointFit, strategy: str, months: Array) -> Array:
    """Return a fitted family's hazard per month at times in months; nan where it is 0 or infinite."""
    with np.errstate(all="ignore"):
        logs = fit.curves.log_hazard(strategy, months, fit.coefficients[None, :])[0]
        found = np.exp(logs)
    return np.where(np.isfinite(found) & (found > 0.0), found, np.nan)


def _limits(chart: FitChart) -> tuple[float, float]:
    """Return a scale, the same for every strategy, that holds the hazards in use, of the data and of the population.

    Other families widen it up to a factor; beyond that they leave the panel.
    """
    months = chart.span.grid()
    in_use = chart.fit(chart.evidence.in_use)
    others = _positive([hazard_of(chart.fit(each), s, months) for each in chart.families for s in chart.strategies])
    known = [hazard_of(in_use, s, months[1:]) for s in chart.strategies]
    if chart.evidence.background_hazard is not None:
        known.append(chart.evidence.background_hazard[chart.evidence.months <= chart.span.last])
    known += [smooth.hazard[smooth.times <= chart.span.last] for smooth in chart.evidence.smoothed.values()]
    held = _positive(known)
    low, high = float(np.quantile(held, 0.01)), float(held.max())
    low = max(min(low, float(others.min())), low / MOST_BEYOND)
    high = min(max(high, float(others.max())), high * MOST_BEYOND)
    return low / MARGIN_OF_SCALE, high * MARGIN_OF_SCALE


def _positive(arrays: list[Array]) -> Array:
    values = np.concatenate(arrays)
    return np.asarray(values[np.isfinite(values) & (values > 0.0)])


def _hazard_handles(chart: FitChart) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles = family_handles(chart.families)
    if chart.evidence.smoothed:
        handles.append(Line2D([], [], color=style.INK, linewidth=1.5, label="Smoothed hazard of the data"))
        handles.append(Patch(**BAND, label="95% interval"))
    if chart.evidence.background_hazard is not None:
        handles.append(_population_handle())
    return handles + follow_up_handles(chart.evidence, chart.span.last)


def _population_handle() -> Artist:
    from matplotlib.lines import Line2D

    return Line2D([], [], **POPULATION, label=POPULATION_LABEL)


@style.house_style()
def log_cumulative_hazard_chart(model: Model, pack: EvidencePack, endpoint: str) -> Figure:
    """Draw log cumulative hazard against time on a log scale, the strategies together.

    Parameters
    ----------
    endpoint : str
        With observations of at least one strategy.
    """
    from matplotlib.lines import Line2D

    evidence, names = pack.evidence.endpoints[endpoint], EvidenceNames(model)
    own, strategies = evidence.in_use, list(pack.evidence.strategies)
    subtitle = (
        f"Points: observed; lines: {family_name(own.family)} as in the workbook. Straight lines mean Weibull curves,"
        " parallel curves proportional hazards"
    )
    ends = np.array(_reach(evidence.log_cumulative_hazard.values()))
    levels = [_log_cumulative(pack.fits[endpoint][own.family], strategy, ends) for strategy in own.curves]
    title = f"{names.endpoint(endpoint)}: log cumulative hazard"
    if len(levels) > 1:
        apart = [f"{log:+.2f}".replace("-", "\u2212") for log in levels[-1] - levels[0]]
        at = [brief(float(end)) for end in ends]
        title += (
            f" with {names.strategy(list(own.curves)[-1])} less that with {names.strategy(next(iter(own.curves)))}:"
            f" {apart[0]} at month {at[0]}, {apart[1]} at month {at[1]}"
        )
    figure = page(title, subtitle, 3.2)
    axes = figure.subplots()
    handles: list[Artist] = []
    for strategy, found in evidence.log_cumulative_hazard.items():
        place = strategies.index(strategy)
        colour, marker = style.colour(place), style.marker(place)
        many = found.log_time.size > 30
        size = 2.6 if many else 5.0
        drawn: dict[str, Any] = {"color": colour, "marker": marker, "markersize": size, "linestyle": "none"}
        axes.plot(np.exp(found.log_time), found.log_hazard, **drawn, alpha=0.7 if many else 1.0, zorder=4)
        handles.append(Line2D([], [], **(drawn | {"markersize": 5, "linestyle": "-"}), label=names.strategy(strategy)))
    earliest, latest = _reach(evidence.log_cumulative_hazard.values())
    for strategy in own.curves:
        months = np.geomspace(earliest, latest, 121)
        logs = _log_cumulative(pack.fits[endpoint][own.family], strategy, months)
        axes.plot(months, logs, color=style.colour(strategies.index(strategy)), linewidth=1.1)
    axes.set_xscale("log")
    axes.set_xlim(earliest, latest)
    log_axis(axes.xaxis, "Time from model start (months, log scale)")
    number_axis(axes.yaxis, "Log cumulative hazard (log of −log survival)")
    axes.grid()
    legend_below(figure, handles)
    return settle(figure)


def _reach(found: Iterable[LogCumulativeHazard]) -> tuple[float, float]:
    """Return the months that the axis shows."""
    logs = np.concatenate([each.log_time for each in found])
    beside = BESIDE_POINTS if logs.size > FEW_POINTS else BESIDE_FEW
    return float(np.exp(logs.min())) / beside, float(np.exp(logs.max())) * beside


def _log_cumulative(fit: EndpointFit, strategy: str, months: Array) -> Array:
    cumulative = fit.curves.cumulative_hazard(strategy, months, fit.coefficients[None, :])[0]
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(cumulative))


@style.house_style()
def post_progression_chart(model: Model, pack: EvidencePack) -> Figure:
    """Draw the hazard of death after progression that the modelled curves imply, one panel a strategy."""
    from matplotlib.lines import Line2D

    names, found = EvidenceNames(model), pack.evidence.death_after_progression
    subtitle = (
        "What PFS and OS as modelled imply together, given the share of PFS events that are deaths; a hazard of 0 or"
        " below cannot be drawn and leaves a gap"
    )
    low = {names.strategy(strategy): len(own.months_below) for strategy, own in found.items()}
    below = [f"{many or 'no'} month{'s' * (many != 1)} with {name}" for name, many in low.items()]
    title = f"The hazard of death after progression is too low in {listed(below)}"
    figure = page(title, subtitle, panels_height(len(found), PANEL_HEIGHT))
    span = to_horizon(pack.evidence.horizon)
    limits = _post_limits(list(found.values()))
    for (strategy, own), axes in zip(found.items(), panels(figure, len(found)), strict=True):
        place = list(pack.evidence.strategies).index(strategy)
        shown = np.where(own.hazard > 0.0, own.hazard, np.nan)
        axes.plot(span.shown(own.months), shown, color=style.colour(place))
        if own.background is not None:
            axes.plot(span.shown(own.months), own.background, **POPULATION)
        panel_title(axes, names.strategy(strategy), len(found))
        time_axis(axes, span)
        axes.set_yscale("log")
        axes.set_ylim(*limits)
        log_axis(axes.yaxis, HAZARD)
        axes.grid(axis="y")
    handles: list[Artist] = [Line2D([], [], color=style.INK, label="Implied by the modelled curves")]
    if any(own.background is not None for own in found.values()):
        handles.append(_population_handle())
    legend_below(figure, handles)
    return settle(figure)


def _post_limits(found: list[PostProgression]) -> tuple[float, float]:
    values = _positive([own.hazard for own in found] + [own.background for own in found if own.background is not None])
    if not values.size:
        return 1e-3, 1.0
    high = float(np.quantile(values, 0.99)) * MARGIN_OF_SCALE
    return max(float(np.quantile(values, 0.01)) / MARGIN_OF_SCALE, high / 10.0**MOST_DECADES), high


ROW, LOWEST_ROW = 0.19, 0.15
"""Height of the row of a family, and the least of it. [inches]"""
AROUND = 0.75
"""Height of a panel's title and axis. [inches]"""
MOST_HEIGHT = 5.4
"""Of the panels; families that do not fit in are left out, from the end of the ranking. [inches]"""


@style.house_style()
def mean_chart(model: Model, pack: EvidencePack, endpoint: str) -> Figure:
    """Draw the restricted means of every family with their intervals, the one in use marked."""
    evidence, names = pack.evidence.endpoints[endpoint], EvidenceNames(model)
    fitted = [family for family in evidence.families if family.fitted]
    strategies = list(evidence.in_use.curves)
    means = [family.curves[strategies[-1]].restricted_mean.value for family in fitted]
    used = evidence.in_use.curves[strategies[-1]].restricted_mean.value
    title = (
        f"{names.endpoint(endpoint)}: mean with {names.strategy(strategies[-1])} is {used:.1f} months with"
        f" {family_name(evidence.in_use.family)}, in use; families give {min(means):.1f} to {max(means):.1f}"
    )
    left_out = len(evidence.families) - len(fitted)
    note = f"; {left_out} families could not be fitted" if left_out > 1 else "; one could not be fitted" * left_out
    subtitle = (
        f"Months within {brief(pack.evidence.horizon / 12)} years, before any cap or floor, with 95% intervals;"
        f" families in the order of their ranking{note}"
    )
    most = int((MOST_HEIGHT / len(strategies) - AROUND) / LOWEST_ROW)
    fitted = [family for family in fitted if family.in_use or fitted.index(family) < most - 1]
    row = min(ROW, (MOST_HEIGHT / len(strategies) - AROUND) / len(fitted))
    beside = max(text_width(family_name(family.family)) for family in fitted)
    figure = page(title, subtitle, (AROUND + row * len(fitted)) * len(strategies) + 0.1)
    cells = list(figure.subplots(len(strategies), 1, squeeze=False, sharex=True).flat)
    for axes, strategy in zip(cells, strategies, strict=True):
        _draw_means(axes, fitted, strategy)
        axes.set_title(fold(names.strategy(strategy), WIDTH - 3 * MARGIN - beside, size=style.SIZE + 0.5))
        plain_rows(axes)
    for axes in cells:
        number_axis(axes.xaxis, "Mean within the time horizon (months)")
        axes.tick_params(labelbottom=True)
    legend_below(figure, _mean_handles(several=len(fitted) > 1))
    return settle(figure)


def _draw_means(axes: Axes, families: Sequence[FamilyEvidence], strategy: str) -> None:
    for row, family in enumerate(families):
        mean = family.curves[strategy].restricted_mean
        low, high = mean.low or mean.value, mean.high or mean.value
        colour = IN_USE if family.in_use else style.INK
        axes.plot([low, high], [row, row], color=colour, linewidth=2.0 if family.in_use else 1.1)
        axes.plot(mean.value, row, marker="s" if family.in_use else "o", color=colour, markersize=5)
    axes.set_yticks(range(len(families)), [family_name(family.family) for family in families])
    axes.set_ylim(len(families) - 0.4, -0.6)


def _mean_handles(*, several: bool) -> list[Artist]:
    from matplotlib.lines import Line2D

    handles: list[Artist] = [
        Line2D([], [], color=IN_USE, linewidth=2.0, marker="s", markersize=5, label="Used in the workbook"),
        Line2D([], [], color=style.INK, linewidth=1.1, marker="o", markersize=5, label="Other families"),
    ]
    return handles if several else handles[:1]
