"""What results.json says of a payer, against plain sums over cycles, years of age and draws.

The model is that of `by_hand`, with two made-up payers: one weighs QALYs by severity and asks for the equal value of
life-years, in another currency; the other has a threshold for each band of severity. Tolerances as in
`test_published_numbers`.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import by_hand
from by_hand import (
    FIRST,
    HORIZON,
    INPUTS,
    MONTH,
    OTHERS,
    STRATEGIES,
    YEAR,
    base_values,
    boundaries,
    drawn,
    increments,
    outcomes,
    qale,
    ratio,
    word,
)
from published import agree
from reference import published_budget as budget
from support import FILE, small_run

from hemodel.analyses.load import load_rows
from hemodel.analyses.payer import PayerResult, assess, general_population, prepare
from hemodel.payers.profile import Profile
from hemodel.payers.reading import FoundProfile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support import Rows

    from hemodel.analyses.run import Run


DRAWS = 60
AGE, SHARE_MALE = 66, 0.625
LIFE_YEAR = 0.851
EXCHANGE = 0.8
"""Euro for a dollar."""
POPULATION: Rows = {
    "settings.exchange_rate.usd": {"value": EXCHANGE},
    "utility.life_year_gained": {"value": LIFE_YEAR},
    "utility.norms": {"value": str(INPUTS / "utility_norms" / "england_hse2014.csv")},
    "background.life_table": {"value": str(INPUTS / "life_tables" / "england_2018_2020.csv")},
    "background.mean_age": {"value": AGE},
    "background.sd_age": {"value": 0},
    "background.youngest_age": {"value": 18},
    "background.share_male": {"value": SHARE_MALE},
}
RATES = {"weight": {"costs": 0.03, "effects": 0.015}, "bands": {"costs": 0.05, "effects": 0.03}}
THRESHOLDS = {"weight": (24_000.0, 50_000.0), "bands": (20_000.0,)}
CUTS, PROPORTIONS, WEIGHTS = (11.3, 11.6), (0.915, 0.925), (1.0, 1.2, 1.7)
"""The first weight begins at its absolute, the second at its proportional cut."""
STARTS, OF_BANDS = (0.9, 0.93), (30_000.0, 45_000.0)


def item(value: Any, **further: Any) -> dict[str, Any]:
    return {"value": value, "source": "a text", "date": 2024, "checked": True, **further}


def profile(kind: str) -> Profile:
    rates = {f"discount_rate_{stream}": item(rate) for stream, rate in RATES[kind].items()}
    head = {"jurisdiction": "Somewhere", "body": "A payer", "guideline": "Its guideline", "table_set": "generic"}
    if kind == "weight":
        limits = {"absolute": CUTS, "proportional": PROPORTIONS, "weights": WEIGHTS, "boundary": "higher"}
        own = {
            "code": "XW",
            "currency": item("USD"),
            "thresholds": item({"values": (30_000.0, 62_500.0), "decision": 62_500.0}),
            "modifier": item({"kind": "weight", **limits, "words": "Some."}, checked=False, note="A note."),
            "shortfall_discounted": item(value=True),
            "outcomes": item(("QALY", "evLYG")),
            "horizon": item({"length": "lifetime", "words": "Lifetime."}),
            "probabilistic_analysis": item("required"),
            "value_of_information": item("expected"),
            "budget_years": item({"least": 5}),
            "budget_discounted": item(value=False),
            "budget_trigger": item({"amount": 400_000.0, "years": 3}),
        }
    else:
        bands = {"measure": "proportional", "starts": STARTS, "thresholds": OF_BANDS}
        own = {
            "code": "XB",
            "currency": item("EUR"),
            "discount_scenarios": item(({"costs": 0.05, "effects": 0.03}, {"costs": 0.0, "effects": 0.01})),
            "thresholds": item({"values": (20_000.0,), "decision": 20_000.0}),
            "threshold_rule": item("By severity."),
            "modifier": item({"kind": "bands", **bands, "words": "Some."}),
            "shortfall_discounted": item(value=False),
        }
    return Profile.model_validate(head | rates | own)


@cache
def made(kind: str) -> tuple[Run, PayerResult]:
    """A run with what is set for the payer, and what is said of it."""
    raw = by_hand.model(rows=POPULATION | (budget.rows("start") if kind == "weight" else {})).inputs.raw
    found = FoundProfile(profile(kind), "text", "own.toml", replaces=kind == "bands")
    prepared = prepare(found, raw, ())
    done = small_run(load_rows(Path(FILE), raw, prepared.applied.changes), DRAWS)
    general = general_population(prepared, done.model)
    return done, assess(prepared, done.model, general, (done.base, done.one_way, done.psa), ((), False))


# Severity ------------------------------------------------------------------------------------------------------------


@cache
def base(kind: str) -> dict[str, float]:
    return base_values(made(kind)[0].model)


@cache
def draws(kind: str) -> list[dict[str, float]]:
    inputs = made(kind)[0].psa.inputs  # type: ignore[union-attr]
    return [drawn(base(kind), inputs, draw) for draw in range(DRAWS)]


def general(kind: str) -> float:
    """Of men and women of the patients' age; by year, not discounted for the bands."""
    rates = [RATES[kind]["effects"] if kind == "weight" else 0.0]
    men, women = qale(AGE, "male", rates), qale(AGE, "female", rates)
    return SHARE_MALE * men + (1 - SHARE_MALE) * women


