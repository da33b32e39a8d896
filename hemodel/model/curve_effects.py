"""What acts on the fitted curves in a model: further effects, waning and background mortality.

In this order: fitted curve, further effects of the strategy (acceleration factor, hazard
ratio, odds ratio), waning, and on OS only a floor at the population's hazard and last, where
the settings ask for it, PFS as a least value.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import InputError, Problem
from hemodel.inputs.checks import select
from hemodel.model.occupancy import OS_LIFTED, Adjustment, lift
from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, PROPORTIONAL_HAZARDS, PROPORTIONAL_ODDS
from hemodel.survival.curves import population_hazard, related_hazard, slowed
from hemodel.survival.effects.floor import floor_hazard
from hemodel.survival.effects.waning import WITH_TREATMENT, Waning, share_on_treatment, waned_cumulative_hazard
from hemodel.survival.workbook.background import FLOOR, OVERALL_SURVIVAL, population
from hemodel.survival.workbook.curves import FAMILY, check_waning, treated_by, wanings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs, Reading
    from hemodel.inputs.rows import Row
    from hemodel.model.time_grid import TimeGrid
    from hemodel.parameters import FloatArray
    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.effects.life_tables import Background

    Draws = Mapping[str, FloatArray]

PFS = "pfs"
EFFECTS = {
    "acceleration_factor": ACCELERATED_FAILURE_TIME,
    "hazard_ratio": PROPORTIONAL_HAZARDS,
    "odds_ratio": PROPORTIONAL_ODDS,
}
"""Further effects, in the order in which they act."""
FLOOR_RULE = "os_below_population"
LIFT_OS = "lift_os"
"""Setting pfs_above_os under which OS is lifted to PFS."""
WANED, TOWARDS_LOWER, KEPT_FALLING = "waned", "waning_towards_lower_hazard", "waning_kept_falling"


@dataclass(frozen=True)
class CurveEffects:
    """What acts on the curves of a model.

    Attributes
    ----------
    effects : mapping of (endpoint, strategy) to tuple of (relation, id of the parameter)
    waning : mapping of (endpoint, strategy) to Waning
    treated_by : mapping of (endpoint, strategy) to endpoint
        Whose curve says who is still treated, for waning with treatment.
    floor : array (points,) or None
        Cumulative hazard of the population on the grid of the time_grid, the floor of OS.
    lifts_os : bool
        Whether OS is lifted to PFS where PFS would exceed it.
    """

    effects: Mapping[tuple[str, str], tuple[tuple[str, str], ...]]
    waning: Mapping[tuple[str, str], Waning]
    treated_by: Mapping[tuple[str, str], str]
    floor: FloatArray | None
    lifts_os: bool

    def changes(self, endpoint: str, strategy: str) -> bool:
        """Return whether anything acts on a curve, or it may be lifted."""
        return self.acts(endpoint, strategy) or self.lifts(endpoint)

    def acts(self, endpoint: str, strategy: str) -> bool:
        """Return whether anything but the lift acts on a curve."""
        at = (endpoint, strategy)
        return at in self.effects or at in self.waning or (endpoint == OVERALL_SURVIVAL and self.floor is not None)

    def lifts(self, endpoint: str) -> bool:
        """Return whether a curve may be lifted to another."""
        return self.lifts_os and endpoint == OVERALL_SURVIVAL


def curve_effects(inputs: ModelInputs, time_grid: TimeGrid) -> CurveEffects:
    """Return what the rows of a workbook make act on the curves.

    Raises
    ------
    InputError
        Where the life table or a waning cannot be used; `curve_effect_problems` finds these first.
    """
    effects: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for name, relation in EFFECTS.items():
        for row in select(inputs.rows, f"effect.{{endpoint}}.{{strategy}}.{name}"):
            if row.value is not None:
                effects.setdefault((row.names["endpoint"], row.names["strategy"]), []).append((relation, row.id))
    found = wanings(inputs.rows)
    people = population(inputs)
    floored = inputs.rows["background.method"].text == FLOOR and people is not None
    return CurveEffects(
        effects={at: tuple(some) for at, some in effects.items()},
        waning=found,
        treated_by={at: treated_by(inputs.rows, at) for at in found},
        floor=_floor(people, time_grid.timeline.months.tobytes()) if floored and people is not None else None,
        lifts_os=inputs.settings.pfs_above_os == LIFT_OS,
    )


@lru_cache(maxsize=64)
def _floor(people: Background, months: bytes) -> FloatArray:
    """Return the population's cumulative hazard at these times, once for all models that share them."""
    hazard = people.cumulative_hazard(np.frombuffer(months, dtype=np.float64))
    hazard.flags.writeable = False
    return hazard


