"""All curves of one endpoint, and how one vector of coefficients is laid out over them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    INDEPENDENT,
    PROPORTIONAL_HAZARDS,
    CurveSpec,
    base_spec,
    coefficient_names,
    problems,
)
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.families.registry import family
from hemodel.survival.family import Array, Family, log_time
from hemodel.survival.quadrature import half_line, unit_interval

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

MEAN_STEP = 1.0 / 64.0
RESTRICTED_MEAN_STEP = 1.0 / 128.0
BLOCK = 256


@dataclass(frozen=True)
class EndpointCurves:
    """The curves of one endpoint over one joint vector of coefficients.

    An independent curve has the coefficients of its family. A curve with proportional
    hazards has one, the log hazard ratio: S1 = S0^HR. A curve with accelerated failure
    time has one, the log acceleration factor: S1(t) = S0(t / AF).
    In every method coefficients are (draws, p), t is (points,) and in months.

    Attributes
    ----------
    endpoint : str
        For example ``os``.
    specs : tuple of CurveSpec
        One curve a strategy.
    names : tuple of str
        Names of the p coefficients, for example ``standard: log(shape)``.
    columns : dict of str to slice
        Which of the coefficients are a strategy's own.

    Raises
    ------
    SurvivalError
        For an unknown family or relation, a reference that is missing or itself
        relative, or two curves of one strategy; all of them at once.
    """

    endpoint: str
    specs: tuple[CurveSpec, ...]
    names: tuple[str, ...] = field(init=False)
    columns: dict[str, slice] = field(init=False, compare=False)
    _spec: dict[str, CurveSpec] = field(init=False, repr=False, compare=False)
    _family: dict[str, Family] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the specs and lay out the coefficients."""
        spec = {each.strategy: each for each in self.specs}
        raise_together(problems(self.endpoint, self.specs, spec))
        base = {each.strategy: base_spec(each, spec) for each in self.specs}
        families = {strategy: family(each.family) for strategy, each in base.items()}
        names: list[str] = []
        columns: dict[str, slice] = {}
        for each in self.specs:
            own = coefficient_names(each, families[each.strategy])
            columns[each.strategy] = slice(len(names), len(names) + len(own))
            names += own
        for key, value in (("names", tuple(names)), ("columns", columns)):
            object.__setattr__(self, key, value)
        object.__setattr__(self, "_spec", spec)
        object.__setattr__(self, "_family", families)

    def spec(self, strategy: str) -> CurveSpec:
        """Return the spec of a strategy's curve.

        Raises
        ------
        SurvivalError
            If this endpoint has no curve for it.
        """
        if strategy not in self._spec:
            known = ", ".join(self._spec)
            raise SurvivalError(
                f"{self.endpoint}: no curve for strategy {strategy!r}. Curves: {known}.",
                [f"curve.{self.endpoint}.{strategy}.family"],
            )
        return self._spec[strategy]

    def family(self, strategy: str) -> Family:
        """Return the family of a strategy's curve, or of the curve it refers to."""
        self.spec(strategy)
        return self._family[strategy]

    def survival(
        self,
        strategy: str,
        t: Array,
        coefficients: Array,
        *,
        log_t: Array | None = None,
        out: Array | None = None,
    ) -> Array:
        """Compute survival (draws, points); ``log_t`` and ``out`` as in `Family`."""
        base, own = self._split(strategy, coefficients)
        relation = self._spec[strategy].relation
        shape = self._family[strategy]
        if relation == PROPORTIONAL_HAZARDS:
            out = shape.cumulative_hazard(t, base, log_t=log_t, out=out)
            with np.errstate(over="ignore"):
                out *= -np.exp(own)
            return np.asarray(np.exp(out, out=out))
        if relation == ACCELERATED_FAILURE_TIME:
            t, log_t = _slowed(t, log_t, own)
        return shape.survival(t, base, log_t=log_t, out=out)

    def cumulative_hazard(
        self,
        strategy: str,
        t: Array,
        coefficients: Array,
        *,
        log_t: Array | None = None,
        out: Array | None = None,
    ) -> Array:
        """Compute the cumulative hazard (draws, points)."""
        base, own = self._split(strategy, coefficients)
        relation = self._spec[strategy].relation
        if relation == ACCELERATED_FAILURE_TIME:
            t, log_t = _slowed(t, log_t, own)
        out = self._family[strategy].cumulative_hazard(t, base, log_t=log_t, out=out)
        if relation == PROPORTIONAL_HAZARDS:
            with np.errstate(over="ignore"):
                out *= np.exp(own)
        return out

    def log_hazard(
        self,
        strategy: str,
        t: Array,
        coefficients: Array,
        *,
        log_t: Array | None = None,
        cumulative: Array | None = None,
    ) -> Array:
        """Compute the log hazard per month (draws, points); ``cumulative`` as in `Family`."""
        base, own = self._split(strategy, coefficients)
        relation = self._spec[strategy].relation
        shape = self._family[strategy]
        if relation == PROPORTIONAL_HAZARDS:
            return shape.log_hazard(t, base, log_t=log_t) + own
        if relation == ACCELERATED_FAILURE_TIME:
            t, log_t = _slowed(t, log_t, own)
            return shape.log_hazard(t, base, log_t=log_t, cumulative=cumulative) - own
        return shape.log_hazard(t, base, log_t=log_t, cumulative=cumulative)

    def quantile(self, strategy: str, p: ArrayLike, coefficients: Array) -> Array:
        """Compute the time in months (draws,) at which survival is 1 - p; ``inf`` if never."""
        base, own = self._split(strategy, coefficients)
        relation = self._spec[strategy].relation
        with np.errstate(divide="ignore", over="ignore"):
            level = -np.log1p(-np.asarray(p, dtype=np.float64))
            if relation == PROPORTIONAL_HAZARDS:
                level = level * np.exp(-own[:, 0])
            time = self._family[strategy].time_at(level, base)
            return time * np.exp(own[:, 0]) if relation == ACCELERATED_FAILURE_TIME else time

    def mean(self, strategy: str, coefficients: Array) -> Array:
        """Compute the unrestricted mean months (draws,), ``inf`` where infinite.

        Closed form, except that under proportional hazards it is integrated
        numerically (relative error below 1e-8).
        """
        base, own = self._split(strategy, coefficients)
        relation = self._spec[strategy].relation
        if relation == PROPORTIONAL_HAZARDS:
            return _in_blocks(lambda some: self._integrated_mean(strategy, some), coefficients)
        mean = self._family[strategy].mean(base)
        with np.errstate(over="ignore"):
            return mean * np.exp(own[:, 0]) if relation == ACCELERATED_FAILURE_TIME else mean

    def restricted_mean(self, strategy: str, horizon: float, coefficients: Array) -> Array:
        """Compute the mean months up to a horizon, the area under the curve (draws,).

        Double-exponential quadrature, relative error below 1e-8.
        """
        log_nodes, weights = unit_interval(RESTRICTED_MEAN_STEP)
        log_t = log_nodes + np.log(horizon)
        t = np.exp(log_t)

        def area(some: Array) -> Array:
            return horizon * (self.survival(strategy, t, some, log_t=log_t) @ weights)

        return _in_blocks(area, coefficients)

    def _split(self, strategy: str, coefficients: Array) -> tuple[Array, Array]:
        """Return the coefficients of the family, and the strategy's own."""
        reference = self.spec(strategy).reference
        own = coefficients[:, self.columns[strategy]]
        if reference is None or self._spec[strategy].relation == INDEPENDENT:
            return own, own
        return coefficients[:, self.columns[reference]], own

    def _integrated_mean(self, strategy: str, coefficients: Array) -> Array:
        base, own = self._split(strategy, coefficients)
        log_nodes, weights = half_line(MEAN_STEP)
        index = self._family[strategy].tail_index(base) * np.exp(own[:, 0])
        median = self.quantile(strategy, 0.5, coefficients)
        finite = (index > 1.0) & np.isfinite(median)
        scale = np.where(finite, median, 1.0)[:, None]
        log_t = log_nodes + np.log(scale)
        survival = self.survival(strategy, np.exp(log_t), coefficients, log_t=log_t)
        beyond = np.exp(log_nodes[-1]) * survival[:, -1] / np.where(finite, index - 1.0, 1.0)
        return np.where(finite, scale[:, 0] * (survival @ weights + beyond), np.inf)


def _slowed(t: Array, log_t: Array | None, log_factor: Array) -> tuple[Array, Array]:
    log_t = log_time(t) if log_t is None else log_t
    return t * np.exp(-log_factor), log_t - log_factor


def _in_blocks(function: Callable[[Array], Array], coefficients: Array) -> Array:
    """Apply a function of (draws, p) to blocks of draws, so that memory stays small."""
    draws = coefficients.shape[0]
    parts = [function(coefficients[i : i + BLOCK]) for i in range(0, draws, BLOCK)]
    return np.concatenate(parts) if parts else np.empty(0)
