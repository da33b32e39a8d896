"""The sheets of one strategy: its trace, a row a cycle from curves to QALYs and costs, and its checks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.curves import StrategyCurves
from hemodel.live_model.doses import DosePlaces, Doses, add_doses
from hemodel.live_model.formula import (
    Formula,
    absolute,
    call,
    either,
    larger,
    smaller,
    sum_of,
    sum_of_products,
    sum_where,
    total,
    when,
)
from hemodel.live_model.points import Boundaries
from hemodel.live_model.sheet import LiveCheck, Sheet, SheetColumn, SheetTable, at_most, sheet_name
from hemodel.live_model.time import STREAMS
from hemodel.live_model.unit_costs import UnitCosts, band_words
from hemodel.model.costs.categories import CATEGORIES, DEATH, DRUG_CATEGORIES, PROGRESSION, START
from hemodel.model.occupancy import GAP_TOLERANCE
from hemodel.model.occupancy import states as occupancy
from hemodel.model.person_time import STATES
from hemodel.views.shared.words import COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.structure import Band
    from hemodel.live_model.coefficients import Naturals
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.time import Time
    from hemodel.live_model.unit_costs import Vials
    from hemodel.model.evaluate import Model


@dataclass
class Trace:
    """The sheet of one strategy's trace while columns are added to it.

    Attributes
    ----------
    table : SheetTable
        One row for each boundary k; what happens in a cycle stands in the row of its end.
    totals : dict from (outcome, component) to (undiscounted, discounted) Formula
    """

    strategy: str
    sheet: Sheet
    table: SheetTable
    bounds: Boundaries
    time: Time
    totals: dict[tuple[str, str], tuple[Formula, Formula]] = field(default_factory=dict)

    def over_cycle(self, share: SheetColumn, stream: str | None = None) -> Formula:
        """Return the years spent in a cycle by a share of patients, from its values at both ends.

        Parameters
        ----------
        stream : {"costs", "effects"}, optional
            By which rate they are discounted; without it they are not.
        """
        time = self.time
        if stream is None:
            return time.years * (time.at_start * share.above() + time.at_end * share)
        first, last = time.factors[stream]
        return time.years * (time.at_start * first * share.above() + time.at_end * last * share)

    def years_in(self, share: SheetColumn, streams: tuple[str, ...], group: str) -> YearsInCycle:
        """Add the years spent in each cycle by a share of patients, undiscounted and discounted."""
        plain = self.table.add_after_first("Years", 0.0, self.over_cycle(share), "factor", group)
        discounted = {
            stream: self.table.add_after_first(
                f"Discounted for {stream}", 0.0, self.over_cycle(share, stream), "factor", group
            )
            for stream in streams
        }
        return YearsInCycle(plain, discounted)

    def leaving(self, share: SheetColumn) -> Formula:
        """Return the patients by whom a share falls in a cycle."""
        return self.time.active * (share.above() - share)

    def summed(self, column: SheetColumn, style: str) -> Formula:
        """Put the total of a column above its headers."""
        return self.sheet.write(self.table.first - 3, column.index, sum_of(column.range), style)

    def amount(
        self, outcome: str, component: str, header: str, column: Formula, stream: str
    ) -> tuple[SheetColumn, SheetColumn]:
        """Add an amount a cycle, undiscounted and discounted, with totals that belong to a component of an outcome.

        Parameters
        ----------
        outcome, component : str
            As in `hemodel.model.outcomes.Outcomes`.
        column : Formula
            Per cycle; 0 in rows that end no cycle of the model.
        stream : {"costs", "effects"}
            By which rate it is discounted, as what happens in the cycle.
        """
        return self.pair(outcome, component, header, (column, None), stream)

    def pair(
        self, outcome: str, component: str, header: str, amounts: tuple[Formula, Formula | None], stream: str = ""
    ) -> tuple[SheetColumn, SheetColumn]:
        """Add amounts a cycle as for `amount`; the discounted ones are given, or follow from the stream."""
        style = "money" if outcome == "costs" else "qaly"
        group = f"{OUTCOME_WORDS[outcome]}: {header}"
        plain = self.table.add("Undiscounted", amounts[0], style, group)
        later = plain * self.time.of_events(stream) if amounts[1] is None else amounts[1]
        discounted = self.table.add("Discounted", later, style, group)
        self.totals[outcome, component] = self.summed(plain, style), self.summed(discounted, style)
        return plain, discounted


@dataclass(frozen=True)
class YearsInCycle:
    """Years that a share of patients spends in each cycle, undiscounted, and by costs or effects discounted."""

    plain: SheetColumn
    discounted: dict[str, SheetColumn]


OUTCOME_WORDS = {"life_years": "Life-years", "qalys": "QALYs", "costs": "Costs"}


@dataclass(frozen=True)
class States:
    """Who is where at each boundary.

    Attributes
    ----------
    overall, free, progressed, dead : SheetColumn
        Shares of patients; `overall` is those alive.
    cut_off : SheetColumn
        PFS above OS, which is not counted, or by which OS is lifted.
    added : SheetColumn
        Sum of the three states.
    treated : mapping from endpoint to SheetColumn
        Further curves of the strategy, never above OS, for information.
    """

    overall: SheetColumn
    free: SheetColumn
    progressed: SheetColumn
    dead: SheetColumn
    cut_off: SheetColumn
    added: SheetColumn
    treated: dict[str, SheetColumn]


def begin_trace(number: int, strategy: str, parameters: Parameters, time: Time, taken: set[str]) -> Trace:
    """Return the sheet of a strategy's trace with a row for each boundary, ready for its curves."""
    purpose = (
        "One row for each boundary between cycles. Survival and states are those at the boundary; time, events, QALYs "
        "and costs are those of the cycle that ends there. Totals stand above the headers."
    )
    name = sheet_name(f"Model trace {number} {strategy}", taken)
    sheet = Sheet(name, "Trace", purpose, frozen=(time.first, 3))
    sheet.write(3, 0, parameters.name(strategy), "label")
    sheet.write(time.first - 3, 0, "Total", "label")
    table = SheetTable(sheet, time.first, time.number.rows)
    cycle = table.add("Cycle that ends here", time.number, "count", "Boundary")
    day = table.add("Day", time.day, "date", "Boundary")
    month = table.add("Month", time.months, "time", "Boundary")
    return Trace(strategy, sheet, table, Boundaries(table, cycle, day, month, time.population), time)