def curve_effect_problems(reading: Reading) -> list[Problem]:
    """Return what is wrong with life table, waning and further effects, beyond the problems of single rows."""
    broken = {id_.split(".")[0] for id_ in (row.id for row in reading.raw.rows) if id_ not in reading.rows}
    problems = [] if "waning" in broken else check_waning(reading.rows)
    problems += [] if "curve" in broken else _effects_on_nothing(reading.rows)
    needed = [reading.rows.get(id_) for id_ in ("background.method", "settings.time_horizon")]
    if "background" in broken or any(row is None or row.value is None for row in needed):
        return problems
    try:
        population(reading)
    except InputError as error:
        problems += error.problems
    return problems


def _effects_on_nothing(rows: Mapping[str, Row]) -> list[Problem]:
    """Return the further effects of a strategy on an endpoint for which it has no curve."""
    curves = {(row.names["endpoint"], row.names["strategy"]) for row in select(rows, FAMILY)}
    return [
        Problem(
            row.where["value"],
            f"{row.id} has no curve to act on",
            f"There is no curve of {row.names['endpoint']} for {row.names['strategy']}",
            "Correct the id, or leave the value empty.",
        )
        for name in EFFECTS
        for row in select(rows, f"effect.{{endpoint}}.{{strategy}}.{name}")
        if (row.names["endpoint"], row.names["strategy"]) not in curves
    ]


@dataclass(frozen=True)
class EffectDraws:
    """The draws of a block: coefficients (rows, p) or (1, p) by endpoint, effects (rows, 1) or (1, 1) by id."""

    coefficients: Mapping[str, FloatArray]
    effects: Mapping[str, FloatArray]


@dataclass(frozen=True)
class ActedCurve:
    """A fitted curve with the further effects of its strategy, in some draws.

    Where the curve is of the excess hazard the effects act on the excess, and the
    population's hazard is added to what they leave.
    """

    curves: EndpointCurves
    strategy: str
    coefficients: FloatArray
    effects: tuple[tuple[str, FloatArray], ...]

    def cumulative_hazard(self, t: FloatArray) -> FloatArray:
        """Compute the cumulative hazard (draws, points) at times (points,) [months]."""
        there, log_there = t, None
        for relation, log_effect in self.effects:
            if relation == ACCELERATED_FAILURE_TIME:
                there, log_there = slowed(there, log_there, log_effect)
        rows = max([self.coefficients.shape[0], *(log_effect.shape[0] for _, log_effect in self.effects)])
        coefficients = np.broadcast_to(self.coefficients, (rows, self.coefficients.shape[1]))
        excess = replace(self.curves, background=None)
        hazard = excess.cumulative_hazard(self.strategy, there, coefficients, log_t=log_there)
        for relation, log_effect in self.effects:
            hazard = related_hazard(relation, hazard, log_effect)
        if self.curves.background is not None:
            hazard += population_hazard(self.curves.background, t)
        return hazard


def whole_block(curves: Mapping[str, EndpointCurves], curve_effects: CurveEffects, draws: Draws) -> EffectDraws:
    """Return all draws of coefficients and effects as one block."""
    return EffectDraws(
        coefficients={endpoint: draws[f"curve.{endpoint}"] for endpoint in curves},
        effects={id_: draws[id_][:, None] for some in curve_effects.effects.values() for _, id_ in some},
    )


def survival_at(
    time_grid: TimeGrid,
    curves: Mapping[str, EndpointCurves],
    curve_effects: CurveEffects,
    draws: Draws,
    at: tuple[str, str],
    months: FloatArray,
) -> FloatArray:
    """Return survival (draws, months) of an (endpoint, strategy) with everything that acts on it, before any cap.

    Exact where nothing acts; else log survival is interpolated between the points of the
    time_grid's grid.
    """
    endpoint, strategy = at
    block = whole_block(curves, curve_effects, draws)
    if curve_effects.lifts(endpoint):
        unlifted = replace(curve_effects, lifts_os=False)
        overall, free = (
            survival_at(time_grid, curves, unlifted, draws, (name, strategy), months) for name in (endpoint, PFS)
        )
        return np.asarray(np.maximum(overall, free))
    if not curve_effects.acts(endpoint, strategy):
        return curves[endpoint].survival(strategy, months, block.coefficients[endpoint])
    found, _ = acted_survival(time_grid, curves, curve_effects, block, endpoint, strategy)
    with np.errstate(divide="ignore"):
        logs = np.log(found)
    return np.exp([np.interp(months, time_grid.timeline.months, row) for row in logs])


