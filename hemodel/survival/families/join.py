"""Families that follow one another on the same clock.

Up to the first time the hazard is that of the first family, from there that of the
second, and so on: H(t) = H1(c) + H2(t) - H2(c) for t from c on. Bagust A, Beale S (2014),
Medical Decision Making 34: 343-351; NICE Technical Support Document 21 (2020), section 3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.families.composite import Composite, columns_by_part, named_parameters, number, starts_with_hazard

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from hemodel.survival.family import Array, CurveData, Family, Link


@dataclass(frozen=True)
class Segment:
    """One part of a join: its family, from when to when, and its coefficients (draws, p)."""

    shape: Family
    start: float
    end: float
    coefficients: Array

    def contains(self, t: Array) -> NDArray[np.bool_]:
        """Return which times are in this part, its start included."""
        return np.asarray((t >= self.start) & (t < self.end))

    def at_edges(self) -> tuple[Array, Array]:
        """Return the cumulative hazard of the part's family at its start and end, (draws, 1) each."""
        edges = np.array([self.start, min(self.end, np.finfo(np.float64).max)])
        hazard = self.shape.cumulative_hazard(edges, self.coefficients)
        return hazard[:, :1], hazard[:, 1:]

    def cumulative_hazard(self, t: Array, log_t: Array) -> Array:
        """Return the cumulative hazard of the part's family at times."""
        return self.shape.cumulative_hazard(t, self.coefficients, log_t=log_t)

    def log_hazard(self, t: Array, log_t: Array) -> Array:
        """Return the log hazard of the part's family at times."""
        return self.shape.log_hazard(t, self.coefficients, log_t=log_t)


@dataclass(frozen=True)
class Join(Composite):
    """Families one after another, each from its time on.

    At the time of a change the hazard is that of the later family. The cumulative hazard
    is continuous; where it is already infinite it stays so.

    Attributes
    ----------
    parts : tuple of Family
        The families in order.
    cuts : tuple of float
        When the second begins, the third, ...; above 0 and increasing. [months]
    """

    parts: tuple[Family, ...]
    cuts: tuple[float, ...]

    @property
    def kinks(self) -> tuple[float, ...]:
        """The times of change, and the kinks of each part while it lasts."""
        edges = (0.0, *self.cuts, np.inf)
        inside = [
            kink
            for part, low, high in zip(self.parts, edges[:-1], edges[1:], strict=True)
            for kink in part.kinks
            if low < kink < high
        ]
        return tuple(sorted({*self.cuts, *inside}))

    @property
    def is_resolved(self) -> bool:
        """Whether all parts are."""
        return all(part.is_resolved for part in self.parts)

    def resolved(self, data: CurveData) -> Family:
        """Complete all parts with data."""
        return replace(self, parts=tuple(part.resolved(data) for part in self.parts))

    def is_falling(self, coefficients: Array) -> NDArray[np.bool_]:
        """Return where every part falls at all times, also at those it is not used for."""
        each = [segment.shape.is_falling(segment.coefficients) for segment in self._segments(coefficients)]
        return np.asarray(np.all(each, axis=0))

    def tail_index(self, coefficients: Array) -> Array:
        """Return that of the last part."""
        return self.parts[-1].tail_index(coefficients[:, self._columns[-1]])

    def starts(self, median: float) -> Array:
        """Return the shapes of the parts, matched so that all have this median.

        The part in which the median falls, and those after it, have this median
        themselves; each earlier one has, at its end, the cumulative hazard of the next.
        """
        count = max(len(part.starts(1.0)) for part in self.parts)
        found = [np.resize(part.starts(median), (count, len(part.parameters))) for part in self.parts]
        for k in reversed(range(int(np.sum(np.array(self.cuts) <= median)))):
            level = self.parts[k + 1].cumulative_hazard(np.array([self.cuts[k]]), found[k + 1])[:, 0]
            found[k] = starts_with_hazard(self.parts[k], self.cuts[k], level)
        return np.column_stack(found)

    def _description(self) -> tuple[str, list[tuple[str, Link]]]:
        later = [f"{number(cut)}, {part.name}" for cut, part in zip(self.cuts, self.parts[1:], strict=True)]
        return f"join({', '.join([self.parts[0].name, *later])})", named_parameters(self.parts)

    @property
    def _columns(self) -> tuple[slice, ...]:
        return columns_by_part(self.parts, first=0)

    def _segments(self, coefficients: Array) -> Iterator[Segment]:
        edges = (0.0, *self.cuts, np.inf)
        for k, (part, own) in enumerate(zip(self.parts, self._columns, strict=True)):
            yield Segment(part, edges[k], edges[k + 1], coefficients[..., own])

    def _fill_cumulative_hazard(self, t: Array, log_t: Array, coefficients: Array, out: Array) -> None:
        before = np.zeros((len(coefficients), 1))
        for segment in self._segments(coefficients):
            at_start, at_end = segment.at_edges()
            inside = segment.contains(t)
            with np.errstate(invalid="ignore"):
                if t.ndim == 1:
                    out[:, inside] = segment.cumulative_hazard(t[inside], log_t[inside]) + (before - at_start)
                else:
                    np.copyto(out, segment.cumulative_hazard(t, log_t) + (before - at_start), where=inside)
                before = before + (at_end - at_start)
        out[np.isnan(out)] = np.inf

    def _log_hazard(self, t: Array, log_t: Array, coefficients: Array) -> Array:
        out = np.empty((len(coefficients), t.shape[-1]))
        for segment in self._segments(coefficients):
            inside = segment.contains(t)
            if t.ndim == 1:
                out[:, inside] = segment.log_hazard(t[inside], log_t[inside])
            else:
                np.copyto(out, segment.log_hazard(t, log_t), where=inside)
        return out

    def _time_at(self, level: Array, coefficients: Array) -> Array:
        result = np.empty_like(level)
        before = np.zeros_like(level)
        is_open = np.ones(level.shape, dtype=bool)
        for segment in self._segments(coefficients):
            at_start, at_end = (edge[:, 0] for edge in segment.at_edges())
            with np.errstate(invalid="ignore"):
                after = before + (at_end - at_start)
            rows = is_open & ((level <= after) | np.isnan(after) | np.isposinf(segment.end))
            if rows.any():
                wanted = level[rows] - before[rows] + at_start[rows]
                time = segment.shape.time_at(wanted, segment.coefficients[rows])
                result[rows] = np.clip(time, segment.start, segment.end)
            is_open &= ~rows
            before = after
        return result

    def _derivatives(self, t: Array, log_t: Array, coefficients: Array) -> tuple[Array, Array]:
        log_hazard, cumulative = (np.zeros((coefficients.size, t.size)) for _ in range(2))
        for segment, own in zip(self._segments(coefficients), self._columns, strict=True):
            reached = np.clip(t, segment.start, segment.end)
            by_log_hazard, by_hazard = segment.shape.derivatives(reached, segment.coefficients)
            _, at_start = segment.shape.derivatives(np.array([segment.start]), segment.coefficients)
            log_hazard[own] = np.where(segment.contains(t), by_log_hazard, 0.0)
            cumulative[own] = by_hazard - at_start
        return log_hazard, cumulative
