"""What rows are called: labels that tell any two of them apart, and warnings of labels that are wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hemodel.errors import Problem
from hemodel.inputs.dictionary import kinds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hemodel.inputs.cells import RawRow
    from hemodel.inputs.rows import Row

    Rows = Mapping[str, Row]

NAME = "label"
"""By which a note accepts a warning about its label."""
TIME_TOLERANCE = 0.05
_ENDPOINTS = {"os": ("os", "overall survival"), "pfs": ("pfs", "progression-free survival")}
_STATES = {"progression_free": r"\bprogression[- ]?free\b", "progressed": r"\bprogressed\b"}
_MONTHS = re.compile(r"(\d+(?:\.\d+)?)[ -]?months?\b", re.IGNORECASE)


def word(field: str, name: str, names: Mapping[str, str]) -> str:
    """Return what a name in an id is called: a known endpoint in capitals, others by their rows of the name.

    Parameters
    ----------
    names : mapping
        Values of these rows by id.
    """
    if field == "endpoint" and name in _ENDPOINTS:
        return name.upper()
    return names.get(f"{field}.{name}.name") or name.replace("_", " ")


def labelled(rows: Rows, raw: Sequence[RawRow]) -> dict[str, Row]:
    """Return the rows with labels of which no two are equal.

    A row without a label has the dictionary's, with what its id names. To labels that are equal, but for capitals and
    spaces, what the ids differ in is added in brackets, or else the id.

    Parameters
    ----------
    raw : sequence of RawRow
        Whose labels are those of the workbook.
    """
    names = {row.id: row.text for row in rows.values() if row.kind.pattern.endswith("}.name") and row.text}
    first = {row.id: given(row) or _of_dictionary(rows[row.id], names) for row in raw if row.id in rows}
    whole = dict(first)
    for same in _equal(first):
        whole |= _told_apart([rows[id_] for id_ in same], first, names)
    whole |= {id_: f"{first[id_]} ({id_})" for same in _equal(whole) for id_ in same}
    return {id_: row if whole[id_] == row.label else replace(row, label=whole[id_]) for id_, row in rows.items()}


def unique(names: Mapping[str, str]) -> dict[str, str]:
    """Return names by id; one that several share, but for capitals and spaces, has its id beside it."""
    return {**names, **{id_: f"{names[id_]} ({id_})" for same in _equal(names) for id_ in same}}


def given(row: RawRow) -> str:
    """Return the label of a row as it stands, empty where there is none."""
    cell = row.cells.get("label")
    return "" if cell is None or cell.value is None else str(cell.value).strip()


def _of_dictionary(row: Row, names: Mapping[str, str]) -> str:
    return ", ".join([row.kind.label, *(word(field, name, names) for field, name in row.names.items())])


def _equal(labels: Mapping[str, str]) -> list[list[str]]:
    """Return the ids of rows of one label, where there are several."""
    found: dict[str, list[str]] = {}
    for id_, label in labels.items():
        found.setdefault("".join(label.casefold().split()), []).append(id_)
    return [ids for ids in found.values() if len(ids) > 1]


def _told_apart(rows: Sequence[Row], labels: Mapping[str, str], names: Mapping[str, str]) -> dict[str, str]:
    """Return labels with the words in which the rows differ: names in the id, or else the kind of input."""
    parts = [{field: word(field, name, names) for field, name in row.names.items()} for row in rows]
    if all(part == parts[0] for part in parts):
        parts = [{"kind": row.kind.label} for row in rows]
    fields = dict.fromkeys(field for part in parts for field in part)
    differing = [field for field in fields if len({part.get(field) for part in parts}) > 1]
    found = {}
    for row, part in zip(rows, parts, strict=True):
        own = [part[field] for field in differing if field in part and part[field] != labels[row.id]]
        found[row.id] = f"{labels[row.id]} ({', '.join(own)})" if own else labels[row.id]
    return found


def label_warnings(rows: Rows, raw: Sequence[RawRow]) -> Iterator[Problem]:
    """Yield a warning for each row whose label is missing, is that of another row, or does not fit its id.

    Only rows that hold a value and whose label stands in the workbook are looked at. The dictionary's own label is
    nobody's copy, and rows of names are called alike.
    """
    own = [row for row in raw if row.id in rows and rows[row.id].value is not None and "label" in row.cells]
    labels = {row.id: given(row) for row in own if row.where("label").sheet is not None}
    yield from (_missing(rows[id_]) for id_, label in labels.items() if not label)
    stale = {id_: said for id_, label in labels.items() if label and (said := _stale(rows, rows[id_], label))}
    for id_, said in stale.items():
        yield Problem(
            rows[id_].where["label"],
            f"the label {labels[id_]!r} does not fit {id_}",
            f"It {said}, and tables and charts call a row by its label",
            "Correct the label, or the id.",
            NAME,
        )
    named = {id_: label for id_, label in labels.items() if label and not rows[id_].kind.pattern.endswith("}.name")}
    for ids in _equal(named):
        if not all(labels[id_].casefold() == rows[id_].kind.label.casefold() for id_ in ids):
            yield from (_copied(rows[id_], rows[ids[0]], labels[id_]) for id_ in ids[1:] if id_ not in stale)


def _missing(row: Row) -> Problem:
    return Problem(
        row.where["label"],
        f"{row.id} has no label",
        "Tables and charts call a row by its label; words of the dictionary stand in its place",
        "Write what the row is, with the strategy, drug or event it is about.",
        NAME,
    )


def _copied(row: Row, first: Row, label: str) -> Problem:
    return Problem(
        row.where["label"],
        f"{row.id} has the label of {first.id}, {label!r}",
        "Tables and charts add what their ids differ in, to tell them apart",
        "Give each row a label of its own.",
        NAME,
    )


def _stale(rows: Rows, row: Row, label: str) -> str:
    """Say what a label speaks of that its row is not about; nothing where it fits."""
    for field in ("strategy", "drug", "endpoint"):
        if field in row.names:
            said = _spoken_of(rows, field, label)
            others = [name for name in said if name not in {row.names[field], *_beside(rows, row)}]
            if others and row.names[field] not in said:
                return f"speaks of {said[others[0]]}, the id of {row.names[field]}"
    times = [float(each) for each in _MONTHS.findall(label)]
    if row.time and times and all(abs(time / row.time - 1) > TIME_TOLERANCE for time in times):
        return f"speaks of {times[0]:g} months, the row of {row.time:g}"
    other = _other_kind(row, label)
    return f"is that of another kind of input, {other!r}" if other else _other_state(row, label)


def _other_state(row: Row, label: str) -> str:
    said = {state for state, words in _STATES.items() if re.search(words, label, re.IGNORECASE)}
    own = said.union(row.id.split(".")).intersection(_STATES)
    return f"speaks of the state {min(said)}, the id of {min(own - said)}" if said and own - said else ""


def _beside(rows: Rows, row: Row) -> set[str]:
    """Return the strategies or endpoints that a row is held against, of which its label may speak."""
    if row.kind.group not in {"curve", "waning", "effect", "survival", "external"}:
        return set()
    curve = ".".join((row.names["endpoint"], row.names["strategy"]))
    references = [rows[id_].text for id_ in (f"curve.{curve}.reference", f"waning.{curve}.reference") if id_ in rows]
    return {row.versus, row.text, *references} if row.kind.unit == "ratio" or row.kind.group != "survival" else set()


def _spoken_of(rows: Rows, field: str, label: str) -> dict[str, str]:
    """Return the members of a field that a label names, each with the word for it."""
    words: dict[str, str] = {}
    for name in dict.fromkeys(row.names[field] for row in rows.values() if field in row.names):
        named = rows.get(f"{field}.{name}.name")
        own = _ENDPOINTS.get(name, ()) if field == "endpoint" else (name.replace("_", " "), named.text if named else "")
        words |= {each.casefold(): name for each in own if len(each) > 1}
    if not words:
        return {}
    any_of = "|".join(re.escape(each) for each in sorted(words, key=len, reverse=True))
    found = re.findall(rf"(?<![\w-])(?:{any_of})(?![\w-])", label.replace("_", " "), re.IGNORECASE)
    return {words[each.casefold()]: each for each in found if each.casefold() in words}


def _other_kind(row: Row, label: str) -> str:
    """Return the dictionary's label of another kind of the group with which a label begins; nothing where none does."""

    def begins(with_: str) -> bool:
        return re.match(rf"{re.escape(with_)}\s*($|[,:(])", label, re.IGNORECASE) is not None

    others = _labels_of_group(row)
    return "" if begins(row.kind.label) else next((each for each in others if begins(each)), "")


def _labels_of_group(row: Row) -> Iterable[str]:
    own = row.kind
    return (k.label for k in kinds() if k.group == own.group and k.fields == own.fields and k.label != own.label)
