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
            "os.a.median: no standard error. Give low and high.",
        ),
        (
            replace(SURVIVAL, patients=None),
            "os.a.12: no standard error. Give low and high, or n.",
        ),
        (
            replace(RATIO, low=None, high=None),
            "os.hr: no standard error. Give low and high, or a P value, or events.",
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
            replace(MEDIAN, high=None),
            "os.a.median: low is given without high. Give both, or neither.",
        ),
        (
            replace(MEDIAN, low=None),
            "os.a.median: high is given without low. Give both, or neither.",
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
