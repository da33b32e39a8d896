"""Monitoring and care while in a health state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.parameters import Amount, Draws, FloatArray


def cost_per_year(inputs: ModelInputs, draws: Draws, strategy: str, state: str) -> FloatArray:
    """Return the cost of a year in a health state, (draws,) [currency per year].

    The sum over resources.
    """
    return sum((resource_cost(draws, resource, strategy, state) for resource in inputs.resources), np.zeros(1))


def resource_cost(draws: Mapping[str, Amount], resource: str, strategy: str, state: str) -> Amount:
    """Return the cost of a resource in a year in a health state [currency per year].

    Unit cost x uses per month x 12; uses of the strategy replace the common ones.
    """
    own = f"resource.{resource}.{state}.{strategy}"
    uses = draws[own] if own in draws else draws[f"resource.{resource}.{state}"]
    return draws[f"resource.{resource}.unit_cost"] * uses * MONTHS_PER_YEAR
