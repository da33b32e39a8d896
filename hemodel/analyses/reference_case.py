"""The reference-case table: each field of a profile, what the run has instead, and whether it meets it.

Fields of a profile that are compared with the analyses and scenarios of a run.

What the reference-case table compares a profile with.

Fields of a profile that are compared with settings and rows of the workbook.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pydantic import Field

from hemodel.analyses.modifiers import BY_WEIGHT
from hemodel.entries import Entry
from hemodel.inputs.changes import same
from hemodel.inputs.structure import VALUE_SETS, known_sets
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.payers.applying import DECISION, THRESHOLD, TRIGGER, TRIGGER_YEARS, exchange_rate_id
from hemodel.payers.profile import LABELS
from hemodel.payers.words import money, pair, rate, steps, words
from hemodel.units import DAYS_PER_YEAR
from hemodel.voi.sample import FEWEST_DRAWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hemodel.analyses.modifiers import Severity
    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.changes import Change
    from hemodel.inputs.scenarios import Scenario
    from hemodel.model.evaluate import Model
    from hemodel.payers.applying import Applied
    from hemodel.payers.profile import (
        Horizon,
        Pair,
        Profile,
        ProfileItem,
        RateStep,
        RequiredScenario,
        Thresholds,
        Trigger,
        Years,
    )


MET, DEPARTS, MISSING, TO_JUDGE = "met", "departs", "missing", "to judge"
STATUSES = (MET, DEPARTS, MISSING, TO_JUDGE)
AS_IN_WORKBOOK = "as in the workbook"


@dataclass(frozen=True)
class Facts:
    """A profile, what was applied of it, and what was run."""

    profile: Profile
    applied: Applied
    model: Model
    one_way: bool
    draws: int | None
    scenarios: tuple[Scenario, ...]
    scenarios_run: bool
    severity: Severity | None
    evlyg: bool
    shown: Mapping[str, str]

    @property
    def has_budget(self) -> bool:
        """Whether the workbook has rows on the budget impact, beside those a payer sets."""
        applied = {change.id for change in self.applied.changes}
        return any(id_.startswith("budget.") and id_ not in applied for id_ in self.model.inputs.rows)

    def made(self, id_: str) -> list[Change]:
        """Return the changes of an input in this run, in order."""
        return [change for change in self.model.inputs.changes if change.id == id_]

    def value(self, id_: str) -> Scalar:
        """Return the value of an input in this run, None where there is none."""
        row = self.model.inputs.rows.get(id_)
        return None if row is None else row.value


@dataclass(frozen=True)
class Finding:
    """What was found for a field: `part` names a part of it, `asked` replaces its value in words."""

    found: str
    status: str
    how: str = ""
    part: str = ""
    asked: str = ""


def met(holds: bool) -> str:
    """Return met or departs."""
    return MET if holds else DEPARTS


def how(facts: Facts, ids: Iterable[str]) -> str:
    """Say how inputs came to their values: by the payer, by the user, or as in the workbook."""
    said = []
    for id_ in ids:
        for change in facts.made(id_):
            old = "empty" if change.expected is None else _plain_input(id_, change.expected)
            by = "applied" if change.reference_case else f"changed by {change.origin}"
            said.append(f"{by}; was {old}")
    return "; ".join(dict.fromkeys(said)) or AS_IN_WORKBOOK


def _plain_input(id_: str, value: Scalar) -> str:
    if isinstance(value, (int, float)):
        return rate(value) if "rate" in id_ else f"{value:,.10g}"
    return str(value)


def equal(left: Scalar, right: Scalar) -> bool:
    """Whether two values are the same number or text."""
    return same(left, right)


ASKED = {"required", "expected", "recommended"}
RATES = ("settings.discount_rate_costs", "settings.discount_rate_effects")
NOT_RUN = "the scenarios were not run"


def modifier(facts: Facts, value: object) -> Iterator[Finding]:
    """Say what the modifier came to."""
    kind, found = getattr(value, "kind", ""), facts.severity
    if kind == "none":
        yield Finding("Every QALY counts the same", MET)
    elif found is None:
        yield Finding("No number is applied", TO_JUDGE)
    else:
        lost = (
            f"absolute shortfall {found.absolute_shortfall:.2f} QALYs, proportional {found.proportional_shortfall:.1%}"
        )
        if found.kind == BY_WEIGHT:
            yield Finding(f"Weight {found.weight:g}: {lost}", MET, "see the table on severity")
        elif not found.classes:
            yield Finding(f"No threshold: {lost}", MISSING, "the thresholds are in another currency; add its rate")
        elif found.threshold is not None:
            said = f"Threshold {found.threshold:,.0f} {facts.applied.currency} per QALY: {lost}"
            yield Finding(said, MET, "see the table on severity")
        else:
            yield Finding(f"No threshold below the first band: {lost}", MET, "see the table on severity")


def shortfall_discounted(_facts: Facts, value: bool) -> Iterator[Finding]:
    """Say how the shortfall was taken."""
    yield Finding("discounted" if value else "not discounted", MET, "applied")


def outcomes(facts: Facts, value: tuple[str, ...]) -> Iterator[Finding]:
    """Compare the outcomes asked for with those of the run."""
    shown = ["QALY", "life-years", *(["evLYG"] if facts.evlyg else [])]
    lacking = [name for name in value if name not in shown]
    found = "; ".join(shown)
    if not lacking:
        yield Finding(found, MET)
    elif lacking == ["evLYG"]:
        yield Finding(found, MISSING, "add the row utility.life_year_gained to the sheet Utilities")
    else:
        yield Finding(found, MISSING, f"not an outcome of this model: {'; '.join(lacking)}")


def one_way(facts: Facts, value: str) -> Iterator[Finding]:
    """Compare whether the one-way analysis was run."""
    yield _run(value, "run" if facts.one_way else "", "run without --only, or with --only dsa")


def probabilistic(facts: Facts, value: str) -> Iterator[Finding]:
    """Compare whether the probabilistic analysis was run."""
    yield _run(value, f"{facts.draws:,} draws" if facts.draws else "", "run without --only, or with --only psa")


def value_of_information(facts: Facts, value: str) -> Iterator[Finding]:
    """Compare the value of information, which is worked out with the probabilistic analysis."""
    parts = "EVPI, EVPPI and expected losses" if (facts.draws or 0) >= FEWEST_DRAWS else "EVPI and expected losses"
    yield _run(value, parts if facts.draws else "", "run without --only, or with --only psa")


def _run(asked: str, found: str, todo: str) -> Finding:
    if found:
        return Finding(found, MET)
    if asked in ASKED:
        return Finding("not run", MISSING, todo)
    return Finding("not run", MET if asked == "not asked" else TO_JUDGE)


def reports(facts: Facts, value: tuple[str, ...]) -> Iterator[Finding]:
    """Compare the results that have to be shown with those of the outputs."""
    for name in value:
        if name in facts.shown:
            yield Finding(facts.shown[name], MET, part=name, asked=name)
        else:
            yield Finding("not in the outputs", MISSING, part=name, asked=name)


def discount_scenarios(facts: Facts, value: tuple[Pair, ...]) -> Iterator[Finding]:
    """Look for a scenario with each pair of discount rates."""
    for rates in value:
        wanted = dict(zip(RATES, (rates.costs, rates.effects), strict=True))
        yield _scenario(facts, wanted, (), part=pair(rates), asked=pair(rates))


def required_scenarios(facts: Facts, value: tuple[RequiredScenario, ...]) -> Iterator[Finding]:
    """Look for each scenario by what it changes."""
    for one in value:
        yield _scenario(facts, one.sets, one.changes, part=one.name, asked=one.words)


def _scenario(
    facts: Facts, sets: Mapping[str, float | str], changes: tuple[str, ...], *, part: str, asked: str
) -> Finding:
    values = {row.id: row.value for row in facts.model.inputs.rows.values()}
    if sets and not changes and _holds(values, {}, sets):
        return Finding("the base case", MET, part=part, asked=asked)
    for scenario in facts.scenarios:
        own = _set_by(scenario, values)
        if _holds(values, own, sets) and _changes(own, changes):
            status = MET if facts.scenarios_run else MISSING
            how = "" if facts.scenarios_run else NOT_RUN
            return Finding(f"scenario {scenario.name}", status, how, part, asked)
    needed = [f"sets {id_} to {_plain(value)}" for id_, value in sets.items()]
    needed += [f"changes {' or '.join(changes)}"] if changes else []
    return Finding("no such scenario", MISSING, f"add a scenario that {' and '.join(needed)}", part, asked)


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.10g}"


def _set_by(scenario: Scenario, values: Mapping[str, Scalar]) -> dict[str, Scalar]:
    """Return the values that a scenario sets; one it multiplies by the value that stands there."""
    found: dict[str, Scalar] = {}
    for change in scenario.changes:
        old = values.get(change.id)
        scaled = change.factor is not None and isinstance(old, (int, float))
        found[change.id] = change.factor * old if scaled else change.value  # type: ignore[operator]
    return found


def _changes(own: Iterable[str], patterns: tuple[str, ...]) -> bool:
    """Whether an id of one of the patterns is changed; so it is where there are no patterns."""
    return not patterns or any(fnmatchcase(id_, pattern) for id_ in own for pattern in patterns)


def _holds(values: Mapping[str, Scalar], own: Mapping[str, Scalar], sets: Mapping[str, float | str]) -> bool:
    """Whether every pattern has an id with its value, after a scenario's changes."""
    after = {**values, **own}
    return all(any(fnmatchcase(id_, p) and equal(v, wanted) for id_, v in after.items()) for p, wanted in sets.items())


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


