"""Monitoring and care while in a health state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.parameters import Draws, FloatArray


def cost_per_year(inputs: ModelInputs, draws: Draws, strategy: str, state: str) -> FloatArray:
    """Return the cost of a year in a health state, (draws,) [currency per year].

    Sum over resources of unit cost x uses per month x 12; a value for the
    strategy replaces the common one.
    """
    costs = []
    for resource in inputs.resources:
        own = f"resource.{resource}.{state}.{strategy}"
        uses = draws[own] if own in draws else draws[f"resource.{resource}.{state}"]
        costs.append(draws[f"resource.{resource}.unit_cost"] * uses * MONTHS_PER_YEAR)
    return sum(costs, np.zeros(1))
