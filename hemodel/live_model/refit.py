"""Curves that reported statistics determine exactly: their coefficients by formula, and the cells that fits depend on.

Where curves have as many coefficients as statistics are used, the fit meets every one of
these, and for families that are a straight line in log time the coefficients follow by
algebra: the shape of two Weibull curves with proportional hazards, for example, is
-ln HR / ln(median / median of the reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.inputs.dictionary import sheets
from hemodel.live_model.exact_curves import POINTS, Point, coefficients, line_through, log_effect, on_reference
from hemodel.live_model.formula import Formula, as_formula, ln
from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    INDEPENDENT,
    PROPORTIONAL_HAZARDS,
    PROPORTIONAL_ODDS,
)
from hemodel.survival.endpoint_fit import REPORTED
from hemodel.survival.reported.statistics import ACCELERATION_FACTOR, HAZARD_RATIO, MEDIAN, ODDS_RATIO, SURVIVAL
from hemodel.survival.workbook.background import EXCESS, OVERALL_SURVIVAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from hemodel.inputs.rows import Row
    from hemodel.live_model.parameters import Parameters
    from hemodel.model import Model
    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.reported.statistics import Statistic

    Number = Callable[[str], Formula]
    Solution = tuple[list[Formula], frozenset[str]]

SAME = 1e-7
"""Largest difference of a coefficient from the engine's."""
_RATIO_OF = {
    PROPORTIONAL_HAZARDS: HAZARD_RATIO,
    ACCELERATED_FAILURE_TIME: ACCELERATION_FACTOR,
    PROPORTIONAL_ODDS: ODDS_RATIO,
}
_CELLS_OF_STATISTICS = (
    *("value", "low", "high", "distribution", "n", "time", "time_origin", "versus", "p_value", "events", "bound"),
    *("weight", "use_in_fit"),
)
_CELLS_OF_COEFFICIENTS = ("value", "se", "distribution")


def exact_refit(model: Model, endpoint: str, parameters: Parameters) -> dict[int, Formula] | None:
    """Return the coefficients that reported statistics determine, by column among those of the endpoint.

    Parameters
    ----------
    model : Model
    endpoint : str
    parameters : Parameters
        Whose inputs the formulas refer to.

    Returns
    -------
    dict or None
        Coefficients on the estimation scale, where they are those of the engine; None
        where no curve of the endpoint is determined in this way.
    """
    solutions = _solutions(model, endpoint, lambda id_: _constant(model, id_))
    wanted = {column for columns, _ in solutions for column in columns}
    if not wanted:
        return None
    live = _solutions(model, endpoint, parameters.number)
    return {column: formula for columns, _ in live for column, formula in columns.items()}


def followed(model: Model, endpoint: str) -> frozenset[str]:
    """Return the inputs whose values the formulas of `exact_refit` follow."""
    solutions = _solutions(model, endpoint, lambda id_: _constant(model, id_))
    return frozenset(id_ for _, ids in solutions for id_ in ids)


def _constant(model: Model, id_: str) -> Formula:
    return as_formula(model.inputs.rows[id_].number)


def _solutions(model: Model, endpoint: str, number: Number) -> list[tuple[dict[int, Formula], frozenset[str]]]:
    """Return the coefficients of every group of curves that is determined, with the ids that they follow."""
    fit, found = model.fits[endpoint], []
    if fit.curves.background is not None or len(fit.reported) != 1:
        return []
    for specs in _groups(fit.curves.specs):
        used = _used(model, endpoint, {spec.strategy for spec in specs})
        if used is None or any(fit.sources[spec.strategy].kind != REPORTED for spec in specs):
            continue
        solved = _solved(fit.curves.family(specs[0].strategy).name, specs, used, number)
        columns = [j for spec in specs for j in range(fit.coefficients.size)[fit.curves.columns[spec.strategy]]]
        values = [float(formula.value) for formula in solved]
        if len(solved) == len(columns) and np.all(np.abs(values - fit.coefficients[columns]) <= SAME):
            found.append((dict(zip(columns, solved, strict=True)), frozenset(each.id for each in used)))
    return found


