"""`hemodel fit` from workbook to evidence pack, as a user runs it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from schemas import follow_their_schemas
from support import small_rows
from typer.testing import CliRunner, Result

from hemodel.cli import app
from hemodel.inputs.listing import to_listing
from hemodel.inputs.writing import Cover, write_workbook
from hemodel.publish import output

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = (("source", "citation", "link", "status"),)
ENTRIES = {"evidence.json", "evidence.html", "manifest.json", "tables", "figures"}


def fit(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["fit", *map(str, arguments)])


def evidence(folder: Path) -> Any:
    return json.loads((folder / "evidence.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fit")
    rows: list[dict[str, Any]] = [dict(row) for row in to_listing(small_rows())]
    rows.append({**next(row for row in rows if row["id"] == "settings.draws"), "id": "settings.scenarios"})
    rows[-1] |= {"value": "scenarios"}
    write_workbook(folder / "small.xlsx", rows, SOURCES, Cover("Small"))
    (folder / "scenarios").mkdir()
    (folder / "scenarios" / "log_logistic.toml").write_text(
        'group = "structure"\npurpose = "p"\nquestion = "What if OS is log-logistic?"\nwhy = "why"\nsource = "source"\n'
        + "".join(
            f'[[change]]\nid = "curve.os.{s}.family"\nfrom = "weibull"\nto = "llogis"\n' for s in ("standard", "active")
        ),
        encoding="utf-8",
    )
    return folder / "small.xlsx"


@pytest.fixture(scope="module")
def whole(book: Path) -> Path:
    out = book.parent / "out"
    done = fit(book, "--out", out)
    assert done.exit_code == 0, done.output
    assert "Overall survival: the workbook uses Weibull" in done.stdout
    assert f"Written to {out}" in done.stdout
    return out


def test_everything_is_written(whole: Path, book: Path) -> None:
    assert {path.name for path in whole.iterdir()} == ENTRIES
    figures = {path.name for path in (whole / "figures").iterdir()}
    assert {f"{name}.{end}" for name in ("fit_os", "hazards_pfs") for end in ("png", "svg")} <= figures
    for path in (whole / "tables").glob("*.csv"):
        assert len(pd.read_csv(path)) > 0, path.name
    manifest = json.loads((whole / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["workbook"]["sha256"] == sha256(book.read_bytes()).hexdigest()
    assert manifest["seed"] == evidence(whole)["seed"] == 1
    assert not any(path.name.startswith(".") for path in whole.parent.iterdir())


def test_the_document_follows_its_schema(whole: Path) -> None:
    follow_their_schemas(whole, "evidence")


def test_changes_scenarios_and_seed_reach_the_pack(whole: Path, book: Path, tmp_path: Path) -> None:
    done = fit(
        book, "--scenario", "log_logistic", "--set", "settings.time_horizon=5", "--seed", "9", "--out", tmp_path / "o"
    )
    assert done.exit_code == 0, done.output
    found, before = evidence(tmp_path / "o"), evidence(whole)

    assert [f["family"] for f in found["endpoints"]["os"]["families"] if f["in_use"]] == ["llogis"]
    assert [f["family"] for f in before["endpoints"]["os"]["families"] if f["in_use"]] == ["weibull"]
    assert (found["horizon"], before["horizon"], found["seed"]) == (60.0, 120.0, 9)
    assert {change["id"] for change in found["changes"]} >= {"settings.time_horizon", "curve.os.active.family"}


def test_the_default_folder_is_named_after_the_workbook_and_the_same_seed_gives_the_same_bytes(
    whole: Path, book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "outputs" / "small_evidence"

    assert fit(book).exit_code == 0
    assert {path.name for path in folder.iterdir()} == ENTRIES
    assert (folder / "evidence.json").read_bytes() == (whole / "evidence.json").read_bytes()


def test_outputs_of_a_run_are_not_mixed_with_the_evidence(book: Path, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("kept")
    done = fit(book, "--out", tmp_path)

    assert done.exit_code == 1
    assert "this folder holds other outputs (results.json)" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_nothing_is_written_when_a_part_fails(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "evidence_figures", fail)
    done = fit(book, "--out", tmp_path / "out")

    assert done.exit_code == 1
    assert "could not be written (No space left on device). Nothing was changed." in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_bad_input_is_a_list_of_problems(book: Path, tmp_path: Path) -> None:
    done = fit(book, "--set", "curve.os.active.family=wiebull", "--out", tmp_path / "out")

    assert done.exit_code == 1
    assert "curve.os.active.family" in done.stderr
    assert "Traceback" not in done.output
    assert list(tmp_path.iterdir()) == []
