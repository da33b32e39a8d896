"""What a study is worth: expected value of sample information (EVSI) by size, three methods."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.voi.evsi_importance import by_importance
from hemodel.voi.evsi_moments import by_moments
from hemodel.voi.known import Values, choose, given, regression_variance
from hemodel.voi.one_thread import one_thread
from hemodel.voi.regression import SPLINE_COLUMNS, conditional_mean
from hemodel.voi.studies import IMPORTANCE, MOMENTS, design, generator, simulate
from hemodel.voi.studies_data import summaries

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.parameters import FloatArray
    from hemodel.voi.regression import Fit
    from hemodel.voi.sample import Sample
    from hemodel.voi.studies import Design, Study

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
    study : Study
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
    notes : tuple of str
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
    sample : Sample
    study : Study
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


def by_regression(study: Study, design: Design, fit: Fit, thresholds: FloatArray, rng: np.random.Generator) -> Values:
    """Return EVSI by regression on simulated data (Strong and others 2015, Med Decis Making 35:570-583).

    One data set is simulated in every draw and said in few numbers (`studies_data.summaries`); the known means of the
    increments are regressed on these. Where they are more than two, a quadratic surface in them makes one number of
    each outcome first (as Fearnhead and Prangle 2012, J R Stat Soc B 74:419-474), on which it is then regressed.

    Parameters
    ----------
    study : Study
    design : Design
    fit : Fit
        Means of the increments given what the study is about.
    thresholds : array (thresholds,)
    rng : Generator
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


def _regressions(said: FloatArray, known: FloatArray) -> list[Fit]:
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
