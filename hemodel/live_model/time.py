"""Time in the live model: cycles, and discount factors of cycles and of dated events."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.inputs.checks import select
from hemodel.inputs.structure import MIDDLE
from hemodel.live_model.formula import Formula, as_formula, both, either, larger, rounded_up, smaller, when, whole
from hemodel.live_model.sheet import LiveCheck, Sheet, SheetColumn, SheetTable
from hemodel.model.timeline import DAY_TOLERANCE, discount_factor
from hemodel.units import DAYS_PER_YEAR, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.population import AgeingCells


SHEET = "Model time"
PURPOSE = (
    "The boundaries of the cycles, and the discount factors of what counts from the start and from the end of each "
    "cycle. The last one ends at the horizon, and is a part of a cycle where that is no multiple of its length. There "
    "are more rows than the horizon needs, so that it can be longer; rows that end no cycle of the model count for "
    "nothing."
)
FACTS_ROW = 5
STREAMS = ("costs", "effects")
SPARE_SHARE, FEWEST_SPARE = 0.05, 4
"""Rows beyond those in use, for a horizon or a cycle changed in the file."""


@dataclass(frozen=True)
class Constants:
    """Single cells above the boundaries.

    Attributes
    ----------
    horizon : Formula
        [days]
    at_start, at_end : Formula
        Weights of both ends of a cycle in the time in a state.
    method : Formula
        Of discounting within a year.
    timing : Formula
        Of discounting within a cycle.
    next : int
        The next column that is free.
    """

    days_per_year: Formula
    days_per_month: Formula
    cycle_length: Formula
    horizon: Formula
    cycles: Formula
    at_start: Formula
    at_end: Formula
    method: Formula
    timing: Formula
    next: int


@dataclass(frozen=True)
class Time(Constants):
    """The sheet of time: its constants, and a row for each boundary k = 0, 1, ...

    Attributes
    ----------
    number, day, months : SheetColumn
        Of each boundary.
    active, years : SheetColumn
        1 and the length in years where the boundary ends a cycle of the model, else 0.
    factors : mapping from costs or effects to (SheetColumn, SheetColumn)
        Discount factors of what counts from the start and from the end of the cycle that ends there; 1 at the
        start of the model.
    rates : mapping from costs or effects to list of (from year, rate)
    multiplier : SheetColumn or None
        Of utilities in the cycle that ends there, at the age reached in its middle; None where
        they do not change with age.
    norm : Formula or None
        No utility is above it at the start; None: there is no cap.
    """

    sheet: Sheet
    number: SheetColumn
    day: SheetColumn
    months: SheetColumn
    active: SheetColumn
    years: SheetColumn
    factors: Mapping[str, tuple[SheetColumn, SheetColumn]]
    rates: Mapping[str, list[tuple[Formula, Formula]]]
    population: SheetColumn | None
    multiplier: SheetColumn | None
    norm: Formula | None
    checks: tuple[LiveCheck, ...]

    @property
    def first(self) -> int:
        """First row of the boundaries, the same on every sheet that has a row for each."""
        return self.number.first

    def discount(self, years: Formula, stream: str) -> Formula:
        """Return the discount factor of costs or effects after some years."""
        return _factor(years, self.rates[stream], self.method)

    def of_events(self, stream: str) -> Formula:
        """Return the discount factor of what happens in the cycle that ends there: the mean of its two ends."""
        start, end = self.factors[stream]
        return (start + end) / 2

    def boundary(self, day: Formula) -> Formula:
        """Return the row, from 1, of the last boundary at or before a day; the last row for days beyond it.

        Beyond the horizon boundaries are counted from it, since the last cycle may be a part of one.
        """
        within = whole(day / self.cycle_length + DAY_TOLERANCE)
        beyond = self.cycles + whole((day - self.horizon) / self.cycle_length + DAY_TOLERANCE)
        return smaller(when(day < self.horizon - DAY_TOLERANCE, within, beyond) + 1, self.number.rows)


def add_time(
    inputs: ModelInputs,
    parameters: Parameters,
    population_hazard: Callable[[Formula], Formula] | None,
    ageing: AgeingCells | None,
) -> Time:
    """Return the sheet of time.

    Parameters
    ----------
    population_hazard : callable or None
        From a formula of months to the cumulative hazard of the population.
    ageing : AgeingCells or None
        How utilities change with age.
    """
    sheet = Sheet(SHEET, "Time and discounting", PURPOSE)
    constants = _constants(sheet, parameters)
    length, per_year, cycles = constants.cycle_length, constants.days_per_year, constants.cycles
    rates = _rates(inputs, parameters, sheet, constants.next + 1)
    beyond = _rows_beyond(inputs, parameters, length)
    rows = _rows(cycles, beyond)
    table = SheetTable(sheet, FACTS_ROW + max(len(steps) for steps in rates.values()) + 3, rows)
    sheet.frozen = (table.first, 1)
    number = table.add("Cycle that ends here", list(range(rows)), "count", "Boundary")
    beyond_it = constants.horizon + (number - cycles) * length
    day = table.add("Day", when(number < cycles, number * length, beyond_it), "date", "Boundary")
    month = table.add("Month", day / constants.days_per_month, "time", "Boundary")
    active = table.add("In the model", when(both(number >= 1, number <= cycles), 1, 0), "count", "Cycle")
    spent = active * (day - day.above()) / per_year
    years = table.add_after_first("Years", 0.0, spent, "factor", "Cycle")
    middle = table.add_after_first("Middle (years)", 0.0, (day.above() + day) / 2 / per_year, "factor", "Cycle")
    factors = _factors(table, constants, (day, middle), rates)
    hazard = None if population_hazard is None else population_hazard(month)
    population = None if hazard is None else table.add("Cumulative hazard", hazard, "factor", "Population")
    aged = None if ageing is None else ageing.multiplier(middle)
    return Time(
        **vars(constants),
        sheet=sheet,
        number=number,
        day=day,
        months=month,
        active=active,
        years=years,
        factors=factors,
        rates=rates,
        population=population,
        multiplier=None if aged is None else table.add("Multiplier", aged, "factor", "Utilities by age"),
        norm=None if ageing is None else ageing.cap,
        checks=(
            _enough_rows(cycles + beyond, rows - 1),
            _counted(constants),
            *(() if ageing is None else (ageing.check,)),
        ),
    )


def _factors(
    table: SheetTable,
    constants: Constants,
    days: tuple[SheetColumn, SheetColumn],
    rates: Mapping[str, list[tuple[Formula, Formula]]],
) -> dict[str, tuple[SheetColumn, SheetColumn]]:
    """Add when each cycle is discounted, and the discount factors of costs and effects then."""
    day, middle = days
    timing, per_year = constants.timing, constants.days_per_year
    at_start = when(timing.equals("middle"), middle, when(timing.equals("end"), day, day.above()) / per_year)
    at_end = when(timing.equals("middle"), middle, when(timing.equals("start"), day.above(), day) / per_year)
    group = "Discounted at (years)"
    first = table.add_after_first("From the start", 0.0, at_start, "factor", group)
    last = table.add_after_first("From the end", 0.0, at_end, "factor", group)
    found = {}
    for stream in STREAMS:
        group = f"Discount factor, {stream}"
        starts, ends = (_factor(years, rates[stream], constants.method) for years in (first, last))
        found[stream] = (
            table.add("From the start", starts, "factor", group),
            table.add("From the end", ends, "factor", group),
        )
    return found


def _counted(constants: Constants) -> LiveCheck:
    """Return a check that boundaries are discounted one by one only where both count."""
    one = constants.at_start * constants.at_end
    return LiveCheck(
        "Boundaries discounted one by one both count",
        one,
        either(constants.timing.differs("boundaries"), one > 0),
        "Set settings.half_cycle_correction to life_table, or settings.discount_timing to start or end.",
    )


def _enough_rows(needed: Formula, cycles: int) -> LiveCheck:
    meaning = f"There are rows for {cycles} cycles; write the model anew for a longer horizon or shorter cycles."
    return LiveCheck("Rows for every cycle", needed - cycles, needed <= cycles, meaning)


def _constants(sheet: Sheet, parameters: Parameters) -> Constants:
    """Write single values side by side, each under its header."""
    table = SheetTable(sheet, FACTS_ROW, 1)

    def constant(header: str, value: float) -> Formula:
        return table.add(header, [value], "number", "Units").cell(0)

    def add(header: str, content: Formula, style: str, group: str) -> Formula:
        return table.add_each(header, [content], style, group).cell(0)

    per_year, months = constant("Days in a year", DAYS_PER_YEAR), constant("Months in a year", MONTHS_PER_YEAR)
    per_month = add("Days in a month", per_year / months, "number", "Units")
    length = add("Cycle length (days)", parameters["settings.cycle_length"], "number", "Cycles")
    horizon = add("Horizon (days)", parameters["settings.time_horizon"] * per_year, "number", "Cycles")
    cycles = add("Cycles", rounded_up(horizon / length - DAY_TOLERANCE), "count", "Cycles")
    choice = parameters.text("settings.half_cycle_correction")
    at_start = when(choice.equals("life_table"), 0.5, when(choice.equals("start"), 1, 0))
    start = add("Weight of the start", at_start, "number", "Time in a state")
    end = add("Weight of the end", 1 - start, "number", "Time in a state")
    method = add("Within a year", parameters.text("settings.discounting"), "text", "Discounting")
    chosen = "settings.discount_timing"
    held = parameters.optional(chosen, as_formula(MIDDLE)) if chosen in parameters else as_formula(MIDDLE)
    timing = add("Within a cycle", held, "text", "Discounting")
    return Constants(per_year, per_month, length, horizon, cycles, start, end, method, timing, table.next)


def _rates(
    inputs: ModelInputs, parameters: Parameters, sheet: Sheet, column: int
) -> dict[str, list[tuple[Formula, Formula]]]:
    """Place the steps of the discount rates, each from a year on."""
    found = {}
    for stream in STREAMS:
        base, later = f"settings.discount_rate_{stream}", f"settings.discount_rate_{stream}_from_year_"
        steps = sorted(select(inputs.rows, later + "{year}"), key=lambda row: float(row.names["year"]))
        table = SheetTable(sheet, FACTS_ROW, 1 + len(steps), column)
        starts = table.add(
            "From year", [0.0, *(float(row.names["year"]) for row in steps)], "number", stream.capitalize()
        )
        cells = [parameters[id_] for id_ in (base, *(row.id for row in steps))]
        rates = table.add_each("Discount rate", cells, "factor", stream.capitalize())
        found[stream] = [(starts.cell(i), rates.cell(i)) for i in range(table.rows)]
        column = table.next
        for row in inputs.rows.values():
            if row.id.startswith(later) and row.value is None:
                parameters.note(row.id, "structure")
    return found


def _factor(years: Formula, rates: list[tuple[Formula, Formula]], method: Formula) -> Formula:
    elapsed = when(method.equals("annual"), whole(years + DAY_TOLERANCE), years)
    result = as_formula(1.0)
    for step, (start, rate) in enumerate(rates):
        spent = elapsed if step + 1 == len(rates) else smaller(elapsed, rates[step + 1][0])
        if step > 0:
            spent = larger(spent - start, 0)
        factor = discount_factor(rate, spent)
        result = factor if step == 0 else result * factor
    return result


def _rows_beyond(inputs: ModelInputs, parameters: Parameters, length: Formula) -> Formula:
    """Return how many boundaries beyond the last cycle the bands of time to death need."""
    if inputs.settings.utilities_by != "time_to_death":
        return as_formula(0)
    edges = [parameters[f"utility.time_to_death_within.{b.id}"] for b in inputs.bands if b.within is not None]
    return rounded_up(larger(*edges) / length - DAY_TOLERANCE) if edges else as_formula(0)


def _rows(cycles: Formula, beyond: Formula) -> int:
    count = int(cycles.value)
    return count + int(beyond.value) + max(FEWEST_SPARE, math.ceil(SPARE_SHARE * count)) + 1
