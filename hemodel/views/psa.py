"""Charts of the probabilistic analysis.

Tables of what the draws are made of: checks of every draw, inputs, the mean against the base case, extreme draws.
"""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.base_case import threshold_key
from hemodel.analyses.psa.diagnostics import MOST_REASONS
from hemodel.analyses.psa.draws import Psa, convergence_path, mean_interval
from hemodel.analyses.psa.plane import Cloud, cloud
from hemodel.economics import break_even_costs, increment
from hemodel.errors import UsageError
from hemodel.formats import Value, display
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry, TableEntry
from hemodel.views.shared.page import (
    label_across,
    label_ends,
    lay_out,
    legend_below,
    log_axis,
    money_axis,
    number_axis,
    page,
    percent_axis,
    settle,
)
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import about, minus, text_width, threshold_text
from hemodel.views.shared.words import OUTCOME_WORDS, Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.psa.result import Ceaf, PsaResult
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.parameters import FloatArray


CONVERGENCE_POINTS = 400
SETTLED = 0.02
"""Share of the draws after which the running mean sets the scale."""
FEW_DRAWS = 2000
"""Up to so many draws are drawn as larger dots."""
FAR = 3.0
"""The axis of willingness to pay is logarithmic where it ends so many times beyond the decision threshold."""
WTP = "Willingness to pay"


@style.house_style()
def ce_plane(results: Results, run: Run) -> Figure:
    """Draw the increments of every draw on the cost-effectiveness plane.

    Parameters
    ----------
    run : Run
        With a probabilistic analysis.
    """
    psa, _ = _needed(results, run)
    names = Names(results)
    what = " and ".join(names.strategy(s) for s in results.strategies[1:])
    each = ", each" if len(psa.strategies) > 2 else ""
    subtitle = (
        f"Discounted increments per patient, {what}{each} minus {names.strategy(results.strategies[0])}; {_shown(psa)}"
    )
    clouds = [cloud(psa.qalys, psa.costs, place) for place in range(1, len(psa.strategies))]
    figure = page(_below(results, psa, clouds), subtitle, 3.3)
    axes = figure.subplots()
    handles: list[Artist] = []
    for place, found in enumerate(clouds, start=1):
        handles += _draw_cloud(axes, results, (psa, found), place)
    axes.axhline(0, color=style.GREY, linewidth=0.8)
    axes.axvline(0, color=style.GREY, linewidth=0.8)
    _limits(axes, results, clouds)
    number_axis(axes.xaxis, "Incremental QALYs (per patient)")
    money_axis(axes.yaxis, "Incremental costs", results.currency, "per patient")
    legend_below(figure, [*handles, *_marks()])
    _threshold_line(figure, axes, results)
    return settle(figure)


def _below(results: Results, psa: Psa, clouds: Sequence[Cloud]) -> str:
    """Return in words in how many draws each intervention is cost-effective against the first strategy."""
    names, at = Names(results), threshold_text(results)
    shares = [found.share_below(results.decision_threshold) for found in clouds]
    if not any(shares):
        return f"In none of {psa.kept:,} draws is the ICER below {at}"
    told = [f"{names.strategy(s)} in {_share(share)}" for s, share in zip(psa.strategies[1:], shares, strict=True)]
    return f"Cost-effective at {at}: {', '.join(told)} of the draws"


def _shown(psa: Psa) -> str:
    return f"{psa.draws:,} draws" if psa.kept == psa.draws else f"the first {psa.kept:,} of {psa.draws:,} draws"


def _needed(results: Results, run: Run) -> tuple[Psa, PsaResult]:
    if run.psa is None or results.psa is None:
        raise UsageError("This chart needs the probabilistic analysis. Run the part psa.")
    return run.psa, results.psa


_BASE: dict[str, Any] = {"marker": "*", "markersize": 12, "markerfacecolor": "white", "markeredgecolor": style.INK}
_MEAN: dict[str, Any] = {"markersize": 6, "markeredgecolor": style.INK}


