"""Refit curves to patients drawn again with replacement.

Efron B (1981), Censored data and the bootstrap, Journal of the American Statistical
Association 76: 312-319: cases are drawn within each strategy.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.parameters import block_uniforms
from hemodel.survival.patients.fitting import columns_of, groups
from hemodel.survival.patients.identification import longest_axes
from hemodel.survival.patients.likelihood import likelihood
from hemodel.survival.patients.newton import NEAR, polish, search

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.fitting import LikelihoodFit
    from hemodel.survival.patients.likelihood import Likelihood
    from hemodel.survival.patients.newton import Indices, Mask


AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Coefficients of replicates.

    Attributes
    ----------
    coefficients : array (settled replicates, p)
        In the order of the replicates.
    failures : int
        Replicates without a maximum near, which are left out.
    """

    coefficients: Array
    failures: int


def case_bootstrap(
    fit: LikelihoodFit,
    data: Mapping[str, PatientData],
    replicates: int,
    seed: int,
    expected_hazard: Mapping[str, Array] | None = None,
) -> Bootstrap:
    """Draw the rows of each strategy with replacement and refit from the estimate.

    Knots stay where they were, and coefficients that the fit held are held. Each strategy
    has its own stream of random numbers, and fewer replicates are the first of more.

    Parameters
    ----------
    fit : LikelihoodFit
        From `maximum_likelihood` with the same data and expected hazard.
    expected_hazard : dict from strategy to array (n,), optional

    Returns
    -------
    Bootstrap
        Coefficients about 0.001 standard errors from the maximum of their replicate, or nearer.
    """
    coefficients = np.tile(fit.coefficients, (replicates, 1))
    settled = np.ones(replicates, dtype=np.bool_)
    for first in range(0, replicates, AT_ONCE):
        rows = slice(first, min(first + AT_ONCE, replicates))
        size = rows.stop - rows.start
        counts = {
            name: _counts(f"patients.{fit.curves.endpoint}.{name}", some.time.size, seed, first // AT_ONCE, size)
            for name, some in data.items()
        }
        for own, target in _targets(fit, data, expected_hazard, counts):
            coefficients[rows, own], near = _refit(fit, own, target, size)
            settled[rows] &= near
    return Bootstrap(coefficients[settled], int(replicates - settled.sum()))


def _targets(
    fit: LikelihoodFit,
    data: Mapping[str, PatientData],
    expected_hazard: Mapping[str, Array] | None,
    counts: Mapping[str, Array],
) -> Iterator[tuple[Indices, Likelihood]]:
    """Yield the columns of each group of curves and its likelihood."""
    for group in groups(fit.curves).values():
        some = {spec.strategy: data[spec.strategy] for spec in group}
        target = likelihood(replace(fit.curves, specs=group), some, expected_hazard, counts)
        yield columns_of(fit.curves, group), target


def _refit(fit: LikelihoodFit, own: Indices, target: Likelihood, size: int) -> tuple[Array, Mask]:
    """Return coefficients (size, p) of a group and which of the rows settled."""
    covariance = fit.covariance[np.ix_(own, own)]
    free = np.flatnonzero(np.diag(covariance) > 0.0)
    bend, turn = np.linalg.eigh(covariance[np.ix_(free, free)])
    axes = np.broadcast_to(turn * np.sqrt(bend), (size, free.size, free.size))

    def whole(points: Array) -> Array:
        every = np.tile(fit.coefficients[own], (len(points), 1))
        every[:, free] = points
        return every

    def function(points: Array, rows: Indices) -> Array:
        return target.values(whole(points), rows)

    limit = longest_axes(target.curves)[free]
    found = search(function, np.tile(fit.coefficients[own[free]], (size, 1)), axes, limit)
    points, near = found.points, found.distance < NEAR
    left = np.flatnonzero(np.isfinite(found.distance) & ~near)
    if left.size:
        closer = polish(lambda some, rows: function(some, left[rows]), found.rows(left), limit)
        points[left], near[left] = closer.points, closer.distance < NEAR
    return whole(points), near


def _counts(name: str, patients: int, seed: int, block: int, size: int) -> Array:
    """Return how often each patient is drawn (size, patients)."""
    drawn = np.floor(block_uniforms(seed, name, block, size, patients) * patients).astype(np.intp)
    return np.array([np.bincount(row, minlength=patients) for row in drawn], dtype=np.float64)
