"""The evidence pack of a model's curves: what was observed, every family tried, and what follow-up does not show.

`evidence_pack` of the module of that name fills these in. Times are in months from the
start of the model, hazards per month, survival a probability. A number that does not exist
is None; arrays may hold nan where a single value does not.

What was observed and reported of one endpoint, as parts of the evidence pack (see `evidence`).

One family of curves tried on an endpoint, as a part of the evidence pack (see `evidence`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.entries import Entry, Real

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array
    from hemodel.survival.patients.hazards import SmoothedHazard
    from hemodel.survival.patients.proportionality import (
        AccelerationTest,
        ChiSquaredTest,
        QuantilePoints,
        SchoenfeldResiduals,
    )


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


@dataclass(frozen=True, eq=False)
class ObservedCurve:
    """The Kaplan-Meier curve of one strategy, from patients or a digitised curve.

    Attributes
    ----------
    strategy : str
    digitised : bool
        Whether the patients were rebuilt from a digitised curve.
    times, survival, low, high : array (k,)
        The curve begins with survival 1 at time 0 and is a step function: each value
        holds from its time to the next. `low` and `high` are the 95% interval, nan
        where survival is 0.
    at_risk_times, at_risk : array (m,)
        Numbers at risk at 6 to 8 round times, the first of them 0.
    patients, events, censored : float
        Sums of weights.
    median : Interval
        ``inf`` where it is not reached.
    """

    strategy: str
    digitised: bool
    times: Array
    survival: Array
    low: Array
    high: Array
    at_risk_times: Array
    at_risk: Array
    patients: float
    events: float
    censored: float
    median: Interval


@dataclass(frozen=True)
class ReportedPoint:
    """A reported median or landmark survival as a point of the curve.

    Attributes
    ----------
    id, label, strategy : str
    kind : str
        ``median`` (survival is 0.5, the interval is that of the time) or ``survival``
        (the interval is that of the survival).
    time, survival : float
    low, high : float or None
        95% interval, reported or from the standard error; None for a bound.
    bound : str or None
        ``at_least`` or ``at_most`` where only that is known.
    used : bool
        Whether the fit uses it.
    """

    id: str
    label: str
    strategy: str
    kind: str
    time: float
    survival: float
    low: float | None
    high: float | None
    bound: str | None
    used: bool


@dataclass(frozen=True)
class ExternalLandmark:
    """Survival in another study, on the model's clock, beside the curves of all families.

    Attributes
    ----------
    id, label, strategy : str
    time : float
        On the model's clock.
    reported_time, origin : float
        On the other study's clock, and when on that clock the model starts.
    survival : Interval
    used : bool
        Whether the fit uses it.
    weight : float or None
        Power-prior weight.
    by_family : mapping from family to survival there
        Fitted families only.
    """

    id: str
    label: str
    strategy: str
    time: float
    reported_time: float
    origin: float
    survival: Interval
    used: bool
    weight: float | None
    by_family: Mapping[str, float]


@dataclass(frozen=True)
class FollowUp:
    """How long patients were observed.

    Attributes
    ----------
    months : float or None
        What "beyond follow-up" refers to; None where it is not known.
    basis : str
        In words.
    reported : float or None
        Reported median follow-up of the trial.
    reverse_median, last : mapping from strategy to float
        Of patients and digitised curves: median of the reverse Kaplan-Meier curve
        (``inf`` where not reached) and last time observed.
    """

    months: float | None
    basis: str
    reported: float | None
    reverse_median: Mapping[str, float]
    last: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class LogCumulativeHazard:
    """Points (log t, log H), from the Kaplan-Meier curve or the reported points of one strategy; each (k,)."""

    strategy: str
    log_time: Array
    log_hazard: Array


@dataclass(frozen=True, eq=False)
class Comparison:
    """Whether the effect of a strategy against the comparator is constant, by its patients.

    A part that cannot be computed is None and `notes` says why.

    Attributes
    ----------
    reference, strategy : str
    hazard_ratio : Interval or None
        From the Cox model.
    schoenfeld : SchoenfeldResiduals or None
        Scaled residuals: log hazard ratio over time.
    proportionality : ChiSquaredTest or None
        Grambsch and Therneau's test of a constant hazard ratio.
    quantiles : QuantilePoints or None
        With the slope through the origin.
    acceleration : AccelerationTest or None
        Test of a constant acceleration factor within the generalised gamma.
    notes : tuple of str
    """

    reference: str
    strategy: str
    hazard_ratio: Interval | None
    schoenfeld: SchoenfeldResiduals | None
    proportionality: ChiSquaredTest | None
    quantiles: QuantilePoints | None
    acceleration: AccelerationTest | None
    notes: tuple[str, ...]


CRITERION = "criterion"
AIC = "AIC"
MIXED = "criterion + AIC"


@dataclass(frozen=True, eq=False)
class FittedCurve:
    """One strategy's curve in one family, as fitted: before further effects, waning, a floor or a cap.

    Intervals are percentiles of 1,000 multivariate normal draws of the coefficients.

    Attributes
    ----------
    strategy : str
    family : str
        Its own family, or that of the curve it is relative to.
    relation : str
    median, restricted_mean : Interval
        Months; the mean is within the time horizon.
    mean : float
        Unrestricted mean, ``inf`` where infinite.
    survival : mapping from years to Interval
        At 1, 2, 3, 5 and 10 years within the horizon.
    at_horizon : float
        Survival at the time horizon.
    beyond_follow_up : float or None
        Share of the restricted mean that lies beyond follow-up.
    on_grid, hazard : array (months of the grid,)
        Survival and hazard at `EndpointEvidence.months`; a hazard that is not finite is nan.
    """

    strategy: str
    family: str
    relation: str
    median: Interval
    restricted_mean: Interval
    mean: float
    survival: Mapping[int, Interval]
    at_horizon: float
    beyond_follow_up: float | None
    on_grid: Array
    hazard: Array


@dataclass(frozen=True, eq=False)
class FamilyEvidence:
    """One family on one endpoint, with the workbook's relations and evidence.

    Attributes
    ----------
    family : str
        Name or formula; where strategies have different families, all of them joined.
    in_use : bool
        Whether it is what the workbook uses.
    fit : EndpointFit or None
        None where the evidence does not identify it; `reason` then says why.
    reason : str
    criterion_name : str
        ``criterion`` (sum of squared z + 2 p, reported statistics), ``AIC`` (patients),
        or ``criterion + AIC`` where strategies have different sources.
    criterion : float or None
        Lower is better. None for averages of families and published coefficients,
        which have none.
    aic, bic, aicc, bic_events : float or None
        Of patients and digitised curves only, for all curves together.
    weight : float or None
        exp(-criterion / 2) as a share of its sum over the fitted families.
    largest_z : float or None
        Largest absolute difference of a used statistic from the curves, in standard errors.
    names : tuple of str
        Of the p coefficients.
    coefficients, errors : array (p,)
        On the estimation scale, with standard errors.
    covariance : array (p, p)
    curves : mapping from strategy to FittedCurve
    concerns : tuple of str
        Plausibility rules that it breaks, one sentence each, with the number.
    notes : tuple of str
        What the fit itself says of its data and coefficients.
    criterion_rank : int or None
        1 is the lowest criterion.
    place : int
        Place in `EndpointEvidence.order`, from 1.
    """

    family: str
    in_use: bool
    fit: EndpointFit | None
    reason: str
    criterion_name: str
    criterion: float | None
    aic: float | None
    bic: float | None
    aicc: float | None
    bic_events: float | None
    weight: float | None
    largest_z: float | None
    names: tuple[str, ...]
    coefficients: Array
    errors: Array
    covariance: Array
    curves: Mapping[str, FittedCurve]
    concerns: tuple[str, ...]
    notes: tuple[str, ...]
    criterion_rank: int | None
    place: int


__all__ = [
    "AIC",
    "CRITERION",
    "MIXED",
    "BeyondFollowUp",
    "Comparison",
    "EndpointEvidence",
    "EvidencePack",
    "ExternalLandmark",
    "FamilyEvidence",
    "FittedCurve",
    "FollowUp",
    "Interval",
    "LogCumulativeHazard",
    "MeanSpread",
    "ObservedCurve",
    "PostProgression",
    "ReportedPoint",
    "StatisticsEvidence",
]


@dataclass(frozen=True, eq=False)
class MeanSpread:
    """Restricted means within the horizon and their standard errors, taking reported statistics two ways.

    Each array is (n,): the strategies, then each difference from the comparator.

    Attributes
    ----------
    labels : tuple of str
        Strategy, or ``strategy - comparator``.
    means : array (n,)
        [months]
    independent, correlated : array (n,)
        Standard errors with the statistics independent, and correlated as in simulated
        trials. [months]
    ratio : array (n,)
        correlated / independent: 0.8 means a spread 20% smaller.
    """

    labels: tuple[str, ...]
    means: Array
    independent: Array
    correlated: Array
    ratio: Array


@dataclass(frozen=True, eq=False)
class StatisticsEvidence:
    """How the reported statistics of an endpoint vary together, by simulated trials.

    Attributes
    ----------
    ids, labels : tuple of str
        The J statistics used in the fit.
    correlation : array (J, J)
    simulated : bool array (J,)
        Statistics that were; the others are taken as independent.
    effective_sizes, patients : array (J,)
        Patients with whom the simulated standard error would be the reported one, and
        the patients there were; nan where it cannot be said.
    missing : array (J,)
        Share of the trials that could not report it.
    trials, complete : int
    spread : MeanSpread
    used : str
        ``independent`` or ``correlated``, whichever the workbook uses.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    correlation: Array
    simulated: NDArray[np.bool_]
    effective_sizes: Array
    patients: Array
    missing: Array
    trials: int
    complete: int
    spread: MeanSpread
    used: str


