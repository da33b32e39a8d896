"""Cycles, weights and discount factors of the live model, against `hemodel.model.timeline`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import small_model
from unit.live_model.calculated import live
from unit.live_model.calculated_models import BANDS, STEPS

from hemodel.live_model.formula import Formula
from hemodel.model.timeline import cycle_boundaries, discount_factors, discount_times, state_time_weights

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


WAYS = [
    *((correction, timing) for correction in ("life_table", "start", "end") for timing in ("middle", "start", "end")),
    ("life_table", "boundaries"),
]


@pytest.mark.parametrize(("correction", "timing"), WAYS)
@pytest.mark.parametrize(("horizon", "length"), [(1, 7), (2, 30.4375), (0.05, 21), (1.5, 365.25), (0.01, 30.4375)])
def test_cycles_and_weights(correction: str, timing: str, horizon: float, length: float) -> None:
    settings: dict[str, Scalar] = {
        "settings.time_horizon": horizon,
        "settings.cycle_length": length,
        "settings.half_cycle_correction": correction,
        "settings.discount_timing": timing,
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
    expected = discount_factors(discount_times(boundaries, timing), ((0.0, 0.04),), "per_cycle")
    for column, factors in zip(time.factors["costs"], expected, strict=True):
        assert np.asarray(column.value)[1 : cycles + 1] == pytest.approx(factors, rel=1e-14)
        assert column.cell(0).value == 1.0
    assert [check.subject for check in time.checks if not check.passes.value] == []


def test_boundaries_discounted_one_by_one_where_only_one_counts_show_in_the_checks() -> None:
    """As after an edit of the file: read as a workbook such a model is refused, so settings are changed after that."""
    model = small_model({"settings.time_horizon": 1, "settings.discount_timing": "boundaries"})
    rows = dict(model.inputs.rows)
    rows["settings.half_cycle_correction"] = replace(rows["settings.half_cycle_correction"], value="start")
    time = live(replace(model, inputs=replace(model.inputs, rows=rows))).calculation.time
    failed = [check for check in time.checks if not check.passes.value]
    assert [check.subject for check in failed] == ["Boundaries discounted one by one both count"]


def test_boundaries_beyond_the_horizon_are_counted_from_it() -> None:
    """A year is 52 weeks and 1.25 days: the 53rd boundary is day 365.25, the next a week later."""
    time = live(small_model({"settings.time_horizon": 1, **BANDS})).calculation.time
    days = np.asarray(time.day.value)
    assert days[51:55] == pytest.approx([357.0, 364.0, 365.25, 372.25], rel=1e-15)
    asked = np.array([0.0, 6.9, 363.9, 364.0, 365.2, 365.25, 372.2, 372.25, 379.24])
    found = time.boundary(Formula("A1", asked)).value
    assert found.tolist() == [1, 1, 52, 53, 53, 54, 54, 55, 55]


def test_bands_of_time_to_death_have_rows_beyond_the_end() -> None:
    """The longest band is 100 days: 15 cycles of 7 days beyond the 53 of a year, and some to spare."""
    time = live(small_model({"settings.time_horizon": 1, **BANDS})).calculation.time

    assert time.cycles.value == 53
    assert time.number.rows - 1 == 53 + 15 + 4


def test_later_rates_are_read_by_formulas() -> None:
    read = live(small_model({"settings.time_horizon": 1, **STEPS})).parameters.read

    assert {"settings.discount_rate_costs", *STEPS} <= {id_ for id_, readers in read.items() if "formulas" in readers}
