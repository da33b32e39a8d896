"""hemodel sweep: what it prints and writes, that its numbers are those of hemodel run, and every refusal."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from schemas import follow_their_schemas
from support import small_rows
from typer.testing import CliRunner, Result

from hemodel.analyses.options import Options
from hemodel.analyses.psa import run as psa_run
from hemodel.analyses.results import results
from hemodel.analyses.run import run
from hemodel.cli import app
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from pathlib import Path

PRICE = "drug.newtinib.price_per_vial"
SCENARIO = """
group = "costs"
purpose = "What the price is worth"
question = "What if newtinib costs less?"
why = "Discounts are confidential"
source = "assumption: discounts"

[[change]]
id = "drug.newtinib.price_per_vial"
from = {before}
to = {after}
"""
DRAWS = 300


def hemodel(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def scenario(folder: Path, name: str, before: float, after: float) -> None:
    (folder / f"{name}.toml").write_text(SCENARIO.format(before=before, after=after), encoding="utf-8")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two workbooks in folders of their own, each with a scenario `cheap`; the second has another one too."""
    found = []
    for name, after in (("one", 900), ("two", 100)):
        folder = tmp_path_factory.mktemp(name)
        rows = to_listing(small_rows())
        rows.append({**next(row for row in rows if row["id"] == "settings.draws"), "id": "settings.scenarios"})
        rows[-1] |= {"value": "scenarios"}
        (folder / "scenarios").mkdir()
        scenario(folder / "scenarios", "cheap", 1200, after)
        write_workbook(folder / f"{name}.xlsx", rows, (("source",),), Cover("Small"))
        found.append(folder / f"{name}.xlsx")
    scenario(found[1].parent / "scenarios", "free", 1200, 0)
    return found[0], found[1]


@pytest.fixture(scope="module")
def whole(books: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    out = tmp_path_factory.mktemp("outputs") / "out"
    done = hemodel("sweep", *books, "--all-scenarios", "--draws", DRAWS, "--seed", 5, "--out", out)
    assert done.exit_code == 0, done.output
    return done, out


def document(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / "sweep.json").read_text(encoding="utf-8"))
    return found


def test_everything_is_written_and_has_the_published_shape(whole: tuple[Result, Path]) -> None:
    done, out = whole
    assert {path.name for path in out.iterdir()} == {"sweep.json", "tables", "figures", "manifest.json"}
    follow_their_schemas(out, "sweep")
    assert {path.name for path in (out / "figures").glob("*.png")} == {"net_benefit_one.png", "net_benefit_two.png"}
    table = pd.read_csv(out / "tables" / "sweep.csv")
    models = [("one.xlsx", "Base case"), ("one.xlsx", "cheap")]
    models += [("two.xlsx", "Base case"), ("two.xlsx", "cheap"), ("two.xlsx", "free")]
    assert list(zip(table["Workbook"], table["Scenario"], strict=True)) == models
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert [entry["scenario"] for entry in manifest["results"]] == ["", "cheap", "", "cheap", "free"]
    assert {entry["draws"] for entry in manifest["results"]} == {DRAWS}
    assert "5 probabilistic analyses, 1,500 draws" in done.stdout


def test_a_scenario_of_one_name_is_each_workbooks_own(whole: tuple[Result, Path]) -> None:
    found = {(e["workbook"], e["scenario"]): e for e in document(whole[1])["results"]}
    assert [found[book, "cheap"]["changes"][0]["new"] for book in ("one.xlsx", "two.xlsx")] == [900, 100]
    # The same workbook but for its name: the base cases agree, and the cheaper scenario costs less.
    assert found["one.xlsx", ""]["mean"] == found["two.xlsx", ""]["mean"]
    costs = [found[key]["increments"][0]["mean"]["costs"] for key in (("one.xlsx", "cheap"), ("two.xlsx", "cheap"))]
    assert costs[1] < costs[0]


def test_each_analysis_is_that_of_run(books: tuple[Path, Path], whole: tuple[Result, Path]) -> None:
    options = Options(scenarios=("free",), parts=("base", "psa"), draws=DRAWS, seed=5, families=False)
    psa = json.loads(results(run(books[1], options)).model_dump_json())["psa"]
    swept = document(whole[1])["results"][-1]
    assert swept["scenario"] == "free"
    for name in ("draws", "seed", "sampling", "mean", "interval", "increments", "probability_cost_effective"):
        assert swept[name] == psa[name], name


def test_workers_and_threads_print_the_same(books: tuple[Path, Path]) -> None:
    arguments = (
        "sweep",
        books[0],
        "--scenario",
        "cheap",
        "--draws",
        DRAWS,
        "--set",
        "utility.progressed=0.5",
        "--json",
    )
    threads, workers = hemodel(*arguments), hemodel(*arguments, "--workers", 1)
    assert threads.exit_code == workers.exit_code == 0, workers.output
    assert threads.stdout == workers.stdout
    entry = json.loads(threads.stdout)["results"][1]
    changed_by = {change["id"]: change["origin"] for change in entry["changes"]}
    assert changed_by["utility.progressed"] == "--set"
    assert changed_by[PRICE] == "scenario cheap"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (
            ("--scenario", "free"),
            1,
            "one.xlsx, --scenario free: there is no scenario free. There are: cheap.",
        ),
        (
            ("--scenario", "cheap", "--set", f"{PRICE}=1"),
            1,
            f"--set and scenario cheap: both change {PRICE}. Leave out one of them.",
        ),
        (("--set", "utility.progresed=0.5"), 1, "--set: there is no input utility.progresed."),
        (
            ("--set", "settings.sampling=sobol", "--draws", 1000),
            1,
            (
                "one.xlsx: 1,000 draws with settings.sampling sobol. This design needs at least 1,024, so that a Monte "
                "Carlo error can be told. Use more --draws, or random."
            ),
        ),
        (("--scheduler", "tcp://127.0.0.1:9"), 2, "no scheduler answers at tcp://127.0.0.1:9 within 1 seconds."),
        (
            ("--scheduler", "tcp://127.0.0.1:9", "--workers", 2),
            2,
            "--workers and --scheduler exclude each other: the scheduler has its own workers",
        ),
        (
            ("--scenario", "cheap", "--all-scenarios"),
            2,
            "--scenario and --all-scenarios exclude each other: name scenarios, or take all",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(
    books: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[object, ...],
    code: int,
    words: str,
) -> None:
    monkeypatch.setattr(psa_run, "SECONDS_TO_CONNECT", 1)
    done = hemodel("sweep", *books, *arguments, "--out", tmp_path / "out")
    assert done.exit_code == code, done.output
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.output
    assert not list(tmp_path.iterdir())


def test_every_problem_of_every_workbook_is_told_at_once(books: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "two"
    shutil.copytree(books[1].parent, folder)
    scenario(folder / "scenarios", "stale", 1400, 900)
    scenario(folder / "scenarios", "absurd", 1200, -1)
    done = hemodel("sweep", folder / "two.xlsx", tmp_path / "none.xlsx", "--all-scenarios", "--out", tmp_path / "out")
    said = " ".join(done.stderr.split())
    assert done.exit_code == 1
    assert "4 problems found." in said
    assert "scenario stale: drug.newtinib.price_per_vial is 1200, but the scenario was written for 1400." in said
    assert "scenario absurd (drug.newtinib.price_per_vial): drug.newtinib.price_per_vial is -1." in said
    assert "none.xlsx" in said
    assert {path.name for path in tmp_path.iterdir()} == {"two"}
