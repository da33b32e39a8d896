"""Cells of a workbook as they stand: text and numbers with their addresses.

Nothing is interpreted here. The file is opened for reading only and never
written to.

Sheets of an Excel file as grids of values, opened for reading only.

Only the sheets asked for are parsed: large sheets of calculations cost nothing.

What people write into a workbook and what is made of it: notes between rows, numbers stored as text.

Numbers that a cell holds as text: read where there is one way to read them, explained where there is not.
"""

from __future__ import annotations

import io
import lzma
import math
import re
import sys
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from hemodel.errors import InputError, Location, Problem
from hemodel.formats import visible
from hemodel.inputs.dictionary import MODEL_SHEET, SCENARIOS, UNREAD_SHEETS, columns, match, nearest, sheets
from hemodel.inputs.files import DATA_SHEET, MOST_BYTES, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Grid:
    """Stored values and formulas of a sheet, row by row from row 1; rows may differ in length."""

    values: tuple[tuple[Any, ...], ...]
    formulas: tuple[tuple[Any, ...], ...]

    def value(self, row: int, column: int) -> Any:
        """Return the stored value of a cell, rows and columns from 0; None where it is empty."""
        return _at(self.values, row, column)

    def formula(self, row: int, column: int) -> Any:
        """Return the formula of a cell, or the value of one that has no formula."""
        formula = _at(self.formulas, row, column)
        return getattr(formula, "text", formula)


def read_grids(path: Path, wanted: Callable[[str], bool]) -> tuple[list[str], dict[str, Grid]]:
    """Return the names of all worksheets of a file, and the grids of those that are wanted, in its order.

    Raises
    ------
    InputError
        Where the file is missing, damaged, protected with a password, too large, or is not an Excel workbook.
    """
    where = Location(str(path))
    content = read_bytes(path, "Close it elsewhere or change its permissions.", where)
    if content.startswith(_OLE):
        raise InputError((_not_of_today(where, content),))
    try:
        _refuse_large(content, where)
        names, grids = _read(content, where, wanted)
    except zipfile.BadZipFile as error:
        raise InputError((_not_excel(where),)) from error
    except _DAMAGED as error:
        raise InputError((_not_excel(where) if _is_no_workbook(content) else _damaged(where, error),)) from error
    return names, _without_references_to_blanks(grids)


_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
"""How a file of Office begins that is no .xlsx, or one that is encrypted."""
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, LookupError, ValueError, ArithmeticError, OSError),
    *(SyntaxError, TypeError, AttributeError, RuntimeError, AssertionError, EOFError, MemoryError),
)
"""What a broken file raises on its way through the readers of archives, XML and cells."""
_LAST_ROW = 1_048_576
"""Of a sheet in Excel."""


def _not_of_today(where: Location, content: bytes) -> Problem:
    if "EncryptedPackage".encode("utf-16-le") in content:
        todo = "Open it in Excel, take the password away (File, Info, Protect Workbook, Encrypt with Password), save."
        return Problem(where, "the workbook is protected with a password", "It cannot be read without it", todo)
    return _not_excel(where, "It is in the format of Excel before 2007 or of another program")


def _not_excel(where: Location, why: str = "It cannot be opened as one") -> Problem:
    return Problem(where, "this is not an Excel workbook (.xlsx)", why, "Save it from Excel or LibreOffice as .xlsx.")


def _damaged(where: Location, error: BaseException) -> Problem:
    if "integer string conversion" in str(error):
        what = "a cell holds a whole number of thousands of digits"
        return Problem(where, what, "No number has so many", "Enter the number that is meant.")
    todo = "Open it in Excel or LibreOffice, repair it and save it anew, or take an earlier copy."
    return Problem(where, "the workbook is damaged", "A part of the file cannot be read", todo)


