"""Tables that rows name: the sheet of that name, the sheet that carries the file, or the file, in this order.

Life tables are one hazard at all ages unless a test says otherwise; files stand in the current folder.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pytest
from support import FILE, small_rows, workbook

from hemodel.analyses.load import check, load, load_rows
from hemodel.analyses.options import Options
from hemodel.analyses.run import run
from hemodel.errors import InputError
from hemodel.inputs.cells import DataTable
from hemodel.inputs.changes import Change
from hemodel.inputs.files import data_sheet
from hemodel.inputs.model_inputs import Reading, build_inputs, check_rows, read_workbook
from hemodel.survival.workbook.background import population
from hemodel.survival.workbook.tables import table_warnings, tables_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.inputs.cells import Scalar

    Cells = tuple[tuple[Scalar, ...], ...]

ROOT = Path(__file__).parents[3]
SHIPPED = ROOT / "inputs" / "imforte_us.xlsx"
ENGLAND = ROOT / "inputs" / "life_tables" / "england_2018_2020.csv"
TIMES = np.array([0.0, 0.3, 11.0, 60.0, 240.0])
COHORT: dict[str, Scalar] = {"mean_age": 60, "sd_age": 8, "youngest_age": 18, "share_male": 0.5}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def flat(rate: float) -> Cells:
    """A life table with one hazard a year at all ages."""
    return (("age", "mx_male", "mx_female"), *((age, rate, rate) for age in range(18, 111)))


def write(name: str, rows: Sequence[Sequence[object]]) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
    Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def reading(
    life_table: str = "people.csv", sheets: Mapping[str, Cells] | None = None, more: Mapping[str, Scalar] | None = None
) -> Reading:
    """The small model with a floor from the life table named, sheets of data, and more rows."""
    rows = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    given = {f"background.{name}": value for name, value in COHORT.items()}
    given |= {"background.method": "floor", "background.life_table": life_table} | dict(more or {})
    rows |= {id_: {**rows.get(id_, {}), "value": value} for id_, value in given.items()}
    raw = workbook(rows)
    raw.tables = {name: DataTable(FILE, name, cells) for name, cells in (sheets or {}).items()}
    return check_rows(Path(FILE), raw)


def hazard(of: Reading) -> np.ndarray:
    found = population(of)
    assert found is not None
    return found.cumulative_hazard(TIMES)


def message(of: Reading) -> str:
    with pytest.raises(InputError) as refused:
        population(of)
    return str(refused.value)


# Names of sheets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("people.csv", "Data people"),
        ("inputs/life_tables/united_states_2019.csv", "Data united_states_2019"),
        ("tables\\people.csv", "Data people"),
        ("os.arm.1.csv", "Data os.arm.1"),
        ("people", "Data people"),
        (".csv", "Data .csv"),
        ("a life table with a very long name.csv", "Data a life table with a very l"),
        ("a life table with an end here        .csv", "Data a life table with an end h"),
        ("a life table of an English .csv", "Data a life table of an English"),
        ("who[1]*.csv", "Data who_1__"),
        ("patients'.csv", "Data patients"),
    ],
)
def test_the_sheet_that_carries_a_file(text: str, name: str) -> None:
    """At most 31 characters, none of []:*?, no apostrophe or space at the end: what Excel allows."""
    assert data_sheet(text) == name
    assert len(name) <= 31


# Precedence ----------------------------------------------------------------------------------------------------------


def test_the_sheet_named_then_the_carrying_sheet_then_the_file() -> None:
    """Hazards of 0.12, 0.24 and 0.36 a year say which was read: 0.01, 0.02 and 0.03 a month."""
    write("people.csv", flat(0.36))
    sheets = {"Data people": flat(0.24), "Data": flat(0.12)}

    np.testing.assert_allclose(hazard(reading("Data", sheets)), 0.01 * TIMES, rtol=1e-13)
    np.testing.assert_allclose(hazard(reading("Data people", sheets)), 0.02 * TIMES, rtol=1e-13)
    np.testing.assert_allclose(hazard(reading("people.csv", sheets)), 0.02 * TIMES, rtol=1e-13)
    np.testing.assert_allclose(hazard(reading("people.csv", {"Data": flat(0.12)})), 0.03 * TIMES, rtol=1e-13)
    np.testing.assert_allclose(hazard(reading("elsewhere/people.csv", sheets)), 0.02 * TIMES, rtol=1e-13)


def test_a_file_named_like_a_sheet_of_data() -> None:
    """A sheet named in full goes before a file of that name."""
    write("Data people", flat(0.36))
    np.testing.assert_allclose(hazard(reading("Data people", {"Data people": flat(0.12)})), 0.01 * TIMES, rtol=1e-13)
    np.testing.assert_allclose(hazard(reading("Data people")), 0.03 * TIMES, rtol=1e-13)


def test_neither_sheet_nor_file() -> None:
    write("peoples.csv", flat(0.12))
    assert message(reading("people.csv")).partition(": ")[2] == (
        "there is no sheet and no file 'people.csv'. It must be a sheet whose name begins with Data, or a CSV file, "
        "which is looked for beside the workbook, in the folders above it and in the current folder. "
        "Did you mean peoples.csv?"
    )


# Life tables in sheets -----------------------------------------------------------------------------------------------


def england() -> Cells:
    """The rows of a shipped file of probabilities, with numbers as numbers."""
    header, *lines = (line.split(",") for line in ENGLAND.read_text(encoding="utf-8").split())
    return tuple(header), *(tuple(float(cell) for cell in line) for line in lines)


def test_a_sheet_gives_the_same_bits_as_the_file() -> None:
    from_file = hazard(reading(str(ENGLAND)))
    blank: Cells = ((None, None, None),)
    for cells in (england(), blank + england()[:1] + blank + england()[1:]):
        np.testing.assert_array_equal(hazard(reading("Data England", {"Data England": cells})), from_file)
    assert from_file[-1] > 0.1


def test_a_saved_workbook_that_carries_its_life_table_needs_no_file(tmp_path: Path) -> None:
    """The shipped workbook sent alone, with its life table written by openpyxl: every survival has the same bits."""
    alone = tmp_path / "alone" / "alone.xlsx"
    alone.parent.mkdir()
    book = openpyxl.load_workbook(SHIPPED)
    for name, table in tables_named(read_workbook(SHIPPED)).items():
        sheet = book.create_sheet(name)
        for row in table.rows:
            sheet.append(row)
    book.save(alone)
    carried, beside = load(alone), load(SHIPPED)

    assert list(carried.inputs.raw.tables) == ["Data united_states_2019"]
    assert carried.curve_effects.floor is not None
    np.testing.assert_array_equal(carried.curve_effects.floor, beside.curve_effects.floor)
    with pytest.raises(InputError, match="there is no sheet and no file"):
        load(alone, [Change("background.life_table", "elsewhere.csv", "test")])


@pytest.mark.parametrize(
    ("row", "column", "value", "words"),
    [
        (30, 1, "x", "Data people!B31: 'x' is not a number. Give a number."),
        (30, 2, None, "Data people!C31: the cell is empty. Give a number."),
        (30, 2, True, "Data people!C31: 'True' is not a number"),
        (30, 0, 50, "Data people!A31: age 50 follows age 46"),
        (1, 0, 19, "Data people!A2: the first age is 19"),
        (30, 1, -0.5, "Data people!B31: the death rate is -0.5"),
        (0, 1, "mx_men", "Data people: there is no column 'mx_male'"),
    ],
)
def test_bad_cells_of_a_sheet(row: int, column: int, value: Scalar, words: str) -> None:
    """Ages begin with 18 in row 2 of the sheet, so that row 31 is age 47."""
    cells = [list(line) for line in flat(0.12)]
    cells[row][column] = value
    found = message(reading(sheets={"Data people": tuple(tuple(line) for line in cells)}))
    assert found.startswith("small.xlsx, ")
    assert words in found


def test_a_sheet_that_ends_early_or_is_empty() -> None:
    short = reading(sheets={"Data people": flat(0.12)[:30]})
    assert "small.xlsx, Data people: the life table ends with age 46" in message(short)
    assert "small.xlsx, Data people: the sheet is empty" in message(reading(sheets={"Data people": ((None,),)}))


def test_a_sheet_is_read_once_however_often_the_workbook_is() -> None:
    """What is fitted to the same cells is found again; 1 and TRUE are not the same cell."""
    first, again = (population(reading(sheets={"Data people": flat(0.12)})) for _ in range(2))
    assert first is again
    ones = [list(line) for line in flat(1)]
    assert population(reading(sheets={"Data people": tuple(map(tuple, ones))})) is not None
    ones[5][1] = True
    assert "!B6: 'True' is not a number" in message(reading(sheets={"Data people": tuple(map(tuple, ones))}))


# Files that differ from the sheet that carries them ------------------------------------------------------------------


def test_a_file_that_differs_is_said() -> None:
    sheet: Cells = (("mx_female", "age", "mx_male"), *((rate, age, f" {rate} ") for age, _, rate in flat(0.12)[1:]))
    write("people.csv", flat(0.12))
    assert table_warnings(reading(sheets={"Data people": sheet})) == []
    write("people.csv", flat(0.12 * (1.0 + 2e-16)))
    assert table_warnings(reading(sheets={"Data people": sheet})) == []

    for other in (flat(0.13), flat(0.12)[:-1], (*flat(0.12), (111, 0.12, None)), flat(0.12)[1:], ()):
        write("people.csv", other)
        (found,) = table_warnings(reading(sheets={"Data people": sheet}))
        assert str(found).partition(": ")[2] == (
            "the sheet Data people is used, and the file people.csv differs from it. A sheet that carries a file goes "
            "before the file. Remove the sheet to use the file, or bring the two together."
        )
        assert found.where.sheet == "Background mortality"
    assert table_warnings(reading()) == []
    assert table_warnings(reading("Data people", {"Data people": sheet})) == []
    Path("people.csv").unlink()
    assert table_warnings(reading(sheets={"Data people": sheet})) == []


def test_a_run_and_a_check_say_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the fits of other families, which take most of the time."""
    monkeypatch.setattr("hemodel.analyses.run.try_families", lambda _: ())
    book = openpyxl.load_workbook(SHIPPED)
    sheet = book.create_sheet("Data united_states_2019")
    for row in england():
        sheet.append(row)
    path = tmp_path / "two.xlsx"
    book.save(path)
    write("inputs/life_tables/united_states_2019.csv", flat(0.12))
    expected = (
        "the sheet Data united_states_2019 is used, and the file inputs/life_tables/united_states_2019.csv differs"
    )

    assert any(expected in str(warning) for warning in check(path, (), {}).warnings)
    assert any(expected in warning for warning in run(path, Options(parts=())).warnings)


