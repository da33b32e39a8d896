"""The answer of a run in a sentence or two and four numbers, for every output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hemodel.analyses.prices import AT_MOST, NO_PRICE
from hemodel.economics import DOMINANT, DOMINATED, LESS_EFFECTIVE_AND_COSTLY, MORE_EFFECTIVE_AND_COSTLY, NO_DIFFERENCE
from hemodel.formats import display, rough

if TYPE_CHECKING:
    from hemodel.analyses.headline import HeadlinePrice
    from hemodel.analyses.results import Results
    from hemodel.views.shared.words import Names

FEW, MOST = 0.01, 0.99
"""Shares of draws below and above which per cents are not said."""
SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class KeyNumber:
    """One of the four numbers: what it is, the number, and what stands under it."""

    label: str
    value: str
    under: str


def headline(results: Results, names: Names) -> list[str]:
    """Return the answer: which strategy is best and by what, how surely, and what would change it."""
    found = results.headline
    if found.question is None or found.against is None:
        best, count = names.strategy(found.best), len(results.strategies)
        said = f"{best} is the best of {count} strategies {_at(results)}: every other costs as much or more and gains"
        return [f"{said} no more{_certainty(results)}."]
    if found.verdict == NO_DIFFERENCE:
        return [
            f"{names.strategy(found.question)} and {names.strategy(found.against)} cost the same and gain the same."
        ]
    first = f"{_choice(results, names)}: {_gain(results)}{_certainty(results)}."
    return [first, *_further(results, names), *_price(results, names)]


def key_numbers(results: Results, names: Names) -> list[KeyNumber]:
    """Return the four numbers: both ICERs, how sure the choice is, and the price on which it turns."""
    found = results.headline
    if found.question is None:
        return []
    numbers = [KeyNumber("ICER, base case", _ratio(results, found.icer, found.verdict), _under_ratio(results))]
    draws = found.draws
    if draws is not None:
        mean = _ratio(results, draws.icer_of_means, draws.verdict_of_means)
        numbers.append(KeyNumber("ICER, probabilistic", mean, f"mean of {draws.draws:,} draws"))
    else:
        numbers.append(KeyNumber("Incremental costs", _money(results, found.costs), "per patient, discounted"))
    if draws is not None:
        who = found.question if _is_pair(results) else found.best
        of = f"of {draws.draws:,} draws, at {_worth(results)}"
        numbers.append(KeyNumber("Most cost-effective", share_of_draws(draws.probability[who]).capitalize(), of))
    else:
        numbers.append(KeyNumber("Incremental QALYs", rough(found.qalys, 2), "per patient, discounted"))
    return [*numbers, _price_number(results, names)]


def _is_pair(results: Results) -> bool:
    return len(results.incremental) == 1


def _at(results: Results) -> str:
    weight = results.headline.weight
    told = "" if weight == 1 else f" and a severity weight of {display(weight, 'value')}"
    return f"at {_worth(results)}{told}"


def _worth(results: Results) -> str:
    return f"{display(results.headline.threshold, 'icer', results.currency)} per QALY"


def _choice(results: Results, names: Names) -> str:
    """Say which strategy is the better of two, or the best of more and what it is compared with."""
    found, count = results.headline, len(results.strategies)
    question, against = names.strategy(found.question or ""), names.strategy(found.against or "")
    if _is_pair(results):
        word = "" if found.best == found.question else "not "
        return f"{question} is {word}cost-effective against {against} {_at(results)}"
    best = f"{names.strategy(found.best)} is the best of {count} strategies {_at(results)}"
    if found.best == found.question:
        return f"{best}. Against {against}, the next cheaper on the frontier"
    return f"{best}. The next on the frontier is {question}"


def _gain(results: Results) -> str:
    found = results.headline
    qalys, costs = rough(abs(found.qalys), 2), _money(results, abs(found.costs))
    if found.verdict == MORE_EFFECTIVE_AND_COSTLY:
        return f"{qalys} QALYs gained for {costs} more, {_ratios(results)}"
    words = {
        DOMINANT: f"{qalys} QALYs gained and {costs} saved" if found.costs < 0 else f"{qalys} QALYs gained at no cost",
        DOMINATED: f"{qalys} QALYs lost for {costs} more" if found.qalys < 0 else f"no QALYs gained for {costs} more",
        LESS_EFFECTIVE_AND_COSTLY: f"{costs} saved, {qalys} QALYs lost",
    }
    return words[found.verdict]


def _ratios(results: Results) -> str:
    """Return the ratio of the base case, and in brackets that of the draws and the weighted one."""
    found, draws = results.headline, results.headline.draws
    more = []
    if draws is not None and draws.icer_of_means is not None:
        more.append(f"{_rough_ratio(results, draws.icer_of_means)} in the probabilistic analysis")
    if found.weight != 1 and found.weighted_icer is not None:
        more.append(f"{_rough_ratio(results, found.weighted_icer)} with the severity weight")
    told = f" ({'; '.join(more)})" if more else ""
    return f"{_ratio(results, found.icer, '')} per QALY{told}"


def _certainty(results: Results) -> str:
    found, draws = results.headline, results.headline.draws
    if draws is None:
        return ""
    pair = _is_pair(results)
    share = share_of_draws(draws.probability[(found.question if pair else None) or found.best])
    return f"; {'the better choice' if pair else 'the best stays so'} in {share} of {draws.draws:,} draws"


def share_of_draws(share: float) -> str:
    """Return a share of draws: none and all in words, no per cents that the draws cannot tell."""
    if share in (0.0, 1.0):
        return "all" if share else "none"
    if share < FEW or share > MOST:
        return "less than 1%" if share < FEW else "more than 99%"
    return f"{share:.0%}"


def _further(results: Results, names: Names) -> list[str]:
    """Say what the next on the frontier costs, where the best is the question and is not the last."""
    found = results.headline
    entry = next((each for each in results.frontier if each.against == found.best and each.icer is not None), None)
    if entry is None or found.best != found.question or _is_pair(results):
        return []
    ratio = _money(results, entry.icer or 0.0)
    return [f"The next on the frontier, {names.strategy(entry.strategy)}, costs {ratio} for each further QALY."]


def _price(results: Results, names: Names) -> list[str]:
    """Say at which price the decision turns."""
    price = results.headline.price
    if price is None or price.prices is None:
        return [] if price is None or price.met != NO_PRICE else [_no_price(results, price, names)]
    if price.met != AT_MOST:
        return []
    is_best = results.headline.best == results.headline.question
    start = "It stays so up to" if is_best else "It would be cost-effective with"
    drug = names.drug(price.drug)
    what = f"a price of {drug} of" if is_best else f"{drug} at"
    return [f"{start} {what} {_vial(results, price)}{_beside(price)}."]


def _no_price(results: Results, price: HeadlinePrice, names: Names) -> str:
    free = "" if price.icer_at_price_0 is None else f": given free it would cost {_free(results, price)}"
    return f"No price of {names.drug(price.drug)} makes it cost-effective{free}."


def _free(results: Results, price: HeadlinePrice) -> str:
    return f"{_money(results, price.icer_at_price_0 or 0.0)} per QALY"


def _vial(results: Results, price: HeadlinePrice) -> str:
    at = (price.prices or {})[price.vial]
    return f"{_money(results, at)}{_size(price, ' ')}"


def _size(price: HeadlinePrice, before: str = "") -> str:
    """Return what a vial holds; nothing of one of 1 mg, which stands for a course or a test too."""
    return "" if price.size_mg == 1 else f"{before}per {display(price.size_mg, 'value')}{SPACE}mg"


def _beside(price: HeadlinePrice) -> str:
    """Say how far a price lies from that of the workbook."""
    if price.discount is None:
        return ""
    way = "below" if price.discount > 0 else "above"
    return f", {abs(price.discount):.0%} {way} the {'assumed ' if price.assumed else ''}price"


def _price_number(results: Results, names: Names) -> KeyNumber:
    price = results.headline.price
    if price is not None and price.prices is not None:
        label = f"{names.drug(price.drug)}: price at which it turns"
        return KeyNumber(label, _money(results, price.prices[price.vial]), _under_price(price))
    if price is not None and price.met == NO_PRICE:
        free = "" if price.icer_at_price_0 is None else f"given free: {_free(results, price)}"
        return KeyNumber(f"{names.drug(price.drug)}: price needed", "None", free)
    return KeyNumber("Incremental QALYs", rough(results.headline.qalys, 2), "per patient, discounted")


def _under_price(price: HeadlinePrice) -> str:
    return f"{_size(price)}{_beside(price)}".removeprefix(", ")


def _ratio(results: Results, ratio: float | None, verdict: str) -> str:
    return verdict.capitalize() if ratio is None else f"{results.currency}{SPACE}{_rough_ratio(results, ratio)}"


def _rough_ratio(results: Results, ratio: float) -> str:
    """Return a ratio to four digits, all ratios to no digit below the Monte Carlo error of that of the draws."""
    draws = results.headline.draws
    return rough(ratio, 4, None if draws is None else draws.icer_mcse)


def _under_ratio(results: Results) -> str:
    found = results.headline
    horizon = display(results.time_horizon_years, "value")
    over = f"over {horizon} year{'' if horizon == '1' else 's'}"
    if found.icer is None:
        return over
    years = f"per QALY, {over}"
    if found.weight == 1 or found.weighted_icer is None:
        return years
    return (
        f"{years}; {_rough_ratio(results, found.weighted_icer)} with severity weight {display(found.weight, 'value')}"
    )


def _money(results: Results, value: float) -> str:
    sign = "−" if value < 0 else ""
    return f"{sign}{results.currency}{SPACE}{rough(abs(value), 3)}"
