"""What is allowed in a workbook and yet likely to be a mistake: warnings, all at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hemodel.errors import Problem
from hemodel.inputs.warnings_ranges import about_ranges
from hemodel.inputs.warnings_times import about_times
from hemodel.inputs.warnings_values import about_values

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hemodel.inputs.checks import Rows
    from hemodel.inputs.model_inputs import Reading
    from hemodel.inputs.rows import Row

FEWEST_WORDS = 3
"""A reason in fewer words is none."""
PRICE_FACTOR = 10
_NO_SOURCE = re.compile(r"[?xX.\-_ ]+|n/?a|none|unknown|source|to be confirmed.*|.*\b(tbc|tbd|todo)\b.*", re.IGNORECASE)


def warnings(reading: Reading, previous: Mapping[str, float]) -> list[Problem]:
    """Return every warning about a workbook, in the order of its rows.

    Parameters
    ----------
    reading : Reading
        The rows without problems are looked at, whatever is wrong with others.
    previous : mapping from id to number
        Values of the last run; empty where there was none.

    Returns
    -------
    list of Problem
        Where, what, why it may be wrong, and what to do. Those met while reading
        (numbers stored as text) are among them.
    """
    rows = reading.rows
    found = [
        *reading.raw.warnings,
        *about_ranges(rows),
        *about_values(rows),
        *about_times(rows),
        *_sources(rows),
        *_prices(rows, previous),
    ]
    order = {cell.where: number for number, row in enumerate(reading.raw.rows) for cell in row.cells.values()}
    return sorted(dict.fromkeys(found), key=lambda warning: order.get(warning.where, len(order)))


def _sources(rows: Rows) -> Iterable[Problem]:
    for row in rows.values():
        if row.value is not None and row.source:
            yield from _source(row)
        if row.range_basis.lower().removeprefix("assumption:").strip() == "" and row.range_basis:
            yield Problem(
                row.where["range_basis"],
                f"{row.id}: the basis of range is {row.range_basis!r} and no more",
                "A judgement needs words to be judged by",
                "Say what low, high or SE rest on.",
            )


def _source(row: Row) -> Iterable[Problem]:
    reason = row.source[len("assumption:") :].strip() if row.is_assumption else ""
    if _NO_SOURCE.fullmatch(reason or row.source):
        yield Problem(
            row.where["source"],
            f"{row.id}: the source is {row.source!r}",
            "It stands for a source that is still to be found",
            "Name the source, or write assumption: and why.",
        )
    elif row.is_assumption and len(reason.split()) < FEWEST_WORDS:
        yield Problem(
            row.where["source"],
            f"{row.id}: {row.source!r} gives no reason",
            "An assumption is judged by its reason",
            "Say in a few words why this value was chosen.",
        )


def _prices(rows: Rows, previous: Mapping[str, float]) -> Iterable[Problem]:
    for row in rows.values():
        before = previous.get(row.id, 0.0)
        if not row.kind.unit.startswith("currency") or row.value is None or before <= 0 or row.number <= 0:
            continue
        factor = row.number / before
        if factor >= PRICE_FACTOR or factor <= 1 / PRICE_FACTOR:
            times = f"{factor:.3g} times" if factor > 1 else f"1/{1 / factor:.3g} of"
            yield Problem(
                row.where["value"],
                f"{row.id} is {row.number:,.10g}, {times} the {before:,.10g} of the last run",
                "A tenfold change is often a slip of the decimal point or of the unit",
                "Check the price, its unit and the size of the vial.",
            )
