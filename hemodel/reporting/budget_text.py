"""Sentences on the budget impact, for the report and the console."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.format import display

if TYPE_CHECKING:
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_budget import BudgetPrice, BudgetResult, BudgetTrigger
    from hemodel.reporting.tables_words import Names

CONVENTIONS = ("Undiscounted, constant prices.",)
_METHOD = (
    "Patients cost in each year what the model says for a patient that long after the start: the undiscounted cost up"
    " to one time horizon less that up to the horizon a year before. The cycle that spans the end of a year belongs to"
    " the year in which it starts. Costs after the time horizon of the model are not counted."
)
_ENTRY = {
    "start": "Patients begin at the start of the year in which they become eligible.",
    "spread": "A twelfth of the patients of a year begins at the start of each of its months.",
}


def entry_sentence(budget: BudgetResult) -> str:
    """Return when the patients of a year begin."""
    return _ENTRY[budget.entry]


def budget_results(results: Results, names: Names) -> list[str]:
    """Return the net budget impact, the trigger and the price that would meet it; nothing without a budget impact."""
    budget = results.budget
    if budget is None:
        return []
    currency, (first, last) = results.currency, (budget.years[0], budget.years[-1])
    over = f"In {first}" if first == last else f"From {first} to {last}"
    total, peak = (display(value, "money", currency) for value in (budget.net.total.all_years, budget.peak))
    first_sentence = f"{over} the net budget impact of the mix with the new treatment is {total}, undiscounted"
    several = f"; it is largest in {budget.peak_year}, {peak}" if first != last else ""
    sentences = [f"{first_sentence}{several}."]
    if budget.trigger is not None:
        sentences.append(_trigger(budget.trigger, currency))
        sentences += [_price(price, currency, names) for price in budget.price_at_trigger]
    return sentences


def budget_method(results: Results) -> list[str]:
    """Return how the budget impact is calculated; nothing without one."""
    return [] if results.budget is None else [f"{_METHOD} {entry_sentence(results.budget)}"]


def _trigger(trigger: BudgetTrigger, currency: str) -> str:
    amount, impact, apart = (
        display(value, "money", currency) for value in (trigger.amount, trigger.impact, abs(trigger.excess))
    )
    years = "the first year" if trigger.years == 1 else f"any of the first {trigger.years} years"
    largest = f"the largest net impact among them is {impact} in {trigger.year}"
    if trigger.exceeded:
        return f"The payer's trigger of {amount} in {years} is exceeded: {largest}, {apart} above it."
    return f"The payer's trigger of {amount} in {years} is not exceeded: {largest}, {apart} below it."


def _price(price: BudgetPrice, currency: str, names: Names) -> str:
    name = names.drug(price.drug)
    if price.factor is None:
        return f"No price of {name} just meets the trigger."
    values = " and ".join(
        f"{display(vial.at_trigger, 'number')} instead of {display(vial.price, 'number')}" for vial in price.prices
    )
    share = display(price.factor, "share")
    return f"With {name} at {currency} {values} per vial ({share} of the price) the trigger would just be met."
