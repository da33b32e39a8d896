"""Charts of the evidence: what was observed under every family's curve, to twice the follow-up and to the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.survival.workbook.background import OVERALL_SURVIVAL, population
from hemodel.units import MONTHS_PER_YEAR
from hemodel.views.evidence.page import (
    BAND,
    DOTTED,
    POPULATION,
    POPULATION_LABEL,
    Span,
    draw_at_risk,
    draw_follow_up,
    draw_observed,
    draw_point,
    families_in_words,
    family_handles,
    look,
    panel_title,
    panels,
    panels_height,
    panels_with_risk,
    time_axis,
    to_horizon,
    to_landmark,
    to_twice_follow_up,
)
from hemodel.views.evidence.words import EvidenceNames
from hemodel.views.shared import style
from hemodel.views.shared.page import MARGIN, WIDTH, legend_below, page, percent_axis, settle
from hemodel.views.shared.text import brief, fold
from hemodel.views.shared.words import family_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.evidence.records import EndpointEvidence, EvidencePack, FamilyEvidence, ReportedPoint
    from hemodel.model.evaluate import Model
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array


PANEL_HEIGHT = 2.2
RISK_HEIGHT = 0.5
ROW = 0.165
"""Height of a row of the table of an extrapolation. [inches]"""
TABLE_YEARS = (2, 5, 10)
MOST_IN_TABLE = 3
"""Strategies with columns in that table."""
LOWEST = 0.005
"""Survival at which a logarithmic axis ends."""
PERCENT_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
NAME_WIDTH = 1.75
"""Width of the names of the table. [inches]"""
BOUND_MARKERS = {
    ("median", "at_least"): ">",
    ("median", "at_most"): "<",
    ("survival", "at_least"): "^",
    ("survival", "at_most"): "v",
}


@dataclass(frozen=True, eq=False)
class FitChart:
    """What one chart of curves shows.

    Attributes
    ----------
    families : sequence of FamilyEvidence
        Fitted ones, no more than can be told apart.
    to_horizon : bool
        To the time horizon, with external evidence and the population, else to about twice
        the follow-up.
    landmark : bool
        Not to the horizon but for the years on which curves are chosen.
    """

    model: Model
    pack: EvidencePack
    endpoint: str
    families: Sequence[FamilyEvidence]
    to_horizon: bool
    landmark: bool = False

    @property
    def evidence(self) -> EndpointEvidence:
        """Of the endpoint."""
        return self.pack.evidence.endpoints[self.endpoint]

    def fit(self, family: FamilyEvidence) -> EndpointFit:
        """Return the fit of one of the families."""
        return self.pack.fits[self.endpoint][family.family]

    @property
    def span(self) -> Span:
        """What the axis of time shows."""
        if self.landmark:
            return to_landmark(self.horizon)
        return to_horizon(self.horizon) if self.to_horizon else to_twice_follow_up(self.evidence, self.horizon)

    @property
    def horizon(self) -> float:
        """The time horizon, in months."""
        return self.pack.evidence.horizon

    @property
    def strategies(self) -> list[str]:
        """Strategies with a curve, the comparator first."""
        return list(self.families[0].curves)


@style.house_style()
def fit_chart(chart: FitChart) -> Figure:
    """Draw what was observed under every family's curve, one panel a strategy."""
    strategies, evidence, names = chart.strategies, chart.evidence, EvidenceNames(chart.model)
    with_risk = bool(evidence.observed) and not chart.to_horizon
    each = PANEL_HEIGHT + RISK_HEIGHT * with_risk
    figure = page(*_header(chart, names), panels_height(len(strategies), each))
    pairs: list[tuple[Axes, Axes | None]]
    if with_risk:
        pairs = [*panels_with_risk(figure, len(strategies))]
    else:
        pairs = [(axes, None) for axes in panels(figure, len(strategies))]
    for strategy, (axes, below) in zip(strategies, pairs, strict=True):
        _draw_panel(axes, chart, strategy)
        panel_title(axes, names.strategy(strategy), len(strategies))
        if below is not None:
            _risk_or_nothing(below, chart, strategy)
    legend_below(figure, _handles(chart))
    return settle(figure)


@style.house_style()
def extrapolation_chart(chart: FitChart) -> Figure:
    """Draw every family's curve on a logarithmic axis, one panel a strategy, above a table of survival by year."""
    strategies, names = chart.strategies, EvidenceNames(chart.model)
    table = ROW * (len(chart.families) + 4)
    height = panels_height(len(strategies), PANEL_HEIGHT)
    figure = page(*_header(chart, names), height + table)
    above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[height, table])[:, 0]
    for strategy, axes in zip(strategies, panels(above, len(strategies)), strict=True):
        _draw_panel(axes, chart, strategy)
        panel_title(axes, names.strategy(strategy), len(strategies))
        axes.set_yscale("log")
        axes.set_ylim(LOWEST, 1.0)
        axes.set_yticks(PERCENT_TICKS, [f"{100 * tick:.0f}" for tick in PERCENT_TICKS])
        axes.set_yticks([], minor=True)
        axes.set_ylabel(_y_label(chart.endpoint).replace("%", "%, log scale"))
    legend_below(figure, _handles(chart))
    _draw_table(below.subplots(), chart, names)
    return settle(figure)


