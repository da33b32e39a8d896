"""A fitted curve with the further effects of its strategy, as a formula: what `hemodel.acting.ActedCurve` computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.live_model.families import SMALLEST, cumulative_hazard
from hemodel.live_model.formula import Formula, as_formula, exp_of_negative, larger, ln, when
from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    HAZARD_RATIO_BY_PERIOD,
    INDEPENDENT,
    PROPORTIONAL_HAZARDS,
    PROPORTIONAL_ODDS,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.live_model.places import Keep
    from hemodel.live_model.workings import Workings
    from hemodel.survival.curves import EndpointCurves


@dataclass(frozen=True)
class FormulaCurve:
    """A curve that can be evaluated at any times by formula.

    Attributes
    ----------
    curves : EndpointCurves
    strategy : str
    naturals : sequence of Formula
        All coefficients of the endpoint on their natural scale.
    effects : tuple of (relation, ratio)
        Further effects, in the order in which they act.
    workings : Workings
    """

    curves: EndpointCurves
    strategy: str
    naturals: Sequence[Formula]
    effects: tuple[tuple[str, Formula], ...]
    workings: Workings

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
        keep : Keep
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
