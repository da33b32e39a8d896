"""What every family of survival curves must satisfy, over its range of parameters."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.family import log_time

NATURAL = {
    "exp": [[0.002], [0.07], [1.5]],
    "weibull": [[0.4, 3.0], [1.0, 14.0], [1.4, 14.0], [3.0, 100.0]],
    "weibullPH": [[0.4, 0.5], [1.0, 0.07], [1.4, 0.03], [3.0, 1e-6]],
    "gompertz": [[-0.15, 0.4], [0.0, 0.07], [1e-9, 0.07], [0.06, 0.05], [0.5, 0.001]],
    "llogis": [[0.6, 3.0], [1.0, 10.0], [1.9, 10.0], [4.0, 100.0]],
    "lnorm": [[0.5, 2.5], [2.4, 0.8], [4.0, 0.2]],
    "gamma": [[0.3, 0.05], [1.0, 0.07], [1.7, 0.13], [30.0, 2.0], [30000.0, 2000.0]],
    "gengamma": [
        [2.4, 0.8, -1.5],
        [2.4, 0.8, -0.4],
        [2.4, 0.8, -0.001],
        [2.4, 0.8, 0.0],
        [2.4, 0.8, 1e-6],
        [2.4, 0.8, 0.02],
        [2.4, 0.8, 0.8],
        [2.4, 0.8, 1.0],
        [2.4, 0.4, 2.5],
        [1.0, 2.0, 0.5],
    ],
}
CASES = [(name, tuple(values)) for name, rows in NATURAL.items() for values in rows]
TIMES = np.array([0.0, 1e-6, 0.01, 0.5, 1.0, 3.0, 8.0, 12.0, 24.0, 60.0, 120.0, 480.0])
FAR = np.array([0.0, 1e-300, 1e-30, 1e3, 1e6, 1e12, 1e100, 1e300])


def coefficients_of(name: str, natural: tuple[float, ...]) -> np.ndarray:
    return family(name).coefficients(np.array([natural]))


@st.composite
def any_curve(draw: st.DrawFn) -> tuple[str, np.ndarray]:
    """Draw a family and coefficients with a median between 0.2 and 200."""
    name = draw(st.sampled_from(sorted(FAMILIES)))
    starts = family(name).starts(draw(st.floats(0.2, 200.0)))
    row = starts[draw(st.integers(0, len(starts) - 1))]
    return name, row[None, :]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}{case[1]}")
def case(request: pytest.FixtureRequest) -> tuple[str, np.ndarray]:
    name, natural = request.param
    return name, coefficients_of(name, natural)


def test_every_family_has_cases() -> None:
    assert set(NATURAL) == set(FAMILIES)


def test_survival_starts_at_one_and_falls(case: tuple[str, np.ndarray]) -> None:
    name, c = case
    survival = family(name).survival(TIMES, c)[0]
    assert survival[0] == 1.0
    assert np.all(np.diff(survival) <= 0.0)
    assert np.all((survival >= 0.0) & (survival <= 1.0))


def test_cumulative_hazard_is_minus_log_survival(case: tuple[str, np.ndarray]) -> None:
    name, c = case
    survival, hazard = family(name).survival(TIMES, c), family(name).cumulative_hazard(TIMES, c)
    assert hazard[0, 0] == 0.0
    np.testing.assert_allclose(np.exp(-hazard), survival, rtol=1e-11, atol=1e-300)


def test_log_hazard_is_the_slope_of_the_cumulative_hazard(case: tuple[str, np.ndarray]) -> None:
    """Fourth-order central differences in log time, step 0.003 of the spread."""
    name, c = case
    early, late = (family(name).quantile(p, c)[0] for p in (0.1, 0.5))
    t = early * (late / early) ** np.array([0.0, 0.4, 1.0, 1.3, 2.0])
    step = 0.003 * np.log(late / early)
    hazard = [family(name).cumulative_hazard(t * np.exp(k * step), c)[0] for k in (-2, -1, 1, 2)]
    slope = (hazard[0] - 8.0 * hazard[1] + 8.0 * hazard[2] - hazard[3]) / (12.0 * step)
    expected = np.exp(family(name).log_hazard(t, c)[0]) * t
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


def test_quantile_inverts_survival(case: tuple[str, np.ndarray]) -> None:
    name, c = case
    lowest = np.exp(np.exp(c[0, 1]) / c[0, 0]) if name == "gompertz" and c[0, 0] < 0.0 else 0.0
    for p in (1e-9, 0.01, 0.3, 0.5, 0.9, 0.999):
        t = family(name).quantile(p, c)
        if 1.0 - p <= lowest:
            assert np.isposinf(t[0])
        else:
            hazard = family(name).cumulative_hazard(t, c)[0, 0]
            np.testing.assert_allclose(hazard, -np.log1p(-p), rtol=1e-8)
    assert family(name).quantile(0.0, c)[0] == 0.0
    assert np.isposinf(family(name).quantile(1.0, c)[0])


def test_natural_and_coefficients_undo_each_other(case: tuple[str, np.ndarray]) -> None:
    name, c = case
    np.testing.assert_allclose(family(name).coefficients(family(name).natural(c)), c, rtol=1e-14)
    assert family(name).natural(c).shape == c.shape == (1, len(family(name).parameters))


def test_out_and_log_time_change_nothing(case: tuple[str, np.ndarray]) -> None:
    name, c = case
    out = np.full((1, TIMES.size), np.nan)
    for method in (family(name).survival, family(name).cumulative_hazard):
        result = method(TIMES, c, log_t=log_time(TIMES), out=out)
        assert result is out
        np.testing.assert_array_equal(out, method(TIMES, c))


def test_each_draw_may_have_its_own_times(case: tuple[str, np.ndarray]) -> None:
    name, c = case
    two = np.repeat(c, 2, axis=0)
    own = np.stack([TIMES, 2.0 * TIMES])
    for method in ("survival", "cumulative_hazard", "log_hazard"):
        both = getattr(family(name), method)(own, two)
        np.testing.assert_array_equal(both[1:], getattr(family(name), method)(2.0 * TIMES, c))


def test_far_out_is_finite_or_infinite_but_never_nan(case: tuple[str, np.ndarray]) -> None:
    name, c = case
    survival = family(name).survival(FAR, c)
    hazard = family(name).cumulative_hazard(FAR, c)
    assert not np.isnan(np.concatenate([survival, hazard])).any()
    assert np.all(hazard[0, 1:] >= hazard[0, :-1])
    level = np.exp(np.exp(c[0, 1]) / c[0, 0]) if name == "gompertz" and c[0, 0] < 0.0 else 0.0
    np.testing.assert_allclose(survival[0, -1], level, atol=1e-25)
    assert not np.isnan(family(name).log_hazard(FAR, c)).any()


def test_cumulative_hazard_goes_on_where_survival_is_zero(case: tuple[str, np.ndarray]) -> None:
    name, c = case
    t = family(name).time_at(np.array([5000.0]), c)
    if np.isfinite(t[0]) and t[0] > 0.0 and name not in {"gamma", "gengamma"}:
        assert family(name).survival(t, c)[0, 0] == 0.0
        np.testing.assert_allclose(family(name).cumulative_hazard(t, c)[0, 0], 5000.0, rtol=1e-9)


def test_mean_is_the_area_under_survival(case: tuple[str, np.ndarray]) -> None:
    name, c = case
    mean = family(name).mean(c)[0]
    index = family(name).tail_index(c)[0]
    assert np.isfinite(mean) == (index > 1.0)
    if not np.isfinite(mean):
        return

    def integrand(x: float) -> float:
        return float(family(name).survival(np.array([np.exp(x)]), c)[0, 0] * np.exp(x))

    middle = np.log(family(name).quantile(0.5, c)[0])
    edges = middle + np.array([-40.0, -5.0, -1.0, -0.2, 0.0, 0.2, 1.0, 3.0, 10.0, 80.0])
    parts = [
        integrate.quad(integrand, low, high, epsabs=1e-12 * mean, epsrel=1e-11, limit=400)[0]
        for low, high in itertools.pairwise(edges)
    ]
    np.testing.assert_allclose(mean, sum(parts), rtol=1e-8)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(any_curve(), st.floats(0.001, 0.999))
def test_contract_over_random_curves(curve: tuple[str, np.ndarray], p: float) -> None:
    name, c = curve
    shape = family(name)
    t = np.sort(np.append(TIMES, shape.quantile(0.5, c)))
    survival, hazard = shape.survival(t, c), shape.cumulative_hazard(t, c)
    assert survival[0, 0] == 1.0
    assert np.all(np.diff(survival[0]) <= 1e-15)
    np.testing.assert_allclose(np.exp(-hazard), survival, rtol=1e-11, atol=1e-300)
    reached = shape.quantile(p, c)
    if np.isfinite(reached[0]):
        np.testing.assert_allclose(shape.survival(reached, c)[0, 0], 1.0 - p, rtol=1e-9)


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("median", [0.3, 10.6, 200.0])
def test_starts_have_the_median_asked_for(name: str, median: float) -> None:
    starts = family(name).starts(median)
    assert starts.shape[1] == len(family(name).parameters)
    np.testing.assert_allclose(family(name).quantile(0.5, starts), median, rtol=1e-10)


def test_unknown_family_names_the_nearest() -> None:
    with pytest.raises(SurvivalError) as raised:
        family("weibul")
    assert str(raised.value) == (
        "'weibul' is not a family of survival curves. Did you mean weibull? Known: exp, weibull, "
        "weibullPH, gompertz, llogis, lnorm, gamma, gengamma."
    )