def _draw_table(axes: Axes, chart: FitChart, names: EvidenceNames) -> None:
    """Write survival at some years by family, with a sample of its line before its name."""
    room, years = WIDTH - 2 * MARGIN, [y for y in TABLE_YEARS if y * MONTHS_PER_YEAR <= chart.horizon]
    shown = chart.strategies[:MOST_IN_TABLE]
    axes.set_axis_off()
    axes.set_xlim(0, room)
    axes.set_ylim(len(chart.families) + 2.5, -1.3)
    step = (room - NAME_WIDTH) / (len(shown) * max(len(years), 1))
    for k, strategy in enumerate(shown):
        start = NAME_WIDTH + k * step * len(years)
        name = fold(names.strategy(strategy), step * len(years) - 0.08, bold=True)
        axes.text(start + step * len(years), 0.4, name, ha="right", va="bottom", weight="bold", linespacing=1.0)
        for j, year in enumerate(years):
            x = start + (j + 1) * step
            axes.text(x, 1, f"{year} y", ha="right", va="center", color=style.GREY)
            for row, family in enumerate(chart.families):
                found = family.curves[strategy].survival_by_year.get(year)
                text = "–" if found is None or found.value is None else f"{100 * found.value:.1f}"
                weight = "bold" if family.in_use else "normal"
                axes.text(x, row + 2, text, ha="right", va="center", weight=weight)
    axes.text(0, 1, f"{_y_label(chart.endpoint)} at", va="center", color=style.GREY)
    for row, family in enumerate(chart.families):
        axes.plot([0, 0.25], [row + 2, row + 2], **look(family, row))
        text = f"{family_name(family.family)}{' (in use)' if family.in_use else ''}"
        name = fold(text, NAME_WIDTH - 0.32, lines=1, bold=family.in_use)
        axes.text(0.32, row + 2, name, va="center", weight="bold" if family.in_use else "normal")


def _header(chart: FitChart, names: EvidenceNames) -> tuple[str, str]:
    observed = "Kaplan-Meier curves with 95% intervals" if chart.evidence.observed else "Reported statistics"
    if chart.evidence.observed and chart.evidence.points:
        observed += " and reported statistics"
    if not chart.evidence.observed and not chart.evidence.points:
        observed = "No observations"
    families = f"and the curves of {families_in_words(chart.families)} before any cap or floor"
    until = f"to year {brief(chart.span.last / MONTHS_PER_YEAR)}" if chart.to_horizon else _until(chart)
    title = _range(chart, names) if chart.to_horizon else _closeness(chart, names)
    return title, f"{observed} {families}, {until}"


def _closeness(chart: FitChart, names: EvidenceNames) -> str:
    """Return how far the curves in use are from what was reported."""
    own, what = chart.evidence.in_use, names.endpoint(chart.endpoint)
    if own.largest_z is None:
        return f"{what}: {family_name(own.family)} is in use, beside what was observed"
    off = f"{own.largest_z:.1f} standard error{'' if f'{own.largest_z:.1f}' == '1.0' else 's'}"
    return f"{what}: {family_name(own.family)}, in use, is at most {off} from what was reported"


def _range(chart: FitChart, names: EvidenceNames) -> str:
    """Return how far apart the families are at 5 years, or the last year before it that there is."""
    strategy, own = chart.strategies[-1], chart.evidence.in_use
    found = {
        year: [f.curves[strategy].survival_by_year[year].value for f in chart.families]
        for year in own.curves[strategy].survival_by_year
        if year <= TABLE_YEARS[1]
    }
    what = names.endpoint(chart.endpoint)
    if not found:
        return f"{what}: extrapolation"
    year = max(found)
    low, high = (f"{100 * end:.1f}%" for end in (min(found[year]), max(found[year])))
    used = f"{100 * own.curves[strategy].survival_by_year[year].value:.1f}% with {family_name(own.family)}, in use"
    return f"{what} at {year} years with {names.strategy(strategy)} is {used}; families give {low} to {high}"


def _until(chart: FitChart) -> str:
    return f"to month {brief(chart.span.last)}" if chart.evidence.follow_up.months is None else "to twice the follow-up"


