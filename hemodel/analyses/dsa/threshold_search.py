"""Threshold search: the values of an input at which net monetary benefit is 0, all of them within a range.

Where QALYs and costs are linear in the input, by the equations of the model and checked at points between, there is
at most one and it has a closed form. Elsewhere the range is laid out in a grid, every change of sign is
bracketed, and all brackets of all inputs are narrowed together.

Roots of many functions of one variable at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.dsa.grids import axis
from hemodel.analyses.dsa.varied_inputs import InputPoints, Totals, find, totals
from hemodel.economics import net_monetary_benefit, swing
from hemodel.entries import Entry, finite
from hemodel.errors import Location
from hemodel.formats import display

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from hemodel.analyses.base_case import Increment
    from hemodel.analyses.dsa.one_way import OneWay
    from hemodel.analyses.dsa.varied_inputs import VariedInput
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray


MOST_STEPS = 200
FINEST = 1e-13
"""Relative width of a bracket that rounding leaves."""
ZERO = 0.1
"""A value is 0 where it is this share of the width, relative to the values at the ends of the bracket."""
_HALVE_EVERY = 6


def refine(
    function: Callable[[NDArray[np.intp], FloatArray], FloatArray],
    ends: tuple[FloatArray, FloatArray],
    values: tuple[FloatArray, FloatArray],
    width: FloatArray,
) -> FloatArray:
    """Return a root (n,) in each bracket, all brackets narrowed together.

    Regula falsi as modified by Anderson and Bjorck (BIT 1973;13:253-264), with a bisection every sixth step, so that
    each bracket shrinks without end whatever the function. NaN where the function has no value on the way.

    Parameters
    ----------
    function : callable (places, x) -> array
        Values at x of the functions of some brackets, by their places among the n.
    ends : arrays (n,)
        Lower and upper ends of the brackets.
    values : arrays (n,)
        Values there, of opposite signs.
    width : array (n,)
        Relative width of each bracket in which the search ends; it also ends where the value is about 0.
    """
    (a, b), (fa, fb) = ([array.astype(np.float64) for array in pair] for pair in (ends, values))
    weight_a, weight_b, last = np.ones_like(fa), np.ones_like(fb), np.zeros_like(fa)
    small = ZERO * width * np.maximum(np.abs(fa), np.abs(fb))
    root = np.where(np.abs(fa) <= np.abs(fb), a, b)
    active = np.flatnonzero(np.maximum(np.abs(fa), np.abs(fb)) > 0)
    for step in range(MOST_STEPS):
        if not active.size:
            break
        i = active
        left, right = weight_a[i] * fa[i], weight_b[i] * fb[i]
        x = (a[i] * right - b[i] * left) / (right - left)
        if step % _HALVE_EVERY == _HALVE_EVERY - 1:
            x = 0.5 * (a[i] + b[i])
        value = function(i, x)
        root[i] = np.where(np.isnan(value), np.nan, x)
        beside_a = np.sign(value) == np.sign(fa[i])
        for side, keep, moved, f_moved, w_moved, w_other in (
            (-1.0, beside_a, a, fa, weight_a, weight_b),
            (1.0, ~beside_a, b, fb, weight_b, weight_a),
        ):
            own = i[keep]
            shrink = 1.0 - value[keep] / f_moved[own]
            again = last[own] == side
            w_other[own] *= np.where(again, np.where(shrink > 0, shrink, 0.5), 1.0)
            moved[own], f_moved[own], w_moved[own], last[own] = x[keep], value[keep], 1.0, side
        narrow = np.abs(b[i] - a[i]) <= width[i] * np.maximum(np.abs(a[i]), np.abs(b[i]))
        active = i[~(narrow | (np.abs(value) <= small[i]) | np.isnan(value))]
    return root


BETWEEN = (0.2, 0.5, 0.7)
"""Where, from low to high, a line is checked."""
STRAIGHT = 1e-9
"""Largest departure from a line, relative to the totals."""
FLAT = 1e-12
"""Net benefit that changes by less than this share of the costs is not changed by the input."""
LINEAR, NONE, MONOTONE, SEVERAL = "linear", "no effect", "monotone on the grid", "grid"


@dataclass(frozen=True)
class Range:
    """An input and the range in which values are looked for.

    `points` are those of the grid where it is not linear, and `width` is how closely a value is found, relatively.
    """

    input: VariedInput
    low: float
    high: float
    points: int
    width: float = FINEST


@dataclass(frozen=True)
class Threshold:
    """Where net benefit of one intervention is 0 at one threshold.

    Attributes
    ----------
    threshold : float
        [currency per QALY]
    values : tuple of float
        All that were found, rising.
    nmb_low, nmb_high : float
        Incremental net monetary benefit at the ends of the range; NaN where there is none. [currency]
    lost : int
        Changes of sign between whose points the model has no result on the way to the value.
    established : str
        How many values there can be: `LINEAR` (at most one), `NONE`, `MONOTONE` (one at most, if it is monotone
        between the points too), `SEVERAL` (those between points of different sign).
    """

    intervention: str
    threshold: float
    values: tuple[float, ...]
    nmb_low: float
    nmb_high: float
    established: str
    lost: int = field(default=0)

    def cost_effective(self, low: float, high: float) -> list[tuple[float, float]]:
        """Return the parts of the range low to high where net benefit is 0 or more; ends where values were found."""
        edges = [low, *(v for v in self.values if low < v < high), high]
        good = self.nmb_low > 0 or (self.nmb_low == 0 and not self.values)
        if self.nmb_low == 0 and self.values:
            good = (self.nmb_high > 0) == (len(edges) % 2 == 0)
        parts = []
        for start, end in pairwise(edges):
            if good:
                parts.append((start, end))
            good = not good
        return parts


@dataclass(frozen=True)
class Search:
    """What was found for one input: totals along its range, and the values at each threshold."""

    range: Range
    x: FloatArray
    found: Totals
    linear: bool
    thresholds: tuple[Threshold, ...]


class ThresholdValue(Entry):
    """Where between its bounds one input changes the decision, at the decision threshold."""

    id: str = Field(description="of the input")
    label: str = Field(description="of the input")
    unit: str = Field(description="of base, low, high and values")
    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    base: float = Field(description="value of the base case. [unit of the input]")
    low: float = Field(description="lower bound. [unit of the input]")
    high: float = Field(description="upper bound. [unit of the input]")
    nmb_low: float | None = Field(description="net benefit at the lower bound. [currency]")
    nmb_base: float = Field(description="net benefit in the base case. [currency]")
    nmb_high: float | None = Field(description="net benefit at the upper bound. [currency]")
    values: list[float] = Field(
        description="at which net benefit is 0; empty where the decision stays the same. [unit of the input]"
    )
    established: str = Field(description="linear; no effect; monotone on the grid; grid")
    words: str = Field(description="how it is known which values there are")


class ThresholdAt(Entry):
    """The values of an input at which net benefit is 0 at one threshold."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    threshold: float = Field(description="[currency per QALY]")
    values: list[float] = Field(description="all that were found between low and high, rising. [unit of the input]")
    nmb_low: float | None = Field(description="net benefit at the lower end. [currency]")
    nmb_high: float | None = Field(description="net benefit at the upper end. [currency]")
    cost_effective: list[tuple[float, float]] = Field(
        description="parts of the range where net benefit is 0 or more. [unit of the input]"
    )
    established: str = Field(description="linear; no effect; monotone on the grid; grid")
    words: str = Field(description="which values meet it, and how that is known")


