"""Workbooks to begin with: blank ones, and ones filled in from another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from support import STRATEGIES, small_rows

from hemodel.errors import InputError, OutputError, UsageError
from hemodel.inputs.cell_formats import INPUT
from hemodel.inputs.cells import DataTable, read_cells
from hemodel.inputs.dictionary import kinds, match
from hemodel.inputs.listing import to_listing
from hemodel.inputs.model_inputs import check_rows, read_workbook
from hemodel.inputs.template import strategy_ids, template
from hemodel.inputs.writing import Cover, write_workbook

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"
SOURCES = (("source", "citation"), ("Trial", "A made-up trial"))


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("blank") / "blank.xlsx"
    template(path, ["Drug A", "=Drug B", "Thé C (high)"])
    return path


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """The small model of the tests as a workbook, with a sheet of data."""
    path = tmp_path / "small.xlsx"
    table = DataTable("small.xlsx", "Data risk", (("time", "at_risk"), (0, 150), (6.5, "=1+1")))
    write_workbook(path, to_listing(small_rows()), SOURCES, Cover("Small"), [table])
    return path


def listing(path: Path) -> dict[str, dict[str, Scalar]]:
    raw = read_cells(path)
    assert raw.problems == []
    rows = to_listing(raw)
    assert len({row["id"] for row in rows}) == len(rows)
    return {str(row["id"]): row for row in rows}


def test_a_blank_workbook_holds_names_roles_and_usual_choices(blank: Path) -> None:
    filled = {id_: row["value"] for id_, row in listing(blank).items() if row["value"] is not None}
    assert filled == {
        "strategy.drug_a.name": "Drug A",
        "strategy.drug_a.role": "comparator",
        "strategy.drug_b.name": "=Drug B",
        "curves.statistics": "correlated",
        "curves.simulated_trials": 4000,
        "strategy.drug_b.role": "intervention",
        "strategy.the_c_high.name": "Thé C (high)",
        "strategy.the_c_high.role": "intervention",
    }


def test_a_blank_workbook_has_every_row_that_a_model_needs(blank: Path) -> None:
    found = {hit[0] for id_ in listing(blank) if (hit := match(id_)) is not None}
    assert {kind for kind in kinds() if kind.required != "optional"} <= found
    assert found == {kind for kind in kinds() if kind.in_template}


def test_ratios_are_left_out_for_the_comparator_only(blank: Path) -> None:
    ids = {id_ for id_ in listing(blank) if id_.endswith(".hazard_ratio") and ".os." in id_}
    assert ids == {"survival.os.drug_b.hazard_ratio", "survival.os.the_c_high.hazard_ratio"}


def test_labels_and_units_come_from_the_dictionary(blank: Path) -> None:
    rows = listing(blank)
    row = rows["survival.os.the_c_high.median"]
    assert (row["label"], row["unit"]) == ("Median, OS, Thé C (high)", "months")
    assert rows["drug.drug_1.price_per_vial"]["unit"] == "currency per vial"
    for id_, row in rows.items():
        hit = match(id_)
        assert hit is not None
        assert str(row["label"]).startswith(hit[0].label)
        assert row["unit"] == (hit[0].unit or None)
        assert row["sheet"] == hit[0].sheet


def test_every_value_that_is_to_be_filled_in_is_yellow_and_has_a_comment(blank: Path) -> None:
    book = openpyxl.load_workbook(blank)
    for row in to_listing(read_cells(blank)):
        page = book[str(row["sheet"])]
        cells = next(line for line in page.iter_rows(min_row=5) if line[0].value == row["id"])
        assert cells[2].fill.fgColor.rgb[2:] == INPUT[1:]
        assert cells[1].comment is not None


def test_a_check_lists_every_empty_cell_that_is_needed(blank: Path) -> None:
    """What is needed, from the dictionary: every row of a kind that is not optional, but names and roles."""
    rows = {id_: row for id_, row in listing(blank).items() if row["value"] is None}
    needed = {id_ for id_ in rows if (hit := match(id_)) is not None and hit[0].required != "optional"}
    book, found = openpyxl.load_workbook(blank), set()
    for problem in read_workbook(blank).problems:
        assert problem.where.sheet is not None
        assert problem.where.cell is not None
        if problem.what.endswith(" is empty"):
            cell = book[problem.where.sheet][problem.where.cell]
            found.add(cell.offset(0, -2).value)
            assert problem.what == f"{cell.offset(0, -2).value} is empty"
    assert found == needed
    assert len(needed) > 80


def test_problems_of_a_blank_workbook_stand_in_the_same_order_each_time(blank: Path) -> None:
    """In the order of the dictionary, and within a kind in that of the workbook."""
    whats = [problem.what for problem in read_workbook(blank).problems if ".incidence." in problem.what]
    assert whats == [f"adverse_event.event_1.incidence.{name} is empty" for name in ("drug_a", "drug_b", "the_c_high")]


def test_without_names_there_is_a_comparator_and_an_intervention(tmp_path: Path) -> None:
    made = template(tmp_path / "new.xlsx")
    assert made.strategies == {"comparator": "Comparator", "intervention": "Intervention"}
    assert "Wrote " in made.summary
    assert f"hemodel check {tmp_path / 'new.xlsx'}" in made.summary


def test_the_same_names_give_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        template(tmp_path / folder / "new.xlsx")
    assert (tmp_path / "a" / "new.xlsx").read_bytes() == (tmp_path / "b" / "new.xlsx").read_bytes()


def test_the_shipped_workbook_comes_back_row_for_row(tmp_path: Path) -> None:
    made = template(tmp_path / "new.xlsx", source=WORKBOOK)
    before, after = read_cells(WORKBOOK), read_cells(tmp_path / "new.xlsx")
    assert to_listing(after) == to_listing(before)
    assert (after.sources, after.problems) == (before.sources, [])
    assert (made.added, made.left_out, made.new_roles, made.new_rows) == ((), (), (), ())


def test_sources_and_sheets_of_data_are_taken_over(small: Path, tmp_path: Path) -> None:
    template(tmp_path / "new.xlsx", source=small)
    before, after = read_cells(small), read_cells(tmp_path / "new.xlsx")
    assert to_listing(after) == to_listing(before)
    assert after.sources == SOURCES
    assert {name: table.rows for name, table in after.tables.items()} == {
        "Data risk": (("time", "at_risk"), (0, 150), (6.5, "=1+1"))
    }
    links = {cell.value for line in openpyxl.load_workbook(tmp_path / "new.xlsx")["Cover"] for cell in line}
    assert "Data risk" in links


def test_a_strategy_is_added_with_the_rows_that_the_comparator_has(small: Path, tmp_path: Path) -> None:
    made = template(tmp_path / "new.xlsx", ["Standard", "active", "+ Newer"], small)
    before, after = listing(small), listing(tmp_path / "new.xlsx")
    assert {id_: row for id_, row in after.items() if id_ in before} == before
    new = {id_: row for id_, row in after.items() if id_ not in before}
    expected = {id_.replace("standard", "newer") for id_ in before if "standard" in id_.split(".")}
    assert set(new) == expected
    filled = {id_: row["value"] for id_, row in new.items() if row["value"] is not None}
    assert filled == {"strategy.newer.name": "+ Newer", "strategy.newer.role": "intervention"}
    assert made.added == ("+ Newer",)
    assert "Added with blank rows: + Newer." in made.summary


def test_rows_of_a_new_strategy_stand_after_those_of_the_others(small: Path, tmp_path: Path) -> None:
    template(tmp_path / "new.xlsx", ["Standard", "Active", "Newer"], small)
    ids = list(listing(tmp_path / "new.xlsx"))
    names = [id_.split(".")[1] for id_ in ids if id_.startswith("strategy.")]
    assert names == ["standard", "standard", "active", "active", "newer", "newer"]
    start = ids.index("adverse_event.rash.incidence.standard")
    assert ids[start : start + 3] == [f"adverse_event.rash.incidence.{name}" for name in (*STRATEGIES, "newer")]
    curves = [id_.split(".")[1:3] for id_ in ids if id_.startswith("curve.") and id_.endswith(".family")]
    assert curves == [[endpoint, name] for endpoint in ("pfs", "os") for name in (*STRATEGIES, "newer")]


def test_strategies_that_are_not_named_are_left_out_with_all_their_rows(small: Path, tmp_path: Path) -> None:
    made = template(tmp_path / "new.xlsx", ["Active", "Newer"], small)
    after = listing(tmp_path / "new.xlsx")
    assert not [id_ for id_ in after if "standard" in id_.split(".")]
    assert after["strategy.active.role"]["value"] == "comparator"
    assert after["strategy.newer.role"]["value"] == "intervention"
    assert (made.left_out, made.new_roles) == (("Standard",), ("Active",))
    assert "With another role than before" in made.summary


def test_an_older_layout_is_brought_up_to_date(small: Path, tmp_path: Path) -> None:
    """Without two columns, a sheet and a row that came later."""
    book = openpyxl.load_workbook(small)
    page = book["Survival"]
    for header in ("bound", "weight"):
        page.delete_cols(next(cell.column for cell in page[4] if cell.value == header))
    del book["Background mortality"]
    curves = book["Curves"]
    curves.delete_rows(next(cell.row for cell in curves["A"] if cell.value == "curve.os.active.source"))
    book.save(tmp_path / "old.xlsx")

    made = template(tmp_path / "new.xlsx", source=tmp_path / "old.xlsx")
    before, after = listing(small), listing(tmp_path / "new.xlsx")
    assert set(after) == set(before)
    assert made.new_rows == ("curve.os.active.source", "background.method")
    assert {id_: row for id_, row in after.items() if id_ not in made.new_rows} == {
        id_: row for id_, row in before.items() if id_ not in made.new_rows
    }
    assert [after[id_]["value"] for id_ in made.new_rows] == [None, None]
    assert after["curve.os.active.source"]["label"] == "Source of the curve, OS, Active"


def test_a_source_that_would_lose_something_is_refused(small: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(small)
    book.create_sheet("Utilites")["A1"] = "kept?"
    book["Drugs"]["Z4"] = "my column"
    book.save(tmp_path / "odd.xlsx")
    with pytest.raises(InputError) as caught:
        template(tmp_path / "new.xlsx", source=tmp_path / "odd.xlsx")
    assert [problem.what for problem in caught.value.problems] == [
        "unknown sheet Utilites",
        "unknown column my column",
    ]
    assert not (tmp_path / "new.xlsx").exists()


def test_a_file_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.xlsx"
    path.write_text("mine")
    for source in (None, path):
        with pytest.raises(UsageError, match=r"mine\.xlsx exists already and was left as it is"):
            template(path, source=source)
    assert path.read_text() == "mine"
    with pytest.raises(UsageError, match=r"a workbook ends in \.xlsx, for example mine\.xlsx"):
        template(tmp_path / "mine.xls")
    with pytest.raises(OutputError, match="cannot be written"):
        template(tmp_path / "no_such_folder" / "new.xlsx")
    assert [found.name for found in tmp_path.iterdir()] == ["mine.xlsx"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["A"], "at least two strategies, and here is 1"),
        ([], "at least two strategies, and here is 0"),
        (["A", " "], "a name is empty"),
        (["Drug A", "drug-a"], "'drug-a' and 'Drug A' would have the same id 'drug_a'"),
        (["A", "Å"], "'Å' and 'A' would have the same id 'a'"),
        (["A", "薬"], "'薬' holds no letter from a to z"),
        (["A", "12"], "'12' holds no letter from a to z"),
        (["A", "5-FU"], "an id begins with a letter: put a letter first"),
        (["A", "Low"], "which is the name of a column: add a word to it"),
        (["A", "b" * 32], "has 32 characters, and at most 31 fit"),
    ],
)
def test_names_that_cannot_be_used_are_refused(names: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        template(tmp_path / "new.xlsx", names)
    assert str(caught.value).startswith("--strategies: ")
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_everything_wrong_with_the_names_is_said_at_once() -> None:
    with pytest.raises(UsageError) as caught:
        strategy_ids(["A", "", "a", "β"], {})
    for message in ("a name is empty", "'a' and 'A' would have the same id 'a'", "'β' holds no letter"):
        assert message in str(caught.value)


def test_names_become_ids() -> None:
    given = ["Nivolumab + ipilimumab", "  Two  spaces ", "Crème Brûlée", "b" * 31]
    assert strategy_ids(given, {}) == {
        "nivolumab_ipilimumab": "Nivolumab + ipilimumab",
        "two_spaces": "Two spaces",
        "creme_brulee": "Crème Brûlée",
        "b" * 31: "b" * 31,
    }


def test_a_known_strategy_keeps_its_id_and_name_however_long() -> None:
    existing = {"x": "A name that is longer than thirty-one characters", "low": "B"}
    assert strategy_ids(["a NAME that is longer than thirty-one characters", "low"], existing) == existing


def test_a_blank_row_of_the_small_model_is_checked_like_any_other(small: Path, tmp_path: Path) -> None:
    template(tmp_path / "new.xlsx", ["Standard", "Active", "Newer"], small)
    raw = read_cells(tmp_path / "new.xlsx")
    empty = [problem for problem in check_rows(tmp_path / "new.xlsx", raw).problems if problem.what.endswith("empty")]
    assert all("newer" in problem.what for problem in empty)
    assert len(empty) > 15
