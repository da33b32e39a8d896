"""The patients' ages at the start of the model by formula."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.formula import (
    Formula,
    as_formula,
    call,
    larger,
    rounded_up,
    sum_of_products,
    when,
    whole,
)
from hemodel.live_model.sheet import Sheet, Table

if TYPE_CHECKING:
    from hemodel.live_model.parameters import Parameters
    from hemodel.survival.family import Array

FACTS_ROW, TILT_COLUMN, NEWTON_STEPS = 6, 6, 16
GROUP, TILT_GROUP = "Patients by age", "Tilt that gives the mean age (Newton's method)"
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
    facts = Table(sheet, FACTS_ROW, 1)

    def place(header: str, content: Formula) -> Formula:
        return facts.add_each(header, [content], "number", "Patients at the start").cell(0)

    mean = place("Mean age", parameters.number("background.mean_age"))
    spread = place("SD of age", parameters.number("background.sd_age"))
    youngest = place("Youngest age", parameters.number("background.youngest_age"))
    male = place("Share male", parameters.number("background.share_male"))
    since = place("Years since a birthday", when(spread > 0.0, 0.0, mean - whole(mean)))
    return Patients(mean, spread, youngest, male, since)


def shares_by_age(ages: Table, years: Array, patients: Patients) -> tuple[Formula, Formula]:
    """Return the share of each age, a range, and by how much their mean is off.

    Shares are proportional to exp(-(age - mean)^2 / (2 SD^2) + tilt x (age - mean)), of ages
    from the youngest to the last of the life table. The tilt gives them the mean age.

    Parameters
    ----------
    ages : Table
        With a row for each age of the life table; columns are added.
    years : array (ages,)
        The ages.
    patients : Patients
    """
    age = ages.add("Age", years.tolist(), "count", GROUP)
    spread = patients.spread
    member = when(age >= rounded_up(patients.youngest), 1, 0)
    alike = when(age.equals(whole(patients.mean)), 1, 0)
    inside = ages.add("In the cohort", when(spread > 0.0, member, alike), "count", GROUP)
    away = ages.add("Years from the mean", age - patients.mean, "number", GROUP)
    width = when(spread > 0.0, spread, 1.0)
    bend = ages.add("(Years / SD)^2 / 2", 0.5 * (away / width) ** 2, "number", GROUP)
    tilt, weight, off = _tilt(ages.sheet, (inside.range, away.range, bend.range), spread)
    grown = inside * call("EXP", np.exp, tilt * away - bend) / weight
    shares = ages.add("Share", grown, "proportion", GROUP)
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
