"""The population's mortality: life tables, and a cohort of many ages and both sexes that follows one.

A cohort is a mixture. Its hazard is that of those still alive, who become on average
younger and more often female than the cohort that started (Vaupel JW, Yashin AI,
The American Statistician 1985;39:176-185), so it is not the hazard at the mean age.

What the rows of a life table must be, and the hazards they stand for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import InputError, Location, Problem, raise_if_any
from hemodel.survival.errors import SurvivalError, raise_together
from hemodel.survival.tables import as_number, columns_listed, read_table
from hemodel.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from hemodel.survival.family import Array
    from hemodel.survival.tables import RawTable


PROBABILITIES = ("qx_male", "qx_female")
RATES = ("mx_male", "mx_female")
LATEST_FIRST_AGE = 18.0


def hazards_by_age(table: RawTable) -> tuple[Array, Array, Array]:
    """Return ages and the hazards of men and women per year, each (ages,).

    Raises
    ------
    InputError
        With every problem of the table.
    """
    names = _measure(table)
    columns = table.need(("age", *names), ())
    values = {name: finite([as_number(cell) for cell in columns[name]]) for name in columns}
    check = _probability_problems if names == PROBABILITIES else _rate_problems
    problems = [*not_numbers(table, columns, values), *_begins_late(table, values["age"][0])]
    problems += age_problems(table, values["age"])
    problems += [problem for name in names for problem in check(table, name, values[name])]
    raise_if_any(problems)
    ages, (male, female) = values["age"], (values[name] for name in names)
    if names == RATES:
        return ages, male, female
    kept = slice(-1) if max(male[-1], female[-1]) == 1.0 else slice(None)
    return ages[kept], -np.log1p(-male[kept]), -np.log1p(-female[kept])


def finite(numbers: Sequence[float]) -> Array:
    """Return numbers (n,), nan for what is not finite."""
    values = np.array(numbers, dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _measure(table: RawTable) -> tuple[str, ...]:
    """Return the names of the columns that hold mortality."""
    rates = any(name in table.columns for name in RATES)
    probabilities = any(name in table.columns for name in PROBABILITIES)
    if rates and probabilities:
        what, why = "the table has both probabilities (qx) and rates (mx)", "They give slightly different hazards"
        raise InputError((Problem(table.whole, what, why, "Keep one kind for both sexes."),))
    if not rates and not probabilities:
        what = "there are no columns of mortality by sex"
        todo = "Name them qx_male and qx_female (yearly probabilities) or mx_male and mx_female (yearly rates)."
        no_age = [] if "age" in table.columns else [Problem(table.whole, "there is no column 'age'")]
        listed = columns_listed(table.columns)
        raise InputError((*no_age, Problem(table.whole, what, listed, todo)))
    return RATES if rates else PROBABILITIES


MOST_AGES = 201


def not_numbers(
    table: RawTable, columns: Mapping[str, Sequence[object]], values: Mapping[str, Array]
) -> Iterator[Problem]:
    """Return the cells of a table by age that hold no number."""
    for name, numbers in values.items():
        for i, (cell, number) in enumerate(zip(columns[name], numbers, strict=True)):
            if np.isnan(number):
                text = "" if cell is None else str(cell).strip()
                what = f"{text!r} is not a number" if text else "the cell is empty"
                is_open = text.endswith("+")
                todo = "Give an open last age as its first year, for example 110." if is_open else "Give a number."
                yield Problem(table.where(i, name), what, todo=todo)


def _begins_late(table: RawTable, first: float) -> Iterator[Problem]:
    if first > LATEST_FIRST_AGE:
        why = f"A life table begins at age {LATEST_FIRST_AGE:g} or before"
        yield Problem(table.where(0, "age"), f"the first age is {first:g}", why, "Add the younger ages.")


def age_problems(table: RawTable, ages: Array) -> Iterator[Problem]:
    """Return what keeps the column of ages from being consecutive whole years."""
    first = ages[0]
    if first < 0.0 or first % 1.0 > 0.0:
        why = "Ages are whole years, 0 or more"
        yield Problem(table.where(0, "age"), f"the first age is {first:g}", why, "Correct it.")
    if len(ages) > MOST_AGES:
        what, why = f"the table has {len(ages):,} rows of ages", f"At most {MOST_AGES} are read, a year each"
        yield Problem(table.whole, what, why, "Give a row for each year of age.")
        return
    for i, (before, age) in enumerate(pairwise(ages), start=1):
        if abs(age - before - 1.0) > 0.0:
            what, why = f"age {age:g} follows age {before:g}", "Ages go up by one year a row"
            yield Problem(table.where(i, "age"), what, why, "Add the missing ages, or sort the rows.")


def _probability_problems(table: RawTable, name: str, values: Array) -> Iterator[Problem]:
    last = max(values.size - 1, 1)
    for i, value in enumerate(values):
        if value < 0.0 or value > 1.0:
            what, why = f"the probability of dying is {value:g}", "It must be between 0 and 1"
            yield Problem(table.where(i, name), what, why, "Was it given as a percentage or per 1,000?")
        elif value == 1.0 and i < last:
            what = "the probability of dying is 1 before the last age"
            why = "Nobody would be left for the ages that follow"
            yield Problem(table.where(i, name), what, why, "Correct it, or end the table here.")


def _rate_problems(table: RawTable, name: str, values: Array) -> Iterator[Problem]:
    for i, value in enumerate(values):
        if value < 0.0:
            what, why = f"the death rate is {value:g}", "A rate cannot be negative"
            yield Problem(table.where(i, name), what, why, "Correct it.")


CHUNK = 1024
HALVINGS = 54
"""Of an interval, to the last digit of a number."""


@dataclass(frozen=True, eq=False)
class LifeTable:
    """Hazards by single year of age, each constant from a birthday to the next.

    Attributes
    ----------
    file : str
        Where it was read from.
    sheet : str or None
        The sheet of the file, where it has sheets.
    ages : array (ages,)
        Consecutive whole ages. [years]
    hazard_male, hazard_female : array (ages,)
        [1/year]
    """

    file: str
    ages: Array
    hazard_male: Array
    hazard_female: Array
    sheet: str | None = None


@dataclass(frozen=True)
class Cohort:
    """Age and sex of the patients at the start of the model.

    Attributes
    ----------
    mean_age : float
        [years]
    sd_age : float
        Standard deviation of age; 0: all are of the mean age. [years]
    share_male : float
        [proportion]
    youngest_age : float
        Nobody is younger than this. [years]

    Raises
    ------
    SurvivalError
        Where these do not go together, all problems at once.
    """

    mean_age: float
    sd_age: float
    share_male: float
    youngest_age: float

    def __post_init__(self) -> None:
        """Check the values."""
        youngest = math.ceil(self.youngest_age)
        fits = self.mean_age > youngest if self.sd_age > 0.0 else self.mean_age >= self.youngest_age
        alike = ", or an SD of 0" if self.mean_age >= self.youngest_age else ""
        low_mean = f"the mean age is {self.mean_age:g} and the youngest patients are {self.youngest_age:g}."
        checks = (
            (self.sd_age >= 0.0, "sd_age", f"the SD of age is {self.sd_age:g}. Give 0 or more."),
            (0.0 <= self.share_male <= 1.0, "share_male", f"the share of men is {self.share_male:g}. Give 0 to 1."),
            (fits, "mean_age", f"{low_mean} Give a mean above the youngest age{alike}."),
        )
        raise_together(SurvivalError(f"cohort: {text}", [f"background.{name}"]) for ok, name, text in checks if not ok)


@dataclass(frozen=True, eq=False)
class Background:
    """The population's mortality for a cohort; make it with `background`.

    The groups are all ages at the start, of both sexes. Their hazards are constant in
    each year from one birthday to the next.

    Attributes
    ----------
    shares : array (groups,)
        Share of each group in the cohort at the start; they add up to 1.
    starts : array (years,)
        When each year begins, the first at 0. The last goes on for ever. [months]
    rates : array (years, groups)
        Hazard of each group in each year. [1/month]
    cumulative : array (years, groups)
        Cumulative hazard of each group at the beginning of each year.
    ages : array (groups,)
        Age of each group at the start. [years]
    male : array (groups,) of bool
        Whether each group is of men.
    """

    shares: Array
    starts: Array
    rates: Array
    cumulative: Array
    ages: Array
    male: NDArray[np.bool_]

    @property
    def kinks(self) -> tuple[float, ...]:
        """Months at which the hazard jumps: the birthdays up to the table's last age."""
        return tuple(self.starts[1:].tolist())

    def survival(self, t: Array) -> Array:
        """Compute the share of the cohort alive at times t in months, any shape."""
        return np.asarray(np.exp(-self.cumulative_hazard(t)))

    def cumulative_hazard(self, t: Array) -> Array:
        """Compute -ln of the sum of w_g exp(-H_g(t)) over the groups g, exactly.

        Parameters
        ----------
        t : array, any shape
            Times from the start of the model, 0 or more. [months]

        Returns
        -------
        array, the shape of t
        """

        def total(least: Array, alive: Array, _: Array) -> Array:
            return np.asarray(least - np.log(alive.sum(axis=1)))

        return np.where(np.asarray(t) > 0.0, self._in_chunks(total, self.rates, t), 0.0)

    def hazard(self, t: Array) -> Array:
        """Compute the mean hazard of those alive, sum of w_g S_g h_g over sum of w_g S_g, in the shape of t.

        At a birthday it is the hazard of the age that begins. [1/month]
        """
        return self.mean_of_those_alive(self.rates, t)

    def mean_of_those_alive(self, values: Array, t: Array) -> Array:
        """Compute sum of w_g S_g(t) v_g(t) over sum of w_g S_g(t), in the shape of t.

        Parameters
        ----------
        values : array (years, groups)
            v, constant in each year from one birthday to the next.
        t : array, any shape
            [months]
        """

        def mean(_: Array, alive: Array, now: Array) -> Array:
            return np.asarray((alive * now).sum(axis=1) / alive.sum(axis=1))

        return self._in_chunks(mean, values, t)

    def survival_by_group(self, t: Array) -> Array:
        """Compute the share of each group alive, (times, groups), at times (times,) in months."""
        year = np.searchsorted(self.starts, t, side="right") - 1
        return np.asarray(np.exp(-(self.cumulative[year] + self.rates[year] * (t - self.starts[year])[:, None])))

    def _in_chunks(self, function: Callable[[Array, Array, Array], Array], values: Array, t: Array) -> Array:
        """Apply a function of the groups to some times after the others, so that memory stays small.

        Its arguments are the least cumulative hazard of any group (times,), the share of
        each group alive in multiples of exp(-least) (times, groups), and the values of the
        year (times, groups).
        """
        times = np.asarray(t, dtype=np.float64).ravel()
        parts = [np.empty(0)]
        for some in np.split(times, range(CHUNK, times.size, CHUNK)):
            year = np.searchsorted(self.starts, some, side="right") - 1
            hazard = self.cumulative[year] + self.rates[year] * (some - self.starts[year])[:, None]
            least = hazard.min(axis=1)
            parts.append(function(least, np.exp(least[:, None] - hazard) * self.shares, values[year]))
        return np.concatenate(parts).reshape(np.shape(t))


