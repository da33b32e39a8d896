"""Figures that runs for several payers have in common, drawn once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hemodel.views.charts import files_of, save
from hemodel.views.registry import CHARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

    from hemodel.analyses.shared import Shared
    from hemodel.views.charts import Draw, Save


SAME_FOR_PAYERS = tuple(entry.name for entry in CHARTS if entry.same_for_payers)


def drawing_once(made: Mapping[str, Callable[[], Figure]], shared: Shared) -> dict[str, Draw]:
    """Return for each figure what saves it to a path without suffix; it is drawn once for all runs."""
    return {name: partial(_saved, name, draw, shared) for name, draw in made.items()}


def _saved(name: str, draw: Callable[[], Figure], shared: Shared, path: Path, _: Save) -> tuple[Path, Path]:
    contents = shared.once(("figure", name), partial(_drawn, path, draw))
    found = files_of(path)
    for file, content in zip(found, contents, strict=True):
        file.write_bytes(content)
    return found


def _drawn(path: Path, draw: Callable[[], Figure]) -> tuple[bytes, ...]:
    return tuple(file.read_bytes() for file in save(draw(), path))
