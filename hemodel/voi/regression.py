"""The mean of outcomes given some inputs, from draws of both: the regression that EVPPI rests on.

One or two columns have penalised cubic regression splines, more have a Gaussian process
(Strong, Oakley and Brennan 2014, Med Decis Making 34:311-326).

Gaussian process regression of many columns: a straight line and a smooth deviation from it.

The covariance is squared-exponential with one length for each column. The lengths have the highest marginal likelihood
on a subset of the draws. All draws are then used through inducing points (the Nystroem approximation), which makes the
process a penalised regression on a few hundred columns.

Penalised least squares in closed form: every amount of smoothing from one eigendecomposition.

Cubic regression splines of one or two columns, with a penalty on their second derivative.

Linear algebra on one thread: small matrices are slower on several, and their rounding depends on how many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import scipy
from threadpoolctl import ThreadpoolController

from hemodel.voi.sample import FEWEST_DRAWS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

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
    root = scipy.linalg.cholesky(covariance(points, points) + NUGGET * np.eye(len(points)), lower=True)
    process = covariance(scaled, points) @ scipy.linalg.solve_triangular(root, np.eye(len(points)), lower=True).T
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
    best = scipy.optimize.minimize(
        _likelihood, start, (apart, observed), jac=True, bounds=bounds, options={"maxiter": ITERATIONS}
    )
    return np.asarray(np.exp(best.x[:p]))


def _likelihood(at: FloatArray, apart: FloatArray, observed: FloatArray) -> tuple[float, FloatArray]:
    """Return minus the log marginal likelihood and its gradient by log lengths and log ratio."""
    n, k = observed.shape
    weights = np.exp(-2 * at[:-1])
    process = np.exp(at[-1] - 0.5 * apart @ weights)
    root = scipy.linalg.cholesky(process + np.eye(n), lower=True)
    inverse = scipy.linalg.cho_solve((root, True), np.eye(n))
    solved = inverse @ observed
    squares = np.sum(observed * solved, axis=0)
    value = 0.5 * n * np.sum(np.log(squares)) + k * np.sum(np.log(np.diag(root)))
    # d value / d theta = 0.5 * sum(slope * d process / d theta).
    slope = (k * inverse - (solved * (n / squares)) @ solved.T) * process
    gradient = 0.5 * np.append(weights * np.tensordot(slope, apart, axes=2), slope.sum())
    return float(value), gradient


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
    eigenvalues, vectors = scipy.linalg.eigh(gram, gram + scaled + jitter)
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


DEGREE = 3
INTERVALS = 16
"""Between knots, for one column."""
INTERVALS_OF_TWO = 5
"""Between knots, for each of two columns."""
RATIOS = (1e-4, 1e-2, 1.0, 1e2, 1e4)
"""Of the penalties of two columns."""


def spline(column: FloatArray, intervals: int) -> tuple[csr_array, FloatArray]:
    """Return the B-spline basis of a column and the penalty, the integral of the squared second derivative.

    Parameters
    ----------
    intervals : int
        Between knots at quantiles of the column; fewer where it has few distinct values.

    Returns
    -------
    sparse array (draws, coefficients) and array (coefficients, coefficients)
        The constant and the straight line have no penalty.
    """
    low, span = column.min(), np.ptp(column)
    unit = (column - low) / span
    places = np.quantile(unit, np.linspace(0, 1, intervals + 1)[1:-1])
    inner = np.unique(places[(places > 0) & (places < 1)])
    breaks = np.concatenate([[0.0], inner, [1.0]])
    knots = np.concatenate([np.zeros(DEGREE), breaks, np.ones(DEGREE)])
    basis = scipy.interpolate.BSpline.design_matrix(unit, knots, DEGREE)
    # The second derivative is straight between knots, so that two Gauss points integrate its square exactly.
    half, middle = np.diff(breaks) / 2, (breaks[1:] + breaks[:-1]) / 2
    points = np.concatenate([middle - half / np.sqrt(3), middle + half / np.sqrt(3)])
    count = len(knots) - DEGREE - 1
    bent = scipy.interpolate.BSpline(knots, np.eye(count), DEGREE).derivative(2)(points)
    return basis, bent.T @ (np.tile(half, 2)[:, None] * bent)


def tensor(columns: FloatArray) -> tuple[FloatArray, list[FloatArray]]:
    """Return the products of the splines of two columns, and penalties that smooth one more than the other.

    Parameters
    ----------
    columns : array (draws, 2)

    Returns
    -------
    array (draws, coefficients) and list of arrays (coefficients, coefficients)
    """
    (first, bent), (second, bent_too) = (spline(columns[:, j], INTERVALS_OF_TWO) for j in (0, 1))
    left, right = first.toarray(), second.toarray()
    basis = (left[:, :, None] * right[:, None, :]).reshape(len(columns), -1)
    one = np.kron(bent / np.trace(bent), np.eye(right.shape[1]))
    other = np.kron(np.eye(left.shape[1]), bent_too / np.trace(bent_too))
    return basis, [one + ratio * other for ratio in RATIOS]


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[object]:
    """Give a context in which the libraries of linear algebra use one thread; afterwards they use what they did."""
    limit: AbstractContextManager[object] = _controller().limit(limits=1, user_api="blas")
    return limit


SPLINE, GAUSSIAN_PROCESS = "spline", "gaussian process"
COLLINEAR = 1e-6
"""Share of a column's standard deviation that the columns before it leave, below which it adds nothing."""
SPLINE_COLUMNS = 2
ROUNDING = 1e-12


