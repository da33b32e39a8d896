"""What people do to a workbook: it still holds the same rows, or says what is wrong."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from openpyxl.styles import PatternFill

from hemodel.analyses.options import Options
from hemodel.analyses.run import run
from hemodel.inputs.cells import read_cells
from hemodel.inputs.changes import Change
from hemodel.inputs.files import last_values
from hemodel.inputs.listing import to_listing
from hemodel.inputs.model_inputs import read_workbook

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.inputs.cells import RawWorkbook, Scalar

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"
HEADER, VALUE = 4, 3


def edited(folder: Path, edit: Callable[[Any], object]) -> RawWorkbook:
    book = openpyxl.load_workbook(WORKBOOK)
    edit(book)
    book.save(folder / "edited.xlsx")
    return read_cells(folder / "edited.xlsx")


@pytest.fixture(scope="module")
def shipped() -> list[dict[str, Scalar]]:
    return to_listing(read_cells(WORKBOOK))


def row_of(sheet: Any, id_: str) -> int:
    return next(row for row in range(1, sheet.max_row + 1) if sheet.cell(row, 1).value == id_)


def reorder_sheets(book: Any) -> None:
    book.move_sheet("Utilities", -10)


def hide_columns_and_sheets(book: Any) -> None:
    book["Utilities"].column_dimensions["E"].hidden = True
    book["Drugs"].sheet_state = "veryHidden"


def hide_and_filter_rows(book: Any) -> None:
    sheet = book["Utilities"]
    sheet.auto_filter.ref = f"A{HEADER}:L{sheet.max_row}"
    sheet.auto_filter.add_filter_column(0, ["utility.progressed"])
    for row in range(HEADER + 2, sheet.max_row + 1):
        sheet.row_dimensions[row].hidden = True


def leave_rows_empty(book: Any) -> None:
    book["Utilities"].insert_rows(HEADER + 2, 3)


def put_columns_before(book: Any) -> None:
    book["Utilities"].insert_cols(1, 2)
    book["Utilities"].cell(HEADER + 1, 1).value = "checked"


def put_rows_above(book: Any) -> None:
    book["Utilities"].insert_rows(1, 5)


def colour_cells(book: Any) -> None:
    for row in book["Utilities"].iter_rows(min_row=1, max_row=100, max_col=15):
        for cell in row:
            cell.fill = PatternFill("solid", "FFCC00")


def merge_titles(book: Any) -> None:
    sheet = book["End of life"]
    sheet.merge_cells("A1:F2")
    sheet.cell(40, 1).value = "Agreed with the payer"
    sheet.merge_cells("A40:L41")


def add_spaces(book: Any) -> None:
    sheet = book["Utilities"]
    sheet.cell(HEADER, VALUE).value = "value\u00a0"
    sheet.cell(HEADER, 1).value = " id "
    for row in range(HEADER + 1, sheet.max_row + 1):
        for column in (1, 8, 11):
            text = sheet.cell(row, column).value
            sheet.cell(row, column).value = text and f"\u00a0{text} \u200b"


def break_headers(book: Any) -> None:
    sheet = book["Survival"]
    for column in range(1, sheet.max_column + 1):
        sheet.cell(HEADER, column).value = str(sheet.cell(HEADER, column).value).replace(" ", "\n ")


def type_notes(book: Any) -> None:
    sheet = book["Drugs"]
    last = sheet.max_row
    sheet.cell(last + 1, 1).value = "Note: prices from the second quarter of 2026"
    sheet.cell(last + 3, 1).value = "Checked"
    sheet.cell(last + 4, 1).value = "https://www.example.org/prices.html"
    sheet.cell(last + 5, 1).value, sheet.cell(last + 5, 2).value = "Dr. A. Smith agreed", "in May"
    sheet.cell(last + 6, VALUE).value = "see the note above"


def add_calculations(book: Any) -> None:
    sheet = book.create_sheet("Model trace", 0)
    for row in range(1, 11):
        sheet.append([f"=A{row}*2+{column}" for column in range(60)])
    book.create_chartsheet("Chart of costs")


HARMLESS = [
    reorder_sheets,
    hide_columns_and_sheets,
    hide_and_filter_rows,
    leave_rows_empty,
    put_columns_before,
    put_rows_above,
    colour_cells,
    merge_titles,
    add_spaces,
    break_headers,
    type_notes,
]


@pytest.mark.parametrize("edit", HARMLESS, ids=lambda edit: edit.__name__)
def test_a_harmless_edit_leaves_every_row(
    edit: Callable[[Any], None], shipped: list[dict[str, Scalar]], tmp_path: Path
) -> None:
    raw = edited(tmp_path, edit)

    assert raw.problems == []
    assert raw.warnings == []
    assert to_listing(raw) == shipped


def test_calculations_are_not_parsed(shipped: list[dict[str, Scalar]], tmp_path: Path) -> None:
    """Their rows may even be no XML: a sheet that is not parsed costs nothing, however large."""
    edited(tmp_path, add_calculations)
    raw = rewritten(tmp_path, lambda xml: re.sub(r"<f>A1\*2\+7</f>", "<<", xml), tmp_path / "edited.xlsx")

    assert (raw.problems, to_listing(raw)) == ([], shipped)


def test_a_file_saved_by_libreoffice_holds_the_same(shipped: list[dict[str, Scalar]], tmp_path: Path) -> None:
    """LibreOffice writes numbers with 15 significant digits."""
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to"]
    command += ["xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path), str(WORKBOOK)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    raw = read_cells(tmp_path / WORKBOOK.name)

    assert (raw.problems, raw.warnings) == ([], [])
    short = [{k: float(f"{v:.15g}") if isinstance(v, float) else v for k, v in row.items()} for row in shipped]
    assert to_listing(raw) == short


def test_what_may_be_an_input_is_not_taken_for_a_note(tmp_path: Path) -> None:
    rows = [
        ("utility.progresed", None, "unknown id utility.progresed"),
        ("utility. progressed", None, "unknown id utility. progressed"),
        ("Utility progressed", None, "unknown id Utility progressed"),
        ("Utility of carers", 0.8, "unknown id Utility of carers"),
        (None, 0.5, "a value stands in a row without an id"),
    ]

    def edit(book: Any) -> None:
        sheet = book["Utilities"]
        for row, (id_, value, _) in enumerate(rows, sheet.max_row + 2):
            sheet.cell(row, 1).value, sheet.cell(row, VALUE).value = id_, value

    edited(tmp_path, edit)
    problems = read_workbook(tmp_path / "edited.xlsx").problems
    assert sorted(problem.what for problem in problems) == sorted(what for _, _, what in rows)
    assert "Did you mean utility.progressed?" in {problem.todo for problem in problems}


def text_numbers(book: Any) -> None:
    sheet = book["End of life"]
    row = row_of(sheet, "end_of_life.cost")
    sheet.cell(row, VALUE).value, sheet.cell(row, VALUE + 2).value = "21,603", "17 282"
    book["Settings"].cell(row_of(book["Settings"], "settings.draws"), VALUE).value = "1'000"
    book["Settings"].cell(row_of(book["Settings"], "settings.title"), VALUE).value = "1,000"


def test_numbers_stored_as_text_are_read_and_counted(tmp_path: Path) -> None:
    raw = edited(tmp_path, text_numbers)
    rows = {row.id: row for row in raw.rows}

    assert [rows["end_of_life.cost"].cells[name].value for name in ("value", "low")] == [21603, 17282]
    assert rows["settings.draws"].cells["value"].value == 1000
    assert rows["settings.title"].cells["value"].value == "1,000"
    whole, value, low = (str(warning) for warning in raw.warnings)
    assert whole.startswith("edited.xlsx, Settings!C24: settings.draws: 1'000 is stored as text; read as 1000.")
    assert value.startswith("edited.xlsx, End of life!C5: end_of_life.cost: 21,603 is stored as text; read as 21603.")
    assert value.endswith("Enter 21603 as a number, or 21.603 if a decimal comma is meant.")
    assert low.startswith("edited.xlsx, End of life!E5: end_of_life.cost.low: 17 282 is stored as text; read as 17282.")


def test_a_run_says_what_it_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hemodel.analyses.run.try_families", lambda _: ())
    raw = edited(tmp_path, text_numbers)
    change = Change("settings.scenarios", None, "test")
    done = run(tmp_path / "edited.xlsx", Options(changes=(change,), parts=("base",)))

    assert done.warnings[:3] == tuple(str(warning) for warning in raw.warnings)
    assert done.model.inputs.rows["end_of_life.cost"].number == 21603


def test_a_cell_far_out_changes_nothing(tmp_path: Path, shipped: list[dict[str, Scalar]]) -> None:
    def edit(book: Any) -> None:
        book["End of life"].cell(5000, 200).value = "far out"

    raw = edited(tmp_path, edit)
    assert (raw.problems, to_listing(raw)) == ([], shipped)


def rewritten(folder: Path, change: Callable[[str], str], workbook: Path = WORKBOOK) -> RawWorkbook:
    """A copy of the workbook with the XML of every sheet changed, as other programs may write it."""
    with zipfile.ZipFile(workbook) as before, zipfile.ZipFile(folder / "rewritten.xlsx", "w") as after:
        for item in before.infolist():
            content = before.read(item)
            if item.filename.startswith("xl/worksheets/sheet"):
                content = change(content.decode()).encode()
            after.writestr(item, content)
    return read_cells(folder / "rewritten.xlsx")


def test_a_wrong_size_is_not_believed(tmp_path: Path, shipped: list[dict[str, Scalar]]) -> None:
    raw = rewritten(tmp_path, lambda xml: re.sub(r'<dimension ref="[^"]*"/>', '<dimension ref="A1:B2"/>', xml))
    assert (raw.problems, to_listing(raw)) == ([], shipped)


def test_what_excel_adds_for_itself_gives_no_warning(tmp_path: Path, shipped: list[dict[str, Scalar]]) -> None:
    """Excel writes drop-downs that refer to another sheet as an extension."""
    extension = '<extLst><ext uri="{CCE6A557-97BC-4b89-ADB6-D9C93CAAB3DF}"/></extLst></worksheet>'
    raw = rewritten(tmp_path, lambda xml: xml.replace("</worksheet>", extension))
    assert (raw.problems, to_listing(raw)) == ([], shipped)


def manifest(folder: Path, content: Any) -> Path:
    home = folder / "outputs" / "model"
    home.mkdir(parents=True)
    (home / "manifest.json").write_text(content if isinstance(content, str) else json.dumps(content))
    return Path("elsewhere/model.xlsx")


def test_values_of_the_last_run_are_those_before_its_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = [
        {"id": "drug.a.price_per_vial", "from": 10, "to": 20},
        {"id": "drug.a.price_per_vial", "from": 20, "to": 40},
        {"id": "drug.a.price_per_vial.low", "from": 1, "to": 2},
        {"id": "drug.b.price_per_vial", "from": None, "to": 7},
    ]
    inputs = {"drug.a.price_per_vial": 40, "drug.b.price_per_vial": 7, "drug.a.name": "A", "end_of_life.cost": 5.5}
    workbook = manifest(tmp_path, {"workbook": {"name": "model.xlsx"}, "inputs": inputs, "changes": changes})
    monkeypatch.chdir(tmp_path)

    assert last_values(workbook) == {"drug.a.price_per_vial": 10.0, "end_of_life.cost": 5.5}


@pytest.mark.parametrize(
    "content",
    [
        "not JSON",
        "[]",
        "null",
        {"workbook": {"name": "model.xlsx"}},
        {"workbook": "model.xlsx", "inputs": {}, "changes": []},
        {"workbook": {"name": "model.xlsx"}, "inputs": 3, "changes": []},
        {"workbook": {"name": "model.xlsx"}, "inputs": {}, "changes": [3]},
        {"workbook": {"name": "other.xlsx"}, "inputs": {"end_of_life.cost": 5}, "changes": []},
    ],
)
def test_a_broken_or_foreign_manifest_says_nothing(
    content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workbook = manifest(tmp_path, content)
    monkeypatch.chdir(tmp_path)

    assert last_values(workbook) == {}


def test_without_a_last_run_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert last_values(Path("model.xlsx")) == {}
