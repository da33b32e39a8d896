"""EVSI against closed forms and exact enumeration, by each method.

The draws of the parameter are at quantiles, so that what is left is the error of the method: tolerances are shares of
EVPPI, 2% to 4% for one arm, 6% for two.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from studies_support import DRAWS, quantiles, study, two_options, unit_normal_loss

from hemodel.errors import UsageError
from hemodel.voi.evsi import StudyValue, study_value
from hemodel.voi.sample import Sample
from hemodel.voi.studies import METHODS, StudyFollowUp, interval_ends

if TYPE_CHECKING:
    from hemodel.parameters import FloatArray

THRESHOLDS = np.array([20_000.0, 50_000.0])
SIZES = (5, 20, 80, 320, 5000)


def near(found: StudyValue, exact: FloatArray, share: float) -> None:
    """Require values within a share of EVPPI, and no further than four standard errors from one another."""
    apart = np.abs(found.value - exact)
    assert np.all(apart <= share * found.evppi), apart / found.evppi
    assert np.all(apart <= 4 * found.standard_error + 1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_normal_mean_with_normal_data(method: str) -> None:
    """The preposterior mean is normal with variance s0^4 / (s0^2 + s^2 / n): EVSI is its unit normal loss."""
    mean, prior, spread = 0.01, 0.05, 0.3
    theta = quantiles(stats.norm(mean, prior), 1)
    sample = two_options({"x": theta}, theta, noise=0.02)

    found = study_value(sample, study("continuous", ("x",), SIZES, method, standard_deviation=spread), THRESHOLDS, 1)

    before = [prior**2 / np.sqrt(prior**2 + spread**2 / n) for n in SIZES]
    exact = np.array([[unit_normal_loss(mean * wtp, sd * wtp) for wtp in THRESHOLDS] for sd in before])
    near(found, exact, 0.02)
    limit = [unit_normal_loss(mean * wtp, prior * wtp) for wtp in THRESHOLDS]
    assert found.evppi == pytest.approx(limit, rel=0.02)


@pytest.mark.parametrize("method", METHODS)
def test_beta_probability_with_binomial_data(method: str) -> None:
    """Sum over x of the beta-binomial chance times max(E[p | x] - p0, 0), with E[p | x] = (a + x) / (a + b + n)."""
    a, b, break_even, worth = 6.0, 14.0, 0.33, 1.0
    p = quantiles(stats.beta(a, b), 2)
    sample = two_options({"p": p}, worth * (p - break_even), noise=0.1)
    sizes = (10, 40, 160)

    found = study_value(sample, study("binary", ("p",), sizes, method), np.array([30_000.0]), 5)

    exact = []
    for n in sizes:
        x = np.arange(n + 1)
        gain = np.maximum((a + x) / (a + b + n) - break_even, 0.0)
        exact.append(30_000 * float(stats.betabinom(n, a, b).pmf(x) @ gain))
    near(found, np.array(exact)[:, None], 0.03)


@pytest.mark.parametrize("method", METHODS)
def test_two_arms_by_enumeration(method: str) -> None:
    """Both probabilities are beta and independent; every pair of counts is enumerated."""
    (a1, b1), (a2, b2), cost = (8.0, 12.0), (6.0, 14.0), 0.08
    first, second = quantiles(stats.beta(a1, b1), 3, 6000), quantiles(stats.beta(a2, b2), 4, 6000)
    sample = two_options({"p1": first, "p2": second}, first - second - cost)
    sizes = (10, 50)

    found = study_value(sample, study("binary", ("p1", "p2"), sizes, method), np.array([1e4]), 6)

    exact = []
    for n in sizes:
        x = np.arange(n + 1)
        means = ((a1 + x) / (a1 + b1 + n))[:, None] - ((a2 + x) / (a2 + b2 + n))[None, :] - cost
        chance = np.outer(stats.betabinom(n, a1, b1).pmf(x), stats.betabinom(n, a2, b2).pmf(x))
        exact.append(1e4 * (float(np.sum(chance * np.maximum(means, 0))) - max(8 / 20 - 6 / 20 - cost, 0)))
    near(found, np.array(exact)[:, None], 0.06)


def exponential(rate: FloatArray, end: float) -> StudyFollowUp:
    """Follow-up of one arm whose survival is exponential."""
    months = interval_ends(0.0, end)
    return StudyFollowUp("os", ("new",), months, 0.0, np.exp(-rate[:, None] * months)[:, None, :])


@cache
def exact_times(a: float, b: float, end: float, needed: float, n: int) -> float:
    """Return EVSI of exact times: the mean of the largest posterior mean over 100,000 simulated trials."""
    rng = np.random.default_rng(9)
    total = 0.0
    for _ in range(10):
        times = rng.exponential(1 / rng.gamma(a, 1 / b, 10_000)[:, None], (10_000, n))
        events, exposure = (times < end).sum(axis=1), np.minimum(times, end).sum(axis=1)
        total += float(np.maximum((b + exposure) / (a + events - 1) - needed, 0).mean()) / 10
    return total - max(b / (a - 1) - needed, 0)


@pytest.mark.parametrize("method", METHODS)
def test_exponential_times_with_a_gamma_prior(method: str) -> None:
    """The posterior after d events in T person-months is gamma(a + d, b + T), and E[1 / rate] = (b + T) / (a + d - 1).

    Grouping the times into intervals loses little of what they say.
    """
    a, b, end, needed = 9.0, 96.0, 24.0, 12.6
    rate = quantiles(stats.gamma(a, scale=1 / b), 7)
    sample = two_options({"rate": rate}, 1 / rate - needed)
    sizes = (10, 40, 160)

    found = study_value(
        sample, study("time_to_event", ("rate",), sizes, method, follow_up=exponential(rate, end)), np.array([1.0]), 8
    )

    near(found, np.array([exact_times(a, b, end, needed, n) for n in sizes])[:, None], 0.04)


def three_strategies(draws: int = DRAWS) -> Sample:
    """Return three strategies that share a probability, with costs and effects of their own."""
    p, cost = quantiles(stats.beta(10, 20), 11, draws), quantiles(stats.norm(1000, 300), 12, draws)
    effects = np.column_stack([np.full(draws, 1.0), 1.0 + 0.3 * p, 0.97 + 0.4 * p])
    costs = np.column_stack([np.zeros(draws), 1.2 * cost, 2 * cost])
    return Sample(("a", "b", "c"), effects, costs, {"p": p, "cost": cost}, {"p": "p", "cost": "cost"})


def test_methods_agree_with_three_strategies() -> None:
    thresholds = np.array([12_000.0, 20_000.0])
    regression, *others = (
        study_value(three_strategies(), study("binary", ("p",), (30, 120), method), thresholds, 3) for method in METHODS
    )
    for other in others:
        assert np.all(np.abs(other.value - regression.value) < 0.06 * regression.evppi)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("seed", range(3))
def test_evsi_lies_between_0_and_evppi_rises_and_meets_it(method: str, seed: int) -> None:
    sizes = (1, 5, 25, 125, 625, 3125, 200_000)
    thresholds = np.array([0.0, 8_000.0, 12_000.0, 20_000.0, 1e9])

    found = study_value(three_strategies(1000), study("binary", ("p",), sizes, method), thresholds, seed)

    rounding = 1e-9 * found.evppi.max()
    assert np.all(found.value >= -rounding)
    excess = found.value - found.evppi
    assert np.all((excess <= rounding) | (excess <= 2 * found.standard_error))
    assert any("above EVPPI" in note for note in found.notes) == bool(np.any(excess > rounding))
    falls = -np.diff(found.value, axis=0)
    assert np.all((falls <= rounding) | (falls <= 2 * found.standard_error[:-1]))
    assert found.value[-1] == pytest.approx(found.evppi, rel=0.02, abs=rounding)


def test_the_value_of_a_study_that_cannot_change_the_choice_is_0() -> None:
    theta = quantiles(stats.norm(10, 0.5), 1)
    for method in METHODS:
        found = study_value(
            two_options({"x": theta}, theta),
            study("continuous", ("x",), (5, 50), method, standard_deviation=1.0),
            THRESHOLDS,
            1,
        )
        assert np.all(found.value == pytest.approx(0, abs=1e-6))
        assert np.all(found.evppi == 0)


def test_an_input_that_does_not_matter_is_worth_about_0() -> None:
    theta, other = quantiles(stats.norm(0, 0.5), 1), quantiles(stats.norm(), 2)
    sample = two_options({"x": theta, "other": other}, theta)
    for method in METHODS:
        asked = study("continuous", ("other",), (50,), method, standard_deviation=1.0)
        found = study_value(sample, asked, np.array([1000.0]), 1)
        assert found.value[0, 0] < 0.03 * unit_normal_loss(0, 500)
        assert found.value[0, 0] <= 3 * found.standard_error[0, 0]


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    theta = quantiles(stats.norm(0, 1), 1)
    sample = two_options({"x": theta}, theta)
    for method in METHODS:
        asked = study("continuous", ("x",), (5, 50), method, standard_deviation=1.0)
        first, again, other = (study_value(sample, asked, THRESHOLDS, seed) for seed in (1, 1, 2))
        assert np.array_equal(first.value, again.value)
        assert not np.array_equal(first.value, other.value)


def test_smaller_sizes_do_not_depend_on_larger_ones() -> None:
    theta = quantiles(stats.norm(0, 1), 1)
    sample = two_options({"x": theta}, theta)
    few, more = (
        study_value(sample, study("continuous", ("x",), sizes, "regression", standard_deviation=1.0), THRESHOLDS, 1)
        for sizes in ((5, 50), (5, 50, 500))
    )
    assert np.array_equal(few.value, more.value[:2])


def test_more_draws_than_are_used() -> None:
    theta = np.random.default_rng(1).normal(size=21_000)
    follow_up = exponential(np.exp(theta), 2.0)
    sample = two_options({"x": theta}, theta)
    found = study_value(
        sample, study("time_to_event", ("x",), (5,), "regression", follow_up=follow_up), np.array([1.0]), 1
    )
    assert found.draws == 20_000


def test_few_draws_behind_a_posterior_are_said() -> None:
    theta = quantiles(stats.norm(0, 1), 1, 200)
    asked = study("continuous", ("x",), (5, 100_000), "importance_sampling", standard_deviation=1.0)
    found = study_value(two_options({"x": theta}, theta), asked, np.array([1.0]), 1)
    assert found.notes[0] == "Fewer than 50 effective draws stand behind a posterior with 100000 patients per arm."


REFUSED = {
    "an input that is not there": (
        study("binary", ("y",), (5,), "regression"),
        "study one: y is not among the inputs that vary",
    ),
    "several numbers": (
        study("continuous", ("curve",), (5,), "regression", standard_deviation=1.0),
        "study one: curve is not a single number, as a continuous study needs",
    ),
    "no probability": (
        study("binary", ("x",), (5,), "regression"),
        "study one: x lies between 0 and 3 over the draws, and a binary study needs a probability",
    ),
    "no standard deviation": (
        study("continuous", ("x",), (5,), "regression"),
        "study one: a continuous study needs the standard deviation of one patient's value",
    ),
    "curves without uncertainty": (
        study("time_to_event", ("x",), (5,), "regression", follow_up=exponential(np.ones(200), 12.0)),
        "study one: survival is the same in every draw, so that there is nothing to learn",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    asked, message = REFUSED[case]
    x = np.linspace(0, 3, 200)
    sample = two_options({"x": x, "curve": np.column_stack([x, x**2])}, x)
    with pytest.raises(UsageError) as caught:
        study_value(sample, asked, THRESHOLDS, 1)
    assert str(caught.value) == message
