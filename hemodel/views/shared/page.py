"""The page of a chart: header, legend, labels of lines, axes and final layout.

The title says what is found, the subtitle what is shown. Pages are 11.4 cm wide with text of 8 points or more: 11
points across a page of text, and still 5.6 at a width of 8 cm.
"""

from __future__ import annotations

import math
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.views.shared.style import GREY, INK, LIGHT, SIZE
from hemodel.views.shared.text import LINE, POINTS_PER_INCH, fixed, fold, lines_height, text_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.text import Annotation


WIDTH = 4.5
"""Width of a page; all sizes in inches and points are for it. [inches]"""
MOST_BODY = 5.6
"""Height of the body of a page that is full. [inches]"""
TITLE_SIZE = 9.5
MARGIN = 0.1
MOST_TICKS = 5
LABEL_WIDTH = 1.7
"""Width of a label beside a row or a line. [inches]"""
THOUSANDS = ((2e6, 1e6, "million "), (1e4, 1e3, "thousand "))
"""From which largest value on an axis of money is in which unit, and in words."""
LOG_TICKS = ((0.7, (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)), (1.8, (1.0, 2.0, 5.0)))
"""Ticks of each decade of a logarithmic axis, by how many decades it has."""
ENDS = 1.04
"""Where labels of the ends of lines begin, in widths of the axes."""
LEGEND_HANDLE = 0.45
"""Width of a legend's sample and the space beside it. [inches]"""
LEGEND_GAP = 0.2
"""Space between two columns of a legend. [inches]"""


def page(title: str, subtitle: str, body: float) -> Figure:
    """Return an empty page with its header, which the layout keeps clear of everything else.

    Parameters
    ----------
    title, subtitle : str
        What is found, in a sentence, and what exactly is shown.
    body : float
        Height below the header, without a legend. [inches]
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.transforms import ScaledTranslation

    room = WIDTH - 2 * MARGIN
    heading = fold(title, room, size=TITLE_SIZE, bold=True, lines=3)
    details = fold(subtitle, room, lines=5)
    below = MARGIN + lines_height(heading, TITLE_SIZE) + 0.04
    header = below + lines_height(details) + 0.08
    figure = Figure(figsize=(WIDTH, header + body), label=title)
    FigureCanvasAgg(figure)
    _reserve(figure, header)
    top, under = (
        figure.transFigure + ScaledTranslation(MARGIN, -down, figure.dpi_scale_trans) for down in (MARGIN, below)
    )
    figure.text(0, 1, heading, transform=top, va="top", linespacing=1.15, size=TITLE_SIZE, weight="bold")
    figure.text(0, 1, details, transform=under, va="top", linespacing=1.15, color=GREY)
    return figure


def _reserve(figure: Figure, header: float) -> None:
    """Keep the layout out of the header, whose height is in inches."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    free = (0, 0, 1, 1 - header / figure.get_figheight())
    figure.set_layout_engine(ConstrainedLayoutEngine(rect=free, w_pad=0.06, h_pad=0.05))


def number_axis(axis: Axis, label: str, by: float = 1.0) -> None:
    """Label an axis and give it round ticks in units of `by`, with as many decimals as their step needs."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_label_text(label)
    axis.set_major_locator(MaxNLocator(MOST_TICKS, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(partial(_rounded, axis, by)))


def _rounded(axis: Axis, by: float, value: float, _: int | None) -> str:
    ticks = axis.get_majorticklocs()
    step = (abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(value) or 1.0) / by
    enough = (d for d in range(12) if abs(step * 10**d - round(step * 10**d)) < 1e-6 * step * 10**d)
    return fixed(value / by, next(enough, 12))


def money_unit(values: Iterable[float]) -> tuple[float, str]:
    """Return in which unit amounts of money are written, and in words: millions, thousands or one."""
    largest = max(abs(value) for value in values)
    return next(((by, words) for least, by, words in THOUSANDS if largest >= least), (1.0, ""))


def money_axis(axis: Axis, name: str, currency: str, per: str = "", values: Iterable[float] = ()) -> None:
    """Label an axis of money, in thousands or millions where its values are large.

    Parameters
    ----------
    per : str
        What it is for, such as per QALY.
    values : iterable of float, optional
        Those shown; by default the ends of the axis.
    """
    by, words = money_unit(list(values) or axis.get_view_interval())
    number_axis(axis, f"{name} ({' '.join(part for part in (words + currency, per) if part)})", by)


def log_axis(axis: Axis, label: str, by: float = 1.0) -> None:
    """Label a logarithmic axis and write its ticks as plain numbers in units of `by`."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    decades = math.log10(high / low)
    subs = next((ticks for most, ticks in LOG_TICKS if decades < most), (1.0,))
    axis.set_label_text(label)
    axis.set_major_locator(LogLocator(subs=subs))
    axis.set_major_formatter(FuncFormatter(partial(_plain, by)))
    axis.set_minor_formatter(NullFormatter())


