"""What a whole run writes, from workbook to outputs, as a user runs it."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pandas as pd
import pytest
from commands import SAME, WORKBOOK, hemodel, invoke, results, small_workbook, whole_run
from schemas import follow_their_schemas

if TYPE_CHECKING:
    from pathlib import Path

FIGURES_ARE_DRAWN = True


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs of the first command of the README."""
    return whole_run(tmp_path_factory)


def test_everything_is_written(whole: Path) -> None:
    names = {"results.json", "results.xlsx", "report.html", "manifest.json", "tables", "figures"}

    assert {path.name for path in whole.iterdir()} == names
    figures = {path.name for path in (whole / "figures").iterdir()}
    for name in ("survival_curves", "occupancy", "cost_breakdown", "tornado_nmb", "ce_plane", "ceac", "convergence"):
        assert {f"{name}.png", f"{name}.svg"} <= figures
    assert all(path.stat().st_size > 0 for path in whole.rglob("*") if path.is_file())
    assert not any(path.name.startswith(".") for path in whole.parent.iterdir())


def test_results_follow_the_published_schema(whole: Path) -> None:
    follow_their_schemas(whole, "results")


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


def test_a_whole_run_compares_families_and_shows_the_evidence(whole: Path) -> None:
    assert results(whole)["families"]
    assert (whole / "tables" / "families.csv").exists()
    assert 'id="section-evidence"' in (whole / "report.html").read_text(encoding="utf-8")


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


EVERY_SHEET = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"
"""Every sheet as a file of its own, as LibreOffice shows it."""


def test_workbook_of_results_opens_in_libreoffice(whole: Path, tmp_path: Path) -> None:
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    out = tmp_path / "sheets"
    command = ["soffice", profile, "--headless", "--convert-to", EVERY_SHEET, "--outdir", out, whole / "results.xlsx"]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)

    book = openpyxl.load_workbook(whole / "results.xlsx")
    shown = [path.read_text(encoding="utf-8") for path in out.iterdir()]
    assert len(shown) == len(book.sheetnames)
    assert all(text.strip() for text in shown)
    assert not [text for text in shown if re.search(r"#NAME\?|#VALUE!|#REF!|Err:\d", text)]
    values = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [value for value in values if isinstance(value, str) and value.startswith(("#NAME", "#VALUE", "#REF"))]
    costs = results(whole)["incremental"][0]["costs"]
    assert any(isinstance(value, float) and value == pytest.approx(costs, rel=1e-9) for value in values)


SAME_BYTES = ("results.json", "results.xlsx", "figures/ceac.svg", "tables/psa_summary.csv")


def test_same_seed_same_bytes(tmp_path: Path) -> None:
    """Whether in a process of its own or not; another seed gives other draws."""
    arguments = ("run", small_workbook(tmp_path), "--only", "psa", "--draws", "50", "--out")
    assert hemodel(*arguments, tmp_path / "process").returncode == 0
    assert invoke(*arguments, tmp_path / "here").exit_code == 0
    assert invoke(*arguments, tmp_path / "other", "--seed", "8").exit_code == 0

    for name in SAME_BYTES:
        assert (tmp_path / "process" / name).read_bytes() == (tmp_path / "here" / name).read_bytes(), name
    assert results(tmp_path / "here")["psa"]["mean"] != results(tmp_path / "other")["psa"]["mean"]


@pytest.mark.every
def test_a_whole_run_again_gives_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    assert invoke("run", WORKBOOK, "--out", tmp_path / "again").exit_code == 0
    for path in (path for path in whole.rglob("*") if path.is_file() and path.name != "manifest.json"):
        assert path.read_bytes() == (tmp_path / "again" / path.relative_to(whole)).read_bytes(), path.name