def current_care(values: Mapping[str, float], kind: str) -> float:
    how = "discounted" if kind == "weight" else "undiscounted"
    return float(outcomes(values, RATES[kind])[FIRST]["qalys"][how]["total"])


def of_severity(lost: float, kind: str) -> float | None:
    """The weight or the threshold; None below the first band."""
    share = lost / general(kind)
    if kind == "weight":
        return WEIGHTS[sum(lost >= cut or share >= part for cut, part in zip(CUTS, PROPORTIONS, strict=True))]
    return next((x for start, x in zip(STARTS[::-1], OF_BANDS[::-1], strict=True) if share >= start), None)


def severity(kind: str) -> dict[str, Any]:
    care = current_care(base(kind), kind)
    lost = general(kind) - care
    value = of_severity(lost, kind)
    by_draw = [of_severity(general(kind) - current_care(each, kind), kind) for each in draws(kind)]
    classes = WEIGHTS if kind == "weight" else OF_BANDS
    shares = {each: by_draw.count(each) / DRAWS for each in classes}
    below = by_draw.count(None) / DRAWS
    assert value not in {None, classes[0], WEIGHTS[-1]} or kind == "bands"
    assert min(shares.values()) > 0
    assert (below > 0) == (kind == "bands")
    return {
        "kind": {"weight": "weight", "bands": "threshold"}[kind],
        "discounted": kind == "weight",
        "general_population": general(kind),
        "current_care": care,
        "absolute_shortfall": lost,
        "proportional_shortfall": lost / general(kind),
        "weight": value if kind == "weight" else 1.0,
        "threshold": None if kind == "weight" else value,
        "classes": [{"value": each, "share_of_draws": share} for each, share in shares.items()],
        "below_first_band": below,
        "increments": [weighed(strategy, kind, value, by_draw) for strategy in OTHERS],
    }


def weighed(strategy: str, kind: str, value: Any, by_draw: list[Any]) -> dict[str, Any]:
    own = increments(base(kind), RATES[kind])[strategy]
    qalys, costs, weight = own["qalys"], own["costs"], value if kind == "weight" else 1.0
    drawn_gains = [increments(each, RATES[kind])[strategy] for each in draws(kind)]

    def probability(thresholds: list[float | None]) -> float:
        """Share of the draws worth their costs; none has no threshold of its own."""
        worth = [t is not None and t * g["qalys"] > g["costs"] for t, g in zip(thresholds, drawn_gains, strict=True)]
        return sum(worth) / DRAWS

    at = [
        {
            "threshold": t,
            "nmb": t * qalys - costs,
            "nhb": qalys - costs / t,
            "nmb_weighted": t * weight * qalys - costs,
            "nhb_weighted": weight * qalys - costs / t,
            "probability": probability([t] * DRAWS),
            "probability_weighted": probability([t * weight] * DRAWS),
            "probability_by_draw": probability([t * own for own in by_draw] if kind == "weight" else by_draw),
        }
        for t in (THRESHOLDS[kind] if kind == "weight" else (value,))
    ]
    return {
        "intervention": strategy,
        "comparator": FIRST,
        "qalys": qalys,
        "costs": costs,
        "weighted_qalys": weight * qalys,
        "icer": ratio(costs, qalys),
        "verdict": word(costs, qalys),
        "weighted_icer": ratio(costs, weight * qalys),
        "weighted_verdict": word(costs, weight * qalys),
        "at": at,
    }


