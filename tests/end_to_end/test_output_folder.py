"""How the outputs of a run are put in place: whole, or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import WORKBOOK, hemodel, invoke, results

from hemodel import output


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


def test_a_step_that_fails_while_moving_is_undone(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = shutil.copytree(base, tmp_path / "out")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    rename = Path.rename

    def stubborn(self: Path, target: Path) -> Path:
        if self == out / "results.xlsx":
            raise PermissionError(13, "The file is open elsewhere")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    done = invoke("run", WORKBOOK, "--only", "base", "--out", out)
    monkeypatch.undo()

    assert done.exit_code == 1
    assert "open elsewhere" in done.stderr
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_default_folder_is_made(tmp_path: Path) -> None:
    done = hemodel("run", WORKBOOK, "--only", "base", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert results(tmp_path / "outputs" / "imforte_us")
