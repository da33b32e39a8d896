"""Sheets of a live model as files: long columns are written row by row, never held cell by cell."""

from __future__ import annotations

import re
import tracemalloc
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import xlsxwriter

from hemodel.inputs.cell_formats import Formats
from hemodel.live_model.formula import Formula, as_formula, when
from hemodel.live_model.look import Look, tab_colour
from hemodel.live_model.sheet import Sheet, SheetTable
from hemodel.live_model.writing import FormulaPage, write_sheet

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 3


def sheet_of_all_kinds() -> Sheet:
    """Return a table of three rows below row 5: numbers, texts, truths, stored numbers, and a sum that runs."""
    sheet = Sheet("One", "One")
    table = SheetTable(sheet, 5, ROWS)
    number = table.add_stored("Number", np.array([1, 2, 3]), "stored count")
    half = table.add("Half", number * 0.5, "number")
    table.add("Text", when(half > 1, "50% & <more>", ""), "text")
    table.add("Large", Formula(f"{half.text}>=1", half.value >= 1), "text")
    table.running_sum("So far", as_formula(0.25), half, "number")
    return sheet


def saved(path: Path, sheet: Sheet) -> Path:
    """Write a sheet, and beside it a chart of its column Half with the sum that runs."""
    with xlsxwriter.Workbook(path, {"tmpdir": str(path.parent)}) as book:
        page = book.add_worksheet(sheet.name, FormulaPage)
        write_sheet(page, sheet, Look(Formats(book)))
        page.set_row(20, 40)
        chart = book.add_chart({"type": "line"})
        chart.add_series({"categories": [sheet.name, 5, 1, 7, 1], "values": [sheet.name, 5, 4, 7, 4]})
        page.insert_chart(0, 8, chart)
    return path


def test_formulas_and_the_values_they_show(tmp_path: Path) -> None:
    path = saved(tmp_path / "one.xlsx", sheet_of_all_kinds())
    formulas, values = (openpyxl.load_workbook(path, data_only=shown)["One"] for shown in (False, True))
    for row, half, so_far in ((6, 0.5, 0.25), (7, 1.0, 1.25), (8, 1.5, 2.75)):
        assert [cell.value for cell in formulas[row]] == [
            row - 5,
            f"=$A{row}*0.5",
            f'=IF($B{row}>1,"50% & <more>","")',
            f"=$B{row}>=1",
            "=0.25" if row == 6 else f"=$E{row - 1}+$B{row}",
        ]
        text = "50% & <more>" if half > 1 else None
        assert [cell.value for cell in values[row]] == [row - 5, half, text, half >= 1, so_far]
    assert formulas.dimensions == "A4:E8", "headers, groups and rows"
    assert formulas.row_dimensions[21].height == 39.75, "53 pixels, the nearest to 40 points, of a row without cells"


def test_a_chart_knows_what_long_columns_show(tmp_path: Path) -> None:
    path = saved(tmp_path / "one.xlsx", sheet_of_all_kinds())
    with zipfile.ZipFile(path) as file:
        chart = file.read("xl/charts/chart1.xml").decode("utf-8")
    assert re.findall(r"<c:v>([^<]*)</c:v>", chart) == ["0.5", "1.0", "1.5", "0.25", "1.25", "2.75"]


def test_a_sheet_of_stored_numbers_alone_has_the_colour_of_such() -> None:
    stored, both = Sheet("Stored", ""), Sheet("Both", "")
    SheetTable(stored, 5, 1).add_stored("Number", np.array([1.0]), "stored number")
    table = SheetTable(both, 5, 1)
    table.add("Double", table.add_stored("Number", np.array([1.0]), "stored number") * 2, "number")
    assert tab_colour(stored) != tab_colour(both)


def test_a_long_column_takes_no_more_memory_than_its_values(tmp_path: Path) -> None:
    """A value is 24 bytes and its place in a list 8; a cell kept with its formula was above 300."""
    rows = 20_000
    sheet = Sheet("Long", "")
    table = SheetTable(sheet, 5, rows)
    number = table.add("Number", Formula("ROUND(1,0)", np.arange(rows) / 7.0), "number")
    table.add("Half", number * 0.5, "number")
    tracemalloc.start()
    saved(tmp_path / "long.xlsx", sheet)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 80 * 2 * rows
