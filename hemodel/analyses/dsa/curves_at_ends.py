"""What curves are at the ends of a bar: medians, hazard ratio and survival, beside those of the base case."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.dsa.curve_quantities import tail_months
from hemodel.analyses.fitted_curves import medians
from hemodel.entries import Entry, finite
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.survival.reported.predicted import log_hazard_ratio
from hemodel.survival.workbook.fits import evidence
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.analyses.dsa.one_way import OneWay, OneWayInput
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray


class CurveAtEnds(Entry):
    """The curve of one strategy where an input of the one-way analysis is at its bounds, before the caps."""

    id: str = Field(description="of the input")
    label: str = Field(description="of the input")
    endpoint: str = Field(description="pfs, os or a time on treatment")
    strategy: str = Field(description="id of the strategy")
    median_base: float | None = Field(description="null where it is not reached. [month]")
    median_low: float | None = Field(description="with the input at its lower bound. [month]")
    median_high: float | None = Field(description="with the input at its upper bound. [month]")
    versus: str | None = Field(description="the strategy that the hazard ratio is over; null for that strategy")
    hazard_ratio_base: float | None = Field(
        description="of the fitted curves; over the follow-up, or the horizon, where it changes with time. [ratio]"
    )
    hazard_ratio_low: float | None = Field(description="with the input at its lower bound. [ratio]")
    hazard_ratio_high: float | None = Field(description="with the input at its upper bound. [ratio]")
    survival_years: float = Field(description="5, or the time horizon where that is shorter. [year]")
    survival_base: float = Field(description="after so many years. [proportion]")
    survival_low: float = Field(description="with the input at its lower bound. [proportion]")
    survival_high: float = Field(description="with the input at its upper bound. [proportion]")


def curves_at_ends(model: Model, found: OneWay) -> list[CurveAtEnds]:
    """Return the curves of every endpoint that an item of the one-way analysis moves, by item."""
    entries = []
    for i, item in enumerate(found.items):
        for endpoint, fit in model.fits.items():
            ends = found.draws[f"curve.{endpoint}"][2 * i : 2 * i + 2]
            if (ends != fit.coefficients).any():
                entries += _endpoint(model, item, endpoint, np.vstack([fit.coefficients, ends]))
    return entries


def _endpoint(model: Model, item: OneWayInput, endpoint: str, coefficients: FloatArray) -> list[CurveAtEnds]:
    draws = {**base_draws(model), f"curve.{endpoint}": coefficients}
    strategies = [strategy for strategy in model.strategies if strategy in model.fits[endpoint].sources]
    late = tail_months(model)[1]
    entries = []
    for strategy in strategies:
        versus = None if strategy == strategies[0] else strategies[0]
        median = [finite(value) for value in medians(model, draws, endpoint, strategy).tolist()]
        left = survival_at(model, draws, endpoint, strategy, np.array([late]))[:, 0].tolist()
        ratio = (
            [None] * len(left) if versus is None else _hazard_ratios(model, endpoint, strategy, versus, coefficients)
        )
        entries.append(
            CurveAtEnds(
                id=item.id,
                label=item.label,
                endpoint=endpoint,
                strategy=strategy,
                median_base=median[0],
                median_low=median[1],
                median_high=median[2],
                versus=versus,
                hazard_ratio_base=ratio[0],
                hazard_ratio_low=ratio[1],
                hazard_ratio_high=ratio[2],
                survival_years=late / MONTHS_PER_YEAR,
                survival_base=left[0],
                survival_low=left[1],
                survival_high=left[2],
            )
        )
    return entries


def _hazard_ratios(
    model: Model, endpoint: str, strategy: str, versus: str, coefficients: FloatArray
) -> list[float | None]:
    """Hazard ratios (draws,) as a fit to statistics has them; up to the time horizon without a follow-up."""
    curves, data = model.fits[endpoint].curves, evidence(model.inputs, endpoint)
    period = data.follow_up or model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    with np.errstate(all="ignore"):
        logs = log_hazard_ratio(curves, strategy, versus, coefficients, period, dict(data.patients))
        return [finite(value) for value in np.exp(logs).tolist()]
