"""What is to be fitted: curves and the statistics they must meet, checked for sufficiency.

Where a fit begins: coefficients whose medians are about those reported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from hemodel.survival.curve_spec import (
    ACCELERATED_FAILURE_TIME,
    HAZARD_RATIO_BY_PERIOD,
    INDEPENDENT,
    PROPORTIONAL_ODDS,
    coefficient_parts,
)
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.reported.predicted import check_possible, model_values
from hemodel.survival.reported.statistics import (
    ACCELERATION_FACTOR,
    HAZARD_RATIO,
    MEDIAN,
    ODDS_RATIO,
    RESTRICTED_MEAN,
    SURVIVAL,
    Statistic,
    Target,
    check,
    matched,
    side,
    target,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.curves import EndpointCurves
    from hemodel.survival.family import Array


MOST_COMBINATIONS = 100
RATIO_OF = {ACCELERATED_FAILURE_TIME: ACCELERATION_FACTOR, PROPORTIONAL_ODDS: ODDS_RATIO}


def starting_points(curves: EndpointCurves, statistics: Sequence[Statistic]) -> Array:
    """Return joint coefficients (n, p) to begin from.

    Every independent curve takes several shapes, all with about its reported median:
    every combination of shapes where there are at most `MOST_COMBINATIONS`, else the
    same shape for all curves.
    """
    medians = approximate_medians([spec.strategy for spec in curves.specs], statistics)
    choices = []
    for spec in curves.specs:
        if spec.relation == INDEPENDENT:
            choices.append(curves.family(spec.strategy).starts(medians[spec.strategy]))
        else:
            choices.append(_effects(spec, statistics, medians))
    number = np.prod([len(each) for each in choices])
    if number <= MOST_COMBINATIONS:
        return np.array([np.concatenate(rows) for rows in product(*choices)])
    longest = max(len(each) for each in choices)
    return np.hstack([each[np.arange(longest) % len(each)] for each in choices])


def approximate_medians(strategies: Sequence[str], statistics: Sequence[Statistic]) -> dict[str, float]:
    """Return a rough median of each strategy, in the unit of the statistics.

    The reported one, else that of an exponential curve through the reported survival
    nearest to 0.5 (a bound counts after all others), else from a hazard ratio with
    another strategy, else another's. A restricted mean up to h, divided by h, counts as
    the survival at h / 2.
    """
    found = {s.strategy: s.value for s in statistics if s.kind == MEDIAN and s.bound is None}
    for strategy, time, survival in _survivals(statistics):
        found.setdefault(strategy, time * np.log(2.0) / -np.log(survival))
    for _ in strategies:
        for s in (each for each in statistics if each.kind == HAZARD_RATIO):
            versus = s.versus or ""
            if versus in found:
                found.setdefault(s.strategy, found[versus] / s.value)
            if s.strategy in found:
                found.setdefault(versus, found[s.strategy] * s.value)
    fallback = float(np.exp(np.mean(np.log(list(found.values()))))) if found else 1.0
    return {strategy: found.get(strategy, fallback) for strategy in strategies}


def _survivals(statistics: Sequence[Statistic]) -> list[tuple[str, float, float]]:
    """Return strategy, time and survival of what says something about survival, the best first."""
    found = []
    for s in map(matched, statistics):
        if s.kind == SURVIVAL and s.time is not None:
            found.append((s.bound is not None, abs(s.value - 0.5), s.strategy, s.time, s.value))
        elif s.kind == RESTRICTED_MEAN and s.time is not None:
            share = s.value / s.time
            found.append((s.bound is not None, abs(share - 0.5), s.strategy, 0.5 * s.time, share))
    return [each[2:] for each in sorted(found, key=lambda each: each[:2])]


def _effects(spec: CurveSpec, statistics: Sequence[Statistic], medians: dict[str, float]) -> Array:
    """Return the rough effects (1, k) of a relative curve, one a period for hazard ratios by period."""
    periods = (0.0, *spec.cuts) if spec.relation == HAZARD_RATIO_BY_PERIOD else (0.0,)
    effects = np.full((1, len(periods)), _effect(spec, statistics, medians))
    if spec.relation == HAZARD_RATIO_BY_PERIOD:
        for s in statistics:
            if s.kind == HAZARD_RATIO and s.time in periods and s.strategy == spec.strategy:
                effects[0, periods.index(s.time)] = np.log(s.value)
    return effects


def _effect(spec: CurveSpec, statistics: Sequence[Statistic], medians: dict[str, float]) -> float:
    """Return a rough log hazard ratio, log odds ratio or log acceleration factor."""
    kind = RATIO_OF.get(spec.relation, HAZARD_RATIO)
    for s in statistics:
        if s.kind == kind and s.time is None and (s.strategy, s.versus) == (spec.strategy, spec.reference):
            return float(np.log(s.value))
    longer = float(np.log(medians[spec.strategy] / medians[spec.reference or ""]))
    return longer if spec.relation == ACCELERATED_FAILURE_TIME else -longer


SMALLEST_SINGULAR_VALUE = 1e-8
NOISE = 1e-9
KEPT = 8
"""Arguments whose values are kept."""
FIRST_STEP = 1e-6
CHANGE_PER_STEP = 1e-3
SHORTEST_STEP, LONGEST_STEP = 1e-7, 1e-2


@dataclass(frozen=True)
class FitProblem:
    """Curves of an endpoint, the targets they are fitted to, and what else was reported.

    Attributes
    ----------
    targets : tuple of Target
        The statistics used, bounds among them, J of them.
    statistics : tuple of Statistic
        All statistics of the endpoint, used or compared only.
    follow_up : float or None
        Median follow-up, the span of an average hazard ratio. [months]
    patients : mapping of str to float
        Patients by strategy.
    """

    curves: EndpointCurves
    targets: tuple[Target, ...]
    statistics: tuple[Statistic, ...]
    follow_up: float | None
    patients: Mapping[str, float]
    _known: dict[bytes, Array] = field(default_factory=dict, init=False, repr=False, compare=False)

    def values(self, coefficients: Array) -> Array:
        """Compute the model's value of each target: (p,) -> (J,), or (n, p) -> (n, J).

        The values of the last few arguments are kept: a search asks for them more than once.
        """
        key = coefficients.tobytes() + bytes([coefficients.ndim])
        values = self._known.get(key)
        if values is None:
            values = model_values(self.curves, self.targets, coefficients, self.follow_up, self.patients)
            values.flags.writeable = False
            self._known[key] = values
            for oldest in list(self._known)[:-KEPT]:
                self._known.pop(oldest, None)
        return values

    def slopes(self, coefficients: Array, steps: Array) -> Array:
        """Compute derivatives (J, p) of the values by fourth-order central differences."""
        size = coefficients.size
        moves = np.diag(steps)
        points = np.concatenate([coefficients + k * moves for k in (-2.0, -1.0, 1.0, 2.0)])
        values = self.values(points).reshape(4, size, -1)
        with np.errstate(invalid="ignore"):
            change = (values[0] - values[3]) - 8.0 * (values[1] - values[2])
        return np.asarray((change / (12.0 * steps[:, None])).T)

    def steps(self, coefficients: Array) -> Array:
        """Return a step (p,) for each coefficient that moves no value by more than 0.001."""
        with np.errstate(all="ignore"):
            crude = self.slopes(coefficients, np.full(coefficients.size, FIRST_STEP))
        steepest = np.abs(np.nan_to_num(crude, posinf=0.0, neginf=0.0)).max(axis=0)
        steps = CHANGE_PER_STEP / np.maximum(steepest, CHANGE_PER_STEP)
        return np.asarray(np.clip(steps, SHORTEST_STEP, LONGEST_STEP))

    @property
    def sides(self) -> Array:
        """Sign (J,) of model value less reported where a bound holds; 0 for what is no bound."""
        return np.array([side(each.statistic) for each in self.targets])

    @property
    def ordinary(self) -> NDArray[np.bool_]:
        """Which targets (J,) are no bounds: they alone identify coefficients."""
        return np.asarray(self.sides == 0.0)

    @property
    def errors(self) -> Array:
        """Standard errors (J,) of the targets on their scales."""
        return np.array([each.se for each in self.targets])

    @property
    def reported(self) -> Array:
        """Reported values (J,) on their scales."""
        return np.array([each.y for each in self.targets])


def fit_problem(
    curves: EndpointCurves,
    statistics: Iterable[Statistic],
    follow_up: float | None,
    patients: Mapping[str, float],
) -> FitProblem:
    """Gather what a fit needs and check that it suffices.

    Parameters
    ----------
    curves : EndpointCurves
        The curves to fit.
    statistics : iterable of Statistic
        Reported statistics; those of other endpoints are left out.
    follow_up : float or None
        Median follow-up. [months]
    patients : mapping of str to float
        Patients by strategy; may be empty.

    Raises
    ------
    SurvivalError
        Listing everything that is wrong or missing: values out of range, no standard
        error, unknown strategies, no follow-up, a ratio that the curves' relation does
        not have, too few statistics (bounds are not counted).
    """
    mine = tuple(each for each in statistics if each.endpoint == curves.endpoint)
    found = _repeated(mine)
    found += [error for each in mine for error in _statistic_problems(curves, each, follow_up)]
    used = [each for each in mine if each.used]
    ordinary = [each for each in used if each.bound is None]
    if len(ordinary) < len(curves.names):
        found.append(_too_few(curves, ordinary, len(used) - len(ordinary)))
    raise_together(found)
    targets = tuple(target(each) for each in used)
    problem = FitProblem(curves, targets, mine, follow_up, patients)
    starts = starting_points(curves, used)
    misfit = np.nan_to_num(_misfit(problem, starts), nan=np.inf)
    best = starts[int(np.argmin(misfit))]
    check_rank(problem, problem.slopes(best, problem.steps(best)))
    return problem


def _misfit(problem: FitProblem, points: Array) -> Array:
    z = (problem.values(points) - problem.reported) / problem.errors
    return np.asarray((z[:, problem.ordinary] ** 2).sum(axis=1))


def _repeated(statistics: Sequence[Statistic]) -> list[SurvivalError]:
    ids = [each.id for each in statistics]
    twice = dict.fromkeys(each for each in ids if ids.count(each) > 1)
    return [SurvivalError(f"{each}: more than one statistic has this id.", [each]) for each in twice]


def _statistic_problems(curves: EndpointCurves, statistic: Statistic, follow_up: float | None) -> list[SurvivalError]:
    found = []
    known = {spec.strategy for spec in curves.specs}
    named = [statistic.strategy] + ([statistic.versus] if statistic.versus else [])
    for strategy in (each for each in named if each not in known):
        text = f"{statistic.id}: {curves.endpoint} has no curve for strategy {strategy!r}."
        found.append(SurvivalError(text, [statistic.id]))
    try:
        if statistic.used:
            target(statistic)
            if not found:
                check_possible(curves, statistic, follow_up)
        else:
            check(statistic)
    except SurvivalError as error:
        found.append(error)
    return found


def scaled(slopes: Array, errors: Array) -> Array:
    """Return slopes in standard errors, each column scaled to length 1.

    A column that is a billionth of the longest is rounding error, and becomes 0.
    """
    weighted = np.nan_to_num(slopes / errors[:, None], posinf=0.0, neginf=0.0)
    lengths = np.sqrt((weighted**2).sum(axis=0))
    lengths = np.where(lengths > NOISE * lengths.max(), lengths, np.inf)
    return np.asarray(weighted / lengths)


def check_rank(problem: FitProblem, slopes: Array) -> None:
    """Raise if the targets that are no bounds, at these slopes (J, p), leave some coefficients undetermined."""
    ordinary = problem.ordinary
    matrix = np.nan_to_num(scaled(slopes[ordinary], problem.errors[ordinary]))
    _, singular, directions = np.linalg.svd(matrix)
    loose = directions[singular < SMALLEST_SINGULAR_VALUE * singular[0]]
    if not loose.size:
        return
    involved = np.abs(loose).max(axis=0) > 1e-4
    names = [name for name, is_in in zip(problem.curves.names, involved, strict=True) if is_in]
    columns = problem.curves.columns
    strategies = [strategy for strategy, own in columns.items() if involved[own].any()]
    raise SurvivalError(
        f"{problem.curves.endpoint}: {_count(int(ordinary.sum()), 'usable statistic')} for "
        f"{_count(len(involved), 'coefficient')}, but they leave undetermined "
        f"{', '.join(names)}. {_remedy(problem.curves, strategies, len(ordinary) - int(ordinary.sum()))}",
        [curve_id(problem.curves, strategy) for strategy in strategies],
    )


def _too_few(curves: EndpointCurves, used: Sequence[Statistic], bounds: int) -> SurvivalError:
    """Name the curves that have fewer statistics than coefficients (or all, if none has)."""
    own: dict[str, list[str]] = {strategy: [] for strategy in curves.columns}
    for name in curves.names:
        strategy, coefficient = coefficient_parts(name)
        own[strategy].append(coefficient.removeprefix("log(").removesuffix(")"))
    having = {s: sum(s in (each.strategy, each.versus) for each in used) for s in own}
    short = [s for s in own if having[s] < len(own[s])] or list(own)
    parts = [f"{s}: {having[s]} for {', '.join(own[s])}" for s in short]
    return SurvivalError(
        f"{curves.endpoint}: {_count(len(used), 'usable statistic')} for "
        f"{_count(len(curves.names), 'coefficient')} ({'; '.join(parts)}). "
        f"{_remedy(curves, short, bounds)}",
        [curve_id(curves, strategy) for strategy in short],
    )


def _remedy(curves: EndpointCurves, strategies: Sequence[str], bounds: int) -> str:
    free = [s for s in strategies if curves.spec(s).relation == INDEPENDENT]
    options = [f"Add a median or a landmark survival of {' or '.join(strategies)}"]
    if free and len(curves.specs) > 1:
        options.append("add a hazard ratio and give relation proportional_hazards to one curve")
    if any(len(curves.family(s).parameters) > 1 for s in free):
        options.append("choose a family with fewer parameters (exp has one)")
    aside = " A bound (at least, at most) does not count." if bounds else ""
    return f"{', or '.join(options)}.{aside}"


def curve_id(curves: EndpointCurves, strategy: str) -> str:
    """Return the id of the setting that decides how many coefficients a curve has."""
    column = "family" if curves.spec(strategy).relation == INDEPENDENT else "relation"
    return f"curve.{curves.endpoint}.{strategy}.{column}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
