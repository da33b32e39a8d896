"""Budget impact: what the payer spends in each calendar year with the new treatment and without it.

Undiscounted and in constant prices (Sullivan et al. 2014, ISPOR budget impact analysis good practice II).
Patients who become eligible in a year begin a strategy in that year, and cost in each year what the model says for
a patient that long after the start. The draw is the first axis of every array.

The cumulative undiscounted cost of a patient through h years is that of the model with a time horizon of h years, so a
year's cost is the difference of two horizons. The cycle that spans the end of a year is divided there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.dsa.one_way import OneWayInput
from hemodel.economics import swing
from hemodel.entries import Entry
from hemodel.inputs.budget import GROWTH, PATIENTS, SIDES, budget_inputs, share_id
from hemodel.model.evaluate import base_draws, evaluate, model
from hemodel.parameters import rescale_shares
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analyses.dsa.one_way import OneWayBounds
    from hemodel.inputs.budget import BudgetInputs
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import Draws, FloatArray, Parameter


SPREAD = "spread"


ByYear = list[float]
"""A number for each calendar year of `years`."""


class Series(Entry):
    """An amount by calendar year, and over all of them, in the unit of what it is a part of."""

    by_year: ByYear = Field(description="one for each of years. [currency] or [patients]")
    all_years: float = Field(description="their sum. [currency] or [patients]")


class BudgetStep(Entry):
    """One step of the funnel; the last leaves the eligible patients."""

    id: str = Field(description="of its row")
    label: str = Field(description="what its row is called")
    share: float | None = Field(description="of the step before; null for the top. [proportion]")
    patients: ByYear = Field(description="who are left. [patients]")


class BudgetMix(Entry):
    """Patients and spending with one mix of treatments."""

    shares: dict[str, ByYear] = Field(description="of the eligible patients, by strategy. [proportion]")
    starting: dict[str, ByYear] = Field(description="who begin in the year, by strategy. [patients]")
    alive: dict[str, ByYear] = Field(description="who ever began and are alive at the end of the year. [patients]")
    died: dict[str, ByYear] = Field(description="who ever began and have died by the end of the year. [patients]")
    by_category: dict[str, Series] = Field(description="costs by category. [currency]")
    by_strategy: dict[str, Series] = Field(description="costs by strategy. [currency]")
    total: Series = Field(description="all costs. [currency]")


class BudgetNet(Entry):
    """Net budget impact: with the new treatment minus without it, undiscounted and in constant prices."""

    total: Series = Field(description="all costs. [currency]")
    cumulative: ByYear = Field(description="from the first year to each. [currency]")
    by_category: dict[str, Series] = Field(description="costs by category. [currency]")
    by_strategy: dict[str, Series] = Field(description="costs by strategy. [currency]")
    by_drug: dict[str, Series] = Field(
        description="acquisition by drug; a breakdown of by_category.acquisition. [currency]"
    )


class BudgetTrigger(Entry):
    """The payer's trigger and the largest net impact in the years in which it is looked at."""

    amount: float = Field(description="above which it is exceeded. [currency per year]")
    years: int = Field(description="in the first so many. [year]")
    exceeded: bool = Field(description="whether the largest impact is above it")
    year: int = Field(description="of the largest impact among them. [calendar year]")
    impact: float = Field(description="in that year. [currency]")
    excess: float = Field(description="impact minus amount. [currency]")


class PriceAtTrigger(Entry):
    """One vial of a drug: its price, and the one at which the largest impact just meets the trigger."""

    id: str = Field(description="of the row with its price")
    price: float = Field(description="in the workbook. [currency per vial]")
    at_trigger: float | None = Field(description="null where no price meets it. [currency per vial]")


class BudgetPrice(Entry):
    """A drug that the comparator does not give, with all its prices in proportion."""

    drug: str = Field(description="id")
    factor: float | None = Field(
        description="price at the trigger over the price; null where no price meets it. [unitless]"
    )
    prices: list[PriceAtTrigger] = Field(description="every size of the drug")


class BudgetItem(Entry):
    """One input at its two bounds: net budget impact over all years, and in the year in which it is largest."""

    id: str = Field(description="of its row")
    label: str = Field(description="what it is called")
    unit: str = Field(description="of its values")
    base: float = Field(description="its value. [unit of the input]")
    low: float = Field(description="its lower bound. [unit of the input]")
    high: float = Field(description="its upper bound. [unit of the input]")
    total_low: float = Field(description="over all years, at the lower bound. [currency]")
    total_high: float = Field(description="over all years, at the upper bound. [currency]")
    peak_low: float = Field(description="in the largest year, at the lower bound. [currency]")
    peak_high: float = Field(description="in the largest year, at the upper bound. [currency]")


