"""Unit values of the live model: what an event, a year in a state, a treatment or a death costs, and utilities.

What a dose costs in the live model: whole vials over patients of different size, or only what is given.

The dose is log-normal over patients. Each row of a table is an amount in vials; the patients whose
dose lies between two rows need the vials of the later one, in the cheapest combination.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from hemodel.inputs.checks import BODY_SIZE
from hemodel.live_model.formula import (
    Formula,
    as_formula,
    beside,
    ln,
    normal_cdf,
    positions_of,
    root,
    smaller,
    smallest,
    sum_of,
    sum_of_products,
    when,
)
from hemodel.live_model.sheet import LiveCheck, Sheet, SheetColumn, SheetTable, WorkingCells, at_most
from hemodel.model.costs.categories import CATEGORIES, DEATH, EACH, PROGRESSION, START, Part, share_progressing
from hemodel.model.costs.drugs import administration_cost, dose_over_patients
from hemodel.model.costs.vials import WHOLE_VIAL_TOLERANCE, Dose
from hemodel.model.person_time import STATES
from hemodel.model.utilities import band_utility, event_loss, state_utility
from hemodel.views.shared.words import COMPONENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.structure import Drug, Regimen
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.time import Time
    from hemodel.model.costs.categories import CostCategory
    from hemodel.model.evaluate import Model


SHEET = "Model unit costs"
FIRST_ROW = 6
SHARE_TOLERANCE = 1e-6


@dataclass
class UnitCosts:
    """Unit values, by strategy where they differ.

    Attributes
    ----------
    events_loss : mapping from strategy to Formula
        Of adverse events, a patient. [QALY]
    each : mapping from (strategy, cost category) to Formula
        Cost of one of what the category falls on. [currency]
    utility : mapping from (strategy, state or band) to Formula
    """

    sheet: Sheet
    inputs: ModelInputs
    parameters: Parameters
    time: Time
    row: int = FIRST_ROW
    events_loss: dict[str, Formula] = field(default_factory=dict)
    each: dict[tuple[str, str], Formula] = field(default_factory=dict)
    utility: dict[tuple[str, str], Formula] = field(default_factory=dict)
    tables: dict[tuple[str, str], _Items] = field(default_factory=dict)
    administrations: tuple[SheetColumn, SheetColumn] | None = None
    checks: list[LiveCheck] = field(default_factory=list)

    def visit(self, choice: Formula) -> Formula:
        """Return the cost of the kind of administration that a cell names."""
        if self.administrations is None:
            return as_formula(0.0)
        kinds, costs = self.administrations
        return beside(choice, kinds.range, costs.range)

    def table(self, rows: int, heading: str, strategy: str | None = None) -> SheetTable:
        """Begin a table under a heading, below all others, with the name of the strategy it is for."""
        self.sheet.write(self.row - 3, 0, heading, "verdict")
        if strategy is not None:
            self.sheet.write(self.row - 3, 1, self.parameters.name(strategy), "label")
        made = SheetTable(self.sheet, self.row, rows)
        self.row += rows + 5
        return made

    def subtotal(self, column: SheetColumn, style: str) -> Formula:
        """Put the sum of a column under it."""
        below = column.first + column.rows
        self.sheet.write(below, 0, "Total", "label")
        return self.sheet.write(below, column.index, sum_of(column.range), style)


COST_HEADERS = {START: "Cost a patient", PROGRESSION: "Cost a patient who progresses", DEATH: "Cost a death"}
"""Over the cost of an item by when it falls; without an entry it is by time in a state."""


class _Items:
    """A table with a row for each item, and its columns by id, from which the engine's functions make formulas."""

    def __init__(self, found: UnitCosts, heading: str, strategy: str, title: str, items: Sequence[str]) -> None:
        self.found, self.parameters, self.strategy, self.items = found, found.parameters, strategy, items
        self.table = found.table(len(items), heading, strategy)
        self.table.add(title, [_words(item or heading) for item in items], "text")
        self.columns: dict[str, Formula] = {}
        self.shares: list[SheetColumn] = []

    def add(self, part: Part) -> None:
        """Add a part of the cost of each item: the strategy's own input, else the common one, 0 where there is none."""
        id_ = part.id.format(strategy=self.strategy)
        if id_ in self.columns:
            return
        cells = [self._cell(id_.replace(EACH, item), part.named_by.replace(EACH, item)) for item in self.items]
        made = self.columns[id_] = self.table.add_each(part.header, cells, part.style, part.group)
        if part.whole:
            self.shares.append(made)

    def _cell(self, id_: str, named_by: str) -> Formula:
        if named_by:
            return self.found.visit(self.parameters.text(named_by)) if named_by in self.parameters else as_formula(0)
        own = f"{id_}.{self.strategy}"
        return self.parameters[own] if own in self.parameters else self.parameters.get(id_, as_formula(0))


