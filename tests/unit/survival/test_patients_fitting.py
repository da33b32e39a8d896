"""Maximum likelihood: closed forms, a plainly written likelihood, warnings and refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import optimize

from hemodel.parameters import block_uniforms
from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES
from hemodel.survival.patients.bootstrap import case_bootstrap
from hemodel.survival.patients.data import PatientData, patients, read_patients
from hemodel.survival.patients.fitting import LikelihoodFit, maximum_likelihood

if TYPE_CHECKING:
    from collections.abc import Callable

LUNG = Path(__file__).parents[2] / "reference" / "data" / "flexsurv_lung_data.csv"
NEAR = 1e-7
"""Coefficients settle to below 1e-8 standard errors; standard errors here are at most 1."""


def by_sex() -> dict[str, PatientData]:
    data = read_patients(LUNG, time="time", event="event", strategy="sex")
    return {"men": data["1"], "women": data["2"]}


def curves(name: str, relation: str = "independent") -> EndpointCurves:
    reference = None if relation == "independent" else "men"
    return EndpointCurves("os", (CurveSpec("men", name, "independent"), CurveSpec("women", name, relation, reference)))


def single(name: str) -> EndpointCurves:
    return EndpointCurves("os", (CurveSpec("all", name, "independent"),))


def late(data: PatientData) -> PatientData:
    """The same patients, every third of them observed only from half of their time."""
    entry = np.where(np.arange(data.time.size) % 3 == 0, 0.5 * data.time, 0.0)
    return replace(data, entry=entry)


def totals(data: PatientData) -> tuple[float, float]:
    """Events and time under observation."""
    return float((data.weight * data.event).sum()), float((data.weight * (data.time - data.entry)).sum())


@pytest.mark.parametrize("change", [lambda data: data, late], ids=["from 0", "delayed entry"])
def test_exponential_in_closed_form(change: Callable[[PatientData], PatientData]) -> None:
    """Rate = events / time; the variance of its log is 1 / events; log L = d log rate - d."""
    data = {name: change(some) for name, some in by_sex().items()}
    fit = maximum_likelihood(curves("exp", "proportional_hazards"), data)
    (d0, t0), (d1, t1) = totals(data["men"]), totals(data["women"])
    np.testing.assert_allclose(fit.coefficients, [np.log(d0 / t0), np.log(d1 / t1 * t0 / d0)], atol=NEAR)
    covariance = np.array([[1.0, -1.0], [-1.0, 1.0 + d0 / d1]]) / d0
    np.testing.assert_allclose(fit.covariance, covariance, rtol=1e-6)
    log_likelihood = d0 * np.log(d0 / t0) - d0 + d1 * np.log(d1 / t1) - d1
    assert fit.log_likelihood == pytest.approx(log_likelihood, rel=1e-13)
    assert (fit.n_patients, fit.n_events, fit.n_parameters) == (228.0, 165.0, 2)
    assert fit.aic == pytest.approx(4.0 - 2.0 * log_likelihood, rel=1e-13)
    assert fit.aicc == pytest.approx(fit.aic + 2.0 * 2.0 * 3.0 / (228.0 - 3.0), rel=1e-13)
    assert fit.bic == pytest.approx(2.0 * np.log(228.0) - 2.0 * log_likelihood, rel=1e-13)
    assert fit.bic_events == pytest.approx(2.0 * np.log(165.0) - 2.0 * log_likelihood, rel=1e-13)
    assert fit.gradient_norm < 1e-8
    assert fit.warnings == ()


def test_condition_number_in_closed_form() -> None:
    """Information d0 [[1 + d1/d0, d1/d0], [d1/d0, d1/d0]]: scaled, it is [[1, r], [r, 1]]."""
    fit = maximum_likelihood(curves("exp", "proportional_hazards"), by_sex())
    r = np.sqrt(53.0 / 165.0)
    assert fit.condition == pytest.approx((1.0 + r) / (1.0 - r), rel=1e-6)


@pytest.mark.parametrize("relation", ["proportional_hazards", "accelerated_failure_time"])
def test_exponential_effects_are_each_other_reversed(relation: str) -> None:
    fit = maximum_likelihood(curves("exp", relation), by_sex())
    (d0, t0), (d1, t1) = (totals(some) for some in by_sex().values())
    sign = 1.0 if relation == "proportional_hazards" else -1.0
    assert fit.coefficients[1] == pytest.approx(sign * np.log(d1 / t1 * t0 / d0), abs=NEAR)


def test_excess_hazard_in_closed_form() -> None:
    """With the same expected hazard e for all: rate = events / time - e.

    By the chain rule the SE of the log rate is (events / time) / (rate sqrt(events)).
    """
    data = {"all": by_sex()["men"]}
    d, t = totals(data["all"])
    expected = 0.3 * d / t
    fit = maximum_likelihood(single("exp"), data, {"all": np.full(138, expected)})
    assert fit.coefficients[0] == pytest.approx(np.log(0.7 * d / t), abs=NEAR)
    assert np.sqrt(fit.covariance[0, 0]) == pytest.approx(1.0 / (0.7 * np.sqrt(d)), rel=1e-6)


def test_piecewise_exponential_in_closed_form() -> None:
    """In each period rate = events / time, whatever the others. No event is at 180.5 or 365."""
    data = {"all": late(by_sex()["men"])}
    fit = maximum_likelihood(single("piecewise(180.5, 365)"), data)
    some = data["all"]
    for j, (start, end) in enumerate([(0.0, 180.5), (180.5, 365.0), (365.0, np.inf)]):
        inside = np.clip(some.time, start, end) - np.clip(some.entry, start, end)
        events = ((some.time > start) & (some.time <= end) & (some.event == 1.0)).sum()
        assert fit.coefficients[j] == pytest.approx(np.log(events / inside.sum()), abs=NEAR)
        assert fit.covariance[j, j] == pytest.approx(1.0 / events, rel=1e-6)


def plain_log_likelihood(fit: LikelihoodFit, data: dict[str, PatientData], expected: dict[str, np.ndarray]) -> float:
    """Patient by patient, with the hazard as a difference of log survival over a millionth."""
    total = 0.0
    point = fit.coefficients[None, :]
    for name, some in data.items():
        for i, time in enumerate(some.time):
            around = np.array([some.entry[i], time * (1.0 - 1e-6), time, time * (1.0 + 1e-6)])
            log_survival = np.log(fit.curves.survival(name, around, point)[0])
            hazard = (log_survival[1] - log_survival[3]) / (2e-6 * time) + expected[name][i]
            total += some.weight[i] * (some.event[i] * np.log(hazard) + log_survival[2] - log_survival[0])
    return total


@pytest.mark.parametrize("relation", ["independent", "proportional_hazards", "accelerated_failure_time"])
@pytest.mark.parametrize("name", ["weibull", "llogis", "gengamma"])
def test_the_value_and_that_it_is_a_maximum(name: str, relation: str) -> None:
    """With weights, delayed entry and an expected hazard of each patient's own.

    The difference of log survival is good to 1e-9 of a hazard. Around a maximum with
    information I, moves of +-0.3 / sqrt(I_jj) along a coefficient cost 0.3^2 together, but
    for terms of higher order.
    """
    data, expected = {}, {}
    for who, some in by_sex().items():
        place = np.arange(some.time.size, dtype=np.float64)
        data[who] = replace(late(some), weight=np.asarray(1.0 + np.mod(place, 2.0), dtype=np.float64))
        expected[who] = np.asarray(1e-4 * (1.0 + np.mod(place, 5.0)), dtype=np.float64)
    fit = maximum_likelihood(curves(name, relation), data, expected)
    middle = plain_log_likelihood(fit, data, expected)
    assert fit.log_likelihood == pytest.approx(middle, rel=1e-8)
    for j in range(fit.n_parameters):
        step = 0.3 / np.sqrt(np.linalg.inv(fit.model_covariance)[j, j])
        ends = []
        for sign in (-1.0, 1.0):
            moved = fit.coefficients.copy()
            moved[j] += sign * step
            ends.append(plain_log_likelihood(replace(fit, coefficients=moved), data, expected))
        assert ends[0] + ends[1] - 2.0 * middle == pytest.approx(-(0.3**2), rel=0.05)
        assert abs(ends[1] - ends[0]) < 0.02


def test_weibull_against_a_simplex_search() -> None:
    """The same likelihood written out with its own formula; the search stops at about 1e-7."""
    data = late(by_sex()["women"])

    def minus(x: np.ndarray) -> float:
        shape, scale = np.exp(x)
        log_hazard = np.log(shape / scale) + (shape - 1.0) * np.log(data.time / scale)
        hazard = (data.time / scale) ** shape - (data.entry / scale) ** shape
        return -float((data.event * log_hazard - hazard).sum())

    found = optimize.minimize(
        minus, [0.0, 6.0], method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 2000}
    )
    fit = maximum_likelihood(single("weibull"), {"all": data})
    np.testing.assert_allclose(fit.coefficients, found.x, atol=1e-6)
    assert fit.log_likelihood == pytest.approx(-found.fun, rel=1e-12)


def weights_of_lung() -> np.ndarray:
    """Weights between 0.2 and 4 without a pattern in time."""
    return np.asarray(np.exp(1.5 * np.sin(np.arange(90.0))))


def test_the_maximum_is_that_of_patients_repeated_and_the_covariance_is_not() -> None:
    """A weight of 2 is one patient who counts twice, not two patients, of whom more would be known."""
    some = by_sex()["women"]
    counts = 1 + np.arange(90) % 3
    rows = np.repeat(np.arange(90), counts)
    weighted = maximum_likelihood(single("weibull"), {"all": replace(some, weight=counts.astype(np.float64))})
    repeated = maximum_likelihood(single("weibull"), {"all": patients(some.time[rows], some.event[rows])})
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, atol=NEAR)
    np.testing.assert_allclose(weighted.model_covariance, repeated.covariance, rtol=1e-6)
    assert weighted.log_likelihood == pytest.approx(repeated.log_likelihood, rel=1e-12)
    assert weighted.robust
    assert not repeated.robust
    assert weighted.n_patients == pytest.approx(180.0**2 / 420.0, rel=1e-12)  # 30 x (1 + 4 + 9) = 420
    assert weighted.covariance[0, 0] > 1.5 * repeated.covariance[0, 0]


def test_robust_covariance_of_the_exponential_in_closed_form() -> None:
    """The slope of one patient is event - rate x time, and the information sum of weight x event.

    In R: ``survreg(Surv(time, status) ~ 1, weights = w, dist = "exponential", robust = TRUE)``.
    """
    some = late(replace(by_sex()["women"], weight=weights_of_lung()))
    fit = maximum_likelihood(single("exp"), {"all": some})
    w, exposure = some.weight, some.time - some.entry
    rate = (w * some.event).sum() / (w * exposure).sum()
    se = np.sqrt((w**2 * (some.event - rate * exposure) ** 2).sum()) / (w * some.event).sum()
    assert fit.coefficients[0] == pytest.approx(np.log(rate), abs=NEAR)
    assert np.sqrt(fit.covariance[0, 0]) == pytest.approx(se, rel=1e-6)  # at a maximum good to NEAR
    assert fit.warnings[0] == (
        f"all: 90 patients with weights count as {w.sum() ** 2 / (w**2).sum():.1f} (effective sample size); "
        "standard errors are robust (sandwich)."
    )


def test_robust_covariance_of_the_weibull_by_its_own_slopes() -> None:
    """u = log t on the estimation scale: d l / d log(shape) = d (1 + k z) - k z exp(k z), d l / d log(scale) =
    k (exp(k z) - d), with z = log(time / scale), written out and not differenced.
    """
    some = replace(by_sex()["men"], weight=np.exp(np.cos(np.arange(138.0))))
    fit = maximum_likelihood(single("weibull"), {"all": some})
    shape, scale = np.exp(fit.coefficients)
    z = shape * np.log(some.time / scale)
    slopes = np.column_stack([some.event * (1.0 + z) - z * np.exp(z), shape * (np.exp(z) - some.event)])
    middle = (slopes * some.weight[:, None]).T @ (slopes * some.weight[:, None])
    by_hand = fit.model_covariance @ middle @ fit.model_covariance
    np.testing.assert_allclose(fit.covariance, by_hand, rtol=1e-6)  # of the information by differences


def test_the_scale_of_weights_means_nothing() -> None:
    some, weight = by_sex()["women"], weights_of_lung()
    fits = [maximum_likelihood(single("llogis"), {"all": replace(some, weight=c * weight)}) for c in (1.0, 250.0)]
    np.testing.assert_allclose(fits[0].coefficients, fits[1].coefficients, atol=NEAR)
    np.testing.assert_allclose(fits[0].covariance, fits[1].covariance, rtol=1e-6)
    assert fits[0].aic == pytest.approx(fits[1].aic, rel=1e-9)
    assert fits[0].bic == pytest.approx(fits[1].bic, rel=1e-9)
    assert fits[1].log_likelihood == pytest.approx(250.0 * fits[0].log_likelihood, rel=1e-9)


def test_weights_that_are_all_the_same_are_no_weights() -> None:
    some = by_sex()["women"]
    plain = maximum_likelihood(single("llogis"), {"all": some})
    for weight in (1.0, 0.3, 7.0):
        fit = maximum_likelihood(single("llogis"), {"all": replace(some, weight=np.full(90, weight))})
        np.testing.assert_array_equal(fit.coefficients, plain.coefficients)
        np.testing.assert_array_equal(fit.covariance, plain.covariance)
        assert (fit.aic, fit.bic, fit.robust, fit.warnings) == (plain.aic, plain.bic, False, plain.warnings)


@pytest.mark.parametrize("relation", ["independent", "proportional_hazards", "accelerated_failure_time"])
def test_the_bootstrap_agrees_with_the_robust_covariance(relation: str) -> None:
    """Of 1,000 refits an SE is good to 2.2%; 15% leaves room for the difference of the two methods in 90 patients.

    The inverse of the information is too small by far.
    """
    data = {
        who: replace(some, weight=np.exp(1.2 * np.sin(np.arange(some.time.size)))) for who, some in by_sex().items()
    }
    fit = maximum_likelihood(curves("weibull", relation), data)
    drawn = case_bootstrap(fit, data, 1000, 1)
    robust, model = (np.sqrt(np.diag(each)) for each in (fit.covariance, fit.model_covariance))
    np.testing.assert_allclose(robust, drawn.coefficients.std(axis=0, ddof=1), rtol=0.15)
    assert (model < 0.85 * robust).all()


def test_independent_curves_are_fits_of_their_own() -> None:
    both = maximum_likelihood(curves("gamma"), by_sex())
    apart = [maximum_likelihood(single("gamma"), {"all": some}) for some in by_sex().values()]
    np.testing.assert_array_equal(both.coefficients, np.concatenate([each.coefficients for each in apart]))
    np.testing.assert_array_equal(both.covariance[:2, 2:], np.zeros((2, 2)))
    assert both.log_likelihood == pytest.approx(sum(each.log_likelihood for each in apart), rel=1e-14)


def test_order_of_strategies_changes_nothing_but_the_order() -> None:
    women, men = reversed(curves("weibull", "proportional_hazards").specs)
    turned = maximum_likelihood(EndpointCurves("os", (women, men)), by_sex())
    fit = maximum_likelihood(curves("weibull", "proportional_hazards"), by_sex())
    np.testing.assert_allclose(turned.coefficients, fit.coefficients[[2, 0, 1]], atol=NEAR)
    np.testing.assert_allclose(turned.covariance, fit.covariance[np.ix_([2, 0, 1], [2, 0, 1])], rtol=1e-6, atol=1e-10)


def test_hazard_ratio_by_period_agrees_with_the_exponential_in_each() -> None:
    """An exponential in each period: the ratio of the periods' rates, by closed form."""
    specs = (
        CurveSpec("men", "piecewise(365)", "independent"),
        CurveSpec("women", "", "hazard_ratio_by_period", "men", (365.0,)),
    )
    data = by_sex()
    fit = maximum_likelihood(EndpointCurves("os", specs), data)
    for j, (start, end) in enumerate([(0.0, 365.0), (365.0, np.inf)]):
        rates = []
        for some in data.values():
            inside = np.clip(some.time, start, end) - start
            events = ((some.time > start) & (some.time <= end) & (some.event == 1.0)).sum()
            rates.append(events / inside.sum())
        assert fit.coefficients[2 + j] == pytest.approx(np.log(rates[1] / rates[0]), abs=NEAR)


