"""A workbook with three strategies and families of their own, made from the shipped one's rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from hemodel.cli import app
from hemodel.inputs.listing import read_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

ROOT = Path(__file__).parents[2]
NEW, THIRD = "lurbinectedin_atezolizumab", "third"
SOURCES = (("source", "citation", "link", "status"),)


def renamed(row: dict[str, Scalar]) -> dict[str, Scalar]:
    return {key: value.replace(NEW, THIRD) if isinstance(value, str) else value for key, value in row.items()}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("three")
    rows = read_listing(ROOT / "tests" / "regression" / "imforte_us.csv")
    rows += [renamed(row) for row in rows if NEW in str(row["id"])]
    for row in rows:
        if row["id"] == f"strategy.{THIRD}.name":
            row["value"] = "=Third treatment, with a long name & <marks> in it"
        if row["id"] == f"regimen.{THIRD}.lurbinectedin.dose":
            row["value"] = 1.6
        if row["id"] == f"curve.pfs.{THIRD}.family":
            row["value"] = "weibull"
    write_workbook(folder / "three.xlsx", rows, SOURCES, Cover("Three strategies", "a test", ()))
    arguments = ["run", str(folder / "three.xlsx"), "--draws", "300", "--out", str(folder / "out")]
    done = CliRunner().invoke(app, [*arguments, "--set", "settings.scenarios="])
    assert done.exit_code == 0, done.output
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


def test_each_intervention_is_compared(found: Any) -> None:
    assert found["strategies"] == ["atezolizumab", NEW, THIRD]
    assert [entry["intervention"] for entry in found["incremental"]] == [NEW, THIRD]
    assert {entry["intervention"] for entry in found["dsa"]} == {NEW, THIRD}
    assert len(found["psa"]["increments"]) == 2
    assert set(found["psa"]["ceac"]["probability"]) == set(found["strategies"])


def test_half_the_dose_takes_half_the_vials(found: Any) -> None:
    """1.6 mg/m2 needs one 4-mg vial up to 2.5 m2, which hardly anybody exceeds."""
    drugs = {s: found["base_case"][s]["drug_costs"]["discounted"]["lurbinectedin"] for s in (NEW, THIRD)}

    assert drugs[THIRD] == pytest.approx(drugs[NEW] / 2, rel=2e-3)


def test_families_differ_by_strategy_and_endpoint(found: Any) -> None:
    families = {(c["endpoint"], c["strategy"]): c["family"] for c in found["curves"]}

    assert families["pfs", THIRD] == "weibull"
    assert families["pfs", NEW] == families["os", THIRD] == "llogis"


def test_fully_incremental_analysis(found: Any) -> None:
    entries = {entry["strategy"]: entry for entry in found["frontier"]}
    costs = [found["base_case"][entry["strategy"]]["costs"]["discounted"]["total"] for entry in found["frontier"]]

    assert costs == sorted(costs)
    assert entries["atezolizumab"]["status"] == "reference"
    icers = [entry["icer"] for entry in found["frontier"] if entry["icer"] is not None]
    assert icers == sorted(icers)
