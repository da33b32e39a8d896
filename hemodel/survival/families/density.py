"""Families that are known by their density, with a survival function that costs much.

Survival at many times from the density at a few.

The gamma, generalised gamma, generalised F and log-normal families have a density that
costs little and a survival function that costs much. Over log time the density is smooth,
so its Chebyshev series is known from a few points, and the integral of the series gives
survival at every time (Trefethen LN, Approximation theory and approximation practice, 2013,
chapters 3, 8 and 19). The last coefficients of the series say, draw by draw, whether it is
good enough, and so does survival at the first time, since a density that is narrow enough
falls between the points; other draws get twice the points, and then the exact curve.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from hemodel.survival.family import Array, Family, log_time, prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray


NODES = (56, 144)
LAST = 6
GROUP = 8
FEWEST_TIMES = 250
FEWEST_DRAWS = 8
WIDEST_SPAN = 15.0
LARGEST_LAST_COEFFICIENT = 2e-11
LARGEST_GAP = 1e-10
LEAST_SURVIVAL = 1e-13
"""Survival below this is not told apart from it."""


class Density(Protocol):
    """A family with a density that costs little; see `DensityFamily`."""

    def exact_survival(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Survival (draws, points) by the family's own formula."""
        ...

    def log_density(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Log density (draws, points)."""
        ...


def is_worthwhile(log_t: Array, draws: int) -> bool:
    """Return whether it pays: many times, the same for all of many draws, not too far apart."""
    if log_t.ndim > 1 or log_t.size < FEWEST_TIMES or draws < FEWEST_DRAWS:
        return False
    first = int(np.isneginf(log_t[0]))
    return bool(log_t[-1] - log_t[first] < WIDEST_SPAN)


def survival_from_density(shape: Density, coefficients: Array, log_t: Array, out: Array) -> Array:
    """Compute survival (draws, points) at shared times as that at the last plus the density between.

    Parameters
    ----------
    coefficients : array (draws, p)
    log_t : array (points,)
        Logarithms of increasing times, of which the first may be time 0.
    out : array (draws, points)
        Where to write the result. Its error is below 1e-10.
    """
    first = int(np.isneginf(log_t[0]))
    later, body, rows = log_t[first:], out[:, first:], np.arange(out.shape[0])
    for count in NODES:
        settled = _through(shape, coefficients[rows], later, count, body, rows)
        rows = rows[~settled]
        if not rows.size:
            break
    for row in rows:
        body[row] = shape.exact_survival(np.exp(later), later, coefficients[row : row + 1])[0]
    out[:, :first] = 1.0
    return np.clip(out, LEAST_SURVIVAL, 1.0, out=out)


def _through(
    shape: Density, coefficients: Array, log_t: Array, count: int, out: Array, rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Write rows of survival from so many values of the density; return in which of them that is good enough.

    The first time these are all rows; later those that are left, with the same bits for a
    draw whatever the others in its block.
    """
    nodes, weights, last = _nodes(log_t.tobytes(), count)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        density = np.exp(shape.log_density(np.exp(nodes), nodes, coefficients) + nodes)
        whole = count == NODES[0]
        settled = np.abs(_product(density, last, rows, whole)).max(axis=1) < LARGEST_LAST_COEFFICIENT
    density[~settled] = 0.0
    ends = log_t[[0, -1]]
    at_ends = shape.exact_survival(np.exp(ends), ends, coefficients)
    found = _product(np.hstack([density, at_ends[:, 1:]]), weights, rows, whole, out)
    if not whole:
        out[rows] = found
    return np.asarray(settled & (np.abs(found[:, 0] - at_ends[:, 0]) < LARGEST_GAP))


def _product(values: Array, matrix: Array, rows: NDArray[np.intp], whole: bool, out: Array | None = None) -> Array:
    """Return values (rows, k) times a matrix, in ``out`` where all rows of the block are there.

    Else in groups of `GROUP` neighbours of the block, with 0 for those that are not there: a
    row is always in the same place of a product of the same size, and so has the same bits.
    """
    if whole:
        return np.matmul(values, matrix, out=out)
    found = np.empty((rows.size, matrix.shape[1]))
    groups, places = np.divmod(rows, GROUP)
    for group in np.unique(groups):
        some = groups == group
        padded = np.zeros((GROUP, values.shape[1]))
        padded[places[some]] = values[some]
        found[some] = (padded @ matrix)[places[some]]
    return found


@lru_cache(maxsize=32)
def _nodes(times: bytes, count: int) -> tuple[Array, Array, Array]:
    """Return nodes (k,), weights (k + 1, points) and the tail (k, `LAST`).

    Survival at the times is the values at the nodes, and survival at the last time, times
    the weights; the last coefficients of the series are the values times the tail. With x
    log time brought to -1 to 1, the integral of the Chebyshev polynomial T_n is
    T_(n+1) / (2 (n + 1)) - T_(n-1) / (2 (n - 1)).
    """
    log_t = np.frombuffer(times, dtype=np.float64)
    half = 0.5 * (log_t[-1] - log_t[0])
    angles = np.pi * (np.arange(count) + 0.5) / count
    to_coefficients = 2.0 / count * np.cos(np.outer(angles, np.arange(count)))
    to_coefficients[:, 0] *= 0.5
    x = np.clip((log_t - log_t[0]) / half - 1.0, -1.0, 1.0)
    values = np.cos(np.outer(np.arange(count + 1), np.arccos(x)))
    integrals = np.empty((count, x.size))
    integrals[0], integrals[1] = x, 0.5 * x * x
    degrees = np.arange(2, count)[:, None]
    integrals[2:] = 0.5 * (values[3:] / (degrees + 1) - values[1:-2] / (degrees - 1))
    weights = np.vstack([half * to_coefficients @ (integrals[:, -1:] - integrals), np.ones(x.size)])
    return log_t[0] + half * (np.cos(angles) + 1.0), weights, to_coefficients[:, -LAST:]


@dataclass(frozen=True)
class DensityFamily(Family, ABC):
    """A family whose hazard is computed as its density over its survival.

    Survival of many draws at many shared times is integrated from the density (see
    `interpolation`), with an error below 1e-10.
    """

    def survival(self, t: Array, coefficients: Array, *, log_t: Array | None = None, out: Array | None = None) -> Array:
        """Compute survival; see `Family`."""
        log_t, out = prepared(t, coefficients, log_t, out)
        if is_worthwhile(log_t, coefficients.shape[0]):
            return survival_from_density(self, coefficients, log_t, out)
        return super().survival(t, coefficients, log_t=log_t, out=out)

    def cumulative_hazard(
        self, t: Array, coefficients: Array, *, log_t: Array | None = None, out: Array | None = None
    ) -> Array:
        """Compute minus the log of survival; see `Family`."""
        log_t, out = prepared(t, coefficients, log_t, out)
        if is_worthwhile(log_t, coefficients.shape[0]):
            survival_from_density(self, coefficients, log_t, out)
            np.log(out, out=out)
            return np.asarray(np.negative(out, out=out))
        return super().cumulative_hazard(t, coefficients, log_t=log_t, out=out)

    def exact_survival(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Compute survival (draws, points) from the family's own formula."""
        return super().survival(t, coefficients, log_t=log_t)

    def log_density(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Compute the log of the density (draws, points), per unit of time."""
        with np.errstate(over="ignore"):
            return self._log_hazard(t, log_t, coefficients)

    def log_hazard(
        self, t: Array, coefficients: Array, *, log_t: Array | None = None, cumulative: Array | None = None
    ) -> Array:
        """Compute log density + cumulative hazard, (draws, points); see `Family`."""
        log_t = log_time(t) if log_t is None else log_t
        if cumulative is None:
            cumulative = self.cumulative_hazard(t, coefficients, log_t=log_t)
        return self.log_density(t, log_t, coefficients) + cumulative
