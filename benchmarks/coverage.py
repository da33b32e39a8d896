"""Count how often 95% intervals of restricted means hold the truth, by the evidence curves are fitted to.

    python benchmarks/coverage.py                             1,000 trials a scenario, some minutes
    python benchmarks/coverage.py --trials 50                 a short run
    python benchmarks/coverage.py --write docs/coverage.md    and put the tables on that page
    python benchmarks/coverage.py --intervals                 survivals reported with intervals, not with n

Trials are simulated from curves that are known. Each is seen four ways: the patients
themselves; the Kaplan-Meier curves as they would be read off a figure, with the table of
numbers at risk, rebuilt to patients; and the statistics that a paper reports, taken as
independent or with the correlation that a simulated trial has. The same seed gives the
same tables.

The layout of the shipped example is among the scenarios: its numbers of patients and its
statistics of OS, alone and with landmarks of the control arm from a study with longer
follow-up.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import quad

from hemodel.distributions import Z975
from hemodel.survival import Statistic, SurvivalError, reconstruct
from hemodel.survival.curve_spec import ACCELERATED_FAILURE_TIME, INDEPENDENT, PROPORTIONAL_HAZARDS, CurveSpec
from hemodel.survival.curves import EndpointCurves
from hemodel.survival.patients.data import PatientData, patients, pooled
from hemodel.survival.patients.fitting import maximum_likelihood
from hemodel.survival.patients.kaplan_meier import kaplan_meier, reverse
from hemodel.survival.patients.proportionality import cox
from hemodel.survival.reported.fitting import fit, fit_problem
from hemodel.survival.reported.simulated_trials import bootstrap_trial, correlated_covariance, rmst_spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hemodel.survival.family import Array
    from hemodel.survival.reported.problem import FitProblem

CONTROL, NEW = "control", "new"
ARMS = (CONTROL, NEW)
ACCRUAL, DATA_CUT = 12.0, 21.0
DROP_OUT = 0.005
READINGS = 120
RISK_STEP = 3.0
SIMULATED = 500
TRIALS = 1_000
PROCESSES = 2
SEED = 20
SOURCES = ("patients", "digitised curves", "statistics, independent", "statistics, correlated")
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


@dataclass(frozen=True)
class Truth:
    """Survival of two arms, Weibull or log-logistic.

    Attributes
    ----------
    family : str
        ``weibull``, where the effect is a hazard ratio, or ``llogis``, where it is an
        acceleration factor.
    shape, effect : float
    median : float
        Of the control arm. [months]
    """

    family: str
    shape: float
    effect: float
    median: float = 8.0

    def survival(self, t: Array | float, arm: str) -> Array:
        """Compute survival at times of any shape, in months."""
        ratio = self._ratio(arm)
        x = (np.asarray(t) / self.median) ** self.shape
        if self.family == "weibull":
            return np.asarray(np.exp(-np.log(2.0) * ratio * x))
        return np.asarray(1.0 / (1.0 + x * ratio**-self.shape))

    def times(self, uniforms: Array, arm: str) -> Array:
        """Compute the times at which survival is these numbers."""
        ratio = self._ratio(arm)
        if self.family == "weibull":
            return np.asarray(self.median * (-np.log2(uniforms) / ratio) ** (1.0 / self.shape))
        return np.asarray(self.median * ratio * (1.0 / uniforms - 1.0) ** (1.0 / self.shape))

    def measures(self, horizons: Sequence[float]) -> Array:
        """Compute the true mean of the new arm and the difference at each horizon by quadrature, in months."""
        found = []
        for horizon in horizons:
            control, new = (
                quad(partial(self.survival, arm=arm), 0.0, horizon, epsabs=1e-10, epsrel=1e-10)[0] for arm in ARMS
            )
            found += [new, new - control]
        return np.array(found)

    def _ratio(self, arm: str) -> float:
        return self.effect if arm == NEW else 1.0


@dataclass(frozen=True)
class External:
    """A study of the control arm with longer follow-up: survival at some months, with intervals, at a weight."""

    months: tuple[float, ...]
    patients: int
    weight: float


@dataclass(frozen=True)
class Layout:
    """Patients an arm, what a trial reports beside medians and hazard ratio, and the horizons of the measures."""

    patients: int = 240
    landmarks: tuple[float, ...] = (6.0, 12.0)
    horizons: tuple[float, ...] = (24.0, 60.0)
    external: External | None = None

    @property
    def measures(self) -> tuple[tuple[str, float], ...]:
        """What is measured: the mean of the new arm and the difference at each horizon."""
        return tuple((what, horizon) for horizon in self.horizons for what in ("mean of the new arm", "difference"))


@dataclass(frozen=True)
class Scenario:
    """A truth, and the curves that are fitted to its trials."""

    title: str
    truth: Truth
    family: str
    relation: str
    layout: Layout = Layout()

    @property
    def curves(self) -> EndpointCurves:
        """The curves to fit."""
        specs = (
            CurveSpec(CONTROL, self.family, INDEPENDENT),
            CurveSpec(NEW, self.family, self.relation, CONTROL),
        )
        return EndpointCurves("os", specs)


WEIBULL, LOG_LOGISTIC = Truth("weibull", 1.2, 0.7), Truth("llogis", 1.6, 1.4)
EXAMPLE = Truth("llogis", 1.32, 1.34, 10.4)
"""About the OS of the shipped example."""
SCENARIOS = (
    Scenario("Weibull, hazard ratio 0.7; fitted as such", WEIBULL, "weibull", PROPORTIONAL_HAZARDS),
    Scenario("Log-logistic, acceleration factor 1.4; fitted as such", LOG_LOGISTIC, "llogis", ACCELERATED_FAILURE_TIME),
    Scenario("The same log-logistic trials, fitted as Weibull", LOG_LOGISTIC, "weibull", PROPORTIONAL_HAZARDS),
    Scenario(
        "The layout of the example: medians, 12-month survival and hazard ratio",
        EXAMPLE,
        "llogis",
        ACCELERATED_FAILURE_TIME,
        Layout(241, (12.0,), (60.0, 240.0)),
    ),
    Scenario(
        "The same, with landmarks of another study of the control arm at half weight",
        EXAMPLE,
        "llogis",
        ACCELERATED_FAILURE_TIME,
        Layout(241, (12.0,), (60.0, 240.0), External((32.8, 44.8, 56.8), 201, 0.5)),
    ),
)


def simulated_trial(truth: Truth, layout: Layout, rng: np.random.Generator) -> dict[str, PatientData]:
    """Simulate one trial: patients enter evenly, are cut off at the data cut, and a few drop out before."""
    found = {}
    for arm in ARMS:
        event_time = truth.times(1.0 - rng.random(layout.patients), arm)
        followed = DATA_CUT - ACCRUAL * rng.random(layout.patients)
        censoring = np.minimum(followed, rng.exponential(1.0 / DROP_OUT, layout.patients))
        found[arm] = patients(np.minimum(event_time, censoring), event_time <= censoring)
    return found


def digitised(data: PatientData) -> PatientData:
    """Read the Kaplan-Meier curve at two decimals with its table of numbers at risk, and rebuild the patients."""
    curve = kaplan_meier(data)
    times = np.linspace(0.0, float(data.time.max()), READINGS)
    risk_times = np.arange(0.0, float(data.time.max()), RISK_STEP)
    at_risk = curve.numbers_at_risk(risk_times)
    return reconstruct(times, curve.at(times).round(2), risk_times, at_risk, int(data.event.sum())).data


def reported(data: Mapping[str, PatientData], layout: Layout, intervals: bool) -> Iterator[Statistic]:
    """Give what a paper reports, at its decimals; survivals with their intervals or with n.

    A median whose interval has no upper end yet is left out, for lack of a standard error.
    """
    for arm in ARMS:
        curve = kaplan_meier(data[arm])
        value, low, high = np.round(curve.median(), 1).tolist()
        if np.isfinite(high):
            yield Statistic(f"median.{arm}", "os", arm, "median", value, low=low, high=high)
        for time in layout.landmarks:
            share, low, high = np.round([curve.at(time), *curve.interval_at(time)], 3).tolist()
            name = f"survival.{arm}.{time:g}"
            if intervals:
                yield Statistic(name, "os", arm, "survival", share, time=time, low=low, high=high)
            else:
                yield Statistic(name, "os", arm, "survival", share, time=time, patients=layout.patients)
    found = cox(data[CONTROL], data[NEW]).log_hazard_ratio
    value, low, high = np.exp([found.value, found.low, found.high]).round(2).tolist()
    yield Statistic("hazard_ratio", "os", NEW, "hazard_ratio", value, low=low, high=high, versus=CONTROL)


def landmarks_elsewhere(truth: Truth, external: External, rng: np.random.Generator) -> Iterator[Statistic]:
    """Give the survival of another study's control arm with its interval, all patients followed to the last month."""
    times = truth.times(1.0 - rng.random(external.patients), CONTROL)
    curve = kaplan_meier(patients(times, np.ones(times.size, dtype=np.bool_)))
    for month in external.months:
        share, low, high = np.round([curve.at(month), *curve.interval_at(month)], 2).tolist()
        name = f"external.{month:g}"
        if low > 0.0:
            yield Statistic(
                name, "os", CONTROL, "survival", share, time=month, low=low, high=high, weight=external.weight,
                external=True, study="another",
            )  # fmt: skip


