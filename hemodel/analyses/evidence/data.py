"""Evidence pack without any family of curves: what was observed and reported, and what follows from it.

That is how reported statistics vary together, whether an effect is constant over time, what PFS and OS as modelled
imply together, and how much of the results follow-up does not show.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hemodel.analyses.evidence.records import (
    BeyondFollowUp,
    Comparison,
    FollowUp,
    Interval,
    LogCumulativeHazard,
    ObservedCurve,
    PostProgression,
    Quantiles,
    ReportedPoint,
    Residuals,
    Smoothed,
    Spread,
    StatisticsEvidence,
    interval_of,
    tested,
)
from hemodel.economics import increments
from hemodel.model.curve_effects import EffectDraws, acted_survival
from hemodel.model.evaluate import base_draws, evaluate, model
from hemodel.model.occupancy import capped, states
from hemodel.survival.endpoint_fit import DIGITISED
from hemodel.survival.errors import SurvivalError
from hemodel.survival.patients.data import pooled
from hemodel.survival.patients.hazards import log_cumulative_hazard_points, smoothed_hazard
from hemodel.survival.patients.kaplan_meier import kaplan_meier, reverse
from hemodel.survival.patients.proportionality import (
    constant_acceleration,
    cox,
    proportionality,
    quantile_points,
    schoenfeld,
)
from hemodel.survival.reported.simulated_trials import arms_of, correlated_covariance, rmst_spread
from hemodel.survival.reported.statistics import MEDIAN, SURVIVAL, Statistic, bounds, has_error
from hemodel.survival.workbook.curves import options
from hemodel.survival.workbook.fits import endpoint_problem, endpoint_trials
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hemodel.inputs.rows import Row
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.survival.effects.life_tables import Background
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array
    from hemodel.survival.patients.data import PatientData
    from hemodel.survival.patients.kaplan_meier import Estimate
    from hemodel.survival.reported.fitting import ReportedFit
    from hemodel.survival.reported.problem import FitProblem
    from hemodel.survival.reported.simulated_trials import RestrictedMeanSpread, TrialBootstrap

    Pair = tuple[PatientData, PatientData]

ROUND_STEPS = (0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 18.0, 24.0, 36.0, 48.0, 60.0, 84.0, 120.0)
MOST_ROUND_TIMES = 8
SMOOTHED_POINTS = 101
FOLLOW_UP = "trial.median_follow_up"


def patients_of(fit: EndpointFit) -> dict[str, PatientData]:
    """Return the patients of every strategy that has them, rebuilt ones among them."""
    return {strategy: source.data for strategy, source in fit.sources.items() if source.data is not None}


def observed_curves(fit: EndpointFit) -> dict[str, ObservedCurve]:
    """Return the Kaplan-Meier curve of every strategy with patients or a digitised curve."""
    return {
        strategy: _observed(data, digitised=fit.sources[strategy].kind == DIGITISED)
        for strategy, data in patients_of(fit).items()
    }


def _observed(data: PatientData, *, digitised: bool) -> ObservedCurve:
    curve = kaplan_meier(data)
    round_ = round_times(float(curve.times[-1]))
    return ObservedCurve(
        digitised=digitised,
        times=np.concatenate([[0.0], curve.times]),
        survival=np.concatenate([[1.0], curve.survival]),
        low=np.concatenate([[1.0], curve.low]),
        high=np.concatenate([[1.0], curve.high]),
        at_risk_times=round_,
        at_risk=curve.numbers_at_risk(round_),
        patients=float(data.weight.sum()),
        events=float(curve.events.sum()),
        censored=float(curve.censored.sum()),
        effective_size=data.effective_size if data.has_weights else None,
        median=interval_of(*curve.median()),
    )


def round_times(last: float) -> Array:
    """Return at most 8 round times in months from 0 to a last time, the finest of `ROUND_STEPS` that gives so few."""
    step = next((step for step in ROUND_STEPS if last < MOST_ROUND_TIMES * step), last / (MOST_ROUND_TIMES - 1))
    return step * np.arange(np.floor(last / step) + 1.0)


def smoothed_hazards(fit: EndpointFit) -> dict[str, Smoothed]:
    """Return the kernel-smoothed hazard of every strategy with patients, from time 0 to its last time."""
    return {
        strategy: Smoothed(**vars(smoothed_hazard(data, np.linspace(0.0, data.time.max(), SMOOTHED_POINTS))))
        for strategy, data in patients_of(fit).items()
    }


def reported_points(statistics: Iterable[Statistic], rows: Mapping[str, Row]) -> list[ReportedPoint]:
    """Return the trial's medians and landmark survivals as points of the curves, bounds among them."""
    found = []
    for each in statistics:
        if each.external or each.kind not in {MEDIAN, SURVIVAL}:
            continue
        low, high = interval(each)
        is_median = each.kind == MEDIAN
        found.append(
            ReportedPoint(
                id=each.id,
                label=label(rows, each.id),
                strategy=each.strategy,
                kind=each.kind,
                time=each.value if is_median else each.time or float("nan"),
                survival=0.5 if is_median else each.value,
                low=low,
                high=high,
                bound=each.bound,
                used=each.used,
            )
        )
    return found


