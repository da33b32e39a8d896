"""Designs of the draws: evenly spread, the same for the same seed, and with a Monte Carlo error of their own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hemodel.parameters import BLOCK
from hemodel.sampling import LATIN_HYPERCUBE, RANDOM, REPLICATE, SOBOL, Design

COLUMNS = {"curve": 3, "a": 1, "b": 1}
METHODS = (RANDOM, LATIN_HYPERCUBE, SOBOL)


@pytest.mark.parametrize("method", METHODS)
def test_numbers_are_uniform_and_the_same_for_the_same_seed(method: str) -> None:
    design = Design(method, 5, COLUMNS)
    for name, columns in COLUMNS.items():
        drawn = design.uniforms(name, 1, BLOCK)
        assert drawn.shape == (BLOCK, columns)
        assert drawn.min() > 0
        assert drawn.max() < 1
        assert stats.kstest(drawn[:, 0], "uniform").pvalue > 1e-4
        np.testing.assert_array_equal(drawn, Design(method, 5, COLUMNS).uniforms(name, 1, BLOCK))
        np.testing.assert_array_equal(drawn[:100], design.uniforms(name, 1, 100))
        assert not np.array_equal(drawn, design.uniforms(name, 0, BLOCK))
        assert not np.array_equal(drawn, Design(method, 6, COLUMNS).uniforms(name, 1, BLOCK))


@pytest.mark.parametrize("method", METHODS)
def test_quantities_are_not_correlated(method: str) -> None:
    """Four standard errors of a correlation of 4,096 independent draws."""
    design = Design(method, 2, COLUMNS)
    drawn = np.column_stack([design.uniforms(name, 0, BLOCK) for name in COLUMNS])
    apart = np.corrcoef(drawn.T) - np.eye(5)
    assert np.abs(apart).max() < 4 / np.sqrt(BLOCK)


@pytest.mark.parametrize("method", [LATIN_HYPERCUBE, SOBOL])
def test_every_replicate_has_one_draw_in_each_stratum(method: str) -> None:
    drawn = Design(method, 1, COLUMNS).uniforms("curve", 0, BLOCK)
    for replicate in drawn.reshape(-1, REPLICATE, 3):
        strata = np.sort((replicate * REPLICATE).astype(int), axis=0)
        np.testing.assert_array_equal(strata, np.repeat(np.arange(REPLICATE)[:, None], 3, axis=1))


def test_sobol_points_fill_pairs_of_dimensions() -> None:
    """A (0, 9, 2)-net in base 2, the first two dimensions: each of 16 x 32 boxes has one of the 512 points."""
    drawn = Design(SOBOL, 1, {"a": 1, "b": 1})
    both = np.column_stack([drawn.uniforms(name, 0, REPLICATE) for name in ("a", "b")])
    boxes = (both * [16, 32]).astype(int) @ [32, 1]
    assert np.unique(boxes).size == REPLICATE


@pytest.mark.parametrize("method", [RANDOM, LATIN_HYPERCUBE])
def test_another_input_leaves_the_draws_as_they_were(method: str) -> None:
    before = Design(method, 1, {"a": 1, "b": 1}).uniforms("b", 0, 100)
    after = Design(method, 1, {"a": 1, "new": 2, "b": 1}).uniforms("b", 0, 100)
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("method", "gain"), [(LATIN_HYPERCUBE, 100.0), (SOBOL, 100.0)])
def test_the_mean_of_a_sum_is_nearly_exact(method: str, gain: float) -> None:
    """Strata remove nearly all error of a sum of five inputs: the variance of its mean falls by 512^2."""
    design = Design(method, 4, COLUMNS)
    total = sum(design.uniforms(name, 0, BLOCK).sum(axis=1) for name in COLUMNS)
    means = np.asarray(total).reshape(-1, REPLICATE).mean(axis=1)
    independent = np.sqrt(5 / 12 / REPLICATE)
    assert np.abs(means - 2.5).max() < independent / gain
