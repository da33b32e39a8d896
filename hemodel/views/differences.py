"""The table of the differences between two workbooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.views.shared import notes
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analyses.differences import (
        ComparedWorkbooks,
        Difference,
        Differences,
        Effect,
        Remainder,
    )
    from hemodel.formats import Value
    from hemodel.inputs.cells import Scalar


TOGETHER = "all together"
NOT_ADDITIVE = "not additive"
GROUP = "group"


def strategy_names(found: ComparedWorkbooks) -> dict[str, str]:
    """Return the names of the strategies of both workbooks by id; the earlier one's where both have it."""
    both = (*found.second.inputs.strategies, *found.first.inputs.strategies)
    return {strategy.id: strategy.name for strategy in both}


def differences_table(found: ComparedWorkbooks) -> Table:
    """Return one row for each difference and comparison, then the groups, all together and what does not add up."""
    compared = found.found
    currency = compared.currency
    rows: list[tuple[Value, ...]] = []
    for each in compared.differences:
        rows += _rows(found, _about(each), each.effects)
    for group in compared.groups:
        rows += _rows(found, (GROUP, ", ".join(group.members), *[None] * 8, group.name), group.effects)
    rows += _rows(found, (TOGETHER, *[None] * 10), compared.together)
    rows += [_left_over(found, remainder) for remainder in compared.not_additive]
    icer, move = f"{currency} per QALY", "Move"
    return Table(
        "differences",
        f"From {compared.a.workbook} to {compared.b.workbook}",
        (notes.INCREMENT, notes.RATIO, *two_currencies(compared)),
        (
            *(Column(header) for header in ("What", "Id", "Column", "Cell", "Label", "Unit")),
            *(Column("From", "value"), Column("To", "value")),
            *(Column(header) for header in ("Effect alone", "Why not alone", "Group", "Comparison")),
            Column("Life-years", "years", "years", "Increment"),
            Column("QALYs", "qaly", "QALY", "Increment"),
            Column("Costs", "money", currency, "Increment"),
            Column("ICER", "icer", icer),
            Column("QALYs", "qaly", "QALY", move),
            Column("Costs", "money", currency, move),
            Column("ICER", "icer", icer, move),
        ),
        tuple(rows),
    )


def two_currencies(found: Differences) -> tuple[str, ...]:
    """Say that amounts are not compared, where the workbooks are in two currencies."""
    if found.currency.strip().casefold() == found.currency_b.strip().casefold():
        return ()
    which = f"{found.a.workbook} is in {found.currency} and {found.b.workbook} in {found.currency_b}"
    return (f"{which}: costs, prices and ICERs cannot be compared, and only life-years and QALYs are.",)


def _about(each: Difference) -> tuple[Value, ...]:
    return (
        *(each.what, each.id, each.column or each.kind, each.cell, each.label, each.unit or None),
        *(plain(each.before), plain(each.after)),
        *(each.acts, each.reason or None, each.group),
    )


def plain(value: Scalar) -> Value:
    """Return the value of a cell as tables hold it."""
    return value if value is None or isinstance(value, (str, float)) else int(value)


def _rows(found: ComparedWorkbooks, about: tuple[Value, ...], effects: Iterable[Effect]) -> list[tuple[Value, ...]]:
    made = [(*about, *_numbers(found, effect)) for effect in effects]
    return made or [(*about, *[None] * 8)]


def _numbers(found: ComparedWorkbooks, effect: Effect) -> tuple[Value, ...]:
    return (
        comparison(found, effect.intervention, effect.comparator),
        *(effect.life_years, effect.qalys, effect.costs),
        effect.verdict if effect.icer is None else effect.icer,
        *(effect.move.qalys, effect.move.costs, effect.move.icer),
    )


def _left_over(found: ComparedWorkbooks, each: Remainder) -> tuple[Value, ...]:
    pair = comparison(found, each.intervention, each.comparator)
    return (NOT_ADDITIVE, *[None] * 10, pair, *[None] * 4, each.qalys, each.costs, each.icer)


def comparison(found: ComparedWorkbooks, intervention: str, comparator: str) -> str:
    """Return how a comparison is called."""
    names = strategy_names(found)
    return f"{names[intervention]} versus {names[comparator]}"
