"""The standard log-gamma variable behind the gamma and generalised gamma families.

With a = 1 / Q^2 and G a gamma variable of shape a and mean a, W = log(G / a) / Q.
It has mean near 0 and variance near 1, is standard normal in the limit Q = 0,
and minus a standard extreme value for Q = 1. Prentice RL (1974), Biometrika 61: 539-544.

For |Q| below `SMALL_Q` the incomplete gamma function is replaced by the first terms
of its uniform expansion (Temme N, 1979; DLMF 8.12), whose error is below 1e-14 there.
All functions take Q (draws, 1) and w (draws, points).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from hemodel.survival.families.incomplete_gamma import (
    HALF_LOG_2_PI,
    lower,
    minus_log_lower,
    minus_log_upper,
    stirling_remainder,
    upper,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.survival.family import Array

SMALL_Q = 0.01
PLAIN_Q = 0.05
LARGEST_EXPONENT = 650.0
EXCESS_SERIES = tuple(1.0 / float(special.factorial(n + 2)) for n in range(17))
MEAN_SERIES = tuple((-1) ** n / (n * (n - 1)) for n in range(2, 19))
TEMME_SERIES = (
    (-1 / 3, 1 / 12, -2 / 135, 1 / 864, 1 / 2835, -139 / 777600, 1 / 25515, -571 / 261273600),
    (-1 / 540, -1 / 288, 1 / 378, -77 / 77760, 1 / 4860),
    (25 / 6048, -139 / 51840, 1 / 1296),
)


def excess(y: Array) -> Array:
    """Compute (exp(y) - 1 - y) / y^2, which is 1/2 at y = 0."""
    series = _polynomial(EXCESS_SERIES, np.clip(y, -1.0, 1.0))
    far = np.where(np.abs(y) < 1.0, 1.0, y)
    return np.where(np.abs(y) < 1.0, series, (np.expm1(far) - far) / far / far)


def log_density(q: Array, w: Array) -> Array:
    """Compute the log density of W."""
    with np.errstate(divide="ignore"):
        remainder = stirling_remainder(1.0 / (q * q))
    y = np.minimum(q * w, LARGEST_EXPONENT)
    return -HALF_LOG_2_PI - remainder - _exponent(q, w, y)


def _exponent(q: Array, w: Array, y: Array) -> Array:
    """Compute w^2 excess(y), directly in draws in which Q is so large that nothing is lost."""
    plain = np.abs(q[:, 0]) > PLAIN_Q
    if plain.all():
        return np.asarray((np.exp(y) - 1.0 - q * w) / (q * q))
    result = np.empty(y.shape)
    result[plain] = (np.exp(y[plain]) - 1.0 - q[plain] * w[plain]) / (q[plain] * q[plain])
    small, at = q[~plain], w[~plain]
    result[~plain] = np.where(small == 0.0, 0.5 * at * at, _half_square(small, at, y[~plain]))
    return result


def _half_square(q: Array, w: Array, y: Array) -> Array:
    """Compute w^2 excess(y), with w cut where y = q w was cut."""
    cut = np.where(q * w > y, y / np.where(q == 0.0, 1.0, q), w)
    return cut * cut * excess(y)


def survival(q: Array, w: Array) -> Array:
    """Compute P(W > w)."""
    return _by_sign(q, w, upper, lower, _survival_near_normal)


def cumulative_hazard(q: Array, w: Array) -> Array:
    """Compute -log P(W > w), stable in both tails."""
    return _by_sign(q, w, minus_log_upper, minus_log_lower, _hazard_near_normal)


def _by_sign(
    q: Array,
    w: Array,
    positive: Callable[[Array, Array], Array],
    negative: Callable[[Array, Array], Array],
    near_zero: Callable[[Array, Array], Array],
) -> Array:
    """Apply the function of (a, x) or of (q, w) that suits each draw."""
    sizes = q[:, 0]
    result = np.empty(w.shape)
    for rows, function in ((sizes >= SMALL_Q, positive), (sizes <= -SMALL_Q, negative)):
        if rows.any():
            shape = 1.0 / (q[rows] * q[rows])
            growth = np.minimum(q[rows] * w[rows], LARGEST_EXPONENT)
            result[rows] = function(shape, shape * np.exp(growth))
    rows = np.abs(sizes) < SMALL_Q
    if rows.any():
        result[rows] = near_zero(q[rows], w[rows])
    return result


def _near_normal(q: Array, w: Array) -> tuple[Array, Array]:
    """Return z and c such that P(W > w) = Phi(-z) + q c phi(z)."""
    y = np.minimum(q * w, LARGEST_EXPONENT)
    z = np.sign(w) * np.sqrt(2.0 * np.where(q == 0.0, 0.5 * w * w, _half_square(q, w, y)))
    eta = q * z
    inside = np.abs(eta) < 0.05
    far = 1.0 / np.where(inside, 1.0, np.expm1(y)) - 1.0 / np.where(inside, 1.0, eta)
    first = np.where(inside, _polynomial(TEMME_SERIES[0], np.clip(eta, -0.05, 0.05)), far)
    near = np.clip(eta, -1.0, 1.0)
    second = _polynomial(TEMME_SERIES[1], near) + q * q * _polynomial(TEMME_SERIES[2], near)
    return z, first + q * q * second


def _polynomial(terms: tuple[float, ...], x: Array) -> Array:
    """Compute terms[0] + terms[1] x + ... by Horner's rule."""
    total = np.zeros_like(x)
    for term in reversed(terms):
        total = total * x + term
    return total


