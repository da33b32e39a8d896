"""Light bundles written by processes that end at any step, or two at a time; each is forked, so that this is quick."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hemodel import folders
from hemodel.errors import OutputError
from hemodel.publish.bundle import VOI, Bundle, opened
from hemodel.publish.manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Callable

OWN = {"notes.txt": "mine", "tables/own.csv": "mine too", "papers/2024/trial.txt": "mine as well"}
"""Files of the user's."""
WRITTEN, REFUSED, UNREACHED = 0, 3, 4
STEPS = ("open", "os.", "shutil.", "fcntl.", "ctypes.dl")
"""What the interpreter reports before each step on files, by its beginning."""


def write(target: Path, tag: str) -> None:
    """Write outputs of which every file says `tag`."""
    with opened(target, VOI) as place:
        made = Manifest(hemodel="0", command=tag, python="3", libraries={})
        place.write(Bundle(json.dumps({"tag": tag}), {"x": tag, tag: tag}, made))


def add_own(target: Path) -> None:
    for name, text in OWN.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def state(target: Path) -> str:
    """Return the tag of outputs that are whole, with the user's own files; else what is there."""
    if not target.exists():
        return "nothing"
    held = {p.relative_to(target).as_posix(): p.read_text() for p in target.rglob("*") if p.is_file()}
    own = {name: held.pop(name, None) for name in OWN}
    tag = json.loads(held["voi.json"])["tag"]
    made = json.loads(held.pop("manifest.json"))
    whole = {"voi.json": json.dumps({"tag": tag}), "tables/x.csv": tag, f"tables/{tag}.csv": tag}
    return str(tag) if (held, own, made["command"]) == (whole, OWN, tag) else f"mixture: {sorted(held)}, {own}"


def hidden(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.iterdir() if path != target)


def two_renames() -> None:
    """Do as systems do that cannot exchange folders."""
    folders._exchanged = lambda *_: False


def _forked(target: Path, last: int, then: Callable[[], None]) -> int:
    """Write outputs in a process of its own, with something done before a step; return its exit code."""
    child = os.fork()
    if child == 0:
        count = 0

        def step(event: str, _: object) -> None:
            nonlocal count
            if event.startswith(STEPS):
                count += 1
                if count == last:
                    then()

        sys.addaudithook(step)
        try:
            write(target, "new")
        except OutputError:
            os._exit(REFUSED)
        os._exit(WRITTEN if count >= last else UNREACHED)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _refuse() -> None:
    raise PermissionError(13, "The process cannot access the file because it is being used by another process")


def at_every_step(target: Path, then: Callable[[], None]) -> list[dict[str, Any]]:
    """Let a process fail at its first step, another at its second, and so on; say what is there after each.

    `read`: after the next command that reads there; `next`: after the next that writes there.
    """
    write(target, "old")
    add_own(target)
    seen: list[dict[str, Any]] = []
    while (code := _forked(target, len(seen) + 1, then)) != UNREACHED:
        once = {"code": code, "left": hidden(target), "after": state(target)}
        folders.put_back(target)
        once["read"] = state(target)
        write(target, "old")
        seen.append(once | {"next": state(target), "left_by_next": hidden(target)})
    return seen


def _at_last(target: Path, tag: str) -> int:
    """Write outputs as soon as no other process does."""
    for _ in range(1000):
        try:
            write(target, tag)
        except OutputError as error:
            if "another run" not in str(error):
                raise
            time.sleep(0.001)
        else:
            return WRITTEN
    return REFUSED


def pairs(target: Path, rounds: int) -> list[dict[str, Any]]:
    """Let two processes write to one target, the second as soon as it may, many times."""
    write(target, "first")
    add_own(target)
    seen = []
    for _ in range(rounds):
        ready, go = os.pipe()
        children = []
        for tag in ("one", "two"):
            child = os.fork()
            if child == 0:
                os.close(go)
                os.read(ready, 1)
                os._exit(_at_last(target, tag))
            children.append(child)
        os.close(go)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        os.close(ready)
        seen.append({"codes": codes, "after": state(target), "left": hidden(target)})
    return seen


if __name__ == "__main__":
    what, how, place = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    if how == "renames":
        two_renames()
    made = pairs(place, 30) if what == "pairs" else at_every_step(place, _kill if what == "kill" else _refuse)
    sys.stdout.write(json.dumps(made))
