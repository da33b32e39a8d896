"""Writing figures as files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.errors import OutputError
from hemodel.views.shared.style import DOTS_PER_INCH, house_style

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

    Draw = Callable[[Path], tuple[Path, Path]]


PNG = {"compress_level": 4}
"""Twice as quick as the usual level, for files hardly larger."""


def save(figure: Figure, path: str | Path, dots_per_inch: int = DOTS_PER_INCH) -> tuple[Path, Path]:
    """Write a figure as PNG and as SVG (text as outlines, which look the same everywhere).

    The same figure gives the same bytes.

    Parameters
    ----------
    path : str or Path
        Without a suffix; .png and .svg are added.
    dots_per_inch : int
        Of the PNG.

    Returns
    -------
    paths of the PNG and of the SVG

    Raises
    ------
    OutputError
        Where a file cannot be written.
    """
    path = Path(path)
    png, svg = files_of(path)
    title = str(figure.get_label())
    try:
        with house_style():
            figure.savefig(png, dpi=dots_per_inch, metadata={"Software": None, "Title": title}, pil_kwargs=PNG)
            figure.savefig(svg, dpi=DOTS_PER_INCH, metadata={"Date": None, "Creator": "hemodel", "Title": title})
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise OutputError(f"{path}: the chart cannot be written ({reason}). Choose another folder.") from error
    return png, svg


def files_of(path: Path) -> tuple[Path, Path]:
    """Return the paths of the PNG and of the SVG of a figure, of which one without suffix is given."""
    return path.with_name(f"{path.name}.png"), path.with_name(f"{path.name}.svg")


def drawing(made: Mapping[str, Callable[[], Figure]], dots_per_inch: int = DOTS_PER_INCH) -> dict[str, Draw]:
    """Return for each figure what draws it and saves it to a path without suffix, as PNG and SVG."""
    return {name: partial(_drawn, draw, dots_per_inch) for name, draw in made.items()}


def _drawn(draw: Callable[[], Figure], dots_per_inch: int, path: Path) -> tuple[Path, Path]:
    return save(draw(), path, dots_per_inch)
