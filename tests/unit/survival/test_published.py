"""Published coefficients: each program's own formula written out, the delta method, and the errors."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import special, stats

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import FAMILIES, family
from hemodel.survival.published import (
    LOCATION_EFFECTS,
    PARAMETERISATIONS,
    Converted,
    Published,
    convert,
    parameterisation,
    printed_back,
    programs,
)

T = np.array([0.5, 1.0, 3.0, 6.0, 12.0, 24.0, 60.0])
Formula = Callable[..., np.ndarray]


def phi(z: np.ndarray) -> np.ndarray:
    return np.asarray(stats.norm.cdf(z))


def prentice(t: np.ndarray, mu: float, sigma: float, q: float) -> np.ndarray:
    """Stata's and SAS's generalised gamma for a shape other than 0.

    Stata [ST] streg, Methods and formulas: u = g exp(|kappa| z), z = sign(kappa) (log t - mu) / sigma,
    S = 1 - I(g, u) for kappa > 0 and I(g, u) for kappa < 0, with g = kappa^-2. SAS, LIFEREG, Supported
    Distributions, writes d^-2 exp(d w) for the same u.
    """
    g = q**-2
    u = g * np.exp(abs(q) * np.sign(q) * (np.log(t) - mu) / sigma)
    return np.asarray(special.gammaincc(g, u) if q > 0.0 else special.gammainc(g, u))


CASES: list[tuple[str, str, dict[str, float], Formula]] = [
    ("survreg", "exponential", {"(Intercept)": 2.3}, lambda t, i: np.exp(-t / np.exp(i))),
    (
        "survreg",
        "weibull",
        {"(Intercept)": 2.3, "Log(scale)": -0.27},
        lambda t, i, s: np.exp(-np.exp((np.log(t) - i) / np.exp(s))),
    ),
    (
        "survreg",
        "loglogistic",
        {"(Intercept)": 2.3, "Log(scale)": -0.6},
        lambda t, i, s: 1.0 / (1.0 + np.exp((np.log(t) - i) / np.exp(s))),
    ),
    (
        "survreg",
        "lognormal",
        {"(Intercept)": 2.3, "Log(scale)": -0.1},
        lambda t, i, s: phi(-(np.log(t) - i) / np.exp(s)),
    ),
    ("stata_ph", "exponential", {"_cons": -2.4}, lambda t, c: np.exp(-np.exp(c) * t)),
    (
        "stata_ph",
        "weibull",
        {"_cons": -3.1, "/ln_p": 0.28},
        lambda t, c, p: np.exp(-np.exp(c) * t ** np.exp(p)),
    ),
    (
        "stata_ph",
        "gompertz",
        {"_cons": -3.0, "/gamma": 0.04},
        lambda t, c, g: np.exp(-np.exp(c) / g * (np.exp(g * t) - 1.0)),
    ),
    ("stata_aft", "exponential", {"_cons": 2.4}, lambda t, c: np.exp(-np.exp(-c) * t)),
    (
        "stata_aft",
        "weibull",
        {"_cons": 2.4, "/ln_p": 0.28},
        lambda t, c, p: np.exp(-np.exp(-np.exp(p) * c) * t ** np.exp(p)),
    ),
    (
        "stata_aft",
        "lnormal",
        {"_cons": 2.4, "/lnsigma": -0.2},
        lambda t, c, s: 1.0 - phi((np.log(t) - c) / np.exp(s)),
    ),
    (
        "stata_aft",
        "llogistic",
        {"_cons": 2.4, "/lngamma": -0.6},
        lambda t, c, g: 1.0 / (1.0 + (np.exp(-c) * t) ** (1.0 / np.exp(g))),
    ),
    (
        "stata_aft",
        "ggamma",
        {"_cons": 2.4, "/lnsigma": -0.2, "/kappa": 0.6},
        lambda t, c, s, k: prentice(t, c, np.exp(s), k),
    ),
    (
        "stata_aft",
        "ggamma",
        {"_cons": 2.4, "/lnsigma": -0.2, "/kappa": -0.6},
        lambda t, c, s, k: prentice(t, c, np.exp(s), k),
    ),
    ("sas_lifereg", "exponential", {"Intercept": 2.3}, lambda t, i: np.exp(-np.exp(-i) * t)),
    (
        "sas_lifereg",
        "weibull",
        {"Intercept": 2.3, "Scale": 0.76},
        lambda t, i, s: np.exp(-np.exp((np.log(t) - i) / s)),
    ),
    (
        "sas_lifereg",
        "llogistic",
        {"Intercept": 2.3, "Scale": 0.5},
        lambda t, i, s: 1.0 / (1.0 + np.exp((np.log(t) - i) / s)),
    ),
    (
        "sas_lifereg",
        "lnormal",
        {"Intercept": 2.3, "Scale": 0.9},
        lambda t, i, s: 1.0 - phi((np.log(t) - i) / s),
    ),
    ("sas_lifereg", "gamma", {"Intercept": 2.3, "Scale": 0.9, "Shape": 0.7}, prentice),
    ("sas_lifereg", "gamma", {"Intercept": 2.3, "Scale": 0.9, "Shape": -0.7}, prentice),
    ("lifelines", "exponential", {"lambda_": 14.0}, lambda t, scale: np.exp(-t / scale)),
    (
        "lifelines",
        "weibull",
        {"lambda_": 14.0, "rho_": 1.3},
        lambda t, scale, rho: np.exp(-((t / scale) ** rho)),
    ),
    (
        "lifelines",
        "lognormal",
        {"mu_": 2.3, "sigma_": 0.9},
        lambda t, mu, sigma: 1.0 - phi((np.log(t) - mu) / sigma),
    ),
    (
        "lifelines",
        "loglogistic",
        {"alpha_": 10.0, "beta_": 1.8},
        lambda t, a, b: 1.0 / (1.0 + (t / a) ** b),
    ),
    (
        "flexsurv",
        "weibull",
        {"log(shape)": 0.3, "log(scale)": 2.5},
        lambda t, a, b: np.exp(-((t / np.exp(b)) ** np.exp(a))),
    ),
    ("flexsurv_natural", "gamma", {"shape": 1.7, "rate": 0.13}, lambda t, a, b: stats.gamma.sf(t, a, scale=1.0 / b)),
]
IDS = [f"{case[0]} {case[1]}" for case in CASES]


def covariance_of(size: int) -> np.ndarray:
    """Make a covariance with SDs 0.05, 0.07, 0.09... and correlations of 0.4."""
    sd = 0.05 + 0.02 * np.arange(size)
    return np.outer(sd, sd) * (0.4 + 0.6 * np.eye(size))


def published(program: str, name: str, numbers: dict[str, float], covariance: np.ndarray | None = None) -> Published:
    given = covariance_of(len(numbers)) if covariance is None else covariance
    return Published(program, name, tuple(numbers), np.array(list(numbers.values())), given)


def survival(converted: Converted, t: np.ndarray) -> np.ndarray:
    shape = family(converted.family)
    return np.asarray(shape.survival(t, converted.coefficients[None, : len(shape.parameters)])[0])


@pytest.mark.parametrize(("program", "name", "numbers", "formula"), CASES, ids=IDS)
def test_survival_is_the_programs_own_formula(
    program: str, name: str, numbers: dict[str, float], formula: Formula
) -> None:
    found = survival(convert(published(program, name, numbers)), T)
    np.testing.assert_allclose(found, formula(T, *numbers.values()), rtol=1e-12, atol=1e-14)


def test_every_row_of_the_table_is_checked() -> None:
    checked = {(program, name) for program, name, _, _ in CASES}
    for row in PARAMETERISATIONS:
        assert any((row.program, name) in checked for name in row.names), row
        family_ = FAMILIES[row.family]
        assert tuple(term.coefficient for term in row.terms) == family_.labels


@pytest.mark.parametrize(("program", "name", "numbers"), [case[:3] for case in CASES], ids=IDS)
def test_covariance_is_that_of_differences(program: str, name: str, numbers: dict[str, float]) -> None:
    """J C J' with J by central differences of the conversion itself; step 1e-5, error below 1e-9 of J."""
    given = published(program, name, numbers)
    jacobian = np.empty((len(numbers), len(numbers)))
    for j, key in enumerate(numbers):
        up, down = {**numbers, key: numbers[key] + 1e-5}, {**numbers, key: numbers[key] - 1e-5}
        change = (
            convert(published(program, name, up)).coefficients - convert(published(program, name, down)).coefficients
        )
        jacobian[:, j] = change / 2e-5
    expected = jacobian @ given.covariance @ jacobian.T
    np.testing.assert_allclose(convert(given).covariance, expected, rtol=1e-8, atol=1e-14)


