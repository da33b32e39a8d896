"""The shape of sweep.json.

As in results.json, increments are intervention minus comparator; costs and QALYs are discounted.
"""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry
from hemodel.inputs.changes import ChangeEntry
from hemodel.records.results import PsaIncrement

SCHEMA_VERSION = 1


class SweepWorkbook(Entry):
    """A workbook that was read."""

    name: str = Field(description="of the file; with its folder where two have one name")
    sha256: str
    title: str
    currency: str
    strategies: list[str] = Field(description="comparator first")
    strategy_names: dict[str, str]


class SweepEntry(Entry):
    """Probabilistic analysis of a workbook as it stands, or under one scenario."""

    workbook: str
    scenario: str = Field(description="empty for the workbook as it stands")
    question: str
    sha256: str = Field(description="of the scenario as it is written; empty for none")
    changes: list[ChangeEntry] = Field(description="made by --set and by the scenario")
    draws: int
    seed: int
    sampling: str = Field(description="random, latin_hypercube or sobol")
    thresholds: list[float]
    decision_threshold: float
    mean: dict[str, dict[str, float]] = Field(description="strategy, then life_years, qalys, costs")
    interval: dict[str, dict[str, tuple[float, float]]] = Field(description="2.5% and 97.5% points of the draws")
    increments: list[PsaIncrement]
    probability_cost_effective: dict[str, dict[str, float]] = Field(description="threshold, then strategy")
    optimal: dict[str, str] = Field(description="by threshold: the strategy with the highest mean net benefit")
    evpi: dict[str, float] = Field(description="expected value of perfect information per person, by threshold")


class SweepDocument(Entry):
    """Probabilistic analyses of workbooks, each as it stands and under scenarios."""

    schema_version: int
    workbooks: list[SweepWorkbook]
    results: list[SweepEntry] = Field(description="by workbook: as it stands, then under each scenario")
