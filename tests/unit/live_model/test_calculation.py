"""Time, traces, doses, vials, unit costs and results of the live model equal the engine's.

The value that a formula holds is compared with the engine for many small models. That its text says the same is shown
by LibreOffice, which calculates a few workbooks anew: as written, with inputs edited in the file (the engine then runs
on the edited inputs), and with a draw selected.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from live.recalculation import recalculated
from support import base_outcomes, small_model
from unit.live_model import calculated_models as models
from unit.live_model.calculated import DRAWS, Live, live, save

from hemodel.economics import frontier, net_monetary_benefit, verdict
from hemodel.live_model.formula import Formula
from hemodel.live_model.sheet import FAILS, PASSES

if TYPE_CHECKING:
    from live.recalculation import Recalculated

    from hemodel.model.evaluate import Model

OUTCOMES = ("life_years", "qalys", "costs")
EXACT = 1e-12
"""Relative: both sums are of up to a thousand terms, in another order; rounding is about 1e-15 of the largest."""
CALCULATED = 1e-10
"""Relative: LibreOffice's normal distribution and sums, about 1e-14, and a text of 15 digits."""
NEARLY_NOTHING = 1e-10
"""Absolute: differences of two costs of 1e5 are rounded to 1e-11 of a unit of currency."""


def assert_totals(given: Live, model: Model, tolerance: float, found: Recalculated | None = None) -> None:
    """Hold every component, undiscounted and discounted, against the engine."""
    outcomes = base_outcomes(model)
    for outcome in OUTCOMES:
        table = getattr(outcomes, outcome)
        for i, strategy in enumerate(model.strategies):
            own = [
                c for o, s, c, k in given.calculation.results.cells if (o, s, k) == (outcome, strategy, "discounted")
            ]
            assert own == [*table.components, "total"]
            for kind in ("undiscounted", "discounted"):
                values = getattr(table, kind)[0, i]
                for component, value in [*zip(table.components, values, strict=True), ("total", values.sum())]:
                    cell = given.calculation.results.cells[outcome, strategy, component, kind]
                    shown = cell.value if found is None else now(found, cell)
                    assert shown == pytest.approx(value, rel=tolerance, abs=1e-13), (strategy, outcome, component, kind)


def now(found: Recalculated, cell: Formula) -> float | str:
    sheet, address = cell.text.rsplit("!", 1)
    return found.cell(sheet.strip("'"), address)


@pytest.mark.parametrize("feature", models.ONE_FEATURE)
def test_totals_of_one_feature(feature: str) -> None:
    changes = {"settings.time_horizon": 3, **models.ONE_FEATURE[feature]}
    model = small_model(changes)
    given = live(model)

    assert_totals(given, model, EXACT)
    assert [check.subject for check in given.calculation.checks if not check.passes.value] == []


def test_os_that_is_lifted_shows_by_how_much() -> None:
    model = small_model({"settings.time_horizon": 3, **models.LIFTED})
    given = live(model)
    states = given.calculation.strategies[1].states
    record = base_outcomes(model).exposures["active"].adjustments["os_lifted_to_pfs"]

    assert record.max_gap[0] == pytest.approx(np.max(states.cut_off.value), rel=EXACT)
    assert record.max_gap[0] > 0.01
    assert np.all(states.free.value <= states.overall.value)


def test_a_crossing_that_is_an_error_shows_in_the_checks() -> None:
    """The engine refuses such a model, so the setting is changed after it is read."""
    model = small_model({"settings.time_horizon": 3, **models.ONE_FEATURE["PFS above OS"]})
    given = live(model)
    gap = next(check for check in given.calculation.checks if check.subject == "PFS is not above OS: active")
    states = given.calculation.strategies[1].states

    assert base_outcomes(model).exposures["active"].adjustments["pfs_capped_at_os"].max_gap[0] == pytest.approx(
        gap.found.value, rel=EXACT
    )
    assert gap.found.value > 0.01
    assert np.all(states.free.value <= states.overall.value)
    assert "settings.pfs_above_os" in given.parameters.read


@pytest.fixture(scope="module")
def three() -> Live:
    return live(models.three_strategies({}))


@pytest.fixture(scope="module")
def death() -> Live:
    return live(models.by_time_to_death({}))


@pytest.fixture(scope="module")
def uncertain() -> Live:
    changes = {"settings.time_horizon": 2, "settings.cycle_length": 21, **models.LARGE_VIAL}
    return live(small_model(changes, uncertain=True))


@pytest.fixture(scope="module")
def books(
    three: Live, death: Live, uncertain: Live, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Recalculated]:
    folder = tmp_path_factory.mktemp("calculation")
    edited = models.three_strategies(models.THREE_EDITED).inputs.rows
    paths = [
        save(folder / "three.xlsx", three, three.model.inputs.rows),
        save(folder / "three_edited.xlsx", three, edited),
        save(folder / "beyond.xlsx", three, models.three_strategies(models.BEYOND).inputs.rows),
        save(folder / "death.xlsx", death, death.model.inputs.rows),
        save(folder / "death_edited.xlsx", death, models.by_time_to_death(models.DEATH_EDITED).inputs.rows),
        save(folder / "draw.xlsx", uncertain, uncertain.model.inputs.rows, draw=DRAWS),
    ]
    return recalculated(paths, folder / "work")


@pytest.mark.parametrize("name", ["three", "death"])
def test_every_cell_is_calculated_as_written(
    name: str, books: dict[str, Recalculated], request: pytest.FixtureRequest
) -> None:
    given: Live = request.getfixturevalue(name)
    compared = 0
    for sheet in given.sheets:
        rows = books[name].sheet(sheet.name)
        for (row, column), cell in sheet.cells.items():
            if isinstance(cell.content, Formula):
                assert_cell(rows, row, column, cell.content.value)
                compared += 1
        for first, column, formula, count, _ in sheet.columns:
            for i, value in enumerate(np.broadcast_to(np.asarray(formula.value), (count,))):
                assert_cell(rows, first + i, column, value)
            compared += count
    assert compared > 5000


