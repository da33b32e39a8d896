"""The scales on which log time is transformed: log hazard, log odds and normal deviate.

Survival is a function of a number s that grows with time:
``hazard`` S = exp(-exp(s)), ``odds`` S = 1 / (1 + exp(s)), ``normal`` S = Phi(-s).
Royston P, Parmar MKB (2002), Statistics in Medicine 21: 2175-2197, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import scipy

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hemodel.survival.family import Array

    Function = Callable[[Array], Array]

ROOT_HALF = float(np.sqrt(0.5))
ROOT_TWO_OVER_PI = float(np.sqrt(2.0 / np.pi))
HALF_LOG_2_PI = float(0.5 * np.log(2.0 * np.pi))


@dataclass(frozen=True)
class Scale:
    """Functions of s, element by element.

    Attributes
    ----------
    survival, cumulative_hazard : callable
        S and H = -log S.
    log_slope : callable
        Log of dH/ds.
    log_slope_rate : callable
        Derivative of `log_slope`.
    shapes : tuple of float
        Usual slopes of s in log time, from which to begin a fit.
    at_median : float
        The s at which survival is one half.
    """

    survival: Function
    cumulative_hazard: Function
    log_slope: Function
    log_slope_rate: Function
    shapes: tuple[float, ...]
    at_median: float


def inverse_mills(z: Array) -> Array:
    """Compute phi(z) / Phi(-z), the slope of -log Phi(-z)."""
    return np.asarray(ROOT_TWO_OVER_PI / scipy.special.erfcx(z * ROOT_HALF))


def _softplus(s: Array) -> Array:
    return np.maximum(s, 0.0) + np.log1p(np.exp(-np.abs(s)))


def _log_inverse_mills(z: Array) -> Array:
    direct = np.log(inverse_mills(np.maximum(z, -5.0)))
    return np.where(z > -5.0, direct, -0.5 * z * z - HALF_LOG_2_PI - scipy.special.log_ndtr(-z))


SCALES: Mapping[str, Scale] = MappingProxyType(
    {
        "hazard": Scale(
            survival=lambda s: np.exp(-np.exp(s)),
            cumulative_hazard=np.exp,
            log_slope=np.positive,
            log_slope_rate=np.ones_like,
            shapes=(0.5, 0.8, 1.1, 1.6, 2.5),
            at_median=float(np.log(np.log(2.0))),
        ),
        "odds": Scale(
            survival=lambda s: scipy.special.expit(-s),
            cumulative_hazard=_softplus,
            log_slope=lambda s: -_softplus(-s),
            log_slope_rate=lambda s: scipy.special.expit(-s),
            shapes=(0.7, 1.1, 1.6, 2.3, 3.5),
            at_median=0.0,
        ),
        "normal": Scale(
            survival=lambda s: scipy.special.ndtr(-s),
            cumulative_hazard=lambda s: -scipy.special.log_ndtr(-s),
            log_slope=_log_inverse_mills,
            log_slope_rate=lambda s: inverse_mills(s) - s,
            shapes=(0.45, 0.67, 0.9, 1.25, 2.0),
            at_median=0.0,
        ),
    }
)
