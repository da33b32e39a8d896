"""Texts on a run by name, built from the results: a layout says which stands where.

A text returns lines. A line is one paragraph or point; it may refer to tables,
figures and sections as ``[table base_case]``, and is left out where the document
does not have what it refers to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.formats import display
from hemodel.publish.document.context import Lines
from hemodel.publish.workbook_sheets import without_folder
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from hemodel.views.budget import budget_method, budget_results
from hemodel.views.evidence.words import EvidenceNames, in_use_words
from hemodel.views.fit_warnings import accepted_sentence, fit_sentence
from hemodel.views.information import information_text, shown_as
from hemodel.views.payer import counts, of_whom
from hemodel.views.prose import (
    assumed_prices,
    decision_problem,
    key_results,
    mean_results,
    not_run,
    structure,
    threshold_results,
)
from hemodel.views.shared.words import ENDPOINTS, adjustment_sentence
from hemodel.views.studies import research_method, research_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.analyses.psa.result import PsaIncrement
    from hemodel.analyses.scenarios import ScenarioEntry
    from hemodel.publish.document.context import Context
    from hemodel.publish.manifest import Manifest


_HALF_CYCLE = {
    "life_table": "the mean of its two boundaries",
    "start": "the share at its start",
    "end": "the share at its end",
}
_UTILITIES = {
    "state": "QALYs = years in each state x utility of the state, less incidence x disutility x duration of each"
    " adverse event.",
    "time_to_death": "QALYs = years in each band of time to death x utility of the band, less incidence x disutility x"
    " duration of each adverse event.",
}


def method_texts() -> dict[str, Callable[[Context], Lines]]:
    """Return the texts by name."""
    return {
        "equations": _equations,
        "technical": _technical,
        "repeat": lambda context: repeat(context.manifest),
        "command": lambda context: command(context.manifest),
    }


def _equations(context: Context) -> Lines:
    settings = context.run.model.inputs.settings
    return Lines(
        [
            (
                "Progression-free = the smaller of the curves of progression-free and overall survival; progressed ="
                " overall survival less that; dead = one less overall survival."
            ),
            (
                f"Years in a state in a cycle = {_HALF_CYCLE[settings.half_cycle_correction]} x length of the cycle;"
                " life-years are their sum."
            ),
            (
                "A discounted amount = the amount x (one plus the yearly rate) to the power of minus its time in years;"
                " costs and effects have rates of their own."
            ),
            (
                "Acquisition = administrations on the days of the schedule x share still on treatment that day x vials"
                " x price x relative dose intensity x share of patients given the drug; administration = the same"
                " administrations x the cost of one."
            ),
            (
                "Vials for a dose = the expected number of whole vials over the distribution of body size; with sharing"
                " of vials, the mean dose over the content of a vial."
            ),
            "Disease management = months in each state x uses a month x unit cost.",
            "Adverse events = incidence x cost, at the start; end-of-life care = deaths x cost.",
            (
                "Subsequent treatment = patients leaving progression-free x share of these events that are progressions"
                " x share given each treatment x its cost."
            ),
            _UTILITIES[settings.utilities_by],
            (
                "Increment = intervention less comparator; ICER = incremental costs over incremental QALYs; net"
                " monetary benefit = threshold x QALYs less costs; net health benefit = QALYs less costs over the"
                " threshold."
            ),
        ],
        look="bullets",
        lead="What is calculated, in words:",
    )


def _technical(context: Context) -> Lines:
    made, book, settings = context.manifest, context.manifest.workbook, context.run.model.inputs.settings
    libraries = ", ".join(f"{name} {version}" for name, version in made.libraries.items())
    facts = [
        ("Software", f"hemodel {made.hemodel}, Python {made.python}"),
        ("Libraries", libraries),
        *(() if book is None else (("Workbook", f"{book.name}, SHA-256 {book.sha256}"),)),
        ("Kind of model", "cohort, partitioned survival, three states"),
        ("Cycle", f"{display(settings.cycle_length, 'value')} days, {context.results.counts.cycles:,} cycles"),
        ("Units of time", f"a year has {DAYS_PER_YEAR:g} days, a month {DAYS_PER_MONTH:g}"),
        ("State time within a cycle", settings.half_cycle_correction.replace("_", " ")),
        ("Discounting within a year", settings.discounting.replace("_", " ")),
        ("Discounting within a cycle", settings.discount_timing),
    ]
    if context.results.psa is not None:
        psa = context.results.psa
        facts.append(("Probabilistic analysis", f"{psa.draws:,} draws, seed {psa.seed}"))
    return Lines(facts=facts)


def repeat(manifest: Manifest) -> Lines:
    """Return what stands before the command that repeats a run."""
    name = "" if manifest.workbook is None else manifest.workbook.name
    return Lines([f"With the workbook {name} as it was, this command gives the same numbers:"])


def command(manifest: Manifest) -> Lines:
    """Return the command that repeats a run, without its output folder."""
    return Lines([without_folder(manifest.command)], look="code")


MOST_INFLUENTIAL = 3
"""Inputs of the one-way analysis that the text names."""


def uncertainty_texts() -> dict[str, Callable[[Context], Lines]]:
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
    lines += [
        "[table dsa_curves] says which curves the ends of their bars are.",
        "[table dsa_statistics] shows what each reported number alone does to the fit.",
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
    return Lines(information_text(results.information, shown, results.decision_threshold), look="paragraphs")


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
            *(["Modelled beside reported survival is in [table survival_fit]."] if _reported(context) else []),
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


def texts() -> dict[str, Callable[[Context], Lines]]:
    """Return every text by name."""
    return {
        "decision_problem": _decision_problem,
        "key_results": _key_results,
        "mean_results": lambda context: Lines(mean_results(context.results, context.names), look="caution"),
        "structure": lambda context: Lines(structure(context.run, context.names), look="bullets"),
        "strategies": _strategies,
        "inputs": _inputs,
        "survival": _survival,
        "evidence": _evidence,
        "adjustments": _adjustments,
        "base_case": _base_case,
        "changes": _changes,
        "warnings": lambda context: Lines(context.results.warnings, look="bullets", lead="Warnings of the run:"),
        "count_of_warnings": _count_of_warnings,
        "fit_warnings": _fit_warnings,
        "not_run": _not_run,
        "payer": _payer,
        "research": _research,
        "budget": _budget,
        **uncertainty_texts(),
        **method_texts(),
    }


def _decision_problem(context: Context) -> Lines:
    return Lines(facts=decision_problem(context.results, context.run, context.names))


def _key_results(context: Context) -> Lines:
    first = key_results(context.results, context.names)
    second = threshold_results(context.results, context.names)
    leading = assumed_prices(context.results, context.names)
    return Lines([*leading, *first], look="key", under=[*("" for _ in leading), *second])


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
                if _reported(context)
                else "[figure survival_curves] shows the curves as modelled; none is fitted to reported statistics."
            ),
            *lines,
        ]
    )


def _reported(context: Context) -> bool:
    """Whether any curve stands beside reported statistics."""
    return any(context.results.fit.values())


def _evidence(context: Context) -> Lines:
    if context.pack is None:
        return Lines()
    names, found = EvidenceNames(context.run.model), context.pack.evidence.endpoints
    chosen = [in_use_words(names, e, found[e]) for e in ENDPOINTS if e in found]
    several = [names.endpoint(endpoint) for endpoint, each in found.items() if len(each.families) > 1]
    if not several:
        return Lines(["Published curves were taken as they are; no other family was tried.", *chosen])
    where = "" if len(several) == len(found) else f"For {' and '.join(several)} "
    every = "every family was tried on the same evidence; [table ranking] ranks those that could be fitted."
    return Lines([f"{where}{every}" if where else every[0].upper() + every[1:], *chosen])


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
    return Lines([f"{count} {verb} from the workbook; [table changes] lists what was changed.{scenario}"], "caution")


def _payer(context: Context) -> Lines:
    payer = context.results.payer
    if payer is None:
        return Lines()
    return Lines([f"The run is for {of_whom(payer)}; {counts(payer)}. [table reference_case] has each field."])


def _not_run(context: Context) -> Lines:
    parts = not_run(context.results)
    return Lines([f"Not part of this run: {'; '.join(parts)}."] if parts else [], look="caution")


def _count_of_warnings(context: Context) -> Lines:
    count = len(context.results.warnings)
    words = "1 warning" if count == 1 else f"{count} warnings"
    return Lines([f"{words} of the run: see [section warnings]."] if count else [], look="caution")


def _fit_warnings(context: Context) -> Lines:
    found = context.results.fit_warnings
    sentences = [sentence for sentence in (fit_sentence(found), accepted_sentence(found)) if sentence]
    if sentences:
        sentences[-1] += " See [table fit_warnings]."
    return Lines(sentences, look="caution")


def _budget(context: Context) -> Lines:
    results = context.results
    return Lines([*budget_results(results, context.names), *budget_method(results)], look="paragraphs")


def _research(context: Context) -> Lines:
    research = context.results.research
    return Lines([*research_results(research), *research_method(research)], look="paragraphs")
