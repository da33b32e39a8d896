"""A fitted curve as a user sees it: numbers at any times, and draws of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy

from hemodel.distributions import Z975
from hemodel.parameters import BLOCK, block_uniforms
from hemodel.survival.curve_spec import EFFECTS, INDEPENDENT
from hemodel.survival.errors import SurvivalError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array
    from hemodel.survival.reported.fitting import TargetFit


@dataclass(frozen=True, eq=False)
class CurveDraws:
    """Draws of one curve; every method gives one row a draw.

    Attributes
    ----------
    coefficients : array (draws, p)
        Of all curves of the fit, named by ``fitted.curves.names``.
    """

    fitted: EndpointFit
    strategy: str
    coefficients: Array

    def survival(self, t: ArrayLike) -> Array:
        """Compute the probability of no event by times t: (draws,) for one time, else (draws, points)."""
        return self._at(self.fitted.curves.survival, t)

    def cumulative_hazard(self, t: ArrayLike) -> Array:
        """Compute minus the log of survival; shapes as for `survival`."""
        return self._at(self.fitted.curves.cumulative_hazard, t)

    def hazard(self, t: ArrayLike) -> Array:
        """Compute the hazard per unit of time; shapes as for `survival`."""
        with np.errstate(over="ignore"):
            return np.exp(self._at(self.fitted.curves.log_hazard, t))

    def quantile(self, p: ArrayLike) -> Array:
        """Compute the time by which a share p had the event, ``inf`` where that never happens."""
        shares = _checked(p, "A share of patients must be between 0 and 1", 1.0)
        curves = self.fitted.curves
        return self._each(lambda share: curves.quantile(self.strategy, share, self.coefficients), shares)

    def rmst(self, horizon: ArrayLike) -> Array:
        """Compute the restricted mean survival time, the area under the curve up to a horizon."""
        horizons = _checked(horizon, "A horizon must be a number of 0 or more")
        return self._each(self._restricted_mean, horizons)

    def mean(self) -> Array:
        """Compute the unrestricted mean (draws,), ``inf`` where infinite."""
        return self.fitted.curves.mean(self.strategy, self.coefficients)

    def _restricted_mean(self, horizon: float) -> Array:
        if horizon == 0.0:
            return np.zeros(self.coefficients.shape[0])
        return self.fitted.curves.restricted_mean(self.strategy, horizon, self.coefficients)

    def _at(self, function: Callable[[str, Array, Array], Array], t: ArrayLike) -> Array:
        times = _checked(t, "A time must be a number of 0 or more")
        values = function(self.strategy, times.ravel(), self.coefficients)
        return np.asarray(values).reshape((len(self.coefficients), *times.shape))

    def _each(self, function: Callable[[float], Array], values: Array) -> Array:
        found = np.empty((len(self.coefficients), values.size))
        for j, value in enumerate(values.ravel()):
            found[:, j] = function(float(value))
        return found.reshape((len(self.coefficients), *values.shape))


@dataclass(frozen=True, eq=False)
class Curve:
    """The curve of one strategy. A number in gives a number, an array gives an array.

    Attributes
    ----------
    fitted : EndpointFit
        The fit that it belongs to, with coefficients (p,) and covariance (p, p).
    """

    fitted: EndpointFit
    strategy: str

    @property
    def family(self) -> str:
        """Name or formula of its family, or that of the curve it is relative to."""
        return self.fitted.curves.family(self.strategy).name

    def survival(self, t: ArrayLike) -> Array:
        """Compute the probability of no event by times t."""
        return self._one.survival(t)[0]  # type: ignore[no-any-return]

    def cumulative_hazard(self, t: ArrayLike) -> Array:
        """Compute minus the log of survival at times t."""
        return self._one.cumulative_hazard(t)[0]  # type: ignore[no-any-return]

    def hazard(self, t: ArrayLike) -> Array:
        """Compute the hazard per unit of time at times t; at 0 it may be 0 or ``inf``."""
        return self._one.hazard(t)[0]  # type: ignore[no-any-return]

    def quantile(self, p: ArrayLike) -> Array:
        """Compute the time by which a share p had the event (0.5: the median), ``inf`` if never."""
        return self._one.quantile(p)[0]  # type: ignore[no-any-return]

    def rmst(self, horizon: ArrayLike) -> Array:
        """Compute the restricted mean survival time up to a horizon."""
        return self._one.rmst(horizon)[0]  # type: ignore[no-any-return]

    def mean(self) -> float:
        """Compute the unrestricted mean, ``inf`` where infinite."""
        return float(self._one.mean()[0])

    def draws(self, n: int, seed: int) -> CurveDraws:
        """Draw the coefficients from their multivariate normal distribution.

        Curves of one fit have the same draws with the same seed, so that differences
        between strategies keep their correlation; fewer draws are the first of more. An
        average of families takes one family a draw.

        Raises
        ------
        SurvivalError
            If n is below 1 or the seed below 0.
        """
        if n < 1 or seed < 0:
            raise SurvivalError(f"Draws need a number of 1 or more and a seed of 0 or more; given: {n} and {seed}.")
        return CurveDraws(self.fitted, self.strategy, coefficient_draws(self.fitted, n, seed))

    def summary(self) -> dict[str, Any]:
        """Return strategy, family, relation, median, mean and parameters.

        A parameter has its ``value``, 95% interval ``low`` and ``high`` (natural scale, as
        flexsurv prints them), and the ``coefficient`` and ``se`` of the estimation scale.
        """
        curves = self.fitted.curves
        return {
            "strategy": self.strategy,
            "family": self.family,
            "relation": curves.spec(self.strategy).relation,
            "median": float(self.quantile(0.5)),
            "mean": self.mean(),
            "parameters": self._parameters(),
        }

    @property
    def _one(self) -> CurveDraws:
        return CurveDraws(self.fitted, self.strategy, self.fitted.coefficients[None, :])

    def _parameters(self) -> dict[str, dict[str, float]]:
        curves = self.fitted.curves
        spec, shape = curves.spec(self.strategy), curves.family(self.strategy)
        value = self.fitted.coefficients
        se = np.sqrt(np.diag(self.fitted.covariance))
        ends = {"value": value, "low": value - Z975 * se, "high": value + Z975 * se}
        base = curves.columns[spec.reference or self.strategy]
        natural = {key: shape.natural(each[base]) for key, each in ends.items()}
        found = {}
        for j, name in enumerate(shape.parameters):
            found[name] = {key: float(each[j]) for key, each in natural.items()}
            found[name] |= {"coefficient": float(value[base][j]), "se": float(se[base][j])}
        if spec.relation == INDEPENDENT:
            return found
        starts = (0.0, *spec.cuts)
        for start, j in zip(starts, range(*curves.columns[self.strategy].indices(value.size)), strict=True):
            name = EFFECTS[spec.relation] if len(starts) == 1 else f"{EFFECTS[spec.relation]} from {start:g}"
            found[name] = {key: float(np.exp(each[j])) for key, each in ends.items()}
            found[name] |= {"coefficient": float(value[j]), "se": float(se[j])}
        return found


@dataclass(frozen=True, eq=False)
class Fit:
    """Curves of one or more strategies over one vector of coefficients.

    Attributes
    ----------
    fitted : EndpointFit
        Curves, coefficients (p,), covariance (p, p), and the fits behind them.
    criteria : mapping from name to number
        From patients ``log_likelihood``, ``aic``, ``aicc``, ``bic`` (by patients) and
        ``bic_events``; from reported statistics ``objective`` and ``criterion``; else empty.
    """

    fitted: EndpointFit
    criteria: Mapping[str, float]

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies that have a curve."""
        return tuple(spec.strategy for spec in self.fitted.curves.specs)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients, for example ``all: log(shape)``."""
        return self.fitted.curves.names

    @property
    def coefficients(self) -> Array:
        """The coefficients (p,)."""
        return self.fitted.coefficients

    @property
    def covariance(self) -> Array:
        """Their covariance (p, p)."""
        return self.fitted.covariance

    @property
    def se(self) -> Array:
        """Their standard errors (p,)."""
        return np.sqrt(np.diag(self.fitted.covariance))

    @property
    def targets(self) -> tuple[TargetFit, ...]:
        """How each reported statistic is met; empty without any."""
        return self.fitted.targets

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know before the curves are used, in sentences."""
        return self.fitted.notes

    def curve(self, strategy: str | None = None) -> Curve:
        """Return the curve of a strategy; it need not be named where there is only one.

        Raises
        ------
        SurvivalError
            If there is none, or several and none is named.
        """
        if strategy is None and len(self.strategies) > 1:
            raise SurvivalError(f"Name the strategy whose curve is wanted. There are: {', '.join(self.strategies)}.")
        name = self.strategies[0] if strategy is None else strategy
        self.fitted.curves.spec(name)
        return Curve(self.fitted, name)


