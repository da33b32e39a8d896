"""Text for the terminal, and tables as data frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from hemodel.analyses.options import Options
from hemodel.analyses.results import results
from hemodel.analyses.run import Run, run
from hemodel.errors import Location, Problem
from hemodel.publish.console import input_list, problem_list, summary
from hemodel.publish.console_tables import WIDTH
from hemodel.views.registry import tables
from hemodel.views.shared.table import frame

if TYPE_CHECKING:
    from hemodel.analyses.results import Results

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"


@pytest.fixture(scope="module")
def made() -> tuple[Results, Run]:
    done = run(WORKBOOK, Options(parts=("base", "psa"), draws=200))
    return results(done), done


def test_summary_says_what_was_found_and_what_was_adjusted(made: tuple[Results, Run]) -> None:
    text = summary(*made, Path("out"))

    lines = [line.split() for line in text.splitlines()]

    assert max(map(len, text.splitlines())) <= WIDTH
    assert " ".join(text.split()).index("is not cost-effective against Atezolizumab") < text.index("Discounted")
    assert ["Increment", "218,558", "0.465", "0.305", "717,515"] in lines
    assert ["Atezolizumab", *["100.0%"] * 4] in lines
    words = "Overall survival kept at or below what the population's mortality allows for Atezolizumab from month 228.4"
    assert f"Adjusted: {words}" in " ".join(text.split())
    assert text.endswith("Written to out: open report.html first.")


def test_frames_hold_every_digit(made: tuple[Results, Run]) -> None:
    found, done = made
    by_name = {table.name: table for table in tables(found, done)}
    base = frame(by_name["base_case"])

    assert isinstance(base, pd.DataFrame)
    assert base.attrs["title"] == by_name["base_case"].title
    costs = next(column for column in base.columns if column.endswith("Costs"))
    assert base[costs].tolist() == [found.base_case[s].costs.discounted["total"] for s in found.strategies]
    assert all(len(frame(table)) == len(table.rows) for table in by_name.values())


def test_problems_stand_together_by_sheet() -> None:
    problems = [
        Problem(Location("m.xlsx", "Utilities", "C5"), "one"),
        Problem(Location("m.xlsx", "Drugs", "C5"), "two", "because", "do this"),
        Problem(Location("m.xlsx", "Utilities", "C6"), "three?"),
    ]

    assert problem_list(problems).splitlines() == [
        "Error: 3 problems found.",
        "",
        "m.xlsx, Drugs!C5: two. because. do this.",
        "",
        "m.xlsx, Utilities!C5: one.",
        "m.xlsx, Utilities!C6: three?",
    ]


def test_inputs_as_text(made: tuple[Results, Run]) -> None:
    lines = input_list(made[1].model.inputs, as_json=False).splitlines()

    assert lines[0].split("\t")[:3] == ["id", "value", "unit"]
    assert all(len(line.split("\t")) == len(lines[0].split("\t")) for line in lines)
