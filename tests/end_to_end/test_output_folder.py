"""How the outputs of a run are put in place: whole, or not at all."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

import pytest
from commands import WORKBOOK, hemodel, invoke, results

from hemodel.analyses import run
from hemodel.errors import OutputError
from hemodel.inputs.files import last_values
from hemodel.publish import bundle, output

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Outputs of a run of the base case; a test that changes them makes a copy."""
    out = tmp_path_factory.mktemp("base") / "out"
    assert invoke("run", WORKBOOK, "--only", "base", "--out", out).exit_code == 0
    return out


def test_new_outputs_replace_old_ones_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert invoke("run", WORKBOOK, "--only", "psa", "--draws", "50", "--out", out).exit_code == 0
    (out / "my notes.txt").write_text("kept")
    assert invoke("run", WORKBOOK, "--only", "base", "--out", out).exit_code == 0

    assert not (out / "figures" / "ceac.png").exists()
    assert results(out)["psa"] is None
    assert (out / "my notes.txt").read_text() == "kept"


def test_a_failure_while_writing_leaves_the_old_outputs(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = shutil.copytree(base, tmp_path / "out")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output, "write_results_workbook", full)
    done = invoke("run", WORKBOOK, "--only", "base", "--out", out)

    assert done.exit_code == 1
    assert "No space left on device" in done.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_second_run_is_refused_at_the_start(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = shutil.copytree(base, tmp_path / "out")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    monkeypatch.setattr(run, "run", lambda *_: pytest.fail("worked"))

    def second() -> NoReturn:
        done = invoke("run", WORKBOOK, "--only", "base", "--out", out)
        assert done.exit_code == 1
        assert "another run of hemodel writes to this folder" in done.stderr
        raise OutputError("the first one ends too")

    with pytest.raises(OutputError, match="ends too"), bundle.opened(out, bundle.RUN):
        second()
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_manifest_says_when_the_outputs_were_made(base: Path) -> None:
    made = json.loads((base / "manifest.json").read_text(encoding="utf-8"))
    age = datetime.now(UTC) - datetime.fromisoformat(made["made"])

    assert made["made"].endswith("+00:00")
    assert timedelta(0) <= age < timedelta(hours=1)
    files = {path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file()}
    assert set(made["outputs"]) == files
    assert made["made"][:10] not in (base / "results.json").read_text(encoding="utf-8")


def test_values_of_a_run_that_was_killed_between_two_renames_are_found(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder stands aside as in a process that was killed; the next command that reads there puts it back."""
    aside = tmp_path / "outputs" / f".{WORKBOOK.stem}.hemodel"
    aside.mkdir(parents=True)
    (aside / "lock").touch()
    shutil.copytree(base, aside / "old")
    monkeypatch.chdir(tmp_path)

    assert last_values(WORKBOOK)
    assert [path.name for path in (tmp_path / "outputs").iterdir()] == [WORKBOOK.stem]
    assert results(tmp_path / "outputs" / WORKBOOK.stem)


def test_default_folder_is_made(tmp_path: Path) -> None:
    done = hemodel("run", WORKBOOK, "--only", "base", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "outputs" / "imforte_us")
