"""What the fitted curves say: medians, means, landmark survival, external evidence.

Every family tried on each endpoint, so that the choice of the workbook can be judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hemodel.inputs.checks import select
from hemodel.inputs.dictionary import kind_of
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.model.occupancy import capped
from hemodel.survival.combined import fit_evidence
from hemodel.survival.errors import SurvivalError
from hemodel.survival.workbook.fits import evidence
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray
    from hemodel.survival.endpoint_fit import EndpointData, EndpointFit


LANDMARK_YEARS = (1, 2, 3, 5)


@dataclass(frozen=True)
class CurveSummary:
    """One fitted curve, before any cap.

    `restricted_mean_months` is the mean within the time horizon; `mean_months` is
    unrestricted and infinite for some families.
    """

    endpoint: str
    strategy: str
    family: str
    relation: str
    parameters: Mapping[str, float]
    median_months: float
    mean_months: float
    restricted_mean_months: float
    survival: Mapping[int, float]


@dataclass(frozen=True)
class ExternalComparison:
    """Survival in another study beside the curve, on the other study's clock.

    `fitted` is the curve at `time_months` - `origin_months`.
    """

    id: str
    label: str
    endpoint: str
    strategy: str
    time_months: float
    origin_months: float
    reported: float
    low: float | None
    high: float | None
    fitted: float


def summarise_curves(model: Model) -> tuple[CurveSummary, ...]:
    """Return a summary of every curve of the base case."""
    horizon = model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    found = []
    for endpoint, fit in model.fits.items():
        coefficients = fit.coefficients[None, :]
        for spec in fit.curves.specs:
            own = fit.curves.columns[spec.strategy]
            at = np.array([12.0 * year for year in LANDMARK_YEARS])
            rates = fit.curves.survival(spec.strategy, at, coefficients)[0]
            found.append(
                CurveSummary(
                    endpoint=endpoint,
                    strategy=spec.strategy,
                    family=fit.curves.family(spec.strategy).name,
                    relation=spec.relation,
                    parameters=dict(zip(fit.curves.names[own], fit.coefficients[own].tolist(), strict=True)),
                    median_months=float(fit.curves.quantile(spec.strategy, 0.5, coefficients)[0]),
                    mean_months=float(fit.curves.mean(spec.strategy, coefficients)[0]),
                    restricted_mean_months=float(fit.curves.restricted_mean(spec.strategy, horizon, coefficients)[0]),
                    survival=dict(zip(LANDMARK_YEARS, rates.tolist(), strict=True)),
                )
            )
    return tuple(found)


def compare_external(model: Model) -> tuple[ExternalComparison, ...]:
    """Return every external survival rate beside the fitted curve."""
    found = []
    for row in select(model.inputs.rows, "external.{endpoint}.{strategy}.survival_{landmark}"):
        endpoint, strategy = row.names["endpoint"], row.names["strategy"]
        if endpoint not in model.fits or row.time is None:
            continue
        fit, origin = model.fits[endpoint], row.time_origin or 0.0
        at = np.array([row.time - origin])
        fitted = float(fit.curves.survival(strategy, at, fit.coefficients[None, :])[0, 0])
        found.append(
            ExternalComparison(
                row.id, row.label, endpoint, strategy, row.time, origin, row.number, row.low, row.high, fitted
            )
        )
    return tuple(found)


def modelled_survival(
    model: Model, endpoint: str, strategy: str, months: FloatArray, coefficients: Mapping[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return survival, with what acts on it, before and after the caps at OS and at PFS, (draws, months).

    Parameters
    ----------
    model : Model
    endpoint, strategy : str
    months : array (months,)
    coefficients : mapping from endpoint to array (draws, p) or (1, p)
        Everything else is as in the base case.
    """
    draws = {**base_draws(model), **{f"curve.{name}": array for name, array in coefficients.items()}}

    def raw(name: str) -> FloatArray:
        return survival_at(model, draws, name, strategy, months)

    own, overall = raw(endpoint), raw("os")
    below = capped(own, overall)
    uses = [r for r in model.inputs.regimens if r.strategy == strategy and r.time_on_treatment == endpoint]
    if endpoint != "os" and uses and all(regimen.stops_at_progression for regimen in uses):
        below = capped(below, capped(raw("pfs"), overall))
    return own, below


def survival_interval(
    model: Model, endpoint: str, strategy: str, months: FloatArray, coefficients: Mapping[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return the 2.5% and 97.5% points over the draws of `modelled_survival` after the caps, (months,) each."""
    _, after = modelled_survival(model, endpoint, strategy, months, coefficients)
    low, high = np.quantile(after, [0.025, 0.975], axis=0)
    return low, high


def state_medians(model: Model) -> dict[str, dict[str, float]]:
    """Return the median PFS and OS of each strategy as modelled (PFS capped at OS) [months]."""
    medians = {}
    for strategy in model.strategies:
        raw = {endpoint: _median(model, endpoint, strategy) for endpoint in ("pfs", "os")}
        medians[strategy] = {"pfs": min(raw.values()), "os": raw["os"]}
    return medians


def _median(model: Model, endpoint: str, strategy: str) -> float:
    """Median of a fitted curve; where something acts on it, by interpolation between the points of the grid."""
    fit = model.fits[endpoint]
    if not model.curve_effects.changes(endpoint, strategy):
        return float(fit.curves.quantile(strategy, 0.5, fit.coefficients[None, :])[0])
    months = model.time_grid.timeline.months
    with np.errstate(divide="ignore"):
        hazard = -np.log(survival_at(model, base_draws(model), endpoint, strategy, months)[0])
    reached = hazard >= np.log(2.0)
    if not reached.any():
        return float("inf")
    return float(np.interp(np.log(2.0), hazard[: np.argmax(reached) + 1], months[: np.argmax(reached) + 1]))


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
def _attempt(found: EndpointData) -> Attempt:
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
