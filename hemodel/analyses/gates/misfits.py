"""Slips of the pen that the other rows give away: values that are allowed, and do not go with what stands beside them.

Those that one row or the rows of its kind give away are in `hemodel.inputs.slips`.
"""

from __future__ import annotations

import math
import re
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import Problem
from hemodel.inputs.checks import select
from hemodel.inputs.warnings import DAYS_PER_WEEK, named
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hemodel.inputs.checks import Rows
    from hemodel.inputs.rows import Row

LIFETIME_IN_MEDIANS = 3
"""A horizon within so many medians of OS leaves out an eighth of the patients at a constant hazard."""
OFF_THE_RATIO = 3
FEWEST_OF_ARM, MOST_OF_ARM = 0.2, 1.05
PER_MG_FACTOR, LIKE_OTHERS, LARGE_VIAL = 100, 3, 10
SAME_RATIO = 0.005
WEEKS, DAYS = DAYS_PER_MONTH / DAYS_PER_WEEK, DAYS_PER_MONTH
YEARS_APART, FEWEST_SOURCES = 6, 3
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def misfits(rows: Rows) -> list[Problem]:
    """Return the warnings about values that do not go with other rows, by the name with which a note accepts them."""
    rules: dict[str, Callable[[Rows], Iterable[Problem]]] = {
        "short_horizon": _short_horizon,
        "landmark_twice": _landmark_twice,
        "median_beside_ratio": _medians_beside_ratios,
        "patients": _patients,
        "per_mg_as_vial": _per_mg_as_vial,
        "above_threshold": _above_threshold,
        "per_week": _per_week,
        "nearer_death": _nearer_death,
        "price_year": _price_year,
    }
    return [warning for name, rule in rules.items() for warning in named(name, rule(rows))]


def _short_horizon(rows: Rows) -> Iterable[Problem]:
    horizon = rows.get("settings.time_horizon")
    medians = [
        row
        for row in select(rows, "survival.{endpoint}.{strategy}.median")
        if row.names["endpoint"] == "os" and row.number > 0
    ]
    if horizon is None or horizon.value is None or not medians:
        return
    longest = max(medians, key=lambda row: row.number)
    months = horizon.number * MONTHS_PER_YEAR
    if 0 < months < LIFETIME_IN_MEDIANS * longest.number:
        left = 0.5 ** (months / longest.number)
        yield Problem(
            horizon.where["value"],
            f"{horizon.id} is {horizon.number:g} years, and {longest.id} {longest.number:g} months",
            f"About {left:.0%} of the patients are alive then, at a constant hazard, and what follows is left out",
            f"Check the horizon; the median is at {longest.where['value']}.",
        )


def _landmark_twice(rows: Rows) -> Iterable[Problem]:
    found = [row for row in rows.values() if row.kind.group == "survival" and row.value is not None and row.time]
    for one, other in combinations(found, 2):
        same = all(one.names.get(name) == other.names.get(name) for name in ("endpoint", "strategy"))
        if same and one.kind is other.kind and one.number == other.number and one.time != other.time:
            late = max((one, other), key=lambda row: row.time or 0)
            early = other if late is one else one
            yield Problem(
                late.where["value"],
                f"{late.id} is {late.number:g} at month {late.time:g}, as {early.id} is at month {early.time:g}",
                "Nobody leaves the curve between them; one may be a copy of the other",
                f"Check both; the other is at {early.where['value']}.",
            )


def _medians_beside_ratios(rows: Rows) -> Iterable[Problem]:
    for row in select(rows, "survival.{endpoint}.{strategy}.hazard_ratio"):
        medians = [
            rows.get(f"survival.{row.names['endpoint']}.{strategy}.median")
            for strategy in (row.names["strategy"], row.versus)
        ]
        known = [each for each in medians if each is not None and each.value is not None and not each.bound]
        if len(known) < len(medians) or min(row.number, *(each.number for each in known)) <= 0:
            continue
        own, other = known
        quotient, expected = own.number / other.number, 1 / row.number
        factor = max(quotient / expected, expected / quotient)
        if factor >= OFF_THE_RATIO:
            yield Problem(
                own.where["value"],
                f"{own.id} is {own.number:g} months, {quotient:.3g} times {other.id}, {other.number:g}; by {row.id},"
                f" {row.number:g}, it should be about {expected:.3g} times",
                "One of the three may have a slip of the decimal point or be in another unit, such as weeks",
                f"Check all three; the others are at {other.where['value']} and {row.where['value']}.",
            )


def _patients(rows: Rows) -> Iterable[Problem]:
    for row in rows.values():
        arm = rows.get(f"trial.patients.{row.names.get('strategy', '')}")
        counted = row.kind.group == "survival" or row.kind.pattern == "adverse_event.{event}.incidence.{strategy}"
        if not counted or row.value is None or not row.n or arm is None or arm.value is None or arm.number <= 0:
            continue
        if not FEWEST_OF_ARM * arm.number <= row.n <= MOST_OF_ARM * arm.number:
            yield Problem(
                row.where["n"],
                f"{row.id}.n is {row.n:g}, and {arm.id} {arm.number:g}",
                "It is the number of patients that the value was seen in, and makes its standard error",
                f"Check both, digit by digit; the other is at {arm.where['value']}.",
            )


