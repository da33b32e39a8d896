"""The model's value of each statistic, and the average hazard ratio."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.reported import predicted as hazard_ratios
from hemodel.survival.reported.predicted import model_values
from hemodel.survival.reported.statistics import Statistic, target

MEDIAN = target(Statistic("m", "os", "new", "median", 13.2, low=11.9, high=16.4))
AT_12 = target(Statistic("s12", "os", "new", "survival", 0.563, time=12.0, patients=242.0))
AT_6 = target(Statistic("s6", "os", "old", "survival", 0.7, time=6.0, patients=241.0))
RATIO = target(Statistic("hr", "os", "new", "hazard_ratio", 0.73, low=0.57, high=0.95, versus="old"))
BACKWARDS = target(Statistic("rh", "os", "old", "hazard_ratio", 1.37, low=1.05, high=1.75, versus="new"))
MOST_SHAPES = 9


def independent(name: str) -> EndpointCurves:
    return EndpointCurves("os", tuple(CurveSpec(each, name, "independent") for each in ("new", "old")))


def relative(name: str, relation: str) -> EndpointCurves:
    return EndpointCurves(
        "os",
        (
            CurveSpec("new", "", relation, "old"),
            CurveSpec("old", name, "independent"),
            CurveSpec("third", "", relation, "old"),
        ),
    )


def weibulls(new: tuple[float, float], old: tuple[float, float]) -> np.ndarray:
    return family("weibull").coefficients(np.array([new, old])).reshape(1, 4)


def test_values_on_their_scales() -> None:
    c = weibulls((1.4, 17.0), (1.3, 14.0))[0]
    found = model_values(independent("weibull"), [AT_12, MEDIAN, AT_6], c, None, {})
    expected = [
        1.4 * np.log(12.0 / 17.0),
        np.log(17.0) + np.log(np.log(2.0)) / 1.4,
        1.3 * np.log(6.0 / 14.0),
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-13)


def test_many_draws_are_one_call() -> None:
    c = np.concatenate([weibulls((1.4, 17.0), (1.3, 14.0)), weibulls((0.8, 9.0), (1.0, 7.0))])
    targets = [MEDIAN, RATIO, AT_6]
    both = model_values(independent("weibull"), targets, c, 15.0, {})
    assert both.shape == (2, 3)
    for row, one in zip(both, c, strict=True):
        np.testing.assert_allclose(row, model_values(independent("weibull"), targets, one, 15.0, {}), rtol=1e-14)


def test_proportional_hazards_give_the_coefficient_itself() -> None:
    curves = relative("lnorm", "proportional_hazards")
    c = np.array([-0.3147, 2.4, -0.2, 0.11])
    third = target(Statistic("t", "os", "new", "hazard_ratio", 0.7, low=0.5, high=0.9, versus="third"))
    found = model_values(curves, [RATIO, BACKWARDS, third], c, None, {})
    np.testing.assert_array_equal(found, [-0.3147, 0.3147, -0.3147 - 0.11])


def test_accelerated_weibulls_are_proportional() -> None:
    """The average of a constant is the constant: log HR = -shape log AF."""
    curves = relative("weibull", "accelerated_failure_time")
    c = np.array([np.log(1.4), np.log(0.7), np.log(4.0), 0.0])
    found = model_values(curves, [RATIO, BACKWARDS], c, 15.0, {})
    np.testing.assert_allclose(found, [-0.7 * np.log(1.4), 0.7 * np.log(1.4)], rtol=1e-12)


@pytest.mark.parametrize("shapes", [(0.4, 3.0), (3.0, 0.4), (0.7, 1.5), (1.2, 1.2)])
@pytest.mark.parametrize("patients", [{}, {"new": 100.0, "old": 300.0}])
def test_average_against_adaptive_quadrature(shapes: tuple[float, float], patients: dict[str, float]) -> None:
    """Integrated over u = H(t) in place of t, where no integrand is unbounded."""
    follow_up, scales = 15.0, (14.0, 9.0)

    def log_ratio(t: float) -> float:
        logs = [np.log(k / s) + (k - 1.0) * np.log(t / s) for k, s in zip(shapes, scales, strict=True)]
        return float(logs[0] - logs[1])

    top, bottom = 0.0, 0.0
    for arm, (k, s) in enumerate(zip(shapes, scales, strict=True)):
        weight = patients.get(("new", "old")[arm], 1.0)
        last = (follow_up / s) ** k
        area = integrate.quad(
            lambda x, k=k, s=s: np.exp(x - np.exp(x)) * log_ratio(s * np.exp(x / k)),
            np.log(last) - 60.0,
            np.log(last),
            epsabs=1e-13,
            epsrel=1e-13,
            limit=500,
        )[0]
        top += weight * area
        bottom += weight * -np.expm1(-last)
    c = weibulls(*zip(shapes, scales, strict=True))
    found = model_values(independent("weibull"), [RATIO], c, follow_up, patients)
    assert found[0, 0] == pytest.approx(top / bottom, abs=1e-9)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_average_has_converged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times the nodes move no average by 1e-9, over every pair of (up to nine) starting shapes.

    Averages beyond 7 (a ratio of 1,000) are left out: between generalised gammas some
    are infinite, where one hazard vanishes at 0 faster than any power of time.
    """
    shapes = family(name).starts(10.0)
    shapes = shapes[:: -(-len(shapes) // MOST_SHAPES)]
    pairs = np.array([np.concatenate([a, b]) for a in shapes for b in shapes])
    found = np.concatenate([model_values(independent(name), [RATIO], pairs, t, {}) for t in (5.0, 15.0, 60.0)])
    monkeypatch.setattr(hazard_ratios, "QUADRATURE_STEP", 1.0 / 128.0)
    finer = np.concatenate([model_values(independent(name), [RATIO], pairs, t, {}) for t in (5.0, 15.0, 60.0)])
    usual = np.abs(finer) < 7.0
    assert usual.mean() > 0.8
    np.testing.assert_allclose(found[usual], finer[usual], atol=1e-9, rtol=0.0)


def test_follow_up_is_needed_where_curves_are_not_proportional() -> None:
    with pytest.raises(SurvivalError) as raised:
        model_values(independent("exp"), [RATIO], np.array([[-2.0, -2.2]]), None, {})
    assert str(raised.value) == (
        "hr: the curves of new and old are not proportional, so their hazard ratio is an average "
        "over the trial's median follow-up, which is needed. Give it in months, or choose "
        "relation proportional_hazards."
    )
    assert raised.value.ids == ("hr",)
