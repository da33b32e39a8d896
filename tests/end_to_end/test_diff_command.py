"""`hemodel diff` as a user runs it."""

from __future__ import annotations

import csv
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from schemas import follow_their_schemas
from support import base_outcomes, small_rows
from typer.testing import CliRunner, Result

from hemodel.analyses.base_case import increments
from hemodel.analyses.load import load
from hemodel.cli import app
from hemodel.inputs.changes import Change
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from pathlib import Path

CITATIONS = (("source", "citation", "link", "status"),)
PRICE = "drug.newtinib.price_per_vial"
SCENARIO = """
group = "utilities"
purpose = "What it is worth to be well"
question = "What if progressed patients fare worse?"
why = "why"
source = "source"
[[change]]
id = "utility.progressed"
from = 0.6
to = 0.5
"""


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["diff", *map(str, arguments)])


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("diff")
    made = {}
    for name, changed in (("a", {}), ("b", {PRICE: 1300.0, "utility.progressed.note": "seen"}), ("bad", {PRICE: -1.0})):
        rows: list[dict[str, Any]] = [dict(row) for row in to_listing(small_rows())]
        rows.append({**next(row for row in rows if row["id"] == "settings.draws"), "id": "settings.scenarios"})
        rows[-1] |= {"value": "scenarios"}
        for row in rows:
            row |= {"value": changed.get(row["id"], row["value"]), "note": changed.get(f"{row['id']}.note")}
        made[name] = folder / f"{name}.xlsx"
        write_workbook(made[name], rows, CITATIONS, Cover("Small"))
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "worse.toml").write_text(SCENARIO, encoding="utf-8")
    return made


def test_the_table_names_what_changed_and_the_icer_is_that_of_a_run(books: dict[str, Path], tmp_path: Path) -> None:
    done = diff(books["a"], books["b"])
    assert done.exit_code == 0, done.output
    assert "From a.xlsx to b.xlsx" in done.stdout
    assert "2 inputs changed (in 2 cells), 0 added, 0 removed." in done.stdout
    assert f"{PRICE}" in done.stdout
    assert "1,200 -> 1,300" in done.stdout
    assert "utility.progressed.note: empty -> seen" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80

    ran = ["run", str(books["a"]), "--set", f"{PRICE}=1300", "--only", "base", "--out", str(tmp_path / "run")]
    assert CliRunner().invoke(app, ran).exit_code == 0
    expected = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))["incremental"][0]
    found = json.loads(diff(books["a"], books["b"], "--json").stdout)
    price = next(each for each in found["differences"] if each["id"] == PRICE)
    assert (price["from"], price["to"], price["what"], price["group"]) == (1200, 1300, "changed", None)
    # The same calculation in both, so that they agree to rounding.
    assert price["effects"][0]["icer"] == pytest.approx(expected["icer"], rel=1e-12)
    assert found["together"][0]["icer"] == pytest.approx(expected["icer"], rel=1e-12)
    assert found["a"]["sha256"] == sha256(books["a"].read_bytes()).hexdigest()
    assert f"{expected['icer']:,.0f}" in done.stdout


def test_under_a_scenario(books: dict[str, Path]) -> None:
    """The scenario is one change, so that the later workbook with that change is what all together must be."""
    found = json.loads(diff(books["a"], books["b"], "--scenario", "worse", "--json").stdout)
    (expected,) = increments(base_outcomes(load(books["b"], [Change("utility.progressed", 0.5, "a test")])))

    assert found["scenarios"] == ["worse"]
    assert found["together"][0]["icer"] == pytest.approx(expected.verdict.icer, rel=1e-12)
    assert diff(books["a"], books["b"], "--scenario", "wors").exit_code == 1


def test_files_are_written_and_other_outputs_stay(books: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = diff(books["a"], books["b"], "--out", out)
    assert done.exit_code == 0
    assert f"Written to {out}" in done.stdout
    assert sorted(path.name for path in out.iterdir()) == ["differences.json", "manifest.json", "tables"]
    follow_their_schemas(out, "differences")
    document = json.loads((out / "differences.json").read_text(encoding="utf-8"))
    assert document == json.loads(diff(books["a"], books["b"], "--json").stdout)
    with (out / "tables" / "differences.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["What"] for row in rows] == ["changed", "changed", "all together", "not additive"]
    assert float(rows[0]["ICER [EUR per QALY]"]) == document["differences"][0]["effects"][0]["icer"]
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert [book["name"] for book in manifest["workbooks"]] == ["a.xlsx", "b.xlsx"]

    run = ["run", str(books["a"]), "--only", "base", "--out", str(out)]
    refused = CliRunner().invoke(app, run)
    assert refused.exit_code == 1
    assert "differences.json" in refused.stderr


def test_the_same_workbook_twice(books: dict[str, Path]) -> None:
    done = diff(books["a"], books["a"])

    assert done.exit_code == 0
    assert "No differences." in done.stdout
    assert json.loads(diff(books["a"], books["a"], "--json").stdout)["differences"] == []


def test_a_broken_workbook_is_an_error_with_every_problem(books: dict[str, Path], tmp_path: Path) -> None:
    done = diff(books["bad"], tmp_path / "absent.xlsx", "--out", tmp_path / "out")

    assert done.exit_code == 1
    assert "Error: 3 problems found." in done.stderr
    assert f"{PRICE} is -1" in done.stderr
    assert "low is 960, above the value -1" in done.stderr
    assert "there is no such file" in done.stderr
    assert not (tmp_path / "out").exists()
