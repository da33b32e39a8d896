"""EVPI and expected losses against closed forms, ties and limits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm
from voi_support import linear, made

from hemodel.economics import acceptability, optimal
from hemodel.voi.information import evpi, expected_maximum


def unit_loss(distance: float) -> float:
    """Unit normal loss integral, pdf(d) - d (1 - cdf(d)): Raiffa and Schlaifer 1961, chapter 5."""
    return float(norm.pdf(distance) - distance * norm.sf(distance))


def test_two_strategies_with_a_normal_difference() -> None:
    """INB ~ N(0.3, 5): EVPI = sqrt(5) L(0.3 / sqrt(5)) = 0.7501; tolerance 3 standard errors."""
    found = evpi(linear(20_000, 0.3, {"x": 1.0, "z": 2.0}), np.array([1.0]))

    expected = np.sqrt(5) * unit_loss(0.3 / np.sqrt(5))
    assert expected == pytest.approx(0.7501, abs=1e-4)
    assert found.value[0] == pytest.approx(expected, abs=3 * found.standard_error[0])
    # The mean of max(INB, 0) - INB has variance E[min(INB, 0)^2] - EVPI^2.
    inner = (0.09 + 5) * norm.cdf(-0.3 / np.sqrt(5)) - 0.3 * np.sqrt(5) * norm.pdf(0.3 / np.sqrt(5))
    assert found.standard_error[0] == pytest.approx(np.sqrt((inner - expected**2) / 20_000), rel=0.03)


def test_by_hand_with_three_strategies() -> None:
    """Net benefits at 1: (3, 1, 2), (0, 4, 2). Means 1.5, 2.5, 2; best of each draw 3 and 4: EVPI 3.5 - 2.5 = 1."""
    found = evpi(made([[3, 1, 2], [0, 4, 2]]), np.array([1.0]))

    assert found.value.tolist() == [1.0]
    assert found.optimal.tolist() == [1]
    assert found.expected_loss.tolist() == [[2.0, 1.0, 1.5]]
    assert found.standard_error[0] == pytest.approx(np.std([2, 0], ddof=1) / np.sqrt(2))


def test_the_expected_loss_is_not_that_of_the_strategy_that_is_best_most_often() -> None:
    """A is best in 2 of 3 draws but B on average: net benefits (1, 0), (1, 0), (0, 9)."""
    sample = made([[1, 0], [1, 0], [0, 9]])
    one = np.array([1.0])

    assert acceptability(sample.effects, sample.costs, one)[0].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert optimal(sample.effects, sample.costs, one).tolist() == [1]
    found = evpi(sample, one)
    assert found.optimal.tolist() == [1]
    assert found.value[0] == pytest.approx(2 / 3)
    assert found.expected_loss[0].tolist() == pytest.approx([3.0, 2 / 3])


def test_equal_strategies_and_certainty_have_no_value() -> None:
    found = evpi(made([[2, 2], [5, 5], [1, 1]]), np.array([0.0, 1.0, 1e12]))
    certain = evpi(made([[2, 3], [5, 6]]), np.array([1.0]))

    assert found.value.tolist() == [0, 0, 0]
    assert found.standard_error.tolist() == [0, 0, 0]
    assert found.optimal.tolist() == [0, 0, 0]
    assert certain.value.tolist() == [0]
    assert certain.expected_loss.tolist() == [[1.0, 0.0]]


def test_limits_of_willingness_to_pay() -> None:
    """At 0 only costs count; per unit of a huge threshold only effects do."""
    rng = np.random.default_rng(1)
    sample = made(rng.normal(size=(500, 3)), rng.normal(size=(500, 3)))
    found = evpi(sample, np.array([0.0, 1e12]))

    assert found.value[0] == pytest.approx(sample.costs.mean(axis=0).min() - sample.costs.min(axis=1).mean())
    best = sample.effects.max(axis=1).mean() - sample.effects.mean(axis=0).max()
    assert found.value[1] / 1e12 == pytest.approx(best)


def test_it_is_highest_where_the_optimal_strategy_changes() -> None:
    """Increments N(1, 0.5^2) and costs 100: the mean net benefit changes sign at 100."""
    rng = np.random.default_rng(2)
    gain = 1 + 0.5 * rng.standard_normal(4000)
    gain += 1 - gain.mean()
    sample = made(np.column_stack([np.zeros(4000), gain]), np.column_stack([np.zeros(4000), np.full(4000, 100.0)]))
    grid = np.arange(0.0, 301.0, 1.0)
    found = evpi(sample, grid)

    assert grid[np.argmax(found.value)] == 100
    assert set(found.optimal[grid < 100]) == {0}
    assert set(found.optimal[grid > 100]) == {1}
    assert np.all(np.diff(found.value[grid <= 100]) >= -1e-9)


def test_the_lowest_expected_loss_is_the_evpi() -> None:
    rng = np.random.default_rng(3)
    found = evpi(made(rng.normal(size=(300, 4)), rng.normal(size=(300, 4))), np.linspace(0, 5, 11))

    np.testing.assert_allclose(found.expected_loss.min(axis=1), found.value, atol=1e-12)
    assert np.all(found.value >= 0)


def test_the_mean_of_the_largest() -> None:
    """max(0, N(m, s^2)) has mean s L(-m / s); of three equal independent ones the mean is within Clark's error, 2%."""
    one = expected_maximum(np.array([[0.0, 0.5]]), np.array([[[4.0]]]))
    assert one[0] == pytest.approx(2 * unit_loss(-0.25))
    # max(0, X, Y): integrate 1 - F(t)^2 over t > 0 for independent standard normals.
    t = np.linspace(0, 10, 200_001)
    exact = np.trapezoid(1 - norm.cdf(t) ** 2, t)
    assert expected_maximum(np.zeros((1, 3)), np.eye(2)[None])[0] == pytest.approx(exact, rel=0.02)
    assert expected_maximum(np.array([[0.0, 1.0, 3.0]]), np.zeros((1, 2, 2)))[0] == 3
