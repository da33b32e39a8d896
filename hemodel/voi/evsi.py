"""What a study is worth: expected value of sample information (EVSI) by size, three methods.

EVSI by importance sampling: the posterior of every simulated data set from the draws, weighted by likelihood.

EVSI by moment matching: how much the variance falls, from few data sets, and means drawn together by it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import first_of_best
from hemodel.voi.conditional_means import (
    Values,
    choose,
    choose_by_benefit,
    given,
    largest,
    regression_variance,
    to_benefit,
)
from hemodel.voi.regression import SPLINE_COLUMNS, conditional_mean, one_thread
from hemodel.voi.studies import (
    IMPORTANCE,
    MOMENTS,
    coarse,
    design,
    generator,
    posteriors,
    simulate,
    spread_rows,
    summaries,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.parameters import FloatArray
    from hemodel.voi.regression import RegressionFit
    from hemodel.voi.sample import Sample
    from hemodel.voi.studies import Study, StudyDesign


IMPORTANCE_DATA_SETS = 500


def by_importance(
    study: Study, design: StudyDesign, fit: RegressionFit, thresholds: FloatArray, rng: np.random.Generator
) -> Values:
    """Return EVSI by importance sampling (Menzies 2016, Med Decis Making 36:308-320).

    Data sets are simulated in draws at quantiles of what the data are about. The mean of the increments given each is
    the likelihood-weighted mean over the draws. The gain is then averaged over data sets with control variates, whose
    means are known: the posterior means of net benefit and of the largest net benefit. That is a weighted average
    in which these means are met, so that with positive weights 0 <= EVSI <= EVPPI by Jensen's inequality.

    Parameters
    ----------
    fit : RegressionFit
        Means of the increments given what the study is about.
    """
    rows = spread_rows(design, IMPORTANCE_DATA_SETS)
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
    design: StudyDesign, fit: RegressionFit, thresholds: FloatArray, data: FloatArray, size: int
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
        _importance_gain(fit, turn, means[:, :outcomes] @ turn, means[:, outcomes + k], shares[k])
        for k, turn in enumerate(turns)
    ]
    value, error, positive = zip(*found, strict=True)
    return np.array(value), np.array(error), float(np.median(effective)), all(positive)


def _importance_gain(
    fit: RegressionFit, turn: FloatArray, benefit: FloatArray, most: FloatArray, shares: FloatArray
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
    always = int(first_of_best(prior.mean(axis=0)))
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


MOMENT_DATA_SETS = 100
BATCHES = 10
"""Parts of the data sets that are left out in turn for the standard error."""


def by_moments(
    study: Study, design: StudyDesign, fit: RegressionFit, thresholds: FloatArray, rng: np.random.Generator
) -> Values:
    """Return EVSI by moment matching (Heath, Manolopoulou and Baio 2018, Med Decis Making 38:163-173).

    The variance of the mean given the data is the variance of the mean given the parameters less the expected posterior
    variance. The latter is averaged over data sets simulated in draws at quantiles of what the data are about; the
    posterior of each is made of the draws, weighted by likelihood. The covariances of effects and costs serve every
    threshold. The known means of net benefit are then drawn towards their overall mean until they have this variance.

    Parameters
    ----------
    fit : RegressionFit
        Means of the increments given what the study is about.
    """
    data = simulate(design, spread_rows(design, MOMENT_DATA_SETS), study.sizes, rng)
    turns = [to_benefit(fit.fitted.shape[1], float(threshold)) for threshold in thresholds]
    shape = (len(study.sizes), thresholds.size)
    value, error, behind = np.empty(shape), np.empty(shape), np.empty(shape[0])
    for i, size in enumerate(study.sizes):
        remaining, effective = _posterior_variances(design, fit.fitted, data[i], size)
        behind[i] = np.median(effective)
        for k, turn in enumerate(turns):
            value[i, k], error[i, k] = _moment_gain(fit, turn, turn.T @ remaining @ turn)
    return Values(value, error, behind, coarse(study.sizes, behind))


def _posterior_variances(
    design: StudyDesign, known: FloatArray, data: FloatArray, size: int
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


def _moment_gain(fit: RegressionFit, turn: FloatArray, remaining: FloatArray) -> tuple[float, float]:
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


MOST_DRAWS = 20_000
"""Draws used at most; more would be the first of these again and again."""
ROUNDING = 1e-9
SMALL = 0.01
"""A fall of EVSI with size is worth a word from this share of EVPPI on."""


@dataclass(frozen=True)
class StudyValue:
    """What a study is worth to one person, by size and threshold.

    Attributes
    ----------
    thresholds : array (thresholds,)
        [currency per unit of effect]
    value, standard_error : array (sizes, thresholds)
        EVSI. [currency per person]
    evppi, evppi_standard_error : array (thresholds,)
        Of the inputs that the study is about: what it would be worth with patients without number and without end.
        [currency per person]
    draws : int
        How many were used.
    behind : array (sizes,) or None
        Effective number of draws behind the posterior of a data set, median over the data sets; None for regression.
    """

    study: Study
    thresholds: FloatArray
    value: FloatArray
    standard_error: FloatArray
    evppi: FloatArray
    evppi_standard_error: FloatArray
    draws: int
    behind: FloatArray | None
    notes: tuple[str, ...]


def study_value(sample: Sample, study: Study, thresholds: FloatArray, seed: int) -> StudyValue:
    """Return EVSI = E over data of max over strategies of E[NB | data], minus max over strategies of E[NB].

    Parameters
    ----------
    thresholds : array (thresholds,)
        [currency per unit of effect]
    seed : int
        The same seed gives the same numbers.

    Raises
    ------
    UsageError
        For a study that the sample cannot express.
    ValueError
        For too few draws for a regression.
    """
    sample, study = _first(sample, study)
    with one_thread():
        made, fit = design(study, sample), given(sample, study.informs)
        limits = [choose(fit.fitted, float(threshold)) for threshold in thresholds]
        errors = [np.sqrt(limit.variance + regression_variance(fit, limit.slopes)) for limit in limits]
        method = {MOMENTS: by_moments, IMPORTANCE: by_importance}.get(study.method, by_regression)
        found = method(study, made, fit, thresholds, generator(seed, study))
    evppi, evppi_error = np.array([limit.value for limit in limits]), np.array(errors)
    return StudyValue(
        study,
        thresholds,
        found.value,
        found.standard_error,
        evppi,
        evppi_error,
        sample.draws,
        found.behind,
        (*found.notes, *_notes(study, found, evppi, evppi_error)),
    )


def by_regression(
    study: Study, design: StudyDesign, fit: RegressionFit, thresholds: FloatArray, rng: np.random.Generator
) -> Values:
    """Return EVSI by regression on simulated data (Strong and others 2015, Med Decis Making 35:570-583).

    One data set is simulated in every draw and said in few numbers (`studies_data.summaries`); the known means of the
    increments are regressed on these. Where they are more than two, a quadratic surface in them makes one number of
    each outcome first (as Fearnhead and Prangle 2012, J R Stat Soc B 74:419-474), on which it is then regressed.

    Parameters
    ----------
    fit : RegressionFit
        Means of the increments given what the study is about.
    """
    known = fit.fitted
    data = simulate(design, np.arange(len(known)), study.sizes, rng)
    shape = (len(study.sizes), thresholds.size)
    value, error = np.empty(shape), np.empty(shape)
    for i, size in enumerate(study.sizes):
        parts = _regressions(summaries(study, design, data[i], size), known)
        fitted = np.hstack([part.fitted for part in parts])
        for k, threshold in enumerate(thresholds):
            choice = choose(fitted, float(threshold))
            each = np.split(choice.slopes, len(parts), axis=1)
            own = sum(np.sqrt(regression_variance(p, slopes)) for p, slopes in zip(parts, each, strict=True))
            variance = choice.variance + regression_variance(fit, choice.slopes) + own**2
            value[i, k], error[i, k] = choice.value, np.sqrt(variance)
    return Values(value, error, None, ())


def _regressions(said: FloatArray, known: FloatArray) -> list[RegressionFit]:
    """Return the regression of all outcomes on one or two numbers, or one of each outcome where there are more."""
    if said.shape[1] <= SPLINE_COLUMNS:
        return [conditional_mean(said, known)]
    scaled = (said - said.mean(axis=0)) / said.std(axis=0)
    first, second = np.triu_indices(scaled.shape[1])
    surface = np.column_stack([np.ones(len(scaled)), scaled, scaled[:, first] * scaled[:, second]])
    single = surface @ np.linalg.lstsq(surface, known, rcond=None)[0]
    return [conditional_mean(single[:, [j]], known[:, [j]]) for j in range(known.shape[1])]


def _first(sample: Sample, study: Study) -> tuple[Sample, Study]:
    """Return the sample and the curves of a study with no more draws than are used."""
    if sample.draws <= MOST_DRAWS:
        return sample, study
    kept = slice(MOST_DRAWS)
    inputs = {id_: sample.inputs[id_][kept] for id_ in study.informs if id_ in sample.inputs}
    fewer = replace(sample, effects=sample.effects[kept], costs=sample.costs[kept], inputs=inputs)
    if study.follow_up is None:
        return fewer, study
    return fewer, replace(study, follow_up=replace(study.follow_up, survival=study.follow_up.survival[kept]))


def _notes(study: Study, found: Values, evppi: FloatArray, evppi_error: FloatArray) -> Iterable[str]:
    """Yield where the estimates break a bound that the truth keeps, and whether their errors explain it."""
    above = found.value - evppi
    if above.max() > ROUNDING * max(float(evppi.max()), 1.0):
        i, k = np.unravel_index(above.argmax(), above.shape)
        yield (
            f"EVSI is up to {above[i, k]:.3g} above EVPPI ({study.sizes[i]} patients per arm), which is estimation "
            f"error: the standard errors are {found.standard_error[i, k]:.3g} and {evppi_error[k]:.3g}."
        )
    falls = -np.diff(found.value, axis=0)
    if falls.size and falls.max() > SMALL * float(evppi.max()):
        i, k = np.unravel_index(falls.argmax(), falls.shape)
        yield (
            f"EVSI falls by up to {falls[i, k]:.3g} from {study.sizes[i]} to {study.sizes[i + 1]} patients per arm, "
            f"which is estimation error: the standard error is {found.standard_error[i, k]:.3g}."
        )
