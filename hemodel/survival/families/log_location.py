"""The log-logistic and log-normal families; every name and argument is as in flexsurv.

Source of the formulas: Jackson CH (2016), flexsurv, Journal of Statistical
Software 70(8), table 1, and the vignette "Distributions reference".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from hemodel.survival.families.density import DensityFamily
from hemodel.survival.families.scales import inverse_mills
from hemodel.survival.family import Array, Family, Link, columns, fill_line, power_log


@dataclass(frozen=True)
class LogLogistic(Family):
    """Log-logistic: S = 1 / (1 + (t / scale)^shape)."""

    name: str = "llogis"
    parameters: tuple[str, ...] = ("shape", "scale")
    links: tuple[Link, ...] = ("log", "log")

    def starts(self, median: float) -> Array:
        """Return five shapes, all with this median."""
        shape = np.array([0.7, 1.1, 1.6, 2.3, 3.5])
        return np.column_stack([np.log(shape), np.full(5, np.log(median))])

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self._fill_log_odds(log_t, coefficients, out)
        rest = np.log1p(np.exp(-np.abs(out)))
        np.maximum(out, 0.0, out=out)
        out += rest

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self._fill_log_odds(log_t, coefficients, out)
        np.exp(out, out=out)
        out += 1.0
        np.reciprocal(out, out=out)

    @staticmethod
    def _fill_log_odds(log_t: Array, coefficients: Array, out: Array) -> None:
        log_shape, log_scale = columns(coefficients)
        shape = np.exp(log_shape)
        fill_line(shape, -shape * log_scale, log_t, out)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        log_shape, log_scale = columns(coefficients)
        shape = np.exp(log_shape)
        x = shape * (log_t - log_scale)
        rising = log_shape - shape * log_scale + power_log(shape - 1.0, log_t)
        return rising - np.maximum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        log_shape, log_scale = coefficients.T
        many = np.maximum(level, 1.0)
        few = np.minimum(level, 1.0)
        log_odds = np.where(level > 1.0, many + np.log1p(-np.exp(-many)), np.log(np.expm1(few)))
        return np.asarray(np.exp(log_scale + log_odds * np.exp(-log_shape)))

    def _mean(self, coefficients: Array) -> Array:
        angle = np.pi * np.exp(-np.maximum(coefficients[:, 0], 0.0))
        mean = np.exp(coefficients[:, 1]) * angle / np.sin(angle)
        return np.where(coefficients[:, 0] > 0.0, mean, np.inf)

    def tail_index(self, coefficients: Array) -> Array:
        """Return the shape."""
        return np.exp(coefficients[:, 0])

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Follow from x = shape log(t / scale): H = log(1 + exp(x)), h t = shape exp(x) / (1 + exp(x))."""
        shape = np.exp(coefficients[0])
        x = shape * (log_t - coefficients[1])
        passed, left = scipy.special.expit(x), scipy.special.expit(-x)
        return np.stack([1.0 + left * x, -shape * left]), np.stack([passed * x, -shape * passed])


@dataclass(frozen=True)
class LogNormal(DensityFamily):
    """Log-normal: S = Phi(-(log t - meanlog) / sdlog)."""

    name: str = "lnorm"
    parameters: tuple[str, ...] = ("meanlog", "sdlog")
    links: tuple[Link, ...] = ("identity", "log")

    def starts(self, median: float) -> Array:
        """Return five spreads, all with this median."""
        spread = np.array([0.5, 0.8, 1.1, 1.5, 2.2])
        return np.column_stack([np.full(5, np.log(median)), np.log(spread)])

    @staticmethod
    def _fill_minus_z(log_t: Array, coefficients: Array, out: Array) -> None:
        meanlog, log_sd = columns(coefficients)
        np.subtract(meanlog, log_t, out=out)
        out *= np.exp(-log_sd)

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self._fill_minus_z(log_t, coefficients, out)
        scipy.special.log_ndtr(out, out=out)
        np.negative(out, out=out)

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self._fill_minus_z(log_t, coefficients, out)
        scipy.special.ndtr(out, out=out)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Return the log density, which `DensityFamily` turns into the hazard."""
        meanlog, log_sd = columns(coefficients)
        positive = np.maximum(log_t, -800.0)
        z = (positive - meanlog) * np.exp(-log_sd)
        result = -0.5 * z * z - 0.5 * np.log(2.0 * np.pi) - log_sd - positive
        return np.where(np.isneginf(log_t), -np.inf, result)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        meanlog, log_sd = coefficients.T
        return np.asarray(np.exp(meanlog - np.exp(log_sd) * scipy.special.ndtri_exp(-level)))

    def _mean(self, coefficients: Array) -> Array:
        meanlog, log_sd = coefficients.T
        return np.asarray(np.exp(meanlog + 0.5 * np.exp(2.0 * log_sd)))

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Follow from H = -log Phi(-z), whose slope in z is the inverse Mills ratio m(z), and m' = m (m - z)."""
        sd = np.exp(coefficients[1])
        z = (log_t - coefficients[0]) / sd
        slope = inverse_mills(z)
        rate = slope - z
        return np.stack([-rate / sd, -rate * z - 1.0]), np.stack([-slope / sd, -slope * z])
