"""Budget impact: what the payer spends in each calendar year with the new treatment and without it.

Undiscounted and in constant prices (Sullivan et al. 2014, ISPOR budget impact analysis good practice II).
Patients who become eligible in a year begin a strategy in that year, and cost in each year what the model says for
a patient that long after the start. The draw is the first axis of every array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.budget_costs import PatientYears, patient_years
from hemodel.analysis.budget_inputs import GROWTH, PATIENTS, BudgetInputs, budget_inputs
from hemodel.inputs.checks_budget import share_id
from hemodel.model import base_draws

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.model import Model
    from hemodel.parameters import Draws, FloatArray


@dataclass(frozen=True)
class Population:
    """Patients by year.

    Attributes
    ----------
    funnel : array (draws, steps + 1, years)
        Patients at the top and after each step; the last are eligible.
    without, with_new : array (draws, years, strategies)
        Patients who begin each strategy.
    """

    funnel: FloatArray
    without: FloatArray
    with_new: FloatArray


@dataclass(frozen=True)
class Spending:
    """One mix of treatments, by calendar year.

    Attributes
    ----------
    starting, alive : array (draws, years, strategies)
        Patients who begin a strategy in the year; those who ever began it and are
        alive at its end.
    costs : array (draws, years, strategies, components)
    drug_costs : array (draws, years, strategies, drugs)
    """

    starting: FloatArray
    alive: FloatArray
    costs: FloatArray
    drug_costs: FloatArray

    @property
    def died(self) -> FloatArray:
        """Patients who ever began a strategy and are dead at the end of the year, (draws, years, strategies)."""
        return np.asarray(np.cumsum(self.starting, axis=1) - self.alive)


@dataclass(frozen=True)
class TriggerTest:
    """The largest net impact in the first years beside the payer's trigger; years count from 0."""

    exceeded: bool
    year: int
    impact: float
    excess: float


@dataclass(frozen=True)
class TriggerPrice:
    """At which multiple of its price a drug's net impact just meets the trigger; None where none does."""

    drug: str
    factor: float | None
    prices: tuple[tuple[str, float, float | None], ...]
    """Id, price in the base case and price at the trigger, of each vial size."""


@dataclass(frozen=True)
class BudgetImpact:
    """Budget impact of the base case: arrays with one draw."""

    inputs: BudgetInputs
    population: Population
    per_patient: PatientYears
    without: Spending
    with_new: Spending
    trigger: TriggerTest | None
    trigger_prices: tuple[TriggerPrice, ...]

    @property
    def net(self) -> FloatArray:
        """Net budget impact: with minus without, (years, strategies, components)."""
        return np.asarray((self.with_new.costs - self.without.costs)[0])

    @property
    def total(self) -> FloatArray:
        """Net budget impact by year, (years,)."""
        return by_year(self.net)

    @property
    def net_drugs(self) -> FloatArray:
        """Net cost of each drug by year, (years, drugs)."""
        return by_component((self.with_new.drug_costs - self.without.drug_costs)[0])

    @property
    def cumulative(self) -> FloatArray:
        """Net budget impact from the first year to each, (years,)."""
        return np.asarray(np.cumsum(self.total))


def by_year(costs: FloatArray) -> FloatArray:
    """Return the sums (years,) of costs (years, strategies, components) [currency]."""
    return np.asarray(costs.sum(axis=(1, 2)))


def by_component(costs: FloatArray) -> FloatArray:
    """Return the sums (years, components) of costs (years, strategies, components) [currency]."""
    return np.asarray(costs.sum(axis=1))


def by_strategy(costs: FloatArray) -> FloatArray:
    """Return the sums (years, strategies) of costs (years, strategies, components) [currency]."""
    return np.asarray(costs.sum(axis=2))


def all_years(by_year: FloatArray) -> float:
    """Return the sum over the years."""
    return float(by_year.sum())


def budget_impact(model: Model) -> BudgetImpact | None:
    """Return the budget impact of the base case; None where the workbook has no values for it."""
    inputs = budget_inputs(model.inputs)
    if inputs is None:
        return None
    found = population(inputs, base_values(inputs))
    per_patient = patient_years(model, base_draws(model), inputs.years, inputs.entry)
    without, with_new = (spending(starting, per_patient) for starting in (found.without, found.with_new))
    impact = by_year((with_new.costs - without.costs)[0])
    test = None if inputs.trigger is None else trigger_test(impact, inputs.trigger, inputs.trigger_years)
    drugs = by_component((with_new.drug_costs - without.drug_costs)[0])
    prices = _trigger_prices(model, inputs, impact, dict(zip(per_patient.drugs, drugs.T, strict=True)))
    return BudgetImpact(inputs, found, per_patient, without, with_new, test, prices)


