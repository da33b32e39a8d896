"""Differences between two workbooks in the shape of differences.json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hemodel.analyses.differences import REMOVED, where

if TYPE_CHECKING:
    from hemodel.analyses.base_case import Increment
    from hemodel.analyses.differences import ChangedItem, Difference, Differences, Effect, Side


def differences_document(found: Differences) -> dict[str, Any]:
    """Return everything that was found, in the shape of differences.json."""
    return {
        "currency": found.first.inputs.settings.currency,
        "scenarios": [scenario.name for scenario in found.first.scenarios],
        "a": _side(found.first),
        "b": _side(found.second),
        "differences": [_difference(found, each) for each in found.differences],
        "groups": [
            {"name": g.name, "members": [item.name for item in g.items], "effects": [_effect(e) for e in g.effects]}
            for g in found.groups
        ],
        "together": [_effect(effect) for effect in found.together],
        "not_additive": [vars(remainder) for remainder in found.remainder],
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "workbook": side.path.name,
        "sha256": side.sha256,
        "incremental": [_increment(increment) for increment in side.increments],
    }


def _increment(increment: Increment) -> dict[str, Any]:
    return {
        "intervention": increment.intervention,
        "comparator": increment.comparator,
        "life_years": increment.life_years,
        "qalys": increment.qalys,
        "costs": increment.costs,
        "icer": increment.verdict.icer,
        "verdict": increment.verdict.word,
    }


def _effect(effect: Effect) -> dict[str, Any]:
    move = {"qalys": effect.qalys, "costs": effect.costs, "icer": effect.icer}
    return _increment(effect.increment) | {"move": move}


def _difference(found: Differences, each: Difference) -> dict[str, Any]:
    item = each.item
    return {
        "kind": item.kind,
        "what": item.what,
        "id": item.id,
        "column": item.column or None,
        "cell": cell_of(found, item),
        "label": item.label,
        "unit": item.unit,
        "from": item.before,
        "to": item.after,
        "acts": each.acts,
        "reason": each.reason,
        "group": None if each.group is None else found.groups[each.group].name,
        "effects": [_effect(effect) for effect in each.effects],
    }


def cell_of(found: Differences, item: ChangedItem) -> str:
    """Return the sheet and cell, in the later workbook unless the row is only in the earlier one."""
    place = where((found.first if item.what == REMOVED else found.second).inputs, item)
    return str(place).partition(", ")[2] if place.cell else str(place.sheet or place.file)