def add_states(trace: Trace, curves: StrategyCurves, further: tuple[str, ...]) -> States:
    """Add who is progression-free, progressed and dead, and further curves of the strategy.

    PF = MIN(PFS, OS), PD = OS - PF, dead = 1 - OS; where OS is lifted it is MAX(OS, PFS) first.
    """
    table, group = trace.table, "Share of patients"
    raw, pfs = curves.survival("os"), curves.survival("pfs")
    overall = table.add("Alive", curves.lifted(raw, pfs), "proportion", group)
    free = table.add("Progression-free", smaller(pfs, overall), "proportion", group)
    shares: dict[str, Formula] = occupancy(free, overall)
    progressed = table.add("Progressed", shares["progressed"], "proportion", group)
    dead = table.add("Dead", shares["dead"], "proportion", group)
    added = table.add("Sum", free + progressed + dead, "proportion", group)
    inside = trace.bounds.number <= trace.time.cycles
    above = when(inside, pfs - smaller(pfs, raw), 0)
    cut_off = table.add("PFS above OS, cut off or lifted to", above, "proportion", group)
    treated = {
        endpoint: table.add(
            f"{endpoint}, at most OS", smaller(curves.survival(endpoint), overall), "proportion", "Treated"
        )
        for endpoint in further
    }
    return States(overall, free, progressed, dead, cut_off, added, treated)


@dataclass(frozen=True)
class Flows:
    """Years in each state, and patients who leave the progression-free state or die, in each cycle."""

    years: dict[str, YearsInCycle]
    progressions: SheetColumn
    deaths: SheetColumn


def add_flows(trace: Trace, states: States) -> Flows:
    """Add time in states, with life-years, and the patients who leave them."""
    table, columns = trace.table, {"progression_free": states.free, "progressed": states.progressed}
    years = {s: trace.years_in(columns[s], STREAMS, f"Years: {COMPONENTS[s]}") for s in STATES}
    for state, spent in years.items():
        trace.pair("life_years", state, COMPONENTS[state], (spent.plain, spent.discounted["effects"]))
    leaving, dying = trace.leaving(states.free), trace.leaving(states.overall)
    progressions = table.add_after_first("Leave progression-free", 0.0, leaving, "factor", "Patients")
    deaths = table.add_after_first("Die", 0.0, dying, "factor", "Patients")
    return Flows(years, progressions, deaths)


def add_band_years(
    trace: Trace, states: States, bands: tuple[Band, ...], curves: StrategyCurves
) -> dict[str, YearsInCycle]:
    """Add years by time to death: those alive at t who die between w1 and w2 from then are OS(t + w1) - OS(t + w2)."""
    years, nearer = {}, states.overall
    for band in bands:
        group = f"Time to death: {band.id}"
        if band.within is None:
            share: Formula = nearer
        else:
            later = _alive_later(trace, band, curves, group)
            share, nearer = nearer - later, later
        those = trace.table.add("Share of patients", share, "proportion", group)
        years[band.id] = trace.years_in(those, ("effects",), group)
    return years