def reported_problem(scenario: Scenario, data: Mapping[str, PatientData], intervals: bool, trial: int) -> FitProblem:
    """Return the fit to the reported statistics, with median follow-up and numbers of patients."""
    layout = scenario.layout
    follow_up = round(kaplan_meier(reverse(pooled(list(data.values())))).median()[0], 1)
    found = list(reported(data, layout, intervals))
    if layout.external is not None:
        found += landmarks_elsewhere(scenario.truth, layout.external, np.random.default_rng([SEED, trial, 1]))
    return fit_problem(scenario.curves, found, follow_up, dict.fromkeys(ARMS, float(layout.patients)))


def measured(scenario: Scenario, coefficients: Array, covariance: Array) -> Array:
    """Return the measures of the layout and their standard errors by the delta method, (measures, 2), in months."""
    found, curves = [], scenario.curves
    for horizon in scenario.layout.horizons:
        spread = rmst_spread(curves, coefficients, covariance, horizon)
        control, new = (spread.strategies.index(arm) for arm in ARMS)
        found.append((spread.means[new], spread.errors[new]))
        found.append((spread.means[new] - spread.means[control], spread.errors_of_differences[control, new]))
    return np.array(found)


def one_trial(scenario: Scenario, intervals: bool, trial: int) -> Array:
    """Return what each source gives for one trial (sources, measures, 2), nan where it gives no curve."""
    layout = scenario.layout
    data = simulated_trial(scenario.truth, layout, np.random.default_rng([SEED, trial]))
    found = np.full((len(SOURCES), len(layout.measures), 2), np.nan)
    for k in range(2):
        try:
            seen = data if k == 0 else {arm: digitised(data[arm]) for arm in ARMS}
            fitted = maximum_likelihood(scenario.curves, seen)
        except SurvivalError:
            continue
        found[k] = measured(scenario, fitted.coefficients, fitted.covariance)
    try:
        problem = reported_problem(scenario, data, intervals, trial)
        own = fit(problem)
        found[2] = measured(scenario, own.coefficients, own.covariance)
        together = bootstrap_trial(problem, own.coefficients, SIMULATED, trial)
        found[3] = measured(scenario, own.coefficients, correlated_covariance(problem, own.coefficients, together))
    except SurvivalError:
        pass
    return found


