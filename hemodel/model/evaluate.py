"""The model: from inputs and draws to outcomes, in the order of a methods section."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import InputError, Problem
from hemodel.model.costs.categories import CATEGORIES, DEATH, PROGRESSION, START
from hemodel.model.costs.drugs import acquisition_cost, administration_cost
from hemodel.model.curve_effects import CurveEffects, curve_effects
from hemodel.model.curve_effects import survival_at as acted_survival_at
from hemodel.model.occupancy import PFS_CAPPED, UTILITY_CAPPED, capped, rule_of, states
from hemodel.model.outcomes import Component, Outcomes, table
from hemodel.model.person_time import STATES, Amount, Flow, PersonTime, person_time
from hemodel.model.time_grid import TimeGrid, time_grid
from hemodel.model.utilities import adverse_event_loss, band_utility, cap_at_norm, state_utility
from hemodel.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.structure import Regimen
    from hemodel.parameters import Draws, FloatArray
    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.endpoint_fit import EndpointFit


@dataclass(frozen=True)
class Model:
    """Frozen inputs with their fitted curves, what acts on these, and the weights of the time grid."""

    inputs: ModelInputs
    fits: Mapping[str, EndpointFit]
    time_grid: TimeGrid
    curve_effects: CurveEffects

    @property
    def strategies(self) -> tuple[str, ...]:
        """Ids of the strategies, comparator first."""
        return tuple(strategy.id for strategy in self.inputs.strategies)


def model(inputs: ModelInputs, fits: Mapping[str, EndpointFit]) -> Model:
    """Return a model ready to evaluate."""
    grid = time_grid(inputs)
    return Model(inputs, fits, grid, curve_effects(inputs, grid))


def base_draws(model: Model) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Return the draws of the base case: one draw of every parameter and of every fit."""
    draws = {parameter.id: np.array([parameter.value]) for parameter in model.inputs.parameters}
    return draws | {f"curve.{endpoint}": fit.coefficients[None, :] for endpoint, fit in model.fits.items()}


def survival_at(model: Model, draws: Draws, endpoint: str, strategy: str, months: FloatArray) -> FloatArray:
    """Return survival (draws, months) as the model has it before any cap: fitted curve and what acts on it."""
    curves = {name: fit.curves for name, fit in model.fits.items()}
    return acted_survival_at(model.time_grid, curves, model.curve_effects, draws, (endpoint, strategy), months)


def occupancy_at(model: Model, draws: Draws, strategy: str, months: FloatArray) -> dict[str, FloatArray]:
    """Return the share of patients in each state, (draws, months) [proportion].

    PF = min(PFS, OS), PD = OS - PF, dead = 1 - OS, from the curves at any times and not only on the model's grid.
    """
    pfs, overall = (survival_at(model, draws, endpoint, strategy, months) for endpoint in ("pfs", "os"))
    return states(capped(pfs, overall), overall)


def evaluate(model: Model, draws: Draws, *, threads: bool = True) -> Outcomes:
    """Return the outcomes of every draw.

    Parameters
    ----------
    draws : mapping
        Arrays (draws,) or (1,) by parameter id, and coefficients (draws, p) or
        (1, p) under ``curve.<endpoint>``.
    threads : bool
        Whether the strategies are worked on side by side; the numbers are the same.

    Raises
    ------
    InputError
        Where PFS exceeds OS in a draw and the setting says that this is an error.
    """
    curves = {endpoint: fit.curves for endpoint, fit in model.fits.items()}
    count = max(array.shape[0] for array in draws.values())
    exposures = _exposures(model, curves, draws, threads=threads)
    _refuse_crossing(model, exposures)
    utilities = {s: _utilities(draws, s, e) for s, e in exposures.items()}
    if model.time_grid.aged is not None and model.time_grid.aged.norm is not None:
        utilities, exposures = _capped(utilities, exposures, model.time_grid.aged.norm)
    per_strategy = [(s, exposures[s]) for s in model.strategies]
    drugs = [_drug_costs(model.inputs, draws, s, e) for s, e in per_strategy]
    return Outcomes(
        strategies=model.strategies,
        life_years=table(count, [_life_years(e) for _, e in per_strategy]),
        qalys=table(count, [_qalys(model.inputs, draws, s, e, utilities[s]) for s, e in per_strategy]),
        costs=table(
            count, [_costs(model.inputs, draws, s, e, d) for (s, e), d in zip(per_strategy, drugs, strict=True)]
        ),
        drug_costs=table(count, drugs),
        administrations=table(
            count,
            [{d: (a.undiscounted, a.costs) for d, a in e.administrations.items()} for _, e in per_strategy],
        ),
        exposures=exposures,
    )


def _exposures(
    model: Model, curves: Mapping[str, EndpointCurves], draws: Draws, *, threads: bool
) -> dict[str, PersonTime]:
    """What patients go through under each strategy, the strategies side by side in threads or one after the other."""

    def of(strategy: str) -> PersonTime:
        return person_time(model.time_grid, curves, model.curve_effects, draws, strategy)

    if not threads:
        return {strategy: of(strategy) for strategy in model.strategies}
    with ThreadPoolExecutor(len(model.strategies)) as pool:
        return dict(zip(model.strategies, pool.map(of, model.strategies), strict=True))


