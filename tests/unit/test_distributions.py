"""Distributions have the moments and points that their inputs declare."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from hemodel.distributions import DistributionError, distribution, standard_error

GRID = (np.arange(200_000) + 0.5) / 200_000
"""Even probabilities: the mean over them is an integral, good to about 1e-4 of the spread."""


@pytest.mark.parametrize("name", ["beta", "gamma", "lognormal", "normal"])
def test_moments(name: str) -> None:
    drawn = distribution(name, 0.7, se=0.0433)
    assert drawn is not None
    values = drawn.quantile(GRID)

    assert values.mean() == pytest.approx(0.7, rel=1e-5)
    assert values.std() == pytest.approx(0.0433, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "value", "uncertainty", "reference"),
    [
        # scipy.stats with the parameters worked out by hand from mean 0.6 and SE 0.1: a + b = 0.24 / 0.01 - 1 = 23
        ("beta", 0.6, {"se": 0.1}, stats.beta(13.8, 9.2)),
        ("beta_counts", 0.08, {"n": 242.0}, stats.beta(19.86, 223.14)),
        ("gamma", 100.0, {"se": 20.0}, stats.gamma(25, scale=4)),
        # mean 20 and SD 16: E[X^2] = 656 = 400 x 1.64, so exp(sdlog^2) = 1.64 and exp(meanlog) = 20 / sqrt(1.64)
        ("lognormal", 20.0, {"se": 16.0}, stats.lognorm(np.log(1.64) ** 0.5, scale=20 / 1.64**0.5)),
        # SE of 0.75 of the mean: exp(sdlog^2) = 1.5625 = 1.25^2, so exp(meanlog) = 2000 / 1.25
        ("lognormal", 2000.0, {"low": 60.054, "high": 5939.946}, stats.lognorm(np.log(1.5625) ** 0.5, scale=1600)),
        ("normal", 1.79, {"low": 1.6, "high": 2.0}, stats.norm(1.79, 0.4 / 3.919928)),
        ("uniform", 0.9, {"low": 0.8, "high": 1.0}, stats.uniform(0.8, 0.2)),
    ],
)
def test_quantiles(name: str, value: float, uncertainty: dict[str, Any], reference: Any) -> None:
    drawn = distribution(name, value, **uncertainty)
    points = np.array([0.001, 0.025, 0.5, 0.975, 0.999])

    assert drawn is not None
    np.testing.assert_allclose(drawn.quantile(points), reference.ppf(points), rtol=1e-9)


def test_a_lognormal_of_a_ratio_has_its_value_as_median_and_its_interval() -> None:
    """Reported as 10.6 (9.5 to 12.2), on the log scale; with an SE alone sdlog is SE / value."""
    points = np.array([0.001, 0.025, 0.5, 0.975, 0.999])
    interval = distribution("lognormal", 10.6, low=9.5, high=12.2, value_is="median")
    error = distribution("lognormal", 10.0, se=2.0, value_is="median")

    assert interval is not None
    assert error is not None
    expected = stats.lognorm(np.log(12.2 / 9.5) / 3.919928, scale=10.6).ppf(points)
    np.testing.assert_allclose(interval.quantile(points), expected, rtol=1e-9)
    np.testing.assert_allclose(error.quantile(points), stats.lognorm(0.2, scale=10).ppf(points), rtol=1e-9)
    assert interval.centre() == pytest.approx(10.6, rel=1e-14)
    assert interval.moments()[0] > 10.6


def test_fixed_and_zero_do_not_vary() -> None:
    assert distribution("fixed", 1.0, low=0.5, high=2.0) is None
    assert distribution("", 1.0) is None
    assert distribution("gamma", 1.0, se=0.0) is None
    assert distribution("beta", 0.5, low=0.5, high=0.5) is None


def test_standard_error_comes_first() -> None:
    assert standard_error(0.0, 3.919928, None) == pytest.approx(1.0, abs=1e-15)
    assert standard_error(0.0, 3.919928, 0.25) == 0.25
    assert standard_error(None, 1.0, None) is None


@pytest.mark.parametrize(
    ("name", "value", "uncertainty", "words"),
    [
        ("gamma", 10.0, {}, "needs an SE, or low and high"),
        ("gamma", 0.0, {"se": 1.0}, "cannot have the mean 0"),
        ("beta", 1.0, {"se": 0.1}, "cannot have the mean 1"),
        ("beta", 0.5, {"se": 0.5}, "as large as 0.5"),
        ("beta_counts", 0.1, {}, "needs n"),
        ("dirichlet", 0.0, {"n": 10.0}, "share of 0"),
        ("lognormal", -1.0, {"se": 1.0}, "cannot have the mean -1"),
        ("uniform", 0.5, {"se": 0.1}, "needs low and high"),
    ],
)
def test_refusals(name: str, value: float, uncertainty: dict[str, Any], words: str) -> None:
    with pytest.raises(DistributionError, match=words):
        distribution(name, value, **uncertainty)


def test_a_ratio_cannot_reach_0_on_the_log_scale() -> None:
    with pytest.raises(DistributionError, match="a ratio needs a value and a low above 0"):
        distribution("lognormal", 0.9, low=0.0, high=1.2, value_is="median")
