"""Figures that runs for several payers have in common, drawn once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hemodel.reporting.charts import save

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

    from hemodel.analysis.sharing import Shared

SAME_FOR_PAYERS = ("survival_curves", "occupancy")
"""Figures of a run that do not depend on discount rates and thresholds."""


def write_shared(
    folder: Path, made: Mapping[str, Callable[[], Figure]], shared: Shared
) -> dict[str, tuple[Path, Path]]:
    """Write figures to the folder figures, each drawn once for all runs; return the paths of PNG and SVG by name."""
    place, found = folder / "figures", {}
    place.mkdir(exist_ok=True)
    for name, draw in made.items():
        contents = shared.once(("figure", name), partial(_drawn, place / name, draw))
        found[name] = (place / f"{name}.png", place / f"{name}.svg")
        for path, content in zip(found[name], contents, strict=True):
            path.write_bytes(content)
    return found


def _drawn(path: Path, draw: Callable[[], Figure]) -> tuple[bytes, ...]:
    return tuple(file.read_bytes() for file in save(draw(), path))
