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
from hemodel.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.parameters import Draws, FloatArray
    from hemodel.plan import Plan, Schedule, Treated
    from hemodel.survival.curves import EndpointCurves

STATES = ("progression_free", "progressed")
POINTS_PER_BLOCK = 98_304
"""Curve points evaluated at a time: 0.8 MB an array, and masks small enough to be reused by the allocator."""


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
    buffers = tuple(np.empty((size, width)) for width in (points, *[plan.end + 1] * 3))
    blocks = []
    for start in range(0, count, size):
        block = {endpoint: _rows(array, start, size) for endpoint, array in coefficients.items()}
        blocks.append(_block(plan, curves, block, strategy, buffers))
    return _join(plan, strategy, blocks, count)


def _rows(coefficients: FloatArray, start: int, size: int) -> FloatArray:
    """Rows of one block, filled up with the last row.

    Blocks are always of one size, so that a draw has the same bits whatever the
    number of draws around it.
    """
    if coefficients.shape[0] == 1:
        return coefficients
    block = coefficients[start : start + size]
    return np.concatenate([block, np.repeat(block[-1:], size - block.shape[0], axis=0)])


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
    months, log_months, days, years = plan.timeline.months, plan.log_months, plan.timeline.days, plan.weights[:, 0]
    within = slice(plan.end + 1)
    overall, raw_pfs, free, scratch = buffers
    overall = _evaluate(curves["os"], strategy, months, log_months, coefficients["os"], overall)
    raw_pfs = _evaluate(curves["pfs"], strategy, months[within], log_months[within], coefficients["pfs"], raw_pfs)
    free, capped = cap(raw_pfs, overall[:, within], days[within], years[within], out=free, scratch=scratch)
    given, adjustments = {}, {"pfs_capped_at_os": capped}
    treated: dict[Treated, tuple[FloatArray, dict[str, Adjustment]]] = {}
    for schedule in plan.schedules[strategy]:
        if schedule.treated not in treated:
            treated[schedule.treated] = _on_treatment(plan, curves, coefficients, schedule, overall, free)
        on_treatment, caps = treated[schedule.treated]
        given[schedule.regimen.drug] = on_treatment @ schedule.weights
        adjustments |= {f"{rule}: {schedule.regimen.drug}": done for rule, done in caps.items()}
    bands = {band: overall @ weight for band, weight in plan.band_weights.items()}
    ends = free[:, plan.end].copy(), overall[:, plan.end].copy()
    return _Block(free @ plan.weights[within], overall @ plan.weights, *ends, bands, given, adjustments)


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


def _join(plan: Plan, strategy: str, blocks: list[_Block], count: int) -> Exposure:
    def joined(parts: Iterable[FloatArray]) -> FloatArray:
        return np.concatenate(list(parts))[:count]

    pf, total = joined(block.pf for block in blocks), joined(block.os for block in blocks)
    drugs = [schedule.regimen.drug for schedule in plan.schedules[strategy]]
    rules = {rule: [block.adjustments[rule] for block in blocks] for rule in blocks[0].adjustments}
    return Exposure(
        years={"progression_free": _amount(pf), "progressed": _amount(total - pf)},
        band_years={band: _amount(joined(block.bands[band] for block in blocks)) for band in plan.band_weights},
        progressions=Flow(1.0 - joined(block.pf_end for block in blocks), pf[:, 3]),
        deaths=Flow(1.0 - joined(block.os_end for block in blocks), total[:, 3]),
        administrations={drug: _amount(joined(block.given[drug] for block in blocks)) for drug in drugs},
        adjustments={
            rule: Adjustment(
                joined(part.first_day for part in parts),
                joined(part.max_gap for part in parts),
                joined(part.years_moved for part in parts),
            )
            for rule, parts in rules.items()
        },
    )


def _amount(columns: FloatArray) -> Amount:
    return Amount(columns[:, 0], columns[:, 1], columns[:, 2])
