"""Digitised curves and risk tables: every problem by file, row and column, and nothing repaired in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from hemodel.errors import InputError, Location
from hemodel.survival.digitised import check_curve, check_risk_table, read_curve, read_digitised, read_risk_table

if TYPE_CHECKING:
    from pathlib import Path


def written(folder: Path, text: str, name: str = "curve.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def lines_of(path: Path, error: pytest.ExceptionInfo[InputError]) -> list[str]:
    """Return the messages without the folder."""
    return str(error.value).replace(f"{path.parent}/", "").splitlines()


def test_read_curve(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, "\ufefftime,survival\n0,1\n\n1.5,0.9\n3,0.9\n3,0.8\n"))
    np.testing.assert_array_equal(curve.time, [0.0, 1.5, 3.0, 3.0])
    np.testing.assert_array_equal(curve.survival, [1.0, 0.9, 0.9, 0.8])
    assert curve.notes == ()


def test_columns_in_any_order(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, "survival, time\n1,0\n0.5,2\n"))
    np.testing.assert_array_equal(curve.time, [0.0, 2.0])


def test_first_point_is_added_and_said(tmp_path: Path) -> None:
    curve = read_curve(written(tmp_path, "time,survival\n1,0.9\n2,0.8\n"))
    np.testing.assert_array_equal(curve.time, [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(curve.survival, [1.0, 0.9, 0.8])
    assert curve.notes == ("The point (0, 1) was added before the first reading.",)


def test_small_rises_are_flattened_and_counted(tmp_path: Path) -> None:
    """0.802 after 0.8 and 0.997 at time 0 are within the reading error of 0.005; 0.8 is what stands before."""
    curve = read_curve(written(tmp_path, "time,survival\n0,0.997\n1,0.8\n2,0.802\n3,0.801\n4,0.7\n"))
    np.testing.assert_array_equal(curve.survival, [1.0, 0.8, 0.8, 0.8, 0.7])
    assert curve.notes == (
        (
            "3 of 5 readings rose, or were below 1 at time 0, by at most 0.0030; "
            "they were set to the lowest survival before them (1 at time 0)."
        ),
    )


def test_small_rises_do_not_add_up(tmp_path: Path) -> None:
    """Each step is 0.004, but the third is 0.008 above the lowest."""
    path = written(tmp_path, "time,survival\n0,1\n1,0.8\n2,0.804\n3,0.808\n")
    with pytest.raises(InputError) as error:
        read_curve(path)
    assert lines_of(path, error) == [
        (
            "curve.csv, row 5, column survival: survival rises from 0.8 to 0.808, more than an error of reading "
            "(0.005). Read the point again."
        )
    ]


def test_all_problems_of_a_curve(tmp_path: Path) -> None:
    path = written(tmp_path, "time,survival\n0,0.9\n-1,0.9\n1,eighty\n2,80\n1.5,0.7\n,0.6\n3,0.75\n")
    with pytest.raises(InputError) as error:
        read_curve(path)
    assert lines_of(path, error) == [
        "curve.csv, row 7, column time: an empty cell is not a number. Give a number in every row.",
        "curve.csv, row 4, column survival: 'eighty' is not a number. Give a number in every row.",
        "curve.csv, row 3, column time: the time is -1. Times start at 0.",
        "curve.csv, row 5, column survival: survival is 80; it must lie between 0 and 1. Was it a percentage?",
        "curve.csv, row 3, column time: the time goes back from 0 to -1. Sort the points.",
        "curve.csv, row 6, column time: the time goes back from 2 to 1.5. Sort the points.",
        (
            "curve.csv, row 8, column survival: survival rises from 0.6 to 0.75, more than an error of reading "
            "(0.005). Read the point again."
        ),
        (
            "curve.csv, row 2, column survival: survival at time 0 is 0.9; a curve starts at 1. "
            "Check the axes of the figure."
        ),
    ]


def test_percentages_are_listed_twenty_times(tmp_path: Path) -> None:
    """Row 2 is 100 and rows 3 to 51 are 99 to 51: 50 rows outside 0-1, of which 20 are listed."""
    text = "time,survival\n" + "".join(f"{k},{100 - k}\n" for k in range(50))
    path = written(tmp_path, text)
    with pytest.raises(InputError) as error:
        read_curve(path)
    found = lines_of(path, error)
    assert len(found) == 21
    assert found[-1] == "curve.csv: survival: and 30 more with the same kind of problem as in the 20 rows above."


def test_nothing_after_time_0(tmp_path: Path) -> None:
    path = written(tmp_path, "time,survival\n0,1\n")
    with pytest.raises(InputError) as error:
        read_curve(path)
    assert lines_of(path, error) == ["curve.csv: the curve has no point after time 0. Give its points."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "curve.csv: the file is empty. The first row is time,survival."),
        (
            "time,survivel\n0,1\n",
            "curve.csv: there is no column 'survival'. Did you mean survivel? The first row is time,survival.",
        ),
        (
            "time,survival,arm\n0,1,a\n",
            "curve.csv: the columns arm are unknown or there twice. The first row is time,survival.",
        ),
        ("time,survival\n0,1\n1,0,9\n", "curve.csv, row 3: there are 3 cells. Write decimals with a point."),
    ],
)
def test_what_is_no_table(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(InputError) as error:
        read_curve(path)
    assert lines_of(path, error) == [message]


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.csv: there is no such file\. Check the path\."):
        read_curve(tmp_path / "absent.csv")


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_bytes(b"\xff\xfe\x00time")
    with pytest.raises(InputError, match="this is not text in UTF-8"):
        read_curve(path)


def test_read_risk_table(tmp_path: Path) -> None:
    risk = read_risk_table(written(tmp_path, "time,at_risk\n0,120\n6,80.0\n12,80\n"))
    np.testing.assert_array_equal(risk.time, [0.0, 6.0, 12.0])
    np.testing.assert_array_equal(risk.at_risk, [120.0, 80.0, 80.0])


def test_all_problems_of_a_risk_table(tmp_path: Path) -> None:
    path = written(tmp_path, "time,at_risk\n1,120\n6,80.5\n6,90\n12,-3\n18,x\n", "risk.csv")
    with pytest.raises(InputError) as error:
        read_risk_table(path)
    assert lines_of(path, error) == [
        "risk.csv, row 6, column at_risk: 'x' is not a number. Give a number in every row.",
        "risk.csv, row 3, column at_risk: the number at risk is 80.5. Give a whole number, 0 or more.",
        "risk.csv, row 5, column at_risk: the number at risk is -3. Give a whole number, 0 or more.",
        "risk.csv, row 4, column time: the time does not increase, from 6 to 6. Give each time once, in order.",
        (
            "risk.csv, row 4, column at_risk: the number at risk rises from 80.5 to 90. "
            "Numbers at risk only fall; read the row again."
        ),
        "risk.csv, row 2, column time: the first time is 1, not 0. Add the row of time 0.",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,at_risk\n", "risk.csv: the risk table has no rows. Give at least time 0 and the patients."),
        (
            "time,at_risk\n0,0\n",
            "risk.csv, row 2, column at_risk: 0 patients are at risk at the first time. Read it again.",
        ),
    ],
)
def test_no_patients(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text, "risk.csv")
    with pytest.raises(InputError) as error:
        read_risk_table(path)
    assert lines_of(path, error) == [message]


def test_curve_and_table_together(tmp_path: Path) -> None:
    curve = written(tmp_path, "time,survival\n0,1\n10,0.5\n")
    risk = written(tmp_path, "time,at_risk\n0,20\n12,3\n", "risk.csv")
    with pytest.raises(InputError) as error:
        read_digitised(curve, risk, 21)
    assert lines_of(curve, error) == [
        (
            "risk.csv: risk table longer than the curve: it runs to 12 and the curve to 10. "
            "Read the curve to its end, or leave out the columns beyond it."
        ),
        (
            "risk.csv: 21 events are more than the 20 patients at risk at time 0. "
            "Check the total of events and the first number at risk."
        ),
    ]


def test_problems_of_both_files(tmp_path: Path) -> None:
    curve = written(tmp_path, "time,survival\n0,1\n10,50\n")
    risk = written(tmp_path, "time,at_risk\n1,20\n", "risk.csv")
    with pytest.raises(InputError) as error:
        read_digitised(curve, risk, None)
    assert [line.split(":")[0] for line in lines_of(curve, error)] == [
        "curve.csv, row 3, column survival",
        "risk.csv, row 2, column time",
    ]


def test_a_good_pair(tmp_path: Path) -> None:
    curve = written(tmp_path, "time,survival\n0,1\n10,0.5\n")
    risk = written(tmp_path, "time,at_risk\n0,20\n10,3\n", "risk.csv")
    read, table = read_digitised(curve, risk, 20)
    assert read.time[-1] == table.time[-1] == 10.0


def test_rows_of_a_sheet() -> None:
    """Row 0 of the data stands in row 5 of the sheet, with time in column B."""

    def locate(row: int, column: str) -> Location:
        return Location("model.xlsx", "Curves", f"{'BC'[column != 'time']}{row + 5}")

    columns: dict[str, list[object]] = {"time": [0, 1, True], "survival": [1, 1.2, None]}
    curve, problems = check_curve(columns, locate, Location("model.xlsx", "Curves"))
    assert curve is None
    assert [str(problem.where) for problem in problems] == [
        "model.xlsx, Curves!B7",
        "model.xlsx, Curves!C7",
        "model.xlsx, Curves!C6",
    ]
    risk, problems = check_risk_table({"time": [0], "at_risk": [10]}, locate, Location("model.xlsx", "Curves"))
    assert risk is not None
    assert not problems
