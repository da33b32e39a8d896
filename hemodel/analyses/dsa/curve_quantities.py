"""Quantities of curves that the one-way analysis moves: their level, the effect of a treatment on them, their tail.

A quantity is moved with the coefficients that are the likeliest ones at its new value: all of them together, along
their joint uncertainty, and never one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.curve_draws import ROUNDING, STEP, correlated, square_root
from hemodel.model.evaluate import base_draws, survival_at
from hemodel.survival.curve_spec import INDEPENDENT
from hemodel.survival.families.composite import columns_by_part
from hemodel.survival.family import nodes_up_to
from hemodel.survival.reported.statistics import HALF_WIDTH_95
from hemodel.survival.workbook.background import OVERALL_SURVIVAL
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from hemodel.model.evaluate import Model
    from hemodel.parameters import FloatArray
    from hemodel.survival.endpoint_fit import EndpointFit


LEVEL, EFFECT, TAIL = "level", "effect", "tail"
_STATES = ("pfs", OVERALL_SURVIVAL)
TAIL_YEARS = (1.0, 5.0)
"""The tail is the share of those alive (or progression-free) at the first who still are at the second; with a
shorter time horizon both are brought forward in proportion."""
TAIL_PRESENT = 1e-3
"""A curve with fewer patients than this share at the end of its tail has no bar of it."""
PARALLEL = 1e-6
"""Two quantities whose correlation is nearer to 1 than this are moved by the same coefficients."""


@dataclass(frozen=True)
class CurveQuantity:
    """One quantity of the curves of an endpoint.

    Attributes
    ----------
    kind : str
        level, the restricted mean of the strategy's curve up to the time horizon [months]; effect, that mean over
        the one of `reference` [ratio]; tail, the share that `TAIL_YEARS` define [proportion].
    reference : str
        Of an effect.
    """

    kind: str
    endpoint: str
    strategy: str
    reference: str = ""

    @property
    def id(self) -> str:
        """How options and results name it; the level of a curve has the name of the curve."""
        curve = f"curve.{self.endpoint}.{self.strategy}"
        return curve if self.kind == LEVEL else f"{curve}.{self.kind}"

    @property
    def unit(self) -> str:
        """Unit of its values."""
        return {LEVEL: "months", EFFECT: "ratio", TAIL: "proportion"}[self.kind]

    @property
    def limits(self) -> tuple[float, float | None]:
        """Between which values it lies; a level is limited by the time horizon too."""
        return (0.0, 1.0) if self.kind == TAIL else (0.0, None)


def named(quantity: CurveQuantity, strategy: str) -> str:
    """Return what a quantity is called, with the name of its strategy."""
    if quantity.endpoint in _STATES:
        what = {LEVEL: "Level of", EFFECT: "Treatment effect on", TAIL: "Tail of"}[quantity.kind]
        return f"{what} {quantity.endpoint.upper()}, {strategy}"
    given = quantity.endpoint.removeprefix("tot_").replace("_", " ")
    kinds = {LEVEL: "Time on treatment", EFFECT: "Effect on time on treatment", TAIL: "Tail of time on treatment"}
    return f"{kinds[quantity.kind]} ({given}), {strategy}"


@dataclass(frozen=True)
class Direction:
    """How coefficients move with a quantity, one standard error of it upwards.

    Attributes
    ----------
    normals : array (p,)
        The move in the independent normals of the quantity's own endpoint.
    moves : mapping of endpoint to array (p,)
        Of coefficients: of its endpoint, and of the one that is correlated with it.
    """

    normals: FloatArray
    moves: Mapping[str, FloatArray]


def all_quantities(model: Model) -> list[CurveQuantity]:
    """Return every quantity that can be asked for, whether or not it is uncertain."""
    found = []
    for endpoint, fit in model.fits.items():
        strategies = [strategy for strategy in model.strategies if strategy in fit.sources]
        found += [CurveQuantity(LEVEL, endpoint, strategy) for strategy in strategies]
        found += [CurveQuantity(EFFECT, endpoint, strategy, strategies[0]) for strategy in strategies[1:]]
        found += [CurveQuantity(TAIL, endpoint, strategy) for strategy in strategies]
    return found


def bars_of_curves(model: Model) -> list[tuple[CurveQuantity, Direction]]:
    """Return the quantities of the one-way analysis: one for each curve or effect that is uncertain.

    Of OS and PFS the level of the first strategy's curve, the effect of each other strategy, and the tail of each
    curve that has a shape of its own; of time on treatment the level of each curve.
    """
    found = []
    for quantity in all_quantities(model):
        fit = model.fits[quantity.endpoint]
        first = next(strategy for strategy in model.strategies if strategy in fit.sources)
        states = quantity.endpoint in _STATES
        if quantity.kind == LEVEL and states and quantity.strategy != first:
            continue
        if quantity.kind != LEVEL and not states:
            continue
        if quantity.kind == TAIL and fit.curves.spec(quantity.strategy).relation != INDEPENDENT:
            continue
        along = direction(model, quantity)
        if along is None or (quantity.kind == TAIL and not _has_tail(model, quantity, along)):
            continue
        found.append((quantity, along))
    return found


def _has_tail(model: Model, quantity: CurveQuantity, along: Direction) -> bool:
    """Whether anybody is left at the end of the tail, and the coefficients that move it are not those of the level."""
    base = model.fits[quantity.endpoint].coefficients[None, :]
    left = _survival(model, quantity.endpoint, quantity.strategy, np.array([tail_months(model)[1]]), base)[0, 0]
    level = direction(model, CurveQuantity(LEVEL, quantity.endpoint, quantity.strategy))
    if left < TAIL_PRESENT or level is None:
        return bool(left >= TAIL_PRESENT)
    lengths = np.linalg.norm(along.normals) * np.linalg.norm(level.normals)
    return bool(abs(along.normals @ level.normals) < (1.0 - PARALLEL) * lengths)


def scaled(model: Model, quantity: CurveQuantity, coefficients: FloatArray) -> FloatArray:
    """Return a quantity (draws,) on a scale without limits: the logarithm of a level or effect, the logit of a tail.

    Of the curves with all that acts on them (further effects, waning, background mortality), before the caps of one
    curve at another.

    Parameters
    ----------
    coefficients : array (draws, p)
        Of the endpoint; all else is as in the base case.
    """
    endpoint, strategy = quantity.endpoint, quantity.strategy
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if quantity.kind == TAIL:
            at = _survival(model, endpoint, strategy, np.array(tail_months(model)), coefficients)
            return np.log(at[:, 1]) - np.log(at[:, 0] - at[:, 1])
        level = np.log(_mean(model, endpoint, strategy, coefficients))
        if quantity.kind == LEVEL:
            return level
        return np.asarray(level - np.log(_mean(model, endpoint, quantity.reference, coefficients)))


def on_scale(quantity: CurveQuantity, values: FloatArray) -> FloatArray:
    """Turn values of a quantity into those of `scaled`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(values)
        return logs - np.log1p(-values) if quantity.kind == TAIL else logs


