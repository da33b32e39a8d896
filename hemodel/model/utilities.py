"""Utilities: by health state, or by time to death, and the loss from adverse events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.model.occupancy import GAP_TOLERANCE, Adjustment
from hemodel.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.parameters import Draws, FloatArray


def state_utility(draws: Draws, strategy: str, state: str) -> FloatArray:
    """Return the utility of a state, the strategy's own where it has one, (draws,)."""
    own = f"utility.{state}.{strategy}"
    return draws[own] if own in draws else draws[f"utility.{state}"]


def band_utility(draws: Draws, band: str) -> FloatArray:
    """Return the utility of those within a band of time to death, (draws,)."""
    return draws[f"utility.time_to_death.{band}"]


def cap_at_norm(utility: FloatArray, years: FloatArray, norm: float) -> tuple[FloatArray, Adjustment]:
    """Return min(utility, norm) and a record of what was cut off.

    Both are times the same multiplier later on, so that a utility that is not above the
    population's norm at the start is not above it at any time.

    Parameters
    ----------
    utility : array (draws,) or (1,)
    years : array (draws,) or (1,)
        Person-time to which the utility applies, undiscounted. [years]
    norm : float
        Of the cohort at the start.

    Returns
    -------
    capped : array, the shape of utility
    adjustment : Adjustment
        From day 0; in it `max_gap` is of the utility and `years_moved` in QALYs.
    """
    above = np.maximum(utility - norm, 0.0)
    bound = above > GAP_TOLERANCE
    parts = np.broadcast_arrays(np.where(bound, 0.0, np.nan), np.where(bound, above, 0.0), above * years * bound)
    return np.minimum(utility, norm), Adjustment(*parts)


def adverse_event_loss(inputs: ModelInputs, draws: Draws, strategy: str) -> FloatArray:
    """Return the QALYs lost to adverse events, (draws,); they fall at model start [QALY].

    Sum of incidence x disutility x days / 365.25.
    """
    losses = (
        draws[f"adverse_event.{event}.incidence.{strategy}"]
        * draws[f"adverse_event.{event}.disutility"]
        * draws[f"adverse_event.{event}.duration"]
        / DAYS_PER_YEAR
        for event in inputs.events
    )
    return sum(losses, np.zeros(1))
