"""Two-way grids, combinations and threshold search on the small model, against closed forms and hand calculations.

Where a result is the same arithmetic in another batch, `EXACT` (1e-9 relative) is what is promised.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from support import base_outcomes, small_model

from hemodel.analyses.base_case import increments
from hemodel.analyses.dsa import threshold_search as module
from hemodel.analyses.dsa.grids import (
    Axis,
    Combination,
    ListedCombinations,
    TwoWay,
    axis,
    boundary,
    crossings,
    default_pairs,
    n_way,
    two_way,
)
from hemodel.analyses.dsa.one_way import one_way, statistic_moves
from hemodel.analyses.dsa.threshold_search import FINEST, Range, Search, Threshold, between_bounds, refine, search
from hemodel.analyses.dsa.varied_inputs import InputPoints, Totals, VariedInput, all_ids, find, totals
from hemodel.analyses.prices import price_thresholds
from hemodel.errors import Location
from hemodel.model.evaluate import evaluate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from hemodel.model.evaluate import Model
    from hemodel.model.outcomes import Outcomes
    from hemodel.parameters import FloatArray

EXACT = 1e-9
PRICE, UTILITY = "drug.newtinib.price_per_vial", "utility.progressed"
OS_ACTIVE, OS_STANDARD = "survival.os.active.median", "survival.os.standard.median"
SHARE = "subsequent.chemo.share.active"


@cache
def uncertain() -> Model:
    return small_model(uncertain=True)


def varied_input(model: Model, id_: str) -> VariedInput:
    found, problems = find(model, [id_], Location("test"))
    assert not problems
    return found[id_]


def gains(outcomes: Outcomes) -> tuple[float, float]:
    return tuple(float(t.total[0, 1] - t.total[0, 0]) for t in (outcomes.qalys, outcomes.costs))  # type: ignore[return-value]


def benefit(model: Model, threshold: float) -> float:
    qalys, costs = gains(base_outcomes(model))
    return threshold * qalys - costs


def bounded(model: Model, id_: str) -> Axis:
    one = varied_input(model, id_)
    assert one.low is not None
    assert one.high is not None
    return axis(one, one.low, one.high, 5)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (PRICE, UTILITY),
        ("curve.os.active.effect", PRICE),
        (OS_ACTIVE, PRICE),
        (OS_ACTIVE, OS_STANDARD),
        (SHARE, "adverse_event.rash.unit_cost"),
    ],
)
def test_edges_of_the_grid_are_the_one_way_analysis(first: str, second: str) -> None:
    model = uncertain()
    analyses = one_way(model), one_way(model, statistic_moves(model))
    (found,) = two_way(model, [(bounded(model, first), bounded(model, second))])
    qalys, costs = found.increments("active")
    expected = {}
    for id_ in (first, second):
        along = next(each for each in analyses if id_ in {item.id for item in each.items})
        for side, end in enumerate(("low", "high")):
            row = 2 * [item.id for item in along.items].index(id_) + side
            expected[id_, end] = [
                t.total[row, 1] - t.total[row, 0] for t in (along.outcomes.qalys, along.outcomes.costs)
            ]
    base_x, base_y = (int(np.flatnonzero(one.values == one.input.base)[0]) for one in (found.x, found.y))
    for place, end in ((0, "low"), (-1, "high")):
        assert [qalys[base_y, place], costs[base_y, place]] == pytest.approx(expected[first, end], rel=EXACT)
        assert [qalys[place, base_x], costs[place, base_x]] == pytest.approx(expected[second, end], rel=EXACT)
    assert (qalys[base_y, base_x], costs[base_y, base_x]) == pytest.approx(gains(base_outcomes(model)), rel=EXACT)
    assert not found.failed


def test_a_point_of_the_grid_is_the_model_with_both_values() -> None:
    """Two statistics of one endpoint, refitted at once. Each curve has as many statistics as coefficients, so that it
    meets them whatever their standard errors, and the workbook with both of them changed has the same curves."""
    model = small_model()
    (found,) = two_way(model, [(bounded(model, OS_ACTIVE), bounded(model, OS_STANDARD))])
    qalys, costs = found.increments("active")
    for row, column in ((0, 0), (0, 4), (4, 1)):
        values = {OS_ACTIVE: found.x.values[column], OS_STANDARD: found.y.values[row]}
        changes = dict(values)
        for id_, value in values.items():
            changes |= {f"{id_}.low": 0.8 * value, f"{id_}.high": 1.25 * value}
        changed = small_model(changes)
        assert (qalys[row, column], costs[row, column]) == pytest.approx(gains(base_outcomes(changed)), rel=1e-7)


def test_shares_of_one_group_take_what_the_others_leave() -> None:
    """With chemo and none the only shares, 0.4 + 0.6 is all; other sums have no result."""
    model = uncertain()
    x, y = (axis(varied_input(model, f"subsequent.{name}.share.active"), 0.2, 0.8, 4) for name in ("chemo", "none"))
    (found,) = two_way(model, [(x, y)])
    pairs = [(a, b) for b in y.values for a in x.values]
    lost = {(a, b) for a, b, _ in found.failed}

    assert lost == {(a, b) for a, b in pairs if abs(a + b - 1) > EXACT}
    assert {why for _, _, why in found.failed} == {"the shares of subsequent.share.active would not add up to 1"}
    assert np.isnan(found.increments("active")[0]).sum() == len(lost)


def test_a_grid_holds_the_base_case_and_has_even_steps() -> None:
    one = varied_input(uncertain(), PRICE)
    assert axis(one, 960, 1440, 11).values.tolist() == pytest.approx(np.linspace(960, 1440, 11).tolist(), rel=1e-15)
    skewed = axis(one, 1100, 2100, 11).values
    assert skewed.size == 11
    assert 1200.0 in skewed
    assert (skewed[0], skewed[-1]) == (1100.0, 2100.0)
    assert axis(one, 2000, 3000, 3).values.tolist() == [2000, 2500, 3000]
    assert axis(one, 1000, 2000, 2).values.tolist() == [1000, 2000]


def test_the_boundary_of_a_bilinear_grid_by_hand() -> None:
    """QALYs = x y and costs = 3: net benefit at 1 is 0 where x = 3 / y, in each row exactly, as it is linear in x."""
    one = varied_input(uncertain(), PRICE)
    x, y = np.array([0.0, 1.0, 2.0, 4.0]), np.array([0.5, 1.0, 2.0])
    qalys = np.outer(y, x).ravel()
    both = np.column_stack([np.zeros(12), qalys]), np.column_stack([np.zeros(12), np.full(12, 3.0)])
    found = TwoWay(Axis(one, x), Axis(one, y), Totals(*both, {}), ("active",), ("active",))

    assert boundary(found, "active", 1.0) == [[], [3.0], [1.5]]
    assert crossings(x, np.array([1.0, -1.0, np.nan, 2.0])) == [0.5]
    assert crossings(x, np.array([1.0, 0.0, 2.0, -2.0])) == [1.0, 3.0]


def test_the_pair_of_a_run_is_the_price_of_the_drug_by_its_effect_on_survival() -> None:
    """The price from 0 to its bound; the effect, a ratio of restricted means, between its bounds."""
    model = uncertain()
    ((intervention, x, y),) = default_pairs(model, one_way(model))
    price, effect = varied_input(model, "drug.newtinib.price"), varied_input(model, "curve.os.active.effect")

    assert intervention == "active"
    assert [x.input.id, y.input.id] == [price.id, effect.id]
    assert (x.values[0], x.values[-1]) == (0.0, price.high)
    assert price.base in x.values
    assert (y.values[0], y.values[-1]) == (effect.low, effect.high)


def test_without_a_price_the_pair_of_a_run_has_the_largest_bars() -> None:
    """Two quantities of one curve are no pair: effect and tail of OS go together; the next bar stands beside it."""
    model = small_model({"survival.os.active.survival_later.n": 12, PRICE: 0}, uncertain=True)
    along = one_way(model)
    total = 50_000 * along.outcomes.qalys.total - along.outcomes.costs.total
    gain = total[:, 1] - total[:, 0]
    order = [along.items[i].id for i in np.argsort(-np.abs(gain[1::2] - gain[::2]))]
    ((_, x, y),) = default_pairs(model, along)

    assert order[:2] == ["curve.os.active.effect", "curve.os.active.tail"]
    assert (x.input.id, y.input.id) == (order[0], order[2])


def test_two_way_evaluates_all_grids_in_two_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for the points that move curves, once for those that do not, in blocks of 4,096 draws."""
    calls = []

    def counted(model: Model, draws: dict[str, FloatArray]) -> Outcomes:
        calls.append(max(array.shape[0] for array in draws.values()))
        return evaluate(model, draws)

    monkeypatch.setattr("hemodel.analyses.dsa.varied_inputs.evaluate", counted)
    model = uncertain()
    price, utility, events = (varied_input(model, id_) for id_ in (PRICE, UTILITY, "adverse_event.rash.unit_cost"))
    wide = axis(price, 0, 2000, 70), axis(utility, 0, 1, 70)
    two_way(model, [wide, (axis(price, 0, 2000, 3), axis(events, 0, 9, 3)), (bounded(model, OS_ACTIVE), wide[1])])
    assert calls == [4096, 4900 + 9 - 4096, 350]


