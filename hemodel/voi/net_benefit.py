"""What a study is worth to everyone it helps, less what it costs: expected net benefit of sampling (ENBS)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from hemodel.parameters import FloatArray
    from hemodel.voi.evsi import StudyValue
    from hemodel.voi.studies import Study


@dataclass(frozen=True)
class Population:
    """Who a decision is for.

    Attributes
    ----------
    patients_per_year : float
        Those for whom the decision is made in a year. [patients per year]
    horizon : float
        Years for which the decision stays relevant. [years]
    rates : tuple of (from year, rate)
        Effective annual discount rates, the first from year 0. [1/year]
    """

    patients_per_year: float
    horizon: float
    rates: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class NetBenefit:
    """What a study is worth to all, and what it costs.

    Attributes
    ----------
    reports : array (sizes,)
        When the results are known. [years from now]
    patients : array (sizes,)
        Discounted number of patients for whom the decision is made with the results.
    costs : array (sizes,)
        Of the study, now. [currency]
    value, standard_error, net : array (sizes, thresholds)
        EVSI of these patients and its error; the value less the costs (ENBS). [currency]
    optimal : array (thresholds,)
        Place of the size with the highest ENBS; -1 where no size is worth its costs.
    notes : tuple of (tuple of str), one for each threshold
        Where the optimum lies at the edge of the sizes, or there is none.
    """

    reports: FloatArray
    patients: FloatArray
    costs: FloatArray
    value: FloatArray
    standard_error: FloatArray
    net: FloatArray
    optimal: NDArray[np.intp]
    notes: tuple[tuple[str, ...], ...]


def discounted_years(start: float, end: float, rates: Sequence[tuple[float, float]]) -> float:
    """Return the integral of the discount factor from one time to another, 0 where the end comes first [years].

    With one rate r it is ((1 + r)^-start - (1 + r)^-end) / ln(1 + r).

    Parameters
    ----------
    start, end : float
        [years]
    rates : sequence of (from year, rate)
        Effective annual rates; factors multiply through the steps. [1/year]
    """
    total, factor = 0.0, 1.0
    edges = [*(begin for begin, _ in rates), np.inf]
    for (begin, until), (_, rate) in zip(pairwise(edges), rates, strict=True):
        log = float(np.log1p(rate))
        low, high = (min(max(time, begin), until) - begin for time in (start, end))
        if high > low:
            total += factor * (high - low if log == 0 else (np.exp(-log * low) - np.exp(-log * high)) / log)
        if np.isfinite(until):
            factor *= float(np.exp(-log * (until - begin)))
    return float(total)


def reports(study: Study, population: Population) -> FloatArray:
    """Return when the results of each size are known (sizes,) [years from now].

    With a share of patients recruited, recruitment takes size x arms / (share x patients a year) years first.
    """
    sizes = np.array(study.sizes, dtype=float)
    if study.recruited_share is None:
        return np.full(sizes.size, study.reports_after)
    return study.reports_after + sizes * study.arms / (study.recruited_share * population.patients_per_year)


def net_benefit(found: StudyValue, population: Population) -> NetBenefit:
    """Return ENBS = EVSI per person x patients who profit - costs of the study, by size and threshold.

    Patients who come before the results get what is best by what is known today, so that the study is worth nothing to
    them; later ones count until the horizon, discounted. The study is paid for now.
    """
    study = found.study
    times = reports(study, population)
    years = [discounted_years(float(time), population.horizon, population.rates) for time in times]
    patients = population.patients_per_year * np.array(years)
    costs = study.fixed_cost + study.cost_per_patient * study.arms * np.array(study.sizes, dtype=float)
    value = found.value * patients[:, None]
    net = value - costs[:, None]
    best = net.argmax(axis=0)
    optimal = np.where(net.max(axis=0) > 0, best, -1)
    late = times >= population.horizon
    return NetBenefit(
        times,
        patients,
        costs,
        value,
        found.standard_error * patients[:, None],
        net,
        optimal,
        tuple(_notes(study.sizes, int(place), late) for place in optimal),
    )


def _notes(sizes: tuple[int, ...], place: int, late: NDArray[np.bool_]) -> tuple[str, ...]:
    found = []
    if place < 0:
        found.append("No size is worth its costs.")
    elif place == len(sizes) - 1:
        found.append(f"The best size, {sizes[place]}, is the largest that was given: a larger one may be better.")
    elif place == 0:
        found.append(f"The best size, {sizes[place]}, is the smallest that was given: a smaller one may be better.")
    if late.any():
        first = sizes[int(late.argmax())]
        found.append(f"From {first} patients per arm on the results come after the decision has lost its relevance.")
    return tuple(found)
