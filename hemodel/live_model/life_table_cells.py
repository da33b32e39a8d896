"""The hazards of a life table as formulas of the sheet that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.inputs.files import data_sheet
from hemodel.live_model.formula import Formula, as_formula, ln, quoted
from hemodel.live_model.sheet import letter
from hemodel.survival.acting.life_table_rows import PROBABILITIES, RATES
from hemodel.survival.workbook.tables import tables_named

if TYPE_CHECKING:
    from hemodel.inputs.cells import DataTable
    from hemodel.inputs.model_inputs import ModelInputs
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
    text = inputs.rows["background.life_table"].text
    carried = tables_named(inputs)
    sheet = carried[text] if text in carried else carried[data_sheet(text)]
    filled = [(i, row) for i, row in enumerate(sheet.rows) if any(value is not None for value in row)]
    header = ["" if name is None else str(name).strip() for name in filled[0][1]]
    names = PROBABILITIES if PROBABILITIES[0] in header else RATES
    places = [i for i, _ in filled[1:]][: table.ages.size]
    men, women = ([_hazard(sheet, i, header.index(name), name) for i in places] for name in names)
    return men, women


def _hazard(sheet: DataTable, row: int, column: int, name: str) -> Formula:
    """Return a rate, or -ln(1 - q) of a probability; a cell that holds text is taken as it was read."""
    held = sheet.rows[row][column]
    value = float(held) if isinstance(held, (int, float, str)) else float("nan")
    cell = Formula(f"{quoted(sheet.sheet)}!${letter(column)}${row + 1}", value)
    if isinstance(held, str):
        cell = as_formula(value)
    return -ln(1.0 - cell) if name in PROBABILITIES else cell
