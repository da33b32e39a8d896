"""Patients, digitised curves and published coefficients whose times cannot be in the unit that is named.

A week is 0.23 and a day 0.03 of a month, a month 0.08 of a year: what is called by another name is four times too
long or more. So times are held against the median follow-up of the trial, the other arm of the endpoint and the other
endpoint of the arm. Limits lie between what trials show and what a wrong unit makes of it.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import Problem
from hemodel.survival.endpoint_fit import REPORTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from hemodel.inputs.checks import Rows
    from hemodel.survival.endpoint_fit import EndpointFit


NAME = "data_times"
LAST_IN_FOLLOW_UPS = 4
"""The last patient is seen no later than this many times the median follow-up."""
MEDIAN_IN_FOLLOW_UPS = 10
"""A median is at most this many times the median follow-up, and at least 1 / this of it in all arms together."""
BETWEEN_ARMS = 5
PFS_IN_OS, OS_IN_PFS = 2, 25


def times_of_data(rows: Rows, fits: Mapping[str, EndpointFit]) -> list[Problem]:
    """Return a warning for every curve from data or coefficients whose times look like another unit.

    Returns
    -------
    list of Problem
        At the time unit of the curve; one for each.
    """
    follow_up = rows.get("trial.median_follow_up")
    months = None if follow_up is None or follow_up.value is None else follow_up.number
    found: dict[tuple[str, str], str] = {}
    middle = _medians(fits)
    reasons = [*_between_arms(middle, fits, months), *_between_endpoints(middle, fits)]
    if months:
        reasons = [*_late(fits, months), *_far_from(middle, fits, months), *reasons]
    for curve, why in reasons:
        found.setdefault(curve, why)
    return [_problem(rows, curve, why) for curve, why in found.items() if _unit(curve) in rows]


Curve = tuple[str, str]
"""Endpoint and strategy."""


def _unit(curve: Curve) -> str:
    return f"curve.{curve[0]}.{curve[1]}.time_unit"


def _medians(fits: Mapping[str, EndpointFit]) -> dict[Curve, float]:
    """Return the fitted median of every curve, in months; without those that are not reached."""
    found = {
        (endpoint, strategy): float(fit.curves.quantile(strategy, 0.5, fit.coefficients[None, :])[0])
        for endpoint, fit in fits.items()
        for strategy in fit.sources
    }
    return {curve: value for curve, value in found.items() if math.isfinite(value) and value > 0.0}


def _is_data(curve: Curve, fits: Mapping[str, EndpointFit]) -> bool:
    return fits[curve[0]].sources[curve[1]].kind != REPORTED


def _late(fits: Mapping[str, EndpointFit], months: float) -> Iterator[tuple[Curve, str]]:
    for endpoint, fit in fits.items():
        for strategy, source in fit.sources.items():
            last = 0.0 if source.data is None else float(np.max(source.data.time))
            if last > LAST_IN_FOLLOW_UPS * months:
                yield (endpoint, strategy), f"the last time is {last:.4g} months, with a median follow-up of {months:g}"


def _far_from(
    middle: Mapping[Curve, float], fits: Mapping[str, EndpointFit], months: float
) -> Iterator[tuple[Curve, str]]:
    longest = max(middle.values(), default=months)
    for curve, median in middle.items():
        short = longest * MEDIAN_IN_FOLLOW_UPS < months
        if _is_data(curve, fits) and (median > MEDIAN_IN_FOLLOW_UPS * months or short):
            yield curve, f"its median is {median:.4g} months, with a median follow-up of {months:g}"


def _between_arms(
    middle: Mapping[Curve, float], fits: Mapping[str, EndpointFit], months: float | None
) -> Iterator[tuple[Curve, str]]:
    for one, other in combinations(middle, 2):
        if one[0] != other[0] or max(middle[one], middle[other]) < BETWEEN_ARMS * min(middle[one], middle[other]):
            continue
        curve = _stranger(middle, [each for each in (one, other) if _is_data(each, fits)], months)
        if curve is not None:
            beside = other if curve == one else one
            yield curve, f"its median is {middle[curve]:.4g} months, and that of {beside[1]} {middle[beside]:.4g}"


def _stranger(middle: Mapping[Curve, float], among: Iterable[Curve], months: float | None) -> Curve | None:
    """Return the curve whose median is furthest from the follow-up; without one, the longest."""
    return max(
        among, key=lambda curve: abs(math.log(middle[curve] / months)) if months else middle[curve], default=None
    )


def _between_endpoints(middle: Mapping[Curve, float], fits: Mapping[str, EndpointFit]) -> Iterator[tuple[Curve, str]]:
    for (endpoint, strategy), pfs in middle.items():
        survival = middle.get(("os", strategy))
        if endpoint != "pfs" or survival is None:
            continue
        if pfs > PFS_IN_OS * survival or survival > OS_IN_PFS * pfs:
            curves = [curve for curve in (("os", strategy), ("pfs", strategy)) if _is_data(curve, fits)]
            words = f"the median of pfs is {pfs:.4g} months, and that of os {survival:.4g}"
            yield from ((curve, words) for curve in curves[:1])


def _problem(rows: Rows, curve: Curve, why: str) -> Problem:
    row = rows[_unit(curve)]
    return Problem(
        row.where["value"],
        f"{row.id} is {row.text}: {why}",
        "It looks like times in another unit",
        "Enter the unit in which the data or coefficients are: days, weeks, months or years.",
        NAME,
    )
