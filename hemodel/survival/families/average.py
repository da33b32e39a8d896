"""The weighted average of survival curves of several families.

Jackson CH, Sharples LD, Thompson SG (2010), JRSS C 59: 233-253, section 2: survival, not
hazards or coefficients, is averaged.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.errors import SurvivalError
from hemodel.survival.families.composite import Composite, columns_by_part, common_kinks, named_parameters, number
from hemodel.survival.family import time_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hemodel.survival.family import Array, CurveData, Family, Link


SUM_TOLERANCE = 1e-9


@dataclass(frozen=True)
class Average(Composite):
    """Average: S = w1 S1 + w2 S2 + ...

    The first coefficients are the weights themselves, so that each draw can have its own;
    the others are those of the members. A member is computed only for the draws in which its
    weight is not 0: draws that each pick one member cost no more than one family.

    Attributes
    ----------
    averaged : tuple of Family
        The members.
    weights : tuple of float
        Weights that add up to 1; empty until `with_weights`. Curves use the
        weights among the coefficients.
    """

    averaged: tuple[Family, ...]
    weights: tuple[float, ...] = ()

    @property
    def members(self) -> tuple[Family, ...]:
        """The families that are averaged."""
        return self.averaged

    @property
    def kinks(self) -> tuple[float, ...]:
        """The kinks of all members."""
        return common_kinks(self.averaged)

    @property
    def is_resolved(self) -> bool:
        """Whether there are weights and all members are resolved."""
        return bool(self.weights) and all(member.is_resolved for member in self.averaged)

    def resolved(self, data: CurveData) -> Family:
        """Complete all members with data; weights are given by `with_weights`."""
        return replace(self, averaged=tuple(member.resolved(data) for member in self.averaged))

    def with_weights(self, weights: tuple[float, ...]) -> Average:
        """Return the average with these weights, in the order of the members.

        Raises
        ------
        SurvivalError
            If there are not as many as members, one is negative, or they do not add up to 1.
        """
        fits = len(weights) == len(self.averaged) and min(weights) >= 0.0
        if not (fits and abs(sum(weights) - 1.0) <= SUM_TOLERANCE):
            given = " ".join(number(weight) for weight in weights)
            raise SurvivalError(
                f"{self.name}: {len(self.averaged)} weights are needed, none negative, that add up to 1; given "
                f"are {given or 'none'} (sum {number(sum(weights))})."
            )
        return replace(self, weights=tuple(float(weight) for weight in weights))

    def is_falling(self, coefficients: Array) -> NDArray[np.bool_]:
        """Return where every member with a weight falls."""
        result = np.ones(len(coefficients), dtype=bool)
        for member, rows, _, own in self._used(coefficients):
            result[rows] &= member.is_falling(own)
        return result

    def tail_index(self, coefficients: Array) -> Array:
        """Return the smallest of the members with a weight: the heaviest tail wins."""
        result = np.full(len(coefficients), np.inf)
        for member, rows, _, own in self._used(coefficients):
            result[rows] = np.minimum(result[rows], member.tail_index(own))
        return result

    def starts(self, median: float) -> Array:
        """Return starts of all members side by side, each with this median, and the weights."""
        weights = self.weights or (1.0 / len(self.averaged),) * len(self.averaged)
        each = [member.starts(median) for member in self.averaged]
        count = max(len(rows) for rows in each)
        repeated = [np.resize(rows, (count, rows.shape[1])) for rows in each]
        return np.column_stack([np.tile(weights, (count, 1)), *repeated])

    def _description(self) -> tuple[str, list[tuple[str, Link]]]:
        names = [member.name for member in self.averaged]
        weights: list[tuple[str, Link]] = [(f"weight({name})", "identity") for name in names]
        if self.weights:
            names = [f"{name} {number(weight)}" for name, weight in zip(names, self.weights, strict=True)]
        return f"average({', '.join(names)})", [*weights, *named_parameters(self.averaged)]

    def _used(self, coefficients: Array) -> Iterator[tuple[Family, NDArray[np.intp], Array, Array]]:
        """For each member give the draws with a weight, their weights (n, 1) and coefficients."""
        if not self.weights:
            raise SurvivalError(
                f"{self.name}: its weights are not known here. Give them in the formula, for example "
                "average(weibull 0.5, llogis 0.5), or let them follow from a fit."
            )
        count = len(self.averaged)
        columns = columns_by_part(self.averaged, first=count)
        for k, (member, own) in enumerate(zip(self.averaged, columns, strict=True)):
            rows = np.flatnonzero(coefficients[:, k] != 0.0)
            if rows.size:
                yield member, rows, coefficients[rows, k : k + 1], coefficients[rows, own]

    def _fill_survival(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        out[...] = 0.0
        for member, rows, weights, own in self._used(coefficients):
            some, some_log = _of_rows(t, rows), _of_rows(log_t, rows)
            out[rows] += weights * member.survival(some, own, log_t=some_log)
        np.copyto(out, 1.0, where=np.isneginf(log_t))

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        """Compute -log S from the share with the event where it is small, else from logs."""
        died = np.zeros_like(out)
        log_survival = np.full_like(out, -np.inf)
        for member, rows, weights, own in self._used(coefficients):
            hazard = member.cumulative_hazard(_of_rows(t, rows), own, log_t=_of_rows(log_t, rows))
            died[rows] -= weights * np.expm1(-hazard)
            log_survival[rows] = np.logaddexp(log_survival[rows], np.log(weights) - hazard)
        out[...] = np.where(died < 0.5, -np.log1p(-np.minimum(died, 0.5)), -log_survival)

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        """Return log of the summed densities + cumulative hazard; infinite where survival is 0."""
        shape = (len(coefficients), t.shape[-1])
        log_density, log_survival = np.full(shape, -np.inf), np.full(shape, -np.inf)
        for member, rows, weights, own in self._used(coefficients):
            some, some_log = _of_rows(t, rows), _of_rows(log_t, rows)
            hazard = member.cumulative_hazard(some, own, log_t=some_log)
            log_hazard = member.log_hazard(some, own, log_t=some_log, cumulative=hazard)
            log_left = np.log(weights) - hazard
            part = np.where(np.isneginf(log_left), -np.inf, log_hazard + np.maximum(log_left, -1e308))
            log_density[rows] = np.logaddexp(log_density[rows], part)
            log_survival[rows] = np.logaddexp(log_survival[rows], log_left)
        none = np.isneginf(log_survival)
        return np.where(none, np.inf, log_density - np.where(none, 0.0, log_survival))

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        weights = coefficients[:, : len(self.averaged)]
        picks_one = np.sum(weights != 0.0, axis=1) == 1
        result = np.empty_like(level)
        mixed = np.flatnonzero(~picks_one)
        for member, rows, _, own in self._used(coefficients):
            alone = picks_one[rows]
            result[rows[alone]] = member.time_at(level[rows[alone]], own[alone])
        result[mixed] = time_at(self, level[mixed], coefficients[mixed])
        return result

    def _mean(self, coefficients: Array) -> Array:
        result = np.zeros(len(coefficients))
        for member, rows, weights, own in self._used(coefficients):
            result[rows] += weights[:, 0] * member.mean(own)
        return result

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        """Follow from S = sum w S_k and the density f = sum w f_k."""
        row = coefficients[None, :]
        total, log_total = self.cumulative_hazard(t, row)[0], self.log_hazard(t, row)[0]
        by_log_hazard, by_hazard = (np.zeros((coefficients.size, t.size)) for _ in range(2))
        columns = columns_by_part(self.averaged, first=len(self.averaged))
        for k, (member, own) in enumerate(zip(self.averaged, columns, strict=True)):
            hazard = member.cumulative_hazard(t, row[:, own])[0]
            log_hazard, cumulative = member.derivatives(t, coefficients[own])
            left = np.exp(total - hazard)
            density = np.exp(member.log_hazard(t, row[:, own])[0] - log_total) * left
            by_log_hazard[k], by_hazard[k] = density - left, -left
            left, density = coefficients[k] * left, coefficients[k] * density
            by_hazard[own] = left * cumulative
            by_log_hazard[own] = density * (log_hazard - cumulative) + left * cumulative
        return np.nan_to_num(by_log_hazard), np.nan_to_num(by_hazard)


def _of_rows(t: Array, rows: NDArray[np.intp]) -> Array:
    return t if t.ndim == 1 else t[rows]
