"""What every family of survival curves must satisfy, over its range of parameters."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.registry import EXAMPLES, FAMILIES, family
from hemodel.survival.family import CurveData, Family, differences, log_time

DATA = CurveData(
    event_times=(0.4, 1.1, 1.9, 2.2, 3.5, 4.1, 4.8, 6.0, 7.7, 9.2, 11.0, 15.5, 21.0, 34.0),
    km_times=(0.5, 2.0, 5.0, 9.0, 14.0),
    km_survival=(0.95, 0.85, 0.65, 0.5, 0.4),
    km_log_se=(0.7, 0.4, 0.25, 0.2, 0.18),
)
MIXED = "average(weibull 0.5, llogis 0.3, lnorm 0.2)"
NATURAL = {
    "exp": [[0.002], [0.07], [1.5]],
    "weibull": [[0.4, 3.0], [1.0, 14.0], [1.4, 14.0], [3.0, 100.0]],
    "weibullPH": [[0.4, 0.5], [1.0, 0.07], [1.4, 0.03], [3.0, 1e-6]],
    "gompertz": [[-0.15, 0.4], [0.0, 0.07], [1e-9, 0.07], [0.06, 0.05], [0.5, 0.001]],
    "llogis": [[0.6, 3.0], [1.0, 10.0], [1.9, 10.0], [4.0, 100.0]],
    "lnorm": [[0.5, 2.5], [2.4, 0.8], [4.0, 0.2]],
    "gamma": [[0.3, 0.05], [1.0, 0.07], [1.7, 0.13], [30.0, 2.0], [30000.0, 2000.0]],
    "gengamma": [
        [2.4, 0.8, -1.5],
        [2.4, 0.8, -0.4],
        [2.4, 0.8, -0.001],
        [2.4, 0.8, 0.0],
        [2.4, 0.8, 1e-6],
        [2.4, 0.8, 0.02],
        [2.4, 0.8, 0.8],
        [2.4, 0.8, 1.0],
        [2.4, 0.4, 2.5],
        [1.0, 2.0, 0.5],
    ],
    "genf": [
        [2.4, 0.8, 0.0, 1.0],
        [2.4, 0.8, 0.9, 0.5],
        [2.4, 0.5, -0.6, 0.3],
        [2.4, 0.8, 0.3, 8.0],
        [2.4, 0.8, 0.5, 1e-3],
        [2.4, 0.8, -0.5, 1e-9],
        [2.4, 0.8, 0.0, 1e-13],
        [2.4, 0.8, 1.0, 1e-14],
        [2.4, 0.8, -1.0, 1e-25],
        [2.4, 0.8, 0.0, 1e-100],
    ],
    "spline(hazard, 0 knots)": [[-2.6, 1.1]],
    "spline(hazard, 1 knot)": [[-2.6, 1.3, 0.02], [-2.0, 0.6, -0.01]],
    "spline(hazard, knots at 1 6 24)": [[-2.6, 1.3, 0.05]],
    "spline(odds, 2 knots)": [[-3.0, 1.8, 0.05, -0.06]],
    "spline(odds, knots at 0.3 2 30)": [[-2.0, 1.2, 0.03]],
    "spline(normal, 1 knot)": [[-2.4, 1.1, 0.01]],
    "spline(normal, 4 knots)": [[-2.4, 1.1, 0.02, -0.03, 0.02, 0.0]],
    "mixture_cure(weibull)": [[0.2, 1.4, 9.0], [0.72, 0.6, 5.0], [1e-14, 1.4, 9.0]],
    "mixture_cure(gengamma)": [[0.3, 2.0, 0.8, 0.4]],
    "mixture_cure(gompertz)": [[0.1, 0.05, 0.06]],
    "mixture_cure(spline(odds, 1 knot))": [[0.25, -3.0, 1.8, 0.02]],
    "nonmixture_cure(lnorm)": [[0.15, 2.0, 0.9], [0.6, 1.0, 1.5]],
    "nonmixture_cure(exp)": [[0.01, 0.08]],
    "piecewise(3, 6, 12)": [[0.05, 0.1, 0.07, 0.02], [0.3, 0.02, 0.2, 0.1]],
    "join(exp, 6, weibull)": [[0.06, 1.4, 12.0], [0.2, 0.5, 30.0]],
    "join(gompertz, 6, llogis, 24, exp)": [[0.05, 0.04, 1.5, 12.0, 0.03]],
    "join(weibull, 10, mixture_cure(weibull))": [[1.2, 20.0, 0.2, 1.4, 9.0]],
    "km(12, weibull)": [[1.0, 1.2, 14.0], [1.3, 0.7, 10.0]],
    "km(9, spline(hazard, 1 knot))": [[0.8, -2.6, 1.3, 0.02]],
    MIXED: [
        [0.5, 0.3, 0.2, 1.2, 14.0, 1.8, 12.0, 2.4, 0.8],
        [0.0, 0.0, 1.0, 1.2, 14.0, 0.8, 12.0, 2.4, 0.8],
        [0.25, 0.75, 0.0, 1.2, 14.0, 0.8, 12.0, 2.4, 0.8],
    ],
    "average(mixture_cure(exp) 0.5, piecewise(6) 0.5)": [[0.5, 0.5, 0.2, 0.1, 0.05, 0.03]],
}
CASES = [(name, tuple(values)) for name, rows in NATURAL.items() for values in rows]
RESOLVED = {name: family(name).resolved(DATA) for name in NATURAL}
TIMES = np.array([0.0, 1e-6, 0.01, 0.5, 1.0, 3.0, 8.0, 12.0, 24.0, 60.0, 120.0, 480.0])
FAR = np.array([0.0, 1e-300, 1e-30, 1e3, 1e6, 1e12, 1e100, 1e300])
STEPPED = tuple(name for name in NATURAL if name.startswith("km("))
CONTINUOUS = tuple(name for name in NATURAL if name not in STEPPED)


def lowest(name: str, c: np.ndarray) -> float:
    """Survival at infinity: exp(rate / shape) of a Gompertz with negative shape, the cured share, else 0."""
    if name == "gompertz" and c[0, 0] < 0.0:
        return float(np.exp(np.exp(c[0, 1]) / c[0, 0]))
    if name.startswith(("mixture_cure", "nonmixture_cure")):
        return float(special.expit(c[0, 0]))
    if name.startswith("average(mixture"):
        return 0.5 * float(special.expit(c[0, 2]))
    if name.startswith("join(weibull"):
        later = 0.2 + 0.8 * np.exp(-((10.0 / 9.0) ** 1.4))
        return float(np.exp(-(0.5**1.2)) * 0.2 / later)
    return 0.0


@st.composite
def any_curve(draw: st.DrawFn) -> tuple[str, np.ndarray]:
    """Draw a family and coefficients with a median between 0.2 and 200."""
    name = draw(st.sampled_from(CONTINUOUS))
    starts = RESOLVED[name].starts(draw(st.floats(0.2, 200.0)))
    row = starts[draw(st.integers(0, len(starts) - 1))]
    return name, row[None, :]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}{case[1]}")
def case(request: pytest.FixtureRequest) -> tuple[str, Family, np.ndarray]:
    name, natural = request.param
    return name, RESOLVED[name], RESOLVED[name].coefficients(np.array([natural]))


def test_every_family_and_kind_of_formula_has_cases() -> None:
    assert {name for name in NATURAL if "(" not in name} == set(FAMILIES)
    assert {name.partition("(")[0] for name in NATURAL if "(" in name} == set(EXAMPLES)


def test_survival_starts_at_one_and_falls(case: tuple[str, Family, np.ndarray]) -> None:
    _, shape, c = case
    survival = shape.survival(TIMES, c)[0]
    assert survival[0] == 1.0
    assert np.all(np.diff(survival) <= 0.0)
    assert np.all((survival >= 0.0) & (survival <= 1.0))
    assert shape.is_falling(c).tolist() == [True]


def test_cumulative_hazard_is_minus_log_survival(case: tuple[str, Family, np.ndarray]) -> None:
    _, shape, c = case
    survival, hazard = shape.survival(TIMES, c), shape.cumulative_hazard(TIMES, c)
    assert hazard[0, 0] == 0.0
    np.testing.assert_allclose(np.exp(-hazard), survival, rtol=1e-11, atol=1e-300)


def test_log_hazard_is_the_slope_of_the_cumulative_hazard(case: tuple[str, Family, np.ndarray]) -> None:
    """Fourth-order central differences in log time, step 0.003 of the spread, away from kinks."""
    name, shape, c = case
    early, late = (shape.quantile(p, c)[0] for p in (0.1, 0.2 if lowest(name, c) > 0.0 else 0.5))
    if name in STEPPED:
        early, late = 13.0, 25.0
    t = early * (late / early) ** np.array([0.03, 0.4, 0.97, 1.3, 2.0])
    step = 0.003 * np.log(late / early)
    away = np.all(np.abs(np.log(t[:, None] / np.array([*shape.kinks, 1e9]))) > 3.0 * step, axis=1)
    assert away.sum() >= 4
    t = t[away]
    hazard = [shape.cumulative_hazard(t * np.exp(k * step), c)[0] for k in (-2, -1, 1, 2)]
    slope = (hazard[0] - 8.0 * hazard[1] + 8.0 * hazard[2] - hazard[3]) / (12.0 * step)
    expected = np.exp(shape.log_hazard(t, c)[0]) * t
    np.testing.assert_allclose(slope, expected, rtol=1e-6)


def test_quantile_inverts_survival(case: tuple[str, Family, np.ndarray]) -> None:
    """A step function reaches the level at the time found and not just before."""
    name, shape, c = case
    for p in (1e-9, 0.01, 0.3, 0.5, 0.9, 0.999):
        t, level = shape.quantile(p, c), -np.log1p(-p)
        if 1.0 - p <= lowest(name, c):
            assert np.isposinf(t[0])
            continue
        before, hazard = shape.cumulative_hazard(np.array([t[0] * (1.0 - 1e-12), t[0]]), c)[0]
        if name in STEPPED and before < hazard * (1.0 - 1e-9):
            assert before < level <= hazard * (1.0 + 1e-12)
        else:
            np.testing.assert_allclose(hazard, level, rtol=1e-8)
    assert shape.quantile(0.0, c)[0] == 0.0
    assert np.isposinf(shape.quantile(1.0, c)[0])


def test_natural_and_coefficients_undo_each_other(case: tuple[str, Family, np.ndarray]) -> None:
    _, shape, c = case
    np.testing.assert_allclose(shape.coefficients(shape.natural(c)), c, rtol=1e-13)
    assert shape.natural(c).shape == c.shape == (1, len(shape.parameters))
    assert len(set(shape.labels)) == len(shape.labels) == len(shape.links)


def test_out_and_log_time_change_nothing(case: tuple[str, Family, np.ndarray]) -> None:
    _, shape, c = case
    out = np.full((1, TIMES.size), np.nan)
    for method in (shape.survival, shape.cumulative_hazard):
        result = method(TIMES, c, log_t=log_time(TIMES), out=out)
        assert result is out
        np.testing.assert_array_equal(out, method(TIMES, c))
    known = shape.log_hazard(TIMES, c, log_t=log_time(TIMES), cumulative=shape.cumulative_hazard(TIMES, c))
    np.testing.assert_array_equal(known, shape.log_hazard(TIMES, c))


def test_each_draw_may_have_its_own_times(case: tuple[str, Family, np.ndarray]) -> None:
    """The same to 1e-12: with shared times a line is a matrix product, which some processors round once, not twice.

    The product can be much larger than the sum, so that one rounding (1e-16) of it counts for up to 4e-13 here.
    """
    _, shape, c = case
    two = np.repeat(c, 2, axis=0)
    own = np.stack([TIMES, 2.0 * TIMES])
    for method in ("survival", "cumulative_hazard", "log_hazard"):
        both, alone = getattr(shape, method)(own, two)[1:], getattr(shape, method)(2.0 * TIMES, c)
        np.testing.assert_allclose(both, alone, rtol=1e-12)


def test_draws_do_not_depend_on_one_another(case: tuple[str, Family, np.ndarray]) -> None:
    name, shape, c = case
    rows = np.array(NATURAL[name])
    together = shape.cumulative_hazard(TIMES, shape.coefficients(rows))
    place = next(i for i, row in enumerate(rows) if np.array_equal(shape.coefficients(row), c[0]))
    np.testing.assert_allclose(together[place : place + 1], shape.cumulative_hazard(TIMES, c), rtol=1e-13)


def test_far_out_is_finite_or_infinite_but_never_nan(case: tuple[str, Family, np.ndarray]) -> None:
    name, shape, c = case
    survival = shape.survival(FAR, c)
    hazard = shape.cumulative_hazard(FAR, c)
    assert not np.isnan(np.concatenate([survival, hazard])).any()
    assert np.all(hazard[0, 1:] >= hazard[0, :-1])
    np.testing.assert_allclose(survival[0, -1], lowest(name, c), rtol=1e-12, atol=1e-25)
    assert not np.isnan(shape.log_hazard(FAR, c)).any()


def test_cumulative_hazard_goes_on_where_survival_is_zero(case: tuple[str, Family, np.ndarray]) -> None:
    name, shape, c = case
    t = shape.time_at(np.array([5000.0]), c)
    if np.isfinite(t[0]) and t[0] > 0.0 and name not in {"gamma", "gengamma"}:
        assert shape.survival(t, c)[0, 0] == 0.0
        np.testing.assert_allclose(shape.cumulative_hazard(t, c)[0, 0], 5000.0, rtol=1e-9)


def test_mean_is_the_area_under_survival(case: tuple[str, Family, np.ndarray]) -> None:
    """Adaptive quadrature in log time between fixed edges and the kinks."""
    _, shape, c = case
    mean = shape.mean(c)[0]
    index = shape.tail_index(c)[0]
    assert np.isfinite(mean) == (index > 1.0)
    if not np.isfinite(mean):
        return

    def integrand(x: float) -> float:
        return float(shape.survival(np.array([np.exp(x)]), c)[0, 0] * np.exp(x))

    middle = np.log(shape.quantile(0.5, c)[0])
    edges = middle + np.array([-40.0, -5.0, -1.0, -0.2, 0.0, 0.2, 1.0, 3.0, 10.0, 80.0])
    edges = np.unique(np.append(edges, np.log(np.array(shape.kinks))))
    parts = [
        integrate.quad(integrand, low, high, epsabs=1e-12 * mean, epsrel=1e-11, limit=400)[0]
        for low, high in itertools.pairwise(edges)
    ]
    np.testing.assert_allclose(mean, sum(parts), rtol=1e-8)


def directions(name: str, c: np.ndarray) -> np.ndarray:
    """Each coefficient alone; two weights of an average that are not 0 against each other, as they add up to 1."""
    if not name.startswith("average"):
        return np.eye(c.size)
    count = len(RESOLVED[name].members)
    used = np.flatnonzero(c[0, :count])
    pair = np.zeros((int(used.size > 1), c.size))
    pair[:, used[0]], pair[:, used[-1]] = 1.0, -1.0
    return np.vstack([pair, np.eye(c.size)[count:]])


def test_derivatives_are_those_of_the_curves(case: tuple[str, Family, np.ndarray]) -> None:
    """Against fourth-order differences; with a Gompertz step of 1e-5, so that shape x time moves little.

    1e-6 of the largest derivative of a coefficient over the times, and what rounding
    leaves of curves known to 1e-14 after division by the step.
    """
    name, shape, c = case
    t = np.array([1e-6, 0.3, 1.0, 4.0, 7.0, 11.0, 25.0])
    found = shape.derivatives(t, c[0])
    step = 1e-5 if "gompertz" in name else 1e-3
    for by, method in zip(found, ("log_hazard", "cumulative_hazard"), strict=True):
        assert by.shape == (c.shape[1], t.size)
        for direction in directions(name, c):
            values = [getattr(shape, method)(t, c + k * step * direction)[0] for k in (-2, -1, 1, 2)]
            known = np.isfinite(values[1])
            low, less, more, high = (value[known] for value in values)
            expected = (low - 8.0 * less + 8.0 * more - high) / (12.0 * step)
            along = (direction @ by)[known]
            allowed = 1e-6 * np.maximum(np.abs(along).max(initial=0.0), 1e-3) + 1e-14 * np.abs(less) / step
            assert np.all(np.abs(along - expected) <= allowed)
    assert np.all(shape.derivatives(np.array([0.0]), c[0])[1] == 0.0)


@pytest.mark.parametrize("name", ["weibull", "lnorm", "mixture_cure(weibull)", "join(exp, 6, weibull)"])
def test_differences_are_near_closed_forms(name: str) -> None:
    """The default of `derivatives`: fourth-order differences with a step of 1e-3, error about 1e-11."""
    c = RESOLVED[name].coefficients(np.array(NATURAL[name][0]))
    t = np.array([0.5, 3.0, 20.0])
    for found, expected in zip(differences(RESOLVED[name], t, c), RESOLVED[name].derivatives(t, c), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(any_curve(), st.floats(0.001, 0.999))
def test_contract_over_random_curves(curve: tuple[str, np.ndarray], p: float) -> None:
    name, c = curve
    shape = RESOLVED[name]
    t = np.sort(np.append(TIMES, shape.quantile(0.5, c)))
    survival, hazard = shape.survival(t, c), shape.cumulative_hazard(t, c)
    assert survival[0, 0] == 1.0
    assert np.all(np.diff(survival[0]) <= 1e-15)
    np.testing.assert_allclose(np.exp(-hazard), survival, rtol=1e-11, atol=1e-300)
    reached = shape.quantile(p, c)
    if np.isfinite(reached[0]):
        np.testing.assert_allclose(shape.survival(reached, c)[0, 0], 1.0 - p, rtol=1e-9)


@pytest.mark.parametrize("name", CONTINUOUS)
@pytest.mark.parametrize("median", [0.3, 10.6, 200.0])
def test_starts_have_the_median_asked_for(name: str, median: float) -> None:
    starts = RESOLVED[name].starts(median)
    assert starts.shape[1] == len(RESOLVED[name].parameters)
    np.testing.assert_allclose(RESOLVED[name].quantile(0.5, starts), median, rtol=1e-10)


@pytest.mark.parametrize("name", NATURAL)
def test_formulas_are_read_back(name: str) -> None:
    shape = family(name)
    assert shape.name == name
    assert family(name.replace(" ", "  ").replace("(", "( ")) == shape if "(" in name else True
    assert family(shape.name) == shape
    assert hash(shape) == hash(family(name))


@pytest.mark.parametrize("name", NATURAL)
def test_data_change_neither_name_nor_labels(name: str) -> None:
    shape = family(name)
    assert RESOLVED[name].is_resolved
    assert (RESOLVED[name].name, RESOLVED[name].labels) == (shape.name, shape.labels)
    assert RESOLVED[name].resolved(CurveData()) == RESOLVED[name]
    assert (RESOLVED[name] == shape) == shape.is_resolved
    if not shape.is_resolved:
        c = shape.coefficients(np.array(NATURAL[name][:1]))
        for method in (shape.survival, shape.cumulative_hazard, shape.log_hazard):
            with pytest.raises(SurvivalError, match="not known here"):
                method(TIMES, c)


def test_unknown_family_names_the_nearest() -> None:
    with pytest.raises(SurvivalError) as raised:
        family("weibul")
    assert str(raised.value) == (
        "'weibul' is not a family of survival curves. Did you mean weibull? Known: exp, weibull, "
        "weibullPH, gompertz, llogis, lnorm, gamma, gengamma, genf."
    )
