"""Penalised least squares in closed form: every amount of smoothing from one eigendecomposition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import eigh

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.parameters import FloatArray

SMOOTHING = np.logspace(-7, 9, 65)
"""Weights of the penalty that are tried, beside one that equals the data in size."""
NOISE_FLOOR = 1e-14
"""Residual share of the variance below which a fit is exact."""
UNPENALISED = 1e-9
"""Share of the penalty below which a combination of the basis has none, but for rounding."""


@dataclass(frozen=True)
class Penalised:
    """Fitted values of a penalised regression, and the distribution of the error in them.

    Attributes
    ----------
    fitted : array (draws, outcomes)
    basis : array or sparse array (draws, coefficients)
    vectors : array (coefficients, coefficients)
        Combinations of the basis whose coefficients have independent errors.
    spread : array (coefficients, outcomes)
        Standard deviation of each coefficient in units of the residual standard deviation.
    residual : array (outcomes, outcomes)
        Covariance of the residuals.
    criterion : float
        Minus twice the restricted log likelihood but for a constant, added over the outcomes; lower is better.
    """

    fitted: FloatArray
    basis: FloatArray
    vectors: FloatArray
    spread: FloatArray
    residual: FloatArray
    criterion: float

    def variance_of(self, weights: FloatArray) -> float:
        """Return the variance of sum(weights * fitted) from the error of the coefficients.

        Parameters
        ----------
        weights : array (draws, outcomes)
        """
        scaled = self.vectors.T @ (self.basis.T @ weights) * self.spread
        return float(np.sum((scaled @ self.residual) * scaled))

    def covariance_about_mean(self, rows: slice) -> FloatArray:
        """Return the covariance (rows, outcomes, outcomes) of the error of some fitted values about their mean."""
        pairs = self.spread[:, :, None] * self.spread[:, None, :]
        about = (self.basis[rows] - np.asarray(self.basis.mean(axis=0))) @ self.vectors
        return np.asarray(np.tensordot(about**2, pairs, axes=1) * self.residual)


def penalised(basis: FloatArray, penalties: Sequence[FloatArray], outcomes: FloatArray) -> Penalised:
    """Return the penalised least squares fit, smoothing and penalty chosen by restricted maximum likelihood.

    With X the basis and S a penalty, the fit minimises |y - X b|^2 + m b'Sb. The pencil (X'X, X'X + S) has
    eigenvalues d between 0 and 1, in whose basis the normal equations are diagonal for every m: d + m (1 - d).
    The restricted likelihood (Wood 2011, J R Stat Soc B 73:3-36) is then a sum, taken at all m of a fine grid for
    every outcome at once.

    Parameters
    ----------
    basis : array or sparse array (draws, coefficients)
        Spans the constant without a penalty.
    penalties : sequence of arrays (coefficients, coefficients)
        Positive semidefinite and of the same null space; the best is used.
    outcomes : array (draws, outcomes)

    Returns
    -------
    Penalised
    """
    mean = outcomes.mean(axis=0)
    centred = outcomes - mean
    gram = basis.T @ basis
    gram = np.asarray(gram.toarray() if hasattr(gram, "toarray") else gram)
    moments = basis.T @ centred
    squares = np.sum(centred**2, axis=0)
    fits = [_solve(gram, penalty, moments, squares, len(outcomes)) for penalty in penalties]
    best = min(fits, key=lambda fit: fit.criterion)
    coefficients = best.vectors @ (best.projected / best.denominators)
    fitted = basis @ coefficients
    residuals = centred - fitted
    freedom = np.sum(best.shares / best.denominators, axis=0).mean()
    covariance = residuals.T @ residuals / max(len(outcomes) - freedom, 1.0)
    spread = 1 / np.sqrt(best.denominators)
    return Penalised(fitted + mean, basis, best.vectors, spread, covariance, best.criterion)


@dataclass(frozen=True)
class _Solution:
    vectors: FloatArray
    shares: FloatArray
    projected: FloatArray
    denominators: FloatArray
    criterion: float


def _solve(gram: FloatArray, penalty: FloatArray, moments: FloatArray, squares: FloatArray, draws: int) -> _Solution:
    scaled = penalty * (np.trace(gram) / np.trace(penalty))
    jitter = np.eye(len(gram)) * (1e-12 * np.trace(gram))
    eigenvalues, vectors = eigh(gram, gram + scaled + jitter)
    shares = np.clip(eigenvalues, 0.0, 1.0)[:, None]
    shares[shares > 1 - UNPENALISED] = 1.0
    projected = vectors.T @ moments
    free = int(np.sum(shares == 1.0))
    denominators = shares[:, :, None] + SMOOTHING * (1 - shares[:, :, None])
    error = squares[:, None] - np.sum(projected[:, :, None] ** 2 / denominators, axis=0)
    error = np.maximum(error, NOISE_FLOOR * squares[:, None] + np.finfo(float).tiny)
    criterion = (draws - free) * np.log(error) + np.sum(np.log(denominators), axis=0)
    criterion -= (len(gram) - free) * np.log(SMOOTHING)
    # Of equal criteria the smoothest: the last.
    best = criterion.shape[1] - 1 - np.argmin(criterion[:, ::-1], axis=1)
    least = np.take_along_axis(criterion, best[:, None], axis=1).sum()
    complexity = -np.sum(np.log(np.maximum(1 - shares[shares < 1.0], 1e-12))) * moments.shape[1]
    chosen = shares + SMOOTHING[best] * (1 - shares)
    return _Solution(vectors, shares, projected, chosen, float(least + complexity))
