"""Royston-Parmar splines: a natural cubic spline of log time on a transformed scale.

Royston P, Parmar MKB (2002), Statistics in Medicine 21: 2175-2197; basis, placing of
knots and names of coefficients as in ``flexsurv::flexsurvspline``.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.composite import Composite, number
from hemodel.survival.families.scales import SCALES, Scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.survival.family import Array, CurveData, Family, Link


EARLIEST_LOG_TIME = -800.0
MOST_KNOTS = 4
POINTS_BETWEEN_KNOTS = 50


@dataclass(frozen=True)
class Spline(Composite):
    """A spline s of log time: log H = s, log(1/S - 1) = s or -probit(S) = s.

    s = gamma0 + gamma1 x + gamma2 v1(x) + ..., x = log t, one v for each interior knot
    k between the boundary knots a and b, with lambda = (b - k) / (b - a):
    v(x) = (x - k)+^3 - lambda (x - a)+^3 - (1 - lambda) (x - b)+^3.
    s is straight outside the boundary knots.

    Not every vector of coefficients gives a curve that falls: see `is_falling`.
    Survival is what the formula says all the same, and the log hazard is minus infinity
    where s does not rise. Survival is 1 at time 0.

    Attributes
    ----------
    scale : str
        ``hazard``, ``odds`` or ``normal``.
    interior : int
        Number of interior knots.
    knots : tuple of float
        Times of all knots, boundary ones included; empty until resolved. [months]
    are_given : bool
        Whether the knots are part of the formula.
    """

    scale: str
    interior: int
    knots: tuple[float, ...] = ()
    are_given: bool = False

    @property
    def kinks(self) -> tuple[float, ...]:
        """The knots, where there is one inside."""
        return self.knots if self.interior else ()

    @property
    def is_resolved(self) -> bool:
        """Whether the knots are known, or none is needed."""
        return self.interior == 0 or bool(self.knots)

    def resolved(self, data: CurveData) -> Family:
        """Place the knots at quantiles of log event time, as ``flexsurvspline`` does.

        Boundary knots are the first and the last event; interior knots are at equally
        spaced quantiles, type 7 of R's ``quantile``.

        Raises
        ------
        SurvivalError
            If there are too few different event times, or one is not above 0.
        """
        if self.is_resolved:
            return self
        times = np.array(data.event_times)
        if not np.all(times > 0.0):
            raise SurvivalError(
                f"{self.name}: {int(np.sum(~(times > 0.0)))} of {times.size} event times are not above 0, and knots "
                "are placed on log time. Give such patients a short time, for example half a day."
            )
        needed = self.interior + 2
        inside = np.linspace(0.0, 1.0, needed)[1:-1]
        if np.unique(times).size >= needed:
            middle = np.exp(np.quantile(np.log(times), inside))
            knots = (float(times.min()), *middle.tolist(), float(times.max()))
            if np.all(np.diff(knots) > 0.0):
                return replace(self, knots=knots)
        raise SurvivalError(
            f"{self.name}: {np.unique(times).size} different event times are too few to place {needed} separate knots "
            "(the first event, the last and quantiles between). Choose fewer knots or give their times: "
            f"spline({self.scale}, knots at 1 6 24)."
        )

    def is_falling(self, coefficients: Array) -> NDArray[np.bool_]:
        """Return whether s rises at 50 points between each two knots and in both straight ends."""
        if self.interior == 0:
            return np.asarray(coefficients[:, 1] > 0.0)
        logs = np.log(np.array(self._knots()))
        parts = [np.linspace(a, b, POINTS_BETWEEN_KNOTS) for a, b in itertools.pairwise(logs)]
        return np.asarray(np.all(self._line(coefficients, self._slopes(np.concatenate(parts))) > 0.0, axis=1))

    def starts(self, median: float) -> Array:
        """Return five straight lines in log time, all with this median."""
        scale = self._functions
        result = np.zeros((len(scale.shapes), len(self.parameters)))
        result[:, 1] = scale.shapes
        result[:, 0] = scale.at_median - result[:, 1] * np.log(median)
        return result

    def tail_index(self, coefficients: Array) -> Array:
        """Return the last slope of s on the odds scale, 0 where it is not above 0, else ``inf``."""
        edge = np.array([np.log(self._knots()[-1]) if self.interior else 0.0])
        slope = self._line(coefficients, self._slopes(edge))[:, 0]
        return np.where(slope <= 0.0, 0.0, slope if self.scale == "odds" else np.inf)

    def _description(self) -> tuple[str, list[tuple[str, Link]]]:
        knots = f"{self.interior} knot{'' if self.interior == 1 else 's'}"
        if self.are_given:
            knots = "knots at " + " ".join(number(knot) for knot in self.knots)
        return f"spline({self.scale}, {knots})", [(f"gamma{j}", "identity") for j in range(self.interior + 2)]

    @property
    def _functions(self) -> Scale:
        return SCALES[self.scale]

    def _knots(self) -> tuple[float, ...]:
        if not self.is_resolved:
            raise SurvivalError(
                f"{self.name}: its knots are placed at quantiles of event times, which are not known here. "
                f"Fit it to patients, or give the times of the knots: spline({self.scale}, knots at 1 6 24)."
            )
        return self.knots

    def _basis(self, log_t: Array) -> Array:
        """Return 1, x, v1(x), ... as (p, ...), straight beyond the last knot."""
        x = np.maximum(log_t, EARLIEST_LOG_TIME)
        result = np.empty((self.interior + 2, *x.shape))
        result[0], result[1] = 1.0, x
        if self.interior:
            logs = np.log(np.array(self._knots()))
            near = np.minimum(x, logs[-1])
            beyond = x - near
            slopes = self._slopes(logs[-1:])
            for j, knot in enumerate(logs[1:-1], start=2):
                share = (logs[-1] - knot) / (logs[-1] - logs[0])
                cubes = np.maximum(near - knot, 0.0) ** 3 - share * np.maximum(near - logs[0], 0.0) ** 3
                result[j] = cubes + slopes[j, 0] * beyond
        return result

    def _slopes(self, log_t: Array) -> Array:
        """Return the derivatives of the basis by log time."""
        result = np.zeros((self.interior + 2, *log_t.shape))
        result[1] = 1.0
        if self.interior:
            logs = np.log(np.array(self._knots()))
            near = np.minimum(log_t, logs[-1])
            for j, knot in enumerate(logs[1:-1], start=2):
                share = (logs[-1] - knot) / (logs[-1] - logs[0])
                squares = np.maximum(near - knot, 0.0) ** 2 - share * np.maximum(near - logs[0], 0.0) ** 2
                result[j] = 3.0 * squares
        return result

    @staticmethod
    def _line(coefficients: Array, basis: Array, out: Array | None = None) -> Array:
        """Return the sum over coefficients (draws, points): one matrix product where times are shared."""
        if basis.ndim == 2:
            return np.matmul(coefficients, basis, out=out)
        return np.asarray(np.einsum("dp,pdt->dt", coefficients, basis, out=out))

    def _fill(self, log_t: Array, coefficients: Array, out: Array, at_zero: float, survival: bool) -> None:
        self._line(coefficients, self._basis(log_t), out)
        function = self._functions.survival if survival else self._functions.cumulative_hazard
        out[...] = function(out)
        np.copyto(out, at_zero, where=np.isneginf(log_t))

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self._fill(log_t, coefficients, out, 0.0, survival=False)

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self._fill(log_t, coefficients, out, 1.0, survival=True)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        x = np.maximum(log_t, EARLIEST_LOG_TIME)
        s, slope = self._line(coefficients, self._basis(x)), self._line(coefficients, self._slopes(x))
        rising = slope > 0.0
        return np.where(rising, self._functions.log_slope(s) + np.log(np.where(rising, slope, 1.0)) - x, -np.inf)

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Follow from H = H(s) and h t = H'(s) ds/dx, both linear in the coefficients inside."""
        basis, slopes = self._basis(log_t), self._slopes(log_t)
        s, slope = coefficients @ basis, coefficients @ slopes
        rising = slope > 0.0
        log_hazard = self._functions.log_slope_rate(s) * basis + slopes / np.where(rising, slope, 1.0)
        return np.where(rising, log_hazard, 0.0), np.exp(self._functions.log_slope(s)) * basis
