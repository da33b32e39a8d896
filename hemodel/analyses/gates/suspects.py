"""Which input is the likeliest mistake where curves and evidence do not go together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hemodel.analyses.gates.finding import MOST_ERRORS, RATIO_SIDE, Suspect
from hemodel.analyses.gates.reported import compared, in_words, is_fitted, is_judged
from hemodel.survival.endpoint_fit import COEFFICIENTS, REPORTED
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.fitting import fit as fit_reported
from hemodel.survival.reported.problem import fit_problem
from hemodel.survival.reported.statistics import MEDIAN, RATIOS, SURVIVAL, from_scale, to_scale
from hemodel.survival.workbook.fits import evidence
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hemodel.analyses.gates.finding import Finding
    from hemodel.analyses.gates.reported import Compared
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.reported.statistics import Statistic, Target
    from hemodel.survival.workbook.tables import Inputs


DAYS_PER_WEEK = 7.0


def suspect(inputs: Inputs, fit: EndpointFit, found: Sequence[Compared], findings: Sequence[Finding]) -> Suspect | None:
    """Return the input of an endpoint that is the likeliest mistake, or None where nothing points to one.

    A ratio on the other side of 1 than the medians and landmarks comes first; then the statistic without which the
    others are met best, if it alone brings the sum of squares down by more than 2 standard errors squared; then, where
    a curve has another source, the statistic of the trial that is furthest from it.
    """
    for each in findings:
        if each.gate == RATIO_SIDE:
            return Suspect(each.id, f"1 / {each.value:g} = {1 / each.value:.3g} goes with the medians and landmarks")
    judged = [each for each in found if each.off and is_judged(fit, each.statistic)]
    if any(is_fitted(fit, each.statistic) for each in judged):
        return _left_out(inputs, fit)
    others = [each for each in judged if not each.statistic.external]
    return _of_another_source(inputs, fit, max(others, key=lambda each: abs(each.z))) if others else None


def _left_out(inputs: Inputs, fit: EndpointFit) -> Suspect | None:
    """Refit without each statistic in turn, and return the one without which the others agree best."""
    first, found = fit.reported[0], evidence(inputs, fit.curves.endpoint)
    every = [each.statistic for each in first.targets]
    best, most = None, MOST_ERRORS**2
    for each in (statistic for statistic in every if statistic.used):
        rest = [replace(other, used=other.used and other is not each) for other in every]
        try:
            refitted = fit_reported(fit_problem(first.curves, rest, found.follow_up, dict(found.patients)))
        except SurvivalError:
            continue
        fall = first.objective - refitted.objective
        if fall > most:
            values = compared(inputs, fit.curves.endpoint, replace(fit, coefficients=refitted.coefficients))
            beside = next((value for value in values if value.statistic.id == each.id), None)
            if beside is not None:
                best, most = Suspect(each.id, _without(beside)), fall
    return best


def _without(beside: Compared) -> str:
    statistic = beside.statistic
    slip = slip_words(beside.aim, beside.on_scale)
    if slip:
        return slip
    others = from_scale(SURVIVAL, beside.on_scale) if statistic.bound else beside.fitted
    return f"without it the others agree, and say {in_words(statistic, others)}"


def _of_another_source(inputs: Inputs, fit: EndpointFit, worst: Compared) -> Suspect:
    slip = slip_words(worst.aim, worst.on_scale)
    if slip:
        return Suspect(worst.statistic.id, slip)
    arms = (worst.statistic.strategy, worst.statistic.versus or "")
    arm = next(arm for arm in arms if arm in fit.sources and fit.sources[arm].kind != REPORTED)
    prefix = f"curve.{worst.statistic.endpoint}.{arm}"
    name = f"{prefix}.time_unit" if worst.statistic.kind == MEDIAN else f"{prefix}.data"
    if fit.sources[arm].kind == COEFFICIENTS or name not in inputs.rows:
        name = f"{prefix}.time_unit" if f"{prefix}.time_unit" in inputs.rows else f"{prefix}.family"
    return Suspect(name, f"the curve of {arm} is the furthest from {worst.statistic.id}")


def slip_words(aim: Target, on_scale: float) -> str:
    """Return the slip of the pen with which a statistic agrees with what it should be; empty where there is none.

    Parameters
    ----------
    on_scale : float
        What it should be, on the scale of the statistic.
    """
    for value, words in _slips(aim.statistic):
        if abs(to_scale(aim.statistic.kind, value) - on_scale) <= MOST_ERRORS * aim.se:
            return words
    return ""


def _slips(statistic: Statistic) -> Iterator[tuple[float, str]]:
    value = statistic.value
    if statistic.bound is not None:
        return
    if statistic.kind in RATIOS:
        yield 1.0 / value, f"1 / {value:g} = {1 / value:.3g} goes with the rest: it may be upside down"
    if statistic.kind == SURVIVAL:
        yield 1.0 - value, f"1 - {value:g} = {1 - value:.3g} goes with the rest: it may be the share with the event"
    if statistic.kind == MEDIAN:
        units = {"weeks": DAYS_PER_WEEK / DAYS_PER_MONTH, "days": 1 / DAYS_PER_MONTH, "years": MONTHS_PER_YEAR}
        for unit, months in units.items():
            yield value * months, f"{value:g} {unit} are {value * months:.3g} months, which goes with the rest"
