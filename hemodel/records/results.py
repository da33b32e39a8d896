"""The shape of a scenario in results.json."""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry
from hemodel.inputs.changes import ChangeEntry


class ScenarioEntry(Entry):
    """One scenario for one intervention; nulls where it was stopped."""

    name: str
    group: str = Field(description="survival, costs, utilities, structure or settings")
    purpose: str
    question: str
    why: str
    source: str
    sweep: str = Field(description="name of the sweep that it is a point of; empty where it is none")
    label: str = Field(description="which point of the sweep")
    changes: list[ChangeEntry]
    intervention: str
    comparator: str
    life_years: float | None
    qalys: float | None
    costs: float | None
    icer: float | None
    verdict: str
    change_in_qalys: float | None = Field(description="incremental QALYs minus those of the base case")
    change_in_costs: float | None = Field(description="incremental costs minus those of the base case")
    change_in_icer: float | None = Field(description="minus the base case; null where either ratio is")
    nmb: dict[str, float] = Field(description="incremental net monetary benefit by threshold; empty where stopped")
    cost_effective: dict[str, bool] = Field(description="by threshold: whether nmb is 0 or more")
    changes_decision: dict[str, bool] = Field(description="by threshold: whether that differs from the base case")
    stopped: str = Field(description="why it was not run; empty where it was")
