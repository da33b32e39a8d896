"""The survival curves of one strategy by formula, with everything that acts on them.

The fitted curve, the further effects of its strategy (what `hemodel.model.curve_effects` computes), and the waning of
treatment effects (what `hemodel.survival.effects.waning` computes).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.families import SMALLEST, cumulative_hazard
from hemodel.live_model.formula import (
    Formula,
    as_formula,
    call,
    exp_of_negative,
    item,
    larger,
    ln,
    smaller,
    total,
    when,
)
from hemodel.live_model.functions import last_at_or_below
from hemodel.live_model.points import Points, accumulated, at_boundaries, given, largest_so_far
from hemodel.live_model.sheet import SheetColumn
from hemodel.model.curve_effects import LIFT_OS
from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    HAZARD_RATIO_BY_PERIOD,
    INDEPENDENT,
    PROPORTIONAL_HAZARDS,
    PROPORTIONAL_ODDS,
)
from hemodel.survival.effects.waning import IMMEDIATE, LINEAR, STRETCH, SURVIVAL, WITH_TREATMENT
from hemodel.survival.workbook.background import OVERALL_SURVIVAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.live_model.coefficients import Naturals
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.points import Boundaries, Keep
    from hemodel.live_model.sheet import SheetTable, WorkingCells
    from hemodel.model.evaluate import Model
    from hemodel.survival.curves import EndpointCurves


@dataclass(frozen=True)
class FormulaCurve:
    """A curve that can be evaluated at any times by formula.

    Attributes
    ----------
    naturals : sequence of Formula
        All coefficients of the endpoint on their natural scale.
    effects : tuple of (relation, ratio)
        Further effects, in the order in which they act.
    """

    curves: EndpointCurves
    strategy: str
    naturals: Sequence[Formula]
    effects: tuple[tuple[str, Formula], ...]
    workings: WorkingCells

    @property
    def kinks(self) -> tuple[float, ...]:
        """Months at which the curve is not smooth, without those of the population."""
        return (*self.curves.family(self.strategy).kinks, *self.curves.spec(self.strategy).cuts)

    def hazard(self, t: Formula, keep: Keep) -> Formula:
        """Return the cumulative hazard at times, without the population's where the curve is of the excess.

        Parameters
        ----------
        t : Formula
            0 or more. [months]
        """
        for relation, ratio in self.effects:
            if relation == ACCELERATED_FAILURE_TIME:
                t = keep("time / further acceleration factor", t / ratio)
        hazard = keep(f"fitted curve of {self.strategy}: cumulative hazard", self._fitted(t, keep))
        for relation, ratio in self.effects:
            if relation != ACCELERATED_FAILURE_TIME:
                header = f"with further {'hazard' if relation == PROPORTIONAL_HAZARDS else 'odds'} ratio"
                hazard = keep(f"{header}: cumulative hazard", _related(relation, hazard, ratio))
        return hazard

    def _fitted(self, t: Formula, keep: Keep) -> Formula:
        spec = self.curves.spec(self.strategy)
        own = self.naturals[self.curves.columns[self.strategy]]
        shape = self.curves.family(self.strategy)
        if spec.relation == INDEPENDENT:
            return cumulative_hazard(shape, own, t, keep, self.workings)
        base = self.naturals[self.curves.columns[spec.reference or ""]]
        if spec.relation == ACCELERATED_FAILURE_TIME:
            return cumulative_hazard(shape, base, keep("time / acceleration factor", t / own[0]), keep, self.workings)
        header = f"{spec.reference}: cumulative hazard"
        hazard = keep(header, cumulative_hazard(shape, base, t, keep, self.workings))
        if spec.relation == HAZARD_RATIO_BY_PERIOD:
            return self._by_period(spec.cuts, base, own, t, hazard)
        return _related(spec.relation, hazard, own[0])

    def _by_period(
        self, cuts: Sequence[float], base: Sequence[Formula], own: Sequence[Formula], t: Formula, hazard: Formula
    ) -> Formula:
        """Return a_k + HR_k H0 within period k, where a cut belongs to the period before it."""
        shape, offset, offsets = self.curves.family(self.strategy), as_formula(0.0), [as_formula(0.0)]
        for k, cut in enumerate(cuts):
            at_cut = cumulative_hazard(shape, base, as_formula(cut), self.workings.single, self.workings)
            reached = self.workings.single(f"reference: cumulative hazard at month {cut:g}", at_cut)
            step = offset + (own[k] - own[k + 1]) * reached
            offset = self.workings.single(f"{self.strategy}: hazard added from month {cut:g}", step)
            offsets.append(offset)
        result = offsets[-1] + own[-1] * hazard
        for k in reversed(range(len(cuts))):
            result = when(t <= cuts[k], offsets[k] + own[k] * hazard, result)
        return result


def _related(relation: str, hazard: Formula, ratio: Formula) -> Formula:
    """Return a cumulative hazard under a ratio of hazards, or of the odds of the event."""
    if relation == PROPORTIONAL_HAZARDS:
        return hazard * ratio
    if relation == PROPORTIONAL_ODDS:
        return hazard + ln(larger(ratio + (1.0 - ratio) * exp_of_negative(hazard), SMALLEST))
    raise ValueError(relation)


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
    start, end : Formula or None
        Where the shape reads them. [months]
    population_at_start : Formula or None
        Cumulative hazard of the population at the start, for curves of the excess hazard
        that wane on survival.
    pieces : int
        Parts into which kinks of the curves divide a cycle, at most.
    """

    treated: FormulaCurve
    reference: FormulaCurve
    shape: str
    scale: str
    start: Formula | None
    end: Formula | None
    population_at_start: Formula | None
    pieces: int
    workings: WorkingCells


