"""The stored draws by formula: increments of each draw, means and intervals beside those of the engine.

Acceptability curves and their frontier, by formula over the stored draws.

The one-way analysis as hemodel found it: a table for each intervention, and the columns behind its chart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.psa.draws import curve_thresholds, interval
from hemodel.economics import (
    acceptability,
    break_even_costs,
    differences,
    increments,
    net_monetary_benefit,
    optimal,
    swing,
    verdict,
)
from hemodel.formats import display
from hemodel.live_model.formula import Formula, absolute, as_formula, call, larger, smaller, total
from hemodel.live_model.psa import OUTCOMES
from hemodel.live_model.sheet import Sheet, SheetCell, SheetTable
from hemodel.views.one_way import labels, segments
from hemodel.views.shared.text import brief

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.analyses.base_case import Incremental
    from hemodel.analyses.dsa.one_way import Dsa
    from hemodel.analyses.results import Results
    from hemodel.inputs.structure import Settings
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.psa import PsaSheet
    from hemodel.live_model.sheet import SheetColumn
    from hemodel.parameters import FloatArray


PLANE, SUMMARY = "Model plane", "Model PSA results"
DECISION = "settings.decision_threshold"
_GAP = 4
"""Rows from the end of a table to the first row of values of the next: one empty, two of headers."""
_EDGES = {"2.5%": 0.025, "97.5%": 0.975}


@dataclass(frozen=True)
class Plane:
    """The sheet of increments, a row a draw (draw 0 is the base case).

    Attributes
    ----------
    increments : mapping from (outcome, strategy) to SheetColumn
        Strategy minus comparator; the outcome ``nmb`` is net benefit at the decision threshold.
    points : mapping from (outcome, strategy) to SheetColumn
        Costs and QALYs of the base case and of the selected draw.
    line : mapping from outcome to SheetColumn
        QALYs and costs of both ends of the line of the decision threshold.
    """

    sheet: Sheet
    increments: Mapping[tuple[str, str], SheetColumn]
    points: Mapping[tuple[str, str], SheetColumn]
    line: Mapping[str, SheetColumn]


@dataclass(frozen=True)
class Summary:
    """The sheet of means and intervals: by outcome, a table with a row a strategy, then one an increment.

    Attributes
    ----------
    difference : mapping from outcome to SheetColumn
        The largest of the differences from the engine, of mean and both ends.
    next_row : int
        Where the values of a further table can begin.
    """

    sheet: Sheet
    mean: Mapping[str, SheetColumn]
    difference: Mapping[str, SheetColumn]
    next_row: int


def drawn(column: SheetColumn) -> Formula:
    """Return the cells of a column of the draws, without those of the base case above them."""
    return column.part(1, column.rows)


def mean_of(cells: Formula) -> Formula:
    """Return AVERAGE of a range."""
    return call("AVERAGE", lambda values: float(np.mean(values)), cells)


def quantile(cells: Formula, share: float) -> Formula:
    """Return PERCENTILE: the point below which this share of a range lies, interpolated between its values."""
    return call("PERCENTILE", lambda values, at: float(np.quantile(np.asarray(values, dtype=float), at)), cells, share)


def name_column(column: SheetColumn, name: Formula) -> None:
    """Put a formula in the header of a column, so that it follows the inputs."""
    column.sheet.cells[column.first - 1, column.index] = SheetCell(name, "header")


def add_plane(psa: PsaSheet, parameters: Parameters, strategies: Sequence[str]) -> Plane:
    """Return the sheet of increments by draw: every strategy against the comparator, which comes first."""
    purpose = (
        "Strategy minus comparator in every draw of the sheet Model PSA, by formula; net benefit is at the decision "
        "threshold of Settings. Beside them are the points and the line that the chart shows: the base case, the draw "
        "that is selected on Model results, and the threshold."
    )
    first = psa.number.first
    sheet = Sheet(PLANE, "Cost-effectiveness plane", purpose, frozen=(first, 1))
    table = SheetTable(sheet, first, psa.rows)
    table.add("Draw", psa.number, "count")
    comparator, *others = strategies
    found: dict[tuple[str, str], SheetColumn] = {}
    for strategy in others:
        group = _minus(parameters, strategy, comparator)
        start = table.next
        more = differences(psa.totals(strategy), psa.totals(comparator))
        for outcome, (title, style) in OUTCOMES.items():
            found[outcome, strategy] = table.add(title, more[outcome], style)
        benefit = net_monetary_benefit(found["qalys", strategy], found["costs", strategy], parameters[DECISION])
        found["nmb", strategy] = table.add("Net monetary benefit", benefit, "money")
        for column in range(start, table.next):
            sheet.cells[first - 2, column] = SheetCell(group, "group")
    points = _points(sheet, table, parameters, found, others)
    line = _line(sheet, table, parameters, found, others)
    return Plane(sheet, found, points, line)


def _minus(parameters: Parameters, strategy: str, comparator: str) -> Formula:
    return parameters.name(strategy).joined(" minus ").joined(parameters.name(comparator))


def _points(
    sheet: Sheet,
    table: SheetTable,
    parameters: Parameters,
    increments: Mapping[tuple[str, str], SheetColumn],
    others: Sequence[str],
) -> dict[tuple[str, str], SheetColumn]:
    """Add the base case and the selected draw beside the table."""
    beside = SheetTable(sheet, table.first, 2, table.next + 1)
    beside.add("Point", ["Base case", "Selected draw"], "text")
    points = {}
    for strategy in others:
        for outcome in ("qalys", "costs"):
            title, style = OUTCOMES[outcome]
            column = increments[outcome, strategy]
            points[outcome, strategy] = beside.add_each(title, [column.at(1), column.at(parameters.draw + 1)], style)
            sheet.cells[table.first - 2, beside.next - 1] = SheetCell(parameters.name(strategy), "group")
    return points


def _line(
    sheet: Sheet,
    table: SheetTable,
    parameters: Parameters,
    increments: Mapping[tuple[str, str], SheetColumn],
    others: Sequence[str],
) -> dict[str, SheetColumn]:
    """Add the ends of the line of the decision threshold, over the width of the draws."""
    beside = SheetTable(sheet, table.first + 2 + _GAP, 2, table.next + 1)
    beside.add("Threshold", ["Lower end", "Upper end"], "text")
    ranges = [increments["qalys", strategy].range for strategy in others]
    low = smaller(0, *(call("MIN", np.min, cells) for cells in ranges))
    high = larger(0, *(call("MAX", np.max, cells) for cells in ranges))
    qalys = beside.add_each("QALYs", [low, high], "qaly")
    costs = beside.add("Costs", break_even_costs(qalys, parameters[DECISION]), "money")
    return {"qalys": qalys, "costs": costs}


def add_summary(psa: PsaSheet, plane: Plane, parameters: Parameters, strategies: Sequence[str]) -> Summary:
    """Return means and 95% intervals over the draws by formula, those that the engine found, and the differences."""
    purpose = (
        "Means of the stored draws, and the points between which 95% of them lie, by formula over the sheets Model PSA "
        "and Model plane. Grey cells are what hemodel found for the same draws."
    )
    sheet = Sheet(SUMMARY, "Probabilistic results", purpose)
    comparator, *others = strategies
    means: dict[str, SheetColumn] = {}
    differences: dict[str, SheetColumn] = {}
    first = psa.number.first
    for outcome, (title, style) in OUTCOMES.items():
        columns = [psa.results[outcome, strategy, "total"] for strategy in strategies]
        columns += [plane.increments[outcome, strategy] for strategy in others]
        names = [parameters.name(strategy) for strategy in strategies]
        names += [_minus(parameters, strategy, comparator) for strategy in others]
        engine = _engine(psa, outcome, strategies)
        table = SheetTable(sheet, first, len(columns))
        table.add_each(title, names, "text")
        means[outcome], differences[outcome] = _spread(table, columns, engine, style)
        first += len(columns) + _GAP
    return Summary(sheet, means, differences, first)


def _engine(psa: PsaSheet, outcome: str, strategies: Sequence[str]) -> list[FloatArray]:
    """Return the draws of each strategy's total, then those of each increment."""
    totals = [psa.stored.discounted[outcome, strategy, "total"][1:] for strategy in strategies]
    return [*totals, *(total - totals[0] for total in totals[1:])]


