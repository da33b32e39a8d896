"""Waning of the treatment effect: against quadrature of the hazards and closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import integrate

from hemodel.survival.effects.waning import Waning, effect_left, share_on_treatment, waned_cumulative_hazard
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import family

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Of:
    """A curve of a family, with one row of parameters or more."""

    name: str
    parameters: tuple[float, ...]

    @property
    def coefficients(self) -> np.ndarray:
        return family(self.name).coefficients(np.array([self.parameters]))

    def cumulative_hazard(self, t: np.ndarray) -> np.ndarray:
        return family(self.name).cumulative_hazard(t, self.coefficients)

    def hazard(self, t: float) -> float:
        return float(np.exp(family(self.name).log_hazard(np.array([t]), self.coefficients)[0, 0]))


@dataclass(frozen=True)
class Made:
    """A curve given as a function of times (points,) to cumulative hazards (draws, points)."""

    function: Callable[[np.ndarray], np.ndarray]

    def cumulative_hazard(self, t: np.ndarray) -> np.ndarray:
        return self.function(t)


def exponential(*rates: float) -> Made:
    return Made(lambda t: np.array(rates)[:, None] * t)


def linear(start: float = 24.0, end: float = 60.0, scale: str = "hazard") -> Waning:
    return Waning("standard", start, end, "linear", scale)


def immediate(start: float, scale: str = "hazard") -> Waning:
    return Waning("standard", start, start, "immediate", scale)


WITH_TREATMENT = Waning("standard", 0.0, 0.0, "with_treatment", "hazard")
WEEKS = np.arange(1044.0) * 7.0 / 30.4375
PAIRS = {
    "weibull": (Of("weibull", (1.4, 20.0)), Of("weibull", (1.1, 12.0))),
    "unbounded at 0": (Of("weibull", (0.5, 20.0)), Of("weibull", (0.4, 12.0))),
    "llogis": (Of("llogis", (4.0, 20.0)), Of("llogis", (0.7, 12.0))),
    "lnorm": (Of("lnorm", (3.0, 0.9)), Of("lnorm", (2.0, 0.5))),
    "gompertz": (Of("gompertz", (0.02, 0.02)), Of("gompertz", (0.04, 0.03))),
    "steep": (Of("gompertz", (0.05, 0.01)), Of("gompertz", (0.2, 0.00001))),
}


def by_quadrature(spec: Waning, treated: Of, reference: Of, t: float) -> float:
    """Integral of w h1 + (1 - w) h0, by scipy between the points where w bends."""

    def hazard(u: float) -> float:
        w = min(1.0, max(0.0, (spec.end - u) / (spec.end - spec.start)))
        return w * treated.hazard(u) + (1.0 - w) * reference.hazard(u)

    stops = [0.0, *(stop for stop in (spec.start, spec.end) if 0.0 < stop < t), t]
    options = {"epsabs": 1e-13, "epsrel": 1e-13, "limit": 400}
    return sum(float(integrate.quad(hazard, a, b, **options)[0]) for a, b in pairwise(stops))


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(("start", "end"), [(24.0, 60.0), (0.0, 60.0), (0.01, 30.0), (3.0, 4.0)])
def test_linear_on_the_hazard(name: str, start: float, end: float) -> None:
    """Few times and far apart; quad itself is good to about 1e-12."""
    spec, times = linear(start, end), np.array([0.0, 2.0, 3.5, 30.0, 59.0, 100.0])
    waned = waned_cumulative_hazard(times, spec, *PAIRS[name])

    expected = [by_quadrature(spec, *PAIRS[name], t) if t else 0.0 for t in times]
    np.testing.assert_allclose(waned.cumulative_hazard[0], expected, rtol=0.0, atol=1e-9)


@pytest.mark.parametrize("name", PAIRS)
def test_linear_is_the_same_whatever_times_are_asked_for(name: str) -> None:
    weekly = waned_cumulative_hazard(WEEKS, linear(0.0), *PAIRS[name]).cumulative_hazard
    some = np.array([5, 100, 260, 700])
    few = waned_cumulative_hazard(WEEKS[some], linear(0.0), *PAIRS[name]).cumulative_hazard

    np.testing.assert_allclose(few, weekly[:, some], rtol=0.0, atol=1e-9)


def test_linear_between_exponential_curves() -> None:
    """With h1, h0 constant and x = t - s within the waning: H = h1 t + (h0 - h1) x^2 / (2 (e - s))."""
    h1, h0, s, e = 0.02, 0.05, 24.0, 60.0
    t = np.array([10.0, 24.0, 25.0, 42.0, 60.0, 100.0])
    x = np.clip(t - s, 0.0, e - s)
    expected = h1 * t + (h0 - h1) * (x**2 / (2.0 * (e - s)) + np.maximum(t - e, 0.0))
    waned = waned_cumulative_hazard(t, linear(s, e), exponential(h1), exponential(h0))

    np.testing.assert_allclose(waned.cumulative_hazard[0], expected, rtol=1e-13)


def test_linear_with_a_kink() -> None:
    """A hazard of 0.02 to month 30.3 and 0.2 after; without the kink the error is above 1e-7."""
    bent = Made(lambda t: np.array([[0.02]]) * t + 0.18 * np.maximum(t - 30.3, 0.0))
    t, length = np.array([60.0]), 36.0
    w = (60.0 - 30.3) / length
    expected = 0.02 * 24.0 + 0.02 * length / 2.0 + 0.18 * (60.0 - 30.3) * w / 2.0 + 0.05 * length / 2.0
    exact = waned_cumulative_hazard(t, linear(), bent, exponential(0.05), kinks=(5.0, 30.3, 99.0))
    rough = waned_cumulative_hazard(t, linear(), bent, exponential(0.05))

    assert exact.cumulative_hazard[0, 0] == pytest.approx(expected, rel=1e-13)
    assert abs(rough.cumulative_hazard[0, 0] - expected) > 1e-7


@pytest.mark.parametrize("name", PAIRS)
def test_after_the_end_the_hazard_is_the_reference(name: str) -> None:
    """Growth over each week from month 60, to the rounding of cumulative hazards up to 1,000 and above."""
    treated, reference = PAIRS[name]
    waned = waned_cumulative_hazard(WEEKS, linear(), treated, reference).cumulative_hazard
    late = WEEKS >= 60.0

    growth, expected = np.diff(waned[:, late]), np.diff(reference.cumulative_hazard(WEEKS[late]))
    np.testing.assert_allclose(growth, expected, rtol=1e-13, atol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("scale", ["hazard", "survival"])
def test_before_the_start_and_beyond_the_horizon_nothing_changes(name: str, scale: str) -> None:
    treated, reference = PAIRS[name]
    own = treated.cumulative_hazard(WEEKS)

    for spec in (linear(24.0, 60.0, scale), immediate(24.0, scale)):
        waned = waned_cumulative_hazard(WEEKS, spec, treated, reference).cumulative_hazard
        np.testing.assert_array_equal(waned[:, WEEKS <= 24.0], own[:, WEEKS <= 24.0])
    for spec in (linear(400.0, 500.0, scale), immediate(400.0, scale)):
        waned_late = waned_cumulative_hazard(WEEKS, spec, treated, reference)
        np.testing.assert_array_equal(waned_late.cumulative_hazard, own)
        assert not waned_late.lower_reference.any()


@pytest.mark.parametrize("scale", ["hazard", "survival"])
def test_immediate_at_the_start_is_the_reference(scale: str) -> None:
    treated, reference = PAIRS["weibull"]
    waned = waned_cumulative_hazard(WEEKS, immediate(0.0, scale), treated, reference)

    np.testing.assert_array_equal(waned.cumulative_hazard, reference.cumulative_hazard(WEEKS))


def test_immediate_on_the_hazard() -> None:
    """H1(s) + H0(t) - H0(s) after s."""
    treated, reference = PAIRS["weibull"]
    waned = waned_cumulative_hazard(np.array([20.0, 24.0, 50.0]), immediate(24.0), treated, reference)
    h1 = [(t / 20.0) ** 1.4 for t in (20.0, 24.0)]
    after = h1[1] + (50.0 / 12.0) ** 1.1 - (24.0 / 12.0) ** 1.1

    np.testing.assert_allclose(waned.cumulative_hazard[0], [*h1, after], rtol=1e-14)


def test_a_later_start_or_end_keeps_more_of_the_effect() -> None:
    treated, reference = exponential(0.02), exponential(0.05)
    t = np.array([120.0])
    specs = [immediate(12.0), linear(12.0, 24.0), linear(12.0, 60.0), linear(24.0, 60.0), immediate(60.0)]
    hazards = [float(waned_cumulative_hazard(t, s, treated, reference).cumulative_hazard[0, 0]) for s in specs]

    assert hazards == sorted(hazards, reverse=True)
    assert hazards[0] == pytest.approx(0.02 * 12.0 + 0.05 * 108.0, rel=1e-14)


def test_linear_on_survival() -> None:
    """w S1 + (1 - w) S0, with w = 3/4, 1/4 and 0, of exponential curves."""
    t, w = np.array([33.0, 51.0, 90.0]), np.array([0.75, 0.25, 0.0])
    waned = waned_cumulative_hazard(t, linear(scale="survival"), exponential(0.02), exponential(0.05))

    expected = w * np.exp(-0.02 * t) + (1.0 - w) * np.exp(-0.05 * t)
    np.testing.assert_allclose(np.exp(-waned.cumulative_hazard[0]), expected, rtol=1e-13)
    assert waned.cumulative_hazard[0, 2] == 0.05 * 90.0
    assert waned.held.tolist() == [0]
    assert waned.lower_reference.tolist() == [False]


def test_linear_on_survival_far_out() -> None:
    """Where survival is below the smallest number the cumulative hazard is still right: -ln(1/2) beside 1,000."""
    waned = waned_cumulative_hazard(
        np.array([50.0]), linear(0.0, 100.0, "survival"), exponential(20.0), exponential(90.0)
    )

    assert waned.cumulative_hazard[0, 0] == pytest.approx(1000.0 + np.log(2.0), rel=1e-15)


def test_survival_that_would_rise_is_held() -> None:
    """Reference 0.01 above treated 0.05, effect lost at once at month 10: S stays at exp(-0.5) until month 50."""
    t = np.array([5.0, 10.0, 11.0, 30.0, 49.0, 60.0])
    waned = waned_cumulative_hazard(t, immediate(10.0, "survival"), exponential(0.05, 0.005), exponential(0.01))

    np.testing.assert_allclose(waned.cumulative_hazard[0], [0.25, 0.5, 0.5, 0.5, 0.5, 0.6], rtol=1e-14)
    assert waned.held.tolist() == [3, 0]
    assert waned.lower_reference.tolist() == [True, False]
    assert waned.lower_from[0] == 11.0
    assert np.isnan(waned.lower_from[1])


def test_a_reference_with_the_lower_hazard_is_found() -> None:
    """Hazards 2t/400 against 0.2 are equal at month 40; before it the reference's is the higher."""
    treated, reference = Made(lambda t: t[None, :] ** 2 / 400.0), exponential(0.2)
    t = np.arange(0.0, 101.0, 2.0)

    for spec in (linear(10.0, 20.0), immediate(10.0)):
        waned = waned_cumulative_hazard(t, spec, treated, reference)
        assert waned.lower_reference.tolist() == [True]
        assert waned.lower_from.tolist() == [42.0]
    early = waned_cumulative_hazard(t[t <= 40.0], linear(10.0, 20.0), treated, reference)
    assert early.lower_reference.tolist() == [False]