@dataclass(frozen=True)
class WanedFormula:
    """The result, and the columns that days within cycles count from."""

    hazard: SheetColumn
    treated: SheetColumn | None = None
    reference: SheetColumn | None = None
    share: SheetColumn | None = None
    integral: SheetColumn | None = None


def waned(
    spec: LiveWaning,
    points: Points,
    hazards: tuple[Formula, Formula],
    on_treatment: Formula | None,
    boundaries: SheetColumn,
    whole: WanedFormula | None,
) -> WanedFormula:
    """Return the cumulative hazard of the treated curve as its effect is lost.

    Parameters
    ----------
    hazards : tuple of Formula
        Cumulative hazards of the treated and of the reference curve, of the excess where
        the curves are of the excess.
    on_treatment : Formula or None
        Cumulative hazard of the curve of treatment, for waning with treatment.
    boundaries : SheetColumn
        Months of the boundaries.
    whole : WanedFormula or None
        What was found at the boundaries, for days within cycles.

    Returns
    -------
    Waned
        With the population's hazard, where the curves are of the excess.
    """
    if spec.shape == WITH_TREATMENT:
        return _with_treatment(points, hazards, given(on_treatment), whole)
    start = given(spec.start)
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
        part = part + integral / (given(spec.end) - start)
    result = when(points.months <= start, treated, part)
    if points.population is not None:
        result = result + points.population
    return WanedFormula(points.add("with waning: cumulative hazard", result), integral=integral)


def _left(spec: LiveWaning, start: Formula, points: Points) -> Formula:
    """Return the share of the effect that is left."""
    if spec.shape == IMMEDIATE:
        share = when(points.months <= start, 1.0, 0.0)
    else:
        end = given(spec.end)
        share = smaller(larger((end - points.months) / (end - start), 0.0), 1.0)
    return points.add("share of the effect left", share, "proportion")


def _on_survival(
    spec: LiveWaning,
    points: Points,
    hazards: tuple[Formula, Formula],
    left: Formula,
    at_start: Formula,
    whole: WanedFormula | None,
) -> WanedFormula:
    """Return -ln of the mixture of the two survivals, never below what it was at a boundary before."""
    treated, reference = hazards
    least = points.keep("lower of the two hazards", smaller(treated, reference))
    mixed = least - ln(left * exp_of_negative(treated - least) + (1.0 - left) * exp_of_negative(reference - least))
    mixture = points.keep("mixture: cumulative hazard", when(left <= 0.0, reference, when(left >= 1.0, treated, mixed)))
    if points.population is not None:
        treated, mixture = treated + points.population, mixture + points.population
        at_start = at_start + given(spec.population_at_start)
    candidate = when(points.months <= given(spec.start), treated, larger(mixture, at_start))
    before = None if whole is None else whole.hazard
    return WanedFormula(largest_so_far(points, "with waning: cumulative hazard", candidate, before))


