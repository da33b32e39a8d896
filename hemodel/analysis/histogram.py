"""Distributions of many draws in bins of equal width, from which percentiles are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.parameters import FloatArray

BINS = 2048
REACH = 1.0
"""The bins reach beyond the draws that set them by this multiple of their range, on both sides."""


@dataclass(frozen=True)
class Scale:
    """Bins of one quantity: where they begin, and their width; a width of 0 where it does not vary."""

    start: float
    width: float


def scale_of(values: FloatArray) -> Scale:
    """Return bins that hold these values (draws,) and room on both sides."""
    low, high = float(values.min()), float(values.max())
    span = high - low
    return Scale(low - REACH * span, (1.0 + 2.0 * REACH) * span / BINS)


def counts(scales: Sequence[Scale], values: FloatArray) -> FloatArray:
    """Return the number of values in each bin, (quantities, bins); the outer bins hold what lies beyond them.

    Parameters
    ----------
    scales : sequence of Scale
    values : array (quantities, draws)
    """
    return np.stack([_counts(scale, own) for scale, own in zip(scales, values, strict=True)])


def _counts(scale: Scale, values: FloatArray) -> FloatArray:
    place = (values - scale.start) / scale.width if scale.width else np.zeros(values.size)
    return np.bincount(np.clip(place, 0, BINS - 1).astype(np.intp), minlength=BINS).astype(float)


def percentile(scale: Scale, number: FloatArray, probability: float) -> float:
    """Return the value below which a share of the draws lies, within a bin's width.

    Parameters
    ----------
    scale : Scale
    number : array (bins,)
    probability : float
        From 0 to 1.
    """
    if not scale.width:
        return scale.start
    below = np.concatenate([[0.0], np.cumsum(number)])
    place = int(np.searchsorted(below, probability * below[-1], side="right")) - 1
    place = min(place, BINS - 1)
    inside = (probability * below[-1] - below[place]) / number[place] if number[place] else 0.0
    return scale.start + scale.width * (place + float(inside))
