"""What the texts of a dossier are built from.

What a text of a dossier returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.report import ReportResults
    from hemodel.analyses.run import Run
    from hemodel.publish.manifest import Manifest
    from hemodel.views.shared.table import Table
    from hemodel.views.shared.words import Names


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
    manifest : Manifest
        What repeats the run.
    """

    results: ReportResults
    run: Run
    names: Names
    pack: EvidencePack | None
    tables: Mapping[str, Table]
    captions: Mapping[str, str]
    manifest: Manifest


Look = Literal["body", "key", "bullets", "code"]


@dataclass(frozen=True)
class Lines:
    """Lines of one look, or pairs of label and text.

    Lines of the look body make one paragraph. `lead` is a paragraph before the others.
    """

    lines: Sequence[str] = ()
    look: Look = "body"
    lead: str = ""
    facts: Sequence[tuple[str, str]] = ()
