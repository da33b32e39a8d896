"""The draws on the cost-effectiveness plane: increments, their mean, and regions that hold a share of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import increment, net_monetary_benefit

if TYPE_CHECKING:
    from hemodel.parameters import FloatArray


CHI_SQUARED_95 = 5.991464547107979
"""95% point of the chi-squared distribution with 2 degrees of freedom."""
CELLS = 72
"""Cells of the grid along each axis."""
SPREAD = 2.5
"""Standard deviation of the smoothing, in cells."""
SHARES = (0.5, 0.8, 0.95)
"""Shares of the draws that the densest regions hold."""


@dataclass(frozen=True)
class Cloud:
    """Increments of one intervention over the comparator in every draw: arrays (draws,). [QALY], [currency]."""

    qalys: FloatArray
    costs: FloatArray

    @property
    def mean(self) -> tuple[float, float]:
        """Mean incremental QALYs and costs of these draws."""
        return float(self.qalys.mean()), float(self.costs.mean())

    def share_below(self, threshold: float) -> float:
        """Return the share of draws below the line of a threshold, whose net monetary benefit is above 0."""
        return float((net_monetary_benefit(self.qalys, self.costs, threshold) > 0).mean())

    def ellipse(self) -> tuple[FloatArray, FloatArray]:
        """Return the outline, QALYs and costs, that holds 95% of a bivariate normal distribution."""
        angle = np.linspace(0, 2 * np.pi, 181)
        spread = np.array([self.qalys.std(ddof=1), self.costs.std(ddof=1)])
        scale = np.where(spread > 0, spread, 1.0)
        values, vectors = np.linalg.eigh(np.cov(self.qalys / scale[0], self.costs / scale[1]))
        circle = np.sqrt(CHI_SQUARED_95) * np.array([np.cos(angle), np.sin(angle)])
        ring = (vectors * np.sqrt(np.clip(values, 0, None))) @ circle
        return self.qalys.mean() + scale[0] * ring[0], self.costs.mean() + scale[1] * ring[1]


def cloud(qalys: FloatArray, costs: FloatArray, place: int) -> Cloud:
    """Return the increments of the strategy at a place; totals are arrays (draws, strategies), comparator first."""
    return Cloud(increment(qalys, place), increment(costs, place))


def densest(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Return a smoothed density of points on a grid, and its heights around regions that hold `SHARES` of it.

    Parameters
    ----------
    x, y : array (draws,)

    Returns
    -------
    centres of x (cells,), centres of y (cells,), density (cells of y, cells of x), heights (shares,)
        The highest-density regions of Hyndman RJ (1996), American Statistician 50: 120-126, the widest first.
    """
    from scipy.ndimage import gaussian_filter

    edges = [np.linspace(v.min() - 0.1 * np.ptp(v), v.max() + 0.1 * np.ptp(v), CELLS + 1) for v in (x, y)]
    number, _, _ = np.histogram2d(x, y, bins=edges)
    density = gaussian_filter(number, SPREAD, mode="constant").T
    ordered = np.sort(density.ravel())[::-1]
    held = np.cumsum(ordered) / ordered.sum()
    heights = np.array([ordered[np.searchsorted(held, share)] for share in sorted(SHARES, reverse=True)])
    centres = [(e[1:] + e[:-1]) / 2.0 for e in edges]
    return centres[0], centres[1], density, heights