def _alive_later(trace: Trace, band: Band, curves: StrategyCurves, group: str) -> SheetColumn:
    """Add OS on the day so many days after each boundary."""
    table, time = trace.table, trace.time
    later = curves.parameters[f"utility.time_to_death_within.{band.id}"]
    day = table.add("Day", trace.bounds.day + later, "date", group)
    month = table.add("Month", day / time.days_per_month, "time", group)
    boundary = table.add("Boundary before", time.boundary(day), "count", group)
    return curves.alive_within(curves.days(table, month, boundary, group))


def add_qalys(trace: Trace, years: dict[str, YearsInCycle], labels: dict[str, str], costs: UnitCosts) -> None:
    """Add QALYs by state or band, with the utility at the age reached, and those lost to adverse events."""
    multiplier = trace.time.multiplier
    for name, spent in years.items():
        utility = costs.utility[trace.strategy, name]
        worth = utility if multiplier is None else multiplier * utility
        trace.pair("qalys", name, labels[name], (spent.plain * worth, spent.discounted["effects"] * worth))
    loss = when(trace.bounds.number.equals(0), -costs.events_loss[trace.strategy], 0)
    trace.amount("qalys", "adverse_events", COMPONENTS["adverse_events"], loss, "effects")


def add_costs(trace: Trace, flows: Flows, doses: Doses, costs: UnitCosts) -> SheetColumn:
    """Add costs of each cycle by component, in the order of `hemodel.model.evaluate`; return the discounted so far."""
    strategy = trace.strategy
    parts = [_dated(trace, doses, part) for part in DRUG_CATEGORIES]
    events = {PROGRESSION: flows.progressions, DEATH: flows.deaths}
    for category in CATEGORIES:
        unit, falls = costs.each[strategy, category.name], category.falls
        if falls in flows.years:
            spent = flows.years[falls]
            amounts = spent.plain * unit, spent.discounted["costs"] * unit
            parts.append(trace.pair("costs", category.name, category.label, amounts))
        else:
            amount = when(trace.bounds.number.equals(0), unit, 0) if falls == START else events[falls] * unit
            parts.append(trace.amount("costs", category.name, category.label, amount, "costs"))
    group = "Costs: all"
    kinds = dict(zip(("Undiscounted", "Discounted"), zip(*parts, strict=True), strict=True))
    each = {kind: trace.table.add(f"{kind} in the cycle", total(some), "money", group) for kind, some in kinds.items()}
    running = [
        trace.table.running_sum(f"{kind} so far", column.cell(0), column, "money", group)
        for kind, column in each.items()
    ]
    return running[-1]


def _dated(trace: Trace, doses: Doses, part: str) -> tuple[SheetColumn, SheetColumn]:
    """Add the costs of the administrations that fall in each cycle, discounted to the day of each."""
    table, group, found = trace.table, f"Costs: {COMPONENTS[part]}", []
    for place, kind in enumerate(("Undiscounted", "Discounted")):
        sums = [sum_where(d.cycle.range, trace.bounds.number, d.amounts[part][place].range) for d in doses.regimens]
        found.append(table.add(kind, total(sums), "money", group))
    trace.totals["costs", part] = trace.summed(found[0], "money"), trace.summed(found[1], "money")
    return found[0], found[1]


SUM_TOLERANCE = 1e-9


@dataclass(frozen=True)
class StrategyContext:
    """What the sheets of every strategy refer to.

    Attributes
    ----------
    naturals : Naturals
        Coefficients of the curves.
    """

    model: Model
    parameters: Parameters
    naturals: Naturals
    time: Time
    costs: UnitCosts
    vials: Vials


@dataclass(frozen=True)
class StrategySheets:
    """One strategy.

    Attributes
    ----------
    trace : Trace
        With the totals by (outcome, component).
    spending : SheetColumn
        Discounted costs so far.
    labels : mapping from component of QALYs to its words
    """

    id: str
    trace: Trace
    doses: Doses
    curves: StrategyCurves
    states: States
    spending: SheetColumn
    labels: Mapping[str, str]
    checks: tuple[LiveCheck, ...]

    def words(self, component: str) -> str:
        """Return what a component of an outcome is called."""
        return self.labels.get(component, COMPONENTS.get(component, component))


