"""Workbooks of curves by formula: every family on a sheet of its own, and the curves of small models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xlsxwriter
from contracts.test_families import CASES, RESOLVED

from hemodel.inputs.cell_formats import Formats
from hemodel.inputs.writing import write_table
from hemodel.live_model.coefficients import add_curves, curves_sheet
from hemodel.live_model.curves import StrategyCurves
from hemodel.live_model.families import cumulative_hazard
from hemodel.live_model.formula import as_formula
from hemodel.live_model.look import Look
from hemodel.live_model.parameters import add_parameters
from hemodel.live_model.points import Boundaries, Points
from hemodel.live_model.population import BackgroundSheet, add_background
from hemodel.live_model.psa import PsaSheet, stored_draws
from hemodel.live_model.sheet import Sheet, SheetCell, SheetTable, WorkingCells
from hemodel.live_model.writing import FormulaPage, write_sheet
from hemodel.model.curve_effects import acted_survival, whole_block
from hemodel.model.evaluate import base_draws
from hemodel.survival.workbook.tables import tables_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from live.recalculation import Recalculated
    from numpy.typing import NDArray

    from hemodel.inputs.rows import Row
    from hemodel.live_model.formula import Formula
    from hemodel.live_model.sheet import SheetColumn
    from hemodel.model.evaluate import Model
    from hemodel.survival.family import Family

    Array = NDArray[np.float64]

SELECTOR = (3, 2)
POPULATION = "population"
DRAWS, SEED = 2, 1
TIMES = np.concatenate([[0.0, 1e-6, 0.01], 0.3 * 1.5 ** np.arange(18.0), [480.0]])
"""Months at which families are compared."""


@dataclass(frozen=True)
class Compared:
    """A column of formulas and what the engine has there."""

    label: str
    column: SheetColumn
    expected: Array

    def recalculated(self, book: Recalculated) -> Array:
        """Return the column as LibreOffice calculates it; NaN where a cell is no number."""
        rows = book.sheet(self.column.sheet.name)
        return np.array([_number(rows[self.column.first + i], self.column.index) for i in range(self.column.rows)])


@dataclass(frozen=True)
class Book:
    """Sheets that refer to one another, and what is to be compared on them."""

    sheets: tuple[Sheet, ...]
    compared: tuple[Compared, ...]
    model: Model | None = None
    background: BackgroundSheet | None = None


def families() -> Book:
    """Every family with every vector of parameters of the contract: survival at `TIMES`."""
    sheets, compared = [], []
    for number, (name, natural) in enumerate(CASES):
        sheet = Sheet(f"Family {number}", name)
        sheets.append(sheet)
        compared.append(family_on(sheet, RESOLVED[name], natural))
    return Book(tuple(sheets), tuple(compared))


def family_on(sheet: Sheet, shape: Family, natural: Sequence[float]) -> Compared:
    """Put a family with some parameters on a sheet: survival at `TIMES`."""
    workings = WorkingCells(sheet, TIMES.size + 10, 0)
    table = SheetTable(sheet, 6, TIMES.size)
    t = table.add("Month", TIMES.tolist(), "number")
    cells = [workings.single(label, as_formula(value)) for label, value in zip(shape.parameters, natural, strict=True)]

    def keep(header: str, formula: Formula) -> Formula:
        return table.add(header, formula, "number")

    hazard = table.add("Cumulative hazard", cumulative_hazard(shape, cells, t, keep, workings), "number")
    expected = shape.survival(TIMES, shape.coefficients(np.array([natural])))[0]
    return Compared(f"{shape.name}{tuple(natural)}", hazard, expected)


def powers() -> Book:
    """Expressions of 2 in which a minus stands beside a power."""
    sheet = Sheet("Powers", "Powers")
    table = SheetTable(sheet, 6, 1)
    two = table.add("Two", [2.0], "number")
    given = (-(two**2), (-two) ** 2, two**-two, 1.0 - two**2, -(two ** (1.0 + two)), (two**2) ** -two)
    made = [table.add(f"Power {i}", formula, "number") for i, formula in enumerate(given)]
    return Book((sheet,), tuple(Compared(c.text, c, np.asarray(c.value, dtype=float)) for c in made))


def curves(model: Model, draw: int = 0) -> Book:
    """The curves of every strategy at the boundaries of cycles and on the days of the model's grid within them."""
    psa = PsaSheet(model, stored_draws(model, DRAWS, SEED))
    front = Sheet("Model results", "Results", "Results.")
    parameters = add_parameters(model.inputs, psa, front.write(*SELECTOR, draw, "selector"))
    coefficients = curves_sheet()
    naturals = add_curves(coefficients, model, parameters)
    background = add_background(model, parameters)
    naturals.population = None if background is None else background.population_hazard
    expected = _survival(model, psa, draw)
    sheets, compared = [front, parameters.sheet, psa.sheet, coefficients], []
    for number, strategy in enumerate(model.strategies, start=1):
        bounds, days = Sheet(f"Boundaries {number}", strategy), Sheet(f"Days {number}", strategy)
        line = model.time_grid.timeline
        places = np.arange(line.days.size) if line.cycles is None else line.cycles.boundaries
        boundaries = _boundaries(model, bounds, places, background)
        made = StrategyCurves(model, strategy, parameters, naturals, boundaries)
        place = None if line.cycles is None else _days(model, days, background)
        if boundaries.population is not None and background is not None:
            known = background.engine.cumulative_hazard(line.months[places])
            compared.append(Compared(POPULATION, boundaries.population, known))
        for endpoint in made.endpoints:
            label = f"{strategy}, {endpoint}"
            found = expected[endpoint, strategy]
            compared.append(Compared(label, made.survival(endpoint), found[places]))
            if place is not None and line.cycles is not None:
                within = made.within(endpoint, place)
                compared.append(Compared(f"{label}, within cycles", within, found[line.cycles.inner]))
        sheets += [bounds, days] if place is not None else [bounds]
    if background is not None:
        sheets.append(background.sheet)
    return Book(tuple(sheets), tuple(compared), model, background)


