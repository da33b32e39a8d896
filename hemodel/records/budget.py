"""The shape of the budget impact in results.json and budget.json.

Costs are undiscounted and in constant prices; net is with the new treatment minus without it. A list holds a
number for each calendar year of `years`, unless its description says otherwise.
"""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry

ByYear = list[float]


class Series(Entry):
    """An amount by calendar year, and over all of them."""

    by_year: ByYear
    all_years: float


class BudgetStep(Entry):
    """One step of the funnel; the last leaves the eligible patients."""

    id: str
    label: str
    share: float | None = Field(description="of the step before; null for the top")
    patients: ByYear


class BudgetMix(Entry):
    """Patients and spending with one mix of treatments."""

    shares: dict[str, ByYear] = Field(description="of the eligible patients, by strategy")
    starting: dict[str, ByYear] = Field(description="patients who begin in the year, by strategy")
    alive: dict[str, ByYear] = Field(description="patients who ever began and are alive at the end of the year")
    died: dict[str, ByYear] = Field(description="patients who ever began and have died by the end of the year")
    by_category: dict[str, Series] = Field(description="costs by category. [currency]")
    by_strategy: dict[str, Series] = Field(description="costs by strategy. [currency]")
    total: Series = Field(description="[currency]")


class BudgetNet(Entry):
    """Net budget impact, in the currency of the model."""

    total: Series
    cumulative: ByYear
    by_category: dict[str, Series]
    by_strategy: dict[str, Series]
    by_drug: dict[str, Series] = Field(description="acquisition by drug; a breakdown of by_category.acquisition")


class BudgetTrigger(Entry):
    """The payer's trigger and the largest net impact in the years in which it is looked at."""

    amount: float = Field(description="[currency per year]")
    years: int = Field(description="in the first so many years")
    exceeded: bool
    year: int = Field(description="calendar year of the largest impact among them")
    impact: float = Field(description="in that year. [currency]")
    excess: float = Field(description="impact minus amount. [currency]")


class PriceAtTrigger(Entry):
    """One vial of a drug: its price, and the one at which the largest impact just meets the trigger."""

    id: str
    price: float
    at_trigger: float | None


class BudgetPrice(Entry):
    """A drug that the comparator does not give, with all its prices in proportion."""

    drug: str
    factor: float | None = Field(description="price at the trigger over the price; null where no price meets it")
    prices: list[PriceAtTrigger]


class BudgetItem(Entry):
    """One input at its two bounds: net budget impact over all years, and in the year in which it is largest."""

    id: str
    label: str
    unit: str
    base: float
    low: float
    high: float
    total_low: float
    total_high: float
    peak_low: float
    peak_high: float


class BudgetResult(Entry):
    """Budget impact of the base case."""

    years: list[int] = Field(description="calendar years")
    entry: str = Field(description="start, or spread over the year")
    funnel: list[BudgetStep]
    eligible: Series = Field(description="patients who become eligible in the year")
    cost_per_patient: dict[str, dict[str, ByYear]] = Field(
        description="by strategy and category (total too): in the calendar year of entry and in each year after it"
    )
    without_new: BudgetMix
    with_new: BudgetMix
    net: BudgetNet
    peak_year: int = Field(description="calendar year with the largest net impact")
    peak: float = Field(description="net impact in that year. [currency]")
    trigger: BudgetTrigger | None
    price_at_trigger: list[BudgetPrice]
    one_way: list[BudgetItem] | None = Field(description="inputs that move it, widest range first; null where not run")
    unmoved: int = Field(description="inputs of the one-way analysis that leave it as it is")


class BudgetDocument(Entry):
    """The contents of budget.json."""

    title: str
    population: str
    perspective: str
    currency: str
    price_year: int
    strategies: list[str] = Field(description="comparator first")
    strategy_names: dict[str, str]
    drug_names: dict[str, str]
    budget: BudgetResult
