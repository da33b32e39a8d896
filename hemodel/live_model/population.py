"""The population's mortality by formula: the life table, the cohort's ages, and its cumulative hazard at any time.

What `hemodel.survival.effects.life_tables` computes, with the cohort's mean age, SD,
youngest age and share of men as live cells.

The patients' ages at the start of the model by formula.

How utilities change with age, by formula: the norms of those whom the population's mortality leaves alive.

What `hemodel.model.population.ageing` computes, with norms, life table, ages and sexes as live cells.

The hazards of a life table, and utility norms, as formulas of the sheets that carry them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.inputs.files import data_sheet
from hemodel.live_model.formula import (
    Formula,
    absolute,
    as_formula,
    call,
    larger,
    ln,
    quoted,
    rounded_up,
    sum_of,
    sum_of_products,
    when,
    whole,
)
from hemodel.live_model.parameters import STRUCTURE
from hemodel.live_model.sheet import LiveCheck, Sheet, SheetColumn, SheetTable, at_most, letter
from hemodel.model.population import CAPPED, NORMS, OVER_TIME, UTILITIES, Norms, is_age_adjusted, norms_of
from hemodel.survival.effects.life_tables import PROBABILITIES, RATES, life_table
from hemodel.survival.workbook.background import people, population
from hemodel.survival.workbook.tables import table_of, tables_named
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from hemodel.inputs.cells import DataTable
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.live_model.parameters import Parameters
    from hemodel.model.evaluate import Model
    from hemodel.survival.effects.life_tables import Background, LifeTable
    from hemodel.survival.family import Array


FACTS_ROW, TILT_COLUMN, NEWTON_STEPS = 6, 6, 16
AGES_GROUP, TILT_GROUP = "Patients by age", "Tilt that gives the mean age (Newton's method)"
LEAST_VARIANCE = 1e-6


@dataclass(frozen=True)
class Patients:
    """What is known of the patients' ages and sex, in cells.

    Attributes
    ----------
    mean, spread, youngest : Formula
        Of age; with an SD of 0 all are of the mean age. [years]
    male : Formula
        [proportion]
    since_birthday : Formula
        Part of a year since the last birthday, not 0 only where all are of one age. [years]
    """

    mean: Formula
    spread: Formula
    youngest: Formula
    male: Formula
    since_birthday: Formula


def add_patients(sheet: Sheet, parameters: Parameters) -> Patients:
    """Place what is known of the patients on the first rows of a sheet."""
    facts = SheetTable(sheet, FACTS_ROW, 1)

    def place(header: str, content: Formula) -> Formula:
        return facts.add_each(header, [content], "number", "Patients at the start").cell(0)

    mean = place("Mean age", parameters["background.mean_age"])
    spread = place("SD of age", parameters["background.sd_age"])
    youngest = place("Youngest age", parameters["background.youngest_age"])
    male = place("Share male", parameters["background.share_male"])
    since = place("Years since a birthday", when(spread > 0.0, 0.0, mean - whole(mean)))
    return Patients(mean, spread, youngest, male, since)


def shares_by_age(ages: SheetTable, years: Array, patients: Patients) -> tuple[Formula, Formula]:
    """Return the share of each age, a range, and by how much their mean is off.

    Shares are proportional to exp(-(age - mean)^2 / (2 SD^2) + tilt x (age - mean)), of ages
    from the youngest to the last of the life table. The tilt gives them the mean age.

    Parameters
    ----------
    ages : SheetTable
        With a row for each age of the life table; columns are added.
    years : array (ages,)
        The ages.
    """
    age = ages.add("Age", years.tolist(), "count", AGES_GROUP)
    spread = patients.spread
    member = when(age >= rounded_up(patients.youngest), 1, 0)
    alike = when(age.equals(whole(patients.mean)), 1, 0)
    inside = ages.add("In the cohort", when(spread > 0.0, member, alike), "count", AGES_GROUP)
    away = ages.add("Years from the mean", age - patients.mean, "number", AGES_GROUP)
    width = when(spread > 0.0, spread, 1.0)
    bend = ages.add("(Years / SD)^2 / 2", 0.5 * (away / width) ** 2, "number", AGES_GROUP)
    tilt, weight, off = _tilt(ages.sheet, (inside.range, away.range, bend.range), spread)
    grown = inside * call("EXP", np.exp, tilt * away - bend) / weight
    shares = ages.add("Share", grown, "proportion", AGES_GROUP)
    return shares.range, when(spread > 0.0, off, 0.0)


def _tilt(sheet: Sheet, columns: tuple[Formula, Formula, Formula], spread: Formula) -> tuple[Formula, Formula, Formula]:
    """Return the tilt, the sum of weights and the mean distance from the mean age, after Newton's steps from 0."""
    headers = ("Tilt", "Sum of weights", "Mean distance", "Variance")
    tilt, row = as_formula(0.0), [as_formula(0.0)] * 4
    for i in range(NEWTON_STEPS):
        row = _newton_step(sheet, FACTS_ROW + i, tilt, columns)
        tilt = when(spread > 0.0, row[0] - row[2] / larger(row[3], LEAST_VARIANCE), 0.0)
    for j, header in enumerate(headers):
        sheet.write(FACTS_ROW - 2, TILT_COLUMN + j, TILT_GROUP, "group")
        sheet.write(FACTS_ROW - 1, TILT_COLUMN + j, header, "header")
    return row[0], row[1], row[2]


