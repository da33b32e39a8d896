"""Where draws lie densely on a plane: regions that hold a share of them, whatever their shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.psa_plane import SHARES, densest

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from hemodel.parameters import FloatArray

DRAWS_NEEDED = 500
TINTS = (0.10, 0.14, 0.20)
"""Opacity of the regions, the widest first."""


def draw_regions(axes: Axes, x: FloatArray, y: FloatArray, colour: str) -> list[Artist]:
    """Shade the regions; return what the legend shows, nothing where the draws are too few or do not vary."""
    from matplotlib.patches import Patch

    if x.size < DRAWS_NEEDED or not np.ptp(x) or not np.ptp(y):
        return []
    across, up, density, heights = densest(x, y)
    for height, tint in zip(heights, TINTS, strict=True):
        axes.contourf(across, up, density, levels=[height, np.inf], colors=[colour], alpha=tint, zorder=1.5)
        axes.contour(across, up, density, levels=[height], colors=[colour], linewidths=0.5, zorder=1.6)
    shares = ", ".join(f"{share:.0%}" for share in SHARES)
    return [Patch(facecolor=colour, alpha=0.3, label=f"Densest regions with {shares} of the draws")]