def add_unit_costs(inputs: ModelInputs, parameters: Parameters, time: Time) -> UnitCosts:
    """Return the sheet of unit values, every line with its parts."""
    purpose = (
        "What one administration, adverse event, year in a state, subsequent treatment or death costs, and utilities."
    )
    found = UnitCosts(Sheet(SHEET, "Unit costs and utilities", purpose), inputs, parameters, time)
    _administrations(found)
    strategies = [strategy.id for strategy in inputs.strategies]
    for strategy in strategies:
        by_item = {c.name: _cost_by_item(found, c, strategy) for c in CATEGORIES if c.parts}
        found.each.update({(strategy, name): cost for name, cost in by_item.items()})
        found.events_loss[strategy] = _events_loss(found, strategy)
    for category in CATEGORIES:
        if not category.parts:
            found.each.update(dict.fromkeys(product(strategies, [category.name]), _common_cost(found, category)))
    _utilities(found)
    return found


def _words(id_: str) -> str:
    return id_.replace("_", " ").capitalize()


def _administrations(found: UnitCosts) -> None:
    prefix, suffix = "administration.", ".cost"
    kinds = [id_[len(prefix) : -len(suffix)] for id_ in found.inputs.rows if id_.startswith(prefix)]
    table = found.table(len(kinds), "Administration")
    names = table.add("Kind", kinds, "text")
    cells = [found.parameters[f"{prefix}{kind}{suffix}"] for kind in kinds]
    found.administrations = (names, table.add_each("Cost", cells, "money"))


def _cost_by_item(found: UnitCosts, category: CostCategory, strategy: str) -> Formula:
    """Add the items of a category with the parts of their costs; return the cost of all of them together."""
    shares = [part.id.format(strategy=strategy) for part in category.parts if part.whole]
    free = [name for name in category.free if any(id_.replace(EACH, name) in found.parameters for id_ in shares)]
    names = [*(getattr(item, "id", item) for item in category.members(found.inputs)), *free]
    if not names:
        return as_formula(0.0)
    key = strategy, category.rows
    if key not in found.tables:
        heading = f"{category.noun.capitalize()}:"
        found.tables[key] = _Items(found, heading, strategy, category.item, names)
        found.row += category.falls == PROGRESSION
    items = found.tables[key]
    for part in category.parts:
        items.add(part)
    group = category.parts[-1].group
    header = COST_HEADERS.get(category.falls, "Cost a year")
    whole = items.table.add(header, category.cost(items.columns, category.each, strategy), "money", group)
    cost = found.subtotal(whole, "money")
    _check_shares(found, category, items)
    return _of_those_who_progress(found, whole, cost, strategy) if category.falls == PROGRESSION else cost


def _check_shares(found: UnitCosts, category: CostCategory, items: _Items) -> None:
    """Check that the shares of items add up to 1, where they are of one whole."""
    for shares in items.shares:
        added = found.subtotal(shares, "proportion")
        subject = f"Shares of {category.noun} add up to 1: {items.strategy}"
        sheet = next(row.kind.sheet for row in found.inputs.rows.values() if row.kind.group == category.rows)
        meaning = f"Correct the shares on the sheet {sheet}, so that they add up to 1."
        found.checks.append(at_most(subject, added - 1, SHARE_TOLERANCE, meaning))


def _of_those_who_progress(found: UnitCosts, whole: SheetColumn, cost: Formula, strategy: str) -> Formula:
    """Put under a cost a progression what it is a PFS event, some of which are deaths."""
    below = whole.first + whole.rows + 1
    found.sheet.write(below, 0, "Share of PFS events that are progressions", "label")
    share = found.sheet.write(below, 1, share_progressing(found.parameters, strategy), "proportion")
    found.sheet.write(below, whole.index - 1, "Cost a PFS event", "label")
    return found.sheet.write(below, whole.index, share * cost, "money")


