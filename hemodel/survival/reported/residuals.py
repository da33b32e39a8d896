"""The weighted residuals that a fit makes small, and their derivatives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hemodel.survival.family import Array
    from hemodel.survival.reported.problem import FitProblem

LARGEST_RESIDUAL = 1e6


@dataclass(frozen=True)
class Residuals:
    """The residuals z = (g - y) / s of a problem, with unusable values cut.

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
        z = np.nan_to_num(z, nan=LARGEST_RESIDUAL, posinf=LARGEST_RESIDUAL)
        return np.clip(z, -LARGEST_RESIDUAL, LARGEST_RESIDUAL)

    def slopes(self, coefficients: Array) -> Array:
        """Compute the derivatives of z, (J, p)."""
        with np.errstate(all="ignore"):
            slopes = self.problem.slopes(coefficients, self.steps) / self.problem.errors[:, None]
        return np.nan_to_num(slopes, posinf=0.0, neginf=0.0)

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
