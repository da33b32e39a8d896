"""The probabilistic analysis of many models: workbooks, each as it stands and under scenarios.

Everything is read and checked before the first draw is made. Two models are worked on at a time, so that no worker is
idle while the last draws of one are awaited; which two changes no number, as a model's draws depend on its inputs and
the seed only.
"""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from hashlib import sha256
from threading import Event, Lock
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from pydantic import Field

from hemodel.analyses.base_case import threshold_key
from hemodel.analyses.load import load_reading, scenarios_of
from hemodel.analyses.psa.blocks import in_threads
from hemodel.analyses.psa.draws import (
    FEWEST_DRAWS,
    FEWEST_SPREAD,
    acceptability_of,
    best_on_average,
    expected_loss,
    intervals,
    means,
    probabilistic,
)
from hemodel.analyses.psa.result import REPORTED, PsaIncrement, psa_increment
from hemodel.entries import Entry
from hemodel.errors import InputError, Location, Problem, UsageError, raise_if_any
from hemodel.inputs.changes import ChangeEntry, change_entry
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


SCHEMA_VERSION = 1


class SweepWorkbook(Entry):
    """A workbook that was read."""

    name: str = Field(description="of the file; with its folder where two have one name")
    sha256: str = Field(description="of the file")
    title: str = Field(description="of the model")
    currency: str = Field(description="of every amount, a code")
    strategies: list[str] = Field(description="ids, comparator first")
    strategy_names: dict[str, str] = Field(description="by id")


class SweepEntry(Entry):
    """Probabilistic analysis of a workbook as it stands, or under one scenario; costs and QALYs are discounted."""

    workbook: str = Field(description="its name")
    scenario: str = Field(description="empty for the workbook as it stands")
    question: str = Field(description="that the scenario answers; empty for none")
    sha256: str = Field(description="of the scenario as it is written; empty for none")
    changes: list[ChangeEntry] = Field(description="made by --set and by the scenario")
    draws: int = Field(description="made. [count]")
    seed: int = Field(description="of the random numbers. [unitless]")
    sampling: str = Field(description="random, latin_hypercube or sobol")
    thresholds: list[float] = Field(description="at which net benefit is given. [currency per QALY]")
    decision_threshold: float = Field(description="that decides. [currency per QALY]")
    mean: dict[str, dict[str, float]] = Field(
        description="strategy, then life_years [year], qalys [QALY], costs [currency]"
    )
    interval: dict[str, dict[str, tuple[float, float]]] = Field(
        description="2.5% and 97.5% points of the draws, by strategy, then as for mean. [year], [QALY], [currency]"
    )
    increments: list[PsaIncrement] = Field(description="by intervention")
    probability_cost_effective: dict[str, dict[str, float]] = Field(
        description="threshold, then strategy: share of draws in which it is best. [proportion]"
    )
    optimal: dict[str, str] = Field(description="by threshold: the strategy with the highest mean net benefit")
    evpi: dict[str, float] = Field(
        description="expected value of perfect information, by threshold. [currency per person]"
    )


class SweepDocument(Entry):
    """Probabilistic analyses of workbooks, each as it stands and under scenarios: sweep.json."""

    schema_version: int = Field(description="of the shape of this file. [count]")
    workbooks: list[SweepWorkbook] = Field(description="in the order in which they were named")
    results: list[SweepEntry] = Field(description="by workbook: as it stands, then under each scenario")


@dataclass(frozen=True)
class SweptModel:
    """A workbook as it stands, or under one scenario.

    Attributes
    ----------
    workbook : str
        Name of its file; with its folder where two have one name.
    changes : tuple of Change
        As made, those of the scenario last.
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


def sweep_document(cells: Sequence[SweptModel], results: Sequence[SweepEntry]) -> SweepDocument:
    """Return the results of every model, in their order, and the workbooks that they are of."""
    return SweepDocument(
        schema_version=SCHEMA_VERSION,
        workbooks=[_workbook(cell) for cell in cells if cell.scenario is None],
        results=list(results),
    )


def sweep_entry(cell: SweptModel, psa: Psa) -> SweepEntry:
    """Return what is kept of one probabilistic analysis."""
    settings = cell.model.inputs.settings
    thresholds = sorted({*settings.thresholds, settings.decision_threshold})
    settings = settings.model_copy(update={"thresholds": tuple(thresholds)})
    found, ends = means(psa.frame, psa.sums), intervals(psa)
    places = {threshold_key(t): int(np.searchsorted(psa.frame.thresholds, t)) for t in thresholds}
    curves, best, losses = acceptability_of(psa), best_on_average(psa), expected_loss(psa)[0]
    by_strategy = {s: i for i, s in enumerate(psa.strategies)}
    scenario = cell.scenario
    return SweepEntry(
        workbook=cell.workbook,
        scenario=cell.name,
        question="" if scenario is None else scenario.question,
        sha256="" if scenario is None else scenario.sha256,
        changes=[change_entry(change) for change in cell.changes],
        draws=psa.draws,
        seed=psa.seed,
        sampling=psa.sampling,
        thresholds=thresholds,
        decision_threshold=settings.decision_threshold,
        mean={s: {o: float(found[k, i]) for k, o in enumerate(REPORTED)} for s, i in by_strategy.items()},
        interval={s: {o: ends[o, s, None] for o in REPORTED} for s in psa.strategies},
        increments=[psa_increment(psa, settings, ends, i) for i in range(1, len(psa.strategies))],
        probability_cost_effective={
            key: {s: float(curves[place, i]) for s, i in by_strategy.items()} for key, place in places.items()
        },
        optimal={key: psa.strategies[best[place]] for key, place in places.items()},
        evpi={key: float(losses[place].min()) for key, place in places.items()},
    )


def _workbook(cell: SweptModel) -> SweepWorkbook:
    inputs = cell.model.inputs
    return SweepWorkbook(
        name=cell.workbook,
        sha256=sha256(cell.path.read_bytes()).hexdigest(),
        title=inputs.settings.title,
        currency=inputs.settings.currency,
        strategies=list(cell.model.strategies),
        strategy_names={strategy.id: strategy.name for strategy in inputs.strategies},
    )


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
