"""The table of the differences between two workbooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.documents.differences import cell_of
from hemodel.views.shared import notes
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analyses.differences import Difference, Differences, Effect, LinkedDifferences, Remainder
    from hemodel.formats import Value
    from hemodel.inputs.cells import Scalar


TOGETHER = "all together"
NOT_ADDITIVE = "not additive"
GROUP = "group"


def strategy_names(found: Differences) -> dict[str, str]:
    """Return the names of the strategies of both workbooks by id; the earlier one's where both have it."""
    both = (*found.second.inputs.strategies, *found.first.inputs.strategies)
    return {strategy.id: strategy.name for strategy in both}


def differences_table(found: Differences) -> Table:
    """Return one row for each difference and comparison, then the groups, all together and what does not add up."""
    currency = found.first.inputs.settings.currency
    rows: list[tuple[Value, ...]] = []
    for each in found.differences:
        rows += _rows(found, _about(found, each), each.effects)
    for group in found.groups:
        rows += _rows(found, _about_group(group), group.effects)
    rows += _rows(found, (TOGETHER, *[None] * 10), found.together)
    rows += [_left_over(found, remainder) for remainder in found.remainder]
    icer, move = f"{currency} per QALY", "Move"
    return Table(
        "differences",
        f"From {found.first.path.name} to {found.second.path.name}",
        (notes.INCREMENT, notes.RATIO),
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


def _about(found: Differences, each: Difference) -> tuple[Value, ...]:
    item, group = each.item, None if each.group is None else found.groups[each.group].name
    return (
        *(item.what, item.id, item.column or item.kind, cell_of(found, item), item.label, item.unit or None),
        *(plain(item.before), plain(item.after)),
        *(each.acts, each.reason or None, group),
    )


def _about_group(group: LinkedDifferences) -> tuple[Value, ...]:
    return (GROUP, ", ".join(item.name for item in group.items), *[None] * 8, group.name)


def plain(value: Scalar) -> Value:
    """Return the value of a cell as tables hold it."""
    return value if value is None or isinstance(value, (str, float)) else int(value)


def _rows(found: Differences, about: tuple[Value, ...], effects: Iterable[Effect]) -> list[tuple[Value, ...]]:
    made = [(*about, *_numbers(found, effect)) for effect in effects]
    return made or [(*about, *[None] * 8)]


def _numbers(found: Differences, effect: Effect) -> tuple[Value, ...]:
    own, word = effect.increment, effect.increment.verdict
    return (
        comparison(found, own.intervention, own.comparator),
        *(own.life_years, own.qalys, own.costs),
        word.word if word.icer is None else word.icer,
        *(effect.qalys, effect.costs, effect.icer),
    )


def _left_over(found: Differences, each: Remainder) -> tuple[Value, ...]:
    pair = comparison(found, each.intervention, each.comparator)
    return (NOT_ADDITIVE, *[None] * 10, pair, *[None] * 4, each.qalys, each.costs, each.icer)


def comparison(found: Differences, intervention: str, comparator: str) -> str:
    """Return how a comparison is called."""
    names = strategy_names(found)
    return f"{names[intervention]} versus {names[comparator]}"