def _plain(by: float, value: float, _: int | None) -> str:
    return f"{value / by:,.10g}"


def percent_axis(axes: Axes, label: str) -> None:
    """Let the y axis run from 0 to 100%; the values are proportions."""
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0], ["0", "20", "40", "60", "80", "100"])
    axes.set_ylabel(label)


def plain_rows(axes: Axes) -> None:
    """Let the y axis be a list of names: no ticks, no line, and a grid for the other axis."""
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def make_room(axes: Axes, pad: float = 0.05, *, from_zero: bool = False) -> None:
    """Widen the x axis until every note beside a point lies inside it.

    Parameters
    ----------
    axes : Axes
        Its notes are those made with `annotate`, anchored at data.
    pad : float
        Space between a note and the edge. [inches]
    from_zero : bool
        Keep where the axis begins, and put notes that do not fit in before their points to the right of all of their
        row instead.
    """
    figure = axes.get_figure(root=True)
    notes = _notes(axes, across=False)
    if figure is None or not notes:
        return
    lay_out(figure)
    low, high = axes.get_xlim()
    left, right = _reach(axes, notes, pad)
    for _ in range(60):
        span = min(high - low, 1e12)
        low = low if from_zero else min(low, *(x - share * span for x, share in left))
        high = max(high, *(x + share * span for x, share in right))
    axes.set_xlim(low, high)
    cut = [note for note, (x, share) in zip(notes, left, strict=True) if x - share * (high - low) < low]
    if from_zero and cut:
        for note in cut:
            ends = [float(np.max(line.get_xdata())) for line in axes.get_lines() if _row(line) == note.xy[1]]
            note.xy = (max(ends, default=note.xy[0]), note.xy[1])
            note.set_x(abs(note.get_position()[0]))
            note.set_horizontalalignment("left")
        make_room(axes, pad)


def _notes(axes: Axes, *, across: bool) -> list[Annotation]:
    """Return the notes beside points, or those above upright lines."""
    from matplotlib.text import Annotation

    return [text for text in axes.texts if isinstance(text, Annotation) and (text.get_gid() == ACROSS) == across]


def _row(line: Line2D) -> float | None:
    """Return the height of a level line or of a point; None for another line."""
    heights = np.unique(np.asarray(line.get_ydata(), dtype=np.float64))
    return float(heights[0]) if heights.size == 1 else None


def _reach(
    axes: Axes, notes: Sequence[Annotation], pad: float
) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """Return the anchor of each note and how far it reaches to its left and to its right, in widths of the axes."""
    width, space = axes.bbox.width, pad * axes.figure.dpi
    left, right = [], []
    for note in notes:
        anchor = float(axes.transData.transform((note.xy[0], 0))[0])
        box = note.get_window_extent()
        left.append((note.xy[0], (anchor - box.x0 + space) / width))
        right.append((note.xy[0], (box.x1 - anchor + space) / width))
    return left, right


ACROSS = "across"
"""What texts above upright lines are called until the page is laid out."""


def label_across(axes: Axes, x: float, text: str, colour: str = INK, *, line: int = 0) -> None:
    """Write above an upright line what it is; `settle` puts it on the side where the page has more room.

    Parameters
    ----------
    x : float
        Where the line is, on the axis.
    line : int
        How many lines of text there are between the axes and this.
    """
    axes.annotate(
        "|",
        (x, 1.0),
        xycoords=axes.get_xaxis_transform(),
        xytext=(0, 2 + line * LINE * SIZE),
        textcoords="offset points",
        va="bottom",
        ha="center",
        color=colour,
        gid=ACROSS,
        label=text,
    )


def _write_across(figure: Figure) -> None:
    """Write the texts above upright lines, each from its line to the farther side of the page."""
    for axes in figure.axes:
        for text in _notes(axes, across=True):
            at, whole = float(axes.transData.transform((text.xy[0], 0))[0]), figure.bbox.width
            room = max(at, whole - at) / figure.dpi - MARGIN
            text.set_text(fold(str(text.get_label()), room, lines=1))
            text.set_horizontalalignment("left" if at < whole / 2 else "right")