def _with_treatment(
    points: Points, hazards: tuple[Formula, Formula], on_treatment: Formula, whole: WanedFormula | None
) -> WanedFormula:
    """Return the sum of w dH1 + (1 - w) dH0, where w is the mean share on treatment at the two ends."""
    full = [hazard if points.population is None else hazard + points.population for hazard in hazards]
    treated = points.add("treated: cumulative hazard", full[0])
    reference = points.add("reference: cumulative hazard", full[1])
    share = points.add(
        "share of those alive on treatment",
        when(treated > NOBODY_LEFT, 0.0, call("EXP", np.exp, smaller(treated - on_treatment, 0.0))),
        "proportion",
    )
    known = WanedFormula(treated, treated, reference, share) if whole is None else whole
    columns = [given(column) for column in (known.treated, known.reference, known.share)]
    h1, h0, w = (points.before(column) for column in columns)
    mean = 0.5 * (share + w)
    step = mean * (treated - h1) + (1.0 - mean) * (reference - h0)
    before = None if whole is None else whole.hazard
    return WanedFormula(accumulated(points, "with waning: cumulative hazard", step, before), treated, reference, share)


def _integral(
    spec: LiveWaning, points: Points, difference_at_start: Formula, boundaries: SheetColumn, whole: WanedFormula | None
) -> SheetColumn:
    """Return the integral of H1 - H0 - (H1 - H0)(start) from the start, up to the end at most.

    Gauss-Legendre quadrature in y = t^(1/6) over each cycle, cut at the start, at the end
    and at kinks of the curves.
    """
    start, end = given(spec.start), given(spec.end)
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


@dataclass(frozen=True)
class Stages:
    """The columns of one endpoint at some points, in the order in which rules act.

    Attributes
    ----------
    raw : SheetColumn
        Cumulative hazard of the fitted curve with further effects, and with the population's
        hazard where the curve is of the excess.
    hazard : SheetColumn
        After waning and the floor.
    survival : SheetColumn
        Before any cap.
    """

    raw: SheetColumn
    waned: WanedFormula | None
    hazard: SheetColumn
    survival: SheetColumn


