"""Tables of the studies that could be done.

Charts of the studies that could be done: value by size, net benefit by size, value by willingness to pay.

Sentences on the studies that could be done, for report and console.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.errors import UsageError
from hemodel.formats import display
from hemodel.survival.reported.statistics import HALF_WIDTH_95
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry, TableEntry
from hemodel.views.shared.page import legend_below, number_axis, page, settle
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import about, fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.research import ResearchResult, StudyAt, StudyEntry
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.formats import Value


METHODS = {
    "regression": "regression on simulated data",
    "moment_matching": "moment matching",
    "importance_sampling": "importance sampling",
}
KINDS = {"binary": "share with an event", "continuous": "mean of a number", "time_to_event": "time to an event"}


def per(research: ResearchResult, what: str) -> str:
    """Return the unit of an amount by something, which is all there is where the currency has no name."""
    return f"{research.currency} per {what}".strip()


def decided(study: StudyEntry, threshold: float) -> StudyAt:
    """Return what a study is worth at a threshold."""
    return next(at for at in study.at if at.threshold == threshold)


def research_results(research: ResearchResult | None) -> list[str]:
    """Return one sentence a study: the best size at the decision threshold, or that none is worth its costs."""
    return [] if research is None else [_sentence(research, study) for study in research.studies]


def _sentence(research: ResearchResult, study: StudyEntry) -> str:
    at, currency = decided(study, research.decision_threshold), research.currency
    where = f"at {display(at.threshold, 'money', currency)} per {research.effect}"
    limit = display(at.evppi, "money", currency)
    if at.optimal_size is None:
        largest = display(max(at.population_evsi), "money", currency)
        least = display(min(study.costs), "money", currency)
        return (
            f"{study.label}: {where} no size is worth its costs. To know for certain what it is about would be worth"
            f" {limit} per patient; the study is worth at most {largest} to all patients, and costs {least} or more."
        )
    place = study.sizes.index(at.optimal_size)
    net, value = (display(each[place], "money", currency) for each in (at.enbs, at.evsi))
    return (
        f"{study.label}: {where} the best size is {at.optimal_size:,} patients per arm, with a net benefit of {net};"
        f" it is worth {value} per patient, of at most {limit}.{''.join(f' {note}' for note in at.notes)}"
    )


def research_method(research: ResearchResult | None) -> list[str]:
    """Return how the value of studies is estimated; nothing without studies."""
    if research is None:
        return []
    used = sorted({METHODS[study.method] for study in research.studies})
    rates = [display(rate, "share") + (f" from year {start:g}" if start else "") for start, rate in research.rates]
    sentence = (
        "The value of a study (EVSI) is what its results are expected to add by changing the choice of strategy. "
        "It cannot exceed what it would be worth to know for certain what the study is about (EVPPI). "
        f"Estimated by {' and '.join(used)}. "
        f"The net benefit (ENBS) counts {research.patients_per_year:,.0f} patients a year for {research.horizon:g} "
        f"years without those before the results, discounted at {', '.join(rates)} a year, and takes off the costs."
    )
    return [sentence]


EVSI_NOTE = (
    "EVSI: expected value of sample information; EVPPI: of perfect information on what the study is about."
    " SE: standard error of the estimate."
)


def study_designs(research: ResearchResult) -> Table:
    """Return what each study is: design, costs, when it reports."""
    currency = research.currency
    return Table(
        "study_designs",
        "Studies that could be done",
        (
            f"For {research.patients_per_year:,.0f} patients a year and {research.horizon:g} years from now.",
            "Reports: after so many years from now or, with a recruited share, from the last patient in.",
        ),
        (
            *(Column("Study"), Column("Measures"), Column("Informs")),
            Column("Arms", "count"),
            *(Column("From", "number", "months", "Follow-up"), Column("To", "number", "months", "Follow-up")),
            Column("Dropout", "share", "per year"),
            Column("SD", "number"),
            *(Column("Fixed", "money", currency, "Costs"), Column("Per patient", "money", currency, "Costs")),
            *(Column("Reports", "number", "years"), Column("Recruited share", "share", "proportion")),
            *(Column("Method"), Column("Draws", "count")),
        ),
        tuple(_design(study) for study in research.studies),
    )


def _design(study: StudyEntry) -> tuple[Value, ...]:
    return (
        study.label,
        KINDS[study.kind] if study.endpoint is None else f"{KINDS[study.kind]} ({study.endpoint.upper()})",
        ", ".join(study.informs),
        study.arms,
        *(study.follow_up_from, study.follow_up, study.yearly_dropout, study.standard_deviation),
        *(study.fixed_cost, study.cost_per_patient, study.reports_after, study.recruited_share),
        *(METHODS[study.method], study.draws),
    )


def study_values(research: ResearchResult) -> Table:
    """Return what each study is worth by threshold and size."""
    currency = research.currency
    rows: list[tuple[Value, ...]] = []
    for study in research.studies:
        for at in study.at:
            rows += _values(study, at)
    return Table(
        "study_values",
        "What the studies are worth, by threshold and size",
        (
            EVSI_NOTE,
            "ENBS: expected net benefit of sampling, EVSI of the patients who profit less the costs of the study.",
            *(f"{study.label}: {note}" for study in research.studies for note in study.notes),
        ),
        (
            Column("Study"),
            Column("Threshold", "icer", per(research, research.effect)),
            Column("Patients per arm", "count"),
            *(Column(header, "money", currency, "Per person") for header in ("EVSI", "SE", "EVPPI", "SE of EVPPI")),
            Column("Results after", "number", "years"),
            Column("Who profit", "count", "patients"),
            *(Column(header, "money", currency, "All patients") for header in ("EVSI", "SE", "Costs", "ENBS")),
            Column("Remark"),
        ),
        tuple(rows),
        banded=True,
    )


def _values(study: StudyEntry, at: StudyAt) -> list[tuple[Value, ...]]:
    rows: list[tuple[Value, ...]] = []
    for i, size in enumerate(study.sizes):
        best = at.optimal_size == size
        rows.append(
            (
                *(study.label, at.threshold, size),
                *(at.evsi[i], at.evsi_standard_error[i], at.evppi, at.evppi_standard_error),
                *(study.reports[i], study.patients[i]),
                *(at.population_evsi[i], at.population_standard_error[i], study.costs[i], at.enbs[i]),
                "best size" if best else "",
            )
        )
    return rows


MOST_PANELS = 3
PANEL = 1.65
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

    Raises
    ------
    UsageError
        Without studies.
    """
    return draw_sizes(_research(results))


