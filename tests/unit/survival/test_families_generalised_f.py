"""The generalised F family against closed forms and direct integration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import integrate, special

from hemodel.survival.families.registry import family

GENF, GENGAMMA = family("genf"), family("gengamma")
MU, SIGMA = 2.4, 0.8
LOG_T = np.array([-690.0, -300.0, -40.0, -10.0, -3.0, 0.0, 1.0, 2.0, 2.4, 3.0, 5.0, 12.0, 60.0, 300.0, 690.0])
T = np.exp(LOG_T)


def coefficients(s1: float, s2: float) -> tuple[np.ndarray, float]:
    """Return coefficients for given degrees of freedom 2 s1 and 2 s2, and delta.

    From delta^2 = 1/s1 + 1/s2 and s1 = 2 / (delta (delta + Q)), P = (delta^2 - Q^2) / 2.
    """
    delta = np.sqrt(1.0 / s1 + 1.0 / s2)
    q, p = (1.0 / s1 - 1.0 / s2) / delta, 2.0 / (s1 + s2)
    return GENF.coefficients([[MU, SIGMA, q, p]]), float(delta)


def test_q_0_and_p_1_is_log_logistic() -> None:
    """Cox C (2008), Statistics in Medicine 27: 4301: s1 = s2 = 1, shape sqrt(2) / sigma."""
    c = GENF.coefficients([[MU, SIGMA, 0.0, 1.0]])
    other = family("llogis")
    d = other.coefficients([[np.sqrt(2.0) / SIGMA, np.exp(MU)]])
    np.testing.assert_allclose(GENF.cumulative_hazard(T, c), other.cumulative_hazard(T, d), rtol=1e-12)
    np.testing.assert_allclose(GENF.log_hazard(T, c), other.log_hazard(T, d), rtol=1e-12)
    np.testing.assert_allclose(GENF.mean(c), other.mean(d), rtol=1e-13)
    np.testing.assert_allclose(GENF.tail_index(c), other.tail_index(d), rtol=1e-13)
    assert GENF.quantile(0.5, c)[0] == pytest.approx(np.exp(MU), rel=1e-13)


@pytest.mark.parametrize("s2", [0.05, 0.7, 3.0, 200.0, 1e6, 1e12])
def test_one_pair_of_numerator_degrees_is_burr(s2: float) -> None:
    """S1 = 1: S = (1 + exp(w) / s2)^-s2, so H = s2 log(1 + exp(w) / s2).

    Tolerance: s2 = 1e12 is a weighted difference of two squares in Q and P that keeps 1e-11.
    """
    c, delta = coefficients(1.0, s2)
    w = delta * (LOG_T - MU) / SIGMA
    expected = s2 * np.logaddexp(0.0, w - np.log(s2))
    some = expected > 1e-290
    found = GENF.cumulative_hazard(T, c)[0]
    np.testing.assert_allclose(found[some], expected[some], rtol=1e-10)
    log_density = np.log(delta / SIGMA) + w - (s2 + 1.0) * np.logaddexp(0.0, w - np.log(s2)) - LOG_T
    finite = expected < 1e6
    np.testing.assert_allclose(GENF.log_hazard(T, c)[0, finite], (log_density + expected)[finite], rtol=1e-9)


@pytest.mark.parametrize("s1", [0.05, 0.7, 3.0, 200.0, 1e6])
def test_one_pair_of_denominator_degrees_is_dagum(s1: float) -> None:
    """S2 = 1: F = (1 + exp(-w) / s1)^-s1."""
    c, delta = coefficients(s1, 1.0)
    w = delta * (LOG_T - MU) / SIGMA
    log_died = -s1 * np.logaddexp(0.0, -w - np.log(s1))
    near = np.minimum(log_died, -1e-300)
    expected = np.where(near < -0.1, -np.log1p(-np.exp(np.minimum(near, -0.1))), -np.log(-np.expm1(near)))
    far = w > 30.0
    expected[far] = w[far]
    some = expected > 1e-290
    np.testing.assert_allclose(GENF.cumulative_hazard(T, c)[0, some], expected[some], rtol=1e-10)


@pytest.mark.parametrize(("q", "p"), [(0.9, 0.5), (-0.6, 0.3), (0.3, 8.0), (0.5, 1e-3), (0.02, 1e-5), (-1.0, 1e-5)])
def test_survival_and_mean_by_integration_of_the_density(q: float, p: float) -> None:
    """The density as in flexsurv's vignette, with ``scipy.special.betaln``; adaptive quadrature to 1e-10.

    Tolerance 1e-9: betaln of arguments up to 1e5 keeps 1e-11, and quad its share of that.
    """
    c = GENF.coefficients([[MU, SIGMA, q, p]])
    delta = np.sqrt(q * q + 2.0 * p)
    s1, s2 = 2.0 / (delta**2 + q * delta), 2.0 / (delta**2 - q * delta)

    def density(y: float) -> float:
        w = delta * y
        log_f = s1 * w + s1 * np.log(s1 / s2) - (s1 + s2) * np.log1p(s1 / s2 * np.exp(w)) - special.betaln(s1, s2)
        return float(delta * np.exp(log_f))

    for y in (-2.0, 0.0, 1.0, 2.5):
        edges = [y, y + 0.5, y + 2.0, y + 8.0, y + 60.0]
        area = sum(integrate.quad(density, a, b, epsrel=1e-10, epsabs=0.0)[0] for a, b in itertools.pairwise(edges))
        found = GENF.survival(np.array([np.exp(MU + SIGMA * y)]), c)[0, 0]
        np.testing.assert_allclose(found, area, rtol=1e-9, atol=1e-12 if q < 0 or p > 1 else 0.0)
    if GENF.tail_index(c)[0] > 1.2:
        moment = [integrate.quad(lambda y: density(y) * np.exp(SIGMA * y), a, b, epsrel=1e-12)[0] for a, b in PIECES]
        np.testing.assert_allclose(GENF.mean(c)[0], np.exp(MU) * sum(moment), rtol=1e-9)


PIECES = [(-40.0, -5.0), (-5.0, -1.0), (-1.0, 1.0), (1.0, 5.0), (5.0, 40.0), (40.0, 300.0)]


@pytest.mark.parametrize("q", [-1.5, -0.4, -0.001, 0.0, 0.005, 0.8, 1.0, 2.5])
@pytest.mark.parametrize(("log_p", "rtol"), [(-30.0, 1e-9), (-40.0, 1e-12), (-300.0, 1e-12), (-1000.0, 1e-12)])
def test_small_p_is_generalised_gamma(q: float, log_p: float, rtol: float) -> None:
    """The two differ by P = 1e-13 times some powers of y, up to 1e4 here."""
    c = np.array([[MU, np.log(SIGMA), q, log_p]])
    t = np.array([0.0, 0.05, 0.5, 3.0, 12.0, 40.0, 120.0])
    for method in ("survival", "cumulative_hazard", "log_hazard"):
        found, expected = getattr(GENF, method)(t, c), getattr(GENGAMMA, method)(t, c[:, :3])
        finite = np.isfinite(expected)
        size = {"survival": 1.0, "cumulative_hazard": 1e-290, "log_hazard": 1.0}[method]
        np.testing.assert_array_equal(found[~finite], expected[~finite])
        np.testing.assert_allclose(found[finite], expected[finite], rtol=rtol, atol=rtol * size)
    if q > -1.0 / SIGMA:
        np.testing.assert_allclose(GENF.mean(c), GENGAMMA.mean(c[:, :3]), rtol=1e-11)
    np.testing.assert_allclose(GENF.quantile(0.7, c), GENGAMMA.quantile(0.7, c[:, :3]), rtol=1e-11)


def test_no_jump_where_the_normal_distribution_takes_over() -> None:
    """Q = 0 and s1 = s2 = 1 / P, 1e-4 either side of the change; the change itself is far below 1e-10.

    Between, log survival moves by 1e-4 / s times y^4, below 1e-10 for |y| up to 5.
    """
    s = 3e8
    t = np.exp(MU + SIGMA * np.array([-5.0, -2.0, 0.0, 0.3, 2.0, 5.0]))
    sides = [GENF.cumulative_hazard(t, coefficients(s * f, s * f)[0]) for f in (0.9999, 1.0001)]
    np.testing.assert_allclose(sides[0], sides[1], rtol=3e-11)


def test_infinite_mean() -> None:
    """Tail index s2 delta / sigma = sqrt(2) / sigma for Q = 0, P = 1; log-logistic mean pi / a / sin(pi / a)."""
    c = GENF.coefficients([[1.0, 1.5, 0.0, 1.0], [1.0, 1.4, 0.0, 1.0]])
    found = GENF.mean(c)
    assert np.isposinf(found[0])
    angle = np.pi * 1.4 / np.sqrt(2.0)
    np.testing.assert_allclose(found[1], np.e * angle / np.sin(angle), rtol=1e-11)
