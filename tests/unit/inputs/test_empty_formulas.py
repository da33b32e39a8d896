"""Formulas that give an empty text, or name a blank cell: the cell is empty."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import openpyxl
import pytest

from hemodel.inputs.cells import RawWorkbook, read_cells

WORKBOOK = Path(__file__).parents[3] / "inputs" / "teaching_three_strategies.xlsx"
SHEET = "End of life"
NOTE, VALUE, BELOW = "L5", "C5", "B40"


def stored(tmp_path: Path, cells: dict[str, tuple[str, str, str]]) -> RawWorkbook:
    """Return the workbook with formulas in cells of a sheet: the formula, and the kind and text of its stored value.

    Programs that calculate store an empty text as ``<c t="str"><f>...</f><v></v></c>``; openpyxl stores no value and
    no kind, so that they are put into the XML of its file.
    """
    book = openpyxl.load_workbook(WORKBOOK)
    for address, (formula, _kind, _value) in cells.items():
        book[SHEET][address] = formula
    number = book.sheetnames.index(SHEET) + 1
    book.save(tmp_path / "plain.xlsx")
    with zipfile.ZipFile(tmp_path / "plain.xlsx") as plain, zipfile.ZipFile(tmp_path / "book.xlsx", "w") as made:
        for name in plain.namelist():
            text = plain.read(name)
            if name == f"xl/worksheets/sheet{number}.xml":
                for address, (_formula, kind, value) in cells.items():
                    pattern = f'<c r="{address}"([^>]*)>(<f>.*?</f>)<v ?(?:/>|></v>)'
                    put = f'<c r="{address}"\\1{kind}>\\2<v>{value}</v>'
                    edited, count = re.subn(pattern, put, text.decode())
                    assert count == 1
                    text = edited.encode()
            made.writestr(name, text)
    return read_cells(tmp_path / "book.xlsx")


def at(raw: RawWorkbook, address: str) -> object:
    column = {"L": "note", "C": "value"}[address[0]]
    return next(row.cells[column].value for row in raw.rows if str(row.where(column)).endswith(f"{SHEET}!{address}"))


EMPTY = ' t="str"'


@pytest.mark.parametrize("address", [NOTE, VALUE])
@pytest.mark.parametrize(
    "formula", ['=""', '=IF(1>2,"x","")', '=IFERROR(1/0,"")', '=Drugs!Z99&""', '=IF(Utilities!C2>2,"check","")']
)
def test_a_formula_that_gives_an_empty_text_is_an_empty_cell(formula: str, address: str, tmp_path: Path) -> None:
    raw = stored(tmp_path, {address: (formula, EMPTY, "")})
    assert raw.problems == []
    assert at(raw, address) is None


def test_so_it_is_below_the_table(tmp_path: Path) -> None:
    before = stored(tmp_path, {})
    raw = stored(tmp_path, {BELOW: ('=IF(1>2,"x","")', EMPTY, ""), "A41": ('=""', EMPTY, "")})
    assert raw.problems == []
    assert [row.id for row in raw.rows] == [row.id for row in before.rows]


@pytest.mark.parametrize("reference", ["=Z99", "=$Z$99", "=Utilities!Z99", "='Utilities'!Z$99", "=+Z99", "=Z98"])
@pytest.mark.parametrize(("kind", "value"), [("", "0"), (EMPTY, ""), ("", "")])
def test_a_reference_to_a_blank_cell_is_an_empty_cell(reference: str, kind: str, value: str, tmp_path: Path) -> None:
    """Excel and LibreOffice store 0 for it; a reference to such a reference is empty, too."""
    raw = stored(tmp_path, {VALUE: (reference, kind, value), "Z98": ("=Z97", "", "0")})
    assert raw.problems == []
    assert at(raw, VALUE) is None


def test_a_reference_to_a_zero_is_zero_and_what_is_not_calculated_is_told_of(tmp_path: Path) -> None:
    zero = stored(tmp_path, {VALUE: ("=Z99", "", "0"), "Z99": ("=1-1", "", "0")})
    assert zero.problems == []
    assert at(zero, VALUE) == 0
    (problem,) = stored(tmp_path, {VALUE: ("=Z99", "", ""), "Z99": ("=1+1", "", "")}).problems
    assert problem.what == "the formula =Z99 has no stored value"
    (problem,) = stored(tmp_path, {VALUE: ("=C5", "", "")}).problems  # of itself
    assert problem.what == "the formula =C5 has no stored value"
