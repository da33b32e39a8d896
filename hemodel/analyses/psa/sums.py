"""What is summed over the draws, block by block, so that memory does not grow with their number.

Everything that is reported about all draws is a function of these sums. A block's sums
depend on the draws of that block and on the frame; sums of blocks are added in the order
of the blocks, so that the result has the same bits wherever and in whatever groups they were made.

Distributions of many draws in bins of equal width, from which percentiles are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import COST_TOLERANCE, EFFECT_TOLERANCE, best_shares, increments, net_monetary_benefit
from hemodel.sampling import REPLICATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import Draws, FloatArray


BINS = 2048
REACH = 1.0
"""The bins reach beyond the draws that set them by this multiple of their range, on both sides."""


@dataclass(frozen=True)
class Bins:
    """Bins of one quantity: where they begin, and their width; a width of 0 where it does not vary."""

    start: float
    width: float


def scale_of(values: FloatArray) -> Bins:
    """Return bins that hold these values (draws,) and room on both sides."""
    low, high = float(values.min()), float(values.max())
    span = high - low
    return Bins(low - REACH * span, (1.0 + 2.0 * REACH) * span / BINS)


def counts(scales: Sequence[Bins], values: FloatArray) -> FloatArray:
    """Return the number of values in each bin, (quantities, bins); the outer bins hold what lies beyond them.

    Parameters
    ----------
    values : array (quantities, draws)
    """
    return np.stack([_counts(scale, own) for scale, own in zip(scales, values, strict=True)])


def _counts(scale: Bins, values: FloatArray) -> FloatArray:
    place = (values - scale.start) / scale.width if scale.width else np.zeros(values.size)
    return np.bincount(np.clip(place, 0, BINS - 1).astype(np.intp), minlength=BINS).astype(float)


def percentile(scale: Bins, number: FloatArray, probability: float) -> float:
    """Return the value below which a share of the draws lies, within a bin's width.

    Parameters
    ----------
    number : array (bins,)
    probability : float
        From 0 to 1.
    """
    if not scale.width:
        return scale.start
    below = np.concatenate([[0.0], np.cumsum(number)])
    place = int(np.searchsorted(below, probability * below[-1], side="right")) - 1
    place = min(place, BINS - 1)
    inside = (probability * below[-1] - below[place]) / number[place] if number[place] else 0.0
    return scale.start + scale.width * (place + float(inside))


OUTCOMES = ("life_years", "qalys", "costs", "qalys_undiscounted")
"""The totals of a draw, in the order of their first axis."""
LIFE_YEARS, QALYS, COSTS, UNDISCOUNTED = range(len(OUTCOMES))
COMPONENTS = ("life_years", "qalys", "costs", "drug_costs")
"""Outcomes whose components are summed; drug_costs, by drug, is a breakdown of acquisition."""

Sums = dict[str, "FloatArray"]
"""Sums over draws by name; `lowest` and `highest` are extremes."""


@dataclass(frozen=True)
class Frame:
    """What the sums are about, fixed by the first block of draws.

    Attributes
    ----------
    thresholds : array (thresholds,)
        At which acceptability and losses are summed.
    reported : array (thresholds,)
        At which the distribution of incremental net benefit is kept.
    centre : array (outcomes, strategies)
        Means of the first block; squares are summed of what differs from it, so that no digits are lost.
    scales : tuple of Bins
        Of each quantity whose distribution is kept, in the order of `quantities`.
    inputs : mapping from id to array (columns,)
        Means of the first block of each input that varies.
    """

    thresholds: FloatArray
    reported: FloatArray
    centre: FloatArray
    scales: tuple[Bins, ...]
    inputs: Mapping[str, FloatArray]


def totals(outcomes: Outcomes) -> FloatArray:
    """Return the discounted totals (outcomes, draws, strategies), and undiscounted QALYs."""
    return np.stack(
        [
            *(getattr(outcomes, name).total for name in COMPONENTS[:3]),
            outcomes.qalys.undiscounted_total,
        ]
    )


def frame(found: FloatArray, draws: Draws, thresholds: FloatArray, reported: FloatArray) -> Frame:
    """Return the frame that the first block sets.

    Parameters
    ----------
    found : array (outcomes, draws, strategies)
    draws : mapping from id to array (draws,) or (draws, p)
    thresholds, reported : arrays (thresholds,)
    """
    scales = tuple(scale_of(values) for values in quantities(found, reported))
    inputs = {id_: np.atleast_2d(array.T).mean(axis=1) for id_, array in draws.items() if array.shape[0] > 1}
    return Frame(thresholds, reported, found.mean(axis=1), scales, inputs)


def quantities(found: FloatArray, reported: FloatArray) -> FloatArray:
    """Return what distributions are kept of, (quantities, draws).

    Totals by outcome and strategy; then increments over the first strategy, by outcome and strategy; then
    incremental net monetary benefit, by threshold and strategy.
    """
    count = found.shape[1]
    gains = increments(found[:UNDISCOUNTED])
    benefit = net_monetary_benefit(gains[QALYS], gains[COSTS], reported[:, None, None])
    parts = [found[:UNDISCOUNTED], gains, benefit]
    return np.concatenate([part.transpose(0, 2, 1).reshape(-1, count) for part in parts])


def block_sums(set_: Frame, found: FloatArray, outcomes: Outcomes, draws: Draws) -> Sums:
    """Return the sums of one block.

    Parameters
    ----------
    found : array (outcomes, draws, strategies)
        Its totals.
    draws : mapping from id to array (draws,) or (draws, p)
    """
    count = found.shape[1]
    apart = found - set_.centre[:, None, :]
    wide = apart.transpose(1, 0, 2).reshape(count, -1)
    best, losses = _decisions(set_.thresholds, found)
    return {
        "draws": np.array([float(count)]),
        "total": wide.sum(axis=0),
        "products": wide.T @ wide,
        **_replicates(wide),
        **_components(outcomes, count),
        "best": best.sum(axis=1),
        "loss": losses.sum(axis=1),
        "loss_squared": (losses**2).sum(axis=1),
        "signs": _signs(found),
        "histogram": counts(set_.scales, quantities(found, set_.reported)),
        **_adjusted(outcomes, count),
        **_extremes(outcomes),
        **_inputs(set_, draws),
    }


def add(left: Sums, right: Sums) -> Sums:
    """Return the sums of the draws of both; `right` is the later."""
    joined = {}
    for name, array in left.items():
        if name.startswith("lowest"):
            joined[name] = np.minimum(array, right[name])
        elif name.startswith("highest"):
            joined[name] = np.maximum(array, right[name])
        else:
            joined[name] = array + right[name]
    return joined


def _decisions(thresholds: FloatArray, found: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shares of being best, and losses against the best, (thresholds, draws, strategies)."""
    benefit = net_monetary_benefit(found[QALYS], found[COSTS], thresholds[:, None, None])
    return best_shares(benefit), benefit.max(axis=2, keepdims=True) - benefit


