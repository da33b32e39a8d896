"""Where a fit begins: coefficients whose medians are about those reported."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, INDEPENDENT
from hemodel.survival.reported.statistics import HAZARD_RATIO, MEDIAN, SURVIVAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.reported.statistics import Statistic

MOST_COMBINATIONS = 100


def starting_points(curves: EndpointCurves, statistics: Sequence[Statistic]) -> Array:
    """Return joint coefficients (n, p) to begin from.

    Every independent curve takes several shapes, all with about its reported median:
    every combination of shapes where there are at most `MOST_COMBINATIONS`, else the
    same shape for all curves.
    """
    medians = approximate_medians([spec.strategy for spec in curves.specs], statistics)
    choices = []
    for spec in curves.specs:
        if spec.relation == INDEPENDENT:
            choices.append(curves.family(spec.strategy).starts(medians[spec.strategy]))
        else:
            choices.append(np.array([[_effect(spec, statistics, medians)]]))
    number = np.prod([len(each) for each in choices])
    if number <= MOST_COMBINATIONS:
        return np.array([np.concatenate(rows) for rows in product(*choices)])
    longest = max(len(each) for each in choices)
    return np.hstack([each[np.arange(longest) % len(each)] for each in choices])


def approximate_medians(strategies: Sequence[str], statistics: Sequence[Statistic]) -> dict[str, float]:
    """Return a rough median of each strategy, in the unit of the statistics.

    The reported one, else that of an exponential curve through the reported survival
    nearest to 0.5, else from a hazard ratio with another strategy, else another's.
    """
    found = {s.strategy: s.value for s in statistics if s.kind == MEDIAN}
    for s in sorted(statistics, key=lambda each: abs(each.value - 0.5)):
        if s.kind == SURVIVAL and s.time is not None:
            found.setdefault(s.strategy, s.time * np.log(2.0) / -np.log(s.value))
    for _ in strategies:
        for s in (each for each in statistics if each.kind == HAZARD_RATIO):
            versus = s.versus or ""
            if versus in found:
                found.setdefault(s.strategy, found[versus] / s.value)
            if s.strategy in found:
                found.setdefault(versus, found[s.strategy] * s.value)
    fallback = float(np.exp(np.mean(np.log(list(found.values()))))) if found else 1.0
    return {strategy: found.get(strategy, fallback) for strategy in strategies}


def _effect(spec: CurveSpec, statistics: Sequence[Statistic], medians: dict[str, float]) -> float:
    """Return a rough log hazard ratio or log acceleration factor."""
    longer = float(np.log(medians[spec.strategy] / medians[spec.reference or ""]))
    if spec.relation == ACCELERATED_FAILURE_TIME:
        return longer
    for s in statistics:
        if s.kind == HAZARD_RATIO and (s.strategy, s.versus) == (spec.strategy, spec.reference):
            return float(np.log(s.value))
    return -longer