def label_ends(figure: Figure, axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Write to the right of the axes what each line is, level with its end or as near as others leave room for.

    Parameters
    ----------
    ends : sequence of (float, str, str)
        Height on the axis, text and colour of each line.
    """
    ordered = sorted(ends, key=lambda end: end[0])
    made = [
        axes.text(
            ENDS,
            0.5,
            fold(text, LABEL_WIDTH - 0.3, lines=3),
            transform=axes.transAxes,
            va="center",
            color=colour,
            linespacing=1.05,
        )
        for _, text, colour in ordered
    ]
    lay_out(figure)
    to_axes = axes.transData + axes.transAxes.inverted()
    x = axes.get_xlim()[1]
    wanted = [min(max(float(to_axes.transform((x, end[0]))[1]), 0.0), 1.0) for end in ordered]
    heights = [lines_height(text.get_text()) * figure.dpi / axes.bbox.height for text in made]
    for text, height, place in zip(made, wanted, spread(wanted, heights), strict=True):
        text.set_y(place)
        ends_at = ([1.005, ENDS - 0.01], [height, place])
        axes.plot(*ends_at, transform=axes.transAxes, color=LIGHT, linewidth=0.6, clip_on=False)


def spread(wanted: Sequence[float], heights: Sequence[float]) -> list[float]:
    """Return places near those wanted (rising) at which labels of such heights keep apart, below 1 where there is room.

    Parameters
    ----------
    wanted, heights : sequence of float
        As shares of the height of the axes.
    """
    gaps = [(one + other) / 2 for one, other in pairwise(heights)]
    places: list[float] = []
    for want, gap in zip(wanted, [0.0, *gaps], strict=True):
        places.append(max(want, places[-1] + gap) if places else want)
    limit = 1.0 - (heights[-1] / 2 if len(heights) else 0.0)
    for i in range(len(places) - 1, -1, -1):
        places[i] = max(min(places[i], limit), sum(gaps[:i]))
        limit = places[i] - (gaps[i - 1] if i else 0.0)
    return places


def legend_below(figure: Figure, handles: Iterable[Artist]) -> None:
    """Put a legend under the axes, in as many columns as its labels leave room for; the page grows by it."""
    shown = list(handles)
    room = WIDTH - 2 * MARGIN
    labels = [fold(str(handle.get_label()), room - LEGEND_HANDLE, lines=3) for handle in shown]
    columns = _columns(labels, room)
    rows = math.ceil(len(shown) / columns)
    tallest = sorted((lines_height(label) for label in labels), reverse=True)[:rows]
    figure.legend(shown, labels, loc="outside lower left", ncols=columns, columnspacing=1.5)
    header = _header(figure)
    figure.set_figheight(figure.get_figheight() + sum(tallest) + 0.06 * rows + 0.1)
    _reserve(figure, header)


def _columns(labels: Sequence[str], room: float) -> int:
    """Return the most columns, each as wide as its widest label, that fit into a width in inches."""
    widths = [max(text_width(line) for line in label.split("\n")) + LEGEND_HANDLE for label in labels]
    for columns in range(len(labels), 1, -1):
        short, longer = divmod(len(labels), columns)
        starts = [i * short + min(i, longer) for i in range(columns + 1)]
        if sum(max(widths[i:j]) for i, j in pairwise(starts)) + LEGEND_GAP * (columns - 1) <= room:
            return columns
    return 1


def _header(figure: Figure) -> float:
    """Return the height of the header, in inches."""
    engine = figure.get_layout_engine()
    share = 1.0 if engine is None else float(engine.get()["rect"][3])
    return (1 - share) * figure.get_figheight()


def settle(figure: Figure) -> Figure:
    """Lay the page out for good, thinning ticks whose labels would touch; return it.

    The layout stays as it is from then on, so that every format shows the same page.
    """
    lay_out(figure)
    thinned = [_thin(axes) for axes in figure.axes]
    if any(thinned):
        lay_out(figure)
    figure.set_layout_engine(None)
    _write_across(figure)
    _keep_labels(figure)
    return figure


def _keep_labels(figure: Figure) -> None:
    """Let the label of an x axis that would leave the page end with the axis."""
    for axes in figure.axes:
        if axes.axison and axes.xaxis.label.get_window_extent().x1 > figure.bbox.width - MARGIN / 2 * figure.dpi:
            axes.set_xlabel(axes.get_xlabel(), loc="right")


def lay_out(figure: Figure) -> None:
    """Place the axes on the page."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)


def _thin(axes: Axes) -> bool:
    """Have fewer ticks on the x axis until their labels keep apart; return whether that was needed."""
    from matplotlib.ticker import MaxNLocator

    locator = axes.xaxis.get_major_locator()
    if not isinstance(locator, MaxNLocator) or not axes.axison:
        return False
    for ticks in range(MOST_TICKS, 1, -1):
        locator.set_params(nbins=ticks)
        if not _crowded(axes):
            return ticks < MOST_TICKS
    return True


def _crowded(axes: Axes) -> bool:
    low, high = sorted(axes.get_xlim())
    figure = axes.get_figure(root=True)
    places = [tick for tick in axes.get_xticks() if low <= tick <= high]
    texts = axes.xaxis.get_major_formatter().format_ticks(places)
    inches = axes.bbox.width / (figure.dpi if figure else 1.0) / (high - low)
    return any(
        (text_width(left) + text_width(right)) / 2 + SIZE / POINTS_PER_INCH > (b - a) * inches
        for (a, left), (b, right) in pairwise(zip(places, texts, strict=True))
    )
