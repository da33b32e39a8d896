"""Double-exponential quadrature on (0, 1) and (0, inf).

Takahasi H, Mori M (1974), Publications RIMS 9: 721-741. Both rules put nodes at
exponentially small distances from 0, so that integrands that are unbounded or not
smooth there (Weibull shape below 1) lose no accuracy.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from hemodel.survival.family import Array

LARGEST_LOG_NODE = 690.0
FINE_STEP, COARSE_STEP = 1.0 / 128.0, 1.0 / 16.0
MANY_PIECES = 4


@cache
def unit_interval(step: float) -> tuple[Array, Array]:
    """Return log of the nodes and the weights for an integral over (0, 1).

    The node at u is 1 / (1 + exp(-pi sinh u)) for u from -4.3 to 3 in steps of ``step``.
    """
    u = np.arange(round(-4.3 / step), round(3.0 / step) + 1) * step
    log_nodes = -np.logaddexp(0.0, -np.pi * np.sinh(u))
    log_rest = -np.logaddexp(0.0, np.pi * np.sinh(u))
    return log_nodes, step * np.pi * np.cosh(u) * np.exp(log_nodes + log_rest)


@cache
def half_line(step: float) -> tuple[Array, Array]:
    """Return log of the nodes and the weights for an integral over (0, inf).

    The node at u is exp(pi/2 sinh u), up to about exp(690); the last one has half its
    weight, so that the rest of an integral that is not yet 0 there can be added.
    """
    last = float(np.arcsinh(2.0 * LARGEST_LOG_NODE / np.pi))
    u = np.arange(round(-4.3 / step), int(last / step) + 1) * step
    log_nodes = 0.5 * np.pi * np.sinh(u)
    weights = step * 0.5 * np.pi * np.cosh(u) * np.exp(log_nodes)
    weights[-1] *= 0.5
    return log_nodes, weights


@cache
def nodes_up_to(horizon: float, kinks: tuple[float, ...]) -> tuple[Array, Array]:
    """Return nodes and weights for an integral over (0, horizon) of a curve with kinks.

    Each piece between two kinks has its own double-exponential rule, with a coarser
    step where there are several.
    """
    edges = np.array([0.0, *(kink for kink in kinks if 0.0 < kink < horizon), horizon])
    log_nodes, weights = unit_interval(FINE_STEP if edges.size < MANY_PIECES else COARSE_STEP)
    widths = np.diff(edges)[:, None]
    t = edges[:-1, None] + widths * np.exp(log_nodes)
    return t.ravel(), (widths * weights).ravel()


def nodes_by_draw(horizon: float, kinks: Array) -> tuple[Array, Array]:
    """Return nodes and weights (draws, nodes) for integrals over (0, horizon) with kinks (draws, k) of their own."""
    inside = np.sort(np.clip(kinks, 0.0, horizon), axis=1)
    edges = np.hstack([np.zeros((len(inside), 1)), inside, np.full((len(inside), 1), horizon)])
    log_nodes, weights = unit_interval(FINE_STEP if edges.shape[1] < MANY_PIECES else COARSE_STEP)
    widths = np.diff(edges, axis=1)[:, :, None]
    t = edges[:, :-1, None] + widths * np.exp(log_nodes)
    return t.reshape(len(edges), -1), (widths * weights).reshape(len(edges), -1)
