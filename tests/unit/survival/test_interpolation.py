"""Survival at many shared times, integrated from the density, against SciPy's distribution functions.

Outside values: `scipy.special.gammaincc` (gamma, generalised gamma by Prentice), `ndtr` (log-normal) and `betainc`
(generalised F: Cox C (2008), Statistics in Medicine 27: 4301-4312, equation 1). The documented error is below 1e-10;
SciPy's functions are good to some 1e-14. Asserted: 1e-10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import special

from hemodel.survival.families import density as interpolation
from hemodel.survival.families.density import LEAST_SURVIVAL, is_worthwhile
from hemodel.survival.families.registry import family

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.survival.families.density import DensityFamily
    from hemodel.survival.family import Array

WITHIN = 1e-10
NAMES = ("gamma", "gengamma", "genf", "lnorm")
DRAWS = 150


def times(count: int) -> Array:
    """Time 0 and every seventh day from then on, in months."""
    return 7.0 / 30.4375 * np.arange(float(count))


def wide(name: str, spread: tuple[float, float], seed: int = 1) -> Array:
    """Coefficients (draws, p) over a wide range, with ln of the spread of log time in an interval."""
    rng = np.random.default_rng(seed)
    mu, log_sigma = rng.uniform(-1.0, 6.0, DRAWS), rng.uniform(*spread, DRAWS)
    if name == "gamma":
        return np.column_stack([-2.0 * log_sigma, -2.0 * log_sigma - mu])
    q, log_p = rng.uniform(-2.0, 2.0, DRAWS), rng.uniform(-3.0, 2.0, DRAWS)
    rows = {"lnorm": [mu, log_sigma], "gengamma": [mu, log_sigma, q], "genf": [mu, log_sigma, q, log_p]}
    return np.asarray(np.column_stack(rows[name]))


def exact(name: str, t: Array, c: Array) -> Array:
    """Survival by SciPy."""
    with np.errstate(divide="ignore", over="ignore"):
        log_t = np.log(t)
        if name == "gamma":
            shape, rate = np.exp(c[:, :1]), np.exp(c[:, 1:])
            return np.asarray(special.gammaincc(shape, rate * t))
        w = (log_t - c[:, :1]) * np.exp(-c[:, 1:2])
        if name == "lnorm":
            return np.asarray(special.ndtr(-w))
        q = c[:, 2:3]
        if name == "gengamma":
            x = np.exp(q * w) / (q * q)
            return np.asarray(np.where(q > 0.0, special.gammaincc(q**-2, x), special.gammainc(q**-2, x)))
        total = q * q + 2.0 * np.exp(c[:, 3:4])
        delta = np.sqrt(total)
        s1, s2 = 2.0 / (total + q * delta), 2.0 / (total - q * delta)
        odds = s1 / s2 * np.exp(w * delta)
        late, early = special.betainc(s2, s1, 1.0 / (1.0 + odds)), special.betaincc(s1, s2, 1.0 / (1.0 + 1.0 / odds))
        return np.asarray(np.where(odds > 1.0, late, early))  # each where its argument is not rounded to 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("spread", [(-6.0, -4.0), (-4.0, -2.0), (-2.0, 0.0), (0.0, 2.0)])
@pytest.mark.parametrize("count", [300, 523, 1100])
def test_within_the_documented_error(name: str, spread: tuple[float, float], count: int) -> None:
    """From curves that fall within a day or two, which need the exact function, to ones that hardly fall."""
    t, c = times(count), wide(name, spread)
    shape = family(name)
    with np.errstate(divide="ignore"):
        assert is_worthwhile(np.log(t), DRAWS)
    found = shape.survival(t, c)

    np.testing.assert_allclose(found, exact(name, t, c), rtol=0.0, atol=WITHIN)
    np.testing.assert_array_equal(found[:, 0], 1.0)
    assert found.min() >= LEAST_SURVIVAL
    assert np.diff(found, axis=1).max() < WITHIN


@pytest.mark.parametrize("name", NAMES)
def test_all_three_ways_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of these draws are settled by the first nodes, some by the second, and some only by the exact function."""
    c, used = np.vstack([wide(name, (-6.0, -4.0)), wide(name, (-4.0, -1.0))]), []
    through = interpolation._through

    def counted(shape: DensityFamily, some: Array, log_t: Array, count: int, *rest: Any) -> NDArray[np.bool_]:
        settled = through(shape, some, log_t, count, *rest)
        used.append((count, len(some), int(settled.sum())))
        return settled

    monkeypatch.setattr(interpolation, "_through", counted)
    found = family(name).survival(times(523), c)

    (first, rows, settled), (second, left, more) = used
    assert (first, second, rows, left) == (*interpolation.NODES, 2 * DRAWS, 2 * DRAWS - settled)
    assert settled > 0
    assert 0 < more < left
    np.testing.assert_allclose(found, exact(name, times(523), c), rtol=0.0, atol=WITHIN)


