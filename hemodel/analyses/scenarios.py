"""Scenario analysis: the base case again under each scenario's changes.

Scenarios that change nothing but the values of parameters are draws of one evaluation. Any
other is a model of its own; its curves are fitted only where their evidence is another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.base_case import Increment, increments
from hemodel.analyses.load import load_reading
from hemodel.errors import InputError
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
    *("curves.statistics", "curves.draws", "curves.replicates", "curves.correlation_pfs_os"),
    *("settings.draws", "settings.seed"),
)
"""Inputs that the base case does not depend on: they move the draws of a probabilistic analysis."""


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
        Changes of the base case (from --set, --scenario or a payer's reference case); only
        those of a reference case may be made again by a scenario.
    scenarios : sequence of Scenario
    progress : callable, optional
        Called with the number of scenarios done.
    """
    taken = [change for change in changes if not change.reference_case]
    results: dict[int, ScenarioResult] = {}
    together: dict[int, tuple[Reading, Mapping[str, float]]] = {}
    for place, scenario in enumerate(scenarios):
        clash = clashing([*taken, *scenario.changes])
        if clash:
            why = f"{', '.join(clash)}: already changed for this run"
            results[place] = ScenarioResult(scenario, scenario.changes, (), why)
            continue
        reading = check_changes(model.inputs, scenario.changes)
        values = values_only(model, reading)
        if values is None:
            results[place] = _alone(scenario, reading)
        else:
            together[place] = (reading, values)
        _tell(progress, len(results))
    for place, found in zip(together, _batch(model, [values for _, values in together.values()]), strict=True):
        scenario, reading = scenarios[place], together[place][0]
        shown = _alone(scenario, reading) if found is None else ScenarioResult(scenario, reading.changes, found)
        results[place] = shown
    _tell(progress, len(results))
    return tuple(results[place] for place in range(len(scenarios)))


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


def _alone(scenario: Scenario, reading: Reading) -> ScenarioResult:
    try:
        changed = load_reading(reading)
        outcomes = evaluate(changed, base_draws(changed))
    except InputError as error:
        return ScenarioResult(scenario, scenario.changes, (), str(error))
    return ScenarioResult(scenario, reading.changes, increments(outcomes))
