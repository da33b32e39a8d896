"""The shape of the studies that could be done in results.json."""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry


class StudyAt(Entry):
    """What a study is worth at one threshold; lists are by size."""

    threshold: float
    evppi: float = Field(description="of what the study is about, currency per person")
    evppi_standard_error: float
    evsi: list[float] = Field(description="currency per person")
    evsi_standard_error: list[float]
    population_evsi: list[float] = Field(description="currency, discounted")
    population_standard_error: list[float]
    enbs: list[float] = Field(description="expected net benefit of sampling: population_evsi minus costs")
    optimal_size: int | None = Field(description="patients per arm; null where no size is worth its costs")
    notes: list[str]


class StudyCurve(Entry):
    """EVPPI and EVSI over willingness to pay, currency per person."""

    wtp: list[float]
    evppi: list[float]
    evsi: list[list[float]] = Field(description="by size, then by wtp")


class StudyEntry(Entry):
    """A study that could be done, and what it is worth."""

    id: str
    label: str
    kind: str = Field(description="binary, continuous or time_to_event")
    informs: list[str] = Field(description="ids of the inputs that the study is about")
    arms: int
    endpoint: str | None
    strategies: list[str] = Field(description="arms of a study of event times")
    follow_up_from: float | None = Field(description="months")
    follow_up: float | None = Field(description="months")
    yearly_dropout: float | None
    standard_deviation: float | None = Field(description="of one patient's value")
    fixed_cost: float
    cost_per_patient: float
    reports_after: float = Field(description="years, from now or from the last patient in")
    recruited_share: float | None
    method: str = Field(description="regression, moment_matching or importance_sampling")
    draws: int = Field(description="used for the estimate")
    sizes: list[int] = Field(description="patients per arm")
    effective_draws: list[float] | None = Field(description="behind the posterior of a data set, by size")
    reports: list[float] = Field(description="years from now until the results, by size")
    patients: list[float] = Field(description="who profit from the results, discounted, by size")
    costs: list[float] = Field(description="of the study, by size")
    at: list[StudyAt] = Field(description="by threshold")
    curve: StudyCurve
    notes: list[str]


class ResearchResult(Entry):
    """Whether more research is worth it."""

    currency: str = Field(description="unit of costs; empty where it has no name")
    effect: str = Field(description="unit of effects")
    decision_threshold: float
    patients_per_year: float
    horizon: float = Field(description="years for which the decision stays relevant")
    rates: list[tuple[float, float]] = Field(description="from year, discount rate of later patients")
    studies: list[StudyEntry]
