"""The price of a drug at which the ICER meets a threshold.

Costs are linear in prices, so that a price follows from the costs at two of them. All vials
of a drug are scaled together; at scale 1 they cost what the workbook says.

Costs of every strategy as lines of the price of one drug.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from hemodel.economics import (
    COST_TOLERANCE,
    EFFECT_TOLERANCE,
    OFF_FRONTIER,
    frontier,
    icer,
    increment,
    net_monetary_benefit,
    verdict,
)
from hemodel.entries import Entry
from hemodel.errors import HemodelError
from hemodel.model.evaluate import base_draws, evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.analyses.psa.draws import Psa
    from hemodel.economics import Verdict
    from hemodel.inputs.structure import Drug
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import FloatArray


SCALES = (0.0, 1.0, 2.0)
"""Prices at which costs are taken: none, the workbook's, and a third that must lie on their line."""
LINEAR = 1e-9
"""Largest departure from a line, relative to the costs."""
DECISIVE = 0.1
"""A price is decisive from this share of the incremental costs on."""


class VialPrice(Entry):
    """One vial of a drug in the workbook."""

    id: str = Field(description="of the row with its price")
    size_mg: float = Field(description="what it holds. [mg]")
    price: float = Field(description="in the workbook. [currency per vial]")


class PriceAt(Entry):
    """The price at which something is met."""

    met: str = Field(description="in words")
    prices: dict[str, float] | None = Field(description="by id; null where there is none. [currency per vial]")
    share: float | None = Field(
        description="of the workbook's price; null where that is 0 or there is no price. [proportion]"
    )
    discount: float | None = Field(description="1 - share; below 0 where the price may rise. [proportion]")
    cost_saved: float | None = Field(
        description="incremental costs at the workbook's price minus those at this price. [currency]"
    )


class PriceThreshold(PriceAt):
    """The price at which the ICER meets a threshold."""

    threshold: float = Field(description="[currency per QALY]")
    probabilistic: PriceAt | None = Field(
        description="of the means of the draws; null without them, or where the workbook's price is 0"
    )


class FrontierPrice(PriceAt):
    """The price at which the intervention lies on the extended efficiency frontier of the other strategies."""

    slope: float | None = Field(description="ICER of the last segment of that frontier. [currency per QALY]")


class PriceCurve(Entry):
    """The ICER by price of the first vial, for a chart."""

    price: list[float] = Field(description="[currency per vial]")
    icer: list[float | None] = Field(description="null where the ratio means nothing. [currency per QALY]")


class DrugPrice(Entry):
    """One drug of one intervention; all vials of the drug are scaled together."""

    intervention: str = Field(description="id of the strategy")
    comparator: str = Field(description="id of the strategy")
    drug: str = Field(description="id")
    given_in_comparator: bool = Field(description="the effect of the price is then net of the comparator's")
    assumed: bool = Field(description="the source of a price is an assumption")
    decisive: bool = Field(description="the price makes up a tenth or more of the incremental costs")
    vials: list[VialPrice] = Field(description="every size of the drug")
    qalys: float = Field(description="increment, discounted. [QALY]")
    costs_at_price_0: float = Field(description="increment, discounted. [currency]")
    icer_at_price_0: float | None = Field(description="null where the ratio means nothing. [currency per QALY]")
    verdict_at_price_0: str = Field(description="in words")
    icer: float | None = Field(description="at the workbook's price. [currency per QALY]")
    verdict: str = Field(description="at the workbook's price, in words")
    thresholds: list[PriceThreshold] = Field(description="a price for each")
    frontier: FrontierPrice = Field(description="the price that makes the intervention efficient")
    curve: PriceCurve | None = Field(description="null where no QALYs are gained, or there is no price to draw up to")


@dataclass(frozen=True)
class PriceLine:
    """The costs of every strategy at the three prices of a drug, (3, strategies), and the QALYs.

    `scale_1` is the price of each vial, by id, that the second of these is [currency per vial]: the workbook's, or
    any where that is 0.
    """

    drug: str
    vials: tuple[VialPrice, ...]
    scale_1: Mapping[str, float]
    costs: FloatArray
    qalys: FloatArray

    @property
    def slope(self) -> FloatArray:
        """What scale 1 adds to the costs of each strategy, (strategies,)."""
        return np.asarray(self.costs[1] - self.costs[0])

    @property
    def workbook_scale(self) -> float:
        """1, or 0 where the workbook has no price."""
        return 1.0 if any(vial.price > 0 for vial in self.vials) else 0.0

    @property
    def workbook(self) -> FloatArray:
        """Costs at the workbook's price, (strategies,)."""
        return np.asarray(self.costs[int(self.workbook_scale)])


