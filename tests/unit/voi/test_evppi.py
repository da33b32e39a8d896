"""EVPPI against closed forms, its order, its error and what an irrelevant input shows."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.stats import norm
from voi_support import linear, made

from hemodel.analyses.information import information
from hemodel.voi.information import InputGroup, evpi, evppi, evppi_of_each, over_thresholds, together
from hemodel.voi.regression import conditional_mean, uncorrelated

if TYPE_CHECKING:
    from hemodel.voi.sample import Sample

ONE = np.array([1.0])
SLOPES = {"x": 1.0, "z": 2.0, "y": 0.5, "nothing": 0.0, "w": 0.0}


def unit_loss(distance: float) -> float:
    """Unit normal loss integral: pdf(d) - d (1 - cdf(d))."""
    return float(norm.pdf(distance) - distance * norm.sf(distance))


@pytest.fixture(scope="module")
def sample() -> Sample:
    return linear(8000, 0.3, SLOPES)


@pytest.mark.parametrize(
    ("ids", "method"),
    [
        (("x",), "spline"),
        (("z",), "spline"),
        (("x", "z"), "spline"),
        (("x", "nothing"), "spline"),
        (("x", "z", "y"), "gaussian process"),
        (("x", "nothing", "w"), "gaussian process"),
    ],
)
def test_linear_and_normal(sample: Sample, ids: tuple[str, ...], method: str) -> None:
    """INB given the inputs ~ N(0.3, s^2), s^2 the sum of their squared slopes: EVPPI = s L(0.3 / s).

    The tolerance is 3 standard errors.
    """
    found = evppi(sample, ids, ONE)
    spread = np.sqrt(sum(SLOPES[id_] ** 2 for id_ in ids))

    assert found.method == method
    assert found.value[0] == pytest.approx(spread * unit_loss(0.3 / spread), abs=3 * found.standard_error[0])


def test_the_standard_error_is_the_spread_of_repeated_analyses() -> None:
    """Over 60 samples of 2,000 draws; the spread of 60 has an error of 9%, and the tolerance is 3 of them."""
    found = [evppi(linear(2000, 0.3, {"x": 1.0, "z": 2.0}, seed), ("x",), ONE) for seed in range(60)]

    spread = np.std([each.value[0] for each in found], ddof=1)
    assert np.mean([each.standard_error[0] for each in found]) == pytest.approx(spread, rel=0.27)


def test_an_irrelevant_input_shows_what_chance_gives() -> None:
    """With a mean difference of 0 a line of slope b gives 0.4 |b| E|x|; over samples its mean is that by chance."""
    found = [evppi(linear(1000, 0.0, {"x": 0.0, "z": 1.0}, seed), ("x",), ONE) for seed in range(60)]
    values = np.array([each.value[0] for each in found])
    chance = np.mean([each.by_chance[0] for each in found])

    assert values.mean() < 0.03 * unit_loss(0.0)
    assert values.mean() == pytest.approx(chance, abs=3 * values.std() / np.sqrt(60))
    assert all(each.bias[0] >= 0 for each in found)


def test_a_curved_effect() -> None:
    """INB = x^2 - 1: E max(x^2 - 1, 0) = 2 phi(1) (Stein), and max(0, E) = 0. Noise of the same size added."""
    rng = np.random.default_rng(4)
    x, noise = rng.standard_normal((2, 20_000))
    sample = made(np.column_stack([np.zeros(20_000), x**2 - 1 + noise]), inputs={"x": x})
    found = evppi(sample, ("x",), ONE)

    assert found.value[0] == pytest.approx(2 * norm.pdf(1), abs=3 * found.standard_error[0])


@pytest.mark.parametrize("several", [1, 2])
def test_an_interaction(several: int) -> None:
    """INB = x z: given both E max = E|x z| / 2 = 1 / pi; given one of them 0. A third input does nothing."""
    rng = np.random.default_rng(5)
    x, z, w = rng.standard_normal((3, 10_000))
    sample = made(np.column_stack([np.zeros(10_000), x * z]), inputs={"x": x, "z": z, "w": w})
    both = evppi(sample, ("x", "z", "w")[: several + 1], ONE)

    # The Gaussian process stands for the product of the tails by few points: 3% lower at most.
    assert both.value[0] == pytest.approx(1 / np.pi, abs=3 * both.standard_error[0] + 0.01)
    assert evppi(sample, ("x",), ONE).value[0] < 0.02


def test_three_strategies() -> None:
    """NB of b and c are x and z: E max(0, x, z) by integration of 1 - F(t)^2 over t > 0."""
    rng = np.random.default_rng(6)
    x, z, noise = rng.standard_normal((3, 10_000))
    sample = made(np.column_stack([np.zeros(10_000), x, z + noise]), inputs={"x": x, "z": z})
    t = np.linspace(0, 10, 100_001)
    found = evppi(sample, ("x", "z"), ONE)

    expected = np.trapezoid(1 - norm.cdf(t) ** 2, t)
    assert found.value[0] == pytest.approx(expected, abs=3 * found.standard_error[0] + 0.01)
    assert evppi(sample, ("x",), ONE).value[0] == pytest.approx(unit_loss(0.0), abs=0.03)


@pytest.mark.parametrize("seed", range(6))
def test_order_of_values(seed: int) -> None:
    """No EVPPI exceeds the EVPI, and no input more lowers it beyond the error of the simulation."""
    rng = np.random.default_rng(seed)
    inputs = {name: rng.gamma(2.0, size=600) for name in "pqrs"}
    p, q, r, s = inputs.values()
    effects = np.column_stack([p, q + 0.1 * r**2, p * q / 2 + rng.normal(size=600)])
    costs = np.column_stack([r, s, r * s / 2])
    sample = made(effects, costs, inputs)
    thresholds = np.array([0.0, 0.5, 1.0, 5.0, 1e9])
    chain = [("p",), ("p", "q"), ("p", "q", "r"), ("p", "q", "r", "s")]
    found = evppi_of_each(sample, chain, thresholds)
    most = evpi(sample, thresholds)

    for each in found:
        assert np.all(each.value <= most.value * (1 + 1e-12))
        assert np.all(each.value >= 0)
    for fewer, more in itertools.pairwise(found):
        assert np.all(more.value >= fewer.value - 2 * more.standard_error - fewer.bias - 1e-9)


def test_one_regression_serves_every_threshold(sample: Sample) -> None:
    thresholds = np.array([0.5, 1.0, 2.0])
    found = evppi(sample, ("x",), thresholds)

    np.testing.assert_allclose(found.value, [evppi(sample, ("x",), np.array([t])).value[0] for t in thresholds])
    np.testing.assert_allclose(over_thresholds(sample, found, evpi(sample, thresholds)), found.value, atol=1e-12)
    np.testing.assert_allclose(found.fitted_effects.mean(axis=0), sample.effects.mean(axis=0), atol=1e-9)


def test_the_same_bits_twice(sample: Sample) -> None:
    first, second = (evppi(sample, ("x", "z", "y"), ONE) for _ in range(2))

    assert first.value.tobytes() == second.value.tobytes()


def test_shares_that_add_up_to_1_and_a_column_twice() -> None:
    """The last share and a copy say nothing more: the space of the columns is that of the others."""
    shares = np.random.default_rng(7).dirichlet([2, 3, 4], 500)
    both = np.column_stack([shares, shares[:, 0], np.full(500, 3.0)])

    kept = uncorrelated(both)
    assert kept.shape == (500, 2)
    np.testing.assert_allclose(kept.T @ kept / 500, np.eye(2), atol=1e-12)
    np.testing.assert_allclose(
        conditional_mean(both, shares[:, 2:]).fitted, conditional_mean(shares[:, :2], shares[:, 2:]).fitted, atol=1e-9
    )


def test_an_exact_relation_and_few_values() -> None:
    """A line is found exactly; of an input with two values the fitted means are those of the two halves."""
    x = np.random.default_rng(8).uniform(size=400)
    half = (x > 0.5).astype(float)
    noise = np.random.default_rng(9).normal(size=400)

    np.testing.assert_allclose(conditional_mean(x[:, None], (3 - 2 * x)[:, None]).fitted[:, 0], 3 - 2 * x, atol=1e-6)
    fitted = conditional_mean(half[:, None], noise[:, None]).fitted[:, 0]
    for value in (0.0, 1.0):
        np.testing.assert_allclose(fitted[half == value], noise[half == value].mean(), atol=1e-6)


def test_too_few_draws() -> None:
    with pytest.raises(ValueError, match=r"^99 draws: a regression needs at least 100$"):
        conditional_mean(np.zeros((99, 1)), np.zeros((99, 1)))


def test_information_of_a_sample(sample: Sample) -> None:
    groups = [InputGroup("both", "Both", ("x", "z")), InputGroup("pair", "Pair", ("y", "w"), whole=True)]
    joined = together(sample, groups)
    found = information(joined, groups, [1.0], np.array([0.0, 0.5, 1.0, 4.0]))

    assert list(joined.inputs) == ["x", "z", "nothing", "pair"]
    assert [of.id for of in found.evppi] == ["z", "x", "pair", "nothing", "both"]
    assert [of.label for of in found.evppi][2:] == ["Pair", "NOTHING", "Both"]
    assert found.most_uncertain in found.thresholds
    assert [over.id for over in found.curves.evppi] == ["z", "x", "pair", "both"]


def test_information_with_too_few_draws() -> None:
    found = information(linear(50, 0.0, {"x": 1.0}), [], [1.0], np.array([0.0, 1.0]))

    assert found.evppi == []
    assert found.evpi[-1].value > 0
