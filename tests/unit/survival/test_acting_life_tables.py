"""Life tables and the mortality of a cohort of many ages and both sexes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hemodel.errors import InputError
from hemodel.survival.effects.life_tables import Background, Cohort, LifeTable, background, read_life_table
from hemodel.survival.errors import SurvivalError

if TYPE_CHECKING:
    from pathlib import Path

AGES = np.arange(0.0, 111.0)
# Gompertz mortality, about that of a rich country: 1% a year at 65 (men), 0.7% (women), doubling every 7 years.
TABLE = LifeTable("made.csv", AGES, 0.010 * 2 ** ((AGES - 65) / 7), 0.007 * 2 ** ((AGES - 65) / 7))


def write(path: Path, text: str) -> Path:
    file = path / "table.csv"
    file.write_text(text, encoding="utf-8")
    return file


def cohort(mean: float = 66.0, sd: float = 9.0, male: float = 0.6, youngest: float = 18.0) -> Cohort:
    return Cohort(mean_age=mean, sd_age=sd, share_male=male, youngest_age=youngest)


def by_hand(ages: list[float], weights: list[float], male: float, months: float) -> float:
    """Survival of a mixture, year by year of age, in plain loops."""
    alive = 0.0
    for age, weight in zip(ages, weights, strict=True):
        for hazards, share in ((TABLE.hazard_male, male), (TABLE.hazard_female, 1.0 - male)):
            total, at, end = 0.0, age, age + months / 12.0
            while at < end:
                up_to = min(end, math.floor(at) + 1.0)
                total += float(hazards[min(math.floor(at), 110)]) * (up_to - at)
                at = up_to
            alive += weight * share * math.exp(-total)
    return alive


def test_probabilities_become_hazards(tmp_path: Path) -> None:
    rows = "".join(f"{age},0.5,{0.25 if age < 20 else 0.75}\n" for age in range(18, 22))
    table = read_life_table(write(tmp_path, "age,qx_male,qx_female\n" + rows))

    np.testing.assert_array_equal(table.ages, [18, 19, 20, 21])
    np.testing.assert_allclose(table.hazard_male, np.log(2.0), rtol=1e-15)
    np.testing.assert_allclose(np.exp(-table.hazard_female), [0.75, 0.75, 0.25, 0.25], rtol=1e-15)


def test_rates_are_hazards(tmp_path: Path) -> None:
    table = read_life_table(write(tmp_path, "age,mx_female,mx_male\n0,0.1,0.2\n1,1.5,0\n"))

    assert table.hazard_female.tolist() == [0.1, 1.5]
    assert table.hazard_male.tolist() == [0.2, 0.0]


def test_a_closing_row_is_left_out(tmp_path: Path) -> None:
    table = read_life_table(write(tmp_path, "age,qx_male,qx_female\n0,0.1,0.1\n1,0.2,0.3\n2,1,1\n"))

    assert table.ages.tolist() == [0, 1]
    assert np.isfinite(table.hazard_male).all()


def test_all_problems_at_once(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "age,qx_male,qx_female\n20,0.1,0.1\n21,1,12\n23,-0.1,\n24,0.1,many\n25+,0.1,0.1\n",
    )
    with pytest.raises(InputError) as error:
        read_life_table(file)

    closed = "Nobody would be left for the ages that follow. Correct it, or end the table here."
    gap = "Ages go up by one year a row. Add the missing ages, or sort the rows."
    outside = "It must be between 0 and 1. Was it given as a percentage or per 1,000?"
    assert str(error.value).replace(str(file), "F").splitlines() == [
        "F, row 6, column age: '25+' is not a number. Give an open last age as its first year, for example 110.",
        "F, row 4, column qx_female: the cell is empty. Give a number.",
        "F, row 5, column qx_female: 'many' is not a number. Give a number.",
        "F, row 2, column age: the first age is 20. A life table begins at age 18 or before. Add the younger ages.",
        f"F, row 4, column age: age 23 follows age 21. {gap}",
        f"F, row 3, column qx_male: the probability of dying is 1 before the last age. {closed}",
        f"F, row 4, column qx_male: the probability of dying is -0.1. {outside}",
        f"F, row 3, column qx_female: the probability of dying is 12. {outside}",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("age,mx_male,mx_female\n0,0.1,-0.1\n", "row 2, column mx_female: the death rate is -0.1"),
        ("age,mx_male,mx_female\n0,0.1,inf\n", "row 2, column mx_female: 'inf' is not a number"),
        ("age,mx_male,mx_female\n0.5,0.1,0.1\n", "the first age is 0.5. Ages are whole years, 0 or more"),
        ("age,mx_male\n0,0.1\n", "there is no column 'mx_female'"),
        (
            "age,male,female\n0,0.1,0.1\n",
            "there are no columns of mortality by sex. The columns are: age, male, female",
        ),
        ("years,male\n0,0.1\n", "there is no column 'age'"),
        ("age,mx_male,qx_female\n0,0.1,0.1\n", "both probabilities (qx) and rates (mx)"),
        ("age,qx_male,qx_female\n0,1,1\n", "the probability of dying is 1 before the last age"),
    ],
)
def test_other_problems(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError) as error:
        read_life_table(write(tmp_path, text))

    assert words in str(error.value)


def test_cohort_problems_at_once() -> None:
    with pytest.raises(SurvivalError) as error:
        Cohort(mean_age=18.0, sd_age=-1.0, share_male=60.0, youngest_age=20.0)

    assert len(error.value.parts) == 3
    assert error.value.ids == ("background.sd_age", "background.share_male", "background.mean_age")
    assert "the share of men is 60. Give 0 to 1." in str(error.value)


def test_mean_age_at_the_youngest_needs_no_spread() -> None:
    assert cohort(mean=18.0, sd=0.0).mean_age == 18.0
    with pytest.raises(SurvivalError, match="Give a mean above the youngest age, or an SD of 0"):
        cohort(mean=18.0, sd=5.0)


@pytest.mark.parametrize("mean", [18.4, 30.0, 66.3, 100.0])
@pytest.mark.parametrize("sd", [0.001, 1.0, 9.0, 40.0])
def test_mean_age_is_kept_when_the_ages_are_cut_off(mean: float, sd: float) -> None:
    """All hazards 0 but for one age show who is of that age at the start."""
    shares = []
    for age in range(18, 111):
        here = np.where(age == AGES, 1.0, 0.0)
        only = LifeTable("made.csv", AGES, here, here)
        shares.append(12.0 * float(background(only, cohort(mean, sd), 1.0).hazard(np.zeros(1))[0]))

    assert sum(shares) == pytest.approx(1.0, abs=1e-12)
    assert float(np.arange(18, 111) @ np.array(shares)) == pytest.approx(mean, abs=1e-6)


def test_shares_are_normal_around_the_mean() -> None:
    """Far from the bounds the weights are those of the normal density: SD 5, ages 65 and 67."""
    some = background(TABLE, cohort(65.0, 5.0, 1.0), 10.0)
    largest, two_years_off = np.sort(some.shares)[[-1, -4]]

    assert largest == pytest.approx(1.0 / (5.0 * math.sqrt(2.0 * math.pi)), rel=1e-9)
    assert two_years_off / largest == pytest.approx(math.exp(-(2.0**2) / 50.0), rel=1e-9)


def test_one_age_and_sex_is_the_table() -> None:
    """From age 66.25: 9 months at the hazard of 66, 12 at that of 67, then 3 at that of 68."""
    some = background(TABLE, cohort(66.25, 0.0, 1.0), 20.0)
    h = TABLE.hazard_male

    assert float(some.cumulative_hazard(np.array([24.0]))[0]) == pytest.approx(
        0.75 * h[66] + h[67] + 0.25 * h[68], rel=1e-14
    )
    assert some.hazard(np.array([0.0, 8.9, 9.1, 21.1])) * 12.0 == pytest.approx(h[[66, 66, 67, 68]], rel=1e-14)
    assert some.kinks[:2] == (9.0, 21.0)


def test_two_sexes_in_closed_form() -> None:
    """Constant hazards a and b: S = (e^-at + e^-bt) / 2, hazard (a e^-at + b e^-bt) / (e^-at + e^-bt)."""
    a, b, t = 0.3, 0.05, np.array([0.0, 7.0, 60.0, 600.0])
    flat = LifeTable("made.csv", AGES, np.full(111, a), np.full(111, b))
    some = background(flat, cohort(50.0, 0.0, 0.5), 20.0)
    men, women = np.exp(-a * t / 12.0), np.exp(-b * t / 12.0)

    np.testing.assert_allclose(some.survival(t), (men + women) / 2.0, rtol=1e-13)
    np.testing.assert_allclose(some.hazard(t), (a * men + b * women) / (men + women) / 12.0, rtol=1e-13)
    assert some.cumulative_hazard(t)[0] == 0.0


@pytest.mark.parametrize("months", [0.5, 12.0, 100.3, 360.0, 700.0])
def test_a_mixture_is_the_sum_over_its_groups(months: float) -> None:
    """Against plain loops over ages and sexes; far out nearly all groups are beyond the table's last age."""
    some = background(TABLE, cohort(66.0, 9.0, 0.6), 20.0)
    ages = np.arange(18.0, 111.0)
    men = some.shares[: ages.size] / 0.6

    assert float(men @ ages) == pytest.approx(66.0, abs=1e-9)
    expected = by_hand(ages.tolist(), men.tolist(), 0.6, months)
    assert float(some.survival(np.array([months]))[0]) == pytest.approx(expected, rel=1e-12)