def _vials(rows: Rows) -> dict[str, list[tuple[Row, Row]]]:
    """Return the size and price of every vial, by drug."""
    found: dict[str, list[tuple[Row, Row]]] = {}
    for vial in rows.values():
        price = rows.get(vial.id.replace(".vial_size", ".price_per_vial"))
        if ".vial_size" in vial.kind.pattern and vial.value is not None and price is not None and price.value:
            found.setdefault(vial.names["drug"], []).append((vial, price))
    return found


def _per_mg_as_vial(rows: Rows) -> Iterable[Problem]:
    found = _vials(rows)
    for drug, vials in found.items():
        others = [price.number for name, pairs in found.items() if name != drug for _, price in pairs]
        for vial, price in vials:
            whole = price.number * vial.number
            cheap = bool(others) and price.number * PER_MG_FACTOR <= min(others) and vial.number >= LARGE_VIAL
            if cheap and min(others) <= whole * LIKE_OTHERS and whole <= LIKE_OTHERS * max(others):
                yield Problem(
                    price.where["value"],
                    f"{price.id} is {price.number:,.4g} for {vial.number:g} mg, and no vial of another drug costs less "
                    f"than {min(others):,.10g}",
                    "It looks like a price per mg",
                    f"If it is one, enter {whole:,.10g}.",
                )


def _above_threshold(rows: Rows) -> Iterable[Problem]:
    threshold = rows.get("settings.decision_threshold")
    if threshold is None or threshold.value is None or threshold.number <= 0:
        return
    for row in rows.values():
        once = rows.get(f"subsequent.{row.names.get('treatment', '')}.cycles")
        each_use = row.kind.varies == "yes" and row.kind.unit.startswith("currency per ")
        if not each_use or row.value is None or (once is not None and once.value == 1):
            continue
        uses = _vials_per_dose(rows, row.names["drug"], row) if ".price_per_vial" in row.kind.pattern else 1
        if row.number * uses > threshold.number:
            several = f", and a dose takes {uses}" if uses > 1 else ""
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:,.10g}{several}: more at one time than a QALY is worth, "
                f"{threshold.number:,.10g} ({threshold.id})",
                "Few things that are done again and again cost so much; a decimal point may have slipped",
                "Check it against its source.",
            )


_SIZE_OF_PATIENT = {"mg": "", "mg/m2": "patients.bsa_mean", "mg/kg": "patients.weight_mean"}


def _vials_per_dose(rows: Rows, drug: str, price: Row) -> int:
    """Return the fewest whole vials of a dose of a drug that is given again and again; 0 where it is given once."""
    vial = rows.get(price.id.replace(".price_per_vial", ".vial_size"))
    counts = []
    for dose in select(rows, "regimen.{strategy}.{drug}.dose"):
        basis, most = rows.get(dose.id + "_basis"), rows.get(dose.id.removesuffix("dose") + "max_administrations")
        once = most is not None and most.value == 1
        if (
            dose.names["drug"] != drug
            or once
            or basis is None
            or vial is None
            or vial.value is None
            or vial.number <= 0
        ):
            continue
        size = rows.get(_SIZE_OF_PATIENT.get(basis.text, ""))
        counts.append(math.ceil(dose.number * (size.number if size is not None and size.value else 1) / vial.number))
    return min(counts, default=0)


def _per_week(rows: Rows) -> Iterable[Problem]:
    known = [row for row in rows.values() if row.kind.unit == "uses per month" and row.value]
    for row in (row for row in known if 0 < row.number < 1):
        likely = (
            (other, count, unit)
            for other in known
            for count, unit in ((WEEKS, "week"), (DAYS, "day"))
            if _state(other) == _state(row) and abs(other.number / row.number / count - 1) <= SAME_RATIO
        )
        other, count, unit = next(likely, (None, 0.0, ""))
        if other is not None:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g} a month, and {other.id} {count:.4g} times as often, as many as a "
                f"month has {unit}s",
                f"It looks like uses per {unit}",
                f"If {row.number:g} per {unit} is meant, enter {count * row.number:.4g}.",
            )


def _state(row: Row) -> str:
    return row.kind.pattern.split(".")[2]


def _nearer_death(rows: Rows) -> Iterable[Problem]:
    bands = []
    for row in select(rows, "utility.time_to_death.{band}"):
        within = rows.get(f"utility.time_to_death_within.{row.names['band']}")
        bands.append((within.number if within is not None and within.value is not None else math.inf, row))
    for (_, nearer), (_, further) in pairwise(sorted(bands, key=lambda pair: pair[0])):
        if nearer.number > further.number:
            yield Problem(
                nearer.where["value"],
                f"{nearer.id} is {nearer.number:g}, above {further.id}, {further.number:g}",
                "Health is seldom better nearer to death",
                f"Check it against {further.where['value']}. Were the two exchanged?",
            )


def _price_year(rows: Rows) -> Iterable[Problem]:
    row = rows.get("settings.price_year")
    if row is None or row.value is None:
        return
    priced = [each for each in rows.values() if each.kind.unit.startswith("currency per") and each.value is not None]
    years = [max(map(int, said)) for each in priced if (said := _YEAR.findall(each.source))]
    usual = float(np.median(years)) if len(years) >= FEWEST_SOURCES else row.number
    if abs(row.number - usual) >= YEARS_APART:
        yield Problem(
            row.where["value"],
            f"{row.id} is {row.number:g}, and the sources of prices and costs name years about {usual:.0f}",
            "Prices so far from their year are often not brought to it, or its digits slipped",
            "Check the year; where prices were brought to it, accept this in the note.",
        )
