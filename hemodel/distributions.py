"""From a value and its uncertainty to a distribution, and from uniforms to draws.

Every distribution is sampled through its quantile function, so that one
uniform number gives one draw: the same uniforms give comparable draws when an
input changes, and any sampling scheme over the unit cube can be used.

Quantile functions of many probabilities at once: polynomials in place of an inverse that is searched for.

The logarithm of the quantile of a gamma or beta distribution is a smooth function of z, the standard normal quantile of
the probability. It is interpolated by a polynomial on each of many short pieces of z, at Chebyshev points (Trefethen LN
2019, Approximation Theory and Approximation Practice, chapter 8). The polynomials are checked between their points,
and where they are not as good as the function itself, the function is used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from hemodel.errors import HemodelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Function = Callable[[NDArray[np.float64]], NDArray[np.float64]]

REACH = 6.5
"""Pieces cover z from minus to plus this, probabilities from 4e-11; beyond it the function is used."""
PIECES, DEGREE = 64, 9
HALF = REACH / PIECES
"""Half of the length of a piece."""
CHECKED = np.array([-0.95, -0.5, 0.05, 0.55, 0.97])
"""Where a polynomial is checked, as a share of half of its piece."""
ACCURACY = 1e-13
"""Largest relative difference from the function."""


@dataclass(frozen=True)
class Polynomials:
    """Coefficients (DEGREE + 1, PIECES) of powers of the place within a piece, of the logarithm of a quantile."""

    coefficients: NDArray[np.float64]

    def at(self, z: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the quantiles at z, any shape, within the pieces."""
        place = (z + REACH) / (2.0 * HALF)
        piece = np.clip(place.astype(np.intp), 0, PIECES - 1)
        within = 2.0 * (place - piece) - 1.0
        value = self.coefficients[-1][piece]
        for row in self.coefficients[-2::-1]:
            value = value * within + row[piece]
        return np.asarray(np.exp(value))

    def quantile(self, probability: NDArray[np.float64], function: Function) -> NDArray[np.float64]:
        """Return the quantiles, any shape; by the function itself beyond the pieces."""
        from scipy.special import ndtri

        z = np.asarray(ndtri(probability))
        outside = ~(np.abs(z) < REACH)
        if not outside.any():
            return self.at(z)
        found = self.at(np.where(outside, 0.0, z))
        found[outside] = function(np.asarray(probability)[outside])
        return found


def polynomials(lower: Function, upper: Function) -> Polynomials | None:
    """Return the polynomials of a quantile function of positive values, or None where they are not good enough.

    Parameters
    ----------
    lower : callable
        Value below which lies a probability.
    upper : callable
        Value above which it lies, for probabilities that are small in that tail.
    """
    nodes = np.cos(np.pi * (np.arange(DEGREE + 1) + 0.5) / (DEGREE + 1))
    with np.errstate(all="ignore"):
        logs = np.log(_exact(_points(nodes), lower, upper))
        if not np.isfinite(logs).all():
            return None
        powers = np.vander(nodes, increasing=True)
        found = Polynomials(np.ascontiguousarray(np.linalg.solve(powers, logs.T)))
        points = _points(CHECKED)
        exact = _exact(points, lower, upper)
        worst = float(np.abs(found.at(points) / exact - 1.0).max())
    return found if worst <= ACCURACY else None


