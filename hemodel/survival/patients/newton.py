"""Maximise several functions of a few coefficients at once by Newton's method.

Derivatives are central differences along axes that are about one standard error long, so
that steps suit every coefficient whatever its unit. All points that a round needs are
evaluated in one call. Dennis JE, Schnabel RB (1996), Numerical Methods for Unconstrained
Optimization, chapters 5 and 6.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.survival.family import Array

    Function = Callable[[Array, "Indices"], Array]

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

STEP = 0.02
SHARES = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.1, 1e-2, 1e-3])
FLATTEST = 1e-10
MOST_ROUNDS = 60
MOST_POLISHING_ROUNDS = 8
NEAR = 1e-3
SETTLED = 1e-9
MAGNITUDES = 10.0 ** np.arange(-8, 1, 2)


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where functions were followed to, one row each.

    Attributes
    ----------
    points : array (rows, p)
    values : array (rows,)
    gradient : array (rows, p)
        Derivatives along the axes.
    information : array (rows, p, p)
        Minus the second derivatives along the axes.
    axes : array (rows, p, p)
        The axes, as columns.
    distance : array (rows,)
        Length of the gradient in standard errors; infinite where there is no maximum near.
    """

    points: Array
    values: Array
    gradient: Array
    information: Array
    axes: Array
    distance: Array

    def rows(self, chosen: Indices) -> Maximum:
        """Return only the chosen rows."""
        return Maximum(*(getattr(self, each.name)[chosen] for each in fields(self)))


def search(function: Function, points: Array, axes: Array, longest: Array) -> Maximum:
    """Follow functions uphill until within `NEAR` standard errors of a maximum.

    Parameters
    ----------
    function : function of (array (n, p), array (n,) of int) to array (n,)
        Values at points, given which row each point belongs to; -inf where there is none.
    points : array (rows, p)
        Where to begin.
    axes : array (rows, p, p)
        Axes of the first differences, as columns, about a standard error long.
    longest : array (p,)
        The longest that an axis may become in each coefficient.

    Returns
    -------
    Maximum
        Rows that did not come near a maximum have a large or infinite distance.
    """
    found = _expanded(function, points, axes, np.arange(len(points)), STEP)
    active = np.arange(len(points))
    for _ in range(MOST_ROUNDS):
        if active.size == 0:
            break
        some = found.rows(active)
        step, new_axes = _step(some, longest)
        step[~np.isfinite(some.gradient).all(axis=1)] = 0.0
        moved, gain = _along(function, some, step, active)
        some = _expanded(function, moved, new_axes, active, STEP)
        found = _replaced(found, some, active)
        stuck = (gain == 0.0) & np.isfinite(some.gradient).all(axis=1)
        active = active[~((some.distance < NEAR) | stuck)]
    return found


def polish(function: Function, found: Maximum, longest: Array) -> Maximum:
    """Take Newton steps with fourth-order differences while they bring each row nearer."""
    every = np.arange(len(found.points))
    _, axes = _step(found, longest)
    best = _fine(function, found.points, axes, every)
    active = every[best.distance > SETTLED]
    for _ in range(MOST_POLISHING_ROUNDS):
        if active.size == 0:
            break
        some = best.rows(active)
        step, axes = _step(some, longest)
        step[~np.isfinite(step)] = 0.0
        new = _fine(function, some.points + step, axes, active)
        nearer = new.distance < some.distance
        best = _replaced(best, new.rows(np.flatnonzero(nearer)), active[nearer])
        active = active[nearer & (new.distance > SETTLED)]
    return best


def first_axes(function: Function, points: Array) -> Array:
    """Return axes (rows, p, p) along the coefficients, each as long as costs about one unit."""
    rows, size = points.shape
    moves = MAGNITUDES[:, None, None] * np.eye(size)
    offsets = np.concatenate([np.zeros((1, size)), moves.reshape(-1, size), -moves.reshape(-1, size)])
    values = _at(function, points, np.broadcast_to(offsets, (rows, *offsets.shape)), np.arange(rows))
    up, down = values[:, 1:].reshape(rows, 2, MAGNITUDES.size, size).transpose(1, 0, 2, 3)
    with np.errstate(all="ignore"):
        bend = np.abs(2.0 * values[:, :1, None] - up - down)
        misfit = np.where(np.isfinite(bend) & (bend > 0.0), np.abs(np.log(bend)), np.inf)
        best = np.argmin(misfit, axis=1)[:, None, :]
        lengths = MAGNITUDES[best] / np.sqrt(np.take_along_axis(bend, best, axis=1))
    lengths = np.where(np.isfinite(np.take_along_axis(misfit, best, axis=1)), lengths, 1.0)
    return np.asarray(lengths[:, 0, None, :] * np.eye(size))


def inverse(information: Array) -> Array:
    """Invert a positive definite matrix, scaled to a unit diagonal for accuracy."""
    scale = 1.0 / np.sqrt(np.diag(information))
    found = np.linalg.inv(information * np.outer(scale, scale)) * np.outer(scale, scale)
    return np.asarray(0.5 * (found + found.T))


