"""Gates on the curves themselves: how well they are determined, where they end, and how they stand to one another."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.evidence.data import FEWEST_PROGRESSED
from hemodel.analyses.gates.finding import (
    ABOVE_OS,
    ARMS_CROSS,
    DEATH_AFTER_PROGRESSION,
    FLAT,
    HARDLY_IDENTIFIED,
    INFINITE_MEAN,
    Finding,
    family_row,
)
from hemodel.errors import InputError
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.model.occupancy import capped
from hemodel.survival.patients.identification import LARGEST_CONDITION, LARGEST_SE
from hemodel.survival.workbook.background import NEEDED, OVERALL_SURVIVAL
from hemodel.survival.workbook.background import people as people_of
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hemodel.model.evaluate import Model
    from hemodel.survival.effects.life_tables import Background
    from hemodel.survival.endpoint_fit import EndpointFit
    from hemodel.survival.family import Array
    from hemodel.survival.workbook.tables import Inputs


PROGRESSION_FREE = "pfs"
LARGEST_LOG_SE = 1.0
"""Of a coefficient on a logarithmic scale. Its 95% interval then spans a factor of 50: the evidence leaves it open."""
LOG_TIMES = ("meanlog", "mu")
"""Coefficients that are the logarithm of a time, though their names do not say so."""
LEAST_LEFT = 0.05
"""Share of patients from which on it matters how few of them leave the curve; fewer weigh little in the results."""
SMALLEST_YEARLY_LOSS, SMALLEST_OF_FIRST_YEAR = 0.01, 0.1
"""Without a life table a curve is flat where in a year fewer than 1% of those left, and than a tenth of the share that
the first year took, leave it: that is as safe as people of sixty are, soon after a disease that killed."""
ROUNDING = 1e-9
LARGEST_GAP = 0.01
"""Share of patients by which curves may contradict each other: as much as figures and tables show."""


def hardly_identified(fit: EndpointFit) -> Iterator[Finding]:
    """Yield every curve with a coefficient that its evidence leaves open, and fits that cannot tell coefficients apart.

    Coefficients that are no logarithms, such as those of splines, may have a standard error of 10 on their own scale.
    """
    endpoint = fit.curves.endpoint
    held = {name for each in fit.likelihoods for name in each.held}
    for spec in fit.curves.specs:
        own = [each for each in fit.estimates if each.strategy == spec.strategy]
        wide = [e for e in own if e.standard_error > (LARGEST_LOG_SE if is_logarithm(e.coefficient) else LARGEST_SE)]
        said = [f"{e.coefficient} has a standard error of {e.standard_error:.3g}" for e in wide]
        edge = [e.coefficient for e in own if f"{e.strategy}: {e.coefficient}" in held]
        said += [f"{name} ran to the edge of its range and is held there without uncertainty" for name in edge]
        if said:
            yield Finding(
                gate=HARDLY_IDENTIFIED,
                endpoint=endpoint,
                strategies=(spec.strategy,),
                id=family_row(endpoint, spec.strategy),
                what=f"the evidence hardly determines the {endpoint} curve of {spec.strategy}: {', '.join(said)}",
                why=f"Above {LARGEST_LOG_SE:g} the 95% interval of a logarithm spans a factor of 50, and curves are "
                "drawn that no patient ever followed",
                todo="Add a statistic or patients, or choose a family with fewer coefficients",
                value=max((each.standard_error for each in wide), default=float("inf")),
                limit=LARGEST_LOG_SE,
            )
    if fit.condition > LARGEST_CONDITION:
        strategies = tuple(spec.strategy for spec in fit.curves.specs)
        yield Finding(
            gate=HARDLY_IDENTIFIED,
            endpoint=endpoint,
            strategies=strategies,
            id=family_row(endpoint, strategies[0]),
            what=f"some coefficients of {endpoint} are hardly told apart: the condition number of the information is "
            f"{fit.condition:.1e}",
            why=f"Above {LARGEST_CONDITION:.0e} they can move together almost without a change of the curves",
            todo="Add a statistic or patients, or choose a family with fewer coefficients",
            value=fit.condition,
            limit=LARGEST_CONDITION,
        )


def is_logarithm(coefficient: str) -> bool:
    """Return whether a coefficient is on a logarithmic or logit scale, or the logarithm of a time."""
    return coefficient.startswith(("log(", "logit(")) or coefficient in LOG_TIMES


def infinite_mean(fit: EndpointFit) -> Iterator[Finding]:
    """Yield every curve whose mean is infinite, those that stand on one curve together."""
    endpoint = fit.curves.endpoint
    for base, strategies in _on_one_curve(fit).items():
        endless = [s for s in strategies if not np.isfinite(fit.curves.mean(s, fit.coefficients[None, :])[0])]
        if endless:
            yield Finding(
                gate=INFINITE_MEAN,
                endpoint=endpoint,
                strategies=tuple(endless),
                id=family_row(endpoint, base),
                what=f"the mean of the {endpoint} curve of {' and '.join(endless)} is infinite",
                why="A share of patients stays for ever, or leaves so slowly that life-years grow without end with the "
                "time horizon",
                todo="Choose a family with a lighter tail, or statistics at later times, external ones among them",
                value=float("inf"),
                limit=float("inf"),
            )


def _on_one_curve(fit: EndpointFit) -> dict[str, list[str]]:
    """Strategies by the one whose curve theirs stands on, that one first."""
    found: dict[str, list[str]] = {}
    for spec in fit.curves.specs:
        found.setdefault(spec.reference or spec.strategy, []).append(spec.strategy)
    return found


def flat(fit: EndpointFit, people: Background | None, horizon: float) -> Iterator[Finding]:
    """Yield every curve of PFS or OS that stays flat in a year in which patients should die.

    That is where, with 5% or more left, fewer leave in the year than die in the general population of their age; and
    without a life table, fewer than 1% and a tenth of those who left in the first year.

    Parameters
    ----------
    horizon : float
        [years]
    """
    endpoint = fit.curves.endpoint
    years = np.arange(np.floor(horizon) + 1.0)
    if endpoint not in {PROGRESSION_FREE, OVERALL_SURVIVAL} or years.size <= 1:
        return
    least = _least_loss(people, years)
    for base, strategies in _on_one_curve(fit).items():
        for strategy in strategies:
            left = fit.curves.survival(strategy, years * MONTHS_PER_YEAR, fit.coefficients[None, :])[0]
            lost = 1.0 - np.divide(left[1:], left[:-1], out=np.zeros(years.size - 1), where=left[:-1] > 0.0)
            limit = least if people is not None else np.minimum(least, SMALLEST_OF_FIRST_YEAR * lost[0])
            bad = (lost < limit * (1.0 - ROUNDING)) & (left[:-1] >= LEAST_LEFT)
            if bad.any():
                worst = int(np.where(bad, limit - lost, 0.0).argmax())
                yield _flat(endpoint, base, strategy, (worst, left, lost, limit), of_people=people is not None)
                break


def _least_loss(people: Background | None, years: Array) -> Array:
    if people is None:
        return np.full(years.size - 1, SMALLEST_YEARLY_LOSS)
    alive = people.survival(years * MONTHS_PER_YEAR)
    return np.asarray(1.0 - np.divide(alive[1:], alive[:-1], out=np.zeros(years.size - 1), where=alive[:-1] > 0.0))


def _flat(
    endpoint: str, base: str, strategy: str, numbers: tuple[int, Array, Array, Array], *, of_people: bool
) -> Finding:
    year, left, lost, limit = numbers
    those = "of the population of their age die" if of_people else "at least should"
    return Finding(
        gate=FLAT,
        endpoint=endpoint,
        strategies=(strategy,),
        id=family_row(endpoint, base),
        what=f"the {endpoint} curve of {strategy} stays flat: {left[year]:.1%} are left after month {12 * year}, and "
        f"{lost[year]:.2%} of these leave it in the next year, in which {limit[year]:.2%} {those}",
        why="Patients whose disease kills do not become safer than everybody else",
        todo="Check the statistics; or choose a family without a plateau, or one whose tail later evidence supports",
        value=float(lost[year]),
        limit=float(limit[year]),
    )


def above_os(model: Model) -> Iterator[Finding]:
    """Yield PFS and every time on treatment that are more than 1 percentage point above OS, with what acts on them."""
    months, draws = model.time_grid.timeline.boundaries / DAYS_PER_MONTH, base_draws(model)
    for endpoint, fit in model.fits.items():
        for strategy in (spec.strategy for spec in fit.curves.specs if endpoint != OVERALL_SURVIVAL):
            own, overall = (survival_at(model, draws, e, strategy, months)[0] for e in (endpoint, OVERALL_SURVIVAL))
            excess = own - overall
            if excess.max() > LARGEST_GAP:
                first = months[(excess > LARGEST_GAP).argmax()]
                yield Finding(
                    gate=ABOVE_OS,
                    endpoint=endpoint,
                    strategies=(strategy,),
                    id=family_row(endpoint, strategy),
                    what=f"the {endpoint} curve of {strategy} is above OS from month {first:.1f}, by up to "
                    f"{100 * excess.max():.1f} percentage points (month {months[excess.argmax()]:.1f})",
                    why="Nobody is progression-free or on treatment and dead; a cap at OS repairs the sum and not the "
                    "contradiction",
                    todo="Check the statistics of both endpoints; or choose families whose tails go together",
                    value=float(excess.max()),
                    limit=LARGEST_GAP,
                )


def known_population(inputs: Inputs) -> Background | None:
    """Return the population's mortality wherever the rows for it are filled in, whatever the model does with it."""
    if any(id_ not in inputs.rows or inputs.rows[id_].value is None for id_ in NEEDED):
        return None
    try:
        return people_of(inputs)
    except InputError:
        return None