def _life_years(exposed: PersonTime) -> dict[str, Component]:
    """Person-time in each state."""
    return {state: (years.undiscounted, years.effects) for state, years in exposed.years.items()}


Utilities = dict[str, "FloatArray"]
"""By state, or by band of time to death; arrays (draws,) or (1,)."""


def _utilities(draws: Draws, strategy: str, exposed: PersonTime) -> Utilities:
    """Utilities of a strategy at the start."""
    if exposed.band_years:
        return {band: band_utility(draws, band) for band in exposed.band_years}
    return {state: state_utility(draws, strategy, state) for state in STATES}


def _capped(
    utilities: Mapping[str, Utilities], exposures: Mapping[str, PersonTime], norm: float
) -> tuple[dict[str, Utilities], dict[str, PersonTime]]:
    """Cap utilities at the population's norm, and enter in the adjustments where that was."""
    capped, recorded = {}, {}
    for strategy, exposed in exposures.items():
        found = {n: cap_at_norm(u, exposed.aged_years[n].undiscounted, norm) for n, u in utilities[strategy].items()}
        capped[strategy] = {name: utility for name, (utility, _) in found.items()}
        caps = {rule_of(UTILITY_CAPPED, name): done for name, (_, done) in found.items()}
        recorded[strategy] = replace(exposed, adjustments={**exposed.adjustments, **caps})
    return capped, recorded


def _qalys(
    inputs: ModelInputs, draws: Draws, strategy: str, exposed: PersonTime, utilities: Utilities
) -> dict[str, Component]:
    """Person-time (at the age reached, where utilities change with it) x utility, less the loss from adverse events."""
    years = exposed.aged_years or exposed.band_years or exposed.years
    loss = -adverse_event_loss(inputs, draws, strategy)
    parts: dict[str, Component] = {n: (years[n].undiscounted * u, years[n].effects * u) for n, u in utilities.items()}
    return parts | {"adverse_events": (loss, loss)}


def _drug_costs(inputs: ModelInputs, draws: Draws, strategy: str, exposed: PersonTime) -> dict[str, Component]:
    """Acquisition cost by drug: administrations to patients on treatment x cost of one."""
    parts: dict[str, Component] = {}
    for regimen in _regimens(inputs, strategy):
        given, unit = exposed.administrations[regimen.drug], acquisition_cost(inputs, draws, regimen)
        parts[regimen.drug] = (given.undiscounted * unit, given.costs * unit)
    return parts


def _administration(inputs: ModelInputs, draws: Draws, strategy: str, exposed: PersonTime) -> Component:
    """Cost of giving the drugs."""
    undiscounted, discounted = np.zeros(1), np.zeros(1)
    for regimen in _regimens(inputs, strategy):
        given, unit = exposed.administrations[regimen.drug], administration_cost(draws, regimen)
        undiscounted = undiscounted + given.undiscounted * unit
        discounted = discounted + given.costs * unit
    return undiscounted, discounted


def _regimens(inputs: ModelInputs, strategy: str) -> list[Regimen]:
    return [regimen for regimen in inputs.regimens if regimen.strategy == strategy]


def _costs(
    inputs: ModelInputs, draws: Draws, strategy: str, exposed: PersonTime, drugs: Mapping[str, Component]
) -> dict[str, Component]:
    """Costs by category."""
    zero = np.zeros(1)
    parts: dict[str, Component] = {
        "acquisition": (sum((u for u, _ in drugs.values()), zero), sum((d for _, d in drugs.values()), zero)),
        "administration": _administration(inputs, draws, strategy, exposed),
    }
    once = Flow(np.ones(1), np.ones(1))
    amounts: dict[str, Amount | Flow] = {
        START: once,
        **exposed.years,
        PROGRESSION: exposed.progressions,
        DEATH: exposed.deaths,
    }
    for category in CATEGORIES:
        amount, unit = amounts[category.falls], category.unit_cost(inputs, draws, strategy)
        parts[category.name] = (amount.undiscounted * unit, amount.costs * unit)
    return parts


def _refuse_crossing(model: Model, exposures: Mapping[str, PersonTime]) -> None:
    if model.inputs.settings.pfs_above_os != "error":
        return
    problems = []
    for strategy, exposed in exposures.items():
        first = exposed.adjustments[PFS_CAPPED].first_day
        crossing = first[~np.isnan(first)]
        if crossing.size:
            problems.append(
                Problem(
                    model.inputs.rows["settings.pfs_above_os"].where["value"],
                    f"PFS exceeds OS for {strategy} from month {crossing.min() / DAYS_PER_MONTH:.1f}"
                    f" in {crossing.size} of {first.size} draws",
                    "The setting says that this is an error",
                    "Choose other curves, or set settings.pfs_above_os to cap_pfs or lift_os.",
                )
            )
    if problems:
        raise InputError(tuple(problems))
