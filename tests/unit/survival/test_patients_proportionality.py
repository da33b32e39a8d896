"""Cox, log-rank and Grambsch-Therneau against R and against the definitions written out.

R's package survival on ``lung``, women (sex 2) against men (sex 1)::

    coxph(Surv(time, status) ~ sex, lung)      coef -0.5310, se 0.1672,
                                               loglik -749.91 (null), -744.59
    survdiff(Surv(time, status) ~ sex, lung)   chisq 10.3, p 0.0013
    cox.zph(coxph(...))                        chisq 2.86, p 0.091
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.data import PatientData, patients, pooled, read_patients
from hemodel.survival.patients.kaplan_meier import kaplan_meier
from hemodel.survival.patients.proportionality import cox, log_rank, proportionality, schoenfeld, smooth

LUNG = Path(__file__).parents[2] / "reference" / "data" / "flexsurv_lung_data.csv"


def lung() -> tuple[PatientData, PatientData]:
    data = read_patients(LUNG, time="time", event="event", strategy="sex")
    return data["1"], data["2"]


def delayed() -> tuple[PatientData, PatientData]:
    """Two groups of 40 in whole months, so with ties, and with delayed entry."""
    draw = np.random.default_rng(5)
    found = []
    for scale in (8.0, 12.0):
        time = np.ceil(scale * draw.exponential(size=40)) + 1.0
        found.append(patients(time, draw.random(40) < 0.7, np.where(draw.random(40) < 0.3, 1.0, 0.0)))
    return found[0], found[1]


def slow_log_likelihood(reference: PatientData, strategy: PatientData, beta: float) -> float:
    """Efron's partial log-likelihood, one event time and one l at a time."""
    data = pooled([reference, strategy])
    x = np.concatenate([np.zeros(reference.time.size), np.ones(strategy.time.size)])
    total = 0.0
    for time in np.unique(data.time[data.event == 1.0]):
        dead = (data.time == time) & (data.event == 1.0)
        risk = (data.time >= time) & (data.entry < time)
        total += beta * x[dead].sum()
        for l_ in range(int(dead.sum())):
            share = l_ / dead.sum()
            total -= np.log(np.exp(beta * x[risk]).sum() - share * np.exp(beta * x[dead]).sum())
    return total


def test_lung_as_in_r() -> None:
    """Tolerances: the digits R prints."""
    men, women = lung()
    fit = cox(men, women)
    assert fit.log_hazard_ratio.value == pytest.approx(-0.5310, abs=5e-5)
    assert fit.log_hazard_ratio.se == pytest.approx(0.1672, abs=5e-5)
    assert fit.log_likelihood_at_1 == pytest.approx(-749.91, abs=5e-3)
    assert fit.log_likelihood == pytest.approx(-744.59, abs=5e-3)
    test = log_rank(men, women)
    assert test.statistic == pytest.approx(10.3, abs=0.05)
    assert test.p_value == pytest.approx(0.0013, abs=5e-5)
    constant = proportionality(men, women)
    assert constant.statistic == pytest.approx(2.86, abs=5e-3)
    assert constant.p_value == pytest.approx(0.091, abs=5e-4)
    assert test.degrees_of_freedom == constant.degrees_of_freedom == 1


@pytest.mark.parametrize("data", [lung(), delayed()], ids=["lung", "delayed entry"])
def test_the_maximum_of_the_partial_likelihood(data: tuple[PatientData, PatientData]) -> None:
    """Golden-section search is good to about 1e-8; curvature by differences of 1e-3 to 1e-5."""
    fit = cox(*data)
    found = optimize.minimize_scalar(
        lambda beta: -slow_log_likelihood(*data, beta), bracket=(-1.0, 0.5), options={"xtol": 1e-10}
    )
    assert fit.log_hazard_ratio.value == pytest.approx(found.x, abs=1e-7)
    assert fit.log_likelihood == pytest.approx(-found.fun, rel=1e-12)
    assert fit.log_likelihood_at_1 == pytest.approx(slow_log_likelihood(*data, 0.0), rel=1e-12)
    step = 1e-3
    around = [slow_log_likelihood(*data, found.x + move) for move in (-step, 0.0, step)]
    bend = (2.0 * around[1] - around[0] - around[2]) / step**2
    assert fit.log_hazard_ratio.se == pytest.approx(bend**-0.5, rel=1e-5)


