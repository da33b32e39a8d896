"""Means, intervals, acceptability and tornado of the live model: formulas give what the engine gives.

Values are held against `hemodel.economics` and numpy on the draws of a separate probabilistic analysis; that the texts
of the formulas say the same is shown by LibreOffice.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xlsxwriter
from live.recalculation import recalculated
from support import small_model
from unit.live_model.calculated_models import third_strategy
from unit.live_model.whole import DRAWS, SEED, whole

from hemodel.analyses.dsa.one_way import one_way
from hemodel.analyses.psa.draws import probabilistic
from hemodel.economics import acceptability, optimal, verdict
from hemodel.inputs.cell_formats import Formats
from hemodel.live_model.look import Look
from hemodel.live_model.parameters import add_parameters
from hemodel.live_model.psa import PsaSheet, stored_draws
from hemodel.live_model.sheet import Sheet
from hemodel.live_model.uncertainty import (
    MOST_BARS,
    add_acceptability,
    add_at_settings,
    add_plane,
    add_summary,
    add_tornado,
)
from hemodel.live_model.writing import FormulaPage, write_sheet

if TYPE_CHECKING:
    from live.recalculation import Recalculated

    from hemodel.live_model.sheet import SheetColumn

EXACT = 1e-12
"""Relative: sums of some tens of terms in another order."""
CALCULATED = 1e-12
"""Relative: the same, and a text of 15 digits."""


def column_now(found: Recalculated, column: SheetColumn) -> list[float | str]:
    rows = found.sheet(column.sheet.name)[column.first : column.first + column.rows]
    return [float(row[column.index]) for row in rows]


def test_means_and_intervals_are_those_of_the_draws() -> None:
    given = whole()
    psa = probabilistic(given.run.model, DRAWS, SEED)
    for outcome in ("life_years", "qalys", "costs"):
        totals = getattr(psa, outcome)
        expected = [*totals.mean(axis=0), *(totals - totals[:, :1]).mean(axis=0)[1:]]
        assert given.live.summary.mean[outcome].value.tolist() == pytest.approx(expected, rel=EXACT)
        assert float(np.max(given.live.summary.difference[outcome].value.astype(float))) < 1e-9


def test_increments_of_a_draw_and_the_points_of_the_chart() -> None:
    given = whole()
    psa, plane = probabilistic(given.run.model, DRAWS, SEED), given.live.plane
    for i, strategy in enumerate(given.run.model.strategies[1:], start=1):
        extra = psa.qalys[:, i] - psa.qalys[:, 0], psa.costs[:, i] - psa.costs[:, 0]
        assert plane.increments["qalys", strategy].value[1:] == pytest.approx(extra[0], rel=1e-10)
        assert plane.increments["costs", strategy].value[1:] == pytest.approx(extra[1], rel=1e-10)
        assert plane.increments["nmb", strategy].value[1:] == pytest.approx(50000 * extra[0] - extra[1], rel=1e-9)
        base = given.run.base.costs.total[0, i] - given.run.base.costs.total[0, 0]
        assert plane.points["costs", strategy].value.tolist() == pytest.approx([base, base], rel=EXACT)


def test_acceptability_is_that_of_the_engine() -> None:
    given = whole()
    psa, curves = probabilistic(given.run.model, DRAWS, SEED), given.live.acceptability.curves
    thresholds = np.asarray(curves.thresholds.value, dtype=float)
    shares, best = acceptability(psa.qalys, psa.costs, thresholds), optimal(psa.qalys, psa.costs, thresholds)

    assert thresholds[0] == 0
    assert {20000.0, 50000.0} <= set(thresholds.tolist())
    for i, column in enumerate(curves.shares):
        assert column.value == pytest.approx(shares[:, i], abs=1e-12)
    assert curves.frontier.value == pytest.approx(shares[np.arange(thresholds.size), best], abs=1e-12)
    assert len(set(best.tolist())) > 1, "the frontier should change hands in this model"


def test_the_thresholds_of_settings_are_live_and_the_decision_threshold_is_last() -> None:
    found = whole().live.at_settings
    assert found.thresholds.value.tolist() == [50000, 20000, 50000]
    assert found.frontier.value[0] == found.frontier.value[2]


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, SheetColumn], Recalculated, Sheet]:
    """Four draws of three strategies made up so that shares are known by hand, calculated anew by LibreOffice."""
    model = small_model({"settings.time_horizon": 1}, third_strategy(), uncertain=True)
    stored = stored_draws(model, 4, 1)
    totals = {
        # base case, then four draws. Late equals active in draws 1 to 3; in draw 4 it costs less.
        ("qalys", "standard"): [1.0, 1.0, 1.0, 1.0, 1.0],
        ("qalys", "active"): [1.5, 1.5, 2.0, 1.25, 1.5],
        ("qalys", "late"): [1.5, 1.5, 2.0, 1.25, 1.5],
        ("costs", "standard"): [0.0, 1000.0, 1000.0, 1000.0, 1000.0],
        ("costs", "active"): [0.0, 11000.0, 11000.0, 11000.0, 11000.0],
        ("costs", "late"): [0.0, 11000.0, 11000.0, 11000.0, 9000.0],
    }
    made_up = {(o, s, "total"): np.array(values) for (o, s), values in totals.items()}
    psa = PsaSheet(model, replace(stored, discounted={**stored.discounted, **made_up}))
    front = Sheet("Model results", "Results")
    parameters = add_parameters(model.inputs, psa, front.write(3, 2, 2, "selector"))
    plane = add_plane(psa, parameters, model.strategies)
    summary = add_summary(psa, plane, parameters, model.strategies)
    curves = add_acceptability(psa, parameters, model.inputs.settings, model.strategies)
    at_settings = add_at_settings(summary, psa, parameters, model.strategies)
    path = tmp_path_factory.mktemp("tied") / "tied.xlsx"
    with xlsxwriter.Workbook(path) as book:
        look = Look(Formats(book))
        for sheet in (front, psa.sheet, parameters.sheet, plane.sheet, summary.sheet, curves.sheet):
            write_sheet(book.add_worksheet(sheet.name, FormulaPage), sheet, look)
        for name in sorted({row.sheet for row in model.inputs.rows.values()}):
            page = book.add_worksheet(name)
            for place, row in enumerate((r for r in model.inputs.rows.values() if r.sheet == name), start=5):
                page.write_string(place, 0, row.id)
                page.write(place, 2, row.value)
    columns = {
        "selected qalys": plane.points["qalys", "late"],
        "line": plane.line["costs"],
        "mean costs": summary.mean["costs"],
        "gaps": curves.difference,
        "grid": curves.curves.thresholds,
        "frontier": curves.curves.frontier,
        **{f"share {i}": column for i, column in enumerate(curves.curves.shares)},
        **{f"at settings {i}": column for i, column in enumerate(at_settings.shares)},
        "at settings, frontier": at_settings.frontier,
    }
    return columns, recalculated([path], path.parent / "work")["tied"], summary.sheet


def test_ties_are_shared_as_counted_by_hand(tied: tuple[dict[str, SheetColumn], Recalculated, Sheet]) -> None:
    """At 50,000 per QALY: draws 1 and 2 are a tie of active and late, which gain 0.5 and 1 QALY for 10,000.

    In draw 3 they gain 12,500 for 10,000, a tie too. In draw 4 late costs less. So standard 0, active 3 x 1/2 / 4 =
    0.375, late 0.375 + 0.25 = 0.625; late has the higher mean net benefit.
    """
    columns, found, _ = tied
    assert [column_now(found, columns[f"at settings {i}"])[0] for i in range(3)] == [0.0, 0.375, 0.625]
    assert column_now(found, columns["at settings, frontier"])[0] == 0.625


def test_the_spreadsheet_gives_the_stored_values(tied: tuple[dict[str, SheetColumn], Recalculated, Sheet]) -> None:
    columns, found, _ = tied
    for name, column in columns.items():
        expected = np.asarray(column.value, dtype=float).tolist()
        assert column_now(found, column) == pytest.approx(expected, rel=CALCULATED, abs=1e-12), name
    assert max(map(float, column_now(found, columns["gaps"]))) == 0.0
    assert found.errors() == []


def test_the_selected_draw_and_the_means_by_hand(tied: tuple[dict[str, SheetColumn], Recalculated, Sheet]) -> None:
    """Draw 2 is selected: late gains 2 - 1 QALYs. Mean costs are 1,000, 11,000 and (3 x 11,000 + 9,000) / 4."""
    columns, found, _ = tied
    assert column_now(found, columns["selected qalys"]) == [0.5, 1.0]
    assert column_now(found, columns["mean costs"]) == [1000, 11000, 10500, 10000, 9500]
    assert column_now(found, columns["line"]) == [0.0, 50000.0]


def test_tornado_has_the_engines_numbers_in_order_of_effect() -> None:
    given = whole()
    found = one_way(given.run.model)
    qalys, costs = found.outcomes.qalys.total, found.outcomes.costs.total
    sheet = given.values["Model tornado"]
    headers = {cell.column: cell.value for cell in sheet[6]}
    assert list(headers.values())[:3] == ["Input", "Id", "Unit"]
    first = 7
    for k, bars in enumerate(given.live.tornado.bars, start=1):
        benefit = 50000 * (qalys[:, k] - qalys[:, 0]) - (costs[:, k] - costs[:, 0])
        low, high = benefit[0::2], benefit[1::2]
        order = np.argsort(-np.abs(high - low), kind="stable")
        rows = list(sheet.iter_rows(min_row=first, max_row=first + order.size - 1, values_only=True))
        effects = np.array([row[9] for row in rows], dtype=float)
        assert np.all(np.diff(effects) <= 0)
        # Inputs without an effect on this strategy differ by the roundings of a refit, and their order says nothing.
        moving = int((np.abs(high - low) > 1e-6).sum())
        assert [row[1] for row in rows[:moving]] == [found.items[i].id for i in order[:moving]]
        places = {item.id: i for i, item in enumerate(found.items)}
        assert {row[1] for row in rows} == set(places)
        for row, i in ((row, places[str(row[1])]) for row in rows):
            item = found.items[i]
            base = 50000 * (given.run.base.qalys.total[0, k] - given.run.base.qalys.total[0, 0])
            base -= given.run.base.costs.total[0, k] - given.run.base.costs.total[0, 0]
            ends = [verdict(c[k] - c[0], q[k] - q[0]) for c, q in ((costs[j], qalys[j]) for j in (2 * i, 2 * i + 1))]
            assert row[3:6] == pytest.approx((item.base, item.low, item.high))
            assert row[6:10] == pytest.approx((base, low[i], high[i], abs(high[i] - low[i])), rel=1e-9, abs=1e-9)
            assert [row[14], row[15]] == [pytest.approx(e.icer) if e.icer is not None else e.word for e in ends]
            bar = np.array(row[17:21], dtype=float)
            assert bar[bar > 0].sum() == pytest.approx(max(low[i] - base, high[i] - base, 0), abs=1e-6)
            assert bar[bar < 0].sum() == pytest.approx(min(low[i] - base, high[i] - base, 0), abs=1e-6)
        assert bars.shown == min(order.size, MOST_BARS)
        first += order.size + 5


def test_a_model_without_uncertain_inputs_has_an_empty_tornado() -> None:
    given = whole()
    none = given.live.tornado.found.model_copy(update={"dsa": []})
    assert add_tornado(none, given.live.parameters).bars == ()
