"""Royston-Parmar splines."""

from __future__ import annotations

import numpy as np
import pytest

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import family
from hemodel.survival.families.spline import Spline
from hemodel.survival.family import CurveData

T = np.array([0.0, 1e-5, 0.3, 1.0, 4.0, 11.0, 24.0, 60.0, 1e4])
KNOTS = np.log([1.0, 3.0, 9.0, 30.0])
GAMMA = np.array([[-2.6, 1.3, 0.04, -0.05]])


@pytest.mark.parametrize(
    ("scale", "other", "natural"),
    [("hazard", "weibull", [1.3, 12.0]), ("odds", "llogis", [1.3, 12.0]), ("normal", "lnorm", [np.log(12.0), 1 / 1.3])],
)
def test_no_interior_knot_is_a_plain_family(scale: str, other: str, natural: list[float]) -> None:
    """S = shape (log t - log scale), on each of the three scales."""
    straight, plain = family(f"spline({scale}, 0 knots)"), family(other)
    c, d = np.array([[-1.3 * np.log(12.0), 1.3]]), plain.coefficients([natural])
    for method in ("survival", "cumulative_hazard", "log_hazard"):
        found, expected = getattr(straight, method)(T[1:], c), getattr(plain, method)(T[1:], d)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(straight.mean(c), plain.mean(d), rtol=1e-8)
    np.testing.assert_allclose(straight.quantile(0.7, c), plain.quantile(0.7, d), rtol=1e-12)
    np.testing.assert_allclose(straight.tail_index(c), plain.tail_index(d), rtol=1e-15)
    assert straight.is_resolved


def literal(x: float) -> float:
    """Return the spline as written in the vignette of flexsurv, with powers as they stand."""

    def plus(value: float) -> float:
        return max(value, 0.0) ** 3

    total = GAMMA[0, 0] + GAMMA[0, 1] * x
    for j, knot in enumerate(KNOTS[1:-1]):
        share = (KNOTS[-1] - knot) / (KNOTS[-1] - KNOTS[0])
        basis = plus(x - knot) - share * plus(x - KNOTS[0]) - (1.0 - share) * plus(x - KNOTS[-1])
        total += GAMMA[0, 2 + j] * basis
    return float(total)


def test_basis_is_that_of_royston_and_parmar() -> None:
    shape = family("spline(hazard, knots at 1 3 9 30)")
    t = np.array([0.2, 1.0, 1.5, 3.0, 5.0, 20.0, 30.0, 45.0, 500.0])
    expected = [literal(float(x)) for x in np.log(t)]
    np.testing.assert_allclose(np.log(shape.cumulative_hazard(t, GAMMA)[0]), expected, rtol=1e-13)


def test_straight_outside_the_boundary_knots() -> None:
    shape = family("spline(hazard, knots at 1 3 9 30)")
    for ends in (np.array([1e-9, 1e-4, 0.9]), np.array([31.0, 1e4, 1e60])):
        s, x = np.log(shape.cumulative_hazard(ends, GAMMA)[0]), np.log(ends)
        np.testing.assert_allclose((s[1] - s[0]) / (x[1] - x[0]), (s[2] - s[1]) / (x[2] - x[1]), rtol=1e-12)


def test_knots_by_quantiles_of_log_event_times() -> None:
    """Type 7: with five times, the quantiles 1/3 and 2/3 lie at places 1 + 4/3 and 1 + 8/3."""
    events = (5.0, 1.0, 2.0, 10.0, 40.0)
    shape = family("spline(odds, 2 knots)").resolved(CurveData(event_times=events))
    assert isinstance(shape, Spline)
    logs = np.log([1.0, 2.0, 5.0, 10.0, 40.0])
    inside = [logs[1] + (logs[2] - logs[1]) / 3.0, logs[2] + 2.0 * (logs[3] - logs[2]) / 3.0]
    np.testing.assert_allclose(np.log(shape.knots), [logs[0], *inside, logs[4]], rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    ("events", "text"),
    [
        (
            (1.0, 2.0, 2.0),
            (
                "spline(hazard, 2 knots): 2 different event times are too few to place 4 separate knots (the "
                "first event, the last and quantiles between). Choose fewer knots or give their times: "
                "spline(hazard, knots at 1 6 24)."
            ),
        ),
        (
            (0.0, 1.0, 2.0, 3.0, 4.0),
            (
                "spline(hazard, 2 knots): 1 of 5 event times are not above 0, and knots are placed on log time. "
                "Give such patients a short time, for example half a day."
            ),
        ),
    ],
)
def test_events_that_place_no_knots(events: tuple[float, ...], text: str) -> None:
    with pytest.raises(SurvivalError) as raised:
        family("spline(hazard, 2 knots)").resolved(CurveData(event_times=events))
    assert str(raised.value) == text


def test_tied_events_that_put_knots_together() -> None:
    with pytest.raises(SurvivalError, match="4 different event times are too few to place 4 separate knots"):
        family("spline(hazard, 2 knots)").resolved(CurveData(event_times=(1.0, *(2.0,) * 20, 3.0, 4.0)))


def test_unresolved() -> None:
    with pytest.raises(SurvivalError) as raised:
        family("spline(normal, 1 knot)").survival(T, np.zeros((1, 3)))
    assert str(raised.value) == (
        "spline(normal, 1 knot): its knots are placed at quantiles of event times, which are not known here. "
        "Fit it to patients, or give the times of the knots: spline(normal, knots at 1 6 24)."
    )


def test_curves_that_do_not_fall_everywhere() -> None:
    """Slope 0.5 before the knots; gamma2 = 0.3 brings it below 0 between them, as differences of H show."""
    shape = family("spline(hazard, knots at 1 6 24)")
    c = np.array([[-2.0, 0.5, 0.0], [-2.0, 0.5, 0.3], [-2.0, -0.1, 0.0], [-2.0, 0.5, -0.3]])
    t = np.exp(np.linspace(-3.0, 6.0, 4000))
    rising = np.diff(shape.cumulative_hazard(t, c), axis=1) > 0.0
    assert shape.is_falling(c).tolist() == rising.all(axis=1).tolist() == [True, False, False, True]
    assert shape.is_falling(-c).tolist() == [False] * 2 + [True, False]
    log_hazard = shape.log_hazard(np.sqrt(t[1:] * t[:-1]), c)
    assert np.mean(np.isneginf(log_hazard) == ~rising) > 0.999
    assert np.isfinite(shape.survival(t, c)).all()
    assert shape.survival(np.zeros(1), c).tolist() == [[1.0]] * 4
    assert np.isposinf(shape.mean(c[2:3])).all()
    assert np.isposinf(shape.quantile(0.999, c[2:3])).all()


def test_families_made_of_a_spline_fall_where_it_does() -> None:
    rows = np.array([[-2.0, 0.5, 0.0], [-2.0, -0.1, 0.0]])
    inner = "spline(hazard, knots at 1 6 24)"
    first = np.zeros((2, 1))
    for formula, c in {
        f"mixture_cure({inner})": np.hstack([first, rows]),
        f"join(exp, 5, {inner})": np.hstack([first, rows]),
        f"average({inner} 0.5, exp 0.5)": np.hstack([first + 0.5, first + 0.5, rows, first]),
    }.items():
        assert family(formula).is_falling(c).tolist() == [True, False], formula
    unused = np.hstack([first, first + 1.0, rows, first])
    assert family(f"average({inner} 0.5, exp 0.5)").is_falling(unused).tolist() == [True, True]
