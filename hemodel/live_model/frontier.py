"""Incremental analysis by formula: verdicts on pairs, and the fully incremental analysis of several strategies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.economics import (
    COST_TOLERANCE,
    DOMINANT,
    DOMINATED,
    EFFECT_TOLERANCE,
    EXTENDEDLY_DOMINATED,
    LESS_EFFECTIVE_AND_COSTLY,
    MORE_EFFECTIVE_AND_COSTLY,
    NO_DIFFERENCE,
    REFERENCE,
)
from hemodel.live_model.formula import Formula, absolute, as_formula, both, either, total, when
from hemodel.live_model.ranges import beside, greatest_in, least_in, numbers_in, sign
from hemodel.live_model.sheet import Column, Sheet, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    return when(word.equals(MORE_EFFECTIVE_AND_COSTLY), costs / qalys, word)


def add_frontier(
    sheet: Sheet, row: int, names: Sequence[Formula], costs: Sequence[Formula], qalys: Sequence[Formula]
) -> FrontierCells:
    """Write the fully incremental analysis with strong and extended dominance.

    Strategies are put in order of cost (then of effect, best first). The matrix of ICERs of
    each strategy against every cheaper one shows extended dominance: the ICER against one of
    them is above that of a dearer strategy against it.

    Parameters
    ----------
    sheet : Sheet
    row : int
        Row of the heading, from 0.
    names, costs, qalys : sequence of Formula
        One single cell for each strategy.
    """
    count = len(names)
    sheet.write(row, 0, "Fully incremental analysis", "verdict")
    shown = Table(sheet, row + 3, count)
    below = shown.first + count + 1
    sheet.write(below, 0, "Workings of the fully incremental analysis", "verdict")
    given = Table(sheet, below + 3, count)
    name = given.add_each("Strategy", names, "text", "As entered")
    cost = given.add_each("Costs", costs, "money", "As entered")
    effect = given.add_each("QALYs", qalys, "qaly", "As entered")
    place = given.add_each("Place by cost", [_rank(cost, effect, i) for i in range(count)], "count", "As entered")
    ordered = Table(sheet, given.first + count + 3, count)
    places = ordered.add("Place", list(range(1, count + 1)), "count", "In order of cost")
    sources = ((name, "Strategy", "text"), (cost, "Costs", "money"), (effect, "QALYs", "qaly"))
    columns = []
    for values, header, style in sources:
        found = [beside(places.cell(i), place.range, values.range) for i in range(count)]
        columns.append(ordered.add_each(header, found, style, "In order of cost"))
    return _judged(ordered, shown, columns)


def _rank(cost: Column, effect: Column, i: int) -> Formula:
    """Return the place by cost; of equal cost the more effective is first, of equals the first in the workbook."""
    before = [_before(cost, effect, j, i) for j in range(cost.rows) if j != i]
    return total([as_formula(1), *(when(one, 1, 0) for one in before)])


def _before(cost: Column, effect: Column, j: int, i: int) -> Formula:
    better = effect.cell(j) > effect.cell(i) if j > i else effect.cell(j) >= effect.cell(i)
    return either(cost.cell(j) < cost.cell(i), both(cost.cell(j).equals(cost.cell(i)), better))


def _judged(table: Table, shown: Table, columns: list[Column]) -> FrontierCells:
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
        words.append(when(strong.cell(i).equals(1), DOMINATED, weak))
    status = shown.add_each("Status", words, "text")

    def column(header: str, style: str, values: list[Formula]) -> Column:
        on = [when(status.cell(i).equals(ON_THE_FRONTIER), value, "") for i, value in enumerate(values, start=1)]
        return shown.add_each(header, [as_formula(""), *on], style)

    before = [last.cell(i - 1) for i in range(1, count)]
    more_cost, more_effect = ([v.cell(i) - v.at(b) for i, b in enumerate(before, start=1)] for v in (cost, effect))
    ratios = [extra / gained for extra, gained in zip(more_cost, more_effect, strict=True)]
    other = column("Against", "text", [name.at(place) for place in before])
    costs, qalys = column("Costs", "money", more_cost), column("QALYs", "qaly", more_effect)
    parts = (names, status, other, costs, qalys, column("ICER", "money", ratios))
    return FrontierCells(table.first + count - 1, *([part.cell(i) for i in range(count)] for part in parts))


def _dominated(effect: Column, i: int) -> Formula:
    """Return 1 where a cheaper strategy has as many QALYs."""
    if i == 0:
        return as_formula(0)
    found = [effect.cell(i) <= effect.cell(j) + EFFECT_TOLERANCE for j in range(i)]
    return when(either(*found), 1, 0)


def _ratios(table: Table, cost: Column, effect: Column, strong: Column) -> list[list[Formula]]:
    """Write the ICER of each strategy (row) against each cheaper one (column), of those that are not dominated."""
    rows: list[list[Formula]] = [[] for _ in range(table.rows)]
    for j in range(table.rows):
        found: list[Formula] = []
        for i in range(table.rows):
            if i <= j:
                found.append(as_formula(""))
                continue
            ratio = (cost.cell(i) - cost.cell(j)) / (effect.cell(i) - effect.cell(j))
            found.append(when(either(strong.cell(i).equals(1), strong.cell(j).equals(1)), "", ratio))
        column = table.add_each(f"Against place {j + 1}", found, "money", "ICER against each cheaper one")
        for i in range(table.rows):
            rows[i].append(column.cell(i))
    return rows


def _extended(table: Table, matrix: list[list[Formula]], strong: Column, i: int) -> Formula:
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


def _last_kept(table: Table, strong: Column, extended: Column) -> Column:
    """Write the place of the last strategy on the frontier up to each row."""
    index, made = table.next, [as_formula(1)]
    for i in range(1, table.rows):
        before = table.sheet.reference(table.first + i - 1, index, made[-1].value)
        kept = both(strong.cell(i).equals(0), extended.cell(i).equals(0))
        made.append(when(kept, i + 1, before))
    return table.add_each("Last on the frontier", made, "count", "Dominance")