class ThresholdLine(Entry):
    """Increments of one intervention along the range, for a chart."""

    intervention: str = Field(description="id of the strategy")
    qalys: list[float | None] = Field(description="increments along x. [QALY]")
    costs: list[float | None] = Field(description="increments along x. [currency]")


class ThresholdSearch(Entry):
    """A search for the values of one input that meet thresholds."""

    id: str = Field(description="of the input")
    label: str = Field(description="of the input")
    unit: str = Field(description="of base, low, high, x and values")
    base: float = Field(description="value of the base case. [unit of the input]")
    low: float = Field(description="lower end of the range. [unit of the input]")
    high: float = Field(description="upper end of the range. [unit of the input]")
    x: list[float] = Field(description="values at which the model was evaluated. [unit of the input]")
    lines: list[ThresholdLine] = Field(description="by intervention")
    failed: int = Field(description="points of the grid without a result")
    at: list[ThresholdAt] = Field(description="by intervention, then by threshold")


def search(model: Model, ranges: Sequence[Range], thresholds: Sequence[float]) -> tuple[Search, ...]:
    """Return the values of each input at which net benefit is 0, for every intervention and threshold.

    Parameters
    ----------
    thresholds : sequence of float
        [currency per QALY]
    """
    places = [_places(one) for one in ranges]
    found = totals(model, [InputPoints((one.input,), x[:, None]) for one, x in zip(ranges, places, strict=True)])
    lines = [_Line(one, x, each) for one, x, each in zip(ranges, places, found, strict=True)]
    bent = [i for i, line in enumerate(lines) if ranges[i].input.linear and not line.straight]
    for i in bent:
        x = np.linspace(ranges[i].low, ranges[i].high, ranges[i].points)
        (again,) = totals(model, [InputPoints((ranges[i].input,), x[:, None])])
        lines[i] = _Line(ranges[i], x, again)
    cells = [_Cell(i, k, t, line.benefit(k, t)) for i, line in enumerate(lines) for k, t in _each(model, thresholds)]
    refined = _refined(model, lines, cells)
    by_line: dict[int, list[Threshold]] = {i: [] for i in range(len(lines))}
    for cell, values in zip(cells, refined, strict=True):
        by_line[cell.line].append(_threshold(model, lines[cell.line], cell, values))
    return tuple(
        Search(line.range, line.x, line.found, line.straight, tuple(by_line[i])) for i, line in enumerate(lines)
    )


