"""One-way sensitivity analysis: every uncertain input to its bounds, in one evaluation.

A reported survival statistic is moved to its bounds with a refit of the curves
it enters; the coefficients of a curve are never moved one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.curve_draws import steepest
from hemodel.distributions import Distribution
from hemodel.economics import increments, net_monetary_benefit, swing, verdict
from hemodel.entries import Entry
from hemodel.model.evaluate import Model, base_draws, evaluate
from hemodel.parameters import Parameter, rescale_shares
from hemodel.survival.combined import fit_evidence
from hemodel.survival.endpoint_fit import REPORTED
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.statistics import HALF_WIDTH_95, Statistic, bounds, has_error
from hemodel.survival.workbook.curves import statistics
from hemodel.survival.workbook.fits import evidence
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import Draws, FloatArray
    from hemodel.survival.endpoint_fit import EndpointData


@dataclass(frozen=True)
class OneWayInput:
    """One input of the one-way analysis and its two values."""

    id: str
    label: str
    unit: str
    base: float
    low: float
    high: float


@dataclass(frozen=True)
class OneWay:
    """Results of the one-way analysis.

    `outcomes` has two draws for each item: low at 2 i, high at 2 i + 1. `unfitted`
    says of which statistics a bound leaves no stable fit; they are not among the items.
    """

    items: tuple[OneWayInput, ...]
    outcomes: Outcomes
    unfitted: tuple[str, ...]


@dataclass(frozen=True)
class OneWayBounds:
    """Every uncertain input at its two bounds, ready to evaluate.

    `draws` has two draws for each item, as `OneWay.outcomes` has them; with no items, that of the base case.
    """

    items: tuple[OneWayInput, ...]
    draws: Draws
    unfitted: tuple[str, ...]


class Dsa(Entry):
    """One input at its two bounds: what comes of it, discounted, for one intervention."""

    id: str = Field(description="of the input, or curve.<endpoint>.<strategy>")
    label: str = Field(description="of the input")
    unit: str = Field(description="of base, low and high")
    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    base: float = Field(description="value of the base case. [unit of the input]")
    low: float = Field(description="lower bound. [unit of the input]")
    high: float = Field(description="upper bound. [unit of the input]")
    nmb_low: float = Field(description="incremental net monetary benefit at the decision threshold. [currency]")
    nmb_high: float = Field(description="incremental net monetary benefit at the decision threshold. [currency]")
    icer_low: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    icer_high: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    verdict_low: str = Field(description="what the increments are, in words")
    verdict_high: str = Field(description="what the increments are, in words")
    qalys_low: float = Field(description="increment. [QALY]")
    qalys_high: float = Field(description="increment. [QALY]")
    costs_low: float = Field(description="increment. [currency]")
    costs_high: float = Field(description="increment. [currency]")


def bars(model: Model, found: OneWay) -> list[Dsa]:
    """Return the increments of each intervention at both bounds of each input, by the range of net benefit."""
    qalys, costs = increments(found.outcomes.qalys.total), increments(found.outcomes.costs.total)
    totals = (found.outcomes.qalys.total, found.outcomes.costs.total)
    benefit = increments(net_monetary_benefit(*totals, model.inputs.settings.decision_threshold))
    comparator, *interventions = model.strategies
    made = []
    for k, intervention in enumerate(interventions):
        q, c, b = (values[:, k].tolist() for values in (qalys, costs, benefit))
        verdicts = [verdict(cost, qaly) for cost, qaly in zip(c, q, strict=True)]
        for i, item in enumerate(found.items):
            lower, upper = 2 * i, 2 * i + 1
            made.append(
                Dsa(
                    **vars(item),
                    intervention=intervention,
                    comparator=comparator,
                    nmb_low=b[lower],
                    nmb_high=b[upper],
                    icer_low=verdicts[lower].icer,
                    icer_high=verdicts[upper].icer,
                    verdict_low=verdicts[lower].word,
                    verdict_high=verdicts[upper].word,
                    qalys_low=q[lower],
                    qalys_high=q[upper],
                    costs_low=c[lower],
                    costs_high=c[upper],
                )
            )
    return sorted(made, key=lambda entry: -swing(entry.nmb_low, entry.nmb_high))


def one_way(model: Model, moved: OneWayBounds | None = None) -> OneWay:
    """Move every uncertain input to its lower and upper bound, one at a time.

    Parameters
    ----------
    moved : OneWayBounds, optional
        Those of `moves`, where they are there already.
    """
    found = moves(model) if moved is None else moved
    return OneWay(found.items, evaluate(model, found.draws), found.unfitted)


def moves(model: Model) -> OneWayBounds:
    """Return every uncertain input at its lower and upper bound, with the draws that move them one at a time."""
    parameters = [(p, b) for p in model.inputs.parameters if (b := parameter_bounds(model, p)) is not None]
    reported, unfitted = _refits(model)
    items = [OneWayInput(p.id, p.label, p.unit, p.value, *b) for p, b in parameters]
    rows = model.inputs.rows
    items += [OneWayInput(s.id, rows[s.id].label, rows[s.id].unit, s.value, *bounds(s)) for s, _ in reported]
    curves = _whole_curves(model)
    items += [curve.item for curve in curves]
    if not items:
        return OneWayBounds((), base_draws(model), tuple(unfitted))
    draws = {id_: np.repeat(array, 2 * len(items), axis=0) for id_, array in base_draws(model).items()}
    for i, (parameter, limits) in enumerate(parameters):
        for row, value in zip((2 * i, 2 * i + 1), limits, strict=True):
            for id_, moved in _moved(model, parameter, value).items():
                draws[id_][row] = moved
    refits: list[tuple[str, Sequence[FloatArray]]] = [(statistic.endpoint, ends) for statistic, ends in reported]
    refits += [(curve.endpoint, curve.ends) for curve in curves]
    for i, (endpoint, ends) in enumerate(refits, start=len(parameters)):
        for row, fitted in zip((2 * i, 2 * i + 1), ends, strict=True):
            draws[f"curve.{endpoint}"][row] = fitted
    return OneWayBounds(tuple(items), draws, tuple(unfitted))


def _refits(model: Model) -> tuple[list[tuple[Statistic, list[FloatArray]]], list[str]]:
    """Return the coefficients at both bounds of each uncertain statistic, and what could not be fitted."""
    done, unfitted = [], []
    for endpoint, fit in model.fits.items():
        for statistic in statistics(model.inputs.rows, endpoint):
            if fit.sources[statistic.strategy].kind != REPORTED or statistic.bound is not None:
                continue
            if not statistic.used or not has_error(statistic):
                continue
            try:
                done.append(
                    (statistic, [refitted(model, endpoint, {statistic.id: bound}) for bound in bounds(statistic)])
                )
            except SurvivalError as error:
                unfitted.append(f"{statistic.id} is not in the one-way analysis: at one of its bounds, {error}")
    return done, unfitted


def parameter_bounds(model: Model, parameter: Parameter) -> tuple[float, float] | None:
    """Return the bounds of a parameter: low and high, else the 2.5% and 97.5% points.

    None where the parameter does not vary. The distribution of one Dirichlet share
    is beta(share x n, (total - share) x n) over the shares that vary.
    """
    if parameter.low is not None and parameter.high is not None:
        limits = (parameter.low, parameter.high)
    elif parameter.distribution is None:
        return None
    elif parameter.group:
        limits = _share_interval(model, parameter)
    else:
        limits = parameter.distribution.interval()
    return None if limits[0] == limits[1] else limits


def _share_interval(model: Model, parameter: Parameter) -> tuple[float, float]:
    members = [p for p in model.inputs.parameters if p.group == parameter.group]
    varying = {p.id: p.distribution.parameters[0] for p in members if p.distribution is not None}
    rest = 1.0 - sum(p.value for p in members if p.distribution is None)
    own = varying[parameter.id]
    low, high = Distribution("beta", (own, sum(varying.values()) - own)).interval()
    return rest * low, rest * high


def _moved(model: Model, parameter: Parameter, value: float) -> dict[str, float]:
    if not parameter.group:
        return {parameter.id: value}
    members = [p for p in model.inputs.parameters if p.group == parameter.group]
    return rescale_shares(members, parameter.id, value)


def refitted(model: Model, endpoint: str, values: Mapping[str, float]) -> FloatArray:
    """Return the coefficients of an endpoint refitted with some of its reported statistics at other values.

    The standard errors, and so the weights, stay as they are.

    Parameters
    ----------
    values : mapping from id to float
        Of statistics that the fit uses.

    Raises
    ------
    SurvivalError
        Where no curve is near these values, or they leave coefficients undetermined.
    """
    found = evidence(model.inputs, endpoint)
    return _refit(replace(found, moved=tuple(sorted(values.items())), correlated=False, bootstrap=False))


@lru_cache(maxsize=16_384)
def _refit(found: EndpointData) -> FloatArray:
    """Refit once what several analyses of the same evidence ask for."""
    coefficients = fit_evidence(found).coefficients
    coefficients.flags.writeable = False
    return coefficients


@dataclass(frozen=True)
class WholeCurve:
    """A curve moved as a whole: the item of the one-way analysis, its endpoint, coefficients at both bounds."""

    item: OneWayInput
    endpoint: str
    ends: tuple[FloatArray, FloatArray]


def whole_curve(model: Model, endpoint: str, strategy: str, direction: FloatArray) -> WholeCurve:
    """Return a curve moved by 1.96 standard errors of its restricted mean to both sides.

    The coefficients move together, along the direction in which their uncertainty moves
    the restricted mean most, one standard error of it long.
    """
    fit, horizon = model.fits[endpoint], model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    name = next(each.name for each in model.inputs.strategies if each.id == strategy)
    low, high = (fit.coefficients + side * HALF_WIDTH_95 * direction for side in (-1.0, 1.0))
    means = fit.curves.restricted_mean(strategy, horizon, np.vstack([fit.coefficients, low, high]))
    label = f"{endpoint.upper()} curve, {name}: restricted mean"
    return WholeCurve(
        OneWayInput(f"curve.{endpoint}.{strategy}", label, "months", *means.tolist()), endpoint, (low, high)
    )


def _whole_curves(model: Model) -> list[WholeCurve]:
    """Return the curves that are not fitted to reported statistics, moved as a whole."""
    found = []
    horizon = model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    for endpoint, fit in model.fits.items():
        for strategy, source in fit.sources.items():
            direction = steepest(fit, strategy, horizon)
            if source.kind != REPORTED and direction is not None:
                found.append(whole_curve(model, endpoint, strategy, direction))
    return found
