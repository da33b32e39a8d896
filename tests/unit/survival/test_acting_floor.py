"""The population's mortality as a floor: no hazard below it, nothing else touched."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hemodel.survival.effects.floor import NEVER, POINTS_PER_BLOCK, SHORTFALL_TOLERANCE, floor_hazard

INTERVALS = 12
STEPS = st.floats(0.0, 2.0, allow_subnormal=False)
WEIGHTS = np.full(INTERVALS + 1, 0.25)


def grid(steps: np.ndarray) -> np.ndarray:
    """Cumulative hazards that start at 0 and grow by the steps."""
    zero = np.zeros((*steps.shape[:-1], 1))
    return np.concatenate([zero, np.cumsum(steps, axis=-1)], axis=-1)


def in_loops(cumulative: np.ndarray, background: np.ndarray) -> np.ndarray:
    """The rule interval by interval: each grows by the larger of the two."""
    floored = np.zeros_like(cumulative)
    for draw in range(cumulative.shape[0]):
        total = before = population = 0.0
        for k in range(cumulative.shape[1]):
            total += max(cumulative[draw, k] - before, background[k] - population)
            before, population = cumulative[draw, k], background[k]
            floored[draw, k] = total
    return floored


@settings(max_examples=60, deadline=None, derandomize=True)
@given(arrays(float, (3, INTERVALS), elements=STEPS), arrays(float, INTERVALS, elements=STEPS))
def test_properties(own: np.ndarray, population: np.ndarray) -> None:
    """Hazards reach at most 24 here, so that an interval's rounding is below 1e-14."""
    cumulative, background = grid(own), grid(population)
    given_bits = cumulative.copy()
    floored, record = floor_hazard(cumulative, background, WEIGHTS)
    again, second = floor_hazard(floored, background, WEIGHTS)

    np.testing.assert_array_equal(cumulative, given_bits)
    np.testing.assert_allclose(floored, in_loops(cumulative, background), rtol=0.0, atol=1e-11)
    assert (np.diff(floored, axis=1) >= np.diff(background) - SHORTFALL_TOLERANCE - 1e-14).all()
    assert (floored >= background - 1e-11).all()
    np.testing.assert_array_equal(again, floored)
    assert (second.first == NEVER).all()
    for draw, first in enumerate(record.first):
        kept = slice(None) if first == NEVER else slice(first)
        np.testing.assert_array_equal(floored[draw, kept], cumulative[draw, kept])
        if first != NEVER:
            assert floored[draw, first] > cumulative[draw, first]


def test_constant_hazards() -> None:
    """Own hazard 0.1 to time 4 and 0.01 after, population 0.04: H' = 0.4 + 0.04 (t - 4) from time 4."""
    t = np.arange(11.0)
    own = np.where(t <= 4.0, 0.1 * t, 0.4 + 0.01 * (t - 4.0))[None, :]
    weights = np.full(11, 0.5)
    floored, record = floor_hazard(own, 0.04 * t, weights)
    expected = np.where(t <= 4.0, 0.1 * t, 0.4 + 0.04 * (t - 4.0))

    np.testing.assert_allclose(floored[0], expected, rtol=1e-15)
    lost = np.exp(-own[0]) - np.exp(-expected)
    assert record.first.tolist() == [5]
    assert record.largest_gap[0] == pytest.approx(lost[10], rel=1e-14)
    assert record.person_time[0] == pytest.approx(0.5 * lost.sum(), rel=1e-14)


def test_a_constant_excess_is_unchanged_and_not_copied() -> None:
    t = np.linspace(0.0, 240.0, 300)
    background = (t / 200.0) ** 3
    cumulative = background + np.array([[0.001], [0.2]]) * t
    floored, record = floor_hazard(cumulative, background, np.ones(300))

    assert floored is cumulative
    assert record.first.tolist() == [NEVER, NEVER]
    assert record.largest_gap.tolist() == record.person_time.tolist() == [0.0, 0.0]


def test_the_population_itself_is_unchanged() -> None:
    background = np.linspace(0.0, 50.0, 1044) ** 1.7

    assert floor_hazard(background[None, :], background, np.ones(1044))[1].first.tolist() == [NEVER]


def test_nobody_dies_without_the_floor() -> None:
    background = np.array([0.0, 0.1, 0.3, 0.6])
    floored, record = floor_hazard(np.zeros((1, 4)), background, np.ones(4))

    np.testing.assert_allclose(floored[0], background, rtol=1e-15)
    assert record.first.tolist() == [1]
    assert record.person_time[0] == pytest.approx((1.0 - np.exp(-background)).sum(), rel=1e-14)


def test_a_grid_that_begins_later_has_a_first_interval() -> None:
    floored, record = floor_hazard(np.array([[0.1, 0.9]]), np.array([0.5, 0.6]), np.ones(2))

    np.testing.assert_allclose(floored, [[0.5, 1.3]], rtol=1e-15)
    assert record.first.tolist() == [0]


def test_everybody_dead() -> None:
    """An infinite cumulative hazard stays infinite; a floor before it still counts."""
    cumulative = np.array([[0.0, 0.1, np.inf, np.inf]])
    floored, record = floor_hazard(cumulative, np.array([0.0, 0.2, 0.3, 0.4]), np.ones(4))

    np.testing.assert_allclose(floored, [[0.0, 0.2, np.inf, np.inf]], rtol=1e-15)
    assert record.first.tolist() == [1]
    assert record.largest_gap[0] == pytest.approx(np.exp(-0.1) - np.exp(-0.2), rel=1e-14)


def test_out_in_place_and_apart() -> None:
    rng = np.random.default_rng(3)
    cumulative, background = grid(rng.random((5, INTERVALS))), grid(rng.random(INTERVALS))
    cumulative[2] = grid(2.0 + np.zeros(INTERVALS))
    expected = floor_hazard(cumulative.copy(), background, WEIGHTS)[0]
    apart, place = np.full_like(cumulative, np.nan), cumulative.copy()

    assert floor_hazard(cumulative, background, WEIGHTS, out=apart)[0] is apart
    assert floor_hazard(place, background, WEIGHTS, out=place)[0] is place
    for result in (apart, place):
        np.testing.assert_array_equal(result, expected)


def test_a_draw_has_the_same_bits_among_any_others() -> None:
    points = 500
    rng = np.random.default_rng(4)
    draws = 2 * POINTS_PER_BLOCK // points + 7
    rates = rng.uniform(0.001, 0.01, draws)[:, None]
    t = np.linspace(0.0, 240.0, points)
    cumulative, background, weights = rates * t**0.9, (t / 250.0) ** 2, rng.random(points)
    together, record = floor_hazard(cumulative, background, weights)

    assert record.first.min() != record.first.max() > 0
    for draw in (0, 100, draws - 1):
        alone, one = floor_hazard(cumulative[draw : draw + 1], background, weights)
        np.testing.assert_array_equal(alone[0], together[draw])
        assert one.first[0] == record.first[draw]
        assert one.largest_gap[0] == record.largest_gap[draw]
        assert one.person_time[0] == record.person_time[draw]


def test_what_is_undefined_stays_so() -> None:
    floored, _ = floor_hazard(np.array([[0.0, np.nan, 0.1]]), np.array([0.0, 0.2, 0.4]), np.ones(3))

    assert np.isnan(floored[0, 1])
