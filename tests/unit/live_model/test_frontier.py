"""Verdicts and the fully incremental analysis by formula, against `hemodel.economics` for random totals.

That the texts of the formulas say the same is shown by `test_calculation.py`, where LibreOffice calculates a model
with three strategies, and here for eight strategies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st
from live.recalculation import recalculated

from hemodel.economics import frontier, verdict
from hemodel.inputs.cell_formats import Formats
from hemodel.live_model.formula import Formula, as_formula
from hemodel.live_model.look import Look
from hemodel.live_model.results import FrontierCells, add_frontier, icer_formula, verdict_formula
from hemodel.live_model.sheet import Sheet
from hemodel.live_model.writing import FormulaPage, write_sheet

if TYPE_CHECKING:
    from pathlib import Path

GRID = st.integers(0, 6)
"""Few values, so that ties of cost, of effect and of ratios are common; they are whole, so that ratios are exact."""
EIGHT = ([3.0, 1.0, 6.0, 4.0, 2.0, 9.0, 12.0, 9.0], [4.0, 1.0, 5.0, 4.5, 1.0, 9.0, 8.0, 9.0])
"""Costs and QALYs: S6 is dominated by S5 and S4 by S1; S2 and S3 lie above the line from S0 to S5, whose
equal is S7."""


def written(costs: list[float], qalys: list[float]) -> tuple[Sheet, FrontierCells]:
    sheet = Sheet("Frontier", "Frontier")
    names = [sheet.write(0, j, f"S{j}", "text") for j in range(len(costs))]
    some = [[sheet.write(row, j, x, "money") for j, x in enumerate(xs)] for row, xs in ((1, costs), (2, qalys))]
    return sheet, add_frontier(sheet, 4, names, *some)


def values(cells: list[Formula]) -> list[object]:
    return [cell.value for cell in cells]


@given(st.lists(st.tuples(GRID, GRID), min_size=2, max_size=6))
@settings(deadline=None, derandomize=True)
def test_frontier_is_that_of_the_engine(totals: list[tuple[int, int]]) -> None:
    costs, qalys = ([float(x) for x in xs] for xs in zip(*totals, strict=True))
    _, cells = written(costs, qalys)
    entries = frontier([f"S{j}" for j in range(len(costs))], costs, qalys)

    assert values(cells.names) == [entry.strategy for entry in entries]
    assert values(cells.status) == [entry.status for entry in entries]
    for found, name in (
        (cells.against, "against"),
        (cells.costs, "costs"),
        (cells.qalys, "qalys"),
        (cells.icer, "icer"),
    ):
        expected = [getattr(entry, name) for entry in entries]
        assert values(found) == ["" if value is None else value for value in expected]


@given(st.floats(-1e6, 1e6), st.floats(-10, 10))
@settings(deadline=None, derandomize=True)
def test_verdict_is_that_of_the_engine(costs: float, qalys: float) -> None:
    expected = verdict(costs, qalys)
    word = verdict_formula(as_formula(costs), as_formula(qalys))

    assert word.value == expected.word
    ratio = icer_formula(as_formula(costs), as_formula(qalys), word).value
    assert ratio == (expected.word if expected.icer is None else expected.icer)


@pytest.mark.parametrize("costs", [-1.0, 0.0, 1e-10, 1.0])
@pytest.mark.parametrize("qalys", [-1.0, 0.0, 1e-13, 1.0])
def test_verdict_at_no_difference(costs: float, qalys: float) -> None:
    assert verdict_formula(as_formula(costs), as_formula(qalys)).value == verdict(costs, qalys).word


def test_eight_strategies_are_calculated_as_written(tmp_path: Path) -> None:
    sheet, cells = written(*EIGHT)
    with xlsxwriter.Workbook(tmp_path / "eight.xlsx") as book:
        write_sheet(book.add_worksheet(sheet.name, FormulaPage), sheet, Look(Formats(book)))
    found = recalculated([tmp_path / "eight.xlsx"], tmp_path / "work")["eight"]

    assert found.errors() == []
    entries = frontier([f"S{j}" for j in range(8)], *EIGHT)
    assert {entry.status for entry in entries} == {
        "reference",
        "dominated",
        "extendedly dominated",
        "on the frontier",
        "equivalent",
    }
    for row, entry in enumerate(entries):
        shown = [found.cell("Frontier", some[row].text.rsplit("!", 1)[1]) for some in (cells.names, cells.status)]
        assert shown == [entry.strategy, entry.status]
        ratio = found.cell("Frontier", cells.icer[row].text.rsplit("!", 1)[1])
        assert ratio == ("" if entry.icer is None else pytest.approx(entry.icer, rel=1e-14))
