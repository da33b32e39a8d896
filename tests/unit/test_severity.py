"""Shortfall, severity weights and bands of thresholds; every number is worked out by hand in the test."""

from __future__ import annotations

import numpy as np
import pytest

from hemodel.severity import Shortfall, severity_weight, shortfall, threshold_of_band

# NICE health technology evaluations: the manual (PMG36), table 6.1.
ABSOLUTE, PROPORTIONAL, WEIGHTS = (12.0, 18.0), (0.85, 0.95), (1.0, 1.2, 1.7)


def weight(general: float, current_care: float) -> float:
    found = shortfall(general, np.array([current_care]))
    return float(severity_weight(found, ABSOLUTE, PROPORTIONAL, WEIGHTS)[0])


def test_shortfall_is_what_is_lost() -> None:
    found = shortfall(10.0, np.array([0.0, 2.5, 10.0, 11.0]))

    assert found.absolute.tolist() == [10.0, 7.5, 0.0, -1.0]
    assert found.proportional.tolist() == pytest.approx([1.0, 0.75, 0.0, -0.1])


@pytest.mark.parametrize(
    ("general", "current_care", "expected"),
    [
        (10.0, 10.0, 1.0),  # nothing is lost
        (10.0, 11.0, 1.0),  # nor is it with more than the population has
        (10.0, 0.0, 1.7),  # everything is lost: proportional 1
        (10.0, 1.51, 1.0),  # proportional 0.849
        (10.0, 1.5, 1.2),  # exactly 0.85
        (10.0, 0.51, 1.2),  # 0.949
        (10.0, 0.5, 1.7),  # exactly 0.95
        (12.4, 1.86, 1.2),  # 10.54 / 12.4 is 0.85, whatever the binary fractions make of it
        (40.0, 28.01, 1.0),  # absolute 11.99, proportional 0.3
        (40.0, 28.0, 1.2),  # exactly 12
        (40.0, 22.01, 1.2),  # 17.99
        (40.0, 22.0, 1.7),  # exactly 18
        (13.0, 0.9, 1.2),  # absolute 12.1 and proportional 0.931: both the first weight
        (14.0, 0.6, 1.7),  # absolute 13.4 gives 1.2 and proportional 0.957 gives 1.7: the greater
        (20.0, 1.9, 1.7),  # absolute 18.1 gives 1.7 and proportional 0.905 gives 1.2: the greater
    ],
)
def test_the_boundary_takes_the_higher_and_the_greater_of_the_two_tests_counts(
    general: float, current_care: float, expected: float
) -> None:
    assert weight(general, current_care) == expected


def test_each_draw_has_its_own_weight() -> None:
    found = Shortfall(np.array([1.0, 12.0, 19.0, 3.0]), np.array([0.1, 0.2, 0.3, 0.96]))

    assert severity_weight(found, ABSOLUTE, PROPORTIONAL, WEIGHTS).tolist() == [1.0, 1.2, 1.7, 1.7]


def test_the_band_of_a_threshold_begins_at_its_start() -> None:
    values = np.array([0.05, 0.1, 0.4, 0.41, 0.7, 0.71, 1.0])

    found = threshold_of_band(values, (0.1, 0.41, 0.71), (20000.0, 50000.0, 80000.0))

    assert np.isnan(found[0])
    assert found[1:].tolist() == [20000.0, 20000.0, 50000.0, 50000.0, 80000.0, 80000.0]
