"""Tables of what the draws are made of: checks of every draw, inputs, the mean against the base case, extreme draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.reporting.format import Value, display
from hemodel.reporting.psa_document import MOST_REASONS
from hemodel.reporting.tables_shape import Column, Table

if TYPE_CHECKING:
    from hemodel.reporting.schema import PsaResult, Results
    from hemodel.reporting.tables_words import Names

ALONE = (
    "What an input does alone: mean increments over its distribution, all others at the base case, minus those of the "
    "base case. It is not 0 where the base value is not the mean of the distribution, or where the result is curved in "
    "the input."
)


def psa_checks(psa: PsaResult) -> Table:
    """Return the checks of every draw."""
    rows = tuple((c.name, "yes" if c.holds else "no", c.found) for c in psa.checks)
    return Table(
        "psa_checks",
        "Checks of every draw",
        (f"Over all {psa.draws:,} draws; none is discarded.",),
        (Column("Check"), Column("Holds"), Column("Found")),
        rows,
    )


def psa_inputs(psa: PsaResult) -> Table:
    """Return declared and drawn mean and SD of every input."""
    rows = tuple(
        (e.label, e.id, e.base, e.mean, e.drawn_mean, e.sd, e.drawn_sd, e.lowest, e.highest, e.standard_errors)
        for e in psa.inputs
    )
    return Table(
        "psa_inputs",
        "Inputs over the draws",
        (
            "Declared: of the distribution. A base value other than that mean moves the mean result.",
            "Distance: drawn minus declared mean, in standard errors of independent draws.",
        ),
        (
            Column("Input"),
            Column("Id"),
            Column("Base case", "number"),
            Column("Declared", "number", group="Mean"),
            Column("Drawn", "number", group="Mean"),
            Column("Declared", "number", group="Standard deviation"),
            Column("Drawn", "number", group="Standard deviation"),
            Column("Lowest", "number", group="Drawn"),
            Column("Highest", "number", group="Drawn"),
            Column("Distance", "z", "standard errors"),
        ),
        rows,
    )


def psa_against_base(results: Results, psa: PsaResult, names: Names) -> Table:
    """Return the difference of the mean of the draws from the base case, and the inputs that make it."""
    rows: list[tuple[Value, ...]] = []
    for entry in psa.differences:
        who = names.strategy(entry.intervention)
        shown = entry.reasons[:MOST_REASONS]
        rows.append((who, "Mean of the draws minus base case", entry.qalys, entry.costs, entry.nmb))
        rows += [(who, f"of which: {r.label}", r.qalys, r.costs, r.nmb) for r in shown]
        rows.append((who, entry.rest.label, entry.rest.qalys, entry.rest.costs, entry.rest.nmb))
    threshold = display(results.decision_threshold, "icer", results.currency)
    errors = ", ".join(display(entry.mcse_nmb, "money", results.currency) for entry in psa.differences)
    return Table(
        "psa_against_base",
        "Mean of the draws against the base case",
        (
            ALONE,
            f"Monte Carlo standard error of the mean net benefit at {threshold} per QALY: {errors}.",
        ),
        (
            Column("Intervention"),
            Column("Difference"),
            Column("Incremental QALYs", "qaly", "QALY"),
            Column("Incremental costs", "money", results.currency),
            Column("Net monetary benefit", "money", results.currency),
        ),
        tuple(rows),
        banded=True,
    )


def psa_extremes(results: Results, psa: PsaResult, names: Names) -> Table:
    """Return the draws with the lowest and the highest net benefit, and the inputs that put them there."""
    rows = tuple(
        (
            e.draw,
            e.qalys,
            e.costs,
            e.nmb,
            "; ".join(f"{reason.label} ({display(reason.share, 'share')})" for reason in e.reasons),
        )
        for e in psa.extremes
    )
    first = names.comparison(psa.increments[0].intervention, psa.increments[0].comparator)
    return Table(
        "psa_extremes",
        "Extreme draws",
        (
            f"{first}: the lowest and the highest net monetary benefit of the first {psa.kept:,} draws.",
            "Behind each input: the share of the distance from the mean that a linear regression on it alone explains.",
        ),
        (
            Column("Draw", "count"),
            Column("Incremental QALYs", "qaly", "QALY"),
            Column("Incremental costs", "money", results.currency),
            Column("Net monetary benefit", "money", results.currency),
            Column("Inputs"),
        ),
        rows,
    )
