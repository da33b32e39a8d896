"""The stored draws by formula: increments of each draw, means and intervals beside those of the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.probabilistic import interval
from hemodel.live_model.formula import Formula, absolute, call, larger, smaller
from hemodel.live_model.sheet import Cell, Sheet, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.live_model.parameters import Parameters
    from hemodel.live_model.psa import PsaSheet
    from hemodel.live_model.sheet import Column
    from hemodel.parameters import FloatArray

PLANE, SUMMARY = "Model plane", "Model PSA results"
OUTCOMES = {"life_years": ("Life-years", "qaly"), "qalys": ("QALYs", "qaly"), "costs": ("Costs", "money")}
DECISION = "settings.decision_threshold"
_GAP = 4
"""Rows from the end of a table to the first row of values of the next: one empty, two of headers."""
_EDGES = {"2.5%": 0.025, "97.5%": 0.975}


@dataclass(frozen=True)
class Plane:
    """The sheet of increments, a row a draw (draw 0 is the base case).

    Attributes
    ----------
    sheet : Sheet
    increments : mapping from (outcome, strategy) to Column
        Strategy minus comparator; the outcome ``nmb`` is net benefit at the decision threshold.
    points : mapping from (outcome, strategy) to Column
        Costs and QALYs of the base case and of the selected draw.
    line : mapping from outcome to Column
        QALYs and costs of both ends of the line of the decision threshold.
    """

    sheet: Sheet
    increments: Mapping[tuple[str, str], Column]
    points: Mapping[tuple[str, str], Column]
    line: Mapping[str, Column]


@dataclass(frozen=True)
class Summary:
    """The sheet of means and intervals: by outcome, a table with a row a strategy, then one an increment.

    Attributes
    ----------
    sheet : Sheet
    mean : mapping from outcome to Column
    difference : mapping from outcome to Column
        The largest of the differences from the engine, of mean and both ends.
    next_row : int
        Where the values of a further table can begin.
    """

    sheet: Sheet
    mean: Mapping[str, Column]
    difference: Mapping[str, Column]
    next_row: int


def drawn(column: Column) -> Formula:
    """Return the cells of a column of the draws, without those of the base case above them."""
    last = column.first + column.rows - 1
    return column.sheet.area((column.first + 1, column.index), (last, column.index), np.asarray(column.value)[1:])


def mean_of(cells: Formula) -> Formula:
    """Return AVERAGE of a range."""
    return call("AVERAGE", lambda values: float(np.mean(values)), cells)


def quantile(cells: Formula, share: float) -> Formula:
    """Return PERCENTILE: the point below which this share of a range lies, interpolated between its values."""
    return call("PERCENTILE", lambda values, at: float(np.quantile(np.asarray(values, dtype=float), at)), cells, share)


def name_of(parameters: Parameters, strategy: str) -> Formula:
    """Return the name of a strategy as it stands in the inputs."""
    return parameters.text(f"strategy.{strategy}.name")


def name_column(column: Column, name: Formula) -> None:
    """Put a formula in the header of a column, so that it follows the inputs."""
    column.sheet.cells[column.first - 1, column.index] = Cell(name, "header")


def add_plane(psa: PsaSheet, parameters: Parameters, strategies: Sequence[str]) -> Plane:
    """Return the sheet of increments by draw: every strategy against the comparator, which comes first."""
    purpose = (
        "Strategy minus comparator in every draw of the sheet Model PSA, by formula; net benefit is at the decision "
        "threshold of Settings. Beside them are the points and the line that the chart shows: the base case, the draw "
        "that is selected on Model results, and the threshold."
    )
    first = psa.number.first
    sheet = Sheet(PLANE, "Cost-effectiveness plane", purpose, frozen=(first, 1))
    table = Table(sheet, first, psa.rows)
    table.add("Draw", psa.number, "count")
    comparator, *others = strategies
    found: dict[tuple[str, str], Column] = {}
    for strategy in others:
        group = _minus(parameters, strategy, comparator)
        start = table.next
        for outcome, (title, style) in OUTCOMES.items():
            increment = psa.results[outcome, strategy, "total"] - psa.results[outcome, comparator, "total"]
            found[outcome, strategy] = table.add(title, increment, style)
        benefit = parameters.number(DECISION) * found["qalys", strategy] - found["costs", strategy]
        found["nmb", strategy] = table.add("Net monetary benefit", benefit, "money")
        for column in range(start, table.next):
            sheet.cells[first - 2, column] = Cell(group, "group")
    points = _points(sheet, table, parameters, found, others)
    line = _line(sheet, table, parameters, found, others)
    return Plane(sheet, found, points, line)


def _minus(parameters: Parameters, strategy: str, comparator: str) -> Formula:
    return name_of(parameters, strategy).joined(" minus ").joined(name_of(parameters, comparator))


def _points(
    sheet: Sheet,
    table: Table,
    parameters: Parameters,
    increments: Mapping[tuple[str, str], Column],
    others: Sequence[str],
) -> dict[tuple[str, str], Column]:
    """Add the base case and the selected draw beside the table."""
    beside = Table(sheet, table.first, 2, table.next + 1)
    beside.add("Point", ["Base case", "Selected draw"], "text")
    points = {}
    for strategy in others:
        for outcome in ("qalys", "costs"):
            title, style = OUTCOMES[outcome]
            column = increments[outcome, strategy]
            points[outcome, strategy] = beside.add_each(title, [column.at(1), column.at(parameters.draw + 1)], style)
            sheet.cells[table.first - 2, beside.next - 1] = Cell(name_of(parameters, strategy), "group")
    return points


def _line(
    sheet: Sheet,
    table: Table,
    parameters: Parameters,
    increments: Mapping[tuple[str, str], Column],
    others: Sequence[str],
) -> dict[str, Column]:
    """Add the ends of the line of the decision threshold, over the width of the draws."""
    beside = Table(sheet, table.first + 2 + _GAP, 2, table.next + 1)
    beside.add("Threshold", ["Lower end", "Upper end"], "text")
    ranges = [increments["qalys", strategy].range for strategy in others]
    low = smaller(0, *(call("MIN", np.min, cells) for cells in ranges))
    high = larger(0, *(call("MAX", np.max, cells) for cells in ranges))
    qalys = beside.add_each("QALYs", [low, high], "qaly")
    costs = beside.add("Costs", parameters.number(DECISION) * qalys, "money")
    return {"qalys": qalys, "costs": costs}


def add_summary(psa: PsaSheet, plane: Plane, parameters: Parameters, strategies: Sequence[str]) -> Summary:
    """Return means and 95% intervals over the draws by formula, those that the engine found, and the differences."""
    purpose = (
        "Means of the stored draws, and the points between which 95% of them lie, by formula over the sheets Model PSA "
        "and Model plane. Grey cells are what hemodel found for the same draws."
    )
    sheet = Sheet(SUMMARY, "Probabilistic results", purpose)
    comparator, *others = strategies
    means: dict[str, Column] = {}
    differences: dict[str, Column] = {}
    first = psa.number.first
    for outcome, (title, style) in OUTCOMES.items():
        columns = [psa.results[outcome, strategy, "total"] for strategy in strategies]
        columns += [plane.increments[outcome, strategy] for strategy in others]
        names = [name_of(parameters, strategy) for strategy in strategies]
        names += [_minus(parameters, strategy, comparator) for strategy in others]
        engine = _engine(psa, outcome, strategies)
        table = Table(sheet, first, len(columns))
        table.add_each(title, names, "text")
        means[outcome], differences[outcome] = _spread(table, columns, engine, style)
        first += len(columns) + _GAP
    return Summary(sheet, means, differences, first)


def _engine(psa: PsaSheet, outcome: str, strategies: Sequence[str]) -> list[FloatArray]:
    """Return the draws of each strategy's total, then those of each increment."""
    totals = [psa.stored.discounted[outcome, strategy, "total"][1:] for strategy in strategies]
    return [*totals, *(total - totals[0] for total in totals[1:])]


def _spread(table: Table, columns: Sequence[Column], engine: Sequence[FloatArray], style: str) -> tuple[Column, Column]:
    """Add mean and interval of some columns by formula, the engine's, and the largest difference of the three."""
    by_formula, stored = "Discounted, by formula", "By hemodel"
    ranges = [drawn(column) for column in columns]
    made = [table.add_each("Mean", [mean_of(cells) for cells in ranges], style, by_formula)]
    for title, share in _EDGES.items():
        made.append(table.add_each(title, [quantile(cells, share) for cells in ranges], style, by_formula))
    found = np.array([[values.mean(), *interval(values)] for values in engine])
    beside = [
        table.add(title, found[:, i].tolist(), f"stored {style}", stored) for i, title in enumerate(("Mean", *_EDGES))
    ]
    return made[0], table.add("Largest difference", largest_gaps(made, beside), "number")


def largest_gaps(made: Sequence[Column], beside: Sequence[Column]) -> Formula:
    """Return the largest difference, up or down, in each row between some columns and those beside them."""
    return larger(*(absolute(a - b) for a, b in zip(made, beside, strict=True)))


def count_of(psa: PsaSheet) -> Formula:
    """Return the number of draws."""
    return call("COUNT", np.size, drawn(psa.number))