def _draw_cloud(axes: Axes, results: Results, drawn: tuple[Psa, Cloud], place: int) -> list[Artist]:
    """Draw draws, mean and base case of one intervention; return what the legend shows of it."""
    from matplotlib.lines import Line2D

    psa, found = drawn
    several = len(psa.strategies) > 2
    colour, marker = style.colour(place), style.marker(place) if several else "o"
    size, alpha = (3, 0.15) if psa.draws > FEW_DRAWS else (9, 0.4)
    axes.scatter(found.qalys, found.costs, s=size, c=colour, marker=marker, alpha=alpha, linewidths=0, rasterized=True)
    entry = results.incremental[place - 1]
    axes.plot(*found.mean, **_MEAN, marker=marker, markerfacecolor=colour, zorder=6)
    axes.plot(entry.qalys, entry.costs, **_BASE, zorder=5)
    label = Names(results).strategy(psa.strategies[place]) if several else "One draw"
    return [Line2D([], [], marker=marker, linestyle="none", color=colour, markersize=4, label=label)]


def _marks() -> list[Artist]:
    from matplotlib.lines import Line2D

    mean = _MEAN | {"marker": "o", "markerfacecolor": style.LIGHT}
    looks = ((mean, "Mean of the draws"), (_BASE, "Base case"))
    return [Line2D([], [], linestyle="none", **look, label=text) for look, text in looks]


def _threshold_line(figure: Figure, axes: Axes, results: Results) -> None:
    """Draw the line of the decision threshold and write along it what it is, where it is in view."""
    reach = np.array(axes.get_xlim())
    line = break_even_costs(reach, results.decision_threshold)
    axes.plot(reach, line, color=style.INK, linestyle=(0, (5, 2)), linewidth=1.1, scaley=False)
    low, high = axes.get_ylim()
    lay_out(figure)
    x = np.linspace(float(reach[0]), float(reach[1]), 201)
    y = break_even_costs(x, results.decision_threshold)
    seen = x[(y > low) & (y < high) & (x > 0)]
    if not seen.size:
        return
    width = text_width(f"Threshold {threshold_text(results)}") * figure.dpi / axes.bbox.width * float(np.ptp(reach))
    at = max(float(seen[-1]) - 0.55 * width, float(seen[0] + seen[-1]) / 2)
    axes.annotate(
        f"Threshold {threshold_text(results)}",
        (at, break_even_costs(np.array([at]), results.decision_threshold)[0]),
        xytext=(0, 2),
        textcoords="offset points",
        ha="center",
        va="bottom",
        rotation=_slope(axes, (reach, line)),
        rotation_mode="anchor",
    )


def _slope(axes: Axes, line: tuple[FloatArray, FloatArray]) -> float:
    """Return the angle of a straight line on the page, in degrees."""
    (x0, y0), (x1, y1) = axes.transData.transform(np.column_stack(line))
    return float(np.degrees(np.arctan2(y1 - y0, x1 - x0)))


def _share(value: float) -> str:
    return "<0.1%" if 0 < value < 0.0005 else display(value, "share")


def _limits(axes: Axes, results: Results, clouds: Sequence[Cloud]) -> None:
    """Show every draw, the base case and the origin, with a margin."""
    base = results.incremental
    qalys = np.concatenate([[0.0], [entry.qalys for entry in base], *(each.qalys for each in clouds)])
    costs = np.concatenate([[0.0], [entry.costs for entry in base], *(each.costs for each in clouds)])
    for setter, values in ((axes.set_xlim, qalys), (axes.set_ylim, costs)):
        margin = 0.06 * (np.ptp(values) or 1.0)
        setter(values.min() - margin, values.max() + margin)


@style.house_style()
def ceac(results: Results, run: Run) -> Figure:
    """Draw the acceptability curve of each strategy, and mark where the frontier goes over to another strategy.

    Parameters
    ----------
    run : Run
        With a probabilistic analysis.
    """
    _, found = _needed(results, run)
    names = Names(results)
    subtitle = (
        f"Share of {found.draws:,} draws in which each strategy has the highest net monetary benefit; grey: the"
        " acceptability frontier, of the strategy with the highest mean"
    )
    figure = page(_at_threshold(results, found), subtitle, 3.0)
    axes = figure.subplots()
    ends = []
    draw_frontier(axes, found.ceaf)
    for place, strategy in enumerate(results.strategies):
        line = found.ceac.probability[strategy]
        axes.plot(found.ceac.wtp, line, color=style.colour(place), linestyle=style.dashes(place), zorder=4)
        ends.append((line[-1], names.strategy(strategy), style.colour(place)))
    percent_axis(axes, "Probability (%)")
    axes.set_ylim(-0.03, 1.03)
    _wtp_axis(axes, results, found.ceac.wtp)
    axes.grid(axis="y")
    _draw_thresholds(axes, results)
    _mark_switch(axes, results, found.ceaf)
    label_ends(figure, axes, ends)
    return settle(figure)


