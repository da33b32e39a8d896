"""Options and refusals of the command line, as a user runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pytest
from commands import NEW, PRICE, ROOT, WORKBOOK, hemodel, results
from typer.testing import CliRunner

from hemodel import output
from hemodel.cli import app


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert hemodel("run", WORKBOOK, "--draws", "500", "--seed", "7", "--out", tmp_path / name).returncode == 0
    other = hemodel("run", WORKBOOK, "--draws", "500", "--seed", "8", "--only", "psa", "--out", tmp_path / "other")

    assert other.returncode == 0
    for name in ("results.json", "results.xlsx", "figures/ceac.svg", "tables/psa_summary.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    assert results(tmp_path / "one")["psa"]["mean"] != results(tmp_path / "other")["psa"]["mean"]


def test_a_price_changed_in_excel(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(WORKBOOK)
    row = next(row for row in book["Drugs"].iter_rows() if row[0].value == PRICE)
    price = 8285.2
    assert row[2].value == price
    row[2].value = price / 2
    book.save(tmp_path / "edited.xlsx")
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios")
    edited = hemodel("run", tmp_path / "edited.xlsx", "--only", "base", "--out", tmp_path / "edited")
    by_set = hemodel("run", WORKBOOK, "--only", "base", "--set", f"{PRICE}={price / 2}", "--out", tmp_path / "set")
    base = hemodel("run", WORKBOOK, "--only", "base", "--out", tmp_path / "base")

    assert edited.returncode == by_set.returncode == base.returncode == 0
    new, old = results(tmp_path / "edited"), results(tmp_path / "base")
    spent = old["base_case"][NEW]["drug_costs"]["discounted"]["lurbinectedin"]
    assert new["base_case"] == results(tmp_path / "set")["base_case"]
    assert old["incremental"][0]["costs"] - new["incremental"][0]["costs"] == pytest.approx(spent / 2, rel=1e-9)
    whole = hemodel("run", tmp_path / "edited.xlsx", "--draws", "100", "--out", tmp_path / "all")
    assert whole.returncode == 0, whole.stderr


def test_an_edit_that_a_scenario_was_not_written_for(tmp_path: Path) -> None:
    """The run goes on; the scenario is shown as stopped, with the reason."""
    arguments = ("--set", "utility.progressed=0.55", "--only", "scenarios", "--out", tmp_path / "out")
    done = hemodel("run", WORKBOOK, *arguments)
    stopped = [entry for entry in results(tmp_path / "out")["scenarios"] if entry["stopped"]]

    assert done.returncode == 0, done.stderr
    assert {entry["name"] for entry in stopped} == {
        *(
            "utilities_nafees",
            "utilities_nafees_stable",
            "utilities_treatment_naive",
            "utilities_low",
            "utilities_high",
        ),
        "pessimistic",
    }
    assert all(entry["icer"] is None and entry["verdict"] == "stopped" for entry in stopped)
    assert "Scenario utilities_nafees was not run" in done.stdout


def test_choices_and_switches_by_id(tmp_path: Path) -> None:
    arguments = []
    for pair in (
        "curve.os.atezolizumab.family=weibull",
        "settings.half_cycle_correction=end",
        "settings.discounting=annual",
        f"survival.os.{NEW}.survival_12m.use_in_fit=no",
        f"regimen.{NEW}.lurbinectedin.max_administrations=4",
        "utility.progressed.se=0",
    ):
        arguments += ["--set", pair]
    done = hemodel("run", WORKBOOK, *arguments, "--only", "psa", "--draws", "50", "--out", tmp_path / "out")
    found = results(tmp_path / "out")

    assert done.returncode == 0, done.stderr
    assert {change["id"] for change in found["changes"]} == {pair.partition("=")[0] for pair in arguments[1::2]}
    assert found["base_case"][NEW]["administrations"]["undiscounted"]["lurbinectedin"] < 4
    assert {c["family"] for c in found["curves"] if c["endpoint"] == "os"} == {"weibull"}


def test_only_what_was_asked_for(tmp_path: Path) -> None:
    done = hemodel("run", WORKBOOK, "--only", "dsa", "--out", tmp_path / "out")
    found = results(tmp_path / "out")

    assert done.returncode == 0
    assert found["dsa"]
    assert found["psa"] is None
    assert found["scenarios"] is None
    assert not (tmp_path / "out" / "figures" / "ceac.png").exists()


def test_new_outputs_replace_old_ones_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert hemodel("run", WORKBOOK, "--draws", "50", "--out", out).returncode == 0
    (out / "my notes.txt").write_text("kept")
    assert hemodel("run", WORKBOOK, "--only", "base", "--out", out).returncode == 0

    assert not (out / "figures" / "ceac.png").exists()
    assert results(out)["psa"] is None
    assert (out / "my notes.txt").read_text() == "kept"


def test_a_failure_while_writing_leaves_the_old_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    assert hemodel("run", WORKBOOK, "--only", "base", "--out", out).returncode == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "write_results_workbook", full)
    done = CliRunner().invoke(app, ["run", str(WORKBOOK), "--only", "base", "--out", str(out)])

    assert done.exit_code == 1
    assert "No space left on device" in done.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_step_that_fails_while_moving_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    assert hemodel("run", WORKBOOK, "--only", "base", "--out", out).returncode == 0
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    rename = Path.rename

    def stubborn(self: Path, target: Path) -> Path:
        if self == out / "results.xlsx":
            raise PermissionError(13, "The file is open elsewhere")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    done = CliRunner().invoke(app, ["run", str(WORKBOOK), "--only", "base", "--out", str(out)])
    monkeypatch.undo()

    assert done.exit_code == 1
    assert "open elsewhere" in done.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_default_folder_is_made(tmp_path: Path) -> None:
    done = hemodel("run", WORKBOOK, "--only", "base", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "outputs" / "imforte_us")


def test_inputs_lists_every_row() -> None:
    as_json = json.loads(hemodel("inputs", WORKBOOK, "--json").stdout)
    lines = hemodel("inputs", WORKBOOK).stdout.splitlines()
    changed = json.loads(hemodel("inputs", WORKBOOK, "--json", "--set", f"{PRICE}=1").stdout)

    assert len(lines) == len(as_json) + 1
    price = next(row for row in as_json if row["id"] == PRICE)
    assert price["value"] == 8285.2
    assert price["cell"] == "Drugs!C10"
    assert price["source"] == "UChicago prices 2026"
    assert next(row for row in changed if row["id"] == PRICE)["value"] == 1


def test_check_writes_nothing(tmp_path: Path) -> None:
    done = hemodel("check", WORKBOOK, cwd=tmp_path)

    assert done.returncode == 0
    assert done.stdout.startswith("imforte_us.xlsx: no problems.")
    assert not list(tmp_path.iterdir())


def test_version_and_help() -> None:
    assert hemodel("--version").stdout.strip() == "0.1.0"
    for command in ("run", "inputs", "check"):
        assert command in hemodel("--help").stdout
    assert hemodel("frobnicate").returncode == 2
