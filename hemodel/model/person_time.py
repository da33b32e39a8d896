"""What patients go through: person-time by state, flows and drug administrations.

Costs and QALYs are linear in these amounts. They are integrals of the curves
over the grid of days, taken as products with weight vectors, in blocks of draws
small enough for the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.model.curve_effects import EffectDraws, acted_survival, whole_block
from hemodel.model.occupancy import PFS_CAPPED, TREATMENT_AT_OS, TREATMENT_AT_PFS, Adjustment, cap, rule_of
from hemodel.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.model.curve_effects import CurveEffects
    from hemodel.model.time_grid import Schedule, TimeGrid, Treated
    from hemodel.parameters import Draws, FloatArray
    from hemodel.survival.curves import EndpointCurves

    Places = np.ndarray[tuple[int], np.dtype[np.intp]]

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
class PersonTime:
    """The amounts of one strategy.

    Attributes
    ----------
    years : mapping from state to Amount
        Person-time. [years]
    band_years : mapping from band of time to death to Amount
        Person-time; empty unless utilities are by time to death. [years]
    aged_years : mapping from state, or band of time to death, to Amount
        Person-time, each cycle times the multiplier of utilities at the age reached; empty
        unless utilities change with age. [years]
    progressions : Flow
        Patients leaving progression-free, by progression or death. [patients]
    deaths : Flow
        [patients]
    administrations : mapping from drug to Amount
        Administrations to patients on treatment. [administrations]
    """

    years: Mapping[str, Amount]
    band_years: Mapping[str, Amount]
    aged_years: Mapping[str, Amount]
    progressions: Flow
    deaths: Flow
    administrations: Mapping[str, Amount]
    adjustments: Mapping[str, Adjustment]


def person_time(
    time_grid: TimeGrid, curves: Mapping[str, EndpointCurves], curve_effects: CurveEffects, draws: Draws, strategy: str
) -> PersonTime:
    """Return the amounts of one strategy in every draw.

    Parameters
    ----------
    curve_effects : CurveEffects
        What acts on the curves.
    draws : mapping
        Holds coefficients (draws, p) under ``curve.<endpoint>``, and the further effects.
    """
    points = time_grid.timeline.days.size
    whole = whole_block(curves, curve_effects, draws)
    parts = (whole.coefficients, whole.effects)
    count = max(array.shape[0] for part in parts for array in part.values())
    size = max(1, POINTS_PER_BLOCK // points)
    buffers = tuple(np.empty((size, width)) for width in (points, *[time_grid.end + 1] * 3))
    blocks = []
    for start in range(0, count, size):
        block = EffectDraws(*({name: _rows(array, start, size) for name, array in some.items()} for some in parts))
        blocks.append(_block(_Curves(time_grid, curves, curve_effects, block, strategy), buffers))
    return _join(time_grid, strategy, blocks, count)


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

    Of PFS and OS: sums (draws, 4) with the time_grid's weights, and survival (draws,) at
    the end of the model. Of bands, administrations and aged person-time: sums (draws, 3).
    """

    pf: FloatArray
    os: FloatArray
    pf_end: FloatArray
    os_end: FloatArray
    bands: Mapping[str, FloatArray]
    aged: Mapping[str, FloatArray]
    given: Mapping[str, FloatArray]
    adjustments: Mapping[str, Adjustment]


@dataclass(frozen=True)
class _Curves:
    """The curves of one strategy in one block of draws."""

    time_grid: TimeGrid
    curves: Mapping[str, EndpointCurves]
    curve_effects: CurveEffects
    block: EffectDraws
    strategy: str

    def survival(self, endpoint: str, upto: int, buffer: FloatArray) -> tuple[FloatArray, dict[str, Adjustment]]:
        """Survival (draws, points) at the first points of the grid, in the buffer's rows where it can be."""
        time_grid, coefficients = self.time_grid, self.block.coefficients[endpoint]
        if self.curve_effects.changes(endpoint, self.strategy):
            found, adjustments = acted_survival(
                time_grid, self.curves, self.curve_effects, self.block, endpoint, self.strategy
            )
            found = found[:, :upto]
        else:
            out, adjustments = buffer[: coefficients.shape[0]], {}
            months, logs = time_grid.timeline.months[:upto], time_grid.log_months[:upto]
            found = self.curves[endpoint].survival(self.strategy, months, coefficients, log_t=logs, out=out)
        whole = found if found.shape == buffer.shape else np.broadcast_to(found, buffer.shape)
        return whole, {rule: _spread(done, buffer.shape[0]) for rule, done in adjustments.items()}

    def at(self, endpoint: str, places: Places) -> FloatArray:
        """Survival (draws, places) of a further curve at some points of the grid."""
        time_grid, coefficients = self.time_grid, self.block.coefficients[endpoint]
        if self.curve_effects.changes(endpoint, self.strategy):
            return acted_survival(time_grid, self.curves, self.curve_effects, self.block, endpoint, self.strategy)[0][
                :, places
            ]
        months, logs = time_grid.timeline.months[places], time_grid.log_months[places]
        return self.curves[endpoint].survival(self.strategy, months, coefficients, log_t=logs)


