"""Statistics known only to be at least or at most a value: penalty, fit, spread, messages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats
from trial import OS, OS_12, PATIENTS, PH, curves

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.fitting import LARGEST_RESIDUAL, bound_residual, bound_slope, fit
from hemodel.survival.reported.problem import fit_problem
from hemodel.survival.reported.statistics import Statistic, bounds, has_error, matched, side, target

LOG_LOG_2 = float(np.log(np.log(2.0)))
ALONE = EndpointCurves("os", (CurveSpec("old", "exp", "independent"),))
MEDIAN = Statistic("os.old.median", "os", "old", "median", 10.6, low=9.5, high=12.2)
NOT_REACHED = Statistic("os.old.more", "os", "old", "median", 20.0, patients=100.0, bound="at_least")
AT_MOST = replace(NOT_REACHED, id="os.old.less", value=6.0, bound="at_most")


def test_residual_is_minus_twice_the_log_probability() -> None:
    u = np.array([-30.0, -5.0, -1.0, 0.0, 0.5, 3.0, 8.0])
    np.testing.assert_allclose(bound_residual(u) ** 2, -2.0 * stats.norm.logcdf(u), rtol=1e-12)
    assert bound_residual(np.array([0.0]))[0] == pytest.approx(np.sqrt(2.0 * np.log(2.0)), rel=1e-14)


def test_slope_is_the_derivative() -> None:
    """Central differences of fourth order, error about (1e-3)^4."""
    u, h = np.linspace(-20.0, 6.0, 53), 1e-3
    ends = [bound_residual(u + k * h) for k in (-2.0, -1.0, 1.0, 2.0)]
    numeric = (ends[0] - ends[3] - 8.0 * (ends[1] - ends[2])) / (12.0 * h)
    np.testing.assert_allclose(bound_slope(u), numeric, rtol=1e-7, atol=1e-11)


def test_far_out_nothing_overflows() -> None:
    u = np.array([-np.inf, np.nan, -1e9, -1e5, 40.0, 1e9, np.inf])
    z, slope = bound_residual(u), bound_slope(u)
    np.testing.assert_allclose(z[:3], LARGEST_RESIDUAL, rtol=1e-9)
    np.testing.assert_allclose(z[3], 1e5, rtol=1e-8)
    np.testing.assert_allclose(slope[:4], -1.0, rtol=1e-8)
    np.testing.assert_array_equal(z[4:], 0.0)
    np.testing.assert_array_equal(slope[4:], 0.0)


def test_a_median_not_reached_is_a_statement_on_survival() -> None:
    stated = matched(NOT_REACHED)
    assert (stated.kind, stated.value, stated.time, stated.bound) == ("survival", 0.5, 20.0, "at_least")
    assert target(NOT_REACHED).y == pytest.approx(LOG_LOG_2, rel=1e-14)
    assert target(NOT_REACHED).se == pytest.approx(np.sqrt(0.25 / 100.0) / (0.5 * np.log(2.0)), rel=1e-14)
    both = replace(NOT_REACHED, low=15.0, high=30.0)
    assert target(both).se == target(NOT_REACHED).se
    assert target(replace(both, patients=None)).se == pytest.approx(np.log(2.0) / 3.919928, rel=1e-14)
    assert matched(MEDIAN) is MEDIAN


def test_sides() -> None:
    """ln(-ln S) falls as survival rises; a mean or a ratio does not."""
    mean = Statistic("m", "os", "old", "restricted_mean", 8.0, time=12.0, low=7.0, high=9.0, bound="at_least")
    assert [side(each) for each in (MEDIAN, NOT_REACHED, AT_MOST, mean)] == [0.0, -1.0, 1.0, 1.0]
    landmark = Statistic("s", "os", "old", "survival", 0.4, time=12.0, patients=100.0, bound="at_least")
    assert [side(landmark), side(replace(landmark, bound="at_most"))] == [-1.0, 1.0]


def plain(bound: Statistic) -> tuple[float, float, float]:
    """Solve for the log rate of one median and one bound on it, by the derivative written out.

    With x the log rate, the objective is ((ln ln 2 - x - ln m) / s)^2 - 2 ln Phi(u), where
    u = +-(ln ln 2 - x - ln b) / t. Returns x, the objective and the inverse information.
    """
    s = np.log(12.2 / 9.5) / 3.919928
    t = np.sqrt(0.25 / 100.0) / (0.5 * np.log(2.0))
    sign = 1.0 if bound.bound == "at_least" else -1.0

    def u(x: float) -> float:
        return float(sign * (LOG_LOG_2 - x - np.log(bound.value)) / t)

    def derivative(x: float) -> float:
        hazard = np.exp(stats.norm.logpdf(u(x)) - stats.norm.logcdf(u(x)))
        return float(2.0 * (x + np.log(10.6) - LOG_LOG_2) / s**2 + 2.0 * sign * hazard / t)

    x = float(optimize.brentq(derivative, -6.0, 0.0, xtol=1e-15, rtol=1e-14))
    z = np.sqrt(-2.0 * stats.norm.logcdf(u(x)))
    slope = np.exp(stats.norm.logpdf(u(x)) - stats.norm.logcdf(u(x))) / z
    return x, float(((LOG_LOG_2 - x - np.log(10.6)) / s) ** 2 + z**2), float(1.0 / (s**-2 + (slope / t) ** 2))


@pytest.mark.parametrize("bound", [NOT_REACHED, AT_MOST, replace(NOT_REACHED, value=10.6)])
def test_a_bound_pulls_as_its_penalty_says(bound: Statistic) -> None:
    result = fit(fit_problem(ALONE, (MEDIAN, bound), None, {}))
    x, objective, variance = plain(bound)
    assert result.coefficients[0] == pytest.approx(x, rel=1e-10)
    assert result.objective == pytest.approx(objective, rel=1e-10)
    assert result.covariance[0, 0] == pytest.approx(variance, rel=1e-8)
    fitted = np.log(2.0) / np.exp(x)
    assert result.targets[1].reported == bound.value
    assert result.targets[1].fitted == pytest.approx(fitted, rel=1e-9)
    assert sum(each.z**2 for each in result.targets) == pytest.approx(objective, rel=1e-10)
    assert (result.n_targets, result.n_parameters) == (1, 1)
    assert (fitted > 10.6) == (bound.bound == "at_least")


@pytest.mark.parametrize("bound", [replace(NOT_REACHED, value=2.0), replace(AT_MOST, value=70.0)])
def test_a_bound_that_holds_by_far_does_nothing(bound: Statistic) -> None:
    """u is about 11.5 or 13, where -2 ln Phi(u) is below 1e-29."""
    free = fit(fit_problem(curves("weibull", PH), OS + OS_12, 15.0, PATIENTS))
    bounded = fit(fit_problem(curves("weibull", PH), (*OS, *OS_12, bound), 15.0, PATIENTS))
    np.testing.assert_allclose(bounded.coefficients, free.coefficients, rtol=1e-10)
    np.testing.assert_allclose(bounded.covariance, free.covariance, rtol=1e-10)
    assert bounded.targets[-1].z == pytest.approx(0.0, abs=1e-12)
    assert bounded.n_targets == free.n_targets


def test_a_bound_on_survival_says_the_same_as_one_on_the_median() -> None:
    landmark = Statistic("os.old.20", "os", "old", "survival", 0.5, time=20.0, patients=100.0, bound="at_least")
    one = fit(fit_problem(ALONE, (MEDIAN, NOT_REACHED), None, {}))
    other = fit(fit_problem(ALONE, (MEDIAN, landmark), None, {}))
    np.testing.assert_array_equal(one.coefficients, other.coefficients)
    assert other.targets[1].fitted == pytest.approx(np.exp(-20.0 * np.exp(other.coefficients[0])), rel=1e-12)


def test_a_bound_only_compared() -> None:
    result = fit(fit_problem(ALONE, (MEDIAN, replace(NOT_REACHED, used=False, patients=None)), None, {}))
    assert result.targets[1].fitted == pytest.approx(10.6)
    assert np.isnan(result.targets[1].z)


def test_bounds_do_not_identify_coefficients() -> None:
    alone = EndpointCurves("os", (CurveSpec("old", "weibull", "independent"),))
    with pytest.raises(SurvivalError) as raised:
        fit_problem(alone, (MEDIAN, NOT_REACHED, AT_MOST), None, {})
    assert str(raised.value) == (
        "os: 1 usable statistic for 2 coefficients (old: 1 for shape, scale). Add a median or a landmark survival "
        "of old, or choose a family with fewer parameters (exp has one). A bound (at least, at most) does not count."
    )
    with pytest.raises(SurvivalError, match=r"2 usable statistics for 2 coefficients, but they leave undetermined"):
        fit_problem(alone, (MEDIAN, replace(MEDIAN, id="twin"), NOT_REACHED), None, {})


@pytest.mark.parametrize(
    ("statistic", "text"),
    [
        (
            replace(NOT_REACHED, patients=None),
            "os.old.more: no standard error. Give n, or low or high or both, or an SE.",
        ),
        (
            replace(NOT_REACHED, bound="more"),
            "os.old.more: bound 'more' is unknown. Known: at_least, at_most.",
        ),
    ],
)
def test_messages(statistic: Statistic, text: str) -> None:
    with pytest.raises(SurvivalError) as raised:
        target(statistic)
    assert str(raised.value) == text


def test_a_bound_has_no_interval() -> None:
    assert has_error(NOT_REACHED)
    with pytest.raises(SurvivalError) as raised:
        bounds(NOT_REACHED)
    assert str(raised.value) == "os.old.more: it is known only to be at least 20; it has no interval."
