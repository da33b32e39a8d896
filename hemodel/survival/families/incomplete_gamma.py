"""Regularised incomplete gamma functions and their logarithms, stable in both tails.

P(a, x) is ``lower`` and Q(a, x) = 1 - P(a, x) is ``upper``. Equation numbers are of the
NIST Digital Library of Mathematical Functions (DLMF), chapter 8.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

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
    direct = special.gammaln(small) - ((small - 0.5) * np.log(small) - small + HALF_LOG_2_PI)
    return np.where(x < 15.0, direct, series / large)


def lower(a: Array, x: Array) -> Array:
    """Compute P(a, x)."""
    return _either(a, x, special.gammainc, _lower_low)


def upper(a: Array, x: Array) -> Array:
    """Compute Q(a, x)."""
    return _either(a, x, special.gammaincc, lambda some, at: 1.0 - _lower_low(some, at))


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
    step = special.xlogy(a, x) - x - special.gammaln(a + 1.0)
    return np.asarray(special.gammainc(a + 1.0, x) + np.exp(step))


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
