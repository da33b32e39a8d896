"""The Kaplan-Meier estimate against R's survfit, textbooks and sums by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.data import PatientData, patients, read_patients
from hemodel.survival.patients.kaplan_meier import KaplanMeier, curve_data, kaplan_meier, reverse

if TYPE_CHECKING:
    from collections.abc import Callable

LUNG = Path(__file__).parents[2] / "reference" / "data" / "flexsurv_lung_data.csv"
FREIREICH = (
    [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35],
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
)
"""Weeks of remission with 6-mercaptopurine: Freireich EJ et al. (1963), Blood 21: 699-716."""


def standard_error(curve: KaplanMeier, times: Any) -> Any:
    """Of survival: Greenwood's variance is kept relative to it."""
    last = np.searchsorted(curve.times, times, side="right") - 1
    return curve.survival[last] * np.sqrt(curve.variance[last])


def lung() -> PatientData:
    return read_patients(LUNG, time="time", event="event")["all"]


def test_lung_as_in_r() -> None:
    """survfit(Surv(time, status) ~ 1, lung) of R's package survival.

    print(rmean = 1022): 228 patients, 165 events, restricted mean 376.3 (SE 19.7), median
    310; summary(times = 365): survival 0.4092, SE 0.0358. Tolerances: the digits printed.
    """
    curve = kaplan_meier(lung())
    assert (curve.at_risk[0], curve.events.sum(), curve.censored.sum()) == (228.0, 165.0, 63.0)
    assert curve.median()[0] == 310.0
    assert curve.at(365.0) == pytest.approx(0.4092, abs=5e-5)
    assert standard_error(curve, 365.0) == pytest.approx(0.0358, abs=5e-5)
    mean = curve.restricted_mean(1022.0)
    assert mean.value == pytest.approx(376.3, abs=0.05)
    assert mean.se == pytest.approx(19.7, abs=0.05)


def test_interval_of_the_median_from_greenwoods_variance() -> None:
    """R prints 285 to 363 with its default interval S exp(+-1.96 se), on the log scale."""
    curve = kaplan_meier(lung())
    with np.errstate(invalid="ignore"):
        ends = curve.survival * np.exp(1.959964 * np.sqrt(curve.variance) * np.array([[-1.0], [1.0]]))
    low, high = (float(curve.times[np.flatnonzero(end <= 0.5)[0]]) for end in ends)
    assert (low, high) == (285.0, 363.0)


def test_log_log_interval_by_its_definition() -> None:
    """log(-log S) +- 1.96 SE, SE by the delta method; the median's ends are where it crosses 0.5."""
    curve = kaplan_meier(lung())
    survival, variance = curve.survival[:-1], curve.variance[:-1]
    middle, se = np.log(-np.log(survival)), np.sqrt(variance) / np.abs(np.log(survival))
    np.testing.assert_allclose(curve.low[:-1], np.exp(-np.exp(middle + 1.959964 * se)), rtol=1e-12)
    np.testing.assert_allclose(curve.high[:-1], np.exp(-np.exp(middle - 1.959964 * se)), rtol=1e-12)
    _, low, high = curve.median()
    for end, time in ((curve.low, low), (curve.high, high)):
        place = int(np.flatnonzero(curve.times == time)[0])
        assert end[place] <= 0.5 < end[place - 1]


def test_textbook_remission_times() -> None:
    """Kleinbaum DG, Klein M (2012), Survival Analysis, 3rd edition, chapter 2, group 1.

    Survival 0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482 with standard errors
    0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346, as printed there. SAS, whose
    interval is log-log too, prints the median 23 with a lower end of 13 and no upper end.
    """
    curve = kaplan_meier(patients(*FREIREICH))
    times = [6, 7, 10, 13, 16, 22, 23]
    np.testing.assert_allclose(curve.at(times), [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482], atol=5e-5)
    np.testing.assert_allclose(
        standard_error(curve, times), [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], atol=5e-5
    )
    np.testing.assert_array_equal(curve.numbers_at_risk([0, *times]), [21, 21, 17, 15, 12, 11, 7, 6])
    assert curve.median() == (23.0, 13.0, np.inf)


def test_before_at_and_after_a_step() -> None:
    curve = kaplan_meier(patients([2, 4, 6], [1, 0, 1]))
    np.testing.assert_allclose(curve.at([0.0, 1.999, 2.0, 5.0, 6.0, 9.0]), [1, 1, 2 / 3, 2 / 3, 0, 0], atol=1e-15)
    low, high = curve.interval_at([1.0, 6.0])
    assert low[0] == high[0] == 1.0
    assert np.isnan(low[1])
    assert np.isnan(high[1])


def test_quantile_on_a_flat_step_is_its_middle() -> None:
    """Of four deaths at 1, 2, 3, 4 the median is 2.5, as in R's survfit."""
    curve = kaplan_meier(patients([1, 2, 3, 4], [1, 1, 1, 1]))
    assert curve.median()[0] == 2.5
    assert curve.quantile(0.4)[0] == 2.0
    assert kaplan_meier(patients([1, 2, 3, 4], [1, 0, 0, 0])).median()[0] == np.inf


