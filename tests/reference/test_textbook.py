"""Closed forms and sums by hand: what a health economist can check on paper.

The small model of `support` is given exponential curves by their yearly rates. Sums over cycles are geometric series
there, so most results are exact: 1e-12 relative is rounding over at most a few thousand additions.
"""

import itertools
import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from support import base_outcomes, exponential_curves, no_discounting, small_model, with_coefficients

from hemodel import economics
from hemodel.errors import InputError
from hemodel.inputs.cells import Scalar
from hemodel.model.costs.vials import Dose, cost_per_dose, vials_per_dose
from hemodel.model.evaluate import evaluate
from hemodel.model.outcomes import Outcomes, OutcomeTable
from hemodel.model.timeline import administration_days, cycle_boundaries, discount_factors

EXACT = 1e-12
WEEK = 7 / 365.25
FOREVER = 1e-30
"""A yearly rate so small that survival is 1 in floating point."""
TREATMENT_CURVE: dict[str, dict[str, Scalar]] = {
    "curve.tot.active.family": {"value": "exp"},
    "curve.tot.active.relation": {"value": "independent"},
    "curve.tot.active.source": {"value": "reported"},
    "survival.tot.active.median": {"value": 5, "low": 4, "high": 6, "use_in_fit": "yes", "distribution": "fit"},
}


def exponential(
    pfs: float, os: float, changes: dict[str, Scalar] | None = None, treatment: float | None = None
) -> Outcomes:
    """Outcomes with yearly rates of PFS and OS (and of stopping treatment), the same for both strategies."""
    model = small_model(exponential_curves() | (changes or {}), TREATMENT_CURVE if treatment is not None else None)
    coefficients = {"pfs": [math.log(pfs / 12)] * 2, "os": [math.log(os / 12)] * 2}
    if treatment is not None:
        coefficients["tot"] = [math.log(treatment / 12)]
    return evaluate(model, with_coefficients(model, coefficients))


def amount(table: OutcomeTable, component: str, *, discounted: bool, place: int = 1) -> float:
    values = table.discounted if discounted else table.undiscounted
    return float(values[0, place, table.components.index(component)])


def given(outcomes: Outcomes, *, discounted: bool = False) -> float:
    """Administrations of newtinib in the active strategy."""
    return amount(outcomes.administrations, "newtinib", discounted=discounted)


def yearly(half_cycle: str, discounting: str = "per_cycle") -> dict[str, Scalar]:
    """Three cycles of a year."""
    return {
        "settings.cycle_length": 365.25,
        "settings.time_horizon": 3,
        "settings.half_cycle_correction": half_cycle,
        "settings.discounting": discounting,
    }


# Life-years ----------------------------------------------------------------------------------------------------------


PART = (10 * 365.25 - 521 * 7) / 365.25
"""Years of the last cycle: ten years are 521 weeks and 5.5 days."""


def geometric(rate: float, discount_rate: float) -> float:
    """Life-years of an exponential in weekly cycles to ten years: trapezoids, each discounted at its middle."""
    fall, factor = math.exp(-rate * WEEK), math.pow(1 + discount_rate, -WEEK)
    first = WEEK * (1 + fall) / 2 * math.sqrt(factor)
    ratio = math.pow(fall * factor, 521)
    last = PART * (1 + math.exp(-rate * PART)) / 2 * math.pow(1 + discount_rate, -PART / 2)
    return first * (1 - ratio) / (1 - fall * factor) + ratio * last


@pytest.mark.parametrize(("pfs", "os"), [(1.2, 0.4), (3.0, 2.0), (0.5, 0.05)])
@pytest.mark.parametrize("discounted", [False, True])
def test_life_years_of_exponential_curves_are_geometric_series(pfs: float, os: float, discounted: bool) -> None:
    table = exponential(pfs, os).life_years
    rate = 0.02 if discounted else 0.0
    free, alive = geometric(pfs, rate), geometric(os, rate)
    assert amount(table, "progression_free", discounted=discounted) == pytest.approx(free, rel=EXACT)
    assert amount(table, "progressed", discounted=discounted) == pytest.approx(alive - free, rel=EXACT)


@pytest.mark.parametrize("rate", [0.3, 1.0, 4.0])
@pytest.mark.parametrize("discount_rate", [0.0, 0.035])
def test_life_years_approach_the_integral(rate: float, discount_rate: float) -> None:
    """A trapezoid discounted at its middle errs by the share (a^2 / 8 - (a + b)^2 / 24) of the integral.

    a and b are rate and ln(1 + r) times the cycle; a^2 / 8 bounds it.
    """
    changes: dict[str, Scalar] = {"settings.discount_rate_effects": discount_rate, "settings.time_horizon": 60}
    total = exponential(rate, rate, changes).life_years.total[0, 1]
    hazard = rate + math.log1p(discount_rate)
    integral = (1 - math.exp(-hazard * 60)) / hazard
    assert total == pytest.approx(integral, rel=(rate * WEEK) ** 2 / 8)


