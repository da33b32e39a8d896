"""Scenarios in a batch give what each gives on its own, and stop where they must."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import small_model

from hemodel.analyses.base_case import increments
from hemodel.analyses.load import load_rows
from hemodel.analyses.scenarios import ScenarioEntry, run_scenarios, values_only
from hemodel.inputs.cells import read_cells
from hemodel.inputs.changes import Change
from hemodel.inputs.model_inputs import check_changes, check_rows
from hemodel.inputs.scenarios import Scenario, read_scenarios
from hemodel.model.evaluate import Model, base_draws, evaluate

ROOT = Path(__file__).parents[3]
WORKBOOK = ROOT / "inputs" / "imforte_us.xlsx"
TOLERANCE = 1e-12
"""Relative; a product of matrices may round otherwise with more rows."""


def scenario(name: str, *changes: Change) -> Scenario:
    return Scenario(name, "q", "w", "s", changes, "", "costs", "p")


def change(id_: str, value: float | str | None = None, **others: float) -> Change:
    return Change(id_, value, "scenario", expected=others.get("expected"), factor=others.get("factor"))


def alone(model: Model, changes: tuple[Change, ...]) -> tuple[tuple[float, float, float], ...]:
    changed = load_rows(model.inputs.path, model.inputs.raw, changes)
    return tuple((i.life_years, i.qalys, i.costs) for i in increments(evaluate(changed, base_draws(changed))))


def gains(entry: ScenarioEntry) -> tuple[float | None, float | None, float | None]:
    return entry.life_years, entry.qalys, entry.costs


@pytest.mark.every
def test_the_shipped_scenarios_in_a_batch_and_one_at_a_time() -> None:
    model = load_rows(WORKBOOK, read_cells(WORKBOOK))
    shipped = read_scenarios(ROOT / "scenarios" / "imforte_us")
    told: list[int] = []
    results = run_scenarios(model, (), shipped, told.append)
    assert [entry.name for entry in results] == [each.name for each in shipped]
    assert told[-1] == len(shipped)
    assert [entry.name for entry in results if entry.stopped] == []
    for entry, each in zip(results, shipped, strict=True):
        (expected,) = alone(model, each.changes)
        assert gains(entry) == pytest.approx(expected, rel=TOLERANCE, abs=TOLERANCE), entry.name


@pytest.mark.parametrize(
    "changes",
    [
        (change("utility.progressed", 0.5),),
        (change("drug.newtinib.price_per_vial", factor=0.5), change("end_of_life.cost", factor=2)),
        (change("utility.progressed", 1.5),),
        (change("utility.progresed", 0.5),),
        (change("utility.progressed", "much"),),
        (change("utility.progressed", None),),
        (change("subsequent.chemo.share.active", 0.5),),
        (change("utility.progressed", 0.5, expected=0.7),),
        (change("curve.os.active.family", "weibul"),),
        (change("settings.time_horizon", 5),),
        (change("utility.progressed.active", 0.55),),
        (change("utility.progressed.source", None),),
    ],
)
def test_rows_that_are_reread_are_judged_like_all_rows(changes: tuple[Change, ...]) -> None:
    inputs = small_model().inputs
    some, every = check_changes(inputs, changes), check_rows(inputs.path, inputs.raw, changes)
    assert some.problems == every.problems
    assert some.rows == every.rows
    assert list(some.rows) == list(every.rows)
    assert some.changes == every.changes


@pytest.mark.parametrize(
    ("changes", "values"),
    [
        ((change("utility.progressed", 0.5),), {"utility.progressed": 0.5}),
        ((change("end_of_life.cost", factor=2),), {"end_of_life.cost": 20000.0}),
        ((change("utility.progressed.note", "a word"),), {"utility.progressed": 0.6}),
        ((change("curves.correlation_pfs_os", 0.5), change("settings.seed", 9)), {}),
        ((change("settings.time_horizon", 5),), None),
        ((change("drug.oldamab.vial_size", 50),), None),
        ((change("survival.os.active.median", 17),), None),
        ((change("utility.progressed.active", 0.55),), None),
        ((change("utility.progressed", 1.5),), None),
    ],
)
def test_what_is_a_draw_and_what_is_a_model(changes: tuple[Change, ...], values: dict[str, float] | None) -> None:
    model = small_model()
    assert values_only(model, check_changes(model.inputs, changes)) == values


def test_scenarios_that_change_nothing_are_the_base_case() -> None:
    model = small_model()
    results = run_scenarios(model, (), [scenario(f"s{i}", change("settings.seed", i)) for i in (1, 2)])
    (base,) = increments(evaluate(model, base_draws(model)))
    assert [gains(entry) for entry in results] == [(base.life_years, base.qalys, base.costs)] * 2
    assert [(entry.change_in_qalys, entry.change_in_costs) for entry in results] == [(0.0, 0.0)] * 2


def test_clashes_and_stale_values_stop_a_scenario_and_no_other() -> None:
    taken, payers = (
        Change("end_of_life.cost", 5.0, "--set"),
        Change("utility.progressed", 0.5, "payer", reference_case=True),
    )
    model = small_model({"end_of_life.cost": 5.0})
    scenarios = [
        scenario("clash", change("end_of_life.cost", 1)),
        scenario("stale", change("utility.progressed", 0.4, expected=0.9)),
        scenario("fine", change("utility.progressed", 0.4)),
    ]
    clash, stale, fine = run_scenarios(model, (taken, payers), scenarios)
    assert clash.stopped == "end_of_life.cost: already changed for this run"
    assert "utility.progressed is 0.6, but the scenario was written for 0.9" in stale.stopped
    assert (clash.verdict, clash.costs, clash.nmb) == ("stopped", None, {})
    assert fine.stopped == ""
    assert fine.qalys is not None


def test_a_draw_that_is_refused_stops_its_scenario_only() -> None:
    """A further hazard ratio takes OS below PFS where that is an error; the other scenario still has its result."""
    effect = {"effect.os.active.hazard_ratio": {"value": 1.0}}
    model = small_model({"settings.pfs_above_os": "error"}, effect)
    scenarios = [
        scenario("crossing", change("effect.os.active.hazard_ratio", 9.0)),
        scenario("fine", change("utility.progressed", 0.4)),
    ]
    crossing, fine = run_scenarios(model, (), scenarios)
    assert "PFS exceeds OS for active" in crossing.stopped
    assert gains(crossing) == (None, None, None)
    assert alone(model, scenarios[1].changes) == (gains(fine),)
