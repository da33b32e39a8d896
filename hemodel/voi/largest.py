"""The mean of the largest of normal variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from hemodel.parameters import FloatArray

SQRT_TWO_PI = float(np.sqrt(2 * np.pi))


def unit_normal_loss(distance: FloatArray) -> FloatArray:
    """Return E[max(Z - distance, 0)] for a standard normal Z, same shape."""
    return np.asarray(np.exp(-0.5 * distance**2) / SQRT_TWO_PI - distance * ndtr(-distance))


def expected_maximum(means: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return E[max] of a constant and correlated normal variables.

    Exact for one variable. Each further one is compared with the largest so far as if that were normal with the same
    mean, variance and covariances (Clark 1961, Oper Res 9:145-162).

    Parameters
    ----------
    means : array (draws, 1 + variables)
        The first is the constant.
    covariance : array (draws, variables, variables)

    Returns
    -------
    array (draws,)
    """
    count = covariance.shape[1]
    largest, variance = means[:, 0], np.zeros(len(means))
    shared = np.zeros((len(means), count))
    for j in range(count):
        other, own = means[:, j + 1], covariance[:, j, j]
        spread = np.sqrt(np.maximum(variance + own - 2 * shared[:, j], 0.0))
        apart = np.divide(largest - other, spread, out=np.full_like(spread, np.inf), where=spread > 0)
        weight = np.where(spread > 0, ndtr(apart), largest >= other)
        density = spread * np.exp(-0.5 * np.where(np.isfinite(apart), apart, 0.0) ** 2) / SQRT_TWO_PI
        mean = largest * weight + other * (1 - weight) + density
        second = (largest**2 + variance) * weight + (other**2 + own) * (1 - weight) + (largest + other) * density
        shared = shared * weight[:, None] + covariance[:, j] * (1 - weight)[:, None]
        largest, variance = mean, np.maximum(second - mean**2, 0.0)
    return largest
