"""Whether one strategy stretches the time scale of another by a constant factor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from hemodel.distributions import Z975
from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, INDEPENDENT, CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.fitting import maximum_likelihood
from hemodel.survival.patients.kaplan_meier import Estimate, kaplan_meier
from hemodel.survival.patients.proportionality import ChiSquaredTest

if TYPE_CHECKING:
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData

SHARES = np.arange(1, 20) / 20.0
"""Shares of patients with the event at which quantiles are compared: 5%, 10%, ... 95%."""
SHAPE = "gengamma"


@dataclass(frozen=True, eq=False)
class QuantilePoints:
    """Times by which equal shares of two groups had the event.

    Attributes
    ----------
    share : array (k,)
        Share with the event, those of 5%, 10%, ... that both Kaplan-Meier curves reach.
    reference, strategy : array (k,)
        Times of the two. On a line through the origin acceleration is constant.
    slope : float
        Least-squares slope through the origin, a rough acceleration factor.
    """

    share: Array
    reference: Array
    strategy: Array
    slope: float


@dataclass(frozen=True)
class AccelerationTest:
    """Whether the acceleration factor is constant.

    Attributes
    ----------
    log_acceleration_factor : Estimate
        Under a constant factor.
    test : ChiSquaredTest
        Likelihood ratio of shapes of their own against a shared shape, 2 degrees of freedom.
    """

    log_acceleration_factor: Estimate
    test: ChiSquaredTest


def quantile_points(reference: PatientData, strategy: PatientData) -> QuantilePoints:
    """Compare the quantiles of two Kaplan-Meier curves.

    Raises
    ------
    SurvivalError
        If no share of 5% or more is reached by both.
    """
    curves = kaplan_meier(reference), kaplan_meier(strategy)
    times = np.array([[curve.quantile(float(share))[0] for share in SHARES] for curve in curves])
    both = np.isfinite(times).all(axis=0)
    if not both.any():
        raise SurvivalError("No quantiles can be compared: fewer than 5% of one strategy's patients had the event.")
    x, y = times[:, both]
    return QuantilePoints(SHARES[both], x, y, float((x * y).sum() / (x * x).sum()))


def constant_acceleration(reference: PatientData, strategy: PatientData) -> AccelerationTest:
    """Test whether the acceleration factor is constant, within the generalised gamma.

    Two fits by maximum likelihood: one with shared sigma and Q and a constant factor (4
    coefficients), one with all three coefficients of each strategy its own (6). Cox C et
    al. (2007), Statistics in Medicine 26: 4352-4374, section 3.

    Raises
    ------
    SurvivalError
        If one of the fits is not possible.
    """
    data = {"reference": reference, "strategy": strategy}
    base = CurveSpec("reference", SHAPE, INDEPENDENT)
    shared = CurveSpec("strategy", SHAPE, ACCELERATED_FAILURE_TIME, "reference")
    own = CurveSpec("strategy", SHAPE, INDEPENDENT)
    constant = maximum_likelihood(EndpointCurves("acceleration", (base, shared)), data)
    free = maximum_likelihood(EndpointCurves("acceleration", (base, own)), data)
    degrees = free.n_parameters - constant.n_parameters
    ratio = max(2.0 * (free.log_likelihood - constant.log_likelihood), 0.0)
    value, se = float(constant.coefficients[-1]), float(np.sqrt(constant.covariance[-1, -1]))
    return AccelerationTest(
        Estimate(value, se, value - Z975 * se, value + Z975 * se),
        ChiSquaredTest(ratio, degrees, float(special.chdtrc(degrees, ratio))),
    )
