"""Prices at which thresholds are met: put back into the model, they give the threshold.

`PUT_BACK` is the tolerance of the promise, 1e-6 relative; costs of some 1e5 in double precision leave far less.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import base_outcomes, small_model, small_rows

from hemodel.analyses import prices as module
from hemodel.analyses.load import load
from hemodel.analyses.prices import DrugPrice, PriceMet, PriceThreshold, VialPrice, price_thresholds
from hemodel.analyses.psa.draws import probabilistic
from hemodel.errors import HemodelError
from hemodel.model.evaluate import base_draws, evaluate

if TYPE_CHECKING:
    from hemodel.inputs.cells import Scalar
    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes

WORKBOOK = Path(__file__).parents[3] / "inputs" / "imforte_us.xlsx"
PUT_BACK = 1e-6
PRICE = "drug.newtinib.price_per_vial"
LARGE: dict[str, Scalar] = {"drug.newtinib.vial_size_large": 120, f"{PRICE}_large": 2500}
FURTHER = (400_000.0, 900_000.0, 2_000_000.0)
"""Thresholds that the example meets at some price; it meets none of its own."""


def icer(outcomes: Outcomes, place: int = 1) -> float:
    costs, qalys = outcomes.costs.total[0], outcomes.qalys.total[0]
    return float((costs[place] - costs[0]) / (qalys[place] - qalys[0]))


def only(found: list[DrugPrice], drug: str = "newtinib", intervention: str = "active") -> DrugPrice:
    return next(entry for entry in found if (entry.drug, entry.intervention) == (drug, intervention))


def met_at(entry: DrugPrice, threshold: float) -> PriceThreshold:
    return next(at for at in entry.thresholds if at.threshold == threshold)


@cache
def example() -> Model:
    return load(WORKBOOK)


@cache
def example_prices() -> list[DrugPrice]:
    return price_thresholds(example(), FURTHER)


@pytest.mark.parametrize("drug", ["lurbinectedin", "pegfilgrastim", "atezolizumab"])
def test_every_price_of_the_example_put_back(drug: str) -> None:
    entry = only(example_prices(), drug, "lurbinectedin_atezolizumab")
    assert entry.given_in_comparator == (drug == "atezolizumab")
    assert [at.threshold for at in entry.thresholds] == [50_000, 100_000, 150_000, 200_000, *FURTHER]
    for at in entry.thresholds:
        prices = at.prices or {vial.id: 0.0 for vial in entry.vials}
        found = icer(evaluate(example(), base_draws(example()) | {i: np.array([p]) for i, p in prices.items()}))
        if at.prices is None:
            assert at.met == module.NO_PRICE
            assert found > at.threshold
        else:
            assert at.met == module.AT_MOST
            assert found == pytest.approx(at.threshold, rel=PUT_BACK)


def test_drugs_of_the_intervention_alone_come_first_the_dearest_before_all() -> None:
    assert [entry.drug for entry in example_prices()] == ["lurbinectedin", "pegfilgrastim", "atezolizumab"]


@pytest.mark.parametrize("sharing", ["no", "yes"])
def test_several_vial_sizes_are_scaled_together_and_put_back(sharing: str) -> None:
    changes = {**LARGE, "regimen.active.newtinib.vial_sharing": sharing, "settings.threshold.100000": 100_000}
    entry = only(price_thresholds(small_model(changes)))
    assert [vial.size_mg for vial in entry.vials] == [50, 120]
    for at in entry.thresholds:
        assert at.prices is not None
        assert at.prices[f"{PRICE}_large"] / at.prices[PRICE] == pytest.approx(2500 / 1200)
        assert icer(base_outcomes(small_model({**changes, **at.prices}))) == pytest.approx(at.threshold, rel=PUT_BACK)


def test_the_price_by_hand() -> None:
    """A flat dose of 100 mg takes two vials of 50 mg, so that each unit of price costs twice the administrations:
    price = workbook's + (50,000 x QALYs - costs) / (2 x administrations), by the outcomes at the workbook's price."""
    model = small_model({"regimen.active.newtinib.dose": 100, "regimen.active.newtinib.dose_basis": "mg"})
    found = base_outcomes(model)
    costs, qalys = (float(t.total[0, 1] - t.total[0, 0]) for t in (found.costs, found.qalys))
    given = found.administrations.discounted[0, 1, found.administrations.components.index("newtinib")]
    expected = 1200 + (50_000 * qalys - costs) / (2 * float(given))

    entry = only(price_thresholds(model))
    prices = met_at(entry, 50_000).prices
    assert prices is not None
    assert prices[PRICE] == pytest.approx(expected, rel=1e-9)
    assert costs - entry.costs_at_price_0 == pytest.approx(1200 * 2 * float(given), rel=1e-9)
    assert entry.qalys == pytest.approx(qalys, rel=1e-12)


def test_a_workbook_without_a_price() -> None:
    """The price does not depend on what stands in the workbook; where that is 0, two sizes cost the same for a mg."""
    with_price, without = (price_thresholds(small_model({PRICE: price})) for price in (1200, 0))
    assert met_at(only(without), 50_000).share is None
    assert met_at(only(without), 50_000).prices == pytest.approx(met_at(only(with_price), 50_000).prices, rel=1e-9)

    changes = {**LARGE, PRICE: 0, f"{PRICE}_large": 0}
    entry = only(price_thresholds(small_model(changes)))
    prices = met_at(entry, 50_000).prices
    assert prices is not None
    assert prices[f"{PRICE}_large"] / prices[PRICE] == pytest.approx(120 / 50)
    assert icer(base_outcomes(small_model({**changes, **prices}))) == pytest.approx(50_000, rel=PUT_BACK)


def test_no_qalys_gained() -> None:
    entry = only(
        price_thresholds(small_model({"utility.progression_free.active": 0.1, "utility.progressed.active": 0}))
    )

    assert entry.qalys < 0
    assert met_at(entry, 50_000).prices is None
    assert met_at(entry, 50_000).met == "no QALYs are gained"
    assert entry.curve is None


@pytest.mark.parametrize(("interval", "word"), [(21, "met at this price or less"), (7, "met at this price or more")])
def test_a_drug_of_both_strategies_is_net(interval: int, word: str) -> None:
    """100 mg every 21 days in the intervention; the same or three times as often in the comparator, where a higher
    price then lowers the incremental costs. The ICER of the workbook's price is met at that price."""
    fields = {r.id.rpartition(".")[2]: r.cells["value"].value for r in small_rows().rows if "regimen.standard" in r.id}
    fields |= {"dose": 100, "interval": interval}
    rows = {f"regimen.standard.newtinib.{field}": {"value": value} for field, value in fields.items()}
    flat: dict[str, Scalar] = {
        "regimen.active.newtinib.dose": 100,
        "regimen.active.newtinib.dose_basis": "mg",
        PRICE: 100,
    }
    model = small_model(flat, rows)
    outcomes = base_outcomes(model)
    now, costs = icer(outcomes), outcomes.costs.total[0]
    entry = only(price_thresholds(model, (now,)))

    assert entry.given_in_comparator
    assert (costs[1] - costs[0] < entry.costs_at_price_0) == (interval == 7)
    assert met_at(entry, now).share == pytest.approx(1.0, rel=PUT_BACK)
    assert met_at(entry, now).met == word


