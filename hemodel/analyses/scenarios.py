"""Scenario analysis: the base case again under each scenario's changes.

Scenarios that change nothing but the values of parameters are draws of one evaluation. Any
other is a model of its own; its curves are fitted only where their evidence is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.base_case import Increment, Incremental, increments, threshold_key
from hemodel.analyses.load import load_reading
from hemodel.economics import change, is_cost_effective
from hemodel.entries import Entry
from hemodel.errors import InputError
from hemodel.inputs.changes import ChangeEntry, change_entry
from hemodel.inputs.model_inputs import check_changes
from hemodel.inputs.scenarios import clashing
from hemodel.model.evaluate import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hemodel.inputs.changes import Change
    from hemodel.inputs.model_inputs import Reading
    from hemodel.inputs.scenarios import Scenario
    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray


SPREAD_ONLY = (
    *("curves.statistics", "curves.simulated_trials", "curves.draws", "curves.replicates"),
    *("curves.correlation_pfs_os", "settings.draws", "settings.seed"),
)
"""Inputs that the base case does not depend on: they move the draws of a probabilistic analysis."""


class ScenarioEntry(Entry):
    """One scenario for one intervention; nulls where it was stopped."""

    name: str = Field(description="of the scenario")
    group: str = Field(description="survival, costs, utilities, structure or settings")
    purpose: str = Field(description="what it is for")
    question: str = Field(description="that it answers")
    why: str = Field(description="it is as it is")
    source: str = Field(description="of its values")
    sweep: str = Field(description="name of the sweep that it is a point of; empty where it is none")
    label: str = Field(description="which point of the sweep")
    changes: list[ChangeEntry] = Field(description="to the base case")
    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    life_years: float | None = Field(description="increment, discounted. [year]")
    qalys: float | None = Field(description="increment, discounted. [QALY]")
    costs: float | None = Field(description="increment, discounted. [currency]")
    icer: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    verdict: str = Field(description="in words; stopped where it was not run")
    change_in_qalys: float | None = Field(description="incremental QALYs minus those of the base case. [QALY]")
    change_in_costs: float | None = Field(description="incremental costs minus those of the base case. [currency]")
    change_in_icer: float | None = Field(
        description="minus the base case; null where either ratio is. [currency per QALY]"
    )
    nmb: dict[str, float] = Field(
        description="incremental net monetary benefit by threshold; empty where stopped. [currency]"
    )
    cost_effective: dict[str, bool] = Field(description="by threshold: whether nmb is 0 or more")
    changes_decision: dict[str, bool] = Field(description="by threshold: whether that differs from the base case")
    stopped: str = Field(description="why it was not run; empty where it was")


class ScenarioResults(Entry):
    """What comes of every scenario of a workbook: scenarios.json."""

    schema_version: int = Field(description="of the shape of this file. [count]")
    title: str = Field(description="of the model")
    payer: str = Field(description="code of the payer whose scenarios were run; empty for none")
    currency: str = Field(description="of every amount, a code")
    price_year: int = Field(description="of every amount. [calendar year]")
    thresholds: list[float] = Field(description="at which net benefit is given. [currency per QALY]")
    decision_threshold: float = Field(description="that decides. [currency per QALY]")
    strategy_names: dict[str, str] = Field(description="by id, comparator first")
    changes: list[ChangeEntry] = Field(description="what the base case had changed already")
    base_case: list[Incremental] = Field(description="by intervention")
    scenarios: list[ScenarioEntry] = Field(description="by scenario, then by intervention")
    warnings: list[str] = Field(description="on the run, in words")


SCHEMA_VERSION = 1


@dataclass(frozen=True)
class _Done:
    """What a scenario changed and what came of it; no increments where it was stopped."""

    changes: Sequence[Change]
    increments: Sequence[Increment] = ()
    stopped: str = ""


def run_scenarios(
    model: Model,
    changes: Sequence[Change],
    scenarios: Sequence[Scenario],
    progress: Callable[[int], None] | None = None,
) -> list[ScenarioEntry]:
    """Run each scenario on top of the changes already made to the model's workbook.

    Parameters
    ----------
    model : Model
        The base case; its workbook carries `changes`.
    changes : sequence of Change
        Changes of the base case (from --set, --scenario or a payer's reference case); only
        those of a reference case may be made again by a scenario.
    progress : callable, optional
        Called with the number of scenarios done.

    Returns
    -------
    list of ScenarioEntry
        For each scenario, in their order, one of every intervention. A scenario is stopped where a value that it
        was written for has changed, or its inputs are refused.
    """
    taken = [change for change in changes if not change.reference_case]
    done: dict[int, _Done] = {}
    together: dict[int, tuple[Reading, Mapping[str, float]]] = {}
    for place, scenario in enumerate(scenarios):
        clash = clashing([*taken, *scenario.changes])
        if clash:
            done[place] = _Done(scenario.changes, stopped=f"{', '.join(clash)}: already changed for this run")
            continue
        reading = check_changes(model.inputs, scenario.changes)
        values = values_only(model, reading)
        if values is None:
            done[place] = _alone(scenario, reading)
        else:
            together[place] = (reading, values)
        _tell(progress, len(done))
    for place, found in zip(together, _batch(model, [values for _, values in together.values()]), strict=True):
        scenario, reading = scenarios[place], together[place][0]
        done[place] = _alone(scenario, reading) if found is None else _Done(reading.changes, found)
    _tell(progress, len(done))
    base = increments(evaluate(model, base_draws(model)))
    thresholds = model.inputs.settings.thresholds
    return [
        _entry(scenario, done[place], before, thresholds) for place, scenario in enumerate(scenarios) for before in base
    ]


def _entry(scenario: Scenario, done: _Done, base: Increment, thresholds: Sequence[float]) -> ScenarioEntry:
    """Return what came of a scenario for the intervention of an increment of the base case."""
    found = next((one for one in done.increments if one.intervention == base.intervention), None)
    before, nmb = _benefits(base, thresholds), {} if found is None else _benefits(found, thresholds)
    decided = {key: is_cost_effective(value) for key, value in nmb.items()}
    icer = None if found is None else found.verdict.icer
    return ScenarioEntry(
        name=scenario.name,
        group=scenario.group,
        purpose=scenario.purpose,
        question=scenario.question,
        why=scenario.why,
        source=scenario.source,
        sweep=scenario.sweep,
        label=scenario.label,
        changes=[change_entry(one) for one in done.changes],
        intervention=base.intervention,
        comparator=base.comparator,
        life_years=None if found is None else found.life_years,
        qalys=None if found is None else found.qalys,
        costs=None if found is None else found.costs,
        icer=icer,
        verdict="stopped" if found is None else found.verdict.word,
        change_in_qalys=None if found is None else change(base.qalys, found.qalys),
        change_in_costs=None if found is None else change(base.costs, found.costs),
        change_in_icer=change(base.verdict.icer, icer),
        nmb=nmb,
        cost_effective=decided,
        changes_decision={key: held != is_cost_effective(before[key]) for key, held in decided.items()},
        stopped=done.stopped,
    )


def _benefits(found: Increment, thresholds: Sequence[float]) -> dict[str, float]:
    return {threshold_key(t): found.benefit(t) for t in thresholds}


def _tell(progress: Callable[[int], None] | None, done: int) -> None:
    if progress is not None and done:
        progress(done)


def values_only(model: Model, reading: Reading) -> dict[str, float] | None:
    """Return the values of parameters, by id, in which a reading differs from a model.

    None where it differs in anything else that the base case depends on, or has problems. The
    ranges and distributions of parameters are no such thing.
    """
    base = model.inputs.rows
    if reading.problems or reading.rows.keys() != base.keys():
        return None
    values = {}
    for id_, row in reading.rows.items():
        if row is base[id_] or id_ in SPREAD_ONLY:
            continue
        if row.kind.varies != "yes" or row.value is None or base[id_].value is None:
            return None
        values[id_] = row.number
    return values


def _batch(model: Model, values: Sequence[Mapping[str, float]]) -> Sequence[tuple[Increment, ...] | None]:
    """Evaluate the model with each set of values as one draw; None for each where a draw is refused."""
    if not values:
        return ()
    base = base_draws(model)
    moved = {id_ for own in values for id_ in own}
    draws: dict[str, FloatArray] = {
        id_: np.array([own.get(id_, array[0]) for own in values]) if id_ in moved else array
        for id_, array in base.items()
    }
    if not moved:
        draws |= {id_: np.repeat(draws[id_], len(values)) for id_ in list(draws)[:1]}
    try:
        outcomes = evaluate(model, draws)
    except InputError:
        return [None] * len(values)
    return [increments(outcomes, draw) for draw in range(len(values))]


def _alone(scenario: Scenario, reading: Reading) -> _Done:
    try:
        changed = load_reading(reading, drawn=False)
        outcomes = evaluate(changed, base_draws(changed))
    except InputError as error:
        return _Done(scenario.changes, stopped=str(error))
    return _Done(reading.changes, increments(outcomes))
