"""Slips of the pen that are allowed values: a number that does not fit the others of its kind."""

from __future__ import annotations

import math
import re
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import Problem
from hemodel.inputs.checks import select
from hemodel.units import DAYS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hemodel.inputs.checks import Rows
    from hemodel.inputs.rows import Row


SE_OF_MEAN, SE_OF_UTILITY = 0.5, 0.1
"""A standard error above this share of its value, or this on the scale of utilities, may be a standard deviation."""
SHORT_DURATION = 20
TREATMENT_IN_PFS = 3
LONG_CYCLE, CYCLE_OF_TEXTBOOKS, CYCLE_IN_INTERVALS = 31, 183, 3
"""Cycles of half a year or a year are chosen on purpose. [days]"""
EVENT_FACTOR, EVENTS_THE_SAME_WAY = 2, 3
DOSE_FACTOR, COST_FACTOR, FEWEST_OTHERS = 5, 10, 2
MOST_VIALS, MOST_VIALS_BY_SIZE, LEAST_OF_VIAL = 25, 12, 0.2
"""A flat dose may be of tablets; one by the size of the patient is of vials."""
LIMITS = {"proportion": 1.0, "%": 100.0, "years": 120.0}
COUNTED = {"patients", "events", "deaths"}


_SAYS_WHICH = re.compile(r"\b(interval|standard error|sem|ci)\b", re.IGNORECASE)
"""What the basis of range says where the spread is known to be that of a mean."""


def slips() -> dict[str, Callable[[Rows], Iterable[Problem]]]:
    """Return the rules by the name with which a note accepts their warnings."""
    return {
        "standard_deviation": _standard_deviations,
        "duration": _durations,
        "treatment_time": _treatment_times,
        "cycle": _cycle,
        "exchanged_arms": _exchanged_arms,
        "dose": _doses,
        "vials": _vials,
        "event_cost": _event_costs,
        "end_of_life": _end_of_life,
        "reported": _reported,
    }


def _standard_deviations(rows: Rows) -> Iterable[Problem]:
    for row in rows.values():
        whole = row.low is not None and row.high is not None
        said = _SAYS_WHICH.search(row.range_basis)
        if row.kind.varies != "yes" or row.value is None or not row.se or whole or said or row.number <= 0:
            continue
        utility = row.kind.pattern.startswith("utility.")
        limit = SE_OF_UTILITY if utility else SE_OF_MEAN * row.number
        if row.se > limit:
            entered = f": {row.se / math.sqrt(row.n):.3g}" if row.n else ""
            yield Problem(
                row.where["se"],
                f"{row.id} is {row.number:g} with an SE of {row.se:g}",
                "So wide a standard error of a mean is rare; a standard deviation over patients is often that wide",
                f"If it is one, divide it by the square root of the number of patients{entered}.",
            )


def _durations(rows: Rows) -> Iterable[Problem]:
    found = [row for row in select(rows, "adverse_event.{event}.duration") if row.number > 0]
    for row in found:
        others = [other.number for other in found if other is not row]
        usual = float(np.median(others)) if len(others) >= FEWEST_OTHERS else 0.0
        if row.number < 1 or row.number * SHORT_DURATION < usual:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g} days",
                "It looks like months",
                f"If {row.number:g} months is meant, enter {row.number * DAYS_PER_MONTH:.3g}.",
            )


def _treatment_times(rows: Rows) -> Iterable[Problem]:
    for row in select(rows, "survival.{endpoint}.{strategy}.median"):
        pfs = rows.get(f"survival.pfs.{row.names['strategy']}.median")
        if row.names["endpoint"] in {"os", "pfs"} or pfs is None or pfs.value is None or pfs.bound:
            continue
        if row.number > TREATMENT_IN_PFS * pfs.number:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g} months, {row.number / pfs.number:.3g} times {pfs.id}, {pfs.number:g}",
                "Treatment seldom lasts so long beyond progression",
                f"Check the unit and the decimal point of both; the other is at {pfs.where['value']}.",
            )


def _cycle(rows: Rows) -> Iterable[Problem]:
    cycle = rows.get("settings.cycle_length")
    intervals = select(rows, "regimen.{strategy}.{drug}.interval")
    if cycle is None or cycle.value is None or not intervals or not LONG_CYCLE < cycle.number < CYCLE_OF_TEXTBOOKS:
        return
    longest = max(intervals, key=lambda row: row.number)
    if cycle.number >= CYCLE_IN_INTERVALS * longest.number:
        yield Problem(
            cycle.where["value"],
            f"{cycle.id} is {cycle.number:g} days, and no drug is given less often than every {longest.number:g}",
            "A cycle so much longer than the schedule is coarse",
            f"Is a shorter cycle meant? The interval is at {longest.where['value']}.",
        )


