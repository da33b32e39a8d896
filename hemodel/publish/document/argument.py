"""Why these curves: how well they fit, what else was tried, what other studies say, what lies beyond follow-up.

Each text is made from the evidence on the curves of a run; what it has no evidence on, it does not mention.
"""

from __future__ import annotations

import math
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from hemodel.analyses.evidence.families import CLOSE
from hemodel.formats import display
from hemodel.publish.document.context import Lines
from hemodel.views.evidence.words import interval_words
from hemodel.views.shared.text import listed, lowered
from hemodel.views.shared.words import ENDPOINTS, RELATIONS, adjustment_sentence, family_in_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hemodel.analyses.evidence.records import Comparison, EndpointEvidence, FamilyEvidence
    from hemodel.analyses.fitted_curves import External, FitStatistic
    from hemodel.publish.document.context import Context


LATEST_YEAR = 5
"""Survival by family is told at the latest landmark up to this year."""
RARELY = 0.0005
"""What binds in a smaller share of the draws, and not in the base case, is not told of."""
ASSUMPTION = "assumption:"
_STILL = {"os": "alive", "pfs": "progression-free"}


def argument_texts() -> dict[str, Callable[[Context], Lines]]:
    """Return the texts by name."""
    return {
        "survival": _survival,
        "evidence": _evidence,
        "treatment_effect": _treatment_effect,
        "external": _external,
        "beyond_follow_up": _beyond_follow_up,
        "adjustments": _adjustments,
    }


def _survival(context: Context) -> Lines:
    """Say how well the curves meet what was reported, and what they come to."""
    results, counts = context.results, context.results.counts
    lines = []
    if counts.statistics:
        inside = "all" if counts.statistics_within == counts.statistics else str(counts.statistics_within)
        lines.append(
            f"The curves were fitted to {counts.statistics} reported statistics; {inside} of them lie, as modelled,"
            " within the 95% interval that was reported or follows from the standard error used."
        )
        lines.append(_largest_difference(context))
    lines.append("[table survival_fit] sets each beside the curve, and [figure survival_curves] shows both.")
    for strategy in results.strategies:
        found = results.base_case[strategy].survival
        told = [
            f"{name.lower()} of {display(found[e].median_months, 'months')} months (mean"
            f" {display(found[e].mean_months, 'months')})"
            for e, name in ENDPOINTS.items()
            if found[e].median_months is not None
        ]
        if told:
            lines.append(f"With {context.names.strategy(strategy)} the model has a median {' and '.join(told)}.")
    return Lines(lines)


def _largest_difference(context: Context) -> str:
    """Say which statistic lies farthest from its curve."""
    every = [(e, entry) for e, entries in context.results.fit.items() for entry in entries if entry.used and entry.z]
    if not every:
        return "The curves meet every one of them exactly."
    endpoint, entry = max(every, key=lambda pair: abs(pair[1].z or 0.0))
    return (
        f"The largest difference, {display(abs(entry.z or 0.0), 'z')} standard errors, is that of the"
        f" {_statistic(context, endpoint, entry)}: reported {display(entry.reported, 'number')}, modelled"
        f" {display(entry.fitted, 'number')}."
    )


def _statistic(context: Context, endpoint: str, entry: FitStatistic) -> str:
    names = context.names
    of, strategy = names.endpoint(endpoint), names.strategy(entry.strategy)
    what = lowered(of)
    if entry.statistic == "survival":
        return f"{what} at {display(entry.time, 'value')} months with {strategy}"
    if entry.statistic == "hazard_ratio":
        return f"hazard ratio of {what} of {strategy} versus {names.strategy(entry.versus or '')}"
    return f"median {what} with {strategy}"


def _evidence(context: Context) -> Lines:
    """Give a paragraph for each endpoint: why this family, what else fits, what it does, what speaks against it."""
    if context.pack is None:
        return Lines()
    found = context.pack.evidence.endpoints
    several = [context.names.endpoint(endpoint) for endpoint, each in found.items() if len(each.families) > 1]
    every = (
        "every family was fitted to the same evidence, with the same relations between strategies, and ranked by fit"
        " and by the plausibility of what it extrapolates; [table ranking] has the order."
    )
    first = "Published curves were taken as they are; no other family was tried."
    if several:
        where = "" if len(several) == len(found) else f"For {lowered(' and '.join(several))} "
        first = f"{where}{every}" if where else f"E{every[1:]}"
    return Lines([first, *(_choice(context, e, found[e]) for e in ENDPOINTS if e in found)], look="paragraphs")


def _choice(context: Context, endpoint: str, evidence: EndpointEvidence) -> str:
    said = [_in_use(context, endpoint, evidence), *_relations(context, endpoint), *_rivals(evidence)]
    said += _consequence(context, endpoint, evidence)
    own = evidence.in_use
    if own.concerns:
        told = "; ".join(_of_strategy(context, each).rstrip(".") for each in own.concerns)
        said.append(f"What speaks against the chosen curves: {told}.")
    elif own.fitted:
        said.append("The chosen curves break none of the rules by which plausibility is judged.")
    reasons = _reasons(context, endpoint)
    if reasons:
        said.append(f"The reason given in the workbook: {'; '.join(reasons)}.")
    return " ".join(said)


