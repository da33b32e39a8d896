"""The standard log-gamma variable behind the gamma and generalised gamma families.

With a = 1 / Q^2 and G a gamma variable of shape a and mean a, W = log(G / a) / Q.
It has mean near 0 and variance near 1, is standard normal in the limit Q = 0,
and minus a standard extreme value for Q = 1. Prentice RL (1974), Biometrika 61: 539-544.

For |Q| below `SMALL_Q` the incomplete gamma function is replaced by the first terms
of its uniform expansion (Temme N, 1979; DLMF 8.12), whose error is below 1e-14 there.
All functions take Q (draws, 1) and w (draws, points).

Regularised incomplete gamma functions and their logarithms, stable in both tails.

P(a, x) is ``lower`` and Q(a, x) = 1 - P(a, x) is ``upper``. Equation numbers are of the
NIST Digital Library of Mathematical Functions (DLMF), chapter 8.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import scipy

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.survival.family import Array


SMALLEST_DIRECT = 1e-290
HALF_LOG_2_PI = 0.5 * float(np.log(2.0 * np.pi))
REMAINDER_SERIES = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)
MOST_TERMS = 5000


def stirling_remainder(x: Array) -> Array:
    """Compute log Gamma(x) less its Stirling approximation, for x above 0 up to inf."""
    large = np.maximum(x, 15.0)
    series = np.zeros_like(large)
    for term in reversed(REMAINDER_SERIES):
        series = series / (large * large) + term
    small = np.minimum(x, 15.0)
    direct = scipy.special.gammaln(small) - ((small - 0.5) * np.log(small) - small + HALF_LOG_2_PI)
    return np.where(x < 15.0, direct, series / large)


def lower(a: Array, x: Array) -> Array:
    """Compute P(a, x)."""
    return _either(a, x, scipy.special.gammainc, _lower_low)


def upper(a: Array, x: Array) -> Array:
    """Compute Q(a, x)."""
    return _either(a, x, scipy.special.gammaincc, lambda some, at: 1.0 - _lower_low(some, at))


def _either(
    a: Array,
    x: Array,
    usual: Callable[[Array, Array], Array],
    low: Callable[[Array, Array], Array],
) -> Array:
    """Apply ``usual``, but ``low`` for a below 1 and x up to 1.1, where SciPy is slow."""
    is_low = (a < 1.0) & (x <= 1.1)
    if not is_low.any():
        return usual(a, x)
    result = usual(a, np.where(is_low, 1e3, x))
    result[is_low] = low(np.broadcast_to(a, is_low.shape)[is_low], x[is_low])
    return result


def _lower_low(a: Array, x: Array) -> Array:
    """Compute P(a, x) from P(a + 1, x), DLMF 8.8.5."""
    step = scipy.special.xlogy(a, x) - x - scipy.special.gammaln(a + 1.0)
    return np.asarray(scipy.special.gammainc(a + 1.0, x) + np.exp(step))


def minus_log_upper(a: Array, x: Array) -> Array:
    """Compute -log Q(a, x)."""
    return _minus_log(a, x, (upper, lower), _log_upper_far)


def minus_log_lower(a: Array, x: Array) -> Array:
    """Compute -log P(a, x)."""
    return _minus_log(a, x, (lower, upper), _log_lower_far)


def _minus_log(
    a: Array,
    x: Array,
    functions: tuple[Callable[[Array, Array], Array], Callable[[Array, Array], Array]],
    far: Callable[[Array, Array], Array],
) -> Array:
    """Take -log of the first function: near 1 from the second, when too small from ``far``."""
    kept = functions[0](a, x)
    result = -np.log(np.maximum(kept, SMALLEST_DIRECT))
    every = np.broadcast_to(a, x.shape)
    large, tiny = kept > 0.5, kept < SMALLEST_DIRECT
    result[large] = -np.log1p(-np.minimum(functions[1](every[large], x[large]), 0.5))
    if tiny.any():
        result[tiny] = -far(every[tiny], x[tiny])
    return result


def _log_prefactor(a: Array, x: Array) -> Array:
    """Compute log of x^a exp(-x) / Gamma(a)."""
    positive = np.maximum(x, 1e-305)
    exponent = a * np.log(positive / a) - (positive - a)
    return exponent + 0.5 * np.log(a) - HALF_LOG_2_PI - stirling_remainder(a)


def _log_upper_far(a: Array, x: Array) -> Array:
    """Compute log Q(a, x) for x well above a: continued fraction 8.9.2, Lentz's method."""
    step = x + 1.0 - a
    down = 1.0 / step
    up = np.full_like(step, 1e300)
    fraction = down.copy()
    for k in range(1, MOST_TERMS):
        numerator = -k * (k - a)
        step = step + 2.0
        down = 1.0 / (numerator * down + step)
        up = step + numerator / up
        change = down * up
        fraction = fraction * change
        if np.all(np.abs(change - 1.0) < 1e-15):
            break
    return _log_prefactor(a, x) + np.log(fraction)


def _log_lower_far(a: Array, x: Array) -> Array:
    """Compute log P(a, x) for x well below a: power series 8.7.1."""
    term = 1.0 / a
    total = term.copy()
    for n in range(1, MOST_TERMS):
        term = term * x / (a + n)
        total = total + term
        if np.all(term < 1e-17 * total):
            break
    return _log_prefactor(a, x) + np.log(total)


SMALL_Q = 0.01
PLAIN_Q = 0.05
LARGEST_EXPONENT = 650.0
EXCESS_SERIES = tuple(1.0 / math.factorial(n + 2) for n in range(17))
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
    return np.asarray(scipy.special.ndtr(-z) + q * c * np.exp(-0.5 * z * z - HALF_LOG_2_PI))


def _hazard_near_normal(q: Array, w: Array) -> Array:
    z, c = _near_normal(q, w)
    far = (z > 0.0) & (np.abs(q * z) > 1.0)
    ratio = np.sqrt(2.0 / np.pi) / scipy.special.erfcx(np.where(far, 1.0, z) * np.sqrt(0.5))
    near = -scipy.special.log_ndtr(-z) - np.log1p(q * c * np.where(far, 0.0, ratio))
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
    result = -np.asarray(scipy.special.ndtri_exp(-level))
    early = level < 0.7
    done, left = -np.expm1(-level), np.exp(-level)
    with np.errstate(divide="ignore"):
        for rows, forward, backward in (
            (q >= SMALL_Q, scipy.special.gammaincinv, scipy.special.gammainccinv),
            (q <= -SMALL_Q, scipy.special.gammainccinv, scipy.special.gammaincinv),
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
