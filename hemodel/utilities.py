"""Utilities: by health state, or by time to death, and the loss from adverse events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