def price_lines(model: Model) -> list[PriceLine]:
    """Return the costs at three prices of every drug that is given, from one evaluation of the model.

    Raises
    ------
    HemodelError
        Where costs are not linear in a price.
    """
    drugs = [drug for drug in model.inputs.drugs if any(given(model, drug.id, s) for s in model.strategies)]
    prices = {drug.id: _scale_1(model, drug) for drug in drugs}
    outcomes = evaluate(model, _draws(model, prices))
    return [_line(model, drug, prices[drug.id], outcomes, len(SCALES) * i) for i, drug in enumerate(drugs)]


def given(model: Model, drug: str, strategy: str) -> bool:
    """Return whether a strategy gives a drug."""
    return any(regimen.drug == drug and regimen.strategy == strategy for regimen in model.inputs.regimens)


def _scale_1(model: Model, drug: Drug) -> dict[str, float]:
    """Return the price of each vial: the workbook's or, where that is 0, the same for every mg."""
    prices = {id_: model.inputs.rows[id_].number for _, id_ in drug.vials}
    return prices if any(prices.values()) else {id_: size / drug.vials[0][0] for size, id_ in drug.vials}


def _draws(model: Model, prices: Mapping[str, Mapping[str, float]]) -> dict[str, FloatArray]:
    """Return the base case with three prices of one drug after another."""
    draws, count = base_draws(model), len(SCALES) * len(prices)
    for i, vials in enumerate(prices.values()):
        own = slice(len(SCALES) * i, len(SCALES) * (i + 1))
        for id_, price in vials.items():
            draws[id_] = np.full(count, model.inputs.rows[id_].number)
            draws[id_][own] = price * np.array(SCALES)
    return draws


def _line(model: Model, drug: Drug, scale_1: Mapping[str, float], outcomes: Outcomes, first: int) -> PriceLine:
    vials = tuple(VialPrice(id=id_, size_mg=size, price=model.inputs.rows[id_].number) for size, id_ in drug.vials)
    costs = outcomes.costs.total[first : first + len(SCALES)]
    line = PriceLine(drug.id, vials, scale_1, costs, outcomes.qalys.total[0])
    if np.any(np.abs(costs[2] - costs[1] - line.slope) > LINEAR * np.abs(costs).max()):
        raise HemodelError(f"costs are not linear in the price of {drug.id}, so that no price follows from a threshold")
    return line


AT_MOST = "met at this price or less"
AT_LEAST = "met at this price or more"
ANY_PRICE = "met at any price"
NO_PRICE = "not met at any price of 0 or more"
NO_EFFECT = "the price adds the same to both strategies"
NO_GAIN = "no QALYs are gained"
ON_FRONTIER = "on the efficiency frontier of the other strategies"
NO_SEGMENT = "the other strategies have no frontier to extend: there are fewer than two on it"
SHARED = "another strategy is given the drug, so that the frontier moves with its price"
BELOW_FRONTIER = "less effective than every strategy on the frontier"

SEGMENT = 2
"""Strategies that a segment of the frontier joins."""
POINTS = 51
REACH = 1.25
"""The ICER is given up to this multiple of the workbook's price, or of the price at the decision threshold."""


@dataclass(frozen=True)
class PriceMet:
    """At which scale of the prices something is met, None where at none, and in words what that means."""

    scale: float | None
    word: str