def off_scale(quantity: CurveQuantity, values: FloatArray) -> FloatArray:
    """Turn values of `scaled` into those of the quantity."""
    return 1.0 / (1.0 + np.exp(-values)) if quantity.kind == TAIL else np.exp(values)


def tail_months(model: Model) -> tuple[float, float]:
    """Return between which months the tail is: `TAIL_YEARS`, or as much earlier as the time horizon makes them."""
    first, last = TAIL_YEARS
    late = min(last, model.inputs.settings.time_horizon)
    return MONTHS_PER_YEAR * late * first / last, MONTHS_PER_YEAR * late


def _mean(model: Model, endpoint: str, strategy: str, coefficients: FloatArray) -> FloatArray:
    """Restricted mean (draws,) of a curve with what acts on it, in months."""
    horizon = model.inputs.settings.time_horizon * MONTHS_PER_YEAR
    curves = model.fits[endpoint].curves
    if not model.curve_effects.changes(endpoint, strategy):
        return curves.restricted_mean(strategy, horizon, coefficients)
    t, weights = nodes_up_to(horizon, curves.kinks(strategy))
    return np.asarray(_survival(model, endpoint, strategy, t, coefficients) @ weights)


def _survival(model: Model, endpoint: str, strategy: str, months: FloatArray, coefficients: FloatArray) -> FloatArray:
    return survival_at(model, {**base_draws(model), f"curve.{endpoint}": coefficients}, endpoint, strategy, months)


