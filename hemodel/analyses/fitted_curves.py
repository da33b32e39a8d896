"""What the fitted curves say: medians, means, landmark survival, external evidence.

Every family tried on each endpoint, so that the choice of the workbook can be judged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.entries import Entry, finite
from hemodel.inputs.checks import select
from hemodel.inputs.dictionary import kind_of
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.model.occupancy import capped
from hemodel.survival.combined import fit_evidence
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.statistics import bounds
from hemodel.survival.workbook.fits import evidence
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.model.evaluate import Model
    from hemodel.parameters import Draws, FloatArray
    from hemodel.survival.endpoint_fit import EndpointData, EndpointFit


LANDMARK_YEARS = (1, 2, 3, 5)


class FitStatistic(Entry):
    """A reported statistic beside the fitted curve."""

    id: str = Field(description="of the row")
    strategy: str = Field(description="id of the strategy")
    statistic: str = Field(description="median, survival or hazard_ratio")
    time: float | None = Field(description="for survival. [month]")
    versus: str | None = Field(description="the other strategy, for a hazard_ratio")
    reported: float = Field(description="[month] of a median, [proportion] of survival, [ratio] of hazards")
    low: float | None = Field(description="of the 95% interval. [as reported]")
    high: float | None = Field(description="of the 95% interval. [as reported]")
    fitted: float | None = Field(description="null for a median that is not reached. [as reported]")
    z: float | None = Field(
        description="fitted minus reported, on the scale of the fit; null without a standard error. [standard errors]"
    )
    used: bool = Field(description="whether the curve was fitted to it")


class FitQuality(Entry):
    """How an endpoint was fitted."""

    targets: int = Field(description="number of statistics")
    parameters: int = Field(description="number of coefficients")
    sources: dict[str, str] = Field(description="what each strategy's curve was fitted to")
    objective: float | None = Field(
        description="sum of squared differences in standard errors; null without statistics. [unitless]"
    )
    criterion: float | None = Field(
        description="objective + 2 x parameters, or AIC for patient data; lower is better on one evidence. [unitless]"
    )
    gradient_norm: float = Field(description="of the objective at the fit; about 0. [unitless]")
    condition: float = Field(description="largest condition number of the information of the fits. [unitless]")


class Curve(Entry):
    """A fitted curve before any cap."""

    endpoint: str = Field(description="pfs, os or a time on treatment")
    strategy: str = Field(description="id of the strategy")
    family: str = Field(description="of the curve, or of the one it is relative to")
    relation: str = Field(description="own curve, or how it stands to that of another strategy")
    coefficients: dict[str, float] = Field(description="by name. [scale on which they are estimated]")
    median_months: float | None = Field(description="null where it is not reached. [month]")
    mean_months: float | None = Field(description="unrestricted; null where infinite. [month]")
    restricted_mean_months: float = Field(description="within the time horizon. [month]")
    survival_by_year: dict[str, float] = Field(description="by years from the start. [proportion]")


class External(Entry):
    """Survival in another study beside the curve."""

    id: str = Field(description="of the row")
    label: str = Field(description="of the row")
    endpoint: str = Field(description="pfs, os or a time on treatment")
    strategy: str = Field(description="id of the strategy")
    time_months: float = Field(description="on the clock of the other study. [month]")
    origin_months: float = Field(description="where the model starts on that clock. [month]")
    reported: float = Field(description="survival. [proportion]")
    low: float | None = Field(description="of the 95% interval. [proportion]")
    high: float | None = Field(description="of the 95% interval. [proportion]")
    fitted: float = Field(description="survival of the curve at time_months - origin_months. [proportion]")


class FamilyFit(Entry):
    """One family tried on an endpoint with the relations of the base case."""

    endpoint: str = Field(description="pfs or os")
    family: str = Field(description="of the curves of all strategies")
    base_case: bool = Field(description="whether it is the family of the base case")
    identified: bool = Field(description="whether the evidence determines its coefficients")
    objective: float | None = Field(description="as in fit_quality; null where not identified. [unitless]")
    criterion: float | None = Field(description="as in fit_quality; null where not identified. [unitless]")
    largest_z: float | None = Field(
        description="largest difference from a statistic used; null where not identified. [standard errors]"
    )
    restricted_mean_months: dict[str, float] = Field(description="within the time horizon, by strategy. [month]")
    survival_by_year: dict[str, dict[str, float]] = Field(
        description="by strategy, then by years from the start. [proportion]"
    )


def fit_statistics(fit: EndpointFit) -> list[FitStatistic]:
    """Return every reported statistic of an endpoint beside what its curves say."""
    found = []
    for target in fit.targets:
        statistic = target.statistic
        low, high = bounds(statistic) if statistic.used else (statistic.low, statistic.high)
        found.append(
            FitStatistic(
                id=statistic.id,
                strategy=statistic.strategy,
                statistic=statistic.kind,
                time=statistic.time,
                versus=statistic.versus,
                reported=target.reported,
                low=low,
                high=high,
                fitted=finite(target.fitted),
                z=finite(target.z),
                used=statistic.used,
            )
        )
    return found


def fit_quality(fit: EndpointFit) -> FitQuality:
    """Return how an endpoint was fitted."""
    return FitQuality(
        targets=fit.n_targets,
        parameters=fit.n_parameters,
        sources={strategy: source.kind for strategy, source in fit.sources.items()},
        objective=finite(fit.objective),
        criterion=finite(fit.criterion),
        gradient_norm=fit.gradient_norm,
        condition=fit.condition,
    )


def summarise_curves(model: Model) -> list[Curve]:
    """Return a summary of every curve of the base case."""
    found = []
    for endpoint, fit in model.fits.items():
        coefficients = fit.coefficients[None, :]
        for spec in fit.curves.specs:
            own = fit.curves.columns[spec.strategy]
            found.append(
                Curve(
                    endpoint=endpoint,
                    strategy=spec.strategy,
                    family=fit.curves.family(spec.strategy).name,
                    relation=spec.relation,
                    coefficients=dict(zip(fit.curves.names[own], fit.coefficients[own].tolist(), strict=True)),
                    median_months=finite(float(fit.curves.quantile(spec.strategy, 0.5, coefficients)[0])),
                    mean_months=finite(float(fit.curves.mean(spec.strategy, coefficients)[0])),
                    restricted_mean_months=_restricted_mean(model, fit, spec.strategy),
                    survival_by_year=_survival_by_year(fit, spec.strategy),
                )
            )
    return found


def _restricted_mean(model: Model, fit: EndpointFit, strategy: str) -> float:
    horizon = model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    return float(fit.curves.restricted_mean(strategy, horizon, fit.coefficients[None, :])[0])


def _survival_by_year(fit: EndpointFit, strategy: str) -> dict[str, float]:
    months = MONTHS_PER_YEAR * np.array(LANDMARK_YEARS, dtype=float)
    rates = fit.curves.survival(strategy, months, fit.coefficients[None, :])[0]
    return dict(zip(map(str, LANDMARK_YEARS), rates.tolist(), strict=True))


def compare_external(model: Model) -> list[External]:
    """Return every external survival rate beside the fitted curve."""
    found = []
    for row in select(model.inputs.rows, "external.{endpoint}.{strategy}.survival_{landmark}"):
        endpoint, strategy = row.names["endpoint"], row.names["strategy"]
        if endpoint not in model.fits or row.time is None:
            continue
        fit, origin = model.fits[endpoint], row.time_origin or 0.0
        at = np.array([row.time - origin])
        found.append(
            External(
                id=row.id,
                label=row.label,
                endpoint=endpoint,
                strategy=strategy,
                time_months=row.time,
                origin_months=origin,
                reported=row.number,
                low=row.low,
                high=row.high,
                fitted=float(fit.curves.survival(strategy, at, fit.coefficients[None, :])[0, 0]),
            )
        )
    return found


def modelled_survival(
    model: Model, endpoint: str, strategy: str, months: FloatArray, coefficients: Mapping[str, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Return survival, with what acts on it, before and after the caps at OS and at PFS, (draws, months).

    Parameters
    ----------
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


def survival_gain(
    model: Model, endpoint: str, strategy: str, months: FloatArray, coefficients: Mapping[str, FloatArray]
) -> FloatArray:
    """Return `modelled_survival` after the caps less that of the first strategy, (draws, months)."""
    _, own = modelled_survival(model, endpoint, strategy, months, coefficients)
    _, first = modelled_survival(model, endpoint, model.strategies[0], months, coefficients)
    return own - first


def interval_95(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the 2.5% and 97.5% points over the draws, the first axis."""
    low, high = np.quantile(values, [0.025, 0.975], axis=0)
    return low, high


