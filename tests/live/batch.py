"""All live models of the tests, written in two processes, edited, and recalculated together."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from live.editing import edited, only_cells
from live.engine import engine_totals, model_totals
from live.recalculation import PROCESSES, recalculated

from hemodel.analyses.load import load, load_rows, read_valid
from hemodel.analyses.options import Options
from hemodel.analyses.run import Run
from hemodel.errors import HemodelError
from hemodel.inputs.cells import read_cells
from hemodel.live_model.excel import live_model, write_live_model
from hemodel.model.evaluate import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from live.editing import Place
    from live.engine import Amount, Key
    from live.recalculation import Recalculated

    from hemodel.inputs.cells import RawWorkbook, Scalar
    from hemodel.inputs.changes import Change
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.model.evaluate import Model

FEW_DRAWS = 20


@dataclass(frozen=True)
class Job:
    """A live model to write: of a workbook, with some changes.

    One that is not written as the command does it is without one-way analysis and other families, which take most of
    the time and have no formulas. One that is not whole is opened with its cells alone, since names, notes and
    drop-downs take LibreOffice more time than the formulas; so are all that are edited.
    """

    name: str
    workbook: Path
    changes: tuple[Change, ...] = ()
    draws: int = FEW_DRAWS
    by_command: bool = False
    whole: bool = True


@dataclass(frozen=True)
class Edit:
    """Values typed into a live model; the draw that is selected is one of them."""

    name: str
    of: str
    values: Mapping[Place, Scalar]
    draw: int = 0


@dataclass(frozen=True)
class Case:
    """A live model: file, the one it was edited from, what the engine says of its inputs, what LibreOffice finds."""

    path: Path
    of: str
    strategies: Mapping[str, str]
    bands: Mapping[str, str]
    engine: Mapping[Key, Amount]
    book: Recalculated = field(repr=False)


class Cases(dict[str, Case]):
    """Live models by name; asking for one that could not be made fails with the reason."""

    def __init__(self, made: Mapping[str, Case], failures: Mapping[str, str]) -> None:
        super().__init__(made)
        self.failures = failures

    def __missing__(self, name: str) -> Case:
        raise AssertionError(self.failures[name])


def cases(jobs: Sequence[Job], edits: Sequence[Edit], folder: Path) -> Cases:
    """Write, edit and recalculate; return each model by its name."""
    models, work = folder / "models", folder / "work"
    models.mkdir(exist_ok=True)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        made = dict(pool.map(_write, jobs, [models] * len(jobs)))
        possible = [edit for edit in edits if not isinstance(made[edit.of], str)]
        for edit in possible:
            edited(models / f"{edit.of}.xlsx", edit.values, models / f"{edit.name}.xlsx")
        made |= dict(pool.map(_engine, possible, [models] * len(possible)))
    failures = {name: found for name, found in made.items() if isinstance(found, str)}
    failures |= {edit.name: f"{edit.of}: {failures[edit.of]}" for edit in edits if edit.of in failures}
    paths = {name: models / f"{name}.xlsx" for name in made if name not in failures}
    books = recalculated(list(_opened(paths, {job.name for job in jobs if job.whole}, folder).values()), work)
    of = {edit.name: edit.of for edit in edits}
    whole = {name: found for name, found in made.items() if not isinstance(found, str)}
    return Cases({name: Case(paths[name], of.get(name, name), *f, books[name]) for name, f in whole.items()}, failures)


Found = tuple[dict[str, str], dict[str, str], dict["Key", "Amount"]]
"""Ids of the strategies by name and of bands of the time to death by label, and the engine's results."""


def _write(job: Job, folder: Path) -> tuple[str, Found | str]:
    """Write a live model, and run the engine on the workbook that it is made from; or say why it cannot be."""
    try:
        return job.name, _written(job, folder / f"{job.name}.xlsx")
    except HemodelError as error:
        return job.name, str(error)


def _written(job: Job, path: Path) -> Found:
    model = load_rows(job.workbook, _cells(job.workbook), job.changes)
    if job.by_command:
        options = Options(job.changes, (), ("base", "dsa"), job.draws, None)
        write_live_model(path, job.workbook, options, replace=False)
    else:
        options = Options(job.changes, (), ("base",), job.draws, None)
        base = evaluate(model, base_draws(model))
        content, _ = live_model(Run(model, base, [], None, None, None, (), (), options, ()))
        path.write_bytes(content)
    return *_labels(model.inputs), model_totals(model, ())[0]


@cache
def _model(path: Path) -> Model:
    return load(path)


@cache
def _cells(workbook: Path) -> RawWorkbook:
    return read_cells(workbook)


def _opened(paths: Mapping[str, Path], whole: set[str], folder: Path) -> dict[str, Path]:
    """Return the files that LibreOffice opens: copies with nothing but cells of those that need not be whole."""
    (folder / "bare").mkdir()
    return {
        name: path if name in whole else only_cells(path, folder / "bare" / path.name) for name, path in paths.items()
    }


def _labels(inputs: ModelInputs) -> tuple[dict[str, str], dict[str, str]]:
    bands = {inputs.rows[f"utility.time_to_death.{band.id}"].label: band.id for band in inputs.bands}
    return {strategy.name: strategy.id for strategy in inputs.strategies}, bands


def _engine(edit: Edit, folder: Path) -> tuple[str, Found | str]:
    """Run the engine on an edited live model itself, or for one of its draws; or say why it cannot be."""
    path = folder / f"{edit.name}.xlsx"
    try:
        if edit.draw:
            model = _model(folder / f"{edit.of}.xlsx")
            return edit.name, (*_labels(model.inputs), model_totals(model, [edit.draw])[edit.draw])
        return edit.name, (*_labels(read_valid(path)), engine_totals(path))
    except HemodelError as error:
        return edit.name, str(error)