def study_wtp(results: Results, _run: Run) -> Figure:
    """Draw EVSI of each study against willingness to pay.

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
    figure = page(_worth(research, shown), subtitle, PANEL * len(shown) + 0.1)
    handles: dict[str, Artist] = {}
    for (left, right), study in zip(figure.subplots(len(shown), 2, squeeze=False), shown, strict=True):
        left.set_title(fold(study.label, 1.9, size=style.SIZE + 0.5, lines=2))
        for handle in (*_draw_value(left, research, study), *_draw_net(right, research, study)):
            handles.setdefault(str(handle.get_label()), handle)
    legend_below(figure, handles.values())
    return settle(figure)


def _worth(research: ResearchResult, shown: Sequence[StudyEntry]) -> str:
    """Return the study and size of highest net benefit at the decision threshold, where one is worth its costs."""
    threshold = f"{display(research.decision_threshold, 'money', research.currency)} per {research.effect}"
    best = [(max(at.enbs), s, at) for s in shown if (at := decided(s, research.decision_threshold)).optimal_size]
    if not best:
        return f"At {threshold} no study is worth its costs, whatever its size"
    _, study, at = max(best, key=lambda each: each[0])
    return (
        f"At {threshold} {study.label} is worth most with {at.optimal_size:,} patients{' per arm' * (study.arms > 1)}"
    )


def _where(research: ResearchResult, shown: Sequence[StudyEntry]) -> str:
    """Return at which threshold research is worth most."""
    values = [(value, wtp) for study in shown for value, wtp in zip(study.curve.evppi, study.curve.wtp, strict=True)]
    value, wtp = max(values)
    if value == 0:
        return "Research is worth nothing at any threshold: the choice is certain"
    return f"Research is worth most at {about(wtp, research.currency)} per {research.effect}"


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
    figure = page(_where(research, shown), subtitle, (PANEL + 0.1) * len(shown) + 0.1)
    handles: list[Artist] = []
    for axes, study in zip(figure.subplots(len(shown), 1, squeeze=False)[:, 0], shown, strict=True):
        axes.set_title(fold(study.label, 3.1, size=style.SIZE + 0.5, lines=2))
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


TABLES = (
    TableEntry(
        "study_designs", lambda results, *_: None if results.research is None else study_designs(results.research)
    ),
    TableEntry(
        "study_values", lambda results, *_: None if results.research is None else study_values(results.research)
    ),
)


def _has_studies(results: Results, _run: Run) -> bool:
    return results.research is not None


def _worth_something(results: Results, _run: Run) -> bool:
    """Return whether a study could change the choice at the decision threshold."""
    found = results.research
    return found is not None and any(decided(study, found.decision_threshold).evppi > 0 for study in found.studies)


CHARTS = (
    ChartEntry("study_sizes", study_sizes, "Value of the studies by size", _worth_something),
    ChartEntry("study_wtp", study_wtp, "Value of the studies by willingness to pay", _has_studies),
)
