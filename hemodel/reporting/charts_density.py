"""Where draws lie densely on a plane: regions that hold a share of them, whatever their shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from hemodel.parameters import FloatArray

CELLS = 72
"""Cells of the grid along each axis."""
SPREAD = 2.5
"""Standard deviation of the smoothing, in cells."""
SHARES = (0.5, 0.8, 0.95)
"""Shares of the draws that the regions hold."""
DRAWS_NEEDED = 500
TINTS = (0.10, 0.14, 0.20)
"""Opacity of the regions, the widest first."""


def regions(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
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


def draw_regions(axes: Axes, x: FloatArray, y: FloatArray, colour: str) -> list[Artist]:
    """Shade the regions; return what the legend shows, nothing where the draws are too few or do not vary."""
    from matplotlib.patches import Patch

    if x.size < DRAWS_NEEDED or not np.ptp(x) or not np.ptp(y):
        return []
    across, up, density, heights = regions(x, y)
    for height, tint in zip(heights, TINTS, strict=True):
        axes.contourf(across, up, density, levels=[height, np.inf], colors=[colour], alpha=tint, zorder=1.5)
        axes.contour(across, up, density, levels=[height], colors=[colour], linewidths=0.5, zorder=1.6)
    shares = ", ".join(f"{share:.0%}" for share in SHARES)
    return [Patch(facecolor=colour, alpha=0.3, label=f"Densest regions with {shares} of the draws")]
