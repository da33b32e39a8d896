"""The value of information of a sample: of everything, of each input and of groups of inputs, over thresholds.

What it is worth to know everything, and what choosing one strategy may lose.

What it is worth to know some inputs: expected value of partial perfect information, by regression.

The mean of the largest of normal variables.

Groups of inputs that would become known together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy

from hemodel.economics import first_of_best, net_monetary_benefit, verdict
from hemodel.voi.conditional_means import increments
from hemodel.voi.regression import conditional_mean, one_thread, varies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from hemodel.parameters import FloatArray
    from hemodel.voi.regression import RegressionFit
    from hemodel.voi.sample import Sample


@dataclass(frozen=True)
class Evpi:
    """Expected value of perfect information and expected losses at each threshold.

    Attributes
    ----------
    thresholds, value, standard_error : array (thresholds,)
        [currency per person]
    optimal : array (thresholds,)
        Place of the strategy with the highest mean net benefit; the first of equals.
    expected_loss : array (thresholds, strategies)
        Mean of what each strategy falls short of the best of its draw; the lowest is the value. [currency per person]
    """

    thresholds: FloatArray
    value: FloatArray
    standard_error: FloatArray
    optimal: NDArray[np.intp]
    expected_loss: FloatArray


def evpi(sample: Sample, thresholds: FloatArray) -> Evpi:
    """Return EVPI = E[max over strategies of NB] - max over strategies of E[NB], and the expected losses.

    The loss of a strategy in a draw is the net benefit of the best strategy of that draw minus its own. Its mean is
    lowest for the strategy with the highest mean net benefit, and is there the EVPI (Alarid-Escudero et al. 2019,
    Value Health 22:611-618). The standard error is that of the mean of this loss over independent draws.

    Parameters
    ----------
    thresholds : array (thresholds,)
        [currency per unit of effect]
    """
    shape = (thresholds.size, len(sample.strategies))
    losses, errors = np.empty(shape), np.empty(thresholds.size)
    best = np.empty(thresholds.size, dtype=np.intp)
    # The strategy comes first here: numpy compares whole columns faster than rows.
    effects, costs = np.ascontiguousarray(sample.effects.T), np.ascontiguousarray(sample.costs.T)
    for k, threshold in enumerate(thresholds):
        benefit = net_monetary_benefit(effects, costs, float(threshold))
        loss = benefit.max(axis=0) - benefit
        losses[k] = loss.mean(axis=1)
        best[k] = first_of_best(benefit.mean(axis=1))
        errors[k] = loss[best[k]].std(ddof=1) / np.sqrt(sample.draws)
    value = losses[np.arange(thresholds.size), best]
    return Evpi(thresholds, value, errors, best, losses)


SQRT_TWO_PI = float(np.sqrt(2 * np.pi))


def expected_maximum(means: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return E[max] of a constant and correlated normal variables.

    Exact for one variable. Each further one is compared with the largest so far as if that were normal with the same
    mean, variance and covariances (Clark 1961, Oper Res 9:145-162).

    Parameters
    ----------
    means : array (draws, 1 + variables)
        The first is the constant.
    covariance : array (draws, variables, variables)
    """
    count = covariance.shape[1]
    largest, variance = means[:, 0], np.zeros(len(means))
    shared = np.zeros((len(means), count))
    for j in range(count):
        other, own = means[:, j + 1], covariance[:, j, j]
        spread = np.sqrt(np.maximum(variance + own - 2 * shared[:, j], 0.0))
        apart = np.divide(largest - other, spread, out=np.full_like(spread, np.inf), where=spread > 0)
        weight = np.where(spread > 0, scipy.special.ndtr(apart), largest >= other)
        density = spread * np.exp(-0.5 * np.where(np.isfinite(apart), apart, 0.0) ** 2) / SQRT_TWO_PI
        mean = largest * weight + other * (1 - weight) + density
        second = (largest**2 + variance) * weight + (other**2 + own) * (1 - weight) + (largest + other) * density
        shared = shared * weight[:, None] + covariance[:, j] * (1 - weight)[:, None]
        largest, variance = mean, np.maximum(second - mean**2, 0.0)
    return largest


BIAS_DRAWS = 1000
"""Draws at most over which the bias is averaged."""
ROUNDING = 1e-9


@dataclass(frozen=True)
class Evppi:
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


