"""Functions of survival analysis as spreadsheet formulas, stable where survival is near 1 or near 0.

All return values that a spreadsheet can hold: a cumulative hazard is never above `MOST_HAZARD`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.formula import (
    Formula,
    absolute,
    as_formula,
    call,
    exp_of_negative,
    larger,
    ln,
    normal_cdf,
    smaller,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.live_model.formula import Number


LOG_OF_MOST = 230.0
MOST_HAZARD = float(np.exp(LOG_OF_MOST))
"""Cumulative hazards are held below this, about 1e100: products of them and of ratios stay in range."""
ROOT_2_PI = float(np.sqrt(2.0 * np.pi))
NEAR_ZERO = 0.01
FAR = 37.0


def capped_exp(x: Number) -> Formula:
    """Return EXP of at most `LOG_OF_MOST`."""
    return call("EXP", np.exp, smaller(x, LOG_OF_MOST))


def polynomial(terms: Sequence[float], x: Formula) -> Formula:
    """Return terms[0] + terms[1] x + ... by Horner's rule."""
    result = as_formula(terms[-1])
    for term in reversed(terms[:-1]):
        result = as_formula(term) + x * result
    return result


def growth_ratio(x: Formula) -> Formula:
    """Return (exp(x) - 1) / x, which is 1 at x = 0; relative error below 2e-14."""
    series = polynomial([1.0 / float(np.prod(np.arange(1.0, n + 2.0))) for n in range(6)], x)
    return when(absolute(x) < NEAR_ZERO, series, (capped_exp(x) - 1.0) / x)


def log_of_one_plus(x: Formula) -> Formula:
    """Return ln(1 + x) for x of 0 or more; relative error below 2e-14."""
    series = x * polynomial([(-1.0) ** n / (n + 1.0) for n in range(7)], x)
    return when(x < NEAR_ZERO, series, ln(1.0 + x))


def log_of_one_plus_exp(x: Formula) -> Formula:
    """Return ln(1 + exp(x)); absolute error below 2e-16, so that survival has one of its own size."""
    return larger(x, 0.0) + ln(1.0 + exp_of_negative(absolute(x)))


def normal_hazard(z: Formula) -> Formula:
    """Return -ln Phi(-z), of z up to 37, where it is 689: NORMSDIST of less is 0."""
    return -ln(normal_cdf(-smaller(z, FAR)))


def inverse_mills(z: Formula) -> Formula:
    """Return phi(z) / Phi(-z), of z from -37 to 37."""
    near = smaller(z, FAR)
    return call("EXP", np.exp, -(0.5 * near * near)) / ROOT_2_PI / normal_cdf(-near)


def lookup(x: Formula, edges: Formula, values: Formula) -> Formula:
    """Return LOOKUP: the value that stands with the last of the rising edges at or below x."""
    function = partial(_at_last_edge, np.asarray(edges.value), np.asarray(values.value))
    text = f"LOOKUP({x.text},{edges.text},{values.text})"
    return Formula(text, function(np.asarray(x.value)))


def _at_last_edge(
    edges: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    x: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> object:
    found = values[np.searchsorted(edges, x, side="right") - 1]
    return found if found.ndim else found.item()


def last_at_or_below(x: Formula, edges: Formula) -> Formula:
    """Return MATCH with 1: the position, from 1, of the last of the rising edges at or below x."""
    return call("MATCH", lambda value, rising, _: np.searchsorted(rising, value, side="right"), x, edges, 1)