def all_trials(scenario: Scenario, trials: int, processes: int, *, intervals: bool) -> Array:
    """Return what each source gives for every trial, (trials, sources, measures, 2)."""
    run = partial(one_trial, scenario, intervals)
    if processes == 1:
        return np.array([run(trial) for trial in range(trials)])
    with ProcessPoolExecutor(processes) as pool:
        return np.array(list(pool.map(run, range(trials), chunksize=10)))


def table(scenario: Scenario, found: Array) -> list[str]:
    """Return the lines of the table of one scenario."""
    truth = scenario.truth.measures(scenario.layout.horizons)
    lines = [
        f"### {scenario.title}",
        "",
        "| restricted mean, months | truth | fitted to | coverage | width | bias |",
        "|---|---:|---|---:|---:|---:|",
    ]
    for j, (what, horizon) in enumerate(scenario.layout.measures):
        for k, source in enumerate(SOURCES):
            usable = ~np.isnan(found[:, :, j]).any(axis=(1, 2))
            value, error = found[usable, k, j].T
            cells = [
                f"{what} to {horizon:g}" if k == 0 else "",
                f"{truth[j]:.2f}" if k == 0 else "",
                source,
                coverage(value, error, float(truth[j])),
                relative_width(error, found[usable, 0, j, 1]),
                bias(value, float(truth[j])),
            ]
            lines.append(f"| {' | '.join(cells)} |")
    return [*lines, "", missing(found)]


