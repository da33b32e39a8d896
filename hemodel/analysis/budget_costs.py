"""Costs of a patient in each year since treatment began, from the model itself.

The cumulative undiscounted cost through h years is that of the model with a time horizon of h years, so a
year's cost is the difference of two horizons. A horizon is rounded up to whole cycles: the cycle that spans
the end of a year belongs to the year in which it starts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.budget_inputs import SPREAD
from hemodel.model import evaluate, model
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.model import Model
    from hemodel.outcomes import Outcomes
    from hemodel.parameters import Draws, FloatArray


@dataclass(frozen=True)
class PatientYears:
    """What one patient who begins in a calendar year costs in that year and in those after it.

    Attributes
    ----------
    components, drugs : tuple of str
    costs : array (draws, years, strategies, components)
        Undiscounted. [currency per patient]
    drug_costs : array (draws, years, strategies, drugs)
        Acquisition by drug, a breakdown. [currency per patient]
    alive : array (draws, years, strategies)
        Share alive at the end of each year.
    """

    components: tuple[str, ...]
    drugs: tuple[str, ...]
    costs: FloatArray
    drug_costs: FloatArray
    alive: FloatArray


@dataclass(frozen=True)
class _Until:
    """Totals up to a horizon: (draws, strategies, components), (draws, strategies, drugs), (draws, strategies)."""

    costs: FloatArray
    drug_costs: FloatArray
    alive: FloatArray


def patient_years(whole: Model, draws: Draws, years: int, entry: str) -> PatientYears:
    """Return costs by year since entry and the share alive at the end of each year.

    Parameters
    ----------
    whole : Model
        Its fits are used again; its own horizon is the longest.
    draws : mapping
        As for `model.evaluate`.
    years : int
    entry : {"start", "spread"}
        spread: the mean of twelve groups, of which group j (from 0) begins j months
        into the year, so that it is 12 k - j months on at the end of year k.
    """
    months = int(MONTHS_PER_YEAR)
    starts = range(months) if entry == SPREAD else (0,)
    done: dict[float, Outcomes] = {}
    ends: list[_Until] = []
    for year in range(1, years + 1):
        found = []
        for start in starts:
            horizon = min((months * year - start) / months, whole.inputs.settings.time_horizon)
            if horizon not in done:
                done[horizon] = _evaluate(whole, draws, horizon)
            found.append(_until(done[horizon]))
        ends.append(_mean(found))
    outcomes = next(iter(done.values()))
    return PatientYears(
        components=outcomes.costs.components,
        drugs=outcomes.drug_costs.components,
        costs=_by_year([end.costs for end in ends]),
        drug_costs=_by_year([end.drug_costs for end in ends]),
        alive=np.stack([end.alive for end in ends], axis=1),
    )


def _evaluate(whole: Model, draws: Draws, horizon: float) -> Outcomes:
    settings = whole.inputs.settings.model_copy(update={"time_horizon": horizon})
    return evaluate(model(replace(whole.inputs, settings=settings), whole.fits), draws)


def _until(found: Outcomes) -> _Until:
    count = found.draws
    dead = [np.broadcast_to(found.exposures[s].deaths.undiscounted, (count,)) for s in found.strategies]
    return _Until(found.costs.undiscounted, found.drug_costs.undiscounted, 1.0 - np.stack(dead, axis=1))


def _mean(parts: list[_Until]) -> _Until:
    first, *others = parts
    if not others:
        return first
    costs, drug_costs, alive = (
        np.mean([getattr(part, name) for part in parts], axis=0) for name in ("costs", "drug_costs", "alive")
    )
    return _Until(costs, drug_costs, alive)


def _by_year(cumulative: list[FloatArray]) -> FloatArray:
    """Return amounts by year, the year as second axis, from those up to the end of each year."""
    stacked = np.stack(cumulative, axis=1)
    return np.diff(stacked, axis=1, prepend=0.0)