class BudgetResult(Entry):
    """Budget impact of the base case, undiscounted and in constant prices."""

    years: list[int] = Field(description="that are looked at. [calendar year]")
    entry: str = Field(description="start, or spread over the year")
    funnel: list[BudgetStep] = Field(description="from the top to the eligible patients")
    eligible: Series = Field(description="who become eligible in the year. [patients]")
    cost_per_patient: dict[str, dict[str, ByYear]] = Field(
        description="by strategy and category (total too): in the calendar year of entry and in each year after it."
        " [currency per patient]"
    )
    without_new: BudgetMix = Field(description="the mix without the new treatment")
    with_new: BudgetMix = Field(description="the mix with it")
    net: BudgetNet = Field(description="with minus without. [currency]")
    peak_year: int = Field(description="with the largest net impact. [calendar year]")
    peak: float = Field(description="net impact in that year. [currency]")
    trigger: BudgetTrigger | None = Field(description="null without one")
    price_at_trigger: list[BudgetPrice] = Field(description="of each new drug; none without a trigger")
    one_way: list[BudgetItem] | None = Field(description="inputs that move it, widest range first; null where not run")
    unmoved: int = Field(description="inputs of the one-way analysis that leave it as it is. [count]")


class BudgetDocument(Entry):
    """The contents of budget.json; see results.json for what they share."""

    title: str = Field(description="of the model")
    population: str = Field(description="in words")
    perspective: str = Field(description="in words")
    currency: str = Field(description="of every amount, a code")
    price_year: int = Field(description="of every amount. [calendar year]")
    strategies: list[str] = Field(description="ids, comparator first")
    strategy_names: dict[str, str] = Field(description="by id")
    drug_names: dict[str, str] = Field(description="by id")
    budget: BudgetResult = Field(description="of the base case")


@dataclass(frozen=True)
class PatientYears:
    """What one patient who begins in a calendar year costs in that year and in those after it.

    Attributes
    ----------
    costs : array (draws, years, strategies, components)
        Undiscounted. [currency per patient]
    drug_costs : array (draws, years, strategies, drugs)
        Acquisition by drug, a breakdown. [currency per patient]
    alive : array (draws, years, strategies)
        Share alive at the end of each year.
    """

    components: tuple[str, ...]
    drugs: tuple[str, ...]
    costs: FloatArray
    drug_costs: FloatArray
    alive: FloatArray


def patient_years(whole: Model, draws: Draws, years: int, entry: str) -> PatientYears:
    """Return costs by year since entry and the share alive at the end of each year.

    Parameters
    ----------
    whole : Model
        Its fits are used again; its own horizon is the longest.
    draws : mapping
        As for `model.evaluate`.
    entry : {"start", "spread"}
        spread: the mean of twelve groups, of which group j (from 0) begins j months
        into the year, so that it is 12 k - j months on at the end of year k.
    """
    months = int(MONTHS_PER_YEAR)
    starts = range(months) if entry == SPREAD else (0,)
    done: dict[float, Outcomes] = {}
    ends: list[list[FloatArray]] = []
    for year in range(1, years + 1):
        found = []
        for start in starts:
            horizon = min((months * year - start) / months, whole.inputs.settings.time_horizon)
            if horizon not in done:
                done[horizon] = _evaluate(whole, draws, horizon)
            found.append(_until(done[horizon]))
        ends.append([np.mean(groups, axis=0) for groups in zip(*found, strict=True)])
    outcomes = next(iter(done.values()))
    costs, drug_costs, alive = (np.stack(years, axis=1) for years in zip(*ends, strict=True))
    return PatientYears(
        components=outcomes.costs.components,
        drugs=outcomes.drug_costs.components,
        costs=np.diff(costs, axis=1, prepend=0.0),
        drug_costs=np.diff(drug_costs, axis=1, prepend=0.0),
        alive=alive,
    )


def _evaluate(whole: Model, draws: Draws, horizon: float) -> Outcomes:
    settings = whole.inputs.settings.model_copy(update={"time_horizon": horizon})
    return evaluate(model(replace(whole.inputs, settings=settings), whole.fits), draws)


