"""Tables of the value of information of another tool's analysis.

The charts of another tool's probabilistic analysis: draws, acceptability and value of information.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.base_case import threshold_key
from hemodel.analyses.psa.plane import cloud
from hemodel.economics import break_even_costs
from hemodel.views.information import (
    InformationUnits,
    curves_table,
    evpi_table,
    evppi_ranking,
    evppi_table,
    information_figures,
    ranked,
)
from hemodel.views.psa import draw_frontier
from hemodel.views.shared import style
from hemodel.views.shared.declared import CommandTable
from hemodel.views.shared.page import legend_below, number_axis, page, percent_axis, settle
from hemodel.views.shared.table import Column, Table
from hemodel.views.studies import draw_sizes, draw_wtp, study_designs, study_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.information import InformationResult, VoiResults
    from hemodel.formats import Value
    from hemodel.voi.sample import Sample


def shown_as(results: VoiResults) -> InformationUnits:
    """Return what the value of information is printed in."""
    return InformationUnits(results.currency, results.effect, {s: s for s in results.strategies})


def _means_table(results: VoiResults) -> Table:
    shown = shown_as(results)
    rows: list[tuple[Value, ...]] = [
        (
            entry.strategy,
            entry.costs,
            entry.effects,
            entry.incremental_costs,
            entry.incremental_effects,
            entry.verdict if entry.icer is None else entry.icer,
        )
        for entry in results.means
    ]
    return Table(
        "means",
        "Means over the draws",
        (f"{results.draws:,} draws. Increments are against {results.strategies[0]}; the ratio is of means.",),
        (
            Column("Strategy"),
            Column("Costs", "money", shown.currency),
            Column("Effects", "qaly", results.effect),
            Column("Costs", "money", shown.currency, "Increment"),
            Column("Effects", "qaly", results.effect, "Increment"),
            Column("ICER", "icer", shown.unit),
        ),
        tuple(rows),
    )


def _ceac_table(results: VoiResults) -> Table:
    shown = shown_as(results)
    curves = [results.ceac.probability[s] for s in results.strategies]
    columns = [results.ceac.wtp, *curves, results.ceaf.strategy, results.ceaf.probability]
    return Table(
        "ceac",
        "Acceptability curves and frontier",
        ("The optimal strategy has the highest mean net benefit; its probability is the frontier.",),
        (
            Column("Willingness to pay", "icer", shown.unit),
            *(Column(s, "share", "", "Probability of being cost-effective") for s in results.strategies),
            Column("Optimal strategy"),
            Column("Acceptability frontier", "share"),
        ),
        tuple(zip(*columns, strict=True)),
    )


def voi_figures(results: VoiResults, sample: Sample) -> dict[str, Callable[[], Figure]]:
    """Return every chart of voi.json by name: EVPPI for each threshold at which an input has a value."""
    found, shown = results.information, shown_as(results)
    made = information_figures(found, shown, results.thresholds[0])
    for threshold in results.thresholds[1:]:
        if ranked(found.evppi, found.thresholds.index(threshold)):
            made[f"evppi_{threshold_key(threshold)}"] = partial(evppi_ranking, found, shown, threshold)
    if len(results.ceac.wtp) > 1:
        made["ceac"] = partial(ceac, results, shown)
    if results.research is not None:
        made["study_sizes"] = partial(draw_sizes, results.research)
        made["study_wtp"] = partial(draw_wtp, results.research)
    return made | {"ce_plane": partial(ce_plane, results, shown, sample)}


@style.house_style()
def ceac(results: VoiResults, shown: InformationUnits) -> Figure:
    """Draw the acceptability curve of each strategy and the acceptability frontier."""
    from matplotlib.patches import Patch

    subtitle = (
        f"Share of {results.draws:,} draws in which each strategy has the highest net benefit. The frontier follows the"
        " strategy with the highest mean"
    )
    figure = page("Probability of being cost-effective", subtitle, 2.9)
    axes = figure.subplots()
    _lines_at_thresholds(axes, results)
    draw_frontier(axes, results.ceaf)
    handles: list[Artist] = []
    for place, strategy in enumerate(results.strategies):
        line: dict[str, Any] = {"color": style.colour(place), "linestyle": style.dashes(place)}
        handles += axes.plot(results.ceac.wtp, results.ceac.probability[strategy], **line, label=strategy, zorder=4)
    handles.append(Patch(facecolor=style.LIGHT, label="Acceptability frontier"))
    percent_axis(axes, "Probability (%)")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlim(results.ceac.wtp[0], results.ceac.wtp[-1])
    number_axis(axes.xaxis, f"Willingness to pay ({shown.unit})")
    axes.grid(axis="y")
    legend_below(figure, handles)
    return settle(figure)


def _lines_at_thresholds(axes: Axes, results: VoiResults) -> None:
    for threshold in results.thresholds:
        axes.axvline(threshold, color=style.LIGHT, linewidth=0.9)


@style.house_style()
def ce_plane(results: VoiResults, shown: InformationUnits, sample: Sample) -> Figure:
    """Draw the increments of every draw against the first strategy, and the thresholds."""
    title = "Incremental costs and effects over the draws"
    figure = page(title, f"Each strategy minus {results.strategies[0]}; {results.draws:,} draws", 3.2)
    axes = figure.subplots()
    handles: list[Artist] = []
    size, alpha = (4, 0.18) if results.draws > 2000 else (9, 0.4)
    for place in range(1, len(sample.strategies)):
        found = cloud(sample.effects, sample.costs, place)
        effects, costs = found.mean
        look: dict[str, Any] = {
            "c": style.colour(place),
            "marker": style.marker(place - 1),
            "linewidths": 0,
            "rasterized": True,
        }
        axes.scatter(found.qalys, found.costs, s=size, alpha=alpha, **look)
        handles += axes.plot(
            [effects],
            [costs],
            linestyle="none",
            marker=style.marker(place - 1),
            markersize=6,
            markerfacecolor=style.colour(place),
            markeredgecolor=style.INK,
            zorder=6,
            label=f"{sample.strategies[place]}: draws and their mean",
        )
    axes.axhline(0, color=style.GREY, linewidth=0.8)
    axes.axvline(0, color=style.GREY, linewidth=0.8)
    low, high = axes.get_ylim()
    reach = np.array(axes.get_xlim())
    for place, threshold in enumerate(results.thresholds):
        line: dict[str, Any] = {"color": style.INK, "linestyle": style.dashes(place + 1), "linewidth": 1.1}
        handles += axes.plot(
            reach, break_even_costs(reach, threshold), **line, label=f"Threshold, {shown.threshold(threshold)}"
        )
    axes.set_xlim(*reach)
    axes.set_ylim(low, high)
    number_axis(axes.xaxis, f"Incremental effects ({results.effect} per person)")
    number_axis(axes.yaxis, f"Incremental costs ({shown.currency or 'units of cost'} per person)")
    axes.grid()
    legend_below(figure, handles)
    return settle(figure)


def _of_information(make: Callable[[InformationResult, InformationUnits], Table]) -> Callable[[VoiResults], Table]:
    return lambda results: make(results.information, shown_as(results))


VOI_TABLES = (
    CommandTable("means", _means_table),
    CommandTable("evpi", _of_information(evpi_table)),
    CommandTable("evppi", _of_information(evppi_table)),
    CommandTable("voi_curves", _of_information(curves_table)),
    CommandTable("study_designs", lambda results: study_designs(results.research) if results.research else None),
    CommandTable("study_values", lambda results: study_values(results.research) if results.research else None),
    CommandTable("ceac", _ceac_table),
)
"""Of the record of `hemodel voi`."""
