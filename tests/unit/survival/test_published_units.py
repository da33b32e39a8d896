"""Coefficients for another unit of time: S(t / f) by the formula of each family, and the covariance that goes with it.

A unit of f months makes a time of t months one of t / f units. Every family's curve is known in the unit of the
publication, so the expected survival is that curve at t / f. The covariance is J V J' with slopes J by differences of
the moved coefficients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.published import Converted, in_other_unit

if TYPE_CHECKING:
    from hemodel.survival.family import Array

T = np.array([0.0, 0.7, 3.0, 12.0, 50.0])
NAMES = (
    *FAMILIES,
    "mixture_cure(weibull)",
    "nonmixture_cure(gompertz)",
    "spline(hazard, knots at 2 9 40)",
    "spline(odds, knots at 2 5 9 40)",
    "spline(normal, knots at 2 40)",
)
FACTORS = (1.0 / 30.4375, 7.0 / 30.4375, 12.0)


def converted(name: str, row: int = 1) -> Converted:
    """Coefficients of a curve with a median of 10 units and standard errors near 0.05, correlated."""
    shape = family(name)
    starts = shape.starts(10.0)
    values = starts[row % len(starts)]
    roots = 0.05 * np.tril(np.random.default_rng(3).uniform(0.2, 1.0, (values.size, values.size)))
    return Converted(name, shape.labels, values, roots @ roots.T, "", "As printed.")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", FACTORS)
def test_survival_is_that_of_the_publication(name: str, factor: float) -> None:
    given = converted(name)
    moved = in_other_unit(given, factor, "units")
    found = family(moved.family).survival(T, moved.coefficients[None, :])
    expected = family(name).survival(T / factor, given.coefficients[None, :])
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-13)
    assert moved.text == "As printed. From units to months."
    assert moved.names == given.names


def differences(name: str, factor: float) -> Array:
    """Slopes of the moved coefficients by those given, by differences of the moved coefficients themselves."""
    given = converted(name)

    def at(values: Array) -> Array:
        other = Converted(given.family, given.names, values, given.covariance, "", "")
        return in_other_unit(other, factor, "units").coefficients

    steps = 1e-5 * np.eye(given.coefficients.size)
    columns = [at(given.coefficients + step) - at(given.coefficients - step) for step in steps]
    return np.asarray(np.column_stack(columns) / 2e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("factor", FACTORS)
def test_covariance_by_the_delta_method(name: str, factor: float) -> None:
    """Differences with a step of 1e-5 have an error near 1e-9; the map is linear but for the Weibull by hazard."""
    given = converted(name)
    slopes = differences(name, factor)
    moved = in_other_unit(given, factor, "units")
    np.testing.assert_allclose(moved.covariance, slopes @ given.covariance @ slopes.T, rtol=2e-6, atol=1e-10)


def test_a_weibull_by_hazard_by_hand() -> None:
    """H = s t^a in units is s f^-a t^a in months: ln s goes to ln s - a ln f, with slope -a ln f by ln a."""
    given = Converted("weibullPH", ("a", "s"), np.log([1.4, 0.003]), np.diag([0.01, 0.04]), "", "")
    log_factor = np.log(12.0)
    moved = in_other_unit(given, 12.0, "years")
    slope = -1.4 * log_factor
    np.testing.assert_allclose(moved.coefficients, [np.log(1.4), np.log(0.003) - 1.4 * log_factor], rtol=1e-14)
    expected = [[0.01, 0.01 * slope], [0.01 * slope, 0.01 * slope**2 + 0.04]]
    np.testing.assert_allclose(moved.covariance, expected, rtol=1e-8)


def test_knots_move_with_the_unit() -> None:
    moved = in_other_unit(converted("spline(hazard, knots at 2 9 40)"), 0.5, "half months")
    assert moved.family == "spline(hazard, knots at 1.0 4.5 20.0)"


def test_months_stay_as_they_are() -> None:
    given = converted("gengamma")
    assert in_other_unit(given, 1.0, "months") is given


@pytest.mark.parametrize("name", ["piecewise(3, 7)", "join(exp, 6, weibull)"])
def test_families_without_a_rule_are_refused(name: str) -> None:
    with pytest.raises(SurvivalError, match=r"cannot be turned into months. Give them for times in months."):
        in_other_unit(converted(name), 12.0, "years")


@pytest.mark.parametrize("factor", [1.0, 12.0])
def test_a_spline_without_knots_is_refused(factor: float) -> None:
    shape = family("spline(hazard, 2 knots)")
    given = Converted(shape.name, shape.labels, np.zeros(4), np.zeros((4, 4)), "", "")
    with pytest.raises(SurvivalError, match=r"^coefficients of spline\(hazard, 2 knots\) are no curve without data"):
        in_other_unit(given, factor, "years")
