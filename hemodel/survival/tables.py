"""Small tables of data: named columns of raw values, where each cell stands, and what is wrong with them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.formats import from_csv_cell
from hemodel.inputs.dictionary import nearest
from hemodel.inputs.files import read_text

if TYPE_CHECKING:
    from pathlib import Path

    Rows = list[tuple[int, list[str]]]

Columns = Mapping[str, Sequence[object]]
Locate = Callable[[int, str], Location]
Values = NDArray[np.float64]

MOST_LISTED = 20


@dataclass(frozen=True, eq=False)
class RawTable:
    """Columns of a file or sheet, as they stand.

    Attributes
    ----------
    columns : mapping of header to sequence of values
    where : callable (index of the row from 0, column) -> Location
    whole : Location
        Of the file or sheet.
    header : Location or None
        Of the header, where it has a place of its own.
    repeated : tuple of str
        Columns that stand more than once.
    broken : tuple of Problem
        Rows that do not fit the header.
    """

    columns: Columns
    where: Locate
    whole: Location
    header: Location | None = None
    repeated: tuple[str, ...] = ()
    broken: tuple[Problem, ...] = ()

    def need(self, names: Sequence[str], optional: Sequence[str], rows: str = "") -> dict[str, Sequence[object]]:
        """Return the columns of these names, and of the optional ones those that are there.

        ``rows`` says what to do about a table without rows.

        Raises
        ------
        InputError
            With every column that is missing or stands twice and every row that does not
            fit the header, or for a table without rows.
        """
        where = self.header or self.whole
        listed = columns_listed(self.columns)
        problems = [
            Problem(where, f"there is no column {name!r}", listed, nearest(name, self.columns))
            for name in names
            if name not in self.columns
        ]
        wanted = [name for name in (*names, *optional) if name in self.columns]
        problems += [
            Problem(where, f"column {name!r} is there more than once", todo="Keep one of them.")
            for name in wanted
            if name in self.repeated
        ]
        raise_if_any([*problems, *self.broken])
        if not self.columns[wanted[0]]:
            raise InputError((Problem(self.whole, "there are no rows below the header", todo=rows),))
        return {name: self.columns[name] for name in wanted}


class RowProblems:
    """Collects what is wrong in the rows of a table: at most 20 of one kind by row, then how many more."""

    def __init__(self, columns: Columns, where: Locate, whole: Location) -> None:
        """Begin with no problems; the arguments are as in `RawTable`."""
        self.columns, self.where, self.whole = columns, where, whole
        self.problems: list[Problem] = []

    def add(
        self, column: str, wrong: NDArray[np.bool_], what: Callable[[int], str], todo: str = "", why: str = ""
    ) -> None:
        """Add the rows that are wrong (n,); ``what`` says of a row what is wrong with it."""
        rows = [int(i) for i in np.flatnonzero(wrong)]
        self.problems += [Problem(self.where(i, column), what(i), why, todo) for i in rows[:MOST_LISTED]]
        if len(rows) > MOST_LISTED:
            kept = f"the same kind of problem as in the {MOST_LISTED} rows above"
            self.problems.append(Problem(self.whole, f"{column}: and {len(rows) - MOST_LISTED} more with {kept}"))

    def numbers(self, column: str) -> Values:
        """Return a column as numbers (n,), nan where a cell holds none, and add those cells."""
        raw = self.columns[column]
        values = np.array([as_number(cell) for cell in raw], dtype=np.float64)
        self.add(column, np.isnan(values), lambda i: f"{shown(raw[i])} is not a number", "Give a number in every row")
        return values


def as_number(cell: object) -> float:
    """Return a cell as a number, or nan for what is none."""
    if isinstance(cell, bool) or cell is None:
        return float("nan")
    try:
        return float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


_HEADER = re.compile(r"[\w .,()%\[\]+-]{1,60}")


def is_header(name: str) -> bool:
    """Whether a text may be the name of a column, rather than a line of some other file."""
    return _HEADER.fullmatch(name) is not None


def columns_listed(names: Iterable[str]) -> str:
    """Say which columns there are; nothing of a file whose first row is no header, as it is no table of data."""
    names = [*names]
    if not all(map(is_header, names)):
        return "The first row is no header of a table"
    return f"The columns are: {', '.join(names)}"


def shown(cell: object) -> str:
    """Return a cell as a message shows it."""
    text = "" if cell is None else str(cell).strip()
    return repr(text) if text else "an empty cell"


def read_table(path: Path, todo: str = "Give a header and a row for each entry.") -> RawTable:
    """Read a CSV file with a header: values separated by commas, in UTF-8; empty rows are left out.

    ``todo`` says what to do about an empty file. Columns that stand twice and rows that do
    not fit the header are in the table, and refused by `RawTable.need`.

    Raises
    ------
    InputError
        Where the file cannot be read, is empty, or has semicolons for commas.
    """
    whole, top = Location(str(path)), Location(str(path), cell="row 1")
    rows = _rows(path, whole)
    if not rows:
        raise InputError((Problem(whole, "the file is empty", todo=todo),))
    names, body = [cell.strip() for cell in rows[0][1]], rows[1:]
    if len(names) == 1 and ";" in names[0]:
        what = "the columns are separated by semicolons"
        raise InputError((Problem(top, what, todo="Save the file with commas between columns and points in numbers."),))
    return RawTable(
        columns={name: [(*row, *[""] * len(names))[j] for _, row in body] for j, name in enumerate(names) if name},
        where=lambda i, name: Location(str(path), cell=f"row {body[i][0]}, column {name}"),
        whole=whole,
        header=top,
        repeated=tuple(name for name in dict.fromkeys(names) if name and names.count(name) > 1),
        broken=tuple(_too_long(path, body, len(names))),
    )


def _too_long(path: Path, body: Rows, width: int) -> list[Problem]:
    """Return the rows with something beyond the last column of the header."""
    long = [(number, row) for number, row in body if any(cell.strip() for cell in row[width:])]
    todo = "Write decimals with a point"
    return [
        Problem(Location(str(path), cell=f"row {number}"), f"there are {len(row)} cells", todo=todo)
        for number, row in long[:MOST_LISTED]
    ]


def _rows(path: Path, whole: Location) -> Rows:
    """Return the rows that are not empty, with their numbers (the header is row 1)."""
    text = read_text(path, "Save it as CSV in UTF-8.", whole)
    try:
        rows = (list(map(from_csv_cell, row)) for row in csv.reader(io.StringIO(text, newline="")))
        return [(n, row) for n, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        problem = Problem(whole, f"the file cannot be read as CSV ({error})", todo="Save it as CSV in UTF-8.")
        raise InputError((problem,)) from None
