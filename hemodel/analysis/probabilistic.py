"""Probabilistic sensitivity analysis: many draws of every uncertain input at once.

Draws are made and evaluated block by block. Only the totals of each draw are
kept, so memory hardly grows with the number of draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.curve_draws import curve_draws
from hemodel.errors import UsageError
from hemodel.model import Model, evaluate
from hemodel.parameters import BLOCK, sample_block
from hemodel.voi.sample import Sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hemodel.outcomes import Outcomes
    from hemodel.parameters import FloatArray


FEWEST_DRAWS = 2


@dataclass(frozen=True)
class Psa:
    """Totals of every draw, and means by component.

    Attributes
    ----------
    seed : int
    strategies : tuple of str
    life_years, qalys, costs : array (draws, strategies)
        Discounted totals.
    component_means : mapping from outcome to mapping from component to array (strategies,)
        Means of the discounted components; drug_costs, by drug, is a breakdown of acquisition.
    qalys_undiscounted : array (draws, strategies)
        Undiscounted totals.
    inputs : mapping from id to array (draws,) or (draws, p)
        Every input that varies; the coefficients of the curves of an endpoint are one input, ``curve.<endpoint>``.
    adjusted : mapping from (strategy, rule) to int
        In how many draws each cap bound.
    """

    seed: int
    strategies: tuple[str, ...]
    life_years: FloatArray
    qalys: FloatArray
    costs: FloatArray
    component_means: Mapping[str, Mapping[str, FloatArray]]
    adjusted: Mapping[tuple[str, str], int]
    qalys_undiscounted: FloatArray
    inputs: Mapping[str, FloatArray]

    @property
    def draws(self) -> int:
        """Number of draws."""
        return int(self.costs.shape[0])


def block_draws(model: Model, seed: int, block: int, count: int) -> dict[str, FloatArray]:
    """Return the draws of one block: parameters (count,) or (1,), coefficients (count, p)."""
    return {**sample_block(model.inputs.parameters, seed, block, count), **curve_draws(model, seed, block, count)}


def probabilistic(model: Model, draws: int, seed: int, progress: Callable[[int], None] | None = None) -> Psa:
    """Run the probabilistic analysis.

    Parameters
    ----------
    model : Model
    draws : int
        Number of draws.
    seed : int
        The same seed gives the same numbers; the first draws of a longer run are
        those of a shorter one.
    progress : callable, optional
        Called with the number of draws done, after each block.

    Raises
    ------
    UsageError
        For fewer than two draws, which have no spread.
    """
    if draws < FEWEST_DRAWS:
        raise UsageError(f"{draws} draws: a probabilistic analysis needs at least {FEWEST_DRAWS}")
    totals = np.empty((4, draws, len(model.strategies)))
    sums: dict[str, dict[str, FloatArray]] = {"life_years": {}, "qalys": {}, "costs": {}, "drug_costs": {}}
    adjusted: dict[tuple[str, str], int] = {}
    drawn: list[dict[str, FloatArray]] = []
    for block, start in enumerate(range(0, draws, BLOCK)):
        count = min(BLOCK, draws - start)
        drawn.append(block_draws(model, seed, block, count))
        outcomes = evaluate(model, drawn[-1])
        for k, name in enumerate(sums):
            outcome = getattr(outcomes, name)
            if k < len(totals):
                totals[k, start : start + count] = outcome.total
            scale = count / outcomes.draws
            for j, component in enumerate(outcome.components):
                before = sums[name].get(component, np.zeros(len(model.strategies)))
                sums[name][component] = before + scale * outcome.discounted[:, :, j].sum(axis=0)
        totals[3, start : start + count] = outcomes.qalys.undiscounted_total
        _count_adjusted(outcomes, count, adjusted)
        if progress is not None:
            progress(start + count)
    means = {name: {c: total / draws for c, total in parts.items()} for name, parts in sums.items()}
    varying = [id_ for id_, array in drawn[0].items() if array.shape[0] > 1]
    inputs = {id_: np.concatenate([some[id_] for some in drawn]) for id_ in varying}
    return Psa(seed, model.strategies, totals[0], totals[1], totals[2], means, adjusted, totals[3], inputs)


def sample(psa: Psa, model: Model) -> Sample:
    """Return the draws as value of information takes them."""
    labels = {p.id: p.label for p in model.inputs.parameters}
    curves = {f"curve.{endpoint}": f"{endpoint.upper()} curves" for endpoint in model.fits}
    return Sample(psa.strategies, psa.qalys, psa.costs, psa.inputs, {id_: (labels | curves)[id_] for id_ in psa.inputs})


def _count_adjusted(outcomes: Outcomes, count: int, adjusted: dict[tuple[str, str], int]) -> None:
    for strategy, exposed in outcomes.exposures.items():
        for rule, adjustment in exposed.adjustments.items():
            bound = ~np.isnan(adjustment.first_day)
            share = bound.mean() if bound.size else 0.0
            adjusted[strategy, rule] = adjusted.get((strategy, rule), 0) + round(float(share) * count)


def running_mean(values: FloatArray, points: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the mean of the first n draws and its standard error, for some n.

    Parameters
    ----------
    values : array (draws,)
    points : int
        How many n to show.

    Returns
    -------
    n, mean, standard error : arrays (points,) at most
    """
    n = np.unique(np.linspace(2, values.size, points).astype(int))
    total, square = np.cumsum(values), np.cumsum(values**2)
    mean = total[n - 1] / n
    variance = np.clip(square[n - 1] / n - mean**2, 0.0, None) * n / (n - 1)
    return n.astype(float), mean, np.sqrt(variance / n)


def interval(values: FloatArray) -> tuple[float, float]:
    """Return the 2.5% and 97.5% points of the draws."""
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
