"""Warnings about uncertainty: none given, intervals not around their values, distributions beyond their bounds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from hemodel.distributions import INTERVAL_WIDTH, Distribution, DistributionError, distribution
from hemodel.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.inputs.checks import Rows
    from hemodel.inputs.rows import Row

CENTRED = ("beta", "gamma", "lognormal", "normal", "fit")
"""Distributions that lie around the value, whatever side of it the range is on."""
MIDDLE = (0.1, 0.9)
MIDDLE_OF_RATIO = (0.25, 0.75)
"""Parts of an interval in which its value is expected; that of a ratio is symmetric on the log scale."""
SE_FACTOR = 1.5
FAR_OUT = (0.001, 0.999)
_PRESCRIBED = (".dose", ".administrations_per_cycle")


def about_ranges(rows: Rows) -> Iterable[Problem]:
    """Return the warnings about the uncertainty of single rows."""
    for row in rows.values():
        if row.value is not None and row.kind.varies in {"yes", "fit"}:
            yield from _no_range(row)
            yield from _one_sided(row)
            yield from _two_errors(row)
            yield from _beyond_bounds(row)
            yield from _against_an_end(row)


def _no_range(row: Row) -> Iterable[Problem]:
    if row.distribution not in {"", "fixed"} or row.range_basis or row.note or _needs_no_range(row):
        return
    if row.kind.varies == "fit" and row.use_in_fit and row.distribution == "fixed":
        yield Problem(
            row.where["distribution"],
            f"{row.id} is fixed and used in the fit",
            "It is taken as known without error, and nothing says why",
            "Choose the distribution fit, or say in basis of range why it is fixed.",
        )
    elif not row.has_uncertainty and (row.kind.varies == "yes" or row.kind.group == "coefficient"):
        yield Problem(
            row.where["se"],
            f"{row.id} has no SE and no interval",
            "It does not vary in the sensitivity analyses, and nothing says why",
            "Give an SE, or low and high, and a distribution; or say in basis of range why it is fixed.",
        )


def _needs_no_range(row: Row) -> bool:
    """Whether a value is nothing, everything, or prescribed rather than estimated."""
    everything = row.kind.unit == "proportion" and row.number == 1
    return row.number == 0 or everything or row.kind.pattern.endswith(_PRESCRIBED)


def _one_sided(row: Row) -> Iterable[Problem]:
    if row.distribution not in CENTRED or row.low is None or row.high is None or not row.low < row.high:
        return
    if row.number in {0, row.kind.minimum, row.kind.maximum} or not row.low <= row.number <= row.high:
        return
    least, most = MIDDLE_OF_RATIO if row.kind.unit == "ratio" else MIDDLE
    position = _position(row, row.low, row.high)
    if not least <= position <= most:
        yield Problem(
            row.where["low" if position < least else "high"],
            f"{row.id} is {row.number:g}, at the {'lower' if position < least else 'upper'} end of"
            f" {row.low:g} to {row.high:g}",
            f"The distribution {row.distribution} lies around the value and goes beyond that end",
            "Check the value and the interval; for a range on one side choose uniform or fixed.",
        )


def _position(row: Row, low: float, high: float) -> float:
    """Return where in its interval a value lies, from 0 to 1, on the scale on which that is nearest to the middle.

    A ratio is looked at on the log scale only, a proportion or a utility not on it.
    """
    linear = (row.number - low) / (high - low)
    if low <= 0 or row.kind.unit in {"proportion", "utility"}:
        return linear
    log = math.log(row.number / low) / math.log(high / low)
    return log if row.kind.unit == "ratio" else min(linear, log, key=lambda position: abs(position - 0.5))


def _two_errors(row: Row) -> Iterable[Problem]:
    if not row.se or row.low is None or row.high is None or not row.low < row.high:
        return
    errors = [(row.high - row.low) / INTERVAL_WIDTH]
    if row.low > 0 and row.number > 0:
        errors.append(row.number * math.log(row.high / row.low) / INTERVAL_WIDTH)
    if all(max(row.se / error, error / row.se) > SE_FACTOR for error in errors):
        yield Problem(
            row.where["se"],
            f"{row.id}: the SE is {row.se:g}, but {row.low:g} to {row.high:g} is an SE of {errors[0]:.3g}",
            "Only one of the two is used for the distribution",
            "Keep the one that the source reports. Is the SE a standard deviation?",
        )


def _distribution(row: Row) -> Distribution | None:
    if row.kind.varies != "yes":
        return None
    try:
        return distribution(row.distribution, row.number, low=row.low, high=row.high, se=row.se, n=row.n)
    except DistributionError:
        return None


def _beyond_bounds(row: Row) -> Iterable[Problem]:
    found = _distribution(row)
    if found is None or found.name not in {"normal", "gamma", "lognormal"}:
        return
    least, most = (float(end) for end in found.quantile(np.array(FAR_OUT)))
    minimum, maximum = row.kind.minimum, row.kind.maximum
    below, above = minimum is not None and least < minimum, maximum is not None and most > maximum
    if below or above:
        bound = minimum if below else maximum
        yield Problem(
            row.where["distribution"],
            f"{row.id}: the distribution {row.distribution} reaches {least if below else most:.3g}",
            f"{row.kind.label} cannot be {'below' if below else 'above'} {bound:g}",
            "Choose another distribution, or a smaller SE.",
        )


def _against_an_end(row: Row) -> Iterable[Problem]:
    if row.kind.unit != "utility" or row.distribution != "beta":
        return
    beyond = [end for end in (row.low, row.high) if end is not None and not 0 <= end <= 1]
    if beyond:
        yield Problem(
            row.where["distribution"],
            f"{row.id}: a beta distribution cannot reach {beyond[0]:g}",
            "It lies between 0 and 1",
            "Choose uniform, or correct the range.",
        )
        return
    found = _distribution(row)
    if found is not None and min(found.parameters) < 1:
        end = 1 if found.parameters[1] < found.parameters[0] else 0
        yield Problem(
            row.where["distribution"],
            f"{row.id}: the beta distribution with mean {row.number:g} and this uncertainty has its peak at {end}",
            "It is too wide for a mean so near to the end of its scale",
            "Check the SE, or low and high. Is the SE a standard deviation over patients?",
        )
