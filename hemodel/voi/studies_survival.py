"""Follow-up for an event: the times at which patients are looked at, and the cells that they fall into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival import family
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.parameters import FloatArray

INTERVALS = 16
"""Intervals into which event times are grouped; more of them change nothing that matters."""


@dataclass(frozen=True, eq=False)
class FollowUp:
    """How patients are followed for an event, and the survival curves that the data are about.

    Attributes
    ----------
    endpoint : str
        Empty where it has no name.
    arms : tuple of str
        What each arm is called.
    months : array (intervals + 1,)
        When follow-up begins, 0 or the time up to which the patients have lived without the event, and the end of
        each interval. [months]
    yearly_dropout : float
        Share of those still followed who are lost in a year, for reasons that say nothing on the event. They are lost
        at the ends of intervals.
    survival : array (draws, arms, intervals + 1)
        Survival at these times.
    """

    endpoint: str
    arms: tuple[str, ...]
    months: FloatArray
    yearly_dropout: float
    survival: FloatArray


def interval_ends(start: float, end: float) -> FloatArray:
    """Return the beginning of follow-up and the ends of its intervals, which are equally long [months]."""
    return np.linspace(start, end, INTERVALS + 1)


def event_cells(survival: FloatArray, follow_up: FollowUp) -> tuple[FloatArray, FloatArray]:
    """Return how likely each cell is, and the part of it that depends on survival.

    With S the survival since the beginning of follow-up and C(j) the share that is not lost by the end of interval j,
    an event in interval j has probability C(j-1) (S(j-1) - S(j)); being lost at its end S(j) (C(j-1) - C(j)); and being
    followed to the end without the event S(J) C(J-1). C is the same in every draw and drops out of the likelihood.

    Parameters
    ----------
    survival : array (draws, intervals + 1)
    follow_up : FollowUp

    Returns
    -------
    chances, seen : arrays (draws, 2 x intervals)
        Events by interval, then those who leave without the event by interval.
    """
    given = survival / survival[:, :1]
    months = follow_up.months
    kept = (1 - follow_up.yearly_dropout) ** ((months - months[0]) / MONTHS_PER_YEAR)
    lost = -np.diff(kept)
    lost[-1] = kept[-2]
    seen = np.hstack([np.maximum(-np.diff(given, axis=1), 0.0), given[:, 1:]])
    return seen * np.concatenate([kept[:-1], lost]), seen


def family_survival(name: str, parameters: Sequence[FloatArray], months: FloatArray) -> FloatArray:
    """Return survival (draws, months) of a family from draws of its parameters.

    Parameters
    ----------
    name : str
        A family of survival curves, as in flexsurv.
    parameters : sequence of arrays (draws,)
        On the natural scale, in the order of the family.
    months : array (months,)

    Raises
    ------
    SurvivalError
        For a family that does not exist.
    """
    made = family(name)
    with np.errstate(divide="ignore", invalid="ignore"):
        return made.survival(months, made.coefficients(np.column_stack(parameters)))
