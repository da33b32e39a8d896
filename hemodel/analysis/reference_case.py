"""The reference-case table: each field of a profile, what the run has instead, and whether it meets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hemodel.analysis import reference_case_analyses as analyses
from hemodel.analysis import reference_case_settings as settings
from hemodel.analysis.reference_case_facts import TO_JUDGE, Facts, Finding
from hemodel.payers.profile import LABELS
from hemodel.payers.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hemodel.payers.profile import Item

__all__ = ["AskedFor", "Facts", "reference_case_rows"]


@dataclass(frozen=True)
class AskedFor:
    """One row: what the reference case asks for, what was found, and how it came about.

    `status` is met, departs, missing, or to judge, for texts that no program can compare.
    """

    field: str
    label: str
    asked: str
    found: str
    status: str
    how: str
    checked: bool
    source: str
    date: str
    note: str


def reference_case_rows(facts: Facts) -> tuple[AskedFor, ...]:
    """Return a row or more for every field of the profile, in its order."""
    rows = []
    for name, item in facts.profile.items():
        own = words(item.value, facts.profile.currency.value, name)
        rows += [_row(name, item, finding, own) for finding in _COMPARED.get(name, _text)(facts, item.value)]
    return tuple(rows)


def _row(name: str, item: Item[Any], finding: Finding, own: str) -> AskedFor:
    label = f"{LABELS[name]}: {finding.part}" if finding.part else LABELS[name]
    return AskedFor(
        field=name,
        label=label,
        asked=finding.asked or own,
        found=finding.found,
        status=finding.status,
        how=finding.how,
        checked=item.checked,
        source=item.source,
        date=str(item.date),
        note=item.note,
    )


def _text(_facts: Facts, _value: Any) -> Iterable[Finding]:
    yield Finding("", TO_JUDGE)


def _software(_facts: Facts, _value: str) -> Iterable[Finding]:
    yield Finding("A program in Python with an Excel workbook; hemodel excel writes the model as formulas", TO_JUDGE)


_COMPARED: Mapping[str, Callable[[Facts, Any], Iterable[Finding]]] = {
    "currency": settings.currency,
    "discount_rate_costs": settings.rate_of("costs"),
    "discount_rate_effects": settings.rate_of("effects"),
    "discount_steps_costs": settings.steps_of("costs"),
    "discount_steps_effects": settings.steps_of("effects"),
    "discount_scenarios": analyses.discount_scenarios,
    "thresholds": settings.thresholds,
    "threshold_rule": settings.threshold_rule,
    "modifier": analyses.modifier,
    "shortfall_discounted": analyses.shortfall_discounted,
    "perspective": settings.perspective,
    "outcomes": analyses.outcomes,
    "utilities": settings.utilities,
    "horizon": settings.horizon,
    "half_cycle_correction": settings.half_cycle,
    "one_way_analysis": analyses.one_way,
    "probabilistic_analysis": analyses.probabilistic,
    "value_of_information": analyses.value_of_information,
    "required_scenarios": analyses.required_scenarios,
    "reports": analyses.reports,
    "price_base": settings.price_base,
    "budget_years": settings.budget_years,
    "budget_discounted": settings.budget_discounted,
    "budget_trigger": settings.budget_trigger,
    "software": _software,
}