def _groups(specs: Sequence[CurveSpec]) -> Iterator[list[CurveSpec]]:
    """Give each independent curve with those that refer to it."""
    for base in specs:
        if base.relation == INDEPENDENT:
            yield [base, *(spec for spec in specs if spec.relation != INDEPENDENT and spec.reference == base.strategy)]


def _used(model: Model, endpoint: str, strategies: set[str]) -> list[Statistic] | None:
    """Return the statistics that curves were fitted to; None where one is a bound, or concerns another curve too."""
    statistics = [target.statistic for target in model.fits[endpoint].targets if target.statistic.used]
    mine = [each for each in statistics if strategies & {each.strategy, each.versus}]
    alone = all({each.strategy, each.versus} <= {*strategies, None} for each in mine)
    return mine if alone and all(each.bound is None for each in mine) else None


def _solved(family: str, specs: list[CurveSpec], used: list[Statistic], number: Number) -> list[Formula]:
    """Return the coefficients of a curve and of those that refer to it, or nothing."""
    base, relatives = specs[0], specs[1:]
    points = {spec.strategy: [_point(s, number) for s in used if _is_point(s, spec)] for spec in specs}
    ratios = {spec.strategy: [number(s.id) for s in used if _is_ratio(s, spec)] for spec in relatives}
    counted = sum(map(len, points.values())) + sum(map(len, ratios.values()))
    if family not in POINTS or counted != len(used) or len(used) != POINTS[family] + len(relatives):
        return []
    through = list(points[base.strategy])
    for spec in relatives:
        if ratios[spec.strategy]:
            ratio = ratios[spec.strategy][0]
            through += [on_reference(spec.relation, point, ratio) for point in points[spec.strategy]]
    if len(through) != POINTS[family] or any(len(points[s.strategy]) != 1 for s in relatives if not ratios[s.strategy]):
        return []
    line = line_through(family, through)
    solved = coefficients(line)
    for spec in relatives:
        known = ratios[spec.strategy]
        solved.append(ln(known[0]) if known else log_effect(spec.relation, line, points[spec.strategy][0]))
    return solved


def _is_point(statistic: Statistic, spec: CurveSpec) -> bool:
    return statistic.strategy == spec.strategy and statistic.kind in {MEDIAN, SURVIVAL}


def _is_ratio(statistic: Statistic, spec: CurveSpec) -> bool:
    whole = statistic.strategy == spec.strategy and statistic.versus == spec.reference and statistic.time is None
    return whole and statistic.kind == _RATIO_OF.get(spec.relation)


def _point(statistic: Statistic, number: Number) -> Point:
    """Return what a median or a survival says: a time and the cumulative hazard there."""
    value = number(statistic.id)
    if statistic.kind == MEDIAN:
        return Point(value, as_formula(float(np.log(2.0))))
    return Point(as_formula(statistic.time or np.nan), -ln(value))


def fit_inputs(model: Model, endpoint: str) -> list[tuple[str, str]]:
    """Return the cells that the curves of an endpoint were fitted to, as (id, column).

    Of a statistic that is not used only whether it is. Tables of patients and of digitised
    curves have no such cells; which table is used is one.
    """
    return [(row.id, column) for row in model.inputs.rows.values() for column in _columns_read(model, row, endpoint)]


def _columns_read(model: Model, row: Row, endpoint: str) -> tuple[str, ...]:
    group = row.kind.group
    excess = model.inputs.rows["background.method"].text == EXCESS and endpoint == OVERALL_SURVIVAL
    if row.id.startswith(("trial.median_follow_up", "trial.patients.")) or (group == "background" and excess):
        return ("value",)
    if row.names.get("endpoint") != endpoint:
        return ()
    if group in {"survival", "external"}:
        listed = sheets()[row.sheet].columns
        return tuple(c for c in _CELLS_OF_STATISTICS if c in listed) if row.use_in_fit else ("use_in_fit",)
    if group in {"coefficient", "covariance"}:
        return _CELLS_OF_COEFFICIENTS
    return ("value",) if group == "curve" else ()
