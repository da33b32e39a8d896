"""Everything that a dossier shows beside the results of a run: its results.json.

Inputs, coefficients, differences between numbers, steps, the evidence for the curves, and arithmetic checks: numbers
that were computed in different ways, or that must have an order, and by how much they differ at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.base_case import Both, threshold_key
from hemodel.analyses.evidence.records import Evidence
from hemodel.analyses.input_rows import InputEntry, filled_rows, input_entries
from hemodel.analyses.results import Results
from hemodel.economics import differences, icer, net_monetary_benefit, swing
from hemodel.entries import Entry
from hemodel.model.evaluate import base_draws, occupancy_at
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.analyses.base_case import Incremental, StrategyResult
    from hemodel.analyses.evidence.records import EvidencePack
    from hemodel.analyses.run import Run
    from hemodel.analyses.scenarios import ScenarioEntry
    from hemodel.parameters import FloatArray


class CheckEntry(Entry):
    """An arithmetic check of the run: a number, the limit it must keep, and whether it does."""

    name: str = Field(description="what is checked")
    question: str = Field(description="the same in words")
    measured: str = Field(description="what the number is")
    value: float = Field(description="the number, relative or a proportion")
    limit: float = Field(description="that it must not exceed")
    passed: bool = Field(description="whether it does not")


OUTCOMES = ("life_years", "qalys", "costs")
ROUNDING = 1e-9
"""Largest relative difference that rounding of sums leaves."""
DIFFERENCE, EXCESS = "largest relative difference", "largest excess"


def checks(results: Results, run: Run) -> list[CheckEntry]:
    """Return the checks that apply to a run, with what each found.

    Parameters
    ----------
    run : Run
        That the results are of.
    """
    found = [*_curves(run), *_sums(results), *_discounting(results, run), *_increments(results)]
    return [*found, *_probabilistic(results)]


def _entry(name: str, question: str, measured: str, value: float) -> CheckEntry:
    return CheckEntry(
        name=name, question=question, measured=measured, value=value, limit=ROUNDING, passed=value <= ROUNDING
    )


def _apart(value: float, other: float) -> float:
    """Return how far apart two numbers are, relative to the larger one (0 where both are 0)."""
    scale = max(abs(value), abs(other))
    return 0.0 if scale == 0.0 else abs(value - other) / scale


def _curves(run: Run) -> Iterator[CheckEntry]:
    """Occupancy at the boundaries of the cycles, from the curves, beside what the model counts."""
    days = run.model.time_grid.timeline.boundaries
    by = {s: _states_of(run, s, days / DAYS_PER_MONTH) for s in run.model.strategies}
    shares = np.stack([np.stack(states) for states in by.values()])
    sums = float(np.abs(shares.sum(axis=1) - 1.0).max())
    outside = float(max(0.0, -shares.min(), shares.max() - 1.0))
    rises = float(max(0.0, np.diff(1.0 - shares[:, 2], axis=1).max()))
    yield _entry("states_add_up", "Do the shares in the states add up to 1 in every cycle?", "largest difference", sums)
    yield _entry("shares_possible", "Is every share in a state between 0 and 1?", EXCESS, outside)
    yield _entry("survival_falls", "Does overall survival never rise?", "largest rise", rises)
    if run.model.inputs.settings.half_cycle_correction == "life_table":
        years = days / DAYS_PER_YEAR
        alive = [float(np.trapezoid(1.0 - by[s][2], years)) for s in by]
        counted = run.base.life_years.undiscounted_total[0].tolist()
        area = max(_apart(a, b) for a, b in zip(alive, counted, strict=True))
        yield _entry(
            "area_is_life_years", "Is the area under overall survival the undiscounted life-years?", DIFFERENCE, area
        )


def _states_of(run: Run, strategy: str, months: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    draws = base_draws(run.model)
    found = occupancy_at(run.model, draws, strategy, months)
    return found["progression_free"][0], found["progressed"][0], found["dead"][0]


def _sums(results: Results) -> Iterator[CheckEntry]:
    """Parts beside their totals."""
    cases = list(results.base_case.values())
    for outcome, parts in (("life_years", "state"), ("qalys", "state"), ("costs", "category")):
        words = {"life_years": "life-years", "qalys": "QALYs", "costs": "costs"}[outcome]
        worst = max(_parts_apart(case, outcome) for case in cases)
        yield _entry(f"{outcome}_add_up", f"Do {words} by {parts} add up to their total?", DIFFERENCE, worst)
    drugs = max(
        _apart(getattr(case.drug_costs, how)["total"], getattr(case.costs, how)["acquisition"])
        for case in cases
        for how in ("discounted", "undiscounted")
    )
    yield _entry("drugs_add_up", "Do costs by drug add up to the cost of acquisition?", DIFFERENCE, drugs)


def _parts_apart(case: StrategyResult, outcome: str) -> float:
    pairs = [getattr(getattr(case, outcome), how) for how in ("discounted", "undiscounted")]
    return max(_apart(pair["total"], sum(v for k, v in pair.items() if k != "total")) for pair in pairs)


def _discounting(results: Results, run: Run) -> Iterator[CheckEntry]:
    """Discounted amounts beside undiscounted ones, and QALYs beside life-years."""
    excess = 0.0
    for case in results.base_case.values():
        for outcome in OUTCOMES:
            both = getattr(case, outcome)
            excess = max(excess, *(abs(v) - abs(both.undiscounted[k]) for k, v in both.discounted.items()))
    yield _entry("discounting_lowers", "Is no discounted amount larger than the undiscounted one?", EXCESS, excess)
    highest = max((row.number for row in run.model.inputs.rows.values() if _is_utility(row.id, row.value)), default=1.0)
    over = max(
        0.0,
        *(
            getattr(case.qalys, how)["total"] - max(highest, 0.0) * getattr(case.life_years, how)["total"]
            for case in results.base_case.values()
            for how in ("discounted", "undiscounted")
        ),
    )
    yield _entry(
        "qalys_within_life_years", "Are QALYs at most life-years times the highest utility?", EXCESS, float(over)
    )


def _is_utility(id_: str, value: object) -> bool:
    within = id_.startswith("utility.time_to_death_within.")
    return id_.startswith("utility.") and not within and isinstance(value, (int, float))


def _increments(results: Results) -> Iterator[CheckEntry]:
    """Increments, ratios and net benefits beside the totals they follow from."""
    apart = ratio = benefit = 0.0
    for entry in results.incremental:
        mine, other = results.base_case[entry.intervention], results.base_case[entry.comparator]
        for outcome in OUTCOMES:
            totals = [getattr(case, outcome).discounted["total"] for case in (mine, other)]
            apart = max(apart, _apart(getattr(entry, outcome), totals[0] - totals[1]))
        if entry.icer is not None:
            ratio = max(ratio, _apart(entry.icer, entry.costs / entry.qalys))
        benefit = max(benefit, _benefit_apart(entry))
    yield _entry("increments_are_differences", "Are increments the differences of totals?", DIFFERENCE, apart)
    yield _entry("ratio_of_increments", "Is each ICER incremental costs over incremental QALYs?", DIFFERENCE, ratio)
    yield _entry(
        "net_benefit_follows",
        "Is net monetary benefit threshold x QALYs less costs, and net health benefit that over the threshold?",
        DIFFERENCE,
        benefit,
    )


def _benefit_apart(entry: Incremental) -> float:
    apart = 0.0
    for key, money in entry.nmb.items():
        threshold, health = float(key), entry.nhb[key]
        apart = max(apart, _apart(money, threshold * entry.qalys - entry.costs))
        if health is not None:
            apart = max(apart, _apart(health * threshold, money))
    return apart


def _probabilistic(results: Results) -> Iterator[CheckEntry]:
    """Probabilities and means over the draws."""
    psa = results.psa
    if psa is None:
        return
    curves = np.array([psa.ceac.probability[s] for s in results.strategies])
    sums = float(np.abs(curves.sum(axis=0) - 1.0).max())
    yield _entry(
        "probabilities_add_up", "Do probabilities of being cost-effective add up to 1?", "largest difference", sums
    )
    apart = 0.0
    for entry in psa.increments:
        for outcome in OUTCOMES:
            gain = psa.mean[entry.intervention][outcome] - psa.mean[entry.comparator][outcome]
            apart = max(apart, _apart(entry.mean[outcome], gain))
    yield _entry("means_are_differences", "Are mean increments the differences of mean totals?", DIFFERENCE, apart)
    parts = max(
        _apart(values["total"], psa.mean[s][outcome])
        for s, by in psa.component_mean.items()
        for outcome, values in by.items()
        if outcome in OUTCOMES
    )
    yield _entry("component_means_add_up", "Do mean components add up to mean totals?", DIFFERENCE, parts)


class CoefficientEntry(Entry):
    """A coefficient of a curve, on the scale on which it is estimated."""

    endpoint: str = Field(description="id of the endpoint")
    strategy: str = Field(description="id of the strategy")
    name: str = Field(description="of the coefficient")
    estimate: float = Field(description="on the estimation scale")
    standard_error: float = Field(description="on the estimation scale")


class Difference(Entry):
    """An intervention minus the comparator, by component."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    life_years: Both = Field(description="[years]")
    qalys: Both = Field(description="[QALY]")
    costs: Both = Field(description="[currency]")
    nmb_at_decision_threshold: float = Field(description="incremental, discounted. [currency]")