def test_covariance_against_simulation() -> None:
    """LIFEREG's Weibull with SDs of 2%, 400,000 draws, within 4 standard errors.

    The simulated covariance of a and b has variance (V(a) V(b) + C(a, b)^2) / draws; what the delta
    method leaves out is of the order of 0.02^2 of it, less than a tenth of that error.
    """
    numbers = {"Intercept": 2.3, "Scale": 0.76}
    covariance = np.array([[0.02**2, 0.3 * 0.02 * 0.015], [0.3 * 0.02 * 0.015, 0.015**2]])
    converted = convert(published("sas_lifereg", "weibull", numbers, covariance))
    draws = np.random.default_rng(7).multivariate_normal([2.3, 0.76], covariance, 400_000)
    simulated = np.cov(np.column_stack([-np.log(draws[:, 1]), draws[:, 0]]).T)
    found = converted.covariance
    error = np.sqrt((np.outer(np.diag(found), np.diag(found)) + found**2) / 400_000)
    assert np.all(np.abs(found - simulated) < 4.0 * error)


def test_lung_from_survreg() -> None:
    """R: survreg(Surv(time, status) ~ 1, data = lung): Intercept 6.0349, scale 0.7594 = 1 / 1.31684.

    flexsurv's row for the same data (reference/flexsurv): shape 1.31684017, scale 417.758666,
    covariance of (log shape, log scale) 0.0038975431, 0.0000890336; 0.0034970559. survreg
    estimates Intercept = log scale and Log(scale) = -log shape, so its covariance has the other
    sign off the diagonal.
    """
    covariance = np.array([[0.00349705591503557, -8.90336425206236e-05], [-8.90336425206236e-05, 0.0038975431544883]])
    numbers = {"(Intercept)": 6.03490391053967, "Log(scale)": -0.275235057208352}
    converted = convert(published("survreg", "weibull", numbers, covariance))
    natural = FAMILIES["weibull"].natural(converted.coefficients)
    np.testing.assert_allclose(natural, [1.31684017126602, 417.758665504929], rtol=1e-13)
    np.testing.assert_allclose(1.0 / natural[0], 0.7594, atol=5e-5)
    expected = [[0.0038975431544883, 8.90336425206236e-05], [8.90336425206236e-05, 0.00349705591503557]]
    np.testing.assert_allclose(converted.covariance, expected, rtol=1e-14)