@pytest.mark.parametrize(
    ("half_cycle", "years"),
    [("start", 1 + 0.8 + 0.64), ("end", 0.8 + 0.64 + 0.512), ("life_table", 0.9 + 0.72 + 0.576)],
)
def test_half_cycle_correction_by_hand(half_cycle: str, years: float) -> None:
    rate = -math.log(0.8)
    outcomes = exponential(rate, rate, yearly(half_cycle))
    assert outcomes.life_years.undiscounted_total[0, 1] == pytest.approx(years, rel=EXACT)


def test_discounting_at_mid_cycle_by_hand() -> None:
    rate = -math.log(0.8)
    outcomes = exponential(rate, rate, yearly("life_table"))
    expected = 0.9 * 1.02**-0.5 + 0.72 * 1.02**-1.5 + 0.576 * 1.02**-2.5
    assert outcomes.life_years.total[0, 1] == pytest.approx(expected, rel=EXACT)


def test_annual_discounting_by_hand() -> None:
    rate = -math.log(0.8)
    outcomes = exponential(rate, rate, yearly("life_table", "annual"))
    assert outcomes.life_years.total[0, 1] == pytest.approx(0.9 + 0.72 / 1.02 + 0.576 / 1.02**2, rel=EXACT)


def test_stepped_discounting_by_hand() -> None:
    rate = -math.log(0.8)
    steps: dict[str, Scalar] = {"settings.discount_rate_effects_from_year_2": 0.01}
    outcomes = exponential(rate, rate, yearly("life_table") | steps)
    expected = 0.9 * 1.02**-0.5 + 0.72 * 1.02**-1.5 + 0.576 * 1.02**-2 * 1.01**-0.5
    assert outcomes.life_years.total[0, 1] == pytest.approx(expected, rel=EXACT)


def test_discount_factors_at_given_times() -> None:
    years = np.array([0.0, 0.5, 2.0, 2.7, 5.0])
    one_rate = discount_factors(years, [(0.0, 0.04)], "per_cycle")
    np.testing.assert_allclose(one_rate, [1, 1.04**-0.5, 1.04**-2, 1.04**-2.7, 1.04**-5], rtol=EXACT)
    annual = discount_factors(years, [(0.0, 0.04)], "annual")
    np.testing.assert_allclose(annual, [1, 1, 1.04**-2, 1.04**-2, 1.04**-5], rtol=EXACT)
    stepped = discount_factors(years, [(0.0, 0.04), (2.5, 0.02), (4.0, 0.01)], "per_cycle")
    late = [1.04**-2.5 * 1.02**-0.2, 1.04**-2.5 * 1.02**-1.5 * 1.01**-1]
    np.testing.assert_allclose(stepped, [1, 1.04**-0.5, 1.04**-2, *late], rtol=EXACT)


@pytest.mark.parametrize("horizon", [0.5, 1, 7, 40])
def test_nobody_dies_and_a_year_costs_one(horizon: float) -> None:
    changes: dict[str, Scalar] = {
        "settings.time_horizon": horizon,
        "settings.cycle_length": 30.4375,
        "resource.visit.unit_cost": 1,
        "resource.visit.progression_free": 1 / 12,
        **no_discounting(),
    }
    outcomes = exponential(FOREVER, FOREVER, changes)
    assert outcomes.life_years.total[0, 1] == pytest.approx(horizon, rel=EXACT)
    cost = amount(outcomes.costs, "disease_management_progression_free", discounted=True)
    assert cost == pytest.approx(horizon, rel=EXACT)
    assert amount(outcomes.costs, "end_of_life", discounted=True) == pytest.approx(0, abs=1e-9)


def test_the_last_cycle_ends_at_the_horizon() -> None:
    boundaries = cycle_boundaries(10, 7)
    assert boundaries.size == 523
    assert boundaries[-2:].tolist() == [521 * 7, 3652.5]
    assert cycle_boundaries(10, 365.25).size == 11
    assert cycle_boundaries(0.01, 30.4375).tolist() == [0, 3.6525]
    outcomes = exponential(FOREVER, FOREVER)
    assert outcomes.life_years.undiscounted_total[0, 1] == pytest.approx(10, rel=EXACT)


