"""The hazards of a life table, and utility norms, as formulas of the sheets that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.inputs.files import data_sheet
from hemodel.live_model.formula import Formula, as_formula, ln, quoted
from hemodel.live_model.sheet import letter
from hemodel.population import NORMS, UTILITIES
from hemodel.survival.acting.life_table_rows import PROBABILITIES, RATES
from hemodel.survival.workbook.tables import tables_named

if TYPE_CHECKING:
    from hemodel.inputs.cells import DataTable
    from hemodel.inputs.model_inputs import ModelInputs
    from hemodel.population import Norms
    from hemodel.survival.acting.life_tables import LifeTable


def hazards_by_cell(inputs: ModelInputs, table: LifeTable) -> tuple[list[Formula], list[Formula]]:
    """Return the yearly hazards of men and of women, one formula for each age of a life table.

    Parameters
    ----------
    inputs : ModelInputs
        Of a workbook that has, or will be written with, the sheet of the table.
    table : LifeTable
        As it was read.
    """
    sheet, header, rows = _carried(inputs, "background.life_table")
    names = PROBABILITIES if PROBABILITIES[0] in header else RATES
    places = rows[: table.ages.size]
    men, women = ([_hazard(sheet, i, header.index(name), name) for i in places] for name in names)
    return men, women


def norms_by_cell(inputs: ModelInputs, norms: Norms) -> tuple[list[Formula], list[Formula]]:
    """Return the norms of men and of women, the cell of each age, of a workbook that has or will have their sheet."""
    sheet, header, rows = _carried(inputs, NORMS)
    men, women = ([_cell(sheet, i, header.index(name)) for i in rows] for name in UTILITIES)
    return men[: norms.ages.size], women[: norms.ages.size]


def _carried(inputs: ModelInputs, id_: str) -> tuple[DataTable, list[str], list[int]]:
    """Return the sheet with the table that a row names, its header, and its rows that are not empty."""
    text, carried = inputs.rows[id_].text, tables_named(inputs)
    sheet = carried[text] if text in carried else carried[data_sheet(text)]
    filled = [(i, row) for i, row in enumerate(sheet.rows) if any(value is not None for value in row)]
    header = ["" if name is None else str(name).strip() for name in filled[0][1]]
    return sheet, header, [i for i, _ in filled[1:]]


def _hazard(sheet: DataTable, row: int, column: int, name: str) -> Formula:
    """Return a rate, or -ln(1 - q) of a probability."""
    cell = _cell(sheet, row, column)
    return -ln(1.0 - cell) if name in PROBABILITIES else cell


def _cell(sheet: DataTable, row: int, column: int) -> Formula:
    """Return a cell with a number; one that holds text is taken as it was read."""
    held = sheet.rows[row][column]
    value = float(held) if isinstance(held, (int, float, str)) else float("nan")
    cell = Formula(f"{quoted(sheet.sheet)}!${letter(column)}${row + 1}", value)
    return as_formula(value) if isinstance(held, str) else cell
