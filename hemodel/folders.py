"""Folders of outputs that are replaced whole, in one step.

The new folder is made beside its target, in the hidden folder ``.<name>.hemodel``, with the user's own files of the
target in it as links to the same files (copies where the file system has no links). Then

* on Linux and macOS the two folders are exchanged by one call of the system. Whoever looks sees all of the old outputs
  or all of the new ones, also where the process is killed;
* elsewhere, as on Windows, and on file systems that cannot exchange, the target is moved aside and the new folder to
  its place: two renames, one after the other. A process killed between them leaves no target, never a mixture, and
  the next command that reads or writes there puts the old one back. By hand: move ``.<name>.hemodel/old`` to its place.

Moving files one by one could be made good only by the next command, with a mixture until then; links to versioned
folders need rights on Windows that users lack.

The hidden folder also holds a file that the system keeps locked as long as the process lives, so a second run is
refused before it works, and what a dead run left is known as such and removed by the next run to the same target.

The hidden folder beside a folder of outputs, and the lock in it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel import interrupts
from hemodel.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator


_LOCK, _NEW, _OLD = "lock", "new", "old"
_FAR = 1 << 20
"""Byte of the lock file that is locked on Windows, where a locked byte cannot be read by others."""


@dataclass(frozen=True)
class Work:
    """The hidden folder beside a target."""

    target: Path

    @property
    def folder(self) -> Path:
        """The hidden folder itself."""
        return self.target.with_name(f".{self.target.name}.hemodel")

    @property
    def lock(self) -> Path:
        """The file that is locked while a run lives."""
        return self.folder / _LOCK

    @property
    def new(self) -> Path:
        """The outputs that are being made, or those to be removed."""
        return self.folder / _NEW

    @property
    def old(self) -> Path:
        """The target between two renames."""
        return self.folder / _OLD


def locked(target: Path, work: Work) -> int:
    """Make the hidden folder and lock its file, which the system unlocks when this process ends.

    Raises
    ------
    OutputError
        Where another process holds it, or hemodel did not make the hidden folder.
    """
    while True:
        with suppress(FileExistsError):
            work.folder.mkdir()
        try:
            _refuse_foreign(work)
            lock = os.open(work.lock, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:
            continue  # the run that held it ended at this moment
        except OSError:
            with suppress(OSError):
                work.folder.rmdir()
            raise
        if not _lock(lock):
            os.close(lock)
            raise OutputError(
                f"{target}: another run of hemodel writes to this folder{_who(work)}. Wait until it has ended, or"
                " choose another --out. Nothing was changed."
            )
        if _is_still(lock, work.lock):
            since = datetime.now(UTC).isoformat(timespec="seconds")
            os.truncate(lock, 0)
            os.write(lock, json.dumps({"process": os.getpid(), "host": socket.gethostname(), "since": since}).encode())
            return lock
        os.close(lock)


def _refuse_foreign(work: Work) -> None:
    names = {path.name for path in work.folder.iterdir()}
    if names - {_LOCK, _NEW, _OLD} or (names and _LOCK not in names):
        raise OutputError(
            f"{work.folder}: hemodel needs a hidden folder of this name, and did not make this one. Move it away, or"
            " choose another --out."
        )


if sys.platform == "win32":
    import msvcrt

    def _lock(lock: int) -> bool:
        os.lseek(lock, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        os.lseek(lock, 0, os.SEEK_SET)
        return True
else:
    import fcntl

    def _lock(lock: int) -> bool:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def _is_still(lock: int, path: Path) -> bool:
    """Whether the locked file is the one in the folder; in Windows an open file cannot have been removed."""
    if sys.platform == "win32":
        return True
    try:
        return os.path.samestat(os.fstat(lock), path.stat())
    except FileNotFoundError:
        return False


def _who(work: Work) -> str:
    """Say which process holds the lock; it may not have said so yet."""
    try:
        held = json.loads(work.lock.read_text(encoding="utf-8"))
        return f" (process {held['process']} on {held['host']}, since {held['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


MANIFEST = "manifest.json"
OUTPUTS = "outputs"
"""Key of the manifest: every file of the folder that hemodel wrote."""
_TRIES, _PAUSE = 10, 0.1
"""For a rename on Windows, where a virus scanner may hold a new file for a moment."""
_AT_FDCWD, _LINUX_EXCHANGE, _MACOS_SWAP = -100, 2, 2


@contextmanager
def replaced(target: Path, entries: Collection[str]) -> Iterator[Path]:
    """Give an empty folder to write to; put it in place of `target` when all went well.

    The user's own files of the target are kept: those that its manifest does not list or, where it lists none,
    those outside `entries`.

    Parameters
    ----------
    entries : collection of str
        Names of the files and folders that the outputs consist of.

    Raises
    ------
    OutputError
        Where the target cannot be written, or another run writes to it. It then stays as it was.
    """
    work = Work(target.resolve())
    try:
        _check(target, work.target)
        with _held(target, work, entries):
            work.new.mkdir()
            yield work.new
            with interrupts.held():
                _put_in_place(target, work, entries)
    except OSError as error:
        if not _is_of(work, error):
            raise
        raise _refusal(target, work, error) from error


def make_good(target: Path, entries: Collection[str]) -> None:
    """Make good what a dead run left beside a target, and refuse one that another run writes to.

    Raises
    ------
    OutputError
    """
    work = Work(target.resolve())
    if not work.folder.exists():
        return
    try:
        with _held(target, work, entries):
            pass
    except OSError as error:
        raise _refusal(target, work, error) from error


def put_back(target: Path) -> None:
    """Put earlier outputs back where a run was killed between two renames; do nothing otherwise."""
    work = Work(target.resolve())
    if not work.target.exists() and work.old.is_dir():
        with suppress(OutputError):
            make_good(target, ())


def listed(folder: Path) -> set[str] | None:
    """Return the files that hemodel wrote to a folder, none without its manifest; None where that has no list.

    Raises
    ------
    OSError
        Where there is a manifest that cannot be read now: nothing is known of the files then.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return set()
    if not isinstance(manifest, dict) or "hemodel" not in manifest:
        return set()
    return set(manifest[OUTPUTS]) if isinstance(manifest.get(OUTPUTS), list) else None


