"""From survival curves to who is progression-free, progressed, dead or on treatment.

PF = min(PFS, OS), PD = OS - PF, dead = 1 - OS, so that the three add up to 1 in
every draw. Nothing is repaired in silence: each cap returns a record of where it
bound and how much it moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hemodel.parameters import Amount, FloatArray


PFS_CAPPED, OS_LIFTED = "pfs_capped_at_os", "os_lifted_to_pfs"
TREATMENT_AT_OS, TREATMENT_AT_PFS = "treatment_capped_at_os", "treatment_capped_at_pfs"
UTILITY_CAPPED = "utility_capped_at_norm"
"""Rules that adjust; those that adjust one of several subjects are named with it, see `rule_of`."""
GAP_TOLERANCE = 1e-12
"""Smallest excess of one curve over another that counts as a crossing."""


@dataclass(frozen=True)
class Adjustment:
    """What one cap did, by draw.

    Attributes
    ----------
    first_day : array (draws,)
        First day on which the cap bound; NaN where it never did. [days]
    max_gap : array (draws,)
        Largest excess that was cut off. [proportion]
    years_moved : array (draws,)
        Person-years cut off, undiscounted. [years]
    """

    first_day: FloatArray
    max_gap: FloatArray
    years_moved: FloatArray


def rule_of(rule: str, subject: str) -> str:
    """Return the name of an adjustment of one subject, such as a drug, an endpoint or a state."""
    return f"{rule}: {subject}"


def rule_parts(name: str) -> tuple[str, str]:
    """Return rule and subject of the name of an adjustment; a rule without a subject has an empty one."""
    rule, _, subject = name.partition(": ")
    return rule, subject


def capped(curve: FloatArray, ceiling: FloatArray, *, out: FloatArray | None = None) -> FloatArray:
    """Return min(curve, ceiling), of one shape or of shapes that broadcast [proportion].

    PF = min(PFS, OS); time on treatment is capped at OS, and at PF where a regimen stops at progression.
    """
    return np.minimum(curve, ceiling, out=out)


def cap(
    curve: FloatArray,
    ceiling: FloatArray,
    days: FloatArray,
    years: FloatArray,
    *,
    out: FloatArray | None = None,
    scratch: FloatArray | None = None,
) -> tuple[FloatArray, Adjustment]:
    """Return min(curve, ceiling) and a record of what was cut off.

    Parameters
    ----------
    curve, ceiling : array (draws, points)
        [proportion]
    days : array (points,)
        [days]
    years : array (points,)
        Person-years that each point stands for. [years]
    out, scratch : array (draws, points), optional
        Where to put the result and the excess; saves allocating large arrays.

    Returns
    -------
    capped : array (draws, points)
    adjustment : Adjustment
    """
    lower = capped(curve, ceiling, out=out)
    excess = np.subtract(curve, lower, out=scratch)
    gap = excess.max(axis=1, initial=0.0)
    first, moved = np.full(gap.size, np.nan), np.zeros(gap.size)
    bound = gap > GAP_TOLERANCE
    if bound.any():
        first[bound] = days[np.argmax(excess > GAP_TOLERANCE, axis=1)][bound]
        moved[bound] = (excess @ years)[bound]
    return lower, Adjustment(first, np.where(bound, gap, 0.0), moved)


def lift(
    overall: FloatArray, progression_free: FloatArray, days: FloatArray, years: FloatArray
) -> tuple[FloatArray, Adjustment]:
    """Return max(OS, PFS), the other way of making the two agree, and a record of what was added.

    Parameters
    ----------
    overall, progression_free : array (draws, points), or one row for all draws
        [proportion]
    days : array (points,)
        [days]
    years : array (points,)
        Person-years that each point stands for. [years]

    Returns
    -------
    lifted : array (draws, points)
    adjustment : Adjustment
        In it `max_gap` and `years_moved` are of what was added to OS.
    """
    own, other = np.broadcast_arrays(overall, progression_free)
    _, adjustment = cap(other, own, days, years)
    return np.maximum(own, other), adjustment


def states(progression_free: Amount, overall: Amount) -> dict[str, Amount]:
    """Return the occupancy of each state from capped PFS and OS, same shape; they add up to 1."""
    return {
        "progression_free": progression_free,
        "progressed": overall - progression_free,
        "dead": 1.0 - overall,
    }


def alive(dead: float) -> float:
    """Return the share alive, 1 - dead."""
    return 1.0 - dead
