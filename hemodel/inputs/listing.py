"""The text form of a workbook's inputs: a CSV with one line per row.

A workbook cannot be compared line by line; its listing can. The two hold the
same rows in the same order, so either can be made from the other.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.formats import csv_lines, from_csv_cell
from hemodel.inputs.dictionary import columns, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hemodel.inputs.cells import RawWorkbook, Scalar


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_INTEGER = re.compile(r"[+-]?\d+")


def listing_columns() -> tuple[str, ...]:
    """Return the columns of a listing: the sheet, then every column by its machine name."""
    return ("sheet", *columns())


def to_listing(raw: RawWorkbook) -> list[dict[str, Scalar]]:
    """Return the rows of a workbook, one dict per row, in the order of the workbook.

    Parameters
    ----------
    raw : RawWorkbook
        The cells of the workbook.

    Returns
    -------
    list of dict
        The sheet and the value of every column; None where the cell is empty
        or the sheet has no such column.
    """
    return [
        {
            "sheet": row.sheet,
            **{name: row.cells[name].value if name in row.cells else None for name in columns()},
            "id": row.id,
        }
        for row in raw.rows
    ]


def write_listing(rows: Iterable[dict[str, Scalar]], path: Path) -> None:
    """Write the rows as CSV (UTF-8), numbers with all their digits, empty cells as nothing."""
    lines = [listing_columns(), *([_text(row.get(name)) for name in listing_columns()] for row in rows)]
    path.write_text(csv_lines(lines, end="\n"), encoding="utf-8", newline="")


def read_listing(path: Path) -> list[dict[str, Scalar]]:
    """Read the rows of a CSV that `write_listing` wrote or a person edited.

    In a column of numbers, and in the column value, text that reads as a number
    becomes one. Any other text stays as it is; the reader of the inputs judges it.

    Raises
    ------
    InputError
        Where the file is missing or its columns are not those of a listing.
    """
    if not path.is_file():
        raise InputError((Problem(Location(str(path)), "there is no such file", todo="Check the path."),))
    with path.open(encoding="utf-8-sig", newline="") as file:
        header, *lines = list(csv.reader(file)) or [[]]
    raise_if_any(_problems(path, header, lines))
    return [{name: _value(name, text) for name, text in zip(header, line, strict=True)} for line in lines if line]


def _problems(path: Path, header: list[str], lines: list[list[str]]) -> Iterable[Problem]:
    known = listing_columns()
    for name in known:
        if name not in header:
            yield Problem(Location(path.name), f"the column {name} is missing", todo="Restore the line of headers.")
    for name in header:
        if name not in known or header.count(name) > 1:
            what = f"unknown column {name}" if name not in known else f"the column {name} stands twice"
            yield Problem(Location(path.name), what, todo=nearest(name, known) or "Remove it.")
    for number, line in enumerate(lines, start=2):
        if line and len(line) != len(header):
            yield Problem(
                Location(path.name),
                f"line {number} has {len(line)} fields instead of {len(header)}",
                "A text that holds a comma must stand between double quotes",
                "Add the quotes.",
            )


def _text(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return value if isinstance(value, str) else repr(value)


_EXACT = 2**53


def _value(column: str, text: str) -> Scalar:
    text = from_csv_cell(text.strip())
    if not text:
        return None
    if column == "sheet" or columns()[column].type not in {"number", "value"}:
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
