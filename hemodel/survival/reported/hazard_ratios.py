"""The average hazard ratio between two curves that need not be proportional."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import INDEPENDENT, PROPORTIONAL_HAZARDS
from hemodel.survival.quadrature import unit_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array

QUADRATURE_STEP = 1.0 / 32.0


def is_proportional(curves: EndpointCurves, strategy: str, versus: str) -> bool:
    """Return whether the curves of two strategies are proportional by construction."""
    return _base(curves, strategy) == _base(curves, versus)


def _base(curves: EndpointCurves, strategy: str) -> tuple[str, str | None]:
    """Return what the hazard of a curve is proportional to."""
    spec = curves.spec(strategy)
    if spec.relation == PROPORTIONAL_HAZARDS:
        return INDEPENDENT, spec.reference
    return spec.relation, strategy


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
    quadrature (error below 1e-9).

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
        return _own_effect(curves, strategy, coefficients) - _own_effect(curves, versus, coefficients)
    known = strategy in patients and versus in patients
    sizes = {arm: patients[arm] if known else 1.0 for arm in (strategy, versus)}
    return _average(curves, sizes, coefficients, np.float64(follow_up or np.nan))


def _average(curves: EndpointCurves, sizes: Mapping[str, float], coefficients: Array, follow_up: np.float64) -> Array:
    """Average log(h1 / h0) over the follow-up; ``sizes`` holds arm 1, then arm 0."""
    log_nodes, weights = unit_interval(QUADRATURE_STEP)
    log_t = log_nodes + np.log(follow_up)
    t = np.exp(log_t)
    logs, density = [], np.zeros((coefficients.shape[0], t.size))
    for arm, patients in sizes.items():
        cumulative = curves.cumulative_hazard(arm, t, coefficients, log_t=log_t)
        log_hazard = curves.log_hazard(arm, t, coefficients, log_t=log_t, cumulative=cumulative)
        density += patients * np.exp(log_hazard - cumulative)
        logs.append(log_hazard)
    density *= weights
    return np.asarray((density * (logs[0] - logs[1])).sum(axis=1) / density.sum(axis=1))


def _own_effect(curves: EndpointCurves, strategy: str, coefficients: Array) -> Array:
    if curves.spec(strategy).relation == PROPORTIONAL_HAZARDS:
        return coefficients[:, curves.columns[strategy]][:, 0]
    return np.zeros(coefficients.shape[0])
