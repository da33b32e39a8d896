"""Every family tried on each endpoint, so that the choice of the workbook can be judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.curves import LANDMARK_YEARS
from hemodel.inputs.dictionary import kind_of
from hemodel.survival.combined import fit_evidence
from hemodel.survival.errors import SurvivalError
from hemodel.survival.workbook.fits import evidence
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.model import Model
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.evidence import Evidence

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


@dataclass(frozen=True, eq=False)
class Attempt:
    """A fit, or None and the reason why there is none."""

    fit: EndpointFit | None
    reason: str


def named_families() -> tuple[str, ...]:
    """Return the families that have a name, each curve once."""
    return tuple(f for f in kind_of("curve.{endpoint}.{strategy}.family").choices if f not in SAME_CURVE)


def attempt(inputs: ModelInputs, endpoint: str, family: str) -> Attempt:
    """Fit one family to all curves of an endpoint, with the relations and evidence of the workbook.

    No bootstrap replicates are made. The same evidence is fitted once.
    """
    found = evidence(inputs, endpoint)
    specs = tuple(replace(spec, family=family) for spec in found.specs)
    return _attempt(replace(found, specs=specs, bootstrap=False))


@lru_cache(maxsize=512)
def _attempt(found: Evidence) -> Attempt:
    try:
        return Attempt(fit_evidence(found), "")
    except SurvivalError as error:
        return Attempt(None, str(error))
    except np.linalg.LinAlgError:
        return Attempt(None, f"{found.endpoint}: the fit breaks down, because the evidence hardly bears on the curve.")


def families_in_use(fit: EndpointFit) -> dict[str, str]:
    """Return the family of every strategy's curve, or of the curve it is relative to."""
    names = {spec.strategy: fit.curves.family(spec.strategy).name for spec in fit.curves.specs}
    return {strategy: SAME_CURVE.get(name, name) for strategy, name in names.items()}


def try_families(model: Model, endpoints: tuple[str, ...] = ("pfs", "os")) -> tuple[FamilyTrial, ...]:
    """Fit every family to each endpoint's statistics."""
    return tuple(_try(model, endpoint, family) for endpoint in endpoints for family in named_families())


def _try(model: Model, endpoint: str, family: str) -> FamilyTrial:
    own = model.fits[endpoint]
    in_use = set(families_in_use(own).values())
    fitted = own if in_use == {family} else attempt(model.inputs, endpoint, family).fit
    if fitted is None:
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
