"""Scenario analysis: the base case again under each scenario's changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.analysis.load import load_rows
from hemodel.economics import Verdict, verdict
from hemodel.errors import InputError
from hemodel.inputs.scenarios import clashing
from hemodel.model import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hemodel.inputs.changes import Change
    from hemodel.inputs.scenarios import Scenario
    from hemodel.model import Model
    from hemodel.outcomes import Outcomes


@dataclass(frozen=True)
class Increment:
    """Intervention minus comparator, discounted totals of one draw."""

    intervention: str
    comparator: str
    life_years: float
    qalys: float
    costs: float
    verdict: Verdict


@dataclass(frozen=True)
class ScenarioResult:
    """What a scenario changes and what comes of it.

    `stopped` says why a scenario was not run (a value it was written for has
    changed, or its inputs are refused), and is empty otherwise.
    """

    scenario: Scenario
    changes: tuple[Change, ...]
    increments: tuple[Increment, ...]
    stopped: str = ""


def increments(outcomes: Outcomes, draw: int = 0) -> tuple[Increment, ...]:
    """Return the increments of every intervention over the comparator in one draw."""
    comparator, *interventions = outcomes.strategies
    found = []
    for i, intervention in enumerate(interventions, start=1):
        years, qalys, costs = (
            float(t.total[draw, i] - t.total[draw, 0]) for t in (outcomes.life_years, outcomes.qalys, outcomes.costs)
        )
        found.append(Increment(intervention, comparator, years, qalys, costs, verdict(costs, qalys)))
    return tuple(found)


def run_scenarios(
    model: Model,
    changes: Sequence[Change],
    scenarios: Sequence[Scenario],
    progress: Callable[[int], None] | None = None,
) -> tuple[ScenarioResult, ...]:
    """Run each scenario on top of the changes already made to the model's workbook.

    Parameters
    ----------
    model : Model
        The base case; its workbook carries `changes`.
    changes : sequence of Change
        Changes of the base case (from --set or --scenario), which no scenario may
        make again.
    scenarios : sequence of Scenario
    progress : callable, optional
        Called with the number of scenarios done.
    """
    results = []
    for done, scenario in enumerate(scenarios, start=1):
        results.append(_run(model, changes, scenario))
        if progress is not None:
            progress(done)
    return tuple(results)


def _run(model: Model, changes: Sequence[Change], scenario: Scenario) -> ScenarioResult:
    clash = clashing([*changes, *scenario.changes])
    if clash:
        return ScenarioResult(scenario, scenario.changes, (), f"{', '.join(clash)}: already changed for this run")
    try:
        changed = load_rows(model.inputs.path, model.inputs.raw, scenario.changes)
        outcomes = evaluate(changed, base_draws(changed))
    except InputError as error:
        return ScenarioResult(scenario, scenario.changes, (), str(error))
    return ScenarioResult(scenario, changed.inputs.changes, increments(outcomes))
