"""Measure the probabilistic analysis: time and memory by draws, workers, cycle length, family; value of information.

    python benchmarks/psa.py            the tables below, some minutes
    python benchmarks/psa.py --long     and 10,000,000 draws
    python benchmarks/psa.py --quick    few draws and fewer cases, half a minute

Every line is measured in a process of its own, where linear algebra has one thread: the time of the work after the
model is read, the highest resident memory of that process (and of its workers), and the time over that of the bare
NumPy kernel exp(-exp(k log t + c)) of `run.py` for as many draws, two strategies with PFS and OS, and as many points
of time as the model has, in one thread, timed just before and just after in the same process. The ratio says what
the code costs; times say what the machine does. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.families import with_family
from benchmarks.run import WORKBOOK, kernel
from hemodel.analyses.information import model_sample
from hemodel.analyses.load import load
from hemodel.analyses.options import Options
from hemodel.analyses.psa.draws import acceptability_of, probabilistic
from hemodel.analyses.psa.run import workers_of
from hemodel.inputs.changes import Change
from hemodel.model.evaluate import base_draws, evaluate
from hemodel.parameters import BLOCK
from hemodel.voi.information import evpi, evppi_of_each

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hemodel.analyses.psa.blocks import Mapper
    from hemodel.model.evaluate import Model

DRAWS, LONG_DRAWS, QUICK_DRAWS = (1_000, 10_000, 100_000, 1_000_000), 10_000_000, (1_000, 5_000)
USUAL, QUICK = 100_000, 4 * BLOCK
CYCLES = (1.0, 7.0, 30.4375)
FAMILIES = ("exp", "weibull", "lnorm", "gengamma", "spline(hazard, knots at 1 6 24)", "mixture_cure(weibull)")
INFORMATION_DRAWS = 10_000
CURVES = 4
"""Curves that the kernel evaluates: PFS and OS of two strategies."""
KERNEL_DRAWS = 20_000
REPEATS, TURNS = 3, 2
MIB = 1024.0


@dataclass(frozen=True)
class Case:
    """What one process measures.

    `work` is one of `WORKS`; `workers` are processes, None for threads; `cores` is how many cores the
    process may use, 0 for all.
    """

    work: str = "analysis"
    draws: int = USUAL
    cycle: float = 0.0
    family: str = ""
    workers: int | None = None
    cores: int = 0


@dataclass(frozen=True)
class Measured:
    """Seconds of the work, of the kernel for as many draws, and highest resident memory (s, s, MiB)."""

    seconds: float
    kernel: float
    memory: float


def measure(case: Case) -> Measured:
    """Do the work of a case in this process."""
    built = model_of(case)
    evaluate(built, base_draws(built))
    points = built.time_grid.timeline.days.size
    before = kernel_seconds(case.draws, points)
    with workers_of(Options(workers=case.workers)) as mapper:
        # A few blocks first: workers start, libraries are read, curves are prepared.
        probabilistic(built, 2 * BLOCK, 2, mapper=mapper)
        work = WORKS[case.work](built, case.draws, mapper)
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        memory = peak(os.getpid()) + sum(peak(child) for child in children(os.getpid()))
    return Measured(seconds, (before + kernel_seconds(case.draws, points)) / 2.0, memory)


def model_of(case: Case) -> Model:
    """Return the shipped workbook, with the cycle length and the family of PFS and OS of the case."""
    changes = [Change("settings.cycle_length", case.cycle, "benchmark")] if case.cycle else []
    built = load(WORKBOOK, changes)
    return with_family(built, case.family) if case.family else built


def analysis(built: Model, draws: int, mapper: Mapper) -> Callable[[], object]:
    """Return the probabilistic analysis, to be timed."""
    return lambda: probabilistic(built, draws, 1, mapper=mapper)


def evppi_alone(built: Model, draws: int, mapper: Mapper) -> Callable[[], object]:
    """Return EVPPI of every single input from draws that have been made, to be timed."""
    drawn = model_sample(built, probabilistic(built, draws, 1, mapper=mapper))
    thresholds = np.array(built.inputs.settings.thresholds)
    return lambda: evppi_of_each(drawn, [(id_,) for id_ in drawn.inputs], thresholds)


def whole(built: Model, draws: int, mapper: Mapper) -> Callable[[], object]:
    """Return the probabilistic analysis with its CEAC, EVPI and EVPPI of every single input, to be timed."""
    thresholds = np.array(built.inputs.settings.thresholds)

    def work() -> None:
        psa = probabilistic(built, draws, 1, mapper=mapper)
        acceptability_of(psa)
        drawn = model_sample(built, psa)
        evpi(drawn, thresholds)
        evppi_of_each(drawn, [(id_,) for id_ in drawn.inputs], thresholds)

    return work


WORKS = {"analysis": analysis, "EVPPI": evppi_alone, "analysis, CEAC, EVPI, EVPPI": whole}


def kernel_seconds(draws: int, points: int) -> float:
    """Return the least time of the bare kernel, scaled to as many draws."""
    rng = np.random.default_rng(1)
    count = min(draws, KERNEL_DRAWS)
    shape, constant = 1.0 + 0.1 * rng.random(count), -2.0 + 0.1 * rng.random(count)
    log_t = np.log(np.linspace(0.1, 240.0, points))
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        kernel(log_t, [(shape, constant)] * CURVES)
        seconds.append(time.perf_counter() - start)
    return min(seconds) * draws / count


def peak(process: int) -> float:
    """Return the highest resident memory of a process, in MiB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next((float(line.split()[1]) / MIB for line in lines if line.startswith("VmHWM")), 0.0)