def steps_of(stream: str) -> Callable[[Facts, tuple[RateStep, ...]], Iterator[Finding]]:
    """Return the comparison of the later rates of a stream."""

    def compare(facts: Facts, value: tuple[RateStep, ...]) -> Iterator[Finding]:
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
    rows = [
        row for row in facts.model.inputs.rows.values() if row.id.startswith("utility.progress") and row.kind.numeric
    ]
    sources = "; ".join(dict.fromkeys(row.source for row in rows if row.value is not None))
    yield _said(value, f"Sources of the utilities: {sources}")


def value_sets(facts: Facts, value: tuple[str, ...]) -> Iterator[Finding]:
    """Compare the value sets of the utilities with those asked for."""
    found = known_sets(facts.model.inputs.rows)
    if not found:
        yield Finding("not said", TO_JUDGE, "add the rows of value sets, such as utility.progressed.value_set")
        return
    others = [f"{id_}: {VALUE_SETS[name]}" for id_, name in found.items() if name not in value]
    yield Finding(
        "; ".join(VALUE_SETS[name] for name in dict.fromkeys(found.values())), met(not others), "; ".join(others)
    )


def price_base(facts: Facts, _value: str) -> Iterator[Finding]:
    """Show the year of the prices."""
    own = facts.model.inputs.settings
    yield Finding(f"Prices of {own.price_year} in {own.currency}; each with its source", TO_JUDGE)


