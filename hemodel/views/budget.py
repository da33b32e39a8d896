"""Tables of the budget impact.

Charts of the budget impact: net by category and year, patients and their treatments, one-way analysis.

Sentences on the budget impact, for the report and the console.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hemodel.economics import swing
from hemodel.errors import UsageError
from hemodel.formats import display
from hemodel.views.one_way import MOST_BARS, ROW_HEIGHT, End, amount, bounds_legend, draw_row, input_names, labels
from hemodel.views.shared import style
from hemodel.views.shared.declared import ROWS_ON_PAGE, ChartEntry, OnPage, TableEntry
from hemodel.views.shared.page import (
    LABEL_WIDTH,
    label_across,
    legend_below,
    make_room,
    number_axis,
    page,
    percent_axis,
    plain_rows,
    settle,
)
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import about, fixed
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.budget import BudgetItem, BudgetMix, BudgetPrice, BudgetResult, BudgetTrigger, Series
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.formats import Value


_MILLION = 1e6
_BAR = 0.62
_MOST_BESIDE = 3
"""Years named on the axis of a panel that stands beside another."""
_ROOM = 0.14
"""Share of the height kept free above and below the bars for the amounts."""


def budget_of(results: Results) -> BudgetResult:
    """Return the budget impact of a run, or refuse one without it."""
    if results.budget is None:
        raise UsageError("The results have no budget impact. Fill in the sheet Budget impact.")
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
    """Draw the net budget impact by category, one bar a year, with the net total and the payer's trigger."""
    from matplotlib.patches import Patch

    budget, names = budget_of(results), Names(results)
    net = budget.net
    largest = max(abs(v) for series in (net.total, *net.by_category.values()) for v in series.by_year)
    by, unit = _scale(results, largest)
    subtitle = f"With the new treatment minus without it, by category of costs; undiscounted. Totals in {unit}"
    figure = page(_finding(results, budget), subtitle, 2.9)
    axes = figure.subplots()
    handles: list[Artist] = []
    up, down = ([0.0] * len(budget.years) for _ in range(2))
    for i, (category, series) in enumerate(net.by_category.items()):
        heights = [value / by for value in series.by_year]
        bottoms = [up[k] if height >= 0 else down[k] for k, height in enumerate(heights)]
        axes.bar(range(len(heights)), heights, _BAR, bottom=bottoms, **_look(i))
        handles.append(Patch(**_look(i), label=names.component(category)))
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


def _finding(results: Results, budget: BudgetResult) -> str:
    """Return what the new treatment costs the payer or saves over all years."""
    total, years = budget.net.total.all_years, len(budget.years)
    verb = "adds" if total >= 0 else "saves"
    return f"The new treatment {verb} {about(abs(total), results.currency)} over {years} years"


def _uptake(results: Results, budget: BudgetResult) -> str:
    """Return the share of patients with each intervention in the last year."""
    names = Names(results)
    last = {s: display(budget.with_new.shares[s][-1], "share") for s in results.strategies[1:]}
    told = ", ".join(f"{share} are given {names.strategy(s)}" for s, share in last.items())
    return f"Of those who become eligible in {budget.years[-1]} {told}"


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
    """Draw the mix of treatments with and without the new one, and the patients alive on the mix with it."""
    budget, names = budget_of(results), Names(results)
    subtitle = (
        "Left: shares of the patients who become eligible in a year, with the new treatment reimbursed and without."
        " Right: with it, patients who have begun each strategy and are alive, beside the eligible ones of the year"
    )
    figure = page(_uptake(results, budget), subtitle, 2.5)
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
    from matplotlib.patches import Patch

    places = range(len(budget.years))
    look: dict[str, Any] = {"facecolor": "#E3E3E3", "edgecolor": style.GREY, "linewidth": 0.6}
    axes.bar(places, budget.eligible.by_year, _BAR, **look)
    for i, strategy in enumerate(results.strategies):
        alive = budget.with_new.alive[strategy]
        axes.plot(places, alive, color=style.colour(i), marker=style.marker(i), markersize=4.5)
    axes.set_ylim(bottom=0)
    number_axis(axes.yaxis, "Patients alive at the end of the year,\nand eligible patients (number)")
    return [Patch(**look, label="Eligible patients")]


