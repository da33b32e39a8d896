"""The charts of a run: which of them apply, and writing them.

Every chart that the view modules declare takes the results and the run and returns a figure. None computes a
result: what is drawn is in the results, in the draws, or is a fitted curve, and a test on the syntax tree refuses sums
and products of costs, effects and thresholds.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel.errors import OutputError
from hemodel.views.registry import CHARTS
from hemodel.views.shared.style import DOTS_PER_INCH, house_style

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from matplotlib.figure import Figure

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.views.shared.declared import ChartEntry

    Draw = Callable[[Path], tuple[Path, Path]]


PNG = {"compress_level": 4}
"""Twice as quick as the usual level, for files hardly larger."""


def figures(results: Results, run: Run, among: Iterable[ChartEntry] = CHARTS) -> dict[str, Callable[[], Figure]]:
    """Return every chart that applies to a run, by name; each is drawn when it is called.

    Parameters
    ----------
    results : Results
        Of the same run.
    among : iterable of ChartEntry
        Those wanted.
    """
    every = [one for entry in among for one in entry.of_run(results)]
    return {entry.name: partial(entry.draw, results, run) for entry in every if entry.applies(results, run)}


def captions(results: Results) -> dict[str, str]:
    """Return the caption of every chart of a run, by name."""
    return {one.name: one.caption for entry in CHARTS for one in entry.of_run(results)}


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
