"""Rules that end the draws: a Monte Carlo error small enough, or a decision that is clear.

Hatswell AJ et al. (2018), PharmacoEconomics 36: 1421-1426.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.analysis.psa_results import benefit_error, mean_benefit
from hemodel.survival.reported.statistics import HALF_WIDTH_95

if TYPE_CHECKING:
    from hemodel.analysis.psa_sums import Frame, Sums


@dataclass(frozen=True)
class Until:
    """When the draws end: as soon as one of the two holds.

    Attributes
    ----------
    error : float or None
        The Monte Carlo standard error of the mean incremental net benefit is no larger, for every
        intervention. [currency]
    clear : bool
        The 95% confidence interval of that mean holds no 0, for every intervention.
    threshold : float
        Threshold of the net benefit. [currency per QALY]
    """

    error: float | None
    clear: bool
    threshold: float

    def met(self, frame: Frame, sums: Sums, sampling: str) -> str:
        """Return why the draws end here, or nothing."""
        places = range(1, frame.centre.shape[1])
        errors = [benefit_error(frame, sums, sampling, place, self.threshold) for place in places]
        means = [mean_benefit(frame, sums, place, self.threshold) for place in places]
        if self.error is not None and max(errors) <= self.error:
            return f"the Monte Carlo error of the mean is {self.error:g} or less"
        if self.clear and all(abs(m) > HALF_WIDTH_95 * e for m, e in zip(means, errors, strict=True)):
            return f"the decision at {self.threshold:g} per QALY is clear (95% confidence interval of the mean)"
        return ""
