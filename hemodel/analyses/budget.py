"""Budget impact: what the payer spends in each calendar year with the new treatment and without it.

Undiscounted and in constant prices (Sullivan et al. 2014, ISPOR budget impact analysis good practice II).
Patients who become eligible in a year begin a strategy in that year, and cost in each year what the model says for
a patient that long after the start. The draw is the first axis of every array.

Costs of a patient in each year since treatment began, from the model itself.

The cumulative undiscounted cost through h years is that of the model with a time horizon of h years, so a
year's cost is the difference of two horizons. A horizon is rounded up to whole cycles: the cycle that spans
the end of a year belongs to the year in which it starts.

What the sheet Budget impact says: years, the funnel of patients, the mix of treatments, the trigger.

One-way analysis of the budget impact: every uncertain input to its bounds, one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.one_way import OneWayInput
from hemodel.inputs.checks import select
from hemodel.inputs.checks_budget import SIDES, has_budget, share_id
from hemodel.model.evaluate import base_draws, evaluate, model
from hemodel.parameters import Parameter, rescale_shares
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from hemodel.analyses.one_way import OneWayBounds
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import Draws, FloatArray


PATIENTS, GROWTH = "budget.patients", "budget.growth"
STEP = "budget.step.{step}"
START, SPREAD = "start", "spread"


@dataclass(frozen=True)
class BudgetInputs:
    """Years, funnel, mix and trigger of a budget impact.

    Attributes
    ----------
    first_year, years : int
        Calendar year of the first year; how many there are.
    entry : {"start", "spread"}
        Whether the patients of a year begin at its start, or a twelfth each month.
    strategies : mapping from id to name
        Comparator first.
    steps : tuple of str
        Ids of the steps of the funnel, in the order of the rows.
    parameters : tuple of Parameter
        Patients, growth, steps and shares; the shares of one side and year are a group.
    trigger : float or None
        [currency per year]
    trigger_years : int
        Years in which the trigger is looked at; 0 without one.
    """

    first_year: int
    years: int
    entry: str
    strategies: Mapping[str, str]
    steps: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    trigger: float | None
    trigger_years: int

    @property
    def calendar(self) -> tuple[int, ...]:
        """The calendar years."""
        return tuple(self.first_year + i for i in range(self.years))

    def label(self, id_: str) -> str:
        """Return what a row is called."""
        return next(parameter.label for parameter in self.parameters if parameter.id == id_)


def budget_inputs(inputs: ModelInputs) -> BudgetInputs | None:
    """Return what the sheet Budget impact says; None where the workbook has no such values.

    The rows are complete and agree with one another: `inputs.checks_budget` has seen to it.
    """
    rows = inputs.rows
    if not has_budget(rows):
        return None
    first_year, years = (int(rows[f"budget.{name}"].number) for name in ("first_year", "years"))
    strategies = {strategy.id: strategy.name for strategy in inputs.strategies}
    steps = select(rows, STEP)
    funnel = [_parameter(row) for row in (rows[PATIENTS], rows[GROWTH], *steps)]
    shares = [
        _share(rows[share_id(side, strategy, year)], side, name, first_year + year - 1)
        for side in SIDES
        for year in range(1, years + 1)
        for strategy, name in strategies.items()
    ]
    has_trigger = inputs.has("budget.trigger")
    return BudgetInputs(
        first_year=first_year,
        years=years,
        entry=rows["budget.entry"].text,
        strategies=strategies,
        steps=tuple(row.id for row in steps),
        parameters=(*funnel, *shares),
        trigger=rows["budget.trigger"].number if has_trigger else None,
        trigger_years=int(rows["budget.trigger_years"].number) if has_trigger else 0,
    )


def _parameter(row: Row) -> Parameter:
    return Parameter(row.id, row.label or row.kind.label, row.number, row.unit, low=row.low, high=row.high)


def _share(row: Row, side: str, name: str, year: int) -> Parameter:
    label = f"{year}: share {SIDES[side]}, {name}"
    group = f"budget.{side}.{year}"
    return Parameter(row.id, label, row.number, row.unit, low=row.low, high=row.high, group=group)


@dataclass(frozen=True)
class PatientYears:
    """What one patient who begins in a calendar year costs in that year and in those after it.

    Attributes
    ----------
    components, drugs : tuple of str
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