# Tables to carry -----------------------------------------------------------------------------------------------------

PATIENTS: Cells = (("strategy", "time", "event"), ("1", 2.5, 1.0), ("1", 3.0, 0.0), ("007", 0.1 + 0.2, 1.0))


def with_patients(data: str, sheets: Mapping[str, Cells] | None = None, at_risk: str | None = None) -> Reading:
    more: dict[str, Scalar] = {
        "curve.os.active.source": "patients",
        "curve.os.active.data": data,
        "curve.os.active.time_unit": "months",
        "curve.pfs.active.data": data,
    }
    more |= {} if at_risk is None else {"curve.os.standard.at_risk": at_risk}
    return reading(sheets=sheets, more=more)


def test_tables_named() -> None:
    """Numbers as numbers and names as text; a file that is not there is left out, a sheet is as it stands."""
    write("people.csv", flat(0.12))
    write("trial/os.csv", [PATIENTS[0], *PATIENTS[1:2], (), *PATIENTS[2:]])
    sheets: dict[str, Cells] = {"Data risk": (("time", "at_risk"), (0, 10)), "Data unnamed": ((1,),)}
    found = tables_named(with_patients("trial/os.csv", sheets, "Data risk"))

    assert list(found) == ["Data people", "Data os", "Data risk"]
    assert found["Data people"].rows == flat(0.12)
    assert found["Data os"].rows == PATIENTS
    assert (found["Data os"].file, found["Data os"].sheet) == ("trial/os.csv", "Data os")
    assert found["Data risk"].rows == sheets["Data risk"]
    carried = with_patients("trial/os.csv", {name: table.rows for name, table in found.items()}, "Data risk")
    Path("trial/os.csv").unlink()
    again = tables_named(carried)
    assert {name: table.rows for name, table in again.items()} == {name: table.rows for name, table in found.items()}
    assert set(tables_named(with_patients("nowhere.csv"))) == {"Data people"}


