"""Curves through given points by formula, for families that are a straight line in log time on some scale.

With s a function of survival, s = slope x ln t + intercept: s = ln H for the exponential
(slope 1) and Weibull, the log odds of the event for the log-logistic, and the normal
deviate for the log-normal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.live_model.formula import Formula, as_formula, exp, ln, normal_cdf, normal_quantile
from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, PROPORTIONAL_HAZARDS

if TYPE_CHECKING:
    from collections.abc import Sequence

POINTS = {"exp": 1, "weibull": 2, "weibullPH": 2, "llogis": 2, "lnorm": 2}
"""How many points determine a curve of each family."""


@dataclass(frozen=True)
class Point:
    """A time [months] and the cumulative hazard there."""

    time: Formula
    hazard: Formula


@dataclass(frozen=True)
class Line:
    """A curve of a family as its straight line."""

    family: str
    slope: Formula
    intercept: Formula


def line_through(family: str, points: Sequence[Point]) -> Line:
    """Return the curve of a family through as many points as it needs (`POINTS`)."""
    first = _on_scale(family, points[0].hazard)
    slope = as_formula(1.0)
    if len(points) > 1:
        slope = (_on_scale(family, points[1].hazard) - first) / ln(points[1].time / points[0].time)
    return Line(family, slope, first - slope * ln(points[0].time))


def coefficients(line: Line) -> list[Formula]:
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


def log_effect(relation: str, reference: Line, point: Point) -> Formula:
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


def _hazard(line: Line, time: Formula) -> Formula:
    s = line.slope * ln(time) + line.intercept
    if line.family == "llogis":
        return ln(1.0 + exp(s))
    return -ln(normal_cdf(-s)) if line.family == "lnorm" else exp(s)
