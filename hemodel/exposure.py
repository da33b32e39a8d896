"""What patients go through: person-time by state, flows and drug administrations.

Costs and QALYs are linear in these amounts. They are integrals of the curves
over the grid of days, taken as products with weight vectors, in blocks of draws
small enough for the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.occupancy import Adjustment, cap
from hemodel.survival.family import log_time
from hemodel.timeline import (
    Timeline,
    administration_days,
    cycle_boundaries,
    discount_factors,
    flow_weights,
    midpoints,
    state_time_weights,
    timeline,
)
from hemodel.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.structure import Band, Regimen, Settings
    from hemodel.parameters import Draws, FloatArray
    from hemodel.survival.curves import EndpointCurves

STATES = ("progression_free", "progressed")
POINTS_PER_BLOCK = 49_152
"""Curve points evaluated at a time: 400 kB an array."""


@dataclass(frozen=True)
class Amount:
    """One amount, undiscounted and discounted for costs and for effects; arrays (draws,)."""

    undiscounted: FloatArray
    costs: FloatArray
    effects: FloatArray


@dataclass(frozen=True)
class Flow:
    """Patients who leave a curve, undiscounted and discounted for costs; arrays (draws,)."""

    undiscounted: FloatArray
    costs: FloatArray


@dataclass(frozen=True)
class Exposure:
    """The amounts of one strategy.

    Attributes
    ----------
    years : mapping from state to Amount
        Person-time. [years]
    band_years : mapping from band of time to death to Amount
        Person-time; empty unless utilities are by time to death. [years]
    progressions : Flow
        Patients leaving progression-free, by progression or death. [patients]
    deaths : Flow
        [patients]
    administrations : mapping from drug to Amount
        Administrations to patients on treatment. [administrations]
    adjustments : mapping from rule to Adjustment
    """

    years: Mapping[str, Amount]
    band_years: Mapping[str, Amount]
    progressions: Flow
    deaths: Flow
    administrations: Mapping[str, Amount]
    adjustments: Mapping[str, Adjustment]


@dataclass(frozen=True)
class Schedule:
    """When one regimen's drug is given: places on the grid and weights (days, 3)."""

    regimen: Regimen
    positions: np.ndarray[tuple[int], np.dtype[np.intp]]
    weights: FloatArray


@dataclass(frozen=True)
class Plan:
    """The grid and all weights of a model; the same for every draw.

    Attributes
    ----------
    weights : array (points, 4)
        Of person-time (undiscounted, discounted for costs, for effects) and of the
        flow out of a curve (discounted for costs).
    end : int
        Place of the last boundary, the end of the model, on the grid.
    band_weights : mapping from band to array (points, 3)
    schedules : mapping from strategy to its schedules
    """

    timeline: Timeline
    log_months: FloatArray
    weights: FloatArray
    end: int
    band_weights: Mapping[str, FloatArray]
    schedules: Mapping[str, tuple[Schedule, ...]]


def plan(inputs: ModelInputs) -> Plan:
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
    grid = timeline(boundaries, [*days.values(), *shifted])
    factors = _factors(midpoints(boundaries), settings).T
    state = np.column_stack(
        [state_time_weights(boundaries, f, settings.half_cycle_correction) for f in factors]
    )
    return Plan(
        timeline=grid,
        log_months=log_time(grid.months),
        weights=_spread(grid, boundaries, np.column_stack([state, flow_weights(factors[1])])),
        end=int(grid.positions(boundaries[-1:])[0]),
        band_weights=_band_weights(grid, state, bands),
        schedules={
            strategy.id: tuple(
                Schedule(regimen, grid.positions(given), _factors(given / DAYS_PER_YEAR, settings))
                for regimen, given in days.items()
                if regimen.strategy == strategy.id
            )
            for strategy in inputs.strategies
        },
    )


def _factors(years: FloatArray, settings: Settings) -> FloatArray:
    costs = discount_factors(years, settings.cost_rates, settings.discounting)
    effects = discount_factors(years, settings.effect_rates, settings.discounting)
    return np.column_stack([np.ones(years.size), costs, effects])


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


