"""The probabilistic analysis of many models: workbooks, each as it stands and under scenarios.

Everything is read and checked before the first draw is made. Two models are worked on at a time, so that no worker is
idle while the last draws of one are awaited; which two changes no number, as a model's draws depend on its inputs and
the seed only.
"""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from threading import Event, Lock
from typing import TYPE_CHECKING, TypeVar

from hemodel.analyses.load import load_reading, scenarios_of
from hemodel.analyses.psa.blocks import in_threads
from hemodel.analyses.psa.draws import FEWEST_DRAWS, FEWEST_SPREAD, probabilistic
from hemodel.errors import InputError, Location, Problem, UsageError, raise_if_any
from hemodel.inputs.model_inputs import check_changes, read_workbook
from hemodel.inputs.scenarios import clashing, for_payer, pick
from hemodel.sampling import RANDOM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from hemodel.analyses.psa.blocks import Mapper
    from hemodel.analyses.psa.draws import Psa
    from hemodel.inputs.changes import Change
    from hemodel.inputs.model_inputs import Reading
    from hemodel.inputs.scenarios import Scenario
    from hemodel.model.evaluate import Model


T = TypeVar("T")
AT_ONCE = 2
"""Models worked on at a time."""


@dataclass(frozen=True)
class SweptModel:
    """A workbook as it stands, or under one scenario.

    Attributes
    ----------
    workbook : str
        Name of its file; with its folder where two have one name.
    path : Path
    scenario : Scenario or None
    model : Model
    changes : tuple of Change
        As made, those of the scenario last.
    draws, seed : int
    """

    workbook: str
    path: Path
    scenario: Scenario | None
    model: Model
    changes: tuple[Change, ...]
    draws: int
    seed: int

    @property
    def name(self) -> str:
        """Name of the scenario, empty for none."""
        return "" if self.scenario is None else self.scenario.name


@dataclass(frozen=True)
class SweepRequest:
    """What a sweep is asked for.

    Attributes
    ----------
    workbooks : tuple of Path
    changes : tuple of Change
        Made to every workbook.
    scenarios : tuple of str
        Names; each must be one of every workbook.
    every : bool
        All scenarios of each workbook instead, but for those that are for one payer only.
    draws, seed : int or None
        None for those of each workbook.
    """

    workbooks: tuple[Path, ...]
    changes: tuple[Change, ...] = ()
    scenarios: tuple[str, ...] = ()
    every: bool = False
    draws: int | None = None
    seed: int | None = None


class _Stopped(Exception):  # noqa: N818 - a signal between threads, not an error
    """Another model failed, so that this one is not wanted any more."""


def cells(asked: SweepRequest) -> tuple[SweptModel, ...]:
    """Read every workbook and every scenario, and return the models: each workbook's base case, then its scenarios.

    Raises
    ------
    InputError
        With every problem of all of them.
    UsageError
        For names of scenarios beside all scenarios, or a workbook that is named twice.
    """
    if asked.every and asked.scenarios:
        raise UsageError("--scenario and --all-scenarios exclude each other: name scenarios, or take all")
    problems: dict[Problem, None] = {}
    found: list[SweptModel] = []
    for label, path in _labels(asked.workbooks).items():
        try:
            found += _of_workbook(label, path, asked)
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
    problems |= dict.fromkeys(problem for cell in found for problem in _too_few(cell))
    raise_if_any(problems)
    return tuple(found)


