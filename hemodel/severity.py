"""The severity of a condition: the QALYs that patients lose against the general population, and what follows.

Shortfall as in NICE health technology evaluations: the manual (PMG36), section 6.2, and
Technical Support Document 23. Cuts, weights and thresholds are the payer's and are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.parameters import FloatArray


BOUNDARY_TOLERANCE = 1e-9
"""A shortfall that misses a cut by less than this is at the cut."""


@dataclass(frozen=True)
class Shortfall:
    """QALYs lost to a condition under current care, in each draw.

    Attributes
    ----------
    absolute : array (draws,)
        General population less current care. [QALY]
    proportional : array (draws,)
        Absolute shortfall over the QALYs of the general population. [proportion]
    """

    absolute: FloatArray
    proportional: FloatArray


def shortfall(general: float, current_care: FloatArray) -> Shortfall:
    """Return the shortfall of patients against the general population.

    absolute = general - current care; proportional = absolute / general. Negative where
    patients have more QALYs than the general population.

    Parameters
    ----------
    general : float
        Discounted quality-adjusted life expectancy of the general population of the
        patients' age and sex, above 0. [QALY]
    current_care : array (draws,)
        Discounted QALYs of the patients with current care, at the same rate. [QALY]
    """
    absolute = general - np.asarray(current_care, dtype=np.float64)
    return Shortfall(absolute, absolute / general)


def severity_weight(
    found: Shortfall, absolute: Sequence[float], proportional: Sequence[float], weights: Sequence[float]
) -> FloatArray:
    """Return the weight of a QALY by severity: the greater of those that the two shortfalls give.

    A shortfall exactly at a cut has the weight above it.

    Parameters
    ----------
    absolute : sequence of float (cuts,)
        Cuts of the absolute shortfall, increasing. [QALY]
    proportional : sequence of float (cuts,)
        Cuts of the proportional shortfall, increasing. [proportion]
    weights : sequence of float (cuts + 1,)
        The weight below the first cut, from the first cut on, and so on, increasing.
    """
    by_test = [(found.absolute, absolute), (found.proportional, proportional)]
    bands = [_band(values, cuts) for values, cuts in by_test]
    return np.asarray(weights, dtype=np.float64)[np.maximum(*bands)]


def threshold_of_band(values: FloatArray, starts: Sequence[float], thresholds: Sequence[float]) -> FloatArray:
    """Return the cost-effectiveness threshold of the band of severity that each value lies in.

    Parameters
    ----------
    values : array (draws,)
        Absolute or proportional shortfall.
    starts : sequence of float (bands,)
        Where each band begins, increasing; the last has no end. A value exactly at a start
        is in the band that begins there.
    thresholds : sequence of float (bands,)
        [currency per QALY]

    Returns
    -------
    array (draws,)
        NaN below the first band. [currency per QALY]
    """
    return np.concatenate([[np.nan], np.asarray(thresholds, dtype=np.float64)])[_band(values, starts)]


def _band(values: FloatArray, cuts: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
    """Return how many of the cuts each value has reached, (draws,)."""
    return np.searchsorted(np.asarray(cuts, dtype=np.float64) - BOUNDARY_TOLERANCE, values, side="right")
