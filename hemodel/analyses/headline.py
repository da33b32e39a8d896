"""The answer of a run: which strategy is best at the decision threshold, at what ratio, how surely, at which price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.analyses.prices import PriceAt, price_effects
from hemodel.analyses.psa.draws import error_of_difference, means
from hemodel.analyses.psa.sums import COSTS, QALYS
from hemodel.economics import ON_FRONTIER, acceptability, first_of_best, net_monetary_benefit, verdict
from hemodel.entries import Entry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hemodel.analyses.payer import PayerResult
    from hemodel.analyses.psa.draws import Psa
    from hemodel.analyses.psa.result import PsaResult
    from hemodel.economics import Frontier
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes


class HeadlinePrice(PriceAt):
    """The price of the drug that adds most to the costs at which the question turns."""

    drug: str = Field(description="id")
    vial: str = Field(description="id of the row with the price of its first vial")
    size_mg: float = Field(description="what that vial holds. [mg]")
    price: float = Field(description="of that vial in the workbook. [currency per vial]")
    assumed: bool = Field(description="the source of a price is an assumption")
    icer_at_price_0: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    verdict_at_price_0: str = Field(description="in words")


class HeadlineDraws(Entry):
    """What the draws say of the question."""

    draws: int = Field(description="number of draws")
    icer_of_means: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    verdict_of_means: str = Field(description="what the mean increments are, in words")
    icer_mcse: float | None = Field(description="Monte Carlo standard error of icer_of_means. [currency per QALY]")
    probability: dict[str, float] = Field(
        description="that a strategy is the most cost-effective at threshold x weight, by strategy. [proportion]"
    )


class Headline(Entry):
    """The best strategy at the decision threshold, and the pair of strategies on which the decision turns."""

    threshold: float = Field(description="of the decision; by severity where a payer has it so. [currency per QALY]")
    weight: float = Field(description="of a QALY by severity; 1 without. [unitless]")
    best: str = Field(description="id of the strategy with the highest net benefit in the base case")
    question: str | None = Field(
        description="id of the strategy that is bought or not: the best, or the next on the frontier; null where every"
        " other strategy is dominated"
    )
    against: str | None = Field(description="id of the strategy that it is compared with; null without a question")
    life_years: float = Field(description="increment of the question, discounted; 0 without. [year]")
    qalys: float = Field(description="increment of the question, discounted; 0 without. [QALY]")
    costs: float = Field(description="increment of the question, discounted; 0 without. [currency]")
    icer: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    verdict: str = Field(description="what the increments are, in words")
    weighted_icer: float | None = Field(description="of the QALYs times their weight. [currency per QALY]")
    draws: HeadlineDraws | None = Field(description="null without a probabilistic analysis")
    price: HeadlinePrice | None = Field(description="null where no drug of the question alone has a price")


def headline(
    model: Model,
    base: Outcomes,
    ranking: Sequence[Frontier],
    psa: tuple[Psa, PsaResult] | None,
    payer: PayerResult | None,
) -> Headline:
    """Return the answer of a run, from the fully incremental analysis.

    Of two strategies the question is always the intervention. Of more it is the best one against the next cheaper on
    the frontier; where the best is the cheapest on the frontier, the next one against it.

    Parameters
    ----------
    ranking : sequence of Frontier
        From `fully_incremental`.
    """
    threshold, weight = _worth(model, payer)
    costs, qalys = base.costs.total[0], base.qalys.total[0]
    best = base.strategies[int(first_of_best(net_monetary_benefit(qalys, costs, threshold * weight)))]
    question, against = _question(base.strategies, ranking, best)
    pair = None if question is None else (base.strategies.index(question), base.strategies.index(str(against)))
    i, j = pair or (0, 0)
    gain, extra = float(qalys[i] - qalys[j]), float(costs[i] - costs[j])
    found = verdict(extra, gain)
    return Headline(
        threshold=threshold,
        weight=weight,
        best=best,
        question=question,
        against=against,
        life_years=float(base.life_years.total[0, i] - base.life_years.total[0, j]),
        qalys=gain,
        costs=extra,
        icer=found.icer,
        verdict=found.word,
        weighted_icer=verdict(extra, weight * gain).icer,
        draws=None if psa is None else _draws(psa, threshold * weight, pair),
        price=None if pair is None else _price(model, pair, threshold * weight),
    )


def _worth(model: Model, payer: PayerResult | None) -> tuple[float, float]:
    """Return the threshold of the decision and the weight of a QALY, both as severity has them where a payer asks."""
    threshold = model.inputs.settings.decision_threshold
    severity = None if payer is None else payer.severity
    if severity is None:
        return threshold, 1.0
    return severity.threshold or threshold, severity.weight


def _question(strategies: Sequence[str], ranking: Sequence[Frontier], best: str) -> tuple[str | None, str | None]:
    comparator, *interventions = strategies
    if len(interventions) == 1:
        return interventions[0], comparator
    on = [entry for entry in ranking if entry.status == ON_FRONTIER]
    own = next((entry for entry in on if entry.strategy == best), None)
    above = own or next((entry for entry in on if entry.against == best), None)
    return (None, None) if above is None else (above.strategy, above.against)


def _draws(psa: tuple[Psa, PsaResult], worth: float, pair: tuple[int, int] | None) -> HeadlineDraws:
    """Return what the draws say at what a QALY is worth; of the draws kept where that is no threshold of the run."""
    drawn, found = psa
    i, j = pair or (0, 0)
    totals = means(drawn.frame, drawn.sums)
    gain, extra = (float(totals[k, i] - totals[k, j]) for k in (QALYS, COSTS))
    of_means = verdict(extra, gain)
    error = None
    if of_means.icer is not None:
        error = abs(error_of_difference(drawn, (i, j), of_means.icer) / gain)
    if worth in found.ceac.wtp:
        at = found.ceac.wtp.index(worth)
        shares = [found.ceac.probability[strategy][at] for strategy in drawn.strategies]
    else:
        shares = acceptability(drawn.qalys, drawn.costs, np.array([worth]))[0].tolist()
    return HeadlineDraws(
        draws=found.draws,
        icer_of_means=of_means.icer,
        verdict_of_means=of_means.word,
        icer_mcse=error,
        probability=dict(zip(drawn.strategies, shares, strict=True)),
    )


def _price(model: Model, pair: tuple[int, int], worth: float) -> HeadlinePrice | None:
    """Return the price of the drug that only the question has, the one that adds most to its costs."""
    effects = price_effects(model, pair)
    if not effects:
        return None
    effect = max(effects, key=lambda each: abs(each.added))
    vial, at_0 = effect.line.vials[0], effect.verdict(0.0)
    return HeadlinePrice(
        drug=effect.line.drug,
        vial=vial.id,
        size_mg=vial.size_mg,
        price=vial.price,
        assumed=any(model.inputs.rows[each.id].is_assumption for each in effect.line.vials),
        icer_at_price_0=at_0.icer,
        verdict_at_price_0=at_0.word,
        **vars(effect.met(worth)),
    )
