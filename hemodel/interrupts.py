"""Ctrl-C and requests to end: what is unfinished is removed, one line is printed, and the process ends.

The handler of the signal does all of it itself and raises nothing. An exception that a signal raises can be lost in a
callback of the interpreter, is caught by libraries on its way, and waits for threads that still calculate; the steps
here are those that make good a run that was killed, and are right at any moment (`hemodel.folders`).
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType


_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))
_EXIT = 128
"""Exit code of a process ended by a signal, less the number of the signal: 130 after Ctrl-C."""
_SECONDS = 5
"""For a worker process to end."""
_SHOW_CURSOR = "\x1b[?25h\n"


class _State:
    def __init__(self) -> None:
        self.unfinished: list[Callable[[], object]] = []
        self.held = 0
        self.waiting: int | None = None


_STATE = _State()


def end_cleanly() -> None:
    """From now on, end cleanly at Ctrl-C and on request; a signal that the caller ignores stays ignored."""
    for each in _SIGNALS:
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, _stop)


def begin(undo: Callable[[], object]) -> None:
    """Call `undo` where the process is told to end before `finish`."""
    _STATE.unfinished.append(undo)


def finish(undo: Callable[[], object]) -> None:
    """No longer call `undo`."""
    _STATE.unfinished.remove(undo)


def begun() -> int:
    """Return how much is unfinished."""
    return len(_STATE.unfinished)


def give_up(before: int) -> None:
    """Undo what is unfinished, where a command ends with an error, but for what was `begun` before it."""
    while begun() > before:
        with suppress(OSError):
            _STATE.unfinished.pop()()


@contextmanager
def held() -> Iterator[None]:
    """Let a signal wait until the end of this block, which is short."""
    _STATE.held += 1
    try:
        yield
    finally:
        _STATE.held -= 1
        if not _STATE.held and _STATE.waiting is not None:
            _stop(_STATE.waiting, None)


@contextmanager
def starting_workers() -> Iterator[None]:
    """Start processes in this block: Ctrl-C reaches this process only, which ends them.

    The mask of a process is that of the thread that starts it. Windows has no such mask.
    """
    _start_tracker()
    if sys.platform == "win32":
        with held():
            yield
        return
    with held():
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            yield
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_tracker() -> None:
    """Start the process that removes what killed workers leave; its start undoes the mask, and it would say so."""
    if sys.platform == "win32":
        return
    from multiprocessing import resource_tracker

    name, before = "PYTHONWARNINGS", os.environ.get("PYTHONWARNINGS")
    os.environ[name] = "ignore::UserWarning:multiprocessing.resource_tracker"
    try:
        resource_tracker.ensure_running()
    finally:
        os.environ.pop(name)
        if before is not None:
            os.environ[name] = before


def _stop(number: int, _frame: FrameType | None) -> None:
    if _STATE.held:
        _STATE.waiting = number
        return
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    _end_workers()
    for undo in reversed(_STATE.unfinished):
        with suppress(OSError):
            undo()
    line = "Stopped: what was not finished is removed, and earlier outputs stay." if _STATE.unfinished else "Stopped."
    with suppress(OSError):
        os.write(2, f"{_SHOW_CURSOR if os.isatty(2) else ''}{line}\n".encode())
    os._exit(_EXIT + number)


def _end_workers() -> None:
    if "multiprocessing" not in sys.modules:
        return
    from multiprocessing import active_children

    workers = active_children()
    for worker in workers:
        worker.kill()
    for worker in workers:
        worker.join(_SECONDS)
