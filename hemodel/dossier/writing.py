"""Writing a dossier: its figures, and the document in Word and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.dossier.building import build, figures_of
from hemodel.dossier.content import charts, context
from hemodel.dossier.layout import read_layout
from hemodel.dossier.page import page
from hemodel.dossier.word import word
from hemodel.errors import UsageError
from hemodel.inputs.dictionary import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

    from hemodel.analysis.evidence import EvidencePack
    from hemodel.analysis.run import Run
    from hemodel.dossier.context import Context
    from hemodel.reporting.schema import Results

DOCX, HTML = "dossier.docx", "dossier.html"
FORMATS = ("html", "docx")


@dataclass(frozen=True)
class Request:
    """What to write: results of a run, the evidence for its curves and its seed, the layout, the formats."""

    results: Results
    pack: EvidencePack | None
    seed: int
    layout: str
    formats: tuple[str, ...]


def read_formats(text: str) -> tuple[str, ...]:
    """Read formats between commas.

    Raises
    ------
    UsageError
        For one that does not exist, or none at all.
    """
    asked = tuple(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))
    unknown = [part for part in asked if part not in FORMATS]
    if unknown or not asked:
        near = nearest(unknown[0], FORMATS) if unknown else ""
        what = f"there is no format {', '.join(unknown)}" if unknown else "no format is given"
        raise UsageError(f"{what}; there are {', '.join(FORMATS)}. {near}".rstrip())
    return asked


def dossier(run: Run, request: Request, manifest: Mapping[str, Any]) -> tuple[Context, dict[str, Callable[[], Figure]]]:
    """Return what a dossier is built from, and its figures by name; each is drawn when it is called.

    Parameters
    ----------
    run : Run
    request : Request
    manifest : mapping
        What repeats the run.
    """
    made = context(request.results, run, request.pack, request.seed, manifest)
    drawn = charts(request.results, run, request.pack)
    return made, {name: drawn[name] for name in figures_of(read_layout(request.layout), made)}


def write_documents(made: Context, request: Request, folder: Path, pictures: Mapping[str, tuple[Path, Path]]) -> None:
    """Write the dossier in each format that was asked for, with the PNG and the SVG of its figures."""
    document = build(made, read_layout(request.layout), pictures)
    if "docx" in request.formats:
        (folder / DOCX).write_bytes(word(document))
    if "html" in request.formats:
        (folder / HTML).write_text(page(document), encoding="utf-8")
