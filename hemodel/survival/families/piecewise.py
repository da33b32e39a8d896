"""The piecewise exponential family: a constant hazard between cut points.

Friedman M (1982), Annals of Statistics 10: 101-113.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.families.composite import Composite, number

if TYPE_CHECKING:
    from hemodel.survival.family import Array, Link


LOG_2 = float(np.log(2.0))
START_RATIOS = (1.0, 0.4, 2.5)


@dataclass(frozen=True)
class PiecewiseExponential(Composite):
    """Hazard rate_1 up to the first cut point, rate_2 from there to the second, and so on.

    At a cut point the hazard is that of the interval which begins there.

    Attributes
    ----------
    cuts : tuple of float
        Cut points, above 0 and increasing. [months]
    """

    cuts: tuple[float, ...]

    @property
    def kinks(self) -> tuple[float, ...]:
        """The cut points."""
        return self.cuts

    def starts(self, median: float) -> Array:
        """Return hazards that stay, fall and rise from interval to interval, all with this median."""
        trend = np.linspace(0.0, 1.0, len(self.parameters))
        rates = np.array(START_RATIOS)[:, None] ** trend
        return np.log(rates * (LOG_2 / (rates @ self._spent(np.array([median])))))

    def _description(self) -> tuple[str, list[tuple[str, Link]]]:
        rates: list[tuple[str, Link]] = [(f"rate_{j + 1}", "log") for j in range(len(self.cuts) + 1)]
        return f"piecewise({', '.join(number(cut) for cut in self.cuts)})", rates

    def _spent(self, t: Array) -> Array:
        """Return the time spent in each interval by time t, (intervals, ...)."""
        edges = (0.0, *self.cuts, np.inf)
        return np.stack([np.clip(t, low, high) - low for low, high in itertools.pairwise(edges)])

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        spent = self._spent(t)
        if t.ndim == 1:
            np.matmul(np.exp(coefficients), spent, out=out)
        else:
            np.einsum("dp,pdt->dt", np.exp(coefficients), spent, out=out)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        interval = np.searchsorted(self.cuts, t, side="right")
        return np.take_along_axis(coefficients, np.broadcast_to(interval, (len(coefficients), t.shape[-1])), axis=1)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        edges = np.array((0.0, *self.cuts))
        rates = np.exp(coefficients)
        reached = rates @ self._spent(edges)
        interval = np.sum(reached[:, 1:] < level[:, None], axis=1)
        rows = np.arange(level.size)
        return np.asarray(edges[interval] + (level - reached[rows, interval]) / rates[rows, interval])

    def _mean(self, coefficients: Array) -> Array:
        edges = np.array((0.0, *self.cuts))
        rates = np.exp(coefficients)
        survival = np.exp(-(rates @ self._spent(edges)))
        died = np.append(-np.expm1(-rates[:, :-1] * np.diff(edges)), np.ones((len(rates), 1)), axis=1)
        return np.asarray((survival * died / rates).sum(axis=1))

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        interval = np.searchsorted(self.cuts, t, side="right")
        inside = np.arange(coefficients.size)[:, None] == interval
        return inside.astype(np.float64), np.exp(coefficients)[:, None] * self._spent(t)
