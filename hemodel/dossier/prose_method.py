"""Texts of a dossier that say how it was calculated: equations in words, software, the command that repeats it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hemodel.dossier.prose_shape import Lines
from hemodel.reporting.format import display
from hemodel.reporting.results_workbook_manifest import without_folder
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from hemodel.dossier.context import Context

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


def texts() -> dict[str, Callable[[Context], Lines]]:
    """Return the texts by name."""
    return {"equations": _equations, "technical": _technical, "command": _command}


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
    made, settings = context.manifest, context.run.model.inputs.settings
    libraries = ", ".join(f"{name} {version}" for name, version in made["libraries"].items())
    facts = [
        ("Software", f"hemodel {made['hemodel']}, Python {made['python']}"),
        ("Libraries", libraries),
        ("Workbook", f"{made['workbook']['name']}, SHA-256 {made['workbook']['sha256']}"),
        ("Kind of model", "cohort, partitioned survival, three states"),
        ("Cycle", f"{display(settings.cycle_length, 'value')} days, {context.results.counts.cycles:,} cycles"),
        ("Units of time", f"a year has {DAYS_PER_YEAR:g} days, a month {DAYS_PER_MONTH:g}"),
        ("State time within a cycle", settings.half_cycle_correction.replace("_", " ")),
        ("Discounting within a year", settings.discounting.replace("_", " ")),
    ]
    if context.results.psa is not None:
        psa = context.results.psa
        facts.append(("Probabilistic analysis", f"{psa.draws:,} draws, seed {psa.seed}"))
    return Lines(facts=facts)


def _command(context: Context) -> Lines:
    return Lines([without_folder(str(context.manifest["command"]))], look="code")
