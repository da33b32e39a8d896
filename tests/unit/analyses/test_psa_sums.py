"""Sums over the draws against the draws themselves, and that they have the same bits however they are made."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import by_hand
import numpy as np
import pytest
from support import small_model

from hemodel.analyses.psa.blocks import KEPT, BlockResult, Task, run_block
from hemodel.analyses.psa.diagnostics import against_base
from hemodel.analyses.psa.draws import (
    Psa,
    Until,
    acceptability_of,
    benefit_error,
    best_on_average,
    convergence_path,
    expected_loss,
    intervals,
    mean_benefit,
    means,
    probabilistic,
    quadrants,
)
from hemodel.analyses.psa.sums import BINS, OUTCOMES, add, counts, percentile, scale_of
from hemodel.economics import acceptability, net_monetary_benefit, optimal
from hemodel.errors import UsageError
from hemodel.model.evaluate import base_draws, evaluate
from hemodel.parameters import BLOCK
from hemodel.sampling import LATIN_HYPERCUBE, RANDOM, SOBOL

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray

DRAWS = 9_000
THRESHOLD = 50_000.0


@cache
def model(sampling: str = RANDOM) -> Model:
    return small_model({"settings.sampling": sampling}, uncertain=True)


@cache
def psa(sampling: str = RANDOM, draws: int = DRAWS) -> Psa:
    return probabilistic(model(sampling), draws, 7)


def gain(found: Psa) -> FloatArray:
    return net_monetary_benefit(found.qalys[:, 1] - found.qalys[:, 0], found.costs[:, 1] - found.costs[:, 0], THRESHOLD)


def assert_same(left: Psa, right: Psa) -> None:
    assert left.sums.keys() == right.sums.keys()
    for name, array in left.sums.items():
        np.testing.assert_array_equal(array, right.sums[name], err_msg=name)
    np.testing.assert_array_equal(left.costs, right.costs)


def test_means_and_error_are_those_of_the_draws() -> None:
    """Sums about the means of a pilot lose no digits: 1e-12 of the values."""
    found = psa()
    assert found.draws == found.kept == DRAWS
    expected = [getattr(found, name).mean(axis=0) for name in OUTCOMES]
    np.testing.assert_allclose(means(found.frame, found.sums), expected, rtol=1e-12)
    benefit = gain(found)
    assert mean_benefit(found.frame, found.sums, 1, THRESHOLD) == pytest.approx(benefit.mean(), rel=1e-11)
    error = benefit_error(found.frame, found.sums, RANDOM, 1, THRESHOLD)
    assert error == pytest.approx(benefit.std(ddof=1) / np.sqrt(DRAWS), rel=1e-10)


def test_acceptability_losses_and_quadrants_are_those_of_the_draws() -> None:
    found = psa()
    thresholds = found.frame.thresholds
    np.testing.assert_allclose(acceptability_of(found), acceptability(found.qalys, found.costs, thresholds), atol=1e-12)
    np.testing.assert_array_equal(best_on_average(found), optimal(found.qalys, found.costs, thresholds))
    k = int(np.searchsorted(thresholds, THRESHOLD))
    benefit = net_monetary_benefit(found.qalys, found.costs, float(thresholds[k]))
    losses = benefit.max(axis=1, keepdims=True) - benefit
    loss, error = expected_loss(found)
    np.testing.assert_allclose(loss[k], losses.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(error[k], losses.std(axis=0, ddof=1) / np.sqrt(DRAWS), rtol=1e-9)
    costs, qalys = found.costs[:, 1] - found.costs[:, 0], found.qalys[:, 1] - found.qalys[:, 0]
    shares = quadrants(found, 1)
    assert shares["more effective and more costly"] == pytest.approx(((costs > 0) & (qalys > 0)).mean(), abs=1e-12)
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-12)


def test_component_means_add_up_to_the_means() -> None:
    found = psa()
    for place, outcome in enumerate(OUTCOMES[:3]):
        total = sum(found.component_means[outcome].values())
        np.testing.assert_allclose(total, means(found.frame, found.sums)[place], rtol=1e-12)


def test_intervals_of_kept_draws_are_exact_and_of_others_within_a_bin() -> None:
    found = psa(draws=KEPT + 2 * BLOCK)
    assert found.kept == KEPT
    blocks: list[FloatArray] = []

    def keep(task: Task, first: int, result: BlockResult) -> None:
        del task, first
        if result.totals is not None:
            blocks.append(result.totals)

    same = probabilistic(model(), KEPT + 2 * BLOCK, 7, each=keep)
    assert_same(found, same)
    every = np.concatenate(blocks, axis=1)
    costs = every[2, :, 1] - every[2, :, 0]
    low, high = intervals(found)["increment costs", "active", None]
    width = 3 * np.ptp(costs) / BINS
    assert low == pytest.approx(np.quantile(costs, 0.025), abs=width)
    assert high == pytest.approx(np.quantile(costs, 0.975), abs=width)
    few = psa()
    exact = tuple(np.quantile(few.costs[:, 1] - few.costs[:, 0], [0.025, 0.975]))
    assert intervals(few)["increment costs", "active", None] == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("probability", [0.0, 0.025, 0.5, 0.975, 1.0])
def test_a_percentile_is_within_a_bin_of_the_quantile(probability: float) -> None:
    values = np.sort(np.random.default_rng(1).gamma(3.0, size=20_000))
    scale = scale_of(values[::50])
    found = percentile(scale, counts([scale], values[None, :])[0], probability)
    if probability in {0.0, 1.0}:  # beyond the draws that set the bins everything is in the outer bins
        assert scale.start <= found <= scale.start + BINS * scale.width
    else:
        assert found == pytest.approx(np.quantile(values, probability), abs=scale.width)


def test_a_quantity_that_does_not_vary_is_its_own_percentile() -> None:
    scale = scale_of(np.full(5, 2.5))
    assert percentile(scale, counts([scale], np.full((1, 5), 2.5))[0], 0.975) == 2.5


def shuffled(task: Task, blocks: Iterable[int]) -> Generator[BlockResult, None, None]:
    """Blocks worked on from the last to the first, as on a cluster; given in their order."""
    done = {block: run_block(task, block) for block in reversed(list(blocks))}
    yield from (done[block] for block in sorted(done))


def one_by_one(task: Task, blocks: Iterable[int]) -> Generator[BlockResult, None, None]:
    for block in blocks:
        yield run_block(task, block)


@pytest.mark.parametrize("mapper", [shuffled, one_by_one])
@pytest.mark.parametrize("sampling", [RANDOM, LATIN_HYPERCUBE, SOBOL])
def test_the_order_of_the_work_changes_no_bit(sampling: str, mapper: object) -> None:
    made = probabilistic(model(sampling), DRAWS, 7, mapper=mapper)  # type: ignore[arg-type]
    assert_same(psa(sampling), made)


def test_extremes_are_not_added() -> None:
    joined = add(
        {"lowest x": np.array([1.0]), "highest x": np.array([1.0])},
        {"lowest x": np.array([2.0]), "highest x": np.array([2.0])},
    )
    assert (joined["lowest x"][0], joined["highest x"][0]) == (1.0, 2.0)


@pytest.mark.parametrize("sampling", [LATIN_HYPERCUBE, SOBOL])
def test_the_error_of_a_design_is_told_from_its_replicates(sampling: str) -> None:
    """Means of eight seeds spread as their error says: chi-squared with 7 df between 0.01 and 99.99%."""
    errors, found = [], []
    for seed in range(8):
        one = probabilistic(model(sampling), 2048, seed)
        errors.append(benefit_error(one.frame, one.sums, sampling, 1, THRESHOLD))
        found.append(mean_benefit(one.frame, one.sums, 1, THRESHOLD))
    ratio = 7 * np.var(found, ddof=1) / np.mean(np.square(errors))
    assert 0.2 < ratio < 30
    plain = psa()
    assert np.mean(errors) < 0.5 * benefit_error(plain.frame, plain.sums, RANDOM, 1, THRESHOLD) * np.sqrt(DRAWS / 2048)


def test_the_designs_agree_on_the_mean() -> None:
    plain = psa()
    error = benefit_error(plain.frame, plain.sums, RANDOM, 1, THRESHOLD)
    for sampling in (LATIN_HYPERCUBE, SOBOL):
        other = psa(sampling)
        apart = mean_benefit(other.frame, other.sums, 1, THRESHOLD) - mean_benefit(
            plain.frame, plain.sums, 1, THRESHOLD
        )
        assert abs(apart) < 4 * error


@pytest.mark.parametrize("sampling", [LATIN_HYPERCUBE, SOBOL])
def test_a_design_needs_two_replicates(sampling: str) -> None:
    with pytest.raises(
        UsageError, match=f"500 draws with settings.sampling {sampling}: this design needs at least 1,024"
    ):
        probabilistic(model(sampling), 500, 1)


def test_draws_end_when_the_error_is_small_enough() -> None:
    full = psa(draws=5 * BLOCK)
    enough = 1.01 * benefit_error(full.frame, full.sums, RANDOM, 1, THRESHOLD) * np.sqrt(5 / 2)
    found = probabilistic(model(), 100 * BLOCK, 7, until=Until(enough, clear=False, threshold=THRESHOLD))
    assert found.draws in {2 * BLOCK, 3 * BLOCK}
    assert benefit_error(found.frame, found.sums, RANDOM, 1, THRESHOLD) <= enough
    assert found.stopped == f"the Monte Carlo error of the mean is {enough:g} or less"


def test_draws_end_when_the_decision_is_clear() -> None:
    found = probabilistic(model(), 100 * BLOCK, 7, until=Until(None, clear=True, threshold=0.0))
    assert found.draws == BLOCK  # at 0 the dearer strategy is clearly worse
    assert found.stopped.startswith("the decision at 0 per QALY is clear")


def test_a_rule_holds_for_every_intervention() -> None:
    """At the ICER of the means of one intervention nothing is known of it, however clear the other is."""
    found = probabilistic(by_hand.model(), 1000, 7)
    gains = [(x[:, 2] - x[:, 0]).mean() for x in (found.costs, found.qalys)]
    unclear = float(gains[0] / gains[1])

    def met(error: float | None, threshold: float) -> str:
        return Until(error, clear=error is None, threshold=threshold).met(found.frame, found.sums, RANDOM)

    benefits = [threshold * found.qalys - found.costs for threshold in (unclear, THRESHOLD)]
    scores = [
        [(x[:, i] - x[:, 0]).mean() / (x[:, i] - x[:, 0]).std(ddof=1) * np.sqrt(1000) for i in (1, 2)] for x in benefits
    ]
    assert abs(scores[0][0]) > 1.96 > abs(scores[0][1])
    assert min(np.abs(scores[1])) > 1.96
    assert met(None, unclear) == ""
    assert met(None, THRESHOLD).startswith("the decision at 50000 per QALY is clear")

    errors = [float((benefits[1][:, i] - benefits[1][:, 0]).std(ddof=1)) / np.sqrt(1000) for i in (1, 2)]
    assert met((errors[0] + errors[1]) / 2, THRESHOLD) == ""
    assert met(1.001 * max(errors), THRESHOLD).startswith("the Monte Carlo error of the mean is")


def test_a_rule_that_is_never_met_ends_with_the_draws() -> None:
    found = probabilistic(model(), BLOCK + 100, 7, until=Until(1e-9, clear=False, threshold=THRESHOLD))
    assert (found.draws, found.stopped) == (BLOCK + 100, "")


@pytest.mark.parametrize("sampling", [RANDOM, SOBOL])
def test_convergence_ends_at_the_mean_of_all_draws(sampling: str) -> None:
    found = psa(sampling, KEPT + BLOCK) if sampling == RANDOM else psa(sampling)
    n, mean, error = convergence_path(found, THRESHOLD, 50)
    assert n[-1] == found.draws
    assert mean[-1] == pytest.approx(mean_benefit(found.frame, found.sums, 1, THRESHOLD), rel=1e-9)
    assert error[-1] == pytest.approx(benefit_error(found.frame, found.sums, sampling, 1, THRESHOLD), rel=1e-6)
    assert (np.diff(n) > 0).all()


def test_the_mean_of_the_draws_beside_the_base_case() -> None:
    """Mean over base case less 1, its error from the standard deviation of the draws; apart above 2%."""
    found, base = psa(), evaluate(model(), base_draws(model()))
    entries = {(each.strategy, each.outcome): each for each in against_base(found, model())}
    assert set(entries) == {(s, o) for s in found.strategies for o in ("life_years", "qalys", "costs")}
    for i, strategy in enumerate(found.strategies):
        entry, own, first = entries[strategy, "qalys"], found.qalys[:, i], float(base.qalys.total[0, i])
        assert entry.base == pytest.approx(first, rel=1e-12)
        assert entry.difference == pytest.approx(own.mean() / first - 1, abs=1e-9)  # sums in another order
        assert entry.mcse == pytest.approx(own.std(ddof=1) / len(own) ** 0.5 / first, rel=1e-6)  # of sums of squares
    assert all(each.apart == (abs(each.difference or 0) > 0.02) for each in entries.values())
    assert {each.apart for each in entries.values()} == {True, False}
