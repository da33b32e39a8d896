"""The shape of two-way, n-way and threshold analyses in results.json and dsa.json."""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry
from hemodel.inputs.changes import ChangeEntry
from hemodel.records.grids import ThresholdValue, TwoWayResult
from hemodel.records.results import Dsa, Incremental

DSA_SCHEMA_VERSION = 1


class CombinationResult(Entry):
    """One combination for one intervention; nulls where it failed."""

    name: str
    values: dict[str, float] = Field(description="by id; other inputs stay as they are")
    intervention: str
    comparator: str
    qalys: float | None
    costs: float | None
    icer: float | None
    verdict: str
    nmb: dict[str, float] = Field(description="incremental net monetary benefit by threshold; empty where it failed")
    change_in_nmb: float | None = Field(description="from the base case, at the decision threshold")
    changes_decision: bool | None = Field(description="whether nmb has another sign than in the base case")
    failed: str = Field(description="why there is no result; empty where there is one")


class NWayResult(Entry):
    """The combinations of a file."""

    file: str
    sha256: str
    labels: dict[str, str] = Field(description="of the inputs, by id")
    units: dict[str, str]
    combinations: list[CombinationResult]


class ThresholdAt(Entry):
    """The values of an input at which net benefit is 0 at one threshold."""

    intervention: str
    comparator: str
    threshold: float
    values: list[float] = Field(description="all that were found between low and high, rising")
    nmb_low: float | None
    nmb_high: float | None
    cost_effective: list[tuple[float, float]] = Field(description="parts of the range where net benefit is 0 or more")
    established: str = Field(description="linear; no effect; monotone on the grid; grid")
    words: str


class ThresholdLine(Entry):
    """Increments of one intervention along the range, for a chart."""

    intervention: str
    qalys: list[float | None]
    costs: list[float | None]


class ThresholdSearch(Entry):
    """A search for the values of one input that meet thresholds."""

    id: str
    label: str
    unit: str
    base: float
    low: float
    high: float
    x: list[float]
    lines: list[ThresholdLine]
    failed: int = Field(description="points of the grid without a result")
    at: list[ThresholdAt]


class DsaDocument(Entry):
    """Everything that `hemodel dsa` found."""

    schema_version: int
    title: str
    currency: str
    measure: str = Field(description="what the heat maps and bars show: nmb, icer, qalys or costs")
    decision_threshold: float
    thresholds: list[float] = Field(description="that of the decision first")
    strategies: list[str] = Field(description="comparator first")
    strategy_names: dict[str, str]
    changes: list[ChangeEntry]
    base_case: list[Incremental]
    one_way: list[Dsa]
    threshold_values: list[ThresholdValue]
    two_way: list[TwoWayResult]
    n_way: NWayResult | None
    searches: list[ThresholdSearch]
    warnings: list[str]
