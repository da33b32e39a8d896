"""Posteriors from draws of the prior: each draw weighted by its likelihood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.voi.studies import log_likelihood

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.parameters import FloatArray
    from hemodel.voi.studies import Design

CELLS = 250_000
"""Weights held at a time, few enough for the cache."""
FEW = 50.0
"""Effective draws below which a posterior is coarse."""


@dataclass(frozen=True)
class Weighted:
    """Posteriors of some data sets.

    Attributes
    ----------
    rows : slice
        Which of the data sets.
    likelihood : array (data sets, draws)
        Likelihood of each draw over that of the likeliest one.
    total : array (data sets, 1)
        Its sum over the draws.
    """

    rows: slice
    likelihood: FloatArray
    total: FloatArray

    def mean(self, columns: FloatArray) -> FloatArray:
        """Return posterior means (data sets, columns) of columns (draws, columns)."""
        return np.asarray(self.likelihood @ columns / self.total)

    def added(self, weights: FloatArray) -> FloatArray:
        """Return the posterior weights of the draws, added over data sets with weights (data sets, k): (draws, k)."""
        return np.asarray(self.likelihood.T @ (weights / self.total))

    @property
    def effective(self) -> FloatArray:
        """Effective number of draws (data sets,), 1 / sum of squared posterior weights."""
        return np.asarray(self.total[:, 0] ** 2 / np.einsum("ij,ij->i", self.likelihood, self.likelihood))


def posteriors(design: Design, data: FloatArray, size: int) -> Iterator[Weighted]:
    """Yield the posteriors of data sets, some at a time.

    Parameters
    ----------
    design : Design
    data : array (m, statistics)
    size : int
        Patients per arm.
    """
    step = max(1, CELLS // len(design.constant))
    for start in range(0, len(data), step):
        rows = slice(start, start + step)
        likelihood = log_likelihood(design, data[rows], size)
        likelihood -= likelihood.max(axis=1, keepdims=True)
        np.exp(likelihood, out=likelihood)
        yield Weighted(rows, likelihood, likelihood.sum(axis=1, keepdims=True))


def coarse(sizes: tuple[int, ...], behind: FloatArray) -> tuple[str, ...]:
    """Return a note where few draws stand behind the posteriors of a size."""
    few = [str(size) for size, count in zip(sizes, behind, strict=True) if count < FEW]
    if not few:
        return ()
    return (f"Fewer than {FEW:.0f} effective draws stand behind a posterior with {', '.join(few)} patients per arm.",)
