"""Rows of an input workbook that are still to be filled in."""

from __future__ import annotations

from itertools import groupby, product
from typing import TYPE_CHECKING

from hemodel.inputs.dictionary import kinds, match
from hemodel.inputs.listing import listing_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.dictionary import Kind

    Row = dict[str, Scalar]

_ENDPOINTS = ("pfs", "os", "time_on_treatment")
_EXAMPLES = ("threshold", "landmark", "drug", "administration", "event", "resource", "treatment")


def blank_rows(strategies: Mapping[str, str]) -> list[Row]:
    """Return every row of a blank workbook, in the order of the dictionary.

    Rows that describe one thing (a drug, a regimen, a curve) stand together.

    Parameters
    ----------
    strategies : mapping
        Names by id; ratios are left out for the first.
    """
    names = {"strategy": tuple(strategies), "endpoint": _ENDPOINTS, **{field: (f"{field}_1",) for field in _EXAMPLES}}
    first = next(iter(strategies))
    shown = (kind for kind in kinds() if kind.in_template)
    rows = []
    for _, members in groupby(shown, key=lambda kind: (kind.sheet, kind.group)):
        for kind, own in _of_one_group(list(members), names):
            if kind.unit != "ratio" or own["strategy"] != first:
                rows.append(blank_row(kind.id(**own), strategies))
    return rows


def _of_one_group(group: Sequence[Kind], names: Mapping[str, Sequence[str]]) -> list[tuple[Kind, dict[str, str]]]:
    """Return kinds with names, by the names that all kinds of the group have, then by kind."""
    common = [field for field in group[0].fields if all(field in kind.fields for kind in group)]
    found = []
    for outer in _combinations(common, names):
        for kind in group:
            rest = [field for field in kind.fields if field not in common]
            found += [(kind, {**outer, **inner}) for inner in _combinations(rest, names)]
    return found


def _combinations(fields: Sequence[str], names: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    return [dict(zip(fields, values, strict=True)) for values in product(*(names[field] for field in fields))]


def blank_row(id_: str, strategies: Mapping[str, str]) -> Row:
    """Return a row with id, label and unit from the dictionary and nothing else.

    Parameters
    ----------
    id_ : str
        An id of a known kind.
    strategies : mapping
        Names by id, for the label.
    """
    found = match(id_)
    if found is None:
        message = f"no kind of input has the id {id_}"
        raise ValueError(message)
    kind, names = found
    empty: Row = dict.fromkeys(listing_columns())
    words = [_word(field, name, strategies) for field, name in names.items()]
    return {
        **empty,
        "sheet": kind.sheet,
        "id": id_,
        "label": ", ".join([kind.label, *words]),
        "unit": kind.unit or None,
    }


def _word(field: str, name: str, strategies: Mapping[str, str]) -> str:
    if field == "strategy":
        return strategies.get(name, name)
    return name.upper() if field == "endpoint" and name in {"pfs", "os"} else name.replace("_", " ")


def place(rows: list[Row], row: Row) -> None:
    """Put a row after the last one on its sheet whose id begins most like its own."""
    parts = str(row["id"]).split(".")
    likeness = [_likeness(other, row["sheet"], parts) for other in rows]
    most = max(likeness, default=-1)
    at = len(rows) if most < 0 else len(rows) - likeness[::-1].index(most)
    rows.insert(at, row)


def _likeness(row: Row, sheet: Scalar, parts: Sequence[str]) -> int:
    """Return how many of the first parts of an id agree; -1 on another sheet."""
    if row["sheet"] != sheet:
        return -1
    own = str(row["id"]).split(".")
    return next(
        (i for i, pair in enumerate(zip(own, parts, strict=False)) if pair[0] != pair[1]), min(len(own), len(parts))
    )
