"""Coefficients for another unit of time.

A curve in a unit that is f months long is S(t / f) for t in months. Families are
closed under this change (see `families.stretch`); a spline's knots move with the unit.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import family
from hemodel.survival.families.spline import Spline
from hemodel.survival.families.stretch import is_closed, stretched

if TYPE_CHECKING:
    from hemodel.survival.family import Array, Family
    from hemodel.survival.published import Converted

STEP = 1e-4


def in_other_unit(converted: Converted, factor: float, unit: str) -> Converted:
    """Return coefficients for times in months from those for a unit of ``factor`` months.

    Raises
    ------
    SurvivalError
        For a family that has no rule, or whose knots or weights are not known.
    """
    shape, log_factor = family(converted.family), float(np.log(factor))
    if not shape.is_resolved:
        raise SurvivalError(
            f"coefficients of {shape.name} are no curve without data. Give the knots of a spline or the weights of an "
            "average in the formula, as in spline(hazard, knots at 1 6 24), or choose another source."
        )
    if factor == 1.0:
        return converted
    moved, slopes = _moved(converted, shape, log_factor)
    name = converted.family
    if isinstance(shape, Spline):
        knots = " ".join(repr(float(factor * knot)) for knot in shape.knots)
        name = f"spline({shape.scale}, knots at {knots})"
    return replace(
        converted,
        family=name,
        coefficients=moved,
        covariance=slopes @ converted.covariance @ slopes.T,
        text=f"{converted.text} From {unit} to months.",
    )


def _moved(converted: Converted, shape: Family, log_factor: float) -> tuple[Array, Array]:
    """Return the coefficients and their Jacobian (p, p); the rule is linear, but for the Weibull by hazard."""
    given, slopes = converted.coefficients, np.eye(converted.coefficients.size)
    if isinstance(shape, Spline):
        slopes[0, 1] = -log_factor
        return slopes @ given, slopes
    if not is_closed(shape):
        raise SurvivalError(
            f"coefficients of {shape.name} cannot be turned into months. Give them for times in months."
        )
    points = np.vstack([given, given + STEP * slopes, given - STEP * slopes])
    moved = stretched(shape, points, np.array([[log_factor]]))
    above, below = np.split(moved[1:], 2)
    return moved[0], ((above - below) / (2.0 * STEP)).T
