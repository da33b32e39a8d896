"""What check asks for and how it lists it: rows for each strategy in place of a common one, counts, order of sheets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import FILE, base_outcomes, small_model, small_rows, workbook

from hemodel.analyses.base_case import adjustments
from hemodel.errors import Location, Problem
from hemodel.inputs.model_inputs import check_rows
from hemodel.model.occupancy import Adjustment
from hemodel.publish.console import checked, problem_list, warning_list

if TYPE_CHECKING:
    from hemodel.inputs.cells import RawWorkbook

STRATEGIES = ("standard", "active")


def rows_without(id_: str, own: dict[str, float]) -> RawWorkbook:
    """Return the small model without a common row, and with rows of these strategies instead."""
    rows = {row.id: {name: cell.value for name, cell in row.cells.items()} for row in small_rows().rows}
    del rows[id_]
    return workbook(rows | {f"{id_}.{strategy}": {"value": value} for strategy, value in own.items()})


@pytest.mark.parametrize("id_", ["resource.visit.progression_free", "resource.visit.progressed", "utility.progressed"])
def test_a_row_for_each_strategy_needs_no_common_row(id_: str) -> None:
    """With one strategy's row missing the common one is asked for."""
    values = dict.fromkeys(STRATEGIES, 0.5)
    assert check_rows(Path(FILE), rows_without(id_, values)).problems == ()
    (problem,) = check_rows(Path(FILE), rows_without(id_, {"standard": 0.5})).problems
    assert problem.what == f"the row {id_} is missing"


def test_costs_are_the_same_with_rows_for_each_strategy_alone() -> None:
    """1 visit a month in each arm is what the common row says."""
    id_, common = "resource.visit.progression_free", small_model()
    own = small_model({f"{id_}.{strategy}": 1.0 for strategy in STRATEGIES} | {id_: None})
    assert base_outcomes(own).costs.total.tolist() == base_outcomes(common).costs.total.tolist()


def test_no_more_assumptions_than_inputs_are_counted() -> None:
    """A row without a value is no input, whatever its source says."""
    model = small_model()
    made_up = "assumption: made up for the test"
    blank = {
        id_: replace(row, source=made_up, value=None if id_.startswith("drug.") else row.value)
        for id_, row in model.inputs.rows.items()
    }
    filled = sum(row.value is not None for row in blank.values())
    said = checked(replace(model, inputs=replace(model.inputs, rows=blank)), 0)
    assert filled < len(blank)
    assert f" {filled} inputs ({filled} of them assumptions)," in said


def test_problems_and_warnings_are_in_the_order_of_the_sheets() -> None:
    """Of the template: Settings, Strategies, ..., Utilities; then sheets of data."""
    sheets = ("Data a", "Utilities", "Drugs", "Settings")
    found = [Problem(Location("m.xlsx", sheet, "C5"), f"on {sheet}") for sheet in sheets]
    for text in (problem_list(found), warning_list(found)):
        places = [text.index(f"on {sheet}") for sheet in ("Settings", "Drugs", "Utilities", "Data a")]
        assert places == sorted(places)


def test_an_adjustment_of_nothing_is_not_reported() -> None:
    base = base_outcomes(small_model())
    zero, day = base.life_years.total[0, :1] * 0.0, base.life_years.total[0, :1] * 0.0 + 30.4375
    strategy, exposed = next(iter(base.exposures.items()))
    for gap, count in ((zero, 0), (zero + 0.1, 1)):
        made = replace(exposed, adjustments={"pfs_capped_at_os": Adjustment(day, gap, gap)})
        some = replace(base, exposures={strategy: made})
        assert len(adjustments(some, None)) == count
