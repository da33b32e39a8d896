"""What the page of an evidence pack may hold: its tables, figures and texts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from hemodel.publish.document.context import Content, Lines
from hemodel.publish.document.texts import command, repeat
from hemodel.views.evidence.charts import evidence_captions
from hemodel.views.evidence.tables import by_endpoint
from hemodel.views.evidence.tables_families import concerns_of
from hemodel.views.evidence.words import EvidenceNames, in_use_words
from hemodel.views.shared.text import brief

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.analyses.evidence.records import EndpointEvidence, EvidencePack
    from hemodel.model.evaluate import Model
    from hemodel.publish.manifest import Manifest


FAMILY_IN_USE, FOLLOW_UP, CONCERNS = "family_in_use", "follow_up", "concerns"
EVIDENCE_TEXTS = (
    *("families_in_use", "count_of_changes", "changes", "repeat", "command"),
    *(f"{name}_{{endpoint}}" for name in (FAMILY_IN_USE, FOLLOW_UP, CONCERNS)),
)
"""Names of the texts; those of an endpoint end in its id."""


def evidence_content(model: Model, pack: EvidencePack, manifest: Manifest) -> Content:
    """Return what the page of an evidence pack may hold.

    Parameters
    ----------
    model : Model
        Whose curves the pack is on.
    manifest : Manifest
        What repeats it.
    """
    names = EvidenceNames(model)
    return Content(
        title=pack.evidence.title,
        lead=(model.inputs.settings.population,),
        texts=_texts(model, pack, manifest),
        tables={table.name: table for table in by_endpoint(model, pack)},
        captions=evidence_captions(model, pack),
        numbers="evidence.json",
        endpoints={endpoint: names.endpoint(endpoint) for endpoint in pack.evidence.endpoints},
    )


def _texts(model: Model, pack: EvidencePack, manifest: Manifest) -> dict[str, Callable[[], Lines]]:
    names = EvidenceNames(model)
    in_use = [in_use_words(names, endpoint, found) for endpoint, found in pack.evidence.endpoints.items()]
    found: dict[str, Callable[[], Lines]] = {
        "families_in_use": lambda: Lines(in_use, look="paragraphs"),
        "count_of_changes": partial(_count_of_changes, model),
        "changes": partial(_changes, model),
        "repeat": partial(repeat, manifest),
        "command": partial(command, manifest),
    }
    for sentence, (endpoint, of_it) in zip(in_use, pack.evidence.endpoints.items(), strict=True):
        found[f"{FAMILY_IN_USE}_{endpoint}"] = partial(Lines, [sentence])
        found[f"{FOLLOW_UP}_{endpoint}"] = partial(_follow_up, of_it)
        found[f"{CONCERNS}_{endpoint}"] = partial(_concerns, of_it, names)
    return found


def _count_of_changes(model: Model) -> Lines:
    count = len(model.inputs.changes)
    words = "1 input differs" if count == 1 else f"{count} inputs differ"
    return Lines([f"{words} from the workbook: see [section changes]."] if count else [], look="caution")


def _changes(model: Model) -> Lines:
    told = [f"{change.id}: {change.expected} to {change.value} ({change.origin})" for change in model.inputs.changes]
    return Lines(told, look="bullets")


def _follow_up(found: EndpointEvidence) -> Lines:
    followed = found.follow_up
    months = [] if followed.months is None else [f"Follow-up: {brief(followed.months)} months. {followed.basis}"]
    notes = [note for note in (found.comparisons_note, found.statistics_note) if note]
    return Lines([*months, *notes], look="paragraphs")


def _concerns(found: EndpointEvidence, names: EvidenceNames) -> Lines:
    return Lines(concerns_of(found.in_use, names), look="bullets", lead="What speaks against the family in use:")
