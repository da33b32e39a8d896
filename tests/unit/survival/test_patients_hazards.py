"""Shapes of hazards and acceleration from patients, against definitions and exact cases."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import integrate

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.data import PatientData, patients, pooled, read_patients
from hemodel.survival.patients.fitting import maximum_likelihood
from hemodel.survival.patients.hazards import (
    default_bandwidth,
    kernel_weights,
    log_cumulative_hazard_points,
    smoothed_hazard,
)
from hemodel.survival.patients.proportionality import constant_acceleration, quantile_points

LUNG = Path(__file__).parents[2] / "reference" / "data" / "flexsurv_lung_data.csv"


def by_sex() -> tuple[PatientData, PatientData]:
    data = read_patients(LUNG, time="time", event="event", strategy="sex")
    return data["1"], data["2"]


def times_two() -> tuple[PatientData, PatientData]:
    men = by_sex()[0]
    return men, patients(2.0 * men.time, men.event)


def test_points_of_the_log_cumulative_hazard() -> None:
    """Four patients, three deaths: S = 3/4, 1/2 (one censored at 2.5), 0 left out."""
    log_time, log_hazard = log_cumulative_hazard_points(patients([1, 2, 2.5, 4], [1, 1, 0, 1]))
    np.testing.assert_allclose(log_time, np.log([1.0, 2.0]), rtol=1e-15)
    np.testing.assert_allclose(log_hazard, np.log(-np.log([0.75, 0.5])), rtol=1e-14)


@pytest.mark.parametrize("time", [0.0, 0.7, 2.0, 5.0, 8.5, 10.0])
def test_kernels_have_area_1_and_are_centred(time: float) -> None:
    """Area 1 and first moment 0 at every distance from the ends: what makes them unbiased there."""

    def moment(power: int) -> float:
        def value(event: float) -> float:
            return float(kernel_weights(np.array([time]), np.array([event]), 2.0, 10.0)[0, 0]) * (event - time) ** power

        low, high = max(time - 2.0, 0.0), min(time + 2.0, 10.0)
        return float(integrate.quad(value, low, high, epsabs=1e-12)[0])

    assert moment(0) == pytest.approx(1.0, abs=1e-9)
    assert moment(1) == pytest.approx(0.0, abs=1e-9)


def test_inside_the_kernel_is_epanechnikovs() -> None:
    events = np.array([3.0, 4.0, 5.5, 6.9, 7.1])
    z = (5.0 - events) / 2.0
    expected = np.where(np.abs(z) <= 1.0, 0.75 * (1.0 - z * z), 0.0) / 2.0
    np.testing.assert_allclose(kernel_weights(np.array([5.0]), events, 2.0, 10.0)[0], expected, rtol=1e-14, atol=1e-16)


@pytest.mark.parametrize("rate", [0.02, 0.5])
def test_exponential_patients_have_a_constant_hazard(rate: float) -> None:
    """20,000 patients at the quantiles of an exponential curve, stopped where 10% are left.

    Increments are 1 / at risk at regular steps of the cumulative hazard, so the sum is a
    Riemann sum over at least 700 steps: 1%, at the ends too.
    """
    time = -np.log(1.0 - (np.arange(20_000) + 0.5) / 20_000) / rate
    last = np.log(10.0) / rate
    data = patients(np.minimum(time, last), time < last)
    found = smoothed_hazard(data, np.linspace(0.0, last, 41))
    np.testing.assert_allclose(found.hazard, rate, rtol=0.01)
    assert np.all((found.low < rate) & (rate < found.high))


def test_estimate_and_interval_by_sums() -> None:
    men = by_sex()[0]
    found = smoothed_hazard(men, np.array([400.0]), 150.0)
    total = variance = 0.0
    for time in np.unique(men.time[men.event == 1.0]):
        z = (400.0 - time) / 150.0
        if abs(z) <= 1.0:
            deaths, risk = ((men.time == time) & (men.event == 1.0)).sum(), (men.time >= time).sum()
            total += 0.75 * (1.0 - z * z) * deaths / risk / 150.0
            variance += (0.75 * (1.0 - z * z) / 150.0) ** 2 * deaths / risk**2
    assert found.hazard[0] == pytest.approx(total, rel=1e-13)
    factor = np.exp(1.959964 * np.sqrt(variance) / total)
    assert (found.low[0], found.high[0]) == pytest.approx((total / factor, total * factor), rel=1e-13)


def test_bandwidth_by_default() -> None:
    """112 deaths, follow-up to 1,022 days: 1022 / (2 x 112^0.2) = 198.9."""
    men = by_sex()[0]
    assert default_bandwidth(men) == pytest.approx(198.9, abs=0.05)
    assert smoothed_hazard(men, np.array([100.0])).bandwidth == default_bandwidth(men)


def test_smoothing_that_is_refused() -> None:
    men = by_sex()[0]
    for width in (0.0, 600.0):
        with pytest.raises(SurvivalError, match=r"The bandwidth is .* must be above 0 and at most 511"):
            smoothed_hazard(men, np.array([100.0]), width)
    with pytest.raises(SurvivalError, match=r"from time 0 to 1022, the last time of follow-up"):
        smoothed_hazard(men, np.array([1023.0]))


def test_quantiles_of_stretched_times_lie_on_a_line() -> None:
    found = quantile_points(*times_two())
    np.testing.assert_allclose(found.strategy, 2.0 * found.reference, rtol=1e-14)
    assert found.slope == pytest.approx(2.0, rel=1e-14)
    assert found.share[9] == 0.5
    assert found.reference[9] == 270.0


def test_quantiles_stop_at_the_last_share_that_both_reach() -> None:
    found = quantile_points(patients([1, 2, 3, 4], [1, 1, 1, 1]), patients([2, 5, 6, 7], [1, 1, 0, 0]))
    assert found.share[-1] == 0.5
    assert (found.reference[-1], found.strategy[-1]) == (2.5, 5.0)
    with pytest.raises(SurvivalError, match=r"fewer than 5% of one strategy's patients had the event"):
        quantile_points(patients([1, 2], [1, 1]), patients([2, 5], [0, 0]))


def test_stretched_times_have_a_constant_factor() -> None:
    """Exactly 2: the shared shape fits as well as two shapes."""
    found = constant_acceleration(*times_two())
    assert found.log_acceleration_factor.value == pytest.approx(np.log(2.0), abs=1e-7)
    assert found.test.statistic == pytest.approx(0.0, abs=1e-8)
    assert found.test.degrees_of_freedom == 2
    assert found.test.p_value == pytest.approx(1.0, abs=1e-8)


def test_the_likelihood_ratio_from_fits_without_effects() -> None:
    """Own shapes: each sex alone. Shared: women's times divided by the factor, pooled with men's.

    The change of unit costs log(factor) for each of the women's 53 deaths.
    """
    men, women = by_sex()
    found = constant_acceleration(men, women)
    factor = np.exp(found.log_acceleration_factor.value)
    curves = EndpointCurves("os", (CurveSpec("all", "gengamma", "independent"),))

    def value(data: PatientData) -> float:
        return maximum_likelihood(curves, {"all": data}).log_likelihood

    shared = value(pooled([men, patients(women.time / factor, women.event)])) - 53.0 * np.log(factor)
    assert found.test.statistic == pytest.approx(2.0 * (value(men) + value(women) - shared), rel=1e-8)


def test_a_changed_shape_is_not_acceleration() -> None:
    """Times squared over their median: another shape, P far below 0.001; P = exp(-x / 2) with 2 df."""
    men = by_sex()[0]
    found = constant_acceleration(men, patients(men.time**2 / 270.0, men.event))
    assert found.test.statistic > 14.0
    assert found.test.p_value == pytest.approx(np.exp(-0.5 * found.test.statistic), rel=1e-12)
