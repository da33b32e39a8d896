"""Measure speed and memory; print ratios that another machine can be compared with.

    python benchmarks/run.py            the table below, a few minutes
    python benchmarks/run.py --quick    the reference work and the commands alone, each command once

Times are medians of repeats in one process; ratios compare things timed in turn
in the same run. Nothing here is asserted: a slow machine is not a defect.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.load import load
from hemodel.analyses.psa.blocks import block_draws
from hemodel.analyses.psa.draws import probabilistic
from hemodel.analyses.scenarios import run_scenarios, values_only
from hemodel.inputs.cells import read_cells
from hemodel.inputs.changes import Change
from hemodel.inputs.model_inputs import check_changes
from hemodel.inputs.scenarios import read_scenarios, scenario_folder
from hemodel.model.evaluate import Model, base_draws, evaluate, model
from hemodel.parameters import BLOCK

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.parameters import FloatArray

WORKBOOK = Path(__file__).parents[1] / "inputs" / "imforte_us.xlsx"
DRAWS = 10_000
SCENARIOS = 40
MANY_DRAWS = 1_000_000
POINTS = 521
WEEKS = POINTS - 1
REPEATS = 7
ROWS_PER_BLOCK = 125


def weibull_model() -> Model:
    """Return a model with Weibull PFS and OS for two strategies at 521 weekly points, without drugs."""
    found = load(WORKBOOK, [Change("settings.time_horizon", WEEKS * 7 / 365.25, "benchmark")])
    rows = [row for row in found.inputs.rows if row.startswith("curve.") and row.endswith(".family")]
    changes = [Change(row, "weibull", "benchmark") for row in rows if ".tot_" not in row]
    changes.append(Change("settings.time_horizon", WEEKS * 7 / 365.25, "benchmark"))
    relations = [row.replace(".family", ".relation") for row in rows if ".tot_" not in row]
    changes += [Change(row, "independent", "benchmark") for row in relations]
    found = load(WORKBOOK, changes)
    fits = {endpoint: found.fits[endpoint] for endpoint in ("pfs", "os")}
    return model(replace(found.inputs, regimens=()), fits)


def kernel(log_t: FloatArray, coefficients: list[tuple[FloatArray, FloatArray]]) -> None:
    """Evaluate exp(-exp(k log t + c)) and nothing else, in blocks that fit the cache."""
    buffer = np.empty((ROWS_PER_BLOCK, log_t.size))
    for shape, constant in coefficients:
        for start in range(0, shape.size, ROWS_PER_BLOCK):
            rows = slice(start, start + ROWS_PER_BLOCK)
            out = buffer[: shape[rows].size]
            np.multiply(shape[rows, None], log_t, out=out)
            np.add(out, constant[rows, None], out=out)
            np.exp(out, out=out)
            np.negative(out, out=out)
            np.exp(out, out=out)


def in_turn(*functions: Callable[[], object]) -> list[float]:
    """Return the median time of each function, timed in turn so that drift hits all alike."""
    times: list[list[float]] = [[] for _ in functions]
    for _ in range(REPEATS):
        for function, seconds in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - start)
    return [median(seconds) for seconds in times]


def kernel_ratio() -> float:
    """Compare the whole evaluation with the bare kernel on the same curves and points; return the kernel's seconds."""
    built = weibull_model()
    assert built.time_grid.timeline.days.size == POINTS
    parts = [block_draws(built, 1, b, min(BLOCK, DRAWS - b * BLOCK)) for b in range(-(-DRAWS // BLOCK))]
    draws = {
        name: np.concatenate([part[name] for part in parts]) if parts[0][name].shape[0] > 1 else parts[0][name]
        for name in parts[0]
    }
    coefficients = []
    for endpoint in ("pfs", "os"):
        for columns in built.fits[endpoint].curves.columns.values():
            log_shape, log_scale = draws[f"curve.{endpoint}"][:, columns].T
            coefficients.append((np.exp(log_shape), -np.exp(log_shape) * log_scale))
    log_t = np.log(np.maximum(built.time_grid.timeline.months, 1e-300))
    bare, whole = in_turn(lambda: kernel(log_t, coefficients), lambda: evaluate(built, draws))
    print(f"{DRAWS:,} draws x 2 strategies x (PFS, OS) x {POINTS} weekly points, Weibull")
    print(f"  bare kernel exp(-exp(k log t + c))      {bare:7.3f} s    ratio 1.00")
    print(f"  evaluate(): occupancy, costs, QALYs     {whole:7.3f} s    ratio {whole / bare:.2f}   (at most 1.5)")
    return bare


def families() -> None:
    """Run `families.py` in a process of its own, where linear algebra has one thread."""
    script = Path(__file__).with_name("families.py")
    subprocess.run([sys.executable, str(script)], check=True)  # noqa: S603


def live_model() -> None:
    """Run `live_model.py` in a process of its own."""
    script = Path(__file__).with_name("live_model.py")
    subprocess.run([sys.executable, str(script)], check=True)  # noqa: S603


COMMANDS = (
    ("hemodel --help", ("--help",), 5),
    ("check", ("check", WORKBOOK), 10),
    ("run --only base", ("run", WORKBOOK, "--only", "base", "--out"), 18),
    ("run --only psa", ("run", WORKBOOK, "--only", "psa", "--out"), 60),
    ("run, everything", ("run", WORKBOOK, "--out"), 95),
)
"""Commands on the shipped workbook, and in how many times the bare kernel each is to be done."""


def command_times(bare: float) -> None:
    """Time commands that a user waits for, from a cold start, in seconds of the clock and in bare kernels."""
    program = [sys.executable, "-c", "from hemodel.cli import main; main()"]
    quick = "--quick" in sys.argv
    print(f"{'command':40s}  seconds  kernels  aim")
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments, aim in COMMANDS:
            given = [*map(str, arguments), *([f"{folder}/out"] if arguments[-1] == "--out" else [])]
            seconds = []
            for _ in range(1 if quick else 3):
                start = time.perf_counter()
                subprocess.run([*program, *given], check=True, capture_output=True)  # noqa: S603
                seconds.append(time.perf_counter() - start)
            print(f"{name:40s}  {median(seconds):7.2f}  {median(seconds) / bare:7.0f}  {aim:3d}")


def scenarios() -> None:
    """Time the scenarios beside the base case, with every fit to be made and with the fits of a run made already."""
    built, raw = load(WORKBOOK), read_cells(WORKBOOK)
    found = read_scenarios(scenario_folder(WORKBOOK, built.inputs.settings.scenarios), raw.scenarios)
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        run_scenarios(built, (), found)
        seconds.append(time.perf_counter() - start)
    values = sum(values_only(built, check_changes(built.inputs, each.changes)) is not None for each in found)
    per = SCENARIOS / len(found)
    print(f"{len(found)} shipped scenarios beside the base case, {values} of them draws of one evaluation")
    print(
        f"  with every fit to be made   {seconds[0]:6.2f} s, {per * seconds[0]:5.2f} s for {SCENARIOS}   (at most 2 s)"
    )
    print(f"  with the fits made already  {seconds[1]:6.2f} s, {per * seconds[1]:5.2f} s for {SCENARIOS}")


def many_draws() -> None:
    """Run a million draws in a process of its own and report its peak memory."""
    script = f"from benchmarks.run import million; million({MANY_DRAWS})"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", script], cwd=root, check=True, capture_output=True, text=True)  # noqa: S603
    print(done.stdout, end="")


def million(draws: int) -> None:
    """Run so many draws of the shipped workbook and print time and peak memory."""
    built = load(WORKBOOK)
    evaluate(built, base_draws(built))
    start = time.perf_counter()
    probabilistic(built, draws, 1)
    seconds = time.perf_counter() - start
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{draws:,} draws of the shipped workbook  {seconds:7.1f} s   peak {gigabytes:.2f} GB   (under 1 GB)")


if __name__ == "__main__":
    command_times(kernel_ratio())
    sys.stdout.flush()
    if "--quick" not in sys.argv:
        families()
        scenarios()
        sys.stdout.flush()
        live_model()
        many_draws()
