"""The standard log-gamma variable: against quadrature of its density, and in its tails."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special

from hemodel.survival.families import gamma_functions as incomplete_gamma
from hemodel.survival.families import gamma_functions as log_gamma

SHAPES = [-2.5, -1.0, -0.3, -0.02, -0.0099, -0.001, 0.0, 1e-6, 0.001, 0.0099, 0.02, 0.3, 1.0, 2.5]


@pytest.mark.parametrize("q", SHAPES)
@pytest.mark.parametrize("w", [-6.0, -2.0, -0.5, 0.0, 0.7, 1.2])
def test_survival_is_the_area_under_the_density(q: float, w: float) -> None:
    """The area left of w where that is small, else right of it."""

    def density(x: float) -> float:
        return float(np.exp(log_gamma.log_density(np.array([[q]]), np.array([[x]])))[0, 0])

    def area(side: float) -> float:
        edges = w + side * np.concatenate([[0.0], np.geomspace(0.25, 4096.0, 30)])
        parts = [integrate.quad(density, a, b, epsabs=1e-14, epsrel=1e-13)[0] for a, b in pairwise(edges)]
        return float(side * sum(parts))

    left, right = area(-1.0), area(1.0)
    assert left + right == pytest.approx(1.0, rel=1e-11)
    args = np.array([[q]]), np.array([[w]])
    assert log_gamma.survival(*args)[0, 0] == pytest.approx(right, rel=1e-10)
    assert log_gamma.cumulative_hazard(*args)[0, 0] == pytest.approx(-np.log(right), rel=1e-8)


@pytest.mark.parametrize("q", [-0.3, -0.1, -0.011, -0.009, -0.002, 0.002, 0.009, 0.011, 0.1])
def test_the_hazard_is_smooth_through_the_far_tail(q: float) -> None:
    """Past the smallest representable survival the slope is still the hazard."""
    w = np.linspace(20.0, 150.0 if q < 0.0 else 60.0, 400)
    shape = np.array([[q]])
    step = 1e-3
    hazard = [log_gamma.cumulative_hazard(shape, w[None, :] + k * step) for k in (-1, 0, 1)]
    slope = (hazard[2] - hazard[0]) / (2.0 * step)
    expected = np.exp(log_gamma.log_density(shape, w[None, :]) + hazard[1])
    assert hazard[1].max() > 700.0 or q == -0.3
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


@pytest.mark.parametrize("q", [-1.0, -0.009, -0.002, 0.002, 0.009, 1.0])
def test_extreme_values_do_not_break(q: float) -> None:
    w = np.array([[-1e5, -1e3, 1e3, 1e5]])
    hazard = log_gamma.cumulative_hazard(np.array([[q]]), w)
    assert not np.isnan(hazard).any()
    assert np.all(np.diff(hazard[0]) >= 0.0)


@pytest.mark.parametrize("q", SHAPES)
def test_value_at_inverts_the_cumulative_hazard(q: float) -> None:
    level = np.array([1e-8, 0.01, 0.5, 0.7, 3.0, 30.0])
    w = log_gamma.value_at(np.full(level.size, q), level)
    found = log_gamma.cumulative_hazard(np.array([[q]]), w[None, :])
    np.testing.assert_allclose(found[0], level, rtol=1e-9)


@pytest.mark.parametrize("a", [0.05, 0.4, 0.99, 1.0, 2.5])
def test_incomplete_gamma_equals_scipy(a: float) -> None:
    x = np.array([1e-300, 1e-6, 0.1, 0.9, 1.0999, 1.1001, 5.0, 50.0])
    shape = np.array([a])
    np.testing.assert_allclose(incomplete_gamma.lower(shape, x), special.gammainc(a, x), rtol=1e-13)
    np.testing.assert_allclose(incomplete_gamma.upper(shape, x), special.gammaincc(a, x), rtol=1e-12)


def test_stirling_remainder() -> None:
    x = np.array([0.2, 1.0, 14.999, 15.001, 300.0, np.inf])
    found = incomplete_gamma.stirling_remainder(x)
    direct = special.gammaln(x[:4]) - (x[:4] - 0.5) * np.log(x[:4]) + x[:4]
    np.testing.assert_allclose(found[:4], direct - 0.5 * np.log(2.0 * np.pi), rtol=1e-11)
    assert found[4] == pytest.approx(1.0 / 3600.0, rel=1e-6)
    assert found[5] == 0.0
