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
from commands import NEW, SAME, WORKBOOK, hemodel, invoke, results
from schemas import follow_their_schemas

if TYPE_CHECKING:
    from pathlib import Path


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
    assert 'id="evidence"' in (whole / "report.html").read_text(encoding="utf-8")


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


def test_same_seed_same_bytes(whole: Path, tmp_path: Path) -> None:
    """Whether in a process of its own or not; another seed gives other draws."""
    assert invoke("run", WORKBOOK, "--out", tmp_path / "again").exit_code == 0
    other = invoke("run", WORKBOOK, "--only", "psa", "--draws", "50", "--seed", "8", "--out", tmp_path / "other")
    fewer = invoke("run", WORKBOOK, "--only", "psa", "--draws", "50", "--out", tmp_path / "fewer")

    assert other.exit_code == fewer.exit_code == 0
    for name in ("results.json", "results.xlsx", "figures/ceac.svg", "tables/psa_summary.csv"):
        assert (whole / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name
    assert results(tmp_path / "fewer")["psa"]["mean"] != results(tmp_path / "other")["psa"]["mean"]


def test_a_whole_run_under_a_scenario(whole: Path, tmp_path: Path) -> None:
    arguments = ("--scenario", "medians_and_hr_only", "--draws", "200", "--out", tmp_path / "out")
    done = invoke("run", WORKBOOK, *arguments)
    assert done.exit_code == 0, done.output
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
