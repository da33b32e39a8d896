"""Slips of the pen that are allowed values: each on a smallest case, beside a neighbour that is in order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import FILE, small_rows, workbook

from hemodel.inputs.model_inputs import check_rows, read_workbook
from hemodel.inputs.warnings import warnings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.errors import Problem
    from hemodel.inputs.cells import Scalar

    Edits = Mapping[str, Mapping[str, Scalar]]

INPUTS = Path(__file__).parents[3] / "inputs"
NAMES = {
    *("standard_deviation", "duration", "treatment_time", "cycle", "exchanged_arms", "dose", "vials", "event_cost"),
    *("end_of_life", "reported"),
}
GAMMA: dict[str, Scalar] = {"low": None, "high": None, "distribution": "gamma", "range_basis": "of the source"}


def found(edits: Edits) -> list[Problem]:
    """Return the warnings of this kind about the small model with other cells and rows."""
    own: dict[str, dict[str, Scalar]] = {
        row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows
    }
    for id_, cells in edits.items():
        own[id_] = {**own.get(id_, {}), **cells}
    reading = check_rows(Path(FILE), workbook(own))
    assert not [str(problem) for problem in reading.problems]
    return [each for each in warnings(reading, {}) if each.name in NAMES]


def events(*incidences: tuple[float, float]) -> dict[str, dict[str, Scalar]]:
    """Return events with incidences in the standard and the active arm, beside that of rash."""
    rows: dict[str, dict[str, Scalar]] = {}
    for number, (standard, active) in enumerate(incidences):
        name = f"adverse_event.e{number}"
        rows[f"{name}.incidence.standard"], rows[f"{name}.incidence.active"] = {"value": standard}, {"value": active}
        rows |= {f"{name}.unit_cost": {"value": 900}, f"{name}.disutility": {"value": 0.1}}
        rows[f"{name}.duration"] = {"value": 14}
    return rows


def priced(cost: float) -> Edits:
    rows = events((0.1, 0.1), (0.1, 0.1))
    return rows | {"adverse_event.e0.unit_cost": {"value": cost}}


def tot(median: float) -> Edits:
    """Time on newtinib by a curve of its own; the median of PFS in that arm is 6 months."""
    row: dict[str, Scalar] = {"value": median, "low": 0.9 * median, "high": 1.1 * median, "distribution": "fit"}
    return {"survival.tot_newtinib.active.median": {**row, "use_in_fit": "yes"}}


def item(value: float, unit: str) -> Edits:
    return {"trial.reported.item": {"value": value, "unit": unit}}


def utility(se: float) -> Edits:
    return {"utility.progression_free": {**GAMMA, "value": 0.7, "se": se, "distribution": "beta", "n": 400}}


COST, DURATION, DOSE = "end_of_life.cost", "adverse_event.rash.duration", "regimen.active.newtinib.dose"
NOTHING: dict[str, Scalar] = {"value": 0, "low": None, "high": None, "distribution": "fixed"}
CASES: dict[str, tuple[Edits, str, Edits]] = {
    # Each has the edit, what is said of it, and its neighbour.
    "SD of a cost": ({COST: {**GAMMA, "se": 6000}}, "is 10000 with an SE of 6000", {COST: {**GAMMA, "se": 4000}}),
    "an SE said to be one": (
        {COST: {**GAMMA, "se": 6000}},
        "square root of the number of patients.",
        {COST: {**GAMMA, "se": 6000, "range_basis": "95% interval of the source"}},
    ),
    # 0.15 / sqrt(400) = 0.0075.
    "SD of a utility": (utility(0.15), "the number of patients: 0.0075.", utility(0.02)),
    # 0.5 x 30.4375 = 15.2 days.
    "duration in months": (
        {DURATION: {"value": 0.5, "low": 0.4, "high": 0.6}},
        "If 0.5 months is meant, enter 15.2.",
        {DURATION: {"value": 2, "low": 1.6, "high": 2.4}},
    ),
    "treatment ten times PFS": (tot(60), "10 times survival.pfs.active.median, 6", tot(12)),
    "90-day cycle": (
        {"settings.cycle_length": {"value": 90}},
        "given less often than every 21",
        {"settings.cycle_length": {"value": 30.4375}},
    ),
    "arms exchanged": (
        events((0.02, 0.08), (0.03, 0.12), (0.01, 0.05), (0.2, 0.04)),
        "4 other events are more frequent with active",
        events((0.02, 0.08), (0.03, 0.12), (0.01, 0.05), (0.04, 0.2)),
    ),
    # 60 mg/m2 x 1.8 m2 = 108 mg, about two vials of 50 mg; 1000 mg/m2 are 1800 mg, 36 vials.
    "many vials": (
        {DOSE: {"value": 1000}},
        "a patient of mean size, 36 of its vials",
        {DOSE: {"value": 300}},
    ),
    # 108 mg are two vials of 50 mg and a tenth of a vial of 1080 mg.
    "little of a vial": (
        {"drug.newtinib.vial_size": {"value": 1080}},
        "0.1 of its vials. Most of each vial is thrown away",
        {"drug.newtinib.vial_size": {"value": 500}},
    ),
    "cost of an event": (priced(9000), "no other event costs more than 900", priced(4000)),
    "death without a cost": (
        {COST: {**NOTHING, "source": "Smith 2020"}},
        "end_of_life.cost is 0",
        {
            COST: {
                "value": 0,
                "low": None,
                "high": None,
                "distribution": "fixed",
                "source": "assumption: the same in all arms",
            }
        },
    ),
    "a share above 1": (item(44, "proportion"), "In that unit it must lie between 0 and 1", item(0.44, "proportion")),
    "an age above 120": (item(650, "years"), "must lie between 0 and 120", item(65, "years")),
    "part of a patient": (
        item(24.2, "patients"),
        "it must be a whole number, 0 or more",
        item(242, "patients"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_slip_is_asked_about_and_its_neighbour_is_not(case: str) -> None:
    edit, words, neighbour = CASES[case]
    (warning,) = found(edit)
    assert words in str(warning)
    assert found(neighbour) == []


def test_doses_of_one_drug_in_two_strategies() -> None:
    """600 beside 60 mg/m2 is ten times; the standard arm gets the drug of the active arm here."""
    own = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    other = {
        id_.replace(".active.", ".standard."): {name: v for name, v in cells.items() if name not in {"id", "label"}}
        for id_, cells in own.items()
        if id_.startswith("regimen.active.newtinib.")
    }
    dose = "regimen.standard.newtinib.dose"
    assert found(other) == []
    (warning,) = (w for w in found({**other, dose: {**other[dose], "value": 600}}) if w.name == "dose")
    assert f"{dose} is 600, 10 times {DOSE}, 60" in str(warning)


def test_little_of_a_vial_that_is_shared() -> None:
    large: Edits = {"drug.newtinib.vial_size": {"value": 1080}}
    assert found({**large, "regimen.active.newtinib.vial_sharing": {"value": "yes"}}) == []


@pytest.mark.parametrize("path", sorted(INPUTS.glob("*.xlsx")), ids=lambda path: path.stem)
def test_nothing_of_the_kind_is_asked_about_the_shipped_workbooks(path: Path) -> None:
    assert [str(each) for each in warnings(read_workbook(path), {}) if each.name in NAMES] == []