def state_medians(model: Model) -> dict[str, dict[str, float]]:
    """Return the median PFS and OS of each strategy as modelled (PFS capped at OS) [months]."""
    found = {}
    for strategy in model.strategies:
        raw = {e: float(medians(model, base_draws(model), e, strategy)[0]) for e in ("pfs", "os")}
        found[strategy] = {"pfs": min(raw.values()), "os": raw["os"]}
    return found


def medians(model: Model, draws: Draws, endpoint: str, strategy: str) -> FloatArray:
    """Return the median (draws,) of a curve with what acts on it, before any cap; infinite where it is not reached.

    Where something acts on the curve, by interpolation between the points of the grid. [months]
    """
    if not model.curve_effects.changes(endpoint, strategy):
        return model.fits[endpoint].curves.quantile(strategy, 0.5, draws[f"curve.{endpoint}"])
    months = model.time_grid.timeline.months
    with np.errstate(divide="ignore"):
        hazards = -np.log(survival_at(model, draws, endpoint, strategy, months))
    found = np.full(hazards.shape[0], np.inf)
    for i, hazard in enumerate(hazards):
        reached = hazard >= np.log(2.0)
        if reached.any():
            last = np.argmax(reached) + 1
            found[i] = np.interp(np.log(2.0), hazard[:last], months[:last])
    return found


SAME_CURVE = {"weibullPH": "weibull"}
"""Families that are another one with other parameters; the other one stands for both."""


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
    return _attempt(replace(evidence(inputs, endpoint).with_family(family), bootstrap=False))


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


def try_families(model: Model, endpoints: tuple[str, ...] = ("pfs", "os")) -> list[FamilyFit]:
    """Fit every family to each endpoint's statistics."""
    return [_try(model, endpoint, family) for endpoint in endpoints for family in named_families()]


def _try(model: Model, endpoint: str, family: str) -> FamilyFit:
    own = model.fits[endpoint]
    in_use = set(families_in_use(own).values()) == {family}
    fit = own if in_use else attempt(model.inputs, endpoint, family).fit
    used = [] if fit is None else [abs(target.z) for target in fit.targets if target.statistic.used]
    strategies = [] if fit is None else [spec.strategy for spec in fit.curves.specs]
    return FamilyFit(
        endpoint=endpoint,
        family=family,
        base_case=in_use,
        identified=fit is not None,
        objective=None if fit is None else finite(fit.objective),
        criterion=None if fit is None else finite(fit.criterion),
        largest_z=None if fit is None else max(used, default=0.0),
        restricted_mean_months={} if fit is None else {s: _restricted_mean(model, fit, s) for s in strategies},
        survival_by_year={} if fit is None else {s: _survival_by_year(fit, s) for s in strategies},
    )
