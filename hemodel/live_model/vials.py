"""What a dose costs in the live model: whole vials over patients of different size, or only what is given.

The dose is log-normal over patients. Each row of a table is an amount in vials; the patients whose
dose lies between two rows need the vials of the later one, in the cheapest combination.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from hemodel.costs.drugs import dose_over_patients
from hemodel.costs.vials import WHOLE_VIAL_TOLERANCE, Dose
from hemodel.inputs.checks import BODY_SIZE
from hemodel.live_model.formula import (
    Formula,
    ln,
    normal_cdf,
    root,
    smaller,
    sum_of_products,
    when,
)
from hemodel.live_model.ranges import positions_of, smallest
from hemodel.live_model.sheet import Column, Sheet, Table
from hemodel.live_model.status import Check, at_most
from hemodel.live_model.workings import Workings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.inputs.structure import Drug, Regimen
    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.unit_costs import UnitCosts
    from hemodel.model import Model

SHEET = "Model vials"
FIRST_ROW = 8
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
    checks: tuple[Check, ...]


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
    sheet = Sheet(SHEET, "Vials and the cost of a dose", purpose)
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
        self.lines = Workings(sheet, FIRST_ROW, column)
        self.last = column + 1

    def number(self, field: str) -> Formula:
        return self.parameters.number(self.regimen.id(field))

    def write(self, costs: UnitCosts) -> tuple[DoseCost, Check]:
        sheet, lines, parameters = self.sheet, self.lines, self.parameters
        sheet.write(FIRST_ROW - 2, self.column, parameters.text(f"strategy.{self.regimen.strategy}.name"), "label")
        sheet.write(FIRST_ROW - 1, self.column, parameters.text(f"drug.{self.drug.id}.name"), "label")
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
        administration = lines.single("Cost of an administration", visit * share, "money")
        meaning = "Doses are larger, or vials smaller, than the sheet Model vials has rows for: write the model anew."
        subject = f"Rows for every dose: {self.regimen.strategy}, {self.drug.id}"
        return DoseCost(acquisition, administration), at_most(subject, beyond, TAIL_TOLERANCE, meaning)

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
            if self.parameters.has(id_):
                result = when(basis.equals(name), self.parameters.number(id_), result)
        return result

    def _sizes(self) -> list[tuple[Formula, Formula]]:
        """Write size and price of each vial."""
        sizes, used = [], {price for _, price in self.drug.vials}
        for place, (_, price) in enumerate(self.drug.vials, start=1):
            size = self.parameters.number(price.replace(".price_per_vial", ".vial_size"))
            sizes.append(
                (
                    self.lines.single(f"Vial size {place} (mg)", size),
                    self.lines.single(f"Price of size {place}", self.parameters.number(price), "money"),
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
        table = Table(self.sheet, FIRST_ROW, len(counts), self.column + 3)
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


def _weighted(counts: Sequence[Column], values: Sequence[Formula]) -> Formula:
    result = counts[0] * values[0]
    for count, value in zip(counts[1:], values[1:], strict=True):
        result = result + count * value
    return result


def _sorted(table: Table, content: Formula, price: Formula) -> tuple[Column, Column]:
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
