"""Options and refusals of the command line, as a user runs it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import openpyxl
import pytest
from commands import NEW, PRICE, ROOT, WORKBOOK, hemodel, results

if TYPE_CHECKING:
    from pathlib import Path


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
    whole = hemodel("run", tmp_path / "edited.xlsx", "--only", "scenarios", "--out", tmp_path / "all")
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
