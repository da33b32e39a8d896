"""The likelihood of curves given times to event of patients.

log L = sum over patients of w [d log h(t) - H(t) + H(entry)]: Kalbfleisch JD, Prentice
RL (2002), The Statistical Analysis of Failure Time Data, 2nd edition, section 3.2, with
left truncation. With the hazard e expected in the general population, the curve is that
of the excess hazard and log h(t) becomes log(h(t) + e): Nelson CP et al. (2007),
Statistics in Medicine 26: 5486-5498.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.family import log_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.newton import Indices


LARGEST_BLOCK = 200_000
"""Values of a curve computed at once; more would leave the processor's cache."""


@dataclass(frozen=True, eq=False)
class Sums:
    """The patients of a strategy, counted at the different times.

    Attributes
    ----------
    time, log_time : array (m,)
        Times of leaving and entering.
    leaving : array (replicates, m)
        Weight of patients who leave at each time less that of those who enter.
    event_place : array (k,) of int
        Place in `time` of each different time of event.
    events : array (replicates, k)
        Weight of events.
    expected : array (k,) or None
        Hazard of the general population; events at one time differ in it.
    """

    time: Array
    log_time: Array
    leaving: Array
    event_place: Indices
    events: Array
    expected: Array | None


@dataclass(frozen=True, eq=False)
class Likelihood:
    """The log-likelihood of the joint coefficients of curves.

    Attributes
    ----------
    sums : dict from strategy to Sums
        One row of weights, or one for each replicate of a bootstrap.
    """

    curves: EndpointCurves
    sums: Mapping[str, Sums]

    def values(self, coefficients: Array, replicate: Indices) -> Array:
        """Compute the log-likelihood (draws,), minus infinity where it does not exist.

        Parameters
        ----------
        coefficients : array (draws, p)
        replicate : array (draws,) of int
            Which row of weights counts for each draw.
        """
        points = max(each.time.size for each in self.sums.values())
        step = max(LARGEST_BLOCK // points, 1)
        found = np.empty(coefficients.shape[0])
        with np.errstate(all="ignore"):
            for i in range(0, found.size, step):
                rows = slice(i, i + step)
                found[rows] = sum(
                    self._strategy_values(name, coefficients[rows], replicate[rows]) for name in self.sums
                )
        found[~np.isfinite(found)] = -np.inf
        return found

    def _strategy_values(self, strategy: str, coefficients: Array, replicate: Indices) -> Array:
        sums = self.sums[strategy]
        cumulative = self.curves.cumulative_hazard(strategy, sums.time, coefficients, log_t=sums.log_time)
        log_hazard = self.curves.log_hazard(
            strategy,
            sums.time[sums.event_place],
            coefficients,
            log_t=sums.log_time[sums.event_place],
            cumulative=cumulative[:, sums.event_place],
        )
        if sums.expected is not None:
            log_hazard = np.log(np.exp(log_hazard) + sums.expected)
        if sums.events.shape[0] == 1:
            return np.asarray(log_hazard @ sums.events[0] - cumulative @ sums.leaving[0])
        log_hazard = np.where(sums.events[replicate] == 0.0, 0.0, log_hazard)
        return np.asarray(
            np.einsum("ij,ij->i", log_hazard, sums.events[replicate])
            - np.einsum("ij,ij->i", cumulative, sums.leaving[replicate])
        )


def contributions(
    curves: EndpointCurves, data: Mapping[str, PatientData], expected_hazard: Mapping[str, Array] | None, points: Array
) -> dict[str, Array]:
    """Return what each patient adds to the log-likelihood before any weight, (draws, n) by strategy.

    Parameters
    ----------
    points : array (draws, p)
        Joint coefficients.
    """
    found = {}
    for name, some in data.items():
        hazard = curves.cumulative_hazard(name, some.time, points)
        log_hazard = curves.log_hazard(name, some.time, points, cumulative=hazard)
        if expected_hazard is not None:
            log_hazard = np.log(np.exp(log_hazard) + expected_hazard[name])
        late = curves.cumulative_hazard(name, some.entry, points)
        found[name] = np.where(some.event == 1.0, log_hazard, 0.0) - hazard + late
    return found


def likelihood(
    curves: EndpointCurves,
    data: Mapping[str, PatientData],
    expected_hazard: Mapping[str, Array] | None = None,
    counts: Mapping[str, Array] | None = None,
) -> Likelihood:
    """Return the log-likelihood of the curves of all strategies in the data.

    Parameters
    ----------
    expected_hazard : dict from strategy to array (n,), optional
        Hazard of the general population at each patient's time, per unit of time.
    counts : dict from strategy to array (replicates, n), optional
        How often each patient is drawn in each replicate; by default once.
    """
    sums = {}
    for name, some in data.items():
        drawn = np.ones((1, some.time.size)) if counts is None else counts[name]
        expected = None if expected_hazard is None else expected_hazard[name]
        sums[name] = summed(some, expected, drawn)
    return Likelihood(curves, sums)


def summed(data: PatientData, expected: Array | None, counts: Array) -> Sums:
    """Count patients at their different times; ``counts`` is (replicates, n)."""
    late = data.entry > 0.0
    every = np.concatenate([data.time, data.entry[late]])
    time, place = np.unique(every, return_inverse=True)
    weights = counts * data.weight
    leaving = _added(np.hstack([weights, -weights[:, late]]), place, time.size)
    dead = data.event == 1.0
    event_place = place[: data.time.size][dead]
    hazard = np.zeros(event_place.size) if expected is None else expected[dead]
    kinds, which = np.unique(np.column_stack([event_place, hazard]), axis=0, return_inverse=True)
    return Sums(
        time=time,
        log_time=log_time(time),
        leaving=leaving,
        event_place=kinds[:, 0].astype(np.intp),
        events=_added(weights[:, dead], np.ravel(which), len(kinds)),
        expected=None if expected is None else kinds[:, 1],
    )


def _added(values: Array, place: Indices, size: int) -> Array:
    """Add values (replicates, n) that share a place into columns (replicates, size)."""
    return np.array([np.bincount(place, weights=row, minlength=size) for row in values])
