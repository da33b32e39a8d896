"""What the rows of a life table must be, and the hazards they stand for."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from hemodel.errors import InputError, Problem, raise_if_any
from hemodel.survival.tables import as_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hemodel.survival.family import Array
    from hemodel.survival.tables import Table

PROBABILITIES = ("qx_male", "qx_female")
RATES = ("mx_male", "mx_female")
LATEST_FIRST_AGE = 18.0


def hazards_by_age(table: Table) -> tuple[Array, Array, Array]:
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


def _measure(table: Table) -> tuple[str, ...]:
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
        listed = f"The columns are: {', '.join(table.columns)}"
        raise InputError((*no_age, Problem(table.whole, what, listed, todo)))
    return RATES if rates else PROBABILITIES


def not_numbers(
    table: Table, columns: Mapping[str, Sequence[object]], values: Mapping[str, Array]
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


def _begins_late(table: Table, first: float) -> Iterator[Problem]:
    if first > LATEST_FIRST_AGE:
        why = f"A life table begins at age {LATEST_FIRST_AGE:g} or before"
        yield Problem(table.where(0, "age"), f"the first age is {first:g}", why, "Add the younger ages.")


def age_problems(table: Table, ages: Array) -> Iterator[Problem]:
    """Return what keeps the column of ages from being consecutive whole years."""
    first = ages[0]
    if first < 0.0 or first % 1.0 > 0.0:
        why = "Ages are whole years, 0 or more"
        yield Problem(table.where(0, "age"), f"the first age is {first:g}", why, "Correct it.")
    for i, (before, age) in enumerate(pairwise(ages), start=1):
        if abs(age - before - 1.0) > 0.0:
            what, why = f"age {age:g} follows age {before:g}", "Ages go up by one year a row"
            yield Problem(table.where(i, "age"), what, why, "Add the missing ages, or sort the rows.")


def _probability_problems(table: Table, name: str, values: Array) -> Iterator[Problem]:
    last = max(values.size - 1, 1)
    for i, value in enumerate(values):
        if value < 0.0 or value > 1.0:
            what, why = f"the probability of dying is {value:g}", "It must be between 0 and 1"
            yield Problem(table.where(i, name), what, why, "Was it given as a percentage or per 1,000?")
        elif value == 1.0 and i < last:
            what = "the probability of dying is 1 before the last age"
            why = "Nobody would be left for the ages that follow"
            yield Problem(table.where(i, name), what, why, "Correct it, or end the table here.")


def _rate_problems(table: Table, name: str, values: Array) -> Iterator[Problem]:
    for i, value in enumerate(values):
        if value < 0.0:
            what, why = f"the death rate is {value:g}", "A rate cannot be negative"
            yield Problem(table.where(i, name), what, why, "Correct it.")
