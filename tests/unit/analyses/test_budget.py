"""Budget impact: closed forms, a table made by hand, the trigger and the one-way analysis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from budget_support import UPTAKE, budget_model, budget_of, one_way_of, result_of
from support import base_outcomes, exponential_curves, small_model

from hemodel.analyses.budget import (
    BudgetOneWay,
    Spending,
    accumulated,
    all_years,
    budget_items,
    budget_result,
    by_component,
    by_strategy,
    by_year,
    patient_years,
    spending,
    trigger_test,
)
from hemodel.analyses.dsa.one_way import OneWayInput, moves
from hemodel.inputs.budget import budget_inputs
from hemodel.model.evaluate import base_draws
from hemodel.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

CLOSE = 1e-12
"""Relative; the same sums in another order."""
PRICE = "drug.newtinib.price_per_vial"


def one_drug() -> dict[str, Scalar]:
    """Exponential curves through the medians alone, and no cost but that of one drug and of death.

    100 mg of oldamab (one vial of 100 mg at 400) on days 0, 21, ... while progression-free; 10,000 at death.
    """
    free = ("administration.infusion.cost", "adverse_event.rash.unit_cost", "resource.visit.unit_cost")
    unfitted = {
        f"survival.{e}.{s}.survival_later.use_in_fit": "no" for e in ("pfs", "os") for s in ("standard", "active")
    }
    return {
        **exponential_curves(),
        **unfitted,
        **dict.fromkeys(free, 0),
        "subsequent.chemo.drug_cost_per_cycle": 0,
        PRICE: 0,
    }


def given(years: float, median: float) -> float:
    """Vials up to a horizon: on day 21 j < 365.25 h, exp(-ln 2 x 21 j / (median x 30.4375)); a geometric sum."""
    count = math.ceil(years * 365.25 / 21)
    ratio: float = 0.5 ** (21 / (median * DAYS_PER_MONTH))
    return (1 - ratio**count) / (1 - ratio)


def dead(years: float, median: float) -> float:
    """Dead by the horizon."""
    alive: float = 0.5 ** (12 * years / median)
    return 1 - alive


def test_costs_by_year_since_entry_in_closed_form() -> None:
    found = budget_of(budget_model(one_drug())).per_patient
    place = {name: i for i, name in enumerate(found.components)}

    for year in (1, 2, 3):
        acquisition = 400 * (given(year, 4.0) - (given(year - 1, 4.0) if year > 1 else 0))
        assert found.costs[0, year - 1, 0, place["acquisition"]] == pytest.approx(acquisition, rel=CLOSE)
        for strategy, median in enumerate((12.0, 16.0)):
            dying = 10000 * (dead(year, median) - (dead(year - 1, median) if year > 1 else 0))
            assert found.costs[0, year - 1, strategy, place["end_of_life"]] == pytest.approx(dying, rel=1e-9)
            assert found.alive[0, year - 1, strategy] == pytest.approx(1 - dead(year, median), rel=1e-9)
    others = [i for name, i in place.items() if name not in {"acquisition", "end_of_life"}]
    assert not found.costs[..., others].any()


def test_spread_entry_is_twelve_groups_a_month_apart() -> None:
    found = budget_of(budget_model(one_drug() | {"budget.entry": "spread"})).per_patient
    acquisition = found.components.index("acquisition")
    until = [np.mean([400 * given((12 * year - j) / 12, 4.0) for j in range(12)]) for year in (1, 2, 3)]
    alive = [np.mean([1 - dead((12 * year - j) / 12, 12.0) for j in range(12)]) for year in (1, 2, 3)]

    assert found.costs[0, :, 0, acquisition] == pytest.approx(np.diff(until, prepend=0), rel=CLOSE)
    assert found.alive[0, :, 0] == pytest.approx(alive, rel=1e-9)


def test_the_first_year_of_a_cohort_is_the_undiscounted_cost_of_a_model_of_one_year() -> None:
    found = budget_of(budget_model(uptake=(0.25,)))
    one_year = base_outcomes(small_model({"settings.time_horizon": 1}))
    per_patient = one_year.costs.undiscounted[0]

    assert np.array_equal(found.per_patient.costs[0, 0], per_patient)
    assert np.array_equal(found.per_patient.drug_costs[0, 0], one_year.drug_costs.undiscounted[0])
    # 1,000 x 0.5 x 0.8 = 400 patients, a quarter of whom take the active strategy
    expected = 100 * (per_patient[1].sum() - per_patient[0].sum())
    assert found.total == pytest.approx([expected], rel=CLOSE)


def test_a_table_made_by_hand() -> None:
    """Two cohorts, of 10 patients in year 1 and 20 in year 2, who cost 100, 50 and 10 in their years 1 to 3.

    year      1      2                 3
    cohort 1  1000   500               100
    cohort 2         2000              1000
    all       1000   2500              1100
    """
    starting = np.array([[[10.0], [20.0], [0.0]]])
    costs = np.array([100.0, 50.0, 10.0]).reshape(1, 3, 1, 1)

    assert accumulated(starting, costs)[0, :, 0, 0].tolist() == [1000.0, 2500.0, 1100.0]


def test_patients_step_by_step() -> None:
    """1,000, 1,020 and 1,040.4 patients; half of them, and 80% of these; 20%, 40% and 60% take the new strategy."""
    found = budget_of(budget_model()).population

    assert found.funnel[0] == pytest.approx(np.array([[1000, 1020, 1040.4], [500, 510, 520.2], [400, 408, 416.16]]))
    assert found.without[0] == pytest.approx(np.array([[400, 0], [408, 0], [416.16, 0]]))
    assert found.with_new[0] == pytest.approx(np.array([[320, 80], [244.8, 163.2], [166.464, 249.696]]))


def test_without_steps_all_patients_are_eligible() -> None:
    found = budget_of(budget_model({"budget.step.stage": None, "budget.step.treated": None})).population

    assert found.funnel.shape == (1, 1, 3)
    assert found.with_new[0, 0].tolist() == [800.0, 200.0]


def test_years_beyond_the_horizon_of_the_model_cost_nothing() -> None:
    found = budget_of(budget_model({"settings.time_horizon": 1.5})).per_patient
    whole = base_outcomes(small_model({"settings.time_horizon": 1.5})).costs.undiscounted[0]

    assert not found.costs[0, 2].any()
    assert found.costs[0].sum(axis=0) == pytest.approx(whole, rel=CLOSE)


def test_without_rows_there_is_no_budget_impact() -> None:
    model = small_model()

    assert budget_inputs(model.inputs.rows, {s.id: s.name for s in model.inputs.strategies}) is None
    assert budget_result(model) is None


@pytest.mark.parametrize(
    ("trigger", "exceeded", "excess"), [(29.9, True, 0.1), (30.0, False, 0.0), (31.0, False, -1.0)]
)
def test_the_trigger_looks_at_the_first_years_only(trigger: float, exceeded: bool, excess: float) -> None:
    given = budget_model({"budget.trigger": trigger, "budget.trigger_years": 3}).inputs
    inputs = budget_inputs(given.rows, {s.id: s.name for s in given.strategies})
    assert inputs is not None
    found = trigger_test(inputs, np.array([10.0, 30.0, 20.0, 99.0]))

    assert found is not None
    assert (found.exceeded, found.year, found.impact) == (exceeded, 2028, 30.0)
    assert found.excess == pytest.approx(excess)


def test_the_price_at_the_trigger_put_back_just_meets_it() -> None:
    trigger: dict[str, Scalar] = {"budget.trigger": 3e6, "budget.trigger_years": 2}
    (price,) = result_of(budget_model(trigger)).price_at_trigger
    (vial,) = price.prices
    assert (price.drug, vial.id, vial.price) == ("newtinib", PRICE, 1200)
    assert price.factor is not None
    assert vial.at_trigger == pytest.approx(1200 * price.factor)

    again = result_of(budget_model({**trigger, PRICE: vial.at_trigger}))
    assert max(again.net.total.by_year[:2]) == pytest.approx(3e6, rel=CLOSE)
    assert again.trigger is not None
    assert again.trigger.excess == pytest.approx(0, abs=1e-3)


def test_where_no_price_meets_the_trigger_there_is_none() -> None:
    found = result_of(
        budget_model({"budget.trigger": 0, "budget.trigger_years": 3, "administration.infusion.cost": 9999})
    )

    assert found.price_at_trigger[0].factor is None


def test_discount_rates_and_their_method_change_nothing() -> None:
    base = budget_of(budget_model())
    rates: dict[str, Scalar] = {
        "settings.discount_rate_costs": 0.1,
        "settings.discount_rate_effects": 0,
        "settings.discounting": "annual",
    }

    assert np.array_equal(budget_of(budget_model(rates)).net, base.net)


RANGES: dict[str, dict[str, Scalar]] = {
    "budget.growth": {"value": 0.02, "low": 0.0, "high": 0.1},
    "budget.step.stage": {"value": 0.5, "low": 0.4, "high": 0.6},
    "budget.share_with.active.year_1": {"value": 0.2, "low": 0.1, "high": 0.5},
    "budget.share_with.active.year_2": {"value": 0.4, "low": 0.3, "high": 0.7},
}


def test_one_way_equals_a_budget_impact_with_that_value() -> None:
    priced: dict[str, dict[str, Scalar]] = {PRICE: {"value": 1200, "low": 960, "high": 1440, "distribution": "gamma"}}
    model = budget_model(rows=RANGES | priced)
    found = one_way_of(model)
    ids = [item.id for item in found.items]
    assert ids[0] == PRICE
    assert ids[-5:] == [*RANGES, "budget.share_with.active"]

    for id_ in (PRICE, "budget.growth", "budget.step.stage"):
        i = ids.index(id_)
        for row, value in ((2 * i, found.items[i].low), (2 * i + 1, found.items[i].high)):
            moved = budget_of(budget_model({id_: value}))
            assert found.impact[row] == pytest.approx(moved.total, rel=CLOSE), id_
    for row, uptake in ((-10 + 4, (0.1, 0.4, 0.6)), (-10 + 7, (0.2, 0.7, 0.6))):
        assert found.impact[row] == pytest.approx(budget_of(budget_model(uptake=uptake)).total, rel=CLOSE)
    for row, uptake in ((-2, (0.1, 0.3, 0.6)), (-1, (0.5, 0.7, 0.6))):
        assert found.impact[row] == pytest.approx(budget_of(budget_model(uptake=uptake)).total, rel=CLOSE)


def test_all_years_together_are_shown_by_their_means() -> None:
    item = one_way_of(budget_model(rows=RANGES)).items[-1]

    assert item.label == "All years: mean share with the new treatment, Active"
    assert (item.base, item.low, item.high) == pytest.approx((0.3, 0.2, 0.6))


def test_curves_are_moved_as_in_the_one_way_analysis_of_the_model() -> None:
    model = budget_model()
    base, moved = budget_of(model), one_way_of(model)
    i = [item.id for item in moved.items].index("curve.os.active.effect")
    ends = moves(model).draws["curve.os"][2 * i : 2 * i + 2]

    for row, coefficients in ((2 * i, ends[0]), (2 * i + 1, ends[1])):
        draws = base_draws(model) | {"curve.os": coefficients[None]}
        costs = patient_years(model, draws, 3, "start")
        net = [
            spending(starting, costs).costs.sum(axis=(2, 3))
            for starting in (base.without.starting, base.with_new.starting)
        ]
        assert moved.impact[row] == pytest.approx((net[1] - net[0])[0], rel=1e-9)


def test_background_mortality_and_waning_act_in_every_year() -> None:
    """Costs up to two years are those of a model of two years, whatever acts on the curves."""
    changes: dict[str, Scalar] = {
        "waning.os.active.shape": "linear",
        "waning.os.active.scale": "hazard",
        "waning.os.active.start": 6,
        "waning.os.active.end": 18,
        "waning.os.active.reference": "standard",
    }
    found = budget_of(budget_model(changes, uptake=UPTAKE[:2])).per_patient
    whole = base_outcomes(small_model(changes | {"settings.time_horizon": 2}))

    assert found.costs[0].sum(axis=0) == pytest.approx(whole.costs.undiscounted[0], rel=CLOSE)
    assert found.alive[0, 1, 1] == pytest.approx(1 - whole.exposures["active"].deaths.undiscounted[0], rel=CLOSE)


def test_a_single_other_strategy_takes_what_a_share_of_1_gives_away() -> None:
    varying: dict[str, dict[str, Scalar]] = {
        "budget.share_without.standard.year_1": {"value": 1, "low": 0.9, "high": 1},
    }
    found = one_way_of(budget_model(rows=varying))
    moved = budget_of(
        budget_model({"budget.share_without.standard.year_1": 0.9, "budget.share_without.active.year_1": 0.1})
    )

    assert found.items[-1].id == "budget.share_without.standard.year_1"
    assert found.impact[-2] == pytest.approx(moved.total, rel=CLOSE)


def test_sums_of_costs_by_hand() -> None:
    """Two years, two strategies, two components."""
    costs = np.array([[[1.0, 2.0], [4.0, 8.0]], [[16.0, 32.0], [64.0, 128.0]]])
    assert by_year(costs).tolist() == [15.0, 240.0]
    assert by_component(costs).tolist() == [[5.0, 10.0], [80.0, 160.0]]
    assert by_strategy(costs).tolist() == [[3.0, 12.0], [48.0, 192.0]]
    assert all_years(by_year(costs)) == 255.0


def test_who_began_and_is_not_alive_has_died() -> None:
    starting, alive = np.array([[[10.0], [6.0], [0.0]]]), np.array([[[8.0], [11.0], [5.0]]])
    none = np.zeros((1, 3, 1, 1))
    assert Spending(starting, alive, none, none).died.tolist() == [[[2.0], [5.0], [11.0]]]


def test_inputs_that_move_nothing_are_left_out() -> None:
    items = tuple(OneWayInput(id_, id_, "", 1.0, 0.5, 2.0) for id_ in ("moves", "stays"))
    impact = np.array([[1.0, 5.0], [3.0, 4.0], [2.0, 2.0], [2.0, 2.0]])
    (found,) = budget_items(BudgetOneWay(items, impact))

    assert (found.id, found.base, found.low, found.high) == ("moves", 1.0, 0.5, 2.0)
    assert (found.total_low, found.peak_low) == (6.0, 5.0)
    assert (found.total_high, found.peak_high) == (7.0, 4.0)
