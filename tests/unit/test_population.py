"""Norms and what is read from a workbook; life expectancies themselves are in reference/test_qale.py."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import small_model

from hemodel.errors import InputError
from hemodel.model.population import (
    life_expectancy,
    norms,
    norms_of,
    qale_of,
    quality_adjusted_life_expectancy,
    read_norms,
)
from hemodel.survival.effects.life_tables import Cohort, LifeTable, life_table
from hemodel.survival.tables import RawTable, read_table

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

INPUTS = Path(__file__).parents[2] / "inputs"
LIFE_TABLE = str(INPUTS / "life_tables" / "england_2018_2020.csv")
NORMS = str(INPUTS / "utility_norms" / "england_hse2014.csv")
COHORT: dict[str, Scalar] = {
    "background.life_table": LIFE_TABLE,
    "background.mean_age": 66,
    "background.sd_age": 9,
    "background.youngest_age": 18,
    "background.share_male": 0.6,
}
DISCOUNT = [(0.0, 0.035)]


def made(folder: Path, text: str) -> RawTable:
    path = folder / "norms.csv"
    path.write_text(text)
    return read_table(path)


def constant(folder: Path, rate: float, last: int) -> LifeTable:
    """A life table with one death rate at all ages."""
    lines = [f"{age},{rate},{rate}" for age in range(last + 1)]
    path = folder / "lives.csv"
    path.write_text("age,mx_male,mx_female\n" + "\n".join(lines))
    return life_table(read_table(path))


def test_norms_are_read_by_age_and_sex() -> None:
    found = read_norms(Path(NORMS))

    assert found.ages[[0, -1]].tolist() == [0.0, 100.0]
    assert (found.male[66], found.female[66]) == (0.8313, 0.7996)  # evidence of the source, age 66


def test_every_problem_of_a_table_is_named_at_once(tmp_path: Path) -> None:
    table = made(tmp_path, "age,utility_male,utility_female\n18,93,0.9\n19,,0.9\n21,0.9,0\n22,0.9,x\n")

    with pytest.raises(InputError) as caught:
        norms(table)

    place = tmp_path / "norms.csv"
    assert str(caught.value).splitlines() == [
        f"{place}, row 3, column utility_male: the cell is empty. Give a number.",
        f"{place}, row 5, column utility_female: 'x' is not a number. Give a number.",
        (
            f"{place}, row 4, column age: age 21 follows age 19. Ages go up by one year a row."
            " Add the missing ages, or sort the rows."
        ),
        (
            f"{place}, row 2, column utility_male: the norm is 93."
            " The mean utility of a population is above 0 and at most 1. Was it given as a percentage?"
        ),
        (
            f"{place}, row 4, column utility_female: the norm is 0."
            " The mean utility of a population is above 0 and at most 1. Was it given as a percentage?"
        ),
    ]


def test_a_constant_hazard_has_a_closed_form(tmp_path: Path) -> None:
    """With q a year l(t) = (1 - q)^t, so that the sum over all years is u (1 - q/2) / (1 - (1 - q) v)."""
    norm = norms(made(tmp_path, "age,utility_male,utility_female\n40,0.8,0.8\n"))
    cohort = Cohort(mean_age=40.0, sd_age=0.0, share_male=0.3, youngest_age=18.0)
    table = constant(tmp_path, 0.5, 200)

    q, v = 0.3934693402873666, 1 / 1.035  # q = 1 - exp(-0.5)
    years = (1 - q / 2) / (1 - (1 - q) * v)
    assert life_expectancy(table, cohort, DISCOUNT) == pytest.approx(years, rel=1e-12)
    assert quality_adjusted_life_expectancy(table, norm, cohort, DISCOUNT) == pytest.approx(0.8 * years, rel=1e-12)


def test_an_age_between_birthdays_has_the_norms_of_both(tmp_path: Path) -> None:
    """At 40.25 three quarters of the first year are lived at 40 and a quarter at 41; nobody dies."""
    norm = norms(made(tmp_path, "age,utility_male,utility_female\n40,0.8,0.8\n41,0.4,0.4\n"))
    cohort = Cohort(mean_age=40.25, sd_age=0.0, share_male=0.5, youngest_age=18.0)

    found = quality_adjusted_life_expectancy(constant(tmp_path, 0.0, 99), norm, cohort, [(0.0, 0.0)])

    assert found == pytest.approx(0.75 * 0.8 + 0.25 * 0.4 + 59 * 0.4, rel=1e-12)


def test_a_mixed_cohort_is_the_mean_over_its_ages_and_not_its_mean_age() -> None:
    inputs = small_model(COHORT, {"utility.norms": {"value": NORMS}}).inputs
    at_mean_age = small_model({**COHORT, "background.sd_age": 0}, {"utility.norms": {"value": NORMS}}).inputs

    assert qale_of(inputs, DISCOUNT) != pytest.approx(qale_of(at_mean_age, DISCOUNT), abs=0.01)


def test_every_missing_row_is_named_at_once() -> None:
    inputs = small_model({"background.mean_age": 66}).inputs

    with pytest.raises(InputError) as caught:
        qale_of(inputs, DISCOUNT)

    whats = [problem.what for problem in caught.value.problems]
    assert whats == [
        f"the row {id_} is missing, and quality-adjusted life expectancy needs it"
        for id_ in (
            "utility.norms",
            "background.life_table",
            "background.sd_age",
            "background.youngest_age",
            "background.share_male",
        )
    ]
    assert str(caught.value).splitlines()[0].startswith("small.xlsx, Utilities: the row utility.norms is missing")
    assert str(caught.value).splitlines()[0].endswith("Add it to the sheet Utilities.")


def test_an_empty_row_is_as_good_as_none() -> None:
    inputs = small_model({**COHORT, "utility.norms": None}).inputs

    with pytest.raises(
        InputError, match=r"utility\.norms is empty, and the utility of the general population needs it"
    ):
        norms_of(inputs)


def test_problems_of_both_tables_come_together() -> None:
    changes = {**COHORT, "background.life_table": "lives.csv", "background.youngest_age": 70}
    inputs = small_model(changes, {"utility.norms": {"value": "health.csv"}}).inputs

    with pytest.raises(InputError) as caught:
        qale_of(inputs, DISCOUNT)

    assert [problem.what for problem in caught.value.problems] == [
        "there is no sheet and no file 'health.csv'",
        "there is no sheet and no file 'lives.csv'",
    ]


def test_a_cohort_that_cannot_be_is_refused_at_its_cell() -> None:
    inputs = small_model({**COHORT, "background.youngest_age": 70}, {"utility.norms": {"value": NORMS}}).inputs

    with pytest.raises(InputError, match=r"Background mortality!.*the mean age is 66 and the youngest patients are 70"):
        qale_of(inputs, DISCOUNT)


def test_tables_that_do_not_cover_the_cohort_are_refused(tmp_path: Path) -> None:
    norm = norms(made(tmp_path, "age,utility_male,utility_female\n50,0.8,0.8\n51,0.8,0.8\n"))
    cohort = Cohort(mean_age=66.5, sd_age=9.0, share_male=0.5, youngest_age=18.0)

    with pytest.raises(InputError) as caught:
        quality_adjusted_life_expectancy(constant(tmp_path, 0.1, 80), norm, cohort, DISCOUNT)

    assert str(caught.value).splitlines() == [
        (
            f"{tmp_path / 'norms.csv'}: the norms begin at age 50 and the youngest patients are 18."
            " Give the norms from age 18."
        ),
        (
            f"{tmp_path / 'norms.csv'}: the norms end with age 51 and the mean age of the patients is 66.5."
            " The last norm stands for everybody older. Give the norms to age 67 at least."
        ),
        (
            f"{tmp_path / 'lives.csv'}: the life table ends with age 80."
            " Life expectancy counts nobody beyond its last age. Give a table that goes to age 99 at least."
        ),
    ]