def _in_use(context: Context, endpoint: str, evidence: EndpointEvidence) -> str:
    """Say which family the base case uses, and where it stands among those that could be fitted."""
    own = evidence.in_use
    fitted = [family for family in evidence.families if family.fitted]
    first = f"{context.names.endpoint(endpoint)}: the base case uses the {family_in_text(own.family)} family"
    if len(fitted) == 1:
        return f"{first}, the only one that could be fitted."
    place = f"place {own.place} of the {len(fitted)} that could be fitted"
    lowest = min((f for f in fitted if f.criterion is not None), key=lambda f: f.criterion or 0.0, default=None)
    if own.criterion is None or lowest is None:
        return f"{first}, {place}."
    if own.criterion_rank == 1:
        return f"{first}, {place}, with the lowest {own.criterion_name} ({_criterion(own)})."
    return (
        f"{first}, {place}; its {own.criterion_name} is {_criterion(own)}, the lowest is {_criterion(lowest)}"
        f" ({family_in_text(lowest.family)})."
    )


def _of_strategy(context: Context, sentence: str) -> str:
    """Return a sentence that begins with the id of a strategy with its name in place."""
    head, colon, rest = sentence.partition(": ")
    return f"with {context.names.strategy(head)}, {rest}" if colon and head in context.results.strategies else sentence


def _relations(context: Context, endpoint: str) -> Iterator[str]:
    """Say how the curves of strategies stand to one another."""
    for curve in context.results.curves:
        words = RELATIONS.get(curve.relation, curve.relation)
        if curve.endpoint == endpoint and words not in {RELATIONS["independent"], ""}:
            name = context.names.strategy(curve.strategy)
            yield f"The curve of {name} follows from that of its reference by {lowered(words)}."


def _rivals(evidence: EndpointEvidence) -> list[str]:
    """Say which families fit about as well, and which could not be fitted."""
    near: list[FamilyEvidence] = []
    far: list[FamilyEvidence] = []
    for family in evidence.families:
        above = evidence.above_lowest(family)
        if family.fitted and not family.in_use and above is not None:
            (near if above <= CLOSE else far).append(family)
    said = []
    if near:
        told = listed([f"{family_in_text(f.family)} ({_criterion(f)})" for f in near])
        said.append(f"The data hardly tell it from {told}, whose {near[0].criterion_name} is close to the lowest.")
    if far:
        word = "fits" if len(far) == 1 else "fit"
        told = listed([f"{family_in_text(f.family)} ({_criterion(f)})" for f in far])
        said.append(f"{told[:1].upper()}{told[1:]} {word} clearly worse.")
    lacking = [family_in_text(f.family) for f in evidence.families if not f.fitted]
    if lacking:
        said.append(f"Too little was reported to fit {listed(lacking, 'or')}.")
    return said


def _criterion(family: FamilyEvidence) -> str:
    return display(family.criterion, "z")


def _consequence(context: Context, endpoint: str, evidence: EndpointEvidence) -> list[str]:
    """Say what the chosen family extrapolates to, and between what the others lie."""
    own = evidence.in_use
    others = [family for family in evidence.families if family.fitted and not family.in_use]
    years = {y for curve in own.curves.values() for y in curve.survival_by_year if y <= LATEST_YEAR}
    if not years or not own.curves:
        return []
    year, names = max(years), context.names
    told = [
        f"{display(curve.survival_by_year[year].value, 'share')} with {names.strategy(s)}"
        for s, curve in own.curves.items()
    ]
    spans = []
    for strategy in own.curves:
        found = sorted(
            (family.curves[strategy].survival_by_year[year].value, family_in_text(family.family))
            for family in others
            if strategy in family.curves
        )
        if found:
            (low, at_low), (high, at_high) = found[0], found[-1]
            span = f"from {display(low, 'share')} ({at_low}) to {display(high, 'share')} ({at_high})"
            spans.append(f"{span} with {names.strategy(strategy)}")
    unit = "year" if year == 1 else "years"
    first = f"At {year} {unit} it leaves {listed(told)} {_STILL.get(endpoint, 'free of the event')}"
    return [f"{first}; the others range {listed(spans)}." if spans else f"{first}."]


def _reasons(context: Context, endpoint: str) -> list[str]:
    """Return what the workbook says of its choice of families, each reason once."""
    rows = context.run.model.inputs.rows
    found = [rows.get(f"curve.{endpoint}.{strategy}.family") for strategy in context.results.strategies]
    texts = [row.source.removeprefix(ASSUMPTION).strip().rstrip(".") for row in found if row is not None]
    return [text for text in dict.fromkeys(texts) if text]


