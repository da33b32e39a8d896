"""One-way sensitivity analysis: every uncertain input to its bounds, in one evaluation.

Curves are moved by their level, the effects on them and their tails, each along the joint uncertainty of the
coefficients. What each reported statistic alone does to the fit is another analysis: one number moves, the others
hold, and the curve that meets them best may be a worse one although the number is a better one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.dsa.curve_quantities import (
    at_ends,
    bars_of_curves,
    invalid,
    named,
    shifted,
)
from hemodel.distributions import Distribution
from hemodel.economics import increments, net_monetary_benefit, swing, verdict
from hemodel.entries import Entry
from hemodel.model.evaluate import Model, base_draws, evaluate
from hemodel.model.occupancy import PFS_CAPPED
from hemodel.parameters import Parameter, rescale_shares
from hemodel.survival.combined import fit_evidence
from hemodel.survival.endpoint_fit import REPORTED
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.statistics import HALF_WIDTH_95, Statistic, bounds, has_error
from hemodel.survival.workbook.curves import statistics
from hemodel.survival.workbook.fits import evidence
from hemodel.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.analyses.dsa.curve_quantities import CurveQuantity
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

    `outcomes` and `draws` have two draws for each item: low at 2 i, high at 2 i + 1. `left_out` says of what an end
    is no model; it is not among the items.
    """

    items: tuple[OneWayInput, ...]
    outcomes: Outcomes
    draws: Draws
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class OneWayBounds:
    """Every uncertain input at its two bounds, ready to evaluate.

    `draws` has two draws for each item, as `OneWay.outcomes` has them; with no items, that of the base case.
    """

    items: tuple[OneWayInput, ...]
    draws: Draws
    left_out: tuple[str, ...]


class Dsa(Entry):
    """One input at its two bounds: what comes of it, discounted, for one intervention."""

    id: str = Field(description="of the input; of curves curve.<endpoint>.<strategy>, .effect or .tail after it")
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
        Those of `moves`, where they are there already, or those of `statistic_moves`.
    """
    found = moves(model) if moved is None else moved
    return OneWay(found.items, evaluate(model, found.draws), found.draws, found.left_out)


Ends = tuple[OneWayInput, "dict[str, FloatArray]"]
"""An item, and by id what it changes: an array (2,) or, of coefficients, (2, p), at its lower and its upper bound."""


def moves(model: Model) -> OneWayBounds:
    """Return every uncertain input at its lower and upper bound, with the draws that move them one at a time."""
    found: list[Ends] = []
    for parameter in model.inputs.parameters:
        limits = parameter_bounds(model, parameter)
        if limits is not None:
            item = OneWayInput(parameter.id, parameter.label, parameter.unit, parameter.value, *limits)
            low, high = (_moved(model, parameter, value) for value in limits)
            found.append((item, {id_: np.array([low[id_], high[id_]]) for id_ in low}))
    curves, left_out = _curves(model)
    return _bounds(model, [*found, *curves], left_out)


def statistic_moves(model: Model) -> OneWayBounds:
    """Return every reported statistic of the fits at its lower and upper bound, with a refit of its curves."""
    rows = model.inputs.rows
    reported, left_out = _refits(model)
    found: list[Ends] = [
        (
            OneWayInput(s.id, rows[s.id].label, rows[s.id].unit, s.value, *bounds(s)),
            {f"curve.{s.endpoint}": np.vstack(ends)},
        )
        for s, ends in reported
    ]
    return _bounds(model, found, left_out)


def _bounds(model: Model, found: Sequence[Ends], left_out: Sequence[str]) -> OneWayBounds:
    """Put the moves of all items among the draws; leave out those with a crossing of PFS and OS that is an error."""
    crossing = _crossings(model, found)
    kept = [ends for ends in found if ends[0].id not in crossing]
    words = [_without(id_, why) for id_, why in crossing.items()]
    return OneWayBounds(tuple(item for item, _ in kept), _draws(model, kept), (*left_out, *words))


def _without(id_: str, why: object) -> str:
    return f"{id_} is not in the one-way analysis: at one of its bounds, {why}"


def _draws(model: Model, found: Sequence[Ends]) -> Draws:
    if not found:
        return base_draws(model)
    draws = {id_: np.repeat(array, 2 * len(found), axis=0) for id_, array in base_draws(model).items()}
    for i, (_, changed) in enumerate(found):
        for id_, values in changed.items():
            draws[id_][2 * i : 2 * i + 2] = values
    return draws


def _crossings(model: Model, found: Sequence[Ends]) -> dict[str, str]:
    """Return the items with an end at which PFS exceeds OS, and where that is, if the settings make it an error."""
    settings = model.inputs.settings
    if settings.pfs_above_os != CROSSING_IS_ERROR or not found:
        return {}
    crossing: dict[str, str] = {}
    for strategy, exposed in evaluate(capped_model(model), _draws(model, found)).exposures.items():
        first = np.broadcast_to(exposed.adjustments[PFS_CAPPED].first_day, (2 * len(found),))
        for k in np.flatnonzero(~np.isnan(first)):
            crossing.setdefault(found[int(k) // 2][0].id, crossing_words(strategy, float(first[k])))
    return crossing


CROSSING_IS_ERROR = "error"
"""Setting pfs_above_os under which a point where PFS exceeds OS has no result."""


def capped_model(model: Model) -> Model:
    """Return a model in which a crossing of PFS and OS stops nothing; it is looked for afterwards."""
    settings = model.inputs.settings
    if settings.pfs_above_os != CROSSING_IS_ERROR:
        return model
    lenient = settings.model_copy(update={"pfs_above_os": "cap_pfs"})
    return replace(model, inputs=replace(model.inputs, settings=lenient))


def crossing_words(strategy: str, day: float) -> str:
    """Return from which day on PFS exceeds OS, in words."""
    return f"PFS exceeds OS for {strategy} from month {day / DAYS_PER_MONTH:.1f}"


def _curves(model: Model) -> tuple[list[Ends], list[str]]:
    """Return the bars of curves, and those of which an end gives no curve."""
    found: list[Ends] = []
    left_out: list[str] = []
    for quantity, along in bars_of_curves(model):
        item = curve_item(model, quantity, at_ends(model, quantity, along))
        ends = shifted(model, along, HALF_WIDTH_95 * np.array([-1.0, 1.0]))
        wrong = [why for endpoint, some in ends.items() for why in invalid(model, endpoint, some) if why]
        if wrong or not np.isfinite([item.low, item.high]).all():
            left_out.append(_without(item.id, [*wrong, "it has no value"][0]))
        else:
            found.append((item, {f"curve.{endpoint}": some for endpoint, some in ends.items()}))
    return found, left_out


def curve_item(model: Model, quantity: CurveQuantity, values: tuple[float, float, float]) -> OneWayInput:
    """Return a quantity of curves with its values in the base case and at both ends."""
    name = next(each.name for each in model.inputs.strategies if each.id == quantity.strategy)
    return OneWayInput(quantity.id, named(quantity, name), quantity.unit, *values)


def _refits(model: Model) -> tuple[list[tuple[Statistic, list[FloatArray]]], list[str]]:
    """Return the coefficients at both bounds of each uncertain statistic, and what could not be fitted."""
    done, left_out = [], []
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
                left_out.append(_without(statistic.id, error))
    return done, left_out


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
