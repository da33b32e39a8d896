"""From a budget impact to its part of results.json and to budget.json."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.budget import all_years, by_component, by_strategy, by_year
from hemodel.economics import swing
from hemodel.errors import UsageError
from hemodel.records.budget import (
    BudgetDocument,
    BudgetItem,
    BudgetMix,
    BudgetNet,
    BudgetPrice,
    BudgetResult,
    BudgetStep,
    BudgetTrigger,
    PriceAtTrigger,
    Series,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analyses.budget import BudgetImpact, BudgetOneWay, Spending
    from hemodel.analyses.results import Results
    from hemodel.parameters import FloatArray


TOP = "budget.patients"


def budget_result(found: BudgetImpact | None, one_way: BudgetOneWay | None) -> BudgetResult | None:
    """Return the budget impact in the shape of results.json; None where there is none."""
    if found is None:
        return None
    years, total = found.inputs.calendar, found.total
    peak = int(np.argmax(total))
    eligible = found.population.funnel[0, -1]
    return BudgetResult(
        years=list(years),
        entry=found.inputs.entry,
        funnel=_funnel(found),
        eligible=_series(eligible),
        cost_per_patient=_per_patient(found),
        without_new=_mix(found, found.without, eligible),
        with_new=_mix(found, found.with_new, eligible),
        net=_net(found),
        peak_year=years[peak],
        peak=float(total[peak]),
        trigger=_trigger(found),
        price_at_trigger=_prices(found),
        one_way=None if one_way is None else sorted(_items(one_way), key=lambda e: -swing(e.total_low, e.total_high)),
        unmoved=0 if one_way is None else len(one_way.items) - len(one_way.moved),
    )


def budget_document(results: Results) -> BudgetDocument:
    """Return the contents of budget.json.

    Raises
    ------
    UsageError
        Where the results have no budget impact.
    """
    if results.budget is None:
        raise UsageError("The results have no budget impact. Fill in the sheet Budget impact.")
    return BudgetDocument(
        title=results.title,
        population=results.population,
        perspective=results.perspective,
        currency=results.currency,
        price_year=results.price_year,
        strategies=results.strategies,
        strategy_names=results.strategy_names,
        drug_names=results.drug_names,
        budget=results.budget,
    )


def _funnel(found: BudgetImpact) -> list[BudgetStep]:
    values = {parameter.id: parameter.value for parameter in found.inputs.parameters}
    return [
        BudgetStep(
            id=id_,
            label=found.inputs.label(id_),
            share=None if id_ == TOP else values[id_],
            patients=found.population.funnel[0, i].tolist(),
        )
        for i, id_ in enumerate((TOP, *found.inputs.steps))
    ]


def _per_patient(found: BudgetImpact) -> dict[str, dict[str, list[float]]]:
    costs = found.per_patient.costs[0]
    totals = by_strategy(costs)
    return {
        strategy: {"total": totals[:, i].tolist()} | _named(found.per_patient.components, costs[:, i])
        for i, strategy in enumerate(found.inputs.strategies)
    }


def _named(names: Iterable[str], columns: FloatArray) -> dict[str, list[float]]:
    """Return the columns of an array (years, names) by name."""
    return dict(zip(names, columns.T.tolist(), strict=True))


def _series(values: FloatArray) -> Series:
    return Series(by_year=values.tolist(), all_years=all_years(values))


def _each(names: Iterable[str], columns: FloatArray) -> dict[str, Series]:
    """Return the columns of an array (years, names) by name, with their sums."""
    return {name: _series(column) for name, column in zip(names, columns.T, strict=True)}


def _mix(found: BudgetImpact, mix: Spending, eligible: FloatArray) -> BudgetMix:
    strategies, costs = found.inputs.strategies, mix.costs[0]
    starting, alive = mix.starting[0], mix.alive[0]
    shares = np.divide(starting, eligible[:, None], out=np.zeros_like(starting), where=eligible[:, None] > 0)
    return BudgetMix(
        shares=_named(strategies, shares),
        starting=_named(strategies, starting),
        alive=_named(strategies, alive),
        died=_named(strategies, mix.died[0]),
        by_category=_each(found.per_patient.components, by_component(costs)),
        by_strategy=_each(strategies, by_strategy(costs)),
        total=_series(by_year(costs)),
    )


def _net(found: BudgetImpact) -> BudgetNet:
    net = found.net
    return BudgetNet(
        total=_series(found.total),
        cumulative=found.cumulative.tolist(),
        by_category=_each(found.per_patient.components, by_component(net)),
        by_strategy=_each(found.inputs.strategies, by_strategy(net)),
        by_drug=_each(found.per_patient.drugs, found.net_drugs),
    )


def _trigger(found: BudgetImpact) -> BudgetTrigger | None:
    test, inputs = found.trigger, found.inputs
    if test is None or inputs.trigger is None:
        return None
    return BudgetTrigger(
        amount=inputs.trigger,
        years=inputs.trigger_years,
        exceeded=test.exceeded,
        year=inputs.calendar[test.year],
        impact=test.impact,
        excess=test.excess,
    )


def _prices(found: BudgetImpact) -> list[BudgetPrice]:
    return [
        BudgetPrice(
            drug=price.drug,
            factor=price.factor,
            prices=[PriceAtTrigger(id=id_, price=own, at_trigger=at) for id_, own, at in price.prices],
        )
        for price in found.trigger_prices
    ]


def _items(one_way: BudgetOneWay) -> Iterable[BudgetItem]:
    """Yield the inputs that move the budget impact."""
    for item, low, high in one_way.moved:
        yield BudgetItem(
            **vars(item), total_low=low.total, total_high=high.total, peak_low=low.peak, peak_high=high.peak
        )
