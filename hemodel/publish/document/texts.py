"""Texts on a run by name, built from the results: a layout says which stands where.

A text returns lines. A line is one paragraph or point; it may refer to tables,
figures and sections as ``[table base_case]``, and is left out where the document
does not have what it refers to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.analyses.input_rows import is_used
from hemodel.analyses.reference_case import DEPARTS, MISSING, TO_JUDGE
from hemodel.formats import display
from hemodel.model.costs.categories import CATEGORIES
from hemodel.publish.document.argument import argument_texts
from hemodel.publish.document.context import Lines
from hemodel.publish.document.findings import finding_texts
from hemodel.publish.workbook_sheets import without_folder
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from hemodel.views.budget import budget_method, budget_results
from hemodel.views.fit_warnings import accepted_sentence, fit_sentence
from hemodel.views.headline import headline, key_numbers
from hemodel.views.inputs import judgement
from hemodel.views.payer import counts, of_whom
from hemodel.views.prose import decision_problem, mean_results, not_run, structure
from hemodel.views.shared.text import listed
from hemodel.views.studies import research_method, research_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.analyses.input_rows import InputEntry
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
            *dict.fromkeys(category.equation for category in CATEGORIES),
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
        ("State time within a cycle", settings.half_cycle_correction),
        ("Discounting within a year", settings.discounting),
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


def _validation(context: Context) -> Lines:
    counts = context.results.counts
    passed = (
        f"All {counts.checks} arithmetic checks of this run passed"
        if counts.checks == counts.checks_passed
        else f"{counts.checks_passed} of {counts.checks} arithmetic checks of this run passed"
    )
    return Lines(
        [
            (
                f"{passed}: shares in the states add up, parts add up to totals, discounted amounts are no larger than"
                " undiscounted ones, and increments, ratios and net benefits follow from the totals. Each is in the"
                " results of the run with the number that was found and the limit it must keep."
            ),
            *(["Modelled beside reported survival is in [table survival_fit]."] if _reported(context) else []),
            (
                "The same model can be written as an Excel workbook that calculates everything by formula"
                " (hemodel excel): an independent calculation of the same inputs, in which every draw can be followed"
                " cell by cell. The software's own tests recalculate such workbooks and hold their totals against its"
                " engine."
            ),
        ]
    )


def _reported(context: Context) -> bool:
    """Whether any curve stands beside reported statistics."""
    return any(context.results.fit.values())


def texts() -> dict[str, Callable[[Context], Lines]]:
    """Return every text by name."""
    return {
        "decision_problem": _decision_problem,
        "key_results": lambda context: Lines(headline(context.results, context.names), look="key"),
        "key_numbers": _key_numbers,
        "mean_results": lambda context: Lines(mean_results(context.results, context.names), look="caution"),
        "structure": lambda context: Lines(structure(context.run, context.names), look="bullets"),
        "strategies": _strategies,
        "inputs": _inputs,
        "changes": _changes,
        "warnings": lambda context: Lines(context.results.warnings, look="bullets", lead="Warnings of the run:"),
        "count_of_warnings": _count_of_warnings,
        "fit_warnings": _fit_warnings,
        "not_run": _not_run,
        "payer": _payer,
        "departures": _departures,
        "utilities": _utilities,
        "unit_costs": _unit_costs,
        "research": _research,
        "budget": _budget,
        "validation": _validation,
        **argument_texts(),
        **finding_texts(),
        **method_texts(),
    }


def _decision_problem(context: Context) -> Lines:
    return Lines(facts=decision_problem(context.results, context.run, context.names))


def _key_numbers(context: Context) -> Lines:
    numbers = key_numbers(context.results, context.names)
    return Lines(numbers=[(each.label, each.value, each.under) for each in numbers])


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
            (
                "The workbook is part of the submission: it has the value, range, distribution, source and reason of"
                " every input, and the sources in full."
            ),
            "The choices of the model and the most influential of the assumed values are in [table key_assumptions].",
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


def _departures(context: Context) -> Lines:
    """Say what of the reference case is departed from, missing, or has to be judged by reading."""
    payer = context.results.payer
    if payer is None:
        return Lines()
    found = [e for e in payer.reference_case if e.status in {DEPARTS, MISSING}]
    points = [f"{e.label} ({e.status}). Asked: {e.asked.rstrip('.')}. Here: {e.found.rstrip('.')}." for e in found]
    judged = [e.label[:1].lower() + e.label[1:] for e in payer.reference_case if e.status == TO_JUDGE]
    if judged:
        points.append(f"To be judged by reading both texts: {listed(judged)}.")
    return Lines(points, look="bullets", lead="Where the analysis is not, or not surely, as asked:")


_UTILITIES_ARE = {
    "constant": "Utilities stay as they are over time.",
    "age_adjusted": "Utilities fall with age as those of the general population do.",
    "age_adjusted_capped": "Utilities fall with age as those of the general population do, and are at most those.",
}


def _utilities(context: Context) -> Lines:
    """Give each utility with its range and source, and what happens to it over time."""
    entries = context.results.inputs
    values = {entry.id: entry.value for entry in entries}
    lines = [
        f"{e.label}: {display(e.value, 'value')}{_between(e)}. {_from(e)}"
        for e in entries
        if e.id.startswith("utility.") and isinstance(e.value, float) and is_used(e.id, values)
    ]
    over_time = _UTILITIES_ARE.get(str(values.get("utility.over_time")))
    return Lines([*lines, *([over_time] if over_time else [])], look="bullets")


def _unit_costs(context: Context) -> Lines:
    """Give the price of each drug with its range and source, and say where the other costs are."""
    entries = [e for e in context.results.inputs if e.id.startswith("drug.") and ".price_per_" in e.id]
    lines = [f"{e.label}: {display(e.value, 'value')} {e.unit}{_between(e)}. {_from(e)}" for e in entries]
    others = listed(list(dict.fromkeys(["administration", *(category.noun for category in CATEGORIES)])))
    lead = f"Prices of the drugs follow. Unit costs of {others} are in the workbook, each with its source."
    return Lines(lines, look="bullets", lead=lead)


def _between(entry: InputEntry) -> str:
    """Return the range of an input; nothing where it has none."""
    if entry.low is None or entry.high is None:
        return ""
    return f" ({display(entry.low, 'value')} to {display(entry.high, 'value')})"


def _from(entry: InputEntry) -> str:
    """Return where a value is from: what is assumed, or its source."""
    why = judgement(entry.source)
    told = f"Assumed: {why[:1].lower()}{why[1:]}" if why else f"Source: {entry.source}"
    return f"{told.rstrip('.')}." if entry.source else ""


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
