"""Every family tried on each endpoint, so that the choice of the workbook can be judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.curves import LANDMARK_YEARS
from hemodel.inputs.dictionary import kind_of
from hemodel.survival.errors import SurvivalError
from hemodel.survival.from_rows import fit_endpoint
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.model import Model
    from hemodel.survival.reported.fitting import EndpointFit

SAME_CURVE = {"weibullPH": "weibull"}
"""Families that are another one with other parameters; the other one stands for both."""


@dataclass(frozen=True)
class FamilyTrial:
    """One family on one endpoint, for all strategies and with the workbook's relations.

    `fit` is None where the statistics do not identify it.
    """

    endpoint: str
    family: str
    base_case: bool
    fit: EndpointFit | None
    restricted_mean_months: Mapping[str, float]
    survival: Mapping[str, Mapping[int, float]]


def try_families(model: Model, endpoints: tuple[str, ...] = ("pfs", "os")) -> tuple[FamilyTrial, ...]:
    """Fit every family to each endpoint's statistics."""
    families = [f for f in kind_of("curve.{endpoint}.{strategy}.family").choices if f not in SAME_CURVE]
    return tuple(_try(model, endpoint, family) for endpoint in endpoints for family in families)


def _try(model: Model, endpoint: str, family: str) -> FamilyTrial:
    own = model.fits[endpoint]
    in_use = {SAME_CURVE.get(name, name) for name in (own.curves.family(s.strategy).name for s in own.curves.specs)}
    try:
        fitted = own if in_use == {family} else fit_endpoint(model.inputs.rows, endpoint, family)
    except SurvivalError:
        return FamilyTrial(endpoint, family, base_case=False, fit=None, restricted_mean_months={}, survival={})
    horizon = model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    coefficients = fitted.coefficients[None, :]
    months = MONTHS_PER_YEAR * np.array(LANDMARK_YEARS, dtype=float)
    means, rates = {}, {}
    for spec in fitted.curves.specs:
        means[spec.strategy] = float(fitted.curves.restricted_mean(spec.strategy, horizon, coefficients)[0])
        at = fitted.curves.survival(spec.strategy, months, coefficients)[0]
        rates[spec.strategy] = dict(zip(LANDMARK_YEARS, at.tolist(), strict=True))
    return FamilyTrial(endpoint, family, in_use == {family}, fitted, means, rates)