@pytest.mark.parametrize(("horizon", "cycle"), [(2.5, 365.25), (0.01, 30.4375), (1, 28), (5, 28), (20, 7)])
def test_nobody_lives_beyond_the_horizon_nor_costs(horizon: float, cycle: float) -> None:
    """Nobody dies: time in the state, the visits in it, bands of time to death and drugs all end at the horizon."""
    rows: dict[str, dict[str, Scalar]] = {
        "utility.time_to_death.near": {"value": 0.3},
        "utility.time_to_death_within.near": {"value": 50},
        "utility.time_to_death.far": {"value": 0.8},
    }
    changes = no_discounting() | {"settings.time_horizon": horizon, "settings.cycle_length": cycle}
    changes |= {"regimen.active.newtinib.interval": 1, "settings.utilities_by": "time_to_death"}
    model = small_model(exponential_curves() | changes, rows)
    forever = [math.log(FOREVER / 12)] * 2
    outcomes = evaluate(model, with_coefficients(model, {"pfs": forever, "os": forever}))
    assert outcomes.life_years.total[0, 1] == pytest.approx(horizon, rel=EXACT)
    visits = amount(outcomes.costs, "disease_management_progression_free", discounted=False)
    assert visits == pytest.approx(80 * 12 * horizon, rel=EXACT)
    assert amount(outcomes.qalys, "far", discounted=False) == pytest.approx(0.8 * horizon, rel=EXACT)
    assert given(outcomes) == math.ceil(365.25 * horizon)


def test_two_and_a_half_years_in_cycles_of_a_year() -> None:
    """Deaths of 0.0005 a month: 2.481 years, by trapezoids of 1, 1 and 0.5 years; not the 2.973 of three whole ones."""
    alive = [math.exp(-0.006 * year) for year in (0.0, 1.0, 2.0, 2.5)]
    years = (alive[0] + alive[1]) / 2 + (alive[1] + alive[2]) / 2 + (alive[2] + alive[3]) / 4
    found = exponential(0.012, 0.006, yearly("life_table") | {"settings.time_horizon": 2.5}).life_years
    assert found.undiscounted_total[0, 1] == pytest.approx(years, rel=EXACT)
    assert found.undiscounted_total[0, 1] == pytest.approx(2.481, abs=5e-4)


# QALYs ---------------------------------------------------------------------------------------------------------------


def test_qalys_are_life_years_at_the_utility_of_the_state() -> None:
    outcomes = exponential(1.2, 0.4, {"utility.progressed.active": 0.5})
    for place, progressed in ((0, 0.6), (1, 0.5)):
        for state, utility in (("progression_free", 0.75), ("progressed", progressed)):
            years = amount(outcomes.life_years, state, discounted=True, place=place)
            qalys = amount(outcomes.qalys, state, discounted=True, place=place)
            assert qalys == pytest.approx(years * utility, rel=EXACT)


def test_time_to_death_under_a_constant_hazard() -> None:
    """At any time 1 - exp(-w h) of those alive die within w: the bands split the life-years in fixed shares."""
    days = {"near": 30, "middle": 90}
    utilities = {"near": 0.3, "middle": 0.5, "far": 0.8}
    rows: dict[str, dict[str, Scalar]] = {
        f"utility.time_to_death.{band}": {"value": utility} for band, utility in utilities.items()
    }
    rows |= {f"utility.time_to_death_within.{band}": {"value": within} for band, within in days.items()}
    model = small_model(exponential_curves() | {"settings.utilities_by": "time_to_death"}, rows)
    draws = with_coefficients(model, {"pfs": [math.log(1.2 / 12)] * 2, "os": [math.log(0.7 / 12)] * 2})
    outcomes = evaluate(model, draws)
    beyond = [1.0, *(math.exp(-0.7 * within / 365.25) for within in days.values()), 0.0]
    years = outcomes.life_years.total[0, 1]
    for band, (before, after) in zip(utilities, itertools.pairwise(beyond), strict=True):
        expected = years * (before - after) * utilities[band]
        assert amount(outcomes.qalys, band, discounted=True) == pytest.approx(expected, rel=EXACT)


def test_adverse_events_fall_at_the_start_and_are_not_discounted() -> None:
    outcomes = exponential(1.2, 0.4)
    for discounted in (False, True):
        cost = amount(outcomes.costs, "adverse_events", discounted=discounted)
        assert cost == pytest.approx(0.2 * 900, rel=EXACT)
        loss = amount(outcomes.qalys, "adverse_events", discounted=discounted)
        assert loss == pytest.approx(-0.2 * 0.1 * 14 / 365.25, rel=EXACT)


# Events --------------------------------------------------------------------------------------------------------------


