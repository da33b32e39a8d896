"""The curves of an endpoint: layout, relations, means and errors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from hemodel.survival.curve_spec import CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.family import half_line, log_time, unit_interval

T = np.array([0.0, 0.3, 1.0, 6.0, 12.0, 36.0])
PH, AFT = "proportional_hazards", "accelerated_failure_time"


def pair(name: str, relation: str) -> EndpointCurves:
    return EndpointCurves("os", (CurveSpec("new", "", relation, "old"), CurveSpec("old", name, "independent")))


def joint(name: str, effect: float, row: int = 0) -> np.ndarray:
    starts = family(name).starts(10.0)
    return np.concatenate([[effect], starts[row % len(starts)]])[None, :]


def test_names_and_columns() -> None:
    curves = EndpointCurves(
        "pfs",
        (
            CurveSpec("a", "gengamma", "independent"),
            CurveSpec("b", "", PH, "a"),
            CurveSpec("c", "", AFT, "a"),
        ),
    )
    assert curves.names == (
        "a: mu",
        "a: log(sigma)",
        "a: Q",
        "b: log(hazard ratio)",
        "c: log(acceleration factor)",
    )
    assert curves.columns == {"a": slice(0, 3), "b": slice(3, 4), "c": slice(4, 5)}
    assert curves.family("b").name == "gengamma"


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_proportional_hazards(name: str) -> None:
    curves, c = pair(name, PH), joint(name, np.log(0.7))
    np.testing.assert_allclose(curves.survival("new", T, c), curves.survival("old", T, c) ** 0.7, rtol=1e-12)
    ratio = curves.log_hazard("new", T[1:], c) - curves.log_hazard("old", T[1:], c)
    np.testing.assert_allclose(ratio, np.log(0.7), rtol=1e-12)


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_accelerated_failure_time(name: str) -> None:
    curves, c = pair(name, AFT), joint(name, np.log(1.4))
    np.testing.assert_allclose(curves.survival("new", T, c), curves.survival("old", T / 1.4, c), rtol=1e-12)
    slower = curves.log_hazard("old", T[1:] / 1.4, c) - np.log(1.4)
    np.testing.assert_allclose(curves.log_hazard("new", T[1:], c), slower, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("relation", [PH, AFT])
def test_both_relations_keep_the_contract(name: str, relation: str) -> None:
    curves, c = pair(name, relation), joint(name, 0.3)
    hazard, survival = curves.cumulative_hazard("new", T, c), curves.survival("new", T, c)
    np.testing.assert_allclose(np.exp(-hazard), survival, rtol=1e-12)
    out = np.empty((1, T.size))
    assert curves.survival("new", T, c, log_t=log_time(T), out=out) is out
    np.testing.assert_allclose(out, survival, rtol=1e-14)
    median = curves.quantile("new", 0.5, c)
    assert curves.survival("new", median, c)[0, 0] == pytest.approx(0.5, rel=1e-10)


def test_proportional_weibull_is_a_weibull() -> None:
    curves, c = pair("weibull", PH), joint("weibull", np.log(0.7), 3)
    shape, scale = np.exp(c[0, 1:])
    expected = scale * 0.7 ** (-1.0 / shape) * special.gamma(1.0 + 1.0 / shape)
    assert curves.mean("new", c)[0] == pytest.approx(expected, rel=1e-12)
    assert curves.quantile("new", 0.5, c)[0] == pytest.approx(10.0 * 0.7 ** (-1.0 / shape))


@pytest.mark.parametrize("name", sorted(FAMILIES))
@pytest.mark.parametrize("row", range(5))
def test_integrated_mean_equals_the_closed_form(name: str, row: int) -> None:
    """A hazard ratio of 1 goes through the integral, the reference does not."""
    curves, c = pair(name, PH), joint(name, 0.0, row)
    np.testing.assert_allclose(curves.mean("new", c), curves.mean("old", c), rtol=1e-9)


def test_heavy_tails_under_proportional_hazards() -> None:
    """Log-logistic, shape 2: S^HR has mean scale B(1/2, HR - 1/2) / 2, infinite to HR 0.5."""
    curves = pair("llogis", PH)
    shape = np.log([2.0, 10.0])
    for ratio in (0.51, 0.6, 1.0, 1.7):
        c = np.concatenate([[np.log(ratio)], shape])[None, :]
        assert curves.mean("new", c)[0] == pytest.approx(5.0 * special.beta(0.5, ratio - 0.5), rel=1e-8)
    c = np.concatenate([[np.log(0.5) - 1e-9], shape])[None, :]
    assert np.isposinf(curves.mean("new", c)[0])


def test_accelerated_mean_and_quantile_scale() -> None:
    curves, c = pair("lnorm", AFT), joint("lnorm", np.log(1.4))
    assert curves.mean("new", c)[0] == pytest.approx(1.4 * curves.mean("old", c)[0], rel=1e-13)
    assert curves.quantile("new", 0.5, c)[0] == pytest.approx(14.0, rel=1e-12)


@pytest.mark.parametrize("shape", [0.3, 0.65, 1.0, 1.43, 4.0, 8.0])
@pytest.mark.parametrize("horizon", [0.5, 15.0, 120.0, 5000.0])
def test_restricted_mean_of_a_weibull(shape: float, horizon: float) -> None:
    curves = EndpointCurves("os", (CurveSpec("a", "weibull", "independent"),))
    c = family("weibull").coefficients([[shape, 14.0]])
    area = 14.0 * special.gamma(1.0 + 1.0 / shape)
    expected = area * special.gammainc(1.0 / shape, (horizon / 14.0) ** shape)
    assert curves.restricted_mean("a", horizon, c)[0] == pytest.approx(expected, rel=1e-8)


def test_restricted_mean_of_many_draws() -> None:
    curves = EndpointCurves("os", (CurveSpec("a", "exp", "independent"),))
    c = np.log(np.linspace(0.01, 1.0, 700))[:, None]
    expected = -np.expm1(-60.0 * np.exp(c[:, 0])) / np.exp(c[:, 0])
    np.testing.assert_allclose(curves.restricted_mean("a", 60.0, c), expected, rtol=1e-11)


def test_quadrature_rules() -> None:
    log_nodes, weights = unit_interval(1.0 / 64.0)
    for power in (-0.7, 0.0, 0.3, 5.0):
        assert np.exp(power * log_nodes) @ weights == pytest.approx(1.0 / (1.0 + power), rel=1e-11)
    log_nodes, weights = half_line(1.0 / 64.0)
    assert np.exp(-np.exp(log_nodes)) @ weights == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("specs", "text", "ids"),
    [
        (
            [CurveSpec("a", "weibull", "cox")],
            (
                "curve.os.a: relation 'cox' is unknown. Known: independent, proportional_hazards, "
                "accelerated_failure_time, proportional_odds, hazard_ratio_by_period."
            ),
            ("curve.os.a.relation",),
        ),
        (
            [CurveSpec("a", "", PH)],
            (
                "curve.os.a: a curve with relation proportional_hazards needs the reference strategy "
                "it acts on; none is given."
            ),
            ("curve.os.a.reference",),
        ),
        (
            [CurveSpec("a", "", AFT, "b")],
            (
                "curve.os.a: a curve with relation accelerated_failure_time needs the reference "
                "strategy it acts on; 'b' has no curve."
            ),
            ("curve.os.a.reference",),
        ),
        (
            [CurveSpec("a", "exp", "independent"), CurveSpec("b", "", PH, "a"), CurveSpec("c", "", PH, "b")],
            (
                "curve.os.c: the reference 'b' is itself proportional_hazards; a reference must be independent. "
                "Name 'a' instead, with the product of both ratios and an interval from both."
            ),
            ("curve.os.c.reference",),
        ),
        (
            [CurveSpec("a", "weibul", "independent")],
            (
                "curve.os.a: 'weibul' is not a family of survival curves. Did you mean weibull? "
                "Known: exp, weibull, weibullPH, gompertz, llogis, lnorm, gamma, gengamma, genf."
            ),
            ("curve.os.a.family",),
        ),
        (
            [CurveSpec("a", "exp", "independent")] * 2,
            "os: more than one curve for a.",
            ("curve.os.a.family",),
        ),
    ],
)
def test_specs_that_do_not_fit(specs: list[CurveSpec], text: str, ids: tuple[str, ...]) -> None:
    with pytest.raises(SurvivalError) as raised:
        EndpointCurves("os", tuple(specs))
    assert str(raised.value) == text
    assert raised.value.ids == ids


def test_all_problems_are_raised_together() -> None:
    specs = (CurveSpec("a", "weibul", "independent"), CurveSpec("b", "", PH))
    with pytest.raises(SurvivalError) as raised:
        EndpointCurves("os", specs)
    assert len(raised.value.parts) == 2
    assert raised.value.ids == ("curve.os.a.family", "curve.os.b.reference")
    assert str(raised.value).count("\n") == 1


def test_unknown_strategy() -> None:
    curves = pair("exp", PH)
    with pytest.raises(SurvivalError, match=r"os: no curve for strategy 'x'. Curves: new, old."):
        curves.survival("x", T, joint("exp", 0.0))
