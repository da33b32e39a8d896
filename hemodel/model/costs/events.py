"""Costs that fall once: adverse events, subsequent treatment, end of life."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.structure import Treatment
    from hemodel.parameters import Amount, Draws, FloatArray


def adverse_event_cost(inputs: ModelInputs, draws: Draws, strategy: str) -> FloatArray:
    """Return the sum over events of their cost, (draws,); charged at model start [currency]."""
    return sum((event_cost(draws, event, strategy) for event in inputs.events), np.zeros(1))


def event_cost(draws: Mapping[str, Amount], event: str, strategy: str) -> Amount:
    """Return incidence x unit cost of an adverse event [currency]."""
    return draws[f"adverse_event.{event}.incidence.{strategy}"] * draws[f"adverse_event.{event}.unit_cost"]


def subsequent_treatment_cost(inputs: ModelInputs, draws: Draws, strategy: str) -> FloatArray:
    """Return the mean cost of subsequent treatment of a patient who progresses, (draws,).

    The sum over treatments. [currency per progression]
    """
    return sum((treatment_cost(draws, treatment, strategy) for treatment in inputs.treatments), np.zeros(1))


def treatment_cost(draws: Mapping[str, Amount], treatment: Treatment, strategy: str) -> Amount:
    """Return the mean cost of one subsequent treatment of a patient who progresses [currency per progression].

    Share x cycles x (drug cost + administrations x cost of one).
    """
    prefix = f"subsequent.{treatment.id}."
    visit = draws[f"administration.{treatment.administration}.cost"]
    cycle = draws[prefix + "drug_cost_per_cycle"] + draws[prefix + "administrations_per_cycle"] * visit
    return draws[f"{prefix}share.{strategy}"] * draws[prefix + "cycles"] * cycle


def share_progressing(draws: Mapping[str, Amount], strategy: str) -> Amount:
    """Return the share of PFS events that are progressions [proportion]."""
    return 1.0 - draws[f"pfs_events.share_deaths.{strategy}"]


def end_of_life_cost(draws: Mapping[str, Amount]) -> Amount:
    """Return the cost of care at the end of life [currency per death]."""
    return draws["end_of_life.cost"]
