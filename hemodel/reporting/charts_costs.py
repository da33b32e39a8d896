"""Chart of costs by category."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hemodel.reporting import style
from hemodel.reporting.charts_page import legend_below, make_room, number_axis, page, settle
from hemodel.reporting.charts_text import brief, fold, text_width
from hemodel.reporting.format import display
from hemodel.reporting.tables_words import Names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Results


@style.house_style()
def cost_breakdown(results: Results, _run: Run) -> Figure:
    """Draw discounted costs per patient by category, one bar a strategy.

    Parameters
    ----------
    results : Results
    _run : Run
        Not needed; every chart takes both.
    """
    from matplotlib.patches import Patch

    costs = {strategy: results.base_case[strategy].costs.discounted for strategy in results.strategies}
    categories = [name for name in next(iter(costs.values())) if name != "total"]
    figure = page(
        "Costs by category",
        f"Base case, discounted, per patient over {brief(results.time_horizon_years)} years",
        0.5 * len(costs) + 0.75,
    )
    axes = figure.subplots()
    for place, strategy in enumerate(results.strategies):
        _draw_bar(axes, costs[strategy], categories, place)
    names = Names(results)
    axes.set_yticks(range(len(costs)), [fold(names.strategy(s), 1.5, lines=3) for s in costs])
    axes.set_ylim(len(costs) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x")
    number_axis(axes.xaxis, f"Costs per patient ({results.currency}, {results.price_year} prices)")
    handles = [Patch(**_look(i), label=names.component(c)) for i, c in enumerate(categories)]
    legend_below(figure, handles)
    make_room(axes)
    _label_parts(figure, axes)
    return settle(figure)


def _draw_bar(axes: Axes, parts: dict[str, float], categories: list[str], place: int) -> None:
    """One strategy: its parts side by side (those below 0 to the left), and the total."""
    ends = {1: 0.0, -1: 0.0}
    for i, category in enumerate(categories):
        value = parts[category]
        sign = -1 if value < 0 else 1
        axes.barh(place, value, left=ends[sign], height=0.62, **_look(i))
        ends[sign] += value
    axes.annotate(
        display(parts["total"], "money"),
        (ends[1], place),
        xytext=(4, 0),
        textcoords="offset points",
        va="center",
        weight="bold",
    )


def _label_parts(figure: Figure, axes: Axes) -> None:
    """Write the amount on every part that is wide enough for it."""
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    low, high = axes.get_xlim()
    inches = axes.bbox.width / figure.dpi / (high - low)
    for part in [patch for patch in axes.patches if isinstance(patch, Rectangle)]:
        text = display(part.get_width(), "money")
        if text_width(text) + 0.08 > abs(part.get_width()) * inches:
            continue
        middle = (part.get_x() + part.get_width() / 2, part.get_y() + part.get_height() / 2)
        colour = to_rgba(part.get_facecolor())
        ground = {"facecolor": colour, "edgecolor": "none", "pad": 1.0}
        axes.text(*middle, text, ha="center", va="center", color=_on(colour), bbox=ground)


def _look(i: int) -> dict[str, Any]:
    place = i % len(style.PARTS)
    return {"facecolor": style.PARTS[place], "hatch": style.HATCHES[place], "edgecolor": "white", "linewidth": 0.6}


def _on(colour: tuple[float, float, float, float]) -> str:
    """Return the ink that can be read on a colour."""
    red, green, blue, _ = colour
    return "white" if 0.299 * red + 0.587 * green + 0.114 * blue < 0.5 else style.INK
