"""A Kaplan-Meier curve is a step function: arms read without error are rebuilt, however their steps are given."""

from __future__ import annotations

import numpy as np
import pytest

from hemodel.survival.digitised import DigitisedCurve, RiskTable, reconstruct, require_agreement
from hemodel.survival.patients.data import PatientData, patients
from hemodel.survival.patients.kaplan_meier import kaplan_meier

WAYS = ("one corner", "both corners", "grid")


def read_exactly(data: PatientData, way: str) -> DigitisedCurve:
    """Read a curve at the lower corner of each step, at both, or every tenth of a month."""
    curve = kaplan_meier(data)
    end = float(data.time.max())
    time = np.unique(np.concatenate([[0.0], data.time[data.event == 1.0], [end]]))
    if way == "grid":
        time = np.append(np.arange(0.0, end, 0.1), end)
    survival = curve.at(time)
    if way == "both corners":
        upper = np.append(1.0, survival[:-1])
        return DigitisedCurve(np.repeat(time, 2)[1:], np.column_stack([upper, survival]).ravel()[1:])
    return DigitisedCurve(time, survival)


def table_every(months: float, data: PatientData) -> RiskTable:
    rows = np.arange(0.0, float(data.time.max()), months)
    return RiskTable(rows, kaplan_meier(data).numbers_at_risk(rows))


@pytest.mark.parametrize("way", ["one corner", "both corners"])
def test_a_small_arm_by_hand(way: str) -> None:
    """Eight patients: survival 7/8 at 2.2, 6/8 at 5.0, x 3/4 = 9/16 at 8.3, x 1/2 = 9/32 at 13.1.

    Two are censored from 6 to 8.3 and one from 9 to 12, when one remains besides the one who dies at 13.1. Every row
    but the first stands between two steps, where nothing falls.
    """
    data = patients([2.2, 5.0, 6.5, 7.0, 8.3, 11.0, 13.1, 15.0], [1, 1, 0, 0, 1, 0, 1, 0])
    found = reconstruct(read_exactly(data, way), table_every(3.0, data), 4)
    assert found.data.time[found.data.event == 1.0].tolist() == [2.2, 5.0, 8.3, 13.1]
    assert found.comparison.gap == pytest.approx(0.0, abs=1e-12)
    assert found.comparison.at_risk_rebuilt.tolist() == [8, 7, 6, 3, 2]
    assert found.notes == ()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("n", "arms"), [(10, 30), (20, 30), (50, 12), (200, 6), (1000, 1)])
def test_exact_arms_of_any_size_are_rebuilt(way: str, n: int, arms: int) -> None:
    """Exponential times with a median of 12 months, censored from 6 to 30; numbers at risk every 3 months, total exact.

    Nobody's survival may be further off than one patient's at that time, or 0.02: what `require_agreement` accepts.
    """
    for seed in range(arms):
        random = np.random.default_rng(100 + seed)
        times, censoring = random.exponential(12.0 / np.log(2.0), n), random.uniform(6.0, 30.0, n)
        data = patients(np.minimum(times, censoring).round(3) + 0.001, (times <= censoring).astype(np.float64))
        found = reconstruct(read_exactly(data, way), table_every(3.0, data), int(data.event.sum()))
        require_agreement(found.comparison)
        assert found.data.time.size == n
        np.testing.assert_allclose(
            found.comparison.at_risk_rebuilt, found.comparison.at_risk_given, atol=2.0, rtol=0.0, err_msg=str(seed)
        )


def test_a_grid_shows_a_drop_after_it_happened() -> None:
    """Ten patients of whom one dies at 2.95: the grid shows it at 3, and nine are at risk there."""
    data = patients([2.95, *[9.0] * 9], [1, *[0] * 9])
    found = reconstruct(read_exactly(data, "grid"), RiskTable(np.array([0.0, 3.0]), np.array([10.0, 9.0])), 1)
    assert [(each.events, each.censored) for each in found.intervals] == [(1, 0), (0, 0)]
    assert 2.9 <= found.data.time[0] <= 3.0


def test_a_line_between_points_far_apart_stays_one() -> None:
    """100 patients who leave evenly: read every 4 months, 8 have died by the row at 2 and 92 are at risk there."""
    curve = DigitisedCurve(np.array([0.0, 4.0, 8.0]), np.array([1.0, 0.84, 0.68]))
    found = reconstruct(curve, RiskTable(np.array([0.0, 2.0, 6.0]), np.array([100.0, 92.0, 76.0])), 32)
    assert [each.events for each in found.intervals] == [8, 16, 8]
    assert [each.censored for each in found.intervals] == [0, 0, 0]


def test_a_table_of_another_arm_is_still_refused() -> None:
    """Half of ten have died by 6 on the curve, and nine are at risk there by the table."""
    curve = DigitisedCurve(np.array([0.0, 2.0, 4.0, 5.0, 9.0]), np.array([1.0, 0.8, 0.6, 0.5, 0.5]))
    with pytest.raises(Exception, match="apart; at most"):
        require_agreement(reconstruct(curve, RiskTable(np.array([0.0, 6.0]), np.array([10.0, 9.0]))).comparison)
