"""Cycles, weights and discount factors of the live model, against `hemodel.model.timeline`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model
from unit.live_model.calculated import live
from unit.live_model.calculated_models import BANDS, STEPS

from hemodel.live_model.formula import Formula
from hemodel.model.timeline import cycle_boundaries, discount_factors, midpoints, state_time_weights

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

YEARS = np.array([0.0, 0.5, 1.0 - 1e-12, 1.0, 1.999, 2.0, 2.5, 3.0, 3.25, 40.0])
"""On and beside the years in which the rates of `STEPS` change."""


@pytest.mark.parametrize("method", ["per_cycle", "annual"])
@pytest.mark.parametrize("steps", [{}, STEPS])
def test_discount_factors(method: str, steps: dict[str, Scalar]) -> None:
    model = small_model({"settings.time_horizon": 1, "settings.discounting": method, **steps})
    time = live(model).calculation.time
    rates = {"costs": model.inputs.settings.cost_rates, "effects": model.inputs.settings.effect_rates}

    for stream, own in rates.items():
        found = time.discount(Formula("A1", YEARS), stream).value
        assert found == pytest.approx(discount_factors(YEARS, own, method), rel=1e-14)


@pytest.mark.parametrize("correction", ["life_table", "start", "end"])
@pytest.mark.parametrize(("horizon", "length"), [(1, 7), (2, 30.4375), (0.05, 21), (1.5, 365.25)])
def test_cycles_and_weights(correction: str, horizon: float, length: float) -> None:
    settings: dict[str, Scalar] = {
        "settings.time_horizon": horizon,
        "settings.cycle_length": length,
        "settings.half_cycle_correction": correction,
    }
    time = live(small_model(settings)).calculation.time
    boundaries = cycle_boundaries(horizon, length)
    cycles = boundaries.size - 1
    years = np.asarray(time.years.value)
    weights = np.zeros(years.size + 1)
    weights[: years.size] += float(time.at_end.value) * years
    weights[:-2] += float(time.at_start.value) * years[1:]

    assert time.cycles.value == cycles
    assert time.number.rows >= cycles + 5
    assert np.asarray(time.day.value)[: cycles + 1] == pytest.approx(boundaries, rel=1e-15)
    assert weights[: cycles + 1] == pytest.approx(
        state_time_weights(boundaries, np.ones(cycles), correction), rel=1e-14, abs=1e-16
    )
    assert not weights[cycles + 1 :].any()
    middle = discount_factors(midpoints(boundaries), ((0.0, 0.04),), "per_cycle")
    assert np.asarray(time.factors["costs"].value)[1 : cycles + 1] == pytest.approx(middle, rel=1e-14)


def test_bands_of_time_to_death_have_rows_beyond_the_end() -> None:
    """The longest band is 100 days: 15 cycles of 7 days beyond the 53 of a year, and some to spare."""
    time = live(small_model({"settings.time_horizon": 1, **BANDS})).calculation.time

    assert time.cycles.value == 53
    assert time.number.rows - 1 == 53 + 15 + 4


def test_later_rates_are_read_by_formulas() -> None:
    read = live(small_model({"settings.time_horizon": 1, **STEPS})).parameters.read

    assert {"settings.discount_rate_costs", *STEPS} <= {id_ for id_, readers in read.items() if "formulas" in readers}