def test_a_density_between_the_nodes_is_not_missed() -> None:
    """A log-normal with sdlog 0.002: the density is below 1e-300 at every node, and yet everybody dies at month 20."""
    c = np.tile([np.log(20.0), np.log(0.002)], (10, 1))
    t = times(523)
    np.testing.assert_allclose(family("lnorm").survival(t, c), exact("lnorm", t, c), rtol=0.0, atol=WITHIN)


@pytest.mark.parametrize("name", NAMES)
def test_cumulative_hazard_is_minus_its_logarithm(name: str) -> None:
    """To 1e-9 relative to survival, where that is above 0.1: 10 x the error of survival."""
    t, c = times(523), wide(name, (-2.0, 0.0))
    survival = exact(name, t, c)
    hazard = family(name).cumulative_hazard(t, c)
    some = survival > 0.1
    np.testing.assert_allclose(hazard[some], -np.log(survival[some]), rtol=0.0, atol=10.0 * WITHIN)
    np.testing.assert_array_equal(hazard[:, 0], 0.0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kept", [1, 7, 93, 149])
def test_same_bits_whatever_the_other_draws(name: str, kept: int) -> None:
    """Blocks are of one size and filled up with their last draw; draws that fall back are in all of them."""
    t = times(523)
    c = np.vstack([wide(name, (-5.0, 0.0))[: DRAWS // 2], wide(name, (-3.0, 1.0), seed=2)[DRAWS // 2 :]])
    filled = np.concatenate([c[:kept], np.repeat(c[kept - 1 : kept], DRAWS - kept, axis=0)])
    shape = family(name)
    np.testing.assert_array_equal(shape.survival(t, c)[:kept], shape.survival(t, filled)[:kept])


@pytest.mark.parametrize(
    ("t", "draws"),
    [
        (times(249), 100),
        (times(523), 7),
        (np.geomspace(1e-6, 1e2, 400), 100),
    ],
)
def test_not_where_it_does_not_pay(t: Array, draws: int) -> None:
    """Few times, few draws, or times over more than 15 logarithms."""
    with np.errstate(divide="ignore"):
        assert not is_worthwhile(np.log(t), draws)


def test_not_where_each_draw_has_its_own_times() -> None:
    """S(t / f) with f by draw: the times are (draws, points), and the values those of the same curve at each."""
    c = wide("gengamma", (-2.0, 0.0))
    factors = np.linspace(0.5, 2.0, DRAWS)[:, None]
    t = times(300) / factors
    found = family("gengamma").survival(t, c)
    stretched = c + np.log(factors) * np.array([1.0, 0.0, 0.0])
    np.testing.assert_allclose(found, exact("gengamma", times(300), stretched), rtol=0.0, atol=1e-12)


def test_a_grid_that_does_not_begin_at_0() -> None:
    t, c = times(400)[1:], wide("gengamma", (-2.0, 0.0))
    np.testing.assert_allclose(family("gengamma").survival(t, c), exact("gengamma", t, c), rtol=0.0, atol=WITHIN)
