"""The evidence pack of a model's curves: what was observed, every family tried, and what follow-up does not show.

`evidence_pack` of the module of that name fills these in. Times are in months from the
start of the model, hazards per month, survival a probability. A number that does not exist
is None; arrays may hold nan where a single value does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.evidence_observed import (
    Comparison,
    ExternalLandmark,
    FollowUp,
    Interval,
    LogCumulativeHazard,
    ObservedCurve,
    ReportedPoint,
)
from hemodel.analysis.evidence_tried import AIC, CRITERION, MIXED, FamilyEvidence, FittedCurve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from hemodel.survival.family import Array
    from hemodel.survival.patients.hazards import SmoothedHazard

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