def save(path: Path, book: Book, rows: Mapping[str, Row] | None = None, draw: int = 0) -> Path:
    """Write the sheets of a book, with the inputs of its model or those of some rows, and a draw selected.

    Stored values are those of the model, so that only recalculation can bring what other rows imply.
    """
    with xlsxwriter.Workbook(path) as file:
        formats = Formats(file)
        look = Look(formats)
        for sheet in book.sheets:
            if sheet.name == "Model results":
                sheet.cells[SELECTOR] = SheetCell(draw, "selector")
            write_sheet(file.add_worksheet(sheet.name, FormulaPage), sheet, look)
        if book.model is not None:
            _write_inputs(file, book.model.inputs.rows if rows is None else rows)
            for table in tables_named(book.model.inputs).values():
                write_table(file, formats, table)
    return path


def _write_inputs(file: xlsxwriter.Workbook, rows: Mapping[str, Row]) -> None:
    for name in dict.fromkeys(row.sheet for row in rows.values()):
        page = file.add_worksheet(name)
        for place, row in enumerate((row for row in rows.values() if row.sheet == name), start=5):
            page.write_string(place, 0, row.id)
            page.write(place, 2, row.value)


def _survival(model: Model, psa: PsaSheet, draw: int) -> dict[tuple[str, str], Array]:
    """What the engine has on its grid in the base case or in a draw."""
    draws = dict(base_draws(model))
    if draw:
        for name, array in psa.stored.inputs.items():
            draws[name] = array[draw : draw + 1] if name.startswith("curve.") else array[draw : draw + 1, 0]
    fitted = {name: fit.curves for name, fit in model.fits.items()}
    block = whole_block(fitted, model.curve_effects, draws)
    return {
        (endpoint, strategy): acted_survival(model.time_grid, fitted, model.curve_effects, block, endpoint, strategy)[
            0
        ][0]
        for endpoint, of in fitted.items()
        for strategy in of.columns
    }


def _boundaries(
    model: Model, sheet: Sheet, places: Sequence[int] | NDArray[np.intp], background: BackgroundSheet | None
) -> Boundaries:
    line = model.time_grid.timeline
    table = SheetTable(sheet, 6, len(places))
    number = table.add("Cycle", list(range(len(places))), "count")
    day = table.add("Day", line.days[places].tolist(), "date")
    months = table.add("Month", line.months[places].tolist(), "time")
    if background is None:
        return Boundaries(table, number, day, months, None)
    return Boundaries(
        table, number, day, months, table.add("Population", background.population_hazard(months), "number")
    )


def _days(model: Model, sheet: Sheet, background: BackgroundSheet | None) -> Points:
    line = model.time_grid.timeline
    assert line.cycles is not None
    table = SheetTable(sheet, 6, line.cycles.inner.size)
    months = table.add("Month", line.months[line.cycles.inner].tolist(), "time")
    before = table.add("Boundary before", (line.cycles.before + 1).tolist(), "count")
    if background is None:
        return Points(table, months, None, boundary=before)
    population = table.add("Population", background.population_hazard(months), "number")
    return Points(table, months, population, boundary=before)


def _number(row: list[str], index: int) -> float:
    try:
        return float(row[index])
    except (IndexError, ValueError):
        return float("nan")
