"""What a dossier is made from: the run with its evidence, tables, and charts to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hemodel.dossier.context import Context
from hemodel.reporting.charts import figures
from hemodel.reporting.evidence_charts import evidence_captions, evidence_figures
from hemodel.reporting.html import CAPTIONS
from hemodel.reporting.report_document import report_results
from hemodel.reporting.tables import names_of
from hemodel.reporting.tables_report import dossier_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from matplotlib.figure import Figure

    from hemodel.analysis.evidence import EvidencePack
    from hemodel.analysis.run import Run
    from hemodel.reporting.schema import Results

PRINT = 300
"""Dots per inch of the pictures."""


def context(results: Results, run: Run, pack: EvidencePack | None, seed: int, manifest: Mapping[str, Any]) -> Context:
    """Return what the texts, tables and figures of a dossier are built from.

    Parameters
    ----------
    results : Results
    run : Run
        That the results are of.
    pack : EvidencePack or None
        On the curves of the run; without it the dossier has no evidence for them.
    seed : int
        With which the pack was made.
    manifest : mapping
        What repeats the run.
    """
    whole = report_results(results, run, pack, seed)
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
