"""Writing a dossier: figures in print, the document in Word and as a page, and every number as results.json."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.dossier.building import build, figures_of
from hemodel.dossier.content import PRINT, charts, context
from hemodel.dossier.layout import read_layout
from hemodel.dossier.page import page
from hemodel.dossier.word import word
from hemodel.errors import UsageError
from hemodel.inputs.dictionary import nearest
from hemodel.reporting.charts import save

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

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


def write_dossier(
    folder: Path,
    run: Run,
    request: Request,
    manifest: Mapping[str, Any],
    progress: Callable[[str, int, int], None] | None = None,
) -> Context:
    """Write the dossier and its results.json; return what it was built from.

    Parameters
    ----------
    folder : Path
        An existing folder with a folder `figures`.
    run : Run
    request : Request
    manifest : mapping
        What repeats the run.
    progress : callable, optional
        Called with the name of the part, the steps done and all steps.
    """
    layout = read_layout(request.layout)
    made = context(request.results, run, request.pack, request.seed, manifest)
    drawn, names = charts(request.results, run, request.pack), figures_of(layout, made)
    pictures = {}
    for done, name in enumerate(names, start=1):
        pictures[name] = save(drawn[name](), folder / "figures" / name, PRINT)
        if progress is not None:
            progress("figures", done, len(names))
    document = build(made, layout, pictures)
    if "docx" in request.formats:
        (folder / DOCX).write_bytes(word(document))
    if "html" in request.formats:
        (folder / HTML).write_text(page(document), encoding="utf-8")
    (folder / "results.json").write_text(made.results.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return made
