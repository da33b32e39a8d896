"""What differs between two workbooks: cells by id and column, sheets of data, files named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from hemodel.errors import Location
from hemodel.inputs.cells import RawRow, RawWorkbook
from hemodel.inputs.changes import Change, apply_changes, same
from hemodel.inputs.dictionary import columns, sheets
from hemodel.inputs.files import data_sheet, find_beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.inputs.cells import DataTable, Scalar
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
CELL, ROW, SHEET, FILE, CITATIONS = "cell", "row", "sheet of data", "file", "list of sources"
WORDS = ("label", "unit", "range_basis", "source", "note")
"""Columns of text that no calculation reads."""
_IN_FIT = (
    "low",
    "high",
    "se",
    "n",
    "distribution",
    "time",
    "time_origin",
    "versus",
    "p_value",
    "events",
    "bound",
    "weight",
    "use_in_fit",
)
_FITTED = ("survival", "external")
_NAMES = ("settings", "strategy", "drug")
_FILE_ROWS = ("curve.{endpoint}.{strategy}.data", "curve.{endpoint}.{strategy}.at_risk", "background.life_table")
_ORIGIN = "the other workbook"


@dataclass(frozen=True)
class Item:
    """One difference: a cell (by id and column), a whole row, a sheet of data or a file.

    `before` and `after` are values; of a sheet, file or list of sources they are
    hashes (sha256), and None where there is none.
    """

    kind: str
    what: str
    id: str
    column: str
    sheet: str
    label: str
    unit: str
    before: Scalar
    after: Scalar

    @property
    def name(self) -> str:
        """What changes and messages call it: the id, with the column unless that is the value."""
        return self.id if self.column in {"", "value"} else f"{self.id}.{self.column}"


def compare(first: ModelInputs, second: ModelInputs) -> tuple[Item, ...]:
    """Return every difference, in the order of the dictionary's sheets and of the workbooks.

    Where a row, column or sheet stands is no difference. Numbers are the same to 12
    digits.
    """
    found: list[Item] = []
    order = list(sheets())
    ids = dict.fromkeys([*first.rows, *second.rows])
    for id_ in sorted(ids, key=lambda id_: order.index((first.rows.get(id_) or second.rows[id_]).sheet)):
        before, after = first.rows.get(id_), second.rows.get(id_)
        if before is not None and after is not None:
            found += _cells(before, after)
        else:
            found.append(_row(before, after))
    return (*found, *_sheets(first.raw.tables, second.raw.tables), *_files(first, second), *_citations(first, second))


def _cells(before: Row, after: Row) -> Iterable[Item]:
    for column in columns():
        if column == "id" or column not in before.where:
            continue
        old, new = cell_value(before, column), cell_value(after, column)
        if not same(old, new):
            yield Item(CELL, CHANGED, after.id, column, after.sheet, _label(after), after.unit, old, new)


def cell_value(row: Row, column: str) -> Scalar:
    """Return what a cell holds after reading; None where it is empty."""
    if column == "use_in_fit":
        return "yes" if row.use_in_fit else "no"
    value: Scalar = getattr(row, column)
    return None if value == "" else value


def _row(before: Row | None, after: Row | None) -> Item:
    row = after if after is not None else before
    if row is None:
        raise ValueError
    old, new = (None if r is None else cell_value(r, "value") for r in (before, after))
    what = REMOVED if after is None else ADDED
    return Item(ROW, what, row.id, "", row.sheet, _label(row), row.unit, old, new)


def _label(row: Row) -> str:
    return row.label or row.kind.label


def _sheets(first: Mapping[str, DataTable], second: Mapping[str, DataTable]) -> Iterable[Item]:
    for name in dict.fromkeys([*first, *second]):
        old, new = (None if name not in tables else _digest(tables[name].rows) for tables in (first, second))
        yield from _hashed(SHEET, name, name, old, new)


def _files(first: ModelInputs, second: ModelInputs) -> Iterable[Item]:
    """Compare the files of one name that both name and neither carries; another name is another value of its row."""
    done: set[str] = set()
    for row in first.rows.values():
        other = second.rows.get(row.id)
        named = row.kind.pattern in _FILE_ROWS and other is not None and row.text == other.text
        carried = {*first.raw.tables, *second.raw.tables} & {row.text, data_sheet(row.text)}
        if not named or row.text in done or carried:
            continue
        done.add(row.text)
        old, new = (_file_hash(inputs, row.text) for inputs in (first, second))
        yield from _hashed(FILE, row.text, row.sheet, old, new)


def _file_hash(inputs: ModelInputs, name: str) -> str | None:
    path = find_beside(inputs.path, name)
    return sha256(path.read_bytes()).hexdigest() if path is not None and path.is_file() else None


def _citations(first: ModelInputs, second: ModelInputs) -> Iterable[Item]:
    old, new = (_digest(inputs.raw.sources) if inputs.raw.sources else None for inputs in (first, second))
    return _hashed(CITATIONS, "Sources", "Sources", old, new)


def _hashed(kind: str, name: str, sheet: str, old: str | None, new: str | None) -> Iterable[Item]:
    if old != new:
        what = ADDED if old is None else REMOVED if new is None else CHANGED
        yield Item(kind, what, name, "", sheet, name, "", old, new)


def _digest(rows: Iterable[tuple[Scalar, ...]]) -> str:
    """Return a hash of cells that does not see empty cells at the ends, nor 1 written as 1.0."""
    lines = [",".join(_plain(value) for value in row).rstrip(",") for row in rows]
    return sha256("\n".join(lines).rstrip("\n").encode()).hexdigest()


def _plain(value: Scalar) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{float(value):.12g}"
    return "" if value is None else str(value)


def words_only(item: Item, row: Row | None) -> bool:
    """Whether a difference is one of text that no calculation reads."""
    if item.kind == CITATIONS or item.column in WORDS:
        return True
    return row is not None and row.kind.type == "text" and row.kind.group in _NAMES and item.kind == CELL


def spread_only(item: Item, row: Row | None) -> bool:
    """Whether a cell says how an input varies, and can only move the draws and the one-way analysis."""
    if item.kind != CELL or item.column == "value" or item.column in WORDS or row is None:
        return False
    return row.kind.group not in _FITTED or item.column not in _IN_FIT


def with_items(first: ModelInputs, second: ModelInputs, items: Iterable[Item]) -> RawWorkbook:
    """Return the first workbook's cells with some of the differences made.

    A cell is changed as `--set` changes it: where a new value lies outside its range,
    and no other cell of its range is changed, the range moves with it.
    """
    chosen = list(items)
    removed = {item.id for item in chosen if item.kind == ROW and item.what == REMOVED}
    added = {item.id for item in chosen if item.kind == ROW and item.what == ADDED}
    rows = [row for row in first.raw.rows if row.id not in removed]
    rows += [RawRow(row.sheet, dict(row.cells)) for row in second.raw.rows if row.id in added]
    swapped = [item.id for item in chosen if item.kind == SHEET]
    kept = {name: table for name, table in first.raw.tables.items() if name not in swapped}
    tables = kept | {name: second.raw.tables[name] for name in swapped if name in second.raw.tables}
    made = [Change(item.name, item.after, _ORIGIN) for item in chosen if item.kind == CELL]
    return apply_changes(replace(first.raw, rows=rows, tables=tables), made)[0]


def where(inputs: ModelInputs, item: Item) -> Location:
    """Return where a difference stands in a workbook that has it."""
    row = inputs.rows.get(item.id)
    return row.where[item.column or "id"] if row is not None else Location(inputs.path.name, item.sheet)
