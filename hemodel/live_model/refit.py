"""Curves that reported statistics determine exactly: their coefficients by formula, and the cells that fits depend on.

Where curves have as many coefficients as statistics are used, the fit meets every one of
these, and for families that are a straight line in log time the coefficients follow by
algebra: the shape of two Weibull curves with proportional hazards, for example, is
-ln HR / ln(median / median of the reference).

Curves through given points by formula, for families that are a straight line in log time on some scale.

With s a function of survival, s = slope x ln t + intercept: s = ln H for the exponential
(slope 1) and Weibull, the log odds of the event for the log-logistic, and the normal
deviate for the log-normal.

Which cells the curves were fitted to, and whether one of them has changed since.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.inputs.dictionary import columns, sheets
from hemodel.live_model.formula import Formula, as_formula, exp, ln, normal_cdf, normal_quantile, sum_of_products
from hemodel.live_model.parameters import LAST_INPUT_ROW
from hemodel.live_model.sheet import Sheet, SheetColumn, SheetTable, letter
from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, INDEPENDENT, PROPORTIONAL_HAZARDS, PROPORTIONAL_ODDS
from hemodel.survival.endpoint_fit import REPORTED
from hemodel.survival.reported.statistics import ACCELERATION_FACTOR, HAZARD_RATIO, MEDIAN, ODDS_RATIO, SURVIVAL
from hemodel.survival.workbook.background import EXCESS, OVERALL_SURVIVAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row
    from hemodel.live_model.parameters import Parameters
    from hemodel.model.evaluate import Model
    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.reported.statistics import Statistic

    Number = Callable[[str], Formula]
    Solution = tuple[list[Formula], frozenset[str]]

POINTS = {"exp": 1, "weibull": 2, "weibullPH": 2, "llogis": 2, "lnorm": 2}
"""How many points determine a curve of each family."""


@dataclass(frozen=True)
class Point:
    """A time [months] and the cumulative hazard there."""

    time: Formula
    hazard: Formula


@dataclass(frozen=True)
class StraightLine:
    """A curve of a family as its straight line."""

    family: str
    slope: Formula
    intercept: Formula


def line_through(family: str, points: Sequence[Point]) -> StraightLine:
    """Return the curve of a family through as many points as it needs (`POINTS`)."""
    first = _on_scale(family, points[0].hazard)
    slope = as_formula(1.0)
    if len(points) > 1:
        slope = (_on_scale(family, points[1].hazard) - first) / ln(points[1].time / points[0].time)
    return StraightLine(family, slope, first - slope * ln(points[0].time))


def coefficients(line: StraightLine) -> list[Formula]:
    """Return the coefficients of a curve on the estimation scale."""
    log_scale = -(line.intercept / line.slope)
    return {
        "exp": lambda: [line.intercept],
        "weibull": lambda: [ln(line.slope), log_scale],
        "weibullPH": lambda: [ln(line.slope), line.intercept],
        "llogis": lambda: [ln(line.slope), log_scale],
        "lnorm": lambda: [log_scale, -ln(line.slope)],
    }[line.family]()


def on_reference(relation: str, point: Point, ratio: Formula) -> Point:
    """Return the point of the reference's curve that an effect moves to this one."""
    if relation == PROPORTIONAL_HAZARDS:
        return Point(point.time, point.hazard / ratio)
    if relation == ACCELERATED_FAILURE_TIME:
        return Point(point.time / ratio, point.hazard)
    return Point(point.time, ln(1.0 + (exp(point.hazard) - 1.0) / ratio))


def log_effect(relation: str, reference: StraightLine, point: Point) -> Formula:
    """Return the logarithm of the effect that moves the reference's curve through a point."""
    if relation == ACCELERATED_FAILURE_TIME:
        own = _on_scale(reference.family, point.hazard)
        return ln(point.time) - (own - reference.intercept) / reference.slope
    there = _hazard(reference, point.time)
    if relation == PROPORTIONAL_HAZARDS:
        return ln(point.hazard / there)
    return ln((exp(point.hazard) - 1.0) / (exp(there) - 1.0))


def _on_scale(family: str, hazard: Formula) -> Formula:
    if family == "llogis":
        return ln(exp(hazard) - 1.0)
    return normal_quantile(1.0 - exp(-hazard)) if family == "lnorm" else ln(hazard)


