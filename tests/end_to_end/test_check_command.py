"""`hemodel check` as a user runs it: problems, warnings, exit codes, JSON, the last run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from typer.testing import CliRunner

from hemodel.analyses.load import load
from hemodel.analyses.options import Options
from hemodel.analyses.run import Run
from hemodel.cli import app
from hemodel.inputs.changes import Change
from hemodel.model.evaluate import Model, base_draws, evaluate
from hemodel.publish.manifest import manifest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typer.testing import Result

    Edits = Mapping[str, Mapping[int, Any]]

WORKBOOK = Path(__file__).parents[2] / "inputs" / "imforte_us.xlsx"
PRICE = "drug.lurbinectedin.price_per_vial"


EXTERNAL = "Accepted external_off: those patients are others."
USE_IN_FIT = 17
"""Column of the sheet Survival."""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no run was made yet."""
    monkeypatch.chdir(tmp_path)


def check(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["check", *map(str, arguments)])


def quiet(path: Path, edits: Edits) -> Path:
    """A copy without the shipped workbook's warnings and its life table, with cells changed by id and column.

    Its curves are those of the trial's statistics alone, and what speaks against them is accepted by notes.
    """
    book = openpyxl.load_workbook(WORKBOOK)
    uniform = {8: "uniform"}
    own: Edits = {
        "administration.infusion.cost": uniform,
        "administration.additional_drug.cost": uniform,
        "background.method": {3: "none"},
        "curve.os.atezolizumab.family": {12: "accepted death_after_progression: the hazard begins at 0"},
        **{f"external.os.atezolizumab.survival_{y}y": {USE_IN_FIT: "no", 20: f"Seen. {EXTERNAL}"} for y in (3, 4, 5)},
    }
    for id_, cells in {**own, **edits}.items():
        for sheet in book.worksheets:
            for row in range(5, sheet.max_row + 1):
                for column, value in cells.items() if sheet.cell(row, 1).value == id_ else ():
                    sheet.cell(row, column).value = value
    book.save(path)
    return path


def base_case(model: Model) -> Run:
    base = evaluate(model, base_draws(model))
    return Run(model, base, [], None, None, None, under=(), available=(), options=Options(), warnings=())


def test_a_workbook_in_order(tmp_path: Path) -> None:
    done = check(quiet(tmp_path / "quiet.xlsx", {}), "--strict")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("quiet.xlsx: no problems.")
    assert done.stdout.endswith(" 4 warnings accepted by notes.\n")
    assert done.stdout.count("\n") == 1


def test_accepted_warnings_keep_their_reason(tmp_path: Path) -> None:
    path = quiet(
        tmp_path / "quiet.xlsx",
        {"external.os.atezolizumab.survival_5y": {USE_IN_FIT: "no", 20: "Accepted flat: of no use here"}},
    )
    found = json.loads(check(path, "--json").stdout)

    assert [(each["cell"], each["name"]) for each in found["warnings"]] == [("C22", "external_off")]
    assert {each["reason"] for each in found["accepted"]} == {"the hazard begins at 0", "those patients are others"}
    assert check(path, "--strict").exit_code == 1
    done = check(path)
    assert "[external_off]" in done.stderr
    assert 'write in the note of its row "accepted NAME: " and why. Names: external_off.' in done.stderr


UPSIDE_DOWN: Edits = {"survival.os.lurbinectedin_atezolizumab.hazard_ratio": {3: 1.37, 5: 1.05, 6: 1.75}}


def test_a_hazard_ratio_upside_down_is_found(tmp_path: Path) -> None:
    """1.37 (1.05 to 1.75) for 0.73 (0.57 to 0.95): the cell is named, and strict refuses it before anything is run."""
    path = quiet(tmp_path / "upside_down.xlsx", UPSIDE_DOWN)
    done = check(path)

    where = "upside_down.xlsx, Survival!C16: survival.os.lurbinectedin_atezolizumab.hazard_ratio is 1.37"
    assert f"{where}, on the other side of 1 than the medians and landmarks." in done.stderr
    assert "It is the likeliest mistake: 1 / 1.37 = 0.73 goes with the medians and landmarks." in done.stderr
    assert done.stderr.count("The likeliest mistake is survival.os.lurbinectedin_atezolizumab.hazard_ratio (") >= 8
    assert check(path, "--strict").exit_code == 1

    refused = CliRunner().invoke(app, ["run", str(path), "--strict", "--out", str(tmp_path / "out")])
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert where in refused.stderr
    assert not (tmp_path / "out").exists()