def test_combinations_are_the_model_with_their_values() -> None:
    model = uncertain()
    some = (
        Combination("one", {PRICE: 900.0, UTILITY: 0.5}, "row 2"),
        Combination("two", {OS_ACTIVE: 20.0}, "row 3"),
        Combination("none", {SHARE: 1.0, "subsequent.none.share.active": 0.5}, "row 4"),
    )
    listed = ListedCombinations("file.csv", "", some)
    base = increments(base_outcomes(model))
    one, two, lost = n_way(model, listed, find(model, listed.ids, Location("file.csv"))[0], base, [1.0]).combinations

    assert (one.qalys, one.costs) == pytest.approx(gains(base_outcomes(small_model({PRICE: 900, UTILITY: 0.5}))))
    assert (two.qalys, two.costs) == pytest.approx(
        gains(base_outcomes(small_model({OS_ACTIVE: 20, f"{OS_ACTIVE}.low": 12.8, f"{OS_ACTIVE}.high": 25}))), rel=1e-7
    )
    assert (lost.qalys, lost.failed) == (None, "the shares of subsequent.share.active would not add up to 1")


def only(found: tuple[Search, ...]) -> Threshold:
    ((threshold,),) = [one.thresholds for one in found]
    return threshold


def test_the_price_agrees_with_the_closed_form_of_prices() -> None:
    model = small_model()
    threshold = 900_000.0
    (expected,) = price_thresholds(model, (threshold,))
    prices = next(at.prices for at in expected.thresholds if at.threshold == threshold)
    assert prices is not None
    for id_ in (PRICE, "drug.newtinib.price"):
        found = only(search(model, [Range(varied_input(model, id_), 0, 20 * prices[PRICE], 201)], [threshold]))
        assert found.values == pytest.approx((prices[PRICE],), rel=EXACT)
        assert found.established == module.LINEAR


