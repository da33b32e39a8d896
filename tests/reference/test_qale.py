"""Quality-adjusted life expectancy as published for England, and against a calculation written out in the test.

The files england_2017_2019_life_table.csv, england_hse2017_2018_norms.csv and england_qale_published.csv in `data` are
from https://github.com/bitowaqr/shortfall (commits 06c377e and dd2c993), the material of McNamara S, Schneider PP,
Love-Koh J, Doran T, Gutacker N, Quality-Adjusted Life Expectancy Norms for the English Population, Value in Health
2023;26(2):163-169, doi:10.1016/j.jval.2022.07.005: the columns qx (ONS, England 2017-2019) and co (mean EQ-5D by band
of age, HSE 2017-2018, a value on every age of its band) of app/data/ref_df_appended.csv, and the results of
src manuscript/output/Qx_co_df.csv at discount rates of 0, 1.5% and 3.5%. Its QALE at birth, 68.24 and 68.21, are
the two of the abstract of the paper.
"""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from by_hand import qale

from hemodel.model.population import Norms, life_expectancy, quality_adjusted_life_expectancy, read_norms
from hemodel.survival.effects.life_tables import Cohort, LifeTable, read_life_table

DATA = Path(__file__).parent / "data"
INPUTS = Path(__file__).parents[2] / "inputs"


def rows(file: str) -> list[dict[str, float]]:
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        return [{name: float(cell) for name, cell in row.items()} for row in csv.DictReader(lines)]


@pytest.fixture(scope="module")
def table() -> LifeTable:
    return read_life_table(DATA / "england_2017_2019_life_table.csv")


@pytest.fixture(scope="module")
def norms() -> Norms:
    return read_norms(DATA / "england_hse2017_2018_norms.csv")


def of_one_sex(age: float, sex: str) -> Cohort:
    return Cohort(mean_age=age, sd_age=0.0, share_male=float(sex == "male"), youngest_age=0.0)


# Published to two decimals: 0.005, and 0.001 for the rounding of q to six decimals and of l to one in 100,000.
@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize(("rate", "column"), [(0.0, "0"), (0.015, "15"), (0.035, "35")])
def test_as_published(table: LifeTable, norms: Norms, sex: str, rate: float, column: str) -> None:
    published = rows("england_qale_published.csv")
    ages = [row["age"] for row in published]

    found = [quality_adjusted_life_expectancy(table, norms, of_one_sex(age, sex), [(0.0, rate)]) for age in ages]

    assert found == pytest.approx([row[f"{sex}_{column}"] for row in published], abs=0.006)


# ONS, National life tables, England 2017-2019, columns lx and ex, as in ref_df_appended.csv. ONS goes on beyond age
# 100, at which 2.8% of women and 1.2% of men are still alive and have 2.10 and 1.94 years before them. Here the last
# age, 100, is one year long. What is left out is l(100) / l(x) x (e(100) - 1 + q(100) / 2), less than 0.05 years.
@pytest.mark.parametrize(
    ("age", "sex", "published"),
    [(0, "female", 83.33), (0, "male", 79.67), (65, "female", 21.30), (65, "male", 18.91)],
)
def test_life_expectancy_as_published(table: LifeTable, age: int, sex: str, published: float) -> None:
    last = {
        "female": (0.02787, 2.10, 0.350306, {0: 1.0, 65: 0.916345}),
        "male": (0.011593, 1.94, 0.38807, {0: 1.0, 65: 0.872735}),
    }
    alive, after, q, before = last[sex]
    left_out = alive / before[age] * (after - 1.0 + q / 2.0)

    found = life_expectancy(table, of_one_sex(age, sex), [(0.0, 0.0)])

    assert left_out < 0.05
    assert found + left_out == pytest.approx(published, abs=0.01)


@pytest.mark.parametrize("sex", ["female", "male"])
def test_against_plain_sums(sex: str) -> None:
    table = read_life_table(INPUTS / "life_tables" / "england_2018_2020.csv")
    norms = read_norms(INPUTS / "utility_norms" / "england_hse2014.csv")

    found = quality_adjusted_life_expectancy(table, norms, of_one_sex(66, sex), [(0.0, 0.035)])

    assert found == pytest.approx(qale(66, sex, [0.035]), rel=1e-12)


def test_stepped_rates_and_a_mixed_cohort_are_sums_of_their_parts() -> None:
    table = read_life_table(INPUTS / "life_tables" / "england_2018_2020.csv")
    norms = read_norms(INPUTS / "utility_norms" / "england_hse2014.csv")
    mixed = Cohort(mean_age=66.0, sd_age=0.0, share_male=0.625, youngest_age=18.0)

    found = quality_adjusted_life_expectancy(table, norms, mixed, [(0.0, 0.04), (10.0, 0.02)])

    stepped = [0.04] * 10 + [0.02]
    expected = 0.625 * qale(66, "male", stepped) + 0.375 * qale(66, "female", stepped)
    assert found == pytest.approx(expected, rel=1e-12)