def test_a_given_start_and_another_unit_of_time_change_nothing() -> None:
    """In years the log scale is less by log(365.25) and log L more by events x log(365.25)."""
    data = {"all": by_sex()["men"]}
    fit = maximum_likelihood(single("weibull"), data)
    again = maximum_likelihood(single("weibull"), data, start=fit.coefficients + 0.3)
    np.testing.assert_allclose(again.coefficients, fit.coefficients, atol=NEAR)
    assert (fit.n_starts, again.n_starts) == (5, 1)
    years = {"all": patients(data["all"].time / 365.25, data["all"].event)}
    other = maximum_likelihood(single("weibull"), years)
    np.testing.assert_allclose(other.coefficients, fit.coefficients - [0.0, np.log(365.25)], atol=NEAR)
    assert other.log_likelihood - fit.log_likelihood == pytest.approx(112.0 * np.log(365.25), rel=1e-10)


def test_a_rate_without_events_is_held() -> None:
    """No event after 1,000 days: that rate runs to 0; the others are as in closed form."""
    data = by_sex()["men"]
    fit = maximum_likelihood(single("piecewise(365, 1000)"), {"all": data})
    assert fit.held == (fit.curves.names[2],)
    early = (data.time <= 365.0) & (data.event == 1.0)
    assert fit.coefficients[0] == pytest.approx(np.log(early.sum() / np.minimum(data.time, 365.0).sum()), abs=NEAR)
    np.testing.assert_array_equal(fit.covariance[2], np.zeros(3))
    assert any("ran to the edge of its range and is held at" in each for each in fit.warnings)


