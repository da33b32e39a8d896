"""The generalised F family, as in flexsurv."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hemodel.survival.density_family import DensityFamily
from hemodel.survival.families import log_f, numeric
from hemodel.survival.families.log_f import Shape, shape_of
from hemodel.survival.family import Array, Link, columns

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
        out[...] = log_f.cumulative_hazard(*self._standard(log_t, coefficients))
        np.copyto(out, 0.0, where=np.isneginf(log_t))

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Return the log density, which `DensityFamily` turns into the hazard."""
        log_sigma = coefficients[:, 1:2]
        shape, y = self._standard(log_t, coefficients)
        result = log_f.log_density(shape, y) - log_sigma - np.maximum(log_t, EARLIEST_LOG_TIME)
        exponent = shape.delta * shape.s1 * np.exp(-log_sigma) - 1.0
        limit = np.where(np.abs(exponent) < 1e-12, result, np.where(exponent > 0.0, -np.inf, np.inf))
        return np.where(np.isneginf(log_t), limit, result)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        """Begin from the inverse incomplete beta function, which is good to some digits."""
        mu, log_sigma, _, _ = coefficients.T
        shape, _ = self._standard(np.zeros(1), coefficients)
        return numeric.time_at(self, level, coefficients, mu + np.exp(log_sigma) * log_f.value_near(shape, level))

    def _mean(self, coefficients: Array) -> Array:
        shape, _ = self._standard(np.zeros(1), coefficients)
        sigma = np.exp(coefficients[:, 1:2])
        return np.asarray(np.exp(coefficients[:, :1] + log_f.log_mean_exponential(shape, sigma))[:, 0])

    def tail_index(self, coefficients: Array) -> Array:
        """Return s2 delta / sigma; the mean is finite where it is above 1."""
        shape, _ = self._standard(np.zeros(1), coefficients)
        return np.asarray((shape.s2 * shape.delta * np.exp(-coefficients[:, 1:2]))[:, 0])