def test_only_what_comes_after_the_start_counts() -> None:
    """The reference is lower before month 10 only."""
    treated, reference = exponential(0.2), Made(lambda t: t[None, :] ** 2 / 50.0)

    late = waned_cumulative_hazard(np.array([1.0, 20.0]), immediate(10.0), treated, reference)
    early = waned_cumulative_hazard(np.array([1.0, 4.0]), immediate(0.0), treated, reference)
    assert not late.lower_reference[0]
    assert early.lower_from.tolist() == [1.0]


def test_equal_curves_stay_as_they_are() -> None:
    curve = PAIRS["lnorm"][0]
    for spec in (linear(), immediate(24.0), linear(scale="survival")):
        waned = waned_cumulative_hazard(WEEKS, spec, curve, curve)
        np.testing.assert_allclose(waned.cumulative_hazard, curve.cumulative_hazard(WEEKS), rtol=1e-13, atol=1e-13)
        assert not waned.lower_reference.any()


def test_draws_are_apart_and_may_be_shared() -> None:
    """Three treated draws against one reference are three calls."""
    t = np.array([10.0, 40.0, 90.0])
    for spec in (linear(), immediate(24.0), linear(scale="survival")):
        together = waned_cumulative_hazard(t, spec, exponential(0.02, 0.03, 0.07), exponential(0.05))
        for draw, rate in enumerate((0.02, 0.03, 0.07)):
            alone = waned_cumulative_hazard(t, spec, exponential(rate), exponential(0.05))
            np.testing.assert_allclose(together.cumulative_hazard[draw], alone.cumulative_hazard[0], rtol=1e-14)
        assert together.lower_reference.tolist() == [False, False, True]


