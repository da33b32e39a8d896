"""The one-way analysis as hemodel found it: a table for each intervention, and the columns behind its chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.economics import net_monetary_benefit, swing
from hemodel.live_model.formula import absolute
from hemodel.live_model.sheet import Cell, Sheet, Table
from hemodel.live_model.uncertainty import name_of
from hemodel.reporting.charts_text import brief
from hemodel.reporting.charts_tornado import labels
from hemodel.reporting.format import display
from hemodel.reporting.results_workbook_bars import segments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.sheet import Column
    from hemodel.reporting.schema import Dsa, Incremental, Results

SHEET = "Model tornado"
FIRST_ROW = 6
_GAP = 5
MOST_BARS = 20
"""Inputs in the chart; the table has all."""
_BARS = "Bars of the chart: difference of net benefit from the base case"


@dataclass(frozen=True)
class Bars:
    """The table of one intervention, the input with the largest effect first.

    Attributes
    ----------
    intervention : str
    base : float
        Incremental net benefit of the base case.
    labels : Column
        Input, its base value, and the lower and the upper one.
    segments : tuple of Column
        Pieces of the bars from the base case, to be stacked: to the result at the lower value, to
        that at the upper value, and on to each where both lie on one side.
    shown : int
        How many rows the chart shows.
    """

    intervention: str
    base: float
    labels: Column
    segments: tuple[Column, ...]
    shown: int


@dataclass(frozen=True)
class Tornado:
    """The sheet of the one-way analysis, with a table for each intervention, and the results it is taken from."""

    sheet: Sheet
    bars: tuple[Bars, ...]
    found: Results


def add_tornado(results: Results, parameters: Parameters) -> Tornado:
    """Return the sheet of the one-way analysis of a run; what it shows is stored.

    Parameters
    ----------
    results : Results
        With the one-way analysis.
    parameters : Parameters
        For the names of the strategies.
    """
    threshold = display(results.decision_threshold, "icer", results.currency)
    purpose = (
        "Each uncertain input at its lower and its upper value, one at a time, the one that moves incremental net "
        f"monetary benefit at {threshold} per QALY most first. These are results of hemodel for the inputs as they "
        "were when this file was written; they do not follow later edits. Survival statistics are moved with a refit "
        "of their curves."
    )
    sheet = Sheet(SHEET, "One-way sensitivity analysis", purpose, frozen=(FIRST_ROW, 1))
    bars, first = [], FIRST_ROW
    for increment in results.incremental if results.dsa else ():
        bars.append(_add_bars(sheet, first, results, increment, parameters))
        first += bars[-1].labels.rows + _GAP
    return Tornado(sheet, tuple(bars), results)


def _add_bars(sheet: Sheet, first: int, results: Results, increment: Incremental, parameters: Parameters) -> Bars:
    """Add the table of one intervention, in the order of the range of net benefit."""
    entries = [entry for entry in results.dsa or () if entry.intervention == increment.intervention]
    ordered = sorted(entries, key=lambda entry: -swing(entry.nmb_low, entry.nmb_high))
    base = net_monetary_benefit(increment.qalys, increment.costs, results.decision_threshold)
    table = Table(sheet, first, len(ordered))
    pair = name_of(parameters, increment.intervention).joined(" minus ")
    pair = pair.joined(name_of(parameters, increment.comparator))
    table.add("Input", [entry.label for entry in ordered], "stored text")
    table.add("Id", [entry.id for entry in ordered], "stored note")
    table.add("Unit", [entry.unit for entry in ordered], "stored text")
    for column in (0, 1, 2):
        sheet.cells[first - 2, column] = Cell(pair, "group")
    for title, attribute in (("Base case", "base"), ("Low", "low"), ("High", "high")):
        table.add(title, [getattr(entry, attribute) for entry in ordered], "stored number", "Value of the input")
    _add_results(table, ordered, base)
    shown = [
        f"{label} ({brief(entry.low)} to {brief(entry.high)})"
        for label, entry in zip(labels(results, ordered), ordered, strict=True)
    ]
    names = table.add("Label", shown, "stored text", _BARS)
    return Bars(increment.intervention, base, names, _add_segments(table, ordered, base), min(len(ordered), MOST_BARS))


def _add_results(table: Table, entries: Sequence[Dsa], base: float) -> None:
    """Add the stored results at both values."""
    group = "Incremental net monetary benefit"
    table.add("Base case", [base] * len(entries), "stored money", group)
    low = table.add("At low", [entry.nmb_low for entry in entries], "stored money", group)
    high = table.add("At high", [entry.nmb_high for entry in entries], "stored money", group)
    table.add("Range", absolute(high - low), "money", group)
    for title, attribute, style in (("Incremental QALYs", "qalys", "qaly"), ("Incremental costs", "costs", "money")):
        for header, end in (("At low", "low"), ("At high", "high")):
            values = [getattr(entry, f"{attribute}_{end}") for entry in entries]
            table.add(header, values, f"stored {style}", title)
    for header, end in (("At low", "low"), ("At high", "high")):
        ratios = [getattr(entry, f"icer_{end}") for entry in entries]
        words = [getattr(entry, f"verdict_{end}") for entry in entries]
        table.add(header, [0.0] * len(entries), "stored money", "ICER, or verdict")
        for row, (ratio, word) in enumerate(zip(ratios, words, strict=True)):
            content = word if ratio is None else ratio
            table.sheet.cells[table.first + row, table.next - 1] = Cell(content, "stored money")


def _add_segments(table: Table, entries: Sequence[Dsa], base: float) -> tuple[Column, ...]:
    """Add the pieces of the bars: to low, to high, and from the nearer of them on to the other."""
    pieces = [segments(entry.nmb_low - base, entry.nmb_high - base) for entry in entries]
    titles = ("To low", "To high", "On to low", "On to high")
    return tuple(
        table.add(title, [piece[i] for piece in pieces], "stored money", _BARS) for i, title in enumerate(titles)
    )
