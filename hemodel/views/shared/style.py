"""How every chart looks: colours, markers, dashes and the settings of matplotlib.

Strategies differ in lightness, dashes and markers as well as in hue. The
settings of matplotlib are changed in `house_style` only, and put back.
"""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from hemodel.fonts import families

if TYPE_CHECKING:
    from collections.abc import Iterator


SIZE = 8.0
"""Smallest text. [points]"""
DOTS_PER_INCH = 280

INK, GREY, LIGHT = "#222222", "#5A5A5A", "#C4C4C4"
STRATEGY_COLOURS = (
    *("#12436D", "#E66100", "#009E73", "#B0508A", "#56B4E9", "#000000", "#A08000"),
    *("#7B3F00", "#7A6FF0", "#7CB518", "#B00020", "#F4978E"),
)
"""Of strategies, and after those again, lighter each time."""
LIGHTER = 0.35
"""Share of white that each further round of the colours is mixed with."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
DASHES: tuple[tuple[float, tuple[float, ...]], ...] = (
    (0, ()),
    (0, (6, 2)),
    (0, (1.5, 1.5)),
    (0, (6, 2, 1.5, 2)),
    (0, (9, 2)),
    (0, (3, 1)),
    (0, (6, 1.5, 1, 1.5, 1, 1.5)),
)
EXCEL_DASHES = ("solid", "dash", "round_dot", "dash_dot", "long_dash", "square_dot", "long_dash_dot")
"""The same in charts that Excel draws."""
PARTS = ("#0072B2", "#56B4E9", "#009E73", "#B8E0A0", "#D55E00", "#E69F00", "#8A8A8A", "#CC79A7", "#F0E442", "#000000")
"""Colours of parts of a whole, in order (Okabe-Ito, two of them lighter)."""
HATCHES = ("", "", "////", "", "\\\\\\\\", "....", "xxxx", "", "----", "")
"""Hatches of those parts, so that they differ in grey as well."""
LOW_COLOUR, HIGH_COLOUR = "#F0A83C", "#0B5C8F"

_SETTINGS: dict[Any, Any] = {
    "figure.dpi": DOTS_PER_INCH,
    "font.size": SIZE,
    "text.color": INK,
    "text.parse_math": False,
    "axes.titlesize": SIZE + 0.5,
    "axes.titlelocation": "left",
    "axes.labelsize": SIZE,
    "axes.labelcolor": INK,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": "#E4E4E4",
    "grid.linewidth": 0.6,
    "xtick.labelsize": SIZE,
    "ytick.labelsize": SIZE,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.6,
    "legend.fontsize": SIZE,
    "legend.frameon": False,
    "legend.handlelength": 2.4,
    "hatch.linewidth": 0.6,
    "svg.fonttype": "path",
    "svg.hashsalt": "hemodel",
}


@contextmanager
def house_style() -> Iterator[None]:
    """Use the house's settings of matplotlib, whatever the user's are, and put those back.

    Of characters that no font holds the run warns in words, once; matplotlib's own warnings are left out.
    """
    import matplotlib as mpl

    with mpl.rc_context(_all_settings()), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "(Glyph|Matplotlib currently does not support)", UserWarning)
        yield


@cache
def _all_settings() -> dict[Any, Any]:
    """Return matplotlib's own settings (the backend left alone) with the house's instead of some."""
    import matplotlib as mpl

    return {k: v for k, v in mpl.rcParamsDefault.items() if not str(k).startswith("backend")} | (
        _SETTINGS | {"font.family": list(families())}
    )


def colour(place: int) -> str:
    """Return the colour of a strategy; no two have the same."""
    again, own = divmod(place, len(STRATEGY_COLOURS))
    kept = (1.0 - LIGHTER) ** again
    parts = (int(STRATEGY_COLOURS[own][i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 - kept * (255 - part)):02X}" for part in parts)


def marker(place: int) -> str:
    """Return the marker of a strategy."""
    return MARKERS[place % len(MARKERS)]


def dashes(place: int) -> tuple[float, tuple[float, ...]]:
    """Return the dashes of a strategy, or of a curve among others of one strategy."""
    return DASHES[place % len(DASHES)]


def excel_line(place: int, width: float) -> dict[str, Any]:
    """Return the line of a strategy in a chart that Excel draws."""
    return {"color": colour(place), "width": width, "dash_type": EXCEL_DASHES[place % len(EXCEL_DASHES)]}
