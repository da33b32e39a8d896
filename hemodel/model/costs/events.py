"""Costs that fall once: adverse events, subsequent treatment, end of life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.parameters import Draws, FloatArray


def adverse_event_cost(inputs: ModelInputs, draws: Draws, strategy: str) -> FloatArray:
    """Return the sum of incidence x unit cost, (draws,); charged at model start [currency]."""
    costs = (
        draws[f"adverse_event.{event}.incidence.{strategy}"] * draws[f"adverse_event.{event}.unit_cost"]
        for event in inputs.events
    )
    return sum(costs, np.zeros(1))


def subsequent_treatment_cost(inputs: ModelInputs, draws: Draws, strategy: str) -> FloatArray:
    """Return the mean cost of subsequent treatment of a patient who progresses, (draws,).

    Sum over treatments of share x cycles x (drug cost + administrations x cost of
    one). [currency per progression]
    """
    costs = []
    for treatment in inputs.treatments:
        prefix = f"subsequent.{treatment.id}."
        visit = draws[f"administration.{treatment.administration}.cost"]
        cycle = draws[prefix + "drug_cost_per_cycle"] + draws[prefix + "administrations_per_cycle"] * visit
        costs.append(draws[f"{prefix}share.{strategy}"] * draws[prefix + "cycles"] * cycle)
    return sum(costs, np.zeros(1))


def share_progressing(draws: Draws, strategy: str) -> FloatArray:
    """Return the share of PFS events that are progressions, (draws,). [proportion]."""
    return 1.0 - draws[f"pfs_events.share_deaths.{strategy}"]


def end_of_life_cost(draws: Draws) -> FloatArray:
    """Return the cost of care at the end of life, (draws,). [currency per death]."""
    return draws["end_of_life.cost"]