@style.house_style()
def budget_one_way(results: Results, _run: Run) -> Figure:
    """Draw the inputs that move the net budget impact over all years most.

    Raises
    ------
    UsageError
        Without a one-way analysis of the budget impact.
    """
    budget = budget_of(results)
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
    (most,) = input_names(results, shown[:1], budget.one_way)
    figure = page(f"The net budget impact depends most on {most}", subtitle, body)
    axes = figure.subplots()
    for place, item in enumerate(shown):
        draw_row(axes, base / by, place, _ends(item, by, results.currency))
    axes.axvline(base / by, color=style.INK, linewidth=0.9)
    axes.set_yticks(
        range(len(shown)), labels(results, shown, budget.one_way, width=LABEL_WIDTH, lines=3), linespacing=1.05
    )
    axes.set_ylim(len(shown) - 0.4, -0.6)
    plain_rows(axes)
    number_axis(axes.xaxis, f"Net budget impact over {len(budget.years)} years ({unit})")
    bounds_legend(figure)
    make_room(axes)
    label_across(axes, base / by, f"Base case {about(base, results.currency)}")
    return settle(figure)


def _ends(item: BudgetItem, by: float, currency: str) -> tuple[End, End]:
    low, high = (amount(bound, item.unit, currency) for bound in (item.low, item.high))
    return (
        End(low, item.total_low / by, "", style.LOW_COLOUR),
        End(high, item.total_high / by, "", style.HIGH_COLOUR),
    )


CONVENTIONS = ("Undiscounted, constant prices.",)
_METHOD = (
    "Patients cost in each year what the model says for a patient that long after the start: the undiscounted cost up"
    " to one time horizon less that up to the horizon a year before. Costs after the time horizon of the model are not"
    " counted."
)
_ENTRY = {
    "start": "Patients begin at the start of the year in which they become eligible.",
    "spread": "A twelfth of the patients of a year begins at the start of each of its months.",
}


def entry_sentence(budget: BudgetResult) -> str:
    """Return when the patients of a year begin."""
    return _ENTRY[budget.entry]


def budget_results(results: Results, names: Names) -> list[str]:
    """Return the net budget impact, the trigger and the price that would meet it; nothing without a budget impact."""
    budget = results.budget
    if budget is None:
        return []
    currency, (first, last) = results.currency, (budget.years[0], budget.years[-1])
    over = f"In {first}" if first == last else f"From {first} to {last}"
    total, peak = (display(value, "money", currency) for value in (budget.net.total.all_years, budget.peak))
    first_sentence = f"{over} the net budget impact of the mix with the new treatment is {total}, undiscounted"
    several = f"; it is largest in {budget.peak_year}, {peak}" if first != last else ""
    sentences = [f"{first_sentence}{several}."]
    if budget.trigger is not None:
        sentences.append(_trigger(budget.trigger, currency))
        sentences += [_price(price, currency, names) for price in budget.price_at_trigger]
    return sentences


def budget_method(results: Results) -> list[str]:
    """Return how the budget impact is calculated; nothing without one."""
    return [] if results.budget is None else [f"{_METHOD} {entry_sentence(results.budget)}"]


def _trigger(trigger: BudgetTrigger, currency: str) -> str:
    amount, impact, apart = (
        display(value, "money", currency) for value in (trigger.amount, trigger.impact, abs(trigger.excess))
    )
    years = "the first year" if trigger.years == 1 else f"any of the first {trigger.years} years"
    largest = f"the largest net impact among them is {impact} in {trigger.year}"
    if trigger.exceeded:
        return f"The payer's trigger of {amount} in {years} is exceeded: {largest}, {apart} above it."
    return f"The payer's trigger of {amount} in {years} is not exceeded: {largest}, {apart} below it."


def _price(price: BudgetPrice, currency: str, names: Names) -> str:
    name = names.drug(price.drug)
    if price.factor is None:
        return f"No price of {name} just meets the trigger."
    values = " and ".join(
        f"{display(vial.at_trigger, 'number')} instead of {display(vial.price, 'number')}" for vial in price.prices
    )
    share = display(price.factor, "share")
    return f"With {name} at {currency} {values} per vial ({share} of the price) the trigger would just be met."


