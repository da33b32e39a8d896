"""Designs of studies: simulated data, likelihoods, cells of event times."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from studies_support import study, two_options

from hemodel.voi.studies import (
    StudyFollowUp,
    design,
    event_cells,
    family_survival,
    generator,
    interval_ends,
    log_likelihood,
    simulate,
)

P = np.linspace(0.05, 0.95, 200)


def test_likelihood_of_counts_is_the_binomial_one() -> None:
    made = design(study("binary", ("p",), (20,), "regression"), two_options({"p": P}, P))
    data = np.array([[3.0, 17.0], [12.0, 8.0]])
    found = log_likelihood(made, data, 20)
    exact = stats.binom.logpmf(data[:, :1], 20, P)
    assert found - found[:, :1] == pytest.approx(exact - exact[:, :1], abs=1e-10)


def test_likelihood_of_sums_is_the_normal_one() -> None:
    asked = study("continuous", ("a", "b"), (20,), "regression", standard_deviation=2.0)
    made = design(asked, two_options({"a": P, "b": P**2}, P))
    sums = np.array([[10.0, 4.0], [-3.0, 30.0]])
    found = log_likelihood(made, sums, 20)
    each = [stats.norm.logpdf(sums[:, [j]] / 20, mean, 2 / np.sqrt(20)) for j, mean in enumerate((P, P**2))]
    exact = each[0] + each[1]
    assert found - found[:, :1] == pytest.approx(exact - exact[:, :1], abs=1e-10)


def test_probabilities_of_0_and_1_are_possible_until_they_are_refuted() -> None:
    p = np.concatenate([[0.0, 1.0], P])
    made = design(study("binary", ("p",), (4,), "regression"), two_options({"p": p}, p))
    none, some = log_likelihood(made, np.array([[0.0, 4.0], [1.0, 3.0]]), 4)
    assert none[0] == 0
    assert some[0] < -1e8
    assert none[1] < -1e8


def test_patients_of_a_smaller_size_are_the_first_of_a_larger_one() -> None:
    made = design(study("binary", ("p",), (5, 20, 21), "regression"), two_options({"p": P}, P))
    data = simulate(made, np.arange(200), (5, 20, 21), np.random.default_rng(1))
    assert data.sum(axis=2).tolist() == [[n] * 200 for n in (5, 20, 21)]
    assert np.all(np.diff(data, axis=0) >= 0)


def test_simulated_sums_have_the_right_mean_and_spread() -> None:
    asked = study("continuous", ("a",), (4, 100), "regression", standard_deviation=2.0)
    made = design(asked, two_options({"a": np.array([0.0, 5.0] * 100)}, P))
    data = simulate(made, np.ones(20_000, dtype=np.intp), (4, 100), np.random.default_rng(1))[:, :, 0]
    assert data.mean(axis=1) == pytest.approx([20, 500], rel=0.005)
    assert data.std(axis=1) == pytest.approx([4, 20], rel=0.03)


def test_cells_by_hand() -> None:
    """Two intervals of a year, 10% lost a year.

    Survival 1, 0.8, 0.6: 0.2 die in the first year; of the 0.8 others 0.08 are lost at its end; 0.9 x 0.2 = 0.18 die in
    the second year and 0.9 x 0.6 = 0.54 are followed to its end.
    """
    survival = np.array([[1.0, 0.8, 0.6]])
    follow_up = StudyFollowUp("os", ("a",), np.array([0.0, 12.0, 24.0]), 0.1, survival[:, None, :])
    chances, seen = event_cells(survival, follow_up)
    assert chances[0] == pytest.approx([0.2, 0.18, 0.08, 0.54])
    assert chances.sum() == pytest.approx(1)
    assert seen[0] == pytest.approx([0.2, 0.2, 0.8, 0.6])


def test_patients_who_have_lived_to_the_beginning() -> None:
    """From survival 0.5 on: half of those alive then die in the first interval, as 0.25 / 0.5."""
    survival = np.array([[0.5, 0.25, 0.1]])
    follow_up = StudyFollowUp("os", ("a",), np.array([15.0, 20.0, 25.0]), 0.0, survival[:, None, :])
    chances, _ = event_cells(survival, follow_up)
    assert chances[0] == pytest.approx([0.5, 0.3, 0, 0.2])


def test_nobody_lives_to_the_beginning() -> None:
    """In the limit of ever steeper curves all have the event in the first interval: S(20) / S(15) = exp(-5 rate)."""
    months = np.array([15.0, 20.0, 25.0])
    survival = np.exp(-np.array([40.0, 60.0])[:, None] * months)
    follow_up = StudyFollowUp("os", ("a",), months, 0.0, survival[:, None, :])
    assert survival[0, 0] > 0 == survival[1, 0]
    chances, seen = event_cells(survival, follow_up)
    for found in (chances, seen):
        assert found[:, 0] == pytest.approx([1, 1], abs=1e-12)  # exp(-200) is none
        assert found[:, 1:] == pytest.approx(np.zeros((2, 3)), abs=1e-12)


def test_all_cells_add_up_to_1() -> None:
    months = interval_ends(3.0, 60.0)
    survival = np.exp(-0.03 * months)[None, :]
    for dropout in (0.0, 0.05, 1.0):
        follow_up = StudyFollowUp("os", ("a",), months, dropout, survival[:, None, :])
        assert event_cells(survival, follow_up)[0].sum() == pytest.approx(1, abs=1e-12)


def test_survival_of_a_family_of_another_tool() -> None:
    """S(t) = exp(-(t / scale)^shape), as flexsurv's weibull."""
    shape, scale = np.array([0.8, 1.3]), np.array([10.0, 14.0])
    months = np.array([0.0, 6.0, 12.0])
    found = family_survival("weibull", (shape, scale), months)
    assert found == pytest.approx(np.exp(-((months / scale[:, None]) ** shape[:, None])))


def test_random_numbers_depend_on_seed_and_id_only() -> None:
    one = study("binary", ("p",), (5,), "regression")
    other = study("binary", ("q",), (9,), "moment_matching")
    assert generator(1, one).random() == generator(1, other).random() != generator(2, one).random()
