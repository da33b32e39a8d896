"""Cubic regression splines of one or two columns, with a penalty on their second derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import BSpline

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from hemodel.parameters import FloatArray

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
    column : array (draws,)
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
    basis = BSpline.design_matrix(unit, knots, DEGREE)
    # The second derivative is straight between knots, so that two Gauss points integrate its square exactly.
    half, middle = np.diff(breaks) / 2, (breaks[1:] + breaks[:-1]) / 2
    points = np.concatenate([middle - half / np.sqrt(3), middle + half / np.sqrt(3)])
    count = len(knots) - DEGREE - 1
    bent = BSpline(knots, np.eye(count), DEGREE).derivative(2)(points)
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
