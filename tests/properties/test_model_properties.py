"""What must hold for every model: invariants over ranges of inputs and over draws.

Examples are drawn by Hypothesis without luck (derandomised), from the small model of `support`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from number_strategies import numbers
from numpy.typing import NDArray
from support import (
    STRATEGIES,
    base_outcomes,
    no_discounting,
    random_draws,
    small_model,
    small_rows,
    with_coefficients,
)

from hemodel.analyses.psa.blocks import block_draws
from hemodel.analyses.psa.draws import Psa, probabilistic
from hemodel.distributions import distribution
from hemodel.inputs.dictionary import match
from hemodel.model.evaluate import Model, base_draws, evaluate
from hemodel.model.occupancy import cap, states
from hemodel.model.timeline import cycle_boundaries
from hemodel.parameters import BLOCK, Parameter, block_uniforms
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.cells import Scalar
    from hemodel.model.outcomes import Outcomes

FloatArray = NDArray[np.float64]

modest = settings(deadline=None, derandomize=True, max_examples=25)
EXACT = 1e-12
"""Rounding over sums of a few hundred cycles, relative."""
MIX = (("most", 0.5), ("some", 0.3))
TABLES = ("life_years", "qalys", "costs")

log_shapes = numbers(-0.7, 0.8)
log_scales = numbers(0.0, 4.0)
weibulls = st.tuples(log_shapes, log_scales)
pairs_of_weibulls = st.tuples(weibulls, weibulls).map(lambda pair: [*pair[0], *pair[1]])
prices = numbers(0.0, 20_000.0)
utilities = numbers(-0.5, 1.0)


@cache
def certain() -> Model:
    return small_model()


@cache
def uncertain() -> Model:
    return small_model(uncertain=True)


@cache
def ten_thousand() -> Psa:
    return probabilistic(uncertain(), 10_000, seed=42)


def totals(outcomes: Outcomes) -> dict[str, FloatArray]:
    return {name: getattr(outcomes, name).total for name in TABLES}


def assert_same_draws(left: Mapping[str, FloatArray], right: Mapping[str, FloatArray]) -> None:
    assert left.keys() == right.keys()
    for id_, array in left.items():
        np.testing.assert_array_equal(array, right[id_], err_msg=id_)


# Occupancy -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_states_add_up_in_every_draw(strategy: str) -> None:
    model = uncertain()
    draws = block_draws(model, seed=3, block=0, count=1000)
    days = cycle_boundaries(model.inputs.settings.time_horizon, model.inputs.settings.cycle_length)
    months = days / DAYS_PER_MONTH
    curves = {e: model.fits[e].curves.survival(strategy, months, draws[f"curve.{e}"]) for e in ("pfs", "os")}
    free, _ = cap(curves["pfs"], curves["os"], days, np.ones(days.size))
    occupancy = states(free, curves["os"])
    np.testing.assert_allclose(np.sum(list(occupancy.values()), axis=0), 1.0, rtol=0, atol=4e-16)
    assert (curves["pfs"] > curves["os"]).any()  # the cap has something to do
    assert (free <= curves["os"]).all()
    for name, share in occupancy.items():
        assert (share >= 0).all(), name
        assert (share <= 1).all(), name
    assert (np.diff(occupancy["dead"], axis=1) >= 0).all()
    outcomes = evaluate(model, draws)
    place = model.strategies.index(strategy)
    for j, state in enumerate(outcomes.life_years.components):
        share = occupancy[state]
        years = (share[:, :-1] + share[:, 1:]) @ np.diff(days) / 2 / DAYS_PER_YEAR
        np.testing.assert_allclose(years, outcomes.life_years.undiscounted[:, place, j], rtol=EXACT, atol=EXACT)


@modest
@given(pfs=pairs_of_weibulls, os=pairs_of_weibulls)
def test_person_time_is_never_negative_and_flows_never_exceed_one(pfs: list[float], os: list[float]) -> None:
    outcomes = evaluate(certain(), with_coefficients(certain(), {"pfs": pfs, "os": os}))
    for exposed in outcomes.exposures.values():
        for years in exposed.years.values():
            assert years.undiscounted[0] >= -EXACT
            assert years.undiscounted[0] <= 10.01
        assert 0 <= exposed.deaths.undiscounted[0] <= exposed.progressions.undiscounted[0] + EXACT <= 1 + 2 * EXACT
        assert exposed.deaths.costs[0] <= exposed.deaths.undiscounted[0]


# Costs ---------------------------------------------------------------------------------------------------------------


@modest
@given(low=prices, high=prices)
def test_costs_are_linear_in_the_price_and_dearer_is_never_cheaper(low: float, high: float) -> None:
    low, high = sorted((low, high))
    values = np.array([low, high, (low + high) / 2, 0.0])
    outcomes = evaluate(certain(), base_draws(certain()) | {"drug.newtinib.price_per_vial": values})
    costs, parts = outcomes.costs.total, outcomes.costs.components
    assert costs[1, 1] >= costs[0, 1]
    assert costs[2, 1] == pytest.approx((costs[0, 1] + costs[1, 1]) / 2, rel=EXACT)
    np.testing.assert_array_equal(costs[:, 0], costs[0, 0])
    acquired = outcomes.costs.discounted[:, 1, parts.index("acquisition")]
    assert acquired[3] == 0
    assert acquired[0] * high == pytest.approx(acquired[1] * low, rel=EXACT)
    others = np.delete(outcomes.costs.discounted[:, 1], parts.index("acquisition"), axis=1)
    np.testing.assert_array_equal(others, np.broadcast_to(others[0], others.shape))
    np.testing.assert_array_equal(outcomes.qalys.total, np.broadcast_to(outcomes.qalys.total[0], (4, 2)))


@modest
@given(dose=numbers(1.0, 200.0), more=numbers(0.0, 50.0))
def test_a_larger_dose_is_never_cheaper_and_sharing_never_dearer(dose: float, more: float) -> None:
    model = small_model({"regimen.active.newtinib.vial_sharing": "yes"})
    values = {"regimen.active.newtinib.dose": np.array([dose, dose + more])}
    whole = evaluate(certain(), base_draws(certain()) | values).costs.total[:, 1]
    shared = evaluate(model, base_draws(model) | values).costs.total[:, 1]
    assert whole[1] >= whole[0] * (1 - EXACT)
    assert (shared <= whole * (1 + EXACT)).all()


@modest
@given(pfs=weibulls, os=weibulls, price=prices, incidence=numbers(0.0, 1.0))
def test_equal_strategies_have_no_increments(
    pfs: tuple[float, float], os: tuple[float, float], price: float, incidence: float
) -> None:
    model = small_model({"regimen.active.newtinib.dose_basis": "mg", "drug.newtinib.vial_size": 100})
    draws = with_coefficients(model, {"pfs": [*pfs, *pfs], "os": [*os, *os]})
    draws["regimen.active.newtinib.dose"] = draws["regimen.standard.oldamab.dose"]
    for drug in ("oldamab", "newtinib"):
        draws[f"drug.{drug}.price_per_vial"] = np.array([price])
    for strategy in STRATEGIES:
        draws[f"adverse_event.rash.incidence.{strategy}"] = np.array([incidence])
    for name, total in totals(evaluate(model, draws)).items():
        assert total[0, 1] == total[0, 0], name


# QALYs ---------------------------------------------------------------------------------------------------------------


@modest
@given(pfs=pairs_of_weibulls, os=pairs_of_weibulls)
def test_qalys_are_life_years_where_every_utility_is_one(pfs: list[float], os: list[float]) -> None:
    draws = with_coefficients(certain(), {"pfs": pfs, "os": os})
    draws |= {id_: np.zeros(1) for id_ in draws if id_.startswith("adverse_event.")}
    draws |= {id_: np.ones(1) for id_ in draws if id_.startswith("utility.")}
    outcomes = evaluate(certain(), draws)
    np.testing.assert_allclose(outcomes.qalys.total, outcomes.life_years.total, rtol=EXACT)


@modest
@given(utility=utilities, loss=numbers(0.0, 0.5))
def test_qalys_rise_with_utilities(utility: float, loss: float) -> None:
    values = np.array([utility, utility - loss])
    qalys = evaluate(certain(), base_draws(certain()) | {"utility.progressed": values}).qalys.total
    assert (qalys[1] <= qalys[0]).all()


# Time and discounting ------------------------------------------------------------------------------------------------


@modest
@given(cycle=numbers(2.0, 14.0))
def test_halving_the_cycle_changes_little(cycle: float) -> None:
    """Trapezoids err by about (hazard x cycle)^2 / 12: 5e-4 at 14 days and a hazard of 2 a year.

    The horizon is so long that hardly anyone is alive when it ends, wherever the last cycle stops.
    """
    whole, half = (
        totals(base_outcomes(small_model({"settings.cycle_length": days, "settings.time_horizon": 30})))
        for days in (cycle, cycle / 2)
    )
    for name in TABLES:
        np.testing.assert_allclose(whole[name], half[name], rtol=1e-3, err_msg=name)


@modest
@given(discounting=st.sampled_from(["per_cycle", "annual"]), half=st.sampled_from(["life_table", "start", "end"]))
def test_no_discounting_leaves_everything_undiscounted(discounting: str, half: str) -> None:
    chosen: dict[str, Scalar] = {"settings.discounting": discounting, "settings.half_cycle_correction": half}
    outcomes = base_outcomes(small_model(no_discounting() | chosen))
    for name in TABLES:
        table = getattr(outcomes, name)
        np.testing.assert_allclose(table.discounted, table.undiscounted, rtol=EXACT, err_msg=name)


@modest
@given(rates=st.tuples(numbers(0.0, 0.2), numbers(0.0, 0.2)))
def test_a_higher_rate_never_raises_a_total(rates: tuple[float, float]) -> None:
    low, high = (
        totals(
            base_outcomes(small_model({"settings.discount_rate_costs": rate, "settings.discount_rate_effects": rate}))
        )
        for rate in sorted(rates)
    )
    for name in TABLES:
        assert (high[name] <= low[name] * (1 + EXACT)).all(), name


@modest
@given(horizons=st.tuples(numbers(0.05, 40.0), numbers(0.05, 40.0)))
def test_a_longer_horizon_never_lowers_a_total(horizons: tuple[float, float]) -> None:
    short, long = (totals(base_outcomes(small_model({"settings.time_horizon": years}))) for years in sorted(horizons))
    for name in TABLES:
        assert (long[name] >= short[name] * (1 - EXACT)).all(), name


@modest
@given(pfs=pairs_of_weibulls, os=pairs_of_weibulls)
def test_exchanging_the_strategies_turns_the_increments_round(pfs: list[float], os: list[float]) -> None:
    turned = small_model({"strategy.standard.role": "intervention", "strategy.active.role": "comparator"})
    assert turned.strategies == certain().strategies[::-1]
    coefficients = {"pfs": pfs, "os": os}
    there = totals(evaluate(certain(), with_coefficients(certain(), coefficients)))
    back = totals(evaluate(turned, with_coefficients(turned, coefficients)))
    for name in TABLES:
        assert there[name][0, 1] - there[name][0, 0] == -(back[name][0, 1] - back[name][0, 0]), name


# Draws ---------------------------------------------------------------------------------------------------------------


def test_without_uncertainty_every_draw_is_the_base_case() -> None:
    fixed: dict[str, Scalar] = {}
    for row in small_rows().rows:
        found = match(row.id)
        if found is not None and found[0].distributions:
            fixed[f"{row.id}.distribution"] = "fixed"
    model = small_model(fixed, uncertain=True)
    psa, base = probabilistic(model, 300, seed=7), totals(base_outcomes(model))
    for name in TABLES:
        draws: FloatArray = getattr(psa, name)
        np.testing.assert_array_equal(draws, np.broadcast_to(base[name], draws.shape), err_msg=name)


def test_one_draw_at_the_base_values_is_the_base_case() -> None:
    """Repeating the base case as many draws goes through wider matrix products: equal to rounding."""
    repeated = {id_: np.repeat(array, 500, axis=0) for id_, array in base_draws(uncertain()).items()}
    many, one = totals(evaluate(uncertain(), repeated)), totals(base_outcomes(uncertain()))
    for name in TABLES:
        np.testing.assert_allclose(many[name], np.broadcast_to(one[name], many[name].shape), rtol=EXACT, err_msg=name)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    first, again = (probabilistic(uncertain(), 1_500, seed=11) for _ in range(2))
    other = probabilistic(uncertain(), 1_500, seed=12)
    for name in TABLES:
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
        assert (getattr(first, name) != getattr(other, name)).any(axis=1).mean() > 0.99


def test_five_thousand_draws_are_the_first_of_ten_thousand() -> None:
    """5,000 ends within the second block of 4,096. The draws are equal; totals to the rounding of matrix products."""
    assert BLOCK < 5_000
    model = uncertain()
    for block, count in ((0, BLOCK), (1, 5_000 - BLOCK)):
        shorter = block_draws(model, 42, block, count)
        longer = {
            id_: array[:count] if array.shape[0] > 1 else array
            for id_, array in block_draws(model, 42, block, BLOCK).items()
        }
        assert_same_draws(shorter, longer)
    five = probabilistic(model, 5_000, seed=42)
    for name in TABLES:
        np.testing.assert_array_equal(getattr(five, name), getattr(ten_thousand(), name)[:5_000])


@pytest.mark.parametrize("endpoint", ["pfs", "os"])
def test_a_curve_that_does_not_vary_is_the_same_as_one_repeated(endpoint: str) -> None:
    varying = block_draws(uncertain(), seed=8, block=0, count=200)
    once = varying | {f"curve.{endpoint}": uncertain().fits[endpoint].coefficients[None, :]}
    repeated = once | {f"curve.{endpoint}": np.repeat(once[f"curve.{endpoint}"], 200, axis=0)}
    left, right = totals(evaluate(uncertain(), once)), totals(evaluate(uncertain(), repeated))
    for name in TABLES:
        np.testing.assert_allclose(left[name], right[name], rtol=EXACT, err_msg=name)


@modest
@given(start=st.integers(0, 400), count=st.integers(1, 300))
def test_a_draw_does_not_depend_on_the_draws_beside_it(start: int, count: int) -> None:
    draws = block_draws(uncertain(), seed=5, block=0, count=700)
    some = {id_: array[start : start + count] if array.shape[0] > 1 else array for id_, array in draws.items()}
    whole, part = totals(evaluate(uncertain(), draws)), totals(evaluate(uncertain(), some))
    for name in TABLES:
        np.testing.assert_allclose(part[name], whole[name][start : start + count], rtol=EXACT, err_msg=name)


def test_an_added_input_leaves_the_other_draws_as_they_were() -> None:
    ranged: dict[str, Scalar] = {"value": 300.0, "low": 200.0, "high": 400.0, "distribution": "gamma"}
    rows: dict[str, dict[str, Scalar]] = {
        "adverse_event.cough.unit_cost": ranged,
        "adverse_event.cough.disutility": {"value": 0.1, "se": 0.02, "distribution": "beta"},
        "adverse_event.cough.duration": {"value": 5, "se": 1, "distribution": "gamma"},
        "adverse_event.cough.incidence.standard": {"value": 0.1, "n": 150, "distribution": "beta_counts"},
        "adverse_event.cough.incidence.active": {"value": 0.2, "n": 150, "distribution": "beta_counts"},
    }
    before = block_draws(uncertain(), 9, 0, 500)
    after = block_draws(small_model(rows=rows, uncertain=True), 9, 0, 500)
    assert after.keys() - before.keys() == rows.keys()
    assert_same_draws(before, {id_: after[id_] for id_ in before})


def test_the_order_of_the_inputs_does_not_matter() -> None:
    parameters = uncertain().inputs.parameters
    there, back = random_draws(parameters, 4, 0, 200), random_draws(parameters[::-1], 4, 0, 200)
    for id_, array in there.items():
        np.testing.assert_allclose(array, back[id_], rtol=EXACT, err_msg=id_)  # shares: sums in another order


def test_streams_of_different_inputs_and_blocks_do_not_repeat() -> None:
    streams = [block_uniforms(1, name, block, 1_000)[:, 0] for name in ("a", "b") for block in (0, 1)]
    assert np.unique(np.concatenate(streams)).size == 4_000
    correlation = np.corrcoef(streams) - np.eye(4)
    assert np.abs(correlation).max() < 0.15  # nearly five standard errors of 1 / sqrt(1,000)


def test_shares_of_subsequent_treatment_add_up_in_every_draw() -> None:
    draws = block_draws(uncertain(), 6, 0, 1_000)
    for strategy in STRATEGIES:
        total = draws[f"subsequent.none.share.{strategy}"] + draws[f"subsequent.chemo.share.{strategy}"]
        np.testing.assert_allclose(total, 1.0, rtol=EXACT)


def test_a_fixed_share_keeps_its_value_and_the_others_share_the_rest() -> None:
    drawn = [Parameter(id_, id_, value, "", distribution("dirichlet", value, n=50), group="all") for id_, value in MIX]
    draws = random_draws([*drawn, Parameter("fixed", "fixed", 0.2, group="all")], 2, 0, 1_000)
    assert draws["fixed"].tolist() == [0.2]
    np.testing.assert_allclose(draws["most"] + draws["some"], 0.8, rtol=EXACT)
    assert draws["most"].std() > 0.01


def test_means_of_draws_are_the_base_values() -> None:
    """Within four standard errors of 10,000 draws; half an event is added to each side of a count."""
    blocks = [random_draws(uncertain().inputs.parameters, 42, block, BLOCK) for block in range(3)]
    varying = [p for p in uncertain().inputs.parameters if p.distribution is not None]
    for parameter in varying:
        row, expected = uncertain().inputs.rows[parameter.id], parameter.value
        if row.distribution == "beta_counts" and row.n is not None:
            expected = (parameter.value * row.n + 0.5) / (row.n + 1)
        values = np.concatenate([block[parameter.id] for block in blocks])[:10_000]
        error = values.std() / np.sqrt(values.size)
        assert abs(values.mean() - expected) < 4 * error, parameter.id