def death_after_progression(model: Model, people: Background | None) -> Iterator[Finding]:
    """Yield each strategy in which after progression too few die: 1% of patients fewer than in the population.

    Deaths after progression are those of OS less the deaths among patients who leave PFS, in each cycle; without a life
    table they are held against 0.
    """
    months, draws = model.time_grid.timeline.boundaries / DAYS_PER_MONTH, base_draws(model)
    middle, lengths = 0.5 * (months[1:] + months[:-1]), np.diff(months)
    hazard = np.zeros(middle.size) if people is None else people.hazard(middle)
    for strategy in model.strategies:
        free, overall = (
            survival_at(model, draws, e, strategy, months)[0] for e in (PROGRESSION_FREE, OVERALL_SURVIVAL)
        )
        free = capped(free, overall)
        share = model.inputs.rows[f"pfs_events.share_deaths.{strategy}"].number
        progressed = overall - free
        present = 0.5 * (progressed[1:] + progressed[:-1])
        deaths = share * np.diff(free) - np.diff(overall)
        missing = np.where(present > FEWEST_PROGRESSED, np.maximum(hazard * present * lengths - deaths, 0.0), 0.0)
        if missing.sum() > LARGEST_GAP:
            where = np.flatnonzero(missing > 0.0)
            than = "below 0" if people is None else "below that of the population of their age"
            yield Finding(
                gate=DEATH_AFTER_PROGRESSION,
                endpoint=OVERALL_SURVIVAL,
                strategies=(strategy,),
                id=family_row(OVERALL_SURVIVAL, strategy),
                what=f"the hazard of death after progression of {strategy} is {than} in {where.size} cycles between "
                f"months {months[where[0]]:.1f} and {months[where[-1] + 1]:.1f}: {missing.sum():.1%} of patients too "
                "few die there",
                why=f"It follows from OS, PFS and pfs_events.share_deaths.{strategy}, which do not go together",
                todo="Check these, and the statistics of both endpoints; or choose families that go together",
                value=float(missing.sum()),
                limit=LARGEST_GAP,
            )