@pytest.mark.parametrize("data", [lung(), delayed()], ids=["lung", "delayed entry"])
def test_log_rank_by_its_definition(data: tuple[PatientData, PatientData]) -> None:
    both = pooled(data)
    first = data[0].time.size
    excess = variance = 0.0
    for time in np.unique(both.time[both.event == 1.0]):
        dead = (both.time == time) & (both.event == 1.0)
        risk = (both.time >= time) & (both.entry < time)
        n, n1, d, d1 = risk.sum(), risk[first:].sum(), dead.sum(), dead[first:].sum()
        excess += d1 - d * n1 / n
        variance += d * n1 * (n - n1) * (n - d) / n**2 / (n - 1) if n > 1 else 0.0
    assert log_rank(*data).statistic == pytest.approx(excess**2 / variance, rel=1e-12)


@pytest.mark.parametrize("data", [lung(), delayed()], ids=["lung", "delayed entry"])
def test_grambsch_therneau_is_the_score_test_of_a_coefficient_on_time(data: tuple[PatientData, PatientData]) -> None:
    """Derivatives of the partial likelihood with HR = exp(beta + theta g(t)), by differences.

    Steps of 1e-3 leave relative errors of 1e-6 in second differences.
    """
    both = pooled(data)
    curve = kaplan_meier(both)
    x = np.concatenate([np.zeros(data[0].time.size), np.ones(data[1].time.size)])

    def value(beta: float, theta: float) -> float:
        total = 0.0
        for time in np.unique(both.time[both.event == 1.0]):
            before = curve.times < time
            effect = beta + theta * (1.0 - (curve.survival[before][-1] if before.any() else 1.0))
            dead = (both.time == time) & (both.event == 1.0)
            risk = (both.time >= time) & (both.entry < time)
            total += effect * x[dead].sum()
            for l_ in range(int(dead.sum())):
                hazard = np.exp(effect * x)
                total -= np.log(hazard[risk].sum() - l_ / dead.sum() * hazard[dead].sum())
        return float(total)

    beta, h = cox(*data).log_hazard_ratio.value, 1e-3
    at = {(i, j): value(beta + i * h, j * h) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    score = (at[0, 1] - at[0, -1]) / (2.0 * h)
    own = (2.0 * at[0, 0] - at[0, 1] - at[0, -1]) / h**2
    other = (2.0 * at[0, 0] - at[1, 0] - at[-1, 0]) / h**2
    cross = -(at[1, 1] - at[1, -1] - at[-1, 1] + at[-1, -1]) / (4.0 * h**2)
    assert proportionality(*data).statistic == pytest.approx(score**2 / (own - cross**2 / other), rel=2e-5)


def test_schoenfeld_residuals() -> None:
    """They sum to 0 at the maximum, so that the scaled ones average to the log hazard ratio.

    Without ties the residual is x - n1 HR / (n1 HR + n0): by hand for three events.
    """
    men, women = lung()
    found = schoenfeld(men, women)
    assert found.value.mean() == pytest.approx(-0.5310, abs=5e-5)
    assert found.time.size == 165
    np.testing.assert_array_equal(found.time, np.sort(found.time))
    small = patients([1, 4, 6], [1, 1, 0]), patients([2, 5], [1, 0])
    fit = cox(*small).log_hazard_ratio
    ratio = np.exp(fit.value)
    expected = np.array([2 * ratio / (2 * ratio + 3), 2 * ratio / (2 * ratio + 2), ratio / (ratio + 2)])
    by_hand = fit.value + 3.0 * fit.se**2 * (np.array([0.0, 1.0, 0.0]) - expected)
    residuals = schoenfeld(*small)
    np.testing.assert_allclose(residuals.value, by_hand, rtol=1e-12)
    np.testing.assert_allclose(residuals.transformed, [0.0, 0.2, 0.4], rtol=1e-12)


def test_without_ties_the_estimate_is_that_of_patients_repeated() -> None:
    """A score of 0 by hand: events weigh 2 (reference, at 1) and 3 (strategy, at 2)."""
    reference = patients([1, 4], [1, 0], weight=[2, 1])
    strategy = patients([2, 3], [1, 0], weight=[3, 2])
    ratio = np.exp(cox(reference, strategy).log_hazard_ratio.value)
    score = 3.0 - 2.0 * 5.0 * ratio / (5.0 * ratio + 3.0) - 3.0 * 5.0 * ratio / (5.0 * ratio + 1.0)
    assert score == pytest.approx(0.0, abs=1e-12)


def weighted_pair() -> tuple[PatientData, PatientData]:
    """Two strategies with ties within and between them, delayed entry and weights."""
    time, event = np.array([1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 5.0, 8.0]), np.array([1, 1, 0, 1, 1, 0, 1, 0])
    entry = np.array([0.0, 0.0, 0.5, 0.0, 2.0, 0.0, 0.0, 1.0])
    first = patients(time, event, entry=entry, weight=np.exp(np.sin(np.arange(8.0))))
    second = patients(time + np.array([1, 0, 0, 2, 0, 1, 3, 4]), event[::-1], weight=np.exp(np.cos(np.arange(8.0))))
    return first, second


def test_robust_error_of_the_hazard_ratio_is_the_infinitesimal_jackknife() -> None:
    """Sum over patients of (weight x derivative of the estimate)^2, by differences of a millionth of the weight.

    In R: ``coxph(Surv(entry, time, event) ~ strategy, weights = w, robust = TRUE)``.
    """
    pair = weighted_pair()
    total = 0.0
    for k, data in enumerate(pair):
        for i in range(data.time.size):
            ends = []
            for sign in (1.0, -1.0):
                weight = data.weight.copy()
                weight[i] *= 1.0 + sign * 1e-6
                moved = [*pair]
                moved[k] = replace(data, weight=weight)
                ends.append(cox(*moved).log_hazard_ratio.value)
            total += ((ends[0] - ends[1]) / 2e-6) ** 2
    assert cox(*pair).log_hazard_ratio.se == pytest.approx(np.sqrt(total), rel=1e-7)


def test_the_scale_of_weights_means_nothing_in_tests() -> None:
    first, second = weighted_pair()
    larger = replace(first, weight=40.0 * first.weight), replace(second, weight=40.0 * second.weight)
    for test in (log_rank, proportionality):
        assert test(*larger).statistic == pytest.approx(test(first, second).statistic, rel=1e-9)
    np.testing.assert_allclose(schoenfeld(*larger).value, schoenfeld(first, second).value, rtol=1e-9)


def test_a_patient_who_counts_twice_is_not_two() -> None:
    """Robust tests of patients repeated twice know no more than of each once, and about as much as those without."""
    first, second = (replace(some, weight=np.full(8, 2.0)) for some in weighted_pair())
    plain = [replace(some, weight=np.ones(8)) for some in (first, second)]
    assert log_rank(first, second).statistic == pytest.approx(log_rank(*plain).statistic, rel=0.3)
    ratio = cox(first, second).log_hazard_ratio
    assert ratio.value == pytest.approx(cox(*plain).log_hazard_ratio.value, abs=1e-9)
    assert ratio.se == pytest.approx(cox(*plain).log_hazard_ratio.se, rel=0.3)


@pytest.mark.parametrize(
    ("reference", "strategy"),
    [
        (patients([1, 2], [0, 0]), patients([1, 2], [1, 1])),
        (patients([1, 2], [1, 1]), patients([3, 4], [0, 0])),
        (patients([5, 6], [1, 1]), patients([1, 2], [1, 1])),
    ],
    ids=["no events in the reference", "no events in the strategy", "one after the other"],
)
def test_a_ratio_without_end_is_refused(reference: PatientData, strategy: PatientData) -> None:
    with pytest.raises(SurvivalError, match=r"all events are of one of them"):
        cox(reference, strategy)


def test_tests_that_have_nothing_to_compare_are_refused() -> None:
    with pytest.raises(SurvivalError, match=r"log-rank test needs an event while patients of both"):
        log_rank(patients([1, 2], [1, 1]), patients([5, 6], [1, 1], [3, 3]))
    with pytest.raises(SurvivalError, match=r"events at two or more different times are needed"):
        proportionality(patients([1, 2, 2], [1, 0, 0]), patients([1, 2], [1, 0]))


def test_a_smooth_of_a_line_is_that_line() -> None:
    """Local lines leave a straight line as it is, so the value is known at any point."""
    x = np.array([0.5, 1.0, 1.0, 2.0, 3.5, 4.0, 7.0, 9.0])
    at = np.array([0.5, 2.2, 9.0])

    # rounding only
    np.testing.assert_allclose(smooth(x, 3.0 - 2.0 * x, at), 3.0 - 2.0 * at, rtol=0, atol=1e-12)


def test_a_smooth_of_points_at_one_place_is_their_mean() -> None:
    assert smooth(np.ones(4), np.array([1.0, 2.0, 3.0, 6.0]), np.ones(1)) == pytest.approx(3.0, abs=1e-12)