def children(process: int) -> list[int]:
    """Return the processes that a process started, and those that they started."""
    listed = [path.read_text(encoding="utf-8").split() for path in Path(f"/proc/{process}/task").glob("*/children")]
    own = [int(child) for some in listed for child in some]
    return own + [each for child in own for each in children(child)]


def measured(case: Case) -> Measured:
    """Measure a case in a process of its own."""
    command = [sys.executable, str(Path(__file__)), "--case", json.dumps(asdict(case))]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def in_turn(cases: Sequence[Case], turns: int) -> list[Measured]:
    """Measure every case several times, in turn; return the run of each with the least time over its kernel."""
    runs = [[measured(case) for case in cases] for _ in range(turns)]
    return [min(own, key=lambda one: one.seconds / one.kernel) for own in zip(*runs, strict=True)]


def table(title: str, names: Sequence[str], cases: Sequence[Case], turns: int) -> list[Measured]:
    """Measure and print one table."""
    found = in_turn(cases, turns)
    print(f"\n{title}\n")
    print("| | draws | time, s | draws a second | over the kernel | peak memory, MiB |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, case, one in zip(names, cases, found, strict=True):
        cells = (f"{one.seconds:.2f}", f"{case.draws / one.seconds:,.0f}", f"{one.seconds / one.kernel:.2f}")
        print(f"| {name} | {case.draws:,} | {' | '.join(cells)} | {one.memory:,.0f} |", flush=True)
    return found


def worker_tables(draws: int, turns: int, *, quick: bool) -> None:
    """Print the table on cores and workers, and what a second core gives; quick leaves out the workers."""
    names = ("one core", "threads, every core", "Dask, 1 worker", "Dask, 2 workers")
    cases = (Case(draws=draws, cores=1), Case(draws=draws), Case(draws=draws, workers=1), Case(draws=draws, workers=2))
    wanted = 2 if quick else len(cases)
    one, threads, *dask = table("By workers", names[:wanted], cases[:wanted], turns)
    cores = len(os.sched_getaffinity(0))
    print(f"\nThreads on {cores} cores over one core: {_gain(one, threads):.2f} times as fast (at least 1.7 on two)")
    if dask:
        print(f"Two Dask workers over one: {_gain(*dask):.2f} times as fast")


def _gain(slow: Measured, fast: Measured) -> float:
    """How much faster, each over the kernel that was timed beside it."""
    return (slow.seconds / slow.kernel) / (fast.seconds / fast.kernel)


def main() -> None:
    """Print every table, or measure one case."""
    parser = argparse.ArgumentParser(description="Time and memory of the probabilistic analysis")
    parser.add_argument("--quick", action="store_true", help="few draws, each measured once")
    parser.add_argument("--long", action="store_true", help="also 10,000,000 draws")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.case:
        case = Case(**json.loads(given.case))
        if case.cores:
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: case.cores])
        print(json.dumps(asdict(measure(case))))
        return
    quick = given.quick
    usual, turns = (QUICK, 1) if quick else (USUAL, TURNS)
    many = QUICK_DRAWS if quick else (*DRAWS, LONG_DRAWS) if given.long else DRAWS
    works, cycles, families = list(WORKS), list(CYCLES), list(FAMILIES)
    if quick:
        works, cycles, families = works[-1:], cycles[1:2], families[:1]
    aim = "Value of information (analysis, CEAC, EVPI and EVPPI of every single input together: at most 3 s)"
    table(aim, works, [Case(name, QUICK_DRAWS[1] if quick else INFORMATION_DRAWS) for name in works], turns)
    table("By draws", ["threads, every core"] * len(many), [Case(draws=draws) for draws in many], 1)
    worker_tables(usual, turns, quick=quick)
    lengths = [f"{days:g} day{'s' * (days > 1)}" for days in cycles]
    table("By cycle length", lengths, [Case(draws=usual, cycle=days) for days in cycles], turns)
    table("By family of PFS and OS", families, [Case(draws=usual, family=name) for name in families], turns)


if __name__ == "__main__":
    main()
