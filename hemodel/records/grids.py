"""The shape of what follows the one-way analysis in results.json: the two-way grid, values that change the decision."""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry


class GridInput(Entry):
    """One input of a grid."""

    id: str
    label: str
    unit: str
    moved: str = Field(description="parameter, statistic (with a refit), curve (as a whole) or price (all vials)")
    base: float
    low: float | None = Field(description="bounds of the one-way analysis; null where it has none")
    high: float | None
    values: list[float] = Field(description="of the grid, rising")


class FailedPoint(Entry):
    """A point of a grid without a result."""

    x: float
    y: float
    why: str


class Boundary(Entry):
    """Where net benefit is 0 at one threshold: for each value of y the values of x, straight between points."""

    threshold: float
    x: list[list[float]]


class TwoWayResult(Entry):
    """Increments of one intervention over a grid of two inputs: lists by y of lists by x; null where a point failed."""

    intervention: str
    comparator: str
    decision_threshold: float
    x: GridInput
    y: GridInput
    qalys: list[list[float | None]]
    costs: list[list[float | None]]
    icer: list[list[float | None]] = Field(description="null where the ratio means nothing too")
    verdict: list[list[str]] = Field(description="empty where a point failed")
    nmb: list[list[float | None]] = Field(description="incremental net monetary benefit at the decision threshold")
    boundaries: list[Boundary]
    failed: list[FailedPoint]


class ThresholdValue(Entry):
    """Where between its bounds one input changes the decision, at the decision threshold."""

    id: str
    label: str
    unit: str
    intervention: str
    comparator: str
    base: float
    low: float
    high: float
    nmb_low: float | None
    nmb_base: float
    nmb_high: float | None
    values: list[float] = Field(description="at which net benefit is 0; empty where the decision stays the same")
    established: str = Field(description="linear; no effect; monotone on the grid; grid")
    words: str
