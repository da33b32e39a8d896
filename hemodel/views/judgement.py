"""Tables that judge the curves: survival in other studies, and what caps did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.model.occupancy import UTILITY_CAPPED, rule_parts
from hemodel.views.curves import MONTHS
from hemodel.views.shared.declared import TableEntry
from hemodel.views.shared.table import Column, Table
from hemodel.views.shared.words import Names, adjustment_sentence, rule_words

if TYPE_CHECKING:
    from hemodel.analyses.results import Results


def external(results: Results, names: Names) -> Table:
    """Return survival in other studies beside the curves."""
    rows = [
        (
            entry.label,
            names.endpoint(entry.endpoint),
            names.strategy(entry.strategy),
            entry.time_months,
            entry.time_months - entry.origin_months,
            entry.reported,
            entry.low,
            entry.high,
            entry.fitted,
            _inside(entry.fitted, entry.low, entry.high),
        )
        for entry in results.external
    ]
    return Table(
        "external",
        "Survival in other studies",
        ("Compared with the curves; part of the fit only where the workbook says so.",),
        (
            Column("Study"),
            Column("Endpoint"),
            Column("Strategy"),
            Column("In the study", "months", MONTHS, "Time"),
            Column("In the model", "months", MONTHS, "Time"),
            Column("Reported", "share", "proportion"),
            Column("Low", "share", "proportion", "95% interval"),
            Column("High", "share", "proportion", "95% interval"),
            Column("Modelled", "share", "proportion"),
            Column("Modelled, against the interval"),
        ),
        tuple(rows),
    )


def _inside(value: float, low: float | None, high: float | None) -> str | None:
    if low is None or high is None:
        return None
    return "inside" if low <= value <= high else "below" if value < low else "above"


def adjustments(results: Results, names: Names) -> Table:
    """Return what each cap did, in numbers and in words."""
    rows = [
        (
            names.strategy(entry.strategy),
            rule_words(entry.rule, names),
            entry.first_month,
            entry.max_gap,
            entry.life_years_moved,
            entry.share_of_draws,
            adjustment_sentence(entry, names),
        )
        for entry in results.adjustments
    ]
    note = "Nothing was adjusted: no cap bound and nothing acted on the curves."
    if rows:
        note = "Caps, the floor at the population's mortality and waning: when they act, and what they move."
    if any(rule_parts(entry.rule)[0] == UTILITY_CAPPED for entry in results.adjustments):
        note += " Of a utility the gap is one of utility, and what is moved is in QALYs."
    return Table(
        "adjustments",
        "Adjustments of the curves",
        (note,),
        (
            Column("Strategy"),
            Column("Cap"),
            Column("From month", "months", MONTHS),
            Column("Largest gap", "share", "proportion"),
            Column("Time moved", "years", "years per patient"),
            Column("Draws in which it bound", "share", "proportion"),
            Column("In words"),
        ),
        tuple(rows),
    )


TABLES = (
    TableEntry("external", lambda results, _, names: external(results, names), needs_rows=True),
    TableEntry("adjustments", lambda results, _, names: adjustments(results, names)),
)
