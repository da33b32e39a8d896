"""Families with closed forms; every name and argument is as in flexsurv.

Source of the formulas: Jackson CH (2016), flexsurv, Journal of Statistical
Software 70(8), table 1, and the vignette "Distributions reference".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from hemodel.survival.family import Array, DensityFamily, Family, Link, columns, fill_line, power_log

LOG_2 = float(np.log(2.0))


@dataclass(frozen=True)
class Exponential(Family):
    """Constant hazard: H = rate t."""

    name: str = "exp"
    parameters: tuple[str, ...] = ("rate",)
    links: tuple[Link, ...] = ("log",)

    def starts(self, median: float) -> Array:
        """Return the one curve with this median."""
        return np.array([[np.log(LOG_2 / median)]])

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        np.multiply(np.exp(coefficients), t, out=out)

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        np.multiply(-np.exp(coefficients), t, out=out)
        np.exp(out, out=out)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        return coefficients + np.zeros_like(t)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        return level * np.exp(-coefficients[:, 0])

    def _mean(self, coefficients: Array) -> Array:
        return np.exp(-coefficients[:, 0])


@dataclass(frozen=True)
class Weibull(Family):
    """Weibull by scale: H = (t / scale)^shape."""

    name: str = "weibull"
    parameters: tuple[str, ...] = ("shape", "scale")
    links: tuple[Link, ...] = ("log", "log")

    def starts(self, median: float) -> Array:
        """Return five shapes, all with this median."""
        shape = np.array([0.5, 0.8, 1.1, 1.6, 2.5])
        return np.column_stack([np.log(shape), np.log(median) - np.log(LOG_2) / shape])

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        log_shape, log_scale = columns(coefficients)
        shape = np.exp(log_shape)
        fill_line(shape, -shape * log_scale, log_t, out)
        np.exp(out, out=out)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        log_shape, log_scale = columns(coefficients)
        shape = np.exp(log_shape)
        return log_shape - shape * log_scale + power_log(shape - 1.0, log_t)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        log_shape, log_scale = coefficients.T
        return np.asarray(np.exp(log_scale + np.log(level) * np.exp(-log_shape)))

    def _mean(self, coefficients: Array) -> Array:
        log_shape, log_scale = coefficients.T
        return np.asarray(np.exp(log_scale + special.gammaln(1.0 + np.exp(-log_shape))))


@dataclass(frozen=True)
class WeibullPH(Family):
    """Weibull by hazard: H = scale t^shape."""

    name: str = "weibullPH"
    parameters: tuple[str, ...] = ("shape", "scale")
    links: tuple[Link, ...] = ("log", "log")

    def starts(self, median: float) -> Array:
        """Return five shapes, all with this median."""
        shape = np.array([0.5, 0.8, 1.1, 1.6, 2.5])
        return np.column_stack([np.log(shape), np.log(LOG_2) - shape * np.log(median)])

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        log_shape, log_scale = columns(coefficients)
        fill_line(np.exp(log_shape), log_scale, log_t, out)
        np.exp(out, out=out)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        log_shape, log_scale = columns(coefficients)
        return log_shape + log_scale + power_log(np.exp(log_shape) - 1.0, log_t)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        log_shape, log_scale = coefficients.T
        return np.asarray(np.exp((np.log(level) - log_scale) * np.exp(-log_shape)))

    def _mean(self, coefficients: Array) -> Array:
        log_shape, log_scale = coefficients.T
        inverse = np.exp(-log_shape)
        return np.asarray(np.exp(-log_scale * inverse + special.gammaln(1.0 + inverse)))


@dataclass(frozen=True)
class Gompertz(Family):
    """Gompertz: h = rate exp(shape t), H = rate (exp(shape t) - 1) / shape.

    With a negative shape survival levels off at exp(rate / shape), above 0.
    """

    name: str = "gompertz"
    parameters: tuple[str, ...] = ("shape", "rate")
    links: tuple[Link, ...] = ("identity", "log")

    def starts(self, median: float) -> Array:
        """Return six shapes, all with this median."""
        relative = np.array([-1.0, -0.4, -0.1, 0.1, 0.5, 1.5])
        rate = LOG_2 / (median * special.exprel(relative))
        return np.column_stack([relative / median, np.log(rate)])

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        shape, log_rate = columns(coefficients)
        flat = np.abs(shape) < 1e-300
        np.multiply(np.where(flat, 1.0, shape), t, out=out)
        np.expm1(out, out=out)
        out *= np.exp(log_rate) / np.where(flat, 1.0, shape)
        if flat.any():
            np.multiply(np.exp(log_rate), t, out=out, where=flat)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        shape, log_rate = columns(coefficients)
        return log_rate + shape * t

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        shape, log_rate = coefficients.T
        flat = level * np.exp(-log_rate)
        growth = shape * np.where(shape == 0.0, 0.0, flat)
        curved = np.abs(growth) > 1e-300
        usable = curved & (growth > -1.0)
        time = np.log1p(np.where(usable, growth, 0.0)) / np.where(curved, shape, 1.0)
        return np.where(growth <= -1.0, np.inf, np.where(curved, time, flat))

    def _mean(self, coefficients: Array) -> Array:
        shape, log_rate = coefficients.T
        rising = shape > 0.0
        ratio = np.exp(log_rate) / np.where(rising, shape, 1.0)
        mean = np.exp(-log_rate) * ratio * _scaled_exponential_integral(ratio)
        level = np.where(shape == 0.0, np.exp(-log_rate), np.inf)
        return np.where(rising, mean, level)

    def tail_index(self, coefficients: Array) -> Array:
        """Return 0 where survival levels off (negative shape), else ``inf``."""
        return np.where(coefficients[:, 0] < 0.0, 0.0, np.inf)


def _scaled_exponential_integral(x: Array) -> Array:
    """Compute exp(x) E1(x): directly up to 50, else by its asymptotic series."""
    near = np.minimum(x, 50.0)
    far = np.maximum(x, 50.0)
    series = np.ones_like(x)
    for k in range(40, 0, -1):
        series = 1.0 - k * series / far
    return np.where(x <= 50.0, np.exp(near) * special.exp1(near), series / far)


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
        special.log_ndtr(out, out=out)
        np.negative(out, out=out)

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self._fill_minus_z(log_t, coefficients, out)
        special.ndtr(out, out=out)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Return the log density, which `DensityFamily` turns into the hazard."""
        meanlog, log_sd = columns(coefficients)
        positive = np.maximum(log_t, -800.0)
        z = (positive - meanlog) * np.exp(-log_sd)
        result = -0.5 * z * z - 0.5 * np.log(2.0 * np.pi) - log_sd - positive
        return np.where(np.isneginf(log_t), -np.inf, result)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        meanlog, log_sd = coefficients.T
        return np.asarray(np.exp(meanlog - np.exp(log_sd) * special.ndtri_exp(-level)))

    def _mean(self, coefficients: Array) -> Array:
        meanlog, log_sd = coefficients.T
        return np.asarray(np.exp(meanlog + 0.5 * np.exp(2.0 * log_sd)))
