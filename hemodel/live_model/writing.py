"""From the sheets of a live model to the bytes of a workbook."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from xlsxwriter.worksheet import Worksheet

from hemodel.live_model.formula import Formula, rendered

if TYPE_CHECKING:
    from xlsxwriter.format import Format

    from hemodel.live_model.look import Look
    from hemodel.live_model.sheet import Sheet


class FormulaPage(Worksheet):  # type: ignore[misc]
    """A sheet whose formulas are written as they stand.

    XlsxWriter looks for two hundred functions newer than Excel 2007 in every formula, to give them
    their prefix. There are none here, and looking takes four times as long as all else.
    """

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        """Return the formula without the leading =."""
        return formula.removeprefix("=")


def write_sheet(page: Worksheet, sheet: Sheet, look: Look) -> None:
    """Write every cell of a sheet; formulas with the value they have now.

    Raises
    ------
    ValueError
        Where a formula has no finite value, which is a defect of the model.
    """
    for (row, column), cell in sheet.cells.items():
        style = look.cell_style(cell)
        if isinstance(cell.content, Formula):
            text = rendered(cell.content, range(row + 1, row + 2), sheet.name)[0]
            page.write_formula(row, column, text, style, _stored(cell.content.value, sheet, row, column))
        else:
            _write_constant(page, row, column, cell.content, style)
    for first, column, formula, count, name in sheet.columns:
        values = np.broadcast_to(np.asarray(formula.value), (count,))
        style = look.column_style(name, values)
        texts = rendered(formula, range(first + 1, first + count + 1), sheet.name)
        for i, (text, value) in enumerate(zip(texts, values, strict=True)):
            page.write_formula(first + i, column, text, style, _stored(value, sheet, first + i, column))


def _write_constant(page: Worksheet, row: int, column: int, content: Any, style: Format) -> None:
    """Write a constant; text is always text, whatever it begins with."""
    if content is None or content == "":
        page.write_blank(row, column, None, style)
    elif isinstance(content, bool):
        page.write_boolean(row, column, content, style)
    elif isinstance(content, str):
        page.write_string(row, column, content, style)
    else:
        page.write_number(row, column, float(content), style)


def _stored(value: Any, sheet: Sheet, row: int, column: int) -> Any:
    plain = value.item() if isinstance(value, (np.generic, np.ndarray)) else value
    if isinstance(plain, (bool, str)):
        return plain
    if not math.isfinite(plain):
        message = f"{sheet.name}, row {row + 1}, column {column + 1}: the formula has the value {plain}"
        raise ValueError(message)
    return plain
