"""Families made of others: cure, piecewise, joins, Kaplan-Meier and averages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.average import Average
from hemodel.survival.families.kaplan_meier import KaplanMeierThen
from hemodel.survival.families.log_location import LogNormal
from hemodel.survival.families.registry import family
from hemodel.survival.family import Array, CurveData, Family

T = np.array([0.0, 0.5, 2.0, 5.999, 6.0, 6.001, 8.0, 12.0, 24.0, 60.0])
KM = CurveData(km_times=(1.0, 4.0, 7.0, 20.0), km_survival=(0.9, 0.7, 0.6, 0.3), km_log_se=(0.5, 0.3, 0.25, 0.2))


def coefficients(formula: str, *natural: float) -> np.ndarray:
    return family(formula).coefficients(np.array([natural]))


def test_mixture_cure() -> None:
    """S = pi + (1 - pi) exp(-rate t); median log((1 - pi) / (0.5 - pi)) / rate."""
    shape, c = family("mixture_cure(exp)"), coefficients("mixture_cure(exp)", 0.2, 0.1)
    np.testing.assert_allclose(shape.survival(T, c)[0], 0.2 + 0.8 * np.exp(-0.1 * T), rtol=1e-14)
    density = 0.08 * np.exp(-0.1 * T)
    np.testing.assert_allclose(shape.log_hazard(T, c)[0], np.log(density / (0.2 + 0.8 * np.exp(-0.1 * T))), rtol=1e-12)
    np.testing.assert_allclose(shape.quantile(0.5, c), np.log(0.8 / 0.3) / 0.1, rtol=1e-13)
    assert np.isposinf(shape.quantile(0.81, c)[0])
    assert np.isposinf(shape.mean(c)[0])
    assert shape.tail_index(c)[0] == 0.0
    assert shape.labels == ("logit(cure)", "log(rate)")


def test_nonmixture_cure() -> None:
    """S = pi^F with F = 1 - exp(-rate t); hazard -log(pi) rate exp(-rate t)."""
    shape, c = family("nonmixture_cure(exp)"), coefficients("nonmixture_cure(exp)", 0.2, 0.1)
    died = -np.expm1(-0.1 * T)
    np.testing.assert_allclose(shape.survival(T, c)[0], 0.2**died, rtol=1e-13)
    np.testing.assert_allclose(np.exp(shape.log_hazard(T, c)[0]), -np.log(0.2) * 0.1 * (1.0 - died), rtol=1e-13)
    np.testing.assert_allclose(shape.quantile(0.5, c), -np.log1p(-np.log(0.5) / np.log(0.2)) / 0.1, rtol=1e-13)
    assert np.isposinf(shape.mean(c)[0])
    assert shape.tail_index(c)[0] == 0.0


@pytest.mark.parametrize("logit", [-40.0, -700.0, -np.inf])
def test_no_cure_is_the_inner_family(logit: float) -> None:
    inner, shape = family("weibull"), family("mixture_cure(weibull)")
    d = inner.coefficients([[1.4, 12.0]])
    c = np.insert(d, 0, logit, axis=1)
    for method in ("survival", "cumulative_hazard", "log_hazard"):
        np.testing.assert_allclose(getattr(shape, method)(T[1:], c), getattr(inner, method)(T[1:], d), rtol=1e-13)
    np.testing.assert_allclose(shape.quantile(0.99, c), inner.quantile(0.99, d), rtol=1e-13)
    expected = inner.mean(d)[0] if np.isneginf(logit) else np.inf
    assert shape.mean(c)[0] == expected


def test_piecewise_exponential() -> None:
    """Rates 0.1, 0.02 and 0.3 on [0, 6), [6, 12) and [12, inf): areas by hand."""
    shape, c = family("piecewise(6, 12)"), coefficients("piecewise(6, 12)", 0.1, 0.02, 0.3)
    t = np.array([0.0, 3.0, 6.0, 9.0, 12.0, 20.0])
    np.testing.assert_allclose(shape.cumulative_hazard(t, c)[0], [0.0, 0.3, 0.6, 0.66, 0.72, 3.12], rtol=1e-14)
    np.testing.assert_allclose(np.exp(shape.log_hazard(t, c)[0]), [0.1, 0.1, 0.02, 0.02, 0.3, 0.3], rtol=1e-14)
    np.testing.assert_allclose(shape.time_at(np.array([0.66]), c), 9.0, rtol=1e-14)
    mean = (1 - np.exp(-0.6)) / 0.1 + (np.exp(-0.6) - np.exp(-0.72)) / 0.02 + np.exp(-0.72) / 0.3
    np.testing.assert_allclose(shape.mean(c), mean, rtol=1e-13)
    assert shape.labels == ("log(rate_1)", "log(rate_2)", "log(rate_3)")
    assert shape.kinks == (6.0, 12.0)


@pytest.mark.parametrize("name", ["weibull", "lnorm", "gompertz"])
def test_join_of_a_family_with_itself_is_the_family(name: str) -> None:
    plain, shape = family(name), family(f"join({name}, 6, {name})")
    d = plain.starts(9.0)
    c = np.hstack([d, d])
    for method in ("survival", "cumulative_hazard", "log_hazard"):
        np.testing.assert_allclose(getattr(shape, method)(T, c), getattr(plain, method)(T, d), rtol=1e-12)
    np.testing.assert_allclose(shape.quantile(0.4, c), plain.quantile(0.4, d), rtol=1e-12)
    np.testing.assert_allclose(shape.mean(c), plain.mean(d), rtol=1e-8)


def test_join_adds_up_hazards() -> None:
    """Quadrature of the hazards 0.05, 1.4 / 12 (t / 12)^0.4 and 0.2 on their intervals."""
    formula = "join(exp, 6, weibull, 24, exp)"
    shape, c = family(formula), coefficients(formula, 0.05, 1.4, 12.0, 0.2)

    def hazard(t: float) -> float:
        return 0.05 if t < 6.0 else 1.4 / 12.0 * (t / 12.0) ** 0.4 if t < 24.0 else 0.2

    for t in (3.0, 6.0, 15.0, 24.0, 30.0):
        area = integrate.quad(hazard, 0.0, t, points=[p for p in (6.0, 24.0) if p < t] or None, epsrel=1e-13)[0]
        np.testing.assert_allclose(shape.cumulative_hazard(np.array([t]), c)[0, 0], area, rtol=1e-12)
        np.testing.assert_allclose(np.exp(shape.log_hazard(np.array([t]), c)[0, 0]), hazard(t), rtol=1e-13)
        np.testing.assert_allclose(shape.time_at(np.array([area]), c), t, rtol=1e-12)
    assert shape.labels == ("log(exp 1 rate)", "log(weibull shape)", "log(weibull scale)", "log(exp 2 rate)")


def test_join_after_nobody_is_left() -> None:
    """A Gompertz whose hazard overflows before the join."""
    c = np.array([[5.0, 0.0, 0.1]])
    shape = family("join(gompertz, 200, exp)")
    assert shape.cumulative_hazard(np.array([0.0, 300.0]), c).tolist() == [[0.0, np.inf]]
    assert np.isfinite(shape.mean(c)[0])


def kaplan_meier() -> Family:
    return family("km(8, weibull)").resolved(KM)


def test_kaplan_meier_then_a_family() -> None:
    """Steps to month 8, then S(8) exp(-((t / 12)^1.4 - (8 / 12)^1.4))."""
    shape, c = kaplan_meier(), coefficients("km(8, weibull)", 1.0, 1.4, 12.0)
    t = np.array([0.0, 0.99, 1.0, 3.9, 4.0, 7.0, 7.99, 8.0, 12.0, 60.0])
    after = 0.6 * np.exp(-((t[-3:] / 12.0) ** 1.4 - (8.0 / 12.0) ** 1.4))
    np.testing.assert_allclose(shape.survival(t, c)[0], [1.0, 1.0, 0.9, 0.9, 0.7, 0.6, 0.6, *after], rtol=1e-13)
    log_hazard = shape.log_hazard(t, c)[0]
    assert np.isneginf(log_hazard[:7]).all()
    np.testing.assert_allclose(np.exp(log_hazard[7:]), 1.4 / 12.0 * (t[-3:] / 12.0) ** 0.4, rtol=1e-13)
    assert shape.quantile(0.2, c)[0] == 4.0
    assert shape.quantile(0.3, c)[0] == pytest.approx(4.0)
    assert shape.quantile(0.31, c)[0] == 7.0
    level = -np.log(0.5) + np.log(0.6) + (8.0 / 12.0) ** 1.4
    np.testing.assert_allclose(shape.quantile(0.5, c), 12.0 * level ** (1.0 / 1.4), rtol=1e-13)
    assert shape.kinks == (1.0, 4.0, 7.0, 8.0)
    assert shape.labels == ("log(multiplier)", "log(shape)", "log(scale)")


def test_mean_of_kaplan_meier_then_a_family() -> None:
    shape, c = kaplan_meier(), coefficients("km(8, weibull)", 1.0, 1.4, 12.0)
    steps = 1.0 + 0.9 * 3.0 + 0.7 * 3.0 + 0.6
    rest = integrate.quad(lambda t: np.exp(-((t / 12.0) ** 1.4)), 8.0, np.inf, epsrel=1e-12)[0]
    expected = steps + 0.6 * np.exp((8.0 / 12.0) ** 1.4) * rest
    np.testing.assert_allclose(shape.mean(c), expected, rtol=1e-10)


def test_multiplier_of_the_kaplan_meier_curve() -> None:
    shape, c = kaplan_meier(), coefficients("km(8, weibull)", 1.5, 1.4, 12.0)
    np.testing.assert_allclose(shape.survival(np.array([5.0, 8.0]), c)[0], [0.7**1.5, 0.6**1.5], rtol=1e-13)
    assert isinstance(shape, KaplanMeierThen)
    assert shape.multiplier_se == 0.25
    later, before = (family(f"km({cut}, weibull)").resolved(KM) for cut in (4, 0.5))
    assert isinstance(later, KaplanMeierThen)
    assert isinstance(before, KaplanMeierThen)
    assert (later.multiplier_se, before.multiplier_se) == (0.3, 0.0)


def test_kaplan_meier_that_is_missing_or_wrong() -> None:
    with pytest.raises(SurvivalError) as raised:
        family("km(8, weibull)").mean(coefficients("km(8, weibull)", 1.0, 1.4, 12.0))
    assert str(raised.value) == (
        "the Kaplan-Meier curve of a km(...) family is not known here. Give the patients or the "
        "published curve that it is taken from."
    )
    for wrong, text in (
        (CurveData(), "given are 0 steps"),
        (replace(KM, km_survival=(0.9, 0.7, 0.6, 0.0)), "stays above 0; given are 4 steps"),
        (replace(KM, km_survival=(0.9, 0.95, 0.6, 0.1)), "survival that falls"),
        (replace(KM, km_times=(1.0, 1.0, 7.0, 20.0)), "increasing times above 0"),
        (replace(KM, km_log_se=(0.5,)), "there are 4 times, 4 survivals and 1 errors"),
    ):
        with pytest.raises(SurvivalError, match=text):
            family("km(8, weibull)").resolved(wrong)


AVERAGE = "average(weibull 0.5, llogis 0.3, lnorm 0.2)"
NATURAL = (0.5, 0.3, 0.2, 1.4, 12.0, 1.8, 10.0, 2.4, 0.8)


def test_average_is_that_of_the_survivals() -> None:
    shape, c = family(AVERAGE), coefficients(AVERAGE, *NATURAL)
    parts = [family("weibull"), family("llogis"), family("lnorm")]
    own = [c[:, 3:5], c[:, 5:7], c[:, 7:9]]
    survival = [part.survival(T, d)[0] for part, d in zip(parts, own, strict=True)]
    density = [s * np.exp(part.log_hazard(T, d)[0]) for s, part, d in zip(survival, parts, own, strict=True)]
    weights = np.array(NATURAL[:3])
    np.testing.assert_allclose(shape.survival(T, c)[0], weights @ survival, rtol=1e-14)
    np.testing.assert_allclose(
        np.exp(shape.log_hazard(T, c)[0]), (weights @ density) / (weights @ survival), rtol=1e-12, atol=1e-300
    )
    means = [part.mean(d)[0] for part, d in zip(parts, own, strict=True)]
    np.testing.assert_allclose(shape.mean(c)[0], weights @ means, rtol=1e-13)
    assert shape.tail_index(c)[0] == pytest.approx(1.8)
    assert shape.members == tuple(parts)
    assert shape.labels[:4] == ("weight(weibull)", "weight(llogis)", "weight(lnorm)", "log(weibull shape)")


def test_draws_that_pick_one_member() -> None:
    """The same as the member; the cumulative hazard goes through log(1 + x) and keeps all but the last bits."""
    shape = family(AVERAGE)
    c = np.repeat(coefficients(AVERAGE, *NATURAL), 6, axis=0)
    c[:, :3] = np.eye(3)[[0, 1, 2, 1, 0, 2]]
    c[:, 3:] += np.linspace(0.0, 0.3, 6)[:, None]
    own = {"weibull": slice(3, 5), "llogis": slice(5, 7), "lnorm": slice(7, 9)}
    for row, name in enumerate(["weibull", "llogis", "lnorm", "llogis", "weibull", "lnorm"]):
        member, d = family(name), c[row : row + 1, own[name]]
        np.testing.assert_allclose(shape.survival(T, c)[row], member.survival(T, d)[0], rtol=1e-15)
        np.testing.assert_allclose(shape.cumulative_hazard(T, c)[row], member.cumulative_hazard(T, d)[0], rtol=1e-14)
        np.testing.assert_allclose(shape.log_hazard(T, c)[row], member.log_hazard(T, d)[0], rtol=1e-13)
        assert shape.quantile(0.6, c)[row] == member.quantile(0.6, d)[0]
        assert shape.mean(c)[row] == member.mean(d)[0]


def test_a_member_is_asked_for_its_own_draws_only(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    original = LogNormal.survival

    def counted(self: LogNormal, t: Array, coefficients: Array, **rest: Array | None) -> Array:
        asked.append(len(coefficients))
        return original(self, t, coefficients, **rest)

    monkeypatch.setattr(LogNormal, "survival", counted)
    c = np.repeat(coefficients(AVERAGE, *NATURAL), 6, axis=0)
    c[:, :3] = np.eye(3)[[0, 1, 0, 2, 0, 2]]
    family(AVERAGE).survival(T, c)
    assert asked == [2]


def test_weights() -> None:
    open_average = family("average(weibull, llogis)")
    assert isinstance(open_average, Average)
    assert not open_average.is_resolved
    assert not open_average.resolved(KM).is_resolved
    given = open_average.with_weights((0.25, 0.75))
    assert given == family("average(weibull 0.25, llogis 0.75)")
    assert given.labels == open_average.labels
    with pytest.raises(SurvivalError) as raised:
        open_average.survival(T, np.zeros((1, 6)))
    assert str(raised.value) == (
        "average(weibull, llogis): its weights are not known here. Give them in the formula, for example "
        "average(weibull 0.5, llogis 0.5), or let them follow from a fit."
    )
    for wrong in ((0.5,), (0.5, 0.6), (-0.5, 1.5), ()):
        with pytest.raises(SurvivalError, match="2 weights are needed, none negative, that add up to 1"):
            open_average.with_weights(wrong)