def _survival_near_normal(q: Array, w: Array) -> Array:
    z, c = _near_normal(q, w)
    return np.asarray(special.ndtr(-z) + q * c * np.exp(-0.5 * z * z - HALF_LOG_2_PI))


def _hazard_near_normal(q: Array, w: Array) -> Array:
    z, c = _near_normal(q, w)
    far = (z > 0.0) & (np.abs(q * z) > 1.0)
    ratio = np.sqrt(2.0 / np.pi) / special.erfcx(np.where(far, 1.0, z) * np.sqrt(0.5))
    near = -special.log_ndtr(-z) - np.log1p(q * c * np.where(far, 0.0, ratio))
    y = np.where(far, np.minimum(q * w, LARGEST_EXPONENT), np.copysign(1.0, q))
    return np.where(far, _hazard_far(q, z, y), near)


def _hazard_far(q: Array, z: Array, y: Array) -> Array:
    """Compute -log P(W > w) far in the right tail, where |q z| is above 1."""
    mu = np.expm1(y)
    divisor = np.where(q == 0.0, 1.0, q)
    correction = q * q * ((1.0 / mu + 1.0) / mu + 1.0 / 12.0)
    return 0.5 * z * z + HALF_LOG_2_PI + np.log(mu / divisor) - np.log1p(-correction)


def value_at(q: Array, level: Array) -> Array:
    """Compute the w (draws,) at which -log P(W > w) is ``level``, for q (draws,)."""
    result = -np.asarray(special.ndtri_exp(-level))
    early = level < 0.7
    done, left = -np.expm1(-level), np.exp(-level)
    with np.errstate(divide="ignore"):
        for rows, forward, backward in (
            (q >= SMALL_Q, special.gammaincinv, special.gammainccinv),
            (q <= -SMALL_Q, special.gammainccinv, special.gammaincinv),
        ):
            a = 1.0 / np.where(rows, q * q, 1.0)
            x = np.where(early, forward(a, done), backward(a, left))
            result = np.where(rows, np.log(x / a) / np.where(rows, q, 1.0), result)
    newton = (np.abs(q) < SMALL_Q) & np.isfinite(result)
    if newton.any():
        result[newton] = _newton(q[newton, None], result[newton, None], level[newton, None])[:, 0]
    return result


def _newton(q: Array, w: Array, level: Array) -> Array:
    for _ in range(5):
        hazard = cumulative_hazard(q, w)
        w = w - (hazard - level) * np.exp(-log_density(q, w) - hazard)
    return w


def growth_curve(r: Array) -> Array:
    """Compute ((1 + r) log(1 + r) - r) / r^2, which is 1/2 at r = 0."""
    series = _polynomial(MEAN_SERIES, np.clip(r, -0.1, 0.1))
    far = np.where(np.abs(r) < 0.1, 1.0, r)
    return np.where(np.abs(r) < 0.1, series, ((1.0 + far) * np.log1p(far) - far) / far / far)


def log_mean_exponential(q: Array, sigma: Array) -> Array:
    """Compute log E exp(sigma W) for q and sigma (draws,); ``inf`` where infinite."""
    r = q * sigma
    finite = r > -1.0
    r = np.where(finite, r, 0.0)
    curve = growth_curve(r)
    with np.errstate(divide="ignore"):
        a = 1.0 / (q * q)
    remainder = stirling_remainder(a * (1.0 + r)) - stirling_remainder(a)
    return np.where(finite, sigma * sigma * curve - 0.5 * np.log1p(r) + remainder, np.inf)