def evppi(sample: Sample, ids: tuple[str, ...], thresholds: FloatArray) -> Evppi:
    """Return EVPPI = E[max over strategies of E[NB | inputs]] - max over strategies of E[NB].

    Increments of effects and costs against the first strategy are regressed on the inputs; net benefit is linear in
    them, so that one regression serves every threshold (Strong, Oakley and Brennan 2014, Med Decis Making 34:311-326).
    The standard error adds the error of the mean over draws and, by the delta method, that of the coefficients. The
    bias is the mean of the EVPPI under the distribution of the coefficients minus the estimate (Strong and Oakley 2013,
    Med Decis Making 33:755-766), with the mean net benefits held as they are; it is 0 or more.

    Parameters
    ----------
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


def evppi_of_each(sample: Sample, groups: Sequence[tuple[str, ...]], thresholds: FloatArray) -> list[Evppi]:
    """Return the EVPPI of several inputs or groups of inputs, as `evppi` does one at a time."""
    gains, most = increments(sample), evpi(sample, thresholds).value
    with one_thread():
        return [_partial_value(sample, ids, (gains, most), thresholds) for ids in groups]


def _partial_value(
    sample: Sample, ids: tuple[str, ...], shared: tuple[FloatArray, FloatArray], thresholds: FloatArray
) -> Evppi:
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
    return Evppi(
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


def _errors(fit: RegressionFit) -> tuple[slice, FloatArray]:
    """Return some draws, and the covariance of the error of their fitted increments about the mean."""
    rows = slice(None, None, -(-len(fit.fitted) // BIAS_DRAWS))
    return rows, fit.penalised.covariance_about_mean(rows)


def _value(
    fit: RegressionFit, errors: tuple[slice, FloatArray], benefit: FloatArray, threshold: float
) -> tuple[float, float, float, float]:
    """Return EVPPI, standard error, bias and EVPPI by chance, from the fitted benefit (strategies, draws)."""
    draws, others = benefit.shape[1], len(benefit) - 1
    slopes = np.vstack([threshold * np.eye(others), -np.eye(others)])
    means = benefit.mean(axis=1)
    chosen, highest = int(first_of_best(means)), benefit.max(axis=0)
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


CURVE_POINTS = 81
"""Thresholds of the even grid of curves."""
CURVE_REACH = 1.5
"""The grid runs to this multiple of the highest threshold or ICER."""


def over_thresholds(sample: Sample, partial: Evppi, over: Evpi) -> FloatArray:
    """Return an EVPPI at other thresholds, from the same regression."""
    given = replace(sample, effects=partial.fitted_effects, costs=partial.fitted_costs, inputs={}, labels={})
    return np.minimum(evpi(given, over.thresholds).value, over.value)


def share_of_evpi(evppi: float, evpi: float) -> float:
    """Return the part of the expected value of perfect information that some inputs make up [proportion]."""
    return evppi / evpi


def curve_grid(sample: Sample, thresholds: Sequence[float]) -> FloatArray:
    """Return the thresholds of curves: an even grid beyond those given and the ICERs, and these, where curves turn.

    The ICERs are of the means of each strategy against the first. Without a threshold or an ICER above 0 it is 0 alone.
    """
    costs, effects = ([float(np.mean(column.copy())) for column in each.T] for each in (sample.costs, sample.effects))
    ratios = [verdict(c - costs[0], e - effects[0]).icer for c, e in zip(costs, effects, strict=True)]
    turns = [*thresholds, *(ratio for ratio in ratios if ratio is not None)]
    return np.unique(np.concatenate([np.linspace(0.0, CURVE_REACH * max(turns), CURVE_POINTS), turns]))


@dataclass(frozen=True)
class InputGroup:
    """Inputs that would become known together.

    Attributes
    ----------
    inputs : tuple of str
        Ids of the inputs of a sample.
    whole : bool
        Whether they are one input that has several columns, such as the coefficients of a curve, and are not looked at
        one by one.
    """

    id: str
    label: str
    inputs: tuple[str, ...]
    whole: bool = False


def together(sample: Sample, groups: Iterable[InputGroup]) -> Sample:
    """Return the sample with each group that is one input as one input; its columns are no inputs any more."""
    inputs, labels = dict(sample.inputs), dict(sample.labels)
    for group in groups:
        if group.whole:
            columns = sample.columns(group.inputs)
            inputs = {id_: array for id_, array in inputs.items() if id_ not in group.inputs} | {group.id: columns}
            labels[group.id] = group.label
    return replace(sample, inputs=inputs, labels={id_: labels[id_] for id_ in inputs})


def constant(sample: Sample) -> tuple[str, ...]:
    """Return the inputs that have one value in all draws."""
    return tuple(id_ for id_ in sample.inputs if not varies(sample.columns((id_,))).any())


def without(sample: Sample, ids: Iterable[str]) -> Sample:
    """Return the sample without some of its inputs."""
    dropped = set(ids)
    inputs = {id_: array for id_, array in sample.inputs.items() if id_ not in dropped}
    return replace(sample, inputs=inputs, labels={id_: sample.labels[id_] for id_ in inputs})
