"""Pictures of the results workbook: charts that Excel cannot draw as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from xlsxwriter.worksheet import Worksheet

BELOW = {
    "survival_fit": "survival_curves",
    "psa_net_benefit": "convergence",
    "price_threshold": "price_icer",
    "frontier_price": "efficiency_frontier",
    "evpi": "expected_loss",
    "budget_impact": "budget_impact",
}
"""Which picture stands below which table."""
ON_SHEETS = {
    "evppi": ("evppi", "voi_curves"),
    "two_way": ("two_way",),
    "scenarios": ("scenarios",),
    "budget_population": ("budget_patients",),
    "budget_one_way": ("budget_one_way",),
}
"""Which pictures stand on the chart sheet of which table where there is nothing for a native chart."""
_WIDTH = 720.0
_GAP = 20
_SCREEN = 96.0
_METRES_PER_INCH = 0.0254


def chosen(table: str, figures: Mapping[str, Path]) -> list[Path]:
    """Return the pictures of a table's chart sheet that exist."""
    return [figures[name] for name in ON_SHEETS.get(table, ()) if name in figures]


def place_pictures(sheet: Worksheet, row: int, pictures: list[Path]) -> None:
    """Insert pictures from a row on, two beside each other, at one width."""
    below = 0
    for start in range(0, len(pictures), 2):
        pair = pictures[start : start + 2]
        for k, path in enumerate(pair):
            _insert(sheet, row, path, k * (int(_WIDTH) + _GAP), below)
        below += max(_height(path) for path in pair) + _GAP


def _insert(sheet: Worksheet, row: int, path: Path, right: int, down: int) -> None:
    width, _, dots = _size(path)
    scale = _WIDTH / (width * _SCREEN / dots)
    place = {"x_offset": right, "y_offset": down, "x_scale": scale, "y_scale": scale, "object_position": 3}
    sheet.insert_image(row, 0, str(path), {**place, "description": path.stem.replace("_", " ")})


def _height(path: Path) -> int:
    width, height, _ = _size(path)
    return int(height * _WIDTH / width)


def _size(path: Path) -> tuple[int, int, float]:
    """Return width and height of a PNG in dots, and its dots per inch as the writer reads them."""
    data = path.read_bytes()
    width, height = (int.from_bytes(data[k : k + 4], "big") for k in (16, 20))
    mark = data.find(b"pHYs")
    dots = _SCREEN if mark < 0 else int.from_bytes(data[mark + 4 : mark + 8], "big") * _METRES_PER_INCH
    return width, height, dots