def sweep(
    models: Sequence[SweptModel],
    kept: Callable[[SweptModel, Psa], T],
    *,
    mapper: Mapper = in_threads,
    progress: Callable[[int], None] | None = None,
) -> list[T]:
    """Run the probabilistic analysis of every model.

    Parameters
    ----------
    models : sequence of SweptModel
    kept : callable
        Returns what is wanted of an analysis as soon as it is done; its draws are then given up, so that memory does
        not grow with the number of models.
    mapper : callable
        Works on blocks of draws (`probabilistic`): in threads, or on a cluster.
    progress : callable, optional
        Called with the number of draws done, of all models together.

    Returns
    -------
    list
        What is kept of each, in the order of the models.
    """
    stop, lock, done = Event(), Lock(), [0] * len(models)

    def run(place: int) -> T:
        cell = models[place]

        def step(count: int) -> None:
            if stop.is_set():
                raise _Stopped
            with lock:
                done[place] = count
                if progress is not None:
                    progress(sum(done))

        return kept(cell, probabilistic(cell.model, cell.draws, cell.seed, step, mapper=mapper))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        futures = [pool.submit(run, place) for place in range(len(models))]
        try:
            first = next(iter(f for f in wait(futures, return_when=FIRST_EXCEPTION).done if f.exception()), None)
            if first is not None:
                first.result()
            return [future.result() for future in futures]
        finally:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _labels(paths: Iterable[Path]) -> dict[str, Path]:
    """Return the workbooks by name, with the folder where two have one name."""
    paths = tuple(paths)
    names = [path.name for path in paths]
    labels = {path.name if names.count(path.name) == 1 else str(path): path for path in paths}
    places = [path.resolve() for path in paths]
    twice = [str(path) for path, place in zip(paths, places, strict=True) if places.count(place) > 1]
    if twice:
        raise UsageError(f"{twice[0]} is named twice")
    return labels


def _of_workbook(label: str, path: Path, asked: SweepRequest) -> list[SweptModel]:
    """Return the models of a workbook, or raise InputError with every problem."""
    reading = read_workbook(path, asked.changes)
    problems: list[Problem] = []
    chosen: tuple[Scenario, ...] = ()
    try:
        chosen = _chosen(label, reading, asked)
    except InputError as error:
        problems += error.problems
    try:
        model = load_reading(reading)
    except InputError as error:
        raise InputError((*error.problems, *problems)) from error
    base = _cell(label, path, model, asked)
    found = [base]
    for scenario in chosen:
        try:
            own = _cell(label, path, _under(model, scenario, asked), asked)
            found.append(replace(own, scenario=scenario, changes=(*base.changes, *own.changes)))
        except InputError as error:
            problems += [_in(scenario, path, problem) for problem in error.problems]
    raise_if_any(problems)
    return found


def _cell(label: str, path: Path, model: Model, asked: SweepRequest) -> SweptModel:
    settings = model.inputs.settings
    draws = settings.draws if asked.draws is None else asked.draws
    seed = settings.seed if asked.seed is None else asked.seed
    return SweptModel(label, path, None, model, model.inputs.changes, draws, seed)


def _chosen(label: str, reading: Reading, asked: SweepRequest) -> tuple[Scenario, ...]:
    if not asked.every and not asked.scenarios:
        return ()
    scenarios = for_payer(scenarios_of(reading))
    if asked.every:
        return scenarios
    return pick(scenarios, asked.scenarios, option=f"{label}, --scenario", together=False)


def _under(model: Model, scenario: Scenario, asked: SweepRequest) -> Model:
    clashes = clashing([*asked.changes, *scenario.changes])
    raise_if_any(
        Problem(
            Location(f"--set and scenario {scenario.name}"),
            f"both change {id_}",
            todo="Leave out one of them.",
        )
        for id_ in clashes
    )
    return load_reading(check_changes(model.inputs, scenario.changes))


def _in(scenario: Scenario, path: Path, problem: Problem) -> Problem:
    """Say under which scenario a cell of the workbook has a problem."""
    where = problem.where
    if where.file != path.name:
        return problem
    return replace(problem, where=replace(where, file=f"{where.file} under the scenario {scenario.name}"))


def _too_few(cell: SweptModel) -> Iterable[Problem]:
    sampling = cell.model.inputs.settings.sampling
    least = FEWEST_DRAWS if sampling == RANDOM else FEWEST_SPREAD
    if cell.draws < least:
        under = f", scenario {cell.name}" if cell.scenario else ""
        yield Problem(
            Location(f"{cell.workbook}{under}"),
            f"{cell.draws:,} draws with settings.sampling {sampling}",
            f"This design needs at least {least:,}, so that a Monte Carlo error can be told",
            "Use more --draws, or random.",
        )
