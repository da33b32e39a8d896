"""The results of the live model by formula: increments, ICERs and decisions first, then totals and their components.

Incremental analysis by formula: verdicts on pairs, and the fully incremental analysis of several strategies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import (
    COST_TOLERANCE,
    DOMINANT,
    DOMINATED,
    EFFECT_TOLERANCE,
    EQUIVALENT,
    EXTENDEDLY_DOMINATED,
    LESS_EFFECTIVE_AND_COSTLY,
    MORE_EFFECTIVE_AND_COSTLY,
    NO_DIFFERENCE,
    REFERENCE,
    differences,
    icer,
    net_monetary_benefit,
)
from hemodel.inputs.checks import select
from hemodel.live_model.formula import (
    Formula,
    absolute,
    as_formula,
    beside,
    both,
    call,
    either,
    greatest_in,
    least_in,
    numbers_in,
    sign,
    total,
    when,
)
from hemodel.live_model.psa import OUTCOMES
from hemodel.live_model.sheet import Sheet, SheetColumn, SheetTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.strategy import StrategySheets
    from hemodel.model.evaluate import Model


ON_THE_FRONTIER = "on the frontier"


@dataclass(frozen=True)
class FrontierCells:
    """The rows of the fully incremental analysis, in order of cost.

    Attributes
    ----------
    last_row : int
        Of the sheet, from 0.
    names, status, against, costs, qalys, icer : list of Formula
        `against`, the increments and the ICER are empty texts where they have no meaning.
    """

    last_row: int
    names: list[Formula]
    status: list[Formula]
    against: list[Formula]
    costs: list[Formula]
    qalys: list[Formula]
    icer: list[Formula]


def verdict_formula(costs: Formula, qalys: Formula) -> Formula:
    """Return the verdict on incremental costs and QALYs in the words of `hemodel.economics.verdict`."""
    dearer = when(absolute(costs) <= COST_TOLERANCE, 0, sign(costs))
    better = when(absolute(qalys) <= EFFECT_TOLERANCE, 0, sign(qalys))
    one_better = when(both(dearer <= 0, better >= 0), DOMINANT, DOMINATED)
    both_less = when(both(dearer < 0, better < 0), LESS_EFFECTIVE_AND_COSTLY, one_better)
    both_more = when(both(dearer > 0, better > 0), MORE_EFFECTIVE_AND_COSTLY, both_less)
    return when(both(dearer.equals(0), better.equals(0)), NO_DIFFERENCE, both_more)


def icer_formula(costs: Formula, qalys: Formula, word: Formula) -> Formula:
    """Return the ICER where both increments are positive, else the verdict."""
    return when(word.equals(MORE_EFFECTIVE_AND_COSTLY), icer(costs, qalys), word)


def add_frontier(
    sheet: Sheet, row: int, names: Sequence[Formula], costs: Sequence[Formula], qalys: Sequence[Formula]
) -> FrontierCells:
    """Write the fully incremental analysis with strong and extended dominance.

    Strategies are put in order of cost (then of effect, best first). The matrix of ICERs of
    each strategy against every cheaper one shows extended dominance: the ICER against one of
    them is above that of a dearer strategy against it.

    Parameters
    ----------
    row : int
        Row of the heading, from 0.
    names, costs, qalys : sequence of Formula
        One single cell for each strategy.
    """
    count = len(names)
    sheet.write(row, 0, "Fully incremental analysis", "verdict")
    shown = SheetTable(sheet, row + 3, count)
    below = shown.first + count + 1
    sheet.write(below, 0, "Workings of the fully incremental analysis", "verdict")
    given = SheetTable(sheet, below + 3, count)
    name = given.add_each("Strategy", names, "text", "As entered")
    cost = given.add_each("Costs", costs, "money", "As entered")
    effect = given.add_each("QALYs", qalys, "qaly", "As entered")
    place = given.add_each("Place by cost", [_rank(cost, effect, i) for i in range(count)], "count", "As entered")
    ordered = SheetTable(sheet, given.first + count + 3, count)
    places = ordered.add("Place", list(range(1, count + 1)), "count", "In order of cost")
    sources = ((name, "Strategy", "text"), (cost, "Costs", "money"), (effect, "QALYs", "qaly"))
    columns = []
    for values, header, style in sources:
        found = [beside(places.cell(i), place.range, values.range) for i in range(count)]
        columns.append(ordered.add_each(header, found, style, "In order of cost"))
    return _judged(ordered, shown, columns)


def _rank(cost: SheetColumn, effect: SheetColumn, i: int) -> Formula:
    """Return the place by cost; of equal cost the more effective is first, of equals the first in the workbook."""
    before = [_before(cost, effect, j, i) for j in range(cost.rows) if j != i]
    return total([as_formula(1), *(when(one, 1, 0) for one in before)])


def _before(cost: SheetColumn, effect: SheetColumn, j: int, i: int) -> Formula:
    better = effect.cell(j) > effect.cell(i) if j > i else effect.cell(j) >= effect.cell(i)
    return either(cost.cell(j) < cost.cell(i), both(cost.cell(j).equals(cost.cell(i)), better))


def _judged(table: SheetTable, shown: SheetTable, columns: list[SheetColumn]) -> FrontierCells:
    """Write dominance beside the strategies in order of cost, and what follows from it in a table of its own."""
    name, cost, effect = columns
    count = table.rows
    strong = table.add_each("Dominated", [_dominated(effect, i) for i in range(count)], "count", "Dominance")
    matrix = _ratios(table, cost, effect, strong)
    pairs = [_extended(table, matrix, strong, i) for i in range(count)]
    extended = table.add_each("Extendedly dominated", pairs, "count", "Dominance")
    last = _last_kept(table, strong, extended)
    names = shown.add_each("Strategy", [name.cell(i) for i in range(count)], "text")
    words = [as_formula(REFERENCE)]
    for i in range(1, count):
        weak = when(extended.cell(i).equals(1), EXTENDEDLY_DOMINATED, ON_THE_FRONTIER)
        twin = _are_equal(cost, effect, i)
        words.append(when(twin, EQUIVALENT, when(strong.cell(i).equals(1), DOMINATED, weak)))
    status = shown.add_each("Status", words, "text")

    def column(header: str, style: str, values: list[Formula]) -> SheetColumn:
        on = [when(status.cell(i).equals(ON_THE_FRONTIER), value, "") for i, value in enumerate(values, start=1)]
        return shown.add_each(header, [as_formula(""), *on], style)

    before = [last.cell(i - 1) for i in range(1, count)]
    more_cost, more_effect = ([v.cell(i) - v.at(b) for i, b in enumerate(before, start=1)] for v in (cost, effect))
    ratios = list(map(icer, more_cost, more_effect))
    other = _against(shown, status, name, before)
    costs, qalys = column("Costs", "money", more_cost), column("QALYs", "qaly", more_effect)
    parts = (names, status, other, costs, qalys, column("ICER", "money", ratios))
    return FrontierCells(table.first + count - 1, *([part.cell(i) for i in range(count)] for part in parts))


def _are_equal(cost: SheetColumn, effect: SheetColumn, i: int) -> Formula:
    """Return whether a strategy has the costs and the QALYs of the one before it."""
    near = (
        this.cell(a) <= this.cell(b) + tolerance
        for this, tolerance in ((cost, COST_TOLERANCE), (effect, EFFECT_TOLERANCE))
        for a, b in ((i, i - 1), (i - 1, i))
    )
    return both(*near)


def _against(shown: SheetTable, status: SheetColumn, name: SheetColumn, before: list[Formula]) -> SheetColumn:
    """Write the strategy that each is held against: the last on the frontier, or the one that it is equivalent to."""
    found = [as_formula("")]
    for i, place in enumerate(before, start=1):
        twin = when(status.cell(i).equals(EQUIVALENT), name.cell(i - 1), "")
        found.append(when(status.cell(i).equals(ON_THE_FRONTIER), name.at(place), twin))
    return shown.add_each("Against", found, "text")


def _dominated(effect: SheetColumn, i: int) -> Formula:
    """Return 1 where a cheaper strategy has as many QALYs."""
    if i == 0:
        return as_formula(0)
    found = [effect.cell(i) <= effect.cell(j) + EFFECT_TOLERANCE for j in range(i)]
    return when(either(*found), 1, 0)


def _ratios(table: SheetTable, cost: SheetColumn, effect: SheetColumn, strong: SheetColumn) -> list[list[Formula]]:
    """Write the ICER of each strategy (row) against each cheaper one (column), of those that are not dominated."""
    rows: list[list[Formula]] = [[] for _ in range(table.rows)]
    for j in range(table.rows):
        found: list[Formula] = []
        for i in range(table.rows):
            if i <= j:
                found.append(as_formula(""))
                continue
            ratio = icer(cost.cell(i) - cost.cell(j), effect.cell(i) - effect.cell(j))
            found.append(when(either(strong.cell(i).equals(1), strong.cell(j).equals(1)), "", ratio))
        column = table.add_each(f"Against place {j + 1}", found, "money", "ICER against each cheaper one")
        for i in range(table.rows):
            rows[i].append(column.cell(i))
    return rows


def _extended(table: SheetTable, matrix: list[list[Formula]], strong: SheetColumn, i: int) -> Formula:
    """Return 1 where an ICER against a cheaper strategy is above that of a dearer one against this."""
    if i in {0, table.rows - 1}:
        return as_formula(0)
    first = strong.index + 1
    below = [matrix[i][j] for j in range(i)]
    above = [matrix[k][i] for k in range(i + 1, table.rows)]
    cheaper = table.sheet.area((table.first + i, first), (table.first + i, first + i - 1), None)
    dearer = table.sheet.area((table.first + i + 1, first + i), (table.first + table.rows - 1, first + i), None)
    crossed = greatest_in(below, cheaper) > least_in(above, dearer)
    known = both(numbers_in(below, cheaper) > 0, numbers_in(above, dearer) > 0)
    return when(both(known, crossed), 1, 0)


def _last_kept(table: SheetTable, strong: SheetColumn, extended: SheetColumn) -> SheetColumn:
    """Write the place of the last strategy on the frontier up to each row."""
    index, made = table.next, [as_formula(1)]
    for i in range(1, table.rows):
        before = table.sheet.reference(table.first + i - 1, index, made[-1].value)
        kept = both(strong.cell(i).equals(0), extended.cell(i).equals(0))
        made.append(when(kept, i + 1, before))
    return table.add_each("Last on the frontier", made, "count", "Dominance")


FIRST_ROW = 8
_BETWEEN = 4
"""Rows from the last of a table to the first of the next: an empty one, and its headings."""
KINDS = ("discounted", "undiscounted")
DECISION = ("yes", "no")
"""What is said of an intervention whose net benefit is no less than that of the comparator, and of another."""
SEVERAL = 3
"""From so many strategies on a fully incremental analysis says more than the pairs do."""


@dataclass
class ResultCells:
    """Where the results stand.

    Attributes
    ----------
    cells : dict from (outcome, strategy, component, kind) to Formula
        Component ``total`` is the sum; kinds are `KINDS`.
    increments : dict from (outcome, intervention, kind) to Formula
        Against the comparator.
    verdict, icer : dict from intervention to Formula
        The ICER is a number, or the verdict where a ratio has no meaning.
    nmb : dict from (strategy, threshold id) to Formula
    incremental_nmb : dict from (intervention, threshold id) to Formula
    thresholds : tuple of str
        Ids, the lowest first.
    frontier : FrontierCells or None
        For three or more strategies.
    row : int
        Where the next table begins.
    """

    sheet: Sheet
    row: int
    thresholds: tuple[str, ...]
    cells: dict[tuple[str, str, str, str], Formula] = field(default_factory=dict)
    increments: dict[tuple[str, str, str], Formula] = field(default_factory=dict)
    verdict: dict[str, Formula] = field(default_factory=dict)
    icer: dict[str, Formula] = field(default_factory=dict)
    nmb: dict[tuple[str, str], Formula] = field(default_factory=dict)
    incremental_nmb: dict[tuple[str, str], Formula] = field(default_factory=dict)
    frontier: FrontierCells | None = None

    def totals(self, strategy: str, kind: str) -> dict[str, Formula]:
        """Return the total of each outcome of a strategy."""
        return {outcome: self.cells[outcome, strategy, "total", kind] for outcome in OUTCOMES}

    def begin(self, heading: str, rows: int) -> SheetTable:
        """Begin a table under a heading, below all others."""
        self.sheet.write(self.row - 3, 0, heading, "verdict")
        table = SheetTable(self.sheet, self.row, rows)
        self.row += rows + _BETWEEN
        return table


def add_results(
    sheet: Sheet, model: Model, parameters: Parameters, strategies: Sequence[StrategySheets]
) -> ResultCells:
    """Fill the sheet of results: increments and decisions stand first, above the totals that they are made of.

    Parameters
    ----------
    sheet : Sheet
        Its first six rows are taken.
    parameters : Parameters
        With the stored draws and the cell that selects one.
    strategies : sequence of StrategySheets
        The comparator first.
    """
    found = select(model.inputs.rows, "settings.threshold.{threshold}")
    thresholds = tuple(row.id for row in sorted(found, key=lambda row: row.number))
    results = ResultCells(sheet, FIRST_ROW + 1, thresholds)
    names = {each.id: parameters.name(each.id) for each in strategies}
    ids = [each.id for each in strategies]
    first, rows = results.row, (len(KINDS) * (len(ids) - 1), len(thresholds) * len(ids))
    results.row += sum(rows) + _BETWEEN * len(rows)
    for outcome in OUTCOMES:
        _totals(results, outcome, strategies, names)
    last, results.row = results.row, first
    _increments(results, ids, names)
    _net_benefit(results, parameters, ids, names)
    results.row = last
    if len(strategies) >= SEVERAL:
        totals = [[results.cells[o, each.id, "total", "discounted"] for each in strategies] for o in ("costs", "qalys")]
        results.frontier = add_frontier(sheet, results.row - 3, list(names.values()), totals[0], totals[1])
        results.row = results.frontier.last_row + 5
    return results


def _totals(
    results: ResultCells, outcome: str, strategies: Sequence[StrategySheets], names: dict[str, Formula]
) -> None:
    """Write one row for each strategy and component, and one for their total."""
    title, style = OUTCOMES[outcome]
    listed = [(each, part) for each in strategies for part in (*_components(each, outcome), "total")]
    table = results.begin(title, len(listed))
    table.add("Outcome", [title] * len(listed), "text")
    table.add("Component", [each.words(part) for each, part in listed], "text")
    table.add_each("Strategy", [names[each.id] for each, _ in listed], "text")
    columns = {}
    for place, kind in enumerate(("undiscounted", "discounted")):
        cells = []
        for each, part in listed:
            some = _components(each, outcome) if part == "total" else [part]
            cells.append(total([each.trace.totals[outcome, one][place] for one in some]))
        columns[kind] = table.add_each(kind.capitalize(), cells, style)
    for i, (each, part) in enumerate(listed):
        results.cells.update({(outcome, each.id, part, kind): column.cell(i) for kind, column in columns.items()})


def _components(each: StrategySheets, outcome: str) -> list[str]:
    return [part for one, part in each.trace.totals if one == outcome]


def _increments(results: ResultCells, strategies: list[str], names: dict[str, Formula]) -> None:
    """Write increments against the comparator and the ICERs, and those of the engine."""
    comparator, *interventions = strategies
    listed = [(one, kind) for one in interventions for kind in KINDS]
    table = results.begin("Increments against the comparator", len(listed))
    table.add_each("Intervention", [names[one] for one, _ in listed], "text")
    table.add_each("Comparator", [names[comparator]] * len(listed), "text")
    table.add("Values", [kind.capitalize() for _, kind in listed], "text")
    columns: dict[str, SheetColumn] = {}
    more = [differences(results.totals(one, kind), results.totals(comparator, kind)) for one, kind in listed]
    for outcome in ("costs", "life_years", "qalys"):
        title, style = OUTCOMES[outcome]
        columns[outcome] = table.add_each(title, [each[outcome] for each in more], style)
        results.increments.update({(outcome, *each): columns[outcome].cell(i) for i, each in enumerate(listed)})
    costs, qalys = ([columns[outcome].cell(i) for i in range(len(listed))] for outcome in ("costs", "qalys"))
    verdict = table.next + 1
    words = [verdict_formula(cost, qaly) for cost, qaly in zip(costs, qalys, strict=True)]
    said = [results.sheet.reference(table.first + i, verdict, word.value) for i, word in enumerate(words)]
    ratios = [icer_formula(*each) for each in zip(costs, qalys, said, strict=True)]
    ratio, word = table.add_each("ICER", ratios, "money"), table.add_each("Verdict", words, "text")
    for i, (one, kind) in enumerate(listed):
        if kind == "discounted":
            results.verdict[one], results.icer[one] = word.cell(i), ratio.cell(i)


def _net_benefit(
    results: ResultCells, parameters: Parameters, strategies: list[str], names: dict[str, Formula]
) -> None:
    """Write net monetary benefit, its increment against the comparator, and the decision, at each threshold."""
    listed = [(id_, one) for id_ in results.thresholds for one in strategies]
    table = results.begin("Net monetary benefit and decision, by threshold", len(listed))
    threshold = table.add_each("Threshold", [parameters[id_] for id_, _ in listed], "money")
    table.add_each("Strategy", [names[one] for _, one in listed], "text")
    totals = [results.totals(one, "discounted") for _, one in listed]
    cells = [net_monetary_benefit(t["qalys"], t["costs"], threshold.cell(i)) for i, t in enumerate(totals)]
    benefit, count = table.add_each("Net benefit", cells, "money"), len(strategies)
    more = [benefit.cell(i) - benefit.cell(i - i % count) for i in range(len(listed))]
    increment = table.add_each("Against the comparator", more, "money")
    decisions = [when(increment.cell(i) >= 0, *DECISION) if i % count else as_formula("") for i in range(len(listed))]
    table.add_each("Cost-effective", decisions, "text")
    for i, (id_, one) in enumerate(listed):
        results.nmb[one, id_] = benefit.cell(i)
        results.incremental_nmb[one, id_] = increment.cell(i)


def ratios_in_words(results: ResultCells, parameters: Parameters) -> Formula:
    """Return the ICER of every intervention as a text, or the verdict where a ratio has no meaning."""
    money, said = parameters.text("settings.currency").joined(" "), as_formula("ICER of this draw: ")
    for i, (strategy, found) in enumerate(results.icer.items()):
        number = call("ISNUMBER", lambda value: not isinstance(value, str), found)
        ratio = when(number, money.joined(in_words(found, "#,##0")).joined(" per QALY"), found)
        if len(results.icer) > 1:
            said = said.joined(parameters.name(strategy)).joined(" ")
        said = said.joined(ratio).joined("; " if i < len(results.icer) - 1 else "")
    return said


def in_words(number: Formula, places: str) -> Formula:
    """Return TEXT: a number as it reads in a sentence."""
    decimals = len(places.partition(".")[2])
    separator = "," if "," in places else ""

    def written(value: object, _: object) -> str:
        return value if isinstance(value, str) else f"{float(np.asarray(value)):{separator}.{decimals}f}"

    return call("TEXT", written, number, places)
