"""Labels of rows: told apart where they are equal, made where they are missing, and warned of where they are wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import FILE, small_model, small_rows, workbook

from hemodel.errors import Location, Problem, together
from hemodel.inputs.labels import label_warnings, unique
from hemodel.inputs.model_inputs import check_rows, read_workbook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.model_inputs import Reading

INPUTS = Path(__file__).parents[3] / "inputs"


def read(labels: Mapping[str, str | None]) -> Reading:
    """Read the small model with these labels by id, and for all other rows labels of their own."""
    rows = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    for id_, cells in rows.items():
        cells["label"] = labels.get(id_, f"Row {id_}")
    return check_rows(Path(FILE), workbook(rows))


def said(labels: Mapping[str, str | None]) -> list[str]:
    reading = read(labels)
    return [f"{each.what}: {each.why}" for each in label_warnings(reading.rows, reading.raw.rows)]


def test_equal_labels_carry_what_the_ids_differ_in() -> None:
    """By the names of strategies, by endpoints, or by the dictionary's word for the kind of input."""
    same = dict.fromkeys(
        ("survival.pfs.standard.median", "survival.os.standard.median", "survival.os.active.median"), "Reported  Median"
    )
    rows = read(same | {"survival.os.active.median": "reported median"}).rows
    assert rows["survival.pfs.standard.median"].label == "Reported  Median (PFS, Standard)"
    assert rows["survival.os.standard.median"].label == "Reported  Median (OS, Standard)"
    assert rows["survival.os.active.median"].label == "reported median (OS, Active)"
    rows = read(dict.fromkeys(("utility.progression_free", "utility.progressed"), "Utility")).rows
    assert rows["utility.progression_free"].label == "Utility (Progression-free)"
    assert rows["utility.progressed"].label == "Utility (Progressed)"


def test_a_missing_label_is_the_dictionarys_with_the_names_of_the_id() -> None:
    for blank in (None, "", "   "):
        row = read({"survival.os.active.median": blank}).rows["survival.os.active.median"]
        assert row.label == "Median, OS, Active"


@pytest.mark.parametrize("label", [None, "", "One label for all"])
def test_no_two_rows_have_one_label(label: str | None) -> None:
    ids = [row.id for row in small_rows().rows]
    rows = read(dict.fromkeys(ids, label)).rows
    labels = ["".join(row.label.casefold().split()) for row in rows.values()]
    assert len(set(labels)) == len(ids)
    assert not [each for each in labels if each.startswith(",")]


def test_names_that_are_shared_carry_the_id() -> None:
    model = small_model({"strategy.standard.name": "Same", "strategy.active.name": "sa me"})
    assert [each.name for each in model.inputs.strategies] == ["Same (standard)", "sa me (active)"]
    assert unique({"a": "Drug A", "b": "Drug B"}) == {"a": "Drug A", "b": "Drug B"}


@pytest.mark.parametrize(
    ("id_", "label", "what"),
    [
        ("survival.os.active.median", None, "survival.os.active.median has no label"),
        ("survival.os.active.median", "Median OS, Standard", "speaks of Standard, the id of active"),
        ("survival.os.active.median", "Median PFS, Active", "speaks of PFS, the id of os"),
        ("survival.os.active.median", "Median overall survival of Active", ""),
        ("survival.os.active.median", "Median of Active, not of Standard", ""),
        ("survival.os.active.median", "Hazard ratio, Active", "is that of another kind of input, 'Hazard ratio'"),
        ("survival.os.active.survival_later", "OS at 12 months", "speaks of 12 months, the row of 24"),
        ("survival.os.active.survival_later", "OS at 24 months, of 12 to 30 months", ""),
        ("drug.newtinib.vial_size", "Tablets of oldamab", "speaks of oldamab, the id of newtinib"),
        ("utility.progressed", "Utility while progression-free", "speaks of the state progression_free"),
        ("utility.progressed", "Utility once not progression-free: progressed", ""),
    ],
)
def test_a_label_that_does_not_fit_its_row_is_warned_of(id_: str, label: str | None, what: str) -> None:
    assert id_ in {row.id for row in small_rows().rows}
    found = said({id_: label})
    assert len(found) == bool(what)
    assert all(what in each and id_ in each for each in found)


def test_a_copied_label_is_warned_of_and_the_dictionarys_own_is_not() -> None:
    ids = ("drug.oldamab.price_per_vial", "drug.newtinib.price_per_vial")
    (found,) = said(dict.fromkeys(ids, "List price"))
    assert found.startswith("drug.newtinib.price_per_vial has the label of drug.oldamab.price_per_vial, 'List price'")
    assert said(dict.fromkeys(ids, read({}).rows[ids[0]].kind.label)) == []


@pytest.mark.parametrize("path", sorted(INPUTS.glob("*.xlsx")), ids=lambda path: path.stem)
def test_the_shipped_workbooks_have_labels_that_fit(path: Path) -> None:
    reading = read_workbook(path)
    assert [str(each) for each in label_warnings(reading.rows, reading.raw.rows)] == []


def at(cell: str, sheet: str = "Costs", name: str = "no_range") -> Problem:
    return Problem(Location("m.xlsx", sheet, cell), f"{sheet}.{cell} has no SE", "It does not vary", "Give one.", name)


def test_many_equal_warnings_are_one_with_the_count_and_the_first_cells() -> None:
    found = [at(f"H{row}") for row in range(5, 50)] + [at("H7", "Drugs")]
    other = Problem(Location("m.xlsx", "Costs", "H6"), "something else", "Why", "Do.")
    one, second = together([found[0], other, *found[1:]])
    assert second == other
    assert one.what == "Costs.H5 has no SE; the same in 45 other places: H6, H7, H8, H9, H10 and 40 more"
    assert (one.where.cell, one.why, one.todo, one.name) == ("H5", "It does not vary", "Give one.", "no_range")
    few = [at("H5"), at("H6"), at("H7", "Drugs")]
    assert together(few) == few
    assert [each.what for each in together(few, always="no_range")] == [
        "Costs.H5 has no SE; the same in 2 other places: H6, Drugs!H7"
    ]