@dataclass(frozen=True)
class RegressionFit:
    """Conditional means (draws, outcomes) with the error in them, and the method that found them."""

    method: str
    columns: int
    penalised: Penalised

    @property
    def fitted(self) -> FloatArray:
        """Conditional means (draws, outcomes)."""
        return self.penalised.fitted


def conditional_mean(inputs: FloatArray, outcomes: FloatArray) -> RegressionFit:
    """Return the mean of each outcome given the inputs.

    Parameters
    ----------
    inputs : array (draws, p)
        Columns that follow from the others, such as the last of shares that add up to 1, add nothing and are left out.
        No column need vary: the mean is then that of all draws.
    outcomes : array (draws, k)

    Raises
    ------
    ValueError
        For fewer than `FEWEST_DRAWS` draws.
    """
    if len(inputs) < FEWEST_DRAWS:
        raise ValueError(f"{len(inputs)} draws: a regression needs at least {FEWEST_DRAWS}")
    with one_thread():
        return _fit(uncorrelated(inputs), outcomes)


def _fit(columns: FloatArray, outcomes: FloatArray) -> RegressionFit:
    count = columns.shape[1]
    if count == 0:
        basis = np.ones((len(columns), 1))
        return RegressionFit(SPLINE, 0, penalised(basis, [np.full((1, 1), 1e-12)], outcomes))
    if count == 1:
        basis, penalty = spline(columns[:, 0], INTERVALS)
        return RegressionFit(SPLINE, 1, penalised(basis, [penalty], outcomes))
    if count == SPLINE_COLUMNS:
        return RegressionFit(SPLINE, count, penalised(*tensor(columns), outcomes))
    tried = [penalised(basis, [penalty], outcomes) for basis, penalty in deviations(columns, outcomes)]
    return RegressionFit(GAUSSIAN_PROCESS, count, min(tried, key=lambda fit: fit.criterion))


def uncorrelated(inputs: FloatArray) -> FloatArray:
    """Return each column without what the columns before it say in a straight line, at mean 0 and variance 1.

    Independent columns stay as they are but for their scale; one that the others determine is dropped.

    Parameters
    ----------
    inputs : array (draws, p)

    Returns
    -------
    array (draws, p or fewer)
    """
    varying = inputs[:, varies(inputs)]
    if varying.shape[1] == 0:
        return varying
    scaled = (varying - varying.mean(axis=0)) / varying.std(axis=0)
    left = np.abs(np.diag(np.linalg.qr(scaled, mode="r"))) / np.sqrt(len(inputs))
    directions, triangle = np.linalg.qr(scaled[:, left > COLLINEAR])
    return np.asarray(directions * (np.sign(np.diag(triangle)) * np.sqrt(len(inputs))))


def varies(inputs: FloatArray) -> NDArray[np.bool_]:
    """Return whether each column (p,) takes more than one value, beyond the error of rounding."""
    return np.asarray(np.ptp(inputs, axis=0) > ROUNDING * np.max(np.abs(inputs), axis=0))
