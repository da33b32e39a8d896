from __future__ import annotations

import itertools
import subprocess
import zipfile
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
from hemodel.publish.workbook import CHARTS, SHEETS, write_results_workbook
from hemodel.publish.workbook_sheets import SUMMARY
from hemodel.views.headline import headline, key_numbers
from hemodel.views.one_way import segments
from hemodel.views.psa import DRAWS_SHOWN
from hemodel.views.registry import names_of
from hemodel.views.shared.text import brief

if TYPE_CHECKING:
    from hemodel.analyses.results import Results

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"


@pytest.fixture(scope="module")
def made() -> tuple[Results, Run]:
    found = run(WORKBOOK, Options(parts=("base", "dsa", "psa"), draws=DRAWS_SHOWN + 100))
    return results(found), found


def test_the_summary_has_the_four_charts_and_the_rest_follow(made: tuple[Results, Run], tmp_path: Path) -> None:
    """No picture is needed: what Excel cannot draw as well is in the report."""
    write_results_workbook(tmp_path / "r.xlsx", *made)
    book: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")
    shown = {sheet.title: [title_of(chart) for chart in sheet._charts] for sheet in book if sheet._charts}
    first = ("Overall survival", "Cost-effectiveness plane", "Probability of being cost-effective", "Net monetary")
    assert [title.startswith(word) for title, word in zip(shown["Summary"], first, strict=True)] == [True] * 4
    assert shown["Charts"][:2] == ["Progression-free survival", "Discounted costs by category"]
    assert [title for title in shown["Charts"] if title.startswith("Patients by state: ")] == [
        f"Patients by state: {name}" for name in made[0].strategy_names.values()
    ]
    assert {"ICER", "Incremental QALYs", "Incremental costs"} <= set(shown["Charts"])
    assert set(shown) == {"Summary", "Charts"}
    assert not any(sheet._images for sheet in book)


def title_of(chart: Any) -> str:
    return "".join(run.t for paragraph in chart.title.tx.rich.p for run in paragraph.r)


def test_charts_of_the_summary_stand_inside_its_columns(made: tuple[Results, Run], tmp_path: Path) -> None:
    """The sheet prints one page wide, so that what ends within its last column is not cut."""
    write_results_workbook(tmp_path / "r.xlsx", *made)
    sheet: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")["Summary"]
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) in {(1, 0), (None, 0)}
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    below = next(cell.row for cell in sheet["A"] if cell.value == "What was run")
    for chart in sheet._charts:
        assert (chart.anchor.to.col, chart.anchor.to.colOff) <= (sheet.max_column, 0)
        assert chart.anchor.to.row < below
    places = [(chart.anchor._from.row, chart.anchor._from.col) for chart in sheet._charts]
    assert places[0][0] == places[1][0] < places[2][0] == places[3][0]
    assert places[0][1] == places[2][1] < places[1][1] == places[3][1]


def test_the_summary_says_the_headline_and_its_numbers(made: tuple[Results, Run], tmp_path: Path) -> None:
    write_results_workbook(tmp_path / "r.xlsx", *made)
    sheet: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")["Summary"]
    texts = [cell.value for line in sheet.iter_rows() for cell in line if isinstance(cell.value, str)]
    names = names_of(*made)
    assert texts[: 1 + len(headline(made[0], names))] == [made[0].title, *headline(made[0], names)]
    numbers = [number for each in key_numbers(made[0], names) for number in (each.label, each.value, each.under)]
    assert len(numbers) == 12
    assert set(numbers) <= set(texts)
    assert texts.index("ICER, base case") < texts.index("Base-case results") < texts.index("What was run")


def test_the_plane_shows_a_sample_of_the_draws(made: tuple[Results, Run], tmp_path: Path) -> None:
    write_results_workbook(tmp_path / "r.xlsx", *made)
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["Chart data"]
    rows = rows_of(sheet, "Draw")
    assert [row[0] for row in rows] == list(range(1, DRAWS_SHOWN + 1))
    psa = made[1].psa
    assert psa is not None
    assert rows[0][1] == pytest.approx(psa.qalys[0, 1] - psa.qalys[0, 0], rel=1e-15)
    assert rows[0][2] == pytest.approx(psa.costs[0, 1] - psa.costs[0, 0], rel=1e-15)


