"""From the sheets of a live model to the bytes of a workbook."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from xlsxwriter.worksheet import Worksheet

from hemodel.live_model.formula import Formula, divided, rendered
from hemodel.live_model.sheet import letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xlsxwriter.format import Format

    from hemodel.live_model.look import Look
    from hemodel.live_model.sheet import Sheet


@dataclass(frozen=True)
class ColumnText:
    """Cells below one another with one formula, or with stored numbers, as the file holds them.

    Attributes
    ----------
    name : str
        Letters of the column.
    first : int
        Row of the first, from 0.
    values : sequence
        What they show.
    style : Format
    formula : str
        As XML, with %d where the number of a row stands; empty for stored numbers.
    offsets : tuple of int
        From the row of a cell, counted from 1, to those numbers.
    """

    name: str
    first: int
    values: Sequence[Any]
    style: Format
    formula: str
    offsets: tuple[int, ...]

    def has(self, row: int) -> bool:
        """Whether one of the cells is in a row."""
        return self.first <= row < self.first + len(self.values)

    def cell(self, row: int) -> str:
        """Return the XML of the cell in a row."""
        value, number, kind = self.values[row - self.first], row + 1, ""
        if isinstance(value, bool):
            kind, value = ' t="b"', int(value)
        elif isinstance(value, str):
            kind, value = ' t="str"' if value else "", escape(value, quote=False)
        formula = self.formula % tuple([number + offset for offset in self.offsets])
        style = self.style._get_xf_index()  # noqa: SLF001 - as XlsxWriter's own sheets do
        return f'<c r="{self.name}{number}" s="{style}"{kind}>{formula}<v>{value}</v></c>'


class FormulaPage(Worksheet):  # type: ignore[misc]
    """A sheet whose formulas are written as they stand, and whose long columns are never held cell by cell.

    XlsxWriter looks for two hundred functions newer than Excel 2007 in every formula, to give them
    their prefix. There are none here, and looking takes four times as long as all else.
    """

    def __init__(self) -> None:
        """Begin without columns."""
        super().__init__()
        self.long_columns: dict[int, list[ColumnText]] = {}

    def write_long_column(self, index: int, column: ColumnText) -> None:
        """Keep a column until the sheet is written to its file, row by row."""
        self.long_columns.setdefault(index, []).append(column)
        for row in (column.first, column.first + len(column.values) - 1):
            self._check_dimensions(row, index)

    def _prepare_formula(self, formula: str, expand_future_functions: bool = False) -> str:
        """Return the formula without the leading =."""
        return formula.removeprefix("=")

    def _write_rows(self) -> None:
        """Write every row: the cells that XlsxWriter keeps, and those of long columns."""
        parts = [(index, part) for index in sorted(self.long_columns) for part in self.long_columns[index]]
        for row in range(self.dim_rowmin, self.dim_rowmax + 1):
            kept, info = self.table.get(row, {}), self.row_info.get(row)
            made = {index: part for index, part in parts if part.has(row)}
            if not kept and not made:
                if info is not None:
                    self._write_empty_row(row, None, info)
                continue
            self._write_row(row, None, info)
            for index in sorted({*kept, *made}) if kept else made:
                if index in made:
                    self.fh.write(made[index].cell(row))
                else:
                    self._write_cell(row, index, kept[index])
            self._xml_end_tag("row")

    def _get_range_data(self, row_start: int, col_start: int, row_end: int, col_end: int) -> list[Any]:
        """Return what the cells of a range show, which a chart keeps until a program recalculates."""
        places = [(row, index) for row in range(row_start, row_end + 1) for index in range(col_start, col_end + 1)]
        return [value for place in places for value in self._shown(*place)]

    def _shown(self, row: int, index: int) -> list[Any]:
        made = [part.values[row - part.first] for part in self.long_columns.get(index, ()) if part.has(row)]
        found: list[Any] = made or super()._get_range_data(row, index, row, index)
        return found


def write_sheet(page: FormulaPage, sheet: Sheet, look: Look) -> None:
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
    for first, index, formula, count, name in sheet.columns:
        values = np.broadcast_to(np.asarray(formula.value), (count,))
        shown = [_stored(value, sheet, first + i, index) for i, value in enumerate(values.tolist())]
        pieces, offsets = divided(formula, sheet.name)
        text = "%d".join(escape(piece, quote=False).replace("%", "%%") for piece in pieces)
        text = f"<f>{text}</f>" if text else ""
        style = look.column_style(name, values)
        page.write_long_column(index, ColumnText(letter(index), first, shown, style, text, tuple(offsets)))


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