def test_a_run_with_a_hazard_ratio_upside_down_ends(tmp_path: Path) -> None:
    """The draws of a shape with a standard error of 4 hold curves of which nobody lives to the start of the study."""
    path = quiet(tmp_path / "upside_down.xlsx", {**UPSIDE_DOWN, "curves.statistics": {3: "independent"}})
    done = CliRunner().invoke(
        app, ["run", str(path), "--only", "psa", "--draws", "600", "--out", str(tmp_path / "out")]
    )

    assert (done.exit_code, done.stderr) == (0, "")
    assert (
        "Likeliest mistake: survival.os.lurbinectedin_atezolizumab.hazard_ratio (Survival!C16): 1 / 1.37 = 0.73 goes"
        in " ".join(done.stdout.split())
    )
    assert "Research: Longer follow-up" in " ".join(done.stdout.split())
    found = json.loads((tmp_path / "out" / "results.json").read_text())
    assert {each["gate"] for each in found["fit_warnings"]} >= {"ratio_side", "flat", "infinite_mean"}


def test_warnings_are_counted_and_grouped_by_sheet(tmp_path: Path) -> None:
    edits: Edits = {
        "end_of_life.cost": {3: "21,603", 11: "TBC"},
        "settings.discount_rate_costs": {3: 0.35},
    }
    path = quiet(tmp_path / "odd.xlsx", edits)
    done = check(path)

    assert done.exit_code == 0
    assert done.stdout.startswith("odd.xlsx: no problems.")
    lines = [line.split(": ")[0] for line in done.stderr.splitlines()]
    assert lines == [
        "3 warnings",
        "",
        "odd.xlsx, Settings!C15",
        "",
        "odd.xlsx, End of life!C5",
        "odd.xlsx, End of life!K5",
        "",
        'To accept one, write in the note of its row "accepted NAME',
    ]
    assert check(path, "--strict").exit_code == 1


def test_warnings_are_shown_after_problems(tmp_path: Path) -> None:
    edits: Edits = {"utility.progressed": {3: 1.4}, "settings.discount_rate_costs": {3: 0.35}}
    done = check(quiet(tmp_path / "both.xlsx", edits))

    assert (done.exit_code, done.stdout) == (1, "")
    error, warning = done.stderr.index("Error: 1 problem found."), done.stderr.index("1 warning: allowed")
    assert error < done.stderr.index("Utilities!C6: utility.progressed is 1.4") < warning
    assert warning < done.stderr.index("Settings!C15: settings.discount_rate_costs is 0.35")


def test_json_for_editors(tmp_path: Path) -> None:
    edits: Edits = {"utility.progressed": {3: 1.4, 6: None, 7: None}, "settings.discount_rate_costs": {3: 0.35}}
    path = quiet(tmp_path / "both.xlsx", edits)
    done, absent = check(path, "--json"), check(tmp_path / "absent.xlsx", "--json")

    assert done.exit_code == absent.exit_code == 1
    assert done.stderr == absent.stderr == ""
    found = json.loads(done.stdout)
    assert found["file"] == "both.xlsx"
    places = [(entry["sheet"], entry["cell"]) for entry in (*found["problems"], *found["warnings"])]
    assert places == [("Utilities", "C6"), ("Settings", "C15")]
    assert all(set(each) == {"file", "sheet", "cell", "what", "why", "todo", "name"} for each in found["problems"])
    assert json.loads(absent.stdout)["problems"][0]["what"] == "there is no such file"


def test_a_price_is_compared_with_the_last_run(tmp_path: Path) -> None:
    path = quiet(tmp_path / "model.xlsx", {})
    assert check(path, "--set", f"{PRICE}=828.52").stderr == ""
    made = manifest(base_case(load(path, [Change(PRICE, 100.0, "test")])), "hemodel run").said()
    assert made["inputs"][PRICE] == 100
    assert made["inputs"]["utility.progressed"] == 0.6
    Path("outputs/model").mkdir(parents=True)
    Path("outputs/model/manifest.json").write_text(json.dumps(made))

    assert check(path).stderr == ""
    tenth = check(path, "--set", f"{PRICE}=828.52")
    assert f"{PRICE} is 828.52, 1/10 of the 8,285.2 of the last run" in tenth.stderr
    Path("outputs/model/manifest.json").write_text("{")
    assert check(path, "--set", f"{PRICE}=828.52").stderr == ""


def test_inputs_shows_what_was_read_from_text(tmp_path: Path) -> None:
    path = quiet(tmp_path / "text.xlsx", {"end_of_life.cost": {3: "21,603"}})
    done = CliRunner().invoke(app, ["inputs", str(path)])

    assert done.exit_code == 0
    assert "end_of_life.cost\t21603.0\tUSD per death" in done.stdout
    assert "21,603 is stored as text; read as 21603" in done.stderr
