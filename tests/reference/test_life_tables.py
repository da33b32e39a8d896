"""The shipped life tables give the life expectancies that their statistical offices published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hemodel.survival.effects.life_tables import LifeTable, read_life_table

FOLDER = Path(__file__).parents[2] / "inputs" / "life_tables"


def life_expectancy(hazards: np.ndarray) -> float:
    """Area under exp(-cumulative hazard) for hazards constant within a year, the last for ever."""
    alive = np.exp(-np.concatenate([[0.0], np.cumsum(hazards)]))
    return float((-np.diff(alive) / hazards).sum() + alive[-1] / hazards[-1])


def expectancies(table: LifeTable, age: int) -> tuple[float, float]:
    return life_expectancy(table.hazard_male[age:]), life_expectancy(table.hazard_female[age:])


# ONS, "National life tables - life expectancy in the UK: 2018 to 2020", main points, released 23 September 2021: at
# birth England 79.3 and 83.1, UK 79.0 and 82.9; at age 65 UK 18.5 and 21.0. Published to one decimal, hence 0.05.
@pytest.mark.parametrize(
    ("file", "age", "men", "women"),
    [
        ("england_2018_2020.csv", 0, 79.3, 83.1),
        ("uk_2018_2020.csv", 0, 79.0, 82.9),
        ("uk_2018_2020.csv", 65, 18.5, 21.0),
    ],
)
def test_as_published_by_ons(file: str, age: int, men: float, women: float) -> None:
    assert expectancies(read_life_table(FOLDER / file), age) == pytest.approx((men, women), abs=0.05)


# NCHS: National Vital Statistics Reports 70(19), abstract (2019); Data Brief 456 (2020 and 2021). NCHS builds its old
# ages from Medicare data and HMD by another method, on other population counts: the two differ by up to 0.15 years.
@pytest.mark.parametrize(
    ("year", "men", "women"),
    [(2019, 76.3, 81.4), (2020, 74.2, 79.9), (2021, 73.5, 79.3)],
)
def test_near_those_of_nchs(year: int, men: float, women: float) -> None:
    table = read_life_table(FOLDER / f"united_states_{year}.csv")

    assert expectancies(table, 0) == pytest.approx((men, women), abs=0.16)


# Single values as they stand in the sources named in inputs/life_tables/README.md.
@pytest.mark.parametrize(
    ("file", "age", "q_male", "q_female"),
    [
        ("england_2018_2020.csv", 65, 0.012212, 0.007802),
        ("england_2018_2020.csv", 70, 0.018771, 0.012445),
        ("uk_2018_2020.csv", 65, 0.01246, 0.008113),
        ("uk_2018_2020.csv", 80, 0.056143, 0.039611),
    ],
)
def test_probabilities(file: str, age: int, q_male: float, q_female: float) -> None:
    table = read_life_table(FOLDER / file)

    dying = -np.expm1(-np.array([table.hazard_male[age], table.hazard_female[age]]))
    np.testing.assert_allclose(dying, [q_male, q_female], rtol=1e-13)


@pytest.mark.parametrize(
    ("year", "age", "m_male", "m_female"),
    [(2019, 65, 0.016263, 0.009594), (2019, 80, 0.055382, 0.040111), (2021, 66, 0.021102, 0.01303)],
)
def test_rates(year: int, age: int, m_male: float, m_female: float) -> None:
    table = read_life_table(FOLDER / f"united_states_{year}.csv")

    assert (table.hazard_male[age], table.hazard_female[age]) == (m_male, m_female)


def test_every_file_is_listed_with_its_source() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")

    files = sorted(FOLDER.glob("*.csv"))
    assert len(files) == 5
    for file in files:
        table = read_life_table(file)
        assert f"`{file.name}`" in readme
        assert table.ages[0] == 0
        assert table.ages[-1] == (110 if file.name.startswith("united_states") else 100)
