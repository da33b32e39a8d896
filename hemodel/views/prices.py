"""Tables of prices: where the ICER meets each threshold, and where a strategy joins the efficiency frontier.

Chart of the ICER against the price of a drug.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.errors import UsageError
from hemodel.formats import display
from hemodel.views.outcomes import per_qaly
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry, TableEntry
from hemodel.views.shared.page import lay_out, legend_below, number_axis, page, settle
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import fold
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

    from hemodel.analyses.prices import DrugPrice, PriceAt, PriceThreshold, VialPrice
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.formats import Value


ONLY, BOTH = "intervention only", "both, so that the effect is net"
_PAIR = 2
SCALED = "All vials of a drug are scaled together; everything else stays as it is."


def price_threshold(results: Results, entries: list[DrugPrice], names: Names) -> Table:
    """Return the price of each vial at which the ICER meets each threshold."""
    drawn = any(at.probabilistic is not None for entry in entries for at in entry.thresholds)
    rows: list[tuple[Value, ...]] = []
    for entry in entries:
        at_0 = entry.verdict_at_price_0 if entry.icer_at_price_0 is None else entry.icer_at_price_0
        for vial in entry.vials:
            for at in entry.thresholds:
                of_draws = [_price(at.probabilistic, vial)] if drawn else []
                rows.append(
                    (
                        *_start(entry, vial, names),
                        BOTH if entry.given_in_comparator else ONLY,
                        at.threshold,
                        *(vial.price, _price(at, vial), *of_draws, at.discount, at.cost_saved),
                        at_0,
                        at.met,
                    )
                )
    notes = (
        "The price at which the ICER over the comparator equals the threshold. A negative discount is room to rise.",
        SCALED,
        "Saved: incremental costs per patient at the workbook's price minus those at this price, discounted.",
    )
    remark = "Probabilistic: the ratio of the mean increments of the draws meets the threshold."
    group = "Price per vial"
    return Table(
        "price_threshold",
        "Price at which the ICER meets each threshold",
        (*notes, remark) if drawn else notes,
        (
            *(Column("Intervention"), Column("Drug"), Column("Vial", "value", "mg"), Column("Given in")),
            Column("Threshold", "icer", per_qaly(results)),
            Column("Workbook", "number", results.currency, group),
            Column("At the threshold", "number", results.currency, group),
            *([Column("Probabilistic", "number", results.currency, group)] if drawn else []),
            Column("Discount", "share", "proportion"),
            Column("Saved", "money", results.currency),
            Column("ICER at price 0", "icer", per_qaly(results)),
            Column("Threshold is"),
        ),
        tuple(rows),
    )


def frontier_price(results: Results, entries: list[DrugPrice], names: Names) -> Table:
    """Return the price of each vial at which an intervention lies on the frontier of the other strategies."""
    group = "Price per vial"
    return Table(
        "frontier_price",
        "Price on the efficiency frontier of the other strategies",
        (
            "The frontier is that of all strategies but this one, extended with the slope of its last segment.",
            SCALED,
        ),
        (
            *(Column("Intervention"), Column("Drug"), Column("Vial", "value", "mg")),
            Column("Slope", "icer", per_qaly(results)),
            Column("Workbook", "number", results.currency, group),
            Column("On the frontier", "number", results.currency, group),
            Column("Discount", "share", "proportion"),
            Column("Remark"),
        ),
        tuple(
            (
                *_start(entry, vial, names),
                entry.frontier.slope,
                *(vial.price, _price(entry.frontier, vial), entry.frontier.discount),
                entry.frontier.met,
            )
            for entry in entries
            for vial in entry.vials
        ),
    )


def _start(entry: DrugPrice, vial: VialPrice, names: Names) -> tuple[str, str, float]:
    return names.strategy(entry.intervention), names.drug(entry.drug), vial.size_mg


def _price(at: PriceAt | None, vial: VialPrice) -> float | None:
    return None if at is None or at.prices is None else at.prices[vial.id]


MOST_PANELS = 3
PANEL = 2.35
"""Height of a panel and its labels. [inches]"""
ROW = 0.19
"""Height of a label beside a threshold. [inches]"""
LABELS = 1.05
"""Where the labels of the thresholds begin, in widths of the axes."""
HEADROOM = 1.08


def drawn_prices(results: Results) -> list[DrugPrice]:
    """Return what the chart shows: drugs given in the intervention only, the first three, where QALYs are gained."""
    return _drawable(results)[:MOST_PANELS]


def _drawable(results: Results) -> list[DrugPrice]:
    return [entry for entry in results.prices or () if entry.curve is not None and not entry.given_in_comparator]


@style.house_style()
def price_icer(results: Results, _run: Run) -> Figure:
    """Draw the ICER against the price of a vial, with each threshold and the price that meets it.

    Raises
    ------
    UsageError
        Where no drug is given in an intervention only, or no QALYs are gained.
    """
    shown = drawn_prices(results)
    if not shown:
        raise UsageError("No price can be drawn: no drug is given in an intervention only, or no QALYs are gained.")
    figure = page("ICER by price of the drug", _subtitle(results, shown), PANEL * len(shown) + 0.25)
    handles: list[Artist] = []
    for axes, entry in zip(figure.subplots(len(shown), squeeze=False)[:, 0], shown, strict=True):
        handles = _draw_panel(axes, results, entry)
    legend_below(figure, handles)
    labels = [_label_thresholds(axes, entry) for axes, entry in zip(figure.axes, shown, strict=True)]
    lay_out(figure)
    for axes, some in zip(figure.axes, labels, strict=True):
        _keep_apart(figure, axes, some)
    return settle(figure)


def _subtitle(results: Results, shown: list[DrugPrice]) -> str:
    names = Names(results)
    found = []
    for intervention in dict.fromkeys(entry.intervention for entry in shown):
        now = next(entry for entry in shown if entry.intervention == intervention)
        thresholds = [at.threshold for at in now.thresholds]
        met = [t for t in thresholds if now.icer is None or now.icer <= t]
        if not met:
            said = "meets none of the thresholds"
        elif len(met) == len(thresholds):
            said = "meets every threshold"
        else:
            said = f"meets the thresholds from {display(min(met), 'icer', results.currency)}"
        found.append(f"At the workbook's prices {names.strategy(intervention)} {said}")
    left_out = len(_drawable(results)) - len(shown)
    more = f"; {left_out} more in the table" if left_out else ""
    return f"{'. '.join(found)}. Everything but the price stays as it is; discounted{more}"


def _draw_panel(axes: Axes, results: Results, entry: DrugPrice) -> list[Artist]:
    """Draw one drug of one intervention; return what the legend shows."""
    from matplotlib.lines import Line2D

    curve, names = entry.curve, Names(results)
    if curve is None:
        return []
    colour = style.colour(results.strategies.index(entry.intervention))
    dot: dict[str, Any] = {"marker": "o", "markersize": 5, "linestyle": "none", "color": colour}
    dashed: dict[str, Any] = {"color": style.INK, "linestyle": (0, (4, 2)), "linewidth": 1.0}
    star: dict[str, Any] = {"marker": "*", "markersize": 12, "linestyle": "none"}
    star |= {"markerfacecolor": "white", "markeredgecolor": style.INK}
    prices, ratios = np.array(curve.price), np.array([np.nan if r is None else r for r in curve.icer])
    axes.plot(prices, ratios, color=colour, zorder=3, solid_capstyle="butt")
    for at in entry.thresholds:
        main = at.threshold == results.decision_threshold
        axes.axhline(at.threshold, color=style.GREY if main else style.LIGHT, linewidth=1.1 if main else 0.9)
        x = _first_price(entry, at)
        if x is not None and x <= prices[-1]:
            axes.plot(x, at.threshold, **dot, zorder=5, clip_on=False)
    listed = entry.vials[0].price
    if listed > 0:
        axes.axvline(listed, **dashed)
        if entry.icer is not None:
            axes.plot(listed, entry.icer, zorder=6, **star)
    axes.set_xlim(0, prices[-1])
    axes.set_ylim(0, HEADROOM * max(np.nanmax(ratios, initial=0.0), *(at.threshold for at in entry.thresholds)))
    heading = f"{names.drug(entry.drug)}, in {names.strategy(entry.intervention)}"
    axes.set_title(fold(heading, 5.1, size=style.SIZE + 0.5, lines=2))
    sample = colour if len(results.strategies) == len((entry.intervention, entry.comparator)) else style.GREY
    size = display(entry.vials[0].size_mg, "value")
    number_axis(axes.xaxis, f"Price ({results.currency} per vial of {size} mg)")
    number_axis(axes.yaxis, f"ICER ({results.currency} per QALY)")
    met = any(at.prices is not None for one in drawn_prices(results) for at in one.thresholds)
    return [
        Line2D([], [], color=sample, label="ICER"),
        *([Line2D([], [], **dot | {"color": sample}, label="Price that meets a threshold")] if met else []),
        Line2D([], [], **dashed, label="Price in the workbook"),
        Line2D([], [], **star, label="ICER at that price"),
        Line2D([], [], color=style.LIGHT, linewidth=0.9, label="Thresholds"),
        Line2D([], [], color=style.GREY, linewidth=1.1, label="Decision threshold"),
    ]


def _first_price(entry: DrugPrice, at: PriceThreshold) -> float | None:
    return None if at.prices is None else at.prices[entry.vials[0].id]


def _label_thresholds(axes: Axes, entry: DrugPrice) -> list[Text]:
    """Write to the right of each threshold the price that meets it."""
    return [
        axes.text(LABELS, _height(axes, at), _label(entry, at), transform=axes.transAxes, va="center")
        for at in sorted(entry.thresholds, key=lambda one: one.threshold)
    ]


def _height(axes: Axes, at: PriceThreshold) -> float:
    return at.threshold / axes.get_ylim()[1]


def _label(entry: DrugPrice, at: PriceThreshold) -> str:
    price, threshold = _first_price(entry, at), display(at.threshold, "icer")
    if price is None:
        return f"{threshold}: at no price"
    discount = "" if at.discount is None else f" ({_change(at.discount)})"
    return f"{threshold}: at {display(price, 'number')}{discount}"


def _keep_apart(figure: Figure, axes: Axes, labels: Sequence[Text]) -> None:
    """Move labels up or down until none touches another, and join each to its threshold."""
    gap = ROW * figure.dpi / axes.bbox.height
    wanted = [label.get_position()[1] for label in labels]
    for label, height, place in zip(labels, wanted, spread(wanted, gap), strict=True):
        label.set_y(place)
        ends = ([1.0, LABELS - 0.01], [height, place])
        axes.plot(*ends, transform=axes.transAxes, color=style.GREY, linewidth=0.6, clip_on=False)


def _change(discount: float) -> str:
    """Return the change from the workbook's price."""
    text = display(abs(discount), "share")
    return f"−{text}" if discount > 0 else f"+{text}"


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Return places near those wanted (rising), at least a gap apart, and up to 1 where there is room."""
    places: list[float] = []
    for want in wanted:
        places.append(max(want, places[-1] + gap) if places else want)
    limit = 1.0
    for i in range(len(places) - 1, -1, -1):
        places[i] = max(min(places[i], limit), gap * i)
        limit = places[i] - gap
    return places


TABLES = (
    TableEntry(
        "price_threshold",
        lambda results, _, names: price_threshold(results, results.prices, names) if results.prices else None,
    ),
    TableEntry(
        "frontier_price",
        lambda results, _, names: (
            frontier_price(results, results.prices, names)
            if results.prices and len(results.strategies) > _PAIR
            else None
        ),
    ),
)
CHARTS = (
    ChartEntry(
        "price_icer",
        price_icer,
        "ICER by price of a vial",
        lambda results, _: bool(drawn_prices(results)),
    ),
)
