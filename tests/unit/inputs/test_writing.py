"""Writing input workbooks, on a small made-up comparison of two drugs."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
import xlsxwriter

from hemodel.errors import OutputError, UsageError
from hemodel.inputs.cell_formats import INFORMATION, INPUT, UNUSED, Formats, line_count, number_format
from hemodel.inputs.cells import DataTable, Scalar, read_cells
from hemodel.inputs.dictionary import columns, kind_of, sheets, sheets_for
from hemodel.inputs.listing import listing_columns, to_listing
from hemodel.inputs.writing import Cover, write_input_sheets, write_workbook

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = (
    ("source", "citation", "link", "status"),
    ("Trial 2024", "A made-up trial of two drugs", "https://example.org/=1+1", "seen"),
    ("Prices 2024", "A made-up price list", "", "=HYPERLINK(0)"),
)
COVER = Cover("Two drugs", "Drug B against drug A", ("The first paragraph.", "=The second paragraph."))


def row(sheet: str, id_: str, value: Scalar = None, **cells: Scalar) -> dict[str, Scalar]:
    """Return a full row of a listing."""
    empty: dict[str, Scalar] = dict.fromkeys(listing_columns())
    return {**empty, "sheet": sheet, "id": id_, "label": f"Label of {id_}", "value": value, **cells}


def example() -> list[dict[str, Scalar]]:
    """Return the rows of a comparison of drug B with drug A."""
    rows = [
        row("Settings", "settings.title", "Two made-up drugs", source="Trial 2024"),
        row("Settings", "settings.population", "Adults " * 60 + "and nobody else", source="Trial 2024"),
        row("Settings", "settings.price_year", 2024, unit="year", source="Prices 2024"),
        row("Settings", "settings.discount_rate_costs", 0.035, unit="per year", source="assumption: a usual rate"),
        row("Trial", "trial.reported.enrolled", 500, unit="patients", source="Trial 2024"),
        row("Survival", "survival.os.b.median", 11.25, unit="months", low=9.5, high=13, distribution="fit"),
        row("Survival", "survival.os.b.survival_12m", 0.0433, unit="proportion", n=100, time=12, use_in_fit="yes"),
        row("Survival", "survival.os.b.hazard_ratio", 1 / 3, unit="ratio", versus="a", p_value=0.04, use_in_fit="no"),
        row("Survival", "external.os.a.survival_3y", 0.1, unit="proportion", time=36, time_origin=3.2),
    ]
    for drug in ("a", "b"):
        rows += [
            row("Strategies", f"strategy.{drug}.name", f"=Drug {drug}", source="Trial 2024"),
            row("Curves", f"curve.os.{drug}.family", "weibull", source="assumption: it fits"),
            row("Curves", f"curve.os.{drug}.reference", "a", source="Trial 2024"),
            row("Drugs", f"drug.{drug}.name", "@SUM(A1)", source="Trial 2024"),
            row("Drugs", f"drug.{drug}.price_per_vial", 1234.5678, unit="USD per vial", distribution="gamma"),
            row("Regimens", f"regimen.{drug}.{drug}.time_on_treatment", "os", source="Trial 2024"),
            row("Regimens", f"regimen.{drug}.{drug}.stop_day", None, unit="days", note="Blank: none"),
            row("Regimens", f"regimen.{drug}.{drug}.administration", "infusion", source="-Trial 2024"),
        ]
    rows += [row("Administration", "administration.infusion.cost", 100, unit="USD", range_basis="assumption: wide")]
    order = list(sheets())
    return sorted(rows, key=lambda item: order.index(str(item["sheet"])))


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Write the example and return its path."""
    path = tmp_path / "two_drugs.xlsx"
    write_workbook(path, example(), SOURCES, COVER)
    return path