@dataclass(frozen=True, eq=False)
class EndpointEvidence:
    """All evidence on the curves of one endpoint.

    Attributes
    ----------
    endpoint : str
    sources : mapping from strategy to kind of source
        ``reported``, ``digitised``, ``patients`` or ``coefficients``.
    observed : mapping from strategy to ObservedCurve
        Of patients and digitised curves.
    points : tuple of ReportedPoint
        The trial's medians and landmarks; external ones are in `external`.
    external : tuple of ExternalLandmark
    follow_up : FollowUp
    smoothed : mapping from strategy to SmoothedHazard
        Of patients and digitised curves.
    months : array (n,)
        Grid for fitted curves: rising, above 0, to the time horizon.
    background_hazard : array (n,) or None
        The population's hazard on the grid, where background mortality is set.
    log_cumulative_hazard : mapping from strategy to LogCumulativeHazard
    comparisons : tuple of Comparison
        Each strategy with patients against the comparator.
    comparisons_note : str
        Why there are none; empty where there are.
    families : tuple of FamilyEvidence
        In `order`.
    order : tuple of str
        Families by number of concerns, then criterion; those without a criterion follow
        in their group, and those that could not be fitted are last.
    statistics : StatisticsEvidence or None
    statistics_note : str
        Why there is none; empty where there is.
    """

    endpoint: str
    sources: Mapping[str, str]
    observed: Mapping[str, ObservedCurve]
    points: tuple[ReportedPoint, ...]
    external: tuple[ExternalLandmark, ...]
    follow_up: FollowUp
    smoothed: Mapping[str, SmoothedHazard]
    months: Array
    background_hazard: Array | None
    log_cumulative_hazard: Mapping[str, LogCumulativeHazard]
    comparisons: tuple[Comparison, ...]
    comparisons_note: str
    families: tuple[FamilyEvidence, ...]
    order: tuple[str, ...]
    statistics: StatisticsEvidence | None
    statistics_note: str

    def above_lowest(self, family: FamilyEvidence) -> float | None:
        """Return how far the criterion of a family lies above the lowest of all; None where it has none."""
        lowest = min((each.criterion for each in self.families if each.criterion is not None), default=np.nan)
        return None if family.criterion is None else family.criterion - lowest

    @property
    def in_use(self) -> FamilyEvidence:
        """The family that the workbook uses."""
        return next(family for family in self.families if family.in_use)