def _places(one: Range) -> FloatArray:
    if one.input.linear:
        return one.low + np.array([0.0, *BETWEEN, 1.0]) * (one.high - one.low)
    return axis(one.input, one.low, one.high, one.points).values


def _each(model: Model, thresholds: Sequence[float]) -> Iterator[tuple[int, float]]:
    for place in range(len(model.strategies) - 1):
        for threshold in thresholds:
            yield place, threshold


@dataclass(frozen=True)
class _Line:
    range: Range
    x: FloatArray
    found: Totals

    @property
    def straight(self) -> bool:
        """Whether QALYs and costs are linear in the input: by the equations, and at the points between."""
        if not self.range.input.linear:
            return False
        share = ((self.x - self.x[0]) / (self.x[-1] - self.x[0]))[:, None]
        for values in (self.found.qalys, self.found.costs):
            line = values[0] + share * (values[-1] - values[0])
            if not np.all(np.abs(values - line) <= STRAIGHT * np.abs(values).max()):
                return False
        return True

    def benefit(self, place: int, threshold: float) -> FloatArray:
        """Incremental net monetary benefit along x."""
        qalys, costs = self.found.increments
        return net_monetary_benefit(qalys[:, place], costs[:, place], threshold)

    @property
    def scale(self) -> float:
        return float(np.nanmax(np.abs(self.found.costs), initial=0.0))


@dataclass(frozen=True)
class _Cell:
    """Net benefit along one line, of one intervention at one threshold."""

    line: int
    place: int
    threshold: float
    benefit: FloatArray


