"""Decision problems whose value of sample information is known, and their samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from hemodel.voi.sample import Sample
from hemodel.voi.studies import Study

if TYPE_CHECKING:
    from hemodel.parameters import FloatArray

DRAWS = 4000


def quantiles(distribution: stats.rv_continuous, seed: int, draws: int = DRAWS) -> FloatArray:
    """Return draws at equally spaced quantiles in random order, which have hardly any sampling error."""
    order = np.random.default_rng(seed).permutation(draws)
    return np.asarray(distribution.ppf((order + 0.5) / draws))


def two_options(inputs: dict[str, FloatArray], increment: FloatArray, noise: float = 0.0) -> Sample:
    """Return a sample of two strategies; costs are 0, and other inputs add noise to the increment of effects."""
    draws = len(increment)
    other = noise * quantiles(stats.norm(), 99, draws)
    zero = np.zeros(draws)
    effects = np.column_stack([zero, increment + other])
    return Sample(("old", "new"), effects, np.zeros((draws, 2)), inputs, {id_: id_ for id_ in inputs})


def unit_normal_loss(mean: float, deviation: float) -> float:
    """Return E[max(X, 0)] - max(E[X], 0) for a normal X (Raiffa and Schlaifer 1961)."""
    distance = abs(mean) / deviation
    return float(deviation * (stats.norm.pdf(distance) - distance * stats.norm.sf(distance)))


def study(kind: str, informs: tuple[str, ...], sizes: tuple[int, ...], method: str, **further: object) -> Study:
    """Return a study without costs that reports at once."""
    return Study("one", "One", kind, informs, sizes, method, 0.0, 0.0, 0.0, **further)  # type: ignore[arg-type]
