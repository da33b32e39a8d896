"""The survival curves of one strategy by formula, with everything that acts on them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.acted import FormulaCurve
from hemodel.live_model.formula import Formula, exp_of_negative, larger
from hemodel.live_model.points import accumulated, at_boundaries, at_days
from hemodel.live_model.sheet import Column
from hemodel.live_model.waning import LiveWaning, Waned, waned
from hemodel.survival.acting.waning import LINEAR, SURVIVAL, WITH_TREATMENT
from hemodel.survival.workbook.background import OVERALL_SURVIVAL

if TYPE_CHECKING:
    from hemodel.live_model.coefficients import Naturals
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.places import Boundaries, Within
    from hemodel.live_model.points import Points
    from hemodel.model import Model


@dataclass(frozen=True)
class Stages:
    """The columns of one endpoint at some points, in the order in which rules act.

    Attributes
    ----------
    fitted : Column
        Cumulative hazard of the fitted curve with further effects; of the excess where the
        curve is of the excess.
    raw : Column
        The same with the population's hazard where the curve is of the excess.
    waned : Waned or None
    hazard : Column
        After waning and the floor.
    survival : Column
        Before any cap.
    """

    fitted: Column
    raw: Column
    waned: Waned | None
    hazard: Column
    survival: Column


@dataclass
class StrategyCurves:
    """The curves of one strategy: columns at the boundaries, and formulas for days within cycles."""

    model: Model
    strategy: str
    parameters: Parameters
    naturals: Naturals
    bounds: Boundaries
    stages: dict[str, Stages] = field(default_factory=dict)
    _raw: dict[tuple[int, str, str], tuple[object, Column, Column]] = field(default_factory=dict)
    _days: dict[tuple[int, str], tuple[object, Stages]] = field(default_factory=dict)

    @property
    def endpoints(self) -> tuple[str, ...]:
        """Endpoints for which the strategy has a curve."""
        fits = self.model.fits.items()
        return tuple(endpoint for endpoint, fit in fits if self.strategy in fit.curves.columns)

    def survival(self, endpoint: str) -> Column:
        """Return survival at the cycle boundaries before any cap."""
        return self.stages[endpoint].survival

    def hazard(self, endpoint: str) -> Column:
        """Return the cumulative hazard at the cycle boundaries before any cap."""
        return self.stages[endpoint].hazard

    def within(self, endpoint: str, place: Within) -> Column:
        """Return survival on days within cycles before any cap; its columns are added once to the table of the days."""
        key = (id(place), endpoint)
        if key not in self._days:
            points = at_days(place, endpoint.upper())
            self._days[key] = (place, self._stages(endpoint, points, self.stages[endpoint]))
        return self._days[key][1].survival

    def evaluate(self) -> None:
        """Add the columns of every endpoint at the boundaries."""
        for endpoint in self.endpoints:
            self.stages[endpoint] = self._stages(endpoint, at_boundaries(self.bounds, endpoint.upper()), None)

    def _stages(self, endpoint: str, points: Points, whole: Stages | None) -> Stages:
        fitted, raw = self._fitted(endpoint, self.strategy, points)
        found = self._waned(endpoint, points, fitted, whole)
        hazard = raw if found is None else found.hazard
        if endpoint == OVERALL_SURVIVAL and self.model.acting.floor is not None:
            hazard = self._floored(points, hazard, whole)
        survival = points.add("survival", exp_of_negative(hazard), "proportion")
        return Stages(fitted, raw, found, hazard, survival)

    def _fitted(self, endpoint: str, strategy: str, points: Points) -> tuple[Column, Column]:
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
        effects = self.model.acting.effects.get((endpoint, strategy), ())
        return FormulaCurve(
            self.model.fits[endpoint].curves,
            strategy,
            self.naturals[endpoint],
            tuple((relation, self.parameters.number(id_)) for relation, id_ in effects),
            self.naturals.workings,
        )

    def _floored(self, points: Points, hazard: Column, whole: Stages | None) -> Column:
        """Return the cumulative hazard that grows at least as the population's."""
        population = points.population
        if population is None or self.bounds.population is None:
            message = "a floor needs the hazard of the population"
            raise ValueError(message)
        own = hazard if whole is None else (whole.raw if whole.waned is None else whole.waned.hazard)
        growth = hazard - points.before(own)
        step = larger(growth, population - points.before(self.bounds.population))
        return accumulated(points, "with the floor: cumulative hazard", step, None if whole is None else whole.hazard)

    def _waned(self, endpoint: str, points: Points, fitted: Column, whole: Stages | None) -> Waned | None:
        at = (endpoint, self.strategy)
        spec = self.model.acting.waning.get(at)
        if spec is None:
            return None
        live = self._live_waning(endpoint)
        reference, _ = self._fitted(endpoint, spec.reference, points)
        on_treatment = None
        if spec.shape == WITH_TREATMENT:
            _, on_treatment = self._fitted(self.model.acting.treated_by[at], self.strategy, points)
        excess = self.model.fits[endpoint].curves.background is not None
        mine = points if excess else replace(points, population=None)
        before = None if whole is None else whole.waned
        return waned(live, mine, (fitted, reference), on_treatment, self.bounds.months, before)

    def _live_waning(self, endpoint: str) -> LiveWaning:
        spec = self.model.acting.waning[endpoint, self.strategy]
        id_ = f"waning.{endpoint}.{self.strategy}"
        treated, reference = (self._curve(endpoint, name) for name in (self.strategy, spec.reference))
        start = None if spec.shape == WITH_TREATMENT else self.parameters.number(f"{id_}.start")
        at_start = None
        if treated.curves.background is not None and spec.scale == SURVIVAL and start is not None:
            if self.naturals.population is None:
                message = "waning on survival needs the hazard of the population at its start"
                raise ValueError(message)
            at_start = self.naturals.workings.single(
                "population: cumulative hazard at the start of waning", self.naturals.population(start)
            )
        return LiveWaning(
            treated=treated,
            reference=reference,
            shape=spec.shape,
            scale=spec.scale,
            start=start,
            end=self.parameters.number(f"{id_}.end") if spec.shape == LINEAR else None,
            population_at_start=at_start,
            pieces=_pieces(self.bounds.months, (*treated.kinks, *reference.kinks)),
            workings=self.naturals.workings,
        )


def strategy_curves(
    model: Model, strategy: str, parameters: Parameters, naturals: Naturals, bounds: Boundaries
) -> StrategyCurves:
    """Return the curves of a strategy, with columns for every endpoint added at the cycle boundaries.

    Parameters
    ----------
    model : Model
    strategy : str
    parameters : Parameters
    naturals : Naturals
        From `coefficients.add_curves`.
    bounds : Boundaries
    """
    curves = StrategyCurves(model, strategy, parameters, naturals, bounds)
    curves.evaluate()
    return curves


def _column(points: Points, header: str, formula: Formula) -> Column:
    """Return a formula as a column: itself where it is one already."""
    return formula if isinstance(formula, Column) else points.add(header, formula)


def _pieces(months: Column, kinks: tuple[float, ...]) -> int:
    """Return the most parts into which kinks divide a cycle, and one more for cycles that are made a little longer."""
    inside = np.searchsorted(np.asarray(months.value, dtype=float), np.unique(kinks), side="left")
    return 1 + min(len(set(kinks)), int(np.bincount(inside).max(initial=0)) + 1)
