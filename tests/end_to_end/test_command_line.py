"""Options and refusals of the command line, as a user runs it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pytest
from commands import NEW, PRICE, ROOT, SAME, WORKBOOK, hemodel, invoke, results, whole_run

if TYPE_CHECKING:
    from pathlib import Path

SCENARIOS = ROOT / "scenarios" / "imforte_us"


def test_a_price_changed_in_excel(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(WORKBOOK)
    row = next(row for row in book["Drugs"].iter_rows() if row[0].value == PRICE)
    price = 8285.2
    assert row[2].value == price
    row[2].value = price / 2
    book.save(tmp_path / "edited.xlsx")
    folder = tmp_path / "scenarios" / "imforte_us"
    folder.mkdir(parents=True)
    written_for_the_price = [path for path in SCENARIOS.glob("*.toml") if PRICE in path.read_text(encoding="utf-8")]
    assert written_for_the_price
    for path in written_for_the_price:
        shutil.copy(path, folder)
    edited = invoke("run", tmp_path / "edited.xlsx", "--only", "base", "--out", tmp_path / "edited")
    by_set = invoke("run", WORKBOOK, "--only", "base", "--set", f"{PRICE}={price / 2}", "--out", tmp_path / "set")
    base = invoke("run", WORKBOOK, "--only", "base", "--out", tmp_path / "base")

    assert edited.exit_code == by_set.exit_code == base.exit_code == 0
    new, old = results(tmp_path / "edited"), results(tmp_path / "base")
    spent = old["base_case"][NEW]["drug_costs"]["discounted"]["lurbinectedin"]
    assert new["base_case"] == results(tmp_path / "set")["base_case"]
    assert old["incremental"][0]["costs"] - new["incremental"][0]["costs"] == pytest.approx(spent / 2, rel=1e-9)
    whole = invoke("run", tmp_path / "edited.xlsx", "--only", "scenarios", "--out", tmp_path / "all")
    assert whole.exit_code == 0, whole.output


def test_an_edit_that_a_scenario_was_not_written_for(tmp_path: Path) -> None:
    """The run goes on; the scenario is shown as stopped, with the reason."""
    arguments = ("--set", "utility.progressed=0.55", "--only", "scenarios", "--out", tmp_path / "out")
    done = invoke("run", WORKBOOK, *arguments)
    stopped = [entry for entry in results(tmp_path / "out")["scenarios"] if entry["stopped"]]

    assert done.exit_code == 0, done.output
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
    assert "Scenario utilities_nafees was not run" in " ".join(done.stdout.split())


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
    done = invoke("run", WORKBOOK, *arguments, "--only", "psa", "--draws", "50", "--out", tmp_path / "out")
    found = results(tmp_path / "out")

    assert done.exit_code == 0, done.output
    assert {change["id"] for change in found["changes"]} == {pair.partition("=")[0] for pair in arguments[1::2]}
    assert found["base_case"][NEW]["administrations"]["undiscounted"]["lurbinectedin"] < 4
    assert {c["family"] for c in found["curves"] if c["endpoint"] == "os"} == {"weibull"}


def test_only_what_was_asked_for(tmp_path: Path) -> None:
    done = invoke("run", WORKBOOK, "--only", "dsa", "--out", tmp_path / "out")
    found = results(tmp_path / "out")

    assert done.exit_code == 0
    assert found["dsa"]
    assert found["psa"] is None
    assert found["scenarios"] is None
    assert not (tmp_path / "out" / "figures" / "ceac.png").exists()
    assert found["families"] == []
    assert not (tmp_path / "out" / "tables" / "families.csv").exists()
    assert 'id="section-evidence"' not in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


@pytest.mark.every
def test_a_whole_run_under_a_scenario(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    arguments = ("--scenario", "medians_and_hr_only", "--draws", "200", "--out", tmp_path / "out")
    done = invoke("run", WORKBOOK, *arguments)
    assert done.exit_code == 0, done.output
    under = results(tmp_path / "out")
    row = next(
        entry for entry in results(whole_run(tmp_path_factory))["scenarios"] if entry["name"] == "medians_and_hr_only"
    )

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


def test_inputs_lists_every_row() -> None:
    as_json = json.loads(invoke("inputs", WORKBOOK, "--json").stdout)
    lines = invoke("inputs", WORKBOOK).stdout.splitlines()
    changed = json.loads(invoke("inputs", WORKBOOK, "--json", "--set", f"{PRICE}=1").stdout)

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
    assert invoke("--version").stdout.strip() == "0.1.0"
    for command in ("run", "inputs", "check"):
        assert command in invoke("--help").stdout
    assert hemodel("frobnicate").returncode == 2
