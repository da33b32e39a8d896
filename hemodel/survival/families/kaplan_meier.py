"""A Kaplan-Meier curve, and a family that goes on from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.composite import number, parameters_of
from hemodel.survival.families.join import Join
from hemodel.survival.family import Array, Family, Link, area_from

if TYPE_CHECKING:
    from hemodel.survival.family import CurveData


@dataclass(frozen=True)
class Steps(Family):
    """A right-continuous step function with cumulative hazard multiplier x (-log S) of the curve.

    The log hazard is minus infinity: events happen at the steps only.

    Attributes
    ----------
    times, hazards, log_se : tuple of float
        Times of the steps, the cumulative hazard from each on, and the standard error
        of its logarithm; empty until resolved.
    """

    name: str = "km"
    parameters: tuple[str, ...] = ("multiplier",)
    links: tuple[Link, ...] = ("log",)
    times: tuple[float, ...] = ()
    hazards: tuple[float, ...] = ()
    log_se: tuple[float, ...] = ()

    @property
    def kinks(self) -> tuple[float, ...]:
        """The times of the steps."""
        return self.times

    @property
    def is_resolved(self) -> bool:
        """Whether the curve is known."""
        return bool(self.times)

    def resolved(self, data: CurveData) -> Family:
        """Take over the Kaplan-Meier curve of the data."""
        if self.is_resolved:
            return self
        if not len(data.km_times) == len(data.km_survival) == len(data.km_log_se):
            raise SurvivalError(
                f"a Kaplan-Meier curve needs as many survivals and standard errors as times; there are "
                f"{len(data.km_times)} times, {len(data.km_survival)} survivals and {len(data.km_log_se)} errors."
            )
        survival = np.array(data.km_survival)
        falls = np.all(np.diff(np.concatenate(([1.0], survival))) <= 0.0) and np.all(survival > 0.0)
        rises = np.all(np.diff(data.km_times) > 0.0) and all(time > 0.0 for time in data.km_times)
        if not (survival.size and falls and rises):
            raise SurvivalError(
                "a Kaplan-Meier curve needs one or more steps at increasing times above 0, with survival that falls "
                f"from below 1 and stays above 0; given are {survival.size} steps."
            )
        hazards = tuple((-np.log(survival)).tolist())
        return replace(self, times=tuple(data.km_times), hazards=hazards, log_se=tuple(data.km_log_se))

    def starts(self, median: float) -> Array:
        """Return the curve as observed, whatever the median."""
        return np.zeros((1, 1))

    def tail_index(self, coefficients: Array) -> Array:
        """Return 0: the curve stays at its last step."""
        return np.zeros(coefficients.shape[0])

    def levels(self) -> Array:
        """Return the cumulative hazard before the first step, 0, and from each step on."""
        if not self.is_resolved:
            raise SurvivalError(
                "the Kaplan-Meier curve of a km(...) family is not known here. Give the patients or the "
                "published curve that it is taken from."
            )
        return np.array((0.0, *self.hazards))

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        levels = self.levels()
        np.multiply(np.exp(coefficients), levels[np.searchsorted(self.times, t, side="right")], out=out)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        self.levels()
        return np.full((len(coefficients), t.shape[-1]), -np.inf)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        """Return the first step at which the level is reached, give or take rounding."""
        levels = self.levels()
        step = np.searchsorted(levels * (1.0 + 1e-14), level * np.exp(-coefficients[:, 0]), side="left")
        return np.append(np.append(0.0, self.times), np.inf)[step]

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        hazard = self.cumulative_hazard(t, coefficients[None, :])
        return np.zeros_like(hazard), hazard


@dataclass(frozen=True)
class KaplanMeierThen(Join):
    """The Kaplan-Meier curve up to a time, then the hazard of a family.

    Coefficient 0 is the log of a multiplier of the curve's cumulative hazard, 0 as
    observed; the others are those of the family.
    """

    @property
    def multiplier_se(self) -> float:
        """Standard error of the log multiplier: that of the log cumulative hazard when the family takes over.

        0 where the curve has no step before.
        """
        steps = self._steps
        steps.levels()
        before = int(np.searchsorted(steps.times, self.cuts[0], side="right"))
        return steps.log_se[before - 1] if before else 0.0

    def starts(self, median: float) -> Array:
        """Return the curve as observed with the shapes of the family, which alone has this median."""
        later = self.parts[1].starts(median)
        return np.column_stack([np.zeros(len(later)), later])

    @property
    def _steps(self) -> Steps:
        steps = self.parts[0]
        if not isinstance(steps, Steps):
            raise TypeError(type(steps))
        return steps

    def _description(self) -> tuple[str, list[tuple[str, Link]]]:
        first, later = self.parts
        return f"km({number(self.cuts[0])}, {later.name})", [*parameters_of(first), *parameters_of(later)]

    def _mean(self, coefficients: Array) -> Array:
        """Add the area under the steps to that under the family's part."""
        before = [time for time in self._steps.times if time < self.cuts[0]]
        edges = np.array((0.0, *before, self.cuts[0]))
        survival = self.survival(edges[:-1], coefficients)
        return np.asarray(survival @ np.diff(edges) + area_from(self, coefficients, self.cuts[0]))
