from __future__ import annotations

import struct
import subprocess
import zipfile
import zlib
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from support import small_rows

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import Run, run
from hemodel.errors import OutputError
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook
from hemodel.publish.manifest import manifest
from hemodel.publish.workbook import write_results_workbook
from hemodel.publish.workbook_charts import DRAWS_SHOWN, segments
from hemodel.publish.workbook_sheets import CONTENTS, sheet_name
from hemodel.views.registry import tables
from hemodel.views.shared.text import brief

if TYPE_CHECKING:
    from hemodel.analyses.results import Results

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
    names = ("survival_curves", "convergence", "tornado_nmb")
    write_results_workbook(tmp_path / "r.xlsx", *made, {name: png(tmp_path / f"{name}.png") for name in names})
    book: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")
    charts = {sheet.title: len(sheet._charts) for sheet in book if sheet._charts}
    pictures = {sheet.title: len(sheet._images) for sheet in book if sheet._images}
    assert charts == {
        "Disaggregated costs": 1,
        "Occupancy chart": 2,
        "Survival chart": 2,
        "Tornado": 4,
        "CEAC chart": 1,
        "CE plane": 1,
    }
    assert pictures == {"Survival fit": 1, "PSA net benefit": 1}
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


def rows_of(sheet: Any, header: str) -> list[list[Any]]:
    """The rows below the cell with a header, as far as they go."""
    lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
    start = next(i for i, line in enumerate(lines) if header in [str(v).partition("\n")[0] for v in line])
    return lines[start + 1 :]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-2.0, 3.0, (-2.0, 3.0, 0.0, 0.0)),
        (1.0, 3.0, (1.0, 0.0, 0.0, 2.0)),
        (-5.0, -2.0, (0.0, -2.0, -3.0, 0.0)),
        (0.0, 4.0, (0.0, 4.0, 0.0, 0.0)),
    ],
)
def test_pieces_of_a_bar(low: float, high: float, expected: tuple[float, ...]) -> None:
    """By hand: each end is the sum of its own piece and of the other's where both lie on one side."""
    assert segments(low, high) == expected


def test_tornado_bars_are_moves_of_the_one_way_analysis(made: tuple[Results, Run], tmp_path: Path) -> None:
    write_results_workbook(tmp_path / "r.xlsx", *made)
    sheet: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")["Tornado data"]
    rows = [row for row in rows_of(sheet, "Input: base value (bounds)") if row[1] == "Net monetary benefit"]
    found = made[0]
    spans = sorted(((e.nmb_low, e.nmb_high) for e in found.dsa or ()), key=lambda pair: -abs(pair[1] - pair[0]))

    assert [(row[4], row[5]) for row in rows] == [pytest.approx(pair, rel=1e-15) for pair in spans[: len(rows)]]
    base = found.incremental[0].nmb[f"{found.decision_threshold:g}"]
    bounds = {f"({brief(e.low)} to {brief(e.high)})" for e in found.dsa or ()}
    assert all(f"({row[2].rpartition(' (')[2]}" in bounds for row in rows)
    for row in rows:
        low, high = row[4] - base, row[5] - base
        assert row[3] == pytest.approx(base, rel=1e-14)
        # Each colour's pieces end where its bound is; the other colour's piece lies between where both are on one side.
        ends = {low: row[6] + row[8] + (row[7] if row[8] else 0), high: row[7] + row[9] + (row[6] if row[9] else 0)}
        assert all(end == pytest.approx(move, abs=1e-6) for move, end in ends.items())