def _is_no_workbook(content: bytes) -> bool:
    """Whether an archive has no part that holds a workbook; one whose list of parts cannot be read is a damaged one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return not any("workbook" in name for name in parts.namelist())
    except _DAMAGED:
        return False


def _refuse_large(content: bytes, where: Location) -> None:
    """Refuse parts that are read and would fill the memory once unpacked; pictures are not read."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sizes = {each.filename: each.file_size for each in parts.infolist() if "media/" not in each.filename}
    large = [name for name, size in sizes.items() if size > MOST_BYTES]
    if large:
        size = f"{sizes[large[0]] / 2**20:,.0f} MB; at most {MOST_BYTES // 2**20} MB are read"
        why = f"Unpacked, its part {large[0]} has {size}"
        todo = "Delete what is not needed, such as formats of whole rows and columns."
        raise InputError((Problem(where, "the workbook is too large", why, todo),))


def _read(content: bytes, where: Location, wanted: Callable[[str], bool]) -> tuple[list[str], dict[str, Grid]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        book = _open(content)
        try:
            found = {}
            for sheet in (each for each in book.worksheets if wanted(each.title)):
                try:
                    found[sheet.title] = _grid(sheet)
                except _DAMAGED as error:
                    raise InputError((_damaged(Location(where.file, sheet.title), error),)) from error
            return [sheet.title for sheet in book.worksheets], found
        finally:
            book.close()


def _open(content: bytes) -> Any:
    """Open a workbook without its charts and its links to other files, which may be beyond what openpyxl reads."""
    from openpyxl.reader.excel import ExcelReader

    reader: Any = ExcelReader(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
    reader.read_chartsheet = lambda _sheet, _link: None
    reader.read()
    return reader.wb


def _grid(sheet: Any) -> Grid:
    """Return the cells of a sheet, read once, whatever size the file says it has, without empty rows at the end."""
    from openpyxl.worksheet._reader import FORMULA_TAG, ROW_TAG, WorkSheetParser
    from openpyxl.xml.functions import iterparse

    book: Any = sheet.parent
    days = {"date_formats": book._date_formats, "timedelta_formats": book._timedelta_formats, "epoch": book.epoch}  # noqa: SLF001
    values: list[tuple[Any, ...]] = []
    formulas: list[tuple[Any, ...]] = []
    with sheet._get_source() as source:  # noqa: SLF001
        parser: Any = WorkSheetParser(source, sheet._shared_strings, data_only=True, **days)  # noqa: SLF001
        for element in (each for _, each in iterparse(source) if each.tag == ROW_TAG):
            number, cells = parser.parse_row(element)
            if number > _LAST_ROW:
                raise ValueError("a row beyond the last of Excel")
            given = [
                cell["value"] if own.find(FORMULA_TAG) is None else parser.parse_formula(own)
                for own, cell in zip(element, cells, strict=True)
            ]
            columns = [cell["column"] for cell in cells]
            for rows, found in ((values, map(_stored, cells)), (formulas, given)):
                if len(rows) < number:
                    rows.extend([()] * (number - 1 - len(rows)))
                    rows.append(_row(dict(zip(columns, found, strict=True))))
            element.clear()
    return Grid(_without_end(values, ()), _without_end(formulas, ()))


def _stored(cell: dict[str, Any]) -> Any:
    """Return the stored value of a cell: an empty text where a formula gave one, None where nothing is stored."""
    return "" if cell["value"] is None and cell["data_type"] == "str" else cell["value"]


def _row(by_column: dict[int, Any]) -> tuple[Any, ...]:
    """Return the values of a row up to the last that there is, by column from 1."""
    return _without_end([by_column.get(column) for column in range(1, max(by_column, default=0) + 1)], None)


def _without_end(items: list[Any], empty: object) -> tuple[Any, ...]:
    while items and items[-1] == empty:
        items.pop()
    return tuple(items)


_REFERENCE = re.compile(
    r"=\s*\+?(?:(?P<sheet>'(?:[^']|'')+'|[^'!=(),:\s]+)!)?\$?(?P<column>[A-Z]{1,3})\$?(?P<row>[1-9]\d{0,6})\s*"
)
"""A formula that is the address of one cell, of its own sheet or another."""

_Place = tuple[str, int, int]


def _without_references_to_blanks(grids: dict[str, Grid]) -> dict[str, Grid]:
    """Return the grids with an empty text where a formula only names a blank cell; programs store 0 for it."""
    return {
        name: Grid(
            tuple(
                tuple(
                    "" if value in {None, "", 0} and _names_a_blank(grids, (name, row, column)) else value
                    for column, value in enumerate(values)
                )
                for row, values in enumerate(grid.values)
            ),
            grid.formulas,
        )
        for name, grid in grids.items()
    }


def _names_a_blank(grids: dict[str, Grid], place: _Place) -> bool:
    """Whether the formula at a place names a cell that is blank or holds an empty text, or leads to such a one."""
    seen = set()
    while place not in seen:
        seen.add(place)
        named = _named(grids, place)
        if named is None:
            return False
        place = named
        sheet, row, column = place
        value, formula = grids[sheet].value(row, column), grids[sheet].formula(row, column)
        if value == "" or (value is None and formula is None):
            return True
    return False


def _named(grids: dict[str, Grid], place: _Place) -> _Place | None:
    """Return the one cell, of a sheet that is read, that the formula at a place names; None where it is another."""
    from openpyxl.utils import column_index_from_string

    formula = grids[place[0]].formula(*place[1:])
    found = _REFERENCE.fullmatch(formula) if isinstance(formula, str) else None
    if found is None:
        return None
    sheet = place[0] if found["sheet"] is None else found["sheet"].strip("'").replace("''", "'")
    return (sheet, int(found["row"]) - 1, column_index_from_string(found["column"]) - 1) if sheet in grids else None


def _at(rows: tuple[tuple[Any, ...], ...], row: int, column: int) -> Any:
    return rows[row][column] if row < len(rows) and column < len(rows[row]) else None


_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?P<separator>[ ,'])\d{3}((?P=separator)\d{3})*(\.\d+)?")
_DECIMAL_COMMA = re.compile(r"(?P<whole>[+-]?(\d*|\d{1,3}([ .']\d{3})+)),(?P<decimals>\d+)")
_POINTS = re.compile(r"[+-]?\d{1,3}(\.\d{3}){2,}")
_PERCENTAGE = re.compile(r"(?P<number>[^%]*?) *%")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?")
_ALIKE = str.maketrans({
    "\u00a0": " ",
    "\u2009": " ",
    "\u202f": " ",
    "\u2019": "'",
    "\u2212": "-",
})  # fmt: skip
"""Signs that look like a space, an apostrophe or a minus."""


def trimmed(text: str) -> str:
    """Return a text without spaces at its ends, those without width and those that do not break included."""
    return text.strip(" \t\r\n\f\v\u00a0\u2009\u202f\u200b\u2060\ufeff")


def read_number(text: str) -> float | None:
    """Return the number that a text writes, or None where there is none or more than one way to read it.

    A number has an optional sign, digits, a decimal point, an exponent; groups of three
    digits may stand apart by one kind of separator: comma, space or apostrophe. What
    begins with 0 has no groups: ``0,833`` has a decimal comma.
    """
    plain = trimmed(text).translate(_ALIKE)
    if _GROUPED.fullmatch(plain):
        plain = re.sub(r"[ ,']", "", plain)
    number = float(plain) if _PLAIN.fullmatch(plain) else math.inf
    return number if math.isfinite(number) else None


def why_no_number(text: str) -> tuple[str, str]:
    """Return why a text is not read as a number, and what to do."""
    plain = trimmed(text).translate(_ALIKE)
    percentage = _PERCENTAGE.fullmatch(plain)
    number = None if percentage is None else read_number(percentage["number"])
    if number is not None:
        return "A percentage stored as text is not read", f"Enter {number / 100:.15g} as a number."
    comma = _DECIMAL_COMMA.fullmatch(plain)
    if comma is not None:
        whole = re.sub(r"[ .']", "", comma["whole"])
        return (
            "The decimal sign is a point; with a comma the number can be read in two ways",
            f"If a decimal comma is meant, enter {whole or 0}.{comma['decimals']} as a number.",
        )
    if _POINTS.fullmatch(plain):
        todo = f"Enter {plain.replace('.', '')} as a number, without separators."
        return "The point is the decimal sign, and a number has one of it", todo
    if _PLAIN.fullmatch(plain):
        return "It is larger than any number that can be calculated with", "Enter the number that is meant."
    if _DATE.fullmatch(plain):
        return "A number belongs here, and the cell holds a date", "Format the cell as a number and enter it again."
    return "A number belongs here", "Enter a number, or leave the cell empty if the row is optional."


_OF_A_NOTE = ("id", "label", "note")


def is_note(row: RawRow) -> bool:
    """Whether a row is a note typed below or between the rows of a table.

    A note has text in the column id that does not look like an id (which has a dot and no
    spaces), and nothing elsewhere but in the columns label and note. Text that would be an
    id without its spaces, or with dots for them, is a misspelt one.
    """
    text = row.cells["id"].value
    if not isinstance(text, str) or _looks_like_an_id(text):
        return False
    return all(cell.value is None for name, cell in row.cells.items() if name not in _OF_A_NOTE)


def _looks_like_an_id(text: str) -> bool:
    if "." in text and not re.search(r"\s|://", text):
        return True
    words = text.lower().split()
    return match("".join(words)) is not None or match(".".join(words)) is not None


def mend_numbers(row: RawRow) -> list[Problem]:
    """Turn the numbers of a row that are stored as text into numbers, and return a warning for each."""
    found = match(row.id)
    warnings = []
    for name, cell in row.cells.items():
        numeric = found is not None and found[0].numeric if name == "value" else columns()[name].type == "number"
        number = read_number(cell.value) if numeric and isinstance(cell.value, str) else None
        if number is None:
            continue
        row.cells[name] = replace(cell, value=number)
        input_ = row.id if name == "value" else f"{row.id}.{name}"
        what = f"{input_}: {cell.value} is stored as text; read as {number:.15g}"
        why = "Excel leaves text out of sums and charts"
        warnings.append(Problem(cell.where, what, why, _meant(str(cell.value), number)))
    return warnings


_GROUP_OR_DECIMALS = re.compile(r"[+-]?[1-9]\d{0,2}(?P<sign>[.,])\d{3}")
"""One sign before three digits: it may part thousands or decimals."""


def other_reading(text: str) -> str:
    """Return the second number that a text may mean, and when; nothing where there is one way to read it."""
    plain = trimmed(text).translate(_ALIKE)
    found = _GROUP_OR_DECIMALS.fullmatch(plain)
    if found is None:
        return ""
    if found["sign"] == ",":
        return f"{plain.replace(',', '.')} if a decimal comma is meant"
    return f"{plain.replace('.', '')} if the point parts thousands"


def _meant(text: str, number: float) -> str:
    other = other_reading(text)
    return f"Enter {number:.15g} as a number{', or ' if other else ''}{other}."


Scalar = str | float | int | bool | None


@dataclass(frozen=True)
class Cell:
    """A value and where it stands."""

    value: Scalar
    where: Location


@dataclass
class RawRow:
    """One row of an input sheet, by column name, before any interpretation."""

    sheet: str
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Id of the row, stripped of spaces."""
        return trimmed(str(self.cells["id"].value or ""))

    def where(self, column: str = "id") -> Location:
        """Address of one cell of the row."""
        return self.cells[column].where


@dataclass
class RawWorkbook:
    """All rows of a workbook, and the problems and warnings met while reading them.

    `scenarios` is the sheet of scenarios as it stands. `before` holds the values, by id, that a payer's
    reference case has replaced.
    """

    file: str
    rows: list[RawRow]
    problems: list[Problem]
    sources: tuple[tuple[str, ...], ...] = ()
    tables: dict[str, DataTable] = field(default_factory=dict)
    scenarios: DataTable | None = None
    warnings: list[Problem] = field(default_factory=list)
    before: dict[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class DataTable:
    """A sheet of data (its name begins with `DATA_SHEET`) or of scenarios: all its rows of values, as they stand."""

    file: str
    sheet: str
    rows: tuple[tuple[Scalar, ...], ...]

    def where(self, row: int, column: int) -> Location:
        """Address of a cell, rows and columns from 0."""
        return Location(self.file, self.sheet, _address(row, column))

    def cell(self, row: int, column: int) -> Cell:
        """Return a cell, rows and columns from 0."""
        return Cell(self.rows[row][column], self.where(row, column))


SOURCES = "Sources"


def read_cells(path: Path) -> RawWorkbook:
    """Read every input sheet of a workbook.

    Calculations (sheets whose names begin with `MODEL_SHEET`) and charts are left out.

    Raises
    ------
    InputError
        Where the file is missing or is not an Excel workbook.
    """
    names, grids = read_grids(path, _is_read)
    raw = RawWorkbook(file=path.name, rows=[], problems=[])
    _compare_sheet_names(raw, names)
    grids = {name: _within_reach(raw, name, grid) for name, grid in grids.items()}
    for name in sheets():
        if name in grids:
            _read_sheet(raw, name, grids[name])
    for name, grid in grids.items():
        if name.startswith(DATA_SHEET):
            raw.tables[name] = _data_table(path.name, name, grid)
    if SCENARIOS in grids:
        raw.scenarios = _data_table(path.name, SCENARIOS, grids[SCENARIOS], formulas=True)
    if SOURCES in grids:
        raw.sources = _read_sources(grids[SOURCES])
    return raw


MOST_INPUTS, MOST_ROWS, MOST_COLUMNS = 10_000, 100_000, 200
"""Rows of a sheet of inputs and of data that are read, and columns of either."""


def _within_reach(raw: RawWorkbook, name: str, grid: Grid) -> Grid:
    """Return a sheet without what stands so far off that it is a slip, after saying so."""
    most = MOST_ROWS if name.startswith(DATA_SHEET) else MOST_INPUTS
    far = [
        (number, len(row) - 1)
        for number, row in enumerate(grid.formulas)
        if len(row) > (0 if number >= most else MOST_COLUMNS)
    ]
    if not far:
        return grid
    count = f", and {len(far) - 1:,} more rows do" if len(far) > 1 else ""
    what = f"a cell stands far from the table{count}"
    reach = f"Such a sheet is read to row {most:,} and column {MOST_COLUMNS}"
    todo = "Delete the rows or columns beyond the table, or divide the table."
    raw.problems.append(Problem(Location(raw.file, name, _address(*far[0])), what, reach, todo))
    kept = (tuple(row[:MOST_COLUMNS] for row in rows[:most]) for rows in (grid.values, grid.formulas))
    return Grid(*kept)


def _data_table(file: str, name: str, grid: Grid, *, formulas: bool = False) -> DataTable:
    """Return a sheet as it stands; with `formulas`, one without a stored value is told from an empty cell."""
    width = max((len(row) for row in grid.values), default=0)
    rows = [list(map(_scalar, row)) + [None] * (width - len(row)) for row in grid.values]
    for number, row in enumerate(rows if formulas else ()):
        for index in range(width):
            if grid.value(number, index) is None and grid.formula(number, index) is not None:
                row[index] = _UNKNOWN
    return DataTable(file, name, tuple(map(tuple, rows)))


def _is_read(name: str) -> bool:
    return name in {*sheets(), SOURCES, SCENARIOS} or name.startswith(DATA_SHEET)


def _compare_sheet_names(raw: RawWorkbook, found: list[str]) -> None:
    known = [*sheets(), SCENARIOS, *UNREAD_SHEETS]
    for name in found:
        if name not in known and not name.startswith((DATA_SHEET, MODEL_SHEET)):
            raw.problems.append(
                Problem(
                    Location(raw.file, name),
                    f"unknown sheet {name}",
                    "A sheet that nothing reads is often a misspelt one",
                    nearest(name, known) or "Remove it, or keep notes on the sheet Sources.",
                )
            )
    for name, sheet in sheets().items():
        if name not in found and not sheet.optional:
            raw.problems.append(
                Problem(
                    Location(raw.file, name),
                    f"the sheet {name} is missing",
                    f"It holds: {sheet.purpose[0].lower()}{sheet.purpose[1:]}",
                    "Add the sheet; it may have no rows below its headers.",
                )
            )


def _read_sheet(raw: RawWorkbook, name: str, grid: Grid) -> None:
    texts = [[_text(value) for value in row] for row in grid.values]
    header = next((i for i, row in enumerate(texts) if "id" in row), None)
    if header is None:
        raw.problems.append(
            Problem(
                Location(raw.file, name, "A1"),
                "no header row was found",
                "One column must hold the word id above the rows",
                "Restore the header row.",
            )
        )
        return
    positions = _columns(raw, name, header, [" ".join(text.split()) for text in texts[header]])
    for number in range(header + 1, max(len(grid.values), len(grid.formulas))):
        if any(number < len(rows) and rows[number] for rows in (grid.values, grid.formulas)):
            _read_row(raw, name, number, positions, grid)


def _columns(raw: RawWorkbook, sheet: str, header: int, texts: list[str]) -> dict[str, int]:
    by_header = {columns()[name].header: name for name in sheets()[sheet].columns}
    positions: dict[str, int] = {}
    for index, text in enumerate(texts):
        where = Location(raw.file, sheet, _address(header, index))
        if not text:
            continue
        if text not in by_header:
            todo = nearest(text, by_header) or "Remove it, or use the column note."
            raw.problems.append(Problem(where, f"unknown column {text}", "Nothing reads it", todo))
        elif by_header[text] in positions:
            raw.problems.append(Problem(where, f"the column {text} stands twice", todo="Remove one."))
        else:
            positions[by_header[text]] = index
    for text, name in by_header.items():
        if name not in positions:
            raw.problems.append(
                Problem(
                    Location(raw.file, sheet, f"{header + 1}:{header + 1}"),
                    f"the column {text} is missing",
                    f"It holds: {columns()[name].definition[0].lower()}{columns()[name].definition[1:]}",
                    "Add the column; its cells may be empty.",
                )
            )
    return positions


def _read_row(raw: RawWorkbook, sheet: str, number: int, positions: dict[str, int], grid: Grid) -> None:
    row = RawRow(sheet)
    for name in sheets()[sheet].columns:
        index = positions.get(name)
        where = Location(raw.file, sheet, None if index is None else _address(number, index))
        value = None if index is None else grid.value(number, index)
        formula = None if index is None else grid.formula(number, index)
        if value is None and formula is not None:
            raw.problems.append(
                Problem(
                    where,
                    f"the formula {formula} has no stored value",
                    "The file was written by a program that does not calculate",
                    "Open it in Excel or LibreOffice, save it and run again.",
                )
            )
            value = _UNKNOWN
        row.cells[name] = Cell(_scalar(value), where)
    if is_note(row):
        return
    if row.id:
        raw.rows.append(row)
        raw.warnings += mend_numbers(row)
    elif isinstance(row.cells["value"].value, (int, float)):
        raw.problems.append(
            Problem(
                row.where("value"),
                "a value stands in a row without an id",
                "Nothing would read it",
                "Give the row its id, or move the note to another column.",
            )
        )


_UNKNOWN = "#no stored value"


def has_no_stored_value(cell: Cell) -> bool:
    """Whether a cell's formula has no stored value (already reported)."""
    return cell.value == _UNKNOWN


def _read_sources(grid: Grid) -> tuple[tuple[str, ...], ...]:
    width = max((len(row) for row in grid.values), default=0)
    rows = [tuple(_text(v) for v in row) + ("",) * (width - len(row)) for row in grid.values]
    start = next((i for i, row in enumerate(rows) if row and row[0] == "source"), len(rows))
    return tuple(row for row in rows[start:] if any(row))


def _scalar(value: Any) -> Scalar:
    """Return a value as text or number; a whole number beyond those that can be calculated with as its digits."""
    if isinstance(value, str):
        return visible(trimmed(value)) or None
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        return str(value)
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _text(value: Any) -> str:
    return "" if value is None else visible(trimmed(str(value)))


def _address(row: int, column: int) -> str:
    from openpyxl.utils import get_column_letter

    return f"{get_column_letter(column + 1)}{row + 1}"
