"""Fields of a profile that are compared with settings and rows of the workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.analysis.reference_case_facts import (
    DEPARTS,
    MET,
    MISSING,
    TO_JUDGE,
    Facts,
    Finding,
    equal,
    how,
    met,
)
from hemodel.model import base_draws, survival_at
from hemodel.payers.applying import DECISION, THRESHOLD, TRIGGER, TRIGGER_YEARS, exchange_rate_id
from hemodel.payers.words import money, rate, steps
from hemodel.units import DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hemodel.payers.profile import Horizon, Step, Thresholds, Trigger, Years

FEW_ALIVE = 0.01
"""A time horizon with fewer alive than this at its end counts as a lifetime."""
NO_BUDGET = "add the rows of the sheet Budget impact"


def currency(facts: Facts, value: str) -> Iterator[Finding]:
    """Compare the currency of the payer with that of the workbook."""
    own = facts.applied.currency
    if own == value:
        yield Finding(own, MET)
    elif facts.applied.rate is None:
        yield Finding(own, DEPARTS, f"amounts of the payer are not used; {_add_rate(facts)}")
    else:
        yield Finding(own, DEPARTS, f"amounts of the payer are converted: {_rate_words(facts)}")


def _rate_words(facts: Facts) -> str:
    return f"1 {facts.profile.currency.value} = {facts.applied.rate:.6g} {facts.applied.currency}"


def _add_rate(facts: Facts) -> str:
    code = facts.profile.currency.value
    return f"add the row {exchange_rate_id(code)}, {facts.applied.currency} for one {code}"


def rate_of(stream: str) -> Callable[[Facts, float], Iterator[Finding]]:
    """Return the comparison of the discount rate of a stream; a later rate that the profile lacks departs."""

    def compare(facts: Facts, value: float) -> Iterator[Finding]:
        first, *later = _rates(facts, stream)
        stepped = getattr(facts.profile, f"discount_steps_{stream}") is not None
        extra = [] if stepped else later
        found = ", ".join([rate(first[1]), *(f"{rate(r)} from year {year:g}" for year, r in extra)])
        id_ = f"settings.discount_rate_{stream}"
        ids = [id_, *(change.id for change in facts.model.inputs.changes if change.id.startswith(f"{id_}_from_year_"))]
        yield Finding(found, met(equal(first[1], value) and not extra), how(facts, ids[:1] if stepped else ids))

    return compare


def _rates(facts: Facts, stream: str) -> tuple[tuple[float, float], ...]:
    own = facts.model.inputs.settings
    return own.cost_rates if stream == "costs" else own.effect_rates


def steps_of(stream: str) -> Callable[[Facts, tuple[Step, ...]], Iterator[Finding]]:
    """Return the comparison of the later rates of a stream."""

    def compare(facts: Facts, value: tuple[Step, ...]) -> Iterator[Finding]:
        later = _rates(facts, stream)[1:]
        same = [(float(step.year), step.rate) for step in value] == list(later)
        found = ", ".join(f"{rate(r)} from year {year:g}" for year, r in later) or "none"
        start = f"settings.discount_rate_{stream}_from_year_"
        ids = dict.fromkeys(change.id for change in facts.model.inputs.changes if change.id.startswith(start))
        yield Finding(found, met(same), how(facts, ids), asked=steps(value))

    return compare


def thresholds(facts: Facts, value: Thresholds) -> Iterator[Finding]:
    """Compare the thresholds at which net benefit is given, and the one for decisions."""
    own, scale = facts.model.inputs.settings, facts.applied.rate
    found = f"{money(own.thresholds, own.currency)} per QALY; for decisions {own.decision_threshold:,.10g}"
    if scale is None:
        yield Finding(found, MISSING, f"as in the workbook; {_add_rate(facts)}")
        return
    wanted = [amount * scale for amount in value.values]
    same = len(wanted) == len(own.thresholds) and all(map(equal, wanted, own.thresholds))
    changed = [c.id for c in facts.model.inputs.changes if c.id.startswith((THRESHOLD.partition("{")[0], DECISION))]
    converted = "" if scale == 1 else f"; {_rate_words(facts)}"
    said = how(facts, dict.fromkeys(changed)) + converted
    yield Finding(found, met(same and equal(own.decision_threshold, value.decision * scale)), said)


def threshold_rule(facts: Facts, _value: str) -> Iterator[Finding]:
    """Show the thresholds beside the rule."""
    own = facts.model.inputs.settings
    yield Finding(f"Thresholds of this run: {money(own.thresholds, own.currency)} per QALY", TO_JUDGE)


def _said(value: str, found: str) -> Finding:
    same = " ".join(found.lower().split()).rstrip(".") == " ".join(value.lower().split()).rstrip(".")
    return Finding(found, MET if same else TO_JUDGE)


def perspective(facts: Facts, value: str) -> Iterator[Finding]:
    """Compare the words on the perspective; other words have to be judged."""
    yield _said(value, facts.model.inputs.settings.perspective)


def utilities(facts: Facts, value: str) -> Iterator[Finding]:
    """Show the sources of the utilities."""
    rows = [row for row in facts.model.inputs.rows.values() if row.id.startswith("utility.progress")]
    sources = "; ".join(dict.fromkeys(row.source for row in rows if row.value is not None))
    yield _said(value, f"Sources of the utilities: {sources}")


def price_base(facts: Facts, _value: str) -> Iterator[Finding]:
    """Show the year of the prices."""
    own = facts.model.inputs.settings
    yield Finding(f"Prices of {own.price_year} in {own.currency}; each with its source", TO_JUDGE)


def horizon(facts: Facts, value: Horizon) -> Iterator[Finding]:
    """Compare the time horizon: a lifetime where fewer than 1% are alive at its end in every strategy."""
    model = facts.model
    months = model.plan.timeline.months
    draws = base_draws(model)
    alive = {s: float(survival_at(model, draws, "os", s, months)[0, model.plan.end]) for s in model.strategies}
    most = max(alive.values())
    years = model.plan.timeline.days[model.plan.end] / DAYS_PER_YEAR
    found = f"{years:.3g} years; alive at the end: {most:.2%} at most"
    if most < FEW_ALIVE:
        yield Finding(found, MET)
    else:
        status = DEPARTS if value.length == "lifetime" else TO_JUDGE
        yield Finding(
            found, status, f"a lifetime leaves fewer than {FEW_ALIVE:.0%} alive; lengthen settings.time_horizon"
        )


_HALF_CYCLE = {
    "life_table": "Mean of the two boundaries of a cycle",
    "start": "Start of the cycle: no correction",
    "end": "End of the cycle: no correction",
}


def half_cycle(facts: Facts, value: str) -> Iterator[Finding]:
    """Compare the half-cycle correction."""
    own = facts.model.inputs.settings.half_cycle_correction
    asked = value in {"required", "expected", "recommended"}
    status = met(own == "life_table") if asked else MET if value == "not asked" else TO_JUDGE
    yield Finding(_HALF_CYCLE[own], status, how(facts, ["settings.half_cycle_correction"]))


def budget_years(facts: Facts, value: Years) -> Iterator[Finding]:
    """Compare the years of the budget impact."""
    own = facts.value("budget.years")
    if not isinstance(own, (int, float)):
        yield Finding("no budget impact", MISSING, NO_BUDGET)
        return
    holds = value.least <= own <= (value.most or value.least)
    yield Finding(f"{own:g} years", met(holds), how(facts, ["budget.years"]))


def budget_discounted(facts: Facts, value: bool) -> Iterator[Finding]:
    """Compare the discounting of the budget impact, which is never discounted here."""
    if not facts.has_budget:
        yield Finding("no budget impact", MISSING, NO_BUDGET)
    else:
        yield Finding("not discounted, constant prices", met(not value))


def budget_trigger(facts: Facts, value: Trigger) -> Iterator[Finding]:
    """Compare the trigger of the budget impact."""
    own, within, scale = facts.value(TRIGGER), facts.value(TRIGGER_YEARS), facts.applied.rate
    if not facts.has_budget:
        yield Finding("no budget impact", MISSING, NO_BUDGET)
        return
    found = "none"
    if isinstance(own, (int, float)) and isinstance(within, (int, float)):
        found = f"{money([own], facts.applied.currency)} in any of the first {within:g} years"
    if scale is None:
        yield Finding(found, MISSING, f"as in the workbook; {_add_rate(facts)}")
        return
    holds = equal(own, value.amount * scale) and equal(within, value.years)
    yield Finding(found, met(holds), how(facts, [TRIGGER, TRIGGER_YEARS]))