def test_order_does_not_matter() -> None:
    numbers = {"_cons": 2.4, "/lnsigma": -0.2, "kappa": 0.6}
    turned = dict(reversed(numbers.items()))
    one = convert(published("stata_aft", "ggamma", numbers))
    other = convert(published("stata_aft", "ggamma", turned, covariance_of(3)[::-1, ::-1]))
    np.testing.assert_array_equal(one.coefficients, other.coefficients)
    np.testing.assert_array_equal(one.covariance, other.covariance)


@pytest.mark.parametrize("name", sorted(LOCATION_EFFECTS.keys() & FAMILIES.keys()))
def test_natural_scale_goes_back(name: str) -> None:
    coefficients = FAMILIES[name].starts(10.0)[0]
    natural = FAMILIES[name].natural(coefficients)
    size = len(natural)
    covariance = covariance_of(size) * 1e-4
    converted = convert(Published("flexsurv_natural", name, FAMILIES[name].parameters, natural, covariance))
    np.testing.assert_allclose(converted.coefficients, coefficients, rtol=1e-14, atol=1e-15)
    scale = [1.0 / value if link == "log" else 1.0 for value, link in zip(natural, FAMILIES[name].links, strict=True)]
    np.testing.assert_allclose(converted.covariance, covariance * np.outer(scale, scale), rtol=1e-13)


