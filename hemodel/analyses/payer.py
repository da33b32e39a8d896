"""A payer in a run: what is set before it, and after it what its modifier and reference case say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from hemodel.analyses.modifiers import Severity, equal_value_life_years, severity
from hemodel.analyses.reference_case import Facts, ReferenceCaseEntry, reference_case_rows
from hemodel.economics import increment, verdict
from hemodel.entries import Entry
from hemodel.model.evaluate import base_draws
from hemodel.model.population import qale_of
from hemodel.payers.applying import Applied, exchange_rate_id, reference_case
from hemodel.payers.profile import LABELS, SeverityWeight, ThresholdBands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analyses.dsa.one_way import OneWay
    from hemodel.analyses.psa.draws import Psa
    from hemodel.inputs.cells import RawWorkbook
    from hemodel.inputs.changes import Change
    from hemodel.inputs.scenarios import Scenario
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.payers.reading import FoundProfile


LIFE_YEAR = "utility.life_year_gained"
"""The row with the utility of a life-year gained."""
SHOWN = {
    **dict.fromkeys(("net health benefit", "price threshold", "efficiency frontier"), "in the outputs"),
    "stepped results": "in the dossier of hemodel report",
}
"""Where results are shown that payers ask for, by the words of profiles."""


class EvlyGained(Entry):
    """Equal value of life-years gained of one intervention over the comparator."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    evlys: float = Field(description="equal value of life-years gained, discounted. [evLY]")
    costs: float = Field(description="increment, discounted. [currency]")
    cost_per_evly: float | None = Field(description="null where the ratio means nothing. [currency per evLY]")
    verdict: str = Field(description="in words")


class PayerResult(Entry):
    """The payer that the run was made for."""

    code: str = Field(description="of the profile")
    jurisdiction: str = Field(description="whose reference case it is")
    body: str = Field(description="the payer")
    guideline: str = Field(description="where the reference case stands")
    table_set: str = Field(description="which tables a dossier needs: NICE, CDA-AMC, PBAC, ICER or generic")
    file: str = Field(description="where the profile was found")
    replaces_shipped: bool = Field(description="it was used in place of a profile of the package")
    currency: str = Field(description="of the payer, a code")
    exchange_rate: float | None = Field(description="of the workbook for one of the payer. [currency per currency]")
    not_checked: list[str] = Field(description="fields that were not compared with the primary text")
    reference_case: list[ReferenceCaseEntry] = Field(description="in the order of the profile")
    severity: Severity | None = Field(description="null where the payer does not ask for it")
    evlyg: list[EvlyGained] | None = Field(
        description="null where the payer does not ask for it, or the utility of a life-year gained is missing"
    )


@dataclass(frozen=True)
class Prepared:
    """A payer before the run: its profile and what it changes."""

    found: FoundProfile
    applied: Applied


def prepare(found: FoundProfile, raw: RawWorkbook, later: Iterable[Change]) -> Prepared:
    """Return a payer with what it changes in a workbook; see `reference_case`."""
    return Prepared(found, reference_case(found.profile, raw, later))


def general_population(prepared: Prepared, model: Model) -> float | None:
    """Return the QALYs of the general population that the payer's modifier needs, None where it needs none.

    Discounted at the effect rates of the run, which are the payer's unless the user departs
    from them, or not at all where the profile says so. [QALY]

    Raises
    ------
    InputError
        With every row that is missing (norms, life table, age, share male) or wrong.
    """
    profile = prepared.found.profile
    if profile.modifier is None or profile.shortfall_discounted is None:
        return None
    if not isinstance(profile.modifier.value, (SeverityWeight, ThresholdBands)):
        return None
    rates = model.inputs.settings.effect_rates
    return qale_of(model.inputs, rates if profile.shortfall_discounted.value else ((0.0, 0.0),))


def assess(
    prepared: Prepared,
    model: Model,
    general: float | None,
    results: tuple[Outcomes, OneWay | None, Psa | None],
    scenarios: tuple[tuple[Scenario, ...], bool],
) -> PayerResult:
    """Return what the payer's modifier and reference case say about a run.

    Parameters
    ----------
    general : float or None
        From `general_population`.
    results : Outcomes of the base case, OneWay, Psa
        None for a part that was not run.
    scenarios : scenarios that there are, and whether they were run
    """
    profile, applied = prepared.found.profile, prepared.applied
    base, one_way, psa = results
    weighed = _severity(prepared, model, general, (base, psa))
    evlyg = _evlyg(model, base) if profile.outcomes is not None and "evLYG" in profile.outcomes.value else None
    facts = Facts(
        profile=profile,
        applied=applied,
        model=model,
        one_way=one_way is not None,
        draws=None if psa is None else psa.draws,
        scenarios=scenarios[0],
        scenarios_run=scenarios[1],
        severity=weighed,
        evlyg=evlyg is not None,
        shown=SHOWN,
    )
    return PayerResult(
        code=profile.code,
        jurisdiction=profile.jurisdiction,
        body=profile.body,
        guideline=profile.guideline,
        table_set=profile.table_set,
        file=prepared.found.file,
        replaces_shipped=prepared.found.replaces,
        currency=profile.currency.value,
        exchange_rate=applied.rate,
        not_checked=list(profile.unchecked),
        reference_case=reference_case_rows(facts),
        severity=weighed,
        evlyg=evlyg,
    )


def payer_warnings(payer: Prepared | None) -> tuple[str, ...]:
    """Return what to know about a payer's profile: what was not checked or not used, and whose profile it is."""
    if payer is None:
        return ()
    profile, applied = payer.found.profile, payer.applied
    code, currency = profile.code, profile.currency.value
    said = []
    if payer.found.replaces:
        said.append(f"Payer {code}: the profile {payer.found.file} was used in place of the shipped one.")
    if applied.rate is None and profile.thresholds is not None:
        row = exchange_rate_id(currency)
        said.append(
            f"Payer {code}: its thresholds are in {currency} and were not used; the workbook's stand."
            f" Add the row {row}, {applied.currency} for one {currency}."
        )
    if profile.unchecked:
        labels = "; ".join(LABELS[name].lower() for name in profile.unchecked)
        said.append(f"Payer {code}: these fields of the profile are not checked against the primary text: {labels}.")
    return tuple(said)


def _severity(
    prepared: Prepared, model: Model, general: float | None, results: tuple[Outcomes, Psa | None]
) -> Severity | None:
    profile = prepared.found.profile
    if general is None or profile.modifier is None or profile.shortfall_discounted is None:
        return None
    modifier = profile.modifier.value
    if not isinstance(modifier, (SeverityWeight, ThresholdBands)):
        return None
    discounted = profile.shortfall_discounted.value
    return severity(model, modifier, general, results, rate=prepared.applied.rate, discounted=discounted)


def _evlyg(model: Model, base: Outcomes) -> list[EvlyGained] | None:
    if not model.inputs.has(LIFE_YEAR):
        return None
    gained = equal_value_life_years(model, base_draws(model), model.inputs.rows[LIFE_YEAR].number)[0]
    comparator, *interventions = model.strategies
    found = []
    for i, intervention in enumerate(interventions, start=1):
        costs, evlys = float(increment(base.costs.total[0], i)), float(gained[i])
        ratio = verdict(costs, evlys)
        found.append(
            EvlyGained(
                intervention=intervention,
                comparator=comparator,
                evlys=evlys,
                costs=costs,
                cost_per_evly=ratio.icer,
                verdict=ratio.word,
            )
        )
    return found