def _spread(
    table: SheetTable, columns: Sequence[SheetColumn], engine: Sequence[FloatArray], style: str
) -> tuple[SheetColumn, SheetColumn]:
    """Add mean and interval of some columns by formula, the engine's, and the largest difference of the three."""
    by_formula, stored = "Discounted, by formula", "By hemodel"
    ranges = [drawn(column) for column in columns]
    made = [table.add_each("Mean", [mean_of(cells) for cells in ranges], style, by_formula)]
    for title, share in _EDGES.items():
        made.append(table.add_each(title, [quantile(cells, share) for cells in ranges], style, by_formula))
    found = np.array([[values.mean(), *interval(values)] for values in engine])
    beside = [
        table.add(title, found[:, i].tolist(), f"stored {style}", stored) for i, title in enumerate(("Mean", *_EDGES))
    ]
    return made[0], table.add("Largest difference", largest_gaps(made, beside), "number")


def largest_gaps(made: Sequence[SheetColumn], beside: Sequence[SheetColumn]) -> Formula:
    """Return the largest difference, up or down, in each row between some columns and those beside them."""
    return larger(*(absolute(a - b) for a, b in zip(made, beside, strict=True)))


def count_of(psa: PsaSheet) -> Formula:
    """Return the number of draws."""
    return call("COUNT", np.size, drawn(psa.number))


