"""Two-way sensitivity analysis: totals over a grid of two inputs, and where the decision changes on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.movable import STATISTIC, find
from hemodel.analysis.moving import Points, totals
from hemodel.economics import increment, net_monetary_benefit
from hemodel.errors import Location

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analysis.movable import Movable
    from hemodel.analysis.moving import Totals
    from hemodel.analysis.sensitivity import OneWay
    from hemodel.model import Model
    from hemodel.parameters import FloatArray

GRID_POINTS = 11
"""Values of each input unless another number is asked for."""
MOST_REFITS = 40
"""Refits that a grid of a run may need; 10 to 20 ms each."""
CANDIDATES = 8
"""Inputs with the largest bars among which the pair of a run is looked for."""


@dataclass(frozen=True)
class Axis:
    """One input of a grid and its values, rising."""

    input: Movable
    values: FloatArray


@dataclass(frozen=True)
class TwoWay:
    """Totals over a grid; the points of `found` go through the values of x for each value of y.

    `interventions` are all, those that `found` has; `chosen` are those whose results are shown.
    """

    x: Axis
    y: Axis
    found: Totals
    interventions: tuple[str, ...]
    chosen: tuple[str, ...]

    def increments(self, intervention: str) -> tuple[FloatArray, FloatArray]:
        """Return incremental QALYs and costs of an intervention, (values of y, values of x) each; NaN where failed."""
        place = self.interventions.index(intervention)
        shape = (len(self.y.values), len(self.x.values))
        qalys, costs = self.found.increments
        return qalys[:, place].reshape(shape), costs[:, place].reshape(shape)

    @property
    def failed(self) -> list[tuple[float, float, str]]:
        """Values of x and y of each point without a result, and why."""
        width = len(self.x.values)
        return [
            (float(self.x.values[i % width]), float(self.y.values[i // width]), why)
            for i, why in sorted(self.found.failed.items())
        ]


def axis(movable: Movable, low: float, high: float, points: int) -> Axis:
    """Return values from low to high in steps as equal as can be, the base case among them where it lies between.

    Parameters
    ----------
    movable : Movable
    low, high : float
        The first and the last value.
    points : int
        How many, at least 2 (3 where the base case lies between).
    """
    base = movable.base
    if not low < base < high or points == len((low, high)):
        return Axis(movable, np.linspace(low, high, points))
    below = round((base - low) / (high - low) * (points - 1))
    below = min(max(below, 1), points - 2)
    left, right = np.linspace(low, base, below + 1), np.linspace(base, high, points - below)
    return Axis(movable, np.concatenate([left, right[1:]]))


def two_way(model: Model, pairs: Sequence[tuple[Axis, Axis]]) -> tuple[TwoWay, ...]:
    """Return the totals over a grid for each pair of axes, x first, from one evaluation.

    Parameters
    ----------
    model : Model
    pairs : sequence of (Axis, Axis)
    """
    found = totals(model, [grid_points(x, y) for x, y in pairs])
    every = model.strategies[1:]
    return tuple(TwoWay(x, y, one, every, every) for (x, y), one in zip(pairs, found, strict=True))


def grid_points(x: Axis, y: Axis) -> Points:
    """Return every pair of values, those of x in turn for each of y."""
    across, up = np.meshgrid(x.values, y.values)
    return Points((x.input, y.input), np.column_stack([across.ravel(), up.ravel()]))


def crossings(x: FloatArray, row: FloatArray) -> list[float]:
    """Return where a row of values passes 0 along x, by straight lines between neighbours that both exist.

    Exact where the values are linear in x. A value that is 0 counts once.
    """
    found = [float(at) for at, value in zip(x, row, strict=True) if value == 0.0]
    for i in range(len(x) - 1):
        left, right = row[i], row[i + 1]
        if left * right < 0.0:
            found.append(float(x[i] - left * (x[i + 1] - x[i]) / (right - left)))
    return sorted(found)


def boundary(grid: TwoWay, intervention: str, threshold: float) -> list[list[float]]:
    """Return for each value of y the values of x at which net monetary benefit at a threshold is 0."""
    benefit = net_monetary_benefit(*grid.increments(intervention), threshold)
    return [crossings(grid.x.values, row) for row in benefit]


def default_pairs(model: Model, one_way: OneWay) -> list[tuple[str, Axis, Axis]]:
    """Return for each intervention the two inputs with the largest bars, as axes between their bounds.

    By net monetary benefit at the decision threshold. A pair that needs more than `MOST_REFITS` refits gives way
    to the next. No intervention is left out that has two inputs which move it.
    """
    threshold = model.inputs.settings.decision_threshold
    outcomes = one_way.outcomes
    benefit = net_monetary_benefit(outcomes.qalys.total, outcomes.costs.total, threshold)
    pairs = []
    for place, intervention in enumerate(model.strategies[1:], start=1):
        gain = increment(benefit, place)
        spans = np.abs(gain[1 : 2 * len(one_way.items) : 2] - gain[: 2 * len(one_way.items) : 2])
        order = [i for i in np.argsort(-spans, kind="stable")[:CANDIDATES] if spans[i] > 0]
        found, _ = find(model, [one_way.items[i].id for i in order], Location(model.inputs.path.name))
        axes = [axis(m, m.low, m.high, GRID_POINTS) for m in found.values() if m.low is not None and m.high is not None]
        pair = next(((x, y) for x, y in combinations(axes, 2) if refits(x, y) <= MOST_REFITS), None)
        if pair is not None:
            pairs.append((intervention, *pair))
    return pairs


def most_influential(model: Model, one_way: OneWay) -> tuple[TwoWay, ...]:
    """Return the grid of `default_pairs` for each intervention."""
    pairs = default_pairs(model, one_way)
    grids = two_way(model, [(x, y) for _, x, y in pairs])
    return tuple(replace(grid, chosen=(pair[0],)) for pair, grid in zip(pairs, grids, strict=True))


def refits(x: Axis, y: Axis) -> int:
    """Return how many refits a grid needs: of each statistic alone, or of both at once where they share an endpoint."""
    sizes = [len(one.values) for one in (x, y) if one.input.kind == STATISTIC]
    together = x.input.endpoint == y.input.endpoint and len(sizes) == len((x, y))
    return sizes[0] * sizes[1] if together else sum(sizes)
