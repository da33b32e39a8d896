"""The checks of the draws in results.json."""

from __future__ import annotations

from pydantic import Field

from hemodel.entries import Entry


class PsaCheck(Entry):
    """One check of every draw."""

    name: str
    found: str
    holds: bool


class PsaInput(Entry):
    """One input over the draws: declared and drawn."""

    id: str
    label: str
    base: float
    mean: float = Field(description="of its distribution")
    sd: float = Field(description="of its distribution")
    drawn_mean: float
    drawn_sd: float
    lowest: float
    highest: float
    standard_errors: float = Field(description="drawn mean minus declared mean, in standard errors")


class PsaReason(Entry):
    """What the distribution of one input does alone: mean increment over it minus the base case."""

    id: str
    label: str
    qalys: float
    costs: float
    nmb: float = Field(description="at the decision threshold")


class PsaDifference(Entry):
    """Mean increments of the draws minus those of the base case, and the inputs that make the difference."""

    intervention: str
    qalys: float
    costs: float
    nmb: float = Field(description="at the decision threshold")
    mcse_nmb: float = Field(description="Monte Carlo standard error of the mean of the draws")
    reasons: list[PsaReason] = Field(description="every input, largest first")
    rest: PsaReason = Field(description="what the largest eight reasons leave: other inputs, inputs together, chance")


class PsaShare(Entry):
    """An input and its share of the distance of a draw from the mean."""

    id: str
    label: str
    share: float


class PsaExtreme(Entry):
    """A draw far from the mean; reasons are shares of its distance by a linear regression on each input alone."""

    draw: int = Field(description="from 1")
    qalys: float
    costs: float
    nmb: float = Field(description="at the decision threshold")
    reasons: list[PsaShare] = Field(description="largest first")