ACCEPTABILITY_SHEET = "Model acceptability"
FIRST_ROW = 6


@dataclass(frozen=True)
class Curves:
    """Acceptability over the thresholds of one table.

    Attributes
    ----------
    shares : tuple of SheetColumn
        Share of the draws in which each strategy has the highest net benefit; a tie is shared.
    frontier : SheetColumn
        The share of the strategy with the highest mean net benefit.
    """

    table: SheetTable
    thresholds: SheetColumn
    shares: tuple[SheetColumn, ...]
    frontier: SheetColumn


@dataclass(frozen=True)
class Acceptability:
    """The sheet of acceptability curves, and the largest difference from the engine at each threshold."""

    sheet: Sheet
    curves: Curves
    difference: SheetColumn


def add_acceptability(
    psa: PsaSheet, parameters: Parameters, settings: Settings, strategies: Sequence[str]
) -> Acceptability:
    """Return the sheet of acceptability curves over the thresholds at which the report draws them."""
    purpose = (
        "Share of the stored draws in which each strategy has the highest net monetary benefit, by formula over the "
        "sheet Model PSA; the frontier is the share of the strategy with the highest mean net benefit. Grey cells are "
        "the thresholds of the report, and what hemodel found there for the same draws."
    )
    sheet = Sheet(ACCEPTABILITY_SHEET, "Acceptability curves and frontier", purpose, frozen=(FIRST_ROW, 1))
    qalys, costs = (_totals(psa, outcome, strategies) for outcome in ("qalys", "costs"))
    grid = curve_thresholds(settings, _ratios(qalys, costs))
    table = SheetTable(sheet, FIRST_ROW, grid.size)
    thresholds = table.add("Threshold", grid.tolist(), "stored money")
    curves = _add_curves(table, thresholds, psa, parameters, strategies)
    shares, best = acceptability(qalys, costs, grid), optimal(qalys, costs, grid)
    stored = np.column_stack([shares, shares[np.arange(grid.size), best]])
    beside = []
    for i, header in enumerate([*strategies, "Frontier"]):
        column = table.add(header, stored[:, i].tolist(), "stored proportion", "By hemodel")
        if i < len(strategies):
            name_column(column, parameters.name(header))
        beside.append(column)
    gaps = largest_gaps([*curves.shares, curves.frontier], beside)
    return Acceptability(sheet, curves, table.add("Largest difference", gaps, "number"))


def add_at_settings(summary: Summary, psa: PsaSheet, parameters: Parameters, strategies: Sequence[str]) -> Curves:
    """Add below the means what holds at the thresholds of Settings as they stand, the decision threshold last."""
    ids = [id_ for id_ in parameters.rows if id_.startswith("settings.threshold.")]
    table = SheetTable(summary.sheet, summary.next_row, len(ids) + 1)
    table.add("At the thresholds of Settings", [*(["Threshold"] * len(ids)), "Decision threshold"], "text")
    values = [parameters[id_] for id_ in (*ids, DECISION)]
    return _add_curves(table, table.add_each("Threshold", values, "money"), psa, parameters, strategies)


def _totals(psa: PsaSheet, outcome: str, strategies: Sequence[str]) -> FloatArray:
    """Return the stored totals, (draws, strategies)."""
    return np.column_stack([psa.stored.discounted[outcome, strategy, "total"][1:] for strategy in strategies])


