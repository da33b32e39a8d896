"""The Python interface of the survival package, against closed forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from scipy import special

import hemodel.survival
from hemodel.parameters import BLOCK, block_uniforms
from hemodel.survival import (
    Curve,
    Fit,
    Statistic,
    SurvivalError,
    family,
    fit_patients,
    fit_reported,
    from_coefficients,
    kaplan_meier,
    patient_data,
    reconstruct,
)

if TYPE_CHECKING:
    from collections.abc import Callable

RATE = 0.05
CLOSED = 1e-12
"""Relative: elementary functions and their rounding."""
INTEGRATED = 1e-8
"""Relative: what `restricted_mean` promises of its quadrature."""
TIMES = np.array([3.0, 1.0, 4.0, 1.5, 9.0, 2.6, 5.0, 3.5])
EVENTS = np.array([1, 1, 0, 1, 1, 0, 1, 1])


def exponential() -> Curve:
    return from_coefficients("exp", {"rate": RATE}, [[0.01**2]], parameterisation="flexsurv_natural").curve()


def test_public_names_exist() -> None:
    for name in hemodel.survival.__all__:
        assert getattr(hemodel.survival, name) is not None
        assert name in (hemodel.survival.__doc__ or "")
    assert family("weibull").parameters == ("shape", "scale")


def test_an_exponential_curve() -> None:
    curve, t = exponential(), np.array([0.0, 1.0, 20.0])
    np.testing.assert_allclose(curve.survival(t), np.exp(-RATE * t), rtol=CLOSED)
    np.testing.assert_allclose(curve.cumulative_hazard(t), RATE * t, rtol=CLOSED)
    np.testing.assert_allclose(curve.hazard(t), RATE, rtol=CLOSED)
    np.testing.assert_allclose(curve.quantile([0.0, 0.5]), [0.0, np.log(2) / RATE], rtol=CLOSED)
    np.testing.assert_allclose(curve.rmst(t), (1 - np.exp(-RATE * t)) / RATE, rtol=INTEGRATED)
    assert curve.mean() == pytest.approx(1 / RATE, rel=CLOSED)
    assert curve.quantile(1.0) == np.inf


def test_a_number_gives_a_number_and_an_array_its_shape() -> None:
    curve = exponential()
    draws = curve.draws(7, seed=1)
    for one, many in ((curve.survival, draws.survival), (curve.hazard, draws.hazard), (curve.rmst, draws.rmst)):
        assert np.ndim(one(3.0)) == 0
        assert one([[1.0, 2.0, 3.0]]).shape == (1, 3)
        assert one([]).shape == (0,)
        assert many(3.0).shape == (7,)
        assert many([1.0, 2.0]).shape == (7, 2)
    assert np.ndim(curve.quantile(0.5)) == 0
    assert draws.quantile([0.1, 0.2, 0.3]).shape == (7, 3)
    assert draws.mean().shape == (7,)


def test_times_in_any_order() -> None:
    """A costly family is interpolated at many times; the order does not matter (1e-10 is what is promised of S)."""
    curve = from_coefficients("genf", {"mu": 2.0, "log(sigma)": -0.3, "Q": 0.4, "log(P)": -0.5}).curve()
    t = np.linspace(0.0, 60.0, 400)
    np.testing.assert_allclose(curve.survival(t[::-1])[::-1], [float(curve.survival(each)) for each in t], atol=1e-10)


def test_summary_of_an_exponential_curve() -> None:
    """The SE 0.01 of the rate is 0.01 / 0.05 = 0.2 on the log scale by the delta method; z = 1.959964."""
    found = exponential().summary()
    assert (found["strategy"], found["family"], found["relation"]) == ("all", "exp", "independent")
    assert found["median"] == pytest.approx(np.log(2) / RATE, rel=CLOSED)
    rate = found["parameters"]["rate"]
    assert rate["value"] == pytest.approx(RATE, rel=CLOSED)
    assert rate["se"] == pytest.approx(0.2, rel=CLOSED)
    assert [rate["low"], rate["high"]] == pytest.approx(RATE * np.exp([-0.2 * 1.959964, 0.2 * 1.959964]), rel=1e-6)


def test_draws_are_normal_on_the_estimation_scale() -> None:
    """One coefficient: log(rate) + 0.2 z, with z the normal quantile of its own stream."""
    draws = exponential().draws(BLOCK + 10, seed=3)
    z = special.ndtri(block_uniforms(3, "curve.coefficients", 0, 10))
    np.testing.assert_allclose(draws.coefficients[:10], np.log(RATE) + 0.2 * z, rtol=CLOSED)
    np.testing.assert_allclose(draws.survival(7.0), np.exp(-7.0 * np.exp(draws.coefficients[:, 0])), rtol=CLOSED)
    np.testing.assert_array_equal(exponential().draws(10, seed=3).coefficients, draws.coefficients[:10])
    assert (exponential().draws(10, seed=4).coefficients != draws.coefficients[:10]).all()


def test_draws_have_the_covariance() -> None:
    """Of 20,000 draws; four Monte Carlo standard errors, sqrt((v_ii v_jj + v_ij^2) / n)."""
    covariance = np.array([[0.04, 0.015], [0.015, 0.01]])
    fit = from_coefficients("weibull", {"log(shape)": 0.2, "log(scale)": 3.0}, covariance)
    found = np.cov(fit.curve().draws(20_000, seed=1).coefficients.T)
    spread = np.sqrt((np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / 20_000)
    assert (np.abs(found - covariance) < 4 * spread).all()


def test_curves_of_one_fit_share_their_draws() -> None:
    fit = fit_patients({"a": patients(), "b": patients(2.0)}, "exp")
    one, other = (fit.curve(name).draws(50, seed=1).coefficients for name in ("a", "b"))
    np.testing.assert_array_equal(one, other)


def patients(factor: float = 1.0) -> hemodel.survival.PatientData:
    return patient_data(factor * TIMES, EVENTS)["all"]


def test_exponential_fit() -> None:
    """Rate = events / time, SE of its logarithm 1 / sqrt(events), log-likelihood d log(rate) - d."""
    fit = fit_patients(patients(), "exp")
    d, total = EVENTS.sum(), TIMES.sum()
    assert fit.coefficients[0] == pytest.approx(np.log(d / total), rel=1e-9)
    assert fit.se[0] == pytest.approx(d**-0.5, rel=1e-6)
    assert fit.criteria["log_likelihood"] == pytest.approx(d * np.log(d / total) - d, rel=1e-11)
    assert fit.criteria["aic"] == pytest.approx(2 - 2 * (d * np.log(d / total) - d), rel=1e-11)
    assert fit.curve().family == "exp"
    assert fit.names == ("all: log(rate)",)


EFFECTS = {
    "proportional_hazards": "hazard ratio",
    "accelerated_failure_time": "acceleration factor",
    "proportional_odds": "odds ratio",
}


@pytest.mark.parametrize("relation", EFFECTS)
def test_relations(relation: str) -> None:
    """The curve of the other strategy follows from that of the reference and the effect by definition."""
    fit = fit_patients({"old": patients(), "new": patients(1.5)}, "weibull", relation=relation, reference="old")
    t = np.array([1.0, 5.0])
    effect = np.exp(fit.coefficients[-1])
    old, new = fit.curve("old"), fit.curve("new")
    odds = effect * (1 - old.survival(t)) / old.survival(t)
    expected = {
        "proportional_hazards": old.survival(t) ** effect,
        "accelerated_failure_time": old.survival(t / effect),
        "proportional_odds": 1 / (1 + odds),
    }
    np.testing.assert_allclose(new.survival(t), expected[relation], rtol=CLOSED)
    assert new.summary()["parameters"][EFFECTS[relation]]["value"] == pytest.approx(effect, rel=CLOSED)


def test_times_one_and_a_half_times_as_long() -> None:
    """Two strategies whose times differ by a factor: that is the acceleration factor."""
    fit = fit_patients({"a": patients(), "b": patients(1.5)}, "weibull", relation="accelerated_failure_time",
                       reference="a")  # fmt: skip
    assert np.exp(fit.coefficients[-1]) == pytest.approx(1.5, rel=1e-6)
    assert fit.strategies == ("a", "b")


def test_hazard_ratios_by_period() -> None:
    """Exponential pieces: log(events / time at risk) in each period, less that of the reference."""
    a, b = patients(), patients(1.5)
    fit = fit_patients({"a": a, "b": b}, "exp", relation="hazard_ratio_by_period", reference="a", cuts=(4.0,))
    found = fit.curve("b").summary()["parameters"]
    early = (b.event[b.time <= 4.0].sum() / np.minimum(b.time, 4.0).sum()) / (EVENTS.sum() / TIMES.sum())
    assert list(found) == ["rate", "hazard ratio from 0", "hazard ratio from 4"]
    assert found["hazard ratio from 0"]["value"] == pytest.approx(early, rel=1e-6)


def test_an_average_takes_one_family_a_draw() -> None:
    fit = fit_patients(patients(), "average(exp 0.25, lnorm 0.75)")
    curve, t = fit.curve(), 3.0
    own = [float(fit_patients(patients(), name).curve().survival(t)) for name in ("exp", "lnorm")]
    draws = curve.draws(4000, seed=1)
    assert fit.criteria == {}
    assert float(curve.survival(t)) == pytest.approx(0.25 * own[0] + 0.75 * own[1], rel=1e-9)
    np.testing.assert_array_equal(draws.coefficients[:, :2].sum(axis=1), 1.0)
    assert set(draws.coefficients[:, 0]) == {0.0, 1.0}
    assert draws.coefficients[:, 0].mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 4000))


def test_data_frames_and_truth_values() -> None:
    frame = pd.DataFrame({"t": TIMES, "e": EVENTS == 1, "arm": list("aabbaabb")})
    data = patient_data(frame["t"], frame["e"], strategy=frame["arm"])
    np.testing.assert_array_equal(data["b"].time, [4.0, 1.5, 5.0, 3.5])
    np.testing.assert_array_equal(data["b"].event, [0.0, 1.0, 1.0, 1.0])
    late = patient_data([2.0, 3.0], [True, True], entry=[0.5, 1.0], weight=[2, 1])["all"]
    np.testing.assert_array_equal(late.entry, [0.5, 1.0])
    np.testing.assert_array_equal(late.weight, [2.0, 1.0])


def test_kaplan_meier_by_hand() -> None:
    """At 1: 7/8; at 1.5: 6/7; 2.6 censored; at 3: 4/5."""
    curve = kaplan_meier(patients())
    np.testing.assert_allclose(curve.at([0.5, 1.0, 2.0, 3.0]), [1, 7 / 8, 6 / 8, 6 / 8 * 4 / 5], rtol=CLOSED)


def test_reported_statistics() -> None:
    """Exponential, proportional hazards: the rate is ln 2 / median and the ratio is as reported."""
    statistics = [
        Statistic("m", "os", "old", "median", 10.0, low=8.0, high=12.5),
        Statistic("h", "os", "new", "hazard_ratio", 0.8, low=0.6, high=1.1, versus="old"),
    ]
    fit = fit_reported(statistics, "exp", relation="proportional_hazards", reference="old", follow_up=15.0)
    assert float(fit.curve("old").hazard(3.0)) == pytest.approx(np.log(2) / 10.0, rel=1e-7)
    assert float(fit.curve("new").hazard(3.0)) == pytest.approx(0.8 * np.log(2) / 10.0, rel=1e-7)
    assert fit.criteria["criterion"] == pytest.approx(4.0, abs=1e-9)
    assert [target.statistic.id for target in fit.targets] == ["m", "h"]
    widths = [np.log(12.5 / 8.0) / 3.919928, np.log(1.1 / 0.6) / 3.919928]
    np.testing.assert_allclose(fit.se, widths, rtol=1e-6)


def test_published_coefficients_with_treatment() -> None:
    """R's survreg: log(scale) is the intercept; treatment moves log time by its coefficient."""
    fit = from_coefficients(
        "weibull", {"(Intercept)": 3.0, "Log(scale)": -0.2, "treatment": 0.3}, parameterisation="survreg"
    )
    t = np.array([5.0, 20.0])
    shape = np.exp(0.2)
    np.testing.assert_allclose(fit.curve("reference").survival(t), np.exp(-((t / np.exp(3.0)) ** shape)), rtol=CLOSED)
    np.testing.assert_allclose(fit.curve("treatment").survival(t), np.exp(-((t / np.exp(3.3)) ** shape)), rtol=CLOSED)
    assert not fit.se.any()
    assert "survreg weibull" in fit.notes[0]


