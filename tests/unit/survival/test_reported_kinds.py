"""Restricted means, model effects, hazard ratios of a period, and weights, as targets of a fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, optimize
from trial import AFT, OS, OS_12, PATIENTS, PH, curves

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.fitting import fit
from hemodel.survival.reported.predicted import model_values
from hemodel.survival.reported.problem import fit_problem
from hemodel.survival.reported.statistics import Statistic, bounds, from_scale, target, to_scale

ODDS, PERIODS = "proportional_odds", "hazard_ratio_by_period"
MEAN = Statistic("os.old.mean", "os", "old", "restricted_mean", 10.2, time=24.0, low=9.3, high=11.1)
FACTOR = Statistic("os.af", "os", "new", "acceleration_factor", 1.3, low=1.05, high=1.61, versus="old")
RATIO = Statistic("os.or", "os", "new", "odds_ratio", 0.7, low=0.5, high=0.98, versus="old")
EARLY = Statistic("os.hr.0", "os", "new", "hazard_ratio", 0.9, time=0.0, low=0.6, high=1.35, versus="old")
LATE = replace(EARLY, id="os.hr.6", value=0.6, time=6.0, low=0.4, high=0.9)
BY_PERIOD = EndpointCurves(
    "os", (CurveSpec("old", "weibull", "independent"), CurveSpec("new", "", PERIODS, "old", cuts=(6.0,)))
)


def test_scales_and_errors() -> None:
    assert to_scale("restricted_mean", 10.2) == from_scale("restricted_mean", 10.2) == 10.2
    assert target(MEAN).y == 10.2
    assert target(MEAN).se == pytest.approx(1.8 / 3.919928, rel=1e-14)
    for each in (FACTOR, RATIO):
        assert target(each).y == pytest.approx(np.log(each.value), rel=1e-14)
        assert target(each).se == pytest.approx(np.log((each.high or 1.0) / (each.low or 1.0)) / 3.919928, rel=1e-14)
        bare = replace(each, low=None, high=None, p_value=0.05, events=200.0)
        assert target(bare).se == pytest.approx(abs(np.log(each.value)) / 1.959963984540054, rel=1e-12)


@pytest.mark.parametrize("statistic", [MEAN, FACTOR, OS[0], OS_12[0]])
def test_a_weight_divides_the_variance(statistic: Statistic) -> None:
    weighted = replace(statistic, weight=0.25)
    assert target(weighted).se == pytest.approx(2.0 * target(statistic).se, rel=1e-14)
    assert target(replace(statistic, weight=1.0)) == replace_statistic(statistic, 1.0)
    assert bounds(weighted) == bounds(statistic)


def replace_statistic(statistic: Statistic, weight: float) -> object:
    aim = target(statistic)
    return replace(aim, statistic=replace(statistic, weight=weight))


def test_half_a_weight_is_half_a_statistic() -> None:
    """Two copies at weight one half are the statistic itself: same curves, same spread."""
    halves = tuple(replace(each, id=f"{each.id}.{k}", weight=0.5) for each in OS + OS_12 for k in "ab")
    whole = fit(fit_problem(curves("weibull", PH), OS + OS_12, 15.0, PATIENTS))
    split = fit(fit_problem(curves("weibull", PH), halves, 15.0, PATIENTS))
    np.testing.assert_allclose(split.coefficients, whole.coefficients, rtol=1e-10)
    np.testing.assert_allclose(split.covariance, whole.covariance, rtol=1e-8)


def test_restricted_mean_of_an_exponential() -> None:
    """(1 - exp(-rate h)) / rate = 10.2 solved for the rate; the spread by the delta method."""
    alone = EndpointCurves("os", (CurveSpec("old", "exp", "independent"),))
    result = fit(fit_problem(alone, (MEAN,), None, {}))
    rate = float(optimize.brentq(lambda r: -np.expm1(-24.0 * r) / r - 10.2, 1e-3, 1.0, xtol=1e-15, rtol=1e-14))
    assert np.exp(result.coefficients[0]) == pytest.approx(rate, rel=1e-8)
    slope = 24.0 * np.exp(-24.0 * rate) - 10.2
    assert result.covariance[0, 0] == pytest.approx((1.8 / 3.919928 / slope) ** 2, rel=1e-7)
    assert result.targets[0].fitted == pytest.approx(10.2, rel=1e-9)


def test_restricted_mean_with_a_median_gives_a_shape() -> None:
    """The area under the fitted Weibull, by adaptive quadrature, is the mean that was reported."""
    alone = EndpointCurves("os", (CurveSpec("old", "weibull", "independent"),))
    mean = replace(MEAN, value=11.6, low=10.7, high=12.5)
    shape, scale = np.exp(fit(fit_problem(alone, (OS[1], mean), None, {})).coefficients)
    area = integrate.quad(lambda t: np.exp(-((t / scale) ** shape)), 0.0, 24.0, epsabs=1e-12)[0]
    assert area == pytest.approx(11.6, rel=1e-8)
    assert scale * np.log(2.0) ** (1.0 / shape) == pytest.approx(10.6, rel=1e-8)


@pytest.mark.parametrize(("statistic", "relation"), [(FACTOR, AFT), (RATIO, ODDS)])
def test_an_effect_is_the_coefficient_itself(statistic: Statistic, relation: str) -> None:
    shape = EndpointCurves(
        "os",
        (
            CurveSpec("new", "", relation, "old"),
            CurveSpec("old", "weibull", "independent"),
            CurveSpec("third", "", relation, "old"),
        ),
    )
    c = np.array([-0.31, 0.3, 2.6, 0.12])
    back = replace(statistic, strategy="old", versus="new")
    third = replace(statistic, versus="third")
    found = model_values(shape, [target(each) for each in (statistic, back, third)], c, None, {})
    np.testing.assert_array_equal(found, [-0.31, 0.31, -0.31 - 0.12])


@pytest.mark.parametrize(("statistic", "relation"), [(FACTOR, AFT), (RATIO, ODDS)])
def test_an_effect_is_recovered(statistic: Statistic, relation: str) -> None:
    """As many statistics as coefficients: the effect is the one reported, with its standard error."""
    landmark = replace(OS_12[1], time=24.0, value=0.15)
    result = fit(fit_problem(curves("llogis", relation), (OS[1], landmark, statistic), None, {}))
    assert result.coefficients[2] == pytest.approx(np.log(statistic.value), rel=1e-9)
    assert result.covariance[2, 2] == pytest.approx(target(statistic).se ** 2, rel=1e-8)


def test_proportional_odds_of_a_log_logistic_are_a_slower_clock() -> None:
    """Odds of the event are (t / scale)^shape, so that OR = AF^-shape: the medians say it."""
    landmark = replace(OS_12[1], time=24.0, value=0.15)
    result = fit(fit_problem(curves("llogis", ODDS), (OS[0], OS[1], landmark), None, {}))
    shape = np.exp(result.coefficients[0])
    assert result.coefficients[2] == pytest.approx(-shape * np.log(13.2 / 10.6), rel=1e-9)


def test_hazard_ratios_by_period() -> None:
    landmark = replace(OS_12[1], time=24.0, value=0.15)
    problem = fit_problem(BY_PERIOD, (OS[1], landmark, EARLY, LATE), None, {})
    result = fit(problem)
    np.testing.assert_allclose(result.coefficients[2:], np.log([0.9, 0.6]), rtol=1e-9)
    back = replace(LATE, strategy="old", versus="new")
    found = model_values(BY_PERIOD, [target(back)], result.coefficients, None, {})
    np.testing.assert_allclose(found, -np.log(0.6), rtol=1e-9)


def test_average_of_hazard_ratios_by_period() -> None:
    """Events expected of both arms in each period weigh its ratio: 1 - S at 6 months, and from 6 to 15."""
    coefficients = np.array([np.log(1.3), np.log(14.0), np.log(0.9), np.log(0.6)])
    found = model_values(BY_PERIOD, [target(OS[2])], coefficients, 15.0, {"new": 100.0, "old": 300.0})
    h6, h15 = (6.0 / 14.0) ** 1.3, (15.0 / 14.0) ** 1.3
    old = np.exp([0.0, -h6, -h15])
    new = np.exp([0.0, -0.9 * h6, -0.9 * h6 - 0.6 * (h15 - h6)])
    events = 300.0 * -np.diff(old) + 100.0 * -np.diff(new)
    assert found[0] == pytest.approx(events @ np.log([0.9, 0.6]) / events.sum(), abs=1e-9)


@pytest.mark.parametrize(
    ("shape", "statistic", "text"),
    [
        (
            curves("weibull", PH),
            FACTOR,
            (
                "os.af: an acceleration factor of new versus old says something only about curves with relation "
                "accelerated_failure_time. Give that relation to new, with old as its reference, or do not use the "
                "statistic in the fit."
            ),
        ),
        (
            curves("weibull", AFT),
            RATIO,
            (
                "os.or: an odds ratio of new versus old says something only about curves with relation "
                "proportional_odds. Give that relation to new, with old as its reference, or do not use the "
                "statistic in the fit."
            ),
        ),
        (
            BY_PERIOD,
            replace(LATE, time=7.0),
            "os.hr.6: no period of the hazard ratio begins at 7. Periods begin at 0, 6.",
        ),
        (
            curves("weibull", PH),
            LATE,
            (
                "os.hr.6: the hazard ratio of a period, from 6, needs a curve with relation hazard_ratio_by_period. "
                "Give that relation to new, with old as its reference, or leave time empty for the hazard ratio of the "
                "whole follow-up."
            ),
        ),
    ],
)
def test_what_the_curves_do_not_have(shape: EndpointCurves, statistic: Statistic, text: str) -> None:
    with pytest.raises(SurvivalError) as raised:
        fit_problem(shape, (*OS[:2], *OS_12, statistic), 15.0, PATIENTS)
    assert str(raised.value) == text
    assert raised.value.ids == (statistic.id,)


def test_what_the_curves_do_not_have_can_still_be_listed() -> None:
    result = fit(fit_problem(curves("weibull", PH), (*OS, replace(FACTOR, used=False)), 15.0, PATIENTS))
    assert np.isnan(result.targets[3].fitted)
    assert result.targets[3].reported == pytest.approx(1.3)


@pytest.mark.parametrize(
    ("statistic", "text"),
    [
        (
            replace(MEAN, time=None),
            "os.old.mean: a restricted mean needs time, the horizon up to which it was taken, above 0.",
        ),
        (
            replace(MEAN, time=10.0),
            "os.old.mean: value is 10.2; a restricted mean must be below its horizon, 10.",
        ),
        (
            replace(MEAN, low=None, high=None),
            "os.old.mean: no standard error. Give low or high or both, or an SE.",
        ),
        (
            replace(FACTOR, low=None, high=None),
            "os.af: no standard error. Give low or high or both, or an SE, or a P value.",
        ),
        (
            replace(RATIO, low=None, high=None, events=200.0),
            "os.or: no standard error. Give low or high or both, or an SE, or a P value.",
        ),
        (
            replace(RATIO, value=0.0),
            "os.or: value is 0; an odds_ratio must be above 0 and finite.",
        ),
        (
            replace(FACTOR, versus=None),
            "os.af: an acceleration factor needs versus, the strategy it compares with.",
        ),
        (
            replace(RATIO, versus="new"),
            "os.or: an odds ratio cannot compare a strategy with itself.",
        ),
        (
            replace(LATE, time=-1.0),
            "os.hr.6: time is -1; the period of a hazard ratio begins at 0 or later.",
        ),
        (
            replace(MEAN, weight=1.5),
            "os.old.mean: weight is 1.5; it must be above 0 and at most 1.",
        ),
    ],
)
def test_messages(statistic: Statistic, text: str) -> None:
    with pytest.raises(SurvivalError) as raised:
        target(statistic)
    assert str(raised.value) == text
    assert raised.value.ids == (statistic.id,)
