"""Time the EVPPI of every single input beside R's package voi, on the same draws of the shipped workbook.

    python benchmarks/voi.py            the installed package voi of R
    python benchmarks/voi.py FOLDER     the R files of voi in a folder

Both take turns in one run, on one thread; what is compared is processor time, without the start of either.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

THREADS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
os.environ |= THREADS

import numpy as np  # noqa: E402 - after the number of threads is set

from hemodel.analyses.load import load  # noqa: E402
from hemodel.analyses.psa.draws import probabilistic, sample  # noqa: E402
from hemodel.voi.information import evppi_of_each  # noqa: E402
from hemodel.voi.sample import Sample  # noqa: E402

HERE = Path(__file__).parent
WORKBOOK = HERE.parent / "inputs" / "imforte_us.xlsx"
DRAWS = 10_000
REPEATS = 3
THRESHOLDS = (150_000.0, 500_000.0, 1_000_000.0)


def drawn() -> Sample:
    """Return draws of the shipped workbook with its inputs of one number each."""
    model = load(WORKBOOK)
    found = sample(probabilistic(model, DRAWS, 1), model)
    inputs = {id_: values for id_, values in found.inputs.items() if values.ndim == 1}
    return Sample(found.strategies, found.effects, found.costs, inputs, found.labels)


def write(found: Sample, path: Path) -> None:
    """Write a sample as the R script reads it."""
    columns = {**found.inputs}
    for kind, of in (("effect", found.effects), ("cost", found.costs)):
        columns |= {f"{kind}.{strategy}": of[:, j] for j, strategy in enumerate(found.strategies)}
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))


def own_time(found: Sample) -> float:
    """Return the seconds that hemodel takes."""
    start = time.process_time()
    evppi_of_each(found, [(id_,) for id_ in found.inputs], np.array(THRESHOLDS))
    return time.process_time() - start


def r_time(path: Path, folder: list[str]) -> float:
    """Return the seconds that voi takes."""
    at = ",".join(f"{threshold:.0f}" for threshold in THRESHOLDS)
    command = ["Rscript", str(HERE / "voi_times.R"), str(path), at, *folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - own script
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    draws = drawn()
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "draws.csv"
        write(draws, file)
        times = [(own_time(draws), r_time(file, sys.argv[1:2])) for _ in range(REPEATS)]
    for own, other in times:
        print(f"hemodel {own:.1f} s, voi {other:.1f} s, ratio {own / other:.2f}")
    ratio = median(own / other for own, other in times)
    print(f"EVPPI of {len(draws.inputs)} single inputs, {DRAWS:,} draws: ratio {ratio:.2f}")
