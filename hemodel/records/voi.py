"""The shape of voi.json.

Increments are against the first strategy; a number that does not exist is null.
"""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry
from hemodel.records.information import InformationResult
from hemodel.records.results import Ceac, Ceaf
from hemodel.records.studies import ResearchResult

SCHEMA_VERSION = 1


class FileEntry(Entry):
    """A file that was read."""

    name: str
    sha256: str


class MeanEntry(Entry):
    """Mean totals of a strategy, and its increments against the first; those of the first are null."""

    strategy: str
    costs: float
    effects: float
    incremental_costs: float | None
    incremental_effects: float | None
    icer: float | None
    verdict: str


class VoiResults(Entry):
    """Value of information of a probabilistic analysis made by any tool."""

    schema_version: int
    files: dict[str, FileEntry] = Field(description="params, costs, effects, and groups where it was given")
    currency: str = Field(description="as it was given; empty for none")
    effect: str = Field(description="what the effects are counted in")
    draws: int
    strategies: list[str] = Field(description="the first is what increments are against")
    thresholds: list[float]
    inputs: list[str]
    constant: list[str] = Field(description="inputs left out as they have one value in all draws")
    means: list[MeanEntry]
    ceac: Ceac
    ceaf: Ceaf
    information: InformationResult
    research: ResearchResult | None = Field(description="null without --studies")
    warnings: list[str]