ALL_YEARS = "All years"
WITHOUT, WITH, NET = "Without the new treatment", "With the new treatment", "Net budget impact"
NET_NOTE = "Net: with the new treatment minus without it."
FUNNEL_NOTE = (
    "Each step is a share of the one before; the last leaves the patients who become eligible in the year."
    " Alive and dead are at the end of the year, of all who have begun since the first year."
)
PEAK_NOTE = "The largest year is that of the bound, which need not be that of the base case."


def impact(results: Results, budget: BudgetResult, names: Names) -> Table:
    """Return costs with and without by year, net impact and its parts by strategy."""
    currency, net = results.currency, budget.net
    shown = [budget.eligible, budget.without_new.total, budget.with_new.total]
    shown += [*(net.by_strategy[strategy] for strategy in results.strategies), net.total]
    rows: list[tuple[Value, ...]] = [
        (str(year), *(series.by_year[i] for series in shown), net.cumulative[i]) for i, year in enumerate(budget.years)
    ]
    rows.append((names.component("total"), *(series.all_years for series in shown), None))
    return Table(
        "budget_impact",
        "Net budget impact by year",
        (*CONVENTIONS, NET_NOTE),
        (
            Column("Year"),
            Column("Eligible patients", "count", "patients"),
            Column("Without", "money", currency, "Costs"),
            Column("With", "money", currency, "Costs"),
            *(Column(names.strategy(s), "money", currency, "Net, by strategy") for s in results.strategies),
            Column("Total", "money", currency, NET),
            Column("Cumulative", "money", currency, NET),
        ),
        tuple(rows),
    )


def by_category(results: Results, budget: BudgetResult, names: Names) -> Table:
    """Return costs by category and year without, with and net, and net acquisition by drug."""
    rows: list[tuple[Value, ...]] = []
    for band, amounts in ((WITHOUT, budget.without_new), (WITH, budget.with_new), (NET, budget.net)):
        rows += [(band, names.component(name), *_cells(series)) for name, series in amounts.by_category.items()]
        rows.append((band, names.component("total"), *_cells(amounts.total)))
    drugs = budget.net.by_drug.items()
    rows += [(f"{NET}, acquisition by drug", names.drug(drug), *_cells(series)) for drug, series in drugs]
    return Table(
        "budget_by_category",
        "Budget impact by category of costs",
        (*CONVENTIONS, NET_NOTE),
        (Column("Mix of treatments"), Column("Category"), *_years(budget, results.currency)),
        tuple(rows),
        banded=True,
    )


def _years(budget: BudgetResult, currency: str) -> list[Column]:
    return [Column(header, "money", currency) for header in (*(str(year) for year in budget.years), ALL_YEARS)]


def _cells(series: Series) -> tuple[float, ...]:
    return (*series.by_year, series.all_years)


def population(budget: BudgetResult, names: Names) -> Table:
    """Return the funnel step by step, and patients who begin, are alive and have died, by year."""
    rows: list[tuple[Value, ...]] = [
        ("Funnel of eligible patients", step.label, step.share, *step.patients) for step in budget.funnel
    ]
    for words, mix in ((WITHOUT, budget.without_new), (WITH, budget.with_new)):
        rows += _patients(words, mix, names)
    return Table(
        "budget_population",
        "Patients by year",
        (
            FUNNEL_NOTE,
            entry_sentence(budget),
        ),
        (
            Column("Group"),
            Column("Patients"),
            Column("Share", "share", "proportion"),
            *(Column(str(year), "count", "patients") for year in budget.years),
        ),
        tuple(rows),
        banded=True,
    )


def _patients(words: str, mix: BudgetMix, names: Names) -> Iterable[tuple[Value, ...]]:
    for what, by in (("begin", mix.starting), ("alive", mix.alive), ("dead", mix.died)):
        for strategy, values in by.items():
            yield (words, f"{names.strategy(strategy)}, {what}", None, *values)