@dataclass(frozen=True, eq=False)
class PostProgression:
    """The hazard of death after progression that PFS and OS as modelled imply together, for one strategy.

    Over each cycle it is (deaths - share_deaths x those leaving PFS) / time progressed,
    which is (-dOS/dt - share_deaths x (-dPFS/dt)) / (OS - PFS) by differences.

    Attributes
    ----------
    strategy : str
    share_deaths : float
        Share of PFS events that are deaths.
    months : array (cycles,)
        Middle of each cycle.
    hazard : array (cycles,)
        Per month; nan while fewer than 1 in 10,000 patients are progressed.
    background : array (cycles,) or None
        The population's hazard per month, where background mortality is set.
    months_below : tuple of int
        Months (1 is the first) in which it is below the background, or below 0 where
        there is none.
    months_negative : tuple of int
        Months in which it is below 0: the curves contradict each other.
    finding : str
        In one sentence.
    """

    strategy: str
    share_deaths: float
    months: Array
    hazard: Array
    background: Array | None
    months_below: tuple[int, ...]
    months_negative: tuple[int, ...]
    finding: str


@dataclass(frozen=True)
class BeyondFollowUp:
    """Shares of discounted life-years and QALYs that lie beyond follow-up.

    The share of an increment can be below 0 or above 1, where the strategies' order
    changes; it is nan where the increment is 0.

    Attributes
    ----------
    follow_up : float
        [months]
    life_years, qalys : mapping from strategy to float
    incremental_life_years, incremental_qalys : mapping from strategy to float
        Of each intervention against the comparator.
    """

    follow_up: float
    life_years: Mapping[str, float]
    qalys: Mapping[str, float]
    incremental_life_years: Mapping[str, float]
    incremental_qalys: Mapping[str, float]

    def life_years_within(self, intervention: str, gained: float) -> float | None:
        """Return the part within follow-up of the discounted life-years gained [years]; None where that is unknown."""
        share = self.incremental_life_years[intervention]
        return float(gained * (1.0 - share)) if np.isfinite(share) else None


@dataclass(frozen=True, eq=False)
class EvidencePack:
    """Evidence on all curves of a model.

    Attributes
    ----------
    title : str
    strategies : mapping from id to name
        The comparator first.
    follow_up, horizon : float
        Months; follow-up is None where it is not known.
    endpoints : mapping from endpoint to EndpointEvidence
        PFS and OS first.
    post_progression : mapping from strategy to PostProgression
    beyond_follow_up : BeyondFollowUp or None
        None where follow-up is not known.
    """

    title: str
    strategies: Mapping[str, str]
    follow_up: float | None
    horizon: float
    endpoints: Mapping[str, EndpointEvidence]
    post_progression: Mapping[str, PostProgression]
    beyond_follow_up: BeyondFollowUp | None