def _at_threshold(results: Results, found: PsaResult) -> str:
    """Return the strategy that is most often best at the decision threshold, and in how many draws."""
    shares = found.probability_cost_effective[threshold_key(results.decision_threshold)]
    best = max(shares, key=lambda strategy: shares[strategy])
    often = {1.0: f"in all {found.draws:,} draws"}.get(shares[best], f"with a probability of {_share(shares[best])}")
    return f"At {threshold_text(results)} {Names(results).strategy(best)} is the best strategy {often}"


def _wtp_axis(axes: Axes, results: Results, wtp: Sequence[float]) -> None:
    """Label willingness to pay; logarithmic where the thresholds would have no room on an axis from 0."""
    positive = [value for value in (*results.thresholds, results.decision_threshold) if value > 0]
    if not positive or wtp[-1] <= FAR * results.decision_threshold:
        axes.set_xlim(wtp[0], wtp[-1])
        money_axis(axes.xaxis, WTP, results.currency, "per QALY")
        return
    axes.set_xscale("log")
    axes.set_xlim(min(positive) * LEFT, wtp[-1])
    log_axis(axes.xaxis, f"{WTP} (thousand {results.currency} per QALY, log scale)", by=1e3)


LEFT = 0.5
"""Where a logarithmic axis begins, as a share of the lowest threshold."""


def _draw_thresholds(axes: Axes, results: Results) -> None:
    """Draw every threshold, and write above that of the decision what it is."""
    for threshold in results.thresholds:
        axes.axvline(threshold, color=style.LIGHT, linewidth=0.9)
    axes.axvline(results.decision_threshold, color=style.INK, linewidth=1.1, linestyle=(0, (4, 2)))
    label_across(axes, results.decision_threshold, f"Decision threshold {threshold_text(results)}")


def _mark_switch(axes: Axes, results: Results, found: Ceaf) -> None:
    """Mark where the strategy of the frontier changes, the first time."""
    points = list(zip(found.strategy, found.wtp, found.probability, strict=True))
    for (before, *_), (after, wtp, probability) in pairwise(points):
        if after != before:
            axes.plot(wtp, probability, marker="|", markersize=12, color=style.INK, markeredgewidth=1.4, zorder=5)
            label_across(axes, wtp, f"Frontier changes at {about(wtp, results.currency)}", style.GREY, line=1)
            axes.axvline(wtp, color=style.GREY, linewidth=0.8, linestyle=(0, (1, 2)))
            return


def draw_frontier(axes: Axes, found: Ceaf) -> None:
    """Draw the frontier as a thin band behind the curves, broken where the strategy changes."""
    points = zip(found.strategy, found.wtp, found.probability, strict=True)
    for _, group in groupby(points, key=lambda point: point[0]):
        _, wtp, probability = zip(*group, strict=True)
        axes.plot(wtp, probability, color=style.LIGHT, linewidth=4.5, solid_capstyle="round", zorder=3)


@style.house_style()
def convergence(results: Results, run: Run) -> Figure:
    """Draw the mean incremental net monetary benefit of the first n draws, against n.

    Parameters
    ----------
    run : Run
        With a probabilistic analysis of two draws or more.
    """
    psa, found = _needed(results, run)
    if psa.draws < 2:
        raise UsageError("Convergence needs two draws or more. Run with more draws.")
    n, mean, error = convergence_path(psa, results.decision_threshold, CONVERGENCE_POINTS)
    subtitle = (
        f"Mean incremental net monetary benefit of the first draws, {minus(results, psa.strategies[1])}, at"
        f" {threshold_text(results)}; band: ± 1.96 Monte Carlo standard errors"
    )
    error_of = display(found.mcse_inmb, "money", results.currency)
    title = f"After {psa.draws:,} draws the mean net benefit is known to a standard error of {error_of}"
    figure = page(title, subtitle, 2.6)
    axes = figure.subplots()
    low, high = mean_interval(mean, error)
    axes.fill_between(n, low, high, color=style.colour(0), alpha=0.2, linewidth=0)
    axes.plot(n, mean, color=style.colour(0))
    axes.axhline(mean[-1], color=style.INK, linewidth=0.9, linestyle=(0, (4, 2)))
    seen = n >= SETTLED * psa.draws
    margin = 0.05 * (high[seen].max() - low[seen].min()) or 1.0
    axes.set_ylim(low[seen].min() - margin, high[seen].max() + margin)
    axes.set_xlim(0, psa.draws)
    number_axis(axes.xaxis, "Draws (number)")
    number_axis(axes.yaxis, f"Mean net benefit ({results.currency})")
    axes.grid()
    return settle(figure)


