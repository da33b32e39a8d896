"""What is wrong with draws that were made elsewhere: names, numbers, ranges, shares, orders, coefficients of curves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.analyses.psa.given import CURVE, coefficient_columns, shares_of
from hemodel.errors import Location, Problem
from hemodel.inputs.dictionary import match, nearest
from hemodel.inputs.rows import bounds, hint
from hemodel.survival.curve_spec import INDEPENDENT
from hemodel.survival.tables import RowProblems, is_header, shown
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray
    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.tables import Locate

SHARE_TOLERANCE = 1e-6
"""How far shares may be from 1 together: numbers that were written with seven digits."""
CROSSING = 1e-12
"""How far one input may be above another that it is never above: the error of rounding."""
POINTS = 121
"""Times over the horizon at which survival is looked at."""
DRAWS_AT_ONCE = 1024


@dataclass(frozen=True)
class DrawnColumns:
    """Draws as columns with names, from a file or of arrays.

    Attributes
    ----------
    raw : mapping from name to sequence
        What the cells hold, for messages.
    values : mapping from name to array (draws,) or (1,)
        NaN where a cell holds no number.
    where : callable (index of the row from 0, column) -> Location
    """

    raw: Mapping[str, Any]
    values: Mapping[str, FloatArray]
    where: Locate
    whole: Location
    header: Location


def curve_columns(model: Model) -> dict[str, list[str]]:
    """Return the columns of the coefficients of each endpoint, by ``curve.<endpoint>``."""
    return {f"{CURVE}.{endpoint}": coefficient_columns(model, f"{CURVE}.{endpoint}") for endpoint in model.fits}


def problems_of(model: Model, columns: DrawnColumns) -> list[Problem]:
    """Return everything that is wrong with the draws of some inputs of a model."""
    found = RowProblems(columns.raw, columns.where, columns.whole)
    found.problems += _names(model, columns)
    ids = {parameter.id for parameter in model.inputs.parameters}
    known = [name for name in columns.values if name in ids or _is_coefficient(model, name)]
    values = {name: _numbers(found, name, columns.values[name]) for name in known}
    for name in known:
        if name in ids:
            _within(found, name, values[name])
    _shares(model, found, values)
    _orders(model, found, values)
    for id_, names in curve_columns(model).items():
        if all(name in values for name in names):
            _coefficients(model, found, id_, np.column_stack([values[name] for name in names]))
    return found.problems


def _is_coefficient(model: Model, name: str) -> bool:
    return any(name in names for names in curve_columns(model).values())


def _names(model: Model, columns: DrawnColumns) -> list[Problem]:
    """Refuse names that are no input of the model, and curves of which a coefficient is missing."""
    curves = curve_columns(model)
    known = [p.id for p in model.inputs.parameters] + [name for names in curves.values() for name in names]
    problems = [Problem(columns.header, *_unknown(model, name, known)) for name in columns.values if name not in known]
    for id_, names in curves.items():
        absent = [name for name in names if name not in columns.values]
        if absent and len(absent) < len(names):
            what = f"there is no column {', '.join(map(repr, absent))}"
            why = f"The coefficients of {id_} are drawn together"
            problems.append(Problem(columns.header, what, why, "Give all of them, or none."))
    return problems


def _unknown(model: Model, name: str, known: list[str]) -> tuple[str, str, str]:
    row = model.inputs.rows.get(name)
    if row is None:
        near = nearest(name, known) or "hemodel inputs lists the ids; see the columns of psa/params.csv of a run too."
        which = repr(name) if is_header(name) else "of the name of a column, which is none of an input,"
        return f"there is no input {which} in {model.inputs.path.name}", "", near
    if row.kind.varies == "fit":
        why = "It goes into the fit of curves, which are drawn by their coefficients"
        return f"{name!r} cannot be drawn by itself", why, "Give columns curve.<endpoint>.<coefficient>."
    return f"{name!r} is no uncertain number", "It is the same in every draw", "Change it with --set."


def _numbers(found: RowProblems, name: str, values: FloatArray) -> FloatArray:
    """Add the cells that hold no finite number, and return the column with NaN there, which no other check refuses."""
    raw, missing = found.columns[name], np.isnan(values)
    if missing.all() and any(isinstance(cell, str) and cell.strip() for cell in raw):
        where = found.where(0, name)
        text = f"column {name} holds text, such as {shown(raw[0])}"
        found.problems.append(Problem(where, text, todo="Give a number in every row."))
        return values
    found.add(name, missing, lambda i: f"{shown(raw[i])} is not a number", "Give a number in every row.")
    found.add(name, np.isinf(values), lambda _: "the number is infinite", "Give a number in every row.")
    return np.where(np.isfinite(values), values, np.nan)


def _within(found: RowProblems, name: str, values: FloatArray) -> None:
    """Refuse values beyond the range that the dictionary gives an input."""
    matched = match(name)
    if matched is None:
        return
    kind = matched[0]
    low = -np.inf if kind.minimum is None else kind.minimum
    high = np.inf if kind.maximum is None else kind.maximum
    outside = (values < low) | (values > high)
    worst = float(values[outside][0]) if outside.any() else low
    found.add(name, outside, lambda i: f"{name} is {values[i]:g}", hint(kind, worst), bounds(kind))


def _shares(model: Model, found: RowProblems, values: Mapping[str, FloatArray]) -> None:
    """Refuse shares of one whole that do not add up to 1, or are more than the whole where some are not given."""
    base = {parameter.id: parameter.value for parameter in model.inputs.parameters}
    for members in shares_of(model).values():
        given = [id_ for id_ in members if id_ in values]
        if not given:
            continue
        open_ = [id_ for id_, varies in members.items() if varies and id_ not in values]
        held = [id_ for id_ in members if id_ not in open_]
        total = np.asarray(sum(values[id_] if id_ in given else base[id_] for id_ in held))
        wrong = total > 1.0 + SHARE_TOLERANCE if open_ else np.abs(total - 1.0) > SHARE_TOLERANCE
        why = "They are shares of one whole" + (f", with {', '.join(open_)}" if open_ else "")
        found.add(given[0], wrong, partial(_sum, " + ".join(held), total), "Correct the shares.", why)


def _sum(said: str, total: FloatArray, i: int) -> str:
    return f"{said} is {total[i]:g}"


def _orders(model: Model, found: RowProblems, values: Mapping[str, FloatArray]) -> None:
    """Refuse draws that break an order of two inputs which the workbook asks for."""
    for higher, lower in model.inputs.dependence.orders:
        if higher in values and lower in values:
            why = f"The workbook says that {higher} is never below {lower} (sheet Correlations)"
            below, above = np.broadcast_arrays(values[lower], values[higher])
            said = partial(_crossing, (lower, below), (higher, above))
            found.add(lower, below > above + CROSSING, said, "Correct the draws, or that row.", why)


def _crossing(lower: tuple[str, FloatArray], higher: tuple[str, FloatArray], i: int) -> str:
    return f"{lower[0]} is {lower[1][i]:g}, above {higher[0]}, {higher[1][i]:g}"


def _coefficients(model: Model, found: RowProblems, id_: str, values: FloatArray) -> None:
    """Refuse coefficients that make no survival curve of some strategy."""
    curves = model.fits[id_.removeprefix(f"{CURVE}.")].curves
    why = "Survival is 1 at the start and never rises, and every parameter is a finite number"
    todo = "Give coefficients on the scale that their names say, such as log(scale)."
    for strategy, place in curves.columns.items():
        names = coefficient_columns(model, id_)[place]
        parts = [values[i : i + DRAWS_AT_ONCE] for i in range(0, len(values), DRAWS_AT_ONCE)]
        bad = np.concatenate([_no_curve(model, curves, strategy, part) for part in parts])
        if names:
            said = partial(_not_a_curve, curves.family(strategy).name, names, values[:, place])
            found.add(names[0], bad, said, todo, why)


def _not_a_curve(family: str, names: list[str], values: FloatArray, i: int) -> str:
    each = ", ".join(f"{name} is {value:g}" for name, value in zip(names, values[i], strict=True))
    return f"this is no survival curve of the family {family}: {each}"


def _no_curve(model: Model, curves: EndpointCurves, strategy: str, values: FloatArray) -> NDArray[np.bool_]:
    """Return in which draws coefficients (draws, p) make no survival curve."""
    months = np.linspace(0.0, model.inputs.settings.time_horizon * MONTHS_PER_YEAR, POINTS)
    own = values[:, curves.columns[strategy]]
    with np.errstate(all="ignore"):
        whole = np.isfinite(values).all(axis=1)
        survival, natural = curves.survival(strategy, months, values), np.exp(own)
        good = np.isfinite(survival).all(axis=1) & (np.diff(survival, axis=1) <= CROSSING).all(axis=1)
        good &= (np.isfinite(natural) & (natural > 0.0)).all(axis=1) & (np.abs(survival[:, 0] - 1.0) <= CROSSING)
        if curves.spec(strategy).relation == INDEPENDENT:
            good &= curves.family(strategy).is_falling(own)
    return whole & ~good
