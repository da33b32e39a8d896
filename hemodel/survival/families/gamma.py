"""The gamma and generalised gamma families, as in flexsurv.

Prentice RL (1974), Biometrika 61: 539-544; Cox C et al. (2007), Statistics in
Medicine 26: 4352-4374. Both are log T = mu + sigma W with W of `log_gamma`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from hemodel.survival.families import gamma_functions as log_gamma
from hemodel.survival.families.density import DensityFamily
from hemodel.survival.families.gamma_functions import upper
from hemodel.survival.family import Array, Link, columns, power_log

EARLIEST_LOG_TIME = -800.0


@dataclass(frozen=True)
class Gamma(DensityFamily):
    """Gamma: density rate^shape t^(shape-1) exp(-rate t) / Gamma(shape)."""

    name: str = "gamma"
    parameters: tuple[str, ...] = ("shape", "rate")
    links: tuple[Link, ...] = ("log", "log")

    def starts(self, median: float) -> Array:
        """Return five shapes, all with this median."""
        shape = np.array([0.4, 0.8, 1.2, 2.0, 4.0])
        rate = scipy.special.gammaincinv(shape, 0.5) / median
        return np.asarray(np.log(np.column_stack([shape, rate])))

    @staticmethod
    def _standard(log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        log_shape, log_rate = columns(coefficients)
        positive = np.maximum(log_t, EARLIEST_LOG_TIME)
        return np.exp(-0.5 * log_shape), np.exp(0.5 * log_shape) * (positive + log_rate - log_shape)

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        out[...] = log_gamma.cumulative_hazard(*self._standard(log_t, coefficients))
        out *= ~np.isneginf(log_t)

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        shape, rate = columns(np.exp(coefficients))
        out[...] = upper(shape, rate * t)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Return the log density, which `DensityFamily` turns into the hazard."""
        log_shape, log_rate = columns(coefficients)
        shape = np.exp(log_shape)
        constant = shape * log_rate - scipy.special.gammaln(shape)
        return np.asarray(constant + power_log(shape - 1.0, log_t) - np.exp(log_rate) * t)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        log_shape, log_rate = coefficients.T
        w = log_gamma.value_at(np.exp(-0.5 * log_shape), level)
        return np.asarray(np.exp(log_shape - log_rate + w * np.exp(-0.5 * log_shape)))

    def _mean(self, coefficients: Array) -> Array:
        return np.exp(coefficients[:, 0] - coefficients[:, 1])


@dataclass(frozen=True)
class GeneralisedGamma(DensityFamily):
    """Generalised gamma (Prentice): log T = mu + sigma W.

    Q = 1 is Weibull, Q = 0 log-normal, Q = sigma gamma, Q = -1 inverse Weibull.
    """

    name: str = "gengamma"
    parameters: tuple[str, ...] = ("mu", "sigma", "Q")
    links: tuple[Link, ...] = ("identity", "log", "identity")

    def starts(self, median: float) -> Array:
        """Return nine combinations of sigma and Q, all with this median."""
        sigma, q = (grid.ravel() for grid in np.meshgrid([0.5, 0.9, 1.5], [-0.6, 0.3, 1.0]))
        middle = log_gamma.value_at(q, np.full(q.shape, np.log(2.0)))
        return np.column_stack([np.log(median) - sigma * middle, np.log(sigma), q])

    @staticmethod
    def _standard(log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        mu, log_sigma, q = columns(coefficients)
        return q, (np.maximum(log_t, EARLIEST_LOG_TIME) - mu) * np.exp(-log_sigma)

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        out[...] = log_gamma.cumulative_hazard(*self._standard(log_t, coefficients))
        out *= ~np.isneginf(log_t)

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        out[...] = log_gamma.survival(*self._standard(log_t, coefficients))
        out[np.broadcast_to(np.isneginf(log_t), out.shape)] = 1.0

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Return the log density, which `DensityFamily` turns into the hazard."""
        log_sigma, q = coefficients[:, 1:2], coefficients[:, 2:3]
        _, w = self._standard(log_t, coefficients)
        positive = np.maximum(log_t, EARLIEST_LOG_TIME)
        result = log_gamma.log_density(q, w) - log_sigma - positive
        exponent = 1.0 - np.maximum(q, 0.0) * np.exp(log_sigma)
        limit = np.where(np.abs(exponent) < 1e-12, result, np.where(exponent > 0, -np.inf, np.inf))
        return np.where(np.isneginf(log_t), limit, result)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        mu, log_sigma, q = coefficients.T
        return np.asarray(np.exp(mu + np.exp(log_sigma) * log_gamma.value_at(q, level)))

    def _mean(self, coefficients: Array) -> Array:
        mu, log_sigma, q = coefficients.T
        return np.asarray(np.exp(mu + log_gamma.log_mean_exponential(q, np.exp(log_sigma))))

    def tail_index(self, coefficients: Array) -> Array:
        """Return 1 / (sigma |Q|) where Q is negative, else ``inf``."""
        _, log_sigma, q = coefficients.T
        negative = q < 0.0
        index = np.exp(-log_sigma) / np.where(negative, -q, 1.0)
        return np.where(negative, index, np.inf)