def _exchanged_arms(rows: Rows) -> Iterable[Problem]:
    by_event: dict[str, dict[str, Row]] = {}
    for row in select(rows, "adverse_event.{event}.incidence.{strategy}"):
        by_event.setdefault(row.names["event"], {})[row.names["strategy"]] = row
    strategies = list(dict.fromkeys(name for arms in by_event.values() for name in arms))
    for one, other in combinations(strategies, 2):
        more: dict[str, list[Row]] = {one: [], other: []}
        for arms in by_event.values():
            if one in arms and other in arms:
                low, high = sorted((arms[one], arms[other]), key=lambda row: row.number)
                if high.number > 0 and high.number >= EVENT_FACTOR * low.number:
                    more[high.names["strategy"]].append(high)
        few, many = sorted(more.values(), key=len)
        if len(few) == 1 and len(many) >= EVENTS_THE_SAME_WAY:
            usual = many[0].names["strategy"]
            yield Problem(
                few[0].where["value"],
                f"{few[0].id} is {few[0].number:g}, more than with {usual}; {len(many)} other events are more"
                f" frequent with {usual}",
                "The arms of one event may have been exchanged",
                f"Check it against {by_event[few[0].names['event']][usual].where['value']}.",
            )


def _doses(rows: Rows) -> Iterable[Problem]:
    for one, other in combinations(select(rows, "regimen.{strategy}.{drug}.dose"), 2):
        bases = [rows.get(row.id + "_basis") for row in (one, other)]
        same = None not in bases and len({row.text for row in bases if row is not None}) == 1
        if one.names["drug"] != other.names["drug"] or not same or min(one.number, other.number) <= 0:
            continue
        if max(one.number, other.number) >= DOSE_FACTOR * min(one.number, other.number):
            high, low = (one, other) if one.number > other.number else (other, one)
            yield Problem(
                high.where["value"],
                f"{high.id} is {high.number:g}, {high.number / low.number:.3g} times {low.id}, {low.number:g}",
                "Doses of one drug seldom differ so much",
                f"Check both, and the decimal point; the other is at {low.where['value']}.",
            )


_PER = {"mg": None, "mg/m2": "patients.bsa_mean", "mg/kg": "patients.weight_mean"}


def _vials(rows: Rows) -> Iterable[Problem]:
    for row in select(rows, "regimen.{strategy}.{drug}.dose"):
        sizes = [
            each
            for each in rows.values()
            if ".vial_size" in each.kind.pattern and each.value is not None and each.names["drug"] == row.names["drug"]
        ]
        small, large = (end(sizes, key=lambda each: each.number, default=row) for end in (min, max))
        basis = rows.get(row.id + "_basis")
        by_size = _PER.get(basis.text) if basis is not None else None
        mean = rows.get(by_size or "")
        known = mean is not None and mean.value is not None
        amount = row.number * (mean.number if mean is not None and known else 1.0)
        sharing = rows.get(row.id.removesuffix("dose") + "vial_sharing")
        wasted = (known or not by_size) and (sharing is None or sharing.text != "yes")
        if not sizes or amount <= 0:
            continue
        if amount > (MOST_VIALS_BY_SIZE if by_size and known else MOST_VIALS) * large.number:
            yield _odd_dose(row, amount, large, "A dose seldom needs so many")
        elif amount < LEAST_OF_VIAL * small.number and wasted:
            yield _odd_dose(row, amount, small, "Most of each vial is thrown away")


def _odd_dose(row: Row, amount: float, size: Row, why: str) -> Problem:
    return Problem(
        row.where["value"],
        f"{row.id} is {amount:.4g} mg for a patient of mean size, {amount / size.number:.3g} of its vials",
        f"{why}; one of them may be in another unit, or a decimal point slipped",
        f"Check the dose, its basis and the size of the vial ({size.id}, {size.number:g} mg).",
    )


def _event_costs(rows: Rows) -> Iterable[Problem]:
    found = [row for row in select(rows, "adverse_event.{event}.unit_cost") if row.number > 0]
    for row in found:
        others = [other.number for other in found if other is not row]
        if len(others) >= FEWEST_OTHERS and row.number >= COST_FACTOR * max(others):
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:,.10g}, and no other event costs more than {max(others):,.10g}",
                "A tenfold difference is often a slip of the decimal point",
                "Check it against its source.",
            )


def _end_of_life(rows: Rows) -> Iterable[Problem]:
    row = rows.get("end_of_life.cost")
    if row is not None and row.value is not None and row.number == 0 and not row.note and not row.is_assumption:
        yield Problem(
            row.where["value"],
            f"{row.id} is 0",
            "Dying costs nothing then, and nothing says why",
            "Enter the cost of the last weeks of life, or say in the note why there is none.",
        )


def _reported(rows: Rows) -> Iterable[Problem]:
    for row in select(rows, "trial.reported.{item}"):
        unit, value = row.unit.strip().lower(), row.number
        most = LIMITS.get(unit, math.inf)
        broken = unit in COUNTED and value != int(value)
        if (value < 0 and (unit in LIMITS or unit in COUNTED)) or value > most or broken:
            allowed = "be a whole number, 0 or more" if unit in COUNTED else f"lie between 0 and {most:g}"
            yield Problem(
                row.where["value"],
                f"{row.id} is {value:g} {row.unit}",
                f"In that unit it must {allowed}",
                "Check the value and the unit.",
            )
