"""The population's mortality by formula: the life table, the cohort's ages, and its cumulative hazard at any time.

What `hemodel.survival.acting.life_tables` computes, with the cohort's mean age, SD,
youngest age and share of men as live cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.cohort import Patients, add_patients, shares_by_age
from hemodel.live_model.formula import Formula, as_formula
from hemodel.live_model.life_table_cells import hazards_by_cell
from hemodel.live_model.readers import STRUCTURE
from hemodel.live_model.sheet import Column, Sheet, Table
from hemodel.live_model.status import Check, at_most
from hemodel.population import is_age_adjusted
from hemodel.survival.acting.life_tables import life_table
from hemodel.survival.workbook.background import people, population
from hemodel.survival.workbook.tables import table_of
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.live_model.parameters import Parameters
    from hemodel.model import Model
    from hemodel.survival.acting.life_tables import Background

SHEET = "Model background"
AGES_ROW = 26
LEAST_SURVIVAL = as_formula(1e-300)
SETTLED = 1e-9


@dataclass(frozen=True)
class BackgroundSheet:
    """The sheet of the population's mortality.

    Attributes
    ----------
    sheet : Sheet
    engine : Background
        What the engine uses; its values are those stored in cells.
    patients : Patients
    shares : Formula
        Share of each age at the start, a range.
    years : int
        Years that the table goes on beyond its last age: enough that everyone has its last
        hazard by then.
    hazards, sums : tuple of Column
        Of men and of women, by age: hazard a year, and its sum over the ages before.
    first_age : float
        The age of the first row.
    next : int
        The next column that is free.
    checks : tuple of Check
    """

    sheet: Sheet
    engine: Background
    patients: Patients
    shares: Formula
    years: int
    hazards: tuple[Column, Column]
    sums: tuple[Column, Column]
    first_age: float
    next: int
    checks: tuple[Check, ...]

    def population_hazard(self, months: Formula) -> Formula:
        """Return the cohort's cumulative hazard at times from the start of the model.

        -ln of the sum over ages and sexes of share x exp(-hazard since the start), where
        hazards are constant between birthdays and the last one is held beyond the table.

        Parameters
        ----------
        months : Formula
            0 or more; one value, or one a row.

        Returns
        -------
        Formula
            With the engine's value, so that recalculation checks the formula.
        """
        years = f"{months.text}/{MONTHS_PER_YEAR:g}"
        men, women = (self.alive_after(years, sex) for sex in (0, 1))
        male = self.patients.male.text
        alive = f"{male}*{men}+(1-{male})*{women}"
        value = self.engine.cumulative_hazard(np.asarray(months.value, dtype=float))
        text = f"IF({months.text}<=0,0,-LN(MAX({alive},{LEAST_SURVIVAL.text})))"
        return Formula(text, value if value.ndim else float(value))

    def alive_after(self, years: str, sex: int, values: Column | None = None) -> str:
        """Return the text of the share alive of one sex: the sum of share x exp(-H) over ages at the start.

        Parameters
        ----------
        years : str
            Text of the years since the start.
        sex : int
            0: men, 1: women.
        values : Column or None
            A further factor, by the age reached.
        """
        elapsed = f"({years}+{self.patients.since_birthday.text})"
        full, ages = f"MIN(INT{elapsed},{self.years})", np.size(self.shares.value)

        def reached(column: Column) -> str:
            return f"INDEX({column.range.text},1+{full}):INDEX({column.range.text},{ages}+{full})"

        columns = (self.sums[sex], self.hazards[sex])
        first = [c.sheet.area((c.first, c.index), (c.first + ages - 1, c.index), None).text for c in columns]
        start = f"{first[0]}+{self.patients.since_birthday.text}*{first[1]}"
        alive = f"EXP({start}-({reached(columns[0])}+({elapsed}-{full})*{reached(columns[1])}))"
        factors = [self.shares.text, alive] if values is None else [self.shares.text, alive, reached(values)]
        return f"SUMPRODUCT({','.join(factors)})"


def add_background(model: Model, parameters: Parameters) -> BackgroundSheet | None:
    """Return the sheet of the population's mortality, or None where neither curves nor utilities need it."""
    if population(model.inputs) is None and not is_age_adjusted(model.inputs):
        return None
    engine = people(model.inputs)
    table = life_table(table_of(model.inputs.rows["background.life_table"], model.inputs))
    purpose = (
        "What the population dies of, at the ages and sexes of the patients: the share of each age at the start, the "
        "life table, and sums of its yearly hazards, from which the cumulative hazard at any time follows."
    )
    sheet = Sheet(SHEET, "Mortality of the population", purpose)
    patients = add_patients(sheet, parameters)
    horizon = parameters.number("settings.time_horizon")
    years = table.ages.size
    rows = Table(sheet, AGES_ROW, table.ages.size + years)
    parameters.note("background.life_table", STRUCTURE)
    hazards, sums = _life_table(rows, table.ages[0], hazards_by_cell(model.inputs, table))
    ages = Table(sheet, AGES_ROW, table.ages.size, rows.next)
    shares, off = shares_by_age(ages, table.ages, patients)
    beyond = patients.mean + horizon - (float(table.ages[-1]) + 1.0)
    checks = (
        at_most("Mean age of the patients, found less given", off, SETTLED, "No spread of ages has this mean age."),
        Check(
            "Years by which the model outlives the life table",
            beyond,
            beyond <= 0.0,
            "Give a life table to a higher age, and write the model anew.",
        ),
    )
    made = (sheet, engine, patients, shares, years, hazards, sums)
    return BackgroundSheet(*made, float(table.ages[0]), ages.next, checks)


def _life_table(
    rows: Table, first_age: float, by_sex: tuple[list[Formula], list[Formula]]
) -> tuple[tuple[Column, Column], tuple[Column, Column]]:
    """Place hazards by age and their sums; beyond the table the last hazard is held."""
    rows.add("Age", (first_age + np.arange(rows.rows)).tolist(), "count")
    made = []
    for name, found in zip(("Men", "Women"), by_sex, strict=True):
        last = rows.sheet.reference(rows.first + len(found) - 1, rows.next, found[-1].value)
        hazard = rows.add_each("Hazard a year", [*found, *[last] * (rows.rows - len(found))], "factor", name)
        made.append((hazard, rows.running_sum("Sum before this age", 0.0, hazard.above(), "factor", name)))
    (men, sum_men), (women, sum_women) = made
    return (men, women), (sum_men, sum_women)
