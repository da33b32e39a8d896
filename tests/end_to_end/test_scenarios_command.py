"""hemodel scenarios: what it prints and writes, which scenarios it runs, and what it refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from schemas import follow_their_schemas
from support import small_rows
from typer.testing import CliRunner, Result

from hemodel.cli import app
from hemodel.inputs.dictionary import scenario_columns
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.inputs.cells import Scalar

PRICE = "drug.newtinib.price_per_vial"
FILE = f"""
group = "costs"
purpose = "From which discount the decision changes"
question = "What if newtinib costs {{value}}% less?"
why = "Discounts are confidential"
source = "assumption: discounts"

[[sweep]]
id = "{PRICE}"
multiply = [1, 0.5, 0]
labels = [0, 50, 100]
"""
ROW: dict[str, Scalar] = {
    "scenario": "worse",
    "group": "utilities",
    "purpose": "What the utility after progression is worth",
    "question": "What if progressed patients fare worse?",
    "id": "utility.progressed",
    "from": 0.6,
    "to": 0.5,
    "why": "w",
    "source": "s",
}


def hemodel(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenarios")
    rows = to_listing(small_rows())
    rows.append({**next(row for row in rows if row["id"] == "settings.draws"), "id": "settings.scenarios"})
    rows[-1] |= {"value": "scenarios"}
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "price.toml").write_text(FILE, encoding="utf-8")
    sheet = [tuple(ROW.get(column) for column in scenario_columns())]
    write_workbook(folder / "small.xlsx", rows, (("source",),), Cover("Small"), scenarios=sheet)
    return folder / "small.xlsx"


@pytest.fixture(scope="module")
def whole(book: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("outputs") / "out"
    done = hemodel("scenarios", book, "--out", out)
    assert done.exit_code == 0, done.output
    return done, out


def document(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "scenarios.json").read_text(encoding="utf-8"))
    return found


def test_everything_is_written_and_has_the_published_shape(whole: tuple[Result, Path]) -> None:
    out = whole[1]
    assert {path.name for path in out.iterdir()} == {"scenarios.json", "tables", "figures", "manifest.json"}
    found = document(out)
    follow_their_schemas(out, "scenarios")
    assert [entry["name"] for entry in found["scenarios"]] == ["price_0", "price_50", "price_100", "worse"]
    assert sorted(path.stem for path in (out / "figures").glob("*.png")) == [
        "scenarios", "scenarios_costs", "scenarios_utilities"
    ]  # fmt: skip
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert set(manifest["scenarios"]) == {"price_0", "price_50", "price_100", "worse"}


def test_changes_net_benefit_and_decisions_follow_from_the_increments(whole: tuple[Result, Path]) -> None:
    found = document(whole[1])
    (base,) = found["base_case"]
    for entry in found["scenarios"]:
        assert entry["change_in_qalys"] == entry["qalys"] - base["qalys"]
        assert entry["change_in_costs"] == entry["costs"] - base["costs"]
        for threshold, benefit in entry["nmb"].items():
            assert benefit == pytest.approx(float(threshold) * entry["qalys"] - entry["costs"], rel=1e-12)
            assert entry["cost_effective"][threshold] == (benefit >= 0)
            assert entry["changes_decision"][threshold] == ((benefit >= 0) != (base["nmb"][threshold] >= 0))
    by_name = {entry["name"]: entry for entry in found["scenarios"]}
    assert by_name["price_0"]["change_in_costs"] == 0
    half, nothing = (by_name[f"price_{point}"]["change_in_costs"] for point in (50, 100))
    assert nothing == pytest.approx(2 * half, rel=1e-12)
    assert any(by_name["price_100"]["changes_decision"].values())


def test_the_table_is_in_groups(whole: tuple[Result, Path]) -> None:
    done, out = whole
    table = pd.read_csv(out / "tables" / "scenarios.csv")
    assert table["Scenario"].tolist() == ["Base case", "price_0", "price_50", "price_100", "worse"]
    assert table["Group"].tolist() == ["Base case", "Costs", "Costs", "Costs", "Utilities"]
    lines = done.stdout.splitlines()
    groups = [line for line in lines if line in {"Costs", "Utilities"}]
    assert groups == ["Costs", "Utilities"]
    assert any(line.startswith("  price_100") and "yes*" in line for line in lines)
    assert "* another decision than in the base case" in lines
    assert lines[-1] == f"4 scenarios. Written to {out}"


def test_groups_and_names_choose(book: Path, tmp_path: Path) -> None:
    for arguments, names in (
        (("--group", "utilities"), ["worse"]),
        (("--only", "price"), ["price_0", "price_50", "price_100"]),
        (("--only", "worse", "--only", "price_50"), ["worse", "price_50"]),
    ):
        done = hemodel("scenarios", book, *arguments, "--json", "--out", tmp_path / "out")
        assert done.exit_code == 0, done.output
        assert [entry["name"] for entry in json.loads(done.stdout)["scenarios"]] == names
        assert done.stdout == (tmp_path / "out" / "scenarios.json").read_text(encoding="utf-8")


def test_set_changes_the_base_case(book: Path, tmp_path: Path) -> None:
    done = hemodel("scenarios", book, "--set", "utility.progressed=0.55", "--json", "--out", tmp_path / "out")
    found = json.loads(done.stdout)
    assert [change["id"] for change in found["changes"]] == ["utility.progressed"]
    stopped = {entry["name"]: entry["stopped"] for entry in found["scenarios"] if entry["stopped"]}
    assert stopped == {"worse": "utility.progressed: already changed for this run"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--only", "wors"), 1, "--only wors: there is no scenario wors. Did you mean worse?"),
        (("--group", "money"), 2, "--group"),
        (("--set", "utility.progresed=1"), 1, "there is no input utility.progresed"),
    ],
)
def test_refusals(book: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    done = hemodel("scenarios", book, *arguments, "--out", tmp_path / "out")
    assert done.exit_code == code
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


def test_check_finds_what_is_wrong_with_scenarios(book: Path, tmp_path: Path) -> None:
    rows = [tuple({**ROW, "group": "utility"}.get(column) for column in scenario_columns())]
    write_workbook(tmp_path / "bad.xlsx", to_listing(small_rows()), (("source",),), Cover("Bad"), scenarios=rows)
    assert hemodel("check", book).exit_code == 0
    for command in ("check", "scenarios"):
        done = hemodel(command, tmp_path / "bad.xlsx", *(("--out", tmp_path / "out") if command == "scenarios" else ()))
        assert done.exit_code == 1
        assert "bad.xlsx, Scenarios!B5: the group is 'utility'." in done.stderr
        assert "Did you mean utilities?" in done.stderr


def test_no_scenarios_is_no_error(tmp_path: Path) -> None:
    write_workbook(tmp_path / "none.xlsx", to_listing(small_rows()), (("source",),), Cover("None"))
    done = hemodel("scenarios", tmp_path / "none.xlsx", "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert f"0 scenarios. Written to {tmp_path / 'out'}" in done.stdout
    assert not (tmp_path / "out" / "figures").exists()
