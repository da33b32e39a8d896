"""Put a live model together: every sheet with its formulas, in the order in which one refers to another.

Everything between the curves' coefficients and the results of the live model, put together in order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.live_model.coefficients import add_curves, curves_sheet
from hemodel.live_model.comparison import TOLERANCE, add_comparison
from hemodel.live_model.formula import as_formula, both, total, whole
from hemodel.live_model.parameters import add_parameters, add_readers
from hemodel.live_model.population import add_ageing, add_background, tables_edited
from hemodel.live_model.psa import PsaSheet
from hemodel.live_model.refit import add_fit_cells, fit_inputs, followed
from hemodel.live_model.results import ResultCells, add_results, ratios_in_words
from hemodel.live_model.sheet import LiveCheck, Sheet, add_checks
from hemodel.live_model.strategy import StrategyContext, StrategySheets, add_strategy
from hemodel.live_model.time import Time, add_time
from hemodel.live_model.uncertainty import add_acceptability, add_at_settings, add_plane, add_summary, add_tornado
from hemodel.live_model.unit_costs import UnitCosts, Vials, add_unit_costs, add_vials
from hemodel.survival.workbook.background import population

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.results import Results
    from hemodel.live_model.coefficients import Naturals
    from hemodel.live_model.comparison import Comparison
    from hemodel.live_model.formula import Formula
    from hemodel.live_model.parameters import Parameters, Readers
    from hemodel.live_model.population import AgeingCells
    from hemodel.live_model.psa import Stored
    from hemodel.live_model.refit import FitCells
    from hemodel.live_model.sheet import CheckSheet
    from hemodel.live_model.uncertainty import Acceptability, Curves, Plane, Summary, Tornado
    from hemodel.model.evaluate import Model


@dataclass(frozen=True)
class Calculation:
    """The sheets that calculate.

    Attributes
    ----------
    strategies : tuple of StrategySheets
        The comparator first.
    """

    time: Time
    costs: UnitCosts
    vials: Vials
    strategies: tuple[StrategySheets, ...]
    results: ResultCells

    @property
    def sheets(self) -> list[Sheet]:
        """The sheets in reading order, without that of the results."""
        traces = [each.trace.sheet for each in self.strategies]
        doses = [each.doses.sheet for each in self.strategies]
        return [self.time.sheet, *traces, *doses, self.vials.sheet, self.costs.sheet]

    @property
    def checks(self) -> list[LiveCheck]:
        """What must hold, in the order of the sheets."""
        by_strategy = [check for each in self.strategies for check in each.checks]
        return [*by_strategy, *self.time.checks, *self.vials.checks, *self.costs.checks]


def add_calculation(
    model: Model,
    parameters: Parameters,
    naturals: Naturals,
    results: Sheet,
    taken: set[str],
    ageing: AgeingCells | None = None,
) -> Calculation:
    """Return the sheets from time to results.

    Parameters
    ----------
    naturals : Naturals
        Coefficients of the curves, from `coefficients.add_curves`.
    results : Sheet
        Where the results go, below its first six rows.
    taken : set of str
        Names of sheets, in lower case; those of the new sheets are added.
    ageing : AgeingCells or None
        How utilities change with age.
    """
    time = add_time(model.inputs, parameters, naturals.population, ageing)
    costs = add_unit_costs(model.inputs, parameters, time)
    vials = add_vials(model, parameters, costs)
    shared = StrategyContext(model, parameters, naturals, time, costs, vials)
    strategies = tuple(
        add_strategy(number, strategy, shared, taken) for number, strategy in enumerate(model.strategies, start=1)
    )
    return Calculation(time, costs, vials, strategies, add_results(results, model, parameters, strategies))


RESULTS = "Model results"
SELECTOR = (3, 2)
"""Row and column, from 0, of the cell that selects a draw on the sheet of results."""


@dataclass(frozen=True)
class LiveModel:
    """All sheets of a live model and what charts and cover refer to.

    Attributes
    ----------
    sheets : tuple of Sheet
        In the order of the workbook; the sheet of results comes first.
    comparison : Comparison
        With what the engine found.
    """

    sheets: tuple[Sheet, ...]
    parameters: Parameters
    psa: PsaSheet
    results: ResultCells
    strategies: tuple[StrategySheets, ...]
    checks: CheckSheet
    plane: Plane
    summary: Summary
    acceptability: Acceptability
    at_settings: Curves
    tornado: Tornado
    comparison: Comparison


def build(model: Model, found: Results, stored: Stored) -> LiveModel:
    """Return the live model of a model.

    Parameters
    ----------
    found : Results
        Of the base case and the one-way analysis.
    stored : Stored
        The draws to put into it.
    """
    inputs, taken = model.inputs, {RESULTS.lower()}
    results_sheet, draw = _results_sheet(stored)
    psa = PsaSheet(model, stored)
    parameters = add_parameters(inputs, psa, draw)
    curves = curves_sheet()
    naturals = add_curves(curves, model, parameters)
    background = add_background(model, parameters)
    naturals.population = None if background is None or population(inputs) is None else background.population_hazard
    ageing = add_ageing(model, parameters, background)
    calculation = add_calculation(model, parameters, naturals, results_sheet, taken, ageing)
    results, strategies = calculation.results, calculation.strategies
    plane = add_plane(psa, parameters, model.strategies)
    summary = add_summary(psa, plane, parameters, model.strategies)
    acceptability = add_acceptability(psa, parameters, inputs.settings, model.strategies)
    at_settings = add_at_settings(summary, psa, parameters, model.strategies)
    tornado = add_tornado(found, parameters)
    fits = add_fit_cells(
        inputs, parameters, {e: fit_inputs(model, e) for e in model.fits}, {e: followed(model, e) for e in model.fits}
    )
    readers = add_readers(inputs, parameters)
    tables = tables_edited(background, ageing)
    edited = total([readers.changed, *fits.refit.values(), *tables])
    comparison = add_comparison(results, parameters, strategies, edited)
    followed_tables = [_edits("Columns changed of the life table and the norms", total(tables))] if tables else []
    parts = [*followed_tables, *calculation.checks, *(background.checks if background is not None else ())]
    checks = add_checks([*_general(parameters, fits, readers, comparison, psa.rows - 1), *parts])
    results_sheet.write(4, 0, checks.message, "verdict")
    results_sheet.write(SELECTOR[0], SELECTOR[1] + 1, ratios_in_words(results, parameters), "verdict")
    between = [] if background is None else [background.sheet]
    sheets = (
        *(results_sheet, checks.sheet, comparison.sheet, parameters.sheet, curves, fits.sheet, *between),
        *calculation.sheets,
        *(psa.sheet, plane.sheet, summary.sheet, acceptability.sheet, tornado.sheet),
    )
    return LiveModel(
        sheets, parameters, psa, results, strategies, checks, plane, summary, acceptability, at_settings, tornado,
        comparison,
    )  # fmt: skip


def _results_sheet(stored: Stored) -> tuple[Sheet, Formula]:
    draws = next(iter(stored.discounted.values())).size - 1
    purpose = (
        "Everything here is calculated by formula from the input sheets, for the base case (draw 0) or for one of the "
        f"{draws:,} stored draws. What hemodel found for the same draw is on the sheet Model engine."
    )
    sheet = Sheet(RESULTS, "Results", purpose, frozen=(6, 0))
    sheet.write(SELECTOR[0], 0, "Draw that is calculated", "label")
    draw = sheet.write(*SELECTOR, 0, "selector")
    return sheet, draw


def _general(
    parameters: Parameters, fits: FitCells, readers: Readers, comparison: Comparison, draws: int
) -> Sequence[LiveCheck]:
    """Return the checks of the model as a whole."""
    draw = parameters.draw
    known = both(draw >= 0, draw <= as_formula(draws), whole(draw).equals(draw))
    found = [
        LiveCheck("The selected draw exists", draw, known, f"Enter a whole number from 0 to {draws}."),
        LiveCheck(
            "Every input is read by something", readers.unread, readers.unread.equals(0), "See Read by, Model inputs."
        ),
        _edits("Inputs changed since the file was written", readers.changed),
        LiveCheck(
            "Inputs changed that decide which formulas there are",
            readers.structure,
            readers.structure.equals(0),
            "Formulas cannot follow this change: save the file and run hemodel excel on it.",
        ),
        LiveCheck(
            "Largest relative difference from the engine",
            comparison.difference,
            comparison.difference <= TOLERANCE,
            _STALE,
            comparison.edited > 0,
        ),
    ]
    for endpoint, count in fits.refit.items():
        found.append(
            LiveCheck(
                f"Cells changed that the curves of {endpoint} were fitted to",
                count,
                count.equals(0),
                "The curve needs a refit: save the file and run hemodel on it, or write the live model anew from it.",
            )
        )
    return found


_STALE = "Engine, draws and tornado are of the inputs when the file was written: run hemodel on this file."


def _edits(subject: str, count: Formula) -> LiveCheck:
    """Return a check that tells of edits and never fails."""
    return LiveCheck(subject, count, count.equals(0), _STALE, count > 0)