def _treatment_effect(context: Context) -> Lines:
    """Say whether the effect was tested to be constant, and whether it wanes."""
    if context.pack is None:
        return Lines()
    lines = []
    for endpoint in ENDPOINTS:
        evidence = context.pack.evidence.endpoints.get(endpoint)
        for each in evidence.comparisons if evidence is not None else ():
            lines += _comparison(context, endpoint, each)
    if not lines:
        lines.append(
            "Whether the treatment effect is constant could not be tested: that needs the patients, or a digitised"
            " curve, of two strategies."
        )
    rows = context.run.model.inputs.rows
    shapes = {id_: row.text for id_, row in rows.items() if id_.startswith("waning.") and id_.endswith(".shape")}
    waning = [id_ for id_, shape in shapes.items() if shape != "none"]
    if not waning:
        lines.append("In the base case the effect does not wane; scenarios show what it does if it does.")
    lines += [adjustment_sentence(e, context.names) for e in context.results.adjustments if "wan" in e.rule]
    return Lines(lines)


def _comparison(context: Context, endpoint: str, found: Comparison) -> list[str]:
    names = context.names
    of = f"{ENDPOINTS[endpoint]} of {names.comparison(found.strategy, found.reference)}"
    said = []
    if found.hazard_ratio is not None:
        ratio = found.hazard_ratio
        said.append(f"{of}: hazard ratio {interval_words(ratio.value, ratio.low, ratio.high)}.")
    if found.proportional_hazards is not None:
        p = found.proportional_hazards.p_value
        said.append(f"{of}: the test of proportional hazards gives P = {p:.3f}.")
    return said


def _external(context: Context) -> Lines:
    """Say what other studies found at each time beside what the model has there."""
    results, counts = context.results, context.results.counts
    if not results.external:
        return Lines(["The workbook holds no survival of other studies to hold the extrapolation against."])
    inside = "all" if counts.external_within == counts.external else str(counts.external_within)
    lines = [
        (
            f"The curves are held against {counts.external} points of survival in other studies; {inside} of them lie,"
            " as modelled, within the reported 95% interval ([table external])."
        )
    ]
    key = attrgetter("endpoint", "strategy")
    for (endpoint, strategy), group in groupby(sorted(results.external, key=key), key=key):
        told = "; ".join(_point(entry) for entry in group)
        lines.append(f"{context.names.endpoint(endpoint)} with {context.names.strategy(strategy)}. {told}.")
    used = [each for found in _of_evidence(context) for each in found.external if each.used]
    if used:
        lines.append(
            "Points that the fit uses are no independent check: the curves were drawn towards them, so that agreement"
            " says that one curve can meet the trial and them together."
        )
    return Lines(lines)


def _of_evidence(context: Context) -> list[EndpointEvidence]:
    return [] if context.pack is None else list(context.pack.evidence.endpoints.values())


def _point(entry: External) -> str:
    low, high = display(entry.low, "share"), display(entry.high, "share")
    between = f" ({low} to {high})" if entry.low is not None and entry.high is not None else ""
    return f"{entry.label}: {display(entry.reported, 'share')}{between}, modelled {display(entry.fitted, 'share')}"


def _beyond_follow_up(context: Context) -> Lines:
    """Say how much of what is gained was not observed."""
    beyond = None if context.pack is None else context.pack.evidence.beyond_follow_up
    if beyond is None:
        return Lines()
    basis = next((found.follow_up.basis for found in _of_evidence(context) if found.follow_up.basis), "")
    lines = [f"Follow-up is {display(beyond.follow_up, 'months')} months. {basis}".strip()]
    for entry in context.of_told(context.results.incremental):
        by = {"life-years": beyond.incremental_life_years, "QALYs": beyond.incremental_qalys}
        told = [lies_beyond(shares.get(entry.intervention), outcome) for outcome, shares in by.items()]
        name = context.names.comparison(entry.intervention, entry.comparator)
        lines += [f"{name}: {'; '.join(each for each in told if each)}."] if any(told) else []
    lines.append("What lies beyond follow-up rests on the extrapolation, not on what was seen.")
    for found in context.pack.evidence.death_after_progression.values() if context.pack is not None else ():
        sentence = _of_strategy(context, found.finding)
        lines.append(f"{sentence[:1].upper()}{sentence[1:]}")
    return Lines(lines)


def lies_beyond(share: float | None, outcome: str) -> str:
    """Return in words how much of a difference lies beyond follow-up; nothing where that is not known.

    Parameters
    ----------
    share : float or None
        Below 0 or above 1 where the difference up to follow-up has the other sign than beyond it. [proportion]
    outcome : str
        What the difference is in.
    """
    if share is None or not math.isfinite(share):
        return ""
    if share > 1.0:
        return f"the whole difference in {outcome} lies beyond follow-up; up to it the difference has the other sign"
    if share < 0.0:
        return f"the whole difference in {outcome} lies within follow-up; beyond it the difference has the other sign"
    return f"{display(share, 'share')} of the difference in {outcome} lies beyond follow-up"


def _adjustments(context: Context) -> Lines:
    """Say what caps and floors did, but for those that bound in hardly any draw."""
    told = [
        adjustment_sentence(entry, context.names)
        for entry in context.results.adjustments
        if entry.first_month is not None or (entry.share_of_draws or 0.0) >= RARELY
    ]
    if not told:
        return Lines(["Nothing was adjusted in the base case, and hardly anything in the draws."])
    return Lines(told, look="bullets")
