"""Where a fit begins: coefficients whose medians are about those reported."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    HAZARD_RATIO_BY_PERIOD,
    INDEPENDENT,
    PROPORTIONAL_ODDS,
)
from hemodel.survival.reported.statistics import (
    ACCELERATION_FACTOR,
    HAZARD_RATIO,
    MEDIAN,
    ODDS_RATIO,
    RESTRICTED_MEAN,
    SURVIVAL,
    matched,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.reported.statistics import Statistic

MOST_COMBINATIONS = 100
RATIO_OF = {ACCELERATED_FAILURE_TIME: ACCELERATION_FACTOR, PROPORTIONAL_ODDS: ODDS_RATIO}


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
            choices.append(_effects(spec, statistics, medians))
    number = np.prod([len(each) for each in choices])
    if number <= MOST_COMBINATIONS:
        return np.array([np.concatenate(rows) for rows in product(*choices)])
    longest = max(len(each) for each in choices)
    return np.hstack([each[np.arange(longest) % len(each)] for each in choices])


def approximate_medians(strategies: Sequence[str], statistics: Sequence[Statistic]) -> dict[str, float]:
    """Return a rough median of each strategy, in the unit of the statistics.

    The reported one, else that of an exponential curve through the reported survival
    nearest to 0.5 (a bound counts after all others), else from a hazard ratio with
    another strategy, else another's. A restricted mean up to h, divided by h, counts as
    the survival at h / 2.
    """
    found = {s.strategy: s.value for s in statistics if s.kind == MEDIAN and s.bound is None}
    for strategy, time, survival in _survivals(statistics):
        found.setdefault(strategy, time * np.log(2.0) / -np.log(survival))
    for _ in strategies:
        for s in (each for each in statistics if each.kind == HAZARD_RATIO):
            versus = s.versus or ""
            if versus in found:
                found.setdefault(s.strategy, found[versus] / s.value)
            if s.strategy in found:
                found.setdefault(versus, found[s.strategy] * s.value)
    fallback = float(np.exp(np.mean(np.log(list(found.values()))))) if found else 1.0
    return {strategy: found.get(strategy, fallback) for strategy in strategies}


def _survivals(statistics: Sequence[Statistic]) -> list[tuple[str, float, float]]:
    """Return strategy, time and survival of what says something about survival, the best first."""
    found = []
    for s in map(matched, statistics):
        if s.kind == SURVIVAL and s.time is not None:
            found.append((s.bound is not None, abs(s.value - 0.5), s.strategy, s.time, s.value))
        elif s.kind == RESTRICTED_MEAN and s.time is not None:
            share = s.value / s.time
            found.append((s.bound is not None, abs(share - 0.5), s.strategy, 0.5 * s.time, share))
    return [each[2:] for each in sorted(found, key=lambda each: each[:2])]


def _effects(spec: CurveSpec, statistics: Sequence[Statistic], medians: dict[str, float]) -> Array:
    """Return the rough effects (1, k) of a relative curve, one a period for hazard ratios by period."""
    periods = (0.0, *spec.cuts) if spec.relation == HAZARD_RATIO_BY_PERIOD else (0.0,)
    effects = np.full((1, len(periods)), _effect(spec, statistics, medians))
    if spec.relation == HAZARD_RATIO_BY_PERIOD:
        for s in statistics:
            if s.kind == HAZARD_RATIO and s.time in periods and s.strategy == spec.strategy:
                effects[0, periods.index(s.time)] = np.log(s.value)
    return effects


def _effect(spec: CurveSpec, statistics: Sequence[Statistic], medians: dict[str, float]) -> float:
    """Return a rough log hazard ratio, log odds ratio or log acceleration factor."""
    kind = RATIO_OF.get(spec.relation, HAZARD_RATIO)
    for s in statistics:
        if s.kind == kind and s.time is None and (s.strategy, s.versus) == (spec.strategy, spec.reference):
            return float(np.log(s.value))
    longer = float(np.log(medians[spec.strategy] / medians[spec.reference or ""]))
    return longer if spec.relation == ACCELERATED_FAILURE_TIME else -longer