def direction(model: Model, quantity: CurveQuantity) -> Direction | None:
    """Return the move of the coefficients that is one standard error of a quantity; None where it is certain.

    With the covariance S of all coefficients of the endpoint and the gradient g of the quantity the move is
    S g / sqrt(g' S g): of all coefficients at which the quantity, to first order, is one standard error higher, these
    are the likeliest. The members of an average of families are descriptions of the same evidence, and each moves by
    one standard error of the quantity as it has it. Where PFS and OS are correlated in the draws, the other endpoint
    moves by what is expected of it. S is the covariance of the fit, also where draws are bootstrap replicates.
    """
    fit = model.fits[quantity.endpoint]
    root = square_root(fit.covariance)
    slopes = _slopes(model, quantity, root)
    if not np.isfinite(slopes).all():
        return None
    normals = _unit(slopes, _members(fit))
    if normals is None:
        return None
    moves = {quantity.endpoint: root @ normals}
    for other, other_normals in correlated(model, quantity.endpoint, normals).items():
        moves[other] = square_root(model.fits[other].covariance) @ other_normals
    return Direction(normals, moves)


def _slopes(model: Model, quantity: CurveQuantity, root: FloatArray) -> FloatArray:
    """Slopes (p,) by the independent normals, from points to both sides; 0 where only rounding."""
    base = model.fits[quantity.endpoint].coefficients
    found = scaled(model, quantity, base + STEP * np.vstack([root, -root]))
    above, below = np.split(found, 2)
    change = above - below
    change[np.abs(change) <= ROUNDING * np.maximum(1.0, np.abs(above))] = 0.0
    return np.asarray(change / (2.0 * STEP))


def _members(fit: EndpointFit) -> FloatArray:
    """Number of the member of an average of families whose coefficient each one is (p,), -1 of all others."""
    found = np.full(fit.coefficients.size, -1.0)
    for strategy, (weights, _) in fit.weights.items():
        members = fit.curves.family(strategy).members
        own = np.full(fit.curves.columns[strategy].stop - weights.start, -1.0)
        for k, columns in enumerate(columns_by_part(members, first=len(members))):
            own[columns] = k
        found[fit.curves.columns[strategy]] = own
    return found


def _unit(slopes: FloatArray, members: FloatArray) -> FloatArray | None:
    """Return the move (p,) of the normals that is one standard error of a quantity with these slopes.

    Without an average of families the slopes, at length 1. Of an average each member moves along its own slopes, and
    the standard errors of the members add up.
    """
    others = np.where(members < 0, slopes, 0.0)
    parts = [np.where(members == k, slopes, 0.0) for k in np.unique(members[members >= 0])]
    lengths = [float(np.linalg.norm(part)) for part in parts]
    total = float(np.hypot(np.linalg.norm(others), sum(lengths)))
    if total == 0.0:
        return None
    moved = others / total
    for part, length in zip(parts, lengths, strict=True):
        if length > 0.0:
            moved = moved + part / length * (sum(lengths) / total)
    return np.asarray(moved)


def shifted(model: Model, along: Direction, steps: FloatArray) -> dict[str, FloatArray]:
    """Return the coefficients (points, p) of each endpoint that moves, so many standard errors (points,) away."""
    return {
        endpoint: model.fits[endpoint].coefficients + steps[:, None] * move for endpoint, move in along.moves.items()
    }


def at_ends(model: Model, quantity: CurveQuantity, along: Direction) -> tuple[float, float, float]:
    """Return a quantity in the base case and 1.96 standard errors of its coefficients below and above."""
    moved = shifted(model, along, HALF_WIDTH_95 * np.array([0.0, -1.0, 1.0]))[quantity.endpoint]
    base, low, high = off_scale(quantity, scaled(model, quantity, moved)).tolist()
    return base, low, high


def invalid(model: Model, endpoint: str, coefficients: FloatArray) -> list[str]:
    """Return of each row of coefficients (points, p) why it gives no curves; an empty text where it does."""
    curves = model.fits[endpoint].curves
    words = [""] * coefficients.shape[0]
    for spec in curves.specs:
        own = coefficients[:, curves.columns[spec.reference or spec.strategy]]
        with np.errstate(all="ignore"):
            falling = curves.family(spec.strategy).is_falling(own)
        for i in np.flatnonzero(~falling):
            words[i] = words[i] or f"the {endpoint} curve of {spec.strategy} does not fall"
    return words


FARTHEST = 8.0
"""Coefficients are moved by at most so many standard errors (Mahalanobis' distance)."""
CLOSE = 1e-11
"""How near a quantity comes to the value asked for, on its scale."""
MOST_STEPS = 60
LONGEST = 2.0
"""Longest step of the search. [standard errors]"""


