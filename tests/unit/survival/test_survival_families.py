"""Families that reduce to one another, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from hemodel.survival.families.registry import family

T = np.array([0.0, 0.01, 0.5, 2.0, 8.0, 12.0, 24.0, 60.0, 200.0])


def curve(name: str, *natural: float) -> tuple[np.ndarray, ...]:
    """Return survival, cumulative hazard, log hazard, median and mean."""
    shape = family(name)
    c = shape.coefficients(np.array([natural]))
    return (
        shape.survival(T, c)[0],
        shape.cumulative_hazard(T, c)[0],
        shape.log_hazard(T[1:], c)[0],
        shape.quantile(0.5, c),
        shape.mean(c),
    )


@pytest.mark.parametrize(
    ("one", "other", "rtol"),
    [
        (("gengamma", 2.4, 0.7, 1.0), ("weibull", 1 / 0.7, np.exp(2.4)), 1e-11),
        (("gengamma", 2.4, 0.7, 0.0), ("lnorm", 2.4, 0.7), 1e-13),
        (("gengamma", 2.4, 0.7, 0.7), ("gamma", 0.7**-2, 0.7**-2 * np.exp(-2.4)), 1e-11),
        (("gengamma", 2.4, 1.0, 1.0), ("exp", np.exp(-2.4)), 1e-11),
        (("weibull", 1.0, 14.0), ("exp", 1 / 14.0), 1e-13),
        (("gamma", 1.0, 0.07), ("exp", 0.07), 1e-12),
        (("gompertz", 0.0, 0.07), ("exp", 0.07), 1e-13),
        (("gompertz", 1e-15, 0.07), ("exp", 0.07), 1e-10),
        (("weibullPH", 1.4, 14.0**-1.4), ("weibull", 1.4, 14.0), 1e-12),
        (("gengamma", 2.4, 0.01, 0.005), ("gengamma", 2.4, 0.01, 0.005), 0.0),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else None,
)
def test_one_family_is_another(one: tuple[str, float], other: tuple[str, float], rtol: float) -> None:
    for left, right in zip(curve(*one), curve(*other), strict=True):
        np.testing.assert_allclose(left, right, rtol=rtol, atol=1e-300)


@pytest.mark.parametrize("q", [0.0, 0.01, -0.01])
def test_generalised_gamma_is_smooth_where_the_method_changes(q: float) -> None:
    """The mean of values 1e-7 either side is the value between, to second order.

    Times from 0.5 on: before, z is below -9 and the second order itself is above 1e-11.
    """
    near = [curve("gengamma", 2.4, 0.7, q + step)[1][2:] for step in (-1e-7, 0.0, 1e-7)]
    np.testing.assert_allclose(0.5 * (near[0] + near[2]), near[1], rtol=1e-11)
    slope = [curve("gengamma", 2.4, 0.7, q + step)[1][2:] for step in (-1e-4, 1e-4)]
    wide = (slope[1] - slope[0]) / 2e-4
    narrow = (near[2] - near[0]) / 2e-7
    np.testing.assert_allclose(narrow, wide, rtol=1e-4, atol=1e-7)


def test_closed_forms() -> None:
    c = family("weibull").coefficients([[2.0, 10.0]])
    assert family("weibull").mean(c)[0] == pytest.approx(10.0 * np.sqrt(np.pi) / 2, rel=1e-14)
    c = family("llogis").coefficients([[2.0, 10.0]])
    assert family("llogis").mean(c)[0] == pytest.approx(5.0 * np.pi, rel=1e-14)
    assert family("llogis").survival(np.array([10.0]), c)[0, 0] == pytest.approx(0.5, rel=1e-14)
    c = family("gengamma").coefficients([[1.0, 0.5, -1.0]])
    assert family("gengamma").mean(c)[0] == pytest.approx(np.e * np.sqrt(np.pi), rel=1e-13)


@pytest.mark.parametrize(
    ("name", "natural"),
    [
        ("llogis", [1.0, 5.0]),
        ("llogis", [0.7, 5.0]),
        ("gompertz", [-0.1, 0.3]),
        ("gengamma", [2.0, 1.0, -1.0]),
        ("gengamma", [2.0, 1.0, -1.5]),
    ],
)
def test_infinite_means(name: str, natural: list[float]) -> None:
    assert np.isposinf(family(name).mean(family(name).coefficients([natural]))[0])


def test_gompertz_mean_where_the_scaled_integral_changes() -> None:
    """Ratios of rate to shape of 49.999 and 50.001 are computed in different ways."""
    means = [
        family("gompertz").mean(family("gompertz").coefficients([[0.07 / ratio, 0.07]]))[0]
        for ratio in (49.999, 50.0, 50.001)
    ]
    assert means[1] == pytest.approx(0.5 * (means[0] + means[2]), rel=1e-9)


def test_log_hazard_at_time_zero() -> None:
    zero = np.array([0.0])
    expected = {
        ("weibull", 0.5, 3.0): np.inf,
        ("weibull", 1.0, 4.0): -np.log(4.0),
        ("weibull", 2.0, 3.0): -np.inf,
        ("gamma", 0.5, 1.0): np.inf,
        ("gamma", 1.0, 0.25): -np.log(4.0),
        ("lnorm", 1.0, 1.0): -np.inf,
        ("gengamma", 1.0, 0.5, 1.0): -np.inf,
        ("gengamma", 1.0, 2.0, 1.0): np.inf,
        ("gengamma", np.log(4.0), 1.0, 1.0): -np.log(4.0),
        ("gengamma", 1.0, 1.0, -0.5): -np.inf,
    }
    for case, value in expected.items():
        name, natural = str(case[0]), np.array([case[1:]], dtype=np.float64)
        found = family(name).log_hazard(zero, family(name).coefficients(natural))[0, 0]
        assert found == pytest.approx(value, rel=1e-11), name
