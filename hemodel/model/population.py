"""The health of the general population: utility norms, and quality-adjusted life expectancy.

A norm is the mean utility of the population at an age, by sex. With a life table it gives
the quality-adjusted life expectancy (QALE) of people of the age and sex of a cohort
(Sullivan DF, HSMHA Health Reports 1971;86:347-354), from which the shortfall of patients
is counted, and how the utility of the population changes as a cohort grows older.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.inputs.checks import needed_problems
from hemodel.model.timeline import discount_factors
from hemodel.survival.effects.life_tables import age_problems, background, finite, not_numbers
from hemodel.survival.tables import as_number, read_table
from hemodel.survival.workbook.background import NEEDED, life_table_and_cohort, people
from hemodel.survival.workbook.tables import table_of
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from hemodel.parameters import FloatArray
    from hemodel.survival.effects.life_tables import Background, Cohort, LifeTable
    from hemodel.survival.tables import RawTable
    from hemodel.survival.workbook.tables import Inputs


NORMS, OVER_TIME = "utility.norms", "utility.over_time"
CONSTANT, CAPPED = "constant", "age_adjusted_capped"
UTILITIES = ("utility_male", "utility_female")
"""Columns of a table of norms."""
AGE_REACHED = 100.0
"""A life table that ends before this age leaves out too many of the old for a life expectancy."""


@dataclass(frozen=True, eq=False)
class Norms:
    """Mean utility of the general population by single year of age.

    Attributes
    ----------
    file : str
        Where it was read from.
    sheet : str or None
        The sheet of the file, where it has sheets.
    ages : array (ages,)
        Consecutive whole ages; the last is open and stands for all older ages. [years]
    male, female : array (ages,)
        [utility]
    """

    file: str
    sheet: str | None
    ages: FloatArray
    male: FloatArray
    female: FloatArray

    def of(self, people: Background, later: int) -> FloatArray:
        """Return the norm of each group of a cohort in each year from one birthday to the next.

        Parameters
        ----------
        later : int
            Begin with the age so many years above that at the start.

        Returns
        -------
        array (years, groups)
        """
        ages = np.add.outer(np.arange(people.starts.size) + later, np.floor(people.ages))
        row = np.minimum(ages - self.ages[0], self.ages.size - 1.0).astype(np.intp)
        return np.asarray(np.where(people.male, self.male[row], self.female[row]))


def read_norms(path: Path) -> Norms:
    """Read norms from a CSV file; see `norms`.

    Raises
    ------
    InputError
        With every problem of the file, by row (the header is row 1) and column.
    """
    return norms(read_table(path))


def norms(table: RawTable) -> Norms:
    """Return the norms that a file or sheet holds.

    The columns are ``age``, ``utility_male`` and ``utility_female``, a row a year of age.
    The last row is an open age: it stands for everybody older, too.

    Raises
    ------
    InputError
        With every problem of the table, by row and column.
    """
    columns = table.need(("age", *UTILITIES), ())
    values = {name: finite([as_number(cell) for cell in columns[name]]) for name in columns}
    problems = [*not_numbers(table, columns, values), *age_problems(table, values["age"])]
    problems += [problem for name in UTILITIES for problem in _utility_problems(table, name, values[name])]
    raise_if_any(problems)
    return Norms(table.whole.file, table.whole.sheet, values["age"], *(values[name] for name in UTILITIES))


def _utility_problems(table: RawTable, name: str, values: FloatArray) -> Iterator[Problem]:
    for i, value in enumerate(values):
        if value <= 0.0 or value > 1.0:
            why = "The mean utility of a population is above 0 and at most 1"
            yield Problem(table.where(i, name), f"the norm is {value:g}", why, "Was it given as a percentage?")


def norms_of(inputs: Inputs) -> Norms:
    """Return the norms that the row ``utility.norms`` of a workbook names.

    Raises
    ------
    InputError
        Where the row or the table is missing, or with every problem of the table.
    """
    raise_if_any(needed_problems(inputs.raw.file, inputs.rows, (NORMS,), "the utility of the general population"))
    return _norms(table_of(inputs.rows[NORMS], inputs))


@lru_cache(maxsize=16)
def _norms(table: RawTable) -> Norms:
    return norms(table)


def quality_adjusted_life_expectancy(
    table: LifeTable, norms: Norms, cohort: Cohort, rates: Sequence[tuple[float, float]]
) -> float:
    """Return the QALYs that the general population of the cohort's ages and sexes has before it.

    Sum over the ages and sexes g of the cohort of w_g sum over t = 0, 1, ... of
    (1 + r)^-t L_g(t) u_g(t), where L = (l(t) + l(t + 1)) / 2 are the person-years of year t
    for one person at the start (l(0) = 1) and u is the norm at the age reached. A year is
    discounted from its beginning. Years go up to the last age of the life table, which is
    closed as any other: nothing is counted after it. This is the method of the published
    norms for England (McNamara S et al., Value Health 2023;26:163-169) and of the
    calculator that goes with them. At an age between two birthdays the norm of a year is
    that of both ages reached in it, each with its share of the year.

    Parameters
    ----------
    table : LifeTable
        Up to age 99 at least.
    rates : sequence of (from year, rate)
        Effective annual discount rates of health effects, the first from year 0. [1/year]

    Returns
    -------
    float
        [QALY]

    Raises
    ------
    InputError
        Where table or norms do not cover the ages of the cohort.
    """
    people = _lifelong(table, cohort, [*_norm_problems(norms, cohort)])
    within = people.ages % 1.0
    values = (1.0 - within) * norms.of(people, 0) + within * norms.of(people, 1)
    return _expectancy(table, people, values, rates)


def life_expectancy(table: LifeTable, cohort: Cohort, rates: Sequence[tuple[float, float]]) -> float:
    """Return the years that the general population of the cohort's ages and sexes has before it.

    As `quality_adjusted_life_expectancy` with a utility of 1 at every age. [years]

    Raises
    ------
    InputError
        Where the table does not cover the ages of the cohort.
    """
    people = _lifelong(table, cohort, [])
    return _expectancy(table, people, np.ones_like(people.rates), rates)


def qale_of(inputs: Inputs, rates: Sequence[tuple[float, float]]) -> float:
    """Return the QALE of the general population of the cohort that a workbook describes.

    Raises
    ------
    InputError
        With every row that is missing, and with every problem of the tables.
    """
    needed = (NORMS, *NEEDED)
    raise_if_any(needed_problems(inputs.raw.file, inputs.rows, needed, "quality-adjusted life expectancy"))
    table, cohort, norms = _tables_and_cohort(inputs)
    return quality_adjusted_life_expectancy(table, norms, cohort, rates)


def _tables_and_cohort(inputs: Inputs) -> tuple[LifeTable, Cohort, Norms]:
    """Return life table, cohort and norms, or raise the problems of all of them together."""
    problems: list[Problem] = []
    try:
        found = norms_of(inputs)
    except InputError as error:
        problems += error.problems
    try:
        table, cohort = life_table_and_cohort(inputs)
    except InputError as error:
        problems += error.problems
    raise_if_any(problems)
    return table, cohort, found


def _expectancy(
    table: LifeTable, people: Background, values: FloatArray, rates: Sequence[tuple[float, float]]
) -> float:
    """Return the discounted person-years of a cohort, each times the value (years, groups) of its year."""
    years = np.arange(people.starts.size + 1.0)
    alive = people.survival_by_group(MONTHS_PER_YEAR * years)
    lived = (alive[:-1] + alive[1:]) / 2.0
    counted = np.add.outer(years[:-1], np.floor(people.ages)) <= table.ages[-1]
    return float(discount_factors(years[:-1], rates, "per_cycle") @ (lived * counted * values) @ people.shares)


def _lifelong(table: LifeTable, cohort: Cohort, problems: list[Problem]) -> Background:
    """Return the mortality of the population at the ages of a cohort, after a check that the table is complete."""
    if table.ages[-1] + 1.0 < AGE_REACHED:
        what = f"the life table ends with age {table.ages[-1]:g}"
        why = "Life expectancy counts nobody beyond its last age"
        todo = f"Give a table that goes to age {AGE_REACHED - 1.0:g} at least."
        problems.append(Problem(Location(table.file, table.sheet), what, why, todo))
    raise_if_any(problems)
    return background(table, cohort, 0.0)


def _norm_problems(norms: Norms, cohort: Cohort) -> Iterator[Problem]:
    """Return which ages of a cohort the norms do not cover."""
    where, first, last = Location(norms.file, norms.sheet), norms.ages[0], norms.ages[-1]
    youngest = cohort.youngest_age if cohort.sd_age > 0.0 else cohort.mean_age
    if youngest < first:
        what = f"the norms begin at age {first:g} and the youngest patients are {youngest:g}"
        yield Problem(where, what, todo=f"Give the norms from age {math.floor(youngest)}.")
    if cohort.mean_age > last:
        what = f"the norms end with age {last:g} and the mean age of the patients is {cohort.mean_age:g}"
        why = "The last norm stands for everybody older"
        yield Problem(where, what, why, f"Give the norms to age {math.ceil(cohort.mean_age)} at least.")


@dataclass(frozen=True)
class Ageing:
    """How the utility of a cohort changes as it grows older.

    Attributes
    ----------
    multipliers : array (times,)
        Norm of those of the cohort whom the population's mortality leaves alive, over that at the start.
    norm : float
        Mean norm of the cohort at the start. [utility]
    capped : bool
        Whether no utility may be above the norm: at the start, and so at any time.
    """

    multipliers: FloatArray
    norm: float
    capped: bool


def is_age_adjusted(inputs: Inputs) -> bool:
    """Return whether the utilities of a workbook change with age."""
    row = inputs.rows.get(OVER_TIME)
    return row is not None and row.text not in {"", CONSTANT}


def ageing(inputs: Inputs, years: FloatArray) -> Ageing | None:
    """Return the age adjustment that a workbook asks for, or None for utilities that are constant.

    multiplier(t) = n(t) / n(0) with n(t) = sum of w_g S_g(t) u_g(t) / sum of w_g S_g(t) over
    ages and sexes g: w the share at the start, S survival and u the norm at the age reached,
    constant from one birthday to the next.

    Parameters
    ----------
    years : array (times,)
        t. [years]

    Raises
    ------
    InputError
        With every row that is missing, and with every problem of the tables.
    """
    if not is_age_adjusted(inputs):
        return None
    raise_if_any(needed_problems(inputs.raw.file, inputs.rows, (NORMS, *NEEDED), OVER_TIME))
    _, cohort, found = _tables_and_cohort(inputs)
    raise_if_any(_norm_problems(found, cohort))
    cohort_alive = people(inputs)
    times = MONTHS_PER_YEAR * np.concatenate([[0.0], years])
    norm, *later = cohort_alive.mean_of_those_alive(found.of(cohort_alive, 0), times)
    return Ageing(np.array(later) / norm, float(norm), inputs.rows[OVER_TIME].text == CAPPED)


def ageing_problems(reading: Inputs) -> list[Problem]:
    """Return what keeps the utilities of a workbook from being adjusted for age, beyond the problems of single rows."""
    needed = (OVER_TIME, NORMS, *NEEDED, "settings.time_horizon")
    written = {row.id for row in reading.raw.rows}
    if any(id_ in written and id_ not in reading.rows for id_ in needed) or needed[-1] not in reading.rows:
        return []
    try:
        ageing(reading, np.empty(0))
    except InputError as error:
        return list(error.problems)
    return []