def _points(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return z (pieces, places) of places within every piece."""
    centres = -REACH + HALF * (2.0 * np.arange(PIECES) + 1.0)
    return np.asarray(centres[:, None] + HALF * places)


def _exact(z: NDArray[np.float64], lower: Function, upper: Function) -> NDArray[np.float64]:
    """Return the quantiles at z, each from the tail in which its probability is small."""
    from scipy.special import ndtr

    left = z < 0.0
    found = np.empty_like(z)
    found[left], found[~left] = lower(ndtr(z[left])), upper(ndtr(-z[~left]))
    return found


Z975 = 1.959964
INTERVAL_WIDTH = 2 * Z975


ValueIs = Literal["mean", "median"]
MEAN: Literal["mean"] = "mean"
MEDIAN: Literal["median"] = "median"


class DistributionError(HemodelError):
    """A distribution that cannot hold the value and the uncertainty given."""


@dataclass(frozen=True)
class Distribution:
    """A distribution of one input.

    `parameters` are those of its usual form: beta(alpha, beta),
    gamma(shape, scale), lognormal(meanlog, sdlog), normal(mean, sd),
    uniform(low, high), gamma_share(shape) for one share of a Dirichlet.
    `value_is` says what the value is that it was made from: its mean or its median.
    """

    name: str
    parameters: tuple[float, ...]
    value_is: ValueIs = MEAN

    def quantile(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the values below which the given probabilities lie, same shape."""
        found = _polynomials(self) if self.name in _TAILS else None
        if found is None:
            return self._exact(probability)
        return found.quantile(probability, self._exact)

    def _exact(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        return _QUANTILES[self.name](probability, self.parameters)

    def moments(self) -> tuple[float, float]:
        """Return mean and standard deviation."""
        return _MOMENTS[self.name](*self.parameters)

    def centre(self) -> float:
        """Return what the value should be, the mean or the median."""
        if self.value_is == MEAN:
            return self.moments()[0]
        return float(self._exact(np.array([0.5]))[0])

    def support(self) -> tuple[float, float]:
        """Return the lowest and the highest value there can be, infinite where there is none."""
        if self.name == "uniform":
            return self.parameters[0], self.parameters[1]
        return _SUPPORTS[self.name]

    def interval(self) -> tuple[float, float]:
        """Return the 2.5% and 97.5% points."""
        low, high = self._exact(np.array([0.025, 0.975]))
        return float(low), float(high)


def standard_error(low: float | None, high: float | None, se: float | None) -> float | None:
    """Return the standard error: as given, else the interval's width over 3.919928."""
    if se is not None:
        return se
    if low is None or high is None:
        return None
    return (high - low) / INTERVAL_WIDTH


def distribution(
    name: str,
    value: float,
    *,
    low: float | None = None,
    high: float | None = None,
    se: float | None = None,
    n: float | None = None,
    value_is: ValueIs = MEAN,
) -> Distribution | None:
    """Return the distribution of an input, or None where it does not vary.

    Parameters
    ----------
    name : str
        beta, beta_counts, gamma, lognormal, normal, uniform, dirichlet, fixed
        or empty (fixed).
    value : float
        Of the base case.
    low, high, se, n : float, optional
        A 95% interval, a standard error, or the number of patients.
    value_is : {"mean", "median"}
        What the value of a lognormal is: the mean (a cost, a use, a duration) or the median (a ratio).
        With every other distribution it is the mean.

    Raises
    ------
    DistributionError
        Where the uncertainty is missing or does not fit the distribution.

    Notes
    -----
    beta and gamma by moments, and lognormal of a mean: sdlog^2 = ln(1 + (se / value)^2),
    meanlog = ln value - sdlog^2 / 2, with se = (high - low) / 3.919928 where none is given.
    lognormal of a median: meanlog = ln value, sdlog = ln(high / low) / 3.919928 (se / value
    where only a standard error is given). beta_counts = beta(events + 0.5, n - events + 0.5); uniform between
    low and high; a Dirichlet share is a gamma variate with shape value x n, to
    be divided by the sum over its group. An uncertainty of zero is fixed.
    """
    if name in {"", "fixed"}:
        return None
    if name in {"beta_counts", "dirichlet"}:
        return _from_counts(name, value, n)
    error = standard_error(low, high, se)
    if error is None:
        message = f"the distribution {name} needs an SE, or low and high"
        raise DistributionError(message)
    if error == 0:
        return None
    build = _lognormal_of_median if name == "lognormal" and value_is == MEDIAN else _BUILDERS[name]
    try:
        made = build(value, error, low, high)
    except ArithmeticError:
        made = None
    if made is None or not all(map(math.isfinite, made.parameters)):
        message = f"a {name} distribution with mean {value:g} cannot have the standard error {error:g}"
        raise DistributionError(message)
    return made


def _from_counts(name: str, value: float, n: float | None) -> Distribution | None:
    if n is None or n <= 0:
        message = f"the distribution {name} needs n, the number of patients"
        raise DistributionError(message)
    if name == "beta_counts":
        return Distribution("beta", (value * n + 0.5, (1 - value) * n + 0.5))
    if value == 0:
        message = "a share of 0 cannot have the distribution dirichlet"
        raise DistributionError(message)
    return Distribution("gamma_share", (value * n,))


def _beta(value: float, error: float, low: float | None, high: float | None) -> Distribution:
    del low, high
    if not 0 < value < 1:
        message = f"a beta distribution cannot have the mean {value:g}"
        raise DistributionError(message)
    weight = value * (1 - value) / error**2 - 1
    if weight <= 0:
        message = f"a beta distribution with mean {value:g} cannot have a standard error as large as {error:g}"
        raise DistributionError(message)
    return Distribution("beta", (value * weight, (1 - value) * weight))


def _gamma(value: float, error: float, low: float | None, high: float | None) -> Distribution:
    del low, high
    if value <= 0:
        message = f"a gamma distribution cannot have the mean {value:g}"
        raise DistributionError(message)
    return Distribution("gamma", ((value / error) ** 2, error**2 / value))


def _lognormal(value: float, error: float, low: float | None, high: float | None) -> Distribution:
    del low, high
    if value <= 0:
        message = f"a lognormal distribution cannot have the mean {value:g}"
        raise DistributionError(message)
    variance = float(np.log1p((error / value) ** 2))
    return Distribution("lognormal", (float(np.log(value)) - variance / 2.0, float(np.sqrt(variance))))


def _lognormal_of_median(value: float, error: float, low: float | None, high: float | None) -> Distribution:
    if value <= 0 or (low is not None and low <= 0):
        message = "a lognormal distribution of a ratio needs a value and a low above 0"
        raise DistributionError(message)
    spread = error / value if low is None or high is None else float(np.log(high / low)) / INTERVAL_WIDTH
    return Distribution("lognormal", (float(np.log(value)), spread), MEDIAN)


def _normal(value: float, error: float, low: float | None, high: float | None) -> Distribution:
    del low, high
    return Distribution("normal", (value, error))


def _uniform(value: float, error: float, low: float | None, high: float | None) -> Distribution:
    del error
    if low is None or high is None:
        message = f"a uniform distribution around {value:g} needs low and high"
        raise DistributionError(message)
    return Distribution("uniform", (low, high))


_BUILDERS: dict[str, Callable[[float, float, float | None, float | None], Distribution]] = {
    "beta": _beta,
    "gamma": _gamma,
    "lognormal": _lognormal,
    "normal": _normal,
    "uniform": _uniform,
}


def _beta_quantile(p: NDArray[np.float64], args: tuple[float, ...]) -> NDArray[np.float64]:
    from scipy.special import betaincinv

    return np.asarray(betaincinv(args[0], args[1], p))


def _gamma_quantile(p: NDArray[np.float64], args: tuple[float, ...]) -> NDArray[np.float64]:
    from scipy.special import gammaincinv

    return np.asarray(gammaincinv(args[0], p)) * args[1]


def _share_quantile(p: NDArray[np.float64], args: tuple[float, ...]) -> NDArray[np.float64]:
    return _gamma_quantile(p, (args[0], 1.0))


def _normal_quantile(p: NDArray[np.float64], args: tuple[float, ...]) -> NDArray[np.float64]:
    from scipy.special import ndtri

    return args[0] + args[1] * np.asarray(ndtri(p))


def _lognormal_quantile(p: NDArray[np.float64], args: tuple[float, ...]) -> NDArray[np.float64]:
    return np.asarray(np.exp(_normal_quantile(p, args)), dtype=np.float64)


def _uniform_quantile(p: NDArray[np.float64], args: tuple[float, ...]) -> NDArray[np.float64]:
    return args[0] + (args[1] - args[0]) * p


_QUANTILES: dict[str, Callable[[NDArray[np.float64], tuple[float, ...]], NDArray[np.float64]]] = {
    "beta": _beta_quantile,
    "gamma": _gamma_quantile,
    "gamma_share": _share_quantile,
    "normal": _normal_quantile,
    "lognormal": _lognormal_quantile,
    "uniform": _uniform_quantile,
}


def _beta_upper(p: NDArray[np.float64], args: tuple[float, ...]) -> NDArray[np.float64]:
    from scipy.special import betainccinv

    return np.asarray(betainccinv(args[0], args[1], p))


def _gamma_upper(p: NDArray[np.float64], args: tuple[float, ...]) -> NDArray[np.float64]:
    from scipy.special import gammainccinv

    return np.asarray(gammainccinv(args[0], p)) * args[1]


_TAILS: dict[str, Callable[[NDArray[np.float64], tuple[float, ...]], NDArray[np.float64]]] = {
    "beta": _beta_upper,
    "gamma": _gamma_upper,
    "gamma_share": lambda p, args: _gamma_upper(p, (args[0], 1.0)),
}
"""Values above which probabilities lie, of the distributions whose inverse has to be searched for."""


@lru_cache(maxsize=4096)
def _polynomials(of: Distribution) -> Polynomials | None:
    name, args = of.name, of.parameters
    return polynomials(lambda p: _QUANTILES[name](p, args), lambda p: _TAILS[name](p, args))


def _beta_moments(alpha: float, beta: float) -> tuple[float, float]:
    mean = alpha / (alpha + beta)
    return mean, float(np.sqrt(mean * (1.0 - mean) / (alpha + beta + 1.0)))


def _lognormal_moments(meanlog: float, sdlog: float) -> tuple[float, float]:
    mean = float(np.exp(meanlog + sdlog**2 / 2.0))
    return mean, mean * float(np.sqrt(np.expm1(sdlog**2)))


_MOMENTS: dict[str, Callable[..., tuple[float, float]]] = {
    "beta": _beta_moments,
    "gamma": lambda shape, scale: (shape * scale, float(np.sqrt(shape)) * scale),
    "gamma_share": lambda shape: (shape, float(np.sqrt(shape))),
    "normal": lambda mean, sd: (mean, sd),
    "lognormal": _lognormal_moments,
    "uniform": lambda low, high: ((low + high) / 2.0, (high - low) / float(np.sqrt(12.0))),
}
_SUPPORTS = {
    "beta": (0.0, 1.0),
    "gamma": (0.0, np.inf),
    "gamma_share": (0.0, np.inf),
    "normal": (-np.inf, np.inf),
    "lognormal": (0.0, np.inf),
}
