"""Sentences of a report, built from numbers: what is decided, the structure, the conventions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from hemodel.formats import display
from hemodel.model.costs.categories import CATEGORIES, DEATH, PROGRESSION, START
from hemodel.survival.endpoint_fit import COEFFICIENTS, DIGITISED, PATIENTS, REPORTED
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from hemodel.views.shared.words import OUTCOME_WORDS, PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.psa.diagnostics import PsaTotal
    from hemodel.analyses.results import Results
    from hemodel.analyses.run import Run
    from hemodel.inputs.structure import Settings
    from hemodel.views.shared.words import Names


_STATES = (
    "A partitioned survival model with three states. Patients are progression-free as the curve of progression-free"
    " survival says, dead as that of overall survival says, and progressed in between."
)
_SOURCES = {
    REPORTED: "fitted to reported medians, survival rates and hazard ratios by least squares in standard errors",
    DIGITISED: "fitted by maximum likelihood to patients rebuilt from published Kaplan-Meier curves",
    PATIENTS: "fitted by maximum likelihood to the times of patients",
    COEFFICIENTS: "taken from published coefficients",
}
_JOINTLY = "the coefficients of one endpoint vary jointly, those of different endpoints independently"
_CHARGED = "A drug is charged on each day it is given, to the patients still on it."
_WHEN = {START: "at the start", PROGRESSION: "at progression", DEATH: "at death"}
_HALF_CYCLE = {
    "life_table": "Time in a state is the mean of the two boundaries of a cycle (half-cycle correction).",
    "start": "Time in a state is counted at the start of each cycle; there is no half-cycle correction.",
    "end": "Time in a state is counted at the end of each cycle; there is no half-cycle correction.",
}
_DISCOUNTING = {"per_cycle": "by (1 + r)⁻ᵗ, with t in years", "annual": "by (1 + r)⁻ᵗ, with t the whole years elapsed"}
_TIMING = {
    "middle": "at the middle of the cycle",
    "start": "at the start of the cycle",
    "end": "at the end of the cycle",
    "boundaries": "at each boundary of the cycle",
}
_CAP = {
    "cap_pfs": (
        "Where progression-free survival would exceed overall survival it is capped at overall survival, in the base"
        " case and in every draw; each cap is counted and shown below."
    ),
    "lift_os": (
        "Where progression-free survival would exceed overall survival, overall survival is lifted to it, in the base"
        " case and in every draw; each lift is counted and shown below."
    ),
    "error": "The model stops where progression-free survival would exceed overall survival.",
}
_UTILITIES = {
    "state": "Utilities are by health state.",
    "time_to_death": "Utilities are by time to death.",
}


def mean_results(results: Results, names: Names) -> list[str]:
    """Return a sentence on every strategy whose mean over the draws is more than 2% off the base case; else none."""
    apart = [each for each in results.psa.against_base if each.apart] if results.psa is not None else []
    if not apart:
        return []
    parts = [
        f"{names.strategy(strategy)}: {', '.join(_off(each) for each in some)}"
        for strategy, some in groupby(apart, key=lambda each: each.strategy)
    ]
    return [f"The mean of the draws is off the base case by more than 2%. {'; '.join(parts)}."]


def _off(entry: PsaTotal) -> str:
    way = "above" if entry.mean > entry.base else "below"
    found = f"{OUTCOME_WORDS[entry.outcome]} {display(abs(entry.difference or 0.0), 'share')} {way}"
    return found if entry.mcse is None else f"{found} (Monte Carlo error {display(entry.mcse, 'share')})"


def decision_problem(results: Results, run: Run, names: Names) -> list[tuple[str, str]]:
    """Return what is decided, for whom and from whose view, as pairs of label and text."""
    described = {strategy.id: strategy.description for strategy in run.model.inputs.strategies}
    facts = [("Population", results.population)]
    for i, strategy in enumerate(results.strategies):
        text = ". ".join(part.rstrip(".") for part in (names.strategy(strategy), described[strategy]) if part)
        facts.append(("Comparator" if i == 0 else "Intervention", text))
    thresholds = ", ".join(display(value, "icer") for value in results.thresholds)
    return [
        *facts,
        ("Perspective", results.perspective),
        ("Currency and price year", f"{results.currency}, {results.price_year}"),
        ("Start of the clock", results.clock_start),
        ("Time horizon", f"{display(results.time_horizon_years, 'value')} years"),
        ("Willingness to pay", f"{thresholds} {results.currency} per QALY"),
    ]


def structure(run: Run, names: Names) -> list[str]:
    """Return the structure of the model and its conventions, a sentence or two each."""
    settings = run.model.inputs.settings
    cycles = run.model.time_grid.timeline.boundaries.size - 1
    days, years = display(settings.cycle_length, "value"), display(settings.time_horizon, "value")
    last = display(run.model.time_grid.timeline.last_cycle, "value")
    part = "" if last == days else f", the last of them {last} days long,"
    time = (
        f"{cycles:,} cycles of {days} days{part} cover {years} years. A year has {DAYS_PER_YEAR:g} days and a month"
        f" {DAYS_PER_MONTH:g}. {_HALF_CYCLE[settings.half_cycle_correction]}"
    )
    return [
        _STATES,
        time,
        _discounting(settings),
        curve_sources(run, names),
        _CAP[settings.pfs_above_os],
        f"{_CHARGED} {_charged()}",
        _UTILITIES[settings.utilities_by],
    ]


def _charged() -> str:
    """Say when the costs fall that are not by time in a state: adverse events fall at the start, ..."""
    first, *others = (
        f"{c.noun} {'fall ' if c.falls == START else ''}{_WHEN[c.falls]}" for c in CATEGORIES if c.falls in _WHEN
    )
    return f"{', '.join([first.capitalize(), *others])}."


def curve_sources(run: Run, names: Names) -> str:
    """Say what curves come from: all of them, or each kind of source with its endpoints and strategies.

    A relative curve is the reference's with a ratio; where that is reported, it is fitted with the curves.
    """
    by_kind: dict[str, list[str]] = {}
    for endpoint, fit in run.model.fits.items():
        kinds = {strategy: source.kind for strategy, source in fit.sources.items()}
        for kind in dict.fromkeys(kinds.values()):
            who = [names.strategy(strategy) for strategy, own in kinds.items() if own == kind]
            some = "" if len(who) == len(kinds) else f" ({', '.join(who)})"
            by_kind.setdefault(kind, []).append(names.endpoint(endpoint) + some)
    if len(by_kind) == 1:
        return f"Curves are {_SOURCES[next(iter(by_kind))]}; {_JOINTLY}."
    parts = [f"those of {', '.join(of)} are {_SOURCES[kind]}" for kind, of in by_kind.items()]
    return f"Curves: {'; '.join(parts)}; {_JOINTLY}."


def _discounting(settings: Settings) -> str:
    costs, effects = _rates(settings.cost_rates), _rates(settings.effect_rates)
    when = f"{_DISCOUNTING[settings.discounting]} {_TIMING[settings.discount_timing]}"
    return (
        f"Costs are discounted at {costs} a year and effects at {effects}, {when} or on the day that a drug is given."
    )


def _rates(steps: Sequence[tuple[float, float]]) -> str:
    first, *later = [(display(start, "value"), f"{display(100 * rate, 'value')}%") for start, rate in steps]
    return ", ".join([first[1], *(f"{rate} from year {start}" for start, rate in later)])


def not_run(results: Results) -> list[str]:
    """Return the names of the parts that hold no results."""
    parts = {"dsa": results.dsa, "psa": results.psa, "scenarios": results.scenarios}
    return [PARTS[name] for name, found in parts.items() if not found]