def arms_cross(model: Model) -> Iterator[Finding]:
    """Yield each pair of curves of an endpoint of which either is more than 1 percentage point above the other."""
    months, draws = model.time_grid.timeline.boundaries / DAYS_PER_MONTH, base_draws(model)
    for endpoint, fit in model.fits.items():
        curves = {s.strategy: survival_at(model, draws, endpoint, s.strategy, months)[0] for s in fit.curves.specs}
        for one, other in combinations(curves, 2):
            gap = curves[other] - curves[one]
            if min(gap.max(), -gap.min()) > LARGEST_GAP:
                yield _crossing(endpoint, one, other, gap, months)


def _crossing(endpoint: str, one: str, other: str, gap: Array, months: Array) -> Finding:
    early, late = sorted((int(gap.argmax()), int(gap.argmin())))
    turned = early + int((np.sign(gap[early : late + 1]) != np.sign(gap[early])).argmax())
    first, then = (other, one) if gap[early] > 0 else (one, other)
    return Finding(
        gate=ARMS_CROSS,
        endpoint=endpoint,
        strategies=(one, other),
        id=family_row(endpoint, other),
        what=f"the {endpoint} curves of {one} and {other} cross in month {months[turned]:.1f}: {first} is above by up "
        f"to {100 * abs(gap[early]):.1f} percentage points before, {then} by up to {100 * abs(gap[late]):.1f} after",
        why="A crossing that no patients were seen to make is made by the families; it takes away a gain or makes one",
        todo="Check the statistics of both arms; or choose a relation that keeps their order, such as "
        "accelerated_failure_time",
        value=float(min(gap.max(), -gap.min())),
        limit=LARGEST_GAP,
    )