def _ratios(qalys: FloatArray, costs: FloatArray) -> list[float | None]:
    """Return the ratio of the mean increments of each strategy against the first, where it has one."""
    gains = [increments(values.mean(axis=0)) for values in (costs, qalys)]
    return [verdict(float(cost), float(qaly)).icer for cost, qaly in zip(*gains, strict=True)]


def _add_curves(
    table: SheetTable, thresholds: SheetColumn, psa: PsaSheet, parameters: Parameters, strategies: Sequence[str]
) -> Curves:
    qalys = [drawn(psa.results["qalys", strategy, "total"]) for strategy in strategies]
    costs = [drawn(psa.results["costs", strategy, "total"]) for strategy in strategies]
    each = Formula(thresholds.text, np.asarray(thresholds.value, dtype=float)[:, None])
    draws = [net_monetary_benefit(q, c, each) for q, c in zip(qalys, costs, strict=True)]
    best = [_is_best(i, draws) for i in range(len(strategies))]
    shares, benefits = [], []
    for i, strategy in enumerate(strategies):
        share = call("SUMPRODUCT", _over_draws, best[i] / total(best)) / count_of(psa)
        column = table.add(strategy, share, "proportion", "Share of draws with the highest net benefit")
        name_column(column, parameters.name(strategy))
        shares.append(column)
    for i, strategy in enumerate(strategies):
        mean = net_monetary_benefit(mean_of(qalys[i]), mean_of(costs[i]), thresholds)
        column = table.add(strategy, mean, "money", "Mean net benefit")
        name_column(column, parameters.name(strategy))
        benefits.append(column)
    frontier = _add_frontier(table, shares, benefits)
    return Curves(table, thresholds, tuple(shares), frontier)


def _is_best(place: int, benefits: Sequence[Formula]) -> Formula:
    """Return 1 for each draw in which a strategy has the highest net benefit, alone or with others, else 0."""
    found = as_formula(1)
    for other, benefit in enumerate(benefits):
        if other != place:
            found = found * (benefits[place] >= benefit)
    return found


def _over_draws(values: FloatArray) -> FloatArray:
    return np.asarray(np.sum(values, axis=-1))


def _add_frontier(table: SheetTable, shares: Sequence[SheetColumn], benefits: Sequence[SheetColumn]) -> SheetColumn:
    """Add the name of the strategy with the highest mean net benefit, and its share."""
    first, last = benefits[0].text, benefits[-1].text.rpartition("!")[2]
    values = np.column_stack([column.value for column in benefits])
    best = Formula(f"MATCH(MAX({first}:{last}),{first}:{last},0)", np.argmax(values, axis=1))
    headers = np.array([s.sheet.cells[s.first - 1, s.index].value for s in shares], dtype=object)
    names = shares[0].sheet.area(
        (shares[0].first - 1, shares[0].index), (shares[0].first - 1, shares[-1].index), headers
    )
    group = "Frontier"
    table.add("Strategy", Formula(f"INDEX({names.text},{best.text})", names.value[best.value]), "text", group)
    row = f"{shares[0].text}:{shares[-1].text.rpartition('!')[2]}"
    found = np.column_stack([column.value for column in shares])[np.arange(table.rows), best.value]
    return table.add("Share of draws", Formula(f"INDEX({row},{best.text})", found), "proportion", group)


TORNADO_SHEET = "Model tornado"
_GAP_OF_TORNADOES = 5
MOST_BARS = 20
"""Inputs in the chart; the table has all."""
_BARS = "Bars of the chart: difference of net benefit from the base case"


@dataclass(frozen=True)
class Bars:
    """The table of one intervention, the input with the largest effect first.

    Attributes
    ----------
    base : float
        Incremental net benefit of the base case.
    labels : SheetColumn
        Input, its base value, and the lower and the upper one.
    segments : tuple of SheetColumn
        Pieces of the bars from the base case, to be stacked: to the result at the lower value, to
        that at the upper value, and on to each where both lie on one side.
    shown : int
        How many rows the chart shows.
    """

    intervention: str
    base: float
    labels: SheetColumn
    segments: tuple[SheetColumn, ...]
    shown: int


@dataclass(frozen=True)
class Tornado:
    """The sheet of the one-way analysis, with a table for each intervention, and the results it is taken from."""

    sheet: Sheet
    bars: tuple[Bars, ...]
    found: Results


