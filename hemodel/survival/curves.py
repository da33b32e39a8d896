"""All curves of one endpoint, and how one vector of coefficients is laid out over them.

What a treatment effect does to the curve it acts on.

The cumulative hazard H0 of the reference becomes (own coefficients are logarithms)

=========================  ======================================================
proportional_hazards       H0 x HR
accelerated_failure_time   H0(t / AF)
proportional_odds          log(1 + OR (exp(H0) - 1)), the odds of the event x OR
hazard_ratio_by_period     the increments of H0 x the HR of their period
=========================  ======================================================
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Protocol

import numpy as np

from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    HAZARD_RATIO_BY_PERIOD,
    INDEPENDENT,
    PROPORTIONAL_HAZARDS,
    PROPORTIONAL_ODDS,
    CurveSpec,
    as_family,
    base_spec,
    coefficient_names,
    problems,
)
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.families.stretch import is_closed, stretched
from hemodel.survival.family import Array, Family, half_line, log_time, nodes_by_draw, nodes_up_to, time_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike


def slowed(t: Array, log_t: Array | None, log_factor: Array) -> tuple[Array, Array]:
    """Return times, and their logarithms, on the clock of a reference that runs 1 / AF as fast."""
    log_t = log_time(t) if log_t is None else log_t
    return t * np.exp(-log_factor), log_t - log_factor


def related_hazard(relation: str, hazard: Array, own: Array) -> Array:
    """Turn cumulative hazards (draws, points) into those under a ratio of hazards or odds, in place."""
    with np.errstate(over="ignore", divide="ignore"):
        if relation == PROPORTIONAL_HAZARDS:
            hazard *= np.exp(own)
        elif relation == PROPORTIONAL_ODDS:
            hazard[...] = np.logaddexp(0.0, own + hazard + np.log(-np.expm1(-hazard)))
    return hazard


def related_log_hazard(relation: str, log_hazard: Array, hazard: Array | None, own: Array) -> Array:
    """Turn log hazards (draws, points) into those under a ratio of hazards, a slower clock or a ratio of odds.

    ``hazard`` is the reference's cumulative hazard, which only the odds need.
    """
    if relation == PROPORTIONAL_HAZARDS:
        return log_hazard + own
    if relation == ACCELERATED_FAILURE_TIME:
        return log_hazard - own
    if relation == PROPORTIONAL_ODDS and hazard is not None:
        return log_hazard + own + hazard - related_hazard(relation, hazard.copy(), own)
    return log_hazard


def reference_level(relation: str, level: Array, own: Array) -> Array:
    """Return the cumulative hazards (draws,) of the reference at which the curve has reached ``level``."""
    with np.errstate(over="ignore", divide="ignore"):
        if relation == PROPORTIONAL_HAZARDS:
            return np.asarray(level * np.exp(-own[:, 0]))
        if relation == PROPORTIONAL_ODDS:
            return np.asarray(np.logaddexp(0.0, level + np.log(-np.expm1(-level)) - own[:, 0]))
    return level


def tail_index(relation: str, index: Array, own: Array) -> Array:
    """Return how fast survival falls far out under the effect, from that of the reference (draws,)."""
    if relation == PROPORTIONAL_HAZARDS:
        return np.asarray(index * np.exp(own[:, 0]))
    if relation == HAZARD_RATIO_BY_PERIOD:
        return np.asarray(index * np.exp(own[:, -1]))
    return index


def period_hazard(family: Family, cuts: tuple[float, ...], base: Array, own: Array, t: Array, hazard: Array) -> Array:
    """Turn cumulative hazards of the reference into those with a hazard ratio a period, in place.

    Within period k, which begins at c_k, H = sum over earlier periods + HR_k (H0(t) - H0(c_k)).
    """
    offsets, ratios = _periods(family, cuts, base, own)
    k = period(cuts, t)
    hazard *= ratios[:, k] if k.ndim == 1 else np.take_along_axis(ratios, k, axis=1)
    hazard += offsets[:, k] if k.ndim == 1 else np.take_along_axis(offsets, k, axis=1)
    return hazard


def period(cuts: tuple[float, ...], t: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """Return the number of the period in which each time lies, from 0; a cut belongs to the period before it."""
    return np.searchsorted(np.array(cuts), t, side="left")


def period_log_ratio(cuts: tuple[float, ...], own: Array, t: Array) -> Array:
    """Return the log hazard ratio (draws, points) of the period in which each time lies."""
    k = period(cuts, t)
    return np.asarray(own[:, k] if k.ndim == 1 else np.take_along_axis(own, k, axis=1))


def period_level(family: Family, cuts: tuple[float, ...], base: Array, own: Array, level: Array) -> Array:
    """Return the cumulative hazards (draws,) of the reference at which a curve with periods reaches ``level``."""
    offsets, ratios = _periods(family, cuts, base, own)
    starts = family.cumulative_hazard(np.array(cuts), base)
    reached = offsets[:, :-1] + ratios[:, :-1] * starts
    k = (level[:, None] > reached).sum(axis=1)[:, None]
    return np.asarray(
        (level - np.take_along_axis(offsets, k, axis=1)[:, 0]) / np.take_along_axis(ratios, k, axis=1)[:, 0]
    )


def _periods(family: Family, cuts: tuple[float, ...], base: Array, own: Array) -> tuple[Array, Array]:
    """Return a_k and HR_k (draws, periods) such that H = a_k + HR_k H0 in period k."""
    ratios = np.exp(own)
    at_cuts = family.cumulative_hazard(np.array(cuts), base)
    steps = (ratios[:, :-1] - ratios[:, 1:]) * at_cuts
    offsets = np.concatenate([np.zeros((steps.shape[0], 1)), np.cumsum(steps, axis=1)], axis=1)
    return offsets, ratios


MEAN_STEP = 1.0 / 64.0
BLOCK = 256


class PopulationHazard(Protocol):
    """What people without the disease die of, in months since the start of the model."""

    def __hash__(self) -> int:
        """Hash of the object itself."""
        ...

    @property
    def kinks(self) -> tuple[float, ...]:
        """Months at which the hazard jumps."""
        ...

    def cumulative_hazard(self, t: Array) -> Array:
        """Cumulative hazard at times of any shape, in months."""
        ...

    def hazard(self, t: Array) -> Array:
        """Hazard per month at times of any shape, in months."""
        ...


def population_hazard(population: PopulationHazard, t: Array) -> Array:
    """Return the population's cumulative hazard at times of any shape; kept where many blocks of draws share them."""
    return _kept_hazard(population, t.tobytes()) if t.ndim == 1 else population.cumulative_hazard(t)


