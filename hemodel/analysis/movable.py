"""What a deterministic analysis can move: parameters, reported statistics, whole curves, the price of a drug.

Anything else that an analysis names is refused with the reason.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.analysis.curve_draws import steepest
from hemodel.analysis.sensitivity import parameter_bounds, whole_curve
from hemodel.errors import Problem
from hemodel.inputs.dictionary import match
from hemodel.population import CAPPED, OVER_TIME
from hemodel.survival.endpoint_fit import REPORTED
from hemodel.survival.reported.statistics import bounds, has_error
from hemodel.survival.workbook.statistics import statistics
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hemodel.errors import Location
    from hemodel.inputs.structure import Drug
    from hemodel.model import Model
    from hemodel.parameters import Parameter
    from hemodel.survival.reported.statistics import Statistic

PARAMETER, STATISTIC, CURVE, PRICE = "parameter", "statistic", "curve", "price"
_NEAREST = 3


@dataclass(frozen=True)
class Movable:
    """One input that can be moved.

    Attributes
    ----------
    id, label, unit : str
    kind : str
        parameter; statistic, moved with a refit; curve, moved as a whole, its value the restricted mean up to
        the time horizon; price, all vials of a drug together, its value the price of the first.
    base : float
    low, high : float or None
        Bounds of the one-way analysis, None where it has none.
    least, most : float or None
        What the value may be; of a statistic it lies strictly between them.
    endpoint, strategy : str
        Of a statistic and of a curve.
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


def find(model: Model, ids: Iterable[str], where: Location) -> tuple[dict[str, Movable], list[Problem]]:
    """Return the inputs of these ids that can be moved, and why the others cannot.

    Parameters
    ----------
    model : Model
    ids : iterable of str
    where : Location
        Where the ids are from.
    """
    found, problems = {}, []
    for id_ in dict.fromkeys(ids):
        entry = _movable(model, id_)
        if isinstance(entry, Movable):
            found[id_] = entry
        else:
            problems.append(Problem(where, *entry))
    return found, problems


def all_ids(model: Model) -> list[str]:
    """Return the ids of everything that can be moved."""
    found = [p.id for p in model.inputs.parameters]
    found += [s.id for endpoint in model.fits for s in _used(model, endpoint)]
    found += [_curve_id(e, s) for e, fit in model.fits.items() for s in fit.sources]
    return found + [_price_id(drug.id) for drug in model.inputs.drugs]


def _movable(model: Model, id_: str) -> Movable | tuple[str, str, str]:
    parameter = next((p for p in model.inputs.parameters if p.id == id_), None)
    if parameter is not None:
        return _parameter(model, parameter)
    for drug in model.inputs.drugs:
        if id_ == _price_id(drug.id):
            return _price(model, drug)
    for endpoint, fit in model.fits.items():
        statistic = next((s for s in statistics(model.inputs.rows, endpoint) if s.id == id_), None)
        if statistic is not None:
            return _statistic(model, statistic)
        for strategy in fit.sources:
            curve = _curve_id(endpoint, strategy)
            if id_ == curve:
                return _curve(model, endpoint, strategy)
            own = [name.removeprefix(f"{strategy}: ") for name in fit.curves.names if name.startswith(f"{strategy}: ")]
            plain = {name.removeprefix("log(").removesuffix(")").replace(" ", "_") for name in own}
            if id_.startswith((f"coefficient.{endpoint}.{strategy}.", f"covariance.{endpoint}.{strategy}.")) or (
                id_.removeprefix(f"{curve}.") in plain
            ):
                return _one_coefficient(model, id_, endpoint, strategy)
    return _refusal(model, id_)


def _parameter(model: Model, parameter: Parameter) -> Movable:
    found = match(parameter.id)
    kind = None if found is None else found[0]
    low, high = parameter_bounds(model, parameter) or (None, None)
    return Movable(
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


def _price(model: Model, drug: Drug) -> Movable:
    first = next(p for p in model.inputs.parameters if p.id == drug.vials[0][1])
    several = ", all vials in proportion" if len(drug.vials) > 1 else ""
    low, high = parameter_bounds(model, first) or (None, None)
    label = f"Price per vial, {drug.name}{several}"
    return Movable(_price_id(drug.id), label, first.unit, PRICE, first.value, low, high, 0.0, None, linear=True)


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


def _statistic(model: Model, statistic: Statistic) -> Movable | tuple[str, str, str]:
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
    return Movable(
        *(statistic.id, row.label, row.unit, STATISTIC, statistic.value, low, high, least, most, endpoint, strategy)
    )


def _curve(model: Model, endpoint: str, strategy: str) -> Movable | tuple[str, str, str]:
    direction = steepest(model.fits[endpoint], strategy, model.inputs.settings.time_horizon * MONTHS_PER_YEAR)
    if direction is None:
        why = "Its coefficients have no uncertainty that moves its restricted mean"
        return f"the curve {_curve_id(endpoint, strategy)} cannot be moved", why, ""
    item = whole_curve(model, endpoint, strategy, direction).item
    ends = (item.base, item.low, item.high, 0.0, model.inputs.settings.time_horizon * MONTHS_PER_YEAR)
    return Movable(item.id, item.label, item.unit, CURVE, *ends, endpoint, strategy)


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
    close = difflib.get_close_matches(id_, all_ids(model), n=_NEAREST, cutoff=0.5)
    near = f"Did you mean {' or '.join(close)}?" if close else "See hemodel inputs WORKBOOK for all ids."
    return f"there is no input {id_}", "", near


def together(movables: Sequence[Movable], model: Model) -> tuple[str, str, str] | None:
    """Return why some inputs cannot be moved at once, None where they can: what, why, and what to do."""
    curves = [m for m in movables if m.kind == CURVE]
    for curve in curves:
        reported = model.fits[curve.endpoint].sources[curve.strategy].kind == REPORTED
        for other in movables:
            if other.kind == STATISTIC and other.endpoint == curve.endpoint and reported:
                why = "The curve is fitted to such statistics, and a refit would undo its move"
                return (
                    f"{curve.id} and {other.id} cannot be moved together",
                    why,
                    "Move statistics only, or curves only.",
                )
    prices = {f"drug.{m.id.split('.')[1]}.price_per_vial": m for m in movables if m.kind == PRICE}
    for other in movables:
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


def limit_problem(movable: Movable, value: float) -> tuple[str, str] | None:
    """Return why a value of an input cannot be (what, why), None where it can."""
    strictly = movable.kind in {STATISTIC, CURVE}
    least, most = movable.least, movable.most
    below = least is not None and (value <= least if strictly else value < least)
    above = most is not None and (value >= most if strictly else value > most)
    if not below and not above:
        return None
    unit = f" ({movable.unit})" if movable.unit else ""
    if least is not None and most is not None:
        allowed = f"It must lie between {least:g} and {most:g}{unit}"
    elif least is not None:
        allowed = f"It must be {'above' if strictly else 'at least'} {least:g}{unit}"
    else:
        allowed = f"It must be {'below' if strictly else 'at most'} {most:g}{unit}"
    return f"{movable.id} is {value:g}", allowed
