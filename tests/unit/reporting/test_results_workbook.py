from __future__ import annotations

import struct
import subprocess
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from hemodel.analysis.run import Options, Run, run
from hemodel.errors import OutputError
from hemodel.reporting.document import results
from hemodel.reporting.results_workbook import write_results_workbook
from hemodel.reporting.results_workbook_charts import DRAWS_SHOWN
from hemodel.reporting.results_workbook_sheets import CONTENTS, sheet_name
from hemodel.reporting.tables import tables

if TYPE_CHECKING:
    from hemodel.reporting.schema import Results

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"


@pytest.fixture(scope="module")
def made() -> tuple[Results, Run]:
    found = run(WORKBOOK, Options(parts=("base", "dsa", "psa"), draws=DRAWS_SHOWN + 100))
    return results(found), found


def png(path: Path, width: int = 40, height: int = 30) -> Path:
    """Write a grey PNG of 200 dots per inch."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    lines = (b"\0" + b"\x80" * width) * height
    parts = (
        chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        chunk(b"pHYs", struct.pack(">IIB", 7874, 7874, 1)),
        chunk(b"IDAT", zlib.compress(lines)),
        chunk(b"IEND", b""),
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def test_charts_and_pictures_are_where_they_belong(made: tuple[Results, Run], tmp_path: Path) -> None:
    names = ("survival_curves", "convergence", "tornado_nmb", "tornado_costs")
    write_results_workbook(tmp_path / "r.xlsx", *made, {name: png(tmp_path / f"{name}.png") for name in names})
    book: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")
    charts = {sheet.title: len(sheet._charts) for sheet in book if sheet._charts}
    pictures = {sheet.title: len(sheet._images) for sheet in book if sheet._images}
    assert charts == {"Disaggregated costs": 1, "Occupancy chart": 2, "CEAC chart": 1, "CE plane": 1}
    assert pictures == {"Survival fit": 1, "PSA net benefit": 1, "Tornado": 2}
    order = book.sheetnames
    assert order[0] == CONTENTS
    assert order.index("Tornado") + 1 == order.index("DSA")


def test_the_plane_shows_a_sample_of_the_draws(made: tuple[Results, Run], tmp_path: Path) -> None:
    write_results_workbook(tmp_path / "r.xlsx", *made)
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["PSA draws"]
    draws = [cell.value for cell in sheet["A"] if isinstance(cell.value, (int, float))]
    assert draws == list(range(1, DRAWS_SHOWN + 1))
    psa = made[1].psa
    assert psa is not None
    first = next(row[0].row for row in sheet.iter_rows() if row[0].value == 1)
    assert sheet.cell(first, 2).value == pytest.approx(psa.qalys[0, 1] - psa.qalys[0, 0], rel=1e-15)
    assert sheet.cell(first, 3).value == pytest.approx(psa.costs[0, 1] - psa.costs[0, 0], rel=1e-15)


def test_sheets_have_names_that_excel_accepts(made: tuple[Results, Run]) -> None:
    names = [sheet_name(table.name) for table in tables(*made)]
    assert len({name.lower() for name in names}) == len(names)
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)


def test_no_date_of_the_day_is_written(made: tuple[Results, Run], tmp_path: Path) -> None:
    write_results_workbook(tmp_path / "r.xlsx", *made)
    with zipfile.ZipFile(tmp_path / "r.xlsx") as archive:
        assert "2000-01-01T00:00:00Z" in archive.read("docProps/core.xml").decode()


def test_a_folder_in_the_way_is_an_error_that_says_what_to_do(made: tuple[Results, Run], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"the workbook cannot be written .* Close it where it is open"):
        write_results_workbook(tmp_path, *made)


def test_libreoffice_reads_the_same_numbers(made: tuple[Results, Run], tmp_path: Path) -> None:
    write_results_workbook(tmp_path / "r.xlsx", *made)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "ods",
        "--outdir",
        str(tmp_path),
        str(tmp_path / "r.xlsx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    again = ["soffice", profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    (tmp_path / "back").mkdir()
    subprocess.run(
        [*again, str(tmp_path / "back"), str(tmp_path / "r.ods")], check=True, capture_output=True, timeout=120
    )
    before, after = (openpyxl.load_workbook(path) for path in (tmp_path / "r.xlsx", tmp_path / "back" / "r.xlsx"))
    assert after.sheetnames == before.sheetnames
    for sheet in before:
        for line in sheet.iter_rows():
            for cell in line:
                if isinstance(cell.value, (int, float)):
                    assert after[sheet.title][cell.coordinate].value == pytest.approx(cell.value, rel=1e-14)
