"""Documents of a run: the page of `hemodel run`, and the dossier with its figures in Word and as a page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hemodel.analyses.report import report_results
from hemodel.errors import UsageError
from hemodel.inputs.dictionary import nearest
from hemodel.publish.document.building import build, figures_of
from hemodel.publish.document.context import Content, Context
from hemodel.publish.document.layout import read_layout, shipped_layout
from hemodel.publish.document.texts import texts
from hemodel.publish.html import page
from hemodel.publish.word import word
from hemodel.views.evidence.charts import evidence_captions, evidence_figures
from hemodel.views.registry import captions, dossier_tables, figures, names_of
from hemodel.views.shared.printed import Printed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from matplotlib.figure import Figure

    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.publish.manifest import Manifest
    from hemodel.publish.word_styles import Template


PRINT = 300
"""Dots per inch of the pictures."""


def context(results: Results, run: Run, pack: EvidencePack | None, manifest: Manifest) -> Context:
    """Return what the texts, tables and figures of a dossier are built from.

    Parameters
    ----------
    run : Run
        That the results are of.
    pack : EvidencePack or None
        On the curves of the run; without it the dossier has no evidence for them.
    manifest : Manifest
        What repeats the run.
    """
    whole = report_results(results, run, pack)
    told = captions(results) if pack is None else captions(results) | evidence_captions(run.model, pack)
    drawn = charts(results, run, pack)
    return Context(
        results=whole,
        run=run,
        names=names_of(whole, run),
        pack=pack,
        tables=dossier_tables(whole, run, pack),
        captions={name: told[name] for name in drawn},
        manifest=manifest,
    )


def charts(results: Results, run: Run, pack: EvidencePack | None) -> dict[str, Callable[[], Figure]]:
    """Return every chart that a dossier of this run can hold, by name; each is drawn when it is called."""
    found = figures(results, run)
    return found if pack is None else found | evidence_figures(run.model, pack)


def content(made: Context, printed: Callable[[str], str] = str) -> Content:
    """Return what a document on a run may hold.

    Parameters
    ----------
    printed : callable
        What a text is printed as: `Printed` in a document that holds no ids.
    """
    results = made.results
    return Content(
        title=results.title,
        lead=(results.population, results.perspective),
        texts={name: partial(make, made) for name, make in texts().items()},
        tables=made.tables,
        captions=made.captions_of_told(),
        numbers="results.json",
        strategies=len(results.strategies),
        printed=printed,
    )


def dossier_content(made: Context) -> Content:
    """Return what a dossier may hold: labels stand for ids."""
    return content(made, Printed(made.results, made.names))


def report_page(
    results: Results,
    run: Run,
    pack: EvidencePack | None,
    manifest: Manifest,
    pictures: Mapping[str, tuple[Path, Path]],
) -> str:
    """Return the report of a run as one HTML file; the same results give the same text.

    Parameters
    ----------
    run : Run
        That the results are of.
    pack : EvidencePack or None
        On the curves of the run; without it the report has no section on it.
    manifest : Manifest
        What repeats the run.
    pictures : mapping from name to (png, svg)
        Of figures; those that are missing are left out.
    """
    made = context(results, run, pack, manifest)
    return page(build(content(made), shipped_layout("report"), pictures))


DOCX, HTML = "dossier.docx", "dossier.html"
FORMATS = ("html", "docx")


@dataclass(frozen=True)
class DossierRequest:
    """What to write: results of a run, the evidence for its curves, the layout, the formats, the Word template."""

    results: Results
    pack: EvidencePack | None
    layout: str
    formats: tuple[str, ...]
    template: Template | None = None


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
    manifest : Manifest
        What repeats the run.
    """
    made = context(request.results, run, request.pack, manifest)
    drawn = charts(request.results, run, request.pack)
    return made, {name: drawn[name] for name in figures_of(read_layout(request.layout), dossier_content(made))}


def write_documents(
    made: Context, request: DossierRequest, folder: Path, pictures: Mapping[str, tuple[Path, Path]]
) -> None:
    """Write the dossier in each format that was asked for, with the PNG and the SVG of its figures."""
    document = build(dossier_content(made), read_layout(request.layout), pictures)
    if "docx" in request.formats:
        (folder / DOCX).write_bytes(word(document, request.template))
    if "html" in request.formats:
        (folder / HTML).write_text(page(document), encoding="utf-8")
