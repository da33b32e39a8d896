"""A workbook with three strategies and families of their own, made from the rows of the small one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from live.models import small_file
from typer.testing import CliRunner
from unit.live_model.calculated_models import third_strategy

from hemodel.cli import app

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

ROWS: dict[str, dict[str, Scalar]] = {
    "strategy.late.name": {"value": "=Third treatment, with a long name & <marks> in it"},
    "drug.newtinib.vial_size": {"value": 40},
    "regimen.active.newtinib.dose": {"value": 32},
    "regimen.late.newtinib.dose": {"value": 16},
    "curve.pfs.late.family": {"value": "llogis"},
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("three")
    rows = third_strategy()
    path = small_file(folder / "three.xlsx", rows={**rows, **{id_: rows.get(id_, {}) | ROWS[id_] for id_ in ROWS}})
    done = CliRunner().invoke(app, ["run", str(path), "--draws", "300", "--out", str(folder / "out")])
    assert done.exit_code == 0, done.output
    return json.loads((folder / "out" / "results.json").read_text(encoding="utf-8"))


def test_each_intervention_is_compared(found: Any) -> None:
    assert found["strategies"] == ["standard", "active", "late"]
    assert [entry["intervention"] for entry in found["incremental"]] == ["active", "late"]
    assert {entry["intervention"] for entry in found["dsa"]} == {"active", "late"}
    assert len(found["psa"]["increments"]) == 2
    assert set(found["psa"]["ceac"]["probability"]) == set(found["strategies"])


def test_half_the_dose_takes_half_the_vials(found: Any) -> None:
    """16 mg/m2 needs one 40-mg vial up to 2.5 m2, which hardly anybody exceeds, and 32 mg/m2 two, but below 1.25 m2."""
    spent, doses = (
        {s: found["base_case"][s][name]["discounted"]["newtinib"] for s in ("active", "late")}
        for name in ("drug_costs", "administrations")
    )
    assert spent["late"] / doses["late"] == pytest.approx(spent["active"] / doses["active"] / 2, rel=5e-3)


def test_families_differ_by_strategy_and_endpoint(found: Any) -> None:
    families = {(c["endpoint"], c["strategy"]): c["family"] for c in found["curves"]}

    assert families["pfs", "late"] == "llogis"
    assert families["pfs", "active"] == families["os", "late"] == "weibull"


def test_fully_incremental_analysis(found: Any) -> None:
    entries = {entry["strategy"]: entry for entry in found["frontier"]}
    costs = [found["base_case"][entry["strategy"]]["costs"]["discounted"]["total"] for entry in found["frontier"]]

    assert costs == sorted(costs)
    assert entries["standard"]["status"] == "reference"
    icers = [entry["icer"] for entry in found["frontier"] if entry["icer"] is not None]
    assert icers == sorted(icers)
