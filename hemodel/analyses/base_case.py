"""The base case as it is published: totals and survival of each strategy, increments, frontier, adjustments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from hemodel.analyses.fitted_curves import state_medians
from hemodel.economics import Frontier, Verdict, frontier, increment, net_health_benefit, net_monetary_benefit, verdict
from hemodel.entries import Entry, finite
from hemodel.model.outcomes import mean_years
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.psa.draws import Psa
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes


Amounts = Annotated[dict[str, float], Field(description="total, and each component by name")]


def threshold_key(threshold: float) -> str:
    """Return the name of a threshold in results.json, such as 50000."""
    return f"{threshold:.15g}"


@dataclass(frozen=True)
class Increment:
    """Intervention minus comparator, discounted totals of one draw."""

    intervention: str
    comparator: str
    life_years: float
    qalys: float
    costs: float
    verdict: Verdict

    def benefit(self, threshold: float) -> float:
        """Return the incremental net monetary benefit at a threshold [currency]."""
        return net_monetary_benefit(self.qalys, self.costs, threshold)

    def health_benefit(self, threshold: float) -> float:
        """Return the incremental net health benefit at a threshold [QALY]; NaN at 0."""
        return net_health_benefit(self.qalys, self.costs, threshold)


class Both(Entry):
    """An outcome with and without discounting."""

    discounted: Amounts
    undiscounted: Amounts


class ModelledSurvival(Entry):
    """Survival as modelled, after caps and within the time horizon."""

    median_months: float | None = Field(description="null where it is not reached. [month]")
    mean_months: float = Field(description="within the time horizon. [month]")


class StrategyResult(Entry):
    """Base case of one strategy."""

    life_years: Both = Field(description="by health state. [year]")
    qalys: Both = Field(description="adverse_events is a loss. [QALY]")
    costs: Both = Field(description="by component. [currency]")
    drug_costs: Both = Field(description="acquisition cost by drug; a breakdown of costs.acquisition. [currency]")
    administrations: Both = Field(description="by drug. [administrations]")
    survival: dict[str, ModelledSurvival] = Field(description="by endpoint: pfs, os")


class Incremental(Entry):
    """One intervention against the comparator, discounted."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    life_years: float = Field(description="increment. [year]")
    qalys: float = Field(description="increment. [QALY]")
    costs: float = Field(description="increment. [currency]")
    icer: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    verdict: str = Field(description="what the increments are, in words")
    nmb: dict[str, float] = Field(description="incremental net monetary benefit by threshold. [currency]")
    nhb: dict[str, float | None] = Field(
        description="incremental net health benefit by threshold; null at a threshold of 0. [QALY]"
    )


class AdjustmentEntry(Entry):
    """What a cap did in the base case, and in which share of the draws it bound."""

    strategy: str = Field(description="id of the strategy")
    rule: str = Field(description="which cap, and of which endpoint where it is of one")
    first_month: float | None = Field(description="null where it did not bind in the base case. [month]")
    max_gap: float = Field(description="largest difference that it made: of survival, or of a utility. [proportion]")
    life_years_moved: float = Field(description="QALYs where a utility was capped. [year]")
    share_of_draws: float | None = Field(description="null without a probabilistic analysis. [proportion]")


def strategy_results(model: Model, base: Outcomes) -> dict[str, StrategyResult]:
    """Return the totals and the survival of each strategy, comparator first."""
    medians = state_medians(model)
    found = {}
    for i, strategy in enumerate(model.strategies):
        means = mean_years(base, i)
        found[strategy] = StrategyResult(
            life_years=Both(**base.life_years.amounts(i)),
            qalys=Both(**base.qalys.amounts(i)),
            costs=Both(**base.costs.amounts(i)),
            drug_costs=Both(**base.drug_costs.amounts(i)),
            administrations=Both(**base.administrations.amounts(i)),
            survival={
                endpoint: ModelledSurvival(
                    median_months=finite(medians[strategy][endpoint]),
                    mean_months=float(means[endpoint]) * MONTHS_PER_YEAR,
                )
                for endpoint in ("pfs", "os")
            },
        )
    return found


def increments(outcomes: Outcomes, draw: int = 0) -> tuple[Increment, ...]:
    """Return the increments of every intervention over the comparator in one draw."""
    comparator, *interventions = outcomes.strategies
    found = []
    for i, intervention in enumerate(interventions, start=1):
        years, qalys, costs = (
            float(increment(t.total[draw], i)) for t in (outcomes.life_years, outcomes.qalys, outcomes.costs)
        )
        found.append(Increment(intervention, comparator, years, qalys, costs, verdict(costs, qalys)))
    return tuple(found)


def incremental(base: Outcomes, thresholds: Sequence[float]) -> list[Incremental]:
    """Return the increments of every intervention over the comparator, with net benefit at thresholds."""
    return [
        Incremental(
            intervention=found.intervention,
            comparator=found.comparator,
            life_years=found.life_years,
            qalys=found.qalys,
            costs=found.costs,
            icer=found.verdict.icer,
            verdict=found.verdict.word,
            nmb={threshold_key(t): found.benefit(t) for t in thresholds},
            nhb={threshold_key(t): finite(found.health_benefit(t)) for t in thresholds},
        )
        for found in increments(base)
    ]


def fully_incremental(base: Outcomes) -> list[Frontier]:
    """Return the fully incremental analysis of the base case."""
    return frontier(base.strategies, base.costs.total[0].tolist(), base.qalys.total[0].tolist())


def adjustments(base: Outcomes, psa: Psa | None) -> list[AdjustmentEntry]:
    """Return what each cap did, where it bound in the base case or in any draw."""
    found = []
    for strategy, exposed in base.exposures.items():
        for rule, done in exposed.adjustments.items():
            in_draws = 0 if psa is None else psa.adjusted.get((strategy, rule), 0)
            day = float(done.first_day[0])
            nothing = math.isnan(day) or done.max_gap[0] == done.years_moved[0] == 0.0
            if nothing and in_draws == 0:
                continue
            found.append(
                AdjustmentEntry(
                    strategy=strategy,
                    rule=rule,
                    first_month=None if math.isnan(day) else day / DAYS_PER_MONTH,
                    max_gap=float(done.max_gap[0]),
                    life_years_moved=float(done.years_moved[0]),
                    share_of_draws=None if psa is None else in_draws / psa.draws,
                )
            )
    return found