def test_all_vials_of_a_drug_are_one_price() -> None:
    changes = {"drug.newtinib.vial_size_large": 120, f"{PRICE}_large": 2500, "settings.threshold.900000": 900_000}
    model = small_model(changes)
    (expected,) = price_thresholds(model)
    prices = next(at.prices for at in expected.thresholds if at.threshold == 900_000)
    assert prices is not None
    found = only(search(model, [Range(varied_input(model, "drug.newtinib.price"), 0, 9e4, 201)], [900_000]))
    assert found.values == pytest.approx((prices[PRICE],), rel=EXACT)
    assert not varied_input(model, PRICE).linear


def test_a_linear_input_by_hand() -> None:
    """Net benefit falls by the expected number of events for each unit of cost: the value is where that uses it up."""
    model = uncertain()
    threshold, per_event = 900_000.0, 0.2 - 0.05
    expected = 900 + benefit(model, threshold) / per_event
    one = varied_input(model, "adverse_event.rash.unit_cost")
    found = only(search(model, [Range(one, 0, 2 * expected, 9)], [threshold]))
    assert found.values == pytest.approx((expected,), rel=EXACT)
    assert found.cost_effective(0, 2 * expected) == [(0, found.values[0])]


def test_no_value_gives_net_benefit_at_both_ends() -> None:
    model = uncertain()
    one = varied_input(model, UTILITY)
    (done,) = search(model, [Range(one, 0.5, 0.9, 201)], [50_000])
    (found,) = done.thresholds
    assert found.values == ()
    assert found.cost_effective(0.5, 0.9) == []
    for value, there in ((0.5, found.nmb_low), (0.9, found.nmb_high)):
        assert there == pytest.approx(benefit(small_model({UTILITY: value}), 50_000), rel=EXACT)


