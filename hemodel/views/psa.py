"""Charts of the probabilistic analysis.

Where draws lie densely on a plane: regions that hold a share of them, whatever their shape.

Tables of what the draws are made of: checks of every draw, inputs, the mean against the base case, extreme draws.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.psa.diagnostics import MOST_REASONS
from hemodel.analyses.psa.draws import Psa, convergence_path, mean_interval
from hemodel.analyses.psa.plane import SHARES, Cloud, cloud, densest
from hemodel.economics import break_even_costs
from hemodel.errors import UsageError
from hemodel.formats import Value, display
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry, TableEntry
from hemodel.views.shared.page import legend_below, number_axis, page, percent_axis, settle
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import minus, threshold_text
from hemodel.views.shared.words import OUTCOME_WORDS, Names

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.psa.result import Ceaf, PsaResult
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.parameters import FloatArray


DRAWS_NEEDED = 500
TINTS = (0.10, 0.14, 0.20)
"""Opacity of the regions, the widest first."""


def draw_regions(axes: Axes, x: FloatArray, y: FloatArray, colour: str) -> list[Artist]:
    """Shade the regions; return what the legend shows, nothing where the draws are too few or do not vary."""
    from matplotlib.patches import Patch

    if x.size < DRAWS_NEEDED or not np.ptp(x) or not np.ptp(y):
        return []
    across, up, density, heights = densest(x, y)
    for height, tint in zip(heights, TINTS, strict=True):
        axes.contourf(across, up, density, levels=[height, np.inf], colors=[colour], alpha=tint, zorder=1.5)
        axes.contour(across, up, density, levels=[height], colors=[colour], linewidths=0.5, zorder=1.6)
    shares = ", ".join(f"{share:.0%}" for share in SHARES)
    return [Patch(facecolor=colour, alpha=0.3, label=f"Densest regions with {shares} of the draws")]


ELLIPSE_DRAWS = 30
"""Fewest draws with a covariance worth a region."""
CONVERGENCE_POINTS = 400
SETTLED = 0.02
"""Share of the draws after which the running mean sets the scale."""


@style.house_style()
def ce_plane(results: Results, run: Run) -> Figure:
    """Draw the increments of every draw on the cost-effectiveness plane.

    Parameters
    ----------
    run : Run
        With a probabilistic analysis.
    """
    psa, _ = _needed(results, run)
    title = "Incremental costs and QALYs over the draws"
    names = Names(results)
    what = " and ".join(names.strategy(s) for s in results.strategies[1:])
    each = ", each" if len(psa.strategies) > 2 else ""
    subtitle = f"{what}{each} minus {names.strategy(results.strategies[0])}; {_shown(psa)}, discounted"
    figure = page(title, subtitle, 3.7)
    axes = figure.subplots()
    handles: list[Artist] = []
    for place, found in enumerate(_clouds(psa), start=1):
        handles += _draw_cloud(axes, results, (psa, found), place)
    axes.axhline(0, color=style.GREY, linewidth=0.8)
    axes.axvline(0, color=style.GREY, linewidth=0.8)
    _limits(axes, results, psa)
    reach = np.array(axes.get_xlim())
    label = f"Threshold, {threshold_text(results)}"
    handles += axes.plot(
        reach,
        break_even_costs(reach, results.decision_threshold),
        color=style.INK,
        linestyle=(0, (5, 2)),
        linewidth=1.1,
        label=label,
    )
    number_axis(axes.xaxis, "Incremental QALYs (per patient)")
    number_axis(axes.yaxis, f"Incremental costs ({results.currency} per patient)")
    axes.grid()
    legend_below(figure, handles)
    return settle(figure)


def _shown(psa: Psa) -> str:
    return f"{psa.draws:,} draws" if psa.kept == psa.draws else f"the first {psa.kept:,} of {psa.draws:,} draws"


def _needed(results: Results, run: Run) -> tuple[Psa, PsaResult]:
    if run.psa is None or results.psa is None:
        raise UsageError("This chart needs the probabilistic analysis. Run the part psa.")
    return run.psa, results.psa


def _clouds(psa: Psa) -> list[Cloud]:
    """Return the increments of every intervention."""
    return [cloud(psa.qalys, psa.costs, place) for place in range(1, len(psa.strategies))]


def _draw_cloud(axes: Axes, results: Results, drawn: tuple[Psa, Cloud], place: int) -> list[Artist]:
    """Draws, 95% region, mean and base case of one intervention; return what the legend shows."""
    from matplotlib.lines import Line2D

    psa, found = drawn
    several = len(psa.strategies) > 2
    colour, marker = style.colour(place), style.marker(place) if several else "o"
    size, alpha = (3, 0.12) if psa.draws > 2000 else (9, 0.4)
    shaded = draw_regions(axes, found.qalys, found.costs, colour)
    axes.scatter(found.qalys, found.costs, s=size, c=colour, marker=marker, alpha=alpha, linewidths=0, rasterized=True)
    entry = results.incremental[place - 1]
    below = found.share_below(results.decision_threshold)
    who = Names(results).strategy(psa.strategies[place]) if several else "One draw"
    dot: dict[str, Any] = {"marker": marker, "linestyle": "none"}
    base: dict[str, Any] = {"marker": "*", "markersize": 13, "markerfacecolor": "white", "markeredgecolor": style.INK}
    mean: dict[str, Any] = {
        "marker": marker,
        "markersize": 5.5,
        "markerfacecolor": colour,
        "markeredgecolor": style.INK,
    }
    axes.plot(*found.mean, **mean, zorder=6)
    axes.plot(entry.qalys, entry.costs, **base, zorder=5)
    label = f"{who} ({_share(below)} of draws below the threshold)"
    handles: list[Artist] = [Line2D([], [], **dot, color=colour, markersize=4, label=label)]
    handles += shaded if not several else []
    if psa.draws >= ELLIPSE_DRAWS:
        ring = found.ellipse()
        axes.plot(*ring, color="white", linewidth=2.6, zorder=4)
        axes.plot(*ring, color=style.INK if not several else colour, linewidth=1.1, zorder=4)
    if place == len(psa.strategies) - 1:
        if psa.draws >= ELLIPSE_DRAWS:
            label = "95% region (bivariate normal)"
            handles.append(Line2D([], [], color=style.INK if not several else style.GREY, linewidth=1.1, label=label))
        legend_mean = mean | ({"markerfacecolor": style.LIGHT} if several else {})
        handles.append(Line2D([], [], linestyle="none", **legend_mean, label="Mean of the draws"))
        handles.append(Line2D([], [], linestyle="none", **base, label="Base case"))
    return handles


def _share(value: float) -> str:
    return "<0.1%" if 0 < value < 0.0005 else display(value, "share")


def _limits(axes: Axes, results: Results, psa: Psa) -> None:
    """Show every draw, the regions, the base case and the origin, with a margin."""
    clouds = _clouds(psa)
    shown = [(each.qalys, each.costs) for each in clouds]
    if psa.draws >= ELLIPSE_DRAWS:
        shown += [each.ellipse() for each in clouds]
    base = results.incremental
    qalys = np.concatenate([[0.0], [entry.qalys for entry in base], *(each[0] for each in shown)])
    costs = np.concatenate([[0.0], [entry.costs for entry in base], *(each[1] for each in shown)])
    for setter, values in ((axes.set_xlim, qalys), (axes.set_ylim, costs)):
        margin = 0.06 * (np.ptp(values) or 1.0)
        setter(values.min() - margin, values.max() + margin)


@style.house_style()
def ceac(results: Results, run: Run) -> Figure:
    """Draw the acceptability curve of each strategy and the acceptability frontier.

    Parameters
    ----------
    run : Run
        With a probabilistic analysis.
    """
    _, found = _needed(results, run)
    names = Names(results)
    subtitle = (
        f"Share of {found.draws:,} draws in which each strategy has the highest net monetary benefit. "
        "The frontier follows the strategy with the highest mean"
    )
    figure = page("Probability of being cost-effective", subtitle, 3.2)
    axes = figure.subplots()
    _draw_thresholds(axes, results)
    draw_frontier(axes, found.ceaf)
    handles: list[Artist] = []
    for place, strategy in enumerate(results.strategies):
        colour, dashes = style.colour(place), style.dashes(place)
        handles += axes.plot(
            found.ceac.wtp,
            found.ceac.probability[strategy],
            color=colour,
            linestyle=dashes,
            label=names.strategy(strategy),
            zorder=4,
        )
    handles += _ceac_samples(results)
    percent_axis(axes, "Probability (%)")
    axes.set_ylim(-0.03, 1.03)
    axes.set_xlim(found.ceac.wtp[0], found.ceac.wtp[-1])
    number_axis(axes.xaxis, f"Willingness to pay ({results.currency} per QALY)")
    axes.grid(axis="y")
    legend_below(figure, handles)
    return settle(figure)


def _ceac_samples(results: Results) -> list[Artist]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    return [
        Patch(facecolor="#E3E3E3", edgecolor=style.GREY, linewidth=0.7, label="Acceptability frontier"),
        Line2D([], [], color=style.LIGHT, linewidth=0.9, label="Thresholds"),
        Line2D([], [], color=style.GREY, linewidth=1.1, label=f"Decision threshold, {threshold_text(results)}"),
    ]


def _draw_thresholds(axes: Axes, results: Results) -> None:
    for threshold in results.thresholds:
        axes.axvline(threshold, color=style.LIGHT, linewidth=0.9)
    axes.axvline(results.decision_threshold, color=style.GREY, linewidth=1.1)


def draw_frontier(axes: Axes, found: Ceaf) -> None:
    """Draw the frontier as an open band behind the curves, broken where the strategy changes."""
    points = zip(found.strategy, found.wtp, found.probability, strict=True)
    for _, group in groupby(points, key=lambda point: point[0]):
        _, wtp, probability = zip(*group, strict=True)
        for colour, width in ((style.GREY, 8.0), ("#E3E3E3", 6.6)):
            axes.plot(wtp, probability, color=colour, linewidth=width, solid_capstyle="round", zorder=3)


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
        f"{minus(results, psa.strategies[1])}, at {threshold_text(results)}. "
        f"Monte Carlo standard error of the mean after {psa.draws:,} draws: "
        f"{display(found.mcse_inmb, 'money', results.currency)}"
    )
    figure = page("Mean incremental net monetary benefit by number of draws", subtitle, 3.1)
    axes = figure.subplots()
    low, high = mean_interval(mean, error)
    band = axes.fill_between(
        n, low, high, color=style.colour(0), alpha=0.2, linewidth=0, label="± 1.96 Monte Carlo standard errors"
    )
    line = axes.plot(n, mean, color=style.colour(0), label="Mean of the first draws")
    last = axes.axhline(mean[-1], color=style.INK, linewidth=0.9, linestyle=(0, (4, 2)), label="Mean of all draws")
    seen = n >= SETTLED * psa.draws
    margin = 0.05 * (high[seen].max() - low[seen].min()) or 1.0
    axes.set_ylim(low[seen].min() - margin, high[seen].max() + margin)
    axes.set_xlim(0, psa.draws)
    number_axis(axes.xaxis, "Draws (number)")
    number_axis(axes.yaxis, f"Mean incremental net\nmonetary benefit ({results.currency})")
    axes.grid()
    legend_below(figure, [*line, band, last])
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


CHARTS = (
    ChartEntry("ce_plane", ce_plane, "Cost-effectiveness plane", _has_draws),
    ChartEntry("ceac", ceac, "Cost-effectiveness acceptability curves and frontier", _has_draws),
    ChartEntry(
        "convergence",
        convergence,
        "Mean incremental net monetary benefit by number of draws, with its Monte Carlo error",
        lambda results, run: _has_draws(results, run) and run.psa is not None and run.psa.draws > 1,
    ),
)