class OneWayRange(Entry):
    """How far an input moves the incremental net monetary benefit at the decision threshold."""

    id: str = Field(description="of the input")
    intervention: str = Field(description="id of the strategy")
    range: float = Field(description="[currency]")


class Step(Entry):
    """One step from the trial to the economic evaluation, for one intervention."""

    intervention: str = Field(description="id of the strategy")
    step: str = Field(description="trial (to the median follow-up), extrapolated, utilities or costs")
    effect: float = Field(description="increment, discounted. [life-years; from the step utilities on QALYs]")
    costs: float | None = Field(description="increment, at the step costs. [currency]")
    ratio: float | None = Field(description="at the step costs; null where it means nothing. [currency per QALY]")
    cost_per_life_year: float | None = Field(
        description="at the step costs; null where it means nothing. [currency per life-year]"
    )


class RankingEntry(Entry):
    """The place of a family among those tried on an endpoint."""

    endpoint: str = Field(description="id of the endpoint")
    family: str = Field(description="name or formula")
    place: int = Field(description="in the order of the ranking, from 1")
    concerns: int | None = Field(description="plausibility rules that it breaks; null where it could not be fitted")
    criterion: float | None = Field(description="lower is better; null where there is none")
    above_lowest: float | None = Field(description="criterion less the lowest one of the endpoint")
    weight: float | None = Field(
        description="exp(-criterion / 2) as a share of all fitted families; null without a criterion"
    )