def test_a_reconstruction_without_censoring() -> None:
    """Ten patients who die one a month: the curve drops by a tenth each."""
    t = np.arange(11)
    rebuilt = reconstruct(t, 1 - t / 10, [0, 5], [10, 6], events=10)
    np.testing.assert_array_equal(np.sort(rebuilt.data.time), t[1:])
    assert rebuilt.data.event.all()
    assert rebuilt.comparison.agrees


FIT = from_coefficients("weibull", {"log(shape)": 0.2, "log(scale)": 3.0})
BOTH = fit_patients({"a": patients(), "b": patients(2.0)}, "exp")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: FIT.curve().survival(-1.0), r"A time must be a number of 0 or more; given: -1\."),
        (lambda: FIT.curve().hazard(["x"]), r"A time must be a number of 0 or more; given: \['x'\]\."),
        (lambda: FIT.curve().rmst(np.inf), r"A horizon must be a number of 0 or more; given: inf\."),
        (lambda: FIT.curve().quantile(50), r"A share of patients must be between 0 and 1; given: 50\."),
        (
            lambda: FIT.curve().draws(0, seed=1),
            r"Draws need a number of 1 or more and a seed of 0 or more; given: 0",
        ),
        (lambda: FIT.curve("b"), r"no curve for strategy 'b'. Curves: all\."),
        (BOTH.curve, r"Name the strategy whose curve is wanted. There are: a, b\."),
        (lambda: fit_patients(patients(), "weibul"), r"Did you mean weibull\?"),
        (
            lambda: fit_patients({"a": patients(), "b": patients()}, "exp", relation="proportional_hazard"),
            r"'proportional_hazard' is not a relation of curves. Did you mean proportional_hazards\? Known:",
        ),
        (
            lambda: fit_patients({"a": patients(), "b": patients()}, "exp", relation="proportional_odds"),
            r"needs a reference, the strategy that the effect acts on; none is given. Strategies: a, b\.",
        ),
        (
            lambda: fit_patients({"a": patients()}, "exp", relation="proportional_odds", reference="c"),
            r"there is no strategy 'c'. Strategies: a\.",
        ),
        (
            lambda: patient_data([1.0, 2.0], [1]),
            r"columns must have one value for each patient; they have: time 2, event 1\.",
        ),
        (lambda: patient_data([[1.0]], [1]), r"A column must have one dimension; this one has 2\."),
        (lambda: patient_data([], []), r"they have: time 0, event 0\."),
        (lambda: fit_reported([], "exp"), r"The statistics must be of one endpoint; given: there are none\."),
        (lambda: from_coefficients("weibull", {"shape": 1.0, "scale": 2.0}), r"log\(shape\) is missing"),
        (
            lambda: from_coefficients("spline(hazard, 1 knot)", {"gamma0": -3.0, "gamma1": 1.0, "gamma2": 0.1}),
            r"needs its knots, as in spline\(hazard, knots at 1 6 24\)\.",
        ),
        (
            lambda: reconstruct([0, 1], [1.0], [0], [10]),
            r"curve: both columns must be as long; they have: time 2,",
        ),
        (lambda: reconstruct([0, 5, 10], [1, 0.5, 0.4], [0, 6], [100, 95]), r"At time 5 the rebuilt survival is"),
    ],
)
def test_refusals(call: Callable[[], Curve | Fit], message: str) -> None:
    with pytest.raises(SurvivalError, match=message):
        call()


def test_everything_that_is_wrong_with_patients() -> None:
    with pytest.raises(SurvivalError) as caught:
        patient_data([1.0, -2.0, np.nan], [1, 0, 2], strategy=["a", "", "a"])
    assert [str(part).partition(".")[0] for part in caught.value.parts] == [
        "patients, time[2]: 'nan' is not a number",
        "patients, time[1]: the time is -2",
        "patients, event[2]: the event is 2",
        "patients, strategy[1]: the strategy is empty",
    ]


def test_everything_that_is_wrong_with_a_curve_and_its_table() -> None:
    with pytest.raises(SurvivalError) as caught:
        reconstruct([0, 1], [1, 80], [1], [10])
    assert [str(part).partition(".")[0] for part in caught.value.parts] == [
        "curve, survival[1]: survival is 80; it must lie between 0 and 1",
        "risk table, time[0]: the first time is 1, not 0",
    ]
