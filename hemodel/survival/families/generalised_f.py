"""The generalised F family, as in flexsurv.

The standard log F variable behind the generalised F family.

Y = log(F) / delta for an F variable with 2 s1 and 2 s2 degrees of freedom, where
delta = sqrt(Q^2 + 2 P), s1 = 2 / (delta (delta + Q)) and s2 = 2 / (delta (delta - Q)).
Prentice RL (1975), Biometrika 62: 607-614; Cox C (2008), Statistics in Medicine 27:
4301-4312; P = 0 is the log-gamma variable of `log_gamma`.

With p1 = s1 / (s1 + s2), p2 = 1 - p1 and w = delta y, Stirling's formula turns the log
density into -z^2/2 - log(2 pi)/2 plus remainders, where
z^2/2 = (s1 + s2) (log(p2 + p1 exp(w)) - p1 w). That form is stable for all Q and P.
All functions take a `Shape` of arrays (draws, 1) and y (draws, points).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy

from hemodel.survival.families import gamma_functions as log_gamma
from hemodel.survival.families.density import DensityFamily
from hemodel.survival.families.gamma_functions import HALF_LOG_2_PI, MOST_TERMS, SMALLEST_DIRECT, stirling_remainder
from hemodel.survival.families.scales import inverse_mills
from hemodel.survival.family import Array, Link, columns, time_at

if TYPE_CHECKING:
    from numpy.typing import NDArray


SMALLEST_LOG_P = -400.0
NEAR_NORMAL = 3e8
NEAR_GAMMA = 1e16
LARGEST_EXPONENT = 600.0
LARGEST_ODDS = 1e200
RATIO_SERIES = tuple((-1.0) ** n / (n + 2.0) for n in range(16))


@dataclass(frozen=True)
class Shape:
    """Q and what follows from Q and P, each (draws, 1)."""

    q: Array
    delta: Array
    s1: Array
    s2: Array

    def rows(self, some: NDArray[np.bool_]) -> Shape:
        """Return the shape of some draws."""
        return Shape(self.q[some], self.delta[some], self.s1[some], self.s2[some])


def shape_of(q: Array, log_p: Array) -> Shape:
    """Return the shape for Q and log P, with no difference of nearly equal numbers."""
    p = np.exp(np.maximum(log_p, SMALLEST_LOG_P))
    delta = np.hypot(q, np.sqrt(2.0 * p))
    total = delta + np.abs(q)
    small, large = 2.0 / (delta * total), total / (p * delta)
    return Shape(q, delta, np.where(q >= 0.0, small, large), np.where(q >= 0.0, large, small))


def half_square(shape: Shape, w: Array) -> Array:
    """Compute z^2 / 2, from the side on which the share of the two numbers is below one half."""
    turned = shape.s1 > shape.s2
    small = np.minimum(shape.s1, shape.s2)
    share = 1.0 / (1.0 + np.maximum(shape.s1, shape.s2) / small)
    x = np.where(turned, -w, w)
    near = np.clip(x, -1.0, 1.0)
    grown = np.expm1(near)
    inside = near * near * log_gamma.excess(near) - share * grown * grown * _log_rest(share * grown)
    far = np.minimum(x, LARGEST_EXPONENT)
    grown = np.expm1(far)
    outside = grown * _log_ratio(share * grown) - far + (x - far) * (1.0 / share - 1.0)
    return small * np.where(np.abs(x) <= 1.0, inside, outside)


def _log_rest(u: Array) -> Array:
    """Compute (u - log(1 + u)) / u^2, which is 1/2 at u = 0."""
    series = np.zeros_like(u)
    near = np.clip(u, -0.1, 0.1)
    for term in reversed(RATIO_SERIES):
        series = series * near + term
    far = np.where(np.abs(u) < 0.1, 1.0, u)
    return np.where(np.abs(u) < 0.1, series, (far - np.log1p(far)) / (far * far))


def _log_ratio(u: Array) -> Array:
    """Compute log(1 + u) / u, which is 1 at u = 0."""
    safe = np.where(u == 0.0, 1.0, u)
    return np.where(u == 0.0, 1.0, np.log1p(safe) / safe)


def log_density(shape: Shape, y: Array) -> Array:
    """Compute the log density of Y."""
    both = 1.0 / (1.0 / shape.s1 + 1.0 / shape.s2)
    total = np.maximum(shape.s1, shape.s2) * (np.minimum(shape.s1, shape.s2) / both)
    remainder = stirling_remainder(total) - stirling_remainder(shape.s1) - stirling_remainder(shape.s2)
    return remainder - HALF_LOG_2_PI - half_square(shape, shape.delta * y)


def cumulative_hazard(shape: Shape, y: Array) -> Array:
    """Compute -log P(Y > y), stable in both tails.

    From the incomplete beta function; where both s are very large, from the normal
    distribution with one more term; where one is very large, from the log-gamma variable.
    """
    small, large = np.minimum(shape.s1, shape.s2)[:, 0], np.maximum(shape.s1, shape.s2)[:, 0]
    normal = small > NEAR_NORMAL
    gamma = ~normal & (large > NEAR_GAMMA)
    result = np.empty(y.shape)
    for rows, function in ((normal, _near_normal), (gamma, _near_gamma), (~normal & ~gamma, _by_beta)):
        if rows.any():
            result[rows] = function(shape.rows(rows), y[rows])
    return result


def _near_gamma(shape: Shape, y: Array) -> Array:
    return log_gamma.cumulative_hazard(shape.q, y)


def _near_normal(shape: Shape, y: Array) -> Array:
    """Compute -log(Phi(-z) + m phi(z)), where 1 + m z is the slope of y in z."""
    share = 1.0 / (1.0 + shape.s2 / shape.s1)
    w = np.minimum(shape.delta * y, LARGEST_EXPONENT)
    z = np.sign(y) * np.sqrt(2.0 * half_square(shape, shape.delta * y))
    inside = np.abs(w) < 1e-3
    series = 2.0 / 3.0 * share - 1.0 / 3.0 + w * (1.0 - share * (1.0 - share)) / 12.0
    safe = np.where(inside, 1.0, w)
    direct = shape.delta * (share + 1.0 / np.expm1(safe)) - 1.0 / np.where(inside, 1.0, z)
    m = np.where(inside, shape.delta * series, direct)
    return np.asarray(-scipy.special.log_ndtr(-z) - np.log(np.maximum(1.0 + m * inverse_mills(z), 1e-300)))


def _by_beta(shape: Shape, y: Array) -> Array:
    """Compute -log of the incomplete beta function, from the smaller of its two arguments and of its two values."""
    w = shape.delta * y
    odds = shape.s1 / shape.s2 * np.exp(np.clip(w, -LARGEST_EXPONENT, LARGEST_EXPONENT))
    early = odds < 1.0
    x = np.where(early, odds, 1.0) / (1.0 + odds)
    a, b = np.where(early, shape.s1, shape.s2), np.where(early, shape.s2, shape.s1)
    value = np.asarray(scipy.special.betainc(a, b, x))
    rest = np.empty_like(value)
    some = value > 0.5
    rest[some] = scipy.special.betaincc(a[some], b[some], x[some])
    rest[~some] = 1.0 - value[~some]
    died = np.where(early, value, rest) * np.exp(shape.s1 * np.minimum(w + LARGEST_EXPONENT, 0.0))
    survival = np.where(early, rest, value)
    direct = -np.log(np.maximum(survival, SMALLEST_DIRECT))
    result = np.where(died < 0.5, -np.log1p(-np.minimum(died, 0.5)), direct)
    tiny = (survival < SMALLEST_DIRECT) | (odds > LARGEST_ODDS)
    if tiny.any():
        result[tiny] = _far(shape, y, odds, tiny)
    return result


def value_near(shape: Shape, level: Array) -> Array:
    """Return about the y (draws,) at which -log P(Y > y) is ``level``; not finite where that is beyond reach."""
    s1, s2, delta = (each[:, 0] for each in (shape.s1, shape.s2, shape.delta))
    with np.errstate(all="ignore"):
        died = scipy.special.betaincinv(s1, s2, -np.expm1(-level))
        left = scipy.special.betaincinv(s2, s1, np.exp(-level))
        odds = np.where(level < 1.0, died / (1.0 - died), (1.0 - left) / left)
        return np.asarray(np.log(odds * s2 / s1) / delta)


def _far(shape: Shape, y: Array, odds: Array, some: NDArray[np.bool_]) -> Array:
    """Compute -log P(Y > y) far out, from the density and a continued fraction.

    I_x(a, b) with a = s2, b = s1: DiDonato AR, Morris AH (1992), ACM TOMS 18: 360-373, equation 9.
    """
    a, b, delta = (np.broadcast_to(s, y.shape)[some] for s in (shape.s2, shape.s1, shape.delta))
    odds = odds[some]
    x = 1.0 / (1.0 + odds)
    excess = (a * odds - b) * x
    value = a / (a + 1.0) * (excess + 1.0)
    fraction = value.copy()
    up, down = value.copy(), np.zeros_like(value)
    for n in range(1, MOST_TERMS):
        base = a + 2.0 * n - 1.0
        numerator = (a + n - 1.0) / base * ((a + b + n - 1.0) / base) * n * (b - n) * x * x
        step = n + n * (b - n) * x / base + (a + n) / (a + 2.0 * n + 1.0) * (excess + 1.0 + n * (2.0 - x))
        down = 1.0 / (step + numerator * down)
        up = step + numerator / up
        change = up * down
        fraction = fraction * change
        if np.all(np.abs(change - 1.0) < 1e-15):
            break
    return np.asarray(np.log(fraction * delta) - log_density(shape, y)[some])


def log_mean_exponential(shape: Shape, sigma: Array) -> Array:
    """Compute log E exp(sigma Y) for sigma (draws, 1); ``inf`` where infinite."""
    below = 0.5 * sigma * np.where(shape.q >= 0.0, shape.delta + shape.q, 2.0 / (shape.delta * shape.s1))
    above = 0.5 * sigma * np.where(shape.q < 0.0, shape.delta - shape.q, 2.0 / (shape.delta * shape.s2))
    finite = above < 1.0
    above = np.where(finite, above, 0.0)
    share = 1.0 / (1.0 + shape.s2 / shape.s1)
    curves = (1.0 - share) * log_gamma.growth_curve(below) + share * log_gamma.growth_curve(-above)
    result = sigma * sigma * curves - 0.5 * np.log1p(below) - 0.5 * np.log1p(-above)
    for s, growth in ((shape.s1, below), (shape.s2, -above)):
        result = result + stirling_remainder(s * (1.0 + growth)) - stirling_remainder(s)
    return np.where(finite, result, np.inf)


EARLIEST_LOG_TIME = -800.0
START_SIGMA, START_Q, START_P = (0.5, 0.9, 1.5), (-0.4, 0.5, 1.0), (0.1, 1.0)


@dataclass(frozen=True)
class GeneralisedF(DensityFamily):
    """Generalised F (Prentice): log T = mu + sigma Y, with Y of `log_f`.

    P falling to 0 is the generalised gamma; Q = 0, P = 1 is log-logistic with shape
    sqrt(2) / sigma. log P below -400 counts as -400.
    """

    name: str = "genf"
    parameters: tuple[str, ...] = ("mu", "sigma", "Q", "P")
    links: tuple[Link, ...] = ("identity", "log", "identity", "log")

    def starts(self, median: float) -> Array:
        """Return eighteen combinations of sigma, Q and P, all with this median."""
        sigma, q, p = (grid.ravel() for grid in np.meshgrid(START_SIGMA, START_Q, START_P))
        rows = np.column_stack([np.zeros(sigma.size), np.log(sigma), q, np.log(p)])
        rows[:, 0] = np.log(median) - np.log(self.quantile(0.5, rows))
        return rows

    @staticmethod
    def _standard(log_t: Array, coefficients: Array) -> tuple[Shape, Array]:
        mu, log_sigma, q, log_p = columns(coefficients)
        return shape_of(q, log_p), (np.maximum(log_t, EARLIEST_LOG_TIME) - mu) * np.exp(-log_sigma)

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        out[...] = cumulative_hazard(*self._standard(log_t, coefficients))
        np.copyto(out, 0.0, where=np.isneginf(log_t))

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Return the log density, which `DensityFamily` turns into the hazard."""
        log_sigma = coefficients[:, 1:2]
        shape, y = self._standard(log_t, coefficients)
        result = log_density(shape, y) - log_sigma - np.maximum(log_t, EARLIEST_LOG_TIME)
        exponent = shape.delta * shape.s1 * np.exp(-log_sigma) - 1.0
        limit = np.where(np.abs(exponent) < 1e-12, result, np.where(exponent > 0.0, -np.inf, np.inf))
        return np.where(np.isneginf(log_t), limit, result)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        """Begin from the inverse incomplete beta function, which is good to some digits."""
        mu, log_sigma, _, _ = coefficients.T
        shape, _ = self._standard(np.zeros(1), coefficients)
        return time_at(self, level, coefficients, mu + np.exp(log_sigma) * value_near(shape, level))

    def _mean(self, coefficients: Array) -> Array:
        shape, _ = self._standard(np.zeros(1), coefficients)
        sigma = np.exp(coefficients[:, 1:2])
        return np.asarray(np.exp(coefficients[:, :1] + log_mean_exponential(shape, sigma))[:, 0])

    def tail_index(self, coefficients: Array) -> Array:
        """Return s2 delta / sigma; the mean is finite where it is above 1."""
        shape, _ = self._standard(np.zeros(1), coefficients)
        return np.asarray((shape.s2 * shape.delta * np.exp(-coefficients[:, 1:2]))[:, 0])
