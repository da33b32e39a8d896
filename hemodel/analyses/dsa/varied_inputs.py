"""What a deterministic analysis can move: parameters, reported statistics, quantities of curves, the price of a drug.

Anything else that an analysis names is refused with the reason.

Totals with inputs at other values: all points of all analyses evaluated together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.dsa.curve_quantities import LEVEL, all_quantities, at_ends, direction, moves_to
from hemodel.analyses.dsa.one_way import (
    CROSSING_IS_ERROR,
    capped_model,
    crossing_words,
    curve_item,
    parameter_bounds,
    refitted,
)
from hemodel.economics import increments
from hemodel.errors import Problem
from hemodel.inputs.dictionary import match, nearest_few
from hemodel.model.evaluate import base_draws, evaluate
from hemodel.model.occupancy import PFS_CAPPED
from hemodel.model.population import CAPPED, OVER_TIME
from hemodel.parameters import BLOCK
from hemodel.survival.endpoint_fit import REPORTED
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.statistics import bounds, has_error
from hemodel.survival.workbook.curves import statistics
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hemodel.analyses.dsa.curve_quantities import CurveQuantity
    from hemodel.errors import Location
    from hemodel.inputs.structure import Drug
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import FloatArray, Parameter
    from hemodel.survival.reported.statistics import Statistic


PARAMETER, STATISTIC, CURVE, PRICE = "parameter", "statistic", "curve", "price"
_NEAREST = 3


@dataclass(frozen=True)
class VariedInput:
    """One input that can be moved.

    Attributes
    ----------
    kind : str
        parameter; statistic, moved with a refit; curve, a quantity of the curves of an endpoint; price, all vials
        of a drug together, its value the price of the first.
    low, high : float or None
        Bounds of the one-way analysis, None where it has none.
    least, most : float or None
        What the value may be; of a statistic it lies strictly between them.
    endpoint, strategy : str
        Of a statistic and of a curve.
    quantity : CurveQuantity or None
        Of a curve.
    linear : bool
        Whether QALYs and costs are linear in it by the equations of the model.
    """

    id: str
    label: str
    unit: str
    kind: str
    base: float
    low: float | None
    high: float | None
    least: float | None
    most: float | None
    endpoint: str = ""
    strategy: str = ""
    linear: bool = False
    quantity: CurveQuantity | None = None


def find(model: Model, ids: Iterable[str], where: Location) -> tuple[dict[str, VariedInput], list[Problem]]:
    """Return the inputs of these ids that can be moved, and why the others cannot.

    Parameters
    ----------
    where : Location
        Where the ids are from.
    """
    found, problems = {}, []
    for id_ in dict.fromkeys(ids):
        entry = _movable(model, id_)
        if isinstance(entry, VariedInput):
            found[id_] = entry
        else:
            problems.append(Problem(where, *entry))
    return found, problems


def all_ids(model: Model) -> list[str]:
    """Return the ids of everything that can be moved."""
    found = [p.id for p in model.inputs.parameters]
    found += [s.id for endpoint in model.fits for s in _used(model, endpoint)]
    found += [quantity.id for quantity in all_quantities(model)]
    return found + [_price_id(drug.id) for drug in model.inputs.drugs]


def _movable(model: Model, id_: str) -> VariedInput | tuple[str, str, str]:
    parameter = next((p for p in model.inputs.parameters if p.id == id_), None)
    if parameter is not None:
        return _parameter(model, parameter)
    for drug in model.inputs.drugs:
        if id_ == _price_id(drug.id):
            return _price(model, drug)
    for quantity in all_quantities(model):
        if id_ == quantity.id:
            return _curve(model, quantity)
    for endpoint, fit in model.fits.items():
        statistic = next((s for s in statistics(model.inputs.rows, endpoint) if s.id == id_), None)
        if statistic is not None:
            return _statistic(model, statistic)
        for strategy in fit.sources:
            curve = _curve_id(endpoint, strategy)
            own = [name.removeprefix(f"{strategy}: ") for name in fit.curves.names if name.startswith(f"{strategy}: ")]
            plain = {name.removeprefix("log(").removesuffix(")").replace(" ", "_") for name in own}
            if id_.startswith((f"coefficient.{endpoint}.{strategy}.", f"covariance.{endpoint}.{strategy}.")) or (
                id_.removeprefix(f"{curve}.") in plain
            ):
                return _one_coefficient(model, id_, endpoint, strategy)
    return _refusal(model, id_)


def _parameter(model: Model, parameter: Parameter) -> VariedInput:
    found = match(parameter.id)
    kind = None if found is None else found[0]
    low, high = parameter_bounds(model, parameter) or (None, None)
    return VariedInput(
        id=parameter.id,
        label=parameter.label,
        unit=parameter.unit,
        kind=PARAMETER,
        base=parameter.value,
        low=low,
        high=high,
        least=None if kind is None else kind.minimum,
        most=None if kind is None else kind.maximum,
        linear=_enters_linearly(model, parameter.id),
    )


def _price(model: Model, drug: Drug) -> VariedInput:
    first = next(p for p in model.inputs.parameters if p.id == drug.vials[0][1])
    several = ", all sizes in proportion" if len(drug.vials) > 1 else ""
    low, high = parameter_bounds(model, first) or (None, None)
    label = f"Price per {first.unit.partition(' per ')[2] or 'vial'}, {drug.name}{several}"
    return VariedInput(_price_id(drug.id), label, first.unit, PRICE, first.value, low, high, 0.0, None, linear=True)


def _enters_linearly(model: Model, id_: str) -> bool:
    """Whether every equation that a parameter enters is linear in it, all else held.

    Not so: body size and dose (whole vials), effects on curves, the price of one of several vials (the cheapest
    combination is used), and utilities that are capped at a norm.
    """
    group = id_.partition(".")[0]
    if group in {"patients", "effect"} or (group == "regimen" and id_.endswith(".dose")):
        return False
    if group == "drug":
        return all(len(drug.vials) == 1 for drug in model.inputs.drugs if id_ in {price for _, price in drug.vials})
    over_time = model.inputs.rows.get(OVER_TIME)
    return not (group == "utility" and over_time is not None and over_time.text == CAPPED)


def _statistic(model: Model, statistic: Statistic) -> VariedInput | tuple[str, str, str]:
    endpoint, strategy = statistic.endpoint, statistic.strategy
    if model.fits[endpoint].sources[strategy].kind != REPORTED:
        return (
            f"the curve of {strategy} is not fitted to {statistic.id}",
            "It has another source",
            f"Move the curve as a whole: {_curve_id(endpoint, strategy)}.",
        )
    if statistic.bound is not None or not statistic.used:
        why = "It is a bound" if statistic.bound is not None else "Its cell use in fit does not say yes"
        return f"{statistic.id} has no value that the fit meets", why, "Move another statistic of the curve."
    row, rule = model.inputs.rows[statistic.id], model.inputs.rows[statistic.id].kind
    low, high = bounds(statistic) if has_error(statistic) else (None, None)
    least, most = rule.minimum, rule.maximum
    return VariedInput(
        *(statistic.id, row.label, row.unit, STATISTIC, statistic.value, low, high, least, most, endpoint, strategy)
    )


def _curve(model: Model, quantity: CurveQuantity) -> VariedInput | tuple[str, str, str]:
    along = direction(model, quantity)
    if along is None:
        return f"{quantity.id} cannot be moved", "The coefficients have no uncertainty that moves it", ""
    item = curve_item(model, quantity, at_ends(model, quantity, along))
    least, most = quantity.limits
    if quantity.kind == LEVEL:
        most = model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    ends = (item.base, item.low, item.high, least, most, quantity.endpoint, quantity.strategy)
    return VariedInput(item.id, item.label, item.unit, CURVE, *ends, quantity=quantity)


def _one_coefficient(model: Model, id_: str, endpoint: str, strategy: str) -> tuple[str, str, str]:
    own = [s.id for s in _used(model, endpoint) if s.strategy == strategy]
    others = f", or what it is fitted to: {', '.join(own)}" if own else ""
    return (
        f"{id_} is one coefficient of a curve",
        "Coefficients were estimated together, so that one alone at another value fits no evidence; curves vary whole",
        f"Move {_curve_id(endpoint, strategy)}{others}.",
    )


def _refusal(model: Model, id_: str) -> tuple[str, str, str]:
    found = match(id_)
    if found is not None and id_ in model.inputs.rows:
        if found[0].varies == "budget":
            return (
                f"{id_} cannot be moved here",
                "Costs and QALYs of the model do not depend on it",
                ("The budget impact has its own one-way analysis: hemodel budget."),
            )
        if found[0].varies == "yes":
            return f"{id_} has no value", "There is nothing to move it from", "Give it a value in the workbook."
        what = "A setting or a part of the structure, not an uncertain value"
        return f"{id_} cannot be moved over a range", what, "Use a scenario, with a sweep for several values."
    near = nearest_few(id_, all_ids(model), _NEAREST) or "See hemodel inputs WORKBOOK for all ids."
    return f"there is no input {id_}", "", near


def together(varied_inputs: Sequence[VariedInput], model: Model) -> tuple[str, str, str] | None:
    """Return why some inputs cannot be moved at once, None where they can: what, why, and what to do."""
    for curve in (m for m in varied_inputs if m.kind == CURVE):
        strategies = {curve.strategy, curve.quantity.reference if curve.quantity else ""} - {""}
        reported = any(model.fits[curve.endpoint].sources[s].kind == REPORTED for s in strategies)
        for other in varied_inputs:
            if other.kind == STATISTIC and other.endpoint == curve.endpoint and reported:
                why = "The curve is fitted to such statistics, and a refit would undo its move"
                return (
                    f"{curve.id} and {other.id} cannot be moved together",
                    why,
                    "Move statistics only, or curves only.",
                )
    prices = {f"drug.{m.id.split('.')[1]}.price_per_vial": m for m in varied_inputs if m.kind == PRICE}
    for other in varied_inputs:
        for start, price in prices.items():
            if other.kind == PARAMETER and other.id.startswith(start):
                why = "The first moves all vials of the drug, this one among them"
                return f"{price.id} and {other.id} cannot be moved together", why, "Move one of them."
    return None


def _used(model: Model, endpoint: str) -> list[Statistic]:
    sources = model.fits[endpoint].sources
    return [
        s
        for s in statistics(model.inputs.rows, endpoint)
        if s.used and s.bound is None and s.strategy in sources and sources[s.strategy].kind == REPORTED
    ]


def _curve_id(endpoint: str, strategy: str) -> str:
    return f"curve.{endpoint}.{strategy}"


def _price_id(drug: str) -> str:
    return f"drug.{drug}.price"


def limit_problem(varied_input: VariedInput, value: float) -> tuple[str, str] | None:
    """Return why a value of an input cannot be (what, why), None where it can."""
    strictly = varied_input.kind in {STATISTIC, CURVE}
    least, most = varied_input.least, varied_input.most
    below = least is not None and (value <= least if strictly else value < least)
    above = most is not None and (value >= most if strictly else value > most)
    if not below and not above:
        return None
    unit = f" ({varied_input.unit})" if varied_input.unit else ""
    if least is not None and most is not None:
        allowed = f"It must lie between {least:g} and {most:g}{unit}"
    elif least is not None:
        allowed = f"It must be {'above' if strictly else 'at least'} {least:g}{unit}"
    else:
        allowed = f"It must be {'below' if strictly else 'at most'} {most:g}{unit}"
    return f"{varied_input.id} is {value:g}", allowed


SHARES = 1e-9
"""Shares may differ from 1 by this much."""


@dataclass(frozen=True)
class InputPoints:
    """Combinations of values: a row of `values` (points, inputs) for each, in the order of the inputs."""

    inputs: tuple[VariedInput, ...]
    values: FloatArray


@dataclass(frozen=True)
class Totals:
    """Discounted totals (points, strategies), NaN where a point has none; `failed` says why, by point."""

    qalys: FloatArray
    costs: FloatArray
    failed: Mapping[int, str]

    @property
    def increments(self) -> tuple[FloatArray, FloatArray]:
        """Incremental QALYs and costs over the comparator, (points, interventions) each."""
        return increments(self.qalys), increments(self.costs)


Draws = dict[str, "FloatArray"]


def totals(model: Model, requests: Sequence[InputPoints]) -> list[Totals]:
    """Return the totals at every point of every request.

    Points that move curves are evaluated together, and so are those that move none, which are quicker; each in
    blocks of at most `BLOCK` draws.
    """
    drawn = [_draws(model, points) for points in requests]
    found: dict[int, Totals] = {}
    for with_curves in (False, True):
        chosen = [i for i, (draws, _) in enumerate(drawn) if _has_curves(draws) == with_curves]
        counts = [requests[i].values.shape[0] for i in chosen]
        qalys, costs, crossing = _evaluated(model, [drawn[i][0] for i in chosen], counts)
        edges = np.cumsum([0, *counts])
        for i, start, end in zip(chosen, edges[:-1], edges[1:], strict=True):
            own = (qalys[start:end].copy(), costs[start:end].copy())
            failed = {k - start: why for k, why in crossing.items() if start <= k < end} | drawn[i][1]
            for values in own:
                values[list(failed)] = np.nan
            found[i] = Totals(*own, failed)
    return [found[i] for i in range(len(requests))]


def _has_curves(draws: Mapping[str, FloatArray]) -> bool:
    return any(id_.startswith("curve.") for id_ in draws)


def _evaluated(
    model: Model, parts: Sequence[Draws], counts: Sequence[int]
) -> tuple[FloatArray, FloatArray, dict[int, str]]:
    """Evaluate the draws of several requests after one another.

    Returns QALYs and costs (points, strategies), and the points at which PFS exceeds OS where that is an error.
    """
    lenient = capped_model(model)
    crossing: dict[int, str] = {}
    base, count = base_draws(model), sum(counts)
    shape = (0, len(model.strategies))
    qalys, costs = [np.empty(shape)], [np.empty(shape)]
    moved = {
        id_: np.concatenate(
            [
                part[id_] if id_ in part else np.repeat(base[id_], n, axis=0)
                for part, n in zip(parts, counts, strict=True)
            ]
        )
        for id_ in dict.fromkeys(id_ for part in parts for id_ in part)
    }
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        outcomes = evaluate(lenient, base | {id_: array[start : start + size] for id_, array in moved.items()})
        qalys.append(np.broadcast_to(outcomes.qalys.total, (size, shape[1])))
        costs.append(np.broadcast_to(outcomes.costs.total, (size, shape[1])))
        if model.inputs.settings.pfs_above_os == CROSSING_IS_ERROR:
            crossing |= {start + k: why for k, why in _crossings(outcomes, size)}
    return np.concatenate(qalys), np.concatenate(costs), crossing


def _crossings(outcomes: Outcomes, size: int) -> Iterator[tuple[int, str]]:
    """Yield the points at which PFS exceeds OS."""
    for strategy, exposed in outcomes.exposures.items():
        first = np.broadcast_to(exposed.adjustments[PFS_CAPPED].first_day, (size,))
        for k in np.flatnonzero(~np.isnan(first)):
            yield int(k), crossing_words(strategy, float(first[k]))


def _draws(model: Model, points: InputPoints) -> tuple[Draws, dict[int, str]]:
    """Return the draws (points,) of what is moved, and why a point has none."""
    columns = dict(zip(points.inputs, points.values.T, strict=True))
    draws: Draws = {}
    failed: dict[int, str] = {}
    groups: dict[str, dict[str, FloatArray]] = {}
    members = {p.id: p.group for p in model.inputs.parameters}
    for varied_input, values in columns.items():
        if varied_input.kind == PRICE:
            draws |= _prices(model, varied_input, values)
        elif varied_input.kind == PARAMETER and members[varied_input.id]:
            groups.setdefault(members[varied_input.id], {})[varied_input.id] = values
        elif varied_input.kind == PARAMETER:
            draws[varied_input.id] = values
    for group, moved in groups.items():
        draws |= _shares(model, group, moved, failed)
    for endpoint in model.fits:
        reported = {m: v for m, v in columns.items() if m.endpoint == endpoint and m.kind == STATISTIC}
        if reported:
            draws[f"curve.{endpoint}"] = _refits(model, endpoint, reported, failed)
    return draws | _curve_moves(model, columns, draws, failed), failed


def _prices(model: Model, varied_input: VariedInput, values: FloatArray) -> Draws:
    """Scale all vials of a drug together; where the workbook has no price every mg costs the same."""
    drug = next(drug for drug in model.inputs.drugs if varied_input.id == f"drug.{drug.id}.price")
    prices = [model.inputs.rows[id_].number for _, id_ in drug.vials]
    parts = prices if prices[0] else [size for size, _ in drug.vials]
    return {id_: values * part / parts[0] for (_, id_), part in zip(drug.vials, parts, strict=True)}


def _shares(model: Model, group: str, moved: Mapping[str, FloatArray], failed: dict[int, str]) -> Draws:
    """Give the shares of a group that are not moved what is left, in their proportions."""
    others = {p.id: p.value for p in model.inputs.parameters if p.group == group and p.id not in moved}
    left = 1.0 - np.sum(list(moved.values()), axis=0)
    rest = sum(others.values())
    for i in np.flatnonzero((left < -SHARES) | ((rest == 0) & (np.abs(left) > SHARES))):
        failed.setdefault(int(i), f"the shares of {group} would not add up to 1")
    factor = np.clip(left, 0.0, None) / rest if rest > 0 else np.zeros_like(left)
    return {**moved, **{id_: share * factor for id_, share in others.items()}}


def _refits(
    model: Model, endpoint: str, reported: Mapping[VariedInput, FloatArray], failed: dict[int, str]
) -> FloatArray:
    """Return the coefficients (points, p) of an endpoint, refitted with statistics at other values."""
    rows = np.column_stack(list(reported.values()))
    found = np.tile(model.fits[endpoint].coefficients, (rows.shape[0], 1))
    refits: dict[tuple[float, ...], FloatArray | str] = {}
    for i, row in enumerate(map(tuple, rows.tolist())):
        if row not in refits:
            refits[row] = _refit(model, endpoint, dict(zip(reported, row, strict=True)))
        fitted = refits[row]
        if isinstance(fitted, str):
            failed.setdefault(i, fitted)
        else:
            found[i] = fitted
    return found


def _refit(model: Model, endpoint: str, values: Mapping[VariedInput, float]) -> FloatArray | str:
    """Refit an endpoint with statistics at other values; those at their base value stay; or say why it fails."""
    moved = {m.id: value for m, value in values.items() if value != m.base}
    if not moved:
        return model.fits[endpoint].coefficients
    try:
        with np.errstate(all="ignore"):
            return refitted(model, endpoint, moved)
    except SurvivalError as error:
        return str(error)
    except (ValueError, np.linalg.LinAlgError):
        return f"{endpoint}: no curve can be fitted"


def _curve_moves(
    model: Model, columns: Mapping[VariedInput, FloatArray], draws: Draws, failed: dict[int, str]
) -> Draws:
    """Return coefficients (points, p) at which all quantities of curves that move have their values."""
    moved = {m.quantity: values for m, values in columns.items() if m.quantity is not None}
    if not moved:
        return {}
    found, lost = moves_to(model, list(moved), np.column_stack(list(moved.values())))
    for point, why in lost.items():
        failed.setdefault(point, why)
    return {
        f"curve.{endpoint}": draws.get(f"curve.{endpoint}", model.fits[endpoint].coefficients) + move
        for endpoint, move in found.items()
    }
