"""What `hemodel fit` prints: the ranking of each endpoint, and which family the workbook uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.console_tables import NO_BREAK_SPACE, plain_table
from hemodel.reporting.evidence_words import EvidenceNames, in_use_words
from hemodel.reporting.format import display
from hemodel.reporting.tables_words import family_name

if TYPE_CHECKING:
    from pathlib import Path

    from hemodel.analysis.evidence import EndpointEvidence, EvidencePack
    from hemodel.model import Model

MARK = "*"


def evidence_summary(model: Model, pack: EvidencePack, target: Path) -> str:
    """Return the ranking of the families of every endpoint and where everything was written.

    Parameters
    ----------
    model : Model
    pack : EvidencePack
    target : Path
        The folder.
    """
    names = EvidenceNames(model)
    lines = [pack.title, ""]
    lines += [f"Changed: {c.id}: {c.expected} -> {c.value} ({c.origin})" for c in model.inputs.changes]
    for endpoint, found in pack.endpoints.items():
        lines += [in_use_words(names, endpoint, found), _ranking(names, found), *_unfitted(found), ""]
    return "\n".join([*lines, f"Written to {target}"]).replace(NO_BREAK_SPACE, " ")


def _ranking(names: EvidenceNames, found: EndpointEvidence) -> str:
    rows = [
        (
            f"{MARK if family.in_use else ' '} {family_name(family.family)}",
            str(len(family.concerns)),
            display(family.criterion, "score"),
            display(family.weight, "share"),
            *(display(curve.restricted_mean.value, "months") for curve in family.curves.values()),
        )
        for family in found.families
        if family.fit is not None
    ]
    means = tuple(f"Mean months, {names.strategy(strategy)}" for strategy in found.in_use.curves)
    return plain_table(("  Family", "Concerns", "Criterion", "Weight", *means), rows)


def _unfitted(found: EndpointEvidence) -> list[str]:
    names = [family_name(family.family) for family in found.families if family.fit is None]
    return [f"Not fitted: {', '.join(names)}; evidence.html says why."] if names else []