def flow(rate: float, discount_rate: float) -> float:
    """Patients who leave an exponential curve in ten years of weekly cycles, discounted at mid-cycle."""
    ends = [cycle * WEEK for cycle in range(522)] + [10.0]
    total = 0.0
    for start, end in itertools.pairwise(ends):
        left = math.exp(-rate * start) - math.exp(-rate * end)
        total += left * (1 + discount_rate) ** (-(start + end) / 2)
    return total


@pytest.mark.parametrize(("discounted", "rate"), [(False, 0.0), (True, 0.04)])
def test_end_of_life_is_charged_on_deaths(discounted: bool, rate: float) -> None:
    cost = amount(exponential(1.2, 0.4).costs, "end_of_life", discounted=discounted)
    assert cost == pytest.approx(10_000 * flow(0.4, rate), rel=EXACT)
    if not discounted:
        assert cost == pytest.approx(10_000 * (1 - math.exp(-0.4 * 10)), rel=EXACT)


@pytest.mark.parametrize(("discounted", "rate"), [(False, 0.0), (True, 0.04)])
def test_subsequent_treatment_is_charged_on_progressions(discounted: bool, rate: float) -> None:
    cost = amount(exponential(1.2, 0.4).costs, "subsequent_treatment", discounted=discounted)
    per_progression = 0.4 * 4 * (500 + 2 * 150)
    assert cost == pytest.approx(per_progression * (1 - 0.1) * flow(1.2, rate), rel=EXACT)


# Caps ----------------------------------------------------------------------------------------------------------------


def test_pfs_above_os_is_capped_and_recorded() -> None:
    outcomes = exponential(0.4, 1.2)
    free = amount(outcomes.life_years, "progression_free", discounted=False)
    assert free == pytest.approx(geometric(1.2, 0.0), rel=EXACT)
    assert amount(outcomes.life_years, "progressed", discounted=False) == pytest.approx(0, abs=EXACT)
    record = outcomes.exposures["active"].adjustments["pfs_capped_at_os"]
    assert record.first_day[0] == 7
    moved = geometric(0.4, 0.0) - geometric(1.2, 0.0)
    assert record.years_moved[0] == pytest.approx(moved, rel=EXACT)
    peak = math.log(3) / 0.8  # where exp(-0.4 t) - exp(-1.2 t) is largest
    largest = math.exp(-0.4 * peak) - math.exp(-1.2 * peak)
    assert record.max_gap[0] == pytest.approx(largest, rel=1e-4)  # the nearest week misses the peak by a few 1e-5


def test_os_is_lifted_to_pfs_where_asked_for_and_recorded() -> None:
    """PFS at a rate of 0.4 a year, OS at 1.2: everybody alive is progression-free, and dies at the rate of PFS."""
    lifted: dict[str, Scalar] = {"settings.pfs_above_os": "lift_os", "regimen.active.newtinib.time_on_treatment": "os"}
    outcomes, capped = exponential(0.4, 1.2, lifted), exponential(0.4, 1.2)
    free = amount(outcomes.life_years, "progression_free", discounted=False)
    assert free == pytest.approx(geometric(0.4, 0.0), rel=EXACT)
    assert amount(outcomes.life_years, "progressed", discounted=False) == pytest.approx(0, abs=EXACT)
    deaths = amount(outcomes.costs, "end_of_life", discounted=False)
    assert deaths == pytest.approx(10_000 * (1 - math.exp(-0.4 * 10)), rel=EXACT)
    assert given(outcomes) == pytest.approx(sum(math.exp(-0.4 * 21 * k / 365.25) for k in range(174)), rel=EXACT)
    record = outcomes.exposures["active"].adjustments["os_lifted_to_pfs"]
    cap = capped.exposures["active"].adjustments["pfs_capped_at_os"]
    assert (record.first_day[0], record.max_gap[0]) == (cap.first_day[0], cap.max_gap[0])
    assert record.years_moved[0] == pytest.approx(geometric(0.4, 0.0) - geometric(1.2, 0.0), rel=EXACT)
    assert np.isnan(outcomes.exposures["active"].adjustments["pfs_capped_at_os"].first_day[0])


