"""The mean of outcomes given some inputs, from draws of both: the regression that EVPPI rests on.

One or two columns have penalised cubic regression splines, more have a Gaussian process
(Strong, Oakley and Brennan 2014, Med Decis Making 34:311-326).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.voi.gaussian_process import deviations
from hemodel.voi.one_thread import one_thread
from hemodel.voi.penalised import Penalised, penalised
from hemodel.voi.splines import INTERVALS, spline, tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.parameters import FloatArray

SPLINE, GAUSSIAN_PROCESS = "spline", "gaussian process"
FEWEST_DRAWS = 100
"""Below this there is no regression."""
COLLINEAR = 1e-6
"""Share of a column's standard deviation that the columns before it leave, below which it adds nothing."""
SPLINE_COLUMNS = 2
ROUNDING = 1e-12


@dataclass(frozen=True)
class Fit:
    """Conditional means (draws, outcomes) with the error in them, and the method that found them."""

    method: str
    columns: int
    penalised: Penalised

    @property
    def fitted(self) -> FloatArray:
        """Conditional means (draws, outcomes)."""
        return self.penalised.fitted


def conditional_mean(inputs: FloatArray, outcomes: FloatArray) -> Fit:
    """Return the mean of each outcome given the inputs.

    Parameters
    ----------
    inputs : array (draws, p)
        Columns that follow from the others, such as the last of shares that add up to 1, add nothing and are left out.
        No column need vary: the mean is then that of all draws.
    outcomes : array (draws, k)

    Returns
    -------
    Fit

    Raises
    ------
    ValueError
        For fewer than `FEWEST_DRAWS` draws.
    """
    if len(inputs) < FEWEST_DRAWS:
        raise ValueError(f"{len(inputs)} draws: a regression needs at least {FEWEST_DRAWS}")
    with one_thread():
        return _fit(uncorrelated(inputs), outcomes)


def _fit(columns: FloatArray, outcomes: FloatArray) -> Fit:
    count = columns.shape[1]
    if count == 0:
        basis = np.ones((len(columns), 1))
        return Fit(SPLINE, 0, penalised(basis, [np.full((1, 1), 1e-12)], outcomes))
    if count == 1:
        basis, penalty = spline(columns[:, 0], INTERVALS)
        return Fit(SPLINE, 1, penalised(basis, [penalty], outcomes))
    if count == SPLINE_COLUMNS:
        return Fit(SPLINE, count, penalised(*tensor(columns), outcomes))
    tried = [penalised(basis, [penalty], outcomes) for basis, penalty in deviations(columns, outcomes)]
    return Fit(GAUSSIAN_PROCESS, count, min(tried, key=lambda fit: fit.criterion))


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