def _spread(done: Adjustment, rows: int) -> Adjustment:
    """A record for every row, where it is the same in all."""
    parts = (done.first_day, done.max_gap, done.years_moved)
    return Adjustment(*(np.broadcast_to(part, (rows,)) for part in parts))


def _block(curves: _Curves, buffers: tuple[FloatArray, ...]) -> _Block:
    time_grid, strategy = curves.time_grid, curves.strategy
    days, years = time_grid.timeline.days, time_grid.weights[:, 0]
    within = slice(time_grid.end + 1)
    overall, raw_pfs, free, scratch = buffers
    overall, adjustments = curves.survival("os", days.size, overall)
    raw_pfs, acted = curves.survival("pfs", time_grid.end + 1, raw_pfs)
    adjustments |= {rule_of(rule, "pfs"): done for rule, done in acted.items()}
    free, capped = cap(raw_pfs, overall[:, within], days[within], years[within], out=free, scratch=scratch)
    given = {}
    adjustments[PFS_CAPPED] = capped
    treated: dict[Treated, tuple[FloatArray, dict[str, Adjustment]]] = {}
    for schedule in time_grid.schedules[strategy]:
        if schedule.treated not in treated:
            treated[schedule.treated] = _on_treatment(curves, schedule, overall, free)
        on_treatment, caps = treated[schedule.treated]
        given[schedule.regimen.drug] = on_treatment @ schedule.weights
        adjustments |= {rule_of(rule, schedule.regimen.drug): done for rule, done in caps.items()}
    bands = {band: overall @ weight for band, weight in time_grid.band_weights.items()}
    ends = free[:, time_grid.end].copy(), overall[:, time_grid.end].copy()
    sums = free @ time_grid.weights[within], overall @ time_grid.weights
    return _Block(*sums, *ends, bands, _aged(time_grid, free, overall), given, adjustments)


def _aged(time_grid: TimeGrid, free: FloatArray, overall: FloatArray) -> dict[str, FloatArray]:
    """Person-time with the utility of the age reached, by band of time to death or else by state."""
    if time_grid.aged is None:
        return {}
    if time_grid.aged.band_weights:
        return {band: overall @ weight for band, weight in time_grid.aged.band_weights.items()}
    progression_free, alive = free @ time_grid.aged.weights[: time_grid.end + 1], overall @ time_grid.aged.weights
    return dict(zip(STATES, (progression_free, alive - progression_free), strict=True))


def _on_treatment(
    curves: _Curves, schedule: Schedule, overall: FloatArray, free: FloatArray
) -> tuple[FloatArray, dict[str, Adjustment]]:
    """Share still treated on each day of a schedule, and what the caps at OS and PFS did."""
    regimen, places = schedule.regimen, schedule.positions
    days = curves.time_grid.timeline.days[places]
    years = np.full(days.size, regimen.interval / DAYS_PER_YEAR)
    alive = overall[:, places]
    if regimen.time_on_treatment == "pfs":
        return free[:, places], {}
    if regimen.time_on_treatment == "os":
        on, adjustments = alive, {}
    else:
        raw = curves.at(regimen.time_on_treatment, places)
        on, done = cap(np.broadcast_to(raw, alive.shape), alive, days, years)
        adjustments = {TREATMENT_AT_OS: done}
    if regimen.stops_at_progression:
        on, done = cap(on, free[:, places], days, years)
        adjustments[TREATMENT_AT_PFS] = done
    return on, adjustments


def _join(time_grid: TimeGrid, strategy: str, blocks: list[_Block], count: int) -> PersonTime:
    def joined(parts: Iterable[FloatArray]) -> FloatArray:
        return np.concatenate(list(parts))[:count]

    pf, total = joined(block.pf for block in blocks), joined(block.os for block in blocks)
    drugs = [schedule.regimen.drug for schedule in time_grid.schedules[strategy]]
    rules = {rule: [block.adjustments[rule] for block in blocks] for rule in blocks[0].adjustments}
    return PersonTime(
        years={"progression_free": _amount(pf), "progressed": _amount(total - pf)},
        band_years={band: _amount(joined(block.bands[band] for block in blocks)) for band in time_grid.band_weights},
        aged_years={name: _amount(joined(block.aged[name] for block in blocks)) for name in blocks[0].aged},
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