def read_life_table(path: Path) -> LifeTable:
    """Read a life table from a CSV file; see `life_table`.

    Raises
    ------
    InputError
        With every problem of the file, by row (the header is row 1) and column.
    """
    return life_table(read_table(path))


def life_table(table: RawTable) -> LifeTable:
    """Return the life table that a file or sheet holds.

    The columns are ``age`` and either ``qx_male`` and ``qx_female``, the probability of
    dying within a year (hazard -ln(1 - q)), or ``mx_male`` and ``mx_female``, the central
    death rate per year (the hazard itself). A last row with q = 1 for a sex only closes
    the table: it has no finite hazard and is left out.

    Raises
    ------
    InputError
        With every problem of the table, by row and column.
    """
    ages, male, female = hazards_by_age(table)
    return LifeTable(table.whole.file, ages, male, female, table.whole.sheet)


def background(table: LifeTable, cohort: Cohort, horizon_years: float) -> Background:
    """Return the mortality that the population has at the ages and sexes of a cohort.

    Ages are whole years from the youngest to the table's last, with weights
    proportional to exp(-(age - m)^2 / (2 sd^2)). The centre m is the one for which the
    weighted mean is the cohort's mean age, so that cutting off the young and the very
    old does not move it. With an SD of 0 all are of the mean age, which need not be
    whole. Sex does not depend on age.

    Parameters
    ----------
    table : LifeTable
        Beyond its last age its last hazard is held.
    horizon_years : float
        Time horizon of the model. [years]

    Raises
    ------
    InputError
        Where the table ends before the mean age plus the horizon, or begins after the
        youngest age.
    """
    raise_if_any(_coverage_problems(table, cohort, horizon_years))
    ages, weights = age_distribution(cohort, table.ages[-1])
    sexes = [(table.hazard_male, cohort.share_male), (table.hazard_female, 1.0 - cohort.share_male)]
    shares = np.concatenate([share * weights for _, share in sexes])
    years = np.arange(table.ages[-1] - math.floor(ages[0]) + 1.0)
    row = np.add.outer(years, np.floor(ages) - table.ages[0]).astype(np.intp)
    row = np.minimum(row, table.ages.size - 1)
    rates = np.concatenate([hazards[row] for hazards, _ in sexes], axis=1) / MONTHS_PER_YEAR
    starts = np.maximum(years - ages[0] % 1.0, 0.0) * MONTHS_PER_YEAR
    passed = np.cumsum(rates[:-1] * np.diff(starts)[:, None], axis=0)
    cumulative = np.concatenate([np.zeros((1, shares.size)), passed])
    some = shares > 0.0
    male = np.repeat([True, False], ages.size)
    return Background(shares[some], starts, rates[:, some], cumulative[:, some], np.tile(ages, 2)[some], male[some])


