"""Roots of many functions of one variable at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from hemodel.parameters import FloatArray

MOST_STEPS = 200
FINEST = 1e-13
"""Relative width of a bracket that rounding leaves."""
ZERO = 0.1
"""A value is 0 where it is this share of the width, relative to the values at the ends of the bracket."""
_HALVE_EVERY = 6


def refine(
    function: Callable[[NDArray[np.intp], FloatArray], FloatArray],
    ends: tuple[FloatArray, FloatArray],
    values: tuple[FloatArray, FloatArray],
    width: FloatArray,
) -> FloatArray:
    """Return a root (n,) in each bracket, all brackets narrowed together.

    Regula falsi as modified by Anderson and Bjorck (BIT 1973;13:253-264), with a bisection every sixth step, so that
    each bracket shrinks without end whatever the function. NaN where the function has no value on the way.

    Parameters
    ----------
    function : callable (places, x) -> array
        Values at x of the functions of some brackets, by their places among the n.
    ends : arrays (n,)
        Lower and upper ends of the brackets.
    values : arrays (n,)
        Values there, of opposite signs.
    width : array (n,)
        Relative width of each bracket in which the search ends; it also ends where the value is about 0.
    """
    (a, b), (fa, fb) = ([array.astype(np.float64) for array in pair] for pair in (ends, values))
    weight_a, weight_b, last = np.ones_like(fa), np.ones_like(fb), np.zeros_like(fa)
    small = ZERO * width * np.maximum(np.abs(fa), np.abs(fb))
    root = np.where(np.abs(fa) <= np.abs(fb), a, b)
    active = np.flatnonzero(np.maximum(np.abs(fa), np.abs(fb)) > 0)
    for step in range(MOST_STEPS):
        if not active.size:
            break
        i = active
        left, right = weight_a[i] * fa[i], weight_b[i] * fb[i]
        x = (a[i] * right - b[i] * left) / (right - left)
        if step % _HALVE_EVERY == _HALVE_EVERY - 1:
            x = 0.5 * (a[i] + b[i])
        value = function(i, x)
        root[i] = np.where(np.isnan(value), np.nan, x)
        beside_a = np.sign(value) == np.sign(fa[i])
        for side, keep, moved, f_moved, w_moved, w_other in (
            (-1.0, beside_a, a, fa, weight_a, weight_b),
            (1.0, ~beside_a, b, fb, weight_b, weight_a),
        ):
            own = i[keep]
            shrink = 1.0 - value[keep] / f_moved[own]
            again = last[own] == side
            w_other[own] *= np.where(again, np.where(shrink > 0, shrink, 0.5), 1.0)
            moved[own], f_moved[own], w_moved[own], last[own] = x[keep], value[keep], 1.0, side
        narrow = np.abs(b[i] - a[i]) <= width[i] * np.maximum(np.abs(a[i]), np.abs(b[i]))
        active = i[~(narrow | (np.abs(value) <= small[i]) | np.isnan(value))]
    return root