def _refined(model: Model, lines: Sequence[_Line], cells: Sequence[_Cell]) -> list[list[float]]:
    """Return the values of each cell: closed form on a line, else every bracket narrowed; NaN where one was lost."""
    values: list[list[float]] = [[] for _ in cells]
    brackets: list[tuple[int, int]] = []
    for c, cell in enumerate(cells):
        line = lines[cell.line]
        if line.straight:
            values[c] = _closed_form(line, cell)
            continue
        if _flat(line, cell):
            continue
        values[c] = [float(at) for at, value in zip(line.x, cell.benefit, strict=True) if value == 0.0]
        brackets += [(c, int(i)) for i in np.flatnonzero(cell.benefit[:-1] * cell.benefit[1:] < 0.0)]
    if brackets:
        owners = [cells[c] for c, _ in brackets]
        first = np.array([i for _, i in brackets])
        x = [np.array([lines[own.line].x[i + k] for own, i in zip(owners, first, strict=True)]) for k in (0, 1)]
        benefit = [np.array([own.benefit[i + k] for own, i in zip(owners, first, strict=True)]) for k in (0, 1)]
        width = np.array([lines[own.line].range.width for own in owners])

        def benefit_at(places: NDArray[np.intp], x: FloatArray) -> FloatArray:
            return _benefit_at(model, lines, [owners[i] for i in places], x)

        for (c, _), root in zip(
            brackets, refine(benefit_at, (x[0], x[1]), (benefit[0], benefit[1]), width), strict=True
        ):
            values[c].append(float(root))
    return [sorted(some) for some in values]


def _benefit_at(model: Model, lines: Sequence[_Line], owners: Sequence[_Cell], x: FloatArray) -> FloatArray:
    """Evaluate one point of each owner's line, those of one input together."""
    inputs: dict[int, list[int]] = {}
    for i, owner in enumerate(owners):
        inputs.setdefault(owner.line, []).append(i)
    found = totals(model, [InputPoints((lines[line].range.input,), x[own][:, None]) for line, own in inputs.items()])
    benefit = np.empty(len(owners))
    for each, own in zip(found, inputs.values(), strict=True):
        qalys, costs = each.increments
        for row, i in enumerate(own):
            place = owners[i].place
            benefit[i] = net_monetary_benefit(qalys[row, place], costs[row, place], owners[i].threshold)
    return benefit


def _flat(line: _Line, cell: _Cell) -> bool:
    known = cell.benefit[~np.isnan(cell.benefit)]
    return known.size == 0 or float(np.ptp(known)) <= FLAT * line.scale


def _closed_form(line: _Line, cell: _Cell) -> list[float]:
    """Return where the line through the ends is 0, if that is in the range."""
    first, last = float(cell.benefit[0]), float(cell.benefit[-1])
    if _flat(line, cell) or first * last > 0:
        return []
    low, high = line.range.low, line.range.high
    return [min(max(low + first / (first - last) * (high - low), low), high)]


def _threshold(model: Model, line: _Line, cell: _Cell, values: list[float]) -> Threshold:
    known = cell.benefit[~np.isnan(cell.benefit)]
    kept = tuple(value for value in values if not np.isnan(value))
    steps = np.diff(known)
    if _flat(line, cell):
        established = NONE
    elif line.straight:
        established = LINEAR
    else:
        established = MONOTONE if np.all(steps > 0) or np.all(steps < 0) else SEVERAL
    return Threshold(
        model.strategies[cell.place + 1],
        cell.threshold,
        kept,
        float(cell.benefit[0]),
        float(cell.benefit[-1]),
        established,
        len(values) - len(kept),
    )


BETWEEN_BOUNDS = 33
"""Points between the bounds of an input that is not linear, where every input is searched."""


def between_bounds(model: Model, one_way: OneWay) -> tuple[Search, ...]:
    """Return where the decision changes between the bounds of each input of the one-way analysis.

    At the decision threshold.
    """
    found, _ = find(model, [item.id for item in one_way.items], Location(model.inputs.path.name))
    ranges = [
        Range(m, m.low, m.high, BETWEEN_BOUNDS) for m in found.values() if m.low is not None and m.high is not None
    ]
    return search(model, ranges, (model.inputs.settings.decision_threshold,))