def test_the_same_drug_in_both_arms_to_the_same_patients_has_no_effect() -> None:
    vials, costs = (VialPrice(id=PRICE, size_mg=50, price=1200),), np.array([[1.0, 2.0], [5.0, 6.0], [9.0, 10.0]])
    line = module.PriceLine("newtinib", vials, {PRICE: 1200.0}, costs, np.array([0.0, 1.0]))
    effect = module._effect(small_model(), line, (1, 0))
    entry = module._drug_price(small_model(), effect, [3.0], None)

    assert effect.cost == 0
    assert met_at(entry, 3.0).met == "the price adds the same to both strategies"


@pytest.mark.parametrize(
    ("room", "slope", "qalys", "expected"),
    [
        (10.0, 4.0, 1.0, PriceMet(2.5, module.AT_MOST)),
        (0.0, 4.0, 1.0, PriceMet(0.0, module.AT_MOST)),
        (-1.0, 4.0, 1.0, PriceMet(None, module.NO_PRICE)),
        (-10.0, -4.0, 1.0, PriceMet(2.5, module.AT_LEAST)),
        (10.0, -4.0, 1.0, PriceMet(None, module.ANY_PRICE)),
        (10.0, 0.0, 1.0, PriceMet(None, module.NO_EFFECT)),
        (10.0, 4.0, 0.0, PriceMet(None, module.NO_GAIN)),
        (10.0, 4.0, -1.0, PriceMet(None, module.NO_GAIN)),
    ],
)
def test_what_a_price_can_do(room: float, slope: float, qalys: float, expected: PriceMet) -> None:
    """room = threshold x QALYs - costs at price 0; scale = room / slope where that is a price."""
    assert module._met(room, slope, qalys) == expected


def test_costs_that_are_not_on_a_line_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def bent(model: Model, draws: object) -> Outcomes:
        found = evaluate(model, draws)  # type: ignore[arg-type]
        found.costs.discounted[2] += 1.0
        return found

    monkeypatch.setattr(module, "evaluate", bent)
    with pytest.raises(HemodelError, match="costs are not linear in the price of oldamab"):
        price_thresholds(small_model())


