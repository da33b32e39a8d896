"""Quantile functions of many probabilities at once: polynomials in place of an inverse that is searched for.

The logarithm of the quantile of a gamma or beta distribution is a smooth function of z, the standard normal quantile of
the probability. It is interpolated by a polynomial on each of many short pieces of z, at Chebyshev points (Trefethen LN
2019, Approximation Theory and Approximation Practice, chapter 8). The polynomials are checked between their points,
and where they are not as good as the function itself, the function is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