def _draw_panel(axes: Axes, chart: FitChart, strategy: str) -> None:
    span, evidence = chart.span, chart.evidence
    months = np.concatenate([[0.0], span.grid()])
    for place, family in enumerate(chart.families):
        axes.plot(span.shown(months), survival_of(chart.fit(family), strategy, months), **look(family, place))
    if strategy in evidence.observed:
        draw_observed(axes, evidence.observed[strategy], span)
    for point in evidence.points:
        if point.strategy == strategy and point.time <= span.last:
            _draw_reported(axes, point, span)
    if chart.to_horizon:
        _draw_external(axes, chart, strategy)
        _draw_population(axes, chart, months)
    draw_follow_up(axes, evidence, span)
    time_axis(axes, span)
    percent_axis(axes, _y_label(chart.endpoint))
    axes.grid(axis="y")


def _y_label(endpoint: str) -> str:
    return "On treatment (%)" if endpoint.startswith("tot_") else "Patients (%)"


def survival_of(fit: EndpointFit, strategy: str, months: Array) -> Array:
    """Return a fitted family's survival at times in months."""
    return np.asarray(fit.curves.survival(strategy, months, fit.coefficients[None, :])[0])


def _risk_or_nothing(axes: Axes, chart: FitChart, strategy: str) -> None:
    data = chart.fit(chart.evidence.in_use).sources[strategy].data
    if data is None:
        axes.set_axis_off()
    else:
        draw_at_risk(axes, data, chart.span)


def _draw_reported(axes: Axes, point: ReportedPoint, span: Span) -> None:
    across = point.kind == "median"
    low, high = (None if v is None else float(span.shown(v)) if across else v for v in (point.low, point.high))
    marker = BOUND_MARKERS.get((point.kind, point.bound or ""), "o")
    inside = style.INK if point.used else style.LIGHT
    at = (float(span.shown(point.time)), point.survival)
    draw_point(axes, at, (low, high), across=across, inside=inside, marker=marker)


def _draw_external(axes: Axes, chart: FitChart, strategy: str) -> None:
    for found in chart.evidence.external:
        if found.strategy == strategy and 0 <= found.time <= chart.span.last:
            at = (float(chart.span.shown(found.time)), found.survival.value)
            interval = (found.survival.low, found.survival.high)
            draw_point(axes, at, interval, across=False, inside="white", marker="D")


def _draw_population(axes: Axes, chart: FitChart, months: Array) -> None:
    people = population(chart.model.inputs) if _has_population(chart) else None
    if people is not None:
        shown = chart.span.shown(months)
        axes.plot(shown, people.survival(months), **POPULATION)


def _has_population(chart: FitChart) -> bool:
    return chart.endpoint == OVERALL_SURVIVAL and chart.evidence.background_hazard is not None


def _handles(chart: FitChart) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    evidence, last = chart.evidence, chart.span.last
    dot: dict[str, Any] = {"color": style.INK, "linestyle": "none", "markersize": 4.6}
    handles = [] if chart.landmark else family_handles(chart.families)
    if evidence.observed:
        handles.append(Line2D([], [], color=style.INK, linewidth=1.0, label="Kaplan-Meier"))
        handles.append(Patch(**BAND, label="95% interval"))
    points = [point for point in evidence.points if point.time <= last]
    if any(point.used and point.bound is None for point in points):
        handles.append(Line2D([], [], **dot, marker="o", label="Reported, with 95% interval"))
    if any(not point.used for point in points):
        label = "Reported, not used in the fit"
        handles.append(Line2D([], [], **dot, marker="o", markerfacecolor=style.LIGHT, label=label))
    bounds = {(p.kind, p.bound) for p in points if p.bound}
    for kind, bound in sorted(bounds, key=str):
        label = f"Reported {kind}: {str(bound).replace('_', ' ')} this"
        handles.append(Line2D([], [], **dot, marker=BOUND_MARKERS[kind, str(bound)], label=label))
    if chart.to_horizon and any(0 <= found.time <= last for found in evidence.external):
        handles.append(
            Line2D([], [], **dot, marker="D", markerfacecolor="white", label="Other studies, with 95% interval")
        )
    if chart.to_horizon and _has_population(chart):
        handles.append(Line2D([], [], **POPULATION, label=POPULATION_LABEL))
    handles += follow_up_handles(evidence, last)
    return handles


def follow_up_handles(evidence: EndpointEvidence, last: float) -> list[Artist]:
    """Return the sample of a legend for the end of follow-up, where it is drawn."""
    from matplotlib.lines import Line2D

    months = evidence.follow_up.months
    if months is None or months >= last:
        return []
    label = f"Follow-up, {brief(months)} months"
    return [Line2D([], [], color=style.GREY, linewidth=1.0, linestyle=DOTTED, label=label)]