def test_a_cure_that_is_not_there_is_held_at_none() -> None:
    """Without censoring nobody is cured, so the curve is the Weibull's own."""
    time = 12.0 * (-np.log((np.arange(200) + 0.5) / 200.0)) ** 0.7
    data = {"all": patients(time, np.ones(200))}
    cure, plain = (maximum_likelihood(single(name), data) for name in ("mixture_cure(weibull)", "weibull"))
    assert cure.held == ("all: logit(cure)",)
    np.testing.assert_allclose(cure.coefficients[1:], plain.coefficients, atol=1e-4)
    assert cure.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-5)
    assert cure.log_likelihood <= plain.log_likelihood + 1e-9


def test_warnings_in_words() -> None:
    """A quarter of 40 patients dies early, the others are followed to 60: the hazard falls."""
    time = np.concatenate([np.geomspace(0.05, 4.0, 10), np.full(30, 60.0)])
    data = {"all": patients(time, time < 50.0)}
    found = maximum_likelihood(single("llogis"), data).warnings
    assert found == (
        "all: 10 events for 2 coefficients, fewer than 10 each; the intervals may be too narrow.",
        "all: the mean time of this curve is infinite, so results depend on the horizon.",
    )


def test_what_is_refused() -> None:
    data = by_sex()
    with pytest.raises(SurvivalError) as caught:
        maximum_likelihood(curves("exp"), {"men": data["men"], "children": data["women"]})
    assert str(caught.value).splitlines() == [
        "os: there are no patients of strategy 'women'. Strategies in the data: men, children.",
        "os: the data hold strategy 'children', which has no curve. Curves: men, women.",
    ]
    assert caught.value.ids == ("curve.os.women.family",)
    few = patients([1, 2, 3, 4], [1, 1, 1, 0])
    with pytest.raises(
        SurvivalError, match=r"os, all: gengamma has 3 coefficients .* there are 3 events; at least 4 are"
    ):
        maximum_likelihood(single("gengamma"), {"all": few})
    none = replace(data["women"], event=np.zeros(90))
    with pytest.raises(SurvivalError, match=r"os, women: there are no events, so its curve cannot be estimated"):
        maximum_likelihood(curves("exp", "proportional_hazards"), {**data, "women": none})
    with pytest.raises(SurvivalError, match=r"average\(.*\) is not fitted by maximum likelihood"):
        maximum_likelihood(single("average(weibull 0.5, lnorm 0.5)"), {"all": data["men"]})


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({}, "no expected hazard is given for its patients"),
        ({"all": np.ones(3)}, "there are 3 expected hazards for 138 patients"),
        ({"all": np.full(138, -1.0)}, "an expected hazard is negative or not finite"),
    ],
)
def test_expected_hazards_that_are_refused(expected: dict[str, np.ndarray], words: str) -> None:
    with pytest.raises(SurvivalError, match=f"os, all: {words}"):
        maximum_likelihood(single("exp"), {"all": by_sex()["men"]}, expected)