ALONE = (
    "What an input does alone: mean increments over its distribution, all others at the base case, minus those of the "
    "base case. It is not 0 where the base value is not the mean of the distribution, or where the result is curved in "
    "the input."
)


def psa_checks(psa: PsaResult) -> Table:
    """Return the checks of every draw."""
    rows = tuple((c.name, "yes" if c.holds else "no", c.found) for c in psa.checks)
    return Table(
        "psa_checks",
        "Checks of every draw",
        (f"Over all {psa.draws:,} draws; none is discarded.",),
        (Column("Check"), Column("Holds"), Column("Found")),
        rows,
    )


def psa_inputs(psa: PsaResult) -> Table:
    """Return declared and drawn mean and SD of every input."""
    given = any(e.given for e in psa.inputs)
    rows: tuple[tuple[Value, ...], ...] = tuple(
        (e.label, e.id, e.base, e.mean, e.drawn_mean, e.sd, e.drawn_sd, e.lowest, e.highest, e.standard_errors)
        + (("yes" if e.given else "no",) if given else ())
        for e in psa.inputs
    )
    return Table(
        "psa_inputs",
        "Inputs over the draws",
        (
            "Declared: of the distribution. A base value other than that mean moves the mean result.",
            "Distance: drawn minus declared mean, in standard errors of independent draws.",
            *(["Drawn elsewhere: the file of draws need not have the declared mean."] if given else []),
        ),
        (
            Column("Input"),
            Column("Id"),
            Column("Base case", "number"),
            Column("Declared", "number", group="Mean"),
            Column("Drawn", "number", group="Mean"),
            Column("Declared", "number", group="Standard deviation"),
            Column("Drawn", "number", group="Standard deviation"),
            Column("Lowest", "number", group="Drawn"),
            Column("Highest", "number", group="Drawn"),
            Column("Distance", "z", "standard errors"),
            *([Column("Drawn elsewhere")] if given else []),
        ),
        rows,
    )


def psa_against_base(results: Results, psa: PsaResult, names: Names) -> Table:
    """Return the difference of the mean of the draws from the base case, and the inputs that make it."""
    rows: list[tuple[Value, ...]] = []
    for entry in psa.differences:
        who = names.strategy(entry.intervention)
        shown = entry.reasons[:MOST_REASONS]
        rows.append((who, "Mean of the draws minus base case", entry.qalys, entry.costs, entry.nmb))
        rows += [(who, f"of which: {r.label}", r.qalys, r.costs, r.nmb) for r in shown]
        rows.append((who, entry.rest.label, entry.rest.qalys, entry.rest.costs, entry.rest.nmb))
    threshold = display(results.decision_threshold, "icer", results.currency)
    errors = ", ".join(display(entry.mcse_nmb, "money", results.currency) for entry in psa.differences)
    return Table(
        "psa_against_base",
        "Mean of the draws against the base case",
        (
            ALONE,
            f"Monte Carlo standard error of the mean net benefit at {threshold} per QALY: {errors}.",
        ),
        (
            Column("Intervention"),
            Column("Difference"),
            Column("Incremental QALYs", "qaly", "QALY"),
            Column("Incremental costs", "money", results.currency),
            Column("Net monetary benefit", "money", results.currency),
        ),
        tuple(rows),
        banded=True,
    )


def psa_totals(results: Results, psa: PsaResult, names: Names) -> Table:
    """Return the mean of the draws beside the base case for every strategy."""
    rows = tuple(
        (names.strategy(e.strategy), OUTCOME_WORDS[e.outcome], e.base, e.mean, e.difference, e.mcse)
        for e in psa.against_base
    )
    return Table(
        "psa_totals",
        "Mean of the draws against the base case, by strategy",
        (
            f"Discounted; costs in {results.currency}.",
            "Difference: of the mean from the base case, over the base case.",
        ),
        (
            Column("Strategy"),
            Column("Outcome"),
            Column("Base case", "number"),
            Column("Mean of the draws", "number"),
            Column("Difference", "share", "proportion"),
            Column("Monte Carlo standard error", "share", "proportion"),
        ),
        rows,
        banded=True,
    )