def moves_to(
    model: Model, quantities: Sequence[CurveQuantity], values: FloatArray
) -> tuple[dict[str, FloatArray], dict[int, str]]:
    """Return the likeliest coefficients at which quantities have given values, as moves from the base case.

    Several quantities are held at once: the moves are combinations of their directions.

    Parameters
    ----------
    values : array (points, quantities)

    Returns
    -------
    moves : dict of endpoint to array (points, p)
    failed : dict of point to text
        Where there are no such coefficients within `FARTHEST` standard errors.
    """
    found = [direction(model, quantity) for quantity in quantities]
    along = [each for each in found if each is not None]
    if len(along) < len(found):
        return {}, dict.fromkeys(range(len(values)), "a curve without uncertainty cannot be moved")
    wanted = np.column_stack([on_scale(q, values[:, j]) for j, q in enumerate(quantities)])
    steps, reached = _steps(model, quantities, along, wanted)
    known = np.zeros_like(steps)
    ends = np.array([at_ends(model, q, each) for q, each in zip(quantities, along, strict=True)])
    if len(quantities) == 1:
        sides = HALF_WIDTH_95 * np.array([0.0, -1.0, 1.0])
        for value, side in zip(ends[0], sides, strict=True):
            known[values[:, 0] == value] = side
    exact = (values == ends[:, 0]).all(axis=1) | (known != 0.0).any(axis=1)
    steps, reached = np.where(exact[:, None], known, steps), reached | exact
    names = " and ".join(quantity.id for quantity in quantities)
    what = "no such value" if len(quantities) == 1 else "no such values together"
    have = "has" if len(quantities) == 1 else "have"
    failed = {int(i): f"{names} {have} {what} within {FARTHEST:g} standard errors" for i in np.flatnonzero(~reached)}
    moves = _combined(along, np.where(reached[:, None], steps, 0.0))
    for endpoint, move in moves.items():
        for i, why in enumerate(invalid(model, endpoint, model.fits[endpoint].coefficients + move)):
            if why:
                failed.setdefault(i, f"{names}: {why}")
    return moves, failed


def _combined(along: Sequence[Direction], steps: FloatArray) -> dict[str, FloatArray]:
    """Return the moves (points, p) of each endpoint, from steps (points, quantities) along each direction."""
    moves: dict[str, FloatArray] = {}
    for each, column in zip(along, steps.T, strict=True):
        for endpoint, move in each.moves.items():
            moves[endpoint] = moves.get(endpoint, 0.0) + column[:, None] * move
    return moves


def _steps(
    model: Model, quantities: Sequence[CurveQuantity], along: Sequence[Direction], wanted: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return steps (points, quantities) along the directions to values on their scales, and where they are reached.

    Newton's method with slopes from points nearby. On these scales quantities are nearly linear in the coefficients.
    """
    points, count = wanted.shape
    offsets = STEP * np.vstack([np.zeros(count), np.eye(count)])

    def quantities_at(steps: FloatArray) -> FloatArray:
        moves = _combined(along, steps)
        columns = [scaled(model, q, model.fits[q.endpoint].coefficients + moves[q.endpoint]) for q in quantities]
        return np.column_stack(columns)

    steps, reached = np.zeros_like(wanted), np.zeros(points, dtype=bool)
    left = np.flatnonzero(np.isfinite(wanted).all(axis=1))
    for _ in range(MOST_STEPS):
        if not left.size:
            break
        around = (steps[left][None, :, :] + offsets[:, None, :]).reshape(-1, count)
        at = quantities_at(around).reshape(count + 1, left.size, count)
        missing = wanted[left] - at[0]
        slopes = np.moveaxis((at[1:] - at[0]) / STEP, 0, -1)
        there = (np.abs(missing) <= CLOSE).all(axis=1)
        reached[left[there]] = True
        usable = ~there & np.isfinite(slopes).all(axis=(1, 2)) & np.isfinite(missing).all(axis=1)
        step = (np.linalg.pinv(slopes[usable]) @ missing[usable][:, :, None])[:, :, 0]
        left = left[usable]
        long = np.maximum(_distance(quantities, along, step) / LONGEST, 1.0)
        steps[left] += step / long[:, None]
        left = left[_distance(quantities, along, steps[left]) <= FARTHEST + LONGEST]
    return steps, reached & (_distance(quantities, along, steps) <= FARTHEST)


def _distance(quantities: Sequence[CurveQuantity], along: Sequence[Direction], steps: FloatArray) -> FloatArray:
    """How many standard errors the coefficients of each point are away (points,); of the endpoint farthest away."""
    found = np.zeros(steps.shape[0])
    for endpoint in {quantity.endpoint for quantity in quantities}:
        own = [j for j, quantity in enumerate(quantities) if quantity.endpoint == endpoint]
        normals = steps[:, own] @ np.vstack([along[j].normals for j in own])
        found = np.maximum(found, np.linalg.norm(normals, axis=1))
    return found
