"""The listing of inputs: a CSV with one line per row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hemodel.errors import InputError, Location
from hemodel.inputs.cells import Cell, RawRow, RawWorkbook, Scalar
from hemodel.inputs.dictionary import columns
from hemodel.inputs.listing import listing_columns, read_listing, to_listing, write_listing

if TYPE_CHECKING:
    from pathlib import Path


def row(sheet: str, id_: str, **cells: Scalar) -> dict[str, Scalar]:
    """Return a full row of a listing."""
    empty: dict[str, Scalar] = dict.fromkeys(listing_columns())
    return {**empty, "sheet": sheet, "id": id_, **cells}


ROWS = [
    row("Settings", "settings.title", label="Title", value='A "quoted" title, with a comma\nand a second line'),
    row("Settings", "settings.cycle_length", label="Cycle length", value=7, unit="days", source="assumption: weekly"),
    row("Drugs", "drug.a.price_per_vial", label="=cmd|' /C calc'!A0", value=1234.5, low=0.1, high=1e-07, se=1 / 3),
    row("Drugs", "drug.b.price_per_vial", value=None, note="Blank: not sold"),
    row("Survival", "survival.os.a.median", value=12.5, n=241, time=6, use_in_fit="yes", note="inf and nan are words"),
    row("Curves", "curve.os.a.family", value="exp", note="1e5"),
]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write_listing(ROWS, tmp_path / "rows.csv")
    assert read_listing(tmp_path / "rows.csv") == ROWS


def test_numbers_keep_every_digit_and_their_type(tmp_path: Path) -> None:
    write_listing(ROWS, tmp_path / "rows.csv")
    read = {item["id"]: item for item in read_listing(tmp_path / "rows.csv")}
    assert read["drug.a.price_per_vial"]["se"] == 1 / 3
    assert read["drug.a.price_per_vial"]["high"] == 1e-07
    assert isinstance(read["settings.cycle_length"]["value"], int)
    assert isinstance(read["survival.os.a.median"]["value"], float)
    assert read["curve.os.a.family"]["note"] == "1e5"


def test_a_whole_number_is_written_the_same_whether_a_workbook_or_a_listing_held_it(tmp_path: Path) -> None:
    write_listing([row("Drugs", "drug.a.vial_size", value=4)], tmp_path / "whole.csv")
    write_listing([row("Drugs", "drug.a.vial_size", value=4.0)], tmp_path / "float.csv")
    assert (tmp_path / "whole.csv").read_bytes() == (tmp_path / "float.csv").read_bytes()


@pytest.mark.parametrize("text", ["inf", "nan", "1_000", "0x1F", "12 mg", "1,5", "--1", "."])
def test_only_plain_numbers_become_numbers(tmp_path: Path, text: str) -> None:
    write_listing([row("Drugs", "drug.a.vial_size", value=text, low=text)], tmp_path / "rows.csv")
    (read,) = read_listing(tmp_path / "rows.csv")
    assert (read["value"], read["low"]) == (text, text)


def test_the_header_is_the_sheet_and_the_columns_of_the_dictionary(tmp_path: Path) -> None:
    write_listing([], tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text(encoding="utf-8") == ",".join(["sheet", *columns()]) + "\n"
    assert read_listing(tmp_path / "rows.csv") == []


def test_a_byte_order_mark_as_excel_writes_it_is_accepted(tmp_path: Path) -> None:
    write_listing(ROWS, tmp_path / "rows.csv")
    content = (tmp_path / "rows.csv").read_bytes()
    (tmp_path / "rows.csv").write_bytes(b"\xef\xbb\xbf" + content)
    assert read_listing(tmp_path / "rows.csv") == ROWS


def test_a_workbook_gives_its_rows_in_order_with_none_for_columns_it_lacks() -> None:
    where = Location("book.xlsx", "Drugs", "A5")
    raw_row = RawRow("Drugs", {"id": Cell(" drug.a.vial_size ", where), "value": Cell(4, where)})
    raw = RawWorkbook("book.xlsx", [raw_row], [])
    assert to_listing(raw) == [row("Drugs", "drug.a.vial_size", value=4)]


def test_every_problem_of_a_listing_is_reported_at_once(tmp_path: Path) -> None:
    header = ["sheet", "valeu", "id", *(name for name in columns() if name not in {"id", "value", "note"}), "id"]
    (tmp_path / "rows.csv").write_text(",".join(header) + "\nDrugs,4,extra\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_listing(tmp_path / "rows.csv")
    message = str(caught.value)
    assert "rows.csv: the column value is missing." in message
    assert "rows.csv: the column note is missing." in message
    assert "rows.csv: unknown column valeu. Did you mean value?" in message
    assert "rows.csv: the column id stands twice." in message
    assert f"rows.csv: line 2 has 3 fields instead of {len(header)}." in message


def test_a_missing_listing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no such file\. Check the path\."):
        read_listing(tmp_path / "none.csv")


def test_an_empty_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="the column sheet is missing"):
        read_listing(tmp_path / "rows.csv")
