"""Measure what each family of curves costs, and the ways to fit one; print ratios.

    python benchmarks/families.py            a few minutes
    python benchmarks/families.py --quick    fewer draws

A probabilistic analysis of the shipped workbook is timed with PFS and OS of each family,
in turn with Weibull in the same run; the best of several counts. Times are of the
processor, all threads together, and linear algebra has one thread, so that other work on
the machine matters little. Nothing is asserted.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.evidence.pack import evidence_pack
from hemodel.analyses.load import load
from hemodel.analyses.psa.draws import probabilistic
from hemodel.survival import fit_patients, reconstruct
from hemodel.survival.curve_spec import INDEPENDENT, CurveSpec, as_family
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.endpoint_fit import COEFFICIENTS, EndpointFit, Source
from hemodel.survival.families.average import Average
from hemodel.survival.families.registry import FAMILIES
from hemodel.survival.patients.bootstrap import case_bootstrap
from hemodel.survival.patients.data import PatientData, patients
from hemodel.survival.patients.kaplan_meier import kaplan_meier
from hemodel.survival.reported.fitting import fit
from hemodel.survival.reported.simulated_trials import bootstrap_refits, bootstrap_trial, correlated_covariance
from hemodel.survival.workbook.fits import endpoint_problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.model.evaluate import Model
    from hemodel.survival.family import Array, Family

WORKBOOK = Path(__file__).parents[1] / "inputs" / "imforte_us.xlsx"
ENDPOINTS = ("pfs", "os")
REFERENCE = "weibull"
NAMES = (
    "exp",
    "weibullPH",
    "gompertz",
    "llogis",
    "lnorm",
    "gamma",
    "gengamma",
    "genf",
    "spline(hazard, knots at 1 6 24)",
    "spline(odds, knots at 1 6 24)",
    "spline(normal, knots at 1 6 24)",
    "mixture_cure(weibull)",
    "mixture_cure(gengamma)",
    "nonmixture_cure(lnorm)",
    "join(exp, 6, weibull)",
    "join(exp, 6, gengamma)",
    "piecewise(3, 6, 12)",
    "average(weibull, llogis, lnorm)",
)
FITTED = (*FAMILIES, "spline(hazard, 2 knots)", "spline(odds, 2 knots)", "spline(normal, 2 knots)")
DRAWS, FEW_DRAWS = 10_000, 2_000
REPEATS, FEW_REPEATS = 3, 2
SE, SE_OF_BENDS = 0.05, 0.005
SHARES = np.array([0.1, 0.25, 0.4, 0.6, 0.75])
PATIENTS = 500
DATA_CUT = 30.0
READINGS = 120
TRIALS, REFITS = 1_000, 100
SEED = 1


def cpu_time(function: Callable[[], object]) -> float:
    """Return the seconds of processor time a function takes."""
    start = time.process_time()
    function()
    return time.process_time() - start


def best_time(function: Callable[[], object], repeats: int) -> float:
    """Return the least processor time of several runs."""
    return min(cpu_time(function) for _ in range(repeats))


def usual(shape: Family, curves: EndpointCurves, strategy: str, coefficients: Array) -> Array:
    """Return coefficients (p,) of a usual shape of the family, nearest to a fitted curve with the same median."""
    row = coefficients[None, :]
    times = np.array([float(curves.quantile(strategy, share, row)[0]) for share in SHARES])
    starts = shape.starts(float(curves.quantile(strategy, 0.5, row)[0]))
    gaps = shape.survival(times, starts) - (1.0 - SHARES)
    return np.asarray(starts[np.argmin((gaps**2).sum(axis=1))])


def errors(shape: Family) -> Array:
    """Return standard errors (p,): none of weights, small ones of the bends of a spline."""
    known = {"weight": 0.0} | {f"gamma{j}": SE_OF_BENDS for j in range(2, len(shape.parameters))}
    return np.array([known.get(name.split("(")[0], SE) for name in shape.parameters])


def with_family(built: Model, name: str) -> Model:
    """Return the model with independent curves of PFS and OS of one family."""
    shape = as_family(name)
    if isinstance(shape, Average):
        shape = shape.with_weights((1.0 / len(shape.averaged),) * len(shape.averaged))
    fits = dict(built.fits)
    for endpoint in ENDPOINTS:
        old = built.fits[endpoint]
        each = [usual(shape, old.curves, spec.strategy, old.coefficients) for spec in old.curves.specs]
        specs = tuple(CurveSpec(spec.strategy, shape, INDEPENDENT) for spec in old.curves.specs)
        spread = np.tile(errors(shape), len(specs))
        fits[endpoint] = EndpointFit(
            EndpointCurves(endpoint, specs),
            np.concatenate(each),
            partial(np.diag, spread**2),
            {spec.strategy: Source(COEFFICIENTS) for spec in specs},
        )
    return replace(built, fits=fits)


def family_ratios(draws: int, repeats: int) -> None:
    """Compare probabilistic analyses by family with Weibull, each in turn with it."""
    built = load(WORKBOOK)
    base = with_family(built, REFERENCE)
    points = base.time_grid.timeline.days.size
    print(
        f"{draws:,} draws of the shipped workbook ({points} points), PFS and OS of one family, over Weibull: at most 3"
    )
    for name in NAMES:
        other = with_family(built, name)
        probabilistic(other, 2, SEED)
        runs = [partial(probabilistic, each, draws, SEED) for each in (base, other)]
        pairs = [[cpu_time(run) for run in runs] for _ in range(repeats)]
        weibull, found = (min(times) for times in zip(*pairs, strict=True))
        print(f"  {name:36s} {found / weibull:5.2f}   ({found:.2f} s over {weibull:.2f} s)")


def arm(scale: float, seed: int) -> PatientData:
    """Return patients of one arm with Weibull times (shape 1.3) and censoring between 6 months and the data cut."""
    rng = np.random.default_rng(seed)
    event_time = scale * rng.weibull(1.3, PATIENTS // 2)
    censoring = rng.uniform(6.0, DATA_CUT, PATIENTS // 2)
    return patients(np.minimum(event_time, censoring), event_time <= censoring)


def likelihood_fits(repeats: int) -> None:
    """Fit families to two arms, one family after the other."""
    data = {"standard": arm(12.0, 1), "new": arm(16.0, 2)}
    times = {name: best_time(partial(fit_patients, data, name), repeats) for name in FITTED}
    line(
        f"{len(times)} families on {PATIENTS} patients in 2 arms, maximum likelihood (at most 2 s)", sum(times.values())
    )
    print("  " + "   ".join(f"{name} {seconds:.2f}" for name, seconds in times.items()))


def rebuilt_arms(repeats: int) -> None:
    """Rebuild two arms from Kaplan-Meier curves read at two decimals."""
    risk_times = np.arange(0.0, DATA_CUT, 3.0)
    readings = []
    for data in (arm(12.0, 1), arm(16.0, 2)):
        curve = kaplan_meier(data)
        times = np.linspace(0.0, float(data.time.max()), READINGS)
        readings.append((times, curve.at(times).round(2), curve.numbers_at_risk(risk_times), int(data.event.sum())))

    def rebuild() -> None:
        for times, survival, at_risk, events in readings:
            reconstruct(times, survival, risk_times, at_risk, events)

    line(f"two arms rebuilt from {READINGS} points of a Kaplan-Meier curve each", best_time(rebuild, repeats))


def trial_bootstraps(repeats: int) -> None:
    """Simulate the trial of the shipped workbook for the correlation of its statistics, and refit curves to it."""
    inputs = load(WORKBOOK).inputs
    problems = [endpoint_problem(inputs, endpoint) for endpoint in ENDPOINTS]
    fits = [fit(problem) for problem in problems]

    def correlate() -> None:
        for problem, fitted in zip(problems, fits, strict=True):
            correlated_covariance(
                problem, fitted.coefficients, bootstrap_trial(problem, fitted.coefficients, TRIALS, SEED)
            )

    def refit() -> None:
        for problem, fitted in zip(problems, fits, strict=True):
            bootstrap_refits(problem, fitted, REFITS, SEED)

    line(f"correlation of statistics, {TRIALS:,} simulated trials, PFS and OS", best_time(correlate, repeats))
    line(f"curves refitted to {REFITS} simulated trials, PFS and OS", best_time(refit, repeats))


def case_bootstraps(repeats: int) -> None:
    """Refit Weibull curves of two arms to patients drawn again."""
    data = {"standard": arm(12.0, 1), "new": arm(16.0, 2)}
    fitted = fit_patients(data, "weibull").fitted.likelihoods[0]
    seconds = best_time(lambda: case_bootstrap(fitted, data, TRIALS, SEED), repeats)
    line(f"curves refitted to {TRIALS:,} resamples of {PATIENTS} patients", seconds)


def pack_time() -> None:
    """Gather the evidence on all curves of the shipped workbook, nothing of it known before."""
    built = load(WORKBOOK)
    line("evidence pack of the shipped workbook", cpu_time(lambda: evidence_pack(built, seed=SEED)))


def line(what: str, seconds: float) -> None:
    """Print one time."""
    print(f"{what:72s} {seconds:7.3f} s")


if __name__ == "__main__":
    quick = "--quick" in sys.argv
    repeats = FEW_REPEATS if quick else REPEATS
    family_ratios(FEW_DRAWS if quick else DRAWS, repeats)
    print("Seconds of processor time")
    pack_time()
    likelihood_fits(repeats)
    rebuilt_arms(repeats)
    trial_bootstraps(repeats)
    case_bootstraps(repeats)
