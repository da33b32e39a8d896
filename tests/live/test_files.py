"""Every file that is written: what must hold whatever the model, of formulas, stored values, names and sheets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from live.chosen import FILES
from live.editing import defined_names
from live.recalculation import number_or_text, position, sheet_files
from live.rules import EXCEL_2007, LONGEST_FORMULA, minus_before_power, valid_name
from live.written import formulas, part, parts, without_texts, written

from hemodel.analyses.load import read_valid

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from live.batch import Case, Cases
    from live.written import Cell

RELATIVE = 1e-9
ROUNDING = 1e-11
"""A cell that holds a difference of numbers near 1 is rounding below this."""


@dataclass(frozen=True)
class File:
    """A live model as written: the model, its file, and its formulas by sheet and address."""

    case: Case
    path: Path
    formulas: Mapping[tuple[str, str], Cell]


@pytest.fixture(scope="module", params=FILES)
def file(request: pytest.FixtureRequest, live: Cases) -> File:
    case = live[request.param]
    return File(case, case.path, formulas(written(case.path)))


def test_stored_values_are_those_of_recalculation(file: File) -> None:
    """A program that does not calculate shows the same as one that does, in every cell with a formula."""
    assert len(file.formulas) > 1000
    sheets: dict[str, list[list[str]]] = {}
    wrong = []
    for (sheet, where), cell in file.formulas.items():
        rows = sheets[sheet] if sheet in sheets else sheets.setdefault(sheet, file.case.book.sheet(sheet))
        row, column = position(where)
        text = rows[row][column] if row < len(rows) and column < len(rows[row]) else ""
        if not same(cell, text):
            wrong.append(f"{sheet}!{where}: stored {cell.value!r}, calculated {text!r}: {cell.formula}")
    assert wrong == []


def same(cell: Cell, text: str) -> bool:
    """Whether a recalculated cell is the stored one: numbers to 1e-9, texts by their letters."""
    if isinstance(cell.value, bool):
        return text == str(cell.value).upper()
    found = number_or_text(text)
    if isinstance(cell.value, float) and isinstance(found, float):
        return abs(found - cell.value) <= max(RELATIVE * abs(cell.value), ROUNDING)
    return text == ("" if cell.value is None else cell.value)


def test_every_formula_has_a_stored_value(file: File) -> None:
    """Without one, a program that does not calculate reads 0, and so does LibreOffice by default."""
    assert [place for place, cell in file.formulas.items() if cell.value is None] == []
    for name in sheet_files(file.path).values():
        xml = part(file.path, name)
        assert xml.count("<f>") == len(re.findall(r"<f>[^<]*</f><v>", xml))
        assert "<f " not in xml  # no array, shared or table formulas


def test_formulas_are_such_as_excel_2010_and_libreoffice_have(file: File) -> None:
    found = {cell.formula or "" for cell in file.formulas.values()}
    bare = {without_texts(formula) for formula in found}
    functions = {function for formula in bare for function in re.findall(r"([A-Za-z_.][A-Za-z0-9_.]*)\(", formula)}
    assert functions <= EXCEL_2007
    assert not any(minus_before_power(formula) for formula in bare)
    assert not any("#" in formula or "_xl" in formula or "[" in formula for formula in bare)
    assert max(map(len, found)) <= LONGEST_FORMULA


def test_sheets_have_names_that_excel_takes(file: File) -> None:
    """At most 31 characters, unlike in any case, none of []:*?/\\, no apostrophe at either end."""
    names = list(sheet_files(file.path))
    assert len({each.lower() for each in names}) == len(names)
    assert all(re.fullmatch(r"(?!')[^\[\]:*?/\\]{1,31}(?<!')", each) for each in names)


def test_every_input_has_a_name_that_excel_takes(file: File) -> None:
    """The rules for names: ECMA-376 part 1, 18.2.5; Excel refuses to open a file that breaks them."""
    names = defined_names(file.path)
    assert len({each.lower() for each in names}) == len(names)
    assert [each for each in names if not valid_name(each)] == []
    ids = set(read_valid(file.path).rows)
    assert {id_ for id_ in ids if id_ not in names and f"{id_}_" not in names} == set()


def test_nothing_is_hidden_locked_or_elsewhere(file: File) -> None:
    unwanted = re.compile(r"vba|macro|externalLink|connections", re.IGNORECASE)
    assert [each for each in parts(file.path) if unwanted.search(each)] == []
    book = part(file.path, "xl/workbook.xml")
    assert 'state="' not in book
    assert "Protection" not in book
    for name in sheet_files(file.path).values():
        assert not re.search(r'hidden="1"|<sheetProtection', part(file.path, name))
    assert not re.search(r'<protection[^>]*hidden="1"', part(file.path, "xl/styles.xml"))
