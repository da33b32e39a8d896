"""The shape of evidence.json, published as a JSON Schema in `evidence.schema.json`.

Times are in months from the start of the model, hazards per month, survival and
shares are proportions; a number that does not exist or is infinite is null.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from hemodel.inputs.changes import ChangeEntry

SCHEMA_VERSION = 1

Numbers = list[float | None]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IntervalEntry(_Entry):
    """A value with its 95% interval."""

    value: float | None
    low: float | None
    high: float | None


class ObservedEntry(_Entry):
    """A Kaplan-Meier curve, a step function from survival 1 at time 0."""

    digitised: bool = Field(description="patients rebuilt from a digitised curve")
    times: Numbers
    survival: Numbers
    low: Numbers
    high: Numbers
    at_risk_times: Numbers
    at_risk: Numbers
    patients: float
    events: float
    censored: float
    median: IntervalEntry


class PointEntry(_Entry):
    """A reported median or landmark survival."""

    id: str
    label: str
    strategy: str
    kind: str = Field(description="median (low and high are months) or survival")
    time: float
    survival: float
    low: float | None
    high: float | None
    bound: str | None = Field(description="at_least or at_most where only that is known")
    used: bool


class ExternalEntry(_Entry):
    """Survival in another study beside every fitted family."""

    id: str
    label: str
    strategy: str
    time: float = Field(description="on the clock of the model")
    reported_time: float = Field(description="on the clock of the other study")
    origin: float = Field(description="where the model starts on that clock")
    survival: IntervalEntry
    used: bool
    weight: float | None
    by_family: dict[str, float]


class FollowUpEntry(_Entry):
    """How long patients were observed."""

    months: float | None
    basis: str
    reported: float | None
    reverse_median: dict[str, float | None]
    last: dict[str, float]


class SmoothedEntry(_Entry):
    """A smoothed hazard of the data."""

    times: Numbers
    hazard: Numbers
    low: Numbers
    high: Numbers
    bandwidth: float


class LogCumulativeEntry(_Entry):
    """Points of log cumulative hazard against log time."""

    log_time: Numbers
    log_hazard: Numbers


class TestEntry(_Entry):
    """A chi-squared test."""

    statistic: float
    degrees_of_freedom: int
    p_value: float


class ResidualsEntry(_Entry):
    """Scaled Schoenfeld residuals, one an event."""

    time: Numbers
    value: Numbers = Field(description="log hazard ratio + scaled residual")


class QuantilesEntry(_Entry):
    """Times by which equal shares of two strategies had the event."""

    share: Numbers
    reference: Numbers
    strategy: Numbers
    slope: float = Field(description="least squares through the origin")


class ComparisonEntry(_Entry):
    """Whether the effect of a strategy against the comparator is constant."""

    reference: str
    strategy: str
    hazard_ratio: IntervalEntry | None
    proportional_hazards: TestEntry | None
    schoenfeld: ResidualsEntry | None
    quantiles: QuantilesEntry | None
    acceleration_factor: IntervalEntry | None
    constant_acceleration: TestEntry | None
    notes: list[str]


class CurveEntry(_Entry):
    """One strategy's curve in one family, before any cap or floor."""

    family: str
    relation: str
    median: IntervalEntry
    restricted_mean: IntervalEntry = Field(description="within the time horizon")
    mean: float | None = Field(description="unrestricted; null where infinite")
    survival_by_year: dict[str, IntervalEntry]
    at_horizon: float
    beyond_follow_up: float | None = Field(description="share of the restricted mean")
    survival: Numbers = Field(description="at the months of the endpoint")
    hazard: Numbers = Field(description="at the months of the endpoint")


class FamilyEntry(_Entry):
    """One family on one endpoint."""

    family: str
    in_use: bool
    fitted: bool
    reason: str = Field(description="why it could not be fitted")
    place: int
    criterion_rank: int | None
    criterion_name: str
    criterion: float | None
    weight: float | None
    aic: float | None
    aicc: float | None
    bic: float | None
    bic_events: float | None
    largest_z: float | None
    names: list[str]
    coefficients: Numbers = Field(description="on the estimation scale")
    errors: Numbers
    covariance: list[Numbers]
    curves: dict[str, CurveEntry]
    concerns: list[str]
    notes: list[str]


class SpreadEntry(_Entry):
    """A mean within the horizon, or a difference of two, and its standard error taken two ways."""

    label: str
    mean: float | None
    independent: float | None
    correlated: float | None
    ratio: float | None


class StatisticsEntry(_Entry):
    """How the reported statistics vary together over simulated trials."""

    ids: list[str]
    labels: list[str]
    correlation: list[Numbers]
    simulated: list[bool]
    effective_sizes: Numbers
    patients: Numbers
    missing: Numbers
    trials: int
    complete: int
    spread: list[SpreadEntry]
    used: str


class EndpointEntry(_Entry):
    """All evidence on the curves of one endpoint."""

    sources: dict[str, str]
    observed: dict[str, ObservedEntry]
    points: list[PointEntry]
    external: list[ExternalEntry]
    follow_up: FollowUpEntry
    smoothed: dict[str, SmoothedEntry]
    months: Numbers
    background_hazard: Numbers | None
    log_cumulative_hazard: dict[str, LogCumulativeEntry]
    comparisons: list[ComparisonEntry]
    comparisons_note: str
    families: list[FamilyEntry] = Field(description="in the order of their ranking")
    statistics: StatisticsEntry | None
    statistics_note: str


class PostProgressionEntry(_Entry):
    """The hazard of death after progression that the modelled curves imply."""

    share_deaths: float
    months: Numbers
    hazard: Numbers
    background: Numbers | None
    months_below: list[int]
    months_negative: list[int]
    finding: str


class BeyondEntry(_Entry):
    """Shares of discounted life-years and QALYs beyond follow-up."""

    follow_up: float
    life_years: dict[str, float]
    qalys: dict[str, float]
    incremental_life_years: dict[str, float | None]
    incremental_qalys: dict[str, float | None]


class Evidence(_Entry):
    """The evidence on all curves of a model."""

    schema_version: int
    title: str
    seed: int
    strategies: dict[str, str] = Field(description="names; comparator first")
    follow_up: float | None
    horizon: float
    changes: list[ChangeEntry]
    endpoints: dict[str, EndpointEntry]
    death_after_progression: dict[str, PostProgressionEntry]
    beyond_follow_up: BeyondEntry | None
