"""The price of a drug at which the ICER meets a threshold.

Costs are linear in prices, so that a price follows from the costs at two of them. All vials
of a drug are scaled together; at scale 1 they cost what the workbook says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hemodel.analysis.price_lines import LINEAR, PriceLine, Vial, given, price_lines
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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hemodel.analysis.probabilistic import Psa
    from hemodel.economics import Verdict
    from hemodel.model import Model
    from hemodel.parameters import FloatArray

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
class Met:
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
    at : mapping from threshold to Met
    probabilistic : mapping from threshold to Met, or None
        The same for the means of the draws.
    frontier_slope : float or None
        ICER of the last segment of the efficiency frontier of the other strategies.
        [currency per QALY]
    frontier : Met
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
    at: Mapping[float, Met]
    probabilistic: Mapping[float, Met] | None
    frontier_slope: float | None
    frontier: Met

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

    def discount(self, met: Met) -> float | None:
        """Return the discount on the workbook's price at which something is met; None where it has no price."""
        return None if met.scale is None or not self.workbook_scale else 1.0 - met.scale

    def cost_saved(self, met: Met) -> float | None:
        """Return by how much the incremental costs fall from the workbook's price to that. [currency]."""
        return None if met.scale is None else (self.workbook_scale - met.scale) * self.cost

    def prices(self, met: Met) -> dict[str, float] | None:
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


def _met(room: float, slope: float, qalys: float) -> Met:
    """Return at which scale the price takes up the room that a threshold leaves above the costs at price 0."""
    if qalys <= EFFECT_TOLERANCE:
        return Met(None, NO_GAIN)
    if slope == 0.0:
        return Met(None, NO_EFFECT)
    if slope > 0:
        return Met(room / slope, AT_MOST) if room >= 0 else Met(None, NO_PRICE)
    return Met(room / slope, AT_LEAST) if room <= 0 else Met(None, ANY_PRICE)


def _on_frontier(model: Model, line: PriceLine, place: int) -> tuple[float | None, Met]:
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
        return None, Met(None, NO_SEGMENT)
    (a, b), effect = kept[-2:], qalys[place]
    slope = icer(float(costs[b] - costs[a]), float(qalys[b] - qalys[a]))
    if any(given(model, line.drug, model.strategies[i]) for i in others):
        return slope, Met(None, SHARED)
    if effect < qalys[kept[0]]:
        return slope, Met(None, BELOW_FRONTIER)
    reached = float(np.interp(effect, qalys[kept], costs[kept]) + max(effect - qalys[b], 0.0) * slope)
    room, own = reached - float(line.costs[0, place]), float(line.slope[place])
    return slope, Met(room / own, ON_FRONTIER) if room >= 0 and own > COST_TOLERANCE else Met(None, NO_PRICE)
