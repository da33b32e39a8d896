"""What the patients of one strategy gain and cost in each cycle of the live model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.exposure import STATES
from hemodel.live_model.formula import Formula, total, when
from hemodel.live_model.places import Within
from hemodel.live_model.ranges import sum_where
from hemodel.reporting.tables_words import COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.inputs.structure import Band
    from hemodel.live_model.curves import StrategyCurves
    from hemodel.live_model.doses import Doses
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.sheet import Column
    from hemodel.live_model.trace import States, Trace
    from hemodel.live_model.unit_costs import UnitCosts


@dataclass(frozen=True)
class Flows:
    """Years in each state, and patients who leave the progression-free state or die, in each cycle."""

    years: dict[str, Column]
    progressions: Column
    deaths: Column


def add_flows(trace: Trace, states: States) -> Flows:
    """Add time in states, with life-years, and the patients who leave them."""
    table, columns = trace.table, {"progression_free": states.free, "progressed": states.progressed}
    years = {state: trace.life_years(state, COMPONENTS[state], columns[state]) for state in STATES}
    leaving, dying = trace.leaving(states.free), trace.leaving(states.overall)
    progressions = table.add_after_first("Leave progression-free", 0.0, leaving, "factor", "Patients")
    deaths = table.add_after_first("Die", 0.0, dying, "factor", "Patients")
    return Flows(years, progressions, deaths)


@dataclass(frozen=True)
class BandPlaces:
    """What time to death is calculated from: curves, and the population's hazard or None."""

    parameters: Parameters
    curves: StrategyCurves
    population_hazard: Callable[[Formula], Formula] | None


def add_band_years(trace: Trace, states: States, bands: tuple[Band, ...], places: BandPlaces) -> dict[str, Column]:
    """Add years by time to death: those alive at t who die between w1 and w2 from then are OS(t + w1) - OS(t + w2)."""
    years, nearer = {}, states.overall
    for band in bands:
        group = f"Time to death: {band.id}"
        if band.within is None:
            share: Formula = nearer
        else:
            later = _alive_later(trace, band, places, group)
            share, nearer = nearer - later, later
        those = trace.table.add("Share of patients", share, "proportion", group)
        years[band.id] = trace.table.add_after_first("Years", 0.0, trace.over_cycle(those), "factor", group)
    return years


def _alive_later(trace: Trace, band: Band, places: BandPlaces, group: str) -> Column:
    """Add OS on the day so many days after each boundary."""
    table, time = trace.table, trace.time
    later = places.parameters.number(f"utility.time_to_death_within.{band.id}")
    day = table.add("Day", trace.bounds.day + later, "date", group)
    month = table.add("Month", day / time.days_per_month, "time", group)
    boundary = table.add("Boundary before", time.boundary(day), "count", group)
    population = None
    if places.population_hazard is not None:
        population = table.add("Cumulative hazard", places.population_hazard(month), "factor", group)
    return places.curves.within("os", Within(table, month, boundary, population))


def add_qalys(trace: Trace, years: dict[str, Column], labels: dict[str, str], costs: UnitCosts) -> None:
    """Add QALYs by state or band, with the utility at the age reached, and those lost to adverse events."""
    multiplier = trace.time.multiplier
    for name, plain in years.items():
        spent: Formula = plain if multiplier is None else plain * multiplier
        trace.amount("qalys", name, labels[name], spent * costs.utility[trace.strategy, name], "effects")
    loss = when(trace.bounds.number.equals(0), -costs.events_loss[trace.strategy], 0)
    trace.amount("qalys", "adverse_events", COMPONENTS["adverse_events"], loss, "effects")


@dataclass(frozen=True)
class Spending:
    """Costs of each cycle and up to its end, undiscounted and discounted, for charts."""

    each: tuple[Column, Column]
    cumulative: tuple[Column, Column]


def add_costs(trace: Trace, flows: Flows, doses: Doses, costs: UnitCosts) -> Spending:
    """Add costs of each cycle by component, in the order of `hemodel.model`."""
    strategy = trace.strategy
    parts = [_dated(trace, doses, part) for part in ("acquisition", "administration")]
    for state in STATES:
        component = f"disease_management_{state}"
        spent = flows.years[state] * costs.per_year[strategy, state]
        parts.append(trace.amount("costs", component, COMPONENTS[component], spent, "costs"))
    by_cycle = {
        "adverse_events": when(trace.bounds.number.equals(0), costs.events_cost[strategy], 0),
        "subsequent_treatment": flows.progressions * costs.following[strategy],
        "end_of_life": flows.deaths * costs.end_of_life,
    }
    for component, spent in by_cycle.items():
        parts.append(trace.amount("costs", component, COMPONENTS[component], spent, "costs"))
    group = "Costs: all"
    each = [trace.table.add(f"{kind} in the cycle", total(list(some)), "money", group) for kind, some in _kinds(parts)]
    running = [
        trace.table.running_sum(f"{kind} so far", column.cell(0), column, "money", group)
        for kind, column in zip(("Undiscounted", "Discounted"), each, strict=True)
    ]
    return Spending((each[0], each[1]), (running[0], running[1]))


def _kinds(parts: list[tuple[Column, Column]]) -> zip[tuple[str, tuple[Column, ...]]]:
    return zip(("Undiscounted", "Discounted"), zip(*parts, strict=True), strict=True)


def _dated(trace: Trace, doses: Doses, part: str) -> tuple[Column, Column]:
    """Add the costs of the administrations that fall in each cycle, discounted to the day of each."""
    table, group, found = trace.table, f"Costs: {COMPONENTS[part]}", []
    for place, kind in enumerate(("Undiscounted", "Discounted")):
        sums = [sum_where(d.cycle.range, trace.bounds.number, d.amounts[part][place].range) for d in doses.regimens]
        found.append(table.add(kind, total(sums), "money", group))
    trace.totals["costs", part] = trace.summed(found[0], "money"), trace.summed(found[1], "money")
    return found[0], found[1]
