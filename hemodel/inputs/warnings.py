"""What is allowed in a workbook and yet likely to be a mistake: warnings, all at once.

Warnings about uncertainty: none given, intervals not around their values, distributions beyond their bounds.

Warnings about times: months that look like weeks or days, years that look like months.

Warnings about values: rates that look like percentages, utilities and prices that do not agree.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from hemodel.distributions import INTERVAL_WIDTH, Distribution, DistributionError
from hemodel.errors import Problem
from hemodel.inputs.checks import number_of, select
from hemodel.inputs.labels import label_warnings
from hemodel.inputs.rows import FEWEST_WORDS
from hemodel.inputs.slips import slips
from hemodel.inputs.structure import VALUE_SET, VALUE_SETS, known_sets
from hemodel.units import DAYS_PER_MONTH, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hemodel.inputs.checks import Rows
    from hemodel.inputs.model_inputs import ModelInputs, Reading
    from hemodel.inputs.rows import Row


CENTRED = ("beta", "gamma", "lognormal", "normal", "fit")
"""Distributions that lie around the value, whatever side of it the range is on."""
MIDDLE = (0.1, 0.9)
MIDDLE_OF_RATIO = (0.25, 0.75)
"""Parts of an interval in which its value is expected; that of a ratio is symmetric on the log scale."""
SE_FACTOR = 1.5
FAR_OUT = (0.001, 0.999)
_PRESCRIBED = (".dose", ".administrations_per_cycle")


def named(name: str, found: Iterable[Problem]) -> list[Problem]:
    """Return warnings with the name by which a note can accept them."""
    return [replace(problem, name=name) for problem in found]


def about_ranges(rows: Rows) -> Iterable[Problem]:
    """Return the warnings about the uncertainty of single rows."""
    rules: dict[str, Callable[[Row], Iterable[Problem]]] = {
        "no_range": _no_range,
        "one_sided": _one_sided,
        "two_errors": _two_errors,
        "beyond_bounds": _beyond_bounds,
        "against_an_end": _against_an_end,
    }
    for row in rows.values():
        if row.value is not None and row.kind.varies in {"yes", "fit"}:
            for name, rule in rules.items():
                yield from named(name, rule(row))


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
        return row.declared()
    except DistributionError:
        return None


def _beyond_bounds(row: Row) -> Iterable[Problem]:
    found = _distribution(row)
    if found is None or found.name not in {"normal", "gamma", "lognormal"}:
        return
    minimum, maximum = row.kind.minimum, row.kind.maximum
    positive = found.name != "normal"
    if positive and maximum is None and (minimum is None or minimum <= 0.0):
        return
    least, most = (float(end) for end in found.quantile(np.array(FAR_OUT)))
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
    rules: dict[str, Callable[[Rows], Iterable[Problem]]] = {
        "median": _medians,
        "follow_up": _follow_up,
        "landmark": _landmarks,
        "named_time": _named_times,
        "interval": _intervals,
        "horizon": _horizon,
    }
    return [warning for name, rule in rules.items() for warning in named(name, rule(rows))]


def _in_months(value: float) -> str:
    weeks, days = value * DAYS_PER_WEEK / DAYS_PER_MONTH, value / DAYS_PER_MONTH
    return f"Enter months: {value:g} weeks are {weeks:.3g} months, {value:g} days {days:.3g}."


def _medians(rows: Rows) -> Iterable[Problem]:
    follow_up = number_of(rows, "trial.median_follow_up")
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
    follow_up = number_of(rows, "trial.median_follow_up")
    for row in rows.values():
        if row.kind.group != "survival" or row.value is None or not row.time or _name_says(row):
            continue
        median = number_of(rows, f"survival.{row.names['endpoint']}.{row.names['strategy']}.median")
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
        cost = None if administration is None else number_of(rows, f"administration.{administration.text}.cost")
        if 1 < row.number < DAYS_PER_WEEK and row.number == int(row.number) and cost:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g} days, each time with a cost of {cost:g} for giving it",
                "It looks like weeks",
                f"If every {row.number:g} weeks is meant, enter {DAYS_PER_WEEK * row.number:g}.",
            )


def _horizon(rows: Rows) -> Iterable[Problem]:
    horizon, age = rows.get("settings.time_horizon"), number_of(rows, "background.mean_age")
    if horizon is None or horizon.value is None or not age:
        return
    if age + horizon.number > OLDEST:
        yield Problem(
            horizon.where["value"],
            f"{horizon.id} is {horizon.number:g} years, from a mean age of {age:g}",
            f"Nobody lives beyond {OLDEST}; it looks like months",
            f"If {horizon.number:g} months is meant, enter {horizon.number / MONTHS_PER_YEAR:.3g}.",
        )


DISCOUNT_RATES = (0.005, 0.1)
"""Discount rates in use lie between these; outside, the decimal point may be in the wrong place."""
INCIDENCE, INCIDENCE_FACTOR, FEWEST_OTHERS = 0.1, 20, 2
HIGH_INCIDENCE, HIGH_INCIDENCE_FACTOR = 0.5, 8
LARGEST_DISUTILITY = 0.5
PRICE_PER_MG_FACTOR = 5


def about_values(rows: Rows) -> Iterable[Problem]:
    """Return the warnings about values alone and beside one another."""
    rules: dict[str, Callable[[Rows], Iterable[Problem]]] = {
        "discount_rate": _discount_rates,
        "incidence": _incidences,
        "utility": _utilities,
        "disutility": _disutilities,
        "value_set": _value_sets,
        "price_per_mg": _vial_prices,
    }
    return [warning for name, rule in rules.items() for warning in named(name, rule(rows))]


def _discount_rates(rows: Rows) -> Iterable[Problem]:
    least, most = DISCOUNT_RATES
    for row in rows.values():
        if ".discount_rate_" in row.kind.pattern and row.value is not None and row.number > 0:
            if least <= row.number <= most:
                continue
            meant = row.number / 10 if row.number > most else row.number * 100
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g}, which is {100 * row.number:.4g}% a year",
                f"Discount rates in use lie between {least:.1%} and {most:.0%}",
                f"Is {100 * meant:.3g}% meant? Enter {meant:.4g}.",
            )


def _incidences(rows: Rows) -> Iterable[Problem]:
    found = select(rows, "adverse_event.{event}.incidence.{strategy}")
    for row in found:
        others = [other.number for other in found if other is not row and other.number > 0]
        if len(others) < FEWEST_OTHERS or row.number < INCIDENCE or row.number > 1:
            continue
        if row.number >= INCIDENCE_FACTOR * max(others):
            yield _odd_incidence(row, max(others), "a percentage below 1%", f"{row.number:g}%", row.number / 100)
        elif row.number >= HIGH_INCIDENCE and row.number >= HIGH_INCIDENCE_FACTOR * max(others):
            tenth = row.number / 10
            yield _odd_incidence(row, max(others), "a slip of the decimal point", f"{tenth:.4g}", tenth)


def _odd_incidence(row: Row, most: float, looks: str, meant: str, enter: float) -> Problem:
    return Problem(
        row.where["value"],
        f"{row.id} is {row.number:g}, and no other incidence is above {most:g}",
        f"It looks like {looks}",
        f"If {meant} is meant, enter {enter:.4g}.",
    )


def _utilities(rows: Rows) -> Iterable[Problem]:
    common = {state: rows.get(f"utility.{state}") for state in ("progression_free", "progressed")}
    names: list[str] = [row.names["strategy"] for row in select(rows, "strategy.{strategy}.name")]
    pairs: dict[tuple[str, str], tuple[Row, Row]] = {}
    for strategy in ("", *names):
        free, progressed = (
            rows.get(f"utility.{state}.{strategy}") or common[state] for state in ("progression_free", "progressed")
        )
        if free is not None and progressed is not None and None not in {free.value, progressed.value}:
            pairs[free.id, progressed.id] = free, progressed
    for free, progressed in pairs.values():
        if progressed.number > free.number:
            yield Problem(
                progressed.where["value"],
                f"{progressed.id} is {progressed.number:g}, above {free.id}, {free.number:g}",
                "Health is seldom better after progression",
                f"Check it against {free.where['value']}. Were the two exchanged?",
            )


def _disutilities(rows: Rows) -> Iterable[Problem]:
    for row in select(rows, "adverse_event.{event}.disutility"):
        if row.number > LARGEST_DISUTILITY:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:g}, a loss of more than {LARGEST_DISUTILITY:g}",
                "It looks like the utility with the event instead of the loss by it",
                "Enter the utility without the event minus the utility with it.",
            )


def _value_sets(rows: Rows) -> Iterable[Problem]:
    """Hold the value set of each utility against that of the first."""
    known = known_sets(rows)
    first = next(iter(known), "")
    for id_, own in known.items():
        if own != known[first]:
            yield Problem(
                rows[id_ + VALUE_SET].where["value"],
                f"{id_} is valued with {VALUE_SETS[own]}, {first} with {VALUE_SETS[known[first]]}",
                "Utilities of two value sets do not lie on one scale, and sums and differences of them mean little",
                f"Take both from one set; the other is at {rows[first + VALUE_SET].where['value']}.",
            )


def _vial_prices(rows: Rows) -> Iterable[Problem]:
    by_drug: dict[str, list[tuple[float, Row]]] = {}
    for vial in rows.values():
        price = rows.get(vial.id.replace(".vial_size", ".price_per_vial"))
        if ".vial_size" not in vial.kind.pattern or vial.value is None or price is None or price.value is None:
            continue
        if price.number > 0:
            by_drug.setdefault(vial.names["drug"], []).append((price.number / vial.number, price))
    for per_mg in by_drug.values():
        yield from _far_apart(per_mg)


def _far_apart(per_mg: list[tuple[float, Row]]) -> Iterable[Problem]:
    (cheap, cheapest), (dear, dearest) = (end(per_mg, key=lambda pair: pair[0]) for end in (min, max))
    if dear >= PRICE_PER_MG_FACTOR * cheap:
        yield Problem(
            dearest.where["value"],
            f"{dearest.id} is {dear:,.4g} per mg, {dear / cheap:.3g} times the {cheap:,.4g} of {cheapest.id}",
            "Vials of one drug seldom differ that much by the mg",
            f"Check both prices and sizes; the other price is at {cheapest.where['value']}.",
        )


PRICE_FACTOR = 10
_NO_SOURCE = re.compile(r"[?xX.\-_ ]+|n/?a|none|unknown|source|to be confirmed.*|.*\b(tbc|tbd|todo)\b.*", re.IGNORECASE)


def warnings(reading: Reading | ModelInputs, previous: Mapping[str, float]) -> list[Problem]:
    """Return every warning about a workbook, in the order of its rows.

    Parameters
    ----------
    reading : Reading or ModelInputs
        The rows without problems are looked at, whatever is wrong with others.
    previous : mapping from id to number
        Values of the last run; empty where there was none.

    Returns
    -------
    list of Problem
        Where, what, why it may be wrong, and what to do. Those met while reading
        (numbers stored as text) are among them.
    """
    rows = reading.rows
    found = [
        *reading.raw.warnings,
        *about_ranges(rows),
        *about_values(rows),
        *about_times(rows),
        *(warning for name, rule in slips().items() for warning in named(name, rule(rows))),
        *label_warnings(rows, reading.raw.rows),
        *named("source", _sources(rows)),
        *named("same_name", _same_names(rows)),
        *named("price", _prices(rows, previous)),
    ]
    order = {cell.where: number for number, row in enumerate(reading.raw.rows) for cell in row.cells.values()}
    return sorted(dict.fromkeys(found), key=lambda warning: order.get(warning.where, len(order)))


def _same_names(rows: Rows) -> Iterable[Problem]:
    """Return a warning for each strategy, drug or other named thing with the name of one before it.

    Capitals and spaces do not tell two names apart.
    """
    first: dict[tuple[str, str], Row] = {}
    for row in rows.values():
        if not row.kind.pattern.endswith("}.name") or not row.text:
            continue
        other = first.setdefault((row.kind.pattern, "".join(row.text.casefold().split())), row)
        if other is not row:
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.text}, as {other.id} is",
                "Tables, charts and sentences can only tell the two apart by their ids",
                "Give each a name of its own.",
            )


def _sources(rows: Rows) -> Iterable[Problem]:
    for row in rows.values():
        if row.value is not None and row.source:
            yield from _source(row)
        if row.range_basis.lower().removeprefix("assumption:").strip() == "" and row.range_basis:
            yield Problem(
                row.where["range_basis"],
                f"{row.id}: the basis of range is {row.range_basis!r} and no more",
                "A judgement needs words to be judged by",
                "Say what low, high or SE rest on.",
            )


def _source(row: Row) -> Iterable[Problem]:
    reason = row.source[len("assumption:") :].strip() if row.is_assumption else ""
    if _NO_SOURCE.fullmatch(reason or row.source):
        yield Problem(
            row.where["source"],
            f"{row.id}: the source is {row.source!r}",
            "It stands for a source that is still to be found",
            "Name the source, or write assumption: and why.",
        )
    elif row.is_assumption and len(reason.split()) < FEWEST_WORDS:
        yield Problem(
            row.where["source"],
            f"{row.id}: {row.source!r} gives no reason",
            "An assumption is judged by its reason",
            "Say in a few words why this value was chosen.",
        )


def _prices(rows: Rows, previous: Mapping[str, float]) -> Iterable[Problem]:
    for row in rows.values():
        before = previous.get(row.id, 0.0)
        if not row.kind.unit.startswith("currency") or row.value is None or before <= 0 or row.number <= 0:
            continue
        factor = row.number / before
        if factor >= PRICE_FACTOR or factor <= 1 / PRICE_FACTOR:
            times = f"{factor:.3g} times" if factor > 1 else f"1/{1 / factor:.3g} of"
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:,.10g}, {times} the {before:,.10g} of the last run",
                "A tenfold change is often a slip of the decimal point or of the unit",
                "Check the price, its unit and the size of the vial.",
            )
