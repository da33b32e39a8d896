"""Tables of prices: where the ICER meets each threshold, and where a strategy joins the efficiency frontier.

Chart of the ICER against the price of a drug under assessment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.errors import UsageError
from hemodel.views.outcomes import per_qaly
from hemodel.views.shared import style
from hemodel.views.shared.declared import ChartEntry, TableEntry
from hemodel.views.shared.page import label_ends, money_axis, number_axis, page, settle
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.text import about, fold, threshold_text
from hemodel.views.shared.words import Names

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
PANELS = (2.6, 2.1, 1.85)
"""Height of a panel and its labels where there are one, two or three. [inches]"""
HEADROOM = 1.08


def drawn_prices(results: Results) -> list[DrugPrice]:
    """Return what the chart shows: drugs under assessment, the first three, where QALYs are gained.

    They are given in the intervention only, and their price makes up a tenth or more of the incremental costs.
    """
    return _drawable(results)[:MOST_PANELS]


def _drawable(results: Results) -> list[DrugPrice]:
    own = [entry for entry in results.prices or () if entry.curve is not None and not entry.given_in_comparator]
    return [entry for entry in own if entry.decisive] or own[:1]


@style.house_style()
def price_icer(results: Results, run: Run) -> Figure:
    """Draw the ICER against the price of the drug, with each threshold and the price that meets it.

    Raises
    ------
    UsageError
        Where no drug is given in an intervention only, or no QALYs are gained.
    """
    shown = drawn_prices(results)
    if not shown:
        raise UsageError("No price can be drawn: no drug is given in an intervention only, or no QALYs are gained.")
    figure = page(_finding(results, shown), _subtitle(results, shown), PANELS[len(shown) - 1] * len(shown))
    cells = figure.subplots(len(shown), squeeze=False)[:, 0]
    for axes, entry in zip(cells, shown, strict=True):
        _draw_panel(axes, results, run, entry)
    for axes, entry in zip(cells, shown, strict=True):
        label_ends(figure, axes, [(at.threshold, _label(entry, at), _ink(results, at)) for at in entry.thresholds])
    return settle(figure)


def _finding(results: Results, shown: list[DrugPrice]) -> str:
    """Return the price at which the decision threshold is met, of the first drug that has one."""
    names, at = Names(results), threshold_text(results)
    met = [(e, t) for e in shown for t in e.thresholds if t.threshold == results.decision_threshold and t.prices]
    if not met:
        drugs = " or ".join(dict.fromkeys(names.drug(entry.drug) for entry in shown))
        return f"No price of {drugs} meets {at}"
    entry, threshold = met[0]
    price, change = about(_first_price(entry, threshold) or 0.0, results.currency), _discount(threshold)
    return f"{names.drug(entry.drug)} meets {at} at a price of {price}{change}"


def _subtitle(results: Results, shown: list[DrugPrice]) -> str:
    left_out = len(_drawable(results)) - len(shown)
    more = f"; {left_out} more in the table" if left_out else ""
    return (
        "ICER by price, everything else as in the base case; star: the workbook's price; to the right each threshold"
        f" and the price that meets it{more}"
    )


def _draw_panel(axes: Axes, results: Results, run: Run, entry: DrugPrice) -> None:
    """Draw one drug of one intervention."""
    curve, names = entry.curve, Names(results)
    if curve is None:
        return
    colour = style.colour(results.strategies.index(entry.intervention))
    prices, ratios = np.array(curve.price), np.array([np.nan if r is None else r for r in curve.icer])
    axes.plot(prices, ratios, color=colour, zorder=3, solid_capstyle="butt")
    for at in entry.thresholds:
        axes.axhline(at.threshold, color=_ink(results, at), linewidth=0.9)
        x = _first_price(entry, at)
        if x is not None and x <= prices[-1]:
            axes.plot(x, at.threshold, marker="o", markersize=5, color=colour, zorder=5, clip_on=False)
    listed = entry.vials[0].price
    if listed > 0 and entry.icer is not None:
        star: dict[str, Any] = {"markerfacecolor": "white", "markeredgecolor": style.INK}
        axes.plot(listed, entry.icer, marker="*", markersize=12, zorder=6, **star)
    axes.set_xlim(0, prices[-1])
    axes.set_ylim(0, HEADROOM * max(np.nanmax(ratios, initial=0.0), *(at.threshold for at in entry.thresholds)))
    if len(results.strategies) > _PAIR:
        axes.set_title(fold(names.strategy(entry.intervention), 3.0, size=style.SIZE + 0.5, lines=1))
    row = run.model.inputs.rows[entry.vials[0].id]
    unit = (row.unit or "currency").replace("currency", results.currency)
    number_axis(axes.xaxis, fold(f"{row.label or names.drug(entry.drug)} ({unit})", 3.0))
    money_axis(axes.yaxis, "ICER", results.currency, "per QALY")
    axes.set_ylabel(fold(axes.get_ylabel(), 1.3))


def _ink(results: Results, at: PriceThreshold) -> str:
    """Return the colour of a threshold, that of the decision darker than others."""
    return style.INK if at.threshold == results.decision_threshold else style.GREY


def _first_price(entry: DrugPrice, at: PriceThreshold) -> float | None:
    return None if at.prices is None else at.prices[entry.vials[0].id]


def _label(entry: DrugPrice, at: PriceThreshold) -> str:
    price, threshold = _first_price(entry, at), about(at.threshold, "")
    if price is None:
        return f"{threshold}: at no price"
    return f"{threshold}: at {about(price, '')}{_discount(at)}"


def _discount(at: PriceThreshold) -> str:
    """Return the change from the workbook's price, in brackets."""
    if at.discount is None:
        return ""
    return f" ({'−' if at.discount > 0 else '+'}{abs(at.discount):.0%})"


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
        "ICER by price",
        lambda results, _: bool(drawn_prices(results)),
    ),
)