def test_hazard_is_the_slope_of_the_cumulative_hazard() -> None:
    """Five-point differences within years of age; their error is about 1e-9 of the hazard with steps of 0.5 months."""
    some = background(TABLE, cohort(), 20.0)
    t = 12.0 * np.arange(40.0) + 6.0
    step = 0.5
    at = [some.cumulative_hazard(t + k * step) for k in (-2, -1, 1, 2)]
    slope = (at[0] - 8.0 * at[1] + 8.0 * at[2] - at[3]) / (12.0 * step)

    np.testing.assert_allclose(some.hazard(t), slope, rtol=1e-8)


def test_survivors_have_a_lower_hazard_than_the_mean_age() -> None:
    """At the start older patients weigh more (hazards are convex in age); later the frail have died."""
    mixed, single = background(TABLE, cohort(), 20.0), background(TABLE, cohort(sd=0.0), 20.0)
    early, late = np.array([1.0]), np.array([350.0])

    assert mixed.hazard(early)[0] > 1.2 * single.hazard(early)[0]
    assert mixed.hazard(late)[0] < 0.8 * single.hazard(late)[0]


def test_against_simulated_lives() -> None:
    """200,000 lives of one year steps; survival at 5, 15 and 25 years within 4 standard errors."""
    some, rng, lives = background(TABLE, cohort(), 20.0), np.random.default_rng(20), 200_000
    ages = np.rint(66.0 + 9.0 * rng.standard_normal(lives)).clip(18, 110).astype(int)
    hazards = np.where((rng.random(lives) < 0.6)[:, None], TABLE.hazard_male, TABLE.hazard_female)
    alive, shares = np.ones(lives, dtype=bool), []
    for year in range(25):
        dying = 1.0 - np.exp(-hazards[np.arange(lives), np.minimum(ages + year, 110)])
        alive &= rng.random(lives) >= dying
        shares.append(alive.mean())

    for years in (5, 15, 25):
        p = float(some.survival(np.array([12.0 * years]))[0])
        assert shares[years - 1] == pytest.approx(p, abs=4.0 * math.sqrt(p * (1.0 - p) / lives))


