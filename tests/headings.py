"""Headings of tables against the numbers of a record whose every number is one of its own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.views.shared.table import Table

KEPT = {"schema_version", "price_year", "thresholds", "decision_threshold", "years", "survival_years"}
"""Numbers by which others are looked up."""

Record = dict[str, Any]
Expected = tuple[list[Record], dict[str, str]]
"""Records of the rows, and the path in a record by column."""


def each_its_own(found: Any, numbers: Iterator[int]) -> Any:
    if isinstance(found, dict):
        return {k: v if k in KEPT else each_its_own(v, numbers) for k, v in found.items()}
    if isinstance(found, np.ndarray):
        return np.reshape([next(numbers) + 0.5 for _ in range(found.size)], found.shape)
    if isinstance(found, list | tuple):
        return [each_its_own(each, numbers) for each in found]
    if isinstance(found, bool) or not isinstance(found, int | float):
        return found
    return next(numbers) if isinstance(found, int) else next(numbers) + 0.5


def agree(table: Table, expected: Expected) -> None:
    """Every number stands below the heading of its path, and every path has its number."""
    records, columns = expected
    assert len(table.rows) == len(records)
    for row, record in zip(table.rows, records, strict=True):
        cells = {c: v for c, v in zip(heads(table), row, strict=True) if not isinstance(v, str)}
        known = {name: value for name, path in columns.items() if (value := at(record, path)) is not None}
        assert {n: v for n, v in cells.items() if v is not None} == pytest.approx(known, rel=1e-12)
    assert set(columns) <= set(heads(table))


def heads(table: Table) -> list[str]:
    return [column.name.replace("\N{NO-BREAK SPACE}", " ") for column in table.columns]


def at(record: Any, path: str) -> float | None:
    """What is at the end of a path of keys and places; nothing where it ends before."""
    for name in path.split("."):
        if isinstance(record, list | tuple):
            record = dict(enumerate(record)).get(int(name))
        elif record is not None:
            record = record.get(name)
    return None if record is None else float(record)


# Units ---------------------------------------------------------------------------------------------------------------

OUTCOMES = {"life_years": "year", "qalys": "QALY", "costs": "currency", "drug_costs": "currency"}
"""Units of what stands under these keys, where the description of the field names several or none."""
PRINTED = {
    "QALY": {"QALY", "weighted QALY"},
    "administrations": {"per patient"},
    "as reported": {"", "months", "proportion", "ratio"},
    "count": {""},
    "currency": {"EUR"},
    "currency per QALY": {"EUR per QALY", "EUR per weighted QALY"},
    "currency per evLY": {"EUR per evLYG"},
    "currency per life-year": {"EUR"},
    "currency per patient": {"EUR"},
    "currency per person": {"EUR"},
    "currency per unit of effect": {"EUR per QALY"},
    "currency per vial": {"EUR"},
    "draws": {""},
    "years": {"years"},
    "evLY": {"evLY"},
    "life-years; from the step utilities on QALYs": {""},
    "mg": {"mg"},
    "month": {"months"},
    "months": {"months"},
    "patients": {"patients"},
    "proportion": {"proportion", "per year", ""},
    "ratio": {""},
    "standard errors": {"SE", "standard errors"},
    "unit of effect": {"QALY"},
    "unit of the input": {""},
    "unitless": {""},
    "year": {"years", "years per patient"},
    "year, QALY or currency": {""},
}
"""Units of columns by those in the descriptions of fields; where a column has none, it stands in another column."""


def units(found: Any, own: frozenset[str] = frozenset(), key: str = "") -> Iterator[tuple[float, frozenset[str]]]:
    """Every number of a record, and the units that the description of its field names.

    Of several, those that the field names in which its record stands.
    """
    if key in OUTCOMES and (not own or OUTCOMES[key] in own):
        own = frozenset({OUTCOMES[key]})
    if isinstance(found, BaseModel):
        for name, field in type(found).model_fields.items():
            named = frozenset(re.findall(r"\[([^\]]+)\]", field.description or ""))
            yield from units(getattr(found, name), named & own or named or own, name)
    elif isinstance(found, np.ndarray):
        yield from ((value, own) for value in found.ravel().tolist())
    elif isinstance(found, dict | list | tuple):
        inner: dict[Any, Any] = found if isinstance(found, dict) else dict(enumerate(found))
        for place, value in inner.items():
            yield from units(value, own, str(place))
    elif isinstance(found, int | float) and not isinstance(found, bool):
        yield found, own


def agree_in_units(table: Table, of: dict[float, frozenset[str]]) -> bool:
    """Every number of a table stands in a column of its unit; returns whether there is such a number."""
    looked = 0
    for column, cells in zip(table.columns, zip(*table.rows, strict=True), strict=True):
        for cell in cells:
            named = of.get(cell, frozenset()) if isinstance(cell, int | float) else frozenset()
            looked += bool(named)
            allowed = {printed for unit in named for printed in PRINTED[unit]}
            assert not named or column.unit in allowed, (table.name, column.name, column.unit, named)
    return looked > 0