# Equal value of life-years gained ------------------------------------------------------------------------------------


def life_years_of_equal_value(kind: str) -> list[dict[str, Any]]:
    """Life that is added at one utility, life that both have at the difference of their utilities, cycle by cycle."""
    values, rates = base(kind), RATES[kind]
    days = boundaries(HORIZON).tolist()
    found = []
    for strategy in OTHERS:
        at = [gained(values, strategy, day / MONTH) for day in days]
        cycles = zip(days[:-1], days[1:], at[:-1], at[1:], strict=True)
        added = [(1 + rates["effects"]) ** (-(s + e) / 2 / YEAR) * (e - s) * (a + b) / 2 for s, e, a, b in cycles]
        losses = [
            values[f"adverse_event.rash.incidence.{s}"]
            * values["adverse_event.rash.disutility"]
            * values["adverse_event.rash.duration"]
            / YEAR
            for s in (strategy, FIRST)
        ]
        evlys = sum(added) / YEAR - losses[0] + losses[1]
        costs = increments(values, rates)[strategy]["costs"]
        own = {"intervention": strategy, "comparator": FIRST, "evlys": evlys, "costs": costs}
        found.append(own | {"cost_per_evly": ratio(costs, evlys), "verdict": word(costs, evlys)})
    return found


def gained(values: Mapping[str, float], strategy: str, month: float) -> float:
    alive, quality = {}, {}
    for s in (strategy, FIRST):
        alive[s] = math.exp(-values[f"rate.os.{s}"] * month)
        free = min(math.exp(-values[f"rate.pfs.{s}"] * month), alive[s])
        quality[s] = free * values["utility.progression_free"] + (alive[s] - free) * values["utility.progressed"]
    if alive[strategy] <= alive[FIRST]:
        return quality[strategy] - quality[FIRST]
    shared = alive[FIRST] / alive[strategy]
    return LIFE_YEAR * (alive[strategy] - alive[FIRST]) + shared * quality[strategy] - quality[FIRST]


# Reference case ------------------------------------------------------------------------------------------------------

LABELS = {
    "currency": "Currency",
    "discount_rate_costs": "Discount rate, costs",
    "discount_rate_effects": "Discount rate, effects",
    "thresholds": "Thresholds",
    "threshold_rule": "Rule of the thresholds",
    "modifier": "Modifier",
    "shortfall_discounted": "Shortfall discounted",
    "outcomes": "Outcomes",
    "horizon": "Time horizon",
    "probabilistic_analysis": "Probabilistic analysis",
    "value_of_information": "Value of information",
    "budget_years": "Budget impact, years",
    "budget_discounted": "Budget impact, discounting",
    "budget_trigger": "Budget impact, trigger",
}
ALIVE = max(math.exp(-math.log(2) / by_hand.MEDIANS[s][1] * HORIZON * YEAR / MONTH) for s in STRATEGIES)
WEIGHING = (
    "Weights 1; 1.2; 1.7 from an absolute shortfall of 11.3; 11.6 QALYs or a proportional one of 0.915; 0.925. Some."
)
CHANGED = "applied; was 20,000; applied; was 163,500; applied; was empty; 1 USD = 0.8 EUR"
Row = tuple[str, str, str, str, str]
"""Field, asked, found, status, how."""


