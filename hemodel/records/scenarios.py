"""The shape of scenarios.json.

Increments are intervention minus comparator, discounted; a number that does not exist is null.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hemodel.inputs.changes import ChangeEntry
from hemodel.records.results import Incremental, ScenarioEntry

SCHEMA_VERSION = 1


class ScenarioResults(BaseModel):
    """What comes of every scenario of a workbook."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")

    schema_version: int
    title: str
    payer: str = Field(description="code of the payer whose scenarios were run; empty for none")
    currency: str
    price_year: int
    thresholds: list[float]
    decision_threshold: float
    strategy_names: dict[str, str] = Field(description="comparator first")
    changes: list[ChangeEntry] = Field(description="what the base case had changed already")
    base_case: list[Incremental]
    scenarios: list[ScenarioEntry]
    warnings: list[str]
