"""The price of a drug at which the ICER meets a threshold.

Costs are linear in prices, so that a price follows from the costs at two of them. All vials
of a drug are scaled together; at scale 1 they cost what the workbook says.

Costs of every strategy as lines of the price of one drug.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.economics import (
    COST_TOLERANCE,
    DOMINATED,
    EFFECT_TOLERANCE,
    EXTENDEDLY_DOMINATED,
    frontier,
    icer,
    increment,
    net_monetary_benefit,
    verdict,
)
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


@dataclass(frozen=True)
class Vial:
    """One vial of a drug: id of its price, its size [mg], price at scale 1, and in the workbook [currency]."""

    id: str
    size: float
    price: float
    workbook: float


@dataclass(frozen=True)
class PriceLine:
    """The costs of every strategy at the three prices of a drug, (3, strategies), and the QALYs."""

    drug: str
    vials: tuple[Vial, ...]
    costs: FloatArray
    qalys: FloatArray

    @property
    def slope(self) -> FloatArray:
        """What scale 1 adds to the costs of each strategy, (strategies,)."""
        return np.asarray(self.costs[1] - self.costs[0])

    @property
    def workbook(self) -> FloatArray:
        """Costs at the workbook's price, (strategies,)."""
        return np.asarray(self.costs[1 if any(vial.workbook for vial in self.vials) else 0])


def price_lines(model: Model) -> list[PriceLine]:
    """Return the costs at three prices of every drug that is given, from one evaluation of the model.

    Raises
    ------
    HemodelError
        Where costs are not linear in a price.
    """
    drugs = [drug for drug in model.inputs.drugs if any(given(model, drug.id, s) for s in model.strategies)]
    vials = {drug.id: _vials(model, drug) for drug in drugs}
    outcomes = evaluate(model, _draws(model, vials))
    return [_line(drug, some, outcomes, i) for i, (drug, some) in enumerate(vials.items())]


def given(model: Model, drug: str, strategy: str) -> bool:
    """Return whether a strategy gives a drug."""
    return any(regimen.drug == drug and regimen.strategy == strategy for regimen in model.inputs.regimens)


def _vials(model: Model, drug: Drug) -> tuple[Vial, ...]:
    prices = [model.inputs.rows[id_].number for _, id_ in drug.vials]
    scale_1 = prices if any(prices) else [size / drug.vials[0][0] for size, _ in drug.vials]
    return tuple(
        Vial(id_, size, price, workbook)
        for (size, id_), price, workbook in zip(drug.vials, scale_1, prices, strict=True)
    )


def _draws(model: Model, vials: Mapping[str, tuple[Vial, ...]]) -> dict[str, FloatArray]:
    """Return the base case with three prices of one drug after another."""
    draws, count = base_draws(model), len(SCALES) * len(vials)
    for i, some in enumerate(vials.values()):
        own = slice(len(SCALES) * i, len(SCALES) * (i + 1))
        for vial in some:
            draws[vial.id] = np.full(count, vial.workbook)
            draws[vial.id][own] = vial.price * np.array(SCALES)
    return draws


def _line(drug: str, vials: tuple[Vial, ...], outcomes: Outcomes, i: int) -> PriceLine:
    costs = outcomes.costs.total[len(SCALES) * i : len(SCALES) * (i + 1)]
    line = PriceLine(drug, vials, costs, outcomes.qalys.total[0])
    if np.any(np.abs(costs[2] - costs[1] - line.slope) > LINEAR * np.abs(costs).max()):
        raise HemodelError(f"costs are not linear in the price of {drug}, so that no price follows from a threshold")
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
class DrugPrice:
    """What the price of a drug does to one intervention's increments over the comparator, discounted.

    Attributes
    ----------
    intervention, comparator, drug : str
    vials : tuple of Vial
    in_comparator : bool
        The comparator is given the drug too, so that the effect of its price is net.
    assumed : bool
        The source of a price is an assumption.
    qalys : float
        Incremental QALYs.
    costs_without : float
        Incremental costs at a price of 0. [currency]
    cost : float
        What scale 1 adds to them. [currency]
    at : mapping from threshold to PriceMet
    probabilistic : mapping from threshold to PriceMet, or None
        The same for the means of the draws.
    frontier_slope : float or None
        ICER of the last segment of the efficiency frontier of the other strategies.
        [currency per QALY]
    frontier : PriceMet
        Where the intervention lies on that frontier or its extension.
    """

    intervention: str
    comparator: str
    drug: str
    vials: tuple[Vial, ...]
    in_comparator: bool
    assumed: bool
    qalys: float
    costs_without: float
    cost: float
    at: Mapping[float, PriceMet]
    probabilistic: Mapping[float, PriceMet] | None
    frontier_slope: float | None
    frontier: PriceMet

    @property
    def workbook_scale(self) -> float:
        """1, or 0 where the workbook has no price."""
        return 1.0 if any(vial.workbook > 0 for vial in self.vials) else 0.0

    def costs(self, scale: float) -> float:
        """Return the incremental costs at a scale of the prices. [currency]."""
        return self.costs_without + scale * self.cost

    def verdict(self, scale: float) -> Verdict:
        """Return the verdict at a scale of the prices."""
        return verdict(self.costs(scale), self.qalys)

    def discount(self, met: PriceMet) -> float | None:
        """Return the discount on the workbook's price at which something is met; None where it has no price."""
        return None if met.scale is None or not self.workbook_scale else 1.0 - met.scale

    def cost_saved(self, met: PriceMet) -> float | None:
        """Return by how much the incremental costs fall from the workbook's price to that. [currency]."""
        return None if met.scale is None else (self.workbook_scale - met.scale) * self.cost

    def prices(self, met: PriceMet) -> dict[str, float] | None:
        """Return the price of each vial at which something is met. [currency per vial]."""
        scale = met.scale
        return None if scale is None else {vial.id: scale * vial.price for vial in self.vials}


