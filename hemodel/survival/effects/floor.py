"""The population's mortality as a floor under the hazard of overall survival.

It acts once, on overall survival after the treatment effect and before the caps
(Rutherford MJ et al., NICE DSU Technical Support Document 21, 2020, section on
general population mortality).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.effects.cycles import accumulated, growth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.survival.effects.cycles import Cycles
    from hemodel.survival.family import Array


SHORTFALL_TOLERANCE = 1e-12
"""Smallest shortfall of hazard over one interval that counts: above the rounding of hazards up to 1,000."""
NEVER = -1
POINTS_PER_BLOCK = 65_536


@dataclass(frozen=True)
class FloorRecord:
    """What the floor did, by draw.

    Attributes
    ----------
    first : array (draws,) of int
        Index of the first point at which survival is lowered; on a grid of boundaries that
        is the end of the first cycle in which the floor binds. -1 where it never does.
    largest_gap : array (draws,)
        Largest fall of survival. [proportion]
    person_time : array (draws,)
        Person-time taken away, in the unit of the weights.
    """

    first: NDArray[np.intp]
    largest_gap: Array
    person_time: Array


def floor_hazard(
    cumulative: Array,
    background: Array,
    weights: Array,
    *,
    cycles: Cycles | None = None,
    out: Array | None = None,
) -> tuple[Array, FloorRecord]:
    """Keep the hazard of every cycle at or above the population's.

    Over each cycle the cumulative hazard grows by the larger of its own growth and the
    population's: H'(t_k) = sum over j <= k of max(dH_j, dB_j), where the first cycle
    begins at time 0. At a time t within a cycle, with t_k the boundary before,
    H'(t) = H'(t_k) + max(H(t) - H(t_k), B(t) - B(t_k)).

    Parameters
    ----------
    cumulative : array (draws, points)
        Cumulative hazard H of overall survival at increasing times.
    background : array (points,)
        The population's cumulative hazard B at the same times.
    weights : array (points,)
        Person-time that each point stands for, for the record.
    cycles : Cycles, optional
        Which points are boundaries; without it all are.
    out : array (draws, points), optional
        Where to write the result; may be ``cumulative`` itself.

    Returns
    -------
    floored : array (draws, points)
        H'. Without ``out`` it is ``cumulative`` itself where the floor binds in no draw.
        Draws in which it does not bind keep their bits, and so does every draw up to
        where it binds; applied again, it changes nothing.
    record : FloorRecord
    """
    draws, points = cumulative.shape
    record = FloorRecord(np.full(draws, NEVER, dtype=np.intp), np.zeros(draws), np.zeros(draws))
    population = growth(background[None, :], np.zeros((1, 1)), cycles)[0]
    size = max(1, POINTS_PER_BLOCK // points)
    scratch = np.empty((min(size, draws), points))
    floored = cumulative if out is None else out
    for start in range(0, draws, size):
        block = slice(start, start + size)
        shortfall = _shortfall(cumulative[block], population, scratch[: draws - start], cycles)
        binds = np.fmax.reduce(shortfall, axis=1) > SHORTFALL_TOLERANCE
        if floored is not cumulative:
            floored[block] = cumulative[block]
        if not binds.any():
            continue
        if floored is cumulative and out is None:
            floored = cumulative.copy()
        rows = slice(None) if binds.all() else np.flatnonzero(binds)
        some = floored[block][rows]
        for kept, found in zip(_columns(record), _raise(some, shortfall[rows], weights, cycles), strict=True):
            kept[block][rows] = found
        floored[block][rows] = some
    return floored, record


def _columns(record: FloorRecord) -> tuple[NDArray[np.intp], Array, Array]:
    return record.first, record.largest_gap, record.person_time


def _shortfall(cumulative: Array, population: Array, out: Array, cycles: Cycles | None) -> Array:
    """Return dB - dH (rows, points): how much growth from the boundary before falls short of the population's."""
    before = cumulative[:, :-1] if cycles is None else cumulative[:, cycles.previous[1:]]
    np.negative(cumulative[:, :1], out=out[:, :1])
    with np.errstate(invalid="ignore"):
        np.subtract(before, cumulative[:, 1:], out=out[:, 1:])
    out += population
    return out


def _raise(
    cumulative: Array, shortfall: Array, weights: Array, cycles: Cycles | None
) -> tuple[NDArray[np.intp], Array, Array]:
    """Add the shortfalls (rows, points) up and to the cumulative hazard, in place.

    Work begins at the first point that changes in any row, since floors mostly bind
    late. Sums are over whole rows, so that a draw has the same bits among any others.
    ``shortfall`` is overwritten.
    """
    short = shortfall > SHORTFALL_TOLERANCE
    first = np.argmax(short, axis=1)
    begin = int(first.min())
    late = cumulative[:, begin:]
    lowered = np.exp(-late)
    if cycles is None:
        added = np.where(short[:, begin:], shortfall[:, begin:], 0.0)
        np.cumsum(added, axis=1, out=added)
    else:
        whole = accumulated(np.where(short, shortfall, 0.0), cycles)
        added, first = whole[:, begin:], _first_weighted(whole > 0.0, cycles)
    late += added
    lowered -= np.exp(np.negative(late, out=added), out=added)
    if cycles is not None:
        lowered[:, cycles.unweighted[cycles.unweighted >= begin] - begin] = 0.0
    lost = shortfall
    lost[:, :begin] = 0.0
    np.multiply(lowered, weights[begin:], out=lost[:, begin:])
    return first, lowered.max(axis=1), lost.sum(axis=1)


def _first_weighted(raised: NDArray[np.bool_], cycles: Cycles) -> NDArray[np.intp]:
    """Return the first point (rows,) that is raised and stands for something; one such follows every other."""
    raised[:, cycles.unweighted] = False
    return np.asarray(np.argmax(raised, axis=1))