def find(book: Any, sheet: str, id_: str, column: str = "value") -> Any:
    """Return the cell of a row by its id and the machine name of a column."""
    page = book[sheet]
    number = next(cell.row for cell in page["A"] if cell.value == id_)
    headers = [cell.value for cell in page[4]]
    return page.cell(number, headers.index(columns()[column].header) + 1)


def check_of(book: Any, sheet: str, id_: str, column: str = "value") -> Any:
    """Return the validation of a cell."""
    cell = find(book, sheet, id_, column)
    found = [item for item in book[sheet].data_validations.dataValidation if cell.coordinate in item.sqref]
    assert len(found) == 1
    return found[0]


def test_what_is_written_is_read_again(workbook: Path) -> None:
    raw = read_cells(workbook)
    assert raw.problems == []
    assert to_listing(raw) == example()
    assert raw.sources == SOURCES


def test_libreoffice_keeps_rows_and_sources(workbook: Path, tmp_path: Path) -> None:
    raw = read_cells(libreoffice(workbook, tmp_path / "converted"))
    assert raw.problems == []
    assert to_listing(raw) == [
        {name: _as_libreoffice_saves(value) for name, value in item.items()} for item in example()
    ]
    assert raw.sources == SOURCES


def libreoffice(path: Path, folder: Path) -> Path:
    """Open a workbook in LibreOffice, save it in another folder and return it."""
    command = ["soffice", f"-env:UserInstallation=file://{path.parent}/profile", "--headless"]
    command += ["--convert-to", "xlsx", "--outdir", str(folder), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return folder / path.name


def _as_libreoffice_saves(value: Scalar) -> Scalar:
    """Round to the 15 significant digits that LibreOffice writes."""
    return float(f"{value:.15g}") if isinstance(value, float) else value


def test_the_same_rows_give_the_same_bytes(workbook: Path) -> None:
    first = workbook.read_bytes()
    write_workbook(workbook, example(), SOURCES, COVER)
    assert workbook.read_bytes() == first


SHEETS = sheets_for(example())
"""The sheets that the example has: optional ones without rows are left out."""


def test_an_optional_sheet_is_written_where_it_has_rows(tmp_path: Path) -> None:
    rows = [*example(), row("Budget impact", "budget.years", 5)]
    write_workbook(tmp_path / "with.xlsx", rows, SOURCES, COVER)
    book = openpyxl.load_workbook(tmp_path / "with.xlsx")

    assert book.sheetnames == ["Cover", *SHEETS, "Budget impact", "Sources"]
    assert find(book, "Budget impact", "budget.years").value == 5
    assert read_cells(tmp_path / "with.xlsx").problems == []


def test_sheets_stand_in_order_with_their_headers(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    assert book.sheetnames == ["Cover", *SHEETS, "Sources"]
    for name in SHEETS:
        sheet = sheets()[name]
        headers = [cell.value for cell in book[name][4]]
        assert headers == [columns()[column].header for column in sheet.columns]
        assert book[name]["A2"].value == sheet.purpose
        assert [cell.value for cell in book[name][3]] == [None] * len(headers)
    assert book["Survival"]["A1"].value == "Survival statistics"


def test_headers_stay_in_view_and_can_be_filtered(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    for name in SHEETS:
        assert book[name].freeze_panes == "C5"
        assert book[name].auto_filter.ref.startswith("A4:")
        assert book[name].print_title_rows == "$4:$4"
        assert (book[name].page_setup.orientation, book[name].page_setup.fitToHeight) == ("landscape", 0)
    assert book["Sources"].freeze_panes == "B5"


def test_text_never_becomes_a_formula(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    for name in [*SHEETS, "Sources"]:
        formulas = [cell for line in book[name].iter_rows() for cell in line if cell.data_type == "f"]
        assert formulas == []
    assert find(book, "Strategies", "strategy.a.name").value == "=Drug a"
    assert find(book, "Strategies", "strategy.a.name").data_type == "s"


def test_the_cover_shows_the_analysis_by_formula_and_links_to_every_sheet(workbook: Path) -> None:
    stored, formulas = (openpyxl.load_workbook(workbook, data_only=only)["Cover"] for only in (True, False))
    texts = {cell.value for line in stored.iter_rows() for cell in line}
    assert {"Two drugs", "Drug B against drug A", "=The second paragraph.", "Two made-up drugs"} <= texts
    assert (
        "3.  Save the file as .xlsx and close it. In the folder that holds it, run: hemodel run two_drugs.xlsx" in texts
    )
    assert '=INDEX(Settings!$C:$C,MATCH("settings.title",Settings!$A:$A,0))&""' in {
        cell.value for line in formulas.iter_rows() for cell in line
    }
    links = {cell.hyperlink.location for line in stored.iter_rows() for cell in line if cell.hyperlink}
    assert links == {f"'{name}'!A1" for name in [*SHEETS, "Sources"]}
    counts = {line[1].value: line[3].value for line in stored.iter_rows() if line[1].value in SHEETS}
    assert counts == {name: sum(item["sheet"] == name for item in example()) for name in SHEETS}


def test_drop_downs_offer_choices_and_the_names_in_the_rows(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    families = kind_of("curve.{endpoint}.{strategy}.family").choices
    assert check_of(book, "Curves", "curve.os.a.family").formula1 == f'"{",".join(families)}"'
    assert check_of(book, "Curves", "curve.os.b.reference").formula1 == '"a,b"'
    assert check_of(book, "Regimens", "regimen.a.a.time_on_treatment").formula1 == '"os"'
    assert check_of(book, "Regimens", "regimen.a.a.administration").formula1 == '"infusion"'
    assert (
        check_of(book, "Drugs", "drug.a.price_per_vial", "distribution").formula1 == '"gamma,lognormal,uniform,fixed"'
    )
    assert check_of(book, "Survival", "survival.os.b.hazard_ratio", "versus").formula1 == '"a,b"'
    assert check_of(book, "Survival", "survival.os.b.median", "use_in_fit").formula1 == '"yes,no"'


def test_numbers_are_bounded_and_the_message_says_what_is_meant(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    check = check_of(book, "Survival", "survival.os.b.survival_12m", "low")
    assert (check.type, check.formula1, check.formula2) == ("decimal", "0", "1")
    check = check_of(book, "Settings", "settings.price_year")
    assert (check.type, check.formula1, check.formula2) == ("whole", "1990", "2100")
    assert check.error == "Enter a whole number from 1990 to 2100. Price year: Year of the prices."
    assert check.prompt == "Year of the prices. Enter a whole number from 1990 to 2100."
    check = check_of(book, "Drugs", "drug.a.price_per_vial")
    assert (check.type, check.operator, check.formula1) == ("decimal", "greaterThanOrEqual", "0")
    check = check_of(book, "Survival", "external.os.a.survival_3y", "time_origin")
    assert check.error.startswith("Enter a number. time origin (months): Time on the clock")


def test_every_value_cell_of_a_known_kind_has_a_check(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    for item in example():
        assert check_of(book, str(item["sheet"]), str(item["id"])).showInputMessage


def test_colours_say_what_a_cell_is_for(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    expected = {
        ("Drugs", "drug.a.price_per_vial", "value"): INPUT,
        ("Drugs", "drug.a.price_per_vial", "low"): INPUT,
        ("Drugs", "drug.a.price_per_vial", "n"): UNUSED,
        ("Drugs", "drug.a.name", "distribution"): UNUSED,
        ("Settings", "settings.price_year", "low"): UNUSED,
        ("Regimens", "regimen.a.a.stop_day", "value"): INPUT,
        ("Regimens", "regimen.a.a.stop_day", "se"): UNUSED,
        ("Survival", "survival.os.b.survival_12m", "n"): INPUT,
        ("Survival", "survival.os.b.median", "versus"): UNUSED,
        ("Survival", "external.os.a.survival_3y", "time_origin"): INFORMATION,
        ("Trial", "trial.reported.enrolled", "value"): INFORMATION,
    }
    found = {key: "#" + find(book, *key).fill.fgColor.rgb[2:] for key in expected}
    assert found == expected


def test_assumptions_and_missing_sources_are_coloured_by_rule(workbook: Path) -> None:
    page = openpyxl.load_workbook(workbook)["Drugs"]
    rules = {rule.formula[0] for item in page.conditional_formatting for rule in item.rules}
    assert rules == {
        'LEFT(TRIM($K5),11)="assumption:"',
        'AND($C5<>"",TRIM($K5)="")',
        'LEFT(TRIM($J5),11)="assumption:"',
    }


def test_a_thick_line_stands_above_each_new_item(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    assert find(book, "Drugs", "drug.a.name").border.top.style == "thin"
    assert find(book, "Drugs", "drug.a.price_per_vial").border.top.style == "thin"
    assert find(book, "Drugs", "drug.b.name").border.top.style == "medium"


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("drug.{drug}.price_per_vial", "#,##0.00######"),
        ("utility.progressed", "0.000#######"),
        ("survival.{endpoint}.{strategy}.median", "0.0########"),
        ("settings.price_year", "0"),
        ("regimen.{strategy}.{drug}.interval", "General"),
        ("settings.title", "General"),
    ],
)
def test_number_formats_follow_the_unit_and_hide_no_digit(pattern: str, expected: str) -> None:
    assert number_format(kind_of(pattern)) == expected


def test_rows_are_high_enough_for_their_text(workbook: Path) -> None:
    page = openpyxl.load_workbook(workbook)["Settings"]
    height = page.row_dimensions[6].height
    assert page["A6"].value == "settings.population"
    assert height >= 13 * len(str(page["C6"].value)) * 5.5 / (46 * 7)
    assert line_count("one two", 40) == 1
    assert line_count("one\ntwo", 40) == 2
    assert line_count("x" * 100, 10) > 10


def test_an_unknown_id_is_written_as_it_is(tmp_path: Path) -> None:
    rows = [row("Drugs", "nothing.of.this.kind", 1.5)]
    write_workbook(tmp_path / "book.xlsx", rows, SOURCES, COVER)
    assert to_listing(read_cells(tmp_path / "book.xlsx")) == rows


def test_the_comment_on_a_label_says_what_the_dictionary_says(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    comment = find(book, "Drugs", "drug.a.price_per_vial", "label").comment
    assert comment.text == (
        "Price of a vial.\nUnit: currency per vial.\nAllowed: 0 or more.\n"
        "Distributions: gamma, lognormal, uniform, fixed.\n"
        "Guideline: CHEERS 2022 items 14 and 15; ICER (US): net prices."
    )
    assert find(book, "Curves", "curve.os.a.family", "label").comment.text.split("\n")[1] == (
        "Allowed: exp, weibull, weibullPH, gompertz, llogis, lnorm, gamma, gengamma, genf, or a formula."
    )


def test_every_row_of_a_known_kind_has_one_comment_and_it_is_hidden(workbook: Path) -> None:
    book = openpyxl.load_workbook(workbook)
    for name in SHEETS:
        ids = [str(item["id"]) for item in example() if item["sheet"] == name]
        cells = [cell.coordinate for line in book[name].iter_rows() for cell in line if cell.comment]
        assert cells == [f"B{number}" for number in range(5, 5 + len(ids))]
    with zipfile.ZipFile(workbook) as archive:
        drawings = [archive.read(part).decode() for part in archive.namelist() if "vmlDrawing" in part]
        authors = [archive.read(part).decode() for part in archive.namelist() if "xl/comments" in part]
        pages = [archive.read(part).decode() for part in archive.namelist() if "worksheets/sheet" in part]
    shapes = sum(text.count("<v:shape ") for text in drawings)
    assert shapes == sum(text.count("visibility:hidden") for text in drawings) == len(example())
    assert all("<author></author>" in text for text in authors)
    assert not any("cellComments" in text for text in pages)


def test_a_drop_down_too_long_for_a_cell_is_read_from_a_sheet_that_the_cover_names(tmp_path: Path) -> None:
    """Also after LibreOffice has saved the file."""
    path, names = tmp_path / "long.xlsx", [f"strategy_number_{number:02}" for number in range(20)]
    rows = [row("Strategies", f"strategy.{name}.name", name, source="Trial 2024") for name in names]
    rows += [row("Curves", "curve.os.strategy_number_00.reference", names[1], source="Trial 2024")]
    write_workbook(path, rows, SOURCES, COVER)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[-2:] == ["Lists", "Sources"]
    assert [cell.value for cell in book["Lists"]["A"]] == ["strategies", *names]
    assert "'Lists'!A1" in {cell.hyperlink.location for line in book["Cover"] for cell in line if cell.hyperlink}
    saved = libreoffice(path, tmp_path / "saved")
    for file in (path, saved):
        check = check_of(openpyxl.load_workbook(file), "Curves", "curve.os.strategy_number_00.reference")
        assert (check.type, check.formula1) == ("list", "Lists!$A$2:$A$21")
        raw = read_cells(file)
        assert (raw.problems, to_listing(raw)) == ([], rows)


def test_sheets_of_data_are_written_as_they_stand(tmp_path: Path) -> None:
    grid = (("time", "event"), (1.25, True), (1e-07, "=1+1"), (None, "@SUM(A1)"))
    write_workbook(tmp_path / "book.xlsx", example(), SOURCES, COVER, [DataTable("", "Data 1", grid)])
    assert read_cells(tmp_path / "book.xlsx").tables["Data 1"].rows == grid


def test_input_sheets_can_stand_in_another_workbook(tmp_path: Path) -> None:
    path = tmp_path / "other.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("First")
    places = write_input_sheets(book, Formats(book), example())
    book.close()
    found = openpyxl.load_workbook(path)
    assert found.sheetnames == ["First", *SHEETS]
    assert list(places) == [item["id"] for item in example()]
    for item in example():
        sheet, number = places[str(item["id"])]
        assert found[sheet].cell(number + 1, 1).value == item["id"]
        assert found[sheet].cell(number + 1, 3).value == item["value"]


def test_what_would_be_lost_is_refused_and_the_old_file_stays(workbook: Path) -> None:
    before = workbook.read_bytes()
    rows = [
        row("Drug", "drug.a.name", "A"),
        row("Drugs", "drug.a.vial_size", 4, time=12),
        row("Drugs", "drug.a.price_per_vial", float("nan")),
        row("Drugs", "drug.b.name", "x" * 40_000),
        row("Drugs", ""),
    ]
    with pytest.raises(UsageError) as caught:
        write_workbook(workbook, rows, (), COVER)
    assert str(caught.value).splitlines() == [
        "The workbook was not written.",
        "row drug.a.name: there is no sheet Drug",
        "row drug.a.vial_size: the sheet Drugs has no column time",
        "row drug.a.price_per_vial: value is nan, which a cell cannot hold",
        "row drug.b.name: value is longer than the 32,767 characters that a cell can hold",
        "row : a row needs an id",
        "the list of sources must begin with its headers, the first of which is source",
    ]
    assert workbook.read_bytes() == before


def test_a_file_that_cannot_be_written_is_an_output_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "book.xlsx").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_workbook(tmp_path / "book.xlsx", example(), SOURCES, COVER)
    assert [path.name for path in tmp_path.iterdir()] == ["book.xlsx"]
    with pytest.raises(OutputError, match="cannot be written"):
        write_workbook(tmp_path / "no_such_folder" / "book.xlsx", example(), SOURCES, COVER)