def uptake(budget: BudgetResult, names: Names) -> Table:
    """Return the shares of the eligible patients who begin each strategy."""
    rows: list[tuple[Value, ...]] = []
    for words, mix in ((WITHOUT, budget.without_new), (WITH, budget.with_new)):
        rows += [(words, names.strategy(strategy), *values) for strategy, values in mix.shares.items()]
    return Table(
        "budget_uptake",
        "Mix of treatments by year",
        ("Shares of the patients who become eligible in the year.",),
        (Column("Mix"), Column("Strategy"), *(Column(str(year), "share", "proportion") for year in budget.years)),
        tuple(rows),
        banded=True,
    )


def cost_per_patient(results: Results, budget: BudgetResult, names: Names) -> Table:
    """Return what one patient costs in the calendar year of entry and in each year after it."""
    rows: list[tuple[Value, ...]] = []
    for strategy in results.strategies:
        parts = budget.cost_per_patient[strategy]
        ordered = [*(name for name in parts if name != "total"), "total"]
        rows += [(names.strategy(strategy), names.component(name), *parts[name]) for name in ordered]
    ordinals = ("Year of entry", *(f"Year {i}" for i in range(2, len(budget.years) + 1)))
    return Table(
        "budget_cost_per_patient",
        "Cost of a patient by year since entry",
        (*CONVENTIONS, entry_sentence(budget)),
        (Column("Strategy"), Column("Category"), *(Column(h, "money", results.currency) for h in ordinals)),
        tuple(rows),
        banded=True,
    )


def one_way(results: Results, budget: BudgetResult, items: list[BudgetItem]) -> Table:
    """Return net budget impact with each input at its bounds, widest range first."""
    currency, count = results.currency, len(budget.years)
    notes = ["One input at a time at its lower and its upper bound. " + PEAK_NOTE]
    notes.append("When one share moves the others of its year keep their proportions.")
    if budget.unmoved:
        notes.append(f"{budget.unmoved} further inputs leave the budget impact as it is.")
    return Table(
        "budget_one_way",
        "One-way analysis of the net budget impact",
        tuple(notes),
        (
            Column("Input"),
            Column("Id"),
            Column("Unit"),
            *(Column(header, "number", "", "Value") for header in ("Base case", "Low", "High")),
            *(
                Column(header, "money", currency, f"Net budget impact over {count} years")
                for header in ("At low", "At high", "Range")
            ),
            *(Column(header, "money", currency, "Net budget impact, largest year") for header in ("At low", "At high")),
        ),
        tuple(
            (
                *(item.label, item.id, item.unit, item.base, item.low, item.high),
                *(item.total_low, item.total_high, swing(item.total_low, item.total_high)),
                *(item.peak_low, item.peak_high),
            )
            for item in items
        ),
    )


TABLES = (
    TableEntry(
        "budget_impact",
        lambda results, _, names: None if results.budget is None else impact(results, results.budget, names),
    ),
    TableEntry(
        "budget_by_category",
        lambda results, _, names: None if results.budget is None else by_category(results, results.budget, names),
    ),
    TableEntry(
        "budget_population",
        lambda results, _, names: None if results.budget is None else population(results.budget, names),
    ),
    TableEntry(
        "budget_uptake",
        lambda results, _, names: None if results.budget is None else uptake(results.budget, names),
    ),
    TableEntry(
        "budget_cost_per_patient",
        lambda results, _, names: None if results.budget is None else cost_per_patient(results, results.budget, names),
    ),
    TableEntry(
        "budget_one_way",
        lambda results, *_: (
            None
            if results.budget is None or results.budget.one_way is None
            else one_way(results, results.budget, results.budget.one_way)
        ),
        OnPage(("Id",), most_rows=ROWS_ON_PAGE, wide=True),
    ),
)


def _has_budget(results: Results, _run: Run) -> bool:
    return results.budget is not None


CHARTS = (
    ChartEntry(
        "budget_impact",
        budget_impact,
        "Net budget impact by category and year",
        _has_budget,
    ),
    ChartEntry(
        "budget_patients",
        budget_patients,
        "Mix of treatments and patients by year",
        _has_budget,
    ),
    ChartEntry(
        "budget_one_way",
        budget_one_way,
        "One-way analysis of the net budget impact",
        lambda results, _: results.budget is not None and bool(results.budget.one_way),
    ),
)