def _newton_step(sheet: Sheet, at: int, tilt: Formula, columns: tuple[Formula, Formula, Formula]) -> list[Formula]:
    """Place a tilt, and with it the sum of weights and the mean and variance of the distance from the mean age."""
    inside, away, bend = columns
    here = sheet.write(at, TILT_COLUMN, tilt, "number")
    grown = call("EXP", np.exp, here * away - bend)
    weights = sheet.write(at, TILT_COLUMN + 1, sum_of_products(inside, grown), "number")
    mean = sheet.write(at, TILT_COLUMN + 2, sum_of_products(inside, grown, away) / weights, "number")
    square = sum_of_products(inside, grown, away, away) / weights
    return [here, weights, mean, sheet.write(at, TILT_COLUMN + 3, square - mean * mean, "number")]


def hazards_by_cell(inputs: ModelInputs, table: LifeTable) -> tuple[list[Formula], list[Formula]]:
    """Return the yearly hazards of men and of women, one formula for each age of a life table.

    Parameters
    ----------
    inputs : ModelInputs
        Of a workbook that has, or will be written with, the sheet of the table.
    table : LifeTable
        As it was read.
    """
    sheet, header, rows = _carried(inputs, "background.life_table")
    names = PROBABILITIES if PROBABILITIES[0] in header else RATES
    places = rows[: table.ages.size]
    men, women = ([_hazard(sheet, i, header.index(name), name) for i in places] for name in names)
    return men, women


def norms_by_cell(inputs: ModelInputs, norms: Norms) -> tuple[list[Formula], list[Formula]]:
    """Return the norms of men and of women, the cell of each age, of a workbook that has or will have their sheet."""
    sheet, header, rows = _carried(inputs, NORMS)
    men, women = ([_cell(sheet, i, header.index(name)) for i in rows] for name in UTILITIES)
    return men[: norms.ages.size], women[: norms.ages.size]


def _carried(inputs: ModelInputs, id_: str) -> tuple[DataTable, list[str], list[int]]:
    """Return the sheet with the table that a row names, its header, and its rows that are not empty."""
    text, carried = inputs.rows[id_].text, tables_named(inputs)
    sheet = carried[text] if text in carried else carried[data_sheet(text)]
    filled = [(i, row) for i, row in enumerate(sheet.rows) if any(value is not None for value in row)]
    header = ["" if name is None else str(name).strip() for name in filled[0][1]]
    return sheet, header, [i for i, _ in filled[1:]]


def _hazard(sheet: DataTable, row: int, column: int, name: str) -> Formula:
    """Return a rate, or -ln(1 - q) of a probability."""
    cell = _cell(sheet, row, column)
    return -ln(1.0 - cell) if name in PROBABILITIES else cell


