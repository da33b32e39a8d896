"""Drug administrations in the live model: one row a day of administration, with who is still treated on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.live_model.formula import Formula, larger, rounded_up, smaller, sum_of, when, whole
from hemodel.live_model.sheet import LiveCheck, Sheet, SheetColumn, SheetTable, sheet_name
from hemodel.live_model.time import SPARE_SHARE, Time
from hemodel.model.timeline import DAY_TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.structure import Regimen
    from hemodel.live_model.curves import StrategyCurves
    from hemodel.live_model.points import Points
    from hemodel.live_model.unit_costs import DoseCost


FACTS_ROW, FIRST_ROW = 7, 12
SPARE_ROWS = 10
PARTS = ("administrations", "acquisition", "administration")


@dataclass(frozen=True)
class RegimenDoses:
    """One regimen's administrations.

    Attributes
    ----------
    cycle : SheetColumn
        The cycle each falls in, from 1.
    amounts : mapping from part to (undiscounted, discounted) SheetColumn
        Administrations a patient, acquisition cost and administration cost.
    totals : mapping from part to (undiscounted, discounted) Formula
    check : LiveCheck
        That there are rows enough.
    """

    regimen: Regimen
    cycle: SheetColumn
    amounts: Mapping[str, tuple[SheetColumn, SheetColumn]]
    totals: Mapping[str, tuple[Formula, Formula]]
    check: LiveCheck


@dataclass(frozen=True)
class Doses:
    """The sheet of administrations of one strategy."""

    sheet: Sheet
    regimens: tuple[RegimenDoses, ...]


@dataclass(frozen=True)
class DosePlaces:
    """What all regimens of a strategy refer to."""

    time: Time
    curves: StrategyCurves
    costs: Mapping[str, DoseCost]


def add_doses(number: int, strategy: str, regimens: tuple[Regimen, ...], places: DosePlaces, taken: set[str]) -> Doses:
    """Return the sheet of one strategy, with a block of columns for each of its regimens."""
    purpose = (
        "Each drug on its own rows by date: who is still on treatment on that day, and what the administration costs. "
        "Rows beyond the last administration stand at day 0 and count for nothing; they are for shorter intervals."
    )
    name = sheet_name(f"Model doses {number} {strategy}", taken)
    sheet = Sheet(name, "Drug administrations", purpose, frozen=(FIRST_ROW, 0))
    sheet.write(3, 0, places.curves.parameters.name(strategy), "label")
    found, column = [], 0
    for regimen in regimens:
        block, column = _regimen(sheet, column, regimen, places)
        found.append(block)
    return Doses(sheet, tuple(found))


@dataclass(frozen=True)
class _Schedule:
    """Cells that say when a drug is given."""

    first: Formula
    interval: Formula
    count: Formula


def _regimen(sheet: Sheet, column: int, regimen: Regimen, places: DosePlaces) -> tuple[RegimenDoses, int]:
    time = places.time
    schedule = _schedule(sheet, column, regimen, places)
    rows = _rows(schedule, time)
    table = SheetTable(sheet, FIRST_ROW, rows, column)
    n = table.add("Number", list(range(rows)), "count", "Administration")
    given = table.add("Given", when(n < schedule.count, 1, 0), "count", "Administration")
    dated = when(given.equals(1), schedule.first + n * schedule.interval, 0)
    day = table.add("Day", dated, "date", "Administration")
    cycle = table.add("Cycle", time.boundary(day), "count", "Administration")
    month = table.add("Month", day / time.days_per_month, "time", "Administration")
    on = _on_treatment(regimen, places.curves, places.curves.days(table, month, cycle))
    factor = table.add("Discount factor", time.discount(day / time.days_per_year, "costs"), "factor", "Costs")
    amounts, totals = _amounts(table, (given * on, factor), places.costs[regimen.drug])
    sheet.write(FIRST_ROW - 3, column, "Total", "label")
    check = LiveCheck(
        f"Rows for every administration: {regimen.strategy}, {regimen.drug}",
        schedule.count - rows,
        schedule.count <= rows,
        f"The sheet {sheet.name} has {rows} rows for {regimen.drug}: write the model anew.",
    )
    return RegimenDoses(regimen, cycle, amounts, totals, check), table.next + 1


def _schedule(sheet: Sheet, column: int, regimen: Regimen, places: DosePlaces) -> _Schedule:
    """Write when the drug is given, in cells above the rows."""
    parameters, horizon = places.curves.parameters, places.time.horizon
    facts, drug = SheetTable(sheet, FACTS_ROW, 1, column), parameters.text(f"drug.{regimen.drug}.name")

    def fact(header: str, content: Formula, style: str) -> Formula:
        placed = facts.add_each(header, [content], style)
        sheet.write(FACTS_ROW - 2, placed.index, drug, "group")
        return placed.cell(0)

    first = fact("First day", parameters[regimen.id("start_day")], "date")
    interval = fact("Interval (days)", parameters[regimen.id("interval")], "date")
    stop = parameters.optional(regimen.id("stop_day"), horizon)
    end = fact("Before day", smaller(horizon, stop), "date")
    times = rounded_up(larger((end - first) / interval - DAY_TOLERANCE, 0))
    most = parameters.optional(regimen.id("max_administrations"), times)
    return _Schedule(first, interval, fact("Administrations", smaller(times, whole(most)), "count"))


def _rows(schedule: _Schedule, time: Time) -> int:
    """Return rows enough for half the interval, and for treatment without a limit beyond the horizon."""
    in_all = max((time.horizon.value - schedule.first.value) / schedule.interval.value, 0.0)
    return int(max(2 * schedule.count.value, (1 + SPARE_SHARE) * in_all)) + SPARE_ROWS


def _on_treatment(regimen: Regimen, curves: StrategyCurves, place: Points) -> SheetColumn:
    """Add who is treated on each day: by the curve named, never above OS, nor PFS where treatment stops there."""
    table, parameters = place.table, curves.parameters
    alive = curves.alive_within(place)
    free = table.add("Progression-free", smaller(curves.within("pfs", place), alive), "proportion", "Treated")
    named = parameters.text(regimen.id("time_on_treatment"))
    result = when(named.equals("os"), alive, when(named.equals("pfs"), free, ""))
    for endpoint in curves.endpoints:
        if endpoint not in {"os", "pfs"}:
            curve = smaller(curves.within(endpoint, place), alive)
            result = when(
                named.equals(endpoint), table.add(f"{endpoint}, at most OS", curve, "proportion", "Treated"), result
            )
    stops = parameters.text(regimen.id("stops_at_progression"))
    by_curve = table.add("By its curve", result, "proportion", "Treated")
    on = when(stops.equals("yes"), smaller(by_curve, free), by_curve)
    return table.add("On treatment", on, "proportion", "Treated")


def _amounts(
    table: SheetTable, given: tuple[Formula, SheetColumn], cost: DoseCost
) -> tuple[dict[str, tuple[SheetColumn, SheetColumn]], dict[str, tuple[Formula, Formula]]]:
    """Add administrations and costs, undiscounted and discounted, with their totals above."""
    administrations, factor = given
    amounts: dict[str, tuple[SheetColumn, SheetColumn]] = {}
    totals: dict[str, tuple[Formula, Formula]] = {}
    count = table.add("Undiscounted", administrations, "proportion", "Administrations a patient")
    units = {
        "acquisition": ("Acquisition", cost.acquisition),
        "administration": ("Administration", cost.administration),
    }
    amounts["administrations"] = (
        count,
        table.add("Discounted", count * factor, "proportion", "Administrations a patient"),
    )
    for part, (title, unit) in units.items():
        plain = table.add("Undiscounted", count * unit, "money", title)
        amounts[part] = plain, table.add("Discounted", plain * factor, "money", title)
    for part, (plain, discounted) in amounts.items():
        style = "qaly" if part == "administrations" else "money"
        cells = [table.sheet.write(table.first - 3, c.index, sum_of(c.range), style) for c in (plain, discounted)]
        totals[part] = cells[0], cells[1]
    return amounts, totals
