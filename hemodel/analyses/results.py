"""Everything that a run found, in the shape of results.json.

Increments are intervention minus comparator; costs and QALYs are discounted
unless a name says otherwise; a number that does not exist is null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.analyses.base_case import (
    AdjustmentEntry,
    Incremental,
    StrategyResult,
    adjustments,
    fully_incremental,
    incremental,
    strategy_results,
)
from hemodel.analyses.beside import BesideEntry, beside
from hemodel.analyses.budget import BudgetResult
from hemodel.analyses.dsa.curves_at_ends import CurveAtEnds, curves_at_ends
from hemodel.analyses.dsa.grids import TwoWayResult
from hemodel.analyses.dsa.one_way import Dsa, bars
from hemodel.analyses.dsa.threshold_search import ThresholdValue
from hemodel.analyses.fitted_curves import (
    Curve,
    External,
    FamilyFit,
    FitQuality,
    FitStatistic,
    compare_external,
    fit_quality,
    fit_statistics,
    summarise_curves,
)
from hemodel.analyses.gates.judge import FitWarning, fit_warnings
from hemodel.analyses.headline import Headline, headline
from hemodel.analyses.information import InformationResult
from hemodel.analyses.payer import PayerResult
from hemodel.analyses.prices import DrugPrice
from hemodel.analyses.psa.given import GivenFile
from hemodel.analyses.psa.result import PsaResult
from hemodel.analyses.research import ResearchResult
from hemodel.analyses.scenarios import ScenarioEntry
from hemodel.economics import Frontier
from hemodel.entries import Entry
from hemodel.inputs.changes import ChangeEntry, change_entry

if TYPE_CHECKING:
    from hemodel.analyses.run import Run


SCHEMA_VERSION = 1
OF_SETTINGS = ("title", "population", "perspective", "clock_start", "currency", "price_year")
"""Fields that repeat a setting of the workbook."""


class Results(Entry):
    """Everything a run found."""

    schema_version: int = Field(description="of this shape")
    title: str = Field(description="of the workbook")
    population: str = Field(description="who is treated")
    perspective: str = Field(description="whose costs count")
    clock_start: str = Field(description="event at which the model starts")
    currency: str = Field(description="of costs")
    price_year: int = Field(description="of costs")
    time_horizon_years: float = Field(description="[year]")
    thresholds: list[float] = Field(description="willingness to pay. [currency per QALY]")
    decision_threshold: float = Field(description="at which one answer is given. [currency per QALY]")
    strategies: list[str] = Field(description="comparator first")
    strategy_names: dict[str, str] = Field(description="by id")
    drug_names: dict[str, str] = Field(description="by id")
    under_scenarios: list[str] = Field(description="scenarios the whole run was made under")
    changes: list[ChangeEntry] = Field(description="inputs changed by --set or --scenario")
    headline: Headline = Field(description="the answer")
    base_case: dict[str, StrategyResult] = Field(description="by strategy")
    incremental: list[Incremental] = Field(description="by intervention")
    beside: list[BesideEntry] = Field(description="the base case, scenarios and published analyses side by side")
    frontier: list[Frontier] = Field(description="fully incremental analysis, by cost")
    fit: dict[str, list[FitStatistic]] = Field(description="by endpoint")
    fit_quality: dict[str, FitQuality] = Field(description="by endpoint")
    curves: list[Curve] = Field(description="by endpoint and strategy")
    external: list[External] = Field(description="other studies beside the curves")
    fit_warnings: list[FitWarning] = Field(description="what cannot be in the curves, or goes against their evidence")
    families: list[FamilyFit] = Field(description="every family tried; empty where that was not asked for")
    adjustments: list[AdjustmentEntry] = Field(description="what caps did")
    dsa: list[Dsa] | None = Field(description="one-way analysis, by the range of net benefit; null where not asked for")
    dsa_curves: list[CurveAtEnds] | None = Field(
        description="what the ends of the bars of curves are; null where not asked for"
    )
    dsa_statistics: list[Dsa] | None = Field(
        description="each reported statistic alone at its bounds, with a refit; null where not asked for"
    )
    dsa_statistics_curves: list[CurveAtEnds] | None = Field(
        description="the curves that these refits give; null where not asked for"
    )
    two_way: list[TwoWayResult] | None = Field(
        description="the two largest bars of each intervention; null without dsa"
    )
    threshold_values: list[ThresholdValue] | None = Field(description="null without dsa")
    psa: PsaResult | None = Field(description="probabilistic analysis; null where not asked for")
    use_draws: GivenFile | None = Field(default=None, description="file of draws; null without --use-draws")
    information: InformationResult | None = Field(description="value of information; null without the draws")
    scenarios: list[ScenarioEntry] | None = Field(description="by scenario and intervention; null where not asked for")
    payer: PayerResult | None = Field(description="null without --payer")
    prices: list[DrugPrice] | None = Field(description="price at which each threshold is met, by drug")
    budget: BudgetResult | None = Field(description="null where the workbook has no values for it")
    research: ResearchResult | None = Field(description="null without studies in the workbook, or without draws")
    warnings: list[str] = Field(description="what to know about the inputs and the run")


def results(run: Run) -> Results:
    """Return everything a run found, in the shape of results.json."""
    inputs, settings = run.model.inputs, run.model.inputs.settings
    ranking = fully_incremental(run.base)
    drawn = None if run.psa is None or run.psa_result is None else (run.psa, run.psa_result)
    return Results(
        schema_version=SCHEMA_VERSION,
        **{name: getattr(settings, name) for name in OF_SETTINGS},
        time_horizon_years=settings.time_horizon,
        thresholds=list(settings.thresholds),
        decision_threshold=settings.decision_threshold,
        strategies=list(run.model.strategies),
        strategy_names={strategy.id: strategy.name for strategy in inputs.strategies},
        drug_names={drug.id: drug.name for drug in inputs.drugs},
        under_scenarios=[scenario.name for scenario in run.under],
        changes=[change_entry(change) for change in inputs.changes],
        headline=headline(run.model, run.base, ranking, drawn, run.payer),
        base_case=strategy_results(run.model, run.base),
        incremental=incremental(run.base, settings.thresholds),
        beside=beside(run.model, run.base, run.scenarios),
        frontier=ranking,
        fit={endpoint: fit_statistics(fit) for endpoint, fit in run.model.fits.items()},
        fit_quality={endpoint: fit_quality(fit) for endpoint, fit in run.model.fits.items()},
        curves=summarise_curves(run.model),
        external=compare_external(run.model),
        fit_warnings=fit_warnings(run.model),
        families=run.families,
        adjustments=adjustments(run.base, run.psa),
        dsa=None if run.one_way is None else bars(run.model, run.one_way),
        dsa_curves=None if run.one_way is None else curves_at_ends(run.model, run.one_way),
        dsa_statistics=None if run.statistics is None else bars(run.model, run.statistics),
        dsa_statistics_curves=None if run.statistics is None else curves_at_ends(run.model, run.statistics),
        two_way=run.two_way,
        threshold_values=run.threshold_values,
        psa=run.psa_result,
        use_draws=None if run.given is None else run.given.file,
        information=run.information,
        scenarios=run.scenarios,
        payer=run.payer,
        prices=run.prices,
        budget=run.budget,
        research=run.research,
        warnings=list(run.warnings),
    )
