"""What accumulates over time does so over cycles; a day within a cycle counts from the boundary before it.

Floor, waning with treatment and survival held while an effect wanes, each against the rule written in plain loops.
Grids are weeks with other days in between; beyond the last cycle too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hemodel.model.timeline import Timeline, cycle_boundaries, timeline
from hemodel.survival.effects.cycles import accumulated, growth, largest_so_far
from hemodel.survival.effects.floor import NEVER, floor_hazard
from hemodel.survival.effects.waning import Waned, Waning, waned_cumulative_hazard

BOUNDARIES = 7.0 * np.arange(7.0)
DAYS = (np.array([0.0, 3.0, 14.0, 17.5, 24.5, 31.5]), BOUNDARIES + 24.0)
"""Of two drugs, and of a band that looks 24 days ahead: to day 66, so that boundaries go on to day 63."""
STEPS = st.floats(0.0, 2.0, allow_subnormal=False)
modest = settings(deadline=None, derandomize=True, max_examples=40)


@dataclass(frozen=True)
class Known:
    """A curve known at the days of a grid, whose first is 0."""

    days: np.ndarray
    hazard: np.ndarray

    def cumulative_hazard(self, t: np.ndarray) -> np.ndarray:
        return np.array([np.interp(t, self.days, row) for row in self.hazard])


def grid() -> Timeline:
    return timeline(BOUNDARIES, DAYS, 7.0)


def falling(steps: np.ndarray) -> np.ndarray:
    """Cumulative hazards from 0 that grow by the steps."""
    return np.concatenate([np.zeros((steps.shape[0], 1)), np.cumsum(steps, axis=1)], axis=1)


POINTS = grid().days.size
HAZARDS = arrays(float, (2, POINTS - 1), elements=STEPS).map(falling)
SHARES = arrays(float, (2, POINTS - 1), elements=st.floats(0.0, 1.0)).map(
    lambda falls: np.concatenate([np.ones((2, 1)), np.cumprod(falls, axis=1)], axis=1)
)


def boundary_before(days: np.ndarray, day: float) -> int | None:
    """Place of the last whole week before a day, by looking at every day."""
    found = [place for place, other in enumerate(days) if other < day and other % 7.0 == 0.0]
    return found[-1] if found else None


def floor_in_loops(own: np.ndarray, population: np.ndarray, days: np.ndarray) -> np.ndarray:
    found = np.zeros_like(own)
    for draw in range(own.shape[0]):
        for k, day in enumerate(days):
            b = boundary_before(days, day)
            if b is not None:
                step = max(own[draw, k] - own[draw, b], population[k] - population[b])
                found[draw, k] = found[draw, b] + step
    return found


def test_the_grid() -> None:
    """All boundaries to day 63, those beyond 42 without weight but for none that a drug or band needs itself."""
    found = grid()
    days = [0, 3, 7, 14, 17.5, 21, 24, 24.5, 28, 31, 31.5, 35, 38, 42, 45, 49, 52, 56, 59, 63, 66]

    assert found.days.tolist() == days
    assert found.cycles is not None
    assert found.days[found.cycles.boundaries].tolist() == [7.0 * k for k in range(10)]
    assert found.days[found.cycles.inner].tolist() == [day for day in days if day % 7.0 > 0.0]
    assert found.days[found.cycles.unweighted].tolist() == [49.0, 56.0, 63.0]
    expected = [0, *[boundary_before(found.days, day) for day in days[1:]]]
    assert found.cycles.previous.tolist() == expected
    assert found.boundaries.tolist() == BOUNDARIES.tolist()


def test_a_grid_of_boundaries_only() -> None:
    """Days as near as 1e-9 to a boundary are that boundary; a band of whole weeks adds boundaries that have weight."""
    for other in ([], [BOUNDARIES[1:] + 5e-10], [BOUNDARIES - 5e-10], [BOUNDARIES + 28.0]):
        assert timeline(BOUNDARIES, [day[day >= 0.0] for day in other], 7.0).cycles is None
    years = cycle_boundaries(10.0, 365.25)
    assert timeline(years, [years + 365.25, years + 730.5], 365.25).cycles is None
    beyond = timeline(BOUNDARIES, [BOUNDARIES[:1] + 3.0, BOUNDARIES + 14.0], 7.0)
    assert beyond.cycles is not None
    assert beyond.cycles.unweighted.tolist() == []


def test_beyond_a_part_of_a_cycle_boundaries_are_counted_from_its_end() -> None:
    """Twelve days are a week and a part of one; what dies within 10 days of a boundary needs days up to 22."""
    ends = np.array([0.0, 7.0, 12.0])
    found = timeline(ends, [np.array([3.0, 10.0]), ends + 10.0], 7.0)
    assert found.days.tolist() == [0, 3, 7, 10, 12, 17, 19, 22]
    assert found.cycles is not None
    assert found.days[found.cycles.boundaries].tolist() == [0.0, 7.0, 12.0, 19.0]
    assert found.days[found.cycles.unweighted].tolist() == [19.0]
    assert found.days[found.cycles.previous].tolist() == [0, 0, 0, 7, 7, 12, 12, 19]
    short = timeline(np.array([0.0, 3.65]), [np.array([0.0, 20.0])], 7.0)
    assert short.days.tolist() == [0.0, 3.65, 10.65, 17.65, 20.0]


@modest
@given(HAZARDS, HAZARDS)
def test_the_floor(own: np.ndarray, others: np.ndarray) -> None:
    """Sums reach 40, so that rounding is below 1e-13. The first day of the record and its gap leave out no weight."""
    found, population, weights = grid(), others[0], np.linspace(0.1, 0.4, POINTS)
    cycles = found.cycles
    assert cycles is not None
    weights[cycles.unweighted] = 0.0
    floored, record = floor_hazard(own.copy(), population, weights, cycles=cycles)
    expected = floor_in_loops(own, population, found.days)

    np.testing.assert_allclose(floored, expected, rtol=0.0, atol=1e-11)
    lost = np.exp(-own) - np.exp(-floored)
    lost[:, cycles.unweighted] = 0.0
    raised = floored > own
    raised[:, cycles.unweighted] = False
    for draw in range(2):
        first = int(np.argmax(raised[draw])) if raised[draw].any() else NEVER
        assert record.first[draw] == first
    np.testing.assert_allclose(record.largest_gap, lost.max(axis=1), rtol=0.0, atol=1e-15)
    np.testing.assert_allclose(record.person_time, lost @ weights, rtol=0.0, atol=1e-14)
    again, second = floor_hazard(floored, population, weights, cycles=cycles)
    np.testing.assert_array_equal(again, floored)
    assert (second.first == NEVER).all()


@modest
@given(HAZARDS, HAZARDS)
def test_days_within_cycles_change_nothing_at_the_boundaries(own: np.ndarray, others: np.ndarray) -> None:
    """The same bits as on the boundaries alone, and nobody comes back in between."""
    found = grid()
    cycles = found.cycles
    assert cycles is not None
    at = cycles.boundaries
    with_days = floor_hazard(own.copy(), others[0], np.ones(POINTS), cycles=cycles)[0]
    alone = floor_hazard(own[:, at], others[0][at], np.ones(at.size))[0]

    np.testing.assert_array_equal(with_days[:, at], alone)
    assert (np.diff(with_days, axis=1) >= -1e-13).all()


def test_a_day_just_after_a_boundary_is_near_it() -> None:
    """And one just before the next boundary near that: 1e-6 days of the larger hazard, 0.03 a day up to 21, then 0.05.

    Days reach 42, whose rounding is 1e-8 of such a step.
    """
    near = np.concatenate([BOUNDARIES[:-1] + 1e-6, BOUNDARIES[1:] - 1e-6])
    found = timeline(BOUNDARIES, [near], 7.0)
    own = 0.01 * found.days[None, :] + 0.04 * np.maximum(found.days - 21.0, 0.0)
    floored = floor_hazard(own, 0.03 * found.days, np.ones(found.days.size), cycles=found.cycles)[0]
    steps = np.diff(found.days)
    expected = np.where(found.days[1:] <= 21.0, 0.03, 0.05) * steps

    assert (steps < 1e-5).sum() == 12
    np.testing.assert_allclose(np.diff(floored[0]), expected, rtol=1e-7)


def test_draws_do_not_change_each_other() -> None:
    """In blocks, with draws that the floor does not touch among them."""
    found, rng = grid(), np.random.default_rng(6)
    own, population = falling(rng.random((9000, POINTS - 1))), falling(0.4 * rng.random((1, POINTS - 1)))[0]
    own[::3] = population + falling(0.1 + rng.random((3000, POINTS - 1)))
    together, record = floor_hazard(own, population, np.ones(POINTS), cycles=found.cycles)

    assert (record.first[::3] == NEVER).all()
    np.testing.assert_array_equal(together[::3], own[::3])
    for draw in (0, 1, 4001, 8999):
        alone, one = floor_hazard(own[draw : draw + 1], population, np.ones(POINTS), cycles=found.cycles)
        np.testing.assert_array_equal(alone[0], together[draw])
        assert (one.first[0], one.largest_gap[0], one.person_time[0]) == (
            record.first[draw],
            record.largest_gap[draw],
            record.person_time[draw],
        )


def waned(spec: Waning, treated: np.ndarray, reference: np.ndarray, on: np.ndarray | None = None) -> Waned:
    found = grid()
    curves = (Known(found.days, treated), Known(found.days, reference))
    return waned_cumulative_hazard(found.days, spec, *curves, on_treatment=on, cycles=found.cycles)


@modest
@given(HAZARDS, HAZARDS, SHARES)
def test_waning_with_treatment(treated: np.ndarray, reference: np.ndarray, on: np.ndarray) -> None:
    """w is the mean at the boundary before and at the day; interpolated curves are exact at the days of the grid."""
    days = grid().days
    waning = waned(Waning("standard", 0.0, 0.0, "with_treatment", "hazard"), treated, reference, on)
    expected = np.zeros_like(treated)
    for draw in range(2):
        for k, day in enumerate(days):
            b = boundary_before(days, day)
            if b is not None:
                w = 0.5 * (on[draw, b] + on[draw, k])
                step = w * (treated[draw, k] - treated[draw, b]) + (1 - w) * (reference[draw, k] - reference[draw, b])
                expected[draw, k] = expected[draw, b] + step
    np.testing.assert_allclose(waning.cumulative_hazard, expected, rtol=0.0, atol=1e-12)


@modest
@given(HAZARDS, HAZARDS, st.sampled_from([0.0, 10.0, 14.0, 17.5, 60.0]))
def test_survival_held_while_the_effect_wanes(treated: np.ndarray, reference: np.ndarray, start: float) -> None:
    """Of survival: the larger of the mixture and of what holds at the boundary before, or at the start if later."""
    days = grid().days
    end = start + 30.0
    waning = waned(Waning("standard", start, end, "linear", "survival"), treated, reference)
    at_start = Known(days, treated).cumulative_hazard(np.array([start]))[:, 0]
    expected, held = np.zeros_like(treated), [0, 0]
    for draw in range(2):
        for k, day in enumerate(days):
            if day <= start:
                expected[draw, k] = treated[draw, k]
                continue
            w = max((end - day) / 30.0, 0.0)
            mixed = -np.log(w * np.exp(-treated[draw, k]) + (1.0 - w) * np.exp(-reference[draw, k]))
            b = boundary_before(days, day)
            least = max(at_start[draw], expected[draw, b or 0])
            expected[draw, k] = max(least, mixed)
            held[draw] += int(least > mixed + 1e-9)
    np.testing.assert_allclose(waning.cumulative_hazard, expected, rtol=0.0, atol=1e-12)
    assert waning.held.tolist() == held


def test_without_cycles_every_point_is_a_boundary() -> None:
    """Sums of random steps: the plain functions, and the same when all boundaries are listed."""
    steps = np.random.default_rng(8).random((3, 5))
    np.testing.assert_array_equal(accumulated(steps, None), np.cumsum(steps, axis=1))
    np.testing.assert_array_equal(largest_so_far(steps, None), np.maximum.accumulate(steps, axis=1))
    np.testing.assert_array_equal(growth(steps, np.zeros((1, 1))), np.diff(steps, axis=1, prepend=0.0))
