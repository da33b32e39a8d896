"""The value of information in results.json and voi.json. Values are in currency per person."""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry


class EvpiEntry(Entry):
    """Expected value of perfect information and expected losses at a threshold."""

    threshold: float
    value: float
    standard_error: float
    optimal: str = Field(description="strategy with the highest mean net benefit")
    expected_loss: dict[str, float] = Field(description="by strategy; the lowest is the EVPI")


class EvppiAt(Entry):
    """Expected value of partial perfect information at a threshold."""

    threshold: float
    value: float
    standard_error: float
    bias: float = Field(description="how far the estimate is expected to lie above the truth; not subtracted")
    by_chance: float = Field(description="what inputs of no importance would be expected to show")
    capped: bool = Field(description="whether the regression gave more than the EVPI, which then stands")


class EvppiEntry(Entry):
    """Expected value of perfect information on an input or a group of inputs."""

    id: str
    label: str
    group: bool
    inputs: list[str] = Field(description="ids that become known together")
    method: str = Field(description="spline or gaussian process")
    at: list[EvppiAt]


class EvppiCurve(Entry):
    """EVPPI of an input or group over the thresholds of the curves."""

    id: str
    label: str
    group: bool
    value: list[float]


class InformationCurves(Entry):
    """Values over willingness to pay."""

    wtp: list[float]
    evpi: list[float]
    standard_error: list[float] = Field(description="of the EVPI")
    optimal: list[str]
    expected_loss: dict[str, list[float]]
    evppi: list[EvppiCurve] = Field(description="of the few inputs and groups with the highest")


class InformationResult(Entry):
    """Value of information."""

    draws: int
    thresholds: list[float] = Field(description="of evpi and evppi: those asked for and most_uncertain")
    most_uncertain: float | None = Field(description="threshold with the highest EVPI; null where all are 0")
    ranked_at: float = Field(description="threshold by which the inputs are ranked in the chart")
    evpi: list[EvpiEntry]
    evppi: list[EvppiEntry] = Field(description="inputs, then groups; empty with too few draws for a regression")
    curves: InformationCurves
