"""Stepped discounting of France, Norway and Denmark against tables made by hand.

The factors are products of powers from `bc -l` with scale=22, for example Norway after 80 years:
`1/(1.04^40*1.03^35*1.02^5)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import base_outcomes, exponential_curves, small_model, small_rows

from hemodel.model.timeline import discount_factors
from hemodel.payers.applying import reference_case
from hemodel.payers.reading import shipped

if TYPE_CHECKING:
    from hemodel.model.evaluate import Model

BY_HAND = {
    "FR": {
        0: 1.0,
        1: 0.9756097560975609756,
        30: 0.4767426851809700531,
        31: 0.4696972267792808405,
        40: 0.4107935497836868929,
    },
    "NO": {
        0: 1.0,
        1: 0.9615384615384615385,
        40: 0.2082890446629414178,
        41: 0.2022223734591664250,
        75: 0.0740224684185790344,
        80: 0.0670444302663689628,
    },
}
DAYS, YEAR = 7, 365.25


def applied(code: str) -> Model:
    """The small model under a payer's reference case, run for 100 years, with curves long enough to feel it."""
    made = reference_case(shipped()[code].profile, small_rows()).changes
    own = {change.id: change.value for change in made if change.id.startswith("settings.discount")}
    slow = {
        f"survival.os.{s}.{what}": value
        for s in ("standard", "active")
        for what, value in {"median": 400, "median.low": 300, "median.high": 500, "survival_later": 0.96}.items()
    }
    return small_model({**own, **exponential_curves(), **slow, "settings.time_horizon": 100})


@pytest.mark.parametrize("code", BY_HAND)
@pytest.mark.parametrize("stream", ["cost_rates", "effect_rates"])
def test_factors_multiply_through_the_steps(code: str, stream: str) -> None:
    """Equal to the digits of the table: both sides are products of at most three powers."""
    rates = getattr(applied(code).inputs.settings, stream)
    years = np.array(list(BY_HAND[code]), dtype=np.float64)

    np.testing.assert_allclose(discount_factors(years, rates, "per_cycle"), list(BY_HAND[code].values()), rtol=1e-14)


def by_hand(years: float, steps: list[tuple[float, float]]) -> float:
    """Discount year by year with the rate that stands there, and the part of a year that is left."""
    factor, at = 1.0, 0.0
    while at < years:
        spent = min(1.0, years - at)
        rate = [r for start, r in steps if start <= at][-1]
        factor /= (1 + rate) ** spent
        at += spent
    return factor


@pytest.mark.parametrize(
    ("code", "steps"),
    [
        ("FR", [(0, 0.025), (30, 0.015)]),
        ("NO", [(0, 0.04), (40, 0.03), (75, 0.02)]),
        ("DK", [(0, 0.035), (35, 0.025), (70, 0.015)]),
    ],
)
def test_life_years_of_the_whole_model(code: str, steps: list[tuple[float, float]]) -> None:
    """Survival by cycle, discounted at its middle year by year in a loop; sums of 5,218 terms agree to 1e-10."""
    model = applied(code)
    outcomes = base_outcomes(model)
    months = model.time_grid.timeline.boundaries / 30.4375
    alive = model.fits["os"].curves.survival("standard", months, model.fits["os"].coefficients[None, :])[0]
    ends = model.time_grid.timeline.boundaries
    middle = (ends[1:] + ends[:-1]) / 2 / YEAR
    factors = np.array([by_hand(float(t), steps) for t in middle])
    expected = float(((alive[:-1] + alive[1:]) / 2 * np.diff(ends) / YEAR * factors).sum())

    assert outcomes.life_years.total[0, 0] == pytest.approx(expected, rel=1e-10)
    assert expected < outcomes.life_years.undiscounted_total[0, 0] * 0.7