def interval(statistic: Statistic) -> tuple[float, float] | tuple[None, None]:
    """Return the 95% interval of a statistic, reported or from its standard error, else None twice."""
    if statistic.bound is not None or not has_error(statistic):
        return None, None
    try:
        return bounds(statistic)
    except SurvivalError:
        return None, None


def label(rows: Mapping[str, Row], id_: str) -> str:
    """Return the label of a row, or that of its kind."""
    return rows[id_].label


def follow_up(fits: Iterable[EndpointFit], rows: Mapping[str, Row]) -> FollowUp:
    """Return how long the patients of some endpoints were observed.

    It is the reported median follow-up; else the reverse Kaplan-Meier median of all
    patients of the first endpoint that has some (Schemper M, Smith TL (1996), Controlled
    Clinical Trials 17: 343-346), or their last time where that median is not reached.
    """
    row = rows.get(FOLLOW_UP)
    reported = row.number if row is not None and row.value is not None else None
    data = next((found for fit in fits if (found := patients_of(fit))), {})
    medians = {strategy: reverse_median(some) for strategy, some in data.items()}
    last = {strategy: float(some.time.max()) for strategy, some in data.items()}
    if reported is not None:
        months, basis = reported, "Reported median follow-up of the trial."
    elif not data:
        months, basis = None, "The follow-up is not known: it is not reported and there are no patients."
    else:
        months = reverse_median(pooled(list(data.values())))
        basis = "Median of the reverse Kaplan-Meier curve of all patients."
        if not np.isfinite(months):
            months = max(last.values())
            basis = "Last time observed; the reverse Kaplan-Meier curve does not reach its median."
    return FollowUp(months=months, basis=basis, reported=reported, reverse_median=medians, last=last)


def reverse_median(data: PatientData) -> float:
    """Return the median of the reverse Kaplan-Meier curve; ``inf`` where it is not reached or there is no curve."""
    try:
        return kaplan_meier(reverse(data)).median()[0]
    except SurvivalError:
        return float("inf")


def log_cumulative_hazards(fit: EndpointFit, points: Iterable[ReportedPoint]) -> dict[str, LogCumulativeHazard]:
    """Return log cumulative hazard against log time: of patients, else of the reported points that are no bounds."""
    found = {}
    reported = [each for each in points if each.bound is None]
    for strategy in fit.sources:
        data = fit.sources[strategy].data
        if data is not None:
            times, hazards = log_cumulative_hazard_points(data)
            found[strategy] = LogCumulativeHazard(log_time=times, log_hazard=hazards)
            continue
        mine = sorted((each.time, each.survival) for each in reported if each.strategy == strategy)
        if mine:
            time, survival = np.array(mine).T
            found[strategy] = LogCumulativeHazard(log_time=np.log(time), log_hazard=np.log(-np.log(survival)))
    return found


def statistics_evidence(model: Model, endpoint: str, horizon: float) -> tuple[StatisticsEvidence | None, str]:
    """Correlate the statistics that trials report which are simulated from the curves in use.

    Returns
    -------
    evidence : StatisticsEvidence or None
    note : str
        Why there is none; empty where there is.
    """
    fit = model.fits[endpoint]
    if not fit.reported:
        return None, f"No curve of {endpoint} is fitted to reported statistics."
    if fit.weights:
        return None, f"The curves of {endpoint} are an average of families; trials are simulated from one family."
    try:
        problem = endpoint_problem(model.inputs, endpoint)
        bootstrap = endpoint_trials(model.inputs, endpoint)
    except SurvivalError as error:
        return None, f"No trials could be simulated. {error}"
    rows = model.inputs.rows
    return StatisticsEvidence(
        ids=list(bootstrap.ids),
        labels=[label(rows, id_) for id_ in bootstrap.ids],
        correlation=bootstrap.correlation,
        simulated=bootstrap.simulated.tolist(),
        effective_sizes=bootstrap.effective_sizes,
        patients=_patients(problem),
        missing=bootstrap.missing,
        trials=bootstrap.trials,
        complete=bootstrap.complete,
        spread=_spread(problem, fit.reported[0], bootstrap, horizon, model.strategies[0]),
        used="correlated" if options(rows).correlated else "independent",
    ), ""


