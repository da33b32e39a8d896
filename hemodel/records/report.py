"""The shape of the results.json that stands beside a dossier, published in `report.schema.json`.

It is that of a run (see `schema`), and everything else that the dossier shows:
inputs, coefficients, differences between numbers, checks and the evidence for
the curves.
"""

from __future__ import annotations

from pydantic import Field

from hemodel.analyses.base_case import Both
from hemodel.analyses.evidence.records import Evidence
from hemodel.analyses.results import Results
from hemodel.entries import Entry


class InputEntry(Entry):
    """An input of the workbook that holds a value, as the run used it."""

    id: str
    subject: str
    label: str
    value: str | float | None
    unit: str
    low: float | None
    high: float | None
    se: float | None
    n: float | None
    distribution: str
    parameters: list[float] = Field(description="of the distribution, as it is drawn")
    range_basis: str
    source: str
    note: str


class CoefficientEntry(Entry):
    """A coefficient of a curve, on the scale on which it is estimated."""

    endpoint: str
    strategy: str
    name: str
    estimate: float
    standard_error: float


class Difference(Entry):
    """An intervention minus the comparator, by component."""

    intervention: str
    comparator: str
    life_years: Both
    qalys: Both
    costs: Both
    nmb_at_decision_threshold: float = Field(description="incremental net monetary benefit, discounted")


class OneWayRange(Entry):
    """How far an input moves the incremental net monetary benefit at the decision threshold."""

    id: str
    intervention: str
    range: float


class Step(Entry):
    """One step from the trial to the economic evaluation, for one intervention."""

    intervention: str
    step: str = Field(description="trial (to the median follow-up), extrapolated, utilities or costs")
    effect: float = Field(description="increment, discounted: life-years, from the step utilities on QALYs")
    costs: float | None = Field(description="increment, at the step costs")
    ratio: float | None = Field(description="currency per QALY, at the step costs; null where it means nothing")
    cost_per_life_year: float | None = Field(description="at the step costs; null where it means nothing")


class RankingEntry(Entry):
    """The place of a family among those tried on an endpoint."""

    endpoint: str
    family: str
    place: int
    concerns: int | None
    criterion: float | None
    above_lowest: float | None = Field(description="criterion less the lowest one of the endpoint")
    weight: float | None


class CheckEntry(Entry):
    """An arithmetic check of the run: a number, the limit it must keep, and whether it does."""

    name: str
    question: str
    measured: str = Field(description="what the number is")
    value: float
    limit: float
    passed: bool


class Counts(Entry):
    """Numbers of things that sentences name."""

    inputs: int
    assumptions: int
    sources: int
    cycles: int
    scenarios: int
    scenarios_stopped: int
    one_way_inputs: int
    checks: int
    checks_passed: int
    drugs: dict[str, int] = Field(description="by strategy")


class ReportResults(Results):
    """Everything that a dossier shows."""

    inputs: list[InputEntry]
    sources: list[list[str]] = Field(description="the sheet Sources of the workbook, row by row")
    coefficients: list[CoefficientEntry]
    differences: list[Difference]
    one_way_ranges: list[OneWayRange]
    budget_ranges: dict[str, float] = Field(description="how far an input moves the net budget impact, by id")
    external_model_months: dict[str, float] = Field(description="time of external evidence on the model's clock, by id")
    ranking: list[RankingEntry] = Field(description="of families, by endpoint")
    steps: list[Step]
    checks: list[CheckEntry]
    counts: Counts
    evidence: Evidence | None = Field(description="on the curves, as in evidence.json")
