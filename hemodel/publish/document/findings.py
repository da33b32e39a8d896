"""What was found, and how sure it is: the answer, costs and effects, what drives them, scenarios, draws, price.

Each text is made from the results of a run; parts that were not run have none.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from hemodel.analyses.base_case import threshold_key
from hemodel.formats import display
from hemodel.inputs.scenarios import GROUPS
from hemodel.publish.document.argument import lies_beyond
from hemodel.publish.document.context import Lines
from hemodel.views.headline import headline, share_of_draws
from hemodel.views.information import information_text, shown_as
from hemodel.views.prose import mean_results
from hemodel.views.shared.text import listed, lowered, spelled
from hemodel.views.shared.words import SCENARIO_GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hemodel.analyses.base_case import Incremental
    from hemodel.analyses.dsa.one_way import Dsa
    from hemodel.analyses.prices import DrugPrice, VialPrice
    from hemodel.analyses.psa.result import PsaIncrement
    from hemodel.analyses.report import Difference
    from hemodel.analyses.scenarios import ScenarioEntry
    from hemodel.publish.document.context import Context


MOST_INFLUENTIAL = 3
"""Inputs of the one-way analysis that the text names."""
MOST_PARTS = 3
"""Components of an increment that the text names."""


def finding_texts() -> dict[str, Callable[[Context], Lines]]:
    """Return the texts by name."""
    return {
        "what_decides": _what_decides,
        "overview": _overview,
        "effects": _effects,
        "costs": _costs,
        "one_way": _one_way,
        "probabilistic": _probabilistic,
        "value_of_information": _value_of_information,
        "scenarios": _scenarios,
        "price": _price,
        "severity": _severity,
        "uncertainties": _uncertainties,
        "worth_knowing": _worth_knowing,
        "conclusion": _conclusion,
    }


def _lead(context: Context) -> Incremental:
    """Return the increments of the intervention on which the decision turns; of the first where none does."""
    found = context.results.incremental
    return next((each for each in found if each.intervention == context.results.headline.question), found[0])


def _ratio(context: Context, icer: float | None, verdict: str) -> str:
    return verdict if icer is None else display(icer, "icer", context.results.currency)


def _probability(context: Context, strategy: str, threshold: float | None = None) -> str:
    """Return the share of draws in which a strategy is the most cost-effective; nothing without draws."""
    psa, at = context.results.psa, context.results.decision_threshold if threshold is None else threshold
    if psa is None or at not in psa.ceac.wtp:
        return ""
    share = psa.ceac.probability[strategy][psa.ceac.wtp.index(at)]
    return f"{share_of_draws(share)} of {psa.draws:,} draws"


def _what_decides(context: Context) -> Lines:
    """Say in a paragraph what the result rests on: the largest bar, the price, what lies beyond follow-up."""
    results, entry = context.results, _lead(context)
    lines = []
    bars = [bar for bar in results.dsa or () if bar.intervention == entry.intervention]
    if bars:
        lines.append(
            f"What moves the result most, one input at a time, is {_told_bar(context, bars[0])}. {_deciding(context)}"
        )
    beyond = None if context.pack is None else context.pack.evidence.beyond_follow_up
    unseen = lies_beyond(None if beyond is None else beyond.incremental_qalys.get(entry.intervention), "QALYs")
    if unseen:
        lines.append(f"{unseen[0].upper()}{unseen[1:]}.")
    if results.counts.scenarios:
        lines.append(_decisions(context))
    return Lines(lines)


def _overview(context: Context) -> Lines:
    """Say in a few paragraphs what was compared, how, what is gained, what it costs and how sure that is."""
    results, names = context.results, context.names
    comparator, *others = (names.strategy(strategy) for strategy in results.strategies)
    years = display(results.time_horizon_years, "value")
    start = lowered(results.clock_start).partition(". ")[0].rstrip(".")
    first = (
        f"{listed(others)} {'is' if len(others) == 1 else 'are'} compared with {comparator} over {years} years, with a"
        f" partitioned survival model. Patients: {results.population.rstrip('.')}. Perspective:"
        f" {results.perspective.rstrip('.')}. Time begins at: {start}."
    )
    if len(context.told) < len(others):
        few = listed([names.strategy(strategy) for strategy in context.told])
        first += f" Sentences and charts of one intervention are given for {few}; tables hold all."
    told = [f"{_gain(context, found)} {_spending(context, found)}" for found in context.of_told(results.differences)]
    draws = results.psa.increments if results.psa is not None else []
    sure = [_chances(context, entry) for entry in context.of_told(draws)]
    sure += [_decisions(context)] if results.counts.scenarios else []
    return Lines([first, *told, *([" ".join(sure)] if sure else [])], look="paragraphs")


def _told_bar(context: Context, bar: Dsa) -> str:
    """Return an input with the ratios, or else the net benefits, at the ends of its range."""
    currency = context.results.currency
    ends = f"{display(bar.low, 'number')} to {display(bar.high, 'number')} {bar.unit}".strip()
    if bar.icer_low is None or bar.icer_high is None:
        low, high = (display(value, "money", currency) for value in (bar.nmb_low, bar.nmb_high))
        return f"{lowered(bar.label)} ({ends}: net monetary benefit from {low} to {high})"
    low, high = (display(value, "icer", currency) for value in (bar.icer_low, bar.icer_high))
    return f"{lowered(bar.label)} ({ends}: from {low} to {high} per QALY)"


def _deciding(context: Context) -> str:
    counts = context.results.counts
    if not counts.one_way_deciding:
        return f"None of {counts.one_way_inputs} inputs changes the decision within its range."
    verb = "changes" if counts.one_way_deciding == 1 else "change"
    return f"{counts.one_way_deciding} of {counts.one_way_inputs} inputs {verb} the decision within the range."


def _decisions(context: Context) -> str:
    counts = context.results.counts
    if not counts.scenarios_deciding:
        return f"None of {counts.scenarios} scenarios changes the decision at the decision threshold."
    verb = "changes" if counts.scenarios_deciding == 1 else "change"
    return f"{counts.scenarios_deciding} of {counts.scenarios} scenarios {verb} the decision at the decision threshold."


def _gain(context: Context, found: Difference) -> str:
    name = context.names.comparison(found.intervention, found.comparator)
    discounted, undiscounted = (
        f"{display(years['total'], 'years')} life-years and {display(qalys['total'], 'qaly')} QALYs"
        for years, qalys in (
            (found.life_years.discounted, found.qalys.discounted),
            (found.life_years.undiscounted, found.qalys.undiscounted),
        )
    )
    return f"{name}: the difference is {discounted}, discounted; {undiscounted}, undiscounted."


def _effects(context: Context) -> Lines:
    """Say where the QALYs gained come from."""
    lines = []
    for found in context.results.differences:
        lines.append(_gain(context, found))
        qalys = found.qalys.discounted
        told = [f"{_component(context, part)} ({display(qalys[part], 'qaly')})" for part in _largest(qalys)]
        if told:
            lines.append(f"The largest parts of the difference in QALYs are {listed(told)}.")
    return Lines([*lines, "[table disaggregated_qalys] has every part."])


def _largest(parts: Mapping[str, float]) -> list[str]:
    """Return the names of the few largest components, those of 0 left out."""
    own = [part for part, value in parts.items() if part != "total" and value]
    return sorted(own, key=lambda part: -abs(parts[part]))[:MOST_PARTS]


def _component(context: Context, part: str) -> str:
    return lowered(context.names.component(part))


def _spending(context: Context, found: Difference) -> str:
    currency, costs = context.results.currency, found.costs.discounted
    told = [f"{_component(context, part)} ({display(costs[part], 'money', currency)})" for part in _largest(costs)]
    verb = "adds" if costs["total"] >= 0 else "saves"
    made_up = f", mainly {listed(told)}" if told else ""
    name = context.names.comparison(found.intervention, found.comparator)
    total = display(abs(costs["total"]), "money", currency)
    return f"{name} {verb} costs of {total} for each patient, discounted{made_up}."


def _costs(context: Context) -> Lines:
    """Say what the additional costs are made up of, and what the drugs cost."""
    results, currency = context.results, context.results.currency
    lines = [_spending(context, found) for found in context.of_told(results.differences)]
    for strategy in results.strategies:
        drugs = results.base_case[strategy].drug_costs.discounted
        told = [f"{context.names.drug(d)} {display(drugs[d], 'money', currency)}" for d in _largest(drugs)]
        if told:
            lines.append(f"With {context.names.strategy(strategy)} the drugs themselves cost: {listed(told)}.")
    return Lines([*lines, "[table disaggregated_costs] has every category, discounted and not."])


def _one_way(context: Context) -> Lines:
    results = context.results
    if not results.dsa:
        return Lines()
    lines = [
        (
            f"{results.counts.one_way_inputs} uncertain inputs were moved to the ends of their ranges, one at a time;"
            " [figure tornado_icer] and [table one_way_largest] show those that do most. What the fit says of a curve"
            " is moved as a whole: its level, the treatment effect and its tail, each with all coefficients at once."
        )
    ]
    for entry in context.of_told(results.incremental):
        mine = [each for each in results.dsa if each.intervention == entry.intervention][:MOST_INFLUENTIAL]
        told = "; ".join(_told_bar(context, each) for each in mine)
        lines.append(f"The result for {context.names.strategy(entry.intervention)} depends most on {told}.")
    lines.append(_deciding(context))
    lines += [_switch(context, bar) for bar in _switching(context)]
    return Lines(lines)


def _switching(context: Context) -> list[Dsa]:
    return [bar for bar in context.results.dsa or () if (bar.nmb_low > 0) != (bar.nmb_high > 0)][:MOST_INFLUENTIAL]


def _switch(context: Context, bar: Dsa) -> str:
    """Say which end of a bar is on the other side of the threshold."""
    good = bar.low if bar.nmb_low > 0 else bar.high
    name = context.names.strategy(bar.intervention)
    return (
        f"With {lowered(bar.label)} at {display(good, 'number')} {bar.unit}".rstrip() + f", {name} is cost-effective."
    )


def _probabilistic(context: Context) -> Lines:
    results = context.results
    psa = results.psa
    if psa is None:
        return Lines()
    lines = [
        f"All uncertain inputs were drawn together {psa.draws:,} times, with seed {psa.seed}; no draw was discarded.",
        *(_mean(context, entry) for entry in context.of_told(psa.increments)),
        *(_chances(context, entry) for entry in context.of_told(psa.increments)),
        _apart(context),
        "[figure ce_plane] shows the draws and [figure ceac] the probability of being cost-effective.",
    ]
    return Lines(lines)


def _mean(context: Context, entry: PsaIncrement) -> str:
    currency = context.results.currency
    low, high = (display(end, "qaly") for end in entry.interval["qalys"])
    least, most = (display(end, "money") for end in entry.interval["costs"])
    ratio = _ratio(context, entry.icer_of_means, entry.verdict_of_means)
    unit = "" if entry.icer_of_means is None else " per QALY"
    return (
        f"On average {context.names.comparison(entry.intervention, entry.comparator)} gains"
        f" {display(entry.mean['qalys'], 'qaly')} QALYs (95% of the draws: {low} to {high}) for"
        f" {display(entry.mean['costs'], 'money', currency)} ({least} to {most}); the ratio of the means:"
        f" {ratio}{unit}."
    )


def _chances(context: Context, entry: PsaIncrement) -> str:
    """Say how often an intervention is the best at each threshold, and how precisely its net benefit is known."""
    results, currency = context.results, context.results.currency
    chances = [(t, _probability(context, entry.intervention, t)) for t in results.thresholds]
    told = [
        f"at {listed([display(t, 'icer', currency) for t, _ in some])} per QALY in {lowered(chance)}"
        for chance, some in groupby((pair for pair in chances if pair[1]), key=lambda pair: pair[1])
    ]
    often = (
        f"{context.names.strategy(entry.intervention)} is the most cost-effective strategy {listed(told)}. "
        if told
        else ""
    )
    return (
        f"{often}The Monte Carlo error of its mean net monetary benefit is"
        f" {display(entry.mcse_inmb, 'money', currency)} at the decision threshold."
    )


def _apart(context: Context) -> str:
    """Say whether the mean of the draws and the base case agree."""
    apart = mean_results(context.results, context.names)
    return apart[0] if apart else "The means of the draws lie within 2% of the base case."


def _value_of_information(context: Context) -> Lines:
    results, shown = context.results, shown_as(context.results, context.names)
    return Lines(information_text(results.information, shown, results.decision_threshold), look="paragraphs")


def _scenarios(context: Context) -> Lines:
    """Say between what the scenarios of each group lie, and which change the decision."""
    results, counts = context.results, context.results.counts
    if not results.scenarios:
        return Lines()
    first = (
        f"{counts.scenarios} scenarios were run, each the base case with one question answered otherwise."
        f" {counts.scenarios_moving} of them move the ICER by 10% or more, leave none, or change the decision"
        f" ([table scenarios_moving]); all are in the results of the run. {_decisions(context)}"
    )
    lines = [first]
    if counts.scenarios_stopped:
        lines.append(f"{counts.scenarios_stopped} of them could not be run.")
    for entry in context.of_told(results.incremental):
        mine = [e for e in results.scenarios if e.intervention == entry.intervention]
        for group, of_group in groupby(sorted(mine, key=lambda e: GROUPS.index(e.group)), key=lambda e: e.group):
            lines += _extremes(context, entry, SCENARIO_GROUPS[group], list(of_group))
    return Lines(lines, look="paragraphs")


def _extremes(context: Context, entry: Incremental, group: str, mine: Sequence[ScenarioEntry]) -> list[str]:
    """Say between which ratios the scenarios of a group lie, with the questions at both ends."""
    found = sorted((e for e in mine if e.icer is not None), key=lambda e: e.icer or 0.0)
    if not found:
        return []
    name = f" for {context.names.strategy(entry.intervention)}" if len(context.results.incremental) > 1 else ""
    currency = context.results.currency
    ends = [f"{display(e.icer, 'icer', currency)} ({_question(e)})" for e in (found[0], found[-1])]
    same = display(found[0].icer, "icer") == display(found[-1].icer, "icer")
    span = f"is {ends[0]}" if same else f"lies between {ends[0]} and {ends[1]}"
    said = f"{group}{name}: the ICER {span}."
    none = [_question(e) for e in mine if e.icer is None and not e.stopped]
    if none:
        said += f" There is no ratio where {listed(none)}."
    key = threshold_key(context.results.decision_threshold)
    other = [_question(e) for e in mine if e.changes_decision.get(key)]
    if other:
        said += f" The decision is another where {listed(other)}."
    return [said]


def _question(entry: ScenarioEntry) -> str:
    """Return the condition of a scenario: its question without What if."""
    text = entry.question.removeprefix("What if ").rstrip("?").strip()
    return text or entry.name.replace("_", " ")


def _price(context: Context) -> Lines:
    """Say at which price of the drugs under assessment each threshold is met."""
    decisive = [entry for entry in context.results.prices or () if entry.decisive]
    own = [entry for entry in decisive if not entry.given_in_comparator] or decisive
    return Lines([_price_of(context, entry) for entry in own], look="paragraphs")


def _price_of(context: Context, entry: DrugPrice) -> str:
    currency = context.results.currency
    vials = listed([_vial(vial, vial.price, currency) for vial in entry.vials])
    said = f"{context.names.drug(entry.drug)} is charged at {vials}{', an assumption' if entry.assumed else ''}."
    met = [
        f"{display(at.threshold, 'icer', currency)} per QALY at "
        + listed([_vial(vial, at.prices[vial.id], currency) for vial in entry.vials])
        + (f" (a discount of {display(at.discount, 'share')})" if at.discount is not None and at.discount > 0 else "")
        for at in entry.thresholds
        if at.prices is not None
    ]
    name = context.names.comparison(entry.intervention, entry.comparator)
    if met:
        said += f" The ICER of {name} meets {listed(met)}."
    for word, group in groupby((at for at in entry.thresholds if at.prices is None), key=lambda at: at.met):
        which = listed([display(at.threshold, "icer", currency) for at in group])
        said += (
            f" A threshold of {which} per QALY is {word}; at a price of 0 the ICER is {_at_price_0(context, entry)}."
        )
    return said


def _vial(vial: VialPrice, price: float, currency: str) -> str:
    size = display(vial.size_mg, "value")
    return f"{currency}\N{NO-BREAK SPACE}{display(price, 'number')} per vial of {size}\N{NO-BREAK SPACE}mg"


def _at_price_0(context: Context, entry: DrugPrice) -> str:
    ratio = _ratio(context, entry.icer_at_price_0, entry.verdict_at_price_0)
    return ratio if entry.icer_at_price_0 is None else f"{ratio} per QALY"


def _severity(context: Context) -> Lines:
    """Say how much is lost under current care, which weight that gives, and what the weight does."""
    payer = context.results.payer
    found = None if payer is None else payer.severity
    if found is None:
        return Lines()
    current = context.names.strategy(context.results.strategies[0])
    lines = [
        (
            f"People of the same ages and sexes without the disease would have"
            f" {display(found.general_population, 'qaly')} QALYs; with {current} patients have"
            f" {display(found.current_care, 'qaly')}. That is an absolute shortfall of"
            f" {display(found.absolute_shortfall, 'qaly')} QALYs and a proportional one of"
            f" {display(found.proportional_shortfall, 'share')}."
        )
    ]
    currency = context.results.currency
    if found.weight is not None:
        lines.append(f"It gives a weight of {display(found.weight, 'value')} to the QALYs gained.")
    if found.threshold is not None:
        lines.append(f"It gives a threshold of {display(found.threshold, 'icer', currency)} per QALY.")
    for entry in found.increments:
        if found.weight is not None:
            ratio = _ratio(context, entry.weighted_icer, entry.weighted_verdict)
            lines.append(
                f"With it the ICER of {context.names.comparison(entry.intervention, entry.comparator)} is {ratio} per"
                f" weighted QALY, without it {_ratio(context, entry.icer, entry.verdict)}."
            )
    shares = [
        f"{display(e.value, 'value')} in {display(e.share_of_draws, 'share')}"
        for e in found.classes
        if e.share_of_draws
    ]
    if shares:
        lines.append(f"Of the draws, the value is {listed(shares)}.")
    return Lines(lines)


def _uncertainties(context: Context) -> Lines:
    """Say what is uncertain, by kind: structure, choice of sources, precision; and what is assumed."""
    results, counts = context.results, context.results.counts
    lines = []
    by_group = {group: [e for e in results.scenarios or () if e.group == group] for group in GROUPS}
    structural = [e for group in ("survival", "structure") for e in by_group.get(group, ()) if e.name in results.moving]
    structural.sort(key=lambda e: -abs(e.change_in_icer or 0.0))
    if results.scenarios:
        named = list(dict.fromkeys(_question(e) for e in structural))[:MOST_INFLUENTIAL]
        those = f"those that move the result include: {listed(named)}" if named else "none moves the result by much"
        lines.append(
            "Structure: which curves are extrapolated, how treatment ends and what follows it are choices, each tested"
            f" in scenarios; {those}."
        )
    lines.append(
        f"Sources: {counts.assumptions} of {counts.inputs} inputs rest on an assumption rather than a source; the"
        " workbook gives the reason of each, and the most important are in [section assumptions]."
    )
    if results.psa is not None:
        told = "; ".join(_wide(context, entry) for entry in context.of_told(results.psa.increments))
        lines.append(f"Precision: {told}.")
    return Lines(lines, look="bullets", lead="Three kinds of uncertainty are kept apart:")


def _wide(context: Context, entry: PsaIncrement) -> str:
    """Say between what the gain of an intervention lies, and whether its sign is sure."""
    low, high = entry.interval["qalys"]
    sure = "a gain" if low > 0 else "a loss" if high < 0 else ""
    sign = f"{sure} is hardly in doubt" if sure else "whether it gains any is not sure"
    between = f"between {display(low, 'qaly')} and {display(high, 'qaly')} QALYs"
    return f"the difference of {context.names.strategy(entry.intervention)} lies {between} in 95% of the draws; {sign}"


def _worth_knowing(context: Context) -> Lines:
    """Say which inputs further data would have to be on for the decision to become surer."""
    found = context.results.information
    if found is None or not found.evppi:
        return Lines()
    place = found.thresholds.index(found.ranked_at)
    clear = [lowered(e.label) for e in found.evppi if not e.group and e.at[place].is_clear][:MOST_INFLUENTIAL]
    at = f"{display(found.ranked_at, 'icer', context.results.currency)} per QALY"
    lines = list(information_text(found, shown_as(context.results, context.names), context.results.decision_threshold))[
        :1
    ]
    if clear:
        lines.append(
            f"Data collected under managed access would have to be on {listed(clear)}: at {at} they are worth most to"
            " know."
        )
    return Lines([*lines, "Whether and how data are collected is for the company to add."])


def _conclusion(context: Context) -> Lines:
    """Say what the analysis finds, on what it stands, and what speaks against relying on it."""
    results, counts = context.results, context.results.counts
    strong = []
    if counts.statistics and counts.statistics_within == counts.statistics:
        strong.append("the curves meet every statistic that they were fitted to within its interval")
    if counts.external and counts.external_within == counts.external:
        strong.append("survival in other studies agrees with the extrapolation")
    if counts.checks == counts.checks_passed:
        strong.append(f"all {counts.checks} arithmetic checks passed")
    if results.scenarios and not counts.scenarios_deciding:
        strong.append("no scenario changes the decision")
    weak = []
    if results.fit_warnings:
        weak.append(f"{spelled(len(results.fit_warnings), 'finding')} on the curves")
    beyond = None if context.pack is None else context.pack.evidence.beyond_follow_up
    lead = _lead(context).intervention
    unseen = lies_beyond(None if beyond is None else beyond.incremental_qalys.get(lead), "QALYs")
    weak += [unseen] if unseen else []
    assumed = [context.names.drug(e.drug) for e in results.prices or () if e.assumed and e.decisive]
    if assumed:
        weak.append(f"the price of {listed(list(dict.fromkeys(assumed)))} is assumed")
    if results.counts.external == 0:
        weak.append("no other study was there to hold the extrapolation against")
    lines = headline(results, context.names)
    lines += [f"What speaks for the result: {listed(strong)}."] if strong else []
    lines += [f"What speaks for caution: {listed(weak)}."] if weak else []
    return Lines(lines, look="paragraphs")
