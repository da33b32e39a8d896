"""The page of the evidence pack: one HTML file that needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.publish.html import FIGURE, ReportSection, link, numbered, style_sheet, template
from hemodel.views.evidence.charts import (
    EXTRAPOLATION,
    FIT,
    HAZARDS,
    LOG_CUMULATIVE,
    LONG_HAZARDS,
    MEANS,
    POST_PROGRESSION,
    QUANTILES,
    SCHOENFELD,
    evidence_captions,
)
from hemodel.views.evidence.tables import by_endpoint
from hemodel.views.evidence.tables_families import concerns_of
from hemodel.views.evidence.words import EvidenceNames, in_use_words
from hemodel.views.shared.text import brief

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.analyses.evidence.records import EndpointEvidence, EvidencePack
    from hemodel.model.evaluate import Model


FLEXIBLE = "_flexible"
ORDER = (
    *("ranking", "concerns"),
    *(f"{FIGURE}{chart}" for chart in (FIT, f"{FIT}{FLEXIBLE}", EXTRAPOLATION, f"{EXTRAPOLATION}{FLEXIBLE}")),
    *(f"{FIGURE}{chart}" for chart in (HAZARDS, f"{HAZARDS}{FLEXIBLE}", LONG_HAZARDS, f"{LONG_HAZARDS}{FLEXIBLE}")),
    *(f"{FIGURE}{LOG_CUMULATIVE}", f"{FIGURE}{SCHOENFELD}", f"{FIGURE}{QUANTILES}", "tests_of_effects"),
    *(f"{FIGURE}{MEANS}", "means_by_family", "survival_by_family", "external_by_family"),
    *("fit_statistics", "statistics", "statistics_correlation", "spread", "coefficients_by_family"),
)
"""Tables and figures of an endpoint, without its name."""
ACROSS = (f"{FIGURE}{POST_PROGRESSION}", "death_after_progression", "beyond_follow_up")


def evidence_html(model: Model, pack: EvidencePack, figures_svg: Mapping[str, str], repeat: str = "") -> str:
    """Return the evidence pack as one HTML file.

    Parameters
    ----------
    model : Model
        Whose curves the pack is on.
    pack : EvidencePack
    figures_svg : mapping from name to str
        Figures as SVG, by the names of `evidence_figures`; missing ones are left out.
    repeat : str
        The command that repeats it.

    Returns
    -------
    str
        The same pack gives the same text.
    """
    names = EvidenceNames(model)
    settings = model.inputs.settings
    made, captions = by_endpoint(model, pack), evidence_captions(model, pack)
    return template("evidence.html.j2").render(
        css=style_sheet(),
        title=pack.evidence.title,
        population=settings.population,
        key_sentences=[in_use_words(names, endpoint, found) for endpoint, found in pack.evidence.endpoints.items()],
        changes=[
            f"{change.id}: {change.expected} to {change.value} ({change.origin})" for change in model.inputs.changes
        ],
        workbook=model.inputs.path.name,
        repeat=repeat,
        sections=numbered(_sections(pack, names), made, figures_svg, captions),
        link=link,
    )


def _sections(pack: EvidencePack, names: EvidenceNames) -> list[ReportSection]:
    first = ReportSection("sources", "What the curves rest on", names=("observed",))
    last = ReportSection("across", "Across endpoints", names=ACROSS)
    return [first, *(_section(endpoint, found, names) for endpoint, found in pack.evidence.endpoints.items()), last]


def _section(endpoint: str, found: EndpointEvidence, names: EvidenceNames) -> ReportSection:
    own = found.in_use
    followed = found.follow_up
    text = [in_use_words(names, endpoint, found)]
    if followed.months is not None:
        text.append(f"Follow-up: {brief(followed.months)} months. {followed.basis}")
    text += [note for note in (found.comparisons_note, found.statistics_note) if note]
    concerns = concerns_of(own, names)
    if concerns:
        text.append("What speaks against the family in use:")
    return ReportSection(
        id=f"endpoint-{endpoint}",
        title=names.endpoint(endpoint),
        text=tuple(text),
        points=tuple(concerns),
        names=tuple(_named(name, endpoint) for name in ORDER),
    )


def _named(name: str, endpoint: str) -> str:
    """Return the name of a table or figure with the endpoint's in it."""
    if name.endswith(FLEXIBLE):
        return f"{name.removesuffix(FLEXIBLE)}_{endpoint}{FLEXIBLE}"
    return f"{name}_{endpoint}"
