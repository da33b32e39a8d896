"""One run from workbook to outputs, and the runs for several payers side by side."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hemodel.analysis.options import Options
    from hemodel.analysis.sharing import Shared
    from hemodel.errors import Problem
    from hemodel.reporting.payers_text import PayerLine


@dataclass(frozen=True)
class Written:
    """What to print about a run: its summary, and its line in a list of payers."""

    text: str
    line: PayerLine | None


@dataclass(frozen=True)
class Job:
    """One run: workbook, options, output folder, the command that repeats it, and whether every draw is written."""

    workbook: Path
    options: Options
    target: Path
    command: str
    keep_draws: bool = False


def run_one(job: Job, shared: Shared | None = None, progress: Callable[[str, int, int], None] | None = None) -> Written:
    """Run and write everything; return what to print.

    Without the comparison of families the report has no section on the evidence for the curves.

    Raises
    ------
    HemodelError
        Where the inputs or the options cannot be used, or the outputs not be written.
    """
    from hemodel.analysis.evidence_pack import evidence_pack
    from hemodel.analysis.run import run
    from hemodel.analysis.sharing import Shared
    from hemodel.output import DRAWS, staged, write_outputs
    from hemodel.reporting.console import summary
    from hemodel.reporting.document import results
    from hemodel.reporting.draws_file import draws_file
    from hemodel.reporting.payers_text import payer_line

    shared = shared or Shared()
    with staged(job.target) as folder:
        with draws_file(folder / DRAWS) if job.keep_draws else nullcontext() as each:
            done = run(job.workbook, job.options, progress, shared, each)
        found = results(done)
        seed = done.model.inputs.settings.seed
        families = job.options.families
        evidence = shared.once("evidence", lambda: evidence_pack(done.model, seed=seed)) if families else None
        write_outputs(folder, done, found, job.command, evidence, shared)
    return Written(summary(found, done, job.target), payer_line(found, job.target))


def run_several(jobs: Sequence[Job], workers: int) -> list[Written]:
    """Run for several payers in so many processes; what they have in common is worked out once in each.

    The outputs are the same for any number of processes.

    Raises
    ------
    HemodelError
        As `run_one`. Every profile and every input that a payer needs is checked before the first run.
    """
    from concurrent.futures import ProcessPoolExecutor

    from hemodel.output import parent_folder

    ordered = _alike(jobs)
    for job in jobs:
        parent_folder(job.target.parent)
    groups = _groups(ordered, min(workers, len(jobs)))
    if len(groups) == 1:
        found = [run_group(groups[0])]
    else:
        with ProcessPoolExecutor(len(groups), mp_context=get_context("spawn")) as pool:
            found = list(pool.map(run_group, groups))
    by_target = {
        job.target: one for group, done in zip(groups, found, strict=True) for job, one in zip(group, done, strict=True)
    }
    return [by_target[job.target] for job in jobs]


def run_group(jobs: Sequence[Job]) -> list[Written]:
    """Run one after the other, what they have in common worked out once."""
    from hemodel.analysis.sharing import Shared

    shared = Shared()
    return [run_one(job, shared) for job in jobs]


def _alike(jobs: Sequence[Job]) -> list[Job]:
    """Check what every payer needs, and return the jobs with those of the same discount rates side by side."""
    from hemodel.analysis.run import run
    from hemodel.analysis.sharing import Shared
    from hemodel.errors import InputError

    shared, by_rates = Shared(), {}
    problems: dict[Problem, None] = {}
    for job in jobs:
        base_case = replace(job.options, parts=("base",), families=False)
        try:
            settings = run(job.workbook, base_case, None, shared).model.inputs.settings
            by_rates[job.target] = (settings.cost_rates, settings.effect_rates)
        except InputError as error:
            problems |= dict.fromkeys(error.problems)
    if problems:
        raise InputError(tuple(problems))
    return sorted(jobs, key=lambda job: by_rates[job.target])


def _groups(jobs: Sequence[Job], count: int) -> list[Sequence[Job]]:
    """Cut the jobs into so many groups of nearly the same size."""
    cuts = [round(k * len(jobs) / count) for k in range(count + 1)]
    return [jobs[start:end] for start, end in pairwise(cuts)]