def _replicates(wide: FloatArray) -> Sums:
    """Number, sum and products of the means of whole replicates."""
    whole = wide.shape[0] // REPLICATE
    means = wide[: whole * REPLICATE].reshape(whole, REPLICATE, wide.shape[1]).mean(axis=1)
    return {
        "replicates": np.array([float(whole)]),
        "replicate_total": means.sum(axis=0),
        "replicate_products": means.T @ means,
    }


def _components(outcomes: Outcomes, count: int) -> Sums:
    scale = count / outcomes.draws
    return {
        f"component {name} {component}": scale * getattr(outcomes, name).discounted[:, :, j].sum(axis=0)
        for name in COMPONENTS
        for j, component in enumerate(getattr(outcomes, name).components)
    }


def component_sums(sums: Sums, outcome: str) -> dict[str, FloatArray]:
    """Return the sums (strategies,) of each component of an outcome."""
    start = f"component {outcome} "
    return {name.removeprefix(start): total for name, total in sums.items() if name.startswith(start)}


def _signs(found: FloatArray) -> FloatArray:
    """Number of draws by sign of incremental costs and QALYs, (strategies - 1, 3, 3)."""
    costs, qalys = (increments(found[k]) for k in (COSTS, QALYS))
    dearer = np.where(np.abs(costs) <= COST_TOLERANCE, 0, np.sign(costs)).astype(int) + 1
    better = np.where(np.abs(qalys) <= EFFECT_TOLERANCE, 0, np.sign(qalys)).astype(int) + 1
    pairs = (3 * dearer + better).T
    return np.stack([np.bincount(pair, minlength=9).reshape(3, 3).astype(float) for pair in pairs])


def _adjusted(outcomes: Outcomes, count: int) -> Sums:
    """In how many draws each cap bound."""
    found = {}
    for strategy, exposed in outcomes.exposures.items():
        for rule, adjustment in exposed.adjustments.items():
            bound = ~np.isnan(adjustment.first_day)
            share = bound.mean() if bound.size else 0.0
            found[f"adjusted {strategy} {rule}"] = np.array([float(round(float(share) * count))])
    return found


def adjusted_draws(sums: Sums) -> dict[tuple[str, str], int]:
    """Return in how many draws each cap bound, by strategy and rule."""
    keys = {name: name.split(" ", maxsplit=2)[1:] for name in sums if name.startswith("adjusted ")}
    return {(strategy, rule): int(sums[name][0]) for name, (strategy, rule) in keys.items()}


def _extremes(outcomes: Outcomes) -> Sums:
    """Lowest and highest time in a state and alive, and utility over the time alive, by strategy."""
    years = outcomes.life_years.undiscounted
    alive = years.sum(axis=2)
    place = outcomes.qalys.components.index("adverse_events")
    qalys = np.delete(outcomes.qalys.undiscounted, place, axis=2).sum(axis=2)
    mean = np.divide(qalys, alive, out=np.zeros(np.broadcast_shapes(qalys.shape, alive.shape)), where=alive > 0)
    return {
        "lowest years": years.min(axis=(0, 2)),
        "highest alive": alive.max(axis=0),
        "lowest utility": mean.min(axis=0),
        "highest utility": mean.max(axis=0),
    }


def _inputs(set_: Frame, draws: Draws) -> Sums:
    """Sums, squares and extremes of every input that varies."""
    found = {}
    for id_, centre in set_.inputs.items():
        columns = np.atleast_2d(draws[id_].T)
        apart = columns - centre[:, None]
        found[f"input {id_}"] = apart.sum(axis=1)
        found[f"input_squared {id_}"] = (apart**2).sum(axis=1)
        found[f"lowest {id_}"], found[f"highest {id_}"] = columns.min(axis=1), columns.max(axis=1)
    return found
