"""Diagram of the model: strategies and their drugs, states, flows between them, and what is counted where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.model.costs.categories import CATEGORIES, DEATH, PROGRESSION, START
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry
from hemodel.views.shared.page import MARGIN, WIDTH, page, settle
from hemodel.views.shared.text import fold, lines_height, listed
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run


MOST_COLUMNS = 2
PAD, GAP = 0.07, 0.36
"""Space inside a box, and between two rows of boxes. [inches]"""
STATE_WIDTH = 1.2
_STATES = (
    ("Progression-free", "share = PFS curve, at most OS", "#DCEBF5"),
    ("Progressed", "share = OS curve − PFS curve", "#FBEBCF"),
    ("Dead", "share = 1 − OS curve", "#E8E8E8"),
)
_EVENTS = "adverse events"
_EFFECTS = {
    "state": ("utility of the state", "utility of the state"),
    "time_to_death": ("utility by time to death", "utility by time to death"),
}


@dataclass(frozen=True)
class _Box:
    """A heading and lines of text, folded to a width in inches."""

    heading: str
    lines: tuple[str, ...]
    width: float

    @property
    def height(self) -> float:
        """Height of the box in inches."""
        texts = (self.heading, *self.lines)
        return sum(lines_height(text) for text in texts) + 2 * PAD


def _box(heading: str, lines: Sequence[str], width: float) -> _Box:
    room = width - 2 * PAD
    folded = tuple(fold(line, room, lines=5) for line in lines)
    return _Box(fold(heading, room, bold=True, lines=3), folded, width)


@style.house_style()
def model_structure(results: Results, run: Run) -> Figure:
    """Draw the structure of the model as its inputs have it."""
    rows = _strategies(results, run)
    states, counted = [_box(name, (text,), STATE_WIDTH) for name, text, _ in _STATES], _counted(run)
    heights = [max(box.height for box in row) for row in rows]
    tallest, below = max(box.height for box in states), max(box.height for box in counted)
    body = sum(heights) + GAP * 0.4 * (len(rows) - 1) + 2 * GAP + tallest + below + 0.55
    figure = page(
        "Three states, whose shares are read off the curves of PFS and OS",
        "Partitioned survival: who is in which state, the flows that the curves imply, and what is counted where",
        body,
    )
    figure.set_layout_engine(None)
    axes = figure.add_axes((0.0, 0.0, 1.0, body / figure.get_figheight()))
    axes.set_axis_off()
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(0, body)
    top = body - 0.05
    for row, height in zip(rows, heights, strict=True):
        _draw_row(axes, row, top, height, ["white"] * len(row))
        top -= height + GAP * 0.4
    _draw_states(axes, states, top - GAP, tallest)
    _draw_row(axes, counted, top - GAP - 0.4 * GAP - tallest, below, [colour for *_, colour in _STATES])
    axes.text(MARGIN, 0.12, _at_start(run), va="bottom", color=style.GREY, linespacing=1.2)
    return settle(figure)


def _strategies(results: Results, run: Run) -> list[list[_Box]]:
    """Return a box for each strategy, in rows: its drugs, and who is treated with each."""
    names, count = Names(results), len(results.strategies)
    columns = min(count, MOST_COLUMNS)
    width = (WIDTH - 2 * MARGIN - 0.2 * (columns - 1)) / columns
    made = []
    for strategy in results.strategies:
        given = [regimen for regimen in run.model.inputs.regimens if regimen.strategy == strategy]
        lines = [f"{len(given)} drug{'' if len(given) == 1 else 's'}, given for" if given else "No drug"]
        for regimen in given:
            curve = names.endpoint(regimen.time_on_treatment)
            stops = ", until progression at most" if regimen.stops_at_progression else ""
            lines.append(f"• {names.drug(regimen.drug)}: {curve[:1].lower()}{curve[1:]}{stops}")
        made.append(_box(names.strategy(strategy), lines, width))
    return [made[i : i + columns] for i in range(0, count, columns)]


def _counted(run: Run) -> list[_Box]:
    """Return what is counted in each state and on the way to it."""
    inputs = run.model.inputs
    effect = _EFFECTS[inputs.settings.utilities_by]
    managed = _nouns(run, "progressed")
    later, dying = ([f"on entry: {noun}" for noun in _nouns(run, falls)] for falls in (PROGRESSION, DEATH))
    drugs = ["drugs and giving them, while on treatment"]
    lines = (
        ["life-years", effect[0], *drugs, *_nouns(run, "progression_free")],
        ["life-years", effect[1], *_beyond_progression(run), *managed, *later],
        dying or ["nothing"],
    )
    return [_box("Counted", [f"• {line}" for line in own], STATE_WIDTH) for own in lines]


def _nouns(run: Run, falls: str) -> list[str]:
    """Return the kinds of costs that fall at a time or in a state and of which the workbook has inputs."""
    groups = {row.kind.group for row in run.model.inputs.rows.values() if row.value is not None}
    return [category.noun for category in CATEGORIES if category.falls == falls and category.rows in groups]


def _beyond_progression(run: Run) -> list[str]:
    """Return the drugs given after progression: those whose curve is another and that do not stop there."""
    later = [r for r in run.model.inputs.regimens if r.time_on_treatment != "pfs" and not r.stops_at_progression]
    return ["drugs still given after progression"] if later else []


def _at_start(run: Run) -> str:
    nouns = _nouns(run, START)
    told = f"At the start: costs{' and QALY loss' if _EVENTS in nouns else ''} of {listed(nouns)}." if nouns else ""
    return fold(f"{told} Arrows: flows that the curves imply; everyone begins progression-free.".strip(), WIDTH - 0.2)


def _left(i: int) -> float:
    """Return where the box of a state begins, in inches from the left."""
    between = (WIDTH - 2 * MARGIN - len(_STATES) * STATE_WIDTH) / (len(_STATES) - 1)
    return MARGIN + i * (STATE_WIDTH + between)


def _draw_row(axes: Axes, boxes: Sequence[_Box], top: float, height: float, colours: Sequence[str]) -> None:
    for i, (box, colour) in enumerate(zip(boxes, colours, strict=True)):
        left = _left(i) if box.width == STATE_WIDTH else MARGIN + i * (box.width + 0.2)
        _draw_box(axes, box, (left, top - height), height, colour)


def _draw_box(axes: Axes, box: _Box, corner: tuple[float, float], height: float, colour: str) -> None:
    """Draw one box, its heading in bold."""
    from matplotlib.patches import FancyBboxPatch

    shape = "round,pad=0,rounding_size=0.06"
    patch = FancyBboxPatch(corner, box.width, height, boxstyle=shape, facecolor=colour, edgecolor=style.GREY)
    patch.set_linewidth(0.8)
    axes.add_patch(patch)
    y = corner[1] + height - PAD
    axes.text(corner[0] + PAD, y, box.heading, va="top", weight="bold", linespacing=1.2)
    above = box.heading
    for line in box.lines:
        y -= lines_height(above)
        axes.text(corner[0] + PAD, y, line, va="top", linespacing=1.2)
        above = line


def _draw_states(axes: Axes, states: Sequence[_Box], top: float, height: float) -> None:
    """Draw the three states and the flows between them."""
    _draw_row(axes, states, top, height, [colour for *_, colour in _STATES])
    middle, arch = top - height / 2, top + 0.24
    for i, text in enumerate(("progress", "die")):
        start, end = _left(i) + STATE_WIDTH, _left(i + 1)
        _arrow(axes, [(start, middle), (end, middle)])
        axes.text((start + end) / 2, top + 0.04, text, ha="center", va="bottom")
    first, last = _left(0) + STATE_WIDTH / 2, _left(2) + STATE_WIDTH / 2
    _arrow(axes, [(first, top), (first, arch), (last, arch), (last, top)])
    axes.text((first + last) / 2, arch + 0.04, "die before progression", ha="center", va="bottom")


def _arrow(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    xs, ys = zip(*points, strict=True)
    axes.plot(xs[:-1], ys[:-1], color=style.INK, linewidth=1.1, solid_capstyle="butt")
    look = {"arrowstyle": "-|>", "color": style.INK, "linewidth": 1.1, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=points[-1], xytext=points[-2], arrowprops=look)


CHARTS = (
    ChartEntry(
        "model_structure",
        model_structure,
        "Structure of the model",
        of_base_case=True,
    ),
)
