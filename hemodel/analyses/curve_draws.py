"""Draws of the coefficients of curves: joint within an endpoint, and correlated between PFS and OS where asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.parameters import BLOCK
from hemodel.sampling import Design
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray
    from hemodel.survival.endpoint_fit import EndpointFit


FIRST, SECOND = "pfs", "os"
STEP = 1e-3
"""Step of the slopes of restricted means, in standard deviations of the coefficients."""
ROUNDING = 1e-13
"""Restricted means closer than this, relatively, are the same."""


def design_of(model: Model, seed: int) -> Design:
    """Return the design of the settings for everything in the model that is uncertain, curves first."""
    columns: dict[str, int] = {}
    for endpoint, fit in model.fits.items():
        if fit.bootstrap is not None:
            columns[f"curve.{endpoint}.replicate"] = 1
        elif fit.covariance.any():
            columns[f"curve.{endpoint}"] = fit.coefficients.size
        if fit.weights:
            columns[f"curve.{endpoint}.family"] = 1
    columns |= {p.id: 1 for p in model.inputs.parameters if p.distribution is not None}
    return Design(model.inputs.settings.sampling, seed, columns)


def curve_draws(model: Model, design: Design, block: int, count: int) -> dict[str, FloatArray]:
    """Return the coefficients (count, p) of every endpoint in one block of draws, by ``curve.<endpoint>``.

    A fit without uncertainty gives one row. The whole block is drawn, so that a draw has
    the same bits however many are wanted.
    """
    normals = {
        endpoint: _normals(endpoint, design, block)
        for endpoint, fit in model.fits.items()
        if fit.covariance.any() and fit.bootstrap is None
    }
    correlation = model.inputs.settings.correlation_pfs_os
    if correlation and FIRST in normals and SECOND in normals:
        _correlate(model, normals, correlation)
    draws = {}
    for endpoint, fit in model.fits.items():
        if fit.bootstrap is not None:
            replicates, _ = fit.bootstrap()
            drawn = replicates[_uniform_rows(endpoint, replicates.shape[0], design, block)]
        elif endpoint in normals:
            drawn = fit.coefficients + normals[endpoint] @ square_root(fit.covariance)
        else:
            drawn = np.repeat(fit.coefficients[None, :], BLOCK, axis=0) if fit.weights else fit.coefficients[None, :]
        draws[f"curve.{endpoint}"] = _with_one_family(fit, drawn, design, block)[:count]
    return draws


def square_root(covariance: FloatArray) -> FloatArray:
    """Return the symmetric square root of a covariance (p, p)."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T)


def _slope(fit: EndpointFit, strategy: str, horizon: float, points: FloatArray) -> FloatArray:
    """Slopes of the restricted mean by the independent normals, from points to both sides; 0 where only rounding."""
    means = fit.curves.restricted_mean(strategy, horizon, points)
    half = points.shape[0] // 2
    change = means[:half] - means[half:]
    change[np.abs(change) <= ROUNDING * means[:half]] = 0.0
    return np.asarray(change / (2.0 * STEP))


def _normals(endpoint: str, design: Design, block: int) -> FloatArray:
    from scipy.special import ndtri

    return np.asarray(ndtri(design.uniforms(f"curve.{endpoint}", block, BLOCK)))


def _uniform_rows(endpoint: str, replicates: int, design: Design, block: int) -> NDArray[np.intp]:
    """Rows of the bootstrap replicates, each as likely as any other."""
    uniforms = design.uniforms(f"curve.{endpoint}.replicate", block, BLOCK)[:, 0]
    return np.minimum((uniforms * replicates).astype(np.intp), replicates - 1)


def _with_one_family(fit: EndpointFit, drawn: FloatArray, design: Design, block: int) -> FloatArray:
    """Give each draw of an average one of its families, with the weights as probabilities.

    All averages of an endpoint take theirs by the same uniform number, so that strategies
    have the same family in a draw where their weights are the same. Jackson CH et al.
    (2009), Journal of the Royal Statistical Society A 172: 383-404.
    """
    for columns, weights in fit.weights.values():
        uniforms = design.uniforms(f"curve.{fit.curves.endpoint}.family", block, BLOCK)
        edges = np.cumsum(weights)[:-1]
        member = (uniforms > edges).sum(axis=1)
        drawn[:, columns] = np.eye(weights.size)[member]
    return drawn


def _correlate(model: Model, normals: dict[str, FloatArray], correlation: float) -> None:
    """Correlate the normals of OS with those of PFS along the directions of the restricted means.

    In the space of independent normals the restricted mean of each strategy rises along
    one direction. OS keeps its own normals off these directions; along them they become
    r z_PFS + sqrt(1 - r^2) z_OS, a Gaussian copula with correlation r. Where the
    directions of strategies are not at right angles, the nearest that are stand for them.
    Strategies whose restricted mean of either is certain are left out.
    """
    pair = _pair_of_directions(model)
    if pair is None:
        return
    first, second = pair
    own = normals[SECOND] @ second
    shared = correlation * (normals[FIRST] @ first) + np.sqrt(1.0 - correlation**2) * own
    normals[SECOND] = normals[SECOND] + (shared - own) @ second.T


def _pair_of_directions(model: Model) -> tuple[FloatArray, FloatArray] | None:
    """Directions (p, strategies) along which restricted means of PFS and of OS rise; None where all are certain."""
    slopes = [_slopes(model, endpoint) for endpoint in (FIRST, SECOND)]
    both = np.all([slope.any(axis=0) for slope in slopes], axis=0)
    if not both.any():
        return None
    first, second = (_directions(slope[:, both]) for slope in slopes)
    return first, second


def correlated(model: Model, endpoint: str, normals: FloatArray) -> dict[str, FloatArray]:
    """Return what is expected of the normals (p,) of the other of PFS and OS, given those of one of them.

    Empty where the draws do not correlate the two.
    """
    correlation = model.inputs.settings.correlation_pfs_os
    drawn = [e for e, fit in model.fits.items() if fit.covariance.any() and fit.bootstrap is None]
    if not correlation or not {FIRST, SECOND, endpoint} <= set(drawn) or endpoint not in {FIRST, SECOND}:
        return {}
    pair = _pair_of_directions(model)
    if pair is None:
        return {}
    own, other = pair if endpoint == FIRST else pair[::-1]
    return {SECOND if endpoint == FIRST else FIRST: correlation * (other @ (own.T @ normals))}


def _slopes(model: Model, endpoint: str) -> FloatArray:
    """Slopes (p, strategies) of restricted means by the independent normals of an endpoint."""
    fit = model.fits[endpoint]
    horizon = model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    root = square_root(fit.covariance)
    points = fit.coefficients + STEP * np.vstack([root, -root])
    return np.column_stack([_slope(fit, strategy, horizon, points) for strategy in model.strategies])


def _directions(slopes: FloatArray) -> FloatArray:
    """Directions (p, strategies) at right angles, nearest to those along which restricted means rise."""
    left, _, right = np.linalg.svd(slopes / np.linalg.norm(slopes, axis=0), full_matrices=False)
    return np.asarray(left @ right)
