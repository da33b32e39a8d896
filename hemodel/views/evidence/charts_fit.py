"""Charts of the evidence: what was observed under every family's curve, to twice the follow-up and to the horizon."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.survival.workbook.background import OVERALL_SURVIVAL, population
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
    panel_rows,
    panel_title,
    panels,
    panels_with_risk,
    time_axis,
    to_horizon,
    to_twice_follow_up,
)
from hemodel.views.evidence.words import EvidenceNames
from hemodel.views.shared import style
from hemodel.views.shared.page import legend_below, page, percent_axis, settle
from hemodel.views.shared.text import brief

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.evidence.records import EndpointEvidence, EvidencePack, FamilyEvidence, ReportedPoint
    from hemodel.model.evaluate import Model
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array


PANEL_HEIGHT = 2.55
RISK_HEIGHT = 0.5
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
    model : Model
    pack : EvidencePack
    endpoint : str
    families : sequence of FamilyEvidence
        Fitted ones, no more than can be told apart.
    to_horizon : bool
        To the time horizon, with external evidence and the population, else to about twice
        the follow-up.
    """

    model: Model
    pack: EvidencePack
    endpoint: str
    families: Sequence[FamilyEvidence]
    to_horizon: bool

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
    figure = page(*_header(chart, names), (PANEL_HEIGHT + RISK_HEIGHT * with_risk) * panel_rows(len(strategies)))
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


def _header(chart: FitChart, names: EvidenceNames) -> tuple[str, str]:
    what = names.endpoint(chart.endpoint)
    observed = "Kaplan-Meier curves with 95% intervals" if chart.evidence.observed else "Reported statistics"
    if chart.evidence.observed and chart.evidence.points:
        observed += " and reported statistics"
    if not chart.evidence.observed and not chart.evidence.points:
        observed = "No observations"
    families = f"and the curves of {families_in_words(chart.families)} before any cap or floor"
    until = f"to the time horizon of {brief(chart.horizon / 12)} years" if chart.to_horizon else _until(chart)
    title = f"{what}: {'extrapolation' if chart.to_horizon else 'observed and fitted'}"
    return title, f"{observed} {families}, {until}"


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
    handles = family_handles(chart.families)
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
