"""Rank correlations, the nearest correlation matrix, and inputs that keep an order."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from hemodel.distributions import distribution
from hemodel.parameters import block_uniforms
from hemodel.sampling import dependence, independent, nearest_correlation, together

DRAWS = 4096


def own(id_: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return block_uniforms(3, id_, 0, DRAWS)[:, 0]


def test_nothing_hangs_together_without_a_table() -> None:
    assert together(independent(), own) == {}


@pytest.mark.parametrize("asked", [-0.9, -0.3, 0.5, 0.95])
def test_the_draws_have_the_rank_correlation_asked_for(asked: float) -> None:
    """Standard error of Spearman's coefficient: at most 1/sqrt(n - 1) = 0.0156; four of them."""
    drawn = together(dependence({("a", "b"): asked}, ()), own)
    assert stats.spearmanr(drawn["a"], drawn["b"]).statistic == pytest.approx(asked, abs=4 / np.sqrt(DRAWS - 1))


def test_each_input_keeps_its_own_distribution() -> None:
    drawn = together(dependence({("a", "b"): 0.8, ("b", "c"): 0.4}, ()), own)
    for uniforms in drawn.values():
        assert stats.kstest(uniforms, "uniform").pvalue > 1e-4


def test_the_first_input_of_the_table_keeps_its_draws() -> None:
    drawn = together(dependence({("a", "b"): 0.8}, ()), own)
    np.testing.assert_allclose(drawn["a"], own("a"), rtol=0, atol=1e-12)  # through the normal distribution and back


def test_a_correlation_of_one_is_the_same_percentile() -> None:
    """A rank correlation of 1 leaves a singular table; the nearest with eigenvalues of 1e-10 is drawn from."""
    found = dependence({("a", "b"): 1.0}, ())
    drawn = together(found, own)
    np.testing.assert_allclose(drawn["a"], drawn["b"], rtol=0, atol=1e-4)
    assert found.largest_change < 1e-4


def test_the_nearest_correlation_matrix_is_the_published_one() -> None:
    """Higham (2002), section 4, the matrix [[1, 1, 0], [1, 1, 1], [0, 1, 1]]: off-diagonal 0.7607 and 0.1573."""
    nearest = nearest_correlation(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))
    expected = [[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]]
    np.testing.assert_allclose(nearest, expected, rtol=0, atol=5.1e-5)  # printed with four decimals
    assert np.linalg.eigvalsh(nearest)[0] > 0


def test_a_correlation_matrix_stays_as_it_is() -> None:
    matrix = np.array([[1.0, 0.3], [0.3, 1.0]])
    assert nearest_correlation(matrix) is matrix


def test_a_table_that_cannot_be_is_changed_and_the_change_is_known() -> None:
    """a and b move together, b and c too, a and c against each other: no three numbers can."""
    found = dependence({("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.9}, ())
    assert found.largest_change > 0.3
    drawn = together(found, own)
    for i, first in enumerate("abc"):
        for j, second in enumerate("abc"):
            rank = stats.spearmanr(drawn[first], drawn[second]).statistic
            assert rank == pytest.approx(found.used[i, j], abs=4 / np.sqrt(DRAWS - 1))


def test_ordered_inputs_keep_their_order_in_every_draw_and_their_distributions() -> None:
    """beta with means 0.75 and 0.6; the mean of the draws within four standard errors of 4,096."""
    ends = {"high": distribution("beta", 0.75, se=0.06), "low": distribution("beta", 0.6, se=0.09)}
    alone = {id_: d.quantile(own(id_)) for id_, d in ends.items() if d is not None}
    assert (alone["low"] > alone["high"]).any()  # drawn apart, the order does not hold
    shared = together(dependence({}, [("high", "low")]), own)
    low = ends["low"]
    assert low is not None
    drawn = low.quantile(shared["low"])
    assert (drawn <= alone["high"]).all()
    assert drawn.mean() == pytest.approx(0.6, abs=4 * 0.09 / np.sqrt(DRAWS))
    assert drawn.std() == pytest.approx(0.09, rel=0.05)


def test_a_chain_of_orders_follows_the_highest_input() -> None:
    found = dependence({}, [("b", "c"), ("a", "b")])
    assert found.follows == {"c": "a", "b": "a"}
    assert found.orders == (("a", "b"), ("b", "c"))  # from the top downwards, whatever the order of the rows


def test_what_follows_a_correlated_input_follows_its_correlated_draws() -> None:
    drawn = together(dependence({("x", "high"): 0.9}, [("high", "low")]), own)
    np.testing.assert_array_equal(drawn["low"], drawn["high"])
