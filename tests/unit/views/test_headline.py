"""The answer in words and numbers: what is best, by what, how surely, at which price."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from support import small_model, small_run

from hemodel.analyses.base_case import Incremental
from hemodel.analyses.headline import Headline, HeadlineDraws, HeadlinePrice
from hemodel.analyses.prices import AT_MOST, NO_PRICE
from hemodel.analyses.results import Results, results
from hemodel.economics import Frontier, verdict
from hemodel.formats import rough
from hemodel.views.headline import headline, key_numbers
from hemodel.views.registry import names_of
from hemodel.views.shared.words import Names

DRAWS = 400
PRICE = "drug.newtinib.price_per_vial"


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def some(costs: float, qalys: float, ids: tuple[str, ...] = ("old", "new"), **changes: Any) -> Results:
    """Results whose question is the last strategy against the first, at 50,000 a QALY."""
    found = verdict(costs, qalys)
    best = ids[-1] if 50_000 * qalys >= costs else ids[0]
    answer = Headline(
        threshold=50_000.0,
        weight=1.0,
        best=best,
        question=ids[-1],
        against=ids[0],
        life_years=0.25,
        qalys=qalys,
        costs=costs,
        icer=found.icer,
        verdict=found.word,
        weighted_icer=found.icer,
        draws=None,
        price=None,
    ).model_copy(update=changes)
    return Results.model_construct(
        strategies=list(ids),
        incremental=[Incremental.model_construct(intervention=id_) for id_ in ids[1:]],
        strategy_names={id_: id_.title() for id_ in ids},
        drug_names={"d": "Drug"},
        currency="EUR",
        time_horizon_years=10.0,
        headline=answer,
        frontier=[],
    )


def drawn(probability: float, icer: float | None = 20_100.0, error: float | None = 130.0) -> HeadlineDraws:
    return HeadlineDraws(
        draws=10_000,
        icer_of_means=icer,
        verdict_of_means="more effective and more costly",
        icer_mcse=error,
        probability={"old": 1 - probability, "new": probability},
    )


def price(met: str, at: float | None, discount: float | None) -> HeadlinePrice:
    return HeadlinePrice(
        met=met,
        prices=None if at is None else {"p": at},
        share=None if discount is None else 1 - discount,
        discount=discount,
        cost_saved=None,
        drug="d",
        vial="p",
        size_mg=50.0,
        price=1_000.0,
        assumed=True,
        icer_at_price_0=61_234.0,
        verdict_at_price_0="more effective and more costly",
    )


@pytest.mark.parametrize(
    ("costs", "qalys", "word", "why"),
    [
        (10_000.0, 0.5, "cost-effective", "0.50 QALYs gained for EUR 10,000 more, EUR 20,000 per QALY"),
        (30_000.0, 0.5, "not cost-effective", "0.50 QALYs gained for EUR 30,000 more, EUR 60,000 per QALY"),
        (-10_000.0, 0.5, "cost-effective", "0.50 QALYs gained and EUR 10,000 saved"),
        (0.0, 0.5, "cost-effective", "0.50 QALYs gained at no cost"),
        (10_000.0, -0.5, "not cost-effective", "0.50 QALYs lost for EUR 10,000 more"),
        (10_000.0, 0.0, "not cost-effective", "no QALYs gained for EUR 10,000 more"),
        (-40_000.0, -0.5, "cost-effective", "EUR 40,000 saved, 0.50 QALYs lost"),
    ],
)
def test_two_strategies_in_words(costs: float, qalys: float, word: str, why: str) -> None:
    found = some(costs, qalys)
    said = [plain(text) for text in headline(found, Names(found))]
    assert said == [f"New is {word} against Old at EUR 50,000 per QALY: {why}."]


def test_equal_strategies_are_called_equal() -> None:
    found = some(0.0, 0.0)
    assert headline(found, Names(found)) == ["New and Old cost the same and gain the same."]


@pytest.mark.parametrize(("years", "under"), [(1.0, "over 1 year"), (10.0, "over 10 years")])
def test_the_horizon_stands_under_a_verdict(years: float, under: str) -> None:
    found = some(-10_000.0, 0.5).model_copy(update={"time_horizon_years": years})
    first = key_numbers(found, Names(found))[0]
    assert (first.value, first.under) == ("Dominant", under)


@pytest.mark.parametrize(
    ("probability", "word"),
    [(0.0, "none"), (1.0, "all"), (0.004, "less than 1%"), (0.9991, "more than 99%"), (0.834, "83%")],
)
def test_how_sure_the_choice_is(probability: float, word: str) -> None:
    """The ratio of the draws has no digit below its Monte Carlo error, and that of the base case has no more."""
    found = some(10_049.0, 0.5, draws=drawn(probability))
    (said,) = (plain(text) for text in headline(found, Names(found)))

    assert said.endswith(
        f"EUR 20,100 per QALY (20,100 in the probabilistic analysis); the better choice in {word} of 10,000 draws."
    )
    numbers = [(n.label, plain(n.value)) for n in key_numbers(found, Names(found))]
    assert numbers[:3] == [
        ("ICER, base case", "EUR 20,100"),
        ("ICER, probabilistic", "EUR 20,100"),
        ("Most cost-effective", word.capitalize()),
    ]


@pytest.mark.parametrize(
    ("costs", "own", "sentence"),
    [
        (
            30_000.0,
            price(AT_MOST, 412.4, 0.5876),
            "It would be cost-effective with Drug at EUR 412 per 50 mg, 59% below the assumed price.",
        ),
        (
            10_000.0,
            price(AT_MOST, 1_203.0, -0.203),
            "It stays so up to a price of Drug of EUR 1,200 per 50 mg, 20% above the assumed price.",
        ),
        (
            30_000.0,
            price(NO_PRICE, None, None),
            "No price of Drug makes it cost-effective: given free it would cost EUR 61,200 per QALY.",
        ),
    ],
)
def test_what_would_change_it(costs: float, own: HeadlinePrice, sentence: str) -> None:
    found = some(costs, 0.5, price=own)
    assert plain(headline(found, Names(found))[-1]) == sentence


def test_what_holds_1_mg_has_a_price_alone() -> None:
    """As a course of radiotherapy or a test is entered."""
    course = price(AT_MOST, 412.4, 0.5876).model_copy(update={"size_mg": 1.0})
    found = some(30_000.0, 0.5, price=course)
    assert plain(headline(found, Names(found))[-1]).endswith("with Drug at EUR 412, 59% below the assumed price.")
    assert key_numbers(found, Names(found))[-1].under == "59% below the assumed price"


def test_a_severity_weight_is_named_and_its_ratio_shown() -> None:
    found = some(30_000.0, 0.5, weight=1.2, weighted_icer=50_000.0)
    (said,) = (plain(text) for text in headline(found, Names(found)))
    assert " at EUR 50,000 per QALY and a severity weight of 1.2: " in said
    assert said.endswith("EUR 60,000 per QALY (50,000 with the severity weight).")


def test_three_strategies_are_ranked() -> None:
    """The best is named first; the question is the best over the next cheaper, or the next over the best."""
    ids = ("old", "mid", "new")
    best = some(10_000.0, 0.5, ids)
    dear = some(30_000.0, 0.5, ids)
    alone = some(0.0, 0.0, ids, question=None, against=None, best="old")

    assert plain(headline(best, Names(best))[0]).startswith(
        "New is the best of 3 strategies at EUR 50,000 per QALY. Against Old, the next cheaper on the frontier: 0.50"
    )
    assert plain(headline(dear, Names(dear))[0]).startswith(
        "Old is the best of 3 strategies at EUR 50,000 per QALY. The next on the frontier is New: 0.50 QALYs gained for"
    )
    assert [plain(text) for text in headline(alone, Names(alone))] == [
        "Old is the best of 3 strategies at EUR 50,000 per QALY: every other costs as much or more and gains no more."
    ]
    assert key_numbers(alone, Names(alone)) == []
    next_up = Frontier(strategy="old", status="on the frontier", against="new", costs=1.0, qalys=1.0, icer=81_000.0)
    further = best.model_copy(update={"frontier": [next_up]})
    assert plain(headline(further, Names(further))[1]) == (
        "The next on the frontier, Old, costs EUR 81,000 for each further QALY."
    )


@pytest.mark.parametrize(
    ("value", "digits", "error", "text"),
    [
        (1_055_899.0, 4, 4_000.0, "1,056,000"),
        (717_515.0, 4, 1_900.0, "718,000"),
        (717_515.0, 4, None, "717,500"),
        (0.3049, 2, None, "0.30"),
        (-0.0123, 2, None, "−0.012"),
        (0.0, 3, None, "0"),
        (12.0, 3, float("inf"), "12.0"),
    ],
)
def test_digits(value: float, digits: int, error: float | None, text: str) -> None:
    assert rough(value, digits, error) == text


def test_the_record_is_of_the_run() -> None:
    """Totals of the base case and sums over the draws, by hand; the price meets the threshold when put back."""
    done = small_run(small_model(uncertain=True), DRAWS)
    found = results(done)
    answer, psa = found.headline, done.psa
    assert psa is not None
    assert answer.draws is not None
    assert answer.price is not None
    assert answer.price.prices is not None

    totals = [found.base_case[s] for s in found.strategies]
    costs, qalys = ([t.costs.discounted["total"] for t in totals], [t.qalys.discounted["total"] for t in totals])
    assert answer.icer == pytest.approx((costs[1] - costs[0]) / (qalys[1] - qalys[0]), rel=1e-12)
    benefit = answer.threshold * np.array(qalys) - np.array(costs)
    assert answer.best == found.strategies[int(np.argmax(benefit))]

    gain, extra = (np.diff(values, axis=1)[:, 0] for values in (psa.qalys, psa.costs))
    ratio = extra.mean() / gain.mean()
    assert answer.draws.icer_of_means == pytest.approx(ratio, rel=1e-10)
    spread = np.std(extra - ratio * gain, ddof=1) / np.sqrt(DRAWS) / gain.mean()
    assert answer.draws.icer_mcse == pytest.approx(spread, rel=1e-6)
    share = np.mean(answer.threshold * gain - extra > 0)
    assert answer.draws.probability[found.strategies[1]] == pytest.approx(share, abs=1e-12)

    at = answer.price.prices[PRICE]
    again = results(small_run(small_model({PRICE: at}, uncertain=True), 20)).headline
    assert again.icer == pytest.approx(answer.threshold, rel=1e-9)
    assert names_of(found, done).drug(answer.price.drug) in " ".join(headline(found, names_of(found, done)))
