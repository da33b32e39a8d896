"""What the fit of an endpoint depends on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hemodel.survival.endpoint_fit import PATIENTS, Source

if TYPE_CHECKING:
    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.curves import PopulationHazard
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.reported.statistics import Statistic


@dataclass(frozen=True)
class Evidence:
    """Everything that the fit of an endpoint depends on.

    Attributes
    ----------
    endpoint : str
    specs : tuple of CurveSpec
    sources : tuple of (strategy, Source)
    statistics : tuple of Statistic
        Reported statistics of the endpoint; those of strategies with another source
        are compared with the curves and not fitted.
    follow_up : float or None
        Median follow-up of the trial. [months]
    patients : tuple of (strategy, number)
    background : PopulationHazard or None
        Where the curves are of the excess hazard.
    correlated, bootstrap : bool
        Whether the covariance has the correlation of the statistics in it, and whether
        bootstrap replicates are made.
    replicates, seed : int
        Of the bootstrap.
    moved : tuple of (id, value)
        Statistics at other values, with the standard errors as they are.
    """

    endpoint: str
    specs: tuple[CurveSpec, ...]
    sources: tuple[tuple[str, Source], ...]
    statistics: tuple[Statistic, ...]
    follow_up: float | None
    patients: tuple[tuple[str, float], ...]
    background: PopulationHazard | None
    correlated: bool
    bootstrap: bool
    replicates: int
    seed: int
    moved: tuple[tuple[str, float], ...] = ()

    def source(self, strategy: str) -> Source:
        """Return the source of a strategy's curve."""
        return dict(self.sources)[strategy]

    def only(self, spec: CurveSpec, data: PatientData) -> Evidence:
        """Return the evidence of one curve, with other patients."""
        return replace(self, specs=(spec,), sources=((spec.strategy, Source(PATIENTS, data)),))

    def of_kind(self, *kinds: str) -> tuple[CurveSpec, ...]:
        """Return the specs of the curves whose source is one of these kinds."""
        return tuple(spec for spec in self.specs if self.source(spec.strategy).kind in kinds)
