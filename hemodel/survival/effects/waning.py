"""Waning: the treatment effect is lost, and the treated follow the reference again.

Appraisals lose the effect at once or little by little, on hazards or on survival
(Taylor K et al., PharmacoEconomics 2024;42(11), doi:10.1007/s40273-024-01423-6). With w
the share of the effect that is left, h1 and S1 of the treated curve, h0 and S0 of the
reference:

    hazard    h(t) = w(t) h1(t) + (1 - w(t)) h0(t)
    survival  S(t) = w(t) S1(t) + (1 - w(t)) S0(t)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from hemodel.survival.effects.cycles import accumulated, at_boundary_before, growth, largest_so_far
from hemodel.survival.errors import SurvivalError, raise_together

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.survival.effects.cycles import Cycles
    from hemodel.survival.family import Array


LINEAR, IMMEDIATE, WITH_TREATMENT = "linear", "immediate", "with_treatment"
HAZARD, SURVIVAL = "hazard", "survival"
SHAPES, SCALES = (LINEAR, IMMEDIATE, WITH_TREATMENT), (HAZARD, SURVIVAL)
RELATIVE_TOLERANCE, ABSOLUTE_TOLERANCE = 1e-9, 1e-12
"""Two hazards closer than this are the same."""
STRETCH = 6
"""Integrals are taken in y = t^(1/6), in which curves are smooth even at time 0."""
PANELS_IN_TIME, PANELS_IN_Y = 48, 32


class CurveAtTimes(Protocol):
    """A curve that can be evaluated at any times."""

    def cumulative_hazard(self, t: Array) -> Array:
        """Cumulative hazard (draws, points) at times (points,)."""
        ...


@dataclass(frozen=True)
class Waning:
    """How the effect of one strategy is lost.

    Attributes
    ----------
    reference : str
        The strategy whose curve is followed in the end.
    start : float
        When the effect begins to be lost; not read for ``with_treatment``. [months]
    end : float
        When nothing of it is left; read for ``linear`` only. [months]
    shape : {"linear", "immediate", "with_treatment"}
        linear: w falls from 1 at the start to 0 at the end. immediate: w is 1 up to and
        including the start, then 0. with_treatment: w is the share still on treatment.
    scale : {"hazard", "survival"}

    Raises
    ------
    SurvivalError
        Where these do not go together, all problems at once.
    """

    reference: str
    start: float
    end: float
    shape: str
    scale: str

    def __post_init__(self) -> None:
        """Check the values."""
        timed = self.shape != WITH_TREATMENT
        on_survival = not timed and self.scale == SURVIVAL
        checks = (
            (self.shape in SHAPES, f"the shape is {self.shape!r}. Give one of {', '.join(SHAPES)}."),
            (self.scale in SCALES, f"the scale is {self.scale!r}. Give one of {', '.join(SCALES)}."),
            (not on_survival, "an effect that lasts with treatment is one on the hazard. Give the scale hazard."),
            (not timed or self.start >= 0.0, f"it starts at month {self.start:g}. Give 0 or more."),
            (
                self.shape != LINEAR or self.end > self.start,
                f"it ends at month {self.end:g} and starts at month {self.start:g}. Give an end after the start.",
            ),
        )
        raise_together(SurvivalError(f"waning towards {self.reference}: {text}") for ok, text in checks if not ok)


@dataclass(frozen=True)
class Waned:
    """A curve with waning, and what is to be said about it.

    Attributes
    ----------
    cumulative_hazard : array (draws, points)
    lower_reference : array (draws,) of bool
        Whether the reference is the better of the two somewhere after the start, so that
        losing the effect helps: on the scale of hazards its hazard is lower over an
        interval between two successive times, on that of survival its survival is higher.
    lower_from : array (draws,)
        The first of the times at which that is so; NaN where it never is. [months]
    held : array (draws,) of int
        Times at which survival would have risen and was held at its lowest at any boundary before.
    """

    cumulative_hazard: Array
    lower_reference: NDArray[np.bool_]
    lower_from: Array
    held: NDArray[np.intp]


def effect_left(t: Array, spec: Waning) -> Array:
    """Return the share w (points,) of the effect that is left at times t [months].

    Not for ``with_treatment``, where it is the share still on treatment.
    """
    if spec.shape == IMMEDIATE:
        return np.where(t <= spec.start, 1.0, 0.0)
    return np.clip((spec.end - t) / (spec.end - spec.start), 0.0, 1.0)


def share_on_treatment(on_treatment: Array, overall: Array) -> Array:
    """Return min(1, on treatment / alive), same shape; 0 where nobody is alive."""
    alive = overall > 0.0
    with np.errstate(over="ignore"):
        return np.minimum(np.divide(on_treatment, overall, out=np.zeros_like(overall), where=alive), 1.0)


def waned_cumulative_hazard(
    t: Array,
    spec: Waning,
    treated: CurveAtTimes,
    reference: CurveAtTimes,
    *,
    on_treatment: Array | None = None,
    kinks: tuple[float, ...] = (),
    cycles: Cycles | None = None,
) -> Waned:
    """Compute the cumulative hazard of the treated curve as its effect is lost.

    Parameters
    ----------
    t : array (points,)
        Increasing times, 0 or more. [months]
    treated, reference : CurveAtTimes
        Their cumulative hazards are (draws, points), or (1, points) where all draws are alike.
    on_treatment : array (draws, points), optional
        `share_on_treatment` at t; for ``with_treatment`` only, where it is needed.
    kinks : tuple of float
        Times at which one of the curves is not smooth, for linear waning of the hazard. [months]
    cycles : Cycles, optional
        Which of the times are cycle boundaries; without it all are. With treatment, and where
        survival would rise, what happens within a cycle is counted from the boundary before.

    Returns
    -------
    Waned
        Exact, but for two cases. Linear waning of the hazard has an error below 1e-9 for
        smooth curves, whatever the times. With treatment, w over each cycle, or the part of
        it up to a time within, is the mean of its two ends; at time 0 it is 1.

    Raises
    ------
    SurvivalError
        Where the share on treatment is missing.
    """
    h1, h0 = np.broadcast_arrays(treated.cumulative_hazard(t), reference.cumulative_hazard(t))
    if spec.shape == WITH_TREATMENT:
        if on_treatment is None:
            raise SurvivalError(f"waning towards {spec.reference}: the share still on treatment is missing.")
        return _with_treatment(t, h1, h0, on_treatment, cycles)
    total, held = h1.copy(), np.zeros(h1.shape[0], dtype=np.intp)
    first = int(np.searchsorted(t, spec.start, side="right"))
    if first == t.size:
        return Waned(total, np.zeros(held.size, dtype=np.bool_), np.full(held.size, np.nan), held)
    later1, later0, times = h1[:, first:], h0[:, first:], t[first:]
    start = np.array([spec.start])
    s1, s0 = treated.cumulative_hazard(start), reference.cumulative_hazard(start)
    left = effect_left(times, spec)
    if spec.scale == SURVIVAL:
        total[:, first:], held = _kept_falling(_mixture(left, later1, later0), s1, t.size, cycles)
        lower = _exceeds(later1, later0)
    else:
        with np.errstate(invalid="ignore"):
            part = _weighted(left, later1, s1, later0, s0)
            if spec.shape == LINEAR:
                part += _mean_difference(spec, treated, reference, np.minimum(times, spec.end), kinks, s1 - s0)
            lower = _exceeds(growth(later1, s1), growth(later0, s0))
        total[:, first:] = _infinite_where_undefined(part, later1, later0)
    return Waned(total, *_first_time(lower, times), held)


def _weighted(left: Array, h1: Array, s1: Array, h0: Array, s0: Array) -> Array:
    """Return s1 + w (h1 - s1) + (1 - w) (h0 - s0); h1 counts for nothing where w is 0, even if it is infinite."""
    some = np.count_nonzero(left)
    total = h0 + (s1 - s0)
    w = left[:some]
    total[:, :some] = s1 + w * (h1[:, :some] - s1) + (1.0 - w) * (h0[:, :some] - s0)
    return total


def _infinite_where_undefined(cumulative: Array, h1: Array, h0: Array) -> Array:
    """Return the cumulative hazard, infinite where infinite ones made it undefined and nobody can be alive."""
    undefined = np.isnan(cumulative)
    if undefined.any():
        cumulative[undefined & ~np.isnan(h1) & ~np.isnan(h0)] = np.inf
    return cumulative


def _mixture(left: Array, h1: Array, h0: Array) -> Array:
    """Return -ln(w S1 + (1 - w) S0) from the two cumulative hazards, (draws, points)."""
    some = np.count_nonzero(left)
    mixed, w = h0.copy(), left[:some]
    with np.errstate(divide="ignore"):
        mixed[:, :some] = -np.logaddexp(np.log(w) - h1[:, :some], np.log1p(-w) - h0[:, :some])
    return mixed


def _kept_falling(mixed: Array, least: Array, points: int, cycles: Cycles | None) -> tuple[Array, NDArray[np.intp]]:
    """Return the largest cumulative hazard so far (draws, last points of the grid), and at how many that changed it."""
    whole = np.repeat(np.broadcast_to(least, (mixed.shape[0], 1)), points, axis=1)
    later = slice(points - mixed.shape[1], None)
    np.maximum(mixed, least, out=whole[:, later])
    largest = largest_so_far(whole, cycles)[:, later]
    return largest, np.count_nonzero(largest > mixed + ABSOLUTE_TOLERANCE, axis=1)


def _mean_difference(
    spec: Waning, treated: CurveAtTimes, reference: CurveAtTimes, ends: Array, kinks: tuple[float, ...], at_start: Array
) -> Array:
    """Return 1 / (end - start) x the integral of H1 - H0 - (H1 - H0)(start) from the start to some ends.

    By parts, the integral of w h1 + (1 - w) h0 from the start is w H1 + (1 - w) H0, counted
    from the start, plus this. Gauss-Legendre quadrature with three nodes between any two
    of the ends, the kinks, points even in time and points even in y.
    """
    inside = [kink for kink in kinks if spec.start < kink < spec.end]
    in_time = np.linspace(spec.start, spec.end, PANELS_IN_TIME + 1)
    first, last = in_time[[0, -1]] ** (1.0 / STRETCH)
    in_y = np.linspace(first, last, PANELS_IN_Y + 1)
    stops = ends ** (1.0 / STRETCH)
    edges = np.unique(np.concatenate([in_y, stops, np.array([*in_time[1:-1], *inside]) ** (1.0 / STRETCH)]))
    x, weights = np.polynomial.legendre.leggauss(3)
    half = 0.5 * np.diff(edges)[:, None]
    y = 0.5 * (edges[1:] + edges[:-1])[:, None] + half * x
    t, scale = (y**STRETCH).ravel(), half * weights * STRETCH * y ** (STRETCH - 1) / (spec.end - spec.start)
    difference = treated.cumulative_hazard(t) - reference.cumulative_hazard(t) - at_start
    panels = (difference * scale.ravel()).reshape(-1, half.size, x.size).sum(axis=2)
    so_far = np.concatenate([np.zeros_like(panels[:, :1]), np.cumsum(panels, axis=1)], axis=1)
    return so_far[:, np.searchsorted(edges, stops)]


def _with_treatment(t: Array, h1: Array, h0: Array, on_treatment: Array, cycles: Cycles | None) -> Waned:
    left = 0.5 * (on_treatment + at_boundary_before(on_treatment, np.ones((1, 1)), cycles))
    nothing = np.zeros((1, 1))
    with np.errstate(invalid="ignore"):
        grown1, grown0 = growth(h1, nothing, cycles), growth(h0, nothing, cycles)
        lower = _exceeds(grown1, grown0) & (left < 1.0)
        from_treated = np.where(left > 0.0, left * grown1, 0.0)
        total = accumulated(from_treated + (1.0 - left) * grown0, cycles)
    return Waned(
        _infinite_where_undefined(total, h1, h0),
        *_first_time(lower, t),
        np.zeros(total.shape[0], dtype=np.intp),
    )


def _exceeds(a: Array, b: Array) -> NDArray[np.bool_]:
    """Return where a is above b by more than rounding."""
    return np.asarray(a * (1.0 - RELATIVE_TOLERANCE) - ABSOLUTE_TOLERANCE > b)


def _first_time(found: NDArray[np.bool_], t: Array) -> tuple[NDArray[np.bool_], Array]:
    """Return in which draws something is found (draws,), and the first time of it, NaN if never."""
    where = np.asarray(found.any(axis=1))
    first = np.full(where.size, np.nan)
    first[where] = t[np.argmax(found[where], axis=1)]
    return where, first