@dataclass(frozen=True)
class PriceEffect:
    """What the price of a drug does to the increments of the intervention in a place, discounted.

    Attributes
    ----------
    place : int
        Of the intervention among the strategies.
    net : bool
        The comparator is given the drug too.
    qalys : float
        Incremental QALYs.
    costs_without : float
        Incremental costs at a price of 0. [currency]
    cost : float
        What scale 1 adds to them. [currency]
    """

    place: int
    net: bool
    line: PriceLine
    qalys: float
    costs_without: float
    cost: float

    @property
    def added(self) -> float:
        """What the workbook's price adds to the incremental costs."""
        return self.line.workbook_scale * self.cost

    def verdict(self, scale: float) -> Verdict:
        """Return the verdict at a scale of the prices."""
        return verdict(self.costs_without + scale * self.cost, self.qalys)

    def met(self, threshold: float) -> PriceAt:
        """Return the prices at which a threshold is met."""
        room = net_monetary_benefit(self.qalys, self.costs_without, threshold)
        return self.at(_met(room, self.cost, self.qalys))

    def at(self, met: PriceMet) -> PriceAt:
        """Return the prices at which something is met, what they are of the workbook's, and what they save."""
        scale, workbook = met.scale, self.line.workbook_scale
        return PriceAt(
            met=met.word,
            prices=None if scale is None else {id_: scale * price for id_, price in self.line.scale_1.items()},
            share=scale if workbook else None,
            discount=None if scale is None or not workbook else 1.0 - scale,
            cost_saved=None if scale is None else (workbook - scale) * self.cost,
        )


def price_thresholds(model: Model, further: Sequence[float] = (), psa: Psa | None = None) -> list[DrugPrice]:
    """Return for each drug of each intervention the price at which its ICER meets each threshold.

    The incremental costs at a scale s of the price are c0 + s c1; they meet a threshold w
    where c0 + s c1 = w x incremental QALYs. c0 and c1 come from one evaluation at prices 0,
    1 and 2 times the workbook's (any price where that is 0: the same for every mg).

    Parameters
    ----------
    further : sequence of float
        Thresholds beside those of the workbook, such as weighted ones. [currency per QALY]
    psa : Psa, optional
        Of the same model, for the price at which the ratio of the mean increments meets
        the threshold; the prices of all draws are scaled. Not where the workbook's price is 0.

    Returns
    -------
    list of DrugPrice
        By intervention; drugs that the comparator is not given come first, and among
        these the one that adds most to the costs.

    Raises
    ------
    HemodelError
        Where costs are not linear in a price.
    """
    thresholds = tuple(dict.fromkeys((*model.inputs.settings.thresholds, *further)))
    effects = [
        _effect(model, line, (place, 0))
        for line in price_lines(model)
        for place, strategy in enumerate(model.strategies[1:], start=1)
        if given(model, line.drug, strategy)
    ]
    ordered = sorted(effects, key=lambda e: (e.place, e.net, -abs(e.cost)))
    return [_drug_price(model, effect, thresholds, psa) for effect in ordered]


def price_effects(model: Model, pair: tuple[int, int]) -> list[PriceEffect]:
    """Return what the price of each drug does that the first of two strategies (places) has and the second has not."""
    one, other = (model.strategies[place] for place in pair)
    lines = (line for line in price_lines(model) if given(model, line.drug, one))
    return [_effect(model, line, pair) for line in lines if not given(model, line.drug, other)]


def _effect(model: Model, line: PriceLine, pair: tuple[int, int]) -> PriceEffect:
    one, other = pair
    qalys, costs, slope = (float(v[one] - v[other]) for v in (line.qalys, line.costs[0], line.slope))
    if abs(slope) <= LINEAR * abs(line.slope[[other, one]]).max():
        slope = 0.0
    return PriceEffect(one, given(model, line.drug, model.strategies[other]), line, qalys, costs, slope)


def _drug_price(model: Model, effect: PriceEffect, thresholds: Sequence[float], psa: Psa | None) -> DrugPrice:
    line, qalys, costs = effect.line, effect.qalys, effect.costs_without
    at_0, now = effect.verdict(0.0), effect.verdict(line.workbook_scale)
    means = None if psa is None else _means(psa, line, effect.place)
    met = {t: _met(net_monetary_benefit(qalys, costs, t), effect.cost, qalys) for t in thresholds}
    slope, on_frontier = _on_frontier(model, line, effect.place)
    return DrugPrice(
        intervention=model.strategies[effect.place],
        comparator=model.strategies[0],
        drug=line.drug,
        given_in_comparator=effect.net,
        assumed=any(model.inputs.rows[vial.id].is_assumption for vial in line.vials),
        decisive=abs(effect.added) >= DECISIVE * abs(effect.costs_without + effect.added),
        vials=list(line.vials),
        qalys=qalys,
        costs_at_price_0=costs,
        icer_at_price_0=at_0.icer,
        verdict_at_price_0=at_0.word,
        icer=now.icer,
        verdict=now.word,
        thresholds=[
            PriceThreshold(threshold=t, probabilistic=_probabilistic(effect, means, t), **vars(effect.at(at)))
            for t, at in met.items()
        ],
        frontier=FrontierPrice(slope=slope, **vars(effect.at(on_frontier))),
        curve=_curve(effect, met.get(model.inputs.settings.decision_threshold)),
    )


