"""hemodel payers and hemodel run --payer, from workbook to files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from support import small_rows, workbook
from typer.testing import CliRunner

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import run
from hemodel.cli import app
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook
from hemodel.payers.reading import shipped
from hemodel.publish.console_payers import reference_case_text

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

INPUTS = Path(__file__).parents[2] / "inputs"
PAYERS = ("GB-ENG", "US-ICER")
OWN: dict[str, Scalar] = {
    "settings.currency": "GBP",
    "settings.exchange_rate.usd": 0.75,
    "settings.draws": 60,
    "utility.life_year_gained": 0.851,
    "utility.norms": str(INPUTS / "utility_norms" / "england_hse2014.csv"),
    "background.life_table": str(INPUTS / "life_tables" / "england_2018_2020.csv"),
    "background.mean_age": 66,
    "background.sd_age": 0,
    "background.youngest_age": 18,
    "background.share_male": 0.5,
}


def small_workbook(path: Path, **without: str) -> Path:
    """The small model with what a payer's modifier needs, in pounds."""
    held = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    rows = held | {id_: {"value": value} for id_, value in OWN.items() if id_ not in without.values()}
    write_workbook(path, to_listing(workbook(rows)), [("source",)], Cover("Test"))
    return path


FIGURES_ARE_DRAWN = True
"""Processes of their own draw, so this one has to."""


