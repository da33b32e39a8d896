"""Random streams, shares and their rescaling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from support import random_draws

from hemodel.distributions import distribution
from hemodel.parameters import BLOCK, Parameter, block_uniforms, rescale_shares


def share(name: str, value: float, n: float | None) -> Parameter:
    drawn = None if n is None else distribution("dirichlet", value, n=n)
    return Parameter(name, name, value, distribution=drawn, group="mix")


def test_stream_depends_on_seed_name_and_block_only() -> None:
    first = block_uniforms(1, "utility.progressed", 0, BLOCK)

    np.testing.assert_array_equal(block_uniforms(1, "utility.progressed", 0, 10), first[:10])
    for other in ((2, "utility.progressed", 0), (1, "utility.progression_free", 0), (1, "utility.progressed", 1)):
        assert abs(np.corrcoef(block_uniforms(*other, BLOCK)[:, 0], first[:, 0])[0, 1]) < 0.06
    assert first.min() > 0
    assert first.max() < 1


def test_stream_is_uniform() -> None:
    """Kolmogorov-Smirnov on a fixed seed: no luck involved."""
    uniforms = block_uniforms(12345, "anything", 3, BLOCK)[:, 0]

    assert stats.kstest(uniforms, "uniform").pvalue > 0.01


def test_dirichlet_shares_have_its_moments() -> None:
    """Dirichlet(50, 30, 20): variance of a share = p (1 - p) / 101; four standard errors of 4,096 draws."""
    mix = [share("a", 0.5, 100), share("b", 0.3, 100), share("c", 0.2, 100)]
    draws = random_draws(mix, 7, 0, BLOCK)

    np.testing.assert_allclose(draws["a"] + draws["b"] + draws["c"], 1, atol=1e-12)
    for name, p in (("a", 0.5), ("b", 0.3), ("c", 0.2)):
        sd = np.sqrt(p * (1 - p) / 101)
        assert draws[name].mean() == pytest.approx(p, abs=4 * sd / np.sqrt(BLOCK))
        assert draws[name].std() == pytest.approx(sd, rel=0.05)


def test_a_fixed_share_stays() -> None:
    draws = random_draws([share("a", 0.5, 100), share("b", 0.3, None), share("c", 0.2, 100)], 7, 0, 100)

    np.testing.assert_array_equal(draws["b"], [0.3])
    np.testing.assert_allclose(draws["a"] + draws["c"], 0.7, atol=1e-12)


def test_moving_one_share_keeps_the_others_in_proportion() -> None:
    mix = [share("a", 0.5, 100), share("b", 0.3, 100), share("c", 0.2, 100)]

    assert rescale_shares(mix, "a", 0.75) == pytest.approx({"a": 0.75, "b": 0.15, "c": 0.1})
    with pytest.raises(ValueError, match="d is not among the shares a, b, c"):
        rescale_shares(mix, "d", 0.1)