def test_with_treatment_in_closed_form() -> None:
    """Constant hazards, w falling in straight lines 1, 0.6, 0.2, 0: the mean of two ends is exact, also from time 0."""
    t, w = np.array([2.0, 4.0, 10.0]), np.array([[0.6, 0.2, 0.0]])
    waned = waned_cumulative_hazard(t, WITH_TREATMENT, exponential(0.02), exponential(0.05), on_treatment=w)
    treated_time = np.cumsum([2.0 * 0.8, 2.0 * 0.4, 6.0 * 0.1])

    np.testing.assert_allclose(waned.cumulative_hazard[0], 0.05 * t - 0.03 * treated_time, rtol=1e-14)


def test_with_treatment_of_second_order() -> None:
    """w = exp(-t / 8), constant hazards; H = h0 t - 8 (h0 - h1) (1 - exp(-t / 8)). Half step, a quarter the error."""
    errors = []
    for points in (53, 105):
        t = np.linspace(0.0, 24.0, points)
        waned = waned_cumulative_hazard(
            t, WITH_TREATMENT, exponential(0.02), exponential(0.05), on_treatment=np.exp(-t / 8.0)[None, :]
        )
        errors.append(waned.cumulative_hazard[0, -1] - (0.05 * 24.0 - 0.03 * 8.0 * (1.0 - np.exp(-3.0))))

    assert abs(errors[0]) < 1e-4
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.01)


