"""The gradient of the log-likelihood by the families' own derivatives.

The search for a maximum differentiates the likelihood numerically. At the maximum the
gradient is computed once more in this other way, so that what is reported does not rest on
the search alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import INDEPENDENT, PROPORTIONAL_HAZARDS

if TYPE_CHECKING:
    from hemodel.survival.family import Array
    from hemodel.survival.patients.likelihood import Likelihood


def gradient(target: Likelihood, coefficients: Array) -> Array | None:
    """Compute the derivatives of the log-likelihood by the joint coefficients, both (p,).

    Sum of w [d (dlog h) - dH(t) + dH(entry)]; where the curve is of the excess over a
    population's hazard e, dlog h counts h / (h + e). None where a curve has an
    acceleration factor, odds ratio or hazard ratios by period.
    """
    curves = target.curves
    if any(spec.relation not in {INDEPENDENT, PROPORTIONAL_HAZARDS} for spec in curves.specs):
        return None
    total = np.zeros(coefficients.size)
    for strategy, sums in target.sums.items():
        spec = curves.spec(strategy)
        relative = spec.relation == PROPORTIONAL_HAZARDS
        own = curves.columns[strategy]
        base = curves.columns[spec.reference or strategy] if relative else own
        ratio = float(np.exp(coefficients[own][0])) if relative else 1.0
        log_hazard, hazard = curves.family(strategy).derivatives(sums.time, coefficients[base])
        events, leaving = sums.events[0] * _share(target, strategy, coefficients), sums.leaving[0]
        total[base] += log_hazard[:, sums.event_place] @ events - ratio * (hazard @ leaving)
        if relative:
            cumulative = curves.cumulative_hazard(strategy, sums.time, coefficients[None, :])[0]
            total[own] += events.sum() - cumulative @ leaving
    return total


def _share(target: Likelihood, strategy: str, coefficients: Array) -> Array:
    """Share h / (h + e) of the curve's own hazard in that at each time of event; 1 without a population's."""
    sums = target.sums[strategy]
    if sums.expected is None:
        return np.ones(sums.event_place.size)
    own = np.exp(target.curves.log_hazard(strategy, sums.time[sums.event_place], coefficients[None, :])[0])
    return np.asarray(own / (own + sums.expected))
