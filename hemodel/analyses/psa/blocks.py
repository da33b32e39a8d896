"""The work on one block of draws: drawn, evaluated and summed; and several blocks side by side."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.curve_draws import curve_draws, design_of
from hemodel.analyses.psa.given import joined
from hemodel.analyses.psa.sums import block_sums, totals
from hemodel.model.evaluate import Model, evaluate
from hemodel.parameters import BLOCK
from hemodel.sampling import RANDOM, sample_block

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from concurrent.futures import Future

    from hemodel.analyses.psa.given import GivenDraws
    from hemodel.analyses.psa.sums import Frame, Sums
    from hemodel.parameters import Draws, FloatArray

    Each = Callable[["Task", int, "BlockResult"], None]
    Mapper = Callable[["Task", Iterable[int]], Generator["BlockResult", None, None]]

KEPT = 5 * BLOCK
"""The first draws that are kept one by one, for charts, percentiles and value of information."""


@dataclass(frozen=True)
class Task:
    """An analysis of so many draws.

    `every` says that totals and inputs are wanted of all of them, `threads` that strategies are worked on side by side,
    `given` which inputs have draws from a file.
    """

    model: Model
    seed: int
    frame: Frame
    draws: int
    every: bool
    threads: bool = True
    given: GivenDraws | None = None


@dataclass(frozen=True)
class BlockResult:
    """Sums of one block, and its totals (outcomes, draws, strategies) and varying inputs where they are wanted."""

    sums: Sums
    totals: FloatArray | None
    inputs: Draws | None


def block_draws(
    model: Model, seed: int, block: int, count: int, given: GivenDraws | None = None
) -> dict[str, FloatArray]:
    """Return the draws of one block: parameters (count,) or (1,), coefficients (count, p).

    Beside draws from a file the others are random, each input by its own stream.
    """
    design, inputs = design_of(model, seed), model.inputs
    if given is not None and given.inputs:
        design = replace(design, method=RANDOM)
    drawn = sample_block(inputs.parameters, design, inputs.dependence, block, count)
    own = {**drawn, **curve_draws(model, design, block, count)}
    return own if given is None else joined(model, own, given.block(block, count))


def run_block(task: Task, block: int) -> BlockResult:
    """Draw, evaluate and sum one block."""
    first = block * BLOCK
    count = min(BLOCK, task.draws - first)
    drawn = block_draws(task.model, task.seed, block, count, task.given)
    outcomes = evaluate(task.model, drawn, threads=task.threads)
    found = totals(outcomes)
    if found.shape[1] != count:  # nothing varies: every draw is the base case
        found = np.repeat(found, count, axis=1)
    sums = block_sums(task.frame, found, outcomes, drawn)
    if not task.every and first >= KEPT:
        return BlockResult(sums, None, None)
    return BlockResult(sums, found, {id_: array for id_, array in drawn.items() if id_ in task.frame.inputs})


def available_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(task: Task, blocks: Iterable[int]) -> Generator[BlockResult, None, None]:
    """Yield the results of blocks in their order, as many worked on at a time as there are cores."""
    cores = available_cores()
    pool = ThreadPoolExecutor(cores)
    waiting: deque[Future[BlockResult]] = deque()
    try:
        for block in blocks:
            waiting.append(pool.submit(run_block, task, block))
            if len(waiting) > cores:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