class Counts(Entry):
    """Numbers of things that sentences name."""

    inputs: int = Field(description="rows of the workbook that hold a value")
    assumptions: int = Field(description="those whose source is an assumption")
    sources: int = Field(description="rows of the sheet Sources")
    cycles: int = Field(description="of the model")
    scenarios: int = Field(description="that were tried")
    scenarios_stopped: int = Field(description="of them, those that were not run")
    scenarios_moving: int = Field(description="of them, those in `moving`")
    scenarios_deciding: int = Field(description="of them, those that change the decision for any intervention")
    one_way_inputs: int = Field(description="of the one-way analysis")
    one_way_deciding: int = Field(
        description="of them, those that change the sign of the net benefit for any intervention"
    )
    statistics: int = Field(description="reported statistics that curves are fitted to")
    statistics_within: int = Field(description="of them, those whose 95% interval holds what the curve says")
    external: int = Field(description="points of other studies")
    external_within: int = Field(description="of them, those whose 95% interval holds what the curve says")
    checks: int = Field(description="arithmetic checks")
    checks_passed: int = Field(description="of them, those that passed")
    drugs: dict[str, int] = Field(description="by strategy")


class ReportResults(Results):
    """Everything that a dossier shows."""

    inputs: list[InputEntry] = Field(description="every input that holds a value")
    sources: list[list[str]] = Field(description="the sheet Sources of the workbook, row by row")
    coefficients: list[CoefficientEntry] = Field(description="of the curves")
    differences: list[Difference] = Field(description="by intervention")
    one_way_ranges: list[OneWayRange] = Field(description="by input and intervention")
    budget_ranges: dict[str, float] = Field(
        description="how far an input moves the net budget impact, by id. [currency]"
    )
    external_model_months: dict[str, float] = Field(
        description="time of external evidence on the model's clock, by id. [months]"
    )
    ranking: list[RankingEntry] = Field(description="of families, by endpoint")
    moving: list[str] = Field(
        description="names of the scenarios that move the ICER of an intervention by 10% or more, take it away, or"
        " change the decision"
    )
    steps: list[Step] = Field(description="from the trial to the economic evaluation")
    checks: list[CheckEntry] = Field(description="arithmetic checks of the run")
    counts: Counts = Field(description="numbers of things that sentences name")
    evidence: Evidence | None = Field(description="on the curves, as in evidence.json")


