"""Equal value of life-years gained, against sums of exponentials written down by hand.

Curves are exponential with the rates below (a month), so that survival at each weekly boundary is a formula, and its
trapezoidal sum over n weeks is w / 2 (1 + q) / (1 - q) (1 - q^n) with q = e^(-rate x week), as in `geometric`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import (
    base_outcomes,
    exponential_curves,
    no_discounting,
    small_model,
    with_coefficients,
)

from hemodel.analyses import modifiers as evlyg
from hemodel.analyses.modifiers import equal_value_life_years
from hemodel.analyses.psa.blocks import block_draws
from hemodel.model.evaluate import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray

INPUTS = Path(__file__).parents[3] / "inputs"
COHORT: dict[str, Scalar] = {"mean_age": 66, "sd_age": 9, "youngest_age": 18, "share_male": 0.6}
EXACT = 1e-11
"""Rounding over sums of a few hundred cycles, relative."""
REFERENCE = 0.85
DAYS = np.append(7.0 * np.arange(522.0), 3652.5)
"""Boundaries of the 521 weeks and 5.5 days in ten years."""
FREE, PROGRESSED = 0.75, 0.6
PFS_OLD, PFS_NEW, OS_OLD, OS_NEW = 0.25, 0.15, 0.06, 0.03
RASH = (0.2 - 0.05) * 0.1 * 14 / 365.25
BANDS: dict[str, Scalar] = {
    "settings.utilities_by": "time_to_death",
    "utility.time_to_death.near": 0.4,
    "utility.time_to_death_within.near": 91,
    "utility.time_to_death.far": 0.7,
}


def geometric(rate: float) -> float:
    """Years in a state that is left at a constant rate a month, over all cycles."""
    return float(np.trapezoid(np.exp(-rate * DAYS / 30.4375), DAYS / 365.25))


def exponential(changes: Mapping[str, Scalar] | None = None) -> Model:
    return small_model({**exponential_curves(), **no_discounting(), **(changes or {})})


def rates(model: Model, os_new: float = OS_NEW) -> dict[str, FloatArray]:
    return with_coefficients(model, {"pfs": np.log([PFS_OLD, PFS_NEW]), "os": np.log([OS_OLD, os_new])})


def qalys_gained(model: Model, draws: Mapping[str, FloatArray]) -> FloatArray:
    total = evaluate(model, draws).qalys.total
    return total - total[:, :1]


def test_added_life_counts_at_the_reference_and_shared_life_at_its_utility() -> None:
    """With f = PFS / OS of the intervention = e^(-(p1 - b) t): the sum of
    u (e^-bt - e^-at) + e^-at (0.6 + 0.15 f) - (0.6 e^-at + 0.15 e^(-p0 t)), less the rash."""
    model = exponential()
    found = equal_value_life_years(model, rates(model), REFERENCE)

    added = REFERENCE * (geometric(OS_NEW) - geometric(OS_OLD))
    better = (FREE - PROGRESSED) * (geometric(PFS_NEW - OS_NEW + OS_OLD) - geometric(PFS_OLD))
    assert found[0, 0] == 0.0
    assert found[0, 1] == pytest.approx(added + better - RASH, rel=EXACT)


def test_no_life_gained_is_the_qaly() -> None:
    """V091, second part: the same OS in both, and a shorter one, which counts as in QALYs."""
    model = small_model(exponential_curves())
    for os_new in (OS_OLD, 0.1):
        draws = rates(model, os_new)
        found = equal_value_life_years(model, draws, REFERENCE)
        np.testing.assert_allclose(found, qalys_gained(model, draws), rtol=EXACT)


def test_never_below_the_qaly_where_added_life_is_worth_at_most_the_reference() -> None:
    """V091, first part: in every draw of a model whose utilities stay below 0.95."""
    model = small_model(uncertain=True)
    draws = block_draws(model, 1, 0, 500)
    assert max(draws["utility.progression_free"].max(), draws["utility.progressed"].max()) < 0.95

    assert np.all(equal_value_life_years(model, draws, 0.95) >= qalys_gained(model, draws) - EXACT)


@pytest.mark.parametrize("bands", [{}, BANDS])
def test_one_utility_everywhere_is_the_qaly(bands: Mapping[str, Scalar]) -> None:
    """With every utility the reference, discounted, with a life table's half-cycle and with none."""
    same = dict.fromkeys(("utility.progression_free", "utility.progressed"), REFERENCE)
    same |= {id_: REFERENCE for id_ in bands if id_.startswith("utility.time_to_death.")}
    for correction in ("life_table", "start", "end"):
        model = small_model({**bands, **same, "settings.half_cycle_correction": correction})
        draws = base_draws(model)
        found = equal_value_life_years(model, draws, REFERENCE)
        np.testing.assert_allclose(found, qalys_gained(model, draws), rtol=EXACT)


