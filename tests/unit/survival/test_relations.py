"""Relative curves, curves on another clock and curves with background mortality, against their formulas.

Every expected curve is built in the test from the reference curve alone: sums, powers and times by hand, slopes by
differences, and areas by `scipy.integrate.quad`.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import integrate

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.families.stretch import is_closed, stretched

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.survival.family import Array

PH, AFT = "proportional_hazards", "accelerated_failure_time"
PO, PERIODS = "proportional_odds", "hazard_ratio_by_period"
GRID = np.array([0.3, 1.0, 2.5, 5.0, 8.0, 11.0, 17.0, 29.0, 55.0, 110.0])
CUTS = (6.0, 14.0)
RATIOS = (0.5, 0.9, 1.3)
OPEN = (
    "spline(hazard, knots at 1 6 24)",
    "spline(odds, knots at 1 6 24)",
    "spline(normal, knots at 1 6 24)",
    "piecewise(3, 7, 12)",
    "join(exp, 9, weibull)",
    "mixture_cure(spline(hazard, knots at 1 6 24))",
)
NESTED = (
    "mixture_cure(weibull)",
    "mixture_cure(gompertz)",
    "nonmixture_cure(lnorm)",
    "nonmixture_cure(weibullPH)",
    "average(weibull 0.5, gengamma 0.3, gompertz 0.2)",
)
CLOSED = (*FAMILIES, *NESTED)
ALL = (*CLOSED, *OPEN)


def reference(name: str) -> Array:
    """Coefficients (draws, p) of a few shapes with a median of 10 months."""
    return family(name).starts(10.0)


def pair(name: str, relation: str, own: Array, cuts: tuple[float, ...] = ()) -> tuple[EndpointCurves, Array]:
    """A reference and a curve relative to it with own coefficients (k,), and joint coefficients (draws, p)."""
    specs = (CurveSpec("old", name, "independent"), CurveSpec("new", "", relation, "old", cuts))
    base = reference(name)
    return EndpointCurves("os", specs), np.hstack([base, np.tile(own, (len(base), 1))])


def expected_hazard(name: str, relation: str, t: Array) -> Array:
    """Cumulative hazard (draws, points) of the relative curves of these tests, from that of the reference."""
    shape, base = family(name), reference(name)

    def h0(at: Array | float) -> Array:
        return shape.cumulative_hazard(np.atleast_1d(np.asarray(at, dtype=np.float64)), base)

    if relation == PH:
        return 0.7 * h0(t)
    if relation == AFT:
        return h0(t / 1.6)
    if relation == PO:
        hazard = h0(t)
        odds = 0.6 * np.expm1(np.minimum(hazard, 40.0))
        return np.where(hazard > 40.0, hazard + np.log(0.6), np.log1p(odds))  # the rest is below e^-40
    edges = (0.0, *CUTS, np.inf)
    total = np.zeros((len(base), t.size))
    for (low, high), ratio in zip(pairwise(edges), RATIOS, strict=True):
        total += ratio * (h0(np.clip(t, low, high)) - h0(low))
    return total


OWN = {PH: np.log([0.7]), AFT: np.log([1.6]), PO: np.log([0.6]), PERIODS: np.log(RATIOS)}


def made(name: str, relation: str) -> tuple[EndpointCurves, Array]:
    return pair(name, relation, OWN[relation], CUTS if relation == PERIODS else ())


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("relation", OWN)
def test_curve_equals_its_formula(name: str, relation: str) -> None:
    """Rounding only, of sums and logarithms of hazards up to 100."""
    curves, c = made(name, relation)
    hazard = expected_hazard(name, relation, GRID)

    np.testing.assert_allclose(curves.cumulative_hazard("new", GRID, c), hazard, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(curves.survival("new", GRID, c), np.exp(-hazard), rtol=1e-10, atol=1e-14)
    at_start = curves.survival("new", np.zeros(1), c)
    np.testing.assert_array_equal(at_start, 1.0)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("relation", OWN)
def test_hazard_is_the_slope_of_the_cumulative_hazard(name: str, relation: str) -> None:
    """Five-point differences: step 1e-3 of t; rounding of H leaves an error of some 1e-13 H / t in the slope."""
    curves, c = made(name, relation)
    t = GRID[:8]
    steps = 1e-3 * t * np.array([[-2.0], [-1.0], [1.0], [2.0]])
    h = [curves.cumulative_hazard("new", t + step, c) for step in steps]
    slope = (h[0] - 8.0 * h[1] + 8.0 * h[2] - h[3]) / (12.0 * 1e-3 * t)

    np.testing.assert_allclose(np.exp(curves.log_hazard("new", t, c)), slope, rtol=2e-9, atol=5e-12)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("relation", OWN)
def test_quantile_inverts_survival(name: str, relation: str) -> None:
    """To 1e-10 in probability, the last Newton step of curves without a closed quantile."""
    curves, c = made(name, relation)
    for p in (0.05, 0.33, 0.5, 0.66):
        time = curves.quantile("new", p, c)
        left = curves.survival("new", np.array([1e30]), c)[:, 0]
        reached = left < 1.0 - p
        np.testing.assert_array_equal(np.isfinite(time), reached)
        found = np.array([curves.survival("new", time[[i]], c[[i]])[0, 0] for i in np.flatnonzero(reached)])
        np.testing.assert_allclose(found, 1.0 - p, rtol=1e-10)


def area(survival: Callable[[float], float], edges: tuple[float, ...]) -> float:
    """Area piece by piece, absolute error below 1e-10 in each; pieces keep `quad` away from kinks."""
    options = {"epsabs": 1e-11, "epsrel": 1e-11, "limit": 400}
    return sum(float(integrate.quad(survival, low, high, **options)[0]) for low, high in pairwise(edges))


def edges_of(name: str, relation: str, horizon: float) -> tuple[float, ...]:
    kinks = set(CUTS if relation == PERIODS else ()) | {
        kink * (1.6 if relation == AFT else 1.0) for kink in family(name).kinks
    }
    return (0.0, *sorted(kink for kink in kinks if kink < horizon), horizon)


@pytest.mark.parametrize("name", ["weibull", "gengamma", "mixture_cure(weibull)", *OPEN])
@pytest.mark.parametrize("relation", OWN)
def test_restricted_mean_is_the_area(name: str, relation: str) -> None:
    """Documented to 1e-8."""
    curves, c = made(name, relation)
    horizon, row = 40.0, 2
    c = c[[row]]

    def survival(t: float) -> float:
        return float(np.exp(-expected_hazard(name, relation, np.array([t]))[row, 0]))

    expected = area(survival, edges_of(name, relation, horizon))
    assert curves.restricted_mean("new", horizon, c)[0] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("relation", OWN)
def test_mean_of_an_exponential(relation: str) -> None:
    """Rate r: 1 / (r HR); AF / r; the odds give -ln(OR) / (r (1 - OR)); periods piece by piece.

    With S = 1 / (1 + OR (e^(rt) - 1)) and u = e^(-rt), the mean is the integral of 1 / (r (u (1 - OR) + OR)) over u
    from 0 to 1, which is -ln(OR) / (r (1 - OR)).
    """
    rate = np.log(2.0) / 10.0
    curves, c = made("exp", relation)
    pieces = 0.0
    start = 1.0
    for (low, high), ratio in zip(pairwise((0.0, *CUTS, np.inf)), RATIOS, strict=True):
        left = np.exp(-ratio * rate * (high - low))
        pieces += start * (1.0 - left) / (ratio * rate)
        start *= left
    expected = {
        PH: 1.0 / (0.7 * rate),
        AFT: 1.6 / rate,
        PO: -np.log(0.6) / (rate * 0.4),
        PERIODS: pieces,
    }[relation]
    assert curves.mean("new", c)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", CLOSED)
def test_a_stretched_curve_of_a_closed_family(name: str) -> None:
    """Its coefficients give S(t / f) in every draw, each with its own f."""
    shape, base = family(name), reference(name)
    assert is_closed(shape)
    factors = np.linspace(0.02, 40.0, len(base))[:, None]
    moved = stretched(shape, base, np.log(factors))
    for row, factor in enumerate(factors[:, 0]):
        found = shape.cumulative_hazard(GRID, moved[[row]])
        expected = shape.cumulative_hazard(GRID / factor, base[[row]])
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", OPEN)
def test_families_that_are_not_closed(name: str) -> None:
    assert not is_closed(family(name))


@pytest.mark.parametrize("name", ["weibull", "spline(hazard, knots at 1 6 24)", "piecewise(3, 7, 12)"])
def test_acceleration_scales_mean_quantile_and_restricted_mean(name: str) -> None:
    """T = 1.6 T0, so mean and quantiles are 1.6 times as large, and the area to 40 is 1.6 x that of T0 to 25."""
    curves, c = made(name, AFT)
    c = c[2:3]
    assert curves.mean("new", c)[0] == pytest.approx(1.6 * curves.mean("old", c)[0], rel=1e-8)
    assert curves.quantile("new", 0.6, c)[0] == pytest.approx(1.6 * curves.quantile("old", 0.6, c)[0], rel=1e-11)
    stretched_area = 1.6 * curves.restricted_mean("old", 25.0, c)[0]
    assert curves.restricted_mean("new", 40.0, c)[0] == pytest.approx(stretched_area, rel=1e-8)


@pytest.mark.parametrize("relation", [PO, PERIODS])
def test_no_effect_is_the_reference(relation: str) -> None:
    own = np.zeros(1 if relation == PO else 3)
    curves, c = pair("gompertz", relation, own, () if relation == PO else CUTS)
    np.testing.assert_allclose(curves.survival("new", GRID, c), curves.survival("old", GRID, c), rtol=1e-12, atol=1e-15)


def test_a_cut_belongs_to_the_period_before_it() -> None:
    """The hazard jumps just after the cut; survival is continuous there."""
    curves, c = pair("exp", PERIODS, OWN[PERIODS], CUTS)
    t = np.array([6.0, np.nextafter(6.0, 7.0), 14.0, np.nextafter(14.0, 15.0)])
    rate = np.log(2.0) / 10.0
    found = np.exp(curves.log_hazard("new", t, c))[0]
    np.testing.assert_allclose(found, rate * np.array([0.5, 0.9, 0.9, 1.3]), rtol=1e-12)


# Background mortality ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Population:
    """Hazard 0.001 a month, 0.004 from month 12, 0.02 from month 60."""

    starts: tuple[float, ...] = (0.0, 12.0, 60.0)
    rates: tuple[float, ...] = (0.001, 0.004, 0.02)

    @property
    def kinks(self) -> tuple[float, ...]:
        return self.starts[1:]

    def cumulative_hazard(self, t: Array) -> Array:
        ends = (*self.starts[1:], np.inf)
        parts = [r * (np.clip(t, a, b) - a) for r, a, b in zip(self.rates, self.starts, ends, strict=True)]
        return np.asarray(sum(parts))

    def hazard(self, t: Array) -> Array:
        return np.asarray(np.array(self.rates)[np.searchsorted(self.starts, t, side="right") - 1])


def with_population(name: str, relation: str) -> tuple[EndpointCurves, EndpointCurves, Array]:
    """The curves of the excess hazard alone, the same with background mortality, and coefficients."""
    excess, c = made(name, relation)
    return excess, EndpointCurves("os", excess.specs, Population()), c


@pytest.mark.parametrize("name", ["weibull", "gengamma", "mixture_cure(lnorm)", "piecewise(3, 7, 12)"])
@pytest.mark.parametrize("relation", OWN)
@pytest.mark.parametrize("strategy", ["old", "new"])
def test_background_is_a_factor_of_survival(name: str, relation: str, strategy: str) -> None:
    excess, curves, c = with_population(name, relation)
    people = Population()
    alive = np.exp(-people.cumulative_hazard(GRID))

    np.testing.assert_allclose(
        curves.survival(strategy, GRID, c), excess.survival(strategy, GRID, c) * alive, rtol=1e-13
    )
    np.testing.assert_allclose(
        curves.cumulative_hazard(strategy, GRID, c),
        excess.cumulative_hazard(strategy, GRID, c) + people.cumulative_hazard(GRID),
        rtol=1e-13,
    )
    hazards = np.exp(excess.log_hazard(strategy, GRID, c)) + people.hazard(GRID)
    np.testing.assert_allclose(curves.log_hazard(strategy, GRID, c), np.log(hazards), rtol=1e-12, atol=1e-12)
    time = curves.quantile(strategy, 0.8, c)
    found = [curves.survival(strategy, time[[i]], c[[i]])[0, 0] for i in range(len(c))]
    np.testing.assert_allclose(found, 0.2, rtol=1e-9)


@pytest.mark.parametrize("name", ["weibull", "mixture_cure(lnorm)", "piecewise(3, 7, 12)"])
@pytest.mark.parametrize("relation", [PH, AFT, PO, PERIODS])
def test_restricted_mean_with_background(name: str, relation: str) -> None:
    """Documented to 1e-8."""
    _, curves, c = with_population(name, relation)
    people, horizon, row = Population(), 90.0, 2

    def survival(t: float) -> float:
        at = np.array([t])
        return float(np.exp(-expected_hazard(name, relation, at)[row, 0] - people.cumulative_hazard(at)[0]))

    edges = tuple(sorted({*edges_of(name, relation, horizon), 12.0, 60.0}))
    expected = area(survival, edges)
    assert curves.restricted_mean("new", horizon, c[[row]])[0] == pytest.approx(expected, rel=1e-8)


def test_mean_with_background_of_the_cured() -> None:
    """Exponential excess hazard r for 70%, none for 30%: each part is a sum over three pieces of constant hazard."""
    _, curves, _ = with_population("mixture_cure(exp)", PH)
    rate, cured = 0.05, 0.3
    c = np.array([[np.log(cured / (1.0 - cured)), np.log(rate), 0.0]])
    expected = 0.0
    for share, extra in ((cured, 0.0), (1.0 - cured, rate)):
        alive = share
        for (low, high), people in zip(pairwise((0.0, 12.0, 60.0, np.inf)), Population().rates, strict=True):
            hazard = extra + people
            left = np.exp(-hazard * (high - low))
            expected += alive * (1.0 - left) / hazard
            alive *= left
    assert curves.mean("old", c)[0] == pytest.approx(expected, rel=1e-8)
