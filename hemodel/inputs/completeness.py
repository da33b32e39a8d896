"""Checks across rows: which rows a workbook must have, and the names they may use.

The rows that define things (a drug's name, a regimen's dose, a curve's family)
say which drugs, regimens and curves there are; every other row of the same
group must then exist for each of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hemodel.errors import Location, Problem
from hemodel.inputs.dictionary import Kind, kind_of, kinds, match, nearest

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping

    from hemodel.inputs.rows import Row

_ANCHORS = {
    "strategy": "strategy.{strategy}.name",
    "curve": "curve.{endpoint}.{strategy}.family",
    "drug": "drug.{drug}.name",
    "regimen": "regimen.{strategy}.{drug}.dose",
    "administration": "administration.{administration}.cost",
    "adverse_event": "adverse_event.{event}.unit_cost",
    "resource": "resource.{resource}.unit_cost",
    "subsequent": "subsequent.{treatment}.drug_cost_per_cycle",
}
"""The kind of row that defines each group's members."""


def check_completeness(file: str, ids: Iterable[str], rows: Mapping[str, Row]) -> list[Problem]:
    """Return a problem for each row that is missing, empty or about something undefined.

    Parameters
    ----------
    file : str
        Name of the workbook, for messages.
    ids : iterable of str
        Every id that stands in the workbook, also of rows that have problems.
    rows : mapping
        The rows without problems, by id.
    """
    present = dict.fromkeys(ids)
    members = {group: _members(present, pattern) for group, pattern in _ANCHORS.items()}
    problems = []
    for kind in kinds():
        for id_ in _expected(kind, members):
            problems += absent(file, id_, present, rows)
        if kind.required == "some":
            problems += _none_of(file, kind, [id_ for id_ in present if _is(kind, id_)], rows)
    return problems + _undefined_names(rows, members)


def absent(file: str, id_: str, ids: Container[str], rows: Mapping[str, Row]) -> list[Problem]:
    """Return a problem where the row of this id is missing or empty, and none where it is there.

    Parameters are those of `check_completeness`.
    """
    if id_ not in ids:
        found = match(id_)
        return [] if found is None else [_missing(file, found[0], id_)]
    return [_empty(rows[id_])] if id_ in rows and rows[id_].value is None else []


def missing_ids(ids: Iterable[str]) -> list[str]:
    """Return the ids of the rows that a workbook with these ids still needs, in the order of the dictionary.

    A kind of which at least one row is needed, under a name to be chosen, is not among them.
    """
    present = dict.fromkeys(ids)
    members = {group: _members(present, pattern) for group, pattern in _ANCHORS.items()}
    return [id_ for kind in kinds() for id_ in _expected(kind, members) if id_ not in present]


def members_of(group: str, ids: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names of a group's members (strategies, drugs, ...) in workbook order."""
    return _members(ids, _ANCHORS[group])


def _members(ids: Iterable[str], pattern: str) -> list[tuple[str, ...]]:
    found = []
    for id_ in ids:
        hit = match(id_)
        if hit is not None and hit[0].pattern == pattern:
            found.append(tuple(hit[1].values()))
    return found


def _none_of(file: str, kind: Kind, ids: list[str], rows: Mapping[str, Row]) -> list[Problem]:
    """Return a problem where no row of a kind stands in the workbook, or all of them are empty."""
    if not ids:
        return [_missing(file, kind, kind.pattern)]
    if kind.pattern in _ANCHORS.values() or any(id_ not in rows or rows[id_].value is not None for id_ in ids):
        return []
    return [_empty(rows[ids[0]])]


def _is(kind: Kind, id_: str) -> bool:
    hit = match(id_)
    return hit is not None and hit[0] == kind


def _expected(kind: Kind, members: Mapping[str, list[tuple[str, ...]]]) -> list[str]:
    if kind.required == "once":
        return [kind.pattern]
    if kind.required != "each" and kind.pattern not in _ANCHORS.values():
        return []
    anchor = _ANCHORS.get(kind.group)
    fields = kind_of(anchor).fields if anchor else ()
    if anchor and set(fields) <= set(kind.fields):
        named = [dict(zip(fields, names, strict=True)) for names in members[kind.group]]
    else:
        named = [{}]
    if "strategy" in kind.fields and "strategy" not in fields:
        named = [{**names, "strategy": s} for names in named for (s,) in members["strategy"]]
    return [kind.id(**names) for names in named]


def needed_problems(file: str, rows: Mapping[str, Row], ids: Iterable[str], purpose: str) -> list[Problem]:
    """Return a problem for each of these rows that is not there or is empty, though a purpose needs it."""
    empty = [id_ for id_ in ids if id_ not in rows or rows[id_].value is None]
    found = [_empty(rows[id_]) if id_ in rows else _missing(file, kind_of(id_), id_) for id_ in empty]
    return [replace(problem, what=f"{problem.what}, and {purpose} needs it") for problem in found]


def _missing(file: str, kind: Kind, id_: str) -> Problem:
    return Problem(
        Location(file, kind.sheet),
        f"the row {id_} is missing",
        f"It holds: {kind.definition[0].lower()}{kind.definition[1:]}",
        f"Add it to the sheet {kind.sheet}.",
    )


def _empty(row: Row) -> Problem:
    return Problem(
        row.where["value"],
        f"{row.id} is empty",
        f"It holds: {row.kind.definition[0].lower()}{row.kind.definition[1:]}",
        "Enter a value.",
    )


def _undefined_names(rows: Mapping[str, Row], members: Mapping[str, list[tuple[str, ...]]]) -> list[Problem]:
    problems = []
    known = {group: [names[-1] for names in members[group]] for group in ("strategy", "drug")}
    for group in ("adverse_event", "resource", "subsequent", "administration"):
        known[{"adverse_event": "event", "subsequent": "treatment"}.get(group, group)] = [
            names[0] for names in members[group]
        ]
    for row in rows.values():
        for field, name in row.names.items():
            defines = row.kind.pattern in _ANCHORS.values() and field == row.kind.fields[-1]
            defines = defines and row.kind.group not in {"regimen", "curve"}
            if field in known and name not in known[field] and not defines:
                problems.append(_undefined(row, field, name, known[field]))
    return problems


def _undefined(row: Row, field: str, name: str, options: list[str]) -> Problem:
    defined_by = next(pattern for pattern in _ANCHORS.values() if kind_of(pattern).fields == (field,))
    return Problem(
        row.where["id"],
        f"{row.id} is about the {field} {name}, which is not defined",
        f"It would be defined by a row {defined_by.format(**{field: name})}",
        nearest(name, options),
    )