class Population:
    """A constant hazard of 0.0005 a day."""

    kinks = ()

    def cumulative_hazard(self, t: np.ndarray) -> np.ndarray:
        return 5e-4 * t

    def hazard(self, t: np.ndarray) -> np.ndarray:
        return np.full(t.shape, 5e-4)


def test_background_mortality_of_the_curves_counts_once() -> None:
    """Alone it lowers the rate by 0.0005, with log L that of all deaths; not beside expected hazards."""
    data = {"all": by_sex()["men"]}
    d, t = totals(data["all"])
    both = EndpointCurves("os", single("exp").specs, Population())
    fit = maximum_likelihood(both, data)
    assert fit.coefficients[0] == pytest.approx(np.log(d / t - 5e-4), abs=NEAR)
    assert fit.log_likelihood == pytest.approx(d * np.log(d / t) - d, rel=1e-12)
    with pytest.raises(SurvivalError, match=r"os: the population's hazard would count twice"):
        maximum_likelihood(both, data, {"all": np.full(138, 5e-4)})


def test_a_family_that_does_not_settle_is_refused() -> None:
    """Times spread evenly to 10: a uniform distribution, the limit of sigma to 0 with sigma Q at 1."""
    even = patients(np.arange(1, 51) / 5.0, np.ones(50))
    with pytest.raises(
        SurvivalError, match=r"os, all: the maximum likelihood fit of gengamma does not settle: "
    ) as caught:
        maximum_likelihood(single("gengamma"), {"all": even})
    assert str(caught.value).endswith("Choose a family with fewer parameters, or check the data.")
    assert caught.value.ids == ("curve.os.all.family",)