def invoke(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Outputs of two payers in two processes, and what was printed."""
    folder = tmp_path_factory.mktemp("payers")
    path = small_workbook(folder / "small.xlsx")
    payers = [part for code in PAYERS for part in ("--payer", code)]
    result = invoke("run", path, *payers, "--only", "psa", "--jobs", "2", "--out", folder / "out")

    assert result.exit_code == 0, result.output
    return folder, result.stdout


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "tables" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_payer_has_a_folder_and_a_line(made: tuple[Path, str]) -> None:
    folder, printed = made

    assert sorted(path.name for path in (folder / "out").iterdir()) == sorted(PAYERS)
    assert all(f"\n {code} " in printed and f"Written to {folder}/out/{code}\n" in printed for code in PAYERS)
    assert "The reference case of each is in tables/reference_case.csv of its folder." in printed


def test_results_hold_the_payer(made: tuple[Path, str]) -> None:
    england = json.loads((made[0] / "out" / "GB-ENG" / "results.json").read_text(encoding="utf-8"))
    manifest = json.loads((made[0] / "out" / "GB-ENG" / "manifest.json").read_text(encoding="utf-8"))
    payer = england["payer"]

    assert england["thresholds"] == [25000, 35000]
    assert (payer["code"], payer["table_set"], payer["file"]) == ("GB-ENG", "NICE", "shipped with hemodel")
    assert payer["severity"]["weight"] in {1, 1.2, 1.7}
    assert {entry["status"] for entry in payer["reference_case"]} >= {"met", "missing", "to judge"}
    assert manifest["payer"] == {
        "code": "GB-ENG",
        "file": "shipped with hemodel",
        "sha256": shipped()["GB-ENG"].sha256,
    }
    assert {change["origin"] for change in england["changes"]} == {"payer GB-ENG"}


def test_tables_mark_what_was_not_checked(made: tuple[Path, str]) -> None:
    rows = table(made[0] / "out" / "US-ICER", "reference_case")
    rate = next(row for row in rows if row["Field"].startswith("Discount rate, costs"))

    assert (rate["Field"], rate["Asked"], rate["Found"], rate["Status"], rate["How"], rate["Checked"]) == (
        "Discount rate, costs *",
        "3%",
        "3%",
        "met",
        "applied; was 4%",
        "no",
    )
    assert all((" *" in row["Field"]) == (row["Checked"] == "no") for row in rows)


def test_tables_of_the_modifiers(made: tuple[Path, str]) -> None:
    out = made[0] / "out"
    england = json.loads((out / "GB-ENG" / "results.json").read_text(encoding="utf-8"))["payer"]["severity"]
    (severity,) = table(out / "GB-ENG", "severity")
    (evlyg,) = table(out / "US-ICER", "evlyg")

    assert float(severity["Weight"]) == england["weight"]
    assert float(severity["Absolute shortfall [QALY]"]) == england["absolute_shortfall"]
    assert [float(row["Threshold [GBP per QALY]"]) for row in table(out / "GB-ENG", "severity_net_benefit")] == [
        25000,
        35000,
    ]
    assert float(evlyg["evLYG [evLY]"]) > 0
    assert not (out / "US-ICER" / "tables" / "severity.csv").exists()


def test_the_report_and_the_workbook_hold_them_too(made: tuple[Path, str]) -> None:
    folder = made[0] / "out" / "GB-ENG"
    page = (folder / "report.html").read_text(encoding="utf-8")
    sheet = openpyxl.load_workbook(folder / "results.xlsx")["Incremental"]
    titles = [str(cell.value).lower() for cell in sheet["A"]]

    assert 'id="section-reference_case"' in page
    assert all(f'id="table-{name}"' in page for name in ("reference_case", "severity", "severity_net_benefit"))
    assert "Not checked against the primary text" in page
    starts = ("reference case of", "severity of", "net benefit with")
    assert [len([title for title in titles if title.startswith(start)]) for start in starts] == [1, 1, 1]


def test_the_same_bytes_for_one_payer_alone(made: tuple[Path, str]) -> None:
    """What payers share and the processes they run in change nothing."""
    folder, _ = made
    path, alone = folder / "small.xlsx", folder / "alone"
    result = invoke("run", path, "--payer", "us-icer", "--only", "psa", "--out", alone)

    assert result.exit_code == 0, result.output
    assert "Reference case of US-ICER: United States (ICER, " in result.stdout
    for name in ("results.json", *(f"figures/{figure}.svg" for figure in ("survival_curves", "ceac"))):
        assert (alone / name).read_bytes() == (folder / "out" / "US-ICER" / name).read_bytes(), name


def test_every_problem_of_every_payer_before_anything_is_written(tmp_path: Path) -> None:
    path = small_workbook(tmp_path / "small.xlsx", first="utility.norms", second="background.mean_age")
    result = invoke("run", path, "--payer", "GB-ENG", "--payer", "FR", "--payer", "NO", "--out", tmp_path / "out")

    assert result.exit_code == 1
    assert "2 problems found" in result.stderr
    for id_, sheet in (("utility.norms", "Utilities"), ("background.mean_age", "Background mortality")):
        needed = "and quality-adjusted life expectancy needs it"
        assert f"small.xlsx, {sheet}: the row {id_} is missing, {needed}." in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["small.xlsx"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--payer", "GB-ENH"], 1, "--payer GB-ENH: there is no payer GB-ENH. Did you mean GB-ENG?"),
        (["--payer", "FR", "--payer", "fr"], 1, "--payer: FR is named more than once. Keep one."),
        (["--payer", "none.toml"], 1, "none.toml: there is no such file."),
        (["--payer", "FR", "--jobs", "0"], 2, "--jobs"),
    ],
)
def test_bad_arguments(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    result = invoke("run", INPUTS / "imforte_us.xlsx", "--out", tmp_path / "out", *arguments)

    assert result.exit_code == code
    assert words in result.stderr
    assert not list(tmp_path.iterdir())


def test_payers_lists_prints_and_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    listed, printed = invoke("payers"), invoke("payers", "GB-ENG")
    copied, again = invoke("payers", "NO", "--out", "mine.toml"), invoke("payers", "NO", "--out", "mine.toml")

    assert all(f"\n {code} " in listed.stdout for code in shipped())
    assert "Absolute" not in listed.stdout
    assert "Budget impact, trigger (budget_trigger): 20,000,000 GBP in any of the first 3 years" in printed.stdout
    assert "NOT CHECKED against the primary text" in printed.stdout
    assert copied.exit_code == 0
    assert Path("mine.toml").read_text(encoding="utf-8") == shipped()["NO"].text
    assert again.exit_code == 1
    assert "mine.toml: this is there already and is left as it is. Choose another --out." in again.stderr
    assert invoke("payers", "--out", "mine.toml").exit_code == 2


def test_a_profile_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = small_workbook(tmp_path / "small.xlsx")
    (tmp_path / "payers").mkdir()
    own = shipped()["GB-SCT"].text.replace("value = 0.035", "value = 0.015")
    (tmp_path / "payers" / "GB-SCT.toml").write_text(own, encoding="utf-8")
    made = run(path, Options(parts=("base",), families=False, payer="gb-sct"))
    found = results(made).payer

    assert found is not None
    assert (found.file, found.replaces_shipped) == ("GB-SCT.toml", True)
    assert "profile GB-SCT.toml in place of the shipped one" in reference_case_text(found)
    assert made.warnings[-2] == "Payer GB-SCT: the profile GB-SCT.toml was used in place of the shipped one."
    assert made.model.inputs.settings.cost_rates == ((0.0, 0.015),)
