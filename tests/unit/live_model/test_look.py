"""How the sheets of the live model look: every style is there, nothing is cut off, and print is set up."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from unit.live_model.whole import whole

from hemodel.inputs.cell_formats import INFORMATION, INPUT, MISSING, Formats
from hemodel.live_model.charts import chart_sheet
from hemodel.live_model.formula import as_formula
from hemodel.live_model.look import (
    CALCULATION_TAB,
    GOOD,
    STORED_FILL,
    STORED_TAB,
    Look,
    general_format,
    group_runs,
    layout,
    pixels,
    properties,
    tab_colour,
)
from hemodel.live_model.sheet import Sheet, SheetTable
from hemodel.live_model.writing import FormulaPage, write_sheet

CONTRACT = (
    *("text", "note", "number", "count", "proportion", "time", "money", "qaly", "factor", "coefficient", "date"),
    *("check", "header", "group", "title", "purpose", "selector", "label", "total", "verdict"),
    *("stored number", "stored money", "stored qaly", "stored count", "stored proportion", "stored text"),
)


def test_every_style_of_every_sheet_is_there() -> None:
    live = whole().live
    used = {cell.style for sheet in (*live.sheets, chart_sheet(live).sheet) for cell in sheet.cells.values()}
    used |= {style for sheet in live.sheets for *_, style in sheet.columns}
    for name in (*CONTRACT, *used):
        assert properties(name)
    assert len(used) > 10


def test_a_style_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError, match="there is no style mony"):
        properties("mony")


def test_stored_is_grey_formulas_are_white_and_the_selector_is_an_input() -> None:
    assert properties("stored money")["bg_color"] == STORED_FILL
    assert "bg_color" not in properties("money")
    assert properties("selector")["bg_color"] == INPUT
    assert properties("stored money")["num_format"] == properties("money")["num_format"] == "#,##0.00"


def one_sheet(columns: int, rows: int) -> Sheet:
    sheet = Sheet("Model one", "One", "What it is.", frozen=(6, 1))
    table = SheetTable(sheet, 6, rows)
    table.add("Number", [float(i) for i in range(rows)], "count")
    for j in range(columns):
        table.add(f"Column {j}", as_formula(1.5) * 2, "money", f"Group {j // 3}")
    return sheet


def written(sheet: Sheet) -> Any:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        look = Look(Formats(book))
        book.add_worksheet("Cover")
        page = book.add_worksheet(sheet.name, FormulaPage)
        write_sheet(page, sheet, look)
        look.set_up(page, sheet)
    return openpyxl.load_workbook(buffer)[sheet.name]


def test_head_and_link_and_frozen_panes() -> None:
    page = written(one_sheet(4, 30))
    assert (page["A1"].value, page["A2"].value) == ("One", "What it is.")
    assert page["A3"].hyperlink.location == "'Cover'!A1"
    assert page.freeze_panes == "B7"
    assert page.sheet_properties.tabColor.rgb.endswith(CALCULATION_TAB[1:])


def test_print_is_landscape_a4_of_what_is_used_with_headers_repeated() -> None:
    page = written(one_sheet(4, 100))
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert page.print_area == "'Model one'!$A$1:$E$106"
    assert page.print_title_rows == "$5:$6"
    assert (page.page_setup.fitToWidth, page.page_setup.fitToHeight) == (None, 0), "1 is what a file need not say"
    assert page.print_title_cols is None


def test_a_short_sheet_is_one_page_and_a_wide_one_several() -> None:
    """A page is 1,750 pixels across. 40 columns of at least 9 units (68 pixels) are 2,720 or more: two pages."""
    short = written(one_sheet(4, 10))
    assert short.sheet_properties.pageSetUpPr.fitToPage
    assert short.page_setup.fitToHeight is None
    wide = one_sheet(40, 10)
    page = written(wide)
    across = sum(pixels(width) for width in layout(wide).widths.values())
    assert page.page_setup.fitToWidth == -(-across // 1750) >= 2
    assert page.page_setup.pageOrder == "overThenDown"
    assert page.print_title_cols == "$A:$A"


def test_groups_are_joined_and_a_table_without_groups_has_no_band() -> None:
    page = written(one_sheet(4, 5))
    assert {str(cells) for cells in page.merged_cells.ranges} >= {"B5:D5"}
    plain = Sheet("Plain", "Plain")
    SheetTable(plain, 6, 1).add("Alone", [1.0], "count")
    assert group_runs(plain) == [(4, 0, 0, None)]
    assert written(plain)["A5"].fill.fgColor.rgb == "00000000"


def test_tabs_of_stored_sheets_are_grey() -> None:
    stored = Sheet("Stored", "Stored")
    SheetTable(stored, 6, 2).add("Draw", [1, 2], "stored count")
    assert tab_colour(stored) == STORED_TAB
    assert tab_colour(whole().live.psa.sheet) == STORED_TAB
    assert tab_colour(whole().live.results.sheet) == CALCULATION_TAB


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([7, 30.4375], "General"),
        (["text", 2.5], "General"),
        ([1 / 3, 12.0], "0.000000"),
        ([123456.789012], "#,##0.00"),
        ([-2.220446049250313e-16, 0.0], "0.00E+00"),
    ],
)
def test_numbers_of_any_kind_show_digits_that_are_of_use(values: list[object], expected: str) -> None:
    assert general_format(values) == expected


def test_columns_are_wide_enough_for_their_numbers_and_headers_are_tall_enough() -> None:
    """A digit of Arial 10 takes one unit of width; a line of text takes 12.75 points."""
    given = whole()
    for sheet in given.live.sheets:
        page = given.formulas[sheet.name]
        for column, (top, rows) in {c: (first, n) for first, c, _, n, _ in sheet.columns}.items():
            letters = openpyxl.utils.get_column_letter(column + 1)
            cells = [given.values[sheet.name].cell(top + i + 1, column + 1) for i in range(min(rows, 50))]
            for cell in cells:
                if isinstance(cell.value, float) and cell.number_format in {"0.0000", "0.000000", "#,##0.00"}:
                    places = len(cell.number_format.partition(".")[2])
                    assert len(f"{cell.value:,.{places}f}") < page.column_dimensions[letters].width, (
                        sheet.name,
                        letters,
                    )
        for (row, column), cell in sheet.cells.items():
            if cell.style == "header" and "\n" not in str(cell.content):
                letters = openpyxl.utils.get_column_letter(column + 1)
                text = str(given.values[sheet.name].cell(row + 1, column + 1).value)
                lines = -(-len(text) // max(page.column_dimensions[letters].width - 2, 1))
                assert (page.row_dimensions[row + 1].height or 15.0) >= 12.75 * min(lines, 2), (sheet.name, text)


def test_checks_are_coloured_by_what_they_say() -> None:
    """What an edit explains is neutral; a difference from the engine that none explains is a number, and red."""
    neutral = INFORMATION[1:]
    assert fills_of("Model checks") == {'"ok"': GOOD[1:], '"look"': MISSING[1:], '"edited"': neutral}
    found = fills_of("Model engine")
    assert found.pop('"equal"') == GOOD[1:]
    assert found.pop('"edited: engine value no longer applies"') == neutral
    assert found
    assert all(text.startswith("ISNUMBER(") and fill == MISSING[1:] for text, fill in found.items())


def fills_of(sheet: str) -> dict[str, str]:
    """The colour of each condition on a sheet, but of those of its sums in words."""
    rules = [rule for found in whole().formulas[sheet].conditional_formatting for rule in found.rules]
    return {rule.formula[0]: rule.dxf.fill.bgColor.rgb[2:] for rule in rules if not rule.formula[0].startswith("LEFT(")}


def test_a_draw_is_chosen_from_a_list_with_its_ratio_beside() -> None:
    given = whole()
    page = given.formulas["Model results"]
    (rule,) = page.data_validations.dataValidation
    assert (str(rule.sqref), rule.type) == ("C4", "list")
    sheet, _, area = rule.formula1.rpartition("!")
    offered = [cell.value for (cell,) in given.formulas[sheet.strip("'")][area.replace("$", "")]]
    assert offered == list(range(given.live.psa.rows))
    totals = given.run.base
    ratios = [
        (totals.costs.total[0, i] - totals.costs.total[0, 0]) / (totals.qalys.total[0, i] - totals.qalys.total[0, 0])
        for i in (1, 2)
    ]
    said = given.live.results.sheet.cells[3, 3].value
    assert said == f"ICER of this draw: Active EUR {ratios[0]:,.0f} per QALY; Late EUR {ratios[1]:,.0f} per QALY"


def test_increments_and_decisions_stand_above_the_totals() -> None:
    texts = [row[0].value for row in whole().formulas["Model results"].iter_rows() if isinstance(row[0].value, str)]
    headings = ["Increments against the comparator", "Net monetary benefit and decision, by threshold"]
    assert [text for text in texts if text in {*headings, "Outcome"}] == [*headings, *["Outcome"] * 3]
    assert not any("engine" in text.lower() for text in texts[3:])


def test_nothing_is_hidden_or_locked_and_every_calculated_sheet_links_back() -> None:
    given = whole()
    for page in given.formulas.worksheets:
        assert page.sheet_state == "visible"
        assert not page.protection.sheet
        assert not any(dimension.hidden for dimension in page.row_dimensions.values())
        assert not any(dimension.hidden for dimension in page.column_dimensions.values())
    for sheet in given.live.sheets:
        assert given.formulas[sheet.name]["A1"].value == sheet.title
        assert given.formulas[sheet.name]["A3"].hyperlink.location == "'Cover'!A1"
