"""EVSI by importance sampling: the posterior of every simulated data set from the draws, weighted by likelihood."""

from __future__ import annotations

from dataclasses import dataclass
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

DATA_SETS = 500


def by_importance(study: Study, design: Design, fit: Fit, thresholds: FloatArray, rng: np.random.Generator) -> Values:
    """Return EVSI by importance sampling (Menzies 2016, Med Decis Making 36:308-320).

    Data sets are simulated in draws at quantiles of what the data are about. The mean of the increments given each is
    the likelihood-weighted mean over the draws. The gain is then averaged over data sets with control variates, whose
    means are known: the posterior means of net benefit and of the largest net benefit. That is a weighted average
    in which these means are met, so that with positive weights 0 <= EVSI <= EVPPI by Jensen's inequality.

    Parameters
    ----------
    study : Study
    design : Design
    fit : Fit
        Means of the increments given what the study is about.
    thresholds : array (thresholds,)
    rng : Generator
    """
    rows = spread_rows(design, DATA_SETS)
    data = simulate(design, rows, study.sizes, rng)
    shape = (len(study.sizes), thresholds.size)
    value, error, behind = np.empty(shape), np.empty(shape), np.empty(shape[0])
    bounded = True
    for i, size in enumerate(study.sizes):
        value[i], error[i], behind[i], kept = _at_size(design, fit, thresholds, data[i], size)
        bounded = bounded and kept
    notes = coarse(study.sizes, behind)
    if not bounded:
        notes = (*notes, "Some control weights are negative, so that the bounds 0 and EVPPI are met within error only.")
    return Values(value, error, behind, notes)


def _at_size(
    design: Design, fit: Fit, thresholds: FloatArray, data: FloatArray, size: int
) -> tuple[FloatArray, FloatArray, float, bool]:
    """Return EVSI and its standard error (thresholds,), the effective draws, and whether the bounds hold."""
    known = fit.fitted
    outcomes = known.shape[1]
    turns = [to_benefit(outcomes, float(threshold)) for threshold in thresholds]
    most = np.column_stack([largest(known @ turn) for turn in turns])
    averaged = np.hstack([known, most])
    means, effective = np.empty((len(data), averaged.shape[1])), np.empty(len(data))
    added = np.zeros((len(known), len(turns) * turns[0].shape[1]))
    for part in posteriors(design, data, size):
        means[part.rows], effective[part.rows] = part.mean(averaged), part.effective
        best = [choose_by_benefit(means[part.rows, :outcomes] @ turn).best for turn in turns]
        added += part.added(np.hstack(best) / len(data))
    shares = np.split(added, len(turns), axis=1)
    found = [
        _gain(fit, turn, means[:, :outcomes] @ turn, means[:, outcomes + k], shares[k]) for k, turn in enumerate(turns)
    ]
    value, error, positive = zip(*found, strict=True)
    return np.array(value), np.array(error), float(np.median(effective)), all(positive)


def _gain(
    fit: Fit, turn: FloatArray, benefit: FloatArray, most: FloatArray, shares: FloatArray
) -> tuple[float, float, bool]:
    """Return EVSI at a threshold, its standard error, and whether the bounds hold.

    Parameters
    ----------
    turn : array (outcomes, strategies)
    benefit : array (data sets, strategies)
        Posterior means of net benefit.
    most : array (data sets,)
        Posterior means of the largest net benefit.
    shares : array (draws, strategies)
        Weight with which each draw enters where each strategy is the best.
    """
    prior = fit.fitted @ turn
    always = int(prior.mean(axis=0).argmax())
    targets = np.append(prior.mean(axis=0)[1:], largest(prior).mean())
    gain = largest(benefit) - benefit[:, always]
    found = controlled(gain, np.column_stack([benefit[:, 1:], most]), targets)
    every = shares.sum(axis=1, keepdims=True)
    slopes = shares - every * np.eye(len(turn.T))[always]
    on_controls = np.append(0.0, found.coefficients[:-1]) + found.coefficients[-1] * choose_by_benefit(prior).best
    slopes += (1 / len(prior) - every) * on_controls
    variance = found.variance + regression_variance(fit, slopes @ turn.T) + float(gain.var(ddof=1)) / len(prior)
    return found.mean, float(np.sqrt(variance)), found.positive


@dataclass(frozen=True)
class Controlled:
    """A mean with control variates: with its variance, their coefficients, and whether all weights are positive."""

    mean: float
    variance: float
    coefficients: FloatArray
    positive: bool


def controlled(values: FloatArray, controls: FloatArray, targets: FloatArray) -> Controlled:
    """Return the mean of values with control variates.

    Parameters
    ----------
    values : array (m,)
    controls : array (m, k)
        Columns that follow from others add nothing.
    targets : array (k,)
        Their known means.
    """
    count = len(values)
    centred = controls - controls.mean(axis=0)
    inverse = np.linalg.pinv(centred.T @ centred, rcond=1e-10, hermitian=True)
    coefficients = inverse @ (centred.T @ (values - values.mean()))
    weights = 1 / count + centred @ (inverse @ (targets - controls.mean(axis=0)))
    residual = values - values.mean() - centred @ coefficients
    variance = float(residual @ residual) / max(count - controls.shape[1] - 1, 1) / count
    return Controlled(float(weights @ values), variance, coefficients, bool(weights.min() >= 0))