@dataclass
class StrategyCurves:
    """The curves of one strategy: columns at the boundaries, and formulas for days within cycles."""

    model: Model
    strategy: str
    parameters: Parameters
    naturals: Naturals
    bounds: Boundaries
    stages: dict[str, Stages] = field(default_factory=dict)
    _raw: dict[tuple[int, str, str], tuple[object, SheetColumn, SheetColumn]] = field(default_factory=dict)
    _days: dict[tuple[int, str], tuple[object, Stages]] = field(default_factory=dict)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Endpoints for which the strategy has a curve."""
        fits = self.model.fits.items()
        return tuple(endpoint for endpoint, fit in fits if self.strategy in fit.curves.columns)

    def survival(self, endpoint: str) -> SheetColumn:
        """Return survival at the cycle boundaries before any cap."""
        return self.stages[endpoint].survival

    def days(self, table: SheetTable, months: Formula, boundary: Formula, group: str = "Population") -> Points:
        """Return days within cycles, with a column for the population's cumulative hazard where it is in the model."""
        hazard = self.naturals.population
        population = None if hazard is None else table.add("Cumulative hazard", hazard(months), "factor", group)
        return Points(table, months, population, boundary=boundary)

    def within(self, endpoint: str, place: Points) -> SheetColumn:
        """Return survival on days within cycles before any cap; its columns are added once to the table of the days."""
        key = (id(place), endpoint)
        if key not in self._days:
            points = replace(place, group=endpoint.upper())
            self._days[key] = (place, self._stages(endpoint, points, self.stages[endpoint]))
        return self._days[key][1].survival

    def lifted(self, overall: Formula, progression_free: Formula) -> Formula:
        """Return OS, or the larger of OS and PFS where the settings lift it."""
        lift = self.parameters.text("settings.pfs_above_os").equals(LIFT_OS)
        return when(lift, larger(overall, progression_free), overall)

    def alive_within(self, place: Points) -> SheetColumn:
        """Return OS on days within cycles, lifted where the settings lift it."""
        found = self.lifted(self.within("os", place), self.within("pfs", place))
        return place.table.add("Alive", found, "proportion", "Alive")

    def __post_init__(self) -> None:
        """Add the columns of every endpoint at the boundaries."""
        for endpoint in self.endpoints:
            self.stages[endpoint] = self._stages(endpoint, at_boundaries(self.bounds, endpoint.upper()), None)

    def _stages(self, endpoint: str, points: Points, whole: Stages | None) -> Stages:
        fitted, raw = self._fitted(endpoint, self.strategy, points)
        found = self._waned(endpoint, points, fitted, whole)
        hazard = raw if found is None else found.hazard
        if endpoint == OVERALL_SURVIVAL and self.model.curve_effects.floor is not None:
            hazard = self._floored(points, hazard, whole)
        survival = points.add("survival", exp_of_negative(hazard), "proportion")
        return Stages(raw, found, hazard, survival)

    def _fitted(self, endpoint: str, strategy: str, points: Points) -> tuple[SheetColumn, SheetColumn]:
        """Return the hazard of a fitted curve with its further effects, without and with the population's."""
        key = (id(points.months), endpoint, strategy)
        if key not in self._raw:
            curve, points = self._curve(endpoint, strategy), replace(points, group=endpoint.upper())
            fitted = _column(points, f"{strategy}: cumulative hazard", curve.hazard(points.months, points.keep))
            raw = fitted
            if curve.curves.background is not None and points.population is not None:
                raw = points.add(f"{strategy}: with the population's", fitted + points.population)
            self._raw[key] = (points, fitted, raw)
        return self._raw[key][1:]

    def _curve(self, endpoint: str, strategy: str) -> FormulaCurve:
        effects = self.model.curve_effects.effects.get((endpoint, strategy), ())
        return FormulaCurve(
            self.model.fits[endpoint].curves,
            strategy,
            self.naturals[endpoint],
            tuple((relation, self.parameters[id_]) for relation, id_ in effects),
            self.naturals.workings,
        )

    def _floored(self, points: Points, hazard: SheetColumn, whole: Stages | None) -> SheetColumn:
        """Return the cumulative hazard that grows at least as the population's."""
        own = hazard if whole is None else (whole.raw if whole.waned is None else whole.waned.hazard)
        growth = hazard - points.before(own)
        step = larger(growth, given(points.population) - points.before(given(self.bounds.population)))
        return accumulated(points, "with the floor: cumulative hazard", step, None if whole is None else whole.hazard)

    def _waned(self, endpoint: str, points: Points, fitted: SheetColumn, whole: Stages | None) -> WanedFormula | None:
        at = (endpoint, self.strategy)
        spec = self.model.curve_effects.waning.get(at)
        if spec is None:
            return None
        live = self._live_waning(endpoint)
        reference, _ = self._fitted(endpoint, spec.reference, points)
        on_treatment = None
        if spec.shape == WITH_TREATMENT:
            _, on_treatment = self._fitted(self.model.curve_effects.treated_by[at], self.strategy, points)
        excess = self.model.fits[endpoint].curves.background is not None
        mine = points if excess else replace(points, population=None)
        before = None if whole is None else whole.waned
        return waned(live, mine, (fitted, reference), on_treatment, self.bounds.months, before)

    def _live_waning(self, endpoint: str) -> LiveWaning:
        spec = self.model.curve_effects.waning[endpoint, self.strategy]
        id_ = f"waning.{endpoint}.{self.strategy}"
        treated, reference = (self._curve(endpoint, name) for name in (self.strategy, spec.reference))
        start = None if spec.shape == WITH_TREATMENT else self.parameters[f"{id_}.start"]
        at_start = None
        if treated.curves.background is not None and spec.scale == SURVIVAL and start is not None:
            at_start = self.naturals.workings.single(
                "population: cumulative hazard at the start of waning", given(self.naturals.population)(start)
            )
        return LiveWaning(
            treated=treated,
            reference=reference,
            shape=spec.shape,
            scale=spec.scale,
            start=start,
            end=self.parameters[f"{id_}.end"] if spec.shape == LINEAR else None,
            population_at_start=at_start,
            pieces=_pieces(self.bounds.months, (*treated.kinks, *reference.kinks)),
            workings=self.naturals.workings,
        )


def _column(points: Points, header: str, formula: Formula) -> SheetColumn:
    """Return a formula as a column: itself where it is one already."""
    return formula if isinstance(formula, SheetColumn) else points.add(header, formula)


def _pieces(months: SheetColumn, kinks: tuple[float, ...]) -> int:
    """Return the most parts into which kinks divide a cycle, and one more for cycles that are made a little longer."""
    inside = np.searchsorted(np.asarray(months.value, dtype=float), np.unique(kinks), side="left")
    return 1 + min(len(set(kinks)), int(np.bincount(inside).max(initial=0)) + 1)
