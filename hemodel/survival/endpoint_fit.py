"""The fitted curves of one endpoint, whatever they were fitted to.

What the fit of an endpoint depends on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import as_family, coefficient_parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.curves import EndpointCurves, PopulationHazard
    from hemodel.survival.digitised.reconstruction import Reconstruction
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.fitting import LikelihoodFit
    from hemodel.survival.published import Converted
    from hemodel.survival.reported.fitting import ReportedFit, TargetFit
    from hemodel.survival.reported.statistics import Statistic


REPORTED = "reported"
DIGITISED = "digitised"
PATIENTS = "patients"
COEFFICIENTS = "coefficients"


@dataclass(frozen=True, eq=False)
class Source:
    """Where one curve comes from.

    Attributes
    ----------
    kind : str
        ``reported``, ``digitised``, ``patients`` or ``coefficients``.
    data : PatientData or None
        Times and events, in months; rebuilt where the curve was digitised.
    rebuilt : Reconstruction or None
        Of a digitised curve, in months.
    published : Converted or None
        Published coefficients on the estimation scale, for times in months.
    """

    kind: str
    data: PatientData | None = None
    rebuilt: Reconstruction | None = None
    published: Converted | None = None


@dataclass(frozen=True)
class Estimate:
    """One coefficient of the curve of a strategy, and its standard error, on the scale of estimation."""

    strategy: str
    coefficient: str
    value: float
    standard_error: float


@dataclass(frozen=True, eq=False)
class EndpointFit:
    """Fitted curves of one endpoint and their joint uncertainty.

    Attributes
    ----------
    curves : EndpointCurves
        With the families of all strategies resolved.
    coefficients : array (p,)
        Joint coefficients, named by ``curves.names``.
    spread : callable () -> array (p, p)
        Makes the joint covariance; see `covariance`.
    sources : mapping of strategy to Source
    reported : tuple of ReportedFit
        The fits to reported statistics: one, or one a member of an average.
    likelihoods : tuple of LikelihoodFit
        The fits to patients, one for each group of curves that share coefficients.
    bootstrap : callable () -> (array (B, p), notes), or None
        Makes bootstrap replicates of the coefficients, where curves are drawn from them,
        and says in sentences what was left out; they are made once, when first asked for.
    notes : tuple of str
        What to know before the curves are used, in sentences.
    """

    curves: EndpointCurves
    coefficients: Array
    spread: Callable[[], Array]
    sources: Mapping[str, Source]
    reported: tuple[ReportedFit, ...] = ()
    likelihoods: tuple[LikelihoodFit, ...] = ()
    bootstrap: Callable[[], tuple[Array, tuple[str, ...]]] | None = None
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def covariance(self) -> Array:
        """Joint covariance (p, p); 0 between strategies that were fitted apart.

        Made when first asked for, since it may take simulated trials and a base case does without it.

        Raises
        ------
        SurvivalError
            Where the trials that the statistics are from cannot be simulated.
        """
        return self.spread()

    def __getstate__(self) -> dict[str, object]:
        """Return what another process needs to show it: the covariance instead of what makes it, and no replicates."""
        return {**self.__dict__, "spread": partial(np.asarray, self.covariance), "bootstrap": None}

    @property
    def standard_errors(self) -> Array:
        """Standard errors of the coefficients, (p,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """Every coefficient with its standard error, in the order of ``curves.names``."""
        rows = zip(self.curves.names, self.coefficients.tolist(), self.standard_errors.tolist(), strict=True)
        return tuple(Estimate(*coefficient_parts(name), value, error) for name, value, error in rows)

    @property
    def targets(self) -> tuple[TargetFit, ...]:
        """How each reported statistic is met, by the first of the fits to them."""
        return self.reported[0].targets if self.reported else ()

    @property
    def criterion(self) -> float:
        """Criterion of the reported fit plus the AIC of the others, to compare families on the same evidence.

        nan where there is none, as for published coefficients, and for averages of families.
        """
        if self.weights:
            return float("nan")
        parts = [fit.criterion for fit in self.reported[:1]] + [fit.aic for fit in self.likelihoods]
        return float(sum(parts)) if parts else float("nan")

    @property
    def n_targets(self) -> int:
        """Reported statistics used."""
        return self.reported[0].n_targets if self.reported else 0

    @property
    def n_parameters(self) -> int:
        """Joint coefficients."""
        return int(self.coefficients.size)

    @property
    def objective(self) -> float:
        """Sum of squared differences from the reported statistics in standard errors; nan if none is used."""
        return self.reported[0].objective if self.reported else float("nan")

    @property
    def gradient_norm(self) -> float:
        """Largest length of the gradient at a solution, in standard errors, where 0 is exact."""
        found = [fit.gradient_norm for fit in self.reported] + [fit.gradient_norm for fit in self.likelihoods]
        return max(found, default=0.0)

    @property
    def condition(self) -> float:
        """Largest condition number of the information of the fits, each scaled to a unit diagonal."""
        found = [fit.condition for fit in self.reported] + [fit.condition for fit in self.likelihoods]
        return max(found, default=1.0)

    @property
    def weights(self) -> dict[str, tuple[slice, Array]]:
        """Of each strategy with an average of families: the columns of its weights, and the weights."""
        found = {}
        for spec in self.curves.specs:
            shape = self.curves.family(spec.strategy)
            if shape.members and spec.reference is None:
                first = self.curves.columns[spec.strategy].start
                columns = slice(first, first + len(shape.members))
                found[spec.strategy] = (columns, np.asarray(self.coefficients[columns]))
        return found


@dataclass(frozen=True)
class EndpointData:
    """Everything that the fit of an endpoint depends on.

    Attributes
    ----------
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
    simulated_trials : int
        Trials from which the correlation of the statistics is taken.
    replicates, seed : int
        Of the bootstrap.
    moved : tuple of (id, value)
        Statistics at other values, with the standard errors as they are.
    simulated_from : tuple of CurveSpec
        The curves from which trials are simulated, where it is not the fitted ones: other families that are
        tried on the same statistics take their correlation from the curves in use.
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
    simulated_trials: int
    replicates: int
    seed: int
    moved: tuple[tuple[str, float], ...] = ()
    simulated_from: tuple[CurveSpec, ...] = ()

    def source(self, strategy: str) -> Source:
        """Return the source of a strategy's curve."""
        return dict(self.sources)[strategy]

    def only(self, spec: CurveSpec, data: PatientData) -> EndpointData:
        """Return the evidence of one curve, with other patients."""
        return replace(self, specs=(spec,), sources=((spec.strategy, Source(PATIENTS, data)),))

    def with_family(self, family: str) -> EndpointData:
        """Return the evidence with one family for every curve, relations and correlation of statistics as they are."""
        own = self.of_kind(REPORTED)
        single = not any(as_family(spec.family).members for spec in own if spec.reference is None)
        tried = tuple(replace(spec, family=family) for spec in self.specs)
        return replace(self, specs=tried, simulated_from=own if single else ())

    def of_kind(self, *kinds: str) -> tuple[CurveSpec, ...]:
        """Return the specs of the curves whose source is one of these kinds, without those on published ones."""
        rest = [spec for spec in self.specs if spec not in self.on_published]
        return tuple(spec for spec in rest if self.source(spec.strategy).kind in kinds)

    @property
    def on_published(self) -> tuple[CurveSpec, ...]:
        """The specs of curves that are a reported ratio away from one of published coefficients."""
        return tuple(spec for spec in self.specs if is_on_published(spec, dict(self.sources)))


def is_on_published(spec: CurveSpec, sources: Mapping[str, Source]) -> bool:
    """Return whether a curve is a reported ratio away from one of published coefficients, so that none is fitted."""
    reference = sources.get(spec.reference or "")
    return reference is not None and reference.kind == COEFFICIENTS and sources[spec.strategy].kind == REPORTED