def price_thresholds(model: Model, further: Sequence[float] = (), psa: Psa | None = None) -> tuple[DrugPrice, ...]:
    """Return for each drug of each intervention the price at which its ICER meets each threshold.

    The incremental costs at a scale s of the price are c0 + s c1; they meet a threshold w
    where c0 + s c1 = w x incremental QALYs. c0 and c1 come from one evaluation at prices 0,
    1 and 2 times the workbook's (any price where that is 0: the same for every mg).

    Parameters
    ----------
    model : Model
    further : sequence of float
        Thresholds beside those of the workbook, such as weighted ones. [currency per QALY]
    psa : Psa, optional
        Of the same model, for the price at which the ratio of the mean increments meets
        the threshold; the prices of all draws are scaled. Not where the workbook's price is 0.

    Returns
    -------
    tuple of DrugPrice
        By intervention; drugs that the comparator is not given come first, and among
        these the one that adds most to the costs.

    Raises
    ------
    HemodelError
        Where costs are not linear in a price.
    """
    lines = price_lines(model)
    thresholds = tuple(dict.fromkeys((*model.inputs.settings.thresholds, *further)))
    found = [
        _drug_price(model, line, place, thresholds, psa)
        for place, strategy in enumerate(model.strategies[1:], start=1)
        for line in lines
        if given(model, line.drug, strategy)
    ]
    order = {strategy: place for place, strategy in enumerate(model.strategies)}
    return tuple(sorted(found, key=lambda e: (order[e.intervention], e.in_comparator, -abs(e.cost))))


def icer_by_price(entry: DrugPrice, decision_threshold: float) -> tuple[FloatArray, FloatArray] | None:
    """Return prices of the first vial and the ICER at each (NaN where there is none), for a chart.

    From 0 to 1.25 times the workbook's price, or the price at the decision threshold where
    that is more; None where there is neither, or no QALYs are gained.
    """
    met = entry.at[decision_threshold].scale if decision_threshold in entry.at else None
    reach = REACH * max(entry.workbook_scale, met or 0.0)
    if reach == 0 or entry.qalys <= EFFECT_TOLERANCE:
        return None
    scales = np.linspace(0.0, reach, POINTS)
    ratios = [entry.verdict(float(scale)).icer for scale in scales]
    return scales * entry.vials[0].price, np.array([np.nan if ratio is None else ratio for ratio in ratios])


def _drug_price(model: Model, line: PriceLine, place: int, thresholds: Sequence[float], psa: Psa | None) -> DrugPrice:
    """Return what the price of a drug does to the intervention in a place."""
    intervention, comparator = model.strategies[place], model.strategies[0]
    qalys = float(increment(line.qalys, place))
    costs, slope = (float(increment(values, place)) for values in (line.costs[0], line.slope))
    if abs(slope) <= LINEAR * abs(line.slope[[0, place]]).max():
        slope = 0.0
    means = None if psa is None else _means(psa, line, place)
    drawn = (
        None
        if means is None
        else {t: _met(net_monetary_benefit(*means[:2], t), means[2], means[0]) for t in thresholds}
    )
    frontier_slope, on_frontier = _on_frontier(model, line, place)
    return DrugPrice(
        intervention=intervention,
        comparator=comparator,
        drug=line.drug,
        vials=line.vials,
        in_comparator=given(model, line.drug, comparator),
        assumed=any(model.inputs.rows[vial.id].is_assumption for vial in line.vials),
        qalys=qalys,
        costs_without=costs,
        cost=slope,
        at={t: _met(net_monetary_benefit(qalys, costs, t), slope, qalys) for t in thresholds},
        probabilistic=drawn,
        frontier_slope=frontier_slope,
        frontier=on_frontier,
    )


def _means(psa: Psa, line: PriceLine, place: int) -> tuple[float, float, float] | None:
    """Return mean incremental QALYs, and mean incremental costs at price 0 and what scale 1 adds to them."""
    if not any(vial.workbook for vial in line.vials):
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
        if entry.status not in {DOMINATED, EXTENDEDLY_DOMINATED}
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