def _at(function: Function, points: Array, offsets: Array, rows: Indices) -> Array:
    """Compute values (rows, n) at points (rows, p) moved by offsets (rows, n, p)."""
    moved = points[:, None, :] + offsets
    count, each, size = moved.shape
    return function(moved.reshape(-1, size), np.repeat(rows, each)).reshape(count, each)


def _along(function: Function, some: Maximum, step: Array, rows: Indices) -> tuple[Array, Array]:
    """Move to the best of several shares of the step; return the points and the gain."""
    values = _at(function, some.points, SHARES[:, None] * step[:, None, :], rows)
    best = np.argmax(values, axis=1)
    gain = values[np.arange(rows.size), best] - some.values
    share = np.where(gain > 0.0, SHARES[best], 0.0)
    return some.points + share[:, None] * step, np.maximum(gain, 0.0)


def _step(some: Maximum, longest: Array) -> tuple[Array, Array]:
    """Return the Newton step (rows, p), uphill in every direction, and new axes.

    The new axes are the directions in which the information is diagonal, each a standard
    error long. Where the differences are not finite the axes become shorter.
    """
    broken = np.asarray(~np.isfinite(some.information).all(axis=(1, 2)), dtype=np.bool_)
    size = some.points.shape[1]
    information = np.where(broken[:, None, None], np.eye(size), some.information)
    bend, turn = np.linalg.eigh(information)
    bend = np.abs(bend)
    bend = np.maximum(bend, FLATTEST * bend.max(axis=1, keepdims=True))
    gradient = np.where(broken[:, None], 0.0, some.gradient)
    along = np.einsum("bij,bi->bj", turn, gradient) / bend
    step = np.einsum("bij,bj->bi", some.axes @ turn, along)
    axes = some.axes @ turn / np.sqrt(bend)[:, None, :]
    too_long = np.max(np.abs(axes) / longest[:, None], axis=1, keepdims=True)
    axes = axes / np.maximum(too_long, 1.0)
    return step, np.where(broken[:, None, None], 0.1 * some.axes, axes)


def _expanded(function: Function, points: Array, axes: Array, rows: Indices, step: float) -> Maximum:
    """Compute first and second derivatives along the axes by central differences."""
    size = points.shape[1]
    pairs = [(j, k) for j in range(size) for k in range(j)]
    unit = np.eye(size)
    mixed = np.array([unit[j] + unit[k] for j, k in pairs]).reshape(-1, size)
    offsets = step * np.concatenate([np.zeros((1, size)), unit, -unit, mixed, -mixed])
    values = _at(function, points, offsets @ axes.transpose(0, 2, 1), rows)
    middle, up, down = values[:, 0], values[:, 1 : size + 1], values[:, size + 1 : 2 * size + 1]
    both_up, both_down = np.split(values[:, 2 * size + 1 :], 2, axis=1)
    with np.errstate(invalid="ignore"):
        gradient = (up - down) / (2.0 * step)
        single = up + down - 2.0 * middle[:, None]
        information = -single[:, :, None] * unit / step**2
        for column, (j, k) in enumerate(pairs):
            double = both_up[:, column] + both_down[:, column] - 2.0 * middle
            information[:, j, k] = information[:, k, j] = -(double - single[:, j] - single[:, k]) / (2.0 * step**2)
    return Maximum(points, middle, gradient, information, axes, _distance(gradient, information))


def _fine(function: Function, points: Array, axes: Array, rows: Indices) -> Maximum:
    """Remove the leading error of the differences by Richardson's extrapolation."""
    near = _expanded(function, points, axes, rows, STEP)
    far = _expanded(function, points, axes, rows, 2.0 * STEP)
    with np.errstate(invalid="ignore"):
        gradient = (4.0 * near.gradient - far.gradient) / 3.0
        information = (4.0 * near.information - far.information) / 3.0
    return Maximum(points, near.values, gradient, information, axes, _distance(gradient, information))


def _distance(gradient: Array, information: Array) -> Array:
    """Return sqrt(g' I^-1 g), infinite where I is not positive definite."""
    found = np.full(len(gradient), np.inf)
    finite = np.isfinite(gradient).all(axis=1) & np.isfinite(information).all(axis=(1, 2))
    bend, turn = np.linalg.eigh(information[finite])
    along = np.einsum("bij,bi->bj", turn, gradient[finite])
    concave = bend[:, 0] > 0.0
    found[np.flatnonzero(finite)[concave]] = np.sqrt((along[concave] ** 2 / bend[concave]).sum(axis=1))
    return found


def _replaced(found: Maximum, some: Maximum, rows: Indices) -> Maximum:
    """Return the maxima with some rows replaced."""
    parts = []
    for each in fields(found):
        both = getattr(found, each.name).copy()
        both[rows] = getattr(some, each.name)
        parts.append(both)
    return Maximum(*parts)
