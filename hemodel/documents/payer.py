"""A payer's part of a run in the shape of results.json."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from hemodel.analyses.modifiers import BY_BAND
from hemodel.records.payer import (
    EvlygEntry,
    PayerResult,
    ReferenceCaseEntry,
    SeverityAt,
    SeverityClass,
    SeverityIncrement,
    SeverityResult,
)

if TYPE_CHECKING:
    from hemodel.analyses.modifiers import Severity, WeightedIncrement
    from hemodel.analyses.payer import EvlyGained, Payer


def payer_result(payer: Payer | None) -> PayerResult | None:
    """Return the reference case, severity and evLYG; None without a payer."""
    if payer is None:
        return None
    profile = payer.found.profile
    return PayerResult(
        code=profile.code,
        jurisdiction=profile.jurisdiction,
        body=profile.body,
        guideline=profile.guideline,
        table_set=profile.table_set,
        file=payer.found.file,
        replaces_shipped=payer.found.replaces,
        currency=profile.currency.value,
        exchange_rate=payer.applied.rate,
        not_checked=list(profile.unchecked),
        reference_case=[ReferenceCaseEntry(**vars(row)) for row in payer.rows],
        severity=None if payer.severity is None else _severity(payer.severity),
        evlyg=None if payer.evlyg is None else [_evlyg(entry) for entry in payer.evlyg],
    )


def _severity(found: Severity) -> SeverityResult:
    return SeverityResult(
        kind=found.kind,
        discounted=found.discounted,
        general_population=found.general,
        current_care=found.current_care,
        absolute_shortfall=found.absolute,
        proportional_shortfall=found.proportional,
        weight=found.weight,
        threshold=found.value if found.kind == BY_BAND and not math.isnan(found.value) else None,
        classes=[SeverityClass(value=value, share_of_draws=share) for value, share in found.classes],
        below_first_band=found.below,
        increments=[_increment(entry) for entry in found.weighed],
    )


def _increment(entry: WeightedIncrement) -> SeverityIncrement:
    return SeverityIncrement(
        intervention=entry.intervention,
        comparator=entry.comparator,
        qalys=entry.qalys,
        costs=entry.costs,
        weighted_qalys=entry.weighted_qalys,
        icer=entry.verdict.icer,
        verdict=entry.verdict.word,
        weighted_icer=entry.weighted.icer,
        weighted_verdict=entry.weighted.word,
        at=[SeverityAt(**vars(at)) for at in entry.at],
    )


def _evlyg(entry: EvlyGained) -> EvlygEntry:
    return EvlygEntry(
        intervention=entry.intervention,
        comparator=entry.comparator,
        evlys=entry.evlys,
        costs=entry.costs,
        cost_per_evly=entry.verdict.icer,
        verdict=entry.verdict.word,
    )