def base_values(inputs: BudgetInputs) -> dict[str, FloatArray]:
    """Return the values of the sheet Budget impact as one draw."""
    return {parameter.id: np.array([parameter.value]) for parameter in inputs.parameters}


def population(inputs: BudgetInputs, values: Draws) -> Population:
    """Return the patients of each year, step by step, and those who begin each strategy.

    Eligible in year y (from 1): patients x (1 + growth)^(y - 1) x the product of the steps.

    Parameters
    ----------
    inputs : BudgetInputs
    values : mapping
        Arrays (draws,) by id.
    """
    elapsed = np.arange(float(inputs.years))
    top = values[PATIENTS][:, None] * (1.0 + values[GROWTH][:, None]) ** elapsed
    steps = [np.asarray(values[id_][:, None]) for id_ in inputs.steps]
    funnel = np.stack([top * np.prod(steps[:i], axis=0) if i else top for i in range(len(steps) + 1)], axis=1)
    mixes = [_mix(inputs, values, side) * funnel[:, -1, :, None] for side in ("share_without", "share_with")]
    return Population(funnel, *mixes)


def _mix(inputs: BudgetInputs, values: Draws, side: str) -> FloatArray:
    """Shares of the strategies, (draws, years, strategies)."""
    by_year = [
        np.stack([values[share_id(side, strategy, year)] for strategy in inputs.strategies], axis=1)
        for year in range(1, inputs.years + 1)
    ]
    return np.stack(by_year, axis=1)


def spending(starting: FloatArray, per_patient: PatientYears) -> Spending:
    """Return costs and patients alive by calendar year: the sum over the years of entry so far.

    Parameters
    ----------
    starting : array (draws, years, strategies)
        Patients who begin.
    per_patient : PatientYears
        With as many draws, or one; or `starting` has one.
    """
    return Spending(
        starting=starting,
        alive=accumulated(starting, per_patient.alive[..., None])[..., 0],
        costs=accumulated(starting, per_patient.costs),
        drug_costs=accumulated(starting, per_patient.drug_costs),
    )


def accumulated(starting: FloatArray, amounts: FloatArray) -> FloatArray:
    """Return sum over years of entry e <= y of starting_e x amount in year y - e since entry.

    Parameters
    ----------
    starting : array (draws, years, strategies)
    amounts : array (draws, years since entry, strategies, components)

    Returns
    -------
    array (draws, years, strategies, components)
    """
    draws, years = max(starting.shape[0], amounts.shape[0]), starting.shape[1]
    found = np.zeros((draws, years, *amounts.shape[2:]))
    for entry in range(years):
        found[:, entry:] += starting[:, entry, None, :, None] * amounts[:, : years - entry]
    return found


def trigger_test(impact: FloatArray, trigger: float, years: int) -> TriggerTest:
    """Return whether the net impact (years,) is above the trigger in any of the first years, and where most."""
    year = int(np.argmax(impact[:years]))
    largest = float(impact[year])
    return TriggerTest(largest > trigger, year, largest, largest - trigger)


def _trigger_prices(
    model: Model, inputs: BudgetInputs, impact: FloatArray, by_drug: dict[str, FloatArray]
) -> tuple[TriggerPrice, ...]:
    """Return the price of each new drug at which the largest impact in the years of the trigger equals it.

    New drugs are those that the comparator does not give. Acquisition is in proportion to the prices of a drug's
    vials together, so the impact is linear in their common factor f: rest + f x acquisition.
    """
    if inputs.trigger is None:
        return ()
    given = {regimen.drug for regimen in model.inputs.regimens if regimen.strategy == model.strategies[0]}
    found = []
    for drug in (drug for drug in model.inputs.drugs if drug.id in by_drug and drug.id not in given):
        own, whole = by_drug[drug.id][: inputs.trigger_years], impact[: inputs.trigger_years]
        factor = _factor(own, whole - own, inputs.trigger)
        values = {p.id: p.value for p in model.inputs.parameters}
        prices = [(id_, values[id_], None if factor is None else factor * values[id_]) for _, id_ in drug.vials]
        found.append(TriggerPrice(drug.id, factor, tuple(prices)))
    return tuple(found)


def _factor(own: FloatArray, rest: FloatArray, trigger: float) -> float | None:
    """Return the largest factor f >= 0 with rest + f x own <= trigger in every year; None where there is none."""
    factors: Sequence[float] = [(trigger - r) / o for o, r in zip(own.tolist(), rest.tolist(), strict=True) if o > 0]
    stays = all(r <= trigger for o, r in zip(own.tolist(), rest.tolist(), strict=True) if o <= 0)
    if not factors or not stays or min(factors) < 0:
        return None
    return min(factors)