@pytest.mark.parametrize(
    ("program", "name", "numbers", "formula"),
    [case for case in CASES if case[0] != "lifelines"],
    ids=[label for label in IDS if not label.startswith("lifelines")],
)
def test_treatment_shifts_the_linear_predictor(
    program: str, name: str, numbers: dict[str, float], formula: Formula
) -> None:
    """The treated curve: the program's own formula with the predictor moved by the coefficient.

    The relation must give the same curve: S^HR under proportional hazards, S(t / AF) under
    accelerated failure time.
    """
    beta = 0.35
    location = {"survreg": "(Intercept)", "sas_lifereg": "Intercept", "flexsurv": "log(scale)"}.get(program, "_cons")
    treated = {**numbers, "rate" if program == "flexsurv_natural" else location: 0.0}
    moved = next(key for key in numbers if treated[key] == 0.0)
    treated[moved] = numbers[moved] * np.exp(beta) if program == "flexsurv_natural" else numbers[moved] + beta
    expected = formula(T, *treated.values())

    converted = convert(published(program, name, {**numbers, "treatment": beta}))
    effect = float(np.exp(converted.coefficients[-1]))
    if converted.relation == "proportional_hazards":
        found = survival(converted, T) ** effect
        assert converted.names[-1] == "log(hazard ratio)"
    else:
        found = survival(converted, T / effect)
        assert converted.names[-1] == "log(acceleration factor)"
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
    assert converted.covariance[-1, -1] == pytest.approx(covariance_of(len(numbers) + 1)[-1, -1], rel=1e-14)


def test_printed_back() -> None:
    """Exponential with rate 0.1 and hazard ratio 0.5: exp(-0.6) = 0.5488, exp(-0.3) = 0.7408, medians log 2 / rate."""
    numbers = {"_cons": float(np.log(0.1)), "treatment": float(np.log(0.5))}
    text = printed_back(convert(published("stata_ph", "exponential", numbers)), [6.0])
    assert text == "Survival: 0.5488 at 6; median 6.931. With treatment: 0.7408 at 6; median 13.86."


def test_printed_back_with_acceleration() -> None:
    """Log-logistic with median 10 and shape 2, times doubled: 1 / (1 + 0.36) = 0.7353 and 1 / (1 + 0.09) = 0.9174."""
    numbers = {"_cons": float(np.log(10.0)), "/lngamma": -float(np.log(2.0)), "treatment": float(np.log(2.0))}
    text = printed_back(convert(published("stata_aft", "loglogistic", numbers)), [6.0])
    assert text == "Survival: 0.7353 at 6; median 10. With treatment: 0.9174 at 6; median 20."


def test_no_median() -> None:
    """Gompertz with rate 0.01 and shape -0.1 levels off at exp(-0.1) = 0.905."""
    numbers = {"_cons": float(np.log(0.01)), "/gamma": -0.1}
    assert printed_back(convert(published("stata_ph", "gompertz", numbers)), [1000.0]) == (
        "Survival: 0.9048 at 1000; no median."
    )


def test_text_says_what_became_what() -> None:
    text = convert(published("survreg", "weibull", {"(Intercept)": 6.0349, "Log(scale)": -0.2752})).text
    assert text == (
        "survreg weibull, S(t) = exp(-(t / exp(Intercept))^(1 / scale)), with Log(scale) -0.2752, (Intercept) 6.0349; "
        "as weibull in flexsurv: log(shape) 0.2752, log(scale) 6.0349."
    )