def _cell(sheet: DataTable, row: int, column: int) -> Formula:
    """Return a cell with a number; one that holds text is taken as it was read."""
    held = sheet.rows[row][column]
    value = float(held) if isinstance(held, (int, float, str)) else float("nan")
    cell = Formula(f"{quoted(sheet.sheet)}!${letter(column)}${row + 1}", value)
    return as_formula(value) if isinstance(held, str) else cell


_SUM_TOLERANCE = 1e-9
"""Of sums of hazards a year, or of utilities, as two programs add them up."""
SHEET = "Model background"
AGES_ROW = 26
LEAST_SURVIVAL = as_formula(1e-300)
SETTLED = 1e-9


@dataclass(frozen=True)
class BackgroundSheet:
    """The sheet of the population's mortality.

    Attributes
    ----------
    engine : Background
        What the engine uses; its values are those stored in cells.
    shares : Formula
        Share of each age at the start, a range.
    years : int
        Years that the table goes on beyond its last age: enough that everyone has its last
        hazard by then.
    hazards, sums : tuple of SheetColumn
        Of men and of women, by age: hazard a year, and its sum over the ages before.
    first_age : float
        The age of the first row.
    next : int
        The next column that is free.
    """

    sheet: Sheet
    engine: Background
    patients: Patients
    shares: Formula
    years: int
    hazards: tuple[SheetColumn, SheetColumn]
    sums: tuple[SheetColumn, SheetColumn]
    first_age: float
    next: int
    checks: tuple[LiveCheck, ...]

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

    def alive_after(self, years: str, sex: int, values: SheetColumn | None = None) -> str:
        """Return the text of the share alive of one sex: the sum of share x exp(-H) over ages at the start.

        Parameters
        ----------
        years : str
            Text of the years since the start.
        sex : int
            0: men, 1: women.
        values : SheetColumn or None
            A further factor, by the age reached.
        """
        elapsed = f"({years}+{self.patients.since_birthday.text})"
        full, ages = f"MIN(INT{elapsed},{self.years})", np.size(self.shares.value)

        def reached(column: SheetColumn) -> str:
            return f"INDEX({column.range.text},1+{full}):INDEX({column.range.text},{ages}+{full})"

        columns = (self.sums[sex], self.hazards[sex])
        first = [column.part(0, ages).text for column in columns]
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
    horizon = parameters["settings.time_horizon"]
    years = table.ages.size
    rows = SheetTable(sheet, AGES_ROW, table.ages.size + years)
    parameters.note("background.life_table", STRUCTURE)
    hazards, sums = _life_table(rows, table.ages[0], hazards_by_cell(model.inputs, table))
    ages = SheetTable(sheet, AGES_ROW, table.ages.size, rows.next)
    shares, off = shares_by_age(ages, table.ages, patients)
    beyond = patients.mean + horizon - (float(table.ages[-1]) + 1.0)
    checks = (
        at_most("Mean age of the patients, found less given", off, SETTLED, "No spread of ages has this mean age."),
        LiveCheck(
            "Years by which the model outlives the life table",
            beyond,
            beyond <= 0.0,
            "Give a life table to a higher age, and write the model anew.",
        ),
    )
    made = (sheet, engine, patients, shares, years, hazards, sums)
    return BackgroundSheet(*made, float(table.ages[0]), ages.next, checks)


def _life_table(
    rows: SheetTable, first_age: float, by_sex: tuple[list[Formula], list[Formula]]
) -> tuple[tuple[SheetColumn, SheetColumn], tuple[SheetColumn, SheetColumn]]:
    """Place hazards by age and their sums; beyond the table the last hazard is held."""
    rows.add("Age", (first_age + np.arange(rows.rows)).tolist(), "count")
    made = []
    for name, found in zip(("Men", "Women"), by_sex, strict=True):
        last = rows.sheet.reference(rows.first + len(found) - 1, rows.next, found[-1].value)
        hazard = rows.add_each("Hazard a year", [*found, *[last] * (rows.rows - len(found))], "factor", name)
        made.append((hazard, rows.running_sum("Sum before this age", 0.0, hazard.above(), "factor", name)))
    (men, sum_men), (women, sum_women) = made
    return (men, women), (sum_men, sum_women)