def test_with_treatment_for_ever_and_never() -> None:
    treated, reference = PAIRS["weibull"]
    ever = waned_cumulative_hazard(WEEKS, WITH_TREATMENT, treated, reference, on_treatment=np.ones((1, WEEKS.size)))
    never = waned_cumulative_hazard(WEEKS, WITH_TREATMENT, treated, reference, on_treatment=np.zeros((1, WEEKS.size)))

    np.testing.assert_allclose(ever.cumulative_hazard, treated.cumulative_hazard(WEEKS), rtol=1e-12)
    assert not ever.lower_reference.any()
    growth = np.diff(never.cumulative_hazard[:, 1:])
    np.testing.assert_allclose(growth, np.diff(reference.cumulative_hazard(WEEKS[1:])), rtol=0.0, atol=1e-13)


def test_with_treatment_needs_the_share_on_treatment() -> None:
    with pytest.raises(SurvivalError, match="waning towards standard: the share still on treatment is missing"):
        waned_cumulative_hazard(WEEKS, WITH_TREATMENT, *PAIRS["weibull"])


def test_share_on_treatment() -> None:
    on, alive = np.array([[1.0, 0.4, 0.5, 0.0]]), np.array([[1.0, 0.8, 0.4, 0.0]])

    np.testing.assert_array_equal(share_on_treatment(on, alive), [[1.0, 0.5, 1.0, 0.0]])


def test_infinite_hazards() -> None:
    """Dead where either curve is that is followed; alive where only a curve no longer followed ends."""
    ends = Made(lambda t: np.where(t < 70.0, 0.02 * t, np.inf)[None, :])
    t = np.array([10.0, 50.0, 80.0, 90.0])
    for spec in (linear(), immediate(24.0)):
        followed = waned_cumulative_hazard(t, spec, exponential(0.05), ends).cumulative_hazard[0]
        assert np.isinf(followed).tolist() == [False, False, True, True]
        left_behind = waned_cumulative_hazard(t, spec, ends, exponential(0.05)).cumulative_hazard[0]
        assert np.isfinite(left_behind).all()
    dead = Made(lambda t: np.where(t < 20.0, 0.02 * t, np.inf)[None, :])
    for spec in (linear(), immediate(24.0), linear(scale="survival")):
        both = waned_cumulative_hazard(t, spec, dead, dead).cumulative_hazard[0]
        assert np.isinf(both).tolist() == [False, True, True, True]


def test_what_is_undefined_stays_so() -> None:
    broken = Made(lambda t: np.full((1, t.size), np.nan))
    for spec in (linear(), immediate(24.0)):
        assert np.isnan(waned_cumulative_hazard(WEEKS, spec, exponential(0.02), broken).cumulative_hazard[0, -1])


def test_effect_left() -> None:
    t = np.array([0.0, 24.0, 33.0, 60.0, 99.0])

    assert effect_left(t, linear()).tolist() == [1.0, 1.0, 0.75, 0.0, 0.0]
    assert effect_left(t, immediate(24.0)).tolist() == [1.0, 1.0, 0.0, 0.0, 0.0]


def test_problems_at_once() -> None:
    with pytest.raises(SurvivalError) as error:
        Waning("standard", -1.0, -2.0, "linear", "odds")

    assert str(error.value).splitlines() == [
        "waning towards standard: the scale is 'odds'. Give one of hazard, survival.",
        "waning towards standard: it starts at month -1. Give 0 or more.",
        "waning towards standard: it ends at month -2 and starts at month -1. Give an end after the start.",
    ]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ((24.0, 60.0, "slow", "hazard"), "the shape is 'slow'. Give one of linear, immediate, with_treatment."),
        ((0.0, 0.0, "with_treatment", "survival"), "an effect that lasts with treatment is one on the hazard"),
        ((24.0, 24.0, "linear", "hazard"), "Give an end after the start"),
    ],
)
def test_other_problems(spec: tuple[float, float, str, str], words: str) -> None:
    with pytest.raises(SurvivalError) as error:
        Waning("standard", *spec)

    assert words in str(error.value)
