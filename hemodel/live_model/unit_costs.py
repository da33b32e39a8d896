"""Unit values of the live model: what an event, a year in a state, a treatment or a death costs, and utilities."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hemodel.exposure import STATES
from hemodel.live_model.formula import Formula, as_formula, smaller, sum_of
from hemodel.live_model.ranges import beside
from hemodel.live_model.sheet import Column, Sheet, Table
from hemodel.live_model.status import Check, at_most
from hemodel.reporting.tables_words import COMPONENTS

if TYPE_CHECKING:
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.time import Time

SHEET = "Model unit costs"
FIRST_ROW = 6
SHARE_TOLERANCE = 1e-6


@dataclass
class UnitCosts:
    """Unit values, by strategy where they differ.

    Attributes
    ----------
    sheet : Sheet
    events_cost, events_loss : mapping from strategy to Formula
        Of adverse events, a patient. [currency], [QALY]
    per_year : mapping from (strategy, state) to Formula
        [currency per year]
    following : mapping from strategy to Formula
        Of subsequent treatment, a patient who leaves the progression-free state. [currency]
    utility : mapping from (strategy, state or band) to Formula
    end_of_life : Formula
        [currency per death]
    """

    sheet: Sheet
    inputs: ModelInputs
    parameters: Parameters
    time: Time
    row: int = FIRST_ROW
    events_cost: dict[str, Formula] = field(default_factory=dict)
    events_loss: dict[str, Formula] = field(default_factory=dict)
    per_year: dict[tuple[str, str], Formula] = field(default_factory=dict)
    following: dict[str, Formula] = field(default_factory=dict)
    utility: dict[tuple[str, str], Formula] = field(default_factory=dict)
    end_of_life: Formula = field(default_factory=lambda: as_formula(0.0))
    administrations: tuple[Column, Column] | None = None
    checks: list[Check] = field(default_factory=list)

    def visit(self, choice: Formula) -> Formula:
        """Return the cost of the kind of administration that a cell names."""
        if self.administrations is None:
            return as_formula(0.0)
        kinds, costs = self.administrations
        return beside(choice, kinds.range, costs.range)

    def table(self, rows: int, heading: str, strategy: str | None = None) -> Table:
        """Begin a table under a heading, below all others, with the name of the strategy it is for."""
        self.sheet.write(self.row - 3, 0, heading, "verdict")
        if strategy is not None:
            self.sheet.write(self.row - 3, 1, self.parameters.text(f"strategy.{strategy}.name"), "label")
        made = Table(self.sheet, self.row, rows)
        self.row += rows + 5
        return made

    def subtotal(self, column: Column, style: str) -> Formula:
        """Put the sum of a column under it."""
        below = column.first + column.rows
        self.sheet.write(below, 0, "Total", "label")
        return self.sheet.write(below, column.index, sum_of(column.range), style)


def add_unit_costs(inputs: ModelInputs, parameters: Parameters, time: Time) -> UnitCosts:
    """Return the sheet of unit values, every line with its parts."""
    purpose = (
        "What one administration, adverse event, year in a state, subsequent treatment or death costs, and utilities."
    )
    found = UnitCosts(Sheet(SHEET, "Unit costs and utilities", purpose), inputs, parameters, time)
    _administrations(found)
    for strategy in (strategy.id for strategy in inputs.strategies):
        _adverse_events(found, strategy)
        _disease_management(found, strategy)
        _subsequent_treatment(found, strategy)
    _end_of_life(found)
    _utilities(found)
    return found


def _words(id_: str) -> str:
    return id_.replace("_", " ").capitalize()


def _administrations(found: UnitCosts) -> None:
    prefix, suffix = "administration.", ".cost"
    kinds = [id_[len(prefix) : -len(suffix)] for id_ in found.inputs.rows if id_.startswith(prefix)]
    table = found.table(len(kinds), "Administration")
    names = table.add("Kind", kinds, "text")
    cells = [found.parameters.number(f"{prefix}{kind}{suffix}") for kind in kinds]
    found.administrations = (names, table.add_each("Cost", cells, "money"))


def _adverse_events(found: UnitCosts, strategy: str) -> None:
    events, number = found.inputs.events, found.parameters.number
    if not events:
        found.events_cost[strategy] = found.events_loss[strategy] = as_formula(0.0)
        return
    table = found.table(len(events), "Adverse events:", strategy)
    table.add("Event", [_words(event) for event in events], "text")

    def column(header: str, ending: str, style: str) -> Column:
        return table.add_each(header, [number(f"adverse_event.{event}.{ending}") for event in events], style)

    incidence = column("Incidence", f"incidence.{strategy}", "proportion")
    unit = column("Cost of one", "unit_cost", "money")
    cost = table.add("Cost a patient", incidence * unit, "money")
    disutility = column("Disutility", "disutility", "proportion")
    days = column("Days", "duration", "number")
    loss = table.add("QALYs lost a patient", incidence * disutility * days / found.time.days_per_year, "factor")
    found.events_cost[strategy] = found.subtotal(cost, "money")
    found.events_loss[strategy] = found.subtotal(loss, "factor")


def _disease_management(found: UnitCosts, strategy: str) -> None:
    resources, parameters = found.inputs.resources, found.parameters
    if not resources:
        found.per_year.update({(strategy, state): as_formula(0.0) for state in STATES})
        return
    table = found.table(len(resources), "Disease management:", strategy)
    table.add("Resource", [_words(resource) for resource in resources], "text")
    costs = [parameters.number(f"resource.{resource}.unit_cost") for resource in resources]
    unit = table.add_each("Cost of one", costs, "money")
    for state in STATES:
        used = [own_or_common(parameters, f"resource.{resource}.{state}", strategy) for resource in resources]
        uses = table.add_each("Uses a month", used, "number", COMPONENTS[state])
        yearly = table.add("Cost a year", unit * uses * found.time.months_per_year, "money", COMPONENTS[state])
        found.per_year[strategy, state] = found.subtotal(yearly, "money")


def _subsequent_treatment(found: UnitCosts, strategy: str) -> None:
    treatments, number = [treatment.id for treatment in found.inputs.treatments], found.parameters.number
    shares = [f"subsequent.{treatment}.share.{strategy}" for treatment in (*treatments, "none")]
    shares = [id_ for id_ in shares if found.parameters.has(id_)]
    progressing = 1 - number(f"pfs_events.share_deaths.{strategy}")
    table = found.table(len(shares), "Subsequent treatment:", strategy)
    table.add("Treatment", [_words(id_.split(".")[1]) for id_ in shares], "text")
    share = table.add_each("Share of those who progress", [number(id_) for id_ in shares], "proportion")

    def column(header: str, ending: str, style: str) -> Column:
        ids = [f"subsequent.{treatment}.{ending}" for treatment in treatments]
        cells = [number(id_) for id_ in ids] + [as_formula(0)] * (len(shares) - len(treatments))
        return table.add_each(header, cells, style)

    cycles = column("Cycles", "cycles", "number")
    drugs = column("Drugs a cycle", "drug_cost_per_cycle", "money")
    visits = column("Administrations a cycle", "administrations_per_cycle", "number")
    choices = [found.parameters.text(f"subsequent.{treatment}.administration") for treatment in treatments]
    costs = [found.visit(choice) for choice in choices] + [as_formula(0)] * (len(shares) - len(treatments))
    visit = table.add_each("Cost of one administration", costs, "money")
    whole = table.add("Cost a patient who progresses", share * cycles * (drugs + visits * visit), "money")
    each = found.subtotal(whole, "money")
    everyone = found.subtotal(share, "proportion")
    below = table.first + table.rows + 1
    found.sheet.write(below, 0, "Share of PFS events that are progressions", "label")
    events = found.sheet.write(below, 1, progressing, "proportion")
    found.sheet.write(below, whole.index - 1, "Cost a PFS event", "label")
    found.following[strategy] = found.sheet.write(below, whole.index, events * each, "money")
    found.row += 1
    meaning = "Correct the shares on the sheet Subsequent treatment, so that they add up to 1."
    found.checks.append(
        at_most(f"Shares of subsequent treatment add up to 1: {strategy}", everyone - 1, SHARE_TOLERANCE, meaning)
    )


def _end_of_life(found: UnitCosts) -> None:
    table = found.table(1, "End of life")
    table.add("Item", ["End-of-life care"], "text")
    found.end_of_life = table.add_each("Cost a death", [found.parameters.number("end_of_life.cost")], "money").cell(0)


def _utilities(found: UnitCosts) -> None:
    inputs, parameters = found.inputs, found.parameters
    bands = inputs.bands if inputs.settings.utilities_by == "time_to_death" else ()
    strategies = [strategy.id for strategy in inputs.strategies]
    names = [band.id for band in bands] or list(STATES)
    table = found.table(len(names), "Utilities")
    labels = [band_words(inputs, band.id) for band in bands]
    table.add("Time to death" if bands else "State", labels or [COMPONENTS[state] for state in STATES], "text")
    for strategy in strategies:
        if bands:
            cells = [parameters.number(f"utility.time_to_death.{name}") for name in names]
        else:
            cells = [own_or_common(parameters, f"utility.{name}", strategy) for name in names]
        norm = found.time.norm
        if norm is not None:
            cells = [smaller(cell, norm) for cell in cells]
        column = table.add_each("Utility" if norm is None else "Utility, at most the norm", cells, "proportion")
        found.sheet.write(table.first - 2, column.index, parameters.text(f"strategy.{strategy}.name"), "group")
        found.utility.update({(strategy, name): column.cell(i) for i, name in enumerate(names)})


def band_words(inputs: ModelInputs, band: str) -> str:
    """Return the words for a band of time to death: its own label, else its id."""
    row = inputs.rows[f"utility.time_to_death.{band}"]
    return row.label if row.label not in {"", row.kind.label} else _words(band)


def own_or_common(parameters: Parameters, id_: str, strategy: str) -> Formula:
    """Return the value of a strategy where it has its own, else the common one."""
    common, own = parameters.number(id_), f"{id_}.{strategy}"
    return parameters.optional(own, common) if parameters.has(own) else common
