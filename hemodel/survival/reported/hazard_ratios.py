"""Ratios between two curves: an effect of the model itself, or an average hazard ratio."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import HAZARD_RATIO_BY_PERIOD, INDEPENDENT, PROPORTIONAL_HAZARDS
from hemodel.survival.quadrature import unit_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array

QUADRATURE_STEP = 1.0 / 32.0


def is_proportional(curves: EndpointCurves, strategy: str, versus: str) -> bool:
    """Return whether the curves of two strategies are proportional by construction."""
    return is_related(curves, PROPORTIONAL_HAZARDS, strategy, versus)


def is_related(curves: EndpointCurves, relation: str, strategy: str, versus: str) -> bool:
    """Return whether two curves are one curve and its effect, or two effects of a relation on one curve."""
    return _base(curves, relation, strategy) == _base(curves, relation, versus)


def _base(curves: EndpointCurves, relation: str, strategy: str) -> tuple[str, str | None]:
    """Return the curve on which an effect of this relation acts; a curve without one is its own."""
    spec = curves.spec(strategy)
    if spec.relation == relation:
        return INDEPENDENT, spec.reference
    return spec.relation, strategy


def log_effect(curves: EndpointCurves, relation: str, strategy: str, versus: str, coefficients: Array) -> Array:
    """Return the log effect (draws,) between two curves that are related, from the coefficients (draws, p)."""
    return _own_effect(curves, relation, strategy, coefficients) - _own_effect(curves, relation, versus, coefficients)


def _own_effect(curves: EndpointCurves, relation: str, strategy: str, coefficients: Array) -> Array:
    if curves.spec(strategy).relation == relation:
        return coefficients[:, curves.columns[strategy]][:, 0]
    return np.zeros(coefficients.shape[0])


def period_starts(curves: EndpointCurves, strategy: str, versus: str) -> tuple[float, ...]:
    """Return where the periods of the hazard ratio of two strategies begin, in months.

    Empty where the curve of the one does not act on that of the other by period.
    """
    for own, reference in ((strategy, versus), (versus, strategy)):
        spec = curves.spec(own)
        if spec.relation == HAZARD_RATIO_BY_PERIOD and spec.reference == reference:
            return (0.0, *spec.cuts)
    return ()


def log_period_ratio(curves: EndpointCurves, strategy: str, versus: str, start: float, coefficients: Array) -> Array:
    """Return the log hazard ratio (draws,) of the period that begins at ``start``."""
    period = period_starts(curves, strategy, versus).index(start)
    if curves.spec(strategy).relation == HAZARD_RATIO_BY_PERIOD:
        return coefficients[:, curves.columns[strategy]][:, period]
    return -coefficients[:, curves.columns[versus]][:, period]


def log_hazard_ratio(
    curves: EndpointCurves,
    strategy: str,
    versus: str,
    coefficients: Array,
    follow_up: float | None,
    patients: Mapping[str, float],
) -> Array:
    """Compute the average log hazard ratio of two strategies over the follow-up.

    Proportional curves give the coefficient itself. Otherwise log(h1 / h0) is averaged
    over [0, follow_up] with weight n1 f1 + n0 f0, the expected events of both arms
    (equal arms unless the number of patients is known for both), by double-exponential
    quadrature (error below 1e-9) between the kinks of the curves.

    Parameters
    ----------
    coefficients : array (draws, p)
        Joint coefficients.
    follow_up : float or None
        Median follow-up; may be None for proportional curves only. [months]

    Returns
    -------
    array (draws,)
    """
    if is_proportional(curves, strategy, versus):
        return log_effect(curves, PROPORTIONAL_HAZARDS, strategy, versus, coefficients)
    known = strategy in patients and versus in patients
    sizes = {arm: patients[arm] if known else 1.0 for arm in (strategy, versus)}
    return _average(curves, sizes, coefficients, np.float64(follow_up or np.nan))


def _average(curves: EndpointCurves, sizes: Mapping[str, float], coefficients: Array, follow_up: np.float64) -> Array:
    """Average log(h1 / h0) over the follow-up; ``sizes`` holds arm 1, then arm 0."""
    log_t, weights = _nodes(curves, sizes, follow_up)
    t = np.exp(log_t)
    logs, density = [], np.zeros((coefficients.shape[0], t.size))
    for arm, patients in sizes.items():
        cumulative = curves.cumulative_hazard(arm, t, coefficients, log_t=log_t)
        log_hazard = curves.log_hazard(arm, t, coefficients, log_t=log_t, cumulative=cumulative)
        density += patients * np.exp(log_hazard - cumulative)
        logs.append(log_hazard)
    density *= weights
    return np.asarray((density * (logs[0] - logs[1])).sum(axis=1) / density.sum(axis=1))


def _nodes(curves: EndpointCurves, arms: Mapping[str, float], follow_up: np.float64) -> tuple[Array, Array]:
    """Return log times and weights, up to a factor, of an integral over the follow-up in pieces."""
    log_nodes, weights = unit_interval(QUADRATURE_STEP)
    kinks = {kink for arm in arms for kink in curves.kinks(arm) if 0.0 < kink < follow_up}
    ends = [*sorted(kinks), follow_up]
    log_t, scaled = [log_nodes + np.log(ends[0])], [weights * (ends[0] / follow_up)]
    for start, end in pairwise(ends):
        log_t.append(np.log(start + (end - start) * np.exp(log_nodes)))
        scaled.append(weights * ((end - start) / follow_up))
    return np.concatenate(log_t), np.concatenate(scaled)