def _hazard(line: StraightLine, time: Formula) -> Formula:
    s = line.slope * ln(time) + line.intercept
    if line.family == "llogis":
        return ln(1.0 + exp(s))
    return -ln(normal_cdf(-s)) if line.family == "lnorm" else exp(s)


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
    live = _solutions(model, endpoint, parameters.__getitem__)
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


SHEET = "Model fit"
FIRST_ROW = 6


@dataclass(frozen=True)
class FitCells:
    """The cells that fits depend on.

    Attributes
    ----------
    refit : mapping from endpoint to Formula
        How many cells of the fit of an endpoint have changed and are not followed by a
        formula.
    """

    sheet: Sheet
    refit: Mapping[str, Formula]


def add_fit_cells(
    inputs: ModelInputs,
    parameters: Parameters,
    cells: Mapping[str, Sequence[tuple[str, str]]],
    followed: Mapping[str, frozenset[str]],
) -> FitCells:
    """Return the sheet that compares every cell the fits depend on with what it was when the model was written.

    Parameters
    ----------
    parameters : Parameters
        Notes there which inputs the fits read.
    cells : mapping from endpoint to sequence of (id, column)
    followed : mapping from endpoint to ids
        Inputs whose value a formula follows, so that a change of it needs no refit.
    """
    purpose = (
        "The curves are fitted by hemodel, not by formula. This sheet lists every cell the fits depend on. Where one "
        "has changed, the curve needs a refit: save the file and run hemodel on it, or write the live model anew."
    )
    sheet = Sheet(SHEET, "What the curves were fitted to", purpose, frozen=(FIRST_ROW, 2))
    listed = [(endpoint, id_, column) for endpoint, some in cells.items() for id_, column in some]
    for endpoint, id_, _ in listed:
        parameters.note(id_, f"fit of {endpoint}")
    table = SheetTable(sheet, FIRST_ROW, max(len(listed), 1))
    if not listed:
        listed = [("", "", "")]
    endpoint_column = table.add("Endpoint", [endpoint for endpoint, _, _ in listed], "text")
    table.add("Id", [id_ for _, id_, _ in listed], "text")
    table.add("Column", [columns()[column].header if column else "" for _, _, column in listed], "text")
    rows = [inputs.rows.get(id_) for _, id_, _ in listed]
    then = [_value(row, column) for row, (_, _, column) in zip(rows, listed, strict=True)]
    contents = [
        _now(row, column, FIRST_ROW + i, value)
        for i, (row, (_, _, column), value) in enumerate(zip(rows, listed, then, strict=True))
    ]
    now = table.add_each("Now", contents, "number")
    written = table.add("When fitted", then, "stored number")
    same = now.equals(written)
    changed = table.add("Changed", Formula(f"IF({same.text},0,1)", np.zeros(len(listed))), "count")
    by_formula = [float(column == "value" and id_ in followed.get(endpoint, ())) for endpoint, id_, column in listed]
    formula = table.add("Followed by formula", by_formula, "count")
    refit = {endpoint: _count(endpoint, endpoint_column, changed, formula) for endpoint in cells}
    return FitCells(sheet, refit)


def _count(endpoint: str, endpoints: SheetColumn, changed: SheetColumn, followed: SheetColumn) -> Formula:
    mine = endpoints.range.equals(endpoint)
    return sum_of_products(
        Formula(f"({mine.text})", np.asarray(endpoints.value == endpoint, dtype=float)),
        changed.range,
        Formula(f"(1-{followed.range.text})", 1.0 - np.asarray(followed.value)),
    )


def _value(row: Row | None, column: str) -> Any:
    if row is None:
        return ""
    value = row.cell if column == "value" else getattr(row, column)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value


def _now(row: Row | None, column: str, at: int, value: Any) -> Formula:
    if row is None:
        return Formula('""', "")
    page, place = f"'{row.sheet}'", letter(sheets()[row.sheet].columns.index(column))
    area = f"{page}!${place}$1:${place}${LAST_INPUT_ROW}"
    found = f"INDEX({area},MATCH($B${at + 1},{page}!$A$1:$A${LAST_INPUT_ROW},0))"
    if column == "use_in_fit":
        return Formula(f'IF({found}="yes","yes","no")', value)
    return Formula(f'IF({found}="","",{found})', value)
