"""The shape of results.json.

Increments are intervention minus comparator; costs and QALYs are discounted
unless a name says otherwise; a number that does not exist is null.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hemodel.entries import Entry
from hemodel.inputs.changes import ChangeEntry
from hemodel.records.budget import BudgetResult
from hemodel.records.curves import Curve, External, FamilyFit, FitQuality, FitStatistic
from hemodel.records.grids import ThresholdValue, TwoWayResult
from hemodel.records.information import InformationResult
from hemodel.records.payer import PayerResult
from hemodel.records.prices import DrugPriceEntry
from hemodel.records.psa import PsaCheck, PsaDifference, PsaExtreme, PsaInput
from hemodel.records.studies import ResearchResult

SCHEMA_VERSION = 1

Amounts = Annotated[dict[str, float], Field(description="total, and each component by name")]


def threshold_key(threshold: float) -> str:
    """Return the name of a threshold in results.json, such as 50000."""
    return f"{threshold:.15g}"


class Both(Entry):
    """An outcome with and without discounting."""

    discounted: Amounts
    undiscounted: Amounts


class ModelledSurvival(Entry):
    """Survival as modelled, after caps and within the time horizon."""

    median_months: float | None = Field(description="months; null where it is not reached")
    mean_months: float = Field(description="months, within the time horizon")


class StrategyResult(Entry):
    """Base case of one strategy."""

    life_years: Both = Field(description="years")
    qalys: Both = Field(description="QALYs; adverse_events is a loss")
    costs: Both = Field(description="currency")
    drug_costs: Both = Field(description="acquisition cost by drug; a breakdown of costs.acquisition")
    administrations: Both = Field(description="administrations by drug")
    survival: dict[str, ModelledSurvival] = Field(description="by endpoint: pfs, os")


class Incremental(Entry):
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


class Frontier(Entry):
    """One strategy in the fully incremental analysis, in order of cost."""

    strategy: str
    status: str
    against: str | None
    costs: float | None
    qalys: float | None
    icer: float | None


class AdjustmentEntry(Entry):
    """What a cap did in the base case, and in which share of the draws it bound."""

    strategy: str
    rule: str
    first_month: float | None = Field(description="null where it did not bind in the base case")
    max_gap: float
    life_years_moved: float = Field(description="QALYs where a utility was capped")
    share_of_draws: float | None = Field(description="null without a probabilistic analysis")


class Dsa(Entry):
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


class PsaIncrement(Entry):
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
    nmb_mcse: dict[str, float] = Field(description="Monte Carlo standard error of nmb_mean")
    mcse_inmb: float = Field(description="Monte Carlo standard error of mean nmb at the decision threshold")


class Ceac(Entry):
    """Cost-effectiveness acceptability curves."""

    wtp: list[float]
    probability: dict[str, list[float]]


class Ceaf(Entry):
    """Acceptability frontier: the strategy with the highest mean net benefit at each threshold."""

    wtp: list[float]
    strategy: list[str]
    probability: list[float]


class ExpectedLoss(Entry):
    """Mean loss of choosing each strategy, over all draws; the lowest is the expected value of perfect information."""

    wtp: list[float]
    loss: dict[str, list[float]] = Field(description="by strategy; net benefit of the best of a draw less its own")
    evpi: list[float] = Field(description="currency per person")
    evpi_standard_error: list[float]


class PsaResult(Entry):
    """Probabilistic analysis."""

    draws: int
    seed: int
    sampling: str = Field(description="random, latin_hypercube or sobol")
    stopped: str = Field(description="why the draws ended, where a rule decided; else empty")
    kept: int = Field(description="draws kept one by one, the first ones")
    mean: dict[str, dict[str, float]] = Field(description="strategy, then life_years, qalys, costs")
    interval: dict[str, dict[str, tuple[float, float]]]
    component_mean: dict[str, dict[str, Amounts]]
    increments: list[PsaIncrement]
    probability_cost_effective: dict[str, dict[str, float]] = Field(description="threshold, then strategy")
    ceac: Ceac
    ceaf: Ceaf
    expected_loss: ExpectedLoss
    mcse_inmb: float = Field(description="of the first intervention, at the decision threshold")
    checks: list[PsaCheck]
    inputs: list[PsaInput]
    differences: list[PsaDifference] = Field(description="by intervention")
    extremes: list[PsaExtreme] = Field(description="of the first intervention, lowest net benefit first")


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


class Results(Entry):
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
    two_way: list[TwoWayResult] | None = Field(
        description="the two largest bars of each intervention; null without dsa"
    )
    threshold_values: list[ThresholdValue] | None = Field(description="null without dsa")
    psa: PsaResult | None
    information: InformationResult | None = Field(description="value of information; null without the draws")
    scenarios: list[ScenarioEntry] | None
    payer: PayerResult | None = Field(description="null without --payer")
    prices: list[DrugPriceEntry] | None = Field(description="price at which each threshold is met, by drug")
    budget: BudgetResult | None = Field(description="null where the workbook has no values for it")
    research: ResearchResult | None = Field(description="null without studies in the workbook, or without draws")
    warnings: list[str]
