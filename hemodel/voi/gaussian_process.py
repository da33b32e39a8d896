"""Gaussian process regression of many columns: a straight line and a smooth deviation from it.

The covariance is squared-exponential with one length for each column. The lengths have the highest marginal likelihood
on a subset of the draws. All draws are then used through inducing points (the Nystroem approximation), which makes the
process a penalised regression on a few hundred columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import cho_solve, cholesky, solve_triangular
from scipy.optimize import minimize

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.parameters import FloatArray

SUBSET = 250
"""Draws on which the lengths are fitted."""
INDUCING = 150
"""Draws through which the deviation is represented."""
CHOICE = 20140101
"""Seed of the choice of these draws, so that it is the same each time."""
STRETCHES = (1.0, 2.0)
"""Factors on all lengths that are compared on all draws."""
LENGTHS = (0.5, 200.0)
"""Range of the lengths, in standard deviations of a column."""
ITERATIONS = 25
NUGGET = 1e-8
"""Added to the variance of each inducing point, so that its covariance has a root."""


def deviations(columns: FloatArray, outcomes: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Return bases with their penalties: constant, straight lines and the process.

    Parameters
    ----------
    columns : array (draws, p)
        Uncorrelated, each of mean 0 and standard deviation 1.
    outcomes : array (draws, outcomes)

    Returns
    -------
    list of arrays (draws, 1 + p + inducing points) and (coefficients, coefficients)
        One for each factor on the lengths.
    """
    rng = np.random.default_rng(CHOICE)
    chosen = rng.permutation(len(columns))
    lines = np.column_stack([np.ones(len(columns)), columns])
    straight = lines @ np.linalg.lstsq(lines, outcomes, rcond=None)[0]
    subset = chosen[:SUBSET]
    found = lengths(columns[subset], (outcomes - straight)[subset])
    return [_basis(lines, columns / (found * stretch), chosen[:INDUCING]) for stretch in STRETCHES]


def _basis(lines: FloatArray, scaled: FloatArray, inducing: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    points = scaled[inducing]
    root = cholesky(covariance(points, points) + NUGGET * np.eye(len(points)), lower=True)
    process = covariance(scaled, points) @ solve_triangular(root, np.eye(len(points)), lower=True).T
    basis = np.hstack([lines, process])
    return basis, np.diag(np.repeat([0.0, 1.0], [lines.shape[1], process.shape[1]]))


def covariance(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return exp(-|x - y|^2 / 2) for every pair of rows: (first, second)."""
    apart = -2 * first @ second.T
    apart += np.sum(first**2, axis=1)[:, None]
    apart += np.sum(second**2, axis=1)
    apart *= -0.5
    np.minimum(apart, 0.0, out=apart)
    return np.exp(apart, out=apart)


def lengths(columns: FloatArray, outcomes: FloatArray) -> FloatArray:
    """Return the length (p,) of each column with the highest marginal likelihood.

    The variances of process and noise of each outcome have a common ratio here; their scale is profiled out
    (Rasmussen and Williams 2006, section 5.4.1).

    Parameters
    ----------
    columns : array (draws, p)
    outcomes : array (draws, outcomes)
        Without their straight line.
    """
    p = columns.shape[1]
    scale = outcomes.std(axis=0)
    if not np.any(scale > 0):
        return np.full(p, LENGTHS[1])
    observed = outcomes[:, scale > 0] / scale[scale > 0]
    apart = (columns[:, None, :] - columns[None, :, :]) ** 2
    start = np.append(np.full(p, np.log(1.5 * np.sqrt(p))), np.log(0.5))
    bounds = [tuple(np.log(LENGTHS))] * p + [(np.log(1e-3), np.log(1e5))]
    best = minimize(_likelihood, start, (apart, observed), jac=True, bounds=bounds, options={"maxiter": ITERATIONS})
    return np.asarray(np.exp(best.x[:p]))


def _likelihood(at: FloatArray, apart: FloatArray, observed: FloatArray) -> tuple[float, FloatArray]:
    """Return minus the log marginal likelihood and its gradient by log lengths and log ratio."""
    n, k = observed.shape
    weights = np.exp(-2 * at[:-1])
    process = np.exp(at[-1] - 0.5 * apart @ weights)
    root = cholesky(process + np.eye(n), lower=True)
    inverse = cho_solve((root, True), np.eye(n))
    solved = inverse @ observed
    squares = np.sum(observed * solved, axis=0)
    value = 0.5 * n * np.sum(np.log(squares)) + k * np.sum(np.log(np.diag(root)))
    # d value / d theta = 0.5 * sum(slope * d process / d theta).
    slope = (k * inverse - (solved * (n / squares)) @ solved.T) * process
    gradient = 0.5 * np.append(weights * np.tensordot(slope, apart, axes=2), slope.sum())
    return float(value), gradient
