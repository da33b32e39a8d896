"""The calculation of the live model for small models, and its sheets as a workbook, with inputs edited or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import xlsxwriter

from hemodel.inputs.cell_formats import Formats
from hemodel.live_model.building import Calculation, add_calculation
from hemodel.live_model.coefficients import add_curves, curves_sheet
from hemodel.live_model.comparison import Comparison, add_comparison
from hemodel.live_model.formula import as_formula
from hemodel.live_model.look import Look
from hemodel.live_model.parameters import Parameters, add_parameters
from hemodel.live_model.psa import PsaSheet, stored_draws
from hemodel.live_model.sheet import Sheet, SheetCell, add_checks
from hemodel.live_model.writing import FormulaPage, write_sheet

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hemodel.inputs.rows import Row
    from hemodel.model.evaluate import Model

SELECTOR = (3, 2)
DRAWS, SEED = 2, 1


@dataclass(frozen=True)
class Live:
    """A model with its calculation by formula."""

    model: Model
    parameters: Parameters
    calculation: Calculation
    comparison: Comparison
    sheets: tuple[Sheet, ...]

    @property
    def results(self) -> Sheet:
        return self.sheets[0]


def live(model: Model) -> Live:
    """Return the calculation by formula of a model without background mortality."""
    psa = PsaSheet(model, stored_draws(model, DRAWS, SEED))
    results = Sheet("Model results", "Results", "Results.")
    parameters = add_parameters(model.inputs, psa, results.write(*SELECTOR, 0, "selector"))
    coefficients = curves_sheet()
    naturals = add_curves(coefficients, model, parameters)
    taken = {"model results", "model inputs", "model psa", "model curves"}
    made = add_calculation(model, parameters, naturals, results, taken)
    beside = add_comparison(made.results, parameters, made.strategies, as_formula(0))
    checks = add_checks(made.checks).sheet
    return Live(
        model,
        parameters,
        made,
        beside,
        (results, beside.sheet, parameters.sheet, coefficients, *made.sheets, checks, psa.sheet),
    )


def save(path: Path, given: Live, rows: Mapping[str, Row], draw: int = 0) -> Path:
    """Write the sheets with the inputs of some rows, which may differ from those of the model, and a draw selected.

    Stored values are those of the model, so that only recalculation can bring what the rows imply.
    """
    given.results.cells[SELECTOR] = SheetCell(draw, "selector")
    with xlsxwriter.Workbook(path) as book:
        look = Look(Formats(book))
        for sheet in given.sheets:
            write_sheet(book.add_worksheet(sheet.name, FormulaPage), sheet, look)
        for name in dict.fromkeys(row.sheet for row in rows.values()):
            page = book.add_worksheet(name)
            own = [row for row in rows.values() if row.sheet == name]
            for place, row in enumerate(own, start=5):
                page.write_string(place, 0, row.id)
                page.write(place, 2, row.value)
    given.results.cells[SELECTOR] = SheetCell(0, "selector")
    return path
