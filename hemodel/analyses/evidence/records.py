"""The evidence on a model's curves: what was observed, every family tried, and what follow-up does not show.

Times are in months from the start of the model, hazards per month, survival and shares are proportions. A number that
does not exist is nan, one without limit infinite; both are null in JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.entries import Entry, Matrix, Numbers, Real
from hemodel.inputs.changes import ChangeEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.patients.proportionality import ChiSquaredTest


class Interval(Entry):
    """A value with its 95% interval."""

    value: Real = Field(description="in the unit of the field")
    low: Real | None = Field(description="lower end, in the unit of the field; null where there is none")
    high: Real | None = Field(description="upper end, in the unit of the field; null where there is none")


class ChiSquared(Entry):
    """A chi-squared test."""

    statistic: Real = Field(description="chi-squared")
    degrees_of_freedom: int = Field(description="of the statistic")
    p_value: Real = Field(description="probability of such a statistic, or a larger one, by chance")


def interval_of(value: float, low: float | None = None, high: float | None = None) -> Interval:
    """Return a value with its interval."""
    return Interval(value=value, low=low, high=high)


def tested(found: ChiSquaredTest | None) -> ChiSquared | None:
    """Return a test as it is published."""
    return None if found is None else ChiSquared(**vars(found))


class ObservedCurve(Entry):
    """The Kaplan-Meier curve of one strategy, a step function from survival 1 at time 0."""

    digitised: bool = Field(description="whether the patients were rebuilt from a digitised curve")
    times: Numbers = Field(description="the first is 0; each value holds from its time to the next. [months]")
    survival: Numbers = Field(description="[proportion]")
    low: Numbers = Field(description="lower end of the 95% interval of survival; null where it is 0. [proportion]")
    high: Numbers = Field(description="upper end of the 95% interval of survival; null where it is 0. [proportion]")
    at_risk_times: Numbers = Field(description="6 to 8 round times, the first 0. [months]")
    at_risk: Numbers = Field(description="patients at risk at those times")
    patients: float = Field(description="sum of weights")
    events: float = Field(description="sum of weights")
    censored: float = Field(description="sum of weights")
    effective_size: float | None = Field(description="effective sample size; null without weights")
    median: Interval = Field(description="null where it is not reached. [months]")


class ReportedPoint(Entry):
    """A reported median or landmark survival as a point of the curve."""

    id: str = Field(description="of the row")
    label: str = Field(description="of the row")
    strategy: str = Field(description="id of the strategy")
    kind: str = Field(description="median (survival is 0.5, low and high are months) or survival")
    time: Real = Field(description="[months]")
    survival: float = Field(description="[proportion]")
    low: float | None = Field(description="of the 95% interval, reported or from the standard error; null for a bound")
    high: float | None = Field(description="of the 95% interval, reported or from the standard error; null for a bound")
    bound: str | None = Field(description="at_least or at_most where only that is known")
    used: bool = Field(description="whether the fit uses it")


class ExternalLandmark(Entry):
    """Survival in another study beside every fitted family."""

    id: str = Field(description="of the row")
    label: str = Field(description="of the row")
    strategy: str = Field(description="id of the strategy")
    time: float = Field(description="on the clock of the model. [months]")
    reported_time: float = Field(description="on the clock of the other study. [months]")
    origin: float = Field(description="where the model starts on that clock. [months]")
    survival: Interval = Field(description="[proportion]")
    used: bool = Field(description="whether the fit uses it")
    weight: float | None = Field(description="power-prior weight")
    by_family: dict[str, float] = Field(description="survival there of every fitted family. [proportion]")


class FollowUp(Entry):
    """How long patients were observed."""

    months: Real | None = Field(description="what beyond follow-up refers to; null where it is not known. [months]")
    basis: str = Field(description="what that is, in words")
    reported: float | None = Field(description="median follow-up of the trial. [months]")
    reverse_median: dict[str, Real] = Field(
        description="median of the reverse Kaplan-Meier curve by strategy; null where not reached. [months]"
    )
    last: dict[str, float] = Field(description="last time observed by strategy. [months]")


class Smoothed(Entry):
    """A smoothed hazard of the data."""

    times: Numbers = Field(description="[months]")
    hazard: Numbers = Field(description="[per month]")
    low: Numbers = Field(description="lower end of the 95% interval; null where the hazard is 0. [per month]")
    high: Numbers = Field(description="upper end of the 95% interval; null where the hazard is 0. [per month]")
    bandwidth: float = Field(description="half the width of the window. [months]")


class LogCumulativeHazard(Entry):
    """Points of log cumulative hazard against log time, of patients or of the reported points of a strategy."""

    log_time: Numbers = Field(description="natural logarithm of months")
    log_hazard: Numbers = Field(description="natural logarithm of the cumulative hazard")


class Residuals(Entry):
    """Scaled Schoenfeld residuals, one an event."""

    time: Numbers = Field(description="[months]")
    value: Numbers = Field(description="log hazard ratio + scaled residual")


class Quantiles(Entry):
    """Times by which equal shares of two strategies had the event."""

    share: Numbers = Field(description="with the event. [proportion]")
    reference: Numbers = Field(description="times of the reference. [months]")
    strategy: Numbers = Field(description="times of the strategy. [months]")
    slope: float = Field(description="least squares through the origin")


class Comparison(Entry):
    """Whether the effect of a strategy against the comparator is constant; `notes` says why a part is null."""

    reference: str = Field(description="id of the comparator")
    strategy: str = Field(description="id of the strategy")
    hazard_ratio: Interval | None = Field(description="from the Cox model")
    proportional_hazards: ChiSquared | None = Field(description="Grambsch and Therneau's, of a constant hazard ratio")
    schoenfeld: Residuals | None = Field(description="log hazard ratio over time")
    quantiles: Quantiles | None = Field(description="of both strategies")
    acceleration_factor: Interval | None = Field(description="within the generalised gamma")
    constant_acceleration: ChiSquared | None = Field(description="test of a constant acceleration factor")
    notes: list[str] = Field(description="why a part is null")


CRITERION = "criterion"
AIC = "AIC"
MIXED = "criterion + AIC"


class FittedCurve(Entry):
    """One strategy's curve in one family, as fitted: before further effects, waning, a floor or a cap.

    Intervals are percentiles of 1,000 multivariate normal draws of the coefficients.
    """

    family: str = Field(description="its own, or that of the curve it is relative to")
    relation: str = Field(description="to the reference, or independent")
    median: Interval = Field(description="null where it is not reached. [months]")
    restricted_mean: Interval = Field(description="within the time horizon. [months]")
    mean: Real = Field(description="unrestricted; null where infinite. [months]")
    survival_by_year: dict[int, Interval] = Field(
        description="at 1, 2, 3, 5 and 10 years within the horizon. [proportion]"
    )
    at_horizon: float = Field(description="survival at the time horizon. [proportion]")
    beyond_follow_up: float | None = Field(description="share of the restricted mean. [proportion]")
    survival: Numbers = Field(description="at the months of the endpoint. [proportion]")
    hazard: Numbers = Field(description="at the months of the endpoint; null where infinite. [per month]")


def _none() -> Numbers:
    return np.empty(0)


def _no_rows() -> Matrix:
    return np.empty((0, 0))


class FamilyEvidence(Entry):
    """One family on one endpoint, with the workbook's relations and evidence."""

    family: str = Field(description="name or formula; where strategies have different families, all of them joined")
    in_use: bool = Field(default=False, description="whether it is what the workbook uses")
    fitted: bool = Field(default=False, description="whether the evidence identifies it")
    reason: str = Field(default="", description="why it could not be fitted")
    place: int = Field(default=0, description="in the order of the ranking, from 1")
    criterion_rank: int | None = Field(default=None, description="1 is the lowest criterion")
    criterion_name: str = Field(
        description="criterion (sum of squared z + 2 p, reported statistics), AIC (patients), or criterion + AIC where"
        " strategies have different sources"
    )
    criterion: Real | None = Field(
        default=None, description="lower is better; null for averages of families and published coefficients"
    )
    weight: Real | None = Field(default=None, description="exp(-criterion / 2) as a share of all fitted families")
    aic: Real | None = Field(default=None, description="of patients and digitised curves, for all curves together")
    aicc: Real | None = Field(default=None, description="AIC corrected for few patients; null where infinite")
    bic: Real | None = Field(default=None, description="by patients, for all curves together")
    bic_events: Real | None = Field(default=None, description="by events, for all curves together")
    largest_z: Real | None = Field(
        default=None, description="largest difference of a used statistic from the curves. [standard errors]"
    )
    names: list[str] = Field(default=[], description="of the coefficients")
    coefficients: Numbers = Field(default_factory=_none, description="on the estimation scale")
    errors: Numbers = Field(default_factory=_none, description="standard errors on the estimation scale")
    covariance: Matrix = Field(default_factory=_no_rows, description="on the estimation scale")
    curves: dict[str, FittedCurve] = Field(default={}, description="by strategy")
    concerns: list[str] = Field(default=[], description="plausibility rules that it breaks, each with the number")
    notes: list[str] = Field(default=[], description="what the fit itself says of its data and coefficients")