@pytest.mark.parametrize("name", sorted(set(FAMILIES) - {"genf"}))
def test_every_start_leads_to_the_same_maximum(name: str) -> None:
    """From each start of the family alone, log L to 1e-9 where the search settles."""
    data = {"all": by_sex()["men"]}
    best = maximum_likelihood(single(name), data)
    for start in FAMILIES[name].starts(270.0):
        alone = maximum_likelihood(single(name), data, start=start)
        assert alone.log_likelihood == pytest.approx(best.log_likelihood, rel=1e-11)


def test_bootstrap_of_an_exponential_is_the_closed_form_of_each_replicate() -> None:
    """log(events / time) of the patients drawn; 0.001 SE, as far as replicates are followed."""
    data = {"all": by_sex()["men"]}
    fit = maximum_likelihood(single("exp"), data)
    found = case_bootstrap(fit, data, 300, 11)
    some = data["all"]
    blocks = [(0, 256), (1, 44)]
    drawn = np.vstack([(block_uniforms(11, "patients.os.all", b, n, 138) * 138).astype(int) for b, n in blocks])
    expected = np.log(some.event[drawn].sum(axis=1) / some.time[drawn].sum(axis=1))
    np.testing.assert_allclose(found.coefficients[:, 0], expected, atol=1e-3 * np.sqrt(fit.covariance[0, 0]))
    assert found.failures == 0
    assert np.std(expected) > 0.05