def test_what_cannot_be_carried() -> None:
    write("people.csv", flat(0.12))
    Path("os.csv").write_text("time,event\n1,1,1,5\n", encoding="utf-8")
    Path("risk.csv").write_text("time;at_risk\n1;1\n", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        tables_named(with_patients("os.csv", at_risk="risk.csv"))
    assert "os.csv, row 2: there are 4 cells" in str(refused.value)
    assert "risk.csv, row 1: the columns are separated by semicolons" in str(refused.value)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("one/os.csv", "two/os.csv"),
        ("os.csv", "OS.csv"),
        ("numbers at risk in the control.csv", "numbers at risk in the control arm.csv"),
        ("os.csv", "os.txt"),
    ],
)
def test_two_files_with_the_same_sheet(first: str, second: str) -> None:
    """They are read as files, cannot be carried, and a sheet of that name is refused: it could be of either."""
    write("people.csv", flat(0.12))
    for name in (first, second):
        write(name, PATIENTS)
    name = data_sheet(first)
    both = with_patients(first, at_risk=second)
    with pytest.raises(InputError) as refused:
        tables_named(both)
    assert f"the sheet {name} would carry two files, {first} and {second}" in str(refused.value)
    assert "Rename one of the files." in str(refused.value)
    with pytest.raises(InputError, match="would carry two files"):
        load_rows(Path(FILE), with_patients(first, {name: PATIENTS}, second).raw)


def test_the_same_file_by_two_names() -> None:
    write("people.csv", flat(0.12))
    write("os.csv", PATIENTS)
    assert list(tables_named(with_patients("./os.csv", at_risk="os.csv"))) == ["Data people", "Data os"]


def test_patients_from_a_carrying_sheet() -> None:
    """An exponential curve, events over months at risk: 3 / 30."""
    cells: Cells = (("time", "event"), *((time, 1) for time in (4, 6, 20)))
    write("people.csv", flat(0.012))
    of = with_patients("os.csv", {"Data os": cells})
    family = [Change("curve.os.active.family", "exp", "test")]
    fit = load_rows(Path(FILE), of.raw, family).fits["os"]
    assert fit.coefficients[fit.curves.columns["active"]][0] == pytest.approx(math.log(0.1), rel=1e-9)
    assert build_inputs(of).raw.tables["Data os"].rows == cells
