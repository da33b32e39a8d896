"""Waning of treatment effects by formula: what `hemodel.survival.acting.waning` computes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hemodel.live_model.formula import Formula, call, exp_of_negative, item, larger, ln, smaller, total, when
from hemodel.live_model.functions import last_at_or_below
from hemodel.live_model.points import accumulated, largest_so_far
from hemodel.survival.acting.waning import IMMEDIATE, LINEAR, STRETCH, SURVIVAL, WITH_TREATMENT

if TYPE_CHECKING:
    from hemodel.live_model.acted import FormulaCurve
    from hemodel.live_model.points import Points
    from hemodel.live_model.sheet import Column
    from hemodel.live_model.workings import Workings

F = TypeVar("F", bound=Formula)
NODES, NODES_FROM_START = 6, 12
"""Of Gauss-Legendre quadrature in t^(1/6) over each part of a cycle; more where the first cycle is in the integral.

The error of the integral is below 1e-10; it is 1e-7 where a start in a later cycle is edited to lie in the first."""
NOBODY_LEFT = 745.133
"""Cumulative hazard at which survival is 0."""
NEVER = 1e9


@dataclass(frozen=True)
class LiveWaning:
    """How the effect of one strategy is lost; times are live cells.

    Attributes
    ----------
    treated, reference : FormulaCurve
    shape, scale : str
    start, end : Formula or None
        Where the shape reads them. [months]
    population_at_start : Formula or None
        Cumulative hazard of the population at the start, for curves of the excess hazard
        that wane on survival.
    pieces : int
        Parts into which kinks of the curves divide a cycle, at most.
    workings : Workings
    """

    treated: FormulaCurve
    reference: FormulaCurve
    shape: str
    scale: str
    start: Formula | None
    end: Formula | None
    population_at_start: Formula | None
    pieces: int
    workings: Workings


@dataclass(frozen=True)
class Waned:
    """The result, and the columns that days within cycles count from."""

    hazard: Column
    treated: Column | None = None
    reference: Column | None = None
    share: Column | None = None
    integral: Column | None = None


def waned(
    spec: LiveWaning,
    points: Points,
    hazards: tuple[Formula, Formula],
    on_treatment: Formula | None,
    boundaries: Column,
    whole: Waned | None,
) -> Waned:
    """Return the cumulative hazard of the treated curve as its effect is lost.

    Parameters
    ----------
    spec : LiveWaning
    points : Points
    hazards : tuple of Formula
        Cumulative hazards of the treated and of the reference curve, of the excess where
        the curves are of the excess.
    on_treatment : Formula or None
        Cumulative hazard of the curve of treatment, for waning with treatment.
    boundaries : Column
        Months of the boundaries.
    whole : Waned or None
        What was found at the boundaries, for days within cycles.

    Returns
    -------
    Waned
        With the population's hazard, where the curves are of the excess.
    """
    if spec.shape == WITH_TREATMENT:
        return _with_treatment(points, hazards, _given(on_treatment), whole)
    start = _given(spec.start)
    at_start = tuple(
        spec.workings.single(
            f"{curve.strategy}: cumulative hazard when waning starts", curve.hazard(start, spec.workings.single)
        )
        for curve in (spec.treated, spec.reference)
    )
    left = _left(spec, start, points)
    if spec.scale == SURVIVAL:
        return _on_survival(spec, points, hazards, left, at_start[0], whole)
    treated, reference = hazards
    s1, s0 = at_start
    part = s1 + left * (treated - s1) + (1.0 - left) * (reference - s0)
    integral = None
    if spec.shape == LINEAR:
        integral = _integral(spec, points, s1 - s0, boundaries, whole)
        part = part + integral / (_given(spec.end) - start)
    result = when(points.months <= start, treated, part)
    if points.population is not None:
        result = result + points.population
    return Waned(points.add("with waning: cumulative hazard", result), integral=integral)


def _left(spec: LiveWaning, start: Formula, points: Points) -> Formula:
    """Return the share of the effect that is left."""
    if spec.shape == IMMEDIATE:
        share = when(points.months <= start, 1.0, 0.0)
    else:
        end = _given(spec.end)
        share = smaller(larger((end - points.months) / (end - start), 0.0), 1.0)
    return points.add("share of the effect left", share, "proportion")


def _on_survival(
    spec: LiveWaning,
    points: Points,
    hazards: tuple[Formula, Formula],
    left: Formula,
    at_start: Formula,
    whole: Waned | None,
) -> Waned:
    """Return -ln of the mixture of the two survivals, never below what it was at a boundary before."""
    treated, reference = hazards
    least = points.keep("lower of the two hazards", smaller(treated, reference))
    mixed = least - ln(left * exp_of_negative(treated - least) + (1.0 - left) * exp_of_negative(reference - least))
    mixture = points.keep("mixture: cumulative hazard", when(left <= 0.0, reference, when(left >= 1.0, treated, mixed)))
    if points.population is not None:
        treated, mixture = treated + points.population, mixture + points.population
        at_start = at_start + _given(spec.population_at_start)
    candidate = when(points.months <= _given(spec.start), treated, larger(mixture, at_start))
    before = None if whole is None else whole.hazard
    return Waned(largest_so_far(points, "with waning: cumulative hazard", candidate, before))


def _with_treatment(
    points: Points, hazards: tuple[Formula, Formula], on_treatment: Formula, whole: Waned | None
) -> Waned:
    """Return the sum of w dH1 + (1 - w) dH0, where w is the mean share on treatment at the two ends."""
    full = [hazard if points.population is None else hazard + points.population for hazard in hazards]
    treated = points.add("treated: cumulative hazard", full[0])
    reference = points.add("reference: cumulative hazard", full[1])
    share = points.add(
        "share of those alive on treatment",
        when(treated > NOBODY_LEFT, 0.0, call("EXP", np.exp, smaller(treated - on_treatment, 0.0))),
        "proportion",
    )
    known = Waned(treated, treated, reference, share) if whole is None else whole
    columns = [_given(column) for column in (known.treated, known.reference, known.share)]
    h1, h0, w = (points.before(column) for column in columns)
    mean = 0.5 * (share + w)
    step = mean * (treated - h1) + (1.0 - mean) * (reference - h0)
    before = None if whole is None else whole.hazard
    return Waned(accumulated(points, "with waning: cumulative hazard", step, before), treated, reference, share)


def _integral(
    spec: LiveWaning, points: Points, difference_at_start: Formula, boundaries: Column, whole: Waned | None
) -> Column:
    """Return the integral of H1 - H0 - (H1 - H0)(start) from the start, up to the end at most.

    Gauss-Legendre quadrature in y = t^(1/6) over each cycle, cut at the start, at the end
    and at kinks of the curves.
    """
    start, end = _given(spec.start), _given(spec.end)
    inside = replace(points, group=f"{points.group}: integral for waning")
    low, high = (
        inside.keep(header, smaller(larger(months, start), end))
        for header, months in (("from month", points.months_before(boundaries)), ("to month", points.months))
    )
    edges = [low, *_kinks_between(spec, inside, low, high), high]
    roots = [inside.keep("month^(1/6)", edge ** (1.0 / STRETCH)) for edge in edges]
    from_start = start.value < np.asarray(boundaries.value)[1]
    x, weights = np.polynomial.legendre.leggauss(NODES_FROM_START if from_start else NODES)
    steps = []
    for first, last in pairwise(roots):
        half, middle = 0.5 * (last - first), 0.5 * (last + first)
        for node, weight in zip(x.tolist(), weights.tolist(), strict=True):
            y = inside.keep("node: month^(1/6)", middle + node * half)
            t = inside.keep("node: month", y**STRETCH)
            treated, reference = (curve.hazard(t, inside.keep) for curve in (spec.treated, spec.reference))
            area = (treated - reference - difference_at_start) * half * (weight * STRETCH) * y ** (STRETCH - 1)
            steps.append(inside.keep("node: area", area))
    before = None if whole is None else whole.integral
    return accumulated(inside, "integral of the difference since the start", total(steps), before)


def _kinks_between(spec: LiveWaning, inside: Points, low: Formula, high: Formula) -> list[Formula]:
    """Return the edges between the parts of each cycle: the next kinks after its beginning, up to its end."""
    if spec.pieces == 1:
        return []
    kinks = sorted({*spec.treated.kinks, *spec.reference.kinks})
    edges = spec.workings.constants("kinks of the curves [months]", (-1.0, *kinks, *[NEVER] * spec.pieces))
    last = inside.keep("kinks before", last_at_or_below(low, edges))
    return [inside.keep("next kink", smaller(item(edges, last + float(i)), high)) for i in range(1, spec.pieces)]


def _given(value: F | None) -> F:
    if value is None:
        message = "waning needs a time or a curve that is missing"
        raise ValueError(message)
    return value
