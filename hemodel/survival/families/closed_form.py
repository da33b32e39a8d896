"""Families with closed forms; every name and argument is as in flexsurv.

Source of the formulas: Jackson CH (2016), flexsurv, Journal of Statistical
Software 70(8), table 1, and the vignette "Distributions reference".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from hemodel.survival.families.gamma_functions import excess
from hemodel.survival.family import Array, Family, Link, columns, fill_line, power_log

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

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        hazard = np.exp(coefficients[0]) * t[None, :]
        return np.ones_like(hazard), hazard


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
        return np.asarray(np.exp(log_scale + scipy.special.gammaln(1.0 + np.exp(-log_shape))))

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Follow from x = shape log(t / scale): H = exp(x), h t = shape exp(x)."""
        shape = np.exp(coefficients[0])
        x = shape * (log_t - coefficients[1])
        scale = np.full_like(x, -shape)
        return np.stack([1.0 + x, scale]), np.exp(x) * np.stack([x, scale])


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
        return np.asarray(np.exp(-log_scale * inverse + scipy.special.gammaln(1.0 + inverse)))

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Follow from x = shape log t: H = scale exp(x), h t = shape scale exp(x)."""
        x = np.exp(coefficients[0]) * log_t
        scale = np.ones_like(x)
        return np.stack([1.0 + x, scale]), np.exp(x + coefficients[1]) * np.stack([x, scale])


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
        rate = LOG_2 / (median * scipy.special.exprel(relative))
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

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Follow from (exp(u) - 1) / u, u = shape t, whose slope is exp(u) (exp(-u) - 1 + u) / u^2."""
        shape, rate = coefficients[0], np.exp(coefficients[1])
        u = shape * t
        cumulative = rate * t * np.stack([t * np.exp(u) * excess(-u), scipy.special.exprel(u)])
        return np.stack([t, np.ones_like(t)]), cumulative


def _scaled_exponential_integral(x: Array) -> Array:
    """Compute exp(x) E1(x): directly up to 50, else by its asymptotic series."""
    near = np.minimum(x, 50.0)
    far = np.maximum(x, 50.0)
    series = np.ones_like(x)
    for k in range(40, 0, -1):
        series = 1.0 - k * series / far
    return np.where(x <= 50.0, np.exp(near) * scipy.special.exp1(near), series / far)