def _patients(problem: FitProblem) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the patients (J,) of the arms that each statistic is about."""
    arms = [arms_of(each.statistic) for each in problem.targets]
    return np.array([sum(problem.patients.get(arm, np.nan) for arm in some) for some in arms], dtype=np.float64)


def _spread(
    problem: FitProblem, fitted: ReportedFit, bootstrap: TrialBootstrap, horizon: float, comparator: str
) -> list[Spread]:
    """Restricted means and standard errors by the delta method, with either covariance."""
    correlated = correlated_covariance(problem, fitted.coefficients, bootstrap)
    first, second = (
        rmst_spread(problem.curves, fitted.coefficients, covariance, horizon)
        for covariance in (fitted.covariance, correlated)
    )
    strategies = first.strategies
    base = strategies.index(comparator) if comparator in strategies else None
    others = [] if base is None else [i for i in range(len(strategies)) if i != base]
    independent, together = _errors(first, base, others), _errors(second, base, others)
    differences = [float(first.means[i] - first.means[base or 0]) for i in others]
    labels = (*strategies, *(f"{strategies[i]} - {comparator}" for i in others))
    ratio = np.divide(together, independent, out=np.full(independent.size, np.nan), where=independent > 0.0)
    columns = zip(labels, [*first.means, *differences], independent, together, ratio, strict=True)
    return [
        Spread(label=name, mean=mean, independent=alone, correlated=both, ratio=each)
        for name, mean, alone, both, each in columns
    ]


def _errors(
    spread: RestrictedMeanSpread, base: int | None, others: list[int]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    differences = [] if base is None else [float(spread.errors_of_differences[i, base]) for i in others]
    return np.array([*spread.errors, *differences], dtype=np.float64)


Result = TypeVar("Result")


def comparisons(fit: EndpointFit, comparator: str) -> tuple[list[Comparison], str]:
    """Compare each strategy with the comparator by their patients.

    Returns
    -------
    comparisons : list of Comparison
    note : str
        Why there are none; empty where there are.
    """
    data = patients_of(fit)
    others = [strategy for strategy in data if strategy != comparator]
    if comparator not in data or not others:
        return [], (
            "Tests of proportional hazards and of constant acceleration need patients or a digitised curve of "
            f"{comparator} and of another strategy; reported statistics do not show them."
        )
    return [_comparison(comparator, each, (data[comparator], data[each])) for each in others], ""


def _comparison(reference: str, strategy: str, pair: Pair) -> Comparison:
    notes: list[str] = []
    ratio, residuals = tried(cox, pair, notes), tried(schoenfeld, pair, notes)
    constant, points = tried(proportionality, pair, notes), tried(quantile_points, pair, notes)
    factor = tried(constant_acceleration, pair, notes)
    return Comparison(
        reference=reference,
        strategy=strategy,
        hazard_ratio=None if ratio is None else _exponentiated(ratio.log_hazard_ratio),
        proportional_hazards=tested(constant),
        schoenfeld=None if residuals is None else Residuals(time=residuals.time, value=residuals.value),
        quantiles=None if points is None else Quantiles(**vars(points)),
        acceleration_factor=None if factor is None else _exponentiated(factor.log_acceleration_factor),
        constant_acceleration=None if factor is None else tested(factor.test),
        notes=list(dict.fromkeys(notes)),
    )


def _exponentiated(estimate: Estimate) -> Interval:
    return interval_of(*(float(np.exp(each)) for each in (estimate.value, estimate.low, estimate.high)))


def tried(test: Callable[[PatientData, PatientData], Result], pair: Pair, notes: list[str]) -> Result | None:
    """Return the result of a test, or None with the reason added to the notes."""
    try:
        return test(*pair)
    except SurvivalError as error:
        notes.append(str(error))
        return None


FEWEST_PROGRESSED = 1e-4
"""Share progressed below which the implied hazard is a quotient of two small numbers and is left out."""


def modelled_curves(model: Model, strategy: str) -> tuple[Array, Array, Array]:
    """Return cycle boundaries in months, and PFS and OS there as the model uses them.

    That is with further effects, waning and background mortality, and with PFS at most OS.
    """
    plan, draws = model.time_grid, base_draws(model)
    coefficients = {endpoint: draws[f"curve.{endpoint}"] for endpoint in model.fits}
    effects = {id_: draws[id_][:, None] for some in model.curve_effects.effects.values() for _, id_ in some}
    curves = {endpoint: fit.curves for endpoint, fit in model.fits.items()}
    places = plan.timeline.positions(plan.timeline.boundaries)
    found = []
    for endpoint in ("pfs", "os"):
        if model.curve_effects.changes(endpoint, strategy):
            block = EffectDraws(coefficients, effects)
            whole = acted_survival(plan, curves, model.curve_effects, block, endpoint, strategy)[0]
        else:
            months, logs = plan.timeline.months, plan.log_months
            whole = curves[endpoint].survival(strategy, months, coefficients[endpoint], log_t=logs)
        found.append(whole[0, places])
    free, overall = found
    return plan.timeline.boundaries / DAYS_PER_MONTH, capped(free, overall), overall


def post_progression(model: Model, strategy: str, population: Background | None) -> PostProgression:
    """Compute the hazard of death after progression that PFS and OS imply.

    Deaths are those of OS less the deaths among patients who leave PFS; time progressed
    is the mean of OS - PFS at the ends of a cycle. Nothing is repaired.
    """
    boundaries, free, overall = modelled_curves(model, strategy)
    share = model.inputs.rows[f"pfs_events.share_deaths.{strategy}"].number
    middle, lengths = 0.5 * (boundaries[1:] + boundaries[:-1]), np.diff(boundaries)
    progressed = states(free, overall)["progressed"]
    present = 0.5 * (progressed[1:] + progressed[:-1])
    deaths = -np.diff(overall) - share * -np.diff(free)
    enough = present > FEWEST_PROGRESSED
    hazard = np.where(enough, deaths / (np.where(enough, present, 1.0) * lengths), np.nan)
    background = None if population is None else population.hazard(middle)
    below = months_of(middle, hazard < (0.0 if background is None else background))
    negative = months_of(middle, hazard < 0.0)
    return PostProgression(
        share_deaths=share,
        months=middle,
        hazard=hazard,
        background=background,
        months_below=list(below),
        months_negative=list(negative),
        finding=_finding(strategy, below, negative, with_background=background is not None),
    )


def months_of(times: Array, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> tuple[int, ...]:
    """Return the months, counted from 1, in which any of the chosen times lies."""
    return tuple(sorted({int(time) + 1 for time in times[chosen]}))


def in_ranges(months: Iterable[int]) -> str:
    """Write months as ranges, for example ``1-3, 7``."""
    runs = [list(run) for _, run in groupby(enumerate(months), key=lambda pair: pair[1] - pair[0])]
    ends = [(run[0][1], run[-1][1]) for run in runs]
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in ends)


def _finding(strategy: str, below: tuple[int, ...], negative: tuple[int, ...], *, with_background: bool) -> str:
    level = "the population's" if with_background else "0"
    start = f"{strategy}: the hazard of death after progression that PFS and OS imply"
    if not below:
        return f"{start} is never below {level}."
    text = f"{start} is below {level} in {_count(below)} ({in_ranges(below)})"
    if with_background and negative:
        text += f", and below 0 in {_count(negative)} ({in_ranges(negative)})"
    return f"{text}: the two curves do not go together there."


def _count(months: tuple[int, ...]) -> str:
    return "1 month" if len(months) == 1 else f"{len(months)} months"


def beyond_follow_up(whole: Model, follow_up: float) -> BeyondFollowUp:
    """Compute the shares of discounted life-years and QALYs that lie beyond follow-up.

    The model is evaluated again with follow-up as its horizon: share = 1 - value to
    follow-up / value to the horizon. Losses from adverse events fall at the start.

    Parameters
    ----------
    follow_up : float
        [months]
    """
    settings = whole.inputs.settings
    years = min(follow_up / MONTHS_PER_YEAR, settings.time_horizon)
    full, short = (_outcomes(whole, horizon) for horizon in (settings.time_horizon, years))
    tables = [(full.life_years, short.life_years), (full.qalys, short.qalys)]
    shares, gained = [], []
    for long, brief in tables:
        till_end, till_follow_up = long.total[0], brief.total[0]
        shares.append(_shares(whole.strategies, till_end, till_follow_up))
        gained.append(_shares(whole.strategies[1:], increments(till_end), increments(till_follow_up)))
    return BeyondFollowUp(
        follow_up=follow_up,
        life_years=shares[0],
        qalys=shares[1],
        incremental_life_years=gained[0],
        incremental_qalys=gained[1],
    )


def _outcomes(whole: Model, years: float) -> Outcomes:
    """Outcomes of the base case up to a horizon; where a crossing of PFS and OS is an error PFS is capped."""
    own = whole.inputs.settings
    rule = "cap_pfs" if own.pfs_above_os == "error" else own.pfs_above_os
    settings = own.model_copy(update={"time_horizon": years, "pfs_above_os": rule})
    return evaluate(model(replace(whole.inputs, settings=settings), whole.fits), base_draws(whole))


def _shares(strategies: Iterable[str], whole: Array, within: Array) -> dict[str, float]:
    shares = 1.0 - np.divide(within, whole, out=np.full(whole.size, np.nan), where=whole != 0.0)
    return dict(zip(strategies, shares.tolist(), strict=True))