def _common_cost(found: UnitCosts, category: CostCategory) -> Formula:
    """Add a category whose cost is one input, common to all strategies."""
    if not category.members(found.inputs):
        return as_formula(0.0)
    table = found.table(1, category.label)
    table.add("Item", [_words(category.noun)], "text")
    header = COST_HEADERS.get(category.falls, "Cost a year")
    return table.add_each(header, [category.cost(found.parameters, "", "")], "money").cell(0)


def _events_loss(found: UnitCosts, strategy: str) -> Formula:
    """Add to the table of adverse events the QALYs lost to them."""
    events = found.tables.get((strategy, "adverse_event"))
    if events is None:
        return as_formula(0.0)
    events.add(Part("Disutility", f"adverse_event.{EACH}.disutility", "proportion"))
    events.add(Part("Days", f"adverse_event.{EACH}.duration", "number"))
    loss = events.table.add("QALYs lost a patient", event_loss(events.columns, EACH, strategy), "factor")
    return found.subtotal(loss, "factor")


def _utilities(found: UnitCosts) -> None:
    inputs, parameters = found.inputs, found.parameters
    bands = inputs.bands if inputs.settings.utilities_by == "time_to_death" else ()
    strategies = [strategy.id for strategy in inputs.strategies]
    names = [band.id for band in bands] or list(STATES)
    table = found.table(len(names), "Utilities")
    labels = [band_words(inputs, band.id) for band in bands]
    table.add("Time to death" if bands else "State", labels or [COMPONENTS[state] for state in STATES], "text")
    for strategy in strategies:
        cells = [
            band_utility(parameters, name) if bands else state_utility(parameters, strategy, name) for name in names
        ]
        norm = found.time.norm
        if norm is not None:
            cells = [smaller(cell, norm) for cell in cells]
        column = table.add_each("Utility" if norm is None else "Utility, at most the norm", cells, "proportion")
        found.sheet.write(table.first - 2, column.index, parameters.name(strategy), "group")
        found.utility.update({(strategy, name): column.cell(i) for i, name in enumerate(names)})


def band_words(inputs: ModelInputs, band: str) -> str:
    """Return the words for a band of time to death: its own label, else its id."""
    row = inputs.rows[f"utility.time_to_death.{band}"]
    return row.label if row.label != row.kind.label else _words(band)


VIALS_SHEET = "Model vials"
FIRST_VIALS_ROW = 8
SPARE_DOSE, SPARE_VIAL = 1.5, 0.5
"""Rows are there for a dose or a spread this much larger, and vials this much smaller, than when written."""
MOST_ROWS = 600
TAIL_TOLERANCE = 1e-12
"""Share of patients who may need more than the last row."""
KEY_STEP = 1e-13
"""Makes the contents of combinations unlike each other, as a share of the largest."""


@dataclass(frozen=True)
class DoseCost:
    """What one administration of a regimen costs, for each patient on treatment. [currency]."""

    acquisition: Formula
    administration: Formula


@dataclass(frozen=True)
class Vials:
    """The sheet of doses, the costs by (strategy, drug), and its checks."""

    sheet: Sheet
    costs: Mapping[tuple[str, str], DoseCost]
    checks: tuple[LiveCheck, ...]


@dataclass(frozen=True)
class _Spread:
    """Cells of a dose over patients."""

    mean: Formula
    meanlog: Formula
    sdlog: Formula

    def exceeds(self, amount: Formula) -> Formula:
        """Return the share of patients whose dose exceeds an amount above 0."""
        spread = normal_cdf((self.meanlog - ln(amount)) / self.sdlog)
        return when(self.mean <= 0, 0, when(self.sdlog > 0, spread, when(self.mean > amount, 1, 0)))


def add_vials(model: Model, parameters: Parameters, costs: UnitCosts) -> Vials:
    """Return the sheet with a block for each regimen."""
    purpose = (
        "For each regimen, how many vials a dose takes over patients whose body size is log-normal, and what it costs. "
        "Each row of a table is an amount in vials; the last column says which share of patients needs just that many."
    )
    sheet = Sheet(VIALS_SHEET, "Vials and the cost of a dose", purpose)
    found, checks, column = {}, [], 0
    for regimen in model.inputs.regimens:
        block = _Block(sheet, column, model, parameters, regimen)
        found[regimen.strategy, regimen.drug], check = block.write(costs)
        checks.append(check)
        column = block.last + 2
    return Vials(sheet, found, tuple(checks))


