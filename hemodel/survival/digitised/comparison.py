"""Rebuilt patient data against the digitised curve and the table they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.patients.kaplan_meier import kaplan_meier

if TYPE_CHECKING:
    from hemodel.survival.digitised.reading import DigitisedCurve, RiskTable
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.kaplan_meier import KaplanMeier


LARGEST_GAP = 0.02
AT_RISK_SHARE = 0.02
AT_RISK_PATIENTS = 2
MEDIAN_SHARE = 0.02
MEDIAN_STEPS = 1
RESTRICTED_MEAN_SHARE = 0.02
SAME_LEVEL = 1e-9


@dataclass(frozen=True, eq=False)
class Comparison:
    """Rebuilt data beside what was read.

    Attributes
    ----------
    gap, gap_time : float
        Absolute difference in survival at a reading point, largest beside what is accepted there, and when it is.
    gap_accepted : float
        0.02, or the survival of one patient at risk at that time if that is more.
    gap_survival : tuple (rebuilt, read)
        Survival at that time.
    at_risk_time, at_risk_rebuilt, at_risk_given : array (rows,)
        The risk table and the numbers of the rebuilt data.
    events_given : int or None
        None where no total was given.
    median_rebuilt, median_read : float
        Of the rebuilt Kaplan-Meier curve, and the first reading at or below 0.5; ``inf``
        where not reached.
    median_steps : int
        Drops of the digitised curve between the two medians.
    horizon, restricted_mean_rebuilt, restricted_mean_read : float
        Last time that both curves have, and the areas under them up to it.
    restricted_mean_accepted : float
        2% of the area, or the time up to the horizon of one patient if that is more.
    """

    gap: float
    gap_time: float
    gap_accepted: float
    gap_survival: tuple[float, float]
    at_risk_time: Array
    at_risk_rebuilt: Array
    at_risk_given: Array
    events_rebuilt: int
    events_given: int | None
    median_rebuilt: float
    median_read: float
    median_steps: int
    horizon: float
    restricted_mean_rebuilt: float
    restricted_mean_read: float
    restricted_mean_accepted: float

    @property
    def agrees(self) -> bool:
        """Whether the rebuilt data agree with what was read, within the tolerances."""
        return not self.disagreements

    @property
    def disagreements(self) -> tuple[str, ...]:
        """Each disagreement beyond its tolerance, in words.

        Survival within 0.02 or one patient at risk everywhere; numbers at risk within 2
        patients or 2% of those at time 0; the total of events exact; the median within 2%
        or one drop of the curve; the restricted mean within 2% or one patient.
        """
        return (*self._survival(), *self._at_risk(), *self._events(), *self._median(), *self._restricted_mean())

    def _survival(self) -> list[str]:
        if self.gap <= self.gap_accepted + SAME_LEVEL:
            return []
        rebuilt, read = self.gap_survival
        what = f"At time {self.gap_time:g} the rebuilt survival is {rebuilt:.3f} and the curve's {read:.3f}"
        return [f"{what}, {self.gap:.3f} apart; at most {self.gap_accepted:.3g} is accepted."]

    def _at_risk(self) -> list[str]:
        accepted = max(AT_RISK_PATIENTS, AT_RISK_SHARE * float(self.at_risk_given[0]))
        far = np.flatnonzero(np.abs(self.at_risk_rebuilt - self.at_risk_given) > accepted)
        return [
            f"At time {self.at_risk_time[i]:g} {self.at_risk_rebuilt[i]:g} rebuilt patients are at risk and the table "
            f"says {self.at_risk_given[i]:g}; at most {accepted:g} apart is accepted."
            for i in far
        ]

    def _events(self) -> list[str]:
        if self.events_given is None or self.events_rebuilt == self.events_given:
            return []
        return [f"The rebuilt data have {self.events_rebuilt} events and {self.events_given} were reported."]

    def _median(self) -> list[str]:
        rebuilt, read = self.median_rebuilt, self.median_read
        if self.median_steps <= MEDIAN_STEPS or abs(rebuilt - read) <= MEDIAN_SHARE * read:
            return []
        return [
            (
                f"The rebuilt median is {_time(rebuilt)} and the curve's {_time(read)}; at most {MEDIAN_SHARE:.0%} or "
                "one drop of the curve apart is accepted."
            )
        ]

    def _restricted_mean(self) -> list[str]:
        rebuilt, read = self.restricted_mean_rebuilt, self.restricted_mean_read
        if abs(rebuilt - read) <= self.restricted_mean_accepted + SAME_LEVEL:
            return []
        return [
            (
                f"The restricted mean to {self.horizon:g} is {rebuilt:.4g} rebuilt and {read:.4g} under the curve; "
                f"at most {self.restricted_mean_accepted:.3g} apart is accepted."
            )
        ]


def compare(curve: DigitisedCurve, risk: RiskTable, events: int | None, data: PatientData) -> Comparison:
    """Compare rebuilt data with the digitised curve, the risk table and the total of events."""
    rebuilt = kaplan_meier(data)
    time, read = last_readings(curve)
    survival = rebuilt.at(time)
    accepted = np.maximum(LARGEST_GAP, _of_one_patient(rebuilt, time))
    worst = int(np.argmax(np.abs(survival - read) / accepted))
    median_rebuilt, median_read = rebuilt.median()[0], _first_at_or_below(0.5, time, read)
    horizon = min(float(time[-1]), float(rebuilt.times[-1]))
    area = _area(time, read, horizon)
    return Comparison(
        gap=float(np.abs(survival - read)[worst]),
        gap_time=float(time[worst]),
        gap_accepted=float(accepted[worst]),
        gap_survival=(float(survival[worst]), float(read[worst])),
        at_risk_time=risk.time,
        at_risk_rebuilt=rebuilt.numbers_at_risk(risk.time),
        at_risk_given=risk.at_risk,
        events_rebuilt=int(data.event.sum()),
        events_given=events,
        median_rebuilt=median_rebuilt,
        median_read=median_read,
        median_steps=_drops_between(median_rebuilt, median_read, time, read),
        horizon=horizon,
        restricted_mean_rebuilt=rebuilt.restricted_mean(horizon).value,
        restricted_mean_read=area,
        restricted_mean_accepted=max(RESTRICTED_MEAN_SHARE * area, horizon / data.time.size),
    )


def require_agreement(comparison: Comparison) -> None:
    """Raise if the rebuilt data do not agree with what was read.

    Raises
    ------
    SurvivalError
        With every disagreement in words; ``parts`` has them one by one.
    """
    raise_together(
        SurvivalError(f"{each} Check the points read off the figure and the risk table.")
        for each in comparison.disagreements
    )


def last_readings(curve: DigitisedCurve) -> tuple[Array, Array]:
    """Return the different times of a curve and the last survival read at each."""
    last = np.append(np.diff(curve.time) > 0.0, True)
    return curve.time[last], curve.survival[last]


def _of_one_patient(rebuilt: KaplanMeier, time: Array) -> Array:
    """Return the survival that one patient at risk stands for at each time: before it, over the number at risk."""
    before = np.append(1.0, rebuilt.at(time)[:-1])
    return np.asarray(before / np.maximum(rebuilt.numbers_at_risk(time), 1.0))


def _first_at_or_below(level: float, time: Array, survival: Array) -> float:
    reached = np.flatnonzero(survival <= level + SAME_LEVEL)
    return float(time[reached[0]]) if reached.size else float("inf")


def _drops_between(one: float, other: float, time: Array, survival: Array) -> int:
    """Count the drops of a curve from one time to another; ``inf`` stands one after the last."""
    drops = np.append(time[1:][np.diff(survival) < 0.0], np.inf)
    places = np.searchsorted(drops, [one, other], side="right")
    return int(abs(places[1] - places[0]))


def _area(time: Array, survival: Array, horizon: float) -> float:
    """Return the area under a falling step function up to a horizon."""
    edges = np.minimum(np.append(time, horizon), horizon)
    return float(np.sum(np.diff(edges) * survival))


def _time(value: float) -> str:
    return f"{value:g}" if np.isfinite(value) else "not reached"
