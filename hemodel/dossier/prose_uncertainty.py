"""Texts of a dossier on uncertainty and validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.dossier.prose_shape import Lines
from hemodel.reporting.format import display
from hemodel.reporting.information_text import information_text
from hemodel.reporting.tables_information import shown_as

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.dossier.context import Context
    from hemodel.reporting.schema import PsaIncrement, ScenarioEntry

MOST_INFLUENTIAL = 3
"""Inputs of the one-way analysis that the text names."""


def texts() -> dict[str, Callable[[Context], Lines]]:
    """Return the texts by name."""
    return {
        "one_way": _one_way,
        "probabilistic": _probabilistic,
        "value_of_information": _value_of_information,
        "scenarios": _scenarios,
        "validation": _validation,
        "external": _external,
    }


def _one_way(context: Context) -> Lines:
    results = context.results
    if not results.dsa:
        return Lines()
    lines = [
        (
            f"{results.counts.one_way_inputs} uncertain inputs were moved to the ends of their ranges, one at a time;"
            " [figure tornado_nmb] and [table dsa] show what each does."
        )
    ]
    for entry in results.incremental:
        mine = [each for each in results.dsa if each.intervention == entry.intervention][:MOST_INFLUENTIAL]
        told = "; ".join(
            f"{each.label} (from {display(each.nmb_low, 'money')} to {display(each.nmb_high, 'money')})"
            for each in mine
        )
        name = context.names.strategy(entry.intervention)
        lines.append(f"The incremental net monetary benefit of {name}, in {results.currency}, depends most on: {told}.")
    return Lines(lines)


def _probabilistic(context: Context) -> Lines:
    results = context.results
    if results.psa is None:
        return Lines()
    lines = [
        (
            f"All uncertain inputs were drawn together {results.psa.draws:,} times, with seed {results.psa.seed};"
            " no draw was discarded."
        )
    ]
    lines += [_mean(context, entry) for entry in results.psa.increments]
    lines.append("[figure ce_plane] shows the draws and [figure ceac] the probability of being cost-effective.")
    return Lines(lines)


def _value_of_information(context: Context) -> Lines:
    results, shown = context.results, shown_as(context.results, context.names)
    return Lines(information_text(results.information, shown, results.decision_threshold))


def _mean(context: Context, entry: PsaIncrement) -> str:
    currency = context.results.currency
    low, high = (display(end, "qaly") for end in entry.interval["qalys"])
    least, most = (display(end, "money") for end in entry.interval["costs"])
    ratio = entry.verdict_of_means
    if entry.icer_of_means is not None:
        ratio = f"{display(entry.icer_of_means, 'icer', currency)} per QALY"
    return (
        f"On average {context.names.comparison(entry.intervention, entry.comparator)} gains"
        f" {display(entry.mean['qalys'], 'qaly')} QALYs (95% of the draws: {low} to {high}) for"
        f" {display(entry.mean['costs'], 'money', currency)} ({least} to {most}); the ratio of the means: {ratio}."
    )


def _scenarios(context: Context) -> Lines:
    results = context.results
    if not results.scenarios:
        return Lines()
    counts = results.counts
    lines = [
        (
            f"{counts.scenarios} scenarios were run; [table scenarios] gives the increments and the ICER under each,"
            " [table scenario_changes] what each changes and why."
        )
    ]
    if counts.scenarios_stopped:
        lines.append(f"{counts.scenarios_stopped} of them could not be run; the table says why.")
    return Lines([*lines, *(_extremes(context, entry.intervention) for entry in results.incremental)])


def _extremes(context: Context, intervention: str) -> str:
    """Say between which ratios the scenarios lie."""
    found = [e for e in context.results.scenarios or () if e.intervention == intervention and e.icer is not None]
    name = context.names.strategy(intervention)
    if not found:
        return f"No scenario gives a ratio for {name}."
    lowest, highest = min(found, key=_icer), max(found, key=_icer)
    currency = context.results.currency
    return (
        f"The ICER of {name} lies between {display(lowest.icer, 'icer', currency)} (scenario {lowest.name}) and"
        f" {display(highest.icer, 'icer', currency)} (scenario {highest.name})."
    )


def _icer(entry: ScenarioEntry) -> float:
    return entry.icer or 0.0


def _validation(context: Context) -> Lines:
    counts = context.results.counts
    passed = (
        f"All {counts.checks} arithmetic checks of this run passed"
        if counts.checks == counts.checks_passed
        else f"{counts.checks_passed} of {counts.checks} arithmetic checks of this run passed"
    )
    return Lines(
        [
            f"{passed}; [table checks] lists each with the number that was found.",
            "Modelled beside reported survival is in [table survival_fit].",
            (
                "The same model can be written as an Excel workbook that calculates everything by formula"
                " (hemodel excel): an independent calculation of the same inputs, in which every draw can be followed"
                " cell by cell. The software's own tests recalculate such workbooks and hold their totals against its"
                " engine."
            ),
        ]
    )


def _external(context: Context) -> Lines:
    if not context.results.external:
        return Lines()
    return Lines(["[table external] sets the curves beside survival in other studies."])