NORMS_ROW, NORMS_GROUP = 6, "Utility of the general population"


@dataclass(frozen=True)
class AgeingCells:
    """The norms in cells.

    Attributes
    ----------
    background : BackgroundSheet
        Whose columns follow the cohort.
    norms : Norms
        What the engine uses.
    columns : tuple of SheetColumn
        Norms of men and of women, in the rows of the life table.
    start : Formula
        Mean norm of the cohort at the start, a cell.
    cap : Formula or None
        What no utility may be above at the start; None: there is no cap.
    """

    background: BackgroundSheet
    norms: Norms
    columns: tuple[SheetColumn, SheetColumn]
    start: Formula
    cap: Formula | None
    check: LiveCheck

    def multiplier(self, years: Formula) -> Formula:
        """Return the norm some years after the start over that at the start; one value, or one a row."""
        return _norm(self.background, self.norms, self.columns, years) / self.start


def add_ageing(model: Model, parameters: Parameters, background: BackgroundSheet | None) -> AgeingCells | None:
    """Add the norms to the sheet of the population's mortality; None where utilities do not change with age."""
    if background is None or not is_age_adjusted(model.inputs):
        return None
    norms, sheet = norms_of(model.inputs), background.sheet
    parameters.note(NORMS, STRUCTURE)
    hazard = background.hazards[0]
    rows = SheetTable(sheet, hazard.first, hazard.rows, background.next)
    ages = background.first_age + np.arange(hazard.rows)
    places = np.clip(ages - norms.ages[0], 0, norms.ages.size - 1).astype(int)
    by_sex = norms_by_cell(model.inputs, norms)
    columns = [
        rows.add_each(name, [cells[place] for place in places], "factor", NORMS_GROUP)
        for name, cells in zip(("Men", "Women"), by_sex, strict=True)
    ]
    facts = SheetTable(sheet, NORMS_ROW, 1, background.next)
    at_start = _norm(background, norms, (columns[0], columns[1]), Formula("0", 0.0))
    start = facts.add_each("At the start", [at_start], "factor", "Norm")
    patients, first = background.patients, float(norms.ages[0])
    youngest = when(patients.spread > 0.0, patients.youngest, patients.mean)
    check = LiveCheck(
        "Years by which patients are younger than the norms",
        first - youngest,
        youngest >= first,
        "Give norms from a lower age, and write the model anew.",
    )
    cap = start.cell(0) if model.inputs.rows[OVER_TIME].text == CAPPED else None
    return AgeingCells(background, norms, (columns[0], columns[1]), start.cell(0), cap, check)


def _norm(
    background: BackgroundSheet, norms: Norms, columns: tuple[SheetColumn, SheetColumn], years: Formula
) -> Formula:
    """Return the mean norm of those alive: sum of share x alive x norm over sum of share x alive."""
    male = background.patients.male.text
    valued = [background.alive_after(years.text, sex, columns[sex]) for sex in (0, 1)]
    alive = [background.alive_after(years.text, sex) for sex in (0, 1)]
    above, below = (f"({male}*{men}+(1-{male})*{women})" for men, women in (valued, alive))
    engine, times = background.engine, MONTHS_PER_YEAR * np.asarray(years.value, dtype=float)
    value = engine.mean_of_those_alive(norms.of(engine, 0), times)
    return Formula(f"({above}/{below})", value if value.ndim else float(value))


def tables_edited(background: BackgroundSheet | None, ageing: AgeingCells | None) -> list[Formula]:
    """Return for each column of the life table and of the norms 1 where its cells have changed, else 0.

    A change of several cells that leaves the sum of the column as it was is not seen.
    """
    columns = [*(() if background is None else background.hazards), *(() if ageing is None else ageing.columns)]
    return [when(absolute(sum_of(each.range) - float(np.sum(each.value))) > _SUM_TOLERANCE, 1, 0) for each in columns]