def psa_extremes(results: Results, psa: PsaResult, names: Names) -> Table:
    """Return the draws with the lowest and the highest net benefit, and the inputs that put them there."""
    rows = tuple(
        (
            e.draw,
            e.qalys,
            e.costs,
            e.nmb,
            "; ".join(f"{reason.label} ({display(reason.share, 'share')})" for reason in e.reasons),
        )
        for e in psa.extremes
    )
    first = names.comparison(psa.increments[0].intervention, psa.increments[0].comparator)
    return Table(
        "psa_extremes",
        "Extreme draws",
        (
            f"{first}: the lowest and the highest net monetary benefit of the first {psa.kept:,} draws.",
            "Behind each input: the share of the distance from the mean that a linear regression on it alone explains.",
        ),
        (
            Column("Draw", "count"),
            Column("Incremental QALYs", "qaly", "QALY"),
            Column("Incremental costs", "money", results.currency),
            Column("Net monetary benefit", "money", results.currency),
            Column("Inputs"),
        ),
        rows,
    )


TABLES = (
    TableEntry(
        "psa_against_base",
        lambda results, _, names: None if results.psa is None else psa_against_base(results, results.psa, names),
    ),
    TableEntry(
        "psa_totals",
        lambda results, _, names: None if results.psa is None else psa_totals(results, results.psa, names),
    ),
    TableEntry("psa_checks", lambda results, *_: None if results.psa is None else psa_checks(results.psa)),
    TableEntry("psa_inputs", lambda results, *_: None if results.psa is None else psa_inputs(results.psa)),
    TableEntry(
        "psa_extremes",
        lambda results, _, names: None if results.psa is None else psa_extremes(results, results.psa, names),
    ),
)


def _has_draws(results: Results, run: Run) -> bool:
    return results.psa is not None and run.psa is not None


def _has_error(results: Results, run: Run) -> bool:
    """Return whether there are draws enough for a standard error, and one that can be seen."""
    found = results.psa
    return run.psa is not None and found is not None and run.psa.draws > 1 and display(found.mcse_inmb, "money") != "0"


CHARTS = (
    ChartEntry("ce_plane", ce_plane, "Cost-effectiveness plane", _has_draws),
    ChartEntry("ceac", ceac, "Cost-effectiveness acceptability curves and frontier", _has_draws),
    ChartEntry(
        "convergence",
        convergence,
        "Convergence of the mean net benefit over the draws",
        _has_error,
    ),
)


DRAWS_SHOWN = 1000
"""Draws behind the cost-effectiveness plane of the results workbook."""


def draw_sample(results: Results, run: Run, names: Names) -> Table | None:
    """Return the increments of the first draws, behind the cost-effectiveness plane."""
    if run.psa is None:
        return None
    psa, count = run.psa, min(run.psa.draws, DRAWS_SHOWN)
    columns = [Column("Draw", "count")]
    values: list[list[float]] = [[float(i) for i in range(1, count + 1)]]
    for i, strategy in enumerate(psa.strategies[1:], start=1):
        group = names.comparison(strategy, psa.strategies[0])
        columns.append(Column("Incremental QALYs", "qaly", "QALY", group))
        columns.append(Column("Incremental costs", "money", results.currency, group))
        values += [increment(table[:count], i).tolist() for table in (psa.qalys, psa.costs)]
    note = f"The first {count:,} of {psa.draws:,} draws, behind the cost-effectiveness plane."
    return Table("psa_draws", "Draws", (note,), tuple(columns), tuple(zip(*values, strict=True)))


def threshold_line(results: Results, run: Run, names: Names) -> Table | None:
    """Return the ends of the line of the decision threshold, as wide as the draws."""
    draws = draw_sample(results, run, names)
    if draws is None:
        return None
    numbers = [float(number or 0.0) for row in draws.rows for number in row[1::2]]
    ends = (("Left end", min(0.0, *numbers)), ("Right end", max(0.0, *numbers)))
    return Table(
        "threshold_line",
        "Line of the decision threshold",
        (),
        (Column("End"), Column("QALYs", "qaly", "QALY"), Column("Costs", "money", results.currency)),
        tuple((name, end, break_even_costs(end, results.decision_threshold)) for name, end in ends),
    )


BEHIND_CHARTS = (
    TableEntry("threshold_line", threshold_line),
    TableEntry("psa_draws", draw_sample),
)
