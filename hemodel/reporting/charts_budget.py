"""Charts of the budget impact: net by category and year, patients and their treatments, one-way analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hemodel.errors import UsageError
from hemodel.reporting import style
from hemodel.reporting.charts_page import legend_below, make_room, number_axis, page, percent_axis, plain_rows, settle
from hemodel.reporting.charts_text import fixed
from hemodel.reporting.charts_tornado import (
    MOST_BARS,
    ROW_HEIGHT,
    End,
    bounds_legend,
    draw_row,
    labels,
)
from hemodel.reporting.format import display
from hemodel.reporting.tables_words import Names

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_budget import BudgetItem, BudgetResult

_MILLION = 1e6
_BAR = 0.62
_MOST_BESIDE = 5
"""Years named on the axis of a panel that stands beside another."""
_ROOM = 0.14
"""Share of the height kept free above and below the bars for the amounts."""


def _budget(results: Results) -> BudgetResult:
    if results.budget is None:
        raise UsageError("There is no budget impact to draw. Fill in the sheet Budget impact.")
    return results.budget


def _scale(results: Results, largest: float) -> tuple[float, str]:
    """Return what amounts are divided by, and their unit."""
    many = abs(largest) >= _MILLION
    return (_MILLION if many else 1.0), f"{'million ' if many else ''}{results.currency}"


def _year_axis(axes: Axes, years: list[int], most: int = 10) -> None:
    """Name the years, or every second or third of them where there are more than the axis has room for."""
    step = -(-len(years) // most)
    axes.set_xticks(range(0, len(years), step), [str(year) for year in years[::step]])
    axes.set_xlim(-0.6, len(years) - 0.4)
    axes.tick_params(axis="x", length=0)
    axes.set_xlabel("Year (calendar)")


@style.house_style()
def budget_impact(results: Results, _run: Run) -> Figure:
    """Draw the net budget impact by category, one bar a year, with the net total and the payer's trigger.

    Parameters
    ----------
    results : Results
    _run : Run
        Not needed; every chart takes both.
    """
    budget, names = _budget(results), Names(results)
    net = budget.net
    largest = max(abs(v) for series in (net.total, *net.by_category.values()) for v in series.by_year)
    by, unit = _scale(results, largest)
    subtitle = f"With the new treatment minus without it, by category of costs; undiscounted. Totals in {unit}"
    figure = page("Net budget impact by year", subtitle, 3.3)
    axes = figure.subplots()
    handles: list[Artist] = []
    up, down = ([0.0] * len(budget.years) for _ in range(2))
    for i, (category, series) in enumerate(net.by_category.items()):
        heights = [value / by for value in series.by_year]
        bottoms = [up[k] if height >= 0 else down[k] for k, height in enumerate(heights)]
        bars = axes.bar(range(len(heights)), heights, _BAR, bottom=bottoms, label=names.component(category), **_look(i))
        handles.append(bars)
        up = [end + max(height, 0) for end, height in zip(up, heights, strict=True)]
        down = [end + min(height, 0) for end, height in zip(down, heights, strict=True)]
    handles += _net_line(axes, [value / by for value in net.total.by_year], up, down)
    if budget.trigger is not None:
        handles += _trigger_line(axes, budget, by, results.currency)
    axes.axhline(0, color=style.INK, linewidth=0.8)
    low, high = axes.get_ylim()
    axes.set_ylim(low - (_ROOM * (high - low) if min(net.total.by_year) < 0 else 0), high + _ROOM * (high - low))
    _year_axis(axes, budget.years)
    number_axis(axes.yaxis, f"Net budget impact\n({unit}, {results.price_year} prices)")
    axes.grid(axis="y")
    legend_below(figure, handles)
    return settle(figure)


def _net_line(axes: Axes, net: list[float], up: list[float], down: list[float]) -> list[Artist]:
    """Draw the net total and write it beyond the end of each bar."""
    line = axes.plot(
        range(len(net)),
        net,
        color=style.INK,
        marker="D",
        markersize=5,
        markeredgecolor="white",
        label="Net budget impact",
        zorder=5,
    )
    decimals = 0 if max(map(abs, net)) >= 1000 else 1 if max(map(abs, net)) >= 10 else 2
    for place, value in enumerate(net):
        top = value >= 0
        axes.annotate(
            fixed(value, decimals),
            (place, up[place] if top else down[place]),
            xytext=(0, 5 if top else -5),
            textcoords="offset points",
            ha="center",
            va="bottom" if top else "top",
            weight="bold",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6},
            zorder=6,
        )
    return list(line)


def _trigger_line(axes: Axes, budget: BudgetResult, by: float, currency: str) -> list[Artist]:
    """Draw the trigger over the years in which it is looked at."""
    if budget.trigger is None:
        return []
    amount, years = budget.trigger.amount / by, budget.trigger.years
    label = f"Trigger, {display(budget.trigger.amount, 'money', currency)} a year"
    ends = [-0.45, years - 0.55]
    return list(axes.plot(ends, [amount, amount], color="#B00020", linestyle=(0, (5, 2)), label=label, zorder=4))


def _look(i: int) -> dict[str, Any]:
    place = i % len(style.PARTS)
    return {"facecolor": style.PARTS[place], "hatch": style.HATCHES[place], "edgecolor": "white", "linewidth": 0.5}


@style.house_style()
def budget_patients(results: Results, _run: Run) -> Figure:
    """Draw the mix of treatments with and without the new one, and the patients alive on the mix with it.

    Parameters
    ----------
    results : Results
    _run : Run
        Not needed; every chart takes both.
    """
    budget, names = _budget(results), Names(results)
    subtitle = (
        "Left: shares of the patients who become eligible in a year, with the new treatment reimbursed and without."
        " Right: with it, patients who have begun each strategy and are alive, beside the eligible ones of the year"
    )
    figure = page("Mix of treatments and patients by year", subtitle, 2.9)
    left, right = figure.subplots(1, 2)
    handles: list[Artist] = []
    places = range(len(budget.years))
    for i, strategy in enumerate(results.strategies):
        look: dict[str, Any] = {"color": style.colour(i), "marker": style.marker(i), "markersize": 4.5}
        handles += left.plot(
            places, budget.with_new.shares[strategy], label=f"{names.strategy(strategy)}, with", **look
        )
        without = {**look, "linestyle": (0, (1.5, 1.5)), "markerfacecolor": "white"}
        handles += left.plot(
            places, budget.without_new.shares[strategy], label=f"{names.strategy(strategy)}, without", **without
        )
    handles += _draw_patients(right, results, budget)
    percent_axis(left, "Share of eligible patients (%)")
    left.set_ylim(-0.03, 1.03)
    for axes in (left, right):
        axes.grid(axis="y")
        _year_axis(axes, budget.years, _MOST_BESIDE)
    legend_below(figure, handles)
    return settle(figure)


def _draw_patients(axes: Axes, results: Results, budget: BudgetResult) -> list[Artist]:
    """Draw eligible patients as bars, and those alive by strategy as lines in the colours of the strategies."""
    places = range(len(budget.years))
    bars = axes.bar(places, budget.eligible.by_year, _BAR, color="#E3E3E3", edgecolor=style.GREY, linewidth=0.6)
    bars.set_label("Eligible patients")
    for i, strategy in enumerate(results.strategies):
        alive = budget.with_new.alive[strategy]
        axes.plot(places, alive, color=style.colour(i), marker=style.marker(i), markersize=4.5)
    axes.set_ylim(bottom=0)
    number_axis(axes.yaxis, "Patients alive at the end of the year,\nand eligible patients (number)")
    return [bars]


@style.house_style()
def budget_one_way(results: Results, _run: Run) -> Figure:
    """Draw the inputs that move the net budget impact over all years most.

    Parameters
    ----------
    results : Results
    _run : Run
        Not needed; every chart takes both.

    Raises
    ------
    UsageError
        Without a one-way analysis of the budget impact.
    """
    budget = _budget(results)
    if not budget.one_way:
        raise UsageError("There is no one-way analysis of the budget impact. Run the part dsa.")
    shown = budget.one_way[:MOST_BARS]
    base = budget.net.total.all_years
    by, unit = _scale(results, max(base, *(abs(v) for item in shown for v in (item.total_low, item.total_high))))
    many = f"The {len(shown)} largest of" if len(shown) < len(budget.one_way) else "All"
    subtitle = (
        f"{budget.years[0]} to {budget.years[-1]}, undiscounted. {many} {len(budget.one_way)} inputs, one at a time; "
        "base value after the name, bounds at the ends of the bars"
    )
    body = ROW_HEIGHT * max(len(shown), 3) + 0.6
    figure = page("Inputs that move the net budget impact most", subtitle, body)
    axes = figure.subplots()
    for place, item in enumerate(shown):
        draw_row(axes, base / by, place, _ends(item, by))
    axes.axvline(base / by, color=style.INK, linewidth=0.9)
    axes.set_yticks(range(len(shown)), labels(results, shown, budget.one_way), linespacing=1.05)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    plain_rows(axes)
    number_axis(
        axes.xaxis,
        f"Net budget impact over {len(budget.years)} years ({unit})\n"
        f"Base case {display(base, 'money', results.currency)}",
    )
    bounds_legend(figure)
    make_room(axes)
    return settle(figure)


def _ends(item: BudgetItem, by: float) -> tuple[End, End]:
    return (
        End(item.low, item.total_low / by, "", style.LOW_COLOUR),
        End(item.high, item.total_high / by, "", style.HIGH_COLOUR),
    )