def add_strategy(number: int, strategy: str, shared: StrategyContext, taken: set[str]) -> StrategySheets:
    """Return the trace and the administrations of one strategy.

    Parameters
    ----------
    number : int
        Its place among the strategies, from 1.
    taken : set of str
        Names of sheets, in lower case; those of the new sheets are added.
    """
    model, parameters, time = shared.model, shared.parameters, shared.time
    trace = begin_trace(number, strategy, parameters, time, taken)
    curves = StrategyCurves(model, strategy, parameters, shared.naturals, trace.bounds)
    further = tuple(endpoint for endpoint in curves.endpoints if endpoint not in {"os", "pfs"})
    states = add_states(trace, curves, further)
    flows = add_flows(trace, states)
    bands = model.inputs.bands if model.inputs.settings.utilities_by == "time_to_death" else ()
    years = add_band_years(trace, states, bands, curves) if bands else flows.years
    names = {band.id: band_words(model.inputs, band.id) for band in bands}
    labels = names if bands else {state: COMPONENTS[state] for state in STATES}
    add_qalys(trace, years, labels, shared.costs)
    regimens = tuple(regimen for regimen in model.inputs.regimens if regimen.strategy == strategy)
    own = {drug: cost for (given, drug), cost in shared.vials.costs.items() if given == strategy}
    doses = add_doses(number, strategy, regimens, DosePlaces(time, curves, own), taken)
    spending = add_costs(trace, flows, doses, shared.costs)
    checks = (
        *_checks(strategy, states, parameters),
        *_complete(strategy, trace, doses),
        *_parts(strategy, trace, states, spending),
        *(regimen.check for regimen in doses.regimens),
    )
    return StrategySheets(strategy, trace, doses, curves, states, spending, labels, checks)


def _checks(strategy: str, states: States, parameters: Parameters) -> tuple[LiveCheck, ...]:
    gap = _largest(states.cut_off)
    allowed = parameters.text("settings.pfs_above_os").differs("error")
    return (
        at_most(
            f"States add up to 1: {strategy}",
            larger(_largest(states.added) - 1, 1 - call("MIN", np.min, states.added.range)),
            SUM_TOLERANCE,
            "Progression-free, progressed and dead do not add up: a formula of the trace was changed.",
        ),
        LiveCheck(
            f"PFS is not above OS: {strategy}",
            gap,
            either(allowed, gap <= GAP_TOLERANCE),
            "The setting says that this is an error: choose other curves, or set it to cap_pfs or lift_os.",
        ),
        *(_falls(strategy, name, column) for name, column in (("OS", states.overall), ("PFS", states.free))),
    )


def _falls(strategy: str, name: str, column: SheetColumn) -> LiveCheck:
    """Return a check that a curve never rises: what leaves it in each cycle is not negative."""
    above, below = column.part(0, column.rows - 1), column.part(1, column.rows)
    rises = Formula(
        f"SUMPRODUCT(({below.text}>{above.text}+{GAP_TOLERANCE:.0E})*1)",
        int(np.sum(below.value > above.value + GAP_TOLERANCE)),
    )
    return LiveCheck(
        f"{name} never rises: {strategy}",
        rises,
        rises.equals(0),
        "Survival rises: look at the curve and what acts on it.",
    )


def _parts(strategy: str, trace: Trace, states: States, spending: SheetColumn) -> tuple[LiveCheck, ...]:
    """Return checks that parts add up to totals found in another way: years alive from OS, costs cycle by cycle."""
    years = total([plain for (outcome, _), (plain, _) in trace.totals.items() if outcome == "life_years"])
    costs = total([discounted for (outcome, _), (_, discounted) in trace.totals.items() if outcome == "costs"])
    spent = spending.cell(spending.rows - 1)
    meaning = "The parts do not add up: a formula of the trace was changed."
    return (
        at_most(
            f"Years in the states add up to the years alive: {strategy}",
            years - _alive(trace, states),
            SUM_TOLERANCE,
            meaning,
        ),
        at_most(
            f"Costs by category add up to the costs of all cycles: {strategy}",
            absolute(costs - spent) / (1 + absolute(spent)),
            SUM_TOLERANCE,
            meaning,
        ),
    )


def _alive(trace: Trace, states: States) -> Formula:
    """Return the undiscounted years alive within the horizon, straight from overall survival."""
    time, alive = trace.time, states.overall
    above, below = alive.part(0, alive.rows - 1), alive.part(1, alive.rows)
    return sum_of_products(time.years.part(1, alive.rows), time.at_start * above + time.at_end * below)


def _largest(column: SheetColumn) -> Formula:
    return call("MAX", np.max, column.range)


def _complete(strategy: str, trace: Trace, doses: Doses) -> tuple[LiveCheck, ...]:
    """Return checks that every administration falls in a cycle of the trace."""
    found = []
    for part in DRUG_CATEGORIES:
        dated = [regimen.totals[part][1] for regimen in doses.regimens]
        if dated:
            summed = total(dated)
            difference = absolute(trace.totals["costs", part][1] - summed) / (1 + absolute(summed))
            what = f"Cost of {part} by cycle and by day agree: {strategy}"
            found.append(
                at_most(what, difference, SUM_TOLERANCE, "Administrations fall outside the cycles of the trace.")
            )
    return tuple(found)
