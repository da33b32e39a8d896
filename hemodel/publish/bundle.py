"""The one writer of what a command puts in a folder: a document, tables, figures, further files and the manifest."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hemodel import folders, interrupts
from hemodel.analyses.shared import staged
from hemodel.errors import OutputError
from hemodel.folders import MANIFEST, OUTPUTS
from hemodel.inputs.files import OUTPUTS as PARENT
from hemodel.publish.patient_files import json_text
from hemodel.publish.saving import Drawing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from hemodel.analyses.shared import Progress
    from hemodel.publish.manifest import Manifest
    from hemodel.publish.saving import Saved
    from hemodel.views.shared.files import Draw


@dataclass(frozen=True)
class Kind:
    """A kind of outputs: its document, what else stands beside it and the manifest, the end of the folder's name."""

    document: str
    others: tuple[str, ...]
    suffix: str = ""

    @property
    def entries(self) -> tuple[str, ...]:
        """Names of the files and folders that outputs of this kind consist of."""
        return (self.document, *self.others, MANIFEST)


DRAWS = "draws.parquet"
RUN = Kind("results.json", ("tables", "figures", "results.xlsx", "report.html", "psa", DRAWS))
"""Of `hemodel run`; the draws only where they are asked for."""
EVIDENCE = Kind("evidence.json", ("tables", "figures", "evidence.html"), "_evidence")
FIT = Kind("fit.json", ("tables",))
"""Of curves fitted to a file of patients."""
REPORT = Kind("results.json", ("dossier.docx", "dossier.html", "tables", "figures"), "_report")
"""Of a dossier; which of the two documents is said with the command."""
SCENARIOS = Kind("scenarios.json", ("tables", "figures"), "_scenarios")
DIFFERENCES = Kind("differences.json", ("tables",))
"""Of a comparison of two workbooks."""
BUDGET = Kind("budget.json", ("tables", "figures", "budget.xlsx"), "_budget")
VOI = Kind("voi.json", ("tables", "figures"), "_voi")
DSA = Kind("dsa.json", ("tables", "figures"), "_dsa")
SWEEP = Kind("sweep.json", ("tables", "figures"), "_sweep")
KINDS = (RUN, EVIDENCE, FIT, REPORT, SCENARIOS, DIFFERENCES, BUDGET, VOI, DSA, SWEEP)


@dataclass(frozen=True)
class Bundle:
    """What to write.

    Attributes
    ----------
    document : str
        The JSON.
    tables : mapping
        CSV by name.
    manifest : Manifest
        What repeats the command.
    figures : mapping or None
        By name, what draws a figure, saves it to a path without suffix and returns PNG and SVG. None: there
        are none.
    beside : sequence of callable
        Each writes files of its own to the folder.
    further : sequence of callable
        Each does so with the figures at hand.
    """

    document: str
    tables: Mapping[str, str]
    manifest: Manifest
    figures: Mapping[str, Draw] | None = None
    beside: Sequence[Callable[[Path], object]] = field(default=())
    further: Sequence[Callable[[Path, Saved], object]] = field(default=())


@dataclass(frozen=True)
class Place:
    """Where a bundle is written before it is put in place; None where nothing is to be written."""

    kind: Kind
    folder: Path | None

    def path(self, name: str) -> Path:
        """Return the path of a file that is written before the bundle."""
        if self.folder is None or name not in self.kind.entries:
            message = f"{name} is not written here"
            raise ValueError(message)
        return self.folder / name

    def write(self, bundle: Bundle, progress: Progress | None = None, drawing: Drawing | None = None) -> None:
        """Write a bundle, and in its manifest when it was made and every file; tell how far it is."""
        if self.folder is None:
            return
        folder, drawing = self.folder, drawing or Drawing()
        if bundle.figures is not None:
            drawing.begin(bundle.figures, self.figures())
        staged(progress, "tables", lambda: self._write_tables(bundle, folder))
        saved = drawing.finish(progress)
        staged(progress, "writing", lambda: self._write_rest(bundle, folder, saved))

    def figures(self) -> Path:
        """Return the folder of figures, made where it is missing."""
        made = self.path("figures")
        made.mkdir(exist_ok=True)
        return made

    def _write_tables(self, bundle: Bundle, folder: Path) -> None:
        (folder / self.kind.document).write_text(bundle.document, encoding="utf-8")
        (folder / "tables").mkdir()
        for name, text in bundle.tables.items():
            (folder / "tables" / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
        for write in bundle.beside:
            write(folder)

    def _write_rest(self, bundle: Bundle, folder: Path, saved: Saved) -> None:
        for write in bundle.further:
            write(folder, saved)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        written = folders.files_in(folder)
        if unknown := {name.partition("/")[0] for name in written} - set(self.kind.entries):
            message = f"{', '.join(sorted(unknown))}: not part of such outputs"
            raise ValueError(message)
        said = bundle.manifest.model_copy(update={"made": made, OUTPUTS: sorted([*written, MANIFEST])})
        (folder / MANIFEST).write_text(json_text(said), encoding="utf-8")


@contextmanager
def opened(target: Path | None, kind: Kind) -> Iterator[Place]:
    """Give where to write a bundle; put it in place of the target's outputs when all went well.

    The target is refused here, before anything is worked out, where another run writes to it.

    Parameters
    ----------
    target : Path or None
        None where nothing is to be written.

    Raises
    ------
    OutputError
        Where the target cannot be written, or holds files of these names that
        another program wrote, or outputs of another kind. The previous outputs then
        stay as they were.
    """
    if target is None:
        yield Place(kind, None)
        return
    with folders.replaced(target, kind.entries) as folder:
        _check(target, kind)
        yield Place(kind, folder)


def _check(target: Path, kind: Kind) -> None:
    others = {name for each in KINDS for name in each.entries} - set(kind.entries)
    kept = sorted(name for name in others if (target / name).exists())
    if kept:
        raise OutputError(
            f"{target}: this folder holds other outputs ({', '.join(kept)}), whose tables and figures would be"
            " replaced. Choose another --out."
        )
    foreign = [name for name in kind.entries if (target / name).exists()]
    if foreign and folders.listed(target) == set():
        raise OutputError(
            f"{target}: {', '.join(foreign)} would be replaced, and hemodel did not write them. Choose another --out."
        )


def default_folder(workbook: Path, suffix: str = "") -> Path:
    """Return outputs/<workbook><suffix> in the current folder, and make outputs where it is missing.

    Raises
    ------
    OutputError
        Where it cannot be made.
    """
    parent = Path(PARENT)
    _make(parent)
    return parent / f"{workbook.stem}{suffix}"


def parent_folder(folder: Path) -> Path:
    """Return a folder for the folders of several runs, made where it is missing and its parent exists.

    Raises
    ------
    OutputError
        Where it cannot be made.
    """
    if not folder.parent.is_dir():
        raise OutputError(f"{folder}: the folder {folder.parent} does not exist. Create it, or choose another --out.")
    _make(folder)
    return folder


def _make(folder: Path) -> None:
    """Make a folder where it is missing; it goes again where the command is told to end before anything is in it."""
    try:
        if not folder.is_dir():
            folder.mkdir(exist_ok=True)
            interrupts.begin(folder.rmdir)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{folder}: the folder could not be made ({reason}). Choose another --out.") from error
