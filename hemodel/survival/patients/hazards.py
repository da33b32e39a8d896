"""The hazard of patients without a family of curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.distributions import Z975
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.kaplan_meier import added, kaplan_meier

if TYPE_CHECKING:
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData


@dataclass(frozen=True, eq=False)
class SmoothedHazard:
    """A smoothed hazard, from `smoothed_hazard`.

    Attributes
    ----------
    times, hazard : array (k,)
        Hazard per unit of time.
    low, high : array (k,)
        95% interval; nan where the estimate is 0.
    bandwidth : float
        Half the width of the window, in the unit of time.
    """

    times: Array
    hazard: Array
    low: Array
    high: Array
    bandwidth: float


def log_cumulative_hazard_points(data: PatientData) -> tuple[Array, Array]:
    """Return log time and log cumulative hazard at the events, from the Kaplan-Meier estimate.

    Straight lines mean Weibull curves; parallel lines proportional hazards.
    """
    curve = kaplan_meier(data)
    steps = (curve.events > 0.0) & (curve.survival > 0.0)
    return np.log(curve.times[steps]), np.log(-np.log(curve.survival[steps]))


def default_bandwidth(data: PatientData) -> float:
    """Return last time / (2 d^(1/5)) for d events (with weights their effective number), at most half the last time.

    Four times the pilot bandwidth of the R package muhaz.
    """
    weight = data.weight * data.event
    return float(data.time.max() / (2.0 * (weight.sum() ** 2 / (weight**2).sum()) ** 0.2))


def smoothed_hazard(data: PatientData, times: Array, bandwidth: float | None = None) -> SmoothedHazard:
    """Smooth the increments of the Nelson-Aalen estimate with an Epanechnikov kernel.

    h(t) = (1/b) sum K((t - t_i) / b) d_i / n_i, with the boundary kernels of Mueller HG,
    Wang JL (1994), Biometrics 50: 61-76, within b of time 0 and of the last time. The
    variance is (1/b^2) sum K^2 d_i / n_i^2, with squared weights for d_i (Ramlau-Hansen H
    (1983), Annals of Statistics 11: 453-466), and the interval is on the log scale. Near a boundary the kernel has
    negative parts; an estimate below 0 is set to 0.

    Parameters
    ----------
    times : array (k,)
        From 0 to the last time of follow-up.
    bandwidth : float, optional
        b, above 0 and at most half the last time; by default `default_bandwidth`.

    Raises
    ------
    SurvivalError
        If a time or the bandwidth is outside its range.
    """
    last = float(data.time.max())
    width = default_bandwidth(data) if bandwidth is None else bandwidth
    if not 0.0 < width <= 0.5 * last:
        raise SurvivalError(
            f"The bandwidth is {width:g}; it must be above 0 and at most {0.5 * last:g}, half the last time."
        )
    if times.size and not (times.min() >= 0.0 and times.max() <= last):
        raise SurvivalError(f"The hazard can be smoothed from time 0 to {last:g}, the last time of follow-up.")
    curve = kaplan_meier(data)
    steps = curve.events > 0.0
    increments = curve.events[steps] / curve.at_risk[steps]
    place = np.searchsorted(curve.times, data.time)
    squares = added(data.weight**2 * data.event, place, curve.times.size)
    variances = squares[steps] / curve.at_risk[steps] ** 2
    weights = kernel_weights(times, curve.times[steps], width, last)
    raw = weights @ increments
    positive = raw > 0.0
    relative = np.sqrt(weights**2 @ variances) / np.where(positive, raw, np.nan)
    hazard = np.where(positive, raw, 0.0)
    return SmoothedHazard(
        times=times,
        hazard=hazard,
        low=hazard * np.exp(-Z975 * relative),
        high=hazard * np.exp(Z975 * relative),
        bandwidth=width,
    )


def kernel_weights(times: Array, events: Array, width: float, last: float) -> Array:
    """Return K((t - t_i) / b) / b (times, events), with boundary kernels at 0 and ``last``.

    For q = t / b below 1: K(z) = 12 (1 + z) [z (1 - 2 q) + (3 q^2 - 2 q + 1) / 2] /
    (1 + q)^4 for z from -1 to q; with q = 1 it is Epanechnikov's. Mirrored at the end.
    """
    from_start = np.minimum(times / width, 1.0)[:, None]
    to_end = np.minimum((last - times) / width, 1.0)[:, None]
    z = (times[:, None] - events) / width
    at_end = to_end < 1.0
    q = np.where(at_end, to_end, from_start)
    z = np.where(at_end, -z, z)
    kernel = 12.0 * (1.0 + z) * (z * (1.0 - 2.0 * q) + 0.5 * (3.0 * q * q - 2.0 * q + 1.0)) / (1.0 + q) ** 4
    inside = (z >= -1.0) & (z <= q)
    return np.where(inside, kernel, 0.0) / width
