"""Tables of two-way, n-way and threshold analyses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.economics import net_monetary_benefit
from hemodel.reporting import tables_notes as notes
from hemodel.reporting.format import display
from hemodel.reporting.schema import threshold_key
from hemodel.reporting.tables_outcomes import per_qaly
from hemodel.reporting.tables_shape import Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hemodel.reporting.format import Value
    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_dsa import DsaDocument, NWayResult, ThresholdSearch
    from hemodel.reporting.schema_grids import ThresholdValue, TwoWayResult
    from hemodel.reporting.tables_words import Names

MOST_CROSSINGS = 3
"""Columns of the table of boundaries; a row of a grid rarely crosses more than once."""
MOVED = {
    "parameter": "",
    "statistic": "with a refit of its curves",
    "curve": "the curve as a whole",
    "price": "all vials in proportion",
}


def grid_tables(results: Results, names: Names) -> list[Table]:
    """Return the tables that follow the one-way analysis of a run; none without it."""
    made = []
    if results.threshold_values is not None:
        made.append(threshold_values(results, results.threshold_values, names))
    if results.two_way:
        made += _grids(results, results.two_way, names)
    return made


def dsa_tables(document: DsaDocument, results: Results, names: Names) -> list[Table]:
    """Return the tables of `hemodel dsa`, beside that of the one-way analysis."""
    made = [threshold_values(results, document.threshold_values, names)] if document.threshold_values else []
    if document.two_way:
        made += _grids(results, document.two_way, names)
    if document.n_way is not None:
        made.append(n_way(results, document.n_way, document.thresholds, names))
    if document.searches:
        made.append(threshold_search(results, document.searches, names))
    return made


def _grids(results: Results, grids: Sequence[TwoWayResult], names: Names) -> list[Table]:
    """Return the table of boundaries, where a grid crosses any, and that of all points."""
    crossed = any(any(boundary.x) for grid in grids for boundary in grid.boundaries)
    made = [two_way(results, grids, names)]
    return [two_way_boundary(results, grids, names), *made] if crossed else made


def threshold_values(results: Results, entries: Sequence[ThresholdValue], names: Names) -> Table:
    """Return for each input of the one-way analysis the value at which the decision changes."""
    at = display(results.decision_threshold, "icer", results.currency)
    most = max((len(entry.values) for entry in entries), default=0)
    headers = ["Decision changes at", *("also at" + " again" * k for k in range(most - 1))]
    benefit = f"Net monetary benefit at {at} per QALY"
    return Table(
        "threshold_values",
        "Values at which the decision changes",
        (
            "Each input alone between its bounds, at the decision threshold; those that change the decision first.",
            "Linear: net benefit is a straight line in the input, so that there is no other value.",
            "Monotone: it only rises or only falls from point to point, so that there is none unless it turns between.",
        ),
        (
            *(Column(header) for header in ("Intervention", "Input", "Id", "Unit")),
            *(Column(header, "number", "", "Value") for header in ("Base case", "Low", "High")),
            *(Column(header, "number") for header in headers),
            *(Column(header, "money", results.currency, benefit) for header in ("At low", "Base case", "At high")),
            Column("How it is known"),
        ),
        tuple(
            (
                *(names.strategy(e.intervention), e.label, e.id, e.unit, e.base, e.low, e.high),
                *(e.values[k] if k < len(e.values) else None for k in range(max(most, 1))),
                *(e.nmb_low, e.nmb_base, e.nmb_high, e.words),
            )
            for e in entries
        ),
        banded=True,
    )


def two_way(results: Results, grids: Sequence[TwoWayResult], names: Names) -> Table:
    """Return every point of every grid."""
    return Table(
        "two_way",
        "Two-way sensitivity analysis",
        (
            *_moved(grids),
            f"Net monetary benefit at {display(results.decision_threshold, 'icer', results.currency)} per QALY.",
            notes.INCREMENT,
            notes.RATIO,
        ),
        (
            *(Column(header) for header in ("Intervention", "First input", "Second input")),
            *(Column(header, "number", "", "Value") for header in ("First", "Second")),
            Column("QALYs", "qaly", "QALY", "Increment"),
            Column("Costs", "money", results.currency, "Increment"),
            Column("ICER", "icer", per_qaly(results)),
            Column("Net monetary benefit", "money", results.currency),
            Column("Why there is no result"),
        ),
        tuple(row for grid in grids for row in _points(grid, names)),
    )


def _points(grid: TwoWayResult, names: Names) -> Iterator[tuple[Value, ...]]:
    failed = {(point.x, point.y): point.why for point in grid.failed}
    for i, y in enumerate(grid.y.values):
        for j, x in enumerate(grid.x.values):
            why = failed.get((x, y), "")
            ratio = None if why else (grid.icer[i][j] if grid.icer[i][j] is not None else grid.verdict[i][j])
            yield (
                *(names.strategy(grid.intervention), grid.x.id, grid.y.id, x, y),
                *(grid.qalys[i][j], grid.costs[i][j], ratio, grid.nmb[i][j], why),
            )


def _moved(grids: Sequence[TwoWayResult]) -> list[str]:
    """Say how inputs that are no plain values are moved."""
    how = {one.id: MOVED[one.moved] for grid in grids for one in (grid.x, grid.y) if MOVED[one.moved]}
    return [f"{id_}: {text}." for id_, text in how.items()]


def two_way_boundary(results: Results, grids: Sequence[TwoWayResult], names: Names) -> Table:
    """Return for each value of the second input the values of the first at which net benefit is 0."""
    rows: list[tuple[Value, ...]] = [
        (
            *(names.strategy(grid.intervention), grid.x.label, grid.y.label, boundary.threshold, y),
            *(crossed[k] if k < len(crossed) else None for k in range(MOST_CROSSINGS)),
            *_at_ends(grid, boundary.threshold, i),
        )
        for grid in grids
        for boundary in grid.boundaries
        if any(boundary.x)
        for i, (y, crossed) in enumerate(zip(grid.y.values, boundary.x, strict=True))
    ]
    used = max((len(crossed) for grid in grids for b in grid.boundaries for crossed in b.x), default=0)
    kept = max(1, min(used, MOST_CROSSINGS))
    headers = ["First input at the boundary", "also at", "also at again"][:kept]
    ends = ("First input at its lower end", "at its upper end")
    group = "Net monetary benefit"
    return Table(
        "two_way_boundary",
        "Where the decision changes on the two-way grid",
        (
            "For each value of the second input, the value of the first at which net monetary benefit is 0.",
            "Between points by a straight line. Thresholds that no point of the grid meets are left out.",
            *_moved(grids),
        ),
        (
            *(Column(header) for header in ("Intervention", "First input", "Second input")),
            Column("Threshold", "icer", per_qaly(results)),
            Column("Second input", "number", "", "Value"),
            *(Column(header, "number") for header in headers),
            *(Column(header, "money", results.currency, group) for header in ends),
        ),
        tuple((*row[:5], *row[5 : 5 + kept], *row[5 + MOST_CROSSINGS :]) for row in rows),
    )


def _at_ends(grid: TwoWayResult, threshold: float, i: int) -> Iterator[float | None]:
    for j in (0, -1):
        qalys, costs = grid.qalys[i][j], grid.costs[i][j]
        yield None if qalys is None or costs is None else net_monetary_benefit(qalys, costs, threshold)


def n_way(results: Results, found: NWayResult, thresholds: Sequence[float], names: Names) -> Table:
    """Return every combination: its values, the increments and net benefit."""
    ids = list(found.labels)
    return Table(
        "n_way",
        "N-way sensitivity analysis",
        (
            f"Combinations of {found.file}. Inputs without a value stay as in the base case.",
            notes.INCREMENT,
            notes.RATIO,
        ),
        (
            *(Column(header) for header in ("Intervention", "Combination")),
            *(Column(id_, "number", found.units[id_], "Value") for id_ in ids),
            Column("QALYs", "qaly", "QALY", "Increment"),
            Column("Costs", "money", results.currency, "Increment"),
            Column("ICER", "icer", per_qaly(results)),
            *(Column(display(t, "icer"), "money", results.currency, "Net monetary benefit at") for t in thresholds),
            Column("Change from the base case", "money", results.currency),
            Column("Changes the decision"),
            Column("Why there is no result"),
        ),
        tuple(
            (
                *(names.strategy(one.intervention), one.name, *(one.values.get(id_) for id_ in ids)),
                *(one.qalys, one.costs, (one.verdict or None) if one.icer is None else one.icer),
                *(one.nmb.get(threshold_key(t)) for t in thresholds),
                one.change_in_nmb,
                None if one.changes_decision is None else ("yes" if one.changes_decision else "no"),
                one.failed,
            )
            for one in found.combinations
        ),
        banded=True,
    )


def threshold_search(results: Results, searches: Sequence[ThresholdSearch], names: Names) -> Table:
    """Return every value of each input that was searched at which net benefit is 0."""
    rows: list[tuple[Value, ...]] = []
    for one in searches:
        for at in one.at:
            start = (names.strategy(at.intervention), one.label, one.id, one.unit, one.base, one.low, one.high)
            ranges = "; ".join(f"{display(a, 'number')} to {display(b, 'number')}" for a, b in at.cost_effective)
            end = (at.nmb_low, at.nmb_high, ranges or "nowhere", at.words)
            found: list[float | None] = [*at.values]
            rows += [(*start, at.threshold, value, *end) for value in found or [None]]
    benefit = "Net monetary benefit"
    return Table(
        "threshold_search",
        "Threshold search",
        ("Each input alone over its range; a row for each value at which net monetary benefit is 0.",),
        (
            *(Column(header) for header in ("Intervention", "Input", "Id", "Unit")),
            *(Column(header, "number", "", "Value") for header in ("Base case", "Low", "High")),
            Column("Threshold", "icer", per_qaly(results)),
            Column("Met at", "number"),
            *(Column(header, "money", results.currency, benefit) for header in ("At low", "At high")),
            Column("Net benefit is 0 or more"),
            Column("How it is known"),
        ),
        tuple(rows),
        banded=True,
    )
