"""The shape of curves and their fits in results.json."""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry


class FitStatistic(Entry):
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


class FitQuality(Entry):
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


class Curve(Entry):
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


class External(Entry):
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


class FamilyFit(Entry):
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