def files_in(folder: Path) -> list[str]:
    """Return every file of a folder and of the folders in it."""
    return [path.as_posix() for path, is_folder in _walk(folder) if not is_folder]


def _check(target: Path, place: Path) -> None:
    if not place.parent.is_dir():
        raise OutputError(f"{target}: the folder {target.parent} does not exist. Create it, or choose another --out.")
    if place.exists() and not place.is_dir():
        raise OutputError(f"{target}: this is a file, not a folder. Choose another --out.")
    if Path.cwd().is_relative_to(place):
        raise OutputError(
            f"{target}: this is the folder that you are in, which cannot be replaced. Start the command from another"
            " folder, or choose another --out."
        )


def _is_of(work: Work, error: OSError) -> bool:
    """Whether an error is about the outputs: a disk that is full has no name; an input that cannot be read has one."""
    name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else error.filename
    path = None if not isinstance(name, str) else Path(name).absolute()
    return path is None or any(path.is_relative_to(own) for own in (work.target.absolute(), work.folder.absolute()))


def _refusal(target: Path, work: Work, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    if os.path.lexists(work.old) and not os.path.lexists(work.target):
        return OutputError(
            f"{target}: the outputs could not be written ({reason}), nor the earlier ones put back yet. They are in"
            f" {work.old}, and the next command that writes to {target} puts them back."
        )
    return OutputError(
        f"{target}: the outputs could not be written ({reason}). Nothing was changed."
        " Close files and folders that are open elsewhere, check the permissions, or choose another --out."
    )


@contextmanager
def _held(target: Path, work: Work, entries: Collection[str]) -> Iterator[None]:
    """Hold the hidden folder, what a dead run left made good; leave nothing of it."""
    with interrupts.held():
        lock = locked(target, work)
        undo = partial(_release, work, lock, entries)
        interrupts.begin(undo)
    try:
        _heal(work, entries)
        yield
    finally:
        with interrupts.held():
            undo()
            interrupts.finish(undo)


def _heal(work: Work, entries: Collection[str]) -> None:
    """Bring target and hidden folder from any step at which a run ended to a state as before or after it."""
    if work.old.exists():
        if work.target.exists():
            _carry(work.old, work.target, entries)
            _rename(work.old, work.new)
        else:
            _rename(work.old, work.target)
    shutil.rmtree(work.new, ignore_errors=True)


def _release(work: Work, lock: int, entries: Collection[str]) -> None:
    """Leave nothing; what cannot be removed yet stays with its lock file, by which the next run knows it."""
    with suppress(OSError):
        _heal(work, entries)
    if work.old.exists() or work.new.exists():
        os.close(lock)
        return
    with suppress(OSError):
        if sys.platform == "win32":  # where an open file cannot be removed
            os.close(lock)
            work.lock.unlink()
        else:
            work.lock.unlink()
            os.close(lock)
        work.folder.rmdir()


def _put_in_place(target: Path, work: Work, entries: Collection[str]) -> None:
    place = work.target
    if not place.exists():
        _rename(work.new, place)
        return
    taken = sorted(str(path) for path in _own(place, entries) if (work.new / path).is_file())
    if taken:
        raise OutputError(
            f"{target}: {', '.join(taken)} would be replaced, and hemodel did not write them. Choose another --out."
        )
    _carry(place, work.new, entries)
    with suppress(OSError):
        shutil.copystat(place, work.new)
    if _exchanged(work.new, place):
        with suppress(OSError):  # done is done
            _rename(work.new, work.old)
        return
    _rename(place, work.old)
    _rename(work.new, place)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system or the file system cannot, and nothing was done."""
    if sys.platform == "win32":
        return False
    first, second = os.fsencode(one), os.fsencode(other)
    arguments: tuple[bytes | int, ...] = (_AT_FDCWD, first, _AT_FDCWD, second, _LINUX_EXCHANGE)
    call = "renameat2"
    if sys.platform != "linux":
        call, arguments = "renamex_np", (first, second, _MACOS_SWAP)
    function = getattr(ctypes.CDLL(None), call, None)
    return function is not None and function(*arguments) == 0


def _rename(path: Path, place: Path) -> None:
    for _ in range(_TRIES if sys.platform == "win32" else 0):
        try:
            path.rename(place)
        except PermissionError:
            time.sleep(_PAUSE)
        else:
            return
    path.rename(place)


def _carry(folder: Path, other: Path, entries: Collection[str]) -> None:
    """Give the user's own files of a folder to another one, where they are missing or were saved since."""
    written = listed(other) or set()
    for path in _own(folder, entries):
        source, place = folder / path, other / path
        if source.is_dir() and not source.is_symlink():
            place.mkdir(parents=True, exist_ok=True)
        elif path.as_posix() not in written and (not os.path.lexists(place) or _is_newer(source, place)):
            _link(source, place)


def _own(folder: Path, entries: Collection[str]) -> Iterator[Path]:
    """Yield the files and folders of a folder that are the user's own, a folder before what is in it."""
    ours = listed(folder)
    for path, is_folder in _walk(folder):
        if ours is None or is_folder:
            if path.parts[0] not in entries:
                yield path
        elif path.as_posix() not in ours:
            yield path


def _walk(folder: Path) -> Iterator[tuple[Path, bool]]:
    """Yield what is in a folder, a folder before what is in it, and whether it is one; a link to a folder is a file."""
    for parent, folders, files in os.walk(folder, onerror=_raise):
        here = Path(parent)
        for name in (*folders, *files):
            yield (here / name).relative_to(folder), name in folders and not (here / name).is_symlink()


def _raise(error: OSError) -> None:
    raise error


def _is_newer(source: Path, place: Path) -> bool:
    one, other = source.lstat(), place.lstat()
    return not os.path.samestat(one, other) and one.st_mtime > other.st_mtime


def _link(source: Path, place: Path) -> None:
    """Make a second name for a file, or a copy of it where the file system has no such names."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    if source.is_symlink():
        shutil.copy2(source, place, follow_symlinks=False)
        return
    try:
        os.link(source, place)
    except OSError:
        shutil.copy2(source, place)
