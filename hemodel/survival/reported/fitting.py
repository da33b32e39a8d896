"""Fit curves to reported statistics by weighted least squares.

Minimises sum(((g - y) / s)^2) over the targets used, where g is the model's value on
the target's scale, plus -2 ln Phi(u) for each bound, minus twice the log of the
probability that the bound holds given g (see `residuals`). Starts are tried in one batch, the best few go to
Levenberg-Marquardt (MINPACK, through SciPy), and the best of those is polished by
Newton steps.

The weighted residuals that a fit makes small, and their derivatives.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy

from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.predicted import model_values, obstacle
from hemodel.survival.reported.problem import FitProblem, check_rank, curve_id, fit_problem, scaled, starting_points
from hemodel.survival.reported.statistics import (
    Statistic,
    Target,
    from_scale,
    has_error,
    matched,
    side,
    target,
    to_scale,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array


LARGEST_RESIDUAL = 1e6


@dataclass(frozen=True)
class Residuals:
    """The residuals z of a problem, with unusable values cut.

    z = (g - y) / s for a statistic known to be y; z = sqrt(-2 ln Phi(u)) for a bound,
    where u is (g - y) / s with the sign that makes it positive where the bound holds.

    Attributes
    ----------
    y : array (J,)
        Values to meet, on the targets' scales.
    steps : array (p,)
        Steps of the finite differences.
    """

    problem: FitProblem
    y: Array
    steps: Array

    def values(self, coefficients: Array) -> Array:
        """Compute z: (p,) -> (J,), or (n, p) -> (n, J)."""
        with np.errstate(all="ignore"):
            z = (self.problem.values(coefficients) - self.y) / self.problem.errors
            sides = self.problem.sides
            if sides.any():
                z = np.where(sides == 0.0, z, bound_residual(z * sides))
        return _cut(z)

    def slopes(self, coefficients: Array) -> Array:
        """Compute the derivatives of z, (J, p)."""
        with np.errstate(all="ignore"):
            raw = self.problem.slopes(coefficients, self.steps) * self.factors(coefficients)[:, None]
            slopes = raw / self.problem.errors[:, None]
        return np.nan_to_num(slopes, posinf=0.0, neginf=0.0)

    def factors(self, coefficients: Array) -> Array:
        """Compute the derivatives (J,) of z by (g - y) / s: 1 for a statistic known to be y."""
        sides = self.problem.sides
        if not sides.any():
            return np.ones(sides.size)
        with np.errstate(all="ignore"):
            u = sides * (self.problem.values(coefficients) - self.y) / self.problem.errors
            return np.where(sides == 0.0, 1.0, sides * bound_slope(u))

    def bend(self, coefficients: Array) -> Array:
        """Compute sum of z times the second derivatives of z, (p, p), z held fixed."""
        size = coefficients.size
        moves = np.diag(self.steps)
        pairs = [(i, j) for i in range(size) for j in range(size)]
        points = [
            coefficients + a * moves[i] + b * moves[j]
            for i, j in pairs
            for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1))
        ]
        along = (self.values(np.array(points)) @ self.values(coefficients)).reshape(-1, 4)
        second = (along @ np.array([1.0, -1.0, -1.0, 1.0])).reshape(size, size)
        return np.asarray(second / (4.0 * np.outer(self.steps, self.steps)))


def bound_residual(u: Array) -> Array:
    """Compute sqrt(-2 ln Phi(u)): near 0 where a bound holds by far, near -u where it is far from holding."""
    return np.asarray(np.sqrt(-2.0 * scipy.special.log_ndtr(_held(u))))


def bound_slope(u: Array) -> Array:
    """Compute the derivative of `bound_residual`, -phi(u) / (Phi(u) z), which lies between -1 and 0.

    phi(u) / Phi(u) = sqrt(2 / pi) / erfcx(-u / sqrt(2)), which loses nothing far out.
    """
    held = _held(u)
    z = bound_residual(held)
    ratio = np.sqrt(2.0 / np.pi) / scipy.special.erfcx(-held / np.sqrt(2.0))
    return np.asarray(np.where(z > 0.0, -ratio / np.where(z > 0.0, z, 1.0), 0.0))


def _held(u: Array) -> Array:
    """Return u within the limits, and as far as can be from holding where there is no value."""
    return np.clip(np.nan_to_num(u, nan=-LARGEST_RESIDUAL), -LARGEST_RESIDUAL, LARGEST_RESIDUAL)


def _cut(z: Array) -> Array:
    z = np.nan_to_num(z, nan=LARGEST_RESIDUAL, posinf=LARGEST_RESIDUAL)
    return np.clip(z, -LARGEST_RESIDUAL, LARGEST_RESIDUAL)


__all__ = ["FitProblem", "ReportedFit", "TargetFit", "fit", "fit_problem"]

FULL_SEARCHES = 3
MOST_POLISHING_STEPS = 20
MOST_EVALUATIONS = 100
UNSETTLED = 1e-7
LAST_STEP = 1e-7
NEAR = 1e-3
"""A search this near the end of another, relative to the coefficients, is taken to end there."""
TOLERANCE = 1e-8


@dataclass(frozen=True)
class TargetFit:
    """How one reported statistic is met.

    Attributes
    ----------
    reported, fitted : float
        Both as reported: months, probability or ratio.
    se : float
        Standard error on the target's scale; nan if compared only and none is known.
    z : float
        Fitted less reported on the target's scale, in standard errors; for a bound
        sqrt(-2 ln Phi(u)), about 0 where it holds by far.
    """

    statistic: Statistic
    reported: float
    fitted: float
    se: float
    z: float


@dataclass(frozen=True)
class ReportedFit:
    """Fitted curves of one endpoint.

    Attributes
    ----------
    coefficients : array (p,)
        Joint coefficients, named by ``curves.names``.
    covariance : array (p, p)
        A J'W V W J A with A = (J'WJ)^-1, W the inverse squared standard errors, and V
        the squared standard errors, 0 for fixed statistics; (J'WJ)^-1 if none is fixed.
    targets : tuple of TargetFit
        All statistics of the endpoint, used and compared, in their order.
    objective : float
        Sum of z squared over the statistics used.
    n_targets, n_parameters : int
        Statistics used that are no bounds, and coefficients.
    criterion : float
        objective + 2 n_parameters, to compare families on the same statistics.
    gradient_norm : float
        Length of J'W(g - y) at the solution, where 0 is exact.
    condition : float
        Condition number of J'WJ with J's columns scaled to length 1.
    """

    curves: EndpointCurves
    coefficients: Array
    covariance: Array
    targets: tuple[TargetFit, ...]
    objective: float
    n_targets: int
    n_parameters: int
    criterion: float
    gradient_norm: float
    condition: float


def fit(problem: FitProblem, y: Array | None = None, start: Array | None = None) -> ReportedFit:
    """Fit the curves of a problem to its targets.

    Parameters
    ----------
    problem : FitProblem
        From `fit_problem`.
    y : array (J,), optional
        Values to use in place of those reported, on the targets' scales, with the same
        standard errors; for sensitivity analysis.
    start : array (p,), optional
        Coefficients to begin from, the only start then; for example a previous fit.

    Raises
    ------
    SurvivalError
        If at the solution some coefficients are left undetermined, or none was found.
    """
    wanted = problem.reported if y is None else np.asarray(y, dtype=np.float64)
    if start is None:
        used = [each.statistic for each in problem.targets]
        points = starting_points(problem.curves, used)
    else:
        points = np.asarray(start, dtype=np.float64)[None, :]
    residuals = Residuals(problem, wanted, np.empty(0))
    order = np.argsort((residuals.values(points) ** 2).sum(axis=1), kind="stable")
    found: list[tuple[float, Array]] = []
    for i in order[:FULL_SEARCHES]:
        found += _search(problem, wanted, points[i], [place for _, place in found])
    coefficients = min(found, key=lambda each: each[0])[1]
    residuals = Residuals(problem, wanted, problem.steps(coefficients))
    coefficients = _polish(residuals, coefficients)
    residuals = replace(residuals, steps=problem.steps(coefficients))
    _check_settled(residuals, coefficients)
    return _describe(residuals, coefficients)


class _Arrived(Exception):  # noqa: N818 - no error: a search has come to where another ended
    pass


def _search(problem: FitProblem, y: Array, start: Array, known: Sequence[Array]) -> list[tuple[float, Array]]:
    """Run Levenberg-Marquardt from one start; return the objective and the coefficients.

    Nothing where it comes near the end of an earlier search, in `known`, and so would end there too.
    """
    from scipy.optimize import least_squares

    residuals = Residuals(problem, y, problem.steps(start))

    def values(coefficients: Array) -> Array:
        if any(np.all(np.abs(coefficients - end) <= NEAR * (1.0 + np.abs(end))) for end in known):
            raise _Arrived
        return residuals.values(coefficients)

    try:
        result = least_squares(
            values,
            start,
            jac=residuals.slopes,
            method="lm",
            x_scale="jac",
            xtol=TOLERANCE,
            ftol=TOLERANCE,
            gtol=TOLERANCE,
            max_nfev=MOST_EVALUATIONS,
        )
    except _Arrived:
        return []
    return [(float(2.0 * result.cost), np.asarray(result.x))]


def _polish(residuals: Residuals, coefficients: Array) -> Array:
    """Take Newton steps for as long as they shorten, in standard errors."""
    bend = residuals.bend(coefficients)
    best, shortest, point = coefficients, np.inf, coefficients
    for _ in range(MOST_POLISHING_STEPS):
        z, slopes = residuals.values(point), residuals.slopes(point)
        step = _newton_step(z, slopes, bend)
        length = max(-float((slopes.T @ z) @ step), 0.0) ** 0.5
        if length < LAST_STEP:
            return np.asarray(point + step)
        if not length < shortest:
            break
        best, shortest, point = point, length, point + step
    return best


def _newton_step(z: Array, slopes: Array, bend: Array) -> Array:
    """Solve for the step, with columns scaled; Gauss-Newton where Newton would climb."""
    lengths = np.sqrt((slopes**2).sum(axis=0))
    lengths = np.where(lengths > 0.0, lengths, 1.0)
    square = slopes / lengths
    hessian = square.T @ square + bend / np.outer(lengths, lengths)
    if np.linalg.eigvalsh(hessian)[0] > 0.0:
        return np.asarray(-np.linalg.solve(hessian, square.T @ z) / lengths)
    return np.asarray(-np.linalg.lstsq(square, z, rcond=None)[0] / lengths)


def _check_settled(residuals: Residuals, coefficients: Array) -> None:
    """Raise if no curve comes near a target, or the coefficients did not settle."""
    problem = residuals.problem
    z = residuals.values(coefficients)
    endpoint = problem.curves.endpoint
    if not np.all(np.abs(z) < LARGEST_RESIDUAL):
        worst = problem.targets[int(np.argmax(np.abs(z)))].statistic.id
        raise SurvivalError(
            f"{endpoint}: no curve of the chosen families comes near {worst}. "
            "Choose another family, or check the value.",
            [worst],
        )
    slopes = problem.slopes(coefficients, residuals.steps)
    check_rank(problem, slopes)
    gradient = np.linalg.norm(scaled(slopes * residuals.factors(coefficients)[:, None], problem.errors).T @ z)
    if gradient > UNSETTLED * max(1.0, float(np.linalg.norm(z))):
        raise SurvivalError(
            f"{endpoint}: the fit does not settle, because some coefficients can move without "
            "end while the targets stay as well met. Add statistics, or choose a family with "
            "fewer parameters.",
            [curve_id(problem.curves, spec.strategy) for spec in problem.curves.specs],
        )


def _describe(residuals: Residuals, coefficients: Array) -> ReportedFit:
    problem = residuals.problem
    z = residuals.values(coefficients)
    raw = problem.slopes(coefficients, residuals.steps) * residuals.factors(coefficients)[:, None]
    slopes = raw / problem.errors[:, None]
    singular = np.linalg.svd(scaled(raw, problem.errors), compute_uv=False)
    objective, size = float(z @ z), coefficients.size
    return ReportedFit(
        curves=problem.curves,
        coefficients=coefficients,
        covariance=sandwich(problem, slopes),
        targets=_target_fits(residuals, coefficients),
        objective=objective,
        n_targets=int(problem.ordinary.sum()),
        n_parameters=size,
        criterion=objective + 2.0 * size,
        gradient_norm=float(np.linalg.norm(slopes.T @ z)),
        condition=float((singular[0] / singular[-1]) ** 2),
    )


def sandwich(problem: FitProblem, slopes: Array, correlation: Array | None = None) -> Array:
    """Compute A J'W V W J A from slopes in standard errors (J, p).

    V is the covariance of the reported statistics: their squared standard errors, 0 for
    fixed ones, with the correlation (J, J) between them where it is given.
    """
    free = np.array([not each.statistic.fixed for each in problem.targets], dtype=np.float64)
    lengths = np.sqrt((slopes**2).sum(axis=0))
    inverse = np.linalg.pinv(slopes / lengths) / lengths[:, None]
    spread = inverse * free
    covariance = spread @ inverse.T if correlation is None else spread @ correlation @ spread.T
    return np.asarray(0.5 * (covariance + covariance.T))


def _target_fits(residuals: Residuals, coefficients: Array) -> tuple[TargetFit, ...]:
    """Compare every statistic with the curves; nan where no value or SE can be had."""
    problem = residuals.problem
    used = {each.statistic.id: value for each, value in zip(problem.targets, residuals.y, strict=True)}
    aims = [_target_or_value(each) for each in problem.statistics]
    having = np.array([obstacle(problem.curves, each, problem.follow_up) is None for each in problem.statistics])
    usable = [aim for aim, has in zip(aims, having, strict=True) if has]
    values = np.full(len(aims), np.nan)
    values[having] = model_values(problem.curves, usable, coefficients, problem.follow_up, problem.patients)
    fits = []
    for aim, value in zip(aims, values, strict=True):
        wanted = float(used.get(aim.statistic.id, aim.y))
        fits.append(_target_fit(problem.curves, aim, wanted, float(value), coefficients))
    return tuple(fits)


def _target_fit(curves: EndpointCurves, aim: Target, wanted: float, value: float, coefficients: Array) -> TargetFit:
    """Compare one statistic with its model value; a bound on a median shows the median."""
    statistic, z = aim.statistic, (value - wanted) / aim.se
    kind = matched(statistic).kind
    if statistic.bound is not None:
        z = z if np.isnan(z) else float(bound_residual(np.array(side(statistic) * z)))
    if kind != statistic.kind:
        median = float(curves.quantile(statistic.strategy, 0.5, coefficients[None, :])[0])
        return TargetFit(statistic, statistic.value, median, aim.se, z)
    reported = statistic.value if wanted == aim.y else from_scale(kind, wanted)
    return TargetFit(statistic, reported, from_scale(kind, value), aim.se, z)


def _target_or_value(statistic: Statistic) -> Target:
    """Return the target, with an unknown (nan) standard error where none is needed."""
    if statistic.used or has_error(statistic):
        return target(statistic)
    stated = matched(statistic)
    return Target(statistic, to_scale(stated.kind, stated.value), float("nan"))
