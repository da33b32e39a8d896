"""Arithmetic checks of a run: each a number, the limit it must keep, and whether it does.

They compare numbers that were computed in different ways, or that must have an
order, and say by how much they differ at most.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.entries import Entry
from hemodel.model.evaluate import base_draws, occupancy_at
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.analyses.base_case import Incremental, StrategyResult
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
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
