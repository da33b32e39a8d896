"""All gates on the curves of a model: what each found, the likeliest mistake, and what notes accept.

A warning is accepted by its name in the note of the row at which it stands (`hemodel.inputs.rows.Row.accepted`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.analyses.gates.finding import (
    ABOVE_OS,
    DEATH_AFTER_PROGRESSION,
    EXTERNAL_OFF,
    INDEPENDENT_STATISTICS,
    MOST_ERRORS,
    RATIO_SIDE,
    STATISTIC_OFF,
    Finding,
    Suspect,
    family_row,
    place,
    row_words,
)
from hemodel.analyses.gates.reported import (
    compared,
    in_words,
    is_fitted,
    is_judged,
    off_the_curves,
    on_the_other_side,
    taken_as_independent,
)
from hemodel.analyses.gates.shapes import (
    PROGRESSION_FREE,
    above_os,
    arms_cross,
    death_after_progression,
    flat,
    hardly_identified,
    infinite_mean,
    known_population,
)
from hemodel.entries import Entry, finite
from hemodel.errors import Problem
from hemodel.survival.endpoint_fit import COEFFICIENTS, REPORTED
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.fitting import fit as fit_reported
from hemodel.survival.reported.problem import fit_problem
from hemodel.survival.reported.statistics import MEDIAN, RATIOS, SURVIVAL, from_scale, to_scale
from hemodel.survival.workbook.background import OVERALL_SURVIVAL
from hemodel.survival.workbook.fits import evidence
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from hemodel.analyses.gates.reported import Compared
    from hemodel.inputs.checks import Rows
    from hemodel.model.evaluate import Model
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


class FitWarning(Entry):
    """Something about a fitted curve that cannot be, or that its evidence speaks against."""

    gate: str = Field(description="name of the gate, by which a note can accept it")
    endpoint: str = Field(description="pfs, os or a time on treatment")
    strategies: list[str] = Field(description="ids of those whose curves it is about")
    id: str = Field(description="of the row at which it is reported")
    where: str = Field(description="sheet and cell of that row, or what changed it")
    label: str = Field(description="of that row")
    what: str = Field(description="what was found")
    why: str = Field(description="why it matters")
    todo: str = Field(description="what to do about it")
    suspect: str = Field(description="id of the row that is the likeliest mistake")
    suspect_where: str = Field(description="sheet and cell of that row, or what changed it")
    suspect_label: str = Field(description="of that row")
    suspect_reason: str = Field(description="why it is the likeliest; empty where nothing points to one input")
    value: float | None = Field(description="how large it is; null where infinite. [as the gate measures]")
    limit: float | None = Field(description="from which on it is a finding; null where infinite. [as value]")
    accepted: str = Field(description="reason by which the note of the row accepts it; empty where none does")


@dataclass(frozen=True)
class Accepted:
    """A warning that the note of its row accepts, and the reason."""

    warning: Problem
    reason: str


def fit_warnings(model: Model) -> list[FitWarning]:
    """Return what every gate found in the curves of the base case, in the order of the endpoints."""
    rows = model.inputs.rows
    findings, suspects = _findings(model)
    return [_entry(rows, each, suspects) for each in findings]


def _findings(model: Model) -> tuple[list[Finding], dict[str, Suspect]]:
    """Return all findings, and the likeliest mistake of each endpoint that has one."""
    inputs = model.inputs
    sides = list(on_the_other_side(inputs.rows))
    people, horizon = known_population(inputs), inputs.settings.time_horizon
    found, suspects = [*taken_as_independent(inputs.rows)], {}
    for endpoint, fit in model.fits.items():
        own = [each for each in sides if each.endpoint == endpoint]
        values = compared(inputs, endpoint, fit)
        likeliest = suspect(inputs, fit, values, own)
        if likeliest is not None:
            suspects[endpoint] = likeliest
        said = {each.id for each in own}
        off = [each for each in off_the_curves(fit, values) if each.gate != STATISTIC_OFF or each.id not in said]
        found += [*own, *off, *hardly_identified(fit)]
        found += [*flat(fit, people, horizon), *infinite_mean(fit)]
    return [*found, *above_os(model), *death_after_progression(model, people), *arms_cross(model)], suspects


def _entry(rows: Rows, found: Finding, suspects: Mapping[str, Suspect]) -> FitWarning:
    likeliest = _likeliest(rows, found, suspects)
    own, other = rows[found.id], rows[likeliest.id]
    return FitWarning(
        gate=found.gate,
        endpoint=found.endpoint,
        strategies=list(found.strategies),
        id=found.id,
        where=place(own),
        label=own.label,
        what=found.what,
        why=found.why,
        todo=found.todo,
        suspect=likeliest.id,
        suspect_where=place(other),
        suspect_label=other.label,
        suspect_reason=likeliest.reason,
        value=finite(found.value),
        limit=finite(found.limit),
        accepted=own.accepted.get(found.gate, ""),
    )


def _likeliest(rows: Rows, found: Finding, suspects: Mapping[str, Suspect]) -> Suspect:
    """Return the likeliest mistake behind a finding: that of its endpoint, or of one it is about too, else its row."""
    if found.gate == INDEPENDENT_STATISTICS:
        return Suspect(found.id, "")
    others = (OVERALL_SURVIVAL, PROGRESSION_FREE) if found.gate in {ABOVE_OS, DEATH_AFTER_PROGRESSION} else ()
    for endpoint in (found.endpoint, *others):
        if endpoint in suspects and suspects[endpoint].id in rows:
            return suspects[endpoint]
    if found.gate == EXTERNAL_OFF:
        own = family_row(found.endpoint, found.strategies[0])
        return Suspect(own, "the family makes the tail; choose another, or use the row in the fit")
    return Suspect(found.id, "")


def contradictions(rows: Rows) -> list[Problem]:
    """Return what reported statistics say against one another, which needs no curve."""
    return [_problem(rows, _entry(rows, each, {})) for each in (*taken_as_independent(rows), *on_the_other_side(rows))]


def upside_down(rows: Rows) -> list[Problem]:
    """Return the ratios on the other side of 1 than the medians and landmarks that no note accepts.

    Where curves cannot be fitted they are the likeliest reason.
    """
    found = [_problem(rows, _entry(rows, each, {})) for each in on_the_other_side(rows)]
    return acknowledged(rows, found)[0]


def curve_problems(model: Model) -> list[Problem]:
    """Return what every gate found as warnings, with their names; accepted ones are among them."""
    return [_problem(model.inputs.rows, each) for each in fit_warnings(model)]


def _problem(rows: Rows, found: FitWarning) -> Problem:
    follows = found.suspect_reason and found.suspect != found.id
    why = "" if follows and found.gate != EXTERNAL_OFF else found.why
    return Problem(rows[found.id].where["value"], found.what, why, advice(rows, found), found.gate)


def advice(rows: Rows, found: FitWarning) -> str:
    """Return what to do about a finding: about the likeliest mistake, where something points to one."""
    if not found.suspect_reason:
        return found.todo
    if found.suspect == found.id:
        return f"It is the likeliest mistake: {found.suspect_reason}. {found.todo}"
    return f"The likeliest mistake is {row_words(rows[found.suspect])}: {found.suspect_reason}"


def acknowledged(rows: Rows, found: Iterable[Problem]) -> tuple[list[Problem], list[Accepted]]:
    """Part warnings into those that no note accepts and those that the note of their row does, with the reason."""
    by_place = {str(where): row for row in rows.values() for where in row.where.values()}
    rest, accepted = [], []
    for warning in found:
        row = by_place.get(str(warning.where))
        reason = "" if row is None or not warning.name else row.accepted.get(warning.name, "")
        if reason:
            accepted.append(Accepted(warning, reason))
        else:
            rest.append(warning)
    return rest, accepted
