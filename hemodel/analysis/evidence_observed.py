"""What was observed and reported of one endpoint, as parts of the evidence pack (see `evidence`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.survival.family import Array
    from hemodel.survival.patients.acceleration import AccelerationTest, QuantilePoints
    from hemodel.survival.patients.proportionality import ChiSquaredTest, SchoenfeldResiduals


@dataclass(frozen=True)
class Interval:
    """A value and its 95% interval; None where there is no interval."""

    value: float
    low: float | None
    high: float | None


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