def coverage(value: Array, error: Array, truth: float) -> str:
    """Return the share of intervals that hold the truth, and its Monte Carlo error."""
    share = float((np.abs(value - truth) <= Z975 * error).mean())
    return f"{100.0 * share:.1f}% ({100.0 * np.sqrt(share * (1.0 - share) / value.size):.1f})"


def relative_width(error: Array, base: Array) -> str:
    """Return the mean width over that of another source, and its Monte Carlo error by the delta method."""
    ratio = float(error.mean() / base.mean())
    rest = (error - ratio * base).std(ddof=1) / base.mean() / np.sqrt(error.size)
    return f"{ratio:.2f} ({rest:.2f})"


def bias(value: Array, truth: float) -> str:
    """Return the mean error, and its Monte Carlo error, in months."""
    return f"{value.mean() - truth:+.2f} ({value.std(ddof=1) / np.sqrt(value.size):.2f})"


def missing(found: Array) -> str:
    """Return in words how many trials gave no curve."""
    lost = np.isnan(found).any(axis=(2, 3)).sum(axis=0)
    parts = [f"{source} {count}" for source, count in zip(SOURCES, lost, strict=True) if count]
    text = f"Trials without a curve: {', '.join(parts)}" if parts else "Every trial gave a curve from every source"
    return f"{len(found):,} trials. {text}."


def write(page: Path, lines: list[str]) -> None:
    """Put the tables between the marks of a page."""
    text = page.read_text(encoding="utf-8")
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{page}: there is no {BEGIN} followed by {END}, between which the tables stand.")
    before, rest = text.split(BEGIN)
    page.write_text("\n".join([before + BEGIN, "", *lines, "", END + rest.split(END)[1]]), encoding="utf-8")


def main() -> None:
    """Run all scenarios, print the tables and write them where that is asked for."""
    parser = argparse.ArgumentParser(description="Coverage of 95% intervals of restricted means")
    parser.add_argument("--trials", type=int, default=TRIALS, help="trials a scenario")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--write", type=Path, help="page to put the tables on")
    parser.add_argument("--intervals", action="store_true", help="survivals with 95%% intervals in place of n")
    given = parser.parse_args()
    lines: list[str] = []
    for scenario in SCENARIOS:
        found = all_trials(scenario, given.trials, given.processes, intervals=given.intervals)
        lines += [*([""] if lines else []), *table(scenario, found)]
    print("\n".join(lines))
    if given.write:
        write(given.write, lines)


if __name__ == "__main__":
    main()