def test_curves_that_cross_are_the_larger_and_the_smaller_at_every_boundary() -> None:
    """PFS of exp(-0.3 t) and OS of a Weibull exp(-(t / 4)^2): OS is lower from 4.8 years on."""
    changes: dict[str, Scalar] = {f"curve.os.{s}.family": "weibull" for s in ("standard", "active")}
    changes |= {f"curve.pfs.{s}.family": "exp" for s in ("standard", "active")}
    years = np.append(np.arange(522) * WEEK, 10.0)
    pfs, own = np.exp(-0.3 * years), np.exp(-((years / 4.0) ** 2))
    for rule, overall, free in (("lift_os", np.maximum(own, pfs), pfs), ("cap_pfs", own, np.minimum(own, pfs))):
        model = small_model(changes | {"settings.pfs_above_os": rule})
        coefficients = {"pfs": [math.log(0.3 / 12)] * 2, "os": [math.log(2.0), math.log(48.0)] * 2}
        table = evaluate(model, with_coefficients(model, coefficients)).life_years
        alive = np.trapezoid(overall, years)
        assert amount(table, "progression_free", discounted=False) == pytest.approx(
            np.trapezoid(free, years), rel=EXACT
        )
        assert table.undiscounted_total[0, 1] == pytest.approx(alive, rel=EXACT)


def test_a_lift_that_is_not_needed_changes_nothing() -> None:
    plain, lifted = exponential(1.2, 0.4), exponential(1.2, 0.4, {"settings.pfs_above_os": "lift_os"})
    for outcome in ("life_years", "qalys", "costs"):
        own, other = getattr(plain, outcome).total, getattr(lifted, outcome).total
        np.testing.assert_allclose(other, own, rtol=EXACT)
    assert np.isnan(lifted.exposures["active"].adjustments["os_lifted_to_pfs"].first_day[0])


def test_pfs_above_os_can_be_refused() -> None:
    with pytest.raises(InputError, match="PFS exceeds OS"):
        exponential(0.4, 1.2, {"settings.pfs_above_os": "error"})
    assert exponential(1.2, 0.4, {"settings.pfs_above_os": "error"}).draws == 1


@pytest.mark.parametrize(
    ("treatment", "stops", "rate"),
    [(2.0, "no", 2.0), (0.1, "no", 0.4), (0.1, "yes", 1.2), (2.0, "yes", 2.0), (0.8, "no", 0.8), (0.8, "yes", 1.2)],
)
def test_time_on_treatment_is_capped(treatment: float, stops: str, rate: float) -> None:
    """PFS 1.2, OS 0.4 a year: the fastest of the rates that count decides who is treated on day 0, 21, 42, ..."""
    regimen = "regimen.active.newtinib."
    changes: dict[str, Scalar] = {regimen + "time_on_treatment": "tot", regimen + "stops_at_progression": stops}
    outcomes = exponential(1.2, 0.4, changes, treatment)
    days = range(0, math.ceil(10 * 365.25), 21)
    expected = math.fsum(math.exp(-rate * day / 365.25) for day in days)
    assert given(outcomes) == pytest.approx(expected, rel=EXACT)
    discounted = math.fsum(math.exp(-rate * day / 365.25) * 1.04 ** (-day / 365.25) for day in days)
    assert given(outcomes, discounted=True) == pytest.approx(discounted, rel=EXACT)


@pytest.mark.parametrize(("endpoint", "rate"), [("pfs", 1.2), ("os", 0.4)])
def test_treatment_can_follow_pfs_or_os(endpoint: str, rate: float) -> None:
    outcomes = exponential(1.2, 0.4, {"regimen.active.newtinib.time_on_treatment": endpoint})
    expected = math.fsum(math.exp(-rate * day / 365.25) for day in range(0, 3653, 21))
    assert given(outcomes) == pytest.approx(expected, rel=EXACT)


# Administrations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "count"),
    [
        ({}, 18),  # days 0, 21, ..., 357 of 365.25
        ({"start_day": 8}, 18),  # 8, ..., 365
        ({"start_day": 9}, 17),  # 9, ..., 345; 366 lies beyond the year
        ({"stop_day": 63}, 3),  # 0, 21, 42: none on the stop day
        ({"stop_day": 64}, 4),
        ({"stop_day": 63, "start_day": 42}, 1),
        ({"stop_day": 42, "start_day": 42}, 0),
        ({"max_administrations": 5}, 5),
        ({"max_administrations": 0}, 0),
        ({"max_administrations": 50}, 18),
        ({"max_administrations": 2, "stop_day": 21}, 1),
        ({"interval": 73.05}, 5),  # a fifth of a year: none on the last day
        ({"interval": 10}, 37),  # not a multiple of the cycle
        ({"start_day": 400}, 0),
    ],
)
def test_number_of_administrations(fields: dict[str, Scalar], count: int) -> None:
    changes: dict[str, Scalar] = {f"regimen.active.newtinib.{name}": value for name, value in fields.items()}
    changes |= {"settings.time_horizon": 1, "regimen.active.newtinib.dose_basis": "mg"}
    outcomes = exponential(FOREVER, FOREVER, changes)
    assert given(outcomes) == pytest.approx(count, rel=EXACT)
    acquired = amount(outcomes.costs, "acquisition", discounted=False)
    assert acquired == pytest.approx(count * 2 * 1200, rel=EXACT)  # 60 mg: two vials of 50 mg
    administered = amount(outcomes.costs, "administration", discounted=False)
    assert administered == pytest.approx(count * 150, rel=EXACT)