def test_the_mean_of_the_draws_put_back() -> None:
    """Price and range scaled together scale every draw of a gamma price: the ratio of means is the threshold."""
    model = small_model(uncertain=True)
    entry = only(price_thresholds(model, psa=probabilistic(model, 200, 3)))
    drawn = met_at(entry, 50_000).probabilistic
    assert drawn is not None
    scale = drawn.share
    assert scale is not None
    ends = {"": 1200 * scale, ".low": 960 * scale, ".high": 1440 * scale}
    again = probabilistic(small_model({PRICE + end: value for end, value in ends.items()}, uncertain=True), 200, 3)
    costs, qalys = ((values[:, 1] - values[:, 0]).mean() for values in (again.costs, again.qalys))

    assert costs / qalys == pytest.approx(50_000, rel=PUT_BACK)
    assert scale != pytest.approx(met_at(entry, 50_000).share, rel=1e-3)


def test_no_mean_of_the_draws_without_a_price_in_the_workbook() -> None:
    model = small_model({PRICE: 0})

    assert met_at(only(price_thresholds(model, psa=probabilistic(model, 3, 1))), 50_000).probabilistic is None


def test_the_icer_by_price_is_a_line_where_there_is_one() -> None:
    entry = only(price_thresholds(small_model()))
    assert entry.curve is not None
    assert entry.icer is not None
    price, ratio = np.array(entry.curve.price), np.array(entry.curve.icer, dtype=float)
    assert price[0] == 0
    assert price[-1] == pytest.approx(1.25 * 1200)
    exists = ~np.isnan(ratio)
    at_0 = entry.costs_at_price_0 / entry.qalys
    slope = (entry.icer - at_0) / 1200
    np.testing.assert_allclose(ratio[exists], at_0 + slope * price[exists], rtol=1e-9)
    assert at_0 < 0
    assert np.all(price[~exists] * slope <= -at_0 * (1 + 1e-9))


# Efficiency frontier -------------------------------------------------------------------------------------------------


def three(survival: float, price: float = 1200.0) -> Model:
    """The small model with a third strategy and a drug of its own; its medians are those of `active` by a factor."""
    rows: dict[str, dict[str, Scalar]] = {}
    for row in small_rows().rows:
        if {"active", "newtinib"} & set(row.id.split(".")):
            id_ = row.id.replace("active", "late").replace("newtinib", "lateximab")
            cells = {name: cell.value for name, cell in row.cells.items()}
            rows[id_] = cells | {"id": id_, "low": None, "high": None, "se": None, "distribution": None}
            if id_.startswith("survival."):
                value = survival * float(str(cells["value"]))
                rows[id_] |= {"value": value, "low": 0.8 * value, "high": 1.25 * value, "distribution": "fit"}
    rows["drug.lateximab.price_per_vial"]["value"] = price
    rows["strategy.late.name"]["value"] = "Late"
    return small_model({}, rows)


def test_the_price_on_the_extended_frontier_put_back() -> None:
    """Beyond the last strategy of the others the ICER over it is that of the last segment."""
    entry = only(price_thresholds(three(1.15)), "lateximab", "late")
    assert entry.frontier.met == "on the efficiency frontier of the other strategies"
    prices = entry.frontier.prices
    assert prices is not None
    found = base_outcomes(three(1.15, prices["drug.lateximab.price_per_vial"]))
    costs, qalys = found.costs.total[0], found.qalys.total[0]

    assert found.strategies == ("standard", "active", "late")
    assert qalys[2] > qalys[1]
    assert (costs[2] - costs[1]) / (qalys[2] - qalys[1]) == pytest.approx(entry.frontier.slope, rel=PUT_BACK)
    assert icer(found, 1) == pytest.approx(entry.frontier.slope, rel=1e-9)


def test_the_price_on_a_segment_put_back() -> None:
    """Between two strategies of the frontier it lies on the line that joins them."""
    entry = only(price_thresholds(three(0.93)), "lateximab", "late")
    prices = entry.frontier.prices
    assert prices is not None
    found = base_outcomes(three(0.93, prices["drug.lateximab.price_per_vial"]))

    assert found.qalys.total[0, 0] < found.qalys.total[0, 2] < found.qalys.total[0, 1]
    assert icer(found, 2) == pytest.approx(icer(found, 1), rel=PUT_BACK)


def test_two_strategies_have_no_slope() -> None:
    entry = only(price_thresholds(small_model()))

    assert entry.frontier.slope is None
    assert entry.frontier.prices is None
    assert entry.frontier.met == "the other strategies have no frontier to extend: there are fewer than two on it"


def test_less_effective_than_the_frontier() -> None:
    entry = only(price_thresholds(three(0.6)), "lateximab", "late")

    assert entry.frontier.prices is None
    assert entry.frontier.met == "less effective than every strategy on the frontier"