class Spread(Entry):
    """A mean within the horizon, or a difference of two, and its standard error taken two ways."""

    label: str = Field(description="strategy, or strategy - comparator")
    mean: Real = Field(description="[months]")
    independent: Real = Field(description="standard error with reported statistics independent. [months]")
    correlated: Real = Field(description="standard error with them correlated as in simulated trials. [months]")
    ratio: Real = Field(description="correlated / independent: 0.8 means a spread 20% smaller")


class StatisticsEvidence(Entry):
    """How the reported statistics of an endpoint vary together over simulated trials."""

    ids: list[str] = Field(description="of the statistics used in the fit")
    labels: list[str] = Field(description="of the statistics")
    correlation: Matrix = Field(description="of the statistics on the scales of the fit")
    simulated: list[bool] = Field(description="whether it was; others are taken as independent")
    effective_sizes: Numbers = Field(
        description="patients with whom the simulated standard error would be the reported one; null where unknown"
    )
    patients: Numbers = Field(description="that there were; null where unknown")
    missing: Numbers = Field(description="share of the trials that could not report it. [proportion]")
    trials: int = Field(description="simulated")
    complete: int = Field(description="trials that could report every statistic")
    spread: list[Spread] = Field(description="of each strategy, then of each difference from the comparator")
    used: str = Field(description="independent or correlated, whichever the workbook uses")