def threshold_values(model: Model, base: Sequence[Increment], searches: Sequence[Search]) -> list[ThresholdValue]:
    """Return where each input changes the decision; those that do first, then by the range of net benefit."""
    decision = model.inputs.settings.decision_threshold
    at_base = {each.intervention: each.benefit(decision) for each in base}
    found = [
        ThresholdValue(
            id=one.range.input.id,
            label=one.range.input.label,
            unit=one.range.input.unit,
            intervention=at.intervention,
            comparator=model.strategies[0],
            base=one.range.input.base,
            low=one.range.low,
            high=one.range.high,
            nmb_low=finite(at.nmb_low),
            nmb_base=at_base[at.intervention],
            nmb_high=finite(at.nmb_high),
            values=list(at.values),
            established=at.established,
            words=briefly(one, at),
        )
        for one in searches
        for at in one.thresholds
    ]
    order = model.strategies.index
    return sorted(found, key=lambda v: (order(v.intervention), not v.values, -swing(v.nmb_low, v.nmb_high)))


def search_results(model: Model, searches: Sequence[Search]) -> list[ThresholdSearch]:
    """Return each search with the increments along its range."""
    return [_search_result(model, one) for one in searches]


def _search_result(model: Model, one: Search) -> ThresholdSearch:
    varied_input, (qalys, costs) = one.range.input, one.found.increments
    comparator, *interventions = model.strategies
    return ThresholdSearch(
        id=varied_input.id,
        label=varied_input.label,
        unit=varied_input.unit,
        base=varied_input.base,
        low=one.range.low,
        high=one.range.high,
        x=one.x.tolist(),
        lines=[
            ThresholdLine(
                intervention=name,
                qalys=[finite(value) for value in qalys[:, k].tolist()],
                costs=[finite(value) for value in costs[:, k].tolist()],
            )
            for k, name in enumerate(interventions)
        ],
        failed=len(one.found.failed),
        at=[
            ThresholdAt(
                intervention=at.intervention,
                comparator=comparator,
                threshold=at.threshold,
                values=list(at.values),
                nmb_low=finite(at.nmb_low),
                nmb_high=finite(at.nmb_high),
                cost_effective=at.cost_effective(one.range.low, one.range.high),
                established=at.established,
                words=words(one, at),
            )
            for at in one.thresholds
        ],
    )


MOST_VALUES = 4
"""Values of one input that a sentence names; there are rarely two."""


def briefly(one: Search, at: Threshold) -> str:
    """Return in a few words how it is known which values there are."""
    lost = f"; {at.lost} more where the model has no result nearby" if at.lost else ""
    points = _points(one).removeprefix("a grid of ")
    return {
        NONE: "no effect",
        LINEAR: "linear",
        MONOTONE: f"monotone over {points}",
    }.get(at.established, f"looked for over {points}") + lost


def words(one: Search, at: Threshold) -> str:
    """Return in words which values meet a threshold, and how it is known that there are no others."""
    low, high = (display(end, "number") for end in (one.range.low, one.range.high))
    if at.established == NONE:
        return "the input does not move net benefit"
    points = _points(one)
    lost = f"; {at.lost} more where the model has no result nearby" if at.lost else ""
    known = {
        LINEAR: "net benefit is linear in the input, so that there is no other",
        MONOTONE: f"net benefit is monotone over {points}, so that there is no other if it is so between them",
    }.get(at.established, f"found on {points}; net benefit is not monotone")
    if at.values:
        listed = " and ".join(display(value, "number") for value in at.values[:MOST_VALUES])
        more = f" and {len(at.values) - MOST_VALUES} more" if len(at.values) > MOST_VALUES else ""
        return f"met at {listed}{more}: {known}{lost}"
    known = known.replace("no other", "none").replace("found on", "looked for on")
    return f"no value in {low} to {high} meets it: {known}{lost}"


def _points(one: Search) -> str:
    count = len(one.x) - len(one.found.failed)
    return f"a grid of {count} points"
