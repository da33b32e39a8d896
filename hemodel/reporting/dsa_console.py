"""What `hemodel dsa` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.economics import is_cost_effective, net_monetary_benefit
from hemodel.reporting.console_tables import NO_BREAK_SPACE
from hemodel.reporting.format import display
from hemodel.reporting.tables_words import Names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hemodel.reporting.schema import Results
    from hemodel.reporting.schema_dsa import DsaDocument

MOST_VALUES = 10


def dsa_text(document: DsaDocument, results: Results, target: Path) -> str:
    """Return what was found, and where everything was written."""
    names = Names(results)
    lines = [document.title, ""]
    lines += [f"Changed: {c.id}: {c.old} -> {c.new} ({c.origin})" for c in document.changes]
    lines += [*_base(document, names), "", *_values(document, names), *_grids(document, names)]
    lines += [*_combinations(document, names), *_searches(document, names)]
    lines += [f"Warning: {warning}" for warning in document.warnings]
    return "\n".join([*lines, f"Written to {target}"]).replace(NO_BREAK_SPACE, " ")


def _base(document: DsaDocument, names: Names) -> Iterator[str]:
    at = display(document.decision_threshold, "icer", document.currency)
    for entry in document.base_case:
        benefit = net_monetary_benefit(entry.qalys, entry.costs, document.decision_threshold)
        pair = names.comparison(entry.intervention, entry.comparator)
        yield f"{pair}: net monetary benefit {display(benefit, 'money', document.currency)} at {at} per QALY"


def _values(document: DsaDocument, names: Names) -> Iterator[str]:
    for entry in document.base_case:
        own = [value for value in document.threshold_values if value.intervention == entry.intervention]
        turning = [value for value in own if value.values]
        yield f"{len(turning)} of {len(own)} inputs change the decision on {names.strategy(entry.intervention)} alone"
        for value in turning[:MOST_VALUES]:
            listed = " and ".join(display(each, "number") for each in value.values)
            ends = f"{display(value.low, 'number')} to {display(value.high, 'number')}"
            yield f"  {value.id}: at {listed} (base case {display(value.base, 'number')}, {ends})"
        if len(turning) > MOST_VALUES:
            yield f"  and {len(turning) - MOST_VALUES} more: see tables/threshold_values.csv"


def _grids(document: DsaDocument, names: Names) -> Iterator[str]:
    for grid in document.two_way:
        known = [value for row in grid.nmb for value in row if value is not None]
        good = sum(is_cost_effective(value) for value in known)
        lost = f"; {len(grid.failed)} without a result" if grid.failed else ""
        yield (
            f"Two-way {grid.x.id}, {grid.y.id}: {names.strategy(grid.intervention)} is cost-effective at {good} of "
            f"{len(known)} points{lost}"
        )
        for point in grid.failed[:MOST_VALUES]:
            yield f"  no result at {display(point.x, 'number')}, {display(point.y, 'number')}: {point.why}"
        if len(grid.failed) > MOST_VALUES:
            yield f"  and {len(grid.failed) - MOST_VALUES} more: see tables/two_way.csv"


def _combinations(document: DsaDocument, names: Names) -> Iterator[str]:
    for one in document.n_way.combinations if document.n_way is not None else ():
        if one.failed:
            yield f"Combination {one.name}: no result: {one.failed}"
            continue
        change = display(one.change_in_nmb, "money", document.currency)
        other = ", another decision" if one.changes_decision else ""
        who = names.strategy(one.intervention)
        yield f"Combination {one.name}, {who}: net benefit {change} from the base case{other}"


def _searches(document: DsaDocument, names: Names) -> Iterator[str]:
    for search in document.searches:
        for at in search.at:
            who = names.strategy(at.intervention)
            yield f"Threshold {search.id}, {who} at {display(at.threshold, 'icer', document.currency)}: {at.words}"
            if not at.values and at.nmb_low is not None and at.nmb_high is not None:
                ends = (
                    f"{display(benefit, 'money', document.currency)} at {display(end, 'number')}"
                    for benefit, end in ((at.nmb_low, search.low), (at.nmb_high, search.high))
                )
                yield f"  net benefit {' and '.join(ends)}"
        if search.failed:
            yield f"  points without a result: {search.failed} of {len(search.x)}"