def coefficient_draws(fitted: EndpointFit, n: int, seed: int) -> Array:
    """Draw coefficients (n, p): normal with the covariance of the fit, one family a draw of an average."""
    name = f"curve.{fitted.curves.endpoint}"
    values, vectors = np.linalg.eigh(fitted.covariance)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    blocks = []
    for block in range(-(-n // BLOCK)):
        count = min(BLOCK, n - block * BLOCK)
        uniforms = block_uniforms(seed, name, block, count, columns=fitted.coefficients.size)
        drawn = fitted.coefficients + scipy.special.ndtri(uniforms) @ root
        for columns, weights in fitted.weights.values():
            member = block_uniforms(seed, f"{name}.family", block, count, columns=1) > np.cumsum(weights)[:-1]
            drawn[:, columns] = np.eye(weights.size)[member.sum(axis=1)]
        blocks.append(drawn)
    return np.concatenate(blocks)


def _checked(values: ArrayLike, rule: str, largest: float | None = None) -> Array:
    """Return numbers that are finite, 0 or more and at most ``largest``."""
    try:
        given = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise SurvivalError(f"{rule}; given: {values!r}.") from None
    wrong = ~np.isfinite(given) | (given < 0.0) | (given > (np.inf if largest is None else largest))
    if wrong.any():
        raise SurvivalError(f"{rule}; given: {given[wrong].ravel()[0]:g}.")
    return given
