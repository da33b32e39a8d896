"""What it is worth to know some inputs: expected value of partial perfect information, by regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import net_monetary_benefit
from hemodel.voi.evpi import evpi
from hemodel.voi.known import increments
from hemodel.voi.largest import expected_maximum
from hemodel.voi.one_thread import one_thread
from hemodel.voi.regression import conditional_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hemodel.parameters import FloatArray
    from hemodel.voi.regression import Fit
    from hemodel.voi.sample import Sample

BIAS_DRAWS = 1000
"""Draws at most over which the bias is averaged."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Partial:
    """Expected value of perfect information on some inputs, at each threshold.

    Attributes
    ----------
    ids : tuple of str
        The inputs that would be known.
    method : str
        "spline" or "gaussian process".
    thresholds, value, standard_error, bias : array (thresholds,)
        `bias` is how much the estimate is expected to lie above the truth; it is reported and not subtracted.
        [currency per person]
    by_chance : array (thresholds,)
        What inputs of no importance would be expected to show, with a regression of the same error.
        [currency per person]
    capped : array (thresholds,) of bool
        Where the estimate of the regression exceeded the EVPI of the same draws, which then takes its place.
    fitted_effects, fitted_costs : array (draws, strategies)
        Means given the inputs, but for what all strategies of a draw have in common: those of the first strategy are
        its overall means, and the others stand above or below it by the fitted increment.
    """

    ids: tuple[str, ...]
    method: str
    thresholds: FloatArray
    value: FloatArray
    standard_error: FloatArray
    bias: FloatArray
    by_chance: FloatArray
    capped: NDArray[np.bool_]
    fitted_effects: FloatArray
    fitted_costs: FloatArray


def evppi(sample: Sample, ids: tuple[str, ...], thresholds: FloatArray) -> Partial:
    """Return EVPPI = E[max over strategies of E[NB | inputs]] - max over strategies of E[NB].

    Increments of effects and costs against the first strategy are regressed on the inputs; net benefit is linear in
    them, so that one regression serves every threshold (Strong, Oakley and Brennan 2014, Med Decis Making 34:311-326).
    The standard error adds the error of the mean over draws and, by the delta method, that of the coefficients. The
    bias is the mean of the EVPPI under the distribution of the coefficients minus the estimate (Strong and Oakley 2013,
    Med Decis Making 33:755-766), with the mean net benefits held as they are; it is 0 or more.

    Parameters
    ----------
    sample : Sample
    ids : tuple of str
        Inputs that become known together.
    thresholds : array (thresholds,)
        [currency per unit of effect]

    Raises
    ------
    ValueError
        For too few draws for a regression.
    """
    return evppi_of_each(sample, [ids], thresholds)[0]


def evppi_of_each(sample: Sample, groups: Sequence[tuple[str, ...]], thresholds: FloatArray) -> list[Partial]:
    """Return the EVPPI of several inputs or groups of inputs, as `evppi` does one at a time."""
    gains, most = increments(sample), evpi(sample, thresholds).value
    with one_thread():
        return [_partial(sample, ids, (gains, most), thresholds) for ids in groups]


def _partial(
    sample: Sample, ids: tuple[str, ...], shared: tuple[FloatArray, FloatArray], thresholds: FloatArray
) -> Partial:
    gains, most = shared
    others = len(sample.strategies) - 1
    fit = conditional_mean(sample.columns(ids), gains)
    # The strategy comes first here: numpy compares whole columns faster than rows.
    fitted = np.ascontiguousarray(fit.fitted.T)
    effects, costs = (np.vstack([np.zeros(sample.draws), each]) for each in (fitted[:others], fitted[others:]))
    errors = _errors(fit)
    values = [_value(fit, errors, net_monetary_benefit(effects, costs, t), float(t)) for t in thresholds]
    value, error, bias, by_chance = np.array(values).reshape(-1, 4).T
    common_effect, common_cost = sample.effects[:, 0].mean(), sample.costs[:, 0].mean()
    return Partial(
        ids,
        fit.method,
        thresholds,
        np.minimum(value, most),
        error,
        bias,
        by_chance,
        value > most * (1 + ROUNDING),
        effects.T + common_effect,
        costs.T + common_cost,
    )


def _errors(fit: Fit) -> tuple[slice, FloatArray]:
    """Return some draws, and the covariance of the error of their fitted increments about the mean."""
    rows = slice(None, None, -(-len(fit.fitted) // BIAS_DRAWS))
    return rows, fit.penalised.covariance_about_mean(rows)


def _value(
    fit: Fit, errors: tuple[slice, FloatArray], benefit: FloatArray, threshold: float
) -> tuple[float, float, float, float]:
    """Return EVPPI, standard error, bias and EVPPI by chance, from the fitted benefit (strategies, draws)."""
    draws, others = benefit.shape[1], len(benefit) - 1
    slopes = np.vstack([threshold * np.eye(others), -np.eye(others)])
    means = benefit.mean(axis=1)
    chosen, highest = int(np.argmax(means)), benefit.max(axis=0)
    gain = highest - benefit[chosen]
    rows, covariance = errors
    upward = _upward(benefit[:, rows], slopes, covariance)
    by_chance = _upward(np.repeat(means[:, None], len(covariance), axis=1), slopes, covariance)
    if not gain.any():
        return 0.0, 0.0, upward, by_chance
    weights = ((benefit[1:] == highest) & (gain > 0)).astype(float)
    if chosen > 0:
        weights[chosen - 1] -= gain > 0
    variance = gain.var(ddof=1) / draws + fit.penalised.variance_of((slopes @ weights).T / draws)
    return float(gain.mean()), float(np.sqrt(variance)), upward, by_chance


def _upward(benefit: FloatArray, slopes: FloatArray, covariance: FloatArray) -> float:
    """Return how far the mean of the largest benefit exceeds the largest mean, averaged over draws.

    Parameters
    ----------
    benefit : array (strategies, draws)
        Means; 0 for the first strategy.
    slopes : array (outcomes, strategies - 1)
        Net benefit of each outcome.
    covariance : array (draws, outcomes, outcomes)
    """
    error = slopes.T @ covariance @ slopes
    return float(np.mean(expected_maximum(benefit.T, error) - benefit.max(axis=0)))
