"""The shape of results.json, published as a JSON Schema in `results.schema.json`.

Increments are intervention minus comparator; costs and QALYs are discounted
unless a name says otherwise; a number that does not exist is null.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from hemodel.inputs.changes import Change

SCHEMA_VERSION = 1

Amounts = Annotated[dict[str, float], Field(description="total, and each component by name")]


def threshold_key(threshold: float) -> str:
    """Return the name of a threshold in results.json, such as 50000."""
    return f"{threshold:.15g}"


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


class Both(_Entry):
    """An outcome with and without discounting."""

    discounted: Amounts
    undiscounted: Amounts


class ModelledSurvival(_Entry):
    """Survival as modelled, after caps and within the time horizon."""

    median_months: float | None = Field(description="months; null where it is not reached")
    mean_months: float = Field(description="months, within the time horizon")


class StrategyResult(_Entry):
    """Base case of one strategy."""

    life_years: Both = Field(description="years")
    qalys: Both = Field(description="QALYs; adverse_events is a loss")
    costs: Both = Field(description="currency")
    drug_costs: Both = Field(description="acquisition cost by drug; a breakdown of costs.acquisition")
    administrations: Both = Field(description="administrations by drug")
    survival: dict[str, ModelledSurvival] = Field(description="by endpoint: pfs, os")


class Incremental(_Entry):
    """One intervention against the comparator."""

    intervention: str
    comparator: str
    life_years: float
    qalys: float
    costs: float
    icer: float | None = Field(description="currency per QALY; null where the ratio means nothing")
    verdict: str
    nmb: dict[str, float] = Field(description="incremental net monetary benefit by threshold")
    nhb: dict[str, float | None] = Field(description="incremental net health benefit by threshold")


class Frontier(_Entry):
    """One strategy in the fully incremental analysis, in order of cost."""

    strategy: str
    status: str
    against: str | None
    costs: float | None
    qalys: float | None
    icer: float | None


class FitStatistic(_Entry):
    """A reported statistic beside the fitted curve."""

    id: str
    strategy: str
    statistic: str = Field(description="median, survival or hazard_ratio")
    time: float | None = Field(description="months, for survival")
    versus: str | None
    reported: float
    low: float | None
    high: float | None
    fitted: float | None = Field(description="null for a median that is not reached")
    z: float | None = Field(
        description="fitted minus reported in standard errors, on the scale of the fit; null without a standard error"
    )
    used: bool


class FitQuality(_Entry):
    """How an endpoint was fitted."""

    targets: int
    parameters: int
    sources: dict[str, str] = Field(description="what each strategy's curve was fitted to")
    objective: float | None = Field(
        description="sum of squared differences in standard errors; null without statistics"
    )
    criterion: float | None = Field(
        description="objective + 2 x parameters, or AIC for patient data; lower is better on the same evidence"
    )
    gradient_norm: float
    condition: float


class Curve(_Entry):
    """A fitted curve before any cap."""

    endpoint: str
    strategy: str
    family: str
    relation: str
    coefficients: dict[str, float] = Field(description="on the scale on which they are estimated")
    median_months: float | None
    mean_months: float | None = Field(description="unrestricted; null where infinite")
    restricted_mean_months: float = Field(description="within the time horizon")
    survival_by_year: dict[str, float]


class External(_Entry):
    """Survival in another study beside the curve."""

    id: str
    label: str
    endpoint: str
    strategy: str
    time_months: float = Field(description="on the clock of the other study")
    origin_months: float = Field(description="where the model starts on that clock")
    reported: float
    low: float | None
    high: float | None
    fitted: float


class FamilyFit(_Entry):
    """One family tried on an endpoint with the relations of the base case."""

    endpoint: str
    family: str
    base_case: bool
    identified: bool
    objective: float | None
    criterion: float | None
    largest_z: float | None
    restricted_mean_months: dict[str, float]
    survival_by_year: dict[str, dict[str, float]]


class AdjustmentEntry(_Entry):
    """What a cap did in the base case, and in which share of the draws it bound."""

    strategy: str
    rule: str
    first_month: float | None = Field(description="null where it did not bind in the base case")
    max_gap: float
    life_years_moved: float = Field(description="QALYs where a utility was capped")
    share_of_draws: float | None = Field(description="null without a probabilistic analysis")


class Dsa(_Entry):
    """One input at its two bounds."""

    id: str
    label: str
    unit: str
    intervention: str
    comparator: str
    base: float
    low: float
    high: float
    nmb_low: float
    nmb_high: float
    icer_low: float | None
    icer_high: float | None
    verdict_low: str
    verdict_high: str
    qalys_low: float
    qalys_high: float
    costs_low: float
    costs_high: float


class PsaIncrement(_Entry):
    """Increments of one intervention over the draws."""

    intervention: str
    comparator: str
    mean: dict[str, float] = Field(description="life_years, qalys, costs")
    interval: dict[str, tuple[float, float]]
    icer_of_means: float | None
    verdict_of_means: str
    nmb_mean: dict[str, float]
    nmb_interval: dict[str, tuple[float, float]]
    quadrants: dict[str, float] = Field(description="share of draws by verdict")
    mcse_inmb: float = Field(description="Monte Carlo standard error of mean nmb at the decision threshold")


class Ceac(_Entry):
    """Cost-effectiveness acceptability curves."""

    wtp: list[float]
    probability: dict[str, list[float]]


class Ceaf(_Entry):
    """Acceptability frontier: the strategy with the highest mean net benefit at each threshold."""

    wtp: list[float]
    strategy: list[str]
    probability: list[float]


class PsaResult(_Entry):
    """Probabilistic analysis."""

    draws: int
    seed: int
    mean: dict[str, dict[str, float]] = Field(description="strategy, then life_years, qalys, costs")
    interval: dict[str, dict[str, tuple[float, float]]]
    component_mean: dict[str, dict[str, Amounts]]
    increments: list[PsaIncrement]
    probability_cost_effective: dict[str, dict[str, float]] = Field(description="threshold, then strategy")
    ceac: Ceac
    ceaf: Ceaf
    mcse_inmb: float = Field(description="of the first intervention, at the decision threshold")


class ChangeEntry(_Entry):
    """A changed input."""

    id: str
    old: str | float | None
    new: str | float | None
    origin: str


def change_entry(change: Change) -> ChangeEntry:
    """Return a change as it is written down; a value that is neither text nor a number as text."""
    old, new = (
        None if v is None else v if isinstance(v, (int, float)) else str(v) for v in (change.expected, change.value)
    )
    return ChangeEntry(id=change.id, old=old, new=new, origin=change.origin)


class ScenarioEntry(_Entry):
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


class Results(_Entry):
    """Everything a run found."""

    schema_version: int
    title: str
    population: str
    perspective: str
    clock_start: str
    currency: str
    price_year: int
    time_horizon_years: float
    thresholds: list[float]
    decision_threshold: float
    strategies: list[str] = Field(description="comparator first")
    strategy_names: dict[str, str]
    drug_names: dict[str, str]
    under_scenarios: list[str] = Field(description="scenarios the whole run was made under")
    changes: list[ChangeEntry] = Field(description="inputs changed by --set or --scenario")
    base_case: dict[str, StrategyResult]
    incremental: list[Incremental]
    frontier: list[Frontier]
    fit: dict[str, list[FitStatistic]] = Field(description="by endpoint")
    fit_quality: dict[str, FitQuality] = Field(description="by endpoint")
    curves: list[Curve]
    external: list[External]
    families: list[FamilyFit]
    adjustments: list[AdjustmentEntry]
    dsa: list[Dsa] | None
    psa: PsaResult | None
    scenarios: list[ScenarioEntry] | None
    warnings: list[str]


SCHEMA = Path(__file__).with_name("results.schema.json")


def json_schema() -> str:
    """Return the JSON Schema of results.json, as it is published."""
    return json.dumps(Results.model_json_schema(mode="serialization"), indent=1) + "\n"


if __name__ == "__main__":
    SCHEMA.write_text(json_schema(), encoding="utf-8")
