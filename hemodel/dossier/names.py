"""Names that a layout may use: tables, figures and texts of a dossier."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

TABLE, FIGURE, TEXT = "table", "figure", "text"


@cache
def known(kind: str) -> tuple[str, ...]:
    """Return the names of a kind: table, figure or text."""
    return tuple(row["name"] for row in _rows() if row["kind"] == kind)


@cache
def _rows() -> tuple[dict[str, str], ...]:
    text = files("hemodel.dossier").joinpath("data", "names.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