def test_utilities_by_time_to_death() -> None:
    """Those within 91 days of death are 1 - e^(-rate x 91 days) of the living at any time, so that the mean utility of
    an arm is constant: u (S1 - S0) + S0 (u1 - u0)."""
    model = exponential(BANDS)
    old, new = (0.4 + 0.3 * np.exp(-rate * 91 / 30.4375) for rate in (OS_OLD, OS_NEW))

    added = REFERENCE * (geometric(OS_NEW) - geometric(OS_OLD))
    expected = added + (new - old) * geometric(OS_OLD) - RASH
    found = equal_value_life_years(model, rates(model), REFERENCE)
    assert found[0, 1] == pytest.approx(expected, rel=EXACT)


def test_curves_that_cross_count_by_cycle() -> None:
    """OS of the intervention is below before and above after the crossing; added up boundary by boundary."""
    model = small_model(no_discounting() | {"curve.os.standard.family": "exp", "curve.pfs.standard.family": "exp"})
    os_new = (np.log(2.0), np.log(30.0))
    draws = with_coefficients(model, {"os": [np.log(0.06), *os_new], "pfs": [np.log(0.25), 0.0, np.log(1 / 0.3)]})
    expected, before = 0.0, None
    for day in DAYS:
        t = day / 30.4375
        s0, s1 = np.exp(-0.06 * t), np.exp(-((t / 30.0) ** 2.0))
        q0 = PROGRESSED * s0 + (FREE - PROGRESSED) * np.exp(-0.25 * t)
        q1 = PROGRESSED * s1 + (FREE - PROGRESSED) * min(s1, np.exp(-0.3 * t))
        gain = REFERENCE * (s1 - s0) + s0 * q1 / s1 - q0 if s1 > s0 else q1 - q0
        if before is not None:
            expected += (gain + before[1]) / 2.0 * (day - before[0]) / 365.25
        before = day, gain
    found = equal_value_life_years(model, draws, REFERENCE)

    assert found[0, 1] == pytest.approx(expected - RASH, rel=1e-9)


def test_blocks_of_draws_leave_every_draw_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model(uncertain=True)
    draws = block_draws(model, 2, 0, 50)
    whole = equal_value_life_years(model, draws, REFERENCE)
    monkeypatch.setattr(evlyg, "POINTS_PER_BLOCK", 7 * model.time_grid.timeline.days.size)

    assert whole.shape == (50, 2)
    np.testing.assert_allclose(equal_value_life_years(model, draws, REFERENCE), whole, rtol=EXACT)


def test_what_acts_on_the_curves_counts() -> None:
    """An OS hazard ratio of 0.5 on the intervention's curve is the rate halved."""
    id_ = "effect.os.active.hazard_ratio"
    plain, acted = exponential(), exponential({id_: 0.5})
    found = equal_value_life_years(acted, rates(acted, 2 * OS_NEW), REFERENCE)
    expected = equal_value_life_years(plain, rates(plain), REFERENCE)

    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_of_the_base_case_more_than_the_qaly() -> None:
    model = small_model()
    gained = base_outcomes(model).qalys.total[0, 1] - base_outcomes(model).qalys.total[0, 0]

    assert equal_value_life_years(model, base_draws(model), REFERENCE)[0, 1] > gained


@pytest.mark.parametrize("bands", [{}, BANDS])
@pytest.mark.parametrize("over_time", ["age_adjusted", "age_adjusted_capped"])
def test_utilities_that_change_with_age(over_time: str, bands: Mapping[str, Scalar]) -> None:
    """Without life gained the QALY, of the age reached; without any utility of its own, added life at the reference."""
    ageing: dict[str, Scalar] = {
        "background.life_table": str(INPUTS / "life_tables" / "england_2018_2020.csv"),
        **{f"background.{name}": value for name, value in COHORT.items()},
        "utility.norms": str(INPUTS / "utility_norms" / "england_hse2014.csv"),
        "utility.over_time": over_time,
        "utility.progression_free": 0.95,
    }
    same = small_model({**exponential_curves(), **bands, **ageing})
    draws = rates(same, OS_OLD)
    found = equal_value_life_years(same, draws, REFERENCE)
    np.testing.assert_allclose(found, qalys_gained(same, draws), rtol=EXACT)

    own = [id_ for id_ in bands if id_.startswith("utility.time_to_death.")]
    none: dict[str, Scalar] = dict.fromkeys(("utility.progression_free", "utility.progressed", *own), 0)
    model = small_model({**exponential_curves(), **bands, **ageing, **none})
    draws = rates(model)
    years = evaluate(model, draws).life_years.total[0]
    found = equal_value_life_years(model, draws, REFERENCE)
    assert found[0, 1] == pytest.approx(REFERENCE * (years[1] - years[0]) - RASH, rel=EXACT)
