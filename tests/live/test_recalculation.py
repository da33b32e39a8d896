"""What the tests of the live model rest on: recalculation that happens, and edits that change only what they say."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import xlsxwriter
from live.editing import Typed, defined_names, edited, only_cells
from live.recalculation import (
    NEVER,
    RecalculationError,
    address,
    number_or_text,
    position,
    recalculated,
    sheet_files,
)
from live.written import written

if TYPE_CHECKING:
    from pathlib import Path

    from live.recalculation import Recalculated

ODD_SHEET = "A b's & <c> é - x; 100%"
ERRORS = {"=1/0": "#DIV/0!", "=NOSUCH(1)": "#NAME?", "=LN(-1)": "Err:502", '=A1/"a"': "#VALUE!", "=NA()": "#N/A"}


def write_wrong(path: Path) -> Path:
    """A workbook of inputs with names, and formulas whose stored values are all wrong."""
    book = xlsxwriter.Workbook(path)
    yellow = book.add_format({"bg_color": "#FFF2CC", "num_format": "0.00"})
    inputs = book.add_worksheet("Settings")
    inputs.write_row(3, 0, ["id", "label", "value"])
    rows = [("settings.rate", 0.04), ("settings.method", "per_cycle"), ("settings.stop_day", None), ("drug.a1", 5.0)]
    for row, (id_, value) in enumerate(rows, 4):
        inputs.write_row(row, 0, [id_, "A label"])
        inputs.write(row, 2, value, yellow)
        book.define_name("drug.a1_" if id_ == "drug.a1" else id_, f"='Settings'!$C${row + 1}")
    inputs.data_validation("C5", {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1})
    model = book.add_worksheet("Model results")
    model.write_formula("C7", "=1000*settings.rate", yellow, 123)
    model.write_formula("C8", '=IF(settings.method="annual",1,2)', None, 0)
    model.write_formula("C9", '=IF(Settings!C7="","none",Settings!C7)', None, "none")
    model.write_formula("C10", "=drug.a1_*2", None, 10)
    odd = book.add_worksheet(ODD_SHEET)
    odd.write_formula("B2", "=1/3", book.add_format({"num_format": "0.0"}), 99)
    odd.write_formula("B3", '="a, ""b"""&CHAR(10)&"c"', None, "")
    odd.write_formula("B4", "=1/8", book.add_format({"num_format": "0%"}), 99)
    for row, formula in enumerate(ERRORS, 4):
        odd.write_formula(row, 2, formula, None, 1)
    book.add_worksheet("Empty")
    book.close()
    return path


@dataclass(frozen=True)
class Made:
    wrong: Path
    changed: Path
    forced: dict[str, Recalculated]
    kept: Recalculated


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("recalculation")
    wrong = write_wrong(folder / "wrong.xlsx")
    changed = edited(
        wrong,
        {
            "settings.rate": 0.05,
            "settings.method": "annual & <more>",
            "settings.stop_day@value": 365,
            ("Settings", "$B$7"): "Stop day",
            "drug.a1": 7,
            (ODD_SHEET, "B2"): Typed("settings.rate*2"),
        },
        folder / "changed.xlsx",
    )
    forced = recalculated([wrong, changed], folder / "forced")
    return Made(wrong, changed, forced, recalculated([wrong], folder / "kept", NEVER)["wrong"])


def test_recalculation_is_forced(made: Made) -> None:
    """1000 x 0.04 is 40; the file says 123, and LibreOffice by itself believes it."""
    assert made.kept.cell("Model results", "C7") == 123
    assert made.forced["wrong"].cell("Model results", "C7") == 40


def test_odd_sheets_and_texts_come_back(made: Made) -> None:
    book = made.forced["wrong"]
    assert list(book.files) == ["Settings", "Model results", ODD_SHEET, "Empty"]
    assert book.cell(ODD_SHEET, "B2") == pytest.approx(1 / 3, rel=5e-15)  # 15 digits, though 0.3 is shown
    assert book.cell(ODD_SHEET, "B3") == 'a, "b"\nc'
    assert book.cell(ODD_SHEET, "B4") == 0.125  # shown as 13%
    assert book.cell("Model results", "C9") == "none"
    assert book.cell("Empty", "ZZ100") == ""
    assert not any(book.sheet("Empty"))


def test_every_kind_of_error_is_found(made: Made) -> None:
    expected = [(ODD_SHEET, f"C{row}", text) for row, text in enumerate(ERRORS.values(), 5)]
    assert made.forced["wrong"].errors() == expected
    assert made.kept.errors() == []


