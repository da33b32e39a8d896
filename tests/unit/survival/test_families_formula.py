"""What a formula may say, and what is said of one that cannot be read."""

from __future__ import annotations

import pytest

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import family


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("spline(hazard,2 knots)", "spline(hazard, 2 knots)"),
        ("spline( hazard , 1 knots )", "spline(hazard, 1 knot)"),
        ("spline(odds, knots at 1.0 6 2.4e1)", "spline(odds, knots at 1 6 24)"),
        ("spline(odds, knots at 0.1 0.30000000000000004 24)", "spline(odds, knots at 0.1 0.30000000000000004 24)"),
        (" mixture_cure( weibull ) ", "mixture_cure(weibull)"),
        ("nonmixture_cure(spline(normal, 0 knots))", "nonmixture_cure(spline(normal, 0 knots))"),
        ("piecewise(3,6.50,12)", "piecewise(3, 6.5, 12)"),
        ("join(exp,6,weibull,24.0,exp)", "join(exp, 6, weibull, 24, exp)"),
        ("km(12,mixture_cure(lnorm))", "km(12, mixture_cure(lnorm))"),
        ("average(weibull,llogis)", "average(weibull, llogis)"),
        ("average(weibull .5, spline(odds, 1 knot)0.5)", "average(weibull 0.5, spline(odds, 1 knot) 0.5)"),
        ("average(km(6, exp) 1e-1, exp 0.9)", "average(km(6, exp) 0.1, exp 0.9)"),
    ],
)
def test_canonical_form(text: str, name: str) -> None:
    assert family(text).name == name
    assert family(name) == family(text)


@pytest.mark.parametrize(
    ("text", "what", "example"),
    [
        (
            "spline(hazrd, 2 knots)",
            "'hazrd' is not a scale of a spline. Did you mean hazard? Known: hazard, odds, normal",
            "spline(hazard, 2 knots)",
        ),
        ("spline(hazard)", "a spline needs a scale and its knots, with a comma between", "spline(hazard, 2 knots)"),
        (
            "spline(hazard, 9 knots)",
            "'9 knots' is neither 0 to 4 knots, as '2 knots', nor times, as 'knots at 1 6 24'",
            "spline(hazard, 2 knots)",
        ),
        (
            "spline(hazard, knots at 6 1)",
            "times of knots must be above 0 and increase; given are 6 1",
            "spline(hazard, 2 knots)",
        ),
        (
            "spline(hazard, knots at 6)",
            "1 knots are given; 2 to 6 are needed, boundary ones included",
            "spline(hazard, 2 knots)",
        ),
        (
            "mixture_cure(weibul)",
            (
                "'weibul' inside it is not a known family. Did you mean weibull? Known: exp, weibull, weibullPH, "
                "gompertz, llogis, lnorm, gamma, gengamma, genf, spline"
            ),
            "mixture_cure(weibull)",
        ),
        (
            "mixture_cure(weibull, exp)",
            "a cure model needs one family, that of the patients who are not cured",
            "mixture_cure(weibull)",
        ),
        (
            "mixture_cure(km(6, exp))",
            "km(...) cannot stand inside mixture_cure(...)",
            "mixture_cure(weibull)",
        ),
        ("piecewise(3, six)", "'six' is not a number; cut points are expected", "piecewise(3, 6, 12)"),
        ("piecewise()", "'' is not a number; cut points are expected", "piecewise(3, 6, 12)"),
        ("piecewise(6, 3)", "cut points must be above 0 and increase; given are 6 3", "piecewise(3, 6, 12)"),
        ("piecewise(0, nan)", "cut points must be above 0 and increase; given are 0 nan", "piecewise(3, 6, 12)"),
        ("join(exp, weibull)", "a join needs families with a time between each two", "join(exp, 6, weibull)"),
        ("join(exp, x, weibull)", "'x' is not a number; times of joins are expected", "join(exp, 6, weibull)"),
        (
            "km(weibull)",
            "km needs the time up to which the Kaplan-Meier curve is used, and the family from there",
            "km(12, weibull)",
        ),
        (
            "average(weibull 0.5, llogis 0.6)",
            "its weights must be 0 or more and add up to 1, not 1.1",
            "average(weibull 0.5, llogis 0.3, lnorm 0.2)",
        ),
        (
            "average(weibull 0.5, llogis)",
            "1 of 2 families have no weight",
            "average(weibull 0.5, llogis 0.3, lnorm 0.2)",
        ),
        (
            "average(weibull, weibull)",
            "an average needs two or more different families",
            "average(weibull 0.5, llogis 0.3, lnorm 0.2)",
        ),
        (
            "mixture(weibull)",
            (
                "'mixture' is not a kind of formula. Did you mean mixture_cure? Known: spline, mixture_cure, "
                "nonmixture_cure, piecewise, join, km, average"
            ),
            "spline(hazard, 2 knots)",
        ),
        (
            "join(exp, 6, weibull",
            "'join(exp, 6, weibull' lacks a bracket, or has text after its last one",
            "join(exp, 6, weibull)",
        ),
        ("join(exp, 6, weibull))", "its brackets do not match", "join(exp, 6, weibull)"),
        ("km(12, weibull) 3", "'km(12, weibull) 3' lacks a bracket, or has text after its last one", "km(12, weibull)"),
        ("spline", "'spline' lacks a bracket, or has text after its last one", "spline(hazard, 2 knots)"),
    ],
)
def test_formulas_that_cannot_be_read(text: str, what: str, example: str) -> None:
    with pytest.raises(SurvivalError) as raised:
        family(text)
    assert str(raised.value) == f"{text!r} is not a family of survival curves: {what}. Example: {example}."
