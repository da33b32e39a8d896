"""How figures are saved: in a process of its own, while this one draws the next and goes on, or once for all payers.

A figure that is drawn and laid out is handed over whole; the worker writes its files with the function that this
process would use, and so the same bytes.

Figures that runs for several payers have in common are drawn once.
"""

from __future__ import annotations

import os
import pickle
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing import get_context
from queue import SimpleQueue
from signal import SIG_IGN, SIGINT, signal
from threading import Thread
from typing import TYPE_CHECKING

from hemodel import interrupts
from hemodel.analyses.psa.blocks import available_cores
from hemodel.errors import HemodelError, OutputError
from hemodel.views.charts import files_of, save
from hemodel.views.registry import CHARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from matplotlib.figure import Figure

    from hemodel.analyses.shared import Shared
    from hemodel.views.charts import Draw, Save


class Saver:
    """Saves figures at once, in this process."""

    def save(self, figure: Figure, path: Path, dots_per_inch: int) -> tuple[Path, Path]:
        """Save a figure to a path without suffix; return the paths of the PNG and of the SVG."""
        return save(figure, path, dots_per_inch)

    def finish(self) -> None:
        """Wait until every figure is saved.

        Raises
        ------
        OutputError
            Where one cannot be written.
        """


class Worker(Saver):
    """Saves figures in another process; they are there after `finish`, which is called once."""

    def __init__(self) -> None:
        """Start the process, which loads what it needs meanwhile."""
        context = get_context("spawn")
        figures, self._figures = context.Pipe(duplex=False)
        self._answer, answer = context.Pipe(duplex=False)
        self.process: BaseProcess = context.Process(target=_work, args=(figures, answer), daemon=True)
        with interrupts.starting_workers():
            self.process.start()
        figures.close()
        answer.close()

    def save(self, figure: Figure, path: Path, dots_per_inch: int) -> tuple[Path, Path]:
        """Hand a figure over; return the paths that it will have."""
        try:
            self._figures.send_bytes(pickle.dumps((figure, path, dots_per_inch)))
        except _NOT_TO_HAND_OVER:
            return save(figure, path, dots_per_inch)
        except OSError:
            self.finish()
        return files_of(path)

    def finish(self) -> None:
        """Wait until every figure is saved; raise what the worker could not do."""
        with suppress(OSError):
            self._figures.send_bytes(_NO_MORE)
        try:
            error: HemodelError | None = self._answer.recv()
        except (EOFError, OSError):
            error = OutputError("The process that saves the charts ended before its time. Run the command again.")
        if error is not None:
            raise error


@contextmanager
def saver(*, many: bool) -> Iterator[Saver]:
    """Give what saves figures: a worker where there are many and a second core, which ends with this block."""
    if not many or available_cores() == 1:
        yield Saver()
        return
    worker = Worker()
    try:
        yield worker
    finally:
        worker.process.kill()
        worker.process.join()


_NO_MORE = b""
_NOT_TO_HAND_OVER = (pickle.PicklingError, AttributeError, TypeError)
"""Where a figure holds a function that has no name outside another."""


def _work(figures: Connection, answer: Connection) -> None:
    """Save what comes until there is no more, and say what could not be written."""
    signal(SIGINT, SIG_IGN)
    waiting: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_receive, args=(figures, waiting), daemon=True).start()
    from matplotlib.backends import backend_agg, backend_svg

    _ = backend_agg, backend_svg
    error = None
    try:
        while each := waiting.get():
            save(*pickle.loads(each))  # noqa: S301 - from the process that started this one
    except HemodelError as found:
        error = found
    answer.send(error)


def _receive(figures: Connection, waiting: SimpleQueue[bytes]) -> None:
    """Take figures as they come, so that the other process never waits; end with it."""
    while True:
        try:
            waiting.put(figures.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)


SAME_FOR_PAYERS = tuple(entry.name for entry in CHARTS if entry.same_for_payers)


def drawing_once(made: Mapping[str, Callable[[], Figure]], shared: Shared) -> dict[str, Draw]:
    """Return for each figure what saves it to a path without suffix; it is drawn once for all runs."""
    return {name: partial(_saved, name, draw, shared) for name, draw in made.items()}


def _saved(name: str, draw: Callable[[], Figure], shared: Shared, path: Path, _: Save) -> tuple[Path, Path]:
    contents = shared.once(("figure", name), partial(_drawn, path, draw))
    found = files_of(path)
    for file, content in zip(found, contents, strict=True):
        file.write_bytes(content)
    return found


def _drawn(path: Path, draw: Callable[[], Figure]) -> tuple[bytes, ...]:
    return tuple(file.read_bytes() for file in save(draw(), path))
