"""Two-way grids and values that change the decision, in the shape of results.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.grids import boundary
from hemodel.analyses.scenarios import increments
from hemodel.analyses.threshold_search import LINEAR, MONOTONE, NONE, WITH_REFITS
from hemodel.analyses.varied_inputs import STATISTIC
from hemodel.economics import net_monetary_benefit, swing, verdict
from hemodel.formats import display
from hemodel.records.grids import Boundary, FailedPoint, GridInput, ThresholdValue, TwoWayResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.grids import Axis, TwoWay
    from hemodel.analyses.run import Run
    from hemodel.analyses.threshold_search import Search, Threshold
    from hemodel.parameters import FloatArray


MOST_VALUES = 4
"""Values of one input that a sentence names; there are rarely two."""


def two_way_results(run: Run, grids: Sequence[TwoWay], wtp: Sequence[float] | None = None) -> list[TwoWayResult]:
    """Return each grid for each of its interventions, with the boundary at each threshold."""
    settings = run.model.inputs.settings
    thresholds = dict.fromkeys(wtp or (settings.decision_threshold, *settings.thresholds))
    return [_two_way(run, grid, intervention, list(thresholds)) for grid in grids for intervention in grid.chosen]


def _two_way(run: Run, grid: TwoWay, intervention: str, thresholds: Sequence[float]) -> TwoWayResult:
    decision = run.model.inputs.settings.decision_threshold
    qalys, costs = grid.increments(intervention)
    said = [
        [verdict(float(c), float(q)) for c, q in zip(*rows, strict=True)] for rows in zip(costs, qalys, strict=True)
    ]
    known = ~np.isnan(costs)
    return TwoWayResult(
        intervention=intervention,
        comparator=run.model.strategies[0],
        decision_threshold=decision,
        x=_input(grid.x),
        y=_input(grid.y),
        qalys=lists(qalys),
        costs=lists(costs),
        icer=[
            [each.icer if k else None for each, k in zip(*rows, strict=True)] for rows in zip(said, known, strict=True)
        ],
        verdict=[
            [each.word if k else "" for each, k in zip(*rows, strict=True)] for rows in zip(said, known, strict=True)
        ],
        nmb=lists(net_monetary_benefit(qalys, costs, decision)),
        boundaries=[Boundary(threshold=t, x=boundary(grid, intervention, t)) for t in thresholds],
        failed=[FailedPoint(x=x, y=y, why=why) for x, y, why in grid.failed],
    )


def _input(axis: Axis) -> GridInput:
    movable = axis.input
    return GridInput(
        id=movable.id,
        label=movable.label,
        unit=movable.unit,
        moved=movable.kind,
        base=movable.base,
        low=movable.low,
        high=movable.high,
        values=axis.values.tolist(),
    )


def lists(values: FloatArray) -> list[list[float | None]]:
    """Return a grid as lists, with None for NaN."""
    return [[some(value) for value in row] for row in values.tolist()]


def some(value: float) -> float | None:
    """Return a number, None for NaN."""
    return None if np.isnan(value) else value


def threshold_values(run: Run, searches: Sequence[Search]) -> list[ThresholdValue]:
    """Return where each input changes the decision; those that do first, then by the range of net benefit."""
    decision = run.model.inputs.settings.decision_threshold
    base = {i.intervention: i.benefit(decision) for i in increments(run.base)}
    found = [
        ThresholdValue(
            id=one.range.input.id,
            label=one.range.input.label,
            unit=one.range.input.unit,
            intervention=at.intervention,
            comparator=run.model.strategies[0],
            base=one.range.input.base,
            low=one.range.low,
            high=one.range.high,
            nmb_low=some(at.nmb_low),
            nmb_base=base[at.intervention],
            nmb_high=some(at.nmb_high),
            values=list(at.values),
            established=at.established,
            words=briefly(one, at),
        )
        for one in searches
        for at in one.thresholds
    ]
    order = {strategy: i for i, strategy in enumerate(run.model.strategies)}
    span = {id(v): swing(v.nmb_low, v.nmb_high) for v in found}
    return sorted(found, key=lambda v: (order[v.intervention], not v.values, -span[id(v)]))


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
    if one.range.points == WITH_REFITS and one.range.input.kind == STATISTIC:
        return "the bounds and the base case"
    return f"a grid of {count} points"
