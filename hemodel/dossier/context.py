"""What the texts of a dossier are built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analysis.evidence import EvidencePack
    from hemodel.analysis.run import Run
    from hemodel.reporting.schema_report import ReportResults
    from hemodel.reporting.tables_shape import Table
    from hemodel.reporting.tables_words import Names


@dataclass(frozen=True)
class Context:
    """A run with its results, tables and manifest.

    Attributes
    ----------
    results : ReportResults
        The only place numbers come from.
    run : Run
    names : Names
        Printed names.
    pack : EvidencePack or None
        On the curves of the run.
    tables : mapping from name to Table
    captions : mapping from name to str
        Of the figures that the run has.
    manifest : mapping
        What repeats the run.
    """

    results: ReportResults
    run: Run
    names: Names
    pack: EvidencePack | None
    tables: Mapping[str, Table]
    captions: Mapping[str, str]
    manifest: Mapping[str, Any]
