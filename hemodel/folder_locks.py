"""The hidden folder beside a folder of outputs, and the lock in it."""

from __future__ import annotations

import json
import os
import socket
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hemodel.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

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
