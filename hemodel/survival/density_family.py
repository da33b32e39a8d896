"""Families that are known by their density, with a survival function that costs much."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass

import numpy as np

from hemodel.survival.family import Array, Family, log_time, prepared
from hemodel.survival.interpolation import is_worthwhile, survival_from_density


@dataclass(frozen=True)
class DensityFamily(Family, ABC):
    """A family whose hazard is computed as its density over its survival.

    Survival of many draws at many shared times is integrated from the density (see
    `interpolation`), with an error below 1e-10.
    """

    def survival(self, t: Array, coefficients: Array, *, log_t: Array | None = None, out: Array | None = None) -> Array:
        """Compute survival; see `Family`."""
        log_t, out = prepared(t, coefficients, log_t, out)
        if is_worthwhile(log_t, coefficients.shape[0]):
            return survival_from_density(self, coefficients, log_t, out)
        return super().survival(t, coefficients, log_t=log_t, out=out)

    def cumulative_hazard(
        self, t: Array, coefficients: Array, *, log_t: Array | None = None, out: Array | None = None
    ) -> Array:
        """Compute minus the log of survival; see `Family`."""
        log_t, out = prepared(t, coefficients, log_t, out)
        if is_worthwhile(log_t, coefficients.shape[0]):
            survival_from_density(self, coefficients, log_t, out)
            np.log(out, out=out)
            return np.asarray(np.negative(out, out=out))
        return super().cumulative_hazard(t, coefficients, log_t=log_t, out=out)

    def exact_survival(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Compute survival (draws, points) from the family's own formula."""
        return super().survival(t, coefficients, log_t=log_t)

    def log_density(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Compute the log of the density (draws, points), per unit of time."""
        with np.errstate(over="ignore"):
            return self._log_hazard(t, log_t, coefficients)

    def log_hazard(
        self, t: Array, coefficients: Array, *, log_t: Array | None = None, cumulative: Array | None = None
    ) -> Array:
        """Compute log density + cumulative hazard, (draws, points); see `Family`."""
        log_t = log_time(t) if log_t is None else log_t
        if cumulative is None:
            cumulative = self.cumulative_hazard(t, coefficients, log_t=log_t)
        return self.log_density(t, log_t, coefficients) + cumulative
