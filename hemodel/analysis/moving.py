"""Totals with inputs at other values: all points of all analyses evaluated together."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.curve_draws import steepest
from hemodel.analysis.movable import CURVE, PARAMETER, PRICE, STATISTIC
from hemodel.analysis.sensitivity import refitted
from hemodel.economics import increments
from hemodel.model import base_draws, evaluate
from hemodel.occupancy import PFS_CAPPED
from hemodel.parameters import BLOCK
from hemodel.survival.errors import SurvivalError
from hemodel.survival.reported.statistics import HALF_WIDTH_95
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hemodel.analysis.movable import Movable
    from hemodel.inputs.structure import Settings
    from hemodel.model import Model
    from hemodel.outcomes import Outcomes
    from hemodel.parameters import FloatArray

CROSSING_IS_ERROR = "error"
"""Setting pfs_above_os under which a point where PFS exceeds OS has no result."""
FARTHEST = 8.0
"""A whole curve is moved by at most so many standard errors of its restricted mean."""
HALVINGS = 60
SHARES = 1e-9
"""Shares may differ from 1 by this much."""


@dataclass(frozen=True)
class Points:
    """Combinations of values: a row of `values` (points, inputs) for each, in the order of the inputs."""

    inputs: tuple[Movable, ...]
    values: FloatArray


@dataclass(frozen=True)
class Totals:
    """Discounted totals (points, strategies), NaN where a point has none; `failed` says why, by point."""

    qalys: FloatArray
    costs: FloatArray
    failed: Mapping[int, str]

    @property
    def increments(self) -> tuple[FloatArray, FloatArray]:
        """Incremental QALYs and costs over the comparator, (points, interventions) each."""
        return increments(self.qalys), increments(self.costs)


Draws = dict[str, "FloatArray"]


def totals(model: Model, requests: Sequence[Points]) -> list[Totals]:
    """Return the totals at every point of every request.

    Points that move curves are evaluated together, and so are those that move none, which are quicker; each in
    blocks of at most `BLOCK` draws.

    Parameters
    ----------
    model : Model
    requests : sequence of Points
    """
    drawn = [_draws(model, points) for points in requests]
    found: dict[int, Totals] = {}
    for with_curves in (False, True):
        chosen = [i for i, (draws, _) in enumerate(drawn) if _has_curves(draws) == with_curves]
        counts = [requests[i].values.shape[0] for i in chosen]
        qalys, costs, crossing = _evaluated(model, [drawn[i][0] for i in chosen], counts)
        edges = np.cumsum([0, *counts])
        for i, start, end in zip(chosen, edges[:-1], edges[1:], strict=True):
            own = (qalys[start:end].copy(), costs[start:end].copy())
            failed = {k - start: why for k, why in crossing.items() if start <= k < end} | drawn[i][1]
            for values in own:
                values[list(failed)] = np.nan
            found[i] = Totals(*own, failed)
    return [found[i] for i in range(len(requests))]


def _has_curves(draws: Mapping[str, FloatArray]) -> bool:
    return any(id_.startswith("curve.") for id_ in draws)


def _evaluated(
    model: Model, parts: Sequence[Draws], counts: Sequence[int]
) -> tuple[FloatArray, FloatArray, dict[int, str]]:
    """Evaluate the draws of several requests after one another.

    Returns QALYs and costs (points, strategies), and the points at which PFS exceeds OS where that is an error.
    """
    lenient = replace(model, inputs=replace(model.inputs, settings=_capped(model.inputs.settings)))
    crossing: dict[int, str] = {}
    base, count = base_draws(model), sum(counts)
    shape = (0, len(model.strategies))
    qalys, costs = [np.empty(shape)], [np.empty(shape)]
    moved = {
        id_: np.concatenate(
            [
                part[id_] if id_ in part else np.repeat(base[id_], n, axis=0)
                for part, n in zip(parts, counts, strict=True)
            ]
        )
        for id_ in dict.fromkeys(id_ for part in parts for id_ in part)
    }
    for start in range(0, count, BLOCK):
        size = min(BLOCK, count - start)
        outcomes = evaluate(lenient, base | {id_: array[start : start + size] for id_, array in moved.items()})
        qalys.append(np.broadcast_to(outcomes.qalys.total, (size, shape[1])))
        costs.append(np.broadcast_to(outcomes.costs.total, (size, shape[1])))
        if model.inputs.settings.pfs_above_os == CROSSING_IS_ERROR:
            crossing |= {start + k: why for k, why in _crossings(outcomes, size)}
    return np.concatenate(qalys), np.concatenate(costs), crossing


def _capped(settings: Settings) -> Settings:
    """Return settings under which a crossing of PFS and OS stops nothing; it is looked for afterwards."""
    return settings.model_copy(update={"pfs_above_os": "cap_pfs"})


def _crossings(outcomes: Outcomes, size: int) -> Iterator[tuple[int, str]]:
    """Yield the points at which PFS exceeds OS."""
    for strategy, exposed in outcomes.exposures.items():
        first = np.broadcast_to(exposed.adjustments[PFS_CAPPED].first_day, (size,))
        for k in np.flatnonzero(~np.isnan(first)):
            yield int(k), f"PFS exceeds OS for {strategy} from month {first[k] / DAYS_PER_MONTH:.1f}"


def _draws(model: Model, points: Points) -> tuple[Draws, dict[int, str]]:
    """Return the draws (points,) of what is moved, and why a point has none."""
    columns = dict(zip(points.inputs, points.values.T, strict=True))
    draws: Draws = {}
    failed: dict[int, str] = {}
    groups: dict[str, dict[str, FloatArray]] = {}
    members = {p.id: p.group for p in model.inputs.parameters}
    for movable, values in columns.items():
        if movable.kind == PRICE:
            draws |= _prices(model, movable, values)
        elif movable.kind == PARAMETER and members[movable.id]:
            groups.setdefault(members[movable.id], {})[movable.id] = values
        elif movable.kind == PARAMETER:
            draws[movable.id] = values
    for group, moved in groups.items():
        draws |= _shares(model, group, moved, failed)
    for endpoint in model.fits:
        own = {m: v for m, v in columns.items() if m.endpoint == endpoint and m.kind in {STATISTIC, CURVE}}
        if own:
            draws[f"curve.{endpoint}"] = _coefficients(model, endpoint, own, failed)
    return draws, failed


def _prices(model: Model, movable: Movable, values: FloatArray) -> Draws:
    """Scale all vials of a drug together; where the workbook has no price every mg costs the same."""
    drug = next(drug for drug in model.inputs.drugs if movable.id == f"drug.{drug.id}.price")
    prices = [model.inputs.rows[id_].number for _, id_ in drug.vials]
    parts = prices if prices[0] else [size for size, _ in drug.vials]
    return {id_: values * part / parts[0] for (_, id_), part in zip(drug.vials, parts, strict=True)}


def _shares(model: Model, group: str, moved: Mapping[str, FloatArray], failed: dict[int, str]) -> Draws:
    """Give the shares of a group that are not moved what is left, in their proportions."""
    others = {p.id: p.value for p in model.inputs.parameters if p.group == group and p.id not in moved}
    left = 1.0 - np.sum(list(moved.values()), axis=0)
    rest = sum(others.values())
    for i in np.flatnonzero((left < -SHARES) | ((rest == 0) & (np.abs(left) > SHARES))):
        failed.setdefault(int(i), f"the shares of {group} would not add up to 1")
    factor = np.clip(left, 0.0, None) / rest if rest > 0 else np.zeros_like(left)
    return {**moved, **{id_: share * factor for id_, share in others.items()}}


def _coefficients(
    model: Model, endpoint: str, moved: Mapping[Movable, FloatArray], failed: dict[int, str]
) -> FloatArray:
    """Return the coefficients (points, p) of an endpoint: refitted where statistics move, plus moves of curves."""
    base = model.fits[endpoint].coefficients
    count = len(next(iter(moved.values())))
    reported = {m: v for m, v in moved.items() if m.kind == STATISTIC}
    found = np.tile(base, (count, 1))
    if reported:
        rows = np.column_stack(list(reported.values()))
        refits: dict[tuple[float, ...], FloatArray | str] = {}
        for i, row in enumerate(map(tuple, rows.tolist())):
            if row not in refits:
                refits[row] = _refit(model, endpoint, dict(zip(reported, row, strict=True)))
            fitted = refits[row]
            if isinstance(fitted, str):
                failed.setdefault(i, fitted)
            else:
                found[i] = fitted
    for movable, values in moved.items():
        if movable.kind == CURVE:
            found += _curve_moves(model, movable, values, failed)
    return found


def _refit(model: Model, endpoint: str, values: Mapping[Movable, float]) -> FloatArray | str:
    """Refit an endpoint with statistics at other values; those at their base value stay; or say why it fails."""
    moved = {m.id: value for m, value in values.items() if value != m.base}
    if not moved:
        return model.fits[endpoint].coefficients
    try:
        with np.errstate(all="ignore"):
            return refitted(model, endpoint, moved)
    except SurvivalError as error:
        return str(error)
    except (ValueError, np.linalg.LinAlgError):
        return f"{endpoint}: no curve can be fitted"


def _curve_moves(model: Model, movable: Movable, values: FloatArray, failed: dict[int, str]) -> FloatArray:
    """Return moves (points, p) of coefficients along the steepest direction, to restricted means (points,)."""
    fit, horizon = model.fits[movable.endpoint], model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    direction = steepest(fit, movable.strategy, horizon)
    if direction is None:
        return np.zeros((len(values), fit.coefficients.size))

    def mean(steps: FloatArray) -> FloatArray:
        return fit.curves.restricted_mean(movable.strategy, horizon, fit.coefficients + steps[:, None] * direction)

    low, high = np.full(len(values), -FARTHEST), np.full(len(values), FARTHEST)
    beyond = (mean(low) > values) | (mean(high) < values)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        under = mean(middle) < values
        low, high = np.where(under, middle, low), np.where(under, high, middle)
    steps = 0.5 * (low + high)
    for known, step in ((movable.low, -HALF_WIDTH_95), (movable.base, 0.0), (movable.high, HALF_WIDTH_95)):
        steps = np.where(values == known, step, steps)
    for i in np.flatnonzero(beyond):
        failed.setdefault(int(i), f"{movable.id} has no such restricted mean within {FARTHEST:g} standard errors")
    return np.asarray(steps[:, None] * direction)
