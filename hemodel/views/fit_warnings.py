"""What cannot be in fitted curves, or goes against their evidence: in a sentence, and in a table."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hemodel.analyses.gates.finding import (
    ABOVE_OS,
    ARMS_CROSS,
    DEATH_AFTER_PROGRESSION,
    EXTERNAL_OFF,
    FLAT,
    HARDLY_IDENTIFIED,
    INDEPENDENT_STATISTICS,
    INFINITE_MEAN,
    RATIO_SIDE,
    STATISTIC_OFF,
)
from hemodel.views.shared.declared import TableEntry
from hemodel.views.shared.table import Column, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.gates.judge import FitWarning
    from hemodel.analyses.results import Results


GATES = {
    INDEPENDENT_STATISTICS: "statistics of the same patients taken as independent",
    RATIO_SIDE: "ratio on the other side of 1 than medians and landmarks",
    STATISTIC_OFF: "statistic more than 2 standard errors off",
    EXTERNAL_OFF: "external evidence more than 2 standard errors off",
    HARDLY_IDENTIFIED: "coefficients hardly identified",
    FLAT: "flat where patients should die",
    INFINITE_MEAN: "infinite mean",
    ABOVE_OS: "above overall survival",
    DEATH_AFTER_PROGRESSION: "too few deaths after progression",
    ARMS_CROSS: "arms that cross",
}
"""Gates in words."""
MOST_SUSPECTS = 3
"""Inputs that a sentence names as the likeliest mistakes."""


def fit_sentence(found: Sequence[FitWarning]) -> str:
    """Return one sentence on what the gates found: how much of what, and the likeliest mistakes; empty for nothing."""
    rest = [each for each in found if not each.accepted]
    if not rest:
        return ""
    kinds = Counter(GATES[each.gate] for each in rest)
    listed = ", ".join(f"{words} ({count})" if count > 1 else words for words, count in kinds.items())
    reasons = {each.suspect: each for each in rest} | {each.suspect: each for each in rest if each.suspect_reason}
    most = Counter(each.suspect for each in rest).most_common(MOST_SUSPECTS)
    places = [_suspect(reasons[id_]) for id_, _ in most]
    return f"{_count(len(rest), 'finding')} on the curves: {listed}. Likeliest mistake: {'; or '.join(places)}."


def _suspect(found: FitWarning) -> str:
    reason = f": {found.suspect_reason}" if found.suspect_reason else ""
    return f"{found.suspect} ({found.suspect_where}){reason}"


def accepted_sentence(found: Sequence[FitWarning]) -> str:
    """Return how many findings notes accept; empty where none does."""
    count = sum(bool(each.accepted) for each in found)
    return f"{_count(count, 'finding')} on the curves accepted by notes of the workbook." if count else ""


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def fit_warnings(results: Results) -> Table:
    """Return what every gate found, with the likeliest mistake, what to do and why it is accepted."""
    rows = tuple(
        (
            GATES[each.gate],
            f"{each.what}. {each.why}.",
            f"{each.id} ({each.where})",
            _suspect(each),
            each.todo,
            each.accepted or "no",
        )
        for each in results.fit_warnings
    )
    return Table(
        "fit_warnings",
        "What speaks against the curves",
        ("Accepted: the reason that the note of the row gives.",),
        (
            Column("Kind"),
            Column("Finding"),
            Column("Input"),
            Column("Likeliest mistake"),
            Column("What to do"),
            Column("Accepted"),
        ),
        rows,
    )


TABLES = (TableEntry("fit_warnings", lambda results, *_: fit_warnings(results), needs_rows=True),)
