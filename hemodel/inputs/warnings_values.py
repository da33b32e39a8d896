"""Warnings about values: rates that look like percentages, utilities and prices that do not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.errors import Problem
from hemodel.inputs.checks import select

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hemodel.inputs.checks import Rows
    from hemodel.inputs.rows import Row

DISCOUNT_RATES = (0.005, 0.1)
"""Discount rates in use lie between these; outside, the decimal point may be in the wrong place."""
INCIDENCE, INCIDENCE_FACTOR, FEWEST_OTHERS = 0.1, 20, 2
LARGEST_DISUTILITY = 0.5
PRICE_PER_MG_FACTOR = 5


def about_values(rows: Rows) -> Iterable[Problem]:
    """Return the warnings about values alone and beside one another."""
    rules: tuple[Callable[[Rows], Iterable[Problem]], ...] = (
        _discount_rates,
        _incidences,
        _utilities,
        _disutilities,
        _vial_prices,
    )
    return [warning for rule in rules for warning in rule(rows)]


def _discount_rates(rows: Rows) -> Iterable[Problem]:
    least, most = DISCOUNT_RATES
    for row in rows.values():
        if ".discount_rate_" in row.kind.pattern and row.value is not None and row.number > 0:
            if least <= row.number <= most:
                continue
            meant = row.number / 10 if row.number > most else row.number * 100
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g}, which is {100 * row.number:.4g}% a year",
                f"Discount rates in use lie between {least:.1%} and {most:.0%}",
                f"Is {100 * meant:.3g}% meant? Enter {meant:.4g}.",
            )


def _incidences(rows: Rows) -> Iterable[Problem]:
    found = select(rows, "adverse_event.{event}.incidence.{strategy}")
    for row in found:
        others = [other.number for other in found if other is not row and other.number > 0]
        if len(others) < FEWEST_OTHERS or row.number < INCIDENCE or row.number > 1:
            continue
        if row.number >= INCIDENCE_FACTOR * max(others):
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g}, and no other incidence is above {max(others):g}",
                "It looks like a percentage below 1%",
                f"If {row.number:g}% is meant, enter {row.number / 100:.4g}.",
            )


def _utilities(rows: Rows) -> Iterable[Problem]:
    common = {state: rows.get(f"utility.{state}") for state in ("progression_free", "progressed")}
    names: list[str] = [row.names["strategy"] for row in select(rows, "strategy.{strategy}.name")]
    pairs: dict[tuple[str, str], tuple[Row, Row]] = {}
    for strategy in ("", *names):
        free, progressed = (
            rows.get(f"utility.{state}.{strategy}") or common[state] for state in ("progression_free", "progressed")
        )
        if free is not None and progressed is not None and None not in {free.value, progressed.value}:
            pairs[free.id, progressed.id] = free, progressed
    for free, progressed in pairs.values():
        if progressed.number > free.number:
            yield Problem(
                progressed.where["value"],
                f"{progressed.id} is {progressed.number:g}, above {free.id}, {free.number:g}",
                "Health is seldom better after progression",
                f"Check it against {free.where['value']}. Were the two exchanged?",
            )


def _disutilities(rows: Rows) -> Iterable[Problem]:
    for row in select(rows, "adverse_event.{event}.disutility"):
        if row.number > LARGEST_DISUTILITY:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g}, a loss of more than {LARGEST_DISUTILITY:g}",
                "It looks like the utility with the event instead of the loss by it",
                "Enter the utility without the event minus the utility with it.",
            )


def _vial_prices(rows: Rows) -> Iterable[Problem]:
    by_drug: dict[str, list[tuple[float, Row]]] = {}
    for vial in rows.values():
        price = rows.get(vial.id.replace(".vial_size", ".price_per_vial"))
        if ".vial_size" not in vial.kind.pattern or vial.value is None or price is None or price.value is None:
            continue
        if price.number > 0:
            by_drug.setdefault(vial.names["drug"], []).append((price.number / vial.number, price))
    for per_mg in by_drug.values():
        yield from _far_apart(per_mg)


def _far_apart(per_mg: list[tuple[float, Row]]) -> Iterable[Problem]:
    (cheap, cheapest), (dear, dearest) = (end(per_mg, key=lambda pair: pair[0]) for end in (min, max))
    if dear >= PRICE_PER_MG_FACTOR * cheap:
        yield Problem(
            dearest.where["value"],
            f"{dearest.id} is {dear:,.4g} per mg, {dear / cheap:.3g} times the {cheap:,.4g} of {cheapest.id}",
            "Vials of one drug seldom differ that much by the mg",
            f"Check both prices and sizes; the other price is at {cheapest.where['value']}.",
        )
