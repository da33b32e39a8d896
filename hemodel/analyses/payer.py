"""A payer in a run: what is set before it, and after it what its modifier and reference case say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analyses.modifiers import Severity, severity
from hemodel.analyses.reference_case import AskedFor, Facts, reference_case_rows
from hemodel.economics import Verdict, increment, verdict
from hemodel.model.population import qale_of
from hemodel.payers.applying import Applied, exchange_rate_id, reference_case
from hemodel.payers.profile import LABELS, SeverityWeight, ThresholdBands

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hemodel.analyses.one_way import OneWay
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


@dataclass(frozen=True)
class EvlyGained:
    """Equal value of life-years gained of one intervention over the comparator, discounted, and its cost."""

    intervention: str
    comparator: str
    evlys: float
    costs: float
    verdict: Verdict


@dataclass(frozen=True)
class Payer:
    """The payer that a run was made for.

    `severity` and `evlyg` are None where the profile does not ask for them, and `evlyg` also
    where the workbook lacks the utility of a life-year gained. `general` is the QALE that the
    shortfall rests on.
    """

    found: FoundProfile
    applied: Applied
    severity: Severity | None
    evlyg: tuple[EvlyGained, ...] | None
    rows: tuple[AskedFor, ...]


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
) -> Payer:
    """Return what the payer's modifier and reference case say about a run.

    Parameters
    ----------
    prepared : Prepared
    model : Model
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
    return Payer(prepared.found, applied, weighed, evlyg, reference_case_rows(facts))


def payer_warnings(payer: Payer | None) -> tuple[str, ...]:
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


def _evlyg(model: Model, base: Outcomes) -> tuple[EvlyGained, ...] | None:
    from hemodel.analyses.modifiers import equal_value_life_years
    from hemodel.model.evaluate import base_draws

    if not model.inputs.has(LIFE_YEAR):
        return None
    gained = equal_value_life_years(model, base_draws(model), model.inputs.rows[LIFE_YEAR].number)
    costs = np.asarray(base.costs.total)
    found = []
    for i, strategy in enumerate(model.strategies[1:], start=1):
        cost, evlys = float(increment(costs[0], i)), float(gained[0, i])
        found.append(EvlyGained(strategy, model.strategies[0], evlys, cost, verdict(cost, evlys)))
    return tuple(found)
