"""Tables and figures as files of an output folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.charts import save
from hemodel.reporting.tables import csv_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

    from hemodel.reporting.tables import Table


def write_tables(folder: Path, made: Iterable[Table]) -> None:
    """Write tables as CSV to the folder tables of a folder."""
    (folder / "tables").mkdir()
    for table in made:
        (folder / "tables" / f"{table.name}.csv").write_text(csv_text(table), encoding="utf-8", newline="")


def write_figures(folder: Path, made: Mapping[str, Callable[[], Figure]]) -> dict[str, tuple[Path, Path]]:
    """Draw and write figures; return the paths of the PNG and the SVG by name."""
    (folder / "figures").mkdir(exist_ok=True)
    return {name: save(draw(), folder / "figures" / name) for name, draw in made.items()}
