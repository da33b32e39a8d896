"""A folder of outputs is replaced whole or not at all, whatever happens meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from killed import OWN, REFUSED, WRITTEN, add_own, hidden, state, two_renames, write

from hemodel import folders
from hemodel.errors import OutputError
from hemodel.publish.bundle import VOI, opened

KILLED = -9
TESTS = Path(__file__).parents[1]


def forked(what: str, how: str, target: Path) -> list[dict[str, Any]]:
    """Run processes one after the other, in one that has no threads."""
    command = [sys.executable, str(TESTS / "killed.py"), what, how, str(target)]
    found: list[dict[str, Any]] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A folder with outputs and files of the user's."""
    write(tmp_path / "out", "old")
    add_own(tmp_path / "out")
    return tmp_path / "out"


@pytest.mark.parametrize("how", ["exchange", "renames"])
def test_killed_at_any_step_it_is_old_or_new(how: str, tmp_path: Path) -> None:
    seen = forked("kill", how, tmp_path / "out")
    after = [one["after"] for one in seen]

    assert len(seen) > 40
    assert {one["code"] for one in seen} == {KILLED}
    assert set(after) - {"nothing"} == {"old", "new"}
    assert after.count("nothing") == (0 if how == "exchange" else 1)
    assert after == sorted(after, key=["old", "nothing", "new"].index)
    assert [one["read"] for one in seen] == [each.replace("nothing", "old") for each in after]
    assert all(one["left"] in ([], [".out.hemodel"]) for one in seen)
    assert {(one["next"], *one["left_by_next"]) for one in seen} == {("old",)}


@pytest.mark.parametrize("how", ["exchange", "renames"])
def test_a_step_that_the_system_refuses_leaves_old_or_new(how: str, tmp_path: Path) -> None:
    seen = forked("refuse", how, tmp_path / "out")

    assert {(one["code"], one["after"]) for one in seen} == {(REFUSED, "old"), (WRITTEN, "new")}
    assert {(one["next"], *one["left_by_next"]) for one in seen} == {("old",)}


@pytest.mark.parametrize("how", ["exchange", "renames"])
def test_two_runs_at_a_time_never_mix(how: str, tmp_path: Path) -> None:
    seen = forked("pairs", how, tmp_path / "out")

    assert {tuple(one["codes"]) for one in seen} == {(WRITTEN, WRITTEN)}
    assert {one["after"] for one in seen} <= {"one", "two"}
    assert all(one["left"] == [] for one in seen)


def test_a_second_run_is_refused_before_it_works(out: Path) -> None:
    with pytest.raises(OutputError) as refused, opened(out, VOI), opened(out, VOI):
        pytest.fail("worked")

    assert f"another run of hemodel writes to this folder (process {os.getpid()} on " in str(refused.value)
    assert "Wait until it has ended, or choose another --out. Nothing was changed." in str(refused.value)
    assert (state(out), hidden(out)) == ("old", [])


def test_what_a_live_run_makes_is_left_alone(out: Path) -> None:
    with opened(out, VOI) as place:
        draft = place.path("voi.json")
        draft.write_text("draft")
        folders.put_back(out)
        with pytest.raises(OutputError, match="another run"):
            folders.make_good(out, VOI.entries)
        assert draft.read_text() == "draft"


def test_hidden_folders_of_others_are_kept(out: Path) -> None:
    for name in (".out.hemodel", ".out.abcd1234"):
        (out.parent / name / "new").mkdir(parents=True)
        (out.parent / name / "new" / "theirs").write_text("kept")

    with pytest.raises(OutputError, match="did not make this one"):
        write(out, "new")
    assert state(out) == "old"
    assert all((out.parent / name / "new" / "theirs").read_text() == "kept" for name in hidden(out))

    (out.parent / ".out.hemodel").rename(out.parent / "moved away")
    write(out, "new")
    assert (state(out), hidden(out)) == ("new", [".out.abcd1234", "moved away"])


