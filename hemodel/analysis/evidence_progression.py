"""Evidence pack: what PFS and OS as modelled imply together, and how much of the results follow-up does not show."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from hemodel.acting import Block, acted_survival
from hemodel.analysis.evidence import BeyondFollowUp, PostProgression
from hemodel.economics import increments
from hemodel.model import base_draws, evaluate, model
from hemodel.occupancy import capped, states
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.model import Model
    from hemodel.outcomes import Outcomes
    from hemodel.survival.acting.life_tables import Background
    from hemodel.survival.family import Array

FEWEST_PROGRESSED = 1e-4
"""Share progressed below which the implied hazard is a quotient of two small numbers and is left out."""


def modelled_curves(model: Model, strategy: str) -> tuple[Array, Array, Array]:
    """Return cycle boundaries in months, and PFS and OS there as the model uses them.

    That is with further effects, waning and background mortality, and with PFS at most OS.
    """
    plan, draws = model.plan, base_draws(model)
    coefficients = {endpoint: draws[f"curve.{endpoint}"] for endpoint in model.fits}
    effects = {id_: draws[id_][:, None] for some in model.acting.effects.values() for _, id_ in some}
    curves = {endpoint: fit.curves for endpoint, fit in model.fits.items()}
    places = plan.timeline.positions(plan.timeline.boundaries)
    found = []
    for endpoint in ("pfs", "os"):
        if model.acting.changes(endpoint, strategy):
            block = Block(coefficients, effects)
            whole = acted_survival(plan, curves, model.acting, block, endpoint, strategy)[0]
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
        strategy=strategy,
        share_deaths=share,
        months=middle,
        hazard=hazard,
        background=background,
        months_below=below,
        months_negative=negative,
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

    The model is evaluated again with follow-up as its horizon, rounded up to whole cycles
    as every horizon is: share = 1 - value to follow-up / value to the horizon. Losses from
    adverse events fall at the start.

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
    return BeyondFollowUp(follow_up, shares[0], shares[1], gained[0], gained[1])


def _outcomes(whole: Model, years: float) -> Outcomes:
    """Outcomes of the base case up to a horizon, with PFS capped at OS."""
    settings = whole.inputs.settings.model_copy(update={"time_horizon": years, "pfs_above_os": "cap_pfs"})
    return evaluate(model(replace(whole.inputs, settings=settings), whole.fits), base_draws(whole))


def _shares(strategies: Iterable[str], whole: Array, within: Array) -> dict[str, float]:
    shares = 1.0 - np.divide(within, whole, out=np.full(whole.size, np.nan), where=whole != 0.0)
    return dict(zip(strategies, shares.tolist(), strict=True))