def made_up(monkeypatch: pytest.MonkeyPatch, costs: Callable[[FloatArray], FloatArray]) -> list[int]:
    """Let incremental costs be a function of the input and QALYs 0, so that roots are known; count the points."""
    counts: list[int] = []

    def totals_of(_: Model, requests: Sequence[InputPoints]) -> list[Totals]:
        counts.append(sum(len(one.values) for one in requests))
        found = []
        for one in requests:
            values = costs(one.values[:, 0])
            lost = {int(i): "lost" for i in np.flatnonzero(np.isnan(values))}
            found.append(Totals(np.zeros((len(values), 2)), np.column_stack([np.zeros_like(values), values]), lost))
        return found

    monkeypatch.setattr(module, "totals", totals_of)
    return counts


def test_both_roots_of_a_parabola(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs of (x - 1)(x - 3) x 1,000: net benefit is 0 at 1 and 3, and 0 or more between them."""
    model = small_model()
    bent = varied_input(model, "regimen.active.newtinib.dose")
    counts = made_up(monkeypatch, lambda x: 1000 * (x - 1) * (x - 3))
    found = only(search(model, [Range(bent, 0, 10, 42)], [50_000]))
    assert found.values == pytest.approx((1, 3), rel=1e-12)
    assert found.established == module.SEVERAL
    assert found.cost_effective(0, 10) == [found.values]
    assert max(counts[1:]) == 2
    assert len(counts) < 16


def test_an_input_that_turns_out_not_to_be_linear_is_searched_on_a_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    declared = varied_input(model, UTILITY)
    assert declared.linear
    made_up(monkeypatch, lambda x: 1000 * (x - 0.2) * (x - 0.7))
    (done,) = search(model, [Range(declared, 0, 1, 32)], [50_000])
    assert not done.linear
    assert done.thresholds[0].values == pytest.approx((0.2, 0.7), rel=1e-12)


def test_points_without_a_result_and_a_flat_line(monkeypatch: pytest.MonkeyPatch) -> None:
    model = small_model()
    bent = varied_input(model, "regimen.active.newtinib.dose")
    made_up(monkeypatch, lambda x: np.where(x > 5, np.nan, 100 * (x - 2)))
    (done,) = search(model, [Range(bent, 0, 10, 21)], [50_000])
    assert done.thresholds[0].values == pytest.approx((2.0,), rel=1e-12)
    assert len(done.found.failed) == 10
    assert np.isnan(done.thresholds[0].nmb_high)
    made_up(monkeypatch, lambda x: np.full_like(x, 7.0))
    assert only(search(model, [Range(bent, 0, 10, 21)], [50_000])).established == module.NONE


def test_every_sign_change_is_refined_together() -> None:
    """Roots of sin, of a cubic and of a step; each to the last digits, all in one run of calls."""
    functions = (np.sin, lambda x: x**3 - 2.0, lambda x: np.where(x < 0.7, -1.0, 1.0))
    low, high = np.array([2.0, 0.0, 0.0]), np.array([4.0, 2.0, 1.0])

    def function(places: NDArray[np.intp], x: FloatArray) -> FloatArray:
        return np.array([float(functions[i](at)) for i, at in zip(places, x, strict=True)])

    every = np.arange(3)
    ends = function(every, low), function(every, high)
    found = refine(function, (low, high), ends, np.full(3, FINEST))
    assert found == pytest.approx([np.pi, 2 ** (1 / 3), 0.7], rel=1e-12)


@pytest.mark.parametrize(
    ("low", "high", "values", "expected"),
    [
        (-1.0, 1.0, (0.3,), [(0.3, 1.0)]),
        (1.0, -1.0, (0.3,), [(0.0, 0.3)]),
        (-1.0, -1.0, (0.3, 0.6), [(0.3, 0.6)]),
        (1.0, 1.0, (0.3, 0.6), [(0.0, 0.3), (0.6, 1.0)]),
        (1.0, 1.0, (), [(0.0, 1.0)]),
        (-1.0, -1.0, (), []),
        (0.0, -1.0, (0.0,), []),
        (0.0, 1.0, (0.0,), [(0.0, 1.0)]),
    ],
)
def test_where_net_benefit_is_0_or_more(
    low: float, high: float, values: tuple[float, ...], expected: list[tuple[float, float]]
) -> None:
    assert Threshold("a", 1.0, values, low, high, module.SEVERAL).cost_effective(0.0, 1.0) == expected


def test_values_between_the_bounds_of_every_input() -> None:
    """Put back into the model, each value gives net benefit 0; an input without one has the base sign at both ends."""
    model = small_model({"settings.decision_threshold": 70_000}, uncertain=True)
    along = one_way(model)
    found = between_bounds(model, along)
    assert [one.range.input.id for one in found] == [item.id for item in along.items]
    base = benefit(model, 70_000)
    for one in found:
        (at,) = one.thresholds
        if not at.values:
            assert (at.nmb_low > 0) == (at.nmb_high > 0) == (base > 0), one.range.input.id
        for value in at.values:
            (there,) = totals(model, [InputPoints((one.range.input,), np.array([[value]]))])
            qalys, costs = there.increments
            tolerance = 1e-5 if one.range.input.endpoint else EXACT
            assert 70_000 * qalys[0, 0] - costs[0, 0] == pytest.approx(0.0, abs=tolerance * abs(there.costs).max())


def test_inputs_that_are_linear_are_so() -> None:
    """What the equations say, checked at points between the bounds, holds for every input of the small model."""
    model = uncertain()
    for one in between_bounds(model, one_way(model)):
        assert one.linear == one.range.input.linear, one.range.input.id
    assert {id_ for id_ in all_ids(model) if movable_or_none(model, id_) and not varied_input(model, id_).linear} >= {
        "patients.bsa_mean",
        "regimen.active.newtinib.dose",
        OS_ACTIVE,
        "curve.os.active",
    }


def movable_or_none(model: Model, id_: str) -> bool:
    return not find(model, [id_], Location("test"))[1]


def test_a_whole_curve_moves_to_the_restricted_mean_asked_for() -> None:
    model = uncertain()
    curve = varied_input(model, "curve.os.active")
    assert curve.low is not None
    assert curve.high is not None
    values = np.array([[curve.low], [curve.base], [0.5 * (curve.base + curve.high)], [curve.high], [1000.0]])
    (found,) = totals(model, [InputPoints((curve,), values)])
    qalys, costs = found.increments
    assert (qalys[1, 0], costs[1, 0]) == pytest.approx(gains(base_outcomes(model)), rel=EXACT)
    assert np.all(np.diff(qalys[:4, 0]) > 0)
    assert dict(found.failed) == {4: "curve.os.active has no such value within 8 standard errors"}


def test_where_pfs_above_os_is_an_error_such_points_have_no_result() -> None:
    """The model itself refuses a median OS of 7 months beside that PFS; the grid goes on without the point."""
    model = small_model({"settings.pfs_above_os": "error"})
    (found,) = totals(model, [InputPoints((varied_input(model, OS_ACTIVE),), np.array([[16.0], [7.0], [16.0]]))])
    (lenient,) = totals(small_model(), [InputPoints((varied_input(model, OS_ACTIVE),), np.array([[16.0]]))])
    assert list(found.failed) == [1]
    assert found.failed[1].startswith("PFS exceeds OS for active from month ")
    assert np.isnan(found.qalys[1]).all()
    assert found.qalys[[0, 2]] == pytest.approx(np.repeat(lenient.qalys, 2, axis=0), rel=1e-15)