def test_restricted_mean_without_censoring() -> None:
    """The mean of min(T, horizon), and the standard error of a mean with divisor n."""
    times = np.array([1.0, 2.0, 2.0, 5.0, 7.0, 11.0])
    found = kaplan_meier(patients(times, np.ones(6))).restricted_mean(6.0)
    cut = np.minimum(times, 6.0)
    assert found.value == pytest.approx(cut.mean(), rel=1e-14)
    assert found.se == pytest.approx(cut.std() / np.sqrt(6.0), rel=1e-14)
    assert found.high - found.low == pytest.approx(2.0 * 1.959964 * found.se, rel=1e-12)
    whole = kaplan_meier(patients(times, np.ones(6))).restricted_mean(20.0)
    assert whole.value == pytest.approx(times.mean(), rel=1e-14)


def test_restricted_mean_beyond_follow_up_is_refused() -> None:
    with pytest.raises(
        SurvivalError, match=r"follow-up ends at 6 with survival at 0.667. Choose a horizon of at most 6."
    ):
        kaplan_meier(patients([2, 4, 6], [1, 0, 0])).restricted_mean(7.0)


def test_estimates_are_those_of_patients_repeated() -> None:
    weighted = kaplan_meier(patients([1, 2, 3, 4], [1, 0, 1, 0], weight=[2, 1, 3, 2]))
    rows = np.repeat(np.arange(4), [2, 1, 3, 2])
    repeated = kaplan_meier(patients(np.array([1, 2, 3, 4])[rows], np.array([1, 0, 1, 0])[rows]))
    for name in ("at_risk", "events", "censored", "survival"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), rtol=1e-14)
    np.testing.assert_array_equal(weighted.numbers_at_risk([0, 1, 1.5, 4]), [8, 8, 6, 2])


def test_delayed_entry_by_hand() -> None:
    """At 2: A, B at risk, C enters then and is not. At 3: B, C. At 5: C, D.  S = 1/2, 1/4, 1/8."""
    curve = kaplan_meier(patients([2, 3, 5, 6], [1, 1, 1, 0], [0, 1, 2, 4]))
    np.testing.assert_array_equal(curve.at_risk, [2, 2, 2, 1])
    np.testing.assert_allclose(curve.survival, [0.5, 0.25, 0.125, 0.125], rtol=1e-15)
    np.testing.assert_array_equal(curve.numbers_at_risk([0, 1, 1.5, 5]), [1, 1, 2, 2])


def test_a_risk_set_that_empties_is_refused() -> None:
    with pytest.raises(SurvivalError, match=r"All patients at risk at time 2 have the event then"):
        kaplan_meier(patients([2, 6], [1, 1], [0, 3]))


def test_follow_up_by_reversed_censoring() -> None:
    """R: survfit(Surv(time, status == 1) ~ 1, lung) prints a median of 588."""
    assert kaplan_meier(reverse(lung())).median()[0] == 588.0


def test_what_families_need() -> None:
    """Steps at events with survival above 0; the SE of log H is sqrt(Greenwood) / H."""
    found = curve_data(patients([1, 2, 2, 3], [1, 1, 0, 1]))
    assert found.event_times == (1.0, 2.0, 3.0)
    assert found.km_times == (1.0, 2.0)
    np.testing.assert_allclose(found.km_survival, [3 / 4, 1 / 2], rtol=1e-15)
    greenwood = np.array([1 / 12, 1 / 12 + 1 / 6])
    np.testing.assert_allclose(found.km_log_se, np.sqrt(greenwood) / -np.log([3 / 4, 1 / 2]), rtol=1e-14)


def derivatives(data: PatientData, value: Callable[[PatientData], np.ndarray]) -> np.ndarray:
    """Weight x derivative of an estimate by the weight of each patient, by differences of a millionth of it."""
    found = []
    for i in range(data.time.size):
        ends = []
        for sign in (1.0, -1.0):
            weight = data.weight.copy()
            weight[i] *= 1.0 + sign * 1e-6
            ends.append(value(replace(data, weight=weight)))
        found.append((ends[0] - ends[1]) / 2e-6)
    return np.array(found)


@pytest.mark.parametrize("late", [False, True], ids=["from the start", "delayed entry"])
def test_variance_with_weights_is_the_infinitesimal_jackknife(late: bool) -> None:
    """Sum over patients of (weight x derivative)^2; differences of a millionth are good to 1e-8 of them."""
    time, event = np.array([2.0, 3.0, 3.0, 5.0, 6.0, 7.0, 9.0]), np.array([1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    entry = np.array([0.0, 0.0, 0.0, 1.0, 2.5, 0.0, 4.0]) if late else None
    data = patients(time, event, entry=entry, weight=[0.3, 2.0, 1.0, 0.7, 1.5, 4.0, 0.2])
    curve = kaplan_meier(data)
    slopes = derivatives(data, lambda some: np.log(kaplan_meier(some).survival))
    np.testing.assert_allclose(curve.variance, (slopes**2).sum(axis=0), rtol=1e-7)
    means = derivatives(data, lambda some: np.array(kaplan_meier(some).restricted_mean(8.0).value))
    assert curve.restricted_mean(8.0).se == pytest.approx(np.sqrt((means**2).sum()), rel=1e-7)


def test_weights_that_are_all_the_same_leave_greenwoods_variance() -> None:
    """Also where the table has other weights for another strategy, so that these stay as they are."""
    time, event = [1, 2, 2, 3, 4, 6], [1, 1, 0, 1, 0, 1]
    plain, weighted = kaplan_meier(patients(time, event)), kaplan_meier(patients(time, event, weight=np.full(6, 0.25)))
    for name in ("survival", "variance", "low", "high"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(plain, name), rtol=1e-12)
    assert weighted.restricted_mean(5.0).se == pytest.approx(plain.restricted_mean(5.0).se, rel=1e-12)
