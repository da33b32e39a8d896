"""The maximum of the likelihood for curves that share coefficients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.gradient import gradient
from hemodel.survival.patients.identification import flat_coefficients, is_bounded, longest_axes
from hemodel.survival.patients.newton import NEAR, Maximum, first_axes, inverse, polish, search
from hemodel.survival.patients.starts import starting_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.likelihood import Likelihood
    from hemodel.survival.patients.newton import Function, Indices, Mask

FULL_SEARCHES = 3
UNSETTLED = 1e-4
"""Length of the gradient, in standard errors, above which a fit is refused."""


@dataclass(frozen=True, eq=False)
class GroupFit:
    """The maximum for curves that share coefficients; see `LikelihoodFit` for the meaning.

    Attributes
    ----------
    coefficients : array (p,)
    covariance : array (p, p)
    held : array (p,) of bool
    log_likelihood, gradient_norm : float
    n_starts : int
    """

    coefficients: Array
    covariance: Array
    held: Mask
    log_likelihood: float
    gradient_norm: float
    n_starts: int


def fit_group(target: Likelihood, data: Mapping[str, PatientData], start: Array | None) -> GroupFit:
    """Maximise the likelihood of one independent curve and those relative to it.

    A coefficient that runs to the edge of its range is held where the likelihood became
    flat, and the others are estimated given it.

    Raises
    ------
    SurvivalError
        If no start has a likelihood, or no maximum is found.
    """
    points = starting_points(target.curves, data) if start is None else start[None, :]
    chosen = _best_starts(target, points)
    limit, bounded = longest_axes(target.curves), is_bounded(target.curves)
    held = np.zeros(points.shape[1], dtype=np.bool_)
    found = search(target.values, chosen, first_axes(target.values, chosen), limit)
    row = int(np.argmax(found.values - NEAR * ~(found.distance < NEAR)))
    whole = found.points[row].copy()
    while np.isfinite(found.information[row]).all():
        flat = held.copy()
        flat[~held] = flat_coefficients(found, row, bounded[~held])
        if flat.all() or (flat == held).all():
            break
        held = flat
        function, row = with_held(target, whole, ~held), 0
        point = whole[None, ~held]
        found = search(function, point, first_axes(function, point), limit[~held])
        whole[~held] = found.points[0]
    final = polish(with_held(target, whole, ~held), found.rows(np.array([row])), limit[~held])
    whole[~held] = final.points[0]
    return _described(target, final, whole, held, len(points))


def with_held(target: Likelihood, whole: Array, free: Mask) -> Function:
    """Return the log-likelihood as a function of the free coefficients, the others as in ``whole``."""
    fixed = whole.copy()

    def function(points: Array, rows: Indices) -> Array:
        every = np.tile(fixed, (len(points), 1))
        every[:, free] = points
        return target.values(every, np.zeros_like(rows))

    return function


def _best_starts(target: Likelihood, points: Array) -> Array:
    values = target.values(points, np.zeros(len(points), dtype=np.intp))
    order = np.argsort(-values, kind="stable")[:FULL_SEARCHES]
    chosen = points[order[np.isfinite(values[order])]]
    if chosen.size == 0:
        _raise_unsettled(target.curves, "at no start is there a hazard at the time of every event")
    return np.asarray(chosen)


def _described(target: Likelihood, final: Maximum, whole: Array, held: Mask, n_starts: int) -> GroupFit:
    if not final.distance[0] < UNSETTLED:
        singular = np.isinf(final.distance[0]) and np.isfinite(final.information[0]).all()
        reason = "the information is singular" if singular else "the search does not come to rest"
        _raise_unsettled(target.curves, f"{reason}, because some coefficients can move without the likelihood falling")
    axes = final.axes[0]
    free = np.flatnonzero(~held)
    covariance = np.zeros((held.size, held.size))
    covariance[np.ix_(free, free)] = axes @ inverse(final.information[0]) @ axes.T
    slopes = gradient(target, whole)
    steepness = float(final.distance[0])
    if slopes is not None:
        steepness = float(np.sqrt(np.clip(slopes @ covariance @ slopes, 0.0, None)))
    return GroupFit(whole, covariance, held, float(final.values[0]), steepness, n_starts)


def _raise_unsettled(curves: EndpointCurves, why: str) -> None:
    names = [spec.strategy for spec in curves.specs]
    raise SurvivalError(
        f"{curves.endpoint}, {', '.join(names)}: the maximum likelihood fit of {curves.family(names[0]).name} does not "
        f"settle: {why}. Choose a family with fewer parameters, or check the data.",
        [f"curve.{curves.endpoint}.{name}.family" for name in names],
    )