def add_tornado(results: Results, parameters: Parameters) -> Tornado:
    """Return the sheet of the one-way analysis of a run; what it shows is stored.

    Parameters
    ----------
    results : Results
        With the one-way analysis.
    parameters : Parameters
        For the names of the strategies.
    """
    threshold = display(results.decision_threshold, "icer", results.currency)
    purpose = (
        "Each uncertain input at its lower and its upper value, one at a time, the one that moves incremental net "
        f"monetary benefit at {threshold} per QALY most first. These are results of hemodel for the inputs as they "
        "were when this file was written; they do not follow later edits. Curves are moved by their "
        "level, the treatment effect and the tail, along the joint uncertainty of their coefficients."
    )
    sheet = Sheet(TORNADO_SHEET, "One-way sensitivity analysis", purpose, frozen=(FIRST_ROW, 1))
    bars, first = [], FIRST_ROW
    for increment in results.incremental if results.dsa else ():
        bars.append(_add_bars(sheet, first, results, increment, parameters))
        first += bars[-1].labels.rows + _GAP_OF_TORNADOES
    return Tornado(sheet, tuple(bars), results)


def _add_bars(sheet: Sheet, first: int, results: Results, increment: Incremental, parameters: Parameters) -> Bars:
    """Add the table of one intervention, in the order of the range of net benefit."""
    entries = [entry for entry in results.dsa or () if entry.intervention == increment.intervention]
    ordered = sorted(entries, key=lambda entry: -swing(entry.nmb_low, entry.nmb_high))
    base = net_monetary_benefit(increment.qalys, increment.costs, results.decision_threshold)
    table = SheetTable(sheet, first, len(ordered))
    pair = parameters.name(increment.intervention).joined(" minus ")
    pair = pair.joined(parameters.name(increment.comparator))
    table.add("Input", [entry.label for entry in ordered], "stored text")
    table.add("Id", [entry.id for entry in ordered], "stored note")
    table.add("Unit", [entry.unit for entry in ordered], "stored text")
    for column in (0, 1, 2):
        sheet.cells[first - 2, column] = SheetCell(pair, "group")
    for title, attribute in (("Base case", "base"), ("Low", "low"), ("High", "high")):
        table.add(title, [getattr(entry, attribute) for entry in ordered], "stored number", "Value of the input")
    _add_results(table, ordered, base)
    shown = [
        f"{label} ({brief(entry.low)} to {brief(entry.high)})"
        for label, entry in zip(labels(results, ordered), ordered, strict=True)
    ]
    names = table.add("Label", shown, "stored text", _BARS)
    return Bars(increment.intervention, base, names, _add_segments(table, ordered, base), min(len(ordered), MOST_BARS))


def _add_results(table: SheetTable, entries: Sequence[Dsa], base: float) -> None:
    """Add the stored results at both values."""
    group = "Incremental net monetary benefit"
    table.add("Base case", [base] * len(entries), "stored money", group)
    low = table.add("At low", [entry.nmb_low for entry in entries], "stored money", group)
    high = table.add("At high", [entry.nmb_high for entry in entries], "stored money", group)
    table.add("Range", absolute(high - low), "money", group)
    for title, attribute, style in (("Incremental QALYs", "qalys", "qaly"), ("Incremental costs", "costs", "money")):
        for header, end in (("At low", "low"), ("At high", "high")):
            values = [getattr(entry, f"{attribute}_{end}") for entry in entries]
            table.add(header, values, f"stored {style}", title)
    for header, end in (("At low", "low"), ("At high", "high")):
        ratios = [getattr(entry, f"icer_{end}") for entry in entries]
        words = [getattr(entry, f"verdict_{end}") for entry in entries]
        table.add(header, [0.0] * len(entries), "stored money", "ICER, or verdict")
        for row, (ratio, word) in enumerate(zip(ratios, words, strict=True)):
            content = word if ratio is None else ratio
            table.sheet.cells[table.first + row, table.next - 1] = SheetCell(content, "stored money")


def _add_segments(table: SheetTable, entries: Sequence[Dsa], base: float) -> tuple[SheetColumn, ...]:
    """Add the pieces of the bars: to low, to high, and from the nearer of them on to the other."""
    pieces = [segments(entry.nmb_low - base, entry.nmb_high - base) for entry in entries]
    titles = ("To low", "To high", "On to low", "On to high")
    return tuple(
        table.add(title, [piece[i] for piece in pieces], "stored money", _BARS) for i, title in enumerate(titles)
    )