def _probabilistic(effect: PriceEffect, means: tuple[float, float, float] | None, threshold: float) -> PriceAt | None:
    """Return the price at which the ratio of the mean increments of the draws meets a threshold."""
    if means is None:
        return None
    qalys, costs, slope = means
    return effect.at(_met(net_monetary_benefit(qalys, costs, threshold), slope, qalys))


def _curve(effect: PriceEffect, decisive: PriceMet | None) -> PriceCurve | None:
    """Return prices of the first vial and the ICER at each, for a chart.

    From 0 to 1.25 times the workbook's price, or the price at the decision threshold where
    that is more; None where there is neither, or no QALYs are gained.
    """
    met = None if decisive is None else decisive.scale
    reach = REACH * max(effect.line.workbook_scale, met or 0.0)
    if reach == 0 or effect.qalys <= EFFECT_TOLERANCE:
        return None
    scales = np.linspace(0.0, reach, POINTS)
    first = effect.line.scale_1[effect.line.vials[0].id]
    return PriceCurve(price=(scales * first).tolist(), icer=[effect.verdict(s).icer for s in scales.tolist()])


def _means(psa: Psa, line: PriceLine, place: int) -> tuple[float, float, float] | None:
    """Return mean incremental QALYs, and mean incremental costs at price 0 and what scale 1 adds to them."""
    if not line.workbook_scale:
        return None
    qalys, costs = (float(increment(v, place).mean()) for v in (psa.qalys, psa.costs))
    drug = psa.component_means["drug_costs"][line.drug]
    slope = float(drug[place] - drug[0])
    return qalys, costs - slope, slope


def _met(room: float, slope: float, qalys: float) -> PriceMet:
    """Return at which scale the price takes up the room that a threshold leaves above the costs at price 0."""
    if qalys <= EFFECT_TOLERANCE:
        return PriceMet(None, NO_GAIN)
    if slope == 0.0:
        return PriceMet(None, NO_EFFECT)
    if slope > 0:
        return PriceMet(room / slope, AT_MOST) if room >= 0 else PriceMet(None, NO_PRICE)
    return PriceMet(room / slope, AT_LEAST) if room <= 0 else PriceMet(None, ANY_PRICE)


def _on_frontier(model: Model, line: PriceLine, place: int) -> tuple[float | None, PriceMet]:
    """Return the last slope of the other strategies' efficiency frontier and the scale at which one lies on it.

    To the right of its last strategy the frontier goes on with the slope of its last segment
    (IQWiG, General Methods: the efficiency frontier; Caro et al., Health Economics 2010;19:1117-27).
    """
    others = [i for i in range(len(model.strategies)) if i != place]
    costs, qalys = line.workbook, line.qalys
    names = [model.strategies[i] for i in others]
    kept = [
        others[names.index(entry.strategy)]
        for entry in frontier(names, costs[others].tolist(), qalys[others].tolist())
        if entry.status not in OFF_FRONTIER
    ]
    if len(kept) < SEGMENT:
        return None, PriceMet(None, NO_SEGMENT)
    (a, b), effect = kept[-2:], qalys[place]
    slope = icer(float(costs[b] - costs[a]), float(qalys[b] - qalys[a]))
    if any(given(model, line.drug, model.strategies[i]) for i in others):
        return slope, PriceMet(None, SHARED)
    if effect < qalys[kept[0]]:
        return slope, PriceMet(None, BELOW_FRONTIER)
    reached = float(np.interp(effect, qalys[kept], costs[kept]) + max(effect - qalys[b], 0.0) * slope)
    room, own = reached - float(line.costs[0, place]), float(line.slope[place])
    return slope, PriceMet(room / own, ON_FRONTIER) if room >= 0 and own > COST_TOLERANCE else PriceMet(None, NO_PRICE)