def _coverage_problems(table: LifeTable, cohort: Cohort, horizon_years: float) -> list[Problem]:
    where, first, last = Location(table.file, table.sheet), table.ages[0], table.ages[-1]
    needed = cohort.mean_age + horizon_years
    problems = []
    youngest = cohort.youngest_age if cohort.sd_age > 0.0 else cohort.mean_age
    if youngest < first:
        what = f"the life table begins at age {first:g} and the youngest patients are {youngest:g}"
        problems.append(Problem(where, what, todo=f"Give the table from age {math.floor(youngest)}."))
    spread_beyond = cohort.sd_age > 0.0 and cohort.mean_age >= last
    if needed > last + 1.0 or spread_beyond:
        what = f"the life table ends with age {last:g} and the cohort reaches age {needed:g}"
        why = f"That is the mean age of {cohort.mean_age:g} and the time horizon of {horizon_years:g} years"
        age = max(math.ceil(needed) - 1, math.floor(cohort.mean_age) + 1)
        todo = f"Give a table that goes to age {age} at least, or shorten the horizon."
        problems.append(Problem(where, what, why, todo))
    return problems


def age_distribution(cohort: Cohort, oldest: float) -> tuple[Array, Array]:
    """Return ages (n,) and their weights (n,), which add up to 1 and have the cohort's mean."""
    if cohort.sd_age == 0.0:
        return np.array([cohort.mean_age]), np.ones(1)
    ages = np.arange(math.ceil(cohort.youngest_age), oldest + 1.0)
    away = ages - cohort.mean_age
    precision = cohort.sd_age**-2

    def weights(tilt: float) -> Array:
        exponent = tilt * away - 0.5 * precision * away**2
        weight = np.exp(exponent - exponent.max())
        return np.asarray(weight / weight.sum())

    def shift(tilt: float) -> float:
        return float(weights(tilt) @ away)

    reach = precision
    while shift(reach) < 0.0 or shift(-reach) > 0.0:
        reach *= 2.0
    low, high = -reach, reach
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if shift(middle) < 0.0 else (low, middle)
    return ages, weights(0.5 * (low + high))