def _until(found: Outcomes) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return costs by component, costs by drug, and the share alive, up to a horizon; the draw first."""
    dead = [np.broadcast_to(found.exposures[s].deaths.undiscounted, (found.draws,)) for s in found.strategies]
    return found.costs.undiscounted, found.drug_costs.undiscounted, 1.0 - np.stack(dead, axis=1)


@dataclass(frozen=True)
class BudgetPatients:
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
class BudgetImpact:
    """Budget impact of the base case: arrays with one draw."""

    inputs: BudgetInputs
    population: BudgetPatients
    per_patient: PatientYears
    without: Spending
    with_new: Spending

    @property
    def net(self) -> FloatArray:
        """Net budget impact: with minus without, (years, strategies, components)."""
        return np.asarray((self.with_new.costs - self.without.costs)[0])

    @property
    def net_drugs(self) -> FloatArray:
        """Net cost of each drug, (years, drugs)."""
        return by_component((self.with_new.drug_costs - self.without.drug_costs)[0])

    @property
    def total(self) -> FloatArray:
        """Net budget impact by year, (years,)."""
        return by_year(self.net)


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


def budget_result(model: Model, moved: OneWayBounds | None = None) -> BudgetResult | None:
    """Return the budget impact of the base case; None where the workbook has no values for it.

    Parameters
    ----------
    moved : OneWayBounds, optional
        The model's own inputs at their bounds, for the one-way analysis.
    """
    found = budget_impact(model)
    if found is None:
        return None
    one_way = None if moved is None else budget_one_way(model, found, moved)
    items = [] if one_way is None else budget_items(one_way)
    total, eligible = found.total, found.population.funnel[0, -1]
    peak = int(np.argmax(total))
    return BudgetResult(
        years=list(found.inputs.calendar),
        entry=found.inputs.entry,
        funnel=_funnel(found),
        eligible=_series(eligible),
        cost_per_patient=_per_patient(found),
        without_new=_mix_result(found, found.without, eligible),
        with_new=_mix_result(found, found.with_new, eligible),
        net=_net_result(found),
        peak_year=found.inputs.calendar[peak],
        peak=float(total[peak]),
        trigger=trigger_test(found.inputs, total),
        price_at_trigger=_trigger_prices(model, found),
        one_way=None if one_way is None else items,
        unmoved=0 if one_way is None else len(one_way.items) - len(items),
    )


def _funnel(found: BudgetImpact) -> list[BudgetStep]:
    parameters = {parameter.id: parameter for parameter in found.inputs.parameters}
    return [
        BudgetStep(
            id=id_,
            label=parameters[id_].label,
            share=None if id_ == PATIENTS else parameters[id_].value,
            patients=found.population.funnel[0, i].tolist(),
        )
        for i, id_ in enumerate((PATIENTS, *found.inputs.steps))
    ]


def _per_patient(found: BudgetImpact) -> dict[str, dict[str, ByYear]]:
    costs = found.per_patient.costs[0]
    totals = by_strategy(costs)
    return {
        strategy: {"total": totals[:, i].tolist()} | _named(found.per_patient.components, costs[:, i])
        for i, strategy in enumerate(found.inputs.strategies)
    }


def _named(names: Iterable[str], columns: FloatArray) -> dict[str, ByYear]:
    """Return the columns of an array (years, names) by name."""
    return dict(zip(names, columns.T.tolist(), strict=True))


def _series(values: FloatArray) -> Series:
    return Series(by_year=values.tolist(), all_years=all_years(values))


def _each(names: Iterable[str], columns: FloatArray) -> dict[str, Series]:
    """Return the columns of an array (years, names) by name, with their sums."""
    return {name: _series(column) for name, column in zip(names, columns.T, strict=True)}


def _mix_result(found: BudgetImpact, mix: Spending, eligible: FloatArray) -> BudgetMix:
    strategies, costs, starting = found.inputs.strategies, mix.costs[0], mix.starting[0]
    shares = np.divide(starting, eligible[:, None], out=np.zeros_like(starting), where=eligible[:, None] > 0)
    return BudgetMix(
        shares=_named(strategies, shares),
        starting=_named(strategies, starting),
        alive=_named(strategies, mix.alive[0]),
        died=_named(strategies, mix.died[0]),
        by_category=_each(found.per_patient.components, by_component(costs)),
        by_strategy=_each(strategies, by_strategy(costs)),
        total=_series(by_year(costs)),
    )


def _net_result(found: BudgetImpact) -> BudgetNet:
    net, total = found.net, found.total
    return BudgetNet(
        total=_series(total),
        cumulative=np.cumsum(total).tolist(),
        by_category=_each(found.per_patient.components, by_component(net)),
        by_strategy=_each(found.inputs.strategies, by_strategy(net)),
        by_drug=_each(found.per_patient.drugs, found.net_drugs),
    )


def budget_impact(model: Model) -> BudgetImpact | None:
    """Return the arrays of the budget impact; None where the workbook has no values for it."""
    inputs = budget_inputs(model.inputs.rows, {s.id: s.name for s in model.inputs.strategies})
    if inputs is None:
        return None
    found = population(inputs, base_values(inputs))
    per_patient = patient_years(model, base_draws(model), inputs.years, inputs.entry)
    without, with_new = (spending(starting, per_patient) for starting in (found.without, found.with_new))
    return BudgetImpact(inputs, found, per_patient, without, with_new)


def base_values(inputs: BudgetInputs) -> dict[str, FloatArray]:
    """Return the values of the sheet Budget impact as one draw."""
    return {parameter.id: np.array([parameter.value]) for parameter in inputs.parameters}


def population(inputs: BudgetInputs, values: Draws) -> BudgetPatients:
    """Return the patients of each year, step by step, and those who begin each strategy.

    Eligible in year y (from 1): patients x (1 + growth)^(y - 1) x the product of the steps.

    Parameters
    ----------
    values : mapping
        Arrays (draws,) by id.
    """
    elapsed = np.arange(float(inputs.years))
    top = values[PATIENTS][:, None] * (1.0 + values[GROWTH][:, None]) ** elapsed
    steps = [np.asarray(values[id_][:, None]) for id_ in inputs.steps]
    funnel = np.stack([top * np.prod(steps[:i], axis=0) if i else top for i in range(len(steps) + 1)], axis=1)
    mixes = [_mix(inputs, values, side) * funnel[:, -1, :, None] for side in ("share_without", "share_with")]
    return BudgetPatients(funnel, *mixes)


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


def trigger_test(inputs: BudgetInputs, impact: FloatArray) -> BudgetTrigger | None:
    """Return whether the net impact (years,) is above the trigger in any of its years, and where most."""
    if inputs.trigger is None:
        return None
    year = int(np.argmax(impact[: inputs.trigger_years]))
    largest = float(impact[year])
    return BudgetTrigger(
        amount=inputs.trigger,
        years=inputs.trigger_years,
        exceeded=largest > inputs.trigger,
        year=inputs.calendar[year],
        impact=largest,
        excess=largest - inputs.trigger,
    )


def _trigger_prices(model: Model, found: BudgetImpact) -> list[BudgetPrice]:
    """Return the price of each new drug at which the largest impact in the years of the trigger equals it.

    New drugs are those that the comparator does not give. Acquisition is in proportion to the prices of a drug's
    vials together, so the impact is linear in their common factor f: rest + f x acquisition.
    """
    trigger, years = found.inputs.trigger, found.inputs.trigger_years
    if trigger is None:
        return []
    given = {regimen.drug for regimen in model.inputs.regimens if regimen.strategy == model.strategies[0]}
    acquisition = dict(zip(found.per_patient.drugs, found.net_drugs.T, strict=True))
    values = {p.id: p.value for p in model.inputs.parameters}
    prices = []
    for drug in (drug for drug in model.inputs.drugs if drug.id in acquisition and drug.id not in given):
        own, whole = acquisition[drug.id][:years], found.total[:years]
        factor = _factor(own, whole - own, trigger)
        vials = [
            PriceAtTrigger(id=id_, price=values[id_], at_trigger=None if factor is None else factor * values[id_])
            for _, id_ in drug.vials
        ]
        prices.append(BudgetPrice(drug=drug.id, factor=factor, prices=vials))
    return prices


def _factor(own: FloatArray, rest: FloatArray, trigger: float) -> float | None:
    """Return the largest factor f >= 0 with rest + f x own <= trigger in every year; None where there is none."""
    rises = own > 0
    factors = (trigger - rest[rises]) / own[rises]
    stays = bool((rest[~rises] <= trigger).all())
    return float(factors.min()) if factors.size and stays and factors.min() >= 0 else None


Ends = tuple[dict[str, float], dict[str, float]]
"""What an item changes at its lower and at its upper bound: values by id."""


@dataclass(frozen=True)
class BudgetOneWay:
    """Net budget impact with one input at its bounds: array (2 x items, years), low at 2 i and high at 2 i + 1."""

    items: tuple[OneWayInput, ...]
    impact: FloatArray


def budget_items(found: BudgetOneWay) -> list[BudgetItem]:
    """Return the inputs that move the budget impact, those that move that of all years most first."""
    moved = [
        BudgetItem(
            **vars(item),
            total_low=all_years(low),
            total_high=all_years(high),
            peak_low=float(low.max()),
            peak_high=float(high.max()),
        )
        for item, low, high in zip(found.items, found.impact[::2], found.impact[1::2], strict=True)
        if not np.array_equal(low, high)
    ]
    return sorted(moved, key=lambda e: -swing(e.total_low, e.total_high))


def budget_one_way(model: Model, base: BudgetImpact, moved: OneWayBounds) -> BudgetOneWay:
    """Move every input of the model and of the sheet Budget impact to its bounds.

    Parameters
    ----------
    moved : OneWayBounds
        The model's own inputs at their bounds (`sensitivity.moves`).
    """
    inputs = base.inputs
    own = [*_single(inputs), *_together(inputs)]
    parts = []
    if moved.items:
        costs = patient_years(model, moved.draws, inputs.years, inputs.entry).costs
        parts.append(_net(base.population.without, base.population.with_new, costs))
    if own:
        rows = [values for _, ends in own for values in ends]
        values = {id_: np.repeat(array, len(rows)) for id_, array in base_values(inputs).items()}
        for row, changed in enumerate(rows):
            for id_, value in changed.items():
                values[id_][row] = value
        people = population(inputs, values)
        parts.append(_net(people.without, people.with_new, base.per_patient.costs))
    impact = np.concatenate(parts) if parts else np.zeros((0, inputs.years))
    return BudgetOneWay((*moved.items, *(item for item, _ in own)), impact)


def _net(without: FloatArray, with_new: FloatArray, costs: FloatArray) -> FloatArray:
    """Net budget impact, (draws, years)."""
    total = costs.sum(axis=3, keepdims=True)
    return np.asarray(accumulated(with_new - without, total).sum(axis=(2, 3)))


def _varies(parameter: Parameter) -> bool:
    return parameter.low is not None and parameter.high is not None and parameter.low != parameter.high


def _single(inputs: BudgetInputs) -> Iterable[tuple[OneWayInput, Ends]]:
    """Yield every row with a range; when a share moves the others of its year keep their proportions.

    A single other strategy takes the rest, whatever it had.
    """
    for p in inputs.parameters:
        if _varies(p):
            low, high = p.low or 0.0, p.high or 0.0
            ends = _moved(inputs, p, low), _moved(inputs, p, high)
            yield OneWayInput(p.id, p.label, p.unit, p.value, low, high), ends


def _moved(inputs: BudgetInputs, parameter: Parameter, value: float) -> dict[str, float]:
    if not parameter.group:
        return {parameter.id: value}
    members = [p for p in inputs.parameters if p.group == parameter.group]
    if len(members) == 2:
        return {p.id: value if p is parameter else 1.0 - value for p in members}
    return rescale_shares(members, parameter.id, value)


def _together(inputs: BudgetInputs) -> Iterable[tuple[OneWayInput, Ends]]:
    """Yield the shares of one strategy with all years at their lower, or all at their upper bounds.

    The values shown are means over the years that vary; with fewer than two of them there is no such item.
    """
    for side, words in SIDES.items():
        for strategy, name in inputs.strategies.items():
            prefix = f"budget.{side}.{strategy}"
            members = [p for p in inputs.parameters if p.id.startswith(f"{prefix}.year_") and _varies(p)]
            if len(members) < 2:
                continue
            label = f"All years: mean share {words}, {name}"
            low = dict(pair for p in members for pair in _moved(inputs, p, p.low or 0.0).items())
            high = dict(pair for p in members for pair in _moved(inputs, p, p.high or 0.0).items())
            means = (float(np.mean([getattr(p, end) or 0.0 for p in members])) for end in ("value", "low", "high"))
            yield OneWayInput(prefix, label, members[0].unit, *means), (low, high)
