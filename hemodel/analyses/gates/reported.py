"""Gates on reported statistics: against one another, and against the curves that are fitted to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.gates.finding import (
    EXTERNAL_OFF,
    INDEPENDENT_STATISTICS,
    MOST_ERRORS,
    RATIO_SIDE,
    STATISTIC_OFF,
    Finding,
)
from hemodel.survival.endpoint_fit import REPORTED
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.fitting import bound_residual
from hemodel.survival.reported.predicted import model_values, obstacle
from hemodel.survival.reported.simulated_trials import arms_of, is_simulated
from hemodel.survival.reported.statistics import (
    ACCELERATION_FACTOR,
    MEDIAN,
    RATIOS,
    RESTRICTED_MEAN,
    SURVIVAL,
    Statistic,
    check,
    from_scale,
    has_error,
    matched,
    side,
    target,
    to_scale,
)
from hemodel.survival.workbook.curves import endpoints, options, statistics
from hemodel.survival.workbook.fits import evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hemodel.inputs.checks import Rows
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.reported.statistics import Target
    from hemodel.survival.workbook.tables import Inputs


CHOICES = ("curves.statistics", "curves.draws", "curves.replicates", "settings.seed")
"""Rows that say how the uncertainty of curves is found; in a workbook with problems some may lack or be empty."""
FEWEST_TOGETHER = 2
"""Statistics of one arm and endpoint from which on it matters that they are of the same patients."""


def in_words(statistic: Statistic, value: float) -> str:
    """Return a value of a statistic, with the time of a survival."""
    kind = matched(statistic).kind
    if kind == SURVIVAL:
        return f"{value:.1%} at month {matched(statistic).time:.3g}"
    return f"{value:.3g} months" if kind in {MEDIAN, RESTRICTED_MEAN} else f"{value:.3g}"


def taken_as_independent(rows: Rows) -> Iterator[Finding]:
    """Yield one finding where several statistics of the same patients are fitted as if they were of different ones.

    Bootstrap replicates have the correlation in them, whatever `curves.statistics` says.
    """
    said = all(id_ in rows and rows[id_].value is not None for id_ in CHOICES)
    if not said or options(rows).correlated or options(rows).bootstrap:
        return
    several = []
    for endpoint in endpoints(rows):
        used = [s for s in statistics(rows, endpoint) if s.used and not s.fixed and is_simulated(s)]
        arms = [arm for each in used for arm in arms_of(each) if _is_reported(rows, endpoint, arm)]
        several += [
            (endpoint, arm, arms.count(arm)) for arm in dict.fromkeys(arms) if arms.count(arm) >= FEWEST_TOGETHER
        ]
    if several:
        listed = ", ".join(f"{endpoint} of {arm} ({count})" for endpoint, arm, count in several)
        yield Finding(
            gate=INDEPENDENT_STATISTICS,
            endpoint=several[0][0],
            strategies=tuple(dict.fromkeys(arm for _, arm, _ in several)),
            id="curves.statistics",
            what=f"curves.statistics is independent, and several statistics of the same patients are fitted: {listed}",
            why="Statistics of the same patients vary together, so that the uncertainty of these curves is not the one "
            "that the trial leaves",
            todo="Set curves.statistics to correlated",
            value=float(max(count for _, _, count in several)),
            limit=FEWEST_TOGETHER - 1,
        )


def _is_reported(rows: Rows, endpoint: str, strategy: str) -> bool:
    row = rows.get(f"curve.{endpoint}.{strategy}.source")
    return row is not None and row.text == REPORTED


@dataclass(frozen=True)
class Contrast:
    """What a median, a survival or a restricted mean of two arms says of the log ratio of their hazards."""

    log_ratio: float
    words: str


def on_the_other_side(rows: Rows) -> Iterator[Finding]:
    """Yield each ratio on the other side of 1 than every median and landmark of its two arms.

    They count as being on the other side where all of them favour the other arm and, taken as a ratio of constant
    hazards, lie more than 2 standard errors of the ratio from it. No fit is needed for this.
    """
    for endpoint in endpoints(rows):
        known = [s for s in statistics(rows, endpoint) if not s.external and s.bound is None and _is_sound(s)]
        for ratio in known:
            if ratio.kind not in RATIOS or ratio.time is not None:
                continue
            found = list(_contrasts(known, ratio))
            towards = -1.0 if ratio.kind == ACCELERATION_FACTOR else 1.0
            own = towards * float(np.log(ratio.value))
            error = target(replace(ratio, weight=None)).se if has_error(ratio) else 0.0
            if found and all(_opposed(own, each.log_ratio, error) for each in found):
                yield _on_the_other_side(rows, ratio, [each.words for each in found])


def _is_sound(statistic: Statistic) -> bool:
    try:
        check(statistic)
    except SurvivalError:
        return False
    return True


def _opposed(own: float, other: float, error: float) -> bool:
    return own * other < 0.0 and abs(own - other) > MOST_ERRORS * error


def _contrasts(known: Sequence[Statistic], ratio: Statistic) -> Iterator[Contrast]:
    """Pairs of the same statistic in both arms of a ratio."""
    for mine in known:
        for other in known:
            pair = (mine.strategy, other.strategy) == (ratio.strategy, ratio.versus)
            if not pair or (mine.kind, mine.time) != (other.kind, other.time) or mine.kind in RATIOS:
                continue
            levels = [to_scale(each.kind, each.value) for each in (mine, other)]
            if mine.kind == RESTRICTED_MEAN:
                levels = [float(np.log(each.value)) for each in (mine, other)]
            sign = 1.0 if mine.kind == SURVIVAL else -1.0
            words = f"{_name(mine)} of {mine.value:.3g} against {other.value:.3g}"
            yield Contrast(sign * (levels[0] - levels[1]), words)


def _name(statistic: Statistic) -> str:
    name = statistic.kind.replace("_", " ")
    return f"a {name}" if statistic.kind == MEDIAN else f"a {name} at month {statistic.time:g}"


def _on_the_other_side(rows: Rows, ratio: Statistic, words: Sequence[str]) -> Finding:
    better = (ratio.value > 1.0) == (ratio.kind == ACCELERATION_FACTOR)
    name = ratio.kind.replace("_", " ")
    return Finding(
        gate=RATIO_SIDE,
        endpoint=ratio.endpoint,
        strategies=(ratio.strategy, ratio.versus or ""),
        id=ratio.id,
        what=f"{ratio.id} is {ratio.value:g}, on the other side of 1 than the medians and landmarks",
        why=f"It says that {ratio.strategy} does {'better' if better else 'worse'} than {ratio.versus}, and "
        f"{' and '.join(words)} say the reverse",
        todo=f"Is the {name} typed upside down, or are the arms in the columns id and versus exchanged? "
        + _the_right_way_up(rows, ratio),
        value=ratio.value,
        limit=1.0,
    )


def _the_right_way_up(rows: Rows, ratio: Statistic) -> str:
    row = rows[ratio.id]
    turned = f"The other way up it is {1 / ratio.value:.3g}"
    return f"{turned}, from {1 / row.high:.3g} to {1 / row.low:.3g}" if row.low and row.high else turned


@dataclass(frozen=True)
class Compared:
    """A statistic beside the curves: its value under them as reported, and the difference in standard errors."""

    aim: Target
    fitted: float
    on_scale: float
    z: float

    @property
    def statistic(self) -> Statistic:
        """The statistic."""
        return self.aim.statistic

    @property
    def off(self) -> bool:
        """Whether the two are further apart than they should be."""
        return abs(self.z) > MOST_ERRORS


def compared(inputs: Inputs, endpoint: str, fit: EndpointFit) -> list[Compared]:
    """Return every statistic of an endpoint that has a standard error beside the curves, whatever these came from.

    The standard error of external evidence is that of the fit: larger by 1 / sqrt(weight), where it has a weight.
    """
    found = evidence(inputs, endpoint)
    usable = [each for each in found.statistics if _has_value(fit, each, found.follow_up)]
    aims = [target(each) for each in usable]
    values = model_values(fit.curves, aims, fit.coefficients, found.follow_up, dict(found.patients))
    return [_compared(aim, float(value)) for aim, value in zip(aims, values, strict=True)]


def _has_value(fit: EndpointFit, statistic: Statistic, follow_up: float | None) -> bool:
    arms = {statistic.strategy, statistic.versus or statistic.strategy}
    if not arms <= set(fit.sources) or not has_error(statistic):
        return False
    if statistic.kind == SURVIVAL and not (statistic.time or 0.0) > 0.0:
        return False
    return obstacle(fit.curves, statistic, follow_up) is None


def _compared(aim: Target, value: float) -> Compared:
    z = (value - aim.y) / aim.se
    if aim.statistic.bound is not None:
        z = float(bound_residual(np.array(side(aim.statistic) * z)))
    kind = matched(aim.statistic).kind
    return Compared(aim, from_scale(kind, value) if np.isfinite(value) else float("inf"), value, z)


def is_fitted(fit: EndpointFit, statistic: Statistic) -> bool:
    """Return whether the curves were fitted to a statistic: a used one of arms whose source is reported."""
    arms = (statistic.strategy, statistic.versus or statistic.strategy)
    return statistic.used and all(fit.sources[arm].kind == REPORTED for arm in arms)


def is_judged(fit: EndpointFit, statistic: Statistic) -> bool:
    """Return whether the curves must meet a statistic: one they are fitted to, external, or of curves made otherwise.

    A statistic of the trial that a fit to reported ones leaves out is the user's choice, and is shown in the tables.
    """
    arms = (statistic.strategy, statistic.versus or statistic.strategy)
    otherwise = any(fit.sources[arm].kind != REPORTED for arm in arms)
    return statistic.external or otherwise or is_fitted(fit, statistic)


def off_the_curves(fit: EndpointFit, found: Iterable[Compared]) -> Iterator[Finding]:
    """Yield every statistic and every external survival more than 2 standard errors from the curves."""
    for each in found:
        if each.off and is_judged(fit, each.statistic):
            yield _off(each, fitted=is_fitted(fit, each.statistic))


def _off(each: Compared, *, fitted: bool) -> Finding:
    statistic = each.statistic
    by = "the fitted curve" if fitted or statistic.external else "the curve"
    reached = in_words(statistic, each.fitted) if np.isfinite(each.fitted) else "none: it is never reached"
    apart = f"{abs(each.z):.1f} standard errors apart" if np.isfinite(each.z) else "endlessly far apart"
    bound = "" if statistic.bound is None else f"{statistic.bound.replace('_', ' ')} "
    reported = in_words(statistic, matched(statistic).value)
    if statistic.external:
        why = "What was seen in other patients speaks against this curve there"
        todo = "Check value, time and time origin; use it in the fit, or choose a family with another tail"
    elif fitted:
        why = "Either the statistics contradict one another, or no curve of this family meets all of them"
        todo = "Check value, interval and time; or choose another family or relation"
    else:
        why = "The curve comes from another source, of what should be the same patients"
        todo = "Check this row, and the data, unit of time or coefficients of the curve"
    return Finding(
        gate=EXTERNAL_OFF if statistic.external else STATISTIC_OFF,
        endpoint=statistic.endpoint,
        strategies=tuple(dict.fromkeys((statistic.strategy, statistic.versus or statistic.strategy))),
        id=statistic.id,
        what=f"{statistic.id} is {bound}{reported}, and {by} says {reached.split(' at month')[0]}: {apart}",
        why=why,
        todo=todo,
        value=abs(each.z),
        limit=MOST_ERRORS,
    )