def test_an_administration_is_discounted_to_its_day() -> None:
    changes: dict[str, Scalar] = {
        "regimen.active.newtinib.start_day": 730.5,
        "regimen.active.newtinib.max_administrations": 1,
    }
    outcomes = exponential(FOREVER, FOREVER, changes)
    assert given(outcomes) == pytest.approx(1, rel=EXACT)
    assert given(outcomes, discounted=True) == pytest.approx(1.04**-2, rel=EXACT)


def test_administration_days_are_equally_spaced() -> None:
    days = administration_days(3.0, 21.0, 100.0, stop_day=80.0, max_administrations=10)
    np.testing.assert_array_equal(days, [3, 24, 45, 66])


def test_dose_intensity_lowers_acquisition_only_and_the_share_lowers_both() -> None:
    full = exponential(1.2, 0.4)
    reduced = exponential(1.2, 0.4, {"regimen.active.newtinib.relative_dose_intensity": 0.8})
    fewer = exponential(1.2, 0.4, {"regimen.active.newtinib.share_of_patients": 0.7})
    for component, by_intensity, by_share in (("acquisition", 0.8, 0.7), ("administration", 1.0, 0.7)):
        before = amount(full.costs, component, discounted=True)
        assert amount(reduced.costs, component, discounted=True) == pytest.approx(before * by_intensity, rel=EXACT)
        assert amount(fewer.costs, component, discounted=True) == pytest.approx(before * by_share, rel=EXACT)


def test_premedication_is_charged_with_each_administration_of_its_drug() -> None:
    """Twelve on top of the 150 of an infusion, for seven patients in ten; the drug itself costs the same."""
    share: dict[str, Scalar] = {"regimen.active.newtinib.share_of_patients": 0.7}
    plain = exponential(1.2, 0.4, share)
    with_it = exponential(1.2, 0.4, {**share, "regimen.active.newtinib.premedication_cost": 12})
    before, after = (amount(found.costs, "administration", discounted=True) for found in (plain, with_it))

    assert after == pytest.approx(before * 162 / 150, rel=EXACT)
    assert after == pytest.approx(given(with_it, discounted=True) * 0.7 * 162, rel=EXACT)
    acquired = [amount(found.costs, "acquisition", discounted=True) for found in (plain, with_it)]
    assert acquired[0] == acquired[1]


# Vials ---------------------------------------------------------------------------------------------------------------


def dose(mean: float, sd: float) -> Dose:
    return Dose(np.array([mean]), np.array([sd]))


def patients(mean: float, sd: float, count: int) -> NDArray[np.float64]:
    """Doses of equally likely patients: log-normal quantiles at the middle of `count` equal shares."""
    sdlog = math.sqrt(math.log1p((sd / mean) ** 2))
    shares = (np.arange(count) + 0.5) / count
    return np.asarray(stats.lognorm.ppf(shares, sdlog, scale=mean / math.exp(sdlog**2 / 2)))


@pytest.mark.parametrize(("mean", "sd", "vial"), [(5.7, 0.64, 4.0), (100, 40, 30), (0.2, 0.3, 1.0), (380, 76, 100)])
def test_mean_vials_against_patient_by_patient_rounding(mean: float, sd: float, vial: float) -> None:
    """A million equal shares of patients: each step of the ceiling is placed to within 1e-6 of the patients."""
    expected = np.ceil(patients(mean, sd, 1_000_000) / vial).mean()
    assert vials_per_dose(dose(mean, sd), vial)[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("mean", "sd", "vial"), [(5.7, 0.64, 4.0), (100, 40, 30), (380, 76, 100)])
def test_mean_vials_against_the_probability_of_each_number(mean: float, sd: float, vial: float) -> None:
    """1e-9: a dose less than 1e-9 of a vial beyond whole vials counts as whole."""
    sdlog = math.sqrt(math.log1p((sd / mean) ** 2))
    most = 60
    edges = stats.lognorm.cdf(np.arange(most + 1) * vial, sdlog, scale=mean / math.exp(sdlog**2 / 2))
    expected = np.arange(1, most + 1) @ np.diff(edges)
    assert vials_per_dose(dose(mean, sd), vial)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("mean", "vial", "vials"),
    [(1200, 1200, 1), (1200.1, 1200, 2), (150, 50, 3), (149, 50, 3), (151, 50, 4), (0.3, 0.1, 3), (3 * 0.1, 0.1, 3)],
)
def test_one_dose_for_all_is_rounded_up(mean: float, vial: float, vials: int) -> None:
    assert vials_per_dose(dose(mean, 0.0), vial)[0] == vials
    assert vials_per_dose(dose(mean, 1e-13 * mean), vial)[0] == pytest.approx(vials, abs=1e-9)


