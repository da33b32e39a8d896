"""What the sums over the draws say: means, errors, intervals, acceptability, losses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.histogram import percentile
from hemodel.analysis.psa_sums import COSTS, OUTCOMES, QALYS, UNDISCOUNTED, quantities
from hemodel.economics import (
    DOMINANT,
    DOMINATED,
    LESS_EFFECTIVE_AND_COSTLY,
    MORE_EFFECTIVE_AND_COSTLY,
    NO_DIFFERENCE,
    Verdict,
    increment,
    net_monetary_benefit,
    verdict,
)
from hemodel.sampling import RANDOM, REPLICATE

if TYPE_CHECKING:
    from hemodel.analysis.probabilistic import Psa
    from hemodel.analysis.psa_sums import Frame, Sums
    from hemodel.parameters import FloatArray

ENDS = (0.025, 0.975)
Intervals = dict[tuple[str, str, float | None], tuple[float, float]]
QUADRANTS = (MORE_EFFECTIVE_AND_COSTLY, DOMINANT, DOMINATED, LESS_EFFECTIVE_AND_COSTLY, NO_DIFFERENCE)


def means(frame: Frame, sums: Sums) -> FloatArray:
    """Return the means (outcomes, strategies) of the totals."""
    return frame.centre + sums["total"].reshape(frame.centre.shape) / sums["draws"]


def component_means(psa: Psa, place: int) -> dict[str, dict[str, float]]:
    """Return by outcome the mean total and the mean of each component of the strategy at a place, discounted."""
    return {
        outcome: {"total": float(sum(values[place] for values in parts.values()))}
        | {name: float(values[place]) for name, values in parts.items()}
        for outcome, parts in psa.component_means.items()
    }


def mean_benefit(frame: Frame, sums: Sums, place: int, threshold: float) -> float:
    """Return the mean incremental net monetary benefit of the strategy at a place over the first."""
    gain = increment(means(frame, sums), place)
    return net_monetary_benefit(float(gain[QALYS]), float(gain[COSTS]), threshold)


def benefit_error(frame: Frame, sums: Sums, sampling: str, place: int, threshold: float) -> float:
    """Return the Monte Carlo standard error of the mean incremental net monetary benefit.

    Notes
    -----
    Of independent draws: their standard deviation over the root of their number. Of a design in replicates, from
    the variance of the means of whole replicates, which are independent of one another (Owen AB 1997, Annals
    of Statistics 25: 1541-1562); infinite where there are fewer than two.
    """
    weights = _benefit_weights(frame, place, threshold)
    n = float(sums["draws"][0])
    if sampling == RANDOM:
        return float(np.sqrt(_variance(sums["total"], sums["products"], n, weights) / n))
    whole = float(sums["replicates"][0])
    if whole < 2:
        return float("inf")
    between = _variance(sums["replicate_total"], sums["replicate_products"], whole, weights)
    return float(np.sqrt(between * REPLICATE / n))


def benefit_spread(frame: Frame, sums: Sums, place: int, threshold: float) -> float:
    """Return the standard deviation of the incremental net monetary benefit over the draws."""
    n = float(sums["draws"][0])
    return float(np.sqrt(_variance(sums["total"], sums["products"], n, _benefit_weights(frame, place, threshold))))


def _benefit_weights(frame: Frame, place: int, threshold: float) -> FloatArray:
    """Weights of the totals in the incremental net benefit, flat."""
    weights = np.zeros(frame.centre.shape)
    weights[QALYS, [place, 0]] = threshold, -threshold
    weights[COSTS, [place, 0]] = -1.0, 1.0
    return weights.ravel()


def _variance(total: FloatArray, products: FloatArray, n: float, weights: FloatArray) -> float:
    """Variance of a weighted sum, from sums and sums of products."""
    centred = products - np.outer(total, total) / n
    return max(float(weights @ centred @ weights) / (n - 1.0), 0.0)


def intervals(psa: Psa) -> Intervals:
    """Return the 2.5% and 97.5% points over the draws.

    By kind (a name of `OUTCOMES`, "increment" and a name, or "benefit"), strategy, and threshold of a net benefit.
    Exact where every draw is kept, else within a bin of the histogram of all draws.
    """
    names: list[tuple[str, str, float | None]] = [(o, s, None) for o in OUTCOMES[:UNDISCOUNTED] for s in psa.strategies]
    names += [(f"increment {o}", s, None) for o in OUTCOMES[:UNDISCOUNTED] for s in psa.strategies[1:]]
    names += [("benefit", s, float(t)) for t in psa.frame.reported for s in psa.strategies[1:]]
    if psa.kept == psa.draws:
        found = np.stack([psa.life_years, psa.qalys, psa.costs, psa.qalys_undiscounted])
        low, high = np.quantile(quantities(found, psa.frame.reported), ENDS, axis=1)
        return dict(zip(names, zip(low.tolist(), high.tolist(), strict=True), strict=True))
    pairs = zip(psa.frame.scales, psa.sums["histogram"], strict=True)
    return {
        name: (percentile(scale, number, ENDS[0]), percentile(scale, number, ENDS[1]))
        for name, (scale, number) in zip(names, pairs, strict=True)
    }


def acceptability_of(psa: Psa) -> FloatArray:
    """Return the acceptability curves (thresholds, strategies) at the thresholds of the frame."""
    return np.asarray(psa.sums["best"] / psa.draws)


def best_on_average(psa: Psa) -> list[int]:
    """Return the place of the strategy with the highest mean net benefit at each threshold of the frame."""
    found = means(psa.frame, psa.sums)
    benefit = net_monetary_benefit(found[QALYS], found[COSTS], psa.frame.thresholds[:, None])
    return [int(place) for place in np.argmax(benefit, axis=1)]


def expected_loss(psa: Psa) -> tuple[FloatArray, FloatArray]:
    """Return the mean loss (thresholds, strategies) of choosing each strategy, and its standard error.

    The loss of a draw is the net benefit of the best strategy less that of the strategy chosen. The lowest mean loss
    is the expected value of perfect information. Standard errors are those of independent draws.
    """
    mean = psa.sums["loss"] / psa.draws
    variance = np.clip(psa.sums["loss_squared"] / psa.draws - mean**2, 0.0, None) * psa.draws / (psa.draws - 1.0)
    return np.asarray(mean), np.asarray(np.sqrt(variance / psa.draws))


def quadrants(psa: Psa, place: int) -> dict[str, float]:
    """Return the share of draws with each verdict on the strategy at a place; the shares add up to 1."""
    shares = dict.fromkeys(QUADRANTS, 0.0)
    for i, dearer in enumerate((-1.0, 0.0, 1.0)):
        for j, better in enumerate((-1.0, 0.0, 1.0)):
            shares[verdict(dearer, better).word] += float(psa.sums["signs"][place - 1, i, j]) / psa.draws
    return shares


def verdict_of_means(psa: Psa, place: int) -> Verdict:
    """Return the verdict on the mean increments of the strategy at a place."""
    gain = increment(means(psa.frame, psa.sums), place)
    return verdict(float(gain[COSTS]), float(gain[QALYS]))
