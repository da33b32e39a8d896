"""`hemodel budget` as a user runs it, and the budget impact among the outputs of `hemodel run`."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from budget_support import budget_values
from schemas import follow_their_schemas
from support import small_rows
from typer.testing import CliRunner, Result

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import budget_run, run
from hemodel.cli import app
from hemodel.inputs.cells import read_cells
from hemodel.inputs.changes import Change
from hemodel.inputs.dictionary import kind_of, match
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook
from hemodel.publish import bundle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "inputs" / "imforte_us.xlsx"
CITATIONS = (("source", "citation", "link", "status"),)
FIGURES = ("budget_impact", "budget_patients", "budget_one_way")


def hemodel(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def with_rows(listing: Iterable[Mapping[str, Any]], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A listing with rows for these values added, as the template would label them."""
    rows = [dict(row) for row in listing]
    for id_, value in values.items():
        found = match(id_)
        assert found is not None
        kind = kind_of(found[0].pattern)
        cells = {"sheet": kind.sheet, "id": id_, "label": kind.label, "unit": kind.unit or None, "value": value}
        rows.append({**dict.fromkeys(rows[0]), **cells, "source": "assumption: made up for a test"})
    return rows


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small model with a budget impact of three years, as a workbook."""
    path = tmp_path_factory.mktemp("budget") / "small.xlsx"
    values = budget_values() | {"budget.trigger": 1e6, "budget.trigger_years": 3}
    write_workbook(path, with_rows(to_listing(small_rows()), values), CITATIONS, Cover("Small"))
    return path


@pytest.fixture(scope="module")
def written(book: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written") / "out"
    done = hemodel("budget", book, "--out", out)
    assert done.exit_code == 0, done.output
    assert "From 2027 to 2029 the net budget impact of the mix with the new treatment is EUR" in done.stdout
    assert f"Written to {out}" in done.stdout
    return out


def test_everything_is_written(written: Path) -> None:
    assert {path.name for path in written.iterdir()} == set(bundle.BUDGET.entries)
    assert {path.name for path in (written / "figures").iterdir()} == {
        f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg")
    }
    names = ("impact", "by_category", "population", "uptake", "cost_per_patient", "one_way")
    assert {path.name for path in (written / "tables").iterdir()} == {f"budget_{name}.csv" for name in names}
    assert json.loads((written / "manifest.json").read_text(encoding="utf-8"))["parts"] == ["budget"]
    follow_their_schemas(written, "budget")


def test_the_table_holds_the_numbers_of_the_json(written: Path) -> None:
    budget = json.loads((written / "budget.json").read_text(encoding="utf-8"))["budget"]
    with (written / "tables" / "budget_impact.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    net = [float(row["Net budget impact: Total [EUR]"]) for row in rows]
    assert net == [*budget["net"]["total"]["by_year"], budget["net"]["total"]["all_years"]]
    assert budget["trigger"]["exceeded"]
    assert budget["years"] == [2027, 2028, 2029]


def test_json_is_the_file_and_writes_nothing_by_itself(
    book: Path, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = hemodel("budget", book, "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout) == json.loads((written / "budget.json").read_text(encoding="utf-8"))
    assert not list(tmp_path.iterdir())


def test_the_same_command_gives_the_same_bytes_and_set_changes_them(book: Path, written: Path, tmp_path: Path) -> None:
    again = hemodel("budget", book, "--out", tmp_path / "again")
    halved = hemodel("budget", book, "--set", "budget.patients=500", "--json")

    assert again.exit_code == halved.exit_code == 0
    assert (tmp_path / "again" / "budget.json").read_bytes() == (written / "budget.json").read_bytes()
    whole = json.loads((written / "budget.json").read_text(encoding="utf-8"))["budget"]["net"]["total"]["by_year"]
    half = json.loads(halved.stdout)["budget"]["net"]["total"]["by_year"]
    assert half == pytest.approx([value / 2 for value in whole], rel=1e-12)


def test_run_has_the_same_budget_impact(book: Path, written: Path, tmp_path: Path) -> None:
    done = hemodel("run", book, "--only", "dsa", "--out", tmp_path / "run")
    assert done.exit_code == 0, done.output
    assert "Budget impact: From 2027 to 2029" in done.stdout
    found = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))

    assert found["budget"] == json.loads((written / "budget.json").read_text(encoding="utf-8"))["budget"]
    assert all((tmp_path / "run" / "figures" / f"{name}.png").exists() for name in FIGURES)
    assert 'id="budget"' in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


def test_without_values_it_says_what_is_needed(tmp_path: Path) -> None:
    done = hemodel("budget", EXAMPLE, "--out", tmp_path / "out")

    assert done.exit_code == 1
    assert (
        "imforte_us.xlsx, Budget impact: there are no values for the budget impact. It needs the patients of each year"
        " and the mix of treatments with and without the new one. Add the sheet Budget impact with the rows budget.*"
        " that docs/inputs.md lists."
    ) in done.stderr
    assert not list(tmp_path.iterdir())


def test_check_and_run_report_the_same_problems(book: Path, tmp_path: Path) -> None:
    change = ("--set", "budget.share_with.active.year_2=0.7")
    checked, ran = hemodel("check", book, *change), hemodel("run", book, *change, "--out", tmp_path / "out")

    for done in (checked, ran):
        assert done.exit_code == 1
        assert "the shares of year 2 with the new treatment add up to 1.3" in done.stderr
        assert "Traceback" not in done.output
    assert not list(tmp_path.iterdir())


def test_other_outputs_are_not_mixed_with_a_budget_impact(book: Path, written: Path) -> None:
    before = {path: path.read_bytes() for path in written.rglob("*") if path.is_file()}
    done = hemodel("run", book, "--only", "base", "--out", written)

    assert done.exit_code == 1
    assert "this folder holds other outputs (budget.json, budget.xlsx)" in done.stderr
    assert {path: path.read_bytes() for path in written.rglob("*") if path.is_file()} == before


def test_template_diff_and_check_take_a_workbook_with_the_sheet(book: Path, tmp_path: Path) -> None:
    made = hemodel("template", tmp_path / "copy.xlsx", "--from", book)
    assert made.exit_code == 0, made.output
    assert "budget.step.stage" in {row.id for row in read_cells(tmp_path / "copy.xlsx").rows}
    assert hemodel("check", tmp_path / "copy.xlsx").exit_code == 0
    rows = [dict(row) for row in to_listing(read_cells(book))]
    next(row for row in rows if row["id"] == "budget.patients")["value"] = 900
    write_workbook(tmp_path / "other.xlsx", rows, CITATIONS, Cover("Other"))
    done = hemodel("diff", book, tmp_path / "other.xlsx")

    assert done.exit_code == 0, done.output
    assert "No effect on the base case\n  budget.patients: 1,000 -> 900" in done.stdout


def test_the_first_year_of_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """First-year cost of a cohort of one year is the undiscounted cost of the example with a horizon of one year."""
    monkeypatch.chdir(ROOT)
    raw = read_cells(EXAMPLE)
    shares = {"atezolizumab": (1, 0.7), "lurbinectedin_atezolizumab": (0, 0.3)}
    values: dict[str, Any] = {f"budget.{name}": value for name, value in (("first_year", 2026), ("years", 1))}
    values |= {"budget.entry": "start", "budget.patients": 1000, "budget.growth": 0}
    for strategy, pair in shares.items():
        for side, value in zip(("without", "with"), pair, strict=True):
            values[f"budget.share_{side}.{strategy}.year_1"] = value
    book = tmp_path / "example.xlsx"
    write_workbook(book, with_rows(to_listing(raw), values), raw.sources, Cover("Example"))
    options = Options(parts=("base",), families=False)
    found = results(budget_run(book, options)).budget
    one_year = replace(options, changes=(Change("settings.time_horizon", 1, "test"),))
    cases = results(run(EXAMPLE, one_year)).base_case

    assert found is not None
    assert found.one_way is None
    for strategy in shares:
        costs = {name: values[0] for name, values in found.cost_per_patient[strategy].items()}
        assert costs == pytest.approx(cases[strategy].costs.undiscounted, rel=1e-12)
    old, new = (cases[strategy].costs.undiscounted["total"] for strategy in shares)
    assert found.net.total.by_year == pytest.approx([300 * (new - old)], rel=1e-9)