SIZES = (30.0, 50.0, 80.0)
PRICES = (310.0, 480.0, 700.0)


def cheapest(amount_mg: float) -> float:
    """The cheapest vials that hold a dose, by trying every combination."""
    most = [range(math.ceil(amount_mg / size) + 1) for size in SIZES]
    enough = [n for n in itertools.product(*most) if np.dot(n, SIZES) >= amount_mg]
    return float(min(np.dot(n, PRICES) for n in enough))


def cost(mean: float, sd: float, *, sharing: bool = False) -> float:
    return float(cost_per_dose(dose(mean, sd), SIZES, [np.array([price]) for price in PRICES], sharing)[0])


@pytest.mark.parametrize("mean", [1, 29, 30, 31, 50, 59, 60, 61, 80, 81, 100, 110, 111, 133, 160, 185, 240, 241, 317])
def test_several_vial_sizes_against_every_combination(mean: float) -> None:
    assert cost(mean, 0.0) == pytest.approx(cheapest(mean), rel=EXACT)


@pytest.mark.parametrize(("mean", "sd"), [(100, 15), (40, 20), (170, 30)])
def test_several_vial_sizes_over_patients(mean: float, sd: float) -> None:
    """2,000 equal shares of patients place each price step to within 1/2,000 of the patients: 1e-3 in all."""
    expected = np.mean([cheapest(float(one)) for one in patients(mean, sd, 2_000)])
    assert cost(mean, sd) == pytest.approx(expected, rel=1e-3)


def test_vial_sharing_pays_for_what_is_given() -> None:
    assert cost(100, 15, sharing=True) == pytest.approx(100 * min(np.divide(PRICES, SIZES)), rel=EXACT)
    one_size = cost_per_dose(dose(130, 20), [50.0], [np.array([480.0])], sharing=True)
    assert one_size[0] == pytest.approx(130 / 50 * 480, rel=EXACT)
    assert cost(100, 15, sharing=True) < cost(100, 15)


@pytest.mark.parametrize(("basis", "mean", "sd"), [("mg/m2", 1.8, 0.2), ("mg/kg", 75.0, 15.0)])
def test_dose_by_body_size(basis: str, mean: float, sd: float) -> None:
    changes: dict[str, Scalar] = {
        "regimen.active.newtinib.dose_basis": basis,
        "regimen.active.newtinib.dose": 2,
        "drug.newtinib.vial_size": mean,
    }
    outcomes = exponential(1.2, 0.4, changes)
    vials = np.ceil(patients(2 * mean, 2 * sd, 1_000_000) / mean).mean()
    acquired = amount(outcomes.costs, "acquisition", discounted=False)
    assert acquired == pytest.approx(given(outcomes) * vials * 1200, rel=1e-5)
    shared = exponential(1.2, 0.4, changes | {"regimen.active.newtinib.vial_sharing": "yes"})
    assert amount(shared.costs, "acquisition", discounted=False) == pytest.approx(given(shared) * 2 * 1200, rel=EXACT)


def test_a_further_vial_size_is_used_where_it_is_cheaper() -> None:
    changes: dict[str, Scalar] = {"regimen.active.newtinib.dose_basis": "mg"}  # 60 mg: two vials of 50 mg at 1,200
    further: dict[str, dict[str, Scalar]] = {
        "drug.newtinib.vial_size_small": {"value": 10},
        "drug.newtinib.price_per_vial_small": {"value": 300},
    }
    model = small_model(changes, further)
    outcomes = base_outcomes(model)
    acquired = amount(outcomes.costs, "acquisition", discounted=False)
    assert acquired == pytest.approx(given(outcomes) * 1500, rel=EXACT)


# Economics -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("costs", "qalys", "word", "icer"),
    [
        (1000, 0.1, "more effective and more costly", 10_000),
        (-1000, 0.1, "dominant", None),
        (1000, -0.1, "dominated", None),
        (-1000, -0.1, "less costly and less effective", None),
        (0, 0, "no difference", None),
        (1000, 0, "dominated", None),
        (-1000, 0, "dominant", None),
        (0, 0.1, "dominant", None),
        (0, -0.1, "dominated", None),
    ],
)
def test_verdicts_of_the_quadrants(costs: float, qalys: float, word: str, icer: float | None) -> None:
    verdict = economics.verdict(costs, qalys)
    assert verdict.word == word
    assert verdict.icer == (None if icer is None else pytest.approx(icer, rel=EXACT))


