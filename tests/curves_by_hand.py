"""What the bars of curves are in the model of `by_hand`: restricted means of exponential curves and their ratios."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from by_hand import FIRST, HORIZON, OTHERS, STRATEGIES

if TYPE_CHECKING:
    from collections.abc import Mapping

Values = dict[str, float]

ERROR = math.log(1.25 / 0.8) / 3.919928
"""Standard error of every log median, and so of every log rate."""
MONTHS = 12.0 * HORIZON
HALF_WIDTH = 1.959964
"""Of a 95% interval, in standard errors."""


def area(rate: float) -> float:
    """Restricted mean of an exponential curve."""
    return -math.expm1(-rate * MONTHS) / rate


def slope(rate: float) -> float:
    """Of the logarithm of the area by the logarithm of the rate."""
    return rate * MONTHS / math.expm1(rate * MONTHS) - 1.0


def directions(base: Mapping[str, float]) -> dict[str, Values]:
    """Of each bar, how many logarithms its rates move by for one standard error: S g / sqrt(g' S g), S = ERROR^2."""
    found = {}
    for endpoint in ("pfs", "os"):
        rates = {s: f"rate.{endpoint}.{s}" for s in STRATEGIES}
        own = {s: slope(base[rate]) for s, rate in rates.items()}
        found[f"curve.{endpoint}.{FIRST}"] = {rates[FIRST]: -ERROR}
        for strategy in OTHERS:
            length = math.hypot(own[strategy], own[FIRST])
            move = {rates[strategy]: own[strategy], rates[FIRST]: -own[FIRST]}
            found[f"curve.{endpoint}.{strategy}.effect"] = {r: ERROR * g / length for r, g in move.items()}
    return found


def with_steps(base: Mapping[str, float], steps: Mapping[str, float]) -> Values:
    """The values so many standard errors away along the directions of bars."""
    found, along = dict(base), directions(base)
    for id_, step in steps.items():
        for rate, move in along[id_].items():
            found[rate] *= math.exp(step * move)
    return found


def curve_ends(base: Mapping[str, float]) -> dict[str, tuple[Values, Values]]:
    """The values at both ends of each bar of curves."""
    return {
        id_: (with_steps(base, {id_: -HALF_WIDTH}), with_steps(base, {id_: HALF_WIDTH})) for id_ in directions(base)
    }


def quantity(id_: str, values: Mapping[str, float]) -> float:
    """What a bar of curves is called by: the area under the curve, or its ratio to that of the first strategy."""
    _, endpoint, strategy, *effect = id_.split(".")
    level = {s: area(values[f"rate.{endpoint}.{s}"]) for s in STRATEGIES}
    return level[strategy] / level[FIRST] if effect else level[strategy]