@dataclass(frozen=True)
class _Until:
    """Totals up to a horizon: (draws, strategies, components), (draws, strategies, drugs), (draws, strategies)."""

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
    years : int
    entry : {"start", "spread"}
        spread: the mean of twelve groups, of which group j (from 0) begins j months
        into the year, so that it is 12 k - j months on at the end of year k.
    """
    months = int(MONTHS_PER_YEAR)
    starts = range(months) if entry == SPREAD else (0,)
    done: dict[float, Outcomes] = {}
    ends: list[_Until] = []
    for year in range(1, years + 1):
        found = []
        for start in starts:
            horizon = min((months * year - start) / months, whole.inputs.settings.time_horizon)
            if horizon not in done:
                done[horizon] = _evaluate(whole, draws, horizon)
            found.append(_until(done[horizon]))
        ends.append(_mean(found))
    outcomes = next(iter(done.values()))
    return PatientYears(
        components=outcomes.costs.components,
        drugs=outcomes.drug_costs.components,
        costs=_by_year([end.costs for end in ends]),
        drug_costs=_by_year([end.drug_costs for end in ends]),
        alive=np.stack([end.alive for end in ends], axis=1),
    )


def _evaluate(whole: Model, draws: Draws, horizon: float) -> Outcomes:
    settings = whole.inputs.settings.model_copy(update={"time_horizon": horizon})
    return evaluate(model(replace(whole.inputs, settings=settings), whole.fits), draws)


def _until(found: Outcomes) -> _Until:
    count = found.draws
    dead = [np.broadcast_to(found.exposures[s].deaths.undiscounted, (count,)) for s in found.strategies]
    return _Until(found.costs.undiscounted, found.drug_costs.undiscounted, 1.0 - np.stack(dead, axis=1))


def _mean(parts: list[_Until]) -> _Until:
    first, *others = parts
    if not others:
        return first
    costs, drug_costs, alive = (
        np.mean([getattr(part, name) for part in parts], axis=0) for name in ("costs", "drug_costs", "alive")
    )
    return _Until(costs, drug_costs, alive)


def _by_year(cumulative: list[FloatArray]) -> FloatArray:
    """Return amounts by year, the year as second axis, from those up to the end of each year."""
    stacked = np.stack(cumulative, axis=1)
    return np.diff(stacked, axis=1, prepend=0.0)


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
    population: BudgetPatients
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


def population(inputs: BudgetInputs, values: Draws) -> BudgetPatients:
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


Ends = tuple[dict[str, float], dict[str, float]]
"""What an item changes at its lower and at its upper bound: values by id."""


@dataclass(frozen=True)
class Impact:
    """Net budget impact of all years together, and in the year where it is largest [currency]."""

    total: float
    peak: float


@dataclass(frozen=True)
class BudgetOneWay:
    """Net budget impact with one input at its bounds: array (2 x items, years), low at 2 i and high at 2 i + 1.

    `unfitted` says of which statistics a bound leaves no stable fit; they are not among the items.
    """

    items: tuple[OneWayInput, ...]
    impact: FloatArray
    unfitted: tuple[str, ...]

    @property
    def moved(self) -> list[tuple[OneWayInput, Impact, Impact]]:
        """The inputs that move the budget impact, each with that at its lower and at its upper bound."""
        pairs = zip(self.items, self.impact[::2], self.impact[1::2], strict=True)
        return [
            (item, Impact(all_years(low), float(low.max())), Impact(all_years(high), float(high.max())))
            for item, low, high in pairs
            if not np.array_equal(low, high)
        ]


def budget_one_way(model: Model, base: BudgetImpact, moved: OneWayBounds) -> BudgetOneWay:
    """Move every input of the model and of the sheet Budget impact to its bounds.

    Parameters
    ----------
    model : Model
    base : BudgetImpact
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
    return BudgetOneWay((*moved.items, *(item for item, _ in own)), impact, moved.unfitted)


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
            yield (
                OneWayInput(p.id, p.label, p.unit, p.value, low, high),
                (_moved(inputs, p, low), _moved(inputs, p, high)),
            )


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
            low: dict[str, float] = {}
            high: dict[str, float] = {}
            for p in members:
                low |= _moved(inputs, p, p.low or 0.0)
                high |= _moved(inputs, p, p.high or 0.0)
            means = (float(np.mean([getattr(p, end) or 0.0 for p in members])) for end in ("value", "low", "high"))
            yield OneWayInput(prefix, label, members[0].unit, *means), (low, high)