def test_a_folder_that_is_open_elsewhere_stays(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Windows, where a folder in which a file is open cannot be renamed."""
    monkeypatch.setattr(folders, "_exchanged", lambda *_: False)
    rename = Path.rename

    def stubborn(self: Path, target: Path) -> Path:
        if self == out:
            raise PermissionError(13, "Access is denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    with pytest.raises(OutputError) as refused:
        write(out, "new")

    assert "could not be written (Access is denied). Nothing was changed. Close files and folders" in str(refused.value)
    assert (state(out), hidden(out)) == ("old", [])


@pytest.mark.parametrize("stays", [False, True])
def test_a_second_rename_that_fails_is_undone(stays: bool, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "_exchanged", lambda *_: False)
    rename = Path.rename

    def stubborn(self: Path, target: Path) -> Path:
        if target == out and (stays or self.name == "new"):
            raise PermissionError(13, "Access is denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    with pytest.raises(OutputError) as refused:
        write(out, "new")
    monkeypatch.undo()

    said = f"They are in {out.parent / '.out.hemodel' / 'old'}, and the next command"
    assert (said if stays else "Nothing was changed.") in str(refused.value)
    folders.put_back(out)
    assert (state(out), hidden(out)) == ("old", [])


def test_the_folder_that_the_user_is_in_is_refused(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(out / "papers")

    for target in (out, Path("..")):
        with pytest.raises(OutputError, match="this is the folder that you are in"):
            write(target, "new")
    assert (state(out), hidden(out)) == ("old", [])


def test_own_files_are_copied_where_there_are_no_links(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", absent)
    write(out, "new")
    assert state(out) == "new"


def test_an_own_file_saved_at_the_last_moment_is_kept(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exchanged = folders._exchanged

    def late(one: Path, other: Path) -> bool:
        for name in ("notes.txt", "more.txt"):
            (out / "saving").write_text("saved late")
            (out / "saving").replace(out / name)
        return exchanged(one, other)

    monkeypatch.setattr(folders, "_exchanged", late)
    write(out, "new")

    assert (out / "notes.txt").read_text() == (out / "more.txt").read_text() == "saved late"
    (out / "more.txt").unlink()
    (out / "notes.txt").write_text(OWN["notes.txt"])
    assert state(out) == "new"


def test_own_links_and_empty_folders_are_kept(out: Path) -> None:
    (out / "empty").mkdir()
    (out / "link").symlink_to("notes.txt")
    (out / "linked").symlink_to("papers", target_is_directory=True)
    write(out, "new")

    assert (out / "empty").is_dir()
    assert [(out / name).readlink() for name in ("link", "linked")] == [Path("notes.txt"), Path("papers")]


def test_an_own_file_is_never_replaced_by_an_output(out: Path) -> None:
    (out / "tables" / "new.csv").write_text("mine")

    with pytest.raises(OutputError, match=r"new\.csv would be replaced, and hemodel did not write them"):
        write(out, "new")
    assert (out / "tables" / "new.csv").read_text() == "mine"


def test_outputs_whose_manifest_has_no_list_are_replaced_by_name(out: Path) -> None:
    made = json.loads((out / "manifest.json").read_text())
    (out / "manifest.json").write_text(json.dumps({"hemodel": made["hemodel"]}))
    write(out, "new")

    assert sorted(path.name for path in (out / "tables").iterdir()) == ["new.csv", "x.csv"]
    assert (out / "notes.txt").read_text() == OWN["notes.txt"]


def test_the_manifest_says_when_it_was_made_and_what(out: Path) -> None:
    made = json.loads((out / "manifest.json").read_text())

    assert made["made"].endswith("+00:00")
    assert made["outputs"] == ["manifest.json", "tables/old.csv", "tables/x.csv", "voi.json"]


def test_two_renames_are_what_the_other_way_is_tested_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The exchange works here, so that both ways were tried above."""
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tag").write_text(name)

    assert folders._exchanged(tmp_path / "one", tmp_path / "other")
    assert (tmp_path / "one" / "tag").read_text() == "other"
    monkeypatch.setattr(folders, "_exchanged", folders._exchanged)
    two_renames()
    assert not folders._exchanged(tmp_path / "one", tmp_path / "other")