def report_results(results: Results, run: Run, pack: EvidencePack | None) -> ReportResults:
    """Return the results of a run with everything else that a dossier shows.

    Parameters
    ----------
    run : Run
        That the results are of.
    pack : EvidencePack or None
        On the curves of the run.
    """
    found = checks(results, run)
    return ReportResults(
        **dict(results),
        inputs=input_entries(run),
        coefficients=_coefficients(run),
        differences=[_difference(results, entry) for entry in results.incremental],
        one_way_ranges=[
            OneWayRange(id=e.id, intervention=e.intervention, range=swing(e.nmb_low, e.nmb_high))
            for e in results.dsa or ()
        ],
        budget_ranges={
            each.id: swing(each.total_low, each.total_high)
            for each in (results.budget.one_way if results.budget is not None else None) or ()
        },
        external_model_months={e.id: e.time_months - e.origin_months for e in results.external},
        sources=[list(row) for row in run.model.inputs.raw.sources],
        ranking=[] if pack is None else _ranking(pack.evidence),
        moving=_moving(results),
        steps=[step for entry in results.incremental for step in _steps(entry, pack)],
        checks=found,
        counts=_counts(results, run, found),
        evidence=None if pack is None else pack.evidence,
    )


def _coefficients(run: Run) -> list[CoefficientEntry]:
    return [
        CoefficientEntry(
            endpoint=endpoint,
            strategy=each.strategy,
            name=each.coefficient,
            estimate=each.value,
            standard_error=each.standard_error,
        )
        for endpoint, fit in run.model.fits.items()
        for each in fit.estimates
    ]


def _difference(results: Results, entry: Incremental) -> Difference:
    mine, other = results.base_case[entry.intervention], results.base_case[entry.comparator]
    by = {}
    for outcome in OUTCOMES:
        parts = {
            how: differences(amounts, getattr(getattr(other, outcome), how))
            for how, amounts in dict(getattr(mine, outcome)).items()
        }
        by[outcome] = Both(**parts)
    return Difference(
        intervention=entry.intervention,
        comparator=entry.comparator,
        nmb_at_decision_threshold=net_monetary_benefit(entry.qalys, entry.costs, results.decision_threshold),
        **by,
    )


