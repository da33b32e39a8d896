"""Times, means and derivatives of families that have no closed form for them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

import numpy as np

from hemodel.survival.quadrature import half_line, unit_interval

if TYPE_CHECKING:
    from hemodel.survival.family import Array, Family

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
