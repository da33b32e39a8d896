"""Quantiles by polynomials agree with the inverse functions of SciPy, and give way to them where they do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from hemodel.distributions import Distribution, polynomials

PROBABILITIES = np.concatenate(
    [np.random.default_rng(1).random(20_000), [1e-300, 1e-16, 1e-9, 0.5, 1 - 1e-9, 1 - 1e-16]]
)


@pytest.mark.parametrize("shape", [0.01, 0.05, 0.3, 1.0, 5.0, 25.0, 96.0, 400.0, 5000.0, 1e6])
def test_gamma(shape: float) -> None:
    """To 1e-12 of scipy.special.gammaincinv, which is itself good to about 1e-14."""
    found = Distribution("gamma", (shape, 3.0)).quantile(PROBABILITIES)
    np.testing.assert_allclose(found, 3.0 * special.gammaincinv(shape, PROBABILITIES), rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    "parameters", [(0.05, 0.05), (0.3, 0.2), (1, 1), (2, 1000), (30, 20), (400, 3), (5e3, 2e3), (20, 1e5)]
)
def test_beta(parameters: tuple[float, float]) -> None:
    """To 1e-12 of scipy.special.betaincinv."""
    found = Distribution("beta", parameters).quantile(PROBABILITIES)
    np.testing.assert_allclose(found, special.betaincinv(*parameters, PROBABILITIES), rtol=1e-12, atol=0)


def test_an_exponential_quantile_in_closed_form() -> None:
    """Gamma with shape 1 is exponential: -log(1 - p)."""
    found = Distribution("gamma", (1.0, 2.0)).quantile(PROBABILITIES[:-6])
    np.testing.assert_allclose(found, -2.0 * np.log1p(-PROBABILITIES[:-6]), rtol=1e-13)


def test_a_value_does_not_depend_on_those_beside_it() -> None:
    drawn = Distribution("gamma", (96.0, 1.0))
    found = drawn.quantile(PROBABILITIES)
    np.testing.assert_array_equal(drawn.quantile(PROBABILITIES[:7]), found[:7])
    np.testing.assert_array_equal(drawn.quantile(PROBABILITIES[5:6]), found[5:6])


def test_a_function_with_a_step_has_no_polynomials() -> None:
    assert polynomials(lambda p: np.where(p < 0.1, 1.0, 2.0), lambda p: np.full_like(p, 2.0)) is None


def test_a_quantile_that_vanishes_has_no_polynomials() -> None:
    assert polynomials(lambda p: 0.0 * p, lambda p: 0.0 * p) is None
