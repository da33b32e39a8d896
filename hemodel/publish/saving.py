"""How figures are drawn and saved: by a process beside this one as soon as they are known, or once for all payers.

A figure is a function that draws it and writes its files. The process and this one each take the next figure that
neither has begun, which is one without a PNG; the files are the same whoever draws which.

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
from hemodel.views.registry import CHARTS
from hemodel.views.shared.files import files_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from hemodel.analyses.shared import Progress, Shared
    from hemodel.views.shared.files import Draw

    Saved = dict[str, tuple[Path, Path]]


class Drawing:
    """Draws and saves figures in this process."""

    def __init__(self) -> None:
        """Begin with none."""
        self._jobs: dict[str, tuple[Draw, Path]] = {}

    def begin(self, figures: Mapping[str, Draw], folder: Path) -> None:
        """Have figures drawn in a folder, but for those of names that were begun before."""
        self._jobs |= {name: (draw, folder / name) for name, draw in figures.items() if name not in self._jobs}

    def finish(self, progress: Progress | None = None) -> Saved:
        """Draw what is not drawn yet; return the PNG and the SVG of each figure, by its name.

        Raises
        ------
        OutputError
            Where one cannot be written.
        """
        for done, (draw, path) in enumerate(self._jobs.values(), start=1):
            if self._is_left(path):
                draw(path)
            if progress is not None:
                progress("figures", done, len(self._jobs))
        return {name: files_of(path) for name, (_, path) in self._jobs.items()}

    def _is_left(self, _: Path) -> bool:
        """Whether a figure is for this process to draw."""
        return True


class Worker(Drawing):
    """Draws them in another process too, which begins at once; this one helps in `finish`, which is called once."""

    def __init__(self) -> None:
        """Start the process, which loads what it needs meanwhile."""
        super().__init__()
        context = get_context("spawn")
        jobs, self._handed = context.Pipe(duplex=False)
        self._answer, answer = context.Pipe(duplex=False)
        self._follows = True
        self.process: BaseProcess = context.Process(target=_work, args=(jobs, answer), daemon=True)
        with interrupts.starting_workers():
            self.process.start()
        jobs.close()
        answer.close()

    def begin(self, figures: Mapping[str, Draw], folder: Path) -> None:
        """Hand figures over; those that cannot be, and any after them, are drawn here."""
        before = len(self._jobs)
        super().begin(figures, folder)
        try:
            content = pickle.dumps(list(self._jobs.values())[before:])
        except (*_NOT_TO_HAND_OVER, HemodelError):
            self._follows = False
        if self._follows:
            with suppress(OSError):
                self._handed.send_bytes(content)

    def finish(self, progress: Progress | None = None) -> Saved:
        """Draw with the other process; raise what it could not do."""
        saved = super().finish(progress)
        with suppress(OSError):
            self._handed.send_bytes(_NO_MORE)
        try:
            error: HemodelError | None = self._answer.recv()
        except (EOFError, OSError):
            error = OutputError("The process that draws the charts ended before its time. Run the command again.")
        if error is not None:
            raise error
        return saved

    def _is_left(self, path: Path) -> bool:
        return _begin(path)


@contextmanager
def drawing_beside(*, wanted: bool = True) -> Iterator[Drawing]:
    """Give what draws figures: beside this process where there is a second core, until the end of this block."""
    if not wanted or available_cores() == 1:
        yield Drawing()
        return
    worker = Worker()
    try:
        yield worker
    finally:
        worker.process.kill()
        worker.process.join()


_NO_MORE = b""
_NOT_TO_HAND_OVER = (pickle.PicklingError, AttributeError, TypeError)
"""Where a figure needs a function that has no name outside another."""


def _begin(path: Path) -> bool:
    """Make the PNG of a figure, still empty; return whether the other process had not done so."""
    with suppress(OSError):
        try:
            files_of(path)[0].touch(exist_ok=False)
        except FileExistsError:
            return False
    return True


def _work(jobs: Connection, answer: Connection) -> None:
    """Draw what comes until there is no more, and say what could not be written."""
    signal(SIGINT, SIG_IGN)
    waiting: SimpleQueue[bytes] = SimpleQueue()
    Thread(target=_receive, args=(jobs, waiting), daemon=True).start()
    from matplotlib.backends import backend_agg, backend_svg

    _ = backend_agg, backend_svg
    error = None
    try:
        while content := waiting.get():
            for draw, path in pickle.loads(content):  # noqa: S301 - from the process that started this one
                if _begin(path):
                    draw(path)
    except HemodelError as found:
        error = found
    answer.send(error)


def _receive(jobs: Connection, waiting: SimpleQueue[bytes]) -> None:
    """Take figures as they come, so that the other process never waits; end with it."""
    while True:
        try:
            waiting.put(jobs.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)


SAME_FOR_PAYERS = tuple(entry.name for entry in CHARTS if entry.same_for_payers)


def drawing_once(made: Mapping[str, Draw], shared: Shared) -> dict[str, Draw]:
    """Return for each figure what writes its files; it is drawn once for all runs."""
    return {name: partial(_saved, name, draw, shared) for name, draw in made.items()}


def _saved(name: str, draw: Draw, shared: Shared, path: Path) -> tuple[Path, Path]:
    contents = shared.once(("figure", name), lambda: tuple(file.read_bytes() for file in draw(path)))
    found = files_of(path)
    for file, content in zip(found, contents, strict=True):
        file.write_bytes(content)
    return found
