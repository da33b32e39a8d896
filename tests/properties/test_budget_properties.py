"""What holds of every budget impact (the tests V126 to V131 of the requirements), over generated inputs."""

from __future__ import annotations

import numpy as np
import pytest
from budget_support import budget_model, budget_of, result_of
from hypothesis import given, settings
from hypothesis import strategies as st
from number_strategies import numbers
from support import base_outcomes

from hemodel.errors import InputError

CLOSE = 1e-9
"""Relative; sums of a few thousand terms in another order."""

uptakes = st.lists(numbers(0, 1), min_size=1, max_size=4)
entries = st.sampled_from(["start", "spread"])
few = settings(max_examples=12, deadline=None)


def equal_treatments() -> dict[str, float | str]:
    """Changes that give both strategies the same curves, drugs and events, and so the same costs."""
    survival = {f"{e}.active.{c}": v for e, m, s in (("pfs", 4.0, 0.1), ("os", 12.0, 0.2)) for c, v in
                (("median", m), ("median.low", 0.8 * m), ("median.high", 1.25 * m), ("survival_later", s))}  # fmt: skip
    return {
        **{f"survival.{id_}": value for id_, value in survival.items()},
        "drug.newtinib.vial_size": 100,
        "drug.newtinib.price_per_vial": 400,
        "regimen.active.newtinib.dose": 100,
        "regimen.active.newtinib.dose_basis": "mg",
        "adverse_event.rash.incidence.active": 0.05,
    }


@few
@given(uptakes, entries)
def test_the_same_mix_has_no_impact(uptake: list[float], entry: str) -> None:
    """V126: where nobody takes the new treatment the impact is 0 in every year, to the last bit."""
    assert not budget_of(budget_model({"budget.entry": entry}, uptake=[0.0] * len(uptake))).net.any()


@few
@given(uptakes, entries)
def test_equal_costs_have_no_impact(uptake: list[float], entry: str) -> None:
    """V127."""
    found = budget_of(budget_model({**equal_treatments(), "budget.entry": entry}, uptake=uptake))

    assert found.per_patient.costs[0, :, 1] == pytest.approx(found.per_patient.costs[0, :, 0], rel=CLOSE)
    assert np.abs(found.total).max() <= CLOSE * found.without.costs.sum()


@few
@given(uptakes, numbers(0, 0.1), numbers(0, 0.1), st.sampled_from(["per_cycle", "annual"]))
def test_discounting_has_no_part(uptake: list[float], costs: float, effects: float, method: str) -> None:
    """V128."""
    rates = {"settings.discount_rate_costs": costs, "settings.discount_rate_effects": effects}
    changed = budget_of(budget_model({**rates, "settings.discounting": method}, uptake=uptake))

    assert np.array_equal(changed.net, budget_of(budget_model(uptake=uptake)).net)


@few
@given(uptakes, numbers(1e-5, 0.5), st.booleans())
def test_shares_that_do_not_add_up_are_refused(uptake: list[float], more: float, with_new: bool) -> None:
    """V129, and those that do give all eligible patients a strategy."""
    found = budget_of(budget_model(uptake=uptake)).population
    for mix in (found.without, found.with_new):
        assert mix.sum(axis=2) == pytest.approx(found.funnel[:, -1], rel=CLOSE)
    side, share = ("with", min(uptake[0], 0.5)) if with_new else ("without", 0.0)
    others = [0.0, *uptake[1:]] if not with_new else [share, *uptake[1:]]
    with pytest.raises(InputError, match=f"the shares of year 1 {side} the new treatment add up to"):
        budget_model({f"budget.share_{side}.active.year_1": share + more}, uptake=others)


@few
@given(uptakes, entries, numbers(-0.5, 0.5))
def test_nobody_is_lost(uptake: list[float], entry: str, growth: float) -> None:
    """V130: of those who began, the ones alive and the ones dead add up; the alive never exceed those who began."""
    found = budget_of(budget_model({"budget.entry": entry, "budget.growth": growth}, uptake=uptake))

    for mix in (found.without, found.with_new):
        begun, alive = np.cumsum(mix.starting[0], axis=0), mix.alive[0]
        assert (alive <= begun * (1 + CLOSE)).all()
        died_in = np.diff(begun - alive, axis=0, prepend=0.0)
        assert (died_in >= -CLOSE * begun.max()).all()
        assert mix.alive[0, -1].sum() + died_in.sum() == pytest.approx(begun[-1].sum(), rel=CLOSE)


@pytest.mark.parametrize("half_cycle", ["life_table", "start", "end"])
def test_one_cohort_to_the_end_costs_what_the_model_says(half_cycle: str) -> None:
    """V130: with no patients after the first year (growth of -100%), all years cost as the undiscounted model."""
    model = budget_model({"budget.growth": -1, "settings.half_cycle_correction": half_cycle}, uptake=[0.25] * 10)
    found, whole = budget_of(model), base_outcomes(model)

    assert found.population.funnel[0, -1].tolist() == [400.0, *[0.0] * 9]
    expected = np.array([[300.0], [100.0]]) * whole.costs.undiscounted[0]
    assert found.with_new.costs[0].sum(axis=0) == pytest.approx(expected, rel=CLOSE)
    died = np.array([300.0, 100.0]) * [whole.exposures[s].deaths.undiscounted[0] for s in whole.strategies]
    assert 400 - found.with_new.alive[0, -1].sum() == pytest.approx(died.sum(), rel=CLOSE)


@few
@given(st.lists(numbers(0, 1), min_size=3, max_size=3), numbers(0, 2e7), st.integers(1, 3))
def test_the_trigger_is_exceeded_where_a_year_is_above_it(uptake: list[float], trigger: float, years: int) -> None:
    """V131."""
    found = result_of(budget_model({"budget.trigger": trigger, "budget.trigger_years": years}, uptake=uptake))
    impact = found.net.total.by_year[:years]
    above = [value > trigger for value in impact]

    assert found.trigger is not None
    assert found.trigger.exceeded == any(above)
    assert found.trigger.impact == max(impact)
