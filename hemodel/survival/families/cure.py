"""Cure models: a share of patients never has the event.

Mixture: Boag JW (1949), JRSS B 11: 15-53. Non-mixture: Tsodikov A (1998), JRSS B 60:
195-207. Coefficients as in flexsurvcure: first logit of the cured share, then the
coefficients of the family of the others.
"""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import scipy

from hemodel.survival.families.composite import Composite, parameters_of, starts_with_hazard
from hemodel.survival.families.gamma_functions import SMALLEST_DIRECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hemodel.survival.family import Array, CurveData, Family, Link


START_SHARES = (0.1, 0.3)


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


@dataclass(frozen=True)
class _Cure(Composite, ABC):
    """Attributes: ``inner``, the family of the patients who are not cured."""

    inner: Family
    kind: ClassVar[str]

    @property
    def kinks(self) -> tuple[float, ...]:
        """The kinks of the inner family."""
        return self.inner.kinks

    @property
    def is_resolved(self) -> bool:
        """Whether the inner family is."""
        return self.inner.is_resolved

    def resolved(self, data: CurveData) -> Family:
        """Complete the inner family with data."""
        return replace(self, inner=self.inner.resolved(data))

    def is_falling(self, coefficients: Array) -> NDArray[np.bool_]:
        """Return where the inner family falls."""
        return self.inner.is_falling(coefficients[:, 1:])

    def tail_index(self, coefficients: Array) -> Array:
        """Return 0; for a cured share of exactly 0, the index of the inner family."""
        return np.where(np.isneginf(coefficients[:, 0]), self.inner.tail_index(coefficients[:, 1:]), 0.0)

    def _description(self) -> tuple[str, list[tuple[str, Link]]]:
        return f"{self.kind}({self.inner.name})", [("cure", "logit"), *parameters_of(self.inner)]

    def _starts(self, median: float, levels: Array) -> Array:
        """Join cured shares with inner starts that have these cumulative hazards at the median."""
        count = len(self.inner.starts(median))
        inner = [starts_with_hazard(self.inner, median, np.full(count, level)) for level in levels]
        shares = np.repeat(scipy.special.logit(np.array(START_SHARES)), count)
        return np.column_stack([shares, np.concatenate(inner)])

    def _inner(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Return the cumulative hazard and log density of those not cured."""
        some = coefficients[:, 1:]
        hazard = self.inner.cumulative_hazard(t, some, log_t=log_t)
        log_hazard = self.inner.log_hazard(t, some, log_t=log_t, cumulative=hazard)
        return hazard, np.where(np.isposinf(hazard), -np.inf, log_hazard - np.minimum(hazard, 1e308))


@dataclass(frozen=True)
class MixtureCure(_Cure):
    """Mixture cure: S = cure + (1 - cure) S_inner."""

    kind: ClassVar[str] = "mixture_cure"

    def starts(self, median: float) -> Array:
        """Return the inner family's shapes with 10% and 30% cured, all with this median."""
        shares = np.array(START_SHARES)
        return self._starts(median, -np.log((0.5 - shares) / (1.0 - shares)))

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self.inner.survival(t, coefficients[:, 1:], log_t=log_t, out=out)
        cure = scipy.special.expit(coefficients[:, :1])
        out *= scipy.special.expit(-coefficients[:, :1])
        out += cure
        np.copyto(out, 1.0, where=np.isneginf(log_t))

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        """Compute -log S: from the share with the event where that is small, from logs where S underflows."""
        self.inner.cumulative_hazard(t, coefficients[:, 1:], log_t=log_t, out=out)
        logit = np.ascontiguousarray(coefficients[:, :1])
        left = np.exp(-out)
        left *= scipy.special.expit(-logit)
        left += scipy.special.expit(logit)
        early, late = left > 0.5, left < SMALLEST_DIRECT
        event = np.broadcast_to(scipy.special.expit(-logit), out.shape)[early] * np.expm1(-out[early])
        far = np.logaddexp(-_softplus(-logit), -_softplus(logit) - out)[late] if late.any() else 0.0
        np.maximum(left, SMALLEST_DIRECT, out=left)
        np.log(left, out=out)
        np.negative(out, out=out)
        out[early] = -np.log1p(event)
        out[late] = -far

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        logit = np.ascontiguousarray(coefficients[:, :1])
        _, log_density = self._inner(t, log_t, coefficients)
        return log_density - _softplus(logit) + self.cumulative_hazard(t, coefficients, log_t=log_t)

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        logit = coefficients[:, 0]
        event = -np.expm1(-level) * (1.0 + np.exp(logit))
        left = np.exp(-level) - scipy.special.expit(logit)
        early = -np.log1p(-np.minimum(event, 0.9))
        late = -np.log(np.maximum(left, 0.0)) - _softplus(logit)
        inner = np.where(np.isneginf(logit), level, np.where(event < 0.5, early, late))
        return np.where(np.isposinf(inner), np.inf, self.inner.time_at(inner, coefficients[:, 1:]))

    def _mean(self, coefficients: Array) -> Array:
        none = np.isneginf(coefficients[:, 0])
        return np.where(none, self.inner.mean(coefficients[:, 1:]), np.inf)

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Follow from S = cure + (1 - cure) S_inner, with w the share of S that is not cured."""
        inner_log_hazard, inner = self.inner.derivatives(t, coefficients[1:])
        row = coefficients[None, :]
        survival = self.survival(t, row, log_t=log_t)[0]
        cure, rest = scipy.special.expit(coefficients[0]), scipy.special.expit(-coefficients[0])
        event = -np.expm1(-self.inner.cumulative_hazard(t, row[:, 1:], log_t=log_t)[0])
        weight = rest * (1.0 - event) / survival
        by_cure = -cure * rest * event / survival
        log_hazard = inner_log_hazard - (cure / survival) * inner
        return np.vstack([by_cure - cure, log_hazard]), np.vstack([by_cure, weight * inner])


@dataclass(frozen=True)
class NonmixtureCure(_Cure):
    """Non-mixture cure: S = cure^F_inner, a promotion time model."""

    kind: ClassVar[str] = "nonmixture_cure"

    def starts(self, median: float) -> Array:
        """Return the inner family's shapes with 10% and 30% cured, all with this median."""
        return self._starts(median, -np.log1p(-np.log(0.5) / np.log(np.array(START_SHARES))))

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        self.inner.cumulative_hazard(t, coefficients[:, 1:], log_t=log_t, out=out)
        np.negative(out, out=out)
        np.expm1(out, out=out)
        out *= -_softplus(-coefficients[:, :1])

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        _, log_density = self._inner(t, log_t, coefficients)
        return log_density + np.log(_softplus(-coefficients[:, :1]))

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        event = level / _softplus(-coefficients[:, 0])
        finite = event < 1.0
        inner = -np.log1p(-np.where(finite, event, 0.0))
        return np.where(finite, self.inner.time_at(inner, coefficients[:, 1:]), np.inf)

    def _mean(self, coefficients: Array) -> Array:
        return np.full(coefficients.shape[0], np.inf)

    def tail_index(self, coefficients: Array) -> Array:
        """Return 0."""
        return np.zeros(coefficients.shape[0])

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Follow from H = -log(cure) F_inner."""
        inner_log_hazard, inner = self.inner.derivatives(t, coefficients[1:])
        level = _softplus(-coefficients[0])
        left = np.exp(-self.inner.cumulative_hazard(t, coefficients[None, 1:], log_t=log_t)[0])
        rest = scipy.special.expit(-coefficients[0])
        by_cure = np.full_like(t, -rest / level)
        return np.vstack([by_cure, inner_log_hazard - inner]), np.vstack([-rest * (1.0 - left), level * left * inner])
