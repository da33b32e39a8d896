"""The results of the live model: totals, increments, ICERs and net benefit by formula, beside those of the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hemodel.inputs.checks import select
from hemodel.live_model.formula import Formula, total
from hemodel.live_model.frontier import FrontierCells, add_frontier, icer_formula, verdict_formula
from hemodel.live_model.sheet import Table
from hemodel.reporting.tables_words import COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.sheet import Column, Sheet
    from hemodel.live_model.strategy import StrategySheets
    from hemodel.model import Model

FIRST_ROW = 8
OUTCOMES = {"life_years": ("Life-years", "qaly"), "qalys": ("QALYs", "qaly"), "costs": ("Costs", "money")}
KINDS = ("undiscounted", "discounted", "engine", "difference")
SEVERAL = 3
"""From so many strategies on a fully incremental analysis says more than the pairs do."""


@dataclass
class ResultCells:
    """Where the results stand.

    Attributes
    ----------
    sheet : Sheet
    cells : dict from (outcome, strategy, component, kind) to Formula
        Component ``total`` is the sum; kinds are `KINDS`.
    increments : dict from (outcome, intervention, kind) to Formula
        Against the comparator; kinds undiscounted, discounted and engine.
    verdict, icer : dict from intervention to Formula
        The ICER is a number, or the verdict where a ratio has no meaning.
    engine_icer : dict from intervention to Formula
    nmb : dict from (strategy, threshold id, kind) to Formula
        Kinds discounted and engine.
    incremental_nmb : dict from (intervention, threshold id, kind) to Formula
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
    engine_icer: dict[str, Formula] = field(default_factory=dict)
    nmb: dict[tuple[str, str, str], Formula] = field(default_factory=dict)
    incremental_nmb: dict[tuple[str, str, str], Formula] = field(default_factory=dict)
    frontier: FrontierCells | None = None

    def begin(self, heading: str, rows: int) -> Table:
        """Begin a table under a heading, below all others."""
        self.sheet.write(self.row - 3, 0, heading, "verdict")
        table = Table(self.sheet, self.row, rows)
        self.row += rows + 4
        return table


def add_results(
    sheet: Sheet, model: Model, parameters: Parameters, strategies: Sequence[StrategySheets]
) -> ResultCells:
    """Fill the sheet of results.

    Parameters
    ----------
    sheet : Sheet
        Its first six rows are taken.
    model : Model
    parameters : Parameters
        With the stored draws and the cell that selects one.
    strategies : sequence of StrategySheets
        The comparator first.
    """
    found = select(model.inputs.rows, "settings.threshold.{threshold}")
    thresholds = tuple(row.id for row in sorted(found, key=lambda row: row.number))
    results = ResultCells(sheet, FIRST_ROW + 1, thresholds)
    names = {each.id: parameters.text(f"strategy.{each.id}.name") for each in strategies}
    for outcome in OUTCOMES:
        _totals(results, outcome, parameters, strategies, names)
    _increments(results, [each.id for each in strategies], names)
    _net_benefit(results, parameters, [each.id for each in strategies], names)
    if len(strategies) >= SEVERAL:
        totals = [[results.cells[o, each.id, "total", "discounted"] for each in strategies] for o in ("costs", "qalys")]
        results.frontier = add_frontier(sheet, results.row - 3, list(names.values()), totals[0], totals[1])
        results.row = results.frontier.last_row + 5
    return results


def _totals(
    results: ResultCells,
    outcome: str,
    parameters: Parameters,
    strategies: Sequence[StrategySheets],
    names: dict[str, Formula],
) -> None:
    """Write one row for each strategy and component, and one for their total."""
    title, style = OUTCOMES[outcome]
    listed = [(each, part) for each in strategies for part in (*_components(each, outcome), "total")]
    table = results.begin(title, len(listed))
    table.add("Outcome", [title] * len(listed), "text")
    table.add("Component", [each.labels.get(p, COMPONENTS.get(p, p)) for each, p in listed], "text")
    table.add_each("Strategy", [names[each.id] for each, _ in listed], "text")
    columns = {}
    for place, kind in enumerate(KINDS[:2]):
        cells = []
        for each, part in listed:
            some = _components(each, outcome) if part == "total" else [part]
            cells.append(total([each.trace.totals[outcome, one][place] for one in some]))
        columns[kind] = table.add_each(kind.capitalize(), cells, style)
    engine = [parameters.psa.engine(outcome, each.id, part, parameters.draw) for each, part in listed]
    columns["engine"] = table.add_each("Engine", engine, style)
    columns["difference"] = table.add("Difference", columns["discounted"] - columns["engine"], "number")
    for i, (each, part) in enumerate(listed):
        results.cells.update({(outcome, each.id, part, kind): column.cell(i) for kind, column in columns.items()})


def _components(each: StrategySheets, outcome: str) -> list[str]:
    return [part for one, part in each.trace.totals if one == outcome]


def _increments(results: ResultCells, strategies: list[str], names: dict[str, Formula]) -> None:
    """Write increments against the comparator and the ICERs, and those of the engine."""
    comparator, *interventions = strategies
    listed = [(one, kind) for one in interventions for kind in KINDS[:3]]
    table = results.begin("Increments against the comparator", len(listed))
    table.add_each("Intervention", [names[one] for one, _ in listed], "text")
    table.add_each("Comparator", [names[comparator]] * len(listed), "text")
    table.add("Values", [kind.capitalize() for _, kind in listed], "text")
    columns: dict[str, Column] = {}
    for outcome in ("costs", "life_years", "qalys"):
        title, style = OUTCOMES[outcome]
        cells = [
            results.cells[outcome, one, "total", kind] - results.cells[outcome, comparator, "total", kind]
            for one, kind in listed
        ]
        columns[outcome] = table.add_each(title, cells, style)
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
        elif kind == "engine":
            results.engine_icer[one] = ratio.cell(i)


def _net_benefit(
    results: ResultCells, parameters: Parameters, strategies: list[str], names: dict[str, Formula]
) -> None:
    """Write net monetary benefit, and its increment against the comparator, at each threshold."""
    listed = [(id_, one) for id_ in results.thresholds for one in strategies]
    table = results.begin("Net monetary benefit", len(listed))
    threshold = table.add_each("Threshold", [parameters.number(id_) for id_, _ in listed], "money")
    table.add_each("Strategy", [names[one] for _, one in listed], "text")
    for kind in ("discounted", "engine"):
        cells = [
            threshold.cell(i) * results.cells["qalys", one, "total", kind] - results.cells["costs", one, "total", kind]
            for i, (_, one) in enumerate(listed)
        ]
        group = "Live" if kind == "discounted" else "Engine"
        benefit = table.add_each("Net benefit", cells, "money", group)
        count = len(strategies)
        more = [benefit.cell(i) - benefit.cell(i - i % count) for i in range(len(listed))]
        increment = table.add_each("Against the comparator", more, "money", group)
        for i, (id_, one) in enumerate(listed):
            results.nmb[one, id_, kind] = benefit.cell(i)
            results.incremental_nmb[one, id_, kind] = increment.cell(i)