def weight_rows(lost: float, share: float) -> list[Row]:
    said = f"Weight 1.2: absolute shortfall {lost:.2f} QALYs, proportional {100 * share:.1f}%"
    asked, found = (
        "30,000; 62,500 USD per QALY; for decisions 62,500",
        "24,000; 50,000 EUR per QALY; for decisions 50,000",
    )
    trigger = ("400,000 USD in any of the first 3 years", "320,000 EUR in any of the first 3 years")
    return [
        ("currency", "USD", "EUR", "departs", "amounts of the payer are converted: 1 USD = 0.8 EUR"),
        ("discount_rate_costs", "3%", "3%", "met", "applied; was 4%"),
        ("discount_rate_effects", "1.5%", "1.5%", "met", "applied; was 2%"),
        ("thresholds", asked, found, "met", CHANGED),
        ("modifier", WEIGHING, said, "met", "see the table on severity"),
        ("shortfall_discounted", "yes", "discounted", "met", "applied"),
        ("outcomes", "QALY; evLYG", "QALY; life-years; evLYG", "met", ""),
        ("horizon", "Lifetime.", f"10 years; alive at the end: {100 * ALIVE:.2f}% at most", "met", ""),
        ("probabilistic_analysis", "required", "60 draws", "met", ""),
        ("value_of_information", "expected", "EVPI and expected losses", "met", ""),
        ("budget_years", "5 years", "4 years", "departs", "as in the workbook"),
        ("budget_discounted", "no", "not discounted, constant prices", "met", ""),
        ("budget_trigger", *trigger, "met", "applied; was 300,000; applied; was 2"),
    ]


def bands_rows(lost: float, share: float) -> list[Row]:
    asked = "By proportional shortfall, from 0.9: 30,000 EUR; from 0.93: 45,000 EUR per QALY. Some."
    said = f"Threshold 30,000 EUR per QALY: absolute shortfall {lost:.2f} QALYs, proportional {100 * share:.1f}%"
    same, other = "5% for costs, 3% for effects", "0% for costs, 1% for effects"
    add = "add a scenario that sets settings.discount_rate_costs to 0 and sets settings.discount_rate_effects to 0.01"
    amounts = "20,000 EUR per QALY; for decisions 20,000"
    return [
        ("currency", "EUR", "EUR", "met", ""),
        ("discount_rate_costs", "5%", "5%", "met", "applied; was 4%"),
        ("discount_rate_effects", "3%", "3%", "met", "applied; was 2%"),
        ("discount_scenarios", same, "the base case", "met", ""),
        ("discount_scenarios", other, "no such scenario", "missing", add),
        ("thresholds", amounts, amounts, "met", "applied; was 50,000; applied; was 163,500"),
        ("threshold_rule", "By severity.", "Thresholds of this run: 20,000 EUR per QALY", "to judge", ""),
        ("modifier", asked, said, "met", "see the table on severity"),
        ("shortfall_discounted", "no", "not discounted", "met", "applied"),
    ]


def reference_case(kind: str) -> list[dict[str, Any]]:
    lost = general(kind) - current_care(base(kind), kind)
    rows = {"weight": weight_rows, "bands": bands_rows}[kind](lost, lost / general(kind))
    found = []
    for field, asked, said, status, how in rows:
        label = LABELS.get(field, f"Rates in scenarios: {asked}")
        own = {"field": field, "label": label, "asked": asked, "found": said, "status": status, "how": how}
        judged = field == "modifier" and kind == "weight"
        from_profile = {"checked": not judged, "source": "a text", "date": "2024", "note": "A note." if judged else ""}
        found.append(own | from_profile)
    return found


@cache
def expected(kind: str) -> dict[str, Any]:
    return {
        "code": {"weight": "XW", "bands": "XB"}[kind],
        "jurisdiction": "Somewhere",
        "body": "A payer",
        "guideline": "Its guideline",
        "table_set": "generic",
        "file": "own.toml",
        "replaces_shipped": kind == "bands",
        "currency": {"weight": "USD", "bands": "EUR"}[kind],
        "exchange_rate": {"weight": EXCHANGE, "bands": 1.0}[kind],
        "not_checked": ["modifier"] if kind == "weight" else [],
        "reference_case": reference_case(kind),
        "severity": severity(kind),
        "evlyg": life_years_of_equal_value(kind) if kind == "weight" else None,
    }


def compare(found: PayerResult) -> None:
    agree(found, expected("bands" if found.code == "XB" else "weight"), words=None)


def records() -> list[PayerResult]:
    return [made(kind)[1] for kind in RATES]