def test_edits_reach_the_formulas(made: Made) -> None:
    book = made.forced["changed"]
    assert book.cell("Model results", "C7") == 50
    assert book.cell("Model results", "C8") == 2
    assert book.cell("Settings", "C6") == "annual & <more>"
    assert book.cell("Model results", "C9") == 365
    assert book.cell("Model results", "C10") == 14
    assert book.cell(ODD_SHEET, "B2") == 0.1


def test_edits_leave_the_rest_of_the_file_alone(made: Made) -> None:
    """Every part of the archive but the sheets edited is the same; in these, every cell but those edited."""
    with zipfile.ZipFile(made.wrong) as before, zipfile.ZipFile(made.changed) as after:
        assert after.namelist() == before.namelist()
        touched = {name for name in before.namelist() if after.read(name) != before.read(name)}
        files = sheet_files(made.wrong)
        assert touched == {files["Settings"], files[ODD_SHEET]}
        text = after.read(files["Settings"]).decode()
        for cell, was in {
            '<c r="C5" s="1"><v>0.05</v></c>': '<c r="C5" s="1"><v>0.04</v></c>',
            '<c r="C6" s="1" t="inlineStr"><is><t xml:space="preserve">annual &amp; &lt;more&gt;</t></is></c>': (
                '<c r="C6" s="1" t="s"><v>6</v></c>'
            ),
            '<c r="C7" s="1"><v>365</v></c>': '<c r="C7" s="1"/>',
            '<c r="B7" t="inlineStr"><is><t xml:space="preserve">Stop day</t></is></c>': '<c r="B7" t="s"><v>4</v></c>',
            '<c r="C8" s="1"><v>7</v></c>': '<c r="C8" s="1"><v>5</v></c>',
        }.items():
            assert text.count(cell) == 1
            text = text.replace(cell, was)
        assert text == before.read(files["Settings"]).decode()


def test_a_cell_can_be_emptied(made: Made, tmp_path: Path) -> None:
    emptied = edited(made.changed, {"settings.stop_day": None}, tmp_path / "emptied.xlsx")
    with zipfile.ZipFile(emptied) as archive:
        assert '<c r="C7" s="1"/>' in archive.read(sheet_files(emptied)["Settings"]).decode()


def test_a_copy_with_cells_alone_has_the_same_cells(made: Made, tmp_path: Path) -> None:
    bare = only_cells(made.wrong, tmp_path / "bare.xlsx")
    assert written(bare) == written(made.wrong)
    assert defined_names(bare) == {}
    with zipfile.ZipFile(bare) as archive:
        assert b"dataValidation" not in archive.read(sheet_files(bare)["Settings"])


@pytest.mark.parametrize("place", ["settings.absent", ("Nowhere", "A1"), ("Settings", "Z99")])
def test_an_edit_of_nothing_is_an_error(made: Made, tmp_path: Path, place: str | tuple[str, str]) -> None:
    with pytest.raises(KeyError):
        edited(made.wrong, {place: 1}, tmp_path / "never.xlsx")


def test_names_are_found(made: Made) -> None:
    assert defined_names(made.wrong) == {
        "settings.rate": ("Settings", "$C$5"),
        "settings.method": ("Settings", "$C$6"),
        "settings.stop_day": ("Settings", "$C$7"),
        "drug.a1_": ("Settings", "$C$8"),
    }


def test_what_is_no_workbook_is_a_clear_failure(tmp_path: Path) -> None:
    """A file cut short opens as nothing, and LibreOffice still ends with exit code 0."""
    whole = write_wrong(tmp_path / "whole.xlsx")
    broken = tmp_path / "broken.xlsx"
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(broken, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[:40] if name == "[Content_Types].xml" else content)
    with pytest.raises(RecalculationError, match=r"broken\.xlsx: LibreOffice left out Settings"):
        recalculated([broken], tmp_path / "work")
    with pytest.raises(RecalculationError, match="same name"):
        recalculated([whole, tmp_path / "other" / "whole.xlsx"], tmp_path / "again")


def test_soffice_missing_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RecalculationError, match="these tests need LibreOffice"):
        recalculated([tmp_path / "any.xlsx"], tmp_path / "work")


@pytest.mark.parametrize(
    ("text", "row", "column"), [("A1", 0, 0), ("$Z$10", 9, 25), ("AA2", 1, 26), ("XFD3", 2, 16383)]
)
def test_addresses(text: str, row: int, column: int) -> None:
    """XFD is the last of the 16,384 columns of a sheet."""
    assert position(text) == (row, column)
    assert address(row, column) == text.replace("$", "")


def test_numbers_and_texts() -> None:
    texts = ("-1.5E-3", "12.5%", "", "yes", "50 %x", "nan", "1_0")
    assert [number_or_text(text) for text in texts] == [-0.0015, 0.125, "", "yes", "50 %x", "nan", "1_0"]
