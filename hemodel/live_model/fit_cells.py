"""Which cells the curves were fitted to, and whether one of them has changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from hemodel.inputs.dictionary import columns, sheets
from hemodel.live_model.formula import Formula, sum_of_products
from hemodel.live_model.parameters import LAST_INPUT_ROW
from hemodel.live_model.sheet import Column, Sheet, Table, letter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.inputs.rows import Row
    from hemodel.live_model.parameters import Parameters

SHEET = "Model fit"
FIRST_ROW = 6


@dataclass(frozen=True)
class FitCells:
    """The cells that fits depend on.

    Attributes
    ----------
    sheet : Sheet
    refit : mapping from endpoint to Formula
        How many cells of the fit of an endpoint have changed and are not followed by a
        formula.
    """

    sheet: Sheet
    refit: Mapping[str, Formula]


def add_fit_cells(
    inputs: ModelInputs,
    parameters: Parameters,
    cells: Mapping[str, Sequence[tuple[str, str]]],
    followed: Mapping[str, frozenset[str]],
) -> FitCells:
    """Return the sheet that compares every cell the fits depend on with what it was when the model was written.

    Parameters
    ----------
    inputs : ModelInputs
    parameters : Parameters
        Notes there which inputs the fits read.
    cells : mapping from endpoint to sequence of (id, column)
    followed : mapping from endpoint to ids
        Inputs whose value a formula follows, so that a change of it needs no refit.
    """
    purpose = (
        "The curves are fitted by hemodel, not by formula. This sheet lists every cell the fits depend on. Where one "
        "has changed, the curve needs a refit: save the file and run hemodel on it, or write the live model anew."
    )
    sheet = Sheet(SHEET, "What the curves were fitted to", purpose, frozen=(FIRST_ROW, 2))
    listed = [(endpoint, id_, column) for endpoint, some in cells.items() for id_, column in some]
    for endpoint, id_, _ in listed:
        parameters.note(id_, f"fit of {endpoint}")
    table = Table(sheet, FIRST_ROW, max(len(listed), 1))
    if not listed:
        listed = [("", "", "")]
    endpoint_column = table.add("Endpoint", [endpoint for endpoint, _, _ in listed], "text")
    table.add("Id", [id_ for _, id_, _ in listed], "text")
    table.add("Column", [columns()[column].header if column else "" for _, _, column in listed], "text")
    rows = [inputs.rows.get(id_) for _, id_, _ in listed]
    then = [_value(row, column) for row, (_, _, column) in zip(rows, listed, strict=True)]
    contents = [
        _now(row, column, FIRST_ROW + i, value)
        for i, (row, (_, _, column), value) in enumerate(zip(rows, listed, then, strict=True))
    ]
    now = table.add_each("Now", contents, "number")
    written = table.add("When fitted", then, "stored number")
    same = now.equals(written)
    changed = table.add("Changed", Formula(f"IF({same.text},0,1)", np.zeros(len(listed))), "count")
    by_formula = [float(column == "value" and id_ in followed.get(endpoint, ())) for endpoint, id_, column in listed]
    formula = table.add("Followed by formula", by_formula, "count")
    refit = {endpoint: _count(endpoint, endpoint_column, changed, formula) for endpoint in cells}
    return FitCells(sheet, refit)


def _count(endpoint: str, endpoints: Column, changed: Column, followed: Column) -> Formula:
    mine = endpoints.range.equals(endpoint)
    return sum_of_products(
        Formula(f"({mine.text})", np.asarray(endpoints.value == endpoint, dtype=float)),
        changed.range,
        Formula(f"(1-{followed.range.text})", 1.0 - np.asarray(followed.value)),
    )


def _value(row: Row | None, column: str) -> Any:
    if row is None:
        return ""
    value = row.value if column == "value" else getattr(row, column)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else value


def _now(row: Row | None, column: str, at: int, value: Any) -> Formula:
    if row is None:
        return Formula('""', "")
    page, place = f"'{row.sheet}'", letter(sheets()[row.sheet].columns.index(column))
    area = f"{page}!${place}$1:${place}${LAST_INPUT_ROW}"
    found = f"INDEX({area},MATCH($B${at + 1},{page}!$A$1:$A${LAST_INPUT_ROW},0))"
    if column == "use_in_fit":
        return Formula(f'IF({found}="yes","yes","no")', value)
    return Formula(f'IF({found}="","",{found})', value)
