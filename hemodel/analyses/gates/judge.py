"""All gates on the curves of a model: what each found, the likeliest mistake, and what notes accept.

A warning is accepted by its name in the note of the row at which it stands (`hemodel.inputs.rows.Row.accepted`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.analyses.gates.finding import (
    ABOVE_OS,
    DEATH_AFTER_PROGRESSION,
    EXTERNAL_OFF,
    INDEPENDENT_STATISTICS,
    STATISTIC_OFF,
    Finding,
    Suspect,
    family_row,
    place,
    row_words,
)
from hemodel.analyses.gates.reported import compared, off_the_curves, on_the_other_side, taken_as_independent
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
from hemodel.analyses.gates.suspects import suspect
from hemodel.entries import Entry, finite
from hemodel.errors import Problem
from hemodel.survival.workbook.background import OVERALL_SURVIVAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.inputs.checks import Rows
    from hemodel.model.evaluate import Model


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
