"""The weighted residuals that a fit makes small, and their derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from hemodel.survival.family import Array
    from hemodel.survival.reported.problem import FitProblem

LARGEST_RESIDUAL = 1e6


@dataclass(frozen=True)
class Residuals:
    """The residuals z of a problem, with unusable values cut.

    z = (g - y) / s for a statistic known to be y; z = sqrt(-2 ln Phi(u)) for a bound,
    where u is (g - y) / s with the sign that makes it positive where the bound holds.

    Attributes
    ----------
    problem : FitProblem
    y : array (J,)
        Values to meet, on the targets' scales.
    steps : array (p,)
        Steps of the finite differences.
    """

    problem: FitProblem
    y: Array
    steps: Array

    def values(self, coefficients: Array) -> Array:
        """Compute z: (p,) -> (J,), or (n, p) -> (n, J)."""
        with np.errstate(all="ignore"):
            z = (self.problem.values(coefficients) - self.y) / self.problem.errors
            sides = self.problem.sides
            if sides.any():
                z = np.where(sides == 0.0, z, bound_residual(z * sides))
        return _cut(z)

    def slopes(self, coefficients: Array) -> Array:
        """Compute the derivatives of z, (J, p)."""
        with np.errstate(all="ignore"):
            raw = self.problem.slopes(coefficients, self.steps) * self.factors(coefficients)[:, None]
            slopes = raw / self.problem.errors[:, None]
        return np.nan_to_num(slopes, posinf=0.0, neginf=0.0)

    def factors(self, coefficients: Array) -> Array:
        """Compute the derivatives (J,) of z by (g - y) / s: 1 for a statistic known to be y."""
        sides = self.problem.sides
        if not sides.any():
            return np.ones(sides.size)
        with np.errstate(all="ignore"):
            u = sides * (self.problem.values(coefficients) - self.y) / self.problem.errors
            return np.where(sides == 0.0, 1.0, sides * bound_slope(u))

    def bend(self, coefficients: Array) -> Array:
        """Compute sum of z times the second derivatives of z, (p, p), z held fixed."""
        size = coefficients.size
        moves = np.diag(self.steps)
        pairs = [(i, j) for i in range(size) for j in range(size)]
        points = [
            coefficients + a * moves[i] + b * moves[j]
            for i, j in pairs
            for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
        ]
        along = (self.values(np.array(points)) @ self.values(coefficients)).reshape(-1, 4)
        second = (along @ np.array([1.0, -1.0, -1.0, 1.0])).reshape(size, size)
        return np.asarray(second / (4.0 * np.outer(self.steps, self.steps)))


def bound_residual(u: Array) -> Array:
    """Compute sqrt(-2 ln Phi(u)): near 0 where a bound holds by far, near -u where it is far from holding."""
    return np.asarray(np.sqrt(-2.0 * special.log_ndtr(_held(u))))


def bound_slope(u: Array) -> Array:
    """Compute the derivative of `bound_residual`, -phi(u) / (Phi(u) z), which lies between -1 and 0.

    phi(u) / Phi(u) = sqrt(2 / pi) / erfcx(-u / sqrt(2)), which loses nothing far out.
    """
    held = _held(u)
    z = bound_residual(held)
    ratio = np.sqrt(2.0 / np.pi) / special.erfcx(-held / np.sqrt(2.0))
    return np.asarray(np.where(z > 0.0, -ratio / np.where(z > 0.0, z, 1.0), 0.0))


def _held(u: Array) -> Array:
    """Return u within the limits, and as far as can be from holding where there is no value."""
    return np.clip(np.nan_to_num(u, nan=-LARGEST_RESIDUAL), -LARGEST_RESIDUAL, LARGEST_RESIDUAL)


def _cut(z: Array) -> Array:
    z = np.nan_to_num(z, nan=LARGEST_RESIDUAL, posinf=LARGEST_RESIDUAL)
    return np.clip(z, -LARGEST_RESIDUAL, LARGEST_RESIDUAL)
