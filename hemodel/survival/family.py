"""What every family of survival distributions can do.

Times, means and derivatives of families that have no closed form for them.

Double-exponential quadrature on (0, 1) and (0, inf).

Takahasi H, Mori M (1974), Publications RIMS 9: 721-741. Both rules put nodes at
exponentially small distances from 0, so that integrands that are unbounded or not
smooth there (Weibull shape below 1) lose no accuracy.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal, Protocol

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

LARGEST_LOG_NODE = 690.0
FINE_STEP, COARSE_STEP = 1.0 / 128.0, 1.0 / 16.0
MANY_PIECES = 4


@cache
def unit_interval(step: float) -> tuple[Array, Array]:
    """Return log of the nodes and the weights for an integral over (0, 1).

    The node at u is 1 / (1 + exp(-pi sinh u)) for u from -4.3 to 3 in steps of ``step``.
    """
    u = np.arange(round(-4.3 / step), round(3.0 / step) + 1) * step
    log_nodes = -np.logaddexp(0.0, -np.pi * np.sinh(u))
    log_rest = -np.logaddexp(0.0, np.pi * np.sinh(u))
    return log_nodes, step * np.pi * np.cosh(u) * np.exp(log_nodes + log_rest)


@cache
def half_line(step: float) -> tuple[Array, Array]:
    """Return log of the nodes and the weights for an integral over (0, inf).

    The node at u is exp(pi/2 sinh u), up to about exp(690); the last one has half its
    weight, so that the rest of an integral that is not yet 0 there can be added.
    """
    last = float(np.arcsinh(2.0 * LARGEST_LOG_NODE / np.pi))
    u = np.arange(round(-4.3 / step), int(last / step) + 1) * step
    log_nodes = 0.5 * np.pi * np.sinh(u)
    weights = step * 0.5 * np.pi * np.cosh(u) * np.exp(log_nodes)
    weights[-1] *= 0.5
    return log_nodes, weights


@cache
def nodes_up_to(horizon: float, kinks: tuple[float, ...]) -> tuple[Array, Array]:
    """Return nodes and weights for an integral over (0, horizon) of a curve with kinks.

    Each piece between two kinks has its own double-exponential rule, with a coarser
    step where there are several.
    """
    edges = np.array([0.0, *(kink for kink in kinks if 0.0 < kink < horizon), horizon])
    log_nodes, weights = unit_interval(FINE_STEP if edges.size < MANY_PIECES else COARSE_STEP)
    widths = np.diff(edges)[:, None]
    t = edges[:-1, None] + widths * np.exp(log_nodes)
    return t.ravel(), (widths * weights).ravel()


def nodes_by_draw(horizon: float, kinks: Array) -> tuple[Array, Array]:
    """Return nodes and weights (draws, nodes) for integrals over (0, horizon) with kinks (draws, k) of their own."""
    inside = np.sort(np.clip(kinks, 0.0, horizon), axis=1)
    edges = np.hstack([np.zeros((len(inside), 1)), inside, np.full((len(inside), 1), horizon)])
    log_nodes, weights = unit_interval(FINE_STEP if edges.shape[1] < MANY_PIECES else COARSE_STEP)
    widths = np.diff(edges, axis=1)[:, :, None]
    t = edges[:, :-1, None] + widths * np.exp(log_nodes)
    return t.reshape(len(edges), -1), (widths * weights).reshape(len(edges), -1)


EARLIEST_LOG_TIME, LATEST_LOG_TIME = -690.0, 700.0
MOST_STEPS = 200
FARTHEST_START = 100.0
LAST_STEP = 1e-9
LARGEST_LAST_GAP = 1e-6
MOST_GUESSED = 20_000
GUESSES = np.linspace(-4.0, 8.0, 49)
"""Logarithms of times of the grid from which a search for a time begins."""
DIFFERENCE = 1e-3
BLOCK = 256
PIECE_STEP = 1.0 / 64.0
TAIL_STEP = 1.0 / 64.0


class Hazards(Protocol):
    """Anything with a cumulative hazard and a log hazard, as `Family` has them."""

    def cumulative_hazard(self, t: Array, coefficients: Array, *, log_t: Array | None = None) -> Array:
        """Cumulative hazard (draws, points)."""
        ...

    def log_hazard(
        self, t: Array, coefficients: Array, *, log_t: Array | None = None, cumulative: Array | None = None
    ) -> Array:
        """Log hazard (draws, points)."""
        ...


def time_at(shape: Hazards, level: Array, coefficients: Array, start: Array | None = None) -> Array:
    """Compute the time (draws,) at which the cumulative hazard is ``level`` (draws,).

    Newton's method for log H in log time, whose error squares with every step, to a step
    below `LAST_STEP`; a step that leaves the interval known to hold
    the solution is replaced by its midpoint, and so is every fourth step. ``inf`` where the
    level is not reached by time exp(700), 0 where it is passed before exp(-690). ``start``
    (draws,) are logarithms of times to begin from; those that are not finite or too far out
    are not used.
    """
    low = np.full(level.shape, EARLIEST_LOG_TIME)
    high = np.full(level.shape, LATEST_LOG_TIME)
    end = np.array([LATEST_LOG_TIME])
    latest = shape.cumulative_hazard(np.exp(end), coefficients, log_t=end)[:, 0]
    result = np.where(level == 0.0, 0.0, np.inf)
    open_rows = np.flatnonzero((level > 0.0) & (level <= latest) & np.isfinite(level))
    guess = _guess(shape, level, coefficients) if start is None else start
    x = np.where(np.abs(guess) < FARTHEST_START, guess, 0.0)
    for count in range(MOST_STEPS):
        if not open_rows.size:
            break
        some = open_rows
        gap, slope = _log_gap(shape, x[some], level[some], coefficients[some])
        low[some] = np.where(gap < 0.0, x[some], low[some])
        high[some] = np.where(gap < 0.0, high[some], x[some])
        with np.errstate(divide="ignore", invalid="ignore"):
            newton = x[some] - gap / slope
        inside = (newton >= low[some]) & (newton <= high[some]) & (count % 4 != 3)
        following = np.where(inside, newton, 0.5 * (low[some] + high[some]))
        tolerance = 4e-16 * np.maximum(np.abs(following), 1.0)
        last = inside & (np.abs(newton - x[some]) <= LAST_STEP) & (np.abs(gap) <= LARGEST_LAST_GAP)
        done = (gap == 0.0) | (high[some] - low[some] <= tolerance) | last
        x[some] = np.where(gap == 0.0, x[some], following)
        result[some] = np.exp(x[some])
        open_rows = some[~done]
    return result


def _guess(shape: Hazards, level: Array, coefficients: Array) -> Array:
    """Return about the log time (draws,) at which H reaches a level, off a coarse grid; nan where it is not on it."""
    if level.size > MOST_GUESSED:
        return np.full(level.size, np.nan)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        logs = np.log(shape.cumulative_hazard(np.exp(GUESSES), coefficients, log_t=GUESSES))
        wanted = np.log(level)
        after = (logs >= wanted[:, None]).argmax(axis=1)
        before, rows = np.maximum(after - 1, 0), np.arange(level.size)
        share = (wanted - logs[rows, before]) / (logs[rows, after] - logs[rows, before])
        return np.where(after > 0, GUESSES[before] + share * (GUESSES[after] - GUESSES[before]), np.nan)


def _log_gap(shape: Hazards, x: Array, level: Array, coefficients: Array) -> tuple[Array, Array]:
    """Return log of H over the level, and its slope in log time, each (draws,)."""
    log_t = x[:, None]
    t = np.exp(log_t)
    hazard = shape.cumulative_hazard(t, coefficients, log_t=log_t)
    log_hazard = shape.log_hazard(t, coefficients, log_t=log_t, cumulative=hazard)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        log_level = np.log(hazard[:, 0])
        return log_level - np.log(level), np.exp(log_hazard[:, 0] + x - log_level)


def mean(shape: Family, coefficients: Array) -> Array:
    """Compute the area under survival (draws,), ``inf`` where infinite.

    Double-exponential quadrature between the kinks of the family and from the last
    one on; relative error below 1e-8.
    """
    finite = shape.tail_index(coefficients) > 1.0
    result = np.full(coefficients.shape[0], np.inf)
    rows = np.flatnonzero(finite)
    edges = (0.0, *shape.kinks)
    for start in range(0, rows.size, BLOCK):
        some = coefficients[rows[start : start + BLOCK]]
        parts = [_piece(shape, some, *edge) for edge in pairwise(edges)]
        result[rows[start : start + BLOCK]] = sum(parts) + area_from(shape, some, edges[-1])
    return result


def _piece(shape: Family, coefficients: Array, low: float, high: float) -> Array:
    log_nodes, weights = unit_interval(PIECE_STEP)
    t = low + (high - low) * np.exp(log_nodes)
    survival = shape.survival(t, coefficients)
    return np.asarray((high - low) * (survival @ weights))


def area_from(shape: Family, coefficients: Array, start: float) -> Array:
    """Compute the area under survival from ``start`` on (draws,)."""
    at_start = shape.cumulative_hazard(np.array([start]), coefficients)[:, 0]
    middle = shape.time_at(at_start + np.log(2.0), coefficients)
    index = shape.tail_index(coefficients)
    usable = np.isfinite(at_start) & np.isfinite(middle) & (middle > start)
    log_nodes, weights = half_line(TAIL_STEP)
    scale = np.where(usable, middle - start, 1.0)[:, None]
    t = start + scale * np.exp(log_nodes)
    survival = shape.survival(t, coefficients)
    beyond = np.exp(log_nodes[-1]) * survival[:, -1] / np.where(usable, index - 1.0, 1.0)
    area = scale[:, 0] * (survival @ weights + beyond)
    return np.where(np.isposinf(at_start), 0.0, np.where(usable, area, np.inf))


def differences(shape: Family, t: Array, coefficients: Array) -> tuple[Array, Array]:
    """Compute `Family.derivatives` by fourth-order central differences.

    The step is 0.001 times the size of a coefficient, or 0.001 if that is below 1.
    """
    steps = DIFFERENCE * np.maximum(np.abs(coefficients), 1.0)
    moves = np.array([-2.0, -1.0, 1.0, 2.0])
    rows = np.repeat(coefficients[None, :], 4 * coefficients.size, axis=0)
    for j, step in enumerate(steps):
        rows[4 * j : 4 * j + 4, j] += moves * step
    cumulative = shape.cumulative_hazard(t, rows)
    log_hazard = shape.log_hazard(t, rows, cumulative=cumulative)
    weights = np.array([1.0, -8.0, 8.0, -1.0]) / 12.0
    shares = weights[None, :, None] / steps[:, None, None]
    size = (coefficients.size, 4, t.size)
    return (log_hazard.reshape(size) * shares).sum(axis=1), (cumulative.reshape(size) * shares).sum(axis=1)


Array = NDArray[np.float64]
Link = Literal["identity", "log", "logit"]
EARLIEST_TIME = 1e-300


def _estimated(link: Link, natural: Array) -> Array:
    """Return arguments of a distribution on the scale of estimation."""
    if link == "identity":
        return natural
    return np.asarray(np.log(natural) if link == "log" else scipy.special.logit(natural))


def _natural(link: Link, estimated: Array) -> Array:
    """Return arguments of a distribution from the scale of estimation."""
    if link == "identity":
        return estimated
    return np.asarray(np.exp(estimated) if link == "log" else scipy.special.expit(estimated))


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
            given[..., j] = _natural(link, given[..., j])
        return given

    def coefficients(self, natural: ArrayLike) -> Array:
        """Turn parameters (..., p) into coefficients (..., p)."""
        given = np.array(natural, dtype=np.float64)
        for j, link in enumerate(self.links):
            given[..., j] = _estimated(link, given[..., j])
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
        return differences(self, t, coefficients)

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self._fill_cumulative_hazard(t, log_t, coefficients, out)
        np.negative(out, out=out)
        np.exp(out, out=out)

    @abstractmethod
    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None: ...

    @abstractmethod
    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array: ...

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        return time_at(self, level, coefficients)

    def _mean(self, coefficients: Array) -> Array:
        return mean(self, coefficients)


def prepared(t: Array, coefficients: Array, log_t: Array | None, out: Array | None) -> tuple[Array, Array]:
    """Return logarithms of times, and where to write a result (draws, points), made where they are not given."""
    if log_t is None:
        log_t = log_time(t)
    if out is None:
        out = np.empty((coefficients.shape[0], t.shape[-1]))
    return log_t, out