def acted_survival(
    time_grid: TimeGrid,
    curves: Mapping[str, EndpointCurves],
    curve_effects: CurveEffects,
    block: EffectDraws,
    endpoint: str,
    strategy: str,
) -> tuple[FloatArray, dict[str, Adjustment]]:
    """Return survival (draws, points) on the grid with everything that acts on it, and a record of it."""
    found, adjustments = _before_lift(time_grid, curves, curve_effects, block, endpoint, strategy)
    if curve_effects.lifts(endpoint):
        free, _ = _before_lift(time_grid, curves, curve_effects, block, PFS, strategy)
        found, adjustments[OS_LIFTED] = lift(found, free, time_grid.timeline.days, time_grid.weights[:, 0])
    return found, adjustments


def _before_lift(
    time_grid: TimeGrid,
    curves: Mapping[str, EndpointCurves],
    curve_effects: CurveEffects,
    block: EffectDraws,
    endpoint: str,
    strategy: str,
) -> tuple[FloatArray, dict[str, Adjustment]]:
    """Return survival with effects, waning and the floor, and a record of these."""
    months, cycles = time_grid.timeline.months, time_grid.timeline.cycles
    curve = _curve(curves, curve_effects, block, endpoint, strategy)
    years = time_grid.weights[:, 0]
    adjustments: dict[str, Adjustment] = {}
    spec = curve_effects.waning.get((endpoint, strategy))
    if spec is None:
        hazard = curve.cumulative_hazard(months)
    else:
        hazard, adjustments = _waned(time_grid, curves, curve_effects, block, (endpoint, strategy), spec)
    if endpoint == OVERALL_SURVIVAL and curve_effects.floor is not None:
        hazard, record = floor_hazard(hazard, curve_effects.floor, years, cycles=cycles, out=hazard)
        first = np.where(record.first >= 0, time_grid.timeline.days[np.maximum(record.first, 0)], np.nan)
        adjustments[FLOOR_RULE] = Adjustment(first, record.largest_gap, record.person_time)
    np.negative(hazard, out=hazard)
    return np.exp(hazard, out=hazard), adjustments


def _curve(
    curves: Mapping[str, EndpointCurves], curve_effects: CurveEffects, block: EffectDraws, endpoint: str, strategy: str
) -> ActedCurve:
    effects = curve_effects.effects.get((endpoint, strategy), ())
    with np.errstate(divide="ignore"):
        logs = tuple((relation, np.log(block.effects[id_])) for relation, id_ in effects)
    return ActedCurve(curves[endpoint], strategy, block.coefficients[endpoint], logs)


def _waned(
    time_grid: TimeGrid,
    curves: Mapping[str, EndpointCurves],
    curve_effects: CurveEffects,
    block: EffectDraws,
    at: tuple[str, str],
    spec: Waning,
) -> tuple[FloatArray, dict[str, Adjustment]]:
    """Return the cumulative hazard with waning, and what it changed."""
    endpoint, strategy = at
    treated = _curve(curves, curve_effects, block, endpoint, strategy)
    reference = _curve(curves, curve_effects, block, endpoint, spec.reference)
    months, years, still = time_grid.timeline.months, time_grid.weights[:, 0], None
    raw = treated.cumulative_hazard(months)
    if spec.shape == WITH_TREATMENT:
        on = _curve(curves, curve_effects, block, curve_effects.treated_by[at], strategy).cumulative_hazard(months)
        still = share_on_treatment(*np.broadcast_arrays(np.exp(-on), np.exp(-raw)))
        raw = np.broadcast_to(raw, still.shape)
    kinks = (*treated.curves.kinks(strategy), *reference.curves.kinks(spec.reference))
    cycles = time_grid.timeline.cycles
    waned = waned_cumulative_hazard(months, spec, treated, reference, on_treatment=still, kinks=kinks, cycles=cycles)
    lost = np.exp(-raw) - np.exp(-waned.cumulative_hazard)
    if cycles is not None:
        lost[:, cycles.unweighted] = 0.0
    changed = np.abs(lost) > 0.0
    days = time_grid.timeline.days
    draws = lost.shape[0]
    first = np.where(changed.any(axis=1), days[np.argmax(changed, axis=1)], np.nan)
    lower = np.where(waned.lower_reference, waned.lower_from, np.nan) * (days[-1] / months[-1])
    nothing = np.zeros(draws)
    held = np.where(waned.held > 0, first, np.nan)
    return waned.cumulative_hazard, {
        WANED: Adjustment(first, lost[np.arange(draws), np.abs(lost).argmax(axis=1)], lost @ years),
        TOWARDS_LOWER: Adjustment(lower, nothing, nothing),
        KEPT_FALLING: Adjustment(held, nothing, nothing),
    }
