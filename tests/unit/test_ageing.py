"""Utilities that change with age: the multiplier, QALYs with it, and the cap at the population's norm."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from number_strategies import numbers
from support import base_outcomes, small_model, small_run
from unit.live_model.calculated_models import BANDS

from hemodel.analyses.results import results
from hemodel.errors import InputError
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.model.population import Ageing, ageing
from hemodel.views.shared.words import Names, adjustment_sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model

INPUTS = Path(__file__).parents[2] / "inputs"
AGED: Mapping[str, Scalar] = {
    "background.life_table": str(INPUTS / "life_tables" / "england_2018_2020.csv"),
    "background.mean_age": 66,
    "background.sd_age": 9,
    "background.youngest_age": 18,
    "background.share_male": 0.6,
    "utility.norms": str(INPUTS / "utility_norms" / "england_hse2014.csv"),
    "utility.over_time": "age_adjusted",
}
CONSTANT = {**AGED, "utility.over_time": "constant"}
CAPPED = {**AGED, "utility.over_time": "age_adjusted_capped"}
ADJUSTMENT = "utility_capped_at_norm: progression_free"


def found(model: Model, years: list[float]) -> Ageing:
    adjusted = ageing(model.inputs, np.array(years))
    assert adjusted is not None
    return adjusted


def tables(folder: Path, male: tuple[float, float], female: tuple[float, float], slope: float) -> dict[str, Scalar]:
    """A death rate for each sex, and norms that fall by so much a year from a value at age 60."""
    lives = [f"{age},{male[0]},{female[0]}" for age in range(18, 121)]
    health = [f"{age},{male[1] - slope * (age - 60)},{female[1] - slope * (age - 60)}" for age in range(60, 121)]
    (folder / "lives.csv").write_text("age,mx_male,mx_female\n" + "\n".join(lives))
    (folder / "health.csv").write_text("age,utility_male,utility_female\n" + "\n".join(health))
    return {"background.life_table": str(folder / "lives.csv"), "utility.norms": str(folder / "health.csv")}


def test_of_one_age_the_multiplier_is_the_ratio_of_norms(tmp_path: Path) -> None:
    """u(x) = 0.9 - 0.01 (x - 60), the same for both sexes: at 63 whole years 0.87 / 0.9, whoever has died."""
    own = tables(tmp_path, (0.3, 0.9), (0.1, 0.9), 0.01)
    model = small_model({**AGED, **own, "background.mean_age": 60, "background.sd_age": 0})

    adjusted = found(model, [0.0, 0.99, 1.0, 3.5])

    assert adjusted.norm == pytest.approx(0.9, rel=1e-12)
    assert adjusted.multipliers == pytest.approx([1.0, 1.0, 0.89 / 0.9, 0.87 / 0.9], rel=1e-12)


def test_it_begins_at_1_and_falls_with_the_norms_for_england() -> None:
    """Between birthdays the cohort can grow a little younger, since the old die first; over whole years it does not."""
    multipliers = found(small_model(AGED), list(range(11))).multipliers

    assert multipliers[0] == 1.0
    assert np.all(np.diff(multipliers) < 0.0)


def test_those_who_are_left_alive_count(tmp_path: Path) -> None:
    """Men die at 0.2 a year and women not: n(t) = (0.5 exp(-0.2 t) 0.9 + 0.5 x 0.7) / (0.5 exp(-0.2 t) + 0.5)."""
    own = tables(tmp_path, (0.2, 0.9), (0.0, 0.7), 0.0)
    changes = {"background.mean_age": 60, "background.sd_age": 0, "background.share_male": 0.5}
    adjusted = found(small_model({**AGED, **own, **changes}), [2.5, 8.0])

    alive = np.exp(-0.2 * np.array([2.5, 8.0]))
    assert adjusted.norm == pytest.approx(0.8, rel=1e-12)
    assert adjusted.multipliers == pytest.approx((0.9 * alive + 0.7) / (alive + 1.0) / 0.8, rel=1e-12)


def test_qalys_are_sums_over_cycles_with_the_multiplier_in_the_middle() -> None:
    model = small_model(AGED)
    boundaries = model.time_grid.timeline.boundaries
    middles = (boundaries[:-1] + boundaries[1:]) / 2 / 365.25
    multiplier, factors = found(model, middles.tolist()).multipliers, 1.02**-middles
    survival = [
        survival_at(model, base_draws(model), endpoint, "active", boundaries / 30.4375)[0] for endpoint in ("pfs", "os")
    ]
    free = np.minimum(*survival)
    years = [np.diff(boundaries) / 365.25 * (state[:-1] + state[1:]) / 2 for state in (free, survival[1] - free)]

    qalys = base_outcomes(model).qalys

    for j, (spent, utility) in enumerate(zip(years, (0.75, 0.6), strict=True)):
        assert qalys.undiscounted[0, 1, j] == pytest.approx(utility * float(spent @ multiplier), rel=1e-12)
        assert qalys.discounted[0, 1, j] == pytest.approx(utility * float(spent @ (multiplier * factors)), rel=1e-12)
    assert qalys.components[2] == "adverse_events"
    assert qalys.discounted[0, 1, 2] == pytest.approx(-0.2 * 0.1 * 14 / 365.25, rel=1e-12)


@pytest.mark.parametrize("changes", [AGED, CAPPED, {**AGED, **BANDS}])
def test_life_years_and_costs_do_not_change_at_all(changes: dict[str, Scalar]) -> None:
    aged = base_outcomes(small_model(dict(changes)))
    plain = base_outcomes(small_model({**changes, "utility.over_time": "constant"}))

    for outcome in ("life_years", "costs", "drug_costs", "administrations"):
        for kind in ("undiscounted", "discounted"):
            assert np.array_equal(getattr(getattr(aged, outcome), kind), getattr(getattr(plain, outcome), kind))
    assert np.all(aged.qalys.total < plain.qalys.total)


@pytest.mark.parametrize("changes", [{}, BANDS])
def test_constant_is_as_if_there_were_no_such_row(changes: dict[str, Scalar]) -> None:
    rows = base_outcomes(small_model({**CONSTANT, **changes}))
    none = base_outcomes(small_model(changes))

    assert np.array_equal(rows.qalys.discounted, none.qalys.discounted)
    assert np.array_equal(rows.qalys.undiscounted, none.qalys.undiscounted)


def test_by_time_to_death_the_same_multiplier_counts() -> None:
    """With one utility in all bands it does not matter when people die."""
    utilities: dict[str, Scalar] = {f"utility.time_to_death.{band}": 0.7 for band in ("near", "middle", "far")}
    by_death = base_outcomes(small_model({**AGED, **BANDS, **utilities}))
    by_state = base_outcomes(small_model({**AGED, "utility.progression_free": 0.7, "utility.progressed": 0.7}))

    assert by_death.qalys.total == pytest.approx(by_state.qalys.total, rel=1e-12)


def test_a_utility_above_the_norm_counts_as_the_norm() -> None:
    above = small_model({**CAPPED, "utility.progression_free": 0.9})
    norm = found(above, []).norm
    at = small_model({**CAPPED, "utility.progression_free": norm})

    assert base_outcomes(above).qalys.total == pytest.approx(base_outcomes(at).qalys.total, rel=1e-12)
    outcomes = base_outcomes(above)
    done = outcomes.exposures["active"].adjustments[ADJUSTMENT]
    assert done.first_day.tolist() == [0.0]
    assert done.max_gap == pytest.approx(0.9 - norm, rel=1e-12)
    uncapped = base_outcomes(small_model({**AGED, "utility.progression_free": 0.9}))
    lost = uncapped.qalys.undiscounted_total[:, 1] - outcomes.qalys.undiscounted_total[:, 1]
    assert done.years_moved == pytest.approx(lost, rel=1e-9)
    assert np.isnan(base_outcomes(at).exposures["active"].adjustments[ADJUSTMENT].first_day[0])


def test_the_cap_is_told_with_its_share_of_draws() -> None:
    model = small_model({**CAPPED, "utility.progression_free": 0.82}, uncertain=True)
    run = small_run(model, 200)

    document = results(run)

    (entry,) = [e for e in document.adjustments if (e.strategy, e.rule) == ("active", ADJUSTMENT)]
    assert run.psa is not None
    values = model_draws(model, 200)
    assert entry.share_of_draws is not None
    assert entry.share_of_draws == pytest.approx(float((values > found(model, []).norm).mean()))
    assert 0.2 < entry.share_of_draws < 0.9
    assert adjustment_sentence(entry, Names(document)) == (
        "Utility (progression-free) for Active was capped at the norm of the general population; it was"
        f" {entry.max_gap:.3f} above it at the start; {entry.life_years_moved:.3f} QALYs per patient taken away;"
        f" it also bound in {100 * entry.share_of_draws:.1f}% of the draws."
    )


def model_draws(model: Model, count: int) -> np.ndarray:
    """Drawn utilities while progression-free, as the probabilistic analysis has them."""
    from hemodel.analyses.psa.blocks import block_draws

    return block_draws(model, 1, 0, count)["utility.progression_free"]


@settings(max_examples=8, deadline=None)
@given(
    mean=st.floats(40, 80),
    spread=st.just(0.0) | st.floats(0.5, 12),
    male=numbers(0, 1),
    utilities=st.tuples(numbers(0.0, 1.0), numbers(0.0, 1.0)),
)
def test_with_the_cap_nobody_is_better_off_than_the_population(
    mean: float, spread: float, male: float, utilities: tuple[float, float]
) -> None:
    """QALYs by state are at most person-time at the norm of the age reached."""
    cohort = {"background.mean_age": mean, "background.sd_age": spread, "background.share_male": male}
    states = dict(zip(("utility.progression_free", "utility.progressed"), utilities, strict=True))
    model = small_model({**CAPPED, **cohort, **states})
    adjusted, outcomes = found(model, []), base_outcomes(model)

    for i, strategy in enumerate(model.strategies):
        for j, state in enumerate(("progression_free", "progressed")):
            most = adjusted.norm * outcomes.exposures[strategy].aged_years[state].undiscounted[0]
            assert outcomes.qalys.undiscounted[0, i, j] <= most + 1e-12


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(InputError) as caught:
        small_model({"utility.over_time": "age_adjusted", "background.mean_age": 66})

    assert [problem.what for problem in caught.value.problems] == [
        f"the row {id_} is missing, and utility.over_time needs it"
        for id_ in (
            "utility.norms",
            "background.life_table",
            "background.sd_age",
            "background.youngest_age",
            "background.share_male",
        )
    ]
