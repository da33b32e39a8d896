"""Scales, standard errors, bounds and messages of reported statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.statistics import EXACT_SE, Statistic, bounds, from_scale, target, to_scale

MEDIAN = Statistic("os.a.median", "os", "a", "median", 10.6, low=9.5, high=12.2)
SURVIVAL = Statistic("os.a.12", "os", "a", "survival", 0.441, time=12.0, patients=241.0)
RATIO = Statistic("os.hr", "os", "b", "hazard_ratio", 0.73, low=0.57, high=0.95, versus="a")


@pytest.mark.parametrize(
    ("kind", "value", "y"),
    [
        ("median", 10.6, np.log(10.6)),
        ("hazard_ratio", 0.73, np.log(0.73)),
        ("survival", 0.441, np.log(-np.log(0.441))),
    ],
)
def test_scales(kind: str, value: float, y: float) -> None:
    assert to_scale(kind, value) == pytest.approx(y, rel=1e-15)
    assert from_scale(kind, y) == pytest.approx(value, rel=1e-14)


def test_a_median_that_is_never_reached_goes_back_to_infinity() -> None:
    assert from_scale("median", np.inf) == np.inf
    assert from_scale("survival", np.inf) == 0.0


def test_standard_errors() -> None:
    assert target(MEDIAN).se == pytest.approx(np.log(12.2 / 9.5) / 3.919928, rel=1e-14)
    assert target(RATIO).se == pytest.approx(np.log(0.95 / 0.57) / 3.919928, rel=1e-14)
    binomial = np.sqrt(0.441 * 0.559 / 241.0) / (0.441 * -np.log(0.441))
    assert target(SURVIVAL).se == pytest.approx(binomial, rel=1e-14)
    interval = replace(SURVIVAL, low=0.378, high=0.502)
    width = np.log(-np.log(0.378)) - np.log(-np.log(0.502))
    assert target(interval).se == pytest.approx(width / 3.919928, rel=1e-14)


def test_standard_error_of_a_hazard_ratio_from_p_value_then_events() -> None:
    bare = replace(RATIO, low=None, high=None, p_value=0.0174, events=261.0)
    expected = abs(np.log(0.73)) / stats.norm.ppf(1.0 - 0.0174 / 2.0)
    assert target(bare).se == pytest.approx(expected, rel=1e-12)
    assert target(replace(bare, p_value=None)).se == pytest.approx(2.0 / np.sqrt(261.0))
    assert target(replace(bare, value=1.0)).se == pytest.approx(2.0 / np.sqrt(261.0))


@pytest.mark.parametrize(
    ("statistic", "se", "interval"),
    [
        # Median 16.0 (13.0 to not reached): 0.2076 / 1.959964 = 0.1059; the other end is 16 x 16 / 13.
        (replace(MEDIAN, value=16.0, low=13.0, high=None), 0.10594042, (13.0, 19.692308)),
        # Hazard ratio 0.8 (not estimable to 1.0): 0.2231436 / 1.959964; 0.8 x 0.8 / 1.0.
        (replace(RATIO, value=0.8, low=None, high=1.0), 0.11385084, (0.64, 1.0)),
        # Landmark 0.5 (0.4 to not reached): ln(0.9162907 / 0.6931472) = 0.2790914 over 1.959964; the other end has
        # -ln S = 0.6931472^2 / 0.9162907 = 0.5243450.
        (replace(SURVIVAL, value=0.5, low=0.4, patients=None), 0.14239616, (0.4, 0.5919426)),
        # Restricted mean 20 (18 to not reached): 2 / 1.959964.
        (Statistic("os.a.mean", "os", "a", "restricted_mean", 20.0, time=36.0, low=18.0), 1.0204270, (18.0, 22.0)),
    ],
)
def test_one_end_alone_gives_the_one_sided_half_width(
    statistic: Statistic, se: float, interval: tuple[float, float]
) -> None:
    """By hand, to the digits written."""
    assert target(statistic).se == pytest.approx(se, rel=1e-6)
    assert bounds(statistic) == pytest.approx(interval, rel=1e-6)


@pytest.mark.parametrize(
    ("statistic", "se"),
    [
        (replace(MEDIAN, low=None, high=None, se=1.06), 0.1),
        (replace(RATIO, value=0.8, low=None, high=None, se=0.12, p_value=0.9, events=4.0), 0.15),
        (replace(SURVIVAL, value=0.5, se=0.04), 0.04 / (0.5 * 0.69314718)),
        (Statistic("os.a.mean", "os", "a", "restricted_mean", 20.0, time=36.0, se=1.3), 1.3),
        (replace(MEDIAN, high=None, se=1.06), 0.1),
    ],
)
def test_a_standard_error_as_given_goes_before_all_but_a_whole_interval(statistic: Statistic, se: float) -> None:
    assert target(statistic).se == pytest.approx(se, rel=1e-7)


def test_a_whole_interval_goes_before_a_standard_error() -> None:
    assert target(replace(MEDIAN, se=5.0)).se == target(MEDIAN).se


def test_a_median_with_its_patients_alone() -> None:
    """Binomial at 0.5: sqrt(0.25 / n) / (0.5 ln 2) = 1 / (ln 2 sqrt(n)), with n = 100 0.1442695."""
    assert target(replace(MEDIAN, low=None, high=None, patients=100.0)).se == pytest.approx(0.14426950, rel=1e-7)


def test_a_fixed_statistic_without_error_is_exact() -> None:
    bare = replace(MEDIAN, low=None, high=None, fixed=True)
    assert target(bare).se == EXACT_SE
    assert target(replace(MEDIAN, fixed=True)).se == target(MEDIAN).se


def test_bounds() -> None:
    assert bounds(MEDIAN) == (9.5, 12.2)
    low, high = bounds(SURVIVAL)
    assert low < 0.441 < high
    half = 1.959964 * target(SURVIVAL).se
    assert to_scale("survival", low) - to_scale("survival", 0.441) == pytest.approx(half)
    assert to_scale("survival", 0.441) - to_scale("survival", high) == pytest.approx(half)
    low, high = bounds(replace(RATIO, low=None, high=None, events=261.0))
    assert np.sqrt(low * high) == pytest.approx(0.73)


@pytest.mark.parametrize(
    ("statistic", "text"),
    [
        (
            replace(MEDIAN, low=None, high=None),
            "os.a.median: no standard error. Give low or high or both, or an SE, or n.",
        ),
        (
            replace(SURVIVAL, patients=None),
            "os.a.12: no standard error. Give low or high or both, or an SE, or n.",
        ),
        (
            replace(RATIO, low=None, high=None),
            "os.hr: no standard error. Give low or high or both, or an SE, or a P value, or events.",
        ),
        (
            replace(MEDIAN, kind="mean"),
            (
                "os.a.median: kind 'mean' is unknown. Known: median, survival, restricted_mean, hazard_ratio, "
                "acceleration_factor, odds_ratio."
            ),
        ),
        (
            replace(SURVIVAL, value=44.1),
            "os.a.12: value is 44.1; a survival must be above 0 and below 1.",
        ),
        (
            replace(MEDIAN, low=0.0),
            "os.a.median: low is 0; a median must be above 0 and finite.",
        ),
        (
            replace(RATIO, value=-0.3),
            "os.hr: value is -0.3; a hazard_ratio must be above 0 and finite.",
        ),
        (
            replace(MEDIAN, low=10.6, high=None),
            "os.a.median: low is 10.6, and without high it must be below the value 10.6.",
        ),
        (
            replace(MEDIAN, low=None, high=10.0),
            "os.a.median: high is 10, and without low it must be above the value 10.6.",
        ),
        (
            replace(MEDIAN, low=11.0),
            "os.a.median: value 10.6 is not between low 11 and high 12.2.",
        ),
        (
            replace(MEDIAN, low=10.6, high=10.6),
            "os.a.median: low and high are both 10.6, which leaves no uncertainty.",
        ),
        (
            replace(SURVIVAL, time=None),
            "os.a.12: a survival needs the time at which it was reported, above 0.",
        ),
        (
            replace(SURVIVAL, patients=0.0),
            "os.a.12: patients is 0; it must be above 0.",
        ),
        (
            replace(RATIO, versus=None),
            "os.hr: a hazard ratio needs versus, the strategy it compares with.",
        ),
        (
            replace(RATIO, versus="b"),
            "os.hr: a hazard ratio cannot compare a strategy with itself.",
        ),
        (replace(RATIO, p_value=1.2), "os.hr: p_value is 1.2; it must be between 0 and 1."),
        (replace(RATIO, events=-1.0), "os.hr: events is -1; it must be above 0."),
    ],
)
def test_messages(statistic: Statistic, text: str) -> None:
    with pytest.raises(SurvivalError) as raised:
        target(statistic)
    assert str(raised.value) == text
    assert raised.value.ids == (statistic.id,)
