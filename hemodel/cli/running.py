"""One run from workbook to outputs, and the runs for several payers side by side."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from multiprocessing import get_context, parent_process
from signal import SIG_IGN, SIGINT, signal
from threading import Thread
from typing import TYPE_CHECKING

from hemodel import interrupts
from hemodel.cli.common import progress
from hemodel.errors import HemodelError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from hemodel.analyses.options import Options
    from hemodel.analyses.run import Run
    from hemodel.analyses.shared import Shared
    from hemodel.cli.common import Stages
    from hemodel.errors import Problem
    from hemodel.publish.console_payers import PayerLine


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


def run_one(job: Job, shared: Shared | None = None, stages: Stages | None = None) -> Written:
    """Run and write everything; return what to print. Where progress is shown, so is the base case once it is known.

    Without the comparison of families the report has no section on the evidence for the curves.

    Raises
    ------
    HemodelError
        Where the inputs or the options cannot be used, or the outputs not be written.
    """
    from hemodel.analyses.evidence.pack import evidence_pack
    from hemodel.analyses.results import results
    from hemodel.analyses.run import run
    from hemodel.analyses.shared import Shared, staged
    from hemodel.publish.bundle import DRAWS, RUN, opened
    from hemodel.publish.console import base_case_text, summary
    from hemodel.publish.console_payers import payer_line
    from hemodel.publish.draws import draws_file
    from hemodel.publish.output import known_figures, run_bundle
    from hemodel.publish.saving import drawing_beside

    several, families = shared, job.options.families
    shared = shared or Shared()
    beside = several is None and job.options.parts != ("base",)
    with opened(job.target, RUN) as place, drawing_beside(wanted=beside) as drawing:

        def known(base: Run) -> None:
            found = results(base)
            if stages is not None:
                stages.say(base_case_text(found))
            drawing.begin(known_figures(base, found), place.figures())

        with draws_file(place.path(DRAWS)) if job.keep_draws else nullcontext() as each:
            done = run(job.workbook, job.options, stages, shared, each, known if several is None else None)
        found = results(done)
        seed = done.model.inputs.settings.seed
        evidence = None
        if families:
            make = partial(shared.once, "evidence", lambda: evidence_pack(done.model, seed=seed))
            evidence = staged(stages, "evidence for the curves", make)
        bundle = run_bundle(done, found, job.command, evidence, several)
        place.write(bundle, stages, drawing)
    return Written(summary(found, done, job.target), payer_line(found, job.target))


def run_shown(job: Job) -> str:
    """Run one, show on a terminal how far it is, and return what to print."""
    with progress() as shown:
        return run_one(job, None, shown).text


def run_several(jobs: Sequence[Job], workers: int) -> list[Written]:
    """Run for several payers in so many processes; what they have in common is worked out once in each.

    The outputs are the same for any number of processes.

    Raises
    ------
    HemodelError
        As `run_one`. Every profile and every input that a payer needs is checked before the first run.
    """
    from hemodel.folders import make_good
    from hemodel.publish.bundle import RUN, parent_folder

    for job in jobs:
        make_good(job.target, RUN.entries)
    groups = _groups(_alike(jobs), min(workers, len(jobs)))
    for job in jobs:
        parent_folder(job.target.parent)
    found = [run_group(groups[0])] if len(groups) == 1 else _side_by_side(groups)
    by_target = {
        job.target: one for group, done in zip(groups, found, strict=True) for job, one in zip(group, done, strict=True)
    }
    return [by_target[job.target] for job in jobs]


def run_group(jobs: Sequence[Job]) -> list[Written]:
    """Run one after the other, what they have in common worked out once."""
    from hemodel.analyses.shared import Shared

    shared = Shared()
    return [run_one(job, shared) for job in jobs]


def _side_by_side(groups: Sequence[Sequence[Job]]) -> list[list[Written]]:
    """Run each group in a process of its own; where the command is told to end, what they leave is removed."""
    context, started = get_context("spawn"), []
    undo = partial(_undo, [job for group in groups for job in group])
    interrupts.begin(undo)
    try:
        with interrupts.starting_workers():
            for group in groups:
                answers, answer = context.Pipe(duplex=False)
                worker = context.Process(target=_work, args=(group, answer), daemon=True)
                worker.start()
                answer.close()
                started.append((worker, answers))
        found = [_answer(worker, answers) for worker, answers in started]
    finally:
        interrupts.finish(undo)
    for error in (each for each in found if isinstance(each, HemodelError)):
        raise error
    return [each for each in found if not isinstance(each, HemodelError)]


def _undo(jobs: Sequence[Job]) -> None:
    from hemodel.folders import make_good
    from hemodel.publish.bundle import RUN

    for job in jobs:
        make_good(job.target, RUN.entries)


def _work(group: Sequence[Job], answer: Connection) -> None:
    """Run a group, and end with the process that waits for the answer."""
    signal(SIGINT, SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    try:
        answer.send(run_group(group))
    except HemodelError as error:
        answer.send(error)


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


def _answer(worker: BaseProcess, answers: Connection) -> list[Written] | HemodelError:
    try:
        found: list[Written] | HemodelError = answers.recv()
    except EOFError:
        found = HemodelError("A process that ran for some of the payers ended before its time. Run the command again.")
    worker.join()
    return found


def _alike(jobs: Sequence[Job]) -> list[Job]:
    """Check what every payer needs, and return the jobs with those of the same discount rates side by side."""
    from hemodel.analyses.psa.run import given_draws
    from hemodel.analyses.run import run
    from hemodel.analyses.shared import Shared
    from hemodel.errors import InputError

    shared, by_rates = Shared(), {}
    problems: dict[Problem, None] = {}
    for job in jobs:
        base_case = replace(job.options, parts=("base",), families=False, use_draws=None)
        try:
            model = run(job.workbook, base_case, None, shared).model
            given_draws(model, job.options)
            settings = model.inputs.settings
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
