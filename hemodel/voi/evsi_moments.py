"""EVSI by moment matching: how much the variance falls, from few data sets, and means drawn together by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.voi.known import Values, choose_by_benefit, largest, regression_variance, to_benefit
from hemodel.voi.posterior import coarse, posteriors
from hemodel.voi.studies import simulate
from hemodel.voi.studies_data import spread_rows

if TYPE_CHECKING:
    from hemodel.parameters import FloatArray
    from hemodel.voi.regression import Fit
    from hemodel.voi.studies import Design, Study

DATA_SETS = 100
BATCHES = 10
"""Parts of the data sets that are left out in turn for the standard error."""
ROUNDING = 1e-9


def by_moments(study: Study, design: Design, fit: Fit, thresholds: FloatArray, rng: np.random.Generator) -> Values:
    """Return EVSI by moment matching (Heath, Manolopoulou and Baio 2018, Med Decis Making 38:163-173).

    The variance of the mean given the data is the variance of the mean given the parameters less the expected posterior
    variance. The latter is averaged over data sets simulated in draws at quantiles of what the data are about; the
    posterior of each is made of the draws, weighted by likelihood. The covariances of effects and costs serve every
    threshold. The known means of net benefit are then drawn towards their overall mean until they have this variance.

    Parameters
    ----------
    study : Study
    design : Design
    fit : Fit
        Means of the increments given what the study is about.
    thresholds : array (thresholds,)
    rng : Generator
    """
    data = simulate(design, spread_rows(design, DATA_SETS), study.sizes, rng)
    turns = [to_benefit(fit.fitted.shape[1], float(threshold)) for threshold in thresholds]
    shape = (len(study.sizes), thresholds.size)
    value, error, behind = np.empty(shape), np.empty(shape), np.empty(shape[0])
    for i, size in enumerate(study.sizes):
        remaining, effective = _posterior_variances(design, fit.fitted, data[i], size)
        behind[i] = np.median(effective)
        for k, turn in enumerate(turns):
            value[i, k], error[i, k] = _gain(fit, turn, turn.T @ remaining @ turn)
    return Values(value, error, behind, coarse(study.sizes, behind))


def _posterior_variances(
    design: Design, known: FloatArray, data: FloatArray, size: int
) -> tuple[FloatArray, FloatArray]:
    """Return the posterior covariance (data sets, outcomes, outcomes) of the increments, and the effective draws."""
    outcomes = known.shape[1]
    scale = np.where(known.std(axis=0) > 0, known.std(axis=0), 1.0)
    standard = (known - known.mean(axis=0)) / scale
    squares = (standard[:, :, None] * standard[:, None, :]).reshape(len(standard), -1)
    columns = np.hstack([standard, squares])
    means, effective = np.empty((len(data), columns.shape[1])), np.empty(len(data))
    for part in posteriors(design, data, size):
        means[part.rows], effective[part.rows] = part.mean(columns), part.effective
    first, second = means[:, :outcomes], means[:, outcomes:].reshape(-1, outcomes, outcomes)
    return (second - first[:, :, None] * first[:, None, :]) * np.outer(scale, scale), effective


def _gain(fit: Fit, turn: FloatArray, remaining: FloatArray) -> tuple[float, float]:
    """Return EVSI at a threshold and its standard error.

    Parameters
    ----------
    turn : array (outcomes, strategies)
    remaining : array (data sets, strategies, strategies)
        Posterior covariances of net benefit against the first strategy.
    """
    benefit = fit.fitted @ turn
    centre = benefit.mean(axis=0)
    prior = np.cov(benefit.T, bias=True)
    factors = [matching(prior, part.mean(axis=0)) for part in (remaining, *_without(remaining))]
    choice = choose_by_benefit(centre + (benefit - centre) @ factors[0])
    spread = np.array([largest(centre + (benefit - centre) @ factor).mean() for factor in factors[1:]])
    jackknife = (len(spread) - 1) / len(spread) * float(np.sum((spread - spread.mean()) ** 2))
    moved = choice.slopes.mean(axis=0)
    slopes = (moved + (choice.slopes - moved) @ factors[0].T) @ turn.T
    return choice.value, float(np.sqrt(choice.variance + regression_variance(fit, slopes) + jackknife))


def matching(prior: FloatArray, remaining: FloatArray) -> FloatArray:
    """Return what a centred row is multiplied by so that its covariance falls from the prior one by the remaining one.

    With P the prior covariance and R the expected posterior one, the factor is P^(-1/2) (1 - P^(-1/2) R P^(-1/2))^(1/2)
    P^(1/2) on the directions in which P is not 0. The eigenvalues under the inner root lie between 0 and 1 but for
    simulation error, and are taken as the nearest of these.

    Parameters
    ----------
    prior, remaining : array (strategies, strategies)

    Returns
    -------
    array (strategies, strategies)
    """
    values, vectors = np.linalg.eigh(prior)
    kept = values > ROUNDING * values.max()
    half, back = vectors[:, kept] / np.sqrt(values[kept]), (vectors[:, kept] * np.sqrt(values[kept])).T
    shares, axes = np.linalg.eigh(np.eye(int(kept.sum())) - half.T @ remaining @ half)
    return np.asarray(half @ (axes * np.sqrt(np.clip(shares, 0.0, 1.0))) @ axes.T @ back)


def _without(remaining: FloatArray) -> list[FloatArray]:
    """Return the data sets without each batch in turn; batches are spread over the quantiles."""
    count = min(BATCHES, len(remaining))
    batch = np.arange(len(remaining)) % count
    return [remaining[batch != left] for left in range(count)]