class EndpointEvidence(Entry):
    """All evidence on the curves of one endpoint."""

    sources: dict[str, str] = Field(description="reported, digitised, patients or coefficients, by strategy")
    observed: dict[str, ObservedCurve] = Field(description="of patients and digitised curves, by strategy")
    points: list[ReportedPoint] = Field(description="medians and landmarks of the trial")
    external: list[ExternalLandmark] = Field(description="landmarks of other studies")
    follow_up: FollowUp = Field(description="of the endpoint")
    smoothed: dict[str, Smoothed] = Field(description="of patients and digitised curves, by strategy")
    months: Numbers = Field(description="grid for fitted curves, rising from above 0 to the time horizon. [months]")
    background_hazard: Numbers | None = Field(
        description="the population's on the grid, where background mortality is set. [per month]"
    )
    log_cumulative_hazard: dict[str, LogCumulativeHazard] = Field(description="by strategy")
    comparisons: list[Comparison] = Field(description="each strategy with patients against the comparator")
    comparisons_note: str = Field(description="why there are none; empty where there are")
    families: list[FamilyEvidence] = Field(description="in the order of their ranking")
    statistics: StatisticsEvidence | None = Field(description="where curves are fitted to reported statistics")
    statistics_note: str = Field(description="why there is none; empty where there is")

    def above_lowest(self, family: FamilyEvidence) -> float | None:
        """Return how far the criterion of a family lies above the lowest of all; None where it has none."""
        lowest = min((each.criterion for each in self.families if each.criterion is not None), default=np.nan)
        return None if family.criterion is None else family.criterion - lowest

    @property
    def in_use(self) -> FamilyEvidence:
        """The family that the workbook uses."""
        return next(family for family in self.families if family.in_use)


class PostProgression(Entry):
    """The hazard of death after progression that PFS and OS as modelled imply together, for one strategy.

    Over each cycle it is (deaths - share_deaths x those leaving PFS) / time progressed,
    which is (-dOS/dt - share_deaths x (-dPFS/dt)) / (OS - PFS) by differences.
    """

    share_deaths: float = Field(description="share of PFS events that are deaths. [proportion]")
    months: Numbers = Field(description="middle of each cycle. [months]")
    hazard: Numbers = Field(description="null while fewer than 1 in 10,000 patients are progressed. [per month]")
    background: Numbers | None = Field(description="the population's, where background mortality is set. [per month]")
    months_below: list[int] = Field(
        description="months (1 is the first) in which it is below the background, or below 0 where there is none"
    )
    months_negative: list[int] = Field(description="months in which it is below 0: the curves contradict each other")
    finding: str = Field(description="in one sentence")


class BeyondFollowUp(Entry):
    """Shares of discounted life-years and QALYs that lie beyond follow-up.

    The share of an increment can be below 0 or above 1, where the strategies' order changes; it does not exist where
    the increment is 0.
    """

    follow_up: float = Field(description="[months]")
    life_years: dict[str, float] = Field(description="by strategy. [proportion]")
    qalys: dict[str, float] = Field(description="by strategy. [proportion]")
    incremental_life_years: dict[str, Real] = Field(description="against the comparator, by strategy. [proportion]")
    incremental_qalys: dict[str, Real] = Field(description="against the comparator, by strategy. [proportion]")

    def life_years_within(self, intervention: str, gained: float) -> float | None:
        """Return the part within follow-up of the discounted life-years gained [years]; None where that is unknown."""
        share = self.incremental_life_years[intervention]
        return float(gained * (1.0 - share)) if np.isfinite(share) else None


SCHEMA_VERSION = 1


class Evidence(Entry):
    """The evidence on all curves of a model: evidence.json."""

    schema_version: int = Field(description="of this file")
    title: str = Field(description="of the model")
    seed: int = Field(description="of the draws of coefficients and of the simulated trials")
    strategies: dict[str, str] = Field(description="names by id; comparator first")
    follow_up: Real | None = Field(description="null where it is not known. [months]")
    horizon: float = Field(description="[months]")
    changes: list[ChangeEntry] = Field(description="inputs changed by --set or --scenario")
    endpoints: dict[str, EndpointEvidence] = Field(description="PFS and OS first")
    death_after_progression: dict[str, PostProgression] = Field(description="by strategy")
    beyond_follow_up: BeyondFollowUp | None = Field(description="null where follow-up is not known")


@dataclass(frozen=True, eq=False)
class EvidencePack:
    """The evidence, and the fits (by endpoint and family) that curves at other times are drawn from."""

    evidence: Evidence
    fits: Mapping[str, Mapping[str, EndpointFit]]
