"""Texts of a dossier by name, built from the results. A layout says which stands where.

A text returns lines. A line is one paragraph or point; it may refer to tables,
figures and sections as ``[table base_case]``, and is left out where the dossier
does not have what it refers to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.dossier import prose_method, prose_uncertainty
from hemodel.dossier.prose_shape import Lines
from hemodel.reporting.evidence_words import EvidenceNames, in_use_words
from hemodel.reporting.format import display
from hemodel.reporting.tables_payer import counts, of_whom
from hemodel.reporting.tables_prose import (
    assumed_prices,
    decision_problem,
    key_results,
    not_run,
    structure,
    threshold_results,
)
from hemodel.reporting.tables_words import ENDPOINTS, adjustment_sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.dossier.context import Context


def texts() -> dict[str, Callable[[Context], Lines]]:
    """Return every text by name."""
    return {
        "decision_problem": _decision_problem,
        "key_results": _key_results,
        "structure": lambda context: Lines(structure(context.run), look="bullets"),
        "strategies": _strategies,
        "inputs": _inputs,
        "survival": _survival,
        "evidence": _evidence,
        "adjustments": _adjustments,
        "base_case": _base_case,
        "changes": _changes,
        "warnings": lambda context: Lines(context.results.warnings, look="bullets", lead="Warnings of the run:"),
        "not_run": _not_run,
        "payer": _payer,
        **prose_uncertainty.texts(),
        **prose_method.texts(),
    }


def _decision_problem(context: Context) -> Lines:
    return Lines(facts=decision_problem(context.results, context.run, context.names))


def _key_results(context: Context) -> Lines:
    first = key_results(context.results, context.names)
    second = threshold_results(context.results, context.names)
    leading = assumed_prices(context.results, context.names)
    return Lines([*leading, *(line for pair in zip(first, second, strict=True) for line in pair)], look="key")


def _strategies(context: Context) -> Lines:
    counts = context.results.counts.drugs
    told = [f"{context.names.strategy(s)} ({n} drug{'' if n == 1 else 's'})" for s, n in counts.items()]
    return Lines(
        [
            f"The strategies compared are {', '.join(told)}.",
            "[figure model_structure] shows the states, the flows between them and what is counted where.",
            "[table regimens] gives the dose and the schedule of each drug.",
        ]
    )


def _inputs(context: Context) -> Lines:
    counts = context.results.counts
    return Lines(
        [
            (
                f"The workbook holds {counts.inputs} inputs; {counts.assumptions} of them are assumptions, each with"
                " its reason."
            ),
            "Every input is listed with its value, range, distribution and source in [table inputs].",
            "Inputs that rest on a judgement are in [table assumptions].",
            "The sources are listed in [table sources].",
        ]
    )


def _survival(context: Context) -> Lines:
    lines = []
    for strategy in context.results.strategies:
        found = context.results.base_case[strategy].survival
        told = [
            f"{name.lower()} of {display(found[e].median_months, 'months')} months (mean"
            f" {display(found[e].mean_months, 'months')})"
            for e, name in ENDPOINTS.items()
            if found[e].median_months is not None
        ]
        if told:
            lines.append(f"Modelled medians, {context.names.strategy(strategy)}: {' and '.join(told)}.")
    return Lines(
        [
            (
                "[table survival_fit] sets every reported statistic beside the fitted curve, and [figure"
                " survival_curves] shows both."
            ),
            *lines,
        ]
    )


def _evidence(context: Context) -> Lines:
    if context.pack is None:
        return Lines()
    names = EvidenceNames(context.run.model)
    chosen = [in_use_words(names, e, context.pack.endpoints[e]) for e in ENDPOINTS if e in context.pack.endpoints]
    tried = "Every family was tried on the same evidence; [table ranking] ranks those that could be fitted."
    return Lines([tried, *chosen])


def _adjustments(context: Context) -> Lines:
    found = [adjustment_sentence(entry, context.names) for entry in context.results.adjustments]
    if not found:
        return Lines(["Nothing was adjusted: no curve crossed another that caps it."])
    return Lines(found, look="bullets")


def _base_case(_context: Context) -> Lines:
    return Lines(
        [
            "Costs by category are in [table disaggregated_costs], discounted and not.",
            "Life-years by state are in [table disaggregated_life_years], QALYs in [table disaggregated_qalys].",
        ]
    )


def _changes(context: Context) -> Lines:
    count = len(context.results.changes)
    if not count:
        return Lines()
    under = ", ".join(context.results.under_scenarios)
    scenario = f" The run was made under the scenario {under}." if under else ""
    verb = "input differs" if count == 1 else "inputs differ"
    return Lines([f"{count} {verb} from the workbook; [table changes] lists what was changed.{scenario}"])


def _payer(context: Context) -> Lines:
    payer = context.results.payer
    if payer is None:
        return Lines()
    return Lines([f"The run is for {of_whom(payer)}; {counts(payer)}. [table reference_case] has each field."])


def _not_run(context: Context) -> Lines:
    parts = not_run(context.results)
    return Lines([f"Not part of this run: {'; '.join(parts)}."] if parts else [])
