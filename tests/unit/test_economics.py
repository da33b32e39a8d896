"""Increments, net benefit and ratios, each beside a sum made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hemodel.economics import (
    break_even_costs,
    change,
    differences,
    extended,
    frontier,
    icer,
    increment,
    increments,
    is_cost_effective,
    net_health_benefit,
    net_monetary_benefit,
    optimal,
    swing,
)

QALYS = np.array([[1.0, 1.5, 1.25], [2.0, 2.75, 1.5]])
COSTS = np.array([[100.0, 400.0, 50.0], [200.0, 900.0, 300.0]])


def test_increments_are_intervention_minus_comparator() -> None:
    assert increments(COSTS).tolist() == [[300.0, -50.0], [700.0, 100.0]]
    assert increment(COSTS, 2).tolist() == [-50.0, 100.0]
    assert float(increment(COSTS[0], 1)) == 300.0
    assert increments(np.stack([QALYS, COSTS]))[0].tolist() == [[0.5, 0.25], [0.75, -0.5]]


def test_differences_are_by_component() -> None:
    mine, other = {"total": 7.0, "acquisition": 4.0}, {"acquisition": 6.0, "total": 2.0}
    assert differences(mine, other) == {"total": 5.0, "acquisition": -2.0}


def test_net_benefit_of_numbers_and_arrays() -> None:
    """20,000 x 0.5 - 4,000 = 6,000, or 0.3 QALYs."""
    assert net_monetary_benefit(0.5, 4000.0, 20000.0) == 6000.0
    assert net_health_benefit(0.5, 4000.0, 20000.0) == 0.3
    assert net_monetary_benefit(QALYS[0], COSTS[0], 1000.0).tolist() == [900.0, 1100.0, 1200.0]
    thresholds = np.array([0.0, 1000.0])
    assert net_monetary_benefit(QALYS[0], COSTS[0], thresholds[:, None]).tolist() == [
        [-100.0, -400.0, -50.0],
        [900.0, 1100.0, 1200.0],
    ]


def test_there_is_no_health_benefit_at_a_threshold_of_0() -> None:
    assert math.isnan(net_health_benefit(0.5, 4000.0, 0.0))
    assert np.isnan(net_health_benefit(QALYS, COSTS, 0.0)).all()


def test_at_the_ratio_net_benefit_is_0() -> None:
    assert icer(4000.0, 0.5) == 8000.0
    assert net_monetary_benefit(0.5, 4000.0, 8000.0) == 0.0
    assert break_even_costs(0.5, 8000.0) == 4000.0


@pytest.mark.parametrize(("benefit", "good"), [(1e-9, True), (0.0, True), (-1e-9, False)])
def test_a_benefit_of_0_is_cost_effective(benefit: float, good: bool) -> None:
    assert is_cost_effective(benefit) is good


def test_a_change_is_after_minus_before_and_none_without_either() -> None:
    assert change(3.0, 5.0) == 2.0
    assert change(None, 5.0) is change(3.0, None) is None


@pytest.mark.parametrize(("low", "high", "expected"), [(2.0, 5.0, 3.0), (5.0, 2.0, 3.0), (None, -4.0, 4.0)])
def test_a_swing_has_no_sign(low: float | None, high: float, expected: float) -> None:
    assert swing(low, high) == expected


def test_a_frontier_goes_on_with_its_last_slope() -> None:
    """From (300, 2.0) to (500, 2.5) it rises by 0.25 a hundred, so that 900 reaches 3.5."""
    assert extended([100.0, 300.0, 500.0], [1.0, 2.0, 2.5], 900.0) == pytest.approx(3.5, rel=1e-15)


def test_of_equals_the_first_is_the_best() -> None:
    """At the ICER of two strategies, where rounding makes now one and now the other higher."""
    rng = np.random.default_rng(7)
    first_higher = 0
    for _ in range(200):
        qalys = np.array([[1.0, 1.0 + rng.uniform(0.1, 2.0)]])
        costs = np.array([[30_000.0, 30_000.0 + rng.uniform(1e3, 1e5)]])
        threshold = float((costs[0, 1] - costs[0, 0]) / (qalys[0, 1] - qalys[0, 0]))
        benefit = threshold * qalys[0] - costs[0]
        first_higher += int(benefit[0] >= benefit[1])
        beside = np.array([0.999, 1.0, 1.001]) * threshold
        assert optimal(qalys, costs, beside).tolist() == [0, 0, 1]
    assert 0 < first_higher < 200


def test_strategies_of_equal_costs_and_effects_are_equivalent_and_not_dominated() -> None:
    """By hand: B costs 20 more than A for 2 QALYs more; its equals add no point, and D costs more for nothing."""
    found = frontier(["A", "B", "C", "D", "E", "F"], [10, 30, 30, 31, 10, 30], [1.0, 3.0, 3.0, 3.0, 1.0, 3.0])
    assert [(entry.strategy, entry.status, entry.against) for entry in found] == [
        ("A", "reference", None),
        ("E", "equivalent", "A"),
        ("B", "on the frontier", "A"),
        ("C", "equivalent", "B"),
        ("F", "equivalent", "C"),
        ("D", "dominated", None),
    ]
    assert [entry.icer for entry in found] == [None, None, 10.0, None, None, None]


def test_a_difference_beyond_rounding_is_one() -> None:
    (_, dearer) = frontier(["A", "B"], [10.0, 10.01], [1.0, 1.0])
    (_, worse) = frontier(["A", "B"], [10.0, 10.0], [1.0, 0.999])
    (_, rounded) = frontier(["A", "B"], [10.0, 10.0 + 1e-11], [1.0, 1.0])
    assert (dearer.status, worse.status, rounded.status) == ("dominated", "dominated", "equivalent")
