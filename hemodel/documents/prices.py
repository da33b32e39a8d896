"""The price thresholds in the shape of results.json."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypedDict

from hemodel.analyses.prices import icer_by_price
from hemodel.records.prices import DrugPriceEntry, FrontierPrice, PriceAt, PriceCurve, PriceThreshold, VialPrice

if TYPE_CHECKING:
    from hemodel.analyses.prices import DrugPrice, PriceMet
    from hemodel.analyses.run import Run


def price_entries(run: Run) -> list[DrugPriceEntry] | None:
    """Return what the price of each drug does, None where that was not looked for."""
    decision_threshold = run.model.inputs.settings.decision_threshold
    return None if run.prices is None else [_entry(found, decision_threshold) for found in run.prices]


def _entry(found: DrugPrice, decision_threshold: float) -> DrugPriceEntry:
    at_0, now = found.verdict(0.0), found.verdict(found.workbook_scale)
    return DrugPriceEntry(
        intervention=found.intervention,
        comparator=found.comparator,
        drug=found.drug,
        given_in_comparator=found.in_comparator,
        assumed=found.assumed,
        vials=[VialPrice(id=vial.id, size_mg=vial.size, price=vial.workbook) for vial in found.vials],
        qalys=found.qalys,
        costs_at_price_0=found.costs(0.0),
        icer_at_price_0=at_0.icer,
        verdict_at_price_0=at_0.word,
        icer=now.icer,
        verdict=now.word,
        thresholds=[_threshold(found, threshold, met) for threshold, met in found.at.items()],
        frontier=FrontierPrice(slope=found.frontier_slope, **_at(found, found.frontier)),
        curve=_curve(found, decision_threshold),
    )


def _threshold(found: DrugPrice, threshold: float, met: PriceMet) -> PriceThreshold:
    drawn = None if found.probabilistic is None else PriceAt(**_at(found, found.probabilistic[threshold]))
    return PriceThreshold(threshold=threshold, probabilistic=drawn, **_at(found, met))


class _At(TypedDict):
    met: str
    prices: dict[str, float] | None
    share: float | None
    discount: float | None
    cost_saved: float | None


def _at(found: DrugPrice, met: PriceMet) -> _At:
    return {
        "met": met.word,
        "prices": found.prices(met),
        "share": met.scale if found.workbook_scale else None,
        "discount": found.discount(met),
        "cost_saved": found.cost_saved(met),
    }


def _curve(found: DrugPrice, decision_threshold: float) -> PriceCurve | None:
    made = icer_by_price(found, decision_threshold)
    if made is None:
        return None
    prices, ratios = (values.tolist() for values in made)
    return PriceCurve(price=prices, icer=[None if math.isnan(ratio) else ratio for ratio in ratios])
