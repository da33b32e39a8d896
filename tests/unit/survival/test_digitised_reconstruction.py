"""Patients rebuilt from a curve: small cases by hand, every rule of the algorithm, and random trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemodel.survival.digitised import DigitisedCurve, Reconstruction, RiskTable, reconstruct
from hemodel.survival.digitised.reconstruction import IntervalLayout, follow
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.data import PatientData, patients
from hemodel.survival.patients.kaplan_meier import kaplan_meier

if TYPE_CHECKING:
    from hemodel.survival.family import Array


def curve_of(*points: tuple[float, float]) -> DigitisedCurve:
    time, survival = np.array(points, dtype=np.float64).T
    return DigitisedCurve(time, survival)


def table_of(*rows: tuple[float, float]) -> RiskTable:
    time, at_risk = np.array(rows, dtype=np.float64).T
    return RiskTable(time, at_risk)


def pairs(found: Reconstruction) -> list[tuple[float, float]]:
    return list(zip(found.data.time.tolist(), found.data.event.tolist(), strict=True))


def test_freireich_without_censoring() -> None:
    """Freireich's placebo arm: 21 remissions all seen to end, so the curve fixes every patient.

    Freireich EJ et al. (1963), Blood 21: 699-716: weeks 1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23.
    """
    weeks = np.array([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], dtype=np.float64)
    steps = np.unique(weeks)
    left = np.array([(weeks > week).mean() for week in steps])
    found = reconstruct(curve_of((0.0, 1.0), *zip(steps, left.round(3), strict=True)), table_of((0, 21), (10, 8)))
    np.testing.assert_array_equal(found.data.time, weeks)
    assert found.data.event.sum() == 21
    assert [(each.events, each.censored) for each in found.intervals] == [(13, 0), (8, 0)]


def test_one_interval_by_hand() -> None:
    """10 at risk, 6 at time 4, survival 0.8 at 1 and 0.7 at 3.

    Two die at 1: 10 (1 - 0.8). With c censored spread over 0 to 4, 8 less those gone before 3 are at risk at 3.
    One dies there, 8 (1 - 0.7 / 0.8) = 1, so 10 - 3 - c = 6 gives c = 1, censored half way, at 2; then 7 are at
    risk at 3 and 7 / 8 rounds to 1 as well. After 4 nothing falls: without a total, the mean rate before,
    1 in 4 months, gives 0.25 in the last month, so nobody; all 6 are censored at 5.
    """
    found = reconstruct(curve_of((0, 1), (1, 0.8), (3, 0.7), (5, 0.7)), table_of((0, 10), (4, 6)))
    assert pairs(found) == [(1, 1), (1, 1), (2, 0), (3, 1), *[(5, 0)] * 6]
    assert [(each.at_risk, each.events, each.censored, each.tried) for each in found.intervals] == [
        (10, 3, 1, 5),
        (6, 0, 0, 1),
    ]
    assert found.tried == 6
    assert found.exchanged == 0
    assert found.notes == (
        (
            "There is no total of events, so 0 patients were taken to be censored between 4 and 5: the mean rate "
            "before, or fewer if the curve could not be followed otherwise."
        ),
    )


def test_neither_table_nor_total() -> None:
    """Only the patients are known: nobody is censored early, so 10 (1 - 0.4) = 6 die and 4 are censored at the end."""
    found = reconstruct(curve_of((0, 1), (2, 0.7), (5, 0.4), (6, 0.4)), table_of((0, 10)))
    assert pairs(found) == [*[(2, 1)] * 3, *[(5, 1)] * 3, *[(6, 0)] * 4]
    assert "nobody was taken to be censored before the end" in found.notes[0]


def test_one_number_at_risk_and_a_total() -> None:
    """100 patients, hazard h = -log(0.3) / 12, c censored evenly over 0 to 12, 50 events.

    The numbers at risk obey n' = -h n - c / 12, so n(12) = 0.3 (100 + k c) - k c with k = 1 / (12 h) = 0.8306, and
    100 - n(12) - c = 50 gives c = 20 / (1 - 0.7 k) = 47.8. Whole patients: within 2.
    """
    time = np.linspace(0.0, 12.0, 61)
    found = reconstruct(DigitisedCurve(time, 0.3 ** (time / 12.0)), table_of((0, 100)), 50)
    assert found.data.event.sum() == 50
    assert found.data.time.size == 100
    assert found.exchanged == 0
    assert found.intervals[0].censored == pytest.approx(47.8, abs=2.0)
    assert found.comparison.agrees


def test_total_is_met_by_exchange() -> None:
    """The table fixes 10 - 5 = 5 who leave before 4; the curve gives 3 deaths, and 4 were reported.

    One of the two censored before 4 becomes a death. Nothing falls after 4, where 2 in 4 months before give 0.5 in
    the last month, rounded to 1 censored.
    """
    points = [(0, 1), (1, 0.9), (2, 0.8), (3, 0.7), (5, 0.7)]
    plain = reconstruct(curve_of(*points), table_of((0, 10), (4, 5)))
    more = reconstruct(curve_of(*points), table_of((0, 10), (4, 5)), 4)
    assert plain.data.event.sum() == 3
    assert more.data.event.sum() == 4
    assert more.exchanged == 1
    assert [(each.events, each.censored) for each in more.intervals] == [(4, 1), (0, 1)]
    assert more.notes == (
        "1 censored patients were given an event where that fits the curve best, to meet the 4 events reported.",
    )


def test_fewer_events_by_exchange() -> None:
    found = reconstruct(curve_of((0, 1), (1, 0.9), (2, 0.8), (3, 0.7), (5, 0.7)), table_of((0, 10), (4, 6)), 2)
    assert found.data.event.sum() == 2
    assert found.exchanged == -1
    assert "1 events were made censorings" in found.notes[0]
    assert found.intervals[0].events + found.intervals[0].censored == 4


def test_total_beyond_the_curve() -> None:
    """Survival 0.8 of 100 patients: at most 20 can have died, so 60 are 40 too many for it."""
    with pytest.raises(SurvivalError) as error:
        reconstruct(curve_of((0, 1), (3, 0.9), (6, 0.8)), table_of((0, 100)), 60)
    assert str(error.value).startswith(
        "60 events were reported, and the curve with its numbers at risk gives 20: 40 too few, because with 60 the "
        "rebuilt survival would be up to 0.4"
    )


def test_total_with_nowhere_to_go() -> None:
    """Only 2 of 10 leave while the curve falls; a flat curve afterwards can hold no event."""
    with pytest.raises(SurvivalError, match=r"gives 2: 3 too few, because no drop of the curve is left"):
        reconstruct(curve_of((0, 1), (1, 0.8), (5, 0.8)), table_of((0, 10), (2, 8)), 5)


def test_impossible_together() -> None:
    with pytest.raises(SurvivalError) as error:
        reconstruct(curve_of((0, 1), (5, 0.8)), table_of((0, 10), (6, 8)), 11)
    assert [str(part).split(":")[0] for part in error.value.parts] == [
        "risk table longer than the curve",
        (
            "11 events are more than the 10 patients at risk at time 0. Check the total of events and the first "
            "number at risk."
        ),
    ]


def test_curve_falls_more_than_the_table_allows() -> None:
    """Survival 0.5 at 2, but 18 of 20 are at risk at 3: two deaths at most, and survival 0.9."""
    found = reconstruct(curve_of((0, 1), (2, 0.5), (5, 0.5)), table_of((0, 20), (3, 18)))
    assert found.intervals[0].events == 2
    assert found.notes[0] == (
        "From 0 to 3 the curve falls further than the risk table allows: only 2 patients leave, and the rebuilt "
        "survival stays 0.400 above the curve."
    )
    assert not found.comparison.agrees


def test_number_censored_by_hand() -> None:
    """5 at risk, survival 0.5 at 2. Nobody or one censored (at 2, so after the deaths): 2.5 rounds to 3 deaths.

    Two censored (at 1 and 3): 4 are at risk at 2 and 2 die. So 3 leave with (3, 0), and 4 leave with (3, 1) or
    (2, 2); the paper's first guess, 5 x 0.5 - 1 = 1.5, is as near to both, and the smaller number is taken.
    """
    three = reconstruct(curve_of((0, 1), (2, 0.5), (5, 0.5)), table_of((0, 5), (4, 2)))
    assert (three.intervals[0].events, three.intervals[0].censored) == (3, 0)
    four = reconstruct(curve_of((0, 1), (2, 0.5), (5, 0.5)), table_of((0, 5), (4, 1)))
    assert (four.intervals[0].events, four.intervals[0].censored) == (3, 1)


def test_numbers_at_risk_are_met_even_where_no_number_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """No curve is known for which no number censored fits, so one is forced: an event less where 0 would fit."""

    def without_the_fit(cut: IntervalLayout, i: int, level: float, censored: Array, most: float) -> tuple[Array, Array]:
        events, estimate = follow(cut, i, level, censored, most)
        events[:, -1] -= events.sum(axis=1) + censored == most
        return events, estimate

    monkeypatch.setattr("hemodel.survival.digitised.reconstruction.follow", without_the_fit)
    found = reconstruct(curve_of((0, 1), (2, 0.5), (5, 0.5)), table_of((0, 5), (4, 2)))
    assert found.comparison.at_risk_rebuilt.tolist() == [5.0, 2.0]
    assert found.notes[0].startswith("From 0 to 4 no number censored meets the number at risk exactly")


def test_a_negative_total() -> None:
    with pytest.raises(SurvivalError, match=r"the total of events is -1\. Give 0 or more, or leave it out\."):
        reconstruct(curve_of((0, 1), (2, 0.5)), table_of((0, 5)), -1)


def test_deaths_are_no_more_than_leave() -> None:
    """3 at risk and 2 at time 4, survival 0.5 at 2: 1.5 rounds to 2 deaths, held to the 1 who leaves."""
    found = reconstruct(curve_of((0, 1), (2, 0.5), (5, 0.5)), table_of((0, 3), (4, 2)))
    assert (found.intervals[0].events, found.intervals[0].censored) == (1, 0)


def test_two_readings_at_one_time() -> None:
    """A vertical drop read at its top and bottom is one drop."""
    found = reconstruct(curve_of((0, 1), (2, 1), (2, 0.8), (4, 0.8), (4, 0.6), (5, 0.6)), table_of((0, 10)))
    assert pairs(found) == [*[(2, 1)] * 2, *[(4, 1)] * 2, *[(5, 0)] * 6]


def test_a_drop_across_a_row_of_the_table_is_divided() -> None:
    """Read at 4 and 8 only, from 1 to 0.8; a row stands at 6, where the line between them is at 0.9.

    So of 100 the first 10 die before 6, placed half way between 4 and 6; then 90 (1 - 0.8 / 0.9) = 10 at 8.
    """
    found = reconstruct(curve_of((0, 1), (4, 1), (8, 0.8), (9, 0.8)), table_of((0, 100), (6, 90)))
    deaths = found.data.time[found.data.event == 1]
    assert np.unique(deaths, return_counts=True)[0].tolist() == [5.0, 8.0]
    assert np.unique(deaths, return_counts=True)[1].tolist() == [10, 10]


def test_table_that_ends_with_the_curve() -> None:
    found = reconstruct(curve_of((0, 1), (2, 0.8), (5, 0.6)), table_of((0, 10), (5, 4)), 4)
    assert found.data.event.sum() == 4
    assert found.comparison.at_risk_rebuilt.tolist() == [10, 4]


def test_notes_of_the_curve_are_kept() -> None:
    curve = DigitisedCurve(np.array([0.0, 1.0]), np.array([1.0, 0.5]), ("The point (0, 1) was added.",))
    assert reconstruct(curve, table_of((0, 10))).notes[0] == "The point (0, 1) was added."


def outcome(curve: DigitisedCurve, risk: RiskTable, total: int) -> Reconstruction | str:
    """Return the reconstruction, or the message with which it was refused."""
    try:
        return reconstruct(curve, risk, total)
    except SurvivalError as error:
        return str(error)


@st.composite
def small_trials(draw: st.DrawFn) -> tuple[PatientData, DigitisedCurve, RiskTable]:
    """Draw 2 to 40 patients with times on a grid, a curve read at 2 to 60 points and a table of 1 to 6 rows."""
    size = draw(st.integers(2, 40))
    times = draw(st.lists(st.integers(1, 48), min_size=size, max_size=size))
    events = draw(st.lists(st.booleans(), min_size=size, max_size=size))
    data = patients(np.array(times) / 2.0, np.array(events, dtype=np.float64))
    curve, end = kaplan_meier(data), float(data.time.max())
    points = np.linspace(0.0, end, draw(st.integers(2, 60)))
    survival = np.round(curve.at(points), draw(st.integers(1, 3)))
    survival[0] = 1.0
    rows = np.linspace(0.0, end, draw(st.integers(1, 6)), endpoint=draw(st.booleans()))
    return data, DigitisedCurve(points, survival), RiskTable(rows, curve.numbers_at_risk(rows))


def check(found: Reconstruction, curve: DigitisedCurve, risk: RiskTable) -> None:
    """Check what must hold of any reconstruction: places of deaths, sums, numbers at risk and a finite search."""
    data = found.data
    for time in data.time[data.event == 1.0]:
        after = np.searchsorted(curve.time, time, side="left")
        assert curve.survival[after] < curve.survival[after - 1]
    assert data.time.size == risk.at_risk[0]
    assert np.all((data.time > 0.0) & (data.time <= curve.time[-1]))
    left = risk.at_risk[0] - sum(each.events + each.censored for each in found.intervals)
    assert left >= 0
    assert sum(each.events for each in found.intervals) == data.event.sum()
    assert all(min(each.events, each.censored) >= 0 for each in found.intervals)
    np.testing.assert_array_equal(found.comparison.at_risk_rebuilt, risk.at_risk)
    assert found.tried <= risk.at_risk[0] + 2 * risk.at_risk.size


@settings(max_examples=300, deadline=None, derandomize=True)
@given(small_trials())
def test_random_trials(trial: tuple[PatientData, DigitisedCurve, RiskTable]) -> None:
    _, curve, risk = trial
    check(reconstruct(curve, risk), curve, risk)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(small_trials())
def test_random_trials_with_their_events(trial: tuple[PatientData, DigitisedCurve, RiskTable]) -> None:
    """The true total is met exactly, or refused with the difference in words."""
    data, curve, risk = trial
    total = int(data.event.sum())
    found = outcome(curve, risk, total)
    if isinstance(found, str):
        assert found.startswith(f"{total} events were reported, and the curve with its numbers at risk gives ")
    else:
        check(found, curve, risk)
        assert found.data.event.sum() == total


@settings(max_examples=200, deadline=None, derandomize=True)
@given(small_trials(), st.integers(0, 40), st.lists(st.integers(0, 40), min_size=1, max_size=6))
def test_tables_that_do_not_belong(
    trial: tuple[PatientData, DigitisedCurve, RiskTable], total: int, numbers: list[int]
) -> None:
    """Any falling numbers at risk with any curve: it ends, and invents nothing."""
    _, curve, _ = trial
    at_risk = np.sort(np.array(numbers, dtype=np.float64))[::-1]
    at_risk[0] += 1.0
    risk = RiskTable(np.linspace(0.0, curve.time[-1], at_risk.size, endpoint=False), at_risk)
    check(reconstruct(curve, risk), curve, risk)
    found = outcome(curve, risk, total)
    if isinstance(found, str):
        assert f"{total} events" in found
    else:
        check(found, curve, risk)
        assert found.data.event.sum() == total