def assert_cell(rows: list[list[str]], row: int, column: int, value: object) -> None:
    text = rows[row][column] if row < len(rows) and column < len(rows[row]) else ""
    if isinstance(value, (bool, np.bool_)):
        assert text == str(value).upper()
    elif isinstance(value, str):
        assert text == value
    else:
        assert float(text) == pytest.approx(float(str(value)), rel=CALCULATED, abs=NEARLY_NOTHING), (row, column)


def test_edits_of_three_strategies(three: Live, books: dict[str, Recalculated]) -> None:
    model = models.three_strategies(models.THREE_EDITED)

    assert books["three_edited"].errors() == []
    assert_totals(three, model, CALCULATED, books["three_edited"])
    assert_economics(three, model, books["three_edited"])


def test_edits_by_time_to_death(death: Live, books: dict[str, Recalculated]) -> None:
    model = models.by_time_to_death(models.DEATH_EDITED)

    assert books["death_edited"].errors() == []
    assert_totals(death, model, CALCULATED, books["death_edited"])


def test_every_edit_counts() -> None:
    """Without any one edit the engine finds something else, so that formulas could not ignore it unseen.

    Shares of subsequent treatment and the dose with its basis can only change together; a threshold changes no total.
    """
    together = (".share.active", ".dose_basis", "threshold.20000")
    for make, edits in ((models.three_strategies, models.THREE_EDITED), (models.by_time_to_death, models.DEATH_EDITED)):
        whole = base_outcomes(make(edits))
        for id_ in edits:
            if id_.endswith(together):
                continue
            without = base_outcomes(make({other: value for other, value in edits.items() if other != id_}))
            assert any(not np.array_equal(getattr(whole, o).total, getattr(without, o).total) for o in OUTCOMES), id_


def test_a_selected_draw(uncertain: Live, books: dict[str, Recalculated]) -> None:
    """What is calculated anew in a draw stands beside what the engine found with it."""
    cells = uncertain.calculation.results.cells
    base = {key: cell.value for key, cell in cells.items()}
    beside = uncertain.comparison
    for key, cell in beside.engine.items():
        discounted, engine = now(books["draw"], cells[(*key, "discounted")]), now(books["draw"], cell)
        assert discounted == pytest.approx(engine, rel=CALCULATED, abs=1e-13), key
        assert engine == pytest.approx(float(uncertain.parameters.psa.stored.discounted[key][DRAWS]), rel=1e-14)
        assert now(books["draw"], beside.said[key]) == "equal"
    assert now(books["draw"], cells["costs", "active", "total", "discounted"]) != pytest.approx(
        base["costs", "active", "total", "discounted"], rel=1e-6
    )


def test_checks_say_what_has_no_room(books: dict[str, Recalculated]) -> None:
    said = {
        row[0]: row[2] for row in books["beyond"].sheet("Model checks") if len(row) > 2 and row[2] in {PASSES, FAILS}
    }

    assert {subject for subject, status in said.items() if status == FAILS} == {
        "Rows for every cycle",
        "Rows for every administration: active, newtinib",
        "Rows for every dose: active, newtinib",
    }
    calm = {row[2] for row in books["three"].sheet("Model checks") if len(row) > 2 and row[2] in {PASSES, FAILS}}
    assert calm == {PASSES}


def test_economics_of_three_strategies(three: Live) -> None:
    assert_economics(three, three.model, None)


def assert_economics(given: Live, model: Model, found: Recalculated | None) -> None:
    """Hold increments, verdicts, net benefit and the fully incremental analysis against `hemodel.economics`."""
    outcomes, results, strategies = base_outcomes(model), given.calculation.results, model.strategies

    def shown(cell: Formula) -> float | str:
        value = cell.value if found is None else now(found, cell)
        return value if isinstance(value, str) else float(value)

    costs, qalys = outcomes.costs.total[0], outcomes.qalys.total[0]
    for i, one in enumerate(strategies[1:], start=1):
        expected = verdict(costs[i] - costs[0], qalys[i] - qalys[0])
        assert shown(results.verdict[one]) == expected.word
        ratio = expected.word if expected.icer is None else pytest.approx(expected.icer, rel=1e-9)
        assert shown(results.icer[one]) == ratio
        assert shown(results.increments["costs", one, "discounted"]) == pytest.approx(costs[i] - costs[0], rel=1e-9)
    thresholds = sorted(model.inputs.settings.thresholds)
    for id_, threshold in zip(results.thresholds, thresholds, strict=True):
        benefit = net_monetary_benefit(qalys, costs, threshold)
        for i, one in enumerate(strategies):
            assert shown(results.nmb[one, id_]) == pytest.approx(benefit[i], rel=1e-9)
            more = shown(results.incremental_nmb[one, id_])
            assert more == pytest.approx(benefit[i] - benefit[0], rel=1e-9, abs=1e-9)
    assert results.frontier is not None
    names = {strategy.name: strategy.id for strategy in model.inputs.strategies}
    entries = frontier(strategies, costs.tolist(), qalys.tolist())
    assert [names[str(shown(cell))] for cell in results.frontier.names] == [entry.strategy for entry in entries]
    assert [shown(cell) for cell in results.frontier.status] == [entry.status for entry in entries]
    for cell, entry in zip(results.frontier.icer, entries, strict=True):
        assert shown(cell) == ("" if entry.icer is None else pytest.approx(entry.icer, rel=1e-9))
