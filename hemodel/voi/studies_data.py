"""What data say in few numbers, and which draws stand for all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.parameters import FloatArray
    from hemodel.voi.studies import Design, Study

SMALLEST_LOG = -30.0
"""Logs of probabilities below this are taken as this where draws are compared with one another."""
WORTH_KEEPING = 0.01
"""A direction in which the draws differ by less than this, squared and in standard errors of the data, is left out."""
MOST_DIRECTIONS = 6


def directions(design: Design) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the directions in which what the data are about varies over the draws, most first.

    The log likelihood is T . A(draw) with statistics T of the data. Where A is close to a plane through its mean,
    spanned by a few vectors, the products of T with these vectors are sufficient statistics. They are the principal
    components of A, each statistic weighted by its standard deviation (the Fisher metric at the mean).

    Returns
    -------
    vectors : array (statistics, directions)
        Multiplied by statistics they give what data say in each direction.
    scores : array (draws, directions)
        Where each draw stands; the variance times the patients per arm is the signal over the noise, squared.
    variances : array (directions,)
    """
    natural = np.maximum(design.natural, SMALLEST_LOG)
    deviation = design.standard_deviation
    weights = np.sqrt(design.chances.mean(axis=0)) if deviation is None else np.full(natural.shape[1], deviation)
    weighted = (natural - natural.mean(axis=0)) * weights
    variances, vectors = np.linalg.eigh(weighted.T @ weighted / len(weighted))
    variances, vectors = variances[::-1], vectors[:, ::-1]
    return vectors / weights[:, None], weighted @ vectors, np.maximum(variances, 0.0)


def summaries(study: Study, design: Design, data: FloatArray, size: int) -> FloatArray:
    """Return what data sets say in few numbers, for a regression.

    Parameters
    ----------
    study : Study
    design : Design
    data : array (m, statistics)
    size : int
        Patients per arm.

    Returns
    -------
    array (m, k)
        The share with the event, or the mean, of each arm; for event times, the statistics of `directions`.
    """
    if study.follow_up is None:
        return data[:, :: design.arms[0].natural.shape[1]] / size
    vectors, _, variances = directions(design)
    kept = max(1, int(np.sum(variances[:MOST_DIRECTIONS] * max(study.sizes) > WORTH_KEEPING)))
    return np.asarray(data @ vectors[:, :kept] / size)


def spread_rows(design: Design, count: int) -> NDArray[np.intp]:
    """Return draws at equally spaced quantiles of the direction in which the draws differ most.

    Parameters
    ----------
    design : Design
    count : int
        How many, at most all.
    """
    _, scores, _ = directions(design)
    order = np.argsort(scores[:, 0], kind="stable")
    draws, count = len(order), min(count, len(order))
    return np.asarray(order[((np.arange(count) + 0.5) * draws / count).astype(np.intp)])
