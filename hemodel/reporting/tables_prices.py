"""Tables of prices: where the ICER meets each threshold, and where a strategy joins the efficiency frontier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.tables_outcomes import per_qaly
from hemodel.reporting.tables_shape import Column, Table

if TYPE_CHECKING:
    from hemodel.reporting.format import Value
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_prices import DrugPriceEntry, PriceAt, VialPrice
    from hemodel.reporting.tables_words import Names

ONLY, BOTH = "intervention only", "both, so that the effect is net"
_PAIR = 2
SCALED = "All vials of a drug are scaled together; everything else stays as it is."


def price_tables(results: Results, names: Names) -> list[Table]:
    """Return the tables of prices that a run has: none where no price was looked for."""
    if not results.prices:
        return []
    made = [price_threshold(results, results.prices, names)]
    return [*made, frontier_price(results, results.prices, names)] if len(results.strategies) > _PAIR else made


def price_threshold(results: Results, entries: list[DrugPriceEntry], names: Names) -> Table:
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


def frontier_price(results: Results, entries: list[DrugPriceEntry], names: Names) -> Table:
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


def _start(entry: DrugPriceEntry, vial: VialPrice, names: Names) -> tuple[str, str, float]:
    return names.strategy(entry.intervention), names.drug(entry.drug), vial.size_mg


def _price(at: PriceAt | None, vial: VialPrice) -> float | None:
    return None if at is None or at.prices is None else at.prices[vial.id]
