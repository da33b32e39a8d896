"""Equal value of life-years gained (evLYG): a life-year gained counts the same for everybody.

The QALY values a life-year gained at the utility of those who gain it, so that the sicker
a population the less its survival counts. The evLYG values it at one utility, that of the
general population, and leaves gains in quality of life as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.exposure import POINTS_PER_BLOCK, STATES
from hemodel.model import survival_at
from hemodel.occupancy import capped, states
from hemodel.utilities import adverse_event_loss, band_utility, state_utility

if TYPE_CHECKING:
    from hemodel.model import Model
    from hemodel.parameters import Draws, FloatArray


def equal_value_life_years(model: Model, draws: Draws, utility: float) -> FloatArray:
    """Return the discounted equal value of life-years gained over the comparator.

    With S the share alive and q the mean utility of all patients (alive or dead) at a
    cycle boundary, 1 the intervention and 0 the comparator, u the utility of a life-year
    gained, the gain there is

    - u (S1 - S0) + S0 q1 / S1 - q0 where S1 > S0: added life at u, life that both have at
      the utility of the intervention less that of the comparator;
    - q1 - q0 elsewhere: where no life is gained, the QALY.

    These are summed with the weights of the QALYs (half-cycle correction and discounting of
    effects). Where utilities change with age q is that of the age reached (and at most the
    norm, where it is capped) and u stays as it is. Adverse events lose what they lose in QALYs.

    Parameters
    ----------
    model : Model
    draws : mapping
        As for `evaluate`.
    utility : float
        Utility of a life-year gained. [utility]

    Returns
    -------
    array (draws, strategies)
        [evLY]; 0 for the comparator. It equals the QALYs gained where every utility is
        `utility` or no life is gained, and is at least as much where utilities in added
        life are at most `utility`.

    Notes
    -----
    The split into added life and quality of shared life is that of Campbell, Whittington
    and Pearson, An alternative measure of health for value assessment: the equal value
    life-year, PharmacoEconomics 2023;41:1175-1182, as cited in public summaries of it.
    Life is gained cycle by cycle, the second of two ways that Herring and Mladsi compare
    (Equal value of life-years gained: comparison of methodologies for a cohort Markov
    model, ISPOR 2021), not from when the comparator's total is exceeded. That the QALY
    stands where a cycle gains no life has not been checked against ICER's own text.
    """
    count = max(array.shape[0] for array in draws.values())
    size = max(1, POINTS_PER_BLOCK // model.plan.timeline.days.size)
    found = np.zeros((count, len(model.strategies)))
    for start in range(0, count, size):
        found[start : start + size] = _gained(model, _rows(draws, start, size), utility)
    losses = [adverse_event_loss(model.inputs, draws, strategy) for strategy in model.strategies]
    lost = np.stack(np.broadcast_arrays(*(loss - losses[0] for loss in losses)), axis=1)
    return np.asarray(found - lost)


def _rows(draws: Draws, start: int, size: int) -> Draws:
    return {id_: array if array.shape[0] == 1 else array[start : start + size] for id_, array in draws.items()}


def _gained(model: Model, draws: Draws, utility: float) -> FloatArray:
    """Return the gain of every strategy in a block of draws, before adverse events (draws, strategies)."""
    plan = model.plan
    boundaries = plan.timeline.positions(plan.timeline.boundaries)
    years = plan.weights[boundaries, 2]
    aged = years if plan.aged is None else plan.aged.weights[boundaries, 2]
    alive, quality = _alive_and_quality(model, draws, model.strategies[0])
    gains = [np.zeros(1)]
    for strategy in model.strategies[1:]:
        own_alive, own_quality = _alive_and_quality(model, draws, strategy)
        shared = np.divide(
            alive, own_alive, out=np.ones(np.broadcast_shapes(alive.shape, own_alive.shape)), where=own_alive > alive
        )
        added = np.maximum(own_alive - alive, 0.0)
        gains.append(utility * added @ years + (shared * own_quality - quality) @ aged)
    return np.stack(np.broadcast_arrays(*gains), axis=1)


def _alive_and_quality(model: Model, draws: Draws, strategy: str) -> tuple[FloatArray, FloatArray]:
    """Return share alive and mean utility of all patients at every boundary, (draws, boundaries)."""
    boundaries = model.plan.timeline.boundaries
    alive = _survival(model, draws, "os", strategy, boundaries)
    if model.plan.band_weights:
        return alive, _quality_by_band(model, draws, strategy, alive)
    free = capped(_survival(model, draws, "pfs", strategy, boundaries), alive)
    occupied = states(free, alive)
    valued = ((occupied[state], _at_most_norm(model, state_utility(draws, strategy, state))) for state in STATES)
    return alive, sum((share * worth for share, worth in valued), np.zeros((1, 1)))


def _quality_by_band(model: Model, draws: Draws, strategy: str, alive: FloatArray) -> FloatArray:
    """Return the mean utility where utilities are by time to death: by when those alive at a boundary die."""
    boundaries, quality, later = model.plan.timeline.boundaries, np.zeros((1, 1)), alive
    for band in model.inputs.bands:
        beyond = np.zeros((1, 1))
        if band.within is not None:
            beyond = _survival(model, draws, "os", strategy, boundaries + band.within)
        quality = quality + (later - beyond) * _at_most_norm(model, band_utility(draws, band.id))
        later = beyond
    return quality


def _at_most_norm(model: Model, utility: FloatArray) -> FloatArray:
    """Return a utility at the start, no higher than the population's norm where it is capped, (draws, 1)."""
    aged = model.plan.aged
    return (utility if aged is None or aged.norm is None else np.minimum(utility, aged.norm))[:, None]


def _survival(model: Model, draws: Draws, endpoint: str, strategy: str, days: FloatArray) -> FloatArray:
    """Return survival (draws, days) on days of the grid."""
    timeline = model.plan.timeline
    return survival_at(model, draws, endpoint, strategy, timeline.months[timeline.positions(days)])