def test_last_hazard_is_held() -> None:
    short = LifeTable("made.csv", AGES[:81], TABLE.hazard_male[:81], TABLE.hazard_female[:81])
    some = background(short, cohort(80.0, 0.0, 0.0), 1.0)

    assert some.kinks == ()
    np.testing.assert_allclose(
        some.cumulative_hazard(np.array([12.0, 1200.0])), TABLE.hazard_female[80] * np.array([1.0, 100.0]), rtol=1e-14
    )


def test_times_of_any_shape_and_size() -> None:
    some = background(TABLE, cohort(), 20.0)
    t = np.linspace(0.0, 400.0, 2500)

    whole = some.cumulative_hazard(t)
    np.testing.assert_allclose(some.cumulative_hazard(t.reshape(50, 50)), whole.reshape(50, 50), rtol=1e-14)
    np.testing.assert_allclose(some.cumulative_hazard(t[1:2]), whole[1:2], rtol=1e-13)
    assert some.hazard(np.empty(0)).shape == (0,)
    assert (np.diff(whole) > 0.0).all()
    far = some.cumulative_hazard(np.array([1e290]))
    assert np.isfinite(far).all()


def test_kinks_are_the_birthdays() -> None:
    some = background(TABLE, cohort(), 20.0)

    assert some.kinks == tuple(12.0 * year for year in range(1, 93))
    before, after = some.hazard(np.array([12.0 - 1e-9, 12.0]))
    assert after > 1.05 * before


def test_a_table_that_ends_too_early() -> None:
    short = LifeTable("uk.csv", AGES[:101], TABLE.hazard_male[:101], TABLE.hazard_female[:101])

    assert isinstance(background(short, cohort(66.0), 35.0), Background)
    with pytest.raises(InputError) as error:
        background(short, cohort(66.0), 35.5)
    assert str(error.value) == (
        "uk.csv: the life table ends with age 100 and the cohort reaches age 101.5. "
        "That is the mean age of 66 and the time horizon of 35.5 years. "
        "Give a table that goes to age 101 at least, or shorten the horizon."
    )


def test_a_mean_age_at_the_end_of_the_table() -> None:
    with pytest.raises(InputError, match="Give a table that goes to age 111 at least"):
        background(TABLE, cohort(110.5), 0.25)


def test_a_table_that_begins_too_late() -> None:
    adults = LifeTable("adults.csv", AGES[18:], TABLE.hazard_male[18:], TABLE.hazard_female[18:])

    assert background(adults, cohort(), 20.0).shares.size == 2 * 93
    with pytest.raises(InputError) as error:
        background(adults, cohort(youngest=12.0), 20.0)
    assert str(error.value) == (
        "adults.csv: the life table begins at age 18 and the youngest patients are 12. Give the table from age 12."
    )