@lru_cache(maxsize=32)
def _kept_hazard(population: PopulationHazard, times: bytes) -> Array:
    return population.cumulative_hazard(np.frombuffer(times))


@dataclass(frozen=True)
class EndpointCurves:
    """The curves of one endpoint over one joint vector of coefficients.

    An independent curve has the coefficients of its family; a relative one has the
    logarithm of its effect (see `relations`). With background mortality the curves are
    those of the excess hazard, to which the population's is added:
    S(t) = S_excess(t) x S_population(t).
    In every method coefficients are (draws, p), t is (points,) and in months.

    Attributes
    ----------
    endpoint : str
        For example ``os``.
    specs : tuple of CurveSpec
        One curve a strategy.
    background : PopulationHazard or None
        The population's hazard, where the curves are of the excess hazard.
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
    background: PopulationHazard | None = field(default=None, compare=False)
    names: tuple[str, ...] = field(init=False)
    columns: dict[str, slice] = field(init=False, compare=False)
    _spec: dict[str, CurveSpec] = field(init=False, repr=False, compare=False)
    _family: dict[str, Family] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the specs and lay out the coefficients."""
        spec = {each.strategy: each for each in self.specs}
        raise_together(problems(self.endpoint, self.specs, spec))
        base = {each.strategy: base_spec(each, spec) for each in self.specs}
        families = {strategy: as_family(each.family) for strategy, each in base.items()}
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
        self, strategy: str, t: Array, coefficients: Array, *, log_t: Array | None = None, out: Array | None = None
    ) -> Array:
        """Compute survival (draws, points); ``log_t`` and ``out`` as in `Family`."""
        relation, base, _ = self._parts(strategy, coefficients)
        log_t = log_time(t) if log_t is None else log_t
        if relation == INDEPENDENT:
            out = self._family[strategy].survival(t, base, log_t=log_t, out=out)
        else:
            out = self._fitted_hazard(strategy, t, coefficients, log_t, out)
            np.negative(out, out=out)
            np.exp(out, out=out)
        if self.background is not None:
            out *= np.exp(-population_hazard(self.background, t))
        return out

    def cumulative_hazard(
        self, strategy: str, t: Array, coefficients: Array, *, log_t: Array | None = None, out: Array | None = None
    ) -> Array:
        """Compute the cumulative hazard (draws, points)."""
        log_t = log_time(t) if log_t is None else log_t
        out = self._fitted_hazard(strategy, t, coefficients, log_t, out)
        if self.background is not None:
            out += population_hazard(self.background, t)
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
        relation, base, own = self._parts(strategy, coefficients)
        shape = self._family[strategy]
        there, log_there = t, log_time(t) if log_t is None else log_t
        if relation == ACCELERATED_FAILURE_TIME:
            there, log_there = slowed(t, log_there, own)
        known = cumulative if relation == INDEPENDENT and self.background is None else None
        if known is None:
            known = shape.cumulative_hazard(there, base, log_t=log_there)
        result = shape.log_hazard(there, base, log_t=log_there, cumulative=known)
        result = related_log_hazard(relation, result, known, own)
        if relation == HAZARD_RATIO_BY_PERIOD:
            result = result + period_log_ratio(self._spec[strategy].cuts, own, t)
        if self.background is None:
            return result
        with np.errstate(divide="ignore"):
            return np.asarray(np.logaddexp(result, np.log(self.background.hazard(t))))

    def quantile(self, strategy: str, p: ArrayLike, coefficients: Array) -> Array:
        """Compute the time in months (draws,) at which survival is 1 - p; ``inf`` if never."""
        relation, base, own = self._parts(strategy, coefficients)
        shape = self._family[strategy]
        with np.errstate(divide="ignore", over="ignore"):
            level = np.broadcast_to(-np.log1p(-np.asarray(p, dtype=np.float64)), coefficients.shape[:1])
            if self.background is not None:
                return time_at(_OneStrategy(self, strategy), level, coefficients)
            if relation == HAZARD_RATIO_BY_PERIOD:
                return shape.time_at(period_level(shape, self._spec[strategy].cuts, base, own, level), base)
            time = shape.time_at(reference_level(relation, level, own), base)
            return time * np.exp(own[:, 0]) if relation == ACCELERATED_FAILURE_TIME else time

    def mean(self, strategy: str, coefficients: Array) -> Array:
        """Compute the unrestricted mean months (draws,), ``inf`` where infinite.

        The family's own mean where it applies; else integrated numerically (relative
        error below 1e-8 for smooth curves).
        """
        relation, base, own = self._parts(strategy, coefficients)
        if self.background is None and relation in {INDEPENDENT, ACCELERATED_FAILURE_TIME}:
            mean = self._family[strategy].mean(base)
            with np.errstate(over="ignore"):
                return mean * np.exp(own[:, 0]) if relation == ACCELERATED_FAILURE_TIME else mean
        return _in_blocks(lambda some: self._integrated_mean(strategy, some), coefficients)

    def restricted_mean(self, strategy: str, horizon: float, coefficients: Array) -> Array:
        """Compute the mean months up to a horizon, the area under the curve (draws,).

        Double-exponential quadrature between the kinks of the curve, relative error
        below 1e-8.
        """
        if self._spec[strategy].relation == ACCELERATED_FAILURE_TIME and self._family[strategy].kinks:
            return _in_blocks(lambda some: self._accelerated_area(strategy, horizon, some), coefficients)
        t, weights = nodes_up_to(horizon, self.kinks(strategy))
        log_t = log_time(t)
        return _in_blocks(lambda some: self.survival(strategy, t, some, log_t=log_t) @ weights, coefficients)

    def kinks(self, strategy: str) -> tuple[float, ...]:
        """Return the months at which a curve is not smooth, in order; of an accelerated curve its reference's."""
        population = () if self.background is None else self.background.kinks
        return tuple(sorted({*self._family[strategy].kinks, *self._spec[strategy].cuts, *population}))

    def _parts(self, strategy: str, coefficients: Array) -> tuple[str, Array, Array]:
        """Return the relation, the coefficients of the family, and the strategy's own.

        An accelerated curve of a family that is closed under acceleration is one of that
        family with other coefficients, and comes back as independent.
        """
        reference = self.spec(strategy).reference
        relation = self._spec[strategy].relation
        own = coefficients[:, self.columns[strategy]]
        if reference is None or relation == INDEPENDENT:
            return INDEPENDENT, own, own
        base = coefficients[:, self.columns[reference]]
        if relation == ACCELERATED_FAILURE_TIME and is_closed(self._family[strategy]):
            return INDEPENDENT, stretched(self._family[strategy], base, own), own
        return relation, base, own

    def _fitted_hazard(
        self, strategy: str, t: Array, coefficients: Array, log_t: Array, out: Array | None = None
    ) -> Array:
        """Cumulative hazard (draws, points) without the population's."""
        relation, base, own = self._parts(strategy, coefficients)
        shape = self._family[strategy]
        if relation == ACCELERATED_FAILURE_TIME:
            t, log_t = slowed(t, log_t, own)
        out = shape.cumulative_hazard(t, base, log_t=log_t, out=out)
        if relation == HAZARD_RATIO_BY_PERIOD:
            return period_hazard(shape, self._spec[strategy].cuts, base, own, t, out)
        return related_hazard(relation, out, own)

    def _accelerated_area(self, strategy: str, horizon: float, coefficients: Array) -> Array:
        """Area up to a horizon where the kinks of the reference move with the factor of each draw."""
        factors = np.exp(coefficients[:, self.columns[strategy]])
        moved = factors * np.array(self._family[strategy].kinks)
        population = () if self.background is None else self.background.kinks
        fixed = np.tile(np.array(population), (factors.shape[0], 1))
        t, weights = nodes_by_draw(horizon, np.hstack([moved, fixed]))
        return np.asarray((self.survival(strategy, t, coefficients) * weights).sum(axis=1))

    def _integrated_mean(self, strategy: str, coefficients: Array) -> Array:
        """Area up to the last kink, and beyond it on the half line in units of the median."""
        last = max(self.kinks(strategy), default=0.0)
        relation, base, own = self._parts(strategy, coefficients)
        log_nodes, weights = half_line(MEAN_STEP)
        index = tail_index(relation, self._family[strategy].tail_index(base), own)
        index = np.where(self.background is not None, np.inf, index)
        median = self.quantile(strategy, 0.5, coefficients)
        finite = (index > 1.0) & np.isfinite(median)
        scale = np.where(finite, median, 1.0)[:, None]
        survival = self.survival(strategy, last + np.exp(log_nodes) * scale, coefficients)
        rest = np.exp(log_nodes[-1]) * survival[:, -1] / np.where(finite, index - 1.0, 1.0)
        area = scale[:, 0] * (survival @ weights + rest)
        if last > 0.0:
            area = area + self.restricted_mean(strategy, last, coefficients)
        return np.where(finite, area, np.inf)


@dataclass(frozen=True)
class _OneStrategy:
    """The curve of one strategy, with the methods of a family."""

    curves: EndpointCurves
    strategy: str

    def cumulative_hazard(self, t: Array, coefficients: Array, *, log_t: Array | None = None) -> Array:
        return self.curves.cumulative_hazard(self.strategy, t, coefficients, log_t=log_t)

    def log_hazard(
        self, t: Array, coefficients: Array, *, log_t: Array | None = None, cumulative: Array | None = None
    ) -> Array:
        return self.curves.log_hazard(self.strategy, t, coefficients, log_t=log_t, cumulative=cumulative)


def _in_blocks(function: Callable[[Array], Array], coefficients: Array) -> Array:
    """Apply a function of (draws, p) to blocks of draws, so that memory stays small."""
    draws = coefficients.shape[0]
    parts = [function(coefficients[i : i + BLOCK]) for i in range(0, draws, BLOCK)]
    return np.concatenate(parts) if parts else np.empty(0)