def test_a_variance_of_zero_is_an_exact_number() -> None:
    covariance = np.diag([0.01, 0.0])
    converted = convert(published("stata_aft", "weibull", {"_cons": 2.4, "/ln_p": 0.0}, covariance))
    np.testing.assert_array_equal(converted.covariance, np.diag([0.0, 0.01]))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            published("stata", "weibull", {"_cons": 1.0}),
            ["'stata' is not a known parameterisation. Did you mean stata_ph?", "Known: flexsurv, flexsurv_natural"],
        ),
        (
            published("survreg", "gompertz", {"_cons": 1.0}),
            ["'gompertz' is not a distribution of survreg that can be converted.", "Known: exponential, weibull"],
        ),
        (published("flexsurv", "weibul", {"_cons": 1.0}), ["'weibul' is not a family", "Did you mean weibull?"]),
        (
            published("stata_aft", "weibull", {"_cons": 2.4, "ln_q": 0.2}),
            ["ln_p is missing; it has ln_p, _cons.", "'ln_q' is not one of its parameters. Did you mean ln_p?"],
        ),
        (
            published("sas_lifereg", "weibull", {"Intercept": 2.4, "Scale": -0.27}),
            ["Scale is -0.27 and must be above 0. Is it already a logarithm?"],
        ),
        (
            published("lifelines", "weibull", {"lambda_": 14.0, "rho_": 1.3, "treatment": 0.1}),
            ["a coefficient of treatment cannot be converted for this distribution."],
        ),
        (
            published("stata_aft", "weibull", {"_cons": np.inf, "ln_p": 0.2}),
            ["_cons is inf, not a number."],
        ),
        (
            Published("stata_aft", "weibull", ("_cons", "ln_p"), np.array([2.4]), covariance_of(2)),
            ["there are 2 names and values of shape (1,)."],
        ),
        (
            Published("stata_ph", "exponential", ("_cons", "_cons"), np.array([1.0, 1.0]), covariance_of(2)),
            ["_cons is given 2 times."],
        ),
        (
            published("stata_aft", "weibull", {"_cons": 2.4, "ln_p": 0.2}, covariance_of(3)),
            ["the covariance has shape (3, 3) and must have 2 rows and columns."],
        ),
        (
            published("stata_aft", "weibull", {"_cons": 2.4, "ln_p": 0.2}, np.array([[0.01, 0.002], [0.001, 0.01]])),
            ["the covariance is not symmetric: _cons with ln_p is 0.002 and ln_p with _cons is 0.001."],
        ),
        (
            published("stata_aft", "weibull", {"_cons": 2.4, "ln_p": 0.2}, np.array([[0.01, 0.02], [0.02, 0.01]])),
            ["the covariance is not positive semidefinite"],
        ),
        (
            published("stata_aft", "weibull", {"_cons": 2.4, "ln_p": 0.2}, np.full((2, 2), 0.01)),
            ["the covariance is singular: one number follows from the others."],
        ),
        (
            published("stata_aft", "weibull", {"_cons": 2.4, "ln_p": 0.2}, np.diag([-0.01, 0.01])),
            ["the variance of _cons is -0.01, below 0."],
        ),
        (
            published("stata_aft", "weibull", {"_cons": 2.4, "ln_p": 0.2}, np.array([[0.01, 0.001], [0.001, 0.0]])),
            ["ln_p has variance 0 but a covariance with another."],
        ),
        (
            published("stata_aft", "weibull", {"_cons": 2.4, "ln_p": 0.2}, np.full((2, 2), np.nan)),
            ["the covariance has a cell that is not a number."],
        ),
    ],
)
def test_errors(given: Published, words: list[str]) -> None:
    with pytest.raises(SurvivalError) as caught:
        convert(given)
    for word in words:
        assert word in str(caught.value)


def test_all_errors_at_once() -> None:
    given = Published(
        "sas_lifereg", "weibull", ("Intercept", "Scal"), np.array([np.nan, 0.7]), np.array([[1.0, 2.0], [0.0, 1.0]])
    )
    with pytest.raises(SurvivalError) as caught:
        convert(given)
    assert len(caught.value.parts) == 4
    assert all(str(part).startswith("sas_lifereg weibull: ") for part in caught.value.parts)


def test_a_cure_fraction() -> None:
    """A cure fraction of 0.2 with SD 0.03: logit log(0.2 / 0.8), SD 0.03 / (0.2 x 0.8); the Weibull part by 1 / x."""
    names = family("mixture_cure(weibull)").parameters
    given = Published("flexsurv_natural", "mixture_cure(weibull)", names, np.array([0.2, 1.3, 10.0]), np.eye(3) * 9e-4)
    converted = convert(given)
    np.testing.assert_allclose(converted.coefficients, [np.log(0.25), np.log(1.3), np.log(10.0)], rtol=1e-14)
    expected = 0.03 / np.array([0.16, 1.3, 10.0])
    np.testing.assert_allclose(np.sqrt(np.diag(converted.covariance)), expected, rtol=1e-13)
    outside = Published("flexsurv_natural", given.family, names, np.array([1.2, 1.3, 10.0]), given.covariance)
    with pytest.raises(SurvivalError, match=r"is 1\.2 and must lie between 0 and 1\."):
        convert(outside)


def test_programs_are_listed() -> None:
    assert programs() == (
        "flexsurv",
        "flexsurv_natural",
        "survreg",
        "stata_ph",
        "stata_aft",
        "sas_lifereg",
        "lifelines",
    )
    assert parameterisation("sas_lifereg", "gamma").family == "gengamma"
