"""A utility at or below 0, or of 1, with uncertainty: what its row may have, and advice that the row allows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import FILE, small_rows, workbook

from hemodel.distributions import Distribution
from hemodel.inputs.model_inputs import check_rows

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar
    from hemodel.inputs.model_inputs import Reading

UTILITY, INCIDENCE = "utility.progressed", "adverse_event.rash.incidence.active"


def reading(id_: str, **own: Scalar) -> Reading:
    cells = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    blank: dict[str, Scalar] = {"se": None, "low": None, "high": None, "n": None}
    return check_rows(Path(FILE), workbook(cells | {id_: cells[id_] | blank | own}))


@pytest.mark.parametrize(
    ("id_", "own", "todo"),
    [
        (
            UTILITY,
            {"value": -0.05, "se": 0.04, "distribution": "beta"},
            "What the row gives allows: normal, fixed. With low and high: uniform.",
        ),
        (
            UTILITY,
            {"value": 0, "low": -0.1, "high": 0.1, "distribution": "beta"},
            "What the row gives allows: normal, uniform, fixed.",
        ),
        (
            UTILITY,  # half of a normal distribution around 1 lies above 1
            {"value": 1, "low": 0.9, "high": 1, "distribution": "beta"},
            "What the row gives allows: uniform, fixed.",
        ),
        (
            INCIDENCE,
            {"value": 0, "n": 100, "se": 0.01, "distribution": "beta"},
            "What the row gives allows: beta_counts, fixed. With low and high: uniform.",
        ),
    ],
)
def test_advice_is_what_the_row_allows(id_: str, own: dict[str, Scalar], todo: str) -> None:
    (problem,) = reading(id_, **own).problems
    assert "a beta distribution cannot have the mean" in problem.what
    assert problem.todo == todo
    for name in todo.split(": ", 1)[1].split(".", maxsplit=1)[0].split(", "):
        assert reading(id_, **{**own, "distribution": name}).problems == ()


def test_a_utility_below_zero_has_a_mean_and_a_standard_error() -> None:
    found = reading(UTILITY, value=-0.05, se=0.04, distribution="normal")
    assert found.problems == ()
    assert found.rows[UTILITY].declared() == Distribution("normal", (-0.05, 0.04))


def test_the_lower_bound_is_below_that_of_every_value_set() -> None:
    """The lowest that is published: -1.0259, EQ-5D-5L of Taiwan (Lin et al., PLoS ONE 2018;13:e0209344)."""
    low = reading(UTILITY, value=-0.5, low=-1.0259, high=0, distribution="uniform")
    assert low.problems == ()
    (problem,) = reading(UTILITY, value=-0.5, low=-1.2, high=0, distribution="uniform").problems
    assert "It must lie between -1.1 and 1" in problem.why
