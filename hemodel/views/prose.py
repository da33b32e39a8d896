"""Sentences of a report, built from numbers: the key result, the structure, the conventions."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from hemodel.economics import DOMINANT, DOMINATED, MORE_EFFECTIVE_AND_COSTLY, NO_DIFFERENCE, net_monetary_benefit
from hemodel.formats import Kind, display
from hemodel.survival.endpoint_fit import COEFFICIENTS, DIGITISED, PATIENTS, REPORTED
from hemodel.units import DAYS_PER_MONTH, DAYS_PER_YEAR
from hemodel.views.shared.words import OUTCOME_WORDS, PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.base_case import Incremental
    from hemodel.analyses.prices import DrugPrice, VialPrice
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
_CHARGED = (
    "A drug is charged on each day it is given, to the patients still on it. Adverse events fall at the start,"
    " subsequent treatment at progression, end-of-life care at death."
)
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


def assumed_prices(results: Results, names: Names) -> list[str]:
    """Return for each drug whose price is an assumption at which price the ICER meets each threshold.

    Drugs whose price hardly moves the incremental costs are not told of, and those that the comparator is given too
    only where there are no others.
    """
    assumed = [entry for entry in results.prices or () if entry.assumed and entry.decisive]
    own = [entry for entry in assumed if not entry.given_in_comparator]
    return [_assumed_price(results, entry, names) for entry in own or assumed]


def _assumed_price(results: Results, entry: DrugPrice, names: Names) -> str:
    drug, currency = names.drug(entry.drug), results.currency
    listed = " and ".join(_vial_price(vial, vial.price, currency) for vial in entry.vials)
    pair = f"the ICER of {names.strategy(entry.intervention)} over {names.strategy(entry.comparator)}"
    said = [f"The price of {drug} is assumed ({listed})."]
    met = [at for at in entry.thresholds if at.prices is not None]
    if met:
        prices = "; ".join(
            f"{display(at.threshold, 'icer', currency)} per QALY at "
            + " and ".join(_vial_price(vial, (at.prices or {})[vial.id], currency) for vial in entry.vials)
            for at in met
        )
        said.append(f"{pair[0].upper()}{pair[1:]} meets {prices}.")
    for word, group in groupby((at for at in entry.thresholds if at.prices is None), key=lambda at: at.met):
        which = ", ".join(display(at.threshold, "icer", currency) for at in group)
        said.append(f"For {which} per QALY: {word}{_at_price_0(entry, currency)}.")
    return " ".join(said)


def _vial_price(vial: VialPrice, price: float, currency: str) -> str:
    size = display(vial.size_mg, "value")
    return f"{currency}\N{NO-BREAK SPACE}{display(price, 'number')} per vial of {size}\N{NO-BREAK SPACE}mg"


def _at_price_0(entry: DrugPrice, currency: str) -> str:
    if entry.icer_at_price_0 is None:
        return f" (at a price of 0: {entry.verdict_at_price_0})"
    return f" (at a price of 0 the ICER is {display(entry.icer_at_price_0, 'icer', currency)})"


def key_results(results: Results, names: Names) -> list[str]:
    """Return one sentence for each intervention, from its increments and its verdict."""
    return [_key_result(results, entry, names) for entry in results.incremental]


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


def _key_result(results: Results, entry: Incremental, names: Names) -> str:
    years = display(results.time_horizon_years, "value")
    return (
        f"Over {years} year{'' if years == '1' else 's'}, {names.strategy(entry.intervention)}"
        f" yields {_more(entry.qalys, 'qaly', 'QALYs')} ({_more(entry.life_years, 'years', 'life-years')}) and costs"
        f" {_dearer(entry.costs, results.currency)} {names.strategy(entry.comparator)}, discounted:"
        f" {_verdict(entry, results.currency)}."
    )


def _more(value: float, kind: Kind, what: str) -> str:
    if value == 0:
        return f"the same {what}"
    return f"{_size(value, kind)} {'more' if value > 0 else 'fewer'} {what}"


def _dearer(value: float, currency: str) -> str:
    if value == 0:
        return "as much as"
    return f"{_size(value, 'money', currency)} {'more' if value > 0 else 'less'} than"


def _size(value: float, kind: Kind, currency: str = "") -> str:
    """Return the size of a difference, with more digits where rounding would leave nothing."""
    text = display(abs(value), kind, currency)
    if text.removeprefix(currency).strip("\N{NO-BREAK SPACE}0.,"):
        return text
    return f"{currency}\N{NO-BREAK SPACE}{display(abs(value), 'number')}".strip()


def _verdict(entry: Incremental, currency: str) -> str:
    if entry.icer is not None:
        return f"{display(entry.icer, 'icer', currency)} per QALY gained"
    words = {
        DOMINANT: "it is dominant, at least as effective and no more costly",
        DOMINATED: "it is dominated, no more effective and no less costly",
        NO_DIFFERENCE: "there is no difference",
        MORE_EFFECTIVE_AND_COSTLY: "it is more effective and more costly",
    }
    return words.get(entry.verdict, f"it is {entry.verdict}, so that no ratio is given")


def threshold_results(results: Results, names: Names) -> list[str]:
    """Return what each increment is worth at the decision threshold, and how certain that is."""
    threshold = results.decision_threshold
    found = []
    for entry in results.incremental:
        benefit = net_monetary_benefit(entry.qalys, entry.costs, threshold)
        word = "cost-effective" if benefit > 0 else "not cost-effective"
        sentence = (
            f"At the decision threshold of {display(threshold, 'icer', results.currency)} per QALY its incremental net"
            f" monetary benefit is {display(benefit, 'money', results.currency)}: {names.strategy(entry.intervention)}"
            f" is {word}"
        )
        found.append(sentence + _certainty(results, entry.intervention))
    return found


def _certainty(results: Results, strategy: str) -> str:
    psa = results.psa
    if psa is None or results.decision_threshold not in psa.ceac.wtp:
        return "."
    share = psa.ceac.probability[strategy][psa.ceac.wtp.index(results.decision_threshold)]
    return f"; it is the most cost-effective strategy in {display(share, 'share')} of {psa.draws:,} draws."


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
        _CHARGED,
        _UTILITIES[settings.utilities_by],
    ]


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
