"""The same curve on a slower clock, S(t / f), as coefficients of its family.

The families below are closed under a change of the unit of time; most have a coefficient
of location or scale that ln f is added to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.families.average import Average
from hemodel.survival.families.composite import columns_by_part
from hemodel.survival.families.cure import MixtureCure, NonmixtureCure

if TYPE_CHECKING:
    from hemodel.survival.family import Array, Family


SHIFTS = {
    "exp": (-1.0,),
    "weibull": (0.0, 1.0),
    "llogis": (0.0, 1.0),
    "lnorm": (1.0, 0.0),
    "gamma": (0.0, -1.0),
    "gengamma": (1.0, 0.0, 0.0),
    "genf": (1.0, 0.0, 0.0, 0.0),
}
"""What is added to each coefficient, in units of ln f."""


def is_closed(shape: Family) -> bool:
    """Return whether a family is closed under a change of the unit of time."""
    if isinstance(shape, (MixtureCure, NonmixtureCure)):
        return is_closed(shape.inner)
    if isinstance(shape, Average):
        return all(is_closed(member) for member in shape.members)
    return shape.name in SHIFTS or shape.name in {"weibullPH", "gompertz"}


def stretched(shape: Family, coefficients: Array, log_factor: Array) -> Array:
    """Return the coefficients (draws, p) of S(t / f), where S has ``coefficients`` and f = exp(log_factor).

    Parameters
    ----------
    shape : Family
        One for which `is_closed`.
    coefficients : array (draws, p)
    log_factor : array (draws, 1) or (1, 1)
    """
    moved = coefficients + np.zeros_like(log_factor)
    if isinstance(shape, (MixtureCure, NonmixtureCure)):
        moved[:, 1:] = stretched(shape.inner, coefficients[:, 1:], log_factor)
    elif isinstance(shape, Average):
        columns = columns_by_part(shape.members, first=len(shape.members))
        for member, own in zip(shape.members, columns, strict=True):
            moved[:, own] = stretched(member, coefficients[:, own], log_factor)
    elif shape.name == "weibullPH":
        moved[:, 1:] -= np.exp(coefficients[:, :1]) * log_factor
    elif shape.name == "gompertz":
        moved[:, :1] *= np.exp(-log_factor)
        moved[:, 1:] -= log_factor
    else:
        moved += log_factor * np.array(SHIFTS[shape.name])
    return moved
