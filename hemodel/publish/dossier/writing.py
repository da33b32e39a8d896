"""Writing a dossier: its figures, and the document in Word and as a page.

What a dossier is made from: the run with its evidence, tables, and charts to draw.

The dossier as one HTML file, in the look of the report.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.analyses.report import report_results
from hemodel.errors import UsageError
from hemodel.inputs.dictionary import nearest
from hemodel.publish.dossier.building import build, figures_of
from hemodel.publish.dossier.context import Context
from hemodel.publish.dossier.layout import read_layout
from hemodel.publish.dossier.word import word
from hemodel.publish.html import CAPTIONS, link, style_sheet, template
from hemodel.views.charts import figures
from hemodel.views.evidence.charts import evidence_captions, evidence_figures
from hemodel.views.report import dossier_tables
from hemodel.views.tables import names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.publish.dossier.document import Document, FigureBlock
    from hemodel.publish.manifest import Manifest


PRINT = 300
"""Dots per inch of the pictures."""


def context(results: Results, run: Run, pack: EvidencePack | None, manifest: Manifest) -> Context:
    """Return what the texts, tables and figures of a dossier are built from.

    Parameters
    ----------
    results : Results
    run : Run
        That the results are of.
    pack : EvidencePack or None
        On the curves of the run; without it the dossier has no evidence for them.
    manifest : Manifest
        What repeats the run.
    """
    whole = report_results(results, run, pack)
    captions = dict(CAPTIONS) if pack is None else CAPTIONS | evidence_captions(run.model, pack)
    drawn = charts(results, run, pack)
    return Context(
        results=whole,
        run=run,
        names=names_of(whole, run),
        pack=pack,
        tables=dossier_tables(whole, run, pack),
        captions={name: captions[name] for name in drawn},
        manifest=manifest,
    )


def charts(results: Results, run: Run, pack: EvidencePack | None) -> dict[str, Callable[[], Figure]]:
    """Return every chart that a dossier of this run can hold, by name; each is drawn when it is called."""
    found = figures(results, run)
    return found if pack is None else found | evidence_figures(run.model, pack)


_TALL = 1.15
"""Height over width from which a figure is given a page of its own in print."""


def page(document: Document) -> str:
    """Return the dossier as one HTML file that needs nothing else; the same document gives the same text."""
    return template("dossier.html.j2").render(
        css=style_sheet(), document=document, link=link, source=_source, tall=_is_tall
    )


def _source(figure: FigureBlock) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(figure.svg.read_bytes()).decode("ascii")


def _is_tall(figure: FigureBlock) -> bool:
    box = re.search(rb'viewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"', figure.svg.read_bytes())
    return box is not None and float(box[2]) > _TALL * float(box[1])


DOCX, HTML = "dossier.docx", "dossier.html"
FORMATS = ("html", "docx")


@dataclass(frozen=True)
class DossierRequest:
    """What to write: results of a run, the evidence for its curves, the layout, the formats."""

    results: Results
    pack: EvidencePack | None
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


def dossier(run: Run, request: DossierRequest, manifest: Manifest) -> tuple[Context, dict[str, Callable[[], Figure]]]:
    """Return what a dossier is built from, and its figures by name; each is drawn when it is called.

    Parameters
    ----------
    run : Run
    request : DossierRequest
    manifest : Manifest
        What repeats the run.
    """
    made = context(request.results, run, request.pack, manifest)
    drawn = charts(request.results, run, request.pack)
    return made, {name: drawn[name] for name in figures_of(read_layout(request.layout), made)}


def write_documents(
    made: Context, request: DossierRequest, folder: Path, pictures: Mapping[str, tuple[Path, Path]]
) -> None:
    """Write the dossier in each format that was asked for, with the PNG and the SVG of its figures."""
    document = build(made, read_layout(request.layout), pictures)
    if "docx" in request.formats:
        (folder / DOCX).write_bytes(word(document))
    if "html" in request.formats:
        (folder / HTML).write_text(page(document), encoding="utf-8")
