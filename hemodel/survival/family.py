"""What every family of survival distributions can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from hemodel.survival.families import numeric

Array = NDArray[np.float64]
Link = Literal["identity", "log", "logit"]
_LINKS = {"identity": np.positive, "log": np.log, "logit": special.logit}
_INVERSES = {"identity": np.positive, "log": np.exp, "logit": special.expit}
EARLIEST_TIME = 1e-300


def log_time(t: ArrayLike) -> Array:
    """Return the natural logarithm of times, with ``-inf`` at time 0 and no warning."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.asarray(t, dtype=np.float64)))


def columns(coefficients: Array) -> tuple[Array, ...]:
    """Split coefficients (draws, p) into p columns, each (draws, 1) and contiguous.

    Functions of a strided column can differ in the last bit with where it lies in memory.
    """
    return tuple(np.ascontiguousarray(coefficients[:, j : j + 1]) for j in range(coefficients.shape[1]))


def fill_line(slope: Array, intercept: Array, x: Array, out: Array) -> None:
    """Write slope x + intercept (draws, points) for slopes and intercepts (draws, 1).

    With the same x for all draws it is one matrix product, which passes over the
    result once instead of twice.
    """
    if x.ndim > 1:
        np.multiply(slope, x, out=out)
        out += intercept
        return
    lines, basis = np.empty((slope.shape[0], 2)), np.ones((2, x.size))
    lines[:, :1], lines[:, 1:] = slope, intercept
    basis[0] = x
    np.matmul(lines, basis, out=out)


