"""The time grid of a model: its days and the weight of every point, the same for all draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.model.population import ageing
from hemodel.model.timeline import (
    Timeline,
    administration_days,
    cycle_boundaries,
    discount_factors,
    discount_times,
    flow_weights,
    midpoints,
    state_time_weights,
    timeline,
)
from hemodel.survival.family import log_time
from hemodel.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.structure import Band, Regimen, Settings
    from hemodel.parameters import FloatArray


Treated = tuple["str | bool | float | None", ...]
"""What decides who is treated on which days."""


@dataclass(frozen=True)
class Schedule:
    """When one regimen's drug is given: places on the grid and weights (days, 3)."""

    regimen: Regimen
    positions: np.ndarray[tuple[int], np.dtype[np.intp]]
    weights: FloatArray

    @property
    def treated(self) -> Treated:
        """The same for drugs that the same patients get on the same days."""
        r = self.regimen
        return (
            r.time_on_treatment,
            r.stops_at_progression,
            r.start_day,
            r.interval,
            r.stop_day,
            r.max_administrations,
        )


@dataclass(frozen=True)
class Aged:
    """Weights of person-time that count with the utility of the age reached.

    Attributes
    ----------
    weights : array (points, 3)
        Those of person-time, each cycle times the multiplier in its middle.
    band_weights : mapping from band to array (points, 3)
    norm : float or None
        No utility is above it; None: there is no cap. [utility]
    """

    weights: FloatArray
    band_weights: Mapping[str, FloatArray]
    norm: float | None


@dataclass(frozen=True)
class TimeGrid:
    """The grid and all weights of a model; the same for every draw.

    Attributes
    ----------
    weights : array (points, 4)
        Of person-time (undiscounted, discounted for costs, for effects) and of the
        flow out of a curve (discounted for costs).
    end : int
        Place of the last boundary, the time horizon, on the grid.
    band_weights : mapping from band to array (points, 3)
    schedules : mapping from strategy to its schedules
    aged : Aged or None
        None where utilities are the same at every age.
    """

    timeline: Timeline
    log_months: FloatArray
    weights: FloatArray
    end: int
    band_weights: Mapping[str, FloatArray]
    schedules: Mapping[str, tuple[Schedule, ...]]
    aged: Aged | None


def time_grid(inputs: ModelInputs) -> TimeGrid:
    """Return the grid and the weights that the settings and regimens imply."""
    settings = inputs.settings
    boundaries = cycle_boundaries(settings.time_horizon, settings.cycle_length)
    horizon = settings.time_horizon * DAYS_PER_YEAR
    days = {
        regimen: administration_days(
            regimen.start_day, regimen.interval, horizon, regimen.stop_day, regimen.max_administrations
        )
        for regimen in inputs.regimens
    }
    bands = inputs.bands if settings.utilities_by == "time_to_death" else ()
    shifted = [boundaries + band.within for band in bands if band.within is not None]
    grid = timeline(boundaries, [*days.values(), *shifted], settings.cycle_length)
    factors = _factors(discount_times(boundaries, settings.discount_timing), settings)
    state = np.column_stack([state_time_weights(boundaries, f, settings.half_cycle_correction) for f in factors])
    return TimeGrid(
        timeline=grid,
        log_months=log_time(grid.months),
        weights=_spread(grid, boundaries, np.column_stack([state, flow_weights(factors[1])])),
        end=int(grid.positions(boundaries[-1:])[0]),
        band_weights=_band_weights(grid, state, bands),
        schedules={
            strategy.id: tuple(
                Schedule(regimen, grid.positions(given), _factors(given / DAYS_PER_YEAR, settings).T)
                for regimen, given in days.items()
                if regimen.strategy == strategy.id
            )
            for strategy in inputs.strategies
        },
        aged=_aged(inputs, grid, factors, bands),
    )


def _aged(inputs: ModelInputs, grid: Timeline, factors: FloatArray, bands: tuple[Band, ...]) -> Aged | None:
    found = ageing(inputs, midpoints(grid.boundaries))
    if found is None:
        return None
    rule = inputs.settings.half_cycle_correction
    state = np.column_stack([state_time_weights(grid.boundaries, f * found.multipliers, rule) for f in factors])
    weights = _spread(grid, grid.boundaries, state)
    return Aged(weights, _band_weights(grid, state, bands), found.norm if found.capped else None)


def _factors(years: FloatArray, settings: Settings) -> FloatArray:
    """Return factors (3, ...) at times: undiscounted, for costs and for effects."""
    costs = discount_factors(years, settings.cost_rates, settings.discounting)
    effects = discount_factors(years, settings.effect_rates, settings.discounting)
    return np.stack([np.ones_like(years), costs, effects])


def _spread(grid: Timeline, days: FloatArray, weights: FloatArray) -> FloatArray:
    return np.column_stack([grid.spread(days, column) for column in weights.T])


def _band_weights(grid: Timeline, state: FloatArray, bands: tuple[Band, ...]) -> dict[str, FloatArray]:
    """Weights of OS in the person-time of each band.

    Those alive at t whose death lies between w1 and w2 from then are OS(t + w1) - OS(t + w2).
    """
    weights, nearer = {}, 0.0
    for band in bands:
        weight = _spread(grid, grid.boundaries + nearer, state)
        if band.within is not None:
            weight = weight - _spread(grid, grid.boundaries + band.within, state)
            nearer = band.within
        weights[band.id] = weight
    return weights
