"""Fields of a profile that are compared with the analyses and scenarios of a run."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from hemodel.analysis.modifiers import BY_WEIGHT
from hemodel.analysis.reference_case_facts import MET, MISSING, TO_JUDGE, Facts, Finding, equal
from hemodel.payers.words import pair
from hemodel.voi.regression import FEWEST_DRAWS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.scenarios import Scenario
    from hemodel.payers.profile import Pair, RequiredScenario

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
        lost = f"absolute shortfall {found.absolute:.2f} QALYs, proportional {found.proportional:.1%}"
        if found.kind == BY_WEIGHT:
            yield Finding(f"Weight {found.value:g}: {lost}", MET, "see the table on severity")
        elif not found.classes:
            yield Finding(f"No threshold: {lost}", MISSING, "the thresholds are in another currency; add its rate")
        elif found.weighed[0].at:
            said = f"Threshold {found.value:,.0f} {facts.applied.currency} per QALY: {lost}"
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