def test_bootstrap_agrees_with_refits_and_repeats_itself() -> None:
    data = by_sex()
    fit = maximum_likelihood(curves("weibull", "proportional_hazards"), data)
    found = case_bootstrap(fit, data, 5, 2)
    longer = case_bootstrap(fit, data, 8, 2)
    np.testing.assert_allclose(longer.coefficients[:5], found.coefficients, atol=1e-12)
    assert not np.allclose(case_bootstrap(fit, data, 5, 3).coefficients, found.coefficients)
    for i in range(5):
        drawn = {}
        for name, some in data.items():
            rows = (block_uniforms(2, f"patients.os.{name}", 0, 5, some.time.size)[i] * some.time.size).astype(int)
            drawn[name] = patients(some.time[rows], some.event[rows])
        again = maximum_likelihood(fit.curves, drawn)
        errors = np.sqrt(np.diag(again.covariance))
        assert np.max(np.abs(again.coefficients - found.coefficients[i]) / errors) < 1e-3


def test_replicates_without_a_maximum_are_counted() -> None:
    """53 deaths do not always determine a generalised gamma: Q then runs off to infinity.

    The others agree with fits of their own to 0.003 standard errors: replicates are followed
    until the gradient is 0.001 long, and these likelihoods are far from quadratic.
    """
    data = {"all": by_sex()["women"]}
    fit = maximum_likelihood(single("gengamma"), data)
    found = case_bootstrap(fit, data, 40, 1)
    assert 0 < found.failures < 10
    assert found.coefficients.shape == (40 - found.failures, 3)
    settled = 0
    for row in (block_uniforms(1, "patients.os.all", 0, 40, 90) * 90).astype(int):
        drawn = {"all": patients(data["all"].time[row], data["all"].event[row])}
        try:
            again = maximum_likelihood(fit.curves, drawn, start=fit.coefficients)
        except SurvivalError:
            continue
        errors = np.sqrt(np.diag(again.covariance))
        assert np.max(np.abs(again.coefficients - found.coefficients[settled]) / errors) < 3e-3
        settled += 1
    assert settled == 40 - found.failures