def test_scenario_bars_are_changes_in_the_icer(tmp_path: Path) -> None:
    rows: list[Any] = [dict(row) for row in to_listing(small_rows())]
    rows.append({**next(row for row in rows if row["id"] == "settings.draws"), "id": "settings.scenarios"})
    rows[-1]["value"] = "scenarios"
    write_workbook(tmp_path / "small.xlsx", rows, (("source",),), Cover("Small"))
    (tmp_path / "scenarios").mkdir()
    for name, id_, factor in (
        ("better_utility", "utility.progressed", 1.1),
        ("lower_price", "drug.newtinib.price_per_vial", 0.5),
        ("nothing", "settings.draws", 2),
    ):
        head = 'group = "structure"\npurpose = "p"\nquestion = "Q?"\nwhy = "w"\nsource = "s"\n'
        text = f'{head}[[change]]\nid = "{id_}"\nmultiply = {factor}\n'
        (tmp_path / "scenarios" / f"{name}.toml").write_text(text, encoding="utf-8")
    found = run(tmp_path / "small.xlsx", Options(parts=("base", "scenarios")))
    document = results(found)
    write_results_workbook(tmp_path / "r.xlsx", document, found, {"scenarios": png(tmp_path / "s.png")})
    book: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")

    moves = {e.name.replace("_", " "): e.change_in_icer for e in document.scenarios or () if e.change_in_icer}
    bars = {row[0]: row[2] for row in rows_of(book["Scenario data"], "Scenario")}
    assert set(bars) == {"lower price", "better utility"}
    assert bars == pytest.approx(moves, rel=1e-15)
    assert list(bars.values()) == sorted(bars.values(), key=lambda move: -abs(move))
    assert len(book["Scenario chart"]._charts) == 1
    assert not book["Scenario chart"]._images


def test_survival_by_month_is_that_of_the_occupancy(made: tuple[Results, Run], tmp_path: Path) -> None:
    """Overall survival is one minus dead, and the sum of the two living states."""
    write_results_workbook(tmp_path / "r.xlsx", *made)
    book: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")
    states = rows_of(book["Occupancy"], "Dead")
    curves = rows_of(book["Survival by month"], "Month")

    assert len(curves) == len(states) > 12
    for (month, *state), (own, *curve) in zip(states, curves, strict=True):
        assert own == month
        assert curve[:2] == pytest.approx([state[0], state[3]], rel=1e-15)
        assert curve[2:4] == pytest.approx([state[0] + state[1], state[3] + state[4]], abs=1e-12)


def test_the_manifest_is_a_sheet_without_the_output_folder(made: tuple[Results, Run], tmp_path: Path) -> None:
    command = "hemodel run a.xlsx --out 'my folder' --draws 1100 --out=x"
    write_results_workbook(tmp_path / "r.xlsx", *made, None, manifest(made[1], command))
    sheet: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")["Manifest"]
    rows = {(row[0], row[1]): row[2] for row in rows_of(sheet, "Subject")}

    assert rows["Run", "Command"] == "hemodel run a.xlsx --draws 1100"
    assert rows["Run", "Seed"] == made[0].psa.seed if made[0].psa else False
    assert rows["Workbook", "sha256"] == sha256(WORKBOOK.read_bytes()).hexdigest()
    assert rows["Settings", "time_horizon"] == made[0].time_horizon_years
    assert rows["Libraries", "numpy"] == metadata.version("numpy")
    assert rows["Program", "hemodel"] == metadata.version("hemodel")


def test_wide_tables_print_on_a4_with_their_first_columns(made: tuple[Results, Run], tmp_path: Path) -> None:
    write_results_workbook(tmp_path / "r.xlsx", *made)
    book: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")

    assert all(int(sheet.page_setup.paperSize) == 9 for sheet in book)
    assert book["Inputs"].page_setup.fitToWidth > 1
    assert book["Inputs"].print_title_cols == "$A:$B"


def test_sheets_have_names_that_excel_accepts(made: tuple[Results, Run], tmp_path: Path) -> None:
    write_results_workbook(tmp_path / "r.xlsx", *made, None, manifest(made[1], "hemodel run"))
    names = openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames
    assert {sheet_name(table.name) for table in tables(*made)} < set(names)
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
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"]
    subprocess.run(
        [*command, str(tmp_path / "back"), str(tmp_path / "r.xlsx")], check=True, capture_output=True, timeout=120
    )
    before, after = (openpyxl.load_workbook(path) for path in (tmp_path / "r.xlsx", tmp_path / "back" / "r.xlsx"))
    assert after.sheetnames == before.sheetnames
    for sheet in before:
        for line in sheet.iter_rows():
            for cell in line:
                if isinstance(cell.value, (int, float)):
                    assert after[sheet.title][cell.coordinate].value == pytest.approx(cell.value, rel=1e-14)
