"""The parametric bootstrap of the trial: estimators, correlations against theory, spread and refits.

Correlations over B trials are compared with large-sample theory within four standard
errors of a correlation, (1 - r^2) / sqrt(B), and 0.01 for trials of finite size.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, optimize
from trial import OS, OS_12, PATIENTS, PH, curves

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.fitting import fit
from hemodel.survival.reported.problem import FitProblem, fit_problem
from hemodel.survival.reported.simulated_trials import (
    TrialArm,
    TrialBootstrap,
    bootstrap_refits,
    bootstrap_trial,
    correlated_covariance,
    inverse_of,
    log_hazard_ratio,
    median,
    observed_arm,
    restricted_mean,
    rmst_spread,
    same_study,
    simulated_statistics,
    survival_at,
)
from hemodel.survival.reported.statistics import Statistic

TRIALS, SEED = 4000, 20
RATE = np.log(2.0) / 10.0
UNCENSORED = 1e9
EXPONENTIALS = EndpointCurves("os", tuple(CurveSpec(arm, "exp", "independent") for arm in ("old", "new")))
AT_5 = Statistic("old.5", "os", "old", "survival", 0.7, time=5.0, patients=400.0)
AT_15 = replace(AT_5, id="old.15", value=0.35, time=15.0)
NEW_5 = replace(AT_5, id="new.5", strategy="new")
MEDIAN = Statistic("old.median", "os", "old", "median", 10.0, low=8.0, high=12.5)
NEW_MEDIAN = replace(MEDIAN, id="new.median", strategy="new")
MEAN = Statistic("old.mean", "os", "old", "restricted_mean", 8.0, time=15.0, low=7.0, high=9.0)
RATIO = Statistic("hr", "os", "new", "hazard_ratio", 1.0, low=0.8, high=1.25, versus="old")
ALL = (AT_5, AT_15, NEW_5, MEDIAN, NEW_MEDIAN, MEAN, RATIO)


def problem_of(statistics: tuple[Statistic, ...] = ALL, follow_up: float = UNCENSORED) -> FitProblem:
    return fit_problem(EXPONENTIALS, statistics, follow_up, {"old": 400.0, "new": 400.0})


@pytest.fixture(scope="module")
def uncensored() -> TrialBootstrap:
    """Equal exponential arms of 400, all followed to their event."""
    return bootstrap_trial(problem_of(), np.log([RATE, RATE]), TRIALS, SEED)


def correlation(found: TrialBootstrap, one: str, other: str) -> float:
    return float(found.correlation[found.ids.index(one), found.ids.index(other)])


def survival(t: float) -> float:
    return float(np.exp(-RATE * t))


def pearson(values: np.ndarray) -> float:
    """Correlation of the two columns of (B, 2)."""
    return float(np.asarray(np.corrcoef(values, rowvar=False))[0, 1])


def landmarks(early: float, late: float) -> float:
    """Correlation of two binomial proportions of the same patients, S2 (1 - S1) the covariance."""
    first, second = survival(early), survival(late)
    return float(np.sqrt(second * (1.0 - first) / (first * (1.0 - second))))


def mean_variance(horizon: float) -> float:
    """Variance of min(T, h), whose second moment is the integral of 2 t S(t)."""
    mean = -np.expm1(-RATE * horizon) / RATE
    return float(integrate.quad(lambda t: 2.0 * t * survival(t), 0.0, horizon)[0] - mean**2)


def near(expected: float) -> object:
    return pytest.approx(expected, abs=4.0 * (1.0 - expected**2) / np.sqrt(TRIALS) + 0.01)


def test_landmarks_of_the_same_patients(uncensored: TrialBootstrap) -> None:
    assert correlation(uncensored, "old.5", "old.15") == near(landmarks(5.0, 15.0))


def test_a_longer_median_goes_with_more_survivors(uncensored: TrialBootstrap) -> None:
    """ln median moves as the survival at the median does, against ln(-ln S)."""
    assert correlation(uncensored, "old.median", "old.5") == near(-landmarks(5.0, 10.0))
    assert correlation(uncensored, "old.median", "old.15") == near(-landmarks(10.0, 15.0))


def test_hazard_ratio_and_medians(uncensored: TrialBootstrap) -> None:
    """At a hazard ratio of 1 the Cox estimate varies as 1 - H(T) summed over patients.

    Its variance is 2 / n; that of ln median is 1 / (n ln(2)^2); their covariance is
    E[1(T > m) (1 - H)] / (0.5 ln 2) = -1 / n in the arm above.
    """
    expected = np.log(2.0) / np.sqrt(2.0)
    assert correlation(uncensored, "hr", "new.median") == near(-expected)
    assert correlation(uncensored, "hr", "old.median") == near(expected)


def test_restricted_mean_and_survival_at_its_horizon(uncensored: TrialBootstrap) -> None:
    """Cov(min(T, h), 1(T > h)) = S(h) (h - mean) where T is exponential."""
    alone = (MEAN, AT_15, NEW_5)
    found = bootstrap_trial(problem_of(alone), np.log([RATE, RATE]), TRIALS, SEED)
    mean, late = -np.expm1(-RATE * 15.0) / RATE, survival(15.0)
    expected = late * (15.0 - mean) / np.sqrt(mean_variance(15.0) * late * (1.0 - late))
    assert correlation(found, "old.mean", "old.15") == near(-expected)
    assert correlation(uncensored, "old.mean", "old.15") == correlation(found, "old.mean", "old.15")


def test_arms_are_independent(uncensored: TrialBootstrap) -> None:
    for one in ("old.5", "old.median", "old.mean"):
        assert correlation(uncensored, one, "new.5") == near(0.0)


def test_standard_errors(uncensored: TrialBootstrap) -> None:
    """Binomial, ln median, min(T, h) and log hazard ratio; 5% is four errors of an SD of 4,000, and 400 patients."""
    expected = [np.sqrt((1.0 - survival(t)) / (400.0 * survival(t))) / (RATE * t) for t in (5.0, 15.0, 5.0)]
    expected += 2 * [1.0 / (np.sqrt(400.0) * np.log(2.0))]
    expected += [np.sqrt(mean_variance(15.0) / 400.0), np.sqrt(2.0 / 400.0)]
    np.testing.assert_allclose(uncensored.errors, expected, rtol=0.05)
    assert uncensored.simulated.all()
    assert (uncensored.trials, uncensored.complete, uncensored.seed) == (TRIALS, TRIALS, SEED)
    np.testing.assert_array_equal(uncensored.missing, 0.0)


def test_effective_sizes(uncensored: TrialBootstrap) -> None:
    """A reported SE of (ln 12.5 - ln 8) / 3.919928 is that of about 161 uncensored patients."""
    size = 1.0 / (np.log(12.5 / 8.0) / 3.919928 * np.log(2.0)) ** 2
    assert uncensored.effective_sizes[3] == pytest.approx(size, rel=0.1)
    ratio = 4.0 / (np.log(1.25 / 0.8) / 3.919928) ** 2
    assert uncensored.effective_sizes[6] == pytest.approx(ratio, rel=0.1)
    fixed = problem_of((*ALL[:3], replace(MEDIAN, low=None, high=None, fixed=True)))
    found = bootstrap_trial(fixed, np.log([RATE, RATE]), 100, SEED)
    assert np.isnan(found.effective_sizes[3])
    assert np.isfinite(found.errors[3])


def test_censoring_widens_a_survival_as_greenwood_says() -> None:
    """Variance of ln S = (1/n) int h / (S G), G falling from 1 at F/2 to 0 at 3F/2."""
    follow_up, t = 12.0, 15.0
    found = bootstrap_trial(problem_of((AT_5, AT_15, NEW_5), follow_up), np.log([RATE, RATE]), TRIALS, SEED)

    def density(u: float) -> float:
        return float(RATE / (survival(u) * min(1.0, 1.5 - u / follow_up)))

    variance = integrate.quad(density, 0.0, t, points=[6.0])[0] / 400.0
    assert found.errors[1] == pytest.approx(np.sqrt(variance) / (RATE * t), rel=0.06)
    assert found.errors[0] == pytest.approx(
        np.sqrt((1.0 - survival(5.0)) / (400.0 * survival(5.0))) / (RATE * 5.0), rel=0.05
    )


def test_estimates_by_hand() -> None:
    """Events at 1, 2 and 4, censored at 3 and 5, then without the last two."""
    event_time = np.array([[4.0, 1.0, 9.0, 2.0, 9.0]])
    arm = observed_arm(event_time, np.array([[9.0, 9.0, 3.0, 9.0, 5.0]]))
    np.testing.assert_array_equal(arm.time, [[1.0, 2.0, 3.0, 4.0, 5.0]])
    np.testing.assert_allclose(arm.survival, [[0.8, 0.6, 0.6, 0.3, 0.3]], rtol=1e-15)
    assert median(arm)[0] == 4.0
    assert [survival_at(arm, t)[0] for t in (0.5, 2.0, 3.5, 4.5)] == pytest.approx([1.0, 0.6, 0.6, 0.3], rel=1e-15)
    assert np.isnan(survival_at(arm, 5.5)[0])
    assert restricted_mean(arm, 4.5)[0] == pytest.approx(1.0 + 0.8 + 2 * 0.6 + 0.5 * 0.3, rel=1e-15)
    assert restricted_mean(arm, 1.5)[0] == pytest.approx(1.4, rel=1e-15)
    assert np.isnan(restricted_mean(arm, 6.0)[0])
    short = observed_arm(event_time[:, :3], np.full((1, 3), 3.0))
    assert np.isnan(median(short)[0])
    even = observed_arm(np.array([[1.0, 2.0, 3.0, 4.0]]), np.full((1, 4), 9.0))
    assert median(even)[0] == 2.0
    assert survival_at(even, 20.0)[0] == 0.0
    assert restricted_mean(even, 20.0)[0] == pytest.approx(2.5)


def random_arm(rng: np.random.Generator, trials: int, patients: int, mean: float) -> TrialArm:
    return observed_arm(rng.exponential(mean, (trials, patients)), rng.uniform(3.0, 20.0, (trials, patients)))


@pytest.mark.parametrize(("start", "end"), [(0.0, np.inf), (4.0, 9.0)])
def test_hazard_ratio_has_the_largest_partial_likelihood(start: float, end: float) -> None:
    """Against the root of the score, summed patient by patient."""
    rng = np.random.default_rng(7)
    one, other = random_arm(rng, 5, 40, 9.0), random_arm(rng, 5, 60, 6.0)
    found = log_hazard_ratio(one, other, start, end)
    for k in range(5):

        def score(b: float, k: int = k) -> float:
            total = 0.0
            for arm, covariate in ((one, 1.0), (other, 0.0)):
                for t in arm.time[k][arm.event[k] & (arm.time[k] > start) & (arm.time[k] <= end)]:
                    n1, n0 = (one.time[k] >= t).sum(), (other.time[k] >= t).sum()
                    total += covariate - n1 * np.exp(b) / (n1 * np.exp(b) + n0)
            return float(total)

        assert found[k] == pytest.approx(optimize.brentq(score, -5.0, 5.0, xtol=1e-13), abs=1e-9)


def test_no_finite_hazard_ratio() -> None:
    """No event in one arm, or none at all."""
    some = observed_arm(np.array([[1.0, 2.0], [8.0, 8.0]]), np.full((2, 2), 5.0))
    none = observed_arm(np.full((2, 2), 9.0), np.full((2, 2), 5.0))
    assert np.isnan(log_hazard_ratio(some, none, 0.0, np.inf)).all()
    assert np.isnan(log_hazard_ratio(none, some, 0.0, np.inf)).all()


def test_what_is_not_simulated_is_independent() -> None:
    external = replace(AT_15, id="registry", external=True, weight=0.5)
    bound = replace(MEDIAN, id="bound", value=9.0, low=None, high=None, patients=400.0, bound="at_least")
    never = replace(AT_15, id="late", time=60.0, value=0.02)
    problem = problem_of((AT_5, MEDIAN, NEW_5, external, bound, never), 20.0)
    found = bootstrap_trial(problem, np.log([RATE, RATE]), 200, SEED)
    np.testing.assert_array_equal(found.simulated, [True, True, True, False, False, False])
    np.testing.assert_array_equal(found.correlation[3:], np.eye(6)[3:])
    assert abs(found.correlation[0, 1]) > 0.5
    assert np.isnan(found.missing[3:5]).all()
    assert found.missing[5] == 1.0
    assert found.complete == 200


def test_medians_that_some_trials_do_not_reach() -> None:
    """Survival at 15 months is 0.5 and follow-up ends between 5 and 15: about half reach it."""
    slow = np.log(np.log(2.0) / np.array([12.0, 12.0]))
    problem = fit_problem(EXPONENTIALS, (AT_5, MEDIAN, NEW_5), 10.0, {"old": 60.0, "new": 60.0})
    values = simulated_statistics(problem, slow, 1000, SEED)
    found = bootstrap_trial(problem, slow, 1000, SEED)
    assert 0.0 < found.missing[1] < 0.5
    assert found.missing[1] == np.isnan(values[:, 1]).mean()
    assert found.complete == np.isfinite(values).all(axis=1).sum()
    refits = bootstrap_refits(problem, fit(problem), 50, SEED)
    assert len(refits.coefficients) + refits.failures + refits.incomplete == 50


def test_hazard_ratios_of_periods_are_those_simulated() -> None:
    """Their means are the coefficients within four standard errors of a mean, and they are uncorrelated."""
    by_period = EndpointCurves(
        "os",
        (CurveSpec("old", "exp", "independent"), CurveSpec("new", "", "hazard_ratio_by_period", "old", cuts=(6.0,))),
    )
    early = replace(RATIO, id="hr.0", time=0.0, value=0.9)
    late = replace(RATIO, id="hr.6", time=6.0, value=0.6, low=0.4, high=0.9)
    problem = fit_problem(by_period, (MEDIAN, early, late), 15.0, {"old": 400.0, "new": 400.0})
    truth = np.log([RATE, 0.9, 0.6])
    values = simulated_statistics(problem, truth, 1000, SEED)[:, 1:]
    np.testing.assert_allclose(values.mean(axis=0), truth[1:], atol=4.0 * values.std() / np.sqrt(1000.0))
    assert abs(pearson(values)) < 4.0 / np.sqrt(1000.0)


def test_nothing_to_simulate() -> None:
    """External evidence alone needs neither follow-up nor patients."""
    outside = tuple(replace(each, external=True) for each in (MEDIAN, NEW_MEDIAN))
    problem = fit_problem(EXPONENTIALS, outside, None, {})
    found = bootstrap_trial(problem, np.log([RATE, RATE]), 50, SEED)
    np.testing.assert_array_equal(found.correlation, np.eye(2))
    assert not found.simulated.any()
    assert len(bootstrap_refits(problem, fit(problem), 20, SEED).coefficients) == 20


def test_one_statistic_alone() -> None:
    alone = EndpointCurves("os", (CurveSpec("old", "exp", "independent"),))
    problem = fit_problem(alone, (MEDIAN,), 15.0, {"old": 400.0})
    found = bootstrap_trial(problem, np.log([RATE]), 50, SEED)
    np.testing.assert_array_equal(found.correlation, [[1.0]])
    expected = fit(problem).covariance
    np.testing.assert_allclose(correlated_covariance(problem, np.log([RATE]), found), expected, rtol=1e-9)


def test_same_seed_same_numbers() -> None:
    problem, at = problem_of(follow_up=12.0), np.log([RATE, RATE])
    first, again = (bootstrap_trial(problem, at, 100, SEED) for _ in range(2))
    np.testing.assert_array_equal(first.correlation, again.correlation)
    assert not np.array_equal(bootstrap_trial(problem, at, 100, SEED + 1).correlation, first.correlation)
    more = simulated_statistics(problem, at, 150, SEED)
    np.testing.assert_array_equal(more[:100], simulated_statistics(problem, at, 100, SEED))


def test_correlated_covariance_by_its_definition() -> None:
    statistics = (OS[0], replace(OS[1], fixed=True), *OS[2:], *OS_12)
    problem = fit_problem(curves("weibull", PH), statistics, 15.0, PATIENTS)
    result = fit(problem)
    found = bootstrap_trial(problem, result.coefficients, 200, SEED)
    jacobian = problem.slopes(result.coefficients, np.full(3, 1e-4))
    weight = np.diag(problem.errors**-2)
    spread = np.diag(problem.errors * np.array([1.0, 0.0, 1.0, 1.0, 1.0]))
    a = np.linalg.inv(jacobian.T @ weight @ jacobian)
    middle = jacobian.T @ weight @ spread @ found.correlation @ spread @ weight @ jacobian
    covariance = correlated_covariance(problem, result.coefficients, found)
    np.testing.assert_allclose(covariance, a @ middle @ a, rtol=1e-6)
    independent = correlated_covariance(problem, result.coefficients, replace(found, correlation=np.eye(5)))
    np.testing.assert_allclose(independent, result.covariance, rtol=1e-12)


def test_spread_of_restricted_means() -> None:
    """d/d ln rate of (1 - exp(-rate h)) / rate is h exp(-rate h) - mean."""
    coefficients, covariance = np.log([0.05, 0.08]), np.array([[0.01, 0.004], [0.004, 0.02]])
    found = rmst_spread(EXPONENTIALS, coefficients, covariance, 24.0)
    rates = np.exp(coefficients)
    means = -np.expm1(-rates * 24.0) / rates
    slopes = 24.0 * np.exp(-rates * 24.0) - means
    assert found.strategies == ("old", "new")
    np.testing.assert_allclose(found.means, means, rtol=1e-8)
    np.testing.assert_allclose(found.errors, np.abs(slopes) * [0.1, np.sqrt(0.02)], rtol=1e-6)
    contrast = np.array([slopes[0], -slopes[1]])
    expected = np.sqrt(contrast @ covariance @ contrast)
    np.testing.assert_allclose(found.errors_of_differences, [[0.0, expected], [expected, 0.0]], rtol=1e-6, atol=1e-7)


def test_refits_have_the_reported_spread() -> None:
    """One median an arm: the log rate is ln ln 2 - ln median, with the reported SE, and stays where it is fixed."""
    problem = problem_of((MEDIAN, NEW_MEDIAN), 20.0)
    refits = bootstrap_refits(problem, fit(problem), 60, SEED)
    se = np.log(12.5 / 8.0) / 3.919928
    assert (refits.failures, refits.incomplete, refits.trials, refits.seed) == (0, 0, 60, SEED)
    np.testing.assert_allclose(refits.coefficients.std(axis=0, ddof=1), se, rtol=1e-8)
    np.testing.assert_allclose(refits.coefficients.mean(axis=0), np.log(np.log(2.0) / 10.0), rtol=1e-8)
    values = simulated_statistics(problem, np.log([RATE, RATE]), 60, SEED)
    expected = pearson(values)
    assert pearson(refits.coefficients) == pytest.approx(expected, abs=1e-7)
    fixed = problem_of((MEDIAN, replace(NEW_MEDIAN, fixed=True)), 20.0)
    still = bootstrap_refits(fixed, fit(fixed), 30, SEED).coefficients
    np.testing.assert_allclose(still[:, 1], np.log(RATE), rtol=1e-8)
    assert still[:, 0].std() > 0.05


def test_refits_with_external_evidence_vary_it_on_its_own() -> None:
    problem = problem_of((MEDIAN, replace(NEW_MEDIAN, external=True)), 20.0)
    refits = bootstrap_refits(problem, fit(problem), 200, SEED).coefficients
    se = np.log(12.5 / 8.0) / 3.919928
    assert refits[:, 1].std(ddof=1) == pytest.approx(se, rel=0.2)
    assert abs(pearson(refits)) < 4.0 / np.sqrt(200.0)


def test_refits_that_do_not_settle_are_counted() -> None:
    """A Weibull through two survivals needs the later to be lower; some simulated pairs cross."""
    alone = EndpointCurves("os", (CurveSpec("old", "weibull", "independent"),))
    pair = (replace(AT_5, value=0.5, patients=30.0), replace(AT_5, id="old.6", time=6.0, value=0.45, patients=30.0))
    problem = fit_problem(alone, pair, 20.0, {"old": 400.0})
    refits = bootstrap_refits(problem, fit(problem), 60, SEED)
    assert refits.failures > 0
    assert len(refits.coefficients) + refits.failures == 60


def test_everything_missing_is_listed_at_once() -> None:
    problem = fit_problem(EXPONENTIALS, (MEDIAN, NEW_MEDIAN), None, {"old": 100.0})
    with pytest.raises(SurvivalError) as raised:
        bootstrap_trial(problem, np.log([RATE, RATE]), 100, SEED)
    assert str(raised.value).splitlines() == [
        "os: simulating the trial needs its median follow-up. Give it in months.",
        "os: simulating the trial needs the number of patients of new. Give it.",
    ]
    assert raised.value.ids == ("trial.median_follow_up", "trial.patients.new")


def test_too_few_complete_trials() -> None:
    with pytest.raises(SurvivalError) as raised:
        bootstrap_trial(problem_of(), np.log([RATE, RATE]), 10, SEED)
    assert str(raised.value) == (
        "os: only 10 of 10 simulated trials could report every statistic; at least 20 must. Simulate more trials."
    )
    late = replace(AT_15, time=20.0, value=0.25)
    problem = fit_problem(EXPONENTIALS, (late, NEW_5), 20.0, {"old": 10.0, "new": 10.0})
    with pytest.raises(SurvivalError, match=r"Simulate more trials, or do not use old.15 in the fit, which is"):
        bootstrap_trial(problem, np.log([RATE, RATE]), 21, SEED)


def test_landmarks_of_one_external_study_are_correlated_as_of_one_curve() -> None:
    """Binomial proportions of the same 400 patients; a weight, and another study, arm or trial, change nothing in it.

    The trial's own 5-month survival is independent of the study. Exact but for rounding.
    """
    outside = [replace(AT_5, id="x.5", external=True, study="x"), replace(AT_15, id="x.15", external=True, study="x")]
    weighted = [replace(each, weight=0.5) for each in outside]
    others = [replace(AT_15, id="y.15", external=True, study="y"), replace(NEW_5, external=True, study="x"), MEDIAN]
    expected = np.sqrt((1.0 / 0.7 - 1.0) / (1.0 / 0.35 - 1.0))

    for same in (outside, weighted):
        found = same_study(problem_of((*same, *others)))
        assert found[0, 1] == found[1, 0] == pytest.approx(expected, rel=1e-12)
        rest = found - np.eye(5)
        rest[0, 1] = rest[1, 0] = 0.0
        assert not rest.any()
    assert expected == pytest.approx(landmarks_of(0.7, 0.35), rel=1e-12)


def landmarks_of(early: float, late: float) -> float:
    """Covariance of two proportions S2 (1 - S1), over the root of both variances S (1 - S)."""
    return float(late * (1.0 - early) / np.sqrt(early * (1.0 - early) * late * (1.0 - late)))


def test_the_correlation_of_a_study_is_in_the_covariance() -> None:
    """Two landmarks of one study that agree say less than two studies: the error of the rate is the larger."""
    pair = [replace(AT_5, external=True, study="x"), replace(AT_15, external=True, study="x")]
    apart = [pair[0], replace(pair[1], study="y")]
    errors = []
    for statistics in (pair, apart):
        problem = problem_of((*statistics, NEW_5, NEW_MEDIAN), 20.0)
        fitted = fit(problem).coefficients
        trials = bootstrap_trial(problem, fitted, 200, SEED)
        errors.append(correlated_covariance(problem, fitted, trials)[0, 0] ** 0.5)
    # one coefficient: the estimate is w1 y1 + w2 y2 with w by the inverse variances, so that
    # its variance is w1^2 v1 + w2^2 v2 + 2 rho w1 w2 s1 s2
    steps = np.sqrt([0.3 / (0.7 * 400.0), 0.65 / (0.35 * 400.0)]) / -np.log([0.7, 0.35])
    weights = steps**-2.0 / (steps**-2.0).sum()
    rho = landmarks_of(0.7, 0.35)
    variances = [(weights**2 * steps**2).sum() + 2.0 * r * weights.prod() * steps.prod() for r in (rho, 0.0)]
    assert errors == pytest.approx(np.sqrt(variances).tolist(), rel=1e-6)


@pytest.mark.parametrize(
    ("family", "coefficients"),
    [
        ("weibull", [0.3, 2.5]),
        ("llogis", [0.3, 2.3]),
        ("gengamma", [2.3, 0.1, -0.4]),
        ("mixture_cure(weibull)", [-1.0, 0.2, 2.2]),
    ],
)
def test_event_times_are_quantiles_of_the_curve(family: str, coefficients: list[float]) -> None:
    """One curve inverted by interpolation, against the quantile of each share: 1e-6 of the time; later is infinite."""
    one = EndpointCurves("os", (CurveSpec("old", family, "independent"),))
    given = np.array(coefficients)
    share = np.random.default_rng(SEED).random((20, 30))
    exact = one.quantile("old", share.ravel(), np.broadcast_to(given, (share.size, given.size))).reshape(share.shape)

    found = inverse_of(one, "old", given, 24.0)(share)

    seen = exact <= 24.0
    assert 0.1 < seen.mean() < 0.99
    np.testing.assert_allclose(found[seen], exact[seen], rtol=1e-6)
    assert np.isinf(found[~seen]).all()
