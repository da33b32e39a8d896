"""Evidence pack: what the curves of a fit say, each number with its 95% interval from draws of the coefficients."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from hemodel.analysis.curve_draws import square_root
from hemodel.analysis.evidence import FittedCurve, Interval
from hemodel.parameters import block_uniforms
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array

DRAWS = 1000
YEARS = (1, 2, 3, 5, 10)
PANELS, POINTS_PER_PANEL = 20, 16
TAILS = (0.025, 0.975)


def drawn_coefficients(fit: EndpointFit, name: str, seed: int) -> Array:
    """Return 1,000 multivariate normal draws (1000, p) of the coefficients of a fit.

    Of an average of families each draw has one family, with the weights as probabilities.
    `name` is that of the stream of random numbers.
    """
    uniforms = block_uniforms(seed, name, 0, DRAWS, columns=fit.coefficients.size)
    drawn = fit.coefficients + ndtri(uniforms) @ square_root(fit.covariance)
    for columns, weights in fit.weights.values():
        chosen = block_uniforms(seed, f"{name}.family", 0, DRAWS, columns=1) > np.cumsum(weights)[:-1]
        drawn[:, columns] = np.eye(weights.size)[chosen.sum(axis=1)]
    return np.asarray(drawn)


def fitted_curves(
    fit: EndpointFit, name: str, seed: int, *, horizon: float, follow_up: float | None, months: Array
) -> dict[str, FittedCurve]:
    """Summarise the curves of a fit by strategy.

    Point estimates are those of the fitted coefficients. Intervals are 2.5% and 97.5%
    points of the draws, None where a fit has no uncertainty.

    Parameters
    ----------
    fit : EndpointFit
    name : str
        Of the stream of random numbers.
    seed : int
    horizon : float
        [months]
    follow_up : float or None
        [months]
    months : array (n,)
        Grid for survival and hazard.
    """
    draws = drawn_coefficients(fit, name, seed) if fit.covariance.any() else None
    return {
        spec.strategy: _curve(fit, spec.strategy, draws, horizon=horizon, follow_up=follow_up, months=months)
        for spec in fit.curves.specs
    }


def _curve(
    fit: EndpointFit, strategy: str, draws: Array | None, *, horizon: float, follow_up: float | None, months: Array
) -> FittedCurve:
    curves, point = fit.curves, fit.coefficients[None, :]
    years = [year for year in YEARS if year * MONTHS_PER_YEAR <= horizon]
    landmarks = MONTHS_PER_YEAR * np.array(years, dtype=np.float64)
    rates = curves.survival(strategy, np.append(landmarks, horizon), point)[0]
    mean = float(curves.restricted_mean(strategy, horizon, point)[0])
    ends = _ends(fit, strategy, draws, horizon, landmarks)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        hazard = np.exp(curves.log_hazard(strategy, months, point)[0])
    return FittedCurve(
        strategy=strategy,
        family=curves.family(strategy).name,
        relation=curves.spec(strategy).relation,
        median=Interval(float(curves.quantile(strategy, 0.5, point)[0]), *ends[0]),
        restricted_mean=Interval(mean, *ends[1]),
        mean=float(curves.mean(strategy, point)[0]),
        survival={year: Interval(float(rates[j]), *ends[2 + j]) for j, year in enumerate(years)},
        at_horizon=float(rates[-1]),
        beyond_follow_up=share_beyond(fit, strategy, mean, follow_up, horizon),
        on_grid=curves.survival(strategy, months, point)[0],
        hazard=np.where(np.isfinite(hazard), hazard, np.nan),
    )


def share_beyond(fit: EndpointFit, strategy: str, mean: float, follow_up: float | None, horizon: float) -> float | None:
    """Return 1 - restricted mean to follow-up / restricted mean to the horizon (given), or None."""
    if follow_up is None:
        return None
    if follow_up >= horizon:
        return 0.0
    within = float(fit.curves.restricted_mean(strategy, follow_up, fit.coefficients[None, :])[0])
    return 1.0 - within / mean


Ends = tuple[float, float] | tuple[None, None]


def _ends(fit: EndpointFit, strategy: str, draws: Array | None, horizon: float, landmarks: Array) -> list[Ends]:
    """Return the intervals of the median, the restricted mean and survival at each landmark."""
    if draws is None:
        return [(None, None)] * (2 + landmarks.size)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        nodes, weights = mean_rule(horizon)
        survival = fit.curves.survival(strategy, nodes, draws)
        columns = [
            _medians(fit, strategy, draws, nodes, survival),
            survival @ weights,
            *fit.curves.survival(strategy, landmarks, draws).T,
        ]
    return [percentiles(column) for column in columns]


def _medians(fit: EndpointFit, strategy: str, draws: Array, nodes: Array, survival: Array) -> Array:
    """Return the median (draws,) of each draw.

    With the population's mortality in the curves there is no closed form: the median is
    then interpolated in survival (draws, nodes), linearly in log time and log cumulative
    hazard, and solved for only where it lies outside the nodes.
    """
    if fit.curves.background is None:
        return fit.curves.quantile(strategy, 0.5, draws)
    hazard = np.log(-np.log(survival))
    level = np.log(np.log(2.0))
    later = np.argmax(hazard >= level, axis=1)
    inside = later > 0
    rows, after = np.flatnonzero(inside), later[inside]
    below, above = hazard[rows, after - 1], hazard[rows, after]
    log_t = np.log(nodes)
    step = (level - below) / (above - below) * (log_t[after] - log_t[after - 1])
    medians = np.empty(len(draws))
    medians[rows] = np.exp(log_t[after - 1] + step)
    medians[~inside] = fit.curves.quantile(strategy, 0.5, draws[~inside])
    return medians


def percentiles(values: Array) -> Ends:
    """Return the 2.5% and 97.5% points of some values, of which some may be infinite; those that are nan are left out.

    They are values that occur, since nothing can be interpolated at infinity.
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return None, None
    low, high = np.quantile(known, TAILS, method="inverted_cdf")
    return float(low), float(high)


@cache
def mean_rule(horizon: float) -> tuple[Array, Array]:
    """Return times and weights (k,) for the area under a curve up to a horizon.

    Gauss-Legendre on panels whose edges are quadratic in time, narrow where curves are
    steep; for smooth curves the relative error is below 1e-6.
    """
    x, w = np.polynomial.legendre.leggauss(POINTS_PER_PANEL)
    edges = horizon * (np.arange(PANELS + 1.0) / PANELS) ** 2
    half = 0.5 * np.diff(edges)[:, None]
    return (edges[:-1, None] + half * (x + 1.0)).ravel(), (half * w).ravel()
