"""Drug costs of a strategy: acquisition and administration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.inputs.checks import BODY_SIZE
from hemodel.model.costs.vials import Dose, cost_per_dose

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.structure import Regimen
    from hemodel.parameters import Amount, Draws, FloatArray


def dose_over_patients(regimen: Regimen, draws: Draws) -> Dose:
    """Return a regimen's dose over patients: flat, or proportional to body size [mg]."""
    dose = draws[regimen.id("dose")]
    if regimen.dose_basis not in BODY_SIZE:
        return Dose(dose, np.zeros(1))
    size = BODY_SIZE[regimen.dose_basis]
    return Dose(dose * draws[f"{size}_mean"], dose * draws[f"{size}_sd"])


def acquisition_cost(inputs: ModelInputs, draws: Draws, regimen: Regimen) -> FloatArray:
    """Return the drug cost of one administration to a patient on treatment, (draws,).

    Vials x price x relative dose intensity x share of patients given the drug.
    [currency per administration]
    """
    drug = inputs.drug(regimen.drug)
    sizes = [size for size, _ in drug.vials]
    prices = [draws[price] for _, price in drug.vials]
    vials = cost_per_dose(dose_over_patients(regimen, draws), sizes, prices, regimen.vial_sharing)
    return vials * draws[regimen.id("relative_dose_intensity")] * draws[regimen.id("share_of_patients")]


def administration_cost(draws: Mapping[str, Amount], regimen: Regimen) -> Amount:
    """Return the cost of giving the drug once, and what goes before it, to a patient on treatment.

    (Cost of the administration + premedication, where there is any) x share of patients given the drug.
    [currency per administration]
    """
    visit, before = draws[f"administration.{regimen.administration}.cost"], regimen.id("premedication_cost")
    given = visit + draws[before] if before in draws else visit
    return given * draws[regimen.id("share_of_patients")]