def _ranking(found: Evidence) -> list[RankingEntry]:
    return [
        RankingEntry(
            endpoint=endpoint,
            family=family.family,
            place=family.place,
            concerns=len(family.concerns) if family.fitted else None,
            criterion=family.criterion,
            above_lowest=evidence.above_lowest(family),
            weight=family.weight,
        )
        for endpoint, evidence in found.endpoints.items()
        for family in evidence.families
    ]


def _steps(entry: Incremental, pack: EvidencePack | None) -> list[Step]:
    """Return the steps from the trial to the economic evaluation, as far as the run holds them; all discounted."""
    found = []
    beyond = None if pack is None else pack.evidence.beyond_follow_up
    within = None if beyond is None else beyond.life_years_within(entry.intervention, entry.life_years)
    if within is not None:
        found.append(_step(entry, "trial", within))
    both = entry.costs > 0 and entry.life_years > 0
    return [
        *found,
        _step(entry, "extrapolated", entry.life_years),
        _step(entry, "utilities", entry.qalys),
        Step(
            intervention=entry.intervention,
            step="costs",
            effect=entry.qalys,
            costs=entry.costs,
            ratio=entry.icer,
            cost_per_life_year=icer(entry.costs, entry.life_years) if both else None,
        ),
    ]


def _step(entry: Incremental, name: str, effect: float) -> Step:
    return Step(
        intervention=entry.intervention, step=name, effect=effect, costs=None, ratio=None, cost_per_life_year=None
    )


MOVES = 0.1
"""A scenario moves an ICER from this share of that of the base case on."""


def _moving(results: Results) -> list[str]:
    """Return the names of the scenarios that a reader has to know."""
    base = {entry.intervention: entry.icer for entry in results.incremental}
    key = threshold_key(results.decision_threshold)
    return list(dict.fromkeys(e.name for e in results.scenarios or () if _moves(e, base[e.intervention], key)))


def _moves(entry: ScenarioEntry, icer: float | None, key: str) -> bool:
    if entry.stopped:
        return False
    if entry.changes_decision.get(key) or entry.change_in_icer is None:
        return bool(entry.changes_decision.get(key)) or (icer is None) != (entry.icer is None)
    return icer is not None and abs(entry.change_in_icer) >= MOVES * abs(icer)


def _holds(low: float | None, value: float | None, high: float | None) -> bool:
    """Whether an interval holds a value; one without limits, or no value, does not."""
    if value is None or (low is None and high is None):
        return False
    return (low is None or low <= value) and (high is None or value <= high)


def _counts(results: Results, run: Run, found: list[CheckEntry]) -> Counts:
    rows = filled_rows(run)
    stopped = {entry.name: bool(entry.stopped) for entry in results.scenarios or ()}
    key = threshold_key(results.decision_threshold)
    deciding = {e.name for e in results.scenarios or () if e.changes_decision.get(key)}
    moved = {e.id for e in results.dsa or () if (e.nmb_low > 0) != (e.nmb_high > 0)}
    fitted = [entry for entries in results.fit.values() for entry in entries if entry.used]
    given = [regimen.strategy for regimen in run.model.inputs.regimens]
    return Counts(
        inputs=len(rows),
        assumptions=sum(row.is_assumption for row in rows),
        sources=max(len(run.model.inputs.raw.sources) - 1, 0),
        cycles=run.model.time_grid.timeline.boundaries.size - 1,
        scenarios=len(stopped),
        scenarios_stopped=sum(stopped.values()),
        scenarios_moving=len(_moving(results)),
        scenarios_deciding=len(deciding),
        one_way_inputs=len({entry.id for entry in results.dsa or ()}),
        one_way_deciding=len(moved),
        statistics=len(fitted),
        statistics_within=sum(_holds(e.low, e.fitted, e.high) for e in fitted),
        external=len(results.external),
        external_within=sum(_holds(e.low, e.fitted, e.high) for e in results.external),
        checks=len(found),
        checks_passed=sum(check.passed for check in found),
        drugs={strategy: given.count(strategy) for strategy in results.strategies},
    )
