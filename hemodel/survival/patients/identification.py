"""How well patients determine the coefficients of a fit, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import INDEPENDENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.newton import Mask, Maximum


LARGEST_CONDITION = 1e6
LARGEST_SE = 10.0
FEWEST_EVENTS_PER_COEFFICIENT = 10.0
"""Peduzzi P et al. (1995), Journal of Clinical Epidemiology 48: 1503-1510."""
LONGEST_LOG_AXIS = 5.0
FLAT = 1e-3
"""Curvature of the log-likelihood along a coefficient alone below which it is held: an SE above 30."""


def is_bounded(curves: EndpointCurves) -> Mask:
    """Return which coefficients (p,) are a logarithm or logit, so that the parameter has an edge."""
    bounded = np.ones(len(curves.names), dtype=np.bool_)
    for spec in curves.specs:
        if spec.relation == INDEPENDENT:
            links = curves.family(spec.strategy).links
            bounded[curves.columns[spec.strategy]] = [link != "identity" for link in links]
    return bounded


def longest_axes(curves: EndpointCurves) -> Array:
    """Return how far (p,) differences may reach: a few units of a logarithm, else any distance."""
    return np.where(is_bounded(curves), LONGEST_LOG_AXIS, np.inf)


def flat_coefficients(found: Maximum, row: int, bounded: Mask) -> Mask:
    """Return which coefficients (p,) ran off to the edge of their range.

    Those on a logarithmic or logit scale along which the log-likelihood is flat: a rate
    or share that runs to 0 or 1.
    """
    back = np.linalg.inv(found.axes[row])
    alone = np.einsum("ij,ik,kj->j", back, found.information[row], back)
    return np.asarray(bounded & (np.abs(alone) < FLAT))


def condition_number(covariance: Array) -> float:
    """Return the condition number of a covariance scaled to a unit diagonal."""
    scale = 1.0 / np.sqrt(np.diag(covariance))
    bend = np.linalg.eigvalsh(covariance * np.outer(scale, scale))
    return float(bend[-1] / bend[0]) if bend[0] > 0.0 else float("inf")


def weight_notes(data: Mapping[str, PatientData]) -> list[str]:
    """Return what weights make of the patients of each strategy, where they differ."""
    return [
        f"{name}: {some.time.size:,} patients with weights count as {some.effective_size:.1f} (effective sample size); "
        "standard errors are robust (sandwich)."
        for name, some in data.items()
        if some.is_weighted
    ]


def fit_warnings(
    curves: EndpointCurves,
    data: Mapping[str, PatientData],
    groups: Mapping[str, tuple[CurveSpec, ...]],
    coefficients: Array,
    covariance: Array,
    held: Mask,
) -> tuple[str, ...]:
    """Return what to know before a fit is used, one sentence each; `other_warnings` are among them."""
    found = [
        f"{curves.names[j]} ran to the edge of its range and is held at {coefficients[j]:.3g}, without uncertainty: "
        "these patients do not determine it."
        for j in np.flatnonzero(held)
    ]
    found += _weakly_identified(curves, covariance, held)
    found += other_warnings(curves, data, groups, coefficients)
    found += [
        f"{spec.strategy}: the mean time of this curve is infinite, so results depend on the horizon."
        for spec in curves.specs
        if not np.isfinite(curves.mean(spec.strategy, coefficients[None, :])[0])
    ]
    return tuple(found)


def other_warnings(
    curves: EndpointCurves,
    data: Mapping[str, PatientData],
    groups: Mapping[str, tuple[CurveSpec, ...]],
    coefficients: Array,
) -> tuple[str, ...]:
    """Return what to know that is not about how well coefficients are determined or how long the mean is.

    Those two are looked at for every curve of a model, whatever its source (`hemodel.analyses.gates`).
    """
    found = _few_events(curves, data, groups)
    for spec in curves.specs:
        found += _shape_warnings(curves, spec.strategy, coefficients)
    return tuple(found)


def _weakly_identified(curves: EndpointCurves, covariance: Array, held: Mask) -> list[str]:
    errors = np.sqrt(np.diag(covariance))
    found = [
        f"{curves.names[j]} is hardly determined by these patients: its standard error is {errors[j]:.3g} on the "
        "estimation scale."
        for j in np.flatnonzero(errors > LARGEST_SE)
    ]
    free = np.flatnonzero(~held)
    condition = condition_number(covariance[np.ix_(free, free)])
    if condition > LARGEST_CONDITION:
        correlation = covariance[np.ix_(free, free)] / np.outer(errors[free], errors[free])
        off = np.abs(correlation - np.eye(free.size))
        one, other = sorted(np.unravel_index(int(np.argmax(off)), off.shape))
        found.append(
            f"{curves.names[free[one]]} and {curves.names[free[other]]} are hardly told apart by these patients "
            f"(correlation {correlation[one, other]:.6f}; condition number {condition:.1e})."
        )
    return found


def _few_events(
    curves: EndpointCurves, data: Mapping[str, PatientData], groups: Mapping[str, tuple[CurveSpec, ...]]
) -> list[str]:
    found = []
    for group in groups.values():
        names = [spec.strategy for spec in group]
        events = sum(data[name].n_events for name in names)
        size = sum(len(curves.names[curves.columns[name]]) for name in names)
        if events < FEWEST_EVENTS_PER_COEFFICIENT * size:
            found.append(
                f"{', '.join(names)}: {events:g} events for {size} coefficients, fewer than "
                f"{FEWEST_EVENTS_PER_COEFFICIENT:g} each; the intervals may be too narrow."
            )
    return found


def _shape_warnings(curves: EndpointCurves, strategy: str, coefficients: Array) -> list[str]:
    found = []
    if curves.spec(strategy).relation == INDEPENDENT:
        own = coefficients[None, curves.columns[strategy]]
        if not curves.family(strategy).is_falling(own)[0]:
            found.append(f"{strategy}: the fitted curve rises somewhere, which a survival curve cannot do.")
    return found
