"""Problems of the sheet Budget impact, word for word."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from budget_support import budget_model, budget_values
from support import small_model, small_rows, workbook

from hemodel.analyses.load import load_rows
from hemodel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.cells import Scalar

CASES = tomllib.loads(Path(__file__).with_name("budget_problems.toml").read_text(encoding="utf-8"))["case"]


def problems(rows: Mapping[str, Mapping[str, Scalar]]) -> list[str]:
    with pytest.raises(InputError) as caught:
        small_model(None, rows)
    return [str(problem) for problem in caught.value.problems]


def filled(text: str, rows: Mapping[str, object]) -> str:
    """Put in the cells of rows, which follow those of the small model: {id} with the sheet, <id> without."""
    first = 5 + len(small_rows().rows)

    def cell(hit: re.Match[str]) -> str:
        id_, column = (hit[2], "value") if hit[2] in rows else hit[2].rsplit(".", maxsplit=1)
        place = f"{column}{first + list(rows).index(id_)}"
        return f"small.xlsx, Budget impact!{place}" if hit[1] == "{" else place

    return re.sub(r"([{<])([a-z0-9_.]+)[}>]", cell, re.sub(r"\s+", " ", text))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_problem(case: dict[str, Any]) -> None:
    rows = {id_: {"value": value} for id_, value in budget_values((0.2, 0.4)).items()} | case.get("rows", {})
    rows = {id_: {"value": None, **cells} for id_, cells in rows.items() if id_ != case.get("without")}

    assert problems(rows) == [filled(text, rows) for text in case["problems"]]


def test_one_value_needs_all_the_others_at_once() -> None:
    found = problems({"budget.years": {"value": 1}})
    shares = [f"share_{side}.{s}.year_1" for side in ("without", "with") for s in ("standard", "active")]
    names = [f"budget.{name}" for name in ("first_year", "entry", "patients", "growth", *shares)]

    assert [text.split(" is missing")[0] for text in found] == [
        f"small.xlsx, Budget impact: the row {name}" for name in names
    ]


def test_shares_may_differ_from_1_by_a_millionth() -> None:
    assert budget_model({"budget.share_with.active.year_1": 0.2 + 9e-7})


def test_years_after_the_last_are_not_read() -> None:
    assert budget_model({"budget.share_with.active.year_9": 0.9})


def test_a_share_may_vary_beside_one_other_of_0_but_not_beside_several() -> None:
    """With two strategies the other one takes the rest; with more it is for the workbook to say who does."""
    varying = {"budget.share_without.standard.year_1": {"value": 1, "low": 0.9, "high": 1}}
    assert budget_model(rows=varying)

    raw = workbook(third_strategy() | {id_: {"value": v} for id_, v in budget_values((0.2,)).items()} | varying | {
        f"budget.share_{side}.third.year_1": {"value": 0} for side in ("with", "without")
    })  # fmt: skip
    with pytest.raises(InputError) as caught:
        load_rows(Path("small.xlsx"), raw)
    (problem,) = caught.value.problems
    assert (problem.where.sheet, problem.what) == (
        "Budget impact",
        "budget.share_without.standard.year_1 varies from 0.9, but every other share of its year is 0",
    )
    assert problem.why == "When one share moves the others of the year keep their proportions, and zeros have none"
    assert problem.todo == "Clear low and high, or give another strategy a share."


def third_strategy() -> dict[str, dict[str, Scalar]]:
    """The rows of the small model, and those of its active strategy again under another name."""
    rows = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    copies = {id_: cells for id_, cells in rows.items() if "active" in id_.split(".")}
    return rows | {
        id_.replace("active", "third"): {**cells, "id": id_.replace("active", "third")} for id_, cells in copies.items()
    }
