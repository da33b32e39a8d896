"""What people do to a workbook, and the changes that are made to its inputs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from hemodel.analyses.load import load
from hemodel.errors import InputError
from hemodel.inputs.cells import read_cells
from hemodel.inputs.changes import Change, apply_changes
from hemodel.inputs.scenarios import scenario_folder
from hemodel.model.evaluate import base_draws, evaluate

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"
HEADER = 4


def edited(path: Path, edit: Any) -> Path:
    book = openpyxl.load_workbook(WORKBOOK)
    edit(book)
    book.save(path)
    return path


def reorder(book: Any) -> None:
    book.move_sheet("Utilities", -8)


def hide(book: Any) -> None:
    book["Drugs"].column_dimensions["E"].hidden = True
    book["Drugs"].sheet_state = "hidden"


def sort_rows(book: Any) -> None:
    sheet = book["Utilities"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=HEADER + 1)]
    for number, values in enumerate(reversed(rows), start=HEADER + 1):
        for column, value in enumerate(values, start=1):
            sheet.cell(number, column).value = value


def add_notes(book: Any) -> None:
    sheet = book["End of life"]
    sheet.cell(sheet.max_row + 3, 2).value = "Agreed with the clinicians in May"


def move_columns(book: Any) -> None:
    sheet = book["End of life"]
    for row in range(HEADER, sheet.max_row + 1):
        left, right = sheet.cell(row, 2).value, sheet.cell(row, 12).value
        sheet.cell(row, 2).value, sheet.cell(row, 12).value = right, left


@pytest.mark.parametrize("edit", [reorder, hide, sort_rows, add_notes, move_columns])
def test_harmless_edits_change_nothing(edit: Any, tmp_path: Path) -> None:
    before = load(WORKBOOK)
    after = load(edited(tmp_path / "edited.xlsx", edit))

    left, right = evaluate(before, base_draws(before)), evaluate(after, base_draws(after))
    assert left.costs.total[0].tolist() == right.costs.total[0].tolist()
    assert left.qalys.total[0].tolist() == right.qalys.total[0].tolist()


def test_reading_leaves_the_file_alone() -> None:
    before = WORKBOOK.read_bytes(), WORKBOOK.stat().st_mtime_ns
    load(WORKBOOK, [Change("end_of_life.cost", 1.0, "test")])

    assert (WORKBOOK.read_bytes(), WORKBOOK.stat().st_mtime_ns) == before


def made(*changes: Change) -> dict[str, tuple[Any, Any]]:
    raw, found = apply_changes(read_cells(WORKBOOK), changes)
    assert not raw.problems
    return {change.id: (change.expected, change.value) for change in found}


def test_a_range_moves_with_a_value_outside_it() -> None:
    found = made(Change("end_of_life.cost", 43206.0, "test"))

    assert found["end_of_life.cost"] == (21603, 43206)
    assert found["end_of_life.cost.low"] == (17282, 34564)
    assert found["end_of_life.cost.high"] == (25924, 51848)


def test_a_range_stays_where_the_value_lies_in_it_or_the_user_moves_it() -> None:
    assert set(made(Change("end_of_life.cost", 20000.0, "test"))) == {"end_of_life.cost"}
    both = made(Change("end_of_life.cost", 50000.0, "test"), Change("end_of_life.cost.high", 60000.0, "test"))
    assert set(both) == {"end_of_life.cost", "end_of_life.cost.high"}


def test_a_moved_range_stays_within_its_bounds() -> None:
    found = made(Change("pfs_events.share_deaths.atezolizumab", 0.9, "test"))

    low, high = (found[f"pfs_events.share_deaths.atezolizumab.{end}"][1] for end in ("low", "high"))
    assert low == pytest.approx(0.18)
    assert high == 1.0


def test_multiplying() -> None:
    found = made(Change("end_of_life.cost", None, "test", factor=0.95))
    assert found["end_of_life.cost"] == (21603, 20522.85)
    assert found["end_of_life.cost.high"] == (25924, pytest.approx(0.95 * 25924))
    price = made(Change("drug.lurbinectedin.price_per_vial", None, "test", factor=0.1))
    assert price["drug.lurbinectedin.price_per_vial.se"] == (215.82, pytest.approx(21.582))
    raw, _ = apply_changes(read_cells(WORKBOOK), [Change("settings.currency", None, "test", factor=2)])
    assert "only a number can be multiplied" in str(raw.problems[0])


def test_a_value_that_is_set_has_the_change_as_its_source() -> None:
    model = load(WORKBOOK, [Change("regimen.atezolizumab.atezolizumab.stop_day", 730.0, "my analysis")])

    assert model.inputs.rows["regimen.atezolizumab.atezolizumab.stop_day"].source == "my analysis"


def test_an_emptied_optional_row_does_not_exist() -> None:
    model = load(WORKBOOK, [Change("utility.life_year_gained", None, "test")])

    assert not model.inputs.has("utility.life_year_gained")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([Change("drug.lurbinectedin.vial_size", 0.0, "test")], "cannot be below 0.001"),
        ([Change("survival.os.atezolizumab.survival_12m", 1.0, "test")], "cannot be either"),
        ([Change("strategy.lurbinectedin_atezolizumab.role", "comparator", "test"),
          Change("strategy.atezolizumab.role", "intervention", "test"),
          Change("curve.os.lurbinectedin_atezolizumab.reference", "nobody", "test")], "must name a strategy"),
        ([Change("settings.utilities_by", "time_to_death", "test"),
          Change("utility.time_to_death_within.beyond_30_weeks", 400.0, "test")], "have no number of days"),
        ([Change("survival.os.atezolizumab.median", 0.0, "test")], "must be above 0"),
        ([Change("survival.os.atezolizumab.survival_12m.time", None, "test")], "has no time"),
        ([Change("survival.os.lurbinectedin_atezolizumab.hazard_ratio.versus", "control", "t")], "against 'control'"),
        ([Change("trial.median_follow_up", None, "test")], "follow-up"),
    ],
)  # fmt: skip
def test_refusals(changes: list[Change], words: str) -> None:
    with pytest.raises(InputError, match=words):
        load(WORKBOOK, changes)


def test_scenario_folder_is_found_above_beside_and_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inputs").mkdir()
    (tmp_path / "scenarios" / "one").mkdir(parents=True)
    (tmp_path / "elsewhere" / "scenarios" / "two").mkdir(parents=True)
    workbook = tmp_path / "inputs" / "model.xlsx"

    assert scenario_folder(workbook, "scenarios/one") == tmp_path / "scenarios" / "one"
    assert scenario_folder(workbook, "scenarios/two") is None
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert scenario_folder(workbook, "scenarios/two") == tmp_path / "elsewhere" / "scenarios" / "two"
    assert scenario_folder(workbook, "") is None


@pytest.mark.parametrize(
    ("text", "number", "todo"),
    [
        ("1,234", 1234, "Give 1234, or 1.234 if a decimal comma is meant."),
        ("2.000", 2, "Give 2, or 2000 if the point parts thousands."),
        ("1.234", 1.234, ""),
        ("1,234.5", 1234.5, ""),
        ("1234", 1234, ""),
    ],
)
def test_a_change_that_can_be_read_in_two_ways_is_told_of(text: str, number: float, todo: str) -> None:
    raw = read_cells(WORKBOOK)
    changed, made = apply_changes(raw, [Change("end_of_life.cost", text, "--set")])
    assert next(change.value for change in made if change.id == "end_of_life.cost") == number
    assert [w.todo for w in changed.warnings if w not in raw.warnings] == ([todo] if todo else [])
