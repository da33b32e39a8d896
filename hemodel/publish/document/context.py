"""What a document is built from: the texts, tables and figures it may hold, and what the texts read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar

from hemodel.economics import OFF_FRONTIER
from hemodel.views.registry import CHARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.report import ReportResults
    from hemodel.analyses.run import Run
    from hemodel.publish.manifest import Manifest
    from hemodel.views.shared.table import Table
    from hemodel.views.shared.words import Names

MOST_TOLD = 3
"""Interventions with sentences and charts of their own in a document; tables and the files of a run hold all."""


class OfIntervention(Protocol):
    """A record of one intervention."""

    @property
    def intervention(self) -> str:
        """Id of the strategy."""
        ...


R = TypeVar("R", bound=OfIntervention)


@dataclass(frozen=True)
class Context:
    """A run with its results, tables and manifest.

    Attributes
    ----------
    results : ReportResults
        The only place numbers come from.
    names : Names
        Printed names.
    pack : EvidencePack or None
        On the curves of the run.
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

    @property
    def told(self) -> tuple[str, ...]:
        """Ids of the interventions with sentences and charts of their own, in the order of the workbook.

        The one on which the decision turns, then those on the efficiency frontier, then the others.
        """
        off = {entry.strategy for entry in self.results.frontier if entry.status in OFF_FRONTIER}
        every = [entry.intervention for entry in self.results.incremental]
        first = sorted(every, key=lambda id_: (id_ != self.results.headline.question, id_ in off))
        return tuple(id_ for id_ in every if id_ in first[:MOST_TOLD])

    def of_told(self, entries: Sequence[R]) -> list[R]:
        """Return those records whose intervention is one of `told`."""
        return [entry for entry in entries if entry.intervention in self.told]

    def captions_of_told(self) -> dict[str, str]:
        """Return the captions of the charts, without those of interventions that are not `told`."""
        every = [entry.intervention for entry in self.results.incremental]
        of = {
            made.name: intervention
            for chart in CHARTS
            if chart.each is not None
            for made, intervention in zip(chart.of_run(self.results), every, strict=True)
        }
        kept = {name: text for name, text in self.captions.items() if of.get(name) in {None, *self.told}}
        others = len(every) - len(self.told)
        more = f"; {others} more in the folder figures" if others else ""
        return {name: text + more * (of.get(name) == self.told[-1]) for name, text in kept.items()}


Look = Literal["body", "paragraphs", "key", "caution", "bullets", "code", "numbers"]


@dataclass(frozen=True)
class Lines:
    """Lines of one look, or pairs of label and text.

    Lines of the look body make one paragraph; of the look key the first leads. `lead` is a paragraph before the
    others; `numbers` are label, number and what stands under it.
    """

    lines: Sequence[str] = ()
    look: Look = "body"
    lead: str = ""
    facts: Sequence[tuple[str, str]] = ()
    numbers: Sequence[tuple[str, str, str]] = ()


@dataclass(frozen=True)
class Content:
    """What a document may hold; a layout says which of it, and where.

    Attributes
    ----------
    lead : tuple of str
        Lines below the title.
    texts : mapping from name to callable
        Each returns the lines of the text.
    tables : mapping from name to Table
        With rows.
    captions : mapping from name to str
        Of the figures.
    numbers : str
        The file with the numbers that the figures show.
    strategies : int
        How many are compared.
    endpoints : mapping from id to str
        Names of those with sections of their own.
    printed : callable
        What a text of the run is printed as; as it is where ids may be shown.
    """

    title: str
    lead: tuple[str, ...]
    texts: Mapping[str, Callable[[], Lines]]
    tables: Mapping[str, Table]
    captions: Mapping[str, str]
    numbers: str
    strategies: int = 0
    endpoints: Mapping[str, str] = field(default_factory=dict)
    printed: Callable[[str], str] = str
