"""Warnings about times: months that look like weeks or days, years that look like months."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hemodel.errors import Problem
from hemodel.inputs.checks import select
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hemodel.inputs.checks import Rows
    from hemodel.inputs.rows import Row

DAYS_PER_WEEK = 7.0
BEYOND_FOLLOW_UP = 3
"""Nothing is reported later than this many times the median follow-up."""
FOLLOW_UP_IN_MEDIANS = 10
LATE, SHORT_MEDIAN = 100, 24
"""A landmark after this many months, where the median is below the second."""
OLDEST = 120
NAMED_TIME = re.compile(r"(?P<number>\d+)_?(?P<unit>m|mo|months?|y|yr|years?|w|wk|weeks?)")
NAME_TOLERANCE = 0.05


def about_times(rows: Rows) -> Iterable[Problem]:
    """Return the warnings about times and intervals."""
    rules: tuple[Callable[[Rows], Iterable[Problem]], ...] = (
        _medians,
        _follow_up,
        _landmarks,
        _named_times,
        _intervals,
        _horizon,
    )
    return [warning for rule in rules for warning in rule(rows)]


def _in_months(value: float) -> str:
    weeks, days = value * DAYS_PER_WEEK / DAYS_PER_MONTH, value / DAYS_PER_MONTH
    return f"Enter months: {value:g} weeks are {weeks:.3g} months, {value:g} days {days:.3g}."


def _number(rows: Rows, id_: str) -> float | None:
    row = rows.get(id_)
    return None if row is None or row.value is None else row.number


def _medians(rows: Rows) -> Iterable[Problem]:
    follow_up = _number(rows, "trial.median_follow_up")
    for row in select(rows, "survival.{endpoint}.{strategy}.median"):
        overall = rows.get(f"survival.os.{row.names['strategy']}.median")
        if follow_up and row.number > BEYOND_FOLLOW_UP * follow_up:
            yield _too_late(row, "value", row.number, follow_up)
        elif overall is None or overall.value is None or row.names["endpoint"] != "pfs" or row.bound or overall.bound:
            continue
        elif row.number > overall.number:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g} months, above {overall.id}, {overall.number:g}",
                "Nobody dies before progressing or dying: the median of PFS cannot be above that of OS",
                f"Check the unit of both; the other is at {overall.where['value']}. {_in_months(row.number)}",
            )


def _too_late(row: Row, column: str, time: float, follow_up: float) -> Problem:
    of = "" if column == "value" else f".{column}"
    return Problem(
        row.where[column],
        f"{row.id}{of} is {time:g} months, with a median follow-up of {follow_up:g}",
        "Little is known of a time so long after it; it looks like weeks or days",
        _in_months(time),
    )


def _follow_up(rows: Rows) -> Iterable[Problem]:
    row = rows.get("trial.median_follow_up")
    medians = [row.number for row in select(rows, "survival.{endpoint}.{strategy}.median")]
    if row is not None and row.value is not None and medians and row.number > FOLLOW_UP_IN_MEDIANS * max(medians):
        yield Problem(
            row.where["value"],
            f"{row.id} is {row.number:g} months, and no median is above {max(medians):g}",
            "A trial is seldom followed for ten times its medians; it looks like weeks or days",
            _in_months(row.number),
        )


def _landmarks(rows: Rows) -> Iterable[Problem]:
    follow_up = _number(rows, "trial.median_follow_up")
    for row in rows.values():
        if row.kind.group != "survival" or row.value is None or not row.time or _name_says(row):
            continue
        median = _number(rows, f"survival.{row.names['endpoint']}.{row.names['strategy']}.median")
        if follow_up and row.time > BEYOND_FOLLOW_UP * follow_up:
            yield _too_late(row, "time", row.time, follow_up)
        elif median is not None and median < SHORT_MEDIAN and row.time >= LATE:
            yield Problem(
                row.where["time"],
                f"{row.id}.time is {row.time:g} months, and the median is {median:g}",
                "It looks like weeks or days",
                _in_months(row.time),
            )


def _name_says(row: Row) -> float | None:
    """Return the months that the name of a landmark says, such as 12 for 12m or 1y; None where it says none."""
    said = NAMED_TIME.fullmatch(row.names.get("landmark", ""))
    if said is None:
        return None
    per = {"m": 1.0, "y": MONTHS_PER_YEAR, "w": DAYS_PER_WEEK / DAYS_PER_MONTH}[said["unit"][0]]
    return per * int(said["number"])


def _named_times(rows: Rows) -> Iterable[Problem]:
    for row in rows.values():
        said = _name_says(row)
        if said and row.time and row.value is not None and abs(row.time / said - 1) > NAME_TOLERANCE:
            yield Problem(
                row.where["time"],
                f"{row.id}.time is {row.time:g} months, and its name says {said:.4g}",
                "One of the two is wrong; time is in months",
                f"Enter {said:.4g}, or correct the id.",
            )


def _intervals(rows: Rows) -> Iterable[Problem]:
    for row in select(rows, "regimen.{strategy}.{drug}.interval"):
        administration = rows.get(row.id.removesuffix("interval") + "administration")
        cost = None if administration is None else _number(rows, f"administration.{administration.text}.cost")
        if 1 < row.number < DAYS_PER_WEEK and row.number == int(row.number) and cost:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g} days, each time with a cost of {cost:g} for giving it",
                "It looks like weeks",
                f"If every {row.number:g} weeks is meant, enter {DAYS_PER_WEEK * row.number:g}.",
            )


def _horizon(rows: Rows) -> Iterable[Problem]:
    horizon, age = rows.get("settings.time_horizon"), _number(rows, "background.mean_age")
    if horizon is None or horizon.value is None or not age:
        return
    if age + horizon.number > OLDEST:
        yield Problem(
            horizon.where["value"],
            f"{horizon.id} is {horizon.number:g} years, from a mean age of {age:g}",
            f"Nobody lives beyond {OLDEST}; it looks like months",
            f"If {horizon.number:g} months is meant, enter {horizon.number / MONTHS_PER_YEAR:.3g}.",
        )