def power_log(exponent: Array, log_t: Array) -> Array:
    """Return ``exponent * log_t``, with 0 where the exponent is 0 even at time 0."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(exponent == 0.0, 0.0, exponent * log_t))


@dataclass(frozen=True)
class CurveData:
    """What patients or a published curve give to a family that needs data to be complete.

    Attributes
    ----------
    event_times : tuple of float
        Times of events, without censored ones. Knots of splines are placed by them.
    km_times, km_survival : tuple of float
        Times of the steps of the Kaplan-Meier curve, and survival from each step on.
    km_log_se : tuple of float
        Standard error of the log cumulative hazard from each step on.
    """

    event_times: tuple[float, ...] = ()
    km_times: tuple[float, ...] = ()
    km_survival: tuple[float, ...] = ()
    km_log_se: tuple[float, ...] = ()


@dataclass(frozen=True)
class Family(ABC):
    """A parametric family of survival curves.

    Coefficients are on the estimation scale of flexsurv: the logarithm of a
    parameter that must be positive, else the parameter itself. The first axis of
    everything is the draw. Times are in any one unit (months in hemodel) and may
    not be negative; they have shape (points,), or (draws, points) where each draw
    has its own times. Nothing is checked, because these functions are called for
    every block of draws.

    Attributes
    ----------
    name : str
        Name as in flexsurv, or the formula of a family made of others.
    parameters : tuple of str
        Names of the parameters as in flexsurv.
    links : tuple of str
        The scale on which each parameter is estimated: ``identity``, ``log`` or ``logit``.
    """

    name: str
    parameters: tuple[str, ...]
    links: tuple[Link, ...]

    @property
    def kinks(self) -> tuple[float, ...]:
        """Times at which survival is not smooth: steps, joins, cut points and knots."""
        return ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the coefficients, for example ``log(shape)``."""
        pairs = zip(self.parameters, self.links, strict=True)
        return tuple(name if link == "identity" else f"{link}({name})" for name, link in pairs)

    @property
    def members(self) -> tuple[Family, ...]:
        """The families this one is an average of, else none."""
        return ()

    @property
    def is_resolved(self) -> bool:
        """Whether curves can be computed; if not, call `resolved` first."""
        return True

    def resolved(self, data: CurveData) -> Family:
        """Return the family completed with data; name and labels stay the same.

        Raises
        ------
        SurvivalError
            If the data are not enough, for example too few events for the knots.
        """
        return self

    def is_falling(self, coefficients: Array) -> NDArray[np.bool_]:
        """Return whether survival falls at all times, an array (draws,) of bool.

        Only splines can fail; families made of others fail where one of those does.
        """
        return np.ones(coefficients.shape[0], dtype=bool)

    def natural(self, coefficients: ArrayLike) -> Array:
        """Turn coefficients (..., p) into parameters (..., p)."""
        given = np.array(coefficients, dtype=np.float64)
        for j, link in enumerate(self.links):
            given[..., j] = _INVERSES[link](given[..., j])
        return given

    def coefficients(self, natural: ArrayLike) -> Array:
        """Turn parameters (..., p) into coefficients (..., p)."""
        given = np.array(natural, dtype=np.float64)
        for j, link in enumerate(self.links):
            given[..., j] = _LINKS[link](given[..., j])
        return given

    def survival(self, t: Array, coefficients: Array, *, log_t: Array | None = None, out: Array | None = None) -> Array:
        """Compute the probability of no event by time t.

        Parameters
        ----------
        t : array (points,) or (draws, points)
            Times. [months]
        coefficients : array (draws, p)
            Coefficients on the estimation scale.
        log_t : array, optional
            `log_time` of t, where the caller has it already.
        out : array (draws, points), optional
            Where to write the result.

        Returns
        -------
        array (draws, points)
            Survival: 1 at time 0, falling to 0. [probability]
        """
        log_t, out = prepared(t, coefficients, log_t, out)
        with np.errstate(over="ignore"):
            self._fill_survival(t, log_t, coefficients, out)
        return out

    def cumulative_hazard(
        self, t: Array, coefficients: Array, *, log_t: Array | None = None, out: Array | None = None
    ) -> Array:
        """Compute minus the log of survival; arguments and shapes as for `survival`."""
        log_t, out = prepared(t, coefficients, log_t, out)
        with np.errstate(over="ignore"):
            self._fill_cumulative_hazard(t, log_t, coefficients, out)
        return out

    def log_hazard(
        self, t: Array, coefficients: Array, *, log_t: Array | None = None, cumulative: Array | None = None
    ) -> Array:
        """Compute the log of the hazard (per unit of time), (draws, points).

        At time 0 it may be minus or plus infinity. ``cumulative`` is the cumulative
        hazard, where the caller has it already; only some families read it.
        """
        log_t = log_time(t) if log_t is None else log_t
        with np.errstate(over="ignore"):
            return self._log_hazard(t, log_t, coefficients)

    def quantile(self, p: ArrayLike, coefficients: Array) -> Array:
        """Compute the time by which a share p has had the event.

        Parameters
        ----------
        p : float or array (draws,)
            Probability of the event, 0 to 1; 0.5 gives the median.
        coefficients : array (draws, p)
            Coefficients on the estimation scale.

        Returns
        -------
        array (draws,)
            Time at which survival is 1 - p; ``inf`` where that never happens. [months]
        """
        with np.errstate(divide="ignore"):
            return self.time_at(-np.log1p(-np.asarray(p, dtype=np.float64)), coefficients)

    def time_at(self, level: ArrayLike, coefficients: Array) -> Array:
        """Compute the time (draws,) at which the cumulative hazard is ``level``.

        ``level`` is a number or an array (draws,), 0 or more.
        """
        levels = np.asarray(level, dtype=np.float64)
        with np.errstate(over="ignore", divide="ignore"):
            return self._time_at(np.broadcast_to(levels, coefficients.shape[:1]), coefficients)

    def mean(self, coefficients: Array) -> Array:
        """Compute the unrestricted mean time (draws,), ``inf`` where it is infinite."""
        with np.errstate(over="ignore", divide="ignore"):
            return self._mean(coefficients)

    def tail_index(self, coefficients: Array) -> Array:
        """Compute a (draws,), where survival falls like t to the power -a far out.

        It is ``inf`` for lighter tails and 0 where survival levels off above 0.
        The mean is finite where it is above 1.
        """
        return np.full(coefficients.shape[0], np.inf)

    @abstractmethod
    def starts(self, median: float) -> Array:
        """Return coefficients (n, p) of several shapes, all with this median."""

    def derivatives(self, t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Compute the derivatives of log hazard and cumulative hazard by each coefficient.

        Closed forms where there are any, else fourth-order central differences.

        Parameters
        ----------
        t : array (points,)
            Times. At time 0 the cumulative hazard has derivative 0. [months]
        coefficients : array (p,)
            One vector of coefficients.

        Returns
        -------
        log_hazard, cumulative_hazard : array (p, points)
        """
        later = np.maximum(t, EARLIEST_TIME)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            log_hazard, cumulative = self._derivatives(later, np.log(later), coefficients)
        return log_hazard, np.where(t == 0.0, 0.0, cumulative)

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        return numeric.differences(self, t, coefficients)

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self._fill_cumulative_hazard(t, log_t, coefficients, out)
        np.negative(out, out=out)
        np.exp(out, out=out)

    @abstractmethod
    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None: ...

    @abstractmethod
    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array: ...

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        return numeric.time_at(self, level, coefficients)

    def _mean(self, coefficients: Array) -> Array:
        return numeric.mean(self, coefficients)


def prepared(t: Array, coefficients: Array, log_t: Array | None, out: Array | None) -> tuple[Array, Array]:
    """Return logarithms of times, and where to write a result (draws, points), made where they are not given."""
    if log_t is None:
        log_t = log_time(t)
    if out is None:
        out = np.empty((coefficients.shape[0], t.shape[-1]))
    return log_t, out