class _Block:
    """The columns of one regimen."""

    def __init__(self, sheet: Sheet, column: int, model: Model, parameters: Parameters, regimen: Regimen) -> None:
        self.sheet, self.column, self.regimen, self.parameters = sheet, column, regimen, parameters
        self.drug: Drug = model.inputs.drug(regimen.drug)
        self.dose, self.rows = _dose(model, parameters, regimen), 0
        self.lines = WorkingCells(sheet, FIRST_VIALS_ROW, column)
        self.last = column + 1

    def number(self, field: str) -> Formula:
        return self.parameters[self.regimen.id(field)]

    def write(self, costs: UnitCosts) -> tuple[DoseCost, LiveCheck]:
        sheet, lines, parameters = self.sheet, self.lines, self.parameters
        sheet.write(FIRST_VIALS_ROW - 2, self.column, parameters.name(self.regimen.strategy), "label")
        sheet.write(FIRST_VIALS_ROW - 1, self.column, parameters.text(f"drug.{self.drug.id}.name"), "label")
        spread = self._spread()
        sizes = self._sizes()
        whole, beyond = self._whole_vials(spread, sizes)
        shared = spread.mean * smaller(*(price / size for size, price in sizes))
        sharing = lines.single("Vials are shared", parameters.text(self.regimen.id("vial_sharing")), "text")
        a_dose = lines.single("Cost of a dose", when(sharing.equals("yes"), shared, whole), "money")
        intensity = lines.single("Relative dose intensity", self.number("relative_dose_intensity"), "proportion")
        share = lines.single("Share of patients given it", self.number("share_of_patients"), "proportion")
        acquisition = lines.single("Drug cost of an administration", a_dose * intensity * share, "money")
        kind = lines.single("Kind of administration", parameters.text(self.regimen.id("administration")), "text")
        visit = lines.single("Cost of giving it once", costs.visit(kind), "money")
        given = {
            f"administration.{self.regimen.administration}.cost": visit,
            **self._premedication(),
            self.regimen.id("share_of_patients"): share,
        }
        administration = lines.single("Cost of an administration", administration_cost(given, self.regimen), "money")
        meaning = "Doses are larger, or vials smaller, than the sheet Model vials has rows for: write the model anew."
        subject = f"Rows for every dose: {self.regimen.strategy}, {self.drug.id}"
        return DoseCost(acquisition, administration), at_most(subject, beyond, TAIL_TOLERANCE, meaning)

    def _premedication(self) -> dict[str, Formula]:
        """Write what is given before each administration, 0 where the workbook does not say it."""
        id_ = self.regimen.id("premedication_cost")
        cost = self.parameters.optional(id_, as_formula(0.0))
        return {id_: self.lines.single("Premedication", cost, "money")}

    def _spread(self) -> _Spread:
        """Write the dose over patients."""
        lines = self.lines
        basis = lines.single("Dose basis", self.parameters.text(self.regimen.id("dose_basis")), "text")
        dose = lines.single("Dose", self.number("dose"))
        mean = lines.single("Body size, mean", self._body(basis, "mean", 1), "number")
        sd = lines.single("Body size, SD", self._body(basis, "sd", 0), "number")
        mg = lines.single("Mean dose (mg)", dose * mean)
        mg_sd = lines.single("SD of the dose (mg)", dose * sd)
        variance = lines.single("Variance of its log", when(mg > 0, ln(1 + (mg_sd / mg) ** 2), 0), "factor")
        meanlog = lines.single("Mean of its log", when(mg > 0, ln(mg) - variance / 2, 0), "factor")
        return _Spread(mg, meanlog, lines.single("SD of its log", root(variance), "factor"))

    def _body(self, basis: Formula, what: str, flat: float) -> Formula:
        """Return the mean or SD of the body size that the dose goes by; an error where it is not in the workbook."""
        result = when(basis.equals("mg"), flat, "")
        for name, size in BODY_SIZE.items():
            id_ = f"{size}_{what}"
            if id_ in self.parameters:
                result = when(basis.equals(name), self.parameters[id_], result)
        return result

    def _sizes(self) -> list[tuple[Formula, Formula]]:
        """Write size and price of each vial."""
        sizes, used = [], {price for _, price in self.drug.vials}
        for place, (_, price) in enumerate(self.drug.vials, start=1):
            size = self.parameters[price.replace(".price_per_vial", ".vial_size")]
            sizes.append(
                (
                    self.lines.single(f"Vial size {place} (mg)", size),
                    self.lines.single(f"Price of size {place}", self.parameters[price], "money"),
                )
            )
        for id_ in self.parameters.rows:
            if id_.startswith(f"drug.{self.drug.id}.price_per_vial") and id_ not in used:
                self.parameters.note(id_, "structure")
                self.parameters.note(id_.replace(".price_per_vial", ".vial_size"), "structure")
        return sizes

    def _whole_vials(self, spread: _Spread, sizes: list[tuple[Formula, Formula]]) -> tuple[Formula, Formula]:
        """Write the table of whole vials; return their mean cost a dose, and the share beyond the table."""
        counts = _counts(self.dose, [size for size, _ in self.drug.vials])
        table = SheetTable(self.sheet, FIRST_VIALS_ROW, len(counts), self.column + 3)
        vials = [table.add(f"Vials of size {i + 1}", counts[:, i].tolist(), "count") for i in range(len(sizes))]
        content = _weighted(vials, [size for size, _ in sizes])
        price = _weighted(vials, [price for _, price in sizes])
        least = sizes[0][0] if len(sizes) == 1 else smaller(*(size for size, _ in sizes))
        if len(sizes) > 1:
            content, price = _sorted(table, content, price)
        else:
            content = table.add("Content (mg)", content, "number")
            price = table.add("Cost", price, "money")
        edge = content + when(content > 0, WHOLE_VIAL_TOLERANCE * least, 0)
        beyond = when(content > 0, spread.exceeds(edge), when(spread.mean > 0, 1, 0))
        exceeding = table.add("Share whose dose is larger", beyond, "factor", "Patients")
        need = table.add_after_first("Share who need these", 0.0, exceeding.above() - exceeding, "factor", "Patients")
        self.last, self.rows = table.next - 1, table.rows
        return (
            self.lines.single("Whole vials of a dose", sum_of_products(need.range, price.range), "money"),
            exceeding.cell(table.rows - 1),
        )


