"""Utilities: by health state, or by time to death, and the loss from adverse events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.model.occupancy import GAP_TOLERANCE, Adjustment
from hemodel.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.parameters import Amount, Draws, FloatArray


def state_utility(draws: Mapping[str, Amount], strategy: str, state: str) -> Amount:
    """Return the utility of a state, the strategy's own where it has one."""
    own = f"utility.{state}.{strategy}"
    return draws[own] if own in draws else draws[f"utility.{state}"]


def band_utility(draws: Mapping[str, Amount], band: str) -> Amount:
    """Return the utility of those within a band of time to death."""
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
    """Return the QALYs lost to adverse events, their sum, (draws,); they fall at model start [QALY]."""
    return sum((event_loss(draws, event, strategy) for event in inputs.members["adverse_event"]), np.zeros(1))


def event_loss(draws: Mapping[str, Amount], event: str, strategy: str) -> Amount:
    """Return incidence x disutility x days / 365.25 of an adverse event [QALY]."""
    prefix = f"adverse_event.{event}."
    incidence, disutility = draws[f"{prefix}incidence.{strategy}"], draws[prefix + "disutility"]
    return incidence * disutility * draws[prefix + "duration"] / DAYS_PER_YEAR
