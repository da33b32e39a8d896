"""The trace of one strategy: a row a cycle, from survival curves to life-years, QALYs and costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hemodel.live_model.formula import Formula, smaller, sum_of, when
from hemodel.live_model.places import Boundaries
from hemodel.live_model.sheet import Column, Sheet, Table, sheet_name

if TYPE_CHECKING:
    from hemodel.live_model.curves import StrategyCurves
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.time import Time


@dataclass
class Trace:
    """The sheet of one strategy's trace while columns are added to it.

    Attributes
    ----------
    strategy : str
    sheet : Sheet
    table : Table
        One row for each boundary k; what happens in a cycle stands in the row of its end.
    bounds : Boundaries
    time : Time
    totals : dict from (outcome, component) to (undiscounted, discounted) Formula
    """

    strategy: str
    sheet: Sheet
    table: Table
    bounds: Boundaries
    time: Time
    totals: dict[tuple[str, str], tuple[Formula, Formula]] = field(default_factory=dict)

    def over_cycle(self, share: Column) -> Formula:
        """Return the years spent in a cycle by a share of patients, from its values at both ends."""
        time = self.time
        return time.years * (time.at_start * share.above() + time.at_end * share)

    def leaving(self, share: Column) -> Formula:
        """Return the patients by whom a share falls in a cycle."""
        return self.time.active * (share.above() - share)

    def summed(self, column: Column, style: str) -> Formula:
        """Put the total of a column above its headers."""
        return self.sheet.write(self.table.first - 3, column.index, sum_of(column.range), style)

    def amount(self, outcome: str, component: str, header: str, column: Formula, stream: str) -> tuple[Column, Column]:
        """Add an amount a cycle, undiscounted and discounted, with totals that belong to a component of an outcome.

        Parameters
        ----------
        outcome, component : str
            As in `hemodel.outcomes.Outcomes`.
        header : str
        column : Formula
            Per cycle; 0 in rows that end no cycle of the model.
        stream : {"costs", "effects"}
            By which rate it is discounted.
        """
        style, group = self._group(outcome, header)
        plain = self.table.add("Undiscounted", column, style, group)
        return plain, self._discounted((outcome, component), header, plain, stream)

    def life_years(self, state: str, header: str, share: Column) -> Column:
        """Add the years a cycle in a state, with totals, and return the undiscounted ones."""
        style, group = self._group("life_years", header)
        spent = self.table.add_after_first("Undiscounted", 0.0, self.over_cycle(share), style, group)
        self._discounted(("life_years", state), header, spent, "effects")
        return spent

    def _discounted(self, part: tuple[str, str], header: str, plain: Column, stream: str) -> Column:
        style, group = self._group(part[0], header)
        discounted = self.table.add("Discounted", plain * self.time.factors[stream], style, group)
        self.totals[part] = self.summed(plain, style), self.summed(discounted, style)
        return discounted

    def _group(self, outcome: str, header: str) -> tuple[str, str]:
        return "money" if outcome == "costs" else "qaly", f"{OUTCOME_WORDS[outcome]}: {header}"


OUTCOME_WORDS = {"life_years": "Life-years", "qalys": "QALYs", "costs": "Costs"}


@dataclass(frozen=True)
class States:
    """Who is where at each boundary.

    Attributes
    ----------
    overall, free, progressed, dead : Column
        Shares of patients; `overall` is those alive.
    cut_off : Column
        PFS above OS, which is not counted.
    added : Column
        Sum of the three states.
    treated : mapping from endpoint to Column
        Further curves of the strategy, never above OS, for information.
    """

    overall: Column
    free: Column
    progressed: Column
    dead: Column
    cut_off: Column
    added: Column
    treated: dict[str, Column]


def begin_trace(number: int, strategy: str, parameters: Parameters, time: Time, taken: set[str]) -> Trace:
    """Return the sheet of a strategy's trace with a row for each boundary, ready for its curves."""
    purpose = (
        "One row for each boundary between cycles. Survival and states are those at the boundary; time, events, QALYs "
        "and costs are those of the cycle that ends there. Totals stand above the headers."
    )
    name = sheet_name(f"Model trace {number} {strategy}", taken)
    sheet = Sheet(name, "Trace", purpose, frozen=(time.first, 3))
    sheet.write(3, 0, parameters.text(f"strategy.{strategy}.name"), "label")
    sheet.write(time.first - 3, 0, "Total", "label")
    table = Table(sheet, time.first, time.number.rows)
    cycle = table.add("Cycle that ends here", time.number, "count", "Boundary")
    day = table.add("Day", time.day, "date", "Boundary")
    month = table.add("Month", time.months, "time", "Boundary")
    return Trace(strategy, sheet, table, Boundaries(table, cycle, day, month, time.population), time)


def add_states(trace: Trace, curves: StrategyCurves, further: tuple[str, ...]) -> States:
    """Add who is progression-free, progressed and dead, and further curves of the strategy.

    PF = MIN(PFS, OS), PD = OS - PF, dead = 1 - OS.
    """
    table, group = trace.table, "Share of patients"
    overall, pfs = curves.survival("os"), curves.survival("pfs")
    free = table.add("Progression-free", smaller(pfs, overall), "proportion", group)
    progressed = table.add("Progressed", overall - free, "proportion", group)
    dead = table.add("Dead", 1 - overall, "proportion", group)
    added = table.add("Sum", free + progressed + dead, "proportion", group)
    inside = trace.bounds.number <= trace.time.cycles
    cut_off = table.add("PFS above OS, cut off", when(inside, pfs - free, 0), "proportion", group)
    treated = {
        endpoint: table.add(
            f"{endpoint}, at most OS", smaller(curves.survival(endpoint), overall), "proportion", "Treated"
        )
        for endpoint in further
    }
    return States(overall, free, progressed, dead, cut_off, added, treated)