def _weighted(counts: Sequence[SheetColumn], values: Sequence[Formula]) -> Formula:
    result = counts[0] * values[0]
    for count, value in zip(counts[1:], values[1:], strict=True):
        result = result + count * value
    return result


def _sorted(table: SheetTable, content: Formula, price: Formula) -> tuple[SheetColumn, SheetColumn]:
    """Put combinations in order of content, with the lowest cost of any that holds at least as much."""
    every, order = "Every combination", "In order of content"
    contents = table.add("Content (mg)", content, "number", every)
    prices = table.add("Cost", price, "money", every)
    rank = table.add("Row", list(range(1, table.rows + 1)), "count", every)
    last = contents.cell(table.rows - 1)
    key = table.add("Content with its row added", contents + rank * (last * KEY_STEP), "time", every)
    sorted_key = table.add("Content with its row added", smallest(key.range, rank), "time", order)
    place = table.add("Row", positions_of(sorted_key, key.range), "count", order)
    sorted_content = table.add("Content (mg)", contents.at(place), "number", order)
    cost = table.add("Cost", prices.at(place), "money", order)
    return sorted_content, table.running_minimum_upwards("Least cost for as much", cost, "money", order)


def _dose(model: Model, parameters: Parameters, regimen: Regimen) -> Dose:
    """Return a regimen's dose in the base case and in every stored draw."""
    draws = {parameter.id: np.array([parameter.value]) for parameter in model.inputs.parameters}
    stored = {id_: array[:, 0] for id_, array in parameters.psa.stored.inputs.items() if id_ in draws}
    return dose_over_patients(regimen, draws | stored)


def _counts(dose: Dose, sizes: Sequence[float]) -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    """Return numbers of vials of each size, every combination that may be needed, with some to spare."""
    wider = Dose(SPARE_DOSE * dose.mean, SPARE_DOSE**2 * dose.sd)
    for largest, smaller_by in ((wider.largest(), SPARE_VIAL), (wider.largest(), 1.0), (dose.largest(), 1.0)):
        numbers = [range(math.ceil(largest / (size * smaller_by)) + 2) for size in sizes]
        if math.prod(len(number) for number in numbers) <= MOST_ROWS:
            break
    return np.array(list(product(*numbers)))
