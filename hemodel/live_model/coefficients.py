"""The coefficients of all curves: as fitted, as refitted by formula, as drawn, and the one in use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hemodel.live_model.formula import Formula, Natural, as_formula, call, exp, exp_of_negative, total, when
from hemodel.live_model.refit import exact_refit, followed
from hemodel.live_model.sheet import Sheet, SheetTable, WorkingCells
from hemodel.survival.curve_spec import EFFECTS, INDEPENDENT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hemodel.live_model.parameters import Parameters
    from hemodel.model.evaluate import Model
    from hemodel.survival.curve_spec import CurveSpec
    from hemodel.survival.curves import EndpointCurves


SHEET = "Model curves"
FIRST_ROW = 6


class Naturals(dict[str, list[Formula]]):
    """The coefficients in use by endpoint, on their natural scale, in the order of ``EndpointCurves.names``.

    Attributes
    ----------
    workings : WorkingCells
        Where curves put constants and results that do not depend on time.
    population : callable or None
        Cumulative hazard of the population at months, where background mortality is in the
        model; to be set by whoever makes the sheet of it.
    """

    def __init__(self, sheet: Sheet, workings: WorkingCells) -> None:
        """Begin with no endpoint."""
        super().__init__()
        self.sheet, self.workings = sheet, workings
        self.population: Callable[[Formula], Formula] | None = None


def curves_sheet() -> Sheet:
    """Return the sheet of coefficients while it is empty."""
    purpose = (
        "The coefficients of every curve, on the scale on which they were fitted and on the natural one. Where the "
        "reported statistics determine a curve, a formula follows them; other curves need a refit when their evidence "
        "changes."
    )
    return Sheet(SHEET, "Coefficients of the curves", purpose, frozen=(FIRST_ROW, 2))


def add_curves(sheet: Sheet, model: Model, parameters: Parameters) -> Naturals:
    """Write a row for each coefficient of every endpoint and return the cells on the natural scale.

    Parameters
    ----------
    sheet : Sheet
        As made by `curves_sheet`.
    """
    listed = [(endpoint, *each) for endpoint, fit in model.fits.items() for each in _coefficients(fit.curves)]
    table = SheetTable(sheet, FIRST_ROW, len(listed))
    table.add("Endpoint", [endpoint for endpoint, *_ in listed], "text")
    table.add("Strategy", [spec.strategy for _, _, spec, _, _ in listed], "text")
    table.add("Family, or relation", [_in_words(model.fits[e].curves, spec) for e, _, spec, _, _ in listed], "text")
    table.add("Coefficient", [name for *_, name, _ in listed], "text")
    fitted_values = [float(model.fits[endpoint].coefficients[j]) for endpoint, j, *_ in listed]
    fitted = table.add("Fitted", fitted_values, "stored coefficient")
    refits = {endpoint: exact_refit(model, endpoint, parameters) for endpoint in model.fits}
    again = [(refits[endpoint] or {}).get(j) for endpoint, j, *_ in listed]
    refitted = table.add_each("Refitted by formula", [each or as_formula("") for each in again], "coefficient")
    drawn_each = [_drawn(parameters, endpoint, j) for endpoint, j, *_ in listed]
    drawn = table.add_each("In the selected draw", [each or as_formula("") for each in drawn_each], "coefficient")
    used_each = []
    for i, (endpoint, *_) in enumerate(listed):
        base = fitted.cell(i)
        if again[i] is not None:
            base = when(_changes(model, endpoint, parameters).equals(0.0), base, refitted.cell(i))
        chosen = base if drawn_each[i] is None else when(parameters.draw.equals(0.0), base, drawn.cell(i))
        used_each.append(chosen)
    used = table.add_each("In use", used_each, "coefficient")
    natural = table.add_each(
        "On the natural scale", [_natural(used.cell(i), link) for i, (*_, link) in enumerate(listed)], "coefficient"
    )
    workings = WorkingCells(sheet, FIRST_ROW + len(listed) + 1, 0)
    workings.title("Constants, and results that do not depend on time")
    found = Naturals(sheet, workings)
    for i, (endpoint, *_) in enumerate(listed):
        cell = natural.cell(i)
        found.setdefault(endpoint, []).append(Natural(cell.text, cell.value, estimate=used.cell(i)))
    return found


def _coefficients(curves: EndpointCurves) -> Iterator[tuple[int, CurveSpec, str, str]]:
    """Give the column, curve, name and link of every coefficient of an endpoint."""
    for spec in curves.specs:
        own = curves.columns[spec.strategy]
        independent = spec.relation == INDEPENDENT
        links = curves.family(spec.strategy).links if independent else ("log",) * (own.stop - own.start)
        for j, link in zip(range(own.start, own.stop), links, strict=True):
            yield j, spec, curves.names[j].removeprefix(f"{spec.strategy}: "), link


def _in_words(curves: EndpointCurves, spec: CurveSpec) -> str:
    if spec.relation == INDEPENDENT:
        return curves.family(spec.strategy).name
    return f"{EFFECTS[spec.relation]} on {spec.reference}"


def _drawn(parameters: Parameters, endpoint: str, column: int) -> Formula | None:
    name = f"curve.{endpoint}"
    if not parameters.psa.varies(name):
        return None
    return when(parameters.draw.equals(0.0), "", parameters.drawn(name, column))


def _changes(model: Model, endpoint: str, parameters: Parameters) -> Formula:
    """Return how many of the statistics that the formulas follow have changed since the model was written."""
    return total([parameters.changed.cell(parameters.rows[id_]) for id_ in sorted(followed(model, endpoint))])


def _natural(used: Formula, link: str) -> Formula:
    if link == "identity":
        return used
    if link == "log":
        return exp(used)
    larger_ = call("ABS", np.abs, used)
    small = exp_of_negative(larger_) / (1.0 + exp_of_negative(larger_))
    return when(used < 0.0, small, 1.0 - small)
