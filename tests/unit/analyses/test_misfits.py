"""Values that do not go with other rows: each on a smallest case, beside a neighbour that is in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import FILE, small_rows, workbook

from hemodel.analyses.gates.misfits import misfits
from hemodel.inputs.model_inputs import check_rows, read_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.cells import Scalar

    Edits = Mapping[str, Mapping[str, Scalar]]

INPUTS = Path(__file__).parents[3] / "inputs"
PRICE, SIZE = "drug.newtinib.price_per_vial", "drug.newtinib.vial_size"
RATIO, MEDIAN, LATER = (f"survival.os.active.{name}" for name in ("hazard_ratio", "median", "survival_later"))
MONTH = 24
"""Of the landmark of the small model."""
FIT: dict[str, Scalar] = {"distribution": "fit", "use_in_fit": "yes"}


def found(edits: Edits) -> list[str]:
    """Return the warnings of this kind about the small model with other cells and rows."""
    own: dict[str, dict[str, Scalar]] = {
        row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows
    }
    for id_, cells in edits.items():
        own[id_] = {**own.get(id_, {}), **cells}
    reading = check_rows(Path(FILE), workbook(own))
    assert not [str(problem) for problem in reading.problems]
    return [str(each) for each in misfits(reading.rows)]


def ratio(value: float) -> Edits:
    return {RATIO: {"value": value, "low": 0.8 * value, "high": 1.25 * value, "versus": "standard", **FIT}}


def median(months: float) -> Edits:
    other: Edits = {LATER: {"value": 0.7 if months > MONTH else 0.3}}
    return {**ratio(0.75), MEDIAN: {"value": months, "low": 0.9 * months, "high": 1.1 * months}, **other}


def price(value: float) -> Edits:
    return {PRICE: {"value": value, "low": 0.8 * value, "high": 1.2 * value}}


def landmark(value: float) -> Edits:
    return {"survival.os.active.survival_36m": {"value": value, "n": 150, "time": 36, **FIT}}


def uses(value: float) -> Edits:
    other: Edits = {
        "resource.scan.unit_cost": {"value": 200},
        "resource.scan.progression_free": {"value": value},
        "resource.scan.progressed": {"value": 0},
    }
    return other


def bands(near: float, far: float) -> Edits:
    rows: dict[str, dict[str, Scalar]] = {"settings.utilities_by": {"value": "time_to_death"}}
    for name, value, days in (("far", far, None), ("near", near, 30)):
        rows[f"utility.time_to_death.{name}"] = {"value": value, "se": 0.02, "distribution": "beta"}
        rows[f"utility.time_to_death_within.{name}"] = {"value": days}
    return rows


def sources(year: int) -> Edits:
    ids = (PRICE, "drug.oldamab.price_per_vial", "end_of_life.cost")
    return {id_: {"source": f"Price list {year}"} for id_ in ids}


CASES: dict[str, tuple[Edits, str, Edits]] = {
    # Each has the edit, what is said of it, and its neighbour.
    # The longest median of OS is 16 months: 24 months are 1.5 of them, and 0.5^1.5 = 35%.
    "a short horizon": (
        {"settings.time_horizon": {"value": 2}},
        "About 35% of the patients are alive then",
        {"settings.time_horizon": {"value": 5}},
    ),
    "a landmark copied": (landmark(0.3), f"is 0.3 at month 36, as {LATER} is at month 24", landmark(0.2)),
    # 16 months are 69.6 weeks; 69.6 / 12 = 5.8, and 1 / 0.75 = 1.33. Ten years are less than 3 x 69.6 months.
    "a median in weeks": (
        {**median(69.6), "settings.time_horizon": {"value": 20}},
        "5.8 times survival.os.standard.median, 12; by",
        median(20),
    ),
    "n with a digit less": ({LATER: {"n": 15}}, "n is 15, and trial.patients.active 150", {LATER: {"n": 140}}),
    "n with a digit more": ({LATER: {"n": 1500}}, "n is 1500, and trial.patients.active 150", {LATER: {"n": 150}}),
    # 3 for each of 50 mg are 150; the other drug's vial costs 400, 133 times 3.
    "a price per mg": (price(3), "If it is one, enter 150.", price(5)),
    # 60 mg/m2 x 1.8 m2 = 108 mg are three vials of 50 mg: 3 x 20,000 is more than 50,000, 3 x 16,000 is not.
    "a price ten times": (price(20000), "a dose takes 3: more at one time than a QALY is worth, 50,000", price(16000)),
    "a cost above all": (
        {"end_of_life.cost": {"value": 60000, "low": 50000, "high": 70000}},
        "end_of_life.cost is 60,000: more at one time",
        {"end_of_life.cost": {"value": 40000, "low": 30000, "high": 50000}},
    ),
    # 30.4375 / 7 = 4.348 weeks a month; a visit is 1 a month.
    "per week": (uses(0.23), "If 0.23 per week is meant, enter 1.", uses(0.25)),
    # 1 / 30.4375 = 0.03285.
    "per day": (uses(0.03285), "If 0.03285 per day is meant, enter 0.9999.", uses(0.04)),
    "bands exchanged": (bands(0.6, 0.4), "near is 0.6, above utility.time_to_death.far, 0.4", bands(0.4, 0.6)),
    # The price year is 2025.
    "an old price year": (sources(2035), "name years about 2035", sources(2029)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_misfit_is_asked_about_and_its_neighbour_is_not(case: str) -> None:
    edit, words, neighbour = CASES[case]
    (warning,) = found(edit)
    assert words in warning
    assert found(neighbour) == []


def test_what_is_given_once_may_cost_more_than_a_qaly_is_worth() -> None:
    once: Edits = {"regimen.active.newtinib.max_administrations": {"value": 1, "source": "label"}}
    assert found({**price(20000), **once}) == []


@pytest.mark.parametrize("path", sorted(INPUTS.glob("*.xlsx")), ids=lambda path: path.stem)
def test_nothing_of_the_kind_is_asked_about_the_shipped_workbooks(path: Path) -> None:
    assert [str(each) for each in misfits(read_workbook(path).rows)] == []