def rows_of(sheet: Any, header: str, title: str = "") -> list[list[Any]]:
    """The rows below the cell with a header, below a title, down to the first empty one."""
    lines = [[cell.value for cell in line] for line in sheet.iter_rows()]
    lines = lines[next(i for i, line in enumerate(lines) if title in {line[0], ""}) :]
    start = next(i for i, line in enumerate(lines) if header in [str(v).partition("\n")[0] for v in line])
    return list(itertools.takewhile(lambda line: any(value is not None for value in line), lines[start + 1 :]))


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
    sheet: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")["Chart data"]
    rows = [row for row in rows_of(sheet, "Input: base value (bounds)") if row[1] == "Net monetary benefit"]
    found = made[0]
    spans = sorted(((e.nmb_low, e.nmb_high) for e in found.dsa or ()), key=lambda pair: -abs(pair[1] - pair[0]))

    assert [(row[5], row[6]) for row in rows] == [pytest.approx(pair, rel=1e-15) for pair in spans[: len(rows)]]
    base = found.incremental[0].nmb[f"{found.decision_threshold:g}"]
    bounds = {f"({brief(e.low)} to {brief(e.high)})" for e in found.dsa or ()}
    assert all(f"({row[3].rpartition(' (')[2]}" in bounds for row in rows)
    for row in rows:
        low, high = row[5] - base, row[6] - base
        assert row[4] == pytest.approx(base, rel=1e-14)
        # Each colour's pieces end where its bound is; the other colour's piece lies between where both are on one side.
        ends = {low: row[7] + row[9] + (row[8] if row[9] else 0), high: row[8] + row[10] + (row[7] if row[10] else 0)}
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
    write_results_workbook(tmp_path / "r.xlsx", document, found)
    book: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")

    moves = {e.name.replace("_", " "): e.change_in_icer for e in document.scenarios or () if e.change_in_icer}
    bars = {row[0]: row[2] for row in rows_of(book["Chart data"], "Scenario")}
    assert set(bars) == {"lower price", "better utility"}
    assert bars == pytest.approx(moves, rel=1e-15)
    assert list(bars.values()) == sorted(bars.values(), key=lambda move: -abs(move))
    assert sum(title_of(chart).startswith("Change in the ICER") for chart in book["Charts"]._charts) == 1


def test_survival_by_month_is_that_of_the_occupancy(made: tuple[Results, Run], tmp_path: Path) -> None:
    """Overall survival is one minus dead, and the sum of the two living states."""
    write_results_workbook(tmp_path / "r.xlsx", *made)
    book: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")
    states = [row[:7] for row in rows_of(book["Chart data"], "Dead")]
    curves = [row[:5] for row in rows_of(book["Chart data"], "Month", "Survival by month")]

    assert len(curves) == len(states) > 12
    for (month, *state), (own, *curve) in zip(states, curves, strict=True):
        assert own == month
        assert curve[:2] == pytest.approx([state[0], state[3]], rel=1e-15)
        assert curve[2:4] == pytest.approx([state[0] + state[1], state[3] + state[4]], abs=1e-12)


def test_the_manifest_is_a_sheet_without_the_output_folder(made: tuple[Results, Run], tmp_path: Path) -> None:
    command = "hemodel run a.xlsx --out 'my folder' --draws 1100 --out=x"
    write_results_workbook(tmp_path / "r.xlsx", *made, manifest(made[1], command))
    sheet: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")["Audit"]
    rows = {(row[0], row[1]): row[2] for row in rows_of(sheet, "Subject")}

    assert rows["Run", "Command"] == "hemodel run a.xlsx --draws 1100"
    assert rows["Run", "Seed"] == made[0].psa.seed if made[0].psa else False
    assert rows["Workbook", "sha256"] == sha256(WORKBOOK.read_bytes()).hexdigest()
    assert rows["Settings", "time_horizon"] == made[0].time_horizon_years
    assert rows["Libraries", "numpy"] == metadata.version("numpy")
    assert rows["Program", "hemodel"] == metadata.version("hemodel")


def test_sheets_print_on_a4_and_a_long_table_keeps_its_headings(made: tuple[Results, Run], tmp_path: Path) -> None:
    write_results_workbook(tmp_path / "r.xlsx", *made)
    book: Any = openpyxl.load_workbook(tmp_path / "r.xlsx")

    assert all(int(sheet.page_setup.paperSize) == 9 for sheet in book)
    assert book["Inputs"].page_setup.fitToWidth > 1
    assert book["Inputs"].print_title_cols == "$A:$B"
    header = int(book["Inputs"].freeze_panes[1:]) - 1
    assert book["Inputs"].auto_filter.ref.startswith(f"A{header}:")
    assert book["Results"].freeze_panes is None


def test_sheets_have_names_that_excel_accepts() -> None:
    names = [SUMMARY, CHARTS, *(sheet.name for sheet in SHEETS)]
    assert len({name.lower() for name in names}) == len(names) == 12
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