def test_fully_incremental_analysis_with_strong_and_extended_dominance() -> None:
    """By hand: B costs more than A for less; C costs 50,000 a QALY against A, but D only 24,000."""
    totals = {
        "E": (40_000.0, 1.9),
        "C": (20_000.0, 1.2),
        "A": (10_000.0, 1.0),
        "D": (22_000.0, 1.5),
        "B": (12_000.0, 0.9),
    }
    entries = economics.frontier(list(totals), [c for c, _ in totals.values()], [q for _, q in totals.values()])
    assert [entry.strategy for entry in entries] == ["A", "B", "C", "D", "E"]
    by_name = {entry.strategy: entry for entry in entries}
    assert by_name["A"].status == "reference"
    assert by_name["B"].status == "dominated"
    assert by_name["C"].status == "extendedly dominated"
    assert by_name["B"].icer is None
    assert by_name["C"].icer is None
    assert (by_name["D"].against, by_name["E"].against) == ("A", "D")
    assert by_name["D"].icer == pytest.approx(24_000, rel=EXACT)
    assert by_name["E"].icer == pytest.approx(45_000, rel=EXACT)


def test_extended_dominance_can_follow_from_another() -> None:
    """ICERs 10,000, 30,000, 20,000, 15,000: C goes; D against B is then 25,000, above 15,000, and goes too."""
    costs, qalys = [0.0, 10_000.0, 40_000.0, 60_000.0, 75_000.0], [0.0, 1.0, 2.0, 3.0, 4.0]
    entries = economics.frontier(list("ABCDE"), costs, qalys)
    status = {entry.strategy: entry.status for entry in entries}
    assert status["C"] == "extendedly dominated"
    assert status["D"] == "extendedly dominated"
    kept = {entry.strategy: entry.icer for entry in entries if entry.icer is not None}
    assert kept == pytest.approx({"B": 10_000, "E": 65_000 / 3}, rel=EXACT)


def test_equal_cost_and_a_better_effect_dominates() -> None:
    entries = economics.frontier(["worse", "better"], [100.0, 100.0], [1.0, 1.1])
    assert [(entry.strategy, entry.status) for entry in entries] == [("better", "reference"), ("worse", "dominated")]


def test_acceptability_shares_ties_and_adds_up_to_one() -> None:
    qalys = np.array([[1.0, 1.0, 0.0], [1.0, 2.0, 2.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    costs = np.zeros((4, 3))
    shares = economics.acceptability(qalys, costs, np.array([0.0, 10_000.0]))
    np.testing.assert_allclose(shares[0], [1 / 3, 1 / 3, 1 / 3], rtol=EXACT)
    half, third = 1 / 2, 1 / 3
    expected = np.array([half + 0 + 1 + third, half + half + 0 + third, 0 + half + 0 + third]) / 4
    np.testing.assert_allclose(shares[1], expected, rtol=EXACT)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=EXACT)


def test_the_frontier_follows_the_mean_not_the_most_frequent_winner() -> None:
    """The second strategy is a little better in six draws of ten and much worse in four."""
    qalys = np.column_stack([np.zeros(10), np.array([0.01] * 6 + [-0.1] * 4)])
    costs, thresholds = np.zeros((10, 2)), np.array([20_000.0])
    shares = economics.acceptability(qalys, costs, thresholds)
    np.testing.assert_allclose(shares, [[0.4, 0.6]], rtol=EXACT)
    best = economics.optimal(qalys, costs, thresholds)
    assert best.tolist() == [0]
    assert shares[0, best[0]] == pytest.approx(0.4, rel=EXACT)


def test_net_health_benefit_times_the_threshold_is_net_monetary_benefit() -> None:
    qalys, costs = np.array([[1.3, 1.9]]), np.array([[20_000.0, 55_000.0]])
    for threshold in (1_000.0, 30_000.0, 150_000.0):
        money = economics.net_monetary_benefit(qalys, costs, threshold)
        health = economics.net_health_benefit(qalys, costs, threshold)
        np.testing.assert_allclose(health * threshold, money, rtol=EXACT)
        np.testing.assert_allclose(money, [[threshold * 1.3 - 20_000, threshold * 1.9 - 55_000]], rtol=EXACT)
    assert np.isnan(economics.net_health_benefit(qalys, costs, 0.0)).all()