def exposure(plan: Plan, curves: Mapping[str, EndpointCurves], draws: Draws, strategy: str) -> Exposure:
    """Return the amounts of one strategy in every draw.

    Parameters
    ----------
    plan : Plan
    curves : mapping from endpoint to EndpointCurves
    draws : mapping
        Holds coefficients (draws, p) under ``curve.<endpoint>``.
    strategy : str
    """
    points = plan.timeline.days.size
    coefficients = {endpoint: draws[f"curve.{endpoint}"] for endpoint in curves}
    count = max(array.shape[0] for array in coefficients.values())
    size = max(1, POINTS_PER_BLOCK // points)
    blocks = []
    buffers = tuple(np.empty((min(size, count), points)) for _ in range(4))
    for start in range(0, count, size):
        block = {
            endpoint: array[start : start + size] if array.shape[0] > 1 else array
            for endpoint, array in coefficients.items()
        }
        rows = min(size, count - start)
        blocks.append(_block(plan, curves, block, strategy, tuple(buffer[:rows] for buffer in buffers)))
    return _join(plan, strategy, blocks)


@dataclass(frozen=True)
class _Block:
    """Integrals of one block of draws, and who is left at the end.

    Of PFS and OS: sums (draws, 4) with the plan's weights, and survival (draws,) at
    the end of the model. Of bands and administrations: sums (draws, 3).
    """

    pf: FloatArray
    os: FloatArray
    pf_end: FloatArray
    os_end: FloatArray
    bands: Mapping[str, FloatArray]
    given: Mapping[str, FloatArray]
    adjustments: Mapping[str, Adjustment]


def _block(
    plan: Plan,
    curves: Mapping[str, EndpointCurves],
    coefficients: Mapping[str, FloatArray],
    strategy: str,
    buffers: tuple[FloatArray, ...],
) -> _Block:
    months, log_months = plan.timeline.months, plan.log_months
    overall, raw_pfs, free, _ = buffers
    overall = _evaluate(curves["os"], strategy, months, log_months, coefficients["os"], overall)
    raw_pfs = _evaluate(curves["pfs"], strategy, months, log_months, coefficients["pfs"], raw_pfs)
    free, capped = cap(
        raw_pfs, overall, plan.timeline.days, plan.weights[:, 0], out=free, scratch=buffers[3]
    )
    given, adjustments = {}, {"pfs_capped_at_os": capped}
    treated: dict[tuple[str, bool, bytes], tuple[FloatArray, dict[str, Adjustment]]] = {}
    for schedule in plan.schedules[strategy]:
        key = (
            schedule.regimen.time_on_treatment,
            schedule.regimen.stops_at_progression,
            schedule.positions.tobytes(),
        )
        if key not in treated:
            treated[key] = _on_treatment(plan, curves, coefficients, schedule, overall, free)
        on_treatment, caps = treated[key]
        given[schedule.regimen.drug] = on_treatment @ schedule.weights
        adjustments |= {f"{rule}: {schedule.regimen.drug}": done for rule, done in caps.items()}
    bands = {band: overall @ weight for band, weight in plan.band_weights.items()}
    ends = free[:, plan.end].copy(), overall[:, plan.end].copy()
    return _Block(free @ plan.weights, overall @ plan.weights, *ends, bands, given, adjustments)


def _evaluate(
    curves: EndpointCurves,
    strategy: str,
    months: FloatArray,
    log_months: FloatArray,
    coefficients: FloatArray,
    buffer: FloatArray,
) -> FloatArray:
    """Survival in the buffer's rows, or in one row where the coefficients are the same in every draw."""
    out = buffer[: coefficients.shape[0]]
    survival = curves.survival(strategy, months, coefficients, log_t=log_months, out=out)
    return survival if survival.shape == buffer.shape else np.broadcast_to(survival, buffer.shape)


def _on_treatment(
    plan: Plan,
    curves: Mapping[str, EndpointCurves],
    coefficients: Mapping[str, FloatArray],
    schedule: Schedule,
    overall: FloatArray,
    free: FloatArray,
) -> tuple[FloatArray, dict[str, Adjustment]]:
    """Share still treated on each day of a schedule, and what the caps at OS and PFS did."""
    regimen, places = schedule.regimen, schedule.positions
    days = plan.timeline.days[places]
    years = np.full(days.size, regimen.interval / DAYS_PER_YEAR)
    alive = overall[:, places]
    if regimen.time_on_treatment == "pfs":
        return free[:, places], {}
    if regimen.time_on_treatment == "os":
        on, adjustments = alive, {}
    else:
        curve, own = curves[regimen.time_on_treatment], coefficients[regimen.time_on_treatment]
        raw = curve.survival(regimen.strategy, plan.timeline.months[places], own, log_t=plan.log_months[places])
        on, done = cap(np.broadcast_to(raw, alive.shape), alive, days, years)
        adjustments = {"treatment_capped_at_os": done}
    if regimen.stops_at_progression:
        on, done = cap(on, free[:, places], days, years)
        adjustments["treatment_capped_at_pfs"] = done
    return on, adjustments


def _join(plan: Plan, strategy: str, blocks: list[_Block]) -> Exposure:
    pf, total = np.concatenate([block.pf for block in blocks]), np.concatenate([block.os for block in blocks])
    pf_left = 1.0 - np.concatenate([block.pf_end for block in blocks])
    died = 1.0 - np.concatenate([block.os_end for block in blocks])
    drugs = [schedule.regimen.drug for schedule in plan.schedules[strategy]]
    return Exposure(
        years={"progression_free": _amount(pf), "progressed": _amount(total - pf)},
        band_years={
            band: _amount(np.concatenate([block.bands[band] for block in blocks])) for band in plan.band_weights
        },
        progressions=Flow(pf_left, pf[:, 3]),
        deaths=Flow(died, total[:, 3]),
        administrations={drug: _amount(np.concatenate([block.given[drug] for block in blocks])) for drug in drugs},
        adjustments={
            rule: _join_adjustments([block.adjustments[rule] for block in blocks]) for rule in blocks[0].adjustments
        },
    )


def _amount(columns: FloatArray) -> Amount:
    return Amount(columns[:, 0], columns[:, 1], columns[:, 2])


def _join_adjustments(parts: list[Adjustment]) -> Adjustment:
    return Adjustment(
        np.concatenate([part.first_day for part in parts]),
        np.concatenate([part.max_gap for part in parts]),
        np.concatenate([part.years_moved for part in parts]),
    )
