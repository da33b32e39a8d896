"""The texts of a chart and their boxes, as the renderer has them."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text

TOLERANCE = 1.0
"""Pixels, of which there are 280 to the inch."""


def box_of(text: Text) -> Bbox:
    return Bbox(text.get_window_extent())


def tick_labels(axis: Axis) -> Iterator[Text]:
    """Yield the labels of the ticks that can be seen."""
    low, high = sorted(axis.get_view_interval())
    for tick in axis.get_major_ticks():
        if low <= tick.get_loc() <= high and tick.label1.get_text():
            yield tick.label1


def shown(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.axison]


def texts_of(figure: Figure) -> list[Text]:
    """Return every text on the page."""
    found = list(figure.texts)
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes)]
    found += [text for legend in legends if legend is not None for text in legend.get_texts()]
    for axes in figure.axes:
        found += axes.texts
        if axes.axison:
            found += [axes.title, *(getattr(axes, f"_{side}_title") for side in ("left", "right"))]
            for axis in (axes.xaxis, axes.yaxis):
                found += [axis.label, *tick_labels(axis)]
    return [text for text in found if text.get_text()]


def overlap(one: Bbox, other: Bbox, allowed: float = TOLERANCE) -> bool:
    across = min(one.x1, other.x1) - max(one.x0, other.x0)
    down = min(one.y1, other.y1) - max(one.y0, other.y0)
    return bool(across > allowed and down > allowed)


def clipped(figure: Figure) -> list[str]:
    """Return the texts that leave the page."""
    page = figure.bbox.padded(TOLERANCE)
    boxes = ((text.get_text(), box_of(text)) for text in texts_of(figure))
    return [text for text, b in boxes if b.x0 < page.x0 or b.y0 < page.y0 or b.x1 > page.x1 or b.y1 > page.y1]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Return the pairs of texts that lie on one another."""
    boxes = [(text.get_text(), box_of(text)) for text in texts_of(figure)]
    return [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if overlap(one, other)]
