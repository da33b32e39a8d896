"""Problems of the sheet Research, word for word."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from research_support import research_model, research_values
from support import small_model, small_rows

from hemodel.analyses.psa.draws import probabilistic
from hemodel.analyses.research import research, research_note
from hemodel.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hemodel.inputs.cells import Scalar

CASES = tomllib.loads(Path(__file__).with_name("research_problems.toml").read_text(encoding="utf-8"))["case"]


def problems(rows: Mapping[str, Mapping[str, Scalar]]) -> list[str]:
    with pytest.raises(InputError) as caught:
        small_model(None, rows, uncertain=True)
    return [str(problem) for problem in caught.value.problems]


def filled(text: str, rows: Mapping[str, object]) -> str:
    """Put in the cells of rows, which follow those of the small model; CELL is any cell."""
    first = 5 + len(small_rows().rows)

    def cell(hit: re.Match[str]) -> str:
        return f"small.xlsx, Research!value{first + list(rows).index(hit[1])}"

    return re.sub(r"{([a-z0-9_.]+)}", cell, re.sub(r"\s+", " ", text))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_problem(case: dict[str, Any]) -> None:
    rows = {id_: {"value": value} for id_, value in research_values().items()} | case.get("rows", {})
    rows = {id_: {"value": None, **cells} for id_, cells in rows.items() if id_ != case.get("without")}

    found = [re.sub(r"\(small.xlsx, [\w ]+!value\d+\)", "(CELL)", text) for text in problems(rows)]
    assert found == [filled(text, rows) for text in case["problems"]]


def test_one_value_needs_all_the_others_at_once() -> None:
    found = problems({"study.new.kind": {"value": "continuous"}})
    names = ("name", "sizes", "fixed_cost", "cost_per_patient", "reports_after", "method", "informs", "sd")
    needed = ["research.patients_per_year", "research.horizon", *(f"study.new.{name}" for name in names)]
    assert [text.split(" is missing")[0] for text in found] == [
        f"small.xlsx, Research: the row {id_}" for id_ in needed
    ]


def test_a_sheet_without_a_study() -> None:
    rows: dict[str, dict[str, Scalar]] = {"research.patients_per_year": {"value": 5}, "research.horizon": {"value": 5}}
    assert problems(rows) == [
        "small.xlsx, Research: there is no study. The sheet is about studies. Add the rows of one."
    ]


def test_curves_that_are_the_same_in_every_draw() -> None:
    """Published coefficients without a covariance: the study is left out, and a sentence says why."""
    rows: dict[str, dict[str, Scalar]] = {id_: {"value": value} for id_, value in research_values().items()}
    for strategy in ("standard", "active"):
        start = f"curve.os.{strategy}."
        rows |= {
            start + "source": {"value": "coefficients"},
            start + "parameterisation": {"value": "flexsurv_natural"},
            start + "time_unit": {"value": "months"},
            f"coefficient.os.{strategy}.shape": {"value": 1.2, "distribution": "fixed"},
            f"coefficient.os.{strategy}.scale": {"value": 20, "distribution": "fixed"},
        }
    model = small_model(rows=rows, uncertain=True)
    psa = probabilistic(model, 200, 1)
    assert research_note(model, psa) == (
        "study.trial is worth nothing: what it is about is the same in every draw, so there is nothing to learn.",
    )
    found = research(model, psa)
    assert found is not None
    assert "trial" not in [study.id for study in found.studies]


def test_one_size_may_be_a_number() -> None:
    assert research_model({"study.trial.sizes": 100})