def horizon(facts: Facts, value: Horizon) -> Iterator[Finding]:
    """Compare the time horizon: a lifetime where fewer than 1% are alive at its end in every strategy."""
    model = facts.model
    months = model.time_grid.timeline.months
    draws = base_draws(model)
    alive = {s: float(survival_at(model, draws, "os", s, months)[0, model.time_grid.end]) for s in model.strategies}
    most = max(alive.values())
    years = model.time_grid.timeline.days[model.time_grid.end] / DAYS_PER_YEAR
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


class ReferenceCaseEntry(Entry):
    """One field of the payer's profile beside the run."""

    field: str = Field(description="of the profile")
    label: str = Field(description="of the field, and of the part of it")
    asked: str = Field(description="what the reference case asks for, in words")
    found: str = Field(description="what the run has, in words")
    status: str = Field(description="met, departs, missing, or to judge (texts that no program can compare)")
    how: str = Field(description="how the value found came about, or what to do")
    checked: bool = Field(description="whether the field was compared with the primary text")
    source: str = Field(description="where the payer says it")
    date: str = Field(description="year or day of the source")
    note: str = Field(description="on the field; empty for none")


def reference_case_rows(facts: Facts) -> list[ReferenceCaseEntry]:
    """Return a row or more for every field of the profile, in its order."""
    rows = []
    for name, item in facts.profile.items():
        own = words(item.value, facts.profile.currency.value, name)
        rows += [_row(name, item, finding, own) for finding in _COMPARED.get(name, _text)(facts, item.value)]
    return rows


def _row(name: str, item: ProfileItem[Any], finding: Finding, own: str) -> ReferenceCaseEntry:
    label = f"{LABELS[name]}: {finding.part}" if finding.part else LABELS[name]
    return ReferenceCaseEntry(
        field=name,
        label=label,
        asked=finding.asked or own,
        found=finding.found,
        status=finding.status,
        how=finding.how,
        checked=item.checked,
        source=item.source,
        date=str(item.date),
        note=item.note,
    )


def _text(_facts: Facts, _value: Any) -> Iterable[Finding]:
    yield Finding("", TO_JUDGE)


def _software(_facts: Facts, _value: str) -> Iterable[Finding]:
    yield Finding("A program in Python with an Excel workbook; hemodel excel writes the model as formulas", TO_JUDGE)


_COMPARED: Mapping[str, Callable[[Facts, Any], Iterable[Finding]]] = {
    "currency": currency,
    "discount_rate_costs": rate_of("costs"),
    "discount_rate_effects": rate_of("effects"),
    "discount_steps_costs": steps_of("costs"),
    "discount_steps_effects": steps_of("effects"),
    "discount_scenarios": discount_scenarios,
    "thresholds": thresholds,
    "threshold_rule": threshold_rule,
    "modifier": modifier,
    "shortfall_discounted": shortfall_discounted,
    "perspective": perspective,
    "outcomes": outcomes,
    "utilities": utilities,
    "value_sets": value_sets,
    "horizon": horizon,
    "half_cycle_correction": half_cycle,
    "one_way_analysis": one_way,
    "probabilistic_analysis": probabilistic,
    "value_of_information": value_of_information,
    "required_scenarios": required_scenarios,
    "reports": reports,
    "price_base": price_base,
    "budget_years": budget_years,
    "budget_discounted": budget_discounted,
    "budget_trigger": budget_trigger,
    "software": _software,
}
