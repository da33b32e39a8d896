"""The command line from workbook to outputs, as a user runs it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from hemodel import output
from hemodel.cli import app
from hemodel.reporting.schema import SCHEMA, json_schema

ROOT = Path(__file__).parents[2]
WORKBOOK = ROOT / "inputs" / "imforte_us.xlsx"
PRICE = "drug.lurbinectedin.price_per_vial"
NEW = "lurbinectedin_atezolizumab"
SAME = 1e-12
"""Relative: the same sums in another order."""


def hemodel(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from hemodel.cli import main; main()", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def results(folder: Path) -> Any:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of the first command of the README."""
    out = tmp_path_factory.mktemp("whole") / "out"
    done = hemodel("run", WORKBOOK, "--out", out)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return out


def test_everything_is_written(whole: Path) -> None:
    names = {"results.json", "results.xlsx", "report.html", "manifest.json", "tables", "figures"}

    assert {path.name for path in whole.iterdir()} == names
    figures = {path.name for path in (whole / "figures").iterdir()}
    for name in ("survival_curves", "occupancy", "cost_breakdown", "tornado_nmb", "ce_plane", "ceac", "convergence"):
        assert {f"{name}.png", f"{name}.svg"} <= figures
    assert all(path.stat().st_size > 0 for path in whole.rglob("*") if path.is_file())
    assert not any(path.name.startswith(".") for path in whole.parent.iterdir())


def test_results_follow_the_published_schema(whole: Path) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))

    jsonschema.Draft202012Validator(schema).validate(results(whole))
    assert SCHEMA.read_text(encoding="utf-8") == json_schema(), "run python -m hemodel.reporting.schema"


def test_results_agree_with_one_another(whole: Path) -> None:
    found = results(whole)
    comparator, new = found["strategies"]
    increment = found["incremental"][0]

    assert (increment["comparator"], increment["intervention"]) == (comparator, new)
    for outcome in ("life_years", "qalys", "costs"):
        by = {s: found["base_case"][s][outcome] for s in found["strategies"]}
        for values in by.values():
            for kind in ("discounted", "undiscounted"):
                parts = [value for name, value in values[kind].items() if name != "total"]
                assert sum(parts) == pytest.approx(values[kind]["total"], rel=SAME)
        gain = by[new]["discounted"]["total"] - by[comparator]["discounted"]["total"]
        assert increment[outcome] == pytest.approx(gain, rel=SAME)
    assert increment["icer"] == pytest.approx(increment["costs"] / increment["qalys"], rel=SAME)
    for threshold, nmb in increment["nmb"].items():
        assert nmb == pytest.approx(float(threshold) * increment["qalys"] - increment["costs"], rel=SAME)
        assert increment["nhb"][threshold] * float(threshold) == pytest.approx(nmb, rel=SAME)
    for curve in np.array(list(found["psa"]["ceac"]["probability"].values())).T:
        assert curve.sum() == pytest.approx(1, abs=SAME)
    assert found["psa"]["draws"] == 10_000
    assert len(found["scenarios"]) >= 12
    assert not any(entry["stopped"] for entry in found["scenarios"])
    assert {entry["rule"] for entry in found["adjustments"]} >= {"pfs_capped_at_os"}


def test_tables_hold_the_results(whole: Path) -> None:
    found = results(whole)
    table = pd.read_csv(whole / "tables" / "scenarios.csv")

    assert set(table.iloc[:, 0]) == {entry["name"] for entry in found["scenarios"]} | {"Base case"}
    for path in (whole / "tables").glob("*.csv"):
        assert len(pd.read_csv(path)) > 0, path.name


def test_manifest_says_how_to_repeat_it(whole: Path) -> None:
    manifest = json.loads((whole / "manifest.json").read_text(encoding="utf-8"))

    assert manifest["workbook"]["name"] == "imforte_us.xlsx"
    assert re.fullmatch(r"[0-9a-f]{64}", manifest["workbook"]["sha256"])
    assert manifest["seed"] == results(whole)["psa"]["seed"]
    assert manifest["libraries"]["numpy"] == np.__version__
    assert len(manifest["scenarios"]) == len({entry["name"] for entry in results(whole)["scenarios"]})


def test_report_is_one_file_that_a_browser_shows(whole: Path, tmp_path: Path) -> None:
    page = (whole / "report.html").read_text(encoding="utf-8")
    picture = tmp_path / "report.png"
    command = [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
        f"--user-data-dir={tmp_path}/profile", f"--screenshot={picture}",
        "--window-size=1200,1600", (whole / "report.html").as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)

    assert not re.search(r'(?:src|href)="(?!#|data:|mailto:|https?://)', page)
    assert "<script src" not in page
    assert not re.search(r"<(?:link|img)[^>]+https?://", page)
    assert picture.stat().st_size > 20_000


def test_workbook_of_results_opens_in_libreoffice(whole: Path, tmp_path: Path) -> None:
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, whole / "results.xlsx"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)

    assert (tmp_path / "results.pdf").stat().st_size > 20_000
    book = openpyxl.load_workbook(whole / "results.xlsx")
    values = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [value for value in values if isinstance(value, str) and value.startswith(("#NAME", "#VALUE", "#REF"))]
    costs = results(whole)["incremental"][0]["costs"]
    assert any(isinstance(value, float) and value == pytest.approx(costs, rel=1e-9) for value in values)


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
    assert {entry["name"] for entry in stopped} == {"utilities_nafees", "utilities_treatment_naive"}
    assert all(entry["icer"] is None and entry["verdict"] == "stopped" for entry in stopped)
    assert "Scenario utilities_nafees was not run" in done.stdout


def test_a_whole_run_under_a_scenario(whole: Path, tmp_path: Path) -> None:
    arguments = ("--scenario", "medians_and_hr_only", "--draws", "200", "--out", tmp_path / "out")
    done = hemodel("run", WORKBOOK, *arguments)
    assert done.returncode == 0, done.stderr
    under = results(tmp_path / "out")
    row = next(entry for entry in results(whole)["scenarios"] if entry["name"] == "medians_and_hr_only")

    assert under["under_scenarios"] == ["medians_and_hr_only"]
    assert under["incremental"][0]["icer"] == pytest.approx(row["icer"], rel=SAME)
    assert under["psa"]["draws"] == 200
    assert under["dsa"]
    shapes = [curve["coefficients"] for curve in under["curves"] if curve["strategy"] == "atezolizumab"][:2]
    assert np.exp(shapes[0]["atezolizumab: log(shape)"]) == pytest.approx(0.6524, abs=5e-5)
    assert np.exp(shapes[1]["atezolizumab: log(shape)"]) == pytest.approx(1.4347, abs=5e-5)
    crossing = {a["strategy"]: a["first_month"] for a in under["adjustments"] if a["rule"] == "pfs_capped_at_os"}
    assert crossing[NEW] == pytest.approx(28, abs=0.5)
    assert crossing["atezolizumab"] == pytest.approx(41, abs=0.5)


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
