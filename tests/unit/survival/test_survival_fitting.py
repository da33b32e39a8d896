"""Fits to reported statistics: closed forms, recovery, covariance, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from trial import AFT, OS, OS_12, PATIENTS, PFS, PH, curves

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.reported.fitting import ReportedFit, fit
from hemodel.survival.reported.predicted import model_values
from hemodel.survival.reported.problem import FitProblem, fit_problem
from hemodel.survival.reported.statistics import Statistic, from_scale, target


def problem_of(name: str, relation: str = PH, statistics: tuple[Statistic, ...] = OS + OS_12) -> FitProblem:
    endpoint = statistics[0].endpoint
    return fit_problem(curves(name, relation, endpoint), statistics, 15.0, PATIENTS)


@pytest.mark.parametrize(("statistics", "shape"), [(PFS, 0.6524), (OS, 1.4347)])
def test_weibull_from_two_medians_and_a_hazard_ratio(statistics: tuple[Statistic, ...], shape: float) -> None:
    """Exactly identified: shape = -ln HR / ln(median_new / median_old)."""
    result = fit(problem_of("weibull", PH, statistics))
    new, old, ratio = (each.value for each in statistics)
    exact = -np.log(ratio) / np.log(new / old)
    assert np.exp(result.coefficients[0]) == pytest.approx(exact, rel=1e-10)
    assert exact == pytest.approx(shape, abs=5e-5)
    scale = old / np.log(2.0) ** (1.0 / exact)
    assert np.exp(result.coefficients[1]) == pytest.approx(scale, rel=1e-10)
    assert result.coefficients[2] == pytest.approx(np.log(ratio), rel=1e-10)
    assert result.objective < 1e-20
    assert (result.n_targets, result.n_parameters) == (3, 3)
    assert result.criterion == pytest.approx(6.0)
    for each in result.targets:
        assert each.fitted == pytest.approx(each.reported, rel=1e-11)


def test_covariance_of_an_exact_fit_is_the_delta_method() -> None:
    """Refit with each target moved: the derivatives of the solution carry the variances."""
    problem = problem_of("weibull", PH, OS)
    result = fit(problem)
    step = 1e-4
    slopes = []
    for j in range(3):
        move = step * np.eye(3)[j]
        ends = [
            fit(problem, y=problem.reported + s * move, start=result.coefficients).coefficients for s in (-1.0, 1.0)
        ]
        slopes.append((ends[1] - ends[0]) / (2.0 * step))
    matrix = np.array(slopes).T
    expected = matrix @ np.diag(problem.errors**2) @ matrix.T
    np.testing.assert_allclose(result.covariance, expected, rtol=1e-6)


SETTINGS = [
    (name, relation)
    for name in sorted(FAMILIES)
    for relation in ("independent", PH, AFT)
    if name != "genf" or relation == PH
]
"""Every family with every relation; the generalised F, whose fits take seconds, with one."""


@pytest.mark.parametrize(("name", "relation"), SETTINGS)
def test_a_known_curve_is_recovered(name: str, relation: str) -> None:
    """Targets computed from known curves: medians, five landmarks an arm, a hazard ratio."""
    truth = {
        "exp": [0.065],
        "weibull": [1.3, 14.0],
        "weibullPH": [1.3, 0.033],
        "gompertz": [0.03, 0.05],
        "llogis": [1.9, 10.6],
        "lnorm": [2.36, 0.85],
        "gamma": [1.6, 0.12],
        "gengamma": [2.5, 0.8, 0.4],
        "genf": [2.5, 0.6, 0.4, 0.8],
    }[name]
    old = family(name).coefficients(truth)
    own = old + 0.1 if relation == "independent" else np.array([-0.3 if relation == PH else 0.25])
    known = np.concatenate([old, own])
    shape = curves(name, relation)
    times = (3.0, 6.0, 12.0, 18.0, 30.0)
    blanks = [*OS] + [
        Statistic(f"os.{arm}.{t:g}", "os", arm, "survival", 0.5, time=t, patients=240.0)
        for arm in ("new", "old")
        for t in times
    ]
    y = model_values(shape, [target(each) for each in blanks], known, 15.0, PATIENTS)
    exact = [
        replace(each, value=from_scale(each.kind, v), low=None, high=None, fixed=True)
        for each, v in zip(blanks, y, strict=True)
    ]
    result = fit(fit_problem(shape, exact, 15.0, PATIENTS))
    assert result.objective < 1e-12
    np.testing.assert_allclose(result.coefficients, known, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("relation", ["independent", PH, AFT])
@pytest.mark.parametrize("name", sorted(set(FAMILIES) - {"gengamma", "genf"}))
def test_the_gradient_is_zero_and_no_move_is_better(name: str, relation: str) -> None:
    problem = problem_of(name, relation)
    result = fit(problem)
    assert result.gradient_norm < 1e-8
    rng = np.random.default_rng(20)
    spread = np.sqrt(np.diag(result.covariance))
    near = result.coefficients + 0.05 * spread * rng.standard_normal((200, spread.size))
    moved = (((problem.values(near) - problem.reported) / problem.errors) ** 2).sum(axis=1)
    assert np.all(moved > result.objective)
    again = fit(problem, start=result.coefficients + 0.1 * spread)
    np.testing.assert_allclose(again.coefficients, result.coefficients, rtol=1e-8, atol=1e-9)


def test_covariance_is_the_inverse_information() -> None:
    problem = problem_of("lnorm", AFT)
    result = fit(problem)
    steps = np.full(3, 1e-4)
    slopes = problem.slopes(result.coefficients, steps) / problem.errors[:, None]
    np.testing.assert_allclose(result.covariance, np.linalg.inv(slopes.T @ slopes), rtol=1e-6)


def test_fixed_targets_add_no_uncertainty() -> None:
    free = fit(problem_of("weibull"))
    some = fit(problem_of("weibull", PH, tuple(replace(s, fixed=True) for s in OS) + OS_12))
    np.testing.assert_allclose(some.coefficients, free.coefficients, rtol=1e-12)
    assert np.all(np.diag(some.covariance) < np.diag(free.covariance))
    assert np.all(np.diag(some.covariance) > 0.0)
    every = fit(problem_of("weibull", PH, tuple(replace(s, fixed=True) for s in OS + OS_12)))
    np.testing.assert_array_equal(every.covariance, np.zeros((3, 3)))


def test_sandwich_by_its_definition() -> None:
    problem = problem_of("weibull", PH, (OS[0], replace(OS[1], fixed=True), *OS[2:], *OS_12))
    result = fit(problem)
    jacobian = problem.slopes(result.coefficients, np.full(3, 1e-4))
    weight = np.diag(problem.errors**-2)
    variance = np.diag(problem.errors**2)
    variance[1, 1] = 0.0
    a = np.linalg.inv(jacobian.T @ weight @ jacobian)
    expected = a @ jacobian.T @ weight @ variance @ weight @ jacobian @ a
    np.testing.assert_allclose(result.covariance, expected, rtol=1e-6)


def test_statistics_that_are_only_compared() -> None:
    unused = tuple(replace(s, used=False) for s in OS_12)
    bare = replace(unused[0], id="os.new.24", time=24.0, value=0.3, patients=None)
    result = fit(problem_of("weibull", PH, OS + unused + (bare,)))
    assert result.n_targets == 3
    assert result.objective < 1e-20
    by_id = {each.statistic.id: each for each in result.targets}
    assert by_id["os.new.12"].z == pytest.approx(
        (np.log(-np.log(by_id["os.new.12"].fitted)) - np.log(-np.log(0.563))) / by_id["os.new.12"].se
    )
    assert np.isnan(by_id["os.new.24"].se)
    assert np.isnan(by_id["os.new.24"].z)
    assert 0.0 < by_id["os.new.24"].fitted < 0.563


def test_an_unused_hazard_ratio_without_follow_up_is_left_open() -> None:
    statistics = (*OS[:2], replace(OS[2], used=False), *OS_12)
    result = fit(fit_problem(curves("weibull"), statistics, None, {}))
    assert np.isnan(result.targets[2].fitted)
    assert np.isnan(result.targets[2].z)
    assert result.targets[0].fitted == pytest.approx(13.2)


def test_statistics_of_other_endpoints_are_left_out() -> None:
    result = fit(fit_problem(curves("weibull", PH), OS + PFS, 15.0, PATIENTS))
    assert [each.statistic.id for each in result.targets] == [each.id for each in OS]


def test_moving_a_target_moves_the_curve_its_way() -> None:
    problem = problem_of("weibull", "independent")
    base = fit(problem)

    def medians(result: ReportedFit) -> list[float]:
        return [result.curves.quantile(arm, 0.5, result.coefficients[None, :])[0] for arm in ("new", "old")]

    y = problem.reported.copy()
    y[0] += problem.errors[0]
    moved = fit(problem, y=y, start=base.coefficients)
    assert medians(moved)[0] > medians(base)[0]
    assert moved.targets[0].reported == pytest.approx(13.2 * np.exp(problem.errors[0]))
    assert moved.targets[1].reported == 10.6
    cold = fit(problem, y=y)
    np.testing.assert_allclose(cold.coefficients, moved.coefficients, rtol=1e-8)


def test_condition_is_that_of_scaled_slopes() -> None:
    result = fit(problem_of("weibull", "independent"))
    assert 1.0 < result.condition < 1e4


def test_one_strategy_alone() -> None:
    alone = EndpointCurves("os", (CurveSpec("old", "llogis", "independent"),))
    result = fit(fit_problem(alone, (OS[1], OS_12[1]), None, {}))
    shape, scale = np.exp(result.coefficients)
    assert scale == pytest.approx(10.6, rel=1e-11)
    assert shape == pytest.approx(np.log(0.559 / 0.441) / np.log(12.0 / 10.6), rel=1e-10)


def test_a_fit_that_runs_away_is_refused() -> None:
    """Seven statistics for six coefficients, of which Q of one arm has no best value."""
    landmarks = tuple(
        Statistic(f"pfs.{arm}.{t:g}", "pfs", arm, "survival", value, time=t, patients=n)
        for arm, n, t, value in (
            ("new", 242.0, 6.0, 0.412),
            ("old", 241.0, 6.0, 0.187),
            ("new", 242.0, 12.0, 0.205),
            ("old", 241.0, 12.0, 0.120),
        )
    )
    with pytest.raises(SurvivalError) as raised:
        fit(problem_of("gengamma", "independent", PFS + landmarks))
    assert str(raised.value) == (
        "pfs: the fit does not settle, because some coefficients can move without end while the "
        "targets stay as well met. Add statistics, or choose a family with fewer parameters."
    )
    assert raised.value.ids == ("curve.pfs.old.family", "curve.pfs.new.family")
