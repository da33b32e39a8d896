"""The engine beside the live model: what it found for the selected draw, and whether the formulas give the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.economics import differences
from hemodel.live_model.formula import absolute, larger, when
from hemodel.live_model.psa import OUTCOMES
from hemodel.live_model.results import icer_formula, verdict_formula
from hemodel.live_model.sheet import EDITED, EQUAL, Sheet, SheetTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.live_model.formula import Formula
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.results import ResultCells
    from hemodel.live_model.strategy import StrategySheets


SHEET = "Model engine"
FIRST_ROW, _SAID = 6, 5
"""Of the table; and its column of comparisons, which has room for the longest of them."""
TOLERANCE = 1e-9
"""Relative difference between live model and engine that is put down to rounding."""
_LEAST = {"costs": 1.0, "life_years": 1e-3, "qalys": 1e-3}
"""Smaller amounts are compared with the tolerance of these: they are differences of larger ones."""
_SMALLEST = 1e-9


@dataclass(frozen=True)
class Comparison:
    """The sheet of the engine's results.

    Attributes
    ----------
    engine : mapping from (outcome, strategy, component) to Formula
        Discounted, in the selected draw; component ``total`` is the sum.
    said : mapping from (outcome, strategy, component) to Formula
        That both are equal, the difference, or that an edit has made the engine's value one of another model.
    difference : Formula
        The largest relative difference between a total and the engine's.
    edited : Formula
        How many inputs have changed since the file was written, a cell.
    """

    sheet: Sheet
    engine: Mapping[tuple[str, str, str], Formula]
    said: Mapping[tuple[str, str, str], Formula]
    difference: Formula
    edited: Formula


def add_comparison(
    results: ResultCells, parameters: Parameters, strategies: tuple[StrategySheets, ...], edited: Formula
) -> Comparison:
    """Return the sheet that holds the live results against those of the engine.

    Parameters
    ----------
    strategies : tuple of StrategySheets
        The comparator first.
    edited : Formula
        How many inputs have changed since the file was written.
    """
    purpose = (
        "Engine is what hemodel found in the selected draw, for the inputs as they were when this file was written; "
        "live is what the formulas give now, discounted. Where an input was edited the engine's value no longer "
        "applies: run hemodel on this file to hold the edit against it."
    )
    sheet = Sheet(SHEET, "Comparison with the engine", purpose, frozen=(FIRST_ROW, 0))
    sheet.widths[_SAID] = 42.0
    sheet.write(3, 0, "Edited since the file was written", "label")
    edited = sheet.write(3, 1, edited, "count")
    listed = [(o, s, c) for o, s, c, kind in results.cells if kind == "discounted"]
    table = SheetTable(sheet, FIRST_ROW, len(listed))
    by_id = {each.id: each for each in strategies}
    table.add("Outcome", [OUTCOMES[outcome][0] for outcome, _, _ in listed], "text")
    table.add("Component", [by_id[strategy].words(component) for _, strategy, component in listed], "text")
    table.add_each("Strategy", [parameters.name(strategy) for _, strategy, _ in listed], "text")
    draw = parameters.draw
    found = [results.cells[(*each, "discounted")] for each in listed]
    stored = [parameters.psa.engine(o, s, c, draw) for o, s, c in listed]
    live = table.add_each("Live", found, "number")
    engine = table.add_each("Engine", stored, "number")
    words = [
        compared(live.cell(i), engine.cell(i), _LEAST[outcome], edited) for i, (outcome, _, _) in enumerate(listed)
    ]
    said = table.add_each("Comparison", words, "compared")
    engine_cells = {each: engine.cell(i) for i, each in enumerate(listed)}
    _ratios(sheet, FIRST_ROW + len(listed) + 4, (results, parameters, strategies), engine_cells)
    gaps = [
        absolute(live.cell(i) - engine.cell(i)) / larger(absolute(engine.cell(i)), _SMALLEST)
        for i, (_, _, component) in enumerate(listed)
        if component == "total"
    ]
    return Comparison(sheet, engine_cells, {each: said.cell(i) for i, each in enumerate(listed)}, larger(*gaps), edited)


def compared(live: Formula, engine: Formula, least: float, edited: Formula) -> Formula:
    """Return that two cells are equal, that an edit explains why they are not, or their difference."""
    near = absolute(live - engine) <= larger(absolute(engine), least) * TOLERANCE
    return when(near, EQUAL, when(edited > 0, EDITED, live - engine))


def _ratios(
    sheet: Sheet,
    row: int,
    of: tuple[ResultCells, Parameters, tuple[StrategySheets, ...]],
    engine: Mapping[tuple[str, str, str], Formula],
) -> None:
    """Write the ICER of each intervention, live and by the engine's totals."""
    results, parameters, (comparator, *interventions) = of
    sheet.write(row - 3, 0, "ICER against the comparator", "verdict")
    table = SheetTable(sheet, row, len(interventions))
    names = [parameters.name(each.id) for each in interventions]
    table.add_each("Intervention", names, "text")
    table.add_each("Comparator", [parameters.name(comparator.id)] * len(names), "text")
    totals = [{o: engine[o, each.id, "total"] for o in OUTCOMES} for each in (comparator, *interventions)]
    more = [differences(each, totals[0]) for each in totals[1:]]
    verdict = table.add_each("Verdict of the engine", [verdict_formula(m["costs"], m["qalys"]) for m in more], "text")
    table.add_each("Live", [results.icer[each.id] for each in interventions], "money")
    ratios = [icer_formula(m["costs"], m["qalys"], verdict.cell(i)) for i, m in enumerate(more)]
    table.add_each("Engine", ratios, "money")
