"""Reading times to event: what is read, and the words of every refusal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hemodel.errors import InputError, Location
from hemodel.survival.patients.data import PatientData, check_rows, patients, pooled, read_patients

SAVE = "Save the file with commas between columns and points in numbers."
CODING = "Check that 1 stands for an event and 0 for a censored time."
LUNG = Path(__file__).parents[2] / "reference" / "data" / "flexsurv_lung_data.csv"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "patients.csv"
    path.write_text(text, encoding="utf-8")
    return path


def read_all(path: Path) -> dict[str, PatientData]:
    return read_patients(path, time="months", event="died", strategy="arm", entry="from", weight="number")


def refusals(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_all(path)
    return [str(problem).removeprefix(f"{path}, ").removeprefix(f"{path}: ") for problem in caught.value.problems]


def test_every_column_by_strategy(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "\ufeffmonths,died,arm,from,number\n3,1,new,0,1\n5.5,0,old,1,2\n\n7,1,new,2,1\n8,1.0, old ,0,1\n"
        "9,1,old,0,0.5\n",
    )
    data = read_all(path)
    assert list(data) == ["new", "old"]
    np.testing.assert_array_equal(data["new"].time, [3.0, 7.0])
    np.testing.assert_array_equal(data["new"].entry, [0.0, 2.0])
    np.testing.assert_array_equal(data["old"].event, [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(data["old"].weight, [2.0, 1.0, 0.5])


def test_entry_and_weight_by_default() -> None:
    """228 patients and 165 deaths, as the help page of R's survival::lung says."""
    data = read_patients(LUNG, time="time", event="event")["all"]
    assert (data.time.size, data.event.sum()) == (228, 165.0)
    np.testing.assert_array_equal(data.entry, np.zeros(228))
    np.testing.assert_array_equal(data.weight, np.ones(228))


def test_pooled_keeps_the_order() -> None:
    data = pooled([patients([1, 2], [1, 0]), patients([3], [1], [0.5], [4])])
    np.testing.assert_array_equal(data.time, [1.0, 2.0, 3.0])
    np.testing.assert_array_equal(data.event, [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(data.entry, [0.0, 0.0, 0.5])
    np.testing.assert_array_equal(data.weight, [1.0, 1.0, 4.0])


def test_all_problems_at_once_by_row_and_column(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "months,died,arm,from,number\n"
        "x,1,new,0,1\n-2,1,new,0,1\n3,2,new,0,1\n4,1,,0,1\n5,1,new,5,1\n6,1,new,0,0\n0,1,new,0,1\n8,,new,-1,1\ninf,1,new\n",
    )
    found = refusals(path)
    assert [each.partition(".")[0] for each in found] == [
        "row 2, column months: 'x' is not a number",
        "row 9, column died: an empty cell is not a number",
        "row 10, column from: an empty cell is not a number",
        "row 10, column number: an empty cell is not a number",
        "row 3, column months: the time is -2",
        "row 8, column months: the time is 0",
        "row 10, column months: the time is inf",
        "row 4, column died: the event is 2",
        "row 9, column from: the time of entry is -1",
        "row 6, column from: the time of entry is 5 and follow-up ends at 5",
        "row 7, column number: the weight is 0",
        "row 5, column arm: the strategy is empty",
    ]
    above = "A time must be above 0, because a survival curve is 1 at time 0. Correct it; for an event on the first day"
    assert found[0].endswith("Give a number in every row.")
    assert found[5].partition(". ")[2] == f"{above} give part of a unit, for example half a day."
    assert found[7].endswith("It must be 1 for an event or 0 for a censored time. Recode the column.")
    assert found[8].endswith("It must be 0 or more. Give 0 for a patient observed from the start.")
    assert found[9].endswith("Observation must begin before it ends. Correct one of the two.")
    assert found[10].endswith("A weight is a number above 0. Correct it, or leave the row out.")
    assert found[11].endswith("Name the strategy of every patient.")


def test_twenty_of_a_kind_and_then_their_number(tmp_path: Path) -> None:
    path = written(tmp_path, "months,died,arm,from,number\n" + 25 * "-1,1,new,0,1\n")
    found = refusals(path)
    assert len(found) == 21
    assert found[19].startswith("row 21, column months: the time is -1.")
    assert found[20] == "time: and 5 more with the same kind of problem as in the 20 rows above."


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["the file is empty. Give a header and one row for each patient."]),
        ("months,died,arm,from,number\n\n", ["there are no rows below the header. Give one row for each patient."]),
        (
            "month,died,arm,from\n1,1,a,0\n",
            [
                "row 1: there is no column 'months'. The columns are: month, died, arm, from. Did you mean month?",
                "row 1: there is no column 'number'. The columns are: month, died, arm, from.",
            ],
        ),
        (
            "months,months,died,arm,from,number\n1,1,1,a,0,1\n",
            ["row 1: column 'months' is there more than once. Keep one of them."],
        ),
        (
            "months;died;arm;from;number\n1;1;a;0;1\n",
            [f"row 1: the columns are separated by semicolons. {SAVE}"],
        ),
        (
            "months,died,arm,from,number\n1,1,a,0,1\n2,0,a,0,1\n3,1,b,0,1\n4,1,b,0,1\n",
            [f"strategy a has 1 event among 2 patients. No curve can be estimated with fewer than 2. {CODING}"],
        ),
    ],
)
def test_refused_files(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert refusals(written(tmp_path, text)) == expected


def test_a_missing_and_an_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent.csv: there is no such file. Check the path."):
        read_all(tmp_path / "absent.csv")
    latin = tmp_path / "latin.csv"
    latin.write_bytes("months,died\n1,1,é\n".encode("latin-1"))
    with pytest.raises(InputError, match=r"this is not text in UTF-8. Save it as CSV in UTF-8."):
        read_all(latin)


def test_rows_of_a_sheet_name_their_cells() -> None:
    """Values as a workbook gives them: numbers, text, True and None."""
    columns: dict[str, list[object]] = {"time": [1.5, None, 3], "event": [1, 0, True], "strategy": ["new", None, "new"]}

    def locate(index: int, column: str) -> Location:
        return Location("model.xlsx", "Patients", f"{'ABC'[list(columns).index(column)]}{index + 2}")

    data, problems = check_rows(columns, locate, Location("model.xlsx", "Patients"))
    assert data == {}
    assert [str(problem).partition(":")[0] for problem in problems] == [
        "model.xlsx, Patients!A3",
        "model.xlsx, Patients!B4",
        "model.xlsx, Patients!C3",
    ]
    assert "'True' is not a number" in str(problems[1])
